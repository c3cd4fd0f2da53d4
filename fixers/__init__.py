"""The rewrites: one file each, named after the rewrite, installed as `packlint.fixers`."""

from __future__ import annotations

from collections.abc import Sequence

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
from packlint.fixers.total_length import TotalLengthFixer
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
    TotalLengthFixer,
)
FIXERS: dict[type[Step], Fixer] = {kind.step: kind() for kind in KINDS}


def rewrite(text: str, fixes: Sequence[Fix]) -> tuple[str, list[str | None]]:
    """The text with the fixes made, and for each of them None, or why it was not made.

    Where two fixes want different things of the same place, the later one is not made.

    Raises:
        FixError: the text as a whole cannot be rewritten.
    """
    draft = Draft(text)
    planned: dict[tuple[type[Step], Span], Step] = {}
    refused: list[str | None] = []
    for fix in fixes:
        steps = {(type(step), step.at): step for step in fix.steps}
        new = {key: step for key, step in steps.items() if key not in planned}
        try:
            if any(planned[key] != steps[key] for key in steps.keys() - new.keys()):
                raise FixError("another fix changes the same expression in another way")
            with draft.whole():
                for step in new.values():
                    FIXERS[type(step)].note(draft, step)
        except FixError as error:
            refused.append(str(error))
        else:
            planned |= new
            refused.append(None)
    return draft.written(), refused
