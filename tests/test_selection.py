"""Selection: the precedence is ruff's, rules that are off need their code in full."""

from __future__ import annotations

import pytest

from packlint.selection import DEFAULT_LAYER, Layer, enabled_codes, is_known

RULES = {"PCK000": True, "PCK101": True, "PCK102": True, "PCK105": False, "PCK201": True, "PCK203": False}
DEFAULT = {"PCK101", "PCK102", "PCK201"}


def enabled(*layers: Layer) -> set[str]:
    return set(enabled_codes((DEFAULT_LAYER, *layers), RULES)) - {"PCK000"}


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (Layer(), DEFAULT),
        (Layer(select=("ALL",)), DEFAULT | {"PCK105", "PCK203"}),
        (Layer(select=("PCK",)), DEFAULT),
        (Layer(select=("PCK1",)), {"PCK101", "PCK102"}),
        (Layer(select=("PCK105",)), {"PCK105"}),
        (Layer(select=()), set()),
        (Layer(extend_select=("PCK203",)), DEFAULT | {"PCK203"}),
        (Layer(extend_select=("ALL",)), DEFAULT | {"PCK105", "PCK203"}),
        (Layer(ignore=("PCK1",)), {"PCK201"}),
        (Layer(ignore=("ALL",)), set()),
        # The longer selector wins.
        (Layer(select=("PCK101",), ignore=("PCK",)), {"PCK101"}),
        (Layer(select=("PCK101", "PCK2"), ignore=("PCK1",)), {"PCK101", "PCK201"}),
        (Layer(select=("ALL",), ignore=("PCK1",)), {"PCK201", "PCK203"}),
        (Layer(select=("PCK",), ignore=("ALL",)), DEFAULT),
        (Layer(ignore=("PCK1",), extend_select=("PCK105",)), {"PCK201", "PCK105"}),
        # Of the same length `ignore` wins.
        (Layer(select=("PCK101",), ignore=("PCK101",)), set()),
    ],
)
def test_one_layer(layer: Layer, expected: set[str]) -> None:
    assert enabled(layer) == expected


def test_select_of_the_command_line_forgets_the_configuration() -> None:
    config = Layer(select=("PCK2",), ignore=("PCK101",))
    assert enabled(config, Layer(select=("PCK1",))) == {"PCK101", "PCK102"}


def test_ignore_of_the_command_line_adds_to_the_configuration() -> None:
    assert enabled(Layer(select=("PCK1", "PCK2")), Layer(ignore=("PCK101",))) == {"PCK102", "PCK201"}


def test_extend_select_of_the_command_line_beats_ignore_of_the_configuration() -> None:
    assert enabled(Layer(ignore=("PCK101",)), Layer(extend_select=("PCK101",))) == DEFAULT


def test_a_failure_of_packlint_is_never_off() -> None:
    assert "PCK000" in enabled_codes([Layer(select=(), ignore=("ALL", "PCK000"))], RULES)


@pytest.mark.parametrize(
    ("selector", "known"),
    [("ALL", True), ("PCK", True), ("PCK1", True), ("PCK101", True), ("PCK9", False), ("P", False), ("", False)],
)
def test_which_selectors_are_known(selector: str, known: bool) -> None:
    assert is_known(selector, RULES) is known
