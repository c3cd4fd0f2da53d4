"""Whether a rewrite changes no line that its plan does not name.

A plan names expressions and, for a sort by hand, a row. The lines that may change are those of the statements that hold
them, the imports, and for a sort those that use the order it gives; lines may come right above or below them. It is
worked out from the text and the plans alone, with `ast` and `difflib`: nothing that a fixer says of itself is believed.
"""

from __future__ import annotations

import ast
import dataclasses
import difflib
from collections.abc import Iterator, Sequence
from pathlib import Path

from packlint.config import ProjectFacts
from packlint.edits import applied
from packlint.engine import Task, check_file, forget
from packlint.fixers import rewrite
from packlint.fixing import ROUNDS, place, wanted
from packlint.plans import Fix, SortedByHand, Span
from packlint.source import read_source

LAYOUT = ("", "#", ")", "]", "}", '"""', "'''")


def unnamed(before: str, after: str, fixes: Sequence[Fix]) -> list[str]:
    """The lines that were changed, taken away or added where no plan names anything near, with their rows."""
    tree, old, new = ast.parse(before), before.split("\n"), after.split("\n")
    rows = named(tree, fixes)
    imports = {row for node in ast.walk(tree) if isinstance(node, IMPORTS) for row in _rows(node)}
    found: list[str] = []
    for tag, i, j, k, m in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        gone = [row for row in range(i + 1, j + 1) if row not in rows | imports and old[row - 1].strip()]
        found += [f"{row}: {old[row - 1].strip()}" for row in gone]
        around = {_next(old, i, -1), _next(old, j + 1, 1), *range(i + 1, j + 1)}
        if not gone and not around & rows and not all(_imports(line) for line in new[k:m]):
            found += [f"{i}: {line.strip()}" for line in new[k:m] if line.strip()]
    return found


def named(tree: ast.Module, fixes: Sequence[Fix]) -> set[int]:
    """The rows of the statements that hold what plans name."""
    rows: set[int] = set()
    for step in (step for fix in fixes for step in fix.steps):
        for span in _spans(step):
            rows |= _head(_statement(tree, span.row))
        if isinstance(step, SortedByHand):
            rows |= _of_order(tree, step)
    return rows


def unnamed_in(path: Path, root: Path, codes: frozenset[str]) -> list[str]:
    """The same for all rounds of `--fix --unsafe-fixes` on a file."""
    task = Task(str(path), str(root), codes, ProjectFacts())
    data = path.read_bytes()
    found: list[str] = []
    given_up: set[tuple[str, str]] = set()
    for _ in range(ROUNDS):
        forget()
        checked = check_file(task, data)
        todo = [one for one in checked.findings if wanted(one, True) and place(one) not in given_up]
        if not todo:
            break
        source = read_source(path, data)
        made = rewrite(source.text, [one.fix for one in todo if one.fix is not None])
        done = [one.fix for one, reason in zip(todo, made.refused, strict=True) if reason is None and one.fix]
        given_up |= {place(one) for one, reason in zip(todo, made.refused, strict=True) if reason is not None}
        found += unnamed(source.text, made.text, done)
        data = applied(source, data, made.text)
    return found


IMPORTS = (ast.Import, ast.ImportFrom)


def _spans(step: object) -> Iterator[Span]:
    if isinstance(step, Span):
        yield step
    elif dataclasses.is_dataclass(step):
        for field in dataclasses.fields(step):
            yield from _spans(getattr(step, field.name))


def _statement(tree: ast.Module, row: int) -> ast.stmt:
    """The innermost statement of a row."""
    holding = [node for node in ast.walk(tree) if isinstance(node, ast.stmt) and row in _rows(node)]
    return min(holding, key=lambda node: (len(_rows(node)), -node.col_offset))


def _rows(node: ast.stmt) -> range:
    return range(node.lineno, (node.end_lineno or node.lineno) + 1)


def _head(node: ast.stmt) -> set[int]:
    """The rows of a statement; of a compound one, those before its body."""
    body = getattr(node, "body", None)
    return set(range(node.lineno, max(body[0].lineno, node.lineno + 1))) if body else set(_rows(node))


def _of_order(tree: ast.Module, step: SortedByHand) -> set[int]:
    """The rows that sort, or use what the sort gives, in the function of a pack."""
    function = min(
        (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and step.at.row in _rows(node)),
        key=lambda node: len(_rows(node)),
        default=tree,
    )
    simple = [node for node in ast.walk(function) if isinstance(node, ast.stmt) and not hasattr(node, "body")]
    rows, names = set(_head(_statement(tree, step.sort))), _stored(_statement(tree, step.sort))
    while True:
        using = [node for node in simple if node.lineno >= step.sort and names & _names(node)]
        known = rows | {row for node in using for row in _rows(node)}
        made = [node for node in using if step.at.row not in _rows(node) and _orders(node, names)]
        orders = {name for node in made for name in _stored(node)}
        if known == rows and orders <= names:
            return rows
        rows, names = known, names | orders


def _orders(node: ast.stmt, names: set[str]) -> bool:
    """Whether a statement makes another order of one, and does not put rows in that order."""
    picked = [one.slice for one in ast.walk(node) if isinstance(one, ast.Subscript) and isinstance(one.ctx, ast.Load)]
    picked += [
        argument
        for one in ast.walk(node)
        if isinstance(one, ast.Call) and ast.unparse(one.func).endswith(("index_select", "gather"))
        for argument in one.args
    ]
    return not any(names & _names(one) for one in picked)


def _names(node: ast.AST) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


def _stored(node: ast.AST) -> set[str]:
    """The variables that are set, or written into."""
    filled = (one.value for one in ast.walk(node) if isinstance(one, ast.Subscript) and isinstance(one.ctx, ast.Store))
    own = (one for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store))
    return {one.id for one in (*filled, *own) if isinstance(one, ast.Name)}


def _next(lines: Sequence[str], row: int, step: int) -> int:
    """The nearest row upward or downward that holds code."""
    while 0 < row <= len(lines) and lines[row - 1].strip().startswith(LAYOUT[1:]) | (not lines[row - 1].strip()):
        row += step
    return row


def _imports(line: str) -> bool:
    """Whether a line is, or may be part of, an import."""
    text = line.strip()
    return text.startswith(("import ", "from ", *LAYOUT[1:])) or text.rstrip(",()").isidentifier() or not text
