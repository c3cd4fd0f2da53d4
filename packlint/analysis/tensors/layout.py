"""What moves, joins or cuts axes."""

from __future__ import annotations

import ast
import dataclasses
from typing import TYPE_CHECKING

from packlint.analysis import data
from packlint.analysis.events import StateRead
from packlint.analysis.tensors.base import (
    as_list,
    as_tensor,
    combined,
    dimension,
    first_of,
    library_function,
    operation,
    role_without_time,
    row,
    size_name,
)
from packlint.analysis.tensors.meeting import meet, read_otherwise
from packlint.analysis.tensors.uses import consume, packed_misused
from packlint.analysis.values import (
    UNKNOWN,
    Packed,
    Padding,
    Sequence,
    Shape,
    Size,
    Tensor,
    Unknown,
    Value,
    alternatives,
    constant,
    join,
    number,
)

if TYPE_CHECKING:
    from packlint.analysis.events import RnnCall
    from packlint.analysis.flow import Frame


def transposed(value: Tensor, a: int, b: int) -> Tensor:
    if value.axes is None:
        return value.but(one=swap(value.one, a, b), batch=swap(value.batch, a, b))
    n = len(value.axes)
    if not (-n <= a < n and -n <= b < n):
        return value.but(axes=None)
    axes = list(value.axes)
    axes[a], axes[b] = axes[b], axes[a]
    return value.but(axes=tuple(axes))


def swap(one: int | None, a: int, b: int) -> int | None:
    return {a: b, b: a}.get(one, one) if one is not None else None


@operation("transpose", "t", "transpose_", "swapaxes", "swapaxes_", "swapdims")
def transpose(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    if packed_misused(frame, node, this, "transposed"):
        return UNKNOWN
    tensor = as_tensor(this)
    a = number(args[0]) if args else number(keywords.get("dim0"))
    b = number(args[1]) if len(args) > 1 else number(keywords.get("dim1"))
    if not args and not keywords:
        a, b = 0, 1
    if len(args) == 1 and isinstance(args[0], Sequence):
        return permute(frame, node, this, args, keywords)
    if len(args) > 2:
        return permute(frame, node, this, args, keywords)
    if a is None or b is None:
        return tensor.but(axes=None, one=None, batch=None)
    if tensor.axes is None and isinstance(this, Unknown):
        return tensor
    return transposed(tensor, a, b)


@operation("permute")
def permute(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    if packed_misused(frame, node, this, "permuted"):
        return UNKNOWN
    tensor = as_tensor(this)
    values = args
    if len(args) == 1 and isinstance(args[0], Sequence) and args[0].items is not None:
        values = args[0].items
    order = [number(v) for v in values]
    if tensor.axes is None:
        return tensor.but(one=None, batch=order.index(tensor.batch) if tensor.batch in order else None)
    if len(order) != len(tensor.axes) or any(o is None or not -len(order) <= o < len(order) for o in order):
        return tensor.but(axes=None, one=None)
    return tensor.but(axes=tuple(tensor.axes[o] for o in order if o is not None))


@operation("unsqueeze", "unsqueeze_", "expand_dims")
def unsqueeze(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    tensor = as_tensor(this)
    at = dimension(args, keywords)
    if at is None:
        return tensor.but(axes=None)
    if tensor.axes is None:
        moved_on = None if tensor.batch is None or at < 0 else tensor.batch + (at <= tensor.batch)
        return tensor.but(one=at, batch=moved_on)
    at = at if at >= 0 else len(tensor.axes) + 1 + at
    axes = list(tensor.axes)
    axes.insert(at, "1")
    return tensor.but(axes=tuple(axes))


@operation("squeeze", "squeeze_")
def squeeze(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    tensor = as_tensor(this)
    at = dimension(args, keywords)
    if tensor.role == "state" and tensor.call is not None:
        consume(frame, node, tensor)
        if at == 0 and tensor.axis(0) == "L":
            tensor.call.rows_read.add(0)
            return tensor.but(role="state row", axes=tensor.axes[1:] if tensor.axes else None)
    if tensor.axes is None or at is None:
        return tensor.but(axes=None, one=None, batch=None)
    n = len(tensor.axes)
    if not -n <= at < n:
        return tensor.but(axes=None)
    at %= n
    left = (*tensor.axes[:at], *tensor.axes[at + 1 :])
    if tensor.axes[at] in {"1", "?"}:
        return tensor.but(axes=left)
    if tensor.axes[at] == "T" and "F" in left:  # one step, or it would stay
        return tensor.but(axes=left, pad=None, unpacked=None)
    if tensor.axes[at] == "T" and tensor.role == "output" and tensor.call is not None and tensor.unpacked is None:
        tensor.call.one_step = True
        return tensor.but(axes=left, pad=None)
    return tensor


@operation("view", "reshape")
def reshape(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    """`view` and `reshape`: axes are followed by the sizes that are asked for."""
    if packed_misused(frame, node, this, "reshaped"):
        return UNKNOWN
    tensor, sizes = as_tensor(this), sizes_of(args)
    if len(args) == 1 and isinstance(args[0], Shape):
        return tensor.but(axes=args[0].of.axes)
    if tensor.role == "state" and tensor.call is not None:
        return reshaped_state(frame, node, tensor, sizes)
    if tensor.role == "state rows" and tensor.call is not None:
        return reshaped_rows(frame, node, tensor, sizes)
    if tensor.role == "lengths" and len(tensor.axes or ()) > 1:
        return tensor.but(axes=None, order=None)
    note_layout(frame, node, tensor, [size_name(size) for size in sizes])
    made = parts_in_rows(tensor, sizes) or reshaped(tensor, sizes)
    if made.role != tensor.role and len(sizes) == 2:
        consume(frame, node, tensor)  # steps that are put among each other are outputs no more
    return made


def note_layout(frame: Frame, node: ast.AST, tensor: Tensor, names: list[str]) -> None:
    """`out.view(batch_size, steps, 2, -1)` takes an output for one with the batch in front."""
    leading = tensor.axes[:2] if tensor.axes is not None and tensor.role == "output" else None
    batch_first = names[:1] == ["B"] and "B" not in names[1:]
    if len(names) > 2 and ((batch_first and leading == ("T", "B")) or (names[:2], leading) == (["T", "B"], ("B", "T"))):
        read_otherwise(frame, node, tensor)


def parts_in_rows(tensor: Tensor, sizes: list[Value]) -> Tensor | None:
    """`chars.view(-1, longest)`: the words of all sentences as rows of one batch, each padded as before."""
    old = tensor.axes or ()
    if tensor.pad is None or tensor.call is not None or len(sizes) != len(old) - 1 or len(old) < 3:
        return None
    behind = old[2:]
    if behind not in {("T",), ("T", "F")} or size_name(sizes[1]) not in {"-", "?", "T"}:
        return None
    return tensor.but(axes=("B", *behind), order=None)


def reshaped(tensor: Tensor, sizes: list[Value]) -> Tensor:
    names = [size_name(size) for size in sizes]
    old = tensor.axes
    if old is None:
        if names == ["1", "1", "?"] or names == ["1", "1", "-"]:
            return tensor.but(axes=("1", "1", "F"))
        if len(names) == 3 and "1" in names[:2] and names[2] in {"-", "?", "F"}:
            return tensor.but(axes=None, one=names.index("1"), batch=None)
        named = names.index("B") if "B" in names[:2] else 0 if steps_come_second(sizes) else None
        return tensor.but(axes=None, one=None, batch=named)
    if len(names) == len(old) and all(n == o or n in {"-", "?"} or o == "?" for n, o in zip(names, old, strict=True)):
        return tensor
    if len(names) == len(old) == 3 and "1" in names[:2]:
        return tensor.but(axes=tuple("1" if n == "1" else {"-": "F", "?": "?"}.get(n, n) for n in names), pad=None)
    if len(names) == len(old) == 3 and sorted(names[:2]) == sorted(old[:2]) and names[:2] == [old[1], old[0]]:
        return tensor.but(axes=(names[0], names[1], old[2]))  # the view says so, whatever the data is
    axes: list[str] = []
    left = list(old)
    for at, name in enumerate(names):
        rest = names[at + 1 :]
        if left and (name == left[0]):
            axes.append(left.pop(0))
        elif name == "2" and left and left[0] == "H":
            axes.append("D")
        elif name in {"-", "?", "F"} and left and left[0] in {"H", "F", "?"} and len(rest) == len(left) - 1:
            axes.append(left.pop(0))
        elif name in {"-", "?"} and left and len(left) - len(rest) >= 1:
            taken = [left.pop(0) for _ in range(max(1, len(left) - len(rest)))]
            axes.append(taken[0] if len(taken) == 1 else "?")
        else:
            axes.append("?" if name in {"-"} else name)
    if axes == list(old):
        return tensor
    kept = "T" in axes
    flat = tensor.pad.width if tensor.pad is not None and not kept else None
    result = tensor.but(axes=tuple(axes), width_of=flat or tensor.width_of)
    return (
        result
        if kept or tensor.role in {"state", "state row", "step"}
        else result.but(pad=None, role=role_without_time(tensor))
    )


def steps_come_second(sizes: list[Value]) -> bool:
    """`x.view(-1, steps, width)` with the number of steps of a tensor whose batch comes first."""
    if len(sizes) != 3 or number(sizes[0]) != -1 or not isinstance(sizes[1], Size):
        return False
    of = sizes[1].of
    return sizes[1].axis == "T" or (sizes[1].index == 1 and of is not None and of.batch == 0)


def is_batch(size: Value, call: RnnCall | None) -> bool:
    """Whether a size is that of the batch axis of a call's input, whose axes are not known."""
    if not isinstance(size, Size) or size.axis is not None or size.of is None or call is None or size.minus:
        return False
    at = None if call.batch_first is None else 0 if call.batch_first else 1
    return size.index == at and bool(size.of.roots) and size.of.roots == call.input.roots


def reshaped_state(frame: Frame, node: ast.AST, tensor: Tensor, sizes: list[Value]) -> Tensor:
    """h_n is (layers * directions, batch, hidden): a view that begins with the batch mixes rows of the batch."""
    names = ["B" if is_batch(size, tensor.call) else size_name(size) for size in sizes]
    consume(frame, node, tensor)
    if tensor.axes is None or tensor.axes[:2] != ("L", "B"):
        return tensor.but(role="state row", axes=None)
    if tensor.call is not None:
        tensor.call.rows_read.add(None)
    columns = len(names) == 2 or (len(names) == 3 and names[2] == "1")  # of a row a sample
    one_layer = len(names) == 3 and names[0] == "1" and names[1] in {"B", "?"} and names[2] == "-"
    if one_layer or (names and (names[0] == "B" or (columns and names[0] in {"-", "?"}))):
        frame.run.emit(StateRead(frame.site(node), tensor, "batch first reshape", None))
        return tensor.but(role="state row", axes=None)
    if len(names) == 4:
        return tensor.but(axes=("?", "D", "B", "F"), role="state view")
    return tensor.but(role="state row", axes=None)


def is_size_of_input(size: Value, call: RnnCall | None) -> bool:
    """Whether a size is that of an axis of a call's input: of the batch, where no time axis is left."""
    if not isinstance(size, Size) or size.minus or call is None or size.of is None:
        return False
    return size.axis == "B" or (size.axis is None and size.index in {0, 1} and bool(size.of.roots & call.input.roots))


def reshaped_rows(frame: Frame, node: ast.AST, tensor: Tensor, sizes: list[Value]) -> Tensor:
    """Directions joined along the batch are (directions * batch, hidden): a view with a row a sample mixes samples."""
    leading = sizes[1:] if sizes and number(sizes[0]) == 1 else sizes
    if leading and is_size_of_input(leading[0], tensor.call):
        frame.run.emit(StateRead(frame.site(node), tensor, "joined rows reshape", None))
    return tensor.but(role="state row", axes=None)


@operation("unflatten", "flatten", "ravel")
def flatten(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    tensor = as_tensor(this)
    if tensor.role == "state":
        consume(frame, node, tensor)
        if tensor.call is not None and tensor.axes == ("L", "B", "F") and number(args[0] if args else None) == 1:
            frame.run.emit(StateRead(frame.site(node), tensor, "batch first reshape", None))
        return tensor.but(role="state row", axes=None)
    return Tensor(roots=tensor.roots, call=tensor.call, role=None)


@operation("size")
def size(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    if isinstance(this, Packed):
        packed_misused(frame, node, this, "`.size` called on it")
        return UNKNOWN
    tensor = as_tensor(this)
    if not args and not keywords:
        return Shape(tensor)
    at = dimension(args, keywords)
    return Size(tensor.axis(at), tensor, at) if at is not None else UNKNOWN


def sizes_of(args: list[Value]) -> list[Value]:
    """The sizes that a method is given, one by one or in a tuple."""
    if len(args) == 1 and isinstance(args[0], Sequence) and args[0].items is not None:
        return args[0].items
    return args


@operation("expand")
def expand(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    tensor, args = as_tensor(this), sizes_of(args)
    if tensor.axes is None or len(args) != len(tensor.axes):
        return tensor.but(axes=None, batch=None)
    named = [size_name(a) for a in args]
    axes = tuple(
        n if o == "1" and n not in {"-", "?"} else "?" if o == "1" and n == "?" else o
        for o, n in zip(tensor.axes, named, strict=True)
    )
    return tensor.but(axes=axes)


@operation("repeat", "tile")
def repeat(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    tensor, args = as_tensor(this), sizes_of(args)
    if tensor.axes is None or len(args) != len(tensor.axes):
        return tensor.but(axes=None, batch=None)
    named = [size_name(a) for a in args]
    axes = tuple(
        o if n == "1" else (n if o == "1" and n not in {"-", "2"} else "?")
        for o, n in zip(tensor.axes, named, strict=True)
    )
    return tensor.but(axes=axes)


@library_function("cat", "concat", "concatenate", "hstack", "vstack")
def cat(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    """Concatenation: of the two directions of a state, of steps, of features; along time it can be padding."""
    if not isinstance(this, Sequence):
        return as_tensor(this).but(axes=None) if isinstance(this, Tensor) else UNKNOWN
    if this.items is None:
        inner = this.item()
        consume(frame, node, inner)
        return join([joined(item, dimension(args, keywords)) for item in alternatives(inner)])
    parts = [as_tensor(first_of(data.padded_one(item))) for item in this.items]
    for item in this.items:
        for alternative in alternatives(item):
            if packed_misused(frame, node, alternative, "concatenated"):
                return UNKNOWN
        consume(frame, node, item)
    at = dimension(args, keywords)
    padded = data.concatenated(frame, node, this.items, at)
    if padded is not None:
        return padded
    if not parts:
        return UNKNOWN
    filled_up = any(p.role == "buffer" for p in parts) and not any(p.axis(at) in {"H", "F"} for p in parts)
    result = parts[0]
    for other in parts[1:]:
        meet(frame, node, result, other)
        result = combined(result, other, ast.Add())
    if at == 0 and len(parts) > 1 and all(p.role == "state row" and p.axis(0) == "B" for p in parts):
        return result.but(role="state rows")  # those of one direction after those of the other
    ranks = {len(p.axes) for p in parts if p.axes is not None}
    if len(ranks) == 1:
        axes = next(p.axes for p in parts if p.axes is not None)
        along_features = at is not None and at in {-1, len(axes) - 1}
        if along_features and axes[-1:] == ("H",) and any(p.call is not parts[0].call for p in parts):
            axes = (*axes[:-1], "F")  # the features of an output are some of these
        if filled_up and "T" in axes and at is not None and axes.index("T") == at % len(axes):
            result = result.but(unpacked=None)  # filled up to another width by hand
        return result.but(axes=single_in_all(axes, parts, at % len(axes)) if at is not None and axes else axes)
    return result


def single_in_all(axes: tuple[str, ...], parts: list[Tensor], at: int) -> tuple[str, ...]:
    """The axes of a concatenation along one of them: any other that has the size 1 in one part has it in all."""
    ones = {p.one for p in parts} | {n for p in parts for n, axis in enumerate(p.axes or ()) if axis == "1"}
    return tuple("1" if number in ones - {at} else axis for number, axis in enumerate(axes))


def joined(value: Value, at: int | None) -> Value:
    """Any number of tensors like this one, concatenated."""
    if not isinstance(value, Tensor):
        return UNKNOWN
    return value if value.axis(at) in {"H", "F"} else value.but(axes=None)


@library_function("stack")
def stack(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    if not isinstance(this, Sequence):
        return UNKNOWN
    tensor = as_list(this)
    inner = this.item()
    if isinstance(inner, Tensor):
        consume(frame, node, inner)
        if inner.axes is not None and "B" not in inner.axes:
            at = dimension(args, keywords) or 0
            axes = list(inner.axes)
            axes.insert(at, "B")
            return inner.but(axes=tuple(axes), form="tensor")
        if this.source == "pads" and inner.axes is not None:  # `[x] * n`: copies side by side
            at = dimension(args, keywords) or 0
            at = at if at >= 0 else len(inner.axes) + 1 + at
            return inner.but(axes=(*inner.axes[:at], "?", *inner.axes[at:]))
        return inner.but(axes=None, form="tensor", role=inner.role if inner.role != "step" else None)
    return tensor.but(form="tensor")


@operation("split", "tensor_split")
def split(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    tensor = as_tensor(this)
    if halved(tensor, dimension(args, keywords, 1)) and number(args[0] if args else None) != 1:
        return halves(tensor)  # by the size of one direction
    return Sequence(None, tensor.but(axes=tensor.axes), kind="tuple")


def halved(tensor: Tensor, at: int | None) -> bool:
    """Whether the features of an output of two directions lie along an axis."""
    return tensor.call is not None and tensor.call.bidirectional is True and tensor.axis(at) in {"H", "F"}


def halves(tensor: Tensor) -> Sequence:
    """The forward and the backward half of an output."""
    return Sequence([tensor.but(part="forward"), tensor.but(part="backward")], kind="tuple")


@operation("chunk")
def chunk(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    tensor = as_tensor(this)
    count = number(args[0] if args else keywords.get("chunks"))
    at = dimension(args, keywords, 1)
    if count == 2 and tensor.axis(at) in {"H", "F"} and tensor.call is not None:
        return halves(tensor)
    if tensor.role == "state" and tensor.axis(at if at is not None else 0) == "L" and tensor.call is not None:
        tensor.call.rows_read.add(None)
        return Sequence(None, tensor.but(role="state row"), kind="tuple")
    return Sequence(None, tensor, kind="tuple")


@operation("unbind")
def unbind(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    tensor = as_tensor(this)
    if tensor.call is not None and tensor.role == "state":
        tensor.call.rows_read.add(None)
    return Sequence(None, row(tensor), kind="tuple")


@operation("flip")
def flip(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    tensor = as_tensor(this)
    values = args[0].items if len(args) == 1 and isinstance(args[0], Sequence) and args[0].items else args
    dims = [number(v) for v in (values or [keywords.get("dims", UNKNOWN)])]
    if tensor.pad is not None and tensor.axes is not None and any(tensor.axis(d) == "T" for d in dims):
        side = {"right": "left", "left": "right"}.get(tensor.pad.side or "")
        fact = frame.fact(node, f"flipped along time: the padding is on the {side} now")
        return tensor.but(pad=Padding(side, tensor.pad.how, (*tensor.pad.facts, fact), tensor.pad.width))
    return turned(tensor)


def turned(value: Tensor) -> Tensor:
    """Rows read backwards: a sort and the permutation that makes it go the other way."""
    perm = value.perm
    if perm is not None and perm.descending is not None:
        perm = dataclasses.replace(perm, descending=not perm.descending)
    return value.but(perm=perm, sort=turned_sort(value.sort))


def turned_sort(sort: str | None) -> str | None:
    return {"asc": "desc", "desc": "asc"}.get(sort or "", sort)


@library_function("rearrange")
def rearrange(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    """einops: axes by the names of the pattern, where each is one letter group."""
    tensor = as_tensor(this)
    pattern = constant(args[0]) if args else None
    if not isinstance(pattern, str) or "->" not in pattern or tensor.axes is None or "(" in pattern:
        return tensor.but(axes=None)
    left, right = (side.split() for side in pattern.split("->"))
    if len(left) != len(tensor.axes):
        return tensor.but(axes=None)
    names = dict(zip(left, tensor.axes, strict=True))
    return tensor.but(axes=tuple(names.get(n, "?") for n in right))
