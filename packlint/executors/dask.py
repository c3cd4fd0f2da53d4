"""Work on a cluster of `dask.distributed`, whose workers have the same packlint."""

from __future__ import annotations

import asyncio
import functools
import io
import logging
import pickle
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import chain, islice
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

from packlint.executors import Executor, ExecutorError, Item, Lost, Result, Shared

if TYPE_CHECKING:
    from distributed import Client, Future

PATIENCE = 10
"""Seconds to wait for the scheduler, for a first worker, and for another one where all are gone."""
AHEAD = 3
"""Items that wait for each worker, so that none is idle while another is sent."""
FAN_IN = 8
"""Results that are merged at a time: the depth of the tree is the logarithm to this base."""
IN_A_TREE = 1024
"""Items whose results are merged on the cluster before they come here: the scheduler keeps all of these until then."""
SHARED = 4
"""What items share is kept on the cluster while others may need it; so many of them."""
LOGGERS = ("distributed", "distributed.client", "distributed.gc", "tornado", "tornado.application", "asyncio")

T = TypeVar("T")


class Cluster:
    """The workers of a scheduler; raises `ExecutorError` where it cannot be reached, or they have another packlint."""

    is_here = False

    def __init__(self, address: str, here: Executor, verbose: bool = False) -> None:
        from packlint.build import of_this_process

        self.here = here
        self._spec = f"--executor dask={address}"
        self._build = of_this_process()
        self._shared: dict[str, Future[Parcel]] = {}  # what was used last at the end
        self._counted = 0.0
        self._client = self._connected(address if "://" in address else f"tcp://{address}", verbose)
        try:
            self._client.wait_for_workers(1, timeout=PATIENCE)
            self._check_builds()
            self._workers = len(self._client.nthreads())
        except (TimeoutError, asyncio.TimeoutError) as error:
            self.close()
            raise ExecutorError(f"{self._spec}: the scheduler has no workers") from error
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
            return _in_time(lambda: Client(where, timeout=PATIENCE, set_as_default=False))
        except Exception as error:  # of many kinds, where it is no address, or no scheduler that is there
            raise ExecutorError(f"{self._spec}: no scheduler answers there ({_line(error)})") from error

    def _check_builds(self) -> None:
        """Raises `ExecutorError` where a worker has another packlint than this process."""
        for worker, there in self._client.run(ready, on_error="return").items():
            if not isinstance(there, str):
                there = f"no packlint that answers ({_line(there)})"
            if there != self._build:
                raise ExecutorError(f"{self._spec}: {OtherBuildError(worker, there, self._build)}")

    @property
    def workers(self) -> int:
        """How many processes there are, counted anew now and then; each works on one item at a time."""
        if time.monotonic() > self._counted + 2:
            with self._reached():
                self._workers = len(self._client.nthreads())
            self._counted = time.monotonic()
        return self._workers

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[tuple[Item, Result | Lost]]:
        for done in self._done(function, items):
            lost = {future: why for _, future in done if (why := self._why_lost(future)) is not None}
            with self._reached():
                results = iter(self._client.gather([future for _, future in done if future not in lost]))
            for item, future in done:
                yield item, lost.get(future) or next(results)

    def merged(
        self,
        function: Callable[[Item], Result],
        items: Iterable[Item],
        merge: Callable[[Iterable[Result]], Result],
    ) -> tuple[Result, list[tuple[Item, Lost]]]:
        rest = iter(items)
        results: list[Result] = []
        lost: list[tuple[Item, Lost]] = []
        while some := list(islice(rest, 1)):
            tree: list[list[Future[Result]]] = [[]]
            for done in self._done(function, chain(some, islice(rest, IN_A_TREE - 1))):
                for item, future in done:
                    why = self._why_lost(future)
                    if why is None:
                        self._grow(tree, future, merge)
                    else:
                        lost.append((item, why))
            with self._reached():
                results += self._client.gather([future for level in tree for future in level])
        return merge(results), lost

    def close(self) -> None:
        self._shared.clear()
        with suppress(Exception):  # where the scheduler is gone there is nothing to take leave of
            self._client.close(timeout=2)

    # --- items and their results ---

    def _done(
        self, function: Callable[[Item], Result], items: Iterable[Item]
    ) -> Iterator[list[tuple[Item, Future[Result]]]]:
        """The items that are done, with what came of them, as they are."""
        rest = iter(items)
        running: dict[Future[Result], Item] = {}
        queue: SimpleQueue[Future[Result]] = SimpleQueue()
        while True:
            for item in islice(rest, max(self.workers * AHEAD - len(running), 0)):
                with self._reached():
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

    def _sent(self, function: Callable[[Item], Result], item: Item) -> Future[Result]:
        file = io.BytesIO()
        pickler = _Pickler(file)
        pickler.dump((function, item))
        shared = [self._kept(key, one) for key, one in pickler.shared.items()]
        return self._client.submit(work, self._build, Parcel.of(file.getvalue()), *shared, pure=False)

    def _kept(self, key: str, shared: Shared) -> Future[Parcel]:
        """What items share, sent once: a worker fetches it from one that has it, and dask makes up for what is lost."""
        future = self._shared.pop(key, None)
        if future is None or future.status not in {"pending", "finished"}:
            while len(self._shared) >= SHARED:
                del self._shared[next(iter(self._shared))]
            future = self._client.submit(same, Parcel.of(pickle.dumps(shared, pickle.HIGHEST_PROTOCOL)), pure=False)
        self._shared[key] = future
        return future

    def _grow(
        self, tree: list[list[Future[Result]]], future: Future[Result], merge: Callable[[Iterable[Result]], Result]
    ) -> None:
        """One more result: where a level of the tree is full, it is merged into one of the next."""
        tree[0].append(future)
        for level, futures in enumerate(tree):
            if len(futures) < FAN_IN:
                return
            if level + 1 == len(tree):
                tree.append([])
            with self._reached():
                tree[level + 1].append(
                    self._client.submit(work_on_results, self._build, merge, list(futures), pure=False)
                )
            futures.clear()

    def _why_lost(self, future: Future[T]) -> Lost | None:
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
            if isinstance(error, WorkError):
                raise ExecutorError(f"{self._spec}: {error}") from error
            self._check_builds()
        return Lost(f"the worker failed: {_line(error)}")

    @contextmanager
    def _reached(self) -> Iterator[None]:
        """A scheduler that is gone is said in a line."""
        from concurrent.futures import CancelledError

        try:
            yield
        except ExecutorError:
            raise
        except Exception as error:  # of many kinds: connections, time-outs, a client that was closed
            gone = isinstance(error, (OSError, CancelledError, RuntimeError, asyncio.TimeoutError))
            why = "the scheduler is gone" if gone else "the cluster failed"
            raise ExecutorError(f"{self._spec}: {why} ({_line(error)})") from error


class _Unpickler(pickle.Unpickler):
    """Reads what such a pickler wrote, with what is shared beside it."""

    def __init__(self, data: bytes, shared: Mapping[str, Shared]) -> None:
        super().__init__(io.BytesIO(data))
        self._shared = shared

    def persistent_load(self, key: str) -> Shared:
        return self._shared[key]


class _Pickler(pickle.Pickler):
    """Pickles an item without what it shares with others, which it gathers."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self.shared: dict[str, Shared] = {}

    def persistent_id(self, value: object) -> str | None:
        if not isinstance(value, Shared):
            return None
        self.shared[value.key] = value
        return value.key


# --- what travels, and what is done with it on a worker ---


@dataclass(frozen=True, slots=True)
class Parcel:
    """Bytes that are known by their digest."""

    digest: str
    data: bytes = field(compare=False, repr=False)

    @classmethod
    def of(cls, data: bytes) -> Parcel:
        return cls(_digest(data), data)


class WorkError(Exception):
    """Why a worker refuses to work."""


class OtherBuildError(WorkError):
    """A worker that has another packlint."""

    def __init__(self, worker: str, there: str, here: str) -> None:
        super().__init__(worker, there, here)

    def __str__(self) -> str:
        return "{} has {}, and this is {}".format(*self.args)


class DamagedError(WorkError):
    """A worker that got something else than was sent."""

    def __init__(self, worker: str) -> None:
        super().__init__(worker)

    def __str__(self) -> str:
        return "what {} got is not what was sent".format(*self.args)


_alone = threading.Lock()  # a worker with several threads works on one item at a time all the same


def ready() -> str:
    """Which packlint a worker has, all of it imported: what is on its disk may change later."""
    import packlint.check
    import packlint.shards  # noqa: F401
    from packlint.build import of_this_process

    return of_this_process()


def work(build: str, parcel: Parcel, *shared: Parcel) -> Any:
    """What a function makes of an item, both of which were pickled without what is shared."""
    with _alone:
        _check_build(build)
        function, item = _Unpickler(_opened(parcel), dict(map(_opened_shared, shared))).load()
        return function(item)


def work_on_results(build: str, merge: Callable[[Iterable[Result]], Result], results: list[Result]) -> Result:
    """Results that lie on workers, merged into one."""
    with _alone:
        _check_build(build)
        return merge(results)


def _check_build(build: str) -> None:
    there = ready()
    if there != build:
        raise OtherBuildError(_worker(), there, build)


def same(parcel: Parcel) -> Parcel:
    """A parcel that lies on a worker, for others to fetch it there."""
    return parcel


@functools.lru_cache(SHARED)
def _opened_shared(parcel: Parcel) -> tuple[str, Shared]:
    shared: Shared = pickle.loads(_opened(parcel))
    return shared.key, shared


def _opened(parcel: Parcel) -> bytes:
    if _digest(parcel.data) != parcel.digest:
        raise DamagedError(_worker())
    return parcel.data


def _digest(data: bytes) -> str:
    from hashlib import sha256

    return sha256(data).hexdigest()


def _worker() -> str:
    from distributed import get_worker

    address: str = get_worker().address
    return address


def _in_time(function: Callable[[], T]) -> T:
    """What a function gives; raises `TimeoutError` where it goes on: for a first answer dask waits without end."""
    answers: SimpleQueue[T | Exception] = SimpleQueue()

    def answer() -> None:
        try:
            answers.put(function())
        except Exception as error:
            answers.put(error)

    threading.Thread(target=answer, daemon=True).start()
    try:
        found = answers.get(timeout=2 * PATIENCE)
    except Empty:
        raise TimeoutError("what is there does not answer") from None
    if isinstance(found, Exception):
        raise found
    return found


def _line(error: object) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]
