"""PCK204 lengths-on-device: lengths that live on the accelerator handed to pack without going to the CPU first."""

import numpy as np
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader


def collate(batch):
    lengths = torch.tensor([len(ids) for ids in batch])
    return pad_sequence([torch.tensor(ids) for ids in batch], batch_first=True), lengths


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16, padding_idx=0)
        self.rnn = nn.GRU(16, 32, batch_first=True)


# case: the training loop moves the lengths by name
class Classifier(Encoder):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)  # PCK204
        return self.rnn(packed)[1][-1]


# file: train.py
import torch
from torch.utils.data import DataLoader

from model import Classifier, collate


def train(sentences):
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = Classifier().to(device)
    for ids, lengths in DataLoader(sentences, batch_size=4, collate_fn=collate):
        ids = ids.to(device)
        lengths = lengths.to(device)
        model(ids, lengths).sum().backward()


# case: moved with .cuda() and sorted on the device
class Classifier(Encoder):
    def forward(self, ids, lengths):
        lengths, order = lengths.sort(0, descending=True)
        packed = pack_padded_sequence(self.embed(ids[order]), lengths, batch_first=True)  # PCK204
        _, back = order.sort(0)
        return self.rnn(packed)[1][-1][back]


def train_on_gpu(sentences):
    model = Classifier().cuda()
    for ids, lengths in DataLoader(sentences, batch_size=4, collate_fn=collate):
        model(ids.cuda(), lengths.cuda()).sum().backward()


# case: everything in a dict is moved at once
class Classifier(Encoder):
    def forward(self, batch):
        packed = pack_padded_sequence(  # PCK204
            self.embed(batch["ids"]), batch["lengths"], batch_first=True, enforce_sorted=False
        )
        return self.rnn(packed)[1][-1]


# file: train.py
import torch
from torch.utils.data import DataLoader

from model import Classifier, collate

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def collate_dict(items):
    ids, lengths = collate(items)
    return {"ids": ids, "lengths": lengths}


def train(sentences):
    model = Classifier().to(device)
    for batch in DataLoader(sentences, batch_size=4, collate_fn=collate_dict):
        batch = {name: tensor.to(device) for name, tensor in batch.items()}
        model(batch).sum().backward()


# case: a generator moves every tensor of the batch
class Tagger(Encoder):
    def forward(self, ids, lengths):
        width = ids.size(1)
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)  # PCK204
        return pad_packed_sequence(self.rnn(packed)[0], batch_first=True, total_length=width)[0]


def train(sentences, device="cuda" if torch.cuda.is_available() else "cpu"):
    model = Tagger().to(device)
    for batch in DataLoader(sentences, batch_size=4, collate_fn=collate):
        ids, lengths = (tensor.to(device) for tensor in batch)
        model(ids, lengths).sum().backward()


# case: lengths counted from ids that the loop has moved
class Tagger(Encoder):
    def forward(self, ids):
        lengths = (ids != 0).sum(dim=1)
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)  # PCK204
        return pad_packed_sequence(self.rnn(packed)[0], batch_first=True, total_length=ids.size(1))[0]


# file: train.py
import torch
from torch.utils.data import DataLoader

from model import Tagger, collate


def train(sentences):
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    tagger = Tagger().to(device)
    for ids, _ in DataLoader(sentences, batch_size=4, collate_fn=collate):
        tagger(ids.to(device)).sum().backward()


# case: the torchtext iterator makes ids and lengths on the device
class SentimentModel(nn.Module):
    def __init__(self, vocabulary):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, 16, padding_idx=1)
        self.lstm = nn.LSTM(16, 32)

    def forward(self, text, lengths):
        packed = nn.utils.rnn.pack_padded_sequence(self.embed(text), lengths, enforce_sorted=False)  # PCK204
        return self.lstm(packed)[1][0][-1]


# file: main.py
import torch
from torchtext.data import BucketIterator, Field, LabelField, TabularDataset

from model import SentimentModel

TEXT = Field(include_lengths=True)
LABEL = LabelField()


def main(path):
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    dataset = TabularDataset(path, "csv", [("text", TEXT), ("label", LABEL)])
    iterator = BucketIterator(dataset, 32, sort_key=lambda example: len(example.text), device=device)
    model = SentimentModel(len(TEXT.vocab)).to(device)
    for batch in iterator:
        text, lengths = batch.text
        model(text, lengths).sum().backward()


# case: lengths created on the device
def encode(layer, rows):
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    lengths = torch.tensor([len(row) for row in rows], device=device)
    padded = pad_sequence(rows, batch_first=True).to(device)
    packed = pack_padded_sequence(padded, lengths, batch_first=True, enforce_sorted=False)  # PCK204
    return layer.to(device)(packed)[1][-1]


# case: a helper in another file moves whatever is in the batch
class Classifier(Encoder):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)  # PCK204
        return self.rnn(packed)[1][-1]


# file: utils.py
import torch


def batch_to_gpu(batch):
    return [tensor.cuda() if torch.is_tensor(tensor) else tensor for tensor in batch]


# file: train.py
from torch.utils.data import DataLoader

from model import Classifier, collate
from utils import batch_to_gpu


def train_on_gpu(sentences):
    model = Classifier().cuda()
    for batch in DataLoader(sentences, batch_size=4, collate_fn=collate):
        ids, lengths = batch_to_gpu(batch)
        model(ids, lengths).sum().backward()


# case: the collate function itself returns tensors on the device
class Classifier(Encoder):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)  # PCK204
        return self.rnn(packed)[1][-1]


# file: data.py
import torch
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

from model import Classifier

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def collate_batch(rows):
    ids = pad_sequence([torch.tensor(row) for row in rows], batch_first=True)
    lengths = torch.tensor([len(row) for row in rows])
    return ids.to(DEVICE), lengths.to(DEVICE)


def train(sentences):
    model = Classifier().to(DEVICE)
    for ids, lengths in DataLoader(sentences, batch_size=4, collate_fn=collate_batch):
        model(ids, lengths).sum().backward()


# case: a batch class with a move of its own
class Classifier(Encoder):
    def forward(self, batch):
        packed = pack_padded_sequence(  # PCK204
            self.embed(batch.ids), batch.lengths, batch_first=True, enforce_sorted=False
        )
        return self.rnn(packed)[1][-1]


# file: batch.py
class Batch:
    def __init__(self, ids, lengths):
        self.ids, self.lengths = ids, lengths

    def to(self, device):
        self.ids = self.ids.to(device)
        self.lengths = self.lengths.to(device)
        return self


# file: train.py
import torch

from batch import Batch
from model import Classifier, collate


def train(sentences):
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = Classifier().to(device)
    for start in range(0, len(sentences), 4):
        batch = Batch(*collate(sentences[start : start + 4])).to(device)
        model(batch).sum().backward()


# case: Lightning moves a tensor of lengths with the batch
# file: lit.py
import lightning.pytorch as pl
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence
from torch.utils.data import DataLoader

from model import collate


class LitEncoder(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.lstm = nn.LSTM(16, 32, batch_first=True)

    def training_step(self, batch, batch_index):
        ids, lengths = batch
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)  # PCK204
        return self.lstm(packed)[1][0][-1].sum()


def main(sentences):
    trainer = pl.Trainer(accelerator="gpu", devices=1)
    trainer.fit(LitEncoder(), DataLoader(sentences, batch_size=4, collate_fn=collate))


# case: lengths after a strided convolution, computed from lengths on the device
class SpeechEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(8, 16, kernel_size=3, stride=2, padding=1)
        self.rnn = nn.LSTM(16, 32, batch_first=True)

    def forward(self, frames, lengths):
        x = self.conv(frames.transpose(1, 2)).transpose(1, 2)
        lengths = torch.div(lengths + 1, 2, rounding_mode="floor")
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)  # PCK204
        return self.rnn(packed)[1][0][-1]


def train_on_gpu(utterances):
    encoder = SpeechEncoder().to("cuda")
    frames = pad_sequence(utterances, batch_first=True).to("cuda")
    lengths = torch.tensor([len(frame) for frame in utterances]).to("cuda")
    encoder(frames, lengths).sum().backward()


# case: DataParallel scatters a tensor of lengths to the devices
class Classifier(Encoder):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)  # PCK204
        return self.rnn(packed)[1][-1]


def train_on_gpus(sentences):
    model = nn.DataParallel(Classifier()).cuda()
    for ids, lengths in DataLoader(sentences, batch_size=8, collate_fn=collate):
        model(ids, lengths).sum().backward()


# case: refused, a list made inside forward, under DataParallel
class Classifier(Encoder):
    def forward(self, ids):
        lengths = [int(n) for n in (ids != 0).sum(1)]
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        return self.rnn(packed)[1][-1]


def train_on_gpus(sentences):
    model = nn.DataParallel(Classifier()).cuda()
    for ids, _ in DataLoader(sentences, batch_size=8, collate_fn=collate):
        model(ids).sum().backward()


# case: refused, .cpu() at the call
class Classifier(Encoder):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        return self.rnn(packed)[1][-1]


def train(sentences):
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = Classifier().to(device)
    for ids, lengths in DataLoader(sentences, batch_size=4, collate_fn=collate):
        model(ids.to(device), lengths.to(device)).sum().backward()


# case: refused, turned into NumPy earlier in the function
class Classifier(Encoder):
    def forward(self, ids, lengths):
        lengths = lengths.cpu().numpy()
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        return self.rnn(packed)[1][-1]


def train(sentences):
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = Classifier().to(device)
    for ids, lengths in DataLoader(sentences, batch_size=4, collate_fn=collate):
        model(ids.to(device), lengths.to(device)).sum().backward()


# case: refused, counted from a mask on the device and made a list
class Classifier(Encoder):
    def forward(self, ids):
        lengths = ids.ne(0).sum(1).tolist()
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        return self.rnn(packed)[1][-1]


def train(sentences):
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = Classifier().to(device)
    for ids, _ in DataLoader(sentences, batch_size=4, collate_fn=collate):
        model(ids.to(device)).sum().backward()


# case: refused, a mask's sum sent to the CPU by name
class Tagger(Encoder):
    def forward(self, ids, mask):
        lengths = torch.sum(mask, dim=1, dtype=torch.int64).to("cpu")
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        outputs = self.rnn(packed)[0]
        return pad_packed_sequence(outputs, batch_first=True, total_length=ids.size(1))[0]


def train(sentences):
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = Tagger().to(device)
    for ids, _ in DataLoader(sentences, batch_size=4, collate_fn=collate):
        ids = ids.to(device)
        model(ids, ids != 0).sum().backward()


# case: refused, the batch carries a Python list of lengths
class Classifier(Encoder):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        return self.rnn(packed)[1][-1]


# file: train.py
import torch
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

from model import Classifier

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def collate_rows(rows):
    return pad_sequence([torch.tensor(row) for row in rows], batch_first=True), [len(row) for row in rows]


def train(sentences):
    model = Classifier().to(device)
    for batch in DataLoader(sentences, batch_size=4, collate_fn=collate_rows):
        ids, lengths = [part.to(device) if torch.is_tensor(part) else part for part in batch]
        model(ids, lengths).sum().backward()


# case: refused, only the ids are moved
class Classifier(Encoder):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        return self.rnn(packed)[1][-1]


def train(sentences):
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = Classifier().to(device)
    for ids, lengths in DataLoader(sentences, batch_size=4, collate_fn=collate, pin_memory=True):
        ids = ids.to(device, non_blocking=True)
        model(ids, lengths).sum().backward()


# case: refused, the dict comprehension leaves the lengths behind
class Classifier(Encoder):
    def forward(self, batch):
        packed = pack_padded_sequence(
            self.embed(batch["ids"]), batch["lengths"], batch_first=True, enforce_sorted=False
        )
        return self.rnn(packed)[1][-1]


def train(sentences):
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = Classifier().to(device)
    for ids, lengths in DataLoader(sentences, batch_size=4, collate_fn=collate):
        batch = {"ids": ids, "lengths": lengths}
        batch = {name: part if name == "lengths" else part.to(device) for name, part in batch.items()}
        model(batch).sum().backward()


# case: refused, a list of scalars from the device
class Classifier(Encoder):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), list(lengths), batch_first=True, enforce_sorted=False)
        return self.rnn(packed)[1][-1]


def train(sentences):
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = Classifier().to(device)
    for ids, lengths in DataLoader(sentences, batch_size=4, collate_fn=collate):
        model(ids.to(device), lengths.to(device)).sum().backward()


# case: refused, the lengths that unpacking gives are on the CPU
class Stack(Encoder):
    def __init__(self):
        super().__init__()
        self.second = nn.GRU(32, 32, batch_first=True)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        between, sizes = pad_packed_sequence(self.rnn(packed)[0], batch_first=True)
        packed = pack_padded_sequence(between, sizes, batch_first=True, enforce_sorted=False)
        return self.second(packed)[1][-1]


def train(sentences):
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = Stack().to(device)
    for ids, lengths in DataLoader(sentences, batch_size=4, collate_fn=collate):
        model(ids.to(device), lengths.to(device)).sum().backward()


# case: refused, sorted on the CPU, and only the order is moved
class Classifier(Encoder):
    def forward(self, ids, lengths):
        lengths, order = lengths.sort(0, descending=True)
        order = order.to(ids.device)
        packed = pack_padded_sequence(self.embed(ids[order]), lengths, batch_first=True)
        return self.rnn(packed)[1][-1][order.argsort()]


def train(sentences):
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = Classifier().to(device)
    for ids, lengths in DataLoader(sentences, batch_size=4, collate_fn=collate):
        model(ids.to(device), lengths).sum().backward()


# case: refused, moved only after the pack, for the mask
class Pooler(Encoder):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        outputs, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True, total_length=ids.size(1))
        lengths = lengths.to(outputs.device)
        mask = torch.arange(ids.size(1), device=outputs.device)[None, :] < lengths[:, None]
        return (outputs * mask.unsqueeze(-1)).sum(1) / lengths.unsqueeze(-1)


def train(sentences):
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = Pooler().to(device)
    for ids, lengths in DataLoader(sentences, batch_size=4, collate_fn=collate):
        model(ids.to(device), lengths).sum().backward()


# case: refused, the device is the CPU
class Classifier(Encoder):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        return self.rnn(packed)[1][-1]


def train(sentences):
    device = torch.device("cpu")
    model = Classifier().to(device)
    for ids, lengths in DataLoader(sentences, batch_size=4, collate_fn=collate):
        model(ids.to(device), lengths.to(device)).sum().backward()


# case: refused, nothing in the project says where the lengths live
class Classifier(Encoder):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        return self.rnn(packed)[1][-1]


# case: refused, the caller brings the lengths back
class Classifier(Encoder):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        return self.rnn(packed)[1][-1]


# file: train.py
import torch
from torch.utils.data import DataLoader

from model import Classifier, collate


def train(sentences):
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = Classifier().to(device)
    for batch in DataLoader(sentences, batch_size=4, collate_fn=collate):
        ids, lengths = [tensor.to(device) for tensor in batch]
        weights = 1.0 / lengths
        states = model(ids, lengths.cpu())
        (states.sum(-1) * weights).sum().backward()


# case: refused, the torchtext lengths become a list in the loop
class SentimentModel(nn.Module):
    def __init__(self, vocabulary):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, 16, padding_idx=1)
        self.lstm = nn.LSTM(16, 32)

    def forward(self, text, lengths):
        packed = nn.utils.rnn.pack_padded_sequence(self.embed(text), lengths, enforce_sorted=False)
        return self.lstm(packed)[1][0][-1]


# file: main.py
import torch
from torchtext.data import BucketIterator, Field, LabelField, TabularDataset

from model import SentimentModel

TEXT = Field(include_lengths=True)
LABEL = LabelField()


def main(path):
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    dataset = TabularDataset(path, "csv", [("text", TEXT), ("label", LABEL)])
    iterator = BucketIterator(dataset, 32, sort_key=lambda example: len(example.text), device=device)
    model = SentimentModel(len(TEXT.vocab)).to(device)
    for batch in iterator:
        text, lengths = batch.text
        model(text, lengths.tolist()).sum().backward()


# case: refused, Lightning does not move a list of numbers
# file: lit.py
import lightning.pytorch as pl
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader


class LitEncoder(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.lstm = nn.LSTM(16, 32, batch_first=True)

    def training_step(self, batch, batch_index):
        ids, lengths = batch
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        return self.lstm(packed)[1][0][-1].sum()


def collate_rows(rows):
    return pad_sequence([torch.tensor(row) for row in rows], batch_first=True), [len(row) for row in rows]


def main(sentences):
    trainer = pl.Trainer(accelerator="gpu", devices=1)
    trainer.fit(LitEncoder(), DataLoader(sentences, batch_size=4, collate_fn=collate_rows))


# case: refused, Lightning with .cpu() at the call
# file: lit.py
import lightning.pytorch as pl
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence
from torch.utils.data import DataLoader

from model import collate


class LitEncoder(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.lstm = nn.LSTM(16, 32, batch_first=True)

    def training_step(self, batch, batch_index):
        ids, lengths = batch
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        return self.lstm(packed)[1][0][-1].sum()


def main(sentences):
    trainer = pl.Trainer(accelerator="gpu", devices=1)
    trainer.fit(LitEncoder(), DataLoader(sentences, batch_size=4, collate_fn=collate))


# case: refused, an own function of that name brings the lengths back
# file: packing.py
from torch.nn.utils import rnn


def pack_padded_sequence(inputs, lengths):
    return rnn.pack_padded_sequence(inputs, lengths.cpu(), batch_first=True, enforce_sorted=False)


# file: train.py
import torch
from torch.utils.data import DataLoader

from model import Encoder, collate
from packing import pack_padded_sequence


class Classifier(Encoder):
    def forward(self, ids, lengths):
        return self.rnn(pack_padded_sequence(self.embed(ids), lengths))[1][-1]


def train(sentences):
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = Classifier().to(device)
    for ids, lengths in DataLoader(sentences, batch_size=4, collate_fn=collate):
        model(ids.to(device), lengths.to(device)).sum().backward()


# case: refused, lengths made with NumPy
class Classifier(Encoder):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        return self.rnn(packed)[1][-1]


def train(sentences):
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = Classifier().to(device)
    for start in range(0, len(sentences), 4):
        rows = sentences[start : start + 4]
        ids = pad_sequence([torch.tensor(row) for row in rows], batch_first=True).to(device)
        model(ids, np.array([len(row) for row in rows])).sum().backward()


# case: a script's own collate function moves the lengths
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def to_batch(samples):
    rows = [torch.LongTensor(sample) for sample in samples]
    sizes = torch.LongTensor([len(row) for row in rows])
    sizes, order = sizes.sort(dim=0, descending=True)
    return pad_sequence(rows, batch_first=True)[order].to(device), sizes.to(device)


class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.rnn = nn.GRU(16, 32, batch_first=True)

    def forward(self, ids, sizes):
        packed = pack_padded_sequence(self.embed(ids), sizes, batch_first=True)  # PCK204
        return self.rnn(packed)[1][-1]


model = Reader().to(device)
for ids, sizes in DataLoader(torch.load("rows.pt"), batch_size=16, collate_fn=to_batch):
    model(ids, sizes).sum().backward()


# case: refused, a script's own collate function moves the ids alone
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def to_batch(samples):
    rows = [torch.LongTensor(sample) for sample in samples]
    sizes = torch.LongTensor([len(row) for row in rows])
    sizes, order = sizes.sort(dim=0, descending=True)
    return pad_sequence(rows, batch_first=True)[order].to(device), sizes


class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.rnn = nn.GRU(16, 32, batch_first=True)

    def forward(self, ids, sizes):
        packed = pack_padded_sequence(self.embed(ids), sizes, batch_first=True)
        return self.rnn(packed)[1][-1]


model = Reader().to(device)
for ids, sizes in DataLoader(torch.load("rows.pt"), batch_size=16, collate_fn=to_batch):
    model(ids, sizes).sum().backward()
# case: inputs prepared with or without characters, and handed on together
class Tagger(Encoder):
    def __init__(self, device, spell):
        super().__init__()
        self.device, self.spell = device, spell

    def prepare(self, words):
        if self.spell:
            ids = pad_sequence([torch.tensor(word) for word in words], batch_first=True).to(self.device)
            lengths = torch.tensor([len(word) for word in words], device=self.device)
        else:
            ids = None
            lengths = None
        return ids, lengths

    def forward(self, ids, lengths):
        if ids is None or lengths is None:
            return None
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)  # PCK204
        return self.rnn(packed)[1][-1]

    def encode(self, words):
        inputs = self.prepare(words)
        return self.forward(*inputs)


# case: inputs prepared with or without characters, with the lengths left on the CPU
class Tagger(Encoder):
    def __init__(self, device, spell):
        super().__init__()
        self.device, self.spell = device, spell

    def prepare(self, words):
        if self.spell:
            ids = pad_sequence([torch.tensor(word) for word in words], batch_first=True).to(self.device)
            lengths = torch.tensor([len(word) for word in words])
        else:
            ids = None
            lengths = None
        return ids, lengths

    def forward(self, ids, lengths):
        if ids is None or lengths is None:
            return None
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        return self.rnn(packed)[1][-1]

    def encode(self, words):
        inputs = self.prepare(words)
        return self.forward(*inputs)


# case: a list of lengths, counted from one of two masks on the accelerator
class Speller(Encoder):
    def __init__(self, letters):
        super().__init__()
        self.letters = letters

    def forward(self, ids):
        real = ids.ne(0) if self.letters else ids.eq(1)
        packed = pack_padded_sequence(self.embed(ids), list(real.long().sum(1)), batch_first=True, enforce_sorted=False)
        return self.rnn(packed)[1][-1]


def train(sentences, letters):
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = Speller(letters).to(device)
    for ids, _ in DataLoader(sentences, batch_size=4, collate_fn=collate):
        model(ids.to(device)).sum().backward()


# case: lengths that fairseq moves with its batch, and that follow the strides of a convolution
from fairseq.models import FairseqEncoder


class Speech(FairseqEncoder):
    def __init__(self, features, dim):
        super().__init__(None)
        self.conv = nn.Conv1d(features, dim, 3, stride=2)
        self.lstm = nn.LSTM(dim, dim, bidirectional=True)

    def forward(self, src_tokens, src_lengths=None, **kwargs):
        x = self.conv(src_tokens.transpose(1, 2)).permute(2, 0, 1)
        lengths = ((src_lengths.float() - 3) / 2 + 1).floor().long()
        packed = pack_padded_sequence(x, lengths)  # PCK204
        out, _ = pad_packed_sequence(self.lstm(packed)[0])
        return {"encoder_out": out}


# case: lengths that fairseq moves with its batch, brought back for the pack
from fairseq.models import FairseqEncoder


class Speech(FairseqEncoder):
    def __init__(self, features, dim):
        super().__init__(None)
        self.conv = nn.Conv1d(features, dim, 3, stride=2)
        self.lstm = nn.LSTM(dim, dim, bidirectional=True)

    def forward(self, src_tokens, src_lengths=None, **kwargs):
        x = self.conv(src_tokens.transpose(1, 2)).permute(2, 0, 1)
        lengths = ((src_lengths.float() - 3) / 2 + 1).floor().long().cpu()
        packed = pack_padded_sequence(x, lengths)
        out, _ = pad_packed_sequence(self.lstm(packed)[0])
        return {"encoder_out": out}
# case: letters in words of a nested field, a batch taken with next()
class Spelling(nn.Module):
    def __init__(self, letters, hidden=32):
        super().__init__()
        self.embed = nn.Embedding(letters, 16, padding_idx=1)
        self.rnn = nn.LSTM(16, hidden, batch_first=True)

    def forward(self, letters, counts):
        letters, counts = letters.reshape(-1, letters.size(-1)), counts.reshape(-1)
        packed = pack_padded_sequence(self.embed(letters), counts, batch_first=True, enforce_sorted=False)  # PCK204
        return self.rnn(packed)[1][0][-1]


# file: main.py
import torch
from torchtext.data import Field, Iterator, NestedField

from model import Spelling

LETTERS = NestedField(Field(batch_first=True, tokenize=list), include_lengths=True)


def main(dataset, steps, **options):
    device = torch.device(type="cuda") if torch.cuda.is_available() else torch.device(type="cpu")
    iterator = Iterator(dataset, 32, sort_within_batch=True, device=device)
    model = Spelling(len(LETTERS.vocab), **options)
    for _ in range(steps):
        batch = next(iter(iterator))
        letters, _, counts = batch.letters
        model(letters, counts).sum().backward()


# case: refused, the iterator of a nested field makes its batches on the CPU
class Spelling(nn.Module):
    def __init__(self, letters, hidden=32):
        super().__init__()
        self.embed = nn.Embedding(letters, 16, padding_idx=1)
        self.rnn = nn.LSTM(16, hidden, batch_first=True)

    def forward(self, letters, counts):
        letters, counts = letters.reshape(-1, letters.size(-1)), counts.reshape(-1)
        packed = pack_padded_sequence(self.embed(letters), counts, batch_first=True, enforce_sorted=False)
        return self.rnn(packed)[1][0][-1]


# file: main.py
import torch
from torchtext.data import Field, Iterator, NestedField

from model import Spelling

LETTERS = NestedField(Field(batch_first=True, tokenize=list), include_lengths=True)


def main(dataset, steps, **options):
    device = torch.device(type="cpu")
    iterator = Iterator(dataset, 32, sort_within_batch=True, device=device)
    model = Spelling(len(LETTERS.vocab), **options)
    for _ in range(steps):
        batch = next(iter(iterator))
        letters, _, counts = batch.letters
        model(letters, counts).sum().backward()


# case: one field of several includes its lengths, and is taken apart by number
class Reader(nn.Module):
    def __init__(self, vocabulary):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, 16, padding_idx=1)
        self.gru = nn.GRU(16, 32, batch_first=True)

    def forward(self, batch):
        words, counts = self.embed(batch.passage[0]), batch.passage[1]
        packed = pack_padded_sequence(words, counts, batch_first=True, enforce_sorted=False)  # PCK204
        return self.gru(packed)[1][-1]


# file: main.py
from torchtext.data import BucketIterator, Field, NestedField, TabularDataset

from model import Reader

PASSAGE = Field(batch_first=True, include_lengths=True)
LETTERS = NestedField(Field(batch_first=True, tokenize=list))


def main(path):
    fields = [("passage", PASSAGE), ("letters", LETTERS)]
    dataset = TabularDataset(path, "csv", fields)
    model = Reader(len(PASSAGE.vocab)).cuda()
    for batch in BucketIterator(dataset, 32, sort_key=lambda example: len(example.passage), device="cuda"):
        model(batch).sum().backward()


# case: refused, the lengths of a field taken apart by number go to the CPU
class Reader(nn.Module):
    def __init__(self, vocabulary):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, 16, padding_idx=1)
        self.gru = nn.GRU(16, 32, batch_first=True)

    def forward(self, batch):
        words, counts = self.embed(batch.passage[0]), batch.passage[1].cpu()
        packed = pack_padded_sequence(words, counts, batch_first=True, enforce_sorted=False)
        return self.gru(packed)[1][-1]


# file: main.py
from torchtext.data import BucketIterator, Field, NestedField, TabularDataset

from model import Reader

PASSAGE = Field(batch_first=True, include_lengths=True)
LETTERS = NestedField(Field(batch_first=True, tokenize=list))


def main(path):
    fields = [("passage", PASSAGE), ("letters", LETTERS)]
    dataset = TabularDataset(path, "csv", fields)
    model = Reader(len(PASSAGE.vocab)).cuda()
    for batch in BucketIterator(dataset, 32, sort_key=lambda example: len(example.passage), device="cuda"):
        model(batch).sum().backward()


# case: sorted on the CPU, and the sorted copy is moved
class Sorting(Encoder):
    def forward(self, ids, lengths):
        falling, order = lengths.cpu().sort(descending=True)
        ids, falling = ids[order.to(ids.device)].cuda(), falling.cuda()
        packed = pack_padded_sequence(self.embed(ids), falling, batch_first=True)  # PCK204
        return self.rnn(packed)[1][-1][order.argsort()]


# case: refused, a trainer of the project's own that leaves the lengths on the CPU
class Trainer:
    def __init__(self, device):
        self.device = device

    def fit(self, model, batches):
        for ids, lengths in batches:
            model(ids.to(self.device), lengths).sum().backward()


class Classifier(Encoder):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        return self.rnn(packed)[1][-1]


def train(sentences):
    batches = DataLoader(sentences, batch_size=4, collate_fn=collate)
    Trainer(torch.device("cuda")).fit(Classifier().cuda(), batches)


# case: every item of a batch that nothing is known of is moved, and the lengths with them
class Encoder(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.gru = nn.GRU(features, hidden, batch_first=True)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)  # PCK204
        return self.gru(packed)[1]


def train(loader, device):
    model = Encoder(3, 4)
    for batch in loader:
        for key, value in batch.items():
            batch[key] = value.to(device)
        model(batch["x"], batch["lengths"])


# case: a batch is moved as a tuple
class Encoder(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.gru = nn.GRU(features, hidden, batch_first=True)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)  # PCK204
        return self.gru(packed)[1]


def train(loader, device):
    model = Encoder(3, 4)
    for batch in loader:
        x, n = tuple(item.to(device) for item in batch)
        model(x, n)


# case: only the frames of a batch are moved
class Encoder(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.gru = nn.GRU(features, hidden, batch_first=True)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        return self.gru(packed)[1]


def train(loader, device):
    model = Encoder(3, 4)
    for batch in loader:
        batch["x"] = batch["x"].to(device)
        model(batch["x"], batch["lengths"])


# case: Lightning moves what a step is given
class Encoder(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.gru = nn.GRU(features, hidden, batch_first=True)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)  # PCK204
        return self.gru(packed)[1]


class Classifier(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.encoder = Encoder(3, 4)

    def training_step(self, batch, index):
        return self.encoder(batch.frames, batch.lengths).sum()


# case: what Lightning moved comes back to the CPU
class Encoder(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.gru = nn.GRU(features, hidden, batch_first=True)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        return self.gru(packed)[1]


class Classifier(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.encoder = Encoder(3, 4)

    def training_step(self, batch, index):
        frames, lengths = batch
        return self.encoder(frames, lengths.cpu()).sum()


# case: rows picked by `index_select` need the permutation where the model is
class Encoder(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.gru = nn.GRU(features, hidden, batch_first=True)

    def forward(self, x, lengths):
        ordered, order = (-lengths).sort()
        x = x.index_select(0, order)
        packed = pack_padded_sequence(x, -ordered, batch_first=True)  # PCK204
        out, _ = pad_packed_sequence(self.gru(packed)[0], batch_first=True, total_length=x.size(1))
        return out.index_select(0, order.sort()[1])


def train(batches):
    model = Encoder(3, 4).cuda()
    for x, lengths in batches:
        model(x.cuda(), lengths)


# case: rows picked by a subscript take a permutation on the CPU
class Encoder(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.gru = nn.GRU(features, hidden, batch_first=True)

    def forward(self, x, lengths):
        ordered, order = lengths.sort(descending=True)
        packed = pack_padded_sequence(x[order], ordered, batch_first=True)
        out, _ = pad_packed_sequence(self.gru(packed)[0], batch_first=True, total_length=x.size(1))
        return out[order.sort()[1]]


def train(batches):
    model = Encoder(3, 4).cuda()
    for x, lengths in batches:
        model(x.cuda(), lengths)


# case: a batch that was moved item by item, handed on with a star
class Encoder(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.gru = nn.GRU(features, hidden, batch_first=True)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)  # PCK204
        return self.gru(packed)[1]


class Auto(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = Encoder(3, 4)

    def encode(self, *args):
        return self.encoder(*args)


def train(loader, device):
    model = Auto()
    for inputs, targets in loader:
        inputs = (item.to(device) for item in inputs)
        model.encode(*inputs)


# case: the loss of a model out of a registry, on a batch that a trainer moves
class Clicks(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.gru = nn.GRU(size, size, batch_first=True)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)  # PCK204
        return self.gru(packed)[1]

    def calculate_loss(self, batch):
        return self(batch["items"], batch["item_len"]).sum()


class Trainer:
    def __init__(self, model, device):
        self.model, self.device = model, device

    def epoch(self, loader, criterion=None):
        criterion = criterion or self.model.calculate_loss
        for batch in loader:
            batch = batch.to(self.device)
            criterion(batch).backward()


# case: a registry's model is moved with the batch
class Clicks(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.gru = nn.GRU(size, size, batch_first=True)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)  # PCK204
        return self.gru(packed)[1]


def train(loader, name, device):
    model = MODELS[name](3).to(device)
    for x, lengths in loader:
        model(x.to(device), lengths.to(device))


# case: a registry's model is moved, its lengths are not
class Clicks(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.gru = nn.GRU(size, size, batch_first=True)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        return self.gru(packed)[1]


def train(loader, name, device):
    model = MODELS[name](3).to(device)
    for x, lengths in loader:
        model(x.to(device), lengths)


# case: rows without a click are left out by a mask, on the device as before
class Clicks(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.gru = nn.GRU(size, size, batch_first=True)

    def forward(self, x, seq_len):
        some = seq_len > 0
        x, seq_len = x[some], seq_len[some]
        packed = pack_padded_sequence(x, seq_len, batch_first=True, enforce_sorted=False)  # PCK204
        return self.gru(packed)[1]


def train(loader, device):
    model = Clicks(3).to(device)
    for x, seq_len in loader:
        model(x.to(device), seq_len.to(device))


# case: of several models, the one that has the method that was called
class Plain(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.gru = nn.GRU(size, size, batch_first=True)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        return self.gru(packed)[1]


class WithField(nn.Module):
    def features(self, x, lengths):
        return x

    def forward(self, scores, mask):
        return scores * mask


def train(batches, field):
    model = WithField() if field else Plain(3)
    for x, lengths, mask in batches:
        if field:
            scores = model.features(x, lengths)
            model.forward(scores, mask.cuda())


# case: a batch whose items are moved one after the other
class Batched(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.embed = nn.Embedding(100, dim)
        self.rnn = nn.LSTM(dim, dim, batch_first=True)

    def forward(self, batch):
        x = self.embed(batch["ids"])
        packed = pack_padded_sequence(x, batch["length"], batch_first=True, enforce_sorted=False)  # PCK204
        return self.rnn(packed)[1][0][-1]


def train(loader):
    model = Batched(8).cuda()
    for batch in loader:
        for key in batch.keys():
            batch[key] = batch[key].cuda()
        model(batch)


# case: a batch of which only the ids are moved
class IdsMoved(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.embed = nn.Embedding(100, dim)
        self.rnn = nn.LSTM(dim, dim, batch_first=True)

    def forward(self, batch):
        x = self.embed(batch["ids"])
        packed = pack_padded_sequence(x, batch["length"], batch_first=True, enforce_sorted=False)
        return self.rnn(packed)[1][0][-1]


def train_ids(loader):
    model = IdsMoved(8).cuda()
    for batch in loader:
        batch["ids"] = batch["ids"].cuda()
        model(batch)


# case: a method that hands everything on, and a batch that was moved part by part
class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16, padding_idx=0)
        self.gru = nn.GRU(16, 32, batch_first=True)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)  # PCK204
        return self.gru(packed)[1][-1]


class Wrapped(nn.Module):
    def __init__(self):
        super().__init__()
        self.reader = Reader()

    def encode(self, *args, **kwargs):
        return self.reader(*args, **kwargs)


def train(loader, device):
    model = Wrapped().to(device)
    for inputs, _ in loader:
        inputs = (part.to(device) for part in inputs)
        model.encode(*inputs).sum().backward()


# case: the same with the lengths fetched back
class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16, padding_idx=0)
        self.gru = nn.GRU(16, 32, batch_first=True)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        return self.gru(packed)[1][-1]


class Wrapped(nn.Module):
    def __init__(self):
        super().__init__()
        self.reader = Reader()

    def encode(self, *args, **kwargs):
        return self.reader(*args, **kwargs)


def train(loader, device):
    model = Wrapped().to(device)
    for inputs, _ in loader:
        inputs = (part.to(device) for part in inputs)
        model.encode(*inputs).sum().backward()


# case: lengths as the steps that are no padding
class Counting(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16, padding_idx=0)
        self.gru = nn.GRU(16, 32, batch_first=True)

    def forward(self, ids):
        lengths = ids.size(1) - ids.eq(0).sum(1)
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)  # PCK204
        return self.gru(packed)[1][-1]


def train(loader, device):
    model = Counting().to(device)
    for ids, _ in loader:
        model(ids.to(device)).sum().backward()


# case: the steps that are no padding, on the CPU
class Counting(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16, padding_idx=0)
        self.gru = nn.GRU(16, 32, batch_first=True)

    def forward(self, ids):
        lengths = ids.size(1) - ids.eq(0).sum(1)
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        return self.gru(packed)[1][-1]


def train(loader, device):
    model = Counting().to(device)
    for ids, _ in loader:
        model(ids.to(device)).sum().backward()
