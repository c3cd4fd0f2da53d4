"""What docs/usage.md shows of the formats is what packlint says."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any

import pytest

from packlint.arguments import parse
from packlint.cli import main
from packlint.config import OUTPUT_FORMATS
from tests.test_readme import ROOT, USAGE

FORMATS = USAGE[USAGE.index("## Formats") : USAGE.index("## Exit codes")]
FILE = "examples/final_state/before.py"


def shown(section: str, language: str) -> str:
    """The last block in a language of a section."""
    (text,) = re.findall(rf"^### {section}\n(.*?)(?=^##|\Z)", FORMATS, re.MULTILINE | re.DOTALL)
    blocks: list[str] = re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return blocks[-1]


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """What packlint prints, run at the top of the checkout."""
    monkeypatch.chdir(ROOT)
    for variable in ("CI_PROJECT_DIR", "GITHUB_WORKSPACE"):
        monkeypatch.delenv(variable, raising=False)

    def run(*words: str) -> str:
        assert main([*words, "--isolated", "-j1"]) == 1
        return capsys.readouterr().out.replace(str(ROOT), "/home/me/packlint")

    return run


def printed(value: object) -> str:
    return json.dumps(value, indent=2) + "\n"


def test_text(said: Any) -> None:
    assert said(FILE, "--output-format", "concise") == shown("Text", "text")


def test_github(said: Any) -> None:
    assert said(FILE, "--output-format", "github") == shown("GitHub", "text")


def test_gitlab(said: Any) -> None:
    issues = json.loads(said(FILE, "--output-format", "gitlab"))
    assert printed(issues[0]) == shown("GitLab", "json")


def test_sarif(said: Any) -> None:
    result = json.loads(said(FILE, "--output-format", "sarif"))["runs"][0]["results"][0]
    del result["codeFlows"]
    assert printed(result) == shown("SARIF", "json")


def test_statistics(said: Any) -> None:
    words = ("examples/classifier", "examples/final_state", "--statistics-by", "folder,rule")
    assert f"`packlint {' '.join(words)}`" in FORMATS
    assert said(*words) == shown("Statistics", "text")
    assert printed(json.loads(said(*words, "--output-format=json"))[0]) == shown("Statistics", "json")


def test_the_table_has_every_format() -> None:
    table = FORMATS[: FORMATS.index("### ")]
    rows = re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
    assert sorted(name.strip("`") for row in rows for name in row.split(", ")) == sorted(OUTPUT_FORMATS)


def test_the_commands_of_the_services_are_understood() -> None:
    yaml = pytest.importorskip("yaml")
    (step, upload), job = (yaml.safe_load(shown(section, "yaml")) for section in ("SARIF", "GitLab"))
    (command,) = job["packlint"]["script"]
    reports = [parse(shlex.split(text)[1:]).reports for text in (step["run"], command)]
    assert [[one.output_format for one in pair] for pair in reports] == [["full", "sarif"], ["full", "gitlab"]]
    assert reports[0][1].file == upload["with"]["sarif_file"]
    assert reports[1][1].file == job["packlint"]["artifacts"]["reports"]["codequality"]
