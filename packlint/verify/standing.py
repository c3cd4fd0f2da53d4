"""While code under test is built and run, what is written for CUDA goes to the CPU, and chance is held still."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from packlint.verify.observing import OnDevice

RANDOM = {"randn", "rand", "normal", "randn_like", "rand_like", "normal_", "uniform_"}


class Standing(TorchFunctionMode):
    """device: where everything goes. still: random tensors hold one value, so that no row's depends on its place."""

    def __init__(self, device: str = "cpu", still: bool = False) -> None:
        super().__init__()
        self._device = device
        self._still = still

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = getattr(function, "__name__", "")
        if self._device == "cpu":
            if name == "cuda" and args and isinstance(args[0], Tensor):
                return args[0]
            args = tuple(map(_here, args))
            if "device" in kwargs:
                kwargs = {**kwargs, "device": _here(kwargs["device"])}
        made = function(*args, **kwargs)
        if name in {"as_tensor", "tensor"} and isinstance(made, OnDevice) and str(kwargs.get("device")) == "cpu":
            made = made.as_subclass(Tensor)
        if self._still and name in RANDOM and isinstance(made, Tensor):
            with torch.no_grad():
                made.fill_(0.1)
        return made


def _here(word: Any) -> Any:
    if isinstance(word, torch.device) and word.type == "cuda":
        return torch.device("cpu")
    if isinstance(word, str) and word.startswith("cuda"):
        return "cpu"
    return word
