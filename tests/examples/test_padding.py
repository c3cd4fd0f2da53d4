"""The tests shown in the examples pass, and would not pass on the models before; the padded state is what is said."""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from packlint.cli import main
from tests.examples.test_examples import DIFFERENCE, RIGHT, WRONG, run

pytest.importorskip("torch", reason="PyTorch is not installed")

from packlint.testing import assert_batch_invariant, assert_padding_invariant, assert_states_final

ROOT = Path(__file__).resolve().parents[2]


def pytest_of_examples(*words: str) -> str:
    """Run the shown tests as somebody would, with this checkout's plugin and no others."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}
    environment |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "pytest", "-p", "packlint.pytest_plugin", "-p", "no:cacheprovider", *words]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_the_shown_tests_pass() -> None:
    assert re.search(r"\b3 passed", pytest_of_examples("examples/test_padding.py"))


def test_the_shown_tests_are_marked() -> None:
    assert "3 tests collected" in pytest_of_examples("examples", "-m", "packlint", "--collect-only")


def without_labels(collate: Any) -> Any:
    """The collate function of an example, which gives labels last, as the model takes it."""
    return lambda batch: collate(batch)[:-1]


@pytest.mark.parametrize(
    ("folder", "model", "sequences"),
    [("classifier", "Classifier", "REVIEWS"), ("transformer_bilstm", "NameTagger", "SENTENCES")],
)
def test_the_assertions_tell_before_from_after(folder: str, model: str, sequences: str) -> None:
    for half, wrong in (("before", True), ("after", False)):
        module = importlib.import_module(f"examples.{folder}.{half}")
        built = getattr(module, model)(len(module.VOCABULARY) + 2)
        samples, collate = getattr(module, sequences), without_labels(module.collate)
        for check in (assert_batch_invariant, assert_padding_invariant, assert_states_final):
            if wrong:
                with pytest.raises(
                    AssertionError, match=rf"^sequence \d of {len(samples)} \(length \d+, batch padded to"
                ):
                    check(built, samples, collate=collate)
            else:
                check(built, samples, collate=collate)


def test_the_padded_state(tmp_path: Path) -> None:
    printed = run(ROOT / "examples" / "padded_state.py", tmp_path)
    final = re.search(r"after step 3 \(real\): (.*?)  <- its final state\n", printed)
    padded = re.search(r"after step 8 \(zeros\): (.*?)  <- what the padded batch holds\n", printed)
    assert final is not None
    assert padded is not None
    assert final[1] != padded[1]
    one_way, both_ways = printed.split("the backward direction")
    assert f"padded batch: {padded[1]}\npacked batch: {final[1]}\n" in one_way
    short_h, long_h, short_c, long_c = map(float, DIFFERENCE.findall(one_way))
    assert min(short_h, short_c) > WRONG
    assert max(long_h, long_c) < RIGHT
    assert float(DIFFERENCE.findall(both_ways)[0]) > WRONG


def test_packlint_reports_what_the_padded_state_says(capsys: pytest.CaptureFixture[str]) -> None:
    path = ROOT / "examples" / "padded_state.py"
    assert main(["check", "--isolated", "--output-format=json", "--exit-zero", "-j1", str(path)]) == 0
    lines = path.read_text(encoding="utf-8").splitlines()
    findings = json.loads(capsys.readouterr().out)
    assert [(one["code"], lines[one["location"]["row"] - 1].strip()) for one in findings] == [
        ("PCK101", "_, states = lstm(pad_sequence(sequences, batch_first=True))")
    ]
    assert re.findall(r"\bPCK\d{3}\b", path.read_text(encoding="utf-8")) == ["PCK101"]


def test_packlint_finds_nothing_in_the_shown_tests(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--isolated", "--select=ALL", "-j1", str(ROOT / "examples" / "test_padding.py")]) == 0
    assert capsys.readouterr().out == "All checks passed!\n"
