"""PCK203: a batch is sorted by hand where `enforce_sorted=False` does it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from packlint.analysis.events import Event, Pack
from packlint.rules.base import Report, Rule

if TYPE_CHECKING:
    from packlint.plans import Fix


def check(event: Event) -> Iterator[Report]:
    if not isinstance(event, Pack) or event.by_hand is None or not event.by_hand.by_lengths:
        return
    if not event.by_hand.undone and event.site.function.name != "<module>":
        return
    yield Report(
        f"`{event.site.text}`: the batch is sorted by hand; `enforce_sorted=False` sorts it and puts the results back",
        (event.by_hand.fact, *event.by_hand.undone[:1]),
    )


def plan(event: Event, events: Sequence[Event]) -> Fix | None:
    from packlint.planning import unsorted_fix

    by_hand = event.by_hand if isinstance(event, Pack) else None
    return unsorted_fix(by_hand, events) if by_hand is not None else None


RULE = Rule(
    code="PCK203",
    name="manual-sort",
    summary="a batch is sorted by hand where `enforce_sorted=False` does it",
    effect="style",
    what="Reports a batch that is sorted by length, packed, and put back in order, all by hand.",
    why=(
        "The result is right. `enforce_sorted=False` does all of it in one option: it sorts the batch and an initial "
        "state, and puts outputs, lengths and states back. Less code is left in which the order can be lost, which "
        "PCK202 is about."
    ),
    before="""\
def forward(self, ids, lengths):
    lengths, order = lengths.sort(descending=True)
    packed = pack_padded_sequence(self.embed(ids[order]), lengths.cpu(), batch_first=True)
    _, h_n = self.gru(packed)
    return self.fc(h_n[-1][order.argsort()])""",
    after="""\
def forward(self, ids, lengths):
    packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
    _, h_n = self.gru(packed)
    return self.fc(h_n[-1])""",
    fix_safety=(
        "A fix takes the sort and what undoes it away, and packs with `enforce_sorted=False`. It is unsafe: what the "
        "function returns is taken to be wanted in the order of the batch. It is only shown where the sort is in "
        "another function, where the order serves for more than picking rows, and where the file exports a model, for "
        "ONNX may need a sorted batch. The numbers stay the same."
    ),
    when_to_silence=(
        "This rule is off by default. Where other code needs the sorted order, or an export to ONNX needs "
        "`enforce_sorted=True`, write `# noqa: PCK203` on the line of the pack."
    ),
    check=check,
    plan=plan,
)
