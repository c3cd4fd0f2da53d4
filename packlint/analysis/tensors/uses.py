"""What happens to a result that leaves the sight of the analysis: returned, or given to something unknown."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import TYPE_CHECKING

from packlint.analysis.events import Fact, Meet, PackedUse
from packlint.analysis.lengths import lengths_word, mask_word
from packlint.analysis.names import ClassInfo, FunctionInfo, dotted, remembered
from packlint.analysis.values import UNKNOWN, Packed, Sequence, State, Tensor, Value, alternatives

if TYPE_CHECKING:
    from packlint.analysis.flow import Frame


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
        parts = flat(item)
        for one in parts:
            for alternative in alternatives(one):
                tensor = alternative.h if isinstance(alternative, State) else alternative
                if isinstance(tensor, Tensor) and tensor.unpacked is not None and "T" in (tensor.axes or ("T",)):
                    tensor.unpacked.uses.setdefault("returned", frame.fact(node, "its output is returned"))
                if isinstance(tensor, Tensor) and tensor.call is not None and frame.caller is None:
                    tensor.call.uses.setdefault(f"returned {tensor.role}", frame.fact(node, "it is returned"))
                if isinstance(tensor, Tensor) and tensor.order is not None:
                    returned_in_order(frame, node, tensor, parts)


def flat(value: Value) -> list[Value]:
    """What a tuple of tuples holds; anything else by itself."""
    if not isinstance(value, Sequence):
        return [value]
    items = value.items or [value.item()]
    return [inner for item in items for inner in (flat(item) if isinstance(item, Sequence) and item.items else [item])]


def returned_in_order(frame: Frame, node: ast.expr, tensor: Tensor, parts: list[Value]) -> None:
    """A result in the sorted order leaves the function that sorted, and the order does not go with it."""
    permutation = tensor.order
    through_packing = tensor.call.packed if tensor.call is not None else tensor.unpacked is not None
    if permutation is None or not through_packing or not permutation.by_lengths:
        return
    if not inside(frame.info, permutation.fact) or frame.info.name == "<module>":
        return
    for value in parts:
        for item in alternatives(value):
            if isinstance(item, Tensor) and (item.perm is permutation or item.inverse is permutation):
                return
            own = isinstance(item, Tensor) and item.call is None and item.unpacked is None
            if own and isinstance(item, Tensor) and item.order is permutation:
                return
    frame.run.emit(Meet(frame.site(node), tensor, UNKNOWN, "returned", permutation))


@remembered
def packed_with(owner: ClassInfo) -> frozenset[str]:
    """The names under which the methods of a class take the lengths that they pack with."""
    found: set[str] = set()
    for method in owner.methods.values():
        if not method.is_recurrent():
            continue
        own = {parameter.arg for parameter in method.parameters}
        for node in ast.walk(method.node):
            if isinstance(node, ast.Call) and packs_padded(method, node.func):
                given = [*node.args[1:2], *(keyword.value for keyword in node.keywords if keyword.arg == "lengths")]
                found |= {name.id for name in map(moved_name, given) if name is not None} & own
    return frozenset(found)


def packs_padded(info: FunctionInfo, called: ast.expr) -> bool:
    name = dotted(called).rpartition(".")[2]
    return "pack_padded_sequence" in {name, (info.module.imports.get(name) or ("", None, 0))[1]}


def moved_name(node: ast.expr) -> ast.Name | None:
    """The variable in `n`, `n.cpu()`, `n.to("cpu").tolist()`."""
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        node = node.func.value
    return node if isinstance(node, ast.Name) else None


def used_as_size(info: FunctionInfo, name: str) -> bool:
    """Whether a parameter is one number: an argument of range, of a view or of an allocation, or compared with one."""
    return name in sizes_in(info)


@remembered
def sizes_in(info: FunctionInfo) -> frozenset[str]:
    """The names that a function uses as one number."""
    found: set[str] = set()
    for node in ast.walk(info.node):
        if isinstance(node, ast.Call):
            function = node.func
            called = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
            if called in SIZE_TAKERS:
                found.update(argument.id for argument in node.args if isinstance(argument, ast.Name))
        elif isinstance(node, ast.Slice):
            if isinstance(node.upper, ast.Name):
                found.add(node.upper.id)
        elif isinstance(node, ast.arg) and isinstance(node.annotation, ast.Name):
            if node.annotation.id in {"int", "float", "bool", "str"}:
                found.add(node.arg)
    return frozenset(found)


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


@remembered
def without_lengths(function: ast.AST, node: ast.AST) -> bool:
    """Whether an expression stands where a test has found no mask and no lengths: nothing is padded there."""
    row = getattr(node, "lineno", 0)
    for branch in ast.walk(function):
        if isinstance(branch, ast.If) and (none := none_branch(branch.test)) is not None:
            taken = branch.body if none else branch.orelse
            other = branch.orelse if none else branch.body
            if taken and taken[0].lineno <= row <= (taken[-1].end_lineno or row):
                return True
            leaves = bool(other) and isinstance(other[-1], (ast.Return, ast.Raise))
            if not taken and leaves and row > (branch.end_lineno or row):
                return True
    return False


def none_branch(test: ast.expr) -> bool | None:
    """Where a test asks for a mask or lengths: the outcome for which there are none."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        inner = none_branch(test.operand)
        return None if inner is None else not inner
    none = False
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], (ast.Is, ast.IsNot)):
        if not (isinstance(test.comparators[0], ast.Constant) and test.comparators[0].value is None):
            return None
        none, test = isinstance(test.ops[0], ast.Is), test.left
    name = test.id if isinstance(test, ast.Name) else test.attr if isinstance(test, ast.Attribute) else ""
    return none if lengths_word(name) or mask_word(name) else None


@remembered
def printed(function: ast.AST, node: ast.AST) -> bool:
    """Whether a value is only shown."""
    calls = (call for call in ast.walk(function) if isinstance(call, ast.Call) and isinstance(call.func, ast.Name))
    return any(node in call.args for call in calls if getattr(call.func, "id", "") == "print")


def inside(info: FunctionInfo, fact: Fact) -> bool:
    """Whether a fact stands in a function."""
    first, last = getattr(info.node, "lineno", 0), getattr(info.node, "end_lineno", 0) or 0
    return fact.filename == info.module.filename and first <= fact.row <= last


def packed_misused(frame: Frame, node: ast.AST, value: Value, how: str) -> bool:
    if isinstance(value, Packed):
        frame.run.emit(PackedUse(frame.site(node), how, value.fact))
        return True
    return False
