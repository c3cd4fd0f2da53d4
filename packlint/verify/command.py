"""`packlint verify`: plans the fixes of what it finds, runs the code before and after, and shows the evidence."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from packlint.arguments import Parser, UsageError, processors
from packlint.arguments import parse as parse_check
from packlint.check_command import Check
from packlint.progress import Progress
from packlint.verify.evidence import Evidence, Subject
from packlint.verify.launching import Settings, Verified, VerifyError, describe, verify
from packlint.verify.recipes import Written, file_of, fits, written_in
from packlint.verify.report import RENDERERS, Shown

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
    subjects = planned_subjects(check, arguments.classes)
    _say_unused(recipes, arguments.settings.recipe or "", subjects)
    failed = check.failed
    for path, name in arguments.classes.items():
        if not any(one.path == path and one.owner == name for one in subjects):
            print(f"packlint: {path}::{name}: no recurrent layer is called in a class of that name", file=sys.stderr)
            failed = True
    if arguments.write_recipe:
        return _write_recipes(arguments, subjects, failed)
    done = Verified("", arguments.settings.device, ())
    if subjects:
        progress = Progress(sys.stderr)
        progress.begin(len(subjects))
        done = verify(subjects, arguments.settings, progress.advance)
        progress.end()
    evidence = sorted(
        (one for found in done.evidence for one in found), key=lambda one: (one.filename, one.row, one.code or "")
    )
    text = RENDERERS[arguments.output_format](Shown(tuple(evidence), done, arguments.settings, os.getcwd()))
    _show(text, arguments.output_file)
    return exit_code(evidence, arguments.require_verified, failed)


def _show(text: str, path: str | None) -> None:
    if path is None:
        sys.stdout.write(text)
        return
    try:
        with open(path, "w", encoding="utf-8", errors="backslashreplace") as stream:
            stream.write(text)
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


def planned_subjects(check: Check, classes: dict[str, str]) -> list[Subject]:
    """What is to be run of the files that were checked, each planned in a process of its own: fixing takes libcst."""
    from packlint.engine import in_own_process
    from packlint.verify.subjects import plan

    checked = check.checked()
    asked = [(check.task_of(one.path), one, classes.get(one.path)) for one in checked if one.error is None]
    found: list[Subject] = []
    for (task, _, _), subjects in zip(asked, in_own_process(plan, asked), strict=True):
        if subjects is None:
            check.fail(f"{task.path}: the process that planned its fixes died")
        else:
            found += subjects
    return found


def exit_code(evidence: Sequence[Evidence], require_verified: bool, failed: bool) -> int:
    """As the verdicts say."""
    if failed or (require_verified and any(one.verdict == "unverified" for one in evidence)):
        return 2
    return int(any(one.verdict == "failed" for one in evidence))
