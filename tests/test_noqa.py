"""noqa means here what it means to flake8: read side by side, over written and over random files."""

from __future__ import annotations

import argparse
import json
import linecache
from pathlib import Path

import pytest

from packlint.findings import Finding
from packlint.noqa import Suppressions
from packlint.source import Source, SourceError, read_source

CODES = ("PCK101", "PCK1", "PCK301", "E501", "PCK")


def finding(row: int, code: str = "PCK101", cell: int | None = None) -> Finding:
    return Finding(code, "name", "message", "a.py", row, 1, row, 2, cell)


def covered(text: str, code: str = "PCK101") -> list[int]:
    suppressions = Suppressions(Source("a.py", text))
    return [row for row in range(1, text.count("\n") + 2) if suppressions.covers(finding(row, code))]


@pytest.mark.parametrize(
    ("comment", "covers"),
    [
        ("# noqa", True),
        ("# NOQA", True),
        ("#noqa", False),
        ("#  noqa", False),
        ("# noqa: PCK101", True),
        ("# noqa:PCK101", True),
        ("# noqa:  PCK101", True),  # two blanks: no codes are read, so it is a bare noqa
        ("# noqa: PCK1", True),
        ("# noqa: PCK2", False),
        ("# noqa: E501,PCK101", True),
        ("# noqa: E501 PCK101", True),
        ("# noqa: E501, W291", False),
        ("# noqa: pck101", False),
        ("# noqa: because it is right", True),
        ("# type: ignore # noqa: PCK101", True),
        ("# noqa: E501 # noqa: PCK101", False),  # the first one counts
        ("# noqa : PCK2", True),
    ],
)
def test_forms_of_the_comment(comment: str, covers: bool) -> None:
    assert covered(f"x = 1  {comment}\n") == ([1] if covers else [])


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ('x = """\na\nb\n"""  # noqa\ny = 1\n', [1, 2, 3, 4]),
        ("x = 1 + \\\n    2  # noqa\ny = 1\n", [1, 2]),
        ("x = f(\n    1,  # noqa\n    2,\n)\n", [2]),  # the lines of a bracket stand alone
        ("x = f(\n    1,\n)  # noqa\n", [3]),
        ("x = f('''\na''', 1)  # noqa\n", [1, 2]),
        ("x = '# noqa'\n", [1]),
        ("x = (1\ny = 2  # noqa\n", [2]),  # what cannot be tokenized has single lines
        ("x = 1\n\x0c# noqa\n", [2]),
        ("x = 1  # noqa", [1]),
    ],
)
def test_lines_it_reaches(text: str, rows: list[int]) -> None:
    assert covered(text) == rows


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("# flake8: noqa\n", True),
        ("x = 1\n    # flake8: NOQA\n", True),
        ("# flake8=noqa\n", True),
        ("# flake8: noqa: PCK101\n", True),
        ("x = 1  # flake8: noqa\n", False),
        ("#flake8: noqa\n", False),
        ("# packlint: ignore-file\n", True),
        ("# packlint: ignore-file because it is generated\n", True),
        ("x = 1  # packlint: ignore-file\n", False),
        ("# packlint: ignore-files\n", False),
        ("# ignore-file\n", False),
    ],
)
def test_whole_file(text: str, whole: bool) -> None:
    assert Suppressions(Source("a.py", text)).whole_file is whole


def test_nothing_is_tokenized_without_the_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("packlint.noqa.tokenize")
    suppressions = Suppressions(Source("a.py", "x = 1\n" * 100))
    assert not suppressions.whole_file
    assert not suppressions.covers(finding(3))


def test_rows_of_a_notebook_count_inside_their_cell() -> None:
    cells = ["%matplotlib inline\nx = 1", "y = 1\nz = 2  # noqa: PCK101"]
    source = {"cells": [{"cell_type": "code", "source": cell} for cell in cells]}
    suppressions = Suppressions(read_source("a.ipynb", json.dumps(source).encode()))
    rows = [(cell, row) for cell in (1, 2) for row in (1, 2) if suppressions.covers(finding(row, cell=cell))]
    assert rows == [(2, 2)]


def test_a_comment_in_a_broken_cell_counts() -> None:
    cells = [{"cell_type": "code", "source": "x = (  # noqa: PCK001\n"}]
    source = read_source("a.ipynb", json.dumps({"cells": cells}).encode())
    (broken,) = source.broken_cells
    assert Suppressions(source).covers(finding(broken.row, "PCK001", broken.cell))


def flake8_reads(path: Path) -> tuple[bool, set[tuple[int, str]]]:
    """Whether flake8 leaves the whole file out, and the rows and codes that it ignores."""
    processor = pytest.importorskip("flake8.processor")
    violation = pytest.importorskip("flake8.violation")
    options = argparse.Namespace(
        hang_closing=False, indent_size=4, max_line_length=79, max_doc_length=None, verbose=0, disable_noqa=False
    )
    linecache.clearcache()
    file = processor.FileProcessor(str(path), options)
    ignored = {
        (row, code)
        for row in range(1, len(file.lines) + 1)
        for code in CODES
        if violation.Violation(code, str(path), row, 1, "", file.noqa_line_for(row)).is_inline_ignored(False)
    }
    return file.should_ignore_file(), ignored


def packlint_reads(path: Path) -> tuple[bool, set[tuple[int, str]]]:
    source = read_source(path)
    suppressions = Suppressions(source)
    ignored = {
        (row, code)
        for row in range(1, len(source.lines) + 1)
        for code in CODES
        if suppressions.covers(finding(row, code))
    }
    return suppressions.whole_file and not suppressions.says_ignore_file, ignored


def test_random_files_are_read_as_flake8_reads_them(tmp_path: Path) -> None:
    hypothesis = pytest.importorskip("hypothesis")
    strategies = pytest.importorskip("hypothesis.strategies")
    pieces = (
        *("x = 1", "f(", ")", "[", "]", "'''", '"""', 'f"{x!r}"', "\\", "if x:", "    y", "\t", "é = 'ü'", ";", "\x0c"),
        *("# noqa", "# NoQA", "# noqa:", "# noqa: ", "PCK101", "PCK1", "pck101", "PCK", "E501", ",", ", ", " ", "  "),
        *(
            "# flake8: noqa",
            "# flake8=noqa",
            "# flake8:",
            "noqa",
            "#",
            ": PCK301",
            "\n",
            "\n",
            "\n",
            "\r\n",
            "\r",
            "\u2028",
        ),
    )
    path = tmp_path / "a.py"

    def check(parts: list[str]) -> None:
        path.write_bytes("".join(parts).encode())
        try:
            read_source(path)
        except SourceError:
            return
        assert packlint_reads(path) == flake8_reads(path)

    settings = hypothesis.settings(max_examples=500, deadline=None, derandomize=True, database=None)
    settings(hypothesis.given(strategies.lists(strategies.sampled_from(pieces), max_size=40))(check))()
