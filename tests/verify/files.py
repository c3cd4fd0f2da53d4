"""Files that the tests of the command have verified, each with one class."""

from __future__ import annotations

PADDED = """\
from torch import nn


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(50, 8, padding_idx=0)
        self.rnn = nn.GRU(8, 8, bidirectional=True, batch_first=True)

    def forward(self, ids, lengths):
        out, _ = self.rnn(self.embed(ids))
        return out[:, :, :8]
"""
"""One finding, PCK101, whose unsafe fix is right."""

LYING = """\
import functools

from torch import nn


def without_end(forward):
    @functools.wraps(forward)
    def shorter(self, ids, lengths):
        return forward(self, ids, lengths - 1)

    return shorter


class Shortened(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(50, 8, padding_idx=0)
        self.rnn = nn.GRU(8, 8, bidirectional=True, batch_first=True)

    @without_end
    def forward(self, ids, lengths):
        out, _ = self.rnn(self.embed(ids))
        return out
"""
"""One finding, PCK101, whose unsafe fix is wrong: what comes as lengths leaves out the last real step of each row."""

ODD = """\
from torch import nn


class Odd(nn.Module):
    def __init__(self, table):
        super().__init__()
        self.rows = table.rows[3].open("x")
        self.rnn = nn.LSTM(8, 8, batch_first=True, bidirectional=True)

    def forward(self, ids, lengths):
        return self.rnn(self.rows.take(ids).undo())[0]
"""
"""One finding, PCK101, of a class that nobody can build."""

POOLED = """\
from torch import nn


class Last(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(50, 8, padding_idx=0)
        self.rnn = nn.GRU(8, 8, bidirectional=True, batch_first=True)

    def forward(self, ids):
        return self.rnn(self.embed(ids))[0].mean(1)
"""
"""Two findings, PCK102 and PCK304, whose unsafe fixes are right."""

PACKED = """\
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(50, 8, padding_idx=0)
        self.rnn = nn.GRU(8, 40, batch_first=True)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        return self.rnn(packed)[1][-1]
"""
"""No finding, and right."""

WRONG = """\
from torch import nn


class Summed(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(8, 8, batch_first=True)

    def forward(self, features):
        return self.rnn(features)[1][-1]
"""
"""No finding, for nothing shows that there is padding; of a padded batch the state is wrong."""
