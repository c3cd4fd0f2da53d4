"""Permuting the batch permutes what is read and what comes out."""

from __future__ import annotations

from packlint.verify.evidence import Measure
from packlint.verify.sides import Trial, placed, row_of, rows_of

ORDER = (3, 0, 4, 2, 1)


SORTS = frozenset({"PCK201", "PCK202"})
"""Findings of code that may mix rows up without padding, too."""


def _rowwise(trial: Trial) -> set[int]:
    """The results that have a row for each sequence, as the original shows on a batch without padding."""
    every = set(range(len(trial.seen().results)))
    full = trial.base.full(max(trial.base.lengths))
    moved = full.reordered(ORDER[: full.size])
    one, other = trial.original.observe(full), trial.original.observe(moved)
    if trial.about.code in SORTS or not one.results or len(one.results) != len(other.results):
        return every
    found = set()
    for number in every & set(range(len(one.results))):
        worst = trial.worst()
        for place, at in enumerate(ORDER[: full.size]):
            mine, true = row_of(other.results[number], place, moved), row_of(one.results[number], at, full)
            if mine is not None and true is not None:
                worst.add(mine[0], true[0])
        measure = worst.measure()
        if measure is None or measure.holds:
            found.add(number)
    return found


def check(trial: Trial) -> Measure | None:
    base = trial.base
    seen = trial.seen()
    if seen.error is not None:
        return trial.raised(seen) if trial.rewritten else None
    other_batch = base.reordered(ORDER[: base.size])
    other = trial.side.observe(other_batch, whole=trial.whole)
    if other.error is not None:
        raises_too = trial.original.observe(other_batch).error is not None
        return None if raises_too and trial.about.code != "PCK201" else trial.raised(other)
    worst = trial.worst()
    keys = (*trial.about.places, *(trial.about.read if trial.rewritten else ()))
    pairs = [(placed(seen, key), placed(other, key)) for key in keys]
    rowwise = _rowwise(trial)
    pairs.append(
        (
            [one for at, one in enumerate(seen.results) if at in rowwise],
            [one for at, one in enumerate(other.results) if at in rowwise],
        )
    )
    for before, after in pairs:
        for place, at in enumerate(ORDER[: base.size]):
            ones, others = rows_of(before, trial.against(at), base), rows_of(after, place, other_batch)
            for one, two in zip(ones, others, strict=False):
                worst.add(two[0], one[0], at, one[1])
    return worst.measure()
