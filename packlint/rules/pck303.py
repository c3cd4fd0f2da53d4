"""PCK303: `h_n` or `c_n` is read as though batch came first."""

from __future__ import annotations

from collections.abc import Iterator

from packlint.analysis.events import Event, StateRead
from packlint.analysis.values import number
from packlint.rules.padded import step_facts
from packlint.rules.base import Report, Rule


def check(event: Event) -> Iterator[Report]:
    if not isinstance(event, StateRead) or event.how not in {"batch first reshape", "batch first index"}:
        return
    call = event.tensor.call
    if call is None:
        return
    layers = number(call.layer.options.get("num_layers"))
    if event.how == "batch first reshape" and not (call.bidirectional is True or (layers or 1) > 1):
        return  # one layer, one direction: the first axis has the size 1
    yield Report(
        f"`{event.site.text}`: the first axis of `h_n` is layers times directions whatever `batch_first` says, so that this "
        "mixes the rows of different samples; pick the layer (`h_n[-1]`), or move the batch to the front with "
        "`h_n.transpose(0, 1)` first",
        step_facts(event.tensor),
    )


RULE = Rule(
    code="PCK303",
    name="state-not-batch-first",
    summary="`h_n` or `c_n` is read as though batch came first",
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
