"""The time axis of the output is that of the input, and halves of a batch concatenate, as under DataParallel."""

from __future__ import annotations

from packlint.verify.batches import Batch
from packlint.verify.evidence import Measure
from packlint.verify.observing import Observation
from packlint.verify.sides import Side, Trial

TURNED = "it is unpacked in another layout than it was packed in"


def check(trial: Trial) -> Measure | None:
    """Counted in steps that are missing."""
    base = trial.base
    seen = trial.seen()
    if seen.error is not None:
        return trial.raised(seen) if trial.rewritten else None
    missing = _missing(trial, seen, base)
    if missing is None:
        return None
    note = f"{missing} of {base.width} steps are missing" if missing > 0 else ""
    was_turned = _turned(trial.original, trial.was())
    if trial.rewritten and _turned(trial.side, seen) and (not was_turned or trial.about.code == "PCK205"):
        missing, note = 1, TURNED
    elif missing < 0:
        missing, note = -missing, f"{-missing} steps too many"
    half = base.size // 2
    sizes = []
    for part in (base.part(0, half), base.part(half, base.size)):
        other = trial.side.observe(part)
        if other.error is not None:
            return Measure(float(missing), 0.0, note=note)
        sizes.append([one.output.shape[1] for one in other.unpacked])
    if sizes[0] != sizes[1] and not missing:
        missing, note = 1, "two halves of the batch do not concatenate"
    elif sizes[0] != sizes[1]:
        note += ", and two halves of the batch do not concatenate"
    return Measure(float(missing), 0.0, note=note)


def _missing(trial: Trial, seen: Observation, batch: Batch) -> int | None:
    """How many steps an unpacked output lacks, below zero where it has too many; None where nothing is unpacked."""
    lacks: list[int] = []
    calls = trial.side.calls(seen)
    for key in trial.about.layers:
        call = calls.get(key)
        if call is None or call.packed is None or call.entered is None:
            continue
        steps = call.entered.rows.shape[1]
        lacks += [steps - one.output.shape[1] for one in seen.unpacked if one.output.shape[0] == batch.size]
    return max(lacks, key=lambda one: (one > 0, abs(one))) if lacks else None


def _turned(side: Side, seen: Observation) -> bool:
    """Whether something is unpacked in another layout than it was packed in."""
    layouts = {call.entered.batch_first for call in side.calls(seen).values() if call.packed and call.entered}
    return len(layouts) == 1 and any(one.batch_first not in layouts for one in seen.unpacked)
