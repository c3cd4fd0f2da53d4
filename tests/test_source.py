"""Bytes to text: what is worth reading, encodings, line ends, and what cannot be read."""

from __future__ import annotations

import ast
import codecs
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from packlint.source import Recurrence, SourceError, read_source, recurrence
from tests.test_notebook import notebook

PYTHON = f"Python {sys.version_info.major}.{sys.version_info.minor}"

# --- the prefilter ---


@pytest.mark.parametrize(
    "code",
    [
        "rnn = nn.LSTM(2, 3)",
        "rnn = torch.nn.GRU (2, 3)",
        "from torch.nn import *\nrnn = LSTM(2, 3)",
        "from torch.nn import *\nreturn LSTM(2, 3)",
        "x = DynamicLSTM(2, 3)",
        "return RNNModel(2)",
        "rnn = getattr(nn, kind)(2, 3)",
        "rnn = getattr(torch.nn, kind)(2, 3)",
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
    ],
)
def test_a_file_that_can_hold_a_site_is_kept(code: str) -> None:
    assert recurrence(code.encode()) is Recurrence.CALLED
    assert recurrence(f"import torch\n{code}\nx = 1\n".replace("\n", "\r\n").encode()) is Recurrence.CALLED
    assert recurrence(code.encode("utf-16")) is Recurrence.CALLED
    assert recurrence(notebook(code)) is Recurrence.CALLED


@pytest.mark.parametrize(
    "code",
    [
        "from torch.nn import RNN",
        "from torch.nn import (\n    Dropout,\n    LSTM as Recurrent,\n)",
        "from torch.nn import Linear, \\\n    GRU",
        "CELLS = {'lstm': nn.LSTM}",
        "def build(kind=nn.RNN): ...",
        "class Mine(nn.LSTM): ...",
        "rnn = eval(f'nn.{rnn}')",
        "block = Block(stateful='LSTM')",
        "from torch.nn.utils.rnn import PackedSequence",
    ],
)
def test_a_name_alone_can_hold_a_site_where_a_model_is(code: str) -> None:
    assert recurrence(code.encode()) is Recurrence.NAMED
    assert recurrence(f"{code}\n\ndef forward(self, x): ...\n".encode()) is Recurrence.CALLED
    assert recurrence(f"{code}\n\nlayer = CELLS[kind](2, 3)\n".encode()) is Recurrence.CALLED


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
        "isinstance(x, PackedSequence)",
        "if isinstance(layer, (nn.LSTM, nn.GRU)):\n    pass\n",
        "if kind == 'LSTM':\n    pass\n",
        "class LSTMTracer(Tracer): ...\n",
        "x = torch._VF.lstm(x, weights)\n",
        "x = self.rnn_cell(x)\n",
    ],
)
def test_a_file_that_only_talks_of_it_is_left(code: str) -> None:
    assert recurrence(code.encode()) is Recurrence.NONE
    assert recurrence(f"{code}\ndef forward(self, x): ...\n".encode()) is Recurrence.NONE


def test_the_words_are_found_in_a_line_of_a_megabyte() -> None:
    padding = b"x = 1; " * 150_000
    assert recurrence(padding + b"rnn = nn.LSTM(2, 3); " + padding) is Recurrence.CALLED
    assert recurrence(b"lstm " * 200_000) is Recurrence.NONE


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
        (b"# coding: latin-1, \xfc\nx = '\xfc'\n", ["# coding: latin-1, ü", "x = 'ü'"]),
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


def test_the_text_of_a_node() -> None:
    text = "x = f('üü',\n   y(1,\n 'ü'), z) + ü\n\x0cif x: pass\n"
    source = read_source("a.py", text.encode())
    nodes = [node for node in ast.walk(source.tree) if isinstance(node, ast.expr | ast.stmt)]
    assert [source.segment(node) for node in nodes] == [ast.get_source_segment(text, node) for node in nodes]
    assert source.segment(source.tree) == ""


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
