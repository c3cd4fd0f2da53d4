"""What must hold for every rule, and for the project as a whole."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from packlint import __version__
from packlint.cli import main
from packlint.config import parse_toml
from packlint.rule_pages import EFFECTS, pages
from packlint.rules import all_rules
from packlint.rules.base import Rule

ROOT = Path(__file__).resolve().parent.parent
INTERNAL = {"PCK000", "PCK001"}

CONTRACT = {
    "PCK000": ("rule-failed", True),
    "PCK001": ("syntax-error", True),
    "PCK101": ("unpacked-batch", True),
    "PCK102": ("unpacked-batch-without-lengths", True),
    "PCK103": ("packed-used-as-tensor", True),
    "PCK104": ("left-padding-packed", True),
    "PCK105": ("padded-steps-computed", False),
    "PCK201": ("unsorted-lengths", True),
    "PCK202": ("batch-left-sorted", True),
    "PCK203": ("manual-sort", False),
    "PCK204": ("lengths-on-device", True),
    "PCK205": ("batch-first-mismatch", True),
    "PCK206": ("possible-zero-length", False),
    "PCK301": ("last-step-of-padded-output", True),
    "PCK302": ("bidirectional-last-step", True),
    "PCK303": ("state-not-batch-first", True),
    "PCK304": ("pooling-over-padding", True),
    "PCK401": ("missing-total-length", True),
    "PCK402": ("unstated-total-length", False),
}
"""Code, name, and whether it is on: what users have in their configurations, never changed in silence."""


def section(*names: str) -> dict[str, object]:
    """A table of pyproject.toml."""
    table = parse_toml((ROOT / "pyproject.toml").read_bytes())
    for name in names:
        inner = table[name]
        assert isinstance(inner, dict)
        table = inner
    return table


every_rule = pytest.mark.parametrize("rule", all_rules().values(), ids=all_rules())


def test_the_rules_are_those_that_users_know() -> None:
    assert {code: (rule.name, rule.on_by_default) for code, rule in all_rules().items()} == CONTRACT


@every_rule
def test_a_rule_is_documented(rule: Rule) -> None:
    assert rule.effect in EFFECTS
    for text in (rule.summary, rule.what, rule.why, rule.fix_safety, rule.when_to_silence):
        assert text.strip() == text != ""
    if rule.code not in INTERNAL:
        ast.parse(rule.before)
        ast.parse(rule.after)
        assert rule.check is not None


@every_rule
def test_a_rule_stands_in_the_file_of_its_code(rule: Rule) -> None:
    assert (ROOT / "packlint" / "rules" / f"{rule.code.lower()}.py").is_file()


@every_rule
def test_a_rule_has_a_changelog_entry(rule: Rule) -> None:
    assert re.search(rf"\b{rule.code}\b", (ROOT / "CHANGELOG.md").read_text())


@pytest.mark.parametrize("code", [code for code in CONTRACT if code not in INTERNAL])
def test_a_rule_has_a_checked_file_with_both_kinds_of_line(code: str) -> None:
    text = (ROOT / "tests" / "rules" / f"{code.lower()}.py").read_text()
    speaking = [line for line in text.splitlines() if re.search(rf"# .*\b{code}\b", line)]
    assert speaking
    assert len(speaking) < len(text.splitlines())


def test_no_page_is_stale() -> None:
    folder = ROOT / "docs" / "rules"
    written = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.md")}
    assert written == pages(), "run: python docs/make_rule_pages.py"


def test_rule_prints_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rule", "PCK000"]) == 0
    assert capsys.readouterr().out == pages()["PCK000.md"]
    assert main(["rule", "rule-failed"]) == 0
    assert capsys.readouterr().out == pages()["PCK000.md"]


def test_rule_all_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rule", "--all", "--output-format", "json"]) == 0
    rules = json.loads(capsys.readouterr().out)
    assert [rule["code"] for rule in rules] == sorted(CONTRACT)
    keys = ["code", "name", "summary", "effect", "on_by_default", "what", "why", "before", "after"]
    keys += ["fix_safety", "when_to_silence", "url"]
    assert all(list(rule) == keys for rule in rules)


def test_rule_says_what_it_does_not_know(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rule", "PCK999", "PCK000"]) == 2
    out, err = capsys.readouterr()
    assert out == pages()["PCK000.md"]
    assert err == "packlint: no rule is called `PCK999`\n"
    assert main(["rule"]) == 2
    assert capsys.readouterr().err == "packlint: error: a CODE or --all is wanted\n"


def test_nobody_imports_fixers_by_the_name_that_only_a_checkout_knows() -> None:
    wrong = [
        str(path)
        for top in ("packlint", "fixers", "tests", "benchmarks", "docs", "examples")
        for path in (ROOT / top).rglob("*.py")
        if re.search(r"^\s*(?:import fixers\b|from fixers\b)", path.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert wrong == []


def test_packlint_is_clean_by_its_own_rules() -> None:
    command = [sys.executable, "-m", "packlint", "packlint", "fixers"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "All checks passed!\n", "")


def test_the_project_excuses_nothing_for_itself() -> None:
    assert "packlint" not in section("tool")


def test_every_package_is_installed() -> None:
    listed = section("tool", "setuptools")["packages"]
    there = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for path in (ROOT / "packlint").rglob("__init__.py")
        if "fixers" not in path.parts
    }
    assert listed == sorted(there | {"packlint.fixers"})


def test_the_changelog_knows_this_version() -> None:
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text()
