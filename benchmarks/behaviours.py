"""What PyTorch's tools do to a model that packs: each is run, and what comes out is compared with single runs.

    python -m benchmarks.behaviours [--output FILE.json]

Two small models, a linear layer and an LSTM, give outputs and the final state: one packs, the other runs padded and
takes the output at step length - 1. Each is compiled, exported, scripted, traced, split as `nn.DataParallel` splits a
batch, mapped over, or run in bfloat16, and then given a batch of other lengths, and one of another shape. An outcome
is `works`, `raises`, `silently wrong`, or `not run`.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import logging
import platform
import re
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module, metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

FIRST, SAME, OTHER = (7, 3, 5, 1), (2, 7, 4, 6), (4, 6, 2, 6, 3)
"""The lengths of the batch that a tool sees first, and of those that it is given afterwards."""
ROUNDING = 1e-5
Result = tuple[Tensor, Tensor]
Model = Callable[[Tensor, Tensor], Result]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened: `result` is `works`, `raises`, `silently wrong` or `not run`, `detail` the message or the size."""

    tool: str
    model: str
    result: str
    detail: str


class Packed(nn.Module):
    """Packs, and gives the outputs padded again, all as wide as the batch, and the last layer's final state."""

    def __init__(self) -> None:
        super().__init__()
        self.input = nn.Linear(3, 3)
        self.rnn = nn.LSTM(3, 4, batch_first=True)

    def forward(self, inputs: Tensor, lengths: Tensor) -> Result:
        packed = pack_padded_sequence(self.input(inputs), lengths, batch_first=True, enforce_sorted=False)
        packed, (h_n, _) = self.rnn(packed)
        outputs, _ = pad_packed_sequence(packed, batch_first=True, total_length=inputs.size(1))
        return outputs, h_n[-1]


class Narrow(Packed):
    """The same, and the outputs are as wide as the longest row."""

    def forward(self, inputs: Tensor, lengths: Tensor) -> Result:
        packed = pack_padded_sequence(self.input(inputs), lengths, batch_first=True, enforce_sorted=False)
        packed, (h_n, _) = self.rnn(packed)
        outputs, _ = pad_packed_sequence(packed, batch_first=True)
        return outputs, h_n[-1]


class Listed(Packed):
    """The same, and the lengths become a list on the way."""

    def forward(self, inputs: Tensor, lengths: Tensor) -> Result:
        counts: list[int] = lengths.tolist()
        packed = pack_padded_sequence(self.input(inputs), counts, batch_first=True, enforce_sorted=False)
        packed, (h_n, _) = self.rnn(packed)
        outputs, _ = pad_packed_sequence(packed, batch_first=True, total_length=inputs.size(1))
        return outputs, h_n[-1]


class Gathered(nn.Module):
    """Runs padded, and takes the final state at the last real step."""

    def __init__(self) -> None:
        super().__init__()
        self.input = nn.Linear(3, 3)
        self.rnn = nn.LSTM(3, 4, batch_first=True)

    def forward(self, inputs: Tensor, lengths: Tensor) -> Result:
        outputs, _ = self.rnn(self.input(inputs))
        return outputs, outputs[torch.arange(inputs.size(0)), lengths - 1]


Tried = Callable[[Packed | Gathered], tuple[str, str]]
"""A tool and what it does to a model: a result, and its detail."""


def batch(lengths: Sequence[int]) -> tuple[Tensor, Tensor]:
    draw = torch.Generator().manual_seed(sum(lengths))
    rows = [torch.randn(length, 3, generator=draw) for length in lengths]
    return pad_sequence(rows, batch_first=True), torch.tensor(lengths)


def error(model: Packed | Gathered, result: Result, inputs: Tensor, lengths: Tensor) -> float:
    """The largest difference to the single runs, at real steps and in the final states."""
    largest = 0.0
    with torch.no_grad():
        for row, length in enumerate(lengths.tolist()):
            outputs, (h_n, _) = model.rnn(model.input(inputs[row : row + 1, :length]))
            pairs = ((result[0][row, :length], outputs[0]), (result[1][row], h_n[-1, 0]))
            largest = max(largest, *(float((a.float() - b).abs().max()) for a, b in pairs))
    return largest


def judged(model: Packed | Gathered, made: Model, rounding: float = ROUNDING, fixed: bool = False) -> tuple[str, str]:
    """The batches through what a tool made of a model; where its shape is `fixed`, those of the first one's shape."""
    batches = {"": FIRST, " (other lengths)": SAME, " (another shape)": OTHER}
    largest = 0.0
    for which, lengths in list(batches.items())[: 2 if fixed else 3]:
        inputs, counts = batch(lengths)
        try:
            with torch.no_grad():
                result = made(inputs, counts)
        except Exception as problem:
            return "raises", message(problem) + which
        largest = max(largest, error(model, result, inputs, counts))
        if not largest <= rounding:
            return "silently wrong", f"off by {largest:.1g}{which}"
    return "works", f"off by {largest:.0e}" if rounding > ROUNDING else ""


def message(problem: BaseException) -> str:
    """The type of an exception and the first line of what it says, without what differs from machine to machine."""
    if problem.__cause__ is not None and type(problem).__module__.startswith("torch.onnx"):
        problem = problem.__cause__  # it only says which step failed
    plain = re.sub(r"\x1b\[[0-9;]*m", "", str(problem))
    lines = [line.strip() for line in plain.splitlines() if line.strip()] or [""]
    said = lines[0] if len(lines[0]) <= 160 else lines[0][:157] + "..."
    return f"{type(problem).__name__}: {said}"


# --- the tools ---


def compiled(backend: str, recurrent: bool = False, whole: bool = False) -> Tried:
    def tried(model: Packed | Gathered) -> tuple[str, str]:
        from torch._dynamo import config
        from torch._dynamo.utils import counters

        torch._dynamo.reset()
        counters.clear()
        with config.patch(allow_rnn=recurrent):
            result, detail = judged(model, torch.compile(model, backend=backend, fullgraph=whole))
        breaks, graphs = sum(counters["graph_break"].values()), counters["stats"]["unique_graphs"]
        counted = f"{graphs} graphs, {breaks} graph breaks" if result != "raises" else ""
        return result, "; ".join(filter(None, (detail, counted)))

    return tried


def exported(dynamic: bool) -> Tried:
    def tried(model: Packed | Gathered) -> tuple[str, str]:
        rows, steps = torch.export.Dim("rows"), torch.export.Dim("steps")
        shapes = ({0: rows, 1: steps}, {0: rows}) if dynamic else None
        program = torch.export.export(model, batch(FIRST), dynamic_shapes=shapes)
        return judged(model, program.module(), fixed=not dynamic)

    return tried


def scripted(model: Packed | Gathered) -> tuple[str, str]:
    return judged(model, torch.jit.script(model))


def traced(model: Packed | Gathered) -> tuple[str, str]:
    return judged(model, torch.jit.trace(model, batch(FIRST)))  # type: ignore[no-untyped-call]


def split(model: Packed | Gathered) -> tuple[str, str]:
    """As under `nn.DataParallel`: each half of the batch is run by itself, and what they give is concatenated."""

    def halves(inputs: Tensor, lengths: Tensor) -> Result:
        half = len(lengths) // 2
        parts = [model(inputs[:half], lengths[:half]), model(inputs[half:], lengths[half:])]
        return torch.cat([part[0] for part in parts]), torch.cat([part[1] for part in parts])

    return judged(model, halves)


def mapped(model: Packed | Gathered) -> tuple[str, str]:
    def each(inputs: Tensor, lengths: Tensor) -> Result:
        one = torch.func.vmap(lambda row, length: tuple(part[0] for part in model(row[None], length[None])))
        outputs, final = one(inputs, lengths)
        return outputs, final

    return judged(model, each)


def in_bfloat16(model: Packed | Gathered) -> tuple[str, str]:
    def cast(inputs: Tensor, lengths: Tensor) -> Result:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            outputs, final = model(inputs, lengths)
        return outputs, final

    return judged(model, cast, rounding=0.05)


def to_onnx(dynamo: bool) -> Tried:
    def tried(model: Packed | Gathered) -> tuple[str, str]:
        absent = [name for name in ("onnx", "onnxscript", "onnxruntime") if find_spec(name) is None]
        if absent:
            return "not run", f"{', '.join(absent)}: not installed"
        rows, steps = map(torch.export.Dim, ("rows", "steps"))
        shapes: dict[str, Any] = {"inputs": {0: rows, 1: steps}, "lengths": {0: rows}}
        if not dynamo:
            shapes = {"inputs": {0: "rows", 1: "steps"}, "lengths": {0: "rows"}}
        names: dict[str, Any] = {"input_names": ["inputs", "lengths"], "output_names": ["outputs", "final"]}
        names["dynamic_shapes" if dynamo else "dynamic_axes"] = shapes
        with tempfile.TemporaryDirectory() as scratch:
            path = str(Path(scratch, "model.onnx"))
            torch.onnx.export(model, batch(FIRST), path, dynamo=dynamo, verbose=False, **names)
            session = import_module("onnxruntime").InferenceSession(path)

        def ran(inputs: Tensor, lengths: Tensor) -> Result:
            given = {"inputs": inputs.numpy(), "lengths": lengths.numpy()}
            outputs, final = session.run(None, {one.name: given[one.name] for one in session.get_inputs()})
            return torch.from_numpy(outputs), torch.from_numpy(final)

        return judged(model, ran)

    return tried


TOOLS: dict[str, Tried] = {
    "no tool": lambda model: judged(model, model),
    '`torch.compile(backend="eager")`': compiled("eager"),
    "the same, `torch._dynamo.config.allow_rnn = True`": compiled("eager", recurrent=True),
    "the same, `allow_rnn` and `fullgraph=True`": compiled("eager", recurrent=True, whole=True),
    '`torch.compile(backend="inductor")`': compiled("inductor"),
    '`torch.compile(backend="inductor")`, `allow_rnn`': compiled("inductor", recurrent=True),
    "`torch.export.export`": exported(dynamic=False),
    "`torch.export.export`, rows and steps dynamic": exported(dynamic=True),
    "`torch.jit.script`": scripted,
    "`torch.jit.trace`": traced,
    "`torch.onnx.export(dynamo=True)`, rows and steps dynamic": to_onnx(True),
    "`torch.onnx.export(dynamo=False)`, rows and steps dynamic": to_onnx(False),
    "halves, as `nn.DataParallel` runs them": split,
    "`torch.func.vmap` over the rows": mapped,
    "`torch.autocast` in bfloat16": in_bfloat16,
}
"""Each by what it is called on the page."""
MODELS: dict[str, Callable[[], Packed | Gathered]] = {
    "packed": Packed,
    "packed, lengths as a list": Listed,
    "packed, no `total_length`": Narrow,
    "padded and gathered": Gathered,
}


def outcome(tool: str, name: str, model: Packed | Gathered) -> Outcome:
    """Try a tool on a model; what it prints and warns of is left out."""
    logging.disable(logging.CRITICAL)
    try:
        said = io.StringIO()
        with warnings.catch_warnings(), contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            warnings.simplefilter("ignore")
            return Outcome(tool, name, *TOOLS[tool](model.eval()))
    except Exception as problem:
        return Outcome(tool, name, "raises", message(problem))
    finally:
        logging.disable(logging.NOTSET)


def outcomes(tools: Sequence[str]) -> Iterator[Outcome]:
    for tool in tools:
        for name, model in MODELS.items():
            torch.manual_seed(0)
            yield outcome(tool, name, model())


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.behaviours", description=__doc__.partition("\n")[0])
    parser.add_argument("--output", help="a file for the outcomes, as JSON")
    words = sys.argv[1:] if argv is None else list(argv)
    arguments = parser.parse_args(words)
    found: list[Outcome] = []
    for one in outcomes(list(TOOLS)):
        print(f"| {one.tool} | {one.model} | {one.result} | {one.detail} |", flush=True)
        found.append(one)
    if arguments.output is not None:
        about = {
            "command": " ".join(["python -m benchmarks.behaviours", *words]),
            "torch": torch.__version__,
            "python": platform.python_version(),
            "onnx": {name: metadata.version(name) for name in ("onnx", "onnxscript", "onnxruntime") if find_spec(name)},
            "outcomes": [asdict(one) for one in found],
        }
        Path(arguments.output).write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
