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


class Server:
    """A process that has torch, as a context manager; `hello` is what it says of itself."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._folder = tempfile.TemporaryDirectory(prefix="packlint-")
        self._process = self._start()
        self.hello = self._heard()
        why = None
        if "torch" not in self.hello:
            why = "verify needs PyTorch: pip install 'packlint[verify]'"
        elif settings.device == "cuda" and not self.hello["cuda"]:
            why = "--device cuda: torch sees none here"
        if why is not None:
            self.__exit__()
            raise VerifyError(why)

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
        settings = self._settings
        job = {
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
        found = self._heard()
        memory = found.get("memory", 0)
        if "evidence" not in found:
            why = found.get("failed", "the process that runs it died")
            return tuple(unverified(subject, site, why, memory) for site in subject.sites), []
        evidence = tuple(
            replace(evidence_of(one), memory=memory, cell=site.cell, shown=_sizes_shown(subject, site))
            for site, one in zip(subject.sites, found["evidence"], strict=True)
        )
        return evidence, found["missing"]

    def _heard(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            return {}
        found: dict[str, Any] = json.loads(line)
        return found


def _sizes_shown(subject: Subject, site: Site) -> bool:
    """Whether the code shows the sizes of the layers that a site is about."""
    return any(layer.sizes is not None and layer.call in site.calls for layer in subject.layers)


def unverified(subject: Subject, site: Site, why: str, memory: int = 0) -> Evidence:
    """The evidence on a site that could not be run."""
    done = subject.after is not None
    return Evidence(
        subject.path, site.row, subject.owner, site.code, None, "unverified", why, done, memory=memory, cell=site.cell
    )
