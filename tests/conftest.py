"""What the tests share: packlint run in this process or as one of its own, in an empty folder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from packlint.cli import main

BROKEN = "import torch.nn as nn\nrnn = nn.LSTM(2, 3\nprint 1\n"
"""A file whose one finding, PCK001, needs no analysis."""

TAGGER = """\
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16, padding_idx=0)
        self.lstm = nn.LSTM(16, 32, batch_first=True)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True)
        _, (h_n, _) = self.lstm(packed)
        return h_n[-1]
"""
"""It packs, and its lengths have to be sorted: PCK201 where nothing sorts."""

PADDED = """\
from torch import nn
from torch.nn.utils.rnn import pad_sequence


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(8, 8, batch_first=True, bidirectional=True)

    def forward(self, xs, lengths):
        out, _ = self.rnn(pad_sequence(xs, batch_first=True))
        return out
"""
"""A file whose one finding is PCK101 in row 11, column 18."""


@pytest.fixture(scope="session", autouse=True)
def _interrupts() -> None:
    """A shell has what it starts in the background ignore Ctrl-C, and what that starts would, too."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pre-commit keeps the environment that it makes for the hook."""
    return tmp_path_factory.mktemp("pre-commit")


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run of packlint gave."""

    code: int
    out: str
    err: str

    @property
    def findings(self) -> list[dict[str, object]]:
        """What JSON says, where that was the format."""
        findings: list[dict[str, object]] = json.loads(self.out)
        return findings

    @property
    def places(self) -> list[str]:
        """The file names and codes of what `concise` shows, without the last line."""
        lines = self.out.splitlines()[:-1]
        return [f"{line.split(':')[0]} {line.split(': ')[1].split()[0]}" for line in lines]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that the test runs in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def lint(folder: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Run packlint in this process; `concise` and one job unless the words say otherwise."""

    def run(*words: str) -> Ran:
        defaults = [] if any(word.startswith("--output-format") for word in words) else ["--output-format=concise"]
        defaults += [] if any(word.startswith("-j") for word in words) else ["-j1"]
        code = main([*words, *defaults])
        out, err = capsys.readouterr()
        return Ran(code, out, err)

    return run


def run_packlint(
    *words: str, stdin: bytes | None = None, cwd: Path | None = None, seconds: float = 120, **environment: str
) -> Ran:
    """Run packlint as a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "packlint", *words],
        input=stdin,
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        timeout=seconds,
        check=False,
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())
