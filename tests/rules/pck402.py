"""PCK402 unstated-total-length: any other `pad_packed_sequence` that does not say how long its result is."""

import torch
from torch import nn
from torch.nn.utils import rnn as rnn_utils
from torch.nn.utils.rnn import (
    pack_padded_sequence,
    pack_sequence,
    pad_packed_sequence,
    pad_sequence,
    unpack_sequence,
    unpad_sequence,
)


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16)
        self.rnn = nn.GRU(16, 16, batch_first=True)


def make_batch(sentences):
    lengths = torch.tensor([len(ids) for ids in sentences])
    return pad_sequence([torch.tensor(ids) for ids in sentences], batch_first=True), lengths


# case: the outputs are returned, the batch is as wide as its longest sequence
class Tagger(Encoder):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        outputs, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True)  # PCK402
        return outputs


def train(sentences):
    return Tagger()(*make_batch(sentences))


# case: time first, without any option
class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(16, 32)

    def forward(self, x, lengths):
        packed = nn.utils.rnn.pack_padded_sequence(x, lengths, enforce_sorted=False)
        return nn.utils.rnn.pad_packed_sequence(self.rnn(packed)[0])  # PCK402


def train(sentences):
    embed = nn.Embedding(100, 16)
    rows = [embed(torch.tensor(ids)) for ids in sentences]
    return Tagger()(pad_sequence(rows), [len(row) for row in rows])


# case: only the padding value is said
class Tagger(Encoder):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        packed, _ = self.rnn(packed)
        outputs, sizes = pad_packed_sequence(sequence=packed, batch_first=True, padding_value=-1.0)  # PCK402
        return outputs[torch.arange(len(ids)), sizes - 1]


def train(sentences):
    return Tagger()(*make_batch(sentences))


# case: an alias, under a test
class Maybe(Encoder):
    def forward(self, ids, lengths=None):
        x = self.embed(ids)
        if lengths is not None:
            x = rnn_utils.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        outputs, _ = self.rnn(x)
        if lengths is not None:
            outputs = rnn_utils.pad_packed_sequence(outputs, batch_first=True)[0]  # PCK402
        return outputs


def train(sentences):
    return Maybe()(*make_batch(sentences))


# case: the mask of the same width is no danger
class Pooler(Encoder):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        outputs, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True)  # PCK402
        return (outputs * (ids != 0).unsqueeze(-1)).sum(1) / lengths.unsqueeze(1)


def train(sentences):
    return Pooler()(*make_batch(sentences))


# case: an unpack between two layers
class Stack(Encoder):
    def __init__(self):
        super().__init__()
        self.second = nn.GRU(16, 16, batch_first=True)

    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        between, sizes = pad_packed_sequence(self.rnn(packed)[0], batch_first=True)  # PCK402
        packed = pack_padded_sequence(torch.relu(between), sizes, batch_first=True, enforce_sorted=False)
        return self.second(packed)[1][-1]


def train(sentences):
    return Stack()(*make_batch(sentences))


# case: the outputs go under the sequences that were packed from a list
class Listed(Encoder):
    def forward(self, rows):
        packed, _ = self.rnn(pack_sequence([self.embed(row) for row in rows], enforce_sorted=False))
        outputs, _ = pad_packed_sequence(packed, batch_first=True)  # PCK402
        return outputs


def train(sentences):
    return Listed()([torch.tensor(ids) for ids in sentences])


# case: unpacked under DataParallel and reduced over time
class Classifier(Encoder):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths.cpu(), batch_first=True, enforce_sorted=False)
        outputs, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True)  # PCK402
        return outputs.sum(1) / lengths.unsqueeze(1)


def train(sentences):
    return nn.DataParallel(Classifier())(*make_batch(sentences))


# case: refused, the width of the input
class Tagger(Encoder):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        return pad_packed_sequence(self.rnn(packed)[0], batch_first=True, total_length=ids.size(1))[0]


def train(sentences):
    return Tagger()(*make_batch(sentences))


# case: refused, all four by position
class Tagger(Encoder):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, True, False)
        return pad_packed_sequence(self.rnn(packed)[0], True, 0.0, ids.shape[1])[0]


def train(sentences):
    return Tagger()(*make_batch(sentences))


# case: refused, the longest length said in so many words
class Tagger(Encoder):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        outputs, _ = self.rnn(packed)
        return pad_packed_sequence(outputs, batch_first=True, total_length=int(lengths.max()))[0]


def train(sentences):
    return Tagger()(*make_batch(sentences))


# case: refused, unpacked to a list
class Listed(Encoder):
    def forward(self, rows):
        packed, _ = self.rnn(pack_sequence([self.embed(row) for row in rows], enforce_sorted=False))
        return unpack_sequence(packed)


def train(sentences):
    return Listed()([torch.tensor(ids) for ids in sentences])


# case: refused, the padding is cut off by lengths
class Listed(Encoder):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        outputs, sizes = pad_packed_sequence(self.rnn(packed)[0], batch_first=True, total_length=ids.size(1))
        return unpad_sequence(outputs, sizes, batch_first=True)


def train(sentences):
    return Listed()(*make_batch(sentences))


# case: refused, an own function of that name
# file: packing.py
from torch.nn.utils import rnn


def pad_packed_sequence(packed, width):
    return rnn.pad_packed_sequence(packed, batch_first=True, total_length=width)[0]


# file: tagger.py
from torch.nn.utils.rnn import pack_padded_sequence

from model import Encoder, make_batch
from packing import pad_packed_sequence


class Tagger(Encoder):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        return pad_packed_sequence(self.rnn(packed)[0], ids.size(1))


def train(sentences):
    return Tagger()(*make_batch(sentences))


# case: refused, a total_length that is handed on
class Dynamic(Encoder):
    def forward(self, ids, lengths, total_length=None):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        outputs, _ = self.rnn(packed)
        return pad_packed_sequence(outputs, batch_first=True, total_length=total_length)[0]


def train(sentences):
    ids, lengths = make_batch(sentences)
    return Dynamic()(ids, lengths, total_length=ids.size(1))


# case: refused, only the final state is read
class Tagger(Encoder):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        return self.rnn(packed)[1][-1]


def train(sentences):
    return Tagger()(*make_batch(sentences))


# case: refused, the module that unpacks is called with the width by name
class Tagger(Encoder):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        unpack, width = pad_packed_sequence, ids.size(1)
        return unpack(self.rnn(packed)[0], batch_first=True, total_length=width)[0]


def train(sentences):
    return Tagger()(*make_batch(sentences))


# case: refused, the options of the unpack stand in a dictionary
class Tagger(Encoder):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        options = dict(batch_first=True, total_length=ids.size(1))
        return pad_packed_sequence(self.rnn(packed)[0], **options)[0]


def train(sentences):
    return Tagger()(*make_batch(sentences))


# case: refused, the data of the packed steps goes on without being unpacked
class Tagger(Encoder):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        return self.rnn(packed)[0].data.softmax(-1)


def train(sentences):
    return Tagger()(*make_batch(sentences))


# case: refused, the width is kept by the module that packs
class Tagger(Encoder):
    def pack(self, embedded, lengths):
        self.width = embedded.size(1)
        return pack_padded_sequence(embedded, lengths, batch_first=True, enforce_sorted=False)

    def forward(self, ids, lengths):
        outputs, _ = self.rnn(self.pack(self.embed(ids), lengths))
        return pad_packed_sequence(outputs, batch_first=True, total_length=self.width)[0]


def train(sentences):
    return Tagger()(*make_batch(sentences))
