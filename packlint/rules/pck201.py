"""PCK201: `enforce_sorted` is True and nothing sorts by decreasing length."""

from __future__ import annotations

from collections.abc import Iterator

from packlint.analysis.events import Event, Pack
from packlint.rules.base import Report, Rule


def check(event: Event) -> Iterator[Report]:
    if not isinstance(event, Pack) or event.enforce_sorted is not True or event.caller is None:
        return
    if event.lengths is None or event.lengths.sort != "no":
        return
    yield Report(
        f"`{event.site.text}` raises on a batch that is not sorted by decreasing length, and nothing sorts it on the way; "
        "pass `enforce_sorted=False`",
        (event.caller, *event.lengths.facts),
    )


RULE = Rule(
    code="PCK201",
    name="unsorted-lengths",
    summary="`enforce_sorted` is True and nothing sorts by decreasing length",
    effect="breaks",
    on_by_default=True,
    what="",
    why="",
    before="",
    after="",
    fix_safety="No fix is applied yet.",
    when_to_silence="",
    check=check,
)
