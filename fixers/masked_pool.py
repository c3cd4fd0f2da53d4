"""`out.max(1)` becomes `out.masked_fill(padding.unsqueeze(-1), float("-inf")).max(1)`; so do means, sums, softmax."""

from __future__ import annotations

import libcst as cst
from libcst.helpers import get_full_name_for_node

from packlint.fixers.base import Fixer
from packlint.fixers.draft import Draft, FixError, expression, small
from packlint.fixers.parts import as_operand, padding_of, plain, tail
from packlint.plans import MaskedPool, Step

METHODS = {"max", "min", "amax", "mean", "sum", "softmax", "log_softmax", "topk"}
AVERAGES = {"mean"}
OPERATORS = (cst.Attribute, cst.Subscript, cst.BinaryOperation, cst.UnaryOperation, cst.Await, cst.Comparison)
"""What binds a division more loosely than a call."""


class MaskedPoolFixer(Fixer):
    """Leave the padding out of a maximum, a mean, a sum or a softmax over time."""

    step = MaskedPool

    def note(self, draft: Draft, step: Step) -> None:
        assert isinstance(step, MaskedPool)
        call = draft.node(step.at, cst.Call)
        statement = draft.statement(call)
        if statement is None:
            raise FixError("the pooling stands where no line can be put before it")
        if step.how == "mean" and tail(call.func) not in AVERAGES:
            raise FixError(f"a mean by `{tail(call.func)}` takes no weights")
        operand, method = _operand(draft, call)
        name = draft.name("scores" if step.how == "softmax" else "outputs", call, statement)
        of = operand if plain(operand) else cst.Name(name)
        padding = padding_of(draft, step, of, call, statement)
        fill = expression('float("-inf")') if step.how in {"max", "softmax"} else cst.Integer("0")

        def masked(updated: cst.BaseExpression) -> cst.BaseExpression:
            if not plain(operand) and padding.sized:
                draft.above[statement].append(small(f"{name} = {{x}}", x=updated))
                updated = cst.Name(name)
            draft.above[statement].extend(line for line in padding.lines if line not in draft.above[statement])
            x = as_operand(updated)
            return expression("{x}.masked_fill({padding}, {fill})", x=x, padding=padding.aligned, fill=fill)

        draft.change(operand, masked)
        if step.how == "mean":
            inner = isinstance(draft.parents[call], OPERATORS)
            draft.change(call, lambda updated: _mean(updated, method, padding.aligned, inner))


def _operand(draft: Draft, call: cst.Call) -> tuple[cst.BaseExpression, bool]:
    """What is pooled, and whether the pooling is a method of it."""
    function = call.func
    if isinstance(function, cst.Attribute) and function.attr.value in METHODS:
        holder = get_full_name_for_node(function.value) if plain(function.value) else None
        of_library = holder is not None and holder.partition(".")[0] in draft.imports.aliases
        if not of_library and holder != "self":
            return function.value, True
    first = call.args[0] if call.args else None
    if first is None or first.star or (first.keyword is not None and first.keyword.value != "input"):
        raise FixError("what is pooled is no argument of the call")
    return first.value, False


def _mean(updated: cst.BaseExpression, method: bool, padding: cst.BaseExpression, inner: bool) -> cst.BaseExpression:
    """The sum of the real steps over how many they are."""
    assert isinstance(updated, cst.Call)
    if method:
        assert isinstance(updated.func, cst.Attribute)
        summed, rest = updated.func.value, list(updated.args)
    else:
        summed, rest = updated.args[0].value, list(updated.args[1:])
    over = cst.Call(cst.Attribute(summed, cst.Name("sum")), rest)
    real = cst.Attribute(expression("(~{padding})", padding=padding), cst.Name("sum"))
    mean = "({over} / {count})" if inner else "{over} / {count}"
    return expression(mean, over=over, count=cst.Call(real, rest))
