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
