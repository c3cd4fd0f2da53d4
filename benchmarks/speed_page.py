"""docs/speed.md and its plots, from `benchmarks/data/speed.json`: `python docs/make_speed_page.py` writes them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from pathlib import Path

from benchmarks.gate import (
    BATCHES,
    COLD,
    FIRST,
    MODEL,
    ONE_FILE,
    OURS,
    PEERS,
    PROCESSORS,
    RUFFS,
    WARM,
    Gate,
    Linter,
    Tree,
    read,
)
from benchmarks.speed import Cost
from packlint.verify.plots import LEFT, RIGHT, WIDTH, Plot, Series, framed, svg

DATA = Path(__file__).with_name("data") / "speed.json"
LINTERS = (OURS, *RUFFS, *PEERS)
QUICK = (OURS, *RUFFS)
BOTH = 2
"""Processors, where one number stands for all."""
HEAD = """\
# How fast packlint is, measured

This page is written by `python docs/make_speed_page.py` from `benchmarks/data/speed.json`."""
NO_FIGURES = """
There are no figures yet. This makes the trees and measures, for hours; TORCH is PyTorch's own package, and a peer is
left out where it is not given:

```console
python -m benchmarks.monorepo DIR1 --files 1000
python -m benchmarks.monorepo DIR2 --files 10000
python -m benchmarks.monorepo DIR3
python -m benchmarks.gate --tree torch=TORCH --made DIR1 --made DIR2 --made DIR3 --peer flake8=FLAKE8 \\
    --output benchmarks/data/speed.json
```"""
READING = """
Every linter looks at the same `*.py` files, without any configuration; numbers are medians of {runs} runs, in which
everything that is compared runs in turn, on as many processors as processes. *cold* is without a cache of the
linter's, *first* fills an empty one, *warm* finds it full; the system has read the files before. ruff keeps the files
in which it finds nothing, which with `ALL` are next to none, so that it is measured cold there. Seconds differ from
machine to machine and ratios hardly do, so ratios come first.

A linter with a \\* gets a sample of the files of each tree, drawn with a fixed seed, and half of it. What all files
would take is reckoned from the two, and its memory is that of the sample."""

BESIDE = """
## Beside other linters

What each takes over what packlint takes, with two processors; above 1 packlint is quicker."""
GROWTH = """
## Growth

`benchmarks.monorepo` makes repositories of projects of 500 files each, in which one file in a hundred has recurrent
layers. Microseconds a file, with two processors:
"""
CHANGED = """
## One file changed

Seconds after a change of one file: a model, and the file that makes its batches, on which what is found in the model
rests. Two processors.
"""
MEMORY = """
## Memory

The peak of one process in MB, cold, with two processors.
"""


def pages(data: Path = DATA) -> dict[str, str]:
    """What stands in docs, by its path there: the page and its plots."""
    if not data.is_file():
        return {"speed.md": HEAD + "\n" + NO_FIGURES + "\n"}
    gate = read(data.read_text(encoding="utf-8"))
    return {"speed.md": "\n".join(page(gate)) + "\n", **{f"plots/speed/{n}.svg": text for n, _, text in plots(gate)}}


def page(gate: Gate) -> Iterator[str]:
    yield HEAD
    yield f"\n`{gate.command}` on {gate.machine}, with {versions(gate)}."
    yield READING.format(runs=gate.runs)
    yield ""
    yield from trees(gate)
    yield from (f"\nNot measured: {line}." for line in gate.left_out)
    yield BESIDE
    for state, said in ((COLD, "Cold"), (WARM, "Warm; who has no cache is as it was")):
        if any(gate.took(tree, OURS, state, BOTH) for tree in gate.trees):
            yield f"\n{said}:\n"
            yield from ratios(gate, state)
    yield ""
    yield from images(gate, "beside")
    yield from growth(gate)
    yield from changed(gate)
    yield MEMORY
    yield from peaks(gate)
    yield "\n## Seconds\n\nSeconds / CPU seconds."
    for state, said in ((COLD, "Cold"), (FIRST, "First"), (WARM, "Warm")):
        for processors in PROCESSORS:
            if any(gate.took(tree, OURS, state, processors) for tree in gate.trees):
                yield f"\n{said}, {counted(processors, 'processor')}:\n"
                yield from seconds(gate, state, processors)


def thousands(count: int) -> str:
    return f"{count / 1000:g}k" if count >= 1000 else f"{count}"


def counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' if count != 1 else ''}"


def figures(value: float, count: int = 3) -> str:
    """A number with so many figures, and without an exponent."""
    return f"{float(f'{value:.{count}g}'):,g}"


def versions(gate: Gate) -> str:
    """Every program once, with its version."""
    said = {
        f"{name.partition(' ')[0] if name.startswith('ruff') else name} {text}": 0
        for name, text in gate.versions.items()
    }
    return ", ".join(said)


def title(linter: Linter) -> str:
    return f"{linter.name} \\*" if linter.sampled else linter.name


# --- tables ---


def table(heads: Iterable[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    columns = list(heads)
    yield f"| {' | '.join(columns)} |"
    yield "| --- " * len(columns) + "|"
    yield from (f"| {' | '.join(row)} |" for row in rows if any(row[-len(row) + 1 :]) or len(row) == 1)


def trees(gate: Gate) -> Iterator[str]:
    rows = []
    for tree in gate.trees:
        sampled = any(gate.took(tree, linter, COLD, BOTH) for linter in PEERS)
        sample = counted(tree.sample_files, "file") if sampled else ""
        rows.append((name(tree), f"{tree.files:,}", f"{tree.lines:,}", f"{tree.size / 1e6:,.1f}", sample))
    yield from table(("tree", "files", "lines", "MB", "sample \\*"), rows)


def name(tree: Tree) -> str:
    return f"made, {tree.name}" if tree.made else tree.name


def ratios(gate: Gate, state: str) -> Iterator[str]:
    rows = []
    for linter in LINTERS:
        cells = []
        for tree in gate.trees:
            ours, theirs = (gate.took(tree, one, state, BOTH) for one in (OURS, linter))
            cells.append("" if ours is None or theirs is None else figures(theirs.wall / ours.wall, 2))
        rows.append((title(linter), *cells))
    yield from table(("", *map(name, gate.trees)), rows)


def seconds(gate: Gate, state: str, processors: int) -> Iterator[str]:
    linters = (
        LINTERS if state == COLD else [one for one in LINTERS if one.cache and not (one.sampled and state == FIRST)]
    )
    rows = [
        (title(linter), *(_two(gate.took(tree, linter, state, processors)) for tree in gate.trees))
        for linter in linters
    ]
    yield from table(("", *map(name, gate.trees)), rows)


def _two(cost: Cost | None) -> str:
    return "" if cost is None else f"{figures(cost.wall)} / {figures(cost.cpu)}"


def peaks(gate: Gate) -> Iterator[str]:
    rows = []
    for linter in LINTERS:
        costs = [gate.took(tree, linter, COLD, BOTH) for tree in gate.trees]
        rows.append((title(linter), *("" if cost is None else f"{cost.peak:.0f}" for cost in costs)))
    yield from table(("", *map(name, gate.trees)), rows)


def made(gate: Gate) -> list[Tree]:
    return sorted((tree for tree in gate.trees if tree.made), key=lambda tree: tree.files)


def growth(gate: Gate) -> Iterator[str]:
    sizes = made(gate)
    if len(sizes) < 2:
        return
    yield GROWTH
    rows = []
    for state in (COLD, WARM):
        for linter in QUICK:
            if state == WARM and not linter.cache:
                continue
            costs = [gate.took(tree, linter, state, BOTH) for tree in sizes]
            cells = [
                "" if cost is None else f"{1e6 * cost.wall / tree.files:,.0f}"
                for cost, tree in zip(costs, sizes, strict=True)
            ]
            rows.append((f"{linter.name}, {state}", *cells))
    yield from table(("", *(f"{tree.files:,} files" for tree in sizes)), rows)
    yield ""
    yield from images(gate, "growth")


def changed(gate: Gate) -> Iterator[str]:
    rows = []
    for tree in gate.trees:
        for linter in (one for one in QUICK if one.cache):
            costs = [gate.took(tree, linter, state, BOTH) for state in (COLD, WARM, MODEL, BATCHES)]
            if costs[2] is not None:
                cells = ("" if cost is None else figures(cost.wall) for cost in costs)
                rows.append((name(tree), linter.name, *cells))
    if not rows:
        return
    yield CHANGED
    yield from table(("tree", "", "cold", "warm", "a model changed", "batches changed"), rows)


# --- plots ---


def images(gate: Gate, kind: str) -> Iterator[str]:
    """The plots of a kind beside each other, each under its title."""
    found = [(title, f"![{title}](plots/speed/{name}.svg)") for name, title, _ in plots(gate) if name.startswith(kind)]
    yield from table((title for title, _ in found), [tuple(image for _, image in found)] if found else [])


def plots(gate: Gate) -> Iterator[tuple[str, str, str]]:
    """The name of a plot's file, its title, and the plot."""
    yield from beside_plots(gate)
    yield from growth_plots(gate)


def beside_plots(gate: Gate) -> Iterator[tuple[str, str, str]]:
    for tree in gate.trees:
        costs = [(linter, gate.took(tree, linter, COLD, BOTH)) for linter in LINTERS]
        found = [(linter.name, cost.wall) for linter, cost in costs if cost is not None]
        if len(found) > len(QUICK) and tree.name != ONE_FILE:
            heading = f"{name(tree)}, cold, two processors: seconds"
            file = "beside-" + re.sub(r"\W+", "-", tree.name)
            yield file, heading, bars(heading, gate, found, file)


def growth_plots(gate: Gate) -> Iterator[tuple[str, str, str]]:
    sizes = made(gate)
    if len(sizes) < 2:
        return
    low, high = math.log10(sizes[0].files), math.log10(sizes[-1].files)
    places = {tree.name: WIDE * (math.log10(tree.files) - low) / (high - low) for tree in sizes}
    ticks = tuple((places[tree.name], thousands(tree.files)) for tree in sizes)
    for state, part, unit in ((COLD, "wall", "seconds"), (WARM, "wall", "seconds"), (COLD, "peak", "MB")):
        series = []
        for linter in QUICK:
            costs = [(tree, gate.took(tree, linter, state, BOTH)) for tree in sizes]
            points = tuple((places[tree.name], getattr(cost, part)) for tree, cost in costs if cost is not None)
            if points and (state == COLD or linter.cache):
                series.append(Series(linter.name, points))
        if series:
            heading = f"{state}, two processors: {'peak memory of one process' if part == 'peak' else unit} over files"
            ends = "; ".join(
                f"{one.name}: {figures(one.points[0][1])} to {figures(one.points[-1][1])} {unit}" for one in series
            )
            described = f"{heading}, from {sizes[0].files:,} to {sizes[-1].files:,} files. {ends}. {about(gate)}"
            plot = Plot(heading, described, "files", unit, tuple(series), True, ticks)
            file = f"growth-{state}-{part}"
            yield file, heading, svg(plot, file, standalone=True)


def about(gate: Gate) -> str:
    return f"Medians of {gate.runs} runs on {gate.machine}, with {versions(gate)}."


WIDE = 0.97
"""How far curves go, so that the last label has room."""

BAR, GAP, NAMES = 16, 8, 108
"""How high a bar is, what lies between two, and how wide the names are."""


def bars(heading: str, gate: Gate, found: Sequence[tuple[str, float]], file: str) -> str:
    """A bar a linter, on a scale of powers of ten; packlint's own has a colour of its own."""
    low = math.floor(math.log10(min(value for _, value in found)) - 0.3)
    high = math.log10(max(value for _, value in found))
    width = WIDTH - NAMES - RIGHT - LEFT
    drawn = []
    for number, (label, value) in enumerate(found):
        y = GAP + number * (BAR + GAP)
        long = width * (math.log10(value) - low) / (high - low)
        kind = 0 if number == 0 else 1
        drawn.append(f'<text x="{NAMES - 6}" y="{y + 13}" text-anchor="end">{escape(label)}</text>')
        drawn.append(
            f'<g class="s{kind}"><rect class="mark" x="{NAMES}" y="{y}" width="{long:.1f}" height="{BAR}"/></g>'
        )
        drawn.append(f'<text x="{NAMES + long + 5:.1f}" y="{y + 13}">{figures(value)} s</text>')
    values = "; ".join(f"{label} {figures(value)} s" for label, value in found)
    described = f"{heading}, on a scale of powers of ten. {values}. {about(gate)}"
    return framed(drawn, heading, described, file, True, GAP + len(found) * (BAR + GAP))
