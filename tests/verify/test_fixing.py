"""Which fixes are left out when some fail: by verdicts that stand for runs."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

pytest.importorskip("libcst")

from packlint.config import ProjectFacts
from packlint.engine import Task, check_file
from packlint.fixing import Job
from packlint.progress import Progress
from packlint.rules import all_rules
from packlint.verify import fixing
from packlint.verify.evidence import Evidence, Measure, Relation, Site, Subject, Verdict
from packlint.verify.fixing import Outcome, fix_verified
from packlint.verify.launching import Settings, Verified
from tests.verify.files import PADDED, POOLED

LAST = """\
from torch import nn


class Last(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(8, 8, batch_first=True, bidirectional=True)

    def forward(self, x, lengths):
        outputs, _ = self.rnn(x)
        return outputs[:, -1]


class Other(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(50, 8, padding_idx=0)
        self.rnn = nn.GRU(8, 8, bidirectional=True, batch_first=True)

    def forward(self, ids, lengths):
        return self.rnn(self.embed(ids))[0]
"""
"""PCK101 and PCK302 in a class, where the second rests on the packing of the first, and PCK101 in another."""

Judge = Callable[[Subject, Site], Verdict]


def fixed(
    path: Path, text: str, judge: Judge, monkeypatch: pytest.MonkeyPatch, strict: bool = False, without: str = ""
) -> tuple[Outcome, str]:
    """What came of a file of this text, and its new text; findings of the rule `without` have no fix."""
    path.write_text(text)
    rounds: list[Sequence[Subject]] = []

    def verify(subjects: Sequence[Subject], settings: Settings, told: Callable[[int], None]) -> Verified:
        rounds.append(subjects)
        assert len(rounds) < 6
        return Verified("2.0", "cpu", tuple(tuple(seen(one, site) for site in one.sites) for one in subjects))

    def seen(subject: Subject, site: Site) -> Evidence:
        verdict = judge(subject, site)
        off = Measure(0.42 if verdict == "failed" else 0.0, 1e-10, 3)
        relations = (Relation("site agreement", True, None, off),)
        return Evidence(
            subject.path, site.row, subject.owner, site.code, None, verdict, "no way to run it", True, relations
        )

    monkeypatch.setattr(fixing, "verify", verify)
    monkeypatch.setattr(fixing, "in_own_process", lambda function, items: map(function, items))
    task = Task(str(path), str(path.parent), frozenset(all_rules()) - {"PCK105", "PCK402", "PCK206"}, ProjectFacts())
    checked = check_file(task)
    assert checked.data is not None
    findings = tuple(one._replace(fix=None) if one.code == without else one for one in checked.findings)
    job = Job(task, checked.data, findings, True)
    outcome = fix_verified([job], Settings(), strict, Progress(io.StringIO()))
    [file] = outcome.files
    assert file.error is None
    return outcome, file.data.decode()


def test_what_passes_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outcome, text = fixed(tmp_path / "a.py", POOLED, lambda *_: "passed", monkeypatch)
    assert (outcome.refused, outcome.summary) == ((), "Verified 2 fixes: 2 passed")
    assert "pack_padded_sequence(" in text
    assert ".mean(1)" not in text


def test_what_fails_is_left_out_and_the_rest_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outcome, text = fixed(
        tmp_path / "a.py", POOLED, lambda _, site: "failed" if site.code == "PCK304" else "passed", monkeypatch
    )
    [(finding, why)] = outcome.refused
    assert (finding.code, why) == ("PCK304", "verify: site agreement fails (sequence 3, error 4.2e-01)")
    assert outcome.summary == "Verified 2 fixes: 1 passed, 1 failed"
    assert "pack_padded_sequence(" in text
    assert ".mean(1)" in text


def test_what_rests_on_a_fix_that_fails_goes_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str | None, str | None]] = []

    def judge(subject: Subject, site: Site) -> Verdict:
        asked.append((subject.owner, site.code))
        return "failed" if (subject.owner, site.code) == ("Last", "PCK101") else "passed"

    outcome, text = fixed(tmp_path / "a.py", LAST, judge, monkeypatch)
    assert {(finding.code, finding.function, why) for finding, why in outcome.refused} == {
        ("PCK101", "Last.forward", "verify: site agreement fails (sequence 3, error 4.2e-01)"),
        ("PCK302", "Last.forward", "verify: left out with PCK101 in row 10"),
    }
    assert outcome.summary == "Verified 3 fixes: 1 passed, 1 failed, 1 left out"
    assert asked.count(("Last", "PCK101")) == 1  # and was not made once more
    first, second = text.split("class Other")
    assert "outputs, _ = self.rnn(x)" in first
    assert "pack_padded_sequence(" in second


def test_fixes_that_are_one_go_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def judge(subject: Subject, site: Site) -> Verdict:
        return "failed" if site.code == "PCK302" else "passed"

    outcome, text = fixed(tmp_path / "a.py", LAST, judge, monkeypatch)
    assert [finding.code for finding, _ in outcome.refused] == ["PCK302", "PCK101"]
    assert text.count("pack_padded_sequence(") == 1


def test_what_the_fix_of_another_does_away_with_takes_its_class_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here PCK302 has no fix of its own, and what is made of it by the one of PCK101 fails."""

    def judge(subject: Subject, site: Site) -> Verdict:
        return "failed" if site.code == "PCK302" else "passed"

    outcome, text = fixed(tmp_path / "a.py", LAST, judge, monkeypatch, without="PCK302")
    [(finding, why)] = outcome.refused
    assert (finding.code, why) == ("PCK101", "verify: left out with PCK302 in row 11")
    assert outcome.summary == "Verified 2 fixes: 1 passed, 1 left out"
    first, second = text.split("class Other")
    assert "outputs[:, -1]" in first
    assert "pack_padded_sequence(" in second


@pytest.mark.parametrize("strict", [False, True])
def test_what_is_unverified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, strict: bool) -> None:
    outcome, text = fixed(tmp_path / "a.py", PADDED, lambda *_: "unverified", monkeypatch, strict)
    assert outcome.unverified
    assert outcome.summary == "Verified 1 fix: 1 unverified (no way to run it)"
    assert ("pack_padded_sequence(" in text) is not strict
    why = [why for _, why in outcome.refused]
    assert why == (["verify: unverified: no way to run it"] if strict else [])


def test_nothing_of_what_all_fails_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outcome, text = fixed(tmp_path / "a.py", LAST, lambda *_: "failed", monkeypatch)
    assert text == LAST
    assert len(outcome.refused) == 3
    assert outcome.files[0].fixed == 0
    assert outcome.files[0].checked is None
