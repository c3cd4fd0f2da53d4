"""float32 that is float32: TensorFloat-32 is off while something is compared, in cuDNN's recurrent layers too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def full_precision() -> Iterator[None]:
    """Switch TF32 off, and back to what it was; by the settings that this PyTorch has, never by both kinds.

    `torch.backends.cudnn.rnn.fp32_precision` is "tf32" unless it is set, and whoever has set one kind of setting gets
    an error from reading the other (PyTorch's notes on CUDA semantics, "TensorFloat-32").
    """
    import torch

    backends = torch.backends
    if hasattr(backends.cudnn, "rnn") and hasattr(backends.cudnn.rnn, "fp32_precision"):
        switches = [(backends.cudnn.rnn, "fp32_precision"), (backends.cuda.matmul, "fp32_precision")]
        off: object = "ieee"
    else:
        switches = [(backends.cudnn, "allow_tf32"), (backends.cuda.matmul, "allow_tf32")]
        off = False
    before = [getattr(where, name) for where, name in switches]
    try:
        for where, name in switches:
            setattr(where, name, off)
        yield
    finally:
        for (where, name), value in zip(switches, before, strict=True):
            setattr(where, name, value)
