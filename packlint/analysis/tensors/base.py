"""What a value is as a tensor, and the tables of operations that the rooms beside this one fill.

Facts about the operations are those of PyTorch's documentation (https://docs.pytorch.org/docs/stable/tensors.html);
NumPy's operations of the same name are taken for the same.
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from packlint.analysis.lengths import lengths_word, mask_word, model_word
from packlint.analysis.names import code_of, remembered
from packlint.analysis.values import (
    UNKNOWN,
    Batch,
    Choice,
    Const,
    Packed,
    Sequence,
    Size,
    State,
    Tensor,
    Unknown,
    Value,
    alternatives,
    number,
)

if TYPE_CHECKING:
    from packlint.analysis.flow import Frame

ZEROS = {"zero", "floor"}  # padded steps are zero; floor: and no real step lies below

LOW = -50.0  # a score at most this is as good as minus infinity before a softmax or a maximum

SHORTFALL = Unknown("shortfall")  # by how much a sample is shorter than something
COUNT = Unknown("i")  # what `range` counts, as a rule the items of something
STEP = Unknown("step")  # where in a sample an item stands


Operation = Callable[["Frame", ast.AST, Value, list[Value], "dict[str, Value]"], Value]
Creator = Callable[["Frame", ast.AST, list[Value], "dict[str, Value]"], Value]

OPERATIONS: dict[str, Operation] = {}  # methods of tensors, most of them functions of the library too
FUNCTIONS: dict[str, Operation] = {}  # functions of torch or NumPy whose first argument is the tensor
CREATORS: dict[str, Creator] = {}  # those that make a tensor from sizes
BUILTINS: dict[str, Creator] = {}  # functions of Python and other libraries, by their whole name

OperationT = TypeVar("OperationT", bound=Operation)
CreatorT = TypeVar("CreatorT", bound=Creator)


def operation(*names: str) -> Callable[[OperationT], OperationT]:
    """Says which methods of a tensor, and functions of the same names, a function stands for."""
    return functools.partial(_entered, OPERATIONS, names)


def library_function(*names: str) -> Callable[[OperationT], OperationT]:
    """Says which functions of a library, that are no methods, a function stands for."""
    return functools.partial(_entered, FUNCTIONS, names)


def creator(*names: str) -> Callable[[CreatorT], CreatorT]:
    """Says which functions that make a tensor from sizes a function stands for."""
    return functools.partial(_entered, CREATORS, names)


def builtin(*names: str) -> Callable[[CreatorT], CreatorT]:
    """Says which functions of Python, by their whole name, a function stands for."""
    return functools.partial(_entered, BUILTINS, names)


def _entered(table: dict[str, Any], names: tuple[str, ...], function: Any) -> Any:
    for name in names:
        table[name] = function
    return function


def has_method(name: str) -> bool:
    """Whether a name, as an attribute of a tensor, is a method that is known here."""
    return name == "copy_" or name in OPERATIONS


def is_method(name: str) -> bool:
    """Whether a name, as an attribute of anything, is surely a method of a tensor."""
    return has_method(name) and name not in {"type", "bool", "new", "round", "dot", "dim"}


def as_tensor(value: Value) -> Tensor:
    """The tensor that a value is, or an unknown one that remembers its name."""
    if isinstance(value, Tensor):
        return value
    if isinstance(value, Unknown):
        roots = frozenset({value.key}) if value.key else frozenset()
        word = value.word.rpartition(":")[2]
        if lengths_word(word):
            return Tensor(role="lengths", counted="name", roots=roots, word=word)
        if mask_word(word):
            return Tensor(role="mask", roots=roots, word=word)
        return Tensor(roots=roots, word=word)
    if isinstance(value, Packed):
        return value.tensor
    if isinstance(value, State):
        return value.h
    if isinstance(value, Sequence):
        return as_list(value)
    if isinstance(value, Batch) and value.kind == "torchtext":
        return Tensor(pad=None)
    return Tensor()


def named_mask(name: str, value: Value) -> Value:
    """An item of a batch that is only known by the name of a mask: one whose sense is not known."""
    if not mask_word(name):
        return value
    if isinstance(value, Unknown) and (value.key or "").endswith("]"):
        value = as_tensor(value)
    if isinstance(value, Tensor) and value.role in {None, "test"} and value.call is None and value.pad is None:
        return value.but(role="mask", valid=None, word=name)
    return value


def named_model(name: str, value: Value) -> Value:
    """`model = build(args).to(device)`: by its name no tensor, where nothing else is known of it."""
    if not model_word(name) or not isinstance(value, Tensor) or len(value.roots) > 1:
        return value
    return UNKNOWN if nameless(value.but(device=None, roots=frozenset({name}))) else value


def as_list(value: Sequence) -> Tensor:
    """A list of numbers or of rows as a tensor: a list of lengths is lengths, a list of padded rows a padded batch."""
    made = listed(value)
    return made.but(axes=made.axes, width_of="equal") if value.source == "equal" and made.pad is None else made


def listed(value: Sequence) -> Tensor:
    inner = value.item()
    if isinstance(inner, Choice):  # rows that were cut, and rows that were filled
        inner = next((item for item in inner.items if isinstance(item, Tensor) and item.pad is not None), inner)
    of_samples = value.source == "batch" or value.order is not None or value.sort is not None
    if isinstance(inner, Size) and (inner.axis == "T" or (of_samples and of_whole(inner))):
        of = inner.of
        return Tensor(role="lengths", form="list", counted="len", sort=value.sort, length_of=of, order=value.order)
    if isinstance(inner, Sequence) and (as_list(inner).role == "lengths" or are_counts(inner)):
        return Tensor("lengths", ("B", "T"), form="list", counted="len", sort="no")  # of the parts of each sample
    if isinstance(inner, Tensor):
        if inner.role == "lengths":
            return inner.but(form="list" if inner.axes == () or inner.axes is None else inner.form, sort=value.sort)
        if inner.pad is not None and inner.axes is not None and "B" not in inner.axes:
            return inner.but(axes=("B", *inner.axes), order=value.order, sort=value.sort)
        if inner.axes is not None and "B" not in inner.axes and value.source == "batch":
            return inner.but(axes=("B", *inner.axes))
        if inner.call is not None:
            return inner.but(axes=None)
        return Tensor(
            role=inner.role,
            form="list",
            device=inner.device,
            device_facts=inner.device_facts,
            pad=inner.pad,
            roots=inner.roots,
            order=value.order,
            sort=value.sort,
        )
    return Tensor(form="list", order=value.order, sort=value.sort)


def are_counts(value: Sequence) -> bool:
    """Whether each item of a list is a `len()`."""
    item = value.item()
    return value.kind != "tuple" and isinstance(item, Size) and of_whole(item)


def nameless(value: Tensor) -> bool:
    """A slice of something unknown, of which nothing else is known."""
    known = (value.role, value.axes, value.pad, value.call, value.order, value.device, value.perm, value.inverse)
    return len(value.roots) == 1 and all(v is None for v in known)


def moved(value: Value) -> bool:
    """Whether nothing is known of something but that it was moved to a device: it may be a batch of tensors."""
    return isinstance(value, Tensor) and value.device is not None and nameless(value.but(device=None))


def piece(value: Tensor, name: str) -> Tensor:
    """A tensor of a batch that was moved to a device, by an attribute, a key or a place."""
    known = as_tensor(Unknown(f"{next(iter(value.roots))}{name}"))
    return known.but(device=value.device, device_facts=value.device_facts)


def of_whole(value: Size) -> bool:
    """Whether a size is the first one, as `len()` gives it, of something whose axes are not known."""
    return value.axis is None and value.index == 0 and not value.minus


def of_sample(value: Size) -> bool:
    """Whether a size is the first one of a single sample, whose axes are not known."""
    return of_whole(value) and value.of is not None and any(".sample" in root for root in value.of.roots)


def of_one_sample(value: Tensor) -> bool:
    """Whether nothing is known of a value but that it comes from a single sample."""
    return value.role is None and value.axes is None and any(".sample" in root for root in value.roots)


def is_lengths(value: Value) -> bool:
    return any(as_tensor(v).role == "lengths" for v in alternatives(value))


NAMES_BATCH = re.compile(r"(?:cur_|this_|n_|num_)?(?:b|bs|bsz|bsize|batch(?:_?(?:size|dim|sz|len))?|n_?batch)", re.I)
NAMES_TIME = re.compile(
    r"t|l|(?:(?:max|src|tgt|input|text|sent|word|padded|num|n)_?)?"
    r"(?:seq_?len(?:gth)?|sequence_?length|len(?:gth)?|time(?:_?steps?)?|steps?)",
    re.I,
)


def batch_axis(names: list[str]) -> int | None:
    """The axis of the batch, by the names that the first two sizes of a tensor are given."""
    batch = [bool(NAMES_BATCH.fullmatch(name)) for name in names[:2]]
    time = [bool(NAMES_TIME.fullmatch(name)) for name in names[:2]]
    if (batch[0] or (names[0].upper() == "N" and time[1:] == [True])) and not time[0]:
        return 0
    if len(names) > 1 and (batch[1] or (time[0] and names[1].upper() == "N")):
        return 1
    return 1 if time[0] else 0 if time[1:] == [True] else None


def row(value: Tensor) -> Tensor:
    """One item along the first axis."""
    axes = value.axes[1:] if value.axes else None
    return value.but(axes=axes, one=None)


def rank(value: Tensor) -> Value:
    """How many axes a tensor has."""
    return Const(len(value.axes)) if value.axes is not None else UNKNOWN


def combined(a: Tensor, b: Tensor, operator: ast.operator | None, other: object = None) -> Tensor:
    """The result of an element-wise operation of two tensors: the more telling one, with what both say."""
    main, second = (a, b) if weight(a) >= weight(b) else (b, a)
    fill = None
    if isinstance(operator, (ast.Mult, ast.Div)):
        fill = "zero" if {a.fill, b.fill} & ZEROS else a.fill if a.fill == b.fill else None
        if main.fill == "low" and isinstance(other, (int, float)):
            fill = "low"
    elif a.fill == b.fill:
        fill = a.fill
    if isinstance(operator, (ast.Add, ast.Sub, ast.Mult, ast.Div)) and "low" in {a.fill, b.fill}:
        fill = "low" if not isinstance(operator, ast.Mult) else fill
    axes = broadcast(a.axes, b.axes)
    if main.axes is None and axes is not None:
        axes = tuple("?" if axis == "1" else axis for axis in axes)  # a size of one takes that of the other side
    return main.but(
        axes=axes,
        batch=main.batch if main.batch is not None else second.batch,
        fill=fill,
        roots=a.roots | b.roots,
        pad=main.pad or second.pad,
        call=main.call or second.call,
        role=main.role if main.role not in {"lengths", "mask"} else None,
        part=join_parts(a, b),
        perm=None,
        inverse=None,
        order=None if per_sample(a) and per_sample(b) and a.order is not b.order else a.order or b.order,
        pool=a.pool or b.pool,
        unpacked=a.unpacked or b.unpacked,
        trimmed=a.trimmed or b.trimmed,
        narrowed=a.narrowed or b.narrowed,
        crossed=a.crossed or b.crossed,
    )


def join_parts(a: Tensor, b: Tensor) -> str | None:
    if a.part and b.part and a.part != b.part:
        return "both"
    return a.part or b.part


def weight(value: Tensor) -> int:
    return (4 if value.role in {"output", "state"} else 0) + (2 if value.call else 0) + (1 if value.pad else 0)


def broadcast(a: tuple[str, ...] | None, b: tuple[str, ...] | None) -> tuple[str, ...] | None:
    if a is None or b is None:
        return (
            a
            if b is None and a is not None and len(a) >= 3
            else b
            if a is None and b is not None and len(b) >= 3
            else None
        )
    short, long = (a, b) if len(a) <= len(b) else (b, a)
    short = ("1",) * (len(long) - len(short)) + short
    axes = tuple(x if y in {"1", "?"} else y for x, y in zip(long, short, strict=True))
    twice = any(axes.count(name) > 1 and long.count(name) < 2 for name in ("B", "H"))
    return None if twice else axes  # one of the two is not what it was taken for


def per_sample(value: Tensor) -> bool:
    """Whether a tensor has a row for each sample, in the order of the data."""
    return value.axes is not None and "B" in value.axes and (value.call is not None or value.pad is not None)


def dimension(args: list[Value], keywords: dict[str, Value], at: int = 0) -> int | None:
    value = keywords.get("dim", keywords.get("axis"))
    if value is None and len(args) > at:
        value = args[at]
    return number(value)


@operation(
    "contiguous",
    "detach",
    "clone",
    "requires_grad_",
    "pin_memory",
    "share_memory_",
    "view_as",
    "expand_as",
    "type_as",
    "copy",
    "retain_grad",
    "detach_",
    "squeeze_",
    "fill_",
    "zero_",
    "normal_",
    "uniform_",
    "round",
    "floor",
    "ceil",
    "abs",
    "astype",
    "bool",
    "as_tensor",
)
@library_function("Variable", "normalize")
def unchanged(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    return this


@remembered
def called_name(node: ast.AST) -> str:
    """What is called, by its last name: `max_pool1d` of `F.max_pool1d(...)`."""
    called = node.func if isinstance(node, ast.Call) else None
    return called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")


def short(node: ast.AST) -> str:
    """A node as a line of source, as facts and messages quote it."""
    text = " ".join(code_of(node).split())
    return text if len(text) <= 60 else text[:57] + "..."


def role_without_time(tensor: Tensor) -> str | None:
    return None if tensor.role == "output" else tensor.role


def size_name(value: Value) -> str:
    """The axis that a size stands for: a letter, a number, '-' for -1, '?' for anything."""
    if isinstance(value, Size):
        return value.axis or ("B" if counts_batch(value) else "?")
    found = number(value)
    if found is None:
        return "?"
    return {-1: "-", 1: "1", 2: "2"}.get(found, "?")


def counts_batch(value: Size) -> bool:
    """Whether a size is that of the batch of a tensor of which only the place of the batch is known."""
    return value.of is not None and value.of.batch is not None and value.of.batch == value.index and not value.minus


def first_of(value: Value) -> Value:
    return value.items[0] if isinstance(value, Choice) else value
