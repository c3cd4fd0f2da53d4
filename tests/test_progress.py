"""The bar: on a terminal, after a second, and gone in the end."""

from __future__ import annotations

import io
import time

import pytest

from packlint.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, as a list of one number."""
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_a_short_run_shows_nothing(clock: list[float]) -> None:
    stream = Terminal()
    bar = Progress(stream)
    bar.begin(2)
    clock[0] += 0.9
    bar.advance(2)
    bar.end()
    assert stream.getvalue() == ""


def test_a_long_run_shows_how_far_it_is(clock: list[float]) -> None:
    stream = Terminal()
    bar = Progress(stream)
    bar.begin(4)
    clock[0] += 1.0
    bar.advance(1)
    assert stream.getvalue() == "\r[#######-----------------------] 1 of 4 files"
    clock[0] += 0.01  # too soon to be seen
    bar.advance(1)
    assert "2 of 4" not in stream.getvalue()
    bar.end()
    assert stream.getvalue().endswith("\r\033[K")


def test_a_file_shows_nothing(clock: list[float]) -> None:
    stream = io.StringIO()
    bar = Progress(stream)
    bar.begin(4)
    clock[0] += 10
    bar.advance(1)
    bar.end()
    assert stream.getvalue() == ""
