"""What a fix writes, as data: the rules decide it, the fixers turn it into text.

A plan names places and facts and holds no source text, so that it can be made without libcst, shown, sent between
processes and compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Applicability = Literal["safe", "unsafe", "display"]


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Where an expression stands in its file: 1-based rows, 0-based columns in characters, the end exclusive."""

    row: int
    column: int
    end_row: int
    end_column: int


@dataclass(frozen=True, slots=True)
class Step:
    """One change of a fix, at one place; each kind is written by the fixer of the same name."""

    at: Span


@dataclass(frozen=True, slots=True)
class LengthsToCpu(Step):
    """The lengths of the pack call `at` go to the CPU; `tensor` says that they are a tensor and never a list."""

    tensor: bool


@dataclass(frozen=True, slots=True)
class EnforceSorted(Step):
    """The pack call `at` takes rows in any order."""


@dataclass(frozen=True, slots=True)
class BatchFirst(Step):
    """The pack or unpack call `at` is told the layout that the tensor has."""

    batch_first: bool


@dataclass(frozen=True, slots=True)
class Edit:
    """Text in place of other text: 1-based rows and columns in characters, the end exclusive; `cell` in a notebook."""

    content: str
    row: int
    column: int
    end_row: int
    end_column: int
    cell: int | None = None


@dataclass(frozen=True, slots=True)
class Fix:
    """The change that goes with a finding.

    `reason` says why it has its grade, `message` what it does. Findings with the same `group` share steps. A fix
    without steps is told and not written. `edits` are there once they were asked for.
    """

    applicability: Applicability
    reason: str
    message: str
    steps: tuple[Step, ...] = ()
    group: str | None = None
    edits: tuple[Edit, ...] = ()


@dataclass(frozen=True, slots=True)
class Lengths:
    """Where a function has what tells the padding of a batch.

    kind: `lengths`, one number a row; `mask`, true (`valid`) or false where a step is real; `ids` that an embedding
    takes, whose `padding_idx` marks the padding. name: the variable, for a mask or lengths. embedding: the call of the
    embedding, for ids. tensor: it is known to be no list. time: the axis of time of a mask or of ids.
    """

    kind: Literal["lengths", "mask", "ids"]
    name: str = ""
    embedding: Span | None = None
    tensor: bool = False
    valid: bool = True
    time: int = 1


@dataclass(frozen=True, slots=True)
class PackCall(Step):
    """The RNN call `at` runs packed, and its output is unpacked to the size that it had."""

    lengths: Lengths
    batch_first: bool


@dataclass(frozen=True, slots=True)
class FinalState(Step):
    """The read `at` of a step of the output becomes the final state that `call` gives.

    lstm: the state is a pair; both: it has two directions.
    """

    call: Span
    lstm: bool
    both: bool


@dataclass(frozen=True, slots=True)
class MaskedPool(Step):
    """The pooling `at` leaves out the padding. batch and time: the axes of the `rank` ones of what is pooled."""

    how: Literal["max", "mean", "sum", "softmax"]
    lengths: Lengths
    rank: int
    batch: int
    time: int


@dataclass(frozen=True, slots=True)
class TotalLength(Step):
    """The unpack call `at` fills up to the size that the input of `pack` had."""

    pack: Span
    batch_first: bool


@dataclass(frozen=True, slots=True)
class PackedFields(Step):
    """The names `at` that a PackedSequence is taken apart into get its data and its batch sizes."""


@dataclass(frozen=True, slots=True)
class PackedData(Step):
    """The layer call `at` works step by step: it is given the data of a PackedSequence, and the rest stays as it is."""


@dataclass(frozen=True, slots=True)
class BatchToFront(Step):
    """The batch of the state that the call `at` reshapes is moved to the front first."""


@dataclass(frozen=True, slots=True)
class UnpackedInput(Step):
    """The layer call `at` is given the unpacked batch, of the size that the input of `pack` had."""

    pack: Span
    batch_first: bool


@dataclass(frozen=True, slots=True)
class SortedByHand(Step):
    """The order in which the pack call `at` gets its rows, made by the sort in the row `sort`, goes."""

    sort: int


PARTS: dict[str, type] = {
    name: part for name, part in globals().items() if isinstance(part, type) and hasattr(part, "__dataclass_fields__")
}
"""Everything that a plan is made of, by its name."""
