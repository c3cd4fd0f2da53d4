"""The pairs of `tests/fixers/pairs`: code before a fix and after it, in files named after the fixer.

What stands above the first case of a file is the head of every case; a case is the code before, and below `# fixed` the
code after; without that it must stay untouched. `# run:` says how it is run: `time first`, lengths as a `list` or an
`array`, `truth` where a batch without padding was wrong too, `same` where nothing was wrong, `wider` where only the
padded size is another, `not` where this machine cannot run it. `# bare` leaves the head away.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "tests" / "fixers" / "pairs"
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
    def rules(self) -> str:
        """What is selected to find it."""
        return MORE_RULES.get(self.fixer, RULES)


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


def all_pairs() -> list[Pair]:
    """Every case of every file, in the order of their names."""
    return [pair for path in sorted(FOLDER.glob("*.py")) for pair in read_pairs(path)]


def run_pairs() -> list[Pair]:
    """The cases that have a fix and that can be run here."""
    return [pair for pair in all_pairs() if not pair.untouched and "not" not in pair.run]
