"""PCK302: one step of a bidirectional output is read as the final state."""

from __future__ import annotations

from collections.abc import Iterator

from packlint.analysis.events import Event, GatherRead, StateRead, StepRead
from packlint.rules.padded import left_padded, padded_output, step_facts
from packlint.rules.base import Report, Rule


def check(event: Event) -> Iterator[Report]:
    if isinstance(event, StateRead):
        yield from one_row(event)
        return
    if not isinstance(event, StepRead | GatherRead) or event.tensor.call is None:
        return
    if event.tensor.call.bidirectional is not True or event.tensor.part in {"forward", "both"}:
        return
    if isinstance(event, StepRead) and (event.which != "last" or (event.halves and event.halves != {"backward"})):
        return
    also = ""
    if isinstance(event, StepRead) and padded_output(event.tensor) and not left_padded(event.tensor):
        also = ", and for shorter sequences that step is padding"
    yield Report(
        f"`{event.site.text}`: at the last step the backward half has seen one step only{also}; the final state of both "
        "directions is `torch.cat((h_n[-2], h_n[-1]), dim=-1)`",
        step_facts(event.tensor),
    )


def one_row(event: StateRead) -> Iterator[Report]:
    """`h_n[-1]` of a bidirectional layer is the backward direction alone."""
    call = event.tensor.call
    if call is None or call.bidirectional is not True or event.how != "index" or event.row != -1:
        return
    if call.rows_read == {-1}:
        yield Report(
            f"`{event.site.text}` is the state of the backward direction alone; the final state of both directions is "
            "`torch.cat((h_n[-2], h_n[-1]), dim=-1)`",
            step_facts(event.tensor),
        )


RULE = Rule(
    code="PCK302",
    name="bidirectional-last-step",
    summary="one step of a bidirectional output is read as the final state",
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
