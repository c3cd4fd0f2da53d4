"""One line a finding."""

from __future__ import annotations

from collections.abc import Sequence

from packlint.report import Shown, Style, total


def render(shown: Sequence[Shown], style: Style) -> str:
    """`file:row:column: CODE message`, and how many there are."""
    lines = [f"{style.place(one.finding)}: {_code(one, style)} {one.finding.message}" for one in shown]
    return "\n".join([*lines, total(len(shown))]) + "\n"


def _code(one: Shown, style: Style) -> str:
    return style.paint(one.finding.code, "1;31")
