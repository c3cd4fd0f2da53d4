"""A finding with the line it stands on, and with `--verbose` why it is one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from packlint.findings import Evidence
from packlint.report import Shown, Style, total

_TAB = 4


def render(shown: Sequence[Shown], style: Style) -> str:
    """A block a finding, apart by an empty line, and how many there are."""
    blocks = ["\n".join(_block(one, style)) for one in shown]
    return "\n\n".join([*blocks, total(shown, style)]) + "\n"


def _block(one: Shown, style: Style) -> Iterator[str]:
    finding = one.finding
    margin = " " * len(str(finding.row))
    bar, arrow = style.paint("|", "1;34"), style.paint("-->", "1;34")
    yield f"{style.paint(finding.code, '1;31')} {style.paint(finding.message, '1')}"
    yield f"{margin}{arrow} {style.place(finding)}"
    if one.line.strip():
        before, marked = _marked(one)
        yield f"{margin} {bar}"
        yield f"{style.paint(str(finding.row), '1;34')} {bar} {one.line.expandtabs(_TAB)}"
        yield f"{margin} {bar} {' ' * before}{style.paint('^' * marked, '1;31')}"
    if finding.fix is not None:
        mark, fix = style.paint("=", "1;34"), finding.fix
        yield f"{margin} {mark} fix ({fix.applicability}): {fix.message} ({fix.reason})"
    if style.verbose:
        yield from (f"{margin} {style.paint('=', '1;34')} {_because(fact, style)}" for fact in finding.evidence)


def _marked(one: Shown) -> tuple[int, int]:
    """How far from the left the carets begin, and how many there are; a finding's first line is marked alone."""
    start = min(one.finding.column - 1, len(one.line))
    one_row = one.finding.end_row == one.finding.row
    end = min(one.finding.end_column - 1, len(one.line)) if one_row else len(one.line.rstrip())
    before = _width(one.line[:start])
    return before, max(_width(one.line[:end]) - before, 1)


def _width(text: str) -> int:
    """How many places the text takes on a terminal, where Chinese characters take two."""
    expanded = text.expandtabs(_TAB)
    if expanded.isascii():
        return len(expanded)
    from unicodedata import combining, east_asian_width

    return sum(2 if east_asian_width(char) in "WF" else 0 if combining(char) else 1 for char in expanded)


def _because(fact: Evidence, style: Style) -> str:
    cell = "" if fact.cell is None else f"cell {fact.cell}:"
    return f"{style.name(fact.filename)}:{cell}{fact.row}: {fact.text}"
