"""PCK102: an RNN runs over a padded batch, and its lengths do not reach the function."""

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
    consequence = wrong(event)
    if at_hand_for(event) is not None or consequence is None:
        return
    yield Report(
        f"`{event.site.text}` runs over the padding: {consequence}; hand the lengths to this function and "
        "pack the batch "
        "with `pack_padded_sequence(..., enforce_sorted=False)`",
        call_facts(event),
    )


def plan(event: Event, events: Sequence[Event]) -> Fix | None:
    from packlint.planning import packed_fix

    return packed_fix(event, events) if isinstance(event, RnnCall) else None


RULE = Rule(
    code="PCK102",
    name="unpacked-batch-without-lengths",
    summary="an RNN runs over a padded batch, and its lengths do not reach the function",
    effect="wrong",
    what=(
        "Reports the same as PCK101, a recurrent layer that runs over a padded batch without packing, where nothing in "
        "the function gives the lengths. That the batch is padded shows elsewhere: `nn.Embedding(..., "
        "padding_idx=...)` on the way, or data code of the project that pads (a collate function, a tokenizer, a "
        "torchtext field)."
    ),
    why=(
        "The layer goes on over the padding, and its state goes on changing there. So the final states are wrong for "
        "every sequence shorter than the padded size, and with two directions the outputs at real steps are wrong too. "
        "Here the lengths were lost on the way, often in the collate function, and without them the model cannot do "
        "better."
    ),
    before="""\
def collate(batch):
    return pad_sequence(batch, batch_first=True)


def forward(self, ids):
    _, h_n = self.gru(self.embed(ids))
    return self.fc(h_n[-1])""",
    after="""\
def collate(batch):
    lengths = torch.tensor([len(ids) for ids in batch])
    return pad_sequence(batch, batch_first=True), lengths


def forward(self, ids, lengths):
    packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
    _, h_n = self.gru(packed)
    return self.fc(h_n[-1])""",
    fix_safety=(
        "A fix is only shown where the lengths have to come from another place: from a collate function that drops "
        "them, or from a torchtext field without `include_lengths`. Where the ids and the `padding_idx` of their "
        "embedding are in the function, a fix counts the lengths there, packs the input and unpacks the output; it is "
        "unsafe, for the pad id may also stand inside a sequence, and a row can be all padding.\n\n"
        "Results on padded batches change: evaluate again, and retrain where weights were learned with the padding."
    ),
    when_to_silence=(
        "Where the data is never padded, name the function that makes the batch under `fixed-length`. Where a module "
        "of the project packs its input itself, name it under `packing-wrappers`. Where one call has to stay as it is, "
        "write `# noqa: PCK102` on its line."
    ),
    check=check,
    plan=plan,
)
