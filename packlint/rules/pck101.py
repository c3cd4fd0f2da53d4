"""PCK101: an RNN runs over a padded batch although its lengths are at hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from packlint.analysis.events import Event, RnnCall
from packlint.rules.base import Report, Rule
from packlint.rules.padded import at_hand_for, call_facts, padded, wrong

if TYPE_CHECKING:
    from packlint.plans import Fix


def check(event: Event) -> Iterator[Report]:
    if not isinstance(event, RnnCall) or not padded(event):
        return
    hand = at_hand_for(event)
    consequence = wrong(event)
    if hand is None or consequence is None:
        return
    yield Report(
        f"`{event.site.text}` runs over the padding, although the {hand.kind} `{hand.name}` is at hand: {consequence}; "
        "pack the batch with `pack_padded_sequence(..., enforce_sorted=False)` and unpack the output",
        call_facts(event),
    )


def plan(event: Event, events: Sequence[Event]) -> Fix | None:
    from packlint.planning import packed_fix

    return packed_fix(event, events) if isinstance(event, RnnCall) else None


RULE = Rule(
    code="PCK101",
    name="unpacked-batch",
    summary="an RNN runs over a padded batch although its lengths are at hand",
    effect="wrong",
    what=(
        "Reports a call of `nn.RNN`, `nn.LSTM` or `nn.GRU` that runs over a padded batch without packing, although the "
        "lengths of the sequences, or a padding mask they follow from, are at hand in the same function. It speaks "
        "where a result comes out wrong: outputs of a layer with two directions, or a final state."
    ),
    why=(
        "The true result of a padded batch is what each sequence gives when it is run alone and unpadded. A recurrent "
        "layer does not know where a sequence ends. It goes on over the padding, and its state goes on changing there, "
        "also where the padding is zeros. So `h_n` and `c_n` are wrong for every sequence shorter than the padded "
        "size, and the result of a sequence depends on which others are in its batch. With two directions the outputs "
        "at real steps are wrong too, for the backward direction starts in the padding. With one direction the outputs "
        "at real steps are right."
    ),
    before="""\
# self.lstm = nn.LSTM(dim, hidden, batch_first=True, bidirectional=True)
def forward(self, ids, lengths):
    out, _ = self.lstm(self.embed(ids))
    return self.fc(out)""",
    after="""\
# self.lstm = nn.LSTM(dim, hidden, batch_first=True, bidirectional=True)
def forward(self, ids, lengths):
    x = self.embed(ids)
    packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
    out, _ = self.lstm(packed)
    out, _ = pad_packed_sequence(out, batch_first=True, total_length=x.size(1))
    return self.fc(out)""",
    fix_safety=(
        "A fix packs the input and unpacks the output to the size that the batch had. It is unsafe: that the padding "
        "is on the right and that the lengths are those of these very rows is likely and not established. It is only "
        "shown where the layout or the kind of the layer is not known, where the lengths are in another order or may "
        "be None, where another path packs the batch, and where the file exports a model (ONNX, `torch.export`).\n\n"
        "Results on padded batches change: evaluate again, and retrain where weights were learned with the padding."
    ),
    when_to_silence=(
        "Where the batch is never padded, name the function that makes it under `fixed-length`. Where a module of the "
        "project packs its input itself, name it under `packing-wrappers`. Where one call has to stay as it is, for "
        "instance for published weights that were trained with the padding, write `# noqa: PCK101` on its line."
    ),
    check=check,
    plan=plan,
)
