"""A batch is unpacked before it goes to a layer that takes tensors alone."""

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class Layers(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(50, 8)
        self.gru = nn.GRU(8, 8, bidirectional=True, batch_first=True)
        self.fc = nn.Linear(16, 3)


def truth(self, ids, lengths):
    """What raises for every batch gives no row anything."""
    return self.fc(self.gru(self.embed(ids))[0])


# case: returned
# run: truth
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = self.gru(packed)
        return self.fc(out)


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        total_length = x.size(1)
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = self.gru(packed)
        out, _ = pad_packed_sequence(out, batch_first=True, total_length=total_length)
        return self.fc(out)


# case: the pack takes the name of the input
# run: truth
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        x = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        x, _ = self.gru(x)
        x = self.fc(x)
        return x


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        total_length = x.size(1)
        x = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        x, _ = self.gru(x)
        x, _ = pad_packed_sequence(x, batch_first=True, total_length=total_length)
        x = self.fc(x)
        return x


# case: untouched, packed by somebody else
class Model(Layers):
    def forward(self, packed: "PackedSequence"):
        out, _ = self.gru(packed)
        return self.fc(out)
