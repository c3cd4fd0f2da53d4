"""`--add-noqa`: a comment on the line of each finding, where linting again shows that it silences it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

from packlint.edits import applied
from packlint.engine import Checked, Task, check_file, forget
from packlint.selection import ALWAYS_ON
from packlint.source import SourceError, parse, read_bytes, read_source
from packlint.writing import WriteError, write_file

NOQA = re.compile(r"# noqa:\s?(?P<codes>[A-Z]+[0-9]+(?:[,\s]+[A-Z]+[0-9]+)*)")


def add_noqa(checked: Sequence[Checked], tasks: Mapping[str, Task], name: str | None) -> tuple[int, list[str]]:
    """Write the comments into the files; how many findings they silence, and a line for what could not be silenced.

    `name` is what came by standard input, which nothing is written to.
    """
    silenced, errors = 0, []
    for one in checked:
        findings = [finding for finding in one.findings if finding.code not in ALWAYS_ON]
        if not findings or one.path == name:
            continue
        try:
            silenced += _silenced(one, tasks[one.path])
        except (SourceError, WriteError) as error:
            errors.append(f"{one.path}: {error}")
    return silenced, errors


def _silenced(one: Checked, task: Task) -> int:
    """How many findings of a file a comment was written for; raises where the file cannot be written."""
    data = read_bytes(one.path)
    source = read_source(one.path, data)
    codes: dict[int, set[str]] = defaultdict(set)
    for finding in one.findings:
        if finding.code not in ALWAYS_ON:
            codes[source.row_of(finding.cell, finding.row)].add(finding.code)
    before = len(one.findings) + len(one.known)
    new, left = data, one.findings
    while codes:
        text = _with_comments(source.lines, codes, source.text)
        new = applied(source, data, text)
        forget()
        left = check_file(task, new).findings
        # What a baseline knows stays, on whatever line.
        rows = [(source.row_of(finding.cell, finding.row), finding.code) for finding in left]
        useless = {row for row, code in rows if code in codes.get(row, ())}
        if not useless:
            break
        for row in useless:
            del codes[row]
    if not codes:
        raise SourceError("no comment silences what is found here", "read")
    write_file(one.path, data, new, task.root)
    return before - len(left)


def _with_comments(lines: Sequence[str], codes: Mapping[int, set[str]], text: str) -> str:
    """The text with a comment on each of the rows, unless the line takes none."""
    new = list(lines)
    for row, wanted in codes.items():
        line = lines[row - 1]
        known = NOQA.search(line)
        if known is not None:
            listed = ", ".join([known["codes"], *sorted(wanted)])
            commented = line[: known.start()] + f"# noqa: {listed}" + line[known.end() :]
        else:
            commented = f"{line.rstrip()}  # noqa: {', '.join(sorted(wanted))}"
        try:
            parse("\n".join([*new[: row - 1], commented, *new[row:]]))
        except SourceError:  # within a string, or before a backslash
            continue
        new[row - 1] = commented
    return "\n".join(new) + ("\n" if text.endswith("\n") else "")
