"""Rewrites that are wrong on purpose, each by one mistake; the oracle must refuse them all."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class Layers(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(50, 8)
        self.gru = nn.GRU(8, 8, batch_first=True)
        self.both = nn.GRU(8, 8, num_layers=2, bidirectional=True, batch_first=True)
        self.lstm = nn.LSTM(8, 8, num_layers=2, batch_first=True)
        self.score = nn.Linear(8, 1)

    def pack(self, x, lengths):
        return pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)


class Model(Layers):
    def outputs(self, ids, lengths):
        return self.both(self.embed(ids))[0]

    def state(self, ids, lengths):
        return self.gru(self.embed(ids))[1][-1]

    def states(self, ids, lengths):
        return self.both(self.embed(ids))[1][-2:]

    def last_layer(self, ids, lengths):
        return self.lstm(self.embed(ids))[1][0][-1]

    def started(self, ids, lengths):
        x = self.embed(ids)
        return self.gru(x, x[:, 0].unsqueeze(0).contiguous())[1][-1]

    def mean(self, ids, lengths):
        return self.gru(self.embed(ids))[0].mean(1)

    def maximum(self, ids, lengths):
        return self.gru(self.embed(ids))[0].max(1)[0]

    def total(self, ids, lengths):
        return self.gru(self.embed(ids))[0].sum(1)

    def attention(self, ids, lengths):
        out = self.gru(self.embed(ids))[0]
        return (F.softmax(self.score(out), dim=1) * out).sum(1)

    def flat(self, ids, lengths):
        return self.both(self.embed(ids))[1].transpose(0, 1).reshape(ids.size(0), -1)


# wrong: outputs, nothing is packed
return self.both(self.embed(ids))[0]

# wrong: outputs, lengths of another tensor
x = self.pack(self.embed(ids), lengths.flip(0))
return pad_packed_sequence(self.both(x)[0], batch_first=True, total_length=ids.size(1))[0]

# wrong: outputs, every row as long as the longest
x = self.pack(self.embed(ids), torch.full_like(lengths, int(lengths.max())))
return pad_packed_sequence(self.both(x)[0], batch_first=True, total_length=ids.size(1))[0]

# wrong: outputs, one step too few
x = self.pack(self.embed(ids), (lengths - 1).clamp(min=1))
return pad_packed_sequence(self.both(x)[0], batch_first=True, total_length=ids.size(1))[0]

# wrong: outputs, unpacked in the other layout
x = self.pack(self.embed(ids), lengths)
return pad_packed_sequence(self.both(x)[0], total_length=ids.size(1))[0]

# wrong: outputs, sorted and not put back
lengths, order = lengths.sort(descending=True)
x = pack_padded_sequence(self.embed(ids)[order], lengths, batch_first=True)
return pad_packed_sequence(self.both(x)[0], batch_first=True, total_length=ids.size(1))[0]

# wrong: outputs, put back by the order that sorts
lengths, order = lengths.sort(descending=True)
x = pack_padded_sequence(self.embed(ids)[order], lengths, batch_first=True)
return pad_packed_sequence(self.both(x)[0], batch_first=True, total_length=ids.size(1))[0][order]

# wrong: outputs, lengths sorted and the batch not
x = pack_padded_sequence(self.embed(ids), lengths.sort(descending=True)[0], batch_first=True)
return pad_packed_sequence(self.both(x)[0], batch_first=True, total_length=ids.size(1))[0]

# wrong: outputs, packed as though time came first
x = pack_padded_sequence(self.embed(ids), lengths, enforce_sorted=False)
return pad_packed_sequence(self.both(x)[0], batch_first=True)[0]

# wrong: outputs, enforce_sorted left as it was
x = pack_padded_sequence(self.embed(ids), lengths, batch_first=True)
return pad_packed_sequence(self.both(x)[0], batch_first=True, total_length=ids.size(1))[0]

# wrong: outputs, the size of the longest row
x = self.pack(self.embed(ids), lengths)
out = pad_packed_sequence(self.both(x)[0], batch_first=True)[0]
return out * torch.ones(ids.shape).unsqueeze(-1)

# wrong: outputs, the total length taken after packing
x = self.pack(self.embed(ids), lengths)
return pad_packed_sequence(self.both(x)[0], batch_first=True, total_length=x.data.size(1))[0]

# wrong: outputs, without gradient
x = self.pack(self.embed(ids), lengths)
return pad_packed_sequence(self.both(x)[0], batch_first=True, total_length=ids.size(1))[0].detach()

# wrong: outputs, the padded steps cut off the front
x = self.pack(self.embed(ids.flip(1)), lengths)
return pad_packed_sequence(self.both(x)[0], batch_first=True, total_length=ids.size(1))[0].flip(1)

# wrong: outputs, the input in half precision
x = self.pack(self.embed(ids).float().double(), lengths)
return pad_packed_sequence(self.both(x)[0], batch_first=True, total_length=ids.size(1))[0]

# wrong: state, of the padded batch
return self.gru(self.embed(ids))[1][-1]

# wrong: state, the last step of the output
x = self.pack(self.embed(ids), lengths)
return pad_packed_sequence(self.gru(x)[0], batch_first=True)[0][:, -1]

# wrong: state, gathered one step late
out = F.pad(self.gru(self.embed(ids))[0], (0, 0, 0, 1))
return out[torch.arange(len(ids)), lengths]

# wrong: state, gathered one step early
out = self.gru(self.embed(ids))[0]
return out[torch.arange(len(ids)), (lengths - 2).clamp(min=0)]

# wrong: states, the forward half twice
h_n = self.both(self.pack(self.embed(ids), lengths))[1]
return torch.stack((h_n[-2], h_n[-2]))

# wrong: states, the directions changed over
return self.both(self.pack(self.embed(ids), lengths))[1].flip(0)[:2]

# wrong: states, of the first layer
return self.both(self.pack(self.embed(ids), lengths))[1][:2]

# wrong: last_layer, of the first layer
return self.lstm(self.pack(self.embed(ids), lengths))[1][0][0]

# wrong: last_layer, the cell state
return self.lstm(self.pack(self.embed(ids), lengths))[1][1][-1]

# wrong: started, the initial state left unsorted
x = self.embed(ids)
lengths, order = lengths.sort(descending=True)
packed = pack_padded_sequence(x[order], lengths, batch_first=True)
return self.gru(packed, x[:, 0].unsqueeze(0).contiguous())[1][-1][order.argsort()]

# wrong: mean, over zeros too
x = self.pack(self.embed(ids), lengths)
return pad_packed_sequence(self.gru(x)[0], batch_first=True, total_length=ids.size(1))[0].mean(1)

# wrong: mean, the mask inverted
out = self.gru(self.embed(ids))[0]
padding = torch.arange(out.size(1)) < lengths.unsqueeze(1)
return out.masked_fill(padding.unsqueeze(-1), 0).sum(1) / lengths.unsqueeze(1)

# wrong: mean, one step too many
out = self.gru(self.embed(ids))[0]
padding = torch.arange(out.size(1)) > lengths.unsqueeze(1)
return out.masked_fill(padding.unsqueeze(-1), 0).sum(1) / lengths.unsqueeze(1)

# wrong: maximum, zeros in place of the padding
out = self.gru(self.embed(ids))[0]
padding = torch.arange(out.size(1)) >= lengths.unsqueeze(1)
return out.masked_fill(padding.unsqueeze(-1), 0).max(1)[0]

# wrong: total, over the padding
return self.gru(self.embed(ids))[0].sum(1)

# wrong: attention, a small score for the padding
out = self.gru(self.embed(ids))[0]
padding = torch.arange(out.size(1)) >= lengths.unsqueeze(1)
scores = self.score(out).masked_fill(padding.unsqueeze(-1), -1)
return (F.softmax(scores, dim=1) * out).sum(1)

# wrong: attention, masked behind the softmax
out = self.gru(self.embed(ids))[0]
padding = torch.arange(out.size(1)) >= lengths.unsqueeze(1)
return (F.softmax(self.score(out), dim=1).masked_fill(padding.unsqueeze(-1), 0) * out).sum(1)

# wrong: attention, over the batch
out = self.gru(self.pack(self.embed(ids), lengths))[0]
out = pad_packed_sequence(out, batch_first=True, total_length=ids.size(1))[0]
return (F.softmax(self.score(out), dim=0) * out).sum(1)

# wrong: flat, the batch not at the front
return self.both(self.pack(self.embed(ids), lengths))[1].reshape(ids.size(0), -1)
