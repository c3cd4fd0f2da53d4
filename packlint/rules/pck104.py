"""PCK104: a batch padded on the left is packed as though it were padded on the right."""

from __future__ import annotations

from collections.abc import Iterator

from packlint.analysis.events import Event, Pack
from packlint.rules.base import Report, Rule


def check(event: Event) -> Iterator[Report]:
    if not isinstance(event, Pack) or event.tensor.pad is None or event.tensor.pad.side != "left":
        return
    yield Report(
        f"`{event.site.text}` keeps the first steps of each row, and this batch is padded on the left: padding is kept and "
        "real steps are cut off; pad on the right before packing",
        event.tensor.pad.facts,
    )


RULE = Rule(
    code="PCK104",
    name="left-padding-packed",
    summary="a batch padded on the left is packed as though it were padded on the right",
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
