"""PCK301: the last step of a padded output is read as the final state."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from packlint.analysis.events import Event, StepRead
from packlint.rules.base import Report, Rule
from packlint.rules.padded import left_padded, padded_output, step_facts

if TYPE_CHECKING:
    from packlint.plans import Fix


def check(event: Event) -> Iterator[Report]:
    if not isinstance(event, StepRead) or event.which != "last" or not padded_output(event.tensor):
        return
    if event.masked:
        return
    call = event.tensor.call
    both = call is not None and call.bidirectional is True
    if left_padded(event.tensor) or event.halves == {"backward"} or (both and not event.halves):
        return  # of both directions at once PCK302 says what is wrong
    state = "the final states are `h_n[-2]` and `h_n[-1]`" if both else "the final state is `h_n[-1]`"
    yield Report(
        f"`{event.site.text}` reads padding for every sequence shorter than the longest of its batch; {state} "
        "of a packed "
        "run",
        step_facts(event.tensor),
    )


def plan(event: Event, events: Sequence[Event]) -> Fix | None:
    from packlint.planning import step_fix

    return step_fix(event, events) if isinstance(event, StepRead) else None


RULE = Rule(
    code="PCK301",
    name="last-step-of-padded-output",
    summary="the last step of a padded output is read as the final state",
    effect="wrong",
    what=(
        "Reports the last time step of a padded output that is read as the final state: `out[:, -1]`, `out[-1]`, "
        "`out[:, out.size(1) - 1]`, as the layout has it. The output can come from a call over a padded batch or from "
        "`pad_packed_sequence`."
    ),
    why=(
        "The last step of the output is the last step of the longest sequence of the batch. For every shorter one it "
        "is padding. After `pad_packed_sequence` it is then all zeros, and without packing it is a state that went on "
        "over the padding. Nothing raises, and the longest sequence of each batch is right, so that the model still "
        "learns something."
    ),
    before="""\
def forward(self, ids, lengths):
    packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
    out, _ = self.gru(packed)
    out, _ = pad_packed_sequence(out, batch_first=True)
    return self.fc(out[:, -1])""",
    after="""\
def forward(self, ids, lengths):
    packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
    _, h_n = self.gru(packed)
    return self.fc(h_n[-1])""",
    fix_safety=(
        "A fix reads the final state: `h_n[-1]`, or with two directions `torch.cat((h_n[-2], h_n[-1]), dim=-1)`. "
        "Where the call is packed already it needs nothing else; where it is not, the call is packed too. It is "
        "unsafe, as that of PCK101, and only shown where other layers or another order of the rows stand between the "
        "output and the read.\n\n"
        "Results on padded batches change: evaluate again, and retrain where weights were learned with the padding."
    ),
    when_to_silence=(
        "Where the batch is never padded, name the function that makes it under `fixed-length`. Where the last step is "
        "meant, of whatever sequence reaches it, write `# noqa: PCK301` on the line of the read."
    ),
    check=check,
    plan=plan,
)
