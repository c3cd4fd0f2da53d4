"""The order in which tasks are handed out: much work first, and to each worker what lies near its last task.

Files of one folder ask much the same of the files of their project, and a worker that has checked one of them has the
answers at hand.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from packlint.engine import Shard, Task

Value = TypeVar("Value")
Key = tuple[object, ...]

# Small pieces, so that none of the workers is left with much to do when the others are done.
PIECES = 8


class Queue:
    """Shards for workers that begin at different places, and stay in a project and in a folder while there is work.

    A project is one shard, unless it has more than a worker's share of the bytes: then it is cut, for several to share.
    """

    def __init__(self, sizes: Mapping[Task, int], workers: int, singly: bool = False) -> None:
        """`sizes` are in bytes; `singly`, every task is a shard."""
        share = 0 if singly else sum(sizes.values()) / max(workers, 1)
        self._places: dict[Shard, tuple[Key, Key]] = {}
        self._last: tuple[Key, Key] = (), ()
        projects: dict[Key, _Heaps[list[Shard]]] = {}
        for project, tasks in _by(_project, sizes, sizes).items():
            if sum(sizes[task] for task in tasks) <= share:
                shards: dict[Key, list[Shard]] = {(): [tuple(tasks)]}
            else:
                folders = _by(_folder, tasks, sizes)
                shards = {folder: _cut(near, sizes, share / PIECES) for folder, near in folders.items()}
            projects[project] = _Heaps(shards)
            self._places.update({shard: (project, folder) for folder in shards for shard in shards[folder]})
        self._projects = _Heaps(projects)

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[Shard]:
        while self._projects.left:
            project = self._projects.next(self._last[0])
            folders = self._projects.left[project]
            folder = folders.next(self._last[1])
            shards = folders.left[folder]
            yield shards.pop(0)
            if not shards:
                del folders.left[folder]
            if not folders.left:
                del self._projects.left[project]

    def done(self, shard: Shard) -> None:
        """The worker that has done a shard is the one that the next is for."""
        self._last = self._places[shard]


class _Heaps(Generic[Value]):
    """What is left to do in several places."""

    def __init__(self, left: dict[Key, Value]) -> None:
        self.left = left
        self._untouched = iter([*left])

    def next(self, last: Key) -> Key:
        """Where to go on: in the same place, or else in one where nobody is yet, or else to help somewhere."""
        return last if last in self.left else next(self._untouched, next(iter(self.left)))


def _project(task: Task) -> Key:
    return task.root, task.facts, task.past


def _folder(task: Task) -> Key:
    return (os.path.dirname(task.path),)


def _by(key_of: Callable[[Task], Key], tasks: Iterable[Task], sizes: Mapping[Task, int]) -> dict[Key, list[Task]]:
    """Tasks by a key, the most bytes first."""
    groups: dict[Key, list[Task]] = {}
    for task in sorted(tasks, key=lambda task: (task.root, task.path)):
        groups.setdefault(key_of(task), []).append(task)
    return dict(sorted(groups.items(), key=lambda group: -sum(sizes[task] for task in group[1])))


def _cut(tasks: Iterable[Task], sizes: Mapping[Task, int], size: float) -> list[Shard]:
    """Runs of tasks of about so many bytes, the large ones first; a larger one is a run of its own."""
    runs: list[list[Task]] = [[]]
    amount = 0.0
    for task in sorted(tasks, key=lambda task: -sizes[task]):
        if runs[-1] and amount + sizes[task] > size:
            runs.append([])
            amount = 0.0
        runs[-1].append(task)
        amount += sizes[task]
    return [tuple(run) for run in runs]
