"""The same keys and shapes in the state_dict: the weights of the original load."""

from __future__ import annotations

from packlint.verify.evidence import Measure
from packlint.verify.sides import Trial


def check(trial: Trial) -> Measure | None:
    """Counted in keys that differ."""
    if not trial.rewritten:
        return None
    before, after = trial.original.module.state_dict(), trial.side.module.state_dict()
    if not before and not after:
        return None
    differ = [key for key in before.keys() | after.keys() if key not in before or key not in after]
    differ += [key for key in before.keys() & after.keys() if before[key].shape != after[key].shape]
    return Measure(float(len(differ)), 0.0, note=f"other: {', '.join(sorted(differ)[:3])}" if differ else "")
