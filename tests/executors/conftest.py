"""A cluster of real processes, and folders that its workers see as they are, otherwise, or not at all."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from packlint.cli import main
from tests.conftest import Ran

FAULTS = Path(__file__).with_name("faults.py")
ROOT = Path(__file__).resolve().parents[2]
SECONDS = 60.0  # for what takes one or two where nothing else is going on


@dataclass
class Cluster:
    """A scheduler and its workers, which end with the `with` block."""

    address: str
    folder: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def option(self) -> str:
        return f"--executor=dask={self.address}"

    def start(self, *words: str, before: Sequence[str], **environment: str) -> subprocess.Popen[bytes]:
        """Start a part of it, whose output goes to a file."""
        with open(self.folder / f"log{len(self.processes)}", "wb") as log:
            process = subprocess.Popen(
                [*before, sys.executable, "-m", *words],
                env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # a nanny's worker ends with it
                preexec_fn=end_with_parent,
            )
        self.processes.append(process)
        return process

    def scheduler(self, **environment: str) -> subprocess.Popen[bytes]:
        host, port = self.address.split(":")
        words = ("--host", host, "--port", port, "--no-dashboard", "--idle-timeout", "300")
        return self.start("distributed.cli.dask_scheduler", *words, before=(), **environment)

    def worker(self, *words: str, before: Sequence[str] = (), **environment: str) -> subprocess.Popen[bytes]:
        one = ("--nworkers", "1", "--nthreads", "1", "--no-dashboard", "--memory-limit", "0", "--death-timeout", "60")
        its = ("--preload", str(FAULTS), "--local-directory", str(self.folder))
        scheduler = f"tcp://{self.address}"
        return self.start("distributed.cli.dask_worker", scheduler, *one, *its, *words, before=before, **environment)

    def wait_for(self, workers: int) -> list[str]:
        """The addresses of the workers, once there are so many, no more and no fewer."""
        from distributed import Client

        with Client(f"tcp://{self.address}", timeout=SECONDS, set_as_default=False) as client:
            until(lambda: len(client.nthreads()) == workers, self.logs)
            return sorted(client.nthreads())

    def logs(self) -> str:
        return "\n".join(path.read_text() for path in sorted(self.folder.glob("log*")))

    def end(self, *processes: subprocess.Popen[bytes]) -> None:
        for process in processes or reversed(self.processes):
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            process.wait(SECONDS)


def end_with_parent() -> None:
    """Let this process end with the one that has started it, also where that is killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def until(holds: Callable[[], object], what: Callable[[], str] = str) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < deadline, what()
        time.sleep(0.02)


def free_address() -> str:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{one.getsockname()[1]}"


def apart() -> tuple[str, ...]:
    """What starts a process with mounts of its own; nothing where that is not allowed."""
    for words in (("unshare", "-m"), ("unshare", "-rm")):
        if (
            shutil.which("unshare")
            and not subprocess.run(
                [*words, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False
            ).returncode
        ):
            return words
    return ()


@dataclass(frozen=True)
class Machine:
    """Folders, and a cluster whose two workers see them otherwise.

    here: all see the same. unseen: no worker sees it. half: the second worker does not. older: the workers see what is
    in `past` in its place.
    """

    cluster: Cluster
    here: Path
    unseen: Path
    half: Path
    older: Path
    past: Path


@pytest.fixture(scope="session")
def start_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Cluster]]:
    """Makes clusters without any process yet."""
    with ExitStack() as stack:

        def make() -> Cluster:
            cluster = Cluster(free_address(), tmp_path_factory.mktemp("cluster"))
            stack.callback(cluster.end)
            return cluster

        yield make


@pytest.fixture(scope="session")
def machine(start_cluster: Callable[[], Cluster], tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """One cluster for all tests that leave it as it is."""
    base = tmp_path_factory.mktemp("machine")
    folders = [base / name for name in ("here", "unseen", "half", "older", "past")]
    for folder in folders:
        folder.mkdir()
    _, unseen, half, older, past = map(str, folders)
    cluster = start_cluster()
    cluster.scheduler()
    unshare = apart()
    for number in range(2):
        empty = [unseen, half][: number + 1]
        mounts = " && ".join([*(f"mount -t tmpfs none {one}" for one in empty), f"mount --bind {past} {older}"])
        if unshare:
            cluster.worker("--no-nanny", before=(*unshare, "sh", "-ec", f'{mounts}\nexec "$@"', "sh"))
        else:
            cluster.worker("--no-nanny", HIDDEN=os.pathsep.join([*empty, older]))
    cluster.wait_for(2)
    return Machine(cluster, *folders)


Lint = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Lint:
    """Run packlint in this process, on all rules; without a cache unless a folder for one is named."""

    def run(*words: str) -> Ran:
        cache = () if any(word.startswith("--cache-dir") for word in words) else ("--no-cache",)
        code = main([*words, *cache, "--select=ALL"])
        out, err = capsys.readouterr()
        return Ran(code, out, err)

    return run
