"""What a model gives for a sequence in several runs, and how far the runs differ."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from packlint.testing.rows import PaddingSide, Rows, batch_axes, uneven_axes
from packlint.testing.running import call, tensors_in

TOLERANCES = {
    torch.float64: 1e-10,
    torch.complex128: 1e-10,
    torch.float32: 1e-5,
    torch.complex64: 1e-5,
    torch.float16: 5e-3,
    torch.bfloat16: 3e-2,
}
"""What `rtol` and `atol` are for a dtype: some multiple of its precision, for batches add up in another order.

Of whole numbers and truth values none may differ.
"""


_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Error:
    """The largest error of a sequence; NaN counts as infinite, and `nan` says in which of two results it is."""

    where: str
    size: float
    tolerance: float
    nan: Literal["expected", "found", None]

    def told(self, differs: str, expected: str, found: str) -> str:
        """In words: what it differs from, and what the two results are called."""
        if self.nan is not None:
            return f"{self.where} is nan {expected if self.nan == 'expected' else found}"
        return f"{self.where} differs by {self.size:.1e} {differs} (tolerance {self.tolerance:.1e})"


@dataclass(frozen=True, slots=True)
class View:
    """One tensor of the result: its name (empty where it is the whole result), its axes, and the real steps."""

    name: str
    batch_axis: int
    steps: tuple[Mapping[int, int], ...]
    """For each sequence, by time axis, how many steps are real."""

    def where(self, step: int | None) -> str:
        if step is None:
            return self.name or "its result"
        return f"step {step}" + (f" of {self.name}" if self.name else "")


Result = Mapping[str, Tensor]


@dataclass(frozen=True, slots=True)
class Options:
    """What is compared of a result, and how exactly."""

    outputs: Callable[[Any], Any] | None
    batch_axis: int | None
    time_axis: int | None
    padding_side: PaddingSide
    rtol: float | None
    atol: float | None

    def run(self, model: Callable[..., Any], arguments: object) -> Result:
        """Run the model, and give the tensors that are compared."""
        result = call(model, arguments)
        found = dict(tensors_in(result if self.outputs is None else self.outputs(result), "output"))
        if not found:
            raise ValueError("there is no tensor in the model's result, or in what outputs= picks")
        return found

    def views(self, rows: Rows, alone: Sequence[Result], batch: Result, *others: Result) -> list[View]:
        """Find the axes of every tensor of the result by its sizes in all runs."""
        __tracebackhide__ = True
        for result in (*alone, *others):
            if result.keys() != batch.keys():
                raise ValueError(f"the results have other parts: {', '.join(batch)}; {', '.join(result)}")
        return [
            self._view(rows, name, [one[name] for one in alone], batch[name], [other[name] for other in others])
            for name in batch
        ]

    def _view(self, rows: Rows, name: str, alone: list[Tensor], batch: Tensor, others: list[Tensor]) -> View:
        __tracebackhide__ = True
        shown = "its result" if name == "output" else name
        for index, one in enumerate(alone):
            if one.ndim != batch.ndim:
                shapes = f"{list(one.shape)} alone and {list(batch.shape)} in the batch"
                raise AssertionError(f"{rows.name(index)}: {shown} has the shape {shapes}")
        for other in others:
            if other.ndim != batch.ndim:
                raise AssertionError(f"{shown} has the shape {list(batch.shape)}, and then {list(other.shape)}")
        batch_axis = self._batch_axis(shown, alone, batch)
        uneven = uneven_axes(batch, alone, batch_axis)
        time_axes = sorted({*uneven, *uneven_axes(batch, others, batch_axis)})
        if self.time_axis is not None:
            told = self._told(self.time_axis, "time_axis", shown, batch)
            time_axes = [told, *(axis for axis in time_axes if axis != told)]
        steps = tuple(
            {axis: one.size(axis) if axis in uneven else length for axis in time_axes}
            for one, length in zip(alone, rows.lengths, strict=True)
        )
        for index, real in enumerate(steps):
            for tensor in (batch, *others):
                if any(tensor.size(axis) < count for axis, count in real.items()):
                    shapes = f"{list(alone[index].shape)} alone and {list(tensor.shape)} in the batch"
                    raise AssertionError(f"{rows.name(index)}: {shown} has the shape {shapes}: too few steps")
        return View("" if name == "output" else name, batch_axis, steps)

    def _batch_axis(self, shown: str, alone: list[Tensor], batch: Tensor) -> int:
        if self.batch_axis is not None:
            axis = self._told(self.batch_axis, "batch_axis", shown, batch)
            if batch.size(axis) != len(alone):
                raise ValueError(f"batch_axis={self.batch_axis}: {shown} has the shape {list(batch.shape)}")
            return axis
        axes = batch_axes(batch, alone)
        if len(axes) == 1:
            return axes[0]
        shapes = f"{list(batch.shape)}, and {list(alone[0].shape)} alone"
        if axes:
            raise ValueError(f"two axes may be that of the batch, {shown} has the shape {shapes}: say batch_axis=")
        raise ValueError(f"no axis is that of the batch, {shown} has the shape {shapes}: pick others with outputs=")

    def _told(self, axis: int, option: str, shown: str, tensor: Tensor) -> int:
        if not -tensor.ndim <= axis < tensor.ndim:
            raise ValueError(f"{option}={axis}: {shown} has the shape {list(tensor.shape)}")
        return axis % tensor.ndim

    def error(self, view: View, index: int, expected: tuple[Result, int], found: tuple[Result, int]) -> Error | None:
        """Compare what a sequence gets at its real steps in two results, in each of which it has a row."""
        here, there = (self._real(view, index, result[view.name or "output"], row) for result, row in (expected, found))
        by_step = bool(view.steps[index])
        return self.compare(here, there, lambda step: view.where(step if by_step else None), by_step)

    def _real(self, view: View, index: int, tensor: Tensor, row: int) -> Tensor:
        """The real steps of a row, along the first axis where the tensor has a time axis."""
        steps = view.steps[index]
        for axis, count in steps.items():
            tensor = tensor.narrow(axis, 0 if self.padding_side == "right" else tensor.size(axis) - count, count)
        part = tensor.select(view.batch_axis, row)
        if not steps:
            return part
        first = next(iter(steps))
        # Without the axis of the batch, those behind it have moved by one.
        return part.movedim(first - (view.batch_axis < first), 0)

    def compare(
        self, expected: Tensor, found: Tensor, where: Callable[[int], str], by_step: bool = True
    ) -> Error | None:
        """The largest error, where it is beyond the tolerance: its place along the first axis, and its size."""
        if not expected.numel():
            return None
        default = TOLERANCES.get(expected.dtype, 0.0)
        wide = torch.complex128 if expected.is_complex() or found.is_complex() else torch.float64
        here, there = expected.detach().to("cpu", wide), found.detach().to("cpu", wide)
        scale = torch.where(here.isfinite(), here, 0).abs().amax().item()
        rtol, atol = default if self.rtol is None else self.rtol, default if self.atol is None else self.atol
        tolerance = atol + rtol * scale
        # Infinite scores of masked steps are equal to each other, and their difference is NaN.
        errors = torch.where(here == there, 0, (here - there).abs()).nan_to_num(nan=math.inf, posinf=math.inf)
        largest = errors.reshape(len(errors) if by_step else 1, -1).amax(dim=1)
        worst = int(largest.argmax())
        size = largest[worst].item()
        if size <= tolerance:
            return None
        here, there = (part.reshape(len(largest), -1)[worst] for part in (here, there))
        nan: Literal["expected", "found", None] = None
        if bool(here.isnan().any()):
            nan = "expected"
        elif bool(there.isnan().any()):
            nan = "found"
        return Error(where(worst), size, tolerance, nan)


def fail(lines: Iterable[str]) -> None:
    """Raise what the lines say, where there are some."""
    __tracebackhide__ = True
    found = list(lines)
    if found:
        more = [f"... and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
        raise AssertionError("\n".join([*found[:_SHOWN], *more]))
