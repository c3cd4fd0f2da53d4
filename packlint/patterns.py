"""Glob patterns for paths, as ruff reads them: `*` crosses folders, `**/` may be nothing, `{a,b}` is either."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import NamedTuple

_MAGIC = frozenset("*?[{")


def to_regex(glob: str) -> str:
    """The regular expression of a glob."""
    out, at, depth = "", 0, 0
    while at < len(glob):
        char, closing = glob[at], glob.find("]", at + 2)
        if glob.startswith("**/", at):
            out, at = out + "(?:.*/)?", at + 3
            continue
        if char == "[" and closing > 0:
            body = glob[at + 1 : closing].replace("\\", "\\\\")
            out, at = out + (f"[^{body[1:]}]" if body[0] in "!^" else f"[{body}]"), closing + 1
            continue
        if char == "{" and "}" in glob[at:]:
            piece, depth = "(?:", depth + 1
        elif char == "}" and depth:
            piece, depth = ")", depth - 1
        elif char == "," and depth:
            piece = "|"
        else:
            piece = {"*": ".*", "?": "."}.get(char, re.escape(char))
        out, at = out + piece, at + 1
    return out


class Matcher:
    """Tells which paths are under a list of patterns.

    A pattern meets an absolute path, taken relative to `base`; one without a slash also meets a name.
    """

    _names: set[str]
    _regex: re.Pattern[str] | None

    def __init__(self, patterns: Iterable[str], base: str) -> None:
        """Raises `re.error` where a pattern is none."""
        self._names = set()
        wholes: list[str] = []
        for pattern in patterns:
            if "/" not in pattern and _MAGIC.isdisjoint(pattern):
                self._names.add(pattern)
                continue
            if "/" not in pattern:
                wholes.append("(?:.*/)?" + to_regex(pattern))
            wholes.append(_from(base, os.path.normpath(pattern)))
        self._regex = re.compile("|".join(wholes), re.DOTALL) if wholes else None

    def matches(self, path: str, name: str) -> bool:
        """Whether the absolute path, whose last part is `name`, is under a pattern."""
        return name in self._names or (self._regex is not None and self._regex.fullmatch(path) is not None)


def _from(base: str, pattern: str) -> str:
    """The regular expression of a pattern in a folder, whose own name is none: it may hold brackets."""
    if os.path.isabs(pattern):
        return to_regex(pattern)
    while pattern.split(os.sep)[0] == os.pardir:
        base, pattern = os.path.dirname(base), pattern[3:] or os.curdir
    return re.escape(base) if pattern == os.curdir else re.escape(os.path.join(base, "")) + to_regex(pattern)


class PerFileIgnore(NamedTuple):
    """Codes that do not count in the files under a pattern, or, where `negated`, in all other files."""

    matcher: Matcher
    negated: bool
    selectors: tuple[str, ...]

    def covers(self, path: str) -> bool:
        return self.matcher.matches(path, os.path.basename(path)) != self.negated
