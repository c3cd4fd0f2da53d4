"""Discovery: which files of a folder are checked, and what is said of those that cannot be."""

from __future__ import annotations

import builtins
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from packlint.files import project_root
from tests.conftest import BROKEN, Ran

Lint = Callable[..., Ran]


def write(folder: Path, *names: str, text: str = BROKEN) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def names(ran: Ran) -> list[str]:
    return [place.split()[0] for place in ran.places]


def test_python_files_and_notebooks(folder: Path, lint: Lint) -> None:
    write(folder, "a.py", "b.pyw", "c.pyi", "d.txt", "sub/e.py", "sub/.hidden/f.py")
    assert names(lint(".")) == ["a.py", "b.pyw", "sub/.hidden/f.py", "sub/e.py"]


def test_a_named_file_is_checked_whatever_its_name(folder: Path, lint: Lint) -> None:
    write(folder, "a.txt", "build/b.py")
    assert names(lint("a.txt", "build/b.py", "./a.txt", ".")) == ["a.txt", "build/b.py"]


def test_the_defaults_of_exclude(folder: Path, lint: Lint) -> None:
    write(folder, "a.py", "venv/a.py", "x/build/lib/a.py", ".git/a.py", "site-packages/a.py", "node_modules/a.py")
    assert names(lint(".")) == ["a.py"]
    assert names(lint("site-packages")) == ["site-packages/a.py"]


def test_exclude_and_extend_exclude(folder: Path, lint: Lint) -> None:
    write(folder, "a.py", "b.py", "sub/c.py", "venv/d.py")
    assert names(lint(".", "--exclude", "b.py,sub")) == ["a.py", "venv/d.py"]
    assert names(lint(".", "--extend-exclude", "b.py", "--extend-exclude", "s*")) == ["a.py"]
    assert names(lint("b.py", "--exclude", "b.py")) == ["b.py"]


def test_force_exclude(folder: Path, lint: Lint) -> None:
    write(folder, "a.py", "venv/deep/b.py")
    assert names(lint("a.py", "venv/deep/b.py", "--force-exclude")) == ["a.py"]
    assert lint("venv", "--force-exclude").code == 0
    write(folder, "pyproject.toml", text="[tool.packlint]\nforce-exclude = true\n")
    assert lint("venv/deep/b.py").code == 0
    assert lint("venv/deep/b.py", "--no-force-exclude").code == 1


def test_force_exclude_says_nothing_of_what_the_project_lies_in(
    folder: Path, lint: Lint, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, "build/a/setup.cfg", "build/a/venv/b.py", "build/a/sub/c.py", "build/d/e.py")
    for project, files in ((folder / "build" / "a", ["sub/c.py"]), (folder / "build", ["a/sub/c.py", "d/e.py"])):
        monkeypatch.chdir(project)
        assert names(lint(".", "--force-exclude")) == files
        every = [str(path) for path in project.rglob("*.py")]
        assert names(lint(*every, "--force-exclude")) == files
    monkeypatch.chdir(folder)
    assert names(lint(".", "build/a", "build/d/e.py", "--force-exclude")) == []
    monkeypatch.chdir("/")
    assert lint(str(folder / "build" / "d" / "e.py"), "--force-exclude").places == []  # the folder it is run in has one


def test_exclude_of_a_configuration_is_relative_to_it(folder: Path, lint: Lint) -> None:
    write(folder, "sub/a/x.py", "sub/b/x.py", "a/x.py")
    write(folder, "sub/pyproject.toml", text="[tool.packlint]\nextend-exclude = ['a/x.py']\n")
    assert names(lint(".")) == ["a/x.py", "sub/b/x.py"]


def git(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    subprocess.run(["git", "init", "-q", "."], cwd=folder, check=True)


def test_gitignore(folder: Path, lint: Lint) -> None:
    git(folder)
    write(folder, "a.py", "made/b.py", "sub/keep_c.py", "sub/c.py", "sub/made/d.py", "e.py", "f.py")
    write(folder, ".gitignore", text="# a comment\nmade/\n*c.py\n/f.py\n")
    write(folder, "sub/.gitignore", text="!keep_c.py\n")
    write(folder, ".git/info/exclude", text="e.py\n")
    assert names(lint(".")) == ["a.py", "sub/keep_c.py"]
    assert names(lint("sub")) == ["sub/keep_c.py"]
    assert names(lint("made")) == ["made/b.py"]  # asked for by name
    everything = ["a.py", "e.py", "f.py", "made/b.py", "sub/c.py", "sub/keep_c.py", "sub/made/d.py"]
    assert names(lint(".", "--no-respect-gitignore")) == everything
    write(folder, "pyproject.toml", text="[tool.packlint]\nrespect-gitignore = false\n")
    assert names(lint(".")) == everything


def test_gitignore_without_the_library_that_reads_it(folder: Path, lint: Lint, monkeypatch: pytest.MonkeyPatch) -> None:
    git(folder)
    write(folder, "a.py", "sub/c.py")
    write(folder, ".gitignore", text="b.py\n")
    monkeypatch.setitem(sys.modules, "pathspec", None)
    ran = lint(".")
    assert (ran.code, ran.err) == (2, "packlint: error: pathspec is needed here: pip install pathspec\n")
    assert names(lint("sub", ".", "--no-respect-gitignore")) == ["a.py", "sub/c.py"]


def test_gitignore_is_read_in_repositories_alone(folder: Path, lint: Lint) -> None:
    write(folder, "a.py", "b.py")
    write(folder, ".gitignore", text="b.py\n")
    assert names(lint(".")) == ["a.py", "b.py"]


def test_gitignore_of_the_outer_repository_says_nothing_of_the_inner_one(folder: Path, lint: Lint) -> None:
    git(folder)
    git(folder / "inner")
    write(folder, "a.py", "inner/a.py")
    write(folder, ".gitignore", text="a.py\n")
    assert names(lint(".")) == ["inner/a.py"]


def test_a_gitignore_that_makes_no_sense_ignores_nothing(folder: Path, lint: Lint) -> None:
    git(folder)
    write(folder, "a.py")
    (folder / ".gitignore").write_bytes(b"!\n\xff\n[z-a]\n")
    assert names(lint(".")) == ["a.py"]


def test_a_missing_path(folder: Path, lint: Lint) -> None:
    write(folder, "a.py")
    ran = lint("none.py", "a.py", "nor/this")
    assert (ran.code, names(ran)) == (2, ["a.py"])
    assert ran.err == "packlint: none.py: no such file or folder\npacklint: nor/this: no such file or folder\n"


def test_an_empty_path_is_not_the_working_folder(folder: Path, lint: Lint) -> None:
    write(folder, "a.py", "b.py")
    ran = lint("", "a.py")
    assert (ran.code, names(ran), ran.err) == (2, ["a.py"], "packlint: '': no such file or folder\n")


def test_a_path_of_two_lines_is_one_line(folder: Path, lint: Lint) -> None:
    ran = lint("a\nb\r.py")
    assert (ran.code, ran.err) == (2, "packlint: a\\nb\\r.py: no such file or folder\n")


def test_an_unreadable_file(folder: Path, lint: Lint, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder, "a.py", "b.py")

    def refusing(honest: Callable[..., object]) -> Callable[..., object]:
        def refuse(path: str, *rest: object, **more: object) -> object:
            if str(path).endswith("a.py"):
                raise PermissionError(13, "Permission denied", path)
            return honest(path, *rest, **more)

        return refuse

    for module in (builtins, os):  # root, who may run the tests, can read everything
        monkeypatch.setattr(module, "open", refusing(module.open))
    for words in (["."], ["a.py", "b.py"]):
        ran = lint(*words)
        assert (ran.code, names(ran), ran.err) == (2, ["b.py"], "packlint: a.py: Permission denied\n")


def test_a_folder_without_python(folder: Path, lint: Lint) -> None:
    write(folder, "docs/a.md", "a.py")
    ran = lint("docs", "a.py")
    assert (ran.code, names(ran)) == (1, ["a.py"])
    assert ran.err == "packlint: docs: no Python files in this folder\n"
    assert lint("docs").code == 0


def test_a_folder_named_like_a_file_is_a_folder(folder: Path, lint: Lint) -> None:
    write(folder, "x.py/a.py", "b.py")
    assert names(lint(".")) == ["b.py", "x.py/a.py"]


def test_a_dangling_link(folder: Path, lint: Lint) -> None:
    write(folder, "a.py")
    (folder / "gone.py").symlink_to("nowhere.py")
    ran = lint(".")
    assert (ran.code, names(ran), ran.err) == (2, ["a.py"], "packlint: gone.py: No such file or directory\n")
    ran = lint("gone.py", "a.py")
    assert (ran.code, names(ran), ran.err) == (2, ["a.py"], "packlint: gone.py: No such file or directory\n")


def test_loops_of_links(folder: Path, lint: Lint) -> None:
    write(folder, "a.py", "sub/b.py")
    (folder / "sub" / "up").symlink_to("..")
    (folder / "one.py").symlink_to("two.py")
    (folder / "two.py").symlink_to("one.py")
    ran = lint(".")
    assert (ran.code, names(ran)) == (2, ["a.py", "sub/b.py"])
    assert ran.err.splitlines() == [
        "packlint: one.py: Too many levels of symbolic links",
        "packlint: two.py: Too many levels of symbolic links",
    ]


def test_a_link_to_a_file_is_a_file(folder: Path, lint: Lint) -> None:
    write(folder, "sub/a.txt")
    (folder / "a.py").symlink_to("sub/a.txt")
    assert names(lint(".")) == ["a.py"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_in_a_folder_is_left_alone(folder: Path, lint: Lint) -> None:
    write(folder, "a.py")
    os.mkfifo(folder / "pipe.py")
    assert names(lint(".")) == ["a.py"]


def test_a_folder_that_cannot_be_listed(folder: Path, lint: Lint, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder, "a.py", "sub/b.py")
    scandir = os.scandir

    def refuse(path: str) -> object:
        if path.endswith("sub"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    ran = lint(".")
    assert (ran.code, names(ran), ran.err) == (2, ["a.py"], "packlint: sub: Permission denied\n")


def test_a_deep_tree(folder: Path, lint: Lint) -> None:
    deep = folder
    for _ in range(1200):
        deep /= "d"
        deep.mkdir()
    write(deep, "a.py")
    try:
        assert lint(".").code == 1
        assert lint(str(deep / "a.py")).code == 1
    finally:
        # pytest removes its folders by recursion, and would end in the middle of a tree this deep.
        (deep / "a.py").unlink()
        while deep != folder:
            deep.rmdir()
            deep = deep.parent


def test_a_name_that_is_no_utf_8(folder: Path, lint: Lint) -> None:
    Path(os.fsdecode(b"\xff.py")).write_text(BROKEN)
    assert lint(".").code == 1
    assert lint(".", "--output-format=json").findings[0]["filename"] == str(folder / os.fsdecode(b"\xff.py"))


@pytest.mark.parametrize("mark", ["pyproject.toml", "setup.py", "setup.cfg", ".git"])
def test_the_project_is_the_nearest_folder_with_a_mark(folder: Path, mark: str) -> None:
    write(folder, mark, "p/a/__init__.py", "p/a/b/c.py")
    assert project_root(str(folder / "p" / "a" / "b"), "/else") == str(folder)


def test_without_a_mark_it_is_the_topmost_package(tmp_path: Path) -> None:
    write(tmp_path, "p/a/__init__.py", "p/a/b/__init__.py")
    assert project_root(str(tmp_path / "p" / "a" / "b"), "/else") == str(tmp_path / "p" / "a")


def test_without_a_package_it_is_the_argument(tmp_path: Path) -> None:
    write(tmp_path, "p/a/b.py")
    assert project_root(str(tmp_path / "p" / "a"), str(tmp_path / "p")) == str(tmp_path / "p")
