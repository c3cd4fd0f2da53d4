"""PCK301: the last step of a padded output is read as the final state."""

from __future__ import annotations

from collections.abc import Iterator

from packlint.analysis.events import Event, StepRead
from packlint.rules.padded import left_padded, padded_output, step_facts
from packlint.rules.base import Report, Rule


def check(event: Event) -> Iterator[Report]:
    if not isinstance(event, StepRead) or event.which != "last" or not padded_output(event.tensor):
        return
    call = event.tensor.call
    both = call is not None and call.bidirectional is True
    if left_padded(event.tensor) or event.halves == {"backward"} or (both and not event.halves):
        return  # of both directions at once PCK302 says what is wrong
    state = "the final states are `h_n[-2]` and `h_n[-1]`" if both else "the final state is `h_n[-1]`"
    yield Report(
        f"`{event.site.text}` reads padding for every sequence shorter than the longest of its batch; {state} of a packed "
        "run",
        step_facts(event.tensor),
    )


RULE = Rule(
    code="PCK301",
    name="last-step-of-padded-output",
    summary="the last step of a padded output is read as the final state",
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
