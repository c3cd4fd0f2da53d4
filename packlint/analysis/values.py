"""What a variable can be: the abstract values that flow through the interpreter.

Axes are named by one letter each: B batch, T time, F features, H the features of an RNN output, L layers times
directions of a state, D directions, 1 a size of one, ? anything. A value that nothing is known of is `Unknown`;
it keeps a key, so that two tests of the same unknown flag agree on a path.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from packlint.analysis.events import Fact, Pack, Pool, RnnCall, StepRead, Unpack
    from packlint.analysis.names import ClassInfo, FunctionInfo, ModuleInfo

Axes = tuple[str, ...]


class Value:
    """Base of every abstract value; values are never changed once made, apart from instances and containers.

    That is agreed, not enforced: a frozen dataclass takes ten times as long to make, and values are made all the time.
    """

    __slots__ = ()


@dataclass(slots=True, eq=False)
class Unknown(Value):
    """Anything. `key` names where it came from; `default` is a parameter's default, which a caller may override."""

    key: str | None = None
    default: Value | None = None

    @property
    def word(self) -> str:
        """The last name of where it came from: `lengths` of `forward.batch.lengths`."""
        return (self.key or "").rpartition(".")[2]


UNKNOWN = Unknown()


@dataclass(slots=True, unsafe_hash=True)
class Const(Value):
    value: object


NONE = Const(None)


@dataclass(slots=True, unsafe_hash=True)
class Padding:
    """Why a tensor is thought to be padded along its time axis, and on which side."""

    side: str | None  # right, left, or None where it is not known
    how: str  # padding_idx, pad_sequence, fill, list, field, tokenizer, unpack, lengths, mask, configured
    facts: tuple[Fact, ...]
    width: str | None = None  # longest (of the batch), fixed, or None


@dataclass(slots=True, eq=False)
class Permutation:
    """An order of the batch: what a sort gives.

    `undone` is filled where values are put back into the order before, `beside` where it picks rows of a model's input
    in a way that takes no index from another device.
    """

    descending: bool | None
    by_lengths: bool | None  # False where something else is sorted: scores
    fact: Fact
    of: Tensor | None = None  # what was sorted
    called: tuple[tuple[str, int, int], ...] = ()  # the calls that lead to the sort
    undone: list[Fact] = field(default_factory=list)
    beside: list[Fact] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Tensor(Value):
    """A tensor, an array, or a list of numbers: each field says one thing that is known of it.

    role: ids, features, lengths, mask, index, output, state, scores, weights, or None.
    form: tensor, list or array. one: the axis that is known to have the size 1 where the rank is not known, and
    batch: the axis of the batch there.
    fill: what stands at the padded steps: zero, low (at most a large negative number), or None.
    sort: for lengths and lists, desc, asc, no (known to be in the order of the data) or None.
    """

    role: str | None = None
    axes: Axes | None = None
    pad: Padding | None = None
    fill: str | None = None
    form: str = "tensor"
    roots: frozenset[str] = frozenset()
    device: str | None = None
    device_facts: tuple[Fact, ...] = ()
    sort: str | None = None
    order: Permutation | None = None
    perm: Permutation | None = None  # this is the index that sorts
    inverse: Permutation | None = None  # this is the index that undoes a sort
    call: RnnCall | None = None
    part: str | None = None  # of a state: h, c; of an output: forward, backward; last, first
    unpacked: Unpack | None = None
    pool: Pool | None = None
    counted: str | None = None  # lengths: len, mask, pad, unpack, name, minus (one less), shape
    valid: bool | None = None  # mask: true where the step is real
    one: int | None = None
    batch: int | None = None
    word: str = ""
    facts: tuple[Fact, ...] = ()
    length_of: Tensor | None = None
    trimmed: bool = False
    read: StepRead | None = None
    width_of: str | None = None  # a mask or index made for: longest, fixed; equal: made of rows of one length
    narrowed: bool = False  # a convolution has left other steps than the lengths count
    crossed: bool = False  # made of two tensors with time axes of their own, so that whose steps these are is not known

    def but(self, **changes: object) -> Tensor:
        """The same with some fields changed; with other axes, nothing is known of the place of the batch."""
        made = Tensor(*_fields_of(self))
        if "axes" in changes:
            made.batch = None
        for name, value in changes.items():
            setattr(made, name, value)
        return made

    def axis(self, index: int | None) -> str | None:
        """The name of an axis by its number, negative ones from the end; None where that is not known."""
        if self.axes is None or index is None or not -len(self.axes) <= index < len(self.axes):
            return None
        return self.axes[index]

    def where(self, name: str) -> int | None:
        return self.axes.index(name) if self.axes is not None and name in self.axes else None


_fields_of = attrgetter(*(f.name for f in fields(Tensor)))


@dataclass(slots=True, eq=False)
class Size(Value):
    """The size of one axis of a tensor, or something computed from it (`minus` one)."""

    axis: str | None
    of: Tensor | None = None
    index: int | None = None
    minus: int = 0


@dataclass(slots=True, eq=False)
class Shape(Value):
    of: Tensor


@dataclass(slots=True, eq=False)
class Sequence(Value):
    """A tuple or list: its items where they are known, else what each item is. `sort` as in Tensor.

    `tail` is what a loop appended behind the first `head` items.
    """

    items: list[Value] | None
    elem: Value | None = None
    kind: str = "list"
    sort: str | None = None
    source: str | None = None  # batch: the samples that a collate function gets; pads: [PAD] * n; equal: of one length
    order: Permutation | None = None
    head: int = 0
    tail: Value | None = None

    def item(self) -> Value:
        if self.elem is not None:
            return self.elem
        return join(self.items) if self.items else UNKNOWN


@dataclass(slots=True, eq=False)
class Mapping(Value):
    items: dict[object, Value]
    elem: Value | None = None


@dataclass(slots=True, eq=False)
class Function(Value):
    info: FunctionInfo
    this: Value | None = None
    closure: dict[str, Value] | None = None
    owner: ClassInfo | None = None  # the class that `super()` starts from


@dataclass(slots=True, eq=False)
class Class(Value):
    info: ClassInfo


@dataclass(slots=True, eq=False)
class Module(Value):
    info: ModuleInfo


@dataclass(slots=True, unsafe_hash=True)
class External(Value):
    """A name of a library, in full: `torch.nn.LSTM`."""

    name: str


@dataclass(slots=True, eq=False)
class Bound(Value):
    """A method of a value that is not a project's instance: `x.transpose` before it is called."""

    this: Value
    name: str


@dataclass(slots=True, eq=False)
class Partial(Value):
    function: Value
    args: tuple[Value, ...]
    keywords: dict[str, Value]


@dataclass(slots=True, eq=False)
class Instance(Value):
    """An object of a class of the project. Its attributes come from `__init__`, run when one is first asked for."""

    cls: ClassInfo
    args: list[Value] = field(default_factory=list)
    keywords: dict[str, Value] = field(default_factory=dict)
    attrs: dict[str, Value] = field(default_factory=dict)
    ready: bool = False
    guessed: bool = False  # no construction was seen: defaults may be overridden
    spread: bool = False  # built with `**options` of unknown content, which may override them too
    wrapped: Fact | None = None  # DataParallel
    key: str = ""


@dataclass(slots=True, eq=False)
class Object(Value):
    """An object of a library, by kind: RNN, Embedding, Linear, Sequential, ModuleList, Field, DataLoader, ..."""

    kind: str
    options: dict[str, Value] = field(default_factory=dict)
    items: list[Value] = field(default_factory=list)
    fact: Fact | None = None
    names: frozenset[str] = frozenset()  # for an RNN: LSTM, GRU, RNN
    key: str = ""


@dataclass(slots=True, eq=False)
class Packed(Value):
    """A PackedSequence. `tensor` is what was packed (or what the RNN made of it).

    whole: every row is as long as the padded batch, so that the padding is still in it.
    """

    tensor: Tensor
    lengths: Tensor | None
    enforce_sorted: bool | None
    fact: Fact
    whole: bool = False
    pack: Pack | None = None


@dataclass(slots=True, eq=False)
class State(Value):
    """What an RNN returns second: a pair for an LSTM, a tensor else; `names` says which it can be."""

    h: Tensor
    c: Tensor
    names: frozenset[str]


@dataclass(slots=True, eq=False)
class Batch(Value):
    """A batch object of a loader whose fields are known only by name: torchtext's, or an encoding of a tokenizer."""

    kind: str
    options: dict[str, Value]
    facts: tuple[Fact, ...]


@dataclass(slots=True, eq=False)
class Choice(Value):
    """One of several values, depending on what the interpreter cannot decide."""

    items: tuple[Value, ...]


LIMIT = 6
MODELS = 40  # objects of the project's classes, and their methods, as where one is chosen by its name


def join(values: list[Value]) -> Value:
    """One value that stands for any of several; a choice only where they say different things."""
    if len(values) == 1 and type(values[0]) is not Choice:
        return values[0]
    found: list[Value] = []
    for value in values:
        for item in value.items if type(value) is Choice else (value,):
            test = SAME.get(type(item))
            for other in found:
                if item is other or (test is not None and type(item) is type(other) and test(item, other)):
                    break
            else:
                found.append(item)
    if len(found) == 1:
        return found[0]
    known = [v for v in found if type(v) is not Unknown]
    if not known:
        return found[0] if found else UNKNOWN
    known = merge_mappings(merge_layers(known))
    if len(known) == 1 and len(found) == len(known):
        return known[0]
    if len(known) < len(found):
        known.append(UNKNOWN)
    if len(known) == 1:
        return known[0]
    models = [value for value in known if isinstance(value, (Instance, Class, Function, Bound))]
    others = [value for value in known if not isinstance(value, (Instance, Class, Function, Bound))]
    return Choice((*models[:MODELS], *others[: max(LIMIT - len(models), 1)]))


def merge_layers(values: list[Value]) -> list[Value]:
    """LSTM in one branch and GRU in the other, with the same options, are one layer of either kind."""
    if sum(type(value) is Object for value in values) < 2:
        return values
    merged: list[Value] = []
    for value in values:
        if isinstance(value, Object) and value.kind == "RNN":
            twin = next(
                (m for m in merged if isinstance(m, Object) and m.kind == "RNN" and same_options(m, value)), None
            )
            if isinstance(twin, Object):
                merged[merged.index(twin)] = Object(
                    "RNN", twin.options, [], twin.fact, twin.names | value.names, twin.key
                )
                continue
        merged.append(value)
    return merged


def merge_mappings(values: list[Value]) -> list[Value]:
    """Mappings with the same keys are one, with what each item can be."""
    mappings = [value for value in values if isinstance(value, Mapping)]
    if len(mappings) < 2 or any(m.items.keys() != mappings[0].items.keys() or not m.items for m in mappings):
        return values
    elems = [m.elem for m in mappings if m.elem is not None]
    items = {key: join([m.items[key] for m in mappings]) for key in mappings[0].items}
    merged = Mapping(items, join(elems) if elems else None)
    return [merged, *(value for value in values if not isinstance(value, Mapping))]


def same_options(a: Object, b: Object) -> bool:
    return all(
        same(a.options.get(o, NONE), b.options.get(o, NONE)) for o in ("batch_first", "bidirectional", "num_layers")
    )


def same(a: Value, b: Value) -> bool:
    if a is b:
        return True
    if type(a) is not type(b):
        return False
    test = SAME.get(type(a))
    return test is not None and test(a, b)


def same_layer(a: Object, b: Object) -> bool:
    return a.kind == b.kind and a.kind in SIMPLE_LAYERS and a.options.keys() == b.options.keys()


SIMPLE_LAYERS = {"Embedding", "Linear", "Dropout", "LayerNorm", "ReLU", "Tanh", "Conv1d", "Conv2d"}


def alike(a: Tensor, b: Tensor) -> bool:
    """Whether nothing that is known tells two tensors apart; where a fact was seen does not count."""
    if (a.pad is None) != (b.pad is None) or (
        a.pad and b.pad and (a.pad.side, a.pad.width) != (b.pad.side, b.pad.width)
    ):
        return False
    return bool(_told_apart(a) == _told_apart(b))


_told_apart = attrgetter(
    "role",
    "axes",
    "fill",
    "form",
    "device",
    "sort",
    "order",
    "perm",
    "inverse",
    "call",
    "part",
    "unpacked",
    "pool",
    "counted",
    "valid",
    "one",
    "batch",
    "trimmed",
    "width_of",
)


SAME: dict[type[Value], Callable[[Any, Any], bool]] = {
    Const: lambda a, b: type(a.value) is type(b.value) and bool(a.value == b.value),
    External: lambda a, b: bool(a.name == b.name),
    Unknown: lambda a, b: bool(a.key == b.key),
    Class: lambda a, b: a.info is b.info,
    Function: lambda a, b: a.info is b.info and a.this is b.this,
    Tensor: alike,
    Object: same_layer,
    Size: lambda a, b: bool((a.axis, a.index, a.minus) == (b.axis, b.index, b.minus)),
}


def alternatives(value: Value) -> tuple[Value, ...]:
    return value.items if type(value) is Choice else (value,)


def constant(value: Value | None) -> object:
    """The Python value of a constant, else None."""
    return value.value if isinstance(value, Const) else None


def number(value: Value | None) -> int | None:
    found = constant(value)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def truth(value: Value | None) -> bool | None:
    """Whether a value is true, where that is known."""
    if isinstance(value, Const):
        return bool(value.value)
    return None
