"""`self.fc(packed)` is given the unpacked batch, by a line above it."""

from __future__ import annotations

import libcst as cst

from packlint.fixers.base import Fixer
from packlint.fixers.draft import Draft, FixError, small
from packlint.fixers.parts import UNPACK, plain, unpacking
from packlint.fixers.total_length import taken
from packlint.plans import Step, UnpackedInput


class UnpackedInputFixer(Fixer):
    """Unpack a batch before it goes to a layer that takes tensors alone."""

    step = UnpackedInput

    def note(self, draft: Draft, step: Step) -> None:
        assert isinstance(step, UnpackedInput)
        call = draft.node(step.at, cst.Call)
        statement = draft.statement(call)
        given = call.args[0] if call.args else None
        if given is None or given.star or not plain(given.value):
            raise FixError("the PackedSequence is in no variable")
        if statement is None:
            raise FixError("the call stands where no line can be put before it")
        unpack, total = draft.imports.name_of(UNPACK), cst.Name(taken(draft, step.pack, step.batch_first, call))
        again = unpacking(unpack, given.value, total, step.batch_first)
        draft.put_above(statement, small("{x}, _ = {again}", x=given.value, again=again))
