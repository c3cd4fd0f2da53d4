"""PCK203 manual-sort: sort, pack, unpack and unsort by hand where `enforce_sorted=False` does all of it."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pack_sequence, pad_packed_sequence, pad_sequence


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16, padding_idx=0)
        self.rnn = nn.GRU(16, 32, batch_first=True)


def make_batch(sentences):
    lengths = torch.tensor([len(ids) for ids in sentences])
    return pad_sequence([torch.tensor(ids) for ids in sentences], batch_first=True), lengths


# case: sorted and indexed, put back by a second sort
class Tagger(Encoder):
    def forward(self, ids, lengths):
        down, order = lengths.sort(0, descending=True)
        packed = pack_padded_sequence(self.embed(ids[order]), down, batch_first=True)  # PCK203
        outputs, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True, total_length=ids.size(1))
        _, back = order.sort(0)
        return outputs[back]


def train(sentences):
    return Tagger()(*make_batch(sentences))


# case: index_select there and back
class Tagger(Encoder):
    def forward(self, ids, lengths):
        down, order = torch.sort(lengths, descending=True)
        _, back = torch.sort(order)
        rows = self.embed(ids).index_select(dim=0, index=order)
        outputs, h_n = self.rnn(pack_padded_sequence(rows, down, batch_first=True))  # PCK203
        outputs = pad_packed_sequence(outputs, batch_first=True, total_length=ids.size(1))[0]
        return outputs.index_select(0, back), h_n.index_select(1, back)


def train(sentences):
    return Tagger()(*make_batch(sentences))


# case: NumPy sorts, time first
class SentenceEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.rnn = nn.LSTM(16, 32, bidirectional=True)

    def forward(self, ids, lengths):
        down, order = np.sort(lengths)[::-1], np.argsort(-lengths)
        back = torch.from_numpy(np.argsort(order))
        embedded = self.embed(ids).index_select(1, torch.from_numpy(order))
        outputs, _ = self.rnn(pack_padded_sequence(embedded, down.copy()))  # PCK203
        outputs = pad_packed_sequence(outputs)[0].index_select(1, back)
        return outputs.sum(0) / torch.from_numpy(lengths).unsqueeze(1)


def train(sentences):
    ids = pad_sequence([torch.tensor(ids) for ids in sentences])
    return SentenceEncoder()(ids, np.array([len(ids) for ids in sentences]))


# case: the negated lengths are sorted, only the state is put back
class AspectModel(Encoder):
    def forward(self, ids, lengths):
        order = torch.sort(-lengths)[1].long()
        back = torch.sort(order)[1].long()
        lengths, rows = lengths[order], self.embed(ids)[order]
        _, h_n = self.rnn(pack_padded_sequence(rows, lengths, batch_first=True))  # PCK203
        return h_n.transpose(0, 1)[back].transpose(0, 1)


def train(sentences):
    return AspectModel()(*make_batch(sentences))


# case: a helper in another file sorts and makes the way back
# file: helpers.py
def sort_by_length(rows, lengths):
    down, order = lengths.sort(0, descending=True)
    return rows.index_select(0, order), down, order.argsort()


# file: encoder.py
from torch.nn.utils import rnn

from helpers import sort_by_length
from model import Encoder, make_batch


class Packed(Encoder):
    def forward(self, ids, lengths):
        rows, down, restore = sort_by_length(self.embed(ids), lengths)
        packed = rnn.pack_padded_sequence(rows, down, batch_first=True)  # PCK203
        outputs, h_n = self.rnn(packed)
        outputs, _ = rnn.pad_packed_sequence(outputs, batch_first=True, total_length=ids.size(1))
        return outputs.index_select(0, restore), h_n.index_select(1, restore)


def train(sentences):
    return Packed()(*make_batch(sentences))


# case: the way back is filled in a loop
class ReferenceEncoder(Encoder):
    def forward(self, ids, lengths):
        down, order = torch.sort(lengths, descending=True)
        back = [0] * len(order)
        for position in range(len(order)):
            back[order[position]] = position
        rows = self.embed(ids)[order]
        outputs = self.rnn(pack_padded_sequence(rows, down.cpu(), batch_first=True))[0]  # PCK203
        return pad_packed_sequence(outputs, batch_first=True, total_length=ids.size(1))[0][back]


def train(sentences):
    return ReferenceEncoder()(*make_batch(sentences))


# case: topk both ways
class SessionModel(Encoder):
    def forward(self, items, lengths):
        down, order = torch.topk(lengths, k=len(lengths))
        rows = self.embed(items).index_select(0, order)
        _, h_n = self.rnn(pack_padded_sequence(rows, down, batch_first=True))  # PCK203
        _, back = torch.topk(order, k=len(order), largest=False)
        return h_n[-1].index_select(0, back)


def train(sentences):
    return SessionModel()(*make_batch(sentences))


# case: characters sorted in the collate function, put back in the model
class CharModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.rnn = nn.LSTM(16, 32, batch_first=True)

    def forward(self, characters, lengths, recover):
        packed = pack_padded_sequence(self.embed(characters), lengths, batch_first=True)  # PCK203
        _, (h_n, _) = self.rnn(packed)
        return h_n[-1][recover]


# file: data.py
import torch

from model import CharModel, make_batch


def collate_words(words):
    characters, lengths = make_batch(words)
    lengths, order = torch.sort(lengths, dim=0, descending=True)
    _, recover = torch.sort(order, dim=0)
    return characters[order], lengths, recover


def train(sentences):
    return CharModel()(*collate_words(sentences))


# case: refused, enforce_sorted=False
class Tagger(Encoder):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        return pad_packed_sequence(self.rnn(packed)[0], batch_first=True, total_length=ids.size(1))[0]


def train(sentences):
    return Tagger()(*make_batch(sentences))


# case: refused, the collate function sorts whole items and nothing is put back
class Classifier(Encoder):
    def forward(self, ids, lengths):
        return self.rnn(pack_padded_sequence(self.embed(ids), lengths, batch_first=True))[1][-1]


def collate(batch):
    batch.sort(key=len, reverse=True)
    return make_batch(batch)


def train(sentences):
    return Classifier()(*collate(sentences))


# case: refused, the sort takes the empty rows out too
class CharModel(Encoder):
    def forward(self, words, lengths):
        down, order = lengths.sort(0, descending=True)
        filled = int((down > 0).sum())
        rows = self.embed(words[order[:filled]])
        _, h_n = self.rnn(pack_padded_sequence(rows, down[:filled].cpu(), batch_first=True))
        states = torch.zeros(len(words), 32)
        states[order[:filled]] = h_n[-1]
        return states


def train(sentences):
    return CharModel()(*make_batch(sentences))


# case: refused, labels are sorted along in the training loop
class Classifier(Encoder):
    def forward(self, ids, lengths):
        return self.rnn(pack_padded_sequence(self.embed(ids), lengths, batch_first=True))[1][-1]


def train(sentences):
    model = Classifier()
    ids, lengths = make_batch(sentences)
    labels = ids[:, 0] % 32
    lengths, order = lengths.sort(0, True)
    F.cross_entropy(model(ids[order], lengths), labels[order]).backward()


# case: refused, the decoder needs the sorted order for its shrinking steps
class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.cell = nn.GRUCell(16, 32)
        self.out = nn.Linear(32, 100)

    def forward(self, ids, lengths):
        lengths, order = lengths.sort(dim=0, descending=True)
        ids = ids[order]
        state, scores = torch.zeros(len(ids), 32), torch.zeros(len(ids), int(lengths[0]), 100)
        for step in range(int(lengths[0])):
            running = int((lengths > step).sum())
            state = self.cell(self.embed(ids[:running, step]), state[:running])
            scores[:running, step] = self.out(state)
        targets = pack_padded_sequence(ids, lengths.tolist(), batch_first=True)
        scores = pack_padded_sequence(scores, lengths.tolist(), batch_first=True)
        return F.cross_entropy(scores.data, targets.data)


def train(sentences):
    Decoder()(*make_batch(sentences)).backward()


# case: refused, sorted by score and not by length
class Reranker(Encoder):
    def forward(self, ids, lengths, scores):
        order = scores.argsort(descending=True)
        rows = self.embed(ids[order])
        packed = pack_padded_sequence(rows, lengths[order], batch_first=True, enforce_sorted=False)
        return self.rnn(packed)[1][-1][order.argsort()]


def train(sentences):
    ids, lengths = make_batch(sentences)
    return Reranker()(ids, lengths, torch.rand(len(ids)))


# case: refused, the order goes to the caller, who sorts the labels by it
class Classifier(Encoder):
    def forward(self, ids, lengths):
        down, order = lengths.sort(0, descending=True)
        packed = pack_padded_sequence(self.embed(ids[order]), down, batch_first=True)
        return self.rnn(packed)[1][-1], order


def train(sentences):
    ids, lengths = make_batch(sentences)
    labels = ids[:, 0] % 32
    scores, order = Classifier()(ids, lengths)
    F.cross_entropy(scores, labels[order]).backward()


# case: refused, a list packed without a sort
class Listed(Encoder):
    def forward(self, rows):
        packed = pack_sequence([self.embed(row) for row in rows], enforce_sorted=False)
        return self.rnn(packed)[1][-1]


def train(sentences):
    return Listed()([torch.tensor(ids) for ids in sentences])


# case: refused, the data set is sorted once and read in order
class Classifier(Encoder):
    def forward(self, ids, lengths):
        return self.rnn(pack_padded_sequence(self.embed(ids), lengths, batch_first=True))[1][-1]


def train(sentences):
    model = Classifier()
    sentences = sorted(sentences, key=len, reverse=True)
    for start in range(0, len(sentences), 4):
        model(*make_batch(sentences[start : start + 4])).sum().backward()


# case: refused, the torchtext iterator sorts
class SentimentModel(nn.Module):
    def __init__(self, vocabulary):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, 16, padding_idx=1)
        self.rnn = nn.GRU(16, 32)

    def forward(self, text, lengths):
        return self.rnn(pack_padded_sequence(self.embed(text), lengths))[1][-1]


# file: main.py
from torchtext.data import BucketIterator, Field, LabelField, TabularDataset

from model import SentimentModel

TEXT = Field(include_lengths=True)
LABEL = LabelField()


def main(path):
    dataset = TabularDataset(path, "csv", [("text", TEXT), ("label", LABEL)])
    model = SentimentModel(len(TEXT.vocab))
    for batch in BucketIterator(dataset, 32, sort_key=lambda example: len(example.text), sort_within_batch=True):
        text, lengths = batch.text
        model(text, lengths).sum().backward()


# case: refused, only the longest rows are taken
class Longest(Encoder):
    def forward(self, ids, lengths):
        longest = lengths.argsort(descending=True)[:4]
        packed = pack_padded_sequence(self.embed(ids[longest]), lengths[longest], batch_first=True)
        return self.rnn(packed)[1][-1].mean(0)


def train(sentences):
    return Longest()(*make_batch(sentences))


# case: refused, rows put in another order after a pack that did not ask for one
class Reordered(Encoder):
    def forward(self, ids, lengths, places):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        return self.rnn(packed)[1][-1].index_select(0, places)


def train(sentences):
    ids, lengths = make_batch(sentences)
    return Reordered()(ids, lengths, torch.randperm(len(ids)))
