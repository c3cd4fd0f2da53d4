"""On a batch without padding the rewrite gives what the original gave."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from packlint.verify.batches import Batch
from packlint.verify.evidence import Measure
from packlint.verify.observing import Observation
from packlint.verify.sides import Side, Trial, Worst, placed

WRONG_ALONE = frozenset({"PCK103", "PCK202", "PCK205", "PCK302", "PCK303"})
"""Codes that say that the original is wrong, or raises, on such a batch, too."""
SORTS = "PCK202"
"""The code of a batch that is sorted and not put back: one that comes sorted, no two rows alike in length, is right."""
PADDED = frozenset({"PCK101", "PCK102", "PCK104", "PCK301", "PCK304", "PCK401", "PCK402"})
"""Codes that say that padding makes a difference."""
LENGTH = 4


def check(trial: Trial) -> Measure | None:
    wrong = ({trial.about.code} | trial.about.beside) & WRONG_ALONE
    if not trial.rewritten or wrong - {SORTS} or (wrong and trial.about.beside & PADDED):
        return None
    full = [trial.base.full(LENGTH), trial.base.full(trial.base.width)]
    for batch in [trial.base.sorted()] if wrong else full:
        before, after = trial.original.observe(batch), trial.side.observe(_held(trial, batch))
        if before.error is None:
            break
    else:
        return None  # nothing to agree with
    if after.error is not None:
        return trial.raised(after)
    worst = trial.worst()
    if before.packed != after.packed and len(before.packed) == len(after.packed):
        worst.fail("a packed sequence comes out where a tensor did, or the other way round")
    _compare(before.results, after.results, worst)
    for key in trial.about.places:
        ones, others = placed(before, key), placed(after, key)
        if others:
            _compare(ones, others, worst)
    _gradients(trial, batch, worst)
    return worst.measure()


def _held(trial: Trial, batch: Batch) -> Batch:
    """The same batch; astray, one of other rows, not all of which are in it."""
    return replace(batch, rows=tuple(row + 1 for row in batch.rows)) if trial.astray else batch


def _compare(before: list[Tensor], after: list[Tensor], worst: Worst) -> None:
    if len(before) != len(after):
        worst.fail(f"{len(after)} results where there were {len(before)}")
    for one, other in zip(before, after, strict=False):
        worst.add(other, one)


def _gradients(trial: Trial, batch: Batch, worst: Worst) -> None:
    """What the weights get from the results."""
    before = _gradient(trial.original, batch)
    after = _gradient(trial.side, _held(trial, batch))
    for name, true in before.items():
        if name in after:
            worst.add(after[name], true)
        else:
            worst.fail(f"no gradient gets to {name}")


def _gradient(side: Side, batch: Batch) -> dict[str, Tensor]:
    seen = side.observe(batch, grad=True)
    values = [one for one in seen.results or _places(seen) if one.requires_grad]
    if not values or seen.error is not None:
        return {}
    loss = torch.stack([(one * _weights(one)).sum() for one in values]).sum()
    named = [(name, one) for name, one in side.module.named_parameters() if one.requires_grad]
    found = torch.autograd.grad(loss, [one for _, one in named], allow_unused=True)
    return {name: one for (name, _), one in zip(named, found, strict=True) if one is not None}


def _places(seen: Observation) -> list[Tensor]:
    return [one for key in seen.places for one in placed(seen, key)]


def _weights(value: Tensor) -> Tensor:
    return torch.linspace(0.5, 1.5, max(value.numel(), 1), dtype=value.dtype, device=value.device)[
        : value.numel()
    ].reshape(value.shape)
