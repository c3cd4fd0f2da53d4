"""`self.dropout(packed)` becomes `packed._replace(data=self.dropout(packed.data))`."""

from __future__ import annotations

import libcst as cst

from packlint.fixers.base import Fixer
from packlint.fixers.draft import Draft, FixError, expression
from packlint.fixers.parts import plain
from packlint.plans import PackedData, Step


class PackedDataFixer(Fixer):
    """Give the data of a PackedSequence to a layer that works step by step."""

    step = PackedData

    def note(self, draft: Draft, step: Step) -> None:
        call = draft.node(step.at, cst.Call)
        packed = call.args[0].value if call.args else None
        if packed is None or not plain(packed):
            raise FixError("the PackedSequence is in no variable")
        name = packed
        draft.change(name, lambda _: expression("{packed}.data", packed=name))
        draft.change(call, lambda called: expression("{packed}._replace(data={called})", packed=name, called=called))
