"""Spelling words backwards: an encoder whose final state is read as though the batch were its first axis.

`h_n` has the shape (directions, batch, hidden), with `batch_first=True` too. `h_n.view(batch, -1)` has the size
that the decoder wants and joins the states of different words; only a batch of one comes out right. Besides,
the training loop moves the lengths to the device, and packing takes them on the CPU only: an error on an
accelerator, nothing on a CPU.
packlint reports PCK303 (the view of the state) and PCK204 (the lengths handed to pack).
"""

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader

PAD, START, END = 0, 1, 2
LETTERS = {letter: index for index, letter in enumerate("abcdefghijklmnopqrstuvwxyz", start=3)}
WORDS = ["lemon", "fig", "apricot", "kiwi", "pear", "strawberry", "plum", "banana"]


def collate(batch: list[str]) -> tuple[Tensor, Tensor, Tensor]:
    sources = [torch.tensor([LETTERS[letter] for letter in word]) for word in batch]
    targets = [torch.tensor([START, *(LETTERS[letter] for letter in reversed(word)), END]) for word in batch]
    lengths = torch.tensor([len(source) for source in sources])
    source = pad_sequence(sources, batch_first=True, padding_value=PAD)
    return source, lengths, pad_sequence(targets, batch_first=True, padding_value=PAD)


class Speller(nn.Module):
    def __init__(self, symbols: int = 3 + len(LETTERS), size: int = 16) -> None:
        super().__init__()
        self.embedding = nn.Embedding(symbols, size, padding_idx=PAD)
        self.encoder = nn.GRU(size, size, batch_first=True, bidirectional=True)
        self.decoder = nn.GRUCell(size, 2 * size)
        self.output = nn.Linear(2 * size, symbols)

    def forward(self, source: Tensor, lengths: Tensor, target: Tensor) -> Tensor:
        embedded = self.embedding(source)
        packed = pack_padded_sequence(embedded, lengths, batch_first=True, enforce_sorted=False)
        _, h_n = self.encoder(packed)
        state = h_n.view(source.size(0), -1)
        steps = []
        for letter in target[:, :-1].unbind(dim=1):
            state = self.decoder(self.embedding(letter), state)
            steps.append(self.output(state))
        return torch.stack(steps, dim=1)


def train(model: Speller, device: torch.device, epochs: int = 15) -> None:
    loader = DataLoader(WORDS, batch_size=4, shuffle=True, collate_fn=collate)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(epochs):
        for source, lengths, target in loader:
            source, lengths, target = source.to(device), lengths.to(device), target.to(device)
            logits = model(source, lengths, target)
            loss = nn.functional.cross_entropy(logits.flatten(0, 1), target[:, 1:].flatten(), ignore_index=PAD)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


@torch.no_grad()
def compare(model: Speller, row: int) -> None:
    """Compare the probability of the right first letter."""
    model.eval()
    source, lengths, target = collate([WORDS[row]])
    alone = model(source, lengths, target).softmax(dim=-1)[0, 0, target[0, 1]].item()
    source, lengths, target = collate(WORDS)
    batched = model(source, lengths, target).softmax(dim=-1)[row, 0, target[row, 1]].item()
    print(f"word {row} alone: {alone:.4f}   in its batch: {batched:.4f}   difference: {abs(alone - batched):.1e}")


def main() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)  # on tensors this small, more threads only wait for each other
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = Speller().to(device)
    try:
        train(model, device)
        print(f"trained on {device}: no error (lengths on the device break on an accelerator only)")
    except RuntimeError as error:
        print(f"trained on {device}: RuntimeError: {error}")
    compare(model.cpu(), row=3)


if __name__ == "__main__":
    main()
