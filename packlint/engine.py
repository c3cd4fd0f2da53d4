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

from packlint.cache import Cache, FileState
from packlint.config import ProjectFacts
from packlint.files import Found
from packlint.source import Recurrence

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor

    from packlint.analysis.project import Project
    from packlint.analysis.texts import Row
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
    of what a baseline leaves out. `rows` are the questions about the project's files that the findings rest on.
    """

    path: str
    findings: tuple[Finding, ...] = ()
    lines: tuple[str, ...] = ()
    error: str | None = None
    note: str | None = None
    data: bytes | None = field(default=None, compare=False)
    known: tuple[str, ...] = ()
    rows: tuple[Row, ...] = field(default=(), compare=False, repr=False)


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
            findings, rows = asked(source, task, suppressed=True)
            project = project_of(task.root, task.facts)
    except SourceError as error:
        return Checked(task.path, error=str(error))
    except OSError as error:
        return Checked(task.path, error=error.strerror or str(error))
    except Exception as error:  # a bug of packlint must not cost the findings of the other files
        return Checked(task.path, (_failure(task.path, error),), ("",))
    fixable = any(finding.fix is not None and finding.fix.steps for finding in findings)
    lines, note = _lines(source, findings), _note(project)
    return Checked(task.path, tuple(findings), lines, note=note, data=data if fixable else None, rows=tuple(rows))


def asked(source: Source, task: Task, suppressed: bool = False) -> tuple[list[Finding], list[Row]]:
    """The findings of a file, and all that was asked of the project's files for them.

    Where findings that a comment suppresses are to be left out, they come in order.
    """
    from packlint.analysis.texts import Notes
    from packlint.check import check_source

    project, notes = project_of(task.root, task.facts), Notes()
    with project.texts.noting(notes):
        project.texts.content(source.filename)
        check = _unsuppressed if suppressed else check_source
        findings = check(source, project, task.codes)
    return findings, project.texts.rows(notes.questions())


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
    files: Iterable[Found],
    task_of: Callable[[Found], Task],
    jobs: int,
    progress: Progress,
    cache: Cache | None = None,
) -> list[Checked]:
    """What came of every file that calls something recurrent, or could not be read, in the order of their paths.

    `task_of` is asked about such files alone. The result is the same for every number of jobs, and for every cache.
    """
    from packlint.source import note_recurrence

    cache = Cache(None) if cache is None else cache
    checked: list[Checked] = []
    todo: list[Task] = []
    amount = 0
    found = list(files)
    for file, look in zip(found, _looked_at(found, cache, jobs), strict=True):
        if look.error is not None or look.state is None:
            checked.append(Checked(file.path, error=look.error))
            continue
        seen = look.state.recurrence or Recurrence.NONE
        note_recurrence(file.path, seen)
        if seen is not Recurrence.CALLED:
            continue
        task = task_of(file)
        known = _known(cache, task)
        if known is not None:
            checked.append(known)
            continue
        todo.append(task)
        amount += look.state.signature[0]
    progress.begin(len(todo))
    groups = _groups(todo, jobs)
    done = _in_workers(groups, jobs) if jobs > 1 and len(groups) > 1 and amount >= ENOUGH_BYTES else _in_turn(groups)
    tasks = {task.path: task for task in todo}
    for part in done:
        checked += part
        for one in part:
            _keep(cache, tasks[one.path], one)
        progress.advance(len(part))
    progress.end()
    cache.save()
    return sorted(checked, key=lambda one: one.path)


@dataclass(frozen=True, slots=True)
class Look:
    """A first look at a file: what it is; `error` is why there was none."""

    state: FileState | None = None
    error: str | None = None


def _looked_at(files: Sequence[Found], cache: Cache, jobs: int) -> Iterator[Look]:
    """A first look at each file that is not known to be what it was."""
    if cache.folder is None:
        yield from _looks([file.path for file in files], False, jobs)
        return
    kept = [cache.of(file) for file in files]
    states = [one.fresh(file.path) for file, one in zip(files, kept, strict=True)]
    known = [state is not None and state.recurrence is not None for state in states]
    unknown = [file.path for file, yes in zip(files, known, strict=True) if not yes]
    looks = iter(list(_looks(unknown, True, jobs)))
    for file, one, state, yes in zip(files, kept, states, known, strict=True):
        look = Look(state) if yes else next(looks)
        if not yes and look.state is not None:
            one.note(file.path, look.state)
        yield look


def _looks(paths: Sequence[str], digests: bool, jobs: int) -> Iterator[Look]:
    """A first look at each file; of many files, in as many processes as there may be."""
    if jobs > 1 and len(paths) >= MANY_FILES:
        from concurrent.futures.process import BrokenProcessPool

        share = -(-len(paths) // jobs)
        pieces = [paths[at : at + share] for at in range(0, len(paths), share)]
        try:
            with _pool(len(pieces)) as pool:
                with _interrupts_later():
                    looks = pool.map(functools.partial(_look_at_all, digests), pieces)
                return chain.from_iterable(list(looks))
        except BrokenProcessPool:
            pass  # whichever file it is, the process that checks it will say so
    return map(functools.partial(_look_at, digests), paths)


def _look_at_all(digests: bool, paths: Sequence[str]) -> list[Look]:
    return [_look_at(digests, path) for path in paths]


def _look_at(digests: bool, path: str) -> Look:
    from packlint.cache import signature_of
    from packlint.source import recurrence

    try:
        with open(path, "rb", buffering=0) as file:
            found = signature_of(os.fstat(file.fileno()))
            data = file.read()
    except OSError as error:
        return Look(error=error.strerror or str(error))
    if not digests:
        return Look(FileState(found, "", recurrence(data)))
    from packlint.analysis.texts import digest

    return Look(FileState(found, digest(data), recurrence(data)))


def _key(task: Task) -> str:
    return " ".join(sorted(task.codes))


def _known(cache: Cache, task: Task) -> Checked | None:
    """What an earlier run found in a file, where that still holds."""
    if cache.folder is None:
        return None
    entry = cache.project(task.root, task.facts).entry(task.path, _key(task))
    if entry is None:
        return None
    fixable = any(finding.fix is not None and finding.fix.steps for finding in entry.findings)
    try:
        data = Path(task.path).read_bytes() if fixable else None
    except OSError:
        return None
    return Checked(task.path, entry.findings, entry.lines, entry.error, entry.note, data)


def _keep(cache: Cache, task: Task, checked: Checked) -> None:
    """Keep what was found for the next run; not a failure of packlint, which may have been of the moment."""
    if cache.folder is None or not checked.rows or any(finding.code == "PCK000" for finding in checked.findings):
        return
    from packlint.cache import Entry

    entry = Entry(checked.findings, checked.lines, checked.error, checked.note, ())
    cache.project(task.root, task.facts).add(task.path, _key(task), entry, checked.rows)


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
