"""Configuration: what a file may say, what is wrong with it in one line, and which file holds where."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from packlint.config import ConfigError, Configuration, Options, ProjectFacts, combine, read_config
from tests.conftest import BROKEN, Ran

Lint = Callable[..., Ran]


def config(folder: Path, text: str, name: str = "pyproject.toml") -> str:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return str(path)


def test_every_key(folder: Path) -> None:
    options, problems = read_config(
        config(
            folder,
            """
            [tool.packlint]
            select = ["PCK1"]
            ignore = ["PCK101"]
            extend-select = ["PCK203"]
            per-file-ignores = { "tests/*" = ["PCK1"] }
            extend-per-file-ignores = { "a.py" = ["PCK2"] }
            exclude = ["old"]
            extend-exclude = ["older"]
            force-exclude = true
            respect-gitignore = false
            baseline = "known.json"
            output-format = "concise"
            padding-functions = ["data.pad"]
            packing-wrappers = ["layers.DynamicLSTM"]
            fixed-length = ["data.windows"]
            sorted-by-length = ["data.by_length"]
            max-files = 7
            """,
        )
    )
    assert problems == []
    assert options == Options(
        base=str(folder),
        file=str(folder / "pyproject.toml"),
        select=("PCK1",),
        ignore=("PCK101",),
        extend_select=("PCK203",),
        per_file_ignores=(("tests/*", ("PCK1",)),),
        extend_per_file_ignores=(("a.py", ("PCK2",)),),
        exclude=("old",),
        extend_exclude=("older",),
        force_exclude=True,
        respect_gitignore=False,
        baseline="known.json",
        output_format="concise",
        padding_functions=("data.pad",),
        packing_wrappers=("layers.DynamicLSTM",),
        fixed_length=("data.windows",),
        sorted_by_length=("data.by_length",),
        max_files=7,
    )
    assert combine(options, Options(str(folder))).facts == ProjectFacts(
        ("data.pad",), ("layers.DynamicLSTM",), ("data.windows",), ("data.by_length",), 7
    )


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("select = 'PCK1'", "tool.packlint.select: a list of strings is wanted, not 'PCK1'"),
        ("ignore = [1]", "tool.packlint.ignore: a list of strings is wanted, not [1]"),
        ("force-exclude = 1", "tool.packlint.force-exclude: true or false is wanted, not 1"),
        ("max-files = true", "tool.packlint.max-files: a number of files is wanted, not True"),
        ("max-files = -1", "tool.packlint.max-files: a number of files is wanted, not -1"),
        (
            "output-format = 'xml'",
            "tool.packlint.output-format: one of full, concise, json, github, gitlab, sarif is wanted, not 'xml'",
        ),
        ("baseline = ''", "tool.packlint.baseline: a path is wanted, not ''"),
        ("baseline = ['a']", "tool.packlint.baseline: a path is wanted, not ['a']"),
        ("per-file-ignores = []", "tool.packlint.per-file-ignores: a table of patterns is wanted, not []"),
        ("per-file-ignores = {a = 1}", "tool.packlint.per-file-ignores: a list of strings is wanted, not 1"),
        ("exclude = ['[z-a]*']", "tool.packlint.exclude: bad character range z-a at position 9"),
        ("selct = ['PCK1']", "tool.packlint.selct: unknown key"),
    ],
)
def test_a_wrong_key_is_said_and_the_others_hold(folder: Path, line: str, problem: str) -> None:
    options, problems = read_config(config(folder, f"[tool.packlint]\n{line}\nextend-exclude = ['x']\n"))
    assert problems == [problem]
    assert options is not None
    assert options.extend_exclude == ("x",)


def test_broken_toml(folder: Path) -> None:
    with pytest.raises(ConfigError, match="broken TOML"):
        read_config(config(folder, "[tool.packlint\n"))


def test_not_utf_8(folder: Path) -> None:
    with pytest.raises(ConfigError, match="not UTF-8"):
        read_config(config(folder, ""), b"[tool.packlint]\n# \xff\n")


def test_a_project_that_says_nothing(folder: Path) -> None:
    assert read_config(config(folder, "[tool.ruff]\nselect = []\n")) == (None, [])


def test_no_table(folder: Path) -> None:
    assert read_config(config(folder, "[tool]\npacklint = 1\n")) == (None, ["tool.packlint: a table is wanted"])


def test_another_file_may_hold_the_keys_at_its_top(folder: Path) -> None:
    options, _ = read_config(config(folder, "select = ['PCK1']\n", "packlint.toml"))
    assert options is not None
    assert options.select == ("PCK1",)


def test_the_command_line_counts_more() -> None:
    file = Options(base="/a", exclude=("x",), force_exclude=True, per_file_ignores=(("b.py", ("PCK1",)),))
    words = Options(base="/b", exclude=("y",), force_exclude=False, per_file_ignores=(("c.py", ("PCK1",)),))
    assert combine(file, replace(words, baseline="known.json")).baseline == "/b/known.json"
    assert combine(replace(file, baseline="../known.json"), words).baseline == "/known.json"
    assert combine(replace(file, baseline="known.json"), replace(words, baseline="")).baseline is None
    settings = combine(file, words)
    assert not settings.force_exclude
    assert not settings.excluded.matches("/a/x", "x")
    assert settings.excluded.matches("/b/y", "y")
    assert [ignore.covers("/b/c.py") for ignore in settings.per_file_ignores] == [True]


def test_patterns_are_relative_to_the_place_that_says_them() -> None:
    file = Options(base="/a", extend_exclude=("x/1.py", "y"), per_file_ignores=(("z/1.py", ("PCK1",)),))
    words = Options(base="/b", extend_exclude=("x/2.py",), extend_per_file_ignores=(("!z/2.py", ("PCK1",)),))
    settings = combine(file, words)
    excluded = ("/a/x/1.py", "/b/x/2.py", "/b/y", "/b/x/1.py", "/a/x/2.py")
    assert [settings.excluded.matches(path, path[3:]) for path in excluded] == [True, True, True, False, False]
    ignored = [[ignore.covers(path) for ignore in settings.per_file_ignores] for path in ("/a/z/1.py", "/b/z/2.py")]
    assert ignored == [[True, True], [False, False]]


def test_what_nobody_says_is_the_default() -> None:
    settings = combine(None, Options(base="/a"))
    assert (settings.force_exclude, settings.respect_gitignore, settings.output_format) == (False, True, "full")
    assert (settings.facts, settings.per_file_ignores) == (ProjectFacts(), ())
    assert settings.excluded.matches("/a/build", "build")


def test_the_nearest_configuration_holds(folder: Path) -> None:
    config(folder, "[tool.packlint]\nforce-exclude = true\n")
    config(folder, "[tool.ruff]\n", "a/pyproject.toml")  # says nothing about packlint: the next above holds
    config(folder, "[tool.packlint]\n", "a/b/pyproject.toml")
    configuration = Configuration(Options(base=str(folder)))
    forced = [configuration.settings(str(folder / name)).force_exclude for name in ("", "a", "a/b", "a/b/c")]
    assert forced == [True, True, False, False]


def test_broken_toml_is_one_line_and_everything_else_is_reported(folder: Path, lint: Lint) -> None:
    (folder / "a.py").write_text(BROKEN)
    config(folder, "[tool.packlint\n", "sub/pyproject.toml")
    (folder / "sub" / "b.py").write_text(BROKEN)
    ran = lint(".")
    assert (ran.code, ran.places) == (2, ["a.py PCK001", "sub/b.py PCK001"])
    assert ran.err.count("\n") == 1
    assert f"{folder}/sub/pyproject.toml: broken TOML: " in ran.err


def test_a_wrong_type_is_one_line_and_everything_else_is_reported(folder: Path, lint: Lint) -> None:
    (folder / "a.py").write_text(BROKEN)
    config(folder, "[tool.packlint]\nselect = 3\n")
    ran = lint(".")
    assert (ran.code, ran.places) == (2, ["a.py PCK001"])
    assert ran.err == f"packlint: {folder}/pyproject.toml: tool.packlint.select: a list of strings is wanted, not 3\n"


def test_config_names_a_file(folder: Path, lint: Lint) -> None:
    (folder / "a.py").write_text(BROKEN)
    config(folder, "[tool.packlint]\nselect = ['PCK001']\n")
    config(folder, "select = ['PCK301']\n", "other/packlint.toml")
    assert lint("a.py").code == 1
    assert lint("a.py", "--config", "other/packlint.toml").code == 0


def test_config_that_is_missing_or_broken(folder: Path, lint: Lint) -> None:
    (folder / "a.py").write_text(BROKEN)
    ran = lint("a.py", "--config", "none.toml")
    assert (ran.code, ran.places, ran.err) == (2, ["a.py PCK001"], "packlint: none.toml: No such file or directory\n")
    config(folder, "a =", "bad.toml")
    ran = lint("a.py", "--config", "bad.toml")
    assert (ran.code, ran.places, ran.err.count("\n")) == (2, ["a.py PCK001"], 1)


def test_a_selector_that_is_of_no_rule_in_the_file_of_config(folder: Path, lint: Lint) -> None:
    (folder / "a.py").write_text(BROKEN)
    config(folder, "extend-select = ['PCK999']\n", "other.toml")
    ran = lint("a.py", "--config", "other.toml")
    assert (ran.code, ran.places) == (2, ["a.py PCK001"])
    assert ran.err == "packlint: other.toml: no rule has the code `PCK999`\n"


def test_isolated_reads_no_configuration(folder: Path, lint: Lint) -> None:
    (folder / "a.py").write_text(BROKEN)
    config(folder, "[tool.packlint]\nselect = []\n")
    assert lint("a.py").code == 0
    assert lint("a.py", "--isolated").code == 1
