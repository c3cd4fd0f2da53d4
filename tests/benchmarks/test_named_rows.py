"""A line that changes without a plan is seen."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

pytest.importorskip("libcst")

from benchmarks.named_rows import unnamed  # noqa: E402
from packlint.plans import EnforceSorted, Fix, SortedByHand, Span  # noqa: E402

BEFORE = """\
import torch


def forward(x, lengths):
    lengths, order = lengths.sort(descending=True)
    back = order.argsort()
    x = x[order]
    scale = x.mean()
    packed = pack(x, lengths)
    out = run(packed)
    return out[back] * scale
"""
PACK = Span(9, 13, 9, 29)
TOLD = Fix("safe", "", "", (EnforceSorted(PACK),))
SORT = Fix("unsafe", "", "", (SortedByHand(PACK, 5),))


@pytest.mark.parametrize(
    ("old", "new", "fix", "rows"),
    [
        ("pack(x, lengths)", "pack(x, lengths, enforce_sorted=False)", TOLD, []),
        ("import torch\n", "import torch\nimport math\n", TOLD, []),
        ("    packed =", "    n = 1\n    packed =", TOLD, []),
        ("    packed =", "    # why\n    packed =", TOLD, []),
        ("x.mean()", "x.sum()", TOLD, ["8"]),
        ("    scale = x.mean()\n", "", TOLD, ["8"]),
        ("    back =", "    n = 1\n    back =", TOLD, ["5"]),
        ("def forward(x", "def forward(y", TOLD, ["4"]),
        ("    x = x[order]\n", "", SORT, []),
        ("out[back]", "out", SORT, []),
        ("x.mean()", "x.sum()", SORT, ["8"]),
        ("run(packed)", "walk(packed)", SORT, ["10"]),
    ],
)
def test_lines_that_no_plan_names_are_said(old: str, new: str, fix: Fix, rows: list[str]) -> None:
    assert old in BEFORE
    said = unnamed(BEFORE, BEFORE.replace(old, new), [fix])
    assert sorted({line.partition(":")[0] for line in said}) == rows
