"""What is measured of a layer, padded and packed, as data, and what that says in words. None of it needs PyTorch."""

from __future__ import annotations

import json
import math
import random
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

VERSION = 1
KINDS = ("RNN", "LSTM", "GRU")
ALIKE = 0.1
"""Times that differ by no more than this share are called equal."""
BUSY = 0.5
"""Where half of the repeats spread over more than this share of their median, the machine had something else to do."""


@dataclass(frozen=True, slots=True)
class LayerSpec:
    """A recurrent layer of `torch.nn` by its options; there is no dropout."""

    kind: str
    input_size: int
    hidden_size: int
    num_layers: int = 1
    bidirectional: bool = False
    batch_first: bool = False

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"a layer is one of {', '.join(KINDS)}, not {self.kind!r}")

    def __str__(self) -> str:
        options = f", num_layers={self.num_layers}" if self.num_layers != 1 else ""
        options += ", bidirectional=True" if self.bidirectional else ""
        options += ", batch_first=True" if self.batch_first else ""
        return f"nn.{self.kind}({self.input_size}, {self.hidden_size}{options})"


# --- lengths ---


def _equal(rows: int, steps: int, draw: random.Random) -> list[int]:
    return [steps] * rows


def _bimodal(rows: int, steps: int, draw: random.Random) -> list[int]:
    return [round(steps * draw.choice((1, 7)) / 8 * draw.uniform(0.8, 1.2)) for _ in range(rows)]


def _uniform(rows: int, steps: int, draw: random.Random) -> list[int]:
    return [draw.randint(1, steps) for _ in range(rows)]


def _long_tail(rows: int, steps: int, draw: random.Random) -> list[int]:
    return [round(steps / 4 * draw.lognormvariate(0, 0.6)) for _ in range(rows)]


def _one_long(rows: int, steps: int, draw: random.Random) -> list[int]:
    return [draw.randint(1, max(steps // 5, 1)) for _ in range(rows)]


DISTRIBUTIONS: Mapping[str, Callable[[int, int, random.Random], list[int]]] = {
    "equal": _equal,
    "bimodal": _bimodal,
    "uniform": _uniform,
    "long-tail": _long_tail,
    "one-long": _one_long,
}
"""All full; short or nearly full; any length; log-normal about a quarter, as of texts; one full, all others short."""


@dataclass(frozen=True, slots=True)
class Workload:
    """A batch: its rows, the steps that it is padded to, how its lengths are distributed, and the seed of all that."""

    batch: int
    steps: int
    distribution: str
    seed: int = 0

    def __post_init__(self) -> None:
        if self.distribution not in DISTRIBUTIONS:
            raise ValueError(f"lengths are one of {', '.join(DISTRIBUTIONS)}, not {self.distribution!r}")
        if self.batch < 1 or self.steps < 1:
            raise ValueError("a batch has at least a row, and a row at least a step")

    @property
    def lengths(self) -> list[int]:
        """The length of each row, in no order; the longest row is as long as the padding."""
        draw = random.Random(f"{self.distribution} {self.batch} {self.steps} {self.seed}")
        drawn = DISTRIBUTIONS[self.distribution](self.batch, self.steps, draw)
        lengths = [min(max(length, 1), self.steps) for length in drawn]
        lengths[draw.randrange(self.batch)] = self.steps
        return lengths

    @property
    def share(self) -> float:
        """The share of the padded batch's steps that are real."""
        return sum(self.lengths) / (self.batch * self.steps)


# --- what was measured ---


@dataclass(frozen=True, slots=True)
class Form:
    """One way to run the layer on the batch.

    Errors are the largest absolute differences to the single runs, of the outputs at real steps and of the final
    states: `h_n` and `c_n`, but of the gathered form the last layer's `h_n` alone. `forward` and `step` are seconds, of
    a forward run without gradients and of a training step, forward and backward; `spread` is what the middle half of
    the training steps spans, as a share of their median; `memory` is the bytes at the peak of a training step beyond
    the weights and the batch.
    """

    outputs_error: float
    states_error: float
    forward: float
    step: float
    spread: float
    memory: int

    @property
    def error(self) -> float:
        """The larger of the two errors."""
        return max(self.outputs_error, self.states_error)


@dataclass(frozen=True, slots=True)
class Measurement:
    """A layer on a batch: padded (the original), packed (the rewrite), and, with one direction, padded and gathered.

    An error of up to `tolerance` is rounding. Times are the median of `repeats` runs.
    """

    spec: LayerSpec
    workload: Workload
    device: str
    dtype: str
    repeats: int
    tolerance: float
    padded: Form
    packed: Form
    gathered: Form | None = None

    @property
    def share(self) -> float:
        """The share of the batch's steps that are real."""
        return self.workload.share

    @property
    def steady(self) -> bool:
        """Whether the times can be believed: three repeats or more, and close to each other."""
        return self.repeats >= 3 and all(form.spread <= BUSY for form in self.forms.values())

    @property
    def forms(self) -> dict[str, Form]:
        """The forms that there are, by their names."""
        forms = {"padded": self.padded, "packed": self.packed}
        return forms if self.gathered is None else forms | {"gathered": self.gathered}


@dataclass(frozen=True, slots=True)
class Report:
    """What a bench measured, and where: by device, the machine behind it and what its memory figures are.

    `site` names the layer in somebody's code, where it is one; `left_out` says what was not measured and why.
    """

    torch: str
    seed: int
    spec: LayerSpec
    devices: Mapping[str, str]
    memory: Mapping[str, str]
    measurements: tuple[Measurement, ...]
    left_out: tuple[str, ...] = ()
    site: str = ""


# --- as JSON ---


def to_json(report: Report) -> str:
    """The report as JSON, with what it says in words; an error that is no number is null."""
    measurements = [
        {**_plain(one), "share": one.share, "verdict": verdict(one), "lengths": one.workload.lengths}
        for one in report.measurements
    ]
    content = {
        "version": VERSION,
        "site": report.site,
        "torch": report.torch,
        "seed": report.seed,
        "spec": asdict(report.spec),
        "devices": dict(report.devices),
        "memory": dict(report.memory),
        "advice": advice(report.measurements).splitlines(),
        "left_out": list(report.left_out),
        "measurements": measurements,
    }
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


def from_json(text: str) -> Report:
    """The report that `to_json` wrote; a `ValueError` where the text is none, or of another version."""
    content = json.loads(text)
    if not isinstance(content, dict) or content.get("version") != VERSION:
        raise ValueError(f"no report of version {VERSION}")
    try:
        return Report(
            content["torch"],
            content["seed"],
            LayerSpec(**content["spec"]),
            content["devices"],
            content["memory"],
            tuple(map(_measurement, content["measurements"])),
            tuple(content["left_out"]),
            content["site"],
        )
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"no report: {error!r}") from None


def _plain(one: Measurement) -> dict[str, object]:
    """The fields of a measurement; JSON has no infinity and no NaN."""
    written: dict[str, object] = asdict(one)
    for name, form in one.forms.items():
        written[name] = {key: value if math.isfinite(value) else None for key, value in asdict(form).items()}
    return written


def _measurement(written: Mapping[str, Any]) -> Measurement:
    return Measurement(
        LayerSpec(**written["spec"]),
        Workload(**written["workload"]),
        written["device"],
        written["dtype"],
        written["repeats"],
        written["tolerance"],
        _form(written["padded"]),
        _form(written["packed"]),
        _form(written["gathered"]) if written["gathered"] else None,
    )


def _form(written: Mapping[str, Any]) -> Form:
    outputs, states = (math.inf if written[key] is None else written[key] for key in ("outputs_error", "states_error"))
    return Form(outputs, states, written["forward"], written["step"], written["spread"], written["memory"])


# --- in words ---


def verdict(one: Measurement) -> str:
    """What packing changes: `right now; 2.1 x slower on this CPU at 54 % real steps`; the time is a training step's."""
    return f"{_result([one])}; {faster(one.padded.step, one.packed.step)} on this {place(one.device)} at {_real(one)}"


def faster(before: float, after: float) -> str:
    """A time against an earlier one, in words."""
    if abs(before - after) <= ALIKE * max(before, after):
        return "as fast"
    return f"{before / after:.1f} x faster" if before > after else f"{after / before:.1f} x slower"


def place(device: str) -> str:
    """What a device is called: `CPU`, `GPU`."""
    return "GPU" if device.startswith("cuda") else device.upper()


def advice(measurements: Sequence[Measurement]) -> str:
    """What is right, what packing costs, and what costs less: a line for each device and dtype, in plain sentences."""
    groups: dict[tuple[str, str], list[Measurement]] = {}
    for one in measurements:
        groups.setdefault((one.device, one.dtype), []).append(one)
    return "\n".join(" ".join(_sentences(group)) for group in groups.values())


def _sentences(group: Sequence[Measurement]) -> Iterator[str]:
    outputs = max(one.padded.outputs_error for one in group)
    states = max(one.padded.states_error for one in group)
    packed = max(one.packed.error for one in group)
    yield (
        f"On this {place(group[0].device)} in {group[0].dtype}, {_result(group)}: padded, the outputs at real steps "
        f"are off by up to {outputs:.1g} and the final states by up to {states:.1g}; packed, both by {packed:.1g} at "
        "most."
    )
    ragged = [one for one in group if one.share < 1] or group
    yield f"Packed, training is {_span(ragged, lambda form: form.step)}."
    yield f"Inference is {_span(ragged, lambda form: form.forward)}."
    exact = [one for one in ragged if one.gathered is not None and one.gathered.error <= one.tolerance]
    ratios = [one.packed.step / one.forms["gathered"].step for one in exact]
    if ratios and (gain := statistics.median(ratios)) > 1 + ALIKE:
        yield (
            "Cheaper, and as exact for the outputs and for the last layer's h_n: run it padded and take the output at "
            f"step length - 1, which trains {gain:.1f} x faster than packed (median)."
        )
    unsteady = sum(not one.steady for one in group)
    if unsteady:
        yield f"The times of {unsteady} of {len(group)} batches are unsteady: too few repeats, or a busy machine."


def _result(group: Sequence[Measurement]) -> str:
    wrong = [one.packed.error for one in group if not one.packed.error <= one.tolerance]
    if wrong:
        return f"not right now, off by {max(wrong):.1g}"
    return "right before and now" if all(one.padded.error <= one.tolerance for one in group) else "right now"


def _real(one: Measurement) -> str:
    return f"{100 * one.share:.0f} % real steps"


def _span(group: Sequence[Measurement], part: Callable[[Form], float]) -> str:
    """The worst and the best that packing does to a time."""
    ends = sorted(group, key=lambda one: part(one.packed) / part(one.padded), reverse=True)
    said = [f"{faster(part(one.padded), part(one.packed))} at {_real(one)}" for one in (ends[0], ends[-1])]
    return said[0] if said[0] == said[1] else f"{said[0]} (the worst) and {said[1]} (the best)"
