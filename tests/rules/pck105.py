"""PCK105: an unpacked padded call whose padded steps and states are never used afterwards."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from torch.utils.data import DataLoader, Dataset


# case: one direction, a tag a step, the loss ignores the padding
class Tagger(nn.Module):
    def __init__(self, vocab_size, dim, tags):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.gru = nn.GRU(dim, dim, batch_first=True)
        self.fc = nn.Linear(dim, tags)

    def loss(self, ids, tags):
        out, _ = self.gru(self.embed(ids))  # PCK105
        return F.cross_entropy(self.fc(out).transpose(1, 2), tags, ignore_index=-100)


# case: gathered at length minus one
class Session(nn.Module):
    def __init__(self, items, dim):
        super().__init__()
        self.items = nn.Embedding(items, dim, padding_idx=0)
        self.gru = nn.GRU(dim, dim, num_layers=2, batch_first=True)

    def forward(self, item_seq, item_seq_len):
        out, _ = self.gru(self.items(item_seq))  # PCK105
        index = (item_seq_len - 1).view(-1, 1, 1).expand(-1, -1, out.size(2))
        return out.gather(1, index).squeeze(1)


# case: indexed by length, time first
class Session(nn.Module):
    def __init__(self, items, dim):
        super().__init__()
        self.items = nn.Embedding(items, dim)
        self.lstm = nn.LSTM(dim, dim)

    def forward(self, item_seq, lengths):
        out, _ = self.lstm(self.items(item_seq))  # PCK105
        return out[lengths - 1, torch.arange(out.size(1))]


# case: a decoder under teacher forcing
class Decoder(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.lstm = nn.LSTM(dim, dim, batch_first=True)
        self.out = nn.Linear(dim, vocab_size)

    def loss(self, target, state):
        out, _ = self.lstm(self.embed(target[:, :-1]), state)  # PCK105
        return F.cross_entropy(self.out(out).flatten(0, 1), target[:, 1:].flatten(), ignore_index=0)


# case: masked attention over one direction
class Reader(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.lstm = nn.LSTM(dim, dim, batch_first=True)
        self.score = nn.Linear(dim, 1)

    def forward(self, ids):
        out, _ = self.lstm(self.embed(ids))  # PCK105
        scores = self.score(out).squeeze(-1).masked_fill(ids == 0, float("-inf"))
        return torch.bmm(scores.softmax(1).unsqueeze(1), out).squeeze(1)


# case: a CRF that takes the mask
class Chunker(nn.Module):
    def __init__(self, vocab_size, dim, tags, crf):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.gru = nn.GRU(dim, dim, batch_first=True)
        self.fc = nn.Linear(dim, tags)
        self.crf = crf

    def forward(self, ids, tags):
        mask = ids.ne(0)
        out, _ = self.gru(self.embed(ids))  # PCK105
        return -self.crf(self.fc(out), tags, mask=mask)


# case: sentences of a language model padded in a collate function
class LanguageModel(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.rnn = nn.LSTM(dim, dim, batch_first=True)
        self.fc = nn.Linear(dim, vocab_size)

    def forward(self, ids):
        out, _ = self.rnn(self.embed(ids))  # PCK105
        return self.fc(out)


# file: train.py
import torch.nn.functional as F
from model import LanguageModel
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader


def collate(batch):
    return pad_sequence(batch, batch_first=True, padding_value=0)


def train(sentences):
    model = LanguageModel(1000, 64)
    for ids in DataLoader(sentences, batch_size=16, collate_fn=collate):
        logits = model(ids[:, :-1])
        F.cross_entropy(logits.transpose(1, 2), ids[:, 1:], ignore_index=0).backward()


# case: a masked loss, the lengths at hand
class Tracer(nn.Module):
    def __init__(self, skills, dim):
        super().__init__()
        self.embed = nn.Embedding(2 * skills, dim)
        self.rnn = nn.RNN(dim, dim, batch_first=True)
        self.fc = nn.Linear(dim, skills)

    def loss(self, answers, targets, lengths):
        out, _ = self.rnn(self.embed(answers))  # PCK105
        losses = F.binary_cross_entropy_with_logits(self.fc(out), targets, reduction="none").mean(-1)
        mask = torch.arange(losses.size(1))[None, :] < lengths[:, None]
        return losses[mask].mean()


# case: packed
class Tagger(nn.Module):
    def __init__(self, vocab_size, dim, tags):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.gru = nn.GRU(dim, dim, batch_first=True)
        self.fc = nn.Linear(dim, tags)

    def loss(self, ids, tags, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.gru(packed)[0], batch_first=True, total_length=ids.size(1))
        return F.cross_entropy(self.fc(out).transpose(1, 2), tags, ignore_index=-100)


# case: two directions are wrong and not waste
class Tagger(nn.Module):
    def __init__(self, vocab_size, dim, tags):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.gru = nn.GRU(dim, dim, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(2 * dim, tags)

    def loss(self, ids, tags):
        out, _ = self.gru(self.embed(ids))  # PCK102
        return F.cross_entropy(self.fc(out).transpose(1, 2), tags, ignore_index=-100)


# case: the final state is used
class Encoder(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.gru = nn.GRU(dim, dim, batch_first=True)

    def forward(self, ids):
        _, h_n = self.gru(self.embed(ids))  # PCK102
        return h_n[-1]


# case: fixed windows, a value a step
class Forecaster(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.lstm = nn.LSTM(features, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, features)

    def loss(self, window):
        out, _ = self.lstm(window[:, :-1])
        return F.mse_loss(self.fc(out), window[:, 1:])


# case: one step of a decoder
class Decoder(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.gru = nn.GRU(dim, dim, batch_first=True)
        self.out = nn.Linear(dim, vocab_size)

    def forward(self, token, state):
        out, state = self.gru(self.embed(token).unsqueeze(1), state)
        return self.out(out.squeeze(1)), state


# case: chunks of one stream
class LanguageModel(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.lstm = nn.LSTM(dim, dim, batch_first=True)
        self.fc = nn.Linear(dim, vocab_size)

    def forward(self, chunk, state=None):
        out, state = self.lstm(self.embed(chunk), state)
        return self.fc(out), state


def train(stream, rows=8, bptt=35):
    stream = stream[: len(stream) // rows * rows].view(rows, -1)
    model, state = LanguageModel(1000, 64), None
    for i in range(0, stream.size(1) - bptt - 1, bptt):
        logits, state = model(stream[:, i : i + bptt], state)
        state = tuple(s.detach() for s in state)
        F.cross_entropy(logits.transpose(1, 2), stream[:, i + 1 : i + 1 + bptt]).backward()


# case: one sentence at a time
class Tagger(nn.Module):
    def __init__(self, vocab_size, dim, tags):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.lstm = nn.LSTM(dim, dim)
        self.fc = nn.Linear(dim, tags)

    def forward(self, sentence):
        out, _ = self.lstm(self.embed(sentence).view(len(sentence), 1, -1))
        return F.log_softmax(self.fc(out.squeeze(1)), dim=1)


# case: padded on the left, the last step is read
class Clicks(Dataset):
    def __init__(self, sessions, width):
        self.sessions, self.width = sessions, width

    def __len__(self):
        return len(self.sessions)

    def __getitem__(self, i):
        seen = self.sessions[i][-self.width :]
        return torch.tensor([0] * (self.width - len(seen)) + seen)


class Next(nn.Module):
    def __init__(self, items, dim):
        super().__init__()
        self.items = nn.Embedding(items, dim, padding_idx=0)
        self.gru = nn.GRU(dim, dim, batch_first=True)

    def forward(self, seen):
        out, _ = self.gru(self.items(seen))
        return out[:, -1]


def run(sessions):
    model = Next(100, 16)
    return [model(seen) for seen in DataLoader(Clicks(sessions, 20), batch_size=32)]


# case: images as sequences of rows
class RowTagger(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.gru = nn.GRU(28, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, 2)

    def forward(self, images):
        out, _ = self.gru(images.view(-1, 28, 28))
        return self.fc(out)


# case: packed where lengths are given
class Optional(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.rnn = nn.LSTM(dim, dim, batch_first=True)

    def forward(self, x, lengths=None):
        if lengths is not None:
            x = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = self.rnn(x)
        if lengths is not None:
            out, _ = pad_packed_sequence(out, batch_first=True)
        return out


# case: rollouts of equal length, whose masks mark episodes
class Policy(nn.Module):
    def __init__(self, features, hidden, actions):
        super().__init__()
        self.gru = nn.GRU(features, hidden)
        self.pi = nn.Linear(hidden, actions)

    def forward(self, x, state, masks):
        outputs = []
        for t in range(x.size(0)):
            out, state = self.gru(x[t : t + 1], state * masks[t].view(1, -1, 1))
            outputs.append(out)
        return self.pi(torch.cat(outputs)), state


# case: cells step by step
class Steps(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.dim = dim
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.cell = nn.GRUCell(dim, dim)

    def forward(self, ids):
        x = self.embed(ids)
        h = x.new_zeros(x.size(0), self.dim)
        for t in range(x.size(1)):
            h = torch.where(ids[:, t, None] != 0, self.cell(x[:, t], h), h)
        return h


# case: both directions packed, the loss masked
class Chunker(nn.Module):
    def __init__(self, dim, tags):
        super().__init__()
        self.lstm = nn.LSTM(dim, dim, bidirectional=True)
        self.fc = nn.Linear(2 * dim, tags)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths.cpu(), enforce_sorted=False)
        out, _ = self.lstm(packed)
        return self.fc(out.data)


# case: another layer under the same name, which takes more than torch's do
class Attending(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.cell = nn.GRUCell(2 * dim, dim)

    def forward(self, x, state, memory):
        for step in x.unbind(1):
            state = self.cell(torch.cat((step, memory.mean(1)), dim=-1), state)
        return x, state


class Writer(nn.Module):
    def __init__(self, vocab_size, dim, attends):
        super().__init__()
        self.attends = attends
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.rnn = Attending(dim) if attends else nn.GRU(dim, dim, batch_first=True)
        self.out = nn.Linear(dim, vocab_size)

    def loss(self, ids, targets, state, memory):
        out, _ = self.rnn(self.embed(ids), state, memory)
        return F.cross_entropy(self.out(out).transpose(1, 2), targets, ignore_index=-100)
