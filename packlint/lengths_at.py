"""Where a function has the lengths, the mask or the ids that tell the padding of a batch, and what hands them to it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import pairwise

from packlint.analysis.events import AtHand, Embedded, Pack, Pool, RnnCall, Site
from packlint.analysis.tensors.base import as_tensor
from packlint.analysis.values import Packed, Tensor, Unknown
from packlint.plans import Lengths
from packlint.rules.padded import fits
from packlint.statements import assigned, constant_of, dominates, holders, place, plain, position, span


class NoFixError(Exception):
    """There is none; `str()` says why."""


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


def lengths_at(event: RnnCall | Pool, call: RnnCall) -> tuple[Lengths, str]:
    """The lengths, the mask or the ids that tell the padding of a call where an event stands, and what they rest on.

    Raises:
        NoFixError: there is none that holds in that place.
    """
    why = ""
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
    if tensor.unpacked is None or tensor.unpacked.total_length is not None:  # else it may be narrower than the ids
        if provides_for_empty_rows(event.site):
            raise NoFixError(MAY_BE_EMPTY)
        embedded = [found for one in event.embedded if (found := _of_ids(event.site, one, call)) is not None]
        if len(set(embedded)) > 1:
            raise NoFixError("which of the ids that are embedded belong to it is not sure")
        if embedded:
            return embedded[0], "that the padding is on the right and each row has a real step, for its ids are counted"
    raise NoFixError(why or f"nothing in this function gives the lengths of the rows: {handed_over(call)}")


def _packed_with(site: Site, tensor: Tensor) -> Lengths | None:
    """The variable of lengths that an unpacked batch was packed with, where it still holds them."""
    packed = tensor.unpacked.packed if tensor.unpacked is not None else None
    pack = packed.pack if isinstance(packed, Packed) else None
    if pack is None or pack.tensor.order is not tensor.order or not packed_before(pack, site) or not _as_unpacked(site):
        return None
    call = pack.site.node
    if not isinstance(call, ast.Call):
        return None
    held = next((one.value for one in call.keywords if one.arg == "lengths"), next(iter(call.args[1:]), None))
    moved = False
    if isinstance(held, ast.Call) and isinstance(held.func, ast.Attribute) and held.func.attr == "cpu":
        held, moved = held.func.value, True
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
        form = next(_other_forms(site, hand.name.partition(".")[0]), None)
        surely = value.form == "tensor" and value.counted != "name" and form is None
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
    *("size", "shape", "dim", "view", "reshape", "transpose", "permute", "squeeze", "unsqueeze", "cat", "bmm"),
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


def packed_before(pack: Pack, site: Site) -> bool:
    """Whether a batch is packed in the function of a place, on every path to it."""
    return pack.site.function is site.function and dominates(site, pack.site.node)
