"""What travels to workers on other machines, and what they do with it: the part that no library has to know.

All that travels are bytes with their digest, so that who only carries them on needs no packlint. A worker unpacks
them where it has the packlint that they were made by, and where they are what was sent.
"""

from __future__ import annotations

import io
import pickle
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from packlint.executors import Shared

Parcel: TypeAlias = tuple[str, bytes]
"""A digest, and the bytes whose digest it is."""

OPENED = 4
"""What items share is kept unpacked for the next one that has it; so many of them."""

_alone = threading.Lock()  # a process with several threads works on one item at a time all the same
_opened: dict[str, Shared] = {}


class RefusedError(Exception):
    """What a worker has that it should not, in words that follow upon its name."""


# --- on the machine that asks ---


def packed(function: Callable[..., Any], item: object) -> tuple[Parcel, dict[str, Shared]]:
    """A function and its argument, and what that shares with others, by its keys: it is left out."""
    file = io.BytesIO()
    pickler = _Pickler(file)
    pickler.dump((function, item))
    return parcel(file.getvalue()), pickler.shared


def pickled(value: object) -> Parcel:
    """Anything that can be pickled."""
    return parcel(pickle.dumps(value, pickle.HIGHEST_PROTOCOL))


def unpickled(sent: Parcel) -> Any:
    """What was pickled; raises `RefusedError` where it is not what was sent."""
    return pickle.loads(_checked(sent))


# --- on the machine that works ---


def build() -> str:
    """Which packlint this process has, all of it imported: what lies on its disk may change later."""
    import packlint.check
    import packlint.shards  # noqa: F401
    from packlint.build import of_this_process

    return of_this_process()


def worked(made_by: str, sent: Parcel, *shared: Parcel) -> Parcel:
    """What a function makes of its argument."""
    with _alone:
        _check_build(made_by)
        function, item = _Unpickler(_checked(sent), dict(map(_unpickled_once, shared))).load()
        return pickled(function(item))


def merged(made_by: str, sent: Parcel, *results: Parcel) -> Parcel:
    """What a function makes of several results."""
    with _alone:
        _check_build(made_by)
        merge: Callable[[Iterable[Any]], Any] = unpickled(sent)
        return pickled(merge(map(unpickled, results)))


def kept(sent: Parcel) -> Parcel:
    """What lies on a worker, for others to fetch it there."""
    return sent


def _check_build(made_by: str) -> None:
    here = build()
    if here != made_by:
        raise RefusedError(other_build(here, made_by))


def other_build(there: str, here: str) -> str:
    """What is said of a worker that has another packlint."""
    return f"has {there}, and this is {here}"


def _unpickled_once(sent: Parcel) -> tuple[str, Shared]:
    digest, _ = sent
    shared = _opened.pop(digest, None)
    if shared is None:
        shared = unpickled(sent)
        while len(_opened) >= OPENED:
            del _opened[next(iter(_opened))]
    _opened[digest] = shared  # what was used last at the end
    return shared.key, shared


# --- bytes ---


def parcel(data: bytes) -> Parcel:
    """Bytes, with their digest."""
    return _digest(data), data


def _checked(sent: Parcel) -> bytes:
    digest, data = sent
    if _digest(data) != digest:
        raise RefusedError("got something else than was sent")
    return data


def _digest(data: bytes) -> str:
    from hashlib import sha256

    return sha256(data).hexdigest()


class _Pickler(pickle.Pickler):
    """Leaves out what is shared, and gathers it."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self.shared: dict[str, Shared] = {}

    def persistent_id(self, value: object) -> str | None:
        if not isinstance(value, Shared):
            return None
        self.shared[value.key] = value
        return value.key


class _Unpickler(pickle.Unpickler):
    """Reads that, with what is shared beside it."""

    def __init__(self, data: bytes, shared: Mapping[str, Shared]) -> None:
        super().__init__(io.BytesIO(data))
        self._shared = shared

    def persistent_load(self, key: str) -> Shared:
        return self._shared[key]
