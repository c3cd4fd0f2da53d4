"""PCK402: `pad_packed_sequence` without `total_length`."""

from __future__ import annotations

from collections.abc import Iterator

from packlint.analysis.events import Event, Unpack
from packlint.rules import pck401
from packlint.rules.base import Report, Rule


def check(event: Event) -> Iterator[Report]:
    if not isinstance(event, Unpack) or event.total_length is not None or any(pck401.check(event)):
        return
    yield Report(
        f"`{event.site.text}` pads to the longest sequence of this batch; `total_length=` would state the width",
        (),
    )


RULE = Rule(
    code="PCK402",
    name="unstated-total-length",
    summary="`pad_packed_sequence` without `total_length`",
    effect="strict",
    on_by_default=False,
    what="",
    why="",
    before="",
    after="",
    fix_safety="No fix is applied yet.",
    when_to_silence="",
    check=check,
)
