"""What earlier runs found, kept on the disk: a file is checked again only where what it rests on has changed.

There is one file of JSON for a project. It holds what every file of the project was, by its size, its times and a
digest of its bytes; what was found in those that were checked; and the questions about other files that this rests on.
What is no such file, or was cut short, or comes from another packlint, another Python or another user, is as good as
none.
"""

from __future__ import annotations

import functools
import json
import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from packlint.build import of_this_machine
from packlint.files import project_root
from packlint.source import Recurrence

if TYPE_CHECKING:
    from packlint.analysis.texts import Row, Texts
    from packlint.config import ProjectFacts
    from packlint.files import Found
    from packlint.findings import Finding
    from packlint.plans import Fix

FOLDER = ".packlint_cache"
FORMAT = 1
MOST_BYTES = 512 * 2**20
"""What all projects of a cache may take together; those that were not used for longest go first."""
VARIANTS = 4  # ways to check one file (codes that are on) that are kept at a time
TAG = "Signature: 8a477f597d28d172789f06886806bc55\n# A cache of packlint: https://bford.info/cachedir/\n"

Signature: TypeAlias = tuple[int, int, int, int]
"""Size, times of the last change of contents and of anything, and inode: a file is what it was where these are."""


class FileState(NamedTuple):
    """What a file was: its signature, the digest of its bytes, and what it has to do with recurrence.

    The digest is empty and the recurrence None where nobody looked into it.
    """

    signature: Signature
    digest: str = ""
    recurrence: Recurrence | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """What was found in a file, and the numbers of the questions that it rests on."""

    findings: tuple[Finding, ...]
    lines: tuple[str, ...]
    error: str | None
    note: str | None
    rests_on: tuple[int, ...]


def default_folder() -> str | None:
    """Where a run keeps its cache if nothing else is said: in the project that it is started in.

    The environment variable PACKLINT_CACHE_DIR names another place; with PACKLINT_NO_CACHE there is none.
    """
    if os.environ.get("PACKLINT_NO_CACHE"):
        return None
    here = os.getcwd()
    return os.environ.get("PACKLINT_CACHE_DIR") or os.path.join(project_root(here, here), FOLDER)


def signature(path: str) -> Signature | None:
    """What tells whether a file was written since; None where there is none."""
    try:
        return signature_of(os.stat(path))
    except (OSError, ValueError):
        return None


def signature_of(status: os.stat_result) -> Signature:
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def is_settled(known: Signature, at: int) -> bool:
    """Whether a file cannot have been written again since `at` (in ns) without its times telling.

    Times are as fine as the clock of the file system: some milliseconds, or two seconds where they are whole ones.
    """
    _, modified, changed, _ = known
    grain = 2_000_000_000 if modified % 1_000_000_000 == 0 else 50_000_000
    return max(modified, changed) + grain <= at


class Cache:
    """The caches of projects in one folder; without a folder nothing is kept."""

    def __init__(self, folder: str | None, place_of: Callable[[Found], tuple[str, ProjectFacts]] | None = None) -> None:
        self.folder = folder
        self._place_of = place_of
        self._kept: dict[tuple[str, ProjectFacts], Kept] = {}

    def of(self, file: Found) -> Kept:
        """What is kept of the project of a file."""
        assert self._place_of is not None
        return self.project(*self._place_of(file))

    def project(self, root: str, facts: ProjectFacts) -> Kept:
        """What is kept of the project with this root."""
        key = root, facts
        if key not in self._kept:
            file = None if self.folder is None else os.path.join(self.folder, f"{_name(root, facts)}.json")
            self._kept[key] = Kept(file, root, facts.max_files)
        return self._kept[key]

    def save(self) -> None:
        """Write what has changed; where that is not possible the next run does without."""
        changed = [kept for kept in self._kept.values() if kept.changed]
        if self.folder is None or not changed:
            return
        with suppress(OSError):
            make_folder(self.folder)
            for kept in changed:
                kept.save()
            _shrink(self.folder, {kept.file for kept in changed})


class Kept:
    """What is kept of one project.

    Who asks does so in this order: `fresh` or `note` of every file that is looked at, `entry` of those that may have
    findings, `add` for what was checked anew, and in the end `save`.
    """

    def __init__(self, file: str | None, root: str, most: int) -> None:
        self.file = file
        self.root = root
        self._most = most
        self._now = time.time_ns()
        self.changed = False
        self._at = 0
        self._before: dict[str, FileState] = {}
        self._files: dict[str, FileState] = {}
        self._listing: tuple[str, ...] | None = None
        self._rows: list[Row] = []
        self._entries: dict[str, dict[str, Entry]] = {}
        self._judged = False
        self._stamp = None if file is None else _stamp(file)
        if file is not None:
            with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
                self._read(_document(file))

    # --------------------------------------------------------------- the files

    def fresh(self, path: str) -> FileState | None:
        """What is known of a file, where it is still what it was."""
        state = self._files.get(path)
        if state is not None:
            return state
        before = self._before.get(path)
        if before is None or not is_settled(before.signature, self._at) or signature(path) != before.signature:
            return None
        self._files[path] = before
        return before

    def note(self, path: str, state: FileState) -> None:
        """What a file is now."""
        self._files[path] = state
        self.changed = True

    def _current(self, path: str, texts: Texts) -> FileState | None:
        """What a file is now, where it matters whether it has changed; None where it is gone."""
        state = self.fresh(path)
        if state is None and (now := signature(path)) is not None:
            before = self._before.get(path)
            # Only of a file that was read before can be said that it reads the same.
            state = FileState(now, texts.digest(path) if before is not None and before.digest else "")
            if before is not None and state.digest and state.digest == before.digest:
                state = state._replace(recurrence=before.recurrence)
            self.note(path, state)
        return state

    # ------------------------------------------------------------- the entries

    def entry(self, path: str, key: str) -> Entry | None:
        """What was found in a file, where nothing that it rests on has changed."""
        if path not in self._entries:
            return None
        self._judge()
        return self._entries.get(path, {}).get(key)

    def rows(self, entry: Entry) -> tuple[Row, ...]:
        """The questions that findings rest on; of none there is nothing to ask."""
        return tuple(self._rows[number] for number in entry.rests_on) if entry.findings else ()

    def _judge(self) -> None:
        """Let go of the entries that rest on something that has changed."""
        if self._judged:
            return
        self._judged = True
        if not self._entries:
            return
        from packlint.analysis.texts import Change, Texts

        texts = Texts(self.root, self._most)
        listing = self._listing
        if self._listing is not None:
            listing = tuple(texts.files)
        before, now = frozenset(self._listing or ()), frozenset(listing or ())
        read = {question.of for question, _, _ in self._rows if question.kind in {"content", "word", "recurrent"}}
        altered = frozenset(path for path in (before & now) | read | self._files.keys() if self._differs(path, texts))
        change = Change(altered, now - before, before - now)
        if change or any(always for *_, always in self._rows):
            for path in change.came:
                self._current(path, texts)
            still = [texts.still(row, change) for row in self._rows]
            kept = {
                path: {key: one for key, one in variants.items() if all(still[number] for number in one.rests_on)}
                for path, variants in self._entries.items()
            }
            if kept != self._entries:
                self._entries = {path: variants for path, variants in kept.items() if variants}
        if change:
            self.changed = True
        self._listing = listing

    def _differs(self, path: str, texts: Texts) -> bool:
        before, now = self._before.get(path), self._current(path, texts)
        if before is None or now is None:
            return before is not now
        return now.signature != before.signature and not (now.digest and now.digest == before.digest)

    def add(self, path: str, key: str, entry: Entry, rows: Iterable[Row]) -> None:
        """What was found in a file, and the questions that it rests on."""
        self._judge()
        numbers = self._numbers
        rests_on: list[int] = []
        for row in rows:
            if row not in numbers:
                numbers[row] = len(self._rows)
                self._rows.append(row)
            rests_on.append(numbers[row])
        variants = self._entries.setdefault(path, {})
        while len(variants) >= VARIANTS:
            del variants[next(iter(variants))]
        variants[key] = Entry(entry.findings, entry.lines, entry.error, entry.note, tuple(rests_on))
        self.changed = True

    @functools.cached_property
    def _numbers(self) -> dict[Row, int]:
        return {row: number for number, row in enumerate(self._rows)}

    # ---------------------------------------------------------------- the file

    def save(self) -> None:
        """Write it, unless a file was changed while it was being checked; raises `OSError`."""
        if self.file is None:
            return
        self._judge()
        self._complete()
        if any(signature(path) != state.signature for path, state in self._files.items()):
            return
        with _locked(self.file):
            self._merge()
            self._write(self.file)

    def _merge(self) -> None:
        """Take over what another process has written meanwhile, where it holds as things are."""
        if self.file is None or _stamp(self.file) == self._stamp:
            return
        other = Kept(self.file, self.root, self._most)
        other._judge()
        for path, variants in other._entries.items():
            for key, entry in variants.items():
                if key not in self._entries.get(path, {}):
                    self.add(path, key, entry, (other._rows[number] for number in entry.rests_on))
        self._complete()

    def _write(self, file: str) -> None:
        document = {
            "packlint": FORMAT,
            "made by": of_this_machine(),
            "root": self.root,
            "at": self._now,
            "listing": None if self._listing is None else [self._short(path) for path in self._listing],
            "files": {self._short(path): [*state.signature, *state[1:]] for path, state in self._files.items()},
            "rows": self._rows,
            "entries": {
                path: {key: _entry_out(entry) for key, entry in variants.items()}
                for path, variants in self._entries.items()
            },
        }
        text = json.dumps(document, separators=(",", ":"))
        _write(file, f"{_digest(text)}\n{text}\n")

    def _complete(self) -> None:
        """Note the files that entries rest on, which nobody looked at, and drop questions that no entry asks."""
        from packlint.analysis.texts import Texts

        used = sorted({number for some in self._entries.values() for one in some.values() for number in one.rests_on})
        renumbered = {number: at for at, number in enumerate(used)}
        self._rows = [self._rows[number] for number in used]
        self._entries = {
            path: {key: _renumbered(entry, renumbered) for key, entry in variants.items()}
            for path, variants in self._entries.items()
        }
        self.__dict__.pop("_numbers", None)
        if self._listing is None and any(row[0].kind in OF_ALL for row in self._rows):
            self._listing = tuple(Texts(self.root, self._most).files)
        digests = {question.of: answer for question, answer, _ in self._rows if question.kind == "content"}
        others = {question.of for question, _, _ in self._rows if question.kind in {"word", "recurrent"}}
        for path in {*(self._listing or ()), *digests, *others}:
            state = self._files.get(path) or self.fresh(path)
            if state is None and (now := signature(path)) is not None:
                state = FileState(now)
            if state is not None and not state.digest and isinstance(found := digests.get(path), str):
                state = state._replace(digest=found)
            if state is not None:
                self._files[path] = state
        for path, state in self._before.items():  # what this run was not asked about
            if path not in self._files and is_settled(state.signature, self._at) and signature(path) == state.signature:
                self._files[path] = state

    def _short(self, path: str) -> str:
        inside = os.path.join(self.root, "")
        return path[len(inside) :] if path.startswith(inside) else path

    def _read(self, document: Mapping[str, Any]) -> None:
        from packlint.analysis.texts import Question

        if document["packlint"] != FORMAT or document["made by"] != of_this_machine() or document["root"] != self.root:
            return
        listing = document["listing"]
        files = {}
        for name, (size, modified, changed, inode, digest, seen) in document["files"].items():
            known = None if seen is None else Recurrence(seen)
            files[os.path.join(self.root, name)] = FileState((size, modified, changed, inode), digest, known)
        rows: list[Row] = [
            (Question(*question), tuple(answer) if isinstance(answer, list) else answer, always)
            for question, answer, always in document["rows"]
        ]
        entries = {
            path: {key: _entry_in(path, one) for key, one in variants.items()}
            for path, variants in document["entries"].items()
        }
        if any(
            not 0 <= number < len(rows) for some in entries.values() for e in some.values() for number in e.rests_on
        ):
            return
        self._at = document["at"]
        self._listing = None if listing is None else tuple(os.path.join(self.root, name) for name in listing)
        self._before, self._rows, self._entries = files, rows, entries


OF_ALL = {"words", "recurrent words", "calls", "sorts", "accelerated", "folder"}
"""Kinds of questions about all files of a project."""


def _renumbered(entry: Entry, numbers: Mapping[int, int]) -> Entry:
    rests_on = tuple(numbers[number] for number in entry.rests_on)
    return Entry(entry.findings, entry.lines, entry.error, entry.note, rests_on)


# --- findings as JSON ---


def _entry_out(entry: Entry) -> list[object]:
    return [[_finding_out(f) for f in entry.findings], entry.lines, entry.error, entry.note, entry.rests_on]


def _finding_out(finding: Finding) -> list[object]:
    place = (finding.row, finding.column, finding.end_row, finding.end_column, finding.cell)
    evidence = [[fact.filename, fact.row, fact.text, fact.cell] for fact in finding.evidence]
    fix = None if finding.fix is None else _plan_out(finding.fix)
    return [finding.code, finding.name, finding.message, *place, evidence, fix, finding.function]


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


def _entry_in(path: str, row: list[Any]) -> Entry:
    findings, lines, error, note, rests_on = row
    return Entry(tuple(_finding_in(path, one) for one in findings), tuple(lines), error, note, tuple(rests_on))


def _finding_in(path: str, row: list[Any]) -> Finding:
    from packlint.findings import Evidence, Finding

    code, name, message, start, column, end, end_column, cell, evidence, fix, function = row
    facts = tuple(Evidence(*fact) for fact in evidence)
    plan: Fix | None = None if fix is None else _plan_in(fix)
    return Finding(code, name, message, path, start, column, end, end_column, cell, facts, plan, function)


def _plan_in(value: Any) -> Any:
    from packlint import plans

    if isinstance(value, list):
        return tuple(_plan_in(item) for item in value)
    if not isinstance(value, dict):
        return value
    fields = {name: _plan_in(item) for name, item in value.items() if name != "is"}
    return plans.PARTS[value["is"]](**fields)


# --- files on the disk ---


def _name(root: str, facts: ProjectFacts) -> str:
    from hashlib import sha256

    return sha256(repr((root, facts)).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _document(file: str) -> Mapping[str, Any]:
    """What a file of the cache holds; raises where it is not one of this user's."""
    with open(file, encoding="utf-8") as stream:
        status = os.fstat(stream.fileno())
        if not stat.S_ISREG(status.st_mode) or (hasattr(os, "geteuid") and status.st_uid != os.geteuid()):
            raise ValueError(file)
        digest, _, text = stream.read().partition("\n")
    if digest != _digest(text.removesuffix("\n")):
        raise ValueError(file)
    document: Mapping[str, Any] = json.loads(text)
    return document


def _digest(text: str) -> str:
    from hashlib import sha256

    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _stamp(file: str) -> Signature | None:
    return signature(file)


@contextmanager
def _locked(file: str) -> Iterator[None]:
    """One process at a time merges what it found into a file; where there are no locks, the last one wins."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    with open(f"{file}.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _write(file: str, text: str) -> None:
    beside = f"{file}.{os.getpid()}.tmp"
    try:
        with open(beside, "w", encoding="utf-8") as stream:
            stream.write(text)
        os.replace(beside, file)
    except OSError:
        with suppress(OSError):
            os.unlink(beside)
        raise


def make_folder(folder: str) -> None:
    """The folder of a cache, which git and backups leave alone; raises `OSError`."""
    os.makedirs(folder, exist_ok=True)
    for name, text in ((".gitignore", "*\n"), ("CACHEDIR.TAG", TAG)):
        path = os.path.join(folder, name)
        if not os.path.exists(path):
            _write(path, text)


def is_cache(folder: str) -> bool:
    """Whether a folder is a cache of packlint, and nothing that only has its name."""
    try:
        return Path(folder, "CACHEDIR.TAG").read_text(encoding="utf-8") == TAG
    except (OSError, ValueError):
        return False


def _shrink(folder: str, used: set[str | None]) -> None:
    """Let go of the projects that were not used for longest, where all together take too much."""
    with os.scandir(folder) as entries:
        files = [(entry.stat().st_mtime, entry.path, entry.stat().st_size) for entry in entries if entry.is_file()]
    total = sum(size for *_, size in files)
    for _, path, size in sorted(files):
        if total <= MOST_BYTES:
            return
        if path.endswith(".json") and path not in used:
            with suppress(OSError):
                os.unlink(path)
            total -= size
