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
def of_this_machine() -> str:
    """This packlint, by the sizes and times of its files, and the Python whose grammar it reads."""
    return _named(f"{os.path.basename(path)} {size} {time}" for path, size, time in map(_status, code_files()))


@functools.cache
def of_this_process() -> str:
    """The same by the contents of its files, which are alike on every machine that has it."""
    return _named(map(_text, code_files()))


def _named(parts: Iterator[str]) -> str:
    from hashlib import sha256

    code = sha256("\n".join(parts).encode()).hexdigest()[:12]
    return f"packlint {__version__} ({code}) on Python {sys.version_info.major}.{sys.version_info.minor}"


def _status(path: str) -> tuple[str, int, int]:
    status = os.stat(path)
    return path, status.st_size, status.st_mtime_ns


def _text(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()
