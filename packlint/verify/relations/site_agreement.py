"""The outputs at real steps, and the states, are those of the single runs."""

from __future__ import annotations

import torch
from torch import Tensor

from packlint.verify.evidence import Measure
from packlint.verify.observing import LayerCall
from packlint.verify.sides import Key, Trial, Worst

PADDED_STATES = frozenset({"PCK101", "PCK102", "PCK104", "PCK105", None})
"""Codes of findings on a call that is not packed, whose states count; of others they count where they are read."""


def check(trial: Trial) -> Measure | None:
    seen = trial.seen()
    if seen.error is not None and not seen.layers:
        return trial.raised(seen)
    worst = trial.worst()
    calls = trial.side.calls(seen)
    for key in trial.about.layers:
        if key not in calls:
            return Measure(None, trial.tolerance, note=f"`{key[0]}` is not called")
        compare(trial, key, calls[key], worst)
        if trial.rewritten:
            _given_the_same(trial, key, worst)
    return worst.measure()


def compare(trial: Trial, key: Key, call: LayerCall, worst: Worst) -> None:
    """One call of a layer against the single runs."""
    rows = trial.rows(key)
    order = trial.truth.order(key, call.given, trial.base)
    counted = states_count(trial, key, call)
    for at, place in enumerate(order):
        true, length = rows[place], rows[place].output.shape[0]
        output = call.output[at]
        if call.packed is None and trial.base.left:
            output = output[output.shape[0] - length :]
        worst.add(_steps(output, length), true.output, place, 0)
        if counted:
            for mine, state in zip(call.states, true.states, strict=True):
                worst.add(mine[:, at], state, place)


def states_count(trial: Trial, key: Key, call: LayerCall) -> bool:
    """Whether the states of a call are to be right: of a packed one, one that was packed before, and by the finding."""
    if call.packed is not None or trial.about.code in PADDED_STATES:
        return True
    before = trial.before().get(key)
    return before is not None and before.packed is not None


def _given_the_same(trial: Trial, key: Key, worst: Worst) -> None:
    """A rewrite gives a layer the real steps, and the initial state, that the original gives it: in the batch or, where
    padding got into them there, alone."""
    for at in range(trial.base.size):
        mine = trial.truth.rows[key][at]
        known = [row for row in trial.given(key, at) if row.input.shape == mine.input.shape]
        if known:
            nearest = min(known, key=lambda row: float((row.input - mine.input).abs().max()))
            worst.add(mine.input, nearest.input, at, 0)
        for one, other in zip(mine.state or (), known[0].state or () if known else (), strict=False):
            worst.add(one, other, at)
        if known and (mine.state is None) != (known[0].state is None):
            given = mine.state if mine.state is not None else known[0].state or ()
            for one in given:  # none is the same as zeros
                worst.add(one, torch.zeros_like(one), at)


def _steps(output: Tensor, length: int) -> Tensor:
    """As many steps, with zeros where a row was cut off, as unpacking gives."""
    mine = output[:length]
    missing = mine.new_zeros(length - mine.shape[0], *mine.shape[1:])
    return torch.cat((mine, missing))
