"""PCK302: one step of a bidirectional output is read as the final state."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from packlint.analysis.events import Event, GatherRead, StateRead, StepRead
from packlint.rules.base import Report, Rule
from packlint.rules.padded import left_padded, padded_output, step_facts

if TYPE_CHECKING:
    from packlint.plans import Fix


def check(event: Event) -> Iterator[Report]:
    if isinstance(event, StateRead):
        yield from one_row(event)
        return
    if not isinstance(event, StepRead | GatherRead) or event.tensor.call is None:
        return
    if event.tensor.call.bidirectional is not True or event.tensor.part in {"forward", "both"}:
        return
    if event.masked if isinstance(event, StepRead) else event.tensor.call.else_one_way:
        return
    if isinstance(event, StepRead) and (event.which != "last" or (event.halves and event.halves != {"backward"})):
        return
    also = ""
    if isinstance(event, StepRead) and padded_output(event.tensor) and not left_padded(event.tensor):
        also = ", and for shorter sequences that step is padding"
    yield Report(
        f"`{event.site.text}`: at the last step the backward half has seen one step only{also}; the final "
        "state of both "
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


def plan(event: Event, events: Sequence[Event]) -> Fix | None:
    from packlint.planning import step_fix
    from packlint.plans import Fix

    if isinstance(event, StateRead):
        message = "join the states of both directions"
        return Fix("display", "the layer that takes it was built for the width of one direction", message)
    return step_fix(event, events) if isinstance(event, StepRead) else None


RULE = Rule(
    code="PCK302",
    name="bidirectional-last-step",
    summary="one step of a bidirectional output is read as the final state",
    effect="wrong",
    what=(
        "Reports one step of a bidirectional output that is read as the final state, with padding or without: the last "
        "step, or the step gathered at `length - 1`. `h_n[-1]` alone, read as the state of both directions, is "
        "reported too."
    ),
    why=(
        "The two directions end at different places. At the last step the forward half has seen the whole sequence, "
        "and the backward half has made its first step only: its final state stands at step 0. So half of what is read "
        "knows next to nothing of the sequence. On a padded batch the last step is padding as well. `h_n[-1]` is the "
        "final state of the backward direction alone, and `h_n[-2]` that of the forward direction."
    ),
    before="""\
# self.lstm = nn.LSTM(features, hidden, batch_first=True, bidirectional=True)
def forward(self, window):
    out, _ = self.lstm(window)
    return self.fc(out[:, -1])""",
    after="""\
# self.lstm = nn.LSTM(features, hidden, batch_first=True, bidirectional=True)
def forward(self, window):
    _, (h_n, _) = self.lstm(window)
    return self.fc(torch.cat((h_n[-2], h_n[-1]), dim=-1))""",
    fix_safety=(
        "A fix that keeps the width, the last step replaced by `torch.cat((h_n[-2], h_n[-1]), dim=-1)`, is unsafe: it "
        "changes the result without padding too, and that this was not wanted is likely and not established. Where "
        "the batch is padded, the call is packed with it. A change of the width, `h_n[-1]` replaced by both "
        "directions, is only shown: the layer that takes it was built for the old width.\n\n"
        "Results change on every batch: evaluate again and retrain, since the layers that follow have learned from "
        "the other state."
    ),
    when_to_silence=(
        "Where the state of one step is meant, as in a model that tags the last word, or `h_n[-1]` is meant to be one "
        "direction, write `# noqa: PCK302` on the line of the read."
    ),
    check=check,
    plan=plan,
)
