"""Parts of speech: a tagger that packs its batch, and unpacks it before the next layer.

`pad_packed_sequence` turns the output of the LSTM back into a tensor of shape (batch, time, features), which a
linear layer takes. `total_length` gives it the width of the ids, and so of the tags that it is compared with.
"""

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader

PAD = 0
IGNORED = -100
TAGS = ["det", "noun", "verb", "adj"]
SENTENCES = [
    ("the dog barks", "det noun verb"),
    ("a small cat sleeps", "det adj noun verb"),
    ("dogs chase the small grey cat", "noun verb det adj adj noun"),
    ("cats sleep", "noun verb"),
    ("the grey dog sees a cat", "det adj noun verb det noun"),
    ("birds sing", "noun verb"),
]
VOCABULARY = {word: index for index, word in enumerate(sorted({w for s, _ in SENTENCES for w in s.split()}), start=1)}


def collate(batch: list[tuple[str, str]]) -> tuple[Tensor, Tensor, Tensor]:
    rows = [torch.tensor([VOCABULARY[word] for word in words.split()]) for words, _ in batch]
    tags = [torch.tensor([TAGS.index(tag) for tag in tags.split()]) for _, tags in batch]
    lengths = torch.tensor([len(row) for row in rows])
    ids = pad_sequence(rows, batch_first=True, padding_value=PAD)
    return ids, lengths, pad_sequence(tags, batch_first=True, padding_value=IGNORED)


class Tagger(nn.Module):
    def __init__(self, vocabulary_size: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary_size, 16, padding_idx=PAD)
        self.lstm = nn.LSTM(16, 24, batch_first=True, bidirectional=True)
        self.output = nn.Linear(2 * 24, len(TAGS))

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        embedded = self.embedding(ids)
        packed = pack_padded_sequence(embedded, lengths.cpu(), batch_first=True, enforce_sorted=False)
        outputs, _ = self.lstm(packed)
        outputs, _ = pad_packed_sequence(outputs, batch_first=True, total_length=ids.size(1))
        return self.output(outputs)


def train(model: Tagger, epochs: int = 10) -> None:
    loader = DataLoader(SENTENCES, batch_size=3, shuffle=True, collate_fn=collate)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(epochs):
        for ids, lengths, tags in loader:
            logits = model(ids, lengths)
            loss = nn.functional.cross_entropy(logits.flatten(0, 1), tags.flatten(), ignore_index=IGNORED)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


@torch.no_grad()
def compare(model: Tagger, row: int) -> None:
    """Compare the probability that the first word of a sentence is a noun."""
    model.eval()
    ids, lengths, _ = collate([SENTENCES[row]])
    alone = model(ids, lengths).softmax(dim=-1)[0, 0, TAGS.index("noun")].item()
    ids, lengths, _ = collate(SENTENCES)
    batched = model(ids, lengths).softmax(dim=-1)[row, 0, TAGS.index("noun")].item()
    print(f"sentence {row} alone: {alone:.4f}   in its batch: {batched:.4f}   difference: {abs(alone - batched):.1e}")


def main() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)  # on tensors this small, more threads only wait for each other
    model = Tagger(len(VOCABULARY) + 1)
    train(model)
    compare(model, row=3)


if __name__ == "__main__":
    main()
