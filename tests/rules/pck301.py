"""PCK301: the last time step of a padded output read as the final state."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pack_sequence, pad_packed_sequence, unpack_sequence
from torch.utils.data import DataLoader, Dataset


# case: last step after pack and unpack
class Classifier(nn.Module):
    def __init__(self, vocab_size, dim, hidden, classes):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.lstm = nn.LSTM(dim, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, classes)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = self.lstm(packed)
        out, _ = pad_packed_sequence(out, batch_first=True)
        return self.fc(out[:, -1, :])  # PCK301


# case: time comes first, so the last step is out[-1]
class Sentiment(nn.Module):
    def __init__(self, vocab_size, dim, hidden):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=1)
        self.rnn = nn.RNN(dim, hidden)
        self.fc = nn.Linear(hidden, 1)

    def forward(self, text):
        # text: (time, batch)
        out, _ = self.rnn(self.embed(text))  # PCK102
        return self.fc(out[-1])  # PCK301


# case: the index of the last step is written as size minus one
class Classifier(nn.Module):
    def __init__(self, vocab_size, dim, hidden, classes):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.gru = nn.GRU(dim, hidden, num_layers=2, dropout=0.3, batch_first=True)
        self.fc = nn.Linear(hidden, classes)

    def forward(self, ids, lengths):
        x = self.embed(ids)
        x = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        x, _ = self.gru(x)
        x, _ = pad_packed_sequence(x, batch_first=True)
        return self.fc(x[:, x.size(1) - 1])  # PCK301


# case: select, narrow and a slice of one step read the last step too
class Reader(nn.Module):
    def __init__(self, vocab_size, dim, hidden):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.lstm = nn.LSTM(dim, hidden, batch_first=True)

    def run(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.tolist(), batch_first=True, enforce_sorted=False)
        return pad_packed_sequence(self.lstm(packed)[0], batch_first=True)[0]

    def forward(self, ids, lengths):
        out = self.run(ids, lengths)
        a = out.select(1, -1)  # PCK301
        b = out.narrow(1, out.size(1) - 1, 1).squeeze(1)  # PCK301
        c = out[:, -1:, :].squeeze(1)  # PCK301
        d = out.permute(0, 2, 1)[:, :, -1]  # PCK301
        return a + b + c + d


# case: a linear layer per step stands between the output and the read
class Scorer(nn.Module):
    def __init__(self, vocab_size, dim, hidden, classes):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.rnn = nn.LSTM(dim, hidden, batch_first=True)
        self.drop = nn.Dropout(0.5)
        self.fc = nn.Linear(hidden, classes)

    def forward(self, ids):
        out, _ = self.rnn(self.embed(ids))  # PCK102
        logits = self.fc(self.drop(out))
        return torch.sigmoid(logits[:, -1, :])  # PCK301


# case: sorted by hand, put back in order, and then the last step
class ClipDecoder(nn.Module):
    def __init__(self, features, hidden, classes):
        super().__init__()
        self.lstm = nn.LSTM(input_size=features, hidden_size=hidden, num_layers=3, batch_first=True)
        self.fc = nn.Linear(hidden, classes)

    def forward(self, frames, frame_counts):
        ordered, perm = frame_counts.cpu().sort(0, descending=True)
        packed = pack_padded_sequence(frames[perm], ordered, batch_first=True)
        out, _ = self.lstm(packed, None)
        out, _ = pad_packed_sequence(out, batch_first=True)
        _, inverse = perm.sort(0)
        out = out[inverse].contiguous()
        return self.fc(F.relu(out[:, -1, :]))  # PCK301


# case: both halves are joined rightly, but the forward one from the padded end
class Matcher(nn.Module):
    def __init__(self, vocab_size, dim, hidden):
        super().__init__()
        self.hidden = hidden
        self.embed = nn.Embedding(vocab_size, dim)
        self.lstm = nn.LSTM(dim, hidden, bidirectional=True, batch_first=True)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        ahead = out[:, -1, : self.hidden]  # PCK301
        back = out[:, 0, self.hidden :]
        return torch.cat([ahead, back], dim=1)


# case: a collate function in another file pads, the training loop calls the model
class TextClassifier(nn.Module):
    def __init__(self, vocab_size, dim=64, hidden=128, classes=4):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, dim)
        self.encoder = nn.GRU(dim, hidden, batch_first=True)
        self.out = nn.Linear(hidden, classes)

    def forward(self, tokens):
        states, _ = self.encoder(self.embedding(tokens))  # PCK102
        return self.out(states[:, -1])  # PCK301


# file: data.py
import torch
from torch.nn.utils.rnn import pad_sequence


def collate(batch):
    texts, labels = zip(*batch)
    texts = [torch.tensor(t) for t in texts]
    return pad_sequence(texts, batch_first=True), torch.tensor(labels)


# file: train.py
import torch
from data import collate
from model import TextClassifier
from torch.utils.data import DataLoader


def train(train_set, vocab_size):
    loader = DataLoader(train_set, batch_size=32, shuffle=True, collate_fn=collate)
    model = TextClassifier(vocab_size)
    optimizer = torch.optim.Adam(model.parameters())
    for tokens, labels in loader:
        loss = torch.nn.functional.cross_entropy(model(tokens), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


# case: a torchtext field pads in silence and is time first
class SimpleLSTM(nn.Module):
    def __init__(self, vocab_size, dim=100, hidden=128):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, dim)
        self.encoder = nn.LSTM(dim, hidden, num_layers=1)
        self.predictor = nn.Linear(hidden, 6)

    def forward(self, seq):
        hdn, _ = self.encoder(self.embedding(seq))  # PCK102
        feature = hdn[-1, :, :]  # PCK301
        return self.predictor(feature)


# file: train.py
from model import SimpleLSTM
from torchtext.data import BucketIterator, Field, TabularDataset

TEXT = Field(sequential=True, lower=True)
LABEL = Field(sequential=False, use_vocab=False)
trainset = TabularDataset("train.csv", format="csv", fields=[("text", TEXT), ("label", LABEL)])
TEXT.build_vocab(trainset)
train_iter = BucketIterator(trainset, batch_size=64, sort_key=lambda ex: len(ex.text))
model = SimpleLSTM(len(TEXT.vocab))
for batch in train_iter:
    preds = model(batch.text)


# case: call and read in one expression
class Ranker(nn.Module):
    def __init__(self, kind, items, dim):
        super().__init__()
        self.items = nn.Embedding(items, dim, padding_idx=0)
        self.seq = getattr(nn, kind)(dim, dim, batch_first=True)

    def forward(self, history, candidates):
        user = self.seq(self.items(history))[0][:, -1]  # PCK102 PCK301
        return (user * self.items(candidates)).sum(-1)


# case: rows of an array filled one by one in a script of one file
def fill(sentences, max_len):
    ids = np.zeros((len(sentences), max_len), dtype=np.int64)
    for row, sentence in enumerate(sentences):
        words = sentence[:max_len]
        ids[row, : len(words)] = words
    return torch.from_numpy(ids)


def fit(x, labels, vocab_size):
    embed = nn.Embedding(vocab_size, 50)
    lstm = nn.LSTM(50, 64, batch_first=True)
    head = nn.Linear(64, 2)
    for start in range(0, len(x), 16):
        out, hidden = lstm(embed(x[start : start + 16]))  # PCK102
        logits = head(out[:, -1, :])  # PCK301
        F.cross_entropy(logits, labels[start : start + 16]).backward()


def main(sentences, labels):
    fit(fill(sentences, 40), labels, 5000)


# case: layers in a ModuleList, read after the loop
class Stack(nn.Module):
    def __init__(self, vocab_size, dim, depth):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.layers = nn.ModuleList([nn.GRU(dim, dim, batch_first=True) for _ in range(depth)])
        self.fc = nn.Linear(dim, 2)

    def forward(self, ids):
        x = self.embed(ids)
        for layer in self.layers:
            x, _ = layer(x)  # PCK102
        return self.fc(x[:, -1])  # PCK301


# case: the encoder is a module of its own, its reader stands two classes away
class Encoder(nn.Module):
    def __init__(self, vocab_size, dim, hidden):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.rnn = nn.LSTM(dim, hidden, batch_first=True)

    def forward(self, ids, lengths):
        x = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = self.rnn(x)
        out, _ = pad_packed_sequence(out, batch_first=True)
        return out


class Classifier(nn.Module):
    def __init__(self, vocab_size, dim, hidden, classes):
        super().__init__()
        self.encoder = Encoder(vocab_size, dim, hidden)
        self.fc = nn.Linear(hidden, classes)

    def forward(self, ids, lengths):
        out = self.encoder(ids, lengths)
        return self.fc(out[:, -1])  # PCK301


# case: a tokenizer pads and the mask goes to the language model alone
class BertLSTM(nn.Module):
    def __init__(self, bert, hidden, classes):
        super().__init__()
        self.bert = bert
        self.lstm = nn.LSTM(768, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, classes)

    def forward(self, input_ids, attention_mask):
        x = self.bert(input_ids, attention_mask=attention_mask).last_hidden_state
        out, _ = self.lstm(x)  # PCK101
        return self.fc(out[:, -1, :])  # PCK301


# file: predict.py
from model import BertLSTM
from transformers import AutoModel, AutoTokenizer


def predict(texts):
    tokenizer = AutoTokenizer.from_pretrained("bert-base-uncased")
    model = BertLSTM(AutoModel.from_pretrained("bert-base-uncased"), 128, 2)
    batch = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
    return model(batch["input_ids"], batch["attention_mask"])


# case: transposed to time first before the read
class Tweets(nn.Module):
    def __init__(self, vocab_size, dim, hidden):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.lstm = nn.LSTM(dim, hidden, batch_first=True)

    def forward(self, ids, lens):
        packed = pack_padded_sequence(self.embed(ids), lens.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        out = out.transpose(0, 1)
        return out[-1]  # PCK301


# case: a notebook in one module, cell after cell
sentences = [[4, 7, 2], [5, 1], [3, 9, 8, 6]]
targets = torch.tensor([0, 1, 1])

lengths = [len(s) for s in sentences]
batch = torch.tensor([s + [0] * (max(lengths) - len(s)) for s in sentences])

embedding = nn.Embedding(10, 8)
encoder = nn.RNN(8, 16, batch_first=True)
classifier = nn.Linear(16, 2)

out, _ = encoder(embedding(batch))  # PCK101
logits = classifier(out[:, -1])  # PCK301
F.cross_entropy(logits, targets).backward()


# case: an attribute called LSTM is a layer, and the pair or the state is kept by its kind
class Classifier(nn.Module):
    def __init__(self, kind, vocab_size, dim, hidden):
        super().__init__()
        RNN = nn.LSTM if kind == "lstm" else nn.GRU
        self.kind = kind
        self.embed = nn.Embedding(vocab_size, dim)
        self.LSTM = RNN(dim, hidden, batch_first=True)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        if self.kind == "lstm":
            out, (h_n, _) = self.LSTM(packed)
        else:
            out, h_n = self.LSTM(packed)
        out, _ = pad_packed_sequence(out, batch_first=True)
        return out[:, -1] + h_n[-1]  # PCK301


# case: viewed as (len, batch, features) before a layer that reads time first
class Sentiment(nn.Module):
    def __init__(self, vocab_size, dim, hidden):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=1)
        self.lstm = nn.LSTM(dim, hidden)
        self.label = nn.Linear(hidden, 2)

    def forward(self, words):
        # words: (time, batch)
        x = self.embed(words).view(len(words), words.size(1), -1)
        lstm_out, _ = self.lstm(x)  # PCK102
        return self.label(lstm_out[-1])  # PCK301


# case: fixed windows of a series are not padded
class Windows(Dataset):
    def __init__(self, series, width):
        self.series, self.width = torch.as_tensor(series), width

    def __len__(self):
        return len(self.series) - self.width

    def __getitem__(self, i):
        return self.series[i : i + self.width, None], self.series[i + self.width]


class Forecaster(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.lstm = nn.LSTM(1, hidden, num_layers=2, batch_first=True)
        self.fc = nn.Linear(hidden, 1)

    def forward(self, window):
        out, _ = self.lstm(window)
        return self.fc(out[:, -1, :])


def fit(series):
    model = Forecaster(32)
    for window, target in DataLoader(Windows(series, 24), batch_size=64):
        F.mse_loss(model(window).squeeze(1), target).backward()


# case: an image read row by row has as many steps as rows
class RowReader(nn.Module):
    def __init__(self, hidden=128, layers=2):
        super().__init__()
        self.hidden, self.layers = hidden, layers
        self.lstm = nn.LSTM(28, hidden, layers, batch_first=True)
        self.fc = nn.Linear(hidden, 10)

    def forward(self, images):
        rows = images.reshape(-1, 28, 28)
        h0 = torch.zeros(self.layers, rows.size(0), self.hidden)
        c0 = torch.zeros(self.layers, rows.size(0), self.hidden)
        out, _ = self.lstm(rows, (h0, c0))
        return self.fc(out[:, -1, :])


# case: the final state is h_n of the packed run
class Classifier(nn.Module):
    def __init__(self, vocab_size, dim, hidden, classes):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.lstm = nn.LSTM(dim, hidden, num_layers=2, batch_first=True)
        self.fc = nn.Linear(hidden, classes)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, (h_n, _) = self.lstm(packed)
        return self.fc(h_n[-1])


# case: one direction, gathered at length minus one
class SessionModel(nn.Module):
    def __init__(self, items, dim):
        super().__init__()
        self.items = nn.Embedding(items, dim, padding_idx=0)
        self.gru = nn.GRU(dim, dim, batch_first=True)

    def forward(self, item_seq, item_seq_len):
        out, _ = self.gru(self.items(item_seq))
        index = (item_seq_len - 1).view(-1, 1, 1).expand(-1, -1, out.size(2))
        return out.gather(1, index).squeeze(1)


# case: one direction, indexed by row and length
class SessionModel(nn.Module):
    def __init__(self, items, dim):
        super().__init__()
        self.items = nn.Embedding(items, dim, padding_idx=0)
        self.gru = nn.GRU(dim, dim)

    def forward(self, item_seq, lengths):
        # item_seq: (time, batch)
        out, _ = self.gru(self.items(item_seq))
        rows = torch.arange(out.size(1), device=out.device)
        return out[lengths - 1, rows]


# case: a decoder's single step, although its embedding has a pad index
class Decoder(nn.Module):
    def __init__(self, vocab_size, dim, hidden):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.rnn = nn.GRU(dim, hidden, batch_first=True)
        self.out = nn.Linear(hidden, vocab_size)

    def forward(self, token, state):
        x = self.embed(token).unsqueeze(1)
        out, state = self.rnn(x, state)
        return self.out(out[:, -1]), state


# case: text is generated from one prompt, a batch of one
class CharModel(nn.Module):
    def __init__(self, vocab_size, hidden):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, hidden)
        self.lstm = nn.LSTM(hidden, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, vocab_size)

    def forward(self, ids, state=None):
        out, state = self.lstm(self.embed(ids), state)
        return self.fc(out), state

    @torch.no_grad()
    def continue_from(self, prompt, steps):
        ids = torch.tensor(prompt).unsqueeze(0)
        logits, state = self(ids)
        for _ in range(steps):
            token = logits[:, -1].argmax(-1, keepdim=True)
            logits, state = self(token, state)
            yield token.item()


# case: padded on the left, one direction, so the last step is the last token
class Clicks(Dataset):
    def __init__(self, sessions, max_len):
        self.sessions, self.max_len = sessions, max_len

    def __len__(self):
        return len(self.sessions)

    def __getitem__(self, i):
        *seen, target = self.sessions[i]
        seen = seen[-self.max_len :]
        return torch.tensor([0] * (self.max_len - len(seen)) + seen), target


class ClickModel(nn.Module):
    def __init__(self, items, dim):
        super().__init__()
        self.items = nn.Embedding(items, dim, padding_idx=0)
        self.gru = nn.GRU(dim, dim, batch_first=True)

    def forward(self, seen):
        out, _ = self.gru(self.items(seen))
        return out[:, -1] @ self.items.weight.T


def fit(sessions):
    model = ClickModel(1000, 32)
    for seen, target in DataLoader(Clicks(sessions, 50), batch_size=128, shuffle=True):
        F.cross_entropy(model(seen), target).backward()


# case: batches are made of sentences of one exact length
def buckets(sentences):
    by_length = {}
    for sentence in sentences:
        by_length.setdefault(len(sentence), []).append(sentence)
    for group in by_length.values():
        yield torch.tensor(group)


class Language(nn.Module):
    def __init__(self, chars, hidden, classes):
        super().__init__()
        self.embed = nn.Embedding(chars, hidden)
        self.lstm = nn.LSTM(hidden, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, classes)

    def forward(self, ids):
        out, _ = self.lstm(self.embed(ids))
        return self.fc(out[:, -1])


def predict(model, sentences):
    return [model(ids).argmax(-1) for ids in buckets(sentences)]


# case: each row is cut to its own length before its last step is read
class Spans(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.lstm = nn.LSTM(dim, hidden, batch_first=True)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        out, lengths = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        rows = [row[:n] for row, n in zip(out, lengths.tolist())]
        return torch.stack([row[-1] for row in rows])


# case: sequences come back as a list without padding
class Spans(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.lstm = nn.LSTM(dim, hidden)

    def forward(self, sequences):
        out, _ = self.lstm(pack_sequence(sequences, enforce_sorted=False))
        return torch.stack([steps[-1] for steps in unpack_sequence(out)])


# case: the state is put batch first and its last layer is read
class Classifier(nn.Module):
    def __init__(self, vocab_size, dim, hidden):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.gru = nn.GRU(dim, hidden, num_layers=2, batch_first=True)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, state = self.gru(packed)
        state = state.permute(1, 0, 2)
        return state[:, -1, :]


# case: batch comes first, so out[-1] is the last sample and not the last step
class Tagger(nn.Module):
    def __init__(self, vocab_size, dim, hidden):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.lstm = nn.LSTM(dim, hidden, bidirectional=True, batch_first=True)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, lengths = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        last_sentence = out[-1]
        return out, last_sentence[: lengths[-1]]


# case: all steps but the last are the inputs of next-token prediction
class LanguageModel(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.lstm = nn.LSTM(dim, dim, batch_first=True)
        self.fc = nn.Linear(dim, vocab_size)

    def loss(self, ids):
        out, _ = self.lstm(self.embed(ids))
        logits = self.fc(out[:, :-1])
        return F.cross_entropy(logits.transpose(1, 2), ids[:, 1:], ignore_index=0)


# case: the last emission of a CRF, switched off by its mask
class TaggerLoss(nn.Module):
    def __init__(self, vocab_size, dim, tags):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.lstm = nn.LSTM(dim, dim, bidirectional=True)
        self.fc = nn.Linear(2 * dim, tags)

    def path_score(self, emissions, tags, mask):
        score = emissions[0].gather(1, tags[0].unsqueeze(1)).squeeze(1)
        for t in range(1, emissions.size(0) - 1):
            score = score + emissions[t].gather(1, tags[t].unsqueeze(1)).squeeze(1) * mask[t]
        return score + emissions[-1].gather(1, tags[-1].unsqueeze(1)).squeeze(1) * mask[-1]

    def forward(self, words, tags, lengths):
        packed = pack_padded_sequence(self.embed(words), lengths.cpu(), enforce_sorted=False)
        out, lengths = pad_packed_sequence(self.lstm(packed)[0], total_length=words.size(0))
        mask = torch.arange(words.size(0))[:, None] < lengths[None, :]
        return self.path_score(self.fc(out), tags, mask)


# case: a class of the user's own that bears the name LSTM and keeps finished rows as they are
class LSTM(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.hidden = hidden
        self.cell = nn.LSTMCell(dim, hidden)

    def forward(self, x, mask):
        h = c = x.new_zeros(x.size(0), self.hidden)
        steps = []
        for t in range(x.size(1)):
            h_new, c_new = self.cell(x[:, t], (h, c))
            keep = mask[:, t, None]
            h, c = torch.where(keep, h_new, h), torch.where(keep, c_new, c)
            steps.append(h)
        return torch.stack(steps, dim=1), (h, c)


class Classifier(nn.Module):
    def __init__(self, vocab_size, dim, hidden):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.lstm = LSTM(dim, hidden)

    def forward(self, ids):
        out, _ = self.lstm(self.embed(ids), ids != 0)
        return out[:, -1]


# case: rollouts of a reinforcement learner have equal length, their mask marks episodes
class Policy(nn.Module):
    def __init__(self, features, hidden, actions):
        super().__init__()
        self.gru = nn.GRU(features, hidden)
        self.pi = nn.Linear(hidden, actions)

    def forward(self, obs, state, masks):
        steps, envs = masks.shape
        x = obs.view(steps, envs, -1)
        out, state = self.gru(x, state * masks[0].view(1, -1, 1))
        return self.pi(out[-1]), state


# case: every clip has the same selected frames
class Clips(Dataset):
    def __init__(self, videos, labels):
        self.videos, self.labels = videos, labels
        self.frames = np.arange(1, 29)

    def __len__(self):
        return len(self.videos)

    def __getitem__(self, i):
        return torch.stack([self.videos[i][f] for f in self.frames]), self.labels[i]


class ClipModel(nn.Module):
    def __init__(self, features, hidden, classes):
        super().__init__()
        self.lstm = nn.LSTM(features, hidden, num_layers=3, batch_first=True)
        self.fc = nn.Linear(hidden, classes)

    def forward(self, clips):
        out, _ = self.lstm(clips)
        return self.fc(out[:, -1, :])


# case: sentences one at a time, the batch axis is one by construction
class Tagger(nn.Module):
    def __init__(self, vocab_size, dim, hidden):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.lstm = nn.LSTM(dim, hidden)

    def forward(self, sentence):
        x = self.embed(sentence).view(len(sentence), 1, -1)
        out, _ = self.lstm(x)
        return out[-1]


# case: every sequence is cut to the shortest of its batch
def collate(batch):
    shortest = min(len(steps) for steps, _ in batch)
    return torch.stack([steps[:shortest] for steps, _ in batch]), torch.tensor([label for _, label in batch])


class Gesture(nn.Module):
    def __init__(self, channels, hidden, classes):
        super().__init__()
        self.gru = nn.GRU(channels, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, classes)

    def forward(self, x):
        out, _ = self.gru(x)
        return self.fc(out[:, -1])


def fit(recordings):
    model = Gesture(6, 32, 5)
    for x, labels in DataLoader(recordings, batch_size=16, collate_fn=collate):
        F.cross_entropy(model(x), labels).backward()


# case: the last valid step is found through the lengths that unpacking gives back
class Classifier(nn.Module):
    def __init__(self, vocab_size, dim, hidden):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.rnn = nn.GRU(dim, hidden, batch_first=True)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, lengths = pad_packed_sequence(self.rnn(packed)[0], batch_first=True)
        return torch.stack([out[i, n - 1] for i, n in enumerate(lengths)])


# case: nothing says that the batch is padded
class Head(nn.Module):
    def __init__(self, dim, hidden, classes):
        super().__init__()
        self.rnn = nn.LSTM(dim, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, classes)

    def forward(self, inputs):
        out, _ = self.rnn(inputs)
        return self.fc(out[:, -1, :])


# case: written out in the code, all samples of one length
samples = [[4, 7, 2], [5, 1, 3], [9, 8, 6]]
targets = torch.tensor([0, 1, 1])

embedding = nn.Embedding(10, 8)
encoder = nn.RNN(8, 16, batch_first=True)
classifier = nn.Linear(16, 2)

out, _ = encoder(embedding(torch.tensor(samples)))
F.cross_entropy(classifier(out[:, -1]), targets).backward()


# case: the output takes the name of the input, whose size is asked for afterwards
class Reader(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.lstm = nn.LSTM(dim, dim, batch_first=True)

    def forward(self, ids):
        x = self.embed(ids)
        x, _ = self.lstm(x)  # PCK102
        return x[:, x.size(1) - 1]  # PCK301


# case: the last step is only shown
def look(steps, lengths):
    rnn = nn.LSTM(4, 4, batch_first=True)
    packed = pack_padded_sequence(steps, lengths.cpu(), batch_first=True, enforce_sorted=False)
    out, _ = pad_packed_sequence(rnn(packed)[0], batch_first=True)
    print(out[:, -1])
    return out[:, -1]  # PCK301


# case: the last step where there are no lengths, the step at each length where there are
class Reader(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.embed = nn.Embedding(100, size, padding_idx=0)
        self.rnn = nn.LSTM(size, size, batch_first=True)

    def forward(self, ids, lengths=None):
        out, _ = self.rnn(self.embed(ids))
        if lengths is None:
            return out[:, -1]
        rows = torch.arange(out.size(0), device=out.device)
        return out[rows, lengths - 1]


# case: the forward half of a padded output, split off by its size
class Halves(nn.Module):
    def __init__(self, words, dim):
        super().__init__()
        self.dim = dim
        self.embed = nn.Embedding(words, dim, padding_idx=0)
        self.encoder = nn.LSTM(dim, dim, batch_first=True, bidirectional=True)
        self.bridge = nn.Linear(2 * dim, dim)

    def forward(self, ids, lengths):
        x = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.encoder(x)[0], batch_first=True)
        ahead, back = torch.split(out, self.dim, dim=-1)
        return self.bridge(torch.cat([ahead[:, -1, :], back[:, 0, :]], -1))  # PCK301


# case: the last step of a padded output, sliced
class Sliced(nn.Module):
    def __init__(self, words, dim):
        super().__init__()
        self.embed = nn.Embedding(words, dim)
        self.encoder = nn.GRU(dim, dim, batch_first=True)
        self.score = nn.Linear(dim, 2)

    def forward(self, ids, lengths):
        x = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.encoder(x)[0], batch_first=True)
        return self.score(out[:, -1:, :]).squeeze(1)  # PCK301


# case: the last step of windows of one length, sliced
class SlicedWindow(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.encoder = nn.GRU(dim, dim, batch_first=True)
        self.score = nn.Linear(dim, 2)

    def forward(self, window):
        out, _ = self.encoder(window)
        return self.score(out[:, -1:, :]).squeeze(1)
