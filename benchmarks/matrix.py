"""Every recurrent layer, padded and packed: how wrong the one is, what the other costs.

    python -m benchmarks.matrix --device cuda
    python -m benchmarks.matrix --device cpu [--threads N] [--repeats N] [--output FILE.json]

RNN, LSTM and GRU, with one and two directions, one and three layers, in both layouts, in every dtype that the device
takes, on five distributions of lengths: errors against single runs, times and memory, as `packlint.verify.bench`
measures them. On CUDA the tests that need it run first; what does not begin within `--minutes` is left out. Exit 1
where a packed run is not right, where something raised, or where something was left out.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from packlint.verify.measurements import DISTRIBUTIONS, KINDS, Form, LayerSpec, Measurement, Workload, verdict

DTYPES = {"cpu": ("float32", "bfloat16"), "cuda": ("float32", "bfloat16", "float16")}
SIZES = {"cpu": (16, 50, 64, 64), "cuda": (32, 100, 128, 256)}
"""Rows, steps, input size and hidden size."""
KEYS = ("kind", "num_layers", "bidirectional", "batch_first", "dtype", "distribution", "repeats", "tolerance")
FORM = ("outputs_error", "states_error", "forward", "step", "spread", "memory")


@dataclass(frozen=True, slots=True)
class Matrix:
    """What was measured, where, and by which command; `raised` and `left_out` say what has no figures."""

    command: str
    torch: str
    device: str
    machine: str
    memory: str
    measurements: tuple[Measurement, ...]
    raised: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def cases(device: str, dtypes: Sequence[str], seed: int) -> Iterator[tuple[LayerSpec, Workload, str]]:
    batch, steps, inputs, hidden = SIZES[device]
    for dtype, kind, layers, both, first in itertools.product(dtypes, KINDS, (1, 3), (False, True), (True, False)):
        for distribution in DISTRIBUTIONS:
            yield (
                LayerSpec(kind, inputs, hidden, layers, both, first),
                Workload(batch, steps, distribution, seed),
                dtype,
            )


# --- as JSON, a line for each measurement ---


def write(matrix: Matrix) -> str:
    one = matrix.measurements[0]
    head = {
        "command": matrix.command,
        "torch": matrix.torch,
        "device": matrix.device,
        "machine": matrix.machine,
        "memory": matrix.memory,
        "input_size": one.spec.input_size,
        "hidden_size": one.spec.hidden_size,
        "batch": one.workload.batch,
        "steps": one.workload.steps,
        "seed": one.workload.seed,
        "raised": list(matrix.raised),
        "left_out": list(matrix.left_out),
        "columns": [*KEYS, *(f"{form}.{key}" for form in ("padded", "packed", "gathered") for key in FORM)],
    }
    rows = ",\n".join(json.dumps(_row(one), allow_nan=False) for one in matrix.measurements)
    return json.dumps(head, indent=1)[:-2] + f',\n "rows": [\n{rows}\n]}}\n'


def _row(one: Measurement) -> list[object]:
    values: list[object] = [one.spec.kind, one.spec.num_layers, one.spec.bidirectional, one.spec.batch_first]
    values += [one.dtype, one.workload.distribution, one.repeats, _short(one.tolerance)]
    for form in (one.padded, one.packed, one.gathered):
        values += [None] * len(FORM) if form is None else [_short(getattr(form, key)) for key in FORM]
    return values


def _short(value: float) -> float | None:
    """Four figures; JSON has no infinity."""
    if isinstance(value, int):
        return value
    return float(f"{value:.3e}") if math.isfinite(value) else None


def read(text: str) -> Matrix:
    """What `write` wrote."""
    head = json.loads(text)
    measurements = []
    for values in head["rows"]:
        row = dict(zip(head["columns"], values, strict=True))
        options = (row[key] for key in ("num_layers", "bidirectional", "batch_first"))
        spec = LayerSpec(row["kind"], head["input_size"], head["hidden_size"], *options)
        work = Workload(head["batch"], head["steps"], row["distribution"], head["seed"])
        forms = []
        for name in ("padded", "packed", "gathered"):
            outputs, states, forward, step, spread, memory = (row[f"{name}.{key}"] for key in FORM)
            errors = [math.inf if error is None else error for error in (outputs, states)]
            forms.append(None if memory is None else Form(errors[0], errors[1], forward, step, spread, memory))
        padded, packed, gathered = forms
        assert padded is not None
        assert packed is not None
        where = (head["device"], row["dtype"], row["repeats"], row["tolerance"])
        measurements.append(Measurement(spec, work, *where, padded, packed, gathered))
    return Matrix(
        head["command"],
        head["torch"],
        head["device"],
        head["machine"],
        head["memory"],
        tuple(measurements),
        tuple(head["raised"]),
        tuple(head["left_out"]),
    )


# --- measuring ---


def run(device: str, dtypes: Sequence[str], repeats: int, seed: int, minutes: float, command: str) -> Matrix:
    import torch

    from packlint.verify.bench import MEMORY, device_name, measure

    begin = time.monotonic()
    measurements: list[Measurement] = []
    raised: list[str] = []
    left_out: list[str] = []
    every = list(cases(device, dtypes, seed))
    for number, (spec, work, dtype) in enumerate(every, start=1):
        what = f"{spec}, {dtype}, {work.distribution}"
        if time.monotonic() - begin > 60 * minutes:
            left_out.append(what)
            continue
        try:
            one = measure(spec, work, device, dtype, repeats)
        except RuntimeError as error:
            raised.append(f"{what}: {str(error).strip().splitlines()[0]}")
            print(f"{number}/{len(every)} {raised[-1]}", flush=True)
            continue
        measurements.append(one)
        print(f"{number}/{len(every)} {what}: {verdict(one)}", flush=True)
    about = (command, torch.__version__, device, device_name(device), MEMORY[device])
    return Matrix(*about, tuple(measurements), tuple(raised), tuple(left_out))


def cuda_tests() -> int:
    """The tests that need a GPU: pytest's exit code."""
    command = [sys.executable, "-m", "pytest", "-q", "-rs", "-m", "cuda", "tests/verify"]
    return subprocess.run(command, cwd=Path(__file__).parents[1], check=False).returncode


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.matrix", description=__doc__.partition("\n")[0])
    parser.add_argument("--device", choices=sorted(SIZES), default="cpu")
    parser.add_argument("--dtypes", nargs="+", help="all that the device takes, unless given")
    parser.add_argument("--output", help="a file for the figures, as JSON")
    parser.add_argument("--repeats", type=int, help="of each run: 3 on the CPU, 10 on CUDA")
    parser.add_argument("--threads", type=int, help="of PyTorch on the CPU")
    parser.add_argument("--minutes", type=float, help="none begins later: 8 on CUDA, no bound on the CPU")
    parser.add_argument("--seed", type=int, default=0)
    words = sys.argv[1:] if argv is None else list(argv)
    arguments = parser.parse_args(words)
    import torch

    begin = time.monotonic()
    cuda = arguments.device == "cuda"
    if cuda and not torch.cuda.is_available():
        parser.error("PyTorch sees no CUDA device here")
    if arguments.threads is not None:
        torch.set_num_threads(arguments.threads)
    if cuda and cuda_tests():
        return 1
    dtypes = arguments.dtypes or DTYPES[arguments.device]
    repeats = arguments.repeats or (10 if cuda else 3)
    minutes = (arguments.minutes or (8 if cuda else math.inf)) - (time.monotonic() - begin) / 60
    command = " ".join(["python -m benchmarks.matrix", *words])
    matrix = run(arguments.device, dtypes, repeats, arguments.seed, minutes, command)
    if not matrix.measurements:
        return 1
    if arguments.output is not None:
        Path(arguments.output).write_text(write(matrix), encoding="utf-8")
    wrong = [one for one in matrix.measurements if not one.packed.error <= one.tolerance]
    print(
        f"{len(matrix.measurements)} measured, {len(wrong)} not right when packed, {len(matrix.raised)} raised, ",
        end="",
    )
    print(f"{len(matrix.left_out)} left out")
    return 1 if wrong or matrix.raised or matrix.left_out else 0


if __name__ == "__main__":
    sys.exit(main())
