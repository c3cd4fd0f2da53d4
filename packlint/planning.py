"""From events to plans: what several rules need to know before they offer a fix."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, TypeVar, cast

from packlint.analysis.events import AtHand, Embedded, Event, Pack, PackedUse, Pool, RnnCall, Site, StepRead, Unpack
from packlint.analysis.tensors.base import as_tensor
from packlint.analysis.values import Packed, Permutation, Tensor, Unknown
from packlint.plans import (
    FinalState,
    Fix,
    Lengths,
    MaskedPool,
    PackCall,
    SortedByHand,
    Span,
    Step,
    TotalLength,
    UnpackedInput,
)
from packlint.rules.padded import fits, padded, pool_site, wrong

if TYPE_CHECKING:
    from packlint.analysis.names import ModuleInfo

E = TypeVar("E", bound="Event")

RESULTS_CHANGE = (
    "results on padded batches change: evaluate again, and retrain where weights were learned with the padding"
)


class NoFixError(Exception):
    """There is none; `str()` says why."""


def told(message: str, error: NoFixError) -> Fix:
    """A fix that is told and not written."""
    return Fix("display", str(error), message)


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


def unless_exported(fix: Fix, site: Site) -> Fix:
    """A fix is only shown in a file that exports a model, which may need the form that it has."""
    if fix.steps and site.module.exports():
        return replace(fix, applicability="display", reason="the file exports a model", steps=())
    return fix


# --- where the lengths are ---


GIVEN_BY = {
    "field": "give the field {at} `include_lengths=True`, so that a batch holds the pair of ids and lengths",
    "tokenizer": "keep the `attention_mask` that the tokenizer gives {at}",
    "mask": "keep the mask that is made {at}",
    "padding_idx": "count them from the ids, `(ids != padding_idx).sum(dim=1)` with the embedding {at}",
}
"""What gives the lengths, by how a batch was padded."""


def handed_over(call: RnnCall) -> str:
    """The edits that bring the lengths to a call: where the batch is padded, what passes it on, and what takes it."""
    here = call.site.module
    pad = call.input.pad
    told = "return them, `[len(x) for x in batch]`, where the batch is padded {at}"
    parts = ["have them counted where the batch is made"]
    if pad is not None and pad.facts:
        parts = [GIVEN_BY.get(pad.how, told).format(at=f"({place(pad.facts[0].filename, pad.facts[0].row, here)})")]
    path = [*call.site.stack, call.site]
    passed = [
        f"`{one.text}` ({place(one.module.filename, position(one.node)[0], here)})"
        for one, within in pairwise(path)
        if within.function.owner is not None and "forward" in within.function.owner.methods
    ]
    if passed and (pad is None or pad.how != "padding_idx"):
        parts.append(f"pass them on in {' and '.join(dict.fromkeys(passed))}")
    function = call.site.function
    owner = f"{function.owner.name}." if function.owner is not None else ""
    parts.append(f"hand them to `{owner}{function.name}`")
    return ", ".join(parts)


def place(filename: str, row: int, here: ModuleInfo) -> str:
    """A line as it is told in a message of another file, which may be a notebook."""
    if filename != here.filename:
        return f"{os.path.relpath(filename, os.path.dirname(here.filename))}:{row}".replace(os.sep, "/")
    cell, row = here.source.locate(row)
    return f"line {row}" if cell is None else f"cell {cell}, line {row}"


def lengths_at(event: RnnCall | Pool, call: RnnCall) -> tuple[Lengths, str]:
    """The lengths, the mask or the ids that tell the padding of a call where an event stands, and what they rest on.

    Raises:
        NoFixError: there is none that holds in that place.
    """
    why = f"nothing in this function gives the lengths of the rows: {handed_over(call)}"
    tensor = event.tensor if isinstance(event, Pool) else call.input
    packed_with = _packed_with(event.site, tensor)
    if packed_with is not None:
        return packed_with, "that the padding is on the right, as it was packed"
    for kind in ("lengths", "mask"):
        held = {hand.name: hand for hand in event.at_hand if hand.kind == kind and belongs(hand, tensor, call)}
        standing: list[tuple[Lengths, str]] = []
        roots: set[frozenset[str]] = set()
        for hand in held.values():
            try:
                standing.append(_held(event.site, hand, tensor))
                roots.add(as_tensor(hand.value).roots)
            except NoFixError as error:
                why = str(error)
        if len(standing) > 1 and (len(roots) > 1 or frozenset() in roots):
            raise NoFixError(f"which of {', '.join(f'`{name}`' for name in held)} belongs to it is not sure")
        if standing:
            return standing[0]
    if tensor.unpacked is not None and tensor.unpacked.total_length is None:
        raise NoFixError(why)  # the output may be narrower than the ids
    if provides_for_empty_rows(event.site):
        raise NoFixError(MAY_BE_EMPTY)
    embedded = [found for one in event.embedded if (found := _of_ids(event.site, one, call)) is not None]
    if len(set(embedded)) > 1:
        raise NoFixError("which of the ids that are embedded belong to it is not sure")
    if embedded:
        return embedded[0], "that the padding is on the right and each row has a real step, for its ids are counted"
    raise NoFixError(why)


def _packed_with(site: Site, tensor: Tensor) -> Lengths | None:
    """The variable of lengths that an unpacked batch was packed with, where it still holds them."""
    packed = tensor.unpacked.packed if tensor.unpacked is not None else None
    pack = packed.pack if isinstance(packed, Packed) else None
    if pack is None or pack.tensor.order is not tensor.order or not packed_before(pack, site):
        return None
    if not _as_unpacked(site):
        return None
    call = pack.site.node
    if not isinstance(call, ast.Call):
        return None
    given = [*(one.value for one in call.keywords if one.arg == "lengths"), *call.args[1:2]]
    held = given[0] if given else None
    moved = isinstance(held, ast.Call) and isinstance(held.func, ast.Attribute) and held.func.attr == "cpu"
    if isinstance(held, ast.Call) and isinstance(held.func, ast.Attribute) and moved:
        held = held.func.value
    if held is None or not plain(held) or pack.lengths is None or pack.lengths.role != "lengths":
        return None
    name = ast.unparse(held)
    root = name.partition(".")[0]
    for node in ast.walk(site.function.node):
        stored = isinstance(node, ast.Name) and node.id == root and isinstance(node.ctx, ast.Store)
        if stored and position(call) < position(node) < position(site.node):
            return None
    return Lengths("lengths", name, tensor=moved)


def _as_unpacked(site: Site) -> bool:
    """Whether what is pooled has its rows where unpacking put them: nothing picks or moves rows on the way."""
    node = _worked_on(site.node) if isinstance(site.node, ast.Call) else None
    for _ in range(20):
        if isinstance(node, ast.Name):
            node = assigned(Site(site.module, node, site.function), node, first=True)
        elif isinstance(node, ast.Subscript) and _keeps_rows(node.slice):
            node = node.value
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name.endswith("pad_packed_sequence"):
                return True
            step_by_step = name.startswith("self.") or name.rpartition(".")[2] in KEEP_ROWS
            node = _worked_on(node) if step_by_step else None
        else:
            return False
    return False


KEEP_ROWS = {
    *("transpose", "permute", "t", "contiguous", "float", "to", "cuda", "masked_fill", "view", "reshape", "squeeze"),
    *("unsqueeze", "tanh", "relu", "sigmoid", "leaky_relu", "gelu", "dropout"),
}
"""What does the same to every step of a batch."""


def _worked_on(call: ast.Call) -> ast.expr | None:
    """The tensor that a call works on: `x` of `x.tanh()`, `torch.tanh(x)` and `self.fc(x)`."""
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    if owner is None or ast.unparse(owner) in {"self", "torch", "th", "F", "nn.functional", "torch.nn.functional"}:
        return call.args[0] if call.args else None
    return owner


def _keeps_rows(index: ast.expr) -> bool:
    """`[0]` of a pair, and slices: no row is picked by a tensor."""
    parts = index.elts if isinstance(index, ast.Tuple) else [index]
    return all(isinstance(part, ast.Slice) or type(constant_of(part)) is int for part in parts)


def belongs(hand: AtHand, tensor: Tensor, call: RnnCall) -> bool:
    """Whether lengths or a mask are those of a tensor: of a batch that was packed, those that it was packed with."""
    packed = tensor.unpacked.packed if tensor.unpacked is not None else None
    if not isinstance(packed, Packed):
        return fits(hand, call)
    lengths, value = packed.lengths, as_tensor(hand.value)
    if lengths is None or hand.kind != "lengths":
        return False
    if lengths.length_of is not None or value.length_of is not None:
        return lengths.length_of is value.length_of
    return value is lengths or (bool(value.roots) and value.roots == lengths.roots)


def _held(site: Site, hand: AtHand, tensor: Tensor) -> tuple[Lengths, str]:
    value = hand.value
    if not all(part.isidentifier() for part in hand.name.split(".")):
        raise NoFixError("the lengths stand in no variable")
    if not stands(site, hand):
        raise NoFixError(f"`{hand.name}` is not sure to hold the {hand.kind} there")
    if as_tensor(value).order is not tensor.order:
        raise NoFixError(f"`{hand.name}` is in another order than the batch")
    if hand.kind == "mask":
        if provides_for_empty_rows(site):
            raise NoFixError(MAY_BE_EMPTY)
        if not isinstance(value, Tensor) or value.valid is None or value.axes not in {("B", "T"), ("T", "B")}:
            raise NoFixError(f"which steps the mask `{hand.name}` means is not sure")
        mask = Lengths("mask", hand.name, tensor=True, valid=value.valid, time=value.axes.index("T"))
        return mask, "that the padding is on the right and each row has a real step, for the mask is counted"
    if isinstance(value, Tensor):
        if value.counted == "minus" or len(value.axes or ("B",)) != 1:
            raise NoFixError(f"`{hand.name}` is not one length a row")
        forms = _other_forms(site, hand.name.partition(".")[0])
        surely = value.form == "tensor" and value.counted != "name" and not [*forms]
        counted = {"mask": "a mask", "pad": "pad ids"}.get(value.counted or "")
        rests = f"that each row has a real step, for the lengths are counted from {counted}" if counted else ""
    else:
        surely, rests = False, ""
    return Lengths("lengths", hand.name, tensor=surely), rests or "that the lengths are those of these very rows"


def _of_ids(site: Site, embedded: Embedded, call: RnnCall) -> Lengths | None:
    ids, node = embedded.tensor, embedded.site.node
    if embedded.site.function is not site.function or not isinstance(node, ast.Call) or len(node.args) != 1:
        return None
    if not plain(node.args[0]) or not plain(node.func) or not dominates(site, node):
        return None
    through = straight(call.site, node) if call.site.function is site.function else False
    if not through and not (ids.roots and ids.roots == call.input.roots):
        return None
    if of_parts(site, node.args[0]):
        return None
    axes = ids.axes or (call.input.axes or ())[:2]
    if not axes and through and of_batches(site.function.node):
        axes = ("B", "T") if call.batch_first else ("T", "B")
    if axes not in {("B", "T"), ("T", "B")}:
        return None
    return Lengths("ids", embedding=span(embedded.site), tensor=True, time=axes.index("T"))


MAY_BE_EMPTY = "the function provides for rows without a real step, which cannot be packed"
AT_LEAST_ONE = re.compile(r"\bclamp(?:_min)?_?\(\s*(?:\w+\s*,\s*)?(?:min\s*=\s*)?1\b")


def provides_for_empty_rows(site: Site) -> bool:
    """Whether a function keeps a count at one or more: `mask.sum(1).clamp(min=1)`."""
    return AT_LEAST_ONE.search(site.module.source.segment(site.function.node)) is not None


AXES = {
    "size",
    "shape",
    "dim",
    "view",
    "reshape",
    "transpose",
    "permute",
    "squeeze",
    "unsqueeze",
    "cat",
    "bmm",
    "flatten",
}
"""What tells one axis from another."""


def of_batches(function: ast.AST) -> bool:
    """Whether a function speaks of axes, as one does for batches; a single text may come in where it does not."""
    return any(
        (isinstance(node, ast.Attribute) and node.attr in AXES)
        or (isinstance(node, ast.Call) and any(type(constant_of(one)) is int for one in node.args))
        or (isinstance(node, ast.keyword) and node.arg in {"dim", "axis"})
        or (isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Tuple))
        for node in ast.walk(function)
    )


def constant_of(node: ast.expr) -> object:
    """The value of a number that is written out, be it negative."""
    try:
        return ast.literal_eval(node)
    except ValueError:
        return None


def straight(site: Site, embedding: ast.Call) -> bool:
    """Whether what an embedding gives goes into an RNN call as it is, or through a dropout."""
    node = site.node.args[0] if isinstance(site.node, ast.Call) and site.node.args else None
    while node is not embedding:
        if isinstance(node, ast.Name):
            node = assigned(site, node)
        elif isinstance(node, ast.Call) and node.args and hands_on(node):
            node = node.args[0]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and same_layout(node):
            node = node.func.value
        else:
            return False
    return True


def hands_on(call: ast.Call) -> bool:
    """`pack_padded_sequence(x, ...)`, `self.dropout(x)`: the steps of its first argument."""
    name = ast.unparse(call.func)
    return name.endswith("pack_padded_sequence") or (len(call.args) == 1 and "drop" in name.lower())


def of_parts(site: Site, ids: ast.expr) -> bool:
    """Whether ids are the letters of the words of a batch, laid out as rows: words that are padding have no letter."""
    given = assigned(site, ids) if isinstance(ids, ast.Name) else None
    while isinstance(given, ast.Call) and isinstance(given.func, ast.Attribute):
        if given.func.attr in {"view", "reshape", "flatten"}:
            return True
        given = given.func.value
    return False


def same_layout(call: ast.Call) -> bool:
    """`x.view(x.size(0), x.size(1), -1)`, `x.float()`, `x.contiguous()`: the same axes in the same places."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    if name in {"float", "contiguous", "clone", "cuda", "to"}:
        return True
    written = [ast.unparse(one).replace(" ", "") for one in call.args]
    first = bool(written) and (written[0].startswith("len(") or written[0].endswith((".size(0)", ".shape[0]")))
    second = len(written) == 3 and written[1].endswith((".size(1)", ".shape[1]"))
    return name in {"view", "reshape"} and first and second


def assigned(site: Site, name: ast.Name, first: bool = False) -> ast.expr | None:
    """What a variable was last given before it is read, where that is one assignment on every path.

    `first`: it may be the first of several variables that are given parts.
    """
    stores = [
        node
        for node in ast.walk(site.function.node)
        if isinstance(node, ast.Assign)
        and position(node) < position(name)
        and any(isinstance(one, ast.Name) and one.id == name.id for target in node.targets for one in ast.walk(target))
    ]
    last = max(stores, key=position, default=None)
    if last is None or contains(last, name) or not dominates(site, last):
        earlier = [store for store in stores if not contains(store, name)]
        last = max(earlier, key=position, default=None)
    if last is None or not dominates(site, last):
        return None
    target = last.targets[0]
    if first and isinstance(target, ast.Tuple | ast.List) and target.elts:
        target = target.elts[0]
    return last.value if isinstance(target, ast.Name) and target.id == name.id else None


def plain(node: ast.AST) -> bool:
    """A name or an attribute of one: evaluating it once more changes nothing."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)


def stands(site: Site, hand: AtHand) -> bool:
    """Whether a variable still holds, at a place, what it was given where it was seen to hold lengths."""
    root = hand.name.partition(".")[0]
    here = position(site.node)
    stores = [
        node
        for node in ast.walk(site.function.node)
        if isinstance(node, ast.Name) and node.id == root and isinstance(node.ctx, ast.Store)
    ]
    forms = {*_other_forms(site, root)}
    before = [node for node in stores if position(node) < here and node not in forms]
    parameter = any(one.arg == root for one in site.function.parameters)
    if not before:
        return parameter and (root == "self" or _never_none(site, hand))
    last = max(before, key=position)
    if "." in hand.name and last.lineno <= hand.fact.row:
        return dominates(site, last)
    return last.lineno == hand.fact.row and dominates(site, last)


SAME_NUMBERS = {
    *("cpu", "cuda", "to", "numpy", "tolist", "data", "detach", "clone", "long", "int", "type", "astype"),
    *("squeeze", "flatten", "view", "reshape", "contiguous"),
    *("list", "array", "asarray", "tensor", "as_tensor", "from_numpy", "LongTensor", "IntTensor", "Variable"),
}
"""What gives the lengths that it is given, in another form."""


def _other_forms(site: Site, name: str) -> Iterator[ast.Name]:
    """Where a variable is given what it holds already, in another form: `lengths = lengths.cpu().numpy()`."""
    for node in ast.walk(site.function.node):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == name:
            value: ast.expr | None = node.value
            while value is not None and not isinstance(value, ast.Name):
                value = _given(value, name)
            if value is not None:
                yield node.targets[0]


def _given(conversion: ast.expr, name: str) -> ast.expr | None:
    """What a conversion is made of, where a variable stands in that: its owner, or its argument."""
    parts: list[ast.expr] = []
    if isinstance(conversion, ast.Call) and ast.unparse(conversion.func).rpartition(".")[2] in SAME_NUMBERS:
        parts = [*([conversion.func.value] if isinstance(conversion.func, ast.Attribute) else []), *conversion.args[:1]]
    elif isinstance(conversion, ast.Attribute) and conversion.attr in SAME_NUMBERS:
        parts = [conversion.value]
    holds = (part for part in parts for node in ast.walk(part) if isinstance(node, ast.Name) and node.id == name)
    return next(holds, None)


def _never_none(site: Site, hand: AtHand) -> bool:
    """Whether a parameter is given: it has no default of None, or a test around the place asks for it."""
    given = not isinstance(hand.value, Unknown) or hand.value.default is None
    if given and hand.name not in _optional(site.function.node):
        return True
    tests = (one.test for one in holders(site) if isinstance(one, ast.If))
    return any(isinstance(node, ast.Name) and node.id == hand.name for test in tests for node in ast.walk(test))


def _optional(function: ast.AST) -> set[str]:
    """The parameters whose default is None."""
    if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
        return set()
    arguments = function.args
    placed = [*arguments.posonlyargs, *arguments.args]
    defaults = [*zip(placed[::-1], arguments.defaults[::-1], strict=False)]
    defaults += [(one, value) for one, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if value]
    return {one.arg for one, value in defaults if isinstance(value, ast.Constant) and value.value is None}


def position(node: ast.AST) -> tuple[int, int]:
    return getattr(node, "lineno", 0), getattr(node, "col_offset", 0)


def contains(outer: ast.AST, inner: ast.AST) -> bool:
    end = (getattr(outer, "end_lineno", 0), getattr(outer, "end_col_offset", 0))
    return position(outer) <= position(inner) < end


def holders(site: Site) -> list[ast.stmt]:
    """The statements around a place, outermost first."""
    found: list[ast.stmt] = []
    block = getattr(site.function.node, "body", [])
    while block:
        holder = next((one for one in block if contains(one, site.node)), None)
        if holder is None:
            break
        found.append(holder)
        blocks = [getattr(holder, name, []) for name in ("body", "orelse", "finalbody")]
        blocks += [handler.body for handler in getattr(holder, "handlers", [])]
        block = next((one for one in blocks if any(contains(part, site.node) for part in one)), [])
    return found


MAYBE = (
    *(ast.If, ast.For, ast.AsyncFor, ast.While, ast.Try, getattr(ast, "TryStar", ast.Try), ast.Match),
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef),
)
"""Statements whose parts may be left out, or run at another time."""


def dominates(site: Site, node: ast.AST) -> bool:
    """Whether an earlier expression of the function is evaluated whenever the place is reached, and before it."""
    if contains(site.node, node):
        return True  # an argument
    block = getattr(site.function.node, "body", [])
    for holder in holders(site):
        for earlier in block:
            if earlier is holder:
                break
            if contains(earlier, node):
                return not isinstance(earlier, MAYBE)
        if contains(holder, node):
            blocks = [getattr(holder, name, []) for name in ("body", "orelse")]
            inner = next((one for one in blocks if any(contains(part, site.node) for part in one)), [])
            if not any(contains(part, node) for part in inner):
                return position(node) < position(site.node) and not any(
                    contains(part, node) for one in blocks for part in one
                )
            block = inner
    return False


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


LONGEST = re.compile(r"\bmax\([^()]*len|len\w*(?:\[\w+\])?\.max\(", re.IGNORECASE)


def _layouts(site: Site) -> Iterator[ast.expr]:
    """What a call is told of its layout."""
    words = site.node.keywords if isinstance(site.node, ast.Call) else []
    return (one.value for one in words if one.arg == "batch_first")


def _counts_on_longest(unpack: Unpack, events: Sequence[Event]) -> str:
    """What would be another number once an output is wider than the longest sequence of its batch."""
    for event in events:
        read = isinstance(event, StepRead) and event.which == "last"
        pooled = isinstance(event, Pool)
        if isinstance(event, StepRead | Pool) and (read or pooled):
            of = event.tensor.unpacked
            if of is not None and of.site.key == unpack.site.key:
                return "its last step is read" if read else "it is pooled over all of its steps"
    if LONGEST.search(unpack.site.module.source.text):
        return "something in this file is sized by the longest length"
    return ""


PACKED_ELSEWHERE = "it is packed in another place, where the size has to be taken"


def packed_before(pack: Pack, site: Site) -> bool:
    """Whether a batch is packed in the function of a place, on every path to it."""
    return pack.site.function is site.function and dominates(site, pack.site.node)


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
