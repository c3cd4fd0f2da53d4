"""What measurements are, and what they say in words, without PyTorch."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import replace

import pytest

from packlint.verify.measurements import (
    DISTRIBUTIONS,
    Form,
    LayerSpec,
    Measurement,
    Report,
    Workload,
    advice,
    faster,
    from_json,
    to_json,
    verdict,
)

SPEC = LayerSpec("LSTM", 8, 16, batch_first=True)
WORK = Workload(16, 40, "uniform", seed=3)
RIGHT = Form(1e-7, 2e-7, forward=0.004, step=0.021, spread=0.1, memory=3_000_000)
WRONG = Form(0.0, 0.9, forward=0.003, step=0.01, spread=0.1, memory=9_000_000)
ONE = Measurement(SPEC, WORK, "cpu", "float32", 5, 1e-5, WRONG, RIGHT, replace(WRONG, states_error=1e-7))
REPORT = Report(
    "2.13.0", 3, SPEC, {"cpu": "a machine"}, {"cpu": "what it is"}, (ONE,), ("one: no time was left",), "model.py:12"
)
REAL = f"{100 * WORK.share:.0f} % real steps"


def test_a_layer_is_written_as_in_code() -> None:
    assert str(LayerSpec("GRU", 8, 16)) == "nn.GRU(8, 16)"
    spec = LayerSpec("RNN", 8, 16, num_layers=2, bidirectional=True, batch_first=True)
    assert str(spec) == "nn.RNN(8, 16, num_layers=2, bidirectional=True, batch_first=True)"


def test_what_is_no_layer_and_no_batch_is_refused() -> None:
    with pytest.raises(ValueError, match="RNN, LSTM, GRU, not 'CNN'"):
        LayerSpec("CNN", 8, 16)
    with pytest.raises(ValueError, match="not 'normal'"):
        Workload(4, 4, "normal")
    with pytest.raises(ValueError, match="at least"):
        Workload(0, 4, "equal")


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
@pytest.mark.parametrize(("batch", "steps"), [(1, 1), (1, 9), (7, 1), (32, 50)])
def test_lengths_fit_the_padding(distribution: str, batch: int, steps: int) -> None:
    work = Workload(batch, steps, distribution)
    assert len(work.lengths) == batch
    assert min(work.lengths) >= 1
    assert max(work.lengths) == steps
    assert work.lengths == work.lengths
    assert work.share == sum(work.lengths) / (batch * steps)


def test_distributions_go_from_all_steps_to_few() -> None:
    shares = [Workload(256, 100, distribution).share for distribution in DISTRIBUTIONS]
    assert shares[0] == 1
    assert shares[-1] < 0.15
    assert len({round(share, 1) for share in shares}) >= 4
    assert Workload(32, 50, "uniform", seed=1).lengths != Workload(32, 50, "uniform", seed=2).lengths


def test_times_in_words() -> None:
    assert faster(1.0, 2.1) == "2.1 x slower"
    assert faster(1.7, 1.0) == "1.7 x faster"
    assert faster(1.0, 1.1) == faster(1.1, 1.0) == "as fast"


def test_verdicts() -> None:
    assert verdict(ONE) == f"right now; 2.1 x slower on this CPU at {REAL}"
    gpu = replace(ONE, device="cuda:0", packed=replace(RIGHT, step=0.005))
    assert verdict(gpu) == f"right now; 2.0 x faster on this GPU at {REAL}"
    assert verdict(replace(ONE, padded=RIGHT)) == f"right before and now; as fast on this CPU at {REAL}"
    for wrong in (0.5, math.inf):
        broken = replace(ONE, packed=replace(RIGHT, outputs_error=wrong))
        assert verdict(broken).startswith(f"not right now, off by {wrong:.1g}; ")


def test_advice_names_the_errors_the_times_and_what_costs_less() -> None:
    assert advice([ONE]) == (
        "On this CPU in float32, right now: padded, the outputs at real steps are off by up to 0 and the final states "
        f"by up to 0.9; packed, both by 2e-07 at most. Packed, training is 2.1 x slower at {REAL}. Inference is 1.3 x "
        f"slower at {REAL}. Cheaper, and as exact for the outputs and for the last layer's h_n: run it padded and take "
        "the output at step length - 1, which trains 2.1 x faster than packed (median)."
    )


def test_advice_names_no_cheaper_form_that_is_none() -> None:
    for gathered in (None, replace(WRONG, states_error=1e-7, step=0.021), WRONG):
        assert "Cheaper" not in advice([replace(ONE, gathered=gathered)])


def test_advice_gives_the_worst_and_the_best_and_says_what_is_unsteady() -> None:
    best = replace(ONE, workload=Workload(16, 40, "one-long"), packed=replace(RIGHT, step=0.005, spread=0.9))
    said = advice([ONE, best])
    few = f"{100 * best.share:.0f} % real steps"
    assert f"training is 2.1 x slower at {REAL} (the worst) and 2.0 x faster at {few} (the best)" in said
    assert "The times of 1 of 2 batches are unsteady" in said
    assert not replace(ONE, repeats=2).steady


def test_advice_has_a_line_for_each_device_and_dtype() -> None:
    lines = advice([ONE, replace(ONE, device="cuda"), replace(ONE, dtype="bfloat16")]).splitlines()
    assert [line.partition(",")[0] for line in lines] == [
        "On this CPU in float32",
        "On this GPU in float32",
        "On this CPU in bfloat16",
    ]
    assert advice([]) == ""


def test_json_there_and_back() -> None:
    text = to_json(REPORT)
    assert from_json(text) == REPORT
    written = json.loads(text)
    assert written["advice"] == advice(REPORT.measurements).splitlines()
    assert written["measurements"][0]["verdict"] == verdict(ONE)
    assert written["measurements"][0]["lengths"] == WORK.lengths


def test_json_of_a_single_form_and_of_no_number() -> None:
    one = replace(ONE, gathered=None, padded=replace(WRONG, outputs_error=math.inf))
    report = replace(REPORT, measurements=(one,))
    assert from_json(to_json(report)) == report
    assert "Infinity" not in to_json(report)


@pytest.mark.parametrize("text", ["[]", '{"version": 0}', '{"version": 1}', "nothing"])
def test_what_is_no_report_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no report|Expecting value"):
        from_json(text)


def test_words_and_pages_need_no_pytorch() -> None:
    look = "import sys, packlint.verify.page; print(*{'torch', 'numpy'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
