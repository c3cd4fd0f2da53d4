"""The rules, one file each; a file that is dropped in here is a rule."""

from __future__ import annotations

import functools
import pkgutil
from importlib import import_module

from packlint.rules.base import Rule


@functools.cache
def all_rules() -> dict[str, Rule]:
    """Every rule by code, in the order of the codes."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name.startswith("pck"))
    rules = [import_module(f"{__name__}.{name}").RULE for name in names]
    return {rule.code: rule for rule in rules}
