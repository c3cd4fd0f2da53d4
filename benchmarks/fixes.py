"""What `--fix --unsafe-fixes` does to real projects, on copies of them.

    python -m benchmarks.fixes --root DIR [--labels LABELS --files FILES] [--select CODES] [--diffs DIR]

DIR holds one folder per project. Of each project it is checked that every changed file parses, that a second run
changes nothing, that nothing is found that was not before, that what was fixed is gone, and that no line changes that
no plan names (`named_rows.py`). With LABELS and FILES (JSON
lines, as in `benchmarks/labels`) the found bugs that have a fix by their label are counted, and why the others have
none. DIFFS is a folder that the changes are written to, to be read.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import json
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.mutants import project_of, read_jsonl
from benchmarks.named_rows import unnamed_in
from packlint.rules import all_rules
from packlint.selection import Layer, enabled_codes

TOLERANCE = 2  # lines
GRADES = ("safe", "unsafe")


@dataclass(slots=True)
class Outcome:
    """What came of a project."""

    before: list[dict[str, Any]]
    after: list[dict[str, Any]]
    changed: dict[str, tuple[str, str]]
    troubles: list[str] = field(default_factory=list)


def packlint(project: Path, select: str, *words: str) -> tuple[list[dict[str, Any]], str]:
    argv = [sys.executable, "-m", "packlint", "check", "--isolated", "--exit-zero", "--output-format", "json"]
    argv += ["--select", select, "--root", str(project), *words, str(project)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return json.loads(done.stdout or "[]"), done.stderr


def texts(project: Path) -> dict[str, str]:
    """Every file, in Latin-1, which every byte is a letter of."""
    found = (path for pattern in ("*.py", "*.ipynb") for path in project.rglob(pattern) if path.is_file())
    return {path.relative_to(project).as_posix(): path.read_bytes().decode("latin-1") for path in found}


def outcome(source: Path, select: str) -> Outcome:
    """Fix a copy of a project, and see what must hold."""
    with tempfile.TemporaryDirectory() as scratch:
        project = Path(scratch, source.name)
        shutil.copytree(source, project, ignore=shutil.ignore_patterns(".git"), ignore_dangling_symlinks=True)
        old = texts(project)
        before, _ = packlint(project, select)
        after, errors = packlint(project, select, "--fix", "--unsafe-fixes")
        new = texts(project)
        packlint(project, select, "--fix", "--unsafe-fixes")
        again = texts(project)
        rest, _ = packlint(project, select)
        for one in (*before, *after, *rest):
            one["filename"] = Path(one["filename"]).relative_to(project).as_posix()
        changed = {name: (old[name], text) for name, text in new.items() if old.get(name) != text}
        result = Outcome(before, rest, changed, [line for line in errors.splitlines() if "not fixed" in line])
    for name, (_, text) in changed.items():
        try:
            ast.parse(text)
        except SyntaxError as error:
            result.troubles.append(f"{name} does not parse: {error}")
    if again != new:
        result.troubles.append("a second run changes something")
    had, has = (Counter((one["filename"], one["code"]) for one in many) for many in (before, rest))
    for name in changed:
        lines = unnamed_in(source / name, source, codes_of(select))
        result.troubles += [f"{name}: changed, and no plan names it: {line}" for line in lines]
    result.troubles += [f"{place[0]}: {place[1]} is found newly" for place in has if has[place] > had[place]]
    return result


def codes_of(select: str) -> frozenset[str]:
    """The codes that `--select` turns on."""
    defaults = {code: rule.on_by_default for code, rule in all_rules().items()}
    return enabled_codes([Layer(select=tuple(select.split(",")))], defaults)


def table(labels: Sequence[dict[str, Any]], found: Outcome) -> Iterator[tuple[str, str, str]]:
    """(the label's grade, ours, why) of each labelled bug that is found and has a fix by its label."""
    for label in labels:
        if label["verdict"] != "bug" or label.get("fixability") not in GRADES:
            continue
        hits = [
            one
            for one in found.before
            if one["filename"] == label["path"]
            and abs(one["location"]["row"] - label["line"]) <= TOLERANCE
            and one["code"] in {label["rule"], "PCK101", "PCK102"} - ({"PCK101", "PCK102"} - same_family(label["rule"]))
        ]
        if hits:
            fix = next((one["fix"] for one in hits if one["fix"]), None)
            grade = fix["applicability"] if fix else "none"
            yield (
                label["fixability"],
                grade,
                "" if grade in GRADES else fix["reason"].partition(":")[0] if fix else "no fix is known",
            )


def same_family(rule: str) -> set[str]:
    return {"PCK101", "PCK102"} if rule in {"PCK101", "PCK102"} else {rule}


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fixes", description=__doc__.partition("\n")[0])
    parser.add_argument("--root", required=True)
    parser.add_argument("--labels")
    parser.add_argument("--files")
    parser.add_argument("--select", default="PCK")
    parser.add_argument("--diffs")
    arguments = parser.parse_args(argv)
    labels = read_jsonl(Path(arguments.labels)) if arguments.labels else []
    grades: Counter[tuple[str, str]] = Counter()
    reasons: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    files = 0
    troubles: list[str] = []
    for project in sorted(path for path in Path(arguments.root).iterdir() if path.is_dir()):
        found = outcome(project, arguments.select)
        files += len(found.changed)
        troubles += [f"{project.name}: {trouble}" for trouble in found.troubles]
        kinds.update(one["code"] for one in found.before)
        kinds.subtract(one["code"] for one in found.after)
        for wanted, grade, why in table([one for one in labels if project_of(one) == project.name], found):
            grades[wanted, grade] += 1
            if why:
                reasons[why] += 1
        if arguments.diffs:
            write_diffs(Path(arguments.diffs), project.name, found)
    print(f"{files} files changed; gone: {', '.join(f'{code} {n}' for code, n in sorted(kinds.items()) if n)}")
    if grades:
        got = sum(count for (_, grade), count in grades.items() if grade in GRADES)
        print(f"bugs with a fix by their label: {grades.total()}, fixed {got}, {got / grades.total():.2f}")
        for (wanted, grade), count in sorted(grades.items()):
            print(f"  labelled {wanted}, graded {grade}: {count}")
        for why, count in reasons.most_common():
            print(f"  {count} not: {why}")
    for trouble in troubles:
        print(f"trouble: {trouble}")
    return int(bool(troubles))


def write_diffs(folder: Path, project: str, found: Outcome) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    lines = [
        line
        for name, (old, new) in sorted(found.changed.items())
        for line in difflib.unified_diff(old.split("\n"), new.split("\n"), f"a/{name}", f"b/{name}", lineterm="")
    ]
    if lines:
        (folder / f"{project}.diff").write_text("\n".join(lines) + "\n", encoding="latin-1")


if __name__ == "__main__":
    sys.exit(main())
