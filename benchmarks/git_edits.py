"""Random edits since a commit: what `--git-diff` shows is what two whole runs show to be new.

    python -m benchmarks.git_edits --sequences 300 [--seed N] [--steps N]

A project that is put together from cases of the rules' checked files is committed and checked. Then come edits as in
`benchmarks.edits`; some are committed, some staged, some neither. After each step `--git-diff` must show, of all that
is found, what stands on lines that are not what they were, and what was not found where it stands when the commit was
checked. Exit code: 0, or 1 where it shows something else.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.edits import Edits, cases, read
from packlint.cli import main as packlint
from packlint.findings import Finding
from packlint.git import work_tree
from packlint.git_diff import Lines
from packlint.source import read_source

IDENTITY = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"} | {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "a"), ("EMAIL", "a@b.c"), ("DATE", "2024-01-01T00:00:00Z"))
}


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *words], env=os.environ | IDENTITY, capture_output=True, text=True, check=True
    )
    return done.stdout


def findings(folder: Path, *options: str) -> list[Finding]:
    """What packlint shows of a project."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        packlint(["check", "--isolated", "--select=ALL", "-j1", "--output-format=json", *options, str(folder)])
    return [_finding(one) for one in json.loads(out.getvalue())]


def _finding(one: dict[str, Any]) -> Finding:
    start, end = one["location"], one["end_location"]
    place = (start["row"], start["column"], end["row"], end["column"], one["cell"])
    return Finding(one["code"], one["name"], one["message"], one["filename"], *place)


def expected(folder: Path, commit: str, were: Sequence[Finding], texts: dict[str, bytes]) -> list[Finding]:
    """What is new of all that is found now."""
    tree = work_tree(str(folder))
    altered = {one.path: one for one in tree.altered(commit, (), [])}
    places = {(one.filename, one.code, one.row, one.column) for one in were}
    new: list[Finding] = []
    for one in findings(folder, "--no-cache"):
        change = altered.get(one.filename)
        old = one.filename if change is None else change.old
        if old is not None:
            was, now = read_source(old, texts[old]), read_source(one.filename)
            ended = [text if text.endswith("\n") or not text else f"{text}\n" for text in (was.text, now.text)]
            place = Lines(was, now, tree.hunks([(ended[0], ended[1])])[0]).former(one)
            if place is not None and (old, one.code, place[2], place[3]) in places:
                continue
        new.append(one)
    return new


def differences(
    sequences: int, steps: int, seed: int, counted: Counter[str]
) -> Iterator[tuple[int, list[str], list[Finding], list[Finding]]]:
    """Where another thing is shown than what is new: the sequence, its edits, what is shown and what is new."""
    known = cases()
    for number in range(sequences):
        chance = random.Random(f"{seed} {number}")
        with tempfile.TemporaryDirectory(prefix="edits-") as scratch:
            folder, cache = Path(scratch, "project"), str(Path(scratch, "cache"))
            folder.mkdir()
            edits = Edits(folder, known, chance)
            git(folder, "init", "--quiet", "--initial-branch=main")
            git(folder, "add", ".")
            git(folder, "commit", "--quiet", "-m", "base")
            commit = git(folder, "rev-parse", "HEAD").strip()
            were = findings(folder, "--no-cache")
            texts = {str(path): path.read_bytes() for path in folder.rglob("*.py")}
            done: list[str] = []
            for _ in range(steps):
                done.append(edits.step())
                if chance.random() < 0.5:
                    git(folder, "add", "--all")
                    done.append("stage")
                    if chance.random() < 0.5:
                        git(folder, "commit", "--quiet", "--allow-empty", "-m", "more")
                        done.append("commit")
                shown = findings(folder, "--git-diff", commit, "--cache-dir", cache)
                new = expected(folder, commit, were, texts)
                counted.update(checks=1, shown=len(new), **{one.code: 1 for one in new})
                if shown != new:
                    yield number, done, shown, new
                    break


def main(words: Sequence[str] | None = None) -> int:
    args = read(words, __doc__, 300, 6)
    counted: Counter[str] = Counter()
    wrong = 0
    for number, done, shown, new in differences(args.sequences, args.steps, args.seed, counted):
        wrong += 1
        print(f"sequence {number}: after {', '.join(done)}")
        for sign, some, others in (("-", shown, new), ("+", new, shown)):
            for one in some:
                if one not in others:
                    print(f"{sign} {one.filename}:{one.row}:{one.column}: {one.code} {one.message}")
    print(f"{args.sequences} sequences, {counted['checks']} checks, {counted['shown']} new, {wrong} sequences differ")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
