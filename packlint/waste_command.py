"""`packlint waste`: what padding costs in steps, by the lengths of the sequences."""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from packlint.arguments import STDIN, Parser, UsageError
from packlint.waste import Batch, Batches, cut, cut_by_length, share

MAX_LENGTH = 10_000_000
"""More steps than any sequence has; what is longer is a slip, and would fill the memory."""

_NUMBER = re.compile(r"[+-]?[0-9]{1,18}")
_SHOWN_ROWS = 20
_SHOWN_SIZES = 32
_SHOWN_BATCHES = 10


@dataclass(frozen=True, slots=True)
class _Cells:
    """The characters of a picture: a real step, a cell of several steps that is real in part, a padded step."""

    real: str
    partly: str
    padded: str


_BLOCKS = _Cells("\N{FULL BLOCK}", "\N{MEDIUM SHADE}", "\N{LIGHT SHADE}")
_ASCII = _Cells("#", "+", ".")


def run(words: Sequence[str]) -> int:
    """Run with the words after `waste`, and give the exit code: 2 where there are no lengths to count."""
    try:
        arguments = _parser().parse_intermixed_args(words)
    except UsageError as error:
        print(f"packlint: error: {error} (`packlint waste --help` lists the options)", file=sys.stderr)
        return 2
    letters = list(arguments.lengths) if arguments.words else None
    try:
        if letters is not None and arguments.batch_size is not None:
            raise UsageError("--words shows one batch, and --batch-size cuts lengths into several")
        lengths = _of_words(letters) if letters is not None else _of_arguments(arguments.lengths)
        if not lengths:
            raise UsageError("there are no lengths")
    except UsageError as error:
        print(f"packlint: error: {error}", file=sys.stderr)
        return 2
    batches = cut(lengths, arguments.batch_size or len(lengths))
    by_length = None if arguments.batch_size is None else cut_by_length(lengths, arguments.batch_size)
    if arguments.output_format == "json":
        print(json.dumps(_as_object(batches, arguments.batch_size, by_length, letters), indent=2))
    elif by_length is None:
        print("\n".join(_one_batch(batches.batches[0], letters)))
    else:
        print("\n".join(_several_batches(batches, arguments.batch_size, by_length)))
    return 0


def _parser() -> Parser:
    parser = Parser(
        prog="packlint waste",
        description="Count the steps of a padded batch, and those of them that are real.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "lengths",
        nargs="*",
        metavar="LENGTHS",
        help="numbers of steps, or a file that holds them, apart by spaces or commas, or a JSON list; `-`: stdin",
    )
    parser.add_argument("--batch-size", type=_batch_size, metavar="N", help="cut the lengths into batches, in order")
    parser.add_argument(
        "--words", action="store_true", help="the arguments are words: a sequence each, a letter a step"
    )
    parser.add_argument("--output-format", choices=("text", "json"), default="text")
    return parser


def _batch_size(text: str) -> int:
    if not _NUMBER.fullmatch(text) or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a number of sequences is wanted, not {text!r}")
    return int(text)


def _of_words(words: Sequence[str]) -> list[int]:
    for word in words:
        if not word:
            raise UsageError("a word has one letter or more, not ''")
    return [len(word) for word in words]


def _of_arguments(arguments: Sequence[str]) -> list[int]:
    lengths: list[int] = []
    for argument in arguments:
        parts = [part.strip() for part in argument.split(",") if part.strip()]
        if parts and all(_NUMBER.fullmatch(part) for part in parts):
            lengths += [_length(int(part)) for part in parts]
        elif argument.startswith("[") and argument.endswith("]"):
            lengths += _of_text(argument, argument)
        elif argument == STDIN:
            lengths += _of_bytes(sys.stdin.buffer.read() if sys.stdin else b"", "standard input")
        else:
            lengths += _of_bytes(_read(argument), argument)
    return lengths


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        raise UsageError(f"{path!r} is neither whole numbers nor a file") from None
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from None


def _of_bytes(content: bytes, name: str) -> list[int]:
    try:
        return _of_text(content.decode("utf-8-sig"), name)
    except UnicodeDecodeError:
        raise UsageError(f"{name}: this is no text in UTF-8") from None


def _of_text(text: str, name: str) -> list[int]:
    """Read numbers that are apart by white space or commas, or a JSON list of them."""
    if text.lstrip().startswith("["):
        try:
            listed = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{name}: this is no JSON list: {error}") from None
        for item in listed:
            if type(item) is not int:  # to Python, True is a number too
                raise UsageError(f"{name}: a list of whole numbers is wanted, and it holds {json.dumps(item)[:40]}")
        return [_length(item, f"{name}: ") for item in listed]
    lengths = []
    for row, line in enumerate(text.splitlines(), start=1):
        for word in line.replace(",", " ").split():
            if not _NUMBER.fullmatch(word):
                raise UsageError(f"{name}:{row}: {word[:40]!r} is no whole number")
            lengths.append(_length(int(word), f"{name}:{row}: "))
    return lengths


def _length(number: int, place: str = "") -> int:
    if number < 1:
        raise UsageError(f"{place}a length is 1 step or more, not {number}")
    if number > MAX_LENGTH:
        raise UsageError(f"{place}a length is at most {MAX_LENGTH:,} steps, not {number}")
    return number


def _as_object(
    batches: Batches, batch_size: int | None, by_length: Batches | None, words: Sequence[str] | None
) -> dict[str, object]:
    found: dict[str, object] = {
        "sequences": batches.sequences,
        "padded_steps": batches.padded_steps,
        "real_steps": batches.real_steps,
        "real_share": batches.real_steps / batches.padded_steps,
        "batch_size": batch_size,
        "padded_steps_sorted_by_length": None if by_length is None else by_length.padded_steps,
        "batches": [
            {
                "lengths": batch.lengths,
                "padded_steps": batch.padded_steps,
                "real_steps": batch.real_steps,
                "real_share": batch.real_steps / batch.padded_steps,
                "batch_sizes": batch.batch_sizes,
            }
            for batch in batches.batches
        ],
    }
    if words is not None:
        found["packed"] = [words[row][step] for row, step in batches.batches[0].packed()]
    return found


def _one_batch(batch: Batch, words: Sequence[str] | None) -> Iterator[str]:
    yield f"{_counted(len(batch.lengths), 'sequence')}, padded to {batch.longest}: {_steps(batch)}"
    yield f"batch_sizes when packed: {_sizes(batch)}"
    if words is not None:
        letters = [words[row][step] for _, (row, step) in zip(range(_SHOWN_SIZES), batch.packed(), strict=False)]
        yield f"packed: {' '.join(letters)}{' ...' if batch.real_steps > _SHOWN_SIZES else ''}"
    yield ""
    yield from _picture(batch, words)


def _several_batches(batches: Batches, batch_size: int, by_length: Batches) -> Iterator[str]:
    count = _counted(len(batches.batches), "batch")
    yield f"{_counted(batches.sequences, 'sequence')} in {count} of {batch_size}: {_steps(batches)}"
    saved = batches.padded_steps - by_length.padded_steps
    # More of them are possible: the batch that is not full holds the shortest then, in place of long ones.
    change = f"{abs(saved)} {'more' if saved < 0 else 'fewer'} ({share(abs(saved), batches.padded_steps)})"
    yield f"sorted by length before batching: {_steps(by_length)}; {change}"
    yield ""
    for number, batch in enumerate(batches.batches[:_SHOWN_BATCHES]):
        yield f"batch {number}: {_counted(len(batch.lengths), 'sequence')}, padded to {batch.longest}: {_steps(batch)}"
    if len(batches.batches) > _SHOWN_BATCHES:
        yield f"... and {len(batches.batches) - _SHOWN_BATCHES} more"
    worst = max(batches.batches, key=lambda batch: batch.padded_steps - batch.real_steps)
    yield ""
    yield f"the most padding is in batch {batches.batches.index(worst)}:"
    yield from _picture(worst, None)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 'es' if what.endswith('ch') else 's'}"


def _steps(counted: Batch | Batches) -> str:
    """How many steps, and how many of them are real."""
    real, padded = counted.real_steps, counted.padded_steps
    return f"{_counted(padded, 'step')}, {real} real ({share(real, padded)})"


def _sizes(batch: Batch) -> str:
    sizes = batch.batch_sizes
    first = ", ".join(str(size) for size in sizes[:_SHOWN_SIZES])
    return f"[{first}]" if len(sizes) <= _SHOWN_SIZES else f"[{first}, ...] ({len(sizes)} of them)"


def _picture(batch: Batch, words: Sequence[str] | None) -> Iterator[str]:
    """The rows as a terminal can show them: a cell a step, or several steps where they are many."""
    margin = len(str(batch.longest))
    room = max(shutil.get_terminal_size().columns - margin - 1, 10)
    cells = _BLOCKS if _can_be_shown("".join((_BLOCKS.real, _BLOCKS.partly, _BLOCKS.padded))) else _ASCII
    spelled = words is not None and batch.longest <= room and all(map(_has_one_place_a_letter, words))
    scale = -(-batch.longest // room)
    for row, length in enumerate(batch.lengths[:_SHOWN_ROWS]):
        if words is not None and spelled:
            drawn = words[row] + cells.padded * (batch.longest - length)
        else:
            partly = cells.partly if length % scale else ""
            drawn = (cells.real * (length // scale) + partly).ljust(-(-batch.longest // scale), cells.padded)
        yield f"{length:>{margin}} {drawn}"
    if len(batch.lengths) > _SHOWN_ROWS:
        yield f"... and {_counted(len(batch.lengths) - _SHOWN_ROWS, 'sequence')} more"
    if scale > 1:
        yield f"a cell is {scale} steps; {cells.real} real, {cells.partly} real in part, {cells.padded} padding"
    else:
        yield f"{cells.padded} padding" if spelled else f"{cells.real} real, {cells.padded} padding"


def _has_one_place_a_letter(word: str) -> bool:
    from unicodedata import combining, east_asian_width

    shown = word.isprintable() and _can_be_shown(word)
    return shown and not any(combining(letter) or east_asian_width(letter) in "WF" for letter in word)


def _can_be_shown(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
