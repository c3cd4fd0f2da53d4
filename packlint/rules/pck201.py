"""PCK201: `enforce_sorted` is True and nothing sorts by decreasing length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from packlint.analysis.events import Event, Pack
from packlint.rules.base import Report, Rule

if TYPE_CHECKING:
    from packlint.plans import Fix


def check(event: Event) -> Iterator[Report]:
    if not isinstance(event, Pack) or event.enforce_sorted is not True or event.lengths is None:
        return
    shown = event.lengths.sort == "asc" or event.lengths.counted == "written"  # whoever calls
    if event.lengths.sort not in {"no", "asc"} or (event.caller is None and not shown):
        return
    yield Report(
        f"`{event.site.text}` raises on a batch that is not sorted by decreasing length, and nothing sorts it "
        "on the way; "
        "pass `enforce_sorted=False`",
        (*((event.caller,) if event.caller is not None else ()), *event.lengths.facts),
    )


def plan(event: Event, events: Sequence[Event]) -> Fix | None:
    from packlint.planning import rebuilds_packs
    from packlint.plans import EnforceSorted, Fix
    from packlint.statements import span

    steps = (EnforceSorted(span(event.site)),)
    message = "let the rows come in any order"
    if rebuilds_packs(event.site.module):
        reason = "a pack is made anew in this file, which loses its order unless it takes it along"
        return Fix("unsafe", reason, message, steps)
    return Fix("safe", "a sorted batch gives what it gave, and every other one raised", message, steps)


RULE = Rule(
    code="PCK201",
    name="unsorted-lengths",
    summary="`enforce_sorted` is True and nothing sorts by decreasing length",
    effect="breaks",
    what=(
        "Reports `pack_padded_sequence` or `pack_sequence` with `enforce_sorted` left at its default, True, or set to "
        "True, where a caller is in sight and nothing on the way sorts the batch by decreasing length, or where the "
        "lengths are sorted the other way round."
    ),
    why=(
        "With `enforce_sorted=True` the lengths must not increase from row to row. If they do, it raises "
        "``RuntimeError: `lengths` array must be sorted in decreasing order when `enforce_sorted` is True``. Whether "
        "it does depends on the batch: a batch that is sorted by chance, or a batch of one, passes."
    ),
    before="""\
def collate(batch):
    lengths = torch.tensor([len(ids) for ids in batch])
    return pad_sequence(batch, batch_first=True), lengths


def forward(self, ids, lengths):
    packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True)
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
        "A fix passes `enforce_sorted=False` and is safe: it needs to know nothing of the padding or of who counts "
        "the lengths. A batch that was sorted gives the same result as before, and every other batch gives one where "
        "it raised. Outputs, states and lengths come back in the order of the batch. It is unsafe where the file "
        "makes a `PackedSequence` out of parts, which loses the order, and only shown where the file exports a model, "
        "for ONNX may need a sorted batch."
    ),
    when_to_silence=(
        "Where a function sorts the batch and packlint does not see it, name it under `sorted-by-length`. Where the "
        "data is sorted outside of the code, or an export to ONNX needs `enforce_sorted=True`, write `# noqa: PCK201` "
        "on the line of the pack. A module whose docstring asks for sorted input is not reported."
    ),
    check=check,
    plan=plan,
)
