"""How many findings there are of each rule, in each folder or in each file, in place of the findings."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from packlint.findings import Finding
from packlint.report import Render, Shown, Style, total

FORMATS = ("full", "concise", "json")
"""The output formats that can show counts."""


def _rule(finding: Finding) -> dict[str, str]:
    return {"code": finding.code, "name": finding.name}


def _folder(finding: Finding) -> dict[str, str]:
    return {"folder": os.path.dirname(finding.filename) or finding.filename}  # standard input is in none


def _file(finding: Finding) -> dict[str, str]:
    return {"filename": finding.filename}


KEYS: Mapping[str, Callable[[Finding], dict[str, str]]] = {"rule": _rule, "folder": _folder, "file": _file}
"""What findings can be counted by, and what one has in the columns of it."""


def renderer(output_format: str, by: Sequence[str] = ("rule",)) -> Render:
    """The function that writes the counts by these keys: as JSON where that was asked for, else as lines."""
    return partial(_as_json if output_format == "json" else _as_lines, by)


def _counts(by: Sequence[str], shown: Sequence[Shown]) -> list[tuple[dict[str, str], int]]:
    """The columns of each group and how many it has; the largest first, then by the columns."""
    counter = Counter(tuple(column for key in by for column in KEYS[key](one.finding).items()) for one in shown)
    ordered = sorted(counter.items(), key=lambda row: (-row[1], row[0]))
    return [(dict(columns), count) for columns, count in ordered]


def _as_lines(by: Sequence[str], shown: Sequence[Shown], style: Style) -> str:
    rows = _counts(by, shown)
    width = len(str(rows[0][1])) if rows else 0
    lines = [
        "\t".join([f"{count:>{width}}", *(_cell(name, value, style) for name, value in columns.items())])
        for columns, count in rows
    ]
    return "\n".join([*lines, total(shown, style)]) + "\n"


def _cell(name: str, value: str, style: Style) -> str:
    if name == "code":
        return style.paint(value, "1;31")
    return value if name == "name" else style.name(value)


def _as_json(by: Sequence[str], shown: Sequence[Shown], _style: Style) -> str:
    import json  # the other formats need it not

    return json.dumps([{**columns, "count": count} for columns, count in _counts(by, shown)], indent=2) + "\n"
