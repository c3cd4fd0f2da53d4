"""A first look at a file: whether it is there, what it is, and whether it calls anything recurrent."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from packlint.cache import FileState, signature_of
from packlint.source import Recurrence, recurrence


class Status(NamedTuple):
    """What tells two machines whether they see the same file: its size, and when it was written."""

    path: str
    size: int = -1
    modified: int = 0


@dataclass(frozen=True, slots=True)
class Look:
    """What a file is; `error` is why that cannot be said, `unlike` that it is another one than was meant."""

    state: FileState | None = None
    error: str | None = None
    unlike: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """Files to look at; for another machine `statuses` say which files are meant. With digests, each is told."""

    paths: tuple[str, ...]
    digests: bool
    statuses: tuple[Status, ...] | None = None


Looks: TypeAlias = dict[str, Look]
"""Looks by path. Where no digests are wanted, files that name nothing recurrent are left out: they are nearly all."""


def look_at_all(piece: Piece) -> Looks:
    """A look at each file."""
    looks: Looks = {}
    unlike = set() if piece.statuses is None else {one.path for one in piece.statuses if status_of(one.path) != one}
    for path in piece.paths:
        look = Look(unlike=True) if path in unlike else _look_at(path, piece.digests)
        if piece.digests or look.state is None or look.state.recurrence is not Recurrence.NONE:
            looks[path] = look
    return looks


def merge(one: Looks, other: Looks) -> Looks:
    """Looks at some files and at others."""
    one.update(other)
    return one


def _look_at(path: str, digests: bool) -> Look:
    try:
        with open(path, "rb", buffering=0) as file:
            found = signature_of(os.fstat(file.fileno()))
            data = file.read()
    except OSError as error:
        return Look(error=error.strerror or str(error))
    if not digests:
        return Look(FileState(found, "", recurrence(data)))
    from packlint.analysis.texts import digest

    return Look(FileState(found, digest(data), recurrence(data)))


def status_of(path: str) -> Status:
    """What a file is on this machine."""
    try:
        status = os.stat(path)
    except OSError:
        return Status(path)
    return Status(path, status.st_size, status.st_mtime_ns)


def alike(paths: Sequence[str], statuses: Iterable[Status]) -> bool:
    """Whether files are those that were meant, all of them and no others."""
    return [status_of(path) for path in paths] == list(statuses)
