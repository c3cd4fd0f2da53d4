"""Lengths in any order, a length of 1, a batch of one, lengths on the device: none raises."""

from __future__ import annotations

from dataclasses import replace

from packlint.verify.evidence import Measure
from packlint.verify.sides import Trial

ABOUT = {"PCK201": "unsorted lengths", "PCK204": "lengths on the device"}
"""What a finding says that the original raises on."""


def check(trial: Trial) -> Measure | None:
    """Counted in kinds of batches that raise; where the original raises as well, and that is no matter of the finding,
    the rewrite may."""
    base = trial.base
    short = replace(base, lengths=(1, *base.lengths[1:]))
    scenarios = {
        "unsorted lengths": (base.reordered(tuple(reversed(range(base.size)))), False),
        "a length of 1": (short.sorted(), False),
        "a batch of one": (base.single(0), False),
        "lengths on the device": (base.sorted(), True),
    }
    raised: dict[str, str] = {}
    for name, (batch, device) in scenarios.items():
        about = ABOUT.get(trial.about.code or "") == name
        if device and not about and not trial.rewritten:
            continue  # that lengths are ever on the device is not known
        seen = trial.side.observe(batch, device=device)
        if seen.error is None:
            continue
        if not trial.rewritten or about or trial.original.observe(batch, device=device).error is None:
            raised[name] = seen.error
    if not trial.rewritten and trial.about.code in ABOUT:
        raised = {name: error for name, error in raised.items() if name == ABOUT[trial.about.code]}
    note = "; ".join(f"{name}: {error}" for name, error in raised.items())
    return Measure(float(len(raised)), 0.0, note=note)
