"""`packlint config`: the schema accepts what packlint accepts, and what is shown could be pasted back."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from packlint.cli import main
from packlint.config import DEFAULT_EXCLUDE, KEYS, Configuration, Options, Settings, combine, parse_toml, read_config
from packlint.config_command import _as_toml
from packlint.key_pages import schema, schema_text, selectors, table
from packlint.report import Style
from packlint.rules import all_rules
from tests.conftest import Ran

ROOT = Path(__file__).resolve().parent.parent
VALIDATOR = Draft7Validator(schema())

Config = Callable[..., Ran]


@pytest.fixture
def config(folder: Path, capsys: pytest.CaptureFixture[str]) -> Config:
    """Run `packlint config` in this process."""

    def run(*words: str) -> Ran:
        code = main(["config", *words])
        out, err = capsys.readouterr()
        return Ran(code, out, err)

    return run


def toml(value: object) -> str:
    """Any value of TOML, on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    return json.dumps(value)


def problems(table: dict[str, object], folder: Path) -> list[str]:
    """What packlint says of a table."""
    path = folder / "pyproject.toml"
    path.write_text("[tool.packlint]\n" + "".join(f"{json.dumps(key)} = {toml(item)}\n" for key, item in table.items()))
    configuration = Configuration(Options(str(folder)), str(path))
    return [*configuration.problems, *configuration.unknown_selectors()]


# --- the schema ---


def test_the_schema_is_one() -> None:
    Draft7Validator.check_schema(schema())


def test_the_schema_says_something_of_every_key() -> None:
    properties: Any = schema()["properties"]
    assert list(properties) == list(KEYS)
    for name, said in properties.items():
        assert said["description"].endswith(".")
        assert ("default" in said) == (name != "baseline")
    assert schema()["additionalProperties"] is False
    assert properties["output-format"]["enum"][0] == properties["output-format"]["default"] == "full"


def test_the_defaults_are_valid_and_change_nothing(tmp_path: Path) -> None:
    properties: Any = schema()["properties"]
    table = {name: said["default"] for name, said in properties.items() if "default" in said}
    VALIDATOR.validate(table)
    assert problems(table, tmp_path) == []
    said, _ = read_config(str(tmp_path / "pyproject.toml"))
    assert said is not None
    assert same(combine(said, Options(str(tmp_path))), combine(None, Options(str(tmp_path))))


def test_every_code_can_be_selected() -> None:
    assert set(all_rules()) < set(selectors())
    assert {"ALL", "PCK", "PCK1", "PCK10"} < set(selectors())
    assert not {"P", "PC", "", "PCK9", "pck101", "unpacked-batch"} & set(selectors())


def perhaps(right: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Values of a key, and others."""
    return right | st.booleans() | st.integers(-2, 3) | st.text("aP1", max_size=3) | st.just([1]) | st.just({})


known_selector = st.sampled_from(selectors())
selector = known_selector | st.sampled_from(["PCK9", "E501", "P", "", "pck1", "all"])
pattern = st.sampled_from(["tests", "a/*.py", "!b/c.py", "{a,b}.py", "**/x", "", "ü ?"])
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "codes": st.lists(known_selector, max_size=3),
    "patterns": st.lists(pattern, max_size=3),
    "patterns, each with codes": st.dictionaries(pattern, st.lists(known_selector, max_size=2), max_size=2),
    "true or false": st.booleans(),
    "a path": st.sampled_from(["known.json", "../known.json", "/known.json"]),
    "dotted names": st.lists(st.sampled_from(["a.b", 'c"\\', "ü\x7f\n"]), max_size=2),
    "a number": st.integers(0, 10),
}
right = {key.name: VALUES.get(key.kind.words, st.sampled_from(["full", "json"])) for key in KEYS.values()}
wrong = {name: perhaps(value) for name, value in right.items()} | {
    "ignore": st.lists(selector, max_size=2),
    "selct": st.just([]),
    "extend_select": st.just(["PCK1"]),
}
tables = st.fixed_dictionaries({}, optional=right) | st.fixed_dictionaries({}, optional=wrong)


@pytest.fixture(scope="module")
def one_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("config")


def test_both_verdicts_are_tried(one_folder: Path) -> None:
    """Of the tables that are tried, many are right and many are wrong."""
    verdicts: list[bool] = []

    @settings(max_examples=60, deadline=None, derandomize=True, database=None)
    @given(tables)
    def judge(table: dict[str, object]) -> None:
        verdicts.append(VALIDATOR.is_valid(table))

    judge()
    assert 10 < sum(verdicts) < len(verdicts) - 10


@settings(max_examples=300, deadline=None)
@given(table=tables)
def test_the_schema_accepts_what_packlint_accepts(one_folder: Path, table: dict[str, object]) -> None:
    said = problems(table, one_folder)
    assert VALIDATOR.is_valid(table) == (said == []), said


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
@pytest.mark.parametrize(
    "value", ["", "x", 1, -1, 0.5, True, [], [""], [[]], [1], {}, {"a": []}, {"a": "PCK1"}, {"a": 1}]
)
def test_they_agree_on_values_of_every_type(one_folder: Path, key: Any, value: object) -> None:
    table = {key.name: value}
    assert VALIDATOR.is_valid(table) == (problems(table, one_folder) == [])


@pytest.mark.parametrize(
    "table",
    [
        {"exclude": ["[z-a]*"]},  # no pattern
        {"per-file-ignores": {"[z-a]*": ["PCK1"]}},
        {"max-files": 7.0},  # to JSON Schema a whole number
    ],
)
def test_what_the_schema_cannot_say(one_folder: Path, table: dict[str, object]) -> None:
    assert VALIDATOR.is_valid(table)
    assert len(problems(table, one_folder)) == 1


def test_schema_prints_the_file_of_the_documentation(config: Config) -> None:
    text = (ROOT / "docs" / "packlint.schema.json").read_text(encoding="utf-8")
    assert text == schema_text(), "run: python docs/make_key_pages.py"
    assert config("--schema") == Ran(0, text, "")


def test_the_table_of_the_documentation() -> None:
    assert table() in (ROOT / "docs" / "usage.md").read_text(encoding="utf-8"), "run: python docs/make_key_pages.py"


# --- the settings in effect ---


def same(one: Settings, other: Settings) -> bool:
    """Whether two settings mean the same, as far as some paths can tell."""
    folders = ("/p", "/p/sub", "/q")
    names = ("a/x.py", "b/c.py", "x", "tests", "tests/x.py", "a.py", ".git", "c/x")
    paths = [f"{folder}/{name}" for folder in folders for name in names]

    def meaning(settings: Settings) -> object:
        return (
            [sorted(settings.codes(path)) for path in paths],
            [settings.excluded.matches(path, os.path.basename(path)) for path in paths],
            (settings.force_exclude, settings.respect_gitignore, settings.output_format, settings.baseline),
            settings.facts,
        )

    return meaning(one) == meaning(other)


def options(base: str, file: str | None = None) -> st.SearchStrategy[Options]:
    """What a place in a folder may say; the command line may say a pattern twice."""

    def kept(table: dict[str, object]) -> Options:
        read: dict[str, Any] = {KEYS[name].attribute: KEYS[name].kind.read(value) for name, value in table.items()}
        twice = {} if file else {"extend_per_file_ignores": 2 * read.get("extend_per_file_ignores", ())}
        return Options(base, file, **{**read, **twice})

    return st.fixed_dictionaries({}, optional=right).map(kept)


@settings(max_examples=200, deadline=None)
@given(
    config=st.none() | options("/p", "/p/pyproject.toml"),
    command_line=st.sampled_from(["/p", "/p/sub", "/q"]).flatmap(options),
)
def test_what_is_shown_could_be_pasted_back(config: Options | None, command_line: Options) -> None:
    before = combine(config, command_line)
    base = before.said[0].base
    text = _as_toml(f"{base}/a.py", before, Style(base))
    pasted, wrong = read_config(f"{base}/pyproject.toml", text.encode())
    assert pasted is not None
    assert wrong == []
    assert same(combine(pasted, Options(base)), before), text
    VALIDATOR.validate(parse_toml(text.encode())["tool"]["packlint"])  # type: ignore[index]


def test_the_defaults_are_shown(config: Config) -> None:
    ran = config("--show")
    assert (ran.code, ran.err) == (0, "")
    said: Any = parse_toml(ran.out.encode())["tool"]
    assert said["packlint"]["exclude"] == list(DEFAULT_EXCLUDE)
    assert said["packlint"]["select"] == [code for code, rule in all_rules().items() if rule.on_by_default][1:]
    assert "# baseline is not set  # default\n" in ran.out
    assert ran.out.count("# default") == len(KEYS) - len(["ignore", "extend-select"])


def test_where_each_setting_comes_from(folder: Path, config: Config) -> None:
    (folder / "sub").mkdir()
    (folder / "pyproject.toml").write_text("[tool.packlint]\nforce-exclude = true\n")
    (folder / "sub" / "pyproject.toml").write_text(
        "[tool.packlint]\nignore = ['PCK3']\nextend-exclude = ['a']\nbaseline = 'known.json'\n"
        "[tool.packlint.per-file-ignores]\n'*_test.py' = ['PCK1']\n"
    )
    (folder / "sub" / "x_test.py").touch()
    words = ["--extend-select", "PCK304", "--extend-exclude", "b/c", "--no-respect-gitignore"]
    words += ["--extend-per-file-ignores", "x.py:PCK2,x.py:PCK3"]
    ran = config("--show", "sub/x_test.py", *words)
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    off = sorted(code for code, rule in all_rules().items() if code.startswith("PCK1") and rule.on_by_default)
    assert lines[:2] == ["# The settings of sub/x_test.py.", f"# Off here by per-file-ignores: {', '.join(off)}."]
    for line in (
        "select = [  # default, sub/pyproject.toml (ignore), command line (extend-select)",
        '    "PCK304",  # pooling-over-padding',
        "force-exclude = false  # default",  # tables further up are not mixed in
        'extend-exclude = ["a", "../b/c"]  # sub/pyproject.toml, command line',
        "respect-gitignore = false  # command line",
        'baseline = "known.json"  # sub/pyproject.toml',
        "[tool.packlint.per-file-ignores]  # sub/pyproject.toml",
        '"*_test.py" = ["PCK1"]',
        "[tool.packlint.extend-per-file-ignores]  # command line",
        '"x.py" = ["PCK2", "PCK3"]',
    ):
        assert line in lines
    assert '    "PCK301",  # last-step-of-padded-output' not in lines
    assert "# baseline is not set  # command line" in config("--show", "sub", "--no-baseline").out
    assert "Off here" not in config("--show", "sub").out
    assert "force-exclude = true  # pyproject.toml" in config("--show").out
    assert "force-exclude = false  # default" in config("--show", "--isolated").out
    assert "select = [  # command line (select)" in config("--show", "--select", "PCK1").out


def test_the_settings_as_json(folder: Path, config: Config) -> None:
    (folder / "packlint.toml").write_text("per-file-ignores = {'a.py' = ['PCK1', 'PCK2', 'PCK3', 'PCK4']}\n")
    (folder / "a.py").touch()
    ran = config("--show", "a.py", "--config", "packlint.toml", "--output-format", "json")
    shown = json.loads(ran.out)
    assert list(shown) == ["path", "codes", "settings"]
    assert (shown["path"], shown["codes"]) == (str(folder / "a.py"), ["PCK000", "PCK001"])
    assert list(shown["settings"]) == [name for name in KEYS if name not in ("ignore", "extend-select")]
    assert shown["settings"]["per-file-ignores"]["from"] == ["packlint.toml"]
    assert shown["settings"]["baseline"] == {"value": None, "from": ["default"]}


def test_a_wrong_configuration_is_a_line_each(folder: Path, config: Config) -> None:
    (folder / "pyproject.toml").write_text("[tool.packlint]\nselect = 3\nignore = ['PCK9']\nforce-exclude = true\n")
    ran = config("--show")
    assert ran.code == 2
    assert ran.err.splitlines() == [
        f"packlint: {folder}/pyproject.toml: tool.packlint.select: a list of strings is wanted, not 3",
        f"packlint: {folder}/pyproject.toml: no rule has the code `PCK9`",
    ]
    assert f"force-exclude = true  # {'pyproject.toml'}" in ran.out
    (folder / "pyproject.toml").write_text("[tool.packlint\n")
    ran = config("--show")
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert config("--show", "--config", "none.toml").err == "packlint: none.toml: No such file or directory\n"
    assert config("--show", "--ignore", "E501").err.endswith(
        "packlint: the command line: no rule has the code `E501`\n"
    )


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ([], "one of the arguments --show --schema is required"),
        (["--show", "--schema"], "argument --schema: not allowed with argument --show"),
        (["--show", "none"], "none: no such file or folder"),
        (["--schema", "."], "--schema is the same for every PATH"),
        (["--show", "--exclude", "[z-a]*"], "'[z-a]*' is no pattern"),
        (["--show", "--fix"], "unrecognized arguments: --fix"),
    ],
)
def test_a_wrong_option_is_one_line(config: Config, words: list[str], line: str) -> None:
    ran = config(*words)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert ran.err.startswith(f"packlint: error: {line}")


def test_a_working_folder_that_is_gone_is_one_line(folder: Path, config: Config) -> None:
    (folder / "gone").mkdir()
    os.chdir(folder / "gone")
    (folder / "gone").rmdir()
    ran = config("--show")
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert ran.err.startswith("packlint: error: the working folder: No such file or directory")


def test_a_path_called_config(folder: Path, config: Config) -> None:
    (folder / "config").mkdir()
    said = "packlint: `config` is read as the command; for the path write `./config`\n"
    assert config("--show").err == said
    assert config("--show", "config").out.startswith("# The settings of config.\n")


def test_odd_names_stay_in_their_comment(folder: Path, config: Config) -> None:
    (folder / "a\nb").mkdir()
    ran = config("--show", "a\nb")
    assert re.match(r"# The settings of a\?b\.\n\[tool\.packlint\]\n", ran.out)
