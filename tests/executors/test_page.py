"""What docs/cluster.md says: its commands are run, its figures are those that were measured, its lines are said."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.cluster import STAGES, main
from benchmarks.cluster_page import figures, page
from benchmarks.local_cluster import free_address, until
from tests.conftest import PADDED, run_packlint
from tests.executors.conftest import ROOT

PAGE = (ROOT / "docs" / "cluster.md").read_text(encoding="utf-8")
ADDRESS = "127.0.0.1:8786"


def test_the_figures_are_those_that_were_measured() -> None:
    assert page(PAGE) == PAGE, "run: python docs/make_cluster_page.py"


@contextmanager
def running(words: list[str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    with open(folder / "log", "ab") as log:
        process = subprocess.Popen(
            words, cwd=folder, stdout=log, stderr=log, env={**os.environ, "PYTHONPATH": str(ROOT)}
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


def test_the_commands(tmp_path: Path) -> None:
    block = re.search(r"^```console\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert block is not None
    address = free_address()
    commands = [line.removeprefix("$ ").replace(ADDRESS, address) for line in block[1].splitlines()]
    commands = [line.replace("--port 8786", f"--port {address.split(':')[1]}") for line in commands]
    install, scheduler, worker, check = map(shlex.split, commands)
    assert install == ["pip", "install", "packlint[dask]"]
    assert (scheduler.pop(), worker.pop()) == ("&", "&")
    assert scheduler[0] == worker[0] == "dask"
    scheduler[0] = worker[0] = os.path.join(sysconfig.get_path("scripts"), "dask")
    code, files = tmp_path / "code", tmp_path / "dask"
    code.mkdir()
    files.mkdir()
    (code / "model.py").write_text(PADDED)
    with running(scheduler, files), running(worker, files):
        until(lambda: (files / "log").read_text().count("Registered to:") == 2)
        there = run_packlint(*check[1:], "--no-cache", cwd=code, PYTHONPATH=str(ROOT))
    here = run_packlint(".", "--no-cache", cwd=code, PYTHONPATH=str(ROOT))
    assert there == here
    assert here.code == 1


def test_the_lines_that_are_said_are_those_that_are_tried() -> None:
    folder = Path(__file__).parent
    tried = "".join((folder / name).read_text(encoding="utf-8") for name in ("test_dask.py", "test_sending.py"))
    said = re.findall(r"`packlint: (.+?)`", PAGE.partition("## What can go wrong")[2])
    assert len(said) == 7
    for line in said:
        words = re.sub(r"^error: --executor dask=\S+: (?:tcp://\S+ )?|^\S+\.py: ", "", line)
        for part in filter(None, re.split(r" ?\(?\.\.\.\)?", words)):
            assert part in tried, line


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="what a process took is asked of Linux")
def test_the_benchmark(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tree, output = tmp_path / "tree", tmp_path / "figures.json"
    tree.mkdir()
    (tree / "setup.py").touch()
    for number in range(11):
        (tree / f"model{number}.py").write_text(PADDED)
    assert main([str(tree), "--runs=1", "--workers=1", f"--output={output}"]) == 0
    head, _, *rows = capsys.readouterr().out.splitlines()
    assert head.startswith("| files | how | wall | CPU | over local | looks | merge | checks | sent | received |")
    assert [row.split(" | ")[:2] for row in rows] == [
        ["| 12", way] for way in ("local", "shared", "unshared")[: len(rows)]
    ]
    data = json.loads(output.read_text(encoding="utf-8"))
    sent = {way: figures["sent"] for way, figures in data["trees"][0]["ways"].items()}
    assert data["trees"][0]["findings"] == 11
    assert sent["local"] == 0
    assert 0 < sent["shared"] < 11 * len(PADDED)
    assert "unshared" not in sent or sent["unshared"] > sent["shared"] + 11 * len(PADDED)
    assert str(tmp_path) not in output.read_text(encoding="utf-8")


def test_what_follows_from_the_figures() -> None:
    def tree(files: int) -> dict[str, object]:
        part = {"wall": 1.0, "scheduler": 0.0, "peak": 50.0, "stages": dict.fromkeys(STAGES, 0.5), "received": files}
        ways = {
            "local": {**part, "client": 1.0 + files * 1e-3, "workers": 0.0, "sent": 0},
            "shared": {**part, "client": 1.0 + files * 5e-5, "workers": files * 1e-3, "sent": 100 * files},
        }
        return {"files": files, "bytes": 10_000 * files, "ways": ways}

    made = {"processors": 2, "python": "3.11", "distributed": "2026", "workers": 2, "runs": 3}
    text = figures({"made": made, "trees": [tree(1000), tree(2000)]})
    assert "| CPU of the client | 50 µs |" in text
    assert "| CPU of the workers | 1000 µs |" in text
    assert "| sent, for each byte of source | 0.010 |" in text
    assert "take 1000 µs of CPU for one more file" in text
    assert "- the workers have 2.8 hours of work" in text
    assert "- the client has 8 minutes of work and the scheduler 0," in text
    assert "- the client sends 1.0 GB, receives 0.0 GB, and holds 0.0 GB;" in text
    assert "One client keeps about 20 workers busy." in text
