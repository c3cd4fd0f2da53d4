"""What packlint says about a place in the code."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from packlint.plans import Fix


class Evidence(NamedTuple):
    """One fact that a finding rests on, and the place that shows it.

    `row` is 1-based; in a notebook it counts inside the cell `cell` (1-based among all cells).
    """

    filename: str
    row: int
    text: str
    cell: int | None = None


class Finding(NamedTuple):
    """A rule broken at a place.

    Rows and columns are 1-based and count characters; the end is exclusive. In a notebook the rows
    count inside the cell `cell` (1-based among all cells). `function` is the one it stands in, with its class.
    """

    code: str
    name: str
    message: str
    filename: str
    row: int
    column: int
    end_row: int
    end_column: int
    cell: int | None = None
    evidence: tuple[Evidence, ...] = ()
    fix: Fix | None = None
    function: str = ""

    @property
    def fixable(self) -> bool:
        """Whether a fix can be written, be it asked for or not."""
        return self.fix is not None and bool(self.fix.steps)

    @property
    def sort_key(self) -> tuple[str, int, int, int, str, str]:
        return (self.filename, self.cell or 0, self.row, self.column, self.code, self.message)
