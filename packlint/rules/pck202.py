"""PCK202: a batch sorted by hand for packing is not put back in order."""

from __future__ import annotations

from collections.abc import Iterator

from packlint.analysis.events import Event, Meet
from packlint.rules.base import Report, Rule


def check(event: Event) -> Iterator[Report]:
    if not isinstance(event, Meet) or event.permutation is None or event.how not in WHAT:
        return
    yield Report(
        f"`{event.site.text}`: the batch is sorted by length, and {WHAT[event.how]}; pack with `enforce_sorted=False` "
        "instead of the sort, or put every result back into the original order",
        (event.permutation.fact,),
    )


WHAT = {
    "order": "its results meet values in the original order, so that rows of different samples are mixed",
    "initial state": "its initial state is in the original order, so that each sample starts from the state of another",
    "returned": "its results are returned in the sorted order, without the order that would undo it",
}


RULE = Rule(
    code="PCK202",
    name="batch-left-sorted",
    summary="a batch sorted by hand for packing is not put back in order",
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
