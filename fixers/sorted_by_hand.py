"""A sort by length, what applies it and what undoes it go, and the pack takes rows in any order."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from packlint.fixers.base import Fixer
from packlint.fixers.calls import PACK, with_argument
from packlint.fixers.draft import Draft, FixError, named
from packlint.fixers.parts import plain, root, tail
from packlint.plans import SortedByHand, Step

SORTS = {"sort", "argsort"}
PICKS = {"index_select"}


class SortedByHandFixer(Fixer):
    """Leave the order of a batch to `enforce_sorted=False`."""

    step = SortedByHand

    def note(self, draft: Draft, step: Step) -> None:
        assert isinstance(step, SortedByHand)
        pack = draft.node(step.at, cst.Call)
        function = draft.function(pack)
        sort = next((one for one in _assignments(function) if draft.spans[one].row == step.sort), None)
        if sort is None or len(sort.targets) != 1:
            raise FixError("the sort is in no assignment of its own")
        order = _sorted_into(draft, function, sort)
        gone: list[cst.Assign] = [sort]
        orders = [order]
        for one in _assignments(function):
            inverse = _inverse(one, order)
            if inverse is not None:
                gone.append(one)
                orders.append(inverse)
        inside = {node for one in gone for node in _below(one)}
        for name in orders:
            stores = [one for one in draft.stores(function, name) if one not in inside]
            if stores:
                raise FixError(f"`{name}` is set anew")
            for use in named(function, name):
                if use not in inside:
                    _unpicked(draft, use)
        for one in gone:
            draft.remove(one)

        def change(updated: cst.BaseExpression) -> cst.BaseExpression:
            assert isinstance(updated, cst.Call)
            return with_argument(updated, "enforce_sorted", cst.Name("False"), PACK)

        draft.change(pack, change)


def _assignments(function: cst.CSTNode) -> Iterator[cst.Assign]:
    return (one for one in _below(function) if isinstance(one, cst.Assign))


def _below(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    todo = [node]
    while todo:
        one = todo.pop()
        yield one
        todo.extend(one.children)


def _sorted_into(draft: Draft, function: cst.CSTNode, sort: cst.Assign) -> str:
    """The variable of the order. Sorted lengths become the lengths; raises where that cannot be."""
    target, value = sort.targets[0].target, sort.value
    if isinstance(target, cst.Name):
        return target.value
    if not isinstance(target, cst.Tuple) or len(target.elements) != 2 or not isinstance(value, cst.Call):
        raise FixError("the sort is of a form that is not known")
    lengths, order = (one.value for one in target.elements)
    if not isinstance(lengths, cst.Name) or not isinstance(order, cst.Name) or tail(value.func) != "sort":
        raise FixError("the sort is of a form that is not known")
    of = _sorted_of(draft, value)
    if lengths.value not in {"_", root(of)}:
        later = any(draft.spans[one] > draft.spans[sort] for one in draft.stores(function, root(of)))
        if later or len([*draft.stores(function, lengths.value)]) > 1:
            raise FixError(f"`{lengths.value}` is set anew")
        for use in named(function, lengths.value):
            if use is not lengths:
                draft.change(use, lambda _: of, result=True)
    elif lengths.value != "_" and not isinstance(of, cst.Name):
        raise FixError("what is sorted is no variable")
    return order.value


def _sorted_of(draft: Draft, call: cst.Call) -> cst.BaseExpression:
    """What is sorted."""
    function = call.func
    if isinstance(function, cst.Attribute) and plain(function.value):
        if root(function.value) not in draft.imports.aliases:
            return function.value
    if call.args and not call.args[0].star and plain(call.args[0].value):
        return call.args[0].value
    raise FixError("what is sorted is no variable")


def _inverse(one: cst.Assign, order: str) -> str | None:
    """The variable that an assignment gives the inverse of an order: `order.argsort()`, `torch.sort(order)[1]`."""
    if not any(True for _ in named(one.value, order)) or len(one.targets) != 1:
        return None
    value, second = one.value, False
    while not isinstance(value, cst.Call) or tail(value.func) not in SORTS:
        if isinstance(value, cst.Call) and isinstance(value.func, cst.Attribute) and not value.args:
            value = value.func.value  # .long()
        elif isinstance(value, cst.Subscript) and len(value.slice) == 1:
            index = value.slice[0].slice
            if not isinstance(index, cst.Index) or not isinstance(index.value, cst.Integer):
                return None
            second, value = index.value.value == "1", value.value
        else:
            return None
    target = one.targets[0].target
    if isinstance(target, cst.Tuple) and len(target.elements) == 2 and tail(value.func) == "sort":
        first, inverse = (part.value for part in target.elements)
        return inverse.value if isinstance(inverse, cst.Name) and root(first) == "_" else None
    whole = tail(value.func) == "argsort" or second
    return target.value if isinstance(target, cst.Name) and whole else None


def _unpicked(draft: Draft, use: cst.Name) -> None:
    """`x[order]`, `x[:, order]`, `x.index_select(0, order)` become `x`; raises for any other use."""
    index = _inverted(draft, use)
    outer = draft.parents[index]
    if isinstance(outer, cst.Index):
        subscript = draft.parents[draft.parents[outer]]
        if isinstance(subscript, cst.Subscript) and all(_whole(one.slice, index) for one in subscript.slice):
            draft.change(subscript, _receiver, result=True)
            draft.drops_itself(subscript)
            return
    call = draft.parents[outer] if isinstance(outer, cst.Arg) else None
    if isinstance(call, cst.Call) and tail(call.func) in PICKS and isinstance(call.func, cst.Attribute):
        if root(call.func.value) not in draft.imports.aliases:
            draft.change(call, _receiver, result=True)
            draft.drops_itself(call)
            return
        if len(call.args) == 3 and not any(one.star for one in call.args):
            draft.change(call, _first, result=True)
            draft.drops_itself(call)
            return
    raise FixError(f"`{use.value}` is used for more than the order of rows")


def _inverted(draft: Draft, use: cst.Name) -> cst.CSTNode:
    """`order.argsort()` and `torch.argsort(order)`, where an order stands in one, else the order itself."""
    outer = draft.parents[use]
    call = draft.parents.get(outer)
    if isinstance(call, cst.Call) and tail(call.func) == "argsort" and (outer is call.func or len(call.args) == 1):
        return call
    return use


def _whole(part: cst.BaseSlice, index: cst.CSTNode) -> bool:
    if isinstance(part, cst.Index):
        return part.value is index
    return isinstance(part, cst.Slice) and part.lower is None and part.upper is None and part.step is None


def _first(updated: cst.BaseExpression) -> cst.BaseExpression:
    """The same of `torch.index_select(x, 0, order)`."""
    assert isinstance(updated, cst.Call)
    return updated.args[0].value


def _receiver(updated: cst.BaseExpression) -> cst.BaseExpression:
    """What a row is picked of."""
    if isinstance(updated, cst.Subscript):
        return updated.value
    assert isinstance(updated, cst.Call)
    assert isinstance(updated.func, cst.Attribute)
    return updated.func.value
