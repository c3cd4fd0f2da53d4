"""docs/packing.md and its plots, from the data in `benchmarks/data`: `python docs/make_packing_page.py` writes them."""

from __future__ import annotations

import itertools
import json
import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.matrix import Matrix, read
from packlint.verify.measurements import DISTRIBUTIONS, KINDS, Form, Measurement
from packlint.verify.plots import Plot, Series, read_out, svg

DATA = Path(__file__).with_name("data")
DIRECTIONS = {False: "one", True: "two"}
Part = Callable[[Form], float]
PARTS: dict[str, tuple[str, Part]] = {
    "training": ("a training step", lambda form: form.step),
    "inference": ("inference", lambda form: form.forward),
    "memory": ("the peak memory of a training step", lambda form: form.memory),
}
TIMES = (PARTS["training"][1], PARTS["inference"][1])
GATHER = """\
```python
outputs, _ = lstm(padded)  # batch_first=True, one direction, padding on the right
final = outputs[torch.arange(len(lengths)), lengths - 1]
```"""


def pages(folder: Path = DATA) -> dict[str, str]:
    """What stands in docs, by its path there: the page and its plots."""
    matrices = [read(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("matrix-*.json"))]
    behaviours = json.loads((folder / "behaviours.json").read_text(encoding="utf-8"))
    written = {f"plots/{name}.svg": drawn for matrix in matrices for name, drawn in plots(matrix)}
    return {"packing.md": "\n".join([*page(matrices), *tools(behaviours)]) + "\n", **written}


HEAD = f"""\
# What packing does, measured

This page is written by `python docs/make_packing_page.py` from the data in `benchmarks/data`.

**padded** runs the layer over the padding. **packed** packs with `enforce_sorted=False` and unpacks with
`total_length`. **gathered**, for one direction, runs padded and takes the output at the last real step. That is exact
for the outputs at real steps and for the last layer's `h_n`; it gives neither `c_n` nor the `h_n` of lower layers.

{GATHER}

Packing makes results right. Whether it makes them faster depends on the layer and on the device, so packlint promises
nothing of the kind, and measures it where it is asked to."""
NO_GPU = """
## On a GPU

There are no figures yet. This runs the tests that need a GPU, and then measures for eight minutes at the most:

```console
python -m benchmarks.matrix --device cuda --output benchmarks/data/matrix-cuda.json
```"""
ONEDNN = """
Packed LSTMs are slow on a CPU for a reason of PyTorch's: an LSTM is run by oneDNN (`aten::mkldnn_rnn_layer`) where it
is padded, and where it is packed and all lengths are equal; packed with ragged lengths it is not, and RNN and GRU never
are. With one direction the gathered form keeps oneDNN, and is as right."""


def page(matrices: Sequence[Matrix]) -> Iterator[str]:
    yield HEAD
    for matrix in matrices:
        yield from measured(matrix)
    if not any(matrix.device == "cuda" for matrix in matrices):
        yield NO_GPU


# --- one device ---


def measured(matrix: Matrix) -> Iterator[str]:
    first, count = matrix.measurements[0], len(matrix.measurements)
    spec, work = first.spec, first.workload
    right = sum(one.packed.error <= one.tolerance for one in matrix.measurements)
    unsteady = sum(not one.steady for one in matrix.measurements)
    shares = {one.workload.distribution: one.share for one in matrix.measurements}
    lengths = ", ".join(f"*{name}* {100 * share:.0f} %" for name, share in shares.items())
    yield f"""
## On a {"GPU" if matrix.device == "cuda" else "CPU"}

`{matrix.command}`, with PyTorch {matrix.torch} on {matrix.machine}: {count} measurements of batches of {work.batch}
rows and {work.steps} steps, with {spec.input_size} features in, hidden size {spec.hidden_size} and seed {work.seed}.
The lengths, and how many of the steps are real: {lengths}.

### How wrong padded is

The largest absolute differences to the single runs, over one and three layers, both layouts and all lengths:
"""
    yield from errors(matrix)
    yield f"\nPacked is within rounding of the single runs in {right} of {count} measurements."
    yield from (f"\nNot measured: {line}." for line in (*matrix.raised, *matrix.left_out))
    yield f"""
### What packing costs

What packed takes over what padded takes: above 1 packing costs, below 1 it saves. Times are medians of
{first.repeats} repeats, the forms in turn; in {unsteady} of {count} measurements they are unsteady: the middle half of
the repeats spans more than half of their median. Memory is {matrix.memory}.
"""
    yield from shown(matrix)
    for dtype in dict.fromkeys(one.dtype for one in matrix.measurements):
        yield f"\nTraining / inference in {dtype}, means of both layouts; *gathered* over padded, the median of all:\n"
        yield from costs([one for one in matrix.measurements if one.dtype == dtype])
    yield ""
    yield from summary(matrix)
    if matrix.device == "cpu":
        yield ONEDNN


def errors(matrix: Matrix) -> Iterator[str]:
    yield "| dtype | layer | directions | padded, outputs | padded, states | packed | gathered |"
    yield "| --- " * 7 + "|"
    dtypes = dict.fromkeys(one.dtype for one in matrix.measurements)
    for dtype, kind, (both, direction) in itertools.product(dtypes, KINDS, DIRECTIONS.items()):
        group = [one for one in _of(matrix.measurements, kind, both) if one.dtype == dtype]
        found = [
            [one.padded.outputs_error for one in group],
            [one.padded.states_error for one in group],
            [one.packed.error for one in group],
            [one.gathered.error for one in group if one.gathered is not None],
        ]
        cells = [f"{max(column):.1e}" if column else "" for column in found]
        yield f"| {dtype} | {kind} | {direction} | {' | '.join(cells)} |"


def costs(measurements: Sequence[Measurement]) -> Iterator[str]:
    yield f"| layer | directions | layers | {' | '.join(DISTRIBUTIONS)} | gathered |"
    yield "| --- " * (4 + len(DISTRIBUTIONS)) + "|"
    depths = sorted({one.spec.num_layers for one in measurements})
    for kind, (both, direction), layers in itertools.product(KINDS, DIRECTIONS.items(), depths):
        group = [one for one in _of(measurements, kind, both) if one.spec.num_layers == layers]
        cells = []
        for distribution in DISTRIBUTIONS:
            same = [one for one in group if one.workload.distribution == distribution]
            cells.append(" / ".join(f"{_ratio(same, part):.1f}" for part in TIMES) if same else "")
        pairs = [(one.gathered, one.padded) for one in group if one.gathered is not None]
        gathered = [statistics.median(part(a) / part(b) for a, b in pairs) for part in TIMES] if pairs else []
        cells.append(" / ".join(f"{ratio:.1f}" for ratio in gathered))
        yield f"| {kind} | {direction} | {layers} | {' | '.join(cells)} |"


def _of(measurements: Iterable[Measurement], kind: str, both: bool) -> list[Measurement]:
    return [one for one in measurements if (one.spec.kind, one.spec.bidirectional) == (kind, both)]


def summary(matrix: Matrix) -> Iterator[str]:
    """What the times come to, a line for each kind of layer."""
    yield "On ragged lengths, all dtypes together:\n"
    for kind, (both, direction) in itertools.product(KINDS, DIRECTIONS.items()):
        group = [one for one in _of(matrix.measurements, kind, both) if one.share < 1]
        said = []
        for name in ("training", "inference"):
            ratios = [PARTS[name][1](one.packed) / PARTS[name][1](one.padded) for one in group]
            saved = sum(ratio < 1 for ratio in ratios)
            often = f"{min(ratios):.1f} to {max(ratios):.1f} times as long, median {statistics.median(ratios):.1f}"
            said.append(f"{name} takes {often}, and less than padded in {saved} of {len(ratios)}")
        yield f"- {kind}, {direction}: packed, {'; '.join(said)}."


def plots(matrix: Matrix) -> Iterator[tuple[str, str]]:
    """The files of a device's plots: names and contents."""
    for name, _, plot in _plots(matrix):
        yield name, svg(plot, name, standalone=True)


def shown(matrix: Matrix) -> Iterator[str]:
    """The plots in float32, a row for one direction and one for two."""
    yield f"| directions | {' | '.join(f'{what}, packed over padded' for what, _ in PARTS.values())} |"
    yield "| --- " * (1 + len(PARTS)) + "|"
    for direction in DIRECTIONS.values():
        images = [f"![{title}](plots/{name}.svg)" for name, title, _ in _plots(matrix) if name.endswith(direction)]
        yield f"| {direction} | {' | '.join(images)} |"


def _plots(matrix: Matrix) -> Iterator[tuple[str, str, Plot]]:
    """The name of a plot's file, its title, and the plot."""
    for (name, (what, part)), (both, direction) in itertools.product(PARTS.items(), DIRECTIONS.items()):
        group = [one for one in matrix.measurements if one.spec.bidirectional == both and one.dtype == "float32"]
        title = f"{what}, {direction} direction{'s' if both else ''}: packed over padded"
        series = tuple(_series(kind, group, part) for kind in KINDS)
        described = f"{title}, over the share of real steps, on {matrix.machine}. {read_out(series, 'x')}"
        plot = Plot(title, described, "real steps (%)", "packed / padded", series)
        yield f"{matrix.device}-{name}-{direction}", title, plot


def _series(kind: str, group: Iterable[Measurement], part: Part) -> Series:
    shares: dict[float, list[Measurement]] = {}
    for one in group:
        if one.spec.kind == kind:
            shares.setdefault(one.share, []).append(one)
    return Series(kind, tuple((share, _ratio(ones, part)) for share, ones in sorted(shares.items())))


def _ratio(group: Iterable[Measurement], part: Part) -> float:
    """The geometric mean of what packed takes over what padded takes."""
    return statistics.geometric_mean([part(one.packed) / part(one.padded) for one in group])


# --- what tools make of it ---


def tools(about: Mapping[str, Any]) -> Iterator[str]:
    rows: list[dict[str, str]] = about["outcomes"]
    packages = ", ".join(f"{name} {version}" for name, version in about["onnx"].items()) or "no ONNX"
    yield f"""
## What PyTorch's tools make of a model that packs

`{about["command"]}`, with PyTorch {about["torch"]}, Python {about["python"]}, {packages}. Small models, a linear layer
and an LSTM with one direction, are given to each tool with a batch, and are then run on that one, on one with other
lengths, and on one of another shape; outputs and final states are compared with single runs. Without a graph nothing
was compiled.
"""
    models = list(dict.fromkeys(row["model"] for row in rows))
    yield f"| tool | {' | '.join(models)} |"
    yield "| --- " * (1 + len(models)) + "|"
    messages: list[str] = []
    for tool in dict.fromkeys(row["tool"] for row in rows):
        outcomes = {row["model"]: row for row in rows if row["tool"] == tool}
        yield f"| {tool} | {' | '.join(_cell(outcomes[model], messages) for model in models)} |"
    yield ""
    yield from (f"{number}. `{message}`" for number, message in enumerate(messages, start=1))


def _cell(row: Mapping[str, str], messages: list[str]) -> str:
    """An outcome in a word or two; messages are collected, and pointed at by their number."""
    if row["result"] == "raises":
        if row["detail"] not in messages:
            messages.append(row["detail"])
        return f"raises [{messages.index(row['detail']) + 1}]"
    result = f"**{row['result']}**" if row["result"] == "silently wrong" else row["result"]
    return "; ".join(filter(None, (result, row["detail"])))
