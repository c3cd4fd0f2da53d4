"""Subjects go to processes of their own, and what comes back is evidence, whatever became of the process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from packlint.verify.evidence import Evidence, Site, Subject, evidence_of
from packlint.verify.jobs import as_object

KEPT = ("PATH", "LANG", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES", "SYSTEMROOT", "VIRTUAL_ENV")
"""What Python and CUDA need of the environment; code under test sees nothing else of it."""
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
    hello: list[dict[str, Any]] = []
    missing: set[str] = set()
    problems: list[BaseException] = []

    def work() -> None:
        try:
            with Server(settings) as server:
                hello.append(server.hello)
                while True:
                    number, subject = todo.get_nowait()
                    done, walls = server.run(subject)
                    found[number] = done
                    missing.update(walls)
                    told(1)
        except Empty:
            return
        except BaseException as error:  # told to the thread that waits
            problems.append(error)

    threads = [threading.Thread(target=work, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems and len(found) < len(subjects):
        raise problems[0]
    return Verified(
        hello[0]["torch"] if hello else "",
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
    """A process that has torch, as a context manager; `hello` is what it says of itself."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._folder = tempfile.TemporaryDirectory(prefix="packlint-")
        self._process = self._start()
        self.hello = self._heard()
        if "torch" not in self.hello:
            raise VerifyError("verify needs PyTorch: pip install 'packlint[verify]'")
        if settings.device == "cuda" and not self.hello["cuda"]:
            raise VerifyError("--device cuda: torch sees none here")

    def _start(self) -> subprocess.Popen[str]:
        here = str(Path(__file__).resolve().parents[2])
        words = f"import sys; sys.path.append({here!r}); from packlint.verify.server import main; main()"
        environment = {name: os.environ[name] for name in KEPT if name in os.environ}
        environment |= {"OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"}
        return subprocess.Popen(
            [sys.executable, "-c", words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
            cwd=self._folder.name,
            start_new_session=True,
        )

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        process = self._process
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._folder.cleanup()

    def run(self, subject: Subject) -> tuple[tuple[Evidence, ...], list[str]]:
        """The evidence on a subject, and the walls that were missing."""
        found = self._asked(subject)
        memory = found.get("memory", 0)
        if "evidence" not in found:
            why = found.get("failed", "the process that runs it died")
            return tuple(unverified(subject, site, why, memory) for site in subject.sites), []
        evidence = tuple(replace(evidence_of(one), memory=memory) for one in found["evidence"])
        return evidence, found["missing"]

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
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        return self._heard()

    def _heard(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            return {}
        found: dict[str, Any] = json.loads(line)
        return found


def unverified(subject: Subject, site: Site, why: str, memory: int = 0) -> Evidence:
    """The evidence on a site that could not be run."""
    rewritten = subject.after is not None
    return Evidence(subject.path, site.row, subject.owner, site.code, None, "unverified", why, rewritten, memory=memory)
