"""A notebook as one module: its Python cells in a row, with what is no Python in them replaced."""

from __future__ import annotations

import itertools
import json
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from packlint.source import Cell, Source, SourceError, parse, with_one_line_end

if TYPE_CHECKING:
    from packlint.edits import Hunk

# Cell magics whose body is Python that runs in the notebook's own namespace.
_PYTHON_CELLS = frozenset({"time", "timeit", "capture", "prun", "memit", "mprun", "lprun", "snakeviz"})
# Databricks: one per cent sign in the first line makes the cell another language.
_OTHER_LANGUAGES = frozenset({"md", "sh", "sql", "r", "scala", "fs"})
_MAGIC_WORD = re.compile(r"(%%?)(\w+)?")

_TIMED = re.compile(r"%(?:time|timeit|prun|memit)\s+(?:-\w+(?:\s*\d+)?\s+)*(?=\S)")
_MAGIC_LINE = re.compile(r"[%!?]|[^\s#]*[\w\])]\?\??\s*$")
_ASSIGNED_MAGIC = re.compile(r"([\w.,\[\]\s]+=\s*)([%!])")
# Without its per cent sign a magic looks like two names in a row, which Python never accepts.
_BARE_MAGIC = re.compile(r"(?:pip|conda|cd|ls|ll|cat|cp|mv|rm|mkdir|rmdir|pwd|more|less|man)\s+[-\w./~]")

# What hides a line end from the end of a statement, comments, and line ends.
_LEXEME = re.compile(
    r"""
      (?P<string>\"{3}(?:\\.|[^\\])*?\"{3} | '{3}(?:\\.|[^\\])*?'{3} | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*')
    | (?P<comment>[#][^\n]*) | (?P<open>[(\[{]) | (?P<close>[)\]}]) | (?P<continued>\\\n) | (?P<end>\n)
    """,
    re.VERBOSE | re.DOTALL,
)
# A broken cell keeps its comments, since they may say noqa.
_KEPT_COMMENT = re.compile(r"^\s*#.*|# noqa.*", re.IGNORECASE)


def read_notebook(filename: str, data: bytes) -> Source:
    """The Python cells of a notebook as one module; `data` is its JSON.

    Raises:
        SourceError: it is no notebook.
    """
    text, cells, broken = "", [], []
    for number, code in _code_cells(data):
        prepared = _python_of_cell(code)
        if prepared is None:
            continue
        try:
            prepared, lead = _parsable(prepared)
        except SourceError as error:
            broken.append(SourceError(error.message, "syntax", error.row, error.column, number))
            prepared, lead = "\n".join(_comment_of(line) for line in code.split("\n")), 0
        # A lead line belongs to no cell's numbering: the cell's first line comes after it.
        cells.append(Cell(number, text.count("\n") + 1 + lead))
        text += prepared + "\n"
    return Source(filename, text, tuple(cells), tuple(broken))


def _code_cells(data: bytes) -> Iterator[tuple[int, str]]:
    """The Python cells with their numbers, 1-based among all cells."""
    try:
        notebook = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise SourceError(f"is not a notebook: {str(error).splitlines()[0]}", "read") from error
    cells, metadata = _cells_and_metadata(notebook)
    if _language(metadata) != "python":
        return
    for number, cell in enumerate(cells, start=1):
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            # Version 3 of the format says `input`, and a source is one string or a list of lines.
            source = cell.get("source", cell.get("input", ""))
            joined = "".join(map(str, source)) if isinstance(source, list) else str(source)
            yield number, with_one_line_end(joined).replace("\0", " ")


def _cells_and_metadata(notebook: object) -> tuple[list[object], dict[str, object]]:
    if not isinstance(notebook, dict):
        raise SourceError("is not a notebook: it holds no cells", "read")
    sheets = notebook.get("worksheets")
    if isinstance(sheets, list):
        cells: object = [cell for sheet in sheets if isinstance(sheet, dict) for cell in sheet.get("cells", ())]
    else:
        cells = notebook.get("cells")
    if not isinstance(cells, list):
        raise SourceError("is not a notebook: it holds no cells", "read")
    metadata = notebook.get("metadata")
    return cells, metadata if isinstance(metadata, dict) else {}


def _language(metadata: dict[str, object]) -> str:
    for section, key in (("language_info", "name"), ("kernelspec", "language")):
        values = metadata.get(section)
        if isinstance(values, dict) and isinstance(values.get(key), str):
            return "python" if "python" in values[key].lower() else values[key]
    return "python"


def _python_of_cell(code: str) -> str | None:
    """The cell as Python with as many lines and the same columns; None where it is another language."""
    first = code.lstrip().split("\n", 1)[0]
    magic = _MAGIC_WORD.match(first)
    if magic is not None:
        sign, word = magic.groups()
        if word not in _PYTHON_CELLS if sign == "%%" else first.strip()[1:] in _OTHER_LANGUAGES:
            return None
    return _without_magics(code) if re.search(r"[%!?]", code) else code


def _without_magics(code: str, magic: re.Pattern[str] = _MAGIC_LINE) -> str:
    """Replace each statement that is a magic; a line of a string or of an open bracket only looks like one."""
    parts: list[str] = []
    start = depth = position = 0
    while start < len(code):
        end = _end_of_line(code, start)
        if position == start and (replaced := _python_of_magic(code[start:end], magic)) is not None:
            while code[end - 1] == "\\" and end < len(code):  # a command goes on in the next line
                end = _end_of_line(code, end + 1)
            parts += (replaced, "\n" * code.count("\n", start, end + 1))
            start = position = end + 1
            continue
        lexeme = _LEXEME.search(code, position)
        if lexeme is None:
            parts.append(code[start:])
            break
        position = lexeme.end()
        depth = max(depth + (lexeme.lastgroup == "open") - (lexeme.lastgroup == "close"), 0)
        if lexeme.lastgroup == "end" and depth == 0:
            parts.append(code[start:position])
            start = position
    return "".join(parts)


def _end_of_line(code: str, start: int) -> int:
    end = code.find("\n", start)
    return end if end != -1 else len(code)


def _python_of_magic(line: str, magic: re.Pattern[str]) -> str | None:
    """Python in the place of a magic, with what it times in the same columns; None where the line is no magic."""
    bare = line.lstrip()
    indent = line[: len(line) - len(bare)]
    if (timed := _TIMED.match(bare)) is not None:
        return f"{indent}0{' ' * (timed.end() - 3)}; {bare[timed.end() :]}"
    if magic.match(bare):
        return f"{indent}pass"
    if (assigned := _ASSIGNED_MAGIC.match(line)) is not None:
        rest = line[assigned.start(2) :]
        if (timed := _TIMED.match(rest)) is not None:
            return assigned[1] + " " * timed.end() + rest[timed.end() :]
        return f"{assigned[1]}None"
    return None


def _parsable(code: str) -> tuple[str, int]:
    """The cell in a form that parses, and how many lines had to be put in front of it.

    Raises:
        SourceError: there is none.
    """
    try:
        parse(code)
    except SourceError as error:
        if code[:1] in (" ", "\t") and (indented := f"if True:\n{code}") and _parses(indented):
            return indented, 1
        plain = _without_magics(code, _BARE_MAGIC)
        if plain != code and _parses(plain):
            return plain, 0
        raise error
    return code, 0


def _parses(code: str) -> bool:
    try:
        parse(code)
    except SourceError:
        return False
    return True


def _comment_of(line: str) -> str:
    comment = _KEPT_COMMENT.search(line)
    return comment[0].strip() if comment else ""


# --- its JSON ---


def file_rows(data: bytes, number: int) -> list[int]:
    """The row of the file in which each row of a cell stands; all are counted from 1."""
    text = data.decode("utf-8")
    begin, end = _source_place(text, _cell_places(text)[number - 1])
    pieces = [*_items(text, begin)] if text[begin] == "[" else [(begin, end)]
    code = [json.loads(text[start:stop]) for start, stop in pieces]
    offsets = [*itertools.accumulate(map(len, code), initial=0)][:-1]
    starts = [0, *(end.end() for end in re.finditer(r"\r\n?|\n", "".join(code)))] if code else []
    return [text.count("\n", 0, pieces[bisect_right(offsets, start) - 1][0]) + 1 for start in starts]


def with_cells(data: bytes, changes: Mapping[int, Sequence[Hunk]]) -> bytes:
    """A notebook with lines of some of its cells changed, and every other byte as it was.

    Raises:
        SourceError: a line to be changed is not the cell's own, for packlint read a magic in its place.
    """
    text = data.decode("utf-8")
    cells = _cell_places(text)
    for number, hunks in sorted(changes.items(), reverse=True):
        begin, end = _source_place(text, cells[number - 1])
        text = text[:begin] + _with_lines(text[begin:end], hunks) + text[end:]
    return text.encode("utf-8")


def _cell_places(text: str) -> list[int]:
    """Where the objects of the cells begin in the JSON of a notebook."""
    top = dict(_members(text, len(text) - len(text.removeprefix("\ufeff"))))
    sheets = [top]
    if "worksheets" in top:
        sheets = [dict(_members(text, at)) for at, _ in _items(text, top["worksheets"][0])]
    return [at for sheet in sheets for at, _ in _items(text, sheet["cells"][0])]


def _source_place(text: str, cell: int) -> tuple[int, int]:
    """Where the source of the cell that begins at a place stands."""
    members = dict(_members(text, cell))
    return members["source" if "source" in members else "input"]


def _with_lines(value: str, hunks: Sequence[Hunk]) -> str:
    """The JSON of a cell's source, a list of lines or one string, with lines changed and written as the others are."""
    source = json.loads(value)
    joined = "".join(source) if isinstance(source, list) else source
    lines = joined.split("\n")
    for hunk in reversed(hunks):
        if [line.rstrip("\r") for line in lines[hunk.start : hunk.end]] != list(hunk.old):
            raise SourceError("not fixed: a line of a cell is no Python as it stands", "read")
        lines[hunk.start : hunk.end] = hunk.lines
    code = "\n".join(lines)
    ascii_only = value.isascii()
    if not isinstance(source, list):
        return json.dumps(code, ensure_ascii=ascii_only)
    items = [json.dumps(line, ensure_ascii=ascii_only) for line in code.splitlines(keepends=True)]
    places = [*_items(value, 0)]
    before = value[1 : places[0][0]] if places else ""
    between = value[places[0][1] : places[1][0]] if len(places) > 1 else f",{before or ' '}"
    after = value[places[-1][1] : -1] if places else ""
    return f"[{before}{between.join(items)}{after}]"


def _members(text: str, at: int) -> Iterator[tuple[str, tuple[int, int]]]:
    """The keys of the JSON object that begins at a place, and where their values stand."""
    decoder = json.JSONDecoder()
    at = _next(text, at) + 1
    while text[(at := _next(text, at))] != "}":
        key, at = decoder.raw_decode(text, at)
        at = _next(text, _next(text, at) + 1)
        _, end = decoder.raw_decode(text, at)
        yield key, (at, end)
        at = _next(text, end)
        at += text[at] == ","


def _items(text: str, at: int) -> Iterator[tuple[int, int]]:
    """Where the items of the JSON array stand that begins at a place."""
    decoder = json.JSONDecoder()
    at = _next(text, at) + 1
    while text[(at := _next(text, at))] != "]":
        _, end = decoder.raw_decode(text, at)
        yield at, end
        at = _next(text, end)
        at += text[at] == ","


def _next(text: str, at: int) -> int:
    """The next place that is no white space."""
    while text[at] in " \t\r\n":
        at += 1
    return at
