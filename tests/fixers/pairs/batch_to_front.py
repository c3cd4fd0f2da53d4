"""The batch of a final state is moved to the front before it is reshaped."""

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class Layers(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(50, 8)
        self.lstm = nn.LSTM(8, 8, bidirectional=True, batch_first=True)
        self.gru = nn.GRU(8, 8, num_layers=3, batch_first=True)


def truth(self, ids, lengths):
    """A batch of one is right, whatever is first."""
    return self(ids, lengths)


# case: view
# run: truth
class Model(Layers):
    def forward(self, ids, lengths):
        x = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        _, (h, c) = self.lstm(x)
        return h.view(ids.size(0), -1)


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        x = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        _, (h, c) = self.lstm(x)
        return h.transpose(0, 1).reshape(ids.size(0), -1)


# case: reshape
# run: truth
class Model(Layers):
    def forward(self, ids, lengths):
        x = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        _, h = self.gru(x)
        return h.reshape(len(ids), 24)


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        x = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        _, h = self.gru(x)
        return h.transpose(0, 1).reshape(len(ids), 24)


# case: flatten
# run: truth
class Model(Layers):
    def forward(self, ids, lengths):
        x = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        h = self.gru(x)[1]
        return h.view(-1, 24)


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        x = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        h = self.gru(x)[1]
        return h.transpose(0, 1).reshape(-1, 24)


# case: untouched, the batch is at the front
class Model(Layers):
    def forward(self, ids, lengths):
        x = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        _, h = self.gru(x)
        return h.transpose(0, 1).reshape(ids.size(0), -1)


# case: untouched, layers and directions apart
class Model(Layers):
    def forward(self, ids, lengths):
        x = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        _, (h, c) = self.lstm(x)
        return h.view(1, 2, ids.size(0), 8)[-1, 0]


# case: both directions as one layer
# run: truth
class Model(Layers):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, (h, _) = self.lstm(packed)
        return h.view(1, ids.size(0), -1)[0]


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, (h, _) = self.lstm(packed)
        return h.transpose(0, 1).reshape(1, ids.size(0), -1)[0]
