"""`--git-diff`: what has come since a commit is shown, and what is older stays silent; on real histories."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from packlint.analysis.texts import Past, Texts
from packlint.git import Hunk, work_tree
from tests.conftest import BROKEN, PADDED, TAGGER, Ran, run_packlint
from tests.test_fix import FIXED, SAFE
from tests.test_notebook import notebook

USAGE = (Path(__file__).parents[1] / "docs" / "usage.md").read_text(encoding="utf-8")

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")

Lint = Callable[..., Ran]

SORTED = """\
import torch
from torch.nn.utils.rnn import pad_sequence


def collate(batch):
    batch.sort(key=len, reverse=True)
    lengths = [len(ids) for ids in batch]
    return pad_sequence([torch.tensor(ids) for ids in batch], batch_first=True), lengths
"""
UNSORTED = SORTED.replace("    batch.sort(key=len, reverse=True)\n", "")
"""With this the model packs what is not sorted: PCK201 in its row 12."""
TRAIN = """\
from torch.utils.data import DataLoader

from data import collate
from model import Tagger


def train(sentences):
    model = Tagger()
    for ids, lengths in DataLoader(sentences, batch_size=4, shuffle=True, collate_fn=collate):
        model(ids, lengths).sum().backward()
"""
GOOD = PADDED.replace(
    "self.rnn(pad_sequence(xs, batch_first=True))", "self.rnn(pack_sequence(xs, enforce_sorted=False))"
).replace("pad_sequence", "pack_sequence")
"""PADDED without its bug."""
EDITED = PADDED.replace("out, _ = self", "out, hidden = self")
AGAIN = PADDED.partition("class Tagger")[2]
CALL = "            out, _ = self.rnn(pad_sequence(xs, batch_first=True))\n"
TWICE = PADDED.replace(CALL[4:], f"        if lengths is None:\n{CALL}        else:\n{CALL}")
"""The bug twice in a function, in lines that are equal: PCK101 in rows 12 and 14."""


class Repository:
    """A repository, and packlint run in it."""

    def __init__(self, folder: Path, lint: Lint) -> None:
        self.folder = folder
        self._lint = lint
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *words: str, cwd: str = ".") -> str:
        done = subprocess.run(["git", *words], cwd=self.folder / cwd, capture_output=True, check=True)
        return done.stdout.decode().strip()

    def write(self, **files: str | bytes | None) -> None:
        """Write files by their names without `.py`; None deletes one."""
        for name, text in files.items():
            path = self.folder / f"{name}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            if text is None:
                path.unlink()
            else:
                path.write_bytes(text if isinstance(text, bytes) else text.encode())

    def commit(self, **files: str | bytes | None) -> None:
        self.write(**files)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "more")

    def branch(self, **files: str | bytes) -> None:
        """Commit files on main and go to a branch."""
        self.commit(**files)
        self.git("checkout", "--quiet", "-b", "topic")

    def shown(self, *words: str, base: str = "main") -> list[str]:
        """The places and codes of what is new; nothing may be said beside it."""
        ran = self.ran(*words, base=base)
        assert ran.err == ""
        places = re.findall(r"^(.+):\d+: (PCK\d+) ", ran.out, re.MULTILINE)
        assert ran.code == bool(places)
        return [f"{place} {code}" for place, code in places]

    def ran(self, *words: str, base: str = "main") -> Ran:
        return self._lint("--git-diff", base, *words)


@pytest.fixture(autouse=True)
def _same_git_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for who in ("AUTHOR", "COMMITTER"):
        for what, value in (("NAME", "a"), ("EMAIL", "a@example.org"), ("DATE", "2024-01-01T00:00:00Z")):
            monkeypatch.setenv(f"GIT_{who}_{what}", value)


@pytest.fixture
def repository(tmp_path: Path, lint: Lint, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """An empty one, that the test runs in."""
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    return Repository(tmp_path / "project", lint)


@pytest.fixture
def other(repository: Repository, tmp_path: Path, lint: Lint) -> Repository:
    """Another one beside it."""
    (tmp_path / "other").mkdir()
    return Repository(tmp_path / "other", lint)


# --- lines ---


def test_nothing_has_changed(repository: Repository) -> None:
    repository.branch(old=PADDED, data=UNSORTED, model=TAGGER, train=TRAIN)
    assert repository.shown() == []


def test_a_bug_on_a_new_line_is_shown(repository: Repository) -> None:
    repository.branch(old=PADDED, tagger=GOOD)
    repository.write(tagger=PADDED)
    assert repository.shown() == ["tagger.py:11 PCK101"]
    repository.git("add", "--all")
    assert repository.shown() == ["tagger.py:11 PCK101"]
    repository.commit()
    assert repository.shown() == ["tagger.py:11 PCK101"]
    assert repository.shown(base="HEAD") == []


def test_an_old_bug_on_a_line_that_was_edited_is_shown(repository: Repository) -> None:
    repository.branch(tagger=PADDED)
    repository.write(tagger=EDITED)
    assert repository.shown() == ["tagger.py:11 PCK101"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("import nn\n", "import nn\n\nX = 1\n"),
        ("        return out\n", "        print(lengths)\n        return out\n"),
        ("class Tagger", "class Labeller"),
        ("def forward(self, xs, lengths)", "def __call__(self, xs, lengths)"),
        ("from torch import nn\n", "import torch\nfrom torch import nn\n"),
        ("        super().__init__()\n", ""),
        ("        return out\n", "        return out  # the end"),
    ],
)
def test_an_old_bug_beside_an_edit_is_not(repository: Repository, before: str, after: str) -> None:
    repository.branch(tagger=PADDED)
    assert before in PADDED
    repository.write(tagger=PADDED.replace(before, after))
    assert repository.ran().out == "All checks passed!\n"
    repository.commit()
    assert repository.shown() == []


def test_lines_around_an_old_bug_are_deleted(repository: Repository) -> None:
    call = "        out, _ = self.rnn(pad_sequence(xs, batch_first=True))\n"
    repository.branch(tagger=PADDED.replace(call, f"        print(xs)\n{call}        print(out)\n"))
    repository.write(tagger=PADDED)
    assert repository.shown() == []


def test_a_line_within_a_call_counts_as_the_call(repository: Repository) -> None:
    call = "self.rnn(pad_sequence(xs, batch_first=True))"
    spread = "self.rnn(\n            # padded\n            pad_sequence(xs, batch_first=True)\n        )"
    repository.branch(tagger=PADDED.replace(call, spread))
    assert repository.shown() == []
    repository.write(tagger=PADDED.replace(call, spread.replace("# padded", "# padded, and not packed")))
    assert repository.shown() == ["tagger.py:11 PCK101"]
    repository.write(tagger=PADDED.replace(call, spread.replace("            # padded\n", "")))
    assert repository.shown() == ["tagger.py:11 PCK101"]


def test_of_two_equal_lines_the_new_one_is_shown(repository: Repository) -> None:
    repository.branch(tagger=TWICE.replace(f"        else:\n{CALL}", ""))
    repository.write(tagger=TWICE)
    assert repository.shown() == ["tagger.py:14 PCK101"]


def test_an_edit_elsewhere_in_the_file_can_be_the_cause(repository: Repository) -> None:
    text = f"{TAGGER}\n\n{SORTED}\n\n{TRAIN}"
    for line in ("from data import collate\n", "from model import Tagger\n"):
        text = text.replace(line, "")
    repository.branch(all=text)
    assert repository.shown() == []
    repository.write(all=text.replace("    batch.sort(key=len, reverse=True)\n", ""))
    assert repository.shown() == ["all.py:12 PCK201"]


def test_a_comment_that_silenced_a_bug_is_gone(repository: Repository) -> None:
    repository.branch(
        line=PADDED.replace("first=True))\n", "first=True))  # noqa\n"), whole=f"# flake8: noqa\n{PADDED}"
    )
    repository.write(line=PADDED, whole=PADDED)
    assert repository.shown() == ["line.py:11 PCK101", "whole.py:11 PCK101"]


def test_what_does_not_parse(repository: Repository) -> None:
    repository.branch(old=BROKEN, new="import torch.nn as nn\nrnn = nn.LSTM(2, 3)\n")
    repository.write(old=f"# still broken\n{BROKEN}", new=BROKEN)
    assert repository.shown() == ["new.py:2 PCK001"]


def test_what_was_no_text_has_no_old_findings(repository: Repository) -> None:
    repository.branch(tagger=b"# \xff\n" + PADDED.encode())
    repository.write(tagger=PADDED)
    assert repository.shown() == ["tagger.py:11 PCK101"]


# --- causes in other files ---


def test_an_edit_of_the_collate_function_is_shown_where_it_breaks_the_model(repository: Repository) -> None:
    repository.branch(data=SORTED, model=TAGGER, train=TRAIN, old=PADDED)
    repository.write(data=UNSORTED)
    assert repository.shown() == ["model.py:12 PCK201"]
    assert repository.shown("model.py") == ["model.py:12 PCK201"]
    assert repository.shown("data.py", "train.py", "old.py") == []
    repository.commit()
    assert repository.shown() == ["model.py:12 PCK201"]  # from the cache
    assert repository.shown("--no-cache", "-j2") == ["model.py:12 PCK201"]


@pytest.mark.parametrize(
    "after",
    [
        UNSORTED.replace("ids", "words"),
        UNSORTED.replace("import torch\n", "import torch\n\nSIZE = 4\n"),
        UNSORTED.replace("    lengths =", "    # in the order that comes\n    lengths ="),
        f"{UNSORTED}\n\ndef of_one(ids):\n    return collate([ids])\n",
    ],
)
def test_an_edit_that_changes_nothing_for_the_model_shows_nothing(repository: Repository, after: str) -> None:
    repository.branch(data=UNSORTED, model=TAGGER, train=TRAIN)
    repository.write(data=after)
    assert repository.shown() == []
    assert repository.ran("--no-cache").out == "All checks passed!\n"


def test_the_only_place_that_packs_is_edited(repository: Repository) -> None:
    model = TAGGER.replace("pack_padded_sequence(self.embed(ids), lengths, batch_first=True)", "ids")
    packs = "model(pack_padded_sequence(ids, lengths, batch_first=True, enforce_sorted=False), lengths)"
    train = TRAIN.replace("model(ids, lengths)", packs)
    train = f"from torch.nn.utils.rnn import pack_padded_sequence\n{train}"
    data = SORTED.replace("torch.tensor(ids)", "torch.rand(len(ids), 16)")
    repository.branch(data=data, model=model, train=train)
    assert repository.shown(base="HEAD") == []
    repository.write(train=train.replace(packs, "model(ids, lengths)"))
    assert repository.shown() == ["model.py:13 PCK101"]


def test_a_file_that_is_deleted_is_a_change(repository: Repository) -> None:
    repository.branch(data=SORTED, **{"data/__init__": UNSORTED}, model=TAGGER, train=TRAIN)
    repository.write(data=None)  # so that the package is what train.py imports
    assert repository.shown() == ["model.py:12 PCK201"]
    repository.commit()
    assert repository.shown() == ["model.py:12 PCK201"]


def test_a_file_that_is_new_is_a_change(repository: Repository) -> None:
    repository.branch(**{"data/__init__": SORTED}, model=TAGGER, train=TRAIN)
    repository.write(data=UNSORTED)
    assert repository.shown() == ["model.py:12 PCK201"]


def test_deleted_and_new_files_that_nobody_asks_about(repository: Repository) -> None:
    repository.branch(data=UNSORTED, model=TAGGER, train=TRAIN, other=SORTED)
    repository.write(other=None, another=SORTED, more=GOOD)
    assert repository.shown() == []


def test_the_caller_is_deleted(repository: Repository) -> None:
    unpacked = TAGGER.replace(
        "import pack_padded_sequence", "import pack_padded_sequence, pad_packed_sequence"
    ).replace(
        "_, (h_n, _) = self.lstm(packed)\n        return h_n[-1]",
        "return pad_packed_sequence(self.lstm(packed)[0], batch_first=True)[0]",
    )
    spread = TRAIN.replace("model = Tagger()", "model = nn.DataParallel(Tagger())")
    repository.branch(model=unpacked, train=f"from torch import nn\n{spread}", data=SORTED)
    repository.write(train=None)
    assert repository.shown("--select", "PCK402") == ["model.py:13 PCK402"]
    assert repository.shown("--select", "PCK401") == []


# --- names ---


def test_a_renamed_file_has_its_old_findings(repository: Repository) -> None:
    repository.branch(old=PADDED)
    repository.git("mv", "old.py", "new.py")
    assert repository.shown() == []
    repository.commit()
    assert repository.shown() == []
    repository.write(new=EDITED)
    assert repository.shown() == ["new.py:11 PCK101"]
    repository.write(new=f"X = 1\n{PADDED}")
    assert repository.shown() == []


def test_a_file_that_git_was_not_told_to_be_renamed(repository: Repository) -> None:
    repository.branch(old=PADDED)
    (repository.folder / "old.py").rename(repository.folder / "new.py")
    assert repository.shown() == []
    repository.write(new=f"X = 1\n{PADDED}")
    assert repository.shown() == ["new.py:12 PCK101"]  # git pairs it as soon as it is staged
    repository.git("add", "--all")
    assert repository.shown() == []


def test_a_folder_is_renamed(repository: Repository) -> None:
    repository.branch(**{"one/data": UNSORTED}, **{"one/model": TAGGER}, **{"one/train": TRAIN})
    repository.git("mv", "one", "two")
    assert repository.shown() == []
    repository.write(**{"two/data": UNSORTED.replace("len(ids) for", "int(len(ids)) for")})
    assert repository.shown() == []


def test_a_renamed_file_is_broken_by_another(repository: Repository) -> None:
    repository.branch(data=SORTED, model=TAGGER, train=TRAIN)
    repository.git("mv", "model.py", "tagger.py")
    repository.write(data=UNSORTED, train=TRAIN.replace("from model", "from tagger"))
    assert repository.shown() == ["tagger.py:12 PCK201"]


def test_names_are_swapped(repository: Repository) -> None:
    repository.branch(one=PADDED, two=GOOD)
    repository.write(one=GOOD, two=PADDED)
    assert repository.shown() == ["two.py:11 PCK101"]  # to git these are two edits


def test_odd_names(repository: Repository) -> None:
    names = ["with space", "newline\nin it", 'quo"te', "tab\t", "läng", "-dash", "[ab]*", ":x", "a\\b", "#"]
    repository.branch(**dict.fromkeys(names, PADDED), **{f"{name}/{name}": PADDED for name in names}, a=PADDED)
    assert repository.shown() == []
    repository.write(**dict.fromkeys(names, EDITED), **{f"{name}/{name}": f"X = 1\n{PADDED}" for name in names})
    for paths in ([], [f"./{name}.py" for name in names]):
        found = repository.ran("--output-format=json", *paths).findings
        assert [one["filename"] for one in found] == sorted(str(repository.folder / f"{name}.py") for name in names)


def test_a_name_that_is_no_utf_8(repository: Repository) -> None:
    repository.branch(**{os.fsdecode(b"a\xff"): PADDED})
    repository.write(**{os.fsdecode(b"a\xff"): f"X = 1\n{PADDED}", os.fsdecode(b"b\xfe"): PADDED})
    assert repository.shown() == ["b\\udcfe.py:11 PCK101"]


def test_a_file_of_another_suffix_that_is_named(repository: Repository) -> None:
    repository.commit()
    (repository.folder / "script").write_text(PADDED)
    repository.branch()
    (repository.folder / "new").write_text(PADDED)
    (repository.folder / "script").write_text(PADDED.replace("import nn\n", "import nn\n\nX = 1\n"))
    assert repository.shown("script", "new") == ["new:11 PCK101"]
    (repository.folder / "script").write_text(EDITED)
    assert repository.shown("script") == ["script:11 PCK101"]


# --- histories ---


def test_what_a_merge_brought_from_main_is_not_shown(repository: Repository) -> None:
    repository.branch(tagger=GOOD, data=SORTED, model=TAGGER, train=TRAIN)
    repository.commit(own=PADDED)
    repository.git("checkout", "--quiet", "main")
    repository.commit(tagger=PADDED, data=UNSORTED)
    repository.git("checkout", "--quiet", "topic")
    assert repository.shown() == ["own.py:11 PCK101"]
    repository.git("merge", "--quiet", "main")
    assert repository.shown() == ["own.py:11 PCK101"]


def test_what_main_has_fixed_since_is_not_shown(repository: Repository) -> None:
    repository.branch(tagger=PADDED)
    repository.git("checkout", "--quiet", "main")
    repository.commit(tagger=GOOD)
    repository.git("checkout", "--quiet", "topic")
    assert repository.shown() == []


def test_a_merge_that_is_not_done(repository: Repository) -> None:
    repository.branch(tagger=GOOD, other=PADDED)
    repository.commit(tagger=GOOD.replace("xs", "ys"), other=None)
    repository.git("checkout", "--quiet", "main")
    repository.commit(tagger=PADDED, other=f"X = 1\n{PADDED}")
    repository.git("checkout", "--quiet", "topic")
    with pytest.raises(subprocess.CalledProcessError):
        repository.git("merge", "--quiet", "main")
    assert repository.shown() == ["tagger.py:10 PCK001"]  # the mark of a conflict


def test_a_shallow_clone(repository: Repository, lint: Lint, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    repository.branch(old=PADDED)
    repository.commit(new=PADDED)
    repository.git("checkout", "--quiet", "main")
    repository.commit(more=GOOD)
    url = f"file://{repository.folder}"
    clone = tmp_path / "clone"
    repository.git("clone", "--quiet", "--depth=1", "--branch=topic", url, str(clone))
    monkeypatch.chdir(clone)
    ran = lint("--git-diff", "origin/main")
    assert (ran.code, ran.out) == (2, "")
    said = f"packlint: --git-diff origin/main: no such commit in {clone} (`git fetch origin main`)\n"
    assert ran.err == said
    refs = "+refs/heads/main:refs/remotes/origin/main"
    repository.git("fetch", "--quiet", "--depth=1", "origin", refs, cwd=str(clone))
    ran = lint("--git-diff", "origin/main")
    assert (ran.code, ran.places) == (1, ["new.py PCK101"])
    assert ran.err == (
        f"packlint: {clone}: no common ancestor of origin/main and HEAD is known, so that origin/main itself is "
        "compared (the clone is shallow: `git fetch --unshallow` brings its history)\n"
    )
    repository.git("fetch", "--quiet", "--unshallow", "origin", cwd=str(clone))
    assert lint("--git-diff", "origin/main") == Ran(1, ran.out, "")


def test_histories_that_have_nothing_in_common(repository: Repository) -> None:
    repository.commit(old=PADDED)
    repository.git("checkout", "--quiet", "--orphan", "topic")
    ran = repository.ran()  # HEAD is no commit yet
    why = f"{repository.folder}: no common ancestor of main and HEAD is known, so that main itself is compared"
    assert (ran.code, ran.out, ran.err) == (0, "All checks passed!\n", f"packlint: {why}\n")
    repository.commit(new=PADDED)
    ran = repository.ran()
    assert (ran.code, ran.places, ran.err) == (1, ["new.py PCK101"], f"packlint: {why}\n")


def test_a_tag_and_a_former_commit(repository: Repository) -> None:
    repository.commit(one=PADDED)
    repository.git("tag", "--annotate", "--message=first", "v1")
    repository.commit(two=PADDED)
    assert repository.shown(base="v1") == ["two.py:11 PCK101"]
    assert repository.shown(base="HEAD~1") == ["two.py:11 PCK101"]
    assert repository.shown(base="HEAD") == []


# --- what lies around ---


def test_untracked_files_are_new_and_ignored_ones_are_not(repository: Repository) -> None:
    (repository.folder / ".gitignore").write_text("ignored.py\n")
    repository.branch(old=PADDED)
    repository.write(new=PADDED, ignored=PADDED, **{"sub/new": PADDED})
    assert repository.shown() == ["new.py:11 PCK101", "sub/new.py:11 PCK101"]
    assert repository.shown("ignored.py") == []
    repository.git("add", "--intent-to-add", "new.py")
    assert repository.shown("new.py") == ["new.py:11 PCK101"]


def test_a_file_that_git_forgot_is_still_there(repository: Repository) -> None:
    repository.branch(old=PADDED)
    repository.git("rm", "--quiet", "--cached", "old.py")
    assert repository.shown() == []


def test_what_a_sparse_checkout_leaves_out_was_not_there_either(repository: Repository) -> None:
    repository.branch(data=SORTED, **{"data/__init__": UNSORTED}, model=TAGGER, train=TRAIN)
    repository.commit(data=f"X = 1\n{SORTED}")
    repository.git("sparse-checkout", "set", "--no-cone", "/*", "!/data.py")
    assert not (repository.folder / "data.py").exists()
    assert repository.shown() == []


def test_line_ends_are_no_change(repository: Repository) -> None:
    windows = PADDED.replace("\n", "\r\n")
    repository.branch(to_windows=PADDED, from_windows=windows, odd=PADDED.replace("\n", "\r"))
    repository.write(to_windows=windows, from_windows=PADDED, odd=PADDED)
    assert repository.shown() == []
    edited = EDITED.replace("\n", "\r\n")
    repository.write(to_windows=edited, odd=EDITED.replace("\n", "\r"))
    assert repository.shown() == ["odd.py:11 PCK101", "to_windows.py:11 PCK101"]


def test_git_changes_line_ends(repository: Repository) -> None:
    repository.git("config", "core.autocrlf", "true")
    repository.branch(old=PADDED, data=UNSORTED, model=TAGGER, train=TRAIN)
    for path in repository.folder.glob("*.py"):
        path.unlink()
    repository.git("checkout", "--quiet", "--", ".")
    assert (repository.folder / "old.py").read_bytes().count(b"\r\n") == PADDED.count("\n")
    assert repository.shown() == []
    repository.write(old=f"X = 1\n{PADDED}".replace("\n", "\r\n"))
    assert repository.shown() == []


def test_other_encodings(repository: Repository) -> None:
    text = f"# Länge\n{PADDED}"
    repository.branch(wide=text.encode("utf-16"), latin=b"# coding: latin-1\n" + text.encode("latin-1"))
    repository.write(wide=text.encode(), latin=b"# coding: latin-1\nX = 1\n" + text.encode("latin-1"))
    assert repository.shown() == []


def test_notebooks(repository: Repository) -> None:
    repository.commit()
    book = repository.folder / "a.ipynb"
    book.write_bytes(notebook("X = 1", PADDED))
    repository.branch()
    assert repository.shown() == []
    book.write_bytes(notebook("X = 2", None, "Y = 1", f"Z = 1\n{PADDED}"))
    assert repository.shown() == []
    book.write_bytes(json.dumps(json.loads(book.read_text()), indent=1).encode())
    assert repository.shown() == []
    book.write_bytes(notebook("X = 1", EDITED))
    assert repository.shown() == ["a.ipynb:cell 2:11 PCK101"]
    book.write_bytes(notebook("X = 1", PADDED, PADDED.replace("Tagger", "Reader")))
    assert repository.shown() == ["a.ipynb:cell 3:11 PCK101"]


def test_a_subfolder(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    repository.branch(data=SORTED, train=TRAIN, model=TAGGER, **{"sub/old": PADDED})
    repository.write(data=UNSORTED, **{"sub/new": PADDED})
    assert repository.shown("sub") == ["sub/new.py:11 PCK101"]
    monkeypatch.chdir(repository.folder / "sub")
    assert repository.shown() == ["new.py:11 PCK101"]
    assert repository.shown("..") == [f"{repository.folder}/model.py:12 PCK201", "new.py:11 PCK101"]


def test_the_model_lies_in_a_subfolder_and_the_cause_does_not(repository: Repository) -> None:
    repository.branch(data=SORTED, train=TRAIN.replace("from model", "from sub.model"), **{"sub/model": TAGGER})
    repository.write(data=UNSORTED)
    assert repository.shown("sub") == ["sub/model.py:12 PCK201"]


def test_the_cause_lies_outside_of_the_project(repository: Repository) -> None:
    model = f"{TAGGER}\n\n{TRAIN}".replace("from model import Tagger\n", "").replace("from data", "from ..data")
    repository.branch(data=SORTED, **{"sub/model": model, "sub/setup": "", "sub/old": PADDED})
    repository.write(data=UNSORTED)
    assert repository.shown() == ["sub/model.py:12 PCK201"]


def test_a_work_tree_of_its_own(repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository.commit(old=PADDED)
    linked = tmp_path / "linked"
    repository.git("worktree", "add", "--quiet", "-b", "topic", str(linked))
    (linked / "new.py").write_text(PADDED)
    monkeypatch.chdir(linked)
    assert repository.shown() == ["new.py:11 PCK101"]


def test_a_path_that_leads_through_a_link(repository: Repository, tmp_path: Path) -> None:
    repository.branch(**{"old": PADDED, "sub/old": PADDED, "sub/new": GOOD})
    repository.write(**{"old": EDITED, "sub/new": PADDED})
    outside, inside = tmp_path / "all", repository.folder / "part"
    outside.symlink_to(repository.folder)
    inside.symlink_to("sub")
    ran = repository.ran("--output-format=json", ".", "part/")
    both = [str(repository.folder / name) for name in ("old.py", "part/new.py", "sub/new.py")]
    assert [one["filename"] for one in ran.findings] == both
    for path, found in ((outside, ["old.py", "sub/new.py"]), (inside, ["new.py"])):
        ran = repository.ran("--output-format=json", f"{path}/")
        assert [one["filename"] for one in ran.findings] == [str(path / file) for file in found]


def test_links_to_files(repository: Repository) -> None:
    repository.commit(one=PADDED, two=GOOD)
    (repository.folder / "link.py").symlink_to("one.py")
    (repository.folder / "other.py").symlink_to("two.py")
    repository.branch()
    assert repository.shown() == []
    (repository.folder / "other.py").unlink()
    (repository.folder / "other.py").symlink_to("one.py")
    assert repository.shown() == ["other.py:11 PCK101"]


# --- several repositories ---


def test_submodules(repository: Repository, other: Repository) -> None:
    repository.git("config", "diff.ignoreSubmodules", "all")
    other.commit(data=SORTED, old=PADDED)
    train, unsorted = TRAIN.replace("from data", "from lib.data"), UNSORTED
    repository.commit(model=TAGGER, train=train)
    repository.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other.folder), "lib")
    repository.branch()
    assert repository.shown() == []
    repository.write(**{"lib/data": unsorted}, **{"lib/new": PADDED})
    assert repository.shown() == ["lib/new.py:11 PCK101", "model.py:12 PCK201"]
    repository.git("add", "--all", cwd="lib")
    repository.git("commit", "--quiet", "--message=more", cwd="lib")
    repository.commit()
    assert repository.shown() == ["lib/new.py:11 PCK101", "model.py:12 PCK201"]
    assert repository.shown("lib/new.py", "lib/old.py", base="HEAD") == []


def test_a_submodule_that_is_new_or_gone(repository: Repository, other: Repository) -> None:
    other.commit(new=PADDED)
    repository.branch(old=PADDED)
    repository.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other.folder), "lib")
    repository.commit()
    assert repository.shown() == ["lib/new.py:11 PCK101"]
    repository.git("branch", "--force", "main")
    repository.git("rm", "--quiet", "-f", "lib")
    assert repository.shown() == []


def test_a_submodule_whose_commit_is_missing(repository: Repository, other: Repository) -> None:
    other.commit(old=PADDED)
    other.commit(new=PADDED)
    first = other.git("rev-parse", "HEAD~1")
    repository.commit()
    repository.git(
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "--quiet",
        "add",
        "--depth=1",
        f"file://{other.folder}",
        "lib",
    )
    repository.git("update-index", "--cacheinfo", f"160000,{first},lib")
    repository.git("commit", "--quiet", "--message=first")
    ran = repository.ran()
    why = "the submodule lacks the commit that it was at, so that it is taken as unchanged"
    assert (ran.code, ran.out) == (0, "All checks passed!\n")
    assert ran.err == f"packlint: {repository.folder / 'lib'}: {why}\n"


def test_two_repositories(repository: Repository, other: Repository) -> None:
    other.branch(old=PADDED)
    repository.branch(old=PADDED)
    other.write(new=PADDED)
    repository.write(new=PADDED)
    assert repository.shown(".", "../other") == [f"{other.folder}/new.py:11 PCK101", "new.py:11 PCK101"]


def test_a_repository_within_another(repository: Repository, lint: Lint) -> None:
    (repository.folder / "inner").mkdir()
    repository.branch(old=PADDED)
    inner = Repository(repository.folder / "inner", lint)
    inner.branch(old=GOOD)
    assert repository.shown() == []
    inner.write(new=PADDED)
    ran = repository.ran()
    folder = repository.folder / "inner"
    why = f"{folder}: another repository, of which nothing is new here (give its path to compare it as well)"
    assert (ran.code, ran.out, ran.err) == (0, "All checks passed!\n", f"packlint: {why}\n")
    assert repository.shown(".", "inner") == ["inner/new.py:11 PCK101"]


# --- what cannot be done ---


def test_no_repository(folder: Path, lint: Lint) -> None:
    (folder / "a.py").write_text(PADDED)
    ran = lint("--git-diff", "main", ".")
    why = "not a git repository (or any of the parent directories): .git"
    assert (ran.code, ran.out, ran.err) == (2, "", f"packlint: --git-diff main: {folder}: {why}\n")


def test_a_path_outside_of_the_repository(repository: Repository, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "a.py").write_text(PADDED)
    repository.branch(old=PADDED)
    ran = repository.ran(".", str(outside))
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert f"{outside}: not a git repository" in ran.err


@pytest.mark.parametrize(
    ("base", "advice"),
    [
        ("nonsense", "`git fetch origin nonsense`, then `--git-diff origin/nonsense`"),
        ("origin/nonsense", "`git fetch origin nonsense`"),
        ("main..topic", "a commit is wanted, not a range"),
        ("--help", "`git fetch origin --help`, then `--git-diff origin/--help`"),
        ("develop", "`origin/develop` is one"),
    ],
)
def test_a_commit_that_is_not_there(repository: Repository, base: str, advice: str) -> None:
    repository.branch(old=PADDED)
    repository.git("update-ref", "refs/remotes/origin/develop", "HEAD")
    ran = repository.ran(f"--git-diff={base}")
    why = f"packlint: --git-diff {base}: no such commit in {repository.folder} ({advice})\n"
    assert (ran.code, ran.out, ran.err) == (2, "", why)


def test_no_commit_at_all(repository: Repository) -> None:
    repository.write(new=PADDED)
    ran = repository.ran()
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)


def test_git_is_not_installed(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    repository.branch(old=PADDED)
    monkeypatch.setenv("PATH", str(repository.folder))
    ran = repository.ran()
    why = "git is not installed, or not on the PATH"
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == f"packlint: --git-diff main: {repository.folder}: {why}\n"


def test_what_a_file_was_is_missing(repository: Repository) -> None:
    repository.branch(tagger=PADDED)
    blob = repository.git("rev-parse", "HEAD:tagger.py")
    repository.write(tagger=f"X = 1\n{PADDED}")
    (repository.folder / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    ran = repository.ran()
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert "PCK101" not in ran.out


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--git-diff", ""], "--git-diff: a commit is wanted, such as origin/main"),
        (["--git-diff"], "argument --git-diff: expected one argument"),
        (["--git-diff", "main", "-"], "--git-diff: --stdin-filename says which file standard input is"),
        (
            ["--git-diff", "main", "--baseline", "b", "--write-baseline"],
            "--write-baseline: lists all findings, not those of --git-diff",
        ),
    ],
)
def test_words_that_make_no_sense(repository: Repository, lint: Lint, words: list[str], why: str) -> None:
    repository.branch(old=PADDED)
    ran = lint(*words)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == f"packlint: error: {why} (`packlint --help` lists the options)\n"


def test_a_file_that_is_not_there_is_said_as_ever(repository: Repository) -> None:
    repository.branch(old=PADDED)
    ran = repository.ran("missing.py", "old.py")
    assert (ran.code, ran.out) == (2, "All checks passed!\n")
    assert ran.err == "packlint: missing.py: no such file or folder\n"


# --- git as it is set up ---


def test_no_program_of_the_users_is_run(repository: Repository) -> None:
    program = repository.folder / "program"
    program.write_text(f"#!/bin/sh\ntouch '{repository.folder}/was-run'\n")
    program.chmod(0o755)
    (repository.folder / ".gitattributes").write_text("*.py diff=mine\n")
    repository.branch(old=PADDED, tagger=PADDED)
    for key in ("diff.external", "diff.mine.command", "diff.mine.textconv", "core.fsmonitor", "core.pager"):
        repository.git("config", key, str(program))
    for hook in ("post-index-change", "post-checkout", "pre-commit"):
        shutil.copy(program, repository.folder / ".git" / "hooks" / hook)
    repository.write(tagger=EDITED, old=f"X = 1\n{PADDED}")
    assert repository.shown() == ["tagger.py:11 PCK101"]
    assert not (repository.folder / "was-run").exists()


def test_settings_change_nothing(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    repository.branch(old=PADDED, ö=PADDED)
    repository.git("mv", "old.py", "new.py")
    (repository.folder / "attributes").write_text("* -diff\n")
    around = f"X = 1\n{PADDED}".replace("return out", "return out  # the end")
    repository.write(new=around, ö=around, third=PADDED)
    for key, value in (
        ("diff.renames", "false"),
        ("diff.noprefix", "true"),
        ("diff.context", "9"),
        ("diff.interHunkContext", "99"),
        ("color.ui", "always"),
        ("core.quotePath", "false"),
        ("diff.ignoreSubmodules", "all"),
        ("status.showUntrackedFiles", "no"),
        ("core.attributesFile", str(repository.folder / "attributes")),
    ):
        repository.git("config", key, value)
    assert repository.shown() == ["third.py:11 PCK101"]
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", "false")
    monkeypatch.setenv("GIT_DIFF_OPTS", "--unified=9")
    monkeypatch.setenv("GIT_LITERAL_PATHSPECS", "1")
    assert repository.shown() == ["third.py:11 PCK101"]


def test_within_a_hook(repository: Repository, other: Repository) -> None:
    other.branch(old=PADDED)
    repository.branch(old=PADDED, new=PADDED)
    other.write(new=PADDED)
    words = ("--git-diff=main", "--output-format=concise", "../other")
    own = str(repository.folder / ".git")
    ran = run_packlint(*words, cwd=repository.folder, GIT_DIR=own, GIT_INDEX_FILE=f"{own}/index", GIT_PREFIX="")
    assert (ran.code, ran.places, ran.err) == (1, [f"{other.folder}/new.py PCK101"], "")


def test_nothing_is_written_to_the_repository(repository: Repository) -> None:
    repository.branch(old=PADDED)
    os.utime(repository.folder / "old.py", (1, 1))
    repository.write(new=PADDED)
    before = {path: path.stat().st_mtime_ns for path in (repository.folder / ".git").rglob("*")}
    assert repository.shown("--no-cache") == ["new.py:11 PCK101"]
    assert {path: path.stat().st_mtime_ns for path in (repository.folder / ".git").rglob("*")} == before


# --- with other options ---


def test_formats(repository: Repository) -> None:
    repository.branch(old=PADDED)
    repository.write(new=PADDED)
    assert [one["filename"] for one in repository.ran("--output-format=json").findings] == [
        str(repository.folder / "new.py")
    ]
    assert repository.ran("--output-format=github").out.count("::error") == 1
    assert "Found 1 finding;" in repository.ran("--output-format=full").out
    assert repository.ran("--statistics").out.split()[:2] == ["1", "PCK101"]
    ran = repository.ran("--exit-zero")
    assert (ran.code, ran.places) == (0, ["new.py PCK101"])


def test_with_a_baseline(repository: Repository, lint: Lint) -> None:
    repository.commit(old=PADDED, known=PADDED)
    assert lint("--baseline=b.json", "--write-baseline", "known.py").code == 0
    repository.branch()
    repository.write(known=PADDED.replace("xs, batch_first=True", "xs,  batch_first=True"))
    assert repository.shown() == ["known.py:11 PCK101"]
    assert repository.shown("--baseline=b.json") == []  # and nothing is stale
    repository.write(new=PADDED)
    assert repository.shown("--baseline=b.json") == ["new.py:11 PCK101"]


def test_only_what_is_new_is_fixed(repository: Repository) -> None:
    more = SAFE.replace("Encoder", "Reader").replace("def train", "def learn")
    repository.branch(old=SAFE, both=SAFE)
    repository.write(new=SAFE, both=f"{SAFE}\n\n{more}")
    assert repository.shown() == ["both.py:31 PCK204", "new.py:12 PCK204"]
    ran = repository.ran("--fix")
    assert (ran.code, ran.out, ran.err) == (0, "2 fixed, 0 left.\n", "")
    read = {path.stem: path.read_text() for path in repository.folder.glob("*.py")}
    fixed = FIXED.replace("Encoder", "Reader").replace("def train", "def learn")
    assert read == {"old": SAFE, "new": FIXED, "both": f"{SAFE}\n\n{fixed}"}


def test_what_is_new_and_cannot_be_fixed_is_still_shown(repository: Repository) -> None:
    repository.branch(tagger=TWICE.replace(f"        else:\n{CALL}", ""), both=GOOD)
    repository.write(tagger=TWICE, new=SAFE, both=f"{PADDED}\n\n{SAFE}")
    assert repository.shown() == ["both.py:11 PCK101", "both.py:26 PCK204", "new.py:12 PCK204", "tagger.py:14 PCK101"]
    ran = repository.ran("--fix")
    assert (ran.code, ran.places) == (1, ["both.py PCK101", "tagger.py PCK101"])


def test_the_patch_of_what_is_new(repository: Repository) -> None:
    repository.branch(old=SAFE)
    repository.write(new=SAFE)
    ran = repository.ran("--diff")
    assert (ran.code, ran.err) == (1, "packlint: 1 finding would be fixed\n")
    assert ran.out.startswith("--- a/new.py\n")
    repository.commit()
    repository.git("branch", "--force", "main")
    assert repository.ran("--diff").out == ""


def test_comments_for_what_is_new(repository: Repository, lint: Lint) -> None:
    repository.branch(tagger=PADDED)
    repository.write(tagger=f"{PADDED}\n\nclass Reader{AGAIN}")
    ran = repository.ran("--add-noqa")
    assert (ran.code, ran.out, ran.err) == (0, "Added noqa comments for 1 finding.\n", "")
    assert [line.split(":")[1] for line in lint(".").out.splitlines()[:-1]] == ["11"]


def test_standard_input(repository: Repository) -> None:
    repository.branch(tagger=PADDED, data=SORTED, model=TAGGER, train=TRAIN)
    words = ("--git-diff=main", "--output-format=concise", "--stdin-filename")

    def places(name: str, text: str) -> list[str]:
        ran = run_packlint(*words, name, "-", stdin=text.encode(), cwd=repository.folder)
        assert ran.err == ""
        return ran.places

    assert places("tagger.py", PADDED) == []
    assert places("tagger.py", f"X = 1\n{PADDED}") == []
    assert places("tagger.py", EDITED) == ["tagger.py PCK101"]
    assert places("new.py", PADDED) == ["new.py PCK101"]
    repository.write(data=UNSORTED)
    assert places("model.py", TAGGER) == ["model.py PCK201"]


def test_rules_and_files_are_left_out_as_ever(repository: Repository) -> None:
    repository.branch(old=PADDED)
    repository.write(new=PADDED, more=PADDED)
    assert repository.shown("--extend-exclude=more.py") == ["new.py:11 PCK101"]
    assert repository.shown("--ignore=PCK101") == []
    assert repository.shown("--per-file-ignores=new.py:PCK101") == ["more.py:11 PCK101"]


def test_over_several_processes(repository: Repository) -> None:
    names = [f"p{number}" for number in range(3)]
    files: dict[str, str | bytes] = {}
    for name in names:
        files |= {f"{name}/data": SORTED, f"{name}/train": TRAIN, f"{name}/setup": "", f"{name}/old": PADDED}
        files[f"{name}/model"] = f"{TAGGER}# {'x' * 200_000}\n"
    repository.branch(**files)
    repository.write(**{f"{name}/data": UNSORTED for name in names[1:]})
    assert repository.shown("-j2", "--no-cache") == [f"{name}/model.py:12 PCK201" for name in names[1:]]


# --- the parts ---


def test_files_of_the_past_stand_where_they_would(tmp_path: Path) -> None:
    for name in ("b.py", "z.py", "sub/c.py", "sub/deep/d.py", "zoo/e.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("X")

    def listed(most: int = 100, past: Past | None = None) -> list[str]:
        texts = Texts(str(tmp_path), most, past)
        return [os.path.relpath(path, tmp_path) for path in texts.files] + ["cut"] * texts.cut

    came = {"a.py": b"", "sub/deep/a.py": b"", "new/f.py": b"", "sub/z.py": b"", "b.py": b"Y"}
    gone = {"zoo/e.py": None, "sub/deep/d.py": None, "never.py": None}
    elsewhere = {"build/a.py": b"", "notes.txt": b"", "../a.py": b"", ".hidden/a.py": b""}
    files = {os.path.normpath(tmp_path / name): data for name, data in {**came, **gone, **elsewhere}.items()}
    were = ["a.py", "b.py", "z.py", "new/f.py", "sub/c.py", "sub/z.py", "sub/deep/a.py"]
    assert listed(past=Past("1", files)) == were
    assert listed(len(were), Past("1", files)) == were
    assert listed(3, Past("1", files)) == [*were[:3], "cut"]
    assert listed() == ["b.py", "z.py", "sub/c.py", "sub/deep/d.py", "zoo/e.py"]
    assert Texts(str(tmp_path), 9, Past("1", files)).bytes_of(str(tmp_path / "b.py")) == b"Y"
    assert Texts(str(tmp_path), 9, Past("1", files)).bytes_of(str(tmp_path / "zoo" / "e.py")) == b""


def test_code_that_looks_like_the_head_of_a_file(repository: Repository) -> None:
    repository.commit()
    tree = work_tree(str(repository.folder))
    old = "a\n-- a/was/0\n++ b/is/0\nb\n"
    new = "++ b/is/2\na\n@@ -1 +1 @@\n++ b/is/0\nb\nc\n"
    assert tree.hunks([("x\n", "x\n"), (old, new), ("", "y\n")]) == [
        [],
        [Hunk(0, 0, 1, 1), Hunk(2, 1, 3, 1), Hunk(4, 0, 6, 1)],
        [Hunk(0, 0, 1, 1)],
    ]


def test_the_example_on_the_page(repository: Repository) -> None:
    section = USAGE[USAGE.index("## What is new") : USAGE.index("## What is shown")]
    change, said = (section.split(f"```{language}\n", 1)[1].split("```", 1)[0] for language in ("diff", "text"))
    before, after = ("".join(line[1:] for line in change.splitlines(True) if line[0] in f" {sign}") for sign in "-+")
    assert before in SORTED
    repository.branch(data=SORTED, model=TAGGER, train=TRAIN, old=PADDED)
    repository.write(data=SORTED.replace(before, after))
    assert "`packlint --git-diff main` says" in section
    assert repository.ran("--output-format=full").out == said
