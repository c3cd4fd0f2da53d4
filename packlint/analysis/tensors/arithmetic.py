"""Operators, comparisons and element-wise functions."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from packlint.analysis import data
from packlint.analysis.tensors.base import (
    OPERATIONS,
    SHORTFALL,
    ZEROS,
    Operation,
    as_tensor,
    combined,
    library_function,
    nameless,
    of_sample,
    operation,
)
from packlint.analysis.tensors.masks import (
    IGNORED,
    bias_of,
    is_bias,
    mask_of,
    masked,
    negated,
    pad_like,
    rebind_in_place,
)
from packlint.analysis.tensors.meeting import meet, meet_widths
from packlint.analysis.tensors.uses import packed_misused
from packlint.analysis.values import (
    UNKNOWN,
    Const,
    Instance,
    Mapping,
    Object,
    Sequence,
    Size,
    State,
    Tensor,
    Unknown,
    Value,
    alternatives,
    constant,
    join,
    number,
)

if TYPE_CHECKING:
    from packlint.analysis.flow import Frame


def binary(frame: Frame, node: ast.AST, operator: ast.operator, left: Value, right: Value) -> Value:
    padded = data.list_arithmetic(frame, node, operator, left, right)
    if padded is not None:
        return padded
    if isinstance(left, Const) and isinstance(right, Const):
        return folded(operator, left.value, right.value)
    if (
        isinstance(operator, ast.Sub)
        and isinstance(left, (Size, Unknown))
        and isinstance(right, Size)
        and of_sample(right)
    ):
        return SHORTFALL
    if isinstance(left, (Size, Const)) and isinstance(right, (Size, Const)):
        return size_arithmetic(operator, left, right)
    if any(packed_misused(frame, node, item, "used in arithmetic") for item in (left, right)):
        return UNKNOWN
    if isinstance(left, (Instance, Object, State, Mapping)) or isinstance(right, (Instance, Object, State, Mapping)):
        return UNKNOWN
    if isinstance(operator, ast.Mult) and frame.constructing and (doubled := twice(left, right)) is not None:
        return doubled
    if isinstance(left, Unknown) and isinstance(right, (Const, Unknown, Size)) and not tensor_like(left):
        return (
            UNKNOWN
            if not isinstance(right, Unknown) or not tensor_like(right)
            else element_wise(frame, node, operator, left, right)
        )
    if isinstance(left, Const) and isinstance(right, Unknown) and not tensor_like(right):
        return UNKNOWN
    return element_wise(frame, node, operator, left, right)


def twice(left: Value, right: Value) -> Unknown | None:
    """`hidden_size * 2`: the width of both directions of a layer, of a size that is not known."""
    for size, factor in ((left, right), (right, left)):
        if isinstance(size, Unknown) and size.key and number(factor) == 2:
            return Unknown(f"({size.key}) * 2")
    return None


def tensor_like(value: Unknown) -> bool:
    return as_tensor(value).role is not None


def folded(operator: ast.operator, left: object, right: object) -> Value:
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
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
    if a.role in {"lengths", "length"} and isinstance(right, (Const, Unknown, Size)):
        if isinstance(operator, ast.Mult) and isinstance(right, Size):
            frame.note_sizes(["steps"], right)  # shares of the padded size
        return lengths_arithmetic(a, operator, right)
    if b.role == "pad count" and isinstance(operator, ast.Sub) and isinstance(left, (Size, Const, Unknown)):
        return b.but(role="lengths")  # all steps but the padded ones
    if isinstance(left, Const) and b.role == "mask" and isinstance(operator, ast.Sub):
        return negated(b)
    if isinstance(left, Const) and isinstance(right, (Tensor, Unknown)):
        a, b, left, right = b, a, right, left
    if isinstance(operator, ast.Mult) and a.role == "mask" and isinstance(right, Const):
        return bias_of(a, right)
    if isinstance(operator, ast.Mult) and (a.role == "mask" or b.role == "mask"):
        target, mask = (a, b) if b.role == "mask" else (b, a)
        if target.role == "mask":
            return target
        meet_widths(frame, node, target, mask)
        return masked(target, "floor" if target.call is not None else "zero")
    if isinstance(operator, (ast.Add, ast.Sub)) and (is_bias(a) or is_bias(b)):
        target = b if is_bias(a) else a
        return masked(target, "low")
    if isinstance(operator, ast.Div) and (b.role == "lengths" or b.counted is not None):
        if a.pool is not None:
            a.pool.divided = True
        return a.but(fill=a.fill)
    if isinstance(operator, ast.Div) and a.pool is not None and a.pool is b.pool and a.pool.how == "softmax":
        a.pool.masked = True  # weights sum to one unless some were taken out: what is left of them is weighed anew
    meet(frame, node, a, b)
    return combined(a, b, operator, constant(right))


def lengths_arithmetic(value: Tensor, operator: ast.operator, right: Value) -> Tensor:
    by = constant(right)
    if isinstance(operator, ast.Sub) and by == 1:
        return value.but(counted="minus" if value.counted != "minus" else value.counted)
    if isinstance(operator, ast.Mult) and by == -1:
        return value.but(sort={"asc": "desc", "desc": "asc"}.get(value.sort or ""), counted="negative")
    return value.but(counted="changed") if not isinstance(operator, ast.Mult) else value.but(role=None)


def unary(frame: Frame, node: ast.AST, operator: ast.unaryop, value: Value) -> Value:
    if isinstance(value, Const) and isinstance(value.value, (int, float)) and isinstance(operator, ast.USub):
        return Const(-value.value)
    if isinstance(operator, ast.Invert):
        tensor = as_tensor(value)
        if tensor.role == "mask":
            return negated(tensor)
        return value
    if isinstance(operator, ast.USub):
        tensor = as_tensor(value)
        if tensor.role == "lengths" or nameless(tensor):
            return tensor.but(counted="negative")
        return tensor if isinstance(value, Tensor) else UNKNOWN
    return value


def compared(frame: Frame, node: ast.Compare, left: Value, operator: ast.cmpop, right: Value) -> Value:
    """`ids != pad` is a padding mask; so is `arange(T) < lengths[:, None]`."""
    a, b = as_tensor(left), as_tensor(right)
    for one, other, flip in ((a, b, False), (b, a, True)):
        if one.role == "range" and (other.role in {"lengths", "length"}):
            less = isinstance(operator, (ast.Lt, ast.LtE)) != flip
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
    if isinstance(left, (Size, Const)) or isinstance(operator, (ast.In, ast.NotIn, ast.Is, ast.IsNot)):
        return UNKNOWN
    zeros = a.role in {"output", "scores"} and a.fill == "zero" and number(right) == 0
    if zeros and isinstance(operator, (ast.Eq, ast.NotEq)):
        return Tensor(role="mask", valid=isinstance(operator, ast.NotEq), axes=a.axes, roots=a.roots, device=a.device)
    if a.role in {None, "ids"} and pad_like(right, node.comparators[0]) and not isinstance(left, Sequence):
        if isinstance(operator, ast.NotEq) or (isinstance(operator, ast.Gt) and number(right) == 0):
            return mask_of(a, True if constant(right) != IGNORED else None)
        if isinstance(operator, ast.Eq):
            return mask_of(a, False)
        if isinstance(operator, ast.GtE) and number(right) == 1:
            return mask_of(a, True)
    if a.role == "mask" and isinstance(operator, (ast.Eq, ast.NotEq)) and isinstance(right, Const):
        keep = bool(right.value) == isinstance(operator, ast.Eq)
        return a if keep else negated(a)
    return UNKNOWN if not isinstance(left, Tensor) else Tensor(role="test", roots=a.roots)


@operation("clamp", "clamp_", "clip", "clamp_min")
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


@operation("logical_not", "bitwise_not")
def invert(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    return unary(frame, node, ast.Invert(), this)


@operation("neg", "negative")
def negative(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    return unary(frame, node, ast.USub(), this)


@operation("relu", "relu_", "leaky_relu")
def relu(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    if packed_misused(frame, node, this, "passed to an activation"):
        return UNKNOWN
    tensor = as_tensor(this)
    return tensor.but(fill="floor" if tensor.fill in {*ZEROS, "low"} else None) if isinstance(this, Tensor) else this


@operation("gelu", "tanh", "dropout", "selu")
@library_function("dropout1d", "layer_norm")
def activation(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    """tanh, dropout: zero stays zero."""
    if packed_misused(frame, node, this, "passed to a tensor function"):
        return UNKNOWN
    if isinstance(this, Tensor):
        return this.but(fill=this.fill if this.fill in ZEROS else None)
    return this


@operation("sigmoid", "exp", "softplus")
def shifting(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    """sigmoid, exp, cos: zero does not stay zero; a low score becomes (nearly) zero under exp and sigmoid."""
    if packed_misused(frame, node, this, "passed to a tensor function"):
        return UNKNOWN
    if isinstance(this, Tensor):
        return this.but(fill="zero" if this.fill == "low" else None)
    return this


OPERATIONS.update(
    eq=compare_method(ast.Eq),
    ne=compare_method(ast.NotEq),
    not_equal=compare_method(ast.NotEq),
    gt=compare_method(ast.Gt),
    ge=compare_method(ast.GtE),
    lt=compare_method(ast.Lt),
    le=compare_method(ast.LtE),
    mul=arithmetic_method(ast.Mult()),
    mul_=arithmetic_method(ast.Mult()),
    multiply=arithmetic_method(ast.Mult()),
    add=arithmetic_method(ast.Add()),
    add_=arithmetic_method(ast.Add()),
    sub=arithmetic_method(ast.Sub()),
    div=arithmetic_method(ast.Div()),
    div_=arithmetic_method(ast.Div()),
    true_divide=arithmetic_method(ast.Div()),
)
