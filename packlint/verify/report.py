"""Evidence, shown: as a table for people, as JSON, as a page."""

from __future__ import annotations

import json
import math
import os
import textwrap
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from packlint import __version__
from packlint.verify.benching import Benched
from packlint.verify.evidence import Evidence, Measure, Relation
from packlint.verify.launching import Settings, Verified
from packlint.verify.measurements import advice, to_json
from packlint.verify.witness import place, said, witness

WIDTH = 118
UNSHOWN = "the finding did not show at run time"
"""What the reason of a verdict begins with where the original is not wrong either."""
WAYS = {
    "recipe": "the class as a recipe builds and calls it",
    "inferred": "the class, built and called with arguments that its code suggests",
    "slice": "the statements around the layer alone, on random tensors",
}
COLOURS = {"passed": "1;32", "failed": "1;31", "unverified": "1;33"}
HINT = "packlint verify --write-recipe {} writes a recipe to fill in: how that class is built and called."
TOLD = "* told, and does not decide here"


@dataclass(frozen=True, slots=True)
class Shown:
    """All that a report is made of. folder: paths are shown from there. color: for a terminal."""

    evidence: tuple[Evidence, ...]
    ran: Verified
    settings: Settings
    folder: str
    benched: tuple[Benched, ...] = ()
    color: bool = False

    def name(self, path: str) -> str:
        """A path as it is shown: from the folder, where it lies below that."""
        return os.path.relpath(path, self.folder) if path.startswith(self.folder + os.sep) else path

    def where(self, one: Evidence) -> str:
        """`file:row`, in a notebook with the cell that the row counts in."""
        cell = "" if one.cell is None else f"cell {one.cell}:"
        return f"{self.name(one.filename)}:{cell}{one.row}"

    def how(self) -> str:
        """What ran it, in short."""
        return f"torch {self.ran.torch}, {self.ran.device}, {self.settings.dtype}, seed {self.settings.seed}"

    def bench_of(self, one: Evidence) -> Benched | None:
        return next((benched for benched in self.benched if one in benched.evidence), None)

    def paint(self, text: str, codes: str) -> str:
        return f"\033[{codes}m{text}\033[0m" if self.color else text


# --- for people ---


def full(shown: Shown) -> str:
    """A table a site, and a line of counts."""
    lines: list[str] = []
    for one in shown.evidence:
        lines += [*_site(shown, one), ""]
    return "\n".join([*lines, *_summary(shown)]) + "\n"


def _site(shown: Shown, one: Evidence) -> Iterator[str]:
    what = " ".join(filter(None, (one.code, f"in {one.owner}" if one.owner else None)))
    verdict = shown.paint(one.verdict, COLOURS[one.verdict])
    yield f"{shown.paint(shown.where(one), '1')}: {what or 'layer'}: {verdict}{f', {one.way}' if one.way else ''}"
    for label, text in sentences(one):
        yield from textwrap.wrap(text, WIDTH, initial_indent=f"  {label + ':':10}", subsequent_indent=" " * 12)
    if one.relations:
        yield from _table(shown, one)
    if one.noise is not None:
        twin = "" if one.twin is None else f"; broken on purpose, the error is at least {one.twin:.1e}"
        yield f"    The same rows in another order differ by {one.noise:.1e}{twin}."
    benched = shown.bench_of(one)
    if benched is not None:
        yield from _bench(benched, one)


def sentences(one: Evidence) -> Iterator[tuple[str, str]]:
    """What the evidence comes to, in words, each with what it is about: the original, the rewrite, the run."""
    if one.verdict == "unverified":
        yield "because", one.reason
    elif not one.rewritten:
        failing = [relation for relation in one.relations if relation.gates and relation.witnessed]
        yield "original", witness(one) if failing else f"as it stands, {_all(one, False)}"
        if one.code is not None:
            yield "rewrite", "there is none to try"
    else:
        seen = witness(one)
        yield (
            "original",
            seen or (f"not wrong here: {UNSHOWN}" if UNSHOWN in one.reason else "not wrong, nor said to be"),
        )
        failing = [relation for relation in one.relations if relation.gates and relation.fails]
        measure = failing[0].rewrite if failing else None
        yield "rewrite", said(one, failing[0].name, measure) if measure is not None else _all(one, True)
    if one.verdict != "unverified" and one.way is not None:
        absent = one.reason.partition("not installed, stood in for: ")[2]
        yield "run", WAYS[one.way] + (f"; not installed, stood in for: {absent}" if absent else "")


def _all(one: Evidence, rewritten: bool) -> str:
    count = sum(
        relation.gates and (relation.rewrite if rewritten else relation.original) is not None
        for relation in one.relations
    )
    return f"all {count} relations hold that it must pass" if count != 1 else "the one relation holds that it must pass"


def _table(shown: Shown, one: Evidence) -> Iterator[str]:
    rows = [(relation, _name(relation), detail(one, relation)) for relation in one.relations]
    width = max(len(name) for _, name, _ in rows)
    left = 2 + width + 2 + 17 * (2 if one.rewritten else 1)
    yield f"  {'':{width}}  {'original':17}{'rewrite' if one.rewritten else ''}".rstrip()
    for relation, name, more in rows:
        sides = (relation.original, relation.rewrite) if one.rewritten else (relation.original,)
        line = f"  {name:{width}}  " + "".join(_cell(shown, measure) for measure in sides)
        wrapped = textwrap.wrap(more, max(WIDTH - left, 30))
        yield line + wrapped[0] if wrapped else line.rstrip()
        yield from (" " * left + text for text in wrapped[1:])


def _name(relation: Relation) -> str:
    return relation.name if relation.gates else f"{relation.name} *"


def _cell(shown: Shown, measure: Measure | None) -> str:
    """Seventeen places wide."""
    error, holds = outcome(measure)
    padded = f"{holds:7}"
    return f"{error:>8} " + (shown.paint(padded, "31" if holds == "FAILS" else "32") if holds else padded) + " "


def outcome(measure: Measure | None) -> tuple[str, str]:
    """The error and whether that holds, as cells have them; a dash where a relation does not apply."""
    if measure is None:
        return "-", ""
    if measure.error is None:
        return "raises" if "raises" in measure.note or "Error" in measure.note else "-", "FAILS"
    return f"{measure.error:.1e}" if measure.error == measure.error else "nan", "holds" if measure.holds else "FAILS"


def detail(one: Evidence, relation: Relation) -> str:
    """Where a relation fails, and what there is to say of it; of the original first."""
    failing = [m for m in (relation.original, relation.rewrite) if m is not None and not m.holds]
    where = place(one, failing[0]) if failing else ""
    return "; ".join(filter(None, (where, *dict.fromkeys(measure.note for measure in failing))))


def _bench(benched: Benched, one: Evidence) -> Iterator[str]:
    if benched.evidence[0] is not one:
        yield f"  packing:  as above, {benched.spec}"
        return
    told = benched.why if benched.report is None else advice(benched.report.measurements)
    guessed = f" (usual sizes: {benched.guessed})" if benched.guessed else ""
    for line in f"{benched.spec}{guessed}\n{told}".splitlines():
        begin = "  packing:  " if line.startswith(str(benched.spec)) else " " * 12
        yield from textwrap.wrap(line, WIDTH, initial_indent=begin, subsequent_indent=" " * 12)


def counted(shown: Shown) -> str:
    """`2 passed, 1 unverified`."""
    counts = Counter(one.verdict for one in shown.evidence)
    return ", ".join(f"{counts[one]} {one}" for one in ("passed", "failed", "unverified") if counts[one])


def _summary(shown: Shown) -> Iterator[str]:
    if not shown.evidence:
        yield "Nothing to verify."
        return
    if any(not relation.gates for one in shown.evidence for relation in one.relations):
        yield TOLD
    yield f"{counted(shown)} ({shown.how()})" if shown.ran.torch else counted(shown)
    yield from notes(shown)


def notes(shown: Shown) -> Iterator[str]:
    """What there is to say of the run as a whole."""
    silent = sum(UNSHOWN in one.reason for one in shown.evidence)
    if silent:
        yield f"{silent} finding{' did' if silent == 1 else 's did'} not show at run time: the original holds as well."
    if shown.ran.missing:
        yield f"The system gave no wall for: {', '.join(shown.ran.missing)}; Python's own stood instead."
    unverified = next((one for one in shown.evidence if one.verdict == "unverified" and one.owner), None)
    if unverified is not None:
        yield HINT.format(f"{shown.name(unverified.filename)}::{unverified.owner}")


# --- for programs ---


def as_json(shown: Shown) -> str:
    """One object, as the documentation lists it."""
    found = {
        "version": __version__,
        "torch": shown.ran.torch,
        "device": shown.ran.device,
        "seed": shown.settings.seed,
        "missing": list(shown.ran.missing),
        "sites": [one.as_object() for one in shown.evidence],
        "bench": [
            {
                "sites": [shown.evidence.index(one) for one in benched.evidence],
                "layer": str(benched.spec),
                "guessed": benched.guessed,
                "why": benched.why,
                "report": None if benched.report is None else json.loads(to_json(benched.report)),
            }
            for benched in shown.benched
        ],
    }
    return json.dumps(_finite(found), indent=2, allow_nan=False) + "\n"


def _finite(value: object) -> object:
    """JSON has no infinity: an error that is none but too large is null."""
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_finite(part) for part in value]
    return value if not isinstance(value, float) or math.isfinite(value) else None


def html(shown: Shown) -> str:
    """A page that stands by itself."""
    from packlint.verify.evidence_page import page

    return page(replace(shown, color=False))


RENDERERS: dict[str, Callable[[Shown], str]] = {"full": full, "json": as_json, "html": html}
