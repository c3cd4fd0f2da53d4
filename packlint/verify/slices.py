"""The statements around a recurrent layer, alone: from what goes into it to what is read of it, on random tensors.

For code whose class cannot be built. The layer has the options that the code shows; what else an object holds is stood
in for by its name. What the statements take from outside are the roots, and each is given what its name suggests.
"""

from __future__ import annotations

import ast
import builtins
import copy
import re
import types
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from packlint.verify.batches import Batch
from packlint.verify.evidence import Layer, Site, Spot, Subject
from packlint.verify.giving import ROOT, Given, Look, Maker, givens
from packlint.verify.guessing import SIZE, Words, guesses
from packlint.verify.inferring import NotRunError, Sides, reached
from packlint.verify.loading import load
from packlint.verify.observing import AT
from packlint.verify.places import Function, function_of, names_set
from packlint.verify.sides import Side, said
from packlint.verify.standing import Standing

INPUT = f"{ROOT}input"
STATE = f"{ROOT}state"
LIBRARIES = {"torch", "F", "nn", "math", "np", "numpy", "rnn", "rnn_utils", "functional", "th"}
SAFE = {
    *("len", "max", "min", "int", "list", "range", "sorted", "zip", "map", "sum", "isinstance", "float", "tuple"),
    *("enumerate", "reversed", "bool", "hasattr", "getattr", "abs", "all", "any", AT),
}
REPEATED = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp | ast.Lambda
LOOSE = re.compile(
    r"drop|norm|relu|tanh|sigmoid|softmax|act|bn|fc|linear|dense|proj|attn|attention|score|out|hidden2|weight"
    r"|batch_?norm|lin|mlp|w_|_w",
    re.IGNORECASE,
)


def sliced(
    subject: Subject, before: ast.Module, after: ast.Module | None, base: Batch, dtype: torch.dtype
) -> Iterator[tuple[Sides, frozenset[int]]]:
    """Both sides around each layer, and the numbers of the sites that this is about; raises `NotRunError`."""
    problems: list[str] = []
    done = False
    for layer, numbers in _around(subject):
        sites = [subject.sites[at] for at in numbers]
        try:
            yield _sides(subject, before, after, layer, sites, base, dtype), frozenset(numbers)
            done = True
        except NotRunError as error:
            problems.append(str(error))
    if not done:
        raise NotRunError(problems[0] if problems else "no recurrent layer is called where it stands")


def _around(subject: Subject) -> Iterator[tuple[Layer, list[int]]]:
    """The layers, each with the sites that name its call, or stand in its function and name none."""
    by_spot = {layer.call: layer for layer in subject.layers}
    for spot, layer in by_spot.items():
        numbers = [at for at, site in enumerate(subject.sites) if spot in site.calls]
        if numbers:
            yield layer, numbers


def _sides(
    subject: Subject, before: ast.Module, after: ast.Module | None, layer: Layer, sites: Sequence[Site],
    base: Batch, dtype: torch.dtype,
) -> Sides:  # fmt: skip
    function = function_of(before, sites[0].function)
    call = None if function is None else call_at(function, layer.call)
    if function is None or call is None:
        raise NotRunError("the call of the layer is in another function")
    torch.set_default_dtype(dtype)
    imported: set[str] = set()
    names = vars(load(subject.path, subject.root, _imports(before), subject.before))
    imported |= names.keys()
    shown = Shown(layer, _held(before, subject.owner), subject.words)
    program = Program(function, call, imported, shown).make()
    twin = None
    if after is not None:
        other = function_of(after, sites[0].function)
        place = None if other is None else same_call(function, call, other)
        if other is None or place is None:
            raise NotRunError("the layer is not called in the rewrite")
        names = {**names, **vars(load(subject.path, subject.root, _imports(after), subject.after or ""))}
        imported |= names.keys()
        twin = Program(other, place, imported, shown, ast.dump(program.input)).make()
    return _run(subject, program, twin, shown, names, sites, base, dtype)


def _run(
    subject: Subject, program: Program, twin: Program | None, shown: Shown, names: dict[str, Any],
    sites: Sequence[Site], base: Batch, dtype: torch.dtype,
) -> Sides:  # fmt: skip
    results = program.results if twin is None else [name for name in program.results if name in twin.results]
    roots = list(dict.fromkeys([*program.roots, *(twin.roots if twin is not None else ())]))
    problems: list[str] = []
    original = program.compiled(roots, results, names, subject.path)
    rewrite = None if twin is None else twin.compiled(roots, results, names, subject.path)
    first = _module(shown, original, dtype, base.seed)
    for given in _givens(first, original, roots, program, subject.words):
        side = _side(subject.path, first, given)
        seen = side.observe(base.sorted())
        if not reached(seen, base, sites) or (seen.error is not None and not seen.layers):
            problems.append(seen.error or "the layer is given other rows")
            continue
        if twin is None or rewrite is None:
            return Sides(side, None, given.describe())
        plain = _plain(results, side, _side(subject.path, _module(shown, rewrite, dtype, base.seed), given), base)
        if plain != results:  # a name that holds the packed output in one version
            original = program.compiled(roots, plain, names, subject.path)
            rewrite = twin.compiled(roots, plain, names, subject.path)
            side = _side(subject.path, _module(shown, original, dtype, base.seed), given)
            results = plain
        other = _side(subject.path, _module(shown, rewrite, dtype, base.seed), given)
        after = other.observe(base.sorted())
        if after.error is None or seen.error is not None:
            return Sides(side, other, given.describe())
        problems.append(f"in the rewrite {after.error}")
    raise NotRunError(problems[0] if problems else "nothing to give it")


def _plain(results: Sequence[str], one: Side, other: Side, base: Batch) -> list[str]:
    """The results that are tensors on both sides."""
    values = [side.run(base.sorted()) for side in (one, other)]
    packed = [at for given in values if given is not None for at, value in enumerate(given) if _is_packed(value)]
    return [name for at, name in enumerate(results) if at not in packed]


def _is_packed(value: Any) -> bool:
    return isinstance(value, PackedSequence)


def _givens(
    module: nn.Module, forward: Callable[..., Any], roots: Sequence[str], program: Program, words: Words
) -> Iterator[Given]:
    special: dict[str, Maker] = {STATE: _start(module)}
    for given in givens(types.MethodType(forward, module), module, None, words):
        makers = {**given.makers, **{name: maker for name, maker in special.items() if name in roots}}
        if program.entry in makers:
            makers[program.entry] = _input
        if program.entry == INPUT or program.entry in given.makers:
            yield Given(makers, given.constants, given.look)


def _input(batch: Batch, look: Look) -> Tensor:
    made = batch.features(SIZE)
    return made.transpose(0, 1).contiguous() if look.time_first else made


def _start(module: nn.Module) -> Maker:
    layer = module.layer
    assert isinstance(layer, nn.RNNBase)
    states = layer.num_layers * (2 if layer.bidirectional else 1)

    def start(batch: Batch, look: Look) -> Any:
        one = batch.vectors(SIZE)[None].repeat(states, 1, 1) * 0.1
        return (one, one * 2) if isinstance(layer, nn.LSTM) else one

    return start


def _side(path: str, module: nn.Module, given: Given) -> Side:
    def call(batch: Batch, device: bool) -> Any:
        arguments = given.arguments(batch, device)
        with Standing(still=True):
            return module(**arguments)

    return Side(path, call, module)


def _module(shown: Shown, forward: Callable[..., Any], dtype: torch.dtype, seed: int) -> nn.Module:
    torch.manual_seed(seed)
    return Stand(shown, forward).to(dtype).eval()


# --- what stands around the layer ---


@dataclass(frozen=True, slots=True)
class Shown:
    """What the code shows of a layer and of its object. held: what is assigned to the object's attributes."""

    layer: Layer
    held: dict[str, ast.expr]
    words: Words


class Fit(nn.Module):
    """A linear layer of any input size, with the same weights for the same name."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self.in_features = self.out_features = SIZE

    def forward(self, *given: Any, **_: Any) -> Any:
        x = next(one for one in given if isinstance(one, Tensor))
        size = 1 if re.search(r"score|attn|att|weight|energy", self._name) else SIZE
        generator = torch.Generator().manual_seed(zlib.crc32(self._name.encode()) % 10000 + x.shape[-1])
        weight = torch.randn(size, x.shape[-1], generator=generator, dtype=torch.float64).to(x.dtype)
        return nn.functional.linear(x, weight) * 0.3


class Table(nn.Embedding):
    """An embedding of any ids."""

    def __init__(self, padding: int | None) -> None:
        super().__init__(100, SIZE, padding_idx=padding)


class Stand(nn.Module):
    """Stands for the object: `layer` is real, every other attribute is what its name and its assignment suggest."""

    def __init__(self, shown: Shown, forward: Callable[..., Any]) -> None:
        super().__init__()
        one = shown.layer
        kind = getattr(nn, next(iter(one.names), "LSTM") if len(one.names) != 3 else "GRU")
        self.layer = kind(
            SIZE, SIZE, one.num_layers or 1, batch_first=bool(one.batch_first), bidirectional=bool(one.bidirectional)
        )
        self.__dict__["_shown"] = shown
        self.__dict__["_forward"] = forward
        self.__dict__["_made"] = {}

    def forward(self, **given: Any) -> Any:
        return self.__dict__["_forward"](self, **given)

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            if name.startswith("__"):
                raise
            made = self.__dict__["_made"]
            if name not in made:
                made[name] = self._stands_for(name)
            return made[name]

    def _stands_for(self, name: str) -> Any:
        shown: Shown = self.__dict__["_shown"]
        layer = self.layer
        assert isinstance(layer, nn.RNNBase)
        value = shown.held.get(name)
        kind = _called(value)
        if kind == "Embedding":
            return Table(0)
        if kind in {"Linear", "Conv1d", "Sequential", "Bilinear"}:
            return Fit(name)
        if kind is not None and re.search(r"Drop|Norm|ReLU|Tanh|Identity|Sigmoid|GELU", kind):
            return nn.Identity()
        if kind in {"Softmax", "LogSoftmax"} and isinstance(value, ast.Call):
            dims = [ast.literal_eval(one) for one in [*value.args, *(k.value for k in value.keywords)]]
            return getattr(nn, kind)(*dims[:1])
        if isinstance(value, ast.Constant):
            return value.value
        if re.search(r"num_?dir|n_?dir", name):
            return 2 if layer.bidirectional else 1
        if re.search(r"bi_?dir|^bi", name):
            return layer.bidirectional
        if "batch_first" in name:
            return layer.batch_first
        if re.search(r"layers?$", name):
            return layer.num_layers
        if re.search(r"hidden$|^h_?0?$|state|^hx$|^hc$", name) and kind is None and not isinstance(value, ast.Name):
            return None
        if re.search(r"emb", name) and not re.search(r"dim|size", name):
            return Table(0)
        if re.search(r"drop|norm|act|relu|tanh", name) and not isinstance(value, ast.Constant):
            return nn.Identity()
        if LOOSE.search(name) and not re.search(r"size|dim|num", name):
            return Fit(name)
        return guesses(name, None, shown.words)[0]


def _called(value: ast.expr | None) -> str | None:
    if not isinstance(value, ast.Call):
        return None
    return ast.unparse(value.func).rpartition(".")[2]


def _held(tree: ast.Module, owner: str | None) -> dict[str, ast.expr]:
    """What the methods of a class, and of its bases in the file, assign to attributes of their object."""
    classes = {one.name: one for one in ast.walk(tree) if isinstance(one, ast.ClassDef)}
    found: dict[str, ast.expr] = {}
    name = (owner or "").rpartition(".")[2]
    for _ in range(5):
        cls = classes.get(name)
        if cls is None:
            break
        for node in ast.walk(cls):
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    if isinstance(target, ast.Attribute) and ast.unparse(target.value) == "self":
                        found.setdefault(target.attr, node.value)
        name = next((ast.unparse(base).rpartition(".")[2] for base in cls.bases), "")
    return found


# --- the statements ---


def call_at(function: Function, spot: Spot) -> ast.Call | None:
    """The call that begins and ends on these lines, and is no probe; the one that starts there where there are more."""
    found = [
        one
        for one in ast.walk(function)
        if isinstance(one, ast.Call)
        and (one.lineno, one.end_lineno) == (spot.row, spot.end_row)
        and not (isinstance(one.func, ast.Name) and one.func.id == AT)
    ]
    return min(found, key=lambda one: abs(one.col_offset - spot.column), default=None)


def same_call(function: Function, call: ast.Call, other: Function) -> ast.Call | None:
    """The call of the same function, as often as it was called before, in another version."""
    text = ast.unparse(call.func)

    def alike(where: Function) -> list[ast.Call]:
        calls = [one for one in ast.walk(where) if isinstance(one, ast.Call) and ast.unparse(one.func) == text]
        return sorted(calls, key=lambda one: (one.lineno, one.col_offset))

    place = alike(function).index(call)
    found = alike(other)
    return found[place] if place < len(found) else None


def _imports(tree: ast.Module) -> ast.Module:
    """The same file with nothing but its imports."""
    kept: list[ast.stmt] = [
        one
        for one in tree.body
        if isinstance(one, ast.Import | ast.ImportFrom)
        or (
            isinstance(one, ast.Try | ast.If) and any(isinstance(n, ast.Import | ast.ImportFrom) for n in ast.walk(one))
        )
    ]
    return ast.Module(kept, [])


class Program:
    """The statements of a function that matter to one call of a layer. twin_input: the input of the other version."""

    def __init__(
        self, function: Function, call: ast.Call, imported: set[str], shown: Shown, twin_input: str | None = None
    ) -> None:
        self._function = copy.deepcopy(function)
        twins = dict(zip(map(id, ast.walk(function)), ast.walk(self._function), strict=True))
        found = twins[id(call)]
        assert isinstance(found, ast.Call)
        self._call = found
        own = {one.arg for one in ast.walk(self._function.args) if isinstance(one, ast.arg)} | _stored(self._function)
        self._known = (imported | LIBRARIES | set(dir(builtins)) | {AT}) - own | {"self"}
        self._imported = imported
        self._shown = shown
        self._twin_input = twin_input
        self.input: ast.expr = ast.Constant(None)
        self.entry = INPUT
        self.roots: list[str] = []
        self.results: list[str] = []
        self._body: list[ast.stmt] = []

    def make(self) -> Program:
        """Choose the statements; raises `NotRunError`."""
        if any(_holds(one, self._call) for one in ast.walk(self._function) if isinstance(one, REPEATED)):
            raise NotRunError("the layer is called in a comprehension")
        prefix, statement, suffix = self._path()
        given = self._call.args[0] if self._call.args else next((k.value for k in self._call.keywords), None)
        if given is None:
            raise NotRunError("the layer is called without an input")
        self._call.func = ast.copy_location(_attribute("self", "layer"), self._call.func)
        self._plain_state(prefix)
        self.input = copy.deepcopy(self._made(self._source(given, prefix)))
        wanted = self._twin_input or (None if self._simple(self.input) else ast.dump(self.input))
        prefix = [self._with_input(one, wanted) for one in prefix]
        statement = self._with_input(statement, wanted)
        kept, statement_kept = self._chosen(prefix, statement, suffix)
        self._body = [*kept[0], *statement_kept, *kept[1]]
        return self

    def compiled(
        self, roots: Sequence[str], results: Sequence[str], names: dict[str, Any], path: str
    ) -> Callable[..., Any]:
        """A function of the roots that runs the statements and gives the results."""
        arguments = ast.arguments([], [ast.arg(one) for one in ("self", *roots)], None, [], [], None, [])
        given = [ast.Name(name, ast.Load()) for name in results]
        body = [*self._body, ast.Return(ast.Tuple(list(given), ast.Load()))]
        made = ast.FunctionDef("sliced", arguments, body, [], None)
        module = ast.fix_missing_locations(ast.Module([made], []))
        space = dict(names)
        try:
            exec(compile(module, path, "exec"), space)
        except (SyntaxError, ValueError) as error:
            raise NotRunError(said(error)) from error
        found = space["sliced"]
        assert callable(found)
        return found  # type: ignore[no-any-return]

    def _path(self) -> tuple[list[ast.stmt], ast.stmt, list[ast.stmt]]:
        """What stands before the statement of the call, that one, and what follows, on the way through the blocks."""
        prefix: list[ast.stmt] = []
        suffix: list[ast.stmt] = []
        block: list[ast.stmt] = self._function.body
        while True:
            at = next((i for i, one in enumerate(block) if _holds(one, self._call)), None)
            if at is None:
                raise NotRunError("the call is not in the body of its function")
            prefix += block[:at]
            suffix = [*block[at + 1 :], *suffix]
            one = block[at]
            inner = [
                found
                for field in ("body", "orelse", "finalbody")
                for found in [getattr(one, field, None)]
                if isinstance(found, list) and any(_holds(s, self._call) for s in found)
            ]
            if not inner or isinstance(one, ast.FunctionDef | ast.ClassDef | ast.Lambda):
                return prefix, one, suffix
            block = inner[0]

    def _made(self, source: ast.expr) -> ast.expr:
        """What of an expression is made by what is not known, without what is done to it then: an index, say."""
        while not self._simple(source):
            inner = source.value if isinstance(source, ast.Subscript | ast.Attribute) else None
            if isinstance(source, ast.Call) and isinstance(source.func, ast.Attribute) and not _dotted(source.func):
                inner = source.func.value
            if inner is None or self._simple(inner):
                break
            source = inner
        return source

    def _source(self, given: ast.expr, prefix: Sequence[ast.stmt]) -> ast.expr:
        """The padded batch that the layer is given, as it is written: of a pack, what goes into that."""
        if isinstance(given, ast.Call) and _packs(given) and given.args:
            return given.args[0]
        if isinstance(given, ast.Name):
            for one in reversed(prefix):
                if given.id in _stored(one):
                    packs = [
                        node for node in ast.walk(one) if isinstance(node, ast.Call) and _packs(node) and node.args
                    ]
                    return packs[0].args[0] if packs else given
        return given

    def _plain_state(self, prefix: Sequence[ast.stmt]) -> None:
        """An initial state that a call makes becomes a root of its own."""
        place = 1
        if len(self._call.args) > place:
            self._call.args[place] = ast.copy_location(ast.Name(STATE, ast.Load()), self._call.args[place])
        for keyword in self._call.keywords:
            if keyword.arg == "hx":
                keyword.value = ast.copy_location(ast.Name(STATE, ast.Load()), keyword.value)

    def _with_input(self, statement: ast.stmt, wanted: str | None) -> ast.stmt:
        """With a name in place of the input where that is made by what is not known."""
        if wanted is None:
            return statement

        class Replace(ast.NodeTransformer):
            def visit(self, node: ast.AST) -> ast.AST:
                if isinstance(node, ast.expr) and not isinstance(node, ast.Name) and ast.dump(node) == wanted:
                    return ast.copy_location(ast.Name(INPUT, ast.Load()), node)
                return self.generic_visit(node)

        made = Replace().visit(statement)
        assert isinstance(made, ast.stmt)
        return made

    def _chosen(
        self, prefix: Sequence[ast.stmt], statement: ast.stmt, suffix: Sequence[ast.stmt]
    ) -> tuple[tuple[list[ast.stmt], list[ast.stmt]], list[ast.stmt]]:
        core = self._core(statement)
        made = set().union(*(_stored(one) for one in core))
        after: list[ast.stmt] = []
        targets: list[ast.expr] = []
        for one in suffix:
            targets += list(_probes(one))
        following = _following(suffix, made)
        for one in following:
            for node in ast.walk(one):
                if isinstance(node, ast.Call) and _called(node) in {"pad_packed_sequence", "pad_packed"}:
                    targets.append(node)
        wanted = {name for target in targets for name in _read(target)}
        kept_after: list[ast.stmt] = []
        for one in reversed(following):
            if isinstance(one, ast.Return | ast.Expr | ast.Raise | ast.Assert):
                continue
            unpacks = any(isinstance(n, ast.Call) and _called(n) in {"pad_packed_sequence"} for n in ast.walk(one))
            if (_stored(one) & wanted or unpacks) and self._allowed(one):
                kept_after.insert(0, one)
                wanted = (wanted - _stored(one)) | _read(one)
        inside = {id(node) for one in kept_after for node in ast.walk(one)}
        core_ids = {id(node) for one in core for node in ast.walk(one)}
        for target in targets:
            if id(target) not in inside and id(target) not in core_ids and self._allowed(target):
                kept_after.append(ast.copy_location(ast.Expr(target), target))
        after = kept_after
        available = made | set().union(*map(_stored, after), set())
        needed = set().union(*map(_read, core)) | (set().union(*map(_read, after), set()) - available)
        kept: list[ast.stmt] = []
        roots: list[str] = []
        for one in reversed(prefix):
            assigned = _stored(one)
            if not assigned & needed:
                continue
            if self._simple(one):
                kept.insert(0, one)
                needed = (needed - assigned) | _read(one)
            else:
                for name in sorted(assigned & needed):
                    root = name if name.startswith(ROOT) else f"{ROOT}{name}"
                    given = ast.Assign([ast.Name(name, ast.Store())], ast.Name(root, ast.Load()))
                    kept.insert(0, ast.copy_location(given, one))
                    roots.append(root)
                needed -= assigned
        roots += [name for name in sorted(needed) if name not in roots and name not in self._known]
        self.roots = roots
        self.results = sorted(name for name in made if name not in {"_", "__"} and name.isidentifier())
        self.entry = self._entry(kept, core)
        return (kept, after), core

    def _core(self, statement: ast.stmt) -> list[ast.stmt]:
        """The statement of the call where all of it can be run, else what of it can be."""
        if isinstance(statement, ast.Assign) and self._allowed(statement):
            return [statement]
        holders = [one for one in ast.walk(statement) if isinstance(one, ast.expr) and _holds(one, self._call)]
        for one in holders:  # the outermost first
            if self._allowed(one):
                return [ast.copy_location(ast.Expr(one), statement)]
        return [ast.copy_location(ast.Expr(self._call), statement)]

    def _entry(self, kept: Sequence[ast.stmt], core: Sequence[ast.stmt]) -> str:
        """The root that the input of the layer comes from."""
        given = self._call.args[0] if self._call.args else self._call.keywords[0].value
        names = _tensor_names(given)
        for one in reversed(kept):
            if _stored(one) & names:
                value = getattr(one, "value", None)
                found = _tensor_names(value) if isinstance(value, ast.expr) else _read(one)
                names = (names - _stored(one)) | found
        fitting = [name for name in self.roots if name in names]
        return INPUT if INPUT in self.roots else fitting[0] if fitting else INPUT

    def _simple(self, node: ast.AST) -> bool:
        """Whether it needs nothing but torch and Python."""
        return self._evaluable(node, objects=False)

    def _allowed(self, node: ast.AST) -> bool:
        """The same, layers of the object counted in that can be stood in for."""
        return self._evaluable(node, objects=True)

    def _evaluable(self, node: ast.AST, objects: bool) -> bool:
        if isinstance(node, ast.Return | ast.For | ast.While | ast.With | ast.Try | ast.FunctionDef | ast.ClassDef):
            return False
        for one in ast.walk(node):
            if isinstance(one, ast.Return | ast.Lambda | ast.Await | ast.Yield | ast.For | ast.While):
                return False
            if isinstance(one, ast.Call) and one is not self._call and not self._can_call(one.func, objects):
                return False
        return True

    def _can_call(self, function: ast.expr, objects: bool) -> bool:
        text = ast.unparse(function)
        root = text.partition(".")[0]
        if text.startswith("self.") and _dotted(function):
            inner = text[5:]
            if "." in inner and not inner.endswith(")"):  # a method of something it holds
                return objects and inner.rpartition(".")[2] in {"size", "dim", "view", "repeat", "unsqueeze"}
            kind = _called(self._shown.held.get(inner))
            known = kind is not None and re.search(
                r"Linear|Drop|Norm|ReLU|Tanh|Identity|Sigmoid|Softmax|Sequential", kind
            )
            return objects and bool(known)
        if isinstance(function, ast.Name):
            return text in SAFE or text in self._imported
        if root in self._imported | LIBRARIES and _dotted(function):
            return True
        return isinstance(function, ast.Attribute) and self._evaluable(function.value, objects)


def _dotted(node: ast.expr) -> bool:
    """Whether it is names with dots between them."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)


def _packs(call: ast.Call) -> bool:
    name = _called(call) or ""
    return "pack" in name and "pad_packed" not in name and "unpack" not in name


def _attribute(name: str, attribute: str) -> ast.Attribute:
    return ast.Attribute(ast.Name(name, ast.Load()), attribute, ast.Load())


def _holds(node: ast.AST, inner: ast.AST) -> bool:
    return any(one is inner for one in ast.walk(node))


def _probes(statement: ast.AST) -> Iterator[ast.expr]:
    for one in ast.walk(statement):
        if isinstance(one, ast.Call) and isinstance(one.func, ast.Name) and one.func.id == AT:
            yield one


def _stored(statement: ast.AST) -> set[str]:
    return {name for name in names_set(statement) if name.isidentifier()}


def _read(node: ast.AST) -> set[str]:
    bound = {
        name.id
        for one in ast.walk(node)
        if isinstance(one, ast.comprehension)
        for name in ast.walk(one.target)
        if isinstance(name, ast.Name)
    }
    found = {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load)}
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        found.add(node.target.id)
    return found - bound


def _tensor_names(node: ast.expr) -> set[str]:
    """The names that the value of an expression is made of in the first place: `x` of `pack(x[order], lengths)`."""
    if isinstance(node, ast.Name):
        return {node.id}
    if isinstance(node, ast.Subscript | ast.Attribute | ast.Starred):
        return _tensor_names(node.value)
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Name) and node.func.id == AT:
            return _tensor_names(node.args[1])
        text = ast.unparse(node.func).rpartition(".")[0]
        if isinstance(node.func, ast.Attribute) and text.partition(".")[0] not in LIBRARIES:
            return _tensor_names(node.func.value)
        return _tensor_names(node.args[0]) if node.args else set()
    return _read(node)


def _following(suffix: Sequence[ast.stmt], made: set[str]) -> list[ast.stmt]:
    """The statements that follow, those in branches that are taken without a look at their conditions, too."""
    found: list[ast.stmt] = []
    for one in suffix:
        if isinstance(one, ast.If) and (_stored(one) | _read(one)) & made:
            found += _following(one.body, made)
        else:
            found.append(one)
    return found
