"""`packlint verify`: what it takes, what it says, and how it exits."""

from __future__ import annotations

import io
import json
import sys
import venv
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="PyTorch is not installed")
pytest.importorskip("libcst")

from packlint import __version__, progress
from packlint.cli import main
from packlint.executors import local
from packlint.verify import command
from packlint.verify.benching import Benched
from packlint.verify.evidence import Evidence, Subject, Verdict
from packlint.verify.launching import Settings, Verified
from packlint.verify.measurements import LayerSpec
from tests.conftest import run_packlint
from tests.verify.files import LYING, ODD, PACKED, PADDED, POOLED, WRONG

Ran = tuple[int, str, str]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of one file, in the working folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "model.py").write_text(PADDED)
    return tmp_path


@pytest.fixture
def run(project: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """`packlint verify` in this process; what it runs is in processes of its own."""

    def verify(*words: str) -> Ran:
        code = main(["verify", "--isolated", "-j1", *words])
        return code, *capsys.readouterr()

    return verify


@dataclass(slots=True)
class Pretended:
    """Stands for the runs: every site gets the next verdict, the last one again and again."""

    verdicts: Sequence[Verdict]
    subjects: Sequence[Subject] = ()
    settings: Settings = field(default_factory=Settings)

    def __call__(
        self, subjects: Sequence[Subject], settings: Settings, told: Callable[[int], None] = lambda _: None
    ) -> Verified:
        self.subjects, self.settings = subjects, settings
        verdicts = iter([*self.verdicts, *[self.verdicts[-1]] * 20])
        found = []
        for one in subjects:
            found.append(
                tuple(
                    Evidence(one.path, site.row, one.owner, site.code, None, verdict, "why", one.after is not None)
                    for site, verdict in zip(one.sites, verdicts, strict=False)
                )
            )
            told(1)
        return Verified("2.0", settings.device, tuple(found))


@pytest.fixture
def pretend(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Pretended]:
    """Verdicts without runs, and plans without processes."""

    def stand_in(*verdicts: Verdict) -> Pretended:
        made = Pretended(verdicts)
        monkeypatch.setattr(command, "verify", made)
        monkeypatch.setattr(local, "in_own_process", lambda function, items: map(function, items))
        return made

    return stand_in


# --- real runs ---


def notebook(*cells: str) -> str:
    made: list[dict[str, Any]] = [
        {"cell_type": "code", "metadata": {}, "execution_count": None, "outputs": [], "source": cell} for cell in cells
    ]
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 4})


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, dict[str, Any]]:
    """The exit code and the JSON of a folder with a file of each kind."""
    folder = tmp_path_factory.mktemp("several")
    (folder / "pyproject.toml").touch()
    texts = {"lying": LYING, "odd": ODD, "packed": PACKED, "padded": PADDED, "pooled": POOLED, "wrong": WRONG}
    for name, text in texts.items():
        (folder / f"{name}.py").write_text(text)
    (folder / "book.ipynb").write_text(notebook("%matplotlib inline", PADDED))
    words = ["--isolated", "--output-format=json", "-j2", "-o", str(folder / "out.json"), str(folder)]
    words += [str(folder / f"{name}.py") for name in ("packed", "wrong")]
    code = main(["verify", *words])
    return code, json.loads((folder / "out.json").read_text())


def sites(several: tuple[int, dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [one for one in several[1]["sites"] if Path(one["filename"]).name == name]


def test_json_has_what_is_documented(several: tuple[int, dict[str, Any]]) -> None:
    code, found = several
    assert code == 1  # the rewrite of lying.py is wrong, and wrong.py as it stands
    assert list(found) == ["version", "torch", "device", "seed", "missing", "sites", "bench"]
    assert (found["version"], found["device"], found["seed"], found["bench"]) == (__version__, "cpu", 0, [])
    keys = {"filename", "row", "class", "code", "way", "verdict", "reason", "relations", "seconds", "memory"}
    for site in found["sites"]:
        assert keys <= site.keys()
        assert site["seconds"] > 0 or site["verdict"] == "unverified"
        assert site["memory"] > 0
        for relation in site["relations"]:
            assert {"name", "original", "rewrite"} <= relation.keys()
            for measure in filter(None, (relation["original"], relation["rewrite"])):
                assert {"error", "tolerance", "holds"} <= measure.keys()


def test_the_sites_are_in_the_order_of_files_and_rows(several: tuple[int, dict[str, Any]]) -> None:
    places = [(one["filename"], one["row"]) for one in several[1]["sites"]]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("name", "verdicts", "way"),
    [
        ("padded.py", [("PCK101", "passed", True)], "inferred"),
        ("pooled.py", [("PCK102", "passed", True), ("PCK304", "passed", True)], "inferred"),
        ("packed.py", [(None, "passed", False)], "inferred"),
        ("wrong.py", [(None, "failed", False)], "inferred"),
        ("lying.py", [("PCK101", "failed", True)], "inferred"),
        ("odd.py", [("PCK101", "unverified", True)], None),
        ("book.ipynb", [("PCK101", "passed", True)], "inferred"),
    ],
)
def test_what_is_said_of_a_file(
    several: tuple[int, dict[str, Any]], name: str, verdicts: list[tuple[str | None, str, bool]], way: str | None
) -> None:
    found = sites(several, name)
    assert [(one["code"], one["verdict"], one["rewritten"]) for one in found] == verdicts
    assert {one["way"] for one in found} == {way}


def test_the_layer_is_the_one_that_ran(several: tuple[int, dict[str, Any]]) -> None:
    [site] = sites(several, "padded.py")
    options = {"input_size": 8, "hidden_size": 8, "num_layers": 1, "bidirectional": True, "batch_first": True}
    assert site["layer"] == {"kind": "GRU", **options}
    assert site["sizes_shown"]
    assert (len(site["lengths"]), site["width"] > max(site["lengths"])) == (5, True)
    assert sites(several, "odd.py")[0]["layer"] is None


def test_rows_of_a_notebook_count_in_their_cell(several: tuple[int, dict[str, Any]]) -> None:
    [site] = sites(several, "book.ipynb")
    assert (site["cell"], site["row"]) == (2, 11)


def test_the_report_for_people(run: Callable[..., Ran]) -> None:
    code, out, err = run("model.py")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "model.py:11: PCK101 in Tagger: passed, inferred"
    assert lines[1].startswith("  original: sequence ")
    assert " steps real) is off by " in lines[1]
    assert lines[-1].startswith("1 passed (torch 2")
    assert lines[-1].endswith(", cpu, float64, seed 0)")
    assert "\033" not in out


def test_how_it_is_run(run: Callable[..., Ran], pretend: Callable[..., Pretended]) -> None:
    made = pretend("passed")
    words = ["--seed=7", "--dtype=float32", "--timeout=3", "--memory=2000"]
    code, out, _ = run("model.py", *words)
    assert (code, out.splitlines()[-1]) == (0, "1 passed (torch 2.0, cpu, float32, seed 7)")
    assert made.settings == Settings(7, "float32", "cpu", None, 3.0, 2000, 1)


# --- exit codes ---


@pytest.mark.parametrize(
    ("verdicts", "code", "strict"),
    [
        ([], 0, 0),
        (["passed"], 0, 0),
        (["passed", "failed"], 1, 1),
        (["passed", "unverified"], 0, 2),
        (["failed", "unverified"], 1, 2),
    ],
)
def test_exit_codes(verdicts: list[Verdict], code: int, strict: int) -> None:
    found = [Evidence("model.py", 1, None, "PCK101", None, one, "", True) for one in verdicts]
    assert command.exit_code(found, False, False) == code
    assert command.exit_code(found, True, False) == strict
    assert command.exit_code(found, False, True) == command.exit_code(found, True, True) == 2


def test_unverified_weighs_more_than_failed_where_it_is_required(
    run: Callable[..., Ran], pretend: Callable[..., Pretended], project: Path
) -> None:
    (project / "pooled.py").write_text(POOLED)
    pretend("failed", "unverified")
    assert run(".")[0] == 1
    assert run(".", "--require-verified")[0] == 2


def test_a_relation_that_fails_on_the_original_alone_is_the_witness(several: tuple[int, dict[str, Any]]) -> None:
    [site] = sites(several, "padded.py")
    [agreement] = [one for one in site["relations"] if one["name"] == "site agreement"]
    assert (agreement["original"]["holds"], agreement["rewrite"]["holds"], site["verdict"]) == (False, True, "passed")


# --- what is run ---


def test_one_class(run: Callable[..., Ran], pretend: Callable[..., Pretended], project: Path) -> None:
    (project / "model.py").write_text(PADDED + PADDED.replace("Tagger", "Other"))
    made = pretend("passed")
    assert run("model.py")[0] == 0
    assert {one.owner for one in made.subjects} == {"Tagger", "Other"}
    assert run("model.py::Other")[0] == 0
    assert [one.owner for one in made.subjects] == ["Other"]


def test_a_class_that_is_not_there(run: Callable[..., Ran], pretend: Callable[..., Pretended], project: Path) -> None:
    made = pretend("passed")
    code, out, err = run("model.py::Nobody")
    assert (code, out, made.subjects) == (2, "Nothing to verify.\n", ())
    assert err == f"packlint: {project / 'model.py'}::Nobody: no recurrent layer is called in a class of that name\n"


def test_without_a_finding_every_layer_is_run_as_it_stands(
    run: Callable[..., Ran], pretend: Callable[..., Pretended], project: Path
) -> None:
    (project / "model.py").write_text(PACKED)
    made = pretend("passed")
    assert run("model.py")[0] == 0
    [subject] = made.subjects
    assert (subject.after, [site.code for site in subject.sites]) == (None, [None])


def test_select_narrows_what_is_run(run: Callable[..., Ran], pretend: Callable[..., Pretended], project: Path) -> None:
    (project / "model.py").write_text(POOLED)
    made = pretend("passed")
    run("model.py", "--select=PCK304")
    assert [site.code for subject in made.subjects for site in subject.sites] == ["PCK304"]


def test_a_file_that_does_not_parse_is_said_and_the_others_go_on(
    run: Callable[..., Ran], pretend: Callable[..., Pretended], project: Path
) -> None:
    (project / "broken.py").write_text("import torch.nn as nn\nrnn = nn.LSTM(2, 3\nprint 1\n")
    made = pretend("passed")
    code, out, err = run(".")
    assert (code, len(made.subjects), "1 passed" in out) == (2, 1, True)
    assert err.startswith("packlint: broken.py: does not parse as Python ")
    assert err.count("\n") == 1


def test_an_empty_folder_and_a_file_without_layers(run: Callable[..., Ran], project: Path) -> None:
    (project / "empty").mkdir()
    (project / "plain.py").write_text("x = 1\n")
    assert run("plain.py") == (0, "Nothing to verify.\n", "")
    code, out, err = run("empty")
    assert (code, out) == (0, "Nothing to verify.\n")
    assert err.endswith("empty: no Python files in this folder\n")


def test_a_path_that_is_not_there(run: Callable[..., Ran]) -> None:
    code, _, err = run("nowhere.py")
    assert (code, err) == (2, "packlint: nowhere.py: no such file or folder\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "a PATH is wanted"),
        (["model.py", "--seed=x"], "argument --seed: a whole number is wanted, not 'x'"),
        (["model.py", "--timeout=0"], "argument --timeout: a number of seconds is wanted, not '0'"),
        (["model.py", "--memory=0"], "argument --memory: a number above 0 is wanted, not '0'"),
        (["model.py", "--output-format=xml"], "argument --output-format: invalid choice: 'xml'"),
        (["model.py", "--nonsense"], "unrecognized arguments: --nonsense"),
    ],
)
def test_wrong_words_are_said_in_a_line(run: Callable[..., Ran], words: list[str], said: str) -> None:
    code, out, err = run(*words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"packlint: error: {said}")


# --- where it goes ---


def test_a_file_for_the_report(run: Callable[..., Ran], pretend: Callable[..., Pretended], project: Path) -> None:
    pretend("passed")
    assert run("model.py", "-o", "out.txt") == (0, "", "")
    assert (project / "out.txt").read_text().endswith("seed 0)\n")
    assert run("model.py", "-o", "no/such/folder") == (
        2,
        "",
        "packlint: error: no/such/folder: No such file or directory\n",
    )


@pytest.mark.parametrize(("words", "quick"), [(["--bench"], [False]), (["--bench-quick"], [True]), ([], [])])
def test_a_bench_is_made_where_it_is_asked_for(
    run: Callable[..., Ran],
    pretend: Callable[..., Pretended],
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    quick: list[bool],
) -> None:
    asked: list[object] = []

    def bench_all(
        found: Sequence[Evidence],
        name: Callable[[Evidence], str],
        devices: Sequence[str],
        seed: int,
        quick: bool,
        told: Callable[[int], None],
    ) -> tuple[Benched, ...]:
        asked.append((*map(name, found), devices, seed, quick))
        return (Benched(LayerSpec("GRU", 8, 8), tuple(found), why="not measured: so it is"),)

    pretend("passed")
    monkeypatch.setattr(command, "bench_all", bench_all)
    code, out, _ = run("model.py", "--seed=5", *words)
    assert asked == [("model.py:11 Tagger", ("cpu",), 5, one) for one in quick]
    assert (code, out.count("not measured: so it is")) == (0, len(quick))


def test_a_page(run: Callable[..., Ran], pretend: Callable[..., Pretended]) -> None:
    pretend("failed")
    code, out, err = run("model.py", "--output-format=html")
    assert (code, err) == (1, "")
    assert out.startswith("<!DOCTYPE html>")
    assert "model.py:11 PCK101 in Tagger" in out


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_on_a_terminal(
    run: Callable[..., Ran], pretend: Callable[..., Pretended], monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend("passed")
    monkeypatch.setattr(progress, "PATIENCE", 0)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert run("model.py")[0] == 0
    assert "1 of 1 classes" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\033[K")


@pytest.mark.parametrize(("variable", "colored"), [("NOTHING", True), ("NO_COLOR", False)])
def test_colour_on_a_terminal_alone(
    run: Callable[..., Ran],
    pretend: Callable[..., Pretended],
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    colored: bool,
) -> None:
    pretend("passed")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv(variable, "1")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    assert run("model.py")[0] == 0
    assert ("\033[1;32mpassed\033[0m" in terminal.getvalue()) == colored


def test_without_torch_it_is_said_in_a_line(
    run: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    venv.create(tmp_path / "bare", with_pip=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bare" / "bin" / "python"))
    said = "packlint: error: verify needs PyTorch: pip install 'packlint[verify]'\n"
    assert run("model.py") == (2, "", said)


def test_a_file_without_a_finding_is_run_where_it_is_named_alone(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "windows.py").write_text(
        "from torch import nn\n\n\nclass Model(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.gru = nn.GRU(4, 4, batch_first=True, bidirectional=True)\n\n    def forward(self, windows):\n"
        "        return self.gru(windows)[0]\n",
        encoding="utf-8",
    )
    folder = run_packlint("verify", ".", "--isolated", cwd=tmp_path)
    assert (folder.code, folder.out) == (0, "Nothing to verify.\n")
    named = run_packlint("verify", "windows.py", "--isolated", cwd=tmp_path)
    assert named.code == 1
    assert named.out.startswith("windows.py:10: in Model: failed, inferred")
