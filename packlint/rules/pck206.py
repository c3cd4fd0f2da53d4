"""PCK206: lengths counted from a mask can be zero."""

from __future__ import annotations

from collections.abc import Iterator

from packlint.analysis.events import Event, Pack
from packlint.rules.base import Report, Rule


def check(event: Event) -> Iterator[Report]:
    if not isinstance(event, Pack) or event.lengths is None or event.lengths.counted not in {"mask", "pad"}:
        return
    yield Report(
        f"`{event.site.text}` raises on a length of zero, and these lengths are counted from a mask or from pad ids: a row "
        "of padding alone has none; drop such rows before packing",
        event.lengths.facts,
    )


RULE = Rule(
    code="PCK206",
    name="possible-zero-length",
    summary="lengths counted from a mask can be zero",
    effect="breaks",
    on_by_default=False,
    what="",
    why="",
    before="",
    after="",
    fix_safety="No fix is applied yet.",
    when_to_silence="",
    check=check,
)
