"""The part of docs/cluster.md that is figures, from what `benchmarks.cluster` has measured."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.cluster import LOCAL, SHARED, UNSHARED, Run, table

DATA = Path(__file__).with_name("data") / "cluster.json"
BEGIN, END = "<!-- Figures, made by docs/make_cluster_page.py -->", "<!-- End of the figures -->"
MANY = 10_000_000


@dataclass(frozen=True, slots=True)
class PerFile:
    """What one more file takes: CPU seconds, and bytes."""

    client: float
    scheduler: float
    workers: float
    sent: float
    received: float
    memory: float


def per_file(small: Mapping[str, Any], large: Mapping[str, Any], way: str) -> PerFile:
    """The difference of two trees, so that what a run costs without any file is left out."""
    files = large["files"] - small["files"]
    a, b = (Run(**tree["ways"][way]) for tree in (small, large))
    return PerFile(
        client=(b.client - a.client) / files,
        scheduler=(b.scheduler - a.scheduler) / files,
        workers=(b.workers - a.workers) / files,
        sent=(b.sent - a.sent) / files,
        received=(b.received - a.received) / files,
        memory=(b.peak - a.peak) * 2**20 / files,
    )


def figures(data: Mapping[str, Any]) -> str:
    """Tables, and what follows from them."""
    made, trees = data["made"], data["trees"]
    small, large = trees[0], trees[-1]
    size = large["bytes"] / large["files"]
    costs = {way: per_file(small, large, way) for way in (SHARED, UNSHARED) if way in large["ways"]}
    local = per_file(small, large, LOCAL)
    head = ("one more file", *(f"files {way}" for way in costs))
    lines = [
        f"Measured with {made['workers']} workers on {made['processors']} processors of a machine, which client and",
        f"scheduler share with them, against {made['workers']} processes; the medians of {made['runs']}. There are",
        f"{size / 1000:.1f} KB in a file on average (Python {made['python']}, distributed {made['distributed']}).",
        "",
        table(trees),
        "",
        "What a run costs without any file is left out here, as the difference of the smallest and the largest tree:",
        "",
        *(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *_rows(costs, size))),
        "",
        f"Processes of one machine take {1e6 * local.client:.0f} µs of CPU for one more file. For ten million such",
        "files it follows that",
        "",
        *_many(costs),
        "",
        f"One client keeps about {costs[SHARED].workers / max(costs[SHARED].client, 1e-9):.0f} workers busy.",
    ]
    return "\n".join(lines)


def _rows(costs: Mapping[str, PerFile], size: float) -> Iterator[tuple[str, ...]]:
    ways = costs.values()
    yield ("CPU of the client", *(f"{1e6 * one.client:.0f} µs" for one in ways))
    yield ("CPU of the scheduler", *(f"{1e6 * one.scheduler:.0f} µs" for one in ways))
    yield ("CPU of the workers", *(f"{1e6 * one.workers:.0f} µs" for one in ways))
    yield ("sent by the client", *(f"{one.sent:.0f} bytes" for one in ways))
    yield ("sent, for each byte of source", *(f"{one.sent / size:.3f}" for one in ways))
    yield ("received by the client", *(f"{one.received:.0f} bytes" for one in ways))
    yield ("memory of the client", *(f"{one.memory:.0f} bytes" for one in ways))


def _many(costs: Mapping[str, PerFile]) -> Iterator[str]:
    shared = costs[SHARED]
    client, scheduler = (f"{MANY * seconds / 60:.0f}" for seconds in (shared.client, shared.scheduler))
    sent, received, memory = (f"{MANY * amount / 1e9:.1f}" for amount in (shared.sent, shared.received, shared.memory))
    yield f"- the workers have {MANY * shared.workers / 3600:.1f} hours of work, which more of them share;"
    yield f"- the client has {client} minutes of work and the scheduler {scheduler}, however many workers there are;"
    yield f"- the client sends {sent} GB, receives {received} GB, and holds {memory} GB;"
    if UNSHARED in costs:
        client, sent = (f"{MANY * costs[UNSHARED].client / 60:.0f}", f"{MANY * costs[UNSHARED].sent / 1e9:.0f}")
        yield f"- where the workers do not see the files, the client has {client} minutes of work and sends {sent} GB."


def page(text: str) -> str:
    """The page with the figures of today in it."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{figures(json.loads(DATA.read_text(encoding='utf-8')))}\n\n{END}{after}"
