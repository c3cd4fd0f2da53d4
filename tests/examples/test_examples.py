"""The examples run, their numbers differ before and agree after, and packlint says what `expected.toml` lists."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import NamedTuple, TypedDict

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

from packlint.cli import main

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
FOLDERS = sorted(
    folder.name for folder in EXAMPLES.iterdir() if folder.is_dir() and not folder.name.startswith(("_", "."))
)
BEFORE = [f"{folder}/before.py" for folder in FOLDERS]
SCRIPTS = [f"{folder}/{half}.py" for folder in FOLDERS for half in ("before", "after")]
CODE = re.compile(r"\bPCK\d{3}\b")
DIFFERENCE = re.compile(r"difference: (\S+)$", re.MULTILINE)
SITES = {
    "PCK101": r"= self\.\w+\(",
    "PCK102": r"= self\.\w+\(",
    "PCK103": r"\(outputs\)",
    "PCK104": r"= pack_padded_sequence\(",
    "PCK201": r"= pack_padded_sequence\(",
    "PCK202": r"_states\[-1\] \*",
    "PCK204": r"= pack_padded_sequence\(",
    "PCK205": r"= pack_padded_sequence\(",
    "PCK301": r"outputs\[",
    "PCK302": r"outputs\[",
    "PCK303": r"h_n\.view\(",
    "PCK304": r"softmax\(|\.mean\(",
    "PCK401": r"= pad_packed_sequence\(",
}
WRONG = 1e-3
RIGHT = 1e-6


class Expected(TypedDict, total=False):
    findings: list[tuple[int, str]]
    error: str


@cache
def expected() -> dict[str, Expected]:
    document: dict[str, Expected] = tomllib.loads((EXAMPLES / "expected.toml").read_text(encoding="utf-8"))
    return document


def module_docstring(script: str) -> ast.Constant:
    first = ast.parse((EXAMPLES / script).read_text(encoding="utf-8")).body[0]
    assert isinstance(first, ast.Expr)
    assert isinstance(first.value, ast.Constant)
    assert isinstance(first.value.value, str)
    return first.value


def code_lines(script: str) -> dict[int, str]:
    """Give the lines of a script that hold code, by number: without its docstring, comments and empty lines."""
    lines = (EXAMPLES / script).read_text(encoding="utf-8").splitlines()
    end = module_docstring(script).end_lineno or 0
    return {
        number: line
        for number, line in enumerate(lines, start=1)
        if number > end and line.strip() and not line.lstrip().startswith("#")
    }


class Printed(NamedTuple):
    folder: str
    before: str
    after: str


def run(script: Path, folder: Path) -> str:
    """Run a script on the CPU in a folder that is not its own, and return what it printed."""
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=folder,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module", params=FOLDERS)
def printed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Printed:
    """Run both halves of an example, at the same time, as most of it is importing torch."""
    pytest.importorskip("torch")
    folder: str = request.param
    elsewhere = tmp_path_factory.mktemp(folder)
    scripts = [EXAMPLES / folder / f"{half}.py" for half in ("before", "after")]
    with ThreadPoolExecutor(len(scripts)) as pool:
        before, after = pool.map(run, scripts, [elsewhere] * len(scripts))
    return Printed(folder, before, after)


def differences(text: str) -> list[float]:
    return [float(number) for number in DIFFERENCE.findall(text)]


def test_before_is_plainly_wrong(printed: Printed) -> None:
    error = expected()[f"{printed.folder}/before.py"].get("error")
    assert differences(printed.before) or error, printed.before
    assert all(difference > WRONG for difference in differences(printed.before)), printed.before
    if error is not None:
        assert re.search(rf"^\w+Error: .*{re.escape(error)}", printed.before, re.MULTILINE), printed.before


def test_after_is_right(printed: Printed) -> None:
    assert differences(printed.after), printed.after
    assert all(difference < RIGHT for difference in differences(printed.after)), printed.after
    assert "Error" not in printed.after


def test_there_are_ten_examples_and_each_has_expected_findings() -> None:
    assert len(FOLDERS) >= 10
    assert list(expected()) == BEFORE


def test_expected_findings_cover_the_rules() -> None:
    codes = {code for entry in expected().values() for _, code in entry["findings"]}
    assert len(codes) >= 9
    assert all(CODE.fullmatch(code) for code in codes)


@pytest.mark.parametrize("rules", [[], ["--select=ALL"]], ids=["default rules", "all rules"])
@pytest.mark.parametrize("script", SCRIPTS)
def test_packlint_finds_what_is_expected_and_nothing_else(
    script: str, rules: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(EXAMPLES / script)
    assert main(["check", "--isolated", *rules, "--output-format=json", "--exit-zero", "-j1", path]) == 0
    findings = json.loads(capsys.readouterr().out)
    listed = expected()[script]["findings"] if script in expected() else []
    assert [(one["location"]["row"], one["code"]) for one in findings] == [(row, code) for row, code in listed]


@pytest.mark.parametrize("script", BEFORE)
def test_expected_findings_stand_on_what_they_are_about(script: str) -> None:
    findings = expected()[script]["findings"]
    assert findings
    assert findings == sorted(findings)
    lines = code_lines(script)
    for number, code in findings:
        assert number in lines
        assert re.search(SITES[code], lines[number]), (number, code, lines[number])


@pytest.mark.parametrize("script", BEFORE)
def test_docstring_names_the_rules_that_are_reported(script: str) -> None:
    codes = {code for _, code in expected()[script]["findings"]}
    assert set(CODE.findall(str(module_docstring(script).value))) == codes


@pytest.mark.parametrize("script", SCRIPTS)
def test_code_carries_no_hint_for_the_linter(script: str) -> None:
    code = "\n".join(code_lines(script).values()).lower()
    assert not re.search(r"pck\d|noqa|packlint", code)


@pytest.mark.parametrize("folder", FOLDERS)
def test_readme_has_a_row_for_every_example(folder: str) -> None:
    rows = (EXAMPLES / "README.md").read_text(encoding="utf-8").splitlines()
    row = [row for row in rows if row.startswith(f"| [{folder}]({folder}/)")]
    assert len(row) == 1
    assert set(CODE.findall(row[0])) == {code for _, code in expected()[f"{folder}/before.py"]["findings"]}


LEFT = {
    "final_state/before.py": {"PCK102", "PCK301"},  # the lengths are in another function
    "words_and_characters/before.py": {"PCK104"},  # pad on the right, or do not pack: that is for people to decide
}
"""What no fix is written for."""


@pytest.fixture(scope="module")
def fixed_examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the examples, fixed."""
    pytest.importorskip("libcst", reason="libcst is not installed")
    copy = tmp_path_factory.mktemp("fixed") / "examples"
    shutil.copytree(EXAMPLES, copy)
    argv = [sys.executable, "-m", "packlint", "--isolated", "--exit-zero", "--fix", "--unsafe-fixes", str(copy)]
    subprocess.run(argv, check=True, capture_output=True)
    return copy


@pytest.mark.parametrize("script", BEFORE)
def test_a_fixed_example_prints_the_right_number(fixed_examples: Path, script: str) -> None:
    pytest.importorskip("torch", reason="PyTorch is not installed")
    if script in LEFT:
        argv = [sys.executable, "-m", "packlint", "--isolated", "--exit-zero", "--output-format", "json"]
        done = subprocess.run([*argv, str(fixed_examples / script)], check=True, capture_output=True, text=True)
        assert {one["code"] for one in json.loads(done.stdout)} == LEFT[script]
        return
    done = subprocess.run(
        [sys.executable, script], cwd=fixed_examples, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    differences = [float(number) for number in DIFFERENCE.findall(done.stdout)]
    assert differences
    assert max(differences) < RIGHT
