# Packed as it should be: nothing is to be said.
# file: models/ticket_tagger.py
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class TicketTagger(nn.Module):
    """Tags the words of tickets."""

    def __init__(self, vocabulary_size, tags, dim=100, hidden=200):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary_size, dim, padding_idx=0)
        self.rnn = nn.LSTM(dim, hidden, batch_first=True, bidirectional=True)
        self.tags = nn.Linear(2 * hidden, tags)

    def forward(self, words, lengths):
        embedded = self.embedding(words)
        packed = pack_padded_sequence(embedded, lengths.cpu(), batch_first=True, enforce_sorted=False)
        states, _ = self.rnn(packed)
        states, _ = pad_packed_sequence(states, batch_first=True, total_length=words.size(1))
        return self.tags(states)


# file: data/ticket_words.py
import torch
from torch.nn.utils.rnn import pad_sequence


class CollateTicketWords:
    """Pads the words and the tags of a batch."""

    def __init__(self, ignored=-100):
        self.ignored = ignored

    def __call__(self, batch):
        words = [torch.as_tensor(item["words"]) for item in batch]
        tags = [torch.as_tensor(item["tags"]) for item in batch]
        lengths = torch.tensor([len(one) for one in words])
        return {
            "words": pad_sequence(words, batch_first=True),
            "tags": pad_sequence(tags, batch_first=True, padding_value=self.ignored),
            "lengths": lengths,
        }


# file: training/train_ticket_tagger.py
import torch
from torch import nn
from torch.utils.data import DataLoader

from package_name.data.ticket_words import CollateTicketWords
from package_name.models.ticket_tagger import TicketTagger


class TicketTaggerTrainer:
    def __init__(self, vocabulary, tags, device):
        self.device = device
        self.model = TicketTagger(len(vocabulary), len(tags)).to(device)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=3e-4, weight_decay=0.01)
        self.criterion = nn.CrossEntropyLoss(ignore_index=-100)

    def epoch(self, dataset, batch_size=64):
        self.model.train()
        losses = []
        for batch in DataLoader(dataset, batch_size=batch_size, shuffle=True, collate_fn=CollateTicketWords()):
            scores = self.model(batch["words"].to(self.device), batch["lengths"])
            loss = self.criterion(scores.flatten(0, 1), batch["tags"].to(self.device).flatten())
            self.optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
            self.optimizer.step()
            losses.append(loss.item())
        return sum(losses) / max(1, len(losses))
