"""What git ignores: the .gitignore files of a repository, and its .git/info/exclude."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

FILE_NAME = ".gitignore"
_NAMED = re.compile(r"\(\?P<\w+>")  # groups that pathspec names, each of its patterns alike


@dataclass(frozen=True)
class GitIgnore:
    """The patterns of one folder, in `file` (None where it has none), on top of those of the folders above it."""

    folder: str
    file: str | None
    above: GitIgnore | None = None

    @functools.cached_property
    def patterns(self) -> GitIgnoreSpec | None:
        """The patterns, read when the first path asks for them."""
        return None if self.file is None else _read(self.file)

    @functools.cached_property
    def speaks_of(self) -> Callable[[str], object]:
        """Whether any of the patterns meets a relative path, which is asked of all of them at once."""
        patterns = [] if self.patterns is None else self.patterns.patterns
        expressions = [one.regex.pattern for one in patterns if one.regex is not None]
        return re.compile("|".join(f"(?:{_NAMED.sub('(?:', expression)})" for expression in expressions)).match

    def ignores(self, path: str, is_folder: bool) -> bool:
        """Whether git ignores the absolute path: the innermost file that says something about it decides."""
        for level in self._levels():
            if level.patterns is not None:
                relative = path[len(os.path.join(level.folder, "")) :] + ("/" if is_folder else "")
                if os.sep != "/":
                    relative = relative.replace(os.sep, "/")
                include = level.patterns.check_file(relative).include if level.speaks_of(relative) else None
                if include is not None:
                    return include
        return False

    def _levels(self) -> Iterator[GitIgnore]:
        level: GitIgnore | None = self
        while level is not None:
            yield level
            level = level.above


def at(folder: str, above: GitIgnore | None, names: Set[str]) -> GitIgnore | None:
    """What is ignored in a folder that holds `names`; None outside a repository, as git and ruff have it."""
    if ".git" in names:  # a repository of its own: what lies above it has no say
        above = GitIgnore(folder, os.path.join(folder, ".git", "info", "exclude"))
    if above is None or FILE_NAME not in names:
        return above
    return GitIgnore(folder, os.path.join(folder, FILE_NAME), above)


def above(folder: str) -> GitIgnore | None:
    """What the folders above say about `folder`; nothing where they ignore it, for it was asked for by name."""
    parents = []
    child = folder
    while (parent := os.path.dirname(child)) != child:
        parents.append(parent)
        child = parent
    found: GitIgnore | None = None
    for parent in reversed(parents):
        names = {name for name in (".git", FILE_NAME) if os.path.exists(os.path.join(parent, name))}
        found = at(parent, found, names)
    return None if found is None else _unless_ignored(found, folder)


def _unless_ignored(found: GitIgnore, folder: str) -> GitIgnore:
    """`found`, or an empty one where it ignores the folder or a folder above it."""
    path = folder
    while path != os.path.dirname(path) and path.startswith(found.folder):
        if found.ignores(path, is_folder=True):
            return GitIgnore(folder, None)
        path = os.path.dirname(path)
    return found


def _read(path: str) -> GitIgnoreSpec | None:
    """The patterns of a file, or None where it cannot be read or holds a pattern that is none."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = [line for line in file.read().splitlines() if line.strip() and not line.startswith("#")]
    except OSError:
        return None
    if not lines:
        return None
    from pathspec import GitIgnoreSpec  # here, since most runs meet no .gitignore

    try:
        return GitIgnoreSpec.from_lines(lines)
    except ValueError:
        return None
