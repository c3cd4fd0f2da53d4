"""PCK401 missing-total-length: an unpacked output that is shorter than what it meets, or than the other replicas'."""

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset

MAX_LEN = 20


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16, padding_idx=0)
        self.rnn = nn.GRU(16, 16, batch_first=True)
        self.out = nn.Linear(16, 5)


# case: a tagger under DataParallel returns its outputs
class Tagger(Encoder):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        outputs, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True)  # PCK401
        return self.out(outputs)


# file: train.py
import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

from model import Tagger


def collate(batch):
    lengths = torch.tensor([len(ids) for ids in batch])
    return pad_sequence([torch.tensor(ids) for ids in batch], batch_first=True), lengths


def train(sentences):
    model = nn.DataParallel(Tagger())
    for ids, lengths in DataLoader(sentences, batch_size=8, collate_fn=collate):
        model(ids, lengths).sum().backward()


# case: wrapped only where there are several devices
class Tagger(Encoder):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        packed, _ = self.rnn(packed)
        return pad_packed_sequence(packed, batch_first=True)[0]  # PCK401


def train(sentences):
    model = Tagger()
    if torch.cuda.device_count() > 1:
        model = torch.nn.DataParallel(model)
    lengths = torch.tensor([len(ids) for ids in sentences])
    ids = pad_sequence([torch.tensor(ids) for ids in sentences], batch_first=True)
    model(ids, lengths).sum().backward()


# case: the encoder of a model that is wrapped elsewhere
class SentenceEncoder(Encoder):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        packed, _ = self.rnn(packed)
        outputs, _ = pad_packed_sequence(packed, batch_first=True)  # PCK401
        return outputs


# file: tagger.py
from torch import nn

from model import SentenceEncoder


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = SentenceEncoder()
        self.scores = nn.Linear(16, 5)

    def forward(self, ids, lengths):
        return self.scores(self.encoder(ids, lengths))


# file: train.py
from torch.nn import DataParallel

from tagger import Tagger


def train_on_gpus(loader):
    model = DataParallel(Tagger()).cuda()
    for ids, lengths in loader:
        model(ids, lengths).sum().backward()


# case: DataParallel around a part of the model
class Frames(Encoder):
    def forward(self, frames, lengths):
        packed = pack_padded_sequence(frames, lengths.cpu(), batch_first=True, enforce_sorted=False)
        return pad_packed_sequence(self.rnn(packed)[0], batch_first=True)[0]  # PCK401


class Recognizer(nn.Module):
    def __init__(self):
        super().__init__()
        self.frames = nn.DataParallel(Frames())
        self.letters = nn.Linear(16, 30)

    def forward(self, frames, lengths):
        return self.letters(self.frames(frames, lengths))


# case: every item is filled to a fixed length, and the input is added
class Residual(Encoder):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        outputs, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True)  # PCK401
        return x + outputs


# file: train.py
import torch
from torch.utils.data import DataLoader, Dataset

from model import MAX_LEN, Residual


class Sentences(Dataset):
    def __init__(self, sentences):
        self.sentences = sentences

    def __len__(self):
        return len(self.sentences)

    def __getitem__(self, index):
        ids = self.sentences[index]
        return torch.tensor(ids + [0] * (MAX_LEN - len(ids))), len(ids)


def train(sentences):
    model = Residual()
    for ids, lengths in DataLoader(Sentences(sentences), batch_size=4):
        model(ids, lengths).sum().backward()


# case: a fixed length again, and a mask of that length
class Pooler(Encoder):
    def forward(self, ids, lengths):
        mask = (ids != 0).unsqueeze(-1)
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        outputs, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True)  # PCK401
        return outputs.masked_fill(~mask, float("-inf")).max(dim=1).values


class Sentences(Dataset):
    def __init__(self, sentences):
        self.ids = torch.zeros(len(sentences), MAX_LEN, dtype=torch.long)
        self.lengths = [len(ids) for ids in sentences]
        for row, ids in enumerate(sentences):
            self.ids[row, : len(ids)] = torch.tensor(ids)

    def __len__(self):
        return len(self.lengths)

    def __getitem__(self, index):
        return self.ids[index], self.lengths[index]


def train(sentences):
    model = Pooler()
    for ids, lengths in DataLoader(Sentences(sentences), batch_size=4):
        model(ids, lengths).sum().backward()


# case: scores flattened against labels of the fixed length
class Tagger(Encoder):
    def forward(self, ids, lengths, labels):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        outputs, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True)  # PCK401
        return F.cross_entropy(self.out(outputs).view(-1, 5), labels.view(-1), ignore_index=-100)


def fill(ids, value):
    return ids + [value] * (MAX_LEN - len(ids))


def train(sentences):
    model = Tagger()
    ids = torch.tensor([fill(ids, 0) for ids in sentences])
    labels = torch.tensor([fill([i % 5 for i in ids], -100) for ids in sentences])
    lengths = [len(ids) for ids in sentences]
    for start in range(0, len(ids), 4):
        rows = slice(start, start + 4)
        model(ids[rows], lengths[rows], labels[rows]).backward()


# case: the collate function rounds the width up
class Residual(Encoder):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        outputs, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True)  # PCK401
        return torch.cat([x, outputs], dim=2)


def collate(batch):
    lengths = [len(ids) for ids in batch]
    width = (max(lengths) + 7) // 8 * 8
    rows = [F.pad(torch.tensor(ids), (0, width - len(ids))) for ids in batch]
    return torch.stack(rows), lengths


def train(sentences):
    model = Residual()
    for ids, lengths in DataLoader(sentences, batch_size=4, collate_fn=collate):
        model(ids, lengths).sum().backward()


# case: a tokenizer that fills to max_length
# file: attend.py
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from transformers import AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("bert-base-cased")


class Attend(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(tokenizer.vocab_size, 16)
        self.rnn = nn.LSTM(16, 16, batch_first=True)
        self.score = nn.Linear(16, 1)

    def forward(self, ids, mask):
        lengths = mask.sum(1).cpu()
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        outputs, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True)  # PCK401
        scores = self.score(outputs).squeeze(-1).masked_fill(mask == 0, float("-inf"))
        return (torch.softmax(scores, dim=1).unsqueeze(-1) * outputs).sum(1)


def run(texts):
    batch = tokenizer(texts, padding="max_length", max_length=128, truncation=True, return_tensors="pt")
    return Attend()(batch["input_ids"], batch["attention_mask"])


# case: refused, total_length is the width before packing
class Tagger(Encoder):
    def forward(self, ids, lengths):
        width = ids.size(1)
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        outputs, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True, total_length=width)
        return self.out(outputs)


def train(sentences):
    model = nn.DataParallel(Tagger())
    lengths = torch.tensor([len(ids) for ids in sentences])
    model(pad_sequence([torch.tensor(ids) for ids in sentences], batch_first=True), lengths).sum().backward()


# case: refused, total_length by position
class Tagger(Encoder):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), True, False)
        outputs, _ = pad_packed_sequence(self.rnn(packed)[0], True, 0.0, ids.shape[1])
        return self.out(outputs)


def train(sentences):
    model = nn.DataParallel(Tagger())
    lengths = torch.tensor([len(ids) for ids in sentences])
    model(pad_sequence([torch.tensor(ids) for ids in sentences], batch_first=True), lengths).sum().backward()


# case: refused, each process of DistributedDataParallel pads its own batch
class Tagger(Encoder):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        outputs, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True)
        return self.out(outputs)


def train_one_process(loader, rank):
    model = nn.parallel.DistributedDataParallel(Tagger().to(rank), device_ids=[rank])
    for ids, lengths in loader:
        model(ids, lengths).sum().backward()


# case: refused, FSDP is no DataParallel
# file: shard.py
from torch.distributed.fsdp import FullyShardedDataParallel
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from model import Encoder


class Tagger(Encoder):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        return self.out(pad_packed_sequence(self.rnn(packed)[0], batch_first=True)[0])


def train_one_process(loader):
    model = FullyShardedDataParallel(Tagger())
    for ids, lengths in loader:
        model(ids, lengths).sum().backward()


# case: refused, under DataParallel only the final state is returned
class Classifier(Encoder):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, h_n = self.rnn(packed)
        return self.out(h_n[-1])


def train(sentences):
    model = nn.DataParallel(Classifier())
    lengths = torch.tensor([len(ids) for ids in sentences])
    model(pad_sequence([torch.tensor(ids) for ids in sentences], batch_first=True), lengths).sum().backward()


# case: refused, under DataParallel the time axis is gone before the outputs are gathered
class Classifier(Encoder):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        outputs, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True)
        return self.out(outputs.sum(1) / lengths.unsqueeze(1))


def train(sentences):
    model = nn.DataParallel(Classifier())
    lengths = torch.tensor([len(ids) for ids in sentences])
    model(pad_sequence([torch.tensor(ids) for ids in sentences], batch_first=True), lengths).sum().backward()


# case: refused, the batch is as wide as its longest sequence
class Residual(Encoder):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        outputs, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True)
        return (x + outputs) * (ids != 0).unsqueeze(-1)


def collate(batch):
    lengths = [len(ids) for ids in batch]
    return pad_sequence([torch.tensor(ids) for ids in batch], batch_first=True), lengths


def train(sentences):
    model = Residual()
    for ids, lengths in DataLoader(sentences, batch_size=4, collate_fn=collate):
        model(ids, lengths).sum().backward()


# case: refused, a batch of fixed width is cut to its longest sequence first
class Residual(Encoder):
    def forward(self, ids, lengths):
        ids = ids[:, : max(lengths)]
        x = self.embed(ids)
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        outputs, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True)
        return x + outputs


def train(sentences):
    ids = torch.tensor([ids + [0] * (MAX_LEN - len(ids)) for ids in sentences])
    Residual()(ids, [len(ids) for ids in sentences]).sum().backward()


# case: refused, the mask of fixed width is cut to the outputs
class Pooler(Encoder):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        outputs, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True)
        mask = (ids != 0)[:, : outputs.size(1)].unsqueeze(-1)
        return outputs.masked_fill(~mask, float("-inf")).max(dim=1).values


def train(sentences):
    ids = torch.tensor([ids + [0] * (MAX_LEN - len(ids)) for ids in sentences])
    Pooler()(ids, [len(ids) for ids in sentences]).sum().backward()


# case: refused, the mask comes from the lengths that unpacking gives
class Pooler(Encoder):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        outputs, sizes = pad_packed_sequence(self.rnn(packed)[0], batch_first=True)
        mask = torch.arange(int(sizes.max()))[None, :] < sizes[:, None]
        return (outputs * mask.unsqueeze(-1)).sum(1) / sizes.unsqueeze(1)


def train(sentences):
    ids = torch.tensor([ids + [0] * (MAX_LEN - len(ids)) for ids in sentences])
    Pooler()(ids, [len(ids) for ids in sentences]).sum().backward()


# case: refused, the outputs are filled up again by hand
class Residual(Encoder):
    def forward(self, ids, lengths):
        x = self.embed(ids)
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        outputs, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True)
        outputs = F.pad(outputs, (0, 0, 0, x.size(1) - outputs.size(1)))
        return x + outputs


def train(sentences):
    ids = torch.tensor([ids + [0] * (MAX_LEN - len(ids)) for ids in sentences])
    Residual()(ids, [len(ids) for ids in sentences]).sum().backward()


# case: refused, the outputs of a fixed width are only read at the last real step
class LastStep(Encoder):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        outputs, sizes = pad_packed_sequence(self.rnn(packed)[0], batch_first=True)
        return outputs[torch.arange(len(ids)), sizes - 1]


def train(sentences):
    ids = torch.tensor([ids + [0] * (MAX_LEN - len(ids)) for ids in sentences])
    LastStep()(ids, [len(ids) for ids in sentences]).sum().backward()


# case: refused, DataParallel wraps another model
class Tagger(Encoder):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        return self.out(pad_packed_sequence(self.rnn(packed)[0], batch_first=True)[0])


class Pictures(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)

    def forward(self, images):
        return self.conv(images).mean((2, 3))


def train(sentences):
    pictures, tagger = nn.DataParallel(Pictures()), Tagger()
    pictures(torch.randn(4, 3, 8, 8)).sum().backward()
    lengths = torch.tensor([len(ids) for ids in sentences])
    tagger(pad_sequence([torch.tensor(ids) for ids in sentences], batch_first=True), lengths).sum().backward()


# case: refused, the labels of fixed length are cut to the outputs before both are flattened
class Tagger(Encoder):
    def forward(self, ids, lengths, labels):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        outputs, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True)
        labels = labels[:, : outputs.size(1)]
        return F.cross_entropy(self.out(outputs).view(-1, 5), labels.reshape(-1), ignore_index=-100)


def fill(ids, value):
    return ids + [value] * (MAX_LEN - len(ids))


def train(sentences):
    model = Tagger()
    ids = torch.tensor([fill(ids, 0) for ids in sentences])
    labels = torch.tensor([fill([i % 5 for i in ids], -100) for ids in sentences])
    lengths = [len(ids) for ids in sentences]
    for start in range(0, len(ids), 4):
        rows = slice(start, start + 4)
        model(ids[rows], lengths[rows], labels[rows]).backward()
