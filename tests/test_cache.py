"""The cache: the same is found with it as without, whatever happened to the files meanwhile or to the cache itself."""

from __future__ import annotations

import errno
import fcntl
import io
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import NoReturn

import pytest

import packlint.build
import packlint.cache
import packlint.cache_file
import packlint.engine
import packlint.looks
from benchmarks.pairs import all_pairs
from packlint import plans
from packlint.analysis.texts import Texts
from packlint.cache import Cache, Entry, Signature, default_folder, signature_of
from packlint.cache_file import MADE, file_of, findings_in, findings_out, is_cache, locked, make_folder, read
from packlint.config import ProjectFacts
from packlint.engine import Checked, Task, check_file, check_files
from packlint.executors.local import Here
from packlint.files import Found
from packlint.progress import Progress
from packlint.rules import all_rules
from tests.conftest import BROKEN, PADDED, TAGGER, Ran, run_packlint
from tests.test_notebook import notebook

Lint = Callable[..., Ran]
ROOT = Path(__file__).resolve().parent.parent

DATA = """\
import torch
from torch.nn.utils.rnn import pad_sequence


def collate(batch):
    batch = list(batch)
    lengths = [len(ids) for ids in batch]
    return pad_sequence([torch.tensor(ids) for ids in batch], batch_first=True), lengths
"""
TRAIN = """\
from torch.utils.data import DataLoader

from data import collate
from tagger import Tagger


def train(sentences):
    model = Tagger()
    for ids, lengths in DataLoader(sentences, batch_size=4, shuffle=True, collate_fn=collate):
        model(ids, lengths).sum().backward()
"""
PADDER = f"""\
{PADDED.replace("Tagger", "Padder")}

def padded(xs, lengths):
    return Padder()(xs, lengths)
"""
SORTED = DATA.replace("list(batch)", "sorted(batch, key=len, reverse=True)")
BOTH = ["padded.py PCK101", "tagger.py PCK201"]
"""What is found in the project: the one rests on its own file alone, the other on the two that feed the model."""


@pytest.fixture(autouse=True)
def _default_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PACKLINT_CACHE_DIR", "PACKLINT_NO_CACHE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def project(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a model that is found wrong for how another file collates, and one that has nothing to do with it.

    Its files are old enough for their times to tell that nothing was written since.
    """
    project = folder / "project"
    project.mkdir()
    monkeypatch.chdir(project)
    (project / "setup.cfg").touch()
    texts = {"tagger.py": TAGGER, "data.py": DATA, "train.py": TRAIN, "padded.py": PADDER, "none.py": "import torch\n"}
    for name, text in texts.items():
        (project / name).write_text(text)
    settle()
    return project


@pytest.fixture
def anew(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are checked anew, as it happens."""
    names: list[str] = []

    def check(task: Task, data: bytes | None = None) -> Checked:
        names.append(os.path.basename(task.path))
        return check_file(task, data)

    monkeypatch.setattr(packlint.engine, "check_file", check)
    return names


def settle() -> None:
    """Wait until the times of files that were written are old enough to be relied on."""
    time.sleep(0.06)


def stored(folder: Path) -> Path:
    """The one file of a project in its cache."""
    (file,) = (folder / ".packlint_cache").glob("*.json")
    return file


def document(folder: Path) -> dict[str, object]:
    version, _, text = stored(folder).read_text().partition("\n")
    assert len(version) == 64
    loaded: dict[str, object] = json.loads(text)
    return loaded


def as_without(lint: Lint, *words: str) -> Ran:
    """What is found with the cache, which is what is found without."""
    cached, fresh = lint(*words), lint(*words, "--no-cache")
    assert cached == fresh
    return cached


# --- what is kept ---


def test_the_second_run_finds_the_same_and_reads_only_what_can_be_fixed(
    project: Path, lint: Lint, anew: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = lint(".")
    assert (first.code, first.places, sorted(anew)) == (1, BOTH, ["padded.py", "tagger.py"])

    def forbidden(*_: object) -> NoReturn:
        raise AssertionError

    opened: list[str] = []
    really_open = os.open

    def opens(path: str, *words: int, **more: int) -> int:
        if path.endswith(".py") and path.startswith(str(project)):
            opened.append(os.path.basename(path))
        return really_open(path, *words, **more)

    monkeypatch.setattr(packlint.engine, "check_file", forbidden)
    monkeypatch.setattr(packlint.looks, "_look_at", forbidden)
    monkeypatch.setattr(Texts, "bytes_of", forbidden)
    monkeypatch.setattr(os, "open", opens)
    assert lint(".") == first
    assert sorted(opened) == ["padded.py", "tagger.py"]  # their bytes go with their fixes
    before = stored(project).read_text()
    assert lint("train.py").code == 0
    assert stored(project).read_text() == before


def test_a_run_that_knows_all_imports_nothing_of_the_analysis(project: Path) -> None:
    look = "from packlint.cli import main\nmain(['.', '-j1'])\nimport sys\nprint(*sys.modules, file=sys.stderr)"
    modules = [
        set(subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True).stderr.split())
        for _ in range(2)
    ]
    analysis = {"packlint.check", "packlint.analysis.flow", "packlint.analysis.project"}
    assert analysis <= modules[0]
    assert not analysis & modules[1]
    assert not modules[1] & {"torch", "libcst", "tempfile", "multiprocessing"}


@pytest.mark.parametrize(
    ("edits", "checked", "places"),
    [
        ({"data.py": SORTED}, {"tagger.py"}, BOTH[:1]),
        ({"train.py": None}, {"tagger.py"}, None),
        ({"data.py": None}, {"tagger.py"}, None),
        ({"train.py": TRAIN.replace("shuffle=True", "shuffle=False")}, {"tagger.py"}, BOTH),
        ({"padded.py": PADDER + "# the end\n"}, {"padded.py"}, BOTH),
        ({"more.py": TRAIN.replace("shuffle=True", "shuffle=False")}, {"tagger.py"}, BOTH),
        ({"train.py": None, "package/train.py": TRAIN}, {"tagger.py"}, None),
        ({"data/__init__.py": SORTED}, set(), BOTH),  # hidden by data.py
        ({"data.py": None, "data/__init__.py": SORTED}, {"tagger.py"}, BOTH[:1]),
        ({"none.py": "import torch\n\n"}, set(), BOTH),
        ({"none.py": None, "some.py": "x = 1\n"}, set(), BOTH),
        ({"notes.txt": "Tagger"}, set(), BOTH),
        ({"tagger.py": None}, set(), BOTH[:1]),
    ],
)
def test_an_edit_has_that_checked_again_which_depends_on_it(
    project: Path,
    lint: Lint,
    anew: list[str],
    edits: dict[str, str | None],
    checked: set[str],
    places: list[str] | None,
) -> None:
    lint(".")
    anew.clear()
    for name, text in edits.items():
        if text is None:
            (project / name).unlink()
        else:
            (project / name).parent.mkdir(exist_ok=True)
            (project / name).write_text(text)
    ran = lint(".")
    assert set(anew) == checked
    assert ran == lint(".", "--no-cache")
    assert places is None or ran.places == places


def test_what_was_answered_before_is_not_looked_for_again(
    project: Path, lint: Lint, monkeypatch: pytest.MonkeyPatch
) -> None:
    lint(".")
    read: list[str] = []
    really_read = Texts._read

    def reads(self: Texts, path: str) -> bytes:
        read.append(os.path.basename(path))
        return really_read(self, path)

    monkeypatch.setattr(Texts, "_read", reads)
    (project / "tagger.py").write_text(f"{TAGGER}# the end\n")
    ran = lint(".")
    assert ran.places == BOTH
    assert {"tagger.py", "train.py"} <= set(read)
    assert not {"padded.py", "none.py"} & set(read)  # which have no part in it, as was found out before
    assert ran == lint(".", "--no-cache")
    assert {"padded.py", "none.py"} <= set(read)


def test_what_is_put_back_is_known_again(project: Path, lint: Lint, anew: list[str]) -> None:
    first = lint(".")
    (project / "data.py").write_text(SORTED)
    assert lint(".").places == BOTH[:1]
    (project / "data.py").write_text(DATA)
    assert lint(".") == first
    anew.clear()
    assert lint(".") == first
    assert not anew


def test_files_that_were_only_touched_are_not_checked_again(
    project: Path, lint: Lint, anew: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = lint(".")
    anew.clear()
    for path in project.glob("*.py"):
        os.utime(path)
    with monkeypatch.context() as patched:
        patched.setattr(Texts, "bytes_of", lambda *_: 1 / 0)  # nor are they searched again for what was asked of them
        assert lint(".") == first
    for path in project.glob("*.py"):  # as a checkout writes them
        data = path.read_bytes()
        path.unlink()
        path.write_bytes(data)
    assert lint("tagger.py").places == BOTH[1:]
    assert lint(".") == first
    assert not anew


def test_a_part_of_the_project_at_a_time(
    project: Path, lint: Lint, anew: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert lint("padded.py").places == BOTH[:1]
    assert lint("tagger.py").places == BOTH[1:]
    assert lint(".").places == BOTH
    assert lint("none.py", "train.py").code == 0
    (project / "none.py").write_text("x = 1\n")
    settle()
    assert lint("none.py").code == 0
    assert anew == ["padded.py", "tagger.py"]
    with monkeypatch.context() as patched:
        looks: list[str] = []
        patched.setattr(packlint.looks, "_look_at", lambda path, _: looks.append(path))
        assert lint(".").places == BOTH
        assert not looks
    (project / "train.py").write_text(TRAIN.replace("collate_fn=collate", "collate_fn=None"))
    as_without(lint, "tagger.py")
    as_without(lint, ".")
    assert anew[2:] == ["tagger.py"] * 3 + ["padded.py"]  # but for the first of them without the cache


def test_a_part_of_a_project_without_models(folder: Path, lint: Lint, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("setup.cfg", "a.py", "b.py"):
        (folder / name).touch()
    settle()
    lint(".")
    (folder / "a.py").write_text("x = 1\n")
    settle()
    lint("a.py")
    monkeypatch.setattr(packlint.looks, "_look_at", lambda *_: 1 / 0)
    assert lint(".").code == 0


def test_a_module_that_is_imported_and_no_part_of_the_project(project: Path, lint: Lint) -> None:
    (project / "train.py").write_text(TRAIN.replace("from data", "from build.data"))
    (project / "data.py").unlink()
    assert as_without(lint, ".").places == BOTH[:1]
    (project / "build").mkdir()
    (project / "build" / "data.py").write_text(DATA)
    assert as_without(lint, ".").places == BOTH
    (project / "build" / "data.py").write_text(SORTED)
    assert as_without(lint, ".").places == BOTH[:1]
    (project / "build" / "data.py").unlink()
    as_without(lint, ".")


def test_other_codes_on_the_same_cache(project: Path, lint: Lint, anew: list[str]) -> None:
    selects = ["PCK101", "PCK201", "PCK301", "PCK", "ALL"]
    found = [lint(".", f"--select={select}", "--isolated") for select in selects]
    assert [ran.places for ran in found][:4] == [BOTH[:1], BOTH[1:], [], BOTH]
    anew.clear()
    assert [lint(".", f"--select={select}", "--isolated") for select in selects[1:]] == found[1:]
    assert not anew
    assert lint(".", "--select=PCK101") == found[0]  # the oldest way to check them went
    assert sorted(anew) == ["padded.py", "tagger.py"]


def test_configuration_counts(project: Path, lint: Lint) -> None:
    as_without(lint, ".")
    (project / "pyproject.toml").write_text('[tool.packlint]\nsorted-by-length = ["data.collate"]\n')
    assert as_without(lint, ".").places == BOTH[:1]
    (project / "pyproject.toml").write_text('[tool.packlint]\nignore = ["PCK101"]\n')
    assert as_without(lint, ".").places == BOTH[1:]
    (project / "pyproject.toml").write_text('[tool.packlint]\nper-file-ignores = { "tagger.py" = ["PCK2"] }\n')
    assert as_without(lint, ".").places == BOTH[:1]


def test_a_comment_that_suppresses_counts(project: Path, lint: Lint) -> None:
    as_without(lint, ".")
    (project / "tagger.py").write_text(
        TAGGER.replace("batch_first=True)\n        _", "batch_first=True)  # noqa\n        _")
    )
    assert as_without(lint, ".").places == BOTH[:1]
    (project / "padded.py").write_text(f"# packlint: ignore-file\n{PADDER}")
    assert as_without(lint, ".").places == []


def test_notebooks_come_back_with_their_cells(folder: Path, lint: Lint, anew: list[str]) -> None:
    (folder / "a.ipynb").write_bytes(notebook("x = 1", None, PADDED, "rnn = nn.LSTM("))
    first = lint(".")
    assert [line.partition(":")[2][:6] for line in first.out.splitlines()[:2]] == ["cell 3", "cell 4"]
    assert lint(".") == first
    assert anew == ["a.ipynb"]


def test_what_is_said_of_a_project_comes_back_while_it_is_true(project: Path, lint: Lint, anew: list[str]) -> None:
    (project / "pyproject.toml").write_text("[tool.packlint]\nmax-files = 4\n")
    (project / "zz.py").touch()
    first = as_without(lint, ".")
    assert first.err.startswith(f"packlint: {project}: more than 4 files")
    anew.clear()
    assert lint(".") == first
    assert not anew
    (project / "zz.py").unlink()
    (project / "train.py").unlink()  # the fifth: those that are looked at stay the same
    assert as_without(lint, ".").err == ""
    (project / "zz.py").touch()
    assert as_without(lint, ".").err == first.err


def test_what_is_said_of_a_project_is_said_where_facts_were_looked_for(project: Path, lint: Lint) -> None:
    (project / "pyproject.toml").write_text("[tool.packlint]\nmax-files = 2\n")
    (project / "zz.py").write_text(BROKEN)
    assert "more than 2 files" in as_without(lint, ".").err
    assert as_without(lint, "zz.py").err == ""
    assert "more than 2 files" in as_without(lint, "tagger.py").err


def test_failures_and_files_that_cannot_be_read_are_not_kept(
    project: Path, lint: Lint, anew: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "latin.py").write_bytes(b"# coding: utf-8\nrnn = nn.LSTM(1)  # \xe9\n")
    with monkeypatch.context() as patched:
        patched.setattr(packlint.engine, "_unsuppressed", lambda *_: 1 / 0)
        broken = lint(".")
        assert (broken.code, broken.err.count("ZeroDivisionError")) == (2, 2)
    whole = as_without(lint, ".")
    assert (whole.code, whole.places) == (2, BOTH)
    assert "latin.py: cannot be decoded" in whole.err
    anew.clear()
    assert lint(".") == whole
    assert anew == ["latin.py"]
    (project / "latin.py").write_bytes(BROKEN.encode())
    assert as_without(lint, ".").places == ["latin.py PCK001", *BOTH]


def test_standard_input_is_neither_kept_nor_taken_from_the_cache(
    project: Path, lint: Lint, monkeypatch: pytest.MonkeyPatch
) -> None:
    def given(text: str) -> Ran:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        return lint("-", "--stdin-filename", "tagger.py")

    assert given(TAGGER).places == BOTH[1:]
    assert not (project / ".packlint_cache").exists()
    whole = lint(".")
    before = stored(project).read_text()
    assert given(TAGGER.replace("lengths, batch_first", "lengths, enforce_sorted=False, batch_first")).code == 0
    assert given(BROKEN).places == ["tagger.py PCK001"]
    assert stored(project).read_text() == before
    assert lint(".") == whole


def test_a_project_that_was_moved(project: Path, lint: Lint, monkeypatch: pytest.MonkeyPatch) -> None:
    here = lint(".", "-v", "--output-format=full")
    there = project.parent / "elsewhere"
    project.rename(there)
    monkeypatch.chdir(there)
    assert as_without(lint, ".", "-v", "--output-format=full") == here
    assert as_without(lint, str(there)) == as_without(lint, ".")


def test_a_checkout_to_the_same_path_with_the_cache_of_the_last_one(project: Path, lint: Lint, anew: list[str]) -> None:
    (folder,) = re.findall(r"path: (.+)", (ROOT / "docs" / "usage.md").read_text(encoding="utf-8"))
    first = lint(".")
    project.rename(project.parent / "before")
    project.mkdir()
    os.chdir(project)
    for path in (project.parent / "before").iterdir():
        if path.is_file():
            shutil.copyfile(path, project / path.name)
    assert folder == ".packlint_cache"
    shutil.copytree(project.parent / "before" / folder, project / folder, copy_function=shutil.copyfile)
    anew.clear()
    assert lint(".") == first
    assert not anew


def test_a_link_that_leads_elsewhere_now(project: Path, lint: Lint) -> None:
    for name, text in (("one", DATA), ("two", SORTED)):
        (project / name).write_text(text)
        os.utime(project / name, ns=(10**18, 10**18))
    (project / "data.py").unlink()
    (project / "data.py").symlink_to("one")
    settle()
    assert as_without(lint, ".").places == BOTH
    (project / "data.py").unlink()
    (project / "data.py").symlink_to("two")
    assert as_without(lint, ".").places == BOTH[:1]


# --- findings and their fixes ---


def test_what_was_checked_comes_back_in_full(tmp_path: Path, anew: list[str]) -> None:
    codes = frozenset(all_rules())
    for number, pair in enumerate(all_pairs()):
        (tmp_path / f"p{number}").mkdir()
        (tmp_path / f"p{number}" / "model.py").write_text(pair.before)
    files = [Found(str(path), str(path.parent)) for path in sorted(tmp_path.glob("*/model.py"))]

    def place_of(file: Found) -> tuple[str, ProjectFacts]:
        return file.argument, ProjectFacts()

    def checked() -> list[Checked]:
        cache = Cache(str(tmp_path / "cache"), place_of)
        return check_files(
            files,
            lambda file: Task(file.path, *(file.argument,), codes, ProjectFacts()),
            Here(),
            Progress(sys.stderr),
            cache,
        )

    cold, before = checked(), len(anew)
    warm = checked()
    assert len(anew) == before
    for one, other in zip(cold, warm, strict=True):
        for part in fields(Checked)[: None if one.findings else -1]:  # who has no findings needs no rows
            assert getattr(one, part.name) == getattr(other, part.name), (one.path, part.name)
    steps = {
        type(step).__name__ for one in warm for finding in one.findings if finding.fix for step in finding.fix.steps
    }
    assert steps == {name for name, part in plans.PARTS.items() if issubclass(part, plans.Step)} - {"Step"}


def test_a_finding_of_another_file_and_odd_names(tmp_path: Path) -> None:
    file = tmp_path / "a\udcff.py"
    file.write_text(PADDED)
    found = check_file(Task(str(file), str(tmp_path), frozenset({"PCK101"}), ProjectFacts())).findings
    assert found[0].evidence
    for root in (str(tmp_path), str(tmp_path / "a"), "/"):
        again = json.loads(json.dumps(findings_out(found, root)))
        assert findings_in(again, root, str(file)) == found


@pytest.mark.parametrize(
    "words", [["--diff", "--unsafe-fixes"], ["--output-format=json"], ["-v", "--output-format=full"]]
)
def test_fixes_are_shown_as_without(project: Path, lint: Lint, anew: list[str], words: list[str]) -> None:
    fresh = lint(".", *words, "--no-cache")
    lint(".")
    anew.clear()
    assert lint(".", *words) == fresh
    assert not anew


def test_fixes_are_made_as_without(project: Path, lint: Lint, anew: list[str]) -> None:
    other = project.parent / "other"
    shutil.copytree(project, other)
    lint(".")
    anew.clear()
    ran = lint(".", "--fix", "--unsafe-fixes")
    assert not anew
    fresh = lint(str(other), "--fix", "--unsafe-fixes", "--no-cache")
    assert (ran.code, ran.err) == (fresh.code, fresh.err)
    for path in project.glob("*.py"):
        assert path.read_text() == (other / path.name).read_text()
    assert "enforce_sorted=False" in (project / "tagger.py").read_text()
    assert as_without(lint, ".").places == []


def test_what_silences_is_written_as_without(project: Path, lint: Lint) -> None:
    lint(".")
    assert lint(".", "--baseline=known.json", "--write-baseline").out == "Wrote 2 findings to known.json.\n"
    assert lint(".", "--baseline=known.json").code == 0
    assert lint(".", "--add-noqa").out == "Added noqa comments for 2 findings.\n"
    assert as_without(lint, ".").code == 0


def test_no_fix_is_made_in_a_text_that_came_meanwhile(
    project: Path, lint: Lint, monkeypatch: pytest.MonkeyPatch
) -> None:
    lint(".")
    entry = packlint.cache.Kept.entry

    def edited(self: packlint.cache.Kept, path: str, key: str) -> Entry | None:
        found = entry(self, path, key)
        if path.endswith("tagger.py"):
            Path(path).write_text(f"# a line more\n{TAGGER}")
        return found

    monkeypatch.setattr(packlint.cache.Kept, "entry", edited)
    ran = lint(".")
    assert "tagger.py:13:" in ran.out


# --- where it lies ---


def test_the_folder_is_none_of_git_and_of_backups(project: Path, lint: Lint) -> None:
    def git(*words: str) -> str:
        return subprocess.run(["git", *words], capture_output=True, text=True, check=True).stdout

    git("init", "-q", ".")
    git("add", ".")
    before = git("status", "--porcelain")
    lint(".")
    cache = project / ".packlint_cache"
    assert (cache / ".gitignore").read_text() == "*\n"
    assert (cache / "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55")
    assert git("status", "--porcelain") == before
    assert is_cache(str(cache))
    assert {name for name in os.listdir(cache) if not MADE.fullmatch(name)} == {".gitignore", "CACHEDIR.TAG", ".lock"}


def test_it_lies_in_the_project_unless_told_otherwise(
    project: Path, lint: Lint, monkeypatch: pytest.MonkeyPatch, anew: list[str]
) -> None:
    (project / "inner").mkdir()
    monkeypatch.chdir(project / "inner")
    assert default_folder() == str(project / ".packlint_cache")
    lint("..")
    assert is_cache(str(project / ".packlint_cache"))
    assert os.listdir(project / "inner") == []
    anew.clear()
    monkeypatch.setenv("PACKLINT_CACHE_DIR", str(project.parent / "named"))
    lint("..")
    assert is_cache(str(project.parent / "named"))
    lint("..", "--cache-dir", "given/deep")
    assert is_cache(str(project / "inner" / "given" / "deep"))
    assert sorted(anew) == ["padded.py", "padded.py", "tagger.py", "tagger.py"]
    anew.clear()
    lint("..", "--cache-dir=given/deep")
    lint("..")
    monkeypatch.setenv("PACKLINT_CACHE_DIR", "")
    lint("..")
    assert not anew
    monkeypatch.setenv("PACKLINT_NO_CACHE", "1")
    lint("..")
    assert sorted(anew) == ["padded.py", "tagger.py"]


def test_without_a_cache_nothing_is_read_or_written(
    project: Path, lint: Lint, anew: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = lint(".", "--no-cache")
    assert not (project / ".packlint_cache").exists()
    assert lint(".") == first
    before = {path: path.stat() for path in (project / ".packlint_cache").iterdir()}
    monkeypatch.setattr(packlint.cache_file, "read", lambda *_: 1 / 0)
    anew.clear()
    for words in (["--no-cache"], ["-n"], ["-n", "--cache-dir=other"]):
        assert lint(".", *words) == first
    assert len(anew) == 6
    assert {path: path.stat() for path in (project / ".packlint_cache").iterdir()} == before
    assert not (project / "other").exists()


def test_no_cache_is_made_of_a_folder_with_other_things(project: Path, lint: Lint) -> None:
    fresh = lint(".", "--no-cache")
    before = sorted(os.listdir(project))
    ran = lint(".", "--cache-dir=.")
    assert (ran.code, ran.out) == (fresh.code, fresh.out)
    assert ran.err == "packlint: .: holds other things, so that no cache is kept there\n"
    assert sorted(os.listdir(project)) == before
    (project / "empty").mkdir()
    assert lint(".", "--cache-dir=empty") == fresh
    assert is_cache(str(project / "empty"))
    (project / "empty" / "note.txt").touch()  # it came later
    assert lint(".", "--cache-dir=empty") == fresh


# --- when it is no use ---


def unreadable(data: bytes) -> Iterator[bytes]:
    """What may become of a file."""
    for at in (0, 1, 63, 64, 65, 66, len(data) // 2, len(data) - 2, len(data) - 1):
        yield data[:at]
    for at in range(0, len(data), max(len(data) // 25, 1)):
        yield data[:at] + bytes([data[at] ^ 0x20]) + data[at + 1 :]
    yield data + b"\n"
    yield data * 2
    yield b"{}"
    yield b"[" * 100_000
    yield b'{"packlint": 1}\n'
    yield b"\xff\xfe\x00"
    for text in ("{}", "[]", "null", "1", "[" * 100_000, json.dumps({"made by": packlint.cache_file._maker()})):
        yield f"{packlint.cache_file._digest(text)}\n{text}".encode()


def test_what_is_no_file_of_the_cache_is_replaced_without_a_word(project: Path, lint: Lint, anew: list[str]) -> None:
    first = lint(".")
    file = stored(project)
    whole = file.read_bytes()
    for spoilt in unreadable(whole):
        file.write_bytes(spoilt)
        anew.clear()
        assert lint(".") == first
        assert sorted(anew) == ["padded.py", "tagger.py"], spoilt[:100]
        assert lint(".") == first
        assert len(anew) == 2, spoilt[:100]


@pytest.mark.parametrize("what", ["directory", "full directory", "pipe", "link to nowhere", "link", "unreadable"])
def test_what_is_no_file_at_all(project: Path, lint: Lint, what: str) -> None:
    first = lint(".")
    file = stored(project)
    other = project / "notes.txt"
    other.write_text("mine")
    file.unlink()
    if what == "directory":
        file.mkdir()
    elif what == "full directory":
        (file / "more").mkdir(parents=True)
    elif what == "pipe":
        os.mkfifo(file)
    elif what == "link to nowhere":
        file.symlink_to(project / "nowhere")
    elif what == "link":
        file.symlink_to(other)
    else:
        file.touch(mode=0)
    for _ in range(2):
        assert lint(".") == first
    assert other.read_text() == "mine"
    assert not (project / "nowhere").exists()
    assert file.is_dir() == what.endswith("directory")
    assert file.is_symlink() is False


@pytest.mark.parametrize("name", ["_maker", "geteuid", "root"])
def test_a_cache_of_somebody_else_is_replaced(
    project: Path, lint: Lint, anew: list[str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    first = lint(".")
    with monkeypatch.context() as patched:
        if name == "_maker":
            patched.setattr(packlint.cache_file, "_maker", lambda: ["packlint 0.0.1", sys.version])
        elif name == "geteuid":
            patched.setattr(os, "geteuid", lambda: 1 + os.getuid())
        else:
            other = project.parent / "other"
            shutil.copytree(project, other)
            mine, theirs = file_of("", str(other), ProjectFacts()), stored(other)
            theirs.rename(theirs.with_name(mine))
            monkeypatch.chdir(other)
        anew.clear()
        assert lint(".") == first
        assert sorted(anew) == ["padded.py", "tagger.py"]
        assert (lint(".") == first, len(anew)) == (True, 4 if name == "geteuid" else 2)  # whose file that would be
    anew.clear()
    assert lint(".") == first
    assert len(anew) == (2 if name == "_maker" else 0)


@pytest.mark.skipif("os.geteuid() != 0")
def test_the_file_of_another_user_is_replaced(project: Path, lint: Lint, anew: list[str]) -> None:
    first = lint(".")
    os.chown(stored(project), 4711, -1)
    anew.clear()
    assert [lint(".") for _ in range(2)] == [first] * 2
    assert len(anew) == 2
    assert stored(project).stat().st_uid == 0


def test_another_packlint_is_told_by_its_code_and_not_by_its_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def made(folder: Path) -> list[str]:
        monkeypatch.setattr(packlint.build, "__file__", str(folder / "build.py"))
        packlint.build.of_this_process.cache_clear()
        return packlint.cache_file._maker()

    package = Path(packlint.engine.__file__).parent
    copies = [shutil.copytree(package, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__")) for name in "ab"]
    for path in copies[0].rglob("*.py"):
        os.utime(path, ns=(10**18, 10**18))
    (copies[0] / "verify" / "page.py").write_text("")  # has no say in what is found
    before = made(package)
    assert made(copies[0]) == made(copies[1]) == before
    rule = copies[1] / "rules" / "pck101.py"
    rule.write_text(rule.read_text().replace("padding", "PADDING"))
    assert made(copies[1]) != before
    monkeypatch.setattr("sys.version", "3.99.1")
    assert made(package) != before


@pytest.mark.parametrize("where", ["file", "under a file", "read-only", "no replace", "no write", "locked", "no locks"])
def test_a_cache_that_cannot_be_written_costs_nothing_but_time(
    project: Path, lint: Lint, anew: list[str], monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    fresh = lint(".", "--no-cache")
    cache = project / ".packlint_cache"

    def full(*_: object, **__: object) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    lock = None
    if where == "file":
        cache.write_text("mine")
    elif where == "under a file":
        monkeypatch.setenv("PACKLINT_CACHE_DIR", str(project / "setup.cfg" / "cache"))
    elif where == "read-only":
        make_folder(str(cache))
        cache.chmod(0o500)
        monkeypatch.setattr("os.replace", full)  # nothing stops the superuser
    elif where == "no replace":
        monkeypatch.setattr("os.replace", full)
    elif where == "no write":
        monkeypatch.setattr(packlint.cache_file, "_write", full)
    elif where == "no locks":
        monkeypatch.setattr(fcntl, "flock", full)
    else:
        monkeypatch.setattr(packlint.cache_file, "PATIENCE", 0.1)
        make_folder(str(cache))
        lock = open(cache / ".lock", "w")  # noqa: SIM115
        fcntl.flock(lock, fcntl.LOCK_EX)
    anew.clear()
    assert lint(".") == fresh
    assert lint(".") == fresh
    assert len(anew) == (2 if where == "no locks" else 4)
    if lock is not None:
        lock.close()
    if where == "file":
        assert cache.read_text() == "mine"
    elif cache.exists():
        assert not [name for name in os.listdir(cache) if name.endswith(".tmp")]


def test_the_projects_that_were_not_used_for_longest_go_first(
    folder: Path, lint: Lint, anew: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abcd":
        (folder / name).mkdir()
        (folder / name / "setup.cfg").touch()
        (folder / name / "m.py").write_text(PADDED)
    settle()
    cache = folder / "cache"
    for name in "abc":
        lint(name, "--cache-dir=cache")
        settle()
    (size,) = {path.stat().st_size for path in cache.glob("*.json")}
    lint("a", "--cache-dir=cache")  # nothing is new in it, and it was used
    settle()
    (cache / "mine.json").write_text("not one of ours")
    monkeypatch.setattr(packlint.cache_file, "MOST_BYTES", 3 * size + 300)
    lint("d", "--cache-dir=cache")
    anew.clear()
    for name in "acd":
        lint(name, "--cache-dir=cache")
    assert not anew
    monkeypatch.setattr(packlint.cache_file, "MOST_BYTES", 0)
    lint("b", "--cache-dir=cache")
    assert len(anew) == 1
    assert len(list(cache.glob("*.json"))) == 2
    assert (cache / "mine.json").exists()
    lint("b", "--cache-dir=cache")
    assert len(anew) == 1


# --- at the same time ---


def meanwhile(monkeypatch: pytest.MonkeyPatch, name: str, edit: Callable[[], object], after: bool) -> None:
    """Something happens, once, just before a file is checked, or just after."""
    left = [edit]

    def check(task: Task, data: bytes | None = None) -> Checked:
        done = None if not after else check_file(task, data)
        if task.path.endswith(name) and left:
            left.pop()()
        return done or check_file(task, data)

    monkeypatch.setattr(packlint.engine, "check_file", check)


@pytest.mark.parametrize(("warm", "after"), [(False, True), (True, False)], ids=["cold", "warm"])
@pytest.mark.parametrize("asked", [".", "tagger.py"])
@pytest.mark.parametrize("what", ["edit", "other edit", "twice", "delete", "add", "move in", "touch", "replace"])
def test_nothing_is_kept_of_a_file_that_changes_while_it_is_checked(
    project: Path, lint: Lint, monkeypatch: pytest.MonkeyPatch, what: str, asked: str, warm: bool, after: bool
) -> None:
    if warm:
        lint(".")
        (project / "tagger.py").write_text(f"\n{TAGGER}")
    more = TRAIN.replace("from data import collate", DATA)
    (project.parent / "folder").mkdir()
    (project.parent / "folder" / "more.py").write_text(more)
    if what in {"add", "move in"}:  # it alone is what is wrong
        (project / "data.py").write_text(SORTED)
    settle()

    def edit() -> None:
        if what == "edit":
            (project / "tagger.py").write_text(TAGGER.replace("lengths, batch", "lengths, enforce_sorted=False, batch"))
        elif what == "other edit":
            (project / "data.py").write_text(SORTED)
        elif what == "twice":
            (project / "data.py").write_text(SORTED)
            (project / "data.py").write_text(DATA)
        elif what == "delete":
            (project / "train.py").unlink()
        elif what == "add":
            (project / "more.py").write_text(more)
        elif what == "move in":
            (project.parent / "folder").rename(project / "folder")
        elif what == "touch":
            os.utime(project / "data.py")
        else:
            (project / "new").write_text(SORTED)
            (project / "new").replace(project / "data.py")
        settle()

    with monkeypatch.context() as patched:
        meanwhile(patched, "tagger.py", edit, after)
        lint(asked)
    as_without(lint, asked, "-v")
    as_without(lint, ".", "-v")


@pytest.mark.parametrize("asked", [".", "tagger.py"])
@pytest.mark.parametrize("at", ["in the run", "after it"])
def test_a_file_that_is_other_for_a_while(
    project: Path, lint: Lint, monkeypatch: pytest.MonkeyPatch, asked: str, at: str
) -> None:
    train = project / "run" / "train.py"  # among the files in its own folder a model's siblings are looked for
    train.parent.mkdir()
    (project / "train.py").rename(train)
    settle()

    def check(task: Task, data: bytes | None = None) -> Checked:
        train.write_text("x = 1\n")
        done = check_file(task, data)
        if at == "in the run":
            train.write_text(TRAIN)
        return done

    with monkeypatch.context() as patched:
        patched.setattr(packlint.engine, "check_file", check)
        other = lint(asked)
    train.write_text(TRAIN)
    assert as_without(lint, asked) != other
    assert as_without(lint, ".").places == BOTH


def test_two_files_that_rest_on_other_contents_of_a_third(
    project: Path, lint: Lint, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "zone.py").write_text(TAGGER.replace("Tagger", "Zone"))
    (project / "run.py").write_text(TRAIN.replace("from tagger", "from zone").replace("Tagger", "Zone"))
    settle()

    def edit() -> None:
        (project / "data.py").write_text(SORTED)
        packlint.engine.forget()  # as a worker does that has not read it yet

    with monkeypatch.context() as patched:
        meanwhile(patched, "zone.py", edit, after=False)
        assert lint("tagger.py", "zone.py").places == BOTH[1:]
    assert as_without(lint, "tagger.py").code == 0
    as_without(lint, ".")


def test_an_entry_that_was_judged_some_time_ago(project: Path, lint: Lint) -> None:
    lint("padded.py", "tagger.py", "--isolated", "--select=PCK101")
    kept = Cache(str(project / ".packlint_cache")).project(str(project), ProjectFacts())
    assert kept.entry(str(project / "padded.py"), "PCK000 PCK101") is not None
    assert kept.entry(str(project / "tagger.py"), "PCK000 PCK101") is not None
    assert kept.entry(str(project / "tagger.py"), "PCK000 PCK201") is None
    assert kept.entry(str(project / "data.py"), "PCK000 PCK101") is None
    (project / "tagger.py").write_text(SORTED)
    assert kept.entry(str(project / "tagger.py"), "PCK000 PCK101") is None


def test_a_file_that_was_gone_when_it_was_to_be_kept(project: Path) -> None:
    path = project / "padded.py"
    task = Task(str(path), str(project), frozenset({"PCK101"}), ProjectFacts())
    checked = check_file(task)
    cache = Cache(str(project / ".packlint_cache"))
    cache.project(task.root, task.facts).add(task.path, "", Entry(checked.findings, checked.lines, None, checked.rows))
    path.unlink()
    cache.save()
    assert len(read(str(stored(project)), str(project)).entries) == 1
    path.write_text(PADDER)
    kept = Cache(str(project / ".packlint_cache")).project(task.root, task.facts)
    assert kept.entry(task.path, "") is None


@pytest.mark.parametrize("asked", [".", "tagger.py"])
@pytest.mark.parametrize("coarse", [False, True])
def test_other_contents_of_the_same_size_and_time_are_noticed(
    project: Path, lint: Lint, monkeypatch: pytest.MonkeyPatch, asked: str, coarse: bool
) -> None:
    def without_more(status: os.stat_result) -> Signature:
        return status.st_size, status.st_mtime_ns, 0, 0

    other = DATA.replace("list(batch)", "sort(batch)")
    assert len(other) == len(DATA)
    if coarse:  # nothing but size and time tell, and the file is so young that they do not
        monkeypatch.setattr(packlint.cache, "signature_of", without_more)
        (project / "data.py").write_text(DATA)
    status = (project / "data.py").stat()
    first = lint(asked)
    (project / "data.py").write_text(other)
    os.utime(project / "data.py", ns=(status.st_atime_ns, status.st_mtime_ns))
    assert signature_of(status)[:2] == signature_of((project / "data.py").stat())[:2]
    assert as_without(lint, asked) != first


def test_runs_at_the_same_time(project: Path) -> None:
    for number in range(6):
        (project / f"padded{number}.py").write_text(PADDER)
    command = [sys.executable, "-m", "packlint", ".", "--output-format=concise", "-j2"]
    fresh = run_packlint(".", "--output-format=concise", "--no-cache", cwd=project)
    for _ in range(2):  # cold, then warm
        runs = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(4)]
        for process in runs:
            out, err = process.communicate(timeout=60)
            assert Ran(process.returncode, out, err) == fresh
    assert {name for name in os.listdir(project / ".packlint_cache") if not name.endswith(".json")} == {
        ".gitignore",
        ".lock",
        "CACHEDIR.TAG",
    }
    assert len(read(str(stored(project)), str(project)).entries) == 8


def test_what_another_run_found_meanwhile_is_kept_as_well(
    project: Path, lint: Lint, monkeypatch: pytest.MonkeyPatch, anew: list[str]
) -> None:
    with monkeypatch.context() as patched:
        meanwhile(patched, "tagger.py", lambda: run_packlint("padded.py", "none.py", cwd=project), after=False)
        lint("tagger.py")
    assert set(read(str(stored(project)), str(project)).entries) == {
        str(project / n) for n in ("padded.py", "tagger.py")
    }
    looks: list[str] = []
    monkeypatch.setattr(packlint.looks, "_look_at", lambda path, _: looks.append(path))
    assert lint("padded.py", "tagger.py", "none.py").places == BOTH
    assert (looks, anew) == ([], [])
    monkeypatch.undo()
    monkeypatch.chdir(project)
    (project / "padded.py").write_text(f"# packlint: ignore-file\n{PADDER}")
    assert as_without(lint, ".").places == BOTH[1:]


def test_what_another_run_found_holds_no_longer(project: Path, lint: Lint, monkeypatch: pytest.MonkeyPatch) -> None:
    def another() -> None:
        run_packlint("tagger.py", cwd=project)
        (project / "data.py").write_text(SORTED)

    meanwhile(monkeypatch, "padded.py", another, after=False)
    lint("padded.py")
    assert as_without(lint, ".").places == BOTH[:1]


def test_who_writes_waits_for_who_writes_already(tmp_path: Path) -> None:
    make_folder(str(tmp_path / "cache"))
    with locked(str(tmp_path / "cache")):
        held = (
            "import packlint.cache_file as c\nc.PATIENCE = 0.05\n"
            "try:\n    with c.locked('cache'):\n        print('in')\nexcept OSError:\n    print('out')\n"
        )
        done = subprocess.run([sys.executable, "-c", held], cwd=tmp_path, capture_output=True, text=True, check=True)
        assert done.stdout == "out\n"
    done = subprocess.run([sys.executable, "-c", held], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "in\n"


# --- what is written ---


def test_the_document_is_small(project: Path, lint: Lint) -> None:
    lint(".")
    kept = document(project)
    text = json.dumps(kept)
    assert text.count(str(project)) == 1  # the root itself
    assert kept["listed"] == 5
    assert set(kept) == {"made by", "root", "at", "files", "listed", "cut", "rows", "entries"}
    before = len(stored(project).read_bytes())
    for _ in range(5):  # nothing is left behind of what does not hold any more
        (project / "data.py").write_text(SORTED)
        lint(".")
        (project / "data.py").write_text(DATA)
        lint(".")
    assert abs(len(stored(project).read_bytes()) - before) < 10


def test_a_project_at_the_root_and_files_outside_of_it() -> None:
    short, long = packlint.cache_file._short, packlint.cache_file._long
    for root in ("/", "/a", "/a/b"):
        for path in ("/", "/a", "/ab", "/a/b", "/a/b/c.py", "/c.py"):
            assert long(root, short(root, path)) == path
    assert short("/a", "/a/b.py") == "b.py"
