"""The process that imports torch once and runs each subject in a child of its own.

It is given jobs on standard input and answers on standard output, a line of JSON each. Between the two stand a child
that takes namespaces, and the worker in them; when the worker ends, or its time does, everything below this process is
ended, and the worker's folder is removed.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from typing import Any

POLL = 0.02  # seconds
PROCESSES = 32
"""More than these below a worker are a flood, and it is ended."""


@dataclass(slots=True)
class Ending:
    """How a worker ended: what it wrote, why it was ended if it was, its wait status and its largest memory seen."""

    written: bytes = b""
    why: str | None = None
    status: int = 0
    memory: int = 0


def main() -> None:
    """Serve until standard input ends."""
    import torch

    from packlint.verify.limits import adopt_orphans
    from packlint.verify.observing import install

    torch.set_num_threads(1)
    install()
    import packlint.verify.proving  # noqa: F401  (so that no worker has to)

    adopt_orphans()
    _answer({"torch": torch.__version__, "cuda": torch.cuda.is_available()})
    for line in sys.stdin:
        _answer(_run(json.loads(line)))


def _answer(found: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()


def _run(job: dict[str, Any]) -> dict[str, Any]:
    folder = tempfile.mkdtemp(prefix="packlint-")
    try:
        ending = _watched(job, folder)
    finally:
        _end_all()
        shutil.rmtree(folder, ignore_errors=True)
    if ending.why is None and ending.written:
        with contextlib.suppress(ValueError):
            found: dict[str, Any] = json.loads(ending.written)
            return found
    return {"failed": ending.why or _said(ending.status), "memory": ending.memory}


def _said(status: int) -> str:
    if os.WIFSIGNALED(status):
        return f"the process died of {signal.Signals(os.WTERMSIG(status)).name}"
    return f"the code ended the process, exit {os.WEXITSTATUS(status)}"


def _watched(job: dict[str, Any], folder: str) -> Ending:
    reading, writing = os.pipe()
    ending = Ending()
    deadline = time.monotonic() + job["timeout"]
    middle = os.fork()
    if middle == 0:
        os.close(reading)
        _middle(job, folder, writing)
    os.close(writing)
    limit = job["memory"] << 20
    chunks: list[bytes] = []
    try:
        while True:
            ready, _, _ = select.select([reading], [], [], POLL)
            if ready:
                chunk = os.read(reading, 1 << 20)
                if chunk:
                    chunks.append(chunk)
                    continue
            done, status = os.waitpid(middle, os.WNOHANG)
            if done:
                ending.status = status
                break
            below = _below(os.getpid())
            ending.memory = max(ending.memory, sum(map(_resident, below)))
            if time.monotonic() > deadline:
                ending.why = f"not done after {job['timeout']:g} s"
            elif ending.memory > limit:
                ending.why = f"more than {job['memory']} MB of memory"
            elif len(below) > PROCESSES:
                ending.why = f"more than {PROCESSES} processes"
            if ending.why is not None:
                break
        os.set_blocking(reading, False)
        with contextlib.suppress(BlockingIOError):
            while chunk := os.read(reading, 1 << 20):
                chunks.append(chunk)
    finally:
        os.close(reading)
    ending.written = b"".join(chunks)
    return ending


def _middle(job: dict[str, Any], folder: str, writing: int) -> None:
    """Take namespaces, start the worker in them, and end as it does."""
    from packlint.verify.limits import unshare

    missing = unshare()
    worker = os.fork()
    if worker == 0:
        _worker(job, folder, writing, missing)
    os.close(writing)
    _, status = os.waitpid(worker, 0)
    if os.WIFSIGNALED(status):
        signal.signal(os.WTERMSIG(status), signal.SIG_DFL) if os.WTERMSIG(status) != signal.SIGKILL else None
        os.kill(os.getpid(), os.WTERMSIG(status))
    os._exit(os.WEXITSTATUS(status))


def _worker(job: dict[str, Any], folder: str, writing: int, missing: list[str]) -> None:
    from packlint.verify import limits
    from packlint.verify.jobs import run_job

    code = 0
    try:
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nothing, stream)
        os.chdir(folder)
        os.environ["HOME"] = os.environ["TMPDIR"] = tempfile.tempdir = folder
        if "mounts" in missing or not limits.read_only_but(folder):
            missing = [*missing, "read-only files"]
        on_device = job["options"]["device"] != "cpu"  # CUDA reserves more address space than any limit
        limits.bound(job["timeout"], None if on_device else _address_space(job["memory"] << 20))
        limits.refuse(folder)
        found = run_job(job)
        found["missing"] = missing
        found["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
        data = json.dumps(found).encode()
        while data:
            data = data[os.write(writing, data) :]
    except BaseException as error:  # whatever it is, it is said, and this process goes no further
        code = 1
        with contextlib.suppress(BaseException):
            text = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
            os.write(writing, json.dumps({"failed": text, "memory": 0}).encode())
    finally:
        os._exit(code)


def _address_space(memory: int) -> int:
    """What torch has mapped without using it comes on top."""
    with contextlib.suppress(OSError, ValueError, IndexError), open("/proc/self/statm", encoding="ascii") as stream:
        mapped, resident = (int(word) * os.sysconf("SC_PAGE_SIZE") for word in stream.read().split()[:2])
        return memory + mapped - resident
    return memory


def _below(pid: int) -> list[int]:
    """The processes below one, its own children first."""
    found: list[int] = []
    todo = [pid]
    while todo:
        here = todo.pop()
        with contextlib.suppress(OSError):
            for task in os.listdir(f"/proc/{here}/task"):
                with open(f"/proc/{here}/task/{task}/children", encoding="ascii") as stream:
                    children = [int(word) for word in stream.read().split()]
                found += children
                todo += children
    return found


def _resident(pid: int) -> int:
    """What a process holds that it does not share with the one that it was forked from."""
    with contextlib.suppress(OSError, ValueError, IndexError), open(f"/proc/{pid}/statm", encoding="ascii") as stream:
        return int(stream.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def _end_all() -> None:
    """End everything below this process, until nothing is left."""
    for _ in range(200):
        below = _below(os.getpid())
        for pid in below:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if not below:
            return
        time.sleep(0.005)
