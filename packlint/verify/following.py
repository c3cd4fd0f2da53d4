"""A recipe is followed: its file is run once for the original and once for the rewrite, each in the place of the other.

Whatever a recipe imports, the file under test stands in `sys.modules` as the version in question, with its probes, and
what else of the project was imported for one version is forgotten for the other.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import os
import re
import sys
import traceback
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from packlint.verify.batches import Batch
from packlint.verify.evidence import Subject
from packlint.verify.inferring import NotRunError, Sides, named, readied, restored, same_weights
from packlint.verify.loading import Absent, load, show
from packlint.verify.observing import OnDevice
from packlint.verify.recipes import Recipe, declared, fits, is_path, place_of, written_in
from packlint.verify.sides import Side, said
from packlint.verify.standing import Standing

if TYPE_CHECKING:
    from packlint.verify.recipes import Make


@dataclass(frozen=True, slots=True)
class File:
    """A file of recipes: where it is, and its text."""

    path: str
    text: str

    @property
    def folder(self) -> str:
        return os.path.dirname(self.path)

    def at(self, row: int | None) -> str:
        return f"recipe {os.path.basename(self.path)}:{row or 1}"

    def row_in(self, error: BaseException) -> int | None:
        """The last line of the file that an exception came through."""
        if isinstance(error, SyntaxError) and error.filename == self.path:
            return error.lineno
        rows = [row for frame, row in traceback.walk_tb(error.__traceback__) if frame.f_code.co_filename == self.path]
        return rows[-1] if rows else None


@dataclass(frozen=True, slots=True)
class Built:
    """A version of the code with the model that the recipe made of it."""

    recipe: Recipe
    module: types.ModuleType
    model: nn.Module
    make: Make


def read(path: str) -> File:
    """Raises `NotRunError`."""
    try:
        with open(path, encoding="utf-8-sig") as stream:
            return File(path, stream.read())
    except (OSError, ValueError) as error:
        raise NotRunError(f"recipe {os.path.basename(path)}: {said(error)}") from error


def followed(
    file: File, subject: Subject, before: ast.Module, after: ast.Module | None, base: Batch, dtype: torch.dtype
) -> Sides | None:
    """Both sides as a recipe of the file makes them, None where it has none for the class; raises `NotRunError`."""
    if not _may_fit(file, subject):
        return None
    known = frozenset(sys.modules)
    try:
        original = _built(file, subject, before, subject.before, base, dtype)
        if original is None:
            return None
        rewrite = None
        if after is not None and subject.after is not None:
            _forget(known, (subject.root, file.folder))
            rewrite = _built(file, subject, after, subject.after, base, dtype)
    finally:
        _forget(known, (subject.root, file.folder))
        show(subject.path, subject.before)
    sides = Sides(
        _side(file, subject, original, base),
        None if rewrite is None else _side(file, subject, rewrite, base),
        file.at(original.recipe.row),
    )
    if rewrite is not None:
        same_weights(original.model, rewrite.model)
    _tried(file, subject, original.recipe, sides, base)
    return sides


def _may_fit(file: File, subject: Subject) -> bool:
    try:
        written = written_in(file.text)
    except SyntaxError as error:
        raise NotRunError(f"{file.at(error.lineno)}: {error.msg}") from error
    return any(one.target is None or fits(one.target, subject.path, subject.owner, file.folder) for one in written)


def _built(file: File, subject: Subject, tree: ast.Module, text: str, base: Batch, dtype: torch.dtype) -> Built | None:
    """The model of one version; None where no recipe is for it."""
    module = load(subject.path, subject.root, tree, text)
    row: int | None = None
    try:
        with _standing_in(module, subject, file):
            one = _fitting(file, subject)
            if one is None:
                return None
            row = one.row
            torch.manual_seed(base.seed)
            with Standing():
                made = one.function()
        model, make = _parts(made)
        _made_of(model, module, subject)
    except (Exception, SystemExit) as error:
        raise NotRunError(f"{file.at(file.row_in(error) or row)}: {said(error)}") from error
    return Built(one, module, readied(model, dtype), make)


def _fitting(file: File, subject: Subject) -> Recipe | None:
    """Run the file, and take the recipe for the class that names its place most closely."""
    if file.folder not in sys.path:
        sys.path.append(file.folder)
    declared.clear()
    module = types.ModuleType("packlint_recipes")
    module.__dict__.update(__file__=file.path, __builtins__=builtins)
    exec(compile(file.text, file.path, "exec", dont_inherit=True), module.__dict__)
    fitting = [one for one in declared if fits(one.target, subject.path, subject.owner, file.folder)]
    return max(fitting, key=lambda one: len(one.target), default=None)


def _parts(made: Any) -> tuple[nn.Module, Make]:
    if not isinstance(made, tuple) or len(made) != 2:
        raise TypeError(f"a recipe returns a module and a function, not {type(made).__name__}")
    model, make = made
    if isinstance(model, Absent):
        raise TypeError(f"`{model.__name__}` is not there to be imported")
    if not isinstance(model, nn.Module):
        raise TypeError(f"a recipe returns a module first, not {type(model).__name__}")
    if not callable(make):
        raise TypeError(f"a recipe returns a function second, not {type(make).__name__}")
    return model, make


def _made_of(model: nn.Module, module: types.ModuleType, subject: Subject) -> None:
    """A model of another copy of the code would be run without what is to be tried of it."""
    owner = subject.owner or ""
    cls = named(module, owner)
    mine = [one for part in model.modules() for one in type(part).__mro__]
    if cls not in mine and not any(one.__name__ == owner and _defined_in(one, module) for one in mine):
        raise TypeError(f"the module holds no `{owner}` that was imported from `{module.__name__}`")


def _defined_in(cls: type, module: types.ModuleType) -> bool:
    """Whether a class is of this very version: it may stand within another class, or a function."""
    return any(getattr(one, "__globals__", None) is module.__dict__ for one in vars(cls).values())


def _names(module: types.ModuleType, subject: Subject, file: File) -> list[str]:
    """What the file under test is imported as: its name, that from folders further out, and the target's."""
    names = [module.__name__]
    inner = os.path.splitext(subject.path)[0].removesuffix(os.sep + "__init__").split(os.sep)
    count = module.__name__.count(".") + 1
    outer = len(inner) - len([part for part in subject.root.split(os.sep) if part]) - 1
    names += [".".join(inner[-more:]) for more in range(count + 1, outer + 1)]
    for one in written_in(file.text):
        place = "" if one.target is None else place_of(one.target)
        if one.target is not None and not is_path(place) and place not in sys.stdlib_module_names:
            if fits(one.target, subject.path, subject.owner, file.folder):
                names.append(place)
    return list(dict.fromkeys(names))


@contextlib.contextmanager
def _standing_in(module: types.ModuleType, subject: Subject, file: File) -> Iterator[None]:
    """With the module in the place of its file for whoever imports it."""
    names = _names(module, subject, file)
    before = {name: sys.modules.get(name) for name in names}
    sys.modules.update(dict.fromkeys(names, module))
    for name in names:
        package, _, last = name.rpartition(".")
        if package in sys.modules:
            setattr(sys.modules[package], last, module)
    try:
        yield
    finally:
        for name, one in before.items():
            if one is not None:
                sys.modules[name] = one
            else:
                sys.modules.pop(name, None)


def _forget(known: frozenset[str], folders: tuple[str, ...]) -> None:
    """Of what was imported since, forget what lies in these folders and is no installed package."""
    for name, module in list(sys.modules.items()):
        path = vars(module).get("__file__") if isinstance(module, types.ModuleType) else None
        if name in known or not isinstance(path, str) or "site-packages" in path:
            continue
        if any(path.startswith(os.path.join(folder, "")) for folder in folders):
            del sys.modules[name]


def _side(file: File, subject: Subject, built: Built, base: Batch) -> Side:
    method = built.recipe.method
    function = built.model if method == "forward" else getattr(built.model, method, None)
    if not callable(function):
        raise NotRunError(f"{file.at(built.recipe.row)}: the module has no method `{method}`")
    try:
        with torch.no_grad():
            built.make(base)
    except Exception as error:
        raise NotRunError(f"{file.at(file.row_in(error) or built.recipe.row)}: {said(error)}") from error

    def call(batch: Batch, device: bool) -> Any:
        with _standing_in(built.module, subject, file):
            positional, keywords = _arguments(built.make(batch))
            if device:
                positional, keywords = _on_device(positional, batch), _on_device(keywords, batch)
            with Standing(still=True):
                return function(*positional, **keywords)

    return restored(subject.path, built.model, call)


def _arguments(made: Any) -> tuple[tuple[Any, ...], Mapping[str, Any]]:
    """What a maker returned: a tuple of arguments, a mapping of named ones, a pair of both, or the one argument."""
    if isinstance(made, tuple) and len(made) == 2 and isinstance(made[0], tuple) and isinstance(made[1], dict):
        return made
    if isinstance(made, tuple):
        return made, {}
    if isinstance(made, dict):
        return (), made
    return (made,), {}


def _on_device(value: Any, batch: Batch) -> Any:
    """Tensors of the lengths stand for ones on an accelerator."""
    if isinstance(value, Tensor):
        is_lengths = value.dim() == 1 and not value.is_floating_point() and value.tolist() == list(batch.lengths)
        return value.as_subclass(OnDevice) if is_lengths else value
    if type(value) in {tuple, list}:
        return type(value)(_on_device(one, batch) for one in value)
    if type(value) is dict:
        return {name: _on_device(one, batch) for name, one in value.items()}
    return value


def _tried(file: File, subject: Subject, recipe: Recipe, sides: Sides, base: Batch) -> None:
    """Raises `NotRunError` where neither version can be called, in any order of the rows."""
    errors = []
    for side in filter(None, (sides.original, sides.rewrite)):
        for batch in (base, base.sorted()):
            seen = side.observe(batch)
            if seen.error is None:
                return
            rows = re.findall(rf'File "{re.escape(subject.path)}", line (\d+)', seen.traceback)
            where = f" ({os.path.basename(subject.path)}:{rows[-1]})" if rows else ""
            errors.append(f"{recipe.method} raises {seen.error}{where}")
    raise NotRunError(f"{file.at(recipe.row)}: {errors[0]}")
