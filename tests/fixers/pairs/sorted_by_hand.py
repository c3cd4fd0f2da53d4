"""The order of a batch is left to `enforce_sorted=False`."""

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class Layers(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(50, 8)
        self.lstm = nn.LSTM(8, 8, bidirectional=True, batch_first=True)
        self.gru = nn.GRU(8, 8, batch_first=True)
        self.fc = nn.Linear(16, 3)


def train(loader):
    model = Model()
    for ids, lengths in loader:
        model(ids, lengths)


# case: states that meet rows in the order before
class Model(Layers):
    def forward(self, ids, lengths):
        down, order = lengths.sort(descending=True)
        packed = pack_padded_sequence(self.embed(ids[order]), down.cpu(), batch_first=True)
        _, h_n = self.gru(packed)
        return h_n[-1] * self.embed(ids[:, 0])


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, h_n = self.gru(packed)
        return h_n[-1] * self.embed(ids[:, 0])


# case: states that are returned in the order that sorts
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        # the longest first
        lengths, order = torch.sort(lengths, 0, descending=True)
        x = x[order]
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True)
        _, h_n = self.gru(packed)
        return h_n[-1] + self.embed(ids)[:, 0]


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        # the longest first
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, h_n = self.gru(packed)
        return h_n[-1] + self.embed(ids)[:, 0]


# case: outputs are put back, states are not
class Model(Layers):
    def forward(self, ids, lengths):
        lengths, order = lengths.sort(0, descending=True)
        back = order.argsort()
        x = self.embed(ids).index_select(0, order)
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True)
        out, h_n = self.gru(packed)
        out, _ = pad_packed_sequence(out, batch_first=True, total_length=ids.size(1))
        out = out.index_select(0, back)
        return out, h_n[-1] + self.embed(ids)[:, 0]


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, h_n = self.gru(packed)
        out, _ = pad_packed_sequence(out, batch_first=True, total_length=ids.size(1))
        return out, h_n[-1] + self.embed(ids)[:, 0]


# case: all is put back
# run: same
class Model(Layers):
    def forward(self, ids, lengths):
        lengths, order = lengths.sort(descending=True)
        packed = pack_padded_sequence(self.embed(ids)[order], lengths.cpu(), batch_first=True)
        return self.gru(packed)[1][-1][order.argsort()]


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        return self.gru(packed)[1][-1]


# case: all is put back, in two steps each
# run: same
class Model(Layers):
    def forward(self, ids, lengths):
        order = torch.sort(lengths, descending=True)[1].long()
        back = torch.sort(order)[1].long()
        down = lengths[order]
        x = self.embed(ids)[order]
        packed = pack_padded_sequence(x, down.cpu(), batch_first=True)
        out, h_n = self.gru(packed)
        out, _ = pad_packed_sequence(out, batch_first=True, total_length=ids.size(1))
        out = out[back]
        h_n = h_n[:, back]
        return out, h_n


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        down = lengths
        x = self.embed(ids)
        packed = pack_padded_sequence(x, down.cpu(), batch_first=True, enforce_sorted=False)
        out, h_n = self.gru(packed)
        out, _ = pad_packed_sequence(out, batch_first=True, total_length=ids.size(1))
        return out, h_n


# case: what is sorted was set before
class Model(Layers):
    def forward(self, ids, lengths):
        seq_lens = lengths.view(-1)
        down, order = torch.sort(seq_lens, descending=True)
        packed = pack_padded_sequence(self.embed(ids).index_select(dim=0, index=order), down.cpu(), batch_first=True)
        _, h_n = self.gru(packed)
        return h_n[-1] * self.embed(ids[:, 0])


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        seq_lens = lengths.view(-1)
        packed = pack_padded_sequence(self.embed(ids), seq_lens.cpu(), batch_first=True, enforce_sorted=False)
        _, h_n = self.gru(packed)
        return h_n[-1] * self.embed(ids[:, 0])


# case: untouched, what is sorted is set afterwards
class Model(Layers):
    def forward(self, ids, lengths):
        down, order = torch.sort(lengths, descending=True)
        lengths = lengths.float()
        packed = pack_padded_sequence(self.embed(ids)[order], down.cpu(), batch_first=True)
        _, h_n = self.gru(packed)
        return h_n[-1] * self.embed(ids[:, 0]) / lengths.unsqueeze(1)


# case: untouched, the order is returned
class Model(Layers):
    def forward(self, ids, lengths):
        down, order = lengths.sort(descending=True)
        packed = pack_padded_sequence(self.embed(ids)[order], down.cpu(), batch_first=True)
        return self.gru(packed)[1][-1], order


# case: untouched, the rows come sorted
class Model(Layers):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        return self.gru(packed)[1][-1]
