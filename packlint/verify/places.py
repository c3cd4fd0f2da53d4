"""Places in code: probes are put around them, and found again in what a rewrite made of the code.

A probe hands its expression's value on and changes no line, so that tracebacks stay true.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher

from packlint.verify.evidence import Spot

AT = "__packlint_at__"

Function = ast.FunctionDef | ast.AsyncFunctionDef


def node_at(tree: ast.AST, text: str, spot: Spot) -> ast.expr | None:
    """The expression that stands exactly there."""
    lines = text.splitlines(keepends=True)

    def characters(row: int, column: int) -> int:
        line = lines[row - 1] if row <= len(lines) else ""
        return len(line.encode()[:column].decode(errors="replace"))

    for node in ast.walk(tree):
        if isinstance(node, ast.expr) and (node.lineno, node.end_lineno) == (spot.row, spot.end_row):
            ends = characters(node.lineno, node.col_offset), characters(spot.end_row, node.end_col_offset or 0)
            if ends == (spot.column, spot.end_column):
                return node
    return None


def function_of(tree: ast.AST, name: str) -> Function | None:
    """The function of a dotted name, `Class.method`; the last of that name, as Python takes it."""
    node: ast.AST = tree
    for part in name.split("."):
        found = [
            one
            for one in ast.walk(node)
            if isinstance(one, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and one.name == part
        ]
        if not found:
            return None
        node = found[-1]
    return node if isinstance(node, Function) else None


def around(tree: ast.AST, node: ast.AST) -> Function | None:
    """The innermost function that holds a node."""
    inner: Function | None = None
    for one in ast.walk(tree):  # outer ones come first
        if isinstance(one, Function) and any(child is node for child in ast.walk(one)):
            inner = one
    return inner


def probed(tree: ast.Module, places: Mapping[str, ast.expr]) -> ast.Module:
    """The same code, with a probe around each place; the tree given is left as it is."""
    keys = {id(node): key for key, node in places.items()}

    class Probes(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST:
            key = keys.get(id(node))
            made = self.generic_visit(node)
            if key is None or not isinstance(made, ast.expr):
                return made
            call = ast.Call(ast.Name(AT, ast.Load()), [ast.Constant(key), made], [])
            return ast.fix_missing_locations(ast.copy_location(call, made))

    # `generic_visit` changes nodes in place: work on a copy, in which each node is known by its twin.
    twins = copy.deepcopy(tree)
    keys = {
        id(twin): keys[id(node)] for node, twin in zip(ast.walk(tree), ast.walk(twins), strict=True) if id(node) in keys
    }
    made = Probes().visit(twins)
    assert isinstance(made, ast.Module)
    return made


def counterpart(before: ast.AST, after: ast.AST, node: ast.AST) -> ast.AST | None:
    """What stands in `after` where `node` stands in `before`; None where that does not show."""
    path = path_to(before, node)
    here: ast.AST = after
    pairs = dict(pairs_of(getattr(before, "body", []), getattr(after, "body", [])))
    found: ast.AST | None = after
    last = before
    for step, inner in path:
        if isinstance(inner, ast.stmt):
            here_or_none = pairs.get(id(inner))
            if here_or_none is None:
                return None
            here = here_or_none
            bodies = zip(blocks(inner), blocks(here), strict=False)
            pairs = {k: v for a, b in bodies for k, v in pairs_of(a, b)}
        else:
            if type(last) is not type(here):
                return None
            field, index = step
            value = getattr(here, field, None)
            if index is not None:
                if not isinstance(value, list) or index >= len(value):
                    return None
                value = value[index]
            if not isinstance(value, ast.AST):
                return None
            here = value
        last = inner
        found = here
    return found


def path_to(root: ast.AST, node: ast.AST) -> list[tuple[tuple[str, int | None], ast.AST]]:
    """The fields that lead from a root to a node, each with the node that it leads to."""

    def search(here: ast.AST) -> list[tuple[tuple[str, int | None], ast.AST]] | None:
        for field, value in ast.iter_fields(here):
            for index, inner in enumerate(value) if isinstance(value, list) else [(None, value)]:
                if inner is node:
                    return [((field, index), inner)]
                if isinstance(inner, ast.AST):
                    rest = search(inner)
                    if rest is not None:
                        return [((field, index), inner), *rest]
        return None

    return search(root) or []


def blocks(statement: ast.AST) -> list[list[ast.stmt]]:
    """The blocks of a compound statement, in order."""
    found = [getattr(statement, field, []) for field in ("body", "orelse", "finalbody")]
    for handler in getattr(statement, "handlers", []):
        found.append(handler.body)
    return [block for block in found if isinstance(block, list)]


def pairs_of(before: Sequence[ast.stmt], after: Sequence[ast.stmt]) -> Iterator[tuple[int, ast.stmt]]:
    """Which statement became which: by id of the one before."""
    left, right = [ast.dump(one) for one in before], [ast.dump(one) for one in after]
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if tag == "equal":
            yield from ((id(a), b) for a, b in zip(before[i1:i2], after[j1:j2], strict=True))
        elif tag == "replace":
            yield from _alike(before[i1:i2], after[j1:j2])


def _alike(before: Sequence[ast.stmt], after: Sequence[ast.stmt]) -> Iterator[tuple[int, ast.stmt]]:
    begin = 0
    for one in before:
        fitting = [at for at in range(begin, len(after)) if _fits(one, after[at])]
        if fitting:
            best = max(fitting, key=lambda at: (_same_names(one, after[at]), _likeness(one, after[at]), -at))
            yield id(one), after[best]
            begin = best + 1


def _fits(one: ast.stmt, other: ast.stmt) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return one.name == getattr(other, "name", None)
    return not isinstance(one, ast.Assign) or _same_names(one, other) or _likeness(one, other) > 0.6


def _same_names(one: ast.stmt, other: ast.stmt) -> bool:
    return bool(names_set(one) & names_set(other))


def _likeness(one: ast.stmt, other: ast.stmt) -> float:
    return SequenceMatcher(None, ast.dump(one), ast.dump(other), autojunk=False).ratio()


def names_set(node: ast.AST) -> set[str]:
    """The names that a statement assigns, attributes of names as they are written."""
    return {
        ast.unparse(one)
        for one in ast.walk(node)
        if isinstance(one, ast.Name | ast.Attribute | ast.Subscript) and isinstance(one.ctx, ast.Store)
    }


def names_read(nodes: Iterable[ast.AST]) -> set[str]:
    """The names that are read, attributes of names as they are written, too."""
    return {
        ast.unparse(one)
        for node in nodes
        for one in ast.walk(node)
        if isinstance(one, ast.Name | ast.Attribute) and isinstance(one.ctx, ast.Load)
    }
