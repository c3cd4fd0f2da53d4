"""The two sides of a comparison, the original and the rewrite, and what is asked of them.

A side can be run on any batch and tells what was observed. The truth is the recurrent layer itself: each row of its
own input, reduced to its real steps and run alone, with its own part of the initial state.
"""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from packlint.verify.batches import Batch
from packlint.verify.evidence import Measure
from packlint.verify.observing import LayerCall, Observation, Observer, Pin, are_packed, flat, observing

Key = tuple[str, int]
"""A layer by its name, and which of its calls it is."""


class Side:
    """What can be run: `call` runs it on a batch, `modules` are the layers in it, `filename` is of its code."""

    def __init__(self, filename: str, call: Callable[[Batch, bool], Any], module: nn.Module) -> None:
        self.filename = filename
        self.module = module
        self._call = call
        self._names = {id(layer): name for name, layer in module.named_modules()}
        self._seen: dict[tuple[Any, ...], Observation] = {}
        self.lines: list[str] | None = None

    def observe(
        self, batch: Batch, *, pin: Pin | None = None, whole: bool = False, device: bool = False, grad: bool = False
    ) -> Observation:
        """Run it once; what was run the same way before is not run again.

        pin: see `observing.Pin`. whole: every pack takes every row at full width, the bug that is looked for.
        device: the lengths stand for ones on an accelerator. grad: with a graph to take gradients of.
        """
        key = (batch, pin, whole, device)
        if not grad and key in self._seen:
            return self._seen[key]
        one = Observer(self.filename, batch, pin, whole, device)
        torch.manual_seed(batch.seed)
        context = contextlib.nullcontext() if grad else torch.no_grad()
        with observing(one), context, _training(self.module) if grad else contextlib.nullcontext():
            try:
                made = self._call(batch, device)
                one.seen.results, one.seen.packed = flat(made), are_packed(made)
            except (Exception, SystemExit) as error:
                one.seen.error = said(error)
                frames = traceback.extract_tb(error.__traceback__)
                one.seen.error_row = next((f.lineno or 0 for f in reversed(frames) if f.filename == self.filename), 0)
                one.seen.traceback = traceback.format_exc(limit=-4)
        if not grad:
            self._seen[key] = one.seen
        return one.seen

    def run(self, batch: Batch) -> Any:
        """What comes out of it as it is; None where it raises."""
        with torch.no_grad():
            try:
                return self._call(batch, False)
            except Exception:
                return None

    def name_of(self, layer: nn.Module) -> str:
        name: str = self._names.get(id(layer), type(layer).__name__)
        return name

    def calls(self, seen: Observation) -> dict[Key, LayerCall]:
        """The calls of layers in a run, by name and number."""
        found: dict[Key, LayerCall] = {}
        for call in seen.layers:
            name = self.name_of(call.layer)
            number = sum(key[0] == name for key in found)
            found[name, number] = call
        return found


def said(error: BaseException) -> str:
    """An exception in one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:160]}" if text else type(error).__name__


@contextlib.contextmanager
def _training(module: nn.Module) -> Iterator[None]:
    """In train mode with nothing random in it: no dropout, and batch norms as in eval mode."""
    modes = {one: one.training for one in module.modules()}
    dropped = {one: one.dropout for one in module.modules() if isinstance(one, nn.RNNBase)}
    module.train()
    for one in module.modules():
        if isinstance(one, nn.RNNBase):
            one.dropout = 0.0
        elif "drop" in type(one).__name__.lower() or isinstance(one, nn.modules.batchnorm._BatchNorm):
            one.eval()
    try:
        yield
    finally:
        for one, mode in modes.items():
            one.training = mode
        for layer, dropout in dropped.items():
            layer.dropout = dropout


@dataclass(slots=True)
class Row:
    """What is true of one row at one call of a layer: its input [L, F], output [L, H], and states [layers, H] each."""

    input: Tensor
    output: Tensor
    states: tuple[Tensor, ...]
    state: tuple[Tensor, ...] | None


@dataclass(slots=True)
class About:
    """What a site is about, in terms of what is observed: layers, and places by their kind; `code` of the finding.

    places: keys of probes. read: keys of what a rewrite reads of a layer, that stand in no original. beside: the codes
    of all that is rewritten with it.
    """

    code: str | None
    layers: list[Key] = field(default_factory=list)
    places: dict[str, str] = field(default_factory=dict)
    read: dict[str, str] = field(default_factory=dict)
    beside: frozenset[str] = frozenset()


class UnclearError(Exception):
    """What was observed does not tell what is to be compared; `str()` says why."""


class Truth:
    """The rows of a batch at the layers of a side, each run alone.

    Where the side raises before its layers are reached, what the other side's layers are given stands for it.
    """

    def __init__(self, side: Side, other: Side | None, base: Batch) -> None:
        self.base = base
        self.side = side
        self.rows: dict[Key, list[Row]] = {}
        self.layers: dict[Key, nn.RNNBase] = {}
        self._alone: dict[int, dict[Key, Tensor]] = {}
        self._place(base, side)
        if side.observe(base).error is not None:
            self._place(base.sorted(), side)
            if other is not None and not self.rows:
                self._place(base, other)

    def _place(self, batch: Batch, side: Side) -> None:
        for key, (layer, rows, state) in _given(side, side.observe(batch)).items():
            if key in self.rows:
                continue
            order = self._order(key, rows, batch, side)
            found: list[Row | None] = [None] * self.base.size
            for at, place in enumerate(order):
                number, length = batch.rows[place], batch.lengths[place]
                own = None if state is None else tuple(part[:, at] for part in state)
                with torch.no_grad():
                    found[self.base.rows.index(number)] = alone(layer, rows[at], length, own, batch.left)
            if all(one is not None for one in found):
                self.rows[key] = [one for one in found if one is not None]
                self.layers[key] = layer

    def order(self, key: Key, rows: Tensor, batch: Batch) -> list[int]:
        """Which row of the batch each row in front of a layer is, by its contents; as given where that is unclear."""
        return self._order(key, rows, batch, self.side)

    def _order(self, key: Key, rows: Tensor, batch: Batch, side: Side) -> list[int]:
        as_given = list(range(batch.size))
        if rows.shape[0] != batch.size:
            raise UnclearError(f"the layer is given {rows.shape[0]} rows where the batch has {batch.size}")
        if not max(batch.lengths) <= rows.shape[1] <= batch.width:
            raise UnclearError(f"the layer is given {rows.shape[1]} steps where the batch has {batch.width}")
        known: list[Tensor] = []
        for at in range(batch.size):
            if key in self.rows:
                known.append(self.rows[key][self.base.rows.index(batch.rows[at])].input)
                continue
            single = self._row_alone(key, batch, at, side)
            if single is None:
                return as_given
            known.append(single)
        order: list[int] = []
        for at in range(batch.size):
            costs = [_distance(rows[at], one, batch.left) for one in known]
            order.append(min(as_given, key=lambda i: (costs[i], i != at)))
        return order if sorted(order) == as_given else as_given

    def _row_alone(self, key: Key, batch: Batch, at: int, side: Side) -> Tensor | None:
        number = batch.rows[at]
        if number not in self._alone:
            seen = side.observe(batch.alone(at))
            self._alone[number] = {k: rows[0] for k, (_, rows, _) in _given(side, seen).items()}
        return self._alone[number].get(key)

    def pin(self, batch: Batch, value: float) -> Pin:
        """Holds what a layer is given at what it was given in the base batch, and the padding at a value."""

        def pinned(tensor: Tensor) -> Tensor | None:
            if tensor.shape[0] != batch.size or not max(batch.lengths) <= tensor.shape[1]:
                return None
            best: tuple[float, Tensor] | None = None
            for key, rows in self.rows.items():
                if rows[0].input.shape[-1] != tensor.shape[-1]:
                    continue
                try:
                    order = self.order(key, tensor, batch)
                except UnclearError:
                    continue
                made = torch.full_like(tensor, value)
                off = 0.0
                for at, place in enumerate(order):
                    own = rows[self.base.rows.index(batch.rows[place])].input
                    steps = own.shape[0]
                    target = slice(tensor.shape[1] - steps, None) if batch.left else slice(0, steps)
                    off = max(off, _distance(tensor[at], own, batch.left))
                    made[at, target] = own.to(made.dtype)
                if best is None or off < best[0]:
                    best = off, made
            return None if best is None else best[1]

        return pinned


def _given(side: Side, seen: Observation) -> dict[Key, tuple[nn.RNNBase, Tensor, Any]]:
    """What the layers of a run were given, with the batch in front; before the pack, where one was packed."""
    found = {}
    for key, call in side.calls(seen).items():
        rows = call.rows if call.entered is None else call.entered.rows
        found[key] = (call.layer, rows.detach(), call.state)
    if seen.error is not None:  # what entered and never got to a layer
        used = {id(call.entered) for call in seen.layers}
        layers = [one for one in side.module.modules() if isinstance(one, nn.RNNBase)]
        for entry in seen.entered:
            fitting = [one for one in layers if one.input_size == entry.tensor.shape[-1]]
            fitting = [one for one in fitting if (side.name_of(one), 0) not in found]
            if id(entry) not in used and len(fitting) >= 1:
                found[side.name_of(fitting[0]), 0] = (fitting[0], entry.rows.detach(), None)
                used.add(id(entry))
    return found


def _distance(row: Tensor, known: Tensor, left: bool) -> float:
    steps = min(row.shape[0], known.shape[0])
    if row.shape[-1] != known.shape[-1]:
        return float("inf")
    mine, true = (row[-steps:], known[-steps:]) if left else (row[:steps], known[:steps])
    return float((mine - true).abs().mean())


def alone(layer: nn.RNNBase, row: Tensor, length: int, state: tuple[Tensor, ...] | None, left: bool = False) -> Row:
    """Run the real steps of one row [T, F] through a layer."""
    real = row[row.shape[0] - length :] if left else row[:length]
    given = real[None] if layer.batch_first else real[:, None]
    if state is None:
        output, states = layer(given)
    else:
        own = tuple(part[:, None].contiguous() for part in state)
        output, states = layer(given, own if isinstance(layer, nn.LSTM) else own[0])
    states = states if isinstance(states, tuple) else (states,)
    output = output[0] if layer.batch_first else output[:, 0]
    return Row(real, output, tuple(one[:, 0] for one in states), state)


def noise(trial: Trial) -> float | None:
    """How far the outputs of the layers differ for the same padded rows in another order: arithmetic, and no more."""
    worst = Worst(trial.tolerance)
    for key in trial.about.layers:
        layer, rows = trial.truth.layers[key], trial.truth.rows[key]
        order = [*range(1, len(rows)), 0]
        ones, others = _together(layer, rows), _together(layer, [rows[at] for at in order])
        for one, other in zip(ones, others, strict=True):
            for place, at in enumerate(order):
                worst.add(other[place], one[at], at)
    measure = worst.measure()
    return None if measure is None else measure.error


def _together(layer: nn.RNNBase, rows: Sequence[Row]) -> list[Tensor]:
    """The output and the states of rows in one padded batch, the batch in front."""
    given = nn.utils.rnn.pad_sequence([row.input for row in rows], batch_first=layer.batch_first)
    state: Any = None
    if rows[0].state is not None:
        parts = zip(*(row.state or () for row in rows), strict=True)
        joined = tuple(torch.stack(part, 1).contiguous() for part in parts)
        state = joined if isinstance(layer, nn.LSTM) else joined[0]
    with torch.no_grad():
        output, states = layer(given, state)
    states = states if isinstance(states, tuple) else (states,)
    return [output if layer.batch_first else output.transpose(0, 1), *(one.transpose(0, 1) for one in states)]


class Worst:
    """Gathers differences, and remembers the largest."""

    def __init__(self, tolerance: float) -> None:
        self.tolerance = tolerance
        self.error: float | None = None
        self.sequence: int | None = None
        self.step: int | None = None
        self.note = ""

    def add(self, mine: Tensor, true: Tensor, sequence: int | None = None, step_axis: int | None = None) -> None:
        """Compare what is one row's: both of the same shape, else the error is infinite."""
        if mine.shape != true.shape:
            self._set(float("inf"), sequence, None, f"the shape is {tuple(mine.shape)}, not {tuple(true.shape)}")
            return
        if not true.numel():
            self.error = self.error or 0.0
            return
        off = (mine.detach() - true.detach()).abs() / true.detach().abs().clamp(min=1)
        off = torch.nan_to_num(off, nan=float("inf"))
        error = float(off.max())
        step = None
        if step_axis is not None and off.dim() > step_axis:
            step = int(off.transpose(0, step_axis).reshape(off.shape[step_axis], -1).amax(1).argmax())
        self._set(error, sequence, step, "")

    def fail(self, note: str) -> None:
        self._set(float("inf"), None, None, note)

    def _set(self, error: float, sequence: int | None, step: int | None, note: str) -> None:
        if self.error is None or error > self.error:
            self.error, self.sequence, self.step, self.note = error, sequence, step, note

    def measure(self) -> Measure | None:
        """None where nothing was compared."""
        if self.error is None:
            return None
        error = None if self.error == float("inf") and self.note else self.error
        where = (None, None) if error == 0 else (self.sequence, self.step)
        return Measure(error, self.tolerance, *where, self.note)


@dataclass(slots=True)
class Trial:
    """One side on trial: what it is held against, and within what tolerance."""

    side: Side
    original: Side
    truth: Truth  # of the side
    about: About
    tolerance: float
    whole: bool = False  # the twin that is broken on purpose
    known: Truth | None = None  # of the original
    astray: bool = False  # the same, each row held against the truth of another

    @property
    def base(self) -> Batch:
        return self.truth.base

    @property
    def rewritten(self) -> bool:
        return self.side is not self.original

    def seen(self) -> Observation:
        return self.side.observe(self.base, whole=self.whole)

    def rows(self, key: Key) -> list[Row]:
        rows = self.truth.rows[key]
        return [rows[self.against(at)] for at in range(self.base.size)]

    def reads(self, kind: str) -> tuple[list[str], list[str]]:
        """The places of a kind, and what a rewrite alone reads of it."""
        places = [key for key, one in self.about.places.items() if one == kind]
        return places, [key for key, one in self.about.read.items() if one == kind and self.rewritten]

    def against(self, at: int) -> int:
        """The row that a row is held against: itself, or, astray, the next one."""
        return (at + 1) % self.base.size if self.astray else at

    def was(self) -> Observation:
        """What was seen of the original."""
        return self.original.observe(self.base)

    def before(self) -> dict[Key, LayerCall]:
        """The calls of layers in the original."""
        return self.original.calls(self.was())

    def given(self, key: Key, at: int) -> list[Row]:
        """What the original gives a layer for one row: in the batch, and alone."""
        found: list[Row] = []
        if self.known is not None and key in self.known.rows:
            found.append(self.known.rows[key][at])
        single = self.base.alone(at)
        one = _given(self.original, self.original.observe(single)).get(key)
        if one is not None:
            _, rows, state = one
            own = None if state is None else tuple(part[:, 0] for part in state)
            found.append(Row(rows[0, : single.width], rows[0], (), own))
        return found

    def raised(self, seen: Observation) -> Measure:
        return Measure(None, self.tolerance, note=f"raises {seen.error}")

    def worst(self) -> Worst:
        return Worst(self.tolerance)


def row_of(value: Tensor, at: int, batch: Batch) -> tuple[Tensor, int | None] | None:
    """The part of a value that is one row's, with the padded steps gone, and the axis of its steps; None if unclear.

    Axes are known by their sizes. A value whose first axis joins rows and steps is taken apart.
    """
    size, width = batch.size, batch.width
    longest = max(batch.lengths)
    axes = [axis for axis in range(value.dim()) if value.shape[axis] == size]
    if not axes:
        for steps in dict.fromkeys((width, longest)):
            if value.dim() and value.shape[0] == size * steps and steps > 1:
                return row_of(value.reshape(size, steps, *value.shape[1:]), at, batch)
        return None
    axis = axes[0] if len(axes) == 1 or axes[0] < 2 else axes[1]
    mine = value.select(axis, at)
    length = batch.lengths[at]
    timed = [i for i in range(mine.dim()) if mine.shape[i] in {width, longest} and (width != size or i < 2)]
    if not timed or length == 0:
        return mine, None
    step = timed[0]
    begin = mine.shape[step] - length if batch.left else 0
    return mine.narrow(step, begin, length), step


def placed(seen: Observation, key: str) -> list[Tensor]:
    """The tensors of a place, in the order in which it was passed."""
    return [one for value in seen.places.get(key, []) for one in flat(value)]


def rows_of(values: Sequence[Tensor], at: int, batch: Batch) -> list[tuple[Tensor, int | None]]:
    return [found for value in values if (found := row_of(value, at, batch)) is not None]
