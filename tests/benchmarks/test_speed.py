"""The measure of speed, on as little as it takes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

pytest.importorskip("resource", reason="what a process took is asked of POSIX")

from benchmarks.speed import IMPORTS, MODEL, Row, cost, dense_row  # noqa: E402


def test_a_row_says_whether_its_bar_is_met() -> None:
    assert str(Row("tree", 2.0, 2.5, "x", "1.00 s")) == "| tree | 2 x | 2.5 x | yes | 1.00 s |"
    assert str(Row("tree", 3.0, 2.5, "x")) == "| tree | 3 x | 2.5 x | **no** |  |"
    assert str(Row("tree", 3.0, None, "x")) == "| tree | 3 x |  |  |  |"


def test_what_a_process_takes() -> None:
    took = cost([sys.executable, "-c", "sum(range(10 ** 6))"])
    assert took.wall > 0
    assert took.cpu > 0
    assert took.peak > 1


def test_projects_are_measured_against_the_parser(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "setup.py").touch()
    (project / "model.py").write_text(IMPORTS + "".join(MODEL.format(number=number) for number in range(3)))
    row = dense_row(tmp_path)
    assert row.found > 1
    assert "1 projects" in row.detail
