"""`pad_packed_sequence(packed)` becomes `pad_packed_sequence(packed, total_length=...)`, the size before packing."""

from __future__ import annotations

import libcst as cst

from packlint.fixers.base import Fixer
from packlint.fixers.calls import PACK, UNPACK, argument, with_argument
from packlint.fixers.draft import Draft, FixError, small
from packlint.fixers.parts import plain, size
from packlint.plans import Span, Step, TotalLength


class TotalLengthFixer(Fixer):
    """Unpack to the size that the batch had before it was packed."""

    step = TotalLength

    def note(self, draft: Draft, step: Step) -> None:
        assert isinstance(step, TotalLength)
        unpack = draft.node(step.at, cst.Call)
        name = taken(draft, step.pack, step.batch_first, unpack)
        argument(unpack, "total_length", UNPACK)

        def change(updated: cst.BaseExpression) -> cst.BaseExpression:
            assert isinstance(updated, cst.Call)
            return with_argument(updated, "total_length", cst.Name(name), UNPACK)

        draft.change(unpack, change)


def taken(draft: Draft, at: Span, batch_first: bool, needs: cst.CSTNode) -> str:
    """The variable that the size of what is packed is put in, above the pack call `at`, as long as a node needs it."""
    if at in draft.totals:
        name, others = draft.totals[at]
        draft.totals[at] = name, (*others, needs)
        return name
    pack = draft.node(at, cst.Call)
    given, statement = argument(pack, "input", PACK), draft.statement(pack)
    if given is None or statement is None:
        raise FixError("it is packed where no line can be put before")
    name = draft.name("total_length", pack)
    draft.totals[at] = name, (needs,)
    x = given.value
    padded = cst.Name(draft.name("padded", pack, statement)) if not plain(x) else x

    def change(updated: cst.BaseExpression) -> cst.BaseExpression:
        if all(map(draft.gone, draft.totals[at][1])):
            return updated
        above = draft.above[statement]
        if not plain(updated):
            above.append(small("{padded} = {x}", padded=padded, x=updated))
            updated = padded
        above.append(small(f"{name} = {{size}}", size=size(updated, batch_first)))
        return updated

    draft.change(x, change)
    return name
