"""Baselines: old findings are known again, new ones are not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from packlint.cli import main
from tests.conftest import PADDED
from tests.test_fix import FIXED, SAFE


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with two findings, in the working folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "tagger.py").write_text(PADDED)
    (tmp_path / "encoder.py").write_text(SAFE)
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, list[str], str]:
    code = main(["check", "--isolated", "-j1", "--output-format=concise", *words])
    out, err = capsys.readouterr()
    return code, out.splitlines(), err


@pytest.fixture
def known(project: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    code, out, err = run(capsys, "--baseline", "old.json", "--write-baseline", ".")
    assert (code, out, err) == (0, ["Wrote 2 findings to old.json."], "")
    return project


def test_old_findings_are_left_out(known: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "--baseline", "old.json", ".") == (0, ["All checks passed!"], "")
    assert run(capsys, ".")[0] == 1


def test_they_are_found_again_after_lines_have_moved(known: Path, capsys: pytest.CaptureFixture[str]) -> None:
    moved = PADDED.replace("class Tagger", "X = 1\n\n\nclass Tagger").replace("out, _ = self", "out, _ =   self")
    (known / "tagger.py").write_text(moved)
    assert run(capsys, "--baseline", "old.json", ".") == (0, ["All checks passed!"], "")


def test_a_new_finding_is_shown(known: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (known / "other.py").write_text(PADDED)
    code, out, err = run(capsys, "--baseline", "old.json", ".")
    assert (code, [line.partition(":")[0] for line in out[:-1]], err) == (1, ["other.py"], "")


def test_the_same_line_in_another_function_is_new(known: Path, capsys: pytest.CaptureFixture[str]) -> None:
    again = PADDED.partition("class Tagger")[2]
    (known / "tagger.py").write_text(f"{PADDED}\n\nclass Other{again}")
    code, out, err = run(capsys, "--baseline", "old.json", ".")
    assert (code, len(out), err) == (1, 2, "")


def test_what_is_gone_is_said(known: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (known / "encoder.py").write_text(FIXED)
    stale = "packlint: old.json: 1 stale, no longer found (`--write-baseline` drops them)\n"
    assert run(capsys, "--baseline", "old.json", ".") == (0, ["All checks passed!"], stale)
    assert run(capsys, "--baseline", "old.json", "tagger.py")[2] == ""
    (known / "tagger.py").unlink()
    assert "1 stale" in run(capsys, "--baseline", "old.json", "tagger.py")[2]


def test_old_findings_are_not_fixed(known: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "--baseline", "old.json", "--fix", ".") == (0, ["0 fixed, 0 left."], "")
    assert (known / "encoder.py").read_text() == SAFE


def test_after_a_fix_the_rest_is_still_known(known: Path, capsys: pytest.CaptureFixture[str]) -> None:
    more = SAFE.replace("Encoder", "Reader").replace("def train", "def learn")
    (known / "tagger.py").write_text(f"{PADDED}\n\n{more}")
    assert run(capsys, "--baseline", "old.json", "--fix", ".") == (0, ["1 fixed, 0 left."], "")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "No such file or directory"),
        ("{", "is no baseline that packlint has written"),
        ("[]", "is no baseline that packlint has written"),
        ('{"version": 9, "findings": []}', "is of version 9, and this packlint reads 1"),
    ],
)
def test_a_baseline_that_is_none(project: Path, capsys: pytest.CaptureFixture[str], text: str | None, why: str) -> None:
    if text is not None:
        (project / "old.json").write_text(text)
    code, out, err = run(capsys, "--baseline", "old.json", ".")
    assert (code, len(out), err) == (2, 3, f"packlint: old.json: {why}\n")


def test_what_is_written_is_sorted_and_relative(known: Path) -> None:
    document = json.loads((known / "old.json").read_text())
    assert [(one["file"], one["code"], one["function"]) for one in document["findings"]] == [
        ("encoder.py", "PCK204", "Encoder.forward"),
        ("tagger.py", "PCK101", "Tagger.forward"),
    ]


def test_writing_needs_a_file(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "--write-baseline", ".")
    assert (code, "--baseline says which file" in err) == (2, True)
    code, _, err = run(capsys, "--baseline", "none/old.json", "--write-baseline", ".")
    assert (code, err) == (2, "packlint: none/old.json: No such file or directory\n")
