"""What a fix says that is shown and not written: which places have to change."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from packlint.cli import main

MODEL = """\
from torch import nn


class Tagger(nn.Module):
    def __init__(self, words):
        super().__init__()
        self.embed = nn.Embedding(words, 8)
        self.rnn = nn.LSTM(8, 8, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(16, 3)

    def forward(self, ids):
        return self.fc(self.rnn(self.embed(ids))[0])
"""
COLLATE = """\
from torch.nn.utils.rnn import pad_sequence


def collate(batch):
    return pad_sequence(batch, batch_first=True)
"""
TRAIN = """\
from torch.utils.data import DataLoader

from data.batches import collate
from model import Tagger


def train(dataset):
    model = Tagger(100)
    for ids in DataLoader(dataset, batch_size=4, collate_fn=collate):
        model(ids)


train([])
"""
FIELD = """\
from torchtext.data import BucketIterator, Field, TabularDataset

from model import Tagger

TEXT = Field(batch_first=True)


def train(path):
    dataset = TabularDataset(path, "csv", [("text", TEXT)])
    model = Tagger(100)
    for batch in BucketIterator(dataset, batch_size=4):
        model(batch.text)
"""
LEFT = """\
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(8, 8, batch_first=True)

    def forward(self, batch, lengths):
        x = pad_sequence(batch, batch_first=True, padding_side="left")
        return self.rnn(pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False))[1][0][-1]
"""
COUNTED = """\
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(8, 8, batch_first=True)

    def forward(self, x, mask):
        lengths = mask.sum(dim=1)
        return self.rnn(pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False))[1][-1]
"""


def shown(folder: Path, files: dict[str, str], select: str, capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    """The message of the one fix that is only shown, and its reason."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    words = ["check", "--isolated", "--exit-zero", "--output-format", "json", "--select", select]
    assert main([*words, "--root", str(folder), str(folder)]) == 0
    (finding,) = json.loads(capsys.readouterr().out)
    assert finding["fix"]["applicability"] == "display"
    return finding["fix"]["message"], finding["fix"]["reason"]


def test_lengths_that_a_collate_function_drops(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {"model.py": MODEL, "data/batches.py": COLLATE, "train.py": TRAIN}
    assert shown(tmp_path, files, "PCK102", capsys)[1] == (
        "nothing in this function gives the lengths of the rows: return them, `[len(x) for x in batch]`, where the "
        "batch is padded (data/batches.py:5), pass them on in `model(ids)` (train.py:10), hand them to "
        "`Tagger.forward`"
    )


def test_lengths_that_a_field_leaves_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(tmp_path, {"model.py": MODEL, "train.py": FIELD}, "PCK102", capsys)[1] == (
        "nothing in this function gives the lengths of the rows: give the field (train.py:5) `include_lengths=True`, "
        "so that a batch holds the pair of ids and lengths, pass them on in `model(batch.text)` (train.py:12), hand "
        "them to `Tagger.forward`"
    )


def test_the_side_of_the_padding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(tmp_path, {"model.py": LEFT}, "PCK104", capsys)[0] == "pad on the right (line 11)"


def test_lengths_that_can_be_zero(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    message = "drop rows of padding alone before packing, where they are counted (line 11)"
    assert shown(tmp_path, {"model.py": COUNTED}, "PCK206", capsys)[0] == message
