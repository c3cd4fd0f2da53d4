"""Pack and unpack are told the layout that the tensor has."""

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence


class Layers(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(50, 8)
        self.gru = nn.GRU(8, 8, batch_first=True)


def truth(self, ids, lengths):
    """In the wrong layout a single row is wrong too."""
    return self.gru(self.embed(ids))[1][-1]


def train(sentences):
    model = Model()
    lengths = torch.tensor([len(sentence) for sentence in sentences])
    model(pad_sequence(sentences, batch_first=True), lengths).sum().backward()


# case: pack, left at its default
# run: truth
class Model(Layers):
    def forward(self, ids, lengths):
        x = pack_padded_sequence(self.embed(ids), lengths, enforce_sorted=False)
        return self.gru(x)[1][-1]


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        x = pack_padded_sequence(self.embed(ids), lengths, enforce_sorted=False, batch_first=True)
        return self.gru(x)[1][-1]


# case: pack, set by its place
# run: truth
class Model(Layers):
    def forward(self, ids, lengths):
        x = pack_padded_sequence(self.embed(ids), lengths, False, enforce_sorted=False)
        return self.gru(x)[1][-1]


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        x = pack_padded_sequence(self.embed(ids), lengths, True, enforce_sorted=False)
        return self.gru(x)[1][-1]


# case: unpack, read the other way round
# run: truth
class Model(Layers):
    def forward(self, ids, lengths):
        x = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        out, lengths = pad_packed_sequence(self.gru(x)[0])
        return out[torch.arange(out.size(0)), lengths - 1]


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        padded = self.embed(ids)
        total_length = padded.size(1)
        x = pack_padded_sequence(padded, lengths, batch_first=True, enforce_sorted=False)
        out, lengths = pad_packed_sequence(self.gru(x)[0], batch_first=True, total_length=total_length)
        return out[torch.arange(out.size(0)), lengths - 1]


# case: untouched, time first on both sides
class Model(Layers):
    def forward(self, ids, lengths):
        x = pack_padded_sequence(self.embed(ids.t()), lengths, enforce_sorted=False)
        return self.gru(x)[1][-1]
