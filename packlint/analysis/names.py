"""Modules of a project and what the names in them stand for."""

from __future__ import annotations

import ast
import functools
import re
from bisect import bisect_left, bisect_right
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from packlint.source import Source

RECURRENT = re.compile(r"rnn|lstm|gru(?![a-z])|(?<![a-z])pack_|packed|pack_sequence|pad_sequence", re.I)
RECURRENT_BEGINS = ("rnn", "lstm", "gru", "pack", "pad_sequence")

KIND_TESTS = {"isinstance", "issubclass"}
BLOCKS = ("body", "handlers", "cases", "orelse", "finalbody")
"""Where statements hold statements, or what holds them."""

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef

F = TypeVar("F", bound=Callable[..., Any])
_remembering: list[Callable[[], None]] = []


def remembered(function: F) -> F:
    """A function of the syntax alone, whose results are kept as long as the projects are whose syntax it is."""
    cached = functools.lru_cache(maxsize=4096)(function)
    _remembering.append(cached.cache_clear)
    return cast(F, cached)


def forget_syntax() -> None:
    """Let go of what was remembered of the syntax of projects."""
    for clear in _remembering:
        clear()


@dataclass(eq=False, slots=True)
class FunctionInfo:
    """A function, a method, a lambda, or the body of a module (`node` is then the `ast.Module`)."""

    name: str
    node: FunctionNode | ast.Lambda | ast.Module
    module: ModuleInfo
    owner: ClassInfo | None = None
    words: frozenset[str] | None = None
    stored: frozenset[str] = frozenset()
    within: tuple[int, int] | None = None
    tests: dict[ast.expr, str] | None = None
    declared: list[ast.arg] | None = None
    marks: frozenset[str] | None = None

    @property
    def body(self) -> list[ast.stmt]:
        if isinstance(self.node, ast.Lambda):
            return [ast.copy_location(ast.Return(self.node.body), self.node.body)]
        return self.node.body

    @property
    def parameters(self) -> list[ast.arg]:
        if self.declared is None:
            arguments = None if isinstance(self.node, ast.Module) else self.node.args
            self.declared = [] if arguments is None else [*arguments.posonlyargs, *arguments.args]
        return self.declared

    @property
    def decorators(self) -> frozenset[str]:
        if self.marks is None:
            found = [] if isinstance(self.node, (ast.Lambda, ast.Module)) else self.node.decorator_list
            names = (dotted(d.func if isinstance(d, ast.Call) else d) for d in found)
            self.marks = frozenset(name.rpartition(".")[2] for name in names)
        return self.marks

    @property
    def tops(self) -> Sequence[ast.AST]:
        """What the function is made of; of a module, what runs when it is imported."""
        return run_on_import(self.node) if isinstance(self.node, ast.Module) else [self.node]

    @property
    def span(self) -> tuple[int, int]:
        """Where its rows, those of its decorators included, begin and end in the text of the file."""
        if self.within is None:
            source = self.module.source
            if isinstance(self.node, ast.Module):
                self.within = 0, len(source.text)
            else:
                first = min([self.node.lineno, *(d.lineno for d in getattr(self.node, "decorator_list", ()))])
                self.within = source.starts[first - 1], source.starts[self.node.end_lineno or first]
        return self.within

    def written_again(self, test: ast.expr) -> str:
        """The text of a test that other `if` statements of the function repeat; "" where none does."""
        if self.tests is None:
            found = [node.test for node in statements_in(self.body) if isinstance(node, ast.If)]
            shapes = {test: tuple(map(type, ast.walk(bare(test)))) for test in found} if len(found) > 1 else {}
            alike = Counter(shapes.values())  # to write a test down takes ten times as long as to walk it
            tests = {test: ast.unparse(bare(test)) for test, shape in shapes.items() if alike[shape] > 1}
            often = Counter(tests.values())
            self.tests = {test: text for test, text in tests.items() if often[text] > 1}
        return self.tests.get(test, "")

    def mentions(self) -> frozenset[str]:
        """Every name and attribute that occurs in the function; of a module, in what runs when it is imported."""
        if self.words is None:
            self.words, self.stored = words_in(self.tops)
        return self.words

    def mentions_any(self, names: Set[str]) -> bool:
        """Whether one of the names occurs in the function, which is walked only where its text holds one."""
        return (self.words is not None or self._holds_any(names)) and not names.isdisjoint(self.mentions())

    def quotes_any(self, names: Set[str]) -> bool:
        """Whether the function holds one of the names as a text, as where a class is chosen by its name."""
        if not self._holds_any(names) or not self._holds_any({f"{q}{name}{q}" for q in "\"'" for name in names}):
            return False
        texts = (node.value for node in code_in(self.tops) if isinstance(node, ast.Constant))
        return any(isinstance(text, str) and text in names for text in texts)

    def _holds_any(self, parts: Set[str]) -> bool:
        start, end = self.span
        find = self.module.source.text.find
        return any(find(part, start, end) >= 0 for part in parts)

    def is_recurrent(self) -> bool:
        """Whether a word of the function looks recurrent."""
        start, end = self.span
        found = self.module.recurrent()
        at = bisect_left(found, start)
        return at < len(found) and found[at] < end and any(RECURRENT.search(word) for word in self.mentions())

    def stores_any(self, names: Set[str]) -> bool:
        """Whether the function sets one of the attributes."""
        return self.mentions_any(names) and not names.isdisjoint(self.stored)


def uses_recurrence(info: FunctionInfo) -> bool:
    """Whether a function names a recurrent layer or a packed batch as what it calls, holds or passes on.

    A flag of another object (`config.allow_rnn`) or a value that was `unpacked` is neither.
    """
    if not info.is_recurrent():
        return False
    recurrent = {word for word in info.mentions() if RECURRENT.search(word)}
    return any(word in recurrent for node in code_in(info.tops) for word in acting_words(node))


def acting_words(node: ast.AST) -> tuple[str, ...]:
    if isinstance(node, ast.Call):
        target = node.func.value if isinstance(node.func, ast.Subscript) else node.func
        return (dotted(target).rpartition(".")[2] or getattr(target, "attr", ""),)
    if isinstance(node, ast.Attribute) and (dotted(node.value) == "self" or node.attr.isupper()):
        return (node.attr,)
    if isinstance(node, ast.Name):
        return () if node.id.startswith("un") else (node.id,)
    return ()


def run_on_import(module: ast.Module) -> list[ast.stmt]:
    """The statements of a module that do something when it is imported or started."""
    definitions = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom
    return [statement for statement in module.body if not isinstance(statement, definitions)]


def statements_in(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Some statements and all within them, the outer ones first."""
    left: deque[ast.AST] = deque(body)
    while left:
        node = left.popleft()
        if isinstance(node, ast.stmt):
            yield node
        for block in BLOCKS:
            left.extend(getattr(node, block, ()))


def code_in(nodes: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """Some nodes and all below, but the kinds that `isinstance` asks for: a test for an LSTM makes none."""
    left: list[Any] = list(nodes)
    while left:
        node = left.pop()
        kind = node.__class__
        parts = PARTS[kind]
        if kind is ast.Call and isinstance(node.func, ast.Name) and node.func.id in KIND_TESTS:
            yield node
            left.extend(node.args[:1])
            left.extend(asked for asked in node.args[1:] if "PackedSequence" in ast.dump(asked))
            continue
        if parts or kind in LEAVES:
            yield node
        for name in parts:
            part = getattr(node, name)
            if part.__class__ is list:
                left.extend(part)
            elif part is not None:
                left.append(part)


LEAVES = {ast.Constant, ast.Name, ast.alias, ast.Pass, ast.Break, ast.Continue}
"""Kinds of nodes that hold nothing below."""


class Parts(dict[type, tuple[str, ...]]):
    """The fields of a kind of node that can hold names below; the `Load` of a name, or an operator, holds none."""

    def __missing__(self, kind: type) -> tuple[str, ...]:
        fields = kind._fields if issubclass(kind, ast.AST) and kind not in LEAVES else ()
        self[kind] = tuple(name for name in fields if name not in {"ctx", "op", "ops"})
        return self[kind]


PARTS = Parts()


def words_in(nodes: Sequence[ast.AST]) -> tuple[frozenset[str], frozenset[str]]:
    """The names and attributes below some nodes, and the attributes that are set there."""
    words: set[str] = set()
    stored: set[str] = set()
    for node in code_in(nodes):
        if isinstance(node, ast.Name):
            words.add(node.id)
        elif isinstance(node, ast.Attribute):
            words.add(node.attr)
            if isinstance(node.ctx, ast.Store):
                stored.add(node.attr)
    return frozenset(words), frozenset(stored)


@dataclass(eq=False, slots=True)
class ClassInfo:
    """A class of the project; its bases are resolved by the project, since they may stand in other files."""

    name: str
    node: ast.ClassDef
    module: ModuleInfo
    methods: dict[str, FunctionInfo] = field(default_factory=dict)
    constants: dict[str, ast.expr] = field(default_factory=dict)

    def is_recurrent(self) -> bool:
        """Whether a word of one of its methods looks recurrent."""
        return any(method.is_recurrent() for method in self.methods.values())


@dataclass(eq=False, slots=True)
class ModuleInfo:
    """One file: its top-level functions and classes, and what its imports stand for.

    `imports` maps a local name to (module, attribute or None, level), as written.
    """

    name: str
    filename: str
    source: Source
    tree: ast.Module
    is_package: bool
    functions: dict[str, FunctionInfo] = field(default_factory=dict)
    classes: dict[str, ClassInfo] = field(default_factory=dict)
    imports: dict[str, tuple[str, str | None, int]] = field(default_factory=dict)
    stars: list[tuple[str, int]] = field(default_factory=list)
    assigned: dict[str, list[ast.expr]] = field(default_factory=dict)
    body: FunctionInfo = field(init=False)
    made: list[ast.Assign] = field(default_factory=list)
    held: list[tuple[frozenset[str], frozenset[str]]] | None = None
    recurrent_at: list[int] | None = None
    in_order: list[FunctionInfo] | None = None
    starts: list[int] | None = None  # of those, in the text
    setters: dict[str, set[str]] | None = None
    exporting: bool | None = None

    def let_go(self) -> None:
        """Let functions and classes, which know their module, be forgotten with it."""
        for cls in self.classes.values():
            cls.methods.clear()
            cls.constants.clear()
        for kept in (self.functions, self.classes, self.assigned, self.made, self.tree.body):
            kept.clear()
        self.in_order = self.held = None
        del self.body

    def __post_init__(self) -> None:
        self.body = FunctionInfo("<module>", self.tree, self)
        self._collect(self.tree.body)
        self._look_through()

    def exports(self) -> bool:
        """Whether the file has to do with the export of a model, to ONNX or by `torch.export`."""
        if self.exporting is None:
            text = f"{self.filename}\n{self.source.text}".lower()
            self.exporting = "onnx" in text or "torch.export" in text
        return self.exporting

    def _collect(self, statements: list[ast.stmt]) -> None:
        for statement in statements:
            if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
                self.functions[statement.name] = FunctionInfo(statement.name, statement, self)
            elif isinstance(statement, ast.ClassDef):
                self._collect_class(statement, statement.name)
            elif isinstance(statement, ast.Assign):
                for target in statement.targets:
                    if isinstance(target, ast.Name):
                        self.assigned.setdefault(target.id, []).append(statement.value)
            elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
                if isinstance(statement.target, ast.Name):
                    self.assigned.setdefault(statement.target.id, []).append(statement.value)
            elif isinstance(statement, (ast.If, ast.Try, ast.With, ast.For, ast.While)):
                for part in ("body", "orelse", "finalbody"):
                    self._collect(getattr(statement, part, []))
                for handler in getattr(statement, "handlers", []):
                    self._collect(handler.body)

    def _collect_class(self, node: ast.ClassDef, name: str) -> None:
        """A class, and those within it under a dotted name."""
        self.classes[name] = class_info(node, self)
        for inner in node.body:
            if isinstance(inner, ast.ClassDef):
                self._collect_class(inner, f"{name}.{inner.name}")

    def _look_through(self) -> None:
        """Gather the imports, wherever they stand, and the assignments of what is called or chosen."""
        for node in statements_in(self.tree.body):
            if isinstance(node, ast.Assign):
                if isinstance(node.value, (ast.Call, ast.IfExp, ast.ListComp)):
                    self.made.append(node)
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    local = alias.asname or alias.name.partition(".")[0]
                    self.imports.setdefault(local, (alias.name if alias.asname else local, None, 0))
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    if alias.name == "*":
                        self.stars.append((node.module or "", node.level))
                    else:
                        self.imports.setdefault(alias.asname or alias.name, (node.module or "", alias.name, node.level))

    def holders(self) -> list[tuple[frozenset[str], frozenset[str]]]:
        """For each assignment of a call to attributes or names: what is set, and the words of the call."""
        if self.held is None:
            self.held = []
            for node in self.made:
                set_ = frozenset(t.attr for t in node.targets if isinstance(t, ast.Attribute))
                if set_ or any(isinstance(t, ast.Name) for t in node.targets):
                    self.held.append((set_, words_in([node.value])[0]))
        return self.held

    def set_from(self, names: Set[str]) -> frozenset[str]:
        """Attributes and top-level names that are set from an expression with one of the names."""
        if self.setters is None:
            self.setters = {}
            for set_, words in self.holders():
                for word in words:
                    self.setters.setdefault(word, set()).update(set_)
            for name, values in self.assigned.items():
                for word in words_in(values)[0]:
                    self.setters.setdefault(word, set()).add(name)
        return frozenset().union(*(self.setters[name] for name in names if name in self.setters))

    def recurrent(self) -> list[int]:
        """Where in the text a recurrent word stands."""
        if self.recurrent_at is None:
            text = self.source.text
            # Plain searches first: one for the pattern takes ten times as long.
            lower = text.replace("\u0130", "i").lower()  # the one letter that is two in lower case
            begun = (at for word in RECURRENT_BEGINS for at in occurrences(lower, word))
            self.recurrent_at = sorted(at for at in begun if RECURRENT.match(text, at))
        return self.recurrent_at

    def all_functions(self) -> list[FunctionInfo]:
        """The functions and methods of the file in reading order; nested ones belong to the function they are in."""
        if self.in_order is None:
            found = [*self.functions.values()]
            for info in self.classes.values():
                found.extend(info.methods.values())
            self.in_order = sorted(found, key=lambda f: getattr(f.node, "lineno", 0))
        return self.in_order

    def functions_with(self, names: Set[str]) -> list[FunctionInfo]:
        """The functions and methods in whose text one of the names stands, be it in a longer word, in reading order."""
        functions, find = self.all_functions(), self.source.text.find
        if self.starts is None:
            self.starts = [function.span[0] for function in functions]
        starts = self.starts
        found: set[int] = set()
        for name in names:
            at = find(name)
            while at >= 0:
                number = bisect_right(starts, at) - 1
                end = functions[number].span[1] if number >= 0 else 0
                if at < end:
                    found.add(number)
                at = find(name, max(end, at + 1))
        return [functions[number] for number in sorted(found)]


def occurrences(text: str, word: str) -> Iterator[int]:
    """Where a word begins in a text."""
    at = text.find(word)
    while at >= 0:
        yield at
        at = text.find(word, at + 1)


def class_info(node: ast.ClassDef, module: ModuleInfo) -> ClassInfo:
    info = ClassInfo(node.name, node, module)
    for statement in node.body:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            info.methods[statement.name] = FunctionInfo(statement.name, statement, module, info)
        elif isinstance(statement, ast.Assign):
            for target in statement.targets:
                if isinstance(target, ast.Name):
                    info.constants[target.id] = statement.value
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            if isinstance(statement.target, ast.Name):
                info.constants[statement.target.id] = statement.value
    return info


def bare(test: ast.expr) -> ast.expr:
    """A test without the `not` before it."""
    while isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        test = test.operand
    return test


@remembered
def code_of(node: ast.AST) -> str:
    """The code of a node, in the form that `ast.unparse` gives it, which takes long."""
    return ast.unparse(node)


def dotted(node: ast.expr) -> str:
    """`a.b.c` for a chain of names, '' for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join([node.id, *reversed(parts)])
