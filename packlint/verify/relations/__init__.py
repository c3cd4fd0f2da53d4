"""What must hold of code that takes a padded batch: one relation a file, each a function from a trial to a measure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from packlint.verify.evidence import Measure
from packlint.verify.relations import (
    batch_invariance,
    checkpoint_compatibility,
    errors,
    full_length_agreement,
    gradient_agreement,
    padding_invariance,
    permutation_equivariance,
    pooling_oracle,
    shape_contract,
    site_agreement,
    state_oracle,
)
from packlint.verify.sides import Trial

WRONG_STEPS = frozenset({"PCK101", "PCK102", "PCK104", "PCK105", "PCK202", "PCK205"})
STOPS = frozenset({"PCK103", "PCK201", "PCK204", "PCK205", "PCK206", "PCK401", "PCK402"})
READ_WRONG = frozenset({"PCK301", "PCK302", "PCK303"})


@dataclass(frozen=True, slots=True)
class Rule:
    """A relation: `check` gives None where it does not apply.

    gates: a rewrite must pass it. catches: codes of findings that it shows on the original; where it fails on the
    original of another finding, that is not what the rewrite is for. twin: it compares the values of rows, so that it
    must see one that is held against other rows. whole: it looks at what a layer gives, where packing every row at full
    width shows.
    """

    name: str
    gates: bool
    check: Callable[[Trial], Measure | None]
    catches: frozenset[str] = frozenset()
    twin: bool = False
    whole: bool = False


RELATIONS = (
    Rule("site agreement", True, site_agreement.check, WRONG_STEPS, twin=True, whole=True),
    Rule("state oracle", True, state_oracle.check, READ_WRONG, twin=True, whole=True),
    Rule("pooling oracle", True, pooling_oracle.check, frozenset({"PCK304"}), twin=True, whole=True),
    Rule("padding invariance", True, padding_invariance.check, WRONG_STEPS | READ_WRONG | {"PCK304"}, twin=True),
    Rule("permutation equivariance", True, permutation_equivariance.check, frozenset({"PCK201", "PCK202"}), twin=True),
    Rule("full-length agreement", True, full_length_agreement.check, twin=True),
    Rule("gradient agreement", True, gradient_agreement.check, WRONG_STEPS, twin=True),
    Rule("shape contract", True, shape_contract.check, frozenset({"PCK205", "PCK401", "PCK402"})),
    Rule("checkpoint compatibility", True, checkpoint_compatibility.check),
    Rule("errors", True, errors.check, STOPS),
    Rule("whole-model batch invariance", False, batch_invariance.check),
)
