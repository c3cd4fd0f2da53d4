"""Models as people write them are run, and what is said of each line is what stands on it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="PyTorch is not installed")

from packlint.config import ProjectFacts
from packlint.engine import Task, check_file
from packlint.rules import all_rules
from packlint.verify.evidence import Evidence
from packlint.verify.observing import install
from packlint.verify.proving import Options, prove
from packlint.verify.subjects import planned

CASE = re.compile(r"^# case: (.+)\n", re.MULTILINE)
EXPECTED = re.compile(r"# (PCK\d{3}) (passed|failed|unverified), (inferred|slice|none)$", re.MULTILINE)
_, *PARTS = CASE.split((Path(__file__).parent / "models.py").read_text(encoding="utf-8"))
CASES = dict(zip(PARTS[::2], PARTS[1::2], strict=True))
OFF = frozenset({"PCK105", "PCK203", "PCK206", "PCK402"})


def proved(text: str, folder: Path) -> list[Evidence]:
    """The evidence on every site of a file with that text."""
    install()
    (folder / "pyproject.toml").touch()
    path = folder / "model.py"
    path.write_text(text, encoding="utf-8")
    task = Task(str(path), str(folder), frozenset(all_rules()) - OFF, ProjectFacts())
    data = path.read_bytes()
    subjects = planned(task, check_file(task, data), data, None).subjects
    return [one for subject in subjects for one in prove(subject, Options())]


@pytest.mark.parametrize("name", CASES)
def test_a_model_is_run_and_judged(name: str, tmp_path: Path) -> None:
    text = CASES[name]
    expected = {(text[: found.start()].count("\n") + 1, *found.groups()) for found in EXPECTED.finditer(text)}
    evidence = proved(text, tmp_path)
    assert {(one.row, one.code, one.verdict, one.way or "none") for one in evidence} == expected, [
        one.reason for one in evidence
    ]
    for one in evidence:
        assert any(relation.gates and relation.witnessed for relation in one.relations), one.reason
