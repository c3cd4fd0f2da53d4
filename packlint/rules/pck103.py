"""PCK103: a PackedSequence is used as a tensor."""

from __future__ import annotations

from collections.abc import Iterator

from packlint.analysis.events import Event, PackedUse
from packlint.rules.base import Report, Rule


def check(event: Event) -> Iterator[Report]:
    if not isinstance(event, PackedUse):
        return
    yield Report(
        f"`{event.site.text}`: a PackedSequence {event.how} is an error, for it is no tensor but a tuple of four fields; "
        "unpack it with `pad_packed_sequence`, or use its `.data` for what works step by step",
        (event.fact,),
    )


RULE = Rule(
    code="PCK103",
    name="packed-used-as-tensor",
    summary="a PackedSequence is used as a tensor",
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
