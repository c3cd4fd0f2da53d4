"""PCK302: one step of a bidirectional output, or half of its final state, read as the state of both directions."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from torch.utils.data import DataLoader


# case: images read row by row, the last step of both directions
class RowReader(nn.Module):
    def __init__(self, hidden=128, layers=2):
        super().__init__()
        self.hidden, self.layers = hidden, layers
        self.lstm = nn.LSTM(28, hidden, layers, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(hidden * 2, 10)

    def forward(self, images):
        rows = images.reshape(-1, 28, 28)
        h0 = torch.zeros(self.layers * 2, rows.size(0), self.hidden)
        c0 = torch.zeros(self.layers * 2, rows.size(0), self.hidden)
        out, _ = self.lstm(rows, (h0, c0))
        return self.fc(out[:, -1, :])  # PCK302


# case: padded as well, which is still one finding on the read
class BiLSTMSentiment(nn.Module):
    def __init__(self, vocab_size, dim, hidden, labels):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=1)
        self.lstm = nn.LSTM(input_size=dim, hidden_size=hidden, bidirectional=True)
        self.label = nn.Linear(hidden * 2, labels)

    def forward(self, sentence):
        # sentence: (time, batch)
        out, _ = self.lstm(self.embed(sentence))  # PCK102
        return F.log_softmax(self.label(out[-1]), dim=1)  # PCK302


# case: after unpacking
class Classifier(nn.Module):
    def __init__(self, vocab_size, dim, hidden):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.gru = nn.GRU(dim, hidden, bidirectional=True, batch_first=True)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.gru(packed)[0], batch_first=True)
        return out[:, out.size(1) - 1]  # PCK302


# case: gathered at length minus one
class Words(nn.Module):
    def __init__(self, chars, dim):
        super().__init__()
        self.embed = nn.Embedding(chars, dim, padding_idx=0)
        self.lstm = nn.LSTM(dim, dim, num_layers=1, bidirectional=True, batch_first=True)

    def forward(self, chars, lengths):
        packed = pack_padded_sequence(self.embed(chars), lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        index = (lengths - 1).view(-1, 1, 1).expand(out.size(0), 1, out.size(2))
        return torch.gather(out, 1, index).squeeze(1)  # PCK302


# case: a row at a time at its own last token
class CharEmbedding(nn.Module):
    def __init__(self, chars):
        super().__init__()
        self.embed = nn.Embedding(chars, 25)
        self.char_rnn = nn.LSTM(25, 25, bidirectional=True)

    def forward(self, ids, lengths):
        # ids: (time, words)
        packed = pack_padded_sequence(self.embed(ids), lengths, enforce_sorted=False)
        out, counts = pad_packed_sequence(self.char_rnn(packed)[0])
        out = out.transpose(0, 1)
        result = torch.zeros(out.size(0), out.size(2))
        for i, n in enumerate(counts):
            result[i] = out[i, n - 1]  # PCK302
        return result


# case: the last row of h_n is the backward half of the top layer
class Encoder(nn.Module):
    def __init__(self, vocab_size, dim, hidden):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.lstm = nn.LSTM(dim, hidden, num_layers=2, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(hidden, 2)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, (h_n, _) = self.lstm(packed)
        return self.fc(h_n[-1])  # PCK302


# case: both directions are a default of the base class, a subclass in another file reads
class Base(nn.Module):
    def __init__(self, features, hidden, cell=nn.GRU, bidirectional=True):
        super().__init__()
        self.rnn = cell(features, hidden, batch_first=True, bidirectional=bidirectional)
        self.width = hidden * 2

    def encode(self, window):
        return self.rnn(window)[0]


# file: head.py
import torch.nn as nn
from model import Base


class Forecaster(Base):
    def __init__(self, features, hidden):
        super().__init__(features, hidden)
        self.fc = nn.Linear(self.width, 1)

    def forward(self, window):
        out = self.encode(window)
        return self.fc(out[:, -1])  # PCK302


# case: indexed by row and length, and selected
class Sessions(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.gru = nn.GRU(dim, dim, bidirectional=True, batch_first=True)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.gru(packed)[0], batch_first=True)
        return out[torch.arange(out.size(0)), lengths - 1]  # PCK302

    def of_window(self, window):
        return self.gru(window)[0].select(1, -1)  # PCK302


# case: chosen by name, with a linear layer per step before the read
class Signal(nn.Module):
    def __init__(self, channels, hidden, kind="LSTM"):
        super().__init__()
        self.rnn = getattr(nn, kind)(channels, hidden, 2, bidirectional=True)
        self.fc = nn.Linear(2 * hidden, 3)

    def forward(self, x):
        # x: (time, batch, channels), windows of 128 samples
        out, _ = self.rnn(x)
        scores = self.fc(out)
        return scores[-1]  # PCK302


# case: a class that is defined twice, the later one has both directions
class Digits(nn.Module):
    def __init__(self, hidden=64):
        super().__init__()
        self.rnn = nn.LSTM(28, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, 10)

    def forward(self, images):
        out, _ = self.rnn(images.view(-1, 28, 28))
        return self.fc(out[:, -1, :])


class Digits(nn.Module):
    def __init__(self, hidden=64):
        super().__init__()
        self.rnn = nn.LSTM(28, hidden, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(2 * hidden, 10)

    def forward(self, images):
        out, _ = self.rnn(images.view(-1, 28, 28))
        return self.fc(out[:, -1, :])  # PCK302


# case: options in a dictionary
class Window(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        options = {"num_layers": 2, "batch_first": True, "bidirectional": True}
        self.rnn = nn.GRU(features, hidden, **options)

    def forward(self, window):
        _, h_n = self.rnn(input=window)
        return h_n[-1]  # PCK302


# case: h_n of the top layer, both directions joined
class Encoder(nn.Module):
    def __init__(self, vocab_size, dim, hidden):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.lstm = nn.LSTM(dim, hidden, num_layers=2, batch_first=True, bidirectional=True)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, (h_n, _) = self.lstm(packed)
        return torch.cat((h_n[-2], h_n[-1]), dim=1)


# case: one direction
class Forecaster(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.lstm = nn.LSTM(features, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, 1)

    def forward(self, window):
        out, (h_n, _) = self.lstm(window)
        return self.fc(out[:, -1]), h_n[-1]


# case: two reads in the branches of one flag
class Encoder(nn.Module):
    def __init__(self, features, hidden, bidirectional=False):
        super().__init__()
        self.bidirectional = bidirectional
        self.gru = nn.GRU(features, hidden, batch_first=True, bidirectional=bidirectional)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, h_n = self.gru(packed)
        if self.bidirectional:
            return torch.cat((h_n[-2], h_n[-1]), dim=-1)
        return h_n[-1]


# case: the reader asks the layer itself for its directions
class Classifier(nn.Module):
    def __init__(self, encoder, hidden, classes):
        super().__init__()
        self.encoder = encoder
        self.fc = nn.Linear(hidden, classes)

    def forward(self, x):
        out, hidden = self.encoder(x)
        if isinstance(hidden, tuple):
            hidden = hidden[1]
        hidden = torch.cat([hidden[-1], hidden[-2]], dim=1) if self.encoder.bidirectional else hidden[-1]
        return self.fc(hidden)


def build(both=True):
    encoder = nn.LSTM(8, 16, bidirectional=both)
    return Classifier(encoder, 32 if both else 16, 4)


# case: the last layer of a state viewed as layers and directions
class Search(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.hidden = hidden
        self.lstm = nn.LSTM(dim, hidden, 2, batch_first=True, bidirectional=True)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, (h_n, _) = self.lstm(packed)
        top = h_n.view(2, 2, x.size(0), self.hidden)[-1]
        return torch.cat([top[0], top[1]], dim=1)


# case: the forward half of the last step and the backward half of the first, on fixed windows
class Window(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.hidden = hidden
        self.lstm = nn.LSTM(features, hidden, bidirectional=True, batch_first=True)

    def forward(self, window):
        out, _ = self.lstm(window)
        ahead = out[:, -1, : self.hidden]
        back = out[:, 0, self.hidden :]
        return torch.cat((ahead, back), dim=1)


# case: the forward half at length minus one, the backward half at the first step
class Words(nn.Module):
    def __init__(self, chars, dim):
        super().__init__()
        self.dim = dim
        self.embed = nn.Embedding(chars, dim)
        self.lstm = nn.LSTM(dim, dim, bidirectional=True, batch_first=True)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        out = out.view(out.size(0), out.size(1), 2, self.dim)
        rows = torch.arange(out.size(0))
        return torch.cat([out[rows, lengths - 1, 0], out[:, 0, 1]], dim=-1)


# case: the layer is built again with one direction after the base class built it with two
class Both(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.rnn = nn.GRU(features, hidden, batch_first=True, bidirectional=True)


class Ahead(Both):
    def __init__(self, features, hidden):
        super().__init__(features, hidden)
        self.rnn = nn.GRU(features, hidden, batch_first=True)

    def forward(self, window):
        out, h_n = self.rnn(window)
        return out[:, -1], h_n[-1]


# case: the output at every step
class Tagger(nn.Module):
    def __init__(self, vocab_size, dim, tags):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.lstm = nn.LSTM(dim, dim, bidirectional=True, batch_first=True)
        self.fc = nn.Linear(2 * dim, tags)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        return self.fc(out)


# case: a step chosen by position, the state of one word in its sentence
class Disambiguation(nn.Module):
    def __init__(self, vocab_size, dim, senses):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.lstm = nn.LSTM(dim, dim, bidirectional=True, batch_first=True)
        self.fc = nn.Linear(2 * dim, senses)

    def forward(self, ids, lengths, position):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        word = out[torch.arange(out.size(0)), position]
        return self.fc(word)


# case: the first of a pair is h, which is whole
class Bridge(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.lstm = nn.LSTM(dim, hidden, bidirectional=True, batch_first=True)
        self.fc = nn.Linear(2 * hidden, hidden)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, state = self.lstm(packed)
        h_n = state[0].transpose(0, 1)
        return torch.tanh(self.fc(h_n.reshape(h_n.size(0), -1)))


# case: batch first, so out[-1] is the last sentence
def show(embed, lstm, ids, lengths):
    packed = pack_padded_sequence(embed(ids), lengths, batch_first=True, enforce_sorted=False)
    out, _ = pad_packed_sequence(lstm(packed)[0], batch_first=True)
    print("last sentence", out[-1].norm(dim=-1))


def main(batches):
    embed, lstm = nn.Embedding(100, 8), nn.LSTM(8, 8, bidirectional=True, batch_first=True)
    for ids, lengths in batches:
        show(embed, lstm, ids, lengths)


# case: two rows of a batch of pairs, joined after the state is put batch first
class Pairs(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.hidden = hidden
        self.gru = nn.GRU(dim, hidden, num_layers=2, batch_first=True)
        self.fc = nn.Linear(2 * hidden, 2)

    def forward(self, x, lengths):
        # rows 2 i and 2 i + 1 are a pair
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, h_n = self.gru(packed)
        return self.fc(h_n.permute(1, 0, 2)[:, -1, :].reshape(-1, 2 * self.hidden))


# case: the last emission of a CRF, switched off by its mask
class Emissions(nn.Module):
    def __init__(self, features, tags):
        super().__init__()
        self.lstm = nn.LSTM(features, 64, bidirectional=True)
        self.fc = nn.Linear(128, tags)

    def score(self, emissions, tags, mask):
        total = 0
        for t in range(emissions.size(0) - 1):
            total = total + emissions[t].gather(1, tags[t].unsqueeze(1)).squeeze(1) * mask[t]
        return total + emissions[-1].gather(1, tags[-1].unsqueeze(1)).squeeze(1) * mask[-1]

    def forward(self, x, tags, lengths):
        packed = pack_padded_sequence(x, lengths.cpu(), enforce_sorted=False)
        out, lengths = pad_packed_sequence(self.lstm(packed)[0], total_length=x.size(0))
        mask = (torch.arange(x.size(0))[:, None] < lengths[None, :]).float()
        return self.score(self.fc(out), tags, mask)


# case: a class of the user's own reads h_n for both directions and calls it its output
class LSTM(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.rnn = nn.LSTM(features, hidden, bidirectional=True, batch_first=True)

    def forward(self, windows):
        # windows: (batch, windows, steps, features); one vector a window
        flat = windows.flatten(0, 1)
        _, (h_n, _) = self.rnn(flat)
        return torch.cat((h_n[0], h_n[1]), dim=1).view(windows.size(0), windows.size(1), -1)


class Latest(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.lstm = LSTM(features, hidden)

    def forward(self, windows):
        return self.lstm(windows)[:, -1]


# case: hidden halved, so that the width is the same with one direction, which it has
class Halved(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        both = False
        self.rnn = nn.GRU(features, hidden // 2 if both else hidden, bidirectional=both, batch_first=True)

    def forward(self, windows):
        out, _ = self.rnn(windows)
        return out[:, -1, :]


def fit(series, width=10):
    model = Halved(1, 32)
    windows = [(series[i : i + width, None], series[i + width]) for i in range(len(series) - width)]
    for x, _ in DataLoader(windows, batch_size=32):
        yield model(x)


# case: the last of the pair that is an LSTM's state is its cell
class Bridge(nn.Module):
    def __init__(self, words, dim):
        super().__init__()
        self.embed = nn.Embedding(words, dim)
        self.encoder = nn.LSTM(dim, dim, batch_first=True, bidirectional=True)
        self.bridge = nn.Linear(2 * dim, dim)

    def forward(self, ids, lengths):
        x = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, states = self.encoder(x)
        cell = states[-1].permute(1, 0, 2)
        return self.bridge(cell.contiguous().view(cell.size(0), -1))


# case: each half is read where its direction ends, of windows of one length
class Halves(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.dim = dim
        self.encoder = nn.LSTM(dim, dim, batch_first=True, bidirectional=True)
        self.bridge = nn.Linear(2 * dim, dim)

    def forward(self, window):
        out, _ = self.encoder(window)
        ahead, back = torch.split(out, self.dim, dim=-1)
        return self.bridge(torch.cat([ahead[:, -1, :], back[:, 0, :]], -1))


# case: the backward half is read at the last step
class WrongHalf(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.dim = dim
        self.encoder = nn.LSTM(dim, dim, batch_first=True, bidirectional=True)
        self.bridge = nn.Linear(2 * dim, dim)

    def forward(self, window):
        out, _ = self.encoder(window)
        ahead, back = torch.split(out, self.dim, dim=-1)
        return self.bridge(torch.cat([ahead[:, -1, :], back[:, -1, :]], -1))  # PCK302


# case: a layer of one's own that tells nn.LSTM to run both ways
class BothWays(nn.LSTM):
    def __init__(self, dim, hidden):
        super().__init__(dim, hidden, batch_first=True, bidirectional=True)


class Frames(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = BothWays(28, 64)

    def forward(self, images):
        out, _ = self.lstm(images.reshape(-1, 28, 28))
        return out[:, -1]  # PCK302


# case: a layer of one's own that tells nn.LSTM to run one way
class OneWay(nn.LSTM):
    def __init__(self, dim, hidden):
        super().__init__(dim, hidden, batch_first=True)


class Frames(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = OneWay(28, 64)

    def forward(self, images):
        out, _ = self.lstm(images.reshape(-1, 28, 28))
        return out[:, -1]


# case: one of two layers, each read as an option says
class Reduced(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.kind = kind
        if kind == "one":
            self.lstm = nn.LSTM(16, 32, batch_first=True)
        else:
            self.lstm = nn.LSTM(16, 32, batch_first=True, bidirectional=True)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        rows = torch.arange(len(out))
        if self.kind == "one":
            return out[rows, lengths - 1]
        return out[rows, lengths - 1, :32] + out[:, 0, 32:]


# case: one layer for both directions, read at the length
class Reduced(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(16, 32, batch_first=True, bidirectional=True)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        return out[torch.arange(len(out)), lengths - 1]  # PCK302
