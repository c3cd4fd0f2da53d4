"""Topics of headlines: attention and an average over the words of each headline and nothing else.

Scores at padded steps become minus infinity before the softmax, which gives them a weight of exactly zero. The
average is the sum over the steps, which are zeros at the padding, divided by the true length.
"""

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader

PAD = 0
HEADLINES = [
    ("late goal wins the cup", 0),
    ("parliament votes on the budget after a long and bitter debate", 1),
    ("striker out for the rest of the season after an injury", 0),
    ("budget passed", 1),
    ("coach leaves the club", 0),
    ("minister resigns", 1),
    ("cup final moved", 0),
    ("new minister promises a budget without new debt", 1),
]
VOCABULARY = {word: index for index, word in enumerate(sorted({w for h, _ in HEADLINES for w in h.split()}), start=1)}


def collate(batch: list[tuple[str, int]]) -> tuple[Tensor, Tensor, Tensor]:
    rows = [torch.tensor([VOCABULARY[word] for word in headline.split()]) for headline, _ in batch]
    lengths = torch.tensor([len(row) for row in rows])
    topics = torch.tensor([float(topic) for _, topic in batch])
    return pad_sequence(rows, batch_first=True, padding_value=PAD), lengths, topics


class TopicModel(nn.Module):
    def __init__(self, vocabulary_size: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary_size, 16, padding_idx=PAD)
        self.gru = nn.GRU(16, 24, batch_first=True, bidirectional=True)
        self.score = nn.Linear(2 * 24, 1)
        self.output = nn.Linear(4 * 24, 1)

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        embedded = self.embedding(ids)
        packed = pack_padded_sequence(embedded, lengths.cpu(), batch_first=True, enforce_sorted=False)
        outputs, _ = self.gru(packed)
        outputs, _ = pad_packed_sequence(outputs, batch_first=True, total_length=ids.size(1))
        scores = self.score(outputs).squeeze(-1)
        scores = scores.masked_fill(ids == PAD, float("-inf"))
        weights = torch.softmax(scores, dim=1)
        context = (weights.unsqueeze(-1) * outputs).sum(dim=1)
        average = outputs.sum(dim=1) / lengths.unsqueeze(1)
        return self.output(torch.cat((context, average), dim=-1)).squeeze(-1)


def train(model: TopicModel, epochs: int = 10) -> None:
    loader = DataLoader(HEADLINES, batch_size=4, shuffle=True, collate_fn=collate)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(epochs):
        for ids, lengths, topics in loader:
            loss = nn.functional.binary_cross_entropy_with_logits(model(ids, lengths), topics)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


@torch.no_grad()
def compare(model: TopicModel, row: int) -> None:
    model.eval()
    ids, lengths, _ = collate([HEADLINES[row]])
    alone = model(ids, lengths).sigmoid()[0].item()
    ids, lengths, _ = collate(HEADLINES)
    batched = model(ids, lengths).sigmoid()[row].item()
    print(f"headline {row} alone: {alone:.4f}   in its batch: {batched:.4f}   difference: {abs(alone - batched):.1e}")


def main() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)  # on tensors this small, more threads only wait for each other
    model = TopicModel(len(VOCABULARY) + 1)
    train(model)
    compare(model, row=3)


if __name__ == "__main__":
    main()
