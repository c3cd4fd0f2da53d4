"""PCK303: `h_n` or `c_n` is read as though batch came first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from packlint.analysis.events import Event, StateRead
from packlint.analysis.values import number
from packlint.rules.base import Report, Rule
from packlint.rules.padded import step_facts

if TYPE_CHECKING:
    from packlint.plans import Fix


def check(event: Event) -> Iterator[Report]:
    if not isinstance(event, StateRead) or event.how not in HOWS:
        return
    call = event.tensor.call
    if call is None:
        return
    if event.how == "batch index" and not (call.bidirectional is True and call.samples_read == {0, 1}):
        return  # one sample is picked out, as it may be on purpose; the first two are meant as the directions
    layers = number(call.layer.options.get("num_layers"))
    if event.how == "batch first reshape" and not (call.bidirectional is True or (layers or 1) > 1):
        return  # one layer, one direction: the first axis has the size 1
    yield Report(
        f"`{event.site.text}`: the first axis of `h_n` is layers times directions whatever `batch_first` "
        "says, so that this "
        "mixes the rows of different samples; pick the layer (`h_n[-1]`), or move the batch to the front with "
        "`h_n.transpose(0, 1)` first",
        step_facts(event.tensor),
    )


HOWS = {"batch first reshape", "batch first index", "batch index", "joined rows reshape"}


def plan(event: Event, events: Sequence[Event]) -> Fix | None:
    from packlint.planning import RESULTS_CHANGE
    from packlint.plans import BatchToFront, Fix
    from packlint.statements import span

    if not isinstance(event, StateRead) or event.how != "batch first reshape":
        return None
    reason = "weights that were learned on mixed rows have to be learned anew"
    message = f"move the batch to the front before the reshape; {RESULTS_CHANGE}"
    return Fix("unsafe", reason, message, (BatchToFront(span(event.site)),))


RULE = Rule(
    code="PCK303",
    name="state-not-batch-first",
    summary="`h_n` or `c_n` is read as though batch came first",
    effect="wrong",
    what=(
        "Reports `h_n` or `c_n` that is indexed, reshaped or averaged as though batch came first: `h_n[:, -1]`, "
        "`h_n.view(batch, -1)`, `h_n.reshape(batch, -1)`, `h_n.mean(dim=1)`. One layer with one direction may be "
        "reshaped, for its first axis has the size 1."
    ),
    why=(
        "The axes of `h_n` and `c_n` are (layers times directions, batch, hidden), and `batch_first=True` does not "
        "change that. `h_n[:, -1]` is the state of the last sample in all layers, and not that of the last layer. A "
        "reshape that puts batch first mixes the rows: with two directions and three samples, `h_n.view(3, -1)` gives "
        "the first sample its own forward state and that of the second sample. Nothing raises, since the number of "
        "elements is right."
    ),
    before="""\
# self.gru = nn.GRU(features, hidden, batch_first=True, bidirectional=True)
def forward(self, window):
    _, h_n = self.gru(window)
    return self.fc(h_n.view(window.size(0), -1))""",
    after="""\
# self.gru = nn.GRU(features, hidden, batch_first=True, bidirectional=True)
def forward(self, window):
    _, h_n = self.gru(window)
    return self.fc(h_n.transpose(0, 1).reshape(window.size(0), -1))""",
    fix_safety=(
        "A fix of a reshape moves the batch to the front first, `h_n.transpose(0, 1)`. It is unsafe: which layer or "
        "direction was wanted is a guess, and the result changes without padding too. Where one row is picked, there "
        "is none.\n\n"
        "Results change on every batch: evaluate again and retrain, since the weights were learned on mixed rows."
    ),
    when_to_silence="Where one sample is picked out on purpose, write `# noqa: PCK303` on the line.",
    check=check,
    plan=plan,
)
