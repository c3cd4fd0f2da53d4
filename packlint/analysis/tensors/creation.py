"""Tensors made from numbers, and moved between devices and libraries."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from packlint.analysis.names import code_of
from packlint.analysis.tensors.base import (
    NAMES_BATCH,
    as_tensor,
    creator,
    library_function,
    operation,
    short,
    size_name,
)
from packlint.analysis.tensors.masks import fill_of
from packlint.analysis.tensors.uses import consume
from packlint.analysis.values import (
    UNKNOWN,
    Const,
    External,
    Instance,
    Mapping,
    Object,
    Sequence,
    Size,
    Tensor,
    Unknown,
    Value,
    alternatives,
    constant,
    number,
)

if TYPE_CHECKING:
    from packlint.analysis.flow import Frame


@operation("to", "cuda", "cpu")
def to_device(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    """`.to(device)`, `.cuda()`, `.cpu()`: where a tensor lies afterwards."""
    if isinstance(this, (Sequence, Mapping, Object, Instance)):
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


def device_of(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> str | None:
    """accel, cpu, unknown, or None where the argument is no device (a dtype, another tensor)."""
    value = keywords.get("device", args[0] if args else None)
    if value is None:
        return None
    places = [place_of(item) for item in alternatives(value)]
    if any(isinstance(item, External) for item in alternatives(value)):
        return None
    known = [place for place in ("accel", "cpu", "unknown") if place in places]  # one of several: what can go wrong
    if known:
        return known[0]
    if isinstance(node, ast.Call):
        nodes = [*node.args[:1], *(k.value for k in node.keywords if k.arg == "device")]
        text = " ".join(code_of(n) for n in nodes).lower()
        if any(word in text for word in ("device", "cuda", "gpu", "accelerator", "rank")) and "cpu" not in text:
            if ".device" in text and not any(
                t in text for t in ("self.device", "args.", "opt", "config", "cfg", "flair")
            ):
                return "unknown"
            return "accel"
    return None


def place_of(device: Value) -> str | None:
    """Where one value, given as a device, says that a tensor goes; None where it does not say."""
    named = constant(device)
    if isinstance(named, str):
        return "cpu" if named.startswith("cpu") else "accel"
    if isinstance(named, int):
        return "accel"
    if isinstance(device, Object) and device.kind == "device":
        return device.key or "accel"
    if isinstance(device, Unknown) and device.key and device.key.startswith("device of "):
        known = device.key.removeprefix("device of ")
        return known if known in {"accel", "cpu"} else "unknown"
    if isinstance(device, Tensor):
        return device.device or "unknown"
    return None


@operation("tolist")
def to_list(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    tensor = as_tensor(this)
    if tensor.role is None and isinstance(this, Unknown):
        return this
    return tensor.but(form="list", device="cpu", device_facts=())


@operation("numpy")
def to_numpy(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    return as_tensor(this).but(form="array", device="cpu", device_facts=()) if not isinstance(this, Sequence) else this


@library_function("linear")
def linear_function(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    tensor = as_tensor(this)
    consume(frame, node, tensor)
    axes = (*tensor.axes[:-1], "?") if tensor.axes else None
    return tensor.but(axes=axes, fill=None)


@library_function("embedding")
def embedding_function(
    frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]
) -> Value:
    tensor = as_tensor(this)
    axes = (*tensor.axes, "F") if tensor.axes else None
    return tensor.but(role="features", axes=axes)


@operation("item")
def item_(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    tensor = as_tensor(this)
    if tensor.role == "lengths":
        return Size("T", tensor.length_of)
    return UNKNOWN if tensor.role != "length" else tensor


@operation("long", "int", "float", "double", "half", "type", "short", "to_dense", "bfloat16")
def long_(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    tensor = as_tensor(this)
    return tensor if isinstance(this, Tensor) or tensor.role else this


@library_function(
    "tensor",
    "array",
    "asarray",
    "as_tensor",
    "from_numpy",
    "LongTensor",
    "IntTensor",
    "FloatTensor",
    "Tensor",
    "int64",
    "int32",
)
def tensor_of(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    """`torch.tensor(xs)`, `np.array(xs)`, `torch.LongTensor(xs)`: the list as a tensor."""
    tensor = as_tensor(this)
    device = device_of(frame, node, [], keywords) if "device" in keywords else None
    if device == "accel":
        facts = (frame.fact(node, f"created on a device: `{short(node)}`"),)
        tensor = tensor.but(device="accel", device_facts=facts)
    elif device == "cpu":
        tensor = tensor.but(device="cpu", device_facts=())
    elif device is None and tensor.device is None and tensor.role == "lengths" and tensor.form == "list":
        tensor = tensor.but(device="cpu")
    if isinstance(this, Unknown) and tensor.role is None and device is None:
        return this
    if isinstance(this, Const):
        return tensor.but(axes=(), fill=fill_of(this, node))
    return tensor.but(form="tensor")


@operation("new_tensor")
def new_tensor(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    """`x.new_tensor(data)`: the data, on the device of `x`."""
    made = as_tensor(args[0] if args else UNKNOWN)
    like = as_tensor(this)
    return made.but(form="tensor", device=like.device, device_facts=like.device_facts)


@creator("zeros", "ones", "full", "empty", "rand", "randn", "randint")
def created(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    """zeros, ones, full, empty: a buffer; its sizes name its axes."""
    sizes = args
    if args and isinstance(args[0], Sequence) and args[0].items is not None:
        sizes = args[0].items
    if args and isinstance(args[0], Tensor) and args[0].axes is not None:
        return Tensor(role="buffer", axes=args[0].axes, fill="zero")
    written = size_nodes(node, len(sizes))
    axes = tuple(
        size_name(s) if size_name(s) not in {"?", "-"} else written_size(w) for s, w in zip(sizes, written, strict=True)
    )
    device = device_of(frame, node, [], keywords) if "device" in keywords else None
    name = code_of(node.func).rpartition(".")[2] if isinstance(node, ast.Call) else ""
    fill = "zero" if name.startswith(("zeros", "new_zeros")) else None
    facts = (frame.fact(node, f"created on a device: `{short(node)}`"),) if device == "accel" else ()
    width = "fixed" if any((number(s) or 0) > 2 for s in sizes[1:2]) else None
    return Tensor(
        role="buffer",
        axes=axes,
        fill=fill,
        device=device if device != "unknown" else None,
        device_facts=facts,
        word="ones" if name in {"ones", "new_ones"} else "room" if has_room(node) else "",
        width_of=width,
    )


@creator("eye", "identity")
def eye(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    """The rows of an identity are one-hot vectors: indexed with ids it is their features."""
    return Tensor(role="eye", axes=("?", "F"))


def size_nodes(node: ast.AST, count: int) -> list[ast.expr | None]:
    """The sizes of a buffer as they are written: `zeros(n, m)`, `zeros((n, m))`."""
    given = node.args if isinstance(node, ast.Call) else []
    if len(given) >= 1 and isinstance(given[0], (ast.Tuple, ast.List)):
        given = given[0].elts
    nodes: list[ast.expr | None] = [*given[:count]]
    return nodes + [None] * (count - len(nodes))


def written_size(node: ast.expr | None) -> str:
    """The axis that a size of unknown value stands for: the batch by its name, time by the maximum of lengths."""
    if isinstance(node, ast.Name):
        return "B" if NAMES_BATCH.fullmatch(node.id) and len(node.id) > 1 else "?"
    text = code_of(node).lower() if isinstance(node, ast.Call) else ""
    return "T" if "max" in text and "len" in text else "?"


FIRST_ROW = re.compile(r"\blen\(\w+\[0\]\)")
"""The longest sample of a sorted batch."""


def has_room(node: ast.AST) -> bool:
    """Whether a buffer is as wide as the longest sample, or the longest that is allowed, by the name of its size."""
    sizes = node.args if isinstance(node, ast.Call) else []
    texts = [code_of(argument).lower() for argument in sizes]
    return any("max" in text or FIRST_ROW.search(text) for text in texts)


@creator("zeros_like", "ones_like", "full_like", "empty_like", "rand_like", "randn_like")
def created_like(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    tensor = as_tensor(args[0]) if args else Tensor()
    name = code_of(node.func).rpartition(".")[2] if isinstance(node, ast.Call) else ""
    fill, word = ("zero" if name == "zeros_like" else None), ("ones" if name == "ones_like" else "")
    return Tensor(role="buffer", axes=tensor.axes, fill=fill, device=tensor.device, word=word)


@operation("new_zeros", "new_ones", "new_full", "new_empty", "new")
def new_buffer(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    return created(frame, node, args, keywords)


@creator("arange")
def arange(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    return Tensor(role="range")
