"""Sorting by length, and permutations of the batch."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from packlint.analysis.events import Meet
from packlint.analysis.lengths import lengths_word, scores_word
from packlint.analysis.names import code_of
from packlint.analysis.tensors.base import as_tensor, operation, short
from packlint.analysis.tensors.masks import rebind_in_place
from packlint.analysis.values import NONE, UNKNOWN, Permutation, Sequence, Tensor, Value, truth

if TYPE_CHECKING:
    from packlint.analysis.flow import Frame


def sort_of(permutation: Permutation) -> str | None:
    """How lengths are sorted that are put into an order."""
    if permutation.by_lengths is False:
        return "no"
    if permutation.by_lengths is None or permutation.descending is None:
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
        known = at if index.perm.by_lengths and value.axes is None and at < 2 else value.batch
        return value.but(order=index.perm, batch=known, sort=value.sort if value.role == "lengths" else None)
    if index.inverse is not None:
        if value.order is index.inverse:
            index.inverse.undone.append(frame.fact(node, f"put back by `{short(node)}`"))
            return value.but(order=None)
        if value.order is None:
            return value
        return value.but(order=None)
    if index.role == "mask":
        return selected(value)
    return value.but(order=None) if index.role == "index" else value


def selected(value: Tensor) -> Tensor:
    """The rows or steps that a mask picks: as many as it likes, in the same order and on the same device."""
    kept = Tensor("selected", call=value.call, roots=value.roots, sort=value.sort)
    return kept.but(device=value.device, device_facts=value.device_facts)


@operation("sort")
def sort(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    """(sorted values, the permutation that sorts), of NumPy the values alone; a permutation's is its inverse."""
    made = values_and_order(frame, node, this, args, keywords)
    of_numpy = isinstance(node, ast.Call) and code_of(node.func) in {"np.sort", "numpy.sort"}
    return made.items[0] if of_numpy and isinstance(made, Sequence) and made.items else made


def values_and_order(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    tensor = as_tensor(this)
    called = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "sort"
    if isinstance(this, Sequence) and called:
        return NONE
    given = keywords.get("descending", args[1] if len(args) > 1 else None)
    descending = truth(given) if given is not None else False
    if tensor.perm is not None:
        return Sequence([Tensor(role="index"), Tensor(role="index", inverse=tensor.perm)], kind="tuple")
    if tensor.counted == "negative" and descending is not None:
        descending = not descending
    sort = None if descending is None else "desc" if descending else "asc"
    way = tuple(site.key for site in frame.stack)
    if tensor.role != "lengths":
        fact = frame.fact(node, f"sorted by `{short(node)}`")
        other = Permutation(descending, sorts_lengths(tensor, node), fact, tensor, way)
        order = other if sortable(tensor) else None
        values = tensor.but(sort=sort, order=order)
        return Sequence([values, Tensor(role="index", perm=order)], kind="tuple")
    fact = frame.fact(node, f"sorted by length: `{short(node)}`")
    permutation = Permutation(descending, True, fact, tensor, way)
    values = tensor.but(sort=sort, order=permutation)
    index = Tensor(role="index", perm=permutation, device=tensor.device)
    return Sequence([values, index], kind="tuple")


def sorts_lengths(tensor: Tensor, node: ast.AST) -> bool | None:
    """Whether what a call sorts are lengths, by its name; None where the name does not tell."""
    name = sorted_name(node)
    if "len" in tensor.word or lengths_word(name):
        return True
    return False if scores_word(name) else None


def sorted_name(node: ast.AST) -> str:
    """The name of what a call sorts: `lengths` of `lengths.sort()` and of `torch.sort(lengths)`."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return ""
    target = node.args[0] if node.func.attr in {"sort", "argsort", "topk"} and node.args else node.func.value
    while isinstance(target, (ast.UnaryOp, ast.Call)):  # `-lengths`, `lengths.squeeze(1)`
        inner = target.operand if isinstance(target, ast.UnaryOp) else getattr(target.func, "value", None)
        if not isinstance(inner, ast.expr):
            break
        target = inner
    if isinstance(target, ast.Constant) or (
        isinstance(node.func.value, ast.Name) and node.func.value.id not in LIBRARIES
    ):
        target = node.func.value
    return target.id if isinstance(target, ast.Name) else target.attr if isinstance(target, ast.Attribute) else ""


LIBRARIES = {"torch", "np", "numpy", "th"}


def sortable(tensor: Tensor) -> bool:
    return len(tensor.axes or ()) < 2 and tensor.call is None


@operation("argsort")
def argsort(frame: Frame, node: ast.AST, this: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    result = sort(frame, node, this, args, keywords)
    return result.items[1] if isinstance(result, Sequence) and result.items else UNKNOWN


@operation("scatter", "scatter_", "index_copy_", "index_copy")
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
