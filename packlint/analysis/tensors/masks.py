"""Masks, and what stands at the padded steps where they were applied."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from packlint.analysis.names import code_of
from packlint.analysis.tensors.base import LOW, as_tensor, dimension, first_of, library_function, operation
from packlint.analysis.tensors.meeting import meet_widths
from packlint.analysis.values import UNKNOWN, Const, Tensor, Value, constant

if TYPE_CHECKING:
    from packlint.analysis.flow import Frame


def bias_of(mask: Tensor, factor: Const) -> Tensor:
    """A mask times a large number, to be added to scores or taken from them."""
    large = isinstance(factor.value, (int, float)) and abs(factor.value) >= -LOW
    return mask.but(fill="bias") if large else mask


def negated(mask: Tensor) -> Tensor:
    """A mask that is true where this one is false."""
    return mask.but(valid=None if mask.valid is None else not mask.valid, word=f"not {mask.word}")


def is_bias(value: Tensor) -> bool:
    """A mask turned into large negative numbers."""
    return value.fill == "bias"


def masked(value: Tensor, fill: str) -> Tensor:
    """A mask laid over a value: the padded steps are zero or very low now."""
    if value.pool is not None:
        value.pool.masked = True
    if value.read is not None:
        value.read.masked = True
    return value.but(fill=fill)


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


PAD_NAME = re.compile(r"(?<!un)mask_(?:value|index|idx)")


def pad_like(value: Value, node: ast.expr) -> bool:
    """Whether a value is a pad id: 0, 1, -1, or a name that says so."""
    found = constant(value)
    if isinstance(found, int) and not isinstance(found, bool):
        return found in {0, 1, -1, -100}
    text = code_of(node).lower() if not isinstance(node, ast.Constant) else ""
    return "pad" in text or PAD_NAME.search(text) is not None


@operation("any")
def any_(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    """`if padding.any():` holds on every batch that is padded; the others need no mask."""
    whole = isinstance(this, Tensor) and this.role == "mask" and this.valid is False and not args and not keywords
    return Const(True) if whole else UNKNOWN


@operation("masked_fill", "masked_fill_")
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
    if isinstance(found, (int, float)):
        return "low" if found <= LOW else "floor" if found == 0 else "filled"
    return (value.fill if isinstance(value, Tensor) and value.axes == () else None) or "low"


def rebind_in_place(frame: Frame, node: ast.AST, value: Value) -> None:
    """`x.f_(...)` changes x."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr.endswith("_"):
        target = node.func.value
        while isinstance(target, ast.Attribute) and target.attr == "data":
            target = target.value
        frame.rebind(target, value)


@library_function("where")
def where(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    """`torch.where(mask, scores, low)`; `torch.where(mask, 1, 0)` is the mask itself."""
    chosen = written_mask(as_tensor(this), args)
    if chosen is not None:
        return chosen
    for at, item in enumerate(args):
        tensor = as_tensor(first_of(item))
        if tensor.role == "lengths":
            return tensor.but(counted="clamped")
        if tensor.call is not None or tensor.pad is not None or tensor.role:
            other = args[1 - at] if len(args) == 2 else None
            return tensor.but(fill=fill_of(other, node) if other is not None else "low")
    return as_tensor(args[0]) if args else UNKNOWN


def written_mask(test: Tensor, args: list[Value]) -> Tensor | None:
    """A mask written with ones and zeros where another holds and where it does not."""
    ones = [all_ones(item) for item in args]
    if test.role != "mask" or len(ones) != 2 or None in ones or ones[0] == ones[1]:
        return None
    return test if ones[0] else negated(test)


def all_ones(value: Value) -> bool | None:
    """Whether a value is 1 or a tensor of ones (0 or zeros: False); None where it is something else."""
    if isinstance(value, Tensor):
        return value.word == "ones" if value.role == "buffer" and (value.word == "ones" or value.fill) else None
    found = constant(value)
    return bool(found) if found in (0, 1) else None


def mask_sum(frame: Frame, node: ast.AST, mask: Tensor, args: list[Value], keywords: dict[str, Value]) -> Value:
    """Lengths counted from a mask whose true entries are the real steps."""
    at = dimension(args, keywords)
    if at is None and not args and "dim" not in keywords:
        return UNKNOWN
    return Tensor(
        role="pad count" if mask.valid is False else "lengths",
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
