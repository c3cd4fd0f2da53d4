"""PCK402: `pad_packed_sequence` without `total_length`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from packlint.analysis.events import Event, Unpack
from packlint.rules import pck401
from packlint.rules.base import Report, Rule

if TYPE_CHECKING:
    from packlint.plans import Fix


def check(event: Event) -> Iterator[Report]:
    if not isinstance(event, Unpack) or event.total_length is not None or any(pck401.check(event)):
        return
    yield Report(
        f"`{event.site.text}` pads to the longest sequence of this batch; `total_length=` would state the width",
        (),
    )


def plan(event: Event, events: Sequence[Event]) -> Fix | None:
    from packlint.planning import width_fix

    return width_fix(event, events, breaks=False) if isinstance(event, Unpack) else None


RULE = Rule(
    code="PCK402",
    name="unstated-total-length",
    summary="`pad_packed_sequence` without `total_length`",
    effect="strict",
    what="Reports every `pad_packed_sequence` without `total_length` that PCK401 does not.",
    why=(
        "The output is as long as the longest sequence of this batch, and nothing in the code says so. That holds "
        "until the model runs under `nn.DataParallel`, or until its output meets a tensor that keeps the padded size. "
        "With `total_length` the width is stated, and is the one that came in."
    ),
    before="""\
def forward(self, ids, lengths):
    packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
    out, _ = self.gru(packed)
    out, _ = pad_packed_sequence(out, batch_first=True)
    return self.fc(out)""",
    after="""\
def forward(self, ids, lengths):
    packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
    out, _ = self.gru(packed)
    out, _ = pad_packed_sequence(out, batch_first=True, total_length=ids.size(1))
    return self.fc(out)""",
    fix_safety=(
        "A fix takes the padded size before packing and passes it as `total_length`. It is unsafe: what follows is "
        "taken not to count on the longest length of the batch, as a mask made by `lengths.max()` does. Real steps "
        "keep their numbers, and the steps added are zeros. It is only shown where the last step of the output is "
        "read, where it is pooled, where something in the file or in one that calls it is sized by the longest "
        "length, where a pack is made anew in the file, where the layout is chosen by an option, and where the batch "
        "is packed in another function."
    ),
    when_to_silence=(
        "This rule is off by default. Where the shorter output is meant, write `# noqa: PCK402` on the line of the "
        "unpack."
    ),
    check=check,
    plan=plan,
)
