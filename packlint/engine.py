"""From files to findings: one file at a time, or many over worker processes."""

from __future__ import annotations

import functools
import gc
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, groupby
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar

from packlint.config import ProjectFacts
from packlint.files import Found

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor

    from packlint.analysis.project import Project
    from packlint.findings import Finding
    from packlint.source import Source

# Files come grouped by project; those kept besides the last spare a switch back and forth between neighbours.
PROJECTS = 4
# After so many files, what projects that were let go have left behind is collected: that takes a while each time.
FILES_ASIDE = 200
# Below this many bytes to analyse a second process costs more than it saves.
ENOUGH_BYTES = 300_000
# A project is cut over several workers only where it has more files than this: each worker gathers the facts anew.
FEWEST_FILES = 30
# Small pieces, so that none of the workers is left with much to do when the others are done.
PIECES = 8
# Below this many files a first look at them is over before other processes have started.
MANY_FILES = 1000
# Python's own limit on calls within calls.
DEPTH = 1000


class Progress(Protocol):
    """Told how far the check of the files is."""

    def begin(self, total: int) -> None: ...

    def advance(self, files: int) -> None: ...

    def end(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Task:
    """A file to check, by its absolute path, with the codes that are on for it and the project it belongs to."""

    path: str
    root: str
    codes: frozenset[str]
    facts: ProjectFacts


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of a file.

    `lines` holds the source line of each finding, `error` why the file was not checked, and `note` what is worth saying
    of its project. `data` are the bytes that were checked, where something in them can be fixed, and `known` the codes
    of what a baseline leaves out.
    """

    path: str
    findings: tuple[Finding, ...] = ()
    lines: tuple[str, ...] = ()
    error: str | None = None
    note: str | None = None
    data: bytes | None = field(default=None, compare=False)
    known: tuple[str, ...] = ()


_aside: list[None] = []  # one for each file whose objects were set aside from the garbage collector

Group: TypeAlias = tuple[Task, ...]
"""Tasks of one project, for one process."""


def check_file(task: Task, data: bytes | None = None) -> Checked:
    """The findings of a file, those that a comment suppresses left out; never raises but for an interrupt.

    `data` holds the bytes of the file where they do not come from the disk.
    """
    from packlint.source import SourceError, read_bytes, read_source

    try:
        with _no_collection(), _same_headroom():
            data = read_bytes(task.path) if data is None else data
            source = read_source(Path(task.path), data)
            project = project_of(task.root, task.facts)
            findings = _unsuppressed(source, project, task.codes)
    except SourceError as error:
        return Checked(task.path, error=str(error))
    except OSError as error:
        return Checked(task.path, error=error.strerror or str(error))
    except Exception as error:  # a bug of packlint must not cost the findings of the other files
        return Checked(task.path, (_failure(task.path, error),), ("",))
    fixable = any(finding.fix is not None and finding.fix.steps for finding in findings)
    return Checked(
        task.path, tuple(findings), _lines(source, findings), note=_note(project), data=data if fixable else None
    )


@contextmanager
def _no_collection() -> Iterator[None]:
    """Without the garbage collector: it would walk the tree of a large file again and again, and find nothing.

    What is in memory afterwards is set aside, for most of it stays as long as its project does.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.freeze()
            gc.enable()
            _aside.append(None)


@contextmanager
def _same_headroom() -> Iterator[None]:
    """As many calls within calls as anywhere: how deep a nesting is followed must not depend on the caller."""
    depth, frame = 0, sys._getframe()
    while frame.f_back is not None:
        depth, frame = depth + 1, frame.f_back
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(depth + DEPTH)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def _unsuppressed(source: Source, project: Project, codes: frozenset[str]) -> list[Finding]:
    from packlint.check import check_source
    from packlint.noqa import Suppressions
    from packlint.selection import ALWAYS_ON

    suppressions = Suppressions(source)
    if suppressions.whole_file:
        return []
    findings = check_source(source, project, codes)
    kept = (finding for finding in findings if finding.code in ALWAYS_ON or not suppressions.covers(finding))
    return sorted(kept, key=lambda finding: finding.sort_key)


@functools.lru_cache(maxsize=PROJECTS)
def project_of(root: str, facts: ProjectFacts) -> Project:
    """The project with this root, made once in a process so that its facts are gathered once."""
    from packlint.analysis.project import Project

    if len(_aside) >= FILES_ASIDE:  # many of them are of projects that have been let go
        _aside.clear()
        gc.unfreeze()
        gc.collect()
    return Project(Path(root), facts)


def forget() -> None:
    """Let go of what earlier runs of this process have read: the files may have changed since."""
    from packlint.source import forget_recurrence

    project_of.cache_clear()
    forget_recurrence()


def _note(project: Project) -> str | None:
    if not project.texts.cut:
        return None
    limit = project.config.max_files
    return f"{project.root}: more than {limit} files, so that not all are read for facts (`max-files` sets the limit)"


def _failure(path: str, error: BaseException) -> Finding:
    """PCK000 for a failure outside any rule; it stands at the top of the file."""
    from packlint.findings import Finding

    text = " ".join(str(error).split())
    message = f"packlint failed on this file: {type(error).__name__}{': ' if text else ''}{text[:200]}"
    return Finding("PCK000", "rule-failed", message, path, 1, 1, 1, 1)


def _lines(source: Source, findings: Iterable[Finding]) -> tuple[str, ...]:
    """The source line of each finding."""
    rows = (source.row_of(finding.cell, finding.row) for finding in findings)
    return tuple(source.lines[row - 1] if row <= len(source.lines) else "" for row in rows)


def check_files(
    files: Iterable[Found], task_of: Callable[[Found], Task], jobs: int, progress: Progress
) -> list[Checked]:
    """What came of every file that mentions recurrence, or could not be read, in the order of their paths.

    `task_of` is asked about such files alone. The result is the same for every number of jobs.
    """
    from packlint.source import note_recurrence

    checked: list[Checked] = []
    todo: list[Task] = []
    amount = 0
    found = list(files)
    for file, asked in zip(found, _looked_at([file.path for file in found], jobs), strict=True):
        if asked.error is not None:
            checked.append(Checked(file.path, error=asked.error))
            continue
        note_recurrence(file.path, asked.mentions)
        if asked.mentions:
            todo.append(task_of(file))
            amount += asked.size
    progress.begin(len(todo))
    groups = _groups(todo, jobs)
    done = _in_workers(groups, jobs) if jobs > 1 and len(groups) > 1 and amount >= ENOUGH_BYTES else _in_turn(groups)
    for part in done:
        checked += part
        progress.advance(len(part))
    progress.end()
    return sorted(checked, key=lambda one: one.path)


@dataclass(frozen=True, slots=True)
class Look:
    """A first look at a file: whether it mentions recurrence, and its size in bytes; `error` is why there was none."""

    mentions: bool = False
    size: int = 0
    error: str | None = None


def _looked_at(paths: Sequence[str], jobs: int) -> Iterator[Look]:
    """A first look at each file; of many files, in as many processes as there may be."""
    if jobs > 1 and len(paths) >= MANY_FILES:
        from concurrent.futures.process import BrokenProcessPool

        share = -(-len(paths) // jobs)
        pieces = [paths[at : at + share] for at in range(0, len(paths), share)]
        try:
            with _pool(len(pieces)) as pool:
                with _interrupts_later():
                    looks = pool.map(_look_at_all, pieces)
                return chain.from_iterable(list(looks))
        except BrokenProcessPool:
            pass  # whichever file it is, the process that checks it will say so
    return map(_look_at, paths)


def _look_at_all(paths: Sequence[str]) -> list[Look]:
    return [_look_at(path) for path in paths]


def _look_at(path: str) -> Look:
    from packlint.source import file_mentions_recurrence

    try:
        return Look(True, os.path.getsize(path)) if file_mentions_recurrence(path) else Look()
    except OSError as error:
        return Look(error=error.strerror or str(error))


def _groups(tasks: Sequence[Task], jobs: int) -> list[Group]:
    """The tasks by project; one with more than its share of files is cut into pieces, for several workers to share."""
    ordered = sorted(tasks, key=lambda task: (task.root, task.path))
    share = max(FEWEST_FILES, -(-len(ordered) // jobs))
    groups: list[Group] = []
    for _, same in groupby(ordered, key=lambda task: (task.root, task.facts)):
        project = tuple(same)
        size = share if len(project) <= share else -(-share // PIECES)
        groups += (project[at : at + size] for at in range(0, len(project), size))
    return groups


def _in_turn(groups: Iterable[Group]) -> Iterator[list[Checked]]:
    for group in groups:
        for task in group:
            yield [check_file(task)]


def _check_group(group: Group) -> list[Checked]:
    return [check_file(task) for task in group]


def _in_workers(groups: Sequence[Group], jobs: int) -> Iterator[list[Checked]]:
    """What came of each group, as the workers finish; the groups of a worker that dies are checked file by file."""
    from concurrent.futures import as_completed
    from concurrent.futures.process import BrokenProcessPool

    lost: list[Group] = []
    with _pool(min(jobs, len(groups))) as pool:
        # The largest first, so that none is left for the end.
        ordered = sorted(groups, key=len, reverse=True)
        with _interrupts_later():
            futures = {pool.submit(_check_group, group): group for group in ordered}
        for future in as_completed(futures):
            try:
                yield future.result()
            except BrokenProcessPool:
                lost.append(futures[future])
    for group in lost:
        yield from _one_by_one(group)


def _one_by_one(group: Group) -> Iterator[list[Checked]]:
    """What came of each file of a group, in a process that may die: the file it dies of is said, the others go on."""
    for task, done in zip(group, in_own_process(check_file, group), strict=True):
        yield [done or Checked(task.path, error="the process that checked it died")]


A = TypeVar("A")
B = TypeVar("B")


def in_own_process(function: Callable[[A], B], items: Sequence[A]) -> Iterator[B | None]:
    """What a function makes of each item, in a process that may die: None for what it dies of, the others go on."""
    from concurrent.futures.process import BrokenProcessPool

    rest = iter(items)
    died = True
    while died:
        died = False
        with _pool(1) as pool:
            for item in rest:
                with _interrupts_later():
                    future = pool.submit(function, item)
                try:
                    yield future.result()
                except BrokenProcessPool:
                    yield None
                    died = True
                    break


@contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """A pool whose processes do not outlive an interrupt."""
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    # A fork starts in a hundredth of the time; it is safe while this process has one thread.
    method = "fork" if sys.platform == "linux" and threading.active_count() == 1 else "spawn"
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context(method), _ignore_interrupts)
    try:
        yield pool
    except BaseException:
        for process in multiprocessing.active_children():
            process.terminate()
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


@contextmanager
def _interrupts_later() -> Iterator[None]:
    """Ctrl-C waits while processes start: one that does not ignore it yet would end with a traceback."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _ignore_interrupts() -> None:
    """Ctrl-C reaches every process of a terminal; the one that started the workers ends them."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
