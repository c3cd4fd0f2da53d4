"""PCK304: mean, max or softmax attention over the time axis of a padded output without a mask."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence, unpack_sequence
from torch.utils.data import DataLoader


# case: max_pool1d over a transposed output, both directions, never packed
class BiGRU(nn.Module):
    def __init__(self, args):
        super().__init__()
        self.embed = nn.Embedding(args.embed_num, args.embed_dim, padding_idx=args.padding_id)
        self.bigru = nn.GRU(args.embed_dim, args.hidden_dim, num_layers=args.layers, bidirectional=True)
        self.label = nn.Linear(args.hidden_dim * 2, args.classes)

    def forward(self, words):
        # words: (time, batch)
        out, _ = self.bigru(self.embed(words))  # PCK102
        out = torch.transpose(out, 0, 1)
        out = torch.transpose(out, 1, 2)
        pooled = F.max_pool1d(out, out.size(2)).squeeze(2)  # PCK304
        return self.label(torch.tanh(pooled))


# case: one direction, its only fault is the mean over padded steps
class Review(nn.Module):
    def __init__(self, vocab_size, dim, hidden):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.rnn = nn.LSTM(dim, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, 2)

    def forward(self, ids):
        out, _ = self.rnn(self.embed(ids))
        return self.fc(out.mean(dim=1))  # PCK304


# case: after unpacking, the zeros count in a mean and can win a max
class Pooled(nn.Module):
    def __init__(self, vocab_size, dim, hidden):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.lstm = nn.LSTM(dim, hidden, bidirectional=True)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), enforce_sorted=False)
        out = pad_packed_sequence(self.lstm(packed)[0])[0]
        average = torch.mean(out, 0)  # PCK304
        highest = torch.max(out, 0)[0]  # PCK304
        return torch.cat([average, highest], dim=1)


# case: a sum over an output that was never packed
class Bag(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.gru = nn.GRU(dim, dim, batch_first=True)

    def forward(self, ids):
        out, _ = self.gru(self.embed(ids))
        return out.sum(1)  # PCK304


# case: a learned query, softmax over all steps
class Attentive(nn.Module):
    def __init__(self, vocab_size, dim, hidden, classes):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.lstm = nn.LSTM(dim, hidden, batch_first=True, bidirectional=True)
        self.score = nn.Linear(2 * hidden, 1, bias=False)
        self.fc = nn.Linear(2 * hidden, classes)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        weights = F.softmax(self.score(torch.tanh(out)), dim=1)  # PCK304
        return self.fc((weights * out).sum(dim=1))


# case: the final state is the query, the softmax is in another method
class Attention(nn.Module):
    def __init__(self, vocab_size, dim, hidden, classes):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=1)
        self.lstm = nn.LSTM(dim, hidden)
        self.label = nn.Linear(hidden, classes)

    def attend(self, output, final):
        scores = torch.bmm(output, final.squeeze(0).unsqueeze(2)).squeeze(2)
        weights = F.softmax(scores, 1)  # PCK304
        return torch.bmm(output.transpose(1, 2), weights.unsqueeze(2)).squeeze(2)

    def forward(self, sentences):
        x = self.embed(sentences).permute(1, 0, 2)
        output, (h_n, _) = self.lstm(x)  # PCK102
        return self.label(self.attend(output.permute(1, 0, 2), h_n))


# case: the softmax is in another class, so the call that should pass a mask is named
class DotAttention(nn.Module):
    def forward(self, query, keys, values):
        energy = torch.bmm(query.unsqueeze(1), keys.transpose(1, 2))
        weights = F.softmax(energy / query.size(-1) ** 0.5, dim=2)
        return torch.bmm(weights, values).squeeze(1), weights


class Classifier(nn.Module):
    def __init__(self, vocab_size, dim, hidden, classes):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.lstm = nn.LSTM(dim, hidden, batch_first=True)
        self.attention = DotAttention()
        self.fc = nn.Linear(hidden, classes)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, (h_n, _) = self.lstm(packed)
        out, _ = pad_packed_sequence(out, batch_first=True)
        context, weights = self.attention(h_n[-1], out, out)  # PCK304
        return self.fc(context), weights


# case: padded by a collate function in another file, pooled by an adaptive layer
class Sound(nn.Module):
    def __init__(self, mels, hidden, classes):
        super().__init__()
        self.rnn = nn.GRU(mels, hidden, num_layers=2, batch_first=True)
        self.pool = nn.AdaptiveMaxPool1d(1)
        self.fc = nn.Linear(hidden, classes)

    def forward(self, frames):
        out, _ = self.rnn(frames)
        pooled = self.pool(out.transpose(1, 2)).squeeze(-1)  # PCK304
        return self.fc(pooled)


# file: train.py
import torch
from model import Sound
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader


def collate(clips):
    frames = pad_sequence([frames for frames, _ in clips], batch_first=True)
    return frames, torch.tensor([label for _, label in clips])


def train(dataset):
    model = Sound(40, 128, 10)
    for frames, labels in DataLoader(dataset, batch_size=8, collate_fn=collate):
        torch.nn.functional.cross_entropy(model(frames), labels).backward()


# case: a wrapper that packs, and softmax over either axis of the interaction
class DynamicLSTM(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.rnn = nn.LSTM(dim, hidden, batch_first=True, bidirectional=True)

    def forward(self, x, x_len):
        packed = pack_padded_sequence(x, x_len.cpu(), batch_first=True, enforce_sorted=False)
        out, state = self.rnn(packed)
        return pad_packed_sequence(out, batch_first=True)[0], state


class CoAttention(nn.Module):
    def __init__(self, vocab_size, dim, hidden):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.text_lstm = DynamicLSTM(dim, hidden)
        self.aspect_lstm = DynamicLSTM(dim, hidden)

    def forward(self, text, aspect, text_len, aspect_len):
        text_out, _ = self.text_lstm(self.embed(text), text_len)
        aspect_out, _ = self.aspect_lstm(self.embed(aspect), aspect_len)
        interaction = torch.matmul(text_out, aspect_out.transpose(1, 2))
        alpha = F.softmax(interaction, dim=1)  # PCK304
        beta = F.softmax(interaction, dim=2)  # PCK304
        return alpha, beta


# case: a linear layer with a bias fills the zeros again, so ReLU does not help the max
class Convolved(nn.Module):
    def __init__(self, vocab_size, dim, hidden):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.rnn = nn.GRU(dim, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, hidden)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True)
        return F.relu(self.fc(out)).max(dim=1).values  # PCK304


# case: outputs and embeddings are joined, projected and pooled
class RCNN(nn.Module):
    def __init__(self, vocab_size, dim, hidden, classes):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.lstm = nn.LSTM(dim, hidden, bidirectional=True, batch_first=True)
        self.project = nn.Linear(2 * hidden + dim, hidden)
        self.label = nn.Linear(hidden, classes)

    def forward(self, ids):
        x = self.embed(ids)
        out, _ = self.lstm(x)  # PCK102
        y = torch.tanh(self.project(torch.cat([out, x], 2))).permute(0, 2, 1)
        y = F.max_pool1d(y, y.size(2)).squeeze(2)  # PCK304
        return self.label(y)


# case: the mask reaches the language model and stops there
class SpanMean(nn.Module):
    def __init__(self, bert, hidden):
        super().__init__()
        self.bert = bert
        self.lstm = nn.LSTM(768, hidden, bidirectional=True, batch_first=True)

    def forward(self, input_ids, attention_mask):
        x = self.bert(input_ids, attention_mask=attention_mask)[0]
        out, _ = self.lstm(x)  # PCK101
        return out.mean(1)  # PCK304


# case: a Lightning module fed by a data module that pads
import pytorch_lightning as pl


class Activity(pl.LightningModule):
    def __init__(self, channels, hidden, classes):
        super().__init__()
        self.gru = nn.GRU(channels, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, classes)

    def forward(self, x):
        out, _ = self.gru(x)
        return self.fc(out.amax(dim=1))  # PCK304

    def training_step(self, batch, batch_idx):
        x, y = batch
        return F.cross_entropy(self(x), y)


# file: data.py
import pytorch_lightning as pl
import torch
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader


class Recordings(pl.LightningDataModule):
    def __init__(self, train_set):
        super().__init__()
        self.train_set = train_set

    def collate(self, items):
        x, y = zip(*items)
        return pad_sequence(x, batch_first=True), torch.stack(y)

    def train_dataloader(self):
        return DataLoader(self.train_set, batch_size=32, collate_fn=self.collate)


# file: main.py
import pytorch_lightning as pl
from data import Recordings
from model import Activity


def main(train_set):
    pl.Trainer(max_epochs=5).fit(Activity(9, 64, 6), datamodule=Recordings(train_set))


# case: torchtext hands out the lengths and the loop drops them
class Encoder(nn.Module):
    def __init__(self, vocab_size, dim, hidden, classes):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.rnn = nn.GRU(dim, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, classes)

    def forward(self, text):
        out, _ = self.rnn(self.embed(text))
        best, _ = torch.max(out, 1)  # PCK304
        return self.fc(best)


# file: train.py
import torch.nn.functional as F
from model import Encoder
from torchtext.data import BucketIterator, Field, LabelField
from torchtext.datasets import IMDB

TEXT = Field(lower=True, include_lengths=True, batch_first=True)
LABEL = LabelField()
train_set, test_set = IMDB.splits(TEXT, LABEL)
train_iter, test_iter = BucketIterator.splits((train_set, test_set), batch_size=32)
model = Encoder(len(TEXT.vocab), 100, 100, 2)
for batch in train_iter:
    x, lens = batch.text
    F.cross_entropy(model(x), batch.label).backward()


# case: multi-head attention over a padded output without a key padding mask
class Reader(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.gru = nn.GRU(dim, dim, batch_first=True)
        self.attention = nn.MultiheadAttention(dim, 4, batch_first=True)
        self.query = nn.Parameter(torch.zeros(1, 1, dim))

    def forward(self, ids):
        out, _ = self.gru(self.embed(ids))
        query = self.query.expand(out.size(0), -1, -1)
        context, _ = self.attention(query, out, out)  # PCK304
        return context.squeeze(1)


# case: each step of a decoder attends to all steps of a padded source
class Attention(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.project = nn.Linear(dim, dim)

    def forward(self, hidden, memory):
        scores = torch.bmm(memory, self.project(hidden).unsqueeze(2)).squeeze(2)
        return torch.bmm(F.softmax(scores, dim=1).unsqueeze(1), memory)


class Translator(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.encoder = nn.GRU(dim, dim, batch_first=True)
        self.decoder = nn.GRU(2 * dim, dim, batch_first=True)
        self.attention = Attention(dim)
        self.out = nn.Linear(dim, vocab_size)

    def forward(self, source, lengths, target):
        packed = pack_padded_sequence(self.embed(source), lengths.cpu(), batch_first=True, enforce_sorted=False)
        memory, state = self.encoder(packed)
        memory, _ = pad_packed_sequence(memory, batch_first=True)
        logits = []
        for t in range(target.size(1)):
            context = self.attention(state[-1], memory)  # PCK304
            x = torch.cat([self.embed(target[:, t : t + 1]), context], dim=2)
            out, state = self.decoder(x, state)
            logits.append(self.out(out.squeeze(1)))
        return torch.stack(logits, dim=1)


# case: scores at padded steps are filled before the softmax
class Attentive(nn.Module):
    def __init__(self, vocab_size, dim, hidden):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.lstm = nn.LSTM(dim, hidden, batch_first=True)
        self.score = nn.Linear(hidden, 1)

    def forward(self, ids):
        out, _ = self.lstm(self.embed(ids))
        scores = self.score(out).squeeze(-1)
        scores = scores.masked_fill(ids == 0, float("-inf"))
        weights = F.softmax(scores, dim=1)
        return torch.bmm(weights.unsqueeze(1), out).squeeze(1)


# case: the mask is an argument of the attention class, and the call passes it
class Attention(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.score = nn.Linear(width, 1)

    def forward(self, states, mask=None):
        scores = self.score(states).squeeze(-1)
        if mask is not None:
            scores = scores.masked_fill(~mask, -1e4)
        weights = torch.softmax(scores, dim=-1)
        return torch.sum(states * weights.unsqueeze(-1), dim=1)


class Classifier(nn.Module):
    def __init__(self, vocab_size, dim, hidden):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.gru = nn.GRU(dim, hidden, batch_first=True)
        self.attention = Attention(hidden)

    def forward(self, ids):
        out, _ = self.gru(self.embed(ids))
        return self.attention(out, ids != 0)


# case: the softmax is multiplied by the mask and divided by what is left, in a helper file
from masks import masked_softmax


class Attentive(nn.Module):
    def __init__(self, vocab_size, dim, hidden):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.gru = nn.GRU(dim, hidden, batch_first=True)
        self.score = nn.Linear(hidden, 1)

    def forward(self, ids):
        out, _ = self.gru(self.embed(ids))
        weights = masked_softmax(self.score(out).squeeze(2), (ids != 0).float())
        return torch.bmm(weights.unsqueeze(1), out).squeeze(1)


# file: masks.py
import torch


def masked_softmax(scores, mask):
    weights = torch.softmax(scores * mask, dim=-1) * mask
    return weights / (weights.sum(dim=-1, keepdim=True) + 1e-13)


# case: a mask that is true on the padding
class Additive(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.gru = nn.GRU(dim, dim, batch_first=True)
        self.score = nn.Linear(dim, 1)

    def attend(self, states, pad_mask):
        scores = self.score(states).squeeze(-1)
        scores.data.masked_fill_(pad_mask, -float("inf"))
        return torch.bmm(F.softmax(scores, dim=1).unsqueeze(1), states).squeeze(1)

    def forward(self, ids):
        out, _ = self.gru(self.embed(ids))
        return self.attend(out, ids.eq(0))


# case: a masked sum divided by the number of real steps
class Review(nn.Module):
    def __init__(self, vocab_size, dim, hidden):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.rnn = nn.LSTM(dim, hidden, batch_first=True)

    def forward(self, ids):
        mask = (ids != 0).unsqueeze(-1).float()
        out, _ = self.rnn(self.embed(ids))
        return (out * mask).sum(1) / mask.sum(1)


# case: zeros add nothing to a sum of an unpacked output, and the lengths divide it
class Mean(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.lstm = nn.LSTM(dim, hidden, bidirectional=True)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths.cpu(), enforce_sorted=False)
        out, _ = pad_packed_sequence(self.lstm(packed)[0])
        return torch.sum(out, 0) / lengths.unsqueeze(1).float()


# case: padded steps are set to minus infinity before the max
class Best(nn.Module):
    def __init__(self, vocab_size, dim, hidden):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.gru = nn.GRU(dim, hidden, batch_first=True)

    def forward(self, ids, lengths):
        out, _ = self.gru(self.embed(ids))
        padded = torch.arange(out.size(1), device=out.device)[None, :] >= lengths[:, None]
        out = out.masked_fill(padded.unsqueeze(-1), float("-inf"))
        return out.max(dim=1)[0]


# case: unpacked with minus infinity as the padding value
class Best(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.lstm = nn.LSTM(dim, hidden, bidirectional=True, batch_first=True)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True, padding_value=float("-inf"))
        return out.max(dim=1).values


# case: zeros of the unpacked output are overwritten before the max
class Sentence(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.lstm = nn.LSTM(dim, hidden, bidirectional=True)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths, enforce_sorted=False)
        out = pad_packed_sequence(self.lstm(packed)[0])[0]
        out[out == 0] = -1e9
        return torch.max(out, 0)[0]


# case: max after ReLU over zero filling
class Sentence(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.lstm = nn.LSTM(dim, hidden, bidirectional=True, batch_first=True)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        return torch.relu(out).max(dim=1).values


# case: softmax, max and mean over classes or features are no pooling over time
class Tagger(nn.Module):
    def __init__(self, vocab_size, dim, tags):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.lstm = nn.LSTM(dim, dim, bidirectional=True, batch_first=True)
        self.fc = nn.Linear(2 * dim, tags)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        centred = out - out.mean(dim=-1, keepdim=True)
        logits = self.fc(centred)
        return F.log_softmax(logits, dim=2), logits.max(2)[1]


# case: both directions are added, a sum over halves and not over time
class Summed(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.hidden = hidden
        self.gru = nn.GRU(dim, hidden, bidirectional=True, batch_first=True)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.gru(packed)[0], batch_first=True)
        added = out[:, :, : self.hidden] + out[:, :, self.hidden :]
        averaged = out.view(out.size(0), out.size(1), 2, self.hidden).mean(2)
        return added, averaged


# case: the mean over a fixed window of a series
class Forecaster(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.gru = nn.GRU(1, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, 1)

    def forward(self, window):
        out, _ = self.gru(window)
        return self.fc(out.mean(dim=1))


def fit(series, width=48):
    model = Forecaster(16)
    windows = torch.stack([series[i : i + width] for i in range(len(series) - width)])
    targets = series[width:]
    for x, y in DataLoader(list(zip(windows, targets)), batch_size=32):
        F.mse_loss(model(x.unsqueeze(-1)).squeeze(1), y).backward()


# case: each row is pooled over its own steps
class Rows(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.lstm = nn.LSTM(dim, hidden, bidirectional=True, batch_first=True)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        out, lengths = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        return torch.stack([row[:n].max(0)[0] for row, n in zip(out, lengths)])


# case: sequences unpacked to a list, each with its own mean
class Rows(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.lstm = nn.LSTM(dim, hidden, bidirectional=True, batch_first=True)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        out, _ = self.lstm(packed)
        return torch.stack([steps.mean(dim=0) for steps in unpack_sequence(out)])


# case: a key padding mask goes to the multi-head attention
class Reader(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.gru = nn.GRU(dim, dim, batch_first=True)
        self.attention = nn.MultiheadAttention(dim, 4, batch_first=True)
        self.query = nn.Parameter(torch.zeros(1, 1, dim))

    def forward(self, ids):
        out, _ = self.gru(self.embed(ids))
        query = self.query.expand(out.size(0), -1, -1)
        context, _ = self.attention(query, out, out, key_padding_mask=ids == 0)
        return context.squeeze(1)


# case: a loss averaged over the real steps alone
class Tracer(nn.Module):
    def __init__(self, skills, dim):
        super().__init__()
        self.embed = nn.Embedding(2 * skills, dim)
        self.lstm = nn.LSTM(dim, dim, batch_first=True)
        self.fc = nn.Linear(dim, skills)

    def loss(self, answers, targets, mask):
        out, _ = self.lstm(self.embed(answers))
        losses = F.binary_cross_entropy_with_logits(self.fc(out), targets, reduction="none")
        return (losses.mean(-1) * mask).sum() / mask.sum()


# case: the mean over the layers of a state
class Layers(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.gru = nn.GRU(dim, dim, num_layers=3, batch_first=True)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, h_n = self.gru(packed)
        return h_n.mean(dim=0)


# case: a large negative number is added to the scores of padded steps
class Attentive(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.gru = nn.GRU(dim, dim, batch_first=True)
        self.score = nn.Linear(dim, 1)

    def forward(self, ids):
        out, _ = self.gru(self.embed(ids))
        mask = ids.ne(0).unsqueeze(-1).float()
        weights = torch.softmax(self.score(out) + (1.0 - mask) * -1e9, dim=1)
        return (weights * out).sum(dim=1)


# case: one text at a time
def embed_text(embed, lstm, words):
    x = embed(torch.tensor(words)).unsqueeze(0)
    out, _ = lstm(x)
    return out.max(dim=1).values


def main(texts):
    embed, lstm = nn.Embedding(5000, 64), nn.LSTM(64, 64, bidirectional=True, batch_first=True)
    return torch.cat([embed_text(embed, lstm, words) for words in texts])


# case: layers stacked in a loop, their outputs collected in a list
class Stack(nn.Module):
    def __init__(self, dim, layers=2, concat=False):
        super().__init__()
        self.concat = concat
        self.rnns = nn.ModuleList([nn.LSTM(dim, dim // 2, bidirectional=True) for _ in range(layers)])

    def forward(self, x, mask):
        outputs = [x.transpose(0, 1)]
        for rnn in self.rnns:
            out = rnn(F.dropout(outputs[-1], 0.3, self.training))[0]  # PCK101
            outputs.append(out)
        result = torch.cat(outputs[1:], 2) if self.concat else outputs[-1]
        return result.transpose(0, 1)


class Matcher(nn.Module):
    def __init__(self, size, dim):
        super().__init__()
        self.embed = nn.Embedding(size, dim, padding_idx=0)
        self.encode = Stack(dim)
        self.fc = nn.Linear(dim, 2)

    def forward(self, ids):
        out = self.encode(self.embed(ids), ids == 0)
        pooled, _ = out.max(dim=1)  # PCK304
        return self.fc(pooled)


# case: layers stacked in a loop, and the steps behind the text at a very low value
class Stack(nn.Module):
    def __init__(self, dim, layers=2):
        super().__init__()
        self.rnns = nn.ModuleList([nn.LSTM(dim, dim, batch_first=True) for _ in range(layers)])

    def forward(self, x):
        outputs = [x]
        for rnn in self.rnns:
            outputs.append(rnn(outputs[-1])[0])
        return torch.cat(outputs[1:], 2)


class Matcher(nn.Module):
    def __init__(self, size, dim):
        super().__init__()
        self.embed = nn.Embedding(size, dim, padding_idx=0)
        self.encode = Stack(dim)
        self.fc = nn.Linear(2 * dim, 2)

    def forward(self, ids):
        out = self.encode(self.embed(ids)).masked_fill((ids == 0).unsqueeze(2), -1e9)
        return self.fc(out.max(dim=1)[0])


# case: every step of one text against every step of the other
def directions(x, y, weights):
    views = weights.size(0)
    weights = weights.unsqueeze(0).unsqueeze(2)
    x = weights * torch.stack([x] * views, dim=1)
    y = weights * torch.stack([y] * views, dim=1)
    sizes = x.norm(p=2, dim=3, keepdim=True) * y.norm(p=2, dim=3, keepdim=True).transpose(2, 3)
    return (torch.matmul(x, y.transpose(2, 3)) / sizes).permute(0, 2, 3, 1)


class Pairs(nn.Module):
    def __init__(self, size, dim, views):
        super().__init__()
        self.embed = nn.Embedding(size, dim, padding_idx=0)
        self.context = nn.LSTM(dim, dim, batch_first=True)
        self.compose = nn.LSTM(2 * views, dim, bidirectional=True, batch_first=True)
        self.weights = nn.Parameter(torch.rand(views, dim))

    def forward(self, left, right):
        x, _ = self.context(self.embed(left))
        y, _ = self.context(self.embed(right))
        both = directions(x, y, self.weights)
        best, _ = both.max(dim=2)  # PCK304
        other, _ = both.max(dim=1)  # PCK304
        alike = F.cosine_similarity(torch.stack([x] * 8, dim=3), torch.stack([x] * 8, dim=3), dim=2)
        _, (hidden, _) = self.compose(torch.cat([best, alike], dim=2))  # PCK102
        return torch.cat((hidden[-2], hidden[-1]), dim=1), other.size()


# case: every step of one text against every step of the other, and the other's padding lowered
class Pairs(nn.Module):
    def __init__(self, size, dim):
        super().__init__()
        self.embed = nn.Embedding(size, dim, padding_idx=0)
        self.context = nn.LSTM(dim, dim, batch_first=True)

    def forward(self, left, right):
        x, _ = self.context(self.embed(left))
        y, _ = self.context(self.embed(right))
        both = torch.matmul(x, y.transpose(1, 2)).masked_fill((right == 0).unsqueeze(1), -1e9)
        return both.max(dim=2)[0]


# case: scores of padded steps at about zero, and the rows of the result masked
class Align(nn.Module):
    def forward(self, x, x_pad, y, y_pad):
        scores = x.bmm(y.transpose(2, 1))
        weights = F.softmax(scores.masked_fill(y_pad.unsqueeze(1), -1e-7), dim=2)
        found = weights.bmm(y)
        found.masked_fill_(x_pad.unsqueeze(2), 0)
        return found


class Entail(nn.Module):
    def __init__(self, size, dim):
        super().__init__()
        self.embed = nn.Embedding(size, dim, padding_idx=0)
        self.encode = nn.LSTM(dim, dim, batch_first=True)
        self.align = Align()

    def forward(self, left, right):
        x, _ = self.encode(self.embed(left))
        y, _ = self.encode(self.embed(right))
        return self.align(x, left == 0, y, right == 0)  # PCK304


# case: scores of padded steps far below zero, and the rows of the result masked
class Align(nn.Module):
    def forward(self, x, x_pad, y, y_pad):
        scores = x.bmm(y.transpose(2, 1))
        weights = F.softmax(scores.masked_fill(y_pad.unsqueeze(1), -1e7), dim=2)
        found = weights.bmm(y)
        found.masked_fill_(x_pad.unsqueeze(2), 0)
        return found


class Entail(nn.Module):
    def __init__(self, size, dim):
        super().__init__()
        self.embed = nn.Embedding(size, dim, padding_idx=0)
        self.encode = nn.LSTM(dim, dim, batch_first=True)
        self.align = Align()

    def forward(self, left, right):
        x, _ = self.encode(self.embed(left))
        y, _ = self.encode(self.embed(right))
        return self.align(x, left == 0, y, right == 0)


# case: a convolution over unpacked zeros lifts them by its bias
class Windows(nn.Module):
    def __init__(self, size, dim):
        super().__init__()
        self.embed = nn.Embedding(size, dim)
        self.gru = nn.GRU(dim, dim, batch_first=True)
        self.conv = nn.Conv1d(dim, 64, 3, padding=1)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.gru(packed)[0], batch_first=True)
        found = F.relu(self.conv(out.transpose(1, 2)))
        return found.topk(3, dim=2)[0]  # PCK304


# case: a convolution over unpacked zeros, its steps behind the text lowered again
class Windows(nn.Module):
    def __init__(self, size, dim):
        super().__init__()
        self.embed = nn.Embedding(size, dim)
        self.gru = nn.GRU(dim, dim, batch_first=True)
        self.conv = nn.Conv1d(dim, 64, 3, padding=1)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.gru(packed)[0], batch_first=True)
        found = F.relu(self.conv(out.transpose(1, 2)))
        past = torch.arange(found.size(2)) >= lengths[:, None]
        return found.masked_fill(past.unsqueeze(1), -1e9).topk(3, dim=2)[0]


# case: a helper flattens scores that have three axes, the best class is no pooling over time
class Letters(nn.Module):
    def __init__(self, size, dim):
        super().__init__()
        self.embed = nn.Embedding(size, dim, padding_idx=0)
        self.gru = nn.GRU(dim, dim, batch_first=True)
        self.fc = nn.Linear(dim, size)

    def forward(self, ids):
        out, _ = self.gru(self.embed(ids))
        return self.fc(out)


def flat(scores, targets):
    if len(scores.size()) == 3:
        scores = scores.contiguous().view(-1, scores.size(2))
    if targets.dim() == 2:
        targets = targets.reshape(-1)
    return scores, targets


def accuracy(scores, targets):
    scores, targets = flat(scores, targets)
    _, best = scores.max(dim=1)
    return torch.eq(best, targets).float().mean()


model = Letters(100, 32)
for ids, following in DataLoader(torch.load("names.pt"), batch_size=16):
    print(accuracy(model(ids), following))


# case: a helper leaves scores of three axes as they are
def best(scores):
    if scores.dim() == 2:
        scores = scores.unsqueeze(1)
    return scores.max(dim=1)[0]  # PCK304


class Letters(nn.Module):
    def __init__(self, size, dim):
        super().__init__()
        self.embed = nn.Embedding(size, dim, padding_idx=0)
        self.gru = nn.GRU(dim, dim, batch_first=True)
        self.fc = nn.Linear(dim, size)

    def forward(self, ids):
        out, _ = self.gru(self.embed(ids))
        return best(self.fc(out))


# case: attention by a vector of weights that is a parameter of the layer
class Attend(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.turn = nn.Linear(dim, dim)
        self.context = nn.Parameter(torch.zeros(dim))

    def forward(self, out):
        weights = F.softmax(torch.matmul(torch.tanh(self.turn(out)), self.context), dim=-1)
        return (out * weights.unsqueeze(-1)).sum(1)


class Review(nn.Module):
    def __init__(self, size, dim):
        super().__init__()
        self.embed = nn.Embedding(size, dim, padding_idx=0)
        self.gru = nn.GRU(dim, dim, batch_first=True)
        self.attend = Attend(dim)

    def forward(self, ids):
        out, _ = self.gru(self.embed(ids))
        return self.attend(out)  # PCK304


# case: classes by a matrix of weights that is a parameter of the layer
class Classes(nn.Module):
    def __init__(self, dim, classes):
        super().__init__()
        self.weights = nn.Parameter(torch.zeros(dim, classes))

    def forward(self, out):
        return F.softmax(torch.matmul(out, self.weights), dim=-1)


class Tags(nn.Module):
    def __init__(self, size, dim):
        super().__init__()
        self.embed = nn.Embedding(size, dim, padding_idx=0)
        self.gru = nn.GRU(dim, dim, batch_first=True)
        self.classes = Classes(dim, 9)

    def forward(self, ids):
        out, _ = self.gru(self.embed(ids))
        return self.classes(out)


# case: the padding filled where there is any
class Sentences(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.lstm = nn.LSTM(dim, dim, bidirectional=True, batch_first=True)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True, total_length=ids.size(1))
        padding = ids.eq(0).unsqueeze(-1)
        if padding.any():
            out = out.masked_fill(padding, float("-inf"))
        return out.max(dim=1)[0]


# case: the padding filled in training alone
class Sentences(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.lstm = nn.LSTM(dim, dim, bidirectional=True, batch_first=True)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True, total_length=ids.size(1))
        padding = ids.eq(0).unsqueeze(-1)
        if self.training:
            out = out.masked_fill(padding, float("-inf"))
        return out.max(dim=1)[0]  # PCK304


# case: the steps between a start and an end symbol, for each row up to its own length
class Spans(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.lstm = nn.LSTM(dim, dim, bidirectional=True, batch_first=True)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, kept = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        inner = [out[row, 1 : length - 1] for row, length in zip(range(len(kept)), kept)]
        return torch.stack([torch.max(steps, 0).values for steps in inner])


# case: the steps behind a start symbol, up to the longest length
class Spans(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.lstm = nn.LSTM(dim, dim, bidirectional=True, batch_first=True)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, kept = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        inner = [out[row, 1 : kept.max() - 1] for row in range(len(kept))]
        return torch.stack([torch.max(steps, 0).values for steps in inner])  # PCK304


# case: zero scores put at the padded steps by a tensor of zero
class Attentive(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.gru = nn.GRU(dim, dim, batch_first=True)
        self.score = nn.Linear(dim, 1)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.gru(packed)[0], batch_first=True, total_length=ids.size(1))
        filler = torch.tensor(0.0, device=out.device)
        scores = torch.where(ids.eq(0).unsqueeze(-1), filler, self.score(out))
        weights = torch.softmax(scores, dim=1)  # PCK304
        return (weights * out).sum(dim=1)


# case: scores of minus infinity put at the padded steps by a tensor
class Attentive(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.gru = nn.GRU(dim, dim, batch_first=True)
        self.score = nn.Linear(dim, 1)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.gru(packed)[0], batch_first=True, total_length=ids.size(1))
        filler = torch.tensor(float("-inf"), device=out.device)
        scores = torch.where(ids.eq(0).unsqueeze(-1), filler, self.score(out))
        weights = torch.softmax(scores, dim=1)
        return (weights * out).sum(dim=1)


# case: an attention class with a query of its own, over one that takes the softmax
class Attention(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.score = nn.Linear(hidden, 1)

    def forward(self, steps, query):
        scores = self.score(torch.tanh(steps + query)).squeeze(-1)
        return torch.softmax(scores, dim=-1)


class OwnQuery(Attention):
    def __init__(self, hidden):
        super().__init__(hidden)
        self.query = nn.Parameter(torch.zeros(1, 1, hidden))

    def forward(self, steps):
        return super().forward(steps, self.query)


class Reader(nn.Module):
    def __init__(self, vocabulary, hidden):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, hidden, padding_idx=0)
        self.gru = nn.GRU(hidden, hidden, batch_first=True)
        self.attend = OwnQuery(hidden)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.gru(packed)[0], batch_first=True, total_length=ids.size(1))
        weights = self.attend(out)  # PCK304
        return torch.bmm(weights.unsqueeze(1), out).squeeze(1)


# case: refused, the attention class hands the mask on to its base
class Attention(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.score = nn.Linear(hidden, 1)

    def forward(self, steps, query, mask):
        scores = self.score(torch.tanh(steps + query)).squeeze(-1)
        scores = scores.masked_fill(~mask, float("-inf"))
        return torch.softmax(scores, dim=-1)


class OwnQuery(Attention):
    def __init__(self, hidden):
        super().__init__(hidden)
        self.query = nn.Parameter(torch.zeros(1, 1, hidden))

    def forward(self, steps, mask):
        return super().forward(steps, self.query, mask)


class Reader(nn.Module):
    def __init__(self, vocabulary, hidden):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, hidden, padding_idx=0)
        self.gru = nn.GRU(hidden, hidden, batch_first=True)
        self.attend = OwnQuery(hidden)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.gru(packed)[0], batch_first=True, total_length=ids.size(1))
        weights = self.attend(out, ids != 0)
        return torch.bmm(weights.unsqueeze(1), out).squeeze(1)


# case: a convolution over an unpacked output, and a max over all its steps
class Matching(nn.Module):
    def __init__(self, vocabulary, hidden, channels):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, hidden, padding_idx=0)
        self.gru = nn.GRU(hidden, hidden, batch_first=True)
        self.conv = nn.Conv1d(hidden, channels, 3, padding=1)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.gru(packed)[0], batch_first=True, total_length=ids.size(1))
        features = torch.relu(self.conv(out.transpose(1, 2)))
        return F.max_pool1d(features, features.size(2)).squeeze(2)  # PCK304


# case: refused, padded steps behind a convolution are zero again before the max
class Matching(nn.Module):
    def __init__(self, vocabulary, hidden, channels):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, hidden, padding_idx=0)
        self.gru = nn.GRU(hidden, hidden, batch_first=True)
        self.conv = nn.Conv1d(hidden, channels, 3, padding=1)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.gru(packed)[0], batch_first=True, total_length=ids.size(1))
        features = torch.relu(self.conv(out.transpose(1, 2)))
        features = features * (ids != 0).unsqueeze(1)
        return F.max_pool1d(features, features.size(2)).squeeze(2)


# case: scores of a decoder against a padded source, laid flat before the softmax
class Attention(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.out = nn.Linear(2 * hidden, hidden)

    def forward(self, states, memory):
        steps = memory.size(1)
        scores = torch.bmm(states, memory.transpose(1, 2))
        weights = F.softmax(scores.view(-1, steps), dim=1).view(states.size(0), -1, steps)
        return self.out(torch.cat((torch.bmm(weights, memory), states), dim=2))


class Speaker(nn.Module):
    def __init__(self, vocabulary, hidden):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, hidden)
        self.reader = nn.GRU(hidden, hidden, batch_first=True)
        self.writer = nn.GRU(hidden, hidden, batch_first=True)
        self.attend = Attention(hidden)

    def forward(self, source, lengths, target):
        packed = pack_padded_sequence(self.embed(source), lengths.cpu(), batch_first=True, enforce_sorted=False)
        memory, state = self.reader(packed)
        memory, _ = pad_packed_sequence(memory, batch_first=True)
        states, _ = self.writer(self.embed(target), state)
        return self.attend(states, memory)  # PCK304


# case: refused, a softmax over the steps of a decoder and not over those of the source
class Writer(nn.Module):
    def __init__(self, vocabulary, hidden):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, hidden)
        self.reader = nn.GRU(hidden, hidden, batch_first=True)
        self.writer = nn.GRU(hidden, hidden, batch_first=True)

    def forward(self, source, lengths, window):
        packed = pack_padded_sequence(self.embed(source), lengths.cpu(), batch_first=True, enforce_sorted=False)
        memory, state = self.reader(packed)
        memory, _ = pad_packed_sequence(memory, batch_first=True)
        states, _ = self.writer(window, state)
        return F.softmax(torch.bmm(states, memory.transpose(1, 2)), dim=1)


# case: the largest score is taken off before the exponents, and the mask is added
class Attend(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.embed = nn.Embedding(100, size, padding_idx=0)
        self.rnn = nn.GRU(size, size, batch_first=True)
        self.score = nn.Linear(size, 1)

    def forward(self, ids):
        out, _ = self.rnn(self.embed(ids))
        scores = self.score(out).squeeze(2)
        scores = scores - scores.max(1, keepdim=True)[0]
        scores = scores.masked_fill(ids == 0, float("-inf"))
        return torch.bmm(F.softmax(scores, dim=1).unsqueeze(1), out).squeeze(1)


# case: a plain mean where there is no mask, else one under the mask
class Mean(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.embed = nn.Embedding(100, size, padding_idx=0)
        self.rnn = nn.GRU(size, size, batch_first=True)

    def forward(self, ids, mask=None):
        out, _ = self.rnn(self.embed(ids))
        if mask is None:
            return out.mean(dim=1)
        return (out * mask.unsqueeze(2)).sum(dim=1) / mask.sum(dim=1, keepdim=True)


# case: a mask that is tested and makes no difference to the mean
class Mean(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.embed = nn.Embedding(100, size, padding_idx=0)
        self.rnn = nn.GRU(size, size, batch_first=True)

    def forward(self, ids, mask=None):
        out, _ = self.rnn(self.embed(ids))
        if mask is not None:
            ids = ids * mask
        return out.mean(dim=1)  # PCK304


# case: a softmax that is told no axis takes the steps of two axes
class Plain(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.embed = nn.Embedding(100, size, padding_idx=0)
        self.rnn = nn.GRU(size, size, batch_first=True)
        self.weigh = nn.Softmax()

    def forward(self, ids, query):
        out, _ = self.rnn(self.embed(ids))
        weights = self.weigh(torch.bmm(out, query.unsqueeze(2)).squeeze(2))  # PCK304
        return torch.bmm(weights.unsqueeze(1), out)


# case: energies are written step by step and batch row by batch row
class Energies(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.attn = nn.Linear(size, size)

    def forward(self, hidden, outputs):
        batch_size, steps = outputs.size(1), outputs.size(0)
        energies = torch.zeros(batch_size, steps)
        for row in range(batch_size):
            for step in range(steps):
                energies[row, step] = self.score(hidden[:, row], outputs[step, row].unsqueeze(0))
        return F.softmax(energies, dim=1).unsqueeze(1)

    def score(self, hidden, output):
        return hidden.squeeze(0).dot(self.attn(output).squeeze(0))


class Translator(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.embed = nn.Embedding(100, size)
        self.gru = nn.GRU(size, size)
        self.attend = Energies(size)

    def forward(self, ids, lengths, hidden):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), enforce_sorted=False)
        outputs, _ = pad_packed_sequence(self.gru(packed)[0])
        return self.attend(hidden, outputs)  # PCK304


# case: energies are written step by step, and those of the padding are filled before the softmax
class Energies(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.embed = nn.Embedding(100, size)
        self.gru = nn.GRU(size, size)

    def forward(self, ids, lengths, hidden, mask):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), enforce_sorted=False)
        outputs, _ = pad_packed_sequence(self.gru(packed)[0], total_length=ids.size(0))
        energies = torch.zeros(outputs.size(1), outputs.size(0))
        for step in range(outputs.size(0)):
            energies[:, step] = (hidden * outputs[step]).sum(1)
        return F.softmax(energies.masked_fill(mask, float("-inf")), dim=1)


# case: every step of one sequence beside every step of another, spread out to sizes in a tuple
class Flow(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.embed = nn.Embedding(100, size, padding_idx=0)
        self.rnn = nn.GRU(size, size, batch_first=True)
        self.similar = nn.Linear(3 * size, 1, bias=False)

    def forward(self, context, query):
        batch_size, steps, words = context.size(0), context.size(1), query.size(1)
        read, _ = self.rnn(self.embed(context))
        asked, _ = self.rnn(self.embed(query))
        shape = (batch_size, steps, words, 8)
        left = read.unsqueeze(2).expand(shape)
        right = asked.unsqueeze(1).expand(shape)
        scores = self.similar(torch.cat((left, right, left * right), 3)).view(batch_size, steps, words)
        return torch.bmm(F.softmax(scores, dim=-1), asked)  # PCK304


def answer(contexts, queries):
    return Flow(8)(pad_sequence(contexts, batch_first=True), pad_sequence(queries, batch_first=True))


# case: scores of an output that was filled with zeros are zero at padded steps, and those are lowered
class Zeros(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.lstm = nn.LSTM(size, size, batch_first=True)

    def forward(self, steps, lengths):
        packed = pack_padded_sequence(steps, lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        scores = out.bmm(out.transpose(1, 2))
        scores = scores + (scores == 0).float() * -10000
        return F.softmax(scores, dim=2).bmm(out)


# case: weights that a mask was multiplied into, and that are weighed anew
class Reader(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.gru = nn.GRU(features, hidden, batch_first=True)
        self.score = nn.Linear(hidden, 1)

    def forward(self, x, lengths, mask):
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.gru(packed)[0], batch_first=True)
        weights = torch.softmax(self.score(out).squeeze(2), dim=1) * mask
        weights = weights / (weights.sum(dim=1, keepdim=True) + 1e-13)
        return torch.bmm(weights.unsqueeze(1), out)


# case: weights that are not weighed anew
class Reader(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.gru = nn.GRU(features, hidden, batch_first=True)
        self.score = nn.Linear(hidden, 1)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.gru(packed)[0], batch_first=True)
        weights = torch.softmax(self.score(out).squeeze(2), dim=1)  # PCK304
        return torch.bmm(weights.unsqueeze(1), out)


# case: a mask of ones with zeros where the ids are those of the padding
class Reader(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.embed = nn.Embedding(100, size, padding_idx=0)
        self.gru = nn.GRU(size, size, batch_first=True)

    def forward(self, ids, lengths):
        mask = torch.ones(ids.size(0), int(lengths.max()))
        mask[ids[:, : lengths.max()] == 0] = 0.0
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.gru(packed)[0], batch_first=True)
        mask = mask.unsqueeze(2)
        return (out * mask + (1.0 - mask) * -1e7).max(dim=1)[0]


# case: a maximum down to one step
class Adaptive(nn.Module):
    def __init__(self, words, dim):
        super().__init__()
        self.embed = nn.Embedding(words, dim)
        self.rnn = nn.GRU(dim, dim, batch_first=True)
        self.fc = nn.Linear(3 * dim, 2)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True)
        most = F.adaptive_max_pool1d(out.transpose(1, 2), output_size=1).squeeze(-1)  # PCK304
        again = F.adaptive_max_pool2d(out.unsqueeze(1), (1, out.size(2)))  # PCK304
        batch, steps, _ = out.size()
        mean = F.adaptive_avg_pool2d(out.view(batch, 1, steps, -1), output_size=(1, 8))  # PCK304
        return self.fc(torch.cat([most, again.flatten(1), mean.flatten(1)], dim=1))


# case: a maximum down to one step over outputs that are filled low
class AdaptiveMasked(nn.Module):
    def __init__(self, words, dim):
        super().__init__()
        self.embed = nn.Embedding(words, dim)
        self.rnn = nn.GRU(dim, dim, batch_first=True)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True, padding_value=float("-inf"))
        one = F.adaptive_max_pool1d(out.transpose(1, 2), output_size=1).squeeze(-1)
        return one + F.adaptive_max_pool2d(out.unsqueeze(1), (1, out.size(2))).flatten(1)


# case: an embedding that is made in one of two ways beside the output, and a maximum over the padded size
class Convolved(nn.Module):
    def __init__(self, config):
        super().__init__()
        if config.pretrained is not None:
            self.embed = nn.Embedding.from_pretrained(config.pretrained, freeze=False)
        else:
            self.embed = nn.Embedding(config.words, 16, padding_idx=config.words - 1)
        self.lstm = nn.LSTM(16, 32, batch_first=True, bidirectional=True)
        self.maxpool = nn.MaxPool1d(config.pad_size)

    def forward(self, x):
        embedded = self.embed(x)
        out, _ = self.lstm(embedded)  # PCK102
        out = F.relu(torch.cat((embedded, out), 2)).permute(0, 2, 1)
        return self.maxpool(out).squeeze()  # PCK304


# case: a maximum over a few steps of the same
class Convolved(nn.Module):
    def __init__(self, config):
        super().__init__()
        if config.pretrained is not None:
            self.embed = nn.Embedding.from_pretrained(config.pretrained, freeze=False)
        else:
            self.embed = nn.Embedding(config.words, 16, padding_idx=config.words - 1)
        self.lstm = nn.LSTM(16, 32, batch_first=True, bidirectional=True)
        self.maxpool = nn.MaxPool1d(config.window)

    def forward(self, x):
        embedded = self.embed(x)
        out, _ = self.lstm(embedded)  # PCK102
        out = F.relu(torch.cat((embedded, out), 2)).permute(0, 2, 1)
        return self.maxpool(out)


# case: what is unpacked comes from a layer of one's own, and the softmax is in a method that a base class calls
class Characters(nn.Module):
    def forward(self, x, lengths):
        return self.summed(x, lengths)

    def summed(self, x, lengths):
        raise NotImplementedError


class Attending(Characters):
    def __init__(self, layer):
        super().__init__()
        self.layer = layer
        self.query = nn.Parameter(torch.randn(32, 1))

    def summed(self, x, lengths):
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.layer(packed), batch_first=True)
        weights = F.softmax(torch.matmul(out, self.query), dim=1)  # PCK304
        return torch.bmm(out.transpose(1, 2), weights).squeeze(2)


# case: the same with the padded steps taken out
class Characters(nn.Module):
    def forward(self, x, lengths):
        return self.summed(x, lengths)

    def summed(self, x, lengths):
        raise NotImplementedError


class Attending(Characters):
    def __init__(self, layer):
        super().__init__()
        self.layer = layer
        self.query = nn.Parameter(torch.randn(32, 1))

    def summed(self, x, lengths):
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, counts = pad_packed_sequence(self.layer(packed), batch_first=True)
        padded = torch.arange(out.size(1))[None, :] >= counts[:, None]
        scores = torch.matmul(out, self.query).squeeze(2).masked_fill(padded, float("-inf"))
        return torch.bmm(out.transpose(1, 2), F.softmax(scores, dim=1).unsqueeze(2)).squeeze(2)


# case: packed where lengths come in and pooled without harm then, by a trainer that may leave them out
class Reg(nn.Module):
    def __init__(self, words):
        super().__init__()
        self.embed = nn.Embedding(words, 16)
        self.lstm = nn.LSTM(16, 32, batch_first=True)

    def forward(self, x, lengths=None):
        x = self.embed(x)
        if lengths is not None:
            x = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        out, _ = self.lstm(x)
        if lengths is not None:
            out, _ = pad_packed_sequence(out, batch_first=True)
        out = F.relu(torch.transpose(out, 1, 2))
        return F.max_pool1d(out, out.size(2)).squeeze(2)


# file: train.py
import torch
from torch.nn.utils.rnn import pad_sequence

from model import Reg


def train(rows, config):
    model = Reg(100)
    lengths = torch.tensor([len(row) for row in rows])
    ids = pad_sequence([torch.tensor(row) for row in rows], batch_first=True)
    if config.ignore_lengths:
        model(ids).sum().backward()
    else:
        model(ids, lengths=lengths).sum().backward()


# case: packed where lengths come in, and averaged over the padding either way
class Reg(nn.Module):
    def __init__(self, words):
        super().__init__()
        self.embed = nn.Embedding(words, 16)
        self.lstm = nn.LSTM(16, 32, batch_first=True)

    def forward(self, x, lengths=None):
        x = self.embed(x)
        if lengths is not None:
            x = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        out, _ = self.lstm(x)
        if lengths is not None:
            out, _ = pad_packed_sequence(out, batch_first=True)
        return out.mean(1)  # PCK304


# file: train.py
import torch
from torch.nn.utils.rnn import pad_sequence

from model import Reg


def train(rows, config):
    model = Reg(100)
    lengths = torch.tensor([len(row) for row in rows])
    ids = pad_sequence([torch.tensor(row) for row in rows], batch_first=True)
    if config.ignore_lengths:
        model(ids).sum().backward()
    else:
        model(ids, lengths=lengths).sum().backward()


# case: the step of a base class runs what only a subclass has set
class LSTMEncoder(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.rnn = nn.LSTM(dim, hidden, batch_first=True)

    def forward(self, inputs, lengths):
        packed = pack_padded_sequence(inputs, lengths.cpu(), batch_first=True, enforce_sorted=False)
        outputs, _ = self.rnn(packed)
        outputs, lengths = pad_packed_sequence(outputs, batch_first=True)
        return outputs, lengths


class Attention(nn.Module):
    def forward(self, query, value):
        scores = torch.bmm(query, value.transpose(1, 2))
        return torch.bmm(F.softmax(scores, dim=-1), value)


class Speller(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.embed = nn.Embedding(100, hidden)
        self.rnn = nn.LSTM(hidden, hidden, batch_first=True)
        self.attention = Attention()

    def forward(self, encoded, targets, lengths):
        out, _ = self.rnn(self.embed(targets))
        return self.attention(out, encoded)  # PCK304


# file: base.py
import pytorch_lightning as pl


class EncoderDecoder(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.encoder = None
        self.decoder = None

    def build(self):
        raise NotImplementedError

    def training_step(self, batch, batch_idx):
        inputs, lengths, targets = batch
        encoded, lengths = self.encoder(inputs, lengths)
        return self.decoder(encoded, targets, lengths)


# file: speller.py
from base import EncoderDecoder
from model import LSTMEncoder, Speller


class ListenAttendSpell(EncoderDecoder):
    def build_model(self):
        self.encoder = LSTMEncoder(80, 128)
        self.decoder = Speller(128)


# case: the same with a mask
class LSTMEncoder(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.rnn = nn.LSTM(dim, hidden, batch_first=True)

    def forward(self, inputs, lengths):
        packed = pack_padded_sequence(inputs, lengths.cpu(), batch_first=True, enforce_sorted=False)
        outputs, _ = self.rnn(packed)
        outputs, lengths = pad_packed_sequence(outputs, batch_first=True)
        return outputs, lengths


class Attention(nn.Module):
    def forward(self, query, value, lengths):
        scores = torch.bmm(query, value.transpose(1, 2))
        steps = torch.arange(value.size(1), device=value.device)
        scores = scores.masked_fill(steps[None, None] >= lengths.to(value.device)[:, None, None], float("-inf"))
        return torch.bmm(F.softmax(scores, dim=-1), value)


class Speller(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.embed = nn.Embedding(100, hidden)
        self.rnn = nn.LSTM(hidden, hidden, batch_first=True)
        self.attention = Attention()

    def forward(self, encoded, targets, lengths):
        out, _ = self.rnn(self.embed(targets))
        return self.attention(out, encoded, lengths)


# file: base.py
import pytorch_lightning as pl


class EncoderDecoder(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.encoder = None
        self.decoder = None

    def build(self):
        raise NotImplementedError

    def training_step(self, batch, batch_idx):
        inputs, lengths, targets = batch
        encoded, lengths = self.encoder(inputs, lengths)
        return self.decoder(encoded, targets, lengths)


# file: speller.py
from base import EncoderDecoder
from model import LSTMEncoder, Speller


class ListenAttendSpell(EncoderDecoder):
    def build_model(self):
        self.encoder = LSTMEncoder(80, 128)
        self.decoder = Speller(128)
