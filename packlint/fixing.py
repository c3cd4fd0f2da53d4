"""From findings to new files: fixes are made in a process of their own, checked, and given back as bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from packlint.edits import applied, edits, hunks, near
from packlint.engine import Checked, Task, check_file, forget
from packlint.executors.local import in_own_process
from packlint.source import SourceError, parse, read_source

if TYPE_CHECKING:
    from packlint.findings import Finding
    from packlint.plans import Fix

ROUNDS = 10
"""A fix can bring another finding within reach; so many times the file is looked at again."""


class Fixers(Protocol):
    """The border to the fixers, which are imported where something is to be fixed."""

    def rewrite(self, text: str, fixes: Sequence[Fix]) -> Rewritten: ...


class Rewritten(Protocol):
    """A new text, and of each fix why it was not made (None where it was), the rows it touches, and if it imports."""

    @property
    def text(self) -> str: ...
    @property
    def refused(self) -> list[str | None]: ...
    @property
    def rows(self) -> list[frozenset[int]]: ...
    @property
    def imports(self) -> list[bool]: ...


@dataclass(frozen=True, slots=True)
class Job:
    """A file to fix: how it was checked, its bytes, its findings, and whether unsafe fixes are wanted too.

    `known` are the codes of findings that are left out of `findings` and stay.
    """

    task: Task
    data: bytes
    findings: tuple[Finding, ...]
    unsafe: bool
    known: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fixed:
    """What came of a file: its new bytes, how many findings are gone, and what is found in the new text.

    refused: by the place of a finding, why its fix could not be written. With `error` the file is to be left as it is.
    """

    task: Task
    data: bytes
    fixed: int = 0
    checked: Checked | None = None
    error: str | None = None
    refused: dict[tuple[str, str], str] = field(default_factory=dict)


def wanted(finding: Finding, unsafe: bool) -> bool:
    """Whether a finding has a fix of a grade that may be made."""
    fix = finding.fix
    return fix is not None and bool(fix.steps) and fix.applicability in (("safe", "unsafe") if unsafe else ("safe",))


def fix_files(jobs: Sequence[Job]) -> Iterator[Fixed]:
    """What came of each file; one that takes the process down is said, and the others go on."""
    if not jobs:
        return
    for job, done in zip(jobs, in_own_process(fix_file, jobs), strict=True):
        yield done or Fixed(job.task, job.data, error="the process that fixed it died")


def fix_file(job: Job) -> Fixed:
    """Make the fixes of a file, again and again until there are no more; never raises."""
    try:
        return _fixed(job)
    except SourceError as error:
        return Fixed(job.task, job.data, error=str(error))
    except Exception as error:  # a bug of a fixer must not cost the file, nor the others
        text = " ".join(str(error).split())
        return Fixed(job.task, job.data, error=f"not fixed: {type(error).__name__}: {text[:200]}")


def _fixed(job: Job) -> Fixed:
    fixers = cast(Fixers, import_module("packlint.fixers"))
    data, findings, fixed = job.data, list(job.findings), 0
    checked: Checked | None = None
    refused: dict[tuple[str, str], str] = {}
    for _ in range(ROUNDS):
        source = read_source(job.task.path, data)
        todo = [one for one in findings if wanted(one, job.unsafe) and place(one) not in refused]
        if not todo:
            break
        new = fixers.rewrite(source.text, [one.fix for one in todo if one.fix is not None])
        refused |= {place(one): reason for one, reason in zip(todo, new.refused, strict=True) if reason is not None}
        done = [one for one, reason in zip(todo, new.refused, strict=True) if reason is None]
        if not done or new.text == source.text:
            break
        parse(new.text)
        data = applied(source, data, new.text)
        forget()  # what is known of the file is what was
        checked = check_file(job.task, data)
        _must_be_better([*(one.code for one in findings), *job.known], done, checked)
        findings, fixed = list(checked.findings), fixed + len(done)
        if job.known:  # which of them are to stay does not show any more
            break
    return Fixed(job.task, data, fixed, checked, refused=refused)


def place(finding: Finding) -> tuple[str, str]:
    """What tells a finding from others, wherever its line has gone."""
    return finding.code, finding.message


def _must_be_better(before: Sequence[str], done: Sequence[Finding], checked: Checked) -> None:
    """Raises where what was fixed is still found, or something is that was not found before."""
    if checked.error is not None:
        raise SourceError(f"not fixed: what came of it {checked.error}", "read")
    had = Counter(before)
    had.subtract(one.code for one in done)
    for code, count in Counter(one.code for one in checked.findings).items():
        if count > had[code]:
            gone = "is found again" if any(one.code == code for one in done) else "is found newly"
            raise SourceError(f"not fixed: {code} {gone} in what came of it", "read")


def told_why(checked: Checked, refused: Mapping[tuple[str, str], str]) -> Checked:
    """The findings, with those fixes only told that could not be written."""

    def told(finding: Finding) -> Finding:
        why = refused.get(place(finding))
        if why is None or finding.fix is None:
            return finding
        return finding._replace(fix=replace(finding.fix, applicability="display", reason=why, steps=()))

    return replace(checked, findings=tuple(map(told, checked.findings)))


def with_edits(checked: Sequence[Checked], unsafe: bool) -> list[Checked]:
    """The same with the edits of each fix that can be written: those that `--fix` makes, by the same pass."""
    todo = [one for one in checked if one.data is not None]
    made = in_own_process(_edited, [(one, unsafe) for one in todo])
    edited = {one.path: new for one, new in zip(todo, made, strict=True)}
    return [edited.get(one.path) or one for one in checked]


def _edited(asked: tuple[Checked, bool]) -> Checked:
    checked, unsafe = asked
    fixers = cast(Fixers, import_module("packlint.fixers"))
    together = [one for one in checked.findings if wanted(one, unsafe)]
    apart = [one for one in checked.findings if one not in together and wanted(one, True)]
    found = list(checked.findings)
    data = checked.data or b""
    source = read_source(checked.path, data)
    newline = "\r\n" if data.count(b"\r\n") == data.count(b"\n") > 0 else "\n"
    for pass_ in filter(None, (together, *([one] for one in apart))):  # what `--fix` leaves is shown by itself
        try:
            new = fixers.rewrite(source.text, [one.fix for one in pass_ if one.fix is not None])
        except Exception:  # `--fix` says what is wrong
            continue
        changes = hunks(source.text, new.text)
        known = frozenset().union(*new.rows)
        strays = [hunk for hunk in changes if not near(hunk, known)]
        for one, why, rows, imports in zip(pass_, new.refused, new.rows, new.imports, strict=True):
            if one.fix is not None and why is None:
                own = [hunk for hunk in changes if near(hunk, rows) or (imports and hunk in strays)]
                found[found.index(one)] = one._replace(fix=replace(one.fix, edits=edits(source, own, newline)))
    return replace(checked, findings=tuple(found))
