"""Running a model: what it takes, what it gives, and the state that it is left in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence


@contextmanager
def at_rest(model: Callable[..., Any]) -> Iterator[None]:
    """Evaluate: no gradients, eval mode, and afterwards every module's own mode and the random numbers of before."""
    module = module_of(model)
    modes = [] if module is None else [(part, part.training) for part in module.modules()]
    tensors = [] if module is None else [*module.parameters(), *module.buffers()]
    devices = sorted({tensor.device.index for tensor in tensors if tensor.is_cuda})
    with torch.random.fork_rng(devices=devices), torch.no_grad():
        try:
            if module is not None:
                module.eval()
            yield
        finally:
            for part, training in modes:
                part.training = training


def module_of(model: object) -> nn.Module | None:
    """The module that a callable runs: itself, the owner of a method, or what a `partial` calls."""
    while isinstance(model, partial):
        model = model.func
    owner = model if isinstance(model, nn.Module) else getattr(model, "__self__", None)
    return owner if isinstance(owner, nn.Module) else None


def call(model: Callable[..., Any], arguments: object) -> Any:
    """Call the model with what `collate` made: a mapping of named arguments, a tuple of them, or the one argument."""
    if isinstance(arguments, Mapping):
        return model(**arguments)
    if isinstance(arguments, tuple) and not isinstance(arguments, PackedSequence):  # which is a named tuple
        return model(*arguments)
    return model(arguments)


def tensors_in(value: object, name: str, *, unpack: bool = True) -> Iterator[tuple[str, Tensor]]:
    """Every tensor in a value, with the expression that gives it; packed sequences are unpacked to `[B, T, ...]`."""
    if isinstance(value, Tensor):
        yield name, value
    elif isinstance(value, PackedSequence):
        if unpack:
            yield name, pad_packed_sequence(value, batch_first=True)[0]
    elif isinstance(value, Mapping):  # before dataclasses: what Transformers' models give is both
        for key, item in value.items():
            yield from tensors_in(item, f"{name}[{key!r}]", unpack=unpack)
    elif isinstance(value, (tuple, list)):
        for position, item in enumerate(value):
            yield from tensors_in(item, f"{name}[{position}]", unpack=unpack)
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from tensors_in(getattr(value, field.name), f"{name}.{field.name}", unpack=unpack)


def with_tensors(value: Any, name: str, change: Callable[[str, Tensor], Tensor]) -> Any:
    """A value with other tensors in place of those that `tensors_in` gives; packed sequences stay."""
    if isinstance(value, Tensor):
        return change(name, value)
    if isinstance(value, PackedSequence):
        return value
    if isinstance(value, Mapping):
        return {key: with_tensors(item, f"{name}[{key!r}]", change) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        items = [with_tensors(item, f"{name}[{position}]", change) for position, item in enumerate(value)]
        return type(value)._make(items) if hasattr(value, "_make") else type(value)(items)
    if is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in fields(value) if field.init]
        return replace(value, **{one: with_tensors(getattr(value, one), f"{name}.{one}", change) for one in names})
    return value
