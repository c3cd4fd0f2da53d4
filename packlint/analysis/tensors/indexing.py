"""Subscripts and their like: steps, states, rows, slices, gathers."""

from __future__ import annotations

import ast
import dataclasses
from typing import TYPE_CHECKING

from packlint.analysis import data, layers
from packlint.analysis.data import padded_one
from packlint.analysis.events import GatherRead, PackedUse, StateRead, StepRead
from packlint.analysis.lengths import lengths_word
from packlint.analysis.tensors.attributes import packed_attribute
from packlint.analysis.tensors.base import COUNT, as_tensor, dimension, moved, operation, piece, short
from packlint.analysis.tensors.layout import turned
from packlint.analysis.tensors.meeting import read_otherwise
from packlint.analysis.tensors.sorting import reordered, sort_of
from packlint.analysis.tensors.uses import consume, printed, without_lengths
from packlint.analysis.values import (
    NONE,
    UNKNOWN,
    Batch,
    Const,
    Instance,
    Mapping,
    Object,
    Packed,
    Padding,
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
    number,
    same,
)

if TYPE_CHECKING:
    from packlint.analysis.flow import Frame


def subscript(frame: Frame, node: ast.Subscript, value: Value, index: Value) -> Value:
    index = order_among(value, index)
    if isinstance(value, Sequence):
        return sequence_item(frame, node, value, index)
    if isinstance(value, Mapping):
        key = constant(index)
        if isinstance(key, (str, int, bool)) and key in value.items:
            return value.items[key]
        if isinstance(key, str) and isinstance(value.elem, Tensor) and moved(value.elem):
            return piece(value.elem, f".{key}")
        if isinstance(key, (str, int)) and isinstance(value.elem, Unknown) and value.elem.key:
            return unknown_item(frame, node, value.elem, index)
        if isinstance(key, (str, int)) and value.elem is None:
            return Unknown(f"?.{key}") if isinstance(key, str) else UNKNOWN
        return join([*value.items.values(), *([value.elem] if value.elem is not None else [])])
    if isinstance(value, Shape):
        at = number(index)
        return Size(value.of.axis(at), value.of, at) if at is not None else UNKNOWN
    if isinstance(value, State):
        at = number(index)
        return (
            (value.h, value.c)[at]
            if at in {-2, -1, 0, 1} and value.names == {"LSTM"}
            else state_item(frame, node, value, index)
        )
    if isinstance(value, Packed):
        return packed_item(frame, node, value, index)
    if isinstance(value, Tensor):
        return tensor_item(frame, node, value, index)
    if isinstance(value, Object):
        return layers.item(frame, value, index)
    if isinstance(value, Unknown):
        return unknown_item(frame, node, value, index)
    if isinstance(value, Batch):
        name = constant(index)
        return data.batch_field(frame, node, value, name) if isinstance(name, str) else data.field_part(value, index)
    return UNKNOWN


def order_among(value: Value, index: Value) -> Value:
    """Of what an index can be, the permutation; of several, the one that the rows are in."""
    orders = [i for i in alternatives(index) if isinstance(i, Tensor) and (i.perm or i.inverse) is not None]
    if len(orders) < 2 or not isinstance(value, Tensor):
        return orders[0] if orders else index
    return next((one for one in orders if (one.inverse or one.perm) is value.order), orders[0])


def sequence_item(frame: Frame, node: ast.Subscript, value: Sequence, index: Value) -> Value:
    at = number(index)
    if at is not None and value.items is not None:
        return value.items[at] if -len(value.items) <= at < len(value.items) else UNKNOWN
    if at == -1 and value.tail is not None:
        return value.tail
    if isinstance(index, Sequence) and index.kind == "slice":
        if value.tail is not None and behind_head(value, index):
            return Sequence(None, value.tail, value.kind, value.sort, value.source, value.order)
        parts = [number(i) for i in index.items or []]
        if value.items is not None and all(
            p is not None or same(i, NONE) for p, i in zip(parts, index.items or [], strict=True)
        ):
            return Sequence(value.items[slice(*parts)], None, value.kind, value.sort)
        if len(parts) == 3 and parts[2] == -1 and value.sort in {"asc", "desc"}:
            return Sequence(value.items, value.elem, value.kind, "desc" if value.sort == "asc" else "asc", value.source)
        return Sequence(None, value.item(), value.kind, value.sort, value.source, value.order)
    return value.item()


def behind_head(value: Sequence, index: Sequence) -> bool:
    """Whether a slice leaves out at least the items that were there before a loop appended others."""
    lower, upper, stride = index.items or [NONE, NONE, NONE]
    return (number(lower) or 0) >= max(value.head, 1) and same(upper, NONE) and same(stride, NONE)


def state_item(frame: Frame, node: ast.Subscript, value: State, index: Value) -> Value:
    at = number(index)
    if at == 0:
        return join([value.h]) if "LSTM" in value.names else tensor_item(frame, node, value.h, index)
    if at == 1 and "LSTM" in value.names:
        return value.c
    return tensor_item(frame, node, value.h, index)


def packed_item(frame: Frame, node: ast.Subscript, value: Packed, index: Value) -> Value:
    at = number(index)
    if at in {0, 1, 2, 3}:
        return packed_attribute(frame, node, value, ("data", "batch_sizes", "sorted_indices", "unsorted_indices")[at])
    if at == -1 or isinstance(index, Sequence):
        frame.run.emit(PackedUse(frame.site(node), "indexed like a tensor", value.fact))
    return UNKNOWN


def unknown_item(frame: Frame, node: ast.Subscript, value: Unknown, index: Value) -> Value:
    name = constant(index)
    if isinstance(name, str):
        return Unknown(f"{value.key or '?'}.{name}")
    at = number(index)
    if at is not None and not as_tensor(value).role:
        return Unknown(f"{value.key}[{at}]") if value.key else UNKNOWN
    tensor = as_tensor(value)
    if isinstance(index, Tensor) and (index.perm is not None or index.inverse is not None):
        return tensor_item(frame, node, tensor, index)
    if tensor.role in {"lengths", "mask"}:
        return tensor_item(frame, node, tensor, index)
    if isinstance(index, Tensor) and index.role == "ids" and index.pad is not None:
        return looked_up(index)
    if isinstance(index, Sequence) and index.kind in {"tuple", "slice"}:
        return tensor_item(frame, node, tensor, index)
    if same(index, COUNT) and value.key:
        return Unknown(f"{value.key}.sample")
    if value.key and isinstance(index, Unknown) and index.key:
        return Unknown(f"{value.key}[{index.key}]")  # `batch[key]`
    return UNKNOWN


def looked_up(ids: Tensor) -> Tensor:
    """`vectors[ids]`: the rows of a table for padded ids."""
    return ids.but(role="features", axes=(*ids.axes, "F") if ids.axes is not None else None, fill=None)


@operation("take")
def take(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    """`vectors.take(ids, axis=0)`."""
    index = padded_one(args[0]) if args else UNKNOWN
    if isinstance(index, Tensor) and index.role == "ids" and index.pad is not None and as_tensor(this).call is None:
        return looked_up(index)
    return UNKNOWN


def tensor_item(frame: Frame, node: ast.Subscript, value: Tensor, index: Value) -> Value:
    """`x[...]` for a tensor: axes that go, steps that are read, rows that are re-ordered."""
    if same(index, COUNT) and value.order is not None and value.axes is None and value.call is None:
        return Unknown("rows.sample")  # one of the samples that were put in order
    key = constant(index)
    if isinstance(key, str) and moved(value):
        return piece(value, f".{key}")
    if type(key) is int and moved(value):
        return piece(value, f"[{key}]")
    if (
        isinstance(index, Sequence)
        and index.kind in {"tuple", "list"}
        and index.items is not None
        and index.kind == "tuple"
    ):
        return indexed(frame, node, value, index.items)
    return indexed(frame, node, value, [index])


def indexed(frame: Frame, node: ast.AST, value: Tensor, indices: list[Value]) -> Value:
    if value.role == "state" and value.call is not None:
        consume(frame, node, value)
    if value.role == "lengths" and len(indices) == 1:
        return lengths_item(frame, value, indices[0])
    if value.role == "eye" and len(indices) == 1:
        ids = as_tensor(padded_one(indices[0]))
        return ids.but(role="features", axes=(*ids.axes, "F") if ids.axes is not None else None)
    gathered = gather_by_lengths(frame, node, value, indices)
    if gathered is not None:
        return gathered
    note_layout(frame, node, value, indices)
    axes: list[str] | None = [] if value.axes is not None else None
    rest = list(value.axes) if value.axes is not None else []
    result = value
    spread = next((i for i, x in enumerate(indices) if isinstance(x, Const) and x.value is Ellipsis), None)
    if spread is not None and value.axes is not None:
        given = len([x for x in indices if not same(x, NONE)]) - 1
        fill = [Sequence([NONE, NONE, NONE], kind="slice") for _ in range(len(value.axes) - given)]
        indices = [*indices[:spread], *fill, *indices[spread + 1 :]]
    at, one = 0, None
    todo: list[tuple[Value, str | None, int]] = []
    for index in indices:
        if same(index, NONE):
            if axes is not None:
                axes.append("1")
            continue
        name = rest.pop(0) if rest else None
        todo.append((index, name, at))
        last = name == "T" and value.role == "output" and is_last_item(index)
        alone = is_next(index) or last or (is_one_item(index) and value.role in {None, "ids", "features"})
        if axes is not None and keeps_axis(index):
            axes.append("1" if alone else name or "?")
        if alone and all(map(keeps_axis, indices[:at])):
            one = at
        at += 1
    for index, name, at in sorted(todo, key=lambda t: t[1] == "T"):  # a half is a half before its step is read
        result = along(frame, node, result, index, name, at)
    if axes is not None:
        return result.but(axes=(*axes, *rest), one=None)
    return result.but(one=one) if all(map(keeps_axis, indices)) else result.but(one=one, batch=None)


def note_layout(frame: Frame, node: ast.AST, value: Tensor, indices: list[Value]) -> None:
    """Steps are cut off at an end or at a length, or a row is picked for each sample: no way to read a batch."""
    if value.unpacked is None or value.role != "output" or value.axes is None:
        return
    along = list(zip(indices, value.axes, strict=False))
    cut_short = any(axis == "B" and (cuts_an_end(index) or follows_a_length(index)) for index, axis in along)
    each = len(along) == 2 and isinstance(indices[0], Tensor) and indices[0].role == "range"
    if cut_short or (each and isinstance(indices[1], (Tensor, Unknown)) and value.axes[0] == "T"):
        read_otherwise(frame, node, value)


def follows_a_length(index: Value) -> bool:
    """`[length - 1]` or `[1:length]`, for the length of one sample."""
    if isinstance(index, Sequence) and index.kind == "slice":
        return any(follows_a_length(bound) for bound in index.items or [])
    return isinstance(index, Tensor) and index.role == "length"


def cuts_an_end(index: Value) -> bool:
    """`[:-1]` or `[1:]`."""
    if not isinstance(index, Sequence) or index.kind != "slice":
        return False
    lower, upper, stride = index.items or [NONE, NONE, NONE]
    return same(stride, NONE) and (number(lower), number(upper)) in {(None, -1), (1, None)}


def is_next(index: Value) -> bool:
    """`x[i : i + 1]`, as a loop over the steps takes them."""
    return isinstance(index, Sequence) and index.kind == "slice" and index.source == "next"


def is_one_item(index: Value) -> bool:
    """Whether a slice takes one item: `x[-1:]`, `x[:1]`, `x[2:3]`."""
    if not isinstance(index, Sequence) or index.kind != "slice":
        return False
    lower, upper, stride = index.items or [NONE, NONE, NONE]
    first, last = (0 if same(lower, NONE) else number(lower)), number(upper)
    if first is None or not same(stride, NONE):
        return False
    return (first == -1 and same(upper, NONE)) or (last is not None and last - first == 1 and last != 0)


def is_last_item(index: Value) -> bool:
    """`x[-1:]`."""
    lower = index.items[0] if isinstance(index, Sequence) and index.kind == "slice" and index.items else NONE
    return number(lower) == -1 and is_one_item(index)


def keeps_axis(index: Value) -> bool:
    """Whether an axis is still there after indexing: yes for slices and index tensors, no for one number."""
    if isinstance(index, Const):
        return not isinstance(index.value, int)
    if isinstance(index, Size):
        return False
    return not isinstance(index, Unknown)


def along(frame: Frame, node: ast.AST, value: Tensor, index: Value, name: str | None, at: int) -> Tensor:
    """What indexing one axis does to a tensor."""
    if name == "T" and value.role == "output" and is_last_item(index):
        return step(frame, node, value, "last")
    if isinstance(index, Sequence) and index.kind == "slice":
        return sliced(frame, node, value, index, name)
    if isinstance(index, Tensor):
        return reordered(frame, node, value, index, name, at)
    where = number(index)
    if isinstance(index, Size) and index.index is not None and index.minus == 1 and index.axis == name:
        where = -1
    if value.role == "state":
        return state_row(frame, node, value, name, where)
    if name == "T" and value.role == "output" and where in {-1, 0}:
        which = "last" if where == -1 else "first"
        return step(frame, node, value, which)
    if name == "T" and value.role == "output":
        return value.but(role="step", pad=None)
    if name == "D" and where in {0, 1}:
        return value.but(part="forward" if where == 0 else "backward")
    if name == "B":
        return value.but(order=None)
    return value


def step(frame: Frame, node: ast.AST, value: Tensor, which: str) -> Tensor:
    event = StepRead(frame.site(node), value, which, {value.part} if value.part in {"forward", "backward"} else set())
    event.masked = without_lengths(frame.info.node, node)
    if not printed(frame.info.node, node):
        frame.run.emit(event)
    if value.call is not None and which == "last" and not event.masked:
        value.call.uses.setdefault("step", frame.fact(node, f"its {which} step is read"))
    if value.call is not None and which == "first" and value.call.bidirectional is True and value.part != "forward":
        value.call.uses.setdefault(
            "output", frame.fact(node, "its first step is read, where the backward direction ends")
        )
    return value.but(role="step", part=which, pad=None, read=event)


def state_row(frame: Frame, node: ast.AST, value: Tensor, name: str | None, where: int | None) -> Tensor:
    """`h_n[-1]`, or the same along the batch axis by mistake."""
    if value.call is not None and name == "L":
        value.call.rows_read.add(where)
        frame.run.emit(StateRead(frame.site(node), value, "index", where))
        return value.but(role="state row", part=f"{value.part}[{where}]")
    if value.call is not None and name == "B" and where in {0, 1}:
        value.call.samples_read.add(where)
        frame.run.emit(StateRead(frame.site(node), value, "batch index", where))
    if value.call is not None and name == "B" and where == -1:
        frame.run.emit(StateRead(frame.site(node), value, "batch first index", where))
    return value.but(role="state row")


def sliced(frame: Frame, node: ast.AST, value: Tensor, index: Sequence, name: str | None) -> Tensor:
    lower, upper, stride = index.items or [NONE, NONE, NONE]
    if name == "T" and is_next(index):
        return value.but(role="step" if value.role == "output" else value.role, pad=None)
    if name == "T" and value.role == "output" and number(lower) == -1 and same(upper, NONE):
        return step(frame, node, value, "last").but(role="output last", pad=None)
    if name in {"H", "F"} and value.role in {"output", "step"} and value.call is not None:
        half = (
            "forward"
            if same(lower, NONE) and not same(upper, NONE)
            else "backward"
            if same(upper, NONE) and not same(lower, NONE)
            else None
        )
        if half is not None:
            if value.read is not None:
                value.read.halves.add(half)
            return value.but(part=half)
    if name == "L":
        if value.call is not None:
            value.call.rows_read.add(None)
        return value.but(part="slice")
    if number(stride) == -1 and name in {None, "B"} and (value.sort in {"asc", "desc"} or value.perm is not None):
        return turned(value)
    if (
        name in {"T", None}
        and isinstance(upper, (Size, Unknown, Tensor))
        and is_one_length(upper)
        and (same(lower, NONE) or (number(lower) or -1) > 0)
    ):
        return value.but(pad=None, trimmed=True)
    if not (same(lower, NONE) and same(upper, NONE)):
        return cut(value, name, upper)
    return value


def cut(value: Tensor, name: str | None, upper: Value) -> Tensor:
    """Some of the rows, or some of the steps: part of a permutation undoes nothing, and a cut batch is narrower."""
    if value.perm is not None or value.inverse is not None:
        return value.but(perm=None, inverse=None)
    if name == "T" and not same(upper, NONE) and value.pad is not None and value.pad.width == "fixed":
        return value.but(pad=dataclasses.replace(value.pad, width=None))
    return value


def is_one_length(value: Value) -> bool:
    """One number that is a row's own length, as in `out[i, :lengths[i]]`."""
    if isinstance(value, Tensor):
        return value.role == "length" or (value.role == "lengths" and value.axes == ())
    if isinstance(value, Unknown):
        return lengths_word(value.word.partition("[")[0]) and "[" in (value.key or "")
    return False


def lengths_item(frame: Frame, value: Tensor, index: Value) -> Value:
    if isinstance(index, Sequence) and index.kind == "slice":
        parts = index.items or [NONE] * 3
        stride = number(parts[2])
        if stride == -1 and value.sort in {"asc", "desc"}:
            return value.but(sort="desc" if value.sort == "asc" else "asc")
        if value.sort == "desc" and number(parts[1]) is None and not same(parts[1], NONE):
            return value.but(counted="selected")  # the shortest rows are left out
        return value
    if isinstance(index, Tensor):
        if index.perm is not None and len(value.axes or ()) > 1:
            return value.but(order=index.perm)  # lengths of the parts of each sample, put in order with the samples
        if index.perm is not None:
            return value.but(sort=sort_of(index.perm), order=index.perm)
        if index.inverse is not None:
            return value.but(sort=None, order=None)
        if index.role in {"test", "mask"}:
            return value.but(counted="selected")  # what is left is in the same order
        return value.but(sort=None)
    if number(index) is not None:
        return Tensor(role="length", counted=value.counted)
    return value.but(role="length", axes=())


def gather_by_lengths(frame: Frame, node: ast.AST, value: Tensor, indices: list[Value]) -> Tensor | None:
    """`out[arange(B), lengths - 1]`: the last real step of each row; `row[length - 1]`, that of one."""
    of_row = value.axes is not None and value.axes[:1] == ("T",) and "B" not in value.axes
    if value.role != "output" or (len(indices) < 2 and not of_row):
        return None
    for place, index in enumerate(map(by_lengths, indices)):
        own = isinstance(index, Size) and index.minus == 1 and (index.index is None or index.of is None)
        if own or (isinstance(index, Tensor) and index.role in {"lengths", "length"} and index.counted is not None):
            name = value.axis(place)
            if name == "B":
                read_otherwise(frame, node, value)
            return gathered(frame, node, value.but(part=direction_of(value, indices) or value.part))
    return None


def by_lengths(index: Value) -> Value:
    """Of what an index can be, the lengths; else the index as it is."""
    items = alternatives(index)
    return next((i for i in items if isinstance(i, Tensor) and i.role in {"lengths", "length"}), index)


def direction_of(value: Tensor, indices: list[Value]) -> str | None:
    """The direction that an index on its own axis, or a slice of the features, picks."""
    for place, index in enumerate(indices):
        name = value.axis(place)
        if name == "D" and number(index) in {0, 1}:
            return "backward" if number(index) else "forward"
        if name == "H" and isinstance(index, Sequence) and index.kind == "slice":
            lower, upper = (index.items or [NONE, NONE])[:2]
            if same(lower, NONE) != same(upper, NONE):
                return "forward" if same(lower, NONE) else "backward"
    return None


def gathered(frame: Frame, node: ast.AST, value: Tensor) -> Tensor:
    frame.run.emit(GatherRead(frame.site(node), value))
    if value.call is not None:
        value.call.uses.setdefault("gather", frame.fact(node, "the step at `length - 1` is read"))
    axes = tuple(a for a in value.axes if a != "T") if value.axes else None
    return value.but(role="step", part=value.part or "gathered", axes=axes, pad=None)


def on_item_written(frame: Frame, target: ast.Subscript, holder: Value, value: Value) -> Value | None:
    """What `holder[...] = value` makes of the holder; None where it leaves it as it is."""
    made = [
        (item, scores_written(frame, item, value) or data.item_written(frame, target, item, value))
        for item in alternatives(holder)
    ]
    if all(changed is None for _, changed in made):
        return None
    return join([item if changed is None else changed for item, changed in made])


def scores_written(frame: Frame, holder: Value, value: Value) -> Tensor | None:
    """`energies[:, t] = self.score(query, outputs[t])`: the scores of each step of an output, one after the other."""
    told = next((v for v in alternatives(value) if isinstance(v, Tensor) and v.role not in {"ids", "lengths"}), None)
    if not frame.loops or not isinstance(holder, Tensor) or told is None or told.call is None:
        return None
    if holder.role != "buffer" or not {"T"} <= set(holder.axes or ()) <= {"B", "T", "1"} or told.axis(-1) == "H":
        return None
    return holder.but(role="scores", call=told.call, unpacked=told.unpacked, fill=None)


def with_changed_rows(holder: Value, value: Value) -> Value | None:
    """A batch whose row was changed in place: `buf[i][:n] = x` pads `buf`, `rows[i].append(PAD)` in a loop the rows."""
    if isinstance(holder, Sequence) and data.is_padded_row(value):
        return data.list_of(value, holder)
    if isinstance(holder, Tensor) and isinstance(value, Tensor) and value.pad is not None and holder.pad is None:
        return holder.but(pad=value.pad, role=value.role or holder.role, fill=value.fill)
    return None


@operation("index_select")
def index_select(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    tensor = as_tensor(this)
    at = dimension(args, keywords)
    index = keywords.get("index", args[1] if len(args) > 1 else None)
    if at is None or index is None:
        return tensor
    if tensor.role == "lengths":
        return lengths_item(frame, tensor, index)
    note_device(frame, node, tensor, index)
    index = order_among(tensor, index)
    fill = [Sequence([NONE, NONE, NONE], kind="slice") for _ in range(max(at, 0))]
    if at < 0:
        return tensor
    return indexed(frame, node, tensor, [*fill, index])


def note_device(frame: Frame, node: ast.AST, tensor: Tensor, index: Value) -> None:
    """`index_select` takes its index on the device of the tensor; inside a model that is the model's.

    https://docs.pytorch.org/docs/stable/generated/torch.index_select.html; a subscript takes an index on the CPU too.
    """
    order = index.perm or index.inverse if isinstance(index, Tensor) and index.device is None else None
    if order is None or tensor.device == "cpu" or not isinstance(frame.this, Instance):
        return
    if frame.project.is_tensor_module(frame.this.cls) and frame.project.texts.accelerated:
        text = f"the permutation lies where the model does, or `{short(node)}` would fail, and so do the lengths"
        order.beside.append(frame.fact(node, text))


@operation("gather")
def gather(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    """`out.gather(1, index)` with an index made of `lengths - 1`."""
    tensor = as_tensor(this)
    index = by_lengths(keywords.get("index", args[1] if len(args) > 1 else UNKNOWN))
    at = dimension(args, keywords)
    if isinstance(index, Tensor) and index.role in {"lengths", "length"} and tensor.role == "output":
        name = tensor.axis(at)
        if name == "B":
            read_otherwise(frame, node, tensor)
        frame.run.emit(GatherRead(frame.site(node), tensor))
        if tensor.call is not None:
            tensor.call.uses.setdefault("gather", frame.fact(node, "the step at `length - 1` is read"))
        axes = tuple("1" if axis == "T" else axis for axis in tensor.axes) if tensor.axes else None
        return tensor.but(role="step", part="gathered", axes=axes, pad=None)
    if tensor.role == "output":
        if tensor.call is not None:
            tensor.call.uses.setdefault("gather", frame.fact(node, "single steps are picked"))
        return tensor.but(role="step", part="gathered", pad=None)
    if tensor.pad is not None and tensor.axis(at) == "T":
        pad = Padding(None, tensor.pad.how, tensor.pad.facts, tensor.pad.width)
        return tensor.but(pad=pad)  # the steps are moved
    return tensor


@operation("select")
def select(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    tensor = as_tensor(this)
    at = dimension(args, keywords)
    index = keywords.get("index", args[1] if len(args) > 1 else None)
    if at is None or index is None or at < 0:
        return tensor.but(axes=None)
    fill = [Sequence([NONE, NONE, NONE], kind="slice") for _ in range(at)]
    return indexed(frame, node, tensor, [*fill, index])


@operation("narrow")
def narrow(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    tensor = as_tensor(this)
    at, start, length = (number(a) for a in [*args, UNKNOWN, UNKNOWN, UNKNOWN][:3])
    if len(args) > 1 and isinstance(args[1], Size) and args[1].axis == tensor.axis(at) and args[1].minus == 1:
        start = -1
    if tensor.axis(at) == "T" and start == -1 and length == 1 and tensor.role == "output":
        return step(frame, node, tensor, "last")
    return tensor


@operation("masked_select")
def masked_select(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    tensor = as_tensor(this)
    return Tensor("selected", roots=tensor.roots, device=tensor.device, device_facts=tensor.device_facts)
