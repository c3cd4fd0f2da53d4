"""From findings and their fixes to what is to be run: one subject for each class, before and after."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from packlint.analysis.events import Event as AnyEvent
from packlint.analysis.events import GatherRead, Meet, Pack, PackedUse, Pool, RnnCall, StateRead, StepRead, Unpack
from packlint.analysis.events import Site as Where
from packlint.analysis.values import Object, Packed, Tensor, number, truth
from packlint.engine import Checked, Task, forget, project_of
from packlint.fixing import Fixed, Job, fix_file, place, wanted
from packlint.plans import BatchFirst, BatchToFront, FinalState, MaskedPool, PackCall, Span
from packlint.rules import all_rules
from packlint.selection import ALWAYS_ON
from packlint.source import SourceError, read_bytes, read_source
from packlint.verify.evidence import Layer, Place, Site, Spot, Subject
from packlint.verify.words import calls_of, trees_near, words_of

if TYPE_CHECKING:
    from packlint.analysis.project import Project
    from packlint.findings import Finding
    from packlint.source import Source

Kind = Literal["state", "pool", "value"]
UNSEEN = "nothing is known of what runs there"
"""The reason of findings without a site."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A file with its subjects. fixed: what its fixes made of it. told: the findings of each subject, a site each.

    unseen: findings without a site, of which nothing can be run; with each whether it is gone from what was made.
    """

    subjects: tuple[Subject, ...]
    fixed: Fixed | None
    told: tuple[tuple[Finding | None, ...], ...] = ()
    unseen: tuple[tuple[Finding, bool], ...] = ()


def planned(
    task: Task,
    checked: Checked,
    data: bytes,
    wanted_class: str | None,
    unsafe: bool = True,
    left: frozenset[Finding] = frozenset(),
) -> Planned:
    """What is to be run of a file: its findings with the fixes made in memory, else every recurrent layer.

    left: findings whose fix is not to be made.
    """
    fixed = None
    kept = tuple(finding for finding in checked.findings if finding not in left)
    if any(wanted(finding, unsafe) for finding in kept):
        known = (*checked.known, *(finding.code for finding in checked.findings if finding in left))
        fixed = fix_file(Job(task, data, kept, unsafe, known))
    forget()
    source = read_source(task.path, data)
    events, project = _events(task, source)
    made = [one for one in kept if wanted(one, unsafe)]
    rewritten = _gone(checked.findings, fixed, made)
    before = source.text
    after_source = read_source(task.path, fixed.data) if fixed is not None and rewritten else None
    layers = [*_layers(events)]
    by_owner: dict[str | None, list[tuple[Site, bool, Finding | None]]] = {}
    unseen = [finding for finding in checked.findings if finding.code not in ALWAYS_ON]
    for finding, event in _spoken(events, checked.findings, source):
        if finding in unseen:
            unseen.remove(finding)
        owner = owner_of(finding.function)
        if wanted_class is None or owner == wanted_class:
            site = _site(finding, event, events, source)
            by_owner.setdefault(owner, []).append((site, finding in rewritten, finding))
    if not checked.findings:
        for site in _as_it_stands(events, source):
            owner = owner_of(site.function)
            if wanted_class is None or owner == wanted_class:
                by_owner.setdefault(owner, []).append((site, False, None))
    read = () if after_source is None else tuple(reads(task, after_source))
    subjects, told = [], []
    trees = trees_near(project, task.path) if by_owner else []
    words = words_of(trees)
    for owner, sites in by_owner.items():
        calls = calls_of(trees, owner) if owner is not None else ()
        for flag in (True, False):  # what is rewritten, and what only stands there
            some = tuple(site for site, done, _ in sites if done == flag)
            if some:
                after = after_source.text if flag and after_source is not None else None
                subjects.append(Subject(task.path, task.root, owner, before, after, some, tuple(layers),
                                        read if flag else (), words, calls))  # fmt: skip
                told.append(tuple(finding for _, done, finding in sites if done == flag))
    if wanted_class is not None:
        unseen = [finding for finding in unseen if owner_of(finding.function) == wanted_class]
    return Planned(tuple(subjects), fixed, tuple(told), tuple((finding, finding in rewritten) for finding in unseen))


def plan(asked: tuple[Task, Checked, str | None]) -> Planned | str:
    """What is to be run of a file that was checked, or of the class that is wanted; a text is why that fails."""
    task, checked, wanted_class = asked
    try:
        data = checked.data if checked.data is not None else read_bytes(task.path)
        return planned(task, checked, data, wanted_class)
    except SourceError as error:
        return str(error)
    except OSError as error:
        return error.strerror or str(error)
    except Exception as error:  # a bug in one file must not cost the others
        return f"not verified: {type(error).__name__}: {' '.join(str(error).split())[:200]}"


def _gone(findings: Sequence[Finding], fixed: Fixed | None, kept: Sequence[Finding]) -> list[Finding]:
    """The findings that the rewrite did away with, by their own fix or with that of another.

    kept: those whose fix was to be made. What is found in the new text is one of those before, by its place, else,
    where the rewrite has changed the code that it quotes, by its rule: then one whose fix was not made.
    """
    if fixed is None or fixed.error is not None or fixed.checked is None:
        return []
    left = Counter(place(finding) for finding in fixed.checked.findings)
    gone = []
    for finding in findings:
        if left[place(finding)]:
            left[place(finding)] -= 1
        else:
            gone.append(finding)
    codes: Counter[str] = Counter()
    for (code, _), count in left.items():
        codes[code] += count
    for finding in sorted(gone, key=lambda one: one in kept):
        if codes[finding.code]:
            codes[finding.code] -= 1
            gone.remove(finding)
    return gone


def owner_of(function: str) -> str | None:
    """The class of a method; None of a function that stands alone."""
    return function.rpartition(".")[0] or None


def _events(task: Task, source: Source) -> tuple[list[AnyEvent], Project]:
    project = project_of(task.root, task.facts)
    return project.events(project.add(source)), project


def _spoken(
    events: Sequence[AnyEvent], findings: Sequence[Finding], source: Source
) -> Iterator[tuple[Finding, AnyEvent]]:
    """The event that each finding speaks of."""
    left = {(one.code, source.row_of(one.cell, one.row), one.column): one for one in findings}
    for code, rule in all_rules().items():
        for event in events:
            if rule.check is None or not any(key[0] == code for key in left):
                continue
            for report in rule.check(event):
                node = (report.site or event.site).node
                row = getattr(node, "lineno", 1)
                key = (code, row, source.column(row, getattr(node, "col_offset", 0)))
                if key in left:
                    yield left.pop(key), event


def spot_of(node: ast.AST, source: Source) -> Spot:
    row, end_row = getattr(node, "lineno", 1), getattr(node, "end_lineno", 1) or 1
    end = getattr(node, "end_col_offset", 0) or 0
    return Spot(row, source.column(row, getattr(node, "col_offset", 0)) - 1, end_row, source.column(end_row, end) - 1)


def _spot(span: Span) -> Spot:
    return Spot(span.row, span.column, span.end_row, span.end_column)


def _site(finding: Finding, event: AnyEvent, events: Sequence[AnyEvent], source: Source) -> Site:
    steps = finding.fix.steps if finding.fix is not None else ()
    calls = {spot_of(call.site.node, source) for call in _calls(event, events) if call.site.module is event.site.module}
    places: dict[Spot, Kind] = {}
    rows = (source.row_of(finding.cell, row) for row in (finding.row, finding.end_row))
    here = Spot(next(rows), finding.column - 1, next(rows), finding.end_column - 1)
    if finding.code in {"PCK301", "PCK302", "PCK303"}:
        places[here] = "state"
    elif finding.code == "PCK304":
        places[here] = "pool"
    for step in steps:
        if isinstance(step, FinalState) and finding.code not in {"PCK101", "PCK102"}:
            places[_spot(step.at)] = "state"
        elif isinstance(step, MaskedPool):
            places[_spot(step.at)] = "pool"
        elif isinstance(step, BatchToFront):
            places[_spot(step.at)] = "state"
    layout = next((step.batch_first for step in steps if isinstance(step, BatchFirst | PackCall)), None)
    return Site(
        finding.row,
        finding.code,
        finding.function,
        here,
        tuple(sorted(calls, key=lambda one: (one.row, one.column))),
        tuple(Place(spot, kind) for spot, kind in places.items()),
        tuple(type(step).__name__ for step in steps),
        layout,
        finding.cell,
        any(isinstance(one, ast.keyword) and one.arg == "total_length" for one in ast.walk(event.site.function.node)),
    )


def _calls(event: AnyEvent, events: Sequence[AnyEvent]) -> Iterator[RnnCall]:
    """The calls of layers that an event is about."""
    if isinstance(event, RnnCall):
        yield event
    elif isinstance(event, StepRead | GatherRead | StateRead | Pool) and event.tensor.call is not None:
        yield event.tensor.call
    elif isinstance(event, Unpack) and isinstance(event.packed, Packed) and event.packed.tensor.call is not None:
        yield event.packed.tensor.call
    elif isinstance(event, Meet):
        for value in (event.left, event.right):
            if isinstance(value, Tensor) and value.call is not None:
                yield value.call
    elif isinstance(event, Pack | PackedUse):
        function = event.site.function
        yield from (one for one in events if isinstance(one, RnnCall) and one.packed and one.site.function is function)


def _as_it_stands(events: Sequence[AnyEvent], source: Source) -> Iterator[Site]:
    """Every recurrent layer that is called in the file, with what is read of it."""
    seen: set[Spot] = set()
    for call in events:
        if not isinstance(call, RnnCall) or call.site.module.source is not source:
            continue
        spot = spot_of(call.site.node, source)
        if spot in seen:
            continue
        seen.add(spot)
        cell, row = source.locate(spot.row)
        yield Site(row, None, _function(call.site), spot, (spot,), cell=cell)


def _function(site: Where) -> str:
    owner = site.function.owner
    return f"{owner.name}.{site.function.name}" if owner is not None else site.function.name


def reads(task: Task, source: Source) -> Iterator[Place]:
    """What a text reads of its layers: states, steps, poolings."""
    forget()
    events, _ = _events(task, source)
    seen: set[Spot] = set()
    for event in events:
        if isinstance(event, StepRead | GatherRead | StateRead | Pool) and event.site.module.source is source:
            spot = spot_of(event.site.node, source)
            if spot not in seen:
                seen.add(spot)
                yield Place(spot, "pool" if isinstance(event, Pool) else "state")
    forget()


def _layers(events: Sequence[AnyEvent]) -> Iterator[Layer]:
    """What the code shows of each layer that is called."""
    seen: set[Spot] = set()
    for call in events:
        if not isinstance(call, RnnCall):
            continue
        spot = spot_of(call.site.node, call.site.module.source)
        if spot in seen:
            continue
        seen.add(spot)
        options = call.layer.options if isinstance(call.layer, Object) else {}
        input_size, hidden_size = (number(options.get(name)) for name in ("input_size", "hidden_size"))
        yield Layer(
            spot,
            tuple(sorted(call.layer.names)),
            call.batch_first if call.batch_first is not None else truth(options.get("batch_first")),
            call.bidirectional if call.bidirectional is not None else truth(options.get("bidirectional")),
            number(options.get("num_layers")),
            sizes=None if input_size is None or hidden_size is None else (input_size, hidden_size),
        )
