"""The order in which tasks are handed out."""

from __future__ import annotations

from packlint.config import ProjectFacts
from packlint.engine import Task
from packlint.queue import Queue


def _sizes(files: dict[str, int]) -> dict[Task, int]:
    """Tasks of `project/folder/file.py`."""
    on = frozenset[str]()
    return {Task(f"/{path}", f"/{path.partition('/')[0]}", on, ProjectFacts()): size for path, size in files.items()}


def _order(queue: Queue, workers: int = 1, first: int = 0) -> list[list[str]]:
    """The shards in the order in which they are handed out, to workers that take turns."""
    found: list[list[str]] = []
    running = []
    for shard in queue:
        found.append([task.path.lstrip("/") for task in shard])
        running.append(shard)
        if len(running) == workers:
            queue.done(running.pop(first))
    return found


FILES = {"a/big/one.py": 600, "a/big/two.py": 500, "a/big/three.py": 400, "a/mid/one.py": 450, "a/top.py": 100}


def test_a_small_project_is_one_shard() -> None:
    files = {"a/one.py": 10, "b/one.py": 10, "a/x/two.py": 20}
    assert _order(Queue(_sizes(files), 1)) == [["a/one.py", "a/x/two.py"], ["b/one.py"]]


def test_projects_come_by_size() -> None:
    files = {"a/one.py": 10, "b/one.py": 20, "c/one.py": 15}
    assert _order(Queue(_sizes(files), 2)) == [["b/one.py"], ["c/one.py"], ["a/one.py"]]


def test_a_large_project_is_cut_and_a_worker_stays_in_its_folder() -> None:
    assert _order(Queue(_sizes(FILES), 2)) == [
        ["a/big/one.py"],
        ["a/big/two.py"],
        ["a/big/three.py"],
        ["a/mid/one.py"],
        ["a/top.py"],
    ]


def test_workers_begin_in_different_folders() -> None:
    order = _order(Queue(_sizes(FILES), 2), workers=2)
    assert order[:2] == [["a/big/one.py"], ["a/mid/one.py"]]
    assert order[2] == ["a/big/two.py"]  # the worker that is free is the one that is there


def test_a_worker_that_is_done_with_its_folder_begins_another_before_it_helps() -> None:
    order = _order(Queue(_sizes(FILES), 2), workers=2, first=1)  # the second worker is always the first that is done
    assert order == [["a/big/one.py"], ["a/mid/one.py"], ["a/top.py"], ["a/big/two.py"], ["a/big/three.py"]]


def test_a_worker_stays_in_its_project() -> None:
    files = {"a/x/one.py": 50, "a/y/one.py": 40, "b/x/one.py": 45, "b/y/one.py": 30}
    assert [shard[0] for shard in _order(Queue(_sizes(files), 3, singly=True))] == [
        "a/x/one.py",
        "a/y/one.py",
        "b/x/one.py",
        "b/y/one.py",
    ]


def test_small_files_of_a_folder_go_together() -> None:
    files = {f"a/small/{number}.py": 10 for number in range(16)} | {"a/other.py": 160}
    assert [len(shard) for shard in _order(Queue(_sizes(files), 2))] == [1, *[2] * 8]


def test_singly_every_task_is_a_shard_and_none_is_lost() -> None:
    queue = Queue(_sizes(FILES), 1, singly=True)
    assert len(queue) == len(FILES)
    assert sorted(shard[0] for shard in _order(queue)) == sorted(FILES)


def test_none_is_lost_where_folders_and_files_are_between_each_other() -> None:
    files = {"a/b.py": 10, "a/c/c.py": 10, "a/d.py": 10, "a/d/e.py": 10, "a/f.py": 10, "b.py/a.py": 10}
    for singly in (False, True):
        assert sorted(path for shard in _order(Queue(_sizes(files), 2, singly)) for path in shard) == sorted(files)


def test_nothing_to_do() -> None:
    assert list(Queue({}, 2)) == []
