"""How often each rule was broken, in place of the findings."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

from packlint.report import Render, Shown, Style, total


def renderer(output_format: str) -> Render:
    """The function that writes the counts: as JSON where that was asked for, else as lines."""
    return _as_json if output_format == "json" else _as_lines


def _counts(shown: Sequence[Shown]) -> list[tuple[str, str, int]]:
    """Code, name and count of each rule; the commonest first, then by code."""
    counter = Counter((one.finding.code, one.finding.name) for one in shown)
    return sorted(((code, name, count) for (code, name), count in counter.items()), key=lambda row: (-row[2], row[0]))


def _as_lines(shown: Sequence[Shown], style: Style) -> str:
    rows = _counts(shown)
    width = len(str(rows[0][2])) if rows else 0
    lines = [f"{count:>{width}}\t{style.paint(code, '1;31')}\t{name}" for code, name, count in rows]
    return "\n".join([*lines, total(shown, style)]) + "\n"


def _as_json(shown: Sequence[Shown], _style: Style) -> str:
    return json.dumps([{"code": c, "name": n, "count": count} for c, n, count in _counts(shown)], indent=2) + "\n"
