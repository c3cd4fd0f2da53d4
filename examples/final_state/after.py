"""Faults in machine records of unequal duration: the state of a GRU after the last measurement of each record.

`collate` counts the measurements before it pads and hands the lengths on to `forward`, which packs with them.
The GRU stops at the end of each record, and `h_n[-1]` is its state there.
"""

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader

DURATIONS = [12, 5, 20, 3, 9, 16, 4, 7]


def make_records() -> list[tuple[Tensor, float]]:
    """Make records of shape (duration, 3), every second one with a drift in its first channel."""
    records = []
    for number, duration in enumerate(DURATIONS):
        values = torch.randn(duration, 3)
        faulty = number % 2
        values[:, 0] += faulty
        records.append((values, float(faulty)))
    return records


def collate(batch: list[tuple[Tensor, float]]) -> tuple[Tensor, Tensor, Tensor]:
    lengths = torch.tensor([len(record) for record, _ in batch])
    values = pad_sequence([record for record, _ in batch])  # (time, batch, channels)
    labels = torch.tensor([label for _, label in batch])
    return values, lengths, labels


class FaultDetector(nn.Module):
    def __init__(self, channels: int = 3, hidden_size: int = 24) -> None:
        super().__init__()
        self.gru = nn.GRU(channels, hidden_size)
        self.output = nn.Linear(hidden_size, 1)

    def forward(self, values: Tensor, lengths: Tensor) -> Tensor:
        packed = pack_padded_sequence(values, lengths.cpu(), enforce_sorted=False)
        _, h_n = self.gru(packed)
        return self.output(h_n[-1]).squeeze(-1)


def train(model: FaultDetector, records: list[tuple[Tensor, float]], epochs: int = 20) -> None:
    loader = DataLoader(records, batch_size=4, shuffle=True, collate_fn=collate)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(epochs):
        for values, lengths, labels in loader:
            loss = nn.functional.binary_cross_entropy_with_logits(model(values, lengths), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


@torch.no_grad()
def compare(model: FaultDetector, records: list[tuple[Tensor, float]], row: int) -> None:
    model.eval()
    values, lengths, _ = collate([records[row]])
    alone = model(values, lengths).sigmoid()[0].item()
    values, lengths, _ = collate(records)
    batched = model(values, lengths).sigmoid()[row].item()
    print(f"record {row} alone: {alone:.4f}   in its batch: {batched:.4f}   difference: {abs(alone - batched):.1e}")


def main() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)  # on tensors this small, more threads only wait for each other
    records = make_records()
    model = FaultDetector()
    train(model, records)
    compare(model, records, row=3)


if __name__ == "__main__":
    main()
