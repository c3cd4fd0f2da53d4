"""The layers of verified sites, measured padded against packed, each in a process of its own with a time limit."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from packlint.verify.evidence import Evidence
from packlint.verify.measurements import LayerSpec, Report, from_json

SMALL = 32
"""Below this a size that no code shows is taken for a guess of the harness, made to be quick."""
USUAL = (128, 256)
"""The sizes of input and hidden state that are measured in place of guessed ones."""
SECONDS = 40.0
QUICK_SECONDS = 15.0
"""For each layer and device."""
STARTING = 60.0
"""Seconds for importing torch, and for the last measurement, which is let finish."""
DTYPE = "float32"  # what people train in, whatever was verified in


@dataclass(frozen=True, slots=True)
class Benched:
    """A layer with the evidence on its sites, and what was measured; without a report, `why` there is none.

    guessed: why other sizes were measured than those that ran.
    """

    spec: LayerSpec
    evidence: tuple[Evidence, ...]
    report: Report | None = None
    why: str = ""
    guessed: str = ""


def layers(evidence: Sequence[Evidence]) -> list[Benched]:
    """The layers that were verified, equal ones once, with their sites."""
    found: dict[tuple[LayerSpec, str], list[Evidence]] = {}
    for one in evidence:
        if one.layer is not None and one.verdict != "unverified":
            found.setdefault(_spec(one), []).append(one)
    return [Benched(spec, tuple(sites), guessed=why) for (spec, why), sites in found.items()]


def _spec(one: Evidence) -> tuple[LayerSpec, str]:
    """The layer to measure, and why its sizes are not those that ran."""
    assert one.layer is not None
    guessed = one.way == "slice" or (one.way == "inferred" and one.layer.hidden_size < SMALL)
    if one.shown or not guessed:
        return one.layer, ""
    input_size, hidden_size = USUAL
    return replace(one.layer, input_size=input_size, hidden_size=hidden_size), "the code does not show its own"


def bench_all(
    evidence: Sequence[Evidence],
    name: Callable[[Evidence], str],
    devices: Sequence[str],
    seed: int,
    quick: bool,
    told: Callable[[int], None] = lambda _: None,
) -> tuple[Benched, ...]:
    """Measure every layer; `told` hears how many more are done. Nothing that goes wrong in one is raised."""
    done = []
    for one in layers(evidence):
        done.append(_measured(one, ", ".join(map(name, one.evidence)), devices, seed, quick))
        told(1)
    return tuple(done)


def _measured(one: Benched, site: str, devices: Sequence[str], seed: int, quick: bool) -> Benched:
    seconds = QUICK_SECONDS if quick else SECONDS
    limit = seconds * 2 * len(devices) + STARTING
    asked = {
        "spec": asdict(one.spec),
        "devices": list(devices),
        "seed": seed,
        "quick": quick,
        "limit": seconds,
        "site": site,
    }
    here = str(Path(__file__).resolve().parents[2])
    words = f"import sys; sys.path.append({here!r}); from packlint.verify.benching import main; main()"
    with tempfile.TemporaryDirectory(prefix="packlint-") as folder:  # where no file is called like a module
        try:
            done = subprocess.run(
                [sys.executable, "-c", words],
                input=json.dumps(asked),
                capture_output=True,
                text=True,
                cwd=folder,
                timeout=limit,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return replace(one, why=f"not measured: not done after {limit:g} s")
    if done.returncode == 0:
        try:
            return replace(one, report=from_json(done.stdout))
        except ValueError as error:
            return replace(one, why=f"not measured: {error}")
    lines = done.stderr.strip().splitlines()
    said = lines[-1] if lines else f"the process ended with {done.returncode}"
    return replace(one, why=f"not measured: {said}")


def main() -> None:
    """In the process: measure what standard input asks for, and write the report."""
    from packlint.verify.bench import bench
    from packlint.verify.measurements import to_json

    asked = json.load(sys.stdin)
    spec = LayerSpec(**asked["spec"])
    report = bench(spec, asked["devices"], DTYPE, asked["seed"], asked["quick"], asked["limit"], asked["site"])
    sys.stdout.write(to_json(report))
