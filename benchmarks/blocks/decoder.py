# Lengths are sorted by hand, `total_length` is left out under DataParallel, and `h_n` is read as though batch came first.
# file: models/region_summarizer.py
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class RegionEncoder(nn.Module):
    def __init__(self, vocabulary_size, dim, hidden):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary_size, dim)
        self.rnn = nn.GRU(dim, hidden, batch_first=True, bidirectional=True)

    def forward(self, source, lengths):
        packed = pack_padded_sequence(self.embedding(source), lengths.cpu(), batch_first=True, enforce_sorted=False)
        outputs, hidden = self.rnn(packed)
        outputs, _ = pad_packed_sequence(outputs, batch_first=True)
        return outputs, hidden


class RegionSummarizer(nn.Module):
    """Writes a line about a region."""

    def __init__(self, vocabulary_size, dim=128, hidden=128):
        super().__init__()
        self.encoder = RegionEncoder(vocabulary_size, dim, hidden)
        self.attention = nn.Linear(2 * hidden, 1)
        self.output = nn.Linear(2 * hidden, vocabulary_size)

    def forward(self, source, lengths):
        outputs, hidden = self.encoder(source, lengths)
        mask = source.eq(0).unsqueeze(-1)
        weights = torch.softmax(self.attention(outputs).masked_fill(mask, -1e9), dim=1)
        context = (weights * outputs).sum(dim=1)
        start = hidden.view(hidden.size(1), -1)
        return self.output(context + start)


# file: data/region_texts.py
import torch


class RegionBatch:
    """Sorted by length, as old versions wanted it."""

    def __init__(self, items, padding=0):
        items = sorted(items, key=len, reverse=True)
        self.lengths = torch.tensor([len(item) for item in items])
        self.source = torch.full((len(items), int(self.lengths[0])), padding, dtype=torch.long)
        for row, item in enumerate(items):
            self.source[row, : len(item)] = torch.tensor(item)


def region_batches(texts, size):
    for start in range(0, len(texts), size):
        yield RegionBatch(texts[start : start + size])


# file: training/train_region_summarizer.py
import torch

from package_name.data.region_texts import region_batches
from package_name.models.region_summarizer import RegionSummarizer


def train_region_summarizer(texts, targets, vocabulary_size, size=32):
    model = torch.nn.DataParallel(RegionSummarizer(vocabulary_size).cuda())
    optimizer = torch.optim.Adagrad(model.parameters(), lr=0.1)
    for batch, target in zip(region_batches(texts, size), targets):
        scores = model(batch.source.cuda(), batch.lengths.cuda())
        loss = torch.nn.functional.cross_entropy(scores, target.cuda())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.module
