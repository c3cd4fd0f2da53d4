"""Names in sentences: a bidirectional LSTM on top of a transformer, packed with the lengths that the mask gives.

The sum of a row of `attention_mask` is its length, as the padding is on the right. With it packed, the backward
half starts at the last real token. A row of padding alone would have the length 0, which packing refuses;
`clamp` keeps it at 1.
"""

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader

PAD, START = 0, 1
IGNORED = -100
SENTENCES = [
    ("maria lives in lisbon", [1, 0, 0, 1]),
    ("the river runs through the old town of porto to the sea", [0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]),
    ("ask john", [0, 1]),
    ("maria left", [1, 0]),
    ("john and maria live in the old town", [1, 0, 1, 0, 0, 0, 0, 0]),
    ("porto is old", [1, 0, 0]),
]
VOCABULARY = {word: index for index, word in enumerate(sorted({w for s, _ in SENTENCES for w in s.split()}), start=2)}


def collate(batch: list[tuple[str, list[int]]]) -> tuple[Tensor, Tensor, Tensor]:
    rows = [torch.tensor([START, *(VOCABULARY[word] for word in sentence.split())]) for sentence, _ in batch]
    tags = [torch.tensor([IGNORED, *tags]) for _, tags in batch]
    input_ids = pad_sequence(rows, batch_first=True, padding_value=PAD)
    attention_mask = (input_ids != PAD).long()
    return input_ids, attention_mask, pad_sequence(tags, batch_first=True, padding_value=IGNORED)


class NameTagger(nn.Module):
    def __init__(self, vocabulary_size: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary_size, 16)
        self.encoder = nn.TransformerEncoderLayer(16, nhead=2, dim_feedforward=32, batch_first=True)
        self.lstm = nn.LSTM(16, 16, batch_first=True, bidirectional=True)
        self.output = nn.Linear(2 * 16, 2)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        embedded = self.embedding(input_ids)
        hidden = self.encoder(embedded, src_key_padding_mask=attention_mask == 0)
        lengths = attention_mask.sum(dim=1).clamp(min=1)
        packed = pack_padded_sequence(hidden, lengths.cpu(), batch_first=True, enforce_sorted=False)
        outputs, _ = self.lstm(packed)
        outputs, _ = pad_packed_sequence(outputs, batch_first=True, total_length=input_ids.size(1))
        return self.output(outputs)


def train(model: NameTagger, epochs: int = 5) -> None:
    loader = DataLoader(SENTENCES, batch_size=3, shuffle=True, collate_fn=collate)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(epochs):
        for input_ids, attention_mask, tags in loader:
            logits = model(input_ids, attention_mask)
            loss = nn.functional.cross_entropy(logits.flatten(0, 1), tags.flatten(), ignore_index=IGNORED)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


@torch.no_grad()
def compare(model: NameTagger, row: int) -> None:
    """Compare the probability that the last word of a sentence is a name."""
    model.eval()
    last = len(SENTENCES[row][0].split())
    input_ids, attention_mask, _ = collate([SENTENCES[row]])
    alone = model(input_ids, attention_mask).softmax(dim=-1)[0, last, 1].item()
    input_ids, attention_mask, _ = collate(SENTENCES)
    batched = model(input_ids, attention_mask).softmax(dim=-1)[row, last, 1].item()
    print(f"sentence {row} alone: {alone:.4f}   in its batch: {batched:.4f}   difference: {abs(alone - batched):.1e}")


def main() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)  # on tensors this small, more threads only wait for each other
    model = NameTagger(len(VOCABULARY) + 2)
    train(model)
    compare(model, row=3)


if __name__ == "__main__":
    main()
