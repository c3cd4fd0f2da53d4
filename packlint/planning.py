"""From events to plans: what several rules need to know before they offer a fix."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, TypeVar, cast

from packlint.analysis.events import Event, Pack, PackedUse, Pool, RnnCall, Site, StepRead, Unpack
from packlint.analysis.values import Packed, Permutation
from packlint.lengths_at import NoFixError, lengths_at, packed_before
from packlint.plans import (
    FinalState,
    Fix,
    MaskedPool,
    PackCall,
    SortedByHand,
    Step,
    TotalLength,
    UnpackedInput,
)
from packlint.rules.padded import padded, pool_site, wrong
from packlint.statements import assigned, position, span

if TYPE_CHECKING:
    from packlint.analysis.names import ModuleInfo

E = TypeVar("E", bound="Event")

RESULTS_CHANGE = (
    "results on padded batches change: evaluate again, and retrain where weights were learned with the padding"
)


def told(message: str, error: NoFixError) -> Fix:
    """A fix that is told and not written."""
    return Fix("display", str(error), message)


def same_site(event: E, events: Sequence[Event]) -> Iterator[E]:
    """The events of the same kind at the same place: one for each path and each caller."""
    kind = type(event)
    return (one for one in events if isinstance(one, kind) and one.site.key == event.site.key)


def rebuilds_packs(module: ModuleInfo) -> bool:
    """Whether the file makes a `PackedSequence` out of parts: what the parts leave out is lost."""
    return "PackedSequence(" in module.source.text


def unless_exported(fix: Fix, site: Site) -> Fix:
    """A fix is only shown in a file that exports a model, which may need the form that it has."""
    if fix.steps and site.module.exports():
        return replace(fix, applicability="display", reason="the file exports a model", steps=())
    return fix


# --- packing ---


def packing(call: RnnCall, events: Sequence[Event]) -> tuple[PackCall, str]:
    """How a call is packed, and what that rests on; raises `NoFixError`."""
    calls = [*same_site(call, events)]
    if call.batch_first is None or any(one.batch_first is not call.batch_first for one in calls):
        raise NoFixError("the layout of the layer is not known")
    for one in calls:
        if not one.alone:
            raise NoFixError("another class is called there, too, which may take no pack")
        if one.packed or one.else_packed:
            raise NoFixError("on another path the batch is packed")
        layout = (one.input.axes or ())[:2]
        if layout == (("T", "B") if call.batch_first else ("B", "T")):
            raise NoFixError("the layout of the batch is not the layer's")
        if one.input.pad is not None and one.input.pad.side == "left":
            raise NoFixError("the padding is on the left")
        if one.input.narrowed or (one.input.pad is not None and one.input.pad.width == "strided"):
            raise NoFixError("a convolution leaves other steps than the lengths count")
    lengths, rests = lengths_at(call, call)
    return PackCall(span(call.site), lengths, call.batch_first), rests


def final_state(read: StepRead, call: RnnCall) -> FinalState:
    """How a read of the last step becomes a read of the final state; raises `NoFixError`."""
    if call.bidirectional is None:
        raise NoFixError("whether the layer has two directions is not known")
    if call.bidirectional and read.halves:
        raise NoFixError("one direction of the output is read")
    names = call.layer.names
    if not names or ("LSTM" in names and len(names) > 1):
        raise NoFixError("whether the layer is an LSTM is not known")
    if call.site.function is not read.site.function:
        raise NoFixError("the layer is called in another function")
    if read.tensor.role != "output":
        raise NoFixError("other layers stand between the output and the read")
    if not _reads(read, call):
        raise NoFixError("what is read is not the output as the layer gives it")
    if read.tensor.order is not call.input.order:
        raise NoFixError("the rows of the output are in another order than those of the state")
    return FinalState(span(read.site), span(call.site), "LSTM" in names, call.bidirectional)


def _reads(read: StepRead, call: RnnCall) -> bool:
    """Whether what a step is read of is the output of a call, be it unpacked, turned, or moved."""
    node: ast.AST | None = read.site.node
    node = node.value if isinstance(node, ast.Subscript) else None
    for _ in range(20):
        if isinstance(node, ast.Name):
            node = assigned(Site(read.site.module, node, read.site.function), node, first=True)
        elif node is call.site.node:
            return True
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func).rpartition(".")[2]
            if name == "pad_packed_sequence" or "drop" in name.lower():
                node = node.args[0] if node.args else None
            elif name in {"transpose", "permute", "contiguous", "t", "float", "to", "cuda"}:
                node = node.func.value if isinstance(node.func, ast.Attribute) else None
            else:
                return False
        elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and node.slice.value == 0:
            node = node.value
        else:
            return False
    return False


def last_reads(call: RnnCall, events: Sequence[Event]) -> Iterator[StepRead]:
    """The reads of the last step of a call's output, one for each place."""
    seen: set[tuple[str, int, int]] = set()
    for event in events:
        of = event.tensor.call if isinstance(event, StepRead) and event.which == "last" else None
        if isinstance(event, StepRead) and of is not None and of.site.key == call.site.key:
            if event.site.key not in seen:
                seen.add(event.site.key)
                yield event


def packed_fix(call: RnnCall, events: Sequence[Event]) -> Fix:
    """The fix of a call on a padded batch, which is that of the reads of its last step as well."""
    message = f"pack the batch and unpack the output; {RESULTS_CHANGE}"
    try:
        pack, rests = packing(call, events)
        # The reads come first: whether the output is used at all shows once they are gone.
        reads = [*last_reads(call, events)]
        if not reads and any("step" in one.uses for one in same_site(call, events)):
            raise NoFixError("the last step of its output is read in another place, which has to change with it")
        steps: list[Step] = [*(final_state(read, call) for read in reads), pack]
    except NoFixError as error:
        return told(message, error)
    return Fix("unsafe", f"it rests on this: {rests}", message, tuple(steps), group_of(call))


def group_of(call: RnnCall) -> str:
    """What findings have in common that belong to one call."""
    row, column = position(call.site.node)
    return f"call in line {row}, column {call.site.module.source.column(row, column)}"


def step_fix(read: StepRead, events: Sequence[Event]) -> Fix | None:
    """The fix of a read of the last step: that of its call, where that runs over padding; else of the read alone."""
    call = read.tensor.call
    if call is None:
        return None
    message = f"read the final state; {RESULTS_CHANGE}"
    if read.tensor.unpacked is None and padded(call):
        fix = packed_fix(call, events)
        return replace(fix, message=f"pack the batch and {message}")
    try:
        step = final_state(read, call)
    except NoFixError as error:
        return told(message, error)
    why = "weights that were learned on the other read have to be learned anew"
    return Fix("unsafe", why, message, (step,), group_of(call))


def pool_fix(pool: Pool, events: Sequence[Event]) -> Fix | None:
    """The fix of a pooling over padding; with the call that it pools, where that is wrong by itself."""
    message = f"leave the padding out; {RESULTS_CHANGE}"
    call, axes = pool.tensor.call, pool.tensor.axes
    if call is None:
        return None
    try:
        if pool_site(pool) is not pool.site:
            raise NoFixError("the softmax stands in another class, which has to be given a mask")
        if axes is None or pool.axis is None or axes.count("B") != 1:
            raise NoFixError("the axes of what is pooled are not known")
        if pool.tensor.crossed or axes.count("T") > 1 or pool.tensor.pool is not None:
            raise NoFixError("the steps of two sequences are compared, and whose they are is not sure")
        if any((one.tensor.axes, one.axis) != (axes, pool.axis) for one in same_site(pool, events)):
            raise NoFixError("what is pooled has other axes for another caller")
        lengths, rests = lengths_at(pool, call)
        if pool.how not in {"max", "mean", "sum", "softmax"}:
            raise NoFixError(f"no mask is known for this {pool.how}")
        how = cast(Literal["max", "mean", "sum", "softmax"], pool.how)
        steps: tuple[Step, ...] = (MaskedPool(span(pool.site), how, lengths, len(axes), axes.index("B"), pool.axis),)
        if pool.tensor.unpacked is None and padded(call) and wrong(call) is not None:
            fix = packed_fix(call, events)
            if not fix.steps:
                raise NoFixError(fix.reason)
            steps += fix.steps
    except NoFixError as error:
        return told(message, error)
    return Fix("unsafe", f"it rests on this: {rests}", message, steps, group_of(call))


def unpacked_fix(use: PackedUse) -> Fix | None:
    """The fix of a PackedSequence that goes to a layer which takes tensors alone: it is unpacked before."""
    message = "unpack it to the size that the batch had before it was packed"
    pack = use.packed.pack if use.packed is not None and use.packed.tensor.role == "output" else None
    if pack is None or pack.batch_first is None:
        return None  # before the recurrent layer it has to stay packed
    if not packed_before(pack, use.site):
        return told(message, NoFixError(PACKED_ELSEWHERE))
    step = UnpackedInput(span(use.site), span(pack.site), pack.batch_first)
    reason = "it raised before; what follows is taken to want the padded steps masked or left out"
    return Fix("unsafe", reason, message, (step,))


def width_fix(unpack: Unpack, events: Sequence[Event], breaks: bool) -> Fix | None:
    """The fix of an unpack without `total_length`: the size that the batch had before it was packed.

    breaks: without it an error comes of the width, which is more than what may count on the longest length.
    """
    message = "unpack to the size that the batch had before it was packed"
    values = [one.packed for one in same_site(unpack, events)]
    # Without a recurrent layer between, it is packed to be cut.
    packs = [one.pack for one in values if isinstance(one, Packed) and one.tensor.call is not None]
    pack = packs[0] if len(packs) == len(values) else None
    if pack is None or any(one is None or one.site.key != pack.site.key for one in packs):
        return None
    if not packed_before(pack, unpack.site):
        return told(message, NoFixError(PACKED_ELSEWHERE))
    if pack.batch_first is None:
        return told(message, NoFixError("the layout of what is packed is not known"))
    if not breaks and (counts := _counts_on_longest(unpack, events)):
        return told(message, NoFixError(counts))
    if not all(isinstance(one, ast.Constant) for site in (pack.site, unpack.site) for one in _layouts(site)):
        return told(message, NoFixError("the layout is chosen by an option"))
    reason = "what follows is taken not to count on the longest length of the batch"
    return Fix("unsafe", reason, message, (TotalLength(span(unpack.site), span(pack.site), pack.batch_first),))


LONGEST = re.compile(r"(?:\bmax|mask)\([^()]*len(?!\()|len\w*(?:\[\w+\])?\.max\(", re.IGNORECASE)
"""`max(lengths)`, `lengths.max()`, `make_mask(lengths)`: what is as wide as the longest sequence."""


def _layouts(site: Site) -> Iterator[ast.expr]:
    """What a call is told of its layout."""
    words = site.node.keywords if isinstance(site.node, ast.Call) else []
    return (one.value for one in words if one.arg == "batch_first")


def _counts_on_longest(unpack: Unpack, events: Sequence[Event]) -> str:
    """What would be another number once an output is wider than the longest sequence of its batch."""
    for event in events:
        of = event.tensor.unpacked if isinstance(event, StepRead | Pool) else None
        if of is None or of.site.key != unpack.site.key:
            continue
        if isinstance(event, Pool):
            return "it is pooled over all of its steps"
        if isinstance(event, StepRead) and event.which == "last":
            return "its last step is read"
    if rebuilds_packs(unpack.site.module):
        return "a pack is made anew in this file, and unpacked to the longest length"
    sites = [site for one in same_site(unpack, events) for site in (one.site, *one.site.stack)]
    if any(LONGEST.search(module.source.text) for module in {id(one.module): one.module for one in sites}.values()):
        return "something in this file, or in one that calls it, is sized by the longest length"
    return ""


PACKED_ELSEWHERE = "it is packed in another place, where the size has to be taken"


def unsorted_fix(permutation: Permutation, events: Sequence[Event]) -> Fix | None:
    """The fix of a batch that is sorted by hand: neither sort nor what undoes it, and a pack that takes any order."""
    message = "pack with `enforce_sorted=False` in place of the sort and what undoes it"
    packs = {one.site.key: one for one in events if isinstance(one, Pack) and same_order(one.by_hand, permutation)}
    pack = next(iter(packs.values()), None)
    if pack is None or len(packs) > 1:
        return None
    function, fact = pack.site.function, permutation.fact
    first, last = getattr(function.node, "lineno", 1), getattr(function.node, "end_lineno", 1)
    if fact.filename != pack.site.module.filename or not first <= fact.row <= last:
        return told(message, NoFixError("the sort is in another function"))
    if rebuilds_packs(pack.site.module):
        return told(message, NoFixError("a pack is made anew in this file, which loses its order"))
    step = SortedByHand(span(pack.site), fact.row)
    reason = "what the function returns is taken to be wanted in the order of the batch"
    return Fix("unsafe", reason, message, (step,), f"sort in line {fact.row}")


def same_order(one: Permutation | None, other: Permutation) -> bool:
    """Whether two orders come of the same sort, be it on other paths."""
    return one is not None and one.fact == other.fact
