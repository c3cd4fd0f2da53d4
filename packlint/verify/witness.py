"""Evidence in words: which sequence of the batch, at which step, and by how much."""

from __future__ import annotations

import math

from packlint.verify.evidence import Evidence, Measure

BY_NAME = {
    "site agreement": "is off by {error} from its run alone",
    "state oracle": "has a state that is off by {error} from its run alone",
    "pooling oracle": "is pooled to something off by {error} from its run alone",
    "padding invariance": "changes by {error} with what stands in the padding",
    "permutation equivariance": "changes by {error} where the rows come in another order",
    "full-length agreement": "is off by {error} from the original, on a batch without padding",
    "gradient agreement": "has gradients off by {error}",
    "whole-model batch invariance": "gets a result from the model that is off by {error} from its run alone",
}
"""What a failing relation says of a sequence."""


ASKED = {
    "state oracle": {"PCK301", "PCK302", "PCK303"},
    "pooling oracle": {"PCK304"},
    "errors": {"PCK103", "PCK201", "PCK204", "PCK206"},
    "shape contract": {"PCK401", "PCK402"},
}
"""The relation that asks what a finding says; of all others site agreement does."""


def number(error: float) -> str:
    """An error, short."""
    return f"{error:.1e}" if math.isfinite(error) else "NaN or infinity"


def sequence(evidence: Evidence, at: int) -> str:
    """`sequence 2 (7 of 11 steps real)`, counted from 0 as in the batch."""
    if at >= len(evidence.lengths):
        return f"sequence {at}"
    return f"sequence {at} ({evidence.lengths[at]} of {evidence.width} steps real)"


def place(evidence: Evidence, measure: Measure) -> str:
    """Where an error is largest; empty where there is no such place."""
    if measure.sequence is None:
        return ""
    step = "" if measure.step is None else f", step {measure.step}"
    return sequence(evidence, measure.sequence) + step


def said(evidence: Evidence, name: str, measure: Measure) -> str:
    """One measure that does not hold, as a sentence."""
    if measure.error is None or (measure.sequence is None and measure.note):
        return f"{'it stops' if name == 'errors' else name}: {measure.note or 'fails'}"
    if measure.sequence is None:
        return f"{name}: off by {number(measure.error)}"
    what = BY_NAME.get(name, "is off by {error}").format(error=number(measure.error))
    step = "" if measure.step is None else f", most at step {measure.step}"
    return f"{sequence(evidence, measure.sequence)} {what}{step}"


def first_failure(evidence: Evidence) -> str:
    """The first relation that a rewrite must pass and does not: `site agreement fails (sequence 3, error 4.2e-01)`."""
    for relation in evidence.relations:
        measure = relation.rewrite if evidence.rewritten else relation.original
        if not relation.gates or measure is None or measure.holds:
            continue
        where = [] if measure.sequence is None else [f"sequence {measure.sequence}"]
        if measure.error is not None:
            where.append(f"error {number(measure.error)}")
        if measure.note:
            where.append(measure.note)
        return f"{relation.name} fails" + (f" ({', '.join(where)})" if where else "")
    return evidence.reason


def witness(evidence: Evidence) -> str:
    """How the original is wrong, in a sentence: by the relation that the finding is about, else by the first."""
    failing = [(one.name, one.original) for one in evidence.relations if one.gates and one.witnessed]
    asked = [one for one in failing if evidence.code in ASKED.get(one[0], ())]
    for name, measure in asked or failing:
        if measure is not None:
            return said(evidence, name, measure)
    return ""
