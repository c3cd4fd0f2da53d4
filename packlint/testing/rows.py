"""The sequences as a model takes them: in a batch, each alone, and with more padding."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, TypeVar

import torch
from torch import Tensor, nn

from packlint.testing.running import tensors_in, with_tensors

Sample = TypeVar("Sample")
PaddingSide = Literal["right", "left"]


def batch_axes(batch: Tensor, alone: Sequence[Tensor]) -> list[int]:
    """The axes of the size B in the batch and 1 alone."""
    sizes = range(batch.ndim)
    return [axis for axis in sizes if batch.size(axis) == len(alone) and {one.size(axis) for one in alone} == {1}]


def uneven_axes(batch: Tensor, others: Sequence[Tensor], batch_axis: int | None) -> list[int]:
    """The other axes whose size is not the same everywhere; all tensors have as many axes."""
    return [
        axis
        for axis in range(batch.ndim)
        if axis != batch_axis and any(other.size(axis) != batch.size(axis) for other in others)
    ]


@dataclass(frozen=True, slots=True)
class _Input:
    """A tensor among the arguments that is longer in the batch than alone, its axes, and how long it is alone."""

    name: str
    batch_axis: int
    time_axes: tuple[int, ...]
    widths: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Rows:
    """The sequences as the model takes them: in a batch, and each alone."""

    collate: Callable[[list[Any]], Any]
    batch: Any
    alone: tuple[Any, ...]
    inputs: tuple[_Input, ...]
    lengths: tuple[int, ...]
    padding_side: PaddingSide

    @property
    def count(self) -> int:
        return len(self.alone)

    @property
    def width(self) -> int:
        """What the batch is padded to; where that does not show, the longest length."""
        return max(self.inputs[0].widths if self.inputs else self.lengths)

    def name(self, index: int) -> str:
        """What a sequence is called in a message."""
        return f"sequence {index} of {self.count} (length {self.lengths[index]}, batch padded to {self.width})"

    def check_that_padding_differs(self) -> None:
        """Refuse a `collate` that pads a sequence alone as far as in a batch: both would be wrong alike."""
        named = dict(tensors_in(self.batch, "batch"))
        singles = [dict(tensors_in(arguments, "batch")) for arguments in self.alone]
        if self.inputs or not any(tensor.ndim > 1 for tensor in named.values()):
            return
        if any(single.keys() != named.keys() for single in singles):  # a list of tensors, say, that the model pads
            return
        raise ValueError("alone, too, a sequence is padded as far as in the batch: nothing would be tested")

    def with_more_padding(self, extra: int, padding_value: float | None) -> Any:
        """The arguments of the batch, with more steps of padding, or other ones."""
        plain = dict(tensors_in(self.batch, "batch", unpack=False))
        inputs = {one.name: one for one in self.inputs if one.name in plain}
        if not inputs:
            raise ValueError("no argument that is made of the sequences has padding that could be more")
        first = next(iter(inputs))

        def change(name: str, tensor: Tensor) -> Tensor:
            if name not in inputs:
                return tensor
            longer = self._longer(tensor, inputs[name], extra)
            if padding_value is None or name != first:
                return longer
            return self._filled(longer, inputs[name], padding_value)

        return with_tensors(self.batch, "batch", change)

    def _longer(self, tensor: Tensor, one: _Input, extra: int) -> Tensor:
        """Made longer by what the shortest row ends with, which is padding."""
        shortest = one.widths.index(min(one.widths))
        right = self.padding_side == "right"
        for axis in one.time_axes:
            edge = tensor.narrow(axis, tensor.size(axis) - 1 if right else 0, 1).narrow(one.batch_axis, shortest, 1)
            sizes = list(tensor.shape)
            sizes[axis] = extra
            more = edge.expand(sizes)
            tensor = torch.cat((tensor, more) if right else (more, tensor), dim=axis)
        return tensor

    def _filled(self, tensor: Tensor, one: _Input, padding_value: float) -> Tensor:
        _check_that_it_holds(tensor.dtype, padding_value)
        axis = one.time_axes[0]
        filled = tensor.clone()
        for row, width in enumerate(one.widths):
            padded = tensor.size(axis) - width
            start = width if self.padding_side == "right" else 0
            filled.narrow(one.batch_axis, row, 1).narrow(axis, start, padded).fill_(padding_value)
        return filled


def collated(
    model: Callable[..., Any],
    sequences: Sequence[Sample],
    collate: Callable[[list[Sample]], Any] | None,
    lengths: Sequence[int] | None,
    padding_side: PaddingSide,
    padding_value: float,
) -> Rows:
    if padding_side not in ("right", "left"):
        raise ValueError(f"padding_side is 'right' or 'left', not {padding_side!r}")
    samples = list(sequences)
    if len(samples) < 2:
        raise ValueError(f"two sequences or more are wanted, not {len(samples)}: nothing would be tested")
    if lengths is not None and (len(lengths) != len(samples) or min(lengths) < 1):
        raise ValueError(f"lengths={list(lengths)}: one is wanted for each of {len(samples)} sequences, 1 or more")
    made = collate or partial(_padded, padding_side, padding_value, _takes_lengths(model))
    batch = made(samples)
    alone = tuple(made([sample]) for sample in samples)
    inputs = tuple(_inputs(batch, alone))
    known = _lengths(samples, lengths, inputs, collate is not None)
    if len(set(known)) == 1:
        raise ValueError(f"all {len(samples)} sequences have the length {known[0]}: nothing would be tested")
    return Rows(made, batch, alone, inputs, known, padding_side)


def _lengths(
    samples: Sequence[object], told: Sequence[int] | None, inputs: Sequence[_Input], collated: bool
) -> tuple[int, ...]:
    if told is not None:
        return tuple(told)
    if collated and inputs:
        return inputs[0].widths
    tensors = [sample for sample in samples if isinstance(sample, Tensor) and sample.ndim]
    if len(tensors) < len(samples):
        raise ValueError("the lengths of the sequences do not show in what collate makes of each alone: say lengths=")
    return tuple(len(tensor) for tensor in tensors)


def _inputs(batch: object, alone: Sequence[object]) -> Iterator[_Input]:
    singles = [dict(tensors_in(arguments, "batch")) for arguments in alone]
    for name, tensor in tensors_in(batch, "batch"):
        same = [single[name] for single in singles if name in single and single[name].ndim == tensor.ndim]
        if len(same) < len(singles):
            continue
        axes = batch_axes(tensor, same)
        batch_axis = axes[0] if axes else None
        time_axes = uneven_axes(tensor, same, batch_axis)
        if batch_axis is not None and time_axes:
            yield _Input(name, batch_axis, tuple(time_axes), tuple(one.size(time_axes[0]) for one in same))


def _takes_lengths(model: Callable[..., Any]) -> bool:
    """Whether the model's second parameter is for lengths."""
    if isinstance(model, nn.RNNBase) and not model.batch_first:
        raise ValueError("a batch is made of the shape [B, T, ...], and this layer has batch_first=False: say collate=")
    try:
        signature = inspect.signature(_forward(model))
    except (TypeError, ValueError):  # some builtins have none
        return False
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    second = [one for one in signature.parameters.values() if one.kind in positional][1:2]
    if second and "len" in second[0].name.lower():
        return True
    if second and second[0].default is inspect.Parameter.empty:
        raise ValueError(f"the model takes `{second[0].name}` too: say how a batch is made, collate=")
    return False


def _forward(model: Callable[..., Any]) -> Callable[..., Any]:
    """What has the model's parameters: a module's own `__call__` has none by name."""
    if isinstance(model, nn.Module):
        return model.forward
    if isinstance(model, partial):
        return partial(_forward(model.func), *model.args, **model.keywords)
    return model


def _padded(
    padding_side: PaddingSide, padding_value: float, with_lengths: bool, samples: list[Any]
) -> tuple[Tensor, ...]:
    """The batch `[B, T, ...]` of tensors `[T, ...]`, and their lengths."""
    for index, sample in enumerate(samples):
        if not isinstance(sample, Tensor) or not sample.ndim or not len(sample):
            what = f"{type(sample).__name__}" if not isinstance(sample, Tensor) else f"tensor {list(sample.shape)}"
            raise ValueError(f"sequence {index} is a {what}: a tensor [T] or [T, ...] is wanted, or collate=")
    first = samples[0]
    _check_that_it_holds(first.dtype, padding_value)
    lengths = [len(sample) for sample in samples]
    batch = first.new_full((len(samples), max(lengths), *first.shape[1:]), padding_value)
    for row, sample in zip(batch, samples, strict=True):
        (row[: len(sample)] if padding_side == "right" else row[-len(sample) :]).copy_(sample)
    return (batch, torch.tensor(lengths)) if with_lengths else (batch,)


def _check_that_it_holds(dtype: torch.dtype, value: float) -> None:
    if not dtype.is_floating_point and not dtype.is_complex and not float(value).is_integer():
        raise ValueError(f"padding_value={value}: {dtype} cannot hold that")
