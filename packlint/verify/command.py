"""`packlint verify`: plans the fixes of what it finds, runs the code before and after, and shows the evidence."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace

from packlint.arguments import Parser, UsageError, processors
from packlint.arguments import parse as parse_check
from packlint.check_command import Check, colored
from packlint.progress import Progress
from packlint.verify.benching import Benched, bench_all, layers
from packlint.verify.evidence import Evidence, Subject
from packlint.verify.launching import Settings, Verified, VerifyError, describe, verify
from packlint.verify.recipes import Written, file_of, fits, written_in
from packlint.verify.report import RENDERERS, Shown
from packlint.verify.subjects import UNSEEN, Planned, owner_of, plan
from packlint.writing import write_report

FORMATS = tuple(RENDERERS)


@dataclass(frozen=True, slots=True)
class Arguments:
    """What a run of `packlint verify` was asked for. classes: by path, the class that is wanted of it."""

    paths: tuple[str, ...]
    classes: dict[str, str]
    settings: Settings
    output_format: str
    output_file: str | None
    require_verified: bool
    bench: bool
    quick: bool
    write_recipe: bool
    check: tuple[str, ...]


def run(words: Sequence[str]) -> int:
    """Run with the words after `verify`: 0 nothing failed, 1 a rewrite, or code as it stands, is wrong, 2 not done."""
    try:
        arguments = parse(words)
        return _run(arguments)
    except UsageError as error:
        print(f"packlint: error: {error} (`packlint verify --help` lists the options)", file=sys.stderr)
    except VerifyError as error:
        print(f"packlint: error: {error}", file=sys.stderr)
    return 2


def parse(words: Sequence[str]) -> Arguments:
    """Read the words after `verify`; raises `UsageError`, and `SystemExit` after `--help`."""
    read = _parser().parse_intermixed_args(words)
    if not read.paths:
        raise UsageError("a PATH is wanted")
    paths, classes = [], {}
    for word in read.paths:
        path, _, name = word.partition("::")
        paths.append(path)
        if name:
            classes[os.path.abspath(path)] = name
    check = [
        f"--{name}={value}"
        for name in ("select", "ignore", "extend-select")
        for value in getattr(read, name.replace("-", "_")) or ()
    ]
    check += [
        f"--{name}={value}" for name, value in (("config", read.config), ("root", read.root)) if value is not None
    ]
    check += ["--isolated"] * read.isolated + [f"--jobs={read.jobs}"]
    recipe = None if read.recipe is None else os.path.abspath(read.recipe)
    settings = Settings(read.seed, read.dtype, _device(read.device), recipe, read.timeout, read.memory, read.jobs)
    return Arguments(
        tuple(paths),
        classes,
        settings,
        read.output_format,
        read.output_file,
        read.require_verified,
        read.bench or read.bench_quick,
        read.bench_quick,
        read.write_recipe,
        tuple(check),
    )


def _device(word: str) -> str:
    """`auto` is CUDA where torch sees one; that is asked only then, for it costs an import."""
    if word != "auto":
        return word
    try:
        import torch
    except ImportError:
        return "cpu"
    return "cuda" if torch.cuda.is_available() else "cpu"


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="packlint verify",
        usage="packlint verify PATH[::CLASS] ... [options]",
        description="Run the code of findings before and after their fixes, each in a process of its own, and show how "
        "wrong the one was and that the other is right. Exit code: 0 nothing failed, 1 a rewrite is wrong, or code "
        "without one, 2 something could not be done.",
        allow_abbrev=False,
    )
    parser.add_argument("paths", nargs="*", metavar="PATH[::CLASS]", help="files and folders, or one class of a file")
    run = parser.add_argument_group("how it is run")
    run.add_argument("--device", choices=("cpu", "cuda", "auto"), default="cpu")
    run.add_argument("--dtype", choices=("float64", "float32"), default="float64")
    run.add_argument("--seed", type=_whole, default=0, metavar="N", help="of inputs and weights (default: 0)")
    run.add_argument("--recipe", metavar="FILE", help="a file whose recipes say how models are built and called")
    run.add_argument("--timeout", type=_seconds, default=60.0, metavar="S", help="seconds for each class (default: 60)")
    run.add_argument("--memory", type=_positive, default=1024, metavar="MB", help="for each class (default: 1024)")
    run.add_argument("-j", "--jobs", type=_positive, default=processors(), metavar="N", help="processes")
    time = parser.add_argument_group("what packing costs")
    time.add_argument("--bench", action="store_true", help="measure each verified layer padded and packed, too")
    time.add_argument("--bench-quick", action="store_true", help="the same, of one size of batch")
    show = parser.add_argument_group("what is shown")
    show.add_argument("--output-format", choices=FORMATS, default="full")
    show.add_argument("-o", "--output-file", metavar="FILE", help="write there in place of standard output")
    show.add_argument("--require-verified", action="store_true", help="exit 2 where something is unverified")
    show.add_argument("--write-recipe", action="store_true", help="show a recipe for each class, and verify nothing")
    find = parser.add_argument_group("what is found, as in `packlint check`")
    for name in ("--select", "--ignore", "--extend-select"):
        find.add_argument(name, action="append", metavar="CODES")
    find.add_argument("--config", metavar="FILE")
    find.add_argument("--isolated", action="store_true")
    find.add_argument("--root", metavar="FOLDER")
    return parser


def _whole(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"a whole number is wanted, not {text!r}")
    return int(text)


def _positive(text: str) -> int:
    if (found := _whole(text)) < 1:
        raise argparse.ArgumentTypeError(f"a number above 0 is wanted, not {text!r}")
    return found


def _seconds(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 0 < found < 1e6:
        raise argparse.ArgumentTypeError(f"a number of seconds is wanted, not {text!r}")
    return found


def _run(arguments: Arguments) -> int:
    check = Check(parse_check([*arguments.paths, *arguments.check]))
    recipes = _recipes(arguments.settings.recipe)
    named = None if arguments.write_recipe else frozenset(map(os.path.abspath, arguments.paths))
    subjects, unseen = planned_subjects(check, named, arguments.classes)
    _say_unused(recipes, arguments.settings.recipe or "", subjects)
    failed = check.failed
    for path, name in arguments.classes.items():
        if not any((one.path, one.owner) == (path, name) for one in subjects) and not any(
            (one.filename, one.owner) == (path, name) for one in unseen
        ):
            print(f"packlint: {path}::{name}: no recurrent layer is called in a class of that name", file=sys.stderr)
            failed = True
    if arguments.write_recipe:
        return _write_recipes(arguments, subjects, failed)
    done = Verified("", arguments.settings.device, ())
    if subjects:
        progress = Progress(sys.stderr, "classes")
        progress.begin(len(subjects))
        done = verify(subjects, arguments.settings, progress.advance)
        progress.end()
    evidence = sorted(
        (*unseen, *(one for found in done.evidence for one in found)),
        key=lambda one: (one.filename, one.cell or 0, one.row, one.code or ""),
    )
    shown = Shown(tuple(evidence), done, arguments.settings, os.getcwd())
    if arguments.bench:
        shown = replace(shown, benched=_benched(shown, arguments.quick))
    color = arguments.output_file is None and arguments.output_format == "full" and colored(sys.stdout)
    _show(RENDERERS[arguments.output_format](replace(shown, color=color)), arguments.output_file)
    return exit_code(evidence, arguments.require_verified, failed)


def _show(text: str, path: str | None) -> None:
    if path is None:
        sys.stdout.write(text)
        return
    try:
        write_report(path, text)
    except OSError as error:
        raise VerifyError(f"{path}: {error.strerror or error}") from None


def _recipes(path: str | None) -> list[Written]:
    """The recipes of a file that was named; raises `VerifyError` where it cannot be read, or is no Python."""
    if path is None:
        return []
    shown = os.path.relpath(path)
    try:
        with open(path, encoding="utf-8-sig") as stream:
            return written_in(stream.read())
    except SyntaxError as error:
        raise VerifyError(f"{shown}:{error.lineno}: {error.msg}") from None
    except OSError as error:
        raise VerifyError(f"{shown}: {error.strerror or error}") from None
    except ValueError as error:
        raise VerifyError(f"{shown}: {error}") from None


def _say_unused(recipes: Sequence[Written], path: str, subjects: Sequence[Subject]) -> None:
    """A recipe that nothing is asked of may be for a name that is misspelt."""
    for one in recipes:
        target, folder = one.target, os.path.dirname(path)
        if target is not None and not any(fits(target, subject.path, subject.owner, folder) for subject in subjects):
            print(f"packlint: {os.path.relpath(path)}:{one.row}: nothing to verify in {target}", file=sys.stderr)


def _write_recipes(arguments: Arguments, subjects: Sequence[Subject], failed: bool) -> int:
    """A file of recipes for the classes of the subjects, and a line for each thing that is missing of one."""
    classes = {(one.path, one.owner): one for one in reversed(subjects) if one.owner is not None}
    asked = sorted(classes.values(), key=lambda one: (one.path, one.sites[0].row))
    if not asked:
        raise VerifyError("there is no class to write a recipe for")
    path = arguments.output_file
    if path is not None and os.path.lexists(path):
        raise VerifyError(f"{path}: is there already, and may have been worked on")
    progress = Progress(sys.stderr)
    progress.begin(len(asked))
    described = describe(asked, arguments.settings, progress.advance)
    progress.end()
    for subject, one in zip(asked, described, strict=True):
        name = f"{os.path.relpath(subject.path)}::{subject.owner}"
        for line in [one["failed"]] if "failed" in one else [f"say {missing}" for missing in one["missing"]]:
            print(f"packlint: {name}: {line}", file=sys.stderr)
    recipes = [one for one in described if "failed" not in one]
    if recipes:
        _show(file_of(recipes), path)
    return 2 if failed or len(recipes) < len(described) else 0


def _benched(shown: Shown, quick: bool) -> tuple[Benched, ...]:
    """What packing does to the layers that were verified."""
    devices = tuple(dict.fromkeys(("cpu", shown.ran.device)))
    progress = Progress(sys.stderr, "layers")
    progress.begin(len(layers(shown.evidence)))

    def name(one: Evidence) -> str:
        return f"{shown.where(one)}{f' {one.owner}' if one.owner else ''}"

    done = bench_all(shown.evidence, name, devices, shown.settings.seed, quick, progress.advance)
    progress.end()
    return done


def planned_subjects(
    check: Check, named: frozenset[str] | None, classes: dict[str, str]
) -> tuple[list[Subject], list[Evidence]]:
    """What is to be run of the files that were checked, and the evidence on findings of which nothing can be run.

    Each file is planned in a process of its own: fixing takes libcst. Of a file without a finding everything is run
    where it is one of the `named`, or these are None, and nothing where it only lies in a folder that is: whether its
    batches are padded at all is not known.
    """
    from packlint.executors.local import in_own_process

    checked = [one for one in check.checked() if one.error is None]
    for one in checked:
        for finding in one.findings:
            if finding.code == "PCK001":
                check.fail(f"{check.name(one.path)}: {finding.message}")
    asked = [
        (check.task_of(one.path), one, classes.get(one.path))
        for one in checked
        if (one.findings or named is None or one.path in named)
        and not any(finding.code == "PCK001" for finding in one.findings)
    ]
    found: list[Subject] = []
    unseen: list[Evidence] = []
    for (task, _, _), made in zip(asked, in_own_process(plan, asked), strict=True):
        if not isinstance(made, Planned):
            check.fail(f"{check.name(task.path)}: {made or 'the process that planned its fixes died'}")
            continue
        found += made.subjects
        unseen += [
            Evidence(
                task.path, one.row, owner_of(one.function), one.code, None, "unverified", UNSEEN, gone, cell=one.cell
            )
            for one, gone in made.unseen
        ]
    return found, unseen


def exit_code(evidence: Sequence[Evidence], require_verified: bool, failed: bool) -> int:
    """As the verdicts say."""
    if failed or (require_verified and any(one.verdict == "unverified" for one in evidence)):
        return 2
    return int(any(one.verdict == "failed" for one in evidence))
