"""Which layers are measured, with which sizes, and that whatever goes wrong there is a line."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from packlint.verify import benching
from packlint.verify.benching import Benched, bench_all, layers
from packlint.verify.evidence import Evidence
from packlint.verify.measurements import LayerSpec
from tests.verify.test_report import SITE, UNVERIFIED

SMALL = LayerSpec("GRU", 8, 8)


def test_equal_layers_are_measured_once() -> None:
    other = replace(SITE, row=13)
    third = replace(SITE, row=14, layer=LayerSpec("GRU", 64, 64))
    assert layers([SITE, other, third]) == [
        Benched(LayerSpec("LSTM", 16, 24, 1, True, True), (SITE, other)),
        Benched(LayerSpec("GRU", 64, 64), (third,)),
    ]


def test_what_was_not_run_is_not_measured() -> None:
    assert layers([UNVERIFIED, replace(SITE, verdict="unverified")]) == []


@pytest.mark.parametrize(
    ("one", "sizes"),
    [
        (replace(SITE, layer=SMALL, shown=True), (8, 8)),
        (replace(SITE, layer=SMALL, shown=False), (128, 256)),
        (replace(SITE, layer=LayerSpec("GRU", 50, 300), shown=False), (50, 300)),
        (replace(SITE, layer=LayerSpec("GRU", 50, 300), shown=False, way="slice"), (128, 256)),
        (replace(SITE, layer=SMALL, shown=False, way="recipe"), (8, 8)),
    ],
)
def test_guessed_sizes_are_not_measured(one: Evidence, sizes: tuple[int, int]) -> None:
    [found] = layers([one])
    assert (found.spec.input_size, found.spec.hidden_size) == sizes
    assert bool(found.guessed) == (one.layer is not None and sizes != (one.layer.input_size, one.layer.hidden_size))


def test_a_layer_is_measured_in_a_process_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch", reason="PyTorch is not installed")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "torch.py").write_text("raise ImportError('a file of the user')\n")
    monkeypatch.setattr(benching, "QUICK_SECONDS", 0.2)
    told: list[int] = []
    [done] = bench_all([replace(SITE, layer=SMALL)], lambda one: f"here:{one.row}", ["cpu"], 3, True, told.append)
    assert done.why == ""
    assert done.report is not None
    assert (done.report.spec, done.report.seed, done.report.site, told) == (SMALL, 3, "here:12", [1])
    assert {one.dtype for one in done.report.measurements} == {"float32"}
    assert os.listdir(tmp_path) == ["torch.py"]


def test_what_takes_too_long_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benching, "STARTING", 0.05)
    monkeypatch.setattr(benching, "QUICK_SECONDS", 0.01)
    [done] = bench_all([SITE], lambda one: "", ["cpu"], 0, True)
    assert (done.report, done.why) == (None, "not measured: not done after 0.07 s")


def test_what_raises_is_said() -> None:
    pytest.importorskip("torch", reason="PyTorch is not installed")
    [done] = bench_all([SITE], lambda one: "", ["toaster"], 0, True)
    assert done.report is None
    assert done.why.startswith("not measured: ")
