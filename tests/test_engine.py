"""The engine: files to findings, alone and over workers, whatever happens to a file."""

from __future__ import annotations

import codecs
import functools
import gc
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import packlint.check
import packlint.engine
import packlint.queue
from packlint.analysis.project import Project
from packlint.config import ProjectFacts
from packlint.engine import Checked, Task, check_file, check_files
from packlint.executors.local import Processes
from packlint.files import Found
from packlint.findings import Finding
from packlint.rules import all_rules
from packlint.rules.base import Report
from packlint.source import Recurrence, Source, recurrence
from tests.conftest import BROKEN, PADDED, Ran, run_packlint

Lint = Callable[..., Ran]
CODES = frozenset({"PCK000", "PCK001"})


class Counter:
    """A progress that remembers."""

    def __init__(self) -> None:
        self.total = self.done = 0
        self.ended = False

    def begin(self, total: int) -> None:
        self.total = total

    def advance(self, files: int) -> None:
        self.done += files

    def end(self) -> None:
        self.ended = True


def task(path: str, root: str = "/root") -> Task:
    return Task(path, root, CODES, ProjectFacts())


def found_under(folder: Path) -> list[Found]:
    return [Found(str(path), str(folder)) for path in sorted(folder.rglob("*.py"))]


def check(folder: Path, jobs: int, progress: Counter | None = None) -> list[Checked]:
    def task_of(found: Found) -> Task:
        return task(found.path, str(Path(found.path).parent))

    return check_files(found_under(folder), task_of, Processes(jobs), progress or Counter())


@pytest.fixture
def many(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three projects of four files, each with a finding, and every one worth a worker."""
    monkeypatch.setattr(packlint.engine, "ENOUGH_BYTES", 0)
    for project in "abc":
        (folder / project).mkdir()
        (folder / project / "setup.cfg").touch()
        for number in range(4):
            (folder / project / f"{number}.py").write_text(BROKEN)
    return folder


# --- one file ---


def test_a_file_that_says_nothing_of_recurrence_is_not_checked(folder: Path) -> None:
    (folder / "a.py").write_text("this is no Python\n")
    assert recurrence((folder / "a.py").read_bytes()) is Recurrence.NONE
    assert check(folder, 1) == []


def test_a_finding_brings_its_line(folder: Path) -> None:
    (folder / "a.py").write_text(BROKEN)
    (checked,) = check(folder, 1)
    assert (checked.findings[0].row, checked.lines) == (2, ("rnn = nn.LSTM(2, 3",))


def test_a_comment_suppresses(folder: Path, lint: Lint) -> None:
    (folder / "a.py").write_text("# packlint: ignore-file\n" + BROKEN)
    (folder / "b.py").write_text("# flake8: noqa: PCK001\n" + BROKEN)
    (folder / "c.py").write_text(BROKEN)
    assert lint(".").places == ["c.py PCK001"]


@pytest.mark.parametrize(
    "error", [ValueError("a\nb"), RecursionError(), MemoryError(), KeyError("x"), AssertionError()]
)
def test_a_failure_of_packlint_is_a_finding(folder: Path, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(*_: object) -> list[Finding]:
        raise error

    monkeypatch.setattr(packlint.check, "check_source", fail)
    (folder / "a.py").write_text(BROKEN)
    (checked,) = check(folder, 1)
    (finding,) = checked.findings
    assert (finding.code, finding.row) == ("PCK000", 1)
    assert type(error).__name__ in finding.message
    assert "\n" not in finding.message


def test_a_failure_of_packlint_is_exit_2_and_everything_else_is_reported(
    folder: Path, lint: Lint, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = packlint.check.check_source

    def fail_once(source: Source, *rest: object) -> list[Finding]:
        if source.filename.endswith("a.py"):
            raise ValueError("oh")
        return honest(source, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(packlint.check, "check_source", fail_once)
    for name in ("a.py", "b.py"):
        (folder / name).write_text(BROKEN)
    ran = lint(".")
    assert (ran.code, ran.places) == (2, ["a.py PCK000", "b.py PCK001"])
    assert ran.err == "packlint: a.py:1:1: PCK000 packlint failed on this file: ValueError: oh\n"
    # It cannot be turned off, nor silenced by a comment.
    assert lint(".", "--select", "PCK001", "--ignore", "PCK000", "--per-file-ignores", "*:ALL").places == [
        "a.py PCK000"
    ]
    (folder / "a.py").write_text("# noqa\n" + BROKEN)
    assert lint(".").code == 2


def test_an_empty_file(folder: Path, lint: Lint) -> None:
    (folder / "a.py").write_bytes(b"")
    assert lint("a.py") == Ran(0, "All checks passed!\n", "")


def test_a_hundred_thousand_lines(folder: Path, lint: Lint) -> None:
    """The time grows with the lines, no faster."""
    seconds = []
    for lines in (10_000, 100_000):
        text = "import torch.nn as nn\nrnn = nn.LSTM(2, 3)\n" + "total = first + second * 3\n" * lines
        (folder / "a.py").write_text(text)
        (folder / "b.py").write_text(BROKEN)
        begin = time.process_time()
        ran = lint(".")
        seconds.append(time.process_time() - begin)
        assert (ran.places, ran.err) == (["b.py PCK001"], "")
    assert seconds[1] < 20 * seconds[0]


@pytest.mark.parametrize(
    "data",
    [
        PADDED.encode(),
        codecs.BOM_UTF8 + PADDED.encode(),
        PADDED.encode("utf-16"),
        PADDED.replace("\n\n\n", "\n# coding: latin-1 \xfc\n\n", 1).encode("utf-8"),  # in no line where Python looks
        ("# coding: latin-1 \xfc\n" + PADDED.replace("\n\n", "\n", 1)).encode("latin-1"),
        PADDED.replace("\n", "\r\n").encode(),
        PADDED.replace("\n", "\r").encode(),
        PADDED.replace("\n", "\r\n", 3).replace("):\n", "):\r").encode(),
        PADDED.replace("class", "\x0cclass").encode(),
        PADDED.rstrip().encode(),
    ],
)
def test_every_encoding_and_line_end(folder: Path, lint: Lint, data: bytes) -> None:
    (folder / "a.py").write_bytes(data)
    ran = lint("a.py")
    assert (ran.code, ran.err) == (1, "")
    assert ran.out.startswith("a.py:11:18: PCK101 ")


@pytest.mark.parametrize(
    ("data", "line"),
    [
        ("# \xfc\n".encode("latin-1"), "packlint: a.py: cannot be decoded as utf-8: byte 0xfc in line 1\n"),
        (b"# coding: nothing\n", "packlint: a.py: cannot be decoded: unknown encoding: nothing\n"),
        (b"\x7fELF\0\0\0", "packlint: a.py: is binary: it holds null bytes\n"),
    ],
)
def test_what_is_no_text_is_one_line(folder: Path, lint: Lint, data: bytes, line: str) -> None:
    (folder / "a.py").write_bytes(data + PADDED.encode())
    (folder / "b.py").write_text(PADDED)
    ran = lint(".")
    assert (ran.code, ran.places, ran.err) == (2, ["b.py PCK101"], line)


@pytest.mark.parametrize(
    "text",
    [
        "print 'loss'",
        "x = " + "(" * 5000 + "1" + ")" * 5000,
        "x = " + "-" * 5000 + "1",
        "x = a" + ".b" * 5000,
        "x = (\n",
    ],
)
def test_what_does_not_parse_is_a_finding(folder: Path, lint: Lint, text: str) -> None:
    (folder / "a.py").write_text(f"{PADDED}{text}\n")
    (folder / "b.py").write_text(PADDED)
    ran = lint(".")
    assert (ran.code, ran.places, ran.err) == (1, ["a.py PCK001", "b.py PCK101"], "")


@pytest.mark.parametrize("deep", ["a" + ".b" * 900, "-" * 900 + "1", " + ".join("a" * 900), "a" + "()" * 900])
def test_what_is_nested_as_deeply_as_python_allows(folder: Path, lint: Lint, deep: str) -> None:
    inside = PADDED.replace("return out", f"return out + self.rnn({deep})")
    for name, text in (("a.py", f"{PADDED}x = {deep}\n"), ("b.py", inside), ("c.py", PADDED)):
        (folder / name).write_text(text)
    ran = lint(".")
    assert (ran.code, ran.err) == (1, "")
    assert "c.py PCK101" in ran.places


def test_how_deeply_a_file_is_followed_does_not_depend_on_the_caller(folder: Path) -> None:
    def check_from(depth: int) -> Checked:
        return check_from(depth - 1) if depth else check_file(task(path)._replace(codes=frozenset(all_rules())))

    path = str(folder / "a.py")
    for deep in range(50, 1000, 50):
        (folder / "a.py").write_text(PADDED.replace("return out", f"return out + self.rnn({'-' * deep}x)[0][:, -1]"))
        packlint.engine.forget()
        shallow = check_from(0)
        packlint.engine.forget()
        assert check_from(400) == shallow


def test_a_rule_that_raises_costs_its_own_findings_alone(
    folder: Path, lint: Lint, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(event: object) -> Iterator[Report]:
        raise ValueError("oh\nno")

    rules = all_rules()
    monkeypatch.setattr(packlint.check, "all_rules", lambda: {**rules, "PCK201": rules["PCK201"]._replace(check=fail)})
    (folder / "a.py").write_text(PADDED)
    ran = lint("a.py", "--exit-zero")
    assert (ran.code, ran.places) == (2, ["a.py PCK000", "a.py PCK101"])
    assert ran.err == "packlint: a.py:11:1: PCK000 PCK201 failed on this line: ValueError: oh no\n"


def test_a_file_that_vanishes(folder: Path) -> None:
    assert check_file(task(str(folder / "a.py"))) == Checked(str(folder / "a.py"), error="No such file or directory")


# --- the files that facts come from ---


def test_too_many_files_to_read_for_facts_are_said_once(folder: Path, lint: Lint) -> None:
    for number in range(3):
        (folder / f"{number}.py").write_text(PADDED)
    (folder / "pyproject.toml").write_text("[tool.packlint]\nmax-files = 2\n")
    ran = lint(".")
    assert (ran.code, len(ran.places)) == (1, 3)
    assert ran.err == (
        f"packlint: {folder}: more than 2 files, so that not all are read for facts (`max-files` sets the limit)\n"
    )
    (folder / "pyproject.toml").write_text("[tool.packlint]\nmax-files = 3\n")
    assert lint(".").err == ""


def test_too_many_files_are_said_whoever_reads_them(many: Path, lint: Lint) -> None:
    for project in "abc":
        (many / project / "setup.cfg").unlink()
        (many / project / "pyproject.toml").write_text("[tool.packlint]\nmax-files = 2\n")
        for file in (many / project).glob("*.py"):
            file.write_text(PADDED)
    once, wide = (lint(".", f"-j{jobs}") for jobs in (1, 3))
    assert once == wide
    assert [line.split(":")[1] for line in once.err.splitlines()] == [f" {many / project}" for project in "abc"]


def test_facts_are_looked_for_in_any_folder(folder: Path, lint: Lint) -> None:
    """A loop of links, a pipe and a tree that is deeper than Python's recursion are no hindrance."""
    (folder / "a.py").write_text(PADDED)
    (folder / "loop.py").symlink_to("loop.py")
    (folder / "up").symlink_to(".")
    os.mkfifo(folder / "pipe.py")
    deep = folder
    for _ in range(1200):
        deep /= "d"
        deep.mkdir()
    (deep / "b.py").touch()
    try:
        ran = lint("a.py")
        assert (ran.code, ran.places, ran.err) == (1, ["a.py PCK101"], "")
    finally:
        # pytest removes its folders by recursion, and would end in the middle of a tree this deep.
        (deep / "b.py").unlink()
        while deep != folder:
            deep.rmdir()
            deep = deep.parent


# --- many files ---


@pytest.mark.parametrize("jobs", [1, 2, 5])
def test_the_same_for_every_number_of_jobs(many: Path, jobs: int) -> None:
    progress = Counter()
    checked = check(many, jobs, progress)
    assert [one.path for one in checked] == [str(many / project / f"{n}.py") for project in "abc" for n in range(4)]
    assert all(finding.code == "PCK001" for one in checked for finding in one.findings)
    assert (progress.total, progress.done, progress.ended) == (12, 12, True)


def test_the_output_is_the_same_for_every_number_of_jobs(many: Path, lint: Lint) -> None:
    for name in ("a/none.py", "c/none.py"):
        (many / name).symlink_to("nowhere")
    once, again, wide = (lint(".", "--output-format=json", f"-j{jobs}") for jobs in (1, 1, 3))
    assert once == again == wide
    assert len(once.findings) == 12
    assert once.err.count("\n") == 2


def test_a_spawned_worker_gives_the_same(many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    once = check(many, 1)
    monkeypatch.setattr("sys.platform", "darwin")  # where workers are not forked
    assert check(many, 2) == once


def test_the_files_of_a_project_go_to_one_worker(many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def say_who(source: Source, *_: object) -> list[Finding]:
        return [Finding("PCK101", str(os.getpid()), "", source.filename, 1, 1, 1, 1)]

    monkeypatch.setattr(packlint.check, "check_source", say_who)
    workers = {(Path(one.path).parent.name, one.findings[0].name) for one in check(many, 3)}
    assert len(workers) == 3


def test_one_large_project_is_cut(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packlint.engine, "ENOUGH_BYTES", 0)
    monkeypatch.setattr(packlint.queue, "PIECES", 2)
    for number in range(10):
        (folder / f"{number}.py").write_text(BROKEN)
    sizes = {task(found.path): 10 for found in found_under(folder)} | {task(str(folder / "large.py")): 100}
    groups = [*packlint.queue.Queue(sizes, 3)]
    assert [len(group) for group in groups] == [1, 3, 3, 3, 1]
    assert groups[0][0].path.endswith("large.py")
    assert len(check(folder, 3)) == 10


def test_many_files_are_looked_at_in_several_processes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packlint.engine, "MANY_FILES", 10)
    for number in range(12):
        (folder / f"{number}.py").write_text(BROKEN if number % 2 else "x = 1\n")
    (folder / "gone.py").symlink_to("nowhere")
    assert check(folder, 3) == check(folder, 1)
    assert sum(bool(one.findings) for one in check(folder, 3)) == 6
    assert [one.error for one in check(folder, 3) if one.error] == ["No such file or directory"]


def test_a_worker_that_dies_costs_its_file_alone(many: Path, lint: Lint, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = packlint.check.check_source

    def die(source: Source, *rest: object) -> list[Finding]:
        if source.filename.endswith(("b/1.py", "c/3.py")):
            os._exit(9)
        return honest(source, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(packlint.check, "check_source", die)
    ran = lint(".", "-j2")
    assert ran.code == 2
    assert ran.err.splitlines() == [
        "packlint: b/1.py: the process that checked it died",
        "packlint: c/3.py: the process that checked it died",
    ]
    assert len(ran.places) == 10


def test_small_amounts_start_no_worker(folder: Path) -> None:
    for name in ("a", "b"):
        (folder / name).mkdir()
        (folder / name / "pyproject.toml").touch()
        (folder / name / "x.py").write_text(BROKEN)
    code = "import sys\nfrom packlint.cli import main\nmain(['.', '-j4'])\nsys.exit('multiprocessing' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, check=False).returncode == 0


def test_projects_that_are_done_are_let_go(folder: Path, lint: Lint) -> None:
    """However many projects there are, few of them are in memory."""
    for number in range(12):
        (folder / str(number)).mkdir()
        (folder / str(number) / "setup.cfg").touch()
        (folder / str(number) / "a.py").write_text(PADDED)
    assert len(lint(".").places) == 12
    gc.unfreeze()
    gc.collect()
    projects = [one for one in gc.get_objects() if type(one) is Project and vars(one)]
    alive = [one for one in projects if one.root.startswith(str(folder))]
    assert len(alive) <= 4


def test_facts_of_the_configuration_reach_the_project(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "pyproject.toml").write_text("[tool.packlint]\npadding-functions = ['data.pad']\n")
    (folder / "sub").mkdir()
    (folder / "sub" / "a.py").write_text(BROKEN)
    seen: list[tuple[str, ProjectFacts]] = []

    @functools.lru_cache
    def project_of(root: str, facts: ProjectFacts, _past: object = None) -> Project:
        seen.append((root, facts))
        return Project(Path(root), facts)

    monkeypatch.setattr(packlint.engine, "project_of", project_of)
    monkeypatch.setattr(packlint.check, "check_source", lambda *_: [])
    from packlint.cli import main

    main(["sub", "-j1"])
    main(["sub", "-j1", "--root", "sub"])
    facts = ProjectFacts(padding_functions=("data.pad",))
    assert seen == [(str(folder), facts), (str(folder / "sub"), facts)]


def test_many_processes_print_one_report(tmp_path: Path) -> None:
    for number in range(40):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "setup.py").touch()
        (tmp_path / str(number) / "a.py").write_text(BROKEN + "#" * 20_000)
    one, four = (run_packlint(".", "-j", jobs, cwd=tmp_path) for jobs in ("1", "4"))
    assert one == four
    assert one.out.endswith("Found 40 findings.\n")
