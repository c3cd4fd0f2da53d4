"""From files to findings: one file at a time, or many over worker processes."""

from __future__ import annotations

import errno
import gc
import os
import sys
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias

from packlint.cache import Cache, FileState, way_of
from packlint.config import ProjectFacts
from packlint.executors import Executor, Lost
from packlint.executors.local import Here
from packlint.files import Found, listing
from packlint.looks import Look, Piece, for_another_machine, look_at_all, merged
from packlint.queue import Queue
from packlint.source import Recurrence, forget_recurrence, note_recurrence

if TYPE_CHECKING:
    from packlint.analysis.project import Project
    from packlint.analysis.texts import Past, Row
    from packlint.findings import Finding
    from packlint.source import Source

# Files come grouped by project; those kept besides the last spare a switch back and forth between neighbours.
PROJECTS = 2
# Below this many bytes to analyse a second process costs more than it saves.
ENOUGH_BYTES = 300_000
# Below this many files a first look at them is over before other processes have started.
MANY_FILES = 1000
# So many files are looked at in one piece of work.
FILES_A_PIECE = 500
# Python's own limit on calls within calls.
DEPTH = 1000


class Progress(Protocol):
    """Told how far the check of the files is."""

    def begin(self, total: int) -> None: ...

    def advance(self, files: int) -> None: ...

    def end(self) -> None: ...


class Task(NamedTuple):
    """A file to check, by its absolute path, with the codes that are on for it and the project it belongs to.

    With a `past`, it and the project are to be what they were then.
    """

    path: str
    root: str
    codes: frozenset[str]
    facts: ProjectFacts
    past: Past | None = None


Shard: TypeAlias = tuple[Task, ...]
"""Tasks of one project, for one worker."""


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


def check_file(task: Task, data: bytes | None = None) -> Checked:
    """The findings of a file, those that a comment suppresses left out; never raises but for an interrupt.

    `data` holds the bytes of the file where they do not come from the disk.
    """
    from packlint.source import SourceError, read_source

    try:
        with _no_collection(), _same_headroom():
            data = _bytes_of(task) if data is None else data
            source = read_source(task.path, data)
            findings, rows = asked(source, task, suppressed=True)
            project = project_of(task.root, task.facts, task.past)
    except SourceError as error:
        return Checked(task.path, error=str(error))
    except OSError as error:
        return Checked(task.path, error=error.strerror or str(error))
    except Exception as error:  # a bug of packlint must not cost the findings of the other files
        return Checked(task.path, (_failure(task.path, error),), ("",))
    fixable = any(finding.fixable for finding in findings)
    lines, note = _lines(source, findings), _note(project, rows)
    return Checked(task.path, tuple(findings), lines, note=note, data=data if fixable else None, rows=tuple(rows))


def _bytes_of(task: Task) -> bytes:
    from packlint.source import read_bytes

    data = None if task.past is None else task.past.files.get(task.path)
    if data is None and task.past is not None and task.past.listing is not None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    return read_bytes(task.path) if data is None else data


def asked(source: Source, task: Task, suppressed: bool = False) -> tuple[list[Finding], list[Row]]:
    """The findings of a file, and all that was asked of the project's files for them.

    Where findings that a comment suppresses are to be left out, they come in order.
    """
    from packlint.analysis.texts import Notes
    from packlint.check import check_source

    project, notes = project_of(task.root, task.facts, task.past), Notes()
    with project.texts.noting(notes):
        project.texts.content(source.filename)
        check = _unsuppressed if suppressed else check_source
        findings = check(source, project, task.codes)
    return findings, project.texts.rows(notes.questions())


@contextmanager
def _no_collection() -> Iterator[None]:
    """Without the garbage collector: it would walk the tree of a large file again and again, and find nothing.

    What is in memory afterwards is set aside, for it stays as long as its project does, which is then taken apart.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.freeze()
            gc.enable()


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


_projects: dict[tuple[str, ProjectFacts, Past | None], Project] = {}  # the one that was asked for last at the end
_answers: dict[tuple[str, ProjectFacts], Sequence[Row]] = {}  # what earlier runs were told of projects, and still holds


def project_of(root: str, facts: ProjectFacts, past: Past | None = None) -> Project:
    """The project with this root, made once in a process so that its facts are gathered once."""
    from packlint.analysis.project import Project

    key = root, facts, past
    project = _projects.pop(key, None)
    if project is None:
        while len(_projects) >= PROJECTS:
            _projects.pop(next(iter(_projects))).let_go()
        project = Project(root, facts, past)
        if past is None:
            project.texts.know(_answers.get((root, facts), ()))
    _projects[key] = project
    return project


def forget() -> None:
    """Let go of what earlier runs of this process have read: the files may have changed since."""
    _projects.clear()
    _answers.clear()
    forget_recurrence()
    listing.cache_clear()


def _note(project: Project, rows: Iterable[Row]) -> str | None:
    """What is to be said of the project, where facts were looked for in all of it."""
    from packlint.analysis.texts import OF_ALL

    if all(question.kind not in OF_ALL for question, _, _ in rows) or not project.texts.cut:
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
    return tuple(source.line_at(finding.cell, finding.row) for finding in findings)


def check_files(
    files: Iterable[Found],
    task_of: Callable[[Found], Task],
    executor: Executor,
    progress: Progress,
    cache: Cache | None = None,
) -> list[Checked]:
    """What came of every file that calls something recurrent, or could not be read, in the order of their paths.

    `task_of` is asked about such files alone. The result is the same on every executor, and for every cache.
    """
    cache = Cache(None) if cache is None else cache
    checked: list[Checked] = []
    todo: dict[Task, int] = {}
    found: list[Found] = []
    looks = _looks(_noted(files, found), executor, cache)
    for file in found:
        look = looks.get(file.path)
        if look is None:
            note_recurrence(file.path, Recurrence.NONE)
            continue
        if look.state is None:
            checked.append(Checked(file.path, error=look.error))
            continue
        note_recurrence(file.path, look.state.recurrence or Recurrence.NONE)
        if look.state.recurrence is not Recurrence.CALLED:
            continue
        task = task_of(file)
        known = _known(cache, task)
        if known is None:
            todo[task] = look.state.signature[0]
        else:
            checked.append(known)
    if cache.folder is not None:
        _answers.update({key: cache.project(*key).answers for key in {(task.root, task.facts) for task in todo}})
    tasks = {task.path: task for task in todo}
    for one in check_tasks(todo, executor, progress):
        checked.append(one)
        _keep(cache, tasks[one.path], one)
    cache.save()
    return sorted(checked, key=lambda one: one.path)


def _noted(files: Iterable[Found], found: list[Found]) -> Iterator[Found]:
    for file in files:
        found.append(file)
        yield file


# --- the first look ---


def _looks(files: Iterable[Found], executor: Executor, cache: Cache) -> Mapping[str, Look]:
    """What each file is, by its path; those that name nothing recurrent may be left out.

    Where there are several processes, they look at the first files while the others are still searched for.
    """
    if cache.folder is None:
        return _fresh_looks((file.path for file in files), executor, digests=False)
    kept = {}
    states: dict[str, FileState | None] = {}

    def unknown() -> Iterator[str]:
        for file in files:
            kept[file.path] = cache.of(file)
            state = states[file.path] = kept[file.path].fresh(file.path)
            if state is None or state.recurrence is None:
                yield file.path

    fresh = _fresh_looks(unknown(), executor, digests=True)
    for path, look in fresh.items():
        if look.state is not None:
            kept[path].note(path, look.state)
    return {path: fresh.get(path) or Look(state) for path, state in states.items()}


def _fresh_looks(paths: Iterable[str], executor: Executor, digests: bool) -> Mapping[str, Look]:
    left = iter(paths)
    first = [*islice(left, MANY_FILES)]
    if executor.is_here and (executor.workers == 1 or len(first) < MANY_FILES):
        return look_at_all(Piece((*first, *left), digests))
    every = chain(first, left)
    pieces = (Piece(some, digests) for some in iter(lambda: tuple(islice(every, FILES_A_PIECE)), ()))
    sent = pieces if executor.is_here else map(for_another_machine, pieces)
    looks, lost = executor.merged(look_at_all, sent, merged)
    # What other machines do not see, and what a process died of, is looked at here.
    again = [path for path, look in looks.items() if look.unlike]
    again += [path for piece, _ in lost for path in piece.paths]
    if not again:
        return looks
    rest = _fresh_looks(again, Here() if executor.is_here else executor.here, digests)
    return {**{path: look for path, look in looks.items() if not look.unlike}, **rest}


# --- the checks ---


def check_shard(shard: Shard) -> list[Checked]:
    """What came of each task."""
    return [check_file(task) for task in shard]


def check_tasks(sizes: Mapping[Task, int], executor: Executor, progress: Progress) -> Iterator[Checked]:
    """What came of each file, as it is done; `sizes` are in bytes."""
    progress.begin(len(sizes))
    queue = Queue(sizes, executor.workers)
    few = len(queue) == 1 or sum(sizes.values()) < ENOUGH_BYTES
    if executor.is_here and (few or executor.workers == 1):
        queue, executor = Queue(sizes, 1, singly=True), Here()
    try:
        for part in _checked(queue, executor):
            yield from part
            progress.advance(len(part))
    finally:
        progress.end()


def _checked(queue: Queue, executor: Executor) -> Iterator[list[Checked]]:
    """What came of each shard; of a shard that fails what came of its files alone, and which it is that fails."""
    lost = yield from _tried(queue, executor, queue.done)
    lost = yield from _tried([(task,) for shard, _ in lost for task in shard], executor)
    for shard, why in lost:
        still = [(shard, why)]
        if not executor.is_here:  # what died of one file may have had others at hand
            still = yield from _tried([shard], executor)
        yield from ([Checked(task.path, error=why)] for shard, why in still for task in shard)


def _tried(
    shards: Iterable[Shard], executor: Executor, done: Callable[[Shard], None] | None = None
) -> Generator[list[Checked], None, list[tuple[Shard, Lost]]]:
    """What came of each shard, once somebody was told that it is done; the end is those of which nothing came."""
    lost: list[tuple[Shard, Lost]] = []
    for shard, result in _results(shards, executor):
        if done is not None:
            done(shard)
        if isinstance(result, Lost):
            lost.append((shard, result))
        else:
            yield result
    return lost


def _results(shards: Iterable[Shard], executor: Executor) -> Iterator[tuple[Shard, list[Checked] | Lost]]:
    if executor.is_here:
        return executor.map(check_shard, shards, ahead=0)
    from packlint.shards import checked_elsewhere

    return checked_elsewhere(shards, executor)


# --- what is kept ---


def _known(cache: Cache, task: Task) -> Checked | None:
    """What an earlier run found in a file, where that still holds."""
    if cache.folder is None:
        return None
    kept = cache.project(task.root, task.facts)
    entry = kept.entry(task.path, way_of(task.codes))
    if entry is None:
        return None
    fixable = any(finding.fixable for finding in entry.findings)
    data = kept.data(task.path) if fixable else None
    if fixable and data is None:
        return None
    return Checked(task.path, entry.findings, entry.lines, note=entry.note, data=data, rows=entry.rows)


def _keep(cache: Cache, task: Task, checked: Checked) -> None:
    """Keep what was found for the next run."""
    if cache.folder is None or not checked.rows:
        return
    from packlint.cache import Entry

    entry = Entry(checked.findings, checked.lines, checked.note, checked.rows)
    cache.project(task.root, task.facts).add(task.path, way_of(task.codes), entry)
