"""The proofs of a folder of projects are counted by way and verdict."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="PyTorch is not installed")

from benchmarks.proofs import kind_of, main

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_each_rewritten_site_is_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("classifier", "final_state"):
        (tmp_path / name).mkdir()
        text = (EXAMPLES / name / "before.py").read_text(encoding="utf-8")
        (tmp_path / name / "model.py").write_text(text, encoding="utf-8")
    main(["--root", str(tmp_path), "--list", "--jobs", "1"])
    out = capsys.readouterr().out
    assert "| inferred | 2 | 0 | 0 |" in out
    assert "2 of 2 rewritten sites have a verdict: 1.00" in out
    assert "2 of 2 that passed show what was wrong on the original" in out
    assert "classifier/model.py:46: PCK101 inferred passed" in out


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("Model(x): TypeError: no; slice: other", "TypeError"),
        ("slice: no recurrent layer is called where it stands", "no recurrent layer is called where it stands"),
        ("not done after 60 s", "not done after 60 s"),
    ],
)
def test_a_reason_has_a_kind(reason: str, kind: str) -> None:
    assert kind_of(reason) == kind
