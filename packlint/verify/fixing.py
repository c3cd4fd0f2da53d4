"""`--fix --verify`: fixes are made in memory and run before and after; a file keeps those that do not fail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from packlint.engine import Checked, Progress
from packlint.executors.local import in_own_process
from packlint.findings import Finding
from packlint.fixing import Fixed, Job, place, wanted
from packlint.verify.evidence import Evidence
from packlint.verify.launching import Settings, verify
from packlint.verify.subjects import UNSEEN, Planned, planned
from packlint.verify.witness import first_failure


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Why a fix was not made, and what it counts as: `failed`, `unverified`, or `left out` because of another."""

    why: str
    verdict: str


@dataclass(slots=True)
class Tried:
    """A file with its fixes: those that were left out so far, and what was seen of the others."""

    job: Job
    left: dict[Finding, LeftOut] = field(default_factory=dict)
    planned: Planned | None = None
    judged: dict[Finding, Evidence] = field(default_factory=dict)
    died: bool = False

    @property
    def gone(self) -> list[Finding]:
        """What is no longer found in what was made: each of these was run, or cannot be."""
        unseen = () if self.planned is None else self.planned.unseen
        return [*self.judged, *(finding for finding, gone in unseen if gone)]

    @property
    def refused(self) -> dict[Finding, LeftOut]:
        """The fixes that were not made, of findings that are still there."""
        gone = set(self.gone)
        return {finding: why for finding, why in self.left.items() if finding not in gone}

    @property
    def fixed(self) -> Fixed:
        """What came of the file."""
        job = self.job
        if self.died:
            return Fixed(job.task, job.data, error="the process that fixed it died")
        made = None if self.planned is None else self.planned.fixed
        why = {} if made is None else dict(made.refused)
        why |= {place(finding): one.why for finding, one in self.refused.items()}
        if made is None:
            return Fixed(job.task, job.data, refused=why)
        return Fixed(job.task, made.data, made.fixed, made.checked, made.error, why)

    def count(self) -> Iterator[tuple[str, str]]:
        """The verdict on each fix, with the reason where it is unverified."""
        for finding in self.gone:
            one = self.judged.get(finding)
            if one is None:
                yield "unverified", UNSEEN
            else:
                yield one.verdict, one.reason if one.verdict == "unverified" else ""
        for left in self.refused.values():
            yield left.verdict, left.why.removeprefix("verify: unverified: ") if left.verdict == "unverified" else ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of all files: as `fix_files` gives it, with what was left out, and a line that counts the verdicts."""

    files: tuple[Fixed, ...]
    refused: tuple[tuple[Finding, str], ...]
    summary: str
    unverified: bool


def fix_verified(jobs: Sequence[Job], settings: Settings, strict: bool, progress: Progress) -> Outcome:
    """Make the fixes of files and run them; one that fails is left out, and the file is fixed and run again without it.

    strict: one that is unverified is left out too. Raises `VerifyError` where nothing can be run.
    """
    tried = [Tried(job) for job in jobs]
    todo = tried
    while todo:
        _try(todo, settings, progress)
        todo = [one for one in todo if _leave_out(one, strict)]
    counted = [found for one in tried for found in one.count()]
    refused = [(finding, left.why) for one in tried for finding, left in one.refused.items()]
    unverified = any(verdict == "unverified" for verdict, _ in counted)
    return Outcome(tuple(one.fixed for one in tried), tuple(refused), _summary(counted), unverified)


def _try(todo: Sequence[Tried], settings: Settings, progress: Progress) -> None:
    """Plan the files, each in a process of its own, and run what they became."""
    asked = [(one.job, frozenset(one.left)) for one in todo]
    for one, made in zip(todo, in_own_process(_plan, asked), strict=True):
        one.planned, one.judged, one.died = made, {}, made is None
    ran = [
        (one, subject, told)
        for one in todo
        if one.planned is not None
        for subject, told in zip(one.planned.subjects, one.planned.told, strict=True)
        if subject.after is not None
    ]
    if not ran:
        return
    progress.begin(len(ran))
    done = verify([subject for _, subject, _ in ran], settings, progress.advance)
    progress.end()
    for (one, _, told), evidence in zip(ran, done.evidence, strict=True):
        one.judged |= {finding: seen for finding, seen in zip(told, evidence, strict=True) if finding is not None}


def _plan(asked: tuple[Job, frozenset[Finding]]) -> Planned:
    job, left = asked
    checked = Checked(job.task.path, job.findings, known=job.known)
    try:
        return planned(job.task, checked, job.data, None, job.unsafe, left)
    except Exception as error:  # a bug in one file must not cost the others
        text = f"not fixed: {type(error).__name__}: {' '.join(str(error).split())[:200]}"
        return Planned((), Fixed(job.task, job.data, error=text))


def _leave_out(one: Tried, strict: bool) -> bool:
    """Leave out what must not be written; whether there is something that was not left out before."""
    before = len(one.left)
    for finding in one.gone:
        why = _against(one.judged.get(finding), strict)
        if why is not None:
            _leave(one, finding, why)
    return len(one.left) > before


def _against(seen: Evidence | None, strict: bool) -> LeftOut | None:
    """Why a fix is not to be made; None where it may be."""
    if seen is None:
        return LeftOut(f"verify: unverified: {UNSEEN}", "unverified") if strict else None
    if seen.verdict == "failed":
        return LeftOut(f"verify: {first_failure(seen)}", "failed")
    if seen.verdict == "unverified" and strict:
        return LeftOut(f"verify: unverified: {seen.reason}", "unverified")
    return None


def _leave(one: Tried, finding: Finding, why: LeftOut) -> None:
    """Leave out the fix of a finding, with those that contain it.

    What has none of its own, or is gone although it was left out, is gone by those of others: then all of its class go,
    and where there are none, all of the file.
    """
    there = [other for other in one.job.findings if wanted(other, one.job.unsafe) and other not in one.left]
    also = LeftOut(f"verify: left out with {finding.code} in row {finding.row}", "left out")
    if finding in there:
        one.left[finding] = why
        steps = set(finding.fix.steps) if finding.fix is not None else set()
        containing = [o for o in there if o is not finding and o.fix is not None and steps <= set(o.fix.steps)]
    else:
        owner = finding.function.rpartition(".")[0]
        containing = [other for other in there if other.function.rpartition(".")[0] == owner] or there
    for other in containing:
        own = _against(one.judged.get(other), strict=False)
        one.left.setdefault(other, own or also)


def _summary(counted: Sequence[tuple[str, str]]) -> str:
    """`Verified 3 fixes: 2 passed, 1 unverified (the reason)`."""
    counts = Counter(verdict for verdict, _ in counted)
    if not counts:
        return "Verified 0 fixes"
    reasons = Counter(reason for verdict, reason in counted if verdict == "unverified")
    parts = []
    for verdict in ("passed", "failed", "unverified", "left out"):
        if counts[verdict]:
            why = f" ({_reasons(reasons)})" if verdict == "unverified" else ""
            parts.append(f"{counts[verdict]} {verdict}{why}")
    total = counts.total()
    return f"Verified {total} fix{'' if total == 1 else 'es'}: {', '.join(parts)}"


def _reasons(reasons: Counter[str]) -> str:
    """The commonest reason, and how many others there are."""
    [(reason, _)] = reasons.most_common(1)
    more = len(reasons) - 1
    return reason + (f"; and {more} other reason{'' if more == 1 else 's'}" if more else "")
