"""Reports are written whole or not at all; pipes and devices get them as they stand."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from packlint.config import OUTPUT_FORMATS
from packlint.writing import write_report
from tests.conftest import BROKEN, run_packlint


def only(folder: Path, *names: str) -> bool:
    """Whether a folder holds these files and nothing that was left behind."""
    return sorted(path.name for path in folder.iterdir()) == sorted(names)


def test_a_new_file_and_an_old_one(tmp_path: Path) -> None:
    file = tmp_path / "out.txt"
    before = os.umask(0o027)
    try:
        write_report(str(file), "first, and longer\n")
    finally:
        os.umask(before)
    assert (file.read_bytes(), stat.S_IMODE(file.stat().st_mode)) == (b"first, and longer\n", 0o640)
    file.chmod(0o604)
    write_report(str(file), "übung \udc80\n")
    assert (file.read_bytes(), stat.S_IMODE(file.stat().st_mode)) == ("übung \\udc80\n".encode(), 0o604)
    assert only(tmp_path, "out.txt")


def test_what_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "out.txt"
    file.write_text("old")

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    for step in ("fsync", "chmod", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(os, step, stopped)
            with pytest.raises(KeyboardInterrupt):
                write_report(str(file), "new")
        assert file.read_text() == "old"
        assert only(tmp_path, "out.txt")


def test_a_read_only_file_stays(tmp_path: Path) -> None:
    file = tmp_path / "out.txt"
    file.write_text("old")
    file.chmod(0o444)
    with pytest.raises(PermissionError):
        write_report(str(file), "new")
    assert file.read_text() == "old"
    assert only(tmp_path, "out.txt")


def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    link = tmp_path / "out.txt"
    link.symlink_to("there/report.txt")
    for text in ("first", "second"):  # to a file that is not there yet, and to one that is
        write_report(str(link), text)
        assert (tmp_path / "there" / "report.txt").read_text() == text
    assert link.is_symlink()


@pytest.mark.parametrize("name", ["", "none/out.txt", "a.txt/out.txt"])
def test_no_place_for_a_file(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(OSError, match="directory"):
        write_report(str(tmp_path / name), "new")
    assert only(tmp_path, "a.txt")
    assert (tmp_path / "a.txt").read_text() == "old"


@pytest.mark.parametrize("output_format", OUTPUT_FORMATS)
def test_every_format_into_a_file(tmp_path: Path, output_format: str) -> None:
    (tmp_path / "a.py").write_text(BROKEN)
    (tmp_path / "out").write_text("old\n" * 10_000)
    both = [f"--output-format={output_format}", f"--output-format={output_format}=out"]
    ran = run_packlint("a.py", "--isolated", "--no-cache", *both, cwd=tmp_path)
    assert (ran.code, ran.err) == (1, "")
    assert (tmp_path / "out").read_text() == ran.out != ""
    lost = [f"--output-format={output_format}=none/out", "--output-format=concise"]
    ran = run_packlint("a.py", "--isolated", "--no-cache", *lost, cwd=tmp_path)
    assert (ran.code, ran.places, ran.err) == (2, ["a.py PCK001"], "packlint: none/out: No such file or directory\n")
    assert only(tmp_path, "a.py", "out")


def in_a_shell(command: str, folder: Path) -> None:
    packlint = f"{sys.executable} -m packlint --isolated a.py"
    environment = {**os.environ, "packlint": packlint, "PYTHONUNBUFFERED": ""}
    subprocess.run(["bash", "-c", command], cwd=folder, env=environment, check=True, timeout=60)


def test_pipes_and_standard_output(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(BROKEN)
    in_a_shell("$packlint --output-format=concise > concise || true", tmp_path)
    in_a_shell("$packlint --output-format=json > json || true", tmp_path)
    concise, json = ((tmp_path / name).read_text() for name in ("concise", "json"))
    in_a_shell("mkfifo pipe; cat pipe > out & $packlint --output-format=json=pipe; wait", tmp_path)
    assert (tmp_path / "out").read_text() == json
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    in_a_shell("$packlint --output-format=json=>(cat > out); sleep 0.2", tmp_path)
    assert (tmp_path / "out").read_text() == json
    # In one file, one behind the other, whichever comes first; what was there stays.
    (tmp_path / "out").write_text("before\n")
    in_a_shell("$packlint --output-format=json=/dev/stdout --output-format=concise >> out || true", tmp_path)
    assert (tmp_path / "out").read_text() == f"before\n{json}{concise}"
    in_a_shell("$packlint --output-format=concise --output-format=json=/dev/stdout | cat > out", tmp_path)
    assert (tmp_path / "out").read_text() == f"{concise}{json}"
    (tmp_path / "out").write_text("before\n")
    in_a_shell("$packlint --output-format=json=/dev/fd/3 3>> out || true", tmp_path)
    assert (tmp_path / "out").read_text() == f"before\n{json}"
    in_a_shell("$packlint -o /dev/stderr --output-format=json 2> out > empty || true", tmp_path)
    assert ((tmp_path / "out").read_text(), (tmp_path / "empty").read_text()) == (json, "")


def test_a_full_device_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(BROKEN)
    ran = run_packlint("a.py", "--isolated", "--output-format=sarif=/dev/full", cwd=tmp_path)
    assert (ran.code, ran.out, ran.err) == (2, "", "packlint: /dev/full: No space left on device\n")
