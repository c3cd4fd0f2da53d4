"""A pooling over time leaves out the padding."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class Layers(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(50, 8, padding_idx=0)
        self.gru = nn.GRU(8, 8, batch_first=True)
        self.both = nn.GRU(8, 8, bidirectional=True, batch_first=True)
        self.time_first = nn.GRU(8, 8)
        self.score = nn.Linear(8, 1)
        self.fc = nn.Linear(8, 3)


# case: a mean
class Model(Layers):
    def forward(self, ids, lengths):
        out, _ = self.gru(self.embed(ids))
        return self.fc(out.mean(1))


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        out, _ = self.gru(self.embed(ids))
        padding = torch.arange(out.size(1), device=out.device) >= torch.as_tensor(lengths, device=out.device).unsqueeze(1)
        return self.fc(out.masked_fill(padding.unsqueeze(-1), 0).sum(1) / (~padding.unsqueeze(-1)).sum(1))


# case: a mean by keyword
class Model(Layers):
    def forward(self, ids, lengths):
        out, _ = self.gru(self.embed(ids))
        return self.fc(out.mean(dim=1, keepdim=True))


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        out, _ = self.gru(self.embed(ids))
        padding = torch.arange(out.size(1), device=out.device) >= torch.as_tensor(lengths, device=out.device).unsqueeze(1)
        return self.fc(out.masked_fill(padding.unsqueeze(-1), 0).sum(dim=1, keepdim=True) / (~padding.unsqueeze(-1)).sum(dim=1, keepdim=True))


# case: a mean by function
class Model(Layers):
    def forward(self, ids, lengths):
        out, _ = self.gru(self.embed(ids))
        return self.fc(torch.mean(out, dim=1))


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        out, _ = self.gru(self.embed(ids))
        padding = torch.arange(out.size(1), device=out.device) >= torch.as_tensor(lengths, device=out.device).unsqueeze(1)
        return self.fc(out.masked_fill(padding.unsqueeze(-1), 0).sum(dim=1) / (~padding.unsqueeze(-1)).sum(dim=1))


# case: a mean within an operation
class Model(Layers):
    def forward(self, ids, lengths):
        out, _ = self.gru(self.embed(ids))
        return out.mean(1) ** 2


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        out, _ = self.gru(self.embed(ids))
        padding = torch.arange(out.size(1), device=out.device) >= torch.as_tensor(lengths, device=out.device).unsqueeze(1)
        return (out.masked_fill(padding.unsqueeze(-1), 0).sum(1) / (~padding.unsqueeze(-1)).sum(1)) ** 2


# case: a maximum
class Model(Layers):
    def forward(self, ids, lengths):
        out, _ = self.gru(self.embed(ids))
        return self.fc(out.max(1)[0])


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        out, _ = self.gru(self.embed(ids))
        padding = torch.arange(out.size(1), device=out.device) >= torch.as_tensor(lengths, device=out.device).unsqueeze(1)
        return self.fc(out.masked_fill(padding.unsqueeze(-1), float("-inf")).max(1)[0])


# case: a maximum by function, its parts named
class Model(Layers):
    def forward(self, ids, lengths):
        out, _ = self.gru(self.embed(ids))
        values, _ = torch.max(out, dim=1)
        return self.fc(values)


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        out, _ = self.gru(self.embed(ids))
        padding = torch.arange(out.size(1), device=out.device) >= torch.as_tensor(lengths, device=out.device).unsqueeze(1)
        values, _ = torch.max(out.masked_fill(padding.unsqueeze(-1), float("-inf")), dim=1)
        return self.fc(values)


# case: a maximum of amax
class Model(Layers):
    def forward(self, ids, lengths):
        out, _ = self.gru(self.embed(ids))
        return self.fc(out.amax(dim=1))


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        out, _ = self.gru(self.embed(ids))
        padding = torch.arange(out.size(1), device=out.device) >= torch.as_tensor(lengths, device=out.device).unsqueeze(1)
        return self.fc(out.masked_fill(padding.unsqueeze(-1), float("-inf")).amax(dim=1))


# case: a maximum by a pooling function
class Model(Layers):
    def forward(self, ids, lengths):
        out, _ = self.gru(self.embed(ids))
        out = out.transpose(1, 2)
        return self.fc(F.max_pool1d(out, out.size(2)).squeeze(2))


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        out, _ = self.gru(self.embed(ids))
        out = out.transpose(1, 2)
        padding = torch.arange(out.size(2), device=out.device) >= torch.as_tensor(lengths, device=out.device).unsqueeze(1)
        return self.fc(F.max_pool1d(out.masked_fill(padding.unsqueeze(1), float("-inf")), out.size(2)).squeeze(2))


# case: a maximum by an adaptive pooling
class Model(Layers):
    def forward(self, ids, lengths):
        out, _ = self.gru(self.embed(ids))
        pooled = F.adaptive_max_pool1d(out.permute(0, 2, 1), 1)
        return self.fc(pooled.squeeze(-1))


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        out, _ = self.gru(self.embed(ids))
        outputs = out.permute(0, 2, 1)
        padding = torch.arange(outputs.size(2), device=outputs.device) >= torch.as_tensor(lengths, device=outputs.device).unsqueeze(1)
        pooled = F.adaptive_max_pool1d(outputs.masked_fill(padding.unsqueeze(1), float("-inf")), 1)
        return self.fc(pooled.squeeze(-1))


# case: a sum
class Model(Layers):
    def forward(self, ids, lengths):
        out, _ = self.gru(self.embed(ids))
        return self.fc(out.sum(1))


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        out, _ = self.gru(self.embed(ids))
        padding = torch.arange(out.size(1), device=out.device) >= torch.as_tensor(lengths, device=out.device).unsqueeze(1)
        return self.fc(out.masked_fill(padding.unsqueeze(-1), 0).sum(1))


# case: attention
class Model(Layers):
    def forward(self, ids, lengths):
        out, _ = self.gru(self.embed(ids))
        weights = F.softmax(self.score(out), dim=1)
        return (weights * out).sum(1)


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        out, _ = self.gru(self.embed(ids))
        scores = self.score(out)
        padding = torch.arange(scores.size(1), device=scores.device) >= torch.as_tensor(lengths, device=scores.device).unsqueeze(1)
        weights = F.softmax(scores.masked_fill(padding.unsqueeze(-1), float("-inf")), dim=1)
        return (weights * out).sum(1)


# case: attention over squeezed scores
class Model(Layers):
    def forward(self, ids, lengths):
        out, _ = self.gru(self.embed(ids))
        scores = self.score(out).squeeze(-1)
        weights = torch.softmax(scores, dim=-1)
        return torch.bmm(weights.unsqueeze(1), out).squeeze(1)


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        out, _ = self.gru(self.embed(ids))
        scores = self.score(out).squeeze(-1)
        padding = torch.arange(scores.size(1), device=scores.device) >= torch.as_tensor(lengths, device=scores.device).unsqueeze(1)
        weights = torch.softmax(scores.masked_fill(padding, float("-inf")), dim=-1)
        return torch.bmm(weights.unsqueeze(1), out).squeeze(1)


# case: attention by a method
class Model(Layers):
    def forward(self, ids, lengths):
        out, _ = self.gru(self.embed(ids))
        weights = self.score(out).softmax(1)
        return (weights * out).sum(dim=1)


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        out, _ = self.gru(self.embed(ids))
        scores = self.score(out)
        padding = torch.arange(scores.size(1), device=scores.device) >= torch.as_tensor(lengths, device=scores.device).unsqueeze(1)
        weights = scores.masked_fill(padding.unsqueeze(-1), float("-inf")).softmax(1)
        return (weights * out).sum(dim=1)


# case: attention by a module
class Model(Layers):
    def __init__(self):
        super().__init__()
        self.softmax = nn.Softmax(dim=1)

    def forward(self, ids, lengths):
        out, _ = self.gru(self.embed(ids))
        weights = self.softmax(self.score(torch.tanh(out)))
        return (weights * out).sum(dim=1)


# fixed
class Model(Layers):
    def __init__(self):
        super().__init__()
        self.softmax = nn.Softmax(dim=1)

    def forward(self, ids, lengths):
        out, _ = self.gru(self.embed(ids))
        scores = self.score(torch.tanh(out))
        padding = torch.arange(scores.size(1), device=scores.device) >= torch.as_tensor(lengths, device=scores.device).unsqueeze(1)
        weights = self.softmax(scores.masked_fill(padding.unsqueeze(-1), float("-inf")))
        return (weights * out).sum(dim=1)


# case: time first
# run: time first
class Model(Layers):
    def forward(self, ids, lengths):
        out, _ = self.time_first(self.embed(ids))
        return self.fc(out.mean(0))


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        out, _ = self.time_first(self.embed(ids))
        padding = torch.arange(out.size(0), device=out.device) >= torch.as_tensor(lengths, device=out.device).unsqueeze(1)
        return self.fc(out.masked_fill(padding.t().unsqueeze(-1), 0).sum(0) / (~padding.t().unsqueeze(-1)).sum(0))


# case: time first, then turned
# run: time first
class Model(Layers):
    def forward(self, ids, lengths):
        out, _ = self.time_first(self.embed(ids))
        out = out.permute(1, 2, 0)
        return self.fc(out.max(dim=2)[0])


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        out, _ = self.time_first(self.embed(ids))
        out = out.permute(1, 2, 0)
        padding = torch.arange(out.size(2), device=out.device) >= torch.as_tensor(lengths, device=out.device).unsqueeze(1)
        return self.fc(out.masked_fill(padding.unsqueeze(1), float("-inf")).max(dim=2)[0])


# case: lengths in a list
# run: list
class Model(Layers):
    def forward(self, ids, lengths):
        out, _ = self.gru(self.embed(ids))
        return self.fc(out.mean(1))


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        out, _ = self.gru(self.embed(ids))
        padding = torch.arange(out.size(1), device=out.device) >= torch.as_tensor(lengths, device=out.device).unsqueeze(1)
        return self.fc(out.masked_fill(padding.unsqueeze(-1), 0).sum(1) / (~padding.unsqueeze(-1)).sum(1))


# case: packed already
class Model(Layers):
    def forward(self, ids, lengths):
        x = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.both(x)[0], batch_first=True, total_length=ids.size(1))
        return out.mean(1), out.max(1)[0]


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        x = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.both(x)[0], batch_first=True, total_length=ids.size(1))
        padding = torch.arange(out.size(1), device=out.device) >= torch.as_tensor(lengths, device=out.device).unsqueeze(1)
        return out.masked_fill(padding.unsqueeze(-1), 0).sum(1) / (~padding.unsqueeze(-1)).sum(1), out.masked_fill(padding.unsqueeze(-1), float("-inf")).max(1)[0]


# case: packed here too
class Model(Layers):
    def forward(self, ids, lengths):
        out, _ = self.both(self.embed(ids))
        return out.max(1)[0]


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        padded = self.embed(ids)
        packed = pack_padded_sequence(
            padded,
            torch.as_tensor(lengths, device="cpu"),
            batch_first=True,
            enforce_sorted=False,
        )
        out, _ = self.both(packed)
        out, _ = pad_packed_sequence(
            out, batch_first=True, total_length=padded.size(1)
        )
        padding = torch.arange(out.size(1), device=out.device) >= torch.as_tensor(lengths, device=out.device).unsqueeze(1)
        return out.masked_fill(padding.unsqueeze(-1), float("-inf")).max(1)[0]


# case: ids that an embedding knows to be padding
class Model(Layers):
    def forward(self, ids):
        out, _ = self.gru(self.embed(ids))
        return self.fc(out.max(1)[0])


# fixed
class Model(Layers):
    def forward(self, ids):
        padding = ids == self.embed.padding_idx
        out, _ = self.gru(self.embed(ids))
        return self.fc(out.masked_fill(padding.unsqueeze(-1), float("-inf")).max(1)[0])


# case: ids under a name that is taken by their vectors
class Model(Layers):
    def forward(self, ids):
        ids = self.embed(ids)
        out, _ = self.gru(ids)
        return self.fc(out.mean(1))


# fixed
class Model(Layers):
    def forward(self, ids):
        padding = ids == self.embed.padding_idx
        ids = self.embed(ids)
        out, _ = self.gru(ids)
        return self.fc(out.masked_fill(padding.unsqueeze(-1), 0).sum(1) / (~padding.unsqueeze(-1)).sum(1))


# case: ids, time first
# run: time first
class Model(Layers):
    def forward(self, ids):
        out, _ = self.time_first(self.embed(ids))
        return self.fc(out.transpose(0, 1).transpose(1, 2).max(2)[0])


# fixed
class Model(Layers):
    def forward(self, ids):
        padding = ids == self.embed.padding_idx
        out, _ = self.time_first(self.embed(ids))
        return self.fc(out.transpose(0, 1).transpose(1, 2).masked_fill(padding.t().unsqueeze(1), float("-inf")).max(2)[0])


# case: the lengths became a list before they were packed with
class Model(Layers):
    def forward(self, ids, lengths):
        lengths = lengths.data.view(-1).tolist()
        x = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.both(x)[0], batch_first=True, total_length=ids.size(1))
        return self.fc(torch.max(out[:, :, :8], 1)[0].squeeze(1))


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        lengths = lengths.data.view(-1).tolist()
        x = pack_padded_sequence(self.embed(ids), lengths, batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.both(x)[0], batch_first=True, total_length=ids.size(1))
        outputs = out[:, :, :8]
        padding = torch.arange(outputs.size(1), device=outputs.device) >= torch.as_tensor(lengths, device=outputs.device).unsqueeze(1)
        return self.fc(torch.max(outputs.masked_fill(padding.unsqueeze(-1), float("-inf")), 1)[0].squeeze(1))


# case: only the ids are at hand, which may be wider than what was unpacked
class Model(Layers):
    def forward(self, ids):
        counted = [int(n) for n in (ids != 0).sum(1)]
        x = pack_padded_sequence(self.embed(ids), counted[:], batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.gru(x)[0], batch_first=True)
        return self.fc(torch.max(out, 1)[0])



# case: a file that exports its model
class Model(Layers):
    def forward(self, ids, lengths):
        out, _ = self.gru(self.embed(ids))
        return self.fc(out.mean(1))


def export(model, ids, lengths):
    torch.onnx.export(model, (ids, lengths), "model.onnx")


# case: the rows were put back in their order since
class Model(Layers):
    def forward(self, ids, lengths):
        order = torch.from_numpy(np.argsort(-lengths.numpy()))
        back = torch.from_numpy(np.argsort(order.numpy()))
        sorted_lengths = lengths[order]
        x = pack_padded_sequence(self.embed(ids).index_select(0, order), sorted_lengths, batch_first=True)
        out, _ = pad_packed_sequence(self.gru(x)[0], batch_first=True, total_length=ids.size(1))
        out = out.index_select(0, back)
        return self.fc(out.max(1)[0])


# fixed
class Model(Layers):
    def forward(self, ids, lengths):
        order = torch.from_numpy(np.argsort(-lengths.numpy()))
        back = torch.from_numpy(np.argsort(order.numpy()))
        sorted_lengths = lengths[order]
        x = pack_padded_sequence(self.embed(ids).index_select(0, order), sorted_lengths, batch_first=True)
        out, _ = pad_packed_sequence(self.gru(x)[0], batch_first=True, total_length=ids.size(1))
        out = out.index_select(0, back)
        padding = torch.arange(out.size(1), device=out.device) >= torch.as_tensor(lengths, device=out.device).unsqueeze(1)
        return self.fc(out.masked_fill(padding.unsqueeze(-1), float("-inf")).max(1)[0])


# case: only lengths in another order are at hand
# run: not
class Model(Layers):
    def forward(self, batch):
        ids, n = batch
        sorted_n, order = np.sort(n)[::-1], np.argsort(-n)
        back = torch.from_numpy(np.argsort(order))
        order = torch.from_numpy(order)
        x = pack_padded_sequence(self.embed(ids).index_select(0, order), sorted_n, batch_first=True)
        out, _ = pad_packed_sequence(self.gru(x)[0], batch_first=True, total_length=ids.size(1))
        out = out.index_select(0, back)
        return self.fc(out.max(1)[0])
