"""What a project writes for a name: the literals that are assigned to it, passed as it, or its default."""

from __future__ import annotations

import ast
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from os.path import commonpath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from packlint.analysis.project import Project

FILES = 40  # that are read for this, the nearest first
BYTES = 400_000  # of a file; a longer one does not parse where it is cut, and is left out
CALLS = 8


def words_of(trees: Sequence[ast.Module]) -> dict[str, list[Any]]:
    """By name, the literals that files write for it, the commonest first."""
    counts: dict[str, Counter[Any]] = {}
    asked: set[str] = set()
    for tree in trees:
        for name, value in _written(tree):
            counts.setdefault(name, Counter())[value] += 1
        asked |= _asked(tree)
    for name in asked - counts.keys():
        counts[name] = Counter([False])
    return {name: [value for value, _ in found.most_common(4)] for name, found in counts.items()}


def calls_of(trees: Sequence[ast.Module], owner: str) -> tuple[tuple[list[Any], dict[str, Any]], ...]:
    """The arguments of the calls of a class; `...` where one is no literal."""
    name = owner.rpartition(".")[2]
    found = []
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _last(node.func) == name and (node.args or node.keywords):
                positional = [_literal(one) for one in node.args]
                keywords = {one.arg: _literal(one.value) for one in node.keywords if one.arg is not None}
                found.append((positional, keywords))
    return tuple(found[:CALLS])


def trees_near(project: Project, path: str) -> list[ast.Module]:
    """The file and others of its project, those in the same folder first."""
    root = str(project.root)
    files: list[str] = []
    for folder, inner, names in os.walk(root):
        inner[:] = [one for one in inner if not one.startswith(".") and one not in {"node_modules", "venv"}]
        files += (os.path.join(folder, name) for name in names if name.endswith(".py"))
        if len(files) > 2000:
            break
    near = os.path.dirname(path) or root  # standard input is nowhere
    files.sort(key=lambda one: (one != path, os.path.dirname(one) != near, -len(commonpath([one, near])), one))
    found = []
    for one in files[:FILES]:
        with suppress(OSError, SyntaxError, ValueError), open(one, "rb") as stream:
            found.append(ast.parse(stream.read(BYTES)))
    return found


def _written(tree: ast.Module) -> Iterator[tuple[str, Any]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                yield from _pair(_last(target), node.value)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            yield from _pair(_last(node.target), node.value)
        elif isinstance(node, ast.keyword) and node.arg is not None:
            yield from _pair(node.arg, node.value)
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    yield from _pair(key.value, value)
        elif isinstance(node, ast.FunctionDef):
            given = node.args.args[len(node.args.args) - len(node.args.defaults) :]
            for argument, default in zip(given, node.args.defaults, strict=True):
                yield from _pair(argument.arg, default)
        if isinstance(node, ast.Call) and _last(node.func) == "add_argument":
            flags = [one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
            for keyword in node.keywords:
                if keyword.arg == "default" and flags:
                    yield from _pair(flags[-1].lstrip("-").replace("-", "_"), keyword.value)
                if keyword.arg == "action" and isinstance(keyword.value, ast.Constant) and flags:
                    yield flags[-1].lstrip("-").replace("-", "_"), keyword.value.value == "store_false"


def _asked(tree: ast.Module) -> set[str]:
    """Names that are asked whether they are true; of directions, both are of interest."""
    tests = [node.test for node in ast.walk(tree) if isinstance(node, ast.If | ast.IfExp)]
    tests = [one.operand if isinstance(one, ast.UnaryOp) else one for one in tests]
    names = {_last(one) for one in tests if isinstance(one, ast.Name | ast.Attribute)}
    return {name for name in names if name and "bi" not in name.lower()}


def _pair(name: str, node: ast.expr) -> Iterator[tuple[str, Any]]:
    value = _literal(node)
    if name and value is not Ellipsis and not isinstance(value, dict | set):
        try:
            hash(value)
        except TypeError:
            return
        yield name, value


def _literal(node: ast.expr) -> Any:
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return Ellipsis
    return tuple(value) if isinstance(value, list) else value


def _last(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
