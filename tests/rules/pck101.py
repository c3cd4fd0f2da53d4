"""PCK101: an unpacked padded batch, with the lengths or a padding mask at hand in the same function."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader


# case: lengths make the mask of a pooling, the layer runs in both directions
class Matcher(nn.Module):
    def __init__(self, vocab_size, dim, hidden):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.lstm = nn.LSTM(dim, hidden, bidirectional=True, batch_first=True)

    def forward(self, ids, lengths):
        out, _ = self.lstm(self.embed(ids))  # PCK101
        mask = torch.arange(ids.size(1), device=ids.device)[None, :] < lengths[:, None]
        out = out * mask.unsqueeze(-1)
        return out.sum(1) / lengths.unsqueeze(1)


# case: the pad mask made of the ids is passed to the attention alone
class Sentiment(nn.Module):
    def __init__(self, vocab_size, dim, hidden):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.lstm = nn.LSTM(dim, hidden, num_layers=2, bidirectional=True, batch_first=True)
        self.score = nn.Linear(2 * hidden, 1)

    def attend(self, states, mask):
        scores = self.score(torch.tanh(states)).squeeze(-1).masked_fill(~mask, -1e4)
        weights = F.softmax(scores, dim=1)
        return torch.bmm(weights.unsqueeze(1), states).squeeze(1)

    def forward(self, text):
        mask = text != 0
        states, _ = self.lstm(self.embed(text))  # PCK101
        return self.attend(states, mask)


# case: the attention mask of a language model and a CRF behind the layer
class BertTagger(nn.Module):
    def __init__(self, bert, crf, tags):
        super().__init__()
        self.bert, self.crf = bert, crf
        self.bilstm = nn.LSTM(768, 128, bidirectional=True, batch_first=True)
        self.fc = nn.Linear(256, tags)

    def forward(self, input_ids, attention_mask, labels):
        x = self.bert(input_ids, attention_mask=attention_mask).last_hidden_state
        out, _ = self.bilstm(x)  # PCK101
        return -self.crf(self.fc(out), labels, mask=attention_mask.bool())


# case: the first argument is a pair, its lengths are dropped
class Classifier(nn.Module):
    def __init__(self, vocab_size, dim, hidden):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.gru = nn.GRU(dim, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, 2)

    def forward(self, x):
        x, _ = x
        _, h_n = self.gru(self.embed(x))  # PCK101
        return self.fc(h_n[-1])


# file: train.py
import torch
from model import Classifier
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader


def collate(batch):
    texts, labels = zip(*batch)
    seq_len = torch.tensor([len(t) for t in texts])
    ids = pad_sequence([torch.tensor(t) for t in texts], batch_first=True)
    return (ids, seq_len), torch.tensor(labels)


def train(dataset):
    model = Classifier(10000, 100, 100)
    for x, y in DataLoader(dataset, batch_size=32, collate_fn=collate):
        torch.nn.functional.cross_entropy(model(x), y).backward()


# case: the lengths come in the batch's dictionary
class Emotion(nn.Module):
    def __init__(self, features, hidden, classes):
        super().__init__()
        self.rnn = nn.GRU(features, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, classes)

    def forward(self, batch):
        frames, lengths = batch["frames"], batch["lengths"]
        _, h_n = self.rnn(frames)  # PCK101
        rate = lengths.float().unsqueeze(1) / frames.size(1)
        return self.fc(h_n[-1]) * rate


# file: data.py
import torch
from model import Emotion
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader


def collate(items):
    return {
        "frames": pad_sequence([item["frames"] for item in items], batch_first=True),
        "lengths": torch.tensor([item["frames"].size(0) for item in items]),
        "label": torch.tensor([item["label"] for item in items]),
    }


def scores(dataset):
    model = Emotion(40, 64, 7)
    return [model(batch) for batch in DataLoader(dataset, batch_size=8, collate_fn=collate)]


# case: gathered at length minus one, where the backward half has seen one token and the padding
class Entity(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.lstm = nn.LSTM(dim, dim, bidirectional=True, batch_first=True)

    def forward(self, ids, lens):
        out, _ = self.lstm(self.embed(ids))  # PCK101
        index = (lens - 1).view(-1, 1, 1).expand(-1, 1, out.size(2))
        return out.gather(1, index).squeeze(1)  # PCK302


# case: the function itself pads the lists it was given
class Namer(nn.Module):
    def __init__(self, letters, dim):
        super().__init__()
        self.embed = nn.Embedding(letters, dim)
        self.lstm = nn.LSTM(dim, dim, bidirectional=True)
        self.fc = nn.Linear(2 * dim, 3)

    def forward(self, names):
        ids = pad_sequence([torch.tensor(name) for name in names])
        out, _ = self.lstm(self.embed(ids))  # PCK101
        return self.fc(out)


# case: an utterance mask of a dialogue, time first
class Dialogue(nn.Module):
    def __init__(self, features, hidden, classes):
        super().__init__()
        self.gru = nn.GRU(features, hidden, num_layers=2, bidirectional=True)
        self.fc = nn.Linear(2 * hidden, classes)

    def forward(self, utterances, umask, labels):
        # utterances: (time, batch, features), umask: (batch, time)
        out, _ = self.gru(utterances)  # PCK101
        logits = self.fc(out).transpose(0, 1)
        losses = F.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="none")
        return (losses * umask.flatten()).sum() / umask.sum()


# case: a training loop in one file, nothing but functions
def collate(batch):
    ids, labels = zip(*batch)
    lengths = torch.tensor([len(row) for row in ids])
    return pad_sequence(ids, batch_first=True), lengths, torch.tensor(labels)


def train(dataset, vocab_size):
    embed = nn.Embedding(vocab_size, 64)
    rnn = nn.LSTM(64, 64, batch_first=True)
    head = nn.Linear(64, 2)
    for ids, lengths, labels in DataLoader(dataset, batch_size=32, collate_fn=collate):
        _, (h_n, _) = rnn(embed(ids))  # PCK101
        loss = F.cross_entropy(head(h_n[-1]), labels)
        loss.backward()
        print(f"{loss.item():.3f} at {lengths.float().mean():.1f} tokens")


# case: lengths counted from the ids cut the rows; of two stacked layers the second runs backward too
class Session(nn.Module):
    def __init__(self, items, dim):
        super().__init__()
        self.items = nn.Embedding(items, dim, padding_idx=0)
        self.forward_gru = nn.GRU(dim, dim, batch_first=True)
        self.both = nn.GRU(dim, dim, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(2 * dim, items)

    def forward(self, seq):
        counts = seq.ne(0).sum(dim=1)
        x, _ = self.forward_gru(self.items(seq))
        x, _ = self.both(x)  # PCK101
        rows = [row[:n].mean(dim=0) for row, n in zip(x, counts)]
        return self.fc(torch.stack(rows))


# case: a Lightning step that unpacks a batch with lengths
import pytorch_lightning as pl


class Clips(pl.LightningModule):
    def __init__(self, features, hidden, classes):
        super().__init__()
        self.rnn = nn.LSTM(features, hidden, num_layers=2, batch_first=True)
        self.fc = nn.Linear(hidden, classes)

    def training_step(self, batch, batch_idx):
        x, lengths, y = batch
        _, (h_n, _) = self.rnn(x)  # PCK101
        self.log("frames", lengths.float().mean())
        return F.cross_entropy(self.fc(h_n[-1]), y)


# file: data.py
import torch
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader


def collate(batch):
    x, y = zip(*batch)
    return pad_sequence(x, batch_first=True), torch.tensor([len(s) for s in x]), torch.tensor(y)


def loader(dataset):
    return DataLoader(dataset, batch_size=8, shuffle=True, collate_fn=collate)


# file: main.py
import pytorch_lightning as pl
from data import loader
from model import Clips


def main(dataset):
    pl.Trainer(max_epochs=3).fit(Clips(512, 256, 10), loader(dataset))


# case: the batch object carries the lengths, two classes away
class PaddedBatch:
    def __init__(self, payload, seq_lens):
        self.payload, self.seq_lens = payload, seq_lens


class Encoder(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.rnn = nn.GRU(features, hidden, bidirectional=True, batch_first=True)

    def forward(self, x: PaddedBatch):
        out, _ = self.rnn(x.payload)  # PCK101
        return PaddedBatch(out, x.seq_lens)


def collate(rows):
    return PaddedBatch(pad_sequence(rows, batch_first=True), torch.tensor([len(row) for row in rows]))


def encode(rows):
    encoder = Encoder(4, 8)
    return [encoder(batch).payload for batch in DataLoader(rows, batch_size=4, collate_fn=collate)]


# case: packed with the lengths
class Classifier(nn.Module):
    def __init__(self, vocab_size, dim, hidden):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.lstm = nn.LSTM(dim, hidden, bidirectional=True, batch_first=True)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, (h_n, _) = self.lstm(packed)
        return torch.cat((h_n[-2], h_n[-1]), dim=-1)


# case: the pair is opened and its lengths pack
class Sentence(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.lstm = nn.LSTM(dim, hidden, bidirectional=True)

    def forward(self, sentences):
        x, x_len = sentences
        packed = pack_padded_sequence(x, x_len.cpu(), enforce_sorted=False)
        _, (h_n, _) = self.lstm(packed)
        return torch.cat((h_n[0], h_n[1]), dim=1)


# case: a pair that is the state of an LSTM
class Rollout(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.lstm = nn.LSTM(features, hidden, batch_first=True)
        self.fc = nn.Linear(2 * hidden, features)

    def forward(self, window, state):
        before, _ = state
        _, state = self.lstm(window, state)
        after, _ = state
        return self.fc(torch.cat([before[-1], after[-1]], dim=1)), state


# case: lengths are fractions of the longest, and become steps before the pack
class Speech(nn.Module):
    def __init__(self, mels, hidden):
        super().__init__()
        self.rnn = nn.LSTM(mels, hidden, bidirectional=True, batch_first=True)

    def forward(self, frames, relative_lengths):
        lengths = (relative_lengths * frames.size(1)).round().long().cpu()
        packed = pack_padded_sequence(frames, lengths, batch_first=True, enforce_sorted=False)
        return pad_packed_sequence(self.rnn(packed)[0], batch_first=True, total_length=frames.size(1))[0]


# case: a strided convolution shortens the frames, and the lengths with them
class Listener(nn.Module):
    def __init__(self, mels, hidden):
        super().__init__()
        self.conv = nn.Conv1d(mels, hidden, 3, stride=2, padding=1)
        self.rnn = nn.GRU(hidden, hidden, bidirectional=True, batch_first=True)

    def forward(self, frames, lengths):
        x = self.conv(frames.transpose(1, 2)).transpose(1, 2)
        steps = (lengths + 1) // 2
        packed = pack_padded_sequence(x, steps.cpu(), batch_first=True, enforce_sorted=False)
        return pad_packed_sequence(self.rnn(packed)[0], batch_first=True)


# case: one direction, gathered at length minus one
class Session(nn.Module):
    def __init__(self, items, dim):
        super().__init__()
        self.items = nn.Embedding(items, dim, padding_idx=0)
        self.gru = nn.GRU(dim, dim, batch_first=True)

    def last(self, out, index):
        return out.gather(1, index.view(-1, 1, 1).expand(-1, -1, out.size(-1))).squeeze(1)

    def forward(self, item_seq, item_seq_len):
        out, _ = self.gru(self.items(item_seq))
        return self.last(out, item_seq_len - 1)


# case: one direction, its state unused, masked attention
class Reader(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.lstm = nn.LSTM(dim, dim, batch_first=True)
        self.score = nn.Linear(dim, 1)

    def forward(self, ids):
        mask = ids.ne(0)
        out, _ = self.lstm(self.embed(ids))
        weights = self.score(out).squeeze(-1).masked_fill(~mask, float("-inf")).softmax(dim=-1)
        return (weights.unsqueeze(-1) * out).sum(1)


# case: one direction before a CRF that takes the mask
class Tagger(nn.Module):
    def __init__(self, vocab_size, dim, tags, crf):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.gru = nn.GRU(dim, dim, batch_first=True)
        self.fc = nn.Linear(dim, tags)
        self.crf = crf

    def forward(self, ids, tags, mask):
        out, _ = self.gru(self.embed(ids))
        return -self.crf(self.fc(out), tags, mask=mask)


# case: the masks of a rollout mark where episodes begin
class Recurrent(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.gru = nn.GRU(features, hidden)

    def forward(self, x, state, masks):
        outputs = []
        for t in range(x.size(0)):
            out, state = self.gru(x[t].unsqueeze(0), state * masks[t].view(1, -1, 1))
            outputs.append(out)
        return torch.cat(outputs), state


# case: a causal mask over chunks of equal length
class Hybrid(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.lstm = nn.LSTM(dim, dim, 2, batch_first=True)
        self.attention = nn.MultiheadAttention(dim, 4, batch_first=True)
        self.out = nn.Linear(dim, vocab_size)

    def forward(self, chunk, state):
        x, state = self.lstm(self.embed(chunk), state)
        mask = torch.triu(torch.ones(x.size(1), x.size(1), dtype=torch.bool), diagonal=1)
        x, _ = self.attention(x, x, x, attn_mask=mask)
        return self.out(x), state


# case: the mask belongs to the source that is attended, the decoder takes one step
class Decoder(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.gru = nn.GRU(2 * dim, dim, batch_first=True)
        self.out = nn.Linear(dim, vocab_size)

    def forward(self, token, state, memory, src_mask):
        scores = torch.bmm(memory, state[-1].unsqueeze(2)).squeeze(2)
        weights = scores.masked_fill(src_mask == 0, -1e9).softmax(1)
        context = torch.bmm(weights.unsqueeze(1), memory)
        x = torch.cat([self.embed(token).unsqueeze(1), context], dim=2)
        out, state = self.gru(x, state)
        return self.out(out.squeeze(1)), state


# case: the lengths are those of the captions, the layer reads frames of equal count
class Captioner(nn.Module):
    def __init__(self, features, vocab_size, dim):
        super().__init__()
        self.frames = nn.LSTM(features, dim, batch_first=True, bidirectional=True)
        self.embed = nn.Embedding(vocab_size, 2 * dim)
        self.words = nn.LSTM(2 * dim, 2 * dim, batch_first=True)

    def forward(self, clip, captions, caption_lengths):
        # clip: (batch, 16, features), sixteen frames of every video
        _, (h_n, c_n) = self.frames(clip.reshape(-1, 16, clip.size(-1)))
        state = tuple(torch.cat((s[0], s[1]), dim=1).unsqueeze(0) for s in (h_n, c_n))
        x = pack_padded_sequence(self.embed(captions), caption_lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = self.words(x, state)
        return pad_packed_sequence(out, batch_first=True)[0]


# case: names that sound like lengths and hold sizes
class Horizon(nn.Module):
    def __init__(self, features, hidden, seq_len, pred_len):
        super().__init__()
        self.seq_len, self.pred_len = seq_len, pred_len
        self.rnn = nn.GRU(features, hidden, num_layers=2, batch_first=True)
        self.fc = nn.Linear(hidden, pred_len)

    def forward(self, x):
        batch, seq_len, _ = x.shape
        out, _ = self.rnn(x)
        return self.fc(out[:, seq_len - 1]).view(batch, self.pred_len)


# case: packed when lengths are given
class Encoder(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.rnn = nn.LSTM(dim, hidden, bidirectional=True, batch_first=True)

    def forward(self, x, lengths=None):
        if lengths is not None:
            x = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, state = self.rnn(x)
        if lengths is not None:
            out, _ = pad_packed_sequence(out, batch_first=True)
        return out, state


# case: packed in the function if the caller has not done it
class Either(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.rnn = nn.GRU(dim, hidden, bidirectional=True, batch_first=True)

    def forward(self, x, lengths):
        if not isinstance(x, PackedSequence):
            x = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        return self.rnn(x)[1]


# case: the lengths go to a wrapper that packs
class DynamicLSTM(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.rnn = nn.LSTM(dim, hidden, bidirectional=True, batch_first=True)

    def forward(self, x, x_len):
        packed = pack_padded_sequence(x, x_len.cpu(), batch_first=True, enforce_sorted=False)
        out, (h_n, c_n) = self.rnn(packed)
        return pad_packed_sequence(out, batch_first=True)[0], (h_n, c_n)


class Aspect(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.lstm = DynamicLSTM(dim, dim)

    def forward(self, ids):
        lengths = torch.sum(ids != 0, dim=-1).cpu()
        _, (h_n, _) = self.lstm(self.embed(ids), lengths)
        return torch.cat([h_n[0], h_n[1]], dim=1)


# case: the layer itself is handed to a helper that packs
def run_packed(rnn, x, lengths):
    packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
    out, state = rnn(packed)
    out, _ = pad_packed_sequence(out, batch_first=True, total_length=x.size(1))
    return out, state


class Words(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.rnn = nn.LSTM(dim, dim, bidirectional=True, batch_first=True)

    def forward(self, ids, lengths):
        out, _ = run_packed(self.rnn, self.embed(ids), lengths)
        return out


# case: a subclass whose own forward takes the lengths and packs
class PackingGRU(nn.GRU):
    def forward(self, x, lengths, hx=None):
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, h_n = super().forward(packed, hx)
        return pad_packed_sequence(out, batch_first=True)[0], h_n


class Series(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.gru = PackingGRU(features, hidden, batch_first=True)

    def forward(self, x, lengths):
        _, h_n = self.gru(x, lengths)
        return h_n[-1]


# case: a teacher-forced decoder, its lengths mask the loss
class Decoder(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.lstm = nn.LSTM(dim, dim, batch_first=True)
        self.out = nn.Linear(dim, vocab_size)

    def loss(self, target, lengths, state):
        out, _ = self.lstm(self.embed(target[:, :-1]), state)
        losses = F.cross_entropy(self.out(out).transpose(1, 2), target[:, 1:], reduction="none")
        mask = torch.arange(losses.size(1))[None, :] < (lengths - 1)[:, None]
        return (losses * mask).sum() / mask.sum()


# case: a dropout mask over fixed windows
class Locked(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.rnn = nn.LSTM(features, hidden, bidirectional=True, batch_first=True)
        self.fc = nn.Linear(2 * hidden, 1)

    def forward(self, window):
        if self.training:
            mask = torch.empty(window.size(0), 1, window.size(2)).bernoulli_(0.8) / 0.8
            window = window * mask
        out, _ = self.rnn(window)
        return self.fc(out)


# case: a mask of missing measurements in windows of equal length
class Sensors(nn.Module):
    def __init__(self, channels, hidden):
        super().__init__()
        self.rnn = nn.GRU(2 * channels, hidden, bidirectional=True, batch_first=True)
        self.fc = nn.Linear(2 * hidden, channels)

    def forward(self, window):
        mask = ~torch.isnan(window)
        x = torch.cat([torch.nan_to_num(window), mask.float()], dim=-1)
        out, _ = self.rnn(x)
        return self.fc(out)


# case: a mask of the labels, over chunks of equal length
class Restorer(nn.Module):
    def __init__(self, chars, dim):
        super().__init__()
        self.embed = nn.Embedding(chars, dim)
        self.lstm = nn.LSTM(dim, dim, bidirectional=True, batch_first=True)
        self.fc = nn.Linear(2 * dim, chars)

    def loss(self, chunk, labels):
        out, _ = self.lstm(self.embed(chunk))
        mask = labels != -100
        return F.cross_entropy(self.fc(out)[mask], labels[mask])


def train(stream, steps=100):
    model = Restorer(100, 64)
    chunks = stream[: len(stream) // steps * steps].view(-1, steps)
    for chunk in DataLoader(chunks, batch_size=16):
        hidden = torch.rand(chunk.shape) < 0.15
        model.loss(chunk.masked_fill(hidden, 0), chunk.masked_fill(~hidden, -100)).backward()


# case: one sentence, whose length is at hand
def tag(model_embed, lstm, words):
    length = len(words)
    x = model_embed(torch.tensor(words)).unsqueeze(0)
    out, _ = lstm(x)
    return out.view(length, -1)


def main(sentences):
    embed = nn.Embedding(1000, 32)
    lstm = nn.LSTM(32, 32, bidirectional=True, batch_first=True)
    return [tag(embed, lstm, words) for words in sentences]


# case: the mask of ids is written with where, and used for nothing
class Clicks(nn.Module):
    def __init__(self, items, dim):
        super().__init__()
        self.embed = nn.Embedding(items, dim)
        self.lstm = nn.LSTM(dim, dim, bidirectional=True, batch_first=True)
        self.fc = nn.Linear(2 * dim, items)

    def forward(self, batch):
        clicked = batch["clicked"]
        hidden = torch.where(clicked == 0, torch.ones_like(clicked), torch.zeros_like(clicked)).bool()
        out, _ = self.lstm(self.embed(clicked))  # PCK101
        return self.fc(out)


# case: what is written with where is the mask of another tensor
class Clicks(nn.Module):
    def __init__(self, items, dim):
        super().__init__()
        self.embed = nn.Embedding(items, dim)
        self.lstm = nn.LSTM(dim, dim, bidirectional=True, batch_first=True)
        self.fc = nn.Linear(2 * dim, items)

    def forward(self, batch):
        offered = batch["offered"]
        hidden = torch.where(offered == 0, torch.ones_like(offered), torch.zeros_like(offered)).bool()
        out, _ = self.lstm(self.embed(batch["clicked"]))
        return self.fc(out).masked_fill(hidden[:, :1, None], 0)


# case: a language model gets the mask that the tagger's parameter leaves out by default
from transformers import BertModel


class Tagger(nn.Module):
    def __init__(self, config, crf):
        super().__init__()
        self.bert, self.crf = BertModel(config), crf
        self.birnn = nn.LSTM(config.hidden_size, 64, bidirectional=True, batch_first=True)
        self.fc = nn.Linear(128, config.num_labels)

    def scores(self, ids, kinds=None, mask=None):
        hidden = self.bert(ids, token_type_ids=kinds, attention_mask=mask)[0]
        out, _ = self.birnn(hidden)  # PCK101
        return self.fc(out)

    def forward(self, ids, labels, kinds=None, mask=None):
        return -self.crf(self.scores(ids, kinds, mask), labels, mask=mask.bool())


# case: a language model without a mask, over chunks of equal length
from transformers import BertModel


class Tagger(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.bert = BertModel(config)
        self.birnn = nn.LSTM(config.hidden_size, 64, bidirectional=True, batch_first=True)
        self.fc = nn.Linear(128, config.num_labels)

    def forward(self, ids):
        out, _ = self.birnn(self.bert(ids)[0])
        return self.fc(out)


# case: the layer is the one that the default names
class Visits(nn.Module):
    def __init__(self, codes, dim, cell="lstm"):
        super().__init__()
        self.embed = nn.Embedding(codes, dim)
        if cell == "gru":
            self.layer = nn.GRU(dim, dim, bidirectional=True, batch_first=True)
        elif cell in ("lstm", "long"):
            self.layer = nn.LSTM(dim, dim, bidirectional=True, batch_first=True)
        else:
            raise ValueError(cell)
        self.fc = nn.Linear(2 * dim, 1)

    def forward(self, codes, lengths):
        out, _ = self.layer(self.embed(codes))  # PCK101
        return self.fc(out)


# case: the default names a layer of another library
from fastrnn import QuasiRNN


class Parts(nn.Module):
    def __init__(self, codes, dim, cell="gru"):
        super().__init__()
        self.embed = nn.Embedding(codes, dim)
        if cell == "gru":
            self.layer = nn.GRU(dim, dim)
        else:
            self.layer = QuasiRNN(dim, dim)
        self.fc = nn.Linear(dim, 1)


class Visits(Parts):
    def __init__(self, codes, dim, cell="quasi"):
        super().__init__(codes, dim, cell=cell)

    def forward(self, codes, lengths):
        _, hidden = self.layer(self.embed(codes).transpose(0, 1))
        return self.fc(hidden[-1])
# case: a batch that is padded by lengths has lengths, and is packed
class Reader(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.gru = nn.GRU(dim, dim, bidirectional=True, batch_first=True)

    def trim(self, ids, lengths):
        rows = [self.embed(ids[row, : lengths[row]]) for row in range(ids.size(0))]
        return pad_sequence(rows, batch_first=True)

    def forward(self, ids, lengths=None):
        x = self.trim(ids, lengths)
        if lengths is not None:
            packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
            return pad_packed_sequence(self.gru(packed)[0], batch_first=True)[0]
        return self.gru(x)[0]


# case: a batch that is padded without lengths, which are asked for behind it
class Reader(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.gru = nn.GRU(dim, dim, bidirectional=True, batch_first=True)

    def trim(self, ids, lengths):
        rows = [self.embed(ids[row][ids[row] != 0]) for row in range(ids.size(0))]
        return pad_sequence(rows, batch_first=True)

    def forward(self, ids, lengths=None):
        x = self.trim(ids, lengths)
        if lengths is not None:
            packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
            return pad_packed_sequence(self.gru(packed)[0], batch_first=True)[0]
        return self.gru(x)[0]  # PCK102
# case: an unpacked twin for batches without padding
class Stacked(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.rnn = nn.LSTM(features, hidden, batch_first=True, bidirectional=True)

    def forward(self, x, pad_mask):
        if pad_mask.sum() == 0:
            return self.whole(x)
        return self.padded(x, pad_mask)

    def whole(self, x):
        return self.rnn(x)[0]

    def padded(self, x, pad_mask):
        lengths = pad_mask.eq(0).sum(1).clamp(min=1).cpu()
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        return pad_packed_sequence(self.rnn(packed)[0], batch_first=True, total_length=x.size(1))[0]


# case: steps with a reward are no steps with a word
class Critic(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.rnn = nn.GRU(features, hidden, batch_first=True)

    def forward(self, states, rewards):
        mask = rewards > 0.5
        values = self.rnn(states)[0].sum(-1)
        return (values * mask).sum() / mask.sum()


# case: three results from the project's own layer, which stops each row at its length
class LSTM(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.cell = nn.LSTMCell(features, hidden)

    def forward(self, x, lengths):
        h = c = x.new_zeros(x.size(0), self.cell.hidden_size)
        steps = []
        for at in range(x.size(1)):
            real = (at < lengths).unsqueeze(1)
            new_h, new_c = self.cell(x[:, at], (h, c))
            h, c = torch.where(real, new_h, h), torch.where(real, new_c, c)
            steps.append(h)
        return torch.stack(steps, 1), h, c


class Reader(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.lstm = LSTM(dim, dim)

    def forward(self, ids, lengths):
        out, h, c = self.lstm(self.embed(ids), lengths)
        return h


# case: three names for what a torch layer returns, the call all the same over padding
class Reader(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.lstm = nn.LSTM(dim, dim, batch_first=True, bidirectional=True)

    def forward(self, ids, lengths):
        out, (h, c) = self.lstm(self.embed(ids))  # PCK101
        ids = out
        return ids.new_ones(ids.size(0), ids.size(1)) * lengths.unsqueeze(1), h, c


# case: the mask covers pieces of words, the layer reads windows of frames
class Joint(nn.Module):
    def __init__(self, language_model, features, hidden):
        super().__init__()
        self.language_model = language_model
        self.frames = nn.LSTM(features, hidden, batch_first=True, bidirectional=True)

    def forward(self, batch):
        pieces, attention_mask = batch["pieces"], batch["attention_mask"]
        text = self.language_model(pieces, attention_mask=attention_mask)[0][:, 0]
        frames, _ = self.frames(batch["windows"])
        return torch.cat((text, frames.mean(1)), dim=-1)


# case: the batch sizes of what comes in packed are its lengths
class Second(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.rnn = nn.GRU(hidden, hidden, bidirectional=True)

    def forward(self, packed):
        batch_sizes = packed.batch_sizes
        out, state = self.rnn(PackedSequence(packed.data.relu(), batch_sizes))
        return out, state


# case: packed with lengths that were counted after padding, all of them the padded size
class Lemmas(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.lstm = nn.LSTM(features, hidden, batch_first=True, bidirectional=True)

    def forward(self, sentences):
        padded = pad_sequence(sentences, batch_first=True)
        lengths = torch.tensor([len(row) for row in padded])
        packed = pack_padded_sequence(padded, lengths, batch_first=True)
        out, _ = self.lstm(packed)  # PCK101
        return pad_packed_sequence(out, batch_first=True)[0]


# case: refused, a decoder that goes on from a state which it returned before
class Predictor(nn.Module):
    def __init__(self, words, hidden):
        super().__init__()
        self.embed = nn.Embedding(words, hidden)
        self.rnn = nn.LSTM(hidden, hidden, batch_first=True)

    def forward(self, ids, input_lengths=None, state=None):
        embedded = self.embed(ids)
        if state is not None:
            out, state = self.rnn(embedded, state)
        else:
            out, state = self.rnn(embedded)
        return out, state


# case: packed with lengths that were counted before padding
class Lemmas(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.lstm = nn.LSTM(features, hidden, batch_first=True, bidirectional=True)

    def forward(self, sentences):
        padded = pad_sequence(sentences, batch_first=True)
        lengths = torch.tensor([len(row) for row in sentences])
        packed = pack_padded_sequence(padded, lengths, batch_first=True, enforce_sorted=False)
        out, _ = self.lstm(packed)
        return pad_packed_sequence(out, batch_first=True)[0]


# case: outputs are laid out in one row a step for a layer, and decoded under the mask
class Names(nn.Module):
    def __init__(self, size, tags, decoder):
        super().__init__()
        self.size = size
        self.lstm = nn.LSTM(size, size, batch_first=True, bidirectional=True)
        self.linear = nn.Linear(2 * size, tags)
        self.decoder = decoder

    def forward(self, steps, attention_mask):
        out, _ = self.lstm(steps)  # PCK101
        out = self.linear(out.contiguous().view(-1, 2 * self.size))
        return self.decoder(out.view(steps.size(0), 50, -1), mask=attention_mask)


def tags(steps, attention_mask, decoder):
    return Names(8, 5, decoder)(steps, attention_mask)


# case: refused, lengths that a caller leaves out and another counts
def encode(sequence, rnn, lengths=None):
    if lengths:
        order = sorted(range(len(lengths)), key=lambda i: lengths[i], reverse=True)
        lengths = [lengths[i] for i in order]
        sequence = sequence.index_select(1, torch.LongTensor(order))
    if lengths:
        places = {row: place for place, row in enumerate(order)}
        output, (hidden, _) = rnn(pack_padded_sequence(sequence, lengths))
        back = torch.LongTensor([places[row] for row in range(len(lengths))])
        return pad_packed_sequence(output)[0].index_select(1, back), hidden.index_select(1, back)
    output, (hidden, _) = rnn(sequence)
    return output, hidden


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.rnn = nn.LSTM(16, 16, bidirectional=True)
        self.score = nn.Linear(16, 2)

    def forward(self, ids, lengths=None):
        output, hidden = encode(self.embed(ids).transpose(0, 1), self.rnn, lengths)
        return self.score(output) + torch.cat((hidden[-2], hidden[-1]), dim=-1)


def tag(model, sentences):
    lengths = [len(sentence) for sentence in sentences]
    ids = torch.zeros(len(sentences), max(lengths), dtype=torch.long)
    for row, sentence in enumerate(sentences):
        ids[row, : len(sentence)] = torch.tensor(sentence)
    return model(ids.cuda(), lengths)


# case: lengths that are not there have no padding
class OptionalLengths(nn.Module):
    def __init__(self, vocabulary, dim):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, dim)
        self.rnn = nn.LSTM(dim, dim)

    def forward(self, ids, lengths, hidden=None):
        x = self.embed(ids)
        if lengths:
            x = pack_padded_sequence(x, lengths, enforce_sorted=False)
        out, hidden = self.rnn(x, hidden)
        if lengths:
            out, _ = pad_packed_sequence(out)
        return out, hidden


class Translator:
    def __init__(self, vocabulary, dim):
        self.encoder = OptionalLengths(vocabulary, dim)

    def train(self, batch, lengths):
        out, (state, _) = self.encoder(batch, lengths)
        return out, state[-1]


def collate(samples):
    samples.sort(key=lambda sample: sample["n"], reverse=True)
    ids = torch.zeros(len(samples), samples[0]["n"]).long()
    for i, sample in enumerate(samples):
        ids[i, : len(sample["ids"])] = sample["ids"]
    return ids.transpose(0, 1), [sample["n"] for sample in samples]


def epoch(dataset):
    translator = Translator(100, 8)
    for batch in DataLoader(dataset, 32, collate_fn=collate):
        translator.train(batch[0], batch[1])


# case: one method packs with a parameter, another is given it too and runs unpacked
class Letters(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(60, 16)
        self.lstm = nn.LSTM(16, 32, batch_first=True, bidirectional=True)

    def last_states(self, letters, num_character):
        packed = pack_padded_sequence(self.embed(letters), num_character.cpu(), batch_first=True, enforce_sorted=False)
        _, (h_n, _) = self.lstm(packed)
        return torch.cat((h_n[-2], h_n[-1]), dim=-1)

    def every_state(self, letters, num_character):
        out, _ = self.lstm(self.embed(letters))  # PCK101
        return out


# case: one method packs with a parameter, another is given a number of that name
class Letters(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(60, 16)
        self.lstm = nn.LSTM(16, 32, batch_first=True, bidirectional=True)

    def last_states(self, letters, num_character):
        packed = pack_padded_sequence(self.embed(letters), num_character.cpu(), batch_first=True, enforce_sorted=False)
        _, (h_n, _) = self.lstm(packed)
        return torch.cat((h_n[-2], h_n[-1]), dim=-1)

    def windows(self, stream, num_character):
        out, _ = self.lstm(self.embed(stream.view(-1, num_character)))
        return out


# case: one method packs with what it counts itself, another is given a parameter of that name
class Letters(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(60, 16)
        self.lstm = nn.LSTM(16, 32, batch_first=True, bidirectional=True)

    def last_states(self, words):
        extra = [len(word) for word in words]
        packed = pack_padded_sequence(
            self.embed(pad_sequence(words, batch_first=True)), extra, batch_first=True, enforce_sorted=False
        )
        _, (h_n, _) = self.lstm(packed)
        return torch.cat((h_n[-2], h_n[-1]), dim=-1)

    def windows(self, stream, extra):
        out, _ = self.lstm(self.embed(stream))
        return torch.cat((out, extra), dim=-1)
