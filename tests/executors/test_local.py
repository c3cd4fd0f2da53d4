"""Work done in this process, or in others beside it; what becomes of files is in tests/test_engine.py."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from packlint.executors import Executor, ExecutorError, Lost, executor_of
from packlint.executors.local import DIED, Here, Processes, in_own_process
from tests.executors.conftest import ROOT

add: Callable[[Iterable[int]], int] = sum


def half(number: int) -> int:
    """Half of an even number; an odd one kills the process."""
    if number % 2:
        os._exit(9)
    return number // 2


def where(_: int) -> int:
    time.sleep(0.05)
    return os.getpid()


def fail(number: int) -> int:
    raise ValueError(number)


@pytest.fixture(params=["here", "one", "three", "spawned"])
def executor(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Executor]:
    kinds: dict[str, Executor] = {"here": Here(), "one": Processes(1), "three": Processes(3), "spawned": Processes(2)}
    if request.param == "spawned":
        monkeypatch.setattr("sys.platform", "darwin")
    yield kinds[request.param]
    kinds[request.param].close()


def test_each_item_comes_with_its_result(executor: Executor) -> None:
    assert sorted(executor.map(abs, range(-5, 0))) == [(number, -number) for number in range(-5, 0)]
    assert list(executor.map(abs, [])) == []


def test_results_are_merged(executor: Executor) -> None:
    assert executor.merged(abs, range(-10, 0), add) == (55, [])
    assert executor.merged(abs, [], add) == (0, [])


def test_what_a_function_raises_is_raised(executor: Executor) -> None:
    with pytest.raises(ValueError, match="7"):
        list(executor.map(fail, [7, 7]))
    assert list(executor.map(abs, [-1])) == [(-1, 1)]


def test_it_is_of_this_machine(executor: Executor) -> None:
    assert executor.is_here
    assert executor.here is executor
    assert executor.workers >= 1


def test_processes_are_others() -> None:
    (_, here), (_, also) = Here().map(where, [1, 2])
    assert here == also == os.getpid()
    pids = {pid for _, pid in Processes(2).map(where, range(6))}
    assert len(pids) == 2
    assert os.getpid() not in pids


@pytest.mark.parametrize("workers", [1, 3])
def test_only_what_kills_its_process_is_lost(workers: int) -> None:
    found = dict(Processes(workers).map(half, range(6)))
    assert found == {0: 0, 1: DIED, 2: 1, 3: DIED, 4: 2, 5: DIED}
    assert isinstance(DIED, Lost)
    assert dict(Processes(workers).map(half, range(0, 6, 2))) == {0: 0, 2: 1, 4: 2}
    whole, lost = Processes(workers).merged(half, range(6), add)
    assert (whole, sorted(lost)) == (3, [(1, DIED), (3, DIED), (5, DIED)])


def test_in_a_process_of_their_own() -> None:
    assert list(in_own_process(half, [2, 3, 4, 5, 5, 6])) == [1, None, 2, None, None, 3]
    assert list(in_own_process(half, [2, 4])) == [1, 2]
    assert list(in_own_process(half, [])) == []


METHODS = """
import multiprocessing, threading
from packlint.executors.local import Processes
honest = multiprocessing.get_context
def noted(method):
    print(method)
    return honest(method)
multiprocessing.get_context = noted
if __name__ == "__main__":
    list(Processes(2).map(abs, [-1, -2]))
    done = threading.Event()
    threading.Thread(target=done.wait).start()
    list(Processes(2).map(abs, [-1, -2]))
    done.set()
"""


def test_a_process_with_threads_is_not_forked(tmp_path: Path) -> None:
    """A lock that another thread holds would be held in the child without end."""
    (tmp_path / "main.py").write_text(METHODS)
    words = [sys.executable, str(tmp_path / "main.py")]
    shown = subprocess.run(
        words, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True
    )
    methods = list(dict.fromkeys(shown.stdout.split()))
    assert methods == (["fork", "spawn"] if sys.platform == "linux" else ["spawn"])


SLOW = """
import sys
from packlint.executors.local import Processes
from tests.executors.test_local import nap
try:
    list(Processes(2).map(nap, [1, 2]))
except KeyboardInterrupt:
    sys.exit(130)
"""


def nap(_: int) -> None:
    # One write, so that the lines of two processes do not mix.
    os.write(sys.stdout.fileno(), f"{os.getpid()}\n".encode())
    time.sleep(60)


def test_processes_do_not_outlive_an_interrupt() -> None:
    with subprocess.Popen([sys.executable, "-c", SLOW], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        pids = [int(process.stdout.readline()) for _ in range(2)]
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
    deadline = time.monotonic() + 30
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("spec", ["", "dask", "dask=", "local", "Dask=a:1", "=a:1"])
def test_an_executor_that_is_unknown(spec: str) -> None:
    with pytest.raises(ExecutorError, match=r"unknown \(known: dask=HOST:PORT\)"):
        executor_of(spec, Here())
