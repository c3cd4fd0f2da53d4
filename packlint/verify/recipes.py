"""Recipes: functions of the user's that say how a model is built and what it is given. No PyTorch is needed here."""

from __future__ import annotations

import ast
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from torch import nn

    from packlint.verify.batches import Batch

    Make = Callable[[Batch], Any]
    Function = Callable[[], tuple[nn.Module, Make]]
    F = TypeVar("F", bound=Function)


@dataclass(frozen=True, slots=True)
class Recipe:
    """A function that builds a model, and the class that it is for. row: where it stands, 1-based."""

    target: str
    method: str
    function: Function
    row: int


@dataclass(frozen=True, slots=True)
class Written:
    """A recipe as its file's text shows it. target: None where it is no literal."""

    row: int
    target: str | None


declared: list[Recipe] = []
"""What was decorated, in order; who runs a file of recipes empties it first."""


def recipe(target: str, *, method: str = "forward") -> Callable[[F], F]:
    """Decorates a function that tells `packlint verify` how the class of a target is built and called.

    target: `pkg.model:Tagger` or `path/to/model.py:Tagger`. The function takes nothing, imports the class within, and
    returns a module, which is the class or holds it, and a function from a `Batch` to what the module is called with:
    a tuple of arguments, a dict of named ones, the pair of both, or the one argument. method: what is called.
    Raises `ValueError` where the target names no class.
    """
    place, colon, name = target.rpartition(":")
    if not colon or not place or not all(part.isidentifier() for part in name.split(".")):
        raise ValueError(f"a recipe is for a class, as in 'pkg.model:Tagger', not {target!r}")

    def declare(function: F) -> F:
        declared.append(Recipe(target, method, function, function.__code__.co_firstlineno))
        return function

    return declare


def written_in(text: str) -> list[Written]:
    """The recipes of a file, without running it; raises `SyntaxError`."""
    tree = ast.parse(text)
    names = {name for node in ast.walk(tree) for name in _names_of(node)}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in names:
            first = node.args[0] if node.args else next((k.value for k in node.keywords if k.arg == "target"), None)
            target = first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None
            found.append(Written(node.lineno, target))
    return sorted(found, key=lambda one: one.row)


def _names_of(node: ast.AST) -> Iterator[str]:
    """What an import makes of the name of the decorator."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            if alias.name == "packlint.verify":
                yield f"{alias.asname or alias.name}.recipe"
    elif isinstance(node, ast.ImportFrom) and not node.level:
        for alias in node.names:
            if (node.module, alias.name) == ("packlint", "verify"):
                yield f"{alias.asname or alias.name}.recipe"
            elif (node.module, alias.name) == ("packlint.verify", "recipe"):
                yield alias.asname or alias.name


HEADER = '"""How models are built and called: packlint verify PATH --recipe FILE."""'


def file_of(described: Sequence[Mapping[str, Any]]) -> str:
    """The text of a file of recipes, each given as `describing.Described.as_object` has it."""
    imports = {line for one in described for line in one["imports"]}
    installed = sorted(line for line in imports if "packlint" not in line and "torch" not in line)
    torch = sorted(line for line in imports if "torch" in line)
    own = sorted({line for line in imports if "packlint" in line} | {"from packlint.verify import recipe"})
    parts = ["\n".join(lines) for lines in (installed, torch, own) if lines]
    recipes = ["\n".join(one["lines"]) for one in described]
    return "\n\n\n".join(["\n\n".join([HEADER, *parts]), *recipes]) + "\n"


def place_of(target: str) -> str:
    """The part of a target that names the file or the module."""
    return target.rpartition(":")[0]


def is_path(place: str) -> bool:
    return place.endswith(".py") or os.sep in place


def fits(target: str, path: str, owner: str | None, folder: str) -> bool:
    """Whether a target means a class of the file at a path: its place is how that path ends.

    A path that begins with a dot is read from a folder, that of the recipes. A class within another can be named so.
    """
    name = target.rpartition(":")[2]
    if owner is None or (name != owner and not name.endswith(f".{owner}")):
        return False
    place = place_of(target)
    if not is_path(place):
        file = os.path.splitext(path)[0]
        parts, own = place.split("."), file.removesuffix(os.sep + "__init__").split(os.sep)
        return own[-len(parts) :] == parts
    place = os.path.normpath(os.path.join(folder, place) if place.startswith(".") else place)
    if os.path.isabs(place):
        return place == path
    parts = place.split(os.sep)
    return path.split(os.sep)[-len(parts) :] == parts
