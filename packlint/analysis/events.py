"""The events that the interpreter emits and that rules read.

Each says what happens at one expression, with the abstract values that take part. An event is emitted once for every
path and every caller that reaches it; records that are filled later (what follows a call) are complete when rules run.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from packlint.analysis.names import FunctionInfo, ModuleInfo
    from packlint.analysis.values import Object, Packed, Permutation, Tensor, Value


@dataclass(slots=True, unsafe_hash=True)
class Fact:
    """One thing that the code shows, and the line that shows it (as the file's own text counts lines)."""

    filename: str
    row: int
    text: str


@dataclass(slots=True, eq=False)
class Site:
    """Where an event stands: the expression, its function, and the calls that lead to it, outermost first."""

    module: ModuleInfo
    node: ast.AST
    function: FunctionInfo
    stack: tuple[Site, ...] = ()

    @property
    def key(self) -> tuple[str, int, int]:
        return (self.module.filename, getattr(self.node, "lineno", 1), getattr(self.node, "col_offset", 0))

    def fact(self, text: str) -> Fact:
        return Fact(self.module.filename, getattr(self.node, "lineno", 1), text)

    @property
    def text(self) -> str:
        """The expression as written, on one line, cut where it is long."""
        line = " ".join(self.module.source.segment(self.node).split())
        return line if len(line) <= 60 else line[:57] + "..."


@dataclass(slots=True, eq=False)
class AtHand:
    """Lengths or a padding mask that the function of a call holds."""

    kind: str  # lengths, mask
    name: str
    fact: Fact
    value: Value


@dataclass(slots=True, eq=False)
class Embedded:
    """A call of an embedding that knows which id is padding; `tensor` are the ids."""

    site: Site
    tensor: Tensor


@dataclass(slots=True, eq=False)
class RnnCall:
    """A call of an RNN. `uses` says what is done with its results anywhere: step, gather, state, carried, pool,
    masked pool, output, returned state."""

    site: Site
    layer: Object
    input: Tensor
    packed: bool
    state: Value | None
    at_hand: list[AtHand]
    absent: frozenset[str]  # names that are None on this path
    one_step: bool
    uses: dict[str, Fact] = field(default_factory=dict)
    rows_read: set[int | None] = field(default_factory=set)
    samples_read: set[int] = field(default_factory=set)
    else_packed: bool = False  # on another path of its function the layer runs packed
    else_carried: bool = False  # on another path of its function the layer starts from a state that it is given
    else_one_way: bool = False  # the layer may be another one there, which has one direction
    resets: bool = False  # its initial state is multiplied by a mask: of episodes, not of padding
    bidirectional: bool | None = None
    batch_first: bool | None = None
    whole: Fact | None = None  # it is packed, with the padded size as the length of every row
    around: list[AtHand] = field(default_factory=list)  # what the methods that lead here hold
    embedded: list[Embedded] = field(default_factory=list)
    alone: bool = True  # what is called there is a recurrent layer on every path


@dataclass(slots=True, eq=False)
class Pack:
    """A call of pack_padded_sequence (or pack_sequence)."""

    site: Site
    tensor: Tensor
    lengths: Tensor | None
    batch_first: bool | None
    enforce_sorted: bool | None
    caller: Fact | None
    by_hand: Permutation | None = None


@dataclass(slots=True, eq=False)
class Unpack:
    """A call of pad_packed_sequence."""

    site: Site
    packed: Value | None
    batch_first: bool | None
    total_length: Value | None
    data_parallel: Fact | None
    uses: dict[str, Fact] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class PackedUse:
    """A PackedSequence used as a tensor."""

    site: Site
    how: str
    fact: Fact
    packed: Packed | None = None


@dataclass(slots=True, eq=False)
class StepRead:
    """One time step of an output read for all rows alike; `which` is last or first, `halves` the directions read.

    `masked` is set where what was read is switched off by a mask afterwards.
    """

    site: Site
    tensor: Tensor
    which: str
    halves: set[str] = field(default_factory=set)
    masked: bool = False


@dataclass(slots=True, eq=False)
class GatherRead:
    """The step at `length - 1` of an output read for each row."""

    site: Site
    tensor: Tensor


@dataclass(slots=True, eq=False)
class StateRead:
    """A read of h_n or c_n: how is index (with the row), batch index, batch first index,
    batch first reshape, joined rows reshape."""

    site: Site
    tensor: Tensor
    how: str
    row: int | None


@dataclass(slots=True, eq=False)
class Pool:
    """A reduction over time: max, mean, sum or softmax. `masked` is set where a mask is applied afterwards, too.

    given: the function was given a mask, and does not apply it. axis: the axis of the tensor that is reduced.
    """

    site: Site
    tensor: Tensor
    how: str
    masked: bool
    divided: bool = False
    given: bool = False
    axis: int | None = None
    at_hand: list[AtHand] = field(default_factory=list)
    embedded: list[Embedded] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Meet:
    """Two per-sample values come together: what is the clash (order, width, layout)."""

    site: Site
    left: Value
    right: Value
    how: str
    permutation: Permutation | None = None
    unpack: Unpack | None = None


Event = RnnCall | Pack | Unpack | PackedUse | StepRead | GatherRead | StateRead | Pool | Meet
