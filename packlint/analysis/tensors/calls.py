"""A call of a method or function of PyTorch, NumPy or Python, sent to the room that knows it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from packlint.analysis import data, layers
from packlint.analysis.events import PackedUse
from packlint.analysis.tensors import arithmetic, creation, indexing, layout, masks, pooling, python, sorting  # noqa: F401 -- they fill the tables
from packlint.analysis.tensors.base import BUILTINS, CREATORS, FUNCTIONS, OPERATIONS
from packlint.analysis.tensors.meeting import LOSSES, meet_labels
from packlint.analysis.tensors.python import container_method
from packlint.analysis.tensors.uses import consume, consumed_by_unknown
from packlint.analysis.values import (
    UNKNOWN,
    Const,
    Instance,
    Mapping,
    Object,
    Packed,
    Sequence,
    Shape,
    Value,
    alternatives,
    join,
)

if TYPE_CHECKING:
    from packlint.analysis.flow import Frame


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
    if isinstance(this, (Sequence, Mapping, Const)):
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
    first = (
        args[0] if args else next((keywords[word] for word in ("input", "tensors", "arrays") if word in keywords), None)
    )
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
