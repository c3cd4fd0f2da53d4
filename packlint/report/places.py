"""Where findings stand, for programs that read reports: paths in the repository, and rows of the file."""

from __future__ import annotations

import os

from packlint.report import Style, lies_in


def checkout(style: Style, variable: str) -> str:
    """The folder of the repository that a CI service names by a variable; the run's own where it is outside of that."""
    named = os.path.abspath(os.environ.get(variable) or style.folder)
    return named if lies_in(style.folder, named) else style.folder


def in_cell(text: str, cell: int | None, row: int) -> str:
    """A message with the place in a notebook in front, which a row of the file does not show."""
    return text if cell is None else f"cell {cell}, row {row}: {text}"


class Rows:
    """In which row of its file a place stands: in a notebook that is another than its row in the cell."""

    def __init__(self) -> None:
        self._cells: dict[tuple[str, int], list[int]] = {}

    def row(self, filename: str, cell: int | None, row: int) -> int:
        """The row, counted from 1; the first where the file does not say, which may have come by standard input."""
        if cell is None:
            return row
        if (filename, cell) not in self._cells:
            self._cells[filename, cell] = _rows(filename, cell)
        return next(iter(self._cells[filename, cell][row - 1 : row]), 1)


def _rows(filename: str, cell: int) -> list[int]:
    from packlint.notebook import file_rows  # only notebooks pay for it

    try:
        with open(filename, "rb") as file:
            return file_rows(file.read(), cell)
    except (OSError, ValueError, LookupError, TypeError):
        return []
