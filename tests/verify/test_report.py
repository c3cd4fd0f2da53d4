"""Evidence in words: the witness, the table, the hints; as JSON, also where an error is no number."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace

import pytest

from packlint.verify.benching import Benched
from packlint.verify.evidence import Evidence, Measure, Relation, evidence_of
from packlint.verify.launching import Settings, Verified
from packlint.verify.measurements import LayerSpec
from packlint.verify.report import UNSHOWN, Shown, as_json, full
from packlint.verify.witness import first_failure, said, witness
from tests.verify.test_measurements import REPORT

SPEC = LayerSpec("LSTM", 16, 24, 1, True, True)
RIGHT = Measure(1e-16, 1e-10)
OFF = Measure(0.53, 1e-10, 2, 3)
AGREEMENT = Relation("site agreement", True, OFF, RIGHT)
STATE = Relation("state oracle", True, Measure(0.32, 1e-10, 1), RIGHT)
STOPS = Relation("errors", True, Measure(1.0, 1e-10, None, None, "a batch of one: RuntimeError: no"), RIGHT)
WHOLE = Relation("whole-model batch invariance", False, Measure(0.1, 1e-10, 0), Measure(0.1, 1e-10, 0))
SITE = Evidence(
    "/here/model.py", 12, "Tagger", "PCK101", "inferred", "passed", "", True, (AGREEMENT, STOPS, WHOLE),
    0.5, 1 << 20, 0, (2, 4, 7), 11, SPEC, True,
)  # fmt: skip
FAILED = replace(SITE, row=20, verdict="failed", relations=(replace(AGREEMENT, rewrite=OFF),))
UNSHOWN_SITE = replace(SITE, row=30, reason=UNSHOWN, relations=(replace(AGREEMENT, original=RIGHT),))
UNVERIFIED = replace(
    SITE, row=40, way=None, verdict="unverified", reason="Odd(table): no", relations=(), layer=None, owner="Odd"
)
STANDS = replace(
    SITE, row=50, code=None, rewritten=False, relations=(replace(AGREEMENT, original=RIGHT, rewrite=None),)
)
WRONG = replace(STANDS, row=60, verdict="failed", relations=(replace(AGREEMENT, rewrite=None),))


def shown(*evidence: Evidence, color: bool = False) -> Shown:
    return Shown(evidence, Verified("2.13", "cpu", (evidence,)), Settings(), "/here", color=color)


# --- words ---


def test_a_witness_names_sequence_step_and_error() -> None:
    assert witness(SITE) == "sequence 2 (7 of 11 steps real) is off by 5.3e-01 from its run alone, most at step 3"


@pytest.mark.parametrize(
    ("code", "begins"),
    [
        ("PCK101", "sequence 2 (7 of 11 steps real) is off by 5.3e-01"),
        ("PCK302", "sequence 1 (4 of 11 steps real) has a state that is off by 3.2e-01"),
        ("PCK206", "it stops: a batch of one: RuntimeError: no"),
        ("PCK401", "sequence 2 (7 of 11 steps real) is off by 5.3e-01"),
    ],
)
def test_the_witness_is_of_the_relation_that_the_finding_is_about(code: str, begins: str) -> None:
    assert witness(replace(SITE, code=code, relations=(AGREEMENT, STATE, STOPS))).startswith(begins)


def test_what_only_tells_is_no_witness() -> None:
    assert witness(replace(SITE, relations=(WHOLE,))) == ""


def test_an_error_that_is_no_number() -> None:
    measure = Measure(math.inf, 1e-10, 0)
    assert said(SITE, "site agreement", measure).startswith("sequence 0 (2 of 11 steps real) is off by NaN or infinity")


def test_the_first_failure() -> None:
    assert first_failure(FAILED) == "site agreement fails (sequence 2, error 5.3e-01)"
    raising = Relation("shape contract", True, None, Measure(None, 1e-10, None, None, "raises ValueError: x"))
    assert first_failure(replace(SITE, relations=(WHOLE, raising))) == "shape contract fails (raises ValueError: x)"


# --- the table ---


def test_what_passed() -> None:
    assert full(shown(SITE)) == (
        "model.py:12: PCK101 in Tagger: passed, inferred\n"
        "  original: sequence 2 (7 of 11 steps real) is off by 5.3e-01 from its run alone, most at step 3\n"
        "  rewrite:  all 2 relations hold that it must pass\n"
        "  run:      the class, built and called with arguments that its code suggests\n"
        "                                  original         rewrite\n"
        "  site agreement                   5.3e-01 FAILS    1.0e-16 holds   sequence 2 (7 of 11 steps real), step 3\n"
        "  errors                           1.0e+00 FAILS    1.0e-16 holds   a batch of one: RuntimeError: no\n"
        "  whole-model batch invariance *   1.0e-01 FAILS    1.0e-01 FAILS   sequence 0 (2 of 11 steps real)\n"
        "\n"
        "* told, and does not decide here\n"
        "1 passed (torch 2.13, cpu, float64, seed 0)\n"
    )


def test_what_failed_is_said_of_the_rewrite() -> None:
    assert "  rewrite:  sequence 2 (7 of 11 steps real) is off by 5.3e-01" in full(shown(FAILED))


def test_a_finding_that_did_not_show_is_said_plainly() -> None:
    text = full(shown(UNSHOWN_SITE, SITE))
    assert "  original: not wrong here: the finding did not show at run time\n" in text
    assert "1 finding did not show at run time: the original holds as well.\n" in text
    assert "did not show" not in full(shown(SITE))


def test_what_is_unverified_says_why_and_what_to_do() -> None:
    text = full(shown(UNVERIFIED))
    assert "  because:  Odd(table): no\n" in text
    assert "packlint verify --write-recipe model.py::Odd writes a recipe to fill in" in text
    assert "--write-recipe" not in full(shown(SITE))


def test_code_as_it_stands_has_one_column() -> None:
    text = full(shown(STANDS, WRONG))
    assert "rewrite" not in text
    assert "model.py:50: in Tagger: passed, inferred\n  original: as it stands, the one relation holds" in text
    assert "model.py:60: in Tagger: failed, inferred\n  original: sequence 2 (7 of 11 steps real) is off by" in text


def test_a_finding_without_a_rewrite_says_so() -> None:
    assert "  rewrite:  there is none to try\n" in full(shown(replace(WRONG, code="PCK101")))


def test_lines_are_no_wider_than_a_terminal_and_long_notes_go_on_below() -> None:
    note = "the shape is (10, 29), not (1, 29), and so on " * 6
    long = replace(SITE, reason=note, relations=(replace(STOPS, original=Measure(None, 1e-10, 2, None, note)), WHOLE))
    lines = full(shown(long, replace(UNVERIFIED, reason=note))).splitlines()
    assert max(map(len, lines)) <= 118
    assert " ".join(" ".join(lines).split()).count("and so on") >= 12


def test_missing_walls_are_said() -> None:
    one = shown(SITE)
    text = full(replace(one, ran=replace(one.ran, missing=("network",))))
    assert text.splitlines()[-1] == "The system gave no wall for: network; Python's own stood instead."


def test_colour_changes_nothing_else() -> None:
    colored = full(shown(SITE, FAILED, UNVERIFIED, color=True))
    assert "\033[1;32mpassed\033[0m" in colored
    assert re.sub(r"\033\[[\d;]*m", "", colored) == full(shown(SITE, FAILED, UNVERIFIED))


def test_nothing() -> None:
    assert full(shown()) == "Nothing to verify.\n"


def test_a_cell_of_a_notebook() -> None:
    assert full(shown(replace(SITE, cell=3))).startswith("model.py:cell 3:12: PCK101 in Tagger: passed")


# --- a bench ---


def test_the_advice_stands_below_the_first_site_of_a_layer() -> None:
    other = replace(SITE, row=13)
    text = full(replace(shown(SITE, other), benched=(Benched(SPEC, (SITE, other), REPORT),)))
    assert text.count("  packing:  nn.LSTM(16, 24, bidirectional=True, batch_first=True)\n            On this ") == 1
    assert text.count("  packing:  as above, nn.LSTM(16, 24, bidirectional=True, batch_first=True)\n") == 1


def test_guessed_sizes_and_what_was_not_measured_are_said() -> None:
    one = Benched(SPEC, (SITE,), None, "not measured: not done after 1 s", "the code does not show its own")
    text = full(replace(shown(SITE), benched=(one,)))
    assert "(usual sizes: the code does not show its own)\n            not measured: not done after 1 s\n" in text


# --- JSON ---


def test_json_keeps_everything_and_has_no_infinity() -> None:
    infinite = replace(SITE, relations=(replace(AGREEMENT, original=Measure(math.inf, 1e-10, 0)),))
    text = as_json(replace(shown(SITE, infinite), benched=(Benched(SPEC, (SITE, infinite), REPORT),)))
    assert "Infinity" not in text
    assert "NaN" not in text
    found = json.loads(text)
    assert evidence_of(found["sites"][0]) == SITE
    assert found["sites"][1]["relations"][0]["original"]["error"] is None
    [benched] = found["bench"]
    assert (benched["layer"], benched["sites"], benched["why"], benched["guessed"]) == (str(SPEC), [0, 1], "", "")
    assert benched["report"]["measurements"]
