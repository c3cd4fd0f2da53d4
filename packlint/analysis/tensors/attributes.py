"""Attributes of tensors, packed sequences and objects of libraries; values taken apart into names."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from packlint.analysis import data
from packlint.analysis.events import PackedUse
from packlint.analysis.tensors.base import has_method, moved, piece, rank, row
from packlint.analysis.tensors.layout import transposed
from packlint.analysis.values import (
    UNKNOWN,
    Batch,
    Bound,
    Class,
    Const,
    Function,
    Instance,
    Mapping,
    Object,
    Packed,
    Sequence,
    Shape,
    Size,
    State,
    Tensor,
    Unknown,
    Value,
    alternatives,
)

if TYPE_CHECKING:
    from packlint.analysis.flow import Frame


def part(frame: Frame, value: Value, index: int, count: int) -> Value:
    """What the name at an index gets when a value is unpacked into `count` names."""
    if isinstance(value, Sequence):
        if value.items is not None:
            return value.items[index] if index < len(value.items) else UNKNOWN
        item = value.item()
        return piece(item, f"[{index}]") if isinstance(item, Tensor) and moved(item) else item
    if isinstance(value, State):
        return (value.h, value.c)[index] if index < 2 else UNKNOWN
    if isinstance(value, Shape):
        return Size(value.of.axis(index), value.of, index)
    if isinstance(value, Tensor):
        return piece(value, f"[{index}]") if moved(value) else row(value)
    if isinstance(value, Unknown) and value.key:
        return Unknown(f"{value.key}[{index}]")
    if isinstance(value, Mapping):
        return value.items.get(index, UNKNOWN)
    return data.field_part(value, Const(index)) if isinstance(value, Batch) else UNKNOWN


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
        if name == "ndim":
            return rank(value)
        if has_method(name):
            return Bound(value, name)
        return piece(value, f".{name}") if moved(value) else UNKNOWN
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
        return Bound(value, name) if name == "__init__" else UNKNOWN
    if name in value.options:
        return value.options[name]
    options = {"num_layers", "hidden_size", "input_size", "bidirectional", "batch_first"}
    if value.kind == "Namespace" or (value.kind == "RNN" and name in options):
        return Unknown(f"{value.key}.{name}")
    return Bound(value, name)
