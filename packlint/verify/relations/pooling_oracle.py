"""A pooled value is the same pooling over the real steps of the single run."""

from __future__ import annotations

from packlint.verify.evidence import Measure
from packlint.verify.sides import Side, Trial, Worst, placed, row_of, rows_of


def check(trial: Trial) -> Measure | None:
    seen = trial.seen()
    keys, read = trial.reads("pool")
    if not keys and not read:
        return None
    if seen.error is not None:
        return trial.raised(seen)
    worst = trial.worst()
    for key in keys:
        _compare(trial, key, trial.original, worst)
    for key in read:
        _compare(trial, key, trial.side, worst)
    return worst.measure()


def _compare(trial: Trial, key: str, alone: Side, worst: Worst) -> None:
    values = placed(trial.seen(), key)
    for at in range(trial.base.size):
        single = trial.base.alone(trial.against(at))
        other = alone.observe(single, pin=trial.truth.pin(single, 0.0))
        true = rows_of(placed(other, key), 0, single)
        if other.error is not None and not true:
            continue
        for number, value in enumerate(values[: len(true)]):
            found = row_of(value, at, trial.base)
            if found is None:
                worst.fail("what is pooled has no row for each sequence")
                return
            worst.add(found[0], true[number][0], at, found[1])
