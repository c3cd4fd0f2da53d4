"""Every format, to the byte."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from packlint.config import OUTPUT_FORMATS
from packlint.findings import Evidence, Finding
from packlint.report import Shown, Style, renderer, shows_edits, statistics

STYLE = Style("/home/me/code")
VERBOSE = Style("/home/me/code", verbose=True)

READ = Shown(
    Finding(
        code="PCK301",
        name="last-step-of-padded-output",
        message="`out[:, -1]` reads padding",
        filename="/home/me/code/model.py",
        row=12,
        column=16,
        end_row=12,
        end_column=26,
        evidence=(Evidence("/home/me/code/data.py", 41, "padded: collate_fn"), Evidence("/lib/x.py", 7, "lengths")),
    ),
    "        return out[:, -1]",
)
CELL = Shown(
    Finding("PCK101", "unpacked-batch", "100% wrong,\nsay: no", "/elsewhere/a.ipynb", 2, 1, 3, 5, cell=4),
    "out = rnn(x,",
)


def test_full() -> None:
    assert renderer("full")([READ, CELL], STYLE) == (
        "PCK301 `out[:, -1]` reads padding\n"
        "  --> model.py:12:16\n"
        "   |\n"
        "12 |         return out[:, -1]\n"
        "   |                ^^^^^^^^^^\n"
        "\n"
        "PCK101 100% wrong,\nsay: no\n"
        " --> /elsewhere/a.ipynb:cell 4:2:1\n"
        "  |\n"
        "2 | out = rnn(x,\n"
        "  | ^^^^^^^^^^^^\n"
        "\n"
        "Found 2 findings.\n"
    )


def test_full_with_evidence() -> None:
    assert renderer("full")([READ], VERBOSE).splitlines()[5:7] == [
        "   = data.py:41: padded: collate_fn",
        "   = /lib/x.py:7: lengths",
    ]


@pytest.mark.parametrize(
    ("line", "column", "end", "shown", "carets"),
    [
        ("\tx = rnn(y)", 6, 12, "    x = rnn(y)", "        ^^^^^^"),
        ("文 = rnn(y)", 5, 11, "文 = rnn(y)", "     ^^^^^^"),
        ("e\u0301 = rnn(y)", 6, 12, "e\u0301 = rnn(y)", "    ^^^^^^"),
        ("x", 1, 1, "x", "^"),
        ("x", 9, 12, "x", " ^"),  # a place behind the end of the line
    ],
)
def test_the_carets_stand_under_what_is_meant(line: str, column: int, end: int, shown: str, carets: str) -> None:
    finding = Finding("PCK101", "n", "m", "/home/me/code/a.py", 1, column, 1, end)
    block = renderer("full")([Shown(finding, line)], STYLE).splitlines()
    assert block[3:5] == [f"1 | {shown}", f"  | {carets}"]


def test_full_without_a_line() -> None:
    finding = Finding("PCK000", "rule-failed", "oh", "/home/me/code/a.py", 1, 1, 1, 1)
    assert renderer("full")([Shown(finding, "")], STYLE) == "PCK000 oh\n --> a.py:1:1\n\nFound 1 finding.\n"


def test_concise() -> None:
    assert renderer("concise")([READ, CELL], STYLE) == (
        "model.py:12:16: PCK301 `out[:, -1]` reads padding\n"
        "/elsewhere/a.ipynb:cell 4:2:1: PCK101 100% wrong, say: no\n"
        "Found 2 findings.\n"
    )


def test_json() -> None:
    objects = json.loads(renderer("json")([READ, CELL], STYLE))
    assert objects[0] == {
        "code": "PCK301",
        "name": "last-step-of-padded-output",
        "message": "`out[:, -1]` reads padding",
        "filename": "/home/me/code/model.py",
        "cell": None,
        "location": {"row": 12, "column": 16},
        "end_location": {"row": 12, "column": 26},
        "url": objects[0]["url"],
        "fix": None,
        "evidence": [
            {"filename": "/home/me/code/data.py", "row": 41, "text": "padded: collate_fn"},
            {"filename": "/lib/x.py", "row": 7, "text": "lengths"},
        ],
    }
    assert objects[0]["url"].endswith("/docs/rules/PCK301.md")
    assert (objects[1]["cell"], objects[1]["location"]) == (4, {"row": 2, "column": 1})


def test_evidence_in_a_notebook_names_its_cell() -> None:
    finding = Finding("PCK101", "n", "m", "/a.ipynb", 1, 1, 1, 1, 2, (Evidence("/a.ipynb", 3, "padded", 1),))
    (one,) = json.loads(renderer("json")([Shown(finding, "")], STYLE))
    assert one["evidence"] == [{"filename": "/a.ipynb", "row": 3, "text": "padded", "cell": 1}]


def test_github() -> None:
    assert renderer("github")([READ, CELL], STYLE) == (
        "::error title=packlint (PCK301),file=/home/me/code/model.py,line=12,col=16,endLine=12,endColumn=26"
        "::model.py:12:16: PCK301 `out[:, -1]` reads padding\n"
        "::error title=packlint (PCK101),file=/elsewhere/a.ipynb,line=1,col=1"
        "::/elsewhere/a.ipynb:cell 4:2:1: PCK101 100%25 wrong,%0Asay: no\n"
    )


def test_github_escapes_what_separates() -> None:
    finding = Finding("PCK101", "n", "m", "/a,b:c.py", 1, 1, 1, 1)
    assert ",file=/a%2Cb%3Ac.py," in renderer("github")([Shown(finding, "")], STYLE)


def test_github_shows_a_cell_by_the_row_of_its_file(tmp_path: Path) -> None:
    cells = [{"cell_type": "code", "source": ["import torch\n", "out = rnn(x)"]}]
    (tmp_path / "a.ipynb").write_text(json.dumps({"cells": cells}, indent=1))
    finding = Finding("PCK101", "n", "m", str(tmp_path / "a.ipynb"), 2, 7, 2, 13, cell=1)
    assert renderer("github")([Shown(finding, "")], Style(str(tmp_path))) == (
        f"::error title=packlint (PCK101),file={tmp_path}/a.ipynb,line=7,col=1::a.ipynb:cell 1:2:7: PCK101 m\n"
    )


@pytest.mark.parametrize(
    ("output_format", "text"),
    [
        ("full", "All checks passed!\n"),
        ("concise", "All checks passed!\n"),
        ("json", "[]\n"),
        ("github", ""),
        ("gitlab", "[]\n"),
    ],
)
def test_nothing_found(output_format: str, text: str) -> None:
    assert renderer(output_format)([], STYLE) == text


def test_statistics() -> None:
    assert statistics.renderer("full")([CELL, READ, READ], STYLE) == (
        "2\tPCK301\tlast-step-of-padded-output\n1\tPCK101\tunpacked-batch\nFound 3 findings.\n"
    )
    assert statistics.renderer("full")([], STYLE) == "All checks passed!\n"
    assert statistics.renderer("json")([], STYLE) == "[]\n"
    assert json.loads(statistics.renderer("json")([CELL], STYLE)) == [
        {"code": "PCK101", "name": "unpacked-batch", "count": 1}
    ]


def test_statistics_by_folder_and_file() -> None:
    top = Shown(READ.finding._replace(filename="/home/me/code/sub/b.py"), "")
    shown = [CELL, READ, READ, top, Shown(READ.finding._replace(filename="-"), "")]

    def lines(*by: str) -> list[str]:
        *counts, last = statistics.renderer("full", by)(shown, STYLE).splitlines()
        assert last == "Found 5 findings."
        return counts

    assert lines("folder") == ["2\t.", "1\t-", "1\t/elsewhere", "1\tsub"]
    assert lines("file") == ["2\tmodel.py", "1\t-", "1\t/elsewhere/a.ipynb", "1\tsub/b.py"]
    read, cell = "PCK301\tlast-step-of-padded-output", "PCK101\tunpacked-batch"
    assert lines("rule", "folder") == [f"2\t{read}\t.", f"1\t{cell}\t/elsewhere", f"1\t{read}\t-", f"1\t{read}\tsub"]
    assert lines("folder", "rule") == [f"2\t.\t{read}", f"1\t-\t{read}", f"1\t/elsewhere\t{cell}", f"1\tsub\t{read}"]
    assert json.loads(statistics.renderer("json", ("folder", "rule"))([READ, top, READ], STYLE)) == [
        {"folder": "/home/me/code", "code": "PCK301", "name": "last-step-of-padded-output", "count": 2},
        {"folder": "/home/me/code/sub", "code": "PCK301", "name": "last-step-of-padded-output", "count": 1},
    ]
    assert json.loads(statistics.renderer("json", ("file",))([CELL], STYLE)) == [
        {"filename": "/elsewhere/a.ipynb", "count": 1}
    ]


def test_colour() -> None:
    counts = statistics.renderer("concise", ("folder", "rule"))([READ], Style("/home/me/code", color=True))
    assert counts.startswith("1\t.\t\033[1;31mPCK301\033[0m\tlast-step")
    style = Style("/home/me/code", color=True)
    assert renderer("concise")([READ], style).startswith("model.py:12:16: \033[1;31mPCK301\033[0m ")


def test_names_are_relative_only_below_the_folder() -> None:
    assert [STYLE.name(path) for path in ("/home/me/code/a.py", "/home/me/codes/a.py", "-")] == [
        "a.py",
        "/home/me/codes/a.py",
        "-",
    ]


def test_every_format_has_a_file() -> None:
    files = {path.stem for path in (Path(__file__).parents[2] / "packlint" / "report").glob("*.py")}
    assert {name for name in OUTPUT_FORMATS if shows_edits(name)} == {"json", "sarif"}
    assert {*statistics.FORMATS} < {*OUTPUT_FORMATS}
    assert files == {*OUTPUT_FORMATS, "__init__", "places", "statistics"}
