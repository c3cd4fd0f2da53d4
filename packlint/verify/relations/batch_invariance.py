"""A row of the model's result is the result of the model on that sequence alone: reported, and decides nothing.

What carries padding besides the recurrent layer, a convolution or attention without a mask, shows here.
"""

from __future__ import annotations

from packlint.verify.evidence import Measure
from packlint.verify.sides import Trial, rows_of


def check(trial: Trial) -> Measure | None:
    seen = trial.seen()
    if seen.error is not None:
        return trial.raised(seen)
    worst = trial.worst()
    for at in range(trial.base.size):
        single = trial.base.alone((at + 1) % trial.base.size if trial.astray else at)
        other = trial.side.observe(single)
        if other.error is not None:
            continue
        mine, true = rows_of(seen.results, at, trial.base), rows_of(other.results, 0, single)
        for a, b in zip(mine, true, strict=False):
            worst.add(a[0], b[0], at, a[1])
    return worst.measure()
