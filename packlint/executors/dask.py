"""Work on a cluster of `dask.distributed`, whose workers have the same packlint."""

from __future__ import annotations

import asyncio
import logging
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain, islice
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, TypeVar

from packlint.executors import AHEAD, Executor, ExecutorError, Item, Lost, Result, Shared, sending
from packlint.executors.sending import Parcel, RefusedError

if TYPE_CHECKING:
    from distributed import Client, Future

PATIENCE = 10
"""Seconds to wait for the scheduler, for a first worker, and for another one where all are gone."""
FAN_IN = 8
"""Results that are merged at a time: the depth of the tree is the logarithm to this base."""
IN_A_TREE = 1024
"""Items whose results are merged on the cluster before they come here: the scheduler keeps all of these until then."""
SHARED = 4
"""What items share is kept on the cluster while others may need it; so many of them."""
LOGGERS = ("distributed", "distributed.client", "distributed.gc", "tornado", "tornado.application", "asyncio")
CALL = "__import__('packlint.executors.dask', fromlist=['answer']).answer(*arguments)"
"""What a worker evaluates: a function of ours that it cannot import would cost it its connection, and not the task."""

T = TypeVar("T")


class Cluster:
    """The workers of a scheduler; raises `ExecutorError` where it cannot be reached, or they have another packlint."""

    is_here = False

    def __init__(self, address: str, here: Executor, verbose: bool = False) -> None:
        self.here = here
        self._spec = f"--executor dask={address}"
        self._build = sending.build()
        self._shared: dict[str, Future[Parcel]] = {}  # what was used last at the end
        self._counted = 0.0
        self._client = self._connected(address if "://" in address else f"tcp://{address}", verbose)
        try:
            with self._reached():
                self._wait_for_a_worker()
                self._check_builds()
        except BaseException:
            self.close()
            raise

    def _connected(self, where: str, verbose: bool) -> Client:
        if not verbose:
            warnings.filterwarnings("ignore", module=r"(dask|distributed)(\.|$)")
        try:
            from distributed import Client
        except ModuleNotFoundError as error:
            raise ExecutorError(f"--executor dask: {error.name} is needed: pip install 'packlint[dask]'") from error
        if not verbose:
            for name in LOGGERS:
                logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        try:
            asyncio.run(asyncio.wait_for(_answers(where), 2 * PATIENCE))
            return Client(where, timeout=PATIENCE, set_as_default=False)
        except Exception as error:  # of many kinds, where it is no address, or no scheduler that is there
            raise ExecutorError(f"{self._spec}: no scheduler answers there ({_line(error)})") from error

    def _wait_for_a_worker(self) -> None:
        try:
            self._client.wait_for_workers(1, timeout=PATIENCE)
        except (TimeoutError, asyncio.TimeoutError) as error:  # one and the same from Python 3.11 on
            raise ExecutorError(f"{self._spec}: the scheduler has no workers") from error

    def _check_builds(self) -> None:
        """Raises `ExecutorError` where a worker has another packlint than this process."""
        for worker, there in self._client.run(sending.build, on_error="return").items():
            if not isinstance(there, str):
                there = f"no packlint that answers ({_line(there)})"
            if there != self._build:
                raise ExecutorError(f"{self._spec}: {worker} {sending.other_build(there, self._build)}")

    @property
    def workers(self) -> int:
        """How many processes there are, counted anew now and then; each works on one item at a time."""
        if time.monotonic() > self._counted + 2:
            with self._reached():
                self._workers = len(self._client.nthreads())
            self._counted = time.monotonic()
        return self._workers

    def map(
        self, function: Callable[[Item], Result], items: Iterable[Item], ahead: int = AHEAD
    ) -> Iterator[tuple[Item, Result | Lost]]:
        for done in self._done(function, items):
            lost = {future: why for _, future in done if (why := self._why_lost(future)) is not None}
            results: Iterator[Result] = iter(self._results([future for _, future in done if future not in lost]))
            for item, future in done:
                yield item, lost.get(future) or next(results)

    def merged(
        self,
        function: Callable[[Item], Result],
        items: Iterable[Item],
        merge: Callable[[Iterable[Result]], Result],
    ) -> tuple[Result, list[tuple[Item, Lost]]]:
        how = sending.pickled(merge)
        rest = iter(items)
        results: list[Result] = []
        lost: list[tuple[Item, Lost]] = []
        while first := list(islice(rest, 1)):
            tree: list[list[Future[Parcel]]] = [[]]
            for done in self._done(function, chain(first, islice(rest, IN_A_TREE - 1))):
                for item, future in done:
                    why = self._why_lost(future)
                    if why is None:
                        self._grow(tree, future, how)
                    else:
                        lost.append((item, why))
            results += self._results([future for level in tree for future in level])
        return merge(results), lost

    def close(self) -> None:
        self._shared.clear()
        with suppress(Exception):  # where the scheduler is gone there is nothing to take leave of
            self._client.close(timeout=2)

    # --- items ---

    def _done(
        self, function: Callable[[Item], Result], items: Iterable[Item]
    ) -> Iterator[list[tuple[Item, Future[Parcel]]]]:
        """The items that are done, with what came of them, as they are."""
        rest = iter(items)
        running: dict[Future[Parcel], Item] = {}
        queue: SimpleQueue[Future[Parcel]] = SimpleQueue()
        while True:
            for item in islice(rest, max(self.workers * AHEAD - len(running), 0)):
                future = self._sent(function, item)
                running[future] = item
                future.add_done_callback(queue.put)
            if not running:
                return
            yield [(running.pop(future), future) for future in self._next(queue)]

    def _next(self, queue: SimpleQueue[T]) -> list[T]:
        """All that are done, once one is; raises where nobody works any more."""
        since = time.monotonic()
        while True:
            with suppress(Empty):
                found = [queue.get(timeout=1)]
                while not queue.empty():
                    found.append(queue.get())
                return found
            if self.workers:
                since = time.monotonic()
            elif time.monotonic() > since + PATIENCE:
                raise ExecutorError(f"{self._spec}: no worker is left")

    def _sent(self, function: Callable[[Item], Result], item: Item) -> Future[Parcel]:
        parcel, shared = sending.packed(function, item)
        beside = [self._kept(key, one) for key, one in shared.items()]
        return self._submitted("worked", self._build, parcel, *beside)

    def _kept(self, key: str, shared: Shared) -> Future[Parcel]:
        """What items share, sent once: a worker fetches it from one that has it, and dask makes up for what is lost."""
        future = self._shared.pop(key, None)
        if future is None or future.status not in {"pending", "finished"}:
            while len(self._shared) >= SHARED:
                del self._shared[next(iter(self._shared))]
            future = self._submitted("kept", sending.pickled(shared))
        self._shared[key] = future
        return future

    def _grow(self, tree: list[list[Future[Parcel]]], future: Future[Parcel], merge: Parcel) -> None:
        """One more result: where a level of the tree is full, it is merged into one of the next."""
        tree[0].append(future)
        for level, futures in enumerate(tree):
            if len(futures) < FAN_IN:
                return
            if level + 1 == len(tree):
                tree.append([])
            tree[level + 1].append(self._submitted("merged", self._build, merge, *futures))
            futures.clear()

    def _submitted(self, what: str, *arguments: str | Parcel | Future[Parcel]) -> Future[Parcel]:
        with self._reached():
            return self._client.submit(eval, CALL, {"arguments": [what, *arguments]}, pure=False)

    # --- what came of them ---

    def _results(self, futures: list[Future[Parcel]]) -> list[Result]:
        with self._reached():
            parcels: list[Parcel] = self._client.gather(futures)
        try:
            return list(map(sending.unpickled, parcels))
        except RefusedError as error:
            raise ExecutorError(f"{self._spec}: this process {error}") from error

    def _why_lost(self, future: Future[Parcel]) -> Lost | None:
        """Why nothing came of an item that is done, if so; raises where that holds for all of them."""
        from distributed import KilledWorker

        if future.status == "finished":
            return None
        with self._reached():
            error = future.exception()
            if error is None:
                return None
            if isinstance(error, KilledWorker):
                return Lost("every worker that was given it died")
            if future.status == "cancelled":
                raise error
            if isinstance(error, RefusedError):
                raise ExecutorError(f"{self._spec}: {error}") from error
            self._check_builds()
        return Lost(f"the worker failed: {_line(error)}")

    @contextmanager
    def _reached(self) -> Iterator[None]:
        """A scheduler that is gone is said in a line."""
        try:
            yield
        except ExecutorError:
            raise
        except Exception as error:  # of many kinds: connections, time-outs, a client that was closed
            gone = isinstance(error, OSError) or self._client.status != "running"
            why = "the scheduler is gone" if gone else "the cluster failed"
            raise ExecutorError(f"{self._spec}: {why} ({_line(error)})") from error


def answer(what: str, *arguments: str | Parcel) -> Parcel:
    """What a worker does; it says its name where it refuses."""
    from distributed import get_worker

    try:
        parcel: Parcel = getattr(sending, what)(*arguments)
    except RefusedError as error:
        raise RefusedError(f"{get_worker().address} {error}") from error
    return parcel


async def _answers(where: str) -> None:
    """Raises where no scheduler answers: a client would wait for it without end."""
    from distributed import Security
    from distributed.comm.core import connect

    comm = await connect(where, timeout=PATIENCE, **Security().get_connection_args("client"))
    comm.abort()


def _line(error: object) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]
