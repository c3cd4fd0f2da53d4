"""`out, h_n = self.rnn(x)` runs packed, and `out` is unpacked to the size that `x` had."""

from __future__ import annotations

import libcst as cst

from packlint.fixers.base import Fixer
from packlint.fixers.calls import RNN_CALL, argument
from packlint.fixers.draft import Draft, FixError, expression, small
from packlint.fixers.parts import PACK, UNPACK, Result, lengths_on_cpu, packing, plain, result_of, root, size, unpacking
from packlint.plans import PackCall, Step


class PackCallFixer(Fixer):
    """Run an RNN on a packed batch and unpack its output."""

    step = PackCall

    def note(self, draft: Draft, step: Step) -> None:
        assert isinstance(step, PackCall)
        call = draft.node(step.at, cst.Call)
        given = argument(call, "input", RNN_CALL)
        if given is None:
            raise FixError("the call is given no input")
        result = result_of(draft, call)
        statement = draft.statement(call)
        if statement is None:
            _within_expression(draft, step, call, given, result)
        else:
            _in_lines(draft, step, call, given, result, statement)


def _within_expression(draft: Draft, step: PackCall, call: cst.Call, given: cst.Arg, result: Result) -> None:
    """Where no line can be put before the call, all of it goes into the expression."""
    if result.part is None or (result.part == 0 and not plain(given.value)):
        raise FixError("the call stands where no line can be put before it")
    lengths = lengths_on_cpu(draft, step.lengths, call)
    pack = draft.imports.name_of(PACK)
    draft.change(given.value, lambda x: packing(pack, x, lengths, step.batch_first))
    if result.part == 0 and not result.state:
        unpack = draft.imports.name_of(UNPACK)
        total = size(given.value, step.batch_first)
        whole = "{unpacked}[0]"
        draft.change(
            result.node, lambda out: expression(whole, unpacked=unpacking(unpack, out, total, step.batch_first)), True
        )


def _in_lines(
    draft: Draft, step: PackCall, call: cst.Call, given: cst.Arg, result: Result, statement: cst.CSTNode
) -> None:
    lengths = lengths_on_cpu(draft, step.lengths, call)
    pack = draft.imports.name_of(PACK)
    packed = draft.name("packed", call, statement)
    unpacked = not result.unused and result.part != 1 and not result.state
    x = given.value
    lost = isinstance(result.output, cst.Name) and plain(x) and result.output.value == root(x)
    padded = draft.name("padded", call, statement)
    total = size(x if plain(x) else cst.Name(padded), step.batch_first)
    if lost:
        total = cst.Name(draft.name("total_length", call, statement))

    def packed_input(updated: cst.BaseExpression) -> cst.BaseExpression:
        above = draft.above[statement]
        if unpacked and not plain(x):
            above.append(small(f"{padded} = {{x}}", x=updated))
            updated = cst.Name(padded)
        if unpacked and lost:
            above.append(small("{total} = {size}", total=total, size=size(updated, step.batch_first)))
        above.append(small(f"{packed} = {{pack}}", pack=packing(pack, updated, lengths, step.batch_first)))
        return cst.Name(packed)

    draft.change(x, packed_input)
    if not unpacked:
        return
    unpack = draft.imports.name_of(UNPACK)
    if result.output is not None:  # `out, h_n = self.rnn(x)`
        again = unpacking(unpack, result.output, total, step.batch_first)
        draft.put_below(statement, small("{out}, _ = {again}", out=result.output, again=again))
    elif result.name is not None:  # `result = self.rnn(x)`
        name = result.name
        again = unpacking(unpack, expression("{name}[0]", name=name), total, step.batch_first)
        draft.put_below(statement, small("{name} = ({again}[0], {name}[1])", name=name, again=again))
    else:
        _apart(draft, step, result, statement, unpack, total)


def _apart(
    draft: Draft, step: PackCall, result: Result, statement: cst.CSTNode, unpack: str, total: cst.BaseExpression
) -> None:
    """A call in the middle of an expression gets lines of its own above the statement."""
    output, hidden = (draft.name(wish, result.node, statement) for wish in ("output", "hidden"))
    kept = result.part == 0 and isinstance(draft.parents[result.node], cst.Assign)

    def change(updated: cst.BaseExpression) -> cst.BaseExpression:
        above = draft.above[statement]
        if result.part == 0:
            assert isinstance(updated, cst.Subscript)
            above.append(small(f"{output}, _ = {{call}}", call=updated.value))
        else:
            above.append(small(f"{output}, {hidden} = {{call}}", call=updated))
        again = unpacking(unpack, cst.Name(output), total, step.batch_first)
        if kept:
            return expression("{again}[0]", again=again)
        above.append(small(f"{output}, _ = {{again}}", again=again))
        if result.part == 0:
            return cst.Name(output)
        return expression(f"({output}, {hidden})")

    draft.change(result.node, change, result=True)
