"""Notebooks: cells that keep their rows, magics, and cells that do not parse."""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from packlint.notebook import file_rows
from packlint.source import SourceError, read_source
from tests.conftest import PADDED, Ran

PYTHON = f"Python {sys.version_info.major}.{sys.version_info.minor}"


def notebook(*cells: str | list[str] | None, **more: object) -> bytes:
    """A notebook of code cells; None stands for a cell of text."""
    text = {"cell_type": "markdown", "source": "some text"}
    kinds = [text if cell is None else {"cell_type": "code", "source": cell} for cell in cells]
    return json.dumps({"cells": kinds, "metadata": {}, "nbformat": 4, **more}).encode()


def test_cells_keep_their_numbers_and_rows() -> None:
    source = read_source("a.ipynb", notebook("a = 1\n\nb = 2", None, "", ["c = 3\n", "d = 4"], "e = 5\n"))
    places = {node.targets[0].id: source.locate(node.lineno) for node in source.tree.body}  # type: ignore[attr-defined]
    assert places == {"a": (1, 1), "b": (1, 3), "c": (4, 1), "d": (4, 2), "e": (5, 1)}
    for node in source.tree.body:
        assert source.row_of(*source.locate(node.lineno)) == node.lineno


@pytest.mark.parametrize(
    ("cell", "python"),
    [
        ("%matplotlib inline\nx = 1", "pass\nx = 1"),
        ("!pip install torch \\\n    numpy\nx = 1", "pass\n\nx = 1"),
        ("if x:\n    !ls\n    %cd ..\ny = 1", "if x:\n    pass\n    pass\ny = 1"),
        ("files = !ls\nx = %pwd\ny = 1", "files = None\nx = None\ny = 1"),
        ("%time out = rnn(x)", "0   ; out = rnn(x)"),
        ("%timeit -n 10 -r3 rnn(x)", "0               ; rnn(x)"),
        ("t = %time rnn(x)", "t =       rnn(x)"),
        ("%%time\nx = 1\n%timeit f(x)", "pass\nx = 1\n0     ; f(x)"),
        ("%%capture --no-stderr out\nx = 1", "pass\nx = 1"),
        ("?torch\ntorch.nn?\ntorch.nn??\nx = 1", "pass\npass\npass\nx = 1"),
        ("x = '''\n%time y\n'''", "x = '''\n%time y\n'''"),
        ("x = (a\n     % b)\n!ls", "x = (a\n     % b)\npass"),
        ("x = a \\\n  % b\n%pwd", "x = a \\\n  % b\npass"),
        ("x = '%s' % y  # !what? (\n%pwd", "x = '%s' % y  # !what? (\npass"),
        ("# is it?\nx = 1", "# is it?\nx = 1"),
        ("pip install torch\nx = 1", "pass\nx = 1"),
        ("x = await f()", "x = await f()"),
        ("x = 1 # ok\r\n%pwd\r\ny = 2", "x = 1 # ok\npass\ny = 2"),
    ],
)
def test_magics_do_not_stop_a_cell(cell: str, python: str) -> None:
    source = read_source("a.ipynb", notebook(cell))
    assert source.text == f"{python}\n"
    assert source.broken_cells == ()
    assert source.tree.body


@pytest.mark.parametrize(
    "cell",
    ["%%bash\nls (", "%%html\n<b>", "\n%%writefile a.py\nx = 1", "%%nobody knows\n((", "%sql\nselect 1", "%md\n# a"],
)
def test_a_cell_of_another_language_is_left_out(cell: str) -> None:
    source = read_source("a.ipynb", notebook(cell, "x = 1"))
    assert source.text == "x = 1\n"
    assert source.broken_cells == ()
    assert source.locate(1) == (2, 1)


def test_an_indented_cell_keeps_its_rows() -> None:
    source = read_source("a.ipynb", notebook("  x = 1\n  y = 2", "z = 3"))
    assert [source.locate(row) for row in (2, 3, 4)] == [(1, 1), (1, 2), (2, 1)]
    assert source.broken_cells == ()
    assert len(source.tree.body) == 2


def test_a_broken_cell_does_not_stop_the_others() -> None:
    source = read_source("a.ipynb", notebook("x = 1", "y = 2\nz = (\n", None, "w = <your code>", "v = 3"))
    assert [(error.cell, error.row, error.kind) for error in source.broken_cells] == [
        (2, 2, "syntax"),
        (4, 1, "syntax"),
    ]
    assert all(str(error).startswith(f"does not parse as {PYTHON}: ") for error in source.broken_cells)
    assert [source.locate(node.lineno) for node in source.tree.body] == [(1, 1), (5, 1)]


@pytest.mark.parametrize(
    "data",
    [
        notebook(),
        notebook(None),
        notebook(metadata={"kernelspec": {"language": "R"}}),
        notebook("x <- 1", metadata={"language_info": {"name": "R"}}),
        json.dumps({"cells": [3, {"cell_type": "code"}, {"cell_type": "raw", "source": "("}]}).encode(),
    ],
)
def test_a_notebook_without_python_is_empty(data: bytes) -> None:
    source = read_source("a.ipynb", data)
    assert source.text.strip() == ""
    assert source.broken_cells == ()
    assert source.tree.body == []
    source.locate(1)


def test_a_notebook_of_the_third_format() -> None:
    cells = [{"cell_type": "code", "input": ["x = 1\n", "y = 2"]}]
    source = read_source("a.ipynb", json.dumps({"worksheets": [{"cells": cells}], "nbformat": 3}).encode())
    assert source.text == "x = 1\ny = 2\n"


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_rows_of_a_cell_are_found_in_the_file(newline: str, mark: str) -> None:
    lines = ["import torch\n", "\n", "x = 'é\\n'\r\n", "y = 2"]
    cells = [
        {"cell_type": "markdown", "source": ["y = 2"]},
        {"outputs": [{"text": ["y = 2"]}], "cell_type": "code", "source": lines},
        {"cell_type": "code", "source": "".join(lines)},
        {"cell_type": "code", "source": ["import", " torch\n\n", "", "x = 'é\\n'\r", "y = 2\n"]},
        {"cell_type": "code", "source": []},
    ]
    text = json.dumps({"nbformat": 4, "cells": cells}, indent=1, ensure_ascii=False)
    data = (mark + text.replace("\n", newline)).encode()
    shown = text.split("\n")
    first = shown.index('    "import torch\\n",')
    assert file_rows(data, 2) == [first + 1, first + 2, first + 3, first + 4]
    (whole,) = [row for row, line in enumerate(shown, 1) if line.startswith('   "source": "')]
    assert file_rows(data, 3) == [whole] * 4
    pieces = shown.index('    "import",') + 1
    assert file_rows(data, 4) == [pieces, pieces + 1, pieces + 3, pieces + 4, pieces + 4]
    assert file_rows(data, 5) == []


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"{}", b'{"cells": 3}', b"\xff", b"[" * 100_000, notebook("x = 1")[:-20]]
)
def test_what_is_no_notebook_is_said_in_a_line(data: bytes) -> None:
    with pytest.raises(SourceError) as caught:
        read_source("a.ipynb", data)
    assert caught.value.kind == "read"
    assert re.fullmatch(r"is not a notebook: .+", str(caught.value))


def test_a_broken_notebook_is_one_line_and_everything_else_is_reported(folder: Path, lint: Callable[..., Ran]) -> None:
    (folder / "broken.ipynb").write_bytes(notebook(PADDED)[:-20])
    (folder / "cells.ipynb").write_text('{"metadata": {"name": "LSTM"}}')
    (folder / "empty.ipynb").write_bytes(notebook(None, "lstm = 1"))
    (folder / "good.ipynb").write_bytes(notebook("rnn = nn.LSTM(", PADDED))
    ran = lint(".")
    assert (ran.code, ran.places) == (2, ["good.ipynb PCK001", "good.ipynb PCK101"])
    broken, cells = ran.err.splitlines()
    assert broken.startswith("packlint: broken.ipynb: is not a notebook: ")
    assert cells == "packlint: cells.ipynb: is not a notebook: it holds no cells"


def test_random_cells_never_stop_a_notebook() -> None:
    hypothesis = pytest.importorskip("hypothesis")
    strategies = pytest.importorskip("hypothesis.strategies")
    pieces = (
        *("x = 1", "%time ", "%%time", "!ls", "?", "x?", "%", "'''", '"', "(", ")", "\\", "#", "\n", "\n", "\r", "  "),
        *("if x:", "\t", "f(x)", "= ", "y", "\0", "\x0c", "pip install ", "%%bash", "é", "\u2028", "await "),
    )
    cells = strategies.lists(strategies.sampled_from(pieces), max_size=12).map("".join)

    def check(texts: list[str]) -> None:
        source = read_source("a.ipynb", notebook(*texts))
        broken = {error.cell for error in source.broken_cells}
        ast.parse(source.text)
        assert [source.locate(source.row_of(cell.number, 1)) for cell in source.cells] == [
            (cell.number, 1) for cell in source.cells
        ]
        for cell in source.cells:
            if cell.number not in broken:
                rows = texts[cell.number - 1].replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1
                assert source.locate(cell.first_row + rows - 1) == (cell.number, rows)

    settings = hypothesis.settings(max_examples=500, deadline=None, derandomize=True, database=None)
    settings(hypothesis.given(strategies.lists(cells, max_size=4))(check))()
