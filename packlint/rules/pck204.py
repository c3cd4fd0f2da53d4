"""PCK204: lengths are handed to pack on the accelerator."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from packlint.analysis.events import Event, Pack
from packlint.rules.base import Report, Rule

if TYPE_CHECKING:
    from packlint.plans import Fix


def check(event: Event) -> Iterator[Report]:
    if not isinstance(event, Pack) or event.lengths is None:
        return
    lengths = event.lengths
    beside = lengths.order.beside if lengths.order is not None and lengths.device is None else []
    if lengths.form != "tensor" or (lengths.device != "accel" and not beside):
        return
    yield Report(
        f"`{event.site.text}` raises when the lengths lie on the accelerator, for `pack_padded_sequence` "
        "takes them on the "
        "CPU alone; pass `lengths.cpu()`",
        (*lengths.device_facts, *beside[:1]),
    )


def plan(event: Event, events: Sequence[Event]) -> Fix | None:
    from packlint.planning import same_site
    from packlint.plans import Fix, LengthsToCpu
    from packlint.statements import span

    if not isinstance(event, Pack):
        return None
    tensor = all(one.lengths is not None and one.lengths.form == "tensor" for one in same_site(event, events))
    reason = "only the device of the lengths changes, which rests on no fact about the padding"
    return Fix("safe", reason, "hand the lengths over on the CPU", (LengthsToCpu(span(event.site), tensor),))


RULE = Rule(
    code="PCK204",
    name="lengths-on-device",
    summary="lengths are handed to pack on the accelerator",
    effect="breaks",
    what=(
        "Reports lengths that are computed from, or moved with, tensors on the accelerator, and handed to "
        "`pack_padded_sequence` without `.cpu()`, `.tolist()` or `.numpy()`."
    ),
    why=(
        "`pack_padded_sequence` takes lengths as a list, an array, or a tensor on the CPU. With a tensor on another "
        "device it raises `RuntimeError: 'lengths' argument should be a 1D CPU int64 tensor`. On a machine without an "
        "accelerator the same code runs, so tests there do not show it."
    ),
    before="""\
def forward(self, ids, lengths):
    ids, lengths = ids.to("cuda"), lengths.to("cuda")
    packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
    _, h_n = self.gru(packed)
    return self.fc(h_n[-1])""",
    after="""\
def forward(self, ids, lengths):
    ids, lengths = ids.to("cuda"), lengths.to("cuda")
    packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
    _, h_n = self.gru(packed)
    return self.fc(h_n[-1])""",
    fix_safety=(
        "A fix passes `lengths.cpu()` and is safe: it needs to know nothing of the padding or of who counts the "
        "lengths, and changes no result. Where a caller passes a list, it is `torch.as_tensor(lengths, "
        'device="cpu")`. Copying from the accelerator waits for it; where that counts, keep the lengths on the CPU '
        "from the start."
    ),
    when_to_silence="Where the device is always the CPU, write `# noqa: PCK204` on the line of the pack.",
    check=check,
    plan=plan,
)
