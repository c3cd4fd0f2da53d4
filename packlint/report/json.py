"""A JSON array in the shape of ruff's, with the evidence of each finding."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence

from packlint.findings import Evidence, Finding
from packlint.plans import Edit, Fix
from packlint.report import Shown, Style
from packlint.rule_pages import page_url

SHOWS_EDITS = True


def render(shown: Sequence[Shown], _style: Style) -> str:
    """The array, indented, in ASCII so that every locale and every name of a file can carry it."""
    return json.dumps([as_object(one.finding) for one in shown], indent=2) + "\n"


def as_object(finding: Finding) -> dict[str, object]:
    """A finding as JSON knows it; rows and columns are 1-based and count characters."""
    return {
        "code": finding.code,
        "name": finding.name,
        "message": finding.message,
        "filename": finding.filename,
        "cell": finding.cell,
        "location": {"row": finding.row, "column": finding.column},
        "end_location": {"row": finding.end_row, "column": finding.end_column},
        "url": page_url(finding.code),
        "fix": None if finding.fix is None else _fix(finding.fix),
        "evidence": [_fact(fact) for fact in finding.evidence],
    }


def _fix(fix: Fix) -> dict[str, object]:
    return {
        "applicability": fix.applicability,
        "reason": fix.reason,
        "message": fix.message,
        "group": fix.group,
        "edits": [_edit(edit) for edit in fix.edits],
    }


def _edit(edit: Edit) -> dict[str, object]:
    known: dict[str, object] = {
        "content": edit.content,
        "location": {"row": edit.row, "column": edit.column},
        "end_location": {"row": edit.end_row, "column": edit.end_column},
    }
    return known if edit.cell is None else {**known, "cell": edit.cell}


def _fact(fact: Evidence) -> dict[str, object]:
    known: dict[str, object] = {"filename": os.path.abspath(fact.filename), "row": fact.row, "text": fact.text}
    # Only a notebook's row needs its cell; elsewhere the shape stays the three keys.
    return known if fact.cell is None else {**known, "cell": fact.cell}
