"""From events to plans: what several rules need to know before they offer a fix."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

from packlint.plans import Span

if TYPE_CHECKING:
    from packlint.analysis.events import Event, Site
    from packlint.analysis.names import ModuleInfo

E = TypeVar("E", bound="Event")

RESULTS_CHANGE = (
    "results on padded batches change: evaluate again, and retrain where weights were learned with the padding"
)


def span(site: Site) -> Span:
    """Where the expression of an event stands."""
    source, node = site.module.source, site.node
    row, end_row = getattr(node, "lineno", 1), getattr(node, "end_lineno", 1)
    start, end = getattr(node, "col_offset", 0), getattr(node, "end_col_offset", 0)
    return Span(row, source.column(row, start) - 1, end_row, source.column(end_row, end) - 1)


def same_site(event: E, events: Sequence[Event]) -> Iterator[E]:
    """The events of the same kind at the same place: one for each path and each caller."""
    kind = type(event)
    return (one for one in events if isinstance(one, kind) and one.site.key == event.site.key)


def rebuilds_packs(module: ModuleInfo) -> bool:
    """Whether the file makes a `PackedSequence` out of parts: what the parts leave out is lost."""
    return "PackedSequence(" in module.source.text
