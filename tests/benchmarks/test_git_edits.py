"""Some of the sequences of edits after which `--git-diff` must show what two whole runs show to be new."""

from __future__ import annotations

import shutil
from collections import Counter

import pytest

from benchmarks.git_edits import differences
from packlint.analysis.texts import Texts

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")

SEED = 9


def test_what_is_shown_is_what_is_new() -> None:
    counted: Counter[str] = Counter()
    assert list(differences(5, 4, SEED, counted)) == []
    assert counted["checks"] == 20
    assert counted["shown"] > 0


def test_who_believes_that_nothing_hangs_on_a_change_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Texts, "still", lambda *_: True)
    assert next(differences(30, 4, SEED, Counter()), None) is not None
