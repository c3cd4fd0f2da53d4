"""A call on a padded batch is packed, and its output unpacked."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class Layers(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(50, 8, padding_idx=0)
        self.lstm = nn.LSTM(8, 8, num_layers=2, bidirectional=True, batch_first=True)
        self.gru = nn.GRU(8, 8, batch_first=True)
        self.time_first = nn.GRU(8, 8, bidirectional=True)
        self.second = nn.LSTM(16, 8, bidirectional=True, batch_first=True)
        self.layers = nn.ModuleList([nn.GRU(16, 8, bidirectional=True, batch_first=True) for _ in range(2)])
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(16, 3)


# case: two targets
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        out, (h, c) = self.lstm(x)
        return self.fc(out), h, c


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        packed = pack_padded_sequence(
            x, torch.as_tensor(lengths, device="cpu"), batch_first=True, enforce_sorted=False
        )
        out, (h, c) = self.lstm(packed)
        out, _ = pad_packed_sequence(out, batch_first=True, total_length=x.size(1))
        return self.fc(out), h, c


# case: the state is not kept
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        out, _ = self.lstm(x)
        return self.fc(out)


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        packed = pack_padded_sequence(
            x, torch.as_tensor(lengths, device="cpu"), batch_first=True, enforce_sorted=False
        )
        out, _ = self.lstm(packed)
        out, _ = pad_packed_sequence(out, batch_first=True, total_length=x.size(1))
        return self.fc(out)


# case: the output is not kept
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        _, (h, c) = self.lstm(x)
        return h, c


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        packed = pack_padded_sequence(
            x, torch.as_tensor(lengths, device="cpu"), batch_first=True, enforce_sorted=False
        )
        _, (h, c) = self.lstm(packed)
        return h, c


# case: the output has a name and is not read
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        output, hidden = self.gru(x)
        return hidden[-1]


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        packed = pack_padded_sequence(
            x, torch.as_tensor(lengths, device="cpu"), batch_first=True, enforce_sorted=False
        )
        output, hidden = self.gru(packed)
        return hidden[-1]


# case: the output goes where the input was
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        x, _ = self.lstm(x)
        return self.fc(x)


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        total_length = x.size(1)
        packed = pack_padded_sequence(
            x, torch.as_tensor(lengths, device="cpu"), batch_first=True, enforce_sorted=False
        )
        x, _ = self.lstm(packed)
        x, _ = pad_packed_sequence(x, batch_first=True, total_length=total_length)
        return self.fc(x)


# case: the input is an expression
class Model(Layers):
    def forward(self, ids, lengths):
        out, _ = self.lstm(self.drop(self.embed(ids)))
        return self.fc(out)


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        padded = self.drop(self.embed(ids))
        packed = pack_padded_sequence(
            padded, torch.as_tensor(lengths, device="cpu"), batch_first=True, enforce_sorted=False
        )
        out, _ = self.lstm(packed)
        out, _ = pad_packed_sequence(out, batch_first=True, total_length=padded.size(1))
        return self.fc(out)


# case: the input is used again afterwards
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        out, _ = self.lstm(x)
        return out + torch.cat((x, x), dim=-1)


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        packed = pack_padded_sequence(
            x, torch.as_tensor(lengths, device="cpu"), batch_first=True, enforce_sorted=False
        )
        out, _ = self.lstm(packed)
        out, _ = pad_packed_sequence(out, batch_first=True, total_length=x.size(1))
        return out + torch.cat((x, x), dim=-1)


# case: the result under one name
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        result = self.lstm(x)
        return self.fc(result[0]), result[1][0]


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        packed = pack_padded_sequence(
            x, torch.as_tensor(lengths, device="cpu"), batch_first=True, enforce_sorted=False
        )
        result = self.lstm(packed)
        result = (pad_packed_sequence(result[0], batch_first=True, total_length=x.size(1))[0], result[1])
        return self.fc(result[0]), result[1][0]


# case: the output at once
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        out = self.lstm(x)[0]
        return self.fc(out)


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        packed = pack_padded_sequence(
            x, torch.as_tensor(lengths, device="cpu"), batch_first=True, enforce_sorted=False
        )
        output, _ = self.lstm(packed)
        out = pad_packed_sequence(output, batch_first=True, total_length=x.size(1))[0]
        return self.fc(out)


# case: the state at once
class Model(Layers):
    def forward(self, ids, lengths):
        hidden = self.gru(self.embed(ids))[1]
        return hidden[-1]


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(
            self.embed(ids), torch.as_tensor(lengths, device="cpu"), batch_first=True, enforce_sorted=False
        )
        hidden = self.gru(packed)[1]
        return hidden[-1]


# case: the state at once, returned
class Model(Layers):
    def forward(self, ids, lengths):
        return self.gru(self.embed(ids))[1][-1]


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(
            self.embed(ids), torch.as_tensor(lengths, device="cpu"), batch_first=True, enforce_sorted=False
        )
        return self.gru(packed)[1][-1]


# case: within another call
class Model(Layers):
    def forward(self, ids, lengths):
        return self.fc(self.lstm(self.embed(ids))[0])


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        padded = self.embed(ids)
        packed = pack_padded_sequence(
            padded, torch.as_tensor(lengths, device="cpu"), batch_first=True, enforce_sorted=False
        )
        output, _ = self.lstm(packed)
        output, _ = pad_packed_sequence(output, batch_first=True, total_length=padded.size(1))
        return self.fc(output)


# case: the whole result is returned
class Model(Layers):
    def forward(self, ids, lengths):
        return self.lstm(self.embed(ids))


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        padded = self.embed(ids)
        packed = pack_padded_sequence(
            padded, torch.as_tensor(lengths, device="cpu"), batch_first=True, enforce_sorted=False
        )
        output, hidden = self.lstm(packed)
        output, _ = pad_packed_sequence(output, batch_first=True, total_length=padded.size(1))
        return (output, hidden)


# case: an initial state
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        h0 = x.new_zeros(1, x.size(0), 8)
        out, h = self.gru(x, h0)
        return out, h[-1]


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        h0 = x.new_zeros(1, x.size(0), 8)
        packed = pack_padded_sequence(
            x, torch.as_tensor(lengths, device="cpu"), batch_first=True, enforce_sorted=False
        )
        out, h = self.gru(packed, h0)
        out, _ = pad_packed_sequence(out, batch_first=True, total_length=x.size(1))
        return out, h[-1]


# case: an initial state by keyword
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        h0 = x.new_ones(1, x.size(0), 8)
        out, h = self.gru(input=x, hx=h0)
        return out, h[-1]


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        h0 = x.new_ones(1, x.size(0), 8)
        packed = pack_padded_sequence(
            x, torch.as_tensor(lengths, device="cpu"), batch_first=True, enforce_sorted=False
        )
        out, h = self.gru(input=packed, hx=h0)
        out, _ = pad_packed_sequence(out, batch_first=True, total_length=x.size(1))
        return out, h[-1]


# case: an initial state for each row
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        h0 = x[:, 0].unsqueeze(0).contiguous()
        _, h = self.gru(x, h0)
        return h[-1]


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        h0 = x[:, 0].unsqueeze(0).contiguous()
        packed = pack_padded_sequence(
            x, torch.as_tensor(lengths, device="cpu"), batch_first=True, enforce_sorted=False
        )
        _, h = self.gru(packed, h0)
        return h[-1]


# case: time first
# run: time first
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        out, h = self.time_first(x)
        return self.fc(out), h


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        packed = pack_padded_sequence(x, torch.as_tensor(lengths, device="cpu"), enforce_sorted=False)
        out, h = self.time_first(packed)
        out, _ = pad_packed_sequence(out, total_length=x.size(0))
        return self.fc(out), h


# case: lengths in a list
# run: list
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        out, _ = self.lstm(x)
        return self.fc(out)


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        packed = pack_padded_sequence(
            x, torch.as_tensor(lengths, device="cpu"), batch_first=True, enforce_sorted=False
        )
        out, _ = self.lstm(packed)
        out, _ = pad_packed_sequence(out, batch_first=True, total_length=x.size(1))
        return self.fc(out)


# case: lengths in an array
# run: array
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        out, _ = self.lstm(x)
        return self.fc(out)


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        packed = pack_padded_sequence(
            x, torch.as_tensor(lengths, device="cpu"), batch_first=True, enforce_sorted=False
        )
        out, _ = self.lstm(packed)
        out, _ = pad_packed_sequence(out, batch_first=True, total_length=x.size(1))
        return self.fc(out)


# case: lengths in a pair
class Model(Layers):
    def forward(self, batch):
        ids, lengths = batch
        x = self.embed(ids)
        out, _ = self.lstm(x)
        return self.fc(out)


# fixed
class Model(Layers):
    def forward(self, batch):
        ids, lengths = batch
        x = self.embed(ids)
        packed = pack_padded_sequence(
            x, torch.as_tensor(lengths, device="cpu"), batch_first=True, enforce_sorted=False
        )
        out, _ = self.lstm(packed)
        out, _ = pad_packed_sequence(out, batch_first=True, total_length=x.size(1))
        return self.fc(out)


# case: lengths counted from a mask
class Model(Layers):
    def forward(self, ids, mask):
        lengths = mask.sum(1)
        x = self.embed(ids)
        out, _ = self.lstm(x)
        return self.fc(out) * lengths.view(-1, 1, 1)


# fixed
class Model(Layers):
    def forward(self, ids, mask):
        lengths = mask.sum(1)
        lengths_2 = (ids != self.embed.padding_idx).sum(dim=1)
        x = self.embed(ids)
        packed = pack_padded_sequence(x, lengths_2.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = self.lstm(packed)
        out, _ = pad_packed_sequence(out, batch_first=True, total_length=x.size(1))
        return self.fc(out) * lengths.view(-1, 1, 1)


# case: ids that an embedding knows to be padding
class Model(Layers):
    def forward(self, ids):
        out, _ = self.lstm(self.embed(ids))
        return self.fc(out).transpose(1, 2)


# fixed
class Model(Layers):
    def forward(self, ids):
        lengths = (ids != self.embed.padding_idx).sum(dim=1)
        padded = self.embed(ids)
        packed = pack_padded_sequence(padded, lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = self.lstm(packed)
        out, _ = pad_packed_sequence(out, batch_first=True, total_length=padded.size(1))
        return self.fc(out).transpose(1, 2)


# case: ids under a name that is taken by their vectors
class Model(Layers):
    def forward(self, ids):
        ids = self.drop(self.embed(ids))
        out, _ = self.lstm(ids)
        return self.fc(out).transpose(1, 2)


# fixed
class Model(Layers):
    def forward(self, ids):
        lengths = (ids != self.embed.padding_idx).sum(dim=1)
        ids = self.drop(self.embed(ids))
        packed = pack_padded_sequence(ids, lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = self.lstm(packed)
        out, _ = pad_packed_sequence(out, batch_first=True, total_length=ids.size(1))
        return self.fc(out).transpose(1, 2)


# case: two layers in a row
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        first, _ = self.lstm(x)
        second, _ = self.second(first)
        return self.fc(second)


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        packed = pack_padded_sequence(
            x, torch.as_tensor(lengths, device="cpu"), batch_first=True, enforce_sorted=False
        )
        first, _ = self.lstm(packed)
        first, _ = pad_packed_sequence(first, batch_first=True, total_length=x.size(1))
        packed = pack_padded_sequence(
            first, torch.as_tensor(lengths, device="cpu"), batch_first=True, enforce_sorted=False
        )
        second, _ = self.second(packed)
        second, _ = pad_packed_sequence(second, batch_first=True, total_length=first.size(1))
        return self.fc(second)


# case: two layers in a row, under one name
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        x, _ = self.lstm(x)
        x, _ = self.second(x)
        return self.fc(x)


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        total_length = x.size(1)
        packed = pack_padded_sequence(
            x, torch.as_tensor(lengths, device="cpu"), batch_first=True, enforce_sorted=False
        )
        x, _ = self.lstm(packed)
        x, _ = pad_packed_sequence(x, batch_first=True, total_length=total_length)
        total_length = x.size(1)
        packed = pack_padded_sequence(
            x, torch.as_tensor(lengths, device="cpu"), batch_first=True, enforce_sorted=False
        )
        x, _ = self.second(packed)
        x, _ = pad_packed_sequence(x, batch_first=True, total_length=total_length)
        return self.fc(x)


# case: one layer within the call of another
class Model(Layers):
    def forward(self, ids, lengths):
        return self.fc(self.second(self.lstm(self.embed(ids))[0])[0])


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        padded_2 = self.embed(ids)
        packed_2 = pack_padded_sequence(
            padded_2, torch.as_tensor(lengths, device="cpu"), batch_first=True, enforce_sorted=False
        )
        output_2, _ = self.lstm(packed_2)
        output_2, _ = pad_packed_sequence(output_2, batch_first=True, total_length=padded_2.size(1))
        padded = output_2
        packed = pack_padded_sequence(
            padded, torch.as_tensor(lengths, device="cpu"), batch_first=True, enforce_sorted=False
        )
        output, _ = self.second(packed)
        output, _ = pad_packed_sequence(output, batch_first=True, total_length=padded.size(1))
        return self.fc(output)


# case: two states in one expression
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        return self.gru(x)[1][-1] + self.gru(x.flip(-1))[1][-1]


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        packed = pack_padded_sequence(
            x, torch.as_tensor(lengths, device="cpu"), batch_first=True, enforce_sorted=False
        )
        packed_2 = pack_padded_sequence(
            x.flip(-1), torch.as_tensor(lengths, device="cpu"), batch_first=True, enforce_sorted=False
        )
        return self.gru(packed)[1][-1] + self.gru(packed_2)[1][-1]


# case: a loop over layers
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        x = torch.cat((x, x), dim=-1)
        for layer in self.layers:
            x, _ = layer(x)
        return self.fc(x)


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        x = torch.cat((x, x), dim=-1)
        for layer in self.layers:
            total_length = x.size(1)
            packed = pack_padded_sequence(
                x, torch.as_tensor(lengths, device="cpu"), batch_first=True, enforce_sorted=False
            )
            x, _ = layer(packed)
            x, _ = pad_packed_sequence(x, batch_first=True, total_length=total_length)
        return self.fc(x)


# case: in a branch
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        if x.dim() == 3:
            out, _ = self.lstm(x)
            return self.fc(out)
        return x


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        if x.dim() == 3:
            packed = pack_padded_sequence(
                x, torch.as_tensor(lengths, device="cpu"), batch_first=True, enforce_sorted=False
            )
            out, _ = self.lstm(packed)
            out, _ = pad_packed_sequence(out, batch_first=True, total_length=x.size(1))
            return self.fc(out)
        return x


# case: a suite in one line
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        if x.dim() == 3: out, _ = self.lstm(x)  # as always
        return self.fc(out)


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        if x.dim() == 3:
            packed = pack_padded_sequence(
                x, torch.as_tensor(lengths, device="cpu"), batch_first=True, enforce_sorted=False
            )
            out, _ = self.lstm(packed)  # as always
            out, _ = pad_packed_sequence(out, batch_first=True, total_length=x.size(1))
        return self.fc(out)


# case: several statements in one line
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids); out, _ = self.lstm(x); y = self.fc(out)
        return y


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        packed = pack_padded_sequence(
            x, torch.as_tensor(lengths, device="cpu"), batch_first=True, enforce_sorted=False
        )
        out, _ = self.lstm(packed)
        out, _ = pad_packed_sequence(out, batch_first=True, total_length=x.size(1))
        y = self.fc(out)
        return y


# case: in the head of a branch
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        # never so
        if self.gru(x)[1].size(0) == 7:
            return x
        return self.gru(x)[1][-1]


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        # never so
        if self.gru(x)[1].size(0) == 7:
            return x
        packed = pack_padded_sequence(
            x, torch.as_tensor(lengths, device="cpu"), batch_first=True, enforce_sorted=False
        )
        return self.gru(packed)[1][-1]


# case: in a conditional expression that tests it
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        out, _ = self.lstm(x) if x.dim() == 3 else (x, None)
        return self.fc(out)


# case: in a comprehension, the state alone
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        return torch.cat([self.gru(x * k)[1][-1] for k in (1, 2)], dim=-1)


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        return torch.cat([self.gru(pack_padded_sequence(x * k, torch.as_tensor(lengths, device="cpu"), batch_first=True, enforce_sorted=False))[1][-1] for k in (1, 2)], dim=-1)


# case: in a comprehension, the output alone
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        return [self.fc(self.lstm(x)[0]) for _ in range(2)]


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        return [self.fc(pad_packed_sequence(self.lstm(pack_padded_sequence(x, torch.as_tensor(lengths, device="cpu"), batch_first=True, enforce_sorted=False))[0], batch_first=True, total_length=x.size(1))[0]) for _ in range(2)]


# case: a walrus
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        return self.fc((out := self.lstm(x)[0]) + out)


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        packed = pack_padded_sequence(
            x, torch.as_tensor(lengths, device="cpu"), batch_first=True, enforce_sorted=False
        )
        output, _ = self.lstm(packed)
        output, _ = pad_packed_sequence(output, batch_first=True, total_length=x.size(1))
        return self.fc((out := output) + out)


# case: comments stay
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        # encode the words
        out, _ = self.lstm(x)  # (batch, time, 2 * hidden)
        # and score them
        return self.fc(out)


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        # encode the words
        packed = pack_padded_sequence(
            x, torch.as_tensor(lengths, device="cpu"), batch_first=True, enforce_sorted=False
        )
        out, _ = self.lstm(packed)  # (batch, time, 2 * hidden)
        out, _ = pad_packed_sequence(out, batch_first=True, total_length=x.size(1))
        # and score them
        return self.fc(out)


# case: names that are taken
class Model(Layers):
    def forward(self, ids, lengths):
        packed = self.embed(ids)
        total_length = packed.size(2)
        packed, _ = self.lstm(packed)
        return self.fc(packed) * total_length


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        packed = self.embed(ids)
        total_length = packed.size(2)
        total_length_2 = packed.size(1)
        packed_2 = pack_padded_sequence(
            packed, torch.as_tensor(lengths, device="cpu"), batch_first=True, enforce_sorted=False
        )
        packed, _ = self.lstm(packed_2)
        packed, _ = pad_packed_sequence(packed, batch_first=True, total_length=total_length_2)
        return self.fc(packed) * total_length


# case: arguments over several lines
class Model(Layers):
    def forward(
        self,
        ids,
        lengths,
    ):
        out, _ = self.lstm(
            self.embed(ids),  # (batch, time, features)
        )
        return self.fc(out)


# fixed
class Model(Layers):
    def forward(
        self,
        ids,
        lengths,
    ):
        padded = self.embed(ids)
        packed = pack_padded_sequence(
            padded, torch.as_tensor(lengths, device="cpu"), batch_first=True, enforce_sorted=False
        )
        out, _ = self.lstm(
            packed,  # (batch, time, features)
        )
        out, _ = pad_packed_sequence(out, batch_first=True, total_length=padded.size(1))
        return self.fc(out)


# case: a line continuation
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        out, \
            _ = self.lstm(x)
        return self.fc(out)


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        packed = pack_padded_sequence(
            x, torch.as_tensor(lengths, device="cpu"), batch_first=True, enforce_sorted=False
        )
        out, \
            _ = self.lstm(packed)
        out, _ = pad_packed_sequence(out, batch_first=True, total_length=x.size(1))
        return self.fc(out)


# case: an attribute takes the output
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        self.out, self.state = self.lstm(x)
        return self.fc(self.out)


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        packed = pack_padded_sequence(
            x, torch.as_tensor(lengths, device="cpu"), batch_first=True, enforce_sorted=False
        )
        self.out, self.state = self.lstm(packed)
        self.out, _ = pad_packed_sequence(self.out, batch_first=True, total_length=x.size(1))
        return self.fc(self.out)


# case: a type comment and annotations
class Model(Layers):
    def forward(self, ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        x: torch.Tensor = self.embed(ids)
        out, _ = self.lstm(x)  # type: torch.Tensor, object
        return self.fc(out)


# fixed
class Model(Layers):
    def forward(self, ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        x: torch.Tensor = self.embed(ids)
        packed = pack_padded_sequence(
            x, torch.as_tensor(lengths, device="cpu"), batch_first=True, enforce_sorted=False
        )
        out, _ = self.lstm(packed)  # type: torch.Tensor, object
        out, _ = pad_packed_sequence(out, batch_first=True, total_length=x.size(1))
        return self.fc(out)


# case: the call of forward
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        out, _ = self.lstm.forward(x)
        return self.fc(out)


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        packed = pack_padded_sequence(
            x, torch.as_tensor(lengths, device="cpu"), batch_first=True, enforce_sorted=False
        )
        out, _ = self.lstm.forward(packed)
        out, _ = pad_packed_sequence(out, batch_first=True, total_length=x.size(1))
        return self.fc(out)


# case: imported from torch alone
# bare
import torch


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = torch.nn.Embedding(50, 8)
        self.lstm = torch.nn.LSTM(8, 8, bidirectional=True, batch_first=True)

    def forward(self, ids, lengths):
        x = self.embed(ids)
        out, _ = self.lstm(x)
        return out


# fixed
import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = torch.nn.Embedding(50, 8)
        self.lstm = torch.nn.LSTM(8, 8, bidirectional=True, batch_first=True)

    def forward(self, ids, lengths):
        x = self.embed(ids)
        packed = pack_padded_sequence(
            x,
            torch.as_tensor(lengths, device="cpu"),
            batch_first=True,
            enforce_sorted=False,
        )
        out, _ = self.lstm(packed)
        out, _ = pad_packed_sequence(
            out, batch_first=True, total_length=x.size(1)
        )
        return out


# case: imported under other names
# bare
import torch as th
import torch.nn as layers


class Model(layers.Module):
    def __init__(self):
        super().__init__()
        self.embed = layers.Embedding(50, 8)
        self.lstm = layers.LSTM(8, 8, bidirectional=True, batch_first=True)

    def forward(self, ids, lengths):
        x = self.embed(ids)
        out, _ = self.lstm(x)
        return out


# fixed
import torch as th
import torch.nn as layers
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class Model(layers.Module):
    def __init__(self):
        super().__init__()
        self.embed = layers.Embedding(50, 8)
        self.lstm = layers.LSTM(8, 8, bidirectional=True, batch_first=True)

    def forward(self, ids, lengths):
        x = self.embed(ids)
        packed = pack_padded_sequence(
            x,
            th.as_tensor(lengths, device="cpu"),
            batch_first=True,
            enforce_sorted=False,
        )
        out, _ = self.lstm(packed)
        out, _ = pad_packed_sequence(
            out, batch_first=True, total_length=x.size(1)
        )
        return out


# case: imported as a module
# bare
import torch
from torch import nn
from torch.nn.utils import rnn


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(50, 8)
        self.lstm = nn.LSTM(8, 8, bidirectional=True, batch_first=True)

    def forward(self, ids, lengths):
        x = self.embed(ids)
        out, _ = self.lstm(x)
        return out


# fixed
import torch
from torch import nn
from torch.nn.utils import rnn


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(50, 8)
        self.lstm = nn.LSTM(8, 8, bidirectional=True, batch_first=True)

    def forward(self, ids, lengths):
        x = self.embed(ids)
        packed = rnn.pack_padded_sequence(
            x,
            torch.as_tensor(lengths, device="cpu"),
            batch_first=True,
            enforce_sorted=False,
        )
        out, _ = self.lstm(packed)
        out, _ = rnn.pad_packed_sequence(
            out, batch_first=True, total_length=x.size(1)
        )
        return out


# case: imported as a module of another name
# bare
import torch
import torch.nn as nn
import torch.nn.utils.rnn as rnn_utils


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(50, 8)
        self.lstm = nn.LSTM(8, 8, bidirectional=True, batch_first=True)

    def forward(self, ids, lengths):
        x = self.embed(ids)
        out, _ = self.lstm(x)
        return out


# fixed
import torch
import torch.nn as nn
import torch.nn.utils.rnn as rnn_utils


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(50, 8)
        self.lstm = nn.LSTM(8, 8, bidirectional=True, batch_first=True)

    def forward(self, ids, lengths):
        x = self.embed(ids)
        packed = rnn_utils.pack_padded_sequence(
            x,
            torch.as_tensor(lengths, device="cpu"),
            batch_first=True,
            enforce_sorted=False,
        )
        out, _ = self.lstm(packed)
        out, _ = rnn_utils.pad_packed_sequence(
            out, batch_first=True, total_length=x.size(1)
        )
        return out


# case: written out elsewhere in the file
# bare
import torch
import torch.nn as nn


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(50, 8)
        self.lstm = nn.LSTM(8, 8, bidirectional=True, batch_first=True)

    def forward(self, ids, lengths):
        x = self.embed(ids)
        out, _ = self.lstm(x)
        return out


def packed(x, lengths):
    return nn.utils.rnn.pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)


# fixed
import torch
import torch.nn as nn


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(50, 8)
        self.lstm = nn.LSTM(8, 8, bidirectional=True, batch_first=True)

    def forward(self, ids, lengths):
        x = self.embed(ids)
        packed = nn.utils.rnn.pack_padded_sequence(
            x, torch.as_tensor(lengths, device="cpu"), batch_first=True, enforce_sorted=False
        )
        out, _ = self.lstm(packed)
        out, _ = nn.utils.rnn.pad_packed_sequence(out, batch_first=True, total_length=x.size(1))
        return out


def packed(x, lengths):
    return nn.utils.rnn.pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)


# case: one of the two is imported
# bare
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(50, 8)
        self.lstm = nn.LSTM(8, 8, bidirectional=True, batch_first=True)

    def forward(self, ids, lengths):
        x = self.embed(ids)
        out, _ = self.lstm(x)
        return out


# fixed
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(50, 8)
        self.lstm = nn.LSTM(8, 8, bidirectional=True, batch_first=True)

    def forward(self, ids, lengths):
        x = self.embed(ids)
        packed = pack_padded_sequence(
            x,
            torch.as_tensor(lengths, device="cpu"),
            batch_first=True,
            enforce_sorted=False,
        )
        out, _ = self.lstm(packed)
        out, _ = pad_packed_sequence(
            out, batch_first=True, total_length=x.size(1)
        )
        return out


# case: imported over several lines
# bare
import torch
from torch import nn
from torch.nn.utils.rnn import (
    PackedSequence,
    pad_sequence,  # of a list
)


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(50, 8)
        self.lstm = nn.LSTM(8, 8, bidirectional=True, batch_first=True)

    def forward(self, ids, lengths):
        x = self.embed(ids)
        out, _ = self.lstm(x)
        return out


# fixed
import torch
from torch import nn
from torch.nn.utils.rnn import (
    PackedSequence,
    pad_sequence,  # of a list
    pack_padded_sequence,
    pad_packed_sequence,
)


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(50, 8)
        self.lstm = nn.LSTM(8, 8, bidirectional=True, batch_first=True)

    def forward(self, ids, lengths):
        x = self.embed(ids)
        packed = pack_padded_sequence(
            x,
            torch.as_tensor(lengths, device="cpu"),
            batch_first=True,
            enforce_sorted=False,
        )
        out, _ = self.lstm(packed)
        out, _ = pad_packed_sequence(
            out, batch_first=True, total_length=x.size(1)
        )
        return out


# case: all is imported
# bare
import torch
from torch import nn
from torch.nn.utils.rnn import *


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(50, 8)
        self.lstm = nn.LSTM(8, 8, bidirectional=True, batch_first=True)

    def forward(self, ids, lengths):
        x = self.embed(ids)
        out, _ = self.lstm(x)
        return out


# fixed
import torch
from torch import nn
from torch.nn.utils.rnn import *


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(50, 8)
        self.lstm = nn.LSTM(8, 8, bidirectional=True, batch_first=True)

    def forward(self, ids, lengths):
        x = self.embed(ids)
        packed = pack_padded_sequence(
            x,
            torch.as_tensor(lengths, device="cpu"),
            batch_first=True,
            enforce_sorted=False,
        )
        out, _ = self.lstm(packed)
        out, _ = pad_packed_sequence(
            out, batch_first=True, total_length=x.size(1)
        )
        return out


# case: a function of somebody's own has the name
# bare
import torch
from torch import nn


def pack_padded_sequence(x):
    return x


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(50, 8)
        self.lstm = nn.LSTM(8, 8, bidirectional=True, batch_first=True)

    def forward(self, ids, lengths):
        x = self.embed(ids)
        out, _ = self.lstm(x)
        return out


# fixed
import torch
from torch import nn
from torch.nn.utils.rnn import pad_packed_sequence


def pack_padded_sequence(x):
    return x


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(50, 8)
        self.lstm = nn.LSTM(8, 8, bidirectional=True, batch_first=True)

    def forward(self, ids, lengths):
        x = self.embed(ids)
        packed = nn.utils.rnn.pack_padded_sequence(
            x,
            torch.as_tensor(lengths, device="cpu"),
            batch_first=True,
            enforce_sorted=False,
        )
        out, _ = self.lstm(packed)
        out, _ = pad_packed_sequence(
            out, batch_first=True, total_length=x.size(1)
        )
        return out


# case: a docstring and the future first
# bare
"""A model."""

from __future__ import annotations

import torch
from torch import nn

SIZE = 8


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(50, 8)
        self.lstm = nn.LSTM(8, 8, bidirectional=True, batch_first=True)

    def forward(self, ids, lengths):
        x = self.embed(ids)
        out, _ = self.lstm(x)
        return out


# fixed
"""A model."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

SIZE = 8


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(50, 8)
        self.lstm = nn.LSTM(8, 8, bidirectional=True, batch_first=True)

    def forward(self, ids, lengths):
        x = self.embed(ids)
        packed = pack_padded_sequence(
            x,
            torch.as_tensor(lengths, device="cpu"),
            batch_first=True,
            enforce_sorted=False,
        )
        out, _ = self.lstm(packed)
        out, _ = pad_packed_sequence(
            out, batch_first=True, total_length=x.size(1)
        )
        return out


# case: imported if something is there
# bare
try:
    import torch
    from torch import nn
except ImportError:
    torch = None


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(50, 8)
        self.lstm = nn.LSTM(8, 8, bidirectional=True, batch_first=True)

    def forward(self, ids, lengths):
        x = self.embed(ids)
        out, _ = self.lstm(x)
        return out


# fixed
try:
    import torch
    from torch import nn
except ImportError:
    torch = None


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(50, 8)
        self.lstm = nn.LSTM(8, 8, bidirectional=True, batch_first=True)

    def forward(self, ids, lengths):
        x = self.embed(ids)
        packed = nn.utils.rnn.pack_padded_sequence(
            x,
            torch.as_tensor(lengths, device="cpu"),
            batch_first=True,
            enforce_sorted=False,
        )
        out, _ = self.lstm(packed)
        out, _ = nn.utils.rnn.pad_packed_sequence(
            out, batch_first=True, total_length=x.size(1)
        )
        return out


# case: tabs
# bare
import torch
from torch import nn


class Model(nn.Module):
	def __init__(self):
		super().__init__()
		self.embed = nn.Embedding(50, 8)
		self.lstm = nn.LSTM(8, 8, bidirectional=True, batch_first=True)

	def forward(self, ids, lengths):
		x = self.embed(ids)
		out, _ = self.lstm(x)
		return out


# fixed
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class Model(nn.Module):
	def __init__(self):
		super().__init__()
		self.embed = nn.Embedding(50, 8)
		self.lstm = nn.LSTM(8, 8, bidirectional=True, batch_first=True)

	def forward(self, ids, lengths):
		x = self.embed(ids)
		packed = pack_padded_sequence(
			x,
			torch.as_tensor(lengths, device="cpu"),
			batch_first=True,
			enforce_sorted=False,
		)
		out, _ = self.lstm(packed)
		out, _ = pad_packed_sequence(
			out, batch_first=True, total_length=x.size(1)
		)
		return out


# case: short lines
# bare
import torch
from torch import nn


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(50, 8)
        self.lstm = nn.LSTM(
            8, 8, bidirectional=True, batch_first=True
        )

    def forward(self, ids, lengths):
        x = self.embed(ids)
        out, _ = self.lstm(x)
        return out


# fixed
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(50, 8)
        self.lstm = nn.LSTM(
            8, 8, bidirectional=True, batch_first=True
        )

    def forward(self, ids, lengths):
        x = self.embed(ids)
        packed = pack_padded_sequence(
            x,
            torch.as_tensor(lengths, device="cpu"),
            batch_first=True,
            enforce_sorted=False,
        )
        out, _ = self.lstm(packed)
        out, _ = pad_packed_sequence(
            out, batch_first=True, total_length=x.size(1)
        )
        return out


# case: untouched, an embedding that may know no padding
class Model(Layers):
    def __init__(self, weights=None):
        super().__init__()
        if weights is not None:
            self.words = nn.Embedding.from_pretrained(weights)
        else:
            self.words = nn.Embedding(50, 8, padding_idx=0)

    def forward(self, ids):
        out, _ = self.lstm(self.words(ids))
        return self.fc(out)


# case: lengths that are made an array before
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        lengths = lengths.cpu().numpy()
        out, _ = self.lstm(x)
        return self.fc(out)


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        lengths = lengths.cpu().numpy()
        packed = pack_padded_sequence(
            x, torch.as_tensor(lengths, device="cpu"), batch_first=True, enforce_sorted=False
        )
        out, _ = self.lstm(packed)
        out, _ = pad_packed_sequence(out, batch_first=True, total_length=x.size(1))
        return self.fc(out)


# case: lengths that are made a list where they are none
class Model(Layers):
    def forward(self, ids, lengths):
        if not isinstance(lengths, list):
            lengths = lengths.view(-1).tolist()
        out, _ = self.lstm(self.embed(ids))
        return self.fc(out)


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        if not isinstance(lengths, list):
            lengths = lengths.view(-1).tolist()
        padded = self.embed(ids)
        packed = pack_padded_sequence(
            padded, torch.as_tensor(lengths, device="cpu"), batch_first=True, enforce_sorted=False
        )
        out, _ = self.lstm(packed)
        out, _ = pad_packed_sequence(out, batch_first=True, total_length=padded.size(1))
        return self.fc(out)


# case: a file that exports its model
class Model(Layers):
    def forward(self, ids, lengths):
        out, _ = self.lstm(self.embed(ids))
        return self.fc(out)


def export(model, ids, lengths):
    torch.onnx.export(model, (ids, lengths), "model.onnx")


# case: ids of which nothing says that they are a batch
class Model(Layers):
    def forward(self, ids):
        out, _ = self.lstm(self.embed(ids))
        return self.fc(out)


# case: a row may have no step
class Model(Layers):
    def forward(self, ids):
        real = (ids != self.embed.padding_idx).unsqueeze(-1)
        out, _ = self.lstm(self.embed(ids))
        return self.fc((out * real).sum(dim=1) / real.sum(dim=1).clamp(min=1))


# case: a convolution before it leaves fewer steps
class Model(Layers):
    def __init__(self):
        super().__init__()
        self.convs = nn.ModuleList([nn.Conv2d(1, 8, (3, 8))])

    def forward(self, ids, lengths):
        x = self.embed(ids).transpose(0, 1)
        for conv in self.convs:
            x = F.relu(conv(x.unsqueeze(1))).squeeze(3).transpose(1, 2)
        out, _ = self.time_first(x.transpose(0, 1))
        return self.fc(out)


# case: a convolution before it keeps the steps
class Model(Layers):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(8, 8, 1)

    def forward(self, ids, lengths):
        x = self.conv(self.embed(ids).transpose(1, 2)).transpose(1, 2)
        out, _ = self.lstm(x)
        return self.fc(out)


# fixed
class Model(Layers):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(8, 8, 1)

    def forward(self, ids, lengths):
        x = self.conv(self.embed(ids).transpose(1, 2)).transpose(1, 2)
        packed = pack_padded_sequence(
            x, torch.as_tensor(lengths, device="cpu"), batch_first=True, enforce_sorted=False
        )
        out, _ = self.lstm(packed)
        out, _ = pad_packed_sequence(out, batch_first=True, total_length=x.size(1))
        return self.fc(out)
