"""Lints the checked files of this folder: what is expected of a line is a comment at its end, and nothing else is.

A checked file is named after its rule. What stands above its first case is the head of every case; a case begins with
`# case: name`, its first part is the file `model.py`, and `# file: name` begins another file, which gets no head. Each
case is a project of its own, whose files keep the line numbers of the checked file. A line that must speak ends in its
codes: `out, h = self.rnn(x)  # PCK101`.
"""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from packlint.cli import main

FOLDER = Path(__file__).parent
CHECKED_FILES = sorted(FOLDER.glob("pck[0-9][0-9][0-9].py"))
CASE = re.compile(r"# case: (?P<name>.+)")
FILE = re.compile(r"# file: (?P<name>\S+)")
EXPECTED = re.compile(r".*\S  #(?P<codes>( PCK\d{3})+)")
FIRST_FILE = "model.py"

SPEAKING_LINES = 8
SILENT_CASES = 12
FEWER = {"PCK402": (1, 1)}
"""Where forms differ too little for the numbers above."""

Place = tuple[str, int, str]
"""A file's name inside the project, a row, a code."""


@dataclass(frozen=True, slots=True)
class Case:
    """A project of one checked file; `files` are texts by name, padded with empty lines to keep their rows."""

    code: str
    name: str
    files: dict[str, str]

    def __str__(self) -> str:
        return f"{self.code}: {self.name}"

    @property
    def expected(self) -> set[Place]:
        """The places that must speak."""
        return {
            (file, row, code)
            for file, text in self.files.items()
            for row, line in enumerate(text.splitlines(), start=1)
            for code in expected_codes(line)
        }

    def write(self, root: Path) -> None:
        """Lay the project out in an empty folder."""
        (root / "pyproject.toml").touch()
        for name, text in self.files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")


def expected_codes(line: str) -> list[str]:
    """The codes that a line announces."""
    found = EXPECTED.fullmatch(line)
    return found["codes"].split() if found else []


def read_cases(path: Path) -> list[Case]:
    """The cases of a checked file, in its order."""
    return split_cases(path.stem.upper(), path.read_text(encoding="utf-8"))


def split_cases(code: str, text: str) -> list[Case]:
    """The cases of a checked file's text."""
    lines = text.splitlines()
    starts = [row for row, line in enumerate(lines) if CASE.fullmatch(line)]
    head = lines[: starts[0]] if starts else lines
    cases = []
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        name = CASE.fullmatch(lines[start])
        assert name is not None
        cases.append(Case(code, name["name"], split_files(head, lines[:end], start)))
    return cases


def split_files(head: list[str], lines: list[str], start: int) -> dict[str, str]:
    """The files of the case that begins with the row `start` (from 0) and ends with the last of the lines."""
    files = {FIRST_FILE: [*head, *[""] * (start - len(head))]}
    current = files[FIRST_FILE]
    for row, line in enumerate(lines[start:], start=start):
        named = FILE.fullmatch(line)
        if named:
            assert named["name"] not in files, f"line {row + 1}: a second {named['name']} in one case"
            current = files.setdefault(named["name"], [""] * row)
        current.append(line)
    return {name: "\n".join(text) + "\n" for name, text in files.items()}


def described(case: Case, places: set[Place]) -> str:
    """One line a place, with the line of code that it names."""
    rows = {name: text.splitlines() for name, text in case.files.items()}
    return "".join(f"\n  {file}:{row} {code}    {rows[file][row - 1].strip()}" for file, row, code in sorted(places))


CASES = [case for path in CHECKED_FILES for case in read_cases(path)]
NOT_YET = set((FOLDER / "not_yet.txt").read_text(encoding="utf-8").splitlines())
"""Cases that packlint does not get right yet. One that begins to pass fails here until its line is taken out."""


def marked(case: Case) -> object:
    """The case as a parameter, expected to fail where it is one of those that are not right yet."""
    marks = [pytest.mark.xfail(reason="not right yet", strict=True)] if str(case) in NOT_YET else []
    return pytest.param(case, id=str(case), marks=marks)


def test_the_cases_that_are_not_right_yet_exist() -> None:
    assert {str(case) for case in CASES} >= NOT_YET


@pytest.mark.parametrize("case", [marked(case) for case in CASES])
def test_every_line_says_what_its_comment_expects(
    case: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case.write(tmp_path)
    root = str(tmp_path)
    # The file's own rule, be it on or off, and every rule that is on by default.
    selected = f"--select=PCK,{case.code}"
    code = main(["check", selected, "--output-format=json", "--exit-zero", "-j1", "--root", root, root])
    out, err = capsys.readouterr()
    assert (code, err) == (0, "")
    findings = json.loads(out)
    found = {
        (Path(one["filename"]).relative_to(tmp_path).as_posix(), one["location"]["row"], one["code"])
        for one in findings
    }
    missed, false_alarms = case.expected - found, found - case.expected
    messages = "".join(f"\n  {one['location']['row']} {one['code']} {one['message']}" for one in findings)
    assert not missed | false_alarms, (
        f"{case}\nmissed:{described(case, missed)}\nfalse alarms:{described(case, false_alarms)}\nsaid:{messages}"
    )


@pytest.mark.parametrize("path", CHECKED_FILES, ids=lambda path: path.stem)
def test_a_checked_file_has_enough_of_both_kinds(path: Path) -> None:
    cases = read_cases(path)
    code = path.stem.upper()
    speaking = sum(own == code for case in cases for _, _, own in case.expected)
    silent = sum(not any(own == code for _, _, own in case.expected) for case in cases)
    lines, quiet = FEWER.get(code, (SPEAKING_LINES, SILENT_CASES))
    assert speaking >= lines, f"{speaking} lines must speak"
    assert silent >= quiet, f"{silent} cases must stay silent"


@pytest.mark.parametrize("path", CHECKED_FILES, ids=lambda path: path.stem)
def test_a_checked_file_is_well_formed(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    cases = read_cases(path)
    names = [case.name for case in cases]
    assert len(set(names)) == len(names), "two cases of one name"
    for case in cases:
        for file in case.files.values():
            ast.parse(file)
    in_cases = sum(len(case.expected) for case in cases)
    announced = len(re.findall(r"PCK\d{3}", "\n".join(line for line in text.splitlines() if "# PCK" in line)))
    assert announced == in_cases, "a code outside the cases, or in a comment of another form"


def test_a_case_keeps_its_rows_and_gets_the_head() -> None:
    text = "import a\n\n\n# case: one\nx = 1  # PCK101 PCK301\n# file: b.py\ny = 2\n# case: two\nz = 3\n"
    one, two = split_cases("PCK101", text)
    assert one.files == {
        "model.py": "import a\n\n\n# case: one\nx = 1  # PCK101 PCK301\n",
        "b.py": "\n\n\n\n\n# file: b.py\ny = 2\n",
    }
    assert one.expected == {("model.py", 5, "PCK101"), ("model.py", 5, "PCK301")}
    assert two.files == {"model.py": "import a\n\n\n\n\n\n\n# case: two\nz = 3\n"}
    assert two.expected == set()
