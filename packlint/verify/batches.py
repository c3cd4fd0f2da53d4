"""Ragged batches with known contents, from which a model is given what it asks for.

A batch is a choice of rows, a width and what stands in the padding. Two batches with the same rows hold the same real
steps, whatever else differs, so that what one gives can be compared with what the other gives.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

LENGTHS = (2, 4, 7, 3, 6)
"""Not in order, and their order by size is not its own inverse, so that sorting twice does not put them back.

None of them is how many they are: an axis is known by its size."""
WIDTH = 11  # more than the longest row, as a loader with a fixed size gives
VOCABULARY = 50


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows by number, each with its length; row `n` has the same contents in every batch of the same seed.

    width: of the padded batch. value: what stands in the padding of features. left: the padding is on the left.
    """

    rows: tuple[int, ...]
    lengths: tuple[int, ...]
    width: int
    seed: int = 0
    pad: int = 0
    value: float = 0.0
    left: bool = False

    @property
    def size(self) -> int:
        return len(self.rows)

    def alone(self, at: int) -> Batch:
        """One row, unpadded, as often as there are rows: models that need a batch of the same size go on working."""
        count, length = self.size, self.lengths[at]
        return replace(self, rows=(self.rows[at],) * count, lengths=(length,) * count, width=length)

    def single(self, at: int) -> Batch:
        """One row, unpadded, and nothing else."""
        return replace(self, rows=(self.rows[at],), lengths=(self.lengths[at],), width=self.lengths[at])

    def wider(self, steps: int) -> Batch:
        return replace(self, width=self.width + steps)

    def filled(self, value: float) -> Batch:
        return replace(self, value=value)

    def reordered(self, order: tuple[int, ...]) -> Batch:
        """The same rows, `order[i]` of them at the place `i`."""
        return replace(self, rows=tuple(self.rows[i] for i in order), lengths=tuple(self.lengths[i] for i in order))

    def part(self, begin: int, end: int) -> Batch:
        return replace(self, rows=self.rows[begin:end], lengths=self.lengths[begin:end])

    def full(self, length: int) -> Batch:
        """Every row as long as the batch is wide, so that there is no padding."""
        return replace(self, lengths=(length,) * self.size, width=length)

    def sorted(self) -> Batch:
        order = sorted(range(self.size), key=lambda i: -self.lengths[i])
        return self.reordered(tuple(order))

    def real(self) -> Tensor:
        """[B, W]: true where a step is real."""
        steps = torch.arange(self.width)
        lengths = torch.tensor(self.lengths)[:, None]
        return steps >= self.width - lengths if self.left else steps < lengths

    def ids(self, vocabulary: int = VOCABULARY, pad: int | None = None) -> Tensor:
        """[B, W] of ids that are none the padding's, and the padding's where a step is padding."""
        pad = self.pad if pad is None else pad
        made = torch.full((self.size, self.width), pad)
        for at, (row, length) in enumerate(zip(self.rows, self.lengths, strict=True)):
            drawn = torch.randint(0, vocabulary - 1, (64,), generator=self._generator(row))[:length]
            drawn = drawn + (drawn >= pad) if 0 <= pad < vocabulary else drawn
            made[at, self._span(length)] = drawn
        return made

    def features(self, size: int) -> Tensor:
        """[B, W, size] of random numbers, and `value` where a step is padding."""
        made = torch.full((self.size, self.width, size), self.value, dtype=torch.get_default_dtype())
        for at, (row, length) in enumerate(zip(self.rows, self.lengths, strict=True)):
            drawn = torch.randn(64, size, generator=self._generator(row), dtype=torch.float64)[:length]
            made[at, self._span(length)] = drawn.to(made.dtype)
        return made

    def scalars(self, high: int) -> Tensor:
        """[B] of small numbers, such as labels."""
        drawn = [int(torch.randint(0, high, (), generator=self._generator(row))) for row in self.rows]
        return torch.tensor(drawn)

    def vectors(self, size: int) -> Tensor:
        """[B, size] of random numbers."""
        drawn = [torch.randn(size, generator=self._generator(row), dtype=torch.float64) for row in self.rows]
        return torch.stack(drawn).to(torch.get_default_dtype())

    def _span(self, length: int) -> slice:
        return slice(self.width - length, self.width) if self.left else slice(0, length)

    def _generator(self, row: int) -> torch.Generator:
        return torch.Generator().manual_seed(self.seed * 1009 + row)


def ragged(seed: int, pad: int = 0, width: int = WIDTH) -> Batch:
    """The batch that most relations begin with."""
    return Batch(tuple(range(len(LENGTHS))), LENGTHS, width, seed, pad)


def formed(lengths: tuple[int, ...], form: str) -> Any:
    """Lengths in the form that a function takes: tensor, list, column (a tensor of [B, 1]), floats."""
    tensor = torch.tensor(lengths)
    return {"list": list(lengths), "column": tensor[:, None], "array": tensor.numpy()}.get(form, tensor)
