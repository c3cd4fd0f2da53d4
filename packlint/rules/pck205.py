"""PCK205: pack or unpack is told another layout than the tensor has."""

from __future__ import annotations

from collections.abc import Iterator

from packlint.analysis.events import Event, Meet, Pack
from packlint.rules.base import Report, Rule


def check(event: Event) -> Iterator[Report]:
    if isinstance(event, Pack) and event.batch_first is not None:
        layout = (event.tensor.axes or ())[:2]
        if layout == (("T", "B") if event.batch_first else ("B", "T")):
            told = "batch first" if event.batch_first else "time first"
            facts = event.tensor.pad.facts if event.tensor.pad is not None else ()
            yield Report(
                f"`{event.site.text}` is told that the tensor is {told}, and it is not: the wrong axis is taken for time; "
                f"pass `batch_first={not event.batch_first}`",
                facts,
            )
    elif isinstance(event, Meet) and event.how == "layout" and event.unpack is not None:
        told = "batch first" if event.unpack.batch_first else "time first"
        yield Report(
            f"`{event.unpack.site.text}` gives the output {told}, and the code that follows reads it the other way round; "
            f"pass `batch_first={not event.unpack.batch_first}`",
            (event.site.fact(f"read as the other layout: `{event.site.text}`"),),
            event.unpack.site,
        )


RULE = Rule(
    code="PCK205",
    name="batch-first-mismatch",
    summary="pack or unpack is told another layout than the tensor has",
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
