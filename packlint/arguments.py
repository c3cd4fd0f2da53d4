"""The arguments of `packlint check`, as argparse reads them and as the rest of packlint takes them."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Sequence
from typing import NamedTuple, NoReturn

from packlint.config import OUTPUT_FORMATS, Options
from packlint.keys import PatternCodes
from packlint.patterns import Matcher
from packlint.report import statistics

STDIN = "-"
"""The path that stands for standard input."""


class Report(NamedTuple):
    """A format, and the file that it goes to; standard output where that is None."""

    output_format: str
    file: str | None


class Arguments(NamedTuple):
    """What a run of `packlint check` was asked for."""

    paths: tuple[str, ...]
    options: Options
    config: str | None
    isolated: bool
    root: str | None
    stdin_filename: str | None
    reports: tuple[Report, ...]
    output_file: str | None
    exit_zero: bool
    counted_by: tuple[str, ...]  # with `--statistics`; empty where the findings are shown
    verbose: bool
    jobs: int
    fix: bool
    unsafe_fixes: bool
    diff: bool
    exit_non_zero_on_fix: bool
    verify: bool
    require_verified: bool
    add_noqa: bool
    git_diff: str | None
    write_baseline: bool
    shrink_baseline: bool
    exit_non_zero_on_stale: bool
    executor: str | None
    no_cache: bool
    cache_dir: str | None


class UsageError(Exception):
    """Arguments that cannot be understood, in one line."""


class Parser(argparse.ArgumentParser):
    """A parser whose complaints are one line."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(message)


def parse(words: Sequence[str]) -> Arguments:
    """Read the words after `packlint check`; raises `UsageError`, and `SystemExit` after `--help` and `--version`."""
    read = _parser().parse_intermixed_args(words)
    if read.git_diff is not None:
        _check_git_diff(read)
    if read.write_baseline and read.shrink_baseline:
        raise UsageError("--shrink-baseline: --write-baseline writes all of it")
    if read.verify and not (read.fix or read.diff):
        raise UsageError("--verify: --fix or --diff says what becomes of the fixes (`packlint verify` shows evidence)")
    if read.require_verified and not read.verify:
        raise UsageError("--require-verified: goes with --verify")
    counted_by = _counted_by(read.statistics_by) or ("rule",) * read.statistics
    reports = tuple(_report(value) for value in read.output_format or ())
    _check_reports(reports, read.output_file, bool(counted_by))
    everything = read.git_diff is not None and read.stdin_filename is None
    return Arguments(
        paths=tuple(read.paths or (["."] if everything else [])),
        options=options_of(read),
        config=read.config,
        isolated=read.isolated,
        root=read.root,
        stdin_filename=read.stdin_filename,
        reports=reports,
        output_file=read.output_file,
        exit_zero=read.exit_zero,
        counted_by=counted_by,
        verbose=read.verbose,
        jobs=read.jobs if read.jobs is not None else processors(),
        fix=read.fix,
        unsafe_fixes=read.unsafe_fixes,
        diff=read.diff,
        exit_non_zero_on_fix=read.exit_non_zero_on_fix,
        verify=read.verify,
        require_verified=read.require_verified,
        add_noqa=read.add_noqa,
        git_diff=read.git_diff,
        write_baseline=read.write_baseline,
        shrink_baseline=read.shrink_baseline,
        exit_non_zero_on_stale=read.exit_non_zero_on_stale,
        executor=read.executor,
        no_cache=read.no_cache,
        cache_dir=read.cache_dir,
    )


def _check_git_diff(read: argparse.Namespace) -> None:
    if not read.git_diff:
        raise UsageError("--git-diff: a commit is wanted, such as origin/main")
    if read.write_baseline:
        raise UsageError("--write-baseline: lists all findings, not those of --git-diff")
    if STDIN in read.paths and read.stdin_filename is None:
        raise UsageError("--git-diff: --stdin-filename says which file standard input is")


def options_of(read: argparse.Namespace) -> Options:
    """What the options say that are settings, too."""
    return Options(
        base=working_folder(),
        select=_codes(read.select),
        ignore=_codes(read.ignore),
        extend_select=_codes(read.extend_select),
        per_file_ignores=_pattern_codes(read.per_file_ignores),
        extend_per_file_ignores=_pattern_codes(read.extend_per_file_ignores),
        exclude=_patterns(read.exclude),
        extend_exclude=_patterns(read.extend_exclude),
        force_exclude=read.force_exclude,
        respect_gitignore=read.respect_gitignore,
        baseline=read.baseline,
    )


def working_folder() -> str:
    """The folder that a run is started in; raises `UsageError` where it is gone."""
    try:
        return os.getcwd()
    except OSError as error:
        raise UsageError(f"the working folder: {error.strerror}") from None


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="packlint",
        usage="packlint [check] [PATH ...] [options]\n       packlint rule CODE\n"
        "       packlint verify PATH[::CLASS] ...\n       packlint waste LENGTHS\n       packlint clean",
        description="Finds packing bugs of nn.RNN, nn.LSTM and nn.GRU. Exit code: 0 nothing found, 1 findings, "
        "2 something could not be done (said in a line each).",
        allow_abbrev=False,
    )
    parser.add_argument("paths", nargs="*", metavar="PATH", help="files and folders; `-` is standard input")
    add_selection(parser.add_argument_group("which rules"))
    files = parser.add_argument_group("which files")
    add_files(files)
    files.add_argument("--stdin-filename", metavar="FILE", help="the name of what comes by standard input")
    _add_fixes(parser.add_argument_group("what is fixed"))
    _add_silence(parser.add_argument_group("what is silenced"))
    _add_output(parser.add_argument_group("what is shown"))
    running = parser.add_argument_group("how it runs")
    add_configuration(running)
    _add_running(running)
    return parser


def add_selection(group: argparse._ArgumentGroup) -> None:
    """The options that say which rules are on."""
    for name, text in (
        ("--select", "these codes or prefixes, comma-separated, or ALL"),
        ("--ignore", "all but these"),
        ("--extend-select", "these too"),
    ):
        group.add_argument(name, action="append", metavar="CODES", help=text)
    for name, text in (
        ("--per-file-ignores", "all but these codes in the files under a pattern"),
        ("--extend-per-file-ignores", "the same, on top of the configuration's"),
    ):
        group.add_argument(name, action="append", metavar="PATTERN:CODE,...", help=text)


def add_files(group: argparse._ArgumentGroup) -> None:
    """The options that say which files are left out."""
    for name, text in (
        ("--exclude", "leave out what is under these, in place of the defaults"),
        ("--extend-exclude", "leave out these too"),
    ):
        group.add_argument(name, action="append", metavar="PATTERNS", help=text)
    for name, text in (
        ("--force-exclude", "leave out what is excluded also where it is named"),
        ("--respect-gitignore", "leave out what git ignores (the default)"),
    ):
        group.add_argument(name, action=argparse.BooleanOptionalAction, help=text)


def _add_fixes(group: argparse._ArgumentGroup) -> None:
    for name, text in (
        ("--fix", "make the safe fixes, in the files; of standard input the new text goes to standard output"),
        ("--unsafe-fixes", "count in the fixes that rest on what is likely and not established"),
        ("--diff", "show the fixes as a patch and write no file, unless with --fix; exit 1 where there are some"),
        ("--exit-non-zero-on-fix", "exit 1 also where everything found was fixed"),
        ("--verify", "run the code before and after each fix, and leave out those that fail"),
        ("--require-verified", "with --verify: leave out what could not be run too, and exit 2"),
    ):
        group.add_argument(name, action="store_true", help=text)


def _add_silence(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--add-noqa", action="store_true", help="write a `# noqa` comment for each finding")
    group.add_argument("--git-diff", metavar="BASE", help="show only what has come since this commit (a branch, say)")
    add_baseline(group)
    for name, text in (
        ("--write-baseline", "list all that is found in the baseline"),
        ("--shrink-baseline", "drop from the baseline what is no longer found, and add nothing"),
        ("--exit-non-zero-on-stale", "exit 1 where the baseline lists what is no longer found"),
    ):
        group.add_argument(name, action="store_true", help=text)


def add_baseline(group: argparse._ArgumentGroup) -> None:
    """The options that say which findings are known."""
    group.add_argument("--baseline", type=_file, metavar="FILE", help="leave out the findings that this file lists")
    group.add_argument(
        "--no-baseline", dest="baseline", action="store_const", const="", help="use no baseline, whatever is configured"
    )


def _add_output(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--output-format",
        action="append",
        metavar="FORMAT[=FILE]",
        help=f"{', '.join(OUTPUT_FORMATS)}; can be given several times, each to its own file",
    )
    group.add_argument("-o", "--output-file", metavar="FILE", help="write there in place of standard output")
    group.add_argument("--statistics", action="store_true", help="count the findings of each rule instead")
    group.add_argument(
        "--statistics-by", metavar="KEYS", help="count them by rule, folder or file, or several: folder,rule"
    )
    group.add_argument("-v", "--verbose", action="store_true", help="show why each finding is one")
    group.add_argument("-e", "--exit-zero", action="store_true", help="exit 0 also where there are findings")


def add_configuration(group: argparse._ArgumentGroup) -> None:
    """The options that say which configuration file is read."""
    group.add_argument("--config", metavar="FILE", help="a TOML file, in place of the nearest pyproject.toml")
    group.add_argument("--isolated", action="store_true", help="read no configuration file")


def _add_running(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--root", metavar="FOLDER", help="the project of all files")
    group.add_argument("-j", "--jobs", type=_jobs, metavar="N", help="processes (default: one a processor)")
    group.add_argument("--executor", metavar="dask=HOST:PORT", help="check the files on a cluster")
    group.add_argument("-n", "--no-cache", action="store_true", help="find everything anew, and keep nothing")
    group.add_argument("--cache-dir", metavar="FOLDER", help="where what was found is kept (default: .packlint_cache)")
    group.add_argument("-V", "--version", action="version", version=_version())


def _version() -> str:
    from packlint import __version__

    return f"packlint {__version__}"


def _file(text: str) -> str:
    if not text:  # an unset variable of a script
        raise argparse.ArgumentTypeError("a file is wanted, not ''")
    return text


def _jobs(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a number of processes is wanted, not {text!r}")
    return int(text)


def _listed(values: Sequence[str] | None) -> tuple[str, ...] | None:
    """The parts of comma-separated values; None where the option was not given."""
    if values is None:
        return None
    return tuple(part.strip() for value in values for part in value.split(",") if part.strip())


_codes = _listed


def _patterns(values: Sequence[str] | None) -> tuple[str, ...] | None:
    patterns = _listed(values)
    for pattern in patterns or ():
        _check_pattern(pattern)
    return patterns


def _check_pattern(pattern: str) -> None:
    try:
        Matcher((pattern,), "/")
    except re.error as error:
        raise UsageError(f"{pattern!r} is no pattern: {error}") from None


def _pattern_codes(values: Sequence[str] | None) -> PatternCodes | None:
    """`PATTERN:CODE,PATTERN:CODE`, where a code without a pattern goes with the one before it."""
    parts = _listed(values)
    if parts is None:
        return None
    pairs: list[tuple[str, tuple[str, ...]]] = []
    for part in parts:
        pattern, colon, code = part.rpartition(":")
        if colon:
            _check_pattern(pattern.strip())
            pairs.append((pattern.strip(), (code.strip(),)))
        elif pairs:
            pairs.append((pairs[-1][0], (code,)))
        else:
            raise UsageError(f"PATTERN:CODE is wanted, not {part!r}")
    return tuple(pairs)


def _report(value: str) -> Report:
    output_format, equals, file = value.partition("=")
    if output_format not in OUTPUT_FORMATS:
        raise UsageError(f"unknown output format {output_format!r} (known: {', '.join(OUTPUT_FORMATS)})")
    if equals and not file:
        raise UsageError(f"--output-format {value}: a file is wanted after `=`")
    return Report(output_format, file or None)


def _check_reports(reports: Sequence[Report], output_file: str | None, counted: bool) -> None:
    files = [os.path.abspath(file) for one in reports if (file := one.file or output_file) is not None]
    twice = next((file for file in files if files.count(file) > 1), None)
    if twice is not None:
        raise UsageError(f"--output-format: two reports cannot go to one file, {os.path.relpath(twice)}")
    formats = statistics.FORMATS
    uncounted = next((one.output_format for one in reports if one.output_format not in formats), None)
    if counted and uncounted is not None:
        raise UsageError(f"--statistics: {uncounted} has no counts ({', '.join(formats)} have)")


def _counted_by(value: str | None) -> tuple[str, ...]:
    if value is None:
        return ()
    keys = tuple(dict.fromkeys(_listed([value]) or ()))
    if not keys or not all(key in statistics.KEYS for key in keys):
        raise UsageError(f"--statistics-by {value}: {', '.join(statistics.KEYS)} are wanted, one or several")
    return keys
