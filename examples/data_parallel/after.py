"""Coding regions in DNA: a tagger under `nn.DataParallel` that unpacks to the length its input had.

With `total_length=ids.size(1)` every device gives back as many steps as it was given. `nn.DataParallel` splits
a batch that is padded already, so that number is the same on all devices, and their outputs can be joined.
"""

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader

PAD = 0
IGNORED = -100
BASES = {"A": 1, "C": 2, "G": 3, "T": 4}
GENES = [
    ("ATGGCCTAA", "111111111"),
    ("CCATGAAATAGC", "001111111110"),
    ("TTTTCC", "000000"),
    ("GATG", "0111"),
    ("ATGTTTGGGCCCTGA", "111111111111111"),
    ("CCCCGATGA", "000001111"),
    ("TATGC", "01111"),
    ("GGGCT", "00000"),
]


def collate(batch: list[tuple[str, str]]) -> tuple[Tensor, Tensor, Tensor]:
    rows = [torch.tensor([BASES[base] for base in gene]) for gene, _ in batch]
    tags = [torch.tensor([int(tag) for tag in coding]) for _, coding in batch]
    lengths = torch.tensor([len(row) for row in rows])
    ids = pad_sequence(rows, batch_first=True, padding_value=PAD)
    return ids, lengths, pad_sequence(tags, batch_first=True, padding_value=IGNORED)


class CodingTagger(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(len(BASES) + 1, 8, padding_idx=PAD)
        self.lstm = nn.LSTM(8, 16, batch_first=True, bidirectional=True)
        self.output = nn.Linear(2 * 16, 2)

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        embedded = self.embedding(ids)
        packed = pack_padded_sequence(embedded, lengths.cpu(), batch_first=True, enforce_sorted=False)
        outputs, _ = self.lstm(packed)
        outputs, _ = pad_packed_sequence(outputs, batch_first=True, total_length=ids.size(1))
        return self.output(outputs)


def train(model: nn.DataParallel, device: torch.device, epochs: int = 10) -> None:
    loader = DataLoader(GENES, batch_size=8, shuffle=True, collate_fn=collate)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(epochs):
        for ids, lengths, tags in loader:
            logits = model(ids.to(device), lengths)
            loss = nn.functional.cross_entropy(logits.flatten(0, 1), tags.flatten().to(device), ignore_index=IGNORED)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


@torch.no_grad()
def compare(tagger: CodingTagger, row: int) -> None:
    """Compare the probability that the first base of a gene is coding."""
    tagger.eval()
    ids, lengths, _ = collate([GENES[row]])
    alone = tagger(ids, lengths).softmax(dim=-1)[0, 0, 1].item()
    ids, lengths, _ = collate(GENES)
    half = len(GENES) // 2  # the share of each of two devices
    joined = torch.cat([tagger(ids[:half], lengths[:half]), tagger(ids[half:], lengths[half:])])
    batched = joined.softmax(dim=-1)[row, 0, 1].item()
    print(f"gene {row} alone: {alone:.4f}   in its batch: {batched:.4f}   difference: {abs(alone - batched):.1e}")


def main() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)  # on tensors this small, more threads only wait for each other
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = nn.DataParallel(CodingTagger().to(device))
    train(model, device)
    compare(model.module.cpu(), row=3)


if __name__ == "__main__":
    main()
