"""PCK304: padded steps take part in a pooling over time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from packlint.analysis.events import Event, Pool
from packlint.rules.base import Report, Rule
from packlint.rules.padded import padded_output, pool_site, step_facts

if TYPE_CHECKING:
    from packlint.plans import Fix


def check(event: Event) -> Iterator[Report]:
    if not isinstance(event, Pool) or event.masked or not padded_output(event.tensor):
        return
    if event.how == "sum" and (event.divided or event.tensor.unpacked is not None):
        return
    site = pool_site(event)
    if site is None:
        return
    yield Report(
        f"`{event.site.text}`: {WHAT[event.how]}; mask the steps behind each length first",
        step_facts(event.tensor),
        site,
    )


WHAT = {
    "max": "padded steps take part in the maximum",
    "mean": "padded steps take part in the mean",
    "sum": "padded steps take part in the sum",
    "softmax": "padded steps get a share of the attention",
}


def plan(event: Event, events: Sequence[Event]) -> Fix | None:
    from packlint.planning import pool_fix

    return pool_fix(event, events) if isinstance(event, Pool) else None


RULE = Rule(
    code="PCK304",
    name="pooling-over-padding",
    summary="padded steps take part in a pooling over time",
    effect="wrong",
    what=(
        "Reports a mean, a maximum or a softmax attention over the time axis of a padded output without a mask. A sum "
        "is reported only where the layer was never packed. Pooling that padding cannot change is right: a sum over "
        "zeros, a division by the lengths, a maximum over `padding_value=-inf`, scores that are filled before the "
        "softmax."
    ),
    why=(
        "Padded steps count as steps. A mean over a sequence of 3 steps padded to 5 is divided by 5: after "
        "`pad_packed_sequence` it is 0.6 of the true mean. A maximum over zeros is never negative. A softmax gives "
        "padded steps a share of the attention, and takes it from the real ones. So the result of a sequence depends "
        "on the longest sequence in its batch."
    ),
    before="""\
def forward(self, ids, lengths):
    packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
    out, _ = self.gru(packed)
    out, _ = pad_packed_sequence(out, batch_first=True, total_length=ids.size(1))
    return self.fc(out.mean(dim=1))""",
    after="""\
def forward(self, ids, lengths):
    packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
    out, _ = self.gru(packed)
    out, _ = pad_packed_sequence(out, batch_first=True, total_length=ids.size(1))
    mask = torch.arange(ids.size(1), device=ids.device) < lengths.to(ids.device)[:, None]
    total = out.masked_fill(~mask[:, :, None], 0).sum(dim=1)
    return self.fc(total / mask.sum(dim=1, keepdim=True))""",
    fix_safety=(
        "A fix makes a mask of the lengths, of another mask, or of the ids and the `padding_idx` of their embedding, "
        "and pools under it. It is unsafe: that these belong to what is pooled is likely and not established, and "
        "with lengths counted from a mask or ids a row can be all padding. It is only shown where the steps of two "
        "sequences are compared, and where the mask has to reach the softmax of another class. Where the layer's "
        "outputs are wrong at real steps too, its call is packed with it.\n\n"
        "Results on padded batches change: evaluate again, and retrain where weights were learned with the padding."
    ),
    when_to_silence=(
        "Where the batch is never padded, name the function that makes it under `fixed-length`. Where the padding is "
        "meant to count, or is taken out later in a way that packlint does not see, write `# noqa: PCK304` on the "
        "line."
    ),
    check=check,
    plan=plan,
)
