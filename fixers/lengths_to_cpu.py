"""`pack_padded_sequence(x, lengths)` becomes `pack_padded_sequence(x, lengths.cpu())`."""

from __future__ import annotations

import libcst as cst

from packlint.fixers.base import Fixer
from packlint.fixers.calls import PACK, argument
from packlint.fixers.draft import Draft, FixError
from packlint.fixers.parts import on_cpu
from packlint.plans import LengthsToCpu, Step


class LengthsToCpuFixer(Fixer):
    """Hand lengths to `pack_padded_sequence` on the CPU."""

    step = LengthsToCpu

    def note(self, draft: Draft, step: Step) -> None:
        assert isinstance(step, LengthsToCpu)
        call = draft.node(step.at, cst.Call)
        given = argument(call, "lengths", PACK)
        if given is None:
            raise FixError("the call is given no lengths")
        draft.change(given.value, lambda lengths: on_cpu(draft, lengths, step.tensor))
