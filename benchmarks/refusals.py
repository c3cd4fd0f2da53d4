"""What `packlint verify` makes of rewrites that are wrong: it must refuse every one, and take what is right.

    python -m benchmarks.refusals [--jobs N]

Wrong rewrites are those of `tests/fixers/wrong.py`, and mutants: what a fix made of a case of `tests/fixers/pairs`,
with one change that makes it wrong. Each stands in place of the fix, and is judged by the code that `packlint verify`
runs in its workers. The tally goes to `benchmarks/data/refusals.json` and docs/verify-refusals.md.
"""

from __future__ import annotations

import argparse
import ast
import functools
import json
import multiprocessing
import re
import textwrap
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.mutators import Edit, Module, apply, argument, is_constant, is_index
from benchmarks.pairs import Pair, run_pairs

ROOT = Path(__file__).resolve().parents[1]
WRONG = ROOT / "tests" / "fixers" / "wrong.py"
DATA = ROOT / "benchmarks" / "data" / "refusals.json"
PAGE = ROOT / "docs" / "verify-refusals.md"
PACK, UNPACK = "pack_padded_sequence", "pad_packed_sequence"


@dataclass(frozen=True, slots=True)
class Wrong:
    """A wrong rewrite. kind: the change that makes it wrong; of: what it is a rewrite of."""

    kind: str
    of: str
    before: str
    after: str
    select: str = "PCK,PCK402"

    def __str__(self) -> str:
        return f"{self.of}, {self.kind}"


# --- one change each that makes a right rewrite wrong ---

Mutator = Callable[[Module, ast.AST], Iterator[list[Edit]]]
MUTATORS: dict[str, Mutator] = {}


def mutator(name: str) -> Callable[[Mutator], Mutator]:
    def known(function: Mutator) -> Mutator:
        MUTATORS[name] = function
        return function

    return known


def _calls(where: ast.AST, *names: str) -> list[ast.Call]:
    """Calls of functions and methods by the last part of their names, in reading order."""
    found = [
        one for one in ast.walk(where) if isinstance(one, ast.Call) and ast.unparse(one.func).split(".")[-1] in names
    ]
    return sorted(found, key=lambda one: (one.lineno, one.col_offset))


def _wrapped(name: str, at: int, keyword: str, form: str, called: str) -> None:
    """A mutator that puts an argument into a form with `{}` for it."""

    @mutator(name)
    def change(module: Module, where: ast.AST) -> Iterator[list[Edit]]:
        for call in _calls(where, called):
            value = argument(call, at, keyword)
            if value is not None:
                yield [module.replace(value, form.format(module.text(value)))]


for _name, _form in {
    "lengths of other rows: flipped": "torch.as_tensor({}).flip(0)",
    "lengths of other rows: rolled": "torch.as_tensor({}).roll(1)",
    "lengths sorted, the batch not": "torch.as_tensor({}).sort(descending=True)[0]",
    "lengths one too short": "(torch.as_tensor({}) - 1).clamp(min=1)",
    "lengths one too long": "(torch.as_tensor({0}) + 1).clamp(max=int(max({0})))",
    "lengths halved": "(torch.as_tensor({}) + 1) // 2",
    "every length the longest": "torch.full_like(torch.as_tensor({0}), int(max({0})))",
}.items():
    _wrapped(_name, 1, "lengths", _form, PACK)
for _name, _form in {
    "input without gradient": "({}).detach()",
    "input in half precision": "({0}).float().to(({0}).dtype)",
    "input turned on its first axis": "({}).flip(0)",
    "input turned on its second axis": "({}).flip(1)",
    "input of zeros": "torch.zeros_like({})",
    "input twice as large": "({}) * 2",
    "input rolled by a step": "({}).roll(1, 1)",
    "features of the input turned": "({}).flip(-1)",
}.items():
    _wrapped(_name, 0, "input", _form, PACK)
_wrapped("unpacked one step too wide", 3, "total_length", "{} + 1", UNPACK)
_wrapped("unpacked two steps too wide", 3, "total_length", "{} + 2", UNPACK)
_wrapped("mask inverted", 0, "mask", "~({})", "masked_fill")

_wrapped("mask of other rows", 0, "mask", "({}).flip(0)", "masked_fill")
_wrapped("mask of nothing", 0, "mask", "({}) & False", "masked_fill")


def _flag(name: str, called: str, at: int, keyword: str) -> None:
    @mutator(name)
    def change(module: Module, where: ast.AST) -> Iterator[list[Edit]]:
        for call in _calls(where, called):
            value = argument(call, at, keyword)
            if value is None:
                if call.args:
                    yield [Edit(module.span(call.args[-1])[1], module.span(call.args[-1])[1], f", {keyword}=True")]
            elif isinstance(value, ast.Constant):
                yield [module.replace(value, str(not value.value))]


_flag("packed in the other layout", PACK, 2, "batch_first")
_flag("unpacked in the other layout", UNPACK, 1, "batch_first")


@mutator("packed and unpacked in the other layout")
def _both_layouts(module: Module, where: ast.AST) -> Iterator[list[Edit]]:
    packs = [*MUTATORS["packed in the other layout"](module, where)]
    unpacks = [*MUTATORS["unpacked in the other layout"](module, where)]
    if len(packs) == len(unpacks) == 1:
        yield packs[0] + unpacks[0]


@mutator("enforce_sorted left out")
def _enforce_sorted_dropped(module: Module, where: ast.AST) -> Iterator[list[Edit]]:
    for call in _calls(where, PACK):
        for keyword in call.keywords:
            if keyword.arg == "enforce_sorted" and is_constant(keyword.value, False):
                yield [_without(module, call, keyword)]


@mutator("enforce_sorted forced")
def _enforce_sorted_forced(module: Module, where: ast.AST) -> Iterator[list[Edit]]:
    for call in _calls(where, PACK):
        value = argument(call, 3, "enforce_sorted")
        if value is not None and is_constant(value, False):
            yield [module.replace(value, "True")]


@mutator("total_length left out")
def _total_length_dropped(module: Module, where: ast.AST) -> Iterator[list[Edit]]:
    for call in _calls(where, UNPACK):
        for keyword in call.keywords:
            if keyword.arg == "total_length":
                yield [_without(module, call, keyword)]


def _without(module: Module, call: ast.Call, keyword: ast.keyword) -> Edit:
    """A call without a keyword that is not its first argument."""
    given = sorted([module.span(one)[1] for one in call.args] + [module.span(one.value)[1] for one in call.keywords])
    end = module.span(keyword.value)[1]
    return Edit(given[given.index(end) - 1], end, "")


@mutator("total_length of the other axis")
def _total_length_other_axis(module: Module, where: ast.AST) -> Iterator[list[Edit]]:
    sizes = {
        target.id: statement.value
        for statement in ast.walk(where)
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    for call in _calls(where, UNPACK):
        value = argument(call, 3, "total_length")
        value = sizes.get(value.id) if isinstance(value, ast.Name) else value
        for size in _calls(value, "size") if value is not None else []:
            if size.args and isinstance(size.args[0], ast.Constant) and size.args[0].value in (0, 1):
                yield [module.replace(size.args[0], str(1 - size.args[0].value))]


@mutator("unpacked to the longest row by hand")
def _longest(module: Module, where: ast.AST) -> Iterator[list[Edit]]:
    for pack, call in zip(_calls(where, PACK), _calls(where, UNPACK), strict=False):
        value, lengths = argument(call, 3, "total_length"), argument(pack, 1, "lengths")
        if value is not None and lengths is not None and "lengths" in module.text(lengths):
            yield [module.replace(value, "int(max(lengths))")]


@mutator("not unpacked")
def _not_unpacked(module: Module, where: ast.AST) -> Iterator[list[Edit]]:
    for statement in ast.walk(where):
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call):
            call, target = statement.value, statement.targets[0]
            if _calls(call, UNPACK)[:1] == [call] and isinstance(target, ast.Tuple):
                yield [module.replace(statement, f"{module.text(target.elts[0])} = {module.text(call.args[0])}")]


@mutator("unpacked and its rows in another order")
def _rows_turned(module: Module, where: ast.AST) -> Iterator[list[Edit]]:
    yield from _after_unpack(module, where, "{0} = {0}.flip(0 if {1} else 1)")


@mutator("unpacked without gradient")
def _unpacked_detached(module: Module, where: ast.AST) -> Iterator[list[Edit]]:
    yield from _after_unpack(module, where, "{0} = {0}.detach()")


@mutator("unpacked and a step late")
def _unpacked_late(module: Module, where: ast.AST) -> Iterator[list[Edit]]:
    yield from _after_unpack(module, where, "{0} = {0}.roll(1, 1 if {1} else 0)")


@mutator("unpacked with its directions changed over")
def _halves_changed(module: Module, where: ast.AST) -> Iterator[list[Edit]]:
    yield from _after_unpack(module, where, "{0} = {0}.roll({0}.size(-1) // 2, -1)")


def _after_unpack(module: Module, where: ast.AST, form: str) -> Iterator[list[Edit]]:
    """A statement after one that unpacks: `{0}` is the output, `{1}` whether the batch is first in it."""
    for statement in ast.walk(where):
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call):
            call, target = statement.value, statement.targets[0]
            if _calls(call, UNPACK)[:1] == [call] and isinstance(target, ast.Tuple):
                layout = argument(call, 1, "batch_first")
                first = "False" if layout is None else module.text(layout)
                line = form.format(module.text(target.elts[0]), first)
                end = module.span(statement)[1]
                before = module.source.splitlines()[statement.lineno - 1].decode()[: statement.col_offset]
                yield [Edit(end, end, f"\n{before}{line}" if before.isspace() else f"; {line}")]


SORTED = "torch.as_tensor({}).sort(descending=True)[0]"
ORDER = "torch.as_tensor({}).argsort(descending=True)"


@mutator("sorted and not put back")
def _not_put_back(module: Module, where: ast.AST) -> Iterator[list[Edit]]:
    yield from (edits for edits, _ in _sorted_by_hand(module, where))


@mutator("sorted and put back by the order that sorts")
def _put_back_wrongly(module: Module, where: ast.AST) -> Iterator[list[Edit]]:
    for edits, order in _sorted_by_hand(module, where):
        for more in _after_unpack(module, where, f"{{0}} = {{0}}[{order}] if {{1}} else {{0}}[:, {order}]"):
            yield edits + more


def _sorted_by_hand(module: Module, where: ast.AST) -> Iterator[tuple[list[Edit], str]]:
    for call in _calls(where, PACK):
        given, lengths = argument(call, 0, "input"), argument(call, 1, "lengths")
        if given is None or lengths is None:
            continue
        layout = argument(call, 2, "batch_first")
        order = ORDER.format(module.text(lengths))
        index = order if layout is not None and module.text(layout) != "False" else f":, {order}"
        edits = [
            module.replace(given, f"{module.text(given)}[{index}]"),
            module.replace(lengths, SORTED.format(module.text(lengths))),
        ]
        yield edits, order


@mutator("lengths left on the device")
def _left_on_device(module: Module, where: ast.AST) -> Iterator[list[Edit]]:
    for call in _calls(where, PACK):
        lengths = argument(call, 1, "lengths")
        if isinstance(lengths, ast.Call) and _calls(lengths, "as_tensor", "cpu")[:1]:
            inner = lengths.args[0] if lengths.args else lengths.func
            inner = inner.value if isinstance(inner, ast.Attribute) and not lengths.args else inner
            yield [module.replace(lengths, module.text(inner))]


@mutator("initial state left out")
def _no_state(module: Module, where: ast.AST) -> Iterator[list[Edit]]:
    for call in _layer_calls(where):
        for keyword in call.keywords:
            if keyword.arg == "hx":
                yield [_without(module, call, keyword)]
        if len(call.args) == 2:
            yield [Edit(module.span(call.args[0])[1], module.span(call.args[1])[1], "")]


@mutator("initial state of other rows")
def _other_state(module: Module, where: ast.AST) -> Iterator[list[Edit]]:
    for call in _layer_calls(where):
        given = argument(call, 1, "hx")
        if given is not None and not isinstance(given, ast.Tuple):
            yield [module.replace(given, f"({module.text(given)}).flip(1)")]


def _layer_calls(where: ast.AST) -> list[ast.Call]:
    """Calls of layers: of what an object holds."""
    found = [
        one
        for one in ast.walk(where)
        if isinstance(one, ast.Call)
        and isinstance(one.func, ast.Attribute)
        and ast.unparse(one.func.value) == "self"
        and re.search(r"lstm|gru|rnn|both|first|second|encoder", one.func.attr)
    ]
    return sorted(found, key=lambda one: (one.lineno, one.col_offset))


@mutator("packed, and the padded batch run")
def _padded_run(module: Module, where: ast.AST) -> Iterator[list[Edit]]:
    packs = {
        target.id: statement.value
        for statement in ast.walk(where)
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call)
        for target in statement.targets
        if isinstance(target, ast.Name) and _calls(statement.value, PACK)[:1] == [statement.value]
    }
    for call in _layer_calls(where):
        given = argument(call, 0, "input")
        if isinstance(given, ast.Name) and given.id in packs:
            padded = argument(packs[given.id], 0, "input")
            if padded is not None and module.text(padded) != given.id:
                yield [module.replace(given, module.text(padded))]


@mutator("state of the first layer")
def _first_layer(module: Module, where: ast.AST) -> Iterator[list[Edit]]:
    for read in _state_reads(where, -1) if _has_states(module, where) else []:
        yield [module.replace(read.slice, "0")]


@mutator("state of the other direction or the layer below")
def _other_direction(module: Module, where: ast.AST) -> Iterator[list[Edit]]:
    if _has_states(module, where):
        for index, other in ((-1, "-2"), (-2, "-1")):
            for read in _state_reads(where, index):
                yield [module.replace(read.slice, other)]


@mutator("directions of the state changed over")
def _directions_changed(module: Module, where: ast.AST) -> Iterator[list[Edit]]:
    ones, others = _state_reads(where, -1), _state_reads(where, -2)
    for one, other in zip(ones, others, strict=False):
        yield [module.replace(one.slice, "-2"), module.replace(other.slice, "-1")]


@mutator("state without gradient")
def _state_detached(module: Module, where: ast.AST) -> Iterator[list[Edit]]:
    for read in _state_reads(where, -1):
        yield [module.replace(read, f"{module.text(read)}.detach()")]


@mutator("state of other rows")
def _state_of_others(module: Module, where: ast.AST) -> Iterator[list[Edit]]:
    for read in _state_reads(where, -1):
        yield [module.replace(read, f"{module.text(read)}.flip(0)")]


def _has_states(module: Module, where: ast.AST) -> bool:
    """Whether every layer that is called has more states than one; of one, the first is the last."""
    made = {
        ast.unparse(one.targets[0]): ast.unparse(one.value)
        for one in ast.walk(module.tree)
        if isinstance(one, ast.Assign)
    }
    layers = [made.get(ast.unparse(call.func), "") for call in _layer_calls(where)]
    return bool(layers) and all("num_layers" in one or "bidirectional=True" in one for one in layers)


def _state_reads(where: ast.AST, index: int) -> list[ast.Subscript]:
    """Reads of one state by its place, from what is called a state."""
    found = [
        one
        for one in ast.walk(where)
        if isinstance(one, ast.Subscript)
        and is_index(one, index)
        and isinstance(one.ctx, ast.Load)
        and re.search(r"h_?n|hidden|^h$|^c$|state|\[1\]|last|_final", ast.unparse(one.value))
    ]
    return sorted(found, key=lambda one: (one.lineno, one.col_offset))


@mutator("the cell state for the hidden state")
def _cell(module: Module, where: ast.AST) -> Iterator[list[Edit]]:
    for target in ast.walk(where):
        if isinstance(target, ast.Tuple) and isinstance(target.ctx, ast.Store) and len(target.elts) == 2:
            state = target.elts[1]
            if isinstance(state, ast.Tuple) and len(state.elts) == 2:
                one, other = map(module.text, state.elts)
                yield [module.replace(state, f"({other}, {one})")]
    for read in ast.walk(where):
        if isinstance(read, ast.Subscript) and is_index(read, 0) and isinstance(read.value, ast.Subscript):
            if is_index(read.value, 1) and _layer_calls(read.value):
                yield [module.replace(read.slice, "1")]


@mutator("joined on another axis")
def _other_axis(module: Module, where: ast.AST) -> Iterator[list[Edit]]:
    for call in _calls(where, "cat"):
        value = argument(call, 1, "dim")
        if value is not None and module.text(value) in {"-1", "1", "2"}:
            yield [module.replace(value, "0")]


@mutator("the batch not brought to the front")
def _not_to_front(module: Module, where: ast.AST) -> Iterator[list[Edit]]:
    for call in _calls(where, "reshape"):
        if isinstance(call.func, ast.Attribute) and _calls(call.func.value, "transpose")[:1] == [call.func.value]:
            inner = call.func.value
            assert isinstance(inner, ast.Call)
            assert isinstance(inner.func, ast.Attribute)
            yield [module.replace(inner, module.text(inner.func.value))]


@mutator("the batch brought to the front by a view")
def _by_a_view(module: Module, where: ast.AST) -> Iterator[list[Edit]]:
    for call in _calls(where, "transpose"):
        inner = call.func.value if isinstance(call.func, ast.Attribute) else None
        if isinstance(inner, ast.Name) and [module.text(one) for one in call.args] == ["0", "1"]:
            name = inner.id
            yield [module.replace(call, f"{name}.reshape({name}.size(1), {name}.size(0), {name}.size(2))")]


@mutator("mask one step too late")
def _one_late(module: Module, where: ast.AST) -> Iterator[list[Edit]]:
    for one in _compares(where, ast.GtE):
        yield [_operator(module, one, ">")]


@mutator("mask one step too early")
def _one_early(module: Module, where: ast.AST) -> Iterator[list[Edit]]:
    for one in _compares(where, ast.GtE):
        yield [module.replace(one.left, f"({module.text(one.left)}) + 1")]


@mutator("mask of the real steps")
def _real_steps(module: Module, where: ast.AST) -> Iterator[list[Edit]]:
    for one in _compares(where, ast.GtE):
        yield [_operator(module, one, "<")]
    for one in _compares(where, ast.Eq):
        yield [_operator(module, one, "!=")]


@mutator("mask of another id")
def _other_id(module: Module, where: ast.AST) -> Iterator[list[Edit]]:
    for one in _compares(where, ast.Eq):
        yield [module.replace(one.comparators[0], f"{module.text(one.comparators[0])} + 1")]


@mutator("mask by the lengths of other rows")
def _mask_lengths(module: Module, where: ast.AST) -> Iterator[list[Edit]]:
    for one in _compares(where, ast.GtE):
        yield [module.replace(one.comparators[0], f"({module.text(one.comparators[0])}).flip(0)")]


def _compares(where: ast.AST, kind: type[ast.cmpop]) -> list[ast.Compare]:
    """Comparisons that make a mask: with lengths, or with the id of the padding."""
    found = [one for one in ast.walk(where) if isinstance(one, ast.Compare) and isinstance(one.ops[0], kind)]
    return [one for one in found if kind is not ast.Eq or "padding" in ast.unparse(one.comparators[0])]


def _operator(module: Module, one: ast.Compare, text: str) -> Edit:
    return Edit(module.span(one.left)[1], module.span(one.comparators[0])[0], f" {text} ")


@mutator("zero for the padding where another value is due")
def _filled_with_zero(module: Module, where: ast.AST) -> Iterator[list[Edit]]:
    for call in _calls(where, "masked_fill"):
        value = argument(call, 1, "value")
        if value is not None and "inf" in module.text(value):
            yield [module.replace(value, "0")]


@mutator("another value for the padding where zero is due")
def _filled_with_one(module: Module, where: ast.AST) -> Iterator[list[Edit]]:
    for call in _calls(where, "masked_fill"):
        value = argument(call, 1, "value")
        if value is not None and module.text(value) in {"0", "0.0"}:
            yield [module.replace(value, "1")]


@mutator("not masked")
def _not_masked(module: Module, where: ast.AST) -> Iterator[list[Edit]]:
    for call in _calls(where, "masked_fill"):
        if isinstance(call.func, ast.Attribute):
            yield [module.replace(call, module.text(call.func.value))]


@mutator("sum not divided")
def _not_divided(module: Module, where: ast.AST) -> Iterator[list[Edit]]:
    for one in _divisions(where):
        yield [module.replace(one, module.text(one.left))]


@mutator("sum divided by the width")
def _by_the_width(module: Module, where: ast.AST) -> Iterator[list[Edit]]:
    for one in _divisions(where):
        yield [module.replace(one.right, f"({module.text(one.right)}).max()")]


@mutator("sum divided by the lengths of other rows")
def _by_others(module: Module, where: ast.AST) -> Iterator[list[Edit]]:
    for one in _divisions(where):
        yield [module.replace(one.right, f"({module.text(one.right)}).flip(0)")]


@mutator("mean of the masked steps")
def _mean(module: Module, where: ast.AST) -> Iterator[list[Edit]]:
    for one in _divisions(where):
        if isinstance(one.left, ast.Call) and isinstance(one.left.func, ast.Attribute):
            _, end = module.span(one.left.func)
            yield [Edit(end - 3, end, "mean"), Edit(module.span(one.left)[1], module.span(one)[1], "")]


def _divisions(where: ast.AST) -> list[ast.BinOp]:
    return [
        one
        for one in ast.walk(where)
        if isinstance(one, ast.BinOp) and isinstance(one.op, ast.Div) and _calls(one.left, "sum")
    ]


@mutator("softmax over another axis")
def _softmax_axis(module: Module, where: ast.AST) -> Iterator[list[Edit]]:
    for call in _calls(where, "softmax"):
        method = isinstance(call.func, ast.Attribute) and bool(_calls(call.func.value, "masked_fill"))
        value = argument(call, 0 if method else 1, "dim")
        if value is not None:
            yield [module.replace(value, "0")]


@mutator("masked behind the softmax")
def _mask_behind(module: Module, where: ast.AST) -> Iterator[list[Edit]]:
    for call in _calls(where, "softmax"):
        inner = next(iter(_calls(call, "masked_fill")), None)
        if inner is None or not isinstance(inner.func, ast.Attribute):
            continue
        mask = argument(inner, 0, "mask")
        assert mask is not None
        end = module.span(call)[1]
        yield [
            module.replace(inner, module.text(inner.func.value)),
            Edit(end, end, f".masked_fill({module.text(mask)}, 0)"),
        ]


@mutator("maximum taken for the minimum")
def _minimum(module: Module, where: ast.AST) -> Iterator[list[Edit]]:
    for call in _calls(where, "max", "amax"):
        if _calls(call, "masked_fill"):
            end = module.span(call.func)[1]
            yield [Edit(end - 3, end, "min")]


@mutator("maximum taken for the mean")
def _maximum(module: Module, where: ast.AST) -> Iterator[list[Edit]]:
    for one in _divisions(where):
        if isinstance(one.left, ast.Call) and isinstance(one.left.func, ast.Attribute):
            end = module.span(one.left.func)[1]
            yield [Edit(end - 3, end, "amax"), Edit(module.span(one.left)[1], module.span(one)[1], "")]


@mutator("weights of another name")
def _renamed(module: Module, where: ast.AST) -> Iterator[list[Edit]]:
    calls = _layer_calls(where)
    if not calls:
        return
    func = calls[0].func
    assert isinstance(func, ast.Attribute)
    uses = [
        one
        for one in ast.walk(module.tree)
        if isinstance(one, ast.Attribute) and one.attr == func.attr and ast.unparse(one.value) == "self"
    ]
    yield [module.replace(one, f"self.{func.attr}_") for one in uses]


@mutator("another layer in its place")
def _rebuilt(module: Module, where: ast.AST) -> Iterator[list[Edit]]:
    calls = _layer_calls(where)
    for one in ast.walk(module.tree):
        if calls and isinstance(one, ast.Assign) and ast.unparse(one.targets[0]) == ast.unparse(calls[0].func):
            if isinstance(one.value, ast.Call) and one.value.keywords:
                kept = [k for k in one.value.keywords if k.arg != "num_layers"]
                text = ", ".join(
                    [*map(module.text, one.value.args), *(f"{k.arg}={module.text(k.value)}" for k in kept)]
                )
                yield [module.replace(one.value, f"{module.text(one.value.func)}({text}, num_layers=4)")]


# --- the wrong rewrites ---


MOST = 16  # pairs for a kind, spread over all that it fits


def mutants(pairs: Sequence[Pair]) -> list[Wrong]:
    """At most one mutant of each kind for a pair, in the functions that the fix changed, from `MOST` pairs each."""
    found: dict[str, list[Wrong]] = {}
    for pair in pairs:
        for one in _mutants(pair):
            found.setdefault(one.kind, []).append(one)
    return [one for some in found.values() for one in some[:: -(-len(some) // MOST)]]


def _mutants(pair: Pair) -> Iterator[Wrong]:
    for kind in MUTATORS:
        text = next(_texts(pair, kind), None)
        if text is not None and no_mistake(kind, pair) is None:
            yield Wrong(kind, str(pair), pair.before, text, pair.rules)
    if no_mistake(NOTHING, pair) is None:
        yield Wrong(NOTHING, str(pair), pair.before, pair.before, pair.rules)


def _texts(pair: Pair, kind: str) -> Iterator[str]:
    """The texts that a kind of change makes of a pair's rewrite."""
    module, changed = _changed(pair)
    for function in changed:
        for edits in MUTATORS[kind](module, function):
            text = apply(module.source, edits).decode()
            if text not in (pair.after, pair.before):
                yield text


@functools.cache
def _changed(pair: Pair) -> tuple[Module, list[ast.FunctionDef]]:
    """The rewrite, and its functions that the fix changed."""
    module = Module(pair.after.encode())
    had = {ast.dump(one) for one in ast.walk(ast.parse(pair.before)) if isinstance(one, ast.FunctionDef)}
    functions = [one for one in ast.walk(module.tree) if isinstance(one, ast.FunctionDef)]
    return module, [one for one in functions if ast.dump(one) not in had]


NOTHING = "nothing is changed"
BEHIND = {
    "unpacked and a step late",
    "unpacked with its directions changed over",
    "unpacked without gradient",
    "state without gradient",
}
"""Changes of what the layer gave, behind it."""


def no_mistake(kind: str, pair: Pair) -> str | None:
    """Why a mutant of this kind is none to be refused, known from the pair alone; None where it must be refused."""
    if kind == NOTHING and "same" in pair.run:
        return "the code before is right, too"
    if kind.startswith("initial state") and re.search(r"new_zeros|new_ones|torch\.zeros", pair.after):
        return "an initial state of zeros is the same as none, and one that is the same for all rows in any order"
    if kind in BEHIND and "truth" in pair.run:
        return "the code before is wrong, or raises, without padding as well: nothing says what is to come out"
    return None


def by_hand() -> list[Wrong]:
    """The rewrites of `tests/fixers/wrong.py`, each of a method of the model that stands there."""
    head, *parts = re.split(r"^# wrong: (\w+), (.+)\n", WRONG.read_text(encoding="utf-8"), flags=re.M)
    top, _, model = head.partition("class Model(Layers):\n")
    bodies = {
        one.name: textwrap.dedent("\n".join(model.splitlines()[one.body[0].lineno - 2 : one.end_lineno - 1]))  # type: ignore[operator]
        for one in ast.walk(ast.parse("class Model(Layers):\n" + model))
        if isinstance(one, ast.FunctionDef)
    }

    def text(body: str) -> str:
        inner = textwrap.indent(body.strip("\n"), " " * 8)
        return f"{top}class Model(Layers):\n    def forward(self, ids, lengths):\n{inner}\n"

    return [
        Wrong(kind, wanted, text(bodies[wanted]), text(body))
        for wanted, kind, body in zip(parts[::3], parts[1::3], parts[2::3], strict=True)
    ]


# --- the runs, and what is kept of them ---


def refusing(one: Wrong) -> list[str]:
    """The gating relations that refuse a rewrite; none where it is not refused."""
    from benchmarks.proved import proved

    evidence = proved(one.before, one.after, one.select)
    refused = [site for site in evidence if site.verdict == "failed"]
    return sorted(
        {relation.name for site in refused for relation in site.relations if relation.gates and relation.fails}
    )


def passing(pair: Pair) -> list[str]:
    """The verdicts on the sites of a pair."""
    from benchmarks.proved import proved

    return [site.verdict for site in proved(pair.before, None, pair.rules)]


def measured(jobs: int) -> dict[str, object]:
    """The tally of all of it."""
    import benchmarks.proved  # noqa: F401  (so that no process of the pool has to)

    pairs, wrong = run_pairs(), [*by_hand(), *mutants(run_pairs())]
    context = multiprocessing.get_context("fork")
    with context.Pool(jobs, maxtasksperchild=50) as pool:
        found = pool.map(refusing, wrong, chunksize=5)
        verdicts = [verdict for some in pool.map(passing, pairs, chunksize=5) for verdict in some]
    taken = [str(one) for one, names in zip(wrong, found, strict=True) if not names]
    tally: dict[str, dict[str, object]] = {}
    hand = {str(one) for one in by_hand()}
    for kind in dict.fromkeys(one.kind for one in wrong if str(one) not in hand):
        names = [some for one, some in zip(wrong, found, strict=True) if one.kind == kind and str(one) not in hand]
        tally[kind] = {"mutants": len(names), "relations": dict(Counter(name for some in names for name in some))}
    byhand = {str(one): names for one, names in zip(wrong, found, strict=True) if str(one) in hand}
    return {
        "taken": taken,
        "right": {"pairs": len(pairs), "sites": len(verdicts), "passed": verdicts.count("passed")},
        "by hand": byhand,
        "mutants": tally,
        "left out": dict(sorted(Counter(_left_out()).items())),
    }


def _left_out() -> Iterator[str]:
    for pair in run_pairs():
        for kind in (*MUTATORS, NOTHING):
            reason = no_mistake(kind, pair)
            if reason is not None and (kind == NOTHING or any(True for _ in _texts(pair, kind))):
                yield reason


HEAD = """\
# What `packlint verify` refuses

This page is written by `python -m benchmarks.refusals`, which runs all of what it lists; a table of a run is in
`benchmarks/data/refusals.json`.

A proof is worth what it refuses. Below, rewrites that are wrong stand in the place of a fix, and are judged by the code
that judges a fix: every one of them must be refused, by name, by a relation that decides."""


def page(found: dict[str, object]) -> str:
    """docs/verify-refusals.md."""
    right, taken, byhand, tally, left = (found[key] for key in ("right", "taken", "by hand", "mutants", "left out"))
    assert isinstance(right, dict)
    assert isinstance(taken, list)
    assert isinstance(byhand, dict)
    assert isinstance(tally, dict)
    assert isinstance(left, dict)
    count = sum(one["mutants"] for one in tally.values())
    missed = f"{len(taken)} were not refused" + (f": {'; '.join(taken)}." if taken else ".")
    sites = f"Of the {right['sites']} sites of the {right['pairs']} right rewrites that they come from,"
    what = "What a fix makes of the cases in `tests/fixers/pairs`, with one change."
    lines = [
        HEAD,
        "",
        f"Of {len(byhand)} rewrites by hand and {count} mutants, {missed}",
        f"{sites} {right['passed']} passed.",
        "",
        "## Mutants",
        "",
        f"{what} A kind is tried on {MOST} cases at most. The number behind a relation is how many mutants it refused.",
        "",
        "| change | mutants | refused by |",
        "| --- | --- | --- |",
    ]
    for kind, one in tally.items():
        names = sorted(one["relations"].items(), key=lambda item: (-item[1], item[0]))
        lines.append(f"| {kind} | {one['mutants']} | {', '.join(f'{name} {number}' for name, number in names)} |")
    lines += ["", "Left out, since they are no mistakes, or none that anything could tell:", ""]
    lines += [f"- {reason} ({number} mutants);" for reason, number in left.items()]
    lines += [
        "- the first state read instead of the last, of a layer that has one;",
        "- what raises behind the layer, where the code before raises as well: that is `unverified`.",
        "",
        "## By hand",
        "",
        "The rewrites of `tests/fixers/wrong.py`.",
        "",
        "| of | mistake | refused by |",
        "| --- | --- | --- |",
    ]
    for name, names in byhand.items():
        wanted, _, kind = name.partition(", ")
        lines.append(f"| {wanted} | {kind} | {', '.join(names)} |")
    return "\n".join(lines) + "\n"


def read_data() -> dict[str, object]:
    """What the last run found."""
    found: dict[str, object] = json.loads(DATA.read_text(encoding="utf-8"))
    return found


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Which wrong rewrites are refused, and by what.")
    parser.add_argument("--jobs", type=int, default=multiprocessing.cpu_count())
    options = parser.parse_args(argv)
    import torch

    torch.set_num_threads(1)
    found = measured(options.jobs)
    DATA.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(found), encoding="utf-8")
    taken, right = found["taken"], found["right"]
    assert isinstance(taken, list)
    assert isinstance(right, dict)
    for one in taken:
        print(f"not refused: {one}")
    print(PAGE.relative_to(ROOT), right)
    return int(bool(taken) or right["passed"] != right["sites"])


if __name__ == "__main__":
    raise SystemExit(main())
