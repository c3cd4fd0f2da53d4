"""What another machine sees of a project, and what it is given; here that is this process, told to see otherwise."""

from __future__ import annotations

import builtins
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

import packlint.engine
import packlint.looks
import packlint.shards
from packlint.analysis.texts import Listing, Past, Texts
from packlint.config import ProjectFacts
from packlint.engine import Checked, Task, check_files, forget
from packlint.executors import Item, Lost, Result, sending
from packlint.executors.local import Here
from packlint.files import Found
from packlint.looks import UNLIKE, Piece, for_another_machine, look_at_all
from packlint.shards import Bundle, Order, Status, sight, status_of
from packlint.source import Recurrence
from tests.conftest import PADDED

COLLATE = (
    "from torch.nn.utils.rnn import pad_sequence\n\n\ndef padded(xs):\n    return pad_sequence(xs, batch_first=True)\n"
)
MODEL = PADDED.replace("from torch.nn.utils.rnn import pad_sequence", "from data import padded").replace(
    "pad_sequence(xs, batch_first=True)", "padded(xs)"
)
CODES = frozenset({"PCK101"})
FACTS = ProjectFacts()


class Nobody:
    """A progress that is not looked at."""

    def begin(self, total: int) -> None: ...

    def advance(self, files: int) -> None: ...

    def end(self) -> None: ...


class Elsewhere:
    """Another machine with one worker, which cannot read some files; all that goes there and back is pickled."""

    workers = 1
    is_here = False
    here = Here()

    def __init__(self, *unreadable: Path) -> None:
        self.unreadable = frozenset(map(str, unreadable))
        self.orders: list[Order] = []

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[tuple[Item, Result | Lost]]:
        from packlint.build import of_this_process

        for item in items:
            if isinstance(item, Order):
                self.orders.append(item)
            parcel, shared = sending.packed(function, item)
            with pytest.MonkeyPatch.context() as patch:
                for module in (builtins, os):
                    patch.setattr(module, "open", self._opens(module.open))
                patch.setattr(os, "access", lambda path, mode: str(path) not in self.unreadable)
                there = sending.worked(of_this_process(), parcel, *map(sending.pickled, shared.values()))
            yield item, sending.unpickled(there)

    def _opens(self, honest: Callable[..., Any]) -> Callable[..., Any]:
        def refuse(path: Any, *rest: Any, **named: Any) -> Any:
            if str(path) in self.unreadable:
                raise PermissionError(13, "Permission denied", path)
            return honest(path, *rest, **named)

        return refuse

    def merged(
        self, function: Callable[[Item], Result], items: Iterable[Item], merge: Callable[[Iterable[Result]], Result]
    ) -> tuple[Result, list[tuple[Item, Lost]]]:
        return merge(result for _, result in self.map(function, items) if not isinstance(result, Lost)), []

    def close(self) -> None: ...


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "model.py").write_text(MODEL)
    (tmp_path / "data.py").write_text(COLLATE)
    return tmp_path


def found(project: Path, executor: Any) -> list[Checked]:
    forget()
    files = [Found(str(path), str(project)) for path in sorted(project.rglob("*.py"))]
    return check_files(files, lambda one: Task(one.path, str(project), CODES, FACTS), executor, Nobody())


def evidence(checked: list[Checked]) -> set[str]:
    return {Path(fact.filename).name for one in checked for finding in one.findings for fact in finding.evidence}


# --- what a worker cannot read ---


def test_what_it_can_read_is_not_sent(project: Path) -> None:
    there = Elsewhere()
    checked = found(project, there)
    assert checked == found(project, Here())
    assert evidence(checked) == {"model.py", "data.py"}
    assert [order.given for order in there.orders] == [None]


def test_what_was_seen_of_files_goes_along(project: Path) -> None:
    (project / "__init__.py").touch()
    there = Elsewhere()
    assert found(project, there) == found(project, Here())
    (order,) = there.orders
    assert list(order.recurrences) == [Recurrence.NONE, Recurrence.NONE, Recurrence.CALLED]
    texts = packlint.engine.project_of(str(project), FACTS).texts
    assert [texts.has_recurrence(path) for path in texts.files] == [True, False, True]


@pytest.mark.parametrize("seen", [0, 2, packlint.shards.UNSEEN])
def test_what_was_seen_of_files_is_believed(project: Path, seen: int) -> None:
    packlint.shards.check_order(Order(str(seen), (task(project),), sight_of(project), bytes([seen, seen])))
    texts = packlint.engine.project_of(str(project), FACTS).texts
    believed = {0: [False, False], 2: [True, True], packlint.shards.UNSEEN: [False, True]}
    assert [texts.has_recurrence(path) for path in texts.files] == believed[seen]


@pytest.mark.parametrize("name", ["model.py", "data.py"])
def test_what_it_cannot_read_is_sent(project: Path, name: str) -> None:
    """It sees that the file is the one that is meant, and is not allowed to open it."""
    there = Elsewhere(project / name)
    checked = found(project, there)
    assert checked == found(project, Here())
    assert evidence(checked) == {"model.py", "data.py"}
    assert [order.given is None for order in there.orders] == [True, False]


def test_what_is_no_text_is_not_sent(project: Path) -> None:
    (project / "model.py").write_bytes(b"# \xfc\n" + MODEL.encode())
    there = Elsewhere()
    checked = found(project, there)
    assert checked == found(project, Here())
    assert [one.error for one in checked] == ["cannot be decoded as utf-8: byte 0xfc in line 1"]
    assert [order.given for order in there.orders] == [None]


def test_a_file_that_goes_before_it_is_sent(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = packlint.shards._with_files

    def too_late(order: Order) -> Order:
        (project / "model.py").unlink()
        return honest(order)

    monkeypatch.setattr(packlint.shards, "_with_files", too_late)
    checked = found(project, Elsewhere(project / "data.py"))
    assert checked == [Checked(str(project / "model.py"), error="No such file or directory")]


class Deadly(Elsewhere):
    """Another machine on which a file kills its worker, and with it everything that is at hand there."""

    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[tuple[Item, Result | Lost]]:
        some = list(items)
        dead = any("poison" in one.path for item in some if isinstance(item, Order) for one in item.shard)
        yield from ((item, Lost("it died")) for item in some) if dead else super().map(function, some)


@pytest.mark.parametrize("poison", [0, 1, 2])
def test_only_what_kills_its_worker_is_blamed(project: Path, poison: int) -> None:
    names = [f"{'poison' if number < poison else 'model'}{number}.py" for number in range(4)]
    for name in names:
        (project / name).write_text(MODEL)
    errors = {Path(one.path).name: one.error for one in found(project, Deadly())}
    expected = {name: "it died" if name.startswith("poison") else None for name in names}
    assert errors == {"model.py": None, **expected}


# --- what is the same ---


def sight_of(project: Path, most: int = 2000) -> str:
    forget()
    return sight(str(project), Texts(str(project), most).listing)


def rewrite(project: Path) -> None:
    (project / "data.py").write_text(COLLATE + "#")


def touch(project: Path) -> None:
    os.utime(project / "data.py", ns=(0, (project / "data.py").stat().st_mtime_ns + 1))


def rename(project: Path) -> None:
    (project / "data.py").rename(project / "dates.py")


def add(project: Path) -> None:
    (project / "sub").mkdir()
    (project / "sub" / "x.py").touch()


def link(project: Path) -> None:
    (project / "sub").symlink_to("/")


@pytest.mark.parametrize("change", [rewrite, touch, rename, add, link])
def test_another_sight(project: Path, change: Callable[[Path], None]) -> None:
    before = sight_of(project)
    change(project)
    assert sight_of(project) != before


def test_another_limit_is_another_sight(project: Path) -> None:
    assert sight_of(project, 1) != sight_of(project, 2) == sight_of(project, 3)


def read(project: Path) -> None:
    os.utime(project / "data.py", ns=(0, (project / "data.py").stat().st_mtime_ns))


def change_mode(project: Path) -> None:
    (project / "data.py").chmod(0o600)


def add_text(project: Path) -> None:
    (project / "README.md").touch()


def add_skipped(project: Path) -> None:
    (project / "build").mkdir()
    (project / "build" / "x.py").touch()


def copy_back(project: Path) -> None:
    status = (project / "data.py").stat()
    (project / "data.py").unlink()
    (project / "data.py").write_text(COLLATE)
    os.utime(project / "data.py", ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.mark.parametrize("change", [read, change_mode, add_text, add_skipped, copy_back])
def test_the_same_sight(project: Path, change: Callable[[Path], None]) -> None:
    before = sight_of(project)
    change(project)
    assert sight_of(project) == before


def test_a_status_is_that_of_a_file(project: Path) -> None:
    path = str(project / "data.py")
    assert status_of(path) == Status(path, len(COLLATE), (project / "data.py").stat().st_mtime_ns)
    for none in (str(project), str(project / "none"), "\0"):
        assert status_of(none) == Status(none)


def test_what_is_beside_a_project_is_told_as_it_was_seen(project: Path) -> None:
    done = packlint.shards.check_order(Order("run", (task(project),), sight_of(project), b""))
    assert isinstance(done, packlint.shards.Done)
    assert done.outside == ()
    (project / "build").mkdir()
    (project / "build" / "pads.py").write_text(COLLATE)
    (project / "model.py").write_text(MODEL.replace("from data", "from build.pads"))
    done = packlint.shards.check_order(Order("another", (task(project),), sight_of(project), b""))
    assert isinstance(done, packlint.shards.Done)
    assert status_of(str(project / "build" / "pads.py")) in done.outside


def task(project: Path) -> Task:
    return Task(str(project / "model.py"), str(project), CODES, FACTS)


# --- what is looked at ---


def test_a_look_at_what_is_meant(project: Path) -> None:
    paths = (str(project / "model.py"), str(project / "data.py"), str(project / "none.py"))
    here = look_at_all(Piece(paths, digests=True))
    piece = for_another_machine(Piece(paths, digests=True))
    assert look_at_all(piece) == {**here, paths[2]: UNLIKE}
    (project / "data.py").write_text(COLLATE + "#")
    assert look_at_all(piece) == {**here, paths[1]: UNLIKE, paths[2]: UNLIKE}
    assert look_at_all(for_another_machine(Piece(paths[1:2], digests=False))) == {}


def test_times_that_are_of_the_machine_are_those_of_the_one_that_asks(project: Path) -> None:
    (path,) = paths = (str(project / "model.py"),)
    piece = for_another_machine(Piece(paths, digests=True))
    assert piece.meant is not None
    size, modified, _, _ = piece.meant[0] or (0, 0, 0, 0)
    there = look_at_all(Piece(paths, digests=True, meant=((size, modified, 5, 6),)))
    state = there[path].state
    assert state is not None
    assert state.signature == (size, modified, 5, 6)


# --- what is given ---


def test_bytes_are_known_by_what_they_are(project: Path) -> None:
    def key() -> str:
        packlint.shards._bundle_of.cache_clear()
        packlint.shards._view_of.cache_clear()
        forget()
        bundle = packlint.shards._bundle_of(str(project), 2000, None)
        assert isinstance(bundle, Bundle)
        assert set(bundle) == {str(project / "data.py"), str(project / "model.py")}
        return bundle.key

    before = key()
    assert key() == before
    (project / "data.py").write_text(COLLATE.replace("True", "None"))
    assert key() != before


def test_with_a_listing_nothing_is_looked_for_here(project: Path) -> None:
    listing = Listing((str(project / "data.py"),), False, frozenset())
    past = Past("there", {str(project / "data.py"): b"x = 1\n"}, listing)
    texts = Texts(str(project), 2000, past)
    assert texts.files == [str(project / "data.py")]
    assert texts.bytes_of(str(project / "data.py")) == b"x = 1\n"
    assert texts.outside == set()
    assert texts.imported(str(project), "data", 0) == str(project / "data.py")
    assert texts.imported(str(project), "model", 0) is None  # it is here, and not there
    assert texts.outside == set()
    assert texts.imported(str(project), "build.model", 0) is None
    assert str(project / "build" / "model.py") in texts.outside
    assert texts.bytes_of(str(project / "model.py")) == b""
    assert str(project / "model.py") in texts.outside
