"""What padding a batch costs in steps, and what packing it leaves; counted from the lengths alone.

Steps are counted, not time: fewer steps are not always less time, which depends on the device and on the layer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Batch:
    """Sequences that are padded together: their lengths in steps, each at least 1, in the order of the rows."""

    lengths: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.lengths or min(self.lengths) < 1:
            raise ValueError("a batch is of one sequence or more, each of one step or more")

    @property
    def longest(self) -> int:
        """The width that every row is padded to."""
        return max(self.lengths)

    @property
    def padded_steps(self) -> int:
        """What a layer computes of the padded batch: rows times width."""
        return len(self.lengths) * self.longest

    @property
    def real_steps(self) -> int:
        """What it computes of the packed batch: the sum of the lengths."""
        return sum(self.lengths)

    @property
    def batch_sizes(self) -> tuple[int, ...]:
        """`PackedSequence.batch_sizes`: of each step, how many sequences have it."""
        return tuple(self._batch_sizes())

    def _batch_sizes(self) -> Iterator[int]:
        previous = 0
        for rows, length in zip(range(len(self.lengths), 0, -1), sorted(self.lengths), strict=True):
            yield from (rows for _ in range(length - previous))
            previous = length

    def packed(self) -> Iterator[tuple[int, int]]:
        """The rows of `PackedSequence.data`, as pairs of sequence and step: all first steps, then all second ones.

        The sequences come by decreasing length, equally long ones as they were: `enforce_sorted=False` sorts so.
        """
        order = sorted(range(len(self.lengths)), key=lambda row: -self.lengths[row])
        for step, rows in enumerate(self._batch_sizes()):
            yield from ((row, step) for row in order[:rows])


@dataclass(frozen=True, slots=True)
class Batches:
    """All batches of a data set."""

    batches: tuple[Batch, ...]

    @property
    def sequences(self) -> int:
        """How many there are in all batches."""
        return sum(len(batch.lengths) for batch in self.batches)

    @property
    def padded_steps(self) -> int:
        """The padded steps of all batches; each is padded to its own longest sequence."""
        return sum(batch.padded_steps for batch in self.batches)

    @property
    def real_steps(self) -> int:
        """The real steps of all batches."""
        return sum(batch.real_steps for batch in self.batches)


def cut(lengths: Sequence[int], batch_size: int) -> Batches:
    """Cut into batches in the order given; the last one holds what is left."""
    starts = range(0, len(lengths), batch_size)
    return Batches(tuple(Batch(tuple(lengths[start : start + batch_size])) for start in starts))


def cut_by_length(lengths: Sequence[int], batch_size: int) -> Batches:
    """Cut into batches after sorting by decreasing length, so that sequences of like lengths are together."""
    return cut(sorted(lengths, reverse=True), batch_size)


def share(part: int, whole: int) -> str:
    """A part in per cent, with one digit after the point."""
    return f"{100 * part / whole:.1f} %"
