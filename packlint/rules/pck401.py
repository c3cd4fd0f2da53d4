"""PCK401: `pad_packed_sequence` without `total_length` where widths have to agree."""

from __future__ import annotations

from collections.abc import Iterator

from packlint.analysis.events import Event, Unpack
from packlint.rules.base import Report, Rule


def check(event: Event) -> Iterator[Report]:
    if not isinstance(event, Unpack) or event.total_length is not None:
        return
    if event.data_parallel is not None and "returned" in event.uses:
        yield Report(
            f"`{event.site.text}` pads to the longest sequence of its own part of the batch, and the module runs under "
            "DataParallel: the parts do not fit together again; take the padded size before packing and pass it as "
            "`total_length`",
            (event.data_parallel, event.uses["returned"]),
        )
    elif "width" in event.uses:
        yield Report(
            f"`{event.site.text}` pads to the longest sequence of the batch, and its output meets a tensor of the original "
            "padded size, which can be larger; pass that size as `total_length`",
            (event.uses["width"],),
        )


RULE = Rule(
    code="PCK401",
    name="missing-total-length",
    summary="`pad_packed_sequence` without `total_length` where widths have to agree",
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
