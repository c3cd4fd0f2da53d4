"""PCK401: `pad_packed_sequence` without `total_length` where widths have to agree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from packlint.analysis.events import Event, Unpack
from packlint.rules.base import Report, Rule

if TYPE_CHECKING:
    from packlint.plans import Fix


def check(event: Event) -> Iterator[Report]:
    if not isinstance(event, Unpack) or event.total_length is not None:
        return
    if event.data_parallel is not None and "returned" in event.uses:
        yield Report(
            f"`{event.site.text}` pads to the longest sequence of its own part of the batch, and the module runs under "
            "DataParallel: the parts do not fit together again; take the padded size before packing and pass it as "
            "`total_length`",
            (event.data_parallel, event.uses["returned"]),
        )
    elif "width" in event.uses:
        yield Report(
            f"`{event.site.text}` pads to the longest sequence of the batch, and its output meets a tensor of the "
            "original "
            "padded size, which can be larger; pass that size as `total_length`",
            (event.uses["width"],),
        )


def plan(event: Event, events: Sequence[Event]) -> Fix | None:
    from packlint.planning import width_fix

    return width_fix(event, events, breaks=True) if isinstance(event, Unpack) else None


RULE = Rule(
    code="PCK401",
    name="missing-total-length",
    summary="`pad_packed_sequence` without `total_length` where widths have to agree",
    effect="breaks",
    what=(
        "Reports `pad_packed_sequence` without `total_length` where that can break: in a module that runs under "
        "`nn.DataParallel`, or where its output meets a tensor that keeps the original padded size, such as a mask or "
        "the labels."
    ),
    why=(
        "Without `total_length` the output is as long as the longest sequence of this very batch. Under "
        "`nn.DataParallel` each device unpacks its own part of the batch, and the parts differ in length. Putting them "
        "together raises `RuntimeError: Sizes of tensors must match except in dimension 0`. A batch whose sequences "
        "are all shorter than the size they were padded to breaks too, where its output meets a mask of that size. "
        "Other batches pass, so that this shows late. Under `DistributedDataParallel` and FSDP nothing is put "
        "together, and this does not happen."
    ),
    before="""\
# model = nn.DataParallel(Tagger())
def forward(self, ids, lengths):
    packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
    out, _ = self.gru(packed)
    out, _ = pad_packed_sequence(out, batch_first=True)
    return self.fc(out)""",
    after="""\
# model = nn.DataParallel(Tagger())
def forward(self, ids, lengths):
    packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
    out, _ = self.gru(packed)
    out, _ = pad_packed_sequence(out, batch_first=True, total_length=ids.size(1))
    return self.fc(out)""",
    fix_safety=(
        "A fix takes the padded size before packing and passes it as `total_length`. It is unsafe: what follows is "
        "taken not to count on the longest length of the batch, as a mask made by `lengths.max()` does. Real steps "
        "keep their numbers, and the steps added are zeros. There is none where the batch is packed in another "
        "function."
    ),
    when_to_silence=(
        "Where every batch has a sequence of the full padded size in each part, write `# noqa: PCK401` on the line of "
        "the unpack. Where the size never varies, name the function that makes the batch under `fixed-length`."
    ),
    check=check,
    plan=plan,
)
