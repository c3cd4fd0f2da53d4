"""Facts from other files: who calls a model, and with what."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.conftest import Ran

Lint = Callable[..., Ran]

ENCODER = """\
import torch.nn as nn


class Encoder(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.gru = nn.GRU(features, hidden, batch_first=True, bidirectional=True)

    def forward(self, x):
        return self.gru(x)[0]
"""

MODEL = """\
import torch.nn as nn

from {module} import Encoder


class Model(nn.Module):
    def __init__(self, words):
        super().__init__()
        self.embed = nn.Embedding(words, 8{padding})
        self.encoder = Encoder(8, 16)

    def forward(self, ids):
        return self.encoder(self.embed(ids))
"""

OTHER = """\
import torch.nn as nn


class Encoder(nn.Module):
    def forward(self, x):
        return x
"""


def write(folder: Path, files: dict[str, str]) -> None:
    (folder / "setup.py").touch()
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_the_caller_is_found_among_many_classes_of_the_same_name(folder: Path, lint: Lint) -> None:
    others = {f"layers/a{at}.py": OTHER for at in range(20)}
    users = {f"layers/b{at}.py": MODEL.format(module=f"layers.a{at}", padding="") for at in range(20)}
    model = MODEL.format(module="layers.encoders", padding=", padding_idx=0")
    write(folder, {"layers/encoders.py": ENCODER, "zoo/model.py": model, **others, **users})
    assert lint("layers/encoders.py", "--output-format", "concise").places == ["layers/encoders.py PCK102"]


def test_a_class_of_the_same_name_is_no_caller_s(folder: Path, lint: Lint) -> None:
    model = MODEL.format(module="layers.other", padding=", padding_idx=0")
    write(folder, {"layers/encoders.py": ENCODER, "layers/other.py": OTHER, "model.py": model})
    assert lint("layers/encoders.py").code == 0


def test_a_base_class_calls_what_a_subclass_makes(folder: Path, lint: Lint) -> None:
    base = """\
import torch.nn as nn


class Base(nn.Module):
    def encode(self, x):
        return self.inner(x)
"""
    model = """\
import torch.nn as nn

from base import Base
from encoders import Encoder


class Model(Base):
    def __init__(self, words):
        super().__init__()
        self.embed = nn.Embedding(words, 8, padding_idx=0)
        self.inner = Encoder(8, 16)

    def forward(self, ids):
        return self.encode(self.embed(ids))
"""
    write(folder, {"encoders.py": ENCODER, "base.py": base, "model.py": model})
    assert lint("encoders.py", "--output-format", "concise").places == ["encoders.py PCK102"]


def test_a_model_is_called_with_what_its_own_parse_batch_gives(folder: Path, lint: Lint) -> None:
    model = """\
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence


class Model(nn.Module):
    def __init__(self, features):
        super().__init__()
        self.gru = nn.GRU(features, 8, batch_first=True)

    def parse_batch(self, batch):
        frames, lengths, target = batch
        return (frames.cuda(), lengths.cuda()), target.cuda()

    def forward(self, inputs):
        frames, lengths = inputs
        packed = pack_padded_sequence(frames, lengths, batch_first=True, enforce_sorted=False)
        return self.gru(packed)[1]
"""
    write(folder, {"model.py": model})
    assert lint("model.py", "--output-format", "concise").places == ["model.py PCK204"]


PACKS = """\
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence


class {name}(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(8, 8, batch_first=True)

    def forward(self, frames, lengths):
        packed = pack_padded_sequence(frames, lengths, batch_first=True, enforce_sorted=False)
        return self.gru(packed)[1]
"""


def test_one_of_many_models_is_called_as_the_chosen_one(folder: Path, lint: Lint) -> None:
    names = [f"Model{at}" for at in range(12)]
    models = {f"models/{name.lower()}.py": PACKS.format(name=name) for name in names}
    imports = "\n".join(f"from models.{name.lower()} import {name}" for name in names)
    table = ", ".join(f"'{name}': {name}" for name in names)
    train = """\
from zoo import build


def train(name, loader, device):
    model = build(name).to(device)
    for frames, lengths, target in loader:
        model(frames.to(device), lengths.to(device)).sum().backward()
"""
    zoo = f"{imports}\n\nTABLE = {{{table}}}\n\n\ndef build(name):\n    return TABLE[name]()\n"
    write(folder, {**models, "zoo.py": zoo, "train.py": train})
    assert lint("models/model11.py", "--output-format", "concise").places == ["models/model11.py PCK204"]


TRAINER = """\
class Trainer:
    def __init__(self, model, loader, device):
        self.model, self.loader, self.device = model, loader, device

    def train(self):
        for frames, lengths, target in self.loader:
            self.model({arguments}).sum().backward()
"""


def test_a_model_that_only_a_registry_knows_is_called_as_the_trainer_calls_one(folder: Path, lint: Lint) -> None:
    trainer = TRAINER.format(arguments="frames.to(self.device), lengths.to(self.device)")
    write(folder, {"models/speech.py": PACKS.format(name="Speech"), "trainer.py": trainer})
    assert lint("models", "--output-format", "concise").places == ["models/speech.py PCK204"]


def test_a_call_with_other_arguments_is_not_one_of_the_model(folder: Path, lint: Lint) -> None:
    trainer = TRAINER.format(arguments="frames.to(self.device), lengths.to(self.device), target.to(self.device)")
    write(folder, {"models/speech.py": PACKS.format(name="Speech"), "trainer.py": trainer})
    assert lint("models").code == 0


def test_where_calls_differ_nothing_is_taken_from_them(folder: Path, lint: Lint) -> None:
    trainer = TRAINER.format(arguments="frames.to(self.device), lengths.to(self.device)")
    other = TRAINER.format(arguments="frames.to(self.device), lengths.to(self.device).cpu()")
    files = {"models/speech.py": PACKS.format(name="Speech"), "trainer.py": trainer, "other.py": other}
    write(folder, files)
    assert lint("models").code == 0
