"""From a text to a new one: which lines change, where that is in the file, and the bytes that come of it."""

from __future__ import annotations

import difflib
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace

from packlint.plans import Edit
from packlint.source import Source, SourceError, encoded


@dataclass(frozen=True, slots=True)
class Hunk:
    """The lines of a text that begin with `start` (from 0), and what stands there afterwards."""

    start: int
    old: tuple[str, ...]
    lines: tuple[str, ...]

    @property
    def end(self) -> int:
        return self.start + len(self.old)


def hunks(before: str, after: str) -> list[Hunk]:
    """What changes from one text to another, in order."""
    old, new = before.split("\n"), after.split("\n")
    first = next((at for at, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    last = 0
    while last < min(len(old), len(new)) - first and old[-1 - last] == new[-1 - last]:
        last += 1
    middle = difflib.SequenceMatcher(None, old[first : len(old) - last], new[first : len(new) - last], autojunk=False)
    return [
        Hunk(first + i, tuple(old[first + i : first + j]), tuple(new[first + k : first + m]))
        for tag, i, j, k, m in middle.get_opcodes()
        if tag != "equal"
    ]


def edits(source: Source, found: Sequence[Hunk], newline: str) -> tuple[Edit, ...]:
    """Hunks as edits of the file, whose lines end in `newline`."""
    lines = source.text.split("\n")
    made: list[Edit] = []
    for hunk in found:
        cell, row = source.locate(hunk.start + 1)
        if hunk.end < len(lines):
            end, column, text = row + len(hunk.old), 1, "".join(f"{line}{newline}" for line in hunk.lines)
        else:  # the last line has no end
            end, column, text = row + len(hunk.old) - 1, len(lines[-1]) + 1, newline.join(hunk.lines)
        made.append(Edit(text, row, 1, end, column, cell))
    return tuple(made)


def near(hunk: Hunk, rows: Set[int]) -> bool:
    """Whether a hunk replaces one of the rows (from 1), or stands right above or below one."""
    touched = range(hunk.start + 1, hunk.end + 1) if hunk.end > hunk.start else (hunk.start, hunk.start + 1)
    return any(row in rows for row in touched)


def applied(source: Source, data: bytes, new: str) -> bytes:
    """The bytes of a file with a new text in place of that of `source`.

    Raises:
        SourceError: it cannot be put there: the encoding lacks a letter, or a cell holds what is no Python.
    """
    if not source.filename.endswith(".ipynb"):
        return encoded(data, new)
    from packlint.notebook import with_cells

    cells: dict[int, list[Hunk]] = {}
    for hunk in hunks(source.text, new):
        # A line that is put behind the last one of a cell stands above the first of the next.
        last = hunk.end if hunk.old else max(hunk.start, 1)
        cell, _ = source.locate(last)
        if cell is None or (hunk.old and source.locate(hunk.start + 1)[0] != cell):
            raise SourceError("not fixed: a change goes over two cells", "read")
        shift = source.row_of(cell, 1) - 1
        cells.setdefault(cell, []).append(replace(hunk, start=hunk.start - shift))
    return with_cells(data, cells)
