"""Fixes the pairs of `pairs/`, compares the text, and has `packlint verify` prove what comes of it.

What the files say is in `benchmarks/pairs.py`.
"""

from __future__ import annotations

import functools
import json
import os
import random
import re
from pathlib import Path

import pytest

from packlint.cli import main

pytest.importorskip("torch")

from benchmarks.fixes import codes_of
from benchmarks.named_rows import unnamed_in
from benchmarks.pairs import Pair, all_pairs, run_pairs
from benchmarks.proved import proved
from packlint.verify.evidence import Evidence
from tests.conftest import run_packlint
from tests.rules.test_checked_files import CASES, Case

PAIRS = all_pairs()
RUN = run_pairs()
every_pair = pytest.mark.parametrize("pair", PAIRS, ids=str)
every_run_pair = pytest.mark.parametrize("pair", RUN, ids=str)


def fixed(
    pair: Pair, text: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> tuple[str, list[dict[str, object]]]:
    """What `--fix --unsafe-fixes` makes of a file, and what is found in that."""
    (folder / "pyproject.toml").touch()
    file = folder / "model.py"
    file.write_text(text, encoding="utf-8")
    words = [f"--select={pair.rules}", "--fix", "--unsafe-fixes", "--output-format=json", "-j1", str(file)]
    code = main(["check", *words])
    out, err = capsys.readouterr()
    assert (code in {0, 1}, err) == (True, "")
    return file.read_text(encoding="utf-8"), json.loads(out)


@every_pair
def test_a_fix_writes_what_stands_below(pair: Pair, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text, left = fixed(pair, pair.before, tmp_path, capsys)
    assert text == pair.after
    assert pair.untouched or not left, [one["message"] for one in left]


@every_pair
def test_only_lines_that_a_plan_names_change(pair: Pair, tmp_path: Path) -> None:
    path = tmp_path / "model.py"
    path.write_text(pair.before, encoding="utf-8")
    assert not unnamed_in(path, tmp_path, codes_of(pair.rules))


@functools.cache
def evidence_on(pair: Pair) -> tuple[Evidence, ...]:
    return tuple(proved(pair.before, pair.after, pair.rules))


@every_run_pair
def test_the_rewrite_is_proved(pair: Pair) -> None:
    evidence = evidence_on(pair)
    assert evidence
    for one in evidence:
        assert one.verdict == "passed", (one.code, one.reason)
        assert one.noise is not None
        assert one.noise <= 1e-10


@every_run_pair
def test_what_was_wrong_was_seen_to_be(pair: Pair) -> None:
    every = [relation for one in evidence_on(pair) for relation in one.relations]
    seen = {relation.name for relation in every if relation.gates and relation.witnessed}
    if "same" in pair.run:  # nothing is wrong on the CPU; lengths on a device are what may raise
        assert seen <= {"errors"}
    else:
        assert seen


@every_run_pair
def test_the_whole_model_gives_each_sequence_what_it_gets_alone(pair: Pair) -> None:
    """Reported by `packlint verify`, and no ground to refuse a rewrite; of these models it must hold all the same."""
    whole = [
        relation.rewrite
        for one in evidence_on(pair)
        for relation in one.relations
        if relation.name == "whole-model batch invariance"
    ]
    assert whole
    assert all(measure is None or measure.holds for measure in whole), whole


@every_run_pair
def test_fixing_again_changes_nothing(pair: Pair, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text, _ = fixed(pair, pair.after, tmp_path, capsys)
    assert text == pair.after


APART = ("enforce_sorted", "lengths_to_cpu")
"""Pairs whose findings rest on what a whole project does or never does: it sorts rows, it has an accelerator."""


@pytest.mark.parametrize("fixer", [*APART, None])
def test_the_command_proves_them_as_files(fixer: str | None, tmp_path: Path) -> None:
    """A tenth of the pairs; `PACKLINT_PAIRS=all` takes every one."""
    pairs = [pair for pair in RUN if (pair.fixer == fixer if fixer else pair.fixer not in APART)]
    if os.environ.get("PACKLINT_PAIRS") != "all":
        pairs = random.Random(0).sample(pairs, max(len(pairs) // 10, 1))
    for at, pair in enumerate(pairs):
        text = re.sub(r"\b(Model|Layers|train)\b", rf"\g<1>{at}", pair.before)  # in one project names must differ
        (tmp_path / f"{pair.fixer}_{at}.py").write_text(text, encoding="utf-8")
    select = ",".join(sorted({code for pair in pairs for code in pair.rules.split(",")}))
    words = ["--isolated", "--output-format=json", f"--select={select}"]
    ran = run_packlint("verify", ".", *words, cwd=tmp_path, seconds=500)
    assert (ran.code, ran.err) == (0, ""), ran.out
    sites = json.loads(ran.out)["sites"]
    assert {one["verdict"] for one in sites if one["rewritten"]} == {"passed"}
    assert len({one["filename"] for one in sites if one["rewritten"]}) == len(pairs)


SILENT = [case for case in CASES if not case.expected]


@pytest.mark.parametrize("case", SILENT, ids=str)
def test_what_is_right_stays_untouched(case: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The cases of the rules that must stay silent: code that is right, in the forms that people write."""
    case.write(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    words = ["--select=PCK", "--fix", "--unsafe-fixes", "--output-format=json", "-j1", "--root", str(tmp_path)]
    assert main(["check", *words, str(tmp_path)]) == 0
    assert capsys.readouterr() == ("[]\n", "")
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
