"""`--git-diff`: which findings stand on changed lines or are there because of a change, with facts from all files.

A file is checked once more, as it was and among the files that were, only where a question that its findings rest on
would have had another answer then.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from packlint.analysis.texts import Change, Past, Row, Texts
from packlint.config import ProjectFacts
from packlint.engine import Checked, Progress, Task, check_tasks
from packlint.executors import Executor
from packlint.files import Found
from packlint.findings import Finding
from packlint.git import Altered, Hunk, WorkTree, is_submodule, is_within, work_tree
from packlint.selection import ALWAYS_ON
from packlint.source import Source, SourceError, read_source

Place: TypeAlias = tuple[str, int | None, int, int]
"""What a finding of a file is known by: its rule, and the cell, row and column where it begins."""


@dataclass(frozen=True, slots=True)
class Run:
    """How files were checked: their tasks, the project that a path belongs to, and what came by standard input."""

    tasks: Mapping[str, Task]
    project_of: Callable[[Found], tuple[str, ProjectFacts]]
    given: Mapping[str, bytes]
    executor: Executor
    progress: Progress


@dataclass(frozen=True, slots=True)
class Lines:
    """A text as it was and as it is, and how its lines differ."""

    was: Source
    now: Source
    hunks: Sequence[Hunk]

    def former(self, finding: Finding) -> Place | None:
        """Where a finding would have been before; None where it stands on a line that is not what it was."""
        first, last = (self.now.row_of(finding.cell, row) for row in (finding.row, finding.end_row))
        rows = [self._former(row) for row in range(first, last + 1)]
        start = rows[0]
        if start is None or rows != [*range(start, start + len(rows))]:
            return None
        cell, row = self.was.locate(start)
        return finding.code, cell, row, finding.column

    def _former(self, row: int) -> int | None:
        shift = 0
        for hunk in self.hunks:
            if row < hunk.new + (hunk.new_count == 0):
                break
            if row < hunk.new + hunk.new_count:
                return None
            shift += hunk.old_count - hunk.new_count
        return row + shift


class Comparison:
    """The work trees that some paths lie in, and what is not as it was there; `notes` is what has to be said of it.

    Raises:
        GitError: a path lies in no work tree, or there is no such commit.
    """

    def __init__(self, base: str, paths: Sequence[str]) -> None:
        self.notes: list[str] = []
        there = [os.path.abspath(path) for path in paths if os.path.exists(path)]
        named = [path for path in there if not os.path.isdir(path)]
        self._trees = _trees(path if os.path.isdir(path) else os.path.dirname(path) for path in there)
        self._altered: list[Altered] = []
        commits: list[str] = []
        for tree in self._trees:
            commit, note = tree.base(base)
            commits.append(commit)
            self.notes += [note] if note is not None else []
            self._altered += tree.altered(commit, named, self.notes)
        self._key = " ".join(commits)
        self._now = {one.path: one for one in self._altered if one.path is not None}
        self._judge: tuple[tuple[str, ProjectFacts], Judge] | None = None  # of the project that was asked about last

    @functools.cached_property
    def _past(self) -> Past:
        """Every file that is not what it was, as it was."""
        files: dict[str, bytes | None] = dict.fromkeys(self._now)
        for tree in dict.fromkeys(one.tree for one in self._altered):
            were = {one.old: one.blob for one in self._altered if one.tree == tree and one.old is not None}
            contents = tree.contents(were.values())
            files |= {path: contents[blob] for path, blob in were.items()}
        # Without a look into a file git cannot know that it was written anew with what it held.
        return Past(self._key, {path: data for path, data in files.items() if data != _read(path)})

    # ------------------------------------------------------------------ what is new

    def new(self, checked: Sequence[Checked], run: Run) -> tuple[list[Checked], list[tuple[Finding, str]]]:
        """What was checked without the findings that are old, and those, each with its line of code.

        Raises:
            GitError: git lacks what a file was.
        """
        unsure = [one for one in checked if one.findings and not self._came(one.path) and self._may_differ(one, run)]
        lines = self._lines([one for one in unsure if one.path in self._now or one.path in run.given], run)
        former = {one.path: [_former(finding, lines.get(one.path)) for finding in one.findings] for one in unsure}
        places = self._places([one for one in unsure if any(former[one.path])], run)
        left: list[Checked] = []
        every: list[tuple[Finding, str]] = []
        for one in checked:
            is_old = [not self._came(one.path)] * len(one.findings)
            if one.path in former:
                is_old = [place in places.get(one.path, ()) for place in former[one.path]]
            kept: list[tuple[Finding, str]] = []
            old: list[tuple[Finding, str]] = []
            for finding, line, known in zip(one.findings, one.lines, is_old, strict=True):
                (old if known and finding.code not in ALWAYS_ON else kept).append((finding, line))
            every += old
            left.append(_with(one, kept, old) if old else one)
            self._note_another(one.path, old)
        return left, every

    def _came(self, path: str) -> bool:
        """Whether a file was not there."""
        return self._now[path].old is None if path in self._now else not os.path.exists(path)

    def _may_differ(self, one: Checked, run: Run) -> bool:
        """Whether something else may have been found in a file."""
        if one.path in run.given or self._old_path(one.path) != one.path:
            return True
        if not self._altered:
            return False
        task = run.tasks[one.path]
        project = task.root, task.facts
        if self._judge is None or self._judge[0] != project:
            were, are = (Texts(task.root, task.facts.max_files, past) for past in (self._past, None))
            self._judge = project, Judge(were, are, self._past.files.keys())
        return not self._judge[1].all_hold(one.rows)

    def _lines(self, asked: Sequence[Checked], run: Run) -> dict[str, Lines]:
        """How the lines of files have moved, but for those that were no text."""
        texts: dict[str, tuple[Source, Source]] = {}
        for one in asked:
            try:
                now = read_source(one.path, run.given.get(one.path))
                was = self._old_path(one.path)
                texts[one.path] = read_source(was, self._past.files.get(was)), now
            except SourceError:
                continue
        if not texts:
            return {}
        pairs = [(_ended(was.text), _ended(now.text)) for was, now in texts.values()]
        hunks = self._trees[0].hunks(pairs)
        return {path: Lines(*both, some) for (path, both), some in zip(texts.items(), hunks, strict=True)}

    def _places(self, asked: Sequence[Checked], run: Run) -> dict[str, frozenset[Place]]:
        """The places of what would have been found in files, as they were among the files that were."""
        tasks = {one.path: self._task(run.tasks[one.path], run) for one in asked}
        sizes = {task: self._size(path) for path, task in tasks.items()}
        found = {one.path: one for one in check_tasks(sizes, run.executor, run.progress)}
        return {path: frozenset(map(place_of, found[task.path].findings)) for path, task in tasks.items()}

    def _task(self, task: Task, run: Run) -> Task:
        """A file as it was: under its old name and in the project of that, with the rules that are on for it today."""
        old = self._old_path(task.path)
        root, facts = task.root, task.facts
        if old != task.path:
            root, facts = run.project_of(Found(old, os.path.dirname(old)))
        return Task(old, root, task.codes, facts, self._past)

    def _old_path(self, path: str) -> str:
        return (self._now[path].old if path in self._now else None) or path

    def _size(self, path: str) -> int:
        data = self._past.files.get(self._old_path(path))
        return os.path.getsize(path) if data is None else len(data)

    def _note_another(self, path: str, old: Sequence[tuple[Finding, str]]) -> None:
        """Say that a repository within another is left alone, where something is found in it."""
        folder = _marked(os.path.dirname(path)) if old else None
        if folder is None or is_submodule(folder) or any(os.path.realpath(folder) == tree.top for tree in self._trees):
            return
        note = f"{folder}: another repository, of which nothing is new here (give its path to compare it as well)"
        if note not in self.notes:
            self.notes.append(note)


class Judge:
    """Says whether questions about a project had the same answers in the past."""

    def __init__(self, past: Texts, now: Texts, altered: Iterable[str]) -> None:
        self._past = past
        self._altered = frozenset(altered)
        self._inside = any(is_within(path, past.root) for path in self._altered)
        self._now = now
        self._known: dict[Row, bool] = {}

    def all_hold(self, rows: Iterable[Row]) -> bool:
        return all(map(self._holds, rows))

    def _holds(self, row: Row) -> bool:
        question, _, looks_outside = row
        if not self._inside and not looks_outside and question.of not in self._altered:
            return True
        if row not in self._known:
            self._known[row] = self._past.still(row, self._change)
        return self._known[row]

    @functools.cached_property
    def _change(self) -> Change:
        were, are = frozenset(self._past.files), frozenset(self._now.files)
        return Change(self._altered, were - are, are - were)


def _former(finding: Finding, lines: Lines | None) -> Place | None:
    return place_of(finding) if lines is None else lines.former(finding)


def place_of(finding: Finding) -> Place:
    """Where a finding begins."""
    return finding.code, finding.cell, finding.row, finding.column


def _with(one: Checked, kept: Sequence[tuple[Finding, str]], old: Sequence[tuple[Finding, str]]) -> Checked:
    """What was checked with some of its findings, where the others are known."""
    return replace(
        one,
        findings=tuple(finding for finding, _ in kept),
        lines=tuple(line for _, line in kept),
        known=(*one.known, *(finding.code for finding, _ in old)),
        data=one.data if kept else None,
    )


def _ended(text: str) -> str:
    return text if text.endswith("\n") or not text else f"{text}\n"


def _read(path: str) -> bytes | None:
    try:
        return Path(path).read_bytes()
    except OSError:
        return None


def _trees(folders: Iterable[str]) -> list[WorkTree]:
    """The work trees of folders; git is asked of each once."""
    found: list[WorkTree] = []
    for folder in folders:
        top = _marked(os.path.realpath(folder))
        if not any(tree.top == top and tree.has(folder) for tree in found):
            found.append(work_tree(folder))
    return found


def _marked(folder: str) -> str | None:
    """The nearest folder, upwards, that is the top of a work tree."""
    while not os.path.lexists(os.path.join(folder, ".git")):
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent
    return folder
