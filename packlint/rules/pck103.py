"""PCK103: a PackedSequence is used as a tensor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from packlint.analysis.events import Event, PackedUse
from packlint.rules.base import Report, Rule

if TYPE_CHECKING:
    from packlint.plans import Fix


def check(event: Event) -> Iterator[Report]:
    if not isinstance(event, PackedUse):
        return
    yield Report(
        f"`{event.site.text}`: a PackedSequence {event.how} is an error, for it is no tensor but a tuple of "
        "four fields; "
        "unpack it with `pad_packed_sequence`, or use its `.data` for what works step by step",
        (event.fact,),
    )


def plan(event: Event, events: Sequence[Event]) -> Fix | None:
    from packlint.planning import unpacked_fix
    from packlint.plans import Fix, PackedData, PackedFields
    from packlint.statements import span

    if not isinstance(event, PackedUse):
        return None
    at = span(event.site)
    if event.how == "unpacked into 2 names":
        reason = "it raised before, and the fields are the same for every batch"
        return Fix("safe", reason, "read the fields of the PackedSequence by name", (PackedFields(at),))
    if any(f"`nn.{layer}`" in event.how or f"`{layer.lower()}`" in event.how for layer in STEPWISE):
        reason = "it raised before; what follows is taken to want a PackedSequence again"
        return Fix("unsafe", reason, "give its data to the layer, which works step by step", (PackedData(at),))
    return unpacked_fix(event) if any(f"`nn.{layer}`" in event.how for layer in OVER_FEATURES) else None


STEPWISE = ("Dropout", "ReLU", "Tanh", "Sigmoid", "GELU", "LeakyReLU", "ELU")
"""Layers that treat each step, and each number of it, by itself."""
OVER_FEATURES = ("Linear", "LayerNorm")
"""Layers that treat each step by itself."""


RULE = Rule(
    code="PCK103",
    name="packed-used-as-tensor",
    summary="a PackedSequence is used as a tensor",
    effect="breaks",
    what=(
        "Reports a `PackedSequence` that is used as a tensor: handed to a layer that is not recurrent (dropout too, "
        "also in eval mode) or to a function of `torch`, indexed along axes, taken apart as `x, _ = "
        "pack_padded_sequence(...)`, asked for `.size`, `.view` or `.permute`, or measured by `len`. Its four fields, "
        "by name or by `[0]` to `[3]`, and `.to`, `.cpu` and `.cuda` are right."
    ),
    why=(
        "A `PackedSequence` is a named tuple of four fields: `data`, `batch_sizes`, `sorted_indices` and "
        "`unsorted_indices`. Used as a tensor it raises, for instance `TypeError: dropout(): argument 'input' "
        "(position 1) must be Tensor, not PackedSequence`. `x, _ = pack_padded_sequence(...)` raises `ValueError: too "
        "many values to unpack`. `len` does not raise: it is always 4, whatever the batch."
    ),
    before="""\
def forward(self, x, lengths):
    packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
    out, _ = self.gru(packed)
    return self.fc(self.dropout(out))""",
    after="""\
def forward(self, x, lengths):
    packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
    out, _ = self.gru(packed)
    out, _ = pad_packed_sequence(out, batch_first=True, total_length=x.size(1))
    return self.fc(self.dropout(out))""",
    fix_safety=(
        "Where a PackedSequence is taken apart into two names, a fix reads its fields, and is safe: the code raised "
        "before, and the fields are the same for every batch. For dropout and activations a fix gives the layer the "
        "field `.data` and keeps the rest, and is unsafe, since what follows is taken to want a PackedSequence again. "
        "Other uses are left to you."
    ),
    when_to_silence=(
        "Rarely needed. Where the object is of a class of your own that only looks like a `PackedSequence`, or where a "
        "test expects the error, write `# noqa: PCK103` on the line."
    ),
    check=check,
    plan=plan,
)
