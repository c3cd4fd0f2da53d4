"""What a fix writes, as data: the rules decide it, the fixers turn it into text.

A plan names places and facts and holds no source text, so that it can be made without libcst, shown, sent between
processes and compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Applicability = Literal["safe", "unsafe", "display"]


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Where an expression stands in its file: 1-based rows, 0-based columns in characters, the end exclusive."""

    row: int
    column: int
    end_row: int
    end_column: int


@dataclass(frozen=True, slots=True)
class Step:
    """One change of a fix, at one place; each kind is written by the fixer of the same name."""

    at: Span


@dataclass(frozen=True, slots=True)
class LengthsToCpu(Step):
    """The lengths of the pack call `at` go to the CPU; `tensor` says that they are a tensor and never a list."""

    tensor: bool


@dataclass(frozen=True, slots=True)
class EnforceSorted(Step):
    """The pack call `at` takes rows in any order."""


@dataclass(frozen=True, slots=True)
class BatchFirst(Step):
    """The pack or unpack call `at` is told the layout that the tensor has."""

    batch_first: bool


@dataclass(frozen=True, slots=True)
class Fix:
    """The change that goes with a finding.

    `reason` says why it has its grade, `message` what it does. Findings with the same `group` share steps. A fix
    without steps is told and not written.
    """

    applicability: Applicability
    reason: str
    message: str
    steps: tuple[Step, ...] = ()
    group: str | None = None
