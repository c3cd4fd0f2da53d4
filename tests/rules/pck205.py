"""PCK205 batch-first-mismatch: pack is told another layout than the tensor has, or unpack another than the code reads."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils import rnn as rnn_utils
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence


# case: a batch-first batch packed with the default layout
class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16, padding_idx=0)
        self.rnn = nn.GRU(16, 32, batch_first=True)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, enforce_sorted=False)  # PCK205
        return self.rnn(packed)[1][-1]


def train(sentences):
    model = Classifier()
    rows = [torch.tensor(ids) for ids in sentences]
    model(pad_sequence(rows, batch_first=True), [len(row) for row in rows]).sum().backward()


# case: a time-first batch packed as batch first
def encode(layer, rows):
    lengths = [len(row) for row in rows]
    padded = pad_sequence(rows)
    packed = pack_padded_sequence(padded, lengths, batch_first=True, enforce_sorted=False)  # PCK205
    return layer(packed)[1][-1]


def train(sentences):
    embed = nn.Embedding(100, 16)
    return encode(nn.GRU(16, 32), [embed(torch.tensor(ids)) for ids in sentences])


# case: transposed for a time-first layer, and still packed as batch first
class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.rnn = nn.LSTM(16, 32)

    def forward(self, ids, lengths):
        x = self.embed(ids).transpose(0, 1)
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)  # PCK205
        return self.rnn(packed)[1][0][-1]


# file: train.py
import torch
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

from model import Encoder


def collate(batch):
    rows = [torch.tensor(ids) for ids in batch]
    return pad_sequence(rows, batch_first=True), [len(row) for row in rows]


def train(sentences):
    encoder = Encoder()
    for ids, lengths in DataLoader(sentences, batch_size=4, collate_fn=collate):
        encoder(ids, lengths).sum().backward()


# case: permuted to batch first, and packed with the default layout
class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.rnn = nn.LSTM(16, 32, batch_first=True)

    def forward(self, ids, lengths):
        x = self.embed(ids).permute(1, 0, 2)
        packed = nn.utils.rnn.pack_padded_sequence(x, lengths, enforce_sorted=False)  # PCK205
        return self.rnn(packed)[1][0][-1]


def train(sentences):
    rows = [torch.tensor(ids) for ids in sentences]
    Encoder()(pad_sequence(rows), [len(row) for row in rows]).sum().backward()


# case: unpacked time first, and read batch first at the last real step
class LastStep(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(16, 32, batch_first=True)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        outputs, sizes = pad_packed_sequence(self.rnn(packed)[0])  # PCK205
        return outputs[torch.arange(len(sizes)), sizes - 1]


def train(sentences):
    embed = nn.Embedding(100, 16)
    rows = [embed(torch.tensor(ids)) for ids in sentences]
    return LastStep()(pad_sequence(rows, batch_first=True), [len(row) for row in rows])


# case: unpacked batch first, and read time first at the last real step
class LastStep(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(16, 32)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths, enforce_sorted=False)
        outputs, sizes = pad_packed_sequence(self.rnn(packed)[0], batch_first=True)  # PCK205
        return outputs[sizes - 1, torch.arange(len(sizes))]


def train(sentences):
    embed = nn.Embedding(100, 16)
    rows = [embed(torch.tensor(ids)) for ids in sentences]
    return LastStep()(pad_sequence(rows), [len(row) for row in rows])


# case: unpacked batch first, and then turned to batch first again
class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(16, 16)

    def forward(self, x, lengths):
        width = x.size(1)
        packed = rnn_utils.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        outputs = rnn_utils.pad_packed_sequence(  # PCK205
            self.rnn(packed)[0], batch_first=True, total_length=width
        )[0]
        return x + outputs.transpose(0, 1)


def train(sentences):
    embed = nn.Embedding(100, 16)
    rows = [embed(torch.tensor(ids)) for ids in sentences]
    return Residual()(pad_sequence(rows, batch_first=True), [len(row) for row in rows])


# case: unpacked time first, and added to the batch-first input
class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(16, 16, batch_first=True)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        outputs, _ = pad_packed_sequence(self.rnn(packed)[0], total_length=x.size(1))  # PCK205
        return torch.cat((x, outputs), dim=-1)


def train(sentences):
    embed = nn.Embedding(100, 16)
    rows = [embed(torch.tensor(ids)) for ids in sentences]
    return Residual()(pad_sequence(rows, batch_first=True), [len(row) for row in rows])


# case: the layout told by position
class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.rnn = nn.GRU(16, 32)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids.t()), lengths, True, False)  # PCK205
        return self.rnn(packed)[1][-1]


def train(sentences):
    rows = [torch.tensor(ids) for ids in sentences]
    Encoder()(pad_sequence(rows, batch_first=True), [len(row) for row in rows]).sum().backward()


# case: a buffer filled column by column, packed as batch first
class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.rnn = nn.GRU(16, 32)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)  # PCK205
        return self.rnn(packed)[1][-1]


# file: data.py
import numpy as np
import torch

from model import Encoder


def make_batch(sentences):
    lengths = [len(ids) for ids in sentences]
    buffer = np.zeros((max(lengths), len(sentences)), dtype=np.int64)
    for column, ids in enumerate(sentences):
        buffer[: len(ids), column] = ids
    return torch.from_numpy(buffer), lengths


def train(sentences):
    encoder = Encoder()
    for start in range(0, len(sentences), 4):
        ids, lengths = make_batch(sentences[start : start + 4])
        encoder(ids, lengths).sum().backward()


# case: a torchtext field is time first unless told
class SentimentModel(nn.Module):
    def __init__(self, vocabulary):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, 16, padding_idx=1)
        self.lstm = nn.LSTM(16, 32, batch_first=True)

    def forward(self, text, lengths):
        packed = pack_padded_sequence(self.embed(text), lengths, batch_first=True, enforce_sorted=False)  # PCK205
        return self.lstm(packed)[1][0][-1]


# file: main.py
from torchtext.data import BucketIterator, Field, LabelField, TabularDataset

from model import SentimentModel

TEXT = Field(include_lengths=True)
LABEL = LabelField()


def main(path):
    dataset = TabularDataset(path, "csv", [("text", TEXT), ("label", LABEL)])
    model = SentimentModel(len(TEXT.vocab))
    for batch in BucketIterator(dataset, 32, sort_key=lambda example: len(example.text)):
        text, lengths = batch.text
        model(text, lengths).sum().backward()


# case: refused, a time-first tensor into a layer that was built batch first
class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.rnn = nn.LSTM(16, 32, batch_first=True)

    def forward(self, ids, lengths):
        x = self.embed(ids).transpose(0, 1)
        packed = pack_padded_sequence(x, lengths, enforce_sorted=False)
        outputs, _ = pad_packed_sequence(self.rnn(packed)[0], total_length=ids.size(1))
        return outputs.transpose(0, 1)


def train(sentences):
    rows = [torch.tensor(ids) for ids in sentences]
    Encoder()(pad_sequence(rows, batch_first=True), [len(row) for row in rows]).sum().backward()


# case: refused, packed batch first for a layer that was built time first
class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.rnn = nn.LSTM(16, 32)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        outputs, sizes = pad_packed_sequence(self.rnn(packed)[0], batch_first=True)
        return outputs[torch.arange(len(ids)), sizes - 1]


def train(sentences):
    rows = [torch.tensor(ids) for ids in sentences]
    Encoder()(pad_sequence(rows, batch_first=True), [len(row) for row in rows]).sum().backward()


# case: refused, time first from end to end
class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.rnn = nn.GRU(16, 32)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, enforce_sorted=False)
        outputs, sizes = pad_packed_sequence(self.rnn(packed)[0])
        return outputs[sizes - 1, torch.arange(ids.size(1))]


def train(sentences):
    rows = [torch.tensor(ids) for ids in sentences]
    Encoder()(pad_sequence(rows), [len(row) for row in rows]).sum().backward()


# case: refused, sorted and put back on axis 1 of a time-first batch
class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(16, 32, bidirectional=True)

    def forward(self, x, lengths):
        down, order = lengths.sort(descending=True)
        packed = pack_padded_sequence(x.index_select(1, order), down)
        outputs = pad_packed_sequence(self.rnn(packed)[0])[0].index_select(1, order.argsort())
        return torch.sum(outputs, 0) / lengths.unsqueeze(1)


def train(sentences):
    embed = nn.Embedding(100, 16)
    rows = [embed(torch.tensor(ids)) for ids in sentences]
    return Encoder()(pad_sequence(rows), torch.tensor([len(row) for row in rows]))


# case: refused, one switch for both calls
class Dynamic(nn.Module):
    def __init__(self, features, hidden, batch_first=True):
        super().__init__()
        self.batch_first = batch_first
        self.rnn = nn.LSTM(features, hidden, batch_first=batch_first)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths, batch_first=self.batch_first, enforce_sorted=False)
        outputs, _ = self.rnn(packed)
        return pad_packed_sequence(outputs, batch_first=self.batch_first, total_length=x.size(1))[0]


# case: refused, a layout that nothing tells
def run(layer, x, lengths):
    packed = pack_padded_sequence(x, lengths, enforce_sorted=False)
    return layer(packed)[1]


# case: refused, the view makes it time first
class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.rnn = nn.GRU(16, 32)

    def forward(self, ids, lengths):
        steps, batch = ids.size()
        embedded = self.embed(ids.reshape(-1)).view(steps, batch, -1)
        return self.rnn(pack_padded_sequence(embedded, lengths, enforce_sorted=False))[1][-1]


def train(sentences):
    rows = [torch.tensor(ids) for ids in sentences]
    Encoder()(pad_sequence(rows), [len(row) for row in rows]).sum().backward()


# case: refused, channels and time change places twice around a convolution
class ConvEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.conv = nn.Conv1d(16, 16, 3, padding=1)
        self.rnn = nn.LSTM(16, 32, batch_first=True)

    def forward(self, ids, lengths):
        x = self.embed(ids).transpose(1, 2)
        x = F.relu(self.conv(x)).transpose(1, 2)
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        return self.rnn(packed)[1][0][-1]


def train(sentences):
    rows = [torch.tensor(ids) for ids in sentences]
    ConvEncoder()(pad_sequence(rows, batch_first=True), [len(row) for row in rows]).sum().backward()


# case: refused, the batch maker transposes at its end
class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.rnn = nn.GRU(16, 32)

    def forward(self, ids, lengths):
        return self.rnn(pack_padded_sequence(self.embed(ids), lengths, enforce_sorted=False))[1][-1]


def make_batch(sentences):
    lengths = [len(ids) for ids in sentences]
    rows = np.zeros((len(sentences), max(lengths)), dtype=np.int64)
    for row, ids in enumerate(sentences):
        rows[row, : len(ids)] = ids
    return torch.from_numpy(rows).t().contiguous(), lengths


def train(sentences):
    encoder = Encoder()
    for start in range(0, len(sentences), 4):
        ids, lengths = make_batch(sentences[start : start + 4])
        encoder(ids, lengths).sum().backward()


# case: refused, stacked on axis 1
class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(16, 32)

    def forward(self, rows):
        lengths = [len(row) for row in rows]
        padded = [F.pad(row, (0, 0, 0, max(lengths) - len(row))) for row in rows]
        packed = pack_padded_sequence(torch.stack(padded, dim=1), lengths, enforce_sorted=False)
        return self.rnn(packed)[1][-1]


def train(sentences):
    embed = nn.Embedding(100, 16)
    return Encoder()([embed(torch.tensor(ids)) for ids in sentences])


# case: refused, a torchtext field told to be batch first
class SentimentModel(nn.Module):
    def __init__(self, vocabulary):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, 16, padding_idx=1)
        self.lstm = nn.LSTM(16, 32, batch_first=True)

    def forward(self, text, lengths):
        packed = pack_padded_sequence(self.embed(text), lengths, batch_first=True, enforce_sorted=False)
        return self.lstm(packed)[1][0][-1]


# file: main.py
from torchtext.data import BucketIterator, Field, LabelField, TabularDataset

from model import SentimentModel

TEXT = Field(include_lengths=True, batch_first=True)
LABEL = LabelField()


def main(path):
    dataset = TabularDataset(path, "csv", [("text", TEXT), ("label", LABEL)])
    model = SentimentModel(len(TEXT.vocab))
    for batch in BucketIterator(dataset, 32, sort_key=lambda example: len(example.text)):
        text, lengths = batch.text
        model(text, lengths).sum().backward()


# case: refused, a torchtext field left time first and packed so
class SentimentModel(nn.Module):
    def __init__(self, vocabulary):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, 16, padding_idx=1)
        self.lstm = nn.LSTM(16, 32)

    def forward(self, text, lengths):
        packed = pack_padded_sequence(self.embed(text), lengths, enforce_sorted=False)
        return self.lstm(packed)[1][0][-1]


# file: main.py
from torchtext.data import BucketIterator, Field, LabelField, TabularDataset

from model import SentimentModel

TEXT = Field(include_lengths=True)
LABEL = LabelField()


def main(path):
    dataset = TabularDataset(path, "csv", [("text", TEXT), ("label", LABEL)])
    model = SentimentModel(len(TEXT.vocab))
    for batch in BucketIterator(dataset, 32, sort_key=lambda example: len(example.text)):
        text, lengths = batch.text
        model(text, lengths).sum().backward()


# case: refused, packed batch first, unpacked time first and read so
class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(16, 32, batch_first=True)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        outputs, sizes = pad_packed_sequence(self.rnn(packed)[0])
        return outputs[sizes - 1, torch.arange(x.size(0))]


def train(sentences):
    embed = nn.Embedding(100, 16)
    rows = [embed(torch.tensor(ids)) for ids in sentences]
    return Reader()(pad_sequence(rows, batch_first=True), [len(row) for row in rows])


# case: refused, an own function that always packs batch first
# file: packing.py
from torch.nn.utils import rnn


def pack_padded_sequence(inputs, lengths):
    return rnn.pack_padded_sequence(inputs, lengths, batch_first=True, enforce_sorted=False)


# file: encoder.py
import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence

from packing import pack_padded_sequence


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.rnn = nn.GRU(16, 32, batch_first=True)

    def forward(self, ids, lengths):
        return self.rnn(pack_padded_sequence(self.embed(ids), lengths))[1][-1]


def train(sentences):
    rows = [torch.tensor(ids) for ids in sentences]
    Encoder()(pad_sequence(rows, batch_first=True), [len(row) for row in rows]).sum().backward()


# case: the sizes that a function names say which axis is the batch
class Encoder(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.gru = nn.GRU(features, hidden, batch_first=True)

    def forward(self, frames, lengths):
        batch_size, steps, _ = frames.size()
        packed = pack_padded_sequence(frames, lengths.cpu(), enforce_sorted=False)  # PCK205
        return self.gru(packed)[1], steps, batch_size


# case: a size by its number
class Encoder(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.gru = nn.GRU(features, hidden)

    def forward(self, frames, lengths):
        batch_size = frames.size(1)
        state = torch.zeros(1, batch_size, 8)
        packed = pack_padded_sequence(frames, lengths.cpu(), batch_first=True, enforce_sorted=False)  # PCK205
        return self.gru(packed, state)[1]


# case: transposed after its sizes were named
class Encoder(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.gru = nn.GRU(features, hidden)

    def forward(self, frames, lengths):
        batch_size = frames.size(0)
        packed = pack_padded_sequence(frames.transpose(0, 1), lengths.cpu(), enforce_sorted=False)
        return self.gru(packed, torch.zeros(1, batch_size, 8))[1]


# case: rows are put into the order of the lengths, along the batch
class Encoder(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.gru = nn.GRU(features, hidden)

    def forward(self, frames, lengths):
        ordered, order = lengths.sort(descending=True)
        packed = pack_padded_sequence(frames[order], ordered.cpu())  # PCK205
        return self.gru(packed)[1][:, order.argsort()]


# case: columns are put into the order of the lengths
class Encoder(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.gru = nn.GRU(features, hidden)

    def forward(self, frames, lengths):
        ordered, order = lengths.sort(descending=True)
        packed = pack_padded_sequence(frames[:, order], ordered.cpu())
        return self.gru(packed)[1][:, order.argsort()]


# case: a convolution leaves the batch in front, and its transpose the steps behind it
class Convolved(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.layers = nn.ModuleList(nn.Sequential(nn.Conv1d(size, size, 5, padding=2), nn.ReLU()) for _ in range(3))
        self.lstm = nn.LSTM(size, size)

    def forward(self, steps, lengths):
        for layer in self.layers:
            steps = layer(steps)
        packed = pack_padded_sequence(steps.transpose(1, 2), lengths.cpu(), enforce_sorted=False)  # PCK205
        return self.lstm(packed)[1][0]


# case: the same convolution, packed batch first
class Convolved(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.layers = nn.ModuleList(nn.Sequential(nn.Conv1d(size, size, 5, padding=2), nn.ReLU()) for _ in range(3))
        self.lstm = nn.LSTM(size, size, batch_first=True)

    def forward(self, steps, lengths):
        for layer in self.layers:
            steps = layer(steps)
        packed = pack_padded_sequence(steps.transpose(1, 2), lengths.cpu(), batch_first=True, enforce_sorted=False)
        return self.lstm(packed)[1][0]


# case: steps are cut off at an end, and one is picked for each sample, of an output with time first
class Next(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.gru = nn.GRU(size, size, batch_first=True)

    def forward(self, steps, lengths, places):
        packed = pack_padded_sequence(steps, lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.gru(packed)[0])  # PCK205
        picked = out[torch.arange(out.size(0)), places]
        return out[:, :-1], picked


# case: the same of an output with the batch first
class Next(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.gru = nn.GRU(size, size, batch_first=True)

    def forward(self, steps, lengths, places):
        packed = pack_padded_sequence(steps, lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.gru(packed)[0], batch_first=True)
        picked = out[torch.arange(out.size(0)), places]
        return out[:, :-1], picked


# case: rows are turned to columns in place before they are packed
class Columns(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.embed = nn.Embedding(100, size)
        self.gru = nn.GRU(size, size)

    def forward(self, rows):
        longest = max(map(len, rows))
        ids = torch.LongTensor([row + [0] * (longest - len(row)) for row in rows])
        lengths = torch.tensor([len(row) for row in rows])
        ids.transpose_(0, 1)
        return self.gru(pack_padded_sequence(self.embed(ids), lengths, enforce_sorted=False))[1]


# case: rows that stay rows are packed as columns
class Columns(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.embed = nn.Embedding(100, size)
        self.gru = nn.GRU(size, size)

    def forward(self, rows):
        longest = max(map(len, rows))
        ids = torch.LongTensor([row + [0] * (longest - len(row)) for row in rows])
        lengths = torch.tensor([len(row) for row in rows])
        return self.gru(pack_padded_sequence(self.embed(ids), lengths, enforce_sorted=False))[1]  # PCK205


# case: some rows are selected and laid out again by the number of steps, then packed as though time came first
class Selected(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.gru = nn.GRU(size, size)

    def forward(self, keys, lengths):
        batch_size, steps, width = keys.size()
        some = lengths > 0
        kept = torch.masked_select(keys, some.view(-1, 1, 1)).view(-1, steps, width)
        return self.gru(pack_padded_sequence(kept, lengths[some].cpu(), enforce_sorted=False))[1]  # PCK205


# case: an output that is cut by the length of one sample, on the wrong axis
class Tagger(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.gru = nn.GRU(features, hidden)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths, enforce_sorted=False)
        out, lengths = pad_packed_sequence(self.gru(packed)[0], batch_first=True)  # PCK205
        return [out[1 : length - 1, row].amax(0) for row, length in enumerate(lengths)]


# case: an output that is cut by the length of one sample, on the right axis
class Tagger(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.gru = nn.GRU(features, hidden)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths, enforce_sorted=False)
        out, lengths = pad_packed_sequence(self.gru(packed)[0], batch_first=True)
        return [out[row, 1 : length - 1].amax(0) for row, length in enumerate(lengths)]


# case: a sum over the samples of a batch was meant for the steps
class Encoder(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.gru = nn.GRU(features, hidden)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths, enforce_sorted=False)
        out, lengths = pad_packed_sequence(self.gru(packed)[0])  # PCK205
        return out.sum(1)


# case: moments over the samples of a batch, by who calls the model
class Encoder(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.gru = nn.GRU(features, hidden)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths, enforce_sorted=False)
        out, lengths = pad_packed_sequence(self.gru(packed)[0])
        return out


def moments(x, lengths):
    out = Encoder(3, 4)(x, lengths)
    return out.mean(1)


# case: a batch that is filled step by step, time first
class Encoder(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.gru = nn.GRU(features, hidden)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)  # PCK205
        return self.gru(packed)[1]


def embedded(sentences, vectors):
    rows = np.zeros((len(sentences[0]), len(sentences), 300))
    for i in range(len(sentences)):
        for j in range(len(sentences[i])):
            rows[j, i, :] = vectors[sentences[i][j]]
    return torch.FloatTensor(rows)


def encode(sentences, vectors):
    lengths = torch.tensor([len(sentence) for sentence in sentences])
    return Encoder(300, 4)(embedded(sentences, vectors), lengths)


# case: a batch that is filled step by step, batch first
class Encoder(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.gru = nn.GRU(features, hidden, batch_first=True)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        return self.gru(packed)[1]


def embedded(sentences, vectors):
    rows = np.zeros((len(sentences), len(sentences[0]), 300))
    for i in range(len(sentences)):
        for j in range(len(sentences[i])):
            rows[i, j, :] = vectors[sentences[i][j]]
    return torch.FloatTensor(rows)


def encode(sentences, vectors):
    lengths = torch.tensor([len(sentence) for sentence in sentences])
    return Encoder(300, 4)(embedded(sentences, vectors), lengths)


# case: put back on axis 1 by an order that lies where the model does, after it was unpacked batch first
class SortingEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(16, 32, bidirectional=True)

    def on_gpu(self):
        return self.lstm.weight_hh_l0.is_cuda

    def forward(self, x, lengths):
        falling, order = np.sort(lengths)[::-1].copy(), np.argsort(-lengths)
        back = np.argsort(order)
        order = torch.from_numpy(order).cuda() if self.on_gpu() else torch.from_numpy(order)
        packed = pack_padded_sequence(x.index_select(1, order), falling)
        out = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)[0]  # PCK205
        back = torch.from_numpy(back).cuda() if self.on_gpu() else torch.from_numpy(back)
        return out.index_select(1, back)


# case: the same, unpacked as it was packed
class SortingEncoderTimeFirst(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(16, 32, bidirectional=True)

    def on_gpu(self):
        return self.lstm.weight_hh_l0.is_cuda

    def forward(self, x, lengths):
        falling, order = np.sort(lengths)[::-1].copy(), np.argsort(-lengths)
        back = np.argsort(order)
        order = torch.from_numpy(order).cuda() if self.on_gpu() else torch.from_numpy(order)
        packed = pack_padded_sequence(x.index_select(1, order), falling)
        out = pad_packed_sequence(self.lstm(packed)[0])[0]
        back = torch.from_numpy(back).cuda() if self.on_gpu() else torch.from_numpy(back)
        return out.index_select(1, back)


# case: laid out by the sizes that are named, an output of which time comes first
class Phones(nn.Module):
    def __init__(self, states):
        super().__init__()
        self.states = states
        self.embed = nn.Embedding(100, 16)
        self.rnn = nn.LSTM(16, 32, batch_first=True, bidirectional=True)

    def forward(self, x, lengths):
        b, steps = x.shape
        packed = pack_padded_sequence(self.embed(x), lengths, batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.rnn(packed)[0], total_length=steps)  # PCK205
        return out.reshape(b, steps * self.states, -1)


# case: the same with the batch in front
class Phones(nn.Module):
    def __init__(self, states):
        super().__init__()
        self.states = states
        self.embed = nn.Embedding(100, 16)
        self.rnn = nn.LSTM(16, 32, batch_first=True, bidirectional=True)

    def forward(self, x, lengths):
        b, steps = x.shape
        packed = pack_padded_sequence(self.embed(x), lengths, batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True, total_length=steps)
        return out.reshape(b, steps * self.states, -1)


# case: channels of a convolution become features, and the view names the batch first
class Speech(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3, padding=1)
        self.rnn = nn.LSTM(320, 32)

    def forward(self, frames, lengths):
        batch_size = frames.size(0)
        x = self.conv(frames.view(batch_size, 1, -1, 40)).transpose(1, 2)
        x = x.contiguous().view(batch_size, x.size(1), -1)
        packed = pack_padded_sequence(x, lengths, enforce_sorted=False)  # PCK205
        return self.rnn(packed)[1][0][-1]


# case: the same packed batch first
class Speech(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3, padding=1)
        self.rnn = nn.LSTM(320, 32)

    def forward(self, frames, lengths):
        batch_size = frames.size(0)
        x = self.conv(frames.view(batch_size, 1, -1, 40)).transpose(1, 2)
        x = x.contiguous().view(batch_size, x.size(1), -1)
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        return self.rnn(packed)[1][0][-1]


# case: channels of a convolution become features, and the view names the batch second
class Speech(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3, padding=1)
        self.rnn = nn.LSTM(320, 32)

    def forward(self, frames, lengths):
        bsz, steps, _ = frames.size()
        x = self.conv(frames.view(bsz, 1, steps, 40))
        x = x.transpose(1, 2).transpose(0, 1).contiguous().view(steps, bsz, -1)
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)  # PCK205
        return self.rnn(packed)[1][0][-1]


# case: the same packed time first
class Speech(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3, padding=1)
        self.rnn = nn.LSTM(320, 32)

    def forward(self, frames, lengths):
        bsz, steps, _ = frames.size()
        x = self.conv(frames.view(bsz, 1, steps, 40))
        x = x.transpose(1, 2).transpose(0, 1).contiguous().view(steps, bsz, -1)
        packed = pack_padded_sequence(x, lengths, enforce_sorted=False)
        return self.rnn(packed)[1][0][-1]


# case: refused, states of utterances are laid out as conversations, by sizes that are not known
class Conversations(nn.Module):
    def __init__(self):
        super().__init__()
        self.utterances = nn.GRU(16, 32, batch_first=True)
        self.dialogs = nn.GRU(32, 32, batch_first=True)

    def forward(self, embedded, lengths, dialog_lengths, sizes):
        packed = pack_padded_sequence(embedded, lengths, batch_first=True, enforce_sorted=False)
        _, states = self.utterances(packed)
        states = states[-1].view(sizes.dialogs, sizes.longest, 32)
        packed = pack_padded_sequence(states, dialog_lengths, batch_first=True, enforce_sorted=False)
        return self.dialogs(packed)[1][-1]


# case: shares of the padded size are its lengths, so the axis of that size is time
def pack(inputs, lengths):
    lengths = (lengths * inputs.size(1)).round().cpu()
    return pack_padded_sequence(inputs, lengths, enforce_sorted=False)  # PCK205


# case: shares of the padded size, packed batch first
def pack(inputs, lengths):
    lengths = (lengths * inputs.size(1)).round().cpu()
    return pack_padded_sequence(inputs, lengths, batch_first=True, enforce_sorted=False)


# case: the last step of each row by the lengths of lists, along the batch
class Pieces(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(16, 32)

    def forward(self, words, children):
        pieces = []
        for group in children:
            pieces.append([words[0]] + [words[child] for child in group])
        counts = [len(piece) for piece in pieces]
        x = torch.zeros(max(counts), len(pieces), 16)
        for at, piece in enumerate(pieces):
            x[: len(piece), at, :] = torch.stack(piece)
        packed = pack_padded_sequence(x, counts, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True)  # PCK205
        return torch.stack([out[count - 1, at, :] for at, count in enumerate(counts)])


# case: the last step of each row by the lengths of lists, along the steps
class Pieces(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(16, 32)

    def forward(self, words, children):
        pieces = []
        for group in children:
            pieces.append([words[0]] + [words[child] for child in group])
        counts = [len(piece) for piece in pieces]
        x = torch.zeros(max(counts), len(pieces), 16)
        for at, piece in enumerate(pieces):
            x[: len(piece), at, :] = torch.stack(piece)
        packed = pack_padded_sequence(x, counts, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.rnn(packed)[0])
        return torch.stack([out[count - 1, at, :] for at, count in enumerate(counts)])


# case: a field of the project's own that is batch first always, packed time first
class FieldReader(nn.Module):
    def __init__(self, words):
        super().__init__()
        self.embed = nn.Embedding(words, 16)
        self.rnn = nn.GRU(16, 32, batch_first=True)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.tolist())  # PCK205
        return self.rnn(packed)[1][-1]


# file: main.py
import torchtext

from model import FieldReader


class SourceField(torchtext.data.Field):
    def __init__(self, **kwargs):
        kwargs["batch_first"] = True
        kwargs["include_lengths"] = True
        super().__init__(**kwargs)


def main(dataset):
    source = SourceField()
    model = FieldReader(len(source.vocab))
    for batch in torchtext.data.BucketIterator(dataset, 8, sort_within_batch=True):
        ids, lengths = batch.source
        model(ids, lengths).sum().backward()


# case: a field of the project's own that is batch first always, packed so
class FieldReader(nn.Module):
    def __init__(self, words):
        super().__init__()
        self.embed = nn.Embedding(words, 16)
        self.rnn = nn.GRU(16, 32, batch_first=True)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.tolist(), batch_first=True)
        return self.rnn(packed)[1][-1]


# file: main.py
import torchtext

from model import FieldReader


class SourceField(torchtext.data.Field):
    def __init__(self, **kwargs):
        kwargs["batch_first"] = True
        kwargs["include_lengths"] = True
        super().__init__(**kwargs)


def main(dataset):
    source = SourceField()
    model = FieldReader(len(source.vocab))
    for batch in torchtext.data.BucketIterator(dataset, 8, sort_within_batch=True):
        ids, lengths = batch.source
        model(ids, lengths).sum().backward()
