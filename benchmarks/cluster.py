"""What a cluster costs, measured against the processes of one machine.

    python -m benchmarks.cluster DIR [DIR ...] [--workers N] [--runs N] --output FILE

Each DIR is checked by N processes of this machine (`local`), by a scheduler and N workers that see the same files
(`shared`), and by N workers that do not see them, so that their bytes travel (`unshared`: the workers have a mount over
DIR, which takes Linux and a user who may do that). All run in turn, without a cache, and say the same to the byte, or
nothing is written. Seconds are medians. CPU seconds are those of the client, the scheduler and the workers; what only
starting them takes is left out. The figures go to FILE, from which docs/cluster.md is made.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.local_cluster import LocalCluster, apart, free_address

LOCAL, SHARED, UNSHARED = "local", "shared", "unshared"
WORDS = ("check", "--isolated", "--no-cache", "--exit-zero", "--output-format", "concise")
STAGES = ("looks", "merge", "checks")


@dataclass(frozen=True, slots=True)
class Run:
    """What one run took: seconds; CPU seconds of client, scheduler and workers; MB of the client; bytes each way.

    The seconds of the merge are part of those of the looks. The workers of a local run are children of the client.
    """

    wall: float
    client: float
    scheduler: float
    workers: float
    peak: float
    stages: Mapping[str, float]
    sent: int
    received: int

    @property
    def cpu(self) -> float:
        return self.client + self.scheduler + self.workers


# --- in the process that is measured ---


def measured(words: Sequence[str], file: str) -> int:
    """Run packlint, and write down what its stages take and what it sends."""
    from packlint import check_command, cli, engine
    from packlint.executors import sending

    marks: dict[str, float] = {}
    seconds = dict.fromkeys(STAGES, 0.0)
    traffic = {"sent": 0, "received": 0}

    def note(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*arguments: Any, **named: Any) -> Any:
            marks[f"{name} begin"] = time.perf_counter()
            result = function(*arguments, **named)
            marks[f"{name} end"] = time.perf_counter()
            return result

        return wrapper

    parcel, unpickled = sending.parcel, sending.unpickled

    def weighed_parcel(data: bytes) -> sending.Parcel:
        traffic["sent"] += len(data)
        return parcel(data)

    def weighed_unpickled(sent: sending.Parcel) -> Any:
        traffic["received"] += len(sent[1])
        return unpickled(sent)

    sending.parcel, sending.unpickled = weighed_parcel, weighed_unpickled
    put(check_command, "check_files", note("run", engine.check_files))
    put(engine, "_looks", note("looks", engine._looks))
    if any(word.startswith("--executor") for word in words):
        from packlint.executors.dask import Cluster

        done, merged = Cluster._done, Cluster.merged

        def until_done(self: Cluster, *arguments: Any) -> Iterator[Any]:
            yield from done(self, *arguments)
            marks["done"] = time.perf_counter()

        def then_merged(self: Cluster, *arguments: Any) -> Any:
            result = merged(self, *arguments)
            seconds["merge"] = time.perf_counter() - marks["done"]
            return result

        put(Cluster, "_done", until_done)
        put(Cluster, "merged", then_merged)
    code = cli.main(words)
    seconds["looks"] = marks["looks end"] - marks["looks begin"]
    seconds["checks"] = marks["run end"] - marks["looks end"]
    Path(file).write_text(json.dumps({"stages": seconds, **traffic}), encoding="utf-8")
    return code


def put(where: object, name: str, function: Callable[..., Any]) -> None:
    setattr(where, name, function)


# --- in the process that measures ---


def run_once(folder: str, words: Sequence[str], cluster: LocalCluster | None, output: Path) -> Run:
    """One run, whose output goes to a file."""
    notes = output.with_suffix(".json")
    before = [] if cluster is None else cpu_of(cluster)
    begin = time.perf_counter()
    with open(output, "wb") as out:
        argv = [sys.executable, "-m", "benchmarks.cluster", "--measured", str(notes), *WORDS, *words, folder]
        process = subprocess.Popen(argv, stdout=out)
        _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"packlint has exited with {process.returncode}")
    after = [] if cluster is None else cpu_of(cluster)
    scheduler, *workers = [b - a for a, b in zip(before, after, strict=True)] or [0.0]
    client = usage.ru_utime + usage.ru_stime
    return Run(wall, client, scheduler, sum(workers), usage.ru_maxrss / 1024, **json.loads(notes.read_text()))


def cpu_of(cluster: LocalCluster) -> list[float]:
    """The CPU seconds of the scheduler and of each worker so far."""
    ticks = os.sysconf("SC_CLK_TCK")
    found = []
    for process in cluster.processes:
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(") ")[2].split()
        found.append((int(fields[11]) + int(fields[12])) / ticks)
    return found


@contextmanager
def cluster_of(workers: int, before: Sequence[str]) -> Iterator[LocalCluster]:
    with tempfile.TemporaryDirectory() as scratch:
        cluster = LocalCluster(free_address(), Path(scratch))
        quiet = {"DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False"}
        try:
            cluster.scheduler()
            for _ in range(workers):
                cluster.worker("--no-nanny", before=before, **quiet)
            cluster.wait_for(workers)
            yield cluster
        finally:
            cluster.end()


def middle(runs: Sequence[Run]) -> Run:
    """The run of which each figure is the median."""
    columns = [asdict(run) for run in runs]
    figures = {name: statistics.median(one[name] for one in columns) for name in columns[0] if name != "stages"}
    stages = {name: statistics.median(one["stages"][name] for one in columns) for name in STAGES}
    return Run(**{**figures, "sent": int(figures["sent"]), "received": int(figures["received"])}, stages=stages)


def measure(folder: str, workers: int, runs: int) -> dict[str, Any]:
    """A folder, checked in all ways."""
    hidden = apart([f"mount -t tmpfs none '{folder}'"])
    with tempfile.TemporaryDirectory() as scratch, cluster_of(workers, ()) as shared:
        ways: dict[str, tuple[Sequence[str], LocalCluster | None]] = {
            LOCAL: ((f"--jobs={workers}",), None),
            SHARED: ((shared.option, f"--jobs={workers}"), shared),
        }
        with cluster_of(workers, hidden or ()) as unshared:
            if hidden is not None:
                ways[UNSHARED] = ((unshared.option, f"--jobs={workers}"), unshared)
            found: dict[str, list[Run]] = {way: [] for way in ways}
            for number in range(runs + 1):
                outputs = {}
                for way, (words, cluster) in ways.items():
                    output = Path(scratch, way)
                    run = run_once(folder, words, cluster, output)
                    outputs[way] = output.read_bytes()
                    if number:  # with the first one the workers import what they need
                        found[way].append(run)
                if len(set(outputs.values())) > 1:
                    raise SystemExit(f"{folder}: the output differs")
    paths = [path for path in Path(folder).rglob("*.py") if path.is_file()]
    return {
        "files": len(paths),
        "bytes": sum(path.stat().st_size for path in paths),
        "findings": outputs[LOCAL].count(b"\n") - 1,
        "ways": {way: asdict(middle(some)) for way, some in found.items()},
    }


def table(trees: Sequence[Mapping[str, Any]]) -> str:
    """The figures, a row for each way to check a tree."""
    head = ("files", "how", "wall", "CPU", "over local", *STAGES, "sent", "received")
    rows = [f"| {' | '.join(head)} |", f"| {' | '.join(['---'] * len(head))} |"]
    for tree in trees:
        ways = {way: Run(**figures) for way, figures in tree["ways"].items()}
        for way, run in ways.items():
            over = "" if way == LOCAL else f"{100 * (run.wall / ways[LOCAL].wall - 1):+.0f} %"
            stages = [f"{run.stages[name]:.2f} s" for name in STAGES]
            bytes_ = [f"{amount / 1e6:.2f} MB" if way != LOCAL else "" for amount in (run.sent, run.received)]
            cells = (f"{tree['files']:,}", way, f"{run.wall:.2f} s", f"{run.cpu:.2f} s", over, *stages, *bytes_)
            rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def main(argv: Sequence[str] | None = None) -> int:
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] == ["--measured"]:
        return measured(words[2:], words[1])
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cluster", description=__doc__.partition("\n")[0])
    parser.add_argument("folders", nargs="+", metavar="DIR")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args(words)
    trees = [measure(os.path.abspath(one), arguments.workers, arguments.runs) for one in arguments.folders]
    trees.sort(key=lambda tree: tree["files"])
    print(table(trees))
    if arguments.output is not None:
        made = {
            "processors": len(os.sched_getaffinity(0)),
            "system": f"{platform.system()} {platform.machine()}",
            "python": platform.python_version(),
            "distributed": version("distributed"),
            "workers": arguments.workers,
            "runs": arguments.runs,
        }
        text = json.dumps({"made": made, "trees": trees}, indent=1)
        arguments.output.write_text(f"{text}\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
