"""What other linters say of the labelled bugs.

    python -m benchmarks.peers --labels LABELS --files FILES --root DIR --flake8 FLAKE8 --ruff RUFF

LABELS and FILES are JSON lines; DIR holds one folder per labelled project, `owner+name` or `NAME-VERSION`. FLAKE8 is
the flake8 of an environment that has torchfix, RUFF a ruff. Each runs over the labelled files with every rule it has
(flake8: torchfix's alone). A finding *meets* a bug if it stands within two lines of it; it *names* the bug if its
message speaks of packing, padding or lengths, too.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.mutants import project_of, read_jsonl

TOLERANCE = 2  # lines
SPEAKS = re.compile(r"\b(?:un)?pack(?:s|ed|ing)?\b|\bpad(?:s|ded|ding)?\b|\blengths?\b|recurrent", re.I)
LINE = re.compile(r"(.+?):(\d+):\d+: (\S+) (.*)")

Place = tuple[str, int]
"""A file, by its absolute path, and a row."""


@dataclass(frozen=True, slots=True)
class Said:
    """A finding of another linter."""

    place: Place
    code: str
    message: str


def flake8(command: str, files: Sequence[str]) -> list[Said]:
    argv = [command, "--isolated", "--select", "TOR", *files]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    found = (LINE.fullmatch(line) for line in done.stdout.splitlines())
    return [Said((m[1], int(m[2])), m[3], m[4]) for m in found if m is not None]


def ruff(command: str, files: Sequence[str]) -> list[Said]:
    argv = [command, "check", "--isolated", "--no-cache", "--select", "ALL", "--output-format", "json", "--exit-zero"]
    done = subprocess.run([*argv, "--quiet", *files], capture_output=True, text=True, check=False)
    rows = json.loads(done.stdout)
    return [Said((row["filename"], row["location"]["row"]), str(row["code"]), row["message"]) for row in rows]


def line_of(name: str, said: Sequence[Said], bugs: Sequence[Place]) -> str:
    """A row of the table: findings, rules, and how many of the bugs are met and named."""

    def met(findings: Sequence[Said]) -> int:
        places = {finding.place for finding in findings}
        return sum(any((path, row + d) in places for d in range(-TOLERANCE, TOLERANCE + 1)) for path, row in bugs)

    speaking = [finding for finding in said if SPEAKS.search(finding.message)]
    rules = len({finding.code for finding in said})
    return f"| {name} | {len(said)} | {rules} | {met(said)} of {len(bugs)} | {met(speaking)} of {len(bugs)} |"


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", required=True, type=Path)
    parser.add_argument("--files", required=True, type=Path)
    parser.add_argument("--root", required=True, type=Path)
    parser.add_argument("--flake8", required=True)
    parser.add_argument("--ruff", required=True)
    args = parser.parse_args(words)

    def place(row: dict[str, object]) -> str:
        return str(Path(args.root, project_of(row), str(row["path"])).resolve())

    files = sorted({place(row) for row in read_jsonl(args.files) if str(row["path"]).endswith(".py")})
    files = [file for file in files if Path(file).is_file()]
    labels = (row for row in read_jsonl(args.labels) if row["verdict"] == "bug" and "cell" not in row)
    bugs = [(place(row), int(str(row["line"]))) for row in labels]
    print("| linter | findings | rules | bugs met | bugs named |")
    print("| --- | --- | --- | --- | --- |")
    print(line_of("flake8 with torchfix", flake8(args.flake8, files), bugs))
    print(line_of("ruff, every rule", ruff(args.ruff, files), bugs))
    return 0


if __name__ == "__main__":
    sys.exit(main())
