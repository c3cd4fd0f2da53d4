"""Which files there are to check, and which project a file belongs to."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from packlint import gitignore

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packlint.config import Configuration

SUFFIXES = (".py", ".pyw", ".ipynb")
PROJECT_MARKS = ("pyproject.toml", "setup.py", "setup.cfg", ".git")
MARKS = frozenset({*PROJECT_MARKS, gitignore.FILE_NAME})


class Found(NamedTuple):
    """A file to check; `argument` is the folder it was found under, or its own folder."""

    path: str
    argument: str


class Unusable(NamedTuple):
    """An argument, or a file on the way, that cannot be checked, and why."""

    path: str
    why: str


class Empty(NamedTuple):
    """A folder that was asked for and has no Python file."""

    path: str


class Folder(NamedTuple):
    """What a folder holds: its folders and Python files by name, which files say more of it, and links."""

    entries: tuple[os.DirEntry[str], ...]
    marks: frozenset[str]
    links: tuple[str, ...]


@functools.lru_cache(maxsize=8192)
def listing(folder: str) -> Folder:
    """A folder, read once in a run; raises `OSError`."""
    marks: set[str] = set()
    links: list[str] = []
    kept: list[os.DirEntry[str]] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name
            if name.endswith(SUFFIXES) or entry.is_dir(follow_symlinks=False):
                kept.append(entry)
            elif entry.is_symlink():
                links.append(entry.path)
            if name in MARKS:
                marks.add(name)
    return Folder(tuple(sorted(kept, key=_by_name)), frozenset(marks), tuple(links))


_by_name = attrgetter("name")


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
                entries, marks, _ = listing(folder)
            except OSError as error:
                yield Unusable(folder, error.strerror or str(error))
                continue
            ignored = gitignore.at(folder, ignored, marks)
            asked = ignored if settings.respect_gitignore else None
            deeper = []
            for entry in entries:
                is_folder = entry.is_dir(follow_symlinks=False)
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
    return _marked(folder) or _topmost_package(folder) or argument


_marked_above: dict[str, str | None] = {}


def _marked(folder: str) -> str | None:
    """The nearest folder, from this one up, that holds a mark of a project."""
    below: list[str] = []
    while folder not in _marked_above:
        below.append(folder)
        parent = os.path.dirname(folder)
        if any(os.path.lexists(os.path.join(folder, mark)) for mark in PROJECT_MARKS):
            _marked_above[folder] = folder
        elif parent == folder:
            _marked_above[folder] = None
        else:
            folder = parent
    found = _marked_above[folder]
    _marked_above.update(dict.fromkeys(below, found))
    return found


def _topmost_package(folder: str) -> str | None:
    topmost = None
    while _is_package(folder):
        topmost, folder = folder, os.path.dirname(folder)
    return topmost


@functools.cache
def _is_package(folder: str) -> bool:
    return os.path.isfile(os.path.join(folder, "__init__.py"))
