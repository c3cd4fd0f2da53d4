"""A layer measured padded and packed: errors against single runs, times, memory, on the CPU and on CUDA."""

from __future__ import annotations

import json
import math
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

from packlint.verify.measurements import DISTRIBUTIONS, Form, LayerSpec, Measurement, Report, Workload
from packlint.verify.precision import full_precision

DTYPES = {name: getattr(torch, name) for name in ("float64", "float32", "bfloat16", "float16")}
TOLERANCES = {"float64": 1e-10, "float32": 1e-5, "bfloat16": 6e-2, "float16": 1e-2}
"""What rounding can come to over 100 steps for values of about 1; it grows with the root of the steps."""
MEMORY = {
    "cpu": "what PyTorch's CPU allocator gave out, by torch.profiler; what a library allocates by itself is not in it",
    "cuda": "torch.cuda.max_memory_allocated; cuDNN's workspace is in it",
}
Ran = tuple[Tensor, tuple[Tensor, ...]]
"""The outputs in the layer's layout, and the states that the form gives: `h_n`, `c_n`."""


# --- a layer on a batch ---


@dataclass(frozen=True, slots=True)
class Case:
    """A layer with its batch: `inputs` in the layer's layout, `rows` (L, F) for each sequence, lengths on the CPU."""

    spec: LayerSpec
    layer: nn.RNNBase
    rows: Sequence[Tensor]
    inputs: Tensor
    lengths: Tensor

    @property
    def real(self) -> Tensor:
        """Where the batch has real steps, (B, T)."""
        steps = torch.arange(int(self.lengths.max()))
        return (steps < self.lengths[:, None]).to(self.inputs.device)


def make_case(spec: LayerSpec, workload: Workload, device: str, dtype: str) -> Case:
    """A layer with PyTorch's own initial weights and a batch of normal values, padded with zeros."""
    draw = torch.Generator().manual_seed(workload.seed)
    lengths = workload.lengths
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(workload.seed)
        layer: nn.RNNBase = getattr(nn, spec.kind)(
            spec.input_size,
            spec.hidden_size,
            spec.num_layers,
            batch_first=spec.batch_first,
            bidirectional=spec.bidirectional,
        )
    layer = layer.to(device, DTYPES[dtype])
    rows = [torch.randn(length, spec.input_size, generator=draw).to(device, DTYPES[dtype]) for length in lengths]
    return Case(spec, layer, rows, pad_sequence(rows, batch_first=spec.batch_first), torch.tensor(lengths))


def run_padded(case: Case) -> Ran:
    """The original: the layer runs over the padding."""
    outputs, state = case.layer(case.inputs)
    return outputs, _states(state)


def run_packed(case: Case) -> Ran:
    """The rewrite: packed, unpacked to the same shape, rows in the order that they came in."""
    first = case.spec.batch_first
    packed = pack_padded_sequence(case.inputs, case.lengths, batch_first=first, enforce_sorted=False)
    packed, state = case.layer(packed)
    steps = case.inputs.size(1 if first else 0)
    outputs, _ = pad_packed_sequence(packed, batch_first=first, total_length=steps)
    return outputs, _states(state)


def run_gathered(case: Case) -> Ran:
    """Of one direction: padded, and the last layer's `h_n` is the output at the last real step."""
    outputs, _ = case.layer(case.inputs)
    rows = torch.arange(len(case.lengths), device=outputs.device)
    last = (case.lengths - 1).to(outputs.device)
    return outputs, (outputs[rows, last] if case.spec.batch_first else outputs[last, rows],)


def run_single(case: Case) -> Ran:
    """The reference: each sequence alone; the outputs are padded with zeros to the batch's shape."""
    first = case.spec.batch_first
    ran = [case.layer(row.unsqueeze(0 if first else 1)) for row in case.rows]
    outputs = pad_sequence([output.squeeze(0 if first else 1) for output, _ in ran], batch_first=first)
    states = zip(*(_states(state) for _, state in ran), strict=True)
    return outputs, tuple(torch.cat(parts, dim=1) for parts in states)


def _states(state: Tensor | tuple[Tensor, Tensor]) -> tuple[Tensor, ...]:
    return state if isinstance(state, tuple) else (state,)


FORMS: Mapping[str, Callable[[Case], Ran]] = {"padded": run_padded, "packed": run_packed, "gathered": run_gathered}


# --- what is measured of it ---


def _errors(case: Case, ran: Ran, reference: Ran) -> tuple[float, float]:
    """The largest differences of outputs at real steps, and of states."""
    real = case.real if case.spec.batch_first else case.real.T
    states = list(zip(ran[1], reference[1], strict=False))
    if ran[1][0].dim() == 2:  # gathered: the last layer's alone
        states = [(ran[1][0], reference[1][0][-1])]
    outputs = (ran[0].double() - reference[0].double())[real]
    return _largest(outputs), max(_largest(a.double() - b.double()) for a, b in states)


def _largest(difference: Tensor) -> float:
    largest = float(difference.abs().max())
    return largest if largest == largest else float("inf")


def _forward(case: Case, form: Callable[[Case], Ran]) -> None:
    with torch.no_grad():
        form(case)


def _step(case: Case, form: Callable[[Case], Ran], gradients: tuple[Tensor, Tensor]) -> None:
    """Forward and backward; the same gradients come to the outputs at real steps and to the last layer's `h_n`."""
    _forget(case)
    outputs, states = form(case)
    torch.autograd.backward((outputs, states[0] if states[0].dim() == 2 else states[0][-1]), gradients)


def _forget(case: Case) -> None:
    """Let go of the gradients of the step before."""
    case.layer.zero_grad(set_to_none=True)
    case.inputs.grad = None


def _gradients(case: Case, reference: Ran) -> tuple[Tensor, Tensor]:
    real = case.real if case.spec.batch_first else case.real.T
    return torch.ones_like(reference[0]) * real[..., None], torch.ones_like(reference[1][0][-1])


def _seconds(device: str, action: Callable[[], None]) -> float:
    if not device.startswith("cuda"):
        begin = time.perf_counter()
        action()
        return time.perf_counter() - begin
    stream = torch.cuda.current_stream(device)
    begin_event, end_event = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]
    torch.cuda.synchronize(device)
    begin_event.record(stream)
    action()
    end_event.record(stream)
    torch.cuda.synchronize(device)
    return float(begin_event.elapsed_time(end_event)) / 1000


def _peak(device: str, action: Callable[[], None]) -> int:
    """The bytes at the peak of an action beyond those before it."""
    if not device.startswith("cuda"):
        return _cpu_peak(action)
    torch.cuda.synchronize(device)
    torch.cuda.reset_peak_memory_stats(device)
    before = torch.cuda.memory_allocated(device)
    action()
    torch.cuda.synchronize(device)
    return torch.cuda.max_memory_allocated(device) - before


def _cpu_peak(action: Callable[[], None]) -> int:
    """The highest sum of what was allocated and not yet freed, from the profiler's trace."""
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # or each profile says on standard error that it began and ended
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profile:
        action()
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch, "trace.json")
        profile.export_chrome_trace(str(path))
        events = json.loads(path.read_text(encoding="utf-8"))["traceEvents"]
    changes = sorted((event["ts"], event["args"]["Bytes"]) for event in events if event["name"] == "[memory]")
    now = peak = 0
    for _, change in changes:
        now += change
        peak = max(peak, now)
    return peak


def _rounds(
    device: str, actions: Mapping[str, Callable[[], None]], repeats: int, patience: float
) -> dict[str, list[float]]:
    """The seconds of each action, again and again; they run in turn, so that all see the same machine.

    A first round warms up. After one that counts, none begins once all of it took `patience` seconds.
    """
    begin = time.monotonic()
    rounds: list[dict[str, float]] = []
    while len(rounds) <= repeats and (len(rounds) < 2 or time.monotonic() - begin < patience):
        rounds.append({name: _seconds(device, action) for name, action in actions.items()})
    return {name: [one[name] for one in rounds[1:]] for name in actions}


def _spread(seconds: Sequence[float]) -> float:
    """What the middle half spans, as a share of the median."""
    if len(seconds) < 2:
        return 0.0
    low, middle, high = statistics.quantiles(seconds, n=4, method="inclusive")
    return (high - low) / middle


def measure(
    spec: LayerSpec,
    workload: Workload,
    device: str = "cpu",
    dtype: str = "float32",
    repeats: int = 5,
    patience: float = 60.0,
) -> Measurement:
    """Measure a layer on a batch, once `patience` seconds are over with as few repeats as it takes.

    Raises what PyTorch raises where the device, the memory or a kernel for the dtype is not there.
    """
    forms = {name: form for name, form in FORMS.items() if name != "gathered" or not spec.bidirectional}
    with full_precision():
        case = make_case(spec, workload, device, dtype)
        case.layer.eval()
        with torch.no_grad():
            reference = run_single(case)
            errors = {name: _errors(case, form(case), reference) for name, form in forms.items()}
        runs = {name: partial(_forward, case, form) for name, form in forms.items()}
        forward = _rounds(device, runs, repeats, patience / 2)
        # cuDNN goes backward in training mode only; without dropout the mode changes nothing else.
        case.layer.train()
        case.inputs.requires_grad_()
        gradients = _gradients(case, reference)
        scale = max(1.0, *(float(part.abs().max()) for part in (reference[0], *reference[1])))
        del reference
        steps = {name: partial(_step, case, form, gradients) for name, form in forms.items()}
        step = _rounds(device, steps, repeats, patience / 2)
        memory: dict[str, int] = {}
        for name, action in steps.items():
            _forget(case)
            memory[name] = _peak(device, action)
    median = statistics.median
    measured = {
        name: Form(*errors[name], median(forward[name]), median(step[name]), _spread(step[name]), memory[name])
        for name in forms
    }
    tolerance = TOLERANCES[dtype] * scale * max(1.0, math.sqrt(workload.steps / 100))
    return Measurement(spec, workload, device, dtype, len(step["padded"]), tolerance, **measured)


# --- a grid of it ---


BASES = ((32, 50), (16, 20), (8, 10))
"""Rows and steps of the batch that a grid begins with: the largest that fits the time; the second in a quick bench."""
RUNS = 40
"""How many forward runs a measurement comes to about, a backward run taken for two."""


def grid(spec: LayerSpec, seed: int, batch: int, steps: int, whole: bool) -> Iterator[tuple[LayerSpec, Workload]]:
    """The layer on each distribution of lengths, from all steps real to few; then other batches, sizes and lengths."""
    size = spec.hidden_size
    shapes = [(batch, steps, size)]
    if whole:
        shapes += [(batch // 4, steps, size), (batch, steps, 2 * size), (4 * batch, steps, size)]
        shapes += [(batch, 4 * steps, size)]
    for rows, length, hidden_size in shapes:
        for distribution in DISTRIBUTIONS:
            yield replace(spec, hidden_size=hidden_size), Workload(rows, length, distribution, seed)


def bench(
    spec: LayerSpec,
    devices: Sequence[str] = ("cpu",),
    dtype: str = "float32",
    seed: int = 0,
    quick: bool = False,
    limit: float = 40.0,
    site: str = "",
) -> Report:
    """Measure a layer over the grid on each device, in about `limit` seconds a device; what does not fit is left out.

    A `ValueError` where there is no such device or dtype. What raises, for want of memory or of a kernel, is left out.
    """
    if dtype not in DTYPES:
        raise ValueError(f"a dtype is one of {', '.join(DTYPES)}, not {dtype!r}")
    for device in devices:
        if torch.device(device).type not in MEMORY:
            raise ValueError(f"a device is a CPU or a CUDA device, not {device!r}")
        if device.startswith("cuda") and not torch.cuda.is_available():
            raise ValueError("PyTorch sees no CUDA device here")
    measurements: list[Measurement] = []
    left_out: list[str] = []
    names: dict[str, str] = {}
    for device in devices:
        with _threads(spec, device, dtype):
            found, skipped = _bench(spec, device, dtype, seed, quick, limit)
            names[device] = device_name(device)
        measurements += found
        left_out += skipped
    memory = {device: MEMORY[torch.device(device).type] for device in devices}
    return Report(torch.__version__, seed, spec, names, memory, tuple(measurements), tuple(left_out), site)


def _bench(
    spec: LayerSpec, device: str, dtype: str, seed: int, quick: bool, limit: float
) -> tuple[list[Measurement], list[str]]:
    """The measurements on a device, and what was left out with the reason."""
    measurements: list[Measurement] = []
    left_out: list[str] = []
    begin = time.monotonic()
    try:
        unit = RUNS * _row_step(spec, device, dtype)
    except RuntimeError as error:
        return [], [f"{device}, {dtype}: {_first_line(error)}"]
    fitting = [base for base in BASES if len(DISTRIBUTIONS) * unit * base[0] * base[1] <= limit]
    batch, steps = BASES[1] if quick else (fitting or BASES)[0 if fitting else -1]
    for layer, work in grid(spec, seed, batch, steps, whole=not quick):
        what = f"{device}, {layer}, {work.batch} x {work.steps}, {work.distribution}"
        units = work.batch * work.steps * (layer.hidden_size / spec.hidden_size) ** 2
        start = time.monotonic()
        left = limit - (start - begin)
        if left <= 0 or (measurements and unit * units > left):
            left_out.append(f"{what}: no time was left")
            continue
        try:
            measurements.append(measure(layer, work, device, dtype, 3 if quick else 5, left / 5))
        except RuntimeError as error:
            left_out.append(f"{what}: {_first_line(error)}")
        else:
            unit = (time.monotonic() - start) / units
    return measurements, left_out


def _row_step(spec: LayerSpec, device: str, dtype: str) -> float:
    """The seconds of a forward run for each step of each row, at the best of a few."""
    work = Workload(16, 20, "equal")
    case = make_case(spec, work, device, dtype)
    seconds = [_seconds(device, partial(_forward, case, run_padded)) for _ in range(4)]
    return min(seconds[1:]) / (work.batch * work.steps)


@contextmanager
def _threads(spec: LayerSpec, device: str, dtype: str) -> Iterator[None]:
    """Run on one thread where that is faster: on a small layer or a busy machine several wait for each other."""
    before = torch.get_num_threads()
    try:
        if device == "cpu" and before > 1:
            several = _row_step(spec, device, dtype)
            torch.set_num_threads(1)
            if _row_step(spec, device, dtype) > several:
                torch.set_num_threads(before)
        yield
    finally:
        torch.set_num_threads(before)


def device_name(device: str) -> str:
    """The machine behind a device, as it calls itself."""
    if device.startswith("cuda"):
        cudnn = torch.backends.cudnn.version()  # type: ignore[no-untyped-call]
        return f"{torch.cuda.get_device_name(device)}, cuDNN {cudnn}"
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    name = models[0] if models else platform.processor() or platform.machine()
    threads = torch.get_num_threads()
    return f"{name}, {threads} thread{'' if threads == 1 else 's'}"


def _first_line(error: RuntimeError) -> str:
    return str(error).strip().partition("\n")[0]
