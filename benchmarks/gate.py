"""packlint beside other linters, on trees of every size.

    python -m benchmarks.gate --tree NAME=DIR[,DIR] ... --made DIR ... --ruff RUFF --peer NAME=PROGRAM ... --output FILE

A NAME=DIR is a tree of real code; what is `--made` was made by `benchmarks.monorepo`, smaller ones for the growth, the
largest for everything. A peer is one of those in `PEERS`, with the program of an environment that has it: for
`flake8+packlint` a flake8 that has packlint's plugin, for `flake8` one that has not.

Everything that is compared runs in turn, again and again, on as many processors as processes, and all look at the same
`*.py` files, without any configuration. *cold* is without a cache of the linter's, *first* fills an empty one, *warm*
finds it full, and then a file is changed: in what was made one of a model and one that makes its batches, elsewhere the
two that `--change NAME=MODEL,BATCHES` names by their paths in the tree. They are put back. The files are read right
before each run, so that none waits for the disk. Slow linters get a sample of the files, drawn with a fixed seed, and
half of it: `reckoned` says what all would take. The figures go to FILE, from which docs/speed.md is made.
"""

from __future__ import annotations

import argparse
import itertools
import json
import multiprocessing
import os
import platform
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks.monorepo import changed_files
from benchmarks.speed import PACKLINT, PLAIN, ROWS_HEAD, Cost, Row, cost

COLD, FIRST, WARM, MODEL, BATCHES = "cold", "first", "warm", "model changed", "batches changed"
HALF = {COLD: "half, cold", WARM: "half, warm"}
"""The states in which half of a sample is looked at."""
PROCESSORS = (1, 2)
ONE_FILE = "one file"
FLAKE8 = ("{program}", "--isolated", "--exit-zero", "--jobs", "{jobs}")
RUFF = ("{program}", "check", "--isolated", "--exit-zero", "--quiet", "--output-format", "concise")
NO_STUBS = ("--extend-exclude", "*.pyi,*.ipynb,pyproject.toml")


@dataclass(frozen=True, slots=True)
class Linter:
    """How a linter is called; a slow one is `sampled`. Exit codes above `most` are failures where nothing is wrong.

    Where its cache is it is told by `options` or in the `environment`; '' has none.
    """

    name: str
    words: tuple[str, ...]
    cache: str = ""
    sampled: bool = False
    most: int = 0

    def command(self, state: str, processors: int, cache: Path, paths: Sequence[str]) -> list[str]:
        words = [str(processors) if word == "{jobs}" else word for word in self.words]
        if self.cache == "options":
            words += ["--no-cache"] if state == COLD else ["--cache-dir", str(cache)]
        return [*words, *paths]

    def environment(self, state: str, cache: Path) -> dict[str, str]:
        if self.cache != "environment":
            return {}
        return {"PACKLINT_NO_CACHE": "1"} if state == COLD else {"PACKLINT_CACHE_DIR": str(cache)}


OURS = Linter("packlint", (*PACKLINT, "--extend-exclude", "*.ipynb,*.pyw", "--jobs", "{jobs}"), "options")
# With every rule hardly a file is without findings, and ruff's cache keeps no others.
RUFFS = (
    Linter("ruff F", (*RUFF, *NO_STUBS, "--select", "F"), "options"),
    Linter("ruff ALL", (*RUFF, *NO_STUBS, "--select", "ALL", "--no-cache")),
)
PEERS = (
    Linter("flake8", FLAKE8, sampled=True),
    Linter("flake8+packlint", FLAKE8, "environment", sampled=True),
    Linter("flake8+torchfix", (*FLAKE8, "--select", "TOR"), sampled=True),
    Linter("torchfix", ("{program}", "--jobs", "{jobs}"), sampled=True),
    Linter("fixit", ("{program}", "--quiet", "lint"), sampled=True, most=1),
    Linter("pylint", ("{program}", "--rcfile", os.devnull, "--exit-zero", "--jobs", "{jobs}"), sampled=True),
)


@dataclass(frozen=True, slots=True)
class Tree:
    """What is linted: files, lines and bytes; files and bytes of the sample, and the bytes of about half of that.

    `made` was made by `benchmarks.monorepo`.
    """

    name: str
    files: int
    lines: int
    size: int
    sample_files: int
    sample_size: int
    half_size: int
    made: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a tree lies: folders, the files of its sample and of half of it, and two files to be changed."""

    tree: Tree
    paths: tuple[str, ...]
    sample: tuple[str, ...]
    half: tuple[str, ...]
    changed: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Timing:
    """What a linter took in each run, on a tree, in a state, on so many processors."""

    tree: str
    linter: str
    state: str
    processors: int
    costs: tuple[Cost, ...]

    @property
    def middle(self) -> Cost:
        """The medians."""
        return Cost(*(statistics.median(getattr(one, part) for one in self.costs) for part in ("wall", "cpu", "peak")))


@dataclass(slots=True)
class Gate:
    """All that was measured, where, and by which command."""

    command: str
    machine: str
    versions: Mapping[str, str]
    runs: int
    seed: int
    trees: list[Tree] = field(default_factory=list)
    timings: list[Timing] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def find(self, tree: str, linter: str, state: str, processors: int) -> Cost | None:
        """The medians; None where it was not measured."""
        wanted = (tree, linter, state, processors)
        found = (one for one in self.timings if (one.tree, one.linter, one.state, one.processors) == wanted)
        return next((one.middle for one in found), None)

    def took(self, tree: Tree, linter: Linter, state: str, processors: int) -> Cost | None:
        """The medians of a run over all of a tree; who has no cache is never warm."""
        state = state if linter.cache else COLD
        found = self.find(tree.name, linter.name, state, processors)
        half = self.find(tree.name, linter.name, HALF[state], processors) if state in HALF else None
        return found if found is None or half is None else reckoned(found, half, tree)


def reckoned(sample: Cost, half: Cost, tree: Tree) -> Cost:
    """What all files would take: as much more a byte as the sample took more than half of it.

    So nothing is counted twice that a linter does once: starting, or reading the modules that everything imports. The
    peak is that of the sample.
    """
    if tree.sample_size == tree.half_size:
        return sample
    more = (tree.size - tree.sample_size) / (tree.sample_size - tree.half_size)
    wall, cpu = (a + max(0.0, a - b) * more for a, b in ((sample.wall, half.wall), (sample.cpu, half.cpu)))
    return Cost(wall, cpu, sample.peak)


# --- as JSON, a line for each timing ---


def write(gate: Gate) -> str:
    head = {
        "command": gate.command,
        "machine": gate.machine,
        "versions": dict(gate.versions),
        "runs": gate.runs,
        "seed": gate.seed,
        "trees": [{name: getattr(tree, name) for name in Tree.__slots__} for tree in gate.trees],
        "left_out": gate.left_out,
        "columns": ["tree", "linter", "state", "processors", "wall", "cpu", "peak"],
    }
    rows = ",\n".join(json.dumps(_row(one)) for one in gate.timings)
    return json.dumps(head, indent=1)[:-2] + f',\n "rows": [\n{rows}\n]}}\n'


def _row(one: Timing) -> list[object]:
    parts = [[float(f"{getattr(cost, part):.4g}") for cost in one.costs] for part in ("wall", "cpu", "peak")]
    return [one.tree, one.linter, one.state, one.processors, *parts]


def read(text: str) -> Gate:
    """What `write` wrote."""
    head = json.loads(text)
    timings = [
        Timing(tree, linter, state, processors, tuple(Cost(*one) for one in zip(*parts, strict=True)))
        for tree, linter, state, processors, *parts in head["rows"]
    ]
    trees = [Tree(**tree) for tree in head["trees"]]
    about = (head["command"], head["machine"], head["versions"], head["runs"], head["seed"])
    return Gate(*about, trees, timings, head["left_out"])


# --- measuring ---


def place_of(
    name: str, folders: Sequence[str], made: bool, lines: int, seed: int, changed: Sequence[str] = ()
) -> Place:
    """A tree, looked through; its sample has so many lines, or all of them. `changed` are paths in the first folder.

    This is done in a process of its own: what the one that measures has held counts as memory of what it starts.
    """
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_place_of, (name, folders, made, lines, seed, changed))


def _place_of(name: str, folders: Sequence[str], made: bool, lines: int, seed: int, changed: Sequence[str]) -> Place:
    sizes: dict[str, tuple[int, int]] = {}
    for folder in folders:
        for path in Path(folder).rglob("*.py"):
            text = path.read_bytes()
            sizes[str(path)] = (text.count(b"\n"), len(text))
    if not sizes:
        raise ValueError(f"{', '.join(folders)}: no Python files")
    drawn = sorted(sizes)
    random.Random(seed).shuffle(drawn)
    sample = _first(drawn, sizes, lines)
    half = _first(sample, sizes, lines // 2)
    lines_of, bytes_of = (sum(one) for one in zip(*sizes.values(), strict=True))
    sampled, halved = (sum(sizes[path][1] for path in paths) for paths in (sample, half))
    name = name or f"{len(sizes):,} files"
    tree = Tree(name, len(sizes), lines_of, bytes_of, len(sample), sampled, halved, made)
    paths = changed_files(Path(folders[0])) if made else tuple(Path(folders[0], path) for path in changed)
    if lacking := next((path for path in paths if not path.is_file()), None):
        raise ValueError(f"{lacking}: no such file")
    return Place(tree, tuple(folders), tuple(sorted(sample)), tuple(sorted(half)), paths)


def _first(paths: Sequence[str], sizes: Mapping[str, tuple[int, int]], lines: int) -> list[str]:
    """The first files, as many as it takes to have so many lines."""
    taken: list[str] = []
    for path in paths:
        if lines <= 0:
            break
        taken.append(path)
        lines -= sizes[path][0]
    return taken


@contextmanager
def pinned(processors: int) -> Iterator[None]:
    """What is started meanwhile runs on so many processors, where the system can see to that."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[:processors])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def read_all(paths: Sequence[str]) -> None:
    """Read files, and those of folders, so that none who is measured waits for the disk; nothing of them is held."""
    for path in map(Path, paths):
        for file in path.rglob("*.py") if path.is_dir() else [path]:
            with open(file, "rb", buffering=0) as stream:
                while stream.read(1 << 20):
                    pass


@contextmanager
def touched(path: Path) -> Iterator[None]:
    """A file has one comment more meanwhile, and is afterwards what it was."""
    before, stat = path.read_bytes(), path.stat()
    try:
        path.write_bytes(before + b"\n# changed\n")
        yield
    finally:
        path.write_bytes(before)
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def measured(linter: Linter, place: Place, processors: int, folder: Path) -> Iterator[tuple[str, Cost]]:
    """What a linter takes, once in each of its states."""
    cache = folder / linter.name
    paths = place.sample if linter.sampled else place.paths

    def run(state: str, paths: Sequence[str] = paths) -> Cost:
        read_all(paths)
        with pinned(processors):
            return cost(linter.command(state, processors, cache, paths), **linter.environment(state, cache))

    yield COLD, run(COLD)
    if linter.sampled:
        yield HALF[COLD], run(COLD, place.half)
    if not linter.cache:
        return
    shutil.rmtree(cache, ignore_errors=True)
    yield FIRST, run(FIRST)
    yield WARM, run(WARM)
    if linter.sampled:
        yield HALF[WARM], run(WARM, place.half)
        return
    for state, path in zip((MODEL, BATCHES), place.changed, strict=False):
        with touched(path):
            yield state, run(state)
        run(WARM)  # the cache knows the file as it was once more


def usable(linter: Linter, place: Place, folder: Path) -> tuple[Linter | None, str | None]:
    """The linter as far as it can be called, on a file in which nothing is wrong; and what it said where it cannot."""
    for state in (COLD, WARM) if linter.cache else (COLD,):
        command = linter.command(state, PROCESSORS[-1], folder / linter.name, place.paths)
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except OSError as error:
            return None, f"{linter.name}: {error.strerror or error}"
        if not 0 <= done.returncode <= linter.most:
            said = (done.stderr.strip() or done.stdout.strip() or "nothing").splitlines()[-1]
            # Without its cache it can still be measured cold.
            left = None if state == COLD else replace(linter, cache="", words=(*linter.words, "--no-cache"))
            return left, f"{linter.name}, {state}: exit code {done.returncode}: {said}"
    return linter, None


def over(gate: Gate, place: Place, linters: Sequence[Linter], folder: Path) -> None:
    """Measure linters on a tree; one that is ended by a signal, for want of memory say, is left out there."""
    gate.trees.append(place.tree)
    left = list(linters)
    for processors in PROCESSORS:
        costs: dict[tuple[str, str], list[Cost]] = {}
        for _ in range(gate.runs):
            for linter in tuple(left):
                for state, one in measured(linter, place, processors, folder):
                    costs.setdefault((linter.name, state), []).append(one)
                    if one.code < 0:
                        gate.left_out.append(f"{linter.name} on {place.tree.name}: ended by signal {-one.code}")
                        left.remove(linter)
                        costs = {key: value for key, value in costs.items() if key[0] != linter.name}
                        break
        gate.timings += (Timing(place.tree.name, *key, processors, tuple(found)) for key, found in costs.items())


# --- what it runs on ---


def machine() -> str:
    model = platform.processor() or platform.machine()
    try:
        found = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    except OSError:
        found = None
    count = os.cpu_count() or 1
    return f"{found[1] if found else model}, {count} processor{'s' if count > 1 else ''}, {platform.system()}"


def version(linter: Linter) -> str:
    """What the linter says of its version: the first number, and what is in parentheses behind it."""
    words = linter.words[: 3 if linter.name == OURS.name else 1]
    done = subprocess.run([*words, "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"\d+(?:\.\d+)+\w*(?: \([^)]*\))?", done.stdout)
    return found[0] if found else "unknown"


def shown(words: Sequence[str]) -> str:
    """The command, without the places of this machine."""
    return re.sub(r"(?<![\w.])/(?:[^\s,/]+/)*(?=[^\s,/]+)", "", " ".join(["python -m benchmarks.gate", *words]))


# --- what came of it ---


def rows(gate: Gate) -> Iterator[Row]:
    """packlint over the others, ratios first; and what is bounded."""
    linters = {linter.name: linter for linter in (OURS, *RUFFS, *PEERS)}
    made = sorted((tree for tree in gate.trees if tree.made), key=lambda tree: tree.files)
    bars = [*made[-1:], *(tree for tree in gate.trees if tree.name == "torch")]
    for tree in gate.trees:
        for state in (COLD, WARM, MODEL, BATCHES):
            for processors in PROCESSORS:
                ours = gate.took(tree, OURS, state, processors)
                if ours is None:
                    continue
                for name in list(linters)[1:]:
                    theirs = gate.took(tree, linters[name], state, processors)
                    if theirs is None or (state != COLD and not linters[name].cache):
                        continue
                    what = f"{tree.name}, {state}, {processors}: over {name}"
                    bounded = (name, state, processors) == (RUFFS[0].name, COLD, 2)
                    bar = 1.5 if bounded and tree in bars else None
                    sample = f", from {tree.sample_files:,} files" if linters[name].sampled else ""
                    yield Row(what, ours.wall / theirs.wall, bar, "x", f"{ours.wall:.3g} / {theirs.wall:.3g} s{sample}")
    for tree in gate.trees:
        if tree.name != ONE_FILE:
            yield from _beside_itself(gate, tree, tree in bars)
    for small, large in itertools.pairwise(made):
        for state in (COLD, WARM):
            a, b = (gate.took(tree, OURS, state, 2) for tree in (small, large))
            if a is not None and b is not None:
                factor = large.size / small.size
                what = f"{state}, 2: {large.files:,} files over {small.files:,}, for {factor:.3g} x as much"
                yield Row(what, b.wall / a.wall, 1.1 * factor, "x", f"{b.wall:.3g} / {a.wall:.3g} s")


def _beside_itself(gate: Gate, tree: Tree, bounded: bool) -> Iterator[Row]:
    """What memory it takes, and how its states compare."""
    cold, warm = gate.took(tree, OURS, COLD, 2), gate.took(tree, OURS, WARM, 2)
    ruff = gate.took(tree, RUFFS[0], COLD, 2)
    if cold is not None:
        bar = 250 if tree.made else 200
        yield Row(f"{tree.name}, cold, 2: peak of one process", cold.peak, bar if bounded else None, "MB")
    if warm is not None and ruff is not None:
        what, ratio = f"{tree.name}, warm, 2: over cold {RUFFS[0].name}", warm.wall / ruff.wall
        yield Row(what, ratio, 0.5 if bounded else None, "x", f"{warm.wall:.3g} / {ruff.wall:.3g} s")
    for state in (MODEL, BATCHES):
        ours = gate.took(tree, OURS, state, 2)
        if ours is not None and warm is not None:
            what, ratio = f"{tree.name}, {state}, 2: over warm", ours.wall / warm.wall
            yield Row(what, ratio, 1.3 if bounded else None, "x", f"{ours.wall:.3g} / {warm.wall:.3g} s")


def chosen(ruff: str, peers: Sequence[str]) -> list[Linter]:
    """The linters that were asked for, with their programs."""
    programs = dict(peer.partition("=")[::2] for peer in peers)
    if unknown := sorted(programs.keys() - {peer.name for peer in PEERS}):
        raise ValueError(f"--peer {unknown[0]}: one of {', '.join(peer.name for peer in PEERS)} is wanted")
    given = [(linter, ruff) for linter in RUFFS] + [(one, programs[one.name]) for one in PEERS if one.name in programs]
    return [OURS, *(_with(linter, program) for linter, program in given)]


def _with(linter: Linter, program: str) -> Linter:
    return replace(linter, words=(program, *linter.words[1:]))


def run(arguments: argparse.Namespace, command: str) -> Gate:
    """Measure everything; the figures are written after each tree."""
    begin = time.monotonic()
    linters = chosen(arguments.ruff, arguments.peer)

    changes = {name: paths.split(",") for name, _, paths in (one.partition("=") for one in arguments.change)}

    def look(name: str, folders: Sequence[str], made: bool = False) -> Place:
        return place_of(name, folders, made, arguments.sample, arguments.seed, changes.get(name, ()))

    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "plain").mkdir()
        (folder / "plain" / "plain.py").write_text(PLAIN, encoding="utf-8")
        places = [look(ONE_FILE, [str(folder / "plain")])]
        tried = [usable(linter, places[0], folder) for linter in linters]
        linters = [linter for linter, _ in tried if linter is not None]
        versions = {"Python": platform.python_version()} | {linter.name: version(linter) for linter in linters}
        gate = Gate(command, machine(), versions, arguments.runs, arguments.seed)
        gate.left_out += (reason for _, reason in tried if reason is not None)
        for reason in gate.left_out:
            print(f"left out: {reason}", file=sys.stderr)
        places += (look(name, dirs.split(",")) for name, _, dirs in (tree.partition("=") for tree in arguments.tree))
        made = sorted((look("", [made], True) for made in arguments.made), key=lambda place: place.tree.files)
        for place in [*places, *made]:
            quick = place in made[:-1]
            over(gate, place, [linter for linter in linters if not (quick and linter.sampled)], folder)
            arguments.output.write_text(write(gate), encoding="utf-8")
            took = time.monotonic() - begin
            print(f"{place.tree.name}: {place.tree.files:,} files, after {took:.0f} s", file=sys.stderr, flush=True)
    return gate


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gate", description=__doc__.partition("\n")[0])
    parser.add_argument("--tree", action="append", default=[], metavar="NAME=DIR[,DIR]")
    parser.add_argument("--change", action="append", default=[], metavar="NAME=MODEL,BATCHES")
    parser.add_argument("--made", action="append", default=[], metavar="DIR")
    parser.add_argument("--ruff", default="ruff")
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=PROGRAM")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--sample", type=int, default=15_000, help="lines that slow linters get (15000)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, required=True, help="a file for the figures, as JSON")
    words = sys.argv[1:] if argv is None else list(argv)
    arguments = parser.parse_args(words)
    try:
        gate = run(arguments, shown(words))
    except (ValueError, OSError) as error:
        print(f"{parser.prog}: error: {error}", file=sys.stderr)
        return 2
    print(ROWS_HEAD)
    for row in rows(gate):
        print(row)
    return 0


if __name__ == "__main__":
    sys.exit(main())
