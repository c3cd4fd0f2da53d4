"""Pieces of code that several fixers write."""

from __future__ import annotations

import libcst as cst
from libcst.helpers import get_full_name_for_node

from packlint.fixers.draft import Draft, expression


def tail(function: cst.BaseExpression) -> str:
    """The last name of what is called."""
    return (get_full_name_for_node(function) or "").rpartition(".")[2]


def dotted(name: str) -> cst.BaseExpression:
    """`a.b.c` as an expression."""
    return cst.parse_expression(name)


def on_cpu(draft: Draft, lengths: cst.BaseExpression, tensor: bool) -> cst.BaseExpression:
    """Lengths as pack takes them: `lengths.cpu()`, or a new tensor on the CPU of what may be a list."""
    if not tensor:
        make = draft.imports.name_of("torch.as_tensor")
        return expression(f'{make}({{lengths}}, device="cpu")', lengths=lengths)
    if (
        isinstance(lengths, cst.Call)
        and tail(lengths.func) in {"cuda", "to"}
        and isinstance(lengths.func, cst.Attribute)
    ):
        if tail(lengths.func) == "cuda" or len(lengths.args) == 1:
            lengths = lengths.func.value  # it was moved for this call alone
    if not isinstance(lengths, cst.Name | cst.Attribute | cst.Call | cst.Subscript) and not lengths.lpar:
        lengths = lengths.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
    return cst.Call(cst.Attribute(lengths, cst.Name("cpu")))
