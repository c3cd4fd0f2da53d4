"""A state that is read is the forward one at the last real step and the backward one at step 0, of the top layer."""

from __future__ import annotations

from itertools import product

from torch import Tensor

from packlint.verify.evidence import Measure
from packlint.verify.sides import Row, Trial, placed, row_of, rows_of

TOP = frozenset({"PCK301", "PCK302"})
"""Codes of findings on a read of the state that the layer ends with; PCK303 is about any state, in its place."""
WRONG_ALONE = frozenset({"PCK302", "PCK303"})
"""Codes that say that what is read is wrong without padding, too."""


def check(trial: Trial) -> Measure | None:
    seen = trial.seen()
    keys = [key for key, kind in trial.about.places.items() if kind == "state"]
    read = [key for key, kind in trial.about.read.items() if kind == "state" and trial.rewritten]
    if not keys and not read:
        return None
    if seen.error is not None:
        return trial.raised(seen)
    worst = trial.worst()
    for key in keys:
        for number, value in enumerate(placed(seen, key)):
            for at in range(trial.base.size):
                found = row_of(value, at, trial.base)
                if found is None:
                    worst.fail("what is read has no row for each sequence")
                    break
                wanted = _wanted(trial, at, found[0])
                if wanted is not None:
                    nearest = min(wanted, key=lambda one: float((one - found[0].reshape(-1)).abs().max()))
                    worst.add(found[0].reshape(-1), nearest, at)
                elif trial.about.code not in WRONG_ALONE:
                    alone = rows_of(placed(trial.original.observe(trial.base.alone(at)), key), 0, trial.base.alone(at))
                    if number < len(alone):
                        worst.add(found[0], alone[number][0], at)
    for key in read:  # what a rewrite reads must not depend on what shares the batch
        values = placed(seen, key)
        for at in range(trial.base.size):
            single = trial.base.alone(at)
            pin = trial.truth.pin(single, 0.0)
            alone = rows_of(placed(trial.side.observe(single, pin=pin), key), 0, single)
            for mine, true in zip(rows_of(values, at, trial.base), alone, strict=False):
                worst.add(mine[0], true[0], at)
    return worst.measure()


def _wanted(trial: Trial, at: int, value: Tensor) -> list[Tensor] | None:
    """All that one row's value may be, flattened; None where it is not made of states as they are."""
    found: list[Tensor] = []
    for key in trial.about.layers:
        row = trial.rows(key)[at]
        size = row.states[0].shape[-1]
        count, rest = divmod(value.numel(), size)
        if rest or not 1 <= count <= row.states[0].shape[0]:
            continue
        found += _made_of(row, count, _directions(row), trial.about.code)
    return found or None


def _directions(row: Row) -> int:
    return 2 if row.output.shape[-1] == 2 * row.states[0].shape[-1] else 1


def _made_of(row: Row, count: int, directions: int, code: str | None) -> list[Tensor]:
    """The states that a read of so many can mean, each in every order."""
    made: list[Tensor] = []
    for state in row.states:
        layers = state.shape[0]
        if code in TOP or (code is None and count == directions):
            top = [*range(layers - directions, layers)]
            choices = [[*top], [*reversed(top)]] if count == directions else [] if directions == 2 else [top]
            if code == "PCK301" and directions == 2 and count == 1:
                choices = [[top[0]], [top[1]]]
        else:
            choices = [list(one) for one in product(range(layers), repeat=count) if len(set(one)) == count]
        made += [state[choice].reshape(-1) for choice in choices]
    return made
