"""The command line: arguments to calls."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from io import TextIOWrapper
from typing import TYPE_CHECKING, TextIO

from packlint import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

SUBCOMMANDS = ("check", "clean", "config", "rule", "verify", "waste")
INTERRUPTED = 130
OBJECTS = 200_000
"""So many more objects are made before Python looks for garbage, of which a run that soon ends leaves little."""
REQUIRED = ("pathspec", "tomli")
"""Packages that are imported only where there is a .gitignore, or a configuration and an old Python."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run packlint: 0 nothing found, 1 findings, 2 something could not be done, 130 interrupted."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words in (["--version"], ["-V"]):  # before anything else is imported: scripts ask this often
        print(f"packlint {__version__}")
        return 0
    gc.set_threshold(OBJECTS)
    # Where a script has closed one of them (`>&-`), what is written to it goes nowhere.
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a name or a message that the terminal cannot show is no error
            stream.reconfigure(errors="backslashreplace")
    try:
        code = _dispatch(words)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except ModuleNotFoundError as error:  # a checkout that is run without an install
        if error.name not in REQUIRED:
            raise
        print(f"packlint: error: {error.name} is needed here: pip install {error.name}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader has what it wanted (`packlint | head`)
        _give_up_output()
        return 1
    except OSError as error:  # the disk is full, say
        _give_up_output()
        with suppress(OSError):
            print(f"packlint: error: standard output: {error.strerror or error}", file=sys.stderr)
        return 2
    return code


def _nowhere() -> TextIO:
    return open(os.devnull, "w", encoding="utf-8")


def _give_up_output() -> None:
    """Python must not try once more, at its end, to write what it could not write."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _dispatch(words: list[str]) -> int:
    command = words[0] if words and words[0] in SUBCOMMANDS else "check"
    if words and words[0] == command:
        if os.path.lexists(command):
            print(f"packlint: `{command}` is read as the command; for the path write `./{command}`", file=sys.stderr)
        words = words[1:]
    if command == "clean":
        from packlint.clean_command import run

        return run(words)
    if command == "config":
        from packlint.config_command import run

        return run(words)
    if command == "rule":
        from packlint.rule_command import run

        return run(words)
    if command == "waste":
        from packlint.waste_command import run

        return run(words)
    if command == "verify":
        from packlint.verify.command import run as run_verify

        return run_verify(words)
    from packlint.check_command import run

    return run(words)
