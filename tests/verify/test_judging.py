"""The harness checks itself: what cannot fail proves nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

pytest.importorskip("torch")

from benchmarks.pairs import run_pairs
from benchmarks.proved import proved
from packlint.verify import judging
from packlint.verify.evidence import Evidence, Measure, evidence_of
from packlint.verify.relations import RELATIONS
from packlint.verify.sides import Trial

PAIRS = {str(pair): pair for pair in run_pairs()}
PACKED = PAIRS["pack_call: two targets"]
READ = PAIRS["final_state: both directions"]
POOLED = PAIRS["masked_pool: a mean"]
BY_RELATION = {
    "site agreement": PACKED,
    "state oracle": READ,
    "pooling oracle": POOLED,
    "padding invariance": PACKED,
    "permutation equivariance": PACKED,
    "full-length agreement": PACKED,
    "gradient agreement": PACKED,
}


def verdicts(found: list[Evidence]) -> set[str]:
    return {one.verdict for one in found}


def holds(trial: Trial) -> Measure:
    """A relation that sees nothing."""
    return Measure(0.0, trial.tolerance)


def test_every_relation_that_compares_values_is_blinded_here() -> None:
    assert {rule.name for rule in RELATIONS if rule.twin} == set(BY_RELATION)


@pytest.mark.parametrize("name", BY_RELATION)
def test_a_blind_relation_proves_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pair = BY_RELATION[name]
    blinded = tuple(replace(rule, check=holds) if rule.name == name else rule for rule in RELATIONS)
    monkeypatch.setattr(judging, "RELATIONS", blinded)
    found = proved(pair.before, pair.after, pair.rules)
    assert "passed" not in verdicts([one for one in found if name != "state oracle" or one.code == "PCK302"])
    assert any("broken on purpose" in one.reason for one in found)


@pytest.mark.parametrize("pair", {str(one): one for one in BY_RELATION.values()}.values(), ids=str)
def test_a_seeing_harness_proves_the_same(pair: object) -> None:
    known = PAIRS[str(pair)]
    found = proved(known.before, known.after, known.rules)
    assert verdicts(found) == {"passed"}
    for one in found:
        assert one.noise is not None
        assert one.noise < 1e-13  # arithmetic in float64, far below the tolerance of 1e-10
        assert one.twin is None or one.twin > 1e-4  # and what is wrong stands far above it


def test_noise_above_the_tolerance_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "noise", lambda trial: 1e-9)
    found = proved(PACKED.before, PACKED.after, PACKED.rules)
    assert verdicts(found) == {"unverified"}
    assert "differ by 1.0e-09" in found[0].reason


def test_noise_and_twin_are_in_what_is_written() -> None:
    one = proved(PACKED.before, PACKED.after, PACKED.rules)[0]
    assert one.as_object()["noise"] == one.noise
    assert evidence_of(one.as_object()) == replace(one, seconds=round(one.seconds, 3))
