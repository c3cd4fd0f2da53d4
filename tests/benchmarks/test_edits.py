"""A tenth of the sequences of edits after which the cache must say what a fresh run says."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks.edits import differences
from packlint.analysis.texts import Texts

SEED = 20


def test_what_is_found_with_the_cache_is_what_is_found_without() -> None:
    counted: Counter[str] = Counter()
    assert list(differences(100, 8, SEED, counted)) == []
    assert counted["checks"] == 800
    assert len(counted) > 8  # rules of many kinds speak


def test_a_cache_that_believes_too_much_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Texts, "still", lambda *_: True)
    assert next(differences(20, 8, SEED), None) is not None
