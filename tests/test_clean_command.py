"""`packlint clean`: it deletes what packlint keeps, and nothing else."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from packlint.cli import main
from tests.conftest import BROKEN, Ran

Clean = Callable[..., Ran]


@pytest.fixture
def clean(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Clean:
    """Run `packlint clean` in this process, in a project that was checked before."""
    for name in ("PACKLINT_CACHE_DIR", "PACKLINT_NO_CACHE"):
        monkeypatch.delenv(name, raising=False)
    (folder / "setup.cfg").touch()
    (folder / "a.py").write_text(BROKEN)
    main([".", "-j1"])
    main([".", "-j1", "--cache-dir=other"])
    capsys.readouterr()

    def run(*words: str) -> Ran:
        code = main(["clean", *words])
        out, err = capsys.readouterr()
        return Ran(code, out, err)

    return run


def test_the_cache_of_the_project_goes(clean: Clean, folder: Path) -> None:
    assert clean() == Ran(0, "", "Removing cache at: .packlint_cache\n")
    assert sorted(os.listdir(folder)) == ["a.py", "other", "setup.cfg"]
    assert clean() == Ran(0, "", "")


def test_from_a_folder_of_the_project(clean: Clean, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "inner").mkdir()
    monkeypatch.chdir(folder / "inner")
    assert clean() == Ran(0, "", f"Removing cache at: {folder / '.packlint_cache'}\n")
    assert not (folder / ".packlint_cache").exists()


@pytest.mark.parametrize("by", ["option", "variable"])
def test_another_cache(clean: Clean, folder: Path, monkeypatch: pytest.MonkeyPatch, by: str) -> None:
    if by == "variable":
        monkeypatch.setenv("PACKLINT_CACHE_DIR", str(folder / "other"))
    assert clean(*["--cache-dir=other"][: by == "option"]) == Ran(0, "", "Removing cache at: other\n")
    assert sorted(os.listdir(folder)) == [".packlint_cache", "a.py", "setup.cfg"]


def test_it_goes_also_where_none_is_wanted_any_more(
    clean: Clean, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PACKLINT_NO_CACHE", "1")
    assert clean().err == "Removing cache at: .packlint_cache\n"
    assert not (folder / ".packlint_cache").exists()


@pytest.mark.parametrize("what", ["file", "folder", "empty", "other tag", "link"])
def test_what_is_no_cache_of_packlint_stays(clean: Clean, folder: Path, what: str) -> None:
    place = folder / "mine"
    if what == "file":
        place.touch()
    elif what == "link":
        place.symlink_to("nowhere")
    else:
        place.mkdir()
    if what in {"folder", "other tag"}:
        (place / f"{'0' * 32}.json").touch()
    if what == "other tag":
        (place / "CACHEDIR.TAG").write_text("Signature: 8a477f597d28d172789f06886806bc55\n# of another tool\n")
    before = sorted(map(str, folder.rglob("*")))
    assert clean("--cache-dir=mine") == Ran(2, "", "packlint: mine: not a cache of packlint, nothing deleted\n")
    assert sorted(map(str, folder.rglob("*"))) == before


def test_files_that_packlint_has_not_made_stay(clean: Clean, folder: Path) -> None:
    cache = folder / ".packlint_cache"
    (cache / "notes.txt").write_text("mine")
    (cache / "notes.json").write_text("mine")
    (cache / ("1" * 32 + ".json")).mkdir()
    (cache / ".packlint-12-34.tmp").touch()  # of a run that was killed
    assert clean() == Ran(
        0,
        "",
        "Removing cache at: .packlint_cache\npacklint: .packlint_cache: what packlint has not made there stays\n",
    )
    assert sorted(os.listdir(cache)) == [".gitignore", "1" * 32 + ".json", "CACHEDIR.TAG", "notes.json", "notes.txt"]
    main([".", "-j1"])  # it is still a cache
    assert len(os.listdir(cache)) == 7


def test_a_link_to_a_cache_stays_and_is_empty(clean: Clean, folder: Path) -> None:
    (folder / "link").symlink_to("other")
    assert clean("--cache-dir=link") == Ran(0, "", "Removing cache at: link\n")
    assert os.listdir(folder / "link") == []
    assert main([".", "-j1", "--cache-dir=link"]) == 1
    assert len(os.listdir(folder / "other")) == 4


def test_what_cannot_be_deleted_is_said(clean: Clean, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr("os.unlink", refuse)
    ran = clean()
    assert (ran.code, ran.err.splitlines()[1:]) == (2, ["packlint: .packlint_cache: Permission denied"])


@pytest.mark.parametrize("words", [["more"], ["--force"], ["--cache-dir"]])
def test_a_wrong_option(clean: Clean, folder: Path, words: list[str]) -> None:
    ran = clean(*words)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("packlint: error: ")
    assert ran.err.endswith(" (`packlint clean --help` lists the options)\n")
    assert (folder / ".packlint_cache").exists()


def test_help(clean: Clean, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        clean("--help")
    assert stop.value.code == 0
    assert "--cache-dir FOLDER" in capsys.readouterr().out


def test_a_path_that_is_called_like_the_command(clean: Clean, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "clean").mkdir()
    (folder / "clean" / "b.py").write_text(BROKEN)
    first = "packlint: `clean` is read as the command; for the path write `./clean`\n"
    assert clean() == Ran(0, "", f"{first}Removing cache at: .packlint_cache\n")
    assert main(["./clean", "-j1"]) == 1
    assert "clean/b.py" in capsys.readouterr().out


def test_a_folder_that_is_gone(clean: Clean, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "inner").mkdir()
    monkeypatch.chdir(folder / "inner")
    (folder / "inner").rmdir()
    ran = clean()
    assert (ran.code, ran.err.startswith("packlint: error: the working folder: ")) == (2, True)
    monkeypatch.chdir(folder)
