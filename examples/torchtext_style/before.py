"""Spam in text messages: a dataset that pads by hand, and callers that drop the lengths it gives.

A text is a pair of ids and length, as a torchtext field with `include_lengths` gives it. `ids, _ = text` leaves
the model with ids alone: its LSTM reads the padding up to the longest message of the whole dataset, and `h_n`
is the state after all of it. One long message more in the data changes what the others score.
packlint reports PCK102 (the call of the LSTM).
"""

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

PAD = 0
MESSAGES = [
    ("are you home yet", 0),
    ("win a free phone now reply yes to claim your prize today", 1),
    ("see you at ten", 0),
    ("free prize", 1),
    ("ok", 0),
    ("you win reply now", 1),
    ("the train is late so i will be home at ten or so", 0),
    ("claim your free phone", 1),
]
VOCABULARY = {word: index for index, word in enumerate(sorted({w for m, _ in MESSAGES for w in m.split()}), start=1)}


class Messages(Dataset):
    def __init__(self, messages: list[tuple[str, int]]) -> None:
        self.messages = messages
        self.max_len = max(len(message.split()) for message, _ in messages)

    def __len__(self) -> int:
        return len(self.messages)

    def __getitem__(self, index: int) -> tuple[tuple[Tensor, int], float]:
        message, label = self.messages[index]
        ids = [VOCABULARY[word] for word in message.split()]
        padded = ids + [PAD] * (self.max_len - len(ids))
        return (torch.tensor(padded), len(ids)), float(label)


class SpamFilter(nn.Module):
    def __init__(self, vocabulary_size: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary_size, 16, padding_idx=PAD)
        self.lstm = nn.LSTM(16, 24, batch_first=True)
        self.output = nn.Linear(24, 1)

    def forward(self, ids: Tensor) -> Tensor:
        embedded = self.embedding(ids)
        _, (h_n, _) = self.lstm(embedded)
        return self.output(h_n[-1]).squeeze(-1)


def train(model: SpamFilter, epochs: int = 10) -> None:
    loader = DataLoader(Messages(MESSAGES), batch_size=4, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(epochs):
        for text, labels in loader:
            ids, _ = text
            loss = nn.functional.binary_cross_entropy_with_logits(model(ids), labels.float())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


@torch.no_grad()
def compare(model: SpamFilter, row: int) -> None:
    model.eval()
    text, _ = next(iter(DataLoader(Messages([MESSAGES[row]]))))
    ids, _ = text
    alone = model(ids).sigmoid()[0].item()
    text, _ = next(iter(DataLoader(Messages(MESSAGES), batch_size=len(MESSAGES))))
    ids, _ = text
    batched = model(ids).sigmoid()[row].item()
    print(f"message {row} alone: {alone:.4f}   in its batch: {batched:.4f}   difference: {abs(alone - batched):.1e}")


def main() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)  # on tensors this small, more threads only wait for each other
    model = SpamFilter(len(VOCABULARY) + 1)
    train(model)
    compare(model, row=3)


if __name__ == "__main__":
    main()
