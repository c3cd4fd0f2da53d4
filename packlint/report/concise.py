"""One line a finding."""

from __future__ import annotations

from collections.abc import Sequence

from packlint.report import Shown, Style, total


def render(shown: Sequence[Shown], style: Style) -> str:
    """`file:row:column: CODE message`, and how many there are."""
    lines = [_line(one, style) for one in shown]
    return "\n".join([*lines, total(shown, style)]) + "\n"


def _line(one: Shown, style: Style) -> str:
    message = " ".join(one.finding.message.split())
    return f"{style.place(one.finding)}: {style.paint(one.finding.code, '1;31')} {message}"
