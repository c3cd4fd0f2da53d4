"""Fixes the pairs of `pairs/`, compares the text, and has torch run both.

A pair file is named after its fixer. What stands above its first case is the head of every case; a case is the code
before, and below `# fixed` the code after; without that it must stay untouched. `# run:` says how it is run: `time
first`, lengths as a `list` or an `array`, `truth` where a batch without padding was wrong too and the head knows
better, `same` where nothing was wrong, `wider` where only the padded size is another, `not` where this machine cannot
run it. `# bare` leaves the head away.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from packlint.cli import main

pytest.importorskip("torch")

from benchmarks.fixes import codes_of
from benchmarks.named_rows import unnamed_in
from tests.oracle import Oracle, RefusedError
from tests.rules.test_checked_files import CASES, Case

FOLDER = Path(__file__).parent / "pairs"
CASE = re.compile(r"^# case: (.+)\n", re.MULTILINE)
RUN = re.compile(r"^# run: (.+)\n", re.MULTILINE)
FIXED, BARE = "# fixed\n", "# bare\n"
RULES = "PCK,PCK402"
MORE_RULES = {"sorted_by_hand": "PCK,PCK203"}


@dataclass(frozen=True, slots=True)
class Pair:
    """A case of a pair file: the whole text before and after; `run` are the words that say how it is run."""

    fixer: str
    name: str
    before: str
    after: str
    run: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.fixer}: {self.name}"

    @property
    def untouched(self) -> bool:
        return self.before == self.after

    @property
    def oracle(self) -> Oracle:
        form = next((word for word in self.run if word in {"list", "array"}), "tensor")
        before = self.before if "truth" in self.run else re.sub(r"^def truth\(", "def _(", self.before, flags=re.M)
        return Oracle(before, self.after, "time first" in self.run, form, "wider" in self.run)


def read_pairs(path: Path) -> Iterator[Pair]:
    """The cases of a pair file."""
    head, *parts = CASE.split(path.read_text(encoding="utf-8"))
    for name, text in zip(parts[::2], parts[1::2], strict=True):
        found = RUN.search(text)
        run = tuple(found[1].split(", ")) if found else ()
        text = RUN.sub("", text)
        top = "" if BARE in text else head
        before, _, after = text.replace(BARE, "").partition(FIXED)
        before, after = (top + part.strip("\n") + "\n" for part in (before, after or before))
        yield Pair(path.stem, name, before, after, run)


PAIRS = [pair for path in sorted(FOLDER.glob("*.py")) for pair in read_pairs(path)]
every_pair = pytest.mark.parametrize("pair", PAIRS, ids=str)
run_pairs = pytest.mark.parametrize("pair", [p for p in PAIRS if not p.untouched and "not" not in p.run], ids=str)


def fixed(
    pair: Pair, text: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> tuple[str, list[dict[str, object]]]:
    """What `--fix --unsafe-fixes` makes of a file, and what is found in that."""
    (folder / "pyproject.toml").touch()
    file = folder / "model.py"
    file.write_text(text, encoding="utf-8")
    words = [
        f"--select={MORE_RULES.get(pair.fixer, RULES)}",
        "--fix",
        "--unsafe-fixes",
        "--output-format=json",
        "-j1",
        str(file),
    ]
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
    assert not unnamed_in(path, tmp_path, codes_of(MORE_RULES.get(pair.fixer, RULES)))


@run_pairs
def test_each_sequence_gets_what_it_gets_alone(pair: Pair) -> None:
    oracle = pair.oracle
    oracle.check()
    assert oracle.was_wrong() != ("same" in pair.run)
    if "truth" not in pair.run:
        assert oracle.same_when_full()


@run_pairs
def test_fixing_again_changes_nothing(pair: Pair, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text, _ = fixed(pair, pair.after, tmp_path, capsys)
    assert text == pair.after


def test_the_oracle_refuses_what_changes_nothing() -> None:
    for pair in PAIRS:
        if not pair.untouched and not {"same", "wider", "not"} & set(pair.run):
            oracle = Oracle(pair.oracle.before, pair.before, pair.oracle.time_first, pair.oracle.form)
            with pytest.raises(RefusedError):
                oracle.check()


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
