"""packlint inside real flake8: the findings of the command line, at the same places."""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import io
import os
import re
import subprocess
import sys
import tempfile
from argparse import Namespace
from importlib.metadata import entry_points
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from packlint.cache import Cache
from packlint.cli import main
from packlint.flake8_plugin import SECONDS_VARIABLE, Plugin
from tests.conftest import run_packlint

ROOT = Path(__file__).parents[1]
CHECKED_FILES = [ROOT / "tests" / "rules" / f"{rule}.py" for rule in ("pck103", "pck205", "pck302", "pck303")]
INSTALLED = any(entry.name == "PCK" for entry in entry_points(group="flake8.extension"))

needs_flake8 = pytest.mark.skipif(importlib.util.find_spec("flake8") is None, reason="flake8 is not installed")

MODEL = """\
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 8, padding_idx=0)
        self.rnn = nn.LSTM(8, 16, batch_first=True)

    def forward(self, ids, lengths):
        x = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.rnn(x)[0], batch_first=True)
        return out[:, -1]
"""
LAST_STEP = (14, 16, "PCK301")
UNSTATED = (13, 18, "PCK402")

Place = tuple[str, int, int, str]
"""Absolute file name, row, column counted from 1, code."""


def run_flake8(*words: str, cwd: Path, stdin: str | None = None, **environment: str) -> list[Place]:
    """What flake8 shows of packlint's, in its order."""
    return [place for place, _ in flake8_lines(*words, cwd=cwd, stdin=stdin, **environment)]


def flake8_lines(*words: str, cwd: Path, stdin: str | None = None, **environment: str) -> list[tuple[Place, str]]:
    """The same with the messages."""
    local = cwd.parent / f"{cwd.name}-plugin.ini"
    local.write_text("[flake8:local-plugins]\nextension =\n    PCK = packlint.flake8_plugin:Plugin\n")
    command = [sys.executable, "-m", "flake8", *words, *(() if INSTALLED else ("--append-config", str(local)))]
    paths = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    variables = {**os.environ, "PYTHONPATH": paths, **environment}
    done = subprocess.run(
        command, cwd=cwd, input=stdin, env=variables, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stderr == ""
    assert done.returncode in (0, 1)
    shown = [re.fullmatch(r"(.*?):(\d+):(\d+): (\w+) (.*)", line) for line in done.stdout.splitlines()]
    return [
        ((str(cwd / match[1]), int(match[2]), int(match[3]), match[4]), match[5])
        for match in shown
        if match is not None and match[4].startswith("PCK")
    ]


def run_cli(*words: str, cwd: Path, stdin: str | None = None) -> list[Place]:
    """What the command line shows, in its order."""
    ran = run_packlint(*words, "--output-format=json", cwd=cwd, stdin=None if stdin is None else stdin.encode())
    assert ran.err == ""
    return [
        (str(one["filename"]), one["location"]["row"], one["location"]["column"], str(one["code"]))  # type: ignore[index]
        for one in ran.findings
    ]


def places(file: Path, *of_model: tuple[int, int, str]) -> list[Place]:
    return [(str(file), *place) for place in of_model]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project with nothing in it, beside which there is room for a configuration."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "setup.cfg").touch()
    return project


@pytest.fixture
def model(folder: Path) -> Path:
    path = folder / "model.py"
    path.write_text(MODEL)
    return path


@needs_flake8
@pytest.mark.parametrize("jobs", ["1", "4"])
def test_finds_what_the_command_line_finds(folder: Path, jobs: str) -> None:
    for path in CHECKED_FILES:
        (folder / path.name).write_bytes(path.read_bytes())
    found = run_flake8("-j", jobs, "--select", "PCK", ".", cwd=folder)
    assert len(found) > 10
    assert sorted(found) == sorted(run_cli(".", cwd=folder))


@needs_flake8
@pytest.mark.parametrize("name", ["model.py", "./model.py", "../project/model.py"])
def test_relative_names(model: Path, name: str) -> None:
    (found,) = run_flake8("--select=PCK", name, cwd=model.parent)
    assert os.path.normpath(found[0]) == str(model)
    assert found[1:] == LAST_STEP


@needs_flake8
def test_standard_input(model: Path) -> None:
    words = ("--select=PCK", "--stdin-display-name", "model.py", "-")
    assert run_flake8(*words, cwd=model.parent, stdin=MODEL) == places(model, LAST_STEP)
    assert run_cli("--stdin-filename", "model.py", "-", cwd=model.parent, stdin=MODEL) == places(model, LAST_STEP)
    assert run_flake8("--select=PCK", "-", cwd=model.parent, stdin=MODEL) == places(model.parent / "stdin", LAST_STEP)


@needs_flake8
@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (("--select=PCK",), (LAST_STEP,)),
        (("--select=PCK3",), (LAST_STEP,)),
        (("--select=PCK4",), ()),
        (("--select=PCK402",), (UNSTATED,)),
        (("--select=PCK,PCK402",), (UNSTATED, LAST_STEP)),
        (("--select=E,W",), ()),
        ((), (LAST_STEP,)),
        (("--extend-select=PCK402",), (UNSTATED, LAST_STEP)),
        (("--extend-select=PCK4",), (LAST_STEP,)),
        (("--ignore=E501",), (LAST_STEP,)),  # flake8 drops the defaults of plugins here
        (("--ignore=PCK3",), ()),
        (("--extend-ignore=PCK301",), ()),
        (("--ignore=E501", "--extend-select=PCK402"), (UNSTATED, LAST_STEP)),
        (("--per-file-ignores=model.py:PCK301",), ()),
    ],
)
def test_selection(model: Path, words: tuple[str, ...], shown: tuple[tuple[int, int, str], ...]) -> None:
    assert run_flake8(*words, "model.py", cwd=model.parent) == places(model, *shown)


@needs_flake8
def test_options_in_the_configuration_of_flake8(model: Path) -> None:
    (model.parent / ".flake8").write_text("[flake8]\nignore = E501\nextend-select = PCK402\n")
    assert run_flake8("model.py", cwd=model.parent) == places(model, UNSTATED, LAST_STEP)


@needs_flake8
@pytest.mark.parametrize(
    ("table", "shown"),
    [
        ('extend-select = ["PCK402"]', (UNSTATED, LAST_STEP)),
        ('ignore = ["PCK301"]', ()),
        ('per-file-ignores = { "mod*.py" = ["PCK3"] }', ()),
        ('exclude = ["model.py"]', ()),
    ],
)
def test_configuration_of_packlint(model: Path, table: str, shown: tuple[tuple[int, int, str], ...]) -> None:
    (model.parent / "pyproject.toml").write_text(f"[tool.packlint]\n{table}\n")
    (model.parent / "empty.py").touch()
    assert run_flake8("--select=PCK", ".", cwd=model.parent) == places(model, *shown)
    assert run_cli(".", cwd=model.parent) == places(model, *shown)


@needs_flake8
def test_a_file_asked_for_by_name_is_not_excluded(model: Path) -> None:
    (model.parent / "pyproject.toml").write_text('[tool.packlint]\nexclude = ["model.py"]\n')
    assert run_flake8("--select=PCK", "model.py", cwd=model.parent) == places(model, LAST_STEP)
    assert run_cli("model.py", cwd=model.parent) == places(model, LAST_STEP)


@needs_flake8
def test_a_broken_configuration_is_a_finding(model: Path) -> None:
    (model.parent / "pyproject.toml").write_text("[tool.packlint]\nselect = 3\n")
    ((failure, message), (last_step, _)) = flake8_lines("--select=PCK", "model.py", cwd=model.parent)
    assert failure[1:] == (1, 1, "PCK000")
    assert "tool.packlint.select: a list of strings is wanted" in message
    assert last_step[1:] == LAST_STEP


@needs_flake8
@pytest.mark.parametrize("comment", ["# noqa", "# noqa: PCK301", "# noqa: E501,PCK3", "# noqa: PCK1"])
def test_noqa(model: Path, comment: str) -> None:
    model.write_text(MODEL.replace("out[:, -1]", f"out[:, -1]  {comment}"))
    found = run_flake8("--select=PCK", "model.py", cwd=model.parent)
    assert found == run_cli("model.py", cwd=model.parent)
    assert found == places(model, *([LAST_STEP] if comment.endswith("PCK1") else []))


@needs_flake8
@pytest.mark.parametrize("comment", ["# packlint: ignore-file", "# flake8: noqa", "# flake8: noqa: PCK101"])
def test_whole_file(model: Path, comment: str) -> None:
    model.write_text(f"{MODEL}{comment}\n")
    assert run_flake8("--select=PCK", "model.py", cwd=model.parent) == []
    assert run_cli("model.py", cwd=model.parent) == []


@needs_flake8
def test_disable_noqa_does_not_touch_ignore_file(model: Path) -> None:
    model.write_text(f"{MODEL}# flake8: noqa\n")
    assert run_flake8("--select=PCK", "--disable-noqa", "model.py", cwd=model.parent) == places(model, LAST_STEP)
    model.write_text(f"{MODEL}# packlint: ignore-file\n")
    assert run_flake8("--select=PCK", "--disable-noqa", "model.py", cwd=model.parent) == []


@needs_flake8
@pytest.mark.parametrize(
    "encoded",
    [
        MODEL.replace("Model", "Modèle").encode("utf-8-sig"),
        ("# coding: latin-1\n" + MODEL.replace("ids", "été")).encode("latin-1"),
        MODEL.replace("\n", "\r\n").encode(),
        MODEL.replace("\n", "\r").encode(),
        MODEL.replace("\nclass", "\x0c\nclass").encode(),
        MODEL.replace("out[:", "'ü' and out[:").encode(),
    ],
)
def test_encodings_and_line_ends(model: Path, encoded: bytes) -> None:
    model.write_bytes(encoded)
    found = run_flake8("--select=PCK", "model.py", cwd=model.parent)
    assert len(found) == 1
    assert found == run_cli("model.py", cwd=model.parent)


@needs_flake8
@pytest.mark.skipif(not INSTALLED, reason="packlint is not installed")
def test_worker_processes_that_are_not_forked(model: Path) -> None:
    (model.parent / "other.py").write_text(MODEL)
    script = model.parent.parent / "spawn.py"
    script.write_text(
        "import multiprocessing\n"
        "from flake8.main.cli import main\n"
        "if __name__ == '__main__':\n"
        "    multiprocessing.set_start_method('spawn')\n"
        "    main(['-j2', '--select=PCK,PCK402', '.'])\n"
    )
    done = subprocess.run([sys.executable, script], cwd=model.parent, capture_output=True, text=True, check=True)
    assert [line.split()[:2] for line in done.stdout.splitlines()] == [
        [f"./{name}.py:{row}:{column}:", code]
        for name in ("model", "other")
        for row, column, code in (UNSTATED, LAST_STEP)
    ]


# --- the baseline that the configuration names ---


def baselined(folder: Path, *words: str) -> None:
    """Have everything in the folder known by a baseline, which its configuration names."""
    (folder / "pyproject.toml").write_text('[tool.packlint]\nbaseline = "known.json"\n')
    assert run_packlint("--write-baseline", *words, ".", cwd=folder).code == 0


@needs_flake8
@pytest.mark.parametrize("jobs", ["1", "4"])
def test_what_is_known_is_left_out(folder: Path, jobs: str) -> None:
    for number in range(6):
        (folder / f"model{number}.py").write_text(MODEL)
    baselined(folder)
    assert run_flake8("-j", jobs, "--select=PCK", ".", cwd=folder) == run_cli(".", cwd=folder) == []
    new = MODEL.replace("class Model", "class Other").partition("class Other")
    (folder / "model3.py").write_text(f"{MODEL}\n\n{new[1]}{new[2]}")
    (folder / "model9.py").write_text(MODEL)
    shown = [*places(folder / "model3.py", (26, 16, "PCK301")), *places(folder / "model9.py", LAST_STEP)]
    assert sorted(run_flake8("-j", jobs, "--select=PCK", ".", cwd=folder)) == shown
    assert run_cli(".", cwd=folder) == shown


@needs_flake8
def test_only_what_is_listed_is_known(model: Path) -> None:
    baselined(model.parent)
    assert run_flake8("--select=PCK,PCK402", "model.py", cwd=model.parent) == places(model, UNSTATED)
    baselined(model.parent, "--extend-select=PCK402")
    assert run_flake8("--select=PCK,PCK402", "model.py", cwd=model.parent) == []


@needs_flake8
def test_a_file_that_was_renamed_is_known(model: Path) -> None:
    baselined(model.parent)
    model.rename(model.parent / "renamed.py")
    assert run_flake8("--select=PCK", ".", cwd=model.parent) == []
    assert run_packlint(".", cwd=model.parent).code == 0


@needs_flake8
def test_a_baseline_that_cannot_be_read_is_a_finding(model: Path) -> None:
    baselined(model.parent)
    (model.parent / "known.json").write_text("{}")
    ((failure, message), (last_step, _)) = flake8_lines("--select=PCK", ".", cwd=model.parent)
    assert failure[1:] == (1, 1, "PCK000")
    assert message == f"{model.parent}/known.json: is no baseline that packlint has written"
    assert last_step[1:] == LAST_STEP


@needs_flake8
def test_each_entry_counts_once_and_not_for_what_a_comment_suppresses(model: Path) -> None:
    """Two lines that are alike, of which a comment behind a backslash suppresses the first."""
    read = "        return out[:, -1]\n"
    alike = "        last = out[:, -1] + \\\n            {}\n"
    model.write_text(MODEL.replace(read, alike.format("1") + "        return last\n"))
    baselined(model.parent)
    model.write_text(
        MODEL.replace(read, alike.format("1  # noqa: PCK301") + alike.format("2") + "        return last\n")
    )
    assert run_flake8("--select=PCK", ".", cwd=model.parent) == run_cli(".", cwd=model.parent) == []
    model.write_text(MODEL.replace(read, alike.format("1") + alike.format("2") + "        return last\n"))
    second = (16, 16, "PCK301")
    assert run_flake8("--select=PCK", ".", cwd=model.parent) == run_cli(".", cwd=model.parent) == places(model, second)


READS = (
    "last = out[:, -1]",
    "last =   out[:, -1]",  # the same but for a space
    "last = out[:, -1]  # noqa",
    "last = out[:, -1] + \\\n            1",
    "last = out[:, -1] + \\\n            1  # noqa: PCK301",
    "last = [\n            out[:, -1],\n            out[:, -1],\n        ]",
    "last = out[:, -2]",
)
reads = st.lists(st.sampled_from(READS), min_size=1, max_size=5)


def with_reads(lines: list[str]) -> str:
    return MODEL.replace("return out[:, -1]", "\n        ".join([*lines, "return last"]))


@settings(max_examples=40, deadline=None)
@example(before=[READS[3]], after=[READS[4], READS[3], READS[3]], renamed=False)
@given(before=reads, after=reads, renamed=st.booleans())
def test_whatever_is_known_is_so_for_both(before: list[str], after: list[str], renamed: bool) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        path = folder / "model.py"
        path.write_text(with_reads(before))
        baseline = ("--baseline", str(folder / "known.json"))
        assert main([*baseline, "--write-baseline", "-j1", "--no-cache", name]) == 0
        path.unlink()
        path = folder / ("renamed.py" if renamed else "model.py")
        path.write_text(with_reads(after))
        (folder / "pyproject.toml").write_text('[tool.packlint]\nbaseline = "known.json"\n')
        unsuppressed = cli_places("--no-baseline", name)
        with mock.patch("packlint.flake8_plugin._cache", return_value=Cache(None)):
            found = {(row, column + 1, text[:6]) for row, column, text, _ in plugin(path, path.read_text()).run()}
        assert found & unsuppressed == cli_places(name)


def cli_places(*words: str) -> set[tuple[int, int, str]]:
    """Where the command line finds what, in this process."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        main([*words, "-j1", "--no-cache", "--output-format=concise"])
    found = re.findall(r"^.*?:(\d+):(\d+): (PCK\d+) ", out.getvalue(), re.MULTILINE)
    return {(int(row), int(column), code) for row, column, code in found}


def options(**changes: object) -> Namespace:
    return Namespace(**{"filenames": ["."], "select": None, "extend_select": None, **changes})


def plugin(path: Path, text: str) -> Plugin:
    return Plugin(ast.parse(text), str(path), text.splitlines(keepends=True), options())


def test_a_failure_is_a_finding(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RecursionError("too\ndeep")

    monkeypatch.setattr("packlint.check.check_source", fail)
    (found,) = plugin(model, MODEL).run()
    assert found[:3] == (1, 0, "PCK000 packlint failed on this file: RecursionError: too deep")


def test_a_file_without_recurrence_is_left_at_once(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("packlint.check.check_source", None)
    assert list(plugin(model, "import torch.nn as nn\n\n# an LSTM would do\nlayer = nn.Linear(2, 3)\n").run()) == []


@needs_flake8
@pytest.mark.parametrize("jobs", ["1", "4"])
def test_the_seconds_of_all_processes_are_counted(folder: Path, jobs: str) -> None:
    for number in range(12):
        (folder / f"model{number}.py").write_text(MODEL)
    counter = folder.parent / "seconds"
    run_flake8("-j", jobs, ".", cwd=folder, **{SECONDS_VARIABLE: str(counter)})
    seconds = [float(line) for line in counter.read_text().splitlines()]
    assert len(seconds) == 12
    assert 0 < sum(seconds) < 20
