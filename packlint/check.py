"""One file, every rule: from a source to its findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packlint.findings import Evidence, Finding
from packlint.rules import all_rules
from packlint.source import Source, SourceError

if TYPE_CHECKING:
    from packlint.analysis.events import Event, Fact, Site
    from packlint.analysis.project import Project
    from packlint.plans import Fix
    from packlint.rules.base import Report, Rule


def check_source(source: Source, project: Project, codes: frozenset[str]) -> list[Finding]:
    """The findings of one file for the given codes, unsorted and without regard to comments that suppress."""
    findings = [_syntax(source, error) for error in source.broken_cells] if "PCK001" in codes else []
    try:
        module = project.add(source)
    except SourceError as error:
        return [*findings, _syntax(source, error)] if "PCK001" in codes else findings
    events = project.events(module)
    found: dict[tuple[str, tuple[str, int, int]], Finding] = {}
    for code, rule in all_rules().items():
        if code not in codes or rule.check is None:
            continue
        for event in events:
            try:
                for report in rule.check(event):
                    site = report.site or event.site
                    if site.module is module and (code, site.key) not in found:
                        fix = _planned(rule, event, events)
                        found[code, site.key] = _finding(rule, report, site, project, fix)
            except Exception as error:  # a rule that fails must not hide the other findings
                failure = _failed(rule, event, error, source)
                found.setdefault(("PCK000", (code, 0, 0)), failure)
    return [*findings, *found.values()]


def _planned(rule: Rule, event: Event, events: list[Event]) -> Fix | None:
    """The fix of what a rule reports, if it has one."""
    fix = rule.plan(event, events) if rule.plan is not None else None
    if fix is None:
        return None
    from packlint.planning import unless_exported

    return unless_exported(fix, event.site)


def _finding(rule: Rule, report: Report, site: Site, project: Project, fix: Fix | None) -> Finding:
    row, column, end_row, end_column = _span(site)
    source = site.module.source
    cell, inner = source.locate(row)
    end = source.locate(end_row)[1]
    evidence = tuple(dict.fromkeys(_evidence(fact, project) for fact in report.facts))
    owner = site.function.owner
    function = f"{owner.name}.{site.function.name}" if owner is not None else site.function.name
    place = (source.filename, inner, column, end, end_column, cell)
    return Finding(rule.code, rule.name, report.message, *place, evidence, fix, function)


def _span(site: Site) -> tuple[int, int, int, int]:
    """1-based rows and columns in characters, from the positions in bytes that `ast` gives."""
    node, source = site.node, site.module.source
    row = getattr(node, "lineno", 1)
    end_row = getattr(node, "end_lineno", None) or row
    end = getattr(node, "end_col_offset", None) or 0
    return row, source.column(row, getattr(node, "col_offset", 0)), end_row, source.column(end_row, end)


def _evidence(fact: Fact, project: Project) -> Evidence:
    module = project.module(fact.filename)
    cell, row = module.source.locate(fact.row) if module is not None else (None, fact.row)
    return Evidence(fact.filename, row, fact.text, cell)


def _syntax(source: Source, error: SourceError) -> Finding:
    return Finding(
        "PCK001",
        "syntax-error",
        str(error),
        source.filename,
        error.row,
        error.column,
        error.row,
        error.column,
        error.cell,
    )


def _failed(rule: Rule, event: Event, error: Exception, source: Source) -> Finding:
    cell, row = source.locate(getattr(event.site.node, "lineno", 1))
    message = f"{rule.code} failed on this line: {type(error).__name__}: {' '.join(str(error).split())[:200]}"
    return Finding("PCK000", "rule-failed", message, source.filename, row, 1, row, 1, cell)
