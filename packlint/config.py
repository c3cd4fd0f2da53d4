"""What the user set: `[tool.packlint]` in pyproject.toml, and the options of the command line."""

from __future__ import annotations

import functools
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from itertools import product
from typing import Any, NamedTuple, TypeAlias

from packlint import keys
from packlint.keys import Key, Kind, PatternCodes
from packlint.patterns import Matcher, PerFileIgnore
from packlint.selection import ALWAYS_ON, DEFAULT_LAYER, OFF_BY_DEFAULT, Layer, enabled_codes, is_known, matches

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

Strings: TypeAlias = "tuple[str, ...] | None"


def _key(kind: Kind, default: object, doc: str) -> dict[str, object]:
    return {"kind": kind, "default": default, "doc": doc}


class ProjectFacts(NamedTuple):
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

    `base` is the folder that its patterns and paths are relative to, and `file` the configuration file. Each field
    below is a key of `[tool.packlint]`, and this is the one place that names it: see `KEYS`.
    """

    base: str
    file: str | None = None

    select: Strings = field(
        default=None,
        metadata=_key(
            keys.SELECTORS,
            DEFAULT_LAYER.select,
            "The rules that are on: codes, prefixes, or `ALL`. A prefix stands for those of its rules that are on by "
            "default; a rule that is off needs its code in full.",
        ),
    )
    ignore: Strings = field(
        default=None,
        metadata=_key(
            keys.SELECTORS,
            (),
            "Rules that are off. Where `select` and `ignore` disagree the longer selector holds, and of two equally "
            "long ones `ignore`.",
        ),
    )
    extend_select: Strings = field(
        default=None, metadata=_key(keys.SELECTORS, (), "Rules that are on besides those of `select`.")
    )
    per_file_ignores: PatternCodes | None = field(
        default=None,
        metadata=_key(
            keys.PATTERN_CODES,
            (),
            "Rules that are off in the files under a pattern; `!PATTERN` is all other files.",
        ),
    )
    extend_per_file_ignores: PatternCodes | None = field(
        default=None, metadata=_key(keys.PATTERN_CODES, (), "The same, on top of `per-file-ignores`.")
    )
    exclude: Strings = field(
        default=None,
        metadata=_key(
            keys.PATTERNS,
            DEFAULT_EXCLUDE,
            "What is left out where folders are searched. A pattern is relative to the folder of the configuration "
            "file; one without a slash also meets a name anywhere.",
        ),
    )
    extend_exclude: Strings = field(
        default=None, metadata=_key(keys.PATTERNS, (), "What is left out besides what `exclude` says.")
    )
    force_exclude: bool | None = field(
        default=None,
        metadata=_key(keys.BOOLEAN, False, "Leave out what is excluded also where it is named, as hooks name files."),
    )
    respect_gitignore: bool | None = field(
        default=None, metadata=_key(keys.BOOLEAN, True, "Leave out what git ignores.")
    )
    baseline: str | None = field(
        default=None,
        metadata=_key(
            keys.PATH,
            None,
            "A file with the findings that are known and left out, relative to the folder of the configuration file. "
            "`packlint --write-baseline .` writes it.",
        ),
    )
    output_format: str | None = field(
        default=None, metadata=_key(keys.one_of(OUTPUT_FORMATS), "full", "How findings are shown.")
    )
    padding_functions: Strings = field(
        default=None, metadata=_key(keys.NAMES, (), "Functions whose result is padded, as the code would import them.")
    )
    packing_wrappers: Strings = field(
        default=None, metadata=_key(keys.NAMES, (), "Functions and modules that pack their input themselves.")
    )
    fixed_length: Strings = field(
        default=None, metadata=_key(keys.NAMES, (), "Functions whose result is never padded.")
    )
    sorted_by_length: Strings = field(
        default=None, metadata=_key(keys.NAMES, (), "Functions whose result is sorted by decreasing length.")
    )
    max_files: int | None = field(
        default=None,
        metadata=_key(
            keys.COUNT,
            DEFAULT_MAX_FILES,
            "How many files of a project are read for facts; a line says where there are more.",
        ),
    )

    @property
    def rules(self) -> Layer:
        """The selectors that decide which rules are on."""
        return Layer(self.select, self.ignore or (), self.extend_select or ())

    @property
    def selectors(self) -> tuple[str, ...]:
        """Every selector said here, those for some files included."""
        patterns = (*(self.per_file_ignores or ()), *(self.extend_per_file_ignores or ()))
        return (*self.rules.selectors, *(selector for _, selectors in patterns for selector in selectors))


KEYS: dict[str, Key] = {
    key.name: key
    for key in (
        Key(said.name.replace("_", "-"), said.metadata["kind"], said.metadata["default"], said.metadata["doc"])
        for said in fields(Options)
        if said.metadata
    )
}
"""The keys of `[tool.packlint]` by their names, in the order in which people read them."""

SELECTING = ("select", "ignore", "extend-select")
"""The keys that decide together, layer by layer, which rules are on."""


class Settings(NamedTuple):
    """What holds in a folder; `said` is what its configuration, if there is one, and the command line say."""

    said: tuple[Options, ...]
    per_file_ignores: tuple[PerFileIgnore, ...]
    excluded: Matcher
    force_exclude: bool
    respect_gitignore: bool
    baseline: str | None
    output_format: str
    facts: ProjectFacts

    def codes(self, path: str) -> frozenset[str]:
        """The codes that are on for a file in the folder, by its absolute path."""
        codes = self.selected
        for ignore in self.per_file_ignores:
            if ignore.covers(path):
                codes -= {code for code in codes if any(matches(selector, code) for selector in ignore.selectors)}
        return codes | ALWAYS_ON

    @property
    def selected(self) -> frozenset[str]:
        """The codes that are on where nothing is ignored for some files."""
        return _enabled((DEFAULT_LAYER, *(options.rules for options in self.said)))


@functools.cache
def _enabled(layers: tuple[Layer, ...]) -> frozenset[str]:
    from packlint.rules import all_codes  # here, since most runs meet no file that needs the rules

    return enabled_codes(layers, {code: code not in OFF_BY_DEFAULT for code in all_codes()})


class ConfigError(Exception):
    """A configuration that cannot be read, in one line."""


def combine(config: Options | None, command_line: Options) -> Settings:
    """The settings of a folder: the command line's word counts more than the configuration's."""
    said = (command_line,) if config is None else (config, command_line)
    holds = holding(said)
    ignores = (*(holds.per_file_ignores or ()), *(holds.extend_per_file_ignores or ()))
    return Settings(
        said=said,
        per_file_ignores=tuple(
            PerFileIgnore(Matcher((pattern.removeprefix("!"),), holds.base), pattern.startswith("!"), selectors)
            for pattern, selectors in ignores
        ),
        excluded=Matcher((*(holds.exclude or ()), *(holds.extend_exclude or ())), holds.base),
        force_exclude=bool(holds.force_exclude),
        respect_gitignore=bool(holds.respect_gitignore),
        baseline=os.path.normpath(os.path.join(holds.base, holds.baseline)) if holds.baseline else None,
        output_format=str(holds.output_format),
        facts=ProjectFacts(*(getattr(holds, fact) for fact in ProjectFacts._fields)),
    )


def holding(said: tuple[Options, ...]) -> Options:
    """What holds where several places speak, as though the first had said it all: the last word, or the default.

    Which rules are on is left out: no one list of selectors says what several of them do in turn.
    """
    base = said[0].base
    asked = [key for key in KEYS.values() if key.name not in SELECTING]
    values = {key.attribute: key.default for key in asked}
    for key, options in product(asked, said):
        value = key.said(options, base)
        if value is not None:
            values[key.attribute] = (*values[key.attribute], *value) if key.extends else value
    return Options(base, said[0].file, **values)


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
    return _options(table, path)


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


def _options(table: Mapping[str, object], path: str) -> tuple[Options, list[str]]:
    """The keys of a file's table, each checked; the second part says which were left out and why."""
    problems: list[str] = []
    values: dict[str, Any] = {}
    for name, value in table.items():
        key = KEYS.get(name)
        if key is None:
            problems.append(f"tool.packlint.{name}: unknown key")
            continue
        try:
            values[key.attribute] = key.kind.read(value)
        except (ValueError, re.error) as error:
            problems.append(f"tool.packlint.{name}: {error}")
    return Options(os.path.dirname(os.path.abspath(path)), path, **values), problems


class Configuration:
    """Finds the settings of each folder: the nearest `[tool.packlint]` above it, under the command line.

    `fixed` is the one file for all folders (`--config`); with `isolated` no file is read at all. What is wrong with a
    configuration file is said once, in `problems`.
    """

    def __init__(self, command_line: Options, fixed: str | None = None, isolated: bool = False) -> None:
        self.problems: list[str] = []
        self._read: list[Options] = []
        self._command_line = command_line
        self._search = fixed is None and not isolated
        self._base = combine(None if fixed is None or isolated else self._fixed(fixed), command_line)
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

    def unknown_selectors(self) -> list[str]:
        """A line for each selector that is of no rule, of the command line and of every file that was read."""
        lines: list[str] = []
        for options in (self._command_line, *self._read):
            if options.selectors:
                from packlint.rules import all_codes

                unknown = [selector for selector in options.selectors if not is_known(selector, all_codes())]
                place = options.file or "the command line"
                lines += [f"{place}: no rule has the code `{selector}`" for selector in dict.fromkeys(unknown)]
        return lines

    def _fixed(self, path: str) -> Options | None:
        """The file of `--config`; where it cannot be used the run goes on without it, and fails in the end."""
        try:
            with open(path, "rb") as file:
                return self._checked(path, file.read())
        except OSError as error:
            self.problems.append(f"{path}: {error.strerror or error}")
            return None

    def _own(self, path: str) -> Options | None:
        try:
            with open(path, "rb") as file:
                data = file.read()
        except OSError:
            return None
        if b"packlint" not in data:  # spares a TOML parser on every project that says nothing
            return None
        return self._checked(path, data)

    def _checked(self, path: str, data: bytes) -> Options | None:
        try:
            options, problems = read_config(path, data)
        except ConfigError as error:
            options, problems = None, [str(error)]
        self.problems += [f"{path}: {problem}" for problem in problems]
        if options is not None:
            self._read.append(options)
        return options
