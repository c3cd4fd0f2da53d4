"""The arguments of a call, by name."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from packlint.fixers.commas import with_comment_of, without_comment
from packlint.fixers.draft import FixError

PACK = ("input", "lengths", "batch_first", "enforce_sorted")
PACK_SEQUENCE = ("sequences", "enforce_sorted")
RNN_CALL = ("input", "hx")
UNPACK = ("sequence", "batch_first", "padding_value", "total_length")


def argument(call: cst.Call, name: str, order: Sequence[str]) -> cst.Arg | None:
    """The argument of a name, given by its place or by its name; raises `FixError` for `*args` and `**kwargs`."""
    if any(one.star for one in call.args):
        raise FixError("the arguments of the call are spread out of a variable")
    for place, one in enumerate(call.args):
        if (one.keyword.value if one.keyword is not None else order[place] if place < len(order) else "") == name:
            return one
    return None


def with_argument(call: cst.Call, name: str, value: cst.BaseExpression, order: Sequence[str]) -> cst.Call:
    """The call with an argument set: in its place where it was given, else as a keyword behind the others."""
    given = argument(call, name, order)
    if given is not None:
        args = [one.with_changes(value=value) if one is given else one for one in call.args]
        return call.with_changes(args=args)
    equal = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
    new = cst.Arg(value, keyword=cst.Name(name), equal=equal)
    if not call.args:
        return call.with_changes(args=[new])
    *before, last = call.args
    # The commas of a call stand alike: one argument a line, or all in one. What follows the last stays the last.
    between = before[-1].comma if before else cst.MaybeSentinel.DEFAULT
    comma = between if isinstance(between, cst.Comma) else cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
    if not isinstance(last.comma, cst.Comma):
        after = last.with_changes(comma=without_comment(comma), whitespace_after_arg=cst.SimpleWhitespace(""))
        new = new.with_changes(whitespace_after_arg=last.whitespace_after_arg)
    else:
        after = last.with_changes(comma=with_comment_of(comma, last.comma))
        new = new.with_changes(comma=without_comment(last.comma))
    return call.with_changes(args=[*before, after, new])
