"""PCK101: an RNN runs over a padded batch although its lengths are at hand."""

from __future__ import annotations

from collections.abc import Iterator

from packlint.analysis.events import Event, RnnCall
from packlint.rules.padded import at_hand_for, call_facts, padded, wrong
from packlint.rules.base import Report, Rule


def check(event: Event) -> Iterator[Report]:
    if not isinstance(event, RnnCall) or not padded(event):
        return
    hand = at_hand_for(event)
    consequence = wrong(event)
    if hand is None or consequence is None:
        return
    yield Report(
        f"`{event.site.text}` runs over the padding, although the {hand.kind} `{hand.name}` is at hand: {consequence}; "
        "pack the batch with `pack_padded_sequence(..., enforce_sorted=False)` and unpack the output",
        call_facts(event),
    )


RULE = Rule(
    code="PCK101",
    name="unpacked-batch",
    summary="an RNN runs over a padded batch although its lengths are at hand",
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
