"""PCK202 batch-left-sorted: a batch sorted by hand for packing meets what is still in the original order."""

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16, padding_idx=0)
        self.rnn = nn.GRU(16, 32, batch_first=True)
        self.out = nn.Linear(32, 5)


def collate(items):
    rows, labels = zip(*items)
    lengths = torch.tensor([len(row) for row in rows])
    return pad_sequence([torch.tensor(row) for row in rows], batch_first=True), lengths, torch.tensor(labels)


def batches(sentences):
    return DataLoader([(ids, ids[0] % 5) for ids in sentences], batch_size=4, collate_fn=collate)


# case: an initial state in the original order meets the sorted pack
class Conditioned(Encoder):
    def forward(self, ids, lengths, hidden):
        sorted_lengths, order = lengths.sort(descending=True)
        packed = pack_padded_sequence(self.embed(ids[order]), sorted_lengths, batch_first=True)
        outputs, state = self.rnn(packed, hidden)  # PCK202
        outputs, _ = pad_packed_sequence(outputs, batch_first=True, total_length=ids.size(1))
        back = order.argsort()
        return outputs[back], state[:, back]


def train(sentences):
    model = Conditioned()
    for ids, lengths, _ in batches(sentences):
        hidden = torch.zeros(1, len(ids), 32)
        for _ in range(2):
            outputs, hidden = model(ids, lengths, hidden)
        outputs.sum().backward()


# case: the state of the first encoder starts the second one, which sorts for itself
class PairEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.LSTM(16, 32, batch_first=True)
        self.second = nn.LSTM(16, 32, batch_first=True)

    def forward(self, premise, premise_lengths, hypothesis, hypothesis_lengths):
        packed = pack_padded_sequence(premise, premise_lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, state = self.first(packed)
        down, order = torch.sort(hypothesis_lengths.cpu(), descending=True)
        packed = pack_padded_sequence(hypothesis.index_select(0, order), down, batch_first=True)
        _, (h_n, _) = self.second(packed, state)  # PCK202
        return h_n[-1].index_select(0, order.argsort())


# case: a final state in sorted order joined with features of the samples
class WithFeatures(Encoder):
    def forward(self, ids, lengths, features):
        lengths, order = torch.sort(lengths, descending=True)
        packed = pack_padded_sequence(self.embed(ids[order]), lengths, batch_first=True)
        _, h_n = self.rnn(packed)
        return torch.cat((h_n[-1], features), dim=-1)  # PCK202


def train(sentences):
    model = WithFeatures()
    for ids, lengths, labels in batches(sentences):
        model(ids, lengths, F.one_hot(labels, 5).float()).sum().backward()


# case: sorted in the training loop, the labels are not
class Classifier(Encoder):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True)
        return self.out(self.rnn(packed)[1][-1])


def train(sentences):
    model = Classifier()
    for ids, lengths, labels in batches(sentences):
        lengths, order = lengths.sort(0, True)
        logits = model(ids[order], lengths)
        loss = F.cross_entropy(logits, labels)  # PCK202
        loss.backward()


# case: the outputs are put back, the state is not, and attention brings them together
class Attention(Encoder):
    def forward(self, ids, lengths):
        down, order = lengths.sort(descending=True)
        packed = pack_padded_sequence(self.embed(ids[order]), down, batch_first=True)
        outputs, h_n = self.rnn(packed)
        outputs, _ = pad_packed_sequence(outputs, batch_first=True, total_length=ids.size(1))
        outputs = outputs[order.argsort()]
        scores = torch.bmm(outputs, h_n[-1].unsqueeze(2)).squeeze(2)  # PCK202
        weights = scores.masked_fill(ids == 0, float("-inf")).softmax(1)
        return torch.bmm(weights.unsqueeze(1), outputs).squeeze(1)


def train(sentences):
    model = Attention()
    for ids, lengths, _ in batches(sentences):
        model(ids, lengths).sum().backward()


# case: sorted outputs multiplied by a mask in the original order
class Masked(Encoder):
    def forward(self, ids, lengths):
        mask = (ids != 0).unsqueeze(-1).float()
        lengths, order = lengths.sort(descending=True)
        packed = pack_padded_sequence(self.embed(ids[order]), lengths, batch_first=True)
        outputs, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True, total_length=ids.size(1))
        return (outputs * mask).sum(1)  # PCK202


def train(sentences):
    model = Masked()
    for ids, lengths, _ in batches(sentences):
        model(ids, lengths).sum().backward()


# case: sorted twice with the same permutation, which is no way back
class Twice(Encoder):
    def forward(self, ids, lengths, topics):
        down, order = torch.sort(lengths, descending=True)
        packed = pack_padded_sequence(self.embed(ids[order]), down, batch_first=True)
        _, h_n = self.rnn(packed)
        state = h_n[-1][order]
        return torch.cat([state, topics], 1)  # PCK202


def train(sentences):
    model = Twice()
    for ids, lengths, labels in batches(sentences):
        model(ids, lengths, F.one_hot(labels, 5).float()).sum().backward()


# case: sorted outputs read at the unsorted lengths
class LastStep(Encoder):
    def forward(self, ids, lengths):
        down, order = lengths.sort(descending=True)
        packed = pack_padded_sequence(self.embed(ids[order]), down, batch_first=True)
        outputs, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True, total_length=ids.size(1))
        return outputs[torch.arange(len(ids)), lengths - 1]  # PCK202


def train(sentences):
    model = LastStep()
    for ids, lengths, _ in batches(sentences):
        model(ids, lengths).sum().backward()


# case: topk as the sort, and a user vector in the original order
class Recommender(Encoder):
    def __init__(self):
        super().__init__()
        self.users = nn.Embedding(10, 32)

    def forward(self, items, lengths, user):
        down, order = torch.topk(lengths, k=len(lengths))
        packed = pack_padded_sequence(self.embed(items).index_select(0, order), down, batch_first=True)
        session = self.rnn(packed)[1][-1]
        return (session * self.users(user)).sum(-1)  # PCK202


def train(sentences):
    model = Recommender()
    for ids, lengths, labels in batches(sentences):
        model(ids, lengths, labels).sum().backward()


# case: refused, sorted, packed, unpacked and put back
class Tagger(Encoder):
    def forward(self, ids, lengths, tag_mask):
        down, order = lengths.sort(0, descending=True)
        packed = pack_padded_sequence(self.embed(ids[order]), down, batch_first=True)
        outputs, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True, total_length=ids.size(1))
        _, back = order.sort(0)
        return self.out(outputs[back]) * tag_mask.unsqueeze(-1)


def train(sentences):
    model = Tagger()
    for ids, lengths, _ in batches(sentences):
        model(ids, lengths, (ids != 0).float()).sum().backward()


# case: refused, states put back on their batch axis
class Seq2Seq(Encoder):
    def __init__(self):
        super().__init__()
        self.decoder = nn.GRU(16, 32, batch_first=True)

    def forward(self, ids, lengths, start):
        down, order = torch.sort(lengths, descending=True)
        packed = pack_padded_sequence(self.embed(ids).index_select(0, order), down, batch_first=True)
        _, h_n = self.rnn(packed)
        h_n = h_n.index_select(1, torch.argsort(order))
        step, _ = self.decoder(self.embed(start).unsqueeze(1), h_n)
        return self.out(step.squeeze(1))


def train(sentences):
    model = Seq2Seq()
    for ids, lengths, labels in batches(sentences):
        F.cross_entropy(model(ids, lengths, ids[:, 0]), labels).backward()


# case: refused, the inverse made by scatter
class WithFeatures(Encoder):
    def forward(self, ids, lengths, features):
        down, order = torch.sort(lengths, descending=True)
        back = torch.empty_like(order).scatter_(0, order, torch.arange(len(order)))
        packed = pack_padded_sequence(self.embed(ids[order]), down, batch_first=True)
        _, h_n = self.rnn(packed)
        return torch.cat((h_n[-1][back], features), dim=-1)


def train(sentences):
    model = WithFeatures()
    for ids, lengths, labels in batches(sentences):
        model(ids, lengths, F.one_hot(labels, 5).float()).sum().backward()


# case: refused, the inverse made in a loop
class WithFeatures(Encoder):
    def forward(self, ids, lengths, features):
        down, order = torch.sort(lengths, descending=True)
        back = [0] * len(order)
        for position, row in enumerate(order.tolist()):
            back[row] = position
        packed = pack_padded_sequence(self.embed(ids[order]), down, batch_first=True)
        _, h_n = self.rnn(packed)
        return torch.cat((h_n[-1][back], features), dim=-1)


def train(sentences):
    model = WithFeatures()
    for ids, lengths, labels in batches(sentences):
        model(ids, lengths, F.one_hot(labels, 5).float()).sum().backward()


# case: refused, the inverse is the smallest first of the permutation
class Recommender(Encoder):
    def __init__(self):
        super().__init__()
        self.users = nn.Embedding(10, 32)

    def forward(self, items, lengths, user):
        down, order = torch.topk(lengths, k=len(lengths))
        _, back = torch.topk(order, k=len(order), largest=False)
        packed = pack_padded_sequence(self.embed(items).index_select(0, order), down, batch_first=True)
        session = self.rnn(packed)[1][-1].index_select(0, back)
        return (session * self.users(user)).sum(-1)


def train(sentences):
    model = Recommender()
    for ids, lengths, labels in batches(sentences):
        model(ids, lengths, labels).sum().backward()


# case: refused, the inverse by sorting positions
class WithFeatures(Encoder):
    def forward(self, ids, lengths, features):
        order = sorted(range(len(lengths)), key=lambda i: -int(lengths[i]))
        back = sorted(range(len(order)), key=order.__getitem__)
        packed = pack_padded_sequence(self.embed(ids[order]), lengths[order], batch_first=True)
        _, h_n = self.rnn(packed)
        return torch.cat((h_n[-1][back], features), dim=-1)


def train(sentences):
    model = WithFeatures()
    for ids, lengths, labels in batches(sentences):
        model(ids, lengths, F.one_hot(labels, 5).float()).sum().backward()


# case: refused, the inverse looked up in a dictionary
class WithFeatures(Encoder):
    def forward(self, ids, lengths, features):
        order = sorted(range(len(lengths)), key=lambda i: lengths[i], reverse=True)
        places = {row: place for place, row in enumerate(order)}
        back = torch.LongTensor([places[row] for row in range(len(lengths))])
        packed = pack_padded_sequence(self.embed(ids[order]), lengths[order], batch_first=True)
        _, h_n = self.rnn(packed)
        return torch.cat((h_n[-1].index_select(0, back), features), dim=-1)


def train(sentences):
    model = WithFeatures()
    for ids, lengths, labels in batches(sentences):
        model(ids, lengths, F.one_hot(labels, 5).float()).sum().backward()


# case: refused, the labels are sorted along in the training loop
class Classifier(Encoder):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True)
        return self.out(self.rnn(packed)[1][-1])


def train(sentences):
    model = Classifier()
    for ids, lengths, labels in batches(sentences):
        lengths, order = lengths.sort(0, descending=True)
        ids, labels = ids[order], labels[order]
        F.cross_entropy(model(ids, lengths), labels).backward()


# case: refused, features and mask are sorted along in forward
class WithFeatures(Encoder):
    def forward(self, ids, lengths, features, labels):
        lengths, order = torch.sort(lengths, descending=True)
        ids, features = ids[order], features[order]
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True)
        _, h_n = self.rnn(packed)
        logits = self.out(h_n[-1]) + features
        return F.cross_entropy(logits, labels.index_select(0, order))


def train(sentences):
    model = WithFeatures()
    for ids, lengths, labels in batches(sentences):
        model(ids, lengths, F.one_hot(labels, 5).float(), labels).backward()


# case: refused, the initial state is sorted along
class Conditioned(Encoder):
    def forward(self, ids, lengths, hidden):
        down, order = lengths.sort(descending=True)
        packed = pack_padded_sequence(self.embed(ids[order]), down, batch_first=True)
        _, state = self.rnn(packed, hidden.index_select(1, order))
        return state[:, order.argsort()]


def train(sentences):
    model = Conditioned()
    for ids, lengths, _ in batches(sentences):
        hidden = torch.zeros(1, len(ids), 32)
        for _ in range(2):
            hidden = model(ids, lengths, hidden)
        hidden.sum().backward()


# case: refused, enforce_sorted=False carries the initial state along
class Conditioned(Encoder):
    def forward(self, ids, lengths, hidden):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        return self.rnn(packed, hidden)[1]


def train(sentences):
    model = Conditioned()
    for ids, lengths, _ in batches(sentences):
        hidden = torch.zeros(1, len(ids), 32)
        for _ in range(2):
            hidden = model(ids, lengths, hidden)
        hidden.sum().backward()


# case: refused, an initial state that is the same for all
class Learned(Encoder):
    def __init__(self):
        super().__init__()
        self.start = nn.Parameter(torch.zeros(1, 1, 32))

    def forward(self, ids, lengths):
        down, order = lengths.sort(descending=True)
        packed = pack_padded_sequence(self.embed(ids[order]), down, batch_first=True)
        _, h_n = self.rnn(packed, self.start.expand(1, len(ids), 32).contiguous())
        return h_n[-1][order.argsort()]


def train(sentences):
    model = Learned()
    for ids, lengths, _ in batches(sentences):
        model(ids, lengths).sum().backward()


# case: refused, the collate function sorts whole items
class Classifier(Encoder):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True)
        return self.out(self.rnn(packed)[1][-1])


# file: train.py
from torch.nn import functional as F
from torch.utils.data import DataLoader

from model import Classifier, collate


def collate_sorted(items):
    return collate(sorted(items, key=lambda item: len(item[0]), reverse=True))


def train(sentences):
    model = Classifier()
    items = [(ids, ids[0] % 5) for ids in sentences]
    for ids, lengths, labels in DataLoader(items, batch_size=4, collate_fn=collate_sorted):
        F.cross_entropy(model(ids, lengths), labels).backward()


# case: refused, the permutation goes to the caller, who sorts the labels by it
class Captioner(Encoder):
    def forward(self, ids, lengths):
        down, order = lengths.sort(dim=0, descending=True)
        ids = ids[order]
        packed = pack_padded_sequence(self.embed(ids), down, batch_first=True)
        return self.out(self.rnn(packed)[1][-1]), order


# file: train.py
from torch.nn import functional as F

from model import Captioner, batches


def train(sentences):
    model = Captioner()
    for ids, lengths, labels in batches(sentences):
        scores, order = model(ids, lengths)
        F.cross_entropy(scores, labels[order]).backward()


# case: refused, the permutation goes to the caller, who undoes it
# file: helpers.py
import torch


def sort_by_length(rows, lengths):
    down, order = torch.sort(lengths, descending=True)
    return rows.index_select(0, order), down, order.argsort()


# file: train.py
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence

from helpers import sort_by_length
from model import batches


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.rnn = nn.LSTM(16, 32, batch_first=True)
        self.out = nn.Linear(32, 5)

    def forward(self, ids, lengths):
        rows, down, restore = sort_by_length(ids, lengths)
        _, (h_n, _) = self.rnn(pack_padded_sequence(self.embed(rows), down, batch_first=True))
        return self.out(h_n.index_select(1, restore)[-1])


def train(sentences):
    model = Classifier()
    for ids, lengths, labels in batches(sentences):
        F.cross_entropy(model(ids, lengths), labels).backward()


# case: refused, nothing of the samples follows
def demo():
    names = [[1, 2], [3, 4, 5, 6], [7, 8, 9]]
    embed, rnn = nn.Embedding(10, 4), nn.LSTM(4, 5, batch_first=True)
    lengths = torch.tensor([len(name) for name in names])
    padded = pad_sequence([torch.tensor(name) for name in names], batch_first=True)
    lengths, order = lengths.sort(0, descending=True)
    packed = pack_padded_sequence(embed(padded[order]), lengths, batch_first=True)
    _, (h_n, _) = rnn(packed)
    print(h_n[-1])


# case: refused, what meets the sorted state is no tensor of samples
class Biased(Encoder):
    def __init__(self):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(32))

    def forward(self, ids, lengths):
        down, order = lengths.sort(descending=True)
        packed = pack_padded_sequence(self.embed(ids[order]), down, batch_first=True)
        state = torch.tanh(self.rnn(packed)[1][-1] + self.bias)
        return state[order.argsort()]


def train(sentences):
    model = Biased()
    for ids, lengths, _ in batches(sentences):
        model(ids, lengths).sum().backward()


# case: refused, time first, put back on axis 1
class TimeFirst(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.rnn = nn.LSTM(16, 32)

    def forward(self, ids, lengths, gate):
        down, order = lengths.sort(descending=True)
        embedded = self.embed(ids.t()).index_select(1, order)
        packed, _ = self.rnn(pack_padded_sequence(embedded, down))
        outputs, _ = pad_packed_sequence(packed, total_length=ids.size(1))
        outputs = outputs.index_select(1, order.argsort())
        return outputs * gate.t().unsqueeze(-1)


def train(sentences):
    model = TimeFirst()
    for ids, lengths, _ in batches(sentences):
        model(ids, lengths, (ids != 0).float()).sum().backward()


# case: refused, the state that goes round the loop is sorted along
class Conditioned(Encoder):
    def forward(self, ids, lengths, hidden):
        sorted_lengths, order = lengths.sort(descending=True)
        packed = pack_padded_sequence(self.embed(ids[order]), sorted_lengths, batch_first=True)
        outputs, state = self.rnn(packed, hidden[:, order])
        outputs, _ = pad_packed_sequence(outputs, batch_first=True, total_length=ids.size(1))
        back = order.argsort()
        return outputs[back], state[:, back]


def train(sentences):
    model = Conditioned()
    for ids, lengths, _ in batches(sentences):
        hidden = torch.zeros(1, len(ids), 32)
        for _ in range(2):
            outputs, hidden = model(ids, lengths, hidden)
        outputs.sum().backward()


# case: the numbers of the rows, made like the lengths and picked by the inverse
class Encoder(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.gru = nn.GRU(features, hidden, batch_first=True)

    def forward(self, x, lengths, other):
        ordered, order = lengths.sort(0, descending=True)
        numbers = lengths.new_tensor(torch.arange(0, len(lengths)))
        _, back = order.sort(0, descending=False)
        packed = pack_padded_sequence(x.index_select(0, order), ordered.cpu(), batch_first=True)
        out, _ = pad_packed_sequence(self.gru(packed)[0], batch_first=True)
        out = out.index_select(0, numbers.index_select(0, back))
        return torch.cat((out, x), dim=2)


# case: one of two encodings of a batch, each joined with itself
class Encoder(nn.Module):
    def __init__(self, features, hidden, cell):
        super().__init__()
        self.rnn = nn.GRU(features, hidden, bidirectional=True) if cell == "gru" else self.other(features)

    def forward(self, x, lengths):
        out, _ = self.rnn(pack_padded_sequence(x, lengths))
        out = pad_packed_sequence(out)[0]
        return out[:, :, :10] + out[:, :, 10:]


def train(batches):
    model = Encoder(3, 10, "gru")
    for x, lengths in batches:
        lengths, order = torch.sort(lengths, dim=0, descending=True)
        model(x.index_select(1, order), lengths.tolist())


# case: output and each part of the state are put back, in a list
def layer(kind, dim):
    if kind == "gru":
        return nn.GRU(dim, dim)
    elif kind == "lstm":
        return nn.LSTM(dim, dim)
    elif kind == "bilstm":
        return nn.LSTM(dim, dim, bidirectional=True)


class Encoder(nn.Module):
    def __init__(self, words, dim, kind):
        super().__init__()
        self.embed = nn.Embedding(words, dim)
        self.rnn = layer(kind, dim)

    def forward(self, ids, lengths, hidden=None):
        lengths = np.asarray(lengths)
        order = np.argsort(-lengths)
        back = torch.LongTensor(np.argsort(order))
        lengths = lengths[order]
        order = torch.LongTensor(order)
        x = self.embed(ids)[order].transpose(0, 1)
        out, hidden = self.rnn(pack_padded_sequence(x, lengths), hidden)
        out, _ = pad_packed_sequence(out)
        out = out.transpose(0, 1)[back].transpose(0, 1).contiguous()
        if isinstance(hidden, tuple):
            hidden = list(hidden)
            hidden[0] = hidden[0].transpose(0, 1)[back].transpose(0, 1).contiguous()
            hidden[1] = hidden[1].transpose(0, 1)[back].transpose(0, 1).contiguous()
            hidden = tuple(hidden)
        else:
            hidden = hidden.transpose(0, 1)[back].transpose(0, 1).contiguous()
        return out, hidden


def train(batch, lengths, targets, kind):
    encoder = Encoder(10, 10, kind)
    out, hidden = encoder(batch, lengths)
    if isinstance(hidden, tuple):
        hidden = hidden[0]
    return F.cross_entropy(torch.cat((hidden[-1], out[0]), 1), targets)


# case: output is put back, and of the state that is in a list one part alone
class Half(nn.Module):
    def __init__(self, words, dim):
        super().__init__()
        self.embed = nn.Embedding(words, dim)
        self.rnn = nn.LSTM(dim, dim)
        self.score = nn.Linear(dim, 2)

    def forward(self, ids, lengths, targets):
        lengths, order = lengths.sort(descending=True)
        back = order.argsort()
        x = self.embed(ids)[order].transpose(0, 1)
        out, hidden = self.rnn(pack_padded_sequence(x, lengths.cpu()))
        hidden = list(hidden)
        hidden[0] = hidden[0].transpose(0, 1)[back].transpose(0, 1)
        return F.cross_entropy(self.score(hidden[1][-1]), targets)  # PCK202


def step(batch, lengths, targets):
    return Half(10, 10)(batch, lengths, targets)


# case: an order that is moved to the device or not, and a state of which only the outputs are put back
class SortingReader(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(16, 32, batch_first=True)

    def forward(self, x, lengths, users):
        falling, order = torch.sort(lengths, descending=True)
        order = order.cuda() if x.is_cuda else order
        packed = pack_padded_sequence(x.index_select(0, order), falling.cpu(), batch_first=True)
        _, (h_n, _) = self.lstm(packed)
        return torch.cat((h_n[-1], users), dim=-1)  # PCK202


# case: the same with the state put back
class SortingReaderPutBack(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(16, 32, batch_first=True)

    def forward(self, x, lengths, users):
        falling, order = torch.sort(lengths, descending=True)
        back = torch.argsort(order)
        order = order.cuda() if x.is_cuda else order
        packed = pack_padded_sequence(x.index_select(0, order), falling.cpu(), batch_first=True)
        _, (h_n, _) = self.lstm(packed)
        back = back.cuda() if x.is_cuda else back
        return torch.cat((h_n[-1].index_select(0, back), users), dim=-1)


# case: two sequences of each sample, each sorted by its own lengths by one helper
def falling(rows, lengths):
    lengths, order = lengths.sort(0, descending=True)
    return rows[order], lengths


class Pairs(Encoder):
    def state(self, ids, lengths):
        return self.rnn(pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True))[1][-1]

    def forward(self, question, answer, question_lengths, answer_lengths):
        question, question_lengths = falling(question, question_lengths)
        answer, answer_lengths = falling(answer, answer_lengths)
        question, answer = self.state(question, question_lengths), self.state(answer, answer_lengths)
        return (question * answer).sum(-1)  # PCK202


# case: two tensors of each sample, sorted by the same lengths by one helper
def falling(rows, lengths):
    lengths, order = lengths.sort(0, descending=True)
    return rows[order], lengths


class Pairs(Encoder):
    def state(self, ids, lengths):
        return self.rnn(pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True))[1][-1]

    def forward(self, words, tags, lengths):
        words, down = falling(words, lengths)
        tags, _ = falling(tags, lengths)
        return (self.state(words, down) * self.state(tags, down)).sum(-1)
