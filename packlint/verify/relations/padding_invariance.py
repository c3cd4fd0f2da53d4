"""At a fixed batch size, more padding changes nothing at real steps, and neither do other values in it."""

from __future__ import annotations

from packlint.verify.batches import Batch
from packlint.verify.evidence import Measure
from packlint.verify.observing import Observation
from packlint.verify.relations.site_agreement import states_count
from packlint.verify.sides import Trial, Worst, placed, rows_of

EXTRA = 4  # steps
VALUES = (0.0, 1e3, float("nan"))
"""What the padding in front of the layer is made to hold."""


def check(trial: Trial) -> Measure | None:
    """What a layer gives at real steps, its states where they count, and the places that the finding is about."""
    base = trial.base
    if min(base.lengths) == base.width:
        return None  # there is none, and the finding speaks of none
    seen = trial.side.observe(base, pin=trial.truth.pin(base, 0.0))
    if seen.error is not None:
        return trial.raised(seen) if trial.rewritten else None
    worst = trial.worst()
    compared = False
    for batch, value in _others(base):
        other = trial.side.observe(batch, pin=trial.truth.pin(batch, value))
        if other.error is not None:
            continue  # a model that is made for one width
        compared = True
        _compare(trial, seen, batch, other, worst)
    return worst.measure() if compared else None


def _others(base: Batch) -> list[tuple[Batch, float]]:
    return [(base.wider(EXTRA), VALUES[0]), *((base, value) for value in VALUES[1:])]


def _compare(trial: Trial, seen: Observation, batch: Batch, other: Observation, worst: Worst) -> None:
    calls, others = trial.side.calls(seen), trial.side.calls(other)
    for key in trial.about.layers:
        if key not in calls or key not in others:
            continue
        one, two = calls[key], others[key]
        for at in range(trial.base.size):
            held = trial.against(at)
            steps = min(trial.base.lengths[at], trial.base.lengths[held])
            if not trial.base.left and one.output.shape[1] >= steps <= two.output.shape[1]:
                worst.add(two.output[at, :steps], one.output[held, :steps], at, 0)
            if states_count(trial, key, one):
                for mine, true in zip(two.states, one.states, strict=True):
                    worst.add(mine[:, at], true[:, held], at)
    for key in (*trial.about.places, *(trial.about.read if trial.rewritten else ())):
        for at in range(trial.base.size):
            ones, twos = (
                rows_of(placed(seen, key), trial.against(at), trial.base),
                rows_of(placed(other, key), at, batch),
            )
            for a, b in zip(twos, ones, strict=False):
                worst.add(a[0], b[0], at, a[1])
