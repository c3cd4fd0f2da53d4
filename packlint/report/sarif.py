"""SARIF 2.1.0, for code scanning pages and editors (https://docs.oasis-open.org/sarif/sarif/v2.1.0/)."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias
from urllib.parse import quote

from packlint import __version__
from packlint.findings import Evidence
from packlint.identity import fingerprints
from packlint.plans import Edit
from packlint.report import Shown, Style, lies_in
from packlint.report.places import Rows, checkout, in_cell
from packlint.rule_pages import LEVELS, REPOSITORY, level, page, page_url, sentence
from packlint.rules import all_rules
from packlint.rules.base import Rule

SHOWS_EDITS = True

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_ROOT = "%SRCROOT%"
_FINGERPRINT = "packlint/v1"
_SEVERITIES = {"error": "error", "warning": "warning", "note": "recommendation"}
"""What GitHub calls the levels of rules that are not about security."""

Object: TypeAlias = dict[str, object]


def render(shown: Sequence[Shown], style: Style) -> str:
    """A log of one run, indented, in ASCII so that every locale can carry it."""
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [_Run(style).as_object(shown)]}
    return json.dumps(log, indent=2) + "\n"


class _Run:
    """One run; paths are relative to the repository, which GITHUB_WORKSPACE names, or to the working folder."""

    def __init__(self, style: Style) -> None:
        self._style = style
        self._root = checkout(style, "GITHUB_WORKSPACE")
        self._rows = Rows()
        self._rules = all_rules()
        self._index = {code: index for index, code in enumerate(self._rules)}

    def as_object(self, shown: Sequence[Shown]) -> Object:
        known_by = fingerprints(((one.finding, one.line) for one in shown), self._root)
        driver = {
            "name": "packlint",
            "version": __version__,
            "informationUri": REPOSITORY,
            "rules": [_rule(rule) for rule in self._rules.values()],
        }
        return {
            "tool": {"driver": driver},
            "invocations": [self._invocation()],
            "originalUriBaseIds": {_ROOT: {"uri": _folder_uri(self._root)}},
            "columnKind": "unicodeCodePoints",
            "results": [self._result(one, word) for one, word in zip(shown, known_by, strict=True)],
        }

    def _invocation(self) -> Object:
        """How the run went. GitHub refuses the report of one that failed: what it lacks would count as mended there."""
        said = [{"level": "error", "message": _text(line)} for line in self._style.failures]
        return {
            "executionSuccessful": not self._style.failed,
            "workingDirectory": {"uri": _folder_uri(self._style.folder)},
            "toolExecutionNotifications": said,
        }

    def _result(self, one: Shown, fingerprint: str) -> Object:
        finding = one.finding
        place = {
            "physicalLocation": {"artifactLocation": self._artifact(finding.filename), **self._regions(one)},
            "logicalLocations": [{"fullyQualifiedName": finding.function}] if finding.function else [],
        }
        message = _text(in_cell(finding.message, finding.cell, finding.row))
        result: Object = {
            "ruleId": finding.code,
            "ruleIndex": self._index[finding.code],
            "level": level(finding.code),
            "message": message,
            "locations": [place],
            "partialFingerprints": {_FINGERPRINT: fingerprint},
        }
        if finding.evidence:
            steps = [*map(self._fact, finding.evidence), {**place, "message": message}]
            result["codeFlows"] = [{"threadFlows": [{"locations": [{"location": step} for step in steps]}]}]
        if finding.fix is not None:
            fix = finding.fix
            result["properties"] = {
                "fix": {"applicability": fix.applicability, "reason": fix.reason, "message": fix.message}
            }
            if fix.edits and finding.cell is None:  # in a notebook an edit is of a cell, and no edit of the file
                change = {
                    "artifactLocation": self._artifact(finding.filename),
                    "replacements": [_replacement(edit) for edit in fix.edits],
                }
                result["fixes"] = [{"description": _text(fix.message), "artifactChanges": [change]}]
        return result

    def _regions(self, one: Shown) -> Object:
        """Where a finding stands in its file, and what stands there where that is in one row, with the rest of it."""
        finding = one.finding
        if finding.cell is not None:  # columns of its code are none of its JSON
            begin, end = (self._rows.row(finding.filename, finding.cell, row) for row in (finding.row, finding.end_row))
            return {"region": {"startLine": begin, "endLine": end}}
        region = _span(finding.row, finding.column, finding.end_row, finding.end_column)
        snippet = one.line[finding.column - 1 : finding.end_column - 1]
        if finding.row != finding.end_row or not snippet:
            return {"region": region}
        regions: Object = {"region": {**region, "snippet": _text(snippet)}}
        if snippet != one.line:
            regions["contextRegion"] = {"startLine": finding.row, "snippet": _text(one.line)}
        return regions

    def _fact(self, fact: Evidence) -> Object:
        filename = os.path.abspath(fact.filename)
        return {
            "physicalLocation": {
                "artifactLocation": self._artifact(filename),
                "region": {"startLine": self._rows.row(filename, fact.cell, fact.row)},
            },
            "message": _text(in_cell(fact.text, fact.cell, fact.row)),
        }

    def _artifact(self, filename: str) -> Object:
        if lies_in(filename, self._root):
            return {"uri": _quoted(os.path.relpath(filename, self._root)), "uriBaseId": _ROOT}
        return {"uri": Path(filename).as_uri() if os.path.isabs(filename) else _quoted(filename)}


def _rule(rule: Rule) -> Object:
    severity = LEVELS[rule.effect]
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": _text(sentence(rule.summary)),
        "fullDescription": _text(rule.what),
        "help": {"text": f"{rule.what}\n\n{rule.why}\n\n{rule.when_to_silence}", "markdown": page(rule)},
        "helpUri": page_url(rule.code),
        "defaultConfiguration": {"enabled": rule.on_by_default, "level": severity},
        "properties": {"tags": [rule.effect], "problem.severity": _SEVERITIES[severity]},
    }


def _replacement(edit: Edit) -> Object:
    deleted: Object = {"deletedRegion": _span(edit.row, edit.column, edit.end_row, edit.end_column)}
    return {**deleted, "insertedContent": _text(edit.content)} if edit.content else deleted


def _span(row: int, column: int, end_row: int, end_column: int) -> Object:
    return {"startLine": row, "startColumn": column, "endLine": end_row, "endColumn": end_column}


def _text(text: str) -> Object:
    """A message; half a surrogate pair, which a notebook or the name of a file can hold, is no Unicode."""
    return {"text": text.encode("utf-8", "replace").decode()}


def _folder_uri(folder: str) -> str:
    return Path(folder).as_uri().rstrip("/") + "/"


def _quoted(relative: str) -> str:
    return quote(os.fsencode(relative.replace(os.sep, "/")), safe="/")
