"""PCK102: an RNN runs over a padded batch, and its lengths do not reach the function."""

from __future__ import annotations

from collections.abc import Iterator

from packlint.analysis.events import Event, RnnCall
from packlint.rules.padded import at_hand_for, call_facts, padded, wrong
from packlint.rules.base import Report, Rule


def check(event: Event) -> Iterator[Report]:
    if not isinstance(event, RnnCall) or not padded(event):
        return
    consequence = wrong(event)
    if at_hand_for(event) is not None or consequence is None:
        return
    yield Report(
        f"`{event.site.text}` runs over the padding: {consequence}; hand the lengths to this function and pack the batch "
        "with `pack_padded_sequence(..., enforce_sorted=False)`",
        call_facts(event),
    )


RULE = Rule(
    code="PCK102",
    name="unpacked-batch-without-lengths",
    summary="an RNN runs over a padded batch, and its lengths do not reach the function",
    effect="wrong",
    on_by_default=True,
    what="",
    why="",
    before="",
    after="",
    fix_safety="No fix is applied yet.",
    when_to_silence="",
    check=check,
)
