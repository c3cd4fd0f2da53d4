"""Lengths are handed to pack on the CPU."""

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class Layers(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(50, 8)
        self.gru = nn.GRU(8, 8, batch_first=True)


def train(loader):
    model = Model().cuda()
    for ids, lengths in loader:
        model(ids.cuda(), lengths.cuda()).sum().backward()


# case: by place
# run: same
class Model(Layers):
    def forward(self, ids, lengths):
        x = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        return self.gru(x)[1][-1]


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        x = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        return self.gru(x)[1][-1]


# case: by keyword
# run: same
class Model(Layers):
    def forward(self, ids, lengths):
        x = pack_padded_sequence(input=self.embed(ids), lengths=lengths, batch_first=True, enforce_sorted=False)
        return self.gru(x)[1][-1]


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        x = pack_padded_sequence(input=self.embed(ids), lengths=lengths.cpu(), batch_first=True, enforce_sorted=False)
        return self.gru(x)[1][-1]


# case: one argument a line
# run: same
class Model(Layers):
    def forward(self, ids, lengths):
        x = pack_padded_sequence(
            self.embed(ids),
            lengths,  # of each sentence
            batch_first=True,
            enforce_sorted=False,
        )
        return self.gru(x)[1][-1]


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        x = pack_padded_sequence(
            self.embed(ids),
            lengths.cpu(),  # of each sentence
            batch_first=True,
            enforce_sorted=False,
        )
        return self.gru(x)[1][-1]


# case: an operation
# run: same
class Model(Layers):
    def forward(self, ids, lengths):
        x = pack_padded_sequence(self.embed(ids), lengths * 1, batch_first=True, enforce_sorted=False)
        return self.gru(x)[1][-1]


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        x = pack_padded_sequence(self.embed(ids), (lengths * 1).cpu(), batch_first=True, enforce_sorted=False)
        return self.gru(x)[1][-1]


# case: sorted
# run: same
class Model(Layers):
    def forward(self, ids, lengths):
        lengths, order = lengths.sort(descending=True)
        x = pack_padded_sequence(self.embed(ids)[order], lengths, batch_first=True)
        return self.gru(x)[1][-1][order.argsort()]


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        lengths, order = lengths.sort(descending=True)
        x = pack_padded_sequence(self.embed(ids)[order], lengths.cpu(), batch_first=True)
        return self.gru(x)[1][-1][order.argsort()]


# case: moved for the call
# run: not
class Model(Layers):
    def forward(self, ids, lengths):
        x = pack_padded_sequence(self.embed(ids), lengths.cuda(), batch_first=True, enforce_sorted=False)
        return self.gru(x)[1][-1]


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        x = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        return self.gru(x)[1][-1]


# case: untouched, on the CPU already
class Model(Layers):
    def forward(self, ids, lengths):
        x = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        return self.gru(x)[1][-1]


# case: untouched, a list
class Model(Layers):
    def forward(self, ids, lengths):
        x = pack_padded_sequence(self.embed(ids), lengths.tolist(), batch_first=True, enforce_sorted=False)
        return self.gru(x)[1][-1]


# case: untouched, an array
class Model(Layers):
    def forward(self, ids, lengths):
        x = pack_padded_sequence(self.embed(ids), lengths.cpu().numpy(), batch_first=True, enforce_sorted=False)
        return self.gru(x)[1][-1]


# case: untouched, the line says so
class Model(Layers):
    def forward(self, ids, lengths):
        x = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)  # noqa: PCK204
        return self.gru(x)[1][-1]


# case: untouched, the file exports its model
class Model(Layers):
    def forward(self, ids, lengths):
        lengths = lengths.to(ids.device)
        x = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        return self.gru(x)[1][-1]


def export(model, ids, lengths):
    return torch.export.export(model, (ids.cuda(), lengths.cuda()))
