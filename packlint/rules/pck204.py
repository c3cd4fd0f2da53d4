"""PCK204: lengths are handed to pack on the accelerator."""

from __future__ import annotations

from collections.abc import Iterator

from packlint.analysis.events import Event, Pack
from packlint.rules.base import Report, Rule


def check(event: Event) -> Iterator[Report]:
    if not isinstance(event, Pack) or event.lengths is None:
        return
    if event.lengths.device != "accel" or event.lengths.form != "tensor":
        return
    yield Report(
        f"`{event.site.text}` raises when the lengths lie on the accelerator, for `pack_padded_sequence` takes them on the "
        "CPU alone; pass `lengths.cpu()`",
        event.lengths.device_facts,
    )


RULE = Rule(
    code="PCK204",
    name="lengths-on-device",
    summary="lengths are handed to pack on the accelerator",
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
