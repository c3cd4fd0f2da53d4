"""What tensors, arrays and lists of numbers become: indexing, reshaping, sorting, masking, pooling.

Facts about the operations are those of PyTorch's documentation (https://docs.pytorch.org/docs/stable/tensors.html);
NumPy's operations of the same name are taken for the same.
"""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from packlint.analysis import data, layers
from packlint.analysis.events import Fact, GatherRead, Meet, PackedUse, Pool, StateRead, StepRead
from packlint.analysis.lengths import lengths_word, mask_word
from packlint.analysis.names import FunctionInfo
from packlint.analysis.values import (
    NONE,
    UNKNOWN,
    Batch,
    Bound,
    Choice,
    Class,
    Const,
    External,
    Function,
    Instance,
    Mapping,
    Module,
    Object,
    Packed,
    Padding,
    Partial,
    Permutation,
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
    truth,
)

if TYPE_CHECKING:
    from packlint.analysis.events import RnnCall
    from packlint.analysis.flow import Frame

ZEROS = {"zero", "floor"}  # padded steps are zero; floor: and no real step lies below
LOW = -50.0  # a score at most this is as good as minus infinity before a softmax or a maximum


# --------------------------------------------------------------------------- what a value is as a tensor


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
    if isinstance(value, Tensor) and value.role is None and value.call is None and value.pad is None:
        return value.but(role="mask", valid=None, word=name)
    return value


def as_list(value: Sequence) -> Tensor:
    """A list of numbers or of rows as a tensor: a list of lengths is lengths, a list of padded rows a padded batch."""
    inner = value.item()
    if isinstance(inner, Size) and (inner.axis == "T" or (value.source == "batch" and of_sample(inner))):
        of = inner.of
        return Tensor(role="lengths", form="list", counted="len", sort=value.sort, length_of=of, order=value.order)
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
        )
    return Tensor(form="list", order=value.order)


def nameless(value: Tensor) -> bool:
    """A slice of something unknown, of which nothing else is known."""
    known = (value.role, value.axes, value.pad, value.call, value.order, value.device, value.perm, value.inverse)
    return len(value.roots) == 1 and all(v is None for v in known)


def of_sample(value: Size) -> bool:
    """Whether a size is the first one of a single sample, whose axes are not known."""
    if value.axis is not None or value.index != 0 or value.of is None or value.minus:
        return False
    return any(".sample" in root for root in value.of.roots)


def is_lengths(value: Value) -> bool:
    return any(as_tensor(v).role == "lengths" for v in alternatives(value))


# --------------------------------------------------------------------------- what is done with results


def consume(frame: Frame, node: ast.AST, value: Value) -> None:
    """Note that a result of an RNN is used."""
    for item in alternatives(value):
        if isinstance(item, State):
            if item.h.call is not None:
                item.h.call.uses.setdefault("state", frame.fact(node, "its final state is used"))
        elif isinstance(item, Tensor) and item.call is not None:
            if item.role == "state":
                item.call.uses.setdefault("state", frame.fact(node, "its final state is used"))
            elif item.role == "output":
                item.call.uses.setdefault("output", frame.fact(node, "its outputs are used"))
        elif isinstance(item, Sequence) and item.items is not None:
            for part_ in item.items:
                consume(frame, node, part_)


def consumed_by_unknown(frame: Frame, node: ast.AST, values: Iterable[Value]) -> None:
    for value in values:
        consume(frame, node, value)


def on_return(frame: Frame, node: ast.expr, value: Value) -> None:
    """A function gives results back; the outermost one gives them to callers that are not seen."""
    for item in alternatives(value):
        parts = item.items if isinstance(item, Sequence) and item.items is not None else [item]
        for one in parts:
            for alternative in alternatives(one):
                tensor = alternative.h if isinstance(alternative, State) else alternative
                if isinstance(tensor, Tensor) and tensor.unpacked is not None and "T" in (tensor.axes or ("T",)):
                    tensor.unpacked.uses.setdefault("returned", frame.fact(node, "its output is returned"))
                if isinstance(tensor, Tensor) and tensor.call is not None and frame.caller is None:
                    tensor.call.uses.setdefault(f"returned {tensor.role}", frame.fact(node, "it is returned"))
                if isinstance(tensor, Tensor) and tensor.order is not None:
                    returned_in_order(frame, node, tensor, parts)


def returned_in_order(frame: Frame, node: ast.expr, tensor: Tensor, parts: list[Value]) -> None:
    """A result in the sorted order leaves the function that sorted, and the order does not go with it."""
    permutation = tensor.order
    if permutation is None or tensor.call is None or not tensor.call.packed or not permutation.by_lengths:
        return
    if not inside(frame.info, permutation.fact) or frame.info.name == "<module>":
        return
    for value in parts:
        for item in alternatives(value):
            if isinstance(item, Tensor) and (item.perm is permutation or item.inverse is permutation):
                return
            if isinstance(item, Tensor) and item.call is None and item.order is permutation:
                return
    frame.run.emit(Meet(frame.site(node), tensor, UNKNOWN, "returned", permutation))


def used_as_size(info: FunctionInfo, name: str) -> bool:
    """Whether a parameter is one number: an argument of range, of a view or of an allocation, or compared with one."""
    for node in ast.walk(info.node):
        if isinstance(node, ast.Call):
            function = node.func
            called = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
            if called in SIZE_TAKERS and any(isinstance(a, ast.Name) and a.id == name for a in node.args):
                return True
        elif isinstance(node, ast.Slice):
            if isinstance(node.upper, ast.Name) and node.upper.id == name:
                return True
        elif isinstance(node, ast.arg) and node.arg == name and node.annotation is not None:
            if isinstance(node.annotation, ast.Name) and node.annotation.id in {"int", "float", "bool", "str"}:
                return True
    return False


SIZE_TAKERS = {
    "range",
    "view",
    "reshape",
    "zeros",
    "ones",
    "full",
    "empty",
    "expand",
    "repeat",
    "randn",
    "rand",
    "arange",
    "new_zeros",
    "unfold",
    "Linear",
    "Parameter",
}


# --------------------------------------------------------------------------- taking apart


def part(frame: Frame, value: Value, index: int, count: int) -> Value:
    """What the name at an index gets when a value is unpacked into `count` names."""
    if isinstance(value, Sequence):
        if value.items is not None:
            return value.items[index] if index < len(value.items) else UNKNOWN
        return value.item()
    if isinstance(value, State):
        return (value.h, value.c)[index] if index < 2 else UNKNOWN
    if isinstance(value, Shape):
        return Size(value.of.axis(index), value.of, index)
    if isinstance(value, Tensor):
        return row(value)
    if isinstance(value, Unknown) and value.key:
        return Unknown(f"{value.key}[{index}]")
    if isinstance(value, Mapping):
        return value.items.get(index, UNKNOWN)
    return UNKNOWN


def row(value: Tensor) -> Tensor:
    """One item along the first axis."""
    axes = value.axes[1:] if value.axes else None
    return value.but(axes=axes, one=None)


def on_unpacking(frame: Frame, target: ast.Tuple | ast.List, value: Value) -> None:
    """A PackedSequence has four fields; taken apart into another number of names it raises."""
    starred = any(isinstance(e, ast.Starred) for e in target.elts)
    for item in alternatives(value):
        if isinstance(item, Packed) and len(target.elts) != 4 and not starred:
            how = f"unpacked into {len(target.elts)} names"
            frame.run.emit(PackedUse(frame.site(target), how, item.fact))


def attribute(frame: Frame, node: ast.AST, value: Value, name: str) -> Value:
    """An attribute of a value of a library."""
    if isinstance(value, Packed):
        return packed_attribute(frame, node, value, name)
    if isinstance(value, Tensor):
        if name in {"data", "T", "grad"}:
            return transposed(value, 0, 1) if name == "T" else value
        if name == "shape":
            return Shape(value)
        if name == "device":
            return Unknown(f"device of {value.device}")
        if name in METHOD_NAMES:
            return Bound(value, name)
        return UNKNOWN
    if isinstance(value, Object):
        return object_attribute(frame, value, name, node)
    if isinstance(value, Batch):
        return data.batch_field(frame, node, value, name)
    return Bound(value, name)


def packed_attribute(frame: Frame, node: ast.AST, value: Packed, name: str) -> Value:
    if name == "data":
        return Tensor(role="packed data", roots=value.tensor.roots)
    if name == "batch_sizes":
        return Tensor(role="batch sizes", device="cpu")
    if name in {"sorted_indices", "unsorted_indices"}:
        return Tensor(role="index")
    return Bound(value, name)


def object_attribute(frame: Frame, value: Object, name: str, node: ast.AST) -> Value:
    if value.kind == "super":
        this = value.options["this"]
        owner = value.items[0]
        if isinstance(owner, Class):
            cls = this.cls if isinstance(this, Instance) else owner.info
            found = frame.project.method_after(cls, owner.info, name)
            if found is not None:
                return Function(found[0], this, None, found[1])
            if name in {"forward", "__call__"} and isinstance(this, Instance):
                return Bound(this, "inherited forward")
        return UNKNOWN
    if name in value.options:
        return value.options[name]
    options = {"num_layers", "hidden_size", "input_size", "bidirectional", "batch_first"}
    if value.kind == "Namespace" or (value.kind == "RNN" and name in options):
        return Unknown(f"{value.key}.{name}")
    return Bound(value, name)


# --------------------------------------------------------------------------- subscripts


def subscript(frame: Frame, node: ast.Subscript, value: Value, index: Value) -> Value:
    if isinstance(value, Sequence):
        return sequence_item(frame, node, value, index)
    if isinstance(value, Mapping):
        key = constant(index)
        if isinstance(key, str | int | bool) and key in value.items:
            return value.items[key]
        if isinstance(key, str | int) and value.elem is None:
            return Unknown(f"?.{key}") if isinstance(key, str) else UNKNOWN
        return join([*value.items.values(), *([value.elem] if value.elem is not None else [])])
    if isinstance(value, Shape):
        at = number(index)
        return Size(value.of.axis(at), value.of, at) if at is not None else UNKNOWN
    if isinstance(value, State):
        at = number(index)
        return (
            (value.h, value.c)[at]
            if at in {0, 1} and value.names == {"LSTM"}
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
        return data.batch_field(frame, node, value, name) if isinstance(name, str) else UNKNOWN
    return UNKNOWN


def sequence_item(frame: Frame, node: ast.Subscript, value: Sequence, index: Value) -> Value:
    at = number(index)
    if at is not None and value.items is not None:
        return value.items[at] if -len(value.items) <= at < len(value.items) else UNKNOWN
    if isinstance(index, Sequence) and index.kind == "slice":
        parts = [number(i) for i in index.items or []]
        if value.items is not None and all(
            p is not None or same(i, NONE) for p, i in zip(parts, index.items or [], strict=True)
        ):
            return Sequence(value.items[slice(*parts)], None, value.kind, value.sort)
        if len(parts) == 3 and parts[2] == -1 and value.sort in {"asc", "desc"}:
            return Sequence(value.items, value.elem, value.kind, "desc" if value.sort == "asc" else "asc", value.source)
        return Sequence(None, value.item(), value.kind, value.sort, value.source, value.order)
    return value.item()


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
    if isinstance(index, Sequence) and index.kind in {"tuple", "slice"}:
        return tensor_item(frame, node, tensor, index)
    return UNKNOWN


def tensor_item(frame: Frame, node: ast.Subscript, value: Tensor, index: Value) -> Value:
    """`x[...]` for a tensor: axes that go, steps that are read, rows that are re-ordered."""
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
    gathered = gather_by_lengths(frame, node, value, indices)
    if gathered is not None:
        return gathered
    axes: list[str] | None = [] if value.axes is not None else None
    rest = list(value.axes) if value.axes is not None else []
    result = value
    spread = next((i for i, x in enumerate(indices) if isinstance(x, Const) and x.value is Ellipsis), None)
    if spread is not None and value.axes is not None:
        given = len([x for x in indices if not same(x, NONE)]) - 1
        fill = [Sequence([NONE, NONE, NONE], kind="slice") for _ in range(len(value.axes) - given)]
        indices = [*indices[:spread], *fill, *indices[spread + 1 :]]
    at = 0
    todo: list[tuple[Value, str | None, int]] = []
    for index in indices:
        if same(index, NONE):
            if axes is not None:
                axes.append("1")
            continue
        name = rest.pop(0) if rest else None
        todo.append((index, name, at))
        if axes is not None and keeps_axis(index):
            axes.append(name or "?")
        at += 1
    for index, name, at in sorted(todo, key=lambda t: t[1] == "T"):  # a half is a half before its step is read
        result = along(frame, node, result, index, name, at)
    if axes is not None:
        return result.but(axes=(*axes, *rest), one=None)
    return result.but(one=None)


def keeps_axis(index: Value) -> bool:
    """Whether an axis is still there after indexing: yes for slices and index tensors, no for one number."""
    if isinstance(index, Const):
        return not isinstance(index.value, int)
    if isinstance(index, Size):
        return False
    return not isinstance(index, Unknown)


def along(frame: Frame, node: ast.AST, value: Tensor, index: Value, name: str | None, at: int) -> Tensor:
    """What indexing one axis does to a tensor."""
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
    frame.run.emit(event)
    if value.call is not None and which == "last":
        value.call.uses.setdefault("step", frame.fact(node, f"its {which} step is read"))
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
        and isinstance(upper, Size | Unknown | Tensor)
        and is_one_length(upper)
        and same(lower, NONE)
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
        if index.perm is not None:
            return value.but(sort=sort_of(index.perm), order=index.perm)
        if index.inverse is not None:
            return value.but(sort=None, order=None)
        return value.but(sort=None, counted="selected" if index.role in {"test", "mask"} else value.counted)
    if number(index) is not None:
        return Tensor(role="length", counted=value.counted)
    return value.but(role="length", axes=())


def sort_of(permutation: Permutation) -> str | None:
    if not permutation.by_lengths or permutation.descending is None:
        return None
    return "desc" if permutation.descending else "asc"


def reordered(frame: Frame, node: ast.AST, value: Tensor, index: Tensor, name: str | None, at: int) -> Tensor:
    """Rows picked by an index tensor: a sort, its inverse, or something else."""
    permutation = index.perm or index.inverse
    if value.role == "range" and permutation is not None:
        return index  # the n-th number of a permutation of 0, 1, 2, ...
    if permutation is not None and name is not None and name not in {"B", "?"} and value.unpacked is not None:
        frame.run.emit(Meet(frame.site(node), value, index, "layout", permutation, value.unpacked))
    if index.perm is not None:
        if value.order is not None and value.order is not index.perm:
            return value.but(order=None)
        return value.but(order=index.perm)
    if index.inverse is not None:
        if value.order is index.inverse:
            index.inverse.undone.append(frame.fact(node, f"put back by `{short(node)}`"))
            return value.but(order=None)
        if value.order is None:
            return value
        return value.but(order=None)
    if index.role == "mask":
        return Tensor(role="selected", call=value.call, roots=value.roots)
    return value.but(order=None) if index.role == "index" else value


def gather_by_lengths(frame: Frame, node: ast.AST, value: Tensor, indices: list[Value]) -> Tensor | None:
    """`out[arange(B), lengths - 1]`: the last real step of each row."""
    if value.role != "output" or len(indices) < 2:
        return None
    for place, index in enumerate(indices):
        own = isinstance(index, Size) and index.minus == 1 and index.index is None
        if own or (isinstance(index, Tensor) and index.role in {"lengths", "length"} and index.counted is not None):
            name = value.axis(place)
            if name == "B" and value.unpacked is not None:
                frame.run.emit(Meet(frame.site(node), value, index, "layout", None, value.unpacked))
            return gathered(frame, node, value.but(part=direction_of(value, indices) or value.part))
    return None


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
    """What `holder[...] = value` makes of the holder."""
    return data.item_written(frame, target, holder, value)


def with_changed_rows(holder: Value, value: Value) -> Value | None:
    """A batch whose row was changed in place: `buf[i][:n] = x` pads `buf`."""
    if isinstance(holder, Tensor) and isinstance(value, Tensor) and value.pad is not None and holder.pad is None:
        return holder.but(pad=value.pad, role=value.role or holder.role, fill=value.fill)
    return None


# --------------------------------------------------------------------------- arithmetic


def binary(frame: Frame, node: ast.AST, operator: ast.operator, left: Value, right: Value) -> Value:
    padded = data.list_arithmetic(frame, node, operator, left, right)
    if padded is not None:
        return padded
    if isinstance(left, Const) and isinstance(right, Const):
        return folded(operator, left.value, right.value)
    if (
        isinstance(operator, ast.Sub)
        and isinstance(left, Size | Unknown)
        and isinstance(right, Size)
        and of_sample(right)
    ):
        return SHORTFALL
    if isinstance(left, Size | Const) and isinstance(right, Size | Const):
        return size_arithmetic(operator, left, right)
    if any(packed_misused(frame, node, item, "used in arithmetic") for item in (left, right)):
        return UNKNOWN
    if isinstance(left, Instance | Object | State | Mapping) or isinstance(right, Instance | Object | State | Mapping):
        return UNKNOWN
    if isinstance(left, Unknown) and isinstance(right, Const | Unknown | Size) and not tensor_like(left):
        return (
            UNKNOWN
            if not isinstance(right, Unknown) or not tensor_like(right)
            else element_wise(frame, node, operator, left, right)
        )
    return element_wise(frame, node, operator, left, right)


SHORTFALL = Unknown("shortfall")  # by how much a sample is shorter than something


def tensor_like(value: Unknown) -> bool:
    return as_tensor(value).role is not None


def folded(operator: ast.operator, left: object, right: object) -> Value:
    if isinstance(left, int | float) and isinstance(right, int | float):
        try:
            if isinstance(operator, ast.Add):
                return Const(left + right)
            if isinstance(operator, ast.Sub):
                return Const(left - right)
            if isinstance(operator, ast.Mult):
                return Const(left * right)
            if isinstance(operator, ast.Div):
                return Const(left / right)
            if isinstance(operator, ast.FloorDiv):
                return Const(left // right)
        except (ArithmeticError, ValueError):
            return UNKNOWN
    if isinstance(left, str) and isinstance(right, str) and isinstance(operator, ast.Add):
        return Const((left + right)[:200])
    return UNKNOWN


def size_arithmetic(operator: ast.operator, left: Value, right: Value) -> Value:
    if isinstance(left, Size) and isinstance(operator, ast.Sub) and number(right) == 1:
        return Size(left.axis, left.of, left.index, 1)
    return UNKNOWN


def element_wise(frame: Frame, node: ast.AST, operator: ast.operator, left: Value, right: Value) -> Value:
    """`a + b`, `a * mask`, `lengths - 1`."""
    a, b = as_tensor(left), as_tensor(right)
    if a.role in {"lengths", "length"} and isinstance(right, Const | Unknown | Size):
        return lengths_arithmetic(a, operator, right)
    if isinstance(left, Const) and b.role == "mask" and isinstance(operator, ast.Sub):
        return negated(b)
    if isinstance(left, Const) and isinstance(right, Tensor | Unknown):
        a, b, left, right = b, a, right, left
    if isinstance(operator, ast.Mult) and a.role == "mask" and isinstance(right, Const):
        return bias_of(a, right)
    if isinstance(operator, ast.Mult) and (a.role == "mask" or b.role == "mask"):
        target, mask = (a, b) if b.role == "mask" else (b, a)
        if target.role == "mask":
            return target
        meet_widths(frame, node, target, mask)
        return masked(target, "floor" if target.call is not None else "zero")
    if isinstance(operator, ast.Add | ast.Sub) and (is_bias(a) or is_bias(b)):
        target = b if is_bias(a) else a
        return masked(target, "low")
    if isinstance(operator, ast.Div) and (b.role == "lengths" or b.counted is not None):
        if a.pool is not None:
            a.pool.divided = True
        return a.but(fill=a.fill)
    meet(frame, node, a, b)
    return combined(a, b, operator, constant(right))


def bias_of(mask: Tensor, factor: Const) -> Tensor:
    """A mask times a large number, to be added to scores or taken from them."""
    large = isinstance(factor.value, int | float) and abs(factor.value) >= -LOW
    return mask.but(fill="bias") if large else mask


def negated(mask: Tensor) -> Tensor:
    """A mask that is true where this one is false."""
    return mask.but(valid=None if mask.valid is None else not mask.valid, word=f"not {mask.word}")


def is_bias(value: Tensor) -> bool:
    """A mask turned into large negative numbers."""
    return value.fill == "bias"


def lengths_arithmetic(value: Tensor, operator: ast.operator, right: Value) -> Tensor:
    by = constant(right)
    if isinstance(operator, ast.Sub) and by == 1:
        return value.but(counted="minus" if value.counted != "minus" else value.counted)
    if isinstance(operator, ast.Mult) and by == -1:
        return value.but(sort={"asc": "desc", "desc": "asc"}.get(value.sort or ""), counted="negative")
    return value.but(counted="changed") if not isinstance(operator, ast.Mult) else value.but(role=None)


def masked(value: Tensor, fill: str) -> Tensor:
    """A mask laid over a value: the padded steps are zero or very low now."""
    if value.pool is not None:
        value.pool.masked = True
    if value.read is not None:
        value.read.masked = True
    return value.but(fill=fill)


def combined(a: Tensor, b: Tensor, operator: ast.operator | None, other: object = None) -> Tensor:
    """The result of an element-wise operation of two tensors: the more telling one, with what both say."""
    main, second = (a, b) if weight(a) >= weight(b) else (b, a)
    fill = None
    if isinstance(operator, ast.Mult | ast.Div):
        fill = "zero" if {a.fill, b.fill} & ZEROS else a.fill if a.fill == b.fill else None
        if main.fill == "low" and isinstance(other, int | float):
            fill = "low"
    elif a.fill == b.fill:
        fill = a.fill
    if isinstance(operator, ast.Add | ast.Sub | ast.Mult | ast.Div) and "low" in {a.fill, b.fill}:
        fill = "low" if not isinstance(operator, ast.Mult) else fill
    axes = broadcast(a.axes, b.axes)
    return main.but(
        axes=axes,
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
    return tuple(x if y in {"1", "?"} else y for x, y in zip(long, short, strict=True))


def meet(frame: Frame, node: ast.AST, a: Tensor, b: Tensor) -> None:
    """Two per-sample tensors come together: their orders, layouts and widths should agree."""
    meet_orders(frame, node, a, b)
    for one, other in ((a, b), (b, a)):
        if one.unpacked is not None and other.unpacked is not one.unpacked and per_sample(other):
            if clash(one.axes, other.axes):
                frame.run.emit(Meet(frame.site(node), one, other, "layout", None, one.unpacked))
    meet_widths(frame, node, a, b)


def meet_labels(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> None:
    """A loss compares scores in the order that this function sorted with labels in the order of the data."""
    target = keywords.get("target", args[1] if len(args) > 1 else None)
    for scores in alternatives(args[0]) if args and target is not None else ():
        order = scores.order if isinstance(scores, Tensor) and scores.call is not None and scores.call.packed else None
        if order is None or not order.by_lengths or not inside(frame.info, order.fact):
            continue
        for labels in alternatives(target) if target is not None else ():
            if in_data_order(frame, labels):
                frame.run.emit(Meet(frame.site(node), scores, labels, "order", order))


def in_data_order(frame: Frame, value: Value) -> bool:
    """Whether labels are as they came: an argument of the function, or what a loader gave."""
    if isinstance(value, Tensor):
        return value.order is None and value.call is None and value.role is None and value.form == "tensor"
    return isinstance(value, Unknown) and (value.key or "").rpartition(":")[2] in {p.arg for p in frame.info.parameters}


def inside(info: FunctionInfo, fact: Fact) -> bool:
    """Whether a fact stands in a function."""
    first, last = getattr(info.node, "lineno", 0), getattr(info.node, "end_lineno", 0) or 0
    return fact.filename == info.module.filename and first <= fact.row <= last


LOSSES = {
    "cross_entropy",
    "nll_loss",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "mse_loss",
    "l1_loss",
    "smooth_l1_loss",
}


def meet_orders(frame: Frame, node: ast.AST, a: Tensor, b: Tensor) -> None:
    """Rows that were sorted for packing meet rows in the order of the data."""
    if not same_order(a.order, b.order) and (a.call is not None or b.call is not None):
        one = a if a.order is not None else b
        other = b if one is a else a
        if one.order is not None and per_sample(other) and one.call is not None and one.call.packed:
            frame.run.emit(Meet(frame.site(node), one, other, "order", one.order))


def meet_widths(frame: Frame, node: ast.AST, a: Tensor, b: Tensor) -> None:
    """An unpacked output, as long as the longest sequence of its batch, meets a tensor of a fixed width."""
    for one, other in ((a, b), (b, a)):
        if one.unpacked is None or other.unpacked is not None or not keeps_width(other) or clash(one.axes, other.axes):
            continue
        if one.where("T") is not None and other.where("T") is not None and other.where("B") is not None:
            one.unpacked.uses.setdefault("width", frame.fact(node, "meets a tensor of the padded length"))


def same_order(a: Permutation | None, b: Permutation | None) -> bool:
    """Whether two orders are one: the same sort, also where it was walked more than once."""
    return a is b or (a is not None and b is not None and a.fact == b.fact)


def keeps_width(value: Tensor) -> bool:
    return value.pad is not None and value.unpacked is None and value.pad.width == "fixed"


def per_sample(value: Tensor) -> bool:
    """Whether a tensor has a row for each sample, in the order of the data."""
    return value.axes is not None and "B" in value.axes and (value.call is not None or value.pad is not None)


def clash(a: tuple[str, ...] | None, b: tuple[str, ...] | None) -> bool:
    """Whether batch and time are laid out differently."""
    if a is None or b is None or "B" not in a or "T" not in a or "B" not in b or "T" not in b or len(a) != len(b):
        return False
    return a.index("B") == b.index("T") and a.index("T") == b.index("B")


def unary(frame: Frame, node: ast.AST, operator: ast.unaryop, value: Value) -> Value:
    if isinstance(value, Const) and isinstance(value.value, int | float) and isinstance(operator, ast.USub):
        return Const(-value.value)
    if isinstance(operator, ast.Invert):
        tensor = as_tensor(value)
        if tensor.role == "mask":
            return negated(tensor)
        return value
    if isinstance(operator, ast.USub):
        tensor = as_tensor(value)
        if tensor.role == "lengths":
            return tensor.but(counted="negative")
        return tensor if isinstance(value, Tensor) else UNKNOWN
    return value


def compared(frame: Frame, node: ast.Compare, left: Value, operator: ast.cmpop, right: Value) -> Value:
    """`ids != pad` is a padding mask; so is `arange(T) < lengths[:, None]`."""
    a, b = as_tensor(left), as_tensor(right)
    for one, other, flip in ((a, b, False), (b, a, True)):
        if one.role == "range" and (other.role in {"lengths", "length"}):
            less = isinstance(operator, ast.Lt | ast.LtE) != flip
            return Tensor(
                role="mask",
                valid=less,
                axes=("B", "T"),
                counted="lengths",
                fill="zero",
                pad=None,
                length_of=other,
                roots=other.roots,
                device=other.device,
            )
    if isinstance(left, Size | Const) or isinstance(operator, ast.In | ast.NotIn | ast.Is | ast.IsNot):
        return UNKNOWN
    if a.role == "output" and a.fill == "zero" and number(right) == 0 and isinstance(operator, ast.Eq | ast.NotEq):
        return Tensor(role="mask", valid=isinstance(operator, ast.NotEq), axes=a.axes, roots=a.roots, device=a.device)
    if a.role in {None, "ids"} and pad_like(right, node.comparators[0]) and not isinstance(left, Sequence):
        if isinstance(operator, ast.NotEq) or (isinstance(operator, ast.Gt) and number(right) == 0):
            return mask_of(a, True if constant(right) != IGNORED else None)
        if isinstance(operator, ast.Eq):
            return mask_of(a, False)
        if isinstance(operator, ast.GtE) and number(right) == 1:
            return mask_of(a, True)
    if a.role == "mask" and isinstance(operator, ast.Eq | ast.NotEq) and isinstance(right, Const):
        keep = bool(right.value) == isinstance(operator, ast.Eq)
        return a if keep else negated(a)
    return UNKNOWN if not isinstance(left, Tensor) else Tensor(role="test", roots=a.roots)


IGNORED = -100  # the label that a loss leaves out: a mask of it is not one of the input


def mask_of(value: Tensor, valid: bool | None) -> Tensor:
    return Tensor(
        role="mask",
        valid=valid,
        axes=value.axes,
        roots=value.roots,
        device=value.device,
        counted="pad",
        device_facts=value.device_facts,
        pad=value.pad,
        order=value.order,
        length_of=value,
        sort=value.sort,
    )


def pad_like(value: Value, node: ast.expr) -> bool:
    """Whether a value is a pad id: 0, 1, -1, or a name that says so."""
    found = constant(value)
    if isinstance(found, int) and not isinstance(found, bool):
        return found in {0, 1, -1, -100}
    text = ast.unparse(node).lower() if not isinstance(node, ast.Constant) else ""
    return "pad" in text


# --------------------------------------------------------------------------- methods and functions


def method(frame: Frame, node: ast.AST, this: Value, name: str, args: list[Value], keywords: dict[str, Value]) -> Value:
    """`x.name(...)` for a tensor, an array, a list, or something unknown."""
    if isinstance(this, Packed):
        return packed_method(frame, node, this, name)
    if isinstance(this, Instance):
        return UNKNOWN
    if isinstance(this, Object):
        return layers.object_method(frame, node, this, name, args, keywords)
    found = data.method(frame, node, this, name, args, keywords)
    if found is not None:
        return found
    if isinstance(this, Sequence | Mapping | Const):
        return container_method(frame, node, this, name, args, keywords)
    if isinstance(this, Shape) and name in {"numel", "index", "count"}:
        return UNKNOWN
    operation = OPERATIONS.get(name)
    if operation is None:
        for alternative in args:
            consume(frame, node, alternative)
        return UNKNOWN
    return operation(frame, node, this, args, keywords)


def function(frame: Frame, node: ast.AST, name: str, args: list[Value], keywords: dict[str, Value]) -> Value:
    """A call of a library's function: `torch.cat`, `F.softmax`, `np.argsort`, `len`."""
    head, _, tail = name.rpartition(".")
    first = args[0] if args else keywords.get("input", keywords.get("tensors"))
    for argument in args[:2] if head.startswith(("torch", "numpy", "np")) or name == "len" else []:
        for item in alternatives(argument):
            if isinstance(item, Packed) and tail not in PACKED_TAKERS:
                frame.run.emit(PackedUse(frame.site(node), f"passed to `{tail}`", item.fact))
    simple = BUILTINS.get(name)
    if simple is not None:
        return simple(frame, node, args, keywords)
    if not head.startswith(("torch", "numpy", "np")) or first is None:
        consumed_by_unknown(frame, node, [*args, *keywords.values()])
        return UNKNOWN
    made = CREATORS.get(tail)
    if made is not None:
        return made(frame, node, args, keywords)
    operation = FUNCTIONS.get(tail) or OPERATIONS.get(tail)
    if tail in LOSSES:
        meet_labels(frame, node, args, keywords)
    if operation is None:
        consumed_by_unknown(frame, node, [*args, *keywords.values()])
        return UNKNOWN
    rest = args[1:] if args else []
    return join([operation(frame, node, item, rest, keywords) for item in alternatives(first)])


PACKED_TAKERS = {
    "pad_packed_sequence",
    "unpack_sequence",
    "invert_permutation",
    "isinstance",
    "print",
    "is_tensor",
    "deepcopy",
    "pack_sequence",
    "pad_sequence",
    "pack_padded_sequence",
    "unpad_sequence",
}


def packed_method(frame: Frame, node: ast.AST, this: Packed, name: str) -> Value:
    if name in {
        "to",
        "cpu",
        "cuda",
        "pin_memory",
        "float",
        "double",
        "half",
        "long",
        "int",
        "type",
        "_replace",
        "short",
        "char",
        "byte",
    }:
        return this
    if name in {"is_pinned", "is_cuda", "index", "count", "_asdict"}:
        return UNKNOWN
    frame.run.emit(PackedUse(frame.site(node), f"`.{name}` called on it", this.fact))
    return UNKNOWN


def container_method(
    frame: Frame, node: ast.AST, this: Value, name: str, args: list[Value], keywords: dict[str, Value]
) -> Value:
    if isinstance(this, Mapping):
        if name == "get" and args:
            key = constant(args[0])
            if isinstance(key, str | int) and key in this.items:
                return this.items[key]
            return (
                join([*this.items.values(), *([this.elem] if this.elem else []), UNKNOWN]) if key is None else UNKNOWN
            )
        if name == "items":
            return (
                Sequence([Sequence([Const(k), v], kind="tuple") for k, v in this.items.items()])
                if this.elem is None
                else UNKNOWN
            )
        if name == "values":
            return Sequence(list(this.items.values())) if this.elem is None else Sequence(None, this.elem)
        if name == "keys":
            return Sequence([Const(k) for k in this.items])
        if name == "update" and args and isinstance(args[0], Mapping):
            this.items.update(args[0].items)
            return NONE
        return UNKNOWN
    if isinstance(this, Sequence):
        if name in {"append", "insert", "add"} and args:
            appended(frame, this, args[-1])
        elif name == "extend" and args:
            appended(frame, this, args[0].item() if isinstance(args[0], Sequence) else row(as_tensor(args[0])))
        elif name in {"copy"}:
            return this
        return NONE if name in {"append", "extend", "sort", "reverse", "insert"} else UNKNOWN
    if isinstance(this, Const) and isinstance(this.value, str):
        if name in {"upper", "lower", "strip"}:
            return Const(getattr(this.value, name)())
        if name == "format":
            return UNKNOWN
    return UNKNOWN


def appended(frame: Frame, this: Sequence, value: Value) -> None:
    if frame.loops or this.items is None:
        known = [v for v in [this.elem, *(this.items or [])] if v is not None]
        this.elem = join([*known, value])
        this.items = None
    else:
        this.items.append(value)


Operation = Callable[["Frame", ast.AST, Value, list[Value], "dict[str, Value]"], Value]


def dimension(args: list[Value], keywords: dict[str, Value], at: int = 0) -> int | None:
    value = keywords.get("dim", keywords.get("axis"))
    if value is None and len(args) > at:
        value = args[at]
    return number(value)


def unchanged(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    return this


def to_device(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    """`.to(device)`, `.cuda()`, `.cpu()`: where a tensor lies afterwards."""
    if isinstance(this, Sequence | Mapping | Object | Instance):
        return this
    called = node.func if isinstance(node, ast.Call) else None
    name = called.attr if isinstance(called, ast.Attribute) else ""
    tensor = as_tensor(this)
    if name == "cpu":
        return tensor.but(device="cpu", device_facts=())
    if name == "cuda":
        return tensor.but(device="accel", device_facts=(frame.fact(node, "moved to the accelerator by `.cuda()`"),))
    where = device_of(frame, node, args, keywords)
    if where == "accel":
        return tensor.but(device="accel", device_facts=(frame.fact(node, f"moved to a device: `{short(node)}`"),))
    if where == "cpu":
        return tensor.but(device="cpu", device_facts=())
    if where == "unknown":
        return tensor.but(device=None)
    return tensor if isinstance(this, Tensor) or tensor.role else this


def short(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 60 else text[:57] + "..."


def device_of(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> str | None:
    """accel, cpu, unknown, or None where the argument is no device (a dtype, another tensor)."""
    value = keywords.get("device", args[0] if args else None)
    if value is None:
        return None
    for item in alternatives(value):
        named = constant(item)
        if isinstance(named, str):
            return "cpu" if named.startswith("cpu") else "accel"
        if isinstance(named, int):
            return "accel"
        if isinstance(item, Object) and item.kind == "device":
            return item.key or "accel"
        if isinstance(item, External):
            return None
        if isinstance(item, Unknown) and item.key and item.key.startswith("device of "):
            known = item.key.removeprefix("device of ")
            return known if known in {"accel", "cpu"} else "unknown"
        if isinstance(item, Tensor):
            return item.device or "unknown"
    if isinstance(node, ast.Call):
        nodes = [*node.args[:1], *(k.value for k in node.keywords if k.arg == "device")]
        text = " ".join(ast.unparse(n) for n in nodes).lower()
        if any(word in text for word in ("device", "cuda", "gpu", "accelerator", "rank")) and "cpu" not in text:
            if ".device" in text and not any(
                t in text for t in ("self.device", "args.", "opt", "config", "cfg", "flair")
            ):
                return "unknown"
            return "accel"
    return None


def transposed(value: Tensor, a: int, b: int) -> Tensor:
    if value.axes is None:
        return value.but(one=swap(value.one, a, b))
    n = len(value.axes)
    if not (-n <= a < n and -n <= b < n):
        return value.but(axes=None)
    axes = list(value.axes)
    axes[a], axes[b] = axes[b], axes[a]
    return value.but(axes=tuple(axes))


def swap(one: int | None, a: int, b: int) -> int | None:
    return {a: b, b: a}.get(one, one) if one is not None else None


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
        return tensor.but(axes=None, one=None)
    if tensor.axes is None and isinstance(this, Unknown):
        return tensor
    return transposed(tensor, a, b)


def permute(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    if packed_misused(frame, node, this, "permuted"):
        return UNKNOWN
    tensor = as_tensor(this)
    values = args
    if len(args) == 1 and isinstance(args[0], Sequence) and args[0].items is not None:
        values = args[0].items
    order = [number(v) for v in values]
    if (
        tensor.axes is None
        or len(order) != len(tensor.axes)
        or any(o is None or not -len(order) <= o < len(order) for o in order)
    ):
        return tensor.but(axes=None, one=None)
    return tensor.but(axes=tuple(tensor.axes[o] for o in order if o is not None))


def packed_misused(frame: Frame, node: ast.AST, value: Value, how: str) -> bool:
    if isinstance(value, Packed):
        frame.run.emit(PackedUse(frame.site(node), how, value.fact))
        return True
    return False


def unsqueeze(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    tensor = as_tensor(this)
    at = dimension(args, keywords)
    if at is None:
        return tensor.but(axes=None)
    if tensor.axes is None:
        return tensor.but(one=at)
    at = at if at >= 0 else len(tensor.axes) + 1 + at
    axes = list(tensor.axes)
    axes.insert(at, "1")
    return tensor.but(axes=tuple(axes))


def squeeze(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    tensor = as_tensor(this)
    at = dimension(args, keywords)
    if tensor.role == "state" and tensor.call is not None:
        consume(frame, node, tensor)
        if at == 0 and tensor.axis(0) == "L":
            tensor.call.rows_read.add(0)
            return tensor.but(role="state row", axes=tensor.axes[1:] if tensor.axes else None)
    if tensor.axes is None or at is None:
        return tensor.but(axes=None, one=None)
    n = len(tensor.axes)
    if not -n <= at < n:
        return tensor.but(axes=None)
    at %= n
    if tensor.axes[at] in {"1", "?"}:
        return tensor.but(axes=(*tensor.axes[:at], *tensor.axes[at + 1 :]))
    return tensor


def reshape(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    """`view` and `reshape`: axes are followed by the sizes that are asked for."""
    if packed_misused(frame, node, this, "reshaped"):
        return UNKNOWN
    tensor = as_tensor(this)
    sizes = args
    if len(args) == 1 and isinstance(args[0], Sequence) and args[0].items is not None:
        sizes = args[0].items
    if len(args) == 1 and isinstance(args[0], Shape):
        return tensor.but(axes=args[0].of.axes)
    if tensor.role == "state" and tensor.call is not None:
        return reshaped_state(frame, node, tensor, sizes)
    return reshaped(tensor, sizes)


def reshaped(tensor: Tensor, sizes: list[Value]) -> Tensor:
    names = [size_name(size) for size in sizes]
    old = tensor.axes
    if old is None:
        if names == ["1", "1", "?"] or names == ["1", "1", "-"]:
            return tensor.but(axes=("1", "1", "F"))
        if len(names) == 3 and "1" in names[:2] and names[2] in {"-", "?", "F"}:
            return tensor.but(axes=None, one=names.index("1"))
        return tensor.but(axes=None, one=None)
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
    result = tensor.but(axes=tuple(axes))
    return (
        result
        if kept or tensor.role in {"state", "state row", "step"}
        else result.but(pad=None, role=role_without_time(tensor))
    )


def role_without_time(tensor: Tensor) -> str | None:
    return None if tensor.role == "output" else tensor.role


def size_name(value: Value) -> str:
    """The axis that a size stands for: a letter, a number, '-' for -1, '?' for anything."""
    if isinstance(value, Size):
        return value.axis or "?"
    found = number(value)
    if found is None:
        return "?"
    return {-1: "-", 1: "1", 2: "2"}.get(found, "?")


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
    batch_first = names and (names[0] == "B" or (len(names) == 2 and names[0] in {"-", "?"}))
    if batch_first:
        frame.run.emit(StateRead(frame.site(node), tensor, "batch first reshape", None))
        return tensor.but(role="state row", axes=None)
    if len(names) == 4:
        return tensor.but(axes=("?", "D", "B", "F"), role="state view")
    return tensor.but(role="state row", axes=None)


def flatten(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    tensor = as_tensor(this)
    if tensor.role == "state":
        consume(frame, node, tensor)
        if tensor.call is not None and tensor.axes == ("L", "B", "F") and number(args[0] if args else None) == 1:
            frame.run.emit(StateRead(frame.site(node), tensor, "batch first reshape", None))
        return tensor.but(role="state row", axes=None)
    return Tensor(roots=tensor.roots, call=tensor.call, role=None)


def size(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    if isinstance(this, Packed):
        packed_misused(frame, node, this, "`.size` called on it")
        return UNKNOWN
    tensor = as_tensor(this)
    if not args and not keywords:
        return Shape(tensor)
    at = dimension(args, keywords)
    return Size(tensor.axis(at), tensor, at) if at is not None else UNKNOWN


def masked_fill(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    tensor = as_tensor(this)
    value = keywords.get("value", args[1] if len(args) > 1 else None)
    if args and isinstance(args[0], Tensor):
        meet_widths(frame, node, tensor, args[0])
    result = tensor.but(fill=fill_of(value, node))
    if tensor.pool is not None:
        tensor.pool.masked = True
    rebind_in_place(frame, node, result)
    return result


def fill_of(value: Value | None, node: ast.AST) -> str:
    """What a fill value makes of the padded steps; one that is not known is taken to serve its purpose."""
    found = constant(value)
    if isinstance(found, int | float):
        return "low" if found <= LOW else "floor" if found == 0 else "filled"
    return "low"


def rebind_in_place(frame: Frame, node: ast.AST, value: Value) -> None:
    """`x.f_(...)` changes x."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr.endswith("_"):
        target = node.func.value
        while isinstance(target, ast.Attribute) and target.attr == "data":
            target = target.value
        frame.rebind(target, value)


def where(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    """`torch.where(mask, scores, low)`."""
    for at, item in enumerate(args):
        tensor = as_tensor(item)
        if tensor.role == "lengths":
            return tensor.but(counted="clamped")
        if tensor.call is not None or tensor.pad is not None or tensor.role:
            other = args[1 - at] if len(args) == 2 else None
            return tensor.but(fill=fill_of(other, node) if other is not None else "low")
    return as_tensor(args[0]) if args else UNKNOWN


def sum_(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    tensor = as_tensor(this)
    if packed_misused(frame, node, this, "reduced"):
        return UNKNOWN
    if tensor.role == "mask":
        return mask_sum(frame, node, tensor, args, keywords)
    if tensor.role == "lengths":
        return UNKNOWN
    return reduced(frame, node, tensor, "sum", args, keywords)


def mask_sum(frame: Frame, node: ast.AST, mask: Tensor, args: list[Value], keywords: dict[str, Value]) -> Value:
    """Lengths counted from a mask whose true entries are the real steps."""
    at = dimension(args, keywords)
    if at is None and not args and "dim" not in keywords:
        return UNKNOWN
    if mask.valid is False:
        return Tensor(role="pad count", roots=mask.roots, device=mask.device)
    return Tensor(
        role="lengths",
        counted="pad" if mask.counted == "pad" else "mask",
        device=mask.device,
        roots=mask.roots,
        device_facts=mask.device_facts,
        order=mask.order,
        length_of=mask.length_of or mask,
        word=mask.word,
        sort=mask.sort,
        facts=(frame.fact(node, "lengths counted from a mask"),),
    )


def reduced(
    frame: Frame, node: ast.AST, tensor: Tensor, how: str, args: list[Value], keywords: dict[str, Value]
) -> Value:
    """max, mean, sum, softmax over one axis; over time it is a pooling."""
    given = keywords.get("dim", keywords.get("axis", args[0] if args else None))
    if given is None:
        return Tensor(roots=tensor.roots)
    if isinstance(given, Tensor):
        return combined(tensor, given, None)
    at = number(given)
    if at is None and isinstance(given, Sequence) and given.items:
        at = number(given.items[0])
    name = tensor.axis(at)
    result = pool(frame, node, tensor, how) if name == "T" else tensor
    if tensor.axes is not None and at is not None and -len(tensor.axes) <= at < len(tensor.axes):
        keep = truth(keywords.get("keepdim", keywords.get("keepdims", args[1] if len(args) > 1 else None)))
        place = at % len(tensor.axes)
        axes = (*tensor.axes[:place], *(("1",) if keep else ()), *tensor.axes[place + 1 :])
        return result.but(axes=axes)
    return result.but(axes=None)


def pool(frame: Frame, node: ast.AST, tensor: Tensor, how: str) -> Tensor:
    if how == "sum" and tensor.pool is not None:
        return tensor.but(role="pooled", pad=None, fill=None)  # a weighted sum: its weights were looked at already
    unpacked = tensor.unpacked is not None and tensor.fill == "zero"  # an output can lie below its zeros
    harmless = tensor.fill == "low" or (
        how in {"sum", "max"} and tensor.fill in ZEROS and not (how == "max" and unpacked)
    )
    event = Pool(frame.site(node), tensor, how, harmless)
    frame.run.emit(event)
    if tensor.call is not None:
        kind = "masked pool" if harmless else "pool"
        tensor.call.uses.setdefault(kind, frame.fact(node, f"{how} over time"))
    return tensor.but(role="pooled", pad=None, pool=event, fill=None)


def maximum(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    tensor = as_tensor(this)
    if tensor.role == "lengths":
        return Size("T", tensor.length_of) if not args else UNKNOWN
    result = reduced(frame, node, tensor, "max", args, keywords)
    if args or "dim" in keywords:
        return Sequence([result, Tensor(role="index")], kind="tuple")
    return result


def amax(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    return reduced(frame, node, as_tensor(this), "max", args, keywords)


def mean(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    return reduced(frame, node, as_tensor(this), "mean", args, keywords)


def topk(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    tensor = as_tensor(this)
    if tensor.role == "lengths":
        return sort(frame, node, this, [Const(0), Const(True)], {})
    if tensor.perm is not None and constant(keywords.get("largest", args[2] if len(args) > 2 else None)) is False:
        return Sequence([Tensor(role="index"), Tensor(role="index", inverse=tensor.perm)], kind="tuple")
    at = dimension(args, keywords, 1)
    if tensor.axis(at if at is not None else -1) == "T":
        result = pool(frame, node, tensor, "max")
        return Sequence([result, Tensor(role="index")], kind="tuple")
    return Sequence([tensor.but(role=None, call=None, pad=None), Tensor(role="index")], kind="tuple")


def softmax(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    tensor = as_tensor(this)
    at = dimension(args, keywords)
    if at is None and tensor.axes is not None and not args and not keywords:
        at = 0 if len(tensor.axes) in {1, 3} else 1
    return softmax_over(frame, node, tensor, at)


def softmax_over(frame: Frame, node: ast.AST, tensor: Tensor, at: int | None) -> Tensor:
    if tensor.axis(at) != "T" or tensor.role == "mask":
        return tensor.but(fill=None) if tensor.fill == "low" else tensor
    result = pool(frame, node, tensor, "softmax")
    return result.but(role="weights", axes=tensor.axes, pad=tensor.pad, fill="zero" if tensor.fill == "low" else None)


def max_pool1d(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    """Pooling with a window as wide as the tensor is pooling over its last axis."""
    tensor = as_tensor(this)
    window = keywords.get("kernel_size", args[0] if args else None)
    called = node.func if isinstance(node, ast.Call) else None
    name = (called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")) or ""
    how = "mean" if "avg" in name else "max"
    window = window.items[0] if isinstance(window, Choice) else window
    whole = isinstance(window, Size) or (
        isinstance(window, Sequence) and any(isinstance(i, Size) for i in window.items or [])
    )
    if "adaptive" in name:
        whole = number(window) == 1
    if not whole or tensor.axis(-1) != "T":
        return tensor.but(axes=tensor.axes) if whole else Tensor(roots=tensor.roots)
    return pool(frame, node, tensor, how).but(axes=(*(tensor.axes or ())[:-1], "1"))


def sort(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    """(sorted values, the permutation that sorts); a sort of a permutation gives its inverse."""
    tensor = as_tensor(this)
    called = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "sort"
    if isinstance(this, Sequence) and called:
        return NONE
    descending = truth(keywords.get("descending", args[1] if len(args) > 1 else None)) or False
    if "descending" in keywords and constant(keywords["descending"]) is None:
        descending = False
    if tensor.perm is not None:
        return Sequence([Tensor(role="index"), Tensor(role="index", inverse=tensor.perm)], kind="tuple")
    if tensor.role != "lengths":
        by_lengths = "len" in tensor.word or lengths_word(sorted_name(node))
        other = Permutation(descending, by_lengths, frame.fact(node, f"sorted by `{short(node)}`"))
        values = tensor.but(sort="desc" if descending else "asc")
        return Sequence([values, Tensor(role="index", perm=other if sortable(tensor) else None)], kind="tuple")
    if tensor.counted == "negative":
        descending = not descending
    permutation = Permutation(descending, True, frame.fact(node, f"sorted by length: `{short(node)}`"))
    values = tensor.but(sort="desc" if descending else "asc", order=permutation)
    index = Tensor(role="index", perm=permutation, device=tensor.device)
    return Sequence([values, index], kind="tuple")


def sorted_name(node: ast.AST) -> str:
    """The name of what a call sorts: `lengths` of `lengths.sort()` and of `torch.sort(lengths)`."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return ""
    target = node.args[0] if node.func.attr in {"sort", "argsort", "topk"} and node.args else node.func.value
    if isinstance(target, ast.Constant) or (
        isinstance(node.func.value, ast.Name) and node.func.value.id not in LIBRARIES
    ):
        target = node.func.value
    return target.id if isinstance(target, ast.Name) else target.attr if isinstance(target, ast.Attribute) else ""


LIBRARIES = {"torch", "np", "numpy", "th"}


def sortable(tensor: Tensor) -> bool:
    return tensor.axes is None and tensor.call is None


def argsort(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    result = sort(frame, node, this, args, keywords)
    return result.items[1] if isinstance(result, Sequence) and result.items else UNKNOWN


def index_select(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    tensor = as_tensor(this)
    at = dimension(args, keywords)
    index = keywords.get("index", args[1] if len(args) > 1 else None)
    if at is None or index is None:
        return tensor
    if tensor.role == "lengths":
        return lengths_item(frame, tensor, index)
    fill = [Sequence([NONE, NONE, NONE], kind="slice") for _ in range(max(at, 0))]
    if at < 0:
        return tensor
    return indexed(frame, node, tensor, [*fill, index])


def gather(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    """`out.gather(1, index)` with an index made of `lengths - 1`."""
    tensor = as_tensor(this)
    index = keywords.get("index", args[1] if len(args) > 1 else None)
    at = dimension(args, keywords)
    if isinstance(index, Tensor) and index.role in {"lengths", "length"} and tensor.role == "output":
        name = tensor.axis(at)
        if name == "B" and tensor.unpacked is not None:
            frame.run.emit(Meet(frame.site(node), tensor, index, "layout", None, tensor.unpacked))
        frame.run.emit(GatherRead(frame.site(node), tensor))
        if tensor.call is not None:
            tensor.call.uses.setdefault("gather", frame.fact(node, "the step at `length - 1` is read"))
        return tensor.but(role="step", part="gathered", pad=None)
    if tensor.role == "output":
        if tensor.call is not None:
            tensor.call.uses.setdefault("gather", frame.fact(node, "single steps are picked"))
        return tensor.but(role="step", part="gathered", pad=None)
    if tensor.pad is not None and tensor.axis(at) == "T":
        pad = Padding(None, tensor.pad.how, tensor.pad.facts, tensor.pad.width)
        return tensor.but(pad=pad)  # the steps are moved
    return tensor


def select(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    tensor = as_tensor(this)
    at = dimension(args, keywords)
    index = keywords.get("index", args[1] if len(args) > 1 else None)
    if at is None or index is None or at < 0:
        return tensor.but(axes=None)
    fill = [Sequence([NONE, NONE, NONE], kind="slice") for _ in range(at)]
    return indexed(frame, node, tensor, [*fill, index])


def narrow(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    tensor = as_tensor(this)
    at, start, length = (number(a) for a in [*args, UNKNOWN, UNKNOWN, UNKNOWN][:3])
    if len(args) > 1 and isinstance(args[1], Size) and args[1].axis == tensor.axis(at) and args[1].minus == 1:
        start = -1
    if tensor.axis(at) == "T" and start == -1 and length == 1 and tensor.role == "output":
        return step(frame, node, tensor, "last")
    return tensor


def expand(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    tensor = as_tensor(this)
    if tensor.axes is None or len(args) != len(tensor.axes):
        return tensor.but(axes=None)
    named = [size_name(a) for a in args]
    axes = tuple(
        n if o == "1" and n not in {"-", "?"} else "?" if o == "1" and n == "?" else o
        for o, n in zip(tensor.axes, named, strict=True)
    )
    return tensor.but(axes=axes)


def repeat(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    tensor = as_tensor(this)
    if tensor.axes is None or len(args) != len(tensor.axes):
        return tensor.but(axes=None)
    named = [size_name(a) for a in args]
    axes = tuple(
        o if n == "1" else (n if o == "1" and n not in {"-", "2"} else "?")
        for o, n in zip(tensor.axes, named, strict=True)
    )
    return tensor.but(axes=axes)


def cat(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    """Concatenation: of the two directions of a state, of steps, of features; along time it can be padding."""
    if not isinstance(this, Sequence):
        return as_tensor(this).but(axes=None) if isinstance(this, Tensor) else UNKNOWN
    if this.items is None:
        inner = this.item()
        consume(frame, node, inner)
        return as_tensor(inner).but(axes=None) if isinstance(inner, Tensor) else UNKNOWN
    parts = [
        as_tensor(join([item])) if not isinstance(item, Choice) else as_tensor(item.items[0]) for item in this.items
    ]
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
    result = parts[0]
    for other in parts[1:]:
        meet(frame, node, result, other)
        result = combined(result, other, ast.Add())
    ranks = {len(p.axes) for p in parts if p.axes is not None}
    if len(ranks) == 1 and all(p.axes is None or p.axes == parts[0].axes or True for p in parts):
        axes = next(p.axes for p in parts if p.axes is not None)
        return result.but(axes=axes)
    return result


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
        return inner.but(axes=None, form="tensor", role=inner.role if inner.role != "step" else None)
    return tensor.but(form="tensor")


def matmul(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    """`a @ b`: the axes that are left, and what each side carries."""
    if not args:
        return as_tensor(this)
    return product(frame, node, as_tensor(this), as_tensor(first_of(args[0])))


def first_of(value: Value) -> Value:
    return value.items[0] if isinstance(value, Choice) else value


def product(frame: Frame, node: ast.AST, a: Tensor, b: Tensor) -> Tensor:
    meet_orders(frame, node, a, b)
    if a.call is not None and a.role == "output":
        a.call.uses.setdefault("output", frame.fact(node, "its outputs are used"))
    if b.call is not None and b.role == "output":
        b.call.uses.setdefault("output", frame.fact(node, "its outputs are used"))
    consume(frame, node, a)
    consume(frame, node, b)
    axes = None
    if a.axes is not None and b.axes is not None and len(b.axes) >= 2 and len(a.axes) >= 2:
        axes = (*a.axes[:-1], b.axes[-1])
    elif a.axes is not None and len(a.axes) >= 2:
        axes = (*a.axes[:-1], "?") if b.axes is None or len(b.axes) != 1 else a.axes[:-1]
    elif b.axes is not None and len(b.axes) == 3:
        axes = (b.axes[0], "?", b.axes[2])
    carrier = next(
        (t for t in (a, b) if axes is not None and "T" in axes and t.where("T") is not None and keeps_time(t, t is a)),
        None,
    )
    if carrier is None:
        source = a if weight(a) >= weight(b) else b
        return Tensor(
            axes=axes, roots=a.roots | b.roots, call=source.call, role="scores" if axes and "T" in axes else None
        )
    return carrier.but(
        axes=axes, role="scores", fill=None, roots=a.roots | b.roots, part=None, unpacked=carrier.unpacked
    )


def keeps_time(value: Tensor, left: bool) -> bool:
    """Whether the time axis of one side survives a product: not the contracted axis."""
    if value.axes is None:
        return False
    at = value.axes.index("T")
    return at != len(value.axes) - 1 if left else at != len(value.axes) - 2


def einsum(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    pattern = constant(this)
    operands = [as_tensor(a) for a in args]
    for operand in operands:
        consume(frame, node, operand)
    if not isinstance(pattern, str) or "->" not in pattern:
        return UNKNOWN
    left, _, right = pattern.replace(" ", "").partition("->")
    letters: dict[str, str] = {}
    carrier: Tensor | None = None
    for term, operand in zip(left.split(","), operands, strict=False):
        if operand.axes is not None and len(operand.axes) == len(term):
            letters.update({k: v for k, v in zip(term, operand.axes, strict=True) if v != "?"})
            if operand.where("T") is not None and term[operand.axes.index("T")] in right:
                carrier = operand
    axes = tuple(letters.get(k, "?") for k in right)
    return carrier.but(axes=axes, role="scores", fill=None) if carrier is not None else Tensor(axes=axes)


def split(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    tensor = as_tensor(this)
    return Sequence(None, tensor.but(axes=tensor.axes), kind="tuple")


def chunk(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    tensor = as_tensor(this)
    count = number(args[0] if args else keywords.get("chunks"))
    at = dimension(args, keywords, 1)
    if count == 2 and tensor.axis(at) in {"H", "F"} and tensor.call is not None:
        halves: list[Value] = [tensor.but(part="forward"), tensor.but(part="backward")]
        return Sequence(halves, kind="tuple")
    if tensor.role == "state" and tensor.axis(at if at is not None else 0) == "L" and tensor.call is not None:
        tensor.call.rows_read.add(None)
        return Sequence(None, tensor.but(role="state row"), kind="tuple")
    return Sequence(None, tensor, kind="tuple")


def unbind(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    tensor = as_tensor(this)
    if tensor.call is not None and tensor.role == "state":
        tensor.call.rows_read.add(None)
    return Sequence(None, row(tensor), kind="tuple")


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
    return value.but(perm=perm, sort={"asc": "desc", "desc": "asc"}.get(value.sort or "", value.sort))


def to_list(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    tensor = as_tensor(this)
    if tensor.role is None and isinstance(this, Unknown):
        return this
    return tensor.but(form="list", device="cpu", device_facts=())


def to_numpy(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    return as_tensor(this).but(form="array", device="cpu", device_facts=()) if not isinstance(this, Sequence) else this


def clamp(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    tensor = as_tensor(this)
    least = keywords.get("min", args[0] if args else None)
    if tensor.role == "lengths" and number(least) is not None:
        tensor = tensor.but(counted="clamped")
        rebind_in_place(frame, node, tensor)
    return tensor


def compare_method(operator: type[ast.cmpop]) -> Operation:
    def compare(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
        if not args or not isinstance(node, ast.Call) or not node.args:
            return UNKNOWN
        target = node.func.value if isinstance(node.func, ast.Attribute) else node.args[0]
        other = node.args[-1]
        made = ast.copy_location(ast.Compare(target, [operator()], [other]), node)
        return compared(frame, made, this, operator(), args[-1])

    return compare


def arithmetic_method(operator: ast.operator) -> Operation:
    def compute(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
        if not args:
            return as_tensor(this)
        return join([binary(frame, node, operator, this, item) for item in alternatives(args[0])])

    return compute


def invert(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    return unary(frame, node, ast.Invert(), this)


def negative(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    return unary(frame, node, ast.USub(), this)


def scatter(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    """`inverse.scatter_(0, perm, arange)` is the inverse of a permutation."""
    tensor = as_tensor(this)
    index = keywords.get("index", args[1] if len(args) > 1 else None)
    source = keywords.get("src", args[2] if len(args) > 2 else None)
    if isinstance(index, Tensor) and index.perm is not None:
        if isinstance(source, Tensor) and source.order is index.perm:
            index.perm.undone.append(frame.fact(node, f"put back by `{short(node)}`"))
            result = source.but(order=None)
        elif tensor.order is index.perm:
            result = tensor.but(order=None)
        elif tensor.call is None and tensor.role in {None, "index", "buffer"}:
            result = Tensor(role="index", inverse=index.perm)
        else:
            result = tensor
        rebind_in_place(frame, node, result)
        return result
    return tensor


def relu(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    if packed_misused(frame, node, this, "passed to an activation"):
        return UNKNOWN
    tensor = as_tensor(this)
    return tensor.but(fill="floor" if tensor.fill in {*ZEROS, "low"} else None) if isinstance(this, Tensor) else this


def activation(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    """tanh, dropout: zero stays zero."""
    if packed_misused(frame, node, this, "passed to a tensor function"):
        return UNKNOWN
    if isinstance(this, Tensor):
        return this.but(fill=this.fill if this.fill in ZEROS else None)
    return this


def shifting(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    """sigmoid, exp, cos: zero does not stay zero; a low score becomes (nearly) zero under exp and sigmoid."""
    if packed_misused(frame, node, this, "passed to a tensor function"):
        return UNKNOWN
    if isinstance(this, Tensor):
        return this.but(fill="zero" if this.fill == "low" else None)
    return this


def linear_function(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    tensor = as_tensor(this)
    consume(frame, node, tensor)
    axes = (*tensor.axes[:-1], "?") if tensor.axes else None
    return tensor.but(axes=axes, fill=None)


def embedding_function(
    frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]
) -> Value:
    tensor = as_tensor(this)
    axes = (*tensor.axes, "F") if tensor.axes else None
    return tensor.but(role="features", axes=axes)


def item_(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    tensor = as_tensor(this)
    if tensor.role == "lengths":
        return Size("T", tensor.length_of)
    return UNKNOWN if tensor.role != "length" else tensor


def long_(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    tensor = as_tensor(this)
    return tensor if isinstance(this, Tensor) or tensor.role else this


def masked_select(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    tensor = as_tensor(this)
    return Tensor(role="selected", roots=tensor.roots, device=tensor.device)


def tensor_of(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    """`torch.tensor(xs)`, `np.array(xs)`, `torch.LongTensor(xs)`: the list as a tensor."""
    tensor = as_tensor(this)
    device = device_of(frame, node, [], keywords) if "device" in keywords else None
    if device == "accel":
        facts = (frame.fact(node, f"created on a device: `{short(node)}`"),)
        tensor = tensor.but(device="accel", device_facts=facts)
    elif device is None and tensor.device is None and tensor.role == "lengths" and tensor.form == "list":
        tensor = tensor.but(device="cpu")
    if isinstance(this, Unknown) and tensor.role is None and device is None:
        return this
    return tensor.but(form="tensor")


def created(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    """zeros, ones, full, empty: a buffer; its sizes name its axes."""
    sizes = args
    if args and isinstance(args[0], Sequence) and args[0].items is not None:
        sizes = args[0].items
    if args and isinstance(args[0], Tensor) and args[0].axes is not None:
        return Tensor(role="buffer", axes=args[0].axes, fill="zero")
    axes = tuple(size_name(s) for s in sizes)
    axes = tuple("?" if a == "-" else a for a in axes)
    device = device_of(frame, node, [], keywords) if "device" in keywords else None
    name = ast.unparse(node.func).rpartition(".")[2] if isinstance(node, ast.Call) else ""
    fill = "zero" if name.startswith(("zeros", "new_zeros")) else None
    facts = (frame.fact(node, f"created on a device: `{short(node)}`"),) if device == "accel" else ()
    width = "fixed" if any((number(s) or 0) > 2 for s in sizes[1:2]) else None
    return Tensor(
        role="buffer",
        axes=axes,
        fill=fill,
        device=device if device != "unknown" else None,
        device_facts=facts,
        word="ones" if name in {"ones", "new_ones"} else "",
        width_of=width,
    )


def created_like(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    tensor = as_tensor(args[0]) if args else Tensor()
    return Tensor(role="buffer", axes=tensor.axes, fill="zero", device=tensor.device)


def new_buffer(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    return created(frame, node, args, keywords)


def arange(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    return Tensor(role="range")


def range_(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    return Sequence(None, UNKNOWN, kind="range", sort=None)


def len_(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    """`len(x)`: the batch, or for one sample its length."""
    if len(args) != 1:
        return UNKNOWN
    value = args[0]
    if isinstance(value, Sequence) and value.items is not None and value.kind != "generator" and not frame.loops:
        return Const(len(value.items))
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


def sorted_(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    return data.sorted_call(frame, node, args, keywords)


def list_(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    if not args:
        return Sequence([])
    value = args[0]
    if isinstance(value, Sequence):
        return Sequence(value.items, value.elem, "list", value.sort, value.source, value.order)
    if isinstance(value, Tensor) or (isinstance(value, Unknown) and as_tensor(value).role == "lengths"):
        return as_tensor(value).but(form="list", device="cpu")
    return value


def zip_(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    return data.zip_call(frame, node, args)


def enumerate_(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    if not args:
        return UNKNOWN
    item = data.items_of(frame, node, args[0])
    sort = args[0].sort if isinstance(args[0], Sequence | Tensor) else None
    source = args[0].source if isinstance(args[0], Sequence) else None
    return Sequence(None, Sequence([UNKNOWN, item], kind="tuple"), "list", sort, source)


def map_(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    if len(args) < 2:
        return UNKNOWN
    item = data.items_of(frame, node, args[1])
    result = frame.apply(node, args[0], [item], {})
    over = args[1]
    sort_ = over.sort if isinstance(over, Sequence) else None
    return data.collected(frame, node, result, over if isinstance(over, Sequence) else None, over, sort_)


def max_builtin(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    if len(args) == 1 and is_lengths(args[0]):
        return Size("T")
    return UNKNOWN


def int_(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    return args[0] if args and isinstance(args[0], Const | Size | Tensor) else UNKNOWN


def float_(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    found = constant(args[0]) if args else None
    try:
        return Const(float(found)) if isinstance(found, str | int | float) else UNKNOWN
    except ValueError:
        return UNKNOWN


def is_tensor(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    value = args[0] if args else UNKNOWN
    if isinstance(value, Tensor) and value.role is not None:
        return Const(value.form == "tensor")
    return Const(False) if isinstance(value, Sequence | Mapping | Const | Size) else UNKNOWN


def same_argument(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    return args[0] if args else UNKNOWN


def dict_(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    items: dict[object, Value] = {}
    items.update(keywords)
    if args and isinstance(args[0], Mapping):
        return Mapping({**args[0].items, **items}, args[0].elem)
    return Mapping(items) if not args else UNKNOWN


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
    text = ast.unparse(node).lower()
    return (
        any(word in text for word in ("rnn", "lstm", "gru", "cell", "model"))
        and 'cell"' not in text
        and "cell'" not in text
    )


def eval_(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    text = ast.unparse(node)
    if "nn." not in text:
        return UNKNOWN
    return External("torch.nn.<RNN>" if rnn_name(UNKNOWN, node) else "torch.nn.<any>")


def partial_(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    return Partial(args[0], tuple(args[1:]), keywords) if args else UNKNOWN


def nothing(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    return UNKNOWN


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


def einops_reduce(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    tensor = as_tensor(this)
    pattern = constant(args[0]) if args else None
    how = constant(args[1]) if len(args) > 1 else None
    if not isinstance(pattern, str) or "->" not in pattern or tensor.axes is None or not isinstance(how, str):
        return tensor.but(axes=None)
    left, right = (side.split() for side in pattern.split("->"))
    names = dict(zip(left, tensor.axes, strict=False))
    gone = [n for n in left if n not in right]
    result = pool(frame, node, tensor, how) if any(names.get(n) == "T" for n in gone) else tensor
    return result.but(axes=tuple(names.get(n, "?") for n in right))


OPERATIONS: dict[str, Operation] = {
    **dict.fromkeys(
        [
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
            "abs",
            "astype",
            "bool",
            "as_tensor",
        ],
        unchanged,
    ),
    **dict.fromkeys(["long", "int", "float", "double", "half", "type", "short", "to_dense", "bfloat16"], long_),
    **dict.fromkeys(["to", "cuda", "cpu"], to_device),
    "transpose": transpose,
    "t": transpose,
    "transpose_": transpose,
    "swapaxes": transpose,
    "swapdims": transpose,
    "permute": permute,
    "unsqueeze": unsqueeze,
    "unsqueeze_": unsqueeze,
    "expand_dims": unsqueeze,
    "squeeze": squeeze,
    "view": reshape,
    "reshape": reshape,
    "unflatten": flatten,
    "flatten": flatten,
    "ravel": flatten,
    "size": size,
    "masked_fill": masked_fill,
    "masked_fill_": masked_fill,
    "masked_select": masked_select,
    "sum": sum_,
    "mean": mean,
    "max": maximum,
    "min": maximum,
    "amax": amax,
    "logsumexp": mean,
    "average": mean,
    "softmax": softmax,
    "log_softmax": softmax,
    "topk": topk,
    "sort": sort,
    "argsort": argsort,
    "index_select": index_select,
    "gather": gather,
    "select": select,
    "narrow": narrow,
    "expand": expand,
    "repeat": repeat,
    "tile": repeat,
    "matmul": matmul,
    "bmm": matmul,
    "mm": matmul,
    "mv": matmul,
    "dot": matmul,
    "baddbmm": matmul,
    "split": split,
    "chunk": chunk,
    "unbind": unbind,
    "tensor_split": split,
    "flip": flip,
    "tolist": to_list,
    "numpy": to_numpy,
    "item": item_,
    "clamp": clamp,
    "clamp_": clamp,
    "clip": clamp,
    "clamp_min": clamp,
    "eq": compare_method(ast.Eq),
    "ne": compare_method(ast.NotEq),
    "gt": compare_method(ast.Gt),
    "ge": compare_method(ast.GtE),
    "lt": compare_method(ast.Lt),
    "le": compare_method(ast.LtE),
    "not_equal": compare_method(ast.NotEq),
    "mul": arithmetic_method(ast.Mult()),
    "mul_": arithmetic_method(ast.Mult()),
    "multiply": arithmetic_method(ast.Mult()),
    "add": arithmetic_method(ast.Add()),
    "add_": arithmetic_method(ast.Add()),
    "sub": arithmetic_method(ast.Sub()),
    "div": arithmetic_method(ast.Div()),
    "div_": arithmetic_method(ast.Div()),
    "true_divide": arithmetic_method(ast.Div()),
    "logical_not": invert,
    "bitwise_not": invert,
    "neg": negative,
    "negative": negative,
    "scatter": scatter,
    "scatter_": scatter,
    "index_copy_": scatter,
    "index_copy": scatter,
    "relu": relu,
    "relu_": relu,
    "leaky_relu": relu,
    "gelu": activation,
    "tanh": activation,
    "dropout": activation,
    "selu": activation,
    "sigmoid": shifting,
    "exp": shifting,
    "softplus": shifting,
    "new_zeros": new_buffer,
    "new_ones": new_buffer,
    "new_full": new_buffer,
    "new_empty": new_buffer,
    "new": new_buffer,
}

FUNCTIONS: dict[str, Operation] = {
    "where": where,
    "cat": cat,
    "concat": cat,
    "concatenate": cat,
    "hstack": cat,
    "vstack": cat,
    "stack": stack,
    "einsum": einsum,
    "max_pool1d": max_pool1d,
    "avg_pool1d": max_pool1d,
    "adaptive_max_pool1d": max_pool1d,
    "adaptive_avg_pool1d": max_pool1d,
    "max_pool2d": max_pool1d,
    "linear": linear_function,
    "embedding": embedding_function,
    "tensor": tensor_of,
    "array": tensor_of,
    "asarray": tensor_of,
    "as_tensor": tensor_of,
    "from_numpy": tensor_of,
    "LongTensor": tensor_of,
    "IntTensor": tensor_of,
    "FloatTensor": tensor_of,
    "Tensor": tensor_of,
    "Variable": unchanged,
    "rearrange": rearrange,
    "reduce": einops_reduce,
    "dropout1d": activation,
    "normalize": unchanged,
    "layer_norm": activation,
    "int64": tensor_of,
    "int32": tensor_of,
}

Creator = Callable[["Frame", ast.AST, list[Value], "dict[str, Value]"], Value]

CREATORS: dict[str, Creator] = {
    **dict.fromkeys(["zeros", "ones", "full", "empty", "rand", "randn", "randint"], created),
    **dict.fromkeys(["zeros_like", "ones_like", "full_like", "empty_like", "rand_like", "randn_like"], created_like),
    "arange": arange,
}

BUILTINS: dict[str, Creator] = {
    "len": len_,
    "sorted": sorted_,
    "list": list_,
    "tuple": list_,
    "zip": zip_,
    "enumerate": enumerate_,
    "map": map_,
    "max": max_builtin,
    "int": int_,
    "float": float_,
    "dict": dict_,
    "getattr": getattr_,
    "eval": eval_,
    "range": range_,
    "reversed": same_argument,
    "functools.partial": partial_,
    "iter": same_argument,
    "tqdm.tqdm": same_argument,
    "tqdm": same_argument,
    "tqdm.auto.tqdm": same_argument,
    "tqdm.notebook.tqdm": same_argument,
    "copy.deepcopy": same_argument,
    "next": nothing,
    "torch.autograd.Variable": same_argument,
    "print": nothing,
    "torch.is_tensor": is_tensor,
    "tqdm.tqdm_notebook": same_argument,
}

METHOD_NAMES = frozenset(OPERATIONS) - {
    "copy",
    "type",
    "sort",
    "bool",
    "select",
    "split",
    "new",
    "size",
    "round",
    "item",
    "dot",
    "t",
} | {
    "size",
    "sort",
    "t",
    "split",
    "item",
    "select",
    "copy",
    "copy_",
}
