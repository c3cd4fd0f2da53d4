"""Findings that were there when a team began: kept in a file, and found again after lines have moved."""

from __future__ import annotations

import functools
import json
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from packlint.findings import Finding
from packlint.identity import Entry, entry
from packlint.selection import ALWAYS_ON
from packlint.writing import write_report

if TYPE_CHECKING:
    from packlint.engine import Checked

VERSION = 1
Judge: TypeAlias = Callable[[str, str], bool]
"""Whether a run can tell that a file, by its absolute path, has no finding of a code any more."""


class BaselineError(Exception):
    """A baseline that cannot be read, in one line."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What a run says of a baseline: the entries that are no longer found at their place, and what is left without
    them. Those of a file that was renamed stay, under its new name."""

    stale: Counter[Entry]
    left: Counter[Entry]
    renamed: int


class Baseline:
    """The entries of a baseline file, and how often each stands there; paths are relative to its folder."""

    def __init__(self, path: str, entries: Iterable[Entry] = ()) -> None:
        self.path = path
        self.folder = os.path.dirname(os.path.abspath(path))
        self.entries = Counter(entries)

    def known(self, path: str, found: Iterable[tuple[Finding, str]]) -> list[Entry | None]:
        """For each finding of a file, with its line of code, the entry that it is known by, or None where it is new.

        Each entry counts once. What is said of a file depends on no other file that is checked.
        """
        file = self._file(path)
        files = [file] if file in self._by_file else self._earlier_names(file)
        left: Counter[Entry] = Counter()
        for name in files:
            left += self._by_file[name]
        known: list[Entry | None] = []
        for finding, line in found:
            _, code, function, text = entry(finding, line, self.folder)
            entries = () if code in ALWAYS_ON else ((name, code, function, text) for name in files)
            known_by = next((one for one in entries if left[one] > 0), None)
            if known_by is not None:
                left[known_by] -= 1
            known.append(known_by)
        return known

    def without_known(self, one: Checked) -> Checked:
        """What was checked without the findings of the baseline."""
        known = self.known(one.path, zip(one.findings, one.lines, strict=True))
        new = [at for at, known_by in enumerate(known) if known_by is None]
        return replace(
            one,
            findings=tuple(one.findings[at] for at in new),
            lines=tuple(one.lines[at] for at in new),
            known=(*one.known, *(known_by[1] for known_by in known if known_by is not None)),
        )

    def compared(self, checked: Iterable[Checked], judge: Judge) -> Compared:
        """What is left of the entries, where `judge` says which of them could have been found."""
        used: Counter[Entry] = Counter()
        elsewhere: list[tuple[Entry, str]] = []
        for one in checked:
            for known_by in self.known(one.path, zip(one.findings, one.lines, strict=True)):
                if known_by is None:
                    continue
                if known_by[0] == self._file(one.path):
                    used[known_by] += 1
                else:
                    elsewhere.append((known_by, self._file(one.path)))
        stale = self._judged(self.entries - used, judge)
        left = self.entries - stale
        movable = stale.copy()
        renamed = 0
        for known_by, file in elsewhere:
            if movable[known_by] > 0:  # where a file was copied, too, the first of the two has it
                movable[known_by] -= 1
                left[file, known_by[1], known_by[2], known_by[3]] += 1
                renamed += 1
        return Compared(stale, left, renamed)

    def rewritten(self, checked: Iterable[Checked], judge: Judge) -> Counter[Entry]:
        """The entries of all that is found, and those of this baseline that `judge` says nothing of."""
        found = Counter(
            entry(finding, line, self.folder)
            for one in checked
            for finding, line in zip(one.findings, one.lines, strict=True)
            if finding.code not in ALWAYS_ON
        )
        return (self.entries - self._judged(self.entries, judge)) | found

    def _judged(self, entries: Counter[Entry], judge: Judge) -> Counter[Entry]:
        """Those of the entries that would have been found if they were there."""
        paths = {one: os.path.normpath(os.path.join(self.folder, one[0])) for one in entries}
        return Counter({one: count for one, count in entries.items() if judge(paths[one], one[1])})

    def _file(self, path: str) -> str:
        return os.path.relpath(path, self.folder).replace(os.sep, "/")

    @functools.cached_property
    def _by_file(self) -> dict[str, Counter[Entry]]:
        files: dict[str, Counter[Entry]] = defaultdict(Counter)
        for one, count in self.entries.items():
            files[one[0]][one] += count
        return dict(files)

    def _earlier_names(self, file: str) -> list[str]:
        """The names that a file without an entry may have had: those, in its folder or like its own, that are gone."""
        folder, _, name = file.rpartition("/")
        return [gone for gone in self._gone if gone.rpartition("/")[0] == folder or gone.rpartition("/")[2] == name]

    @functools.cached_property
    def _gone(self) -> list[str]:
        return [file for file in sorted(self._by_file) if not os.path.lexists(os.path.join(self.folder, file))]


def read_baseline(path: str) -> Baseline:
    """Read a baseline file.

    Raises:
        BaselineError: it cannot be read, or is none.
    """
    try:
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
        entries = [
            (str(one["file"]), str(one["code"]), str(one["function"]), str(one["line"])) for one in document["findings"]
        ]
        if document["version"] != VERSION:
            raise BaselineError(f"is of version {document['version']}, and this packlint reads {VERSION}")
    except FileNotFoundError as error:
        raise BaselineError(f"{error.strerror} (`--write-baseline` writes it)") from error
    except OSError as error:
        raise BaselineError(error.strerror or str(error)) from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BaselineError("is no baseline that packlint has written") from error
    return Baseline(path, entries)


def write_baseline(path: str, entries: Counter[Entry]) -> None:
    """Write the entries, sorted, whole or not at all; raises `OSError`."""
    keys = ("file", "code", "function", "line")
    findings = [dict(zip(keys, one, strict=True)) for one in sorted(entries.elements())]
    write_report(path, json.dumps({"version": VERSION, "findings": findings}, indent=2, ensure_ascii=False) + "\n")
