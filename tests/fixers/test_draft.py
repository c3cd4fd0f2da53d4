"""Drafts: what a fix notes stands in full or not at all, and nothing that is noted is lost."""

from __future__ import annotations

import ast

import pytest

pytest.importorskip("libcst")

import libcst as cst

from packlint.fixers import rewrite
from packlint.fixers.draft import Draft, small
from packlint.plans import EnforceSorted, FinalState, Fix, Lengths, MaskedPool, PackCall, Span, Step

MODEL = """\
from torch import nn


class Model(nn.Module):
    def forward(self, ids):
        x = self.embed(ids)
        out, _ = self.rnn(x)
        return out.max(1)[0], out[:, -1]
"""
NOWHERE = EnforceSorted(Span(1, 0, 1, 1))
"""A step that no fixer can write."""


def span(code: str) -> Span:
    """Where a piece of the model stands."""
    row, line = next((row, line) for row, line in enumerate(MODEL.split("\n"), start=1) if code in line)
    return Span(row, line.index(code), row, line.index(code) + len(code))


IDS = Lengths("ids", embedding=span("self.embed(ids)"), tensor=True, time=1)
STEPS = {
    "a mask": MaskedPool(span("out.max(1)"), "max", IDS, 3, 0, 1),
    "lengths that are counted, and an import": PackCall(span("self.rnn(x)"), IDS, True),
    "a state": FinalState(span("out[:, -1]"), span("self.rnn(x)"), False, False),
}


def fix(*steps: Step) -> Fix:
    return Fix("unsafe", "", "", steps)


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_a_fix_that_is_given_up_leaves_nothing_for_the_next(step: Step) -> None:
    alone = rewrite(MODEL, [fix(step)])
    after = rewrite(MODEL, [fix(step, NOWHERE), fix(step)])
    assert [why is None for why in after.refused] == [False, True]
    # The names that the first one took are not given again.
    assert after.text.replace("_2", "") == alone.text != MODEL
    assert rewrite(MODEL, [fix(step, NOWHERE)]).text == MODEL


def test_lines_around_a_statement_that_is_taken_out_stay() -> None:
    draft = Draft("def f(x):\n    # why\n    y = x; z = y\n    return z\n")
    line = cst.ensure_type(cst.ensure_type(draft.module.body[0], cst.FunctionDef).body, cst.IndentedBlock).body[0]
    first = cst.ensure_type(line, cst.SimpleStatementLine).body[0]
    draft.remove(first)
    draft.put_above(first, small("y = 2"))
    assert draft.written() == "def f(x):\n    # why\n    y = 2\n    z = y\n    return z\n"
    ast.parse(draft.written())
