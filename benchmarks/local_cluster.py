"""A cluster of dask on this machine, of real processes, whose workers may see other files than this process does."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 60.0  # for what takes one or two where nothing else is going on
WORKER = ("--nworkers", "1", "--nthreads", "1", "--no-dashboard", "--memory-limit", "0", "--death-timeout", "60")


@dataclass
class LocalCluster:
    """A scheduler and its workers, which write what they log to a folder and end with this process."""

    address: str
    folder: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def option(self) -> str:
        """What `packlint check` is told."""
        return f"--executor=dask={self.address}"

    def scheduler(self, **environment: str) -> subprocess.Popen[bytes]:
        host, port = self.address.split(":")
        words = ("--host", host, "--port", port, "--no-dashboard", "--idle-timeout", "300")
        return self._started((), "distributed.cli.dask_scheduler", words, environment)

    def worker(self, *words: str, before: Sequence[str] = (), **environment: str) -> subprocess.Popen[bytes]:
        """One worker; `before` is what starts its process."""
        where = (f"tcp://{self.address}", "--local-directory", str(self.folder))
        return self._started(before, "distributed.cli.dask_worker", (*where, *WORKER, *words), environment)

    def _started(
        self, before: Sequence[str], module: str, words: Sequence[str], environment: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        with open(self.folder / f"log{len(self.processes)}", "wb") as log:
            process = subprocess.Popen(
                [*before, sys.executable, "-m", module, *words],
                env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # a nanny's worker ends with it
                preexec_fn=_end_with_parent,
            )
        self.processes.append(process)
        return process

    def wait_for(self, workers: int) -> list[str]:
        """The addresses of the workers, once there are so many, no more and no fewer."""
        from distributed import Client

        with Client(f"tcp://{self.address}", timeout=SECONDS, set_as_default=False) as client:
            until(lambda: len(client.nthreads()) == workers, self.logs)
            return sorted(client.nthreads())

    def logs(self) -> str:
        return "\n".join(path.read_text() for path in sorted(self.folder.glob("log*")))

    def end(self, *processes: subprocess.Popen[bytes]) -> None:
        """End these, or all of it."""
        for process in processes or reversed(self.processes):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(SECONDS)


def _end_with_parent() -> None:
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
    """A host and port at which nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{one.getsockname()[1]}"


def apart(mounts: Sequence[str]) -> tuple[str, ...] | None:
    """What starts a process that sees these mounts (commands) and shows them to no other; None where none may."""
    for words in (("unshare", "-m"), ("unshare", "-rm")):
        start = (*words, "sh", "-ec", "\n".join([*mounts, 'exec "$@"']), "sh")
        if shutil.which("unshare"):
            if subprocess.run([*start, "true"], capture_output=True, check=False).returncode == 0:
                return start
    return None
