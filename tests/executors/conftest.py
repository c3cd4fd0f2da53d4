"""A cluster of real processes, and folders that its workers see as they are, otherwise, or not at all."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from benchmarks.local_cluster import LocalCluster, apart, free_address  # noqa: E402
from packlint.cli import main  # noqa: E402
from tests.conftest import Ran  # noqa: E402

FAULTS = Path(__file__).with_name("faults.py")
PRELOAD = ("--preload", str(FAULTS))


@dataclass(frozen=True)
class Machine:
    """Folders, and a cluster whose two workers see them otherwise.

    here: all see the same. unseen: no worker sees it. half: the second worker does not. older: the workers see what is
    in `past` in its place.
    """

    cluster: LocalCluster
    here: Path
    unseen: Path
    half: Path
    older: Path
    past: Path


@pytest.fixture(scope="package", autouse=True)
def no_thread_left() -> Iterator[None]:
    """Tests that come after these count on forked workers, and packlint forks only while there is one thread."""
    yield
    from distributed.client import Future

    if Future._cb_executor is not None:
        Future._cb_executor.shutdown()
        Future._cb_executor = None
    assert [thread.name for thread in threading.enumerate()] == ["MainThread"]


@pytest.fixture(scope="session")
def start_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], LocalCluster]]:
    """Makes clusters without any process yet."""
    with ExitStack() as stack:

        def make() -> LocalCluster:
            cluster = LocalCluster(free_address(), tmp_path_factory.mktemp("cluster"))
            stack.callback(cluster.end)
            return cluster

        yield make


@pytest.fixture(scope="session")
def machine(start_cluster: Callable[[], LocalCluster], tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """One cluster for all tests that leave it as it is."""
    base = tmp_path_factory.mktemp("machine")
    folders = [base / name for name in ("here", "unseen", "half", "older", "past")]
    for folder in folders:
        folder.mkdir()
    _, unseen, half, older, past = map(str, folders)
    cluster = start_cluster()
    cluster.scheduler()
    for hidden in ([unseen], [unseen, half]):
        start = apart([*(f"mount -t tmpfs none '{one}'" for one in hidden), f"mount --bind '{past}' '{older}'"])
        if start is not None:
            cluster.worker("--no-nanny", *PRELOAD, before=start)
        else:
            cluster.worker("--no-nanny", *PRELOAD, HIDDEN=os.pathsep.join([*hidden, older]))
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
