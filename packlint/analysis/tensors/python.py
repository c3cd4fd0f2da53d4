"""Python's own functions and containers, on lists of samples and lengths."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from packlint.analysis import data
from packlint.analysis.names import code_of
from packlint.analysis.tensors.base import (
    STEP,
    as_tensor,
    builtin,
    called_name,
    is_lengths,
    of_one_sample,
    operation,
    rank,
    row,
)
from packlint.analysis.tensors.layout import turned, turned_sort
from packlint.analysis.values import (
    NONE,
    UNKNOWN,
    Choice,
    Const,
    External,
    Mapping,
    Module,
    Partial,
    Sequence,
    Shape,
    Size,
    State,
    Tensor,
    Unknown,
    Value,
    alternatives,
    constant,
    join,
)

if TYPE_CHECKING:
    from packlint.analysis.flow import Frame


def container_method(
    frame: Frame, node: ast.AST, this: Value, name: str, args: list[Value], keywords: dict[str, Value]
) -> Value:
    if isinstance(this, Mapping):
        if name == "get" and args:
            key = constant(args[0])
            if isinstance(key, (str, int)) and key in this.items:
                return this.items[key]
            return (
                join([*this.items.values(), *([this.elem] if this.elem else []), UNKNOWN]) if key is None else UNKNOWN
            )
        if name == "items":
            return (
                Sequence([Sequence([Const(k), v], kind="tuple") for k, v in this.items.items()], kind="items")
                if this.elem is None
                else UNKNOWN
            )
        if name == "values":
            return Sequence(list(this.items.values())) if this.elem is None else Sequence(None, this.elem)
        if name == "keys":
            return Sequence([Const(k) for k in this.items], kind="items")
        if name == "update" and args and isinstance(args[0], Mapping):
            this.items.update(args[0].items)
            return NONE
        return UNKNOWN
    if isinstance(this, Sequence):
        if name in {"append", "insert", "add"} and args:
            appended(frame, this, args[-1])
            if filed_by_length(frame, node):
                this.source = "equal"
        elif name == "extend" and args:
            extended(frame, this, args[0])
        elif name == "reverse":
            this.sort = turned_sort(this.sort)
        elif name == "copy":
            return this
        return NONE if name in {"append", "extend", "sort", "reverse", "insert"} else UNKNOWN
    if isinstance(this, Const) and isinstance(this.value, str):
        if name in {"upper", "lower", "strip"}:
            return Const(getattr(this.value, name)())
        if name == "format":
            return UNKNOWN
    return UNKNOWN


def filed_by_length(frame: Frame, node: ast.AST) -> bool:
    """`buckets[len(sample)].append(sample)`: what is in one list has one length."""
    holder = node.func.value if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else None
    if not isinstance(holder, ast.Subscript) or isinstance(holder.slice, (ast.Constant, ast.Slice)):
        return False
    if data.called_len(holder.slice):
        return True
    key = frame.eval(holder.slice)
    return isinstance(key, Size) and not key.minus and key.axis in {None, "T"} and key.index in {None, 0}


def extended(frame: Frame, this: Sequence, others: Value) -> None:
    """`x.extend(y)`: item by item where they are known, else any number of them."""
    if isinstance(others, Sequence) and others.items is not None and others.kind != "generator":
        for item in others.items:
            appended(frame, this, item)
        return
    item = others.item() if isinstance(others, Sequence) else row(as_tensor(others))
    this.elem = join([v for v in [this.elem, *(this.items or []), item] if v is not None])
    this.items = None


def appended(frame: Frame, this: Sequence, value: Value) -> None:
    if frame.loops or this.items is None:
        if this.items is not None:
            this.head, this.tail = len(this.items), value
        elif this.tail is not None:
            this.tail = join([this.tail, value])
        known = [v for v in [this.elem, *(this.items or [])] if v is not None]
        if not known and frame.over:
            over = frame.over[-1]
            this.sort = data.order_of_rounds(frame, over)
            if isinstance(over, Sequence) and over.source == "equal":
                this.source = over.source
        this.elem = join([*known, value])
        this.items = None
    else:
        this.items.append(value)


@builtin("range")
def range_(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    """`range(n)`; `range(len(sample))` counts the steps of a sample."""
    last = args[1] if len(args) > 1 else args[0] if args else UNKNOWN
    steps = isinstance(last, Size) and last.of is not None and of_one_sample(last.of)
    return Sequence(None, STEP if steps else None, kind="range", sort=None)


@builtin("slice")
def slice_(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    """`slice(stop)`, `slice(start, stop, step)`: as in a subscript."""
    parts = [NONE, *args] if len(args) == 1 else args
    return Sequence([*parts, *[NONE] * (3 - len(parts))], kind="slice")


@builtin("len")
def len_(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    """`len(x)`: the batch, or for one sample its length."""
    if len(args) != 1:
        return UNKNOWN
    value = args[0]
    shapes = [item for item in alternatives(value) if isinstance(item, Shape)]
    if len(shapes) == len(alternatives(value)):
        return join([rank(shape.of) for shape in shapes])
    if isinstance(value, Sequence) and value.items is not None and value.kind != "generator" and not frame.loops:
        return Const(len(value.items))
    if isinstance(value, Sequence):
        return Size(None, None, 0)
    if isinstance(value, Tensor):
        axis = value.axis(0)
        if axis == "T" or (value.axes is None and value.role in {"sample", "ids"}):
            return Size("T", value)
        return Size(axis, value, 0)
    if isinstance(value, Unknown):
        return Size("T" if value.key and "sample" in value.key else None, as_tensor(value))
    if isinstance(value, Choice) and all(isinstance(item, Sequence) for item in value.items):
        return Size("T")  # one of several lists
    return UNKNOWN


@operation("dim", "ndimension")
def dim(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    return rank(as_tensor(this))


@builtin("sorted")
def sorted_(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    return data.sorted_call(frame, node, args, keywords)


@builtin("list", "tuple")
def list_(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    if not args:
        return Sequence([])
    kind = "tuple" if called_name(node) == "tuple" else "list"
    return join([listed(value, kind) for value in alternatives(args[0])])


def listed(value: Value, kind: str = "list") -> Value:
    if isinstance(value, Sequence):
        items = list(value.items) if value.items is not None else None  # a copy, which is changed by itself
        return Sequence(items, value.elem, kind, value.sort, value.source, value.order)
    if isinstance(value, State) and value.names == {"LSTM"}:
        return Sequence([value.h, value.c], kind=kind)
    if isinstance(value, Tensor) or (isinstance(value, Unknown) and as_tensor(value).role == "lengths"):
        return as_tensor(value).but(form="list", device="cpu")
    return value


@builtin("zip")
def zip_(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    return data.zip_call(frame, node, args)


@builtin("itertools.zip_longest")
def zip_longest_(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    return data.zip_longest(frame, node, args)


@builtin("enumerate")
def enumerate_(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    if not args:
        return UNKNOWN
    item = data.items_of(frame, node, args[0])
    sort = args[0].sort if isinstance(args[0], (Sequence, Tensor)) else None
    source = args[0].source if isinstance(args[0], Sequence) else None
    count = STEP if of_one_sample(as_tensor(args[0])) else UNKNOWN
    return Sequence(None, Sequence([count, item], kind="tuple"), "list", sort, source)


@builtin("map")
def map_(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    return data.mapped_over(frame, node, args)


@builtin("max")
def max_builtin(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    if len(args) == 1 and is_lengths(args[0]):
        return Size("T")
    return UNKNOWN


@builtin("int")
def int_(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    return args[0] if args and isinstance(args[0], (Const, Size, Tensor)) else UNKNOWN


@builtin("float")
def float_(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    found = constant(args[0]) if args else None
    try:
        return Const(float(found)) if isinstance(found, (str, int, float)) else UNKNOWN
    except ValueError:
        return UNKNOWN


@builtin("torch.is_tensor")
def is_tensor(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    value = args[0] if args else UNKNOWN
    if isinstance(value, Tensor) and value.role is not None:
        return Const(value.form == "tensor")
    return Const(False) if isinstance(value, (Sequence, Mapping, Const, Size)) else UNKNOWN


@builtin("reversed")
def reversed_(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    return join([backwards(value) for value in alternatives(args[0])]) if args else UNKNOWN


def backwards(value: Value) -> Value:
    if isinstance(value, Tensor):
        return turned(value)
    if not isinstance(value, Sequence):
        return value
    items = value.items and value.items[::-1]
    return Sequence(items, value.elem, value.kind, turned_sort(value.sort), value.source)


@builtin(
    "iter",
    "itertools.islice",
    "itertools.cycle",
    "tqdm.tqdm",
    "tqdm",
    "tqdm.auto.tqdm",
    "tqdm.notebook.tqdm",
    "copy.deepcopy",
    "torch.autograd.Variable",
    "tqdm.tqdm_notebook",
)
def same_argument(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    return args[0] if args else UNKNOWN


@builtin("dict")
def dict_(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    items: dict[object, Value] = {}
    items.update(keywords)
    if args and isinstance(args[0], Mapping):
        return Mapping({**args[0].items, **items}, args[0].elem)
    return Mapping(items) if not args else UNKNOWN


@builtin("getattr")
def getattr_(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    """`getattr(nn, kind)`: the RNN classes where the name is not known, for nothing else has such options."""
    if len(args) < 2:
        return UNKNOWN
    name = constant(args[1])
    if isinstance(name, str):
        return join([frame.attribute_of(item, name, node) for item in alternatives(args[0])])
    if isinstance(args[0], External) and args[0].name == "torch.nn":
        return External("torch.nn.<RNN>" if rnn_name(args[1], node) else "torch.nn.<any>")
    if isinstance(args[0], Module):
        return frame.project.any_class(args[0].info)
    return UNKNOWN


def rnn_name(value: Value, node: ast.AST) -> bool:
    """Whether a name that is not known can only be LSTM, GRU or RNN, by how it is called and what is asked of it."""
    text = code_of(node).lower()
    return (
        any(word in text for word in ("rnn", "lstm", "gru", "cell", "model"))
        and 'cell"' not in text
        and "cell'" not in text
    )


@builtin("eval")
def eval_(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    text = code_of(node)
    if "nn." not in text:
        return UNKNOWN
    return External("torch.nn.<RNN>" if rnn_name(UNKNOWN, node) else "torch.nn.<any>")


@builtin("functools.partial")
def partial_(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    return Partial(args[0], tuple(args[1:]), keywords) if args else UNKNOWN


@builtin("next")
def next_(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    """`next(iter(loader))` is a batch of the loader."""
    return data.items_of(frame, node, args[0]) if args else UNKNOWN


@builtin("itertools.repeat")
def repeat(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    return Sequence(None, args[0]) if args else UNKNOWN


@builtin("itertools.chain")
def chain(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    """The items of each argument, one after the other."""
    return Sequence(None, join([data.items_of(frame, node, argument) for argument in args]))


@builtin("itertools.chain.from_iterable")
def chain_of(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    inner = data.items_of(frame, node, args[0]) if args else UNKNOWN
    return Sequence(None, data.items_of(frame, node, inner))


@builtin("print")
def nothing(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    return UNKNOWN
