"""What a run found, in the words of a format; one file a format, found by its name."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import NamedTuple

from packlint.findings import Finding


class Shown(NamedTuple):
    """A finding, and the line of source that it stands on."""

    finding: Finding
    line: str


class Style(NamedTuple):
    """How a format writes: colours, evidence, and the folder that names are relative to, which the run works in.

    `fixed` counts the findings that were fixed, where that was asked for. `failed` says that something could not be
    done, and `failures` what, a line each.
    """

    folder: str
    color: bool = False
    verbose: bool = False
    fixed: int | None = None
    failed: bool = False
    failures: tuple[str, ...] = ()

    def name(self, path: str) -> str:
        """The path as it is shown: relative where it lies under the folder."""
        return os.path.relpath(path, self.folder) if lies_in(path, self.folder) else path

    def place(self, finding: Finding) -> str:
        """Where a finding stands: `file:row:column`, in a notebook with its cell."""
        cell = "" if finding.cell is None else f"cell {finding.cell}:"
        return f"{self.name(finding.filename)}:{cell}{finding.row}:{finding.column}"

    def paint(self, text: str, codes: str) -> str:
        """The text in a colour, by the numbers that a terminal gives it."""
        return f"\033[{codes}m{text}\033[0m" if self.color else text


Render = Callable[[Sequence[Shown], Style], str]


def lies_in(path: str, folder: str) -> bool:
    """Whether a path is a folder, or stands somewhere in it, by the names alone."""
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def renderer(output_format: str) -> Render:
    """The function that writes a format: it takes the findings in order and gives the whole text."""
    render: Render = import_module(f"{__name__}.{output_format}").render
    return render


def shows_edits(output_format: str) -> bool:
    """Whether a format writes the edits of fixes, which take libcst to make: its file says so with `SHOWS_EDITS`."""
    return bool(getattr(import_module(f"{__name__}.{output_format}"), "SHOWS_EDITS", False))


def total(shown: Sequence[Shown], style: Style) -> str:
    """The last line of the formats for people."""
    grades = [one.finding.fix.applicability for one in shown if one.finding.fix is not None and one.finding.fixable]
    safe, unsafe = grades.count("safe"), grades.count("unsafe")
    if style.fixed is not None:
        more = f" ({unsafe} with `--unsafe-fixes`)" if unsafe else ""
        return f"{style.fixed} fixed, {len(shown)} left{more}."
    if not shown:
        return "All checks passed!"
    more = ", ".join([f"{safe} with `--fix`"] * bool(safe) + [f"{unsafe} with `--fix --unsafe-fixes`"] * bool(unsafe))
    return f"Found {counted(len(shown))}{f'; fixable: {more}' if more else ''}."


def counted(count: int) -> str:
    """So many findings, in words."""
    return f"{count} finding{'' if count == 1 else 's'}"
