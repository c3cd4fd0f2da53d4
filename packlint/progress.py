"""A bar on a terminal, for runs that take more than a moment."""

from __future__ import annotations

import time
from typing import TextIO

PATIENCE = 1.0
"""Seconds before the bar shows."""
_WIDTH = 30
_SECONDS_BETWEEN = 0.1


class Progress:
    """Shows how many of the files are done, on a stream that is a terminal; on another it stays silent.

    what: is counted in place of files.
    """

    def __init__(self, stream: TextIO, what: str = "files") -> None:
        self._stream = stream
        self._what = what
        self._wanted = stream.isatty()
        self._total = self._done = 0
        self._drawn = False
        self._next = time.monotonic() + PATIENCE

    def begin(self, total: int) -> None:
        """Say how many files there are."""
        self._total = total

    def advance(self, files: int) -> None:
        """Say that so many more files are done."""
        self._done += files
        now = time.monotonic()
        if self._wanted and now >= self._next:
            self._next = now + _SECONDS_BETWEEN
            self._draw()

    def end(self) -> None:
        """Wipe the bar."""
        if self._drawn:
            self._stream.write("\r\033[K")
            self._stream.flush()
            self._drawn = False

    def _draw(self) -> None:
        full = _WIDTH * self._done // max(self._total, 1)
        bar = "#" * full + "-" * (_WIDTH - full)
        self._stream.write(f"\r[{bar}] {self._done} of {self._total} {self._what}")
        self._stream.flush()
        self._drawn = True
