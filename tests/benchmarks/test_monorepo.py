"""The repository that is made up: what is in it, and that it is the same every time."""

from __future__ import annotations

import ast
import hashlib
import re
import statistics
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from benchmarks import monorepo  # noqa: E402
from packlint.cli import main  # noqa: E402
from packlint.source import Recurrence, recurrence  # noqa: E402

FILES, PER_PROJECT, SHARE = 700, 200, 0.02


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "repository"
    done = monorepo.write(folder, FILES, PER_PROJECT, SHARE, seed=0)
    assert (done.files, done.models) == (FILES, 14)
    assert done.size == sum(path.stat().st_size for path in folder.rglob("*.py"))
    return folder


def texts(folder: Path) -> Iterator[tuple[str, str]]:
    return ((str(path.relative_to(folder)), path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("*.py")))


def digest(folder: Path) -> str:
    found = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            found.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()


@dataclass(frozen=True, slots=True)
class Names:
    """What a file gives at its top, its imports included, and what it takes from its own project: modules, names."""

    given: list[str]
    taken: list[tuple[str, str]]


@pytest.fixture(scope="module")
def names(made: Path) -> dict[str, Names]:
    return {path: names_of(ast.parse(text, path), Path(path).parts[0]) for path, text in texts(made)}


def names_of(tree: ast.Module, package: str) -> Names:
    found = Names([], [])
    for node in tree.body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            found.given.extend(alias.asname or alias.name for alias in node.names)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.given.append(node.name)
        elif isinstance(node, ast.Assign):
            found.given.extend(target.id for target in node.targets if isinstance(target, ast.Name))
        if isinstance(node, ast.ImportFrom) and node.module is not None and node.module.startswith(package):
            found.taken.extend((node.module, alias.name) for alias in node.names)
    return found


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for name, seed, processes in (("one", 3, 1), ("two", 3, 2), ("other", 4, 1)):
        monorepo.write(tmp_path / name, 120, 60, 0.02, seed, processes)
    assert digest(tmp_path / "one") == digest(tmp_path / "two")
    assert digest(tmp_path / "one") != digest(tmp_path / "other")


def test_a_larger_one_begins_with_the_smaller_one(tmp_path: Path) -> None:
    monorepo.write(tmp_path / "small", 60, 60, 0.02, 3)
    monorepo.write(tmp_path / "large", 120, 60, 0.02, 3)
    (small,) = (tmp_path / "small").iterdir()
    assert digest(small) == digest(tmp_path / "large" / small.name)


def test_there_are_as_many_files_as_were_asked_for_in_projects(made: Path) -> None:
    assert sum(1 for _ in texts(made)) == FILES
    projects = sorted(path.parent for path in made.rglob("pyproject.toml"))
    assert projects == sorted(made.iterdir())
    assert sorted(sum(1 for _ in project.rglob("*.py")) for project in projects) == [100, 200, 200, 200]
    packages = {path.parent for path in made.rglob("*.py")}
    assert all((package / "__init__.py").is_file() for package in packages)


def test_files_are_as_long_as_files_are(made: Path) -> None:
    lines = [text.count("\n") for _, text in texts(made)]
    assert min(lines) >= monorepo.FEWEST
    assert max(lines) <= monorepo.MOST
    assert 270 <= statistics.fmean(lines) <= 330
    assert statistics.median(lines) < 0.85 * statistics.fmean(lines)
    assert 35 <= sum(len(text) for _, text in texts(made)) / sum(lines) <= 40


def test_every_file_parses_and_gives_each_name_once(names: dict[str, Names]) -> None:
    for path, found in names.items():
        assert len(found.given) == len(set(found.given)), path


def test_the_nouns_of_the_blocks_are_gone(made: Path) -> None:
    words = re.compile(rf"package_name|(?<![a-z])(?:{'|'.join(monorepo.SLOTS)})s?(?![a-z])", re.IGNORECASE)
    assert not [path for path, text in texts(made) if words.search(text)]


def test_what_a_file_takes_from_its_project_is_there(names: dict[str, Names]) -> None:
    taken = [(path, *one) for path, found in names.items() for one in found.taken]
    assert len(taken) > FILES
    for path, module, name in taken:
        target = f"{Path(path).parts[0]}/{module.replace('.', '/')}"
        assert name in names.get(f"{target}.py", names.get(f"{target}/__init__.py", Names([], []))).given, path


def test_recurrent_layers_stand_in_their_share_of_the_files_and_in_every_project(made: Path) -> None:
    recurrent = [path for path, text in texts(made) if re.search(r"nn\.(LSTM|GRU|RNN)\(", text)]
    assert len(recurrent) == round(SHARE * FILES)
    assert {Path(path).parts[0] for path in recurrent} == {path.name for path in made.iterdir()}
    mentioning = [path for path, text in texts(made) if recurrence(text.encode()) is not Recurrence.NONE]
    assert set(recurrent) <= set(mentioning)
    assert len(mentioning) <= 3 * len(recurrent)  # what makes batches may speak of it, plain code does not


def test_no_two_plain_files_are_alike(made: Path) -> None:
    bodies = {re.sub(r'^(?:#.*\n|\n)*"""[^"]*"""', "", text) for _, text in texts(made)}
    assert len(bodies) == FILES


def test_a_share_of_nothing_has_no_recurrent_layer(tmp_path: Path) -> None:
    monorepo.write(tmp_path / "plain", 40, 40, 0.0, 0)
    assert {recurrence(text.encode()) for _, text in texts(tmp_path / "plain")} == {Recurrence.NONE}


def test_packlint_finds_what_stands_in_other_files(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--isolated", "--no-cache", "--output-format", "concise", str(made)]) == 1
    found = [line.split(":") for line in capsys.readouterr().out.splitlines()[:-1]]
    codes = {words[3].split()[0] for words in found}
    assert codes == {"PCK102", "PCK201", "PCK204", "PCK302", "PCK303", "PCK304", "PCK401"}
    kinds = {Path(words[0]).stem.rpartition("_")[2] for words in found}
    assert kinds == {"classifier", "encoder", "matcher", "summarizer"}  # taggers and forecasters are right


def test_findings_go_where_the_other_files_are_gone(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is found rests on the files that make the batches and train, and not on the model alone."""
    model = min(made.rglob("models/*_encoder.py"))
    assert main(["check", "--isolated", "--no-cache", "--output-format", "concise", str(model)]) == 1
    assert "PCK204" in capsys.readouterr().out
    alone = model.with_name("alone")
    alone.mkdir()
    copy = alone / model.name
    copy.write_bytes(model.read_bytes())
    (alone / "setup.py").touch()
    try:
        main(["check", "--isolated", "--no-cache", "--output-format", "concise", str(copy)])
        assert "PCK204" not in capsys.readouterr().out
    finally:
        for path in (copy, alone / "setup.py"):
            path.unlink()
        alone.rmdir()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--files", "0"], "counted from 1"),
        (["--rnn-share", "2"], "between 0 and 1"),
        (["--files", "10", "--per-project", "5"], "too few for a project"),
        (["--files", "9000", "--per-project", "9000"], "too large"),
    ],
)
def test_what_cannot_be_made_is_said(
    tmp_path: Path, words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code = monorepo.main([str(tmp_path / "repository"), *words])
    except SystemExit as left:
        code = int(left.code or 0)
    assert code == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "repository").exists()


def test_nothing_is_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.py").touch()
    assert monorepo.main([str(tmp_path), "--files", "40", "--per-project", "40"]) == 2
    assert "is there already" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.py"]


def test_what_was_made_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert monorepo.main([str(tmp_path / "new"), "--files", "40", "--per-project", "40"]) == 0
    assert capsys.readouterr().out.startswith("40 files, 1 of them with recurrent layers, ")
