"""Commas, with the comments that stand behind them."""

from __future__ import annotations

import libcst as cst


def without_comment(comma: cst.Comma) -> cst.Comma:
    """The comma without a comment behind it, which speaks of another item."""
    space = comma.whitespace_after
    if isinstance(space, cst.ParenthesizedWhitespace) and space.first_line.comment is not None:
        line = space.first_line.with_changes(comment=None, whitespace=cst.SimpleWhitespace(""))
        return comma.with_changes(whitespace_after=space.with_changes(first_line=line))
    return comma


def with_comment_of(comma: cst.Comma, other: cst.Comma) -> cst.Comma:
    """A comma with the comment that stands behind another one."""
    space, had = comma.whitespace_after, other.whitespace_after
    if not isinstance(had, cst.ParenthesizedWhitespace) or had.first_line.comment is None:
        return without_comment(comma)
    if not isinstance(space, cst.ParenthesizedWhitespace):
        return comma.with_changes(whitespace_after=had)
    return comma.with_changes(whitespace_after=space.with_changes(first_line=had.first_line))
