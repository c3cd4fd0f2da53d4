"""`pad_packed_sequence(packed)` becomes `pad_packed_sequence(packed, batch_first=True)`, and the other way round."""

from __future__ import annotations

import libcst as cst

from packlint.fixers.base import Fixer
from packlint.fixers.calls import PACK, UNPACK, argument, with_argument
from packlint.fixers.draft import Draft
from packlint.fixers.parts import tail
from packlint.plans import BatchFirst, Step


class BatchFirstFixer(Fixer):
    """Tell pack and unpack the layout that the tensor has."""

    step = BatchFirst

    def note(self, draft: Draft, step: Step) -> None:
        assert isinstance(step, BatchFirst)
        call = draft.node(step.at, cst.Call)
        order = UNPACK if tail(call.func) == "pad_packed_sequence" else PACK
        argument(call, "batch_first", order)

        def change(node: cst.BaseExpression) -> cst.BaseExpression:
            assert isinstance(node, cst.Call)
            return with_argument(node, "batch_first", cst.Name(str(step.batch_first)), order)

        draft.change(call, change)
