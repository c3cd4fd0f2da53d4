"""PCK105: an RNN computes padded steps that nothing reads."""

from __future__ import annotations

from collections.abc import Iterator

from packlint.analysis.events import Event, RnnCall
from packlint.rules.padded import call_facts, padded, wrong
from packlint.rules.base import Report, Rule


def check(event: Event) -> Iterator[Report]:
    if not isinstance(event, RnnCall) or not padded(event) or wrong(event) is not None or not event.uses:
        return
    if event.bidirectional is not False:
        return
    yield Report(
        f"`{event.site.text}` computes steps of padding that nothing reads: the results are right, and packing may save "
        "the time",
        call_facts(event),
    )


RULE = Rule(
    code="PCK105",
    name="padded-steps-computed",
    summary="an RNN computes padded steps that nothing reads",
    effect="waste",
    on_by_default=False,
    what="",
    why="",
    before="",
    after="",
    fix_safety="No fix is applied yet.",
    when_to_silence="",
    check=check,
)
