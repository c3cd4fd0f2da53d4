"""The page of the evidence: it says what the table says, escapes everything, asks for nothing, and fits a phone."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from html import escape
from pathlib import Path

import pytest

from packlint.verify.benching import Benched
from packlint.verify.evidence import Measure, Relation
from packlint.verify.evidence_page import page
from packlint.verify.report import RENDERERS, Shown, sentences
from tests.verify.test_page import CHROMIUM, FLAGS, FRAME, NASTY, grid_report, read
from tests.verify.test_report import FAILED, SITE, SPEC, STANDS, UNSHOWN_SITE, UNVERIFIED, WRONG, shown

ALL = (SITE, FAILED, UNSHOWN_SITE, UNVERIFIED, STANDS, WRONG)


def benched() -> Shown:
    """Every kind of site, one with all that is wicked, and two benches."""
    note = Relation("errors", True, Measure(None, 1e-10, 2, None, NASTY), Measure(None, 1e-10, 1, 2, "x" * 300))
    nasty = replace(SITE, filename=NASTY, owner=NASTY, reason=NASTY, relations=(*SITE.relations, note))
    long = replace(UNVERIFIED, filename="/here/" + "a" * 200, reason="y" * 300 + NASTY)
    without = Benched(SPEC, (FAILED,), None, NASTY)
    return replace(shown(*ALL, nasty, long), benched=(Benched(SPEC, (SITE,), grid_report()), without))


def test_the_page_says_what_the_table_says() -> None:
    seen = read(page(shown(*ALL))).text
    for one in ALL:
        assert f"model.py:{one.row}" in seen
        assert all(text in seen for _, text in sentences(one))
    for said in ("3 passed, 2 failed, 1 unverified", "5.3e-01", "sequence 2 (7 of 11 steps real), step 3", "2.13"):
        assert said in seen
    assert "* told, and does not decide here" in seen
    assert "--write-recipe model.py::Odd" in seen
    assert "Padded against packed" not in seen
    assert RENDERERS["html"](shown(*ALL)) == page(shown(*ALL))


def test_a_bench_is_on_the_page() -> None:
    text = page(benched())
    assert "Padded against packed" in read(text).text
    assert text.count("<svg") == 16
    names = re.findall(r'\bid="([^"]*)"', text)
    assert len(names) == len(set(names))
    assert set(re.findall(r'href="#([^"]*)"', text)) <= set(names)


def test_the_page_of_nothing() -> None:
    assert "Nothing to verify." in read(page(shown())).text


def test_everything_is_escaped() -> None:
    text = page(benched())
    assert "script" not in read(text).tags
    assert escape(NASTY) in text


def test_the_page_asks_for_nothing() -> None:
    text = page(benched())
    assert re.findall(r"https?:|url\(|@import|\bsrc=", text) == []
    assert set(re.findall(r'href="([^"#]+)"', text)) == {"data:,"}
    assert "default-src &#x27;none&#x27;" in text


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
@pytest.mark.parametrize(("width", "scheme", "ground"), [(360, 0, "rgb(23, 25, 28)"), (1200, 1, "rgb(255, 255, 255)")])
def test_chromium_renders_the_page(tmp_path: Path, width: int, scheme: int, ground: str) -> None:
    frame = tmp_path / "frame.html"
    frame.write_text(FRAME.format(width=width, page=escape(page(benched()))), encoding="utf-8")
    profile = f"--user-data-dir={tmp_path / 'profile'}"
    look = [f"--blink-settings=preferredColorScheme={scheme}", "--window-size=1400,900", "--dump-dom", frame.as_uri()]
    assert CHROMIUM is not None
    done = subprocess.run([CHROMIUM, *FLAGS, profile, *look], capture_output=True, text=True, check=True, timeout=90)
    seen = re.search(r'data-seen="([^"]*)"', done.stdout)
    assert seen is not None
    assert seen[1] == f"{width};0;{ground};16"
