"""PCK102: an unpacked padded batch, where the padding is evident elsewhere in the file or the project."""

import random

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from torch.utils.data import DataLoader, Dataset, TensorDataset


# case: an embedding with a pad index, and the final state of one direction
class Encoder(nn.Module):
    def __init__(self, vocab_size, dim, hidden):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.gru = nn.GRU(dim, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, 2)

    def forward(self, ids):
        _, h_n = self.gru(self.embed(ids))  # PCK102
        return self.fc(h_n.squeeze(0))


# case: both directions at every step, the backward one has started in the padding
class Tagger(nn.Module):
    def __init__(self, vocab_size, dim, tags):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.lstm = nn.LSTM(dim, dim // 2, num_layers=2, bidirectional=True, batch_first=True)
        self.fc = nn.Linear(dim, tags)

    def forward(self, ids):
        out, _ = self.lstm(self.embed(ids))  # PCK102
        return self.fc(out)

    def loss(self, ids, tags):
        return F.cross_entropy(self.forward(ids).transpose(1, 2), tags, ignore_index=-100)


# case: list padding in a collate function of another file, the state starts a decoder
class Seq2Seq(nn.Module):
    def __init__(self, source_words, target_words, dim):
        super().__init__()
        self.source = nn.Embedding(source_words, dim)
        self.target = nn.Embedding(target_words, dim)
        self.encoder = nn.LSTM(dim, dim, batch_first=True)
        self.decoder = nn.LSTM(dim, dim, batch_first=True)
        self.out = nn.Linear(dim, target_words)

    def forward(self, source, target):
        _, state = self.encoder(self.source(source))  # PCK102
        out, _ = self.decoder(self.target(target), state)
        return self.out(out)


# file: data.py
import torch

PAD = 0


def collate(batch):
    sources, targets = zip(*batch)
    return pad(sources), pad(targets)


def pad(sentences):
    longest = max(len(s) for s in sentences)
    return torch.tensor([s + [PAD] * (longest - len(s)) for s in sentences])


# file: train.py
import torch
from data import PAD, collate
from model import Seq2Seq
from torch.utils.data import DataLoader


def train(pairs):
    model = Seq2Seq(8000, 8000, 256)
    criterion = torch.nn.CrossEntropyLoss(ignore_index=PAD)
    for source, target in DataLoader(pairs, batch_size=64, collate_fn=collate):
        logits = model(source, target[:, :-1])
        criterion(logits.transpose(1, 2), target[:, 1:]).backward()


# case: torchtext pads to a fixed length, and only the first of the pair is passed on
class LSTMClassifier(nn.Module):
    def __init__(self, vocab_size, dim, hidden):
        super().__init__()
        self.hidden = hidden
        self.embed = nn.Embedding(vocab_size, dim)
        self.lstm = nn.LSTM(dim, hidden)
        self.label = nn.Linear(hidden, 2)

    def forward(self, sentences):
        x = self.embed(sentences).permute(1, 0, 2)
        h_0 = torch.zeros(1, x.size(1), self.hidden)
        c_0 = torch.zeros(1, x.size(1), self.hidden)
        out, (h_n, c_n) = self.lstm(x, (h_0, c_0))  # PCK102
        return self.label(h_n[-1])


# file: load.py
from torchtext import data, datasets


def load():
    text = data.Field(sequential=True, include_lengths=True, batch_first=True, fix_length=200)
    label = data.LabelField()
    train_data, test_data = datasets.IMDB.splits(text, label)
    text.build_vocab(train_data)
    return len(text.vocab), data.BucketIterator(train_data, batch_size=32, sort_key=lambda ex: len(ex.text))


# file: main.py
import torch.nn.functional as F
from load import load
from model import LSTMClassifier

vocab_size, train_iter = load()
model = LSTMClassifier(vocab_size, 300, 256)
for batch in train_iter:
    text = batch.text[0]
    F.cross_entropy(model(text), batch.label).backward()


# case: a dataset pads each item to the same length, the default collate stacks them
class Reviews(Dataset):
    def __init__(self, texts, labels, vocab, max_len=100):
        self.rows = [vocab(text)[:max_len] for text in texts]
        self.labels, self.max_len = labels, max_len

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        ids = list(self.rows[i])
        while len(ids) < self.max_len:
            ids.append(0)
        return torch.tensor(ids), self.labels[i]


class BiRNN(nn.Module):
    def __init__(self, vocab_size, dim, hidden):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.rnn = nn.LSTM(dim, hidden, bidirectional=True, batch_first=True)
        self.fc = nn.Linear(2 * hidden, 2)

    def forward(self, text):
        _, (h_n, _) = self.rnn(self.embed(text))  # PCK102
        return self.fc(torch.cat((h_n[-2], h_n[-1]), dim=1))


def train(texts, labels, vocab):
    model = BiRNN(20000, 100, 128)
    for text, label in DataLoader(Reviews(texts, labels, vocab), batch_size=32, shuffle=True):
        F.cross_entropy(model(text), label).backward()


# case: rows of different length are filled into an array, a table chooses the layer
CELLS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}


class Visits(nn.Module):
    def __init__(self, codes, hidden, cell="gru"):
        super().__init__()
        self.rnn = CELLS[cell](codes, hidden, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(2 * hidden, codes)

    def forward(self, x):
        out, _ = self.rnn(x)  # PCK102
        return self.fc(out)


def matrix(patients, codes):
    longest = max(len(p) for p in patients)
    x = np.zeros((len(patients), longest, codes), dtype=np.float32)
    for i, patient in enumerate(patients):
        x[i, : len(patient)] = patient
    return torch.from_numpy(x)


def main(patients):
    x = matrix(patients, 200)
    loader = DataLoader(TensorDataset(x[:, :-1], x[:, 1:]), batch_size=50)
    model = Visits(200, 64)
    for visits, target in loader:
        F.binary_cross_entropy_with_logits(model(visits), target).backward()


# case: the class of the layer is chosen in a base class of another file
from base import Base


class Encoder(Base):
    def __init__(self, vocab_size, dim, kind="lstm"):
        super().__init__(kind)
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=1)
        self.rnn = self.cell(dim, dim, 2, batch_first=True, bidirectional=True)

    def forward(self, ids):
        out, state = self.rnn(self.embed(ids))  # PCK102
        return out, state


# file: base.py
import torch.nn as nn


class Base(nn.Module):
    def __init__(self, kind):
        super().__init__()
        if kind == "lstm":
            self.cell = nn.LSTM
        elif kind == "gru":
            self.cell = nn.GRU
        else:
            raise ValueError(kind)


# case: a class handed over as an argument, and a subclass that leaves forward alone
class NormalisedGRU(nn.GRU):
    def reset_parameters(self):
        for weight in self.parameters():
            nn.init.uniform_(weight, -0.1, 0.1)


class Pair(nn.Module):
    def __init__(self, vocab_size, dim, cls=nn.LSTM):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.left = cls(dim, dim, bidirectional=True, batch_first=True)
        self.right = NormalisedGRU(dim, dim, batch_first=True)

    def forward(self, a, b):
        a, _ = self.left(self.embed(a))  # PCK102
        _, b = self.right(self.embed(b))  # PCK102
        return a, b[-1]


# case: a tokenizer pads, its mask is never passed
class BiLSTM(nn.Module):
    def __init__(self, vocab_size, dim, hidden):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.layers = nn.ModuleDict({"words": nn.LSTM(dim, hidden, bidirectional=True, batch_first=True)})
        self.fc = nn.Linear(2 * hidden, 9)

    def forward(self, input_ids):
        out, _ = self.layers["words"](self.embed(input_ids))  # PCK102
        return self.fc(out)


# file: data_module.py
import torch
from transformers import AutoTokenizer


class Sentences(torch.utils.data.Dataset):
    def __init__(self, texts):
        self.texts = texts
        self.tokenizer = AutoTokenizer.from_pretrained("bert-base-cased")

    def __len__(self):
        return len(self.texts)

    def __getitem__(self, i):
        enc = self.tokenizer(self.texts[i], padding="max_length", max_length=128, truncation=True, return_tensors="pt")
        return {"input_ids": enc["input_ids"][0], "attention_mask": enc["attention_mask"][0]}


# file: run.py
from data_module import Sentences
from model import BiLSTM
from torch.utils.data import DataLoader


def run(texts):
    model = BiLSTM(30000, 100, 100)
    for batch in DataLoader(Sentences(texts), batch_size=16):
        yield model(batch["input_ids"]).argmax(-1)


# case: the caller's mask goes to the loss and not to the method that runs the layer
class Chunker(nn.Module):
    def __init__(self, vocab_size, dim, tags):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.lstm = nn.LSTM(dim, dim, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(2 * dim, tags)

    def features(self, ids):
        out, _ = self.lstm(self.embed(ids))  # PCK102
        return self.fc(out)

    def forward(self, ids, tags, mask):
        losses = F.cross_entropy(self.features(ids).transpose(1, 2), tags, reduction="none")
        return (losses * mask).sum() / mask.sum()


# case: a Lightning step takes the lengths from the batch and drops them
import pytorch_lightning as pl


class Signals(pl.LightningModule):
    def __init__(self, channels, hidden, classes):
        super().__init__()
        self.rnn = nn.GRU(channels, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, classes)

    def forward(self, x):
        _, h_n = self.rnn(x)  # PCK102
        return self.fc(h_n[0])

    def training_step(self, batch, batch_idx):
        x, y, _ = batch
        return F.cross_entropy(self(x), y)


# file: data.py
import torch
from model import Signals
from pytorch_lightning import Trainer
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader


def collate(batch):
    batch.sort(key=lambda item: len(item[0]), reverse=True)
    x, y = zip(*batch)
    return pad_sequence(x, batch_first=True), torch.tensor(y), torch.tensor([len(s) for s in x])


def main(train_set):
    loader = DataLoader(train_set, batch_size=16, collate_fn=collate)
    Trainer(max_epochs=10).fit(Signals(12, 64, 5), loader)


# case: a second layer of one direction reads the flipped batch
class ByHand(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.backward_rnn = nn.GRU(dim, dim, batch_first=True)

    def forward(self, ids):
        x = self.embed(ids)
        _, h_n = self.backward_rnn(torch.flip(x, [1]))  # PCK102
        return h_n[-1]


# case: items of different length cut from one flat array are no windows
class Indexed(Dataset):
    def __init__(self, flat, index, max_len):
        self.flat, self.index, self.max_len = flat, index, max_len

    def __len__(self):
        return len(self.index)

    def __getitem__(self, i):
        start, count = self.index[i]
        count = min(count, self.max_len)
        row = np.zeros(self.max_len, dtype=np.int64)
        row[:count] = self.flat[start : start + count]
        return row


class Query(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.lstm = nn.LSTM(dim, dim, batch_first=True)

    def forward(self, ids):
        _, (h_n, _) = self.lstm(self.embed(ids))  # PCK102
        return h_n[-1]


def vectors(flat, index):
    model = Query(10000, 64)
    return torch.cat([model(ids) for ids in DataLoader(Indexed(flat, index, 30), batch_size=100)])


# case: the model is chosen by the name of a class in its file
class Small(nn.Module):
    def __init__(self, vocab_size):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, 50)
        self.rnn = nn.GRU(50, 50, batch_first=True)

    def forward(self, ids):
        _, h_n = self.rnn(self.embed(ids))  # PCK102
        return h_n[-1]


# file: loader.py
import torch


class Batches:
    def __init__(self, sentences, size):
        self.sentences, self.size = sentences, size

    def __iter__(self):
        for start in range(0, len(self.sentences), self.size):
            rows = self.sentences[start : start + self.size]
            width = max(map(len, rows))
            ids = torch.zeros(len(rows), width, dtype=torch.long)
            for i, row in enumerate(rows):
                ids[i, : len(row)] = torch.tensor(row)
            yield ids


# file: main.py
import argparse

import model as models
from loader import Batches


def main(sentences):
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", default="Small")
    args = parser.parse_args()
    net = getattr(models, args.model)(5000)
    return [net(ids) for ids in Batches(sentences, 32)]


# case: rows are copied by a helper into slices of an array
def copy(row, target):
    target.copy_(torch.tensor(row))


def collate(rows):
    ids = torch.full((len(rows), max(len(row) for row in rows)), 1)
    for i, row in enumerate(rows):
        copy(row, ids[i][: len(row)])
    return ids


class Encoder(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.rnn = nn.LSTM(dim, dim, bidirectional=True, batch_first=True)

    def forward(self, ids):
        return self.rnn(self.embed(ids))[0]  # PCK102


def run(rows):
    model = Encoder(100, 16)
    return [model(ids) for ids in DataLoader(rows, batch_size=8, collate_fn=collate)]


# case: time is the last axis where the frames are filled
class Reference(nn.Module):
    def __init__(self, mels, hidden):
        super().__init__()
        self.gru = nn.GRU(mels, hidden, batch_first=True)

    def forward(self, spectrograms):
        # spectrograms: (batch, mels, frames)
        _, h_n = self.gru(spectrograms.transpose(1, 2))  # PCK102
        return h_n.squeeze(0)


class Collate:
    def __call__(self, batch):
        longest = max(mel.size(1) for mel in batch)
        padded = torch.zeros(len(batch), batch[0].size(0), longest)
        for i, mel in enumerate(batch):
            padded[i, :, : mel.size(1)] = mel
        return padded


def styles(spectrograms):
    model = Reference(80, 128)
    return [model(x) for x in DataLoader(spectrograms, batch_size=16, collate_fn=Collate())]


# case: a factory builds the layer, its forward is named
def make_rnn(kind, width, **options):
    layer = eval(f"nn.{kind}")(width, width, **options)
    for weight in layer.parameters():
        nn.init.uniform_(weight, -0.1, 0.1)
    return layer


class Encoder(nn.Module):
    def __init__(self, vocab_size, dim, kind="GRU"):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.rnn = make_rnn(kind, dim, batch_first=True, bidirectional=True)

    def forward(self, ids):
        out, _ = self.rnn.forward(self.embed(ids), hx=None)  # PCK102
        return out


# case: chunks of one stream for a language model
def batchify(stream, rows):
    steps = stream.size(0) // rows
    return stream.narrow(0, 0, steps * rows).view(rows, -1).t().contiguous()


class LanguageModel(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.lstm = nn.LSTM(dim, dim, 2)
        self.out = nn.Linear(dim, vocab_size)

    def forward(self, ids, state):
        out, state = self.lstm(self.embed(ids), state)
        return self.out(out), state


def train(stream, bptt=70):
    source, model, state = batchify(stream, 20), LanguageModel(10000, 200), None
    for i in range(0, source.size(0) - 1, bptt):
        steps = min(bptt, source.size(0) - 1 - i)
        logits, state = model(source[i : i + steps], state)
        state = tuple(s.detach() for s in state)
        F.cross_entropy(logits.flatten(0, 1), source[i + 1 : i + 1 + steps].flatten()).backward()


# case: fixed windows of a series, final state of two directions
class Windows(Dataset):
    def __init__(self, series, width):
        self.series, self.width = series, width

    def __len__(self):
        return len(self.series) - self.width

    def __getitem__(self, i):
        return self.series[i : i + self.width], self.series[i + self.width]


class Forecaster(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.rnn = nn.GRU(features, hidden, bidirectional=True, batch_first=True)
        self.fc = nn.Linear(2 * hidden, features)

    def forward(self, x):
        _, h_n = self.rnn(x)
        return self.fc(torch.cat([h_n[0], h_n[1]], dim=-1))


def fit(series):
    model = Forecaster(series.size(1), 32)
    for x, y in DataLoader(Windows(series, 30), batch_size=64, shuffle=True):
        F.mse_loss(model(x), y).backward()


# case: a decoder's single step does not become padded by its embedding
class Decoder(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.gru = nn.GRU(dim, dim)
        self.out = nn.Linear(dim, vocab_size)

    def forward(self, token, hidden):
        x = self.embed(token).view(1, token.size(0), -1)
        out, hidden = self.gru(x, hidden)
        return self.out(out[0]), hidden


# case: a teacher-forced decoder of one direction, its state goes nowhere
class Decoder(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.lstm = nn.LSTM(dim, dim, batch_first=True)
        self.out = nn.Linear(dim, vocab_size)

    def loss(self, target, state):
        out, _ = self.lstm(self.embed(target[:, :-1]), state)
        return F.cross_entropy(self.out(out).transpose(1, 2), target[:, 1:], ignore_index=0)


# case: one direction, a prediction at every step, the loss leaves the padding out
class Tagger(nn.Module):
    def __init__(self, vocab_size, dim, tags):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.gru = nn.GRU(dim, dim, batch_first=True)
        self.fc = nn.Linear(dim, tags)
        self.criterion = nn.CrossEntropyLoss(ignore_index=0)

    def loss(self, ids, tags):
        out, _ = self.gru(self.embed(ids))
        return self.criterion(self.fc(out).reshape(-1, self.fc.out_features), tags.reshape(-1))


# case: the collate function hands out packed batches
class Encoder(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.lstm = nn.LSTM(dim, hidden, bidirectional=True)

    def forward(self, x):
        _, (h_n, _) = self.lstm(x)
        return torch.cat([h_n[-2], h_n[-1]], dim=1)


# file: data.py
import torch
from model import Encoder
from torch.nn.utils.rnn import pack_sequence
from torch.utils.data import DataLoader


def collate(batch):
    x, y = zip(*batch)
    return pack_sequence(list(x), enforce_sorted=False), torch.tensor(y)


def train(dataset):
    model = Encoder(40, 64)
    for x, y in DataLoader(dataset, batch_size=16, collate_fn=collate):
        torch.nn.functional.cross_entropy(model(x), y).backward()


# case: cells chosen by name are stepped by hand
class Decoder(nn.Module):
    def __init__(self, vocab_size, dim, kind="GRU"):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.cell = getattr(nn, kind + "Cell")(dim, dim)
        self.out = nn.Linear(dim, vocab_size)

    def forward(self, target, state):
        logits = []
        for t in range(target.size(1)):
            state = self.cell(self.embed(target[:, t]), state)
            logits.append(self.out(state))
        return torch.stack(logits, dim=1)


# case: the rows of a second layer are the real steps of the first
class Edges(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.nodes = nn.GRU(dim, dim, batch_first=True)
        self.edges = nn.GRU(dim, dim, batch_first=True)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = self.nodes(packed)
        _, h_n = self.edges(out.data.unsqueeze(1))
        return h_n[-1]


# case: the project's own LSTM packs by itself
class LSTM(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.rnn = nn.LSTM(dim, hidden, bidirectional=True, batch_first=True)

    def forward(self, x):
        lengths = (x.abs().sum(-1) > 0).sum(1).clamp(min=1).cpu()
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        out, _ = self.rnn(packed)
        return pad_packed_sequence(out, batch_first=True, total_length=x.size(1))[0]


class Tagger(nn.Module):
    def __init__(self, vocab_size, dim, tags):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.lstm = LSTM(dim, dim)
        self.fc = nn.Linear(2 * dim, tags)

    def forward(self, ids):
        return self.fc(self.lstm(self.embed(ids)))


# case: sentences one by one
class Tagger(nn.Module):
    def __init__(self, vocab_size, dim, tags):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.lstm = nn.LSTM(dim, dim // 2, bidirectional=True)
        self.fc = nn.Linear(dim, tags)

    def forward(self, sentence):
        x = self.embed(sentence)
        out, _ = self.lstm(x.view(len(sentence), 1, -1))
        return self.fc(out.view(len(sentence), -1))


# case: a pad index on an embedding that the layer never reads
class Sales(nn.Module):
    def __init__(self, stores, hidden):
        super().__init__()
        self.store = nn.Embedding(stores, 8, padding_idx=0)
        self.lstm = nn.LSTM(1, hidden, batch_first=True)
        self.fc = nn.Linear(hidden + 8, 1)

    def forward(self, last_weeks, store):
        _, (h_n, _) = self.lstm(last_weeks)
        return self.fc(torch.cat([h_n[-1], self.store(store)], dim=1))


def fit(sales, store, width=26):
    model = Sales(100, 32)
    for _ in range(1000):
        starts = [random.randrange(len(sales) - width) for _ in range(64)]
        weeks = torch.stack([sales[s : s + width] for s in starts])
        target = torch.stack([sales[s + width] for s in starts])
        F.mse_loss(model(weeks.unsqueeze(-1), store.expand(64)), target.unsqueeze(1)).backward()


# case: another task of the project pads, with files of the same names
class Pixels(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.rnn = nn.LSTM(28, hidden, bidirectional=True, batch_first=True)
        self.fc = nn.Linear(2 * hidden, 10)

    def forward(self, images):
        _, (h_n, _) = self.rnn(images.view(-1, 28, 28))
        return self.fc(torch.cat((h_n[-2], h_n[-1]), dim=1))


# file: train.py
from model import Pixels
from torch.utils.data import DataLoader
from torchvision import datasets, transforms


def train():
    digits = datasets.MNIST("data", transform=transforms.ToTensor())
    model = Pixels(64)
    for images, labels in DataLoader(digits, batch_size=64):
        yield model(images), labels


# file: words/data.py
import torch
from torch.nn.utils.rnn import pad_sequence


def collate(batch):
    return pad_sequence([torch.tensor(x) for x in batch], batch_first=True)


# case: convolutions pad their borders, which is no padding of sequences
class Captcha(nn.Module):
    def __init__(self, chars):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d((4, 1)))
        self.rnn = nn.GRU(32 * 16, 128, bidirectional=True)
        self.fc = nn.Linear(256, chars)

    def forward(self, images):
        # images: (batch, 1, 64, 256), all of one size
        x = self.conv(F.pad(images, (1, 1, 0, 0)))
        x = x.flatten(1, 2).permute(2, 0, 1)
        out, _ = self.rnn(x)
        return self.fc(out)


# case: the same number of neighbours is sampled for each node
class NeighbourLSTM(nn.Module):
    def __init__(self, features):
        super().__init__()
        self.lstm = nn.LSTM(features, features, batch_first=True)

    def forward(self, features, neighbours, count=10):
        chosen = torch.tensor([random.choices(n, k=count) for n in neighbours])
        _, (h_n, _) = self.lstm(features[chosen])
        return h_n.squeeze(0)


# case: n-gram padding and padded strings concern no batch
class Names(nn.Module):
    def __init__(self, letters, hidden):
        super().__init__()
        self.embed = nn.Embedding(letters, hidden)
        self.gru = nn.GRU(hidden, hidden, bidirectional=True, batch_first=True)

    def forward(self, ids):
        out, _ = self.gru(self.embed(ids))
        return out


# file: report.py
from nltk.util import pad_sequence


def trigrams(words):
    words = list(pad_sequence(words, n=3, pad_left=True, pad_right=True, left_pad_symbol="<s>"))
    return list(zip(words, words[1:], words[2:]))


def table(rows, width):
    return "\n".join(name.ljust(width) + " " * (3 - len(mark)) + mark for name, mark in rows)


# case: rollouts of equal length, the state is reset where an episode ends
class Policy(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.gru = nn.GRU(features, hidden)

    def forward(self, x, hxs, masks):
        steps = x.size(0) // hxs.size(0)
        x = x.view(steps, hxs.size(0), -1)
        masks = masks.view(steps, hxs.size(0))
        out, hxs = self.gru(x, (hxs * masks[0].unsqueeze(-1)).unsqueeze(0))
        return out.flatten(0, 1), hxs.squeeze(0)


# case: a script fills the batch by hand and calls the model below it
class Names(nn.Module):
    def __init__(self, letters, dim):
        super().__init__()
        self.embed = nn.Embedding(letters, dim)
        self.gru = nn.GRU(dim, dim)
        self.fc = nn.Linear(dim, 18)

    def forward(self, ids):
        _, hidden = self.gru(self.embed(ids.t()))  # PCK102
        return self.fc(hidden[-1])


def letters_of(name):
    codes = [ord(letter) for letter in name]
    return codes, len(codes)


def batch_of(names):
    pairs = [letters_of(name) for name in names]
    sizes = torch.LongTensor([pair[1] for pair in pairs])
    filled = torch.zeros((len(pairs), sizes.max())).long()
    for row, (pair, name_len) in enumerate(zip(pairs, sizes)):
        filled[row, :name_len] = torch.LongTensor(pair[0])
    return filled


if __name__ == "__main__":
    model = Names(128, 32)
    print(model(batch_of(["ada", "grace", "barbara"])))


# case: a script calls the model below it with one name at a time
class Names(nn.Module):
    def __init__(self, letters, dim):
        super().__init__()
        self.embed = nn.Embedding(letters, dim)
        self.gru = nn.GRU(dim, dim)
        self.fc = nn.Linear(dim, 18)

    def forward(self, ids):
        _, hidden = self.gru(self.embed(ids.t()))
        return self.fc(hidden[-1])


if __name__ == "__main__":
    model = Names(128, 32)
    for name in ["ada", "grace", "barbara"]:
        print(model(torch.LongTensor([[ord(letter) for letter in name]])))


# case: ids and segments are filled in one loop, the mask beside them goes to no layer
from torch.utils.data import DataLoader, TensorDataset


class Sample:
    def __init__(self, ids, kinds):
        self.ids = ids
        self.kinds = kinds


def samples(texts, tokenizer, width):
    made = []
    for text in texts:
        ids = tokenizer.convert_tokens_to_ids(tokenizer.tokenize(text))
        kinds = [0] * len(ids)
        while len(ids) < width:
            ids.append(0)
            kinds.append(0)
        assert len(ids) == width
        made.append(Sample(ids=ids, kinds=kinds))
    return made


class Polarity(nn.Module):
    def __init__(self, size, dim):
        super().__init__()
        self.embed = nn.Embedding(size, dim)
        self.lstm = nn.LSTM(dim, dim, batch_first=True)
        self.fc = nn.Linear(dim, 2)

    def forward(self, ids, kinds):
        _, (hidden, _) = self.lstm(self.embed(ids))  # PCK102
        return self.fc(hidden[-1])


def train(texts, tokenizer):
    model = Polarity(30000, 64)
    made = samples(texts, tokenizer, 128)
    ids = torch.tensor([one.ids for one in made])
    kinds = torch.tensor([one.kinds for one in made])
    for batch in DataLoader(TensorDataset(ids, kinds), batch_size=16):
        model(*batch).sum().backward()


# case: a loop that draws as many windows as are wanted fills nothing
from torch.utils.data import DataLoader, TensorDataset


def windows(series, count, width):
    starts, found = [], []
    while len(found) < count:
        start = random.randrange(len(series) - width)
        starts.append(start)
        found.append(series[start : start + width])
    return torch.stack(found)


class Level(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.lstm = nn.LSTM(1, dim, batch_first=True)
        self.fc = nn.Linear(dim, 1)

    def forward(self, x):
        _, (hidden, _) = self.lstm(x)
        return self.fc(hidden[-1])


def train(series):
    model = Level(64)
    for (batch,) in DataLoader(TensorDataset(windows(series, 1000, 24)), batch_size=16):
        model(batch).sum().backward()


# case: a pool of processes pads each sample
import multiprocessing

from torch.utils.data import DataLoader, Dataset


def prepare(item):
    text, tokenizer, size = item
    ids = tokenizer.encode(text).ids[:size]
    ids += [tokenizer.token_to_id("<pad>")] * (size - len(ids))
    return Row(ids)


class Row:
    def __init__(self, ids):
        self.ids = ids


class Snippets(Dataset):
    def __init__(self, texts, tokenizer):
        pool = multiprocessing.Pool(4)
        self.rows = pool.map(prepare, [(text, tokenizer, 400) for text in texts])

    def __getitem__(self, index):
        return torch.tensor(self.rows[index].ids)


class Detector(nn.Module):
    def __init__(self, size, dim):
        super().__init__()
        self.embed = nn.Embedding(size, dim)
        self.gru = nn.GRU(dim, dim, batch_first=True)
        self.fc = nn.Linear(dim, 2)

    def forward(self, ids):
        _, hidden = self.gru(self.embed(ids))  # PCK102
        return self.fc(hidden[-1])


def train(texts, tokenizer):
    model = Detector(10000, 64)
    for ids in DataLoader(Snippets(texts, tokenizer), batch_size=16):
        model(ids.to("cuda")).sum().backward()


# case: a pool of processes cuts windows of one size
import multiprocessing

from torch.utils.data import DataLoader, Dataset


def prepare(item):
    series, start, size = item
    return torch.tensor(series[start : start + size])


class Series(Dataset):
    def __init__(self, series):
        with multiprocessing.Pool(4) as pool:
            self.rows = pool.map(prepare, [(series, start, 24) for start in range(len(series) - 24)])

    def __getitem__(self, index):
        return self.rows[index]


class Forecast(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.gru = nn.GRU(1, dim, batch_first=True)
        self.fc = nn.Linear(dim, 1)

    def forward(self, x):
        _, hidden = self.gru(x)
        return self.fc(hidden[-1])


def train(series):
    model = Forecast(64)
    for x in DataLoader(Series(series), batch_size=16):
        model(x).sum().backward()


# case: one dropout mask for all steps, made of ones
class SharedDropout(nn.Dropout):
    def forward(self, x):
        ones = x.new_ones(x.shape[0], x.shape[-1])
        return F.dropout(ones, self.p, self.training).unsqueeze(1) * x


class Matcher(nn.Module):
    def __init__(self, size, dim):
        super().__init__()
        self.embed = nn.Embedding(size, dim, padding_idx=0)
        self.drop = SharedDropout(0.3)
        self.lstm = nn.LSTM(dim, dim, bidirectional=True, batch_first=True)

    def forward(self, ids):
        out, _ = self.lstm(self.drop(self.embed(ids)))  # PCK102
        return out


# case: one step stays one step where its features are scaled
class Speaker(nn.Module):
    def __init__(self, size, dim):
        super().__init__()
        self.embed = nn.Embedding(size, dim, padding_idx=0)
        self.scale = nn.Parameter(torch.ones(dim))
        self.lstm = nn.LSTM(dim, dim, batch_first=True)

    def forward(self, token, state):
        x = self.embed(token).unsqueeze(1) * self.scale
        out, (hidden, _) = self.lstm(x, state)
        return out.squeeze(1), hidden[-1]


# case: rows are written one word after the other, into room for the longest
class Intent(nn.Module):
    def __init__(self, size, dim):
        super().__init__()
        self.embed = nn.Embedding(size, dim)
        self.lstm = nn.LSTM(dim, dim, batch_first=True)
        self.fc = nn.Linear(dim, 4)

    def forward(self, ids):
        _, (hidden, _) = self.lstm(self.embed(ids))  # PCK102
        return self.fc(hidden[-1])


def encoded(texts, words, max_words):
    room = np.zeros((len(texts), max_words), dtype=np.int64)
    for row, text in enumerate(texts):
        for at, word in enumerate(text.split()[:max_words]):
            room[row, at] = words.get(word, 1)
    return room


def train(texts, words):
    model, ids = Intent(10000, 64), torch.tensor(encoded(texts, words, 50))
    for start in range(0, len(texts), 16):
        model(ids[start : start + 16]).sum().backward()


# case: rows are written one value after the other, all there are
class Level(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.lstm = nn.LSTM(3, dim, batch_first=True)
        self.fc = nn.Linear(dim, 1)

    def forward(self, x):
        _, (hidden, _) = self.lstm(x)
        return self.fc(hidden[-1])


def measured(hours, sensors):
    table = np.zeros((len(hours), 24, len(sensors)))
    for row, hour in enumerate(hours):
        for at, sensor in enumerate(sensors):
            table[row, :, at] = sensor.read(hour, 24)
    return table


def train(hours, sensors):
    model, x = Level(64), torch.tensor(measured(hours, sensors))
    for start in range(0, len(hours), 16):
        model(x[start : start + 16]).sum().backward()


# case: a function builds the model, another one trains what it is given
from itertools import zip_longest


class Reply(nn.Module):
    def __init__(self, size, dim):
        super().__init__()
        self.embed = nn.Embedding(size, dim)
        self.gru = nn.GRU(dim, dim)
        self.fc = nn.Linear(dim, size)

    def forward(self, ids):
        _, hidden = self.gru(self.embed(ids))  # PCK102
        return self.fc(hidden[-1])


MODELS = {"reply": Reply}


def build(options):
    return MODELS[options.model](options.size, options.dim).to(options.device)


def steps(rows):
    return list(zip_longest(*rows, fillvalue=0))


def main(options, rows):
    chosen = build(options)
    for start in range(0, len(rows), 16):
        chosen(torch.LongTensor(steps(rows[start : start + 16]))).sum().backward()


# case: a function builds the model, and one row is read at a time
class Reply(nn.Module):
    def __init__(self, size, dim):
        super().__init__()
        self.embed = nn.Embedding(size, dim)
        self.gru = nn.GRU(dim, dim)
        self.fc = nn.Linear(dim, size)

    def forward(self, ids):
        _, hidden = self.gru(self.embed(ids))
        return self.fc(hidden[-1])


def build(options):
    return Reply(options.size, options.dim).to(options.device)


def main(options, rows):
    chosen = build(options)
    for row in rows:
        chosen(torch.LongTensor(row).unsqueeze(1)).sum().backward()


# case: a start, any number of words and an end, written into a vector for the longest
class Names:
    def __init__(self, rows, start, end):
        self.rows, self.start, self.end = rows, start, end
        self.longest = max(map(len, rows)) + 2

    def __getitem__(self, index):
        ids = [self.start]
        ids.extend(self.rows.lookup(letter) for letter in self.rows[index])
        ids.append(self.end)
        vector = np.zeros(self.longest, dtype=np.int64)
        vector[: len(ids)] = ids
        return vector


class Origin(nn.Module):
    def __init__(self, size, dim):
        super().__init__()
        self.embed = nn.Embedding(size, dim)
        self.rnn = nn.RNN(dim, dim, batch_first=True)
        self.fc = nn.Linear(dim, 18)

    def forward(self, ids):
        _, hidden = self.rnn(self.embed(ids))  # PCK102
        return self.fc(hidden[-1])


def train(rows):
    from torch.utils.data import DataLoader

    model = Origin(100, 32)
    for ids in DataLoader(Names(rows, 1, 2), batch_size=16):
        model(ids).sum().backward()


# case: rows are cut or filled by a list of zeros made in a loop
class Tone(nn.Module):
    def __init__(self, size, dim):
        super().__init__()
        self.embed = nn.Embedding(size, dim)
        self.gru = nn.GRU(dim, dim, batch_first=True)
        self.fc = nn.Linear(dim, 2)

    def forward(self, ids):
        _, hidden = self.gru(self.embed(ids))  # PCK102
        return self.fc(hidden[-1])


def table(texts, words, width=60):
    rows = []
    for text in texts:
        row = [words.get(word, 1) for word in text.split()]
        if len(row) > width:
            row = row[:width]
        else:
            row += [0 for _ in range(width - len(row))]
        rows.append(row)
    return np.array(rows)


def train(texts, words):
    model = Tone(10000, 64)
    ids = torch.from_numpy(table(texts, words))
    for start in range(0, len(texts), 16):
        model(ids[start : start + 16]).sum().backward()


# case: rows are windows, with the noise of a list made in a loop
class Tone(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.gru = nn.GRU(1, dim, batch_first=True)
        self.fc = nn.Linear(dim, 2)

    def forward(self, x):
        _, hidden = self.gru(x)
        return self.fc(hidden[-1])


def table(series, width=60):
    rows = []
    for start in range(len(series) - width):
        row = series[start : start + width]
        noise = [random.random() for _ in range(width)]
        rows.append([value + extra for value, extra in zip(row, noise)])
    return np.array(rows)


def train(series):
    model = Tone(64)
    x = torch.from_numpy(table(series)).unsqueeze(-1)
    for start in range(0, len(x), 16):
        model(x[start : start + 16]).sum().backward()


# case: one iterator many times over makes groups of one size
from itertools import zip_longest


class Melody(nn.Module):
    def __init__(self, notes, dim):
        super().__init__()
        self.embed = nn.Embedding(notes, dim)
        self.gru = nn.GRU(dim, dim, batch_first=True)
        self.fc = nn.Linear(dim, notes)

    def forward(self, ids):
        _, hidden = self.gru(self.embed(ids))
        return self.fc(hidden[-1])


def groups(notes, size):
    return zip_longest(*[iter(notes)] * size, fillvalue=0)


def train(notes):
    model = Melody(128, 64)
    model(torch.LongTensor(list(groups(notes, 32)))).sum().backward()


# case: the words are packed, the letters beside them are not
class Spelling(nn.Module):
    def __init__(self, letters, words, dim):
        super().__init__()
        self.letter = nn.Embedding(letters, dim, padding_idx=0)
        self.word = nn.Embedding(words, dim)
        self.inner = nn.LSTM(dim, dim, bidirectional=True, batch_first=True)
        self.outer = nn.LSTM(3 * dim, dim, bidirectional=True, batch_first=True)

    def forward(self, batch):
        rows, width, size = batch["letters"].shape
        _, (last, _) = self.inner(self.letter(batch["letters"].reshape(rows * width, size)))  # PCK102
        spelled = torch.cat([last[0], last[1]], -1).view(rows, width, -1)
        x = torch.cat([self.word(batch["words"]), spelled], 2)
        x = pack_padded_sequence(x, batch["counts"].cpu(), batch_first=True, enforce_sorted=False)
        return pad_packed_sequence(self.outer(x)[0], batch_first=True)[0]


# case: the layer is packed by default
class Spelling(nn.Module):
    def __init__(self, letters, dim, pack=True):
        super().__init__()
        self.letter = nn.Embedding(letters, dim, padding_idx=0)
        self.inner = nn.LSTM(dim, dim, bidirectional=True, batch_first=True)
        self.pack = pack

    def forward(self, batch):
        x = self.letter(batch["letters"])
        if self.pack:
            x = pack_padded_sequence(x, batch["counts"].cpu(), batch_first=True, enforce_sorted=False)
        _, (last, _) = self.inner(x)
        return torch.cat([last[0], last[1]], -1)


# case: dropout of whole features, by a layer that turns the axes and turns them back
class FeatureDropout(nn.Dropout2d):
    def forward(self, x):
        x = x.unsqueeze(2).permute(0, 3, 2, 1)
        x = super().forward(x)
        return x.permute(0, 3, 2, 1).squeeze(2)


class Comment(nn.Module):
    def __init__(self, size, dim):
        super().__init__()
        self.embed = nn.Embedding(size, dim, padding_idx=0)
        self.drop = FeatureDropout(0.3)
        self.first = nn.LSTM(dim, dim, bidirectional=True, batch_first=True)
        self.second = nn.LSTM(2 * dim, dim, bidirectional=True, batch_first=True)

    def forward(self, ids):
        one, _ = self.first(self.drop(self.embed(ids)))  # PCK102
        two, _ = self.second(one)  # PCK102
        return two


# case: an accelerator hands the model and the loader back
from accelerate import Accelerator
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader


class Genre(nn.Module):
    def __init__(self, size, dim):
        super().__init__()
        self.embed = nn.Embedding(size, dim)
        self.gru = nn.GRU(dim, dim, batch_first=True)
        self.fc = nn.Linear(dim, 8)

    def forward(self, ids):
        _, hidden = self.gru(self.embed(ids))  # PCK102
        return self.fc(hidden[-1])


def train(rows):
    accelerator = Accelerator()
    loader = DataLoader(rows, batch_size=16, collate_fn=lambda samples: pad_sequence(samples, batch_first=True))
    model, loader = accelerator.prepare(Genre(1000, 32), loader)
    for ids in loader:
        accelerator.backward(model(ids).sum())


# case: an accelerator hands back a loader of windows of one size
from accelerate import Accelerator
from torch.utils.data import DataLoader


class Genre(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.gru = nn.GRU(1, dim, batch_first=True)
        self.fc = nn.Linear(dim, 8)

    def forward(self, x):
        _, hidden = self.gru(x)
        return self.fc(hidden[-1])


def train(rows):
    accelerator = Accelerator()
    model, loader = accelerator.prepare(Genre(32), DataLoader(rows.unfold(0, 30, 1), batch_size=16))
    for x in loader:
        accelerator.backward(model(x).sum())
# case: a local name for either class of layer
class Encoder(nn.Module):
    def __init__(self, vocab_size, dim, gated):
        super().__init__()
        RNN = nn.GRU if gated else nn.RNN
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.layer = RNN(dim, dim, batch_first=True)

    def forward(self, ids):
        return self.layer(self.embed(ids))[1][-1]  # PCK102


# case: characters of words of sentences are filled on the third axis
class Spelling(nn.Module):
    def __init__(self, letters, dim):
        super().__init__()
        self.embed = nn.Embedding(letters, dim)
        self.rnn = nn.GRU(dim, dim, batch_first=True)

    def forward(self, letters):
        flat = letters.view(-1, letters.size(2))
        return self.rnn(self.embed(flat))[1][-1]  # PCK102


def batch_of(sentences):
    width = max(len(word) for words in sentences for word in words)
    letters = torch.zeros(len(sentences), max(map(len, sentences)), width, dtype=torch.long)
    for row, words in enumerate(sentences):
        for place, word in enumerate(words):
            letters[row, place, : len(word)] = torch.tensor(word)
    return letters


def train(sentences):
    model = Spelling(40, 16)
    for start in range(0, len(sentences), 8):
        model(batch_of(sentences[start : start + 8])).sum().backward()


# case: a batch of one in the test loader alone
class Encoder(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.gru = nn.GRU(dim, dim, batch_first=True)

    def forward(self, ids):
        return self.gru(self.embed(ids))[1][-1]  # PCK102


def collate(items):
    width = max(len(ids) for ids in items)
    return torch.tensor([ids + [0] * (width - len(ids)) for ids in items])


def run(sentences):
    model = Encoder(100, 16)
    for ids in DataLoader(sentences, batch_size=16, collate_fn=collate):
        model(ids).sum().backward()
    for ids in DataLoader(sentences, batch_size=1, collate_fn=collate):
        print(model(ids))


# case: equal shape is no equal length, a TensorDataset of filled rows
class Encoder(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.gru = nn.GRU(dim, dim, batch_first=True)

    def forward(self, ids):
        return self.gru(self.embed(ids))[1][-1]  # PCK102


def fill(ids, width):
    return ids + [0] * (width - len(ids))


def run(sentences, labels):
    model = Encoder(100, 16)
    rows = torch.tensor([fill(ids, 40) for ids in sentences])
    for ids, label in DataLoader(TensorDataset(rows, torch.tensor(labels)), batch_size=16):
        F.cross_entropy(model(ids), label).backward()


# case: a rollout is cut where an episode ends, and each piece goes through the layer on its own
class Policy(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.embed = nn.Embedding(10, features, padding_idx=0)
        self.rnn = nn.GRU(features, hidden)
        self.pi = nn.Linear(hidden, 4)

    def forward(self, states, dones, h):
        outputs = []
        for state, done in zip(states, dones):
            out, h = self.rnn(state.unsqueeze(0), h * (1 - done).view(1, -1, 1))
            outputs.append(out)
        return self.pi(torch.cat(outputs)), h


# case: the caller makes the buffer, a helper fills its rows
class Encoder(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.gru = nn.GRU(dim, dim, batch_first=True)

    def forward(self, ids):
        return self.gru(self.embed(ids))[1][-1]  # PCK102


def write(buffer, rows):
    for at, row in enumerate(rows):
        buffer[at][: len(row)] = torch.tensor(row)


def train(sentences):
    encoder = Encoder(100, 16)
    for start in range(0, len(sentences), 8):
        rows = sentences[start : start + 8]
        ids = torch.zeros(len(rows), max(map(len, rows)), dtype=torch.long)
        write(ids, rows)
        encoder(ids).sum().backward()


# case: a function of that name cuts every sequence to the shortest
class Encoder(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.gru = nn.GRU(dim, dim, batch_first=True)

    def forward(self, ids):
        return self.gru(self.embed(ids))[1][-1]


def pad_sequence(rows, batch_first):
    width = min(len(row) for row in rows)
    return torch.stack([row[:width] for row in rows])


def train(sentences):
    encoder = Encoder(100, 16)
    for start in range(0, len(sentences), 8):
        rows = [torch.tensor(ids) for ids in sentences[start : start + 8]]
        encoder(pad_sequence(rows, batch_first=True)).sum().backward()


# case: what a helper fills is a copy of its own
class Encoder(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.gru = nn.GRU(dim, dim, batch_first=True)

    def forward(self, ids):
        return self.gru(self.embed(ids))[1][-1]


def printable(buffer, rows):
    buffer = buffer.clone()
    for at, row in enumerate(rows):
        buffer[at][: len(row)] = torch.tensor(row)
    return str(buffer)


def probe(rows):
    ids = torch.zeros(8, 12, dtype=torch.long)
    print(printable(ids, rows))
    return Encoder(100, 16)(ids)


# case: a method that is not handed the mask which goes to the CRF; the linear layer says that there are two directions
class Tagger(nn.Module):
    def __init__(self, words, labels, width, hidden_size, bidirectional):
        super().__init__()
        self.embed = nn.Embedding(words, width)
        self.lstm = nn.LSTM(width, hidden_size, batch_first=True, bidirectional=bidirectional)
        self.linear = nn.Linear(hidden_size * 2, labels)
        self.crf = CRF(labels, batch_first=True)

    def emissions(self, ids):
        out, _ = self.lstm(self.embed(ids))  # PCK102
        return self.linear(out)

    def forward(self, ids, mask):
        return self.crf.decode(self.emissions(ids), mask)


# case: half of what the linear layer takes is something else
class Tagger(nn.Module):
    def __init__(self, words, labels, width, hidden_size, bidirectional):
        super().__init__()
        self.embed = nn.Embedding(words, width)
        self.other = nn.Linear(width, hidden_size)
        self.lstm = nn.LSTM(width, hidden_size, batch_first=True, bidirectional=bidirectional)
        self.linear = nn.Linear(hidden_size * 2, labels)
        self.crf = CRF(labels, batch_first=True)

    def emissions(self, ids):
        embedded = self.embed(ids)
        out, _ = self.lstm(embedded)
        return self.linear(torch.cat((out, self.other(embedded)), dim=-1))

    def forward(self, ids, mask):
        return self.crf.decode(self.emissions(ids), mask)


# case: lengths that the model is given and does not hand to its encoder
class Encoder(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.norm = nn.BatchNorm1d(features)
        self.gru = nn.GRU(features, hidden, batch_first=True)

    def forward(self, frames):
        x = self.norm(frames.transpose(1, 2)).transpose(1, 2)
        _, h_n = self.gru(x)  # PCK102
        return h_n.squeeze(0)


class Speech(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.encoder = Encoder(features, hidden)
        self.head = nn.Linear(hidden, 2)

    def forward(self, mel_frames, mel_lengths):
        style = self.head(self.encoder(mel_frames))
        return style, sequence_mask(mel_lengths)


# case: the lengths of another input than the encoder's
class Encoder(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.gru = nn.GRU(features, hidden, batch_first=True)

    def forward(self, frames):
        _, h_n = self.gru(frames)
        return h_n.squeeze(0)


class Speech(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.encoder = Encoder(features, hidden)
        self.head = nn.Linear(hidden, 2)

    def forward(self, window, text, text_lengths):
        return self.head(self.encoder(window)), text, sequence_mask(text_lengths)


# case: one word at a time, the last of a text, joined with what was attended to
class Decoder(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.embed = nn.Embedding(100, size, padding_idx=0)
        self.gru = nn.GRU(2 * size, size)

    def forward(self, word, context, state):
        steps = torch.cat([self.embed(word), context], dim=2)
        out, state = self.gru(steps, state)
        return out, state[-1]


def extend(text, context, state):
    decoder = Decoder(8)
    return decoder(text[-1:], context, state)


# case: words are filled up with a letter, and each letter is looked up
def filled(words, letters, longest):
    rows = []
    for word in words:
        word = word + "_" * (longest - len(word))
        rows.append([letters[letter] for letter in word])
    return torch.LongTensor(rows)


class Words(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.embed = nn.Embedding(30, size)
        self.gru = nn.GRU(size, size, batch_first=True)

    def forward(self, ids):
        return self.gru(self.embed(ids))[1][-1]  # PCK102


def read(words, letters):
    return Words(8)(filled(words, letters, max(map(len, words))))


# case: a line under a heading is no filling
def underlined(words, letters):
    print("-" * (20 - len(words)))
    return torch.LongTensor([[letters[letter] for letter in word] for word in words])


class Words(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.embed = nn.Embedding(30, size)
        self.gru = nn.GRU(size, size, batch_first=True)

    def forward(self, ids):
        return self.gru(self.embed(ids))[1][-1]


def read(words, letters):
    return Words(8)(underlined(words, letters))


# case: filled ids become the rows of an identity
def one_hot(texts, vocabulary, longest):
    rows = []
    for text in texts:
        ids = [vocabulary[word] for word in text]
        ids = ids + [0] * (longest - len(ids))
        rows.append(np.eye(len(vocabulary))[ids])
    return torch.FloatTensor(rows)


class Guess(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.lstm = nn.LSTM(size, size, batch_first=True, bidirectional=True)

    def forward(self, steps):
        return self.lstm(steps)[0]  # PCK102


def read(texts, vocabulary):
    return Guess(len(vocabulary))(one_hot(texts, vocabulary, max(map(len, texts))))


# case: a text is filled up where it is short, then every token is looked up
class Tokens(Dataset):
    def __init__(self, texts, vocabulary, longest):
        self.texts = texts
        self.vocabulary = vocabulary
        self.longest = longest

    def tokens(self, text):
        tokens = text.split()
        if len(tokens) > self.longest:
            tokens = tokens[: self.longest]
        if len(tokens) < self.longest:
            tokens += ["<pad>"] * (self.longest - len(tokens))
        return [token.lower() for token in tokens]

    def __getitem__(self, index):
        return torch.tensor([self.vocabulary[token] for token in self.tokens(self.texts[index])])


class Topic(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.embed = nn.Embedding(100, size)
        self.lstm = nn.LSTM(size, size, batch_first=True)

    def forward(self, ids):
        return self.lstm(self.embed(ids))[1][0][-1]  # PCK102


def train(texts, vocabulary):
    topic = Topic(8)
    for ids in DataLoader(Tokens(texts, vocabulary, 50), batch_size=16):
        topic(ids)


# case: a layer of a class that stands within another one
class Embed(nn.Module):
    class Letters(nn.Module):
        def __init__(self, size):
            super().__init__()
            self.embed = nn.Embedding(30, size, padding_idx=0)
            self.gru = nn.GRU(size, size, bidirectional=True)

        def forward(self, letters):
            return self.gru(self.embed(letters))[1]  # PCK102

    def __init__(self, size):
        super().__init__()
        self.letters = self.Letters(size)

    def forward(self, letters):
        return self.letters(letters)


# case: the letters of all words, a word a row
def collate(batch):
    longest = max(len(word) for words in batch for word in words)
    letters = torch.zeros(len(batch), max(len(words) for words in batch), longest).long()
    for i, words in enumerate(batch):
        for j, word in enumerate(words):
            letters[i, j, : len(word)] = torch.tensor(word)
    return letters.view(-1, longest)


class Letters(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.embed = nn.Embedding(100, size)
        self.lstm = nn.LSTM(size, size, batch_first=True)

    def forward(self, letters):
        _, (h_n, _) = self.lstm(self.embed(letters))  # PCK102
        return h_n[-1]


def train(data):
    model = Letters(3)
    for letters in DataLoader(data, batch_size=8, collate_fn=collate):
        model(letters)


# case: words of one width, a word a row
def collate(batch):
    letters = torch.zeros(len(batch), 7, 12).long()
    for i, words in enumerate(batch):
        for j, word in enumerate(words):
            letters[i, j] = torch.tensor(word)
    return letters.view(-1, 12)


class Letters(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.embed = nn.Embedding(100, size)
        self.lstm = nn.LSTM(size, size, batch_first=True)

    def forward(self, letters):
        _, (h_n, _) = self.lstm(self.embed(letters))
        return h_n[-1]


def train(data):
    model = Letters(3)
    for letters in DataLoader(data, batch_size=8, collate_fn=collate):
        model(letters)


# case: rows that are filled in place, one after the other
def collate(batch):
    rows = [sample[0] for sample in batch]
    longest = max(len(row) for row in rows)
    for row in rows:
        row.extend([0] * (longest - len(row)))
    return torch.tensor(rows)


class Tagger(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.embed = nn.Embedding(100, size)
        self.lstm = nn.LSTM(size, size, batch_first=True)

    def forward(self, ids):
        _, (h_n, _) = self.lstm(self.embed(ids))  # PCK102
        return h_n[-1]


def train(data):
    model = Tagger(3)
    for ids in DataLoader(data, batch_size=8, collate_fn=collate):
        model(ids)


# case: rows that grow in place
def collate(batch):
    rows = [sample[0] for sample in batch]
    longest = max(len(row) for row in rows)
    for row in rows:
        row += [-1 for _ in range(longest - len(row))]
    return torch.tensor(rows) + 1


class Tagger(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.embed = nn.Embedding(100, size)
        self.lstm = nn.LSTM(size, size, batch_first=True)

    def forward(self, ids):
        _, (h_n, _) = self.lstm(self.embed(ids))  # PCK102
        return h_n[-1]


def train(data):
    model = Tagger(3)
    for ids in DataLoader(data, batch_size=8, collate_fn=collate):
        model(ids)


# case: a copy of each row is filled and not kept
def collate(batch):
    rows = [sample[0] for sample in batch]
    longest = max(len(row) for row in rows)
    for row in rows:
        row = row + [0] * (longest - len(row))
    return torch.tensor(rows)


class Tagger(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.embed = nn.Embedding(100, size)
        self.lstm = nn.LSTM(size, size, batch_first=True)

    def forward(self, ids):
        _, (h_n, _) = self.lstm(self.embed(ids))
        return h_n[-1]


def train(data):
    model = Tagger(3)
    for ids in DataLoader(data, batch_size=8, collate_fn=collate):
        model(ids)


# case: an output is decoded step by step
class Tagger(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.gru = nn.GRU(size, size, batch_first=True)
        self.decoder = nn.GRU(size, size, batch_first=True)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        out, state = self.gru(packed)
        out, _ = pad_packed_sequence(out, batch_first=True)
        steps = []
        for i in range(out.size(1)):
            step, state = self.decoder(out[:, i : i + 1], state)
            steps.append(state[-1])
        return torch.stack(steps)


# case: columns of columns, which have no axis left
class Tagger:
    def batches(self, lengths):
        return (pad_sequence(lengths), zip(*zip(*pad_sequence(lengths))[:, -1]))


# case: one step, whose axis of time is taken away
class Decoder(nn.Module):
    def __init__(self, words, dim):
        super().__init__()
        self.embed = nn.Embedding(words, dim, padding_idx=0)
        self.rnn = nn.GRU(dim, dim)
        self.score = nn.Linear(dim, words)

    def forward(self, ids, hidden):
        x = self.embed(ids).transpose(0, 1)
        out, hidden = self.rnn(x, hidden)
        return self.score(out.squeeze(0)), hidden


# case: rows filled up step by step
class MeanEncoder(nn.Module):
    def __init__(self, words, dim):
        super().__init__()
        self.embed = nn.Embedding(words, dim)
        self.rnn = nn.LSTM(dim, dim, bidirectional=True)
        self.fc = nn.Linear(2 * dim, 2)

    def forward(self, ids):
        out = self.rnn(self.embed(ids))[0]  # PCK102
        return self.fc(out[0])


def package(samples, words):
    rows = [[words[word] for word in sample["text"]] for sample in samples]
    longest = min(max(len(row) for row in rows), 500)
    for i in range(len(rows)):
        if longest < len(rows[i]):
            rows[i] = rows[i][:longest]
        else:
            for _ in range(longest - len(rows[i])):
                rows[i].append(words["<pad>"])
    return torch.LongTensor(rows).t()


def train(samples, words):
    model = MeanEncoder(100, 8)
    for at in range(0, len(samples), 32):
        model(package(samples[at : at + 32], words))


# case: a text that is written on, step by step
class Writer(nn.Module):
    def __init__(self, words, dim):
        super().__init__()
        self.embed = nn.Embedding(words, dim)
        self.rnn = nn.LSTM(dim, dim, batch_first=True)
        self.fc = nn.Linear(dim, words)

    def forward(self, ids):
        out, _ = self.rnn(self.embed(ids))
        return self.fc(out[:, -1])


def write(model, start, size):
    ids = list(start)
    for _ in range(size - len(ids)):
        scores = model(torch.tensor([ids]))
        ids.append(int(scores.argmax()))
    return ids


def show(start):
    return write(Writer(100, 8), start, 20)


# case: rows of a buffer are filled where there is something to fill them with
class BufferTagger(nn.Module):
    def __init__(self, words, dim):
        super().__init__()
        self.embed = nn.Embedding(words, dim)
        self.rnn = nn.LSTM(dim, dim, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(2 * dim, 3)

    def forward(self, ids):
        out, _ = self.rnn(self.embed(ids))  # PCK102
        return self.fc(out)


def pad_input(sentences, width):
    features = np.zeros((len(sentences), width), dtype=int)
    for row, sentence in enumerate(sentences):
        if len(sentence) != 0:
            features[row, : len(sentence)] = np.array(sentence)[:width]
    return features


def fit(sentences, labels):
    data = TensorDataset(torch.from_numpy(pad_input(sentences, 30)), torch.tensor(labels))
    model = BufferTagger(100, 8)
    for ids, _ in DataLoader(data, batch_size=4):
        model(ids)


# case: lengths that a caller has looked at are there
class Encoder(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.rnn = nn.LSTM(dim, dim, batch_first=True, bidirectional=True)

    def forward(self, x, lengths=None):
        if lengths is None:
            out, _ = self.rnn(x)
        else:
            packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
            out, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True)
        return out


class RelationModel(nn.Module):
    def __init__(self, words, dim):
        super().__init__()
        self.embed = nn.Embedding(words, dim, padding_idx=0)
        self.encode = Encoder(dim)
        self.fc = nn.Linear(2 * dim, 3)

    def forward(self, batch):
        longest = batch["length"].max().item()
        x = self.embed(batch["ids"][:, :longest])
        return self.fc(self.encode(x, batch["length"]))


# case: batches of samples that were filed by their length
class Languages(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16, padding_idx=0)
        self.lstm = nn.LSTM(16, 32, batch_first=True, bidirectional=True)

    def forward(self, ids):
        out, _ = self.lstm(self.embed(ids))
        return out.sum(1)


# file: train.py
import torch

from model import Languages


def batches(texts, letters):
    by_length = {}
    for text in texts:
        if len(text) not in by_length:
            by_length[len(text)] = []
        by_length[len(text)].append([letters[c] for c in text])
    for length in by_length:
        yield torch.tensor([ids for ids in by_length[length]])


def train(texts, letters):
    model = Languages()
    for ids in batches(texts, letters):
        model(ids).sum().backward()


# case: batches of samples that were filed by something else
class Languages(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16, padding_idx=0)
        self.lstm = nn.LSTM(16, 32, batch_first=True, bidirectional=True)

    def forward(self, ids):
        out, _ = self.lstm(self.embed(ids))  # PCK102
        return out[:, 0]


# file: train.py
import torch

from model import Languages


def batches(texts, letters):
    by_language = {}
    for text, language in texts:
        if language not in by_language:
            by_language[language] = []
        by_language[language].append([letters[c] for c in text])
    for language in by_language:
        yield torch.tensor([ids for ids in by_language[language]])


def train(texts, letters):
    model = Languages()
    for ids in batches(texts, letters):
        model(ids).sum().backward()


# case: samples filed by their length and padded all the same, for a bucket holds several lengths
class Languages(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16, padding_idx=0)
        self.lstm = nn.LSTM(16, 32, batch_first=True, bidirectional=True)

    def forward(self, ids):
        out, _ = self.lstm(self.embed(ids))  # PCK102
        return out[:, 0]


# file: train.py
import torch

from model import Languages


def batches(texts, letters):
    by_length = {}
    for text in texts:
        bucket = len(text) // 10
        if bucket not in by_length:
            by_length[bucket] = []
        ids = [letters[c] for c in text]
        by_length[bucket].append(ids + [0] * (10 * bucket + 10 - len(ids)))
    for length in by_length:
        yield torch.tensor([ids for ids in by_length[length]])


def train(texts, letters):
    model = Languages()
    for ids in batches(texts, letters):
        model(ids).sum().backward()


# case: the two texts of each sample are filled up in place, in a list of samples that stands in the code
class Translator(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.RNN(26, 32)
        self.decoder = nn.RNN(26, 32)

    def forward(self, source, start, target):
        _, state = self.encoder(source.transpose(0, 1), start)  # PCK102
        out, _ = self.decoder(target.transpose(0, 1), state)
        return out


PAIRS = [["man", "women"], ["black", "white"], ["up", "down"]]
LETTERS = {letter: number for number, letter in enumerate("abcdefghijklmnopqrstuvwxyz")}


def batch(steps):
    sources, targets = [], []
    for pair in PAIRS:
        for i in range(2):
            pair[i] = pair[i] + "P" * (steps - len(pair[i]))
        sources.append(np.eye(26)[[LETTERS[letter] for letter in pair[0]]])
        targets.append(np.eye(26)[[LETTERS[letter] for letter in pair[1]]])
    return torch.FloatTensor(sources), torch.FloatTensor(targets)


def main():
    source, target = batch(5)
    Translator()(source, torch.zeros(1, 3, 32), target).sum().backward()


# case: the two texts of each sample as they stand in the code, each a batch of one
class Translator(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.RNN(26, 32)
        self.decoder = nn.RNN(26, 32)

    def forward(self, source, start, target):
        _, state = self.encoder(source.transpose(0, 1), start)
        out, _ = self.decoder(target.transpose(0, 1), state)
        return out


PAIRS = [["man", "women"], ["black", "white"], ["up", "down"]]
LETTERS = {letter: number for number, letter in enumerate("abcdefghijklmnopqrstuvwxyz")}


def main():
    model = Translator()
    for pair in PAIRS:
        for i in range(2):
            pair[i] = pair[i].lower()
        source = torch.FloatTensor(np.eye(26)[[LETTERS[letter] for letter in pair[0]]]).unsqueeze(0)
        target = torch.FloatTensor(np.eye(26)[[LETTERS[letter] for letter in pair[1]]]).unsqueeze(0)
        model(source, torch.zeros(1, 1, 32), target).sum().backward()


# case: rows are filled up by what they are short of a length, and looked up in a table of vectors
class Reviews(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.lstm = nn.LSTM(dim, 64, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(128, 5)

    def forward(self, x):
        out, _ = self.lstm(x)  # PCK102
        return self.fc(out)


# file: train.py
import numpy as np
from torch.utils.data import DataLoader, Dataset

from model import Reviews


class Texts(Dataset):
    def __init__(self, data, vectors, seq_len):
        self.vectors = vectors
        self.rows = []
        for label, ids in data:
            if len(ids) < seq_len:
                ids += (seq_len - len(ids)) * [0]
            self.rows.append((ids[:seq_len], label))

    def __getitem__(self, index):
        ids, label = self.rows[index]
        return self.vectors.take(ids, axis=0), label

    def __len__(self):
        return len(self.rows)


def train(data, vectors):
    model = Reviews(300)
    for x, labels in DataLoader(Texts(data, vectors, 100), batch_size=8):
        model(x).sum().backward()


# case: rows that are long enough, cut to one length and looked up in a table of vectors
class Reviews(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.lstm = nn.LSTM(dim, 64, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(128, 5)

    def forward(self, x):
        out, _ = self.lstm(x)
        return self.fc(out)


# file: train.py
import numpy as np
from torch.utils.data import DataLoader, Dataset

from model import Reviews


class Texts(Dataset):
    def __init__(self, data, vectors, seq_len):
        self.vectors = vectors
        self.rows = []
        for label, ids in data:
            if len(ids) >= seq_len:
                self.rows.append((ids[:seq_len], label))

    def __getitem__(self, index):
        ids, label = self.rows[index]
        return self.vectors.take(ids, axis=0), label

    def __len__(self):
        return len(self.rows)


def train(data, vectors):
    model = Reviews(300)
    for x, labels in DataLoader(Texts(data, vectors, 100), batch_size=8):
        model(x).sum().backward()


# case: padded rows looked up in a table of vectors by a subscript
class Reviews(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.lstm = nn.LSTM(dim, 64, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(128, 5)

    def forward(self, x):
        out, _ = self.lstm(x)  # PCK102
        return self.fc(out)


# file: train.py
import torch

from model import Reviews


def train(rows, vectors):
    model = Reviews(300)
    longest = max(len(row) for row in rows)
    ids = torch.tensor([row + [0] * (longest - len(row)) for row in rows])
    model(vectors[ids]).sum().backward()


# case: rows as they are, looked up in a table of vectors by a subscript
class Reviews(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.lstm = nn.LSTM(dim, 64, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(128, 5)

    def forward(self, x):
        out, _ = self.lstm(x)
        return self.fc(out)


# file: train.py
import torch

from model import Reviews


def train(rows, vectors):
    model = Reviews(300)
    for row in rows:
        model(vectors[torch.tensor(row)].unsqueeze(0)).sum().backward()
