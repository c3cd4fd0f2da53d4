"""Random programs: packlint stands each of them, and the command that tries many more says what it does not stand."""

from __future__ import annotations

import ast
import random
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import hypothesis.strategies as st
import pytest

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

import packlint.check  # noqa: E402
from benchmarks import programs  # noqa: E402
from benchmarks.programs import HOLE, LINES, STATEMENTS, Programs, Writer, differing, main, trouble  # noqa: E402
from packlint.analysis.events import Event  # noqa: E402
from packlint.rules import all_rules  # noqa: E402
from packlint.rules.base import Report  # noqa: E402

SOURCE = Programs()


# A random with a seed: a program takes more draws than hypothesis gives, and `reduced` makes it smaller.
@hypothesis.settings(max_examples=2000, deadline=None, derandomize=True, database=None)
@hypothesis.given(st.randoms(use_true_random=True))
def test_every_program_is_stood(chance: random.Random) -> None:
    files = SOURCE.program(chance)
    with tempfile.TemporaryDirectory() as folder:
        assert trouble(files, Path(folder)) == []


@pytest.mark.parametrize("jobs", [2, 5])
def test_findings_are_the_same_for_every_number_of_jobs(tmp_path: Path, jobs: int) -> None:
    chance = random.Random(jobs)
    assert differing([SOURCE.program(chance) for _ in range(60)], tmp_path, jobs) == []


def test_every_written_program_parses() -> None:
    writer = Writer(random.Random(0))
    for _ in range(500):
        for text in writer.program().values():
            ast.parse(text)


def test_every_part_of_the_grammar_is_used() -> None:
    kinds = {**STATEMENTS, **LINES}
    holes = {hole for templates in kinds.values() for template in templates for hole in HOLE.findall(template)}
    assert holes | {"module"} == set(kinds)


def test_changed_programs_differ_from_their_seed() -> None:
    tree = ast.parse("import a\nx = 1\nif x:\n    y = 2\n    z = 3\nw = 4\n")
    texts = {programs.changed(random.Random(seed), tree)["model.py"] for seed in range(100)}
    assert len(texts) > 50
    for text in texts:
        ast.parse(text)


def fail(event: Event) -> Iterator[Report]:
    raise ValueError("oh")


def test_the_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--count", "20", "--seed", "3"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("20 programs of a grammar and ")
    assert out.endswith("\n0 problems\n")

    rules = all_rules()
    monkeypatch.setattr(packlint.check, "all_rules", lambda: {**rules, "PCK402": rules["PCK402"]._replace(check=fail)})
    assert main(["--count", "20", "--seed", "3"]) == 1
    out = capsys.readouterr().out
    assert "PCK000: PCK402 failed on this line: ValueError: oh" in out
    shown = out.partition("# file: model.py\n")[2].partition("20 programs")[0]
    assert 0 < len(shown.splitlines()) < 30


def test_seeds_of_other_folders(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("rnn = nn.LSTM(2, 3)\n")
    (tmp_path / "b.py").write_text("x = 1\n")
    (tmp_path / "c.py").write_text("rnn = nn.LSTM(2, 3\n")
    assert [path.name for path in Programs([tmp_path]).seeds[-2:]] == ["a.py", "c.py"]
    assert programs.tree_of(tmp_path / "c.py") is None
