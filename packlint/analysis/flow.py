"""The interpreter: walks functions on abstract values, follows calls, and emits events.

A frame runs one function on one set of arguments. Paths are kept apart while they differ in something that matters
(a tensor, a layer, a packed batch), and two tests of the same unknown flag agree on a path. Calls of the project's own
functions are followed, so that an event deep in a helper carries the values of the caller. What the interpreter does
not know becomes `Unknown`, never an error.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING

from packlint.analysis import data, layers
from packlint.analysis.events import AtHand, Embedded, Event, Fact, Site
from packlint.analysis.lengths import lengths_word, mask_word, model_word
from packlint.analysis.memory import Record, call_key
from packlint.analysis.names import ClassInfo, FunctionInfo, code_of
from packlint.analysis.tensors import arithmetic, attributes, calls, indexing, masks, uses
from packlint.analysis.tensors.base import (
    as_list,
    as_tensor,
    batch_axis,
    is_method,
    moved,
    named_mask,
    named_model,
    short,
)
from packlint.analysis.values import (
    LIMIT,
    NONE,
    UNKNOWN,
    Batch,
    Bound,
    Choice,
    Class,
    Const,
    External,
    Function,
    Instance,
    Mapping,
    Module,
    Object,
    Packed,
    Partial,
    Sequence,
    Shape,
    Size,
    State,
    Tensor,
    Unknown,
    Value,
    alternatives,
    constant,
    join,
    number,
    same,
    truth,
)

if TYPE_CHECKING:
    from packlint.analysis.project import Project

PATHS = 6  # paths of a function that are kept apart
DEPTH = 14  # calls that are followed into one another
STEPS = 10_000  # expressions that one run may evaluate

LOOPS = (ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith)
PLAIN = frozenset({Unknown, Const, Size, External, Function, Class, Module, Shape, Bound})
LAYOUT_IN_PLACE = {"transpose_", "swapaxes_", "unsqueeze_", "squeeze_"}
NOTHING_AT_HAND = PLAIN | {Instance, Object}
"""Kinds of values that neither are nor hold lengths or a mask."""


class StepsExhaustedError(Exception):
    """A run has evaluated as many expressions as it may."""


@dataclass(slots=True)
class Path:
    """The variables on one path through a function, and the conditions that hold there."""

    env: dict[str, Value]
    conditions: dict[str, bool] = field(default_factory=dict)

    def copy(self) -> Path:
        return Path(dict(self.env), dict(self.conditions))


@dataclass(slots=True, eq=False)
class Context:
    """One way a function is called: the object it belongs to, its arguments by name, and the call."""

    this: Value | None
    arguments: dict[str, Value]
    site: Site
    given: frozenset[str]
    record: Record | None = None  # what came of it, where it was followed

    @property
    def tells(self) -> bool:
        """Whether something is known of what is passed."""
        return any(telling(self.arguments[name]) for name in self.given)


@dataclass(slots=True, eq=False)
class OpenCall:
    """A call of a model that is not known, such as one that is chosen by a string; `word` is the model's name."""

    site: Site
    word: str
    method: str
    args: list[Value]
    keywords: dict[str, Value]

    @property
    def tells(self) -> bool:
        """Whether something is known of its arguments."""
        return any(telling(value) for value in [*self.args, *self.keywords.values()])


@dataclass(slots=True, eq=False)
class Run:
    """What one run of the interpreter finds: events, and the calls of the project's own functions."""

    project: Project
    record: Record = field(default_factory=lambda: Record({}))  # of the call that is being followed
    events: list[Event] = field(default_factory=list)
    calls: dict[FunctionInfo, list[Context]] = field(default_factory=dict)
    open_calls: list[OpenCall] = field(default_factory=list)
    steps: int = 0
    returned: Value = UNKNOWN
    cut_short: bool = False  # it came to a bound before its end
    open: bool = False  # run with open arguments, so that callers could tell more

    def emit(self, event: Event) -> None:
        self.record.items.append(event)

    def note_call(self, info: FunctionInfo, context: Context) -> None:
        self.record.items.append((info, context))

    def gather(self) -> None:
        """The events and calls that the records hold, those of the calls within included."""
        for item in self.record.walk(set()):
            if isinstance(item, tuple):
                self.calls.setdefault(item[0], []).append(item[1])
            elif isinstance(item, OpenCall):
                self.open_calls.append(item)
            else:
                self.events.append(item)


@dataclass(slots=True, eq=False)
class Frame:
    """One function on one set of arguments."""

    run: Run
    info: FunctionInfo
    this: Value | None = None
    closure: dict[str, Value] | None = None
    stack: tuple[Site, ...] = ()
    caller: Frame | None = None
    owner: ClassInfo | None = None
    returns: list[tuple[Value, Path]] = field(default_factory=list)
    yields: list[Value] = field(default_factory=list)
    at_hand: list[AtHand] = field(default_factory=list)
    embedded: list[Embedded] = field(default_factory=list)
    loops: int = 0
    over: list[Value] = field(default_factory=list)  # what the `for` loops around run over
    path: Path = field(default_factory=lambda: Path({}))
    breaks: list[list[Path]] = field(default_factory=list)
    context_fact: Fact | None = None
    given: frozenset[str] = frozenset()
    maybe: int = 0  # expressions around the current one that may leave it out
    changed: dict[str, Value] = field(default_factory=dict)  # by name, what was changed in place
    project: Project = field(init=False)

    def __post_init__(self) -> None:
        self.project = self.run.project

    # ------------------------------------------------------------------ places

    def site(self, node: ast.AST) -> Site:
        return Site(self.info.module, node, self.info, self.stack)

    def fact(self, node: ast.AST, text: str) -> Fact:
        return Fact(self.info.module.filename, getattr(node, "lineno", 1), text)

    @property
    def depth(self) -> int:
        return len(self.stack)

    @property
    def constructing(self) -> bool:
        """Whether an object is being made."""
        return self.info.name == "__init__" or any(site.function.name == "__init__" for site in self.stack)

    # -------------------------------------------------------------- statements

    def execute(self, path: Path) -> Value:
        """Run the body from a path; the value is what the function returns (for a generator, what it yields)."""
        last = self.block(self.info.body, [path])
        self.finish([*last, *(p for _, p in self.returns)])
        if self.yields:
            return Sequence(None, join(self.yields), kind="generator")
        values = [value for value, _ in self.returns]
        if not values:
            return NONE
        return join(values)

    def finish(self, paths: list[Path]) -> None:
        """Attributes set on objects get the value that they have at the end of any path."""
        written: dict[str, list[Value]] = {}
        for path in paths:
            for key, value in path.env.items():
                if key[0] == "@":
                    written.setdefault(key, []).append(value)
        for key, values in written.items():
            holder = self.project.world.holders.get(key)
            if holder is not None:
                self.set_attribute(*holder, join(values))

    def set_attribute(self, holder: Instance, name: str, value: Value) -> None:
        self.run.record.note_write(holder, name, value)
        holder.attrs[name] = value

    def block(self, statements: list[ast.stmt], paths: list[Path]) -> list[Path]:
        for statement in statements:
            if not paths:
                return []
            method = STATEMENTS.get(type(statement))
            if method is None:
                continue
            if len(paths) == 1:
                self.path = paths[0]
                paths = method(self, statement, paths[0])
            else:
                reached: list[Path] = []
                for path in paths:
                    self.path = path
                    reached += method(self, statement, path)
                paths = reached
            if len(paths) > PATHS:
                paths = merge(paths)
        return paths

    def expression_statement(self, node: ast.Expr, path: Path) -> list[Path]:
        self.eval(node.value)
        return [path]

    def assign(self, node: ast.Assign, path: Path) -> list[Path]:
        value = self.eval(node.value)
        for target in node.targets:
            self.bind(target, value)
            if isinstance(target, ast.Name) and isinstance(node.value, (ast.Subscript, ast.BinOp, ast.Compare)):
                bound = path.env.get(target.id)
                if isinstance(bound, Unknown) and bound.key:
                    path.conditions.setdefault(f"{bound.key} is None", False)  # a part or a sum of something
        return [path]

    def annotated(self, node: ast.AnnAssign, path: Path) -> list[Path]:
        if node.value is not None:
            self.bind(node.target, self.eval(node.value))
        return [path]

    def augmented(self, node: ast.AugAssign, path: Path) -> list[Path]:
        load = ast.copy_location(as_load(node.target), node.target)
        value = self.binary(node, node.op, self.eval(load), self.eval(node.value))
        self.bind(node.target, value)
        if isinstance(node.target, ast.Name) and data.is_padded_row(value):
            self.changed[node.target.id] = value  # a list, which grew in place
        return [path]

    def returned(self, node: ast.Return, path: Path) -> list[Path]:
        value = self.eval(node.value) if node.value is not None else NONE
        self.returns.append((value, path))
        if node.value is not None:
            uses.on_return(self, node.value, value)
        return []

    def branch(self, node: ast.If, path: Path) -> list[Path]:
        again = self.again(node.test)
        outcome, assume = self.test(node.test)
        if outcome is None and again:
            outcome = self.known(again)
        if outcome is not None:
            self.refine(node.test, outcome)
            return self.block(node.body if outcome else node.orelse, [path])
        other = path.copy()
        self.assume(path, assume, True)
        self.decide(node.test, path, again, True)
        taken = self.block(node.body, [path])
        self.assume(other, assume, False)
        self.decide(node.test, other, again, False)
        left = self.block(node.orelse, [other])
        sorted_where_needed(taken, left)
        if self.loops:
            filled_in_turn(taken, left)
        return together(taken, left)

    def decide(self, test: ast.expr, path: Path, again: str, holds: bool) -> None:
        """What a test says, be it written again, once it is known on a path."""
        self.path = path
        self.refine(test, holds)
        if again:
            path.conditions[again] = path.conditions[self.again(test)] = holds

    def loop(self, node: ast.For | ast.AsyncFor, path: Path) -> list[Path]:
        over = self.eval(node.iter)
        data.filling_loop(self, node)
        entries = data.entries(over)
        if entries and len(entries) <= data.APART and not any(isinstance(s, LOOPS) for s in node.body):
            return self.entry_by_entry(node, entries, path)
        self.bind(node.target, data.items_of(self, node.iter, over))
        counter = self.counter(node)
        if counter:
            path.conditions.update(at_first(counter))
        self.changed.pop(getattr(node.target, "id", ""), None)
        self.over.append(over)
        left = self.repeat(node.body, [], path, counter)
        self.over.pop()
        left = self.with_changed_items(node, over, left)
        return self.block(node.orelse, merge(left)) if node.orelse else left

    def with_changed_items(self, node: ast.For | ast.AsyncFor, over: Value, paths: list[Path]) -> list[Path]:
        """`for row in rows: row.extend([PAD] * n)`: rows that were filled in place are filled in their list."""
        if isinstance(node.target, ast.Name) and isinstance(node.iter, (ast.Name, ast.Attribute)):
            for path in paths:
                filled = path.env.get(node.target.id)
                if data.is_padded_row(filled) and self.changed.get(node.target.id) is filled:
                    self.path = path
                    self.rebind(node.iter, data.list_of(filled, over))
        return paths

    def counter(self, node: ast.For | ast.AsyncFor) -> str:
        """What counts the rounds of `for i in range(n)` and `for i, x in enumerate(xs)`, as conditions call it."""
        call = node.iter
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or len(call.args) != 1:
            return ""
        first = node.target.elts[0] if isinstance(node.target, ast.Tuple) and node.target.elts else None
        target = {"range": node.target, "enumerate": first}.get(call.func.id)
        value = self.path.env.get(target.id) if isinstance(target, ast.Name) else None
        return value.key or "" if isinstance(value, Unknown) else ""

    def entry_by_entry(self, node: ast.For | ast.AsyncFor, entries: list[Value], path: Path) -> list[Path]:
        """`for name, tensor in batch.items(): ...`: the entries of a known mapping stay apart."""
        paths = [path]
        for entry in entries:
            reached: list[Path] = []
            for one in paths:
                self.path = one
                self.bind(node.target, entry)
                reached.extend(self.repeat(node.body, [], one))
            paths = merge(reached)
        return self.block(node.orelse, paths) if node.orelse else paths

    def while_loop(self, node: ast.While, path: Path) -> list[Path]:
        data.filling_loop(self, node)
        self.eval(node.test)
        return self.repeat(node.body, node.orelse, path)

    def repeat(self, body: list[ast.stmt], orelse: list[ast.stmt], path: Path, counter: str = "") -> list[Path]:
        """A loop is walked once, and again where it carries a state of an RNN into the next round.

        It is walked again, too, where it asks whether this is the first round.
        """
        self.loops += 1
        self.breaks.append([])
        before = dict(path.env)
        left = self.block(body, [path])
        first = [key for key, _ in at_first(counter) if counter and key in self.run.record.asked]
        for after in left:
            for key in first:
                after.conditions[key] = not after.conditions.get(key, False)
        if first or any(carries_state(before, after.env) for after in left):
            left = self.block(body, left)
        left.extend(self.breaks.pop())
        self.loops -= 1
        return self.block(orelse, merge(left)) if orelse else left

    def leave(self, node: ast.stmt, path: Path) -> list[Path]:
        if self.breaks:
            self.breaks[-1].append(path)
        return []

    def stop(self, node: ast.stmt, path: Path) -> list[Path]:
        return []

    def with_block(self, node: ast.With | ast.AsyncWith, path: Path) -> list[Path]:
        for item in node.items:
            value = self.eval(item.context_expr)
            if item.optional_vars is not None:
                self.bind(item.optional_vars, value)
        return self.block(node.body, [path])

    def attempt(self, node: ast.Try, path: Path) -> list[Path]:
        before = path.copy()
        done = self.block(node.body, [path])
        done = self.block(node.orelse, done)
        for handler in node.handlers:
            done.extend(self.block(handler.body, [before.copy()]))
        return self.block(node.finalbody, merge(done))

    def nested(self, node: ast.FunctionDef | ast.AsyncFunctionDef, path: Path) -> list[Path]:
        info = self.project.nested(node, self.info)
        path.env[node.name] = Function(info, self.this, path.env)
        return [path]

    def nested_class(self, node: ast.ClassDef, path: Path) -> list[Path]:
        path.env[node.name] = Class(self.project.nested_class(node, self.info))
        return [path]

    def match(self, node: ast.Match, path: Path) -> list[Path]:
        self.eval(node.subject)
        done: list[Path] = []
        for case in node.cases:
            done.extend(self.block(case.body, [path.copy()]))
        return merge([*done, path])

    def imported(self, node: ast.Import | ast.ImportFrom, path: Path) -> list[Path]:
        return [path]  # a module's imports are collected once, wherever they stand

    # -------------------------------------------------------------- conditions

    def test(self, node: ast.expr) -> tuple[bool | None, list[tuple[str, bool]]]:
        """Whether a condition holds, and if that is not known, what follows where it does: (key, value) pairs."""
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            outcome, assume = self.test(node.operand)
            if outcome is not None:
                return not outcome, []
            return None, [(key, not value) for key, value in assume] if len(assume) == 1 else []
        if isinstance(node, ast.BoolOp):
            return self.test_all(node)
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            return self.test_compare(node)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"isinstance", "hasattr"}:
            return self.test_isinstance(node)
        value = self.eval(node)
        known = truth(value)
        if known is not None:
            return known, []
        if isinstance(value, (Instance, Object, Packed, State, Function, Class)):
            return (True, []) if not isinstance(value, Instance) else (None, [])
        if all(one_a_row(one) or self.hands_lengths_on(node, one) for one in alternatives(value)):
            return True, []  # a batch is not empty
        if isinstance(value, Unknown) and value.key:
            known = self.known(value.key)
            return known, [(value.key, True)]
        if isinstance(node, ast.Name) and isinstance(value, Tensor):
            key = f"value {id(value)}"
            return self.known(key), [(key, True)]
        return None, []

    def again(self, test: ast.expr) -> str:
        """A condition that a test comes to wherever the function repeats it while its variables stay what they are.

        "" where it is not repeated, or more is called in it than what only looks.
        """
        text = self.info.written_again(test)
        if not text:
            return ""
        variables = []
        for part in ast.walk(test):
            if isinstance(part, ast.Call) and not (isinstance(part.func, ast.Name) and part.func.id in LOOKS):
                return ""
            if isinstance(part, ast.Name) and part.id in self.path.env:
                variables.append(f"{part.id} {id(self.path.env[part.id])}")
        return f"{text} in {self.info.name} of {' and '.join(variables)}"

    def known(self, key: str) -> bool | None:
        """Whether a condition holds on this path, as far as that is known."""
        self.run.record.asked.add(key)
        return self.path.conditions.get(key)

    def test_all(self, node: ast.BoolOp) -> tuple[bool | None, list[tuple[str, bool]]]:
        self.maybe += 1
        found = self.test_each(node)
        self.maybe -= 1
        return found

    def test_each(self, node: ast.BoolOp) -> tuple[bool | None, list[tuple[str, bool]]]:
        conjunction = isinstance(node.op, ast.And)
        assumed: list[tuple[str, bool]] = []
        undecided = 0
        for part in node.values:
            outcome, assume = self.test(part)
            if outcome is not None and outcome != conjunction:
                return outcome, []
            if outcome is None:
                undecided += 1
                assumed.extend(assume)
        if not undecided:
            return conjunction, []
        return None, assumed if conjunction or (undecided == 1 and len(assumed) == 1) else []

    def test_compare(self, node: ast.Compare) -> tuple[bool | None, list[tuple[str, bool]]]:
        if is_type_test(node):
            outcome, assumed = self.decided(self.compared_type(node))
            if isinstance(node.ops[0], (ast.Is, ast.Eq)):
                return outcome, assumed
            return (None if outcome is None else not outcome), [(key, not value) for key, value in assumed]
        left, right, operator = self.eval(node.left), self.eval(node.comparators[0]), node.ops[0]
        negative = isinstance(operator, (ast.IsNot, ast.NotEq, ast.NotIn))
        if isinstance(operator, (ast.Is, ast.IsNot)) and same(right, NONE):
            if self.hands_lengths_on(node.left, left):
                return negative, []
            return self.test_none(left, negative)
        if isinstance(left, Unknown) and self.constructing and isinstance(constant(left.default), str):
            left = left.default or left  # the kind of a part, of which only the default is known
        key = ""
        outcome = None
        if is_batch_size(left) and number(right) == 1 and isinstance(operator, (ast.Eq, ast.NotEq, ast.Gt)):
            known, single = self.known(ONE_SAMPLE), isinstance(operator, ast.Eq)
            return (None, [(ONE_SAMPLE, single)]) if known is None else (known == single, [])
        if isinstance(operator, (ast.Eq, ast.NotEq, ast.Is, ast.IsNot)):
            if isinstance(left, Const) and isinstance(right, Const):
                outcome = left.value == right.value
            elif isinstance(left, Unknown) and left.key and isinstance(right, Const):
                key = f"{left.key} == {right.value!r}"
            elif isinstance(left, External) and isinstance(right, External):
                outcome = left.name == right.name
        elif isinstance(operator, (ast.In, ast.NotIn)) and isinstance(left, Const) and isinstance(right, Sequence):
            if right.items is not None and all(isinstance(i, Const) for i in right.items):
                outcome = any(isinstance(i, Const) and i.value == left.value for i in right.items)
        elif isinstance(operator, (ast.In, ast.NotIn)):
            if isinstance(left, Unknown) and left.key and isinstance(right, (Unknown, Sequence)):
                key = f"{left.key} in {short(node.comparators[0])}"
            elif isinstance(left, Const) and isinstance(right, Unknown) and right.key:
                key = f"{left.value!r} in {right.key}"
        elif isinstance(operator, (ast.Gt, ast.Lt, ast.GtE, ast.LtE)):
            a, b = constant(left), constant(right)
            if isinstance(a, (int, float)) and isinstance(b, (int, float)):
                outcome = COMPARE[type(operator)](a, b)
            elif isinstance(left, Unknown) and left.key and isinstance(right, Const):
                key = f"{left.key} {type(operator).__name__} {right.value!r}"
        if outcome is None and key:
            outcome = self.known(key)
        if outcome is not None:
            return outcome != negative, []
        return None, [(key, not negative)] if key else []

    def hands_lengths_on(self, node: ast.expr, value: Value) -> bool:
        """Whether a variable holds the lengths that the caller in sight passes: it has them, and they are no option."""
        given = isinstance(node, ast.Name) and node.id in self.given and lengths_word(node.id)
        return given and isinstance(value, Unknown) and value.default is None and bool(self.stack)

    def test_none(self, value: Value, negative: bool) -> tuple[bool | None, list[tuple[str, bool]]]:
        if isinstance(value, Const):
            return (value.value is None) != negative, []
        if isinstance(value, Unknown) and value.key:
            key = f"{value.key} is None"
            known = self.known(key)
            if known is not None:
                return known != negative, []
            return None, [(key, not negative)]
        if isinstance(value, Choice):
            if any(isinstance(item, Unknown) or same(item, NONE) for item in value.items):
                return None, []
            return negative, []
        return negative, []

    def test_isinstance(self, node: ast.Call) -> tuple[bool | None, list[tuple[str, bool]]]:
        arguments = [self.eval(argument) for argument in node.args]
        if len(arguments) != 2 or ast.dump(node.func).find("isinstance") < 0:
            return None, []
        return self.decided(self.type_test(*arguments))

    def decided(self, value: Value) -> tuple[bool | None, list[tuple[str, bool]]]:
        """What a test comes to that has been evaluated to a constant or to a condition."""
        if isinstance(value, Unknown) and value.key:
            return self.known(value.key), [(value.key, True)]
        return truth(value), []

    def type_test(self, value: Value, kinds: Value) -> Value:
        """`isinstance(x, kinds)`, `type(x) is kind`: whether it holds, or the condition that it is."""
        if isinstance(value, Unknown) and value.key:
            return Unknown(f"{value.key} isa {sorted(type_names(kinds))}")
        outcomes = [self.is_instance(item, kinds) for item in alternatives(value)]
        # Where there are several values, what else could come is not known.
        outcome = outcomes[0] if len(outcomes) == 1 else all(outcomes) or None
        return UNKNOWN if outcome is None else Const(outcome)

    def is_instance(self, value: Value, kinds: Value) -> bool | None:
        """Whether a value is of one of several types, where that is known."""
        names = type_names(kinds)
        packed = "PackedSequence" in names
        if isinstance(value, Packed):
            return packed or None
        sure = isinstance(value, Tensor) and (value.one is not None or value.role is not None)
        if isinstance(value, Tensor) and value.form == "tensor" and sure and value.role != "state":
            return False if packed else ("Tensor" in names) or None
        if isinstance(value, Tensor) and value.form == "list" and value.role == "lengths" and names == {"Tensor"}:
            return False
        if isinstance(value, State):
            return "tuple" in names if value.names == {"LSTM"} else None
        if isinstance(value, Sequence) and value.kind == "tuple" and "tuple" in names:
            return True
        if isinstance(value, Const):
            return (type(value.value).__name__ in names) if names and "" not in names else None
        if isinstance(value, Instance) and isinstance(kinds, Class):
            return kinds.info in self.project.mro(value.cls)
        return None

    def assume(self, path: Path, assumed: list[tuple[str, bool]], taken: bool) -> None:
        if taken:
            path.conditions.update(assumed)
        elif len(assumed) == 1:
            key, value = assumed[0]
            path.conditions[key] = not value

    def refine(self, node: ast.expr, taken: bool) -> None:
        """What a test says of the variable it tests: None, a PackedSequence, one of several values."""
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            self.refine(node.operand, not taken)
            return
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And) == taken:
            for part in node.values:
                self.refine(part, taken)
            return
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "isinstance":
            self.refine_isinstance(node, taken)
        elif isinstance(node, ast.Compare) and len(node.ops) == 1 and is_none(node.comparators[0]):
            none = isinstance(node.ops[0], (ast.Is, ast.Eq)) == taken
            self.narrow(node.left, lambda v: same(v, NONE) == none or isinstance(v, Unknown), NONE if none else None)
        elif isinstance(node, (ast.Name, ast.Attribute)) and taken:
            self.narrow(node, lambda v: truth(v) is not False, None)
        elif isinstance(node, ast.Name) and lengths_word(node.id) and node.id in self.path.env:
            held = alternatives(self.path.env[node.id])
            if all(isinstance(one, (Unknown, Const)) or one_a_row(one) for one in held):
                self.path.env[node.id] = NONE  # the lengths of a batch are not empty

    def refine_isinstance(self, node: ast.Call, taken: bool) -> None:
        if len(node.args) != 2:
            return
        kinds = self.eval(node.args[1])
        packed = external_tail(kinds) == "PackedSequence"
        target = node.args[0]
        if isinstance(target, ast.Name) and type_names(kinds) == {"tuple"}:
            self.narrow_states(target, taken)
        elif packed:
            found = alternatives(self.eval(target))
            if taken and isinstance(target, ast.Name) and not any(isinstance(v, Packed) for v in found):
                fact = self.fact(node, f"`{target.id}` is tested to be a PackedSequence")
                self.bind(target, Packed(Tensor(), None, None, fact))
            else:
                self.narrow(target, lambda v: isinstance(v, Packed) == taken or isinstance(v, Unknown), None)

    def narrow_states(self, target: ast.Name, pair: bool) -> None:
        """A state that is a pair is an LSTM's; one that is none is another layer's."""
        found = alternatives(self.path.env.get(target.id, UNKNOWN))
        if not any(isinstance(value, State) for value in found):
            return
        left: list[Value] = []
        for value in found:
            if not isinstance(value, State):
                left.append(value)
            elif names := value.names & LSTM if pair else value.names - LSTM:
                left.append(State(value.h, value.c, names))
        if left:
            self.path.env[target.id] = join(left)

    def narrow(self, target: ast.expr, keep: Callable[[Value], bool], only: Value | None) -> None:
        if not isinstance(target, ast.Name) or target.id not in self.path.env:
            return
        value = self.path.env[target.id]
        if isinstance(value, Choice):
            left = [item for item in value.items if keep(item)]
            if left:
                self.path.env[target.id] = join(left)
        elif only is not None and isinstance(value, Unknown):
            self.path.env[target.id] = only

    # ----------------------------------------------------------------- binding

    def bind(self, target: ast.expr, value: Value) -> None:
        if isinstance(target, ast.Name):
            if isinstance(value, Size) and (at := self.note_sizes([target.id], value)) is not None:
                value = Size(value.axis, value.of and value.of.but(batch=at), value.index)
            value = named_mask(target.id, named_model(target.id, value))
            if isinstance(value, Unknown) and value.key is None:
                value = Unknown(f"{self.info.name}@{target.lineno}:{target.id}")
            self.path.env[target.id] = value
            self.note_at_hand(target, target.id, value)
        elif isinstance(target, (ast.Tuple, ast.List)):
            self.bind_parts(target, value)
        elif isinstance(target, ast.Attribute):
            self.bind_attribute(target, value)
        elif isinstance(target, ast.Subscript):
            self.bind_item(target, value)
        elif isinstance(target, ast.Starred):
            self.bind(target.value, value)

    def note_at_hand(self, node: ast.AST, name: str, value: Value) -> None:
        if type(value) in NOTHING_AT_HAND:
            return
        for item in alternatives(value):
            if isinstance(item, Sequence) and (counted := as_list(item)).role == "lengths":
                item = counted
            if isinstance(item, Tensor) and item.role in {"lengths", "mask"}:
                if item.role == "mask" and item.valid is None:
                    continue
                text = f"{item.role if item.role == 'lengths' else 'padding mask'}: `{name}`"
                self.at_hand.append(AtHand(item.role, name, self.fact(node, text), item))
                return

    def note_sizes(self, names: list[str], value: Value) -> int | None:
        """`batch_size, steps, _ = x.size()` and `batch_size = x.size(0)` say which axis of `x` is which.

        The axis of the batch, where that is news.
        """
        of = value.of if isinstance(value, (Shape, Size)) else None
        if of is None or of.axes is not None or of.batch is not None or not of.roots:
            return None
        if isinstance(value, Size):
            if value.minus or value.index not in {0, 1}:
                return None
            names = [*[""] * value.index, *names]
        at = batch_axis(names)
        for name, held in list(self.path.env.items()):
            if at is not None and name[0] != "@" and isinstance(held, (Tensor, Unknown)):
                known = as_tensor(held)
                if known.axes is None and known.roots == of.roots and known.role == of.role:
                    self.path.env[name] = known.but(batch=at)
        return at

    def bind_parts(self, target: ast.Tuple | ast.List, value: Value) -> None:
        value = fitting(target, value)
        attributes.on_unpacking(self, target, value)
        if isinstance(value, Shape) and len(target.elts) > 1:
            names = [element.id if isinstance(element, ast.Name) else "" for element in target.elts]
            self.note_sizes(names, value)
            if value.of.axes is None and value.of.batch is None:
                value = Shape(value.of.but(batch=batch_axis(names)))
        count = len(target.elts)
        star = next((i for i, e in enumerate(target.elts) if isinstance(e, ast.Starred)), None)
        if star is not None:
            for index, element in enumerate(target.elts):
                self.bind(element, UNKNOWN if index == star else self.part(value, index, count))
            return
        for index, element in enumerate(target.elts):
            self.bind(element, self.part(value, index, count))
            if isinstance(value, Unknown) and isinstance(element, ast.Name):
                self.note_name(element, element.id, self.path.env[element.id])

    def part(self, value: Value, index: int, count: int) -> Value:
        """The item at an index of something that is unpacked into `count` names."""
        if type(value) is not Choice:
            return join([attributes.part(self, value, index, count)])
        return join([attributes.part(self, item, index, count) for item in value.items])

    def bind_attribute(self, target: ast.Attribute, value: Value) -> None:
        holder = self.eval(target.value)
        value = named_model(target.attr, value)
        for item in alternatives(holder):
            if isinstance(item, Instance):
                key = f"@{id(item)}.{target.attr}"
                self.project.world.holders[key] = (item, target.attr)
                self.path.env[key] = value
                self.set_attribute(item, target.attr, value)
            elif isinstance(item, Object):
                if (item.kind == "RNN" and target.attr in {"batch_first", "bidirectional"}) or item.kind in {
                    "Namespace",
                    "Field",
                    "Tokenizer",
                }:
                    self.run.record.own = False
                    item.options[target.attr] = value

    def bind_item(self, target: ast.Subscript, value: Value) -> None:
        holder = self.eval(target.value)
        if isinstance(holder, Mapping):
            key = constant(self.eval(target.slice))
            if isinstance(key, (str, int)):
                holder.items[key] = value
            else:
                holder.elem = join([holder.elem, value]) if holder.elem is not None else value
            return
        if isinstance(holder, Choice) and any(isinstance(one, Sequence) for one in holder.items):
            at = number(self.eval(target.slice))
            for one in holder.items:
                if isinstance(one, Sequence) and not put(one, at, value) and self.loops and data.is_padded_row(value):
                    one.items, one.elem = None, value  # every item, one after the other
            return
        if isinstance(holder, Sequence) and not isinstance(target.slice, ast.Slice):
            if put(holder, number(self.eval(target.slice)), value):
                return
            if self.loops and any(
                isinstance(item, (Tensor, Packed)) for item in alternatives(value)
            ):  # every item, one after the other
                holder.items, holder.elem = None, value
                holder.tail = value if holder.tail is not None else None
                return
        if isinstance(holder, Unknown) and isinstance(value, Tensor) and moved(value):
            self.moved_item(target, holder, value)
            return
        changed = indexing.on_item_written(self, target, holder, value)
        if changed is not None:
            self.rebind(target.value, changed)

    def moved_item(self, target: ast.Subscript, holder: Unknown, value: Tensor) -> None:
        """`batch[key] = batch[key].to(device)`, of a known key, or of one after the other."""
        key = constant(self.eval(target.slice))
        if isinstance(key, (str, int)):
            self.rebind(target.value, Mapping({key: value}, holder))
        else:
            whole = as_tensor(holder).but(device=value.device, device_facts=value.device_facts)
            self.rebind(target.value, whole)

    def rebind(self, target: ast.expr, value: Value) -> None:
        """A value changed in place: the name that holds it now stands for the changed one."""
        if isinstance(target, ast.Attribute) and target.attr == "data":
            self.rebind(target.value, value)
        elif isinstance(target, ast.Name):
            self.bind(target, value)
            self.changed[target.id] = value
        elif isinstance(target, ast.Attribute):
            self.bind_attribute(target, value)
        elif isinstance(target, ast.Subscript):
            self.rebind_item(target, value)

    def rebind_item(self, target: ast.Subscript, value: Value) -> None:
        holder = self.eval(target.value)
        if isinstance(holder, Mapping):
            key = constant(self.eval(target.slice))
            if isinstance(key, (str, int)):
                holder.items[key] = value
        elif isinstance(holder, (Tensor, Sequence)):
            changed = indexing.with_changed_rows(holder, value)
            if changed is not None:
                self.rebind(target.value, changed)

    # ------------------------------------------------------------- expressions

    def eval(self, node: ast.expr) -> Value:
        run = self.run
        run.steps += 1
        if run.steps > STEPS:
            raise StepsExhaustedError
        method = EXPRESSIONS.get(type(node))
        return UNKNOWN if method is None else method(self, node)

    def name(self, node: ast.Name) -> Value:
        return self.path.env.get(node.id) or self.lookup(node.id)

    def lookup(self, name: str) -> Value:
        value = self.path.env.get(name)
        if value is None and self.closure is not None:
            value = self.closure.get(name)
        if value is None:
            value = self.project.global_value(self.info.module, name, self.run)
        if value is None and hasattr(builtins, name):
            return External(name)
        if value is None and name in CUSTOMARY:
            return External(CUSTOMARY[name])
        return UNKNOWN if value is None else value

    def constant(self, node: ast.Constant) -> Value:
        return Const(node.value)

    def attribute(self, node: ast.Attribute) -> Value:
        value = self.eval(node.value)
        if type(value) is not Choice:
            found = self.attribute_of(value, node.attr, node)
        else:
            each = [self.attribute_of(item, node.attr, node) for item in value.items]
            self.note_methods(node.value, value.items, each)
            found = join(each)
        if (
            isinstance(found, Tensor)
            and found.role == "lengths"
            and isinstance(value, Instance)
            and value is not self.this
        ):
            self.note_at_hand(node, code_of(node), found)
        return found

    def note_methods(self, node: ast.expr, models: tuple[Value, ...], found: list[Value]) -> None:
        """`model.decode(x)`: of several models it is one that has such a method."""
        if not isinstance(node, ast.Name) or self.maybe:
            return
        pairs = list(zip(models, found, strict=True))
        able: list[Value] = [
            model for model, method in pairs if isinstance(model, Instance) and not isinstance(method, Unknown)
        ]
        if able and len(able) < sum(isinstance(model, Instance) for model in models):
            self.path.env[node.id] = join(able)

    def attribute_of(self, value: Value, name: str, node: ast.AST) -> Value:
        method = ATTRIBUTES.get(type(value))
        return attributes.attribute(self, node, value, name) if method is None else method(self, value, name, node)

    def module_attribute(self, value: Module, name: str, node: ast.AST) -> Value:
        found = self.project.global_value(value.info, name, self.run)
        if found is None and value.info.is_package:
            found = self.project.submodule(value.info, name)
        return found if found is not None else Unknown(f"{value.info.name}.{name}")

    def external_attribute(self, value: External, name: str, node: ast.AST) -> Value:
        full = f"{value.name}.{name}"
        return Const(float("inf")) if full in INFINITIES else External(full)

    def mapping_attribute(self, value: Mapping, name: str, node: ast.AST) -> Value:
        found = value.items.get(name)
        return attributes.attribute(self, node, value, name) if found is None else found

    def unknown_attribute(self, value: Unknown, name: str, node: ast.AST) -> Value:
        if is_method(name) or name == "extend":
            return Bound(value, name)
        if name == "shape":
            return Shape(as_tensor(value))
        return Unknown(f"{value.key}.{name}" if value.key else f"?.{name}")

    def instance_attribute(self, value: Instance, name: str, node: ast.AST) -> Value:
        key = f"@{id(value)}.{name}"
        found = self.path.env.get(key)
        if found is not None:
            return found
        if name in value.attrs:
            self.run.record.note_read(value, name, value.attrs[name])
            return value.attrs[name]
        method = self.project.method(value.cls, name)
        if method is not None:
            info, owner = method
            if info.decorators & {"property", "cached_property", "lazy_property"}:
                return self.call_function(Function(info, value, None, owner), [], {}, node)
            if "staticmethod" in info.decorators:
                return Function(info, None, None, owner)
            if "setter" in info.decorators:  # of a property, which is no method
                return Unknown(f"{value.key or value.cls.name}.{name}")
            return Function(info, value, None, owner)
        if name in MODULE_METHODS and self.project.is_tensor_module(value.cls):
            return Bound(value, name)
        if not value.ready:
            self.construct(value, node)
            if name in value.attrs:
                self.run.record.note_read(value, name, value.attrs[name])
                return value.attrs[name]
        inner = self.project.inner_class(value.cls, name)
        if inner is not None:
            return Class(inner)
        shared = self.project.class_constant(value.cls, name, self.run)
        if shared is not None:
            return shared
        found = self.project.attribute_elsewhere(value, name, self)
        if found is not None:
            return found
        return Unknown(f"{value.key or value.cls.name}.{name}")

    def class_attribute(self, value: Class, name: str, node: ast.AST) -> Value:
        info = value.info
        inner = self.project.inner_class(info, name)
        if inner is not None:
            return Class(inner)
        method = self.project.method(info, name)
        if method is not None:
            function, owner = method
            this = Class(info) if "classmethod" in function.decorators else None
            return Function(function, this, None, owner)
        shared = self.project.class_constant(info, name, self.run)
        return shared if shared is not None else Unknown(f"{info.name}.{name}")

    def construct(self, value: Instance, node: ast.AST) -> None:
        """The attributes of an object, by what `__init__` sets."""
        value.ready = True
        if not value.guessed or not self.project.build(value, self.run):
            self.initialise(value, node)

    def initialise(self, value: Instance, node: ast.AST) -> None:
        """Run `__init__` of an object, and of one whose construction is not seen what else builds its parts."""
        method = self.project.method(value.cls, "__init__")
        if method is not None:
            info, owner = method
            self.call_function(Function(info, value, None, owner), value.args, value.keywords, node, value.spread)
        else:
            self.project.bind_fields(value)
        for name in ("build", "_build", "setup", "init_model"):
            if value.guessed and name not in value.attrs and (found := self.project.method(value.cls, name)):
                if len(found[0].parameters) == 1:
                    self.call_function(Function(found[0], value, None, found[1]), [], {}, node)

    def subscript(self, node: ast.Subscript) -> Value:
        value = self.eval(node.value)
        index = self.eval(node.slice)
        if isinstance(value, Unknown) and value.key and not self.maybe:
            self.path.conditions.setdefault(f"{value.key} is None", False)  # None has no items
        if type(value) is not Choice:
            return join([indexing.subscript(self, node, value, index)])
        return join([indexing.subscript(self, node, item, index) for item in value.items])

    def slice(self, node: ast.Slice) -> Value:
        parts = [self.eval(part) if part is not None else NONE for part in (node.lower, node.upper, node.step)]
        return Sequence(parts, kind="slice", source="next" if to_the_next(node) else None)

    def tuple_(self, node: ast.Tuple | ast.List | ast.Set) -> Value:
        items: list[Value] = []
        for element in node.elts:
            if isinstance(element, ast.Starred):
                spread = self.eval(element.value)
                if isinstance(spread, Sequence) and spread.items is not None:
                    items.extend(spread.items)
                    continue
                return Sequence(None, data.items_of(self, element.value, spread), "list")
            items.append(self.eval(element))
        return Sequence(items, kind="tuple" if isinstance(node, ast.Tuple) else "list")

    def dict_(self, node: ast.Dict) -> Value:
        items: dict[object, Value] = {}
        rest: list[Value] = []
        for key, value in zip(node.keys, node.values, strict=True):
            found = self.eval(value)
            name = constant(self.eval(key)) if key is not None else None
            if isinstance(name, (str, int, bool)):
                items[name] = found
            elif key is None and isinstance(found, Mapping):
                items.update(found.items)
            else:
                rest.append(found)
        return Mapping(items, join(rest) if rest else None)

    def comprehension(self, node: ast.ListComp | ast.GeneratorExp | ast.SetComp) -> Value:
        with self.own_names(node.generators):
            return self.comprehended(node)

    @contextmanager
    def own_names(self, generators: list[ast.comprehension]) -> Iterator[None]:
        """The targets of a comprehension stand for nothing outside of it."""
        names = {n.id for g in generators for n in ast.walk(g.target) if isinstance(n, ast.Name)}
        env = self.path.env
        before = {name: env[name] for name in names if name in env}
        yield
        for name in names:
            env.pop(name, None)
        env.update(before)

    def comprehended(self, node: ast.ListComp | ast.GeneratorExp | ast.SetComp) -> Value:
        each = self.item_by_item(node)
        if each is not None:
            return each
        sequence = data.padded_one(self.generate(node.generators))
        chosen = any(generator.ifs for generator in node.generators)
        self.maybe += chosen
        value = self.eval(node.elt)
        self.maybe -= chosen
        if not chosen and data.is_padded_row(sequence):
            return sequence  # each item for another one
        order = sequence if isinstance(sequence, Sequence) else None
        if order is not None and order.kind == "range" and data.repeats(node):
            return Sequence(None, value, source="pads")
        return data.collected(self, node, value, order, sequence)

    def item_by_item(self, node: ast.ListComp | ast.GeneratorExp | ast.SetComp) -> Value | None:
        """`[part.to(device) for part in (ids, lengths)]`: a few known items stay apart."""
        first = node.generators[0]
        if len(node.generators) > 1 or first.ifs:
            return None
        over = self.eval(first.iter)
        if not isinstance(over, Sequence) or over.kind == "range" or not over.items or len(over.items) > data.APART:
            return None
        if all(isinstance(item, Const) or written_out(item) for item in over.items):
            return None
        made: list[Value] = []
        for item in over.items:
            self.bind(first.target, item)
            made.append(self.eval(node.elt))
        return Sequence(made, kind="list", sort=over.sort)

    def generate(self, generators: list[ast.comprehension]) -> Value:
        """Bind the targets of a comprehension; the value is what its first loop runs over."""
        first: Value = UNKNOWN
        for number_, generator in enumerate(generators):
            over = self.eval(generator.iter)
            if number_ == 0:
                first = over
            self.bind(generator.target, data.items_of(self, generator.iter, over))
            for condition in generator.ifs:
                self.eval(condition)
        return first

    def dict_comprehension(self, node: ast.DictComp) -> Value:
        with self.own_names(node.generators):
            sequence = self.generate(node.generators)
            self.eval(node.key)
            value = self.eval(node.value)
            return data.mapped(self, node, sequence, value)

    def conditional(self, node: ast.IfExp) -> Value:
        outcome, _ = self.test(node.test)
        if outcome is not None:
            return self.eval(node.body if outcome else node.orelse)
        self.maybe += 1
        either = join([self.eval(node.body), self.eval(node.orelse)])
        self.maybe -= 1
        return either

    def boolean(self, node: ast.BoolOp) -> Value:
        self.maybe += 1
        values = [self.eval(value) for value in node.values]
        self.maybe -= 1
        for value in values:
            known = truth(value)
            if known is None or known == isinstance(node.op, ast.Or):
                break
        else:
            return values[-1]
        first = values[0]
        if isinstance(node.op, ast.Or) and (truth(first) is False or left_out(first)):
            return values[1] if len(values) == 2 else join(values[1:])
        return join(values)

    def compared_type(self, node: ast.Compare) -> Value:
        """`type(x) is PackedSequence`, whatever the operator says of it."""
        called = node.left
        value = self.eval(called.args[0]) if isinstance(called, ast.Call) else UNKNOWN
        return self.type_test(value, self.eval(node.comparators[0]))

    def comparison(self, node: ast.Compare) -> Value:
        if is_type_test(node):
            found = self.compared_type(node)
            if isinstance(node.ops[0], (ast.Is, ast.Eq)):
                return found
            return Const(not found.value) if isinstance(found, Const) else UNKNOWN
        left = self.eval(node.left)
        right = self.eval(node.comparators[0])
        if isinstance(left, (Const, Unknown)) and isinstance(right, Const):
            outcome, _ = self.test_compare(node) if len(node.ops) == 1 else (None, [])
            if outcome is not None:
                return Const(outcome)
        if type(left) is not Choice:
            return join([arithmetic.compared(self, node, left, node.ops[0], right)])
        return join([arithmetic.compared(self, node, item, node.ops[0], right) for item in left.items])

    def binary_operation(self, node: ast.BinOp) -> Value:
        return self.binary(node, node.op, self.eval(node.left), self.eval(node.right))

    def binary(self, node: ast.AST, operator: ast.operator, left: Value, right: Value) -> Value:
        if type(left) is not Choice and type(right) is not Choice:
            return join([arithmetic.binary(self, node, operator, left, right)])
        some, others = alternatives(left), alternatives(right)
        # As many on either side: each belongs to one on the other, as when both come from one variable.
        pairs = zip(some, others, strict=True) if len(some) == len(others) else product(some, others)
        return join([arithmetic.binary(self, node, operator, a, b) for a, b in pairs])

    def unary(self, node: ast.UnaryOp) -> Value:
        value = self.eval(node.operand)
        if isinstance(node.op, ast.Not):
            known = truth(value)
            return Const(not known) if known is not None else UNKNOWN
        return join([arithmetic.unary(self, node, node.op, item) for item in alternatives(value)])

    def lambda_(self, node: ast.Lambda) -> Value:
        return Function(self.project.nested(node, self.info), self.this, self.path.env)

    def walrus(self, node: ast.NamedExpr) -> Value:
        value = self.eval(node.value)
        self.bind(node.target, value)
        return value

    def inner(self, node: ast.Starred | ast.Await) -> Value:
        return self.eval(node.value)

    def yielded(self, node: ast.Yield | ast.YieldFrom) -> Value:
        if node.value is not None:
            value = self.eval(node.value)
            self.yields.append(data.items_of(self, node.value, value) if isinstance(node, ast.YieldFrom) else value)
        return UNKNOWN

    def formatted(self, node: ast.JoinedStr) -> Value:
        parts: list[str] = []
        for part in node.values:
            value: object = part.value if isinstance(part, ast.Constant) else None
            if isinstance(part, ast.FormattedValue):
                value = constant(self.eval(part.value))
            if value is None:
                return UNKNOWN
            parts.append(str(value))
        return Const("".join(parts))

    # ------------------------------------------------------------------- calls

    def call(self, node: ast.Call) -> Value:
        if isinstance(node.func, ast.Name):
            if node.func.id == "super":
                return self.super_(node)
            if node.func.id == "isinstance" and len(node.args) == 2:
                return self.type_test(self.eval(node.args[0]), self.eval(node.args[1]))
        function = self.eval(node.func)
        if isinstance(function, Const) and function.value is None and isinstance(node.func, ast.Attribute):
            function = self.set_meanwhile(node.func)
        args, keywords, spread = self.arguments(node)
        if type(function) is not Choice:
            return self.apply(node, function, args, keywords, spread)
        results = [self.apply(node, item, args, keywords, spread) for item in self.callees(function)]
        return join(results)

    def set_meanwhile(self, node: ast.Attribute) -> Value:
        """What is called where None stands, which cannot be: another method of the object has set it."""
        holder = self.eval(node.value)
        found = self.project.attribute_elsewhere(holder, node.attr, self) if isinstance(holder, Instance) else None
        if found is None or found is NONE or isinstance(found, Unknown):
            return Unknown(f"?.{node.attr}")
        return found

    def callees(self, function: Value) -> tuple[Value, ...]:
        """What may be called: of many models the one that is asked about, else the first few."""
        items = alternatives(function)
        if len(items) == 1:
            return items
        asked = [item for item in items if self.project.world.asks_about(item)]
        run = [item for item in items if isinstance(item, (Instance, Function))]
        few = LIMIT if self.project.world.chosen is None else 1
        return tuple(asked or [*(item for item in items if item not in run), *run[:few]])

    def arguments(self, node: ast.Call) -> tuple[list[Value], dict[str, Value], bool]:
        """Positional and keyword arguments; `spread` where a `*` or `**` of unknown content is among them."""
        args: list[Value] = []
        keywords: dict[str, Value] = {}
        spread = False
        for argument in node.args:
            if isinstance(argument, ast.Starred):
                value = aligned(self.eval(argument.value))
                if isinstance(value, Sequence) and value.items is not None:
                    args.extend(value.items)
                else:
                    spread = True
                    args.extend(data.spread(self, value))
            else:
                args.append(self.eval(argument))
        for keyword in node.keywords:
            value = self.eval(keyword.value)
            if keyword.arg is not None:
                keywords[keyword.arg] = value
            elif isinstance(value, Mapping):
                keywords.update({k: v for k, v in value.items.items() if isinstance(k, str)})
                spread = spread or value.elem is not None
            else:
                spread = True
        return args, keywords, spread

    def apply(
        self, node: ast.AST, function: Value, args: list[Value], keywords: dict[str, Value], spread: bool = False
    ) -> Value:
        """The result of calling a value."""
        if isinstance(function, External):
            return self.call_external(node, function.name, args, keywords)
        if isinstance(function, Bound):
            return self.call_bound(node, function, args, keywords)
        if isinstance(function, Function):
            return self.call_function(function, args, keywords, node, spread)
        if isinstance(function, Class):
            return self.instantiate(node, function.info, args, keywords, spread)
        if isinstance(function, Instance):
            return self.call_instance(node, function, args, keywords, spread)
        if isinstance(function, Partial):
            return self.apply(node, function.function, [*function.args, *args], {**function.keywords, **keywords})
        if isinstance(function, Object):
            return layers.call(self, node, function, args, keywords)
        return self.call_unknown(node, function, args, keywords)

    def call_unknown(self, node: ast.AST, function: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
        if isinstance(function, Unknown):
            if self.project.is_wrapper(function.key, "packing_wrappers"):
                return UNKNOWN
            if layers.is_recurrent_class(function.default):
                return self.call_external(node, "torch.nn.<RNN>", args, keywords)
            self.note_open_call(node, function, args, keywords)
        uses.consumed_by_unknown(self, node, [*args, *keywords.values()])
        return data.unknown_call(self, node, function, args, keywords)

    def note_open_call(self, node: ast.AST, function: Unknown, args: list[Value], keywords: dict[str, Value]) -> None:
        word, method = called_model(function.key or "")
        if word:
            self.run.record.items.append(OpenCall(self.site(node), word, method, args, keywords))

    def call_bound(self, node: ast.AST, function: Bound, args: list[Value], keywords: dict[str, Value]) -> Value:
        this = function.this
        if isinstance(this, Instance):
            return layers.module_method(self, node, this, function.name, args, keywords)
        if type(this) is not Choice:
            made = calls.method(self, node, this, function.name, args, keywords)
        else:
            made = join([calls.method(self, node, item, function.name, args, keywords) for item in this.items])
        if function.name in LAYOUT_IN_PLACE:
            masks.rebind_in_place(self, node, made)
        return made

    def call_external(self, node: ast.AST, name: str, args: list[Value], keywords: dict[str, Value]) -> Value:
        made = layers.construct(self, node, name, args, keywords)
        if made is not None:
            return made
        found = data.call(self, node, name, args, keywords)
        if found is not None:
            return found
        return calls.function(self, node, name, args, keywords)

    def call_function(
        self, function: Function, args: list[Value], keywords: dict[str, Value], node: ast.AST, spread: bool = False
    ) -> Value:
        info = function.info
        arguments, given = self.bind_arguments(function, args, keywords, spread)
        context = Context(function.this, arguments, self.site(node), given)
        self.run.note_call(info, context)
        if self.depth >= DEPTH or any(s.function is info for s in self.stack) or info is self.info:
            self.run.record.cut.add(info if self.depth < DEPTH else None)
            uses.consumed_by_unknown(self, node, [*args, *keywords.values()])
            return UNKNOWN
        configured = data.configured_call(self, node, info, args)
        if configured is not None:
            return configured
        frame = Frame(
            self.run,
            info,
            function.this,
            function.closure,
            (*self.stack, context.site),
            self,
            function.owner or info.owner,
            given=given,
        )
        context.record = record = frame.followed(arguments)
        for (holder, name), write in record.writes.items():
            if (at := f"@{holder}.{name}") in self.path.env:  # `self.rnn = None; self.build()`
                self.path.env[at] = write.value
        if not self.maybe:
            for key in record.shown:
                self.path.conditions.setdefault(key, False)
        return data.configured_order(self, info, record.value or UNKNOWN)

    def followed(self, arguments: dict[str, Value]) -> Record:
        """What comes of a call, which is run unless it was run before with the same arguments."""
        world, outer = self.project.world, self.run.record
        conditions = self.caller.path.conditions if self.caller is not None else {}
        around = (self.info, self.owner, id(self.closure), self.given, layers.infers(self), layers.parallel_fact(self))
        key = call_key(arguments, *around)
        found = world.find(key, conditions)
        if found is not None:
            outer.add(found)
            found.happen_again()
            return found
        record = Record(dict(conditions), arguments)
        self.run.record = record
        try:
            record.value = self.execute(self.entry(arguments))
            data.filled_for_caller(self)
            record.shown = self.shown(arguments)
        finally:
            self.run.record = outer
            record.cut.discard(self.info)
            outer.add(record)
        if not record.cut and record.own and call_key(arguments) == key[len(key) - len(arguments) :]:
            world.keep(key, record)
        return record

    def shown(self, arguments: dict[str, Value]) -> list[str]:
        """What a function that came back shows of its arguments: one that it took an item of was not None."""
        nones = [f"{value.key} is None" for value in arguments.values() if isinstance(value, Unknown) and value.key]
        paths = [path for _, path in self.returns]
        return [key for key in nones if paths and all(path.conditions.get(key) is False for path in paths)]

    def entry(self, arguments: dict[str, Value]) -> Path:
        """The path that a function starts on, with what its parameters put at hand."""
        path = Path(dict(arguments))
        if self.caller is not None:
            path.conditions.update(self.caller.path.conditions)
        for parameter in self.info.parameters:
            value = arguments.get(parameter.arg, UNKNOWN)
            if (
                isinstance(value, Tensor)
                and value.role is not None
                and (value.role != "mask" or value.valid is not None)
            ):
                self.note_at_hand(self.info.node, parameter.arg, value)
            elif isinstance(value, Unknown):
                self.note_parameter(parameter, value)
            elif isinstance(value, (Tensor, Sequence, Choice)):
                self.note_parameter(parameter, Unknown(f"{self.info.name}:{parameter.arg}"))
        return path

    def absent(self) -> frozenset[str]:
        """Names that hold None on this path."""
        return frozenset(
            name
            for name, value in self.path.env.items()
            if same(value, NONE)
            or (isinstance(value, Unknown) and self.known(f"{value.key} is None") is True)
            or (isinstance(value, Unknown) and value.key and self.known(value.key) is False)
        )

    def note_parameter(self, parameter: ast.arg, value: Unknown) -> None:
        self.note_name(parameter, parameter.arg, value, "parameter ")

    def note_name(self, node: ast.AST, name: str, value: Value, kind: str = "") -> None:
        """A variable of which nothing is known but its name, which may be that of lengths or of a mask."""
        if not isinstance(value, Unknown):
            return
        if self.takes_lengths(name) and not uses.used_as_size(self.info, name):
            self.at_hand.append(AtHand("lengths", name, self.fact(node, f"lengths: {kind}`{name}`"), value))
        elif mask_word(name):
            self.at_hand.append(AtHand("mask", name, self.fact(node, f"padding mask: {kind}`{name}`"), value))

    def takes_lengths(self, name: str) -> bool:
        """Whether a variable is lengths by its name, or by what another method of the class packs with."""
        owner = self.info.owner
        return lengths_word(name) or (owner is not None and name in uses.packed_with(owner))

    def bind_arguments(
        self, function: Function, args: list[Value], keywords: dict[str, Value], spread: bool
    ) -> tuple[dict[str, Value], frozenset[str]]:
        info = function.info
        node = info.node
        if isinstance(node, ast.Module):
            return {}, frozenset()
        bound: dict[str, Value] = {}
        parameters = info.parameters
        if function.this is not None and info.owner is not None and "staticmethod" not in info.decorators:
            args = [function.this, *args]
        if node.args.vararg is None or len(args) <= len(parameters):
            args = data.spread_over(args, len(parameters))
        for parameter, value in zip(parameters, args, strict=False):
            bound[parameter.arg] = value
        if node.args.vararg is not None:
            bound[node.args.vararg.arg] = Sequence(list(args[len(parameters) :]), kind="tuple")
        names = {p.arg for p in parameters} | {p.arg for p in node.args.kwonlyargs}
        bound.update({k: v for k, v in keywords.items() if k in names})
        if node.args.kwarg is not None:
            bound[node.args.kwarg.arg] = Mapping(
                {k: v for k, v in keywords.items() if k not in names}, UNKNOWN if spread else None
            )
        given = frozenset(bound)
        for name, default in self.defaults(info).items():
            if name not in bound:
                bound[name] = Unknown(f"{info.name}:{name}", default) if spread else default
        for parameter in [*parameters, *node.args.kwonlyargs]:
            if parameter.arg not in bound:
                bound[parameter.arg] = Unknown(f"{info.name}:{parameter.arg}")
        return bound, given

    def defaults(self, info: FunctionInfo) -> dict[str, Value]:
        return self.project.defaults(info, self.run)

    def call_instance(
        self, node: ast.AST, value: Instance, args: list[Value], keywords: dict[str, Value], spread: bool
    ) -> Value:
        if value.wrapped is not None:
            args, keywords = layers.scattered(args, keywords, value.wrapped)
        for name in ("__call__", "forward"):
            method = self.project.method(value.cls, name)
            if method is not None:
                info, owner = method
                return self.call_function(Function(info, value, None, owner), args, keywords, node, spread)
        inherited = self.project.external_base(value.cls)
        if inherited:
            built = layers.from_base(self, node, value, inherited)
            if built is not None:
                return layers.call(self, node, built, args, keywords)
        uses.consumed_by_unknown(self, node, [*args, *keywords.values()])
        return UNKNOWN

    def instantiate(
        self, node: ast.AST, info: ClassInfo, args: list[Value], keywords: dict[str, Value], spread: bool
    ) -> Value:
        base = self.project.external_base(info)
        made = layers.subclass(self, node, info, base, args, keywords)
        if made is not None:
            return made
        outputs = [a for a in args if isinstance(a, Tensor) and a.role == "output"]
        uses.consumed_by_unknown(self, node, outputs)
        key = f"{info.name}@{getattr(node, 'lineno', 0)}"
        made = Instance(info, args, keywords, spread=spread, key=key)
        if data.is_field(base):
            self.construct(made, node)
        given = {**{str(at): argument for at, argument in enumerate(args)}, **keywords}
        return self.project.world.instance(call_key(given, info, node, spread, loosely=True), made)

    def super_(self, node: ast.Call) -> Value:
        owner = self.owner
        if owner is None or self.this is None:
            return UNKNOWN
        return Object("super", {"this": self.this}, key=owner.name, items=[Class(owner)])


def to_the_next(node: ast.Slice) -> bool:
    """`x[i : i + 1]`."""
    upper = node.upper
    if node.lower is None or not isinstance(upper, ast.BinOp) or not isinstance(upper.op, ast.Add):
        return False
    by_one = isinstance(upper.right, ast.Constant) and upper.right.value == 1
    return by_one and node.step is None and ast.dump(upper.left) == ast.dump(node.lower)


LSTM = frozenset({"LSTM"})
"""The layers whose state is a pair."""

LOOKS = {"isinstance", "hasattr", "len", "type", "callable", "bool"}
"""Functions that give the same for the same value, and change nothing."""

ONE_SAMPLE = "one sample"
"""The condition that a batch is one of a single sample."""


def fitting(target: ast.Tuple | ast.List, value: Value) -> Value:
    """Of tuples of several lengths, those with an item for each name."""
    if not isinstance(value, Choice) or any(isinstance(element, ast.Starred) for element in target.elts):
        return value
    sizes = [len(item.items) if isinstance(item, Sequence) and item.items is not None else None for item in value.items]
    if len(target.elts) not in sizes:
        return value
    return join([item for item, size in zip(value.items, sizes, strict=True) if size in {None, len(target.elts)}])


def at_first(counter: str) -> tuple[tuple[str, bool], ...]:
    """What holds of the counter of a loop in its first round."""
    return ((counter, False), (f"{counter} == 0", True), (f"{counter} Gt 0", False))


def is_batch_size(value: Value) -> bool:
    """Whether a value counts the rows of a batch."""
    if not isinstance(value, Size) or value.minus:
        return False
    return value.axis == "B" or (value.index == 0 and value.of is not None and value.of.role == "lengths")


def called_model(key: str) -> tuple[str, str]:
    """The name of a model by where it came from, and which of its methods that is: `model` and `loss` of `model.loss`.

    The name is empty where it is no model.
    """
    *around, word = re.split(r"[.:]", key.removesuffix(".forward"))
    if around and model_word(around[-1]):
        return ("", "") if word in MODULE_METHODS else (around[-1], word)
    return (word, "forward") if model_word(word) else ("", "")


def left_out(value: Value) -> bool:
    """Whether a value is an argument that may be left out, and is then false: `criterion or self.criterion`."""
    return isinstance(value, Unknown) and truth(value.default) is False


def telling(value: Value) -> bool:
    """Whether something is known of an argument that a model may want to know."""
    if isinstance(value, Sequence):
        return any(telling(item) for item in value.items or [value.elem or UNKNOWN])
    if isinstance(value, Mapping):
        return any(telling(item) for item in value.items.values())
    if isinstance(value, Tensor):
        return value.pad is not None or value.device is not None or value.role == "lengths" or value.sort is not None
    return isinstance(value, (Batch, Packed)) or (isinstance(value, Choice) and any(map(telling, value.items)))


def is_type_test(node: ast.Compare) -> bool:
    """Whether an expression is `type(x) is kind`, or the like with another operator."""
    called = node.left
    of_type = isinstance(called, ast.Call) and isinstance(called.func, ast.Name) and called.func.id == "type"
    single = len(node.ops) == 1 and isinstance(node.ops[0], (ast.Is, ast.IsNot, ast.Eq, ast.NotEq))
    return single and of_type and isinstance(called, ast.Call) and len(called.args) == 1


def type_names(kinds: Value) -> set[str]:
    """The names of the types that the second argument of `isinstance` holds."""
    return {external_tail(kind) for kind in (kinds.items or [] if isinstance(kinds, Sequence) else [kinds])}


def external_tail(value: Value) -> str:
    if isinstance(value, External):
        return value.name.rpartition(".")[2]
    if isinstance(value, Class):
        return value.info.name
    return ""


def aligned(value: Value) -> Value:
    """One of several tuples of one size, as a tuple of what each item can be."""
    tuples = [item.items for item in alternatives(value) if isinstance(item, Sequence) and item.items is not None]
    if not isinstance(value, Choice) or len(tuples) < len(value.items) or len({len(items) for items in tuples}) > 1:
        return value
    return Sequence([join(list(column)) for column in zip(*tuples, strict=True)], kind="tuple")


def put(holder: Sequence, at: int | None, value: Value) -> bool:
    """Write an item of a tuple or list whose items are known; says whether that place is there."""
    if at is None or holder.items is None or not -len(holder.items) <= at < len(holder.items):
        return False
    holder.items[at] = value
    return True


def one_a_row(value: Value) -> bool:
    """Whether a value has an item for each sample of a batch: lengths, samples."""
    if isinstance(value, Sequence):
        return value.source == "batch" or isinstance(value.elem, Size) or as_list(value).role == "lengths"
    return isinstance(value, Tensor) and value.role == "lengths"


def written_out(value: Value) -> bool:
    """Whether a value is a list of constants, such as a sample that stands in the code."""
    return isinstance(value, Sequence) and bool(value.items) and all(isinstance(i, Const) for i in value.items or ())


def is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def as_load(node: ast.expr) -> ast.expr:
    if isinstance(node, ast.Name):
        return ast.Name(node.id, ast.Load())
    if isinstance(node, ast.Attribute):
        return ast.Attribute(node.value, node.attr, ast.Load())
    if isinstance(node, ast.Subscript):
        return ast.Subscript(node.value, node.slice, ast.Load())
    return node


def plain(value: Value | None) -> bool:
    if value is None or type(value) in PLAIN:
        return True
    if isinstance(value, Sequence):
        return value.items is not None and all(plain(item) for item in value.items)
    return False


def together(taken: list[Path], left: list[Path]) -> list[Path]:
    """Two branches become one path again where they differ in nothing that matters."""
    if len(taken) == 1 and len(left) == 1:
        a, b = taken[0], left[0]
        differing = [k for k in a.env.keys() | b.env.keys() if not same_or_missing(a.env.get(k), b.env.get(k))]
        if all(plain(a.env.get(k)) and plain(b.env.get(k)) and not flag(a.env.get(k)) for k in differing):
            for key in differing:
                a.env[key] = join([a.env.get(key, UNKNOWN), b.env.get(key, UNKNOWN)])
            a.conditions = {k: v for k, v in a.conditions.items() if b.conditions.get(k) == v}
            return [a]
    return [*taken, *left]


def carries_state(before: dict[str, Value], after: dict[str, Value]) -> bool:
    """Whether a variable that began as a buffer is the state of an RNN after one round of a loop."""
    return any(
        isinstance(value, Tensor)
        and value.role == "buffer"
        and any(isinstance(now, State) or (isinstance(now, Tensor) and now.call) for now in alternatives(after[name]))
        for name, value in before.items()
        if name in after and after[name] is not value
    )


def filled_in_turn(taken: list[Path], left: list[Path]) -> None:
    """A buffer that a loop fills row by row is filled also where a row, such as an empty text, is left as it was."""
    for others, path in [*((taken, path) for path in left), *((left, path) for path in taken)]:
        for name, value in path.env.items():
            if isinstance(value, Tensor) and value.role == "buffer" and value.pad is None:
                filled = (other.env.get(name) for other in others)
                path.env[name] = next((one for one in filled if isinstance(one, Tensor) and is_filled(one)), value)


def is_filled(tensor: Tensor) -> bool:
    return tensor.pad is not None and tensor.pad.how == "fill"


def sorted_where_needed(taken: list[Path], left: list[Path]) -> None:
    """Lengths that one branch sorts: on the way around it they may be sorted already."""
    falling = {
        name
        for path in taken
        for name, value in path.env.items()
        if type(value) is Tensor and value.sort == "desc" and value.role == "lengths"
    }
    for path in left:
        for name in falling & path.env.keys():
            value = path.env[name]
            if isinstance(value, Tensor) and sort_of_lengths(value) == "no":
                path.env[name] = value.but(sort=None)


def sort_of_lengths(value: Value) -> str | None:
    return value.sort if isinstance(value, Tensor) and value.role == "lengths" else None


def flag(value: Value | None) -> bool:
    """A constant that a later test may ask for: True, False, None."""
    return isinstance(value, Const) and (value.value is None or isinstance(value.value, bool))


def same_or_missing(a: Value | None, b: Value | None) -> bool:
    return a is b or (a is not None and b is not None and same(a, b))


def merge(paths: list[Path]) -> list[Path]:
    """At most PATHS paths; the ones over that become one."""
    if len(paths) <= PATHS:
        return paths
    kept, rest = paths[: PATHS - 1], paths[PATHS - 1 :]
    env: dict[str, Value] = {}
    for key in {key for path in rest for key in path.env}:
        env[key] = join([path.env[key] for path in rest if key in path.env])
    first = rest[0].conditions
    conditions = {k: v for k, v in first.items() if all(p.conditions.get(k) == v for p in rest)}
    return [*kept, Path(env, conditions)]


CUSTOMARY = {"torch": "torch", "nn": "torch.nn", "F": "torch.nn.functional", "np": "numpy"}
"""What a name stands for where nothing binds it, as after a star import of an unknown library."""

INFINITIES = {"math.inf", "numpy.inf", "numpy.Inf", "torch.inf"}

COMPARE: dict[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Gt: lambda a, b: a > b,
    ast.Lt: lambda a, b: a < b,
    ast.GtE: lambda a, b: a >= b,
    ast.LtE: lambda a, b: a <= b,
}

STATEMENTS: dict[type[ast.stmt], Callable[..., list[Path]]] = {
    ast.Expr: Frame.expression_statement,
    ast.Assign: Frame.assign,
    ast.AnnAssign: Frame.annotated,
    ast.AugAssign: Frame.augmented,
    ast.Return: Frame.returned,
    ast.If: Frame.branch,
    ast.For: Frame.loop,
    ast.AsyncFor: Frame.loop,
    ast.While: Frame.while_loop,
    ast.With: Frame.with_block,
    ast.AsyncWith: Frame.with_block,
    ast.Try: Frame.attempt,
    ast.FunctionDef: Frame.nested,
    ast.AsyncFunctionDef: Frame.nested,
    ast.ClassDef: Frame.nested_class,
    ast.Break: Frame.leave,
    ast.Continue: Frame.leave,
    ast.Raise: Frame.stop,
    ast.Match: Frame.match,
}

EXPRESSIONS: dict[type[ast.expr], Callable[..., Value]] = {
    ast.Name: Frame.name,
    ast.Constant: Frame.constant,
    ast.Attribute: Frame.attribute,
    ast.Subscript: Frame.subscript,
    ast.Slice: Frame.slice,
    ast.Tuple: Frame.tuple_,
    ast.List: Frame.tuple_,
    ast.Set: Frame.tuple_,
    ast.Dict: Frame.dict_,
    ast.ListComp: Frame.comprehension,
    ast.GeneratorExp: Frame.comprehension,
    ast.SetComp: Frame.comprehension,
    ast.DictComp: Frame.dict_comprehension,
    ast.IfExp: Frame.conditional,
    ast.BoolOp: Frame.boolean,
    ast.Compare: Frame.comparison,
    ast.BinOp: Frame.binary_operation,
    ast.UnaryOp: Frame.unary,
    ast.Lambda: Frame.lambda_,
    ast.NamedExpr: Frame.walrus,
    ast.Starred: Frame.inner,
    ast.Await: Frame.inner,
    ast.Yield: Frame.yielded,
    ast.YieldFrom: Frame.yielded,
    ast.JoinedStr: Frame.formatted,
    ast.Call: Frame.call,
}

ATTRIBUTES: dict[type[Value], Callable[..., Value]] = {
    Instance: Frame.instance_attribute,
    Module: Frame.module_attribute,
    External: Frame.external_attribute,
    Class: Frame.class_attribute,
    Unknown: Frame.unknown_attribute,
    Mapping: Frame.mapping_attribute,
}

MODULE_METHODS = layers.MODULE_METHODS
