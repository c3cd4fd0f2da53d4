"""What a fixer is: it notes in a draft what one kind of step changes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from packlint.fixers.draft import Draft
from packlint.plans import Step


class Fixer(ABC):
    """Writes the steps of one kind."""

    step: ClassVar[type[Step]]

    @abstractmethod
    def note(self, draft: Draft, step: Step) -> None:
        """Note the changes of a step; raises `FixError` where the code is of a form that it does not know."""
