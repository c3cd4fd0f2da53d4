"""Annotations for GitHub's workflows."""

from __future__ import annotations

from collections.abc import Sequence

from packlint.findings import Finding
from packlint.report import Shown, Style
from packlint.report.places import Rows


def render(shown: Sequence[Shown], style: Style) -> str:
    """One `::error` command a finding, as GitHub documents it for workflow commands."""
    rows = Rows()
    return "".join(_command(one.finding, style, rows) + "\n" for one in shown)


def _command(finding: Finding, style: Style, rows: Rows) -> str:
    row = rows.row(finding.filename, finding.cell, finding.row)
    properties = {"title": f"packlint ({finding.code})", "file": finding.filename, "line": row, "col": finding.column}
    if finding.cell is None:
        properties |= {"endLine": finding.end_row, "endColumn": finding.end_column}
    else:  # a column of a cell's code is none of the notebook's JSON
        properties["col"] = 1
    joined = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items())
    return f"::error {joined}::{_text(f'{style.place(finding)}: {finding.code} {finding.message}')}"


def _text(value: str) -> str:
    return value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: str) -> str:
    return _text(value).replace(":", "%3A").replace(",", "%2C")
