"""The texts of a project, and a note of everything that was asked of them.

Whatever the analysis of a file learns from other files it asks here, in questions that can be written down: "which
files hold this word", "what does this import mean", "what is in this file". So an answer that was kept can be judged
later: it still holds where every question that it rests on would be answered as it was.
"""

from __future__ import annotations

import functools
import os
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple, TypeAlias

from packlint.analysis.lengths import model_word
from packlint.analysis.mentions import Mentions, holds_word
from packlint.files import listing
from packlint.source import Recurrence, read_whole, recurrence, recurrence_seen

SKIPPED = {"__pycache__", ".git", "node_modules", "build", "dist", ".venv", "venv", ".tox", "site-packages"}
SUFFIXES = (".py", ".ipynb")
SORTING = re.compile(rb"sort\w*\s*\(|\bsort\w*\s*=|topk|[Bb]ucket|group_by_length")
ACCELERATED = re.compile(rb"[.]cuda\(|[.]to\([^)\n]*(?:device|cuda)")
BATCHES = (b"batch", b"oader")
IMPORT = re.compile(
    rb"""(?:[^\n]*?[:;])?[ \t"]*(?:
      from\b[ \t]*(?P<dots>[.]*)(?P<origin>[\w.]*)[ \t]*import\b
      (?P<names>[ \t]*\((?:[^)#]|\#[^\n]*)*|(?:[^\n\#\\]|\\\n)*)
    | import[ \t]+(?P<modules>(?:[^\n\#\\]|\\\n)+)
    )""",
    re.VERBOSE,
)
PACKAGE = "__init__.py"
COMMENT = re.compile(rb"#[^\n]*")
NAME = re.compile(rb"\w+")
MODELS = b"model", b"net", b"module", b"classifier", b"tagger", b"predictor", b"learner", b"coder"
"""What a name of a model ends with, or with `work` behind it."""
CALLED = re.compile(rb"(work)?\d*(?:\.forward)?\((?!\))")
UP_TO_THERE = re.compile(rb"(\bdef |\bclass )?(\w*)\Z")
NEAR = 60  # bytes, which a name and what stands before it seldom exceed

LARGE = 100_000  # bytes, more than a file has that trains a model
NEAREST = 8  # files in which a model may be called that are looked at for one model

OF_ALL = {"words", "recurrent words", "calls", "sorts", "accelerated", "folder"}
"""Kinds of questions about all files of a project."""


class Question(NamedTuple):
    """What is asked: a kind, what it is asked of (a path, a word, a folder), and what more it takes to answer.

    Of a file: `content` (no answer but the file itself), `word`, `recurrent` and `trains`; of all files: `words`,
    `recurrent words`, `calls`, `leads`, `sorts` and `accelerated`; of their names: `import`, `stem` and `folder`.
    """

    kind: str
    of: str = ""
    more: str = ""


Answer: TypeAlias = str | bool | tuple[str, ...] | None

Row: TypeAlias = tuple[Question, Answer, bool]
"""A question, its answer, and whether it has to be asked again every time, since names outside of the project count."""


class Change(NamedTuple):
    """How a project differs from what it was: files with other contents, files that came, and files that went."""

    altered: frozenset[str]
    came: frozenset[str]
    went: frozenset[str]

    def __bool__(self) -> bool:
        return any(self)


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of a project, in order; whether there are more, which are left out; and its links to folders."""

    files: tuple[str, ...]
    cut: bool
    links: frozenset[str]


@dataclass(frozen=True, slots=True)
class Past:
    """What files were at another time, or are on another machine: their bytes, None where there is no such file.

    All other files are what they are here. With a `listing`, which says all that there is in the project, nothing is
    looked for here. `key` names the time or machine.
    """

    key: str
    files: Mapping[str, bytes | None] = field(compare=False, repr=False)
    listing: Listing | None = field(default=None, compare=False, repr=False)


class Imports(NamedTuple):
    """The files that a file imports, and the folders of packages that it imports as a whole, which lead to all in them.

    `outside` says whether names outside of the project's files had their part in that.
    """

    files: frozenset[str]
    packages: frozenset[str]
    outside: bool


class Notes:
    """The questions of one computation, and the computations that it rests on.

    Those may still go on, where functions call each other; so their notes are kept, and not what stands in them.
    """

    __slots__ = ("asked", "within")

    def __init__(self) -> None:
        self.asked: set[Question] = set()
        self.within: set[Notes] = set()

    def questions(self) -> set[Question]:
        """Every question here and below."""
        found: set[Question] = set()
        seen, left = {self}, [self]
        while left:
            notes = left.pop()
            found |= notes.asked
            left += notes.within - seen
            seen |= notes.within
        return found


class Texts:
    """The files of a project and their bytes, read as they are asked for."""

    def __init__(self, root: str, most: int, past: Past | None = None) -> None:
        self.root = root
        self.notes = Notes()
        self._most = most
        self.outside: set[str] = set()
        """Files that were asked for and are not among those of the project, whether there are such or not."""
        self.unread: set[str] = set()
        """Files that could not be read."""
        self._past: Mapping[str, bytes | None] = {} if past is None else past.files
        self._elsewhere = None if past is None else past.listing
        self._contents: dict[str, bytes] = {path: data or b"" for path, data in self._past.items()}
        self._given: dict[str, bytes] = {}  # what stands in for the file on the disk, or has none there
        self._answers: dict[Question, Answer] = {}
        self._outside: set[Question] = set()
        self._digests: dict[str, str] = {}
        self._imports: dict[str, Imports] = {}
        self._folders: dict[str, frozenset[str]] = {}
        self._calling: dict[tuple[str, str], bool] = {}
        self._recurrent_names = 0  # that are expected
        self._meanings: dict[tuple[str, str, int], tuple[str | None, bool]] = {}

    # -------------------------------------------------------------------- files

    @functools.cached_property
    def files(self) -> list[str]:
        """The Python files and notebooks of the project, of which facts come from no more than `most`."""
        listing = self.listing
        return [*listing.files, *sorted(self._given.keys() - set(listing.files))]

    @property
    def cut(self) -> bool:
        """Whether not all files are looked at, since there are too many."""
        return self.listing.cut

    @functools.cached_property
    def listing(self) -> Listing:
        """What there is in the project, but for files that were given."""
        if self._elsewhere is not None:
            return self._elsewhere
        links: list[str] = []
        found = list(islice(python_under(self.root, links), self._most + 1 + len(self._past)))
        if self._past:
            found = [path for path in found if self._past.get(path, b"") is not None]
            were = {path for path, data in self._past.items() if data is not None and self._is_own(path)}
            if gone := were.difference(found):
                found = sorted([*found, *gone], key=self._place)
        return Listing(tuple(found[: self._most]), len(found) > self._most, frozenset(links))

    def _is_own(self, path: str) -> bool:
        """Whether a file of the project would be found there."""
        inside = os.path.join(self.root, "")
        folders = path[len(inside) :].split(os.sep)[:-1]
        return path.startswith(inside) and path.endswith(SUFFIXES) and not any(map(is_skipped, folders))

    def _place(self, path: str) -> list[tuple[bool, str]]:
        """Where in the order of `python_under` a file stands: those of a folder before those of folders in it."""
        *folders, name = path[len(os.path.join(self.root, "")) :].split(os.sep)
        return [*((True, folder) for folder in folders), (False, name)]

    def lacks(self, path: str) -> bool:
        """Whether there is no such file, so that its content has to be given."""
        if path in self._past or self._elsewhere is not None:
            return self._past.get(path) is None
        return not os.path.exists(path)

    def give(self, path: str, data: bytes) -> None:
        """A file that is not on the disk."""
        self._given[path] = data
        self._contents[path] = data

    def content(self, path: str) -> bytes:
        """The bytes of a file, all of which may matter; empty where it cannot be read."""
        self.notes.asked.add(Question("content", path))
        return self.bytes_of(path)

    def bytes_of(self, path: str) -> bytes:
        """The bytes of a file, for a question that notes itself."""
        data = self._contents.get(path)
        if data is None:
            data = self._contents[path] = self._read(path)
        return data

    def _read(self, path: str) -> bytes:
        if self._elsewhere is not None:
            self.outside.add(path)
            return b""
        try:
            return read_whole(path)[0]
        except OSError:
            self.unread.add(path)
            return b""

    def let_go(self) -> None:
        """Forget every text; nothing can be asked any more."""
        self.__dict__.clear()

    @contextmanager
    def noting(self, notes: Notes) -> Iterator[None]:
        """What is asked within is noted there, and what goes on around it rests on it."""
        outer, self.notes = self.notes, notes
        outer.within.add(notes)
        try:
            yield
        finally:
            self.notes = outer

    def rests_on(self, notes: Notes) -> None:
        """What is going on uses what came of another computation."""
        self.notes.within.add(notes)

    # ---------------------------------------------------------------- questions

    def mentioning(self, names: frozenset[str], recurrent: bool = False) -> Sequence[str]:
        """Files in which one of the names occurs as a word; `recurrent`, of those that mention recurrence."""
        if not names:
            return ()
        return self._list(Question("recurrent words" if recurrent else "words", " ".join(sorted(names))))

    def expect(self, names: int) -> None:
        """So many names may be asked for in files that mention recurrence."""
        self._recurrent_names = names

    def holds(self, path: str, word: str) -> bool:
        """Whether a file holds a word."""
        return bool(self._asked(Question("word", path, word)))

    def has_recurrence(self, path: str) -> bool:
        """Whether a file mentions recurrent layers, or is one that hands on the names of others."""
        return bool(self._asked(Question("recurrent", path)))

    def calling(self, method: str, near: str) -> Sequence[str]:
        """Files with a batch in which a method of a model may be called: the nearest to a file, in that order."""
        return self._list(Question("calls", method, os.path.relpath(near, self.root)))

    def found_in(self, kind: str, path: str, find: Callable[[str], bool]) -> bool:
        """What somebody finds in a file, by more than its bytes, and by nothing else: it is found once."""
        question = Question(kind, path)
        self.notes.asked.add(question)
        if question not in self._answers:
            self._answers[question] = find(path)
        return bool(self._answers[question])

    @property
    def sorts(self) -> bool:
        """Whether anything in the project may put samples into an order of their lengths."""
        return self._asked(Question("sorts")) is not None

    @property
    def accelerated(self) -> bool:
        """Whether anything in the project is moved to an accelerator."""
        return self._asked(Question("accelerated")) is not None

    def within(self, folder: str) -> Sequence[str]:
        """The files that lie in a folder itself."""
        return self._list(Question("folder", folder))

    def leads(self, path: str, other: str) -> bool:
        """Whether a file leads to another by imports, its own and those of the files that it imports."""
        return path == other or bool(self._asked(Question("leads", path, os.path.relpath(other, self.root))))

    def imported(self, folder: str, module: str, level: int) -> str | None:
        """The file that an import in a folder means: relative ones by level, absolute ones by the nearest folder."""
        found = self._asked(Question("import", folder, f"{level} {module}"))
        return found if isinstance(found, str) else None

    def module_file(self, stem: str) -> str | None:
        """The module or package of that path."""
        found = self._asked(Question("stem", stem))
        return found if isinstance(found, str) else None

    def _list(self, question: Question) -> Sequence[str]:
        found = self._asked(question)
        return found if isinstance(found, tuple) else ()

    def _asked(self, question: Question) -> Answer:
        self.notes.asked.add(question)
        try:
            return self._answers[question]
        except KeyError:
            answer = self._answers[question] = self._answer(question)
            return answer

    # ---------------------------------------------------------- answers, kept

    def rows(self, questions: Iterable[Question]) -> list[Row]:
        """The questions with their answers, to be kept; for a content it is its digest."""
        return [(question, self._kept(question), question in self._outside) for question in sorted(questions)]

    def _kept(self, question: Question) -> Answer:
        return self.digest(question.of) if question.kind == "content" else self._answers[question]

    def know(self, rows: Iterable[Row]) -> None:
        """Answers that were kept and still hold, so that the files are not looked through for them again."""
        for question, answer, always in rows:
            if question.kind != "content":
                self._answers[question] = answer
                if always:
                    self._outside.add(question)

    def digest(self, path: str) -> str:
        """The digest of a file's bytes."""
        if path not in self._digests:
            self._digests[path] = digest(self.bytes_of(path))
        return self._digests[path]

    def still(self, row: Row, change: Change) -> bool:
        """Whether a question would be answered as it was, before the project changed."""
        question, answer, always = row
        kind, of, more = question
        if kind in {"import", "stem"}:
            return not (always or change.came or change.went) or self._answer(question) == answer
        if kind == "leads":
            return not (always or change) or self._answer(question) == answer
        if kind == "folder":
            return not (change.came or change.went) or self._answer(question) == answer
        if kind == "trains":
            return of not in change.altered
        if kind in {"content", "word", "recurrent"}:
            if of not in change.altered:
                return True
            return (self.digest(of) if kind == "content" else self._answer(question)) == answer
        members = frozenset(answer) if isinstance(answer, tuple) else {answer}
        if change.went & members:
            return False
        test = _test(question)
        altered = change.altered & self._listed
        fits = {path: test(path, self.bytes_of(path)) for path in altered | change.came}
        if kind == "calls" and isinstance(answer, tuple) and len(answer) == NEAREST:  # no farther ones were looked at
            within = by_distance({answer[-1], *fits}, self._under_root(more))
            fits = {path: fits[path] for path in within[: within.index(answer[-1]) + 1] if path in fits}
        if kind in {"sorts", "accelerated"}:  # the answer is the first file of those that may be many
            return fits.get(answer, True) if isinstance(answer, str) else not any(fits.values())
        return all(fit == (path in members) for path, fit in fits.items())

    # ------------------------------------------------------------------ answers

    def _answer(self, question: Question) -> Answer:
        kind, of, more = question
        if kind == "words":
            return tuple(self._mentions.of(frozenset(of.split(" "))))
        if kind == "recurrent words":
            self._recurrent_mentions.expect(self._recurrent_names)
            return tuple(self._recurrent_mentions.of(frozenset(of.split(" "))))
        if kind == "import":
            level, _, module = more.partition(" ")
            return self._located(question, lambda: self._import(of, module, int(level)))
        if kind == "stem":
            return self._located(question, lambda: self._file(of))
        if kind == "leads":
            outer, self._looked_outside = self._looked_outside, False
            found = self._reaches(of, self._under_root(more))
            if self._looked_outside:
                self._outside.add(question)
            self._looked_outside = outer
            return found
        if kind == "folder":
            return tuple(path for path in self.files if os.path.dirname(path) == of)
        test = _test(question)
        if kind in {"word", "recurrent"}:
            return test(of, self.bytes_of(of))
        if kind == "calls":
            nearest = by_distance(self.files, self._under_root(more))
            return tuple(islice((path for path in nearest if self._calls(of, path, test)), NEAREST))
        return next((path for path in self.files if test(path, self.bytes_of(path))), None)

    def _under_root(self, relative: str) -> str:
        return os.path.normpath(os.path.join(self.root, relative))

    def note_recurrence(self, path: str, seen: Recurrence) -> None:
        """What somebody has seen of a file of the project, so that it is not looked through for that again."""
        self._answers[Question("recurrent", path)] = _is_worth_it(path, seen)

    @functools.cached_property
    def _mentions(self) -> Mentions:
        return Mentions(self.files, self.bytes_of)

    @functools.cached_property
    def _recurrent_mentions(self) -> Mentions:
        return Mentions([path for path in self.files if self._is_recurrent(path)], self.bytes_of)

    def _calls(self, method: str, path: str, test: Callable[[str, bytes], bool]) -> bool:
        """Whether a method of a model may be called in a file: many files are near to several."""
        if (method, path) not in self._calling:
            self._calling[method, path] = test(path, self.bytes_of(path))
        return self._calling[method, path]

    def _is_recurrent(self, path: str) -> bool:
        question = Question("recurrent", path)
        if question not in self._answers:
            seen = None if path in self._past else recurrence_seen(path)
            self._answers[question] = self._answer(question) if seen is None else _is_worth_it(path, seen)
        return bool(self._answers[question])

    # ------------------------------------------------------------------ imports

    def _located(self, question: Question, locate: Callable[[], str | None]) -> str | None:
        """What is found by names alone; it is noted where names outside of `files` had their part in it."""
        outer, self._looked_outside = self._looked_outside, False
        found = locate()
        if self._looked_outside:
            self._outside.add(question)
        self._looked_outside = outer
        return found

    _looked_outside = False

    def _import(self, folder: str, module: str, level: int) -> str | None:
        parts = module.split(".") if module else []
        if level:
            for _ in range(level - 1):
                folder = os.path.dirname(folder)
            return self._file(os.path.join(folder, *parts))
        if not parts or parts[0] in {"torch", "numpy", "typing", "os", "sys"} or self._is_foreign(parts[0], folder):
            return None
        while len(folder) >= len(self.root):
            found = self._file(os.path.join(folder, *parts))
            if found is not None:
                return found
            if os.path.basename(folder) == parts[0] and (found := self._file(os.path.join(folder, *parts[1:]))):
                return found
            if folder == os.path.dirname(folder):
                break
            folder = os.path.dirname(folder)
        suffix = os.path.join(*parts)
        matches = [path for path in self._by_tail.get(parts[-1], []) if _stem(path).endswith(os.sep + suffix)]
        return matches[0] if len(matches) == 1 else None

    def _is_foreign(self, head: str, folder: str) -> bool:
        """Whether nothing that an import in a folder can find in the project bears the first name of a module."""
        return self._lists_all(folder) and head not in self._heads and not is_skipped(head)

    @functools.cached_property
    def _heads(self) -> frozenset[str]:
        """The names of the modules, packages and folders of the project, and of its links to folders."""
        folders = {os.path.dirname(path) for path in self.files}
        names = {name for folder in folders for name in folder[len(self.root) :].split(os.sep)}
        names.update(os.path.basename(_stem(path)) for path in self.files)
        names.update(map(os.path.basename, [self.root, *self.listing.links]))
        return frozenset(names)

    @functools.cached_property
    def _by_tail(self) -> dict[str, list[str]]:
        """Files by the last part of their module name."""
        index: dict[str, list[str]] = {}
        for path in self.files:
            index.setdefault(os.path.basename(_stem(path)), []).append(path)
        return index

    # ------------------------------------------------- what files lead to by imports

    def _reaches(self, path: str, other: str) -> bool:
        """Whether a file imports another, or something that does; the shortest ways are tried first."""
        seen, left = {path}, deque([path])
        opened: set[str] = set()
        while left:
            found = self._directly(left.popleft())
            self._looked_outside |= found.outside
            packages = found.packages - opened
            if other in found.files or any(other.startswith(package) for package in packages):
                return True
            opened |= packages
            new = found.files - seen
            for package in packages:
                new |= self._inside(package) - seen
            seen |= new
            left += sorted(new)
        return False

    def _inside(self, folder: str) -> frozenset[str]:
        """The files in a folder and below, by its path up to the last separator."""
        if folder not in self._folders:
            self._folders[folder] = frozenset(path for path in self.files if path.startswith(folder))
        return self._folders[folder]

    def _directly(self, path: str) -> Imports:
        """What a file imports."""
        if path not in self._imports:
            folder = os.path.dirname(path)
            files: set[str] = set()
            whole: set[str] = set()
            outer, self._looked_outside = self._looked_outside, False
            for origin, level, names in imports_in(self.bytes_of(path)):
                module = self._meaning(folder, origin, level)
                if module is None:
                    parts = [self._meaning(folder, f"{origin}.{name}".lstrip("."), level) for name in names]
                elif is_package(module) and names:
                    files.add(module)
                    parts = [self._file(os.path.join(os.path.dirname(module), name)) for name in names]
                else:
                    parts = [module]
                files.update(part for part in parts if part is not None)
                whole.update(part.removesuffix(PACKAGE) for part in parts if part is not None and is_package(part))
            self._imports[path] = Imports(frozenset(files), frozenset(whole), self._looked_outside)
            self._looked_outside = outer
        return self._imports[path]

    def _meaning(self, folder: str, module: str, level: int) -> str | None:
        """What an import means; most of them many files have."""
        key = folder, module, level
        if key not in self._meanings:
            outer, self._looked_outside = self._looked_outside, False
            self._meanings[key] = self._import(*key), self._looked_outside
            self._looked_outside = outer
        found, outside = self._meanings[key]
        self._looked_outside |= outside
        return found

    # -------------------------------------------------------------------- names

    def _file(self, stem: str) -> str | None:
        for candidate in (f"{stem}.py", os.path.join(stem, "__init__.py")):
            if self._exists(candidate):
                return os.path.abspath(candidate)
        return None

    def _exists(self, path: str) -> bool:
        if path in self._given:
            return True
        if path in self._past:
            return self._past[path] is not None
        if self._is_walked and path in self._listed:
            return True
        if self._lists_all(os.path.dirname(path)):
            return False
        self._looked_outside = True
        self.outside.add(path)
        return self._elsewhere is None and os.path.isfile(path)

    @property
    def _is_walked(self) -> bool:
        """Whether the files are known: who resolves an import and nothing else does not walk the project for it."""
        return "files" in self.__dict__ or self._elsewhere is not None

    def _lists_all(self, folder: str) -> bool:
        """Whether it is known of every module in a folder whether there is one."""
        return self._is_walked and not self.listing.cut and self._is_listed_where_it_exists(folder)

    @functools.cached_property
    def _listed(self) -> frozenset[str]:
        return frozenset(self.listing.files)

    def _is_listed_where_it_exists(self, folder: str) -> bool:
        """Whether every module in a folder would be among the files of the project."""
        if folder not in self._complete:
            name = os.path.basename(folder)
            inside = folder.startswith(os.path.join(self.root, "")) and not is_skipped(name)
            linked = folder in self.listing.links
            up = inside and not linked and self._is_listed_where_it_exists(os.path.dirname(folder))
            self._complete[folder] = folder == self.root or up
        return self._complete[folder]

    @functools.cached_property
    def _complete(self) -> dict[str, bool]:
        return {}


# --- what can be said of one file ---


def _test(question: Question) -> Callable[[str, bytes], bool]:
    """The test of one file that a question asks, of that file or of all of them: by its path and its bytes."""
    kind, of, more = question
    if kind == "word":
        word = more.encode("utf-8", "surrogateescape")  # perhaps of the name of a file
        return lambda _, data: holds_word(data, word)
    if kind == "recurrent":
        return _is_recurrent
    if kind in {"words", "recurrent words"}:
        words = [name.encode("utf-8", "surrogateescape") for name in of.split(" ")]
        anywhere = kind == "words"
        return lambda path, data: any(holds_word(data, w) for w in words) and (anywhere or _is_recurrent(path, data))
    if kind == "calls":
        if of == "forward":
            return lambda _, data: _may_train(data) and _calls_a_model(data)
        called = re.compile(rf"[.]{of}\b".encode())
        return lambda _, data: _may_train(data) and called.search(data) is not None
    pattern = SORTING if kind == "sorts" else ACCELERATED
    return lambda _, data: pattern.search(data) is not None


def _is_recurrent(path: str, data: bytes) -> bool:
    return os.path.basename(path) == "__init__.py" or recurrence(data) is not Recurrence.NONE


def _is_worth_it(path: str, seen: Recurrence) -> bool:
    return os.path.basename(path) == "__init__.py" or seen is not Recurrence.NONE


def imports_in(data: bytes) -> Iterator[tuple[str, int, list[str]]]:
    """The imports of a file: a module, its level, and the names that are taken from it (none for `import module`)."""
    data = data.replace(b"\r", b"\n")
    at = data.find(b"import")
    while at >= 0:
        found = IMPORT.match(data, data.rfind(b"\n", 0, at) + 1)
        if found is not None and found["modules"] is not None:
            for module in found["modules"].split(b","):
                parts = NAME.findall(module.partition(b" as ")[0])
                for count in range(1, len(parts) + 1):
                    yield b".".join(parts[:count]).decode("utf-8", "replace"), 0, []
        elif found is not None:
            code = COMMENT.sub(b"", found["names"])
            names = [name.decode("utf-8", "replace") for name in NAME.findall(code)]
            yield found["origin"].decode("utf-8", "replace"), len(found["dots"]), names or ["*"]
        at = data.find(b"import", max(at + 1, found.end() if found is not None else 0))


def digest(data: bytes) -> str:
    """What tells one content from another."""
    from hashlib import sha256  # a run without a cache does not need it

    return sha256(data).hexdigest()[:32]


def _calls_a_model(data: bytes) -> bool:
    """Whether something is called that bears the name of a model; a search for a pattern takes much longer."""
    for word in MODELS:
        at = data.find(word)
        while at >= 0:
            called = CALLED.match(data, at + len(word))
            if called is not None and _is_model(data, at, word + (called[1] or b"")):
                return True
            at = data.find(word, at + len(word))
    return False


def _is_model(data: bytes, at: int, end: bytes) -> bool:
    """Whether a name that is called, by where and how it ends, is one of models, and of no function of the file."""
    before = UP_TO_THERE.search(data[max(at - NEAR, 0) : at])
    if before is None or before[1]:
        return False
    name = before[2] + end
    return model_word(name.decode("utf-8", "replace")) and b"def " + name + b"(" not in data


def has_class(data: bytes, name: str) -> bool:
    """Whether a file has a class of that name, which need not be parsed to see it."""
    start = b"class " + name.encode("utf-8", "surrogateescape")
    at = data.find(start)
    while at >= 0:
        if data[at - 1 : at] in {b"", b"\n"} and data[at + len(start) : at + len(start) + 1] in {b"(", b":"}:
            return True
        at = data.find(start, at + 1)
    return False


def _may_train(data: bytes) -> bool:
    """Whether batches may go through a model in a file."""
    return len(data) <= LARGE and any(word in data for word in BATCHES)


def is_package(path: str) -> bool:
    return path.endswith(os.sep + PACKAGE)


def _stem(path: str) -> str:
    return os.path.splitext(path)[0].removesuffix(os.sep + "__init__")


def by_distance(files: Iterable[str], near: str) -> list[str]:
    """Files by how far they are from one: itself, then by how many folders one has to go up, and down from there."""
    folder = os.path.dirname(near)
    folders = {path: os.path.dirname(path) for path in files}
    steps = {other: _steps(folder, other) for other in set(folders.values())}
    return sorted(folders, key=lambda path: (path != near, steps[folders[path]], path))


def _steps(folder: str, other: str) -> tuple[int, int]:
    """The folders up and then down on the way from one to another."""
    shared = os.path.commonpath([folder, other])
    return folder.count(os.sep) - shared.count(os.sep), other.count(os.sep) - shared.count(os.sep)


def is_skipped(name: str) -> bool:
    """Whether a folder holds nothing of the project's own."""
    return name in SKIPPED or name.startswith(".")


def python_under(top: str, links: list[str]) -> Iterator[str]:
    """The Python files and notebooks under a folder: its own, then those of each folder in it; links go to a list."""
    left = [top]  # a stack and not recursion: a tree may be deeper than Python's limit
    while left:
        try:
            entries, _, linked = listing(left.pop())
        except OSError:
            continue
        links += linked
        folders = []
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if not is_skipped(entry.name):
                    folders.append(entry.path)
            elif entry.name.endswith(SUFFIXES):
                with suppress(OSError):  # a loop of links
                    if entry.is_file():  # no pipe, which would never come to its end
                        yield entry.path
        left += reversed(folders)
