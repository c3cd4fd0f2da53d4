"""Questions and answers: one side is sorted for packing and never put back, the other is not sorted at all.

The states of the questions come in the order of their lengths, those of the answers in the order of the batch,
so a question meets the answer of another pair. The answers go to pack as they come, which works while they
happen to come longest first, as the pairs for training do, and stops on the others.
packlint reports PCK201 (the pack of the answers) and PCK202 (the product in which the two orders meet).
"""

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader

PAD = 0
TRAINING = [
    ("where is it", "on the table next to the old lamp", 1),
    ("when does the first train leave", "at ten past six", 1),
    ("who", "in the morning", 0),
    ("is the lamp on the table", "yes", 1),
]
HELD_OUT = [
    ("where is the old train", "in the station", 1),
    ("who is in the station", "the morning train", 0),
    ("when", "at six in the morning", 1),
    ("is it ten past six", "no", 1),
]
TEXTS = [text for question, answer, _ in TRAINING + HELD_OUT for text in (question, answer)]
VOCABULARY = {word: index for index, word in enumerate(sorted({w for text in TEXTS for w in text.split()}), start=1)}


def pad(texts: list[str]) -> tuple[Tensor, Tensor]:
    rows = [torch.tensor([VOCABULARY[word] for word in text.split()]) for text in texts]
    lengths = torch.tensor([len(row) for row in rows])
    return pad_sequence(rows, batch_first=True, padding_value=PAD), lengths


def collate(batch: list[tuple[str, str, int]]) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    questions, question_lengths = pad([question for question, _, _ in batch])
    answers, answer_lengths = pad([answer for _, answer, _ in batch])
    return questions, question_lengths, answers, answer_lengths, torch.tensor([float(fits) for _, _, fits in batch])


class Matcher(nn.Module):
    def __init__(self, vocabulary_size: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary_size, 16, padding_idx=PAD)
        self.gru = nn.GRU(16, 24, batch_first=True)

    def forward(self, questions: Tensor, question_lengths: Tensor, answers: Tensor, answer_lengths: Tensor) -> Tensor:
        sorted_lengths, order = question_lengths.sort(descending=True)
        embedded = self.embedding(questions[order])
        packed = pack_padded_sequence(embedded, sorted_lengths.cpu(), batch_first=True)
        _, question_states = self.gru(packed)
        embedded = self.embedding(answers)
        packed = pack_padded_sequence(embedded, answer_lengths.cpu(), batch_first=True)
        _, answer_states = self.gru(packed)
        return (question_states[-1] * answer_states[-1]).sum(dim=-1)


def train(model: Matcher, epochs: int = 5) -> None:
    loader = DataLoader(TRAINING, batch_size=4, collate_fn=collate)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(epochs):
        for questions, question_lengths, answers, answer_lengths, fits in loader:
            logits = model(questions, question_lengths, answers, answer_lengths)
            loss = nn.functional.binary_cross_entropy_with_logits(logits, fits)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


@torch.no_grad()
def compare(model: Matcher, pairs: list[tuple[str, str, int]], row: int) -> None:
    model.eval()
    questions, question_lengths, answers, answer_lengths, _ = collate([pairs[row]])
    alone = model(questions, question_lengths, answers, answer_lengths).sigmoid()[0].item()
    questions, question_lengths, answers, answer_lengths, _ = collate(pairs)
    batched = model(questions, question_lengths, answers, answer_lengths).sigmoid()[row].item()
    print(f"pair {row} alone: {alone:.4f}   in its batch: {batched:.4f}   difference: {abs(alone - batched):.1e}")


def main() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)  # on tensors this small, more threads only wait for each other
    model = Matcher(len(VOCABULARY) + 1)
    train(model)
    compare(model, TRAINING, row=3)
    compare(model, HELD_OUT, row=3)


if __name__ == "__main__":
    try:
        main()
    except RuntimeError as error:
        print(f"RuntimeError: {error}")
