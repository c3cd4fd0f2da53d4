"""Tensors that meet: in the same order of samples, and with the same number of steps."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from packlint.analysis.events import Meet
from packlint.analysis.tensors.base import per_sample
from packlint.analysis.tensors.uses import inside
from packlint.analysis.values import UNKNOWN, Permutation, Tensor, Unknown, Value, alternatives

if TYPE_CHECKING:
    from packlint.analysis.flow import Frame


def meet(frame: Frame, node: ast.AST, a: Tensor, b: Tensor) -> None:
    """Two per-sample tensors come together: their orders, layouts and widths should agree."""
    meet_orders(frame, node, a, b)
    for one, other in ((a, b), (b, a)):
        if one.unpacked is not None and other.unpacked is not one.unpacked and per_sample(other):
            if clash(one.axes, other.axes):
                frame.run.emit(Meet(frame.site(node), one, other, "layout", None, one.unpacked))
    meet_widths(frame, node, a, b)


def read_otherwise(frame: Frame, node: ast.AST, value: Tensor) -> None:
    """What unpack gave is read in a way that makes sense in the other layout only."""
    if value.unpacked is not None:
        frame.run.emit(Meet(frame.site(node), value, UNKNOWN, "layout", None, value.unpacked))


def meet_labels(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> None:
    """A loss compares scores with labels: in the order that this function sorted, of the width that was unpacked."""
    target = keywords.get("target", args[1] if len(args) > 1 else None)
    meet_flat_labels(frame, node, args, target)
    for scores in alternatives(args[0]) if args and target is not None else ():
        order = scores.order if isinstance(scores, Tensor) and scores.call is not None and scores.call.packed else None
        if order is None or not order.by_lengths or not inside(frame.info, order.fact):
            continue
        for labels in alternatives(target) if target is not None else ():
            if in_data_order(frame, labels):
                frame.run.emit(Meet(frame.site(node), scores, labels, "order", order))


def meet_flat_labels(frame: Frame, node: ast.AST, args: list[Value], target: Value | None) -> None:
    """Scores and labels with the steps of all samples on one axis: as many of the one as of the other."""
    for scores in alternatives(args[0]) if args and target is not None else ():
        if not isinstance(scores, Tensor) or scores.unpacked is None or scores.where("T") is not None:
            continue
        for labels in alternatives(target) if target is not None else ():
            if isinstance(labels, Tensor) and labels.axes == ("?",) and labels.width_of == "fixed":
                scores.unpacked.uses.setdefault("width", frame.fact(node, "meets labels of the padded length"))


def in_data_order(frame: Frame, value: Value) -> bool:
    """Whether labels are as they came: an argument of the function, or what a loader gave."""
    if isinstance(value, Tensor):
        return value.order is None and value.call is None and value.role is None and value.form == "tensor"
    return isinstance(value, Unknown) and (value.key or "").rpartition(":")[2] in {p.arg for p in frame.info.parameters}


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
        if (
            one.order is not None
            and one.order.by_lengths is not False
            and per_sample(other)
            and one.call is not None
            and one.call.packed
        ):
            frame.run.emit(Meet(frame.site(node), one, other, "order", one.order))


def meet_widths(frame: Frame, node: ast.AST, a: Tensor, b: Tensor) -> None:
    """An unpacked output, as long as the longest sequence of its batch, meets a tensor of a fixed width."""
    for one, other in ((a, b), (b, a)):
        if one.unpacked is None or other.unpacked is not None or not keeps_width(other) or clash(one.axes, other.axes):
            continue
        if one.where("T") is not None and other.where("T") is not None and other.where("B") is not None:
            one.unpacked.uses.setdefault("width", frame.fact(node, "meets a tensor of the padded length"))


def same_order(a: Permutation | None, b: Permutation | None) -> bool:
    """Whether two orders are one: the same sort, also where it was walked more than once.

    A helper that sorts and is called twice gives two orders, unless it is given the same lengths.
    """
    if a is None or b is None or a is b:
        return a is b
    alike = a.of is b.of or a.of is None or b.of is None or bool(a.of.roots & b.of.roots)
    return a.fact == b.fact and (a.called == b.called or alike)


def keeps_width(value: Tensor) -> bool:
    return value.pad is not None and value.unpacked is None and value.pad.width == "fixed"


def clash(a: tuple[str, ...] | None, b: tuple[str, ...] | None) -> bool:
    """Whether batch and time are laid out differently."""
    if a is None or b is None or "B" not in a or "T" not in a or "B" not in b or "T" not in b or len(a) != len(b):
        return False
    return a.index("B") == b.index("T") and a.index("T") == b.index("B")
