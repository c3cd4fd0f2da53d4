"""PCK202: a batch sorted by hand for packing is not put back in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from packlint.analysis.events import Event, Meet
from packlint.rules.base import Report, Rule

if TYPE_CHECKING:
    from packlint.plans import Fix


def check(event: Event) -> Iterator[Report]:
    if not isinstance(event, Meet) or event.permutation is None or event.how not in WHAT:
        return
    yield Report(
        f"`{event.site.text}`: the batch is sorted by length, and {WHAT[event.how]}; pack with `enforce_sorted=False` "
        "instead of the sort, or put every result back into the original order",
        (event.permutation.fact,),
    )


WHAT = {
    "order": "its results meet values in the original order, so that rows of different samples are mixed",
    "initial state": "its initial state is in the original order, so that each sample starts from the state of another",
    "returned": "its results are returned in the sorted order, without the order that would undo it",
}


def plan(event: Event, events: Sequence[Event]) -> Fix | None:
    from packlint.planning import unsorted_fix

    permutation = event.permutation if isinstance(event, Meet) else None
    return unsorted_fix(permutation, events) if permutation is not None else None


RULE = Rule(
    code="PCK202",
    name="batch-left-sorted",
    summary="a batch sorted by hand for packing is not put back in order",
    effect="wrong",
    what=(
        "Reports a batch that is sorted by length for packing, and whose outputs or states then meet tensors that are "
        "still in the original order, such as features or labels. An initial state in the original order that meets "
        "the sorted batch is reported too."
    ),
    why=(
        "Row 0 of the result belongs to the longest sequence, and row 0 of the other tensor to the first. Nothing "
        "raises, since the shapes agree: a sample gets the features of another, or is compared with the label of "
        "another. A sort by hand does not reorder an initial state either, so each sample starts from the state of "
        "another. With `enforce_sorted=False` PyTorch sorts the batch and the initial state itself, and puts outputs "
        "and states back in order."
    ),
    before="""\
def forward(self, ids, lengths, features):
    lengths, order = lengths.sort(descending=True)
    packed = pack_padded_sequence(self.embed(ids[order]), lengths.cpu(), batch_first=True)
    _, h_n = self.gru(packed)
    return self.fc(torch.cat((h_n[-1], features), dim=-1))""",
    after="""\
def forward(self, ids, lengths, features):
    packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
    _, h_n = self.gru(packed)
    return self.fc(torch.cat((h_n[-1], features), dim=-1))""",
    fix_safety=(
        "A fix takes the sort and what undoes it away, and packs with `enforce_sorted=False`, so that all of the "
        "function is in the order of the batch. It is unsafe: what the function returns is taken to be wanted in that "
        "order. It is only shown where the sort is in another function, and where the order serves for more than "
        "picking rows.\n\n"
        "Results change on every batch that is not sorted already: evaluate again, and retrain, since the weights "
        "were learned with mixed rows."
    ),
    when_to_silence=(
        "Where the other tensors are sorted the same way in a place that packlint does not see, or where the order of "
        "the rows does not matter, write `# noqa: PCK202` on the line."
    ),
    check=check,
    plan=plan,
)
