"""PCK203: a batch is sorted by hand where `enforce_sorted=False` does it."""

from __future__ import annotations

from collections.abc import Iterator

from packlint.analysis.events import Event, Pack
from packlint.rules.base import Report, Rule


def check(event: Event) -> Iterator[Report]:
    if not isinstance(event, Pack) or event.by_hand is None or not event.by_hand.by_lengths:
        return
    node = event.site.function.node
    first, last = getattr(node, "lineno", 1), getattr(node, "end_lineno", None) or 0
    if event.by_hand.fact.filename != event.site.module.filename or not first <= event.by_hand.fact.row <= last:
        return
    yield Report(
        f"`{event.site.text}`: the batch is sorted by hand; `enforce_sorted=False` sorts it and puts the results back",
        (event.by_hand.fact,),
    )


RULE = Rule(
    code="PCK203",
    name="manual-sort",
    summary="a batch is sorted by hand where `enforce_sorted=False` does it",
    effect="style",
    on_by_default=False,
    what="",
    why="",
    before="",
    after="",
    fix_safety="No fix is applied yet.",
    when_to_silence="",
    check=check,
)
