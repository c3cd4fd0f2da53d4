"""How fast packlint is, measured against Python's own parser, and what starting it takes.

    python -m benchmarks.speed --dense DIR --plugin DIR --runs N

Each folder in DENSE is a project that uses RNNs. PLUGIN is a folder that the flake8 beside this Python checks,
packlint's plugin within it. What is not given is left out of the table. What is compared runs in turn, and each number
is the median of N runs; ratios and not seconds are what other machines can compare. Other linters, and trees of every
size, are measured by `benchmarks.gate`.
"""

from __future__ import annotations

import argparse
import ast
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

PACKLINT = [sys.executable, "-m", "packlint", "check", "--isolated", "--exit-zero", "--output-format", "concise"]
LOADED = """
import sys
from packlint.cli import main
main(sys.argv[1:])
print(*sorted({"torch", "libcst"} & sys.modules.keys()), file=sys.stderr)
"""
MODEL = """
class Model{number}(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.embedding = nn.Embedding(size, 16, padding_idx=0)
        self.rnn = nn.LSTM(16, 16, batch_first=True, bidirectional=True)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embedding(ids), lengths, batch_first=True, enforce_sorted=False)
        output, (hidden, _) = self.rnn(packed)
        output, _ = pad_packed_sequence(output, batch_first=True)
        return output[:, -1], hidden[-1]


def train{number}(loader):
    model = Model{number}(100)
    for ids, lengths in loader:
        loss = model(ids, lengths)[0].sum()
        loss.backward()
"""
IMPORTS = "from torch import nn\nfrom torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence\n"
PLAIN = "def area(width, height):\n    return width * height\n"
ROWS_HEAD = "| what | now | at most | met | |\n| --- | --- | --- | --- | --- |"


@dataclass(frozen=True, slots=True)
class Cost:
    """What a command and the processes that it started took: seconds, CPU seconds, and MB at the peak of one."""

    wall: float
    cpu: float
    peak: float
    code: int = 0  # that it exited with; below 0 it is the signal that ended it


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table; `bar` is the most that it may be."""

    what: str
    found: float
    bar: float | None
    unit: str
    detail: str = ""

    def __str__(self) -> str:
        bar = "" if self.bar is None else f"{self.bar:g} {self.unit}"
        verdict = "" if self.bar is None else "yes" if self.found <= self.bar else "**no**"
        return f"| {self.what} | {self.found:.3g} {self.unit} | {bar} | {verdict} | {self.detail} |"


# --- measuring ---


def cost(argv: Sequence[str], **environment: str) -> Cost:
    begin = time.perf_counter()
    process = subprocess.Popen(
        argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **environment}
    )
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)  # it is waited for already
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, process.returncode)


def in_turn(commands: Sequence[Sequence[str]], runs: int) -> list[list[Cost]]:
    """The costs of each command; the commands run one after the other, again and again, so that all see the same."""
    rounds = [[cost(command) for command in commands] for _ in range(runs)]
    return [list(column) for column in zip(*rounds, strict=True)]


def middle(costs: Sequence[Cost], part: Callable[[Cost], float] = lambda one: one.wall) -> float:
    return statistics.median(map(part, costs))


# --- the rows ---


def dense(project: str) -> tuple[float, float]:
    """CPU seconds that the check of a project takes, and `ast.parse` of every text that it parsed."""
    from packlint import cli, source

    import_module("packlint.check")  # what only files with RNNs need is imported now, not while the clock runs
    import_module("packlint.analysis.project")
    texts: list[str] = []
    parse = source.parse

    def noted(text: str) -> ast.Module:
        texts.append(text)
        return parse(text)

    source.parse = noted
    begin = time.process_time()
    cli.main(["check", "--isolated", "--no-cache", "--jobs", "1", "--output-file", os.devnull, project])
    checked = time.process_time()
    for text in texts:
        try:
            ast.parse(text)
        except (SyntaxError, ValueError):
            continue
    return checked - begin, time.process_time() - checked


def dense_row(folder: Path) -> Row:
    projects = [str(path) for path in sorted(folder.iterdir()) if path.is_dir()]
    # A process for each, started anew: none may profit from what another one has read.
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        took = pool.map(dense, projects, chunksize=1)
    ours, parsing = (sum(column) for column in zip(*took, strict=True))
    least = min(0.05, max(parsed for _, parsed in took))  # a small project is noise
    worst = max((a / b, project) for (a, b), project in zip(took, projects, strict=True) if b >= least)
    detail = f"{ours:.1f} s in {len(projects)} projects; most {worst[0]:.1f} x, {Path(worst[1]).name}"
    return Row(f"`{folder.name}`, 1 process, over `ast.parse`", ours / parsing, 6, "x", detail)


def plugin_row(folder: str, runs: int) -> Row:
    argv = [sys.executable, "-m", "flake8", "--isolated", "--exit-zero", "--jobs", "2", folder]
    shares: list[float] = []
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as scratch:
            seconds = Path(scratch, "seconds")
            took = cost(argv, PACKLINT_FLAKE8_SECONDS=str(seconds), PACKLINT_NO_CACHE="1")
            shares.append(100 * sum(map(float, seconds.read_text().split())) / took.cpu)
    return Row("plugin's share of flake8's CPU seconds", statistics.median(shares), 2, "%")


def start_rows(scratch: Path, runs: int) -> Iterator[Row]:
    plain, recurrent = scratch / "plain.py", scratch / "model.py"
    plain.write_text(PLAIN)
    recurrent.write_text(IMPORTS + MODEL.format(number=0))
    (scratch / "setup.py").touch()
    for number in range(197):
        (scratch / f"part{number}.py").write_text(PLAIN)
    version = [sys.executable, "-m", "packlint", "--version"]
    anew = [*PACKLINT, "--no-cache"]
    bare, *ours = in_turn([[sys.executable, "-c", "pass"], version, [*anew, str(plain)], [*anew, str(recurrent)]], runs)
    names = ("`packlint --version`", "one file without an RNN", "one file with an RNN in a project of 200 files")
    for name, costs, bar in zip(names, ours, (100, 150, 250), strict=True):
        yield Row(name, 1000 * middle(costs), bar, "ms", f"{middle(costs) / middle(bare):.1f} x of a bare Python")
    argv = [sys.executable, "-c", LOADED, *anew[3:], str(recurrent)]
    loaded = subprocess.run(argv, capture_output=True, text=True, check=True).stderr.split()
    yield Row("of torch and libcst imported by it", len(loaded), 0, "", " ".join(loaded))


def growth_rows(scratch: Path, runs: int) -> Iterator[Row]:
    """How much longer ten times as much takes, the imports apart."""
    sizes = ((100, 1), (1000, 1), (1, 50), (1, 500))
    for files, functions in sizes:
        folder = scratch / f"{files}x{functions}"
        folder.mkdir()
        (folder / "setup.py").touch()
        for file in range(files):
            models = (MODEL.format(number=file * functions + number) for number in range(functions))
            (folder / f"models{file}.py").write_text(IMPORTS + "".join(models))
    folders = [str(scratch / f"{files}x{functions}") for files, functions in sizes]
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        rounds = [[ours for ours, _ in pool.map(dense, folders, chunksize=1)] for _ in range(runs)]
    a, b, c, d = (statistics.median(column) for column in zip(*rounds, strict=True))
    yield Row("10 x the files", b / a, 11, "x", f"{a:.2f} s and {b:.2f} s")
    yield Row("10 x the functions in a file", d / c, 11, "x", f"{c:.2f} s and {d:.2f} s")


def rows(arguments: argparse.Namespace) -> Iterator[Row]:
    runs: int = arguments.runs
    for folder in arguments.dense:
        yield dense_row(Path(folder))
    if arguments.plugin is not None:
        yield plugin_row(arguments.plugin, runs)
    with tempfile.TemporaryDirectory() as scratch:
        yield from start_rows(Path(scratch), runs)
    with tempfile.TemporaryDirectory() as scratch:
        yield from growth_rows(Path(scratch), runs)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__.partition("\n")[0])
    parser.add_argument("--dense", action="append", default=[])
    parser.add_argument("--plugin")
    parser.add_argument("--runs", type=int, default=5)
    print(ROWS_HEAD)
    for row in rows(parser.parse_args(argv)):
        print(row, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
