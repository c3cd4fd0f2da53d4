"""Files for workers on other machines, which may see the same ones under their names, others, or none."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from packlint.analysis.texts import Past, Texts, digest
from packlint.looks import status_of

if TYPE_CHECKING:
    from packlint.engine import Shard


def with_statuses(shard: Shard) -> Shard:
    """A shard that says what the files of its project are."""
    first = shard.tasks[0]
    paths = Texts(first.root, first.facts.max_files).files
    return replace(shard, statuses=tuple(map(status_of, paths)))


def with_files(shard: Shard, paths: Sequence[str]) -> Shard:
    """A shard that brings files along, on top of those it has; what is on the other machine is not looked at."""
    had = shard.tasks[0].past
    files = {} if had is None else dict(had.files)
    for path in {*paths, *(task.path for task in shard.tasks)} - files.keys():
        files[path] = _read(path)
    key = digest("\n".join(f"{path} {digest(data or b'')}" for path, data in sorted(files.items())).encode())
    past = Past(key, files, alone=True)
    return replace(shard, tasks=tuple(replace(task, past=past) for task in shard.tasks))


def _read(path: str) -> bytes | None:
    """The bytes of a file; None where there is none."""
    if not os.path.isfile(path):
        return None
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""
