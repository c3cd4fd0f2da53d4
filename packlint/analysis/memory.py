"""What a call of a project's function came to, kept for the next call with the same arguments.

A model's `forward` is reached on every path of every script that trains or tests it. What it does depends on its
arguments, on the conditions that it asks for, and on the attributes of objects; where these are the same, so is what
comes of it, and its events are the ones already found.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field, fields, replace
from operator import attrgetter
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from packlint.analysis.values import (
    Batch,
    Bound,
    Choice,
    Class,
    Const,
    External,
    Function,
    Instance,
    Mapping,
    Object,
    Packed,
    Partial,
    Sequence,
    Shape,
    Size,
    State,
    Tensor,
    Unknown,
    Value,
)

if TYPE_CHECKING:
    from packlint.analysis.events import Event, Fact
    from packlint.analysis.flow import Context, OpenCall
    from packlint.analysis.names import ClassInfo, FunctionInfo

NESTED = 6  # containers in containers that are looked into
MANY = 40  # items of a container that are looked at
SMALL = 4  # a number up to this may be one of layers, directions or an axis; a larger one is a size

Key: TypeAlias = tuple[Hashable, ...]
Name = TypeVar("Name")


@dataclass(slots=True, eq=False)
class Attribute:
    """An attribute of an object as it was read or written; of a container, `kind` says what was in it."""

    holder: Instance
    name: str
    value: Value
    kind: Hashable = None

    def still(self) -> bool:
        now = self.holder.attrs.get(self.name)
        if now is self.value and self.kind is None:
            return True
        return identity(now, True) == (self.kind or identity(self.value, True))


@dataclass(slots=True, eq=False)
class Record:
    """What happens in one call: events, further calls, and the records of calls within, in their order.

    `conditions` are those that held when it began, `asked` the ones that it wanted to know; `reads` are attributes that
    it found, `writes` those that it left.
    """

    conditions: dict[str, bool]
    arguments: dict[str, Value] = field(default_factory=dict)  # kept alive, for the key holds identities
    asked: set[str] = field(default_factory=set)
    reads: dict[tuple[int, str], Attribute] = field(default_factory=dict)
    writes: dict[tuple[int, str], Attribute] = field(default_factory=dict)
    items: list[Event | tuple[FunctionInfo, Context] | OpenCall | Record] = field(default_factory=list)
    value: Value | None = None
    shown: list[str] = field(default_factory=list)  # conditions that do not hold where the call came back
    cut: set[FunctionInfo | None] = field(default_factory=set)  # not followed again where they called themselves
    own: bool = True  # it leaves the variables of its caller alone

    def fits(self, conditions: dict[str, bool]) -> bool:
        """Whether it would go the same way now, under these conditions."""
        before = self.conditions
        for key in self.asked:
            if conditions.get(key) != before.get(key):
                return False
        return all(read.still() for read in self.reads.values())

    def note_read(self, holder: Instance, name: str, value: Value) -> None:
        key = (id(holder), name)
        if key not in self.writes and key not in self.reads:
            kind = identity(value, True) if isinstance(value, (Sequence, Mapping)) else None
            self.reads[key] = Attribute(holder, name, value, kind)

    def note_write(self, holder: Instance, name: str, value: Value) -> None:
        self.writes[id(holder), name] = Attribute(holder, name, value)

    def add(self, inner: Record) -> None:
        self.items.append(inner)
        self.asked |= inner.asked
        self.cut |= inner.cut
        for key, read in inner.reads.items():
            if key not in self.writes:
                self.reads.setdefault(key, read)
        self.writes.update(inner.writes)

    def happen_again(self) -> None:
        """Leave the attributes that the call left."""
        for write in self.writes.values():
            write.holder.attrs[write.name] = write.value

    def walk(self, seen: set[int]) -> Iterator[Event | tuple[FunctionInfo, Context] | OpenCall]:
        """Everything in it and below, each record once."""
        seen.add(id(self))
        for item in self.items:
            if not isinstance(item, Record):
                yield item
            elif id(item) not in seen:
                yield from item.walk(seen)


class World:
    """What one run of a function learns: objects made, names evaluated, calls followed.

    Every function that is run on its own is run in a world of its own, so that what comes of it is the same whatever
    was run before.
    """

    def __init__(self, chosen: ClassInfo | None = None) -> None:
        self.chosen = chosen  # of several models, the one that is asked about
        self.holders: dict[str, tuple[Instance, str]] = {}
        self.fields: list[Object] = []  # of torchtext
        self.globals: dict[tuple[int, str], Value | None] = {}
        self.defaults: dict[FunctionInfo, dict[str, Value]] = {}
        self.guessed: dict[ClassInfo, Instance] = {}
        self.parallel: dict[ClassInfo, Fact] = {}
        self._records: dict[Key, list[Record]] = {}
        self._instances: dict[Key, Instance] = {}

    def asks_about(self, value: Value) -> bool:
        """Whether something that is called is the chosen model, or a method of it."""
        this = value.this if isinstance(value, Function) else value
        return self.chosen is not None and isinstance(this, Instance) and this.cls is self.chosen

    def find(self, key: Key, conditions: dict[str, bool]) -> Record | None:
        return next((record for record in self._records.get(key, []) if record.fits(conditions)), None)

    def keep(self, key: Key, record: Record) -> None:
        self._records.setdefault(key, []).append(record)

    def instance(self, key: Key, made: Instance) -> Instance:
        """The object that was made at the same place of the same arguments, or this one."""
        return self._instances.setdefault(key, made)


@dataclass(slots=True, eq=False)
class Built:
    """An object of open arguments once its `__init__` was run: to be copied into each world that asks for one."""

    made: Instance
    record: Record
    parallel: dict[ClassInfo, Fact]
    fields: list[Object]
    steps: int


def apart(value: Value, copies: dict[int, Value]) -> Value:
    """A value with everything that can change copied, so that what is done to it here stays here."""
    known = copies.get(id(value))
    if known is not None:
        return known
    if isinstance(value, Instance):
        copy = copies[id(value)] = replace(value, attrs={})
        copy.args = [apart(item, copies) for item in value.args]
        copy.keywords = each_apart(value.keywords, copies)
        copy.attrs = each_apart(value.attrs, copies)
        return copy
    if isinstance(value, Object):
        layer = copies[id(value)] = replace(value)
        layer.options = each_apart(value.options, copies)
        layer.items = [apart(item, copies) for item in value.items]
        return layer
    if isinstance(value, Sequence):
        some = copies[id(value)] = replace(value)
        some.items = [apart(item, copies) for item in value.items] if value.items is not None else None
        some.elem = apart(value.elem, copies) if value.elem is not None else None
        return some
    if isinstance(value, Mapping):
        named = copies[id(value)] = replace(value)
        named.items = each_apart(value.items, copies)
        named.elem = apart(value.elem, copies) if value.elem is not None else None
        return named
    if isinstance(value, Choice):
        return Choice(tuple(apart(item, copies) for item in value.items))
    if isinstance(value, (Function, Bound)) and value.this is not None:
        return replace(value, this=apart(value.this, copies))
    if isinstance(value, Partial):
        args = tuple(apart(item, copies) for item in value.args)
        return Partial(apart(value.function, copies), args, each_apart(value.keywords, copies))
    return value


def each_apart(values: dict[Name, Value], copies: dict[int, Value]) -> dict[Name, Value]:
    """Values by name, each copied as `apart` does."""
    return {name: apart(value, copies) for name, value in values.items()}


def call_key(arguments: dict[str, Value], *others: Hashable, loosely: bool = False) -> Key:
    """What tells calls apart: the arguments by name, and whatever else decides."""
    return (*others, *[(name, identity(value, loosely)) for name, value in arguments.items()])


TOLD_APART = tuple(f.name for f in fields(Tensor) if f.name not in {"facts", "device_facts", "pad", "length_of"})
PASSING = {"call", "unpacked", "pool", "read", "order", "perm", "inverse"}
"""What a tensor gets anew in each round of a loop."""
_told_apart = attrgetter(*TOLD_APART)
_alike = attrgetter(*(name for name in TOLD_APART if name not in PASSING))


def identity(value: Value | None, loosely: bool = False, depth: int = 0) -> Hashable:
    """What tells a value from others; `loosely`, not two rounds of a loop, nor two sizes."""
    if isinstance(value, Unknown):
        return ("unknown", value.key, identity(value.default, loosely, depth + 1) if value.default else None)
    if isinstance(value, (Instance, Object)):
        return ("other", type(value), id(value)) if depth <= NESTED else ("deep", id(value))
    if isinstance(value, Const):
        if loosely and type(value.value) is int and abs(value.value) > SMALL:
            return ("number",)
        return ("const", type(value.value), known(value.value))
    if isinstance(value, Tensor):
        pad = value.pad and (value.pad.side, value.pad.how, value.pad.width)
        of = identity(value.length_of, loosely, depth + 1) if value.length_of is not None and depth < NESTED else None
        return ("tensor", pad, of, (_alike if loosely else _told_apart)(value))
    if isinstance(value, External):
        return ("external", value.name)
    if isinstance(value, Class):
        return ("class", id(value.info))
    if depth > NESTED:
        return ("deep", id(value))
    return nested_identity(value, loosely, depth + 1)


def nested_identity(value: Value | None, loosely: bool, depth: int) -> Hashable:
    if isinstance(value, Sequence) and len(value.items or ()) <= MANY:
        items = None if value.items is None else tuple(identity(item, loosely, depth) for item in value.items)
        return (
            "sequence",
            value.kind,
            value.sort,
            value.source,
            id(value.order),
            items,
            identity(value.elem, loosely, depth),
        )
    if isinstance(value, Mapping) and len(value.items) <= MANY:
        named = tuple((known(name), identity(item, loosely, depth)) for name, item in value.items.items())
        return ("mapping", named, identity(value.elem, loosely, depth))
    if isinstance(value, Choice):
        return ("choice", *(identity(item, loosely, depth) for item in value.items))
    if isinstance(value, Size):
        return ("size", value.axis, value.index, value.minus, identity(value.of, loosely, depth))
    if isinstance(value, Shape):
        return ("shape", identity(value.of, loosely, depth))
    if isinstance(value, Bound):
        return ("bound", value.name, identity(value.this, loosely, depth))
    if isinstance(value, Function):
        return ("function", id(value.info), id(value.this), id(value.closure))
    if isinstance(value, Packed):
        return (
            "packed",
            value.enforce_sorted,
            identity(value.tensor, loosely, depth),
            identity(value.lengths, loosely, depth),
        )
    if isinstance(value, State):
        return ("state", value.names, identity(value.h, loosely, depth), identity(value.c, loosely, depth))
    if isinstance(value, Batch):
        options = tuple((name, identity(item, loosely, depth)) for name, item in value.options.items())
        return ("batch", value.kind, options)
    return ("other", type(value), id(value))


def known(value: object) -> Hashable:
    """A plain value as it is, an object by its identity."""
    if value is None or isinstance(value, (str, int, float, bool, tuple, frozenset, bytes, complex)):
        return value
    return id(value)
