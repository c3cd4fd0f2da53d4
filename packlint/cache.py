"""What earlier runs found, kept on the disk: a file is checked again only where what it rests on has changed.

There is one file of JSON for a project. It holds what every file of the project was, by its size, its times and a
digest of its bytes; what was found in those that were checked; and the questions about other files that this rests on.
What is no such file, or was cut short, or comes from another packlint, another Python or another user, is as good as
none.
"""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from packlint.files import project_root
from packlint.selection import ALWAYS_ON

if TYPE_CHECKING:
    from packlint.analysis.texts import Row, Texts
    from packlint.cache_file import Document, Listing, Stored
    from packlint.config import ProjectFacts
    from packlint.files import Found
    from packlint.findings import Finding
    from packlint.source import Recurrence

FOLDER = ".packlint_cache"
VARIANTS = 4  # ways to check one file (codes that are on) that are kept at a time
OF_A_FILE = {"content", "word", "recurrent", "trains"}
"""Kinds of questions about what one file holds."""

Signature: TypeAlias = tuple[int, int, int, int]
"""Size, times of the last change of contents and of anything, and inode: a file is what it was where these are."""


class FileState(NamedTuple):
    """What a file was: its signature, the digest of its bytes, and what it has to do with recurrence.

    The digest is empty and the recurrence None where nobody looked into it.
    """

    signature: Signature
    digest: str = ""
    recurrence: Recurrence | None = None


class Entry(NamedTuple):
    """What was found in a file, and the questions that it rests on."""

    findings: tuple[Finding, ...]
    lines: tuple[str, ...]
    note: str | None
    rows: tuple[Row, ...]


def default_folder() -> str | None:
    """Where a run keeps its cache if nothing else is said; nowhere with the environment variable PACKLINT_NO_CACHE."""
    return None if os.environ.get("PACKLINT_NO_CACHE") else usual_folder()


def usual_folder() -> str:
    """The cache of the project that a run is started in; PACKLINT_CACHE_DIR names another place."""
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


def way_of(codes: Iterable[str], *where: str) -> str:
    """How a file was checked, the key of an entry: the codes that were on, and where, if findings differ there."""
    return " ".join([*where, *sorted(codes)])


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
        assert self.folder is not None
        key = root, facts
        if key not in self._kept:
            from packlint.cache_file import file_of

            self._kept[key] = Kept(file_of(self.folder, root, facts), root, facts.max_files)
        return self._kept[key]

    def save(self) -> None:
        """Write what has changed; where that is not possible the next run does without."""
        if self.folder is None:
            return
        from packlint.cache_file import locked, make_folder, shrink

        changed = [kept for kept in self._kept.values() if kept.changed]
        for kept in self._kept.values():
            if not kept.changed:
                kept.use()
        if not changed:
            return
        with suppress(OSError):
            make_folder(self.folder)
            for kept in changed:
                with suppress(OSError), locked(self.folder):
                    kept.save()
            shrink(self.folder, {kept.file for kept in self._kept.values()})


class Judged(NamedTuple):
    """The files of a project before anything was checked anew, and what was found and answered then and still holds."""

    listing: Listing
    entries: dict[str, dict[str, Stored]]
    answers: Sequence[Row]


class Kept:
    """What is kept of one project.

    Who asks does so in this order: `fresh` or `note` of every file that is looked at, `entry` of those that may have
    findings, `add` for what was checked anew, and in the end `save`.
    """

    def __init__(self, file: str, root: str, most: int) -> None:
        from packlint.cache_file import read

        self.file = file
        self.changed = False
        self._root = root
        self._most = most
        self._began = time.time_ns()
        self._before = read(file, root)
        self._files: dict[str, FileState] = {}
        self._rows = list(self._before.rows)

    # --------------------------------------------------------------- the files

    def fresh(self, path: str) -> FileState | None:
        """What is known of a file, where it is still what it was."""
        if path in self._files:
            return self._files[path]
        before = self._before.files.get(path)
        if before is None or not is_settled(before.signature, self._before.at) or signature(path) != before.signature:
            return None
        self._files[path] = before
        return before

    def note(self, path: str, state: FileState) -> None:
        """What a file is now."""
        self._files[path] = state
        self.changed = True

    def data(self, path: str) -> bytes | None:
        """The bytes of a file that was looked at; None where they are others by now."""
        from packlint.analysis.texts import digest
        from packlint.source import read_whole

        with suppress(OSError):
            data, _ = read_whole(path)
            return data if digest(data) == self._files[path].digest else None
        return None

    def _is_same(self, path: str, texts: Texts) -> bool:
        """Whether a file holds what it held before."""
        before, now = self._before.files.get(path), self.fresh(path)
        if before is None or now is before:
            return before is not None
        # It is read only where what was in it is known; what cannot be compared counts as another.
        if now is None and before.digest and (found := signature(path)) is not None:
            if texts.digest(path) == before.digest:
                now = before._replace(signature=found)
                self.note(path, now)
        return now is not None and now.digest == before.digest != ""

    # ------------------------------------------------------------- the entries

    @property
    def answers(self) -> Sequence[Row]:
        """The questions that were asked before and would be answered as they were."""
        return self._judged.answers

    def entry(self, path: str, key: str) -> Entry | None:
        """What was found in a file, where nothing that it rests on has changed."""
        stored, state = self._judged.entries.get(path, {}).get(key), self._files.get(path)
        # Some time may have gone by since the entries were judged.
        if stored is None or state is None or signature(path) != state.signature:
            return None
        from packlint.cache_file import findings_in

        findings = findings_in(stored.findings, self._root, path)
        rows = self._rows_of(stored) if findings else ()  # who has no finding has nothing to ask of them
        return Entry(findings, tuple(stored.lines), stored.note, rows)

    def add(self, path: str, key: str, entry: Entry) -> None:
        """What was found in a file, and the questions that it rests on.

        A failure of packlint is not kept: it may have been of the moment.
        """
        if any(finding.code in ALWAYS_ON for finding in entry.findings):
            return
        from packlint.cache_file import Stored, findings_out

        stored = Stored(findings_out(entry.findings, self._root), list(entry.lines), entry.note, [])
        self._store(path, key, stored, entry.rows)

    @functools.cached_property
    def _judged(self) -> Judged:
        """The entries of earlier runs that still hold; who asks has looked at the files, and has checked none."""
        from packlint.analysis.texts import Change, Texts

        texts = Texts(self._root, self._most)
        listing, before = _listing(texts), self._before
        if not before.entries or before.listing.cut != listing.cut:
            return Judged(listing, {}, ())
        was, now = frozenset(before.listing.files), frozenset(listing.files)
        read = _files_asked(self._rows)
        altered = frozenset(path for path in (was & now) | read if not self._is_same(path, texts))
        change = Change(altered, now - was, was - now)
        if change:
            self.changed = True
        elif not any(always for *_, always in self._rows):
            entries = {path: dict(variants) for path, variants in before.entries.items()}
            return Judged(listing, entries, before.rows)
        still = [texts.still(row, change) for row in self._rows]
        held = {
            path: {key: one for key, one in variants.items() if all(still[number] for number in one.rests_on)}
            for path, variants in before.entries.items()
        }
        answers = [row for row, holds in zip(self._rows, still, strict=True) if holds]
        return Judged(listing, {path: variants for path, variants in held.items() if variants}, answers)

    def _rows_of(self, stored: Stored) -> tuple[Row, ...]:
        return tuple(self._rows[number] for number in stored.rests_on)

    def _store(self, path: str, key: str, stored: Stored, rows: Iterable[Row]) -> None:
        numbers = self._numbers
        rests_on: list[int] = []
        for row in rows:
            if row not in numbers:
                numbers[row] = len(self._rows)
                self._rows.append(row)
            rests_on.append(numbers[row])
        variants = self._judged.entries.setdefault(path, {})
        variants.pop(key, None)
        while len(variants) >= VARIANTS:
            del variants[next(iter(variants))]
        variants[key] = stored._replace(rests_on=rests_on)
        self.changed = True

    @functools.cached_property
    def _numbers(self) -> dict[Row, int]:
        return {row: number for number, row in enumerate(self._rows)}

    # ---------------------------------------------------------------- the file

    def use(self) -> None:
        """Note that it was used: what was not for longest goes first."""
        if self._before.version:
            with suppress(OSError):
                os.utime(self.file)

    def save(self) -> None:
        """Write it, unless a file was changed while it was being checked; raises `OSError`."""
        from packlint.cache_file import version_of, write

        if version_of(self.file) != self._before.version:
            self._take_over(Kept(self.file, self._root, self._most))
        document = self._document()
        if document is not None:
            write(self.file, self._root, document)

    def _take_over(self, other: Kept) -> None:
        """Add what another process has written meanwhile, where it holds as things are."""
        for path, variants in other._judged.entries.items():
            for key, stored in variants.items():
                if key not in self._judged.entries.get(path, {}):
                    self._store(path, key, stored, other._rows_of(stored))
        for path in other._before.files.keys() - self._files.keys():
            state = other.fresh(path)
            if state is not None:
                self._files[path] = state

    def _document(self) -> Document | None:
        """All that is known by now; None where a file that was looked at is no longer what it was then."""
        from packlint.cache_file import Document

        if any(signature(path) != state.signature for path, state in self._files.items()):
            return None
        # The listing is that from before the checks: what came or went since will be seen to have come or gone.
        listing, entries, _ = self._judged
        asked = sorted({number for some in entries.values() for one in some.values() for number in one.rests_on})
        rows = [self._rows[number] for number in asked]
        states = self._states(listing, rows)
        if states is None:
            return None
        numbers = {number: new for new, number in enumerate(asked)}
        renumbered = {
            path: {
                key: one._replace(rests_on=[numbers[number] for number in one.rests_on]) for key, one in some.items()
            }
            for path, some in entries.items()
        }
        return Document(at=self._began, files=states, listing=listing, rows=rows, entries=renumbered)

    def _states(self, listing: Listing, rows: Sequence[Row]) -> dict[str, FileState] | None:
        """What every file is that may matter; None where one was read with other contents at another time."""
        digests: dict[str, str] = {}
        for question, answer, _ in rows:
            if question.kind == "content" and digests.setdefault(question.of, str(answer)) != answer:
                return None
        for path in self._before.files:  # what this run was not asked about
            self.fresh(path)
        files = dict(self._files)
        for path in {*listing.files, *_files_asked(rows)} - files.keys():
            found = signature(path)
            if found is not None:  # were it written since it was read, its times would tell
                files[path] = FileState(found)
        return {path: state._replace(digest=digests.get(path, state.digest)) for path, state in files.items()}


def _listing(texts: Texts) -> Listing:
    from packlint.cache_file import Listing

    return Listing(tuple(texts.files), texts.cut)


def _files_asked(rows: Iterable[Row]) -> set[str]:
    """The files that were asked what they hold."""
    return {question.of for question, _, _ in rows if question.kind in OF_A_FILE}
