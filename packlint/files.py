"""Which files there are to check, and which project a file belongs to."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packlint import gitignore

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packlint.config import Configuration

SUFFIXES = (".py", ".pyw", ".ipynb")
PROJECT_MARKS = ("pyproject.toml", "setup.py", "setup.cfg", ".git")


@dataclass(frozen=True, slots=True)
class Found:
    """A file to check; `argument` is the folder it was found under, or its own folder."""

    path: str
    argument: str


@dataclass(frozen=True, slots=True)
class Unusable:
    """An argument, or a file on the way, that cannot be checked, and why."""

    path: str
    why: str


@dataclass(frozen=True, slots=True)
class Empty:
    """A folder that was asked for and has no Python file."""

    path: str


class Discovery:
    """Turns the paths of the command line into files."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._folder = os.getcwd()

    def files(self, paths: Sequence[str]) -> Iterator[Found | Unusable | Empty]:
        """Every file under the paths, once; in an order that depends on their names alone."""
        seen: set[str] = set()
        for path in paths:
            absolute = os.path.abspath(path)
            if not path:  # an unset variable of a script; to Python it is the working folder
                yield Unusable("''", "no such file or folder")
                continue
            if self.excluded_by_force(absolute):
                continue
            if not os.path.isdir(absolute):
                if not os.path.lexists(absolute):
                    yield Unusable(path, "no such file or folder")
                elif absolute not in seen:
                    seen.add(absolute)
                    yield Found(absolute, os.path.dirname(absolute))
                continue
            empty = True
            for item in self._walk(absolute):
                empty = False
                if item.path not in seen:
                    seen.add(item.path)
                    yield item
            if empty:
                yield Empty(path)

    def excluded_by_force(self, path: str) -> bool:
        """Whether `--force-exclude` leaves out an argument: it, or a folder above it in the project, is excluded.

        The project itself may lie anywhere, also in a folder that is called `build`.
        """
        if not self._configuration.settings(os.path.dirname(path)).force_exclude:
            return False
        folder = path if os.path.isdir(path) else os.path.dirname(path)
        top = project_root(folder, folder)
        if top.startswith(os.path.join(self._folder, "")):  # a project within what is checked
            top = self._folder
        while path != top:
            parent = os.path.dirname(path)
            if self._configuration.settings(parent).excluded.matches(path, os.path.basename(path)):
                return True
            path = parent
        return False

    def _walk(self, top: str) -> Iterator[Found | Unusable]:
        """The files under a folder, depth first; links to folders are not followed, so that no loop is walked."""
        # A stack and not recursion: a tree may be deeper than Python's limit.
        respected = self._configuration.settings(top).respect_gitignore
        stack = [(top, gitignore.above(top) if respected else None)]
        while stack:
            folder, ignored = stack.pop()
            settings = self._configuration.settings(folder)
            try:
                with os.scandir(folder) as entries:
                    listing = sorted(entries, key=lambda entry: entry.name)
            except OSError as error:
                yield Unusable(folder, error.strerror or str(error))
                continue
            ignored = gitignore.at(folder, ignored, {entry.name for entry in listing})
            asked = ignored if settings.respect_gitignore else None
            deeper = []
            for entry in listing:
                is_folder = entry.is_dir(follow_symlinks=False)
                if not is_folder and not entry.name.endswith(SUFFIXES):
                    continue
                path = entry.path
                if settings.excluded.matches(path, entry.name) or (
                    asked is not None and asked.ignores(path, is_folder)
                ):
                    continue
                if is_folder:
                    deeper.append((path, ignored))
                elif _is_file_or_broken(entry):
                    yield Found(path, top)
            stack.extend(reversed(deeper))


def _is_file_or_broken(entry: os.DirEntry[str]) -> bool:
    """A file, or a link that leads nowhere (which should be said); not a link to a folder, a socket or a pipe."""
    try:
        return entry.is_file() or (entry.is_symlink() and not os.path.exists(entry.path))
    except OSError:  # a loop of links
        return True


@functools.cache
def project_root(folder: str, argument: str) -> str:
    """The project of the files in a folder, given by absolute paths.

    It is the nearest folder, from `folder` up, that holds a mark of a project; else the topmost package that
    `folder` is in; else `argument`, the folder that was asked for.
    """
    above = folder
    while True:
        if _has_mark(above):
            return above
        parent = os.path.dirname(above)
        if parent == above:
            break
        above = parent
    return _topmost_package(folder) or argument


@functools.cache
def _has_mark(folder: str) -> bool:
    return any(os.path.lexists(os.path.join(folder, mark)) for mark in PROJECT_MARKS)


def _topmost_package(folder: str) -> str | None:
    topmost = None
    while os.path.isfile(os.path.join(folder, "__init__.py")):
        topmost, folder = folder, os.path.dirname(folder)
    return topmost
