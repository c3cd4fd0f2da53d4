"""`h_n.view(batch, -1)` becomes `h_n.transpose(0, 1).reshape(batch, -1)`."""

from __future__ import annotations

import libcst as cst

from packlint.fixers.base import Fixer
from packlint.fixers.draft import Draft, FixError, expression
from packlint.fixers.parts import as_operand, plain, root, tail
from packlint.plans import BatchToFront, Step


class BatchToFrontFixer(Fixer):
    """Move the batch of a final state to the front before it is reshaped."""

    step = BatchToFront

    def note(self, draft: Draft, step: Step) -> None:
        call = draft.node(step.at, cst.Call)
        function = call.func
        if not isinstance(function, cst.Attribute) or tail(function) not in {"view", "reshape", "flatten"}:
            raise FixError("the state is reshaped in a way that is not known")
        if plain(function.value) and root(function.value) in draft.imports.aliases:
            raise FixError("the state is reshaped by a function")

        def change(updated: cst.BaseExpression) -> cst.BaseExpression:
            assert isinstance(updated, cst.Call)
            assert isinstance(updated.func, cst.Attribute)
            moved = expression("{state}.transpose(0, 1)", state=as_operand(updated.func.value))
            name = "reshape" if updated.func.attr.value == "view" else updated.func.attr.value
            return updated.with_changes(func=updated.func.with_changes(value=moved, attr=cst.Name(name)))

        draft.change(call, change)
