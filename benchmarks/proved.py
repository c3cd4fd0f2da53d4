"""What `packlint verify` says of a text and of a rewrite of it, in this process: for tests and for many rewrites.

The code that is run here is this project's own, and needs none of the walls that `packlint.verify.server` puts up.
"""

from __future__ import annotations

import contextlib
import functools
import sys
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch

from benchmarks.fixes import codes_of
from packlint.config import ProjectFacts
from packlint.engine import Task, check_file
from packlint.source import read_source
from packlint.verify.evidence import Evidence, Subject
from packlint.verify.observing import install
from packlint.verify.proving import Options, prove
from packlint.verify.subjects import planned, reads


def proved(before: str, after: str | None = None, select: str = "PCK,PCK402") -> list[Evidence]:
    """The evidence on every finding of a text that has a fix: of its own fix, or of another text in place of that."""
    with tempfile.TemporaryDirectory() as folder:
        subjects = _subjects(before, select, folder)
        if after is not None:
            subjects = tuple(_with(subject, after, select) for subject in subjects)
        with as_it_was():
            return [one for subject in subjects for one in prove(subject, Options())]


def _subjects(text: str, select: str, folder: str) -> tuple[Subject, ...]:
    path = Path(folder, "model.py")
    path.write_text(text, encoding="utf-8")
    at = str(path)
    return tuple(
        replace(subject, path=at, root=folder) for subject in _planned(text, select) if subject.after is not None
    )


@functools.cache
def _planned(text: str, select: str) -> tuple[Subject, ...]:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "pyproject.toml").touch()
        path = Path(folder, "model.py")
        path.write_text(text, encoding="utf-8")
        task = Task(str(path), folder, codes_of(select), ProjectFacts())
        data = path.read_bytes()
        return planned(task, check_file(task, data), data, None).subjects


def _with(subject: Subject, after: str, select: str) -> Subject:
    task = Task(subject.path, subject.root, codes_of(select), ProjectFacts())
    found = tuple(reads(task, read_source(subject.path, after.encode())))
    return replace(subject, after=after, read=found)


@contextlib.contextmanager
def as_it_was() -> Iterator[None]:
    """Undoes what a run leaves behind in a process that nobody else has to use."""
    install()
    dtype, path, finders = torch.get_default_dtype(), sys.path[:], sys.meta_path[:]
    modules, threads = set(sys.modules), torch.get_num_threads()
    torch.set_num_threads(1)  # as in the workers: these tensors are small
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        torch.set_default_dtype(dtype)
        torch.set_num_threads(threads)
        sys.path[:], sys.meta_path[:] = path, finders
        if "model" not in modules:
            sys.modules.pop("model", None)
