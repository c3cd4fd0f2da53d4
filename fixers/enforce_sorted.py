"""`pack_padded_sequence(x, lengths)` becomes `pack_padded_sequence(x, lengths, enforce_sorted=False)`."""

from __future__ import annotations

import libcst as cst

from packlint.fixers.base import Fixer
from packlint.fixers.calls import PACK, PACK_SEQUENCE, argument, with_argument
from packlint.fixers.draft import Draft
from packlint.fixers.parts import tail
from packlint.plans import EnforceSorted, Step


class EnforceSortedFixer(Fixer):
    """Let `pack_padded_sequence` and `pack_sequence` take rows in any order."""

    step = EnforceSorted

    def note(self, draft: Draft, step: Step) -> None:
        call = draft.node(step.at, cst.Call)
        order = PACK_SEQUENCE if tail(call.func) == "pack_sequence" else PACK
        argument(call, "enforce_sorted", order)

        def change(node: cst.BaseExpression) -> cst.BaseExpression:
            assert isinstance(node, cst.Call)
            return with_argument(node, "enforce_sorted", cst.Name("False"), order)

        draft.change(call, change)
