"""Permuting the batch permutes what is read and what comes out."""

from __future__ import annotations

from packlint.verify.evidence import Measure
from packlint.verify.sides import Trial, placed, rows_of

ORDER = (3, 0, 4, 2, 1)


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
    pairs.append((seen.results, other.results))
    for before, after in pairs:
        for place, at in enumerate(ORDER[: base.size]):
            ones, others = rows_of(before, trial.against(at), base), rows_of(after, place, other_batch)
            for one, two in zip(ones, others, strict=False):
                worst.add(two[0], one[0], at, one[1])
    return worst.measure()
