"""`packlint waste`: what it shows, what it reads, and what it refuses in a line."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from packlint.cli import main
from tests.conftest import Ran, run_packlint

ROOT = Path(__file__).resolve().parent.parent
USAGE = (ROOT / "docs" / "usage.md").read_text(encoding="utf-8")

Waste = Callable[..., Ran]


@pytest.fixture
def waste(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Waste:
    """Run `packlint waste` in this process, on a terminal of 80 columns, in an empty folder."""
    monkeypatch.setenv("COLUMNS", "80")

    def run(*words: str, stdin: bytes | None = None) -> Ran:
        if stdin is not None:
            monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        code = main(["waste", *words])
        out, err = capsys.readouterr()
        return Ran(code, out, err)

    return run


def test_one_batch(waste: Waste) -> None:
    ran = waste("4", "6", "8", "5", "4", "3", "7", "8")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        "8 sequences, padded to 8: 64 steps, 45 real (70.3 %)\n"
        "batch_sizes when packed: [8, 8, 8, 7, 5, 4, 3, 2]\n"
        "\n"
        "4 ████░░░░\n"
        "6 ██████░░\n"
        "8 ████████\n"
        "5 █████░░░\n"
        "4 ████░░░░\n"
        "3 ███░░░░░\n"
        "7 ███████░\n"
        "8 ████████\n"
        "█ real, ░ padding\n"
    )


def test_one_sequence(waste: Waste) -> None:
    first = waste("1").out.splitlines()[0]
    assert first == "1 sequence, padded to 1: 1 step, 1 real (100.0 %)"


def test_words(waste: Waste) -> None:
    ran = waste("--words", "abc", "x")
    assert ran.out == (
        "2 sequences, padded to 3: 6 steps, 4 real (66.7 %)\n"
        "batch_sizes when packed: [2, 1, 1]\n"
        "packed: a x b c\n"
        "\n"
        "3 abc\n"
        "1 x░░\n"
        "░ padding\n"
    )


def test_words_that_a_terminal_cannot_align_are_drawn_as_cells(waste: Waste) -> None:
    assert waste("--words", "日本", "x").out.splitlines()[-3:] == ["2 ██", "1 █░", "█ real, ░ padding"]


def test_numbers_among_words_are_words(waste: Waste) -> None:
    assert "packed: 1 7 2 3\n" in waste("--words", "123", "7").out


def test_long_words_are_cut(waste: Waste) -> None:
    assert f"packed: {' '.join('a' * 32)} ...\n" in waste("--words", "a" * 33).out
    assert f"packed: {' '.join('a' * 32)}\n" in waste("--words", "a" * 32).out


def test_long_sequences_are_scaled_and_many_are_cut(waste: Waste) -> None:
    lines = waste("300", "200", "17", "4", *["1"] * 17).out.splitlines()
    assert max(map(len, lines[3:])) <= 80
    assert lines[3:7] == [
        "300 " + "█" * 75,
        "200 " + "█" * 50 + "░" * 25,
        " 17 " + "█" * 4 + "▒" + "░" * 70,
        "  4 " + "█" + "░" * 74,
    ]
    assert lines[-2:] == ["... and 1 sequence more", "a cell is 4 steps; █ real, ▒ real in part, ░ padding"]
    assert lines[1].endswith(", ...] (300 of them)")


def test_batches(waste: Waste) -> None:
    ran = waste("4", "6", "8", "5", "4", "3", "7", "8", "--batch-size", "4")
    assert ran.out == (
        "8 sequences in 2 batches of 4: 64 steps, 45 real (70.3 %)\n"
        "sorted by length before batching: 52 steps, 45 real (86.5 %); 12 fewer (18.8 %)\n"
        "\n"
        "batch 0: 4 sequences, padded to 8: 32 steps, 23 real (71.9 %)\n"
        "batch 1: 4 sequences, padded to 8: 32 steps, 22 real (68.8 %)\n"
        "\n"
        "the most padding is in batch 1:\n"
        "4 ████░░░░\n"
        "3 ███░░░░░\n"
        "7 ███████░\n"
        "8 ████████\n"
        "█ real, ░ padding\n"
    )


def test_sorting_that_costs_steps_is_said_to(waste: Waste) -> None:
    assert "19 steps, 11 real (57.9 %); 8 more (72.7 %)\n" in waste("1", "1", "9", "--batch-size", "2").out


def test_sorting_that_changes_nothing_is_said_to(waste: Waste) -> None:
    assert "10 steps, 9 real (90.0 %); 0 fewer (0.0 %)\n" in waste("5", "4", "--batch-size", "2").out


def test_batch_sizes_are_cut_where_they_are_many(waste: Waste) -> None:
    assert waste("32").out.splitlines()[1] == f"batch_sizes when packed: [{', '.join('1' * 32)}]"
    assert waste("33").out.splitlines()[1] == f"batch_sizes when packed: [{', '.join('1' * 32)}, ...] (33 of them)"


def test_the_picture_is_as_wide_as_the_terminal(waste: Waste, monkeypatch: pytest.MonkeyPatch) -> None:
    assert waste("77").out.splitlines()[3] == "77 " + "█" * 77
    assert waste("78").out.splitlines()[3] == "78 " + "█" * 39
    monkeypatch.setenv("COLUMNS", "5")
    assert waste("10").out.splitlines()[3] == "10 " + "█" * 10
    assert waste("11").out.splitlines()[3] == "11 " + "█" * 5 + "▒"


def test_many_batches_are_cut(waste: Waste) -> None:
    lines = waste(*["3"] * 13, "--batch-size", "1").out.splitlines()
    assert lines[12] == "batch 9: 1 sequence, padded to 3: 3 steps, 3 real (100.0 %)"
    assert lines[13] == "... and 3 more"


@pytest.mark.parametrize(
    "words",
    [
        ["4,6,8"],
        ["4, 6, 8"],
        ["4", "6,8,"],
        ["[4, 6, 8]"],
        ["a.txt"],
        ["a.json"],
        ["4", "rest.txt"],
        ["with-mark.txt"],
        ["4", "--output-format", "json", "6", "8"],
    ],
)
def test_ways_to_give_lengths(waste: Waste, folder: Path, words: list[str]) -> None:
    (folder / "a.txt").write_text("4 6\n\n8\n")
    (folder / "rest.txt").write_text("6,8\n")
    (folder / "a.json").write_text("[4, 6,\n 8]")
    (folder / "with-mark.txt").write_bytes(b"\xef\xbb\xbf4\r\n6\r\n8")
    ran = waste(*words, "--output-format=json")
    assert (ran.code, ran.err) == (0, "")
    assert json.loads(ran.out)["batches"][0]["lengths"] == [4, 6, 8]


@pytest.mark.parametrize("text", [b"4 6 8", b"4,6,\n8\n", b"[4, 6, 8]\n"])
def test_standard_input(waste: Waste, text: bytes) -> None:
    ran = waste("-", "--output-format=json", stdin=text)
    assert json.loads(ran.out)["batches"][0]["lengths"] == [4, 6, 8]


def test_json(waste: Waste) -> None:
    assert json.loads(waste("5", "2", "--output-format=json").out) == {
        "sequences": 2,
        "padded_steps": 10,
        "real_steps": 7,
        "real_share": 0.7,
        "batch_size": None,
        "padded_steps_sorted_by_length": None,
        "batches": [
            {
                "lengths": [5, 2],
                "padded_steps": 10,
                "real_steps": 7,
                "real_share": 0.7,
                "batch_sizes": [2, 2, 1, 1, 1],
            }
        ],
    }


def test_json_of_batches(waste: Waste) -> None:
    found = json.loads(waste("4", "6", "8", "5", "4", "3", "7", "8", "--batch-size=4", "--output-format=json").out)
    assert (found["batch_size"], found["padded_steps_sorted_by_length"]) == (4, 52)
    assert [batch["lengths"] for batch in found["batches"]] == [[4, 6, 8, 5], [4, 3, 7, 8]]


def test_json_of_words(waste: Waste) -> None:
    assert json.loads(waste("--words", "abc", "x", "--output-format=json").out)["packed"] == ["a", "x", "b", "c"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "there are no lengths"),
        (["0"], "a length is 1 step or more, not 0"),
        (["3", "-2"], "a length is 1 step or more, not -2"),
        (["3,-2"], "a length is 1 step or more, not -2"),
        (["10000001"], "a length is at most 10,000,000 steps, not 10000001"),
        (["4.5"], "'4.5' is neither whole numbers nor a file"),
        (["4", "x"], "'x' is neither whole numbers nor a file"),
        (["9" * 19], f"'{'9' * 19}' is neither whole numbers nor a file"),
        ([""], "'' is neither whole numbers nor a file"),
        (["absent.txt"], "'absent.txt' is neither whole numbers nor a file"),
        (["folder"], "folder: Is a directory"),
        (["empty.txt"], "there are no lengths"),
        (["empty.json"], "there are no lengths"),
        (["text.txt"], "text.txt:2: 'y' is no whole number"),
        (["zero.txt"], "zero.txt:3: a length is 1 step or more, not 0"),
        (["broken.json"], "broken.json: this is no JSON list: Expecting ',' delimiter: line 1 column 4 (char 3)"),
        (["float.json"], "float.json: a list of whole numbers is wanted, and it holds 2.5"),
        (["[1, true]"], "[1, true]: a list of whole numbers is wanted, and it holds true"),
        (["zero.json"], "zero.json: a length is 1 step or more, not 0"),
        (["latin.txt"], "latin.txt: this is no text in UTF-8"),
        (["--words"], "there are no lengths"),
        (["--words", "abc", ""], "a word has one letter or more, not ''"),
        (
            ["--words", "abc", "--batch-size", "2"],
            "--words shows one batch, and --batch-size cuts lengths into several",
        ),
    ],
)
def test_what_is_refused(waste: Waste, folder: Path, words: list[str], message: str) -> None:
    (folder / "folder").mkdir()
    (folder / "empty.txt").write_text("\n")
    (folder / "empty.json").write_text("[]")
    (folder / "text.txt").write_text("3\n4 y\n")
    (folder / "zero.txt").write_text("3\n\n0\n")
    (folder / "broken.json").write_text("[3 4]")
    (folder / "float.json").write_text("[3, 2.5]")
    (folder / "zero.json").write_text("[3, 0]")
    (folder / "latin.txt").write_bytes(b"3 \xe9")
    assert waste(*words) == Ran(2, "", f"packlint: error: {message}\n")


@pytest.mark.parametrize("size", ["0", "-1", "x", "2.5"])
def test_batch_size_that_is_none(waste: Waste, size: str) -> None:
    wanted = f"argument --batch-size: a number of sequences is wanted, not '{size}'"
    ran = waste("3", f"--batch-size={size}")
    assert ran == Ran(2, "", f"packlint: error: {wanted} (`packlint waste --help` lists the options)\n")


def test_standard_input_that_is_empty_or_closed(waste: Waste, monkeypatch: pytest.MonkeyPatch) -> None:
    assert waste("-", stdin=b"") == Ran(2, "", "packlint: error: there are no lengths\n")
    monkeypatch.setattr("sys.stdin", None)
    assert waste("-") == Ran(2, "", "packlint: error: there are no lengths\n")


def test_plain_letters_where_the_output_knows_no_others(tmp_path: Path) -> None:
    ran = run_packlint("waste", "300", "17", cwd=tmp_path, PYTHONIOENCODING="ascii", COLUMNS="80", PYTHONPATH=str(ROOT))
    assert ran.out.splitlines()[3:] == [
        "300 " + "#" * 75,
        " 17 ####+" + "." * 70,
        "a cell is 4 steps; # real, + real in part, . padding",
    ]
    ran = run_packlint("waste", "--words", "né", "x", cwd=tmp_path, PYTHONIOENCODING="ascii", PYTHONPATH=str(ROOT))
    assert ran.out.splitlines()[-3:] == ["2 ##", "1 #.", "# real, . padding"]


def test_it_imports_no_torch_and_starts_at_once(tmp_path: Path) -> None:
    code = "import sys\nfrom packlint.cli import main\nmain(['waste', '5', '2'])\nprint(*sys.modules, file=sys.stderr)"
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
        seconds.append(time.perf_counter() - start)
    assert not set(done.stderr.split()) & {"torch", "numpy", "libcst", "flake8", "packlint.rules"}
    # 60 ms where it was measured, 26 of them Python's own; here it shares a machine with whatever else runs.
    assert min(seconds) < 0.5


def test_help(waste: Waste, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        waste("--help")
    assert stop.value.code == 0
    assert "LENGTHS" in capsys.readouterr().out


def test_the_page_shows_what_it_prints(waste: Waste) -> None:
    section = USAGE[USAGE.index("## What padding costs") :]
    shown = section.split("```text\n", 1)[1].split("```", 1)[0]
    assert waste("4", "6", "8", "5", "4", "3", "7", "8", "--batch-size", "4").out == shown
    for option in ("--batch-size", "--words", "--output-format"):
        assert option in section
