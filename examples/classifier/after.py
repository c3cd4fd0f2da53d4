"""Sentiment of short reviews: a packed bidirectional LSTM, and the final states of both its directions.

The lengths that `forward` was given already go to `pack_padded_sequence`, so both directions see the words of a
review and nothing else. `h_n[-2]` is the forward state after the last word, `h_n[-1]` the backward state after
the first; together they are as wide as the step that was read before, so the next layer stays as it is.
"""

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader

PAD = 0
REVIEWS = [
    ("a quiet and lovely film", 1),
    ("dull from the first scene to the very last one", 0),
    ("i laughed and cried and would see it again tomorrow", 1),
    ("lovely", 1),
    ("a waste of a good cast", 0),
    ("dull", 0),
    ("the cast is good and the story is lovely", 1),
    ("not again", 0),
]
VOCABULARY = {
    word: index for index, word in enumerate(sorted({w for text, _ in REVIEWS for w in text.split()}), start=1)
}


def collate(batch: list[tuple[str, int]]) -> tuple[Tensor, Tensor, Tensor]:
    rows = [torch.tensor([VOCABULARY[word] for word in text.split()]) for text, _ in batch]
    lengths = torch.tensor([len(row) for row in rows])
    labels = torch.tensor([float(label) for _, label in batch])
    return pad_sequence(rows, batch_first=True, padding_value=PAD), lengths, labels


class Classifier(nn.Module):
    def __init__(self, vocabulary_size: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary_size, 16, padding_idx=PAD)
        self.lstm = nn.LSTM(16, 24, batch_first=True, bidirectional=True)
        self.output = nn.Linear(2 * 24, 1)

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        embedded = self.embedding(ids)
        packed = pack_padded_sequence(embedded, lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, (h_n, _) = self.lstm(packed)
        final = torch.cat((h_n[-2], h_n[-1]), dim=-1)
        return self.output(final).squeeze(-1)


def train(model: Classifier, epochs: int = 10) -> None:
    loader = DataLoader(REVIEWS, batch_size=4, shuffle=True, collate_fn=collate)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(epochs):
        for ids, lengths, labels in loader:
            loss = nn.functional.binary_cross_entropy_with_logits(model(ids, lengths), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


@torch.no_grad()
def compare(model: Classifier, row: int) -> None:
    model.eval()
    ids, lengths, _ = collate([REVIEWS[row]])
    alone = model(ids, lengths).sigmoid()[0].item()
    ids, lengths, _ = collate(REVIEWS)
    batched = model(ids, lengths).sigmoid()[row].item()
    print(f"review {row} alone: {alone:.4f}   in its batch: {batched:.4f}   difference: {abs(alone - batched):.1e}")


def main() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)  # on tensors this small, more threads only wait for each other
    model = Classifier(len(VOCABULARY) + 1)
    train(model)
    compare(model, row=3)


if __name__ == "__main__":
    main()
