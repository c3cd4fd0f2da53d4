# The mean over the steps takes the padding in; the batch is a dictionary, and a base class trains.
# file: models/invoice_matcher.py
import torch
from torch import nn


class InvoiceMatcher(nn.Module):
    """Whether two descriptions mean the same invoice."""

    def __init__(self, vocabulary_size, dim=64, hidden=96):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary_size, dim, padding_idx=0)
        self.encoder = nn.LSTM(dim, hidden, batch_first=True, bidirectional=True)
        self.compare = nn.Sequential(nn.Linear(8 * hidden, hidden), nn.ReLU(), nn.Linear(hidden, 2))

    def encode(self, ids):
        outputs, _ = self.encoder(self.embedding(ids))
        return outputs.mean(dim=1)

    def forward(self, batch):
        left, right = self.encode(batch["left"]), self.encode(batch["right"])
        return self.compare(torch.cat([left, right, (left - right).abs(), left * right], dim=-1))


# file: data/invoice_pairs.py
import torch
from torch.nn.utils.rnn import pad_sequence


def invoice_ids(text, vocabulary):
    return torch.tensor([vocabulary.setdefault(word, len(vocabulary) + 1) for word in text.lower().split()])


def collate_invoice_pairs(items):
    left = [item["left"] for item in items]
    right = [item["right"] for item in items]
    return {
        "left": pad_sequence(left, batch_first=True),
        "right": pad_sequence(right, batch_first=True),
        "label": torch.tensor([item["label"] for item in items]),
    }


# file: training/train_invoice_matcher.py
import torch
from torch.utils.data import DataLoader

from package_name.data.invoice_pairs import collate_invoice_pairs
from package_name.models.invoice_matcher import InvoiceMatcher


class InvoiceTraining:
    """Trains a model on batches that are dictionaries."""

    def __init__(self, model, rate=1e-3):
        self.model = model
        self.optimizer = torch.optim.Adam(model.parameters(), lr=rate)

    def loss(self, batch):
        raise NotImplementedError

    def fit(self, loader, epochs):
        for _ in range(epochs):
            for batch in loader:
                self.optimizer.zero_grad()
                self.loss(batch).backward()
                self.optimizer.step()


class InvoiceMatcherTraining(InvoiceTraining):
    def loss(self, batch):
        return torch.nn.functional.cross_entropy(self.model(batch), batch["label"])


def train_invoice_matcher(dataset, vocabulary_size, epochs=3):
    training = InvoiceMatcherTraining(InvoiceMatcher(vocabulary_size))
    training.fit(DataLoader(dataset, batch_size=16, collate_fn=collate_invoice_pairs), epochs)
    return training.model
