"""What reduces over time: sums, means, maxima, softmax, matrix products."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from packlint.analysis.events import Pool, StateRead
from packlint.analysis.tensors.base import (
    ZEROS,
    as_tensor,
    called_name,
    combined,
    dimension,
    first_of,
    library_function,
    operation,
    weight,
)
from packlint.analysis.tensors.masks import mask_sum
from packlint.analysis.tensors.meeting import meet_orders, read_otherwise
from packlint.analysis.tensors.sorting import sort
from packlint.analysis.tensors.uses import consume, packed_misused, without_lengths
from packlint.analysis.values import UNKNOWN, Choice, Const, Sequence, Size, Tensor, Value, constant, number, truth

if TYPE_CHECKING:
    from packlint.analysis.flow import Frame


@operation("sum")
def sum_(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    tensor = as_tensor(this)
    if packed_misused(frame, node, this, "reduced"):
        return UNKNOWN
    if tensor.role == "mask":
        return mask_sum(frame, node, tensor, args, keywords)
    if tensor.role == "lengths":
        return UNKNOWN
    return reduced(frame, node, tensor, "sum", args, keywords)


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
    keep = truth(keywords.get("keepdim", keywords.get("keepdims", args[1] if len(args) > 1 else None)))
    if name == "B" and tensor.role == "output" and tensor.unpacked and tensor.unpacked.site.function is frame.info:
        read_otherwise(frame, node, tensor)
    if name == "B" and tensor.role == "state" and of_batch(tensor):
        frame.run.emit(StateRead(frame.site(node), tensor, "batch first index", None))
    shift = how == "max" and keep is True  # of scores: what is taken off before `exp`
    result = pool(frame, node, tensor, how, at) if name == "T" and not shift else tensor
    if tensor.axes is not None and at is not None and -len(tensor.axes) <= at < len(tensor.axes):
        place = at % len(tensor.axes)
        axes = (*tensor.axes[:place], *(("1",) if keep else ()), *tensor.axes[place + 1 :])
        return result.but(axes=axes, crossed=tensor.crossed or tensor.axes.count("T") > 1)
    return result.but(axes=None)


def of_batch(state: Tensor) -> bool:
    """Whether a state is surely that of a batch: a layer that is given one sample returns one without that axis."""
    call = state.call
    return call is not None and (call.packed or call.input.pad is not None) and not call.one_step


def pool(frame: Frame, node: ast.AST, tensor: Tensor, how: str, at: int | None) -> Tensor:
    """A reduction over the axis `at`, which is time."""
    if how == "sum" and tensor.role in {"scores", "weights"} and len(tensor.axes or ()) > 3:
        return tensor  # heads or pairs of steps: which of the axes is summed over does not show
    if how == "sum" and tensor.pool is not None:
        return tensor.but(role="pooled", pad=None, fill=None)  # a weighted sum: its weights were looked at already
    unpacked = tensor.unpacked is not None and tensor.fill == "zero"  # an output can lie below its zeros
    harmless = tensor.fill == "low" or (
        how in {"sum", "max"} and tensor.fill in ZEROS and not (how == "max" and unpacked)
    )
    harmless = harmless or without_lengths(frame.info.node, node)
    masks = {hand.name for hand in frame.at_hand if hand.kind == "mask"}
    given = tensor.fill is None and bool(masks & frame.given - frame.absent())
    axis = at % len(tensor.axes) if at is not None and tensor.axes else None
    known = (axis, frame.at_hand, frame.embedded)
    event = Pool(frame.site(node), tensor, how, harmless, False, given, *known)
    frame.run.emit(event)
    if tensor.call is not None:
        kind = "masked pool" if harmless else "pool"
        tensor.call.uses.setdefault(kind, frame.fact(node, f"{how} over time"))
    left = tensor.pad if tensor.axes is not None and tensor.axes.count("T") > 1 else None  # that of another sequence
    return tensor.but(role="pooled", pad=left, pool=event, fill=None, narrowed=False)


@operation("max", "min")
def maximum(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    tensor = as_tensor(this)
    if tensor.role == "lengths":
        return Size("T", tensor.length_of) if not args else UNKNOWN
    result = reduced(frame, node, tensor, "max", args, keywords)
    if args or "dim" in keywords:
        return Sequence([result, Tensor(role="index")], kind="tuple")
    return result


@operation("amax")
def amax(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    return reduced(frame, node, as_tensor(this), "max", args, keywords)


@operation("mean", "logsumexp", "average")
def mean(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    return reduced(frame, node, as_tensor(this), "mean", args, keywords)


@library_function("cosine_similarity", "pairwise_distance")
def similarity(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    """Two tensors compared along one axis, which goes: the features as a rule."""
    a, b = as_tensor(this), as_tensor(first_of(args[0])) if args else Tensor()
    for item in (a, b):
        consume(frame, node, item)
    found = combined(a, b, None)
    at = dimension(args, keywords, 1)
    at = 1 if at is None else at
    if found.axes is None or found.axis(at) in {None, "T"}:
        return found.but(axes=None, role="scores")
    place = at % len(found.axes)
    return found.but(axes=(*found.axes[:place], *found.axes[place + 1 :]), role="scores")


@operation("topk")
def topk(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    tensor = as_tensor(this)
    if tensor.role == "lengths":
        return sort(frame, node, this, [Const(0), Const(True)], {})
    if tensor.perm is not None and constant(keywords.get("largest", args[2] if len(args) > 2 else None)) is False:
        return Sequence([Tensor(role="index"), Tensor(role="index", inverse=tensor.perm)], kind="tuple")
    at = dimension(args, keywords, 1)
    if tensor.axis(at if at is not None else -1) == "T":
        result = pool(frame, node, tensor, "max", at if at is not None else -1)
        return Sequence([result, Tensor(role="index")], kind="tuple")
    return Sequence([tensor.but(role=None, call=None, pad=None), Tensor(role="index")], kind="tuple")


@operation("softmax", "log_softmax")
def softmax(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    tensor = as_tensor(this)
    at = dimension(args, keywords)
    return softmax_over(frame, node, tensor, implied_axis(tensor) if at is None and not (args or keywords) else at)


def implied_axis(tensor: Tensor) -> int | None:
    """The axis that a softmax takes where it is told none.

    https://docs.pytorch.org/docs/stable/_modules/torch/nn/functional.html, `_get_softmax_dim`.
    """
    return None if tensor.axes is None else 0 if len(tensor.axes) in {1, 3} else 1


def softmax_over(frame: Frame, node: ast.AST, tensor: Tensor, at: int | None) -> Tensor:
    if tensor.axis(at) != "T" or tensor.role == "mask":
        return tensor.but(fill=None) if tensor.fill == "low" else tensor
    result = pool(frame, node, tensor, "softmax", at)
    return result.but(role="weights", axes=tensor.axes, pad=tensor.pad, fill="zero" if tensor.fill == "low" else None)


@library_function("max_pool1d", "avg_pool1d", "adaptive_max_pool1d", "adaptive_avg_pool1d", "max_pool2d")
def max_pool1d(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    """Pooling with a window as wide as the tensor is pooling over its last axis."""
    tensor = as_tensor(this)
    window = keywords.get("kernel_size", keywords.get("output_size", args[0] if args else None))
    name = called_name(node)
    how = "mean" if "avg" in name else "max"
    window = window.items[0] if isinstance(window, Choice) else window
    whole = isinstance(window, Size) or (
        isinstance(window, Sequence) and any(isinstance(i, Size) for i in window.items or [])
    )
    if "adaptive" in name:
        whole = number(window) == 1
    if not whole or tensor.axis(-1) != "T":
        return tensor.but(axes=tensor.axes) if whole else Tensor(roots=tensor.roots)
    return pool(frame, node, tensor, how, -1).but(axes=(*(tensor.axes or ())[:-1], "1"))


@library_function("adaptive_max_pool2d", "adaptive_avg_pool2d")
def adaptive_pool2d(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    """`F.adaptive_max_pool2d(x.unsqueeze(1), (1, width))`: of all rows of a picture one is left."""
    tensor = as_tensor(this)
    size = keywords.get("output_size", args[0] if args else None)
    left = size.items[0] if isinstance(size, Sequence) and size.items else UNKNOWN
    if number(left) != 1 or tensor.axes is None or tensor.axis(-2) != "T":
        return Tensor(roots=tensor.roots)
    how = "mean" if "avg" in called_name(node) else "max"
    return pool(frame, node, tensor, how, -2).but(axes=(*tensor.axes[:-2], "1", *tensor.axes[-1:]))


@operation("matmul", "bmm", "mm", "mv", "dot", "baddbmm")
def matmul(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    """`a @ b`: the axes that are left, and what each side carries."""
    if not args:
        return as_tensor(this)
    return product(frame, node, as_tensor(this), as_tensor(first_of(args[0])))


def product(frame: Frame, node: ast.AST, a: Tensor, b: Tensor) -> Tensor:
    meet_orders(frame, node, a, b)
    if a.call is not None and a.role == "output":
        a.call.uses.setdefault("output", frame.fact(node, "its outputs are used"))
    if b.call is not None and b.role == "output":
        b.call.uses.setdefault("output", frame.fact(node, "its outputs are used"))
    consume(frame, node, a)
    consume(frame, node, b)
    a, b = queries_apart(a, b), queries_apart(b, a)
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
    crossed = a.crossed or b.crossed or ("T" in (a.axes or ()) and "T" in (b.axes or ()))
    if carrier is None:
        source = a if (of_padded(a), weight(a)) >= (of_padded(b), weight(b)) else b
        role = "scores" if axes and "T" in axes else None
        made = Tensor(axes=axes, roots=a.roots | b.roots, call=source.call, unpacked=source.unpacked, role=role)
        return made.but(crossed=crossed)
    fill = "zero" if carrier.fill == "zero" else None  # zeros times anything
    made = carrier.but(
        axes=axes, role="scores", fill=fill, roots=a.roots | b.roots, part=None, unpacked=carrier.unpacked, pool=None
    )
    return made.but(crossed=crossed)


def of_padded(value: Tensor) -> bool:
    """Whether a value comes from the output of a padded batch."""
    return value.unpacked is not None or (value.call is not None and value.call.input.pad is not None)


def queries_apart(value: Tensor, other: Tensor) -> Tensor:
    """The steps of queries that are not padded, beside keys that are: an axis of another kind."""
    if value.axes is None or value.pad is not None or other.pad is None or "T" not in (other.axes or ()):
        return value
    return value.but(axes=tuple("?" if axis == "T" else axis for axis in value.axes))


def keeps_time(value: Tensor, left: bool) -> bool:
    """Whether the time axis of one side survives a product: not the contracted axis."""
    if value.axes is None:
        return False
    at = value.axes.index("T")
    return at != len(value.axes) - 1 if left else at != len(value.axes) - 2


@library_function("einsum")
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


@library_function("reduce")
def einops_reduce(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    tensor = as_tensor(this)
    pattern = constant(args[0]) if args else None
    how = constant(args[1]) if len(args) > 1 else None
    if not isinstance(pattern, str) or "->" not in pattern or tensor.axes is None or not isinstance(how, str):
        return tensor.but(axes=None)
    left, right = (side.split() for side in pattern.split("->"))
    names = dict(zip(left, tensor.axes, strict=False))
    gone = [n for n in left if n not in right]
    result = pool(frame, node, tensor, how, None) if any(names.get(n) == "T" for n in gone) else tensor
    return result.but(axes=tuple(names.get(n, "?") for n in right))
