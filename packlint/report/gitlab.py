"""A report for GitLab's Code Quality (https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format)."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence

from packlint.findings import Finding
from packlint.identity import fingerprints
from packlint.report import Shown, Style, lies_in
from packlint.report.places import Rows, checkout, in_cell
from packlint.rule_pages import level

_SEVERITIES = {"error": "major", "warning": "minor", "note": "info"}


def render(shown: Sequence[Shown], style: Style) -> str:
    """A JSON array, an object a finding; paths are relative to the repository, which CI_PROJECT_DIR names."""
    root, rows = checkout(style, "CI_PROJECT_DIR"), Rows()
    known_by = fingerprints(((one.finding, one.line) for one in shown), root)
    objects = [_issue(one.finding, word, root, rows) for one, word in zip(shown, known_by, strict=True)]
    return json.dumps(objects, indent=2) + "\n"


def _issue(finding: Finding, fingerprint: str, root: str, rows: Rows) -> dict[str, object]:
    inside = lies_in(finding.filename, root)
    path = os.path.relpath(finding.filename, root) if inside else finding.filename
    begin, end = (rows.row(finding.filename, finding.cell, row) for row in (finding.row, finding.end_row))
    return {
        # GitLab shows no check_name.
        "description": f"{finding.code}: {in_cell(finding.message, finding.cell, finding.row)}",
        "check_name": finding.code,
        "fingerprint": fingerprint,
        "severity": _SEVERITIES[level(finding.code)],
        "location": {"path": path.replace(os.sep, "/"), "lines": {"begin": begin, "end": end}},
    }
