"""PCK206: lengths counted from a mask can be zero."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from packlint.analysis.events import Event, Pack
from packlint.rules.base import Report, Rule

if TYPE_CHECKING:
    from packlint.plans import Fix


def check(event: Event) -> Iterator[Report]:
    if not isinstance(event, Pack) or event.lengths is None or event.lengths.counted not in {"mask", "pad"}:
        return
    yield Report(
        f"`{event.site.text}` raises on a length of zero, and these lengths are counted from a mask or from "
        "pad ids: a row "
        "of padding alone has none; drop such rows before packing",
        event.lengths.facts,
    )


def plan(event: Event, events: Sequence[Event]) -> Fix | None:
    from packlint.plans import Fix
    from packlint.statements import place

    if not isinstance(event, Pack) or event.lengths is None:
        return None
    message = "drop rows of padding alone before packing"
    if event.lengths.facts:
        counted = event.lengths.facts[0]
        message += f", where they are counted ({place(counted.filename, counted.row, event.site.module)})"
    return Fix("display", "what such a row should give is for the code around to say", message)


RULE = Rule(
    code="PCK206",
    name="possible-zero-length",
    summary="lengths counted from a mask can be zero",
    effect="breaks",
    what=(
        "Reports lengths that are counted from a mask or from pad ids and handed to `pack_padded_sequence`, with "
        "nothing that keeps them at 1 or more."
    ),
    why=(
        "A row that is all padding has the length 0, and packing raises `RuntimeError: Length of all samples has to be "
        "greater than 0`. Such rows come from empty texts, from a tokenizer that knows none of the words, or from "
        "documents with fewer sentences than the batch has room for. One of them stops the whole batch."
    ),
    before="""\
def forward(self, ids):
    lengths = (ids != self.pad_id).sum(dim=1)
    packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
    _, h_n = self.gru(packed)
    return self.fc(h_n[-1])""",
    after="""\
def collate(batch):
    batch = [ids for ids in batch if len(ids) > 0]
    lengths = torch.tensor([len(ids) for ids in batch])
    return pad_sequence(batch, batch_first=True), lengths


def forward(self, ids, lengths):
    packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
    _, h_n = self.gru(packed)
    return self.fc(h_n[-1])""",
    fix_safety=(
        "A fix is only shown, with the place where the lengths are counted: what an empty row should give is yours to "
        "say. Drop it, give it a state of zeros, or refuse it where the data is read. `lengths.clamp(min=1)` stops the "
        "error and runs the layer over one step of padding, so the row gets a result that means nothing."
    ),
    when_to_silence=(
        "This rule is off by default. Where the data cannot hold an empty row, write `# noqa: PCK206` on the line of "
        "the pack."
    ),
    check=check,
    plan=plan,
)
