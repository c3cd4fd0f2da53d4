"""Models that are right on padded batches, and models that are each wrong in one way."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence, pad_sequence

FEATURES, HIDDEN = 4, 5


def sequences(*lengths: int, seed: int = 0) -> list[Tensor]:
    """Random features `[T, 4]`."""
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(length, FEATURES, generator=generator) for length in lengths]


def ones(*lengths: int) -> list[Tensor]:
    """One feature, which is 1 everywhere: `[T, 1]`."""
    return [torch.ones(length, 1) for length in lengths]


def mask_of(x: Tensor, lengths: Tensor) -> Tensor:
    """Which steps of `[B, T, ...]` are real."""
    return torch.arange(x.size(1)) < lengths.unsqueeze(1)


def mask_collate(samples: list[Tensor]) -> dict[str, Tensor]:
    """Named arguments, as models of Transformers take them."""
    lengths = torch.tensor([len(sample) for sample in samples])
    x = pad_sequence(samples, batch_first=True)
    return {"x": x, "attention_mask": mask_of(x, lengths).long()}


def time_first_collate(samples: list[Tensor]) -> tuple[Tensor, Tensor]:
    """`[T, B, ...]`, and the lengths."""
    return pad_sequence(samples), torch.tensor([len(sample) for sample in samples])


def left_mask_collate(samples: list[Tensor]) -> dict[str, Tensor]:
    """Named arguments that are padded on the left."""
    collated = mask_collate([sample.flip(0) for sample in samples])
    return {name: tensor.flip(1) for name, tensor in collated.items()}


class Seeded(nn.Module):
    """A module with the same weights in every run."""

    def __init__(
        self, *, layers: int = 1, bidirectional: bool = True, kind: type[nn.RNN | nn.LSTM | nn.GRU] = nn.LSTM
    ) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            self.rnn = kind(FEATURES, HIDDEN, layers, batch_first=True, bidirectional=bidirectional)
            self.linear = nn.Linear(FEATURES, HIDDEN)
            self.encoder = nn.TransformerEncoderLayer(FEATURES, nhead=2, dim_feedforward=8, batch_first=True)
            self.dropout = nn.Dropout(0.5)
            self.norm = nn.BatchNorm1d(FEATURES)


class PackedTagger(Seeded):
    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        out, _ = self.rnn(packed)
        return pad_packed_sequence(out, batch_first=True, total_length=x.size(1))[0]


class CutTagger(PackedTagger):
    """As wide as the longest sequence, however far the batch is padded."""

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        return super().forward(x, lengths)[:, : int(lengths.max())]


class PaddedTagger(Seeded):
    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.rnn(x)[0]
        return out


class PackedOut(Seeded):
    def forward(self, x: Tensor, lengths: Tensor) -> PackedSequence:
        out: PackedSequence = self.rnn(pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False))[0]
        return out


class Final(Seeded):
    """The final states of both directions of the last layer, side by side."""

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        _, (h_n, _) = self.rnn(pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False))
        return torch.cat((h_n[-2], h_n[-1]), dim=1)


class LastStep(Seeded):
    """What stands at the last real step: right forward, one step of the backward direction."""

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        out, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True)
        return out[torch.arange(len(x)), lengths - 1]


class FirstLayer(Seeded):
    """The states of the first layer in place of the last one's."""

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        _, (h_n, _) = self.rnn(pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False))
        return torch.cat((h_n[0], h_n[1]), dim=1)


class States(Seeded):
    def forward(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        states: tuple[Tensor, Tensor] = self.rnn(
            pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        )[1]
        return states


class PaddedStates(Seeded):
    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        states: tuple[Tensor, Tensor] = self.rnn(x)[1]
        return states


class SortedByHand(Seeded):
    """Sorted for packing; put back where that is wanted."""

    def __init__(self, *, put_back: bool) -> None:
        super().__init__(kind=nn.GRU)
        self.put_back = put_back

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        lengths, order = lengths.sort(descending=True)
        _, h_n = self.rnn(pack_padded_sequence(x[order], lengths, batch_first=True))
        both = torch.cat((h_n[-2], h_n[-1]), dim=1)
        return both[order.argsort()] if self.put_back else both


class TimeFirst(nn.Module):
    """A GRU in one direction over `[T, B, 4]`; its output at real steps needs no packing."""

    def __init__(self) -> None:
        super().__init__()
        self.gru = nn.GRU(FEATURES, HIDDEN)

    def forward(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        out, _ = self.gru(x)
        return out, out[lengths - 1, torch.arange(x.size(1))].unsqueeze(0)


class Masked(Seeded):
    """A Transformer's encoder that is told its padding, with the attention's own output beside it."""

    def forward(self, x: Tensor, attention_mask: Tensor) -> OrderedDict[str, Tensor]:
        hidden = self.encoder(x, src_key_padding_mask=attention_mask == 0)
        scores = (x @ x.transpose(1, 2)).masked_fill(attention_mask.unsqueeze(1) == 0, float("-inf"))
        return OrderedDict(last_hidden_state=hidden, attentions=scores.softmax(-1), scores=scores)


class Unmasked(Seeded):
    def forward(self, x: Tensor, attention_mask: Tensor) -> OrderedDict[str, Tensor]:
        return OrderedDict(last_hidden_state=self.encoder(x))


@dataclass
class Said:
    logits: Tensor
    predicted: Tensor
    loss: None = None


class MaskedMean(Seeded):
    def forward(self, x: Tensor, lengths: Tensor) -> Said:
        hidden = self.dropout(self.linear(self.norm(x.transpose(1, 2)).transpose(1, 2)))
        mean = hidden.masked_fill(~mask_of(x, lengths).unsqueeze(-1), 0).sum(1) / lengths.unsqueeze(1)
        return Said(mean, mean.argmax(-1))


class Strided(nn.Module):
    """Every second step."""

    def forward(self, x: Tensor) -> Tensor:
        return x[:, ::2]


class Pair(NamedTuple):
    steps: Tensor
    pooled: Tensor


class Cumulative(nn.Module):
    def forward(self, x: Tensor, lengths: Tensor) -> Pair:
        steps = x.cumsum(1)
        return Pair(steps, steps[torch.arange(len(x)), lengths - 1])


class Mean(nn.Module):
    """The mean over real and padded steps alike."""

    def forward(self, x: Tensor) -> Tensor:
        return x.mean(1)


class NextStep(nn.Module):
    """What stands one step on; behind the last step zero."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat((x[:, 1:], torch.zeros_like(x[:, :1])), dim=1)


class ToTheEnd(nn.Module):
    """How many steps there are to the end of the batch."""

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        return {"left": torch.arange(x.size(1), 0, -1).expand(x.shape[:2]), "x": x}


class Squeezed(nn.Module):
    """`[B]`, and no axis where there is one row."""

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        return (x.sum((1, 2)) / lengths).unsqueeze(1).squeeze()


class OverTheBatch(nn.Module):
    """A softmax over the wrong axis."""

    def forward(self, x: Tensor) -> Tensor:
        return x.softmax(0)


class Row(nn.Module):
    """Each row's own number."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.arange(len(x))


class Divided(nn.Module):
    """By how many steps are padded: NaN where there are none."""

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        padded = (x.size(1) - lengths).to(x.dtype).view(-1, 1, 1)
        return x * (padded / padded)


class Scalar(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.mean()
