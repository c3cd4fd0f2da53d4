"""Bytes to text: which files are worth reading, their encoding and their line ends."""

from __future__ import annotations

import ast
import codecs
import enum
import functools
import io
import itertools
import os
import re
import sys
import tokenize
import warnings
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

# Nearly all files hold none of these, and a search for plain bytes costs less than one for a pattern.
_WORDS = (b"_sequence", b"lstm", b"gru", b"rnn")

# What is called in a line of code, not of prose. Single cells (`LSTMCell`) have no time axis and are left out.
_CALL = re.compile(
    rb"""
      (?<!class[ ]) (?<!def[ ]) \b(?=_*[A-Z])\w*(?:LSTM|GRU|RNN)(?!\w*Cell)\w*[ ]?\( # nn.LSTM(, DynamicLSTM(
    | (?<!_VF)(?<!aten) [.]\w*(?:lstm|rnn|(?<![a-z])gru|bigru)(?!\w*cell)\w*(?:\[[^]]*\])?\( # self.lstm(x)
    | ["'](?:lstm|rnn|gru)\w*["']\]\(
    | \b(?:pack_padded|pad_packed|pack|unpack|unpad)_sequence(?!["']) # under another name, too
    | (?<!class[ ])\bPackedSequence\(
    | getattr\(\s*[\w.]*\bnn,
    """,
    re.VERBOSE,
)
# What is named in one, to be called elsewhere or under another name.
_NAME = re.compile(
    rb"""
      [.]\w*(?:LSTM|GRU|RNN)(?!\w*Cell)
    | (?<![=!<>])=\s*\w*(?:LSTM|GRU|RNN)(?!\w*Cell) # kind=GRU
    | (?<![=!]=[ ])["'](?:LSTM|GRU|RNN)["'] # Block(stateful="LSTM")
    | ^(?:from|import)\b.*(?:LSTM|GRU|RNN)(?!Cell)
    | ^(?:\w+(?:\s+as\s+\w+)?\s*,\s*)*\w*(?:LSTM|GRU|RNN)(?!Cell)[\w\s,]*[)\\]?\s*(?:[#].*)?$ # a list of imports
    | ^class\s+\w+\(.*(?:LSTM|GRU|RNN)(?!\w*Cell)
    | \bPackedSequence\b(?!["'])
    | \bnn\.\{
    """,
    re.VERBOSE,
)
# Where what a name stands for may be called.
_MODEL = re.compile(rb"\bdef forward\b|\]\((?!\))")
_TYPE_TEST = re.compile(rb"\b(?:isinstance|issubclass)\(.*")
# Inside JSON the code is in pieces and quoted, so that only words can be asked for.
_NOTEBOOK_CODE = re.compile(rb"LSTM|GRU|RNN|lstm|gru|rnn|(?:packed|pack|padded|unpad)_sequence|PackedSequence")

_UTF_16_OR_32 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)


class Recurrence(enum.IntEnum):
    """What the bytes of a file tell of recurrent layers, packing and unpacking."""

    NONE = 0
    NAMED = 1
    """They are named, as by a file that hands them on to others."""
    CALLED = 2
    """There may be a call of one: only such a file can hold anything to report."""


def recurrence(data: bytes) -> Recurrence:
    """What a file has to do with recurrence, judged by its bytes alone.

    It answers too much rather than too little; a file that calls none of them is not worth parsing.
    """
    if data.startswith(_UTF_16_OR_32):
        data = data.decode("utf-32" if _is_utf_32(data) else "utf-16", "replace").encode("utf-8", "replace")
    lower = data.lower()
    words = [word for word in _WORDS if word in lower]
    if not words:
        return Recurrence.NONE
    if data.lstrip()[:1] == b"{":
        return Recurrence.CALLED if _NOTEBOOK_CODE.search(data) is not None else Recurrence.NONE
    named = False
    for line in _lines_with_words(data.replace(b"\r", b"\n"), lower, words):
        if _CALL.search(line):
            return Recurrence.CALLED
        named = named or _NAME.search(_TYPE_TEST.sub(b"", line)) is not None
    if not named:
        return Recurrence.NONE
    return Recurrence.CALLED if _MODEL.search(data) is not None else Recurrence.NAMED


_seen: dict[str, Recurrence] = {}  # by path, of the files of this run


def note_recurrence(path: str, seen: Recurrence) -> None:
    """What was seen of a file, perhaps by another process, so that it is not looked through for that again."""
    _seen[path] = seen


def recurrence_seen(path: str) -> Recurrence | None:
    """What was noted of a file in this run."""
    return _seen.get(path)


def forget_recurrence() -> None:
    """Forget what was seen of files."""
    _seen.clear()


def _lines_with_words(data: bytes, lower: bytes, words: Sequence[bytes]) -> Iterator[bytes]:
    """The lines that hold one of the words in some case, without what stands around them and without comments."""
    position = 0
    nearest = {word: lower.find(word) for word in words}
    while nearest := {word: at for word, at in nearest.items() if at != -1}:
        at = min(nearest.values())
        # Generated code has lines of a megabyte, of which the neighbourhood is enough.
        start = max(data.rfind(b"\n", 0, at) + 1, at - 300)
        end = data.find(b"\n", at, at + 300)
        position = end if end != -1 else at + 300
        yield data[start:position].partition(b"# ")[0].strip()
        for word, at in nearest.items():
            if at < position:
                nearest[word] = lower.find(word, position)


class SourceError(Exception):
    """A file, or a cell of a notebook, that cannot be checked; `str()` is one line without the file's name.

    `kind` is 'syntax' for what Python does not parse and 'read' for what is no text at all. `row` and `column` are
    1-based; in a notebook `row` counts inside the cell `cell`.
    """

    def __init__(
        self, message: str, kind: Literal["syntax", "read"], row: int = 1, column: int = 1, cell: int | None = None
    ) -> None:
        super().__init__(message, kind, row, column, cell)
        self.message = message
        self.kind = kind
        self.row = row
        self.column = column
        self.cell = cell

    def __str__(self) -> str:
        return self.message


class Cell(NamedTuple):
    """A code cell of a notebook: its number among all cells, and where its first line stands in the module's text."""

    number: int
    first_row: int


@dataclass(frozen=True, eq=False)
class Source:
    """The text of a file, decoded, with every line end a newline; a notebook is one module.

    `broken_cells` are the cells of a notebook that do not parse. They are blank in `text`, so that the others are
    checked all the same. `parsed` is the tree where somebody has it already.
    """

    filename: str
    text: str
    cells: tuple[Cell, ...] = ()
    broken_cells: tuple[SourceError, ...] = ()
    parsed: ast.Module | None = field(default=None, repr=False)

    @functools.cached_property
    def lines(self) -> list[str]:
        """The lines without their ends; `lines[row - 1]` is what the syntax tree calls `row`."""
        # Not splitlines: a form feed or U+2028 ends no line in Python.
        lines = self.text.split("\n")
        return lines if lines[-1] else lines[:-1]

    @functools.cached_property
    def starts(self) -> list[int]:
        """Where in the text each line starts; one more for its end."""
        return [0, *itertools.accumulate(len(line) + 1 for line in self.lines)]

    def segment(self, node: ast.AST) -> str:
        """The text of a node, as `ast.get_source_segment` gives it, which splits the whole text for every node."""
        row, end_row = getattr(node, "lineno", 0), getattr(node, "end_lineno", 0)
        if not row or not end_row:
            return ""
        start, end = getattr(node, "col_offset", 0), getattr(node, "end_col_offset", 0)
        first, *rest = self.lines[row - 1 : end_row]
        if not rest:
            return first.encode()[start:end].decode("utf-8", "replace")
        last = rest.pop().encode()[:end].decode("utf-8", "replace")
        return "\n".join([first.encode()[start:].decode("utf-8", "replace"), *rest, last])

    @functools.cached_property
    def tree(self) -> ast.Module:
        """The syntax tree.

        Raises:
            SourceError: the text does not parse; its kind is 'syntax'.
        """
        return self.parsed or parse(self.text)

    def column(self, row: int, offset: int) -> int:
        """The 1-based column in characters of `offset`, which the syntax tree counts in UTF-8 bytes."""
        line = self.lines[row - 1]
        return offset + 1 if line.isascii() else len(line.encode()[:offset].decode("utf-8", "replace")) + 1

    def locate(self, row: int) -> tuple[int | None, int]:
        """The cell that holds `row` and the row inside it; `(None, row)` where there are no cells."""
        if not self.cells:
            return None, row
        cell = self.cells[max(bisect_right(self.cells, row, key=lambda cell: cell.first_row) - 1, 0)]
        return cell.number, row - cell.first_row + 1

    def line_at(self, cell: int | None, row: int) -> str:
        """The line of a row inside a cell; empty behind the end, where an error of syntax may stand."""
        at = self.row_of(cell, row)
        return self.lines[at - 1] if at <= len(self.lines) else ""

    def row_of(self, cell: int | None, row: int) -> int:
        """The row in `text` of a row inside a cell: what `locate` undoes."""
        return row + next((one.first_row - 1 for one in self.cells if one.number == cell), 0)


def read_source(path: Path | str, data: bytes | None = None) -> Source:
    """Read a file as Python reads it; `data` is its content where it is at hand (standard input, say).

    A file that is not Python raises when `tree` is asked for; of a notebook every cell is parsed here.

    Raises:
        SourceError: the file cannot be read, is binary, or is not in the encoding that it declares.
    """
    if data is None:
        data = read_bytes(path)
    if str(path).endswith(".ipynb"):
        from packlint.notebook import read_notebook  # only notebooks pay for it

        return read_notebook(str(path), data)
    return Source(str(path), _decode(data))


def read_whole(path: str) -> tuple[bytes, os.stat_result]:
    """The bytes of a file and what it was then; a file object would take half as long again. Raises `OSError`."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        status = os.fstat(descriptor)
        data = os.read(descriptor, status.st_size + 1)
        while len(data) != status.st_size:  # it has grown, or comes in parts
            more = os.read(descriptor, max(status.st_size, io.DEFAULT_BUFFER_SIZE))
            if not more:
                break
            data += more
        return data, status
    finally:
        os.close(descriptor)


def read_bytes(path: Path | str) -> bytes:
    """The bytes of a file; raises `SourceError` where it cannot be read."""
    try:
        return read_whole(str(path))[0]
    except (OSError, ValueError) as error:
        raise SourceError(getattr(error, "strerror", None) or str(error), "read") from error


def parse(text: str) -> ast.Module:
    """Parse, with every failure as a SourceError and without the warnings that the text deserves."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text)
        except SyntaxError as error:
            reason, row, column = error.msg, error.lineno or 1, error.offset or 1
        except (RecursionError, MemoryError):
            reason, row, column = "it is nested too deeply", 1, 1
        except ValueError as error:
            reason, row, column = str(error), 1, 1
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    raise SourceError(f"does not parse as Python {version}: {reason}", "syntax", row, max(column, 1))


def _decode(data: bytes) -> str:
    text = _decode_bytes(data)
    if "\0" in text:
        raise SourceError("is binary: it holds null bytes", "read")
    return with_one_line_end(text.removeprefix("\ufeff"))


def _decode_bytes(data: bytes) -> str:
    encoding = _encoding(data)
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        row = len(re.findall(rb"\r\n?|\n", data[: error.start])) + 1
        byte = data[error.start]
        raise SourceError(f"cannot be decoded as {encoding}: byte 0x{byte:02x} in line {row}", "read", row) from error
    except (LookupError, UnicodeError, ValueError) as error:
        # Codecs that turn bytes into bytes (hex, zip) are known to Python and no encoding of a source.
        raise SourceError(f"cannot be decoded as {encoding}", "read") from error


def _encoding(data: bytes) -> str:
    if data.startswith(_UTF_16_OR_32):
        return "utf-32" if _is_utf_32(data) else "utf-16"
    # Python looks for the cookie in the first two lines after it has translated the line ends.
    head = b"\n".join(re.split(rb"\r\n?|\n", data, maxsplit=2)[:2])
    # Unlike `tokenize`, Python takes a cookie also from a line that is no UTF-8.
    head = head[:3] + re.sub(rb"[\x80-\xff]", b"?", head[3:])
    try:
        return tokenize.detect_encoding(io.BytesIO(head).readline)[0]
    except SyntaxError as error:
        if "unknown encoding" in str(error) or "encoding problem" in str(error):
            raise SourceError(f"cannot be decoded: {error.msg}", "read") from error
        return "utf-8"


def encoded(data: bytes, text: str) -> bytes:
    """A new text in place of that of `data`: in its encoding, with its BOM, and with its line ends.

    Lines that are in both keep theirs; a new line ends as the one above it.

    Raises:
        SourceError: the encoding has no letter for something in the text.
    """
    raw = _decode_bytes(data)
    mark = "\ufeff" if raw.startswith("\ufeff") else ""
    ends = re.findall(r"\r\n|\r|\n", raw)
    if len(set(ends)) > 1:
        ends = _aligned(with_one_line_end(raw), text, ends)
        lines = text.split("\n")
        text = "".join(line + end for line, end in zip(lines, [*ends, ""], strict=True))
    elif ends and ends[0] != "\n":
        text = text.replace("\n", ends[0])
    try:
        return (mark + text).encode(_encoding(data))
    except UnicodeError as error:
        raise SourceError(f"cannot be encoded as {_encoding(data)}", "read") from error


def _aligned(before: str, after: str, ends: list[str]) -> list[str]:
    """The end of each line of `after` but the last, where `ends` are those of `before`."""
    import difflib

    old, new = before.split("\n"), after.split("\n")
    found = [""] * len(new)
    for block in difflib.SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks():
        found[block.b : block.b + block.size] = [*ends, ""][block.a : block.a + block.size]
    for at, end in enumerate(found):
        found[at] = end or (found[at - 1] if at else ends[0])
    return found[:-1]


def _is_utf_32(data: bytes) -> bool:
    return data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE))


def with_one_line_end(text: str) -> str:
    """The text with every CRLF and CR as a newline."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
