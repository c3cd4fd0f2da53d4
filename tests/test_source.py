"""Bytes to text: what is worth reading, encodings, line ends, notebooks, and what cannot be read."""

from __future__ import annotations

import ast
import codecs
import json
import pickle
import re
import subprocess
import sys
from pathlib import Path

import pytest

from packlint.source import SourceError, mentions_recurrence, read_source

PYTHON = f"Python {sys.version_info.major}.{sys.version_info.minor}"

# --- the prefilter ---


@pytest.mark.parametrize(
    "code",
    [
        "rnn = nn.LSTM(2, 3)",
        "rnn = torch.nn.GRU (2, 3)",
        "from torch.nn import RNN",
        "from torch.nn import (\n    Dropout,\n    LSTM as Recurrent,\n)",
        "from torch.nn import Linear, \\\n    GRU",
        "from torch.nn import *\nrnn = LSTM(2, 3)",
        "from torch.nn import *\nreturn LSTM(2, 3)",
        "x = DynamicLSTM(2, 3)",
        "return RNNModel(2)",
        "CELLS = {'lstm': nn.LSTM}",
        "def build(kind=nn.RNN): ...",
        "block = Block(stateful='LSTM')",
        "rnn = getattr(nn, kind)(2, 3)",
        "rnn = getattr(torch.nn, kind)(2, 3)",
        "rnn = eval(f'nn.{kind}')(2, 3)  # rnn",
        "class Mine(nn.LSTM): ...",
        "out, _ = self.lstm(x)",
        "out, _ = self.encoder_rnn(x)",
        "out, _ = self.bigru1(x)",
        "out, _ = self.rnns[i](x)",
        "out, _ = self.layers['rnn'](x)",
        "x = pack_padded_sequence(x, n)",
        "x, n = rnn_utils.pad_packed_sequence(x)",
        "from torch.nn.utils.rnn import pack_sequence as pack",
        "xs = unpack_sequence(x)",
        "xs = unpad_sequence(x, n)",
        "isinstance(x, PackedSequence)",
    ],
)
def test_a_file_that_can_hold_a_site_is_kept(code: str) -> None:
    assert mentions_recurrence(code.encode())
    assert mentions_recurrence(f"import torch\n{code}\nx = 1\n".replace("\n", "\r\n").encode())
    assert mentions_recurrence(code.encode("utf-16"))
    assert mentions_recurrence(notebook(code))


@pytest.mark.parametrize(
    "code",
    [
        "",
        "import torch.nn as nn\n\nlayer = nn.Linear(2, 3)\n",
        "# Works like an LSTM.\n",
        '"""Like a GRU, an LSTM or an RNN with gates."""\n',
        "cell = nn.LSTMCell(2, 3)\n",
        "x = rewrite_with_congruences(y)\n",
        "def get_LSTM_sizes(hidden): ...\n",
        "x = is_sequence(y)\n",
        "x = torch._pack_padded_sequence\n",
        'NAMES = ["torch.nn.utils.rnn.pack_padded_sequence"]\n',
        "x = f(nn, y)\n",
    ],
)
def test_a_file_that_only_talks_of_it_is_left(code: str) -> None:
    assert not mentions_recurrence(code.encode())


def test_the_words_are_found_in_a_line_of_a_megabyte() -> None:
    padding = b"x = 1; " * 150_000
    assert mentions_recurrence(padding + b"rnn = nn.LSTM(2, 3); " + padding)
    assert not mentions_recurrence(b"lstm " * 200_000)


# --- encodings and line ends ---


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"", []),
        (b"\n", [""]),
        (b"x = 1", ["x = 1"]),
        (b"x = 1\r\ny = 2\r\n", ["x = 1", "y = 2"]),
        (b"x = 1\ry = 2\r", ["x = 1", "y = 2"]),
        (b"a\r\nb\nc\rd\r\r\ne", ["a", "b", "c", "d", "", "e"]),
        (b"x = 1\n\x0cy = 2\n", ["x = 1", "\x0cy = 2"]),
        ("x = '\u2028\x85\x0b\x1c'\ny".encode(), ["x = '\u2028\x85\x0b\x1c'", "y"]),
        (codecs.BOM_UTF8 + "x = 'ü'\n".encode(), ["x = 'ü'"]),
        ("x = 'ü'\n".encode("utf-16"), ["x = 'ü'"]),
        (codecs.BOM_UTF16_BE + "x = 'ü'\r\n".encode("utf-16-be"), ["x = 'ü'"]),
        ("x = 1\n".encode("utf-32"), ["x = 1"]),
        (b"# -*- coding: latin-1 -*-\nx = '\xfc'\n", ["# -*- coding: latin-1 -*-", "x = 'ü'"]),
        (b"#!python\r# coding: latin-1\rx = '\xfc'\r", ["#!python", "# coding: latin-1", "x = 'ü'"]),
    ],
)
def test_text_is_read_as_python_reads_it(data: bytes, lines: list[str]) -> None:
    source = read_source("a.py", data)
    assert source.lines == lines
    assert source.locate(1) == (None, 1)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_rows_of_the_tree_are_rows_of_the_file(end: str) -> None:
    text = end.join(["x = 1", "\x0c", "y = '''a", "b'''", "if x: \\", "    z = 'ü\u2028'", "w = 1", ""])
    source = read_source("a.py", text.encode())
    assert [source.lines[node.lineno - 1][:2] for node in source.tree.body] == ["x ", "y ", "if", "w "]


def test_columns_count_characters() -> None:
    source = read_source("a.py", "x = f('üü', y)\nz = y\n".encode())
    rows_and_columns = [
        (node.lineno, source.column(node.lineno, node.col_offset))
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Name) and node.id == "y"
    ]
    assert sorted(rows_and_columns) == [(1, 13), (2, 5)]


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"x = '\xfc'\n", "cannot be decoded as utf-8: byte 0xfc in line 1"),
        (b"x = 1\r\ny = 1\r\xff", "cannot be decoded as utf-8: byte 0xff in line 3"),
        (b"# coding: ascii\nx = '\xfc'\n", "cannot be decoded as ascii: byte 0xfc in line 2"),
        (b"# coding: nothing\n", "cannot be decoded: unknown encoding: nothing"),
        (b"# coding: hex\n61\n", "cannot be decoded as hex"),
        (b"\x7fELF\0\0\0", "is binary: it holds null bytes"),
        (codecs.BOM_UTF8 + b"# coding: latin-1\n", "cannot be decoded: encoding problem: utf-8"),
        (codecs.BOM_UTF16_LE + b"x", "cannot be decoded as utf-16: byte 0x78 in line 1"),
    ],
)
def test_what_is_no_text_is_said_in_a_line(data: bytes, line: str) -> None:
    with pytest.raises(SourceError) as caught:
        read_source("a.py", data)
    assert str(caught.value) == line
    assert caught.value.kind == "read"


def test_files_that_cannot_be_opened(tmp_path: Path) -> None:
    for path, line in ((tmp_path / "none.py", "No such file or directory"), (tmp_path, "Is a directory")):
        with pytest.raises(SourceError, match=line):
            read_source(path)
    with pytest.raises(SourceError, match="null"):
        read_source("a\0.py")


# --- what does not parse ---


@pytest.mark.parametrize(
    ("text", "row", "reason"),
    [
        ("x = 1\nprint 'loss'\n", 2, "Missing parentheses in call to 'print'"),
        ("try:\n    pass\nexcept A, e:\n    pass\n", 3, ""),
        ("x = (1\n", 1, "was never closed"),
        ("if x:\ny = 1\n", 2, "expected an indented block"),
        ("(" * 5000 + "x" + ")" * 5000, 1, "too many nested parentheses"),
        ("-" * 5000 + "x", 1, "it is nested too deeply"),
        ("x" + ".b" * 5000, 1, "it is nested too deeply"),
        ("x" + "[0]" * 5000, 1, "it is nested too deeply"),
        (" + ".join("x" * 5000), 1, "it is nested too deeply"),
    ],
)
def test_what_does_not_parse_is_said_in_a_line(text: str, row: int, reason: str) -> None:
    source = read_source("a.py", text.encode())
    with pytest.raises(SourceError) as caught:
        _ = source.tree
    error = caught.value
    assert (error.kind, error.row, error.cell) == ("syntax", row, None)
    assert error.column >= 1
    assert str(error).startswith(f"does not parse as {PYTHON}: ")
    assert reason in str(error)
    assert "\n" not in str(error)


def test_an_error_travels_between_processes() -> None:
    error = SourceError("is no text", "syntax", 3, 4, 5)
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.kind, again.row, again.column, again.cell) == ("is no text", "syntax", 3, 4, 5)


def test_warnings_of_the_code_are_not_printed(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("x = '\\d'\nassert (x, 'y')\nx is 1\n")
    code = f"from packlint.source import read_source; print(len(read_source({str(path)!r}).tree.body))"
    for words in ((), ("-W", "error")):
        done = subprocess.run([sys.executable, *words, "-c", code], capture_output=True, text=True, check=True)
        assert (done.stdout, done.stderr) == ("3\n", "")


# --- notebooks ---


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


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"{}", b'{"cells": 3}', b"\xff", b"[" * 100_000, notebook("x = 1")[:-20]]
)
def test_what_is_no_notebook_is_said_in_a_line(data: bytes) -> None:
    with pytest.raises(SourceError) as caught:
        read_source("a.ipynb", data)
    assert caught.value.kind == "read"
    assert re.fullmatch(r"is not a notebook: .+", str(caught.value))


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
