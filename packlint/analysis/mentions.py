"""Which of many files mention a name, found without parsing them."""

from __future__ import annotations

import functools
from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate

SEARCHES = 40  # searches through every text that cost about as much as one index of every word
_APART = bytes(at if chr(at).isalnum() or at == ord("_") or at > 127 else ord(" ") for at in range(256))
"""For `bytes.translate`: what no word holds becomes a blank."""


def holds_word(text: bytes, word: bytes) -> bool:
    """Whether a word stands in a text on its own."""
    return place_of(text, word, 0) >= 0


def place_of(text: bytes, word: bytes, start: int) -> int:
    """Where a word stands in a text on its own, or -1; ten times as fast as a search for a pattern."""
    at = text.find(word, start)
    while at >= 0:
        end = at + len(word)
        if not (text[at - 1 : at].translate(_APART).strip() or text[end : end + 1].translate(_APART).strip()):
            return at
        at = text.find(word, end)
    return -1


class Mentions:
    """Answers which files hold one of some names as a word.

    The first questions are answered by a search through the texts; who asks many gets an index, which costs more to
    make and next to nothing to ask.
    """

    def __init__(self, files: Sequence[str], text_of: Callable[[str], bytes]) -> None:
        self._files = files
        self._text_of = text_of
        self._known: dict[frozenset[str], list[str]] = {}
        self._index: dict[bytes, list[int]] = {}
        self._searches = SEARCHES

    def expect(self, names: int) -> None:
        """Many names are about to be asked for, so that the index comes first."""
        if names >= SEARCHES:
            self._searches = 0

    def of(self, names: frozenset[str]) -> list[str]:
        """The files in which one of the names occurs as a word, in their order."""
        if names not in self._known:
            if len(self._known) >= self._searches and not self._index:
                self._make_index()
            words = [name.encode("utf-8", "surrogateescape") for name in sorted(names)]
            self._known[names] = self._indexed(words) if self._index else self._searched(words)
        return self._known[names]

    def _searched(self, words: Sequence[bytes]) -> list[str]:
        text, ends = self._joined
        found: set[int] = set()
        for word in words:
            at = place_of(text, word, 0)
            while at >= 0:
                number = bisect_right(ends, at)
                found.add(number)
                at = place_of(text, word, ends[number])
        return [self._files[number] for number in sorted(found)]

    @functools.cached_property
    def _joined(self) -> tuple[bytes, list[int]]:
        """One text of all, which is searched sooner than each of many, and where each of them ends in it."""
        texts = [self._text_of(path) for path in self._files]
        return b"\0".join(texts), list(accumulate(len(text) + 1 for text in texts))

    def _indexed(self, words: Sequence[bytes]) -> list[str]:
        found = {number for word in words for number in self._index.get(word, ())}
        return [self._files[number] for number in sorted(found)]

    def _make_index(self) -> None:
        index = self._index
        for number, path in enumerate(self._files):
            for word in set(self._text_of(path).translate(_APART).split()):
                numbers = index.get(word)
                if numbers is None:
                    index[word] = [number]
                else:
                    numbers.append(number)
