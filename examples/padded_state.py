"""What `h_n` and `c_n` of a padded batch hold in place of the final states, number by number.

An LSTM goes on over padding: its forget gate, its biases and its own state move it at every step, zeros in or not.
So `h_n` and `c_n` of a padded batch are the states after the last step of the longest sequence. The outputs at real
steps are untouched in this direction; a backward direction comes through the padding before it sees a real step, and
there they differ as well. packlint reports PCK101, at the call of the LSTM in `run_padded`.
"""

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence

States = tuple[Tensor, Tensor]


def run_padded(lstm: nn.LSTM, sequences: list[Tensor]) -> States:
    _, states = lstm(pad_sequence(sequences, batch_first=True))
    return states


def run_packed(lstm: nn.LSTM, sequences: list[Tensor]) -> States:
    lengths = torch.tensor([len(sequence) for sequence in sequences])
    padded = pad_sequence(sequences, batch_first=True)
    _, states = lstm(pack_padded_sequence(padded, lengths, batch_first=True, enforce_sorted=False))
    return states


def shown(states: States, layer: int = 0) -> str:
    h_n, c_n = (" ".join(f"{value:7.4f}" for value in state[layer, 0].tolist()) for state in states)
    return f"h {h_n}   c {c_n}"


@torch.no_grad()
def main() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)  # on tensors this small, more threads only wait for each other
    short, long = torch.randn(3, 4), torch.randn(8, 4)
    lstm = nn.LSTM(4, 2, batch_first=True)
    print("a sequence of 3 steps, in a batch that is padded to 8")
    steps = pad_sequence([short, long], batch_first=True)[:1]
    for step in range(1, 9):
        _, states = lstm(steps[:, :step])
        mark = {3: "  <- its final state", 8: "  <- what the padded batch holds"}.get(step, "")
        print(f"after step {step} ({'real' if step <= len(short) else 'zeros'}): {shown(states)}{mark}")
    padded, packed = run_padded(lstm, [short, long]), run_packed(lstm, [short, long])
    print(f"padded batch: {shown(padded)}")
    print(f"packed batch: {shown(packed)}")
    for name, wrong, right in zip(("h_n", "c_n"), padded, packed, strict=True):
        print(f"{name} of the short sequence, difference: {(wrong[:, 0] - right[:, 0]).abs().max().item():.1e}")
        print(f"{name} of the long sequence, difference: {(wrong[:, 1] - right[:, 1]).abs().max().item():.1e}")

    both = nn.LSTM(4, 2, batch_first=True, bidirectional=True)
    padded, packed = run_padded(both, [short, long]), run_packed(both, [short, long])
    print("the backward direction of another LSTM, which ends at step 0 and began in the padding")
    print(f"padded batch: {shown(padded, layer=1)}")
    print(f"packed batch: {shown(packed, layer=1)}")
    print(f"backward, difference: {(padded[0][1, 0] - packed[0][1, 0]).abs().max().item():.1e}")


if __name__ == "__main__":
    main()
