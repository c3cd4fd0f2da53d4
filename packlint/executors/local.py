"""Work in this process, or in others beside it."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from typing import TYPE_CHECKING

from packlint.executors import AHEAD, Executor, Item, Lost, Result

if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor

DIED = Lost("the process that checked it died")


class OnThisMachine:
    """What needs no network: results are merged in this process, and nothing is held."""

    is_here = True
    workers: int

    @property
    def here(self) -> Executor:
        return self

    def map(
        self, function: Callable[[Item], Result], items: Iterable[Item], ahead: int = AHEAD
    ) -> Iterator[tuple[Item, Result | Lost]]:
        raise NotImplementedError

    def merged(
        self,
        function: Callable[[Item], Result],
        items: Iterable[Item],
        merge: Callable[[Iterable[Result]], Result],
    ) -> tuple[Result, list[tuple[Item, Lost]]]:
        results: list[Result] = []
        lost: list[tuple[Item, Lost]] = []
        for item, result in self.map(function, items):
            if isinstance(result, Lost):
                lost.append((item, result))
            else:
                results.append(result)
        return merge(results), lost

    def close(self) -> None:
        pass


class Here(OnThisMachine):
    """This process, where there is so little to do that another one would start too late."""

    workers = 1

    def map(
        self, function: Callable[[Item], Result], items: Iterable[Item], ahead: int = AHEAD
    ) -> Iterator[tuple[Item, Result | Lost]]:
        for item in items:
            yield item, function(item)


class Processes(OnThisMachine):
    """Processes of this machine, which start with the work and end with it."""

    def __init__(self, workers: int) -> None:
        self.workers = workers

    def map(
        self, function: Callable[[Item], Result], items: Iterable[Item], ahead: int = AHEAD
    ) -> Iterator[tuple[Item, Result | Lost]]:
        from concurrent.futures import FIRST_COMPLETED, wait
        from concurrent.futures.process import BrokenProcessPool

        rest = iter(items)
        first = [*islice(rest, self.workers)]
        lost: list[Item] = []
        if first:
            running: dict[Future[Result], Item] = {}
            with _pool(len(first)) as pool:

                def submit(some: Iterable[Item]) -> None:
                    for item in some:
                        try:
                            with _interrupts_later():
                                running[pool.submit(function, item)] = item
                        except BrokenProcessPool:  # while nobody waited
                            lost.append(item)

                submit(chain(first, islice(rest, self.workers * ahead)))
                while running and not lost:
                    done, _ = wait(running, return_when=FIRST_COMPLETED)
                    for future in done:
                        item = running.pop(future)
                        try:
                            yield item, future.result()
                        except BrokenProcessPool:  # it is not said which item broke it
                            lost.append(item)
                        else:
                            submit(islice(rest, 1))
                lost += running.values()
        lost += rest
        for item, result in zip(lost, in_own_process(function, lost), strict=True):
            yield item, DIED if result is None else result


def in_own_process(function: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result | None]:
    """What a function makes of each item, in a process that may die: None for what it dies of, the others go on."""
    from concurrent.futures.process import BrokenProcessPool

    rest = iter(items)
    died = True
    while died:
        died = False
        with _pool(1) as pool:
            for item in rest:
                with _interrupts_later():
                    future = pool.submit(function, item)
                try:
                    yield future.result()
                except BrokenProcessPool:
                    yield None
                    died = True
                    break


@contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """A pool whose processes do not outlive an interrupt."""
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    # A fork starts in a hundredth of the time; it is safe while this process has one thread.
    method = "fork" if sys.platform == "linux" and threading.active_count() == 1 else "spawn"
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context(method), _ignore_interrupts)
    try:
        yield pool
    except BaseException:
        for process in multiprocessing.active_children():
            process.terminate()
        # Without waiting, Python's own end and that of the pool's thread come between each other.
        pool.shutdown(cancel_futures=True)
        raise
    pool.shutdown()


@contextmanager
def _interrupts_later() -> Iterator[None]:
    """Ctrl-C waits while processes start: one that does not ignore it yet would end with a traceback."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _ignore_interrupts() -> None:
    """Ctrl-C reaches every process of a terminal; the one that started the workers ends them."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
