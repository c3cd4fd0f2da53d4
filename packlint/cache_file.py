"""The files of a cache: what is kept of a project, as JSON that is written whole or not at all, and their folder."""

from __future__ import annotations

import functools
import json
import os
import re
import stat
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from packlint.build import of_this_process
from packlint.cache import OF_A_FILE, FileState
from packlint.source import Recurrence

if TYPE_CHECKING:
    from packlint.analysis.texts import Row
    from packlint.config import ProjectFacts
    from packlint.findings import Finding
    from packlint.plans import Fix

MOST_BYTES = 512 * 2**20
"""What all projects of a cache may take together; those that were not used for longest go first."""
PATIENCE = 5.0
"""How many seconds a run waits for another one to write: it does not hang for the sake of its cache."""
TAG = "Signature: 8a477f597d28d172789f06886806bc55\n# A cache of packlint: https://bford.info/cachedir/\n"
MARKS = {"CACHEDIR.TAG": TAG, ".gitignore": "*\n"}
LOCK = ".lock"
MADE = re.compile(r"[0-9a-f]{32}\.json|\.packlint-\d+-\d+\.tmp")
"""Names of the files of projects."""
OF_A_PATH = {*OF_A_FILE, "import", "stem", "folder", "leads"}
"""Kinds of questions that are asked of a path."""


class Listing(NamedTuple):
    """The files of a project that facts come from, in their order; `cut` where there are more than are looked at."""

    files: tuple[str, ...] = ()
    cut: bool = False


class Stored(NamedTuple):
    """What was found in a file, as JSON has it, and the numbers of the rows that it rests on."""

    findings: list[Any]
    lines: list[str]
    note: str | None
    rests_on: list[int]


@dataclass(frozen=True, slots=True)
class Document:
    """What is kept of a project: `at` is when the run began that wrote it, in nanoseconds.

    An entry stands under the path of the file and the way in which it was checked. `version` tells one document of the
    project from the next; it is made when it is written.
    """

    version: str = ""
    at: int = 0
    files: Mapping[str, FileState] = field(default_factory=dict)
    listing: Listing = field(default_factory=Listing)
    rows: Sequence[Row] = ()
    entries: Mapping[str, Mapping[str, Stored]] = field(default_factory=dict)


# --- a project ---


def file_of(folder: str, root: str, facts: ProjectFacts) -> str:
    """The file of a project in a cache."""
    return os.path.join(folder, f"{_digest(repr((root, facts)))[:32]}.json")


def read(file: str, root: str) -> Document:
    """What a file of the cache holds; nothing where it is none, or one of another user, packlint, Python or project."""
    try:
        with _opened(file) as stream:
            version, _, text = stream.read().partition("\n")
        return _document_in(json.loads(text), version, root) if version == _digest(text) else Document()
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return Document()


def version_of(file: str) -> str:
    """The version of the document that a file holds by now."""
    try:
        with _opened(file) as stream:
            return stream.readline(100).strip()
    except (OSError, ValueError):
        return ""


@contextmanager
def _opened(file: str) -> Iterator[IO[str]]:
    """A file of this user; raises where it is none."""
    # It is not waited for: who can write into the folder may have put a pipe there.
    flags = getattr(os, "O_NONBLOCK", 0)
    with open(file, encoding="utf-8", opener=lambda path, how: os.open(path, how | flags)) as stream:
        status = os.fstat(stream.fileno())
        if not stat.S_ISREG(status.st_mode) or (hasattr(os, "geteuid") and status.st_uid != os.geteuid()):
            raise ValueError(file)
        yield stream


def write(file: str, root: str, document: Document) -> None:
    """Write what is kept of a project, whole or not at all; raises `OSError`."""
    text = json.dumps(_document_out(document, root), separators=(",", ":"))
    _write(file, f"{_digest(text)}\n{text}")


def _document_out(document: Document, root: str) -> dict[str, Any]:
    short = functools.partial(_short, root)
    # The files of the listing go first and in its order, so that it is told by their number.
    files = dict.fromkeys([*document.listing.files, *sorted(document.files)])
    return {
        "made by": _maker(),
        "root": root,
        "at": document.at,
        "files": {short(path): _state_out(document.files.get(path)) for path in files},
        "listed": len(document.listing.files),
        "cut": document.listing.cut,
        "rows": [_renamed(row, short) for row in document.rows],
        "entries": {short(path): variants for path, variants in document.entries.items()},
    }


def _document_in(document: Mapping[str, Any], version: str, root: str) -> Document:
    from packlint.analysis.texts import Question

    if document["made by"] != _maker() or document["root"] != root:
        return Document()
    long = functools.partial(_long, root)
    files = {long(name): state for name, state in document["files"].items()}
    listing = Listing(tuple(files)[: document["listed"]], document["cut"])
    states = {path: _state_in(state) for path, state in files.items() if state}
    rows = [
        _renamed((Question(*question), tuple(answer) if isinstance(answer, list) else answer, always), long)
        for question, answer, always in document["rows"]
    ]
    entries = {
        long(name): {key: Stored(*stored) for key, stored in variants.items()}
        for name, variants in document["entries"].items()
    }
    return Document(version, document["at"], states, listing, rows, entries)


def _state_out(state: FileState | None) -> list[object]:
    return [] if state is None else [*state.signature, *state[1:]]


def _state_in(state: list[Any]) -> FileState:
    size, modified, changed, inode, digest, seen = state
    return FileState((size, modified, changed, inode), digest, None if seen is None else Recurrence(seen))


def _renamed(row: Row, name: Callable[[str], str]) -> Row:
    """A row with other names for the paths in it."""
    question, answer, always = row
    if question.kind in OF_A_PATH:
        question = question._replace(of=name(question.of))
    if question.kind in OF_A_FILE:  # whose answers are no paths
        return question, answer, always
    if isinstance(answer, tuple):
        return question, tuple(name(path) for path in answer), always
    return question, name(answer) if isinstance(answer, str) else answer, always


def _short(root: str, path: str) -> str:
    """A path as it is written: from the root on, where it lies below."""
    if path == root:
        return ""
    above = root if root.endswith(os.sep) else root + os.sep
    return path[len(above) :] if path.startswith(above) else path


def _long(root: str, name: str) -> str:
    return os.path.join(root, name) if name else root


def _maker() -> list[str]:
    """This packlint, and the Python whose parser it uses and whose messages it shows."""
    return [of_this_process(), sys.version]


def _digest(text: str) -> str:
    from hashlib import sha256

    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


# --- findings as JSON ---


def findings_out(findings: Sequence[Finding], root: str) -> list[Any]:
    """The findings of a file as JSON has them."""
    return [
        [
            *(one.code, one.name, one.message, one.row, one.column, one.end_row, one.end_column, one.cell),
            [[_short(root, fact.filename), fact.row, fact.text, fact.cell] for fact in one.evidence],
            None if one.fix is None else _plan_out(one.fix),
            one.function,
        ]
        for one in findings
    ]


def findings_in(stored: Sequence[Any], root: str, path: str) -> tuple[Finding, ...]:
    """The findings of the file with this path."""
    if not stored:
        return ()
    from packlint.findings import Evidence, Finding

    findings: list[Finding] = []
    for code, name, message, row, column, end_row, end_column, cell, evidence, fix, function in stored:
        facts = tuple(Evidence(_long(root, file), *fact) for file, *fact in evidence)
        plan: Fix | None = None if fix is None else _plan_in(fix)
        place = row, column, end_row, end_column, cell
        findings.append(Finding(code, name, message, path, *place, facts, plan, function))
    return tuple(findings)


def _plan_out(value: Any) -> Any:
    """A part of a plan: its name, and its fields by theirs."""
    if isinstance(value, tuple):
        return [_plan_out(item) for item in value]
    if not hasattr(value, "__dataclass_fields__"):
        return value
    return {
        "is": type(value).__name__,
        **{name: _plan_out(getattr(value, name)) for name in value.__dataclass_fields__},
    }


def _plan_in(value: Any) -> Any:
    from packlint import plans

    if isinstance(value, list):
        return tuple(_plan_in(item) for item in value)
    if not isinstance(value, dict):
        return value
    fields = {name: _plan_in(item) for name, item in value.items() if name != "is"}
    return plans.PARTS[value["is"]](**fields)


# --- the folder ---


def is_cache(folder: str) -> bool:
    """Whether a folder is a cache of packlint, and nothing that only has its name."""
    try:
        with open(os.path.join(folder, "CACHEDIR.TAG"), encoding="utf-8") as file:
            return file.read() == TAG
    except (OSError, ValueError):
        return False


def is_taken(folder: str) -> bool:
    """Whether a folder holds other things, so that no cache is made of it: it would hide them from git."""
    try:
        return not is_cache(folder) and not all(map(_is_ours, os.listdir(folder)))
    except OSError:
        return False


def _is_ours(name: str) -> bool:
    return name in MARKS or name == LOCK or MADE.fullmatch(name) is not None


def make_folder(folder: str) -> None:
    """The folder of a cache, which git and backups leave alone; raises `OSError` where it cannot be one."""
    if is_taken(folder):
        raise FileExistsError(folder)
    os.makedirs(folder, exist_ok=True)
    for name, text in MARKS.items():
        path = os.path.join(folder, name)
        if not os.path.exists(path):
            _write(path, text)


def clear(folder: str) -> bool:
    """Delete what packlint has made in a cache, and the folder; whether nothing else is left. Raises `OSError`."""
    with os.scandir(folder) as entries:
        names = {entry.name for entry in entries if not entry.is_dir(follow_symlinks=False) and _is_ours(entry.name)}
    for name in names - MARKS.keys():
        _delete(os.path.join(folder, name))
    if not set(os.listdir(folder)) <= names:
        return False  # it still has to be told from what else is there
    for name in MARKS:
        _delete(os.path.join(folder, name))
    if not os.path.islink(folder):
        os.rmdir(folder)
    return True


def _delete(file: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(file)


@contextmanager
def locked(folder: str) -> Iterator[None]:
    """One process at a time writes into a cache; where there are no locks, the last one wins.

    Raises:
        OSError: another process does not come to its end, or the folder cannot be written.
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    with open(os.path.join(folder, LOCK), "a", encoding="utf-8") as lock:
        until = time.monotonic() + PATIENCE
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.01)
            except OSError:  # a file system without locks
                break
        yield


def shrink(folder: str, used: set[str]) -> None:
    """Let go of the projects that were not used for longest, where all together take too much; raises `OSError`."""
    with os.scandir(folder) as entries:
        files = [(entry.stat().st_mtime, entry.path, entry.stat().st_size) for entry in entries if entry.is_file()]
    total = sum(size for *_, size in files)
    for _, path, size in sorted(files):
        if total <= MOST_BYTES:
            return
        if MADE.fullmatch(os.path.basename(path)) and path not in used:
            with suppress(OSError):
                os.unlink(path)
            total -= size


def _write(file: str, text: str) -> None:
    """Write a file whole or not at all; raises `OSError`."""
    # Nothing waits for the disk: what a crash cuts short is not believed.
    beside = os.path.join(os.path.dirname(file), f".packlint-{os.getpid()}-{time.time_ns()}.tmp")
    try:
        with open(beside, "x", encoding="utf-8") as stream:
            stream.write(text)
        os.replace(beside, file)
    except BaseException:
        with suppress(OSError):
            os.unlink(beside)
        raise
