"""Where work is done: in this process, in others beside it, or on a cluster; one file an engine.

The engine of packlint cuts its work into items and knows nothing of where they go. An executor takes a function and
items, both of which can be pickled, and gives back what came of them. While it works on one, nothing else of
packlint's is worked on in the same process: what a function keeps there needs no locks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


AHEAD = 3
"""Items that wait for each worker, so that none is idle while another is sent."""


class ExecutorError(Exception):
    """An executor that cannot be used, or no more, in one line."""


class Lost(str):
    """Why nothing came of an item: whatever worked on it died, or failed."""


class Shared:
    """What many items hold, in part or in whole: an executor may send it once. `key` tells it from all others."""

    key: str


class Executor(Protocol):
    """Runs a function over items, somewhere."""

    @property
    def workers(self) -> int:
        """How many items are worked on at a time."""

    @property
    def is_here(self) -> bool:
        """Whether the work is done on this machine, where every file is what it is here."""

    @property
    def here(self) -> Executor:
        """One on this machine, for what cannot be done elsewhere."""

    def map(
        self, function: Callable[[Item], Result], items: Iterable[Item], ahead: int = AHEAD
    ) -> Iterator[tuple[Item, Result | Lost]]:
        """Each item with what came of it, in the order in which they are done.

        Items are taken as there is room for them, so that no more than a few need be in memory. `ahead` says how many
        may wait for a worker, so that none is idle; with 0 the next item is taken for the worker that is free.
        """

    def merged(
        self,
        function: Callable[[Item], Result],
        items: Iterable[Item],
        merge: Callable[[Iterable[Result]], Result],
    ) -> tuple[Result, list[tuple[Item, Lost]]]:
        """What came of all items, merged into one, where that is best done; and the items of which nothing came.

        Any number of results can be merged, also none, and in any order, and so can what came of a merge.
        """

    def close(self) -> None:
        """Let go of what it holds."""


def executor_of(spec: str, here: Executor, verbose: bool = False) -> Executor:
    """The executor that a command line names, `dask=HOST:PORT`; raises `ExecutorError`.

    here: does what cannot be done elsewhere.
    verbose: what the library of the executor logs and warns of is shown.
    """
    name, _, address = spec.partition("=")
    if name != "dask" or not address:
        raise ExecutorError(f"--executor {spec}: unknown (known: dask=HOST:PORT)")
    from packlint.executors.dask import Cluster

    return Cluster(address, here, verbose)
