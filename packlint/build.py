"""Which packlint this is: what two of them find may differ where one line of their code does."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Iterator

from packlint import __version__

APART = {"__pycache__", "verify", "testing", "fixers"}
"""Folders that have no say in what is found."""


def code_files() -> Iterator[str]:
    """The files of packlint that decide what is found, in order."""
    for folder, folders, names in os.walk(os.path.dirname(os.path.abspath(__file__))):
        folders[:] = sorted(set(folders) - APART)
        yield from (os.path.join(folder, name) for name in sorted(names) if name.endswith(".py"))


@functools.cache
def of_this_process() -> str:
    """This packlint, by the contents of its files, which are alike wherever it is installed, and the Python."""
    from hashlib import sha256

    code = sha256()
    for path in code_files():
        with open(path, "rb", buffering=0) as file:
            code.update(file.read())
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    return f"packlint {__version__} ({code.hexdigest()[:12]}) on Python {python}"
