"""Each fixer is a command of libcst's own runner, and its file is named after it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("libcst")

from packlint.fixers import KINDS
from tests.test_fix import FIXED, SAFE, UNSAFE

ROOT = Path(__file__).resolve().parents[2]


def codemod(name: str, path: Path, *words: str) -> None:
    argv = [sys.executable, "-m", "libcst.tool", "codemod", "-x", "--no-format", f"packlint.fixers.{name}", *words]
    done = subprocess.run([*argv, str(path)], capture_output=True, text=True, cwd=path.parent, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_safe_fix(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    file = tmp_path / "model.py"
    file.write_text(SAFE)
    codemod("lengths_to_cpu.LengthsToCpuFixer", file)
    assert file.read_text() == FIXED


def test_an_unsafe_fix_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    file = tmp_path / "model.py"
    file.write_text(UNSAFE)
    codemod("pack_call.PackCallFixer", file)
    assert file.read_text() == UNSAFE
    codemod("pack_call.PackCallFixer", file, "--unsafe-fixes")
    assert "pack_padded_sequence(" in file.read_text()


def test_another_kind_and_a_comment_change_nothing(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    file = tmp_path / "model.py"
    silent = SAFE.replace("enforce_sorted=False)", "enforce_sorted=False)  # noqa: PCK204")
    for text, name in ((SAFE, "enforce_sorted.EnforceSortedFixer"), (silent, "lengths_to_cpu.LengthsToCpuFixer")):
        file.write_text(text)
        codemod(name, file)
        assert file.read_text() == text


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_fixer_has_a_file_a_step_and_pairs_of_its_name(kind: type) -> None:
    room = kind.__module__.rpartition(".")[2]
    words = re.findall("[A-Z][a-z]*", kind.__name__.removesuffix("Fixer"))
    assert room == "_".join(words).lower()
    assert kind.step.__name__ == kind.__name__.removesuffix("Fixer")  # type: ignore[attr-defined]
    assert (ROOT / "fixers" / f"{room}.py").is_file()
    assert (ROOT / "tests" / "fixers" / "pairs" / f"{room}.py").is_file()
    assert kind.DESCRIPTION  # type: ignore[attr-defined]
