"""GitLab's Code Quality report: what its documentation asks for, and what another tool makes of our SARIF."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from packlint.findings import Finding
from packlint.report import Shown, Style, renderer
from tests.conftest import BROKEN, PADDED, Ran, run_packlint
from tests.test_fix import SAFE, UNSAFE, notebook

Lint = Callable[..., Ran]
SEVERITIES = {"info", "minor", "major", "critical", "blocker"}


def issues(text: str) -> Any:
    """The report, held against https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format."""
    found = json.loads(text)
    assert isinstance(found, list)
    for one in found:
        assert all(isinstance(one[key], str) and one[key] for key in ("description", "check_name", "fingerprint"))
        assert one["severity"] in SEVERITIES
        assert isinstance(one["location"]["path"], str)
        assert not one["location"]["path"].startswith(("./", "../"))
        assert isinstance(one["location"]["lines"]["begin"], int)
        assert one["location"]["lines"]["end"] >= one["location"]["lines"]["begin"] >= 1
    assert len({one["fingerprint"] for one in found}) == len(found)
    return found


def test_an_issue() -> None:
    finding = Finding("PCK301", "n", "reads\npadding", "/home/me/sub/a b.py", 3, 1, 5, 4)
    (one,) = issues(renderer("gitlab")([Shown(finding, "x")], Style("/home/me")))
    assert len(one.pop("fingerprint")) == 32
    assert one == {
        "description": "PCK301: reads\npadding",
        "check_name": "PCK301",
        "severity": "major",
        "location": {"path": "sub/a b.py", "lines": {"begin": 3, "end": 5}},
    }


@pytest.mark.parametrize(("code", "severity"), [("PCK001", "major"), ("PCK105", "minor"), ("PCK203", "info")])
def test_severities(code: str, severity: str) -> None:
    (one,) = issues(renderer("gitlab")([Shown(Finding(code, "n", "m", "/a.py", 1, 1, 1, 1), "")], Style("/")))
    assert one["severity"] == severity


def test_it_is_what_another_tool_makes_of_sarif(tmp_path: Path) -> None:
    pytest.importorskip("sarif")
    (tmp_path / "sub").mkdir()
    for name, text in (("a.py", SAFE), ("sub/b.py", UNSAFE), ("c.py", BROKEN), ("d.py", PADDED)):
        (tmp_path / name).write_text(text)
    (tmp_path / "e.ipynb").write_text(notebook([PADDED.splitlines(keepends=True)], indent=1))
    both = ("--output-format=gitlab=ours.json", "--output-format=sarif=out.sarif")
    assert run_packlint(".", "--isolated", *both, cwd=tmp_path) == Ran(1, "", "")
    convert = [sys.executable, "-m", "sarif", "codeclimate", "out.sarif", "-o", "theirs.json"]
    subprocess.run(convert, cwd=tmp_path, check=True, capture_output=True)
    ours, theirs = (issues_of(tmp_path / name) for name in ("ours.json", "theirs.json"))
    assert ours == theirs
    assert len(ours) == 5


def issues_of(path: Path) -> list[tuple[str, str, str, str, int]]:
    return sorted(
        (
            one["check_name"],
            one["description"].removeprefix(f"{one['check_name']}: "),
            one["severity"],
            one["location"]["path"],
            one["location"]["lines"]["begin"],
        )
        for one in json.loads(path.read_text())
    )


def test_paths_are_those_of_the_repository(folder: Path, lint: Lint, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "a.py").write_text(BROKEN)
    (folder / "b.py").write_text(BROKEN)
    monkeypatch.chdir(folder / "sub")
    monkeypatch.delenv("CI_PROJECT_DIR", raising=False)
    words = ("a.py", "../b.py", "--isolated", "--output-format=gitlab")

    def paths() -> list[str]:
        return sorted(one["location"]["path"] for one in issues(lint(*words).out))

    assert paths() == [f"{folder}/b.py", "a.py"]
    monkeypatch.setenv("CI_PROJECT_DIR", str(folder))
    assert paths() == ["b.py", "sub/a.py"]
    before = [one["fingerprint"] for one in issues(lint(*words).out)]
    monkeypatch.chdir(folder)
    words = ("sub/a.py", "b.py", "--isolated", "--output-format=gitlab")
    assert [one["fingerprint"] for one in issues(lint(*words).out)] == before


def test_fingerprints_survive_lines_inserted_above(folder: Path, lint: Lint) -> None:
    def words() -> list[str]:
        return [one["fingerprint"] for one in issues(lint("a.py", "--isolated", "--output-format=gitlab").out)]

    (folder / "a.py").write_text(PADDED)
    before = words()
    (folder / "a.py").write_text(f"'''A docstring.'''\n\n{PADDED}")
    assert words() == before
    assert len(before) == 1
