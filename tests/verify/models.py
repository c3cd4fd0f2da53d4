"""Models as people write them; what `packlint verify` says of a line stands on it, with the way that it was run."""

# case: a configuration object
import torch
from torch import nn


class Tagger(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.embedding = nn.Embedding(config.vocab_size, config.embedding_dim, padding_idx=0)
        self.lstm = nn.LSTM(config.embedding_dim, config.hidden_size // 2, config.num_layers,
                            batch_first=True, bidirectional=True, dropout=config.dropout)
        self.classifier = nn.Linear(config.hidden_size, config.num_labels)

    def forward(self, input_ids, lengths, labels=None):
        embedded = self.embedding(input_ids)
        output, _ = self.lstm(embedded)  # PCK101 passed, inferred
        return self.classifier(output)


# case: a dictionary of tags and a vocabulary
import torch
import torch.nn as nn


class Tagger(nn.Module):
    def __init__(self, word2idx, tag2idx, embedding_dim=100, hidden_dim=200):
        super(Tagger, self).__init__()
        self.embed = nn.Embedding(len(word2idx), embedding_dim)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim // 2, bidirectional=True, batch_first=True)
        self.fc = nn.Linear(hidden_dim, len(tag2idx))

    def forward(self, sentences, seq_lens):
        out, (h, c) = self.lstm(self.embed(sentences))  # PCK101 passed, inferred
        return self.fc(out)


# case: a matrix of vectors
import numpy as np
import torch
from torch import nn


class Encoder(nn.Module):
    def __init__(self, pretrained_weights, hidden_size):
        super().__init__()
        self.embed = nn.Embedding.from_pretrained(torch.as_tensor(pretrained_weights))
        self.gru = nn.GRU(self.embed.embedding_dim, hidden_size, batch_first=True)

    def forward(self, x, x_lens):
        _, h = self.gru(self.embed(x))  # PCK101 passed, inferred
        return h.squeeze(0)


# case: features, and a mask of real steps
import torch
from torch import nn


class Classifier(nn.Module):
    def __init__(self, input_dim, n_classes=3):
        super().__init__()
        self.project = nn.Linear(input_dim, 16)
        self.rnn = nn.GRU(16, 12, batch_first=True, bidirectional=True)
        self.out = nn.Linear(24, n_classes)

    def forward(self, frames, attention_mask):
        x = torch.relu(self.project(frames))
        output, hidden = self.rnn(x)  # PCK101 failed, inferred
        final = torch.cat((hidden[-2], hidden[-1]), dim=1)
        return self.out(final)


# case: time first
import torch
from torch import nn


class Encoder(nn.Module):
    def __init__(self, vocab_size, embed_size, hidden_size):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, embed_size)
        self.gru = nn.GRU(embed_size, hidden_size, bidirectional=True)

    def forward(self, src, src_len):
        outputs, hidden = self.gru(self.embed(src))  # PCK101 passed, inferred
        return outputs, hidden


# case: lengths in a list, attention
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class Attentive(nn.Module):
    def __init__(self, vocab_size):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, 8)
        self.gru = nn.GRU(8, 8, batch_first=True)
        self.score = nn.Linear(8, 1)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        output, _ = pad_packed_sequence(self.gru(packed)[0], batch_first=True)
        weights = F.softmax(self.score(output), dim=1)  # PCK304 passed, inferred
        return (weights * output).sum(1)


def predict(model, sentences):
    lengths = [len(one) for one in sentences]
    return model(torch.nn.utils.rnn.pad_sequence(sentences, batch_first=True), lengths)


# case: a state that is kept from one call to the next, and is random
import torch
from torch import nn


class Tagger(nn.Module):
    def __init__(self, vocab_size, hidden_dim):
        super().__init__()
        self.hidden_dim = hidden_dim
        self.embed = nn.Embedding(vocab_size, hidden_dim)
        self.lstm = nn.LSTM(hidden_dim, hidden_dim, batch_first=True)

    def init_hidden(self, batch_size):
        return (torch.randn(1, batch_size, self.hidden_dim), torch.randn(1, batch_size, self.hidden_dim))

    def forward(self, sentence, lengths):
        self.hidden = self.init_hidden(sentence.size(0))
        out, self.hidden = self.lstm(self.embed(sentence), self.hidden)  # PCK101 passed, inferred
        return self.hidden[0][-1]


# case: CUDA written out
import torch
from torch import nn


class Encoder(nn.Module):
    def __init__(self, vocab_size):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, 8).cuda()
        self.lstm = nn.LSTM(8, 8, batch_first=True, bidirectional=True).cuda()

    def forward(self, ids, lengths):
        h0 = torch.zeros(2, ids.size(0), 8).cuda()
        c0 = torch.zeros(2, ids.size(0), 8, device="cuda:0")
        out, _ = self.lstm(self.embed(ids.cuda()), (h0, c0))  # PCK101 passed, inferred
        return out


# case: a script that trains when it is imported, with a package that is not there
import argparse

import nobody_has_this_package as missing
import torch
from nobody_has_this_package.layers import CRF
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("--hidden_size", type=int, default=16)
parser.add_argument("--data", required=True)
args = parser.parse_args()
words = open(args.data).read().split()
vocabulary = missing.Vocabulary(words)


class Tagger(nn.Module):
    def __init__(self, vocab_size, hidden_size):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, hidden_size)
        self.lstm = nn.LSTM(hidden_size, hidden_size, batch_first=True, bidirectional=True)

    def forward(self, ids, lengths):
        out, _ = self.lstm(self.embed(ids))  # PCK101 passed, inferred
        return out


model = Tagger(len(vocabulary), args.hidden_size)
while True:
    print("training")


# case: a loss and nothing else
import torch
from torch import nn


class Tagger(nn.Module):
    def __init__(self, vocab_size, num_tags):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, 8)
        self.lstm = nn.LSTM(8, 8, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(16, num_tags)
        self.loss = nn.CrossEntropyLoss()

    def forward(self, ids, lengths, tags):
        out, _ = self.lstm(self.embed(ids))  # PCK101 passed, inferred
        return self.loss(self.fc(out).flatten(0, 1), tags.flatten())


# case: a method that is not forward
import torch
from torch import nn


class Matcher(nn.Module):
    def __init__(self, vocab_size):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, 8)
        self.gru = nn.GRU(8, 8, batch_first=True)

    def encode(self, ids, lengths):
        _, h_n = self.gru(self.embed(ids))  # PCK101 passed, inferred
        return h_n[-1]


# case: a class that cannot be built
import torch
from torch import nn


class Ranker(nn.Module):
    def __init__(self, encoder_factory, store):
        super().__init__()
        self.encoder = encoder_factory.make(store.connection().schema["encoder"])
        self.lstm = nn.LSTM(300, 128, batch_first=True, bidirectional=True)

    def forward(self, documents, lengths):
        x = self.encoder(documents)
        out, (h_n, c_n) = self.lstm(x)  # PCK101 passed, slice
        return torch.cat((h_n[-2], h_n[-1]), dim=-1)


# case: a function without a class
import torch
from torch import nn


def encode(lstm, embedding, ids, lengths):
    gru = nn.GRU(8, 8, batch_first=True, bidirectional=True)
    x = embedding(ids)
    out, h_n = gru(x)  # PCK101 passed, slice
    return out


# case: the last step of frames without padding
import torch
from torch import nn


class Video(nn.Module):
    def __init__(self, feature_size, num_classes):
        super().__init__()
        self.lstm = nn.LSTM(feature_size, 8, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(16, num_classes)

    def forward(self, frames):
        out, _ = self.lstm(frames)
        return self.fc(out[:, -1])  # PCK302 passed, inferred


# case: more steps than the batch has
import torch
from torch import nn


class Encoder(nn.Module):
    def __init__(self, vocab_size, start):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, 8)
        self.lstm = nn.LSTM(8, 8, batch_first=True)
        self.start = nn.Parameter(torch.zeros(1, 5, 8))

    def forward(self, ids, lengths):
        x = self.embed(ids)
        x = torch.cat((self.start.expand(x.size(0), -1, -1), x), dim=1)
        _, (h, c) = self.lstm(x)  # PCK101 passed, slice
        return h[-1]


# case: another id of padding
import torch
from torch import nn


class Encoder(nn.Module):
    def __init__(self, source_vocab_size, embed_dim):
        super().__init__()
        self.embed = nn.Embedding(source_vocab_size, embed_dim, padding_idx=1)
        self.gru = nn.GRU(embed_dim, embed_dim, bidirectional=True, batch_first=True)

    def forward(self, ids):
        x = self.embed(ids)
        output, hidden = self.gru(x)  # PCK102 passed, inferred
        return output.transpose(1, 2), hidden


# case: sizes that the main part of a script sets
import torch
from torch import nn


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, n_hidden)
        self.lstm = nn.LSTM(n_hidden, n_hidden, batch_first=True, bidirectional=True)

    def forward(self, ids, lengths):
        output, _ = self.lstm(self.embed(ids))  # PCK101 passed, inferred
        return output


if __name__ == "__main__":
    n_hidden = 5
    sentences = ["i love you", "he loves me"]
    words = " ".join(sentences).split()
    word_dict = {word: at for at, word in enumerate(sorted(set(words)))}
    vocab_size = len(word_dict)
    model = Tagger()
    for epoch in range(10**9):
        print(epoch)
