"""Evidence, shown: as a table for people, as JSON, as a page."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from packlint import __version__
from packlint.verify.evidence import Evidence, Measure, Relation
from packlint.verify.launching import Settings, Verified

WIDTH = 118


@dataclass(frozen=True, slots=True)
class Shown:
    """All that a report is made of. folder: paths are shown from there."""

    evidence: tuple[Evidence, ...]
    ran: Verified
    settings: Settings
    folder: str

    def name(self, path: str) -> str:
        """A path as it is shown: from the folder, where it lies below that."""
        return os.path.relpath(path, self.folder) if path.startswith(self.folder + os.sep) else path


def full(shown: Shown) -> str:
    """A table a site, and a line of counts."""
    lines: list[str] = []
    for one in shown.evidence:
        lines += [*_site(shown, one), ""]
    return "\n".join([*lines, *_summary(shown)]) + "\n"


def _site(shown: Shown, one: Evidence) -> Iterator[str]:
    where = f"{shown.name(one.filename)}:{one.row}"
    what = " ".join(filter(None, (one.code, f"in {one.owner}" if one.owner else None)))
    way = f", {one.way}" if one.way else ""
    yield f"{where}: {what}: {one.verdict}{way}" + (f" ({one.reason})" if one.reason else "")
    if not one.relations:
        return
    yield f"    {'':28} {'original':24} {'rewrite' if one.rewritten else ''}".rstrip()
    for relation in one.relations:
        yield _row(relation)
    if one.noise is not None:
        twin = "" if one.twin is None else f"; broken on purpose, the error is at least {one.twin:.1e}"
        yield f"    The same rows in another order differ by {one.noise:.1e}{twin}."


def _row(relation: Relation) -> str:
    name = relation.name if relation.gates else f"({relation.name})"
    original, rewrite = _cell(relation.original), _cell(relation.rewrite)
    notes = [m.note for m in (relation.original, relation.rewrite) if m is not None and m.note and not m.holds]
    where = _where(relation.original)
    line = f"    {name:28} {original:24} {rewrite:10}".rstrip()
    more = "; ".join(filter(None, (where, *dict.fromkeys(notes))))
    return (line.ljust(66) + " " + more)[:WIDTH].rstrip() if more else line


def _cell(measure: Measure | None) -> str:
    if measure is None:
        return "-"
    if measure.error is None:
        return "raises" if measure.note.startswith("raises") else "fails"
    return f"{measure.error:.1e} {'holds' if measure.holds else 'FAILS'}"


def _where(measure: Measure | None) -> str:
    if measure is None or measure.holds or measure.sequence is None:
        return ""
    return f"sequence {measure.sequence}" + (f", step {measure.step}" if measure.step is not None else "")


def _summary(shown: Shown) -> Iterator[str]:
    counts = Counter(one.verdict for one in shown.evidence)
    if not shown.evidence:
        yield "Nothing to verify."
        return
    parts = [f"{counts[verdict]} {verdict}" for verdict in ("passed", "failed", "unverified") if counts[verdict]]
    how = f"torch {shown.ran.torch}, {shown.ran.device}, {shown.settings.dtype}, seed {shown.settings.seed}"
    yield f"{', '.join(parts)} ({how})"
    if shown.ran.missing:
        yield f"The system gave no wall for: {', '.join(shown.ran.missing)}; Python's own stood instead."


def as_json(shown: Shown) -> str:
    """One object, as the documentation lists it."""
    found = {
        "version": __version__,
        "torch": shown.ran.torch,
        "device": shown.ran.device,
        "seed": shown.settings.seed,
        "missing": list(shown.ran.missing),
        "sites": [one.as_object() for one in shown.evidence],
    }
    return json.dumps(found, indent=2) + "\n"


RENDERERS: dict[str, Callable[[Shown], str]] = {"full": full, "json": as_json}
