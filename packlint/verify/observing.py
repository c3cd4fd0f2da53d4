"""What happens in a run: the calls of recurrent layers, what is packed and unpacked, and the values of places.

Observed, not guessed. `install` puts wrappers around torch's functions once in a process, before any code of the user's
is imported; they work as ever, and tell the observer of the run that is going on, if there is one.
"""

from __future__ import annotations

import contextlib
import functools
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import rnn as rnn_utils
from torch.nn.utils.rnn import PackedSequence

from packlint.verify.batches import Batch

AT = "__packlint_at__"
"""The name of the function that the code under test calls around each place."""

_pack = rnn_utils.pack_padded_sequence
_unpack = rnn_utils.pad_packed_sequence


@dataclass(slots=True)
class LayerCall:
    """One call of a recurrent layer, with the batch in front: rows [B, T, F], output [B, T, H], h and c [L, B, H].

    row: of the line that called it, in the file under test. packed: how many steps of each row were run, where the
    input was packed. entered: what the layer or the pack before it was given, as it was given.
    """

    layer: nn.RNNBase
    row: int
    rows: Tensor
    state: tuple[Tensor, ...] | None
    output: Tensor
    states: tuple[Tensor, ...]
    packed: tuple[int, ...] | None = None
    entered: Entered | None = None

    @property
    def given(self) -> Tensor:
        """The padded rows on their way in, before a pack."""
        return self.rows if self.entered is None else self.entered.rows


@dataclass(slots=True)
class Entered:
    """A padded batch on its way into a layer: the tensor, whether the batch comes first in it, and which line it was.

    told: which of both the code says. data: of the packed sequence that was made of it.
    """

    tensor: Tensor
    batch_first: bool
    row: int
    data: Tensor | None = None
    lengths: Any = None
    told: bool = True

    @property
    def rows(self) -> Tensor:
        return self.tensor if self.batch_first else self.tensor.transpose(0, 1)


@dataclass(slots=True)
class Unpacked:
    """A call of pad_packed_sequence: what came out, with the batch in front, and the packed data it came of."""

    output: Tensor
    data: Tensor
    row: int
    batch_first: bool = True


@dataclass(slots=True)
class Observation:
    """All that was seen in one run.

    error: what the code raised, in a line; refused: it was a recurrent layer, a pack or an unpack that raised it.
    results: what it returned; packed: which of them are packed sequences.
    """

    layers: list[LayerCall] = field(default_factory=list)
    entered: list[Entered] = field(default_factory=list)
    unpacked: list[Unpacked] = field(default_factory=list)
    places: dict[str, list[Any]] = field(default_factory=dict)
    results: list[Tensor] = field(default_factory=list)
    error: str | None = None
    error_row: int = 0
    traceback: str = ""
    refused: bool = False
    packed: list[bool] = field(default_factory=list)


Pin = Callable[[Tensor], Tensor | None]
"""Given a padded batch in front of a layer, with the batch first: what is to stand there instead, or None."""


@dataclass(slots=True)
class Observer:
    """Told by the wrappers. filename: of the code under test. pin: see `Pin`. whole: packs every row at full width."""

    filename: str
    batch: Batch
    pin: Pin | None = None
    whole: bool = False
    on_device: bool = False
    seen: Observation = field(default_factory=Observation)

    def row(self) -> int:
        """The line of the code under test that is being run."""
        frame = sys._getframe(1)
        while frame is not None:
            if frame.f_code.co_filename == self.filename:
                return frame.f_lineno
            frame = frame.f_back  # type: ignore[assignment]
        return 0

    def entry(self, tensor: Tensor, batch_first: bool) -> Entered:
        """Note a padded batch that goes into a layer; where it is pinned, with other contents."""
        first = self._batch_first(tensor, batch_first)
        if self.pin is not None and tensor.dim() == 3:
            pinned = self.pin(tensor if first else tensor.transpose(0, 1))
            if pinned is not None:
                tensor = pinned if first else pinned.transpose(0, 1)
        entered = Entered(tensor, first, self.row(), told=batch_first)
        self.seen.entered.append(entered)
        return entered

    def _batch_first(self, tensor: Tensor, told: bool) -> bool:
        """Which axis is the batch's, by its size; what the code says where both could be."""
        sizes = tensor.shape[:2]
        size = self.batch.size
        if (sizes[0] == size) == (sizes[1] == size):
            return told
        return bool(sizes[0] == size)


_current: list[Observer] = []


def observer() -> Observer | None:
    """The observer of the run that is going on."""
    return _current[-1] if _current else None


@contextmanager
def observing(one: Observer) -> Iterator[Observer]:
    """With this observer told of what happens."""
    _current.append(one)
    try:
        yield one
    finally:
        _current.remove(one)


def at(key: str, value: Any) -> Any:
    """Note the value of a place, and hand it on."""
    if _current:
        _current[-1].seen.places.setdefault(key, []).append(value)
    return value


class OnDevice(Tensor):
    """A tensor that stands for one on an accelerator: packing refuses it, and `.cpu()` and the like bring it back.

    It shows on a machine without one what torch does with lengths that are on the device.
    """

    @classmethod
    def __torch_function__(cls, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = getattr(function, "__name__", "")
        with torch._C.DisableTorchFunctionSubclass():
            done = function(*args, **kwargs)
        if name == "cpu" or (name in {"to", "as_tensor", "tensor"} and _names_cpu(args[1:], kwargs)):
            return done.as_subclass(Tensor)
        if name == "numpy":
            raise TypeError("can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() to copy it first.")
        if isinstance(done, tuple):  # sorted, and its order
            return type(done)([_on_device(cls, one) for one in done])
        return _on_device(cls, done)


def _on_device(cls: type[OnDevice], value: Any) -> Any:
    countable = isinstance(value, Tensor) and value.dim() and not value.is_floating_point()
    return value.as_subclass(cls) if countable else value


def _names_cpu(args: Sequence[Any], kwargs: dict[str, Any]) -> bool:
    words = [*args, kwargs.get("device")]
    return any(str(word) == "cpu" for word in words if isinstance(word, str | torch.device))


ON_DEVICE = "'lengths' argument should be a 1D CPU int64 tensor, but got 1D cuda:0 Long tensor"


def install() -> None:
    """Put the wrappers around torch's functions; once in a process."""
    if getattr(rnn_utils.pack_padded_sequence, "packlint", False):
        return

    @functools.wraps(_pack)
    def pack(input: Tensor, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True) -> PackedSequence:
        one = observer()
        if one is None or not isinstance(input, Tensor) or input.dim() < 2:
            return _pack(input, lengths, batch_first, enforce_sorted)
        if isinstance(lengths, OnDevice):
            one.entry(input, batch_first).lengths = lengths.as_subclass(Tensor)
            raise RuntimeError(ON_DEVICE)
        entered = one.entry(input, batch_first)
        entered.lengths = lengths
        if one.whole:
            axis = 1 if entered.batch_first else 0
            lengths = torch.full((input.shape[1 - axis],), input.shape[axis])
        with _refusing(one):
            packed = _pack(entered.tensor, lengths, batch_first, enforce_sorted)
        entered.data = packed.data
        return packed

    @functools.wraps(_unpack)
    def unpack(
        sequence: PackedSequence,
        batch_first: bool = False,
        padding_value: float = 0.0,
        total_length: int | None = None,
    ) -> tuple[Tensor, Tensor]:
        one = observer()
        with contextlib.nullcontext() if one is None else _refusing(one):
            output, lengths = _unpack(sequence, batch_first, padding_value, total_length)
        if one is not None:
            front = output if batch_first else output.transpose(0, 1)
            one.seen.unpacked.append(Unpacked(front, sequence.data, one.row(), batch_first))
        return output, lengths

    pack.packlint = True  # type: ignore[attr-defined]
    rnn_utils.pack_padded_sequence = pack
    rnn_utils.pad_packed_sequence = unpack
    for kind in (nn.RNN, nn.LSTM, nn.GRU):
        kind.forward = _observed(kind.forward)  # type: ignore[method-assign]


@contextmanager
def _refusing(one: Observer) -> Iterator[None]:
    """Notes that what raises is torch's own function."""
    try:
        yield
    except Exception:
        one.seen.refused = True
        raise


def _observed(forward: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(forward)
    def observed(self: nn.RNNBase, input: Any, hx: Any = None) -> Any:
        one = observer()
        if one is None:
            return forward(self, input, hx)
        entered: Entered | None = None
        if isinstance(input, Tensor) and input.dim() == 3:
            entered = one.entry(input, self.batch_first)
            input = entered.tensor
        row = one.row()
        with _refusing(one):
            made = forward(self, input, hx)
        with contextlib.suppress(Exception):  # an input of a form that is not looked at
            one.seen.layers.append(_call(self, row, input, hx, made, entered, one))
        return made

    return observed


def _call(
    layer: nn.RNNBase, row: int, input: Any, hx: Any, made: Any, entered: Entered | None, one: Observer
) -> LayerCall:
    output, states = made
    states = states if isinstance(states, tuple) else (states,)
    hx = None if hx is None else hx if isinstance(hx, tuple | list) else (hx,)
    state = None if hx is None else tuple(hx)
    if isinstance(input, PackedSequence):
        rows, lengths = _unpack(input, batch_first=True)
        output = _unpack(output, batch_first=True)[0]
        entered = next((e for e in reversed(one.seen.entered) if e.data is input.data), None)
        return LayerCall(layer, row, rows, state, output, states, tuple(lengths.tolist()), entered)
    rows = input if layer.batch_first else input.transpose(0, 1)
    output = output if layer.batch_first else output.transpose(0, 1)
    return LayerCall(layer, row, rows, state, output, states, None, entered)


def are_packed(result: Any, depth: int = 0) -> list[bool]:
    """Which of what `flat` gives are packed sequences."""
    if isinstance(result, PackedSequence) or depth > 5:
        return [True] * isinstance(result, PackedSequence)
    if isinstance(result, Tensor):
        return [False] * result.is_floating_point()
    if isinstance(result, dict):
        result = list(result.values())
    if isinstance(result, tuple | list):
        return [one for part in result for one in are_packed(part, depth + 1)]
    return []


TAKES_TENSORS = ("must be Tensor, not PackedSequence", "'PackedSequence' object has no attribute")
"""What is said where a pack stands in the place of a tensor."""


def torch_refused(seen: Observation) -> bool:
    """Whether it was torch that raised: a layer, a pack or an unpack, or what takes a tensor and was given a pack."""
    return seen.refused or any(words in (seen.error or "") for words in TAKES_TENSORS)


def rightly_given(seen: Observation, base: Batch, codes: set[str | None], layout: bool | None) -> bool:
    """Whether what torch refused was a batch with its lengths, so that it is not for the arguments that were tried."""
    entered = [one for one in seen.entered if one.row > 0]  # by the code under test
    if not entered:
        return False
    last = entered[-1]
    lengths = torch.as_tensor(last.lengths) if isinstance(last.lengths, list | tuple | Tensor) else None
    if lengths is None or lengths.dim() != 1 or len(lengths) != base.size:
        return False
    if "PCK205" in codes:
        return layout is None or last.batch_first is layout
    return last.batch_first is last.told


def flat(result: Any, depth: int = 0) -> list[Tensor]:
    """The tensors of real numbers in a result, in order."""
    if isinstance(result, PackedSequence):
        return [_unpack(result, batch_first=True)[0]]
    if isinstance(result, Tensor):
        return [result] if result.is_floating_point() else []
    if depth > 5:
        return []
    if isinstance(result, dict):
        result = list(result.values())
    if isinstance(result, tuple | list):
        return [one for part in result for one in flat(part, depth + 1)]
    return []
