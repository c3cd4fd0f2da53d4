"""Rows may come in any order."""

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pack_sequence, pad_packed_sequence, pad_sequence


class Layers(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(50, 8)
        self.gru = nn.GRU(8, 8, batch_first=True)


def train(sentences):
    model = Model()
    lengths = torch.tensor([len(sentence) for sentence in sentences])
    model(pad_sequence(sentences, batch_first=True), lengths).sum().backward()


# case: left at its default
class Model(Layers):
    def forward(self, ids, lengths):
        x = pack_padded_sequence(self.embed(ids), lengths, batch_first=True)
        return self.gru(x)[1][-1]


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        x = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        return self.gru(x)[1][-1]


# case: set
class Model(Layers):
    def forward(self, ids, lengths):
        x = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=True)
        return self.gru(x)[1][-1]


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        x = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        return self.gru(x)[1][-1]


# case: set by its place
class Model(Layers):
    def forward(self, ids, lengths):
        x = pack_padded_sequence(self.embed(ids), lengths, True, True)
        return self.gru(x)[1][-1]


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        x = pack_padded_sequence(self.embed(ids), lengths, True, False)
        return self.gru(x)[1][-1]


# case: one argument a line
class Model(Layers):
    def forward(self, ids, lengths):
        x = pack_padded_sequence(
            self.embed(ids),
            lengths,
            batch_first=True,  # as the layer has it
        )
        return self.gru(x)[1][-1]


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        x = pack_padded_sequence(
            self.embed(ids),
            lengths,
            batch_first=True,  # as the layer has it
            enforce_sorted=False,
        )
        return self.gru(x)[1][-1]


# case: two lines
class Model(Layers):
    def forward(self, ids, lengths):
        x = pack_padded_sequence(self.embed(ids), lengths,
                                 batch_first=True)
        return self.gru(x)[1][-1]


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        x = pack_padded_sequence(self.embed(ids), lengths,
                                 batch_first=True,
                                 enforce_sorted=False)
        return self.gru(x)[1][-1]


# case: a function of another name
# bare
import torch
import torch.nn as nn
import torch.nn.utils.rnn as rnn_utils


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(8, 8, batch_first=True)

    def forward(self, x, lengths):
        pack = rnn_utils.pack_padded_sequence
        return self.gru(pack(x, lengths, batch_first=True))[1][-1]


def train(sequences):
    lengths = torch.tensor([len(sequence) for sequence in sequences])
    Model()(rnn_utils.pad_sequence(sequences, batch_first=True), lengths).sum().backward()


# fixed
import torch
import torch.nn as nn
import torch.nn.utils.rnn as rnn_utils


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(8, 8, batch_first=True)

    def forward(self, x, lengths):
        pack = rnn_utils.pack_padded_sequence
        return self.gru(pack(x, lengths, batch_first=True, enforce_sorted=False))[1][-1]


def train(sequences):
    lengths = torch.tensor([len(sequence) for sequence in sequences])
    Model()(rnn_utils.pad_sequence(sequences, batch_first=True), lengths).sum().backward()


# case: untouched, sorted by the caller
class Model(Layers):
    def forward(self, ids, lengths):
        lengths, order = lengths.sort(descending=True)
        x = pack_padded_sequence(self.embed(ids[order]), lengths, batch_first=True)
        return self.gru(x)[1][-1][order.argsort()]


# case: untouched, any order already
class Model(Layers):
    def forward(self, ids, lengths):
        x = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        return self.gru(x)[1][-1]
