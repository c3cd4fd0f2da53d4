"""PCK201 unsorted-lengths: `enforce_sorted` left on, and nothing sorts by decreasing length on the way to the pack."""

import numpy as np
import torch
from torch import nn
from torch.nn.utils import rnn as rnn_utils
from torch.nn.utils.rnn import pack_padded_sequence, pack_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader, SequentialSampler, TensorDataset


# case: the collate function pads in the order that comes
class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16, padding_idx=0)
        self.lstm = nn.LSTM(16, 32, batch_first=True)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True)  # PCK201
        _, (h_n, _) = self.lstm(packed)
        return h_n[-1]


# file: train.py
import torch
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

from model import Tagger


def collate(batch):
    lengths = [len(ids) for ids in batch]
    return pad_sequence([torch.tensor(ids) for ids in batch], batch_first=True), lengths


def train(sentences):
    model = Tagger()
    for ids, lengths in DataLoader(sentences, batch_size=4, shuffle=True, collate_fn=collate):
        model(ids, lengths).sum().backward()


# case: rows filled by hand, time first, enforce_sorted written out
class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.gru = nn.GRU(16, 32)

    def forward(self, ids, lengths):
        embedded = self.embed(ids.t())
        packed = rnn_utils.pack_padded_sequence(embedded, lengths, enforce_sorted=True)  # PCK201
        _, h_n = self.gru(packed)
        return h_n[-1]


def make_batch(sentences):
    lengths = torch.tensor([len(ids) for ids in sentences])
    batch = torch.zeros(len(sentences), int(lengths.max()), dtype=torch.long)
    for row, ids in enumerate(sentences):
        batch[row, : len(ids)] = torch.tensor(ids)
    return batch, lengths


def train(sentences):
    encoder = Encoder()
    for start in range(0, len(sentences), 4):
        ids, lengths = make_batch(sentences[start : start + 4])
        encoder(ids, lengths).mean().backward()


# case: sorted from the shortest to the longest
class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.rnn = nn.GRU(16, 32, batch_first=True)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True)  # PCK201
        return self.rnn(packed)[1][-1]


# file: data.py
import torch
from torch.nn.utils.rnn import pad_sequence


def collate(batch):
    batch = sorted(batch, key=lambda ids: len(ids))
    lengths = torch.tensor([len(ids) for ids in batch])
    return pad_sequence([torch.tensor(ids) for ids in batch], batch_first=True), lengths


# file: train.py
from torch.utils.data import DataLoader

from data import collate
from model import Classifier


def train(sentences):
    model = Classifier()
    for ids, lengths in DataLoader(sentences, batch_size=4, shuffle=True, collate_fn=collate):
        model(ids, lengths).sum().backward()


# case: the lengths are sorted in forward, but upwards
class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.rnn = nn.GRU(16, 32, batch_first=True)

    def forward(self, ids, lengths):
        lengths, order = lengths.sort(0)
        packed = pack_padded_sequence(self.embed(ids[order]), lengths, batch_first=True)  # PCK201
        _, h_n = self.rnn(packed)
        return h_n[-1][order.argsort()]


def collate(batch):
    lengths = torch.tensor([len(ids) for ids in batch])
    return pad_sequence([torch.tensor(ids) for ids in batch], batch_first=True), lengths


def train(sentences):
    model = Classifier()
    for ids, lengths in DataLoader(sentences, batch_size=4, collate_fn=collate):
        model(ids, lengths).sum().backward()


# case: only the sources are sorted, the targets go with them
class Translator(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.source_rnn = nn.GRU(16, 32, batch_first=True)
        self.target_rnn = nn.GRU(16, 32, batch_first=True)

    def forward(self, source, source_lengths, target, target_lengths):
        packed_source = pack_padded_sequence(self.embed(source), source_lengths, batch_first=True)
        packed_target = pack_padded_sequence(self.embed(target), target_lengths, batch_first=True)  # PCK201
        _, source_state = self.source_rnn(packed_source)
        _, target_state = self.target_rnn(packed_target)
        return source_state[-1] * target_state[-1]


def collate(pairs):
    pairs.sort(key=lambda pair: len(pair[0]), reverse=True)
    sources = [torch.tensor(source) for source, _ in pairs]
    targets = [torch.tensor(target) for _, target in pairs]
    source_lengths, target_lengths = [len(s) for s in sources], [len(t) for t in targets]
    return pad_sequence(sources, True), source_lengths, pad_sequence(targets, True), target_lengths


def train(sentences):
    model = Translator()
    pairs = list(zip(sentences, reversed(sentences)))
    for source, source_lengths, target, target_lengths in DataLoader(pairs, batch_size=4, collate_fn=collate):
        model(source, source_lengths, target, target_lengths).sum().backward()


# case: the whole data set is sorted, and then shuffled by the loader
class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.rnn = nn.LSTM(16, 32, batch_first=True)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True)  # PCK201
        return self.rnn(packed)[1][0][-1]


def collate(batch):
    lengths = [len(ids) for ids in batch]
    return pad_sequence([torch.tensor(ids) for ids in batch], batch_first=True), lengths


def train(sentences):
    sentences = sorted(sentences, key=len, reverse=True)
    encoder = Encoder()
    for ids, lengths in DataLoader(sentences, batch_size=4, shuffle=True, collate_fn=collate):
        encoder(ids, lengths).sum().backward()


# case: a torchtext iterator that has a sort key and does not sort inside the batch
class SentimentModel(nn.Module):
    def __init__(self, vocabulary):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, 16, padding_idx=1)
        self.lstm = nn.LSTM(16, 32)

    def forward(self, text, lengths):
        packed = nn.utils.rnn.pack_padded_sequence(self.embed(text), lengths)  # PCK201
        _, (h_n, _) = self.lstm(packed)
        return h_n[-1]


# file: main.py
from torchtext.data import BucketIterator, Field, LabelField, TabularDataset

from model import SentimentModel

TEXT = Field(include_lengths=True)
LABEL = LabelField()


def main(path):
    dataset = TabularDataset(path, "csv", [("text", TEXT), ("label", LABEL)])
    iterator = BucketIterator(dataset, 32, sort_key=lambda example: len(example.text), sort_within_batch=False)
    model = SentimentModel(len(TEXT.vocab))
    for batch in iterator:
        text, lengths = batch.text
        model(text, lengths).sum().backward()


# case: the lengths reach the pack through a wrapper in another file
# file: layers.py
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence as pack
from torch.nn.utils.rnn import pad_packed_sequence as unpack


class PackedLSTM(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.rnn = nn.LSTM(features, hidden, batch_first=True, bidirectional=True)

    def forward(self, x, n):
        y, _ = self.rnn(pack(x, n, batch_first=True))  # PCK201
        return unpack(y, batch_first=True, total_length=x.size(1))[0]


# file: tagger.py
from torch import nn

from layers import PackedLSTM


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16, padding_idx=0)
        self.encode = PackedLSTM(16, 32)
        self.out = nn.Linear(64, 5)

    def forward(self, ids, lengths):
        return self.out(self.encode(self.embed(ids), lengths))


# file: train.py
import torch
from torch.nn.utils.rnn import pad_sequence

from tagger import Tagger


def train(sentences):
    tagger = Tagger()
    for start in range(0, len(sentences), 4):
        rows = [torch.tensor(ids) for ids in sentences[start : start + 4]]
        ids = pad_sequence(rows, batch_first=True)
        tagger(ids, [len(row) for row in rows]).sum().backward()


# case: a Lightning module whose loader pads in arrival order
# file: lit.py
import lightning.pytorch as pl
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader


class LitClassifier(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.lstm = nn.LSTM(16, 32, batch_first=True)
        self.out = nn.Linear(32, 2)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True)  # PCK201
        _, (h_n, _) = self.lstm(packed)
        return self.out(h_n[-1])

    def training_step(self, batch, batch_index):
        ids, lengths, labels = batch
        return nn.functional.cross_entropy(self(ids, lengths), labels)


def collate(items):
    rows, labels = zip(*items)
    lengths = [len(row) for row in rows]
    return pad_sequence([torch.tensor(row) for row in rows], batch_first=True), lengths, torch.tensor(labels)


def main(items):
    trainer = pl.Trainer(max_epochs=1)
    trainer.fit(LitClassifier(), DataLoader(items, batch_size=4, shuffle=True, collate_fn=collate))


# case: literal lengths out of order
def demo():
    rows = [torch.randn(2, 8), torch.randn(5, 8), torch.randn(3, 8)]
    padded = pad_sequence(rows, batch_first=True)
    packed = pack_padded_sequence(padded, [2, 5, 3], batch_first=True)  # PCK201
    outputs, _ = nn.GRU(8, 4, batch_first=True)(packed)
    return pad_packed_sequence(outputs, batch_first=True)[0]


# case: pack_sequence on a list in arrival order
class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(8, 16)

    def forward(self, packed):
        return self.rnn(packed)[1][-1]


def encode(encoder, embed, sentences):
    rows = [embed(torch.tensor(ids)) for ids in sentences]
    return encoder(pack_sequence(rows))  # PCK201


def train(sentences):
    encoder, embed = Encoder(), nn.Embedding(100, 8)
    for start in range(0, len(sentences), 4):
        encode(encoder, embed, sentences[start : start + 4]).sum().backward()


# case: what is sorted are scores, not lengths
class Reranker(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.rnn = nn.GRU(16, 32, batch_first=True)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True)  # PCK201
        return self.rnn(packed)[1][-1].sum(-1)


def rank(model, sentences, scores):
    _, order = torch.sort(scores, descending=True)
    best = [sentences[i] for i in order.tolist()]
    lengths = [len(ids) for ids in best]
    ids = pad_sequence([torch.tensor(ids) for ids in best], batch_first=True)
    return model(ids, lengths)


def train(sentences):
    return rank(Reranker(), sentences, torch.rand(len(sentences)))


# case: refused, the collate function sorts the list in place
class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16, padding_idx=0)
        self.lstm = nn.LSTM(16, 32, batch_first=True)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True)
        _, (h_n, _) = self.lstm(packed)
        return h_n[-1]


# file: train.py
import torch
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

from model import Tagger


def collate(batch):
    batch.sort(key=lambda item: len(item[0]), reverse=True)
    rows, labels = zip(*batch)
    lengths = [len(ids) for ids in rows]
    return pad_sequence([torch.tensor(ids) for ids in rows], batch_first=True), lengths, torch.tensor(labels)


def train(sentences):
    model = Tagger()
    items = [(ids, len(ids) % 2) for ids in sentences]
    for ids, lengths, labels in DataLoader(items, batch_size=4, shuffle=True, collate_fn=collate):
        nn_loss = model(ids, lengths)[:, 0] - labels
        nn_loss.sum().backward()


# case: refused, sorted by minus the length in the dataset's own collate method
class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.rnn = nn.GRU(16, 32, batch_first=True)

    def forward(self, ids, lengths):
        return self.rnn(pack_padded_sequence(self.embed(ids), lengths, batch_first=True))[1][-1]


# file: data.py
import torch
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import Dataset


class Sentences(Dataset):
    def __init__(self, sentences):
        self.sentences = sentences

    def __len__(self):
        return len(self.sentences)

    def __getitem__(self, index):
        return torch.tensor(self.sentences[index])

    @staticmethod
    def collate(rows):
        rows = sorted(rows, key=lambda row: -len(row))
        return pad_sequence(rows, batch_first=True), [len(row) for row in rows]


# file: train.py
from torch.utils.data import DataLoader

from data import Sentences
from model import Encoder


def train(sentences):
    encoder, dataset = Encoder(), Sentences(sentences)
    for ids, lengths in DataLoader(dataset, batch_size=4, shuffle=True, collate_fn=dataset.collate):
        encoder(ids, lengths).sum().backward()


# case: refused, sorted and put back in forward
class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.rnn = nn.GRU(16, 32, batch_first=True)

    def forward(self, ids, lengths):
        sorted_lengths, order = torch.sort(lengths, descending=True)
        packed = pack_padded_sequence(self.embed(ids[order]), sorted_lengths, batch_first=True)
        _, h_n = self.rnn(packed)
        _, back = torch.sort(order)
        return h_n[-1][back]


def collate(batch):
    lengths = torch.tensor([len(ids) for ids in batch])
    return pad_sequence([torch.tensor(ids) for ids in batch], batch_first=True), lengths


def train(sentences):
    model = Classifier()
    for ids, lengths in DataLoader(sentences, batch_size=4, collate_fn=collate):
        model(ids, lengths).sum().backward()


# case: refused, sorted by position arguments in the training loop
class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.rnn = nn.GRU(16, 32, batch_first=True)

    def forward(self, ids, lengths):
        return self.rnn(pack_padded_sequence(self.embed(ids), lengths, batch_first=True))[1][-1]


# file: train.py
import torch
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

from model import Classifier


def collate(batch):
    lengths = torch.tensor([len(ids) for ids in batch])
    labels = torch.tensor([ids[0] % 2 for ids in batch])
    return pad_sequence([torch.tensor(ids) for ids in batch], batch_first=True), lengths, labels


def train(sentences):
    model = Classifier()
    for ids, lengths, labels in DataLoader(sentences, batch_size=4, shuffle=True, collate_fn=collate):
        lengths, order = lengths.sort(0, True)
        ids, labels = ids[order], labels[order]
        torch.nn.functional.cross_entropy(model(ids, lengths), labels).backward()


# case: refused, a helper module sorts by argsort
from helpers import sort_batch


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.rnn = nn.LSTM(16, 32, batch_first=True)

    def forward(self, ids, lengths):
        ids, lengths, back = sort_batch(ids, lengths)
        _, (h_n, _) = self.rnn(pack_padded_sequence(self.embed(ids), lengths, batch_first=True))
        return h_n[-1].index_select(0, back)


# file: helpers.py
def sort_batch(rows, lengths):
    order = lengths.argsort(descending=True)
    return rows[order], lengths[order], order.argsort()


# file: train.py
import torch
from torch.nn.utils.rnn import pad_sequence

from model import Encoder


def train(sentences):
    encoder = Encoder()
    for start in range(0, len(sentences), 4):
        rows = [torch.tensor(ids) for ids in sentences[start : start + 4]]
        lengths = torch.tensor([len(row) for row in rows])
        encoder(pad_sequence(rows, batch_first=True), lengths).sum().backward()


# case: refused, NumPy argsort of the negated lengths in the batch maker
class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.rnn = nn.GRU(16, 32)

    def forward(self, ids, lengths):
        return self.rnn(pack_padded_sequence(self.embed(ids), lengths))[1][-1]


def make_batch(sentences):
    lengths = np.array([len(ids) for ids in sentences])
    order = np.argsort(-lengths)
    lengths = lengths[order]
    batch = np.zeros((lengths[0], len(sentences)), dtype=np.int64)
    for column, index in enumerate(order):
        batch[: lengths[column], column] = sentences[index]
    return torch.from_numpy(batch), lengths


def train(sentences):
    encoder = Encoder()
    for start in range(0, len(sentences), 4):
        ids, lengths = make_batch(sentences[start : start + 4])
        encoder(ids, lengths).sum().backward()


# case: refused, an ascending NumPy sort turned round
class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.rnn = nn.GRU(16, 32)

    def forward(self, ids, lengths):
        lengths_down = np.sort(lengths)[::-1].copy()
        order = np.argsort(-lengths)
        back = torch.from_numpy(np.argsort(order))
        embedded = self.embed(ids).index_select(1, torch.from_numpy(order))
        _, h_n = self.rnn(pack_padded_sequence(embedded, lengths_down))
        return h_n[-1].index_select(0, back)


def train(sentences):
    encoder = Encoder()
    for start in range(0, len(sentences), 4):
        rows = [torch.tensor(ids) for ids in sentences[start : start + 4]]
        encoder(pad_sequence(rows), np.array([len(row) for row in rows])).sum().backward()


# case: refused, topk over all lengths is a sort
class SessionModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.rnn = nn.GRU(16, 32, batch_first=True)

    def forward(self, items, lengths):
        down, order = torch.topk(lengths, k=len(lengths))
        packed = pack_padded_sequence(self.embed(items).index_select(0, order), down, batch_first=True)
        _, h_n = self.rnn(packed)
        back = torch.topk(order, k=len(order), largest=False)[1]
        return h_n[-1].index_select(0, back)


def train(sentences):
    model = SessionModel()
    for start in range(0, len(sentences), 4):
        rows = [torch.tensor(ids) for ids in sentences[start : start + 4]]
        model(pad_sequence(rows, batch_first=True), torch.tensor([len(row) for row in rows])).sum().backward()


# case: refused, the negated lengths are sorted
class AspectModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.rnn = nn.GRU(16, 32, batch_first=True)

    def forward(self, ids, lengths):
        order = torch.sort(-lengths)[1]
        back = torch.sort(order)[1]
        packed = pack_padded_sequence(self.embed(ids)[order], lengths[order], batch_first=True)
        return self.rnn(packed)[1][-1][back]


def train(sentences):
    model = AspectModel()
    for start in range(0, len(sentences), 4):
        rows = [torch.tensor(ids) for ids in sentences[start : start + 4]]
        model(pad_sequence(rows, batch_first=True), torch.tensor([len(row) for row in rows])).sum().backward()


# case: refused, sorted upwards and then read backwards
class SentenceModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.rnn = nn.GRU(16, 32, batch_first=True)

    def forward(self, ids, lengths):
        upwards, order = torch.sort(lengths)
        downwards, order = torch.flip(upwards, [0]), torch.flip(order, [0])
        packed = pack_padded_sequence(self.embed(ids[order]), downwards, batch_first=True)
        return self.rnn(packed)[1][-1][torch.argsort(order)]


def train(sentences):
    model = SentenceModel()
    for start in range(0, len(sentences), 4):
        rows = [torch.tensor(ids) for ids in sentences[start : start + 4]]
        model(pad_sequence(rows, batch_first=True), torch.tensor([len(row) for row in rows])).sum().backward()


# case: refused, the torchtext iterator sorts inside the batch
class SentimentModel(nn.Module):
    def __init__(self, vocabulary):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, 16, padding_idx=1)
        self.lstm = nn.LSTM(16, 32)

    def forward(self, text, lengths):
        packed = nn.utils.rnn.pack_padded_sequence(self.embed(text), lengths)
        _, (h_n, _) = self.lstm(packed)
        return h_n[-1]


# file: main.py
from torchtext.data import BucketIterator, Field, LabelField, TabularDataset

from model import SentimentModel

TEXT = Field(include_lengths=True)
LABEL = LabelField()


def main(path):
    dataset = TabularDataset(path, "csv", [("text", TEXT), ("label", LABEL)])
    iterator = BucketIterator(dataset, 32, sort_key=lambda example: len(example.text), sort_within_batch=True)
    model = SentimentModel(len(TEXT.vocab))
    for batch in iterator:
        text, lengths = batch.text
        model(text, lengths).sum().backward()


# case: refused, enforce_sorted is off
class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16, padding_idx=0)
        self.lstm = nn.LSTM(16, 32, batch_first=True)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        _, (h_n, _) = self.lstm(packed)
        return h_n[-1]


def train(sentences):
    tagger = Tagger()
    for start in range(0, len(sentences), 4):
        rows = [torch.tensor(ids) for ids in sentences[start : start + 4]]
        tagger(pad_sequence(rows, batch_first=True), [len(row) for row in rows]).sum().backward()


# case: refused, enforce_sorted is off by position
def encode(layer, rows):
    lengths = [len(row) for row in rows]
    packed = pack_padded_sequence(pad_sequence(rows, batch_first=True), lengths, True, False)
    return layer(packed)[1]


def train(sentences):
    layer, embed = nn.GRU(16, 32), nn.Embedding(100, 16)
    return encode(layer, [embed(torch.tensor(ids)) for ids in sentences])[-1]


# case: refused, a library module without a caller
class Encoder(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.rnn = nn.LSTM(features, hidden, batch_first=True, bidirectional=True)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths, batch_first=True)
        outputs, _ = self.rnn(packed)
        return pad_packed_sequence(outputs, batch_first=True, total_length=x.size(1))[0]


# case: refused, the docstring asks for sorted input
class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.rnn = nn.GRU(16, 32, batch_first=True)

    def forward(self, ids, lengths):
        """Encode sentences.

        The sentences must be sorted by decreasing length.
        """
        return self.rnn(pack_padded_sequence(self.embed(ids), lengths, batch_first=True))[1][-1]


# file: run.py
from model import Encoder


def run(loader):
    encoder = Encoder()
    return [encoder(ids, lengths) for ids, lengths in loader]


# case: refused, a batch of one is always sorted
class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.rnn = nn.GRU(16, 32, batch_first=True)

    def forward(self, ids, lengths):
        return self.rnn(pack_padded_sequence(self.embed(ids), lengths, batch_first=True))[1][-1]


def train(sentences):
    encoder = Encoder()
    return [encoder(torch.tensor(ids).unsqueeze(0), [len(ids)]) for ids in sentences]


# case: refused, packed again with the lengths that unpacking gave
class Stack(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.GRU(16, 16, batch_first=True)
        self.second = nn.GRU(16, 16, batch_first=True)
        self.norm = nn.LayerNorm(16)

    def forward(self, x, lengths):
        packed, _ = self.first(pack_padded_sequence(x, lengths, batch_first=True))
        between, lengths = pad_packed_sequence(packed, batch_first=True)
        packed = pack_padded_sequence(self.norm(between), lengths, batch_first=True)
        return self.second(packed)[1][-1]


def train(sentences):
    embed, stack = nn.Embedding(100, 16), Stack()
    for start in range(0, len(sentences), 4):
        rows = sorted(sentences[start : start + 4], key=len, reverse=True)
        padded = pad_sequence([embed(torch.tensor(ids)) for ids in rows], batch_first=True)
        stack(padded, [len(ids) for ids in rows]).sum().backward()


# case: refused, all lengths are the same
class Windows(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(1, 8, batch_first=True)

    def forward(self, x, lengths):
        return self.rnn(pack_padded_sequence(x, lengths, batch_first=True))[1][-1]


def train(series, width=12):
    windows = torch.stack([series[start : start + width] for start in range(len(series) - width)])
    lengths = [width] * len(windows)
    return Windows()(windows.unsqueeze(-1), lengths)


# case: refused, a data set sorted once and read in order
class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.rnn = nn.LSTM(16, 32, batch_first=True)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True)
        return self.rnn(packed)[1][0][-1]


def collate(batch):
    lengths = [len(ids) for ids in batch]
    return pad_sequence([torch.tensor(ids) for ids in batch], batch_first=True), lengths


def train(sentences):
    sentences = sorted(sentences, key=len, reverse=True)
    encoder = Encoder()
    loader = DataLoader(sentences, batch_size=4, sampler=SequentialSampler(sentences), collate_fn=collate)
    for ids, lengths in loader:
        encoder(ids, lengths).sum().backward()


# case: refused, an own function of that name takes lengths in any order
# file: packing.py
from torch.nn.utils import rnn


def pack_padded_sequence(inputs, shares):
    lengths = (shares * inputs.size(1)).round().long().cpu()
    return rnn.pack_padded_sequence(inputs, lengths, batch_first=True, enforce_sorted=False)


# file: encoder.py
from torch import nn

from packing import pack_padded_sequence


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(16, 32, batch_first=True)

    def forward(self, x, shares):
        return self.rnn(pack_padded_sequence(x, shares))[1][-1]


# file: train.py
import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence

from encoder import Encoder


def train(sentences):
    embed, encoder = nn.Embedding(100, 16), Encoder()
    ids = pad_sequence([torch.tensor(ids) for ids in sentences], batch_first=True)
    shares = torch.tensor([len(ids) for ids in sentences]) / ids.size(1)
    return encoder(embed(ids), shares)


# case: refused, sorted under the same switch as the packing
class Captioner(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.rnn = nn.GRU(16, 32, batch_first=True)

    def forward(self, packed):
        data = self.embed(packed.data)
        return self.rnn(rnn_utils.PackedSequence(data, packed.batch_sizes))[1][-1]


def make_collate(sort=False, pack=True):
    def collate(captions):
        if sort or pack:
            captions.sort(key=lambda caption: len(caption), reverse=True)
        lengths = [len(caption) for caption in captions]
        batch = pad_sequence([torch.tensor(caption) for caption in captions], batch_first=True)
        if pack:
            batch = pack_padded_sequence(batch, lengths, batch_first=True)
        return batch

    return collate


def train(sentences):
    captioner = Captioner()
    for batch in DataLoader(sentences, batch_size=4, shuffle=True, collate_fn=make_collate()):
        captioner(batch).sum().backward()


# case: refused, the model sorts its sentences before it makes the batch
class SequenceTagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.rnn = nn.LSTM(16, 32, batch_first=True)
        self.out = nn.Linear(32, 2)

    def loss(self, sentences):
        sentences.sort(key=len, reverse=True)
        labels = torch.tensor([ids[0] % 2 for ids in sentences])
        return nn.functional.cross_entropy(self.score(sentences), labels)

    def score(self, sentences):
        lengths = [len(ids) for ids in sentences]
        padded = pad_sequence([self.embed(torch.tensor(ids)) for ids in sentences], batch_first=True)
        _, (h_n, _) = self.rnn(pack_padded_sequence(padded, lengths, batch_first=True))
        return self.out(h_n[-1])


def train(sentences):
    tagger = SequenceTagger()
    for start in range(0, len(sentences), 4):
        tagger.loss(sentences[start : start + 4]).backward()


# case: refused, a loader class of its own sorts every batch with a helper
class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.rnn = nn.GRU(16, 32, batch_first=True)

    def forward(self, ids, lengths):
        return self.rnn(pack_padded_sequence(self.embed(ids), lengths, batch_first=True))[1][-1]


# file: loader.py
import torch
from torch.nn.utils.rnn import pad_sequence


def sort_all(fields, lengths):
    order = sorted(range(len(lengths)), key=lambda i: lengths[i], reverse=True)
    return [[field[i] for i in order] for field in fields]


class Batches:
    def __init__(self, sentences, size):
        self.chunks = [sentences[start : start + size] for start in range(0, len(sentences), size)]

    def __len__(self):
        return len(self.chunks)

    def __getitem__(self, index):
        chunk = self.chunks[index]
        (chunk,) = sort_all([chunk], [len(ids) for ids in chunk])
        return pad_sequence([torch.tensor(ids) for ids in chunk], batch_first=True), [len(ids) for ids in chunk]


# file: train.py
from loader import Batches
from model import Encoder


def train(sentences):
    encoder, batches = Encoder(), Batches(sentences, 4)
    for index in range(len(batches)):
        ids, lengths = batches[index]
        encoder(ids, lengths).sum().backward()


# case: refused, a sampler that buckets upwards and a forward that sorts downwards
class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.rnn = nn.GRU(16, 32, batch_first=True)

    def forward(self, ids, mask):
        lengths = mask.eq(0).long().sum(1)
        _, order = torch.sort(lengths, dim=0, descending=True)
        _, back = torch.sort(order, dim=0)
        packed = pack_padded_sequence(self.embed(ids.index_select(0, order)), lengths[order], batch_first=True)
        return self.rnn(packed)[1][-1].index_select(0, back)


def train(sentences):
    reader = Reader()
    sentences = sorted(sentences, key=len)
    for start in range(0, len(sentences), 4):
        ids = pad_sequence([torch.tensor(ids) for ids in sentences[start : start + 4]], batch_first=True)
        reader(ids, ids.eq(0)).sum().backward()


# case: refused, a loop puts every entry of the batch in the order of the lengths
class Rows:
    def __init__(self, rows):
        self.rows = rows

    def __getitem__(self, index):
        row = self.rows[index]
        vector = np.zeros(40, dtype=np.int64)
        vector[: len(row)] = row
        return {"ids": vector, "sizes": len(row)}


def batches(rows):
    for batch in DataLoader(Rows(rows), batch_size=16, shuffle=True):
        order = batch["sizes"].numpy().argsort()[::-1].tolist()
        ordered = {}
        for name, tensor in batch.items():
            ordered[name] = batch[name][order]
        yield ordered


class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.rnn = nn.GRU(16, 32, batch_first=True)

    def forward(self, ids, sizes):
        packed = pack_padded_sequence(self.embed(ids), sizes.numpy(), batch_first=True)
        return self.rnn(packed)[1][-1]


model = Reader()
for batch in batches(torch.load("rows.pt")):
    print(model(batch["ids"], batch["sizes"]))


# case: a loop moves every entry of the batch, and orders none
class Rows:
    def __init__(self, rows):
        self.rows = rows

    def __getitem__(self, index):
        row = self.rows[index]
        vector = np.zeros(40, dtype=np.int64)
        vector[: len(row)] = row
        return {"ids": vector, "sizes": len(row)}


def batches(rows):
    for batch in DataLoader(Rows(rows), batch_size=16, shuffle=True):
        for name in batch:
            batch[name] = batch[name].contiguous()
        yield batch


class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.rnn = nn.GRU(16, 32, batch_first=True)

    def forward(self, ids, sizes):
        packed = pack_padded_sequence(self.embed(ids), sizes.numpy(), batch_first=True)  # PCK201
        return self.rnn(packed)[1][-1]


model = Reader()
for batch in batches(torch.load("rows.pt")):
    print(model(batch["ids"], batch["sizes"]))


# case: layers, packing and loaders by star imports
# file: reader.py
import torch
from torch.nn import *
from torch.nn.utils.rnn import *
from torch.utils.data import *


def to_batch(samples):
    rows = [torch.LongTensor(sample) for sample in samples]
    return pad_sequence(rows, batch_first=True), torch.tensor([len(row) for row in rows])


class Reader(Module):
    def __init__(self):
        super().__init__()
        self.embed = Embedding(100, 16)
        self.rnn = GRU(16, 32, batch_first=True)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True)  # PCK201
        return self.rnn(packed)[1][-1]


def train(rows):
    model = Reader()
    for ids, lengths in DataLoader(rows, batch_size=4, collate_fn=to_batch):
        model(ids, lengths).sum().backward()


# case: refused, the star import of a module of the project has another function of that name
# file: packing.py
from torch.nn.utils import rnn


def pack_padded_sequence(rows, lengths, batch_first=False):
    return rnn.pack_padded_sequence(rows, lengths, batch_first=batch_first, enforce_sorted=False)


# file: reader.py
import torch
from torch.nn import *
from packing import *
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader


def to_batch(samples):
    rows = [torch.LongTensor(sample) for sample in samples]
    return pad_sequence(rows, batch_first=True), torch.tensor([len(row) for row in rows])


class Reader(Module):
    def __init__(self):
        super().__init__()
        self.embed = Embedding(100, 16)
        self.rnn = GRU(16, 32, batch_first=True)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True)
        return self.rnn(packed)[1][-1]


def train(rows):
    model = Reader()
    for ids, lengths in DataLoader(rows, batch_size=4, collate_fn=to_batch):
        model(ids, lengths).sum().backward()
# case: refused, whoever reads the data sorts it, in a file of its own
class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.gru = nn.GRU(16, 32)

    def forward(self, ids, lengths):
        packed = rnn_utils.pack_padded_sequence(self.embed(ids.t()), lengths)
        return self.gru(packed)[1][-1]


def step(encoder, sentences):
    lengths = torch.tensor([len(ids) for ids in sentences])
    return encoder(pad_sequence([torch.tensor(ids) for ids in sentences], batch_first=True), lengths)


# file: reading.py
def read(path):
    with open(path) as lines:
        return sorted(([int(word) for word in line.split()] for line in lines), key=len, reverse=True)


# case: refused, pack_sequence on a list that was sorted
class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(8, 16)

    def forward(self, packed):
        return self.rnn(packed)[1][-1]


def encode(encoder, embed, sentences):
    longest_first = sorted(sentences, key=len, reverse=True)
    return encoder(pack_sequence([embed(torch.tensor(ids)) for ids in longest_first]))


def train(sentences):
    encoder, embed = Encoder(), nn.Embedding(100, 8)
    for start in range(0, len(sentences), 4):
        encode(encoder, embed, sentences[start : start + 4]).sum().backward()


# case: refused, what is sorted has a name that does not tell
class Ranker(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.rnn = nn.GRU(16, 32, batch_first=True)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True)
        return self.rnn(packed)[1][-1].sum(-1)


def rank(model, sentences, counts):
    _, order = torch.sort(counts, descending=True)
    chosen = [sentences[i] for i in order.tolist()]
    lengths = [len(ids) for ids in chosen]
    return model(pad_sequence([torch.tensor(ids) for ids in chosen], batch_first=True), lengths)


# case: what is sorted by length is the vocabulary
class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.rnn = nn.GRU(16, 32, batch_first=True)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True)  # PCK201
        return self.rnn(packed)[1][-1]


def collate(rows):
    return pad_sequence([torch.tensor(row) for row in rows], batch_first=True), [len(row) for row in rows]


def train(words, sentences):
    vocabulary = {word: at for at, word in enumerate(sorted(words, key=len, reverse=True))}
    encoder = Encoder()
    items = [[vocabulary[word] for word in sentence] for sentence in sentences]
    for ids, lengths in DataLoader(items, batch_size=4, collate_fn=collate):
        encoder(ids, lengths).mean().backward()


# case: refused, sorted where the batch is not sorted yet
class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.rnn = nn.GRU(16, 32, batch_first=True)

    def forward(self, ids, lengths):
        falling = bool((lengths[:-1] >= lengths[1:]).all())
        if not falling:
            lengths, order = lengths.sort(descending=True)
            ids = ids[order]
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True)
        state = self.rnn(packed)[1][-1]
        return state if falling else state[order.argsort()]


def collate(rows):
    lengths = torch.tensor([len(row) for row in rows])
    return pad_sequence([torch.tensor(row) for row in rows], batch_first=True), lengths


def train(sentences):
    encoder = Encoder()
    for ids, lengths in DataLoader(sentences, batch_size=4, collate_fn=collate):
        encoder(ids, lengths).mean().backward()


# case: a model gives back more or less, and the names that take it say which
class Sorting(nn.Module):
    def __init__(self, size, full):
        super().__init__()
        self.full = full
        self.gru = nn.GRU(size, size, batch_first=True)

    def forward(self, steps, lengths):
        lengths, order = lengths.sort(descending=True)
        out, _ = self.gru(pack_padded_sequence(steps[order], lengths.cpu(), batch_first=True))
        out, _ = pad_packed_sequence(out, batch_first=True)
        if self.full:
            return out, steps.size(1), lengths
        return out, lengths


def losses(loader, model):
    for batch in loader:
        lengths = torch.tensor([len(row) for row in batch])
        out, ordered = model(pad_sequence(batch, batch_first=True), lengths)
        yield pack_padded_sequence(out, ordered.tolist(), batch_first=True)


def main(loader, full):
    return list(losses(loader, Sorting(8, full)))


# case: every part of a sorted batch goes to the device, with a function that is mapped over the few of them
def collate(batch):
    lengths = torch.tensor([len(row) for row in batch])
    ordered, order = torch.sort(lengths, descending=True)
    labels = torch.arange(len(batch))
    return pad_sequence(batch, batch_first=True).index_select(0, order), labels, ordered


class Tagger(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.embed = nn.Embedding(100, size)
        self.gru = nn.GRU(size, size, batch_first=True)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True)
        return self.gru(packed)[1]


def train(data, device):
    tagger = Tagger(8).to(device)
    for batch in DataLoader(data, batch_size=8, collate_fn=collate):
        ids, labels, lengths = map(lambda part: part.to(device), batch)
        tagger(ids, lengths)


# case: a base class trains what inherits it, on batches in the order of the data
class Trained(nn.Module):
    def fit(self, inputs, device):
        model = self.train()
        for batch in DataLoader(TensorDataset(inputs), batch_size=8, shuffle=True):
            model(batch[0].to(device).long()).sum().backward()


class Clicks(Trained):
    def __init__(self, size):
        super().__init__()
        self.embed = nn.Embedding(100, size)
        self.gru = nn.GRU(size, size, batch_first=True)

    def forward(self, columns):
        lengths = columns[:, 0]
        packed = pack_padded_sequence(self.embed(columns[:, 1:]), lengths.cpu(), batch_first=True)  # PCK201
        return self.gru(packed)[1]


# case: a base class sorts the batches of what inherits it
class Trained(nn.Module):
    def fit(self, inputs, device):
        model = self.train()
        for batch in DataLoader(TensorDataset(inputs), batch_size=8, shuffle=True):
            columns = batch[0]
            model(columns[columns[:, 0].argsort(descending=True)].to(device)).sum().backward()


class Clicks(Trained):
    def __init__(self, size):
        super().__init__()
        self.embed = nn.Embedding(100, size)
        self.gru = nn.GRU(size, size, batch_first=True)

    def forward(self, columns):
        lengths = columns[:, 0]
        packed = pack_padded_sequence(self.embed(columns[:, 1:]), lengths.cpu(), batch_first=True)
        return self.gru(packed)[1]


# case: rows without a step are left out by a mask, and the others keep their order
def collate(batch):
    lengths = torch.tensor([len(ids) for ids in batch])
    return pad_sequence(batch, batch_first=True), lengths


class Clicks(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.gru = nn.GRU(size, size, batch_first=True)

    def forward(self, x, lengths):
        some = lengths > 0
        packed = pack_padded_sequence(x[some], lengths[some], batch_first=True)  # PCK201
        return self.gru(packed)[1]


def train(data):
    model = Clicks(3)
    for x, lengths in DataLoader(data, batch_size=8, collate_fn=collate):
        model(x, lengths)


# case: sorted rows without a step are left out by a mask
def collate(batch):
    batch.sort(key=len, reverse=True)
    lengths = torch.tensor([len(ids) for ids in batch])
    return pad_sequence(batch, batch_first=True), lengths


class Clicks(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.gru = nn.GRU(size, size, batch_first=True)

    def forward(self, x, lengths):
        some = lengths > 0
        packed = pack_padded_sequence(x[some], lengths[some], batch_first=True)
        return self.gru(packed)[1]


def train(data):
    model = Clicks(3)
    for x, lengths in DataLoader(data, batch_size=8, collate_fn=collate):
        model(x, lengths)


# case: a script packs words that stand in it
words = ["long enough", "tiny", "medium"]
ids = [[ord(letter) for letter in word] for word in words]
lengths = torch.LongTensor(list(map(len, ids)))
rows = pad_sequence([torch.tensor(row) for row in ids], batch_first=True)
packed = pack_padded_sequence(rows, lengths, batch_first=True)  # PCK201


# case: a script packs words that stand in it, the longest first
words = ["long enough", "medium", "tiny"]
ids = [[ord(letter) for letter in word] for word in words]
lengths = torch.LongTensor(list(map(len, ids)))
rows = pad_sequence([torch.tensor(row) for row in ids], batch_first=True)
packed = pack_padded_sequence(rows, lengths, batch_first=True)


# case: the lengths of the words of each sentence, one beside the other
class Speller(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16, padding_idx=0)
        self.lstm = nn.LSTM(16, 32, batch_first=True)

    def forward(self, letters, counts):
        packed = pack_padded_sequence(self.embed(letters), counts, batch_first=True)  # PCK201
        return self.lstm(packed)[1][0][-1]


# file: train.py
import torch
from torch.utils.data import DataLoader

from model import Speller


def collate(sentences):
    counts = [[len(word) for word in sentence] for sentence in sentences]
    counts = torch.LongTensor(counts)
    letters = torch.zeros(len(sentences), counts.size(1), max(map(max, counts))).long()
    for i, sentence in enumerate(sentences):
        for j, word in enumerate(sentence):
            letters[i, j, : len(word)] = torch.LongTensor(word)
    return letters.view(-1, letters.size(-1)), counts.view(-1)


def train(pairs):
    model = Speller()
    for letters, counts in DataLoader(pairs, batch_size=4, collate_fn=collate):
        model(letters, counts).sum().backward()


# case: the lengths of the words of each sentence, sorted once they stand in a row
class Speller(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16, padding_idx=0)
        self.lstm = nn.LSTM(16, 32, batch_first=True)

    def forward(self, letters, counts):
        packed = pack_padded_sequence(self.embed(letters), counts, batch_first=True)
        return self.lstm(packed)[1][0][-1]


# file: train.py
import torch
from torch.utils.data import DataLoader

from model import Speller


def collate(sentences):
    counts = [[len(word) for word in sentence] for sentence in sentences]
    counts = torch.LongTensor(counts)
    letters = torch.zeros(len(sentences), counts.size(1), max(map(max, counts))).long()
    for i, sentence in enumerate(sentences):
        for j, word in enumerate(sentence):
            letters[i, j, : len(word)] = torch.LongTensor(word)
    falling, order = torch.sort(counts.view(-1), descending=True)
    return letters.view(-1, letters.size(-1))[order], falling


def train(pairs):
    model = Speller()
    for letters, counts in DataLoader(pairs, batch_size=4, collate_fn=collate):
        model(letters, counts).sum().backward()


# case: the words of a nested field, in the order of the texts
class Spelling(nn.Module):
    def __init__(self, letters):
        super().__init__()
        self.embed = nn.Embedding(letters, 16, padding_idx=1)
        self.rnn = nn.LSTM(16, 32, batch_first=True)

    def forward(self, letters, counts):
        letters, counts = letters.reshape(-1, letters.size(-1)), counts.reshape(-1)
        packed = pack_padded_sequence(self.embed(letters), counts.cpu(), batch_first=True)  # PCK201
        return self.rnn(packed)[1][0][-1]


# file: main.py
from torchtext.data import Field, Iterator, NestedField

from model import Spelling

LETTERS = NestedField(Field(batch_first=True, tokenize=list), include_lengths=True)


def main(dataset):
    model = Spelling(len(LETTERS.vocab))
    for batch in Iterator(dataset, 32, sort_within_batch=True):
        letters, _, counts = batch.letters
        model(letters, counts).sum().backward()


# case: the words of a nested field, sorted by their lengths
class Spelling(nn.Module):
    def __init__(self, letters):
        super().__init__()
        self.embed = nn.Embedding(letters, 16, padding_idx=1)
        self.rnn = nn.LSTM(16, 32, batch_first=True)

    def forward(self, letters, counts):
        letters, counts = letters.reshape(-1, letters.size(-1)), counts.reshape(-1)
        counts, order = counts.sort(descending=True)
        packed = pack_padded_sequence(self.embed(letters[order]), counts.cpu(), batch_first=True)
        return self.rnn(packed)[1][0][-1][order.argsort()]


# file: main.py
from torchtext.data import Field, Iterator, NestedField

from model import Spelling

LETTERS = NestedField(Field(batch_first=True, tokenize=list), include_lengths=True)


def main(dataset):
    model = Spelling(len(LETTERS.vocab))
    for batch in Iterator(dataset, 32, sort_within_batch=True):
        letters, _, counts = batch.letters
        model(letters, counts).sum().backward()


# case: sorted upwards in the function that packs, whoever calls it
class Words(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.rnn = nn.LSTM(16, 32, bidirectional=True)

    def forward(self, words):
        words = sorted(words, key=lambda word: len(word))
        counts = [len(word) for word in words]
        ids = pad_sequence([torch.tensor(word) for word in words])
        packed = pack_padded_sequence(self.embed(ids), counts)  # PCK201
        return pad_packed_sequence(self.rnn(packed)[0])[0]


# case: sorted upwards, and turned round before it packs
class Words(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.rnn = nn.LSTM(16, 32, bidirectional=True)

    def forward(self, words):
        words = list(reversed(sorted(words, key=lambda word: len(word))))
        counts = [len(word) for word in words]
        ids = pad_sequence([torch.tensor(word) for word in words])
        packed = pack_padded_sequence(self.embed(ids), counts)
        return pad_packed_sequence(self.rnn(packed)[0])[0]


# case: sorted upwards and turned round in place
class Words(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.rnn = nn.LSTM(16, 32, bidirectional=True)

    def forward(self, words):
        words = sorted(words, key=lambda word: len(word))
        words.reverse()
        counts = [len(word) for word in words]
        ids = pad_sequence([torch.tensor(word) for word in words])
        packed = pack_padded_sequence(self.embed(ids), counts)
        return pad_packed_sequence(self.rnn(packed)[0])[0]


# case: sorted one way or the other, as an option says
class Words(nn.Module):
    def __init__(self, falling):
        super().__init__()
        self.falling = falling
        self.embed = nn.Embedding(100, 16)
        self.rnn = nn.LSTM(16, 32, bidirectional=True)

    def forward(self, words, lengths):
        lengths, order = lengths.sort(descending=self.falling)
        packed = pack_padded_sequence(self.embed(words[:, order]), lengths.cpu())
        return pad_packed_sequence(self.rnn(packed)[0])[0][:, order.argsort()]
