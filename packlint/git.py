"""What git says of a work tree, asked by commands that run no hook and no program of the user's for differences."""

from __future__ import annotations

import functools
import hashlib
import os
import re
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from packlint.files import SUFFIXES

PATTERNS = tuple(f"*{suffix}" for suffix in SUFFIXES)
SUBMODULE = "160000"  # the mode of one

# What a hook has set for the repository that it runs in, and what changes how paths and differences are read.
_NOT_OURS = frozenset(
    {
        *("GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_PREFIX"),
        *("GIT_EXTERNAL_DIFF", "GIT_DIFF_OPTS"),
        *("GIT_LITERAL_PATHSPECS", "GIT_GLOB_PATHSPECS", "GIT_NOGLOB_PATHSPECS", "GIT_ICASE_PATHSPECS"),
    }
)
# No program is run and nothing is written; files are compared by what is in them.
_SETTINGS = tuple(
    word
    for setting in ("core.fsmonitor=false", f"core.hooksPath={os.devnull}", "diff.autoRefreshIndex=false")
    for word in ("-c", setting)
)
_PLAIN = ("--no-ext-diff", "--no-textconv", "--no-color")
_HUNK = re.compile(rb"@@ -(\d+)(?:,(\d+))? [+](\d+)(?:,(\d+))? @@")


class GitError(Exception):
    """Something that git cannot tell, in one line."""


@dataclass(frozen=True, slots=True)
class Altered:
    """A file that is not what it was: where it is, where it was (None where it is not, or was not, there).

    `blob` is what git knows its former content by, in the repository `tree`.
    """

    path: str | None
    old: str | None
    blob: str
    tree: WorkTree


class Hunk(NamedTuple):
    """Lines that differ between two texts: the first that was there and how many, the same of those that are there.

    Where there are none, it is the line after which they would be.
    """

    old: int
    old_count: int
    new: int
    new_count: int


@dataclass(frozen=True)
class WorkTree:
    """A work tree: its top as git knows it, and the topmost folder in it as the user writes it (perhaps by a link)."""

    top: str
    folder: str

    def has(self, folder: str) -> bool:
        """Whether a folder lies within, as it is written: by no other link."""
        inner = os.path.relpath(folder, self.folder)
        return is_within(folder, self.folder) and os.path.realpath(folder) == os.path.join(
            self._real_folder, "" if inner == "." else inner
        )

    def commit(self, name: str) -> str | None:
        """The commit that a name stands for."""
        found = _answer(self.top, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
        return None if found is None else found.decode().strip()

    def base(self, name: str) -> tuple[str, str | None]:
        """The commit that work here began from, if it is to go to `name`, and what is to be said of it.

        Raises:
            GitError: there is no such commit here.
        """
        commit = self.commit(name)
        if commit is None:
            raise GitError(f"no such commit in {self.folder} ({self._advice(name)})")
        shared = _answer(self.top, "merge-base", commit, "HEAD")
        if shared is not None:
            return shared.decode().strip(), None
        note = f"{self.folder}: no common ancestor of {name} and HEAD is known, so that {name} itself is compared"
        if _answer(self.top, "rev-parse", "--is-shallow-repository") == b"true\n":
            note += " (the clone is shallow: `git fetch --unshallow` brings its history)"
        return commit, note

    def _advice(self, name: str) -> str:
        if ".." in name:
            return "a commit is wanted, not a range"
        remote = name if name.startswith("origin/") else f"origin/{name}"
        if remote != name and self.commit(remote) is not None:
            return f"`{remote}` is one"
        then = "" if remote == name else f", then `--git-diff {remote}`"
        return f"`git fetch origin {remote.removeprefix('origin/')}`{then}"

    def altered(self, commit: str, named: Sequence[str], notes: list[str]) -> Iterator[Altered]:
        """The Python files, and those that were named, that are not what they were at a commit.

        Files that git neither tracks nor ignores are new. In a submodule it is the commit recorded there that counts;
        what cannot be told of one is noted.
        """
        patterns = [*PATTERNS, *(f":(literal){self._name(path)}" for path in named if self.holds(path))]
        submodules = [f":(literal){name}" for name in self._submodules()]
        raw = _run(
            *(self.top, "diff", "--raw", "-z", "--no-abbrev", "-M", "--ignore-submodules=none", *_PLAIN, commit),
            *("--", *patterns, *submodules),
        )
        tracked = [*self._altered(raw, named, notes)]
        yield from tracked
        seen = {one.path for one in tracked}
        gone = {one.blob: one for one in tracked if one.path is None}
        for name in _names(_run(self.top, "ls-files", "-z", "--others", "--exclude-standard", "--", *patterns)):
            path = self._path(name)
            moved = gone.pop(_blob(path, next(iter(gone))), None) if gone else None
            if moved is not None:  # git pairs only what it tracks
                yield replace(moved, path=path)
            elif path not in seen:
                yield Altered(path, None, "", self)

    def _altered(self, raw: bytes, named: Sequence[str], notes: list[str]) -> Iterator[Altered]:
        fields = iter(_names(raw))
        for field in fields:
            before, after, blob, _, status = field.removeprefix(":").split(" ")
            path = self._path(next(fields))
            now = self._path(next(fields)) if status.startswith("R") else path
            if SUBMODULE in (before, after):
                yield from _altered_within(path, blob if before == SUBMODULE else None, named, notes)
                continue
            old = path if status != "A" else None
            there = os.path.lexists(now)  # a sparse checkout leaves out files that are not deleted
            if there or status == "D":
                yield Altered(now if there else None, old, blob, self)

    def contents(self, blobs: Iterable[str]) -> dict[str, bytes]:
        """What is in them; raises `GitError` where the repository lacks one."""
        wanted = sorted(set(blobs))
        out = _run(self.top, "cat-file", "--batch", given="".join(f"{blob}\n" for blob in wanted).encode())
        found, at = {}, 0
        for blob in wanted:
            end = out.index(b"\n", at)
            size = out[at:end].split(b" ")[-1]
            if not size.isdigit():
                raise GitError(f"{self.folder}: git lacks what a file was (is the clone a partial one?)")
            at = end + 1 + int(size) + 1
            found[blob] = out[end + 1 : at - 1]
        return found

    def hunks(self, texts: Sequence[tuple[str, str]]) -> list[list[Hunk]]:
        """How texts, each as it was and as it is, differ by git's reckoning; every line of them ends in a newline."""
        found: list[list[Hunk]] = [[] for _ in texts]
        if not texts:
            return found
        with tempfile.TemporaryDirectory(prefix="packlint-") as scratch:
            for side, folder in enumerate(("was", "is")):
                Path(scratch, folder).mkdir()
                for number, pair in enumerate(texts):
                    Path(scratch, folder, str(number)).write_bytes(pair[side].encode("utf-8", "surrogatepass"))
            sides = (os.path.join(scratch, "was"), os.path.join(scratch, "is"))
            how = ("--no-index", "--unified=0", "--inter-hunk-context=0", "--text", "--no-renames", *_PLAIN)
            out = _run(self.top, "diff", *how, "--", *sides, fine=(0, 1))
        lines = iter(out.split(b"\n"))
        number = 0
        for line in lines:
            if line.startswith(b"+++ "):
                number = int(line.rpartition(b"/")[2])
            elif (numbers := _HUNK.match(line)) is not None:
                hunk = Hunk(*(1 if part is None else int(part) for part in numbers.groups()))
                found[number].append(hunk)
                for _ in range(hunk.old_count + hunk.new_count):  # code may look like the head of a file
                    next(lines)
        return found

    def holds(self, path: str) -> bool:
        """Whether a path lies within."""
        return is_within(_real(path), self.top)

    def _name(self, path: str) -> str:
        return os.path.relpath(_real(path), self.top).replace(os.sep, "/")

    def _path(self, name: str) -> str:
        """The path of a file, as the user would write it, by its name in the repository."""
        path = os.path.join(self.top, *name.split("/"))
        real = self._real_folder
        return os.path.join(self.folder, os.path.relpath(path, real)) if is_within(path, real) else path

    @functools.cached_property
    def _real_folder(self) -> str:
        return os.path.realpath(self.folder)

    def _submodules(self) -> list[str]:
        if not os.path.exists(os.path.join(self.top, ".gitmodules")):
            return []
        listed = _answer(self.top, "config", "-z", "-f", ".gitmodules", "--get-regexp", r"^submodule\..*\.path$")
        return [entry.partition("\n")[2] for entry in _names(listed or b"")]


def work_tree(folder: str) -> WorkTree:
    """The work tree that a folder lies in; raises `GitError` where it lies in none."""
    try:
        top = os.path.realpath(os.fsdecode(_run(folder, "rev-parse", "--show-toplevel").removesuffix(b"\n")))
    except GitError as error:
        raise GitError(f"{folder}: {error}") from error
    while not os.path.islink(folder) and (above := os.path.dirname(folder)) != folder:
        if not is_within(os.path.realpath(above), top):
            break
        folder = above
    return WorkTree(top, folder)


def is_submodule(folder: str) -> bool:
    """Whether the top of a work tree is a submodule's."""
    try:
        return "/modules/" in Path(folder, ".git").read_text(encoding="utf-8", errors="replace")
    except OSError:  # a folder
        return False


def is_within(path: str, folder: str) -> bool:
    """Whether a path is a folder's, or lies below it."""
    return path == folder or path.startswith(os.path.join(folder, ""))


def _altered_within(folder: str, commit: str | None, named: Sequence[str], notes: list[str]) -> Iterator[Altered]:
    """The same of a submodule, where it is there: all of it is new without a commit."""
    if not os.path.lexists(os.path.join(folder, ".git")):
        return
    inner = WorkTree(os.path.realpath(folder), folder)
    if commit is None:
        for listed in (("--cached",), ("--others", "--exclude-standard")):
            for name in _names(_run(inner.top, "ls-files", "-z", *listed, "--", *PATTERNS)):
                yield Altered(inner._path(name), None, "", inner)
    elif inner.commit(commit) is None:
        notes.append(f"{folder}: the submodule lacks the commit that it was at, so that it is taken as unchanged")
    else:
        yield from inner.altered(commit, named, notes)


def _real(path: str) -> str:
    """The path with its folders as they are on the disk; the file itself may be a link."""
    return os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))


def _blob(path: str, like: str) -> str:
    """What git would know the content of a file by, in a repository that has another such name."""
    try:
        data = Path(path).read_bytes()
    except OSError:
        return ""
    return hashlib.new("sha1" if len(like) == 40 else "sha256", b"blob %d\0" % len(data) + data).hexdigest()


def _names(out: bytes) -> list[str]:
    return [os.fsdecode(name) for name in out.split(b"\0")[:-1]]


def _answer(folder: str, *words: str) -> bytes | None:
    """What git answers; None where it has no answer."""
    done = _git(folder, words)
    return done.stdout if done.returncode == 0 else None


def _run(folder: str, *words: str, given: bytes = b"", fine: tuple[int, ...] = (0,)) -> bytes:
    """What git answers; raises `GitError` with what it complains of."""
    done = _git(folder, words, given)
    if done.returncode not in fine:
        said = os.fsdecode(done.stderr).strip().splitlines()
        raise GitError(said[0].removeprefix("fatal: ") if said else f"git {words[0]} failed")
    return done.stdout


def _git(folder: str, words: Sequence[str], given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    environment = {name: value for name, value in os.environ.items() if name not in _NOT_OURS}
    environment |= {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}
    command = ["git", "-C", folder, *_SETTINGS, *words]
    try:
        return subprocess.run(command, input=given, capture_output=True, env=environment, check=False)
    except FileNotFoundError:
        raise GitError("git is not installed, or not on the PATH") from None
    except OSError as error:
        raise GitError(f"git cannot be run: {error.strerror or error}") from error
