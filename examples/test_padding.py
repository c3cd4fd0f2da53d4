"""Tests that a project of its own would have: nothing a model says of a sequence may depend on the padding.

`python -m pytest examples/test_padding.py` runs them in the checkout, `-m packlint` in a suite with many others.
"""

import pytest
import torch
from torch import Tensor

from examples.classifier import after as classifier
from examples.transformer_bilstm import after as transformer_bilstm
from packlint.testing import (
    assert_batch_invariant,
    assert_padding_invariant,
    assert_permutation_equivariant,
    assert_states_final,
)

# Every test, and the model that it is given, begins with the same random numbers.
pytestmark = pytest.mark.packlint(seed=0)


def reviews(batch: list[tuple[str, int]]) -> tuple[Tensor, Tensor]:
    """What `Classifier.forward` takes: the labels that `collate` gives, too, are for the loss."""
    ids, lengths, _ = classifier.collate(batch)
    return ids, lengths


def test_a_review_scores_the_same_in_every_batch() -> None:
    model = classifier.Classifier(len(classifier.VOCABULARY) + 1)
    assert_batch_invariant(model, classifier.REVIEWS, collate=reviews)
    assert_padding_invariant(model, classifier.REVIEWS, collate=reviews, extra=5)
    assert_permutation_equivariant(model, classifier.REVIEWS, collate=reviews)
    assert_states_final(model, classifier.REVIEWS, collate=reviews)


def sentences(batch: list[tuple[str, list[int]]]) -> dict[str, Tensor]:
    """What a tokenizer of Transformers gives: ids and their mask, by name."""
    input_ids, attention_mask, _ = transformer_bilstm.collate(batch)
    return {"input_ids": input_ids, "attention_mask": attention_mask}


def test_a_word_is_tagged_the_same_in_every_batch() -> None:
    model = transformer_bilstm.NameTagger(len(transformer_bilstm.VOCABULARY) + 2)
    assert_batch_invariant(model, transformer_bilstm.SENTENCES, collate=sentences)
    assert_padding_invariant(model, transformer_bilstm.SENTENCES, collate=sentences)


def test_an_unpacked_lstm_would_be_found() -> None:
    lstm = torch.nn.LSTM(4, 2, batch_first=True)
    with pytest.raises(AssertionError, match="sequence 0 of 2"):
        assert_states_final(lstm, [torch.randn(3, 4), torch.randn(8, 4)])
