"""What files lead to by imports, read from their bytes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from packlint.analysis.texts import LARGE, NEAREST, Change, Question, Texts, imports_in


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import a\n", [("a", 0, [])]),
        ("import a.b as c, d\n", [("a", 0, []), ("a.b", 0, []), ("d", 0, [])]),
        ("from a.b import c\n", [("a.b", 0, ["c"])]),
        ("from . import c\n", [("", 1, ["c"])]),
        ("from ..a import *\n", [("a", 2, ["*"])]),
        ("from a import (  # why (not)\n    b,\n    c,\n)\n", [("a", 0, ["b", "c"])]),
        ("from a import b, \\\n    c\n", [("a", 0, ["b", "c"])]),
        ("try: import a\nexcept ImportError: a = None\n", [("a", 0, [])]),
        ('"import a\\n",\n', [("a", 0, [])]),
        ("important = 1\n", []),
        ("# import a\n", []),
        ("x = importlib.import_module(name)\n", []),
    ],
)
def test_imports_are_read_from_bytes(text: str, found: list[tuple[str, int, list[str]]]) -> None:
    assert [(module, level, names) for module, level, names in imports_in(text.encode())][: len(found) or None] == found


def test_a_file_leads_to_what_its_imports_import(tmp_path: Path) -> None:
    files = {
        "main.py": "from package import build\n",
        "alone.py": "import json\n",
        "whole.py": "import package\n",
        "package/__init__.py": "from .building import build\n",
        "package/building.py": "from .models.rnn import Model\n",
        "package/models/__init__.py": "",
        "package/models/rnn.py": "",
        "package/models/other.py": "",
    }
    _write(tmp_path, files)
    texts = Texts(str(tmp_path), 100)

    def leads(name: str, other: str) -> bool:
        return texts.leads(str(tmp_path / name), str(tmp_path / other))

    assert leads("main.py", "package/models/rnn.py")
    assert leads("package/models/other.py", "package/models/other.py")
    assert leads("whole.py", "package/models/other.py")  # `package.models.other` may be what is written
    assert not leads("main.py", "package/models/other.py")
    assert not leads("alone.py", "package/models/rnn.py")
    assert not leads("package/models/rnn.py", "package/building.py")


def test_what_a_file_leads_to_is_asked_again_when_another_has_changed(tmp_path: Path) -> None:
    main, parts, model = (tmp_path / name for name in ("main.py", "parts.py", "model.py"))
    main.write_text("from parts import *\n")
    parts.write_text("")
    model.write_text("")
    texts = Texts(str(tmp_path), 100)
    assert not texts.leads(str(main), str(model))
    (row,) = texts.rows(texts.notes.questions())
    assert str(tmp_path) not in row[0].more
    nothing = frozenset[str]()
    assert texts.still(row, Change(nothing, nothing, nothing))
    assert Texts(str(tmp_path), 100).still(row, Change(frozenset({str(parts)}), nothing, nothing))
    parts.write_text("import model\n")
    assert not Texts(str(tmp_path), 100).still(row, Change(frozenset({str(parts)}), nothing, nothing))


TRAINING = "for batch in loader:\n    model(batch)\n"


def test_models_are_called_in_the_nearest_files_that_do(tmp_path: Path) -> None:
    files = {
        "train.py": TRAINING,
        "models/rnn.py": "class Model: ...\n",
        "models/step.py": TRAINING,
        "models/long.py": TRAINING + "#" * LARGE,
        "models/deep/step.py": TRAINING,
        "other/data.py": "for batch in loader: ...\n",
        "other/one.py": "model(1)\n",
    }
    _write(tmp_path, files)
    near = [os.path.relpath(path, tmp_path) for path in _calling(tmp_path)[1]]
    assert near == ["models/step.py", "models/deep/step.py", "train.py"]
    (tmp_path / "models/rnn.py").write_text(TRAINING)
    assert _calling(tmp_path)[1][0] == str(tmp_path / "models/rnn.py")


def test_farther_files_than_those_that_were_looked_at_do_not_matter(tmp_path: Path) -> None:
    near = {f"models/step{number}.py": TRAINING for number in range(NEAREST)}
    _write(tmp_path, {"models/rnn.py": "", "models/data.py": "", "train.py": TRAINING, **near})
    texts, _ = _calling(tmp_path)
    (row,) = texts.rows([Question("calls", "forward", "models/rnn.py")])

    def holds_after(path: str, text: str) -> bool:
        before = (tmp_path / path).read_text()
        (tmp_path / path).write_text(text)
        holds = Texts(str(tmp_path), 100).still(
            row, Change(frozenset({str(tmp_path / path)}), frozenset(), frozenset())
        )
        (tmp_path / path).write_text(before)
        return holds

    assert holds_after("train.py", TRAINING + "\n")
    assert holds_after("train.py", "")
    assert holds_after("models/data.py", "x = 1\n")
    assert not holds_after("models/data.py", TRAINING)
    assert not holds_after("models/step0.py", "")


def _write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def _calling(folder: Path) -> tuple[Texts, Sequence[str]]:
    texts = Texts(str(folder), 100)
    return texts, texts.calling("forward", str(folder / "models/rnn.py"))
