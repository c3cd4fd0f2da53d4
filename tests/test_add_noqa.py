"""`--add-noqa` writes comments that work, and only those."""

from __future__ import annotations

from pathlib import Path

import pytest

from packlint.cli import main
from tests.conftest import BROKEN, PADDED
from tests.test_fix import SAFE, UNSAFE


def run(capsys: pytest.CaptureFixture[str], folder: Path) -> tuple[int, str, str]:
    code = main(["check", "--isolated", "-j1", "--root", str(folder), "--add-noqa", str(folder)])
    return code, *capsys.readouterr()


@pytest.mark.parametrize(
    ("before", "line"),
    [
        (PADDED, "        out, _ = self.rnn(pad_sequence(xs, batch_first=True))  # noqa: PCK101"),
        (
            PADDED.replace("batch_first=True))", "batch_first=True))  # run"),
            "        out, _ = self.rnn(pad_sequence(xs, batch_first=True))  # run  # noqa: PCK101",
        ),
        (
            PADDED.replace("batch_first=True))", "batch_first=True))  # noqa: E501"),
            "        out, _ = self.rnn(pad_sequence(xs, batch_first=True))  # noqa: E501, PCK101",
        ),
        (
            PADDED.replace("self.rnn(pad", "self.rnn(  # run\n            pad"),
            "        out, _ = self.rnn(  # run  # noqa: PCK101",
        ),
        (
            SAFE,
            "        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)  # noqa: PCK204",
        ),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_comment(tmp_path: Path, capsys: pytest.CaptureFixture[str], before: str, line: str, newline: str) -> None:
    file = tmp_path / "model.py"
    file.write_bytes(before.replace("\n", newline).encode())
    assert run(capsys, tmp_path) == (0, "Added noqa comments for 1 finding.\n", "")
    assert line in file.read_bytes().decode().split(newline)
    assert main(["check", "--isolated", "-j1", "--root", str(tmp_path), str(tmp_path)]) == 0


def test_a_line_that_takes_no_comment(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = PADDED.replace("self.rnn(pad_sequence(xs, batch_first=True))", "\\\n            self.rnn(xs)")
    text = text.replace("self.rnn(xs)", "self.rnn \\\n            (pad_sequence(xs, batch_first=True))")
    file = tmp_path / "model.py"
    file.write_text(text)
    assert run(capsys, tmp_path) == (
        2,
        "Added noqa comments for 0 findings.\n",
        f"packlint: {file}: no comment silences what is found here\n",
    )
    assert file.read_text() == text


def test_two_files_and_one_that_does_not_parse(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.py").write_text(UNSAFE)
    (tmp_path / "b.py").write_text(PADDED)
    code, out, err = run(capsys, tmp_path)
    assert (code, out, err) == (0, "Added noqa comments for 2 findings.\n", "")
    (tmp_path / "c.py").write_text(BROKEN)
    run(capsys, tmp_path)
    assert (tmp_path / "c.py").read_text() == BROKEN
