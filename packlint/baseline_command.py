"""What `packlint check` does with baselines: leaves out what is known, says what is stale, and writes them anew."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from packlint.arguments import STDIN
from packlint.baseline import Baseline, BaselineError, Compared, Judge, read_baseline, write_baseline
from packlint.config import Configuration
from packlint.engine import Checked
from packlint.identity import Entry
from packlint.report import Style, counted
from packlint.selection import ALWAYS_ON

UNCHECKED = ALWAYS_ON | {"PCK001"}
"""Where one of these is found not all of the file was checked."""


@dataclass(slots=True)
class Baselines:
    """The baselines of a run: the one of the command line, or that of each file's configuration.

    `files` are those of the baselines, `asked` the arguments and `found` what was searched, all by absolute paths. A
    baseline that cannot be read is said in `errors`, and nothing is known by it; one that is written `anew` need not be
    there yet.
    """

    files: Sequence[str]
    configuration: Configuration
    style: Style
    asked: Sequence[str]
    found: Collection[str]
    anew: bool
    errors: list[str] = field(default_factory=list)
    _read: dict[str, Baseline | None] = field(default_factory=dict)

    def without_known(self, checked: Iterable[Checked]) -> list[Checked]:
        """What was checked without the findings that are known; where some were left out before, nothing is."""
        pairs = [(self._baseline(self._file(one.path)), one) for one in checked]
        return [one if baseline is None or one.known else baseline.without_known(one) for baseline, one in pairs]

    def outdated(self, checked: Sequence[Checked]) -> list[tuple[Baseline, Compared]]:
        """The baselines that have stale entries."""
        judge = self._judge(checked)
        compared = [(baseline, baseline.compared(own, judge)) for baseline, own in self._each(checked)]
        return [(baseline, outcome) for baseline, outcome in compared if outcome.stale]

    def shrink(self, outdated: Iterable[tuple[Baseline, Compared]]) -> Iterator[str]:
        """Write baselines without what is stale; a line for each."""
        for baseline, outcome in outdated:
            if self._written(baseline, outcome.left):
                renamed = f", renamed {outcome.renamed}" if outcome.renamed else ""
                dropped = outcome.stale.total() - outcome.renamed
                yield f"{self.style.name(baseline.path)}: dropped {dropped}{renamed}, {outcome.left.total()} left"

    def write(self, checked: Sequence[Checked]) -> Iterator[str]:
        """Write every baseline with all that was found; a line for each."""
        judge = self._judge(checked)
        for baseline, own in self._each(checked):
            entries = baseline.rewritten(own, judge)
            if self._written(baseline, entries):
                yield f"Wrote {counted(entries.total())} to {self.style.name(baseline.path)}."
        homeless = sum(len(one.findings) for one in checked if self._file(one.path) is None)
        if homeless:
            self.errors.append(f"{counted(homeless)} not written: in files whose configuration names no baseline")

    def _written(self, baseline: Baseline, entries: Counter[Entry]) -> bool:
        try:
            write_baseline(baseline.path, entries)
        except OSError as error:
            self.errors.append(f"{self.style.name(baseline.path)}: {error.strerror or error}")
            return False
        return True

    def _each(self, checked: Iterable[Checked]) -> Iterator[tuple[Baseline, list[Checked]]]:
        """Every baseline that holds for something that was asked for, with what was checked of its files."""
        own: dict[str | None, list[Checked]] = {file: [] for file in self.files}
        for one in checked:
            own.setdefault(self._file(one.path), []).append(one)
        for file, mine in own.items():
            baseline = self._baseline(file)
            if baseline is not None:
                yield baseline, mine

    def _file(self, path: str) -> str | None:
        """The file of the baseline that holds for a file."""
        folder = self.style.folder if path == STDIN else os.path.dirname(path)
        return self.configuration.settings(folder).baseline

    def _baseline(self, file: str | None) -> Baseline | None:
        if file is None:
            return None
        if file not in self._read:
            self._read[file] = self._opened(file)
        return self._read[file]

    def _opened(self, file: str) -> Baseline | None:
        if self.anew and not os.path.lexists(file):
            return Baseline(file)
        try:
            return read_baseline(file)
        except BaselineError as error:
            self.errors.append(f"{self.style.name(file)}: {error}")
            return None

    def _judge(self, checked: Iterable[Checked]) -> Judge:
        """A run can tell that a finding is gone where it searched the whole file, with the rule on.

        A file that is not there has no findings, but under that name alone: where it went, if this run did not look at
        its folder, nobody knows.
        """
        unsure = {
            one.path
            for one in checked
            if one.error is not None or any(finding.code in UNCHECKED for finding in one.findings)
        }

        def judge(path: str, code: str) -> bool:
            if path in self.found:
                searched = path not in unsure
            else:
                searched = not os.path.lexists(path) and any(
                    path == asked or path.startswith(os.path.join(asked, "")) for asked in self.asked
                )
            return searched and code in self.configuration.settings(os.path.dirname(path)).codes(path)

        return judge
