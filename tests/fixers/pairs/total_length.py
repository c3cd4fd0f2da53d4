"""A batch is unpacked to the size that it had before it was packed."""

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class Layers(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(50, 8)
        self.gru = nn.GRU(8, 8, bidirectional=True, batch_first=True)
        self.fc = nn.Linear(16, 3)


# case: the input keeps its name
# run: wider
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = self.gru(packed)
        out, _ = pad_packed_sequence(out, batch_first=True)
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
# run: wider
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        x = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        x, _ = self.gru(x)
        x, _ = pad_packed_sequence(x, batch_first=True)
        return self.fc(x)


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        total_length = x.size(1)
        x = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        x, _ = self.gru(x)
        x, _ = pad_packed_sequence(x, batch_first=True, total_length=total_length)
        return self.fc(x)


# case: the input is an expression
# run: wider
class Model(Layers):
    def forward(self, ids, lengths):
        x = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = self.gru(x)
        return self.fc(pad_packed_sequence(out, batch_first=True)[0])


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        padded = self.embed(ids)
        total_length = padded.size(1)
        x = pack_padded_sequence(padded, lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = self.gru(x)
        return self.fc(pad_packed_sequence(out, batch_first=True, total_length=total_length)[0])


# case: it meets a mask of the original size
class Model(Layers):
    def forward(self, ids, lengths):
        mask = torch.arange(ids.size(1)) < lengths.unsqueeze(1)
        x = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.gru(x)[0], batch_first=True)
        return out * mask.unsqueeze(-1)


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        mask = torch.arange(ids.size(1)) < lengths.unsqueeze(1)
        padded = self.embed(ids)
        total_length = padded.size(1)
        x = pack_padded_sequence(padded, lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.gru(x)[0], batch_first=True, total_length=total_length)
        return out * mask.unsqueeze(-1)


# case: time first
# run: time first, wider
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        packed = pack_padded_sequence(x, lengths.cpu(), enforce_sorted=False)
        out, _ = pad_packed_sequence(self.gru(packed)[0])
        return self.fc(out)


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        total_length = x.size(0)
        packed = pack_padded_sequence(x, lengths.cpu(), enforce_sorted=False)
        out, _ = pad_packed_sequence(self.gru(packed)[0], total_length=total_length)
        return self.fc(out)


# case: untouched, the size is given
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.gru(packed)[0], batch_first=True, total_length=x.size(1))
        return self.fc(out)


# case: untouched, packed by somebody else
class Model(Layers):
    def forward(self, packed):
        out, _ = pad_packed_sequence(self.gru(packed)[0], batch_first=True)
        return self.fc(out)


# case: a mask is sized by the longest length
class Model(Layers):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.gru(packed)[0], batch_first=True)
        return self.fc(out) * self.real(lengths).unsqueeze(-1)

    def real(self, lengths):
        return torch.arange(lengths.max()) < lengths.unsqueeze(1)


# case: the layout is an option
class Model(Layers):
    layout = True

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=self.layout, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.gru(packed)[0], batch_first=self.layout)
        return self.fc(out)


# case: a mask made by a helper is as wide as the longest length
class Model(Layers):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.gru(packed)[0], batch_first=True)
        return self.fc(out) * sequence_mask(lengths).unsqueeze(-1)


# case: a caller cuts its targets to the longest length
class Model(Layers):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.gru(packed)[0], batch_first=True)
        return self.fc(out)


def loss(model, ids, lengths, targets):
    scores = model(ids, lengths)
    return F.cross_entropy(scores.flatten(0, 1), targets[:, : torch.max(lengths).item()].flatten())
