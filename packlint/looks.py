"""A first look at a file: whether it is there, what it is, and whether it calls anything recurrent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

from packlint.cache import FileState, Signature, signature, signature_of
from packlint.source import Recurrence, read_whole, recurrence


class Look(NamedTuple):
    """What a file is; `error` is why that cannot be said, `unlike` that another file stands there than was meant."""

    state: FileState | None = None
    error: str | None = None
    unlike: bool = False


class Piece(NamedTuple):
    """Files to look at. With digests, each is told.

    For another machine `meant` says what the files are here, lest others of the same names are looked at.
    """

    paths: tuple[str, ...]
    digests: bool
    meant: tuple[Signature | None, ...] | None = None


Looks: TypeAlias = dict[str, Look]
"""Looks by path. Where no digests are wanted, files that name nothing recurrent are left out: they are nearly all."""

UNLIKE = Look(unlike=True)


def for_another_machine(piece: Piece) -> Piece:
    """A piece that says which files are meant."""
    return piece._replace(meant=tuple(map(signature, piece.paths)))


def look_at_all(piece: Piece) -> Looks:
    """A look at each file."""
    if piece.meant is None:
        looks = ((path, _look_at(path, piece.digests)) for path in piece.paths)
    else:
        meant = zip(piece.paths, piece.meant, strict=True)
        looks = ((path, _look_at_meant(path, piece.digests, known)) for path, known in meant)
    return {path: look for path, look in looks if piece.digests or not is_plain(look)}


def is_plain(look: Look) -> bool:
    """Whether a file names nothing recurrent."""
    return look.state is not None and look.state.recurrence is Recurrence.NONE


def merged(some: Iterable[Looks]) -> Looks:
    """The looks at all of the files."""
    return {path: look for looks in some for path, look in looks.items()}


def _look_at(path: str, digests: bool) -> Look:
    try:
        data, status = read_whole(path)
    except OSError as error:
        return Look(error=error.strerror or str(error))
    found = signature_of(status)
    if not digests:
        return Look(FileState(found, "", recurrence(data)))
    from packlint.analysis.texts import digest

    return Look(FileState(found, digest(data), recurrence(data)))


def _look_at_meant(path: str, digests: bool, meant: Signature | None) -> Look:
    """A look at a file that is to be the one that was meant: of its size, and written when that was.

    Inodes and the other time are of the machine, and those of the one that asks are kept.
    """
    if meant is None:
        return UNLIKE
    look = _look_at(path, digests)
    if look.state is None or look.state.signature[:2] != meant[:2]:
        return UNLIKE
    return look._replace(state=look.state._replace(signature=meant))
