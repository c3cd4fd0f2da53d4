"""The assertions pass in silence where a model is right, and say where it is wrong and by how much."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

pytest.importorskip("torch", reason="PyTorch is not installed")

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_sequence, pad_sequence

from packlint.testing import (
    TOLERANCES,
    assert_batch_invariant,
    assert_padding_invariant,
    assert_permutation_equivariant,
    assert_states_final,
)
from tests.testing import models
from tests.testing.models import ones, sequences

pytest_plugins = "pytester"

Assertion = Callable[..., None]


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """On tensors this small, more threads only wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


ASSERTIONS = [assert_batch_invariant, assert_padding_invariant, assert_permutation_equivariant]
every_assertion = pytest.mark.parametrize("check", ASSERTIONS, ids=lambda check: check.__name__)
RAGGED = sequences(3, 8, 1, 5)


def said(check: Assertion, *args: Any, **options: Any) -> str:
    """What an assertion that fails says."""
    with pytest.raises(AssertionError) as failed:
        check(*args, **options)
    return str(failed.value)


def refused(check: Assertion, *args: Any, **options: Any) -> str:
    """Why an assertion cannot be tried."""
    with pytest.raises(ValueError, match=r".") as failed:
        check(*args, **options)
    return str(failed.value)


# --- models that are right


@every_assertion
@pytest.mark.parametrize(
    ("model", "options"),
    [
        (models.PackedTagger(), {}),
        (models.PackedTagger(layers=2), {}),
        (models.CutTagger(), {}),
        (models.PackedOut(), {}),
        (models.Final(), {}),
        (models.SortedByHand(put_back=True), {}),
        (models.PaddedTagger(bidirectional=False), {}),
        (models.TimeFirst(), {"collate": models.time_first_collate}),
        (models.Masked(), {"collate": models.mask_collate}),
        (models.Masked(), {"collate": models.left_mask_collate, "padding_side": "left"}),
        (models.MaskedMean(), {}),
        (models.Strided(), {}),
        (models.Cumulative(), {}),
        (nn.Linear(4, 2), {}),
        (torch.tanh, {}),
        (models.PackedTagger().forward, {}),
        (partial(models.PackedTagger()), {}),
        (models.ToTheEnd(), {"outputs": lambda result: result["x"]}),
    ],
    ids=lambda value: type(value).__name__ if callable(value) else "",
)
def test_a_right_model(check: Assertion, model: Callable[..., Any], options: dict[str, Any]) -> None:
    check(model, RAGGED, **options)
    check(model, RAGGED[::-1], **options)
    check(model, RAGGED[:2], **options)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16, torch.complex64, torch.int32])
def test_every_dtype(dtype: torch.dtype) -> None:
    rows = [(10 * row).to(dtype) for row in RAGGED]
    assert_batch_invariant(models.Cumulative(), rows)
    assert "sequence 0 of 4" in said(assert_batch_invariant, models.NextStep(), rows, padding_value=7)


@pytest.mark.parametrize("value", [1e6, -1e6, float("nan"), float("inf")])
@pytest.mark.parametrize("extra", [0, 3])
def test_padding_of_any_value_is_not_read(value: float, extra: int) -> None:
    for model in (models.PackedTagger(), models.Final(), models.MaskedMean()):
        assert_padding_invariant(model, RAGGED, extra=extra, padding_value=value)
    ids = [torch.randint(1, 9, (length,)) for length in (3, 5)]
    if value in (1e6, -1e6):
        assert_padding_invariant(models.Cumulative(), ids, extra=extra, padding_value=value)


def test_states_of_a_right_model() -> None:
    for kind in (nn.RNN, nn.LSTM, nn.GRU):
        tagger = models.PackedTagger(layers=2, kind=kind)
        assert_states_final(tagger, RAGGED)
        assert_states_final(tagger, RAGGED, layer=tagger.rnn)
    assert_states_final(models.Final(layers=2), RAGGED, states=lambda result: result)
    assert_states_final(models.States(layers=2), RAGGED, states=lambda result: result)
    assert_states_final(models.States(layers=2), RAGGED, states=lambda result: (result[0][-2:], result[1]))
    assert_states_final(models.SortedByHand(put_back=True), RAGGED, states=lambda result: result)
    time_first = models.TimeFirst()
    assert_states_final(time_first, RAGGED, collate=models.time_first_collate, states=lambda result: result[1])
    assert_states_final(time_first, RAGGED, collate=models.time_first_collate, states=lambda result: result[1][0])
    assert_states_final(nn.LSTM(4, 5, proj_size=2), RAGGED, collate=partial(pack_sequence, enforce_sorted=False))


def test_states_of_a_layer_that_is_given_one_sequence_without_a_batch() -> None:
    tagger = models.PackedTagger()

    def model(x: Tensor, lengths: Tensor) -> object:
        return tagger(x, lengths) if len(x) > 1 else tagger.rnn(x[0])

    assert_states_final(model, RAGGED, layer=tagger.rnn)


def test_arguments_in_a_list() -> None:
    def collate(samples: list[Tensor]) -> tuple[list[Tensor]]:
        return ([pad_sequence(samples, batch_first=True)],)

    assert_padding_invariant(lambda parts: parts[0].cumsum(1), RAGGED, collate=collate)
    assert said(assert_padding_invariant, lambda parts: parts[0].mean(1), RAGGED, collate=collate)


def test_arguments_in_a_named_tuple_or_a_dataclass() -> None:
    def pair(samples: list[Tensor]) -> list[models.Pair]:
        x = pad_sequence(samples, batch_first=True)
        return [models.Pair(x, x[:, 0])]

    def said_of(samples: list[Tensor]) -> models.Said:
        x = pad_sequence(samples, batch_first=True)
        return models.Said(x, x[:, 0])

    assert_padding_invariant(lambda pairs: pairs[0].steps.cumsum(1), RAGGED, collate=pair)
    assert said(assert_padding_invariant, lambda pairs: pairs[0].steps.mean(1), RAGGED, collate=pair)
    assert_padding_invariant(lambda said_of: said_of.logits.cumsum(1), RAGGED, collate=said_of)
    assert said(assert_padding_invariant, lambda said_of: said_of.logits.mean(1), RAGGED, collate=said_of)


def test_a_part_without_values_is_passed_over() -> None:
    assert_batch_invariant(lambda x: (x, x[..., :0]), RAGGED)
    assert said(assert_batch_invariant, lambda x: (x.mean(1), x[..., :0]), RAGGED)


# --- models that are wrong


def test_the_message_of_a_pooled_result() -> None:
    assert said(assert_batch_invariant, models.Mean(), ones(8, 2)) == (
        "sequence 1 of 2 (length 2, batch padded to 8): its result differs by 7.5e-01 from what it gives alone "
        "(tolerance 2.0e-05)"
    )


def test_the_message_names_the_step() -> None:
    assert said(assert_batch_invariant, models.NextStep(), ones(5, 3, 8), padding_value=7) == (
        "sequence 0 of 3 (length 5, batch padded to 8): step 4 differs by 7.0e+00 from what it gives alone "
        "(tolerance 2.0e-05)\n"
        "sequence 1 of 3 (length 3, batch padded to 8): step 2 differs by 7.0e+00 from what it gives alone "
        "(tolerance 2.0e-05)"
    )


def test_the_message_names_the_tensor_where_there_are_several() -> None:
    assert said(assert_batch_invariant, models.ToTheEnd(), ones(8, 3)) == (
        "sequence 1 of 2 (length 3, batch padded to 8): step 0 of output['left'] differs by 5.0e+00 from what it gives "
        "alone (tolerance 0.0e+00)"
    )
    wrong = said(assert_batch_invariant, lambda x: [x, (x.mean(1), x)], ones(8, 2))
    assert "(length 2, batch padded to 8): output[1][0] differs by 7.5e-01" in wrong


def test_steps_of_left_padding_are_counted_from_the_first_real_one() -> None:
    def previous(x: Tensor) -> Tensor:
        return torch.cat((torch.zeros_like(x[:, :1]), x[:, :-1]), dim=1)

    wrong = said(assert_batch_invariant, previous, ones(8, 3), padding_side="left", padding_value=7)
    assert "sequence 1 of 2 (length 3, batch padded to 8): step 0 differs by 7.0e+00" in wrong


def test_the_message_of_more_padding() -> None:
    assert said(assert_padding_invariant, models.Mean(), ones(8, 4), extra=2) == (
        "sequence 0 of 2 (length 8, batch padded to 8): its result differs by 2.0e-01 when the batch is padded to 10 "
        "(tolerance 2.0e-05)\n"
        "sequence 1 of 2 (length 4, batch padded to 8): its result differs by 1.0e-01 when the batch is padded to 10 "
        "(tolerance 1.5e-05)"
    )


def test_the_message_of_other_padding() -> None:
    assert said(assert_padding_invariant, models.NextStep(), ones(8, 3), extra=0, padding_value=7) == (
        "sequence 1 of 2 (length 3, batch padded to 8): step 2 differs by 7.0e+00 when the padding is 7 "
        "(tolerance 2.0e-05)"
    )


def test_other_padding_on_the_left() -> None:
    def previous(x: Tensor) -> Tensor:
        return torch.cat((torch.zeros_like(x[:, :1]), x[:, :-1]), dim=1)

    wrong = said(assert_padding_invariant, previous, ones(8, 3), padding_side="left", extra=0, padding_value=7)
    assert wrong.startswith("sequence 1 of 2 (length 3, batch padded to 8): step 0 differs by 7.0e+00 when the padding")
    for extra in (0, 2):
        assert_padding_invariant(torch.tanh, ones(8, 3), padding_side="left", extra=extra, padding_value=7)


def test_the_message_of_another_number_of_axes() -> None:
    assert said(assert_padding_invariant, lambda x: x if x.size(1) < 9 else x[..., 0], ones(8, 3)) == (
        "its result has the shape [2, 8, 1], and then [2, 11]"
    )


def test_the_message_of_a_permutation() -> None:
    assert said(assert_permutation_equivariant, models.Row(), ones(8, 3)) == (
        "sequence 0 of 2 (length 8, batch padded to 8): its result differs by 1.0e+00 when the batch is in reverse "
        "(tolerance 0.0e+00)\n"
        "sequence 1 of 2 (length 3, batch padded to 8): its result differs by 1.0e+00 when the batch is in reverse "
        "(tolerance 0.0e+00)\n"
        "sequence 0 of 2 (length 8, batch padded to 8): its result differs by 1.0e+00 when the last sequence comes "
        "first (tolerance 0.0e+00)\n"
        "sequence 1 of 2 (length 3, batch padded to 8): its result differs by 1.0e+00 when the last sequence comes "
        "first (tolerance 0.0e+00)"
    )


def test_the_message_of_nan() -> None:
    tail = "is nan alone"
    lines = said(assert_batch_invariant, models.Divided(), ones(8, 3)).splitlines()
    assert lines == [
        f"sequence 0 of 2 (length 8, batch padded to 8): step 0 {tail}",
        f"sequence 1 of 2 (length 3, batch padded to 8): step 0 {tail}",
    ]
    nan = float("nan")
    assert said(assert_batch_invariant, models.NextStep(), ones(8, 3), padding_value=nan) == (
        "sequence 1 of 2 (length 3, batch padded to 8): step 2 is nan in the batch"
    )
    assert said(assert_padding_invariant, models.NextStep(), ones(8, 3), padding_value=nan) == (
        "sequence 0 of 2 (length 8, batch padded to 8): step 7 is nan when the batch is padded to 11\n"
        "sequence 1 of 2 (length 3, batch padded to 8): step 2 is nan when the batch is padded to 11"
    )


def test_the_message_of_an_axis_that_is_dropped() -> None:
    assert said(assert_batch_invariant, models.Squeezed(), ones(8, 3)) == (
        "sequence 0 of 2 (length 8, batch padded to 8): its result has the shape [] alone and [2] in the batch"
    )


def test_the_message_of_steps_that_are_missing() -> None:
    def cut(x: Tensor) -> Tensor:
        return x[:, :4] if len(x) > 1 else x

    assert said(assert_batch_invariant, cut, ones(3, 8)) == (
        "sequence 1 of 2 (length 8, batch padded to 8): its result has the shape [1, 8, 1] alone and [2, 4, 1] in the "
        "batch: too few steps"
    )


def test_many_lines_are_cut() -> None:
    lines = said(assert_batch_invariant, models.Mean(), ones(20, *range(1, 12))).splitlines()
    assert len(lines) == 9
    assert lines[-1] == "... and 3 more"


@pytest.mark.parametrize(
    ("check", "model", "options"),
    [
        (assert_batch_invariant, models.PaddedTagger(), {}),
        (assert_padding_invariant, models.PaddedTagger(), {}),
        (assert_batch_invariant, models.Unmasked(), {"collate": models.mask_collate}),
        (assert_padding_invariant, models.Unmasked(), {"collate": models.mask_collate}),
        (assert_batch_invariant, models.SortedByHand(put_back=False), {}),
        (assert_permutation_equivariant, models.SortedByHand(put_back=False), {}),
        (assert_batch_invariant, models.OverTheBatch(), {}),
        (assert_padding_invariant, models.Mean(), {}),
        (assert_padding_invariant, models.ToTheEnd(), {}),
        (assert_permutation_equivariant, models.Row(), {}),
        (assert_states_final, models.PaddedStates(), {}),
        (assert_states_final, models.PaddedStates(bidirectional=False), {}),
        (assert_states_final, models.LastStep(), {"states": lambda result: result}),
        (assert_states_final, models.FirstLayer(layers=2), {"states": lambda result: result}),
        (assert_states_final, models.SortedByHand(put_back=False), {"states": lambda result: result}),
    ],
)
def test_a_wrong_model(check: Assertion, model: nn.Module, options: dict[str, Any]) -> None:
    message = said(check, model, RAGGED, **options)
    line = r"sequence \d of 4 \(length \d, batch padded to 8\): .* differs by \d\.\de[-+]\d\d .+ \(tolerance .+\)"
    assert all(re.fullmatch(line, one) for one in message.splitlines())
    assert max(float(size) for size in re.findall(r"differs by (\S+)", message)) > 1e-3


def test_what_batch_invariance_does_not_see() -> None:
    """A state that is wrong alone, too, is what `assert_states_final` is for."""
    for model in (models.LastStep(), models.FirstLayer(layers=2)):
        assert_batch_invariant(model, RAGGED)
        assert said(assert_states_final, model, RAGGED, states=lambda result: result)


def test_the_message_of_a_state() -> None:
    lines = said(assert_states_final, models.PaddedStates(), RAGGED).splitlines()
    assert [re.sub(r"\d\.\de-\d\d", "*", line) for line in lines] == [
        f"sequence {index} of 4 (length {length}, batch padded to 8): {state} of layer 0, {direction}, differs by * "
        "from the state of the sequence alone (tolerance *)"
        for index, length, state, direction in re.findall(
            r"sequence (\d) of 4 \(length (\d), .*?: (\w+) of layer 0, (\w+),", "\n".join(lines)
        )
    ]
    assert {line[:10] for line in lines} == {"sequence 0", "sequence 2", "sequence 3"}
    one_way = said(assert_states_final, models.PaddedStates(bidirectional=False, kind=nn.GRU), RAGGED)
    assert "h_n of layer 0 differs by" in one_way
    backward = said(assert_states_final, models.LastStep(), RAGGED, states=lambda result: result)
    assert set(re.findall(r"h_n of layer \d, \w+,", backward)) == {"h_n of layer 0, backward,"}
    # A sequence of one step has the same states everywhere.
    assert "sequence 2" not in backward


# --- options


def test_tolerances() -> None:
    rows = ones(4, 3)

    def shifted(x: Tensor) -> Tensor:
        return 10 * x + 0.01 * (len(x) > 1)

    assert "differs by 1.0e-02 from what it gives alone (tolerance 1.1e-04)" in said(
        assert_batch_invariant, shifted, rows
    )
    assert_batch_invariant(shifted, rows, atol=0.02)
    assert_batch_invariant(shifted, rows, rtol=0.002)
    assert "(tolerance 5.0e-03)" in said(assert_batch_invariant, shifted, rows, rtol=5e-4, atol=0)
    assert TOLERANCES[torch.float64] < TOLERANCES[torch.float32] < TOLERANCES[torch.float16]


def test_axes_that_are_told() -> None:
    def squares(x: Tensor) -> Tensor:
        return (x @ x.transpose(1, 2)).movedim(0, 2)

    assert_batch_invariant(squares, RAGGED)
    assert_batch_invariant(squares, RAGGED, batch_axis=2, time_axis=1)
    assert_batch_invariant(squares, RAGGED, batch_axis=-1, time_axis=-2)

    def fixed(samples: list[Tensor]) -> Tensor:
        return torch.stack(
            [nn.functional.pad(sample, (0, 0, 0, 9 - len(sample)), value=len(samples)) for sample in samples]
        )

    lengths = [len(row) for row in RAGGED]
    assert refused(assert_batch_invariant, torch.tanh, RAGGED, collate=fixed, lengths=lengths) == (
        "alone, too, a sequence is padded as far as in the batch: nothing would be tested"
    )

    def padded_inside(*rows: Tensor) -> Tensor:
        return fixed(list(rows))

    # The padding says how many rows there are, and is not looked at where the time axis is told.
    assert_batch_invariant(padded_inside, RAGGED, collate=tuple, time_axis=1)
    assert said(assert_batch_invariant, padded_inside, RAGGED, collate=tuple).startswith("sequence 0 of 4 (length 3")


def test_a_collate_that_takes_other_samples() -> None:
    words = ["a", "quiet", "and", "lovely film"]

    def collate(samples: list[str]) -> tuple[Tensor, Tensor]:
        rows = [torch.tensor([float(ord(letter)) for letter in word]) for word in samples]
        return pad_sequence(rows, batch_first=True), torch.tensor([len(row) for row in rows])

    assert_batch_invariant(models.Cumulative(), words, collate=collate)
    wrong = said(assert_batch_invariant, lambda x, _: x.mean(1), words, collate=collate)
    assert wrong.startswith("sequence 0 of 4 (length 1, batch padded to 11): its result differs by ")


def test_a_model_that_pads_by_itself() -> None:
    def model(rows: list[Tensor]) -> Tensor:
        return pad_sequence(rows, batch_first=True).cumsum(1)

    assert_batch_invariant(model, RAGGED, collate=list)
    assert said(assert_batch_invariant, lambda rows: pad_sequence(rows, batch_first=True).mean(1), RAGGED, collate=list)


def test_a_model_that_takes_texts() -> None:
    def model(texts: list[str], lengths: Tensor) -> Tensor:
        return lengths * len(texts) if "wrong" in texts else lengths

    def collate(texts: list[str]) -> tuple[list[str], Tensor]:
        return texts, torch.tensor([len(text) for text in texts])

    assert_batch_invariant(model, ["right", "one"], collate=collate, lengths=[5, 3])
    assert said(assert_batch_invariant, model, ["wrong", "one"], collate=collate, lengths=[5, 3]) == (
        "sequence 0 of 2 (length 5, batch padded to 5): its result differs by 5.0e+00 from what it gives alone "
        "(tolerance 0.0e+00)\n"
        "sequence 1 of 2 (length 3, batch padded to 5): its result differs by 3.0e+00 from what it gives alone "
        "(tolerance 0.0e+00)"
    )


def test_mode_gradients_and_random_numbers_are_left_as_they_were() -> None:
    model = models.MaskedMean()
    model.dropout.eval()
    seen = []
    model.register_forward_hook(lambda module, *_: seen.append((module.training, torch.is_grad_enabled())))

    def collate(samples: list[Tensor]) -> tuple[Tensor, Tensor]:
        torch.rand(3)
        return pad_sequence(samples, batch_first=True), torch.tensor([len(sample) for sample in samples])

    state = torch.random.get_rng_state()
    for check in ASSERTIONS:
        check(model, RAGGED, collate=collate)
        assert (model.training, model.dropout.training, model.norm.training) == (True, False, True)
    assert said(assert_batch_invariant, models.Mean(), RAGGED)
    with pytest.raises(RuntimeError, match="mat1 and mat2"):
        assert_batch_invariant(model.linear, ones(2, 3))
    assert model.linear.training
    assert torch.equal(state, torch.random.get_rng_state())
    assert set(seen) == {(False, False)}
    assert torch.is_grad_enabled()
    assert torch.equal(model.norm.running_mean, torch.zeros(4)) if model.norm.running_mean is not None else False


def test_a_module_under_a_method_or_partial_is_put_in_eval_mode() -> None:
    model = models.MaskedMean()
    assert_batch_invariant(model.forward, RAGGED)
    assert_batch_invariant(partial(model), RAGGED)
    assert_batch_invariant(partial(model.forward), RAGGED)
    # What a function runs is not seen.
    assert said(assert_batch_invariant, lambda x: model.dropout(x), RAGGED)


def test_the_traceback_ends_at_the_assertion(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        "import torch\n"
        "from packlint.testing import assert_batch_invariant\n\n"
        "def test_mean():\n"
        "    assert_batch_invariant(lambda x: x.mean(1), [torch.ones(8, 1), torch.ones(2, 1)])\n"
    )
    shown = pytester.runpytest_inprocess("--no-header").stdout.str()
    assert ">       assert_batch_invariant(" in shown
    assert "packlint/testing" not in shown
    assert "def fail" not in shown


# --- what cannot be tried


@every_assertion
@pytest.mark.parametrize(
    ("rows", "options", "why"),
    [
        ([], {}, "two sequences or more are wanted, not 0: nothing would be tested"),
        (ones(3), {}, "two sequences or more are wanted, not 1: nothing would be tested"),
        (ones(3, 3), {}, "all 2 sequences have the length 3: nothing would be tested"),
        (ones(3, 4), {"lengths": [4, 4]}, "all 2 sequences have the length 4: nothing would be tested"),
        (ones(3, 4), {"lengths": [4]}, "lengths=[4]: one is wanted for each of 2 sequences, 1 or more"),
        (ones(3, 4), {"lengths": [4, 0]}, "lengths=[4, 0]: one is wanted for each of 2 sequences, 1 or more"),
        (ones(3, 4), {"padding_side": "both"}, "padding_side is 'right' or 'left', not 'both'"),
        (ones(3, 4), {"batch_axis": 3}, "batch_axis=3: its result has the shape [2, 4, 1]"),
        (ones(3, 4), {"batch_axis": 1}, "batch_axis=1: its result has the shape [2, 4, 1]"),
        (ones(3, 4), {"time_axis": -4}, "time_axis=-4: its result has the shape [2, 4, 1]"),
        ([[1, 2], [3]], {}, "sequence 0 is a list: a tensor [T] or [T, ...] is wanted, or collate="),
        (
            [torch.ones(2), torch.tensor(1)],
            {},
            "sequence 1 is a tensor []: a tensor [T] or [T, ...] is wanted, or collate=",
        ),
        (
            [torch.ones(2), torch.ones(0)],
            {},
            "sequence 1 is a tensor [0]: a tensor [T] or [T, ...] is wanted, or collate=",
        ),
        (
            ["ab", "c"],
            {"collate": lambda words: torch.zeros(len(words), 4)},
            "the lengths of the sequences do not show in what collate makes of each alone: say lengths=",
        ),
    ],
)
def test_what_cannot_be_tested(check: Assertion, rows: list[Any], options: dict[str, Any], why: str) -> None:
    assert refused(check, torch.tanh, rows, **options) == why


@every_assertion
def test_results_that_cannot_be_compared(check: Assertion) -> None:
    rows = ones(3, 4)
    assert refused(check, models.Scalar(), rows) == (
        "no axis is that of the batch, its result has the shape [], and [] alone: pick others with outputs="
    )
    assert refused(check, lambda x: (x, x.sum()), rows) == (
        "no axis is that of the batch, output[1] has the shape [], and [] alone: pick others with outputs="
    )
    assert refused(check, lambda x: x.new_zeros(len(x), len(x)), rows) == (
        "two axes may be that of the batch, its result has the shape [2, 2], and [1, 1] alone: say batch_axis="
    )
    nothing = "there is no tensor in the model's result, or in what outputs= picks"
    assert refused(check, lambda x: x.tolist(), rows) == nothing
    assert refused(check, torch.tanh, rows, outputs=lambda x: None) == nothing
    assert (
        refused(check, lambda x: [x] * len(x), rows) == "the results have other parts: output[0], output[1]; output[0]"
    )


def test_arguments_that_nobody_can_guess() -> None:
    assert refused(assert_batch_invariant, nn.Transformer(4, 2, batch_first=True), RAGGED) == (
        "the model takes `tgt` too: say how a batch is made, collate="
    )
    assert refused(assert_batch_invariant, nn.LSTM(4, 2), RAGGED) == (
        "a batch is made of the shape [B, T, ...], and this layer has batch_first=False: say collate="
    )
    assert refused(
        assert_batch_invariant, torch.tanh, [torch.tensor([1, 2]), torch.tensor([3])], padding_value=0.5
    ) == ("padding_value=0.5: torch.int64 cannot hold that")


def test_padding_that_cannot_be_more() -> None:
    assert refused(assert_padding_invariant, models.Mean(), ones(3, 4), extra=0) == (
        "extra=0: nothing would be tested without a step more of padding"
    )
    assert refused(assert_padding_invariant, models.Mean(), ones(3, 4), extra=-1, padding_value=1.0) == (
        "extra=-1: nothing would be tested without a step more of padding"
    )
    nothing = "no argument that is made of the sequences has padding that could be more"
    packed = partial(pack_sequence, enforce_sorted=False)
    assert refused(assert_padding_invariant, models.Seeded().rnn, RAGGED, collate=packed) == nothing
    both = {"collate": lambda samples: (packed(samples), torch.zeros(len(samples)))}
    assert refused(assert_padding_invariant, lambda rows, _: rows, RAGGED, **both) == nothing
    assert refused(assert_padding_invariant, lambda rows: pad_sequence(rows), RAGGED, collate=list) == nothing


def test_states_that_cannot_be_compared() -> None:
    assert refused(assert_states_final, nn.Linear(4, 2), RAGGED) == "the model has 0 recurrent layers: say layer="
    two = nn.ModuleList([nn.GRU(4, 4, batch_first=True), nn.GRU(4, 4, batch_first=True)])
    assert refused(assert_states_final, two, RAGGED) == "the model has 2 recurrent layers: say layer="
    tagger = models.PackedTagger()
    assert refused(assert_states_final, tagger, RAGGED, layer=nn.GRU(4, 4)) == (
        "the layer ran 0 times, and not once, while the model ran"
    )
    assert refused(assert_states_final, models.SortedByHand(put_back=True), RAGGED) == (
        "the layer is given lengths [8, 5, 3, 1], the sequences have [3, 8, 1, 5]: say states="
    )
    assert refused(assert_states_final, tagger, RAGGED, states=lambda result: result) == (
        "a state is a tensor [4, 8, 10]: [2, 4, 5] or [4, 10] is wanted"
    )
    assert refused(assert_states_final, models.PackedTagger(layers=2), RAGGED, states=lambda result: [result]) == (
        "a state is a list: [4, 4, 5], [2, 4, 5] or [4, 10] is wanted"
    )
    gru = models.PackedTagger(kind=nn.GRU)
    assert refused(assert_states_final, gru, RAGGED, states=lambda result: (result, result)) == (
        "2 states are picked, and GRU has 1"
    )

    def wide(samples: list[Tensor]) -> Tensor:
        return torch.stack([nn.functional.pad(sample, (0, 0, 0, 9 - len(sample))) for sample in samples])

    assert refused(assert_states_final, models.PaddedStates(), RAGGED, collate=wide) == (
        "alone, too, the layer runs over padding: over 9 steps for every sequence"
    )
