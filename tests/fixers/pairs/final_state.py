"""A read of the last step becomes a read of the final state."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class Layers(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(50, 8)
        self.lstm = nn.LSTM(8, 8, num_layers=2, batch_first=True)
        self.both = nn.LSTM(8, 8, num_layers=2, bidirectional=True, batch_first=True)
        self.gru = nn.GRU(8, 8, batch_first=True)
        self.time_first = nn.GRU(8, 8)
        self.fc = nn.Linear(8, 3)


def truth(self, ids, lengths=None):
    """Where a batch without padding was read wrongly too: both directions of the last layer."""
    h_n = self.both(self.embed(ids))[1][0]
    return torch.cat((h_n[-2], h_n[-1]), dim=-1)


# case: of a GRU
class Model(Layers):
    def forward(self, ids, lengths):
        out, _ = self.gru(self.embed(ids))
        return self.fc(out[:, -1])


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(
            self.embed(ids),
            torch.as_tensor(lengths, device="cpu"),
            batch_first=True,
            enforce_sorted=False,
        )
        out, h_n = self.gru(packed)
        return self.fc(h_n[-1])


# case: of an LSTM
class Model(Layers):
    def forward(self, ids, lengths):
        out, _ = self.lstm(self.embed(ids))
        return self.fc(out[:, -1, :])


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(
            self.embed(ids),
            torch.as_tensor(lengths, device="cpu"),
            batch_first=True,
            enforce_sorted=False,
        )
        out, (h_n, _) = self.lstm(packed)
        return self.fc(h_n[-1])


# case: the state has a name
class Model(Layers):
    def forward(self, ids, lengths):
        out, hidden = self.lstm(self.embed(ids))
        return self.fc(out[:, -1, :])


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(
            self.embed(ids),
            torch.as_tensor(lengths, device="cpu"),
            batch_first=True,
            enforce_sorted=False,
        )
        out, hidden = self.lstm(packed)
        return self.fc(hidden[0][-1])


# case: the parts of the state have names
class Model(Layers):
    def forward(self, ids, lengths):
        out, (h, c) = self.lstm(self.embed(ids))
        return self.fc(out[:, -1]) + self.fc(c[-1])


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(
            self.embed(ids),
            torch.as_tensor(lengths, device="cpu"),
            batch_first=True,
            enforce_sorted=False,
        )
        out, (h, c) = self.lstm(packed)
        return self.fc(h[-1]) + self.fc(c[-1])


# case: one part of the state has a name
class Model(Layers):
    def forward(self, ids, lengths):
        out, (_, c) = self.lstm(self.embed(ids))
        return self.fc(out[:, -1]) + self.fc(c[-1])


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(
            self.embed(ids),
            torch.as_tensor(lengths, device="cpu"),
            batch_first=True,
            enforce_sorted=False,
        )
        out, (h_n, c) = self.lstm(packed)
        return self.fc(h_n[-1]) + self.fc(c[-1])


# case: time first
# run: time first
class Model(Layers):
    def forward(self, ids, lengths):
        out, _ = self.time_first(self.embed(ids))
        return self.fc(out[-1])


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(
            self.embed(ids), torch.as_tensor(lengths, device="cpu"), enforce_sorted=False
        )
        out, h_n = self.time_first(packed)
        return self.fc(h_n[-1])


# case: the place of the last step is computed
class Model(Layers):
    def forward(self, ids, lengths):
        out, _ = self.gru(self.embed(ids))
        return self.fc(out[:, out.size(1) - 1, :])


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(
            self.embed(ids),
            torch.as_tensor(lengths, device="cpu"),
            batch_first=True,
            enforce_sorted=False,
        )
        out, h_n = self.gru(packed)
        return self.fc(h_n[-1])


# case: the outputs are used too
class Model(Layers):
    def forward(self, ids, lengths):
        out, _ = self.gru(self.embed(ids))
        return self.fc(out), self.fc(out[:, -1])


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        padded = self.embed(ids)
        packed = pack_padded_sequence(
            padded,
            torch.as_tensor(lengths, device="cpu"),
            batch_first=True,
            enforce_sorted=False,
        )
        out, h_n = self.gru(packed)
        out, _ = pad_packed_sequence(out, batch_first=True, total_length=padded.size(1))
        return self.fc(out), self.fc(h_n[-1])


# case: read twice
class Model(Layers):
    def forward(self, ids, lengths):
        out, _ = self.gru(self.embed(ids))
        return self.fc(out[:, -1]) + out[:, -1].sum(-1, keepdim=True)


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(
            self.embed(ids),
            torch.as_tensor(lengths, device="cpu"),
            batch_first=True,
            enforce_sorted=False,
        )
        out, h_n = self.gru(packed)
        return self.fc(h_n[-1]) + h_n[-1].sum(-1, keepdim=True)


# case: without a name for the output
class Model(Layers):
    def forward(self, ids, lengths):
        return self.fc(self.gru(self.embed(ids))[0][:, -1])


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(
            self.embed(ids),
            torch.as_tensor(lengths, device="cpu"),
            batch_first=True,
            enforce_sorted=False,
        )
        return self.fc(self.gru(packed)[1][-1])


# case: without a name for the output, of an LSTM
class Model(Layers):
    def forward(self, ids, lengths):
        return self.fc(self.lstm(self.embed(ids))[0][:, -1])


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(
            self.embed(ids),
            torch.as_tensor(lengths, device="cpu"),
            batch_first=True,
            enforce_sorted=False,
        )
        return self.fc(self.lstm(packed)[1][0][-1])


# case: the result under one name
class Model(Layers):
    def forward(self, ids, lengths):
        result = self.lstm(self.embed(ids))
        return self.fc(result[0][:, -1])


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        padded = self.embed(ids)
        packed = pack_padded_sequence(
            padded,
            torch.as_tensor(lengths, device="cpu"),
            batch_first=True,
            enforce_sorted=False,
        )
        result = self.lstm(packed)
        result = (pad_packed_sequence(result[0], batch_first=True, total_length=padded.size(1))[0], result[1])
        return self.fc(result[1][0][-1])


# case: packed already
class Model(Layers):
    def forward(self, ids, lengths):
        x = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        out, _ = self.gru(x)
        out, _ = pad_packed_sequence(out, batch_first=True)
        return self.fc(out[:, -1])


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        padded = self.embed(ids)
        total_length = padded.size(1)
        x = pack_padded_sequence(padded, lengths, batch_first=True, enforce_sorted=False)
        out, h_n = self.gru(x)
        out, _ = pad_packed_sequence(out, batch_first=True, total_length=total_length)
        return self.fc(h_n[-1])


# case: packed already, and the state has a name
class Model(Layers):
    def forward(self, ids, lengths):
        x = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        out, state = self.lstm(x)
        out, _ = pad_packed_sequence(out, batch_first=True)
        return self.fc(out[:, -1, :])


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        padded = self.embed(ids)
        total_length = padded.size(1)
        x = pack_padded_sequence(padded, lengths, batch_first=True, enforce_sorted=False)
        out, state = self.lstm(x)
        out, _ = pad_packed_sequence(out, batch_first=True, total_length=total_length)
        return self.fc(state[0][-1])


# case: both directions
# run: truth
class Model(Layers):
    def forward(self, ids, lengths):
        out, _ = self.both(self.embed(ids))
        return out[:, -1]


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(
            self.embed(ids),
            torch.as_tensor(lengths, device="cpu"),
            batch_first=True,
            enforce_sorted=False,
        )
        out, (h_n, _) = self.both(packed)
        return torch.cat((h_n[-2], h_n[-1]), dim=-1)


# case: both directions, packed already
# run: truth
class Model(Layers):
    def forward(self, ids, lengths):
        x = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        out, (h, c) = self.both(x)
        out, _ = pad_packed_sequence(out, batch_first=True)
        return out[:, -1, :]


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        padded = self.embed(ids)
        total_length = padded.size(1)
        x = pack_padded_sequence(padded, lengths, batch_first=True, enforce_sorted=False)
        out, (h, c) = self.both(x)
        out, _ = pad_packed_sequence(out, batch_first=True, total_length=total_length)
        return torch.cat((h[-2], h[-1]), dim=-1)


# case: both directions, without a name for the output
# run: truth
class Model(Layers):
    def forward(self, ids, lengths):
        return self.both(self.embed(ids))[0][:, -1]


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(
            self.embed(ids),
            torch.as_tensor(lengths, device="cpu"),
            batch_first=True,
            enforce_sorted=False,
        )
        h_n = self.both(packed)[1][0]
        return torch.cat((h_n[-2], h_n[-1]), dim=-1)


# case: a name that is taken
class Model(Layers):
    def forward(self, ids, lengths):
        h_n = self.embed(ids)
        out, _ = self.gru(h_n)
        return self.fc(out[:, -1]) + self.fc(h_n[:, 0])


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        h_n = self.embed(ids)
        packed = pack_padded_sequence(
            h_n, torch.as_tensor(lengths, device="cpu"), batch_first=True, enforce_sorted=False
        )
        out, h_n_2 = self.gru(packed)
        return self.fc(h_n_2[-1]) + self.fc(h_n[:, 0])


# case: the state has the name that the read is given
class Model(Layers):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, last = self.gru(packed)
        last = pad_packed_sequence(out, batch_first=True)[0][:, -1]
        return self.fc(last)


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, last = self.gru(packed)
        last = last[-1]
        return self.fc(last)


# case: the name of the state holds something else by then
# run: not
class Model(Layers):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, last = self.gru(packed)
        last = last.sum()
        read = pad_packed_sequence(out, batch_first=True, total_length=ids.size(1))[0][:, -1]
        return self.fc(read) + last


# case: a file that exports its model
class Model(Layers):
    def forward(self, ids, lengths):
        out, _ = self.gru(self.embed(ids))
        return self.fc(out[:, -1])


def export(model, ids, lengths):
    torch.onnx.export(model, (ids, lengths), "model.onnx")
