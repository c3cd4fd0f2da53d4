"""What is measured of layers: errors where there are some, times, memory; and float32 that is float32."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from packlint.verify import bench as benches  # noqa: E402
from packlint.verify.bench import FORMS, TOLERANCES, Case, bench, grid, make_case, measure  # noqa: E402
from packlint.verify.measurements import KINDS, LayerSpec, Workload, from_json, to_json, verdict  # noqa: E402
from packlint.verify.page import page  # noqa: E402
from packlint.verify.precision import full_precision  # noqa: E402

WORK = Workload(6, 12, "uniform", seed=1)
SPEC = LayerSpec("LSTM", 3, 4, bidirectional=True, batch_first=True)
ON_CUDA = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="PyTorch sees no CUDA device here"),
]


def on_cuda(test: Callable[..., None]) -> Callable[..., None]:
    """A test that runs where there is a GPU, and says so where there is none."""
    for mark in ON_CUDA:
        test = mark(test)
    return test


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """On tensors this small, more threads only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def errors(case: Case, name: str) -> tuple[float, float]:
    with torch.no_grad():
        return benches._errors(case, FORMS[name](case), benches.run_single(case))


# --- what is right and what is wrong ---


@pytest.mark.parametrize(("kind", "layers", "first"), list(itertools.product(KINDS, (1, 2), (True, False))))
def test_one_direction(kind: str, layers: int, first: bool) -> None:
    case = make_case(LayerSpec(kind, 3, 4, layers, False, first), WORK, "cpu", "float64")
    outputs, states = errors(case, "padded")
    assert outputs < 1e-12
    assert states > 1e-3
    assert max(errors(case, "packed")) < 1e-12
    assert max(errors(case, "gathered")) < 1e-12


@pytest.mark.parametrize(("kind", "layers", "first"), list(itertools.product(KINDS, (1, 2), (True, False))))
def test_two_directions(kind: str, layers: int, first: bool) -> None:
    case = make_case(LayerSpec(kind, 3, 4, layers, True, first), WORK, "cpu", "float64")
    assert min(errors(case, "padded")) > 1e-3
    assert max(errors(case, "packed")) < 1e-12


def test_a_batch_without_padding_is_right_either_way() -> None:
    case = make_case(SPEC, replace(WORK, distribution="equal"), "cpu", "float64")
    assert max(*errors(case, "padded"), *errors(case, "packed")) < 1e-12


def test_the_forms_get_the_same_gradients_in() -> None:
    """With one direction the outputs at real steps and the last `h_n` are equal, so the gradients of both forms are."""
    spec = LayerSpec("GRU", 3, 4, 2)
    case = make_case(spec, WORK, "cpu", "float64")
    case.inputs.requires_grad_()
    with torch.no_grad():
        gradients = benches._gradients(case, benches.run_single(case))
    grads = []
    for name in ("packed", "gathered"):
        benches._step(case, FORMS[name], gradients)
        assert case.inputs.grad is not None
        grads.append([case.inputs.grad, *(weight.grad for weight in case.layer.parameters())])
    for one, other in zip(*grads, strict=True):
        torch.testing.assert_close(one, other)


def test_a_rewrite_that_is_wrong_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def turned(case: Case) -> benches.Ran:
        return benches.run_packed(replace(case, lengths=case.lengths.flip(0)))

    monkeypatch.setattr(benches, "FORMS", {**FORMS, "packed": turned})
    one = measure(SPEC, WORK, repeats=1)
    assert one.packed.error > one.tolerance
    assert verdict(one).startswith("not right now")


def test_no_number_is_the_largest_error() -> None:
    assert benches._largest(torch.tensor([0.0, math.nan, 1.0])) == math.inf


def test_a_case_is_the_same_again() -> None:
    state = torch.get_rng_state()
    one, other = (make_case(SPEC, WORK, "cpu", "float32") for _ in range(2))
    assert torch.equal(one.inputs, other.inputs)
    assert all(map(torch.equal, one.layer.parameters(), other.layer.parameters()))
    assert torch.equal(torch.get_rng_state(), state)


# --- what it costs ---


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
def test_a_measurement(dtype: str) -> None:
    one = measure(replace(SPEC, bidirectional=False), WORK, dtype=dtype, repeats=2)
    assert one.packed.error <= one.tolerance
    assert one.padded.states_error > one.tolerance
    assert one.gathered is not None
    assert one.gathered.error <= one.tolerance
    assert one.repeats == 2
    assert all(min(form.forward, form.step, form.memory) > 0 for form in one.forms.values())
    assert measure(SPEC, WORK, repeats=1).gathered is None


def test_memory_is_the_peak_of_what_is_allocated() -> None:
    kept: list[object] = []

    def action() -> None:
        for _ in range(2):
            torch.empty(1_000_000, dtype=torch.uint8)
        kept.append(torch.empty(500_000, dtype=torch.uint8))

    assert benches._cpu_peak(action) == 1_000_000


@pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="PyTorch has no oneDNN here")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("distribution", ["uniform", "equal"])
def test_no_ragged_packed_lstm_is_run_by_onednn(kind: str, distribution: str) -> None:
    """Why packing an LSTM costs so much on a CPU: docs/packing.md says so."""
    case = make_case(LayerSpec(kind, 3, 4), replace(WORK, distribution=distribution), "cpu", "float32")
    for name, form in FORMS.items():
        with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
            form(case)
        ran = {event.key for event in profile.key_averages()}
        slow = name == "packed" and distribution == "uniform"
        assert ("aten::mkldnn_rnn_layer" in ran) == (kind == "LSTM" and not slow)


def test_patience_bounds_the_repeats() -> None:
    runs: list[str] = []
    actions = {"a": lambda: runs.append("a"), "b": lambda: runs.append("b")}
    rounds = benches._rounds("cpu", actions, repeats=9, patience=0)
    assert runs == ["a", "b"] * 2
    assert [len(seconds) for seconds in rounds.values()] == [1, 1]
    assert len(benches._rounds("cpu", actions, repeats=4, patience=60)["a"]) == 4


def test_spread() -> None:
    assert benches._spread([1.0]) == 0
    assert benches._spread([1.0, 1.0, 1.0, 1.0, 9.0]) == 0
    assert benches._spread([1.0, 2.0, 3.0]) == 0.5


# --- a bench ---


def test_a_bench_there_and_back_and_as_a_page() -> None:
    report = bench(LayerSpec("GRU", 3, 4, batch_first=True), quick=True, seed=5)
    assert len(report.measurements) == 5
    assert report.left_out == ()
    assert {one.workload.seed for one in report.measurements} == {report.seed} == {5}
    assert report.torch == torch.__version__
    assert "thread" in report.devices["cpu"]
    assert from_json(to_json(report)) == report
    assert report.torch in page(report)


def test_what_has_no_time_is_left_out() -> None:
    report = bench(SPEC, limit=0)
    assert report.measurements == ()
    assert len(report.left_out) == len(list(grid(SPEC, 0, 8, 10, whole=True))) == 25
    assert report.left_out[0] == f"cpu, {SPEC}, 8 x 10, equal: no time was left"


@pytest.mark.parametrize(("single", "threads"), [(1.0, 1), (3.0, 2)])
def test_one_thread_is_taken_where_it_is_faster(monkeypatch: pytest.MonkeyPatch, single: float, threads: int) -> None:
    torch.set_num_threads(2)
    monkeypatch.setattr(benches, "_row_step", lambda *_: single if torch.get_num_threads() == 1 else 2.0)
    with benches._threads(SPEC, "cpu", "float32"):
        assert torch.get_num_threads() == threads
    assert torch.get_num_threads() == 2


def test_a_large_layer_gets_a_small_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Workload] = []

    def noted(layer: LayerSpec, work: Workload, *_: object) -> None:
        asked.append(work)
        raise RuntimeError("measured enough")

    monkeypatch.setattr(benches, "measure", noted)
    for seconds, batch in ((1e-6, 32), (1e-3, 16), (1.0, 8)):
        monkeypatch.setattr(benches, "_row_step", lambda *_, seconds=seconds: seconds)
        asked.clear()
        bench(SPEC, limit=100)
        assert asked[0].batch == batch


def test_what_raises_is_left_out_with_its_message(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("no kernel\nand more")

    monkeypatch.setattr(benches, "measure", fails)
    assert bench(SPEC, quick=True).left_out[0].endswith("equal: no kernel")


def test_what_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for devices, dtype, said in (
        (["cuda"], "float32", "no CUDA device"),
        (["meta"], "float32", "not 'meta'"),
        (["cpu"], "int8", "not 'int8'"),
    ):
        with pytest.raises(ValueError, match=said):
            bench(SPEC, devices, dtype)


# --- precision ---


def test_tf32_is_off_and_comes_back() -> None:
    backends = torch.backends
    before = (backends.cudnn.rnn.fp32_precision, backends.cuda.matmul.fp32_precision)
    with full_precision():
        assert backends.cudnn.rnn.fp32_precision == "ieee"
        assert backends.cuda.matmul.fp32_precision == "ieee"
    assert (backends.cudnn.rnn.fp32_precision, backends.cuda.matmul.fp32_precision) == before


def test_tf32_is_off_by_the_settings_of_an_older_pytorch(monkeypatch: pytest.MonkeyPatch) -> None:
    class Switch:
        allow_tf32 = True

    class Backends:
        class cudnn(Switch):  # noqa: N801
            pass

        class cuda:  # noqa: N801
            matmul = Switch()

    monkeypatch.setattr(torch, "backends", Backends)
    with full_precision():
        assert not Backends.cudnn.allow_tf32
        assert not Backends.cuda.matmul.allow_tf32
    assert Backends.cudnn.allow_tf32
    assert Backends.cuda.matmul.allow_tf32


# --- on a GPU ---


@on_cuda
@pytest.mark.parametrize(("kind", "both"), list(itertools.product(KINDS, (False, True))))
@pytest.mark.parametrize("dtype", list(TOLERANCES))
def test_layers_on_cuda(kind: str, both: bool, dtype: str) -> None:
    one = measure(LayerSpec(kind, 32, 64, 2, both, True), Workload(16, 50, "uniform"), "cuda", dtype, repeats=3)
    assert one.packed.error <= one.tolerance
    assert one.padded.states_error > one.tolerance
    if dtype != "bfloat16":  # whose rounding is nearly as large as what padding does to outputs
        assert (one.padded.outputs_error > one.tolerance) == both
    assert one.gathered is None if both else one.gathered is not None and one.gathered.error <= one.tolerance
    assert all(min(form.forward, form.step, form.memory) > 0 for form in one.forms.values())


@on_cuda
def test_float32_on_cuda_is_not_tf32() -> None:
    spec, work = LayerSpec("LSTM", 256, 256, batch_first=True), Workload(8, 20, "equal")
    exact, single = (
        make_case(spec, work, device, dtype) for device, dtype in (("cpu", "float64"), ("cuda", "float32"))
    )
    with torch.no_grad(), full_precision():
        (reference, _), (outputs, _) = benches.run_padded(exact), benches.run_padded(single)
    # The weights of both begin as the same float32 values; TF32 keeps 10 bits of them, and would be off by some 1e-4.
    assert float((outputs.double().cpu() - reference).abs().max()) < 1e-5


@on_cuda
def test_memory_on_cuda_is_the_peak() -> None:
    made: list[object] = []
    peak = benches._peak("cuda", lambda: made.append(torch.empty(1 << 22, dtype=torch.uint8, device="cuda").sum()))
    assert 1 << 22 <= peak < 1 << 23


@on_cuda
def test_a_bench_on_cuda() -> None:
    report = bench(SPEC, ["cuda"], quick=True)
    assert report.left_out == ()
    assert len(report.measurements) == 5
    assert "cuDNN" in report.devices["cuda"]
    assert from_json(to_json(report)) == report


@on_cuda
def test_lengths_on_cuda_cannot_be_packed() -> None:
    from torch.nn.utils.rnn import pack_padded_sequence

    with pytest.raises(RuntimeError, match="should be a 1D CPU int64 tensor"):
        pack_padded_sequence(torch.zeros(3, 2, 1, device="cuda"), torch.tensor([3, 1], device="cuda"))
