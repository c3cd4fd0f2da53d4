"""Loaded by the workers of the tests: what happens to one of them while it checks a file, by the file's name.

    poison*.py  kills the process, each time
    once*.py    kills the process the first time
    hangs*.py   is not done before there is a file `*.go` beside it; that it has begun is said by one, `*.begun`

LOST in the environment is what the process is to live without: modules that cannot be imported, and folders that
cannot be seen (where a mount namespace cannot be had).
"""

from __future__ import annotations

import builtins
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HIDDEN = tuple(os.environ.get("HIDDEN", "").split(os.pathsep)) if os.environ.get("HIDDEN") else ()


def befall(name: str) -> None:
    """Let happen what is to happen to the process that checks a file."""
    path = Path(name)
    if path.name.startswith("poison"):
        os._exit(9)
    if path.name.startswith("once") and not path.with_suffix(".begun").exists():
        path.with_suffix(".begun").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if path.name.startswith("hangs"):
        path.with_suffix(".begun").write_text(str(os.getpid()))
        while not path.with_suffix(".go").exists():
            time.sleep(0.02)


def hidden(path: object) -> bool:
    text = path if isinstance(path, str) else ""
    return any(text == one or text.startswith(one + os.sep) for one in HIDDEN)


def blind(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function on a path, for which there is nothing in the folders that are hidden."""

    def wrapper(path: object = ".", *rest: Any, **named: Any) -> Any:
        if hidden(path):
            raise FileNotFoundError(2, "No such file or directory", path)
        return function(path, *rest, **named)

    return wrapper


for lost in os.environ.get("LOST", "").split():
    sys.modules[lost] = None  # type: ignore[assignment]
if HIDDEN:
    for function in ("stat", "lstat", "scandir", "open"):
        setattr(os, function, blind(getattr(os, function)))
    builtins.open = blind(builtins.open)
if "packlint" not in sys.modules:
    import packlint.check

    honest = packlint.check.check_source

    def check_source(source: Any, *rest: Any) -> Any:
        befall(source.filename)
        return honest(source, *rest)

    packlint.check.check_source = check_source  # type: ignore[assignment]
