"""What a rule is: its documentation, and a function from an event to what it has to say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from packlint.selection import OFF_BY_DEFAULT

if TYPE_CHECKING:
    from packlint.analysis.events import Event, Fact, Site
    from packlint.plans import Fix


class Report(NamedTuple):
    """What a rule says about an event: the message, and the facts it rests on, in reading order.

    `site` is where the finding stands, if that is not where the event stands.
    """

    message: str
    facts: tuple[Fact, ...] = ()
    site: Site | None = None


Check = Callable[["Event"], Iterator[Report]]
Plan = Callable[["Event", "Sequence[Event]"], "Fix | None"]
"""From an event that was reported, and all events of its file, to the fix."""


class Rule(NamedTuple):
    """A rule's metadata, documentation and check; one stands in each file of this folder as `RULE`.

    `effect` is one of wrong, breaks, waste, style, strict, internal. The texts are Markdown; `before` and
    `after` are Python. `check` is None for the rules that the engine itself reports (PCK000, PCK001),
    `plan` for those that nothing is written for.
    """

    code: str
    name: str
    summary: str
    effect: str
    what: str
    why: str
    before: str
    after: str
    fix_safety: str
    when_to_silence: str
    check: Check | None = None
    plan: Plan | None = None

    @property
    def on_by_default(self) -> bool:
        return self.code not in OFF_BY_DEFAULT
