"""Annotations for GitHub's workflows."""

from __future__ import annotations

from collections.abc import Sequence

from packlint.report import Shown, Style


def render(shown: Sequence[Shown], style: Style) -> str:
    """One `::error` command a finding, as GitHub documents it for workflow commands."""
    return "".join(_command(one, style) + "\n" for one in shown)


def _command(one: Shown, style: Style) -> str:
    finding = one.finding
    properties = {
        "title": f"packlint ({finding.code})",
        "file": finding.filename,
        # A row inside a notebook's cell is no line of the file.
        "line": finding.row if finding.cell is None else 1,
        "col": finding.column if finding.cell is None else 1,
    }
    if finding.cell is None:
        properties |= {"endLine": finding.end_row, "endColumn": finding.end_column}
    joined = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items())
    return f"::error {joined}::{_text(f'{style.place(finding)}: {finding.code} {finding.message}')}"


def _text(value: str) -> str:
    return value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: str) -> str:
    return _text(value).replace(":", "%3A").replace(",", "%2C")
