"""Subjects go to processes of their own, and what comes back is evidence, whatever became of the process."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import packlint
from packlint.verify.evidence import Evidence, Site, Subject, evidence_of
from packlint.verify.jobs import as_object

KEPT = ("PATH", "LANG", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "SYSTEMROOT", "VIRTUAL_ENV")
"""What Python and CUDA need of the environment; code under test sees nothing else of it."""
START = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("packlint", {0!r})
sys.modules["packlint"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sys.modules["packlint"])
from packlint.verify.server import main
main()
"""
"""This very packlint, wherever it lies, and nothing else of the folder that it lies in."""
IMPORT = 300.0  # seconds that torch may take to be imported, on a cold disk far away
GRACE = 20.0  # seconds beyond its time in which a server must answer, or have ended
LONGEST = 500  # characters of a reason
SHARE = 4  # subjects for which a further server, with an import of torch of its own, is worth it


class VerifyError(Exception):
    """Nothing can be verified here, in one line."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How subjects are run. timeout: seconds for each. memory: megabytes of its process."""

    seed: int = 0
    dtype: str = "float64"
    device: str = "cpu"
    recipe: str | None = None
    timeout: float = 60.0
    memory: int = 1024
    jobs: int = 1


@dataclass(frozen=True, slots=True)
class Verified:
    """The evidence on each subject, in their order, with what ran it. missing: walls that the system did not give."""

    torch: str
    device: str
    evidence: tuple[tuple[Evidence, ...], ...]
    missing: tuple[str, ...] = ()


def verify(subjects: Sequence[Subject], settings: Settings, told: Callable[[int], None] = lambda _: None) -> Verified:
    """Prove each subject; `told` hears how many more are done. Raises `VerifyError`."""
    if not hasattr(os, "fork"):
        raise VerifyError("verify needs a system that can fork")
    todo: SimpleQueue[tuple[int, Subject]] = SimpleQueue()
    for numbered in enumerate(subjects):
        todo.put(numbered)
    count = max(1, min(settings.jobs, -(-len(subjects) // SHARE)))
    found: dict[int, tuple[Evidence, ...]] = {}
    servers: list[Server] = []
    missing: set[str] = set()
    problems: list[BaseException] = []
    stopped = threading.Event()

    def work() -> None:
        try:
            while not todo.empty() and not stopped.is_set():
                with Server(settings) as server:
                    servers.append(server)
                    while server.alive and not stopped.is_set():
                        number, subject = todo.get_nowait()
                        found[number], walls = server.run(subject)
                        missing.update(walls)
                        told(1)
        except Empty:
            return
        except BaseException as error:  # told to the thread that waits
            problems.append(error)

    threads = [threading.Thread(target=work, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            thread.join()
    except BaseException:  # an interrupt: nothing is left running
        stopped.set()
        for server in servers:
            server.stop()
        raise
    if problems and len(found) < len(subjects):
        raise problems[0]
    return Verified(
        servers[0].hello["torch"] if servers else "",
        settings.device,
        tuple(found[number] for number in range(len(subjects))),
        tuple(sorted(missing)),
    )


def describe(
    subjects: Sequence[Subject], settings: Settings, told: Callable[[int], None] = lambda _: None
) -> list[dict[str, Any]]:
    """What could be found out of each subject's class, as `Described.as_object` has it, or why nothing, as `failed`.

    Raises `VerifyError`.
    """
    if not hasattr(os, "fork"):
        raise VerifyError("verify needs a system that can fork")
    found = []
    with Server(settings) as server:
        for subject in subjects:
            found.append(server.described(subject))
            told(1)
    return found


class Server:
    """A process that has torch, as a context manager. hello: what it says of itself. alive: whether it still answers.

    Raises `VerifyError` where it cannot be had.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._folder = tempfile.TemporaryDirectory(prefix="packlint-", ignore_cleanup_errors=True)  # it may clean up
        self._rest = b""
        self.alive = True
        self._process = self._start()
        self.hello = self._heard(IMPORT)
        problem = self._problem()
        if problem is not None:
            self.__exit__()
            raise VerifyError(problem)

    def _problem(self) -> str | None:
        said = self.hello.get("failed", "the process that imports it died")
        if said.startswith("ModuleNotFoundError: No module named 'torch'"):
            return "verify needs PyTorch: pip install 'packlint[verify]'"
        if "torch" not in self.hello:
            return f"torch cannot be imported: {line(said)}"
        if self._settings.device == "cuda" and not self.hello["cuda"]:
            return "--device cuda: torch sees none here"
        return None

    def _start(self) -> subprocess.Popen[bytes]:
        environment = {name: os.environ[name] for name in KEPT if name in os.environ}
        environment |= {"OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"}
        environment["PYTORCH_NVML_BASED_CUDA_CHECK"] = "1"  # CUDA that was begun before a fork is of no use after it
        return subprocess.Popen(
            [sys.executable, "-c", START.format(str(Path(packlint.__file__).resolve()))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            cwd=self._folder.name,
            start_new_session=True,
        )

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._folder.cleanup()

    def stop(self) -> None:
        """End the process and all below it; another thread that waits for its answer gets none."""
        self.alive = False
        if self._process.stdin is not None:
            with contextlib.suppress(OSError, ValueError):  # it died, with something on its way to it
                self._process.stdin.close()
        try:
            self._process.wait(timeout=GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def run(self, subject: Subject) -> tuple[tuple[Evidence, ...], list[str]]:
        """The evidence on a subject, and the walls that were missing."""
        found = self._asked(subject)
        try:
            memory = int(found.get("memory", 0))
            if "evidence" in found:
                return _read(subject, found["evidence"], memory), [str(one) for one in found["missing"]]
            why = str(found.get("failed", "the process that runs it died"))
        except (ArithmeticError, LookupError, TypeError, ValueError, AttributeError):
            memory, why = 0, "what it wrote is no evidence"
        return tuple(unverified(subject, site, line(why), memory) for site in subject.sites), []

    def described(self, subject: Subject) -> dict[str, Any]:
        """The recipe for a subject's class, or why there is none."""
        found = self._asked(subject, kind="describe", folder=os.getcwd())
        recipe: dict[str, Any] | None = found.get("recipe")
        return {"failed": found.get("failed", "the process that runs it died")} if recipe is None else recipe

    def _asked(self, subject: Subject, **more: str) -> dict[str, Any]:
        """What becomes of a job."""
        settings = self._settings
        job = {
            **more,
            "subject": as_object(subject),
            "options": {
                "seed": settings.seed,
                "dtype": settings.dtype,
                "device": settings.device,
                "recipe": settings.recipe,
            },
            "timeout": settings.timeout,
            "memory": settings.memory,
        }
        try:
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(job).encode() + b"\n")
            self._process.stdin.flush()
            return self._heard(settings.timeout + GRACE)
        except (OSError, ValueError):
            self.alive = False
            return {}

    def _heard(self, seconds: float) -> dict[str, Any]:
        """The next answer; nothing where there is none in time, and then there will be no other."""
        assert self._process.stdout is not None
        end = time.monotonic() + seconds
        number = self._process.stdout.fileno()
        chunks = [self._rest]
        while b"\n" not in chunks[-1]:
            left = end - time.monotonic()
            chunk = os.read(number, 1 << 20) if left > 0 and select.select([number], [], [], left)[0] else b""
            if not chunk:
                self.alive = False
                return {}
            chunks.append(chunk)
        answer, _, self._rest = b"".join(chunks).partition(b"\n")
        found: dict[str, Any] = json.loads(answer)
        return found


def _sizes_shown(subject: Subject, site: Site) -> bool:
    """Whether the code shows the sizes of the layers that a site is about."""
    return any(layer.sizes is not None and layer.call in site.calls for layer in subject.layers)


def _read(subject: Subject, found: list[dict[str, Any]], memory: int) -> tuple[Evidence, ...]:
    """The evidence that a worker wrote; raises `ValueError` where it is not on the sites of the subject."""
    evidence = [replace(one, memory=memory, reason=line(one.reason)) for one in map(evidence_of, found)]
    if [(one.row, one.code) for one in evidence] != [(site.row, site.code) for site in subject.sites]:
        raise ValueError
    return tuple(
        replace(one, cell=site.cell, shown=_sizes_shown(subject, site))
        for site, one in zip(subject.sites, evidence, strict=True)
    )


def line(text: str) -> str:
    """What code under test may have written, as one line that can be shown anywhere."""
    shown = "".join(letter if letter.isprintable() else "?" for letter in " ".join(text.split()))
    return shown if len(shown) <= LONGEST else shown[: LONGEST - 3] + "..."


def unverified(subject: Subject, site: Site, why: str, memory: int = 0) -> Evidence:
    """The evidence on a site that could not be run."""
    done = subject.after is not None
    return Evidence(
        subject.path, site.row, subject.owner, site.code, None, "unverified", why, done, memory=memory, cell=site.cell
    )
