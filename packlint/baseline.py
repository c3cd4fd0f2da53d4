"""Findings that were there when a team began: kept in a file, and found again after lines have moved."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from packlint.engine import Checked
from packlint.findings import Finding
from packlint.identity import Entry, entry
from packlint.selection import ALWAYS_ON
from packlint.writing import write_report

VERSION = 1


class BaselineError(Exception):
    """A baseline that cannot be read, in one line."""


@dataclass(slots=True)
class Baseline:
    """The entries of a baseline file, and how often each stands there; paths are relative to its folder."""

    path: str
    entries: Counter[Entry] = field(default_factory=Counter)

    @property
    def folder(self) -> str:
        return os.path.dirname(os.path.abspath(self.path))

    def without_known(self, checked: Sequence[Checked]) -> tuple[list[Checked], Counter[Entry]]:
        """What was checked without the findings of the baseline, and the entries of these files that are stale."""
        left = self.entries.copy()
        files: set[str] = set()
        new: list[Checked] = []
        for one in checked:
            files.add(os.path.relpath(one.path, self.folder).replace(os.sep, "/"))
            kept: list[tuple[Finding, str]] = []
            known: list[str] = []
            for finding, line in zip(one.findings, one.lines, strict=True):
                known_by = entry(finding, line, self.folder)
                if left[known_by] > 0 and finding.code not in ALWAYS_ON:
                    left[known_by] -= 1
                    known.append(finding.code)
                else:
                    kept.append((finding, line))
            findings, lines = (tuple(part) for part in zip(*kept, strict=True)) if kept else ((), ())
            new.append(replace(one, findings=findings, lines=lines, known=tuple(known)))
        stale = Counter({one: count for one, count in left.items() if count > 0 and self._gone(one[0], files)})
        return new, stale

    def _gone(self, file: str, checked: set[str]) -> bool:
        """Whether nothing can be found in a file any more: it was checked, or it is not there."""
        return file in checked or not os.path.exists(os.path.join(self.folder, file))


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
    except OSError as error:
        raise BaselineError(error.strerror or str(error)) from error
    except (ValueError, KeyError, TypeError) as error:
        raise BaselineError("is no baseline that packlint has written") from error
    return Baseline(path, Counter(entries))


def write_baseline(path: str, found: Iterable[tuple[Finding, str]]) -> int:
    """Write the findings, each with its line of code, and give how many they are; raises `OSError`."""
    folder = Baseline(path).folder
    entries = sorted(entry(finding, line, folder) for finding, line in found if finding.code not in ALWAYS_ON)
    findings = [dict(zip(("file", "code", "function", "line"), one, strict=True)) for one in entries]
    write_report(path, json.dumps({"version": VERSION, "findings": findings}, indent=2, ensure_ascii=False) + "\n")
    return len(entries)
