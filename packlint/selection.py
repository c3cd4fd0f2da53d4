"""Which rules are on: what `--select`, `--ignore` and `--extend-select` say, read as ruff reads them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

ALL = "ALL"
ALWAYS_ON = frozenset({"PCK000"})
"""A failure of packlint itself is never hidden."""
OFF_BY_DEFAULT = frozenset({"PCK105", "PCK203", "PCK206", "PCK402"})
"""Rules that have to be asked for, by their code in full or with ALL."""


class Layer(NamedTuple):
    """The selectors of one place: a configuration file, or the command line.

    A layer with `select` starts anew; one without changes what the layers before it selected.
    """

    select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()

    @property
    def selectors(self) -> tuple[str, ...]:
        return (*(self.select or ()), *self.ignore, *self.extend_select)


DEFAULT_LAYER = Layer(select=("PCK",))


def matches(selector: str, code: str) -> bool:
    """Whether the code is under the selector, be it on or off by default."""
    return selector == ALL or code.startswith(selector)


def turns_on(selector: str, code: str, on_by_default: bool) -> bool:
    """Whether selecting `selector` turns the rule on; a rule that is off needs its code in full, or ALL."""
    return selector in (ALL, code) or (on_by_default and code.startswith(selector))


def is_known(selector: str, codes: Iterable[str]) -> bool:
    """Whether the selector is ALL, or begins a code (`P` alone, and the empty one, begin none of ours)."""
    return selector == ALL or (len(selector) >= len("PCK") and any(code.startswith(selector) for code in codes))


def _specificity(selector: str) -> int:
    return 0 if selector == ALL else len(selector)


def enabled_codes(layers: Iterable[Layer], on_by_default: Mapping[str, bool]) -> frozenset[str]:
    """The codes that are on after all layers; `on_by_default` holds every code.

    Within a layer the longer selector wins, and `ignore` wins over a `select` of the same length.
    """
    enabled: set[str] = set()
    for layer in layers:
        if layer.select is not None:
            enabled.clear()
        selects = (*(layer.select or ()), *layer.extend_select)
        for length in sorted({_specificity(selector) for selector in layer.selectors}):
            for code, default in on_by_default.items():
                if any(_specificity(s) == length and turns_on(s, code, default) for s in selects):
                    enabled.add(code)
                if any(_specificity(s) == length and matches(s, code) for s in layer.ignore):
                    enabled.discard(code)
    return frozenset(enabled) | ALWAYS_ON
