"""PCK304: padded steps take part in a pooling over time."""

from __future__ import annotations

from collections.abc import Iterator

from packlint.analysis.events import Event, Pool
from packlint.rules.padded import padded_output, pool_site, step_facts
from packlint.rules.base import Report, Rule


def check(event: Event) -> Iterator[Report]:
    if not isinstance(event, Pool) or event.masked or not padded_output(event.tensor):
        return
    if event.how == "sum" and (event.divided or event.tensor.unpacked is not None):
        return
    yield Report(
        f"`{event.site.text}`: {WHAT[event.how]}; mask the steps behind each length first",
        step_facts(event.tensor),
        pool_site(event),
    )


WHAT = {
    "max": "padded steps take part in the maximum",
    "mean": "padded steps take part in the mean",
    "sum": "padded steps take part in the sum",
    "softmax": "padded steps get a share of the attention",
}


RULE = Rule(
    code="PCK304",
    name="pooling-over-padding",
    summary="padded steps take part in a pooling over time",
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
