"""A state that is read is the forward one at the last real step and the backward one at step 0, of the top layer."""

from __future__ import annotations

from itertools import product

import torch
from torch import Tensor

from packlint.verify.batches import Batch
from packlint.verify.evidence import Measure
from packlint.verify.sides import Key, Row, Trial, Truth, UnclearError, placed, row_of, rows_of

TOP = frozenset({"PCK301", "PCK302"})
"""Codes of findings on a read of the state that the layer ends with; PCK303 is about any state, in its place."""
WRONG_ALONE = frozenset({"PCK302", "PCK303"})
"""Codes that say that what is read is wrong without padding, too."""


def check(trial: Trial) -> Measure | None:
    seen = trial.seen()
    keys, read = trial.reads("state")
    if not keys and not read:
        return None
    if seen.error is not None:
        return trial.raised(seen)
    worst = trial.worst()
    for key in keys:
        kinds = _kinds(trial, key) if trial.rewritten else frozenset()
        for number, value in enumerate(placed(seen, key)):
            for at in range(trial.base.size):
                found = row_of(value, at, trial.base)
                if found is None:
                    worst.fail("what is read has no row for each sequence")
                    break
                own = found[0].detach().reshape(-1)
                wanted = _wanted(trial, at, own, kinds)
                if wanted is not None:
                    nearest = min(wanted, key=lambda one: float((one - own).abs().max()))
                    worst.add(own, nearest, at)
                elif trial.about.code not in WRONG_ALONE:
                    single = trial.base.alone(trial.against(at))
                    alone = rows_of(placed(trial.original.observe(single), key), 0, single)
                    if number < len(alone):
                        worst.add(found[0], alone[number][0], at)
    for key in read:  # what a rewrite reads must not depend on what shares the batch
        values = placed(seen, key)
        for at in range(trial.base.size):
            single = trial.base.alone(trial.against(at))
            pin = trial.truth.pin(single, 0.0)
            alone = rows_of(placed(trial.side.observe(single, pin=pin), key), 0, single)
            for mine, true in zip(rows_of(values, at, trial.base), alone, strict=False):
                worst.add(mine[0], true[0], at)
    return worst.measure()


def _wanted(trial: Trial, at: int, value: Tensor, kinds: frozenset[int]) -> list[Tensor] | None:
    """All that one row's value may be, flattened; None where it is not made of states as they are."""
    found: list[Tensor] = []
    for key in trial.about.layers:
        row = trial.rows(key)[at]
        size = row.states[0].shape[-1]
        count, rest = divmod(value.numel(), size)
        if rest or not 1 <= count <= row.states[0].shape[0]:
            continue
        found += _made_of(row, count, _directions(row), trial.about.code, kinds)
    return found or None


def _directions(row: Row) -> int:
    return 2 if row.output.shape[-1] == 2 * row.states[0].shape[-1] else 1


def _kinds(trial: Trial, place: str) -> frozenset[int]:
    """Which of hidden and cell state the original reads at a place, as its values tell; none where they do not."""
    full = trial.base.full(trial.base.width)
    try:
        there = Truth(trial.original, None, full)
    except UnclearError:
        there = trial.truth
    ways = ((trial.base, trial.truth.rows), (full, there.rows))
    return next(filter(None, (_read_of(trial, batch, rows, place) for batch, rows in ways)), frozenset())


def _read_of(trial: Trial, batch: Batch, truth: dict[Key, list[Row]], place: str) -> frozenset[int]:
    found: set[int] = set()
    values = [value.detach() for value in placed(trial.original.observe(batch), place)]
    for key in trial.about.layers:
        rows = truth.get(key)
        if rows is None:
            continue
        size = rows[0].states[0].shape[-1]
        pieces = [one for value in values if not value.numel() % size for one in value.reshape(-1, size)]
        for kind in range(len(rows[0].states)):
            known = torch.stack([layer for row in rows for layer in row.states[kind]])
            if any(float((known - one).abs().amax(1).min()) <= trial.tolerance for one in pieces):
                found.add(kind)
    return frozenset(found)


def _made_of(row: Row, count: int, directions: int, code: str | None, kinds: frozenset[int]) -> list[Tensor]:
    """The states that a read of so many can mean, each in every order; kinds: which of them, where that is known."""
    made: list[Tensor] = []
    for kind, state in enumerate(row.states):
        if kinds and kind not in kinds:
            continue
        layers = state.shape[0]
        if code in TOP or (code is None and count == directions):
            top = [*range(layers - directions, layers)]
            either = [[*top], [*reversed(top)]] if code != "PCK302" or not kinds else [[*top]]
            choices = either if count == directions else [] if directions == 2 else [top]
            if code == "PCK301" and directions == 2 and count == 1:
                choices = [[top[0]], [top[1]]]
        else:
            choices = [list(one) for one in product(range(layers), repeat=count) if len(set(one)) == count]
        made += [state[choice].reshape(-1) for choice in choices]
    return made
