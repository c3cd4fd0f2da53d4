"""packlint inside flake8: a thin face of the same engine, which finds what the command line finds.

flake8 decides which files there are, what its own `select` and `ignore` let through, and what `# noqa` covers.
Notebooks, files in UTF-16, and files that do not parse (flake8's E999) never come here.

Where the environment variable PACKLINT_FLAKE8_SECONDS names a file, every checked file appends to it a line with the
CPU seconds that were spent here; their sum over a run, all worker processes together, is what packlint cost.
"""

from __future__ import annotations

import argparse
import ast
import functools
import os
import re
import time
from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING

from packlint.source import Recurrence, Source, recurrence

if TYPE_CHECKING:
    from packlint.baseline import Baseline
    from packlint.cache import Cache
    from packlint.config import Configuration
    from packlint.engine import Task
    from packlint.findings import Finding
    from packlint.noqa import Suppressions

SECONDS_VARIABLE = "PACKLINT_FLAKE8_SECONDS"

_CODE = re.compile(r"PCK[0-9]{3}")

Violation = tuple[int, int, str, type]
"""What flake8 takes: row, column counted from 0, code and message, and a type it ignores."""


class Plugin:
    """Made by flake8 for every file. The names of the parameters say what flake8 hands over.

    The options come with the file and are kept nowhere else: a class that holds them loses them in the worker
    processes of systems that do not fork.
    """

    def __init__(self, tree: ast.Module, filename: str, lines: list[str], options: argparse.Namespace) -> None:
        self._tree = tree
        self._filename = filename
        self._lines = lines
        self._options = options

    def run(self) -> Iterator[Violation]:
        """The findings of the file."""
        start = time.process_time()
        violations = self._violations()
        if seconds_file := os.environ.get(SECONDS_VARIABLE):
            _append(seconds_file, time.process_time() - start)
        yield from violations

    def _violations(self) -> list[Violation]:
        text = "".join(self._lines)
        if recurrence(text.encode("utf-8", "surrogatepass")) is not Recurrence.CALLED:
            return []
        try:
            source = Source(os.path.abspath(self._filename), text, parsed=self._tree)
            return list(_violations(source, self._options))
        except Exception as error:  # flake8 would end here, with a traceback
            return [_failure(f"packlint failed on this file: {type(error).__name__}: {error}")]


def _violations(source: Source, options: argparse.Namespace) -> Iterator[Violation]:
    # Only files with recurrent layers pay for these imports.
    from packlint.engine import Task
    from packlint.files import project_root
    from packlint.noqa import Suppressions

    # The comments of flake8 itself are its own business: it may have been told --disable-noqa.
    suppressions = Suppressions(source)
    if suppressions.says_ignore_file:
        return
    path, folder = source.filename, os.path.dirname(source.filename)
    argument = _argument(path, options.filenames)
    configuration = _configuration(os.getcwd(), _codes_in_full(options))
    if argument is not None and _is_excluded(path, argument, configuration):
        return
    root = project_root(folder, folder if argument == path else argument or os.getcwd())
    facts = configuration.settings(root).facts
    settings = configuration.settings(folder)
    findings = sorted(_findings(source, Task(path, root, settings.codes(path), facts)), key=attrgetter("sort_key"))
    if settings.baseline is not None:
        baseline = _baseline(settings.baseline)
        if isinstance(baseline, str):
            yield _failure(f"{settings.baseline}: {baseline}")
        else:
            findings = _unknown(findings, source, suppressions, baseline)
    for finding in findings:
        yield finding.row, finding.column - 1, f"{finding.code} {finding.message}", Plugin
    yield from (_failure(problem) for problem in configuration.problems if _concerns(problem, folder))


def _findings(source: Source, task: Task) -> tuple[Finding, ...]:
    """The findings of a file, be it that an earlier run found them; the comments of flake8 have no say in them."""
    from packlint.cache import Entry, way_of
    from packlint.engine import asked

    cache = _cache()
    kept = cache.project(task.root, task.facts) if cache.folder is not None and _is_on_disk(source) else None
    key = way_of(task.codes, "flake8")
    entry = None if kept is None else kept.entry(task.path, key)
    if entry is not None:
        return entry.findings
    found, rows = asked(source, task)
    if kept is not None:
        kept.add(task.path, key, Entry(tuple(found), (), None, tuple(rows)))
    return tuple(found)


def _is_on_disk(source: Source) -> bool:
    """Whether the text that flake8 has is that of the file: standard input may bear its name."""
    from packlint.source import SourceError, read_source

    try:
        return read_source(source.filename).text == source.text
    except (SourceError, OSError):
        return False


@functools.cache
def _cache() -> Cache:
    """What earlier runs found; each process writes in the end what it has found itself."""
    from multiprocessing.util import Finalize

    from packlint.cache import Cache, default_folder

    cache = Cache(default_folder())
    Finalize(cache, cache.save, exitpriority=0)
    return cache


def _unknown(
    findings: Sequence[Finding], source: Source, suppressions: Suppressions, baseline: Baseline
) -> list[Finding]:
    """The findings that are not in the baseline.

    What a comment suppresses is left for flake8 to suppress, as the command line does before it asks the baseline.
    """
    asked = [finding for finding in findings if not suppressions.covers(finding)]
    lines = (source.line_at(finding.cell, finding.row) for finding in asked)
    entries = iter(baseline.known(source.filename, zip(asked, lines, strict=True)))
    return [finding for finding in findings if suppressions.covers(finding) or next(entries) is None]


@functools.cache
def _baseline(path: str) -> Baseline | str:
    """A baseline, read once in a process, or why it cannot be."""
    from packlint.baseline import BaselineError, read_baseline

    try:
        return read_baseline(path)
    except BaselineError as error:
        return str(error)


def _failure(reason: str) -> Violation:
    return 1, 0, f"PCK000 {' '.join(reason.split())}", Plugin


def _concerns(problem: str, folder: str) -> bool:
    """Whether a problem, which begins with the path of a configuration file, is of one that holds in the folder."""
    return os.path.join(folder, "").startswith(os.path.join(os.path.dirname(problem.partition(": ")[0]), ""))


def _codes_in_full(options: argparse.Namespace) -> tuple[str, ...]:
    """The codes that flake8's `select` and `extend-select` name in full, which turns on rules that are off.

    flake8 lets everything under a prefix through, so that a prefix needs nothing here.
    """
    named = (*(options.select or ()), *(options.extend_select or ()))
    return tuple(sorted({code for code in named if _CODE.fullmatch(code)}))


@functools.cache
def _configuration(folder: str, codes: tuple[str, ...]) -> Configuration:
    """The configurations of `[tool.packlint]`, each read once in a process."""
    from packlint.config import Configuration, Options

    return Configuration(Options(folder, extend_select=codes))


def _argument(path: str, arguments: list[str]) -> str | None:
    """The argument of flake8 under which it found the file: the file itself, or a folder; None for standard input."""
    for argument in map(os.path.abspath, arguments or ["."]):
        if path == argument or path.startswith(os.path.join(argument, "")):
            return argument
    return None


def _is_excluded(path: str, argument: str, configuration: Configuration) -> bool:
    """Whether the command line would leave the file out of that argument."""
    while path != argument:
        folder, name = os.path.split(path)
        if configuration.settings(folder).excluded.matches(path, name):
            return True
        path = folder
    return False


def _append(path: str, seconds: float) -> None:
    """One write for one line, so that those of several processes do not mix."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(descriptor, b"%.9f\n" % seconds)
    finally:
        os.close(descriptor)
