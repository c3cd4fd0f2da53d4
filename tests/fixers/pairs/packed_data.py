"""A layer that works step by step is given the data of a PackedSequence."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class Layers(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(50, 8)
        self.gru = nn.GRU(8, 8, batch_first=True)
        self.drop = nn.Dropout(0.5)
        self.relu = nn.ReLU()


def truth(self, ids, lengths):
    """What raises for every batch gives no row anything."""
    return self.function(self.gru(self.embed(ids))[0])


# case: a dropout before the layer
# run: truth
class Model(Layers):
    function = nn.Identity()

    def forward(self, ids, lengths):
        x = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        x = self.drop(x)
        return pad_packed_sequence(self.gru(x)[0], batch_first=True, total_length=ids.size(1))[0]


# fixed
class Model(Layers):
    function = nn.Identity()

    def forward(self, ids, lengths):
        x = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        x = x._replace(data=self.drop(x.data))
        return pad_packed_sequence(self.gru(x)[0], batch_first=True, total_length=ids.size(1))[0]


# case: an activation behind the layer
# run: truth
class Model(Layers):
    function = nn.ReLU()

    def forward(self, ids, lengths):
        x = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        out, _ = self.gru(x)
        out = self.relu(out)
        out, _ = pad_packed_sequence(out, batch_first=True, total_length=ids.size(1))
        return out


# fixed
class Model(Layers):
    function = nn.ReLU()

    def forward(self, ids, lengths):
        x = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        out, _ = self.gru(x)
        out = out._replace(data=self.relu(out.data))
        out, _ = pad_packed_sequence(out, batch_first=True, total_length=ids.size(1))
        return out


# case: a function
# run: truth
class Model(Layers):
    function = nn.Tanh()

    def forward(self, ids, lengths):
        x = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        out, _ = self.gru(x)
        out, _ = pad_packed_sequence(torch.tanh(out), batch_first=True, total_length=ids.size(1))
        return out


# fixed
class Model(Layers):
    function = nn.Tanh()

    def forward(self, ids, lengths):
        x = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        out, _ = self.gru(x)
        out, _ = pad_packed_sequence(out._replace(data=torch.tanh(out.data)), batch_first=True, total_length=ids.size(1))
        return out


# case: untouched, a layer that mixes rows
class Model(Layers):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(8)

    def forward(self, ids, lengths):
        x = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        return self.gru(self.norm(x))[1][-1]
