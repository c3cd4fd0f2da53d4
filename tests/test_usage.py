"""What docs/usage.md shows of configurations and baselines is what packlint prints."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from packlint.cli import main
from tests.conftest import PADDED
from tests.test_fix import FIXED, SAFE

USAGE = (Path(__file__).resolve().parent.parent / "docs" / "usage.md").read_text(encoding="utf-8")
COMMAND = re.compile(r"^\$ packlint (?P<words>[^#\n]*?)(?:  # (?P<remark>.*))?\n", re.MULTILINE)


def repaired(folder: Path) -> None:
    (folder / "encoder.py").write_text(FIXED)
    (folder / "other.py").unlink()


Changes = Mapping[str, Callable[[Path], object]]
CHANGES: Changes = {
    "other.py is new": lambda folder: (folder / "other.py").write_text(PADDED),
    "encoder.py was repaired": repaired,
}
"""What happens before a command, by the remark beside it."""


def section(title: str) -> str:
    """A section of the page, without those below it."""
    return re.split(r"^## ", USAGE.partition(f"## {title}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def played(text: str, folder: Path, capsys: pytest.CaptureFixture[str], changes: Changes = CHANGES) -> str:
    """A block of commands with what they print."""
    lines = []
    for command in COMMAND.finditer(text):
        if command["remark"]:
            changes[command["remark"]](folder)
        main([*shlex.split(command["words"])])
        out, err = capsys.readouterr()
        lines += [command[0], err, out]
    return "".join(lines)


def test_beginning_with_an_old_code_base(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = section("Beginning with an old code base")
    (folder / "pyproject.toml").write_text(blocks(text, "toml")[0])
    (folder / "tagger.py").write_text(PADDED)
    (folder / "encoder.py").write_text(SAFE)
    shown = blocks(text, "console")
    assert len(shown) == 3
    assert [played(block, folder, capsys) for block in shown] == shown


def test_the_settings_in_effect(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = section("Configuration")
    (folder / "pyproject.toml").write_text(blocks(text, "toml")[0])
    (folder / "experiments").mkdir()
    (folder / "experiments" / "model.py").touch()
    (shown,) = blocks(text, "console")
    assert played(shown, folder, capsys) == shown
