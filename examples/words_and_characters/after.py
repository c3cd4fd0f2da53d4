"""Verbs in sentences: words spelled by a character LSTM, read in context by a word LSTM, each packed rightly.

The characters are padded on the right, where packing looks for padding, so the first `length` steps of a row
are the word. The pack of the words is told that the batch comes first, as `pad_sequence` and
`pad_packed_sequence` around it are.
"""

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader

PAD = 0
IGNORED = -100
SENTENCES = [
    ("she writes", [0, 1]),
    ("the boy who laughed fell asleep", [0, 0, 0, 1, 1, 0]),
    ("birds sing loudly", [0, 1, 0]),
    ("stop", [1]),
    ("we walked to the sea", [0, 1, 0, 0, 0]),
    ("it rained", [0, 1]),
]


def collate(batch: list[tuple[str, list[int]]]) -> tuple[Tensor, Tensor, list[int], Tensor]:
    words = [word for sentence, _ in batch for word in sentence.split()]
    width = max(len(word) for word in words)
    rows = [[ord(letter) - 96 for letter in word] + [PAD] * (width - len(word)) for word in words]
    word_lengths = torch.tensor([len(word) for word in words])
    sentence_lengths = [len(sentence.split()) for sentence, _ in batch]
    tags = pad_sequence([torch.tensor(tags) for _, tags in batch], batch_first=True, padding_value=IGNORED)
    return torch.tensor(rows), word_lengths, sentence_lengths, tags


class VerbTagger(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(27, 8, padding_idx=PAD)
        self.character_lstm = nn.LSTM(8, 12, batch_first=True, bidirectional=True)
        self.word_lstm = nn.LSTM(2 * 12, 16, batch_first=True, bidirectional=True)
        self.output = nn.Linear(2 * 16, 2)

    def spell(self, characters: Tensor, word_lengths: Tensor) -> Tensor:
        embedded = self.embedding(characters)
        packed = pack_padded_sequence(embedded, word_lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, (h_n, _) = self.character_lstm(packed)
        return torch.cat((h_n[-2], h_n[-1]), dim=-1)

    def forward(self, characters: Tensor, word_lengths: Tensor, sentence_lengths: list[int]) -> Tensor:
        spelled = self.spell(characters, word_lengths)
        words = pad_sequence(spelled.split(sentence_lengths), batch_first=True)
        packed = pack_padded_sequence(words, sentence_lengths, batch_first=True, enforce_sorted=False)
        outputs, _ = self.word_lstm(packed)
        outputs, _ = pad_packed_sequence(outputs, batch_first=True, total_length=words.size(1))
        return self.output(outputs)


def train(model: VerbTagger, epochs: int = 20) -> None:
    loader = DataLoader(SENTENCES, batch_size=6, collate_fn=collate)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(epochs):
        for characters, word_lengths, sentence_lengths, tags in loader:
            logits = model(characters, word_lengths, sentence_lengths)
            loss = nn.functional.cross_entropy(logits.flatten(0, 1), tags.flatten(), ignore_index=IGNORED)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


@torch.no_grad()
def compare_spelling(model: VerbTagger, row: int) -> None:
    """Compare the first number of the vector that the characters of a word give."""
    model.eval()
    words = [word for sentence, _ in SENTENCES for word in sentence.split()]
    characters, word_lengths, _, _ = collate([(words[row], [0])])
    alone = model.spell(characters, word_lengths)[0, 0].item()
    characters, word_lengths, _, _ = collate(SENTENCES)
    batched = model.spell(characters, word_lengths)[row, 0].item()
    print(f"word {row} alone: {alone:.4f}   in its batch: {batched:.4f}   difference: {abs(alone - batched):.1e}")


@torch.no_grad()
def compare_tagging(model: VerbTagger, row: int) -> None:
    """Compare the probability that the first word of a sentence is a verb, for the same sentences in two orders."""
    model.eval()
    characters, word_lengths, sentence_lengths, _ = collate(SENTENCES)
    first = model(characters, word_lengths, sentence_lengths).softmax(dim=-1)[row, 0, 1].item()
    characters, word_lengths, sentence_lengths, _ = collate(SENTENCES[::-1])
    second = model(characters, word_lengths, sentence_lengths).softmax(dim=-1)[-1 - row, 0, 1].item()
    print(f"sentence {row} in order: {first:.4f}   in reverse: {second:.4f}   difference: {abs(first - second):.1e}")


def main() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)  # on tensors this small, more threads only wait for each other
    model = VerbTagger()
    train(model)
    compare_spelling(model, row=11)
    compare_tagging(model, row=4)


if __name__ == "__main__":
    main()
