"""What is right, shown by running: a model on a ragged batch must give each sequence what it gets alone.

A module under test is Python source with a class `Model` that takes no arguments. What its `forward` is given goes by
the names of its parameters: `ids` and `x` are a padded batch of ids or features, `lengths`, `mask` and `state` what
goes with it. The true result of a row is that of the module *before*, or of its function `truth`, on the row alone and
unpadded. Everything is float64.
"""

from __future__ import annotations

import inspect
import sys
import types
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

LENGTHS = (2, 5, 7, 3, 6)  # whose order by size is not its own inverse
WIDTH = 11  # more than the longest row, as a loader with a fixed size gives
VOCABULARY, FEATURES = 50, 8
TOLERANCE = 1e-10
"""The largest difference, relative to 1 and to the true value; the bar of float64 arithmetic in another order."""


class RefusedError(AssertionError):
    """A rewrite does not give what is right; `str()` says where and by how much."""


@dataclass(frozen=True, slots=True)
class Batch:
    """A padded batch: ids, features and states of each row, by row."""

    lengths: tuple[int, ...]
    width: int
    time_first: bool = False
    form: str = "tensor"
    rows: Tensor = field(init=False)
    features: Tensor = field(init=False)

    def __post_init__(self) -> None:
        generator = torch.Generator().manual_seed(len(self.lengths) + self.width)
        shape = (len(self.lengths), self.width)
        real = torch.arange(self.width) < torch.tensor(self.lengths)[:, None]
        rows = torch.randint(1, VOCABULARY, shape, generator=generator) * real
        features = torch.randn(*shape, FEATURES, dtype=torch.float64, generator=generator) * real[..., None]
        object.__setattr__(self, "rows", rows)
        object.__setattr__(self, "features", features)

    def alone(self, row: int) -> Batch:
        """One row without its padding."""
        one = Batch((self.lengths[row],), self.lengths[row], self.time_first, self.form)
        object.__setattr__(one, "rows", self.rows[row : row + 1, : self.lengths[row]])
        object.__setattr__(one, "features", self.features[row : row + 1, : self.lengths[row]])
        return one

    def arguments(self, forward: Callable[..., Any]) -> dict[str, Any]:
        """What a `forward` is given, by the names of its parameters."""
        known = dict(self._known())
        parameters = inspect.signature(forward).parameters.values()
        return {one.name: known[one.name] for one in parameters if one.name in known}

    def _known(self) -> Iterator[tuple[str, Any]]:
        def laid(tensor: Tensor) -> Tensor:
            return tensor.transpose(0, 1) if self.time_first else tensor

        lengths = torch.tensor(self.lengths)
        yield "ids", laid(self.rows)
        yield "x", laid(self.features)
        yield "lengths", _formed(lengths, self.form)
        yield "mask", laid(torch.arange(self.width) < lengths[:, None])
        yield "batch", (laid(self.rows), _formed(lengths, self.form))


def _formed(lengths: Tensor, form: str) -> Any:
    return {"list": lengths.tolist(), "array": np.array(lengths.tolist())}.get(form, lengths)


def load(source: str, name: str) -> types.ModuleType:
    """A module of its source."""
    module = types.ModuleType(name)
    sys.modules[name] = module
    try:
        exec(compile(source, f"<{name}>", "exec"), module.__dict__)
    finally:
        del sys.modules[name]
    return module


def model(module: types.ModuleType) -> nn.Module:
    """Its model, with the same weights each time."""
    torch.manual_seed(0)
    made = module.Model().double().eval()
    assert isinstance(made, nn.Module)
    return made


def flat(result: Any) -> list[Tensor]:
    """The tensors of a result, in order."""
    if isinstance(result, Tensor):
        return [result]
    if isinstance(result, dict):
        result = list(result.values())
    return [one for part in result for one in flat(part)] if isinstance(result, Sequence | tuple | list) else []


@dataclass(frozen=True, slots=True)
class Oracle:
    """Judges a rewrite. `before` and `after` are sources; `wider`: results may have another padded size than before."""

    before: str
    after: str
    time_first: bool = False
    form: str = "tensor"
    wider: bool = False

    def check(self) -> None:
        """Raises `RefusedError` unless every sequence of a ragged batch gets from `after` what it gets alone."""
        for lengths, width in ((LENGTHS, WIDTH), (LENGTHS, max(LENGTHS)), ((4, 4, 4), 4), ((1, 3), 3)):
            self._rows(Batch(lengths, width, self.time_first, self.form))

    def _rows(self, batch: Batch) -> None:
        module = load(self.before, "before")
        ours = model(load(self.after, "after"))
        theirs = model(module)
        truth = getattr(module, "truth", None)
        try:
            got = flat(ours(**batch.arguments(ours.forward)))
        except Exception as error:
            raise RefusedError(f"it raises: {type(error).__name__}: {error}") from error
        self._shapes(batch, theirs, got)
        ours_loss, true_loss = torch.zeros((), dtype=torch.float64), torch.zeros((), dtype=torch.float64)
        for row, length in enumerate(batch.lengths):
            one = batch.alone(row)
            alone = truth(theirs, **one.arguments(lambda *_: None) or one.arguments(theirs.forward)) if truth else None
            want = flat(theirs(**one.arguments(theirs.forward)) if truth is None else alone)
            if len(want) != len(got):
                raise RefusedError(f"{len(got)} results where there are {len(want)}")
            for place, (batched, true) in enumerate(zip(got, want, strict=True)):
                mine = row_of(batched, true, row, batch, length)
                difference = ((mine - true).abs() / true.abs().clamp(min=1)).max() if true.numel() else mine.sum()
                if not difference <= TOLERANCE:
                    raise RefusedError(f"result {place}, row {row} of {batch.lengths}: off by {difference.item():.2e}")
                weight = torch.arange(1, mine.numel() + 1, dtype=torch.float64).reshape(mine.shape)
                ours_loss, true_loss = ours_loss + (mine * weight).sum(), true_loss + (true * weight).sum()
        self._gradients(ours, theirs, ours_loss, true_loss)

    def _shapes(self, batch: Batch, theirs: nn.Module, got: list[Tensor]) -> None:
        """What follows counts on the shapes that there were."""
        try:
            had = [one.shape for one in flat(theirs(**batch.arguments(theirs.forward)))]
        except Exception:
            return
        has = [one.shape for one in got]
        if had != has and not self.wider:
            raise RefusedError(f"results of the shapes {[*map(tuple, has)]}, before {[*map(tuple, had)]}")

    def _gradients(self, ours: nn.Module, theirs: nn.Module, ours_loss: Tensor, true_loss: Tensor) -> None:
        if ours_loss.requires_grad != true_loss.requires_grad:
            raise RefusedError("the gradient does not get through")
        if not ours_loss.requires_grad:
            return
        ours_loss.backward()  # type: ignore[no-untyped-call]
        true_loss.backward()  # type: ignore[no-untyped-call]
        expected = dict(theirs.named_parameters())
        for name, parameter in ours.named_parameters():
            a, b = parameter.grad, expected[name].grad
            if (a is None) != (b is None):
                raise RefusedError(f"only one of both has a gradient of {name}")
            if a is not None and b is not None:
                off = ((a - b).abs() / b.abs().clamp(min=1)).max().item()
                if not off <= TOLERANCE * 100:
                    raise RefusedError(f"the gradient of {name} is off by {off:.2e}")

    def was_wrong(self) -> bool:
        """Whether `before` raises on a ragged batch, or gives some sequence another result than `after`."""
        batch = Batch(LENGTHS, WIDTH, self.time_first, self.form)
        theirs, ours = model(load(self.before, "before")), model(load(self.after, "after"))
        try:
            before = flat(theirs(**batch.arguments(theirs.forward)))
        except Exception:
            return True
        after = flat(ours(**batch.arguments(ours.forward)))
        if len(before) != len(after) or any(a.shape != b.shape for a, b in zip(before, after, strict=True)):
            return True
        return any(not torch.allclose(a, b, rtol=0, atol=1e-9) for a, b in zip(before, after, strict=True))

    def same_when_full(self) -> bool:
        """Whether a batch without padding gives the same before and after."""
        batch = Batch((4, 4, 4), 4, self.time_first, self.form)
        theirs, ours = model(load(self.before, "before")), model(load(self.after, "after"))
        before, after = (flat(one(**batch.arguments(one.forward))) for one in (theirs, ours))
        return len(before) == len(after) and all(
            a.shape == b.shape and torch.allclose(a, b, rtol=0, atol=TOLERANCE)
            for a, b in zip(before, after, strict=True)
        )


def row_of(batched: Tensor, true: Tensor, row: int, batch: Batch, length: int) -> Tensor:
    """The part of a batch's result that is one row's, of the size that the row has alone.

    Raises:
        RefusedError: its shape is none that a batch of such rows can have.
    """
    if batched.dim() != true.dim():
        raise RefusedError(f"the result has the shape {tuple(batched.shape)}, alone {tuple(true.shape)}")
    count = len(batch.lengths)
    axes = [at for at in range(true.dim()) if batched.shape[at] == count and true.shape[at] == 1]
    if count > 1 and len(axes) != 1 and batched.shape != true.shape:
        raise RefusedError(f"which axis of {tuple(batched.shape)} is the batch's does not show")
    mine = batched.narrow(axes[0], row, 1) if axes else batched
    for at in range(true.dim()):
        if mine.shape[at] > true.shape[at] == length:
            mine = mine.narrow(at, 0, length)
    if mine.shape != true.shape:
        raise RefusedError(f"a row has the shape {tuple(mine.shape)}, alone {tuple(true.shape)}")
    return mine
