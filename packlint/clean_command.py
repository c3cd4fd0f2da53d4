"""`packlint clean`: what earlier runs have kept is deleted."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from packlint.arguments import Parser, UsageError, working_folder
from packlint.cache import usual_folder
from packlint.report import Style


def run(words: Sequence[str]) -> int:
    """Run with the words after `clean`, and give the exit code: 2 where the folder is no cache, or stays."""
    parser = Parser(
        prog="packlint clean",
        description="Delete the cache of the project that this is started in. Exit code: 0 it is gone, 2 it is not.",
        allow_abbrev=False,
    )
    parser.add_argument("--cache-dir", metavar="FOLDER", help="this cache (default: .packlint_cache)")
    try:
        given, here = parser.parse_args(words).cache_dir, working_folder()
    except UsageError as error:
        print(f"packlint: error: {error} (`packlint clean --help` lists the options)", file=sys.stderr)
        return 2
    return _clean(os.path.abspath(given or usual_folder()), here)


def _clean(folder: str, here: str) -> int:
    from packlint.cache_file import clear, is_cache

    name = Style(here).name(folder)
    if not os.path.lexists(folder):
        return 0
    if not is_cache(folder):
        print(f"packlint: {name}: not a cache of packlint, nothing deleted", file=sys.stderr)
        return 2
    print(f"Removing cache at: {name}", file=sys.stderr)
    try:
        if not clear(folder):
            print(f"packlint: {name}: what packlint has not made there stays", file=sys.stderr)
    except OSError as error:
        print(f"packlint: {name}: {error.strerror or error}", file=sys.stderr)
        return 2
    return 0
