"""What the syntax of a function shows: where an expression stands, what is set before it, and what always runs."""

from __future__ import annotations

import ast
import os
from typing import TYPE_CHECKING

from packlint.plans import Span

if TYPE_CHECKING:
    from packlint.analysis.events import Site
    from packlint.analysis.names import ModuleInfo


def span(site: Site) -> Span:
    """Where the expression of an event stands."""
    source, node = site.module.source, site.node
    row, end_row = getattr(node, "lineno", 1), getattr(node, "end_lineno", 1)
    start, end = getattr(node, "col_offset", 0), getattr(node, "end_col_offset", 0)
    return Span(row, source.column(row, start) - 1, end_row, source.column(end_row, end) - 1)


def place(filename: str, row: int, here: ModuleInfo) -> str:
    """A line as it is told in a message of another file, which may be a notebook."""
    if filename != here.filename:
        return f"{os.path.relpath(filename, os.path.dirname(here.filename))}:{row}".replace(os.sep, "/")
    cell, row = here.source.locate(row)
    return f"line {row}" if cell is None else f"cell {cell}, line {row}"


def constant_of(node: ast.expr) -> object:
    """The value of a number that is written out, be it negative."""
    try:
        return ast.literal_eval(node)
    except ValueError:
        return None


def plain(node: ast.AST) -> bool:
    """A name or an attribute of one: evaluating it once more changes nothing."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)


def assigned(site: Site, name: ast.Name, first: bool = False) -> ast.expr | None:
    """What a variable was last given before it is read, where that is one assignment on every path.

    `first`: it may be the first of several variables that are given parts.
    """
    stores = [
        node
        for node in ast.walk(site.function.node)
        if isinstance(node, ast.Assign)
        and position(node) < position(name)
        and any(isinstance(one, ast.Name) and one.id == name.id for target in node.targets for one in ast.walk(target))
    ]
    last = max(stores, key=position, default=None)
    if last is None or contains(last, name) or not dominates(site, last):
        earlier = [store for store in stores if not contains(store, name)]
        last = max(earlier, key=position, default=None)
    if last is None or not dominates(site, last):
        return None
    target = last.targets[0]
    if first and isinstance(target, ast.Tuple | ast.List) and target.elts:
        target = target.elts[0]
    return last.value if isinstance(target, ast.Name) and target.id == name.id else None


def position(node: ast.AST) -> tuple[int, int]:
    return getattr(node, "lineno", 0), getattr(node, "col_offset", 0)


def contains(outer: ast.AST, inner: ast.AST) -> bool:
    end = (getattr(outer, "end_lineno", 0), getattr(outer, "end_col_offset", 0))
    return position(outer) <= position(inner) < end


def holders(site: Site) -> list[ast.stmt]:
    """The statements around a place, outermost first."""
    found: list[ast.stmt] = []
    block = getattr(site.function.node, "body", [])
    while block:
        holder = next((one for one in block if contains(one, site.node)), None)
        if holder is None:
            break
        found.append(holder)
        blocks = [getattr(holder, name, []) for name in ("body", "orelse", "finalbody")]
        blocks += [handler.body for handler in getattr(holder, "handlers", [])]
        block = next((one for one in blocks if any(contains(part, site.node) for part in one)), [])
    return found


MAYBE = (
    *(ast.If, ast.For, ast.AsyncFor, ast.While, ast.Try, getattr(ast, "TryStar", ast.Try), ast.Match),
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef),
)
"""Statements whose parts may be left out, or run at another time."""


def dominates(site: Site, node: ast.AST) -> bool:
    """Whether an earlier expression of the function is evaluated whenever the place is reached, and before it."""
    if contains(site.node, node):
        return True  # an argument
    block = getattr(site.function.node, "body", [])
    for holder in holders(site):
        for earlier in block:
            if earlier is holder:
                break
            if contains(earlier, node):
                return not isinstance(earlier, MAYBE)
        if contains(holder, node):
            blocks = [getattr(holder, name, []) for name in ("body", "orelse")]
            inner = next((one for one in blocks if any(contains(part, site.node) for part in one)), [])
            if not any(contains(part, node) for part in inner):
                return position(node) < position(site.node) and not any(
                    contains(part, node) for one in blocks for part in one
                )
            block = inner
    return False
