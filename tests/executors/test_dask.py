"""Files checked on a cluster: the same bytes come out as here, whatever its workers see and whatever befalls them."""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

import packlint.engine
import packlint.executors.dask
import packlint.queue
import packlint.shards
from benchmarks.local_cluster import LocalCluster, free_address, until
from packlint.analysis.texts import Past
from packlint.build import of_this_process
from packlint.config import ProjectFacts
from packlint.engine import Task, check_file, check_files
from packlint.executors import ExecutorError, sending
from packlint.executors.dask import Cluster as Dask
from packlint.executors.local import Here
from packlint.executors.sending import Parcel
from packlint.files import Found
from packlint.progress import Progress
from packlint.shards import Order
from tests.conftest import BROKEN, PADDED, Ran, run_packlint
from tests.executors.conftest import PRELOAD, ROOT, Machine
from tests.test_fix import SAFE, UNSAFE
from tests.test_notebook import notebook

Lint = Callable[..., Ran]

COLLATE = """\
from torch.nn.utils.rnn import pad_sequence


def padded(xs):
    return pad_sequence(xs, batch_first=True)
"""
BATCHES = """\
from {module} import padded
from {project}.model import Tagger


def train(batches):
    model = Tagger()
    for xs in batches:
        model(padded(xs)).sum().backward()
"""
MODEL = """\
from torch import nn


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(8, 8, batch_first=True)

    def forward(self, batch):
        out, _ = self.rnn(batch)
        return out[:, -1]
"""
PLAIN = "def area(width, height):\n    return width * height\n"


def project(folder: Path, name: str, **files: str) -> Path:
    """A project, whose files are given by the names of their modules."""
    for module, text in {"setup.cfg": "", **files}.items():
        path = folder / name / (module if "." in module else f"{module}.py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder / name


def world(folder: Path) -> Path:
    """Projects of all kinds: facts of other files, fixes, notes, what cannot be read, and names that are no text."""
    project(folder, "facts", model=MODEL, train=BATCHES.format(module="facts.data.collate", project="facts"))
    project(folder, "facts", **{"data/collate.py": COLLATE, "data/__init__.py": "", "data/plain.py": PLAIN})
    # Where facts stand in a folder that is none of the project's own, and in one that is linked.
    project(folder, "apart", model=MODEL, train=BATCHES.format(module="build.collate", project="apart"))
    project(folder, "apart", **{"build/collate.py": "from build.pads import padded\n", "build/pads.py": COLLATE})
    linked = project(folder, "linked", model=MODEL, train=BATCHES.format(module="lib.collate", project="linked"))
    project(folder, "node_modules", collate=COLLATE)
    (linked / "lib").symlink_to(folder / "node_modules")
    project(folder, "fixes", safe=SAFE, unsafe=UNSAFE, padded=PADDED, broken=BROKEN)
    project(
        folder, "fixes", **{"book.ipynb": notebook("import torch", PADDED).decode(), "silent.py": "# noqa\n" + PADDED}
    )
    imports = PADDED.replace("torch.nn.utils.rnn import pad_sequence", "pads import padded as pad_sequence")
    large = project(folder, "large", one=imports, two=PADDED, model=MODEL, pads=COLLATE)
    (large / "pyproject.toml").write_text("[tool.packlint]\nmax-files = 2\n")
    odd = project(folder, "odd", one=PLAIN)
    (odd / "binary.py").write_bytes(b"\x7fELF\0\0" + PADDED.encode())
    (odd / "latin.py").write_bytes(b"# \xfc\n" + PADDED.encode())
    (odd / "gone.py").symlink_to("nowhere")
    Path(os.fsdecode(os.fsencode(odd) + b"/caf\xe9.py")).write_text(PADDED)
    (odd / "line\nend.py").write_text(PADDED)
    project(folder, "plain", one=PLAIN, two=PLAIN, three="")
    return folder


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[Order]:
    """The orders for which bytes travel."""
    orders: list[Order] = []
    honest = packlint.shards._with_files

    def noted(order: Order) -> Order:
        orders.append(order)
        return honest(order)

    monkeypatch.setattr(packlint.shards, "_with_files", noted)
    return orders


def same(run: Lint, machine: Machine, *words: str) -> Ran:
    """What comes of a run, here and on the cluster."""
    here, there = run(*words, "-j1"), run(*words, machine.cluster.option)
    assert there == here
    return here


@pytest.fixture
def place(request: pytest.FixtureRequest, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A new folder in one of the machine's, `here` unless it is said."""
    folder: Path = getattr(machine, getattr(request, "param", "here")) / request.node.name.partition("[")[0]
    folder.mkdir()
    monkeypatch.chdir(folder)
    yield folder
    monkeypatch.undo()
    shutil.rmtree(folder)


everywhere = pytest.mark.parametrize("place", ["here", "unseen", "half", "older"], indirect=True)


# --- the same as here ---


@everywhere
def test_the_output_is_the_same(run: Lint, machine: Machine, place: Path, given: list[Order]) -> None:
    world(place)
    if place.parent == machine.older:
        old = world(machine.past / place.name)
        for path in old.rglob("*.py"):
            if path.is_file():
                path.write_text("# older\n" + PADDED)
    ran = same(run, machine, ".", "--verbose")
    assert ran.code == 2
    assert len(ran.err.splitlines()) == 4
    for name in ("facts/data/collate.py", "apart/build/pads.py", "linked/lib/collate.py", "large/pads.py"):
        assert f"= {name}:5: padded: `pad_sequence(xs, batch_first=True)`" in ran.out
    if place.parent == machine.here:
        assert given == []
    elif place.parent != machine.half:  # there it depends on who is given what
        wanted = {path for order in given for path in order.outside}
        assert {str(place / "apart" / "build" / name) for name in ("collate.py", "pads.py")} <= wanted


@pytest.mark.parametrize("output_format", ["full", "json", "sarif"])
def test_every_format_is_the_same(run: Lint, machine: Machine, place: Path, output_format: str) -> None:
    world(place)
    assert same(run, machine, ".", f"--output-format={output_format}").code == 2


def test_nothing_found_is_the_same(run: Lint, machine: Machine, place: Path) -> None:
    project(place, "plain", one=PLAIN, two=PLAIN)
    assert same(run, machine, ".") == Ran(0, "All checks passed!\n", "")
    (place / "none").mkdir()
    assert same(run, machine, "none").err == "packlint: none: no Python files in this folder\n"
    assert same(run, machine, "plain/one.py").code == 0
    assert same(run, machine).err.startswith("packlint: no files given, nothing checked")


@everywhere
def test_a_cache_is_kept_of_what_a_cluster_found(
    run: Lint, machine: Machine, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world(place)
    if place.parent == machine.older:
        world(machine.past / place.name)
    for name in ("binary", "latin"):  # what is no text is looked at each time
        (place / "odd" / f"{name}.py").unlink()
    time.sleep(0.06)  # what was written just now may be written again without its times telling
    words = (".", f"--cache-dir={tmp_path / 'cache'}", "--output-format=concise")
    fresh = run(".", "--output-format=concise")
    assert run(*words, machine.cluster.option) == fresh
    assert list((tmp_path / "cache").glob("*.json"))
    monkeypatch.setattr(packlint.engine, "check_file", None)  # all of it is known by now
    monkeypatch.setattr(packlint.shards, "check_order", None)
    assert run(*words) == fresh
    assert run(*words, machine.cluster.option) == fresh


def test_one_large_project_is_cut(
    run: Lint, machine: Machine, place: Path, monkeypatch: pytest.MonkeyPatch, given: list[Order]
) -> None:
    monkeypatch.setattr(packlint.queue, "PIECES", 4)
    monkeypatch.setattr(packlint.engine, "FILES_A_PIECE", 3)
    project(place, "large", **{f"model{number}": PADDED for number in range(20)}, data=COLLATE)
    assert same(run, machine, ".", "--output-format=concise").code == 1
    assert given == []


@pytest.mark.parametrize("place", ["unseen"], indirect=True)
def test_what_a_project_holds_is_sent_once(
    run: Lint, machine: Machine, place: Path, monkeypatch: pytest.MonkeyPatch, given: list[Order]
) -> None:
    monkeypatch.setattr(packlint.queue, "PIECES", 4)
    sent: list[int] = []
    honest = sending.parcel

    def weighed(data: bytes) -> Parcel:
        sent.append(len(data))
        return honest(data)

    monkeypatch.setattr(sending, "parcel", weighed)
    filling = "# " + "x" * 100_000
    project(place, "large", **{f"model{number}": PADDED + filling for number in range(12)})
    assert same(run, machine, ".", "--output-format=concise").code == 1
    assert len(given) > 3
    assert 1_200_000 < sum(sent) < 1_400_000


def test_findings_are_fixed_here(run: Lint, machine: Machine, place: Path) -> None:
    project(place, "one", safe=SAFE)
    here, there = (run(".", "--diff", option) for option in ("-j1", machine.cluster.option))
    assert here == there
    assert "+        packed = pack_padded_sequence(x, lengths.cpu()" in here.out
    assert run(".", "--fix", machine.cluster.option).code == 0
    assert "lengths.cpu()" in (place / "one" / "safe.py").read_text()


def test_standard_input_is_checked_here(machine: Machine, place: Path) -> None:
    project(place, "one", padded=PADDED)
    words = ("-", "one", "--no-cache", "--output-format=concise", "--stdin-filename=one/other.py")
    here, there = (run_packlint(*words, o, stdin=PADDED.encode(), cwd=place) for o in ("-j1", machine.cluster.option))
    assert here == there
    assert len(there.places) == 2


def test_what_was_checked_before_and_has_changed(run: Lint, machine: Machine, place: Path) -> None:
    """The processes of a cluster outlive a run, and what they know of files does not."""
    folder = project(place, "facts", model=MODEL, train=BATCHES.format(module="data", project="facts"), data=COLLATE)
    assert len(same(run, machine, ".", "--output-format=concise").places) == 2
    status = (folder / "data.py").stat()
    (folder / "data.py").write_text(COLLATE.replace("pad_sequence(xs, batch_first=True)", "xs"))
    assert len(same(run, machine, ".", "--output-format=concise").places) == 0
    (folder / "data.py").write_text(COLLATE)
    os.utime(folder / "data.py", ns=(status.st_atime_ns, status.st_mtime_ns))
    assert len(same(run, machine, ".", "--output-format=concise").places) == 2


@pytest.mark.parametrize("place", ["here", "unseen"], indirect=True)
def test_a_past_version_of_a_file(machine: Machine, place: Path) -> None:
    """Tasks that look at files as they were get on a cluster what they get here."""
    folder = project(place, "facts", model=MODEL, train=BATCHES.format(module="data", project="facts"), data="")
    codes = frozenset({"PCK102", "PCK301"})
    past = Past("before", {str(folder / "data.py"): COLLATE.encode(), str(folder / "model.py"): MODEL.encode()})
    cluster = Dask(machine.cluster.address, Here())
    try:
        for one, count in ((past, 2), (None, 0)):
            task = Task(str(folder / "model.py"), str(folder), codes, ProjectFacts(), one)
            packlint.engine.forget()
            here = check_file(task)
            assert len(here.findings) == count
            assert list(packlint.engine.check_tasks({task: 1}, cluster, Progress(sys.stderr))) == [here]
    finally:
        cluster.close()


def test_files_that_are_named_are_checked_whatever_they_are(run: Lint, machine: Machine, place: Path) -> None:
    """They are not among those of the project, in whose listing the workers believe."""
    project(place, "one", **{"build/model.py": PADDED, "script": PADDED, "window.pyw": PADDED})
    (place / "one" / "plain").write_text(PADDED)
    names = ("one/build/model.py", "one/script.py", "one/window.pyw", "one/plain")
    assert len(same(run, machine, *names, "--output-format=concise").places) == 4


@pytest.mark.parametrize("place", ["older"], indirect=True)
def test_files_beside_a_project_that_are_others(run: Lint, machine: Machine, place: Path, given: list[Order]) -> None:
    """What a worker sees of the project is right, and what it sees beside it is not."""
    for where, collate in (
        (place, COLLATE),
        (machine.past / place.name, COLLATE.replace("pad_sequence(xs", "list(xs")),
    ):
        folder = project(where, "apart", model=MODEL, train=BATCHES.format(module="build.collate", project="apart"))
        project(where, "apart", **{"build/collate.py": collate})
        for path in folder.glob("*.py"):
            os.utime(path, ns=(10**18, 10**18))
    assert len(same(run, machine, ".", "--output-format=concise").places) == 2
    assert [order.outside for order in given] == [(str(place / "apart" / "build" / "collate.py"),)]


@pytest.mark.parametrize("deep", ["a" + ".b" * 900, "-" * 900 + "1", "(" * 5000 + "1" + ")" * 5000])
def test_what_is_nested_deeply(run: Lint, machine: Machine, place: Path, deep: str) -> None:
    inside = PADDED.replace("return out", f"return out + self.rnn({deep})")
    project(place, "deep", a=f"{PADDED}x = {deep}\n", b=inside, c=PADDED)
    assert same(run, machine, ".").code == 1


# --- what befalls workers ---


@pytest.fixture(scope="module")
def faulty(start_cluster: Callable[[], LocalCluster]) -> LocalCluster:
    """A cluster whose workers come back when they die."""
    cluster = start_cluster()
    cluster.scheduler(DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="1")
    for _ in range(2):
        cluster.worker("--nanny", *PRELOAD)
    cluster.wait_for(2)
    return cluster


def many(folder: Path, **more: str) -> Path:
    for name in "abcd":
        project(folder, name, model=PADDED, plain=PLAIN)
    return project(folder, "e", **more, other=PADDED)


def test_a_worker_that_is_killed(run: Lint, faulty: LocalCluster, folder: Path) -> None:
    many(folder, once=PADDED)
    there = run(".", faulty.option)
    assert (folder / "e" / "once.begun").exists()
    assert there == run(".", "-j1")
    assert there.code == 1
    assert there.err == ""


def test_a_file_that_kills_whatever_checks_it(run: Lint, faulty: LocalCluster, folder: Path) -> None:
    many(folder, poison=PADDED)
    there = run(".", faulty.option, "--output-format=concise")
    assert there.code == 2
    assert there.err == "packlint: e/poison.py: every worker that was given it died\n"
    assert there.out.count("PCK101") == 5
    (folder / "e" / "poison.py").unlink()
    assert run(".", faulty.option, "--output-format=concise") == Ran(1, there.out, "")


def test_ctrl_c(faulty: LocalCluster, folder: Path) -> None:
    many(folder, hangs=PADDED)
    process = start_packlint(folder, faulty)
    until((folder / "e" / "hangs.begun").exists, faulty.logs)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60) == ("", "")
    assert process.returncode == 130
    (folder / "e" / "hangs.go").touch()
    from distributed import Client

    with Client(f"tcp://{faulty.address}", set_as_default=False) as client:  # nothing of it is left there
        until(lambda: not client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks)))


def test_a_scheduler_that_dies(start_cluster: Callable[[], LocalCluster], folder: Path) -> None:
    cluster = start_cluster()
    scheduler = cluster.scheduler()
    worker = cluster.worker("--no-nanny", *PRELOAD)
    cluster.wait_for(1)
    many(folder, hangs=PADDED)
    process = start_packlint(folder, cluster)
    until((folder / "e" / "hangs.begun").exists, cluster.logs)
    cluster.end(scheduler)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (2, "")
    assert err.startswith(f"packlint: error: --executor dask={cluster.address}: the scheduler is gone (")
    assert err.count("\n") == 1
    cluster.end(worker)


def start_packlint(folder: Path, cluster: LocalCluster) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "packlint", ".", "--no-cache", cluster.option],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_workers_that_die_and_do_not_come_back(
    run: Lint, start_cluster: Callable[[], LocalCluster], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packlint.executors.dask, "PATIENCE", 2)
    cluster = start_cluster()
    scheduler = cluster.scheduler()
    cluster.worker("--no-nanny", *PRELOAD)
    cluster.wait_for(1)
    many(folder, poison=PADDED)
    assert run(".", cluster.option) == error(cluster.address, "no worker is left")
    assert run(".", cluster.option) == error(cluster.address, "the scheduler has no workers")
    cluster.end(scheduler)


# --- another packlint ---


def other_packlint(folder: Path) -> str:
    """A copy of packlint whose code differs, to be looked for first."""
    shutil.copytree(ROOT / "packlint", folder / "packlint", ignore=shutil.ignore_patterns("__pycache__"))
    with (folder / "packlint" / "rules" / "pck101.py").open("a", encoding="utf-8") as file:
        file.write("# another one\n")
    return str(folder)


@pytest.fixture
def stranger(
    request: pytest.FixtureRequest, machine: Machine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of a third worker, with another packlint, or with none."""
    others = set(machine.cluster.wait_for(2))
    environment = {"LOST": "packlint"}
    if getattr(request, "param", "another") == "another":
        environment = {"PYTHONPATH": other_packlint(tmp_path_factory.mktemp("other"))}
    process = machine.cluster.worker("--no-nanny", *PRELOAD, **environment)
    (address,) = set(machine.cluster.wait_for(3)) - others
    yield address
    machine.cluster.end(process)
    machine.cluster.wait_for(2)


@pytest.mark.parametrize("stranger", ["another", "none"], indirect=True)
def test_a_worker_that_has_another_packlint(
    run: Lint, machine: Machine, place: Path, stranger: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    many(place, hangs=PADDED, hangs2=PADDED)
    many(place / "more", hangs=PADDED)
    build = of_this_process()
    ran = run(".", machine.cluster.option)
    refused(ran, machine, stranger, build)
    # One that joins when all others have been looked at is refused with its first work.
    honest = Dask._check_builds
    calls: list[None] = []

    def check_later(self: Dask) -> None:
        if calls:
            honest(self)
        calls.append(None)

    monkeypatch.setattr(Dask, "_check_builds", check_later)

    def go() -> None:
        for path in place.rglob("hangs*.py"):  # the others are kept at work by these
            path.with_suffix(".go").touch()

    timer = threading.Timer(30, go)
    timer.start()
    ran = run(".", machine.cluster.option)
    timer.cancel()
    go()
    refused(ran, machine, stranger, build)


def refused(ran: Ran, machine: Machine, worker: str, build: str) -> None:
    assert (ran.code, ran.out) == (2, "")
    begin, end = (
        f"packlint: error: --executor dask={machine.cluster.address}: {worker} has ",
        f", and this is {build}\n",
    )
    assert ran.err.startswith(begin)
    assert ran.err.endswith(end)
    there = ran.err.removeprefix(begin).removesuffix(end)
    assert "\n" not in there
    if there.startswith("no packlint"):
        assert "ModuleNotFoundError" in there
    else:
        assert there.split(" (")[0] == build.split(" (")[0]
        assert there != build


def test_what_is_damaged_on_the_way_is_refused(
    run: Lint, machine: Machine, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many(place)
    monkeypatch.setattr(sending, "parcel", lambda data: (sending._digest(data), data[:-1]))
    ran = run(".", machine.cluster.option)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"packlint: error: --executor dask={machine.cluster.address}: tcp://127.0.0.1:")
    assert ran.err.endswith(" got something else than was sent\n")


# --- what cannot be used ---


def error(address: str, why: str) -> Ran:
    return Ran(2, "", f"packlint: error: --executor dask={address}: {why}\n")


@pytest.mark.parametrize("spec", ["dask", "dask=", "ray=host:1", "", "dask host:1"])
def test_an_executor_that_is_unknown(run: Lint, folder: Path, spec: str) -> None:
    (folder / "a.py").write_text(PADDED)
    line = f"packlint: error: --executor {spec}: unknown (known: dask=HOST:PORT)\n"
    assert run(".", f"--executor={spec}") == Ran(2, "", line)


@pytest.mark.parametrize("address", ["127.0.0.1:PORT", "no.such.host.invalid:8786", "127.0.0.1:port", "[", "foo://x:1"])
def test_a_scheduler_that_is_not_there(run: Lint, folder: Path, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packlint.executors.dask, "PATIENCE", 0.5)
    (folder / "a.py").write_text(PADDED)
    address = address.replace("127.0.0.1:PORT", free_address())
    ran = run(".", f"--executor=dask={address}")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"packlint: error: --executor dask={address}: no scheduler answers there (")
    assert ran.err.count("\n") == 1


IMPATIENT = """
import sys
import packlint.executors.dask
from packlint.cli import main
packlint.executors.dask.PATIENCE = 0.5
sys.exit(main(["a.py", "--no-cache", "--executor", sys.argv[1]]))
"""


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_something_else_is_there(folder: Path, answer: bytes) -> None:
    (folder / "a.py").write_text(PADDED)
    with socket.create_server(("127.0.0.1", 0)) as server:
        spec = f"dask=127.0.0.1:{server.getsockname()[1]}"
        words = [sys.executable, "-c", IMPATIENT, spec]
        process = subprocess.Popen(words, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        taken, _ = server.accept()
        with taken:
            taken.sendall(answer)
            out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (2, "")
    assert err.startswith(f"packlint: error: --executor {spec}: no scheduler answers there (")
    assert err.count("\n") == 1


def test_dask_is_not_installed(folder: Path) -> None:
    (folder / "a.py").write_text(PADDED)
    (folder / "distributed.py").write_text("raise ModuleNotFoundError(name='distributed')\n")
    ran = run_packlint("a.py", "--executor=dask=127.0.0.1:1", cwd=folder, PYTHONPATH=f"{folder}{os.pathsep}{ROOT}")
    line = "packlint: error: --executor dask: distributed is needed: pip install 'packlint[dask]'\n"
    assert ran == Ran(2, "", line)
    ran = run_packlint("a.py", "--no-cache", cwd=folder, PYTHONPATH=f"{folder}{os.pathsep}{ROOT}")
    assert (ran.code, ran.err) == (1, "")


# --- what is shown ---


@pytest.mark.parametrize("place", ["unseen"], indirect=True)
def test_dask_says_nothing_of_its_own(machine: Machine, place: Path) -> None:
    """More than what it calls a large graph travels, and it warns of everything."""
    project(place, "one", model=PADDED, large="# " + "x" * 11_000_000)
    words = (".", "--no-cache", machine.cluster.option)
    warned = run_packlint(*words, cwd=place, PYTHONPATH=str(ROOT), PYTHONWARNINGS="always")
    assert (warned.code, warned.err) == (1, "")
    shown = run_packlint(*words, "--verbose", cwd=place, PYTHONPATH=str(ROOT))
    assert shown.code == 1
    assert "Sending large graph" in shown.err


def test_what_others_log_and_warn_of_is_theirs(run: Lint, machine: Machine, place: Path) -> None:
    project(place, "one", model=PADDED)
    same(run, machine, ".")
    assert logging.getLogger("elsewhere").isEnabledFor(logging.WARNING)
    with pytest.warns(UserWarning, match="mine"):
        warnings.warn("mine", stacklevel=1)


def test_progress_counts_what_is_done_elsewhere(machine: Machine, place: Path) -> None:
    many(place)

    class Counter:
        total = done = 0
        ended = False

        def begin(self, total: int) -> None:
            self.total = total

        def advance(self, files: int) -> None:
            self.done += files

        def end(self) -> None:
            self.ended = True

    counter = Counter()
    files = [Found(str(path), str(place)) for path in sorted(place.rglob("*.py"))]
    cluster = Dask(machine.cluster.address, Here())
    try:
        found = check_files(
            files, lambda one: Task(one.path, str(place), frozenset({"PCK101"}), ProjectFacts()), cluster, counter
        )
        assert cluster.workers == 2
    finally:
        cluster.close()
    assert len(found) == 5
    assert (counter.total, counter.done, counter.ended) == (5, 5, True)


def test_a_client_that_was_closed_says_so(machine: Machine) -> None:
    cluster = Dask(machine.cluster.address, Here())
    assert sorted(cluster.map(len, ["a", "bc", ""])) == [("", 0), ("a", 1), ("bc", 2)]
    cluster.close()
    with pytest.raises(ExecutorError, match="the scheduler is gone"):
        list(cluster.map(len, ["a"]))
    cluster.close()


def test_results_are_merged_in_a_tree(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packlint.executors.dask, "IN_A_TREE", 30)
    cluster = Dask(machine.cluster.address, Here())
    try:
        add: Callable[[Iterable[int]], int] = sum
        assert cluster.merged(abs, range(-70, 0), add) == (sum(range(71)), [])
        assert cluster.merged(abs, [], add) == (0, [])
        assert cluster.merged(abs, [-3], add) == (3, [])
        whole, lost = cluster.merged(json.loads, ["1", "nonsense", "2"], sum)
    finally:
        cluster.close()
    assert whole == 3
    assert [(item, str(why).partition(":")[0]) for item, why in lost] == [("nonsense", "the worker failed")]
