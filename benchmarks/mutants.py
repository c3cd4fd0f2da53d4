"""Mutants of right code: one change that makes a labelled place wrong, and whether packlint then says so.

    python -m benchmarks.mutants --labels LABELS --files FILES --root DIR [--sample N --seed S] [--show missed]

LABELS and FILES are JSON lines; DIR holds one folder per labelled project, `owner+name` or `NAME-VERSION`. The changes
are those of `mutators.py`, one at a time. A mutant is *made* where the function (or, for a sort or a filling, the file
that feeds a pack) is labelled right. It *counts* where the rules make it a finding: a caller is in sight, the tensors
are moved to a device, the layout shows. Small checks of the project's text decide that; where reading had to,
`mutants_read.jsonl` holds the verdict and its reason, and has the last word. A counted mutant is *found* if packlint
reports one of the codes it should, in the changed function (or anywhere in the project, where the rule speaks of
another place than the change), where it reported nothing of the kind before.
"""

from __future__ import annotations

import argparse
import ast
import collections
import functools
import json
import random
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from benchmarks.mutators import MUTATORS, Module, Mutant, apply, moved_row

READ = Path(__file__).with_name("mutants_read.jsonl")
RIGHT = {"ok", "style", "strict", "waste"}
FAMILY = {"PCK102": "PCK101", "PCK302": "PCK301"}
FED = {"sort dropped", "sort turned", "padding moved to the left"}
"""Kinds whose change often stands in a file without labels, the one that makes the batches."""
TEST_PART = re.compile(r"(^|/)(tests?|test_[^/]*\.py|[^/]*_test\.py)(/|$)")
DEVICE = re.compile(r"\.to\(|\.cuda\(|to_gpu\(|move_to_(device|cuda)|device=")
DATA_PARALLEL = re.compile(r"(?<!Distributed)(?<!Sharded)DataParallel\(")


@dataclass(frozen=True, slots=True)
class Label:
    path: str
    row: int
    site: str
    rule: str | None
    verdict: str


@dataclass(frozen=True, slots=True)
class Read:
    """A verdict by reading: whether the mutants of that kind, function and row (None: all) count."""

    project: str
    path: str
    kind: str
    row: int | None
    counts: bool
    why: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A mutant in its file, whether it counts, and why or why not."""

    project: str
    path: str
    mutant: Mutant
    counts: bool
    why: str


@dataclass(frozen=True, slots=True)
class Outcome:
    candidate: Candidate
    found: bool
    trouble: str = ""
    fixed: bool = False


OFF_BY_DEFAULT = {"PCK105", "PCK203", "PCK206", "PCK402"}
Place = tuple[str, int, str]
"""File below the project's folder, row, code."""


# --- what is labelled, and what was read ---


def project_of(row: dict[str, object]) -> str:
    name = str(row.get("package") or row.get("repo"))
    return name.replace("==", "-").replace("/", "+")


def read_jsonl(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def read_labels(path: Path) -> dict[str, list[Label]]:
    labels: dict[str, list[Label]] = collections.defaultdict(list)
    for row in read_jsonl(path):
        if "cell" not in row:
            rule = None if row["rule"] is None else str(row["rule"])
            label = Label(str(row["path"]), int(str(row["line"])), str(row["site"]), rule, str(row["verdict"]))
            labels[project_of(row)].append(label)
    return labels


def read_verdicts(path: Path = READ) -> list[Read]:
    return [
        Read(
            str(row["project"]),
            str(row["path"]),
            str(row["kind"]),
            None if row.get("row") is None else int(str(row["row"])),
            bool(row["counts"]),
            str(row["why"]),
        )
        for row in read_jsonl(path)
    ]


# --- which mutants there are ---


class Project:
    """The text of a project's Python files, tests left out."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @functools.cached_property
    def sources(self) -> dict[str, bytes]:
        paths = (path for path in sorted(self.root.rglob("*.py")) if path.is_file())
        texts = ((path.relative_to(self.root).as_posix(), path) for path in paths)
        return {name: path.read_bytes() for name, path in texts if not TEST_PART.search(name)}

    @functools.cached_property
    def text(self) -> str:
        return "\n".join(source.decode("utf-8", "replace") for source in self.sources.values())

    @functools.cached_property
    def is_parallel(self) -> bool:
        return DATA_PARALLEL.search(self.text) is not None

    @functools.cached_property
    def moves(self) -> bool:
        return DEVICE.search(self.text) is not None

    @functools.cached_property
    def sorts_by_length(self) -> bool:
        return any(
            any(MUTATORS["sort turned"](module)) or any(MUTATORS["sort dropped"](module))
            for module in map(_parsed, self.sources.values())
            if module is not None
        )

    def calls(self, name: str) -> bool:
        """A function or class of that name is called somewhere, not counting its own definition."""
        return re.search(rf"(?<!class )(?<!def )(?<![\w.])(\w+\.)*{re.escape(name)}\(", self.text) is not None


def _parsed(source: bytes) -> Module | None:
    try:
        return Module(source)
    except (SyntaxError, ValueError):
        return None


def candidates(name: str, project: Project, labels: Sequence[Label], verdicts: Sequence[Read]) -> Iterator[Candidate]:
    """Every mutant of a project, in the order of its files, rows and kinds."""
    reads = [read for read in verdicts if read.project == name]
    fed = {read.path for read in reads if read.counts and read.kind in FED}
    for path in sorted({label.path for label in labels} | fed):
        module = _parsed(project.sources[path]) if path in project.sources else None
        if module is None:
            continue
        rows = [label for label in labels if label.path == path]
        for kind, mutate in MUTATORS.items():
            for mutant in sorted(mutate(module), key=lambda one: one.row):
                read = _verdict(reads, path, kind, mutant.row)
                if kind in FED and read is None and not _is_right(mutant, rows):
                    continue
                if kind not in FED and not _is_right(mutant, rows):
                    continue
                ast.parse(apply(module.source, mutant.edits))
                counts, why = (read.counts, read.why) if read is not None else _counts(mutant, module, project, rows)
                yield Candidate(name, path, mutant, counts, why)


def _verdict(reads: Iterable[Read], path: str, kind: str, row: int) -> Read | None:
    """The verdict on that very row before the one on the whole file."""
    fitting = [read for read in reads if read.path == path and read.kind == kind and read.row in (row, None)]
    return min(fitting, key=lambda read: read.row is None, default=None)


def _is_right(mutant: Mutant, labels: Iterable[Label]) -> bool:
    """The function has a place labelled right, and none labelled wrong by a rule that the mutant should break."""
    inside = [label for label in labels if mutant.function[0] <= label.row <= mutant.function[1]]
    families = {_family(code) for code in mutant.codes}
    doubtful = any(
        label.verdict not in RIGHT and label.rule is not None and _family(label.rule) in families for label in inside
    )
    return not doubtful and any(label.verdict in RIGHT for label in inside)


def _family(code: str) -> str:
    return FAMILY.get(code, code)


def _counts(mutant: Mutant, module: Module, project: Project, labels: Iterable[Label]) -> tuple[bool, str]:
    """Whether a mutant is a finding by the rules as far as a small check can tell; when in doubt it is none."""
    kind, owner = mutant.kind, mutant.name.split(".")[0]
    if kind in FED:
        return False, "not read: which packs it feeds, and what else sorts"
    if kind in ("packing dropped", "h_n replaced by the last step"):
        return True, "the lengths stand in the function"
    if kind == "mask dropped before pooling":
        inside = [label for label in labels if mutant.function[0] <= label.row <= mutant.function[1]]
        pools = any(label.site == "pool" and label.verdict == "ok" for label in inside)
        return pools, "a pooling in the function is labelled right" if pools else "no labelled pooling in the function"
    if owner != "<module>" and not project.calls(owner):
        return False, "no caller in sight"
    if kind == "enforce_sorted flipped":
        return (False, "something sorts by length") if project.sorts_by_length else (True, "nothing sorts by length")
    if kind == "cpu() dropped":
        return (True, "batches are moved") if project.moves else (False, "nothing is moved to a device")
    if kind == "total_length dropped":
        return (True, "runs under DataParallel") if project.is_parallel else (False, "no DataParallel")
    if kind == "inverse permutation dropped":
        return True, "a caller goes on in the original order"
    return _layout_shows(mutant, module)


LAYOUT_BEFORE = re.compile(
    rb"size\(1\)|shape\[1\]|transpose\(0, ?1\)|permute\(1, ?0|\.t\(\)|transpose\(1, ?2\)|\bB, ?[LT]\b"
)
LAYOUT_AFTER = re.compile(
    rb"transpose\(0, ?1\)|permute\(|\[:, |arange\(|\[\w+\]|size\(1\)|index_select|(dim ?=|,) ?[01]\)"
)


def _layout_shows(mutant: Mutant, module: Module) -> tuple[bool, str]:
    """The layout is to be read from the same function: before a pack, after an unpack."""
    lines = module.source.split(b"\n")
    first, last = mutant.function
    if mutant.kind == "batch_first of pack flipped":
        shows = LAYOUT_BEFORE.search(b"\n".join(lines[first - 1 : mutant.row - 1])) is not None
    else:
        shows = LAYOUT_AFTER.search(b"\n".join(lines[mutant.row : last])) is not None
    return shows, "the layout shows in the function" if shows else "the layout does not show in the function"


# --- running packlint ---


def run_packlint(command: str, root: Path, paths: Sequence[str], timeout: float) -> tuple[set[Place], str]:
    """Where packlint reports what in those files of a project, and what went wrong ('' where nothing did)."""
    options = ["check", "--select", "ALL", "--output-format", "json", "--exit-zero", "--no-cache", "--jobs", "1"]
    argv = [*shlex.split(command), *options, "--root", str(root), *(str(root / path) for path in paths)]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=timeout, check=False)
        findings = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        return set(), f"no answer in {timeout:.0f} s"
    except ValueError:
        return set(), f"exit {done.returncode}, no JSON: {done.stderr.strip()[-200:]}"
    places: set[Place] = set()
    for finding in findings:
        path = Path(finding["filename"]).resolve().relative_to(root.resolve()).as_posix()
        places.add((path, finding["location"]["row"], finding["code"]))
    failed = [finding["message"] for finding in findings if finding["code"] == "PCK000"]
    return places, f"PCK000: {failed[0]}" if failed else ""


def is_found(candidate: Candidate, source: bytes, before: set[Place], after: set[Place]) -> bool:
    """One of the codes stands at a place where it did not stand before, in the function or anywhere."""
    path, mutant = candidate.path, candidate.mutant
    known = {(file, moved_row(source, mutant.edits, row) if file == path else row, code) for file, row, code in before}
    first, last = (moved_row(source, mutant.edits, row) for row in mutant.function)
    return any(
        code in mutant.codes and (mutant.anywhere or (file == path and first <= row <= last))
        for file, row, code in after - known
    )


def is_fixed(
    candidate: Candidate, root: Path, before: set[Place], paths: Sequence[str], command: str, timeout: float
) -> bool:
    """Whether `--fix --unsafe-fixes` takes away what a mutant brought, in files that parse and have nothing new.

    The files are put back as they were.
    """
    old = {path: (root / path).read_bytes() for path in paths}
    options = ["--select", ",".join(sorted(candidate.mutant.codes)), "--fix", "--unsafe-fixes", "--exit-zero"]
    argv = [*shlex.split(command), "check", *options, "--root", str(root), *(str(root / path) for path in paths)]
    try:
        done = subprocess.run(argv, capture_output=True, timeout=timeout, check=False)
        changed = [path for path in paths if (root / path).read_bytes() != old[path]]
        for path in changed:
            ast.parse((root / path).read_bytes())
        after, trouble = run_packlint(command, root, paths, timeout)
    except (subprocess.TimeoutExpired, SyntaxError):
        return False
    finally:
        for path, data in old.items():
            (root / path).write_bytes(data)
    default = {code for _, _, code in before | after} - OFF_BY_DEFAULT
    had, has = (collections.Counter(code for _, _, code in places) for places in (before, after))
    return done.returncode == 0 and bool(changed) and not trouble and all(has[code] <= had[code] for code in default)


def try_project(
    name: str,
    root: Path,
    tried: Sequence[Candidate],
    paths: Sequence[str],
    command: str,
    timeout: float,
    fix: bool = False,
) -> list[Outcome]:
    """Run packlint on a copy of the project, as it is and with each mutant in place, and fix what is found."""
    outcomes = []
    with tempfile.TemporaryDirectory(prefix="packlint-mutants-") as folder:
        copy = Path(folder, name)
        shutil.copytree(root, copy, ignore=_not_code)
        before, trouble = run_packlint(command, copy, paths, timeout)
        if trouble:
            return [Outcome(candidate, False, trouble) for candidate in tried]
        for candidate in tried:
            file = copy / candidate.path
            source = file.read_bytes()
            file.write_bytes(apply(source, candidate.mutant.edits))
            after, trouble = run_packlint(command, copy, paths, timeout)
            found = not trouble and is_found(candidate, source, before, after)
            fixed = found and fix and is_fixed(candidate, copy, before, paths, command, timeout)
            file.write_bytes(source)
            outcomes.append(Outcome(candidate, found, trouble, fixed))
    return outcomes


def _not_code(folder: str, names: list[str]) -> set[str]:
    """What packlint does not read: version control, data, pictures."""
    code = (".py", ".ipynb", ".toml", ".cfg", ".gitignore")
    return {name for name in names if name == ".git" or not (name.endswith(code) or Path(folder, name).is_dir())}


# --- the table ---


def table(all_of_them: Sequence[Candidate], outcomes: Sequence[Outcome]) -> str:
    made = collections.Counter(candidate.mutant.kind for candidate in all_of_them)
    counted = collections.Counter(candidate.mutant.kind for candidate in all_of_them if candidate.counts)
    tried = collections.Counter(outcome.candidate.mutant.kind for outcome in outcomes)
    found = collections.Counter(outcome.candidate.mutant.kind for outcome in outcomes if outcome.found)
    lines = [f"{'kind':32} {'made':>6} {'counted':>8} {'tried':>6} {'found':>6} {'share':>6}"]
    for kind in [*MUTATORS, "all"]:
        whole = [c.total() if kind == "all" else c[kind] for c in (made, counted, tried, found)]
        share = f"{whole[3] / whole[2]:6.2f}" if whole[2] else f"{'-':>6}"
        lines.append(f"{kind:32} {whole[0]:6} {whole[1]:8} {whole[2]:6} {whole[3]:6} {share}")
    return "\n".join(lines)


def describe(candidate: Candidate) -> str:
    mutant = candidate.mutant
    place = f"{candidate.project}/{candidate.path}:{mutant.row}"
    return f"{place} {mutant.kind} in {mutant.name} ({candidate.why}; {' or '.join(mutant.codes)})"


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", required=True, type=Path)
    parser.add_argument("--files", required=True, type=Path, help="the labelled files")
    parser.add_argument("--root", required=True, type=Path, help="one folder per project")
    parser.add_argument("--packlint", default=f"{sys.executable} -m packlint")
    parser.add_argument("--only", default="", help="just the projects whose folder name contains this")
    parser.add_argument("--kind", default="", help="just the kinds whose name contains this")
    parser.add_argument("--sample", type=int, help="try so many of the counted mutants")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--timeout", type=float, default=300, help="seconds a run of packlint may take")
    parser.add_argument("--show", default="", help="comma list of: missed, unfixed, counted, uncounted")
    parser.add_argument("--fix", action="store_true", help="fix what is found, and see that it is gone")
    parser.add_argument("--dry-run", action="store_true", help="make and count, run nothing")
    parser.add_argument("--json", type=Path, help="write the outcomes to this file")
    args = parser.parse_args(words)

    labels, verdicts = read_labels(args.labels), read_verdicts()
    files: dict[str, set[str]] = collections.defaultdict(set)
    for row in read_jsonl(args.files):
        files[project_of(row)].add(str(row["path"]))
    every: list[Candidate] = []
    for name in sorted(files):
        if args.only in name and (args.root / name).is_dir():
            listed = [label for label in labels[name] if label.path in files[name]]
            every += candidates(name, Project(args.root / name), listed, verdicts)
    every = [candidate for candidate in every if args.kind in candidate.mutant.kind]
    counted = [candidate for candidate in every if candidate.counts]
    chosen = counted
    if args.sample is not None and args.sample < len(counted):
        picked = sorted(random.Random(args.seed).sample(range(len(counted)), args.sample))
        chosen = [counted[index] for index in picked]

    outcomes: list[Outcome] = []
    if not args.dry_run:
        by_project: dict[str, list[Candidate]] = collections.defaultdict(list)
        for candidate in chosen:
            by_project[candidate.project].append(candidate)
        with ProcessPoolExecutor(args.jobs) as pool:
            waiting = [
                pool.submit(
                    try_project,
                    name,
                    args.root / name,
                    tried,
                    sorted(path for path in files[name] | {c.path for c in tried} if path.endswith(".py")),
                    args.packlint,
                    args.timeout,
                    args.fix,
                )
                for name, tried in by_project.items()
            ]
            for future in waiting:
                outcomes += future.result()

    print(table(every, outcomes))
    if args.fix:
        found, fixed = (sum(getattr(one, what) for one in outcomes) for what in ("found", "fixed"))
        print(f"\nfixed: {fixed} of the {found} found, {fixed / max(found, 1):.2f}")
    shown = args.show.split(",")
    sections = {
        "counted": [describe(candidate) for candidate in counted],
        "uncounted": [describe(candidate) for candidate in every if not candidate.counts],
        "missed": [describe(outcome.candidate) for outcome in outcomes if not outcome.found],
        "unfixed": [describe(outcome.candidate) for outcome in outcomes if outcome.found and not outcome.fixed],
    }
    for name, lines in sections.items():
        if name in shown:
            print(f"\n{name}:", *lines, sep="\n  ")
    for outcome in outcomes:
        if outcome.trouble:
            print(f"trouble: {describe(outcome.candidate)}: {outcome.trouble}", file=sys.stderr)
    if args.json is not None:
        rows = [
            {
                "project": outcome.candidate.project,
                "path": outcome.candidate.path,
                "row": outcome.candidate.mutant.row,
                "kind": outcome.candidate.mutant.kind,
                "found": outcome.found,
                "trouble": outcome.trouble,
            }
            for outcome in outcomes
        ]
        args.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    return 2 if any(outcome.trouble for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
