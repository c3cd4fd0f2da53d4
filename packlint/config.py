"""What the user set: `[tool.packlint]` in pyproject.toml, and the options of the command line."""

from __future__ import annotations

import functools
import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from packlint.patterns import Matcher, PerFileIgnore
from packlint.selection import ALWAYS_ON, DEFAULT_LAYER, NO_SELECTORS, Layer, enabled_codes, matches

FILE_NAME = "pyproject.toml"
OUTPUT_FORMATS = ("full", "concise", "json", "github", "gitlab", "sarif")
"""Each is a file of packlint/report/."""
DEFAULT_MAX_FILES = 2000

# ruff's defaults, and `build`: what setuptools leaves there is a copy of the source beside it.
DEFAULT_EXCLUDE = (
    *(".bzr", ".direnv", ".eggs", ".git", ".git-rewrite", ".hg", ".ipynb_checkpoints", ".mypy_cache", ".nox"),
    *(".pants.d", ".pyenv", ".pytest_cache", ".pytype", ".ruff_cache", ".svn", ".tox", ".venv", ".vscode"),
    *("__pypackages__", "_build", "buck-out", "build", "dist", "node_modules", "site-packages", "venv"),
)

PatternCodes: TypeAlias = tuple[tuple[str, tuple[str, ...]], ...]
"""Patterns, each with the selectors that are ignored under it."""


@dataclass(frozen=True, slots=True)
class ProjectFacts:
    """What the user tells packlint about a project, so that it need not be inferred.

    The names are dotted, as the code would import them. `max_files` bounds how many files of the project
    are read for facts.
    """

    padding_functions: tuple[str, ...] = ()
    packing_wrappers: tuple[str, ...] = ()
    fixed_length: tuple[str, ...] = ()
    sorted_by_length: tuple[str, ...] = ()
    max_files: int = DEFAULT_MAX_FILES


@dataclass(frozen=True, slots=True)
class Options:
    """What one place says, a configuration file or the command line; None where it says nothing.

    `base` is the folder that its patterns are relative to.
    """

    base: str
    rules: Layer = NO_SELECTORS
    per_file_ignores: PatternCodes | None = None
    extend_per_file_ignores: PatternCodes = ()
    exclude: tuple[str, ...] | None = None
    extend_exclude: tuple[str, ...] = ()
    force_exclude: bool | None = None
    respect_gitignore: bool | None = None
    output_format: str | None = None
    facts: ProjectFacts = ProjectFacts()

    @property
    def selectors(self) -> tuple[str, ...]:
        """Every selector said here, those for some files included."""
        patterns = (*(self.per_file_ignores or ()), *self.extend_per_file_ignores)
        return (*self.rules.selectors, *(selector for _, selectors in patterns for selector in selectors))


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds in a folder, once its configuration and the command line are put together."""

    rules: tuple[Layer, ...]
    per_file_ignores: tuple[PerFileIgnore, ...]
    excluded: Matcher
    force_exclude: bool
    respect_gitignore: bool
    output_format: str | None
    facts: ProjectFacts

    def codes(self, path: str) -> frozenset[str]:
        """The codes that are on for a file in the folder, by its absolute path."""
        codes = _enabled(self.rules)
        for ignore in self.per_file_ignores:
            if ignore.covers(path):
                codes -= {code for code in codes if any(matches(selector, code) for selector in ignore.selectors)}
        return codes | ALWAYS_ON


@functools.cache
def _enabled(layers: tuple[Layer, ...]) -> frozenset[str]:
    from packlint.rules import all_rules  # here, since most runs meet no file that needs the rules

    return enabled_codes(layers, {code: rule.on_by_default for code, rule in all_rules().items()})


class ConfigError(Exception):
    """A configuration that cannot be read, in one line."""


def combine(config: Options | None, command_line: Options) -> Settings:
    """The settings of a folder: the command line's word counts more than the configuration's."""
    layers = [options for options in (config, command_line) if options is not None]
    exclude: tuple[str, ...] = DEFAULT_EXCLUDE
    base = command_line.base
    ignores: list[PerFileIgnore] = []
    force_exclude, respect_gitignore, output_format = False, True, None
    for options in layers:
        if options.exclude is not None:
            exclude, base = options.exclude, options.base
        if options.per_file_ignores is not None:
            ignores = _per_file_ignores(options.per_file_ignores, options.base)
        ignores += _per_file_ignores(options.extend_per_file_ignores, options.base)
        if options.force_exclude is not None:
            force_exclude = options.force_exclude
        if options.respect_gitignore is not None:
            respect_gitignore = options.respect_gitignore
        output_format = options.output_format or output_format
    excluded = Matcher(exclude, base)
    for options in layers:
        excluded = Matcher(options.extend_exclude, options.base, excluded)
    return Settings(
        rules=(DEFAULT_LAYER, *(options.rules for options in layers)),
        per_file_ignores=tuple(ignores),
        excluded=excluded,
        force_exclude=force_exclude,
        respect_gitignore=respect_gitignore,
        output_format=output_format,
        facts=config.facts if config is not None else command_line.facts,
    )


def _per_file_ignores(patterns: PatternCodes, base: str) -> list[PerFileIgnore]:
    return [
        PerFileIgnore(Matcher((pattern.removeprefix("!"),), base), pattern.startswith("!"), selectors)
        for pattern, selectors in patterns
    ]


def read_config(path: str, data: bytes | None = None) -> tuple[Options | None, list[str]]:
    """What a configuration file says, None where it has no `[tool.packlint]`, and what is wrong with it.

    A file of another name than pyproject.toml may also hold the keys at its top. A key that is unknown or of
    a wrong type is left out, so that the others still count.

    Raises:
        ConfigError: there is no TOML in it.
        OSError: it cannot be read.
    """
    if data is None:
        with open(path, "rb") as file:
            data = file.read()
    document = parse_toml(data)
    tool = document.get("tool")
    table = tool.get("packlint") if isinstance(tool, dict) else None
    if table is None and os.path.basename(path) != FILE_NAME:
        table = document
    if table is None:
        return None, []
    if not isinstance(table, dict):
        return None, ["tool.packlint: a table is wanted"]
    return _options(table, os.path.dirname(os.path.abspath(path)))


def parse_toml(data: bytes) -> dict[str, object]:
    """The content of a TOML file; raises `ConfigError` where it is none."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        document: dict[str, object] = tomllib.loads(data.decode("utf-8"))
    except UnicodeDecodeError:
        raise ConfigError("not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"broken TOML: {error}") from None
    return document


def _options(table: Mapping[str, object], base: str) -> tuple[Options, list[str]]:
    """The keys of a table, each checked; the second part says which were left out and why."""
    problems: list[str] = []
    values: dict[str, object] = {}
    for key, value in table.items():
        check = _KEYS.get(key)
        if check is None:
            problems.append(f"tool.packlint.{key}: unknown key")
            continue
        try:
            values[key.replace("-", "_")] = check(value)
        except (ValueError, re.error) as error:
            problems.append(f"tool.packlint.{key}: {error}")
    return _assembled(Options(base), values), problems


def _assembled(options: Options, values: dict[str, object]) -> Options:
    """`options` with the values, each put where it belongs; their types are those of `_KEYS`."""
    for key, value in values.items():
        change: dict[str, object] = {key: value}
        if key in Layer.__slots__:
            options = replace(options, rules=replace(options.rules, **change))  # type: ignore[arg-type]
        elif key in ProjectFacts.__slots__:
            options = replace(options, facts=replace(options.facts, **change))  # type: ignore[arg-type]
        else:
            options = replace(options, **change)  # type: ignore[arg-type]
    return options


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


def _output_format(value: object) -> str:
    if not isinstance(value, str) or value not in OUTPUT_FORMATS:
        raise ValueError(f"one of {', '.join(OUTPUT_FORMATS)} is wanted, not {_shown(value)}")
    return value


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


_KEYS: dict[str, Callable[[object], object]] = {
    "select": _strings,
    "ignore": _strings,
    "extend-select": _strings,
    "per-file-ignores": _pattern_codes,
    "extend-per-file-ignores": _pattern_codes,
    "exclude": _patterns,
    "extend-exclude": _patterns,
    "force-exclude": _boolean,
    "respect-gitignore": _boolean,
    "output-format": _output_format,
    "padding-functions": _strings,
    "packing-wrappers": _strings,
    "fixed-length": _strings,
    "sorted-by-length": _strings,
    "max-files": _count,
}


class Configuration:
    """Finds the settings of each folder: the nearest `[tool.packlint]` above it, under the command line.

    `fixed` is the one configuration for all folders (`--config`, `--isolated`). What is wrong with a
    configuration file is said once, in `problems`.
    """

    def __init__(self, command_line: Options, fixed: Options | None = None, search: bool = True) -> None:
        self.problems: list[str] = []
        self.said: list[tuple[str, Options]] = []
        """Every configuration file that was found, for a look at its selectors."""
        self._command_line = command_line
        self._base = combine(fixed, command_line)
        self._search = search
        self._folders: dict[str, Settings] = {}

    def settings(self, folder: str) -> Settings:
        """The settings that hold in a folder, given by its absolute path."""
        if not self._search:
            return self._base
        unknown: list[str] = []
        while folder not in self._folders:
            own = self._own(os.path.join(folder, FILE_NAME))
            parent = os.path.dirname(folder)
            if own is not None:
                self._folders[folder] = combine(own, self._command_line)
            elif parent == folder:
                self._folders[folder] = self._base
            else:
                unknown.append(folder)
                folder = parent
        found = self._folders[folder]
        self._folders.update(dict.fromkeys(unknown, found))
        return found

    def _own(self, path: str) -> Options | None:
        try:
            with open(path, "rb") as file:
                data = file.read()
        except OSError:
            return None
        if b"packlint" not in data:  # spares a TOML parser on every project that says nothing
            return None
        try:
            options, problems = read_config(path, data)
        except ConfigError as error:
            options, problems = None, [str(error)]
        self.problems += [f"{path}: {problem}" for problem in problems]
        if options is not None:
            self.said.append((path, options))
        return options
