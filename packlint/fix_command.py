"""`--fix` and `--diff`: has findings fixed, writes the files or the patch, and says what could not be done."""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from packlint.arguments import STDIN, Arguments
from packlint.engine import Checked, Task
from packlint.fixing import Fixed, Job, fix_files, told_why, wanted
from packlint.progress import Progress
from packlint.report import Style
from packlint.writing import WriteError, write_file


@dataclass(slots=True)
class Made:
    """What came of all files: what is left, how many findings were fixed, and a line for each file that was not."""

    checked: list[Checked]
    fixed: int = 0
    changed: bool = False
    on_stdout: bool = False  # standard output holds code, so that reports do not belong there
    errors: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)  # of `--verify`: what was left out, and how many passed
    unverified: bool = False
    stopped: bool = False  # nothing could be verified, so that nothing was written


def fix(
    checked: Sequence[Checked],
    tasks: Mapping[str, Task],
    arguments: Arguments,
    style: Style,
    stdin: bytes | None,
) -> Made:
    """Fix what can be fixed. `stdin` is what came by standard input, whose new text goes to standard output."""
    made = Made(list(checked), on_stdout=arguments.diff or stdin is not None)
    name = STDIN if arguments.stdin_filename is None else os.path.abspath(arguments.stdin_filename)
    jobs = [*_jobs(checked, tasks, arguments.unsafe_fixes)]
    done = _verified(jobs, arguments, style, made) if arguments.verify else fix_files(jobs)
    results = {one.task.path: one for one in done}
    for at, one in enumerate(checked):
        result = results.get(one.path)
        if result is None or one.data is None:
            continue
        made.checked[at] = told_why(one, result.refused)
        error = result.error or _written(one, result, arguments, is_stdin=stdin is not None and one.path == name)
        if error is not None:
            made.errors.append(f"{style.name(one.path)}: {error}")
        elif result.checked is not None:
            made.checked[at] = told_why(replace(result.checked, note=one.note), result.refused)
            made.fixed += result.fixed
            made.changed = True
            if arguments.diff:
                sys.stdout.flush()
                sys.stdout.buffer.writelines(patch(style.name(one.path), one.data, result.data))
    if stdin is not None and not arguments.diff:
        sys.stdout.flush()
        sys.stdout.buffer.write(results[name].data if name in results else stdin)
    return made


def _jobs(checked: Sequence[Checked], tasks: Mapping[str, Task], unsafe: bool) -> Iterator[Job]:
    for one in checked:
        if one.data is not None and any(wanted(finding, unsafe) for finding in one.findings):
            yield Job(tasks[one.path], one.data, one.findings, unsafe, one.known)


def _verified(jobs: Sequence[Job], arguments: Arguments, style: Style, made: Made) -> Sequence[Fixed]:
    """The files with those fixes that hold at run time."""
    from packlint.verify.fixing import fix_verified
    from packlint.verify.launching import Settings, VerifyError

    if not jobs:
        return ()
    try:
        progress = Progress(sys.stderr, "classes")
        outcome = fix_verified(jobs, Settings(jobs=arguments.jobs), arguments.require_verified, progress)
    except VerifyError as error:
        made.errors.append(str(error))
        made.stopped = True
        return ()
    for finding, why in outcome.refused:
        cell = "" if finding.cell is None else f"cell {finding.cell}:"
        made.said.append(f"{style.name(finding.filename)}:{cell}{finding.row}: {finding.code} not fixed: {why}")
    made.said.append(outcome.summary)
    made.unverified = outcome.unverified
    return outcome.files


def _written(one: Checked, result: Fixed, arguments: Arguments, is_stdin: bool) -> str | None:
    """Write the file, where files are to be written; the answer is why it could not be."""
    if result.checked is None or is_stdin or not arguments.fix or one.data is None:
        return None
    try:
        write_file(one.path, one.data, result.data, result.task.root)
    except WriteError as error:
        return str(error)
    return None


def patch(name: str, before: bytes, after: bytes) -> Iterator[bytes]:
    """A unified diff as `git apply` takes it, line by line."""
    shown = os.fsencode(name.replace(os.sep, "/"))
    old, new = _git_lines(before), _git_lines(after)
    for line in difflib.diff_bytes(difflib.unified_diff, old, new, b"a/" + shown, b"b/" + shown):
        yield line if line.endswith(b"\n") else line + b"\n\\ No newline at end of file\n"


def _git_lines(data: bytes) -> list[bytes]:
    """The lines as git counts them: a lone carriage return ends none."""
    return [line + b"\n" for line in data.split(b"\n")[:-1]] + [line for line in data.split(b"\n")[-1:] if line]
