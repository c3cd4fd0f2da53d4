"""Work on a cluster of `dask.distributed`, whose workers have the same packlint."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from packlint.executors import ExecutorError, Item, Lost, Result

if TYPE_CHECKING:
    from distributed import Client, Future

PATIENCE = 20
"""Seconds to wait for the scheduler, and for a first worker."""
AHEAD = 3
"""Items that wait for each worker, so that none is idle while another is sent."""
FAN_IN = 8
"""Results that are merged at a time: the depth of the tree is the logarithm to this base."""

T = TypeVar("T")


class Cluster:
    """The workers of a scheduler; raises `ExecutorError` where it cannot be reached, or they have another packlint."""

    is_here = False

    def __init__(self, address: str) -> None:
        try:
            from distributed import Client
        except ModuleNotFoundError as error:
            raise ExecutorError(f"--executor dask: {error.name} is needed: pip install 'packlint[dask]'") from error
        self._address = address
        where = address if "://" in address else f"tcp://{address}"
        try:
            self._client: Client = Client(where, timeout=PATIENCE, set_as_default=False)
        except (OSError, ValueError) as error:
            raise ExecutorError(f"--executor dask={address}: no scheduler answers there ({_line(error)})") from error
        try:
            self._client.wait_for_workers(1, timeout=PATIENCE)
            self._check_versions()
        except TimeoutError as error:
            raise ExecutorError(f"--executor dask={address}: the scheduler has no workers") from error
        except BaseException:
            self.close()
            raise
        self.workers = sum(self._client.nthreads().values())

    def _check_versions(self) -> None:
        from packlint.build import of_this_process

        here = of_this_process()
        for worker, there in self._client.run(of_this_process, on_error="return").items():
            if there != here:
                text = there if isinstance(there, str) else f"no packlint that answers ({_line(there)})"
                raise ExecutorError(f"--executor dask={self._address}: {worker} has {text}, and this is {here}")

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[tuple[Item, Result | Lost]]:
        for item, future in self._done(function, items):
            with self._reached():
                yield item, future.result() if future.status == "finished" else self._lost(future)

    def merged(
        self,
        function: Callable[[Item], Result],
        items: Iterable[Item],
        merge: Callable[[Result, Result], Result],
        nothing: Result,
    ) -> tuple[Result, list[tuple[Item, Lost]]]:
        kept: list[Future[Result]] = []
        lost: list[tuple[Item, Lost]] = []
        for item, future in self._done(function, items):
            if future.status == "finished":
                kept.append(future)
            else:
                lost.append((item, self._lost(future)))
        with self._reached():
            while len(kept) > 1:
                some = [kept[at : at + FAN_IN] for at in range(0, len(kept), FAN_IN)]
                kept = [self._client.submit(_merged, part, merge, nothing, pure=False) for part in some]
            return (kept[0].result() if kept else nothing), lost

    def _done(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[tuple[Item, Future[Result]]]:
        from distributed import as_completed

        rest = iter(items)
        running: dict[Future[Result], Item] = {}
        with self._reached():
            waiting = as_completed(loop=self._client.loop)
            for item in islice(rest, self.workers * AHEAD):
                future = self._client.submit(function, item, pure=False)
                running[future] = item
                waiting.add(future)
            for future in waiting:
                for item in islice(rest, 1):
                    added = self._client.submit(function, item, pure=False)
                    running[added] = item
                    waiting.add(added)
                yield running.pop(future), future

    def _lost(self, future: Future[T]) -> Lost:
        error = future.exception()
        if type(error).__name__ == "KilledWorker":
            return Lost("every worker that was given it died")
        return Lost(f"the worker failed: {_line(error)}")

    @contextmanager
    def _reached(self) -> Iterator[None]:
        """A scheduler that is gone is said in a line."""
        from concurrent.futures import CancelledError

        try:
            yield
        except (OSError, CancelledError) as error:
            raise ExecutorError(f"--executor dask={self._address}: the scheduler is gone ({_line(error)})") from error

    def close(self) -> None:
        self._client.close()


def _merged(results: list[Result], merge: Callable[[Result, Result], Result], whole: Result) -> Result:
    for one in results:
        whole = merge(whole, one)
    return whole


def _line(error: object) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]
