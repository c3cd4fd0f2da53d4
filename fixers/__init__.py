"""The rewrites: one file each, named after the rewrite, installed as `packlint.fixers`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from libcst.codemod import CodemodContext

from packlint.fixers.base import Fixer
from packlint.fixers.batch_first import BatchFirstFixer
from packlint.fixers.batch_to_front import BatchToFrontFixer
from packlint.fixers.draft import Draft, FixError
from packlint.fixers.enforce_sorted import EnforceSortedFixer
from packlint.fixers.final_state import FinalStateFixer
from packlint.fixers.lengths_to_cpu import LengthsToCpuFixer
from packlint.fixers.masked_pool import MaskedPoolFixer
from packlint.fixers.pack_call import PackCallFixer
from packlint.fixers.packed_data import PackedDataFixer
from packlint.fixers.packed_fields import PackedFieldsFixer
from packlint.fixers.sorted_by_hand import SortedByHandFixer
from packlint.fixers.total_length import TotalLengthFixer
from packlint.fixers.unpacked_input import UnpackedInputFixer
from packlint.plans import Fix, Span, Step

KINDS = (
    BatchFirstFixer,
    BatchToFrontFixer,
    EnforceSortedFixer,
    FinalStateFixer,
    LengthsToCpuFixer,
    MaskedPoolFixer,
    PackCallFixer,
    PackedDataFixer,
    PackedFieldsFixer,
    SortedByHandFixer,
    TotalLengthFixer,
    UnpackedInputFixer,
)
FIXERS: dict[type[Step], Fixer] = {kind.step: kind(CodemodContext()) for kind in KINDS}


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A new text, and of each fix why it was not made (None where it was), the rows it touches, and if it imports."""

    text: str
    refused: list[str | None]
    rows: list[frozenset[int]]
    imports: list[bool]


def rewrite(text: str, fixes: Sequence[Fix]) -> Rewritten:
    """Make fixes, each in full or not at all; where two want different things of one place, the later is not made.

    Raises:
        FixError: the text as a whole cannot be rewritten.
    """
    draft = Draft(text)
    planned: dict[tuple[type[Step], Span], Step] = {}
    touched: dict[Step, tuple[frozenset[int], bool]] = {}
    made = Rewritten("", [], [], [])
    for fix in fixes:
        steps = {(type(step), step.at): step for step in fix.steps}
        new = {key: step for key, step in steps.items() if key not in planned}
        try:
            if any(planned[key] != steps[key] for key in steps.keys() - new.keys()):
                raise FixError("another fix changes the same expression in another way")
            with draft.whole():
                for step in new.values():
                    touched[step] = draft.noted(partial(FIXERS[type(step)].note, draft, step))
        except FixError as error:
            made.refused.append(str(error))
            made.rows.append(frozenset())
            made.imports.append(False)
        else:
            planned |= new
            made.refused.append(None)
            made.rows.append(frozenset().union(*(touched[step][0] for step in steps.values())))
            made.imports.append(any(touched[step][1] for step in steps.values()))
    return replace(made, text=draft.written())
