"""Code under test becomes a module, under its own name and with its own lines, without its main part.

What is defined is wanted, and not what a script does. Statements are run one by one; one that fails (a file that is
not there, an argument that is missing) leaves its names undefined, and the others go on. Packages that are not
installed are stood in for by ones that know no better than to be called.
"""

from __future__ import annotations
import __future__

import ast
import builtins
import contextlib
import importlib.machinery
import importlib.util
import linecache
import os
import signal
import sys
import threading
import time
import types
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from typing import Any

from torch import nn

from packlint.verify.observing import AT, at

SECONDS = 2.0
"""For what a module does at its top besides defining and importing things."""


class Absent(types.ModuleType):
    """A package, or something in one, that is not installed."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Absent(f"{self.__name__}.{name}")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if len(args) == 1 and not kwargs and isinstance(args[0], type | types.FunctionType):
            return args[0]  # a decorator
        return Absent(f"{self.__name__}()")

    def __mro_entries__(self, bases: Sequence[Any]) -> tuple[type, ...]:
        return () if any(isinstance(one, type) and issubclass(one, nn.Module) for one in bases) else (nn.Module,)

    def __getitem__(self, key: Any) -> Any:
        return Absent(f"{self.__name__}[...]")

    def __iter__(self) -> Iterator[Any]:
        raise TypeError(f"{self.__name__} is not installed")

    def __or__(self, other: Any) -> Any:
        return self

    __ror__ = __or__

    def __bool__(self) -> bool:
        return False

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *args: object) -> None:
        return None


class _Absences(MetaPathFinder, Loader):
    """Finds, last of all, what nobody else has found."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.roots: set[str] = set()

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        top = name.partition(".")[0]
        if top in sys.stdlib_module_names or top in {"torch", "packlint", "numpy"}:
            return None
        if path is not None and top not in self.names:
            return None  # a part of a package that is there
        if not self._asked_by_project():
            return None  # libraries know what to do without
        if top not in self.names:
            self.names.append(top)
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def _asked_by_project(self) -> bool:
        """Whether it is the project's code that imports it."""
        frame = sys._getframe(2)
        while frame is not None and "importlib" in frame.f_code.co_filename:
            frame = frame.f_back  # type: ignore[assignment]
        asking = "" if frame is None else os.path.abspath(frame.f_code.co_filename)
        return any(asking.startswith(root + os.sep) and "site-packages" not in asking for root in self.roots)

    def create_module(self, spec: Any) -> Any:
        return Absent(spec.name)

    def exec_module(self, module: Any) -> None:
        module.__path__ = []


absences = _Absences()


class TooLong(BaseException):
    """What a module does at its top takes too long."""


def module_name(path: str, root: str) -> tuple[str, list[str]]:
    """The dotted name of a file by the packages it lies in, and the folders to import from."""
    folder, file = os.path.split(path)
    stem = os.path.splitext(file)[0]
    parts = [] if stem == "__init__" else [stem]
    inner = folder
    while os.path.isfile(os.path.join(inner, "__init__.py")):
        inner, name = os.path.split(inner)
        parts.insert(0, name)
    folders = [inner, folder, root, os.path.join(root, "src")]
    up = inner
    while up.startswith(root) and up != root:
        up = os.path.dirname(up)
        folders.insert(1, up)
    return ".".join(parts) or stem, list(dict.fromkeys(folders))


def load(path: str, root: str, tree: ast.Module, text: str) -> types.ModuleType:
    """Make a module of a tree; the file is at the path, and nothing of it is read from there."""
    name, folders = module_name(path, root)
    for folder in reversed(folders):
        if folder not in sys.path:
            sys.path.insert(0, folder)
    absences.roots.add(root)
    if absences not in sys.meta_path:
        sys.meta_path.append(absences)
    module = types.ModuleType(name)
    module.__file__ = path
    module.__package__ = name.rpartition(".")[0]
    module.__dict__["__builtins__"] = builtins
    module.__dict__[AT] = at
    _packages(module.__package__, path)
    before = sys.modules.get(name)
    sys.modules[name] = module
    show(path, text)
    try:
        clock = Clock(SECONDS, _future(tree))
        for statement in [*tree.body, *_set_in_main(tree)]:
            _execute(statement, module, path, clock)
    finally:
        if before is not None:
            sys.modules[name] = before
    return module


def show(path: str, text: str) -> None:
    """Tracebacks quote this text for the path."""
    linecache.cache[path] = (len(text), None, text.splitlines(keepends=True), path)


def _packages(package: str, path: str) -> None:
    """The packages around a file, without what their `__init__` does: much of it is not needed, or not there."""
    folder = os.path.dirname(path)
    while package:
        if package not in sys.modules:
            made = types.ModuleType(package)
            made.__path__ = [folder]
            made.__package__ = package
            sys.modules[package] = made
        package, folder = package.rpartition(".")[0], os.path.dirname(folder)


DEFINITIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom


def _execute(statement: ast.stmt, module: types.ModuleType, path: str, clock: Clock) -> None:
    defines = isinstance(statement, DEFINITIONS)
    if clock.left <= 0 and not defines:
        return
    code = compile(ast.Module([statement], []), path, "exec", dont_inherit=True, flags=clock.flags)
    try:
        with contextlib.nullcontext() if defines else clock.running():
            exec(code, module.__dict__)
    except TooLong:
        return
    except (Exception, SystemExit) as error:
        if isinstance(statement, ast.ImportFrom | ast.Import) and isinstance(error, ImportError | AttributeError):
            _import_names(statement, module, path)
        elif isinstance(statement, ast.Assign | ast.AnnAssign):
            _leave_undefined(statement, module)


def _import_names(statement: ast.Import | ast.ImportFrom, module: types.ModuleType, path: str) -> None:
    """What of an import can be had; the rest is absent."""
    for alias in statement.names:
        one = type(statement)(**{**dict(ast.iter_fields(statement)), "names": [alias]})
        code = compile(ast.fix_missing_locations(ast.Module([ast.copy_location(one, statement)], [])), path, "exec")
        try:
            exec(code, module.__dict__)
        except Exception:
            name = alias.asname or alias.name.partition(".")[0]
            if name != "*":
                module.__dict__.setdefault(name, Absent(alias.name))


def _leave_undefined(statement: ast.Assign | ast.AnnAssign, module: types.ModuleType) -> None:
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    for target in targets:
        for one in ast.walk(target):
            if isinstance(one, ast.Name):
                module.__dict__.setdefault(one.id, Absent(one.id))


def _set_in_main(tree: ast.Module) -> Iterator[ast.stmt]:
    """What the main part of a script sets and defines before it begins to loop: classes read it as globals."""
    for statement in tree.body:
        if isinstance(statement, ast.If) and "__name__" in ast.unparse(statement.test):
            for one in statement.body:
                if isinstance(one, ast.For | ast.While | ast.With):
                    return
                if isinstance(one, ast.Assign | ast.AnnAssign | DEFINITIONS):
                    yield one


def _future(tree: ast.Module) -> int:
    """What the file asks of the compiler, which each of its statements must be compiled with."""
    names = [
        alias.name
        for one in tree.body
        if isinstance(one, ast.ImportFrom) and one.module == "__future__"
        for alias in one.names
    ]
    flags = [getattr(__future__, name).compiler_flag for name in names if hasattr(__future__, name)]
    return sum(flags)


class Clock:
    """Seconds that are left to the statements of a module; `flags` are what it asks of the compiler."""

    def __init__(self, seconds: float, flags: int) -> None:
        self.left = seconds
        self.flags = flags

    @contextmanager
    def running(self) -> Iterator[None]:
        """Raises `TooLong` in what takes more than is left, where the system can."""

        def ring(*_: object) -> None:
            raise TooLong

        begin = time.monotonic()
        if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGALRM, ring)
        signal.setitimer(signal.ITIMER_REAL, self.left)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
            self.left -= time.monotonic() - begin
