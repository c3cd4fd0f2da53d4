"""PCK205: pack or unpack is told another layout than the tensor has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from packlint.analysis.events import Event, Meet, Pack, Unpack
from packlint.analysis.values import Packed, Tensor
from packlint.rules.base import Report, Rule

if TYPE_CHECKING:
    from packlint.plans import Fix


def check(event: Event) -> Iterator[Report]:
    if isinstance(event, Pack) and event.batch_first is not None:
        if batch_axis(event.tensor) == (1 if event.batch_first else 0):
            told = "batch first" if event.batch_first else "time first"
            facts = event.tensor.pad.facts if event.tensor.pad is not None else ()
            yield Report(
                f"`{event.site.text}` is told that the tensor is {told}, and it is not: the wrong axis is taken for "
                "time; "
                f"pass `batch_first={not event.batch_first}`",
                facts,
            )
    elif isinstance(event, Meet) and event.how == "layout" and event.unpack is not None:
        told = "batch first" if event.unpack.batch_first else "time first"
        yield Report(
            f"`{event.unpack.site.text}` gives the output {told}, and the code that follows reads it the other "
            "way round; "
            f"pass `batch_first={not event.unpack.batch_first}`",
            (event.site.fact(f"read as the other layout: `{event.site.text}`"),),
            event.unpack.site,
        )


def batch_axis(tensor: Tensor) -> int | None:
    """Which of the first two axes is the batch; None where that is not known."""
    if tensor.axes is None:
        return tensor.batch
    return LAYOUTS.get(tensor.axes[:2])


LAYOUTS: dict[tuple[str, ...], int] = {("B", "T"): 0, ("T", "B"): 1}


def plan(event: Event, events: Sequence[Event]) -> Fix | None:
    from packlint.planning import RESULTS_CHANGE, same_site
    from packlint.plans import BatchFirst, Fix
    from packlint.statements import span

    call = event.unpack if isinstance(event, Meet) else event
    if not isinstance(call, Pack | Unpack) or call.batch_first is None:
        return None
    if any(one.batch_first != call.batch_first for one in same_site(call, events)):
        return None
    message = f"state the layout; {RESULTS_CHANGE}"
    if isinstance(call, Unpack) and packed_layouts(call, events) != {not call.batch_first}:
        return Fix("display", "the layout with which it is packed does not bear that out", message)
    if isinstance(call, Pack) and call.tensor.pad is not None and call.tensor.pad.how == "unpack":
        return Fix("display", "what is packed was unpacked before, in a layout that may be the wrong one", message)
    steps = (BatchFirst(span(call.site), not call.batch_first),)
    return Fix("unsafe", "the layout follows from how the axes are used", message, steps)


def packed_layouts(unpack: Unpack, events: Sequence[Event]) -> set[bool | None]:
    """The layouts with which it was packed: where that does not show, those of every pack of the function."""
    if isinstance(unpack.packed, Packed) and unpack.packed.pack is not None:
        return {unpack.packed.pack.batch_first}
    packs = (one for one in events if isinstance(one, Pack) and one.site.function is unpack.site.function)
    return {one.batch_first for one in packs}


RULE = Rule(
    code="PCK205",
    name="batch-first-mismatch",
    summary="pack or unpack is told another layout than the tensor has",
    effect="wrong",
    what=(
        "Reports `pack_padded_sequence` that is told another layout than its tensor has, by `batch_first` or by "
        "leaving it out, and `pad_packed_sequence` whose layout is not the one that the following code reads. A packed "
        "input has no layout: the `batch_first` of the layer does not matter for it."
    ),
    why=(
        "The axes of batch and time are mixed up, so that a step of one sequence follows a step of another. Where the "
        "batch has as many sequences as the longest of them has steps, nothing raises and the results are wrong in "
        "silence. Elsewhere there is an error on most batches: with `enforce_sorted=True` it is ``RuntimeError: "
        "Expected `len(lengths)` to be equal to batch_size``, and with `enforce_sorted=False` one that does not name "
        "the cause, often in the layer and not in the pack. Unpacking in the wrong layout never raises by itself."
    ),
    before="""\
def forward(self, sequences):
    lengths = [len(sequence) for sequence in sequences]
    x = pad_sequence(sequences, batch_first=True)
    packed = pack_padded_sequence(x, lengths, enforce_sorted=False)
    _, h_n = self.gru(packed)
    return self.fc(h_n[-1])""",
    after="""\
def forward(self, sequences):
    lengths = [len(sequence) for sequence in sequences]
    x = pad_sequence(sequences, batch_first=True)
    packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    _, h_n = self.gru(packed)
    return self.fc(h_n[-1])""",
    fix_safety=(
        "A fix states the layout that the tensor has. It is unsafe: the layout follows from how the axes are used.\n\n"
        "Results change on every batch, with padding or without: evaluate again, and retrain, since the weights were "
        "learned on mixed sequences."
    ),
    when_to_silence=(
        "Where the axes are swapped in a place that packlint does not see, write `# noqa: PCK205` on the line."
    ),
    check=check,
    plan=plan,
)
