"""The page of a bench: it says everything, escapes everything, asks the net for nothing, and fits a phone."""

from __future__ import annotations

import itertools
import re
import shutil
import subprocess
from dataclasses import replace
from html import escape
from html.parser import HTMLParser
from pathlib import Path

import pytest

from packlint.verify.measurements import DISTRIBUTIONS, LayerSpec, Report, Workload, advice, to_json, verdict
from packlint.verify.page import CSS, page, page_from_json
from packlint.verify.plots import DARK, LIGHT, Plot, Series, svg
from tests.verify.test_measurements import ONE, REPORT

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    "--headless",
    "--hide-scrollbars",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
]
NASTY = "<script>alert('&\"')</script>"
VOID = {"meta", "link", "br", "img", "input", "hr"}


def grid_report() -> Report:
    """Two devices and two shapes over all distributions, with names as long and as wicked as they come."""
    spec = LayerSpec("LSTM", 1024, 2048, 3, True, True)
    ones = [
        replace(ONE, spec=replace(spec, hidden_size=size), workload=Workload(128, 200, distribution), device=device)
        for device, size, distribution in itertools.product(("cpu", "cuda"), (2048, 4096), DISTRIBUTIONS)
    ]
    machine = "a machine with a name that goes on and on " + "x" * 80
    return Report(NASTY, 7, spec, {"cpu": machine, "cuda": NASTY}, {"cpu": NASTY}, tuple(ones), (NASTY,))


class Reader(HTMLParser):
    """Sees that elements are closed in the order that they were opened, and collects what they say."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == []
    return reader


def test_the_page_says_what_was_measured() -> None:
    seen = read(page(REPORT)).text
    for said in (*advice([ONE]).splitlines(), verdict(ONE), str(ONE.spec), REPORT.torch, "a machine", "what it is"):
        assert said in seen
    assert "Left out" in seen
    assert page_from_json(to_json(REPORT)) == page(REPORT)


def test_the_page_of_several() -> None:
    text = page(REPORT, replace(REPORT, site="model.py:12 Tagger.rnn"), grid_report())
    reader = read(text)
    assert reader.tags.count("article") == 3
    assert "model.py:12 Tagger.rnn nn.LSTM(8, 16, batch_first=True)" in reader.text
    names = [value for name, value in reader.attributes if name == "id"]
    assert len(names) == len(set(names))


def test_the_page_of_nothing() -> None:
    read(page(replace(REPORT, measurements=(), left_out=())))


def test_everything_is_escaped() -> None:
    text = page(grid_report())
    reader = read(text)
    assert "script" not in reader.tags
    assert text.count(escape(NASTY)) == 4
    names = [value for name, value in reader.attributes if name == "id"]
    assert len(names) == len(set(names))


def test_the_page_asks_for_nothing() -> None:
    text = page(grid_report())
    assert re.findall(r"https?:|//|url\(|@import|\bsrc=", text) == []
    assert re.findall(r'href="([^"]*)"', text) == ["data:,"]
    assert "default-src &#x27;none&#x27;" in text


def test_plots_are_described() -> None:
    plot = Plot("A & B", "says <it>", "x", "y", (Series("one", ((0.1, 1.0), (1.0, 0.0))),), log=True)
    drawn = svg(plot, "p", standalone=True)
    reader = read(drawn)
    assert 'role="img" aria-labelledby="p-title p-desc"' in drawn
    assert "A & Bsays <it>" in reader.text.replace("\n", "")
    assert svg(replace(plot, series=()), "p").count("<text") > 5


def luminance(colour: str) -> float:
    """Relative luminance as the WCAG define it."""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_contrast(colours: str) -> None:
    table = dict(re.findall(r"--(\w+): (#\w{6});", CSS[CSS.index(colours) :]))
    for name, ground, least in (("ink", "ground", 7), ("ink", "box", 7), *((f"s{n}", "ground", 4.5) for n in range(3))):
        low, high = sorted((luminance(table[name]), luminance(table[ground])))
        assert (high + 0.05) / (low + 0.05) >= least, (name, ground)


FRAME = """<body data-seen="none"><iframe width="{width}" height="800" srcdoc="{page}" onload="
const inner = this.contentWindow, root = inner.document.documentElement;
inner.document.querySelectorAll('details').forEach(one => one.open = true);
const asked = inner.performance.getEntriesByType('resource').length;
document.body.dataset.seen = [root.scrollWidth, asked, inner.getComputedStyle(inner.document.body).backgroundColor,
  inner.document.querySelectorAll('svg').length].join(';');
"></iframe>"""


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
@pytest.mark.parametrize(("scheme", "ground"), [(1, "rgb(255, 255, 255)"), (0, "rgb(23, 25, 28)")])
@pytest.mark.parametrize("width", [360, 1200])
def test_chromium_renders_the_page(tmp_path: Path, width: int, scheme: int, ground: str) -> None:
    frame = tmp_path / "frame.html"
    frame.write_text(FRAME.format(width=width, page=escape(page(grid_report()))), encoding="utf-8")
    profile = f"--user-data-dir={tmp_path / 'profile'}"
    look = [f"--blink-settings=preferredColorScheme={scheme}", "--window-size=1400,900", "--dump-dom", frame.as_uri()]
    assert CHROMIUM is not None
    done = subprocess.run([CHROMIUM, *FLAGS, profile, *look], capture_output=True, text=True, check=True, timeout=90)
    seen = re.search(r'data-seen="([^"]*)"', done.stdout)
    assert seen is not None
    assert seen[1] == f"{width};0;{ground};16"
