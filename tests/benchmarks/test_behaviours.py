"""What tools make of a model that packs: the outcomes that others rest on, run anew."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from benchmarks import behaviours  # noqa: E402
from benchmarks.behaviours import MODELS, TOOLS, outcome, outcomes  # noqa: E402

QUICK = [
    "no tool",
    "`torch.jit.script`",
    "`torch.jit.trace`",
    "halves, as `nn.DataParallel` runs them",
    "`torch.func.vmap` over the rows",
    "`torch.autocast` in bfloat16",
]
COMMITTED = json.loads((ROOT / "benchmarks" / "data" / "behaviours.json").read_text(encoding="utf-8"))


def test_every_tool_was_tried_on_every_model() -> None:
    tried = [(one["tool"], one["model"]) for one in COMMITTED["outcomes"]]
    assert tried == [(tool, model) for tool in TOOLS for model in MODELS]


@pytest.mark.parametrize("tool", QUICK)
def test_outcomes_are_what_they_were(tool: str) -> None:
    if COMMITTED["torch"].partition("+")[0] != torch.__version__.partition("+")[0]:
        pytest.skip(f"the outcomes are those of PyTorch {COMMITTED['torch']}")
    before = {one["model"]: one["result"] for one in COMMITTED["outcomes"] if one["tool"] == tool}
    assert {one.model: one.result for one in outcomes([tool])} == before


def test_a_trace_keeps_lengths_that_were_a_list() -> None:
    torch.manual_seed(0)
    one = outcome("`torch.jit.trace`", "packed, lengths as a list", behaviours.Listed())
    assert one.result == "silently wrong"
    assert one.detail.endswith("(other lengths)")


def test_messages() -> None:
    assert behaviours.message(ValueError("\n\x1b[96mred\x1b[0m\nmore")) == "ValueError: red"
    assert behaviours.message(ValueError("x" * 200)) == f"ValueError: {'x' * 157}..."
    assert behaviours.message(ValueError()) == "ValueError: "


def test_without_onnx_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(behaviours, "find_spec", lambda name: None)
    one = outcome("`torch.onnx.export(dynamo=True)`, rows and steps dynamic", "packed", behaviours.Packed())
    assert (one.result, one.detail) == ("not run", "onnx, onnxscript, onnxruntime: not installed")
