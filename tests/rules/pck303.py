"""PCK303: h_n or c_n indexed or reshaped as though batch came first."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


# case: batch_first is taken to hold for the state, whose last row on axis 1 is the last sample
class Classifier(nn.Module):
    def __init__(self, vocab_size, dim, hidden):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.lstm = nn.LSTM(dim, hidden, num_layers=2, batch_first=True)
        self.fc = nn.Linear(hidden, 2)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, (h_n, _) = self.lstm(packed)
        return self.fc(h_n[:, -1, :])  # PCK303


# case: both directions viewed into the features without a transpose
class Encoder(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.gru = nn.GRU(features, hidden, bidirectional=True, batch_first=True)

    def forward(self, window):
        _, h_n = self.gru(window)
        return h_n.view(window.size(0), -1)  # PCK303


# case: the width of both directions is written out
class Encoder(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.hidden = hidden
        self.rnn = nn.LSTM(features, hidden, bidirectional=True)
        self.fc = nn.Linear(2 * hidden, 4)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths.cpu(), enforce_sorted=False)
        _, (h_n, c_n) = self.rnn(packed)
        state = h_n.contiguous().view(-1, 2 * self.hidden)  # PCK303
        return self.fc(state)


# case: layers reshaped into the features
class Series(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.rnn = nn.GRU(features, hidden, 3, batch_first=True)
        self.fc = nn.Linear(3 * hidden, 1)

    def forward(self, window):
        batch = window.shape[0]
        _, state = self.rnn(window)
        return self.fc(state.reshape(batch, -1))  # PCK303


# case: the directions are looked for on the batch axis
class Sentence(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.lstm = nn.LSTM(dim, dim, batch_first=True, bidirectional=True)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, (h_n, c_n) = self.lstm(packed)
        hidden = torch.cat((h_n[:, 0], h_n[:, 1]), dim=1)  # PCK303
        cell = torch.cat((c_n[:, 0, :], c_n[:, 1, :]), dim=1)  # PCK303
        return hidden, cell


# case: batch and directions are named in the wrong order
class Bridge(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.hidden = hidden
        self.encoder = nn.GRU(features, hidden, bidirectional=True, batch_first=True)

    def forward(self, window):
        _, h_n = self.encoder(window)
        return h_n.view(window.size(0), 2, self.hidden).sum(dim=1)  # PCK303


# case: the pair kept whole, its first part indexed by batch
class Reader(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.lstm = nn.LSTM(features, hidden, batch_first=True)

    def forward(self, window):
        state = self.lstm(window)[1]
        return state[0][:, -1]  # PCK303


# case: the state comes from a module in another file
from encoder import Encoder


class Tweets(nn.Module):
    def __init__(self, vocab_size, dim, hidden):
        super().__init__()
        self.encoder = Encoder(vocab_size, dim, hidden)
        self.fc = nn.Linear(2 * hidden, 3)

    def forward(self, ids, lengths):
        _, state = self.encoder(ids, lengths)
        return self.fc(state.flatten(1))  # PCK303


# file: encoder.py
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class Encoder(nn.Module):
    def __init__(self, vocab_size, dim, hidden):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.gru = nn.GRU(dim, hidden, bidirectional=True, batch_first=True)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, h_n = self.gru(packed)
        return pad_packed_sequence(out, batch_first=True)[0], h_n


# case: batch moved to the front, then reshaped
class Encoder(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.gru = nn.GRU(features, hidden, num_layers=2, bidirectional=True, batch_first=True)

    def forward(self, window):
        _, h_n = self.gru(window)
        return h_n.transpose(0, 1).reshape(window.size(0), -1)


# case: permuted, made contiguous and viewed
class Encoder(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.hidden = hidden
        self.lstm = nn.LSTM(features, hidden, bidirectional=True)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths.cpu(), enforce_sorted=False)
        _, (h_n, _) = self.lstm(packed)
        return h_n.permute(1, 0, 2).contiguous().view(-1, 2 * self.hidden)


# case: batch first after a permute, so the last entry of axis 1 is the last layer
class Encoder(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.gru = nn.GRU(features, hidden, num_layers=2, batch_first=True)

    def forward(self, window):
        _, h_n = self.gru(window)
        h_n = h_n.permute(1, 0, 2)
        return h_n[:, -1]


# case: viewed as layers and directions, batch kept where it is
class Encoder(nn.Module):
    def __init__(self, features, hidden, layers):
        super().__init__()
        self.hidden, self.layers = hidden, layers
        self.gru = nn.GRU(features, hidden, layers, bidirectional=True, batch_first=True)

    def forward(self, window):
        _, h_n = self.gru(window)
        h_n = h_n.view(self.layers, 2, window.size(0), self.hidden)
        return torch.cat([h_n[-1, 0], h_n[-1, 1]], dim=1)


# case: one layer and one direction, where the first axis is one long
class Encoder(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.hidden = hidden
        self.rnn = nn.LSTM(features, hidden, batch_first=True)

    def forward(self, window):
        _, (h_n, c_n) = self.rnn(window)
        return h_n.view(-1, self.hidden), c_n.squeeze(0), h_n.reshape(window.size(0), -1), c_n[0]


# case: rows of the first axis
class Encoder(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.rnn = nn.LSTM(features, hidden, 2, batch_first=True, bidirectional=True)

    def forward(self, window):
        _, (h_n, c_n) = self.rnn(window)
        return torch.cat((h_n[-2], h_n[-1]), dim=1), torch.cat([c_n[-2, :, :], c_n[-1, :, :]], dim=1)


# case: put back in order along the batch axis
class Sorted(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.rnn = nn.LSTM(features, hidden, batch_first=True)

    def forward(self, x, lengths):
        ordered, perm = torch.sort(lengths.cpu(), descending=True)
        inverse = torch.argsort(perm)
        packed = pack_padded_sequence(x[perm], ordered, batch_first=True)
        _, (h_n, c_n) = self.rnn(packed)
        return h_n[:, inverse], c_n.index_select(1, inverse)


# case: a mask over the batch axis
class Finished(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.gru = nn.GRU(dim, dim, num_layers=2)

    def forward(self, step, state, done):
        _, h_n = self.gru(step.unsqueeze(0), state)
        return h_n[:, ~done], h_n[:, done, :]


# case: the state of one sample starts its own search
class Search(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.encoder = nn.GRU(dim, dim, num_layers=2, batch_first=True)
        self.decoder = nn.GRU(dim, dim, num_layers=2, batch_first=True)
        self.embed = nn.Embedding(vocab_size, dim)

    def forward(self, window, starts):
        _, state = self.encoder(window)
        for i in range(window.size(0)):
            own = state[:, i : i + 1].contiguous()
            yield self.decoder(self.embed(starts[i].view(1, 1)), own)[0]


# case: every sample's state is repeated for the beams
class Beams(nn.Module):
    def __init__(self, dim, layers=2):
        super().__init__()
        self.encoder = nn.GRU(dim, dim, layers, batch_first=True)

    def forward(self, window, beams):
        _, h_n = self.encoder(window)
        layers, batch, width = h_n.shape
        h_n = h_n.unsqueeze(2).expand(layers, batch, beams, width)
        return h_n.reshape(layers, batch * beams, width)


# case: the first of a pair and the first layer of a state are different things
class Either(nn.Module):
    def __init__(self, kind, features, hidden):
        super().__init__()
        self.kind = kind
        self.rnn = getattr(nn, kind)(features, hidden, batch_first=True)

    def forward(self, window):
        _, state = self.rnn(window)
        if self.kind == "LSTM":
            state = state[0]
        return state[0]


# case: an output that is called hidden is batch first
class Forecaster(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.rnn = nn.LSTM(features, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, 1)

    def forward(self, window):
        hidden, _ = self.rnn(window)
        return self.fc(hidden[:, -1])


# case: the state of a cell is batch first
class Steps(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.hidden = hidden
        self.cell = nn.LSTMCell(features, hidden)

    def forward(self, window):
        h_n = c_n = window.new_zeros(window.size(0), self.hidden)
        for t in range(window.size(1)):
            h_n, c_n = self.cell(window[:, t], (h_n, c_n))
        return h_n.view(window.size(0), -1), h_n[:, -1]


# case: a module of the project that returns its state batch first
class Encoder(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.gru = nn.GRU(features, hidden, 2, batch_first=True)

    def forward(self, window):
        out, h_n = self.gru(window)
        return out, h_n.transpose(0, 1).contiguous()


class Head(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.encoder = Encoder(features, hidden)
        self.fc = nn.Linear(2 * hidden, 1)

    def forward(self, window):
        _, state = self.encoder(window)
        return self.fc(F.relu(state.view(window.size(0), -1)))


# case: einops says which axis is which
from einops import rearrange


class Encoder(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.gru = nn.GRU(features, hidden, bidirectional=True, batch_first=True)

    def forward(self, window):
        _, h_n = self.gru(window)
        return rearrange(h_n, "layers batch hidden -> batch (layers hidden)")


# case: a state unpacked from words, viewed back as sentences and words
class Characters(nn.Module):
    def __init__(self, chars, dim):
        super().__init__()
        self.embed = nn.Embedding(chars, dim)
        self.lstm = nn.LSTM(dim, dim, bidirectional=True, batch_first=True)

    def forward(self, ids, lengths):
        # ids: (batch, words, chars)
        batch, words, _ = ids.shape
        x = self.embed(ids.flatten(0, 1))
        packed = pack_padded_sequence(x, lengths.flatten().cpu(), batch_first=True, enforce_sorted=False)
        _, (h_n, _) = self.lstm(packed)
        return torch.cat((h_n[0], h_n[1]), dim=1).view(batch, words, -1)


# case: unpacked outputs of the same shape are batch first
class Tagger(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.gru = nn.GRU(features, hidden, bidirectional=True, batch_first=True)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        h, _ = pad_packed_sequence(self.gru(packed)[0], batch_first=True)
        return h.reshape(x.size(0), -1, 2, h.size(2) // 2)


# case: the directions of each layer joined along the batch, and viewed as one row a sample
class Encoder(nn.Module):
    def __init__(self, vocab_size, dim, layers):
        super().__init__()
        self.layers, self.dim = layers, dim
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.lstm = nn.LSTM(dim, dim, layers, bidirectional=True)

    def forward(self, ids, lengths):
        batch, _ = ids.size()
        x = self.embed(ids).transpose(0, 1)
        packed = pack_padded_sequence(x, lengths.cpu(), enforce_sorted=False)
        _, (h_n, _) = self.lstm(packed)

        def join(state):
            pairs = [
                torch.cat([state[2 * i], state[2 * i + 1]], dim=0).view(1, batch, 2 * self.dim)  # PCK303
                for i in range(self.layers)
            ]
            return torch.cat(pairs, dim=0)

        return join(h_n)


# case: the directions of each layer joined along the features, and those joined along the batch kept apart
class Encoder(nn.Module):
    def __init__(self, vocab_size, dim, layers):
        super().__init__()
        self.layers, self.dim = layers, dim
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.lstm = nn.LSTM(dim, dim, layers, bidirectional=True)

    def forward(self, ids, lengths):
        batch, _ = ids.size()
        x = self.embed(ids).transpose(0, 1)
        packed = pack_padded_sequence(x, lengths.cpu(), enforce_sorted=False)
        _, (h_n, c_n) = self.lstm(packed)

        def join(state):
            pairs = [
                torch.cat([state[2 * i], state[2 * i + 1]], dim=1).view(1, batch, 2 * self.dim)
                for i in range(self.layers)
            ]
            return torch.cat(pairs, dim=0)

        return join(h_n), torch.cat([c_n[-2], c_n[-1]], dim=0).view(2, batch, self.dim)


# case: a view to columns of both directions takes the batch for the first axis
class Query(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.size = size
        self.lstm = nn.LSTM(size, size, bidirectional=True)

    def forward(self, steps):
        out, (h_n, _) = self.lstm(steps)
        query = h_n.view(-1, self.size * 2, 1)  # PCK303
        return torch.bmm(out.transpose(0, 1), query).squeeze(2)


# case: the same view of a state whose batch was moved to the front
class Query(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.size = size
        self.lstm = nn.LSTM(size, size, bidirectional=True)

    def forward(self, steps):
        out, (h_n, _) = self.lstm(steps)
        query = h_n.transpose(0, 1).reshape(-1, self.size * 2, 1)
        return torch.bmm(out.transpose(0, 1), query).squeeze(2)


# case: both directions viewed as one layer
class Bridge(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.rnn = nn.LSTM(dim, dim, batch_first=True, bidirectional=True)
        self.one = nn.LSTM(dim, dim, batch_first=True)
        self.decoder = nn.LSTM(dim, 2 * dim, batch_first=True)

    def forward(self, window):
        size = window.size(0)
        _, (h, c) = self.rnn(window)
        state = (h.view(1, size, -1), c.view(1, size, -1))  # PCK303
        out, _ = self.decoder(window, state)
        _, (h, c) = self.one(window)
        return out, h.view(1, size, -1)


# case: the mean over the second axis of a state, which is that of the samples
class Averaging(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(16, 32, num_layers=2, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(32, 2)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, (h_n, _) = self.lstm(packed)
        return self.fc(h_n.mean(dim=1))  # PCK303


# case: the mean over the layers and directions of a state
class Averaging(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(16, 32, num_layers=2, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(32, 2)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, (h_n, _) = self.lstm(packed)
        return self.fc(h_n.mean(dim=0) + h_n.transpose(0, 1).mean(dim=1))


# case: the mean over the features of the state of one sequence without a batch
class Averaging(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(16, 32, batch_first=True)

    def forward(self, steps):
        _, (h_n, _) = self.lstm(steps)
        return h_n.mean(dim=1)
