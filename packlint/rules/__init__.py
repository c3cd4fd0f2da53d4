"""The rules, one file each; a file that is dropped in here is a rule."""

from __future__ import annotations

import functools
import os
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from packlint.rules.base import Rule


@functools.cache
def all_codes() -> tuple[str, ...]:
    """The code of every rule, in order; who asks for no more need not load the rules."""
    stems = (os.path.splitext(name)[0] for folder in __path__ for name in os.listdir(folder))
    return tuple(sorted({stem.upper() for stem in stems if stem.startswith("pck")}))


@functools.cache
def all_rules() -> dict[str, Rule]:
    """Every rule by code, in the order of the codes."""
    return {code: import_module(f"{__name__}.{code.lower()}").RULE for code in all_codes()}
