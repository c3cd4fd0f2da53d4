"""The process that imports torch once and runs each subject in a child of its own.

It is given jobs on standard input and answers on standard output, a line of JSON each. Below it stand a child that
takes namespaces, a keeper, and the worker; when the worker ends, or its time does, or nobody waits for it any more,
everything below this process is ended, and the worker's folder is removed. The working folder is its own: it goes with
it.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import json
import os
import resource
import select
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

POLL = 0.02  # seconds
PROCESSES = 32
"""More than these below a worker are a flood, and it is ended."""
RESULT_BYTES = 16 << 20
"""More than these are no evidence."""
STDIN = 0


@dataclass(slots=True)
class Ending:
    """How a worker ended: what it wrote, why it was ended if it was, its wait status and its largest memory seen."""

    written: bytes = b""
    why: str | None = None
    status: int | None = None
    memory: int = 0


def main() -> None:
    """Serve until standard input ends."""
    folder = os.getcwd()
    try:
        _serve()
    except BrokenPipeError:  # nobody waits for the answer
        pass
    finally:
        _end_all()
        _remove(folder)
        os._exit(0)  # what torch would do on its way out takes a while


def _serve() -> None:
    try:
        import torch

        from packlint.verify.observing import install

        torch.set_num_threads(1)
        install()
        for module in (torch, torch.jit):
            module.save = _announced(module.save)  # type: ignore[attr-defined]
        import packlint.verify.proving  # noqa: F401  (so that no worker has to)
    except Exception as error:
        _answer({"failed": f"{type(error).__name__}: {error}"})
        return
    from packlint.verify.limits import adopt_orphans

    adopt_orphans()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    gc.freeze()  # a collection in a worker would copy all of torch's objects
    _answer({"torch": torch.__version__, "cuda": torch.cuda.is_available()})
    for line in sys.stdin:
        _answer(_run(json.loads(line)))


def _announced(save: Callable[..., None]) -> Callable[..., None]:
    """torch writes to a path without Python's `open`: audit hooks are told of it all the same."""

    @functools.wraps(save)
    def announced(*args: Any, **kwargs: Any) -> None:
        where = kwargs["f"] if "f" in kwargs else args[1] if len(args) > 1 else None
        if isinstance(where, str | os.PathLike):
            sys.audit("open", where, "w", os.O_WRONLY)
        save(*args, **kwargs)

    return announced


def _answer(found: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()


def _run(job: dict[str, Any]) -> dict[str, Any]:
    folder = tempfile.mkdtemp(dir=os.getcwd())
    try:
        ending = _watched(job, folder)
    except OSError as error:
        return {"failed": f"no process could be started: {error.strerror or error}"}
    finally:
        _end_all()
        _remove(folder)
    if ending.why is None and ending.written:
        with contextlib.suppress(ValueError, RecursionError):
            found = json.loads(ending.written)
            if isinstance(found, dict):
                return {"memory": ending.memory, **found}
    return {"failed": ending.why or _said(ending.status), "memory": ending.memory}


def _said(status: int | None) -> str:
    if status is None:
        return "the process that runs it was ended"
    if os.WIFSIGNALED(status):
        return f"the process died of {_signal_name(os.WTERMSIG(status))}"
    return f"the code ended the process, exit {os.WEXITSTATUS(status)}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _watched(job: dict[str, Any], folder: str) -> Ending:
    """Run a job below this process, as long as it may; what has left its group is for the caller to end."""
    results, writing = os.pipe()
    endings, telling = os.pipe()
    try:
        middle = os.fork()
        if middle == 0:
            _middle(job, folder, writing, telling)
        os.close(writing)
        os.close(telling)
        writing = telling = -1
        try:
            return _watch(job, results, endings)
        finally:
            _end(middle)
            os.waitpid(middle, 0)
    finally:
        for one in (results, endings, writing, telling):
            if one >= 0:
                os.close(one)


def _watch(job: dict[str, Any], results: int, endings: int) -> Ending:
    ending = Ending()
    deadline = time.monotonic() + job["timeout"]
    chunks: list[bytes] = []
    waited = [endings, STDIN, results]
    while ending.why is None:
        ready = select.select(waited, [], [], POLL)[0]
        if results in ready:
            chunks.append(os.read(results, 1 << 20))
            if not chunks[-1]:
                waited.remove(results)
        if endings in ready:
            told = os.read(endings, 100)
            ending.status = int(told) if told else None
            break
        below = _below(os.getpid())
        ending.memory = max(ending.memory, _memory(below, job["memory"] << 20))
        if STDIN in ready:
            ending.why = "nobody waits for it"
        elif time.monotonic() > deadline:
            ending.why = f"not done after {job['timeout']:g} s"
        elif ending.memory > job["memory"] << 20:
            ending.why = f"more than {job['memory']} MB of memory"
        elif len(below) > PROCESSES:
            ending.why = f"more than {PROCESSES} processes"
        elif sum(map(len, chunks)) > RESULT_BYTES:
            ending.why = "what it wrote is no evidence"
    os.set_blocking(results, False)
    with contextlib.suppress(BlockingIOError):  # what it left behind may hold the pipe open
        while sum(map(len, chunks)) <= RESULT_BYTES and (chunk := os.read(results, 1 << 20)):
            chunks.append(chunk)
    ending.written = b"".join(chunks)
    return ending


def _middle(job: dict[str, Any], folder: str, writing: int, telling: int) -> NoReturn:
    """Take namespaces, start a keeper in them, and end as it does."""
    try:
        from packlint.verify.limits import end_with_parent, unshare

        os.setsid()
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nothing, stream)
        missing = unshare()
        end_with_parent()
        if "processes" in missing:
            _keep(job, folder, writing, telling, missing)
        keeper = os.fork()
        if keeper == 0:
            _keep(job, folder, writing, telling, missing)
        os.close(writing)
        os.close(telling)
        os.waitpid(keeper, 0)
    finally:
        os._exit(1)  # whatever happens, there is one server only


def _keep(job: dict[str, Any], folder: str, writing: int, telling: int, missing: list[str]) -> NoReturn:
    """Start the worker, take what it leaves behind, and tell how it ended.

    In a namespace for processes this is the first one, with which all others end; signals do not reach it as they do a
    worker.
    """
    try:
        from packlint.verify.limits import end_with_parent

        end_with_parent()
        worker = os.fork()
        if worker == 0:
            os.close(telling)
            _worker(job, folder, writing, missing)
        os.close(writing)
        ended = None
        while ended != worker:
            ended, status = os.wait()
        os.write(telling, str(status).encode())
    finally:
        os._exit(0)


def _worker(job: dict[str, Any], folder: str, writing: int, missing: list[str]) -> NoReturn:
    from packlint.verify import limits
    from packlint.verify.jobs import run_job

    code = 0
    try:
        on_device = job["options"]["device"] != "cpu"  # CUDA reserves more address space than any limit
        missing = limits.confine(folder, missing, on_device)
        limits.end_with_parent()  # a change of user takes that back
        os.chdir(folder)
        os.environ["HOME"] = os.environ["TMPDIR"] = tempfile.tempdir = folder
        os.environ["USER"] = "packlint"  # who this is has no name
        limits.bound(job["timeout"], None if on_device else _address_space(job["memory"] << 20))
        limits.refuse(folder)
        found = run_job(job)
        found["missing"] = missing
        found["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << (0 if sys.platform == "darwin" else 10)
        _write(writing, found)
    except BaseException as error:  # whatever it is, it is said, and this process goes no further
        code = 1
        with contextlib.suppress(BaseException):
            text = " ".join(str(error).split())[:200]
            _write(writing, {"failed": f"{type(error).__name__}: {text}" if text else type(error).__name__})
    finally:
        os._exit(code)


def _write(writing: int, found: dict[str, Any]) -> None:
    data = json.dumps(found).encode()
    while data:
        data = data[os.write(writing, data) :]


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
        here = todo.pop(0)
        with contextlib.suppress(OSError):
            for task in os.listdir(f"/proc/{here}/task"):
                with open(f"/proc/{here}/task/{task}/children", encoding="ascii") as stream:
                    children = [int(word) for word in stream.read().split()]
                found += children
                todo += children
    return found


def _memory(pids: list[int], limit: int) -> int:
    """The bytes that processes hold; what they share with the one that they were forked from counts once."""
    shared = _resident(os.getpid())
    resident = [_resident(pid) for pid in pids]
    if sum(resident) <= limit:
        return shared + sum(max(0, one - shared) for one in resident)
    return sum(map(_proportional, pids))


def _resident(pid: int) -> int:
    with contextlib.suppress(OSError, ValueError, IndexError), open(f"/proc/{pid}/statm", encoding="ascii") as stream:
        return int(stream.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def _proportional(pid: int) -> int:
    """What a process holds, pages that several hold by their share; that takes the system some milliseconds to say."""
    with contextlib.suppress(OSError, ValueError), open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as stream:
        return sum(int(line.split()[1]) << 10 for line in stream if line.startswith("Pss:"))
    return _resident(pid)


def _end_all() -> None:
    """End everything below this process, until nothing is left."""
    for _ in range(1000):
        below = _below(os.getpid())
        for pid in below:
            _end(pid)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if not below:
            return
        time.sleep(0.005)


def _end(pid: int) -> None:
    """End a process, and with it its group: that goes at once, so that none of them can start another meanwhile."""
    with contextlib.suppress(OSError):
        group = os.getpgid(pid)
        if group != os.getpgrp():
            os.killpg(group, signal.SIGKILL)
    with contextlib.suppress(OSError):
        os.kill(pid, signal.SIGKILL)


def _remove(folder: str) -> None:
    """Remove a folder, also where code under test took away the right to."""
    shutil.rmtree(folder, ignore_errors=True)
    for inner, folders, _ in os.walk(folder):
        for path in (inner, *(os.path.join(inner, name) for name in folders)):
            if not os.path.islink(path):
                with contextlib.suppress(OSError):
                    os.chmod(path, 0o700)
    shutil.rmtree(folder, ignore_errors=True)
