"""Assertions about padding, for the tests of people's own models.

They hold for any model that takes padded batches, recurrent or not: what it gives for a sequence must depend neither on
the sequences beside it, nor on the padding behind it, nor on its row. Each assertion runs the model on a ragged batch
and on every sequence alone, in eval mode and without gradients, and leaves its mode and PyTorch's random numbers as
they were. What a model draws at random, or remembers from call to call, is a difference.

Sequences and steps are counted from 0. Sizes: B sequences in the batch, T steps of the longest, F features.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torch import nn

from packlint.testing.results import TOLERANCES, Options, fail
from packlint.testing.rows import PaddingSide, Sample, collated
from packlint.testing.running import at_rest
from packlint.testing.states import observed, only_layer, state_error

__all__ = [
    "TOLERANCES",
    "assert_batch_invariant",
    "assert_padding_invariant",
    "assert_permutation_equivariant",
    "assert_states_final",
]


def assert_batch_invariant(
    model: Callable[..., Any],
    sequences: Sequence[Sample],
    *,
    collate: Callable[[list[Sample]], Any] | None = None,
    outputs: Callable[[Any], Any] | None = None,
    lengths: Sequence[int] | None = None,
    batch_axis: int | None = None,
    time_axis: int | None = None,
    padding_side: PaddingSide = "right",
    padding_value: float = 0,
    rtol: float | None = None,
    atol: float | None = None,
) -> None:
    """Assert that each sequence gets in the batch what it gets alone.

    Args:
        model: a module, or any callable that runs one.
        sequences: two samples or more, not all of one length.
        collate: makes of a list of samples what the model takes: a tuple of arguments, a mapping of named arguments,
            or the one argument. Without it the samples are tensors `[T]` or `[T, ...]`: they are padded to
            `[B, T, ...]`, and a second parameter with `len` in its name is given their lengths, int64 `[B]` on the CPU.
        outputs: picks what is compared from the model's result, all of it unless told. Every tensor in tuples, lists,
            mappings, dataclasses and packed sequences is looked at.
        lengths: how many steps each sequence has, where that shows neither in the samples (tensors) nor in how wide
            `collate` makes each of them alone.
        batch_axis: of the compared tensors; unless told the axis that has the size B in the batch and 1 alone.
        time_axis: of the compared tensors; unless told every axis that has another size alone than in the batch. Only
            real steps are compared: as many as there are alone; where these are no fewer, as many as `lengths` says.
        padding_side: where the padding is, on the `right` or on the `left`.
        padding_value: what the padding holds; with `collate`, that says it.
        rtol: what an error may be, relative to the largest absolute value that it is compared with.
        atol: what it may be on top of that. Unless told both are what `TOLERANCES` has for the dtype.

    Raises:
        AssertionError: a result differs, or is NaN: a line for each such sequence says at which step, and by how much.
        ValueError: nothing would be tested, or what is to be compared does not show.
    """
    __tracebackhide__ = True
    options = Options(outputs, batch_axis, time_axis, padding_side, rtol, atol)
    with at_rest(model):
        rows = collated(model, sequences, collate, lengths, padding_side, padding_value)
        rows.check_that_padding_differs()
        alone = [options.run(model, arguments) for arguments in rows.alone]
        batch = options.run(model, rows.batch)
    views = options.views(rows, alone, batch)
    fail(
        f"{rows.name(index)}: {error.told('from what it gives alone', 'alone', 'in the batch')}"
        for index in range(rows.count)
        for view in views
        if (error := options.error(view, index, (alone[index], 0), (batch, index))) is not None
    )


def assert_padding_invariant(
    model: Callable[..., Any],
    sequences: Sequence[Sample],
    *,
    extra: int = 3,
    padding_value: float | None = None,
    collate: Callable[[list[Sample]], Any] | None = None,
    outputs: Callable[[Any], Any] | None = None,
    lengths: Sequence[int] | None = None,
    batch_axis: int | None = None,
    time_axis: int | None = None,
    padding_side: PaddingSide = "right",
    rtol: float | None = None,
    atol: float | None = None,
) -> None:
    """Assert that more padding changes nothing at real steps, the rows of the batch being the same.

    Every argument tensor with a time axis (an axis that is shorter for a short sequence alone) is made longer by what
    it holds itself at the last step of its shortest row: ids by the id of the padding, a mask by what it masks with.

    Args:
        extra: by how many steps; 0 only where `padding_value` says that the padding changes.
        padding_value: what all padded steps of the first such tensor hold then, the former ones too: a large value or
            NaN shows whether they are read at all. Unless told they stay as they were.
        model, sequences, collate, outputs, lengths, batch_axis, time_axis, padding_side, rtol, atol: as in
            `assert_batch_invariant`; without `collate` the batch is padded with zeros at first.

    Raises:
        AssertionError: a result differs at a real step, or is NaN.
        ValueError: nothing would be tested, or what is to be compared or made longer does not show.
    """
    __tracebackhide__ = True
    if extra < (padding_value is None):
        raise ValueError(f"extra={extra}: nothing would be tested without a step more of padding")
    options = Options(outputs, batch_axis, time_axis, padding_side, rtol, atol)
    with at_rest(model):
        rows = collated(model, sequences, collate, lengths, padding_side, 0)
        longer = rows.with_more_padding(extra, padding_value)
        alone = [options.run(model, arguments) for arguments in rows.alone]
        batch = options.run(model, rows.batch)
        padded = options.run(model, longer)
    views = options.views(rows, alone, batch, padded)
    change = f"when the batch is padded to {rows.width + extra}" if extra else f"when the padding is {padding_value}"
    fail(
        f"{rows.name(index)}: {error.told(change, 'in the batch', change)}"
        for index in range(rows.count)
        for view in views
        if (error := options.error(view, index, (batch, index), (padded, index))) is not None
    )


def assert_permutation_equivariant(
    model: Callable[..., Any],
    sequences: Sequence[Sample],
    *,
    collate: Callable[[list[Sample]], Any] | None = None,
    outputs: Callable[[Any], Any] | None = None,
    lengths: Sequence[int] | None = None,
    batch_axis: int | None = None,
    time_axis: int | None = None,
    padding_side: PaddingSide = "right",
    padding_value: float = 0,
    rtol: float | None = None,
    atol: float | None = None,
) -> None:
    """Assert that the results are permuted as the sequences are: in reverse, and with the last one first.

    The arguments are those of `assert_batch_invariant`.

    Raises:
        AssertionError: a sequence gets something else in another row, or NaN.
        ValueError: nothing would be tested, or what is to be compared does not show.
    """
    __tracebackhide__ = True
    options = Options(outputs, batch_axis, time_axis, padding_side, rtol, atol)
    samples = list(sequences)
    orders = {
        "when the batch is in reverse": list(range(len(samples)))[::-1],
        "when the last sequence comes first": [len(samples) - 1, *range(len(samples) - 1)],
    }
    with at_rest(model):
        rows = collated(model, samples, collate, lengths, padding_side, padding_value)
        alone = [options.run(model, arguments) for arguments in rows.alone]
        batch = options.run(model, rows.batch)
        permuted = {
            change: options.run(model, rows.collate([samples[index] for index in order]))
            for change, order in orders.items()
        }
    views = options.views(rows, alone, batch, *permuted.values())
    fail(
        f"{rows.name(index)}: {error.told(change, 'in the batch', change)}"
        for change, order in orders.items()
        for index in range(rows.count)
        for view in views
        if (error := options.error(view, index, (batch, index), (permuted[change], order.index(index)))) is not None
    )


def assert_states_final(
    model: Callable[..., Any],
    sequences: Sequence[Sample],
    *,
    layer: nn.RNNBase | None = None,
    states: Callable[[Any], Any] | None = None,
    collate: Callable[[list[Sample]], Any] | None = None,
    lengths: Sequence[int] | None = None,
    padding_side: PaddingSide = "right",
    padding_value: float = 0,
    rtol: float | None = None,
    atol: float | None = None,
) -> None:
    """Assert that final states in the batch are those of single unpadded runs.

    The final state of a sequence is the forward state at its last real step and the backward state at step 0. It is
    observed at the layer, by a hook, while the model runs on the sequence alone, without padding. This sees what
    `assert_batch_invariant` does not: a model that reads another layer or direction, or the last step of a
    bidirectional output, and does so alone and in the batch.

    Args:
        layer: the `nn.RNN`, `nn.LSTM` or `nn.GRU` in the model; may be left out where there is only one.
        states: picks the state from the model's result: one tensor is `h_n`, a tuple `(h_n, c_n)`, each of shape
            `[layers * directions, B, H]`, `[directions, B, H]` (those of the last layer), or `[B, directions * H]`
            (these side by side). Unless told the states that the layer itself gives in the batch are compared.
        model, sequences, collate, lengths, padding_side, padding_value, rtol, atol: as in `assert_batch_invariant`.

    Raises:
        AssertionError: a state differs, or is NaN: a line for each such sequence says of which layer and direction.
        ValueError: nothing would be tested, the layer does not run exactly once, its rows are in another order than the
            sequences (then `states` is needed), or the states have another shape.
    """
    __tracebackhide__ = True
    options = Options(None, None, None, padding_side, rtol, atol)
    layer = only_layer(model) if layer is None else layer
    with at_rest(model):
        rows = collated(model, sequences, collate, lengths, padding_side, padding_value)
        alone = [observed(model, layer, arguments)[0] for arguments in rows.alone]
        batch, result = observed(model, layer, rows.batch)
    widths = [one.width for one in alone]
    if len(set(widths)) == 1:
        raise ValueError(f"alone, too, the layer runs over padding: over {widths[0]} steps for every sequence")
    if states is not None:
        picked = states(result)
        found = picked if isinstance(picked, tuple) else (picked,)
    elif batch.lengths not in (None, widths) and sorted(batch.lengths or ()) == sorted(widths):
        raise ValueError(f"the layer is given lengths {batch.lengths}, the sequences have {widths}: say states=")
    else:
        found = batch.states
    if len(found) > len(batch.states):
        raise ValueError(f"{len(found)} states are picked, and {type(layer).__name__} has {len(batch.states)}")
    fail(
        f"{rows.name(index)}: {error.told('from the state of the sequence alone', 'alone', 'in the batch')}"
        for index in range(rows.count)
        for which, state in enumerate(found)
        if (error := state_error(layer, options, rows, index, which, alone[index].states[which], state)) is not None
    )
