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


@dataclass(frozen=True, slots=True)
class Rule:
    """A relation: `check` gives None where it does not apply. gates: a rewrite must pass it.

    twin: it compares the values of rows, so that it must see one that is held against other rows. whole: it looks at
    what a layer gives, where packing every row at full width shows.
    """

    name: str
    gates: bool
    check: Callable[[Trial], Measure | None]
    twin: bool = False
    whole: bool = False


RELATIONS = (
    Rule("site agreement", True, site_agreement.check, twin=True, whole=True),
    Rule("state oracle", True, state_oracle.check, twin=True, whole=True),
    Rule("pooling oracle", True, pooling_oracle.check, twin=True, whole=True),
    Rule("padding invariance", True, padding_invariance.check, twin=True),
    Rule("permutation equivariance", True, permutation_equivariance.check, twin=True),
    Rule("full-length agreement", True, full_length_agreement.check, twin=True),
    Rule("gradient agreement", True, gradient_agreement.check, twin=True),
    Rule("shape contract", True, shape_contract.check),
    Rule("checkpoint compatibility", True, checkpoint_compatibility.check),
    Rule("errors", True, errors.check),
    Rule("whole-model batch invariance", False, batch_invariance.check),
)
