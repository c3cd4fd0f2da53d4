"""PCK104: a batch padded on the left is packed as though it were padded on the right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from packlint.analysis.events import Event, Pack
from packlint.rules.base import Report, Rule

if TYPE_CHECKING:
    from packlint.plans import Fix


def check(event: Event) -> Iterator[Report]:
    if not isinstance(event, Pack) or event.tensor.pad is None or event.tensor.pad.side != "left":
        return
    yield Report(
        f"`{event.site.text}` keeps the first steps of each row, and this batch is padded on the left: "
        "padding is kept and "
        "real steps are cut off; pad on the right before packing",
        event.tensor.pad.facts,
    )


def plan(event: Event, events: Sequence[Event]) -> Fix | None:
    from packlint.plans import Fix
    from packlint.statements import place

    if not isinstance(event, Pack) or event.tensor.pad is None:
        return None
    sides = (place(fact.filename, fact.row, event.site.module) for fact in event.tensor.pad.facts)
    return Fix(
        "display", "what reads the batch elsewhere may count on the side", f"pad on the right ({', '.join(sides)})"
    )


RULE = Rule(
    code="PCK104",
    name="left-padding-packed",
    summary="a batch padded on the left is packed as though it were padded on the right",
    effect="wrong",
    what="Reports `pack_padded_sequence` on a batch that is padded on the left.",
    why=(
        "Packing keeps the first `length` steps of each row. Where the padding stands in front, these are the padding, "
        "and real steps are cut off. Nothing raises. With the sequences `[1, 2, 3]` and `[4]`, padding on the left "
        "gives the rows `[1, 2, 3]` and `[0, 0, 4]`; of the second row packing keeps the one step `0`, and the `4` is "
        "lost."
    ),
    before="""\
def collate(batch):
    lengths = torch.tensor([len(ids) for ids in batch])
    return pad_sequence(batch, batch_first=True, padding_side="left"), lengths


def forward(self, ids, lengths):
    packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
    _, h_n = self.gru(packed)
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
        "A fix is only shown, with the place where the side is set, for there are two ways out, and what else reads "
        "the batch decides between them: pad on the right, or do not pack. packlint reports nothing where a layer with "
        "one direction runs over left padding without packing and its last step is read.\n\n"
        "Results on padded batches change: evaluate again, and retrain where weights were learned this way."
    ),
    when_to_silence=(
        "Where rows are turned round before packing in a way that packlint does not see, write `# noqa: PCK104` on the "
        "line of the pack. Where the batch is never padded, name the function that makes it under `fixed-length`."
    ),
    check=check,
    plan=plan,
)
