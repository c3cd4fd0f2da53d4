"""Checks on other machines, which may see the files that are meant under their names, others, or none.

A worker is told what the project looks like here. Where it sees the same it reads the files for itself; where it does
not, they are sent. Either way it says which files outside of the project's listing its answers rest on: these are
compared, and sent where they differ, until nothing is in doubt.
"""

from __future__ import annotations

import functools
import os
import stat
import uuid
from collections import ChainMap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from packlint.analysis.texts import Listing, Past, Texts, digest
from packlint.config import ProjectFacts
from packlint.engine import Checked, Shard, check_shard, forget, project_of
from packlint.executors import Executor, Lost, Shared
from packlint.source import Recurrence, recurrence_seen

UNSEEN = 255  # stands for a recurrence that is not known
# Projects whose listings, and whose bytes, are kept: the shards that a large one is cut into follow upon each other.
LISTINGS = 64
BUNDLES = 2


class Status(NamedTuple):
    """What tells two machines whether they see the same file: its size, and when it was written; -1 where it is none.

    Two files of one size that were written in the same nanosecond count as one.
    """

    path: str
    size: int = -1
    modified: int = 0


@dataclass(frozen=True, slots=True)
class Order:
    """A shard for a worker on another machine.

    `sight` is what the files of the project are on the one that asks. `recurrences` is what was seen of each of them,
    and `run` names the run: of another one, what a worker knows of files is old. `given` are files that come along:
    those of the project, and what lies `outside` of it.
    """

    run: str
    shard: Shard
    sight: str
    recurrences: bytes
    outside: tuple[str, ...] = ()
    given: Past | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """What came of each task, and the files outside of the project that this rests on, as the worker saw them."""

    checked: list[Checked]
    outside: tuple[Status, ...] = ()


@dataclass(frozen=True, slots=True)
class Lacking:
    """The files that a worker has to be given, besides those of the project."""

    outside: tuple[str, ...] = ()


class Bundle(dict[str, bytes | None], Shared):
    """The bytes of a project's files, which go to every worker that has a shard of it."""

    key = ""


def status_of(path: str) -> Status:
    """What a file is on this machine."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return Status(path)
    return Status(path, status.st_size, status.st_mtime_ns) if stat.S_ISREG(status.st_mode) else Status(path)


def sight(root: str, listing: Listing) -> str:
    """What the files of a project are on this machine, in a word that is the same where they are."""
    inside = len(os.path.join(root, ""))
    files = (status_of(path) for path in listing.files)
    parts = [f"{path[inside:]} {size} {modified}" for path, size, modified in files]
    return _digest([*parts, str(listing.cut), *sorted(listing.links)])


def _digest(parts: Iterable[str]) -> str:
    return digest("\n".join(parts).encode("utf-8", "surrogatepass"))


# --- on the machine that asks ---


@dataclass(frozen=True, slots=True)
class _View:
    listing: Listing
    sight: str
    recurrences: bytes


def checked_elsewhere(shards: Iterable[Shard], executor: Executor) -> Iterator[tuple[Shard, list[Checked] | Lost]]:
    """What came of the tasks of each shard; the workers are given the files that they lack."""
    _view_of.cache_clear()
    _bundle_of.cache_clear()
    run = uuid.uuid4().hex
    orders: Iterable[Order] = (_order(run, shard) for shard in shards)
    while True:
        lacking: list[Order] = []
        for order, result in executor.map(check_order, orders):
            answer = _compared(result) if isinstance(result, Done) else result
            if isinstance(answer, Lacking):
                lacking.append(replace(order, outside=(*order.outside, *answer.outside), given=None))
            else:
                yield order.shard, answer
        if not lacking:
            return
        orders = map(_with_files, lacking)


def _order(run: str, shard: Shard) -> Order:
    view = _view_of(shard[0].root, shard[0].facts.max_files, shard[0].past)
    return Order(run, shard, view.sight, view.recurrences)


def _compared(done: Done) -> list[Checked] | Lacking:
    """What was found, unless it rests on files that are others here."""
    unlike = tuple(seen.path for seen in done.outside if status_of(seen.path) != seen)
    return Lacking(unlike) if unlike else done.checked


@functools.lru_cache(LISTINGS)
def _view_of(root: str, most: int, past: Past | None) -> _View:
    listing = Texts(root, most, past).listing
    seen = sight(root, listing) if past is None else _view_of(root, most, None).sight
    old = () if past is None else past.files
    known = (None if path in old else recurrence_seen(path) for path in listing.files)
    return _View(listing, seen, bytes(UNSEEN if one is None else one for one in known))


def _with_files(order: Order) -> Order:
    """An order that brings files along."""
    first = order.shard[0]
    most, past = first.facts.max_files, first.past
    bundle = _bundle_of(first.root, most, past)
    old = {} if past is None else past.files
    paths = {*old, *order.outside, *(task.path for task in order.shard)} - bundle.keys()
    others = {path: old[path] if path in old else _read(path) for path in sorted(paths)}
    key = _digest([bundle.key, *_contents(others)]) if others else bundle.key
    files = ChainMap(others, bundle)
    return replace(order, given=Past(key, files, _view_of(first.root, most, past).listing))


@functools.lru_cache(BUNDLES)
def _bundle_of(root: str, most: int, past: Past | None) -> Bundle:
    old = {} if past is None else past.files
    paths = _view_of(root, most, past).listing.files
    bundle = Bundle((path, old[path] if path in old else _read(path)) for path in paths)
    bundle.key = _digest([root, *_contents(bundle)])
    return bundle


def _contents(files: dict[str, bytes | None]) -> Iterator[str]:
    return (f"{path} {data is not None and digest(data)}" for path, data in files.items())


def _read(path: str) -> bytes | None:
    """The bytes of a file, none where they cannot be read; None where there is no file."""
    if status_of(path).size < 0:
        return None
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


# --- on the machine that works ---

_run = ""
_sights: dict[tuple[str, ProjectFacts], str] = {}


def check_order(order: Order) -> Done | Lacking:
    """What came of each task, or what is lacking for that."""
    _begin(order.run)
    first = order.shard[0]
    if order.given is None and _sight_of(first.root, first.facts) != order.sight:
        return Lacking()
    shard = order.shard if order.given is None else tuple(task._replace(past=order.given) for task in order.shard)
    texts = project_of(first.root, first.facts, shard[0].past).texts
    for path, seen in zip(texts.listing.files, order.recurrences, strict=False):
        if seen != UNSEEN:
            texts.note_recurrence(path, Recurrence(seen))
    checked = check_shard(shard)
    outside = sorted({*texts.outside, *(task.path for task in shard)}.difference(texts.listing.files))
    if order.given is not None:
        lacking = tuple(path for path in outside if path not in order.given.files)
        return Lacking(lacking) if lacking else Done(checked)
    if texts.unread or any(one.error is not None and not os.access(one.path, os.R_OK) for one in checked):
        return Lacking(tuple(outside))  # what cannot be read here may be readable there
    return Done(checked, tuple(map(status_of, outside)))


def _begin(run: str) -> None:
    global _run
    if run != _run:
        _run = run
        _sights.clear()
        forget()


def _sight_of(root: str, facts: ProjectFacts) -> str:
    if (root, facts) not in _sights:
        _sights[root, facts] = sight(root, project_of(root, facts).texts.listing)
    return _sights[root, facts]
