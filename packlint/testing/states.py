"""The states of a recurrent layer, observed while a model runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from packlint.testing.results import Error, Options
from packlint.testing.rows import Rows
from packlint.testing.running import call, module_of


@dataclass(frozen=True, slots=True)
class LayerCall:
    """What a recurrent layer was given and gave: its steps, its lengths where it was packed, its states `[L, B, H]`."""

    width: int
    lengths: list[int] | None
    states: tuple[Tensor, ...]


def only_layer(model: Callable[..., Any]) -> nn.RNNBase:
    module = module_of(model)
    layers = [] if module is None else [part for part in module.modules() if isinstance(part, nn.RNNBase)]
    if len(layers) != 1:
        raise ValueError(f"the model has {len(layers)} recurrent layers: say layer=")
    return layers[0]


def observed(model: Callable[..., Any], layer: nn.RNNBase, arguments: object) -> tuple[LayerCall, Any]:
    """Run the model, and give the one call of the layer and the model's result."""
    calls: list[LayerCall] = []

    def note(_: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], output: tuple[Any, Any]) -> None:
        given = args[0] if args else kwargs["input"]
        states = output[1] if isinstance(output[1], tuple) else (output[1],)
        states = tuple(state if state.ndim == 3 else state.unsqueeze(1) for state in states)  # unbatched
        if isinstance(given, PackedSequence):
            lengths = pad_packed_sequence(given)[1].tolist()
            calls.append(LayerCall(max(lengths), lengths, states))
        else:
            calls.append(LayerCall(given.size(1 if layer.batch_first and given.ndim == 3 else 0), None, states))

    hook = layer.register_forward_hook(note, with_kwargs=True)
    try:
        result = call(model, arguments)
    finally:
        hook.remove()
    if len(calls) != 1:
        raise ValueError(f"the layer ran {len(calls)} times, and not once, while the model ran")
    return calls[0], result


def state_error(
    layer: nn.RNNBase, options: Options, rows: Rows, index: int, which: int, alone: Tensor, state: object
) -> Error | None:
    """Compare a state in the batch, in any of its shapes, with that of the sequence alone, `[L * D, 1, H]`."""
    directions = 2 if layer.bidirectional else 1
    every, _, hidden = alone.shape
    shape = list(state.shape) if isinstance(state, Tensor) else None
    if isinstance(state, Tensor) and shape in ([every, rows.count, hidden], [directions, rows.count, hidden]):
        found = state[:, index]
    elif isinstance(state, Tensor) and shape == [rows.count, directions * hidden]:
        found = state[index].reshape(directions, hidden)
    else:
        what = type(state).__name__ if shape is None else f"tensor {shape}"
        wanted = dict.fromkeys(map(str, ([every, rows.count, hidden], [directions, rows.count, hidden])))
        raise ValueError(f"a state is a {what}: {', '.join(wanted)} or {[rows.count, directions * hidden]} is wanted")
    first = every - len(found)

    def where(part: int) -> str:
        number, backward = divmod(first + part, directions)
        direction = f", {'backward' if backward else 'forward'}," if layer.bidirectional else ""
        return f"{('h_n', 'c_n')[which]} of layer {number}{direction}"

    return options.compare(alone[first:, 0], found, where)
