"""`packlint config`: the settings in effect, and what may be set."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from packlint.arguments import Parser, UsageError, add_baseline, add_configuration, add_files, add_selection, options_of
from packlint.config import KEYS, SELECTING, Configuration, Options, Settings, holding
from packlint.key_pages import schema_text
from packlint.report import Style
from packlint.rules import all_rules
from packlint.selection import ALWAYS_ON

WIDTH = 120


@dataclass(frozen=True, slots=True)
class Setting:
    """A key with the value that holds, None where that is nothing, and the places that it comes from."""

    name: str
    value: object
    places: tuple[str, ...]


def run(words: Sequence[str]) -> int:
    """Run with the words after `config`, and give the exit code: 2 where a configuration is wrong."""
    parser = _parser()
    try:
        arguments = parser.parse_intermixed_args(words)
        if arguments.schema:
            if arguments.path is not None:
                raise UsageError("--schema is the same for every PATH")
            sys.stdout.write(schema_text())
            return 0
        options = options_of(arguments)
        path = os.path.abspath("." if arguments.path is None else arguments.path)
        if not os.path.lexists(path):
            raise UsageError(f"{arguments.path}: no such file or folder")
        configuration = Configuration(options, arguments.config, arguments.isolated)
    except UsageError as error:
        print(f"packlint: error: {error} (`packlint config --help` lists the options)", file=sys.stderr)
        return 2
    settings = configuration.settings(path if os.path.isdir(path) else os.path.dirname(path))
    write = _as_json if arguments.output_format == "json" else _as_toml
    sys.stdout.write(write(path, settings, Style(os.getcwd())))
    problems = [*configuration.problems, *configuration.unknown_selectors()]
    for problem in problems:
        print(f"packlint: {problem}", file=sys.stderr)
    return 2 if problems else 0


def _parser() -> Parser:
    parser = Parser(
        prog="packlint config",
        usage="packlint config --show [PATH] [options]\n       packlint config --schema",
        description="Show the settings in effect, and what may be set. Exit code: 2 where a configuration is wrong.",
        allow_abbrev=False,
    )
    parser.add_argument("path", nargs="?", metavar="PATH", help="a file or a folder (default: the working folder)")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--show", action="store_true", help="the settings for PATH, and where each comes from")
    what.add_argument("--schema", action="store_true", help="a JSON Schema of [tool.packlint], for editors")
    parser.add_argument("--output-format", choices=("toml", "json"), default="toml", help="of --show")
    group = parser.add_argument_group("settings, as in `packlint check`")
    add_selection(group)
    add_files(group)
    add_baseline(group)
    add_configuration(group)
    return parser


def settings_of(settings: Settings, style: Style) -> list[Setting]:
    """Every key with what holds. Of the rules, all that are on: `select` says what three keys do in turn."""
    said = [Setting("select", sorted(settings.selected - ALWAYS_ON), _places_of_rules(settings.said, style))]
    holds = holding(settings.said)
    for name, key in KEYS.items():
        if name not in SELECTING:
            value = key.plain(getattr(holds, key.attribute))
            said.append(Setting(name, None if value == "" else value, _places(name, settings.said, style)))
    return said


def _place(options: Options, style: Style) -> str:
    return "command line" if options.file is None else style.name(options.file)


def _places(name: str, said: Sequence[Options], style: Style) -> tuple[str, ...]:
    key = KEYS[name]
    places = [_place(options, style) for options in said if getattr(options, key.attribute) is not None]
    return tuple(places if key.extends else places[-1:]) or ("default",)


def _places_of_rules(said: Sequence[Options], style: Style) -> tuple[str, ...]:
    places = ["default"]
    for options in said:
        names = [name for name in SELECTING if getattr(options, KEYS[name].attribute) is not None]
        if "select" in names:  # which starts anew
            places.clear()
        if names:
            places.append(f"{_place(options, style)} ({', '.join(names)})")
    return tuple(places)


def _as_json(path: str, settings: Settings, style: Style) -> str:
    known = {one.name: {"value": one.value, "from": one.places} for one in settings_of(settings, style)}
    return json.dumps({"path": path, "codes": sorted(settings.codes(path)), "settings": known}, indent=2) + "\n"


def _as_toml(path: str, settings: Settings, style: Style) -> str:
    """The settings as a table that can be pasted into a configuration file, where the one in effect lies."""
    said = settings_of(settings, style)
    lines = [f"# The settings of {_comment(style.name(path))}.", "[tool.packlint]"]
    off = sorted(settings.selected - settings.codes(path))
    if off:
        lines.insert(1, f"# Off here by per-file-ignores: {', '.join(off)}.")
    tables = []
    for one in said:
        comment = f"  # {_comment(', '.join(one.places))}"
        if isinstance(one.value, dict) and one.value:
            tables += ["", f"[tool.packlint.{one.name}]{comment}"]
            tables += [f"{_toml(pattern)} = {_toml(codes)}" for pattern, codes in one.value.items()]
        else:
            lines += _pair(one, comment)
    return "\n".join([*lines, *tables]) + "\n"


def _pair(one: Setting, comment: str) -> Iterator[str]:
    if one.value is None:
        yield f"# {one.name} is not set{comment}"
        return
    line = f"{one.name} = {_toml(one.value)}{comment}"
    if one.name == "select" and isinstance(one.value, list):
        yield f"{one.name} = [{comment}"
        yield from (f"    {_toml(code)},  # {all_rules()[code].name}" for code in one.value)
        yield "]"
    elif isinstance(one.value, list) and len(line) > WIDTH:
        yield f"{one.name} = [{comment}"
        yield from _filled([f"{_toml(item)}," for item in one.value])
        yield "]"
    else:
        yield line


def _filled(words: Sequence[str]) -> Iterator[str]:
    """As many words on a line as it takes."""
    line = "   "
    for word in words:
        if len(line) + 1 + len(word) > WIDTH and line.strip():
            yield line
            line = "   "
        line += f" {word}"
    yield line


def _toml(value: object) -> str:
    """A value as TOML, which in strings escapes a character more than JSON."""
    if value == {}:
        return "{}"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _comment(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f]", "?", text)
