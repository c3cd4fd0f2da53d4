"""Plots as SVG, written by hand: readable on a phone, in the dark, and by a screen reader."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 360, 250
LEFT, RIGHT, TOP, BOTTOM = 56, 12, 34, 44
STYLE = """\
.plot text { font: 13px system-ui, sans-serif; fill: var(--ink); }
.plot .grid { stroke: var(--line); stroke-width: 1; }
.plot .s0 { --mark: var(--s0); } .plot .s1 { --mark: var(--s1); } .plot .s2 { --mark: var(--s2); }
.plot .line { fill: none; stroke: var(--mark); stroke-width: 2; }
.plot .s1 .line { stroke-dasharray: 7 3; } .plot .s2 .line { stroke-dasharray: 2 3; }
.plot .mark { fill: var(--mark); }
"""
LIGHT = "--ink: #1c1e21; --line: #d5d8dc; --ground: #ffffff; --s0: #b84a00; --s1: #0062a3; --s2: #00724f;"
DARK = "--ink: #e8eaed; --line: #44484e; --ground: #17191c; --s0: #ff9e5e; --s1: #6bbcf5; --s2: #4fd3a5;"
"""The colours of ink, grid, ground and of the three curves, which differ in their dashes and marks as well."""


@dataclass(frozen=True, slots=True)
class Series:
    """A curve: its name, and its points from left to right."""

    name: str
    points: tuple[tuple[float, float], ...]


PERCENT = tuple((percent / 100, str(percent)) for percent in (0, 25, 50, 75, 100))


@dataclass(frozen=True, slots=True)
class Plot:
    """Curves over what goes from 0 to 1; with `log`, powers of ten go up, and what is 0 is drawn at the bottom.

    The ticks say where on the way from 0 to 1 something is written below the curves: percent, unless told.
    """

    title: str
    description: str
    x_label: str
    y_label: str
    series: tuple[Series, ...]
    log: bool = False
    ticks: tuple[tuple[float, str], ...] = PERCENT


@dataclass(frozen=True, slots=True)
class _Scale:
    low: float
    high: float
    ticks: tuple[float, ...]
    log: bool

    def __call__(self, value: float) -> float:
        """How far up a value is drawn."""
        if self.log:
            value = math.log10(min(max(value, 10**self.low), 10**self.high))
        share = (value - self.low) / (self.high - self.low)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)

    def label(self, tick: float) -> str:
        far = self.log and not 1e-3 <= self.ticks[0] <= self.ticks[-1] <= 1e4
        return f"1e{round(math.log10(tick))}" if far else f"{tick:g}"


def svg(plot: Plot, name: str, standalone: bool = False) -> str:
    """The plot as an SVG element; `name` makes its ids its own. A standalone one is a file, and brings its colours."""
    scale = _scale(plot)
    curves = (line for number, one in enumerate(plot.series) for line in _curve(number, one, scale))
    return framed([*_axes(plot, scale), *curves], plot.title, plot.description, name, standalone)


def framed(
    drawn: Sequence[str], title: str, description: str, name: str, standalone: bool, height: int = HEIGHT
) -> str:
    """What is drawn, as an SVG element that says what it shows."""
    style = f"<style>svg {{ {LIGHT} }} @media (prefers-color-scheme: dark) {{ svg {{ {DARK} }} }}\n{STYLE}</style>\n"
    ground = f'<rect width="{WIDTH}" height="{height}" fill="var(--ground)"/>\n'
    space = f' xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}"'
    labels = f'role="img" aria-labelledby="{name}-title {name}-desc"'
    lines = [
        f'<svg class="plot"{space if standalone else ""} viewBox="0 0 {WIDTH} {height}" {labels}>',
        f'<title id="{name}-title">{escape(title)}</title>',
        f'<desc id="{name}-desc">{escape(description)}</desc>',
        *([style + ground] if standalone else []),
        *drawn,
        "</svg>",
    ]
    return "\n".join(line.rstrip("\n") for line in lines) + "\n"


def _scale(plot: Plot) -> _Scale:
    values = [y for one in plot.series for _, y in one.points if math.isfinite(y)]
    if plot.log:
        positive = [value for value in values if value > 0] or [1.0]
        low, high = math.floor(math.log10(min(positive))), math.ceil(math.log10(max(positive)))
        high = max(high, low + 1)
        every = math.ceil((high - low) / 6)
        return _Scale(low, high, tuple(10.0**power for power in range(low, high + 1, every)), True)
    most = max(values, default=0.0) or 1.0
    rough = most / 4
    unit = 10 ** math.floor(math.log10(rough))
    step = next(unit * factor for factor in (1, 2, 2.5, 5, 10) if unit * factor >= rough)
    count = math.ceil(most / step - 1e-9)
    return _Scale(0.0, count * step, tuple(number * step for number in range(count + 1)), False)


def _across(share: float) -> float:
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def _axes(plot: Plot, scale: _Scale) -> Iterator[str]:
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    for tick in scale.ticks:
        y = scale(tick)
        yield f'<line class="grid" x1="{LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}"/>'
        yield f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{scale.label(tick)}</text>'
    for share, label in plot.ticks:
        x = _across(share)
        yield f'<line class="grid" x1="{x:.1f}" y1="{bottom}" x2="{x:.1f}" y2="{bottom + 4}"/>'
        yield f'<text x="{x:.1f}" y="{bottom + 17}" text-anchor="middle">{label}</text>'
    middle = (TOP + bottom) / 2
    yield f'<text x="{(LEFT + right) / 2:.1f}" y="{HEIGHT - 8}" text-anchor="middle">{escape(plot.x_label)}</text>'
    turned = f'transform="rotate(-90 12 {middle:.1f})"'
    yield f'<text x="12" y="{middle:.1f}" text-anchor="middle" {turned}>{escape(plot.y_label)}</text>'


def _curve(number: int, series: Series, scale: _Scale) -> Iterator[str]:
    points = [(_across(x), scale(y)) for x, y in series.points if math.isfinite(y)]
    left = LEFT + 102 * number
    yield f'<g class="s{number}">'
    yield f'<path class="line" d="M{left} 14h26"/>{_mark(number, left + 13, 14)}'
    yield f'<text x="{left + 31}" y="18">{escape(series.name)}</text>'
    if points:
        yield f'<path class="line" d="M{" L".join(f"{x:.1f} {y:.1f}" for x, y in points)}"/>'
    yield from (_mark(number, x, y) for x, y in points)
    yield "</g>"


def _mark(number: int, x: float, y: float) -> str:
    """A disc, a square or a triangle."""
    if number == 0:
        return f'<circle class="mark" cx="{x:.1f}" cy="{y:.1f}" r="4"/>'
    if number == 1:
        return f'<rect class="mark" x="{x - 3.5:.1f}" y="{y - 3.5:.1f}" width="7" height="7"/>'
    return f'<path class="mark" d="M{x:.1f} {y - 4.5:.1f}l4.5 8h-9z"/>'


def read_out(series: Sequence[Series], unit: str) -> str:
    """What curves show, for those who do not see them: each with its first and its last value."""
    said = []
    for one in series:
        ends = [f"{y:.3g} {unit} at {100 * x:.0f} %".replace("  ", " ") for x, y in (one.points[0], one.points[-1])]
        said.append(f"{one.name}: {' to '.join(dict.fromkeys(ends))}")
    return "; ".join(said) + "."
