"""What docs/testing.md shows is what happens."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("torch", reason="PyTorch is not installed")

import torch
from torch.nn.utils.rnn import pad_sequence

import packlint.testing
from tests.test_readme import ROOT

PAGE = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")
SHOWN = dict(enumerate(re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)))
SAID = re.findall(r"^```text\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def first() -> dict[str, Any]:
    """The names of the first block."""
    names: dict[str, Any] = {}
    exec(SHOWN[0], names)
    return names


def said(test: Callable[[], object]) -> str:
    with pytest.raises(AssertionError) as failed:
        test()
    return f"{failed.value}\n"


def test_every_block_is_tried_here() -> None:
    assert (len(SHOWN), len(SAID)) == (3, 2)


def test_the_first_test_says_what_the_page_shows(first: dict[str, Any]) -> None:
    assert said(first["test_a_step_is_tagged_the_same_in_every_batch"]) == SAID[0]


def test_a_tokenizer_is_a_collate_function() -> None:
    def tokenizer(texts: list[str], padding: bool, return_tensors: str) -> dict[str, torch.Tensor]:
        assert (padding, return_tensors) == (True, "pt")
        ids = pad_sequence([torch.tensor([ord(letter) for letter in text]) for text in texts], batch_first=True)
        return {"input_ids": ids, "attention_mask": (ids > 0).long()}

    def right(input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        return (input_ids * attention_mask).sum(1) / attention_mask.sum(1)

    def wrong(input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        return input_ids.double().mean(1)

    names = vars(packlint.testing) | {"tokenizer": tokenizer}
    exec(SHOWN[1], names | {"model": right})
    assert said(lambda: exec(SHOWN[1], names | {"model": wrong})).startswith(
        "sequence 0 of 2 (length 5, batch padded to 13)"
    )


def test_the_states_are_what_the_page_shows(first: dict[str, Any]) -> None:
    assert said(lambda: exec(SHOWN[2], first)) == SAID[1]


def test_every_assertion_and_option_is_on_the_page() -> None:
    for name in packlint.testing.__all__:
        made = getattr(packlint.testing, name)
        if inspect.isfunction(made):
            assert f"`{name}`" in PAGE
            options = [one.name for one in inspect.signature(made).parameters.values() if one.kind is one.KEYWORD_ONLY]
            assert {option for option in options if not re.search(rf"`[^`]*\b{option}\b", PAGE)} == set()


def test_the_tolerances_are_on_the_page() -> None:
    for dtype, tolerance in packlint.testing.TOLERANCES.items():
        if not dtype.is_complex:
            shown = f"{tolerance:g}".replace("0.005", "5e-3").replace("0.03", "3e-2").replace("e-05", "e-5")
            assert f"{shown} for {str(dtype).removeprefix('torch.')}" in PAGE
