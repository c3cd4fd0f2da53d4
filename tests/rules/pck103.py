"""PCK103: a PackedSequence used as a tensor."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.rnn import (
    PackedSequence,
    pack_padded_sequence,
    pack_sequence,
    pad_packed_sequence,
    unpack_sequence,
    unpad_sequence,
)


# case: the targets of a loss packed into two names, as it was once allowed
def loss(scores, targets, lengths):
    lengths = lengths.tolist()
    scores, _ = pack_padded_sequence(scores, lengths, batch_first=True, enforce_sorted=False)  # PCK103
    targets, _ = pack_padded_sequence(targets, lengths, batch_first=True, enforce_sorted=False)  # PCK103
    return F.cross_entropy(scores, targets)


# case: dropout before the layer
class Encoder(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.drop = nn.Dropout(0.3)
        self.lstm = nn.LSTM(dim, dim, batch_first=True)

    def forward(self, ids, lengths):
        x = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, (h_n, _) = self.lstm(self.drop(x))  # PCK103
        return h_n[-1]


# case: the output goes into a linear layer without being unpacked
class Tagger(nn.Module):
    def __init__(self, dim, tags):
        super().__init__()
        self.gru = nn.GRU(dim, dim, bidirectional=True, batch_first=True)
        self.fc = nn.Linear(2 * dim, tags)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = self.gru(packed)
        return self.fc(out)  # PCK103


# case: the last step of an output that is still packed
class Classifier(nn.Module):
    def __init__(self, dim, classes):
        super().__init__()
        self.lstm = nn.LSTM(dim, dim, batch_first=True)
        self.fc = nn.Linear(dim, classes)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = self.lstm(packed)
        last = out[:, -1, :]  # PCK103
        return self.fc(last)


# case: tensor methods and functions
def describe(lstm, x, lengths):
    packed = pack_padded_sequence(x, lengths, enforce_sorted=False)
    steps = packed.size(0)  # PCK103
    out, _ = lstm(packed)
    flat = out.view(-1, lstm.hidden_size)  # PCK103
    turned = out.permute(1, 0, 2)  # PCK103
    highest = torch.max(out, 0)[0]  # PCK103
    squashed = torch.tanh(out)  # PCK103
    return steps, flat, turned, highest, squashed


# case: len of a batch that is packed counts the fields
def train(lstm, loader):
    samples = 0
    for sequences in loader:
        x = pack_sequence(sequences, enforce_sorted=False)
        samples += len(x)  # PCK103
        yield lstm(x)[1]
    print(samples)


# case: a residual layer asks for the size of what the encoder has packed
class Residual(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.layers = nn.ModuleList([nn.GRU(dim, dim, batch_first=True) for _ in range(2)])
        self.norm = nn.LayerNorm(dim)

    def forward(self, x):
        for layer in self.layers:
            out, _ = layer(x)
            x = self.norm(out)  # PCK103
        return x


class Encoder(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.stack = Residual(dim)

    def forward(self, x, lengths):
        return self.stack(pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False))


# case: two names after the type was asked for
def cell_input(x):
    if isinstance(x, PackedSequence):
        x, counts = x  # PCK103
    else:
        counts = None
    return x, counts


# case: a cell takes no packed input
class Stepwise(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.cell = nn.GRUCell(dim, dim)

    def forward(self, x, lengths, state):
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        return self.cell(packed, state)  # PCK103


# case: packed, run, unpacked
class Encoder(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.drop = nn.Dropout(0.3)
        self.lstm = nn.LSTM(dim, dim, batch_first=True)

    def forward(self, ids, lengths):
        x = pack_padded_sequence(self.drop(self.embed(ids)), lengths.cpu(), batch_first=True, enforce_sorted=False)
        x, _ = self.lstm(x)
        x, lengths = pad_packed_sequence(x, batch_first=True)
        return self.drop(x), x.size(1), lengths


# case: the first field is the tensor of real steps
def loss(scores, targets, lengths):
    scores = pack_padded_sequence(scores, lengths, batch_first=True, enforce_sorted=False)[0]
    targets = pack_padded_sequence(targets, lengths, batch_first=True, enforce_sorted=False).data
    return F.cross_entropy(scores.view(-1, scores.size(-1)), targets)


# case: fields by number and by name
def fields(packed_steps, lengths):
    packed = pack_padded_sequence(packed_steps, lengths, enforce_sorted=False)
    steps = packed[0].size(0)
    batch = packed[1][0]
    restored = packed[0][: packed.batch_sizes[0]][packed[3]]
    return steps, batch, restored, packed.sorted_indices, packed.unsorted_indices


# case: four names
def parts(x, lengths):
    packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    values, batch_sizes, sorted_indices, unsorted_indices = packed
    return values.view(-1), len(batch_sizes), sorted_indices, unsorted_indices


# case: moved between devices
def move(x, lengths, device):
    packed = pack_padded_sequence(x, lengths, enforce_sorted=False).to(device)
    if packed.is_cuda:
        packed = packed.cpu()
    return packed.double()


# case: dropout on the data, packed again with all four fields
class Dropped(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.drop = nn.Dropout(0.4)
        self.first = nn.LSTM(dim, dim)
        self.second = nn.LSTM(dim, dim)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths.cpu(), enforce_sorted=False)
        out, _ = self.first(packed)
        out = PackedSequence(self.drop(out.data), out.batch_sizes, out.sorted_indices, out.unsorted_indices)
        out, _ = self.second(out)
        return pad_packed_sequence(out)[0]


# case: the field replaced on the named tuple
class Projected(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.rnn = nn.GRU(dim, dim, batch_first=True)
        self.fc = nn.Linear(dim, dim)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        packed = packed._replace(data=self.fc(packed.data))
        return self.rnn(packed)[1].squeeze(0)


# case: packed on one path only, and asked for on the other
class Either(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.drop = nn.Dropout(0.2)
        self.rnn = nn.LSTM(dim, dim, batch_first=True)

    def forward(self, x, lengths=None):
        if lengths is not None:
            x = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, state = self.rnn(x)
        if isinstance(out, PackedSequence):
            out, _ = pad_packed_sequence(out, batch_first=True)
        return self.drop(out), state


# case: packed and unpacked under the same test of a list
class WhereGiven(nn.Module):
    def __init__(self, vocabulary, dim):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, dim)
        self.rnn = nn.GRU(dim, dim)
        self.project = nn.Linear(dim, dim)

    def forward(self, ids, lengths, hidden=None):
        x = self.embed(ids)
        if lengths:
            x = pack_padded_sequence(x, lengths, enforce_sorted=False)
        out, hidden = self.rnn(x, hidden)
        if lengths:
            out, _ = pad_packed_sequence(out)
        return self.project(out), hidden


def train(model, batches):
    for source, source_lengths in batches:
        source_lengths = list(source_lengths)
        out, _ = model(source, source_lengths)
        out.transpose(0, 1)


# case: packed and unpacked where a pair comes in
class Paired(nn.Module):
    def __init__(self, vocabulary, dim):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, dim)
        self.rnn = nn.LSTM(dim, dim, batch_first=True)
        self.project = nn.Linear(dim, dim)

    def encode(self, given):
        if isinstance(given, tuple):
            x, lengths = given
            x = pack_padded_sequence(x, lengths.tolist(), batch_first=True, enforce_sorted=False)
        else:
            x = given
        out, state = self.rnn(x)
        if isinstance(given, tuple):
            out, _ = pad_packed_sequence(out, batch_first=True)
        return out, state

    def forward(self, ids, lengths):
        out, _ = self.encode((self.embed(ids), lengths))
        return self.project(out)


# case: packed and unpacked by a setting that was worked out from others
class Configured(nn.Module):
    def __init__(self, vocabulary, dim, ragged=True):
        super().__init__()
        self.ragged = ragged
        self.embed = nn.Embedding(vocabulary, dim)
        self.rnn = nn.LSTM(dim, dim, batch_first=True)

    def forward(self, ids, lengths):
        x = self.embed(ids)
        if self.ragged:
            x = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = self.rnn(x)
        if self.ragged:
            x, _ = pad_packed_sequence(x, batch_first=True)
            out, _ = pad_packed_sequence(out, batch_first=True)
        return out, x


class Scored(nn.Module):
    def __init__(self, options):
        super().__init__()
        self.encode = Configured(options["words"], options["dim"], ragged=options["most"] > 0)
        self.score = nn.Linear(options["dim"], 1)

    def forward(self, ids, lengths):
        out, embedded = self.encode(ids, lengths)
        return torch.bmm(self.score(out).transpose(1, 2), embedded)


# case: element-wise dropout in one branch, tensors in the other
class VariationalDropout(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, x):
        if isinstance(x, PackedSequence):
            values = F.dropout(x.data, self.p, self.training)
            return PackedSequence(values, x.batch_sizes, x.sorted_indices, x.unsorted_indices)
        mask = x.new_empty(x.size(0), 1, x.size(2)).bernoulli_(1 - self.p)
        return x * mask / (1 - self.p)


# case: a function of the project with the same name returns a pair of tensors
from ops import pack_padded_sequence as pack


def loss(scores, targets, lengths):
    scores, sizes = pack(scores, lengths)
    targets, _ = pack(targets, lengths)
    return F.cross_entropy(scores.view(-1, scores.size(-1)), targets), len(sizes)


# file: ops.py
import torch


def pack_padded_sequence(x, lengths):
    mask = torch.arange(x.size(1))[None, :] < lengths[:, None]
    return x[mask], lengths


# case: unpacked to lists, whose length is the batch's
def rows(lstm, sequences):
    out, _ = lstm(pack_sequence(sequences, enforce_sorted=False))
    rows = unpack_sequence(out)
    return len(rows), rows[0].size(0), torch.cat(rows)


# case: padded tensors cut to lists are never packed
def cut(x, lengths):
    rows = unpad_sequence(x, lengths, batch_first=True)
    return [row.mean(0) for row in rows], len(rows)


# case: the pair that unpacking returns, kept whole and indexed
class Pair(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.gru = nn.GRU(dim, dim, bidirectional=True)
        self.fc = nn.Linear(2 * dim, dim)

    def forward(self, x, lengths):
        out, _ = self.gru(pack_padded_sequence(x, lengths.cpu(), enforce_sorted=False))
        unpacked = pad_packed_sequence(out)
        return self.fc(unpacked[0]), unpacked[1].float().mean(), len(unpacked)


# case: the state of a packed run is a tensor
class State(nn.Module):
    def __init__(self, dim, classes):
        super().__init__()
        self.gru = nn.GRU(dim, dim, batch_first=True)
        self.drop = nn.Dropout(0.5)
        self.fc = nn.Linear(dim, classes)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        packed, h_n = self.gru(packed)
        return self.fc(self.drop(h_n[-1])), h_n.size(1)


# case: a function builds one of two layers, and only one of them is handed packed batches
class Steps(nn.Module):
    def __init__(self, cell):
        super().__init__()
        self.cell = cell

    def forward(self, inputs, state=None):
        outputs = []
        for step in inputs.split(1, 0):
            state = self.cell(step.squeeze(0), state)
            outputs.append(state)
        return torch.stack(outputs), state


def stepwise(cell):
    def build(*sizes):
        return Steps(cell(*sizes))

    return build


def recurrent(kind, dim):
    made = stepwise(nn.GRUCell) if kind == "cell" else nn.GRU
    return made(dim, dim)


class Encoder(nn.Module):
    def __init__(self, size, dim, kind="gru"):
        super().__init__()
        self.embed = nn.Embedding(size, dim)
        self.rnn = recurrent(kind, dim)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), enforce_sorted=False)
        return pad_packed_sequence(self.rnn(packed)[0])[0]
# case: two fields are enough where the batch was sorted before it was packed
class Encoder(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.rnn = nn.LSTM(dim, dim, batch_first=True)

    def forward(self, ids, lengths):
        lengths, order = lengths.sort(descending=True)
        packed = pack_padded_sequence(self.embed(ids[order]), lengths.cpu(), batch_first=True)
        packed = PackedSequence(F.dropout(packed.data, 0.1, self.training), packed.batch_sizes)
        return self.rnn(packed)[1][0][-1][order.argsort()]


# case: a function of the project called unpack_sequence takes padded tensors
import rows_of


class Encoder(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.rnn = nn.GRU(dim, dim, batch_first=True)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, sizes = pad_packed_sequence(self.rnn(packed)[0], batch_first=True)
        return rows_of.unpack_sequence(out, sizes)


# file: rows_of.py
def unpack_sequence(out, sizes):
    return [row[:size] for row, size in zip(out, sizes)]


# case: refused, the type is asked for first
class Features(nn.Module):
    def __init__(self, size, hidden):
        super().__init__()
        self.size = size
        self.lstm = nn.LSTM(size, hidden, batch_first=True)

    def one_hot(self, x):
        packed = type(x) is PackedSequence
        if packed:
            rows = x.data.new(x.data.size(0), self.size).float().zero_()
            rows = PackedSequence(rows, x.batch_sizes)
        else:
            rows = x.new(x.size(0), x.size(1), self.size).float().zero_()
        return rows

    def forward(self, x):
        out, _ = self.lstm(self.one_hot(x))
        if type(x) is not PackedSequence:
            return out.view(x.size(0), x.size(1), -1)
        return out.data


def train(features, loader):
    model = Features(20, 8)
    for ids, lengths in loader:
        model(pack_padded_sequence(ids, lengths, batch_first=True))


# case: refused, what `isinstance` says is kept in a name
class Features(nn.Module):
    def forward(self, x):
        packed = isinstance(x, PackedSequence)
        if not packed:
            return x.view(x.size(0), -1)
        return x.data


def train(loader):
    model = Features()
    for ids, lengths in loader:
        model(pack_padded_sequence(ids, lengths, batch_first=True))


# case: layers one after the other, packed anew behind the dropout of every round but the first
class Stack(nn.Module):
    def __init__(self, size, layers):
        super().__init__()
        self.rnns = nn.ModuleList(nn.LSTM(size, size, batch_first=True) for _ in range(layers))
        self.dropout = nn.Dropout(0.3)

    def forward(self, steps, lengths):
        held = pack_padded_sequence(steps, lengths.cpu(), batch_first=True, enforce_sorted=False)
        for number in range(len(self.rnns)):
            if number != 0:
                held = self.dropout(held)
                held = pack_padded_sequence(held, lengths.cpu(), batch_first=True, enforce_sorted=False)
            held, _ = self.rnns[number](held)
            held = pad_packed_sequence(held, batch_first=True)[0]
        return held


# case: the dropout of every round but the first takes what the round before left packed
class Stack(nn.Module):
    def __init__(self, size, layers):
        super().__init__()
        self.rnns = nn.ModuleList(nn.LSTM(size, size, batch_first=True) for _ in range(layers))
        self.dropout = nn.Dropout(0.3)

    def forward(self, steps, lengths):
        held = pack_padded_sequence(steps, lengths.cpu(), batch_first=True, enforce_sorted=False)
        for number, rnn in enumerate(self.rnns):
            if number > 0:
                held = self.dropout(held)  # PCK103
            held, _ = rnn(held)
        return pad_packed_sequence(held, batch_first=True)[0]


# case: one condition, asked by membership, packs and unpacks
class Choosing(nn.Module):
    def __init__(self, size, kind):
        super().__init__()
        self.kind = kind
        self.rnn = nn.GRU(size, size, batch_first=True)
        self.dropout = nn.Dropout(0.1)

    def forward(self, steps, lengths):
        if self.kind in ("lstm", "gru"):
            steps = pack_padded_sequence(steps, lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = self.rnn(steps)
        if self.kind in ("lstm", "gru"):
            out, _ = pad_packed_sequence(out, batch_first=True)
        return self.dropout(out)
