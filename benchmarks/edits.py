"""Random edits of random projects: what packlint finds with its cache is what it finds without.

    python -m benchmarks.edits --sequences 1000 [--seed N] [--steps N]

A sequence begins with a project that is put together from cases of the rules' checked files, and goes on with edits:
files are added, changed, deleted, renamed, moved and put back as they were; also in such ways that size and time of the
file stay the same. After each step the project, or a part of it, is checked with the cache that the steps before left,
and without. In some projects facts come from a few files only. Exit code: 0, or 1 where the two differ.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import random
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from packlint.cli import main as packlint

ROOT = Path(__file__).resolve().parents[1]
CASE = re.compile(r"^# case: .*$", re.MULTILINE)
FILE = re.compile(r"^# file: (.+)$", re.MULTILINE)
SWAPS = (
    ("pad_sequence", "list"),
    ("enforce_sorted=False", "enforce_sorted=True"),
    ("batch_first=True", "batch_first=False"),
    ("sorted(", "list("),
    ("padding_idx=0", "max_norm=1"),
    (".cpu()", ""),
    (".to(device)", ""),
    ("bidirectional=True", "bidirectional=False"),
    ("lengths", "sizes"),
    ("collate", "gather"),
    ("nn.LSTM", "nn.GRU"),
    ("nn.LSTM", "nn.Linear"),
    ("DataLoader", "Loader"),
    ("model", "net"),
    ("from model import", "from .model import"),
)

Tree: TypeAlias = dict[str, str]
"""The files of a project: their texts by their paths."""


def cases() -> list[Tree]:
    """The cases of the checked files, each with its files."""
    found: list[Tree] = []
    for path in sorted(ROOT.glob("tests/rules/pck*.py")):
        head, *parts = CASE.split(path.read_text(encoding="utf-8"))
        for part in parts:
            first, *others = FILE.split(part)
            found.append({"model.py": head + first, **dict(zip(others[::2], others[1::2], strict=True))})
    return found


class Edits:
    """A project on the disk that is edited at random."""

    def __init__(self, folder: Path, known: Sequence[Tree], chance: random.Random) -> None:
        self._folder = folder
        self._cases = known
        self._chance = chance
        most = chance.choice((2, 4, 6, 2000, 2000, 2000))
        self._tree: Tree = {"setup.cfg": "", "packlint.toml": f"max-files = {most}\n"}
        self._past: list[Tree] = []
        self._hidden: Tree = {}
        several = [case for case in known if len(case) > 1]  # what is found hangs on other files
        for name in ("", "one", "two")[: chance.randint(1, 3)]:
            self._tree |= {os.path.join(name, file): text for file, text in chance.choice(several).items()}
        self._lay_out({})

    def step(self) -> str:
        """Edit the project; says how."""
        before = dict(self._tree)
        self._past.append(before)
        edit = self._chance.choice(EDITS)
        getattr(self, f"_{edit}")()
        if edit != "disguise":
            self._lay_out(before)
        return edit

    def asked(self) -> Path:
        """What is to be checked: the project, a folder of it, or a file."""
        path = self._some() if self._chance.random() < 0.4 else None
        folder = self._folder / path if path is not None else self._folder
        return folder.parent if self._chance.random() < 0.2 and path is not None else folder

    def _some(self) -> str | None:
        files = [path for path in self._tree if path.endswith(".py")]
        return self._chance.choice(files) if files else None

    def _add(self) -> None:
        folder = self._chance.choice(["", "one", "two", "package", os.path.join("one", "inner")])
        for file, text in self._chance.choice(self._cases).items():
            self._tree.setdefault(os.path.join(folder, file), text)
        if self._chance.random() < 0.3:
            self._tree[os.path.join(folder, "__init__.py")] = "from .model import *\n"

    def _swap(self) -> None:
        path = self._some()
        present = [pair for pair in SWAPS if path is not None and pair[0] in self._tree[path]]
        if path is not None and present:
            self._tree[path] = self._tree[path].replace(*self._chance.choice(present))

    def _cut(self) -> None:
        path = self._some()
        if path is not None:
            lines = self._tree[path].splitlines(keepends=True)
            at = self._chance.randrange(len(lines) + 1)
            self._tree[path] = "".join(lines[:at] + lines[at + self._chance.choice((1, 1, 3, 1000)) :])

    def _replace(self) -> None:
        path = self._some()
        others = [case[os.path.basename(path)] for case in self._cases if path and os.path.basename(path) in case]
        if path is not None and others:
            self._tree[path] = self._chance.choice(others)

    def _comment(self) -> None:
        path = self._some()
        if path is not None:
            self._tree[path] += self._chance.choice(("# noqa\n", "# packlint: ignore-file\n", "\n\n"))

    def _delete(self) -> None:
        path = self._some()
        if path is not None:
            del self._tree[path]

    def _hide(self) -> None:
        """Take a file away, to come back later."""
        if self._hidden:
            self._tree |= self._hidden
            self._hidden = {}
        elif (path := self._some()) is not None:
            self._hidden = {path: self._tree.pop(path)}

    def _rename(self) -> None:
        path = self._some()
        if path is not None:
            name = self._chance.choice(("model", "data", "train", "utils", "other")) + ".py"
            self._tree[os.path.join(os.path.dirname(path), name)] = self._tree.pop(path)

    def _move(self) -> None:
        folder = self._chance.choice(("one", "two", "package"))
        self._tree = {
            os.path.join(folder, os.path.basename(p)) if p.endswith(".py") else p: t for p, t in self._tree.items()
        }

    def _revert(self) -> None:
        self._tree = dict(self._chance.choice(self._past))

    def _disguise(self) -> None:
        """Other contents of the same size, and the old time of change."""
        path = self._some()
        if path is None:
            return
        text = self._tree[path]
        changed = text.replace("lengths", "heights") if "lengths" in text else text.replace("True", "None")
        file = self._folder / path
        status = file.stat()
        self._tree[path] = changed
        file.write_text(changed, encoding="utf-8")
        os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))

    def _lay_out(self, before: Mapping[str, str]) -> None:
        for path in before.keys() - self._tree.keys():
            (self._folder / path).unlink()
        for path, text in self._tree.items():
            if before.get(path) != text:
                (self._folder / path).parent.mkdir(parents=True, exist_ok=True)
                (self._folder / path).write_text(text, encoding="utf-8")


EDITS = (
    *("hide",) * 8,
    *("swap",) * 4,
    *("rename", "replace", "cut") * 2,
    *("add", "comment", "delete", "move", "revert", "disguise"),
)


def found(folder: Path, asked: Path, *options: str) -> tuple[int, str, str]:
    """What packlint says of a project or a part of it: the exit code, the findings and the errors."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        config = f"--config={folder / 'packlint.toml'}"
        code = packlint(["check", config, "--select", "ALL", "-j1", "-v", *options, str(asked)])
    return code, out.getvalue(), err.getvalue()


def differences(
    sequences: int, steps: int, seed: int, counted: Counter[str] | None = None
) -> Iterator[tuple[int, list[str], str, str]]:
    """Where cached and uncached results differ: the sequence, its edits so far, and both reports."""
    known = cases()
    for number in range(sequences):
        with tempfile.TemporaryDirectory(prefix="edits-") as scratch:
            folder, cache = Path(scratch, "project"), str(Path(scratch, "cache"))
            folder.mkdir()
            edits = Edits(folder, known, random.Random(f"{seed} {number}"))
            done: list[str] = []
            for _ in range(steps):
                asked = edits.asked()
                cached, anew = (found(folder, asked, *how) for how in (("--cache-dir", cache), ("--no-cache",)))
                if counted is not None:
                    counted.update(["checks", *re.findall(r"^PCK\d+", anew[1], re.MULTILINE)])
                if cached != anew:
                    yield number, done, "\n".join(map(str, cached)), "\n".join(map(str, anew))
                    break
                done.append(edits.step())


def read(words: Sequence[str] | None, description: str | None, sequences: int, steps: int) -> argparse.Namespace:
    """How many sequences of how many edits are asked for."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sequences", type=int, default=sequences)
    parser.add_argument("--steps", type=int, default=steps)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(words)


def main(words: Sequence[str] | None = None) -> int:
    args = read(words, __doc__, 1000, 8)
    counted: Counter[str] = Counter()
    wrong = 0
    for number, done, cached, anew in differences(args.sequences, args.steps, args.seed, counted):
        wrong += 1
        print(f"sequence {number}: after {', '.join(done)}\n--- with the cache\n{cached}\n--- without\n{anew}")
    checks = counted.pop("checks")
    print(f"{args.sequences} sequences, {checks} checks, {counted.total()} findings, {wrong} sequences differ")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
