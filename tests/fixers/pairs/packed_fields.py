"""The fields of a PackedSequence are read by name."""

import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence


class Layers(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(50, 8)
        self.gru = nn.GRU(8, 8, batch_first=True)


# case: the data alone
# run: not
class Model(Layers):
    def forward(self, ids, lengths):
        x, _ = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        return x.sum()


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        x = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False).data
        return x.sum()


# case: both, of a variable
# run: not
class Model(Layers):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        data, sizes = packed
        return data.sum() / sizes.sum()


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        data, sizes = packed[0], packed[1]
        return data.sum() / sizes.sum()


# case: both, of a call
# run: not
class Model(Layers):
    def forward(self, ids, lengths):
        data, sizes = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        return data.sum() / sizes.sum()


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        data, sizes = packed.data, packed.batch_sizes
        return data.sum() / sizes.sum()


# case: within a longer assignment
# run: not
class Model(Layers):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        (data, sizes), state = self.gru(packed)
        return data.sum() / sizes.sum() + state.sum()


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        packed_2, state = self.gru(packed)
        data, sizes = packed_2.data, packed_2.batch_sizes
        return data.sum() / sizes.sum() + state.sum()


# case: untouched, it is unpacked afterwards
class Model(Layers):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        packed, sizes = packed
        return pad_packed_sequence(packed)[0], sizes


# case: untouched, four fields
class Model(Layers):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        data, sizes, order, back = packed
        return data.sum() / sizes.sum()
