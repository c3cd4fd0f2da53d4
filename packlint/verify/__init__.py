"""What packlint says is right is run: the original, its rewrite, and each sequence alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from packlint.verify.recipes import recipe

if TYPE_CHECKING:
    from packlint.verify.batches import Batch

__all__ = ["Batch", "recipe"]


def __getattr__(name: str) -> Any:
    """`Batch` takes an import of torch, which is made for who asks for it."""
    if name == "Batch":
        from packlint.verify.batches import Batch

        return Batch
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
