# The last step of a padded, bidirectional output is read; who pads stands in data/, who calls in training/.
# file: models/parcel_classifier.py
import torch
from torch import nn


class ParcelClassifier(nn.Module):
    """Sorts parcels by what customers wrote about them."""

    def __init__(self, vocabulary_size: int, classes: int, dim: int = 128, hidden: int = 256, dropout: float = 0.2):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary_size, dim, padding_idx=0)
        self.lstm = nn.LSTM(dim, hidden, num_layers=2, batch_first=True, bidirectional=True, dropout=dropout)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(2 * hidden, classes)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        states, _ = self.lstm(self.dropout(self.embedding(ids)))
        return self.output(states[:, -1])


# file: data/parcel_comments.py
import json

import torch
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import Dataset


class ParcelComments(Dataset):
    """Comments, a JSON object a line."""

    def __init__(self, path, vocabulary):
        self.items = []
        with open(path, encoding="utf-8") as handle:
            for line in handle:
                item = json.loads(line)
                ids = [vocabulary.get(word, 1) for word in item["text"].split()]
                self.items.append((torch.tensor(ids), item["label"]))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        return self.items[index]


def collate_parcel_comments(batch):
    texts, labels = zip(*batch)
    return pad_sequence(texts, batch_first=True), torch.tensor(labels)


# file: training/train_parcel_classifier.py
import argparse

import torch
from torch.nn import functional as F
from torch.utils.data import DataLoader

from package_name.data.parcel_comments import ParcelComments, collate_parcel_comments
from package_name.models.parcel_classifier import ParcelClassifier


def train_parcel_classifier(path, vocabulary, classes, epochs=10, batch_size=32, device="cuda"):
    dataset = ParcelComments(path, vocabulary)
    loader = DataLoader(dataset, batch_size=batch_size, shuffle=True, collate_fn=collate_parcel_comments)
    model = ParcelClassifier(len(vocabulary), classes).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for epoch in range(epochs):
        total = 0.0
        for ids, labels in loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(ids.to(device)), labels.to(device))
            loss.backward()
            optimizer.step()
            total += loss.item()
        print(f"epoch {epoch}: {total / len(loader):.4f}")
    return model


def parcel_classifier_arguments(argv=None):
    parser = argparse.ArgumentParser()
    parser.add_argument("path")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--batch-size", type=int, default=32)
    return parser.parse_args(argv)
