"""What a key of `[tool.packlint]` is: declared once, and read, shown, documented and put into a schema from there."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from packlint.patterns import Matcher

if TYPE_CHECKING:
    from packlint.config import Options

PatternCodes: TypeAlias = tuple[tuple[str, tuple[str, ...]], ...]
"""Patterns, each with the selectors that are ignored under it."""


class Kind(NamedTuple):
    """What values a key takes.

    `read` gives what packlint keeps of a value of TOML, and raises `ValueError`, or `re.error`, with what is wrong with
    it. `schema` says the same in JSON Schema, as far as that can; `SELECTOR` stands there for what names rules. `moved`
    gives a value that is relative to a folder as it is said in another, by the way from there to the folder.
    """

    words: str
    read: Callable[[object], object]
    schema: Mapping[str, object]
    moved: Callable[[Any, str], object] | None = None


class Key(NamedTuple):
    """A key of the table; `default` is what holds where nobody says anything, None where that is nothing."""

    name: str
    kind: Kind
    default: Any
    doc: str

    @property
    def attribute(self) -> str:
        """Its name in Python."""
        return self.name.replace("-", "_")

    @property
    def extends(self) -> bool:
        """Whether what several places say counts together; of any other key the last word holds."""
        return self.name.startswith("extend-")

    def said(self, options: Options, base: str) -> Any:
        """What the options say of the key, as it would be said in the folder `base`; None where that is nothing."""
        value = getattr(options, self.attribute)
        if value is None or self.kind.moved is None or options.base == base:
            return value
        return self.kind.moved(value, os.path.relpath(options.base, base))

    def plain(self, value: Any) -> object:
        """A value that packlint keeps, as TOML and JSON have it."""
        if self.kind is PATTERN_CODES:
            codes: dict[str, list[str]] = {}
            for pattern, selectors in value:  # the command line may say a pattern several times
                codes.setdefault(pattern, []).extend(selectors)
            return codes
        return list(value) if isinstance(value, tuple) else value


def _strings(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError(f"a list of strings is wanted, not {_shown(value)}")
    return tuple(value)


def _patterns(value: object) -> tuple[str, ...]:
    patterns = _strings(value)
    Matcher(patterns, "/")  # raises where one is no pattern
    return patterns


def _pattern_codes(value: object) -> PatternCodes:
    if not isinstance(value, dict):
        raise ValueError(f"a table of patterns is wanted, not {_shown(value)}")
    _patterns(list(value))
    return tuple((pattern, _strings(codes)) for pattern, codes in value.items())


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"true or false is wanted, not {_shown(value)}")
    return value


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"a number of files is wanted, not {_shown(value)}")
    return value


def _path(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"a path is wanted, not {_shown(value)}")
    return value


def _moved_pattern(pattern: str, way: str) -> str:
    # One without a slash meets names, wherever it is said.
    return os.path.join(way, pattern) if "/" in pattern else pattern


def _moved_patterns(patterns: tuple[str, ...], way: str) -> tuple[str, ...]:
    return tuple(_moved_pattern(pattern, way) for pattern in patterns)


def _moved_pattern_codes(patterns: PatternCodes, way: str) -> PatternCodes:
    return tuple(
        ("!" * pattern.startswith("!") + _moved_pattern(pattern.removeprefix("!"), way), codes)
        for pattern, codes in patterns
    )


def _moved_path(path: str, way: str) -> str:
    return os.path.join(way, path) if path else path


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


SELECTOR = {"$ref": "#/definitions/selector"}
_STRINGS = {"type": "array", "items": {"type": "string"}}
_SELECTORS = {"type": "array", "items": SELECTOR}

SELECTORS = Kind("codes", _strings, _SELECTORS)
PATTERNS = Kind("patterns", _patterns, _STRINGS, _moved_patterns)
PATTERN_CODES = Kind(
    "patterns, each with codes",
    _pattern_codes,
    {"type": "object", "additionalProperties": _SELECTORS},
    _moved_pattern_codes,
)
NAMES = Kind("dotted names", _strings, _STRINGS)
BOOLEAN = Kind("true or false", _boolean, {"type": "boolean"})
COUNT = Kind("a number", _count, {"type": "integer", "minimum": 0})
PATH = Kind("a path", _path, {"type": "string", "minLength": 1}, _moved_path)


def one_of(words: Sequence[str]) -> Kind:
    """The kind of a key that takes one of some words."""

    def read(value: object) -> str:
        if not isinstance(value, str) or value not in words:
            raise ValueError(f"one of {', '.join(words)} is wanted, not {_shown(value)}")
        return value

    return Kind(f"{', '.join(words[:-1])} or {words[-1]}", read, {"type": "string", "enum": list(words)})
