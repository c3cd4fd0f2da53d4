"""Recipes: how they are declared, found, followed and written."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from packlint.verify import recipe
from packlint.verify.recipes import Written, declared, file_of, fits, written_in
from tests.conftest import Ran, run_packlint

pytest.importorskip("torch", reason="PyTorch is not installed")

ROOT = Path(__file__).resolve().parents[2]
DOCS = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")

MODELS = {
    "pkg/configured.py": """\
from torch import nn


class Configured(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocab_size, config.hidden_size)
        self.lstm = nn.LSTM(config.hidden_size, config.hidden_size, num_layers=config.num_layers, batch_first=True)

    def forward(self, input_ids, lengths):
        out, _ = self.lstm(self.embedding(input_ids))
        return out + 1 if self.config.use_bias else out
""",
    "pkg/keyed.py": """\
from torch import nn


class Keyed(nn.Module):
    def __init__(self, args):
        super().__init__()
        self.lstm = nn.LSTM(args["feature_size"], args["hidden"], batch_first=True)

    def forward(self, features, lengths):
        out, (h, c) = self.lstm(features)
        return h[-1]
""",
    "pkg/masked.py": """\
from torch import nn


class Masked(nn.Module):
    def __init__(self, word2id, hidden_dim=8):
        super().__init__()
        self.embedding = nn.Embedding(len(word2id), 6)
        self.gru = nn.GRU(6, hidden_dim, batch_first=True, bidirectional=True)

    def forward(self, tokens, mask):
        out, _ = self.gru(self.embedding(tokens))
        return out
""",
    "pkg/listed.py": """\
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class Listed(nn.Module):
    def __init__(self, weights):
        super().__init__()
        self.embedding = nn.Embedding.from_pretrained(weights)
        self.gru = nn.GRU(weights.shape[1], 7)

    def forward(self, src, src_len):
        assert isinstance(src_len, list)
        out, h = self.gru(pack_padded_sequence(self.embedding(src), src_len))
        return pad_packed_sequence(out)[0]
""",
    "pkg/held.py": """\
from torch import nn


class Encoder(nn.Module):
    def __init__(self, vocab_size, emb_dim):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, emb_dim)

    def forward(self, src):
        return self.embedding(src)


class Held(nn.Module):
    def __init__(self, encoder, hidden):
        super().__init__()
        self.encoder = encoder
        self.top = nn.GRU(8, hidden, batch_first=True, bidirectional=True)

    def forward(self, src, src_lengths):
        return self.top(self.encoder(src))[0]
""",
    "pkg/batched.py": """\
from torch import nn


class Batched(nn.Module):
    def __init__(self, vocab_size):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, 6)
        self.rnn = nn.LSTM(6, 5, batch_first=True, bidirectional=True)

    def forward(self, batch):
        out, _ = self.rnn(self.embedding(batch.src))
        return out * batch.src_mask[..., None]
""",
}
EXAMPLES = ("encoder_decoder", "tagger")
ODD = """\
from torch import nn


class Odd(nn.Module):
    def __init__(self, frobnicator, vocab_size):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, frobnicator.depth(3))
        self.rnn = nn.LSTM(frobnicator.depth(3), 5, batch_first=True, bidirectional=True)

    def forward(self, ids, lengths):
        return self.rnn(self.embedding(ids))[0]


class Strange(nn.Module):
    def __init__(self, vocab_size):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, 6)
        self.rnn = nn.LSTM(6, 5, batch_first=True, bidirectional=True)

    def forward(self, ids, zorp, lengths):
        return self.rnn(self.embedding(ids) * zorp["scale"])[0]
"""


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def verified(folder: Path, *words: str) -> Ran:
    return run_packlint("verify", *words, "--isolated", cwd=folder)


def sites(ran: Ran) -> dict[tuple[str, int], dict[str, Any]]:
    """The sites of a report by file and row, without what differs from run to run."""
    found = {}
    for one in json.loads(ran.out)["sites"]:
        if one["class"] == "Held":  # what it is given is built with other weights
            one["relations"] = [_holding(relation) for relation in one["relations"]]
        kept = {name: one[name] for name in ("class", "way", "verdict", "reason", "relations")}
        found[os.path.basename(one["filename"]), one["row"]] = kept
    return found


def _holding(relation: dict[str, Any]) -> list[Any]:
    return [relation["name"], *(side and side["holds"] for side in (relation["original"], relation["rewrite"]))]


def test_the_decorator_takes_no_import_of_torch() -> None:
    code = "import sys; from packlint.verify import recipe; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_a_batch_can_be_imported_beside_it() -> None:
    from packlint.verify import Batch
    from packlint.verify.batches import Batch as Same

    assert Batch is Same


def test_ids_are_padded_with_what_is_asked_for() -> None:
    from packlint.verify.batches import ragged

    made, usual = ragged(0).ids(9, pad=3), ragged(0).ids(9)
    real = ragged(0).real()
    assert set(made[~real].tolist()) == {3}
    assert 3 not in made[real]
    assert set(usual[~real].tolist()) == {0}
    assert 0 not in usual[real]


@pytest.mark.parametrize("target", ["Tagger", ":Tagger", "model:", "model.py", "model:Tag ger", "model:A..B"])
def test_a_target_without_a_class_is_refused(target: str) -> None:
    with pytest.raises(ValueError, match="a recipe is for a class"):
        recipe(target)


def test_a_function_is_declared_and_stays_what_it_is() -> None:
    declared.clear()

    def tagger() -> Any:
        return None

    assert recipe("pkg.model:Outer.Tagger", method="encode")(tagger) is tagger
    assert [(one.target, one.method, one.function) for one in declared] == [
        ("pkg.model:Outer.Tagger", "encode", tagger)
    ]
    declared.clear()


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("pkg.model:Tagger", "/a/pkg/model.py"),
        ("model:Tagger", "/a/pkg/model.py"),
        ("a.pkg.model:Tagger", "/a/pkg/model.py"),
        ("pkg:Tagger", "/a/pkg/__init__.py"),
        ("model.py:Tagger", "/a/pkg/model.py"),
        ("model.py:Outer.Tagger", "/a/pkg/model.py"),
        ("pkg/model.py:Tagger", "/a/pkg/model.py"),
        ("/a/pkg/model.py:Tagger", "/a/pkg/model.py"),
        ("./pkg/model.py:Tagger", "/here/pkg/model.py"),
        ("../pkg/model.py:Tagger", "/pkg/model.py"),
    ],
)
def test_a_target_fits(target: str, path: str) -> None:
    assert fits(target, path, "Tagger", "/here")


@pytest.mark.parametrize(
    ("target", "path", "owner"),
    [
        ("pkg.model:Tagger", "/a/pkg/model.py", "Other"),
        ("pkg.model:Tagger", "/a/pkg/model.py", None),
        ("pkg.model:Tagger", "/a/other/model.py", "Tagger"),
        ("odel:Tagger", "/a/pkg/model.py", "Tagger"),
        ("pkg.model:ATagger", "/a/pkg/model.py", "Tagger"),
        ("pkg:Tagger", "/a/pkg/model.py", "Tagger"),
        ("odel.py:Tagger", "/a/pkg/model.py", "Tagger"),
        ("/pkg/model.py:Tagger", "/a/pkg/model.py", "Tagger"),
        ("./pkg/model.py:Tagger", "/a/pkg/model.py", "Tagger"),
        ("b/pkg/model.py:Tagger", "/a/pkg/model.py", "Tagger"),
    ],
)
def test_a_target_does_not_fit(target: str, path: str, owner: str | None) -> None:
    assert not fits(target, path, owner, "/here")


@pytest.mark.parametrize(
    "text",
    [
        "from packlint.verify import recipe\n@recipe('m:A')\ndef a(): ...\n",
        "from packlint.verify import recipe as r\n@r(target='m:A')\ndef a(): ...\n",
        "from packlint import verify\n@verify.recipe('m:A')\ndef a(): ...\n",
        "import packlint.verify\n@packlint.verify.recipe('m:A')\ndef a(): ...\n",
        "import packlint.verify as v\n@v.recipe('m:A', method='f')\ndef a(): ...\n",
    ],
)
def test_recipes_are_seen_without_running_them(text: str) -> None:
    assert written_in(text) == [Written(2, "m:A")]


def test_a_target_that_is_no_literal_is_left_open() -> None:
    assert written_in("from packlint.verify import recipe\nfor n in X:\n    recipe(n)(f)\n") == [Written(3, None)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "from cookbook import recipe\n@recipe('m:A')\ndef a(): ...\n",
        "import cook\n@cook.recipe('m:A')\ndef a(): ...\n",
        "from .verify import recipe\nrecipe('m:A')\n",
        "from packlint.verify import recipe\n# @recipe('m:A')\n",
    ],
)
def test_what_is_no_recipe_is_not_taken_for_one(text: str) -> None:
    assert written_in(text) == []


def test_imports_are_put_together() -> None:
    ones = [
        {"imports": ["import torch", "from types import SimpleNamespace"], "lines": ["a = 1"], "missing": []},
        {"imports": ["import torch"], "lines": ["b = 2"], "missing": []},
    ]
    lines = file_of(ones).splitlines()
    assert lines[2:] == ["from types import SimpleNamespace", "", "import torch", "",
                         "from packlint.verify import recipe", "", "", "a = 1", "", "", "b = 2"]  # fmt: skip


@pytest.fixture(scope="module")
def round_trip(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, str], Any, Any]:
    """What is written of many models, what was missing, and their evidence without and with it."""
    folder = tmp_path_factory.mktemp("round")
    write(folder, {**MODELS, "pkg/__init__.py": ""})
    for name in EXAMPLES:
        shutil.copy(ROOT / "examples" / name / "before.py", folder / f"{name}.py")
    wrote = verified(folder, ".", "--write-recipe", "-o", "recipes.py")
    assert (wrote.code, wrote.out) == (0, "")
    text = (folder / "recipes.py").read_text(encoding="utf-8")
    words = [*MODELS, *(f"{name}.py" for name in EXAMPLES), "--output-format=json"]
    without, with_recipes = verified(folder, *words), verified(folder, *words, "--recipe", "recipes.py")
    return text, {"err": wrote.err + with_recipes.err}, sites(without), sites(with_recipes)


def test_what_was_inferred_is_written_and_gives_the_same(round_trip: tuple[str, Any, Any, Any]) -> None:
    text, said, without, with_recipes = round_trip
    assert said == {"err": ""}
    assert len(without) >= len(MODELS) + len(EXAMPLES)
    assert {one["way"] for one in without.values()} == {"inferred"}
    assert {one["way"] for one in with_recipes.values()} == {"recipe"}
    for site, one in without.items():
        assert {**with_recipes[site], "way": "inferred"} == one, site
    assert {one["verdict"] for one in without.values()} == {"passed", "failed"}
    assert "NotImplementedError" not in text


@pytest.mark.parametrize(
    "line",
    [
        "    from pkg.configured import Configured",
        "config=SimpleNamespace(vocab_size=50, hidden_size=8, num_layers=1, use_bias=False)",
        '    model = Keyed(args={"feature_size": 8, "hidden": 8})',
        '"features": batch.features(8)',
        '"mask": batch.real()',
        '    model = Masked(word2id={"<pad>": 0, **{f"word{at}": at for at in range(1, 50)}})',
        "weights=torch.linspace(-1, 1, 400).reshape(50, 8)",
        '"src": batch.ids(50).transpose(0, 1).contiguous(), "src_len": list(batch.lengths)',
        "    model = Held(encoder=Encoder(vocab_size=50, emb_dim=8), hidden=8)",
        "SimpleNamespace(src=batch.ids(50), src_mask=batch.real())",
        '@recipe("pkg.keyed:Keyed")',
        '@recipe("tagger.py:Tagger")',
        '"target": batch.ids(5).clamp(max=3)',
    ],
)
def test_it_is_written_as_a_person_would(round_trip: tuple[str, Any, Any, Any], line: str) -> None:
    assert line in round_trip[0]


def test_what_is_not_known_is_asked_for_and_can_be_filled_in(tmp_path: Path) -> None:
    write(tmp_path, {"odd.py": ODD})
    wrote = verified(tmp_path, "odd.py", "--write-recipe")
    assert wrote.code == 0
    assert wrote.err.splitlines() == [
        "packlint: odd.py::Odd: say what `frobnicator` is",
        "packlint: odd.py::Strange: say what `zorp` is",
    ]
    ones = [line for line in wrote.out.splitlines() if "raise" in line or "model = " in line or "return {" in line]
    assert ones == [
        '    raise NotImplementedError("say what `frobnicator` is")',
        "    model = Odd(frobnicator=frobnicator, vocab_size=50)",
        '        return {"ids": batch.ids(50), "lengths": torch.tensor(batch.lengths)}',
        "    model = Strange(vocab_size=50)",
        '        raise NotImplementedError("say what `zorp` is")',
        '        return {"ids": batch.ids(50), "zorp": zorp, "lengths": torch.tensor(batch.lengths)}',
    ]
    assert "    # Odd(frobnicator, vocab_size): AttributeError: " in wrote.out
    text = wrote.out.replace(ones[0], "    from types import SimpleNamespace as F\n    frobnicator = F(depth=int)")
    write(tmp_path, {"recipes.py": text.replace(ones[4], '        zorp = {"scale": 2}')})
    done = verified(tmp_path, "odd.py", "--recipe", "recipes.py", "--output-format=json")
    assert done.err == ""
    assert [(one["class"], one["way"], one["verdict"]) for one in sites(done).values()] == [
        ("Odd", "recipe", "passed"),
        ("Strange", "recipe", "passed"),
    ]


HELPERS = """\
from shop.model import Tagger


def build():
    return Tagger(50)
"""
TAGGER = """\
from torch import nn


class Tagger(nn.Module):
    def __init__(self, vocab_size):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, 6)
        self.rnn = nn.LSTM(6, 5, batch_first=True, bidirectional=True)

    def forward(self, ids, lengths):
        return self.encode(ids, lengths)

    def encode(self, ids, lengths):
        return self.rnn(self.embedding(ids))[0]
"""
INNER = (
    TAGGER.partition("class")[0]
    + "class Outer:\n    class"
    + (TAGGER.partition("class")[2].replace("Tagger", "Inner").replace("\n    ", "\n        "))
)
RECIPES = """\
import torch
from packlint.verify import recipe
from shop.helpers import build


def make(batch):
    return (batch.ids(50),), {"lengths": torch.tensor(batch.lengths)}


@recipe("shop/model.py:Tagger", method="encode")
def built_elsewhere():
    return build(), make


@recipe("divided.py:Tagger")
def divides():
    from divided import Tagger

    return Tagger(50), lambda batch: batch.size / 0


@recipe("copied.py:Tagger")
def of_a_copy():
    from shop.model import Tagger

    return Tagger(50), make


@recipe("single.py:Tagger")
def no_function():
    from single import Tagger

    return Tagger(50)


@recipe("raises.py:Tagger")
def too_few():
    from raises import Tagger

    return Tagger(50), lambda batch: batch.ids(50)


@recipe("without.py:Tagger", method="decode")
def no_such_method():
    from without import Tagger

    return Tagger(50), make


@recipe("nowhere:Tagger")
def of_nothing(): ...


@recipe("inner.py:Outer.Inner")
def of_a_class_within_another():
    from inner import Outer

    return Outer.Inner(50), make


@recipe("beside:Tagger")
def by_the_name_that_scripts_use():
    from beside import Tagger

    return Tagger(50), make
"""
REASONS = {
    "divided.py": "recipe recipes.py:19: ZeroDivisionError: division by zero",
    "copied.py": "recipe recipes.py:22: TypeError: the module holds no `Tagger` that was imported from `copied`",
    "single.py": "recipe recipes.py:29: TypeError: a recipe returns a module and a function, not Tagger",
    "raises.py": "recipe recipes.py:36: forward raises TypeError: Tagger.forward() missing 1 required positional "
    "argument: 'lengths'",
    "without.py": "recipe recipes.py:43: the module has no method `decode`",
}


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[tuple[str, int], dict[str, Any]], str]:
    folder = tmp_path_factory.mktemp("followed")
    write(folder, {"shop/__init__.py": "", "shop/model.py": TAGGER, "shop/helpers.py": HELPERS, "recipes.py": RECIPES})
    write(folder, dict.fromkeys([*REASONS, "shop/beside.py"], TAGGER))
    write(folder, {"inner.py": INNER})
    ran = verified(folder, "shop", "inner.py", *REASONS, "--recipe", "recipes.py", "--output-format=json")
    return sites(ran), ran.err


@pytest.mark.parametrize("file", ["model.py", "beside.py", "inner.py"])
def test_the_original_and_the_rewrite_are_what_is_imported(followed: Any, file: str) -> None:
    [one] = [one for (name, _), one in followed[0].items() if name == file]
    assert (one["way"], one["verdict"], one["reason"]) == ("recipe", "passed", "")
    agreement = next(relation for relation in one["relations"] if relation["name"] == "site agreement")
    assert not agreement["original"]["holds"]
    assert agreement["rewrite"]["holds"]


@pytest.mark.parametrize("file", REASONS)
def test_a_recipe_that_fails_is_said_and_another_way_is_taken(followed: Any, file: str) -> None:
    [one] = [one for (name, _), one in followed[0].items() if name == file]
    assert (one["way"], one["verdict"], one["reason"]) == ("inferred", "passed", REASONS[file])


def test_a_recipe_for_nothing_is_a_line(followed: Any) -> None:
    assert followed[1] == "packlint: recipes.py:50: nothing to verify in nowhere:Tagger\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def f(:\n", "recipes.py:1: invalid syntax"),
        (None, "recipes.py: No such file or directory"),
        ("\udcff", "recipes.py: "),
    ],
)
def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path, text: str | None, said: str) -> None:
    write(tmp_path, {"model.py": TAGGER})
    if text is not None:
        (tmp_path / "recipes.py").write_bytes(text.encode(errors="surrogateescape"))
    ran = verified(tmp_path, "model.py", "--recipe", "recipes.py")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"packlint: error: {said}")


def test_a_file_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    write(tmp_path, {"model.py": TAGGER, "recipes.py": "# mine\n"})
    ran = verified(tmp_path, "model.py", "--write-recipe", "-o", "recipes.py")
    assert (ran.code, ran.err) == (2, "packlint: error: recipes.py: is there already, and may have been worked on\n")
    assert (tmp_path / "recipes.py").read_text(encoding="utf-8") == "# mine\n"


def test_there_must_be_a_class(tmp_path: Path) -> None:
    write(tmp_path, {"model.py": "from torch import nn\n\n\ndef f(x):\n    return nn.LSTM(2, 3)(x)\n"})
    ran = verified(tmp_path, "model.py", "--write-recipe")
    assert (ran.code, ran.err) == (2, "packlint: error: there is no class to write a recipe for\n")


def test_the_page_is_true(tmp_path: Path) -> None:
    """Its files are written and its commands run, in turn."""
    commands = 0
    for kind, text in re.findall(r"^```(python|console)\n(.*?)^```$", DOCS, re.MULTILINE | re.DOTALL):
        first, _, rest = text.partition("\n")
        if kind == "python":
            path = tmp_path / first.removeprefix("# ")
            if "raise NotImplementedError(" in rest:  # what was written
                assert path.read_text(encoding="utf-8") == rest
            path.write_text(rest, encoding="utf-8")
            continue
        words = first.removeprefix("$ ").partition(" | ")[0].split()
        ran = run_packlint(*words[1:], "--isolated", cwd=tmp_path)
        out = json.loads(ran.out)["sites"][0]["reason"] + "\n" if "json" in first else ran.out
        assert _rounded(ran.err + out) == _rounded(rest)
        commands += 1
    assert commands == 3


def _rounded(text: str) -> str:
    """Without digits that another processor or build may give."""
    text = re.sub(r"torch [^,]+", "torch", text)
    return re.sub(r"\d\.\d(e[-+]\d\d)", "0.0e", re.sub(r"sequence \d(, step \d)?$", "", text, flags=re.MULTILINE))
