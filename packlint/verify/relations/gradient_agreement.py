"""The gradients of a layer's parameters from the batch are the sum of those from the single runs."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from packlint.verify.evidence import Measure
from packlint.verify.observing import LayerCall
from packlint.verify.relations.site_agreement import states_count
from packlint.verify.sides import Key, Row, Trial, alone

SCALE = 100
"""Sums over steps and rows: so many times the tolerance of a single value."""


def check(trial: Trial) -> Measure | None:
    seen = trial.side.observe(trial.base, grad=True)
    if seen.error is not None and not seen.layers:
        return trial.raised(seen) if trial.rewritten else None
    worst = trial.worst()
    worst.tolerance *= SCALE
    calls = trial.side.calls(seen)
    for key in trial.about.layers:
        if key not in calls or calls[key].layer.proj_size:
            continue
        layer = calls[key].layer
        mine = _loss(trial, key, calls[key])
        rows = [_again(layer, row) for row in trial.rows(key)]
        with_states = states_count(trial, key, calls[key])
        losses = [_weighed(row.output, row.states if with_states else ()) for row in rows]
        true = torch.stack([(at + 1) * one for at, one in enumerate(losses)]).sum()
        if not mine.requires_grad:
            return Measure(None, worst.tolerance, note=f"no gradient gets to `{key[0]}`")
        if trial.rewritten and not calls[key].given.requires_grad and _went_on(trial, key):
            return Measure(None, worst.tolerance, note=f"no gradient gets through `{key[0]}` to what it is given")
        named = list(layer.named_parameters())
        got = torch.autograd.grad(mine, [one for _, one in named], allow_unused=True)
        want = torch.autograd.grad(true, [one for _, one in named], allow_unused=True)
        for one, other in zip(got, want, strict=True):
            if one is not None and other is not None:
                worst.add(one, other)
    return worst.measure()


def _went_on(trial: Trial, key: Key) -> bool:
    """Whether the original let a gradient through to what the layer is given."""
    seen = trial.original.observe(trial.base, grad=True)
    call = trial.original.calls(seen).get(key)
    if call is not None:
        return call.given.requires_grad
    return any(one.tensor.requires_grad for one in seen.entered)


def _again(layer: nn.RNNBase, row: Row) -> Row:
    """The single run with a graph, through the layer on trial."""
    with torch.enable_grad():
        state = None if row.state is None else tuple(one.detach() for one in row.state)
        return alone(layer, row.input.detach(), row.input.shape[0], state)


def _loss(trial: Trial, key: Key, call: LayerCall) -> Tensor:
    order = trial.truth.order(key, call.given.detach(), trial.base)
    counted = states_count(trial, key, call)
    parts = []
    for at, place in enumerate(order):
        length = trial.rows(key)[place].output.shape[0]
        states = tuple(one[:, at] for one in call.states)
        output = call.output[at]
        output = output[output.shape[0] - length :] if call.packed is None and trial.base.left else output[:length]
        parts.append(
            (place + 1) * _weighed(output, states if counted else ())
        )  # each row by another weight, so that none stands for one
    return torch.stack(parts).sum()


def _weighed(output: Tensor, states: tuple[Tensor, ...]) -> Tensor:
    parts = [output, *states]
    return torch.stack(
        [(one * (1 + at) * torch.linspace(0.5, 1.5, one.shape[-1]).to(one)).sum() for at, one in enumerate(parts)]
    ).sum()
