"""PCK105: an RNN computes padded steps that nothing reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from packlint.analysis.events import Event, RnnCall
from packlint.rules.base import Report, Rule
from packlint.rules.padded import call_facts, padded, wrong

if TYPE_CHECKING:
    from packlint.plans import Fix


def check(event: Event) -> Iterator[Report]:
    if not isinstance(event, RnnCall) or not padded(event) or wrong(event) is not None or not event.uses:
        return
    if event.bidirectional is not False or reads_end_of_left_padded(event):
        return
    yield Report(
        f"`{event.site.text}` computes steps of padding that nothing reads: the results are right, and "
        "packing may save "
        "the time",
        call_facts(event),
    )


def reads_end_of_left_padded(call: RnnCall) -> bool:
    """Whether the padding stands in front and the last step or the final state is read, which is right."""
    pad = call.input.pad
    return pad is not None and pad.side == "left" and bool(call.uses.keys() & {"step", "state", "returned state"})


def plan(event: Event, events: Sequence[Event]) -> Fix | None:
    from packlint.planning import packed_fix

    fix = packed_fix(event, events) if isinstance(event, RnnCall) else None
    return fix and replace(fix, message="pack the batch and unpack the output")


RULE = Rule(
    code="PCK105",
    name="padded-steps-computed",
    summary="an RNN computes padded steps that nothing reads",
    effect="waste",
    what=(
        "Reports a recurrent layer with one direction that runs over a padded batch without packing, where the padded "
        "steps and the final state are never used: the loss ignores the padded steps, the attention is masked, or the "
        "state is gathered at `length - 1`."
    ),
    why=(
        "The results are right. The outputs at real steps are those that packing gives. The padded steps are computed "
        "and thrown away: with the lengths 5 and 2 the layer runs 10 steps, and 7 of them are real. Fewer steps are "
        "not always less time, since a packed batch runs as many small pieces. Measure on your device before you "
        "change anything: on a CPU, training has been several times slower packed than padded."
    ),
    before="""\
# self.gru = nn.GRU(dim, hidden, batch_first=True)
def forward(self, ids, tags, lengths):
    out, _ = self.gru(self.embed(ids))
    logits = self.fc(out)
    return F.cross_entropy(logits.transpose(1, 2), tags, ignore_index=-100)""",
    after="""\
# self.gru = nn.GRU(dim, hidden, batch_first=True)
def forward(self, ids, tags, lengths):
    packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
    out, _ = self.gru(packed)
    out, _ = pad_packed_sequence(out, batch_first=True, total_length=ids.size(1))
    logits = self.fc(out)
    return F.cross_entropy(logits.transpose(1, 2), tags, ignore_index=-100)""",
    fix_safety=(
        "A fix packs the input and unpacks the output, as that of PCK101, and is unsafe as that is. The numbers that "
        "are used stay the same, up to rounding."
    ),
    when_to_silence=(
        "This rule is off by default. Where packing was measured to be slower, leave it off, or write `# noqa: PCK105` "
        "on the line of the call. Where the batch is never padded, name the function that makes it under "
        "`fixed-length`."
    ),
    check=check,
    plan=plan,
)
