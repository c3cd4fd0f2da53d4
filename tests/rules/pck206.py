"""PCK206 possible-zero-length: lengths counted from a mask or from pad ids, where a row of padding has length 0."""

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

PAD = 0


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(100, 16, padding_idx=PAD)
        self.rnn = nn.GRU(16, 32, batch_first=True)


# case: ids that are not the pad id
class Classifier(Encoder):
    def forward(self, ids):
        lengths = (ids != PAD).sum(dim=1).cpu()
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)  # PCK206
        return self.rnn(packed)[1][-1]


# case: the sum of a mask
class Tagger(Encoder):
    def forward(self, ids, mask):
        lengths = mask.long().sum(1).cpu()
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)  # PCK206
        return pad_packed_sequence(self.rnn(packed)[0], batch_first=True, total_length=ids.size(1))[0]


# case: a mask that is true on the padding
class Reader(Encoder):
    def forward(self, ids, padding_mask):
        lengths = padding_mask.eq(0).sum(1).tolist()
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)  # PCK206
        return self.rnn(packed)[1][-1]


# case: the inverted mask, counted in the call
class Reader(Encoder):
    def forward(self, ids, padding_mask):
        packed = pack_padded_sequence(  # PCK206
            self.embed(ids), (~padding_mask).sum(1).cpu(), batch_first=True, enforce_sorted=False
        )
        return self.rnn(packed)[1][-1]


# case: torch.sum over a comparison, sorted afterwards
class AspectModel(Encoder):
    def forward(self, ids):
        lengths = torch.sum(ids != 0, dim=-1).cpu()
        down, order = torch.sort(lengths, descending=True)
        packed = pack_padded_sequence(self.embed(ids[order]), down, batch_first=True)  # PCK206
        return self.rnn(packed)[1][-1][order.argsort()]


# case: counted by a helper
def count_real_tokens(ids, pad=PAD):
    return ids.ne(pad).sum(1)


class Classifier(Encoder):
    def forward(self, ids):
        lengths = count_real_tokens(ids).cpu()
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)  # PCK206
        return self.rnn(packed)[1][-1]


# case: counted by the caller
class Classifier(Encoder):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)  # PCK206
        return self.rnn(packed)[1][-1]


# file: train.py
from model import PAD, Classifier


def evaluate(loader):
    model = Classifier()
    return [model(ids, ids.gt(PAD).sum(dim=1).cpu()) for ids in loader]


# case: words of a sentence, where whole rows of characters are padding
class CharEncoder(Encoder):
    def forward(self, characters):
        words = characters.view(-1, characters.size(-1))
        lengths = words.gt(0).sum(-1).cpu()
        packed = pack_padded_sequence(self.embed(words), lengths, batch_first=True, enforce_sorted=False)  # PCK206
        return self.rnn(packed)[1][-1].view(characters.size(0), characters.size(1), -1)


# case: refused, clamped to one
class Classifier(Encoder):
    def forward(self, ids):
        lengths = (ids != PAD).sum(dim=1).clamp(min=1).cpu()
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        return self.rnn(packed)[1][-1]


# case: refused, clamped in place two lines later
class Classifier(Encoder):
    def forward(self, ids, mask):
        lengths = mask.sum(1).cpu()
        lengths.clamp_(min=1)
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        return self.rnn(packed)[1][-1]


# case: refused, empty rows are taken out first
class CharEncoder(Encoder):
    def forward(self, words):
        lengths = words.ne(PAD).sum(1)
        filled = lengths > 0
        packed = pack_padded_sequence(
            self.embed(words[filled]), lengths[filled].cpu(), batch_first=True, enforce_sorted=False
        )
        states = torch.zeros(len(words), 32)
        states[filled] = self.rnn(packed)[1][-1]
        return states


# case: refused, zeros are replaced one by one
class Classifier(Encoder):
    def forward(self, ids, mask):
        lengths = [n if n > 0 else 1 for n in mask.sum(dim=1).tolist()]
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        return self.rnn(packed)[1][-1]


# case: refused, max with one in a list
class Classifier(Encoder):
    def forward(self, ids):
        lengths = [max(int(n), 1) for n in (ids != PAD).sum(1)]
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        return self.rnn(packed)[1][-1]


# case: refused, the added start token counts too
class Classifier(Encoder):
    def __init__(self):
        super().__init__()
        self.start = nn.Parameter(torch.zeros(1, 1, 16))

    def forward(self, ids):
        x = torch.cat((self.start.expand(len(ids), 1, 16), self.embed(ids)), dim=1)
        lengths = (ids != PAD).sum(dim=1).cpu() + 1
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        return self.rnn(packed)[1][-1]


# case: refused, lengths of the items themselves
class Classifier(Encoder):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        return self.rnn(packed)[1][-1]


def train(sentences):
    rows = [torch.tensor(ids) for ids in sentences]
    Classifier()(pad_sequence(rows, batch_first=True), [len(row) for row in rows]).sum().backward()


# case: refused, a size that is stored with the item
class Classifier(Encoder):
    def forward(self, batch):
        packed = pack_padded_sequence(
            self.embed(batch["ids"]), batch["lengths"], batch_first=True, enforce_sorted=False
        )
        return self.rnn(packed)[1][-1]


def train(sentences):
    rows = [torch.tensor(ids) for ids in sentences]
    lengths = torch.tensor([row.size(0) for row in rows])
    Classifier()({"ids": pad_sequence(rows, batch_first=True), "lengths": lengths}).sum().backward()


# case: refused, the count of a mask serves the mean and not the pack
class Pooler(Encoder):
    def forward(self, ids, lengths):
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        outputs, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True, total_length=ids.size(1))
        mask = (ids != PAD).unsqueeze(-1)
        return (outputs * mask).sum(1) / mask.sum(1)


def train(sentences):
    rows = [torch.tensor(ids) for ids in sentences]
    Pooler()(pad_sequence(rows, batch_first=True), [len(row) for row in rows]).sum().backward()


# case: refused, zeros are replaced by index
class Classifier(Encoder):
    def forward(self, ids, mask):
        lengths = mask.sum(dim=1).cpu()
        lengths[lengths == 0] = 1
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        return self.rnn(packed)[1][-1]


# case: refused, zeros are replaced by torch.where
class Classifier(Encoder):
    def forward(self, ids):
        lengths = ids.ne(PAD).sum(1).cpu()
        lengths = torch.where(lengths > 0, lengths, torch.ones_like(lengths))
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        return self.rnn(packed)[1][-1]


# case: refused, only the rows with something in them are packed, after the sort
class Wrapper(Encoder):
    def forward(self, ids, mask):
        down, order = mask.long().sum(1).cpu().sort(descending=True)
        filled = int((down > 0).sum())
        packed = pack_padded_sequence(self.embed(ids[order])[:filled], down[:filled], batch_first=True)
        states = torch.zeros(len(ids), 32)
        states[order[:filled]] = self.rnn(packed)[1][-1]
        return states


# case: held down to the width, which keeps nothing at one
class Tagger(Encoder):
    def forward(self, ids, mask):
        lengths = mask.sum(dim=1).clamp(max=ids.size(1)).cpu()
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)  # PCK206
        return self.rnn(packed)[1][-1]


# case: refused, lengths of the items held down to the width
class Tagger(Encoder):
    def forward(self, rows, width):
        lengths = torch.tensor([len(row) for row in rows]).clamp(max=width)
        ids = pad_sequence([torch.tensor(row) for row in rows], batch_first=True)[:, :width]
        packed = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        return self.rnn(packed)[1][-1]
