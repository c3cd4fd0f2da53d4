"""The steps of a padded batch are those that PyTorch computes, and a packed batch has the layout that is told."""

from __future__ import annotations

import random

import pytest

from packlint.waste import Batch, Batches, cut, cut_by_length, share


@pytest.mark.parametrize(
    ("lengths", "padded", "real", "batch_sizes"),
    [
        ([4, 6, 8, 5, 4, 3, 7, 8], 64, 45, (8, 8, 8, 7, 5, 4, 3, 2)),
        ([5, 2], 10, 7, (2, 2, 1, 1, 1)),
        ([9, 8, 6, 4, 3, 2], 54, 32, (6, 6, 5, 4, 3, 3, 2, 2, 1)),
        ([3, 1], 6, 4, (2, 1, 1)),
        ([1], 1, 1, (1,)),
        ([3, 3, 3], 9, 9, (3, 3, 3)),
    ],
)
def test_numbers_of_a_batch(lengths: list[int], padded: int, real: int, batch_sizes: tuple[int, ...]) -> None:
    batch = Batch(tuple(lengths))
    assert (batch.padded_steps, batch.real_steps, batch.batch_sizes) == (padded, real, batch_sizes)


def test_the_first_steps_of_all_come_first() -> None:
    for words in (["abc", "x"], ["x", "abc"]):
        batch = Batch(tuple(map(len, words)))
        assert [words[row][step] for row, step in batch.packed()] == ["a", "x", "b", "c"]


def test_equally_long_sequences_keep_their_order() -> None:
    assert list(Batch((1, 2, 2)).packed()) == [(1, 0), (2, 0), (0, 0), (1, 1), (2, 1)]


@pytest.mark.parametrize("lengths", [(), (3, 0), (-1,)])
def test_what_is_no_batch(lengths: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="a batch is of one sequence or more, each of one step or more"):
        Batch(lengths)


def test_batches_are_padded_each_to_its_own_longest() -> None:
    batches = cut([4, 6, 8, 5, 4], 2)
    assert batches == Batches((Batch((4, 6)), Batch((8, 5)), Batch((4,))))
    assert (batches.sequences, batches.padded_steps, batches.real_steps) == (5, 12 + 16 + 4, 27)


def test_sorting_puts_sequences_of_like_lengths_together() -> None:
    assert cut_by_length([4, 6, 8, 5, 4], 2) == Batches((Batch((8, 6)), Batch((5, 4)), Batch((4,))))


def test_share() -> None:
    assert (share(45, 64), share(0, 3), share(3, 3)) == ("70.3 %", "0.0 %", "100.0 %")


def test_pytorch_packs_as_is_told() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence

    choose = random.Random(0)
    for _ in range(50):
        lengths = [choose.randint(1, 9) for _ in range(choose.randint(1, 8))]
        # Every step holds its own number: 100 times its sequence, plus its step.
        rows = [100 * row + torch.arange(length) for row, length in enumerate(lengths)]
        padded = pad_sequence(rows, batch_first=True)
        packed = pack_padded_sequence(padded, torch.tensor(lengths), batch_first=True, enforce_sorted=False)
        batch = Batch(tuple(lengths))
        assert batch.padded_steps == padded.numel()
        assert batch.real_steps == packed.data.numel()
        assert batch.batch_sizes == tuple(packed.batch_sizes.tolist())
        assert [100 * row + step for row, step in batch.packed()] == packed.data.tolist()
