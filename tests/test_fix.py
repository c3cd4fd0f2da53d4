"""`--fix`, `--diff` and the edits of JSON, on files of every kind."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import stat
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

from packlint import fixing
from packlint.cli import main
from packlint.config import ProjectFacts
from packlint.engine import Task, check_file
from packlint.fixing import Job, Rewritten, fix_file
from packlint.plans import EnforceSorted, Fix, Span
from packlint.writing import WriteError, write_file
from tests.verify.files import LYING, ODD, PADDED

SAFE = """\
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(8, 8, batch_first=True)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        return self.rnn(packed)[1][-1]


def train(x, lengths):
    return Encoder().cuda()(x.cuda(), lengths.cuda())
"""
"""A file with one finding, PCK204, whose fix is safe."""
FIXED = SAFE.replace("(x, lengths, batch", "(x, lengths.cpu(), batch")
UNSAFE = """\
from torch import nn


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(50, 8, padding_idx=0)
        self.rnn = nn.GRU(8, 8, bidirectional=True, batch_first=True)

    def forward(self, ids):
        out, _ = self.rnn(self.embed(ids))
        return out[:, :, :8]
"""
"""A file with one finding, PCK102, whose fix is unsafe."""


WASTE = """\
from torch import nn
from torch.nn import functional as F


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(50, 8, padding_idx=0)
        self.rnn = nn.GRU(8, 8, batch_first=True)

    def forward(self, ids, labels):
        out, _ = self.rnn(self.embed(ids))
        return F.cross_entropy(out.transpose(1, 2), labels, ignore_index=0)
"""
"""A file with one finding of a rule that is off, PCK105."""


def run(*words: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    code = main(["check", "--isolated", "-j1", *words])
    return code, *capsys.readouterr()


@pytest.fixture(autouse=True)
def no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a fix leaves in a folder is looked at here."""
    monkeypatch.setenv("PACKLINT_NO_CACHE", "1")


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one file to fix, in the working folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").touch()
    file = tmp_path / "model.py"
    file.write_bytes(SAFE.encode())
    return file


# --- what is written, and what is said ---


def test_a_safe_fix(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--fix", "model.py", capsys=capsys) == (0, "1 fixed, 0 left.\n", "")
    assert model.read_text() == FIXED
    assert run("--fix", "model.py", capsys=capsys) == (0, "0 fixed, 0 left.\n", "")
    assert model.read_text() == FIXED


def test_an_unsafe_fix_is_left_unless_it_is_asked_for(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model.write_text(UNSAFE)
    code, out, err = run("--fix", "model.py", capsys=capsys)
    assert (code, out.splitlines()[-1], err) == (1, "0 fixed, 1 left (1 with `--unsafe-fixes`).", "")
    assert model.read_text() == UNSAFE
    assert run("--fix", "--unsafe-fixes", "model.py", capsys=capsys) == (0, "1 fixed, 0 left.\n", "")
    assert "pack_padded_sequence(" in model.read_text()


def test_without_fix_it_is_said_what_could_be(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run("model.py", capsys=capsys)
    assert (code, out.splitlines()[-1]) == (1, "Found 1 finding; fixable: 1 with `--fix`.")
    assert "   = fix (safe): hand the lengths over on the CPU (" in out
    assert model.read_text() == SAFE


def test_the_exit_code_of_a_fix(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--fix", "--exit-non-zero-on-fix", "model.py", capsys=capsys)[0] == 1
    assert run("--fix", "--exit-non-zero-on-fix", "model.py", capsys=capsys)[0] == 0


def test_select_narrows_what_is_fixed(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--fix", "--select=PCK1", "model.py", capsys=capsys)[0] == 0
    assert model.read_text() == SAFE


def test_what_is_suppressed_is_not_fixed(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = SAFE.replace("enforce_sorted=False)", "enforce_sorted=False)  # noqa: PCK204")
    model.write_text(text)
    assert run("--fix", "model.py", capsys=capsys)[0] == 0
    assert model.read_text() == text


def test_wasted_steps_are_packed_where_that_is_asked_for(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model.write_text(WASTE)
    words = ("--select=PCK105", "--fix", "--unsafe-fixes", "model.py")
    assert run(*words, capsys=capsys) == (0, "1 fixed, 0 left.\n", "")
    assert "out, _ = self.rnn(packed)\n" in model.read_text()


# --- patches ---


def git(*words: str, cwd: Path, given: bytes | None = None) -> None:
    subprocess.run(["git", *words], cwd=cwd, check=True, input=given, capture_output=True)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("end", ["", "\n", "\n\n# the end"])
def test_git_applies_the_diff(model: Path, capfdbinary: pytest.CaptureFixture[bytes], newline: str, end: str) -> None:
    before = (SAFE.rstrip("\n") + end).replace("\n", newline).encode()
    model.write_bytes(before)
    assert main(["check", "--isolated", "--diff", "model.py"]) == 1
    out, err = capfdbinary.readouterr()
    assert (model.read_bytes(), err) == (before, b"packlint: 1 finding would be fixed\n")
    git("init", "-q", cwd=model.parent)
    git("-c", "core.autocrlf=false", "apply", "-", cwd=model.parent, given=out)
    assert model.read_bytes() == (FIXED.rstrip("\n") + end).replace("\n", newline).encode()


def test_a_diff_of_nothing(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model.write_text(FIXED)
    assert run("--diff", "model.py", capsys=capsys) == (0, "", "packlint: 0 findings would be fixed\n")


def test_fix_and_diff(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run("--fix", "--diff", "model.py", capsys=capsys)
    assert (code, err) == (0, "1 fixed, 0 left.\n")
    assert out.startswith("--- a/model.py\n+++ b/model.py\n")
    assert model.read_text() == FIXED


def test_standard_input(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "packlint", "--isolated", "--fix", "-"]
    done = subprocess.run(argv, input=SAFE.encode(), capture_output=True, cwd=tmp_path, check=False)
    assert (done.returncode, done.stdout.decode(), done.stderr.decode()) == (0, FIXED, "1 fixed, 0 left.\n")
    done = subprocess.run(argv, input=b"x = 1\n", capture_output=True, cwd=tmp_path, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"x = 1\n", b"0 fixed, 0 left.\n")


# --- edits ---


def with_edits(data: bytes, edits: Sequence[dict[str, object]], encoding: str = "utf-8") -> bytes:
    """What a program that knows nothing of packlint makes of a file and its edits."""
    lines = data.decode(encoding).splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    text = "".join(lines)

    def place(of: object) -> int:
        assert isinstance(of, dict)
        return starts[int(of["row"]) - 1] + int(of["column"]) - 1

    unique = {json.dumps(edit, sort_keys=True): edit for edit in edits}
    for edit in sorted(unique.values(), key=lambda edit: place(edit["location"]), reverse=True):
        text = text[: place(edit["location"])] + str(edit["content"]) + text[place(edit["end_location"]) :]
    return text.encode(encoding)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("text", [SAFE, UNSAFE, SAFE + UNSAFE, SAFE.rstrip("\n")])
def test_edits_give_what_fix_gives(model: Path, capsys: pytest.CaptureFixture[str], text: str, newline: str) -> None:
    before = text.replace("\n", newline).encode()
    model.write_bytes(before)
    _, out, _ = run("--unsafe-fixes", "--output-format=json", "model.py", capsys=capsys)
    edits = [edit for finding in json.loads(out) for edit in finding["fix"]["edits"]]
    assert edits
    run("--fix", "--unsafe-fixes", "model.py", capsys=capsys)
    assert with_edits(before, edits) == model.read_bytes() != before


# --- files of every kind ---


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (SAFE.encode(), FIXED.encode()),
        (b"\xef\xbb\xbf" + SAFE.encode(), b"\xef\xbb\xbf" + FIXED.encode()),
        (SAFE.replace("\n", "\r\n").encode(), FIXED.replace("\n", "\r\n").encode()),
        (SAFE.replace("\n", "\r").encode(), FIXED.replace("\n", "\r").encode()),
        (SAFE.replace("\n", "\r\n", 5).encode(), FIXED.replace("\n", "\r\n", 5).encode()),
        (SAFE.rstrip().encode(), FIXED.rstrip().encode()),
        (f"# \xe9\n{SAFE}".encode(), f"# \xe9\n{FIXED}".encode()),
        (
            f"# coding: latin-1\n# \xe9\n{SAFE}".encode("latin-1"),
            f"# coding: latin-1\n# \xe9\n{FIXED}".encode("latin-1"),
        ),
        (f"x = 1\n\f\n{SAFE}".encode(), f"x = 1\n\f\n{FIXED}".encode()),
        (SAFE.replace("    ", "\t").encode(), FIXED.replace("    ", "\t").encode()),
        (SAFE.replace("\n\n", "\n   \n").encode(), FIXED.replace("\n\n", "\n   \n").encode()),
        (f"x = '\u2028 \x0c'\n{SAFE}".encode(), f"x = '\u2028 \x0c'\n{FIXED}".encode()),
    ],
    ids=["plain", "BOM", "CRLF", "CR", "mixed", "no end", "UTF-8", "Latin-1", "form feed", "tabs", "spaces", "U+2028"],
)
def test_the_rest_of_the_file_stays_to_the_byte(
    model: Path, capsys: pytest.CaptureFixture[str], before: bytes, after: bytes
) -> None:
    model.write_bytes(before)
    assert run("--fix", "model.py", capsys=capsys) == (0, "1 fixed, 0 left.\n", "")
    assert model.read_bytes() == after


def test_the_mode_is_kept_and_nothing_is_left_behind(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model.chmod(0o751)
    run("--fix", "model.py", capsys=capsys)
    assert stat.S_IMODE(model.stat().st_mode) == 0o751
    assert {path.name for path in model.parent.iterdir()} == {"model.py", "pyproject.toml"}


def test_a_link_inside_the_project_is_followed(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model.rename(model.with_name("real.py"))
    model.symlink_to("real.py")
    assert run("--fix", "model.py", capsys=capsys)[0] == 0
    assert model.is_symlink()
    assert model.with_name("real.py").read_text() == FIXED


def refused(model: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """The line that is said where a file is not written; it is as it was."""
    before = model.read_bytes()
    code, out, err = run("--fix", "model.py", capsys=capsys)
    assert (code, model.read_bytes()) == (2, before)
    assert out.splitlines()[-1] == "0 fixed, 1 left."
    assert not [path for path in model.parent.iterdir() if path.name.startswith(".packlint")]
    assert err.startswith("packlint: model.py: not written: ")
    return err.removeprefix("packlint: model.py: not written: ").rstrip("\n")


def test_a_link_out_of_the_project_is_refused(
    model: Path, capsys: pytest.CaptureFixture[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "real.py"
    model.rename(outside)
    model.symlink_to(outside)
    assert refused(model, capsys) == f"it is a link to {outside}, outside of the project"


def test_a_hard_link_is_refused(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.link(model, model.with_name("other.txt"))
    assert refused(model, capsys) == "the file has other names (hard links), which would keep the old text"


def test_a_read_only_file_is_refused(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model.chmod(0o444)
    assert refused(model, capsys) == "the file is read-only"


def test_a_read_only_folder_is_refused() -> None:
    """As somebody who is not the superuser, who may write anywhere."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        file = Path(folder, "a.py")
        file.write_bytes(b"old")
        file.chmod(0o666)
        Path(folder).chmod(0o555)
        before = os.geteuid()
        os.seteuid(before or 65534)
        try:
            with pytest.raises(WriteError, match="Permission denied"):
                write_file(str(file), b"old", b"new", folder)
        finally:
            os.seteuid(before)
            Path(folder).chmod(0o755)
        assert file.read_bytes() == b"old"


def test_a_file_that_has_changed_is_not_written(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_bytes(b"new")
    with pytest.raises(WriteError, match="has changed since it was read"):
        write_file(str(file), b"old", b"fixed", str(tmp_path))
    assert file.read_bytes() == b"new"
    assert [path.name for path in tmp_path.iterdir()] == ["a.py"]


def test_a_full_disk_leaves_the_old_file(model: Path) -> None:
    """A limit on the size of files stands for a disk without room."""
    model.write_text(SAFE + "# more\n" * 2000)
    before = model.read_bytes()
    script = f"ulimit -f 8; exec {sys.executable} -m packlint --isolated --fix model.py"
    done = subprocess.run(["bash", "-c", f"trap '' XFSZ; {script}"], cwd=model.parent, capture_output=True, text=True)
    assert (done.returncode, model.read_bytes()) == (2, before)
    assert done.stderr == "packlint: model.py: not written: File too large\n"
    assert {path.name for path in model.parent.iterdir()} == {"model.py", "pyproject.toml"}


def kill_at_random(model: Path, times: int) -> set[bytes]:
    """The contents that a killed run leaves, killed at so many moments from its start to its end."""
    argv = [sys.executable, "-m", "packlint", "--isolated", "--fix", "model.py"]
    begin = time.monotonic()
    subprocess.run(argv, cwd=model.parent, check=True, capture_output=True)
    took = time.monotonic() - begin
    found = {model.read_bytes()}
    for number in range(times):
        model.write_text(SAFE)
        process = subprocess.Popen(argv, cwd=model.parent, stdout=subprocess.DEVNULL, start_new_session=True)
        time.sleep(took * (0.6 + 0.5 * number / times))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        found.add(model.read_bytes())
    return found


def test_a_killed_run_leaves_the_old_file_or_the_new_one(model: Path) -> None:
    """A tenth of the moments; `PACKLINT_KILLS=200` tries them all."""
    assert kill_at_random(model, int(os.environ.get("PACKLINT_KILLS", "20"))) <= {SAFE.encode(), FIXED.encode()}


# --- notebooks ---


def notebook(cells: Sequence[str | list[str]], **layout: object) -> str:
    """A notebook of code cells with outputs, between cells of text."""
    shown: list[object] = [{"cell_type": "markdown", "metadata": {}, "source": ["# pack\n", "them"]}]
    for count, source in enumerate(cells):
        output = {"name": "stdout", "output_type": "stream", "text": ["\u00e9 lengths, batch"]}
        shown.append(
            {
                "cell_type": "code",
                "execution_count": count,
                "id": f"c{count}",
                "metadata": {"tags": []},
                "outputs": [output],
                "source": source,
            }
        )
    whole = {"cells": shown, "metadata": {"kernelspec": {"name": "python3"}}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, **layout)  # type: ignore[arg-type]


def cut(text: str) -> list[str]:
    """A file in three cells."""
    head, rest = text.split("\n\n\n", 1)
    middle, end = rest.split("\n\n\n", 1)
    return [f"%matplotlib inline\n{head}", middle, end.rstrip("\n")]


@pytest.mark.parametrize("layout", [{}, {"indent": 1}, {"indent": "\t", "ensure_ascii": False}], ids=str)
@pytest.mark.parametrize("listed", [False, True])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_notebook_is_edited_in_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], layout: dict[str, object], listed: bool, newline: str
) -> None:
    def written(text: str) -> bytes:
        cells = [cell.splitlines(keepends=True) if listed else cell for cell in cut(text)]
        return notebook(cells, **layout).replace("\n", newline).encode()

    file = tmp_path / "model.ipynb"
    file.write_bytes(written(SAFE))
    assert run("--fix", str(file), capsys=capsys) == (0, "1 fixed, 0 left.\n", "")
    assert file.read_bytes() == written(FIXED)


def test_an_import_goes_into_the_cell_of_the_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "model.ipynb"
    file.write_text(notebook(cut(f"{UNSAFE}\n\nx = 1\n")))
    assert run("--fix", "--unsafe-fixes", str(file), capsys=capsys) == (0, "1 fixed, 0 left.\n", "")
    first = json.loads(file.read_text())["cells"][1]["source"]
    assert first.splitlines() == [
        "%matplotlib inline",
        "from torch import nn",
        "from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence",
    ]


def test_a_line_with_a_magic_is_not_edited(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "model.ipynb"
    text = SAFE.replace("        packed =", "        packed = %time").replace(
        "packed = %time pack", "packed = %time pack"
    )
    file.write_text(notebook(cut(text)))
    code, _, err = run("--fix", str(file), capsys=capsys)
    assert (code, file.read_text()) == (2, notebook(cut(text)))
    assert err.endswith("model.ipynb: not fixed: a line of a cell is no Python as it stands\n")


# --- fixers that fail ---


class Broken:
    """Fixers of which one thing is wrong."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.refused: list[str | None] = [None]
        self.rows = [frozenset[int]()]
        self.imports = [False]

    def rewrite(self, text: str, fixes: Sequence[Fix]) -> Broken:
        if not self.text:
            raise RuntimeError("no\nidea")
        return self


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "not fixed: RuntimeError: no idea"),
        ("class (\n", "does not parse as Python "),
        (SAFE.replace("enforce_sorted=False", "enforce_sorted=True"), "not fixed: PCK204 is found again in what came "),
        (FIXED + UNSAFE, "not fixed: PCK102 is found newly in what came of it"),
    ],
)
def test_a_fixer_that_fails_leaves_the_file(
    model: Path, monkeypatch: pytest.MonkeyPatch, text: str, error: str
) -> None:
    task = Task(str(model), str(model.parent), frozenset({"PCK204", "PCK102"}), ProjectFacts())
    finding = check_file(task).findings[0]
    monkeypatch.setattr(fixing, "import_module", lambda _: Broken(text))
    came = fix_file(Job(task, model.read_bytes(), (finding,), unsafe=False))
    assert came.error is not None
    assert came.error.startswith(error)
    assert (came.checked, model.read_text()) == (None, SAFE)


def test_a_place_that_is_gone_is_told() -> None:
    pytest.importorskip("libcst")
    from packlint.fixers import rewrite

    came = rewrite("x = 1\n", [Fix("safe", "", "", (EnforceSorted(Span(1, 0, 1, 3)),))])
    assert (came.text, came.refused) == ("x = 1\n", ["the expression in line 1 is not where it was"])


# --- what holds at run time ---

UNSAFE_WORDS = ("--fix", "--unsafe-fixes", "--verify", "model.py")


def test_what_fails_at_run_time_is_not_written(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch", reason="PyTorch is not installed")
    model.write_text(LYING + PADDED.replace("from torch import nn\n", ""))
    code, out, err = run(*UNSAFE_WORDS, capsys=capsys)
    refused, counted = err.splitlines()
    said = (
        r"packlint: model\.py:22: PCK101 not fixed: verify: site agreement fails \(sequence \d, error \d\.\de[-+]\d\d\)"
    )
    assert re.fullmatch(said, refused)
    assert (code, counted) == (1, "packlint: Verified 2 fixes: 1 passed, 1 failed")
    assert out.count(" = fix (display): pack the batch") == 1
    assert "(verify: site agreement fails (sequence" in out
    assert out.splitlines()[-1] == "1 fixed, 1 left."
    text = model.read_text()
    assert (text.count("pack_padded_sequence("), text.count("self.rnn(self.embed(ids))")) == (1, 1)
    assert text.index("class Tagger") < text.index("pack_padded_sequence(")


def test_what_nobody_can_run_is_not_written_where_that_is_required(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch", reason="PyTorch is not installed")
    model.write_text(ODD + PADDED.replace("from torch import nn\n", ""))
    code, out, err = run(*UNSAFE_WORDS, "--require-verified", capsys=capsys)
    assert (code, out.splitlines()[-1]) == (2, "1 fixed, 1 left.")
    lines = err.splitlines()
    assert lines[0].startswith("packlint: model.py:11: PCK101 not fixed: verify: unverified: Odd(table): AttributeErr")
    assert lines[1].startswith("packlint: Verified 2 fixes: 1 passed, 1 unverified (Odd(table): AttributeError")
    assert model.read_text().count("pack_padded_sequence(") == 1


def test_a_diff_of_what_passes(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch", reason="PyTorch is not installed")
    model.write_text(PADDED)
    code, out, err = run("--diff", *UNSAFE_WORDS[1:], capsys=capsys)
    assert (code, out.count("pack_padded_sequence(")) == (1, 1)
    assert err == "packlint: Verified 1 fix: 1 passed\npacklint: 1 finding would be fixed\n"
    assert model.read_text() == PADDED


def test_a_wrong_fixer_is_found_out(
    model: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch", reason="PyTorch is not installed")
    fixers = import_module("packlint.fixers")
    right = fixers.rewrite

    def wrong(text: str, fixes: Sequence[Fix]) -> Rewritten:
        new: Rewritten = right(text, fixes)
        assert "torch.as_tensor(lengths, " in new.text
        return replace(new, text=new.text.replace("torch.as_tensor(lengths, ", "torch.as_tensor(lengths + 1, "))  # type: ignore[type-var]

    monkeypatch.setattr(fixers, "rewrite", wrong)
    model.write_text(PADDED)
    code, _, err = run(*UNSAFE_WORDS, capsys=capsys)
    assert (code, err.splitlines()[-1]) == (1, "packlint: Verified 1 fix: 1 failed")
    assert "packlint: model.py:11: PCK101 not fixed: verify: " in err
    assert model.read_text() == PADDED


def test_standard_input_is_verified(
    model: Path, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch", reason="PyTorch is not installed")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(LYING.encode())))
    assert main(["--isolated", "-j1", "--fix", "--unsafe-fixes", "--verify", "-"]) == 1
    out, err = capfdbinary.readouterr()
    assert out.decode() == LYING
    assert b"packlint: -:22: PCK101 not fixed: verify: site agreement fails" in err


def test_nothing_is_written_where_nothing_can_be_run(
    model: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    venv.create(tmp_path / "bare", with_pip=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bare" / "bin" / "python"))
    said = "packlint: verify needs PyTorch: pip install 'packlint[verify]'\n"
    assert run("--fix", "--verify", "model.py", capsys=capsys) == (2, "", said)
    assert model.read_text() == SAFE


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--verify"], "--verify: --fix or --diff says what becomes of the fixes"),
        (["--verify", "--unsafe-fixes"], "--verify: --fix or --diff says what becomes of the fixes"),
        (["--fix", "--require-verified"], "--require-verified: goes with --verify"),
    ],
)
def test_verify_goes_with_fixes(model: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str) -> None:
    code, out, err = run(*words, "model.py", capsys=capsys)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"packlint: error: {said}")
    assert model.read_text() == SAFE
