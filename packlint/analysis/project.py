"""The files of a project, and what one of them has to know of the others.

Names are followed along imports. Where the answer lies with the callers of a function (who pads, who sorts), the files
that mention it are searched for by their bytes, and the functions there that mention it are run.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Collection, Hashable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

from packlint.analysis import layers
from packlint.analysis.events import Event, Fact, Pool, RnnCall, Site
from packlint.analysis.flow import Context, Frame, OpenCall, Run, StepsExhaustedError
from packlint.analysis.flow import Path as FlowPath
from packlint.analysis.lengths import model_word
from packlint.analysis.memory import Built, World, each_apart
from packlint.analysis.names import (
    RECURRENT,
    ClassInfo,
    FunctionInfo,
    FunctionNode,
    ModuleInfo,
    class_info,
    code_in,
    dotted,
    forget_syntax,
    uses_recurrence,
    words_in,
)
from packlint.analysis.tensors.meeting import LOSSES
from packlint.analysis.texts import Notes, Past, Texts, has_class
from packlint.analysis.values import (
    LIMIT,
    UNKNOWN,
    Choice,
    Class,
    Const,
    External,
    Function,
    Instance,
    Module,
    Object,
    Packed,
    Sequence,
    Tensor,
    Unknown,
    Value,
    alternatives,
    join,
)
from packlint.config import ProjectFacts
from packlint.source import SourceError, read_source

if TYPE_CHECKING:
    from pathlib import Path

    from packlint.source import Source

CALLERS = 4  # how far up callers are followed
MAKERS = 2  # functions that build an object, whose callers are looked for, too
CONTEXTS = 12  # how many ways of calling one function are kept
BUDGET = 125_000  # expressions that may be evaluated for one file before no further callers are looked for
QUIET = 16_000  # those for the callers of one function in which nothing happens with open arguments, and for theirs
COMMON = 60  # files that may mention a name before it is taken for a common word
SORTERS = frozenset({"sort", "argsort", "topk"})
READ = 200_000  # bytes of files that are parsed in search of functions that only may be callers
FILES = 16  # files in which callers of one function are looked for, the nearest first


BATCH = frozenset({"batch", "loader", "Loader", "LOADER"})
BATCH_WORDS = frozenset({"batch", "loader", "train_loader", "dataloader", "data_loader", "DataLoader", "batch_size"})
PART = re.compile("encoder|decoder", re.IGNORECASE)
LIGHTNING_STEPS = {"training_step", "validation_step", "test_step", "predict_step"}

OpenKey: TypeAlias = tuple[str, FunctionInfo, ClassInfo | None]
"""What an open run is for (alone, chosen, inherited), the function, and the class that is asked about."""

STARRED = {
    "torch.nn": layers.NAMES,
    "torch.nn.utils.rnn": frozenset(layers.PACKERS),
    "torch.utils.data": frozenset({"DataLoader", "Dataset", "TensorDataset"}),
}
"""Names that `from ... import *` gives from a library."""


class Project:
    """The files under a root, read as they are asked for."""

    def __init__(self, root: Path | str, config: ProjectFacts | None = None, past: Past | None = None) -> None:
        self.root = str(root)
        self.config = config if config is not None else ProjectFacts()
        self.texts = Texts(self.root, self.config.max_files, past)
        self._modules: dict[str, ModuleInfo | None] = {}
        self._nested: dict[ast.AST, FunctionInfo] = {}
        self._nested_classes: dict[ast.AST, ClassInfo] = {}
        self._mro: dict[ClassInfo, tuple[list[ClassInfo], str]] = {}
        self._notes: dict[Hashable, Notes] = {}  # of what is kept for other files, what it rests on
        self._contexts: dict[FunctionInfo, list[Context]] = {}
        self._runs: dict[FunctionInfo, list[Run]] = {}
        self._open: dict[OpenKey, Run] = {}
        self._called: dict[Context, Run] = {}
        self._elsewhere: dict[ModuleInfo, frozenset[ClassInfo]] = {}
        self.world = World()
        self._built: dict[tuple[ClassInfo, ClassInfo | None], Built | None] = {}
        self._used: set[Hashable] = set()
        self.spent = 0
        self.limit = BUDGET  # what may be spent before no further callers are looked for

    # -------------------------------------------------------- what is kept, and why

    def _noting(self, key: Hashable) -> AbstractContextManager[None]:
        """What is found within is kept under a key, for whatever file asks next."""
        notes = self._notes[key] = Notes()
        return self.texts.noting(notes)

    def _rests_on(self, key: Hashable) -> None:
        self.texts.rests_on(self._notes[key])

    @contextmanager
    def _another(self, world: World) -> Iterator[World]:
        """Run something in a world of its own."""
        outer, self.world = self.world, world
        try:
            yield world
        finally:
            self.world = outer

    def let_go(self) -> None:
        """Take apart what holds itself together, so that the memory is free at once; nothing can be asked any more."""
        for module in self._modules.values():
            if module is not None:
                module.let_go()
        self.texts.let_go()
        self.__dict__.clear()
        forget_syntax()

    # ------------------------------------------------------------------- files

    def recurrent_words(self, module: ModuleInfo) -> frozenset[str]:
        """Names of a file that may stand for a recurrent layer, for packing, or for an object that has a layer."""
        found = {local for local, (name, _, _) in module.imports.items() if name.startswith("torch.nn.utils.rnn")}
        for set_, words in module.holders():
            if any(RECURRENT.search(word) or self._is_recurrent(module, word) for word in words):
                found |= set_
        return frozenset(found)

    def _is_recurrent(self, module: ModuleInfo, name: str) -> bool:
        """Whether a name is a class or function of the project in whose file recurrent layers occur."""
        if name in module.classes:
            return module.classes[name].is_recurrent()
        if name not in module.imports:
            return False
        origin, attribute, level = module.imports[name]
        path = self.resolve(module, origin, level)
        return path is not None and attribute is not None and self.texts.has_recurrence(path)

    def module(self, path: str) -> ModuleInfo | None:
        """A file of the project, parsed; None where it cannot be."""
        data = self.texts.content(path)
        if path not in self._modules:
            self._modules[path] = None
            try:
                source = read_source(path, data)
                self._modules[path] = self._made(path, source)
            except (SourceError, OSError, RecursionError):
                return None
        return self._modules[path]

    def add(self, source: Source) -> ModuleInfo:
        """The module of a source that the engine read (it may differ from the file on disk).

        Raises:
            SourceError: the text does not parse.
        """
        path = os.path.abspath(source.filename)
        known = self._modules.get(path)
        if known is not None and known.source.text == source.text:
            return known
        made = self._made(path, source)
        self._modules[path] = made
        if self.texts.lacks(path):  # standard input names it, or nothing does
            self.texts.give(path, source.text.encode("utf-8", "replace"))
        return made

    def _made(self, path: str, source: Source) -> ModuleInfo:
        relative = os.path.relpath(path, self.root)
        parts = os.path.splitext(relative)[0].split(os.sep)
        is_package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if is_package else parts)
        return ModuleInfo(name, path, source, source.tree, is_package)

    # ----------------------------------------------------------------- imports

    def resolve(self, importer: ModuleInfo, module: str, level: int) -> str | None:
        """The file that an import means."""
        return self.texts.imported(os.path.dirname(importer.filename), module, level)

    def submodule(self, package: ModuleInfo, name: str) -> Value | None:
        path = self.texts.module_file(os.path.join(os.path.dirname(package.filename), name))
        module = self.module(path) if path is not None else None
        return Module(module) if module is not None else None

    # ------------------------------------------------------------------- names

    def global_value(self, module: ModuleInfo, name: str, run: Run, depth: int = 0) -> Value | None:
        """What a name at the top of a module stands for."""
        key = (id(module), name)
        if key in self.world.globals:
            return self.world.globals[key]
        self.world.globals[key] = None  # while it is being found
        value = self._global(module, name, run, depth)
        self.world.globals[key] = value
        return value

    def _global(self, module: ModuleInfo, name: str, run: Run, depth: int) -> Value | None:
        if name in module.classes:
            return Class(module.classes[name])
        if name in module.functions:
            return Function(module.functions[name])
        if name in module.assigned:
            return self._evaluated(module, module.assigned[name], run)
        if name in module.imports:
            return self.imported(module, module.imports[name], run, depth)
        if depth < 4:
            for star, level in module.stars:
                path = self.resolve(module, star, level)
                target = self.module(path) if path is not None else None
                if target is not None and (found := self.global_value(target, name, run, depth + 1)) is not None:
                    return found
                if path is None and name in STARRED.get(star, ()):
                    return External(f"{star}.{name}")
        return None

    def _evaluated(self, module: ModuleInfo, expressions: list[ast.expr], run: Run) -> Value:
        frame = Frame(run, module.body)
        try:
            return join([frame.eval(e) for e in expressions[:4]])
        except RecursionError:
            return UNKNOWN

    def imported(self, module: ModuleInfo, what: tuple[str, str | None, int], run: Run, depth: int) -> Value | None:
        name, attribute, level = what
        path = self.resolve(module, name, level)
        if path is None:
            if attribute is not None and level == 0 and (inner := self.resolve(module, f"{name}.{attribute}", 0)):
                found = self.module(inner)
                return Module(found) if found is not None else None
            full = name if attribute is None else f"{name}.{attribute}"
            return External(full) if level == 0 else Unknown(full)
        target = self.module(path)
        if target is None:
            return Unknown(name)
        if attribute is None:
            return Module(target)
        if target is not module:
            found_value = self.global_value(target, attribute, run, depth + 1)
            if found_value is not None:
                return found_value
        inner_path = (
            self.texts.module_file(os.path.join(os.path.dirname(path), attribute)) if target.is_package else None
        )
        inner_module = self.module(inner_path) if inner_path is not None else None
        return Module(inner_module) if inner_module is not None else Unknown(f"{name}.{attribute}")

    def any_class(self, module: ModuleInfo) -> Value:
        """One of the classes that a module or package holds, as when it is chosen by a string."""
        run = Run(self)
        found: list[Value] = [Class(c) for c in module.classes.values()]
        for name in module.imports:
            value = self.global_value(module, name, run)
            if isinstance(value, Class):
                found.append(value)
            elif isinstance(value, Module):
                found.extend(Class(c) for c in value.info.classes.values())
        models = [c for c in found if isinstance(c, Class) and self.is_tensor_module(c.info)]
        return Choice(tuple(models[:40])) if models else UNKNOWN

    # ----------------------------------------------------------------- classes

    def _lineage(self, info: ClassInfo) -> tuple[list[ClassInfo], str]:
        """The project's classes from a class upwards, and the first base of a library that says what it is."""
        if info not in self._mro:
            self._mro[info] = ([info], "")  # while it is being found
            with self._noting(info), self._another(World()):
                self._mro[info] = self._found_lineage(info)
        self._rests_on(info)
        return self._mro[info]

    def _found_lineage(self, info: ClassInfo) -> tuple[list[ClassInfo], str]:
        run = Run(self)
        chain, outside = [info], [""]
        for base in info.node.bases:
            name = dotted(base)
            value: Value | None = None
            if isinstance(base, ast.Name):
                value = self.global_value(info.module, base.id, run)
            elif isinstance(base, ast.Attribute):
                value = Frame(run, info.module.body).eval(base)
            if isinstance(value, Class) and value.info is not info:
                more, outer = self._lineage(value.info)
                chain.extend(c for c in more if c not in chain)
                outside.append(outer)
            else:
                outside.append(value.name if isinstance(value, External) else name)
        told = [name for name in outside if name.rpartition(".")[2] not in {"", "object", "ABC", "Generic", "Protocol"}]
        return chain, told[0] if told else ""

    def mro(self, info: ClassInfo) -> list[ClassInfo]:
        return self._lineage(info)[0]

    def external_base(self, info: ClassInfo) -> str:
        return self._lineage(info)[1]

    def is_tensor_module(self, info: ClassInfo) -> bool:
        base = self.external_base(info)
        if "DataModule" in base:
            return False
        return base.startswith("torch.nn.") or "Module" in base or "PreTrainedModel" in base

    def method(self, info: ClassInfo, name: str) -> tuple[FunctionInfo, ClassInfo] | None:
        for cls in self.mro(info):
            if name in cls.methods:
                return cls.methods[name], cls
        return None

    def method_after(self, info: ClassInfo, owner: ClassInfo, name: str) -> tuple[FunctionInfo, ClassInfo] | None:
        """The method that `super()` in a class finds."""
        chain = self.mro(info)
        start = chain.index(owner) + 1 if owner in chain else 0
        for cls in chain[start:]:
            if name in cls.methods:
                return cls.methods[name], cls
        return None

    def class_constant(self, info: ClassInfo, name: str, run: Run) -> Value | None:
        for cls in self.mro(info):
            if name in cls.constants:
                return self._evaluated(cls.module, [cls.constants[name]], run)
        return None

    def inner_class(self, info: ClassInfo, name: str) -> ClassInfo | None:
        """A class that is defined within a class."""
        inner = (cls.module.classes.get(f"{cls.name}.{name}") for cls in self.mro(info))
        return next((found for found in inner if found is not None), None)

    def attribute_elsewhere(self, value: Instance, name: str, frame: Frame) -> Value | None:
        """An attribute that a method other than `__init__` sets."""
        if not value.guessed:
            return None
        for cls in self.mro(value.cls):
            for method in cls.methods.values():
                if method.name == "__init__" or method is frame.info or not method.stores_any({name}):
                    continue
                if any(s.function is method for s in frame.stack) or len(frame.stack) > 4:
                    continue
                inner = Frame(frame.run, method, value, None, (*frame.stack, frame.site(method.node)), frame, cls)
                arguments, _ = inner.bind_arguments(Function(method, value), [], {}, True)
                value.attrs[name] = UNKNOWN
                try:
                    inner.execute(FlowPath(arguments))
                except RecursionError:
                    return None
                return value.attrs.get(name)
        return None

    def nested(self, node: FunctionNode | ast.Lambda, outer: FunctionInfo) -> FunctionInfo:
        top = outer.module.functions.get(getattr(node, "name", ""))
        if top is not None and top.node is node:
            return top
        if node not in self._nested:
            name = getattr(node, "name", "<lambda>")
            self._nested[node] = FunctionInfo(name, node, outer.module)
        return self._nested[node]

    def nested_class(self, node: ast.ClassDef, outer: FunctionInfo) -> ClassInfo:
        top = outer.module.classes.get(node.name)
        if top is not None and top.node is node:
            return top
        if node not in self._nested_classes:
            self._nested_classes[node] = class_info(node, outer.module)
        return self._nested_classes[node]

    def bind_fields(self, value: Instance) -> None:
        """A dataclass or a named tuple: its fields are its arguments."""
        names: list[str] = []
        for cls in reversed(self.mro(value.cls)):
            for statement in cls.node.body:
                if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                    names.append(statement.target.id)
        value.attrs.update(zip(names, value.args, strict=False))
        value.attrs.update(value.keywords)

    def defaults(self, info: FunctionInfo, run: Run) -> dict[str, Value]:
        if info in self.world.defaults:
            return self.world.defaults[info]
        self.world.defaults[info] = {}
        node = info.node
        if isinstance(node, ast.Module):
            return {}
        frame = Frame(run, info.module.body)
        positional = [*node.args.posonlyargs, *node.args.args]
        found: dict[str, Value] = {}
        for parameter, default in zip(
            positional[len(positional) - len(node.args.defaults) :], node.args.defaults, strict=True
        ):
            found[parameter.arg] = frame.eval(default)
        for parameter, keyword_default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True):
            if keyword_default is not None:
                found[parameter.arg] = frame.eval(keyword_default)
        self.world.defaults[info] = found
        return found

    # ------------------------------------------------------------------- notes

    def note_parallel(self, info: ClassInfo, fact: Fact) -> None:
        self.world.parallel.setdefault(info, fact)

    def parallel_fact(self, info: ClassInfo) -> Fact | None:
        return self.world.parallel.get(info)

    def note_field(self, field: Object) -> None:
        if not any(f.fact == field.fact for f in self.world.fields):
            self.world.fields.append(field)

    def is_wrapper(self, name: str | None, kind: str) -> bool:
        names: tuple[str, ...] = getattr(self.config, kind)
        return bool(names) and name is not None and any(name == n or name.endswith(f".{n}") for n in names)

    # ----------------------------------------------------------------- running

    def guessed(self, info: ClassInfo) -> Instance:
        """An object of a class whose construction is not seen: every argument is unknown, with its default."""
        if info not in self.world.guessed:
            made = Instance(info, guessed=True, key=info.name)
            self.world.guessed[info] = made
            method = self.method(info, "__init__")
            if method is not None:
                made.keywords = self._open_arguments(method[0], skip_first=True)
        return self.world.guessed[info]

    def build(self, value: Instance, run: Run) -> bool:
        """Give an object of open arguments the attributes that its `__init__` sets, which is run once for all worlds.

        False while that is being done.
        """
        key = value.cls, self.world.chosen
        if key not in self._built:
            self._built[key] = None
            with self._noting(key):
                self._built[key] = self._build(*key)
        self._rests_on(key)
        built = self._built[key]
        if built is None:
            return False
        if key not in self._used:
            self._used.add(key)
            self.spent += built.steps
        value.attrs |= each_apart(built.made.attrs, {id(built.made): value})
        run.record.items.append(built.record)
        for cls, fact in built.parallel.items():
            self.note_parallel(cls, fact)
        for field in built.fields:
            self.note_field(field)
        return True

    def _build(self, info: ClassInfo, chosen: ClassInfo | None) -> Built:
        with self._another(World(chosen)) as world:
            run, made = Run(self), self.guessed(info)
            made.ready = True
            with suppress(StepsExhaustedError, RecursionError):  # what was set until then still stands
                Frame(run, info.module.body).initialise(made, info.node)
            return Built(made, run.record, world.parallel, world.fields, run.steps)

    def _open_arguments(self, info: FunctionInfo, skip_first: bool) -> dict[str, Value]:
        """Parameters as unknown values that remember their names and defaults."""
        node = info.node
        if isinstance(node, ast.Module):
            return {}
        defaults = self.defaults(info, Run(self))
        names = [p.arg for p in info.parameters][1 if skip_first else 0 :] + [p.arg for p in node.args.kwonlyargs]
        prefix = f"{info.owner.name}.{info.name}" if info.owner is not None else info.name
        found: dict[str, Value] = {name: Unknown(f"{prefix}:{name}", defaults.get(name)) for name in names}
        if info.name in LIGHTNING_STEPS and len(info.parameters) > 1 and "Lightning" in self._library_of(info):
            batch = info.parameters[1].arg
            found[batch] = self._moved_by_lightning(info, f"{prefix}:{batch}")
        if "src_lengths" in found and info.name == "forward" and self._is_fairseq_encoder(info.owner):
            found["src_lengths"] = self._fairseq_lengths(info)
        return found

    def _library_of(self, info: FunctionInfo) -> str:
        return self.external_base(info.owner) if info.owner is not None else ""

    def _moved_by_lightning(self, info: FunctionInfo, key: str) -> Tensor:
        """The batch of a step of a LightningModule: the trainer moves every tensor in it to the device of the model."""
        row = getattr(info.node, "lineno", 1)
        fact = Fact(info.module.filename, row, f"Lightning moves the batch to the device of the model: `{info.name}`")
        return Tensor(roots=frozenset({key}), device="accel", device_facts=(fact,))

    def _is_fairseq_encoder(self, info: ClassInfo | None) -> bool:
        if info is None:
            return False
        bases = [*(cls.name for cls in self.mro(info)[1:]), self.external_base(info).rpartition(".")[2]]
        return "FairseqEncoder" in bases

    def _fairseq_lengths(self, info: FunctionInfo) -> Tensor:
        """What fairseq gives an encoder: its collaters sort by decreasing length, its trainer moves every tensor."""
        fact = Fact(
            info.module.filename,
            getattr(info.node, "lineno", 1),
            "fairseq moves `src_lengths` to the device with the batch",
        )
        return Tensor("lengths", sort="desc", device="accel", device_facts=(fact,), counted="name", word="src_lengths")

    def contexts(self, info: FunctionInfo, depth: int = 0) -> list[Context]:
        """The ways in which the project calls a function, as far as they are seen."""
        if info in self._contexts:
            return self._contexts[info]
        if depth >= CALLERS:
            return []
        self._contexts[info] = []
        if self._is_quiet(info):
            with self._few_steps():
                found = self._found_contexts(info, depth)
        else:
            found = self._found_contexts(info, depth)
        self._contexts[info] = distinct(found)[:CONTEXTS]
        return self._contexts[info]

    @contextmanager
    def _few_steps(self) -> Iterator[None]:
        """Look for callers until a few steps were spent; what was left undone is not kept for other functions."""
        before, contexts, runs = self.limit, set(self._contexts), set(self._runs)
        self.limit = min(before, self.spent + QUIET)
        yield
        if self.spent > self.limit:
            self._contexts = {info: found for info, found in self._contexts.items() if info in contexts}
            self._runs = {info: found for info, found in self._runs.items() if info in runs}
        self.limit = before

    def _found_contexts(self, info: FunctionInfo, depth: int) -> list[Context]:
        found: list[Context] = []
        makers: list[FunctionInfo] = []
        for caller in self._callers(info):
            if self.spent > self.limit and caller not in self._runs:
                continue
            if gives(self._alone(caller).returned, info.owner):
                makers.append(caller)
            found.extend(self._contexts_in(caller, info, depth))
            if len(found) >= CONTEXTS * 2:
                break
        within = self.spent <= self.limit
        reach = min(self.limit, self.spent + BUDGET // 4)  # what may be spent on callers that only may be some
        for maker in makers[:MAKERS] if not found and within else []:
            for caller in self._callers(maker, everywhere=True):
                if self.spent > reach or len(found) >= CONTEXTS:
                    break
                # What is built may be one of several; a packed batch is for those that take one.
                many = len(alternatives(self._alone(maker).returned)) > LIMIT
                found.extend(context for context in self._contexts_of(caller, info, many) if not packed(context))
        alone = within and not found and info.owner is not None and bool(self._alone(info).events)
        if alone and info.name == "forward":
            found = self._from_own_batch(info) or self._from_bases(info, reach) or self._of_siblings(info, depth)
            found = found or self._from_holders(info, reach)
        if alone and not found:
            found = self._of_open_calls(info, depth, reach)
        return found

    def _contexts_in(self, caller: FunctionInfo, info: FunctionInfo, depth: int) -> list[Context]:
        """The ways in which one function calls another."""
        alone = self._alone(caller)
        if info not in alone.calls:
            return []  # it mentions the name and calls something else
        runs = self.run(caller, depth + 1) if alone.open else [alone]
        return [context for run in runs for context in run.calls.get(info, [])]

    def _from_own_batch(self, info: FunctionInfo) -> list[Context]:
        """`inputs, targets = model.parse_batch(batch); model(inputs)`, as a model with such a method is trained."""
        method = info.owner.methods.get("parse_batch") if info.owner is not None else None
        if info.owner is None or method is None or len(info.parameters) != 2:
            return []
        returned = self._alone(method).returned
        if not isinstance(returned, Sequence) or returned.items is None or len(returned.items) != 2:
            return []
        this, (own, batch) = self.guessed(info.owner), (p.arg for p in info.parameters)
        site = Site(method.module, method.node, method)
        return [Context(this, {own: this, batch: returned.items[0]}, site, frozenset({batch}))]

    def _from_bases(self, info: FunctionInfo, reach: int) -> list[Context]:
        """How the methods that a model inherits call it: `self(batch)` in the `training_step` of a base class."""
        owner = info.owner
        if owner is None:
            return []
        found: list[Context] = []
        for method in self._inherited(owner):
            if method.mentions_any(BATCH_WORDS) and self.spent <= reach:
                found.extend(self._run_for(method, owner).calls.get(info, []))
        return found

    def _from_holders(self, info: FunctionInfo, reach: int) -> list[Context]:
        """How methods that a class inherits call what it holds: `self.encoder(batch)` in the step of a base class."""
        owner = info.owner
        if owner is None:
            return []
        found: list[Context] = []
        name = frozenset({owner.name})
        for path in islice(self._nearest(self.texts.mentioning(name), info.module), FILES // 2):
            module = None if self._has_another(path, owner) else self.module(path)
            held = module.set_from(name) if module is not None else frozenset()
            if module is None or not held or not self._may_mean(module, owner.name, info):
                continue
            for holder in module.classes.values():
                if not any(method.stores_any(held) for method in holder.methods.values()):
                    continue
                for method in self._inherited(holder):
                    if method.mentions_any(held) and self.spent <= reach:
                        found.extend(c for c in self._run_for(method, holder).calls.get(info, []) if c.tells)
        return found

    def _inherited(self, owner: ClassInfo) -> Iterator[FunctionInfo]:
        """The methods of a class that stand in its bases."""
        for base in self.mro(owner)[1:]:
            yield from (method for method in base.methods.values() if method.name not in owner.methods)

    def _run_for(self, method: FunctionInfo, owner: ClassInfo) -> Run:
        """An inherited method, run once with open arguments on an object of a class that inherits it."""
        return self._once(("inherited", method, owner), World(), method, owner)

    def _once(
        self,
        key: tuple[str, FunctionInfo, ClassInfo | None],
        world: World,
        info: FunctionInfo,
        of: ClassInfo | None = None,
    ) -> Run:
        """A function run with open arguments in a world of its own: once for all files, and counted once for each."""
        if key not in self._open:
            with self._noting(key), self._another(world):
                self._open[key] = self._run_open(info, of)
        self._rests_on(key)
        if key not in self._used:
            self._used.add(key)
            self.spent += self._open[key].steps
        return self._open[key]

    def _contexts_of(self, caller: FunctionInfo, info: FunctionInfo, many: bool) -> list[Context]:
        """The ways in which a function calls one of several models; of many it may leave some out."""
        alone = self._alone(caller)
        if info not in alone.calls and not alone.cut_short and not many:
            return []
        return self._once(("chosen", caller, info.owner), World(info.owner), caller).calls.get(info, [])

    def _of_siblings(self, info: FunctionInfo, depth: int) -> list[Context]:
        """A model that nothing builds stands in for its siblings: one of the models of its folder is run at a time.

        It is called as they are, where they take as many arguments.
        """
        owner = info.owner
        if owner is None or not self.is_tensor_module(owner) or self._is_built(owner):
            return []
        folder = os.path.dirname(info.module.filename)
        for path in self.texts.within(folder):
            if path == info.module.filename or not self.texts.holds(path, info.name):
                continue
            sibling = self.module(path)
            for cls in sibling.classes.values() if sibling is not None else []:
                forward = cls.methods.get("forward")
                if forward is None or not self.is_tensor_module(cls) or required(forward) != required(info):
                    continue
                within = {sibling, info.module}  # a part of a model is not its sibling
                contexts = [c for c in self.contexts(forward, depth + 1) if c.site.module not in within]
                if contexts:
                    return [self._as_sibling(info, context) for context in contexts]
        return []

    def _of_open_calls(self, info: FunctionInfo, depth: int, reach: int) -> list[Context]:
        """A model that is chosen by a string, by a registry or by a configuration: any call of a model may be of it."""
        owner = info.owner
        if owner is None or not self.is_tensor_module(owner):
            return []
        found, left = list[Context](), READ
        for path in self.texts.calling(info.name, info.module.filename):
            left -= len(self.texts.content(path))
            if left < 0:
                break
            if not self.texts.found_in("trains", path, lambda path: any(self._training(path))):
                continue  # its bytes told more than is true, and it is not parsed each time to see that
            for function in self._training(path):
                if function is info or self.spent > reach:
                    continue
                alone = self._alone(function)
                if not alone.open_calls:
                    continue
                runs = self.run(function, depth + 1) if alone.open else [alone]
                calls = [call for run in runs for call in run.open_calls if call.method == info.name and call.tells]
                found.extend(context for call in calls if (context := self._as_called(info, owner, call)) is not None)
        agree(found)
        return found

    def _training(self, path: str) -> Iterator[FunctionInfo]:
        """The functions of a file that hand a batch to a model."""
        module = self.module(path)
        if module is not None:
            yield from filter(hands_on_a_batch, (*module.functions_with(BATCH), module.body))

    def _as_called(self, info: FunctionInfo, owner: ClassInfo, call: OpenCall) -> Context | None:
        """A call of an unknown model as one of this model, where it takes such arguments and bears such a name."""
        names = [p.arg for p in info.parameters]
        given = dict(zip(names[1:], call.args, strict=False)) | call.keywords
        part = PART.search(call.word)
        if part is not None and part.group().lower() not in owner.name.lower():
            return None
        fits = required(info) <= len(call.args) + len(call.keywords) + 1 <= len(names) and given.keys() <= set(names)
        if not fits or len(given) < len(call.args) + len(call.keywords):
            return None
        this = self.guessed(owner)
        arguments = {**self._open_arguments(info, skip_first=False), **given, names[0]: this}
        return Context(this, arguments, call.site, frozenset(given))

    def _is_built(self, info: ClassInfo) -> bool:
        """Whether a class is mentioned anywhere but in its own definition, or another file has one of that name."""
        name = frozenset({info.name})
        for path in self.texts.mentioning(name):
            if self._has_another(path, info):
                return True
            module = self.module(path)
            if module is None:
                continue
            functions = [*module.functions_with(name), module.body]
            if any(f.owner is not info and f.mentions_any(name) for f in functions):
                return True
            if any(info.name in words_in(c.node.bases)[0] for c in module.classes.values()):
                return True
        return False

    def _has_another(self, path: str, info: ClassInfo) -> bool:
        """Whether another file has a class of that name itself, which is then the one that is meant there."""
        return path != info.module.filename and has_class(self.texts.content(path), info.name)

    def _as_sibling(self, info: FunctionInfo, context: Context) -> Context:
        """A context of a sibling's `forward`, with its arguments under this one's names."""
        values = list(context.arguments.values())[1:]
        names = [p.arg for p in info.parameters]
        this = self.guessed(info.owner) if info.owner is not None else None
        arguments = self._open_arguments(info, skip_first=False)
        arguments.update(zip(names[1:], values, strict=False))
        if this is not None:
            arguments[names[0]] = this
        return Context(this, arguments, context.site, frozenset(names))

    def _alone(self, info: FunctionInfo) -> Run:
        """A function run once, with open arguments, in a world of its own."""
        return self._once(("alone", info, None), World(), info)

    def _is_quiet(self, info: FunctionInfo) -> bool:
        """Whether nothing happens in a function with open arguments."""
        alone = self._alone(info)
        return not alone.events and not alone.open_calls

    def _callers(self, info: FunctionInfo, everywhere: bool = False) -> Iterator[FunctionInfo]:
        """Functions that may call a function: those that mention its name, or make objects of its class.

        `everywhere`, also in files without a word of recurrence.
        """
        names = self._names_of(info)
        if not names:
            return
        # Where nothing happens with open arguments, only what comes of a recurrent layer can make something happen.
        recurrent = self._is_quiet(info) and not everywhere
        files = self.texts.mentioning(names, recurrent)
        if len(files) > COMMON and info.owner is not None:
            files = self.texts.mentioning(frozenset({info.owner.name}), recurrent)
        if len(files) > COMMON:
            return  # a name that is everywhere says nothing
        searched = 0
        for path in self._nearest(files, info.module):
            if not self.texts.leads(path, info.module.filename):
                searched += 1
                continue
            module = self.module(path)
            if module is None or not any(self._may_mean(module, name, info) for name in names):
                continue
            searched += 1
            if searched > FILES:
                return
            held = module.set_from(names)
            words = names | held | self._inherited_users(module, held)
            some = module.functions_with(words)
            if module is info.module and info.owner is not None:
                some = sorted({*some, *info.owner.methods.values()}, key=lambda f: f.span)
            for function in [*some, *self._inheriting(module, held), module.body]:
                if function is info or (function.name == "__init__" and function.owner is info.owner):
                    continue
                own = function.owner is not None and function.owner is info.owner  # `self.forward(...)`
                mentioned = words | {info.name} if own else words
                named = function.mentions_any(mentioned)
                if not named and own and info.name == "forward":
                    named = calls_its_object(function)
                if named or (function is not module.body and function.quotes_any(names)):
                    yield function

    def _nearest(self, files: Collection[str], module: ModuleInfo) -> Collection[str]:
        """Files in the order in which callers of something in a module are looked for.

        Its own file first, then those that name the module, as an import of it does, then those near by.
        """
        tail = module.name.rpartition(".")[2]

        def distance(path: str) -> tuple[bool, bool, int, str]:
            shared = len(os.path.commonpath([path, module.filename]))
            return path != module.filename, not self.texts.holds(path, tail), -shared, path

        return sorted(files, key=distance) if len(files) > 1 else files

    def _may_mean(self, module: ModuleInfo, name: str, info: FunctionInfo) -> bool:
        """Whether a name in a file can be the function, or the class it belongs to: not another one of that name."""
        if module is info.module or name not in module.imports:
            return name not in module.classes or module is info.module
        origin, attribute, level = module.imports[name]
        path = self.resolve(module, origin, level)
        target = self.module(path) if path is not None else None
        if target is None or target is info.module or attribute is None:
            return True
        return attribute not in target.classes and attribute not in target.functions

    def _names_of(self, info: FunctionInfo) -> frozenset[str]:
        if info.owner is None:
            return frozenset() if info.name in {"<module>", "<lambda>", "main"} else frozenset({info.name})
        if info.name in {"forward", "__call__", "__init__", "__getitem__", "__iter__", "training_step"}:
            return frozenset({info.owner.name})
        if info.name in LIGHTNING_STEPS:
            return frozenset({info.name, info.owner.name})
        return frozenset({info.name})

    def _inherited_users(self, module: ModuleInfo, held: frozenset[str]) -> frozenset[str]:
        """Methods from other files that use what the classes of a file hold: `self.pool` set here, called in a base."""
        bases = self._bases_elsewhere(module) if held else frozenset()
        found = (function for other in {base.module for base in bases} for function in other.functions_with(held))
        return frozenset(f.name for f in found if f.owner in bases and f.mentions_any(held)) - {"__init__"}

    def _bases_elsewhere(self, module: ModuleInfo) -> frozenset[ClassInfo]:
        """The classes of other files that those of a file inherit from."""
        if module not in self._elsewhere:
            with self._noting(module):
                bases = (base for cls in module.classes.values() for base in self.mro(cls)[1:])
                self._elsewhere[module] = frozenset(base for base in bases if base.module is not module)
        self._rests_on(module)
        return self._elsewhere[module]

    def _inheriting(self, module: ModuleInfo, held: frozenset[str]) -> list[FunctionInfo]:
        """Methods of subclasses in other files that use what a class of a file holds."""
        setting = (function for function in module.functions_with(held) if function.stores_any(held))
        holding = dict.fromkeys(function.owner for function in setting if function.owner is not None)
        found: list[FunctionInfo] = []
        for holder in holding:
            for path in self.texts.mentioning(frozenset({holder.name}))[:FILES]:
                other = self.module(path)
                for cls in other.classes.values() if other is not None and other is not module else []:
                    if holder in self.mro(cls):
                        found.extend(method for method in cls.methods.values() if method.mentions_any(held))
        return found

    def run(self, info: FunctionInfo, depth: int = 0) -> list[Run]:
        """A function run in each way it is called, or once with open arguments where no call is seen."""
        if info in self._runs:
            return self._runs[info]
        self._runs[info] = [self._alone(info)]
        contexts = self.contexts(info, depth) if info.name != "<module>" else []
        if contexts:
            self._runs[info] = [self._run_in(info, context) for context in contexts]
        return self._runs[info]

    def _run_open(self, info: FunctionInfo, of: ClassInfo | None = None) -> Run:
        run = Run(self, open=bool(info.parameters))
        frame = Frame(run, info)
        arguments = self._open_arguments(info, skip_first=False)
        if info.owner is not None and info.parameters and "staticmethod" not in info.decorators:
            frame.this, frame.owner = self.guessed(of or info.owner), info.owner
            arguments[info.parameters[0].arg] = frame.this
        return self._executed(frame, arguments)

    def _run_in(self, info: FunctionInfo, context: Context) -> Run:
        """What came of a call; where it was not followed, the function is run on its arguments."""
        if context not in self._called:
            with self._noting(context):
                self._called[context] = self._run_called(info, context)
        self._rests_on(context)
        run = self._called[context]
        self.spent += run.steps
        return run

    def _run_called(self, info: FunctionInfo, context: Context) -> Run:
        if context.record is not None:
            run = Run(self, context.record)
            run.gather()
            return run
        frame = Frame(Run(self), info, context.this, owner=info.owner, given=context.given)
        frame.context_fact = context.site.fact(f"called by `{context.site.function.name}`")
        with self._another(World()):
            return self._executed(frame, dict(context.arguments))

    def _executed(self, frame: Frame, arguments: dict[str, Value]) -> Run:
        try:
            frame.run.returned = frame.execute(frame.entry(arguments))
        except (StepsExhaustedError, RecursionError):  # what was found until then still stands
            frame.run.cut_short = True
        frame.run.gather()
        return frame.run

    def events(self, module: ModuleInfo) -> list[Event]:
        """Every event that stands in a file, on every path and for every caller that is seen."""
        self.spent, self.limit = 0, BUDGET
        self._forget()
        found: list[Event] = []
        words = self.recurrent_words(module)
        naming = {module.body, *module.functions_with(words)}
        happening: list[FunctionInfo] = []
        for function in [*module.all_functions(), module.body]:
            forward = (
                function.name == "forward" and function.owner is not None and self.is_tensor_module(function.owner)
            )
            sorts_for_loss = function.mentions_any(SORTERS) and function.mentions_any(LOSSES)
            called = forward or sorts_for_loss or (function in naming and function.mentions_any(words))
            if not (called or uses_recurrence(function)):
                continue
            if not forward and not self._alone(function).events:
                continue  # nothing recurrent happens in it, whoever calls it
            happening.append(function)
        # Where nothing happens in a file by itself, nothing is looked for that may make something happen.
        if any(self._alone(function).events for function in happening):
            self.texts.expect(len(happening))
            for function in happening:
                for run in self.run(function):
                    found.extend(run.events)
        return settled(found)

    def _forget(self) -> None:
        """Who calls what is found anew for each file: how far that was followed must not depend on other files."""
        self._used.clear()
        self._runs.clear()
        self._contexts.clear()


def settled(events: list[Event]) -> list[Event]:
    """The events without those that another one excuses.

    A softmax that is masked for one caller is given no mask by the others on purpose (a batch of one), and a layer that
    runs packed on one path of a function runs unpacked on another on purpose; a pooling that does no harm on the one
    is left alone on the other, too.
    """
    carried = {(e.site.function, e.layer.key) for e in events if isinstance(e, RnnCall) and starts_from_state(e)}
    also = {(e.site.function, e.layer.key) for e in events if isinstance(e, RnnCall) and e.packed}
    masked = {e.site.key for e in events if isinstance(e, Pool) and e.masked and e.how == "softmax"}
    one_way = {(e.site.key, e.layer.key) for e in events if isinstance(e, RnnCall) and e.bidirectional is False}
    for event in events:
        if isinstance(event, RnnCall):
            event.else_packed = (event.site.function, event.layer.key) in also
            event.else_carried = (event.site.function, event.layer.key) in carried
            event.else_one_way = any(at == event.site.key and key != event.layer.key for at, key in one_way)
    harmless = {e.site.key for e in events if isinstance(e, Pool) and e.masked and e.tensor.unpacked is not None}
    pools = [e for e in events if isinstance(e, Pool) and not e.masked]
    excused = {id(e) for e in pools if e.site.key in masked or (e.site.key in harmless and runs_packed_else(e))}
    return [e for e in events if id(e) not in excused]


def runs_packed_else(pool: Pool) -> bool:
    """Whether what is pooled comes from a layer that runs unpacked there, and packed on another path."""
    call = pool.tensor.call
    return call is not None and call.else_packed and not call.packed


def starts_from_state(call: RnnCall) -> bool:
    """Whether a call is given an initial state by the caller of its function."""
    return isinstance(call.state, Unknown) and ":" in (call.state.key or "")


def agree(contexts: list[Context]) -> None:
    """Where the calls that may be of a model differ in how an argument is sorted or where it lies, neither is known."""
    names = {name for context in contexts for name in context.arguments}
    for name in names:
        given = [context.arguments[name] for context in contexts if name in context.given]
        tensors = [value for value in given if isinstance(value, Tensor)]
        if len({(t.device, t.form) for t in tensors}) > 1 or len({t.sort for t in tensors}) > 1:
            for context in contexts:
                value = context.arguments.get(name)
                if isinstance(value, Tensor):
                    context.arguments[name] = value.but(device=None, device_facts=(), sort=None)


def packed(context: Context) -> bool:
    """Whether a packed batch is among the arguments of a call."""
    return any(isinstance(item, Packed) for value in context.arguments.values() for item in alternatives(value))


def gives(value: Value, owner: ClassInfo | None) -> bool:
    """Whether a function returns an object of a class, alone or in a tuple, as one that builds a model does."""
    made = [
        inner
        for item in alternatives(value)
        for part in (item.items or [] if isinstance(item, Sequence) else [item])
        for inner in alternatives(part)
    ]
    return owner is not None and any(isinstance(item, Instance) and item.cls is owner for item in made)


def hands_on_a_batch(info: FunctionInfo) -> bool:
    """Whether a function names both a model and what a model is given."""
    words = info.mentions()
    return any(part in word for word in words for part in BATCH) and any(map(model_word, words))


def calls_its_object(info: FunctionInfo) -> bool:
    """Whether a method holds `self(...)`, which calls `forward`."""
    this = info.parameters[0].arg if info.parameters else ""
    calls = (node.func for node in code_in([info.node]) if isinstance(node, ast.Call))
    return any(isinstance(function, ast.Name) and function.id == this for function in calls)


def required(info: FunctionInfo) -> int:
    """How many arguments a function must be given."""
    node = info.node
    return 0 if isinstance(node, ast.Module) else len(info.parameters) - len(node.args.defaults)


def distinct(contexts: list[Context]) -> list[Context]:
    """Contexts that differ in what they pass."""
    kept: list[Context] = []
    seen: set[tuple[object, ...]] = set()
    for context in contexts:
        key = (
            context.site.key,
            tuple(sorted((k, fingerprint(v)) for k, v in context.arguments.items())),
            fingerprint(context.this),
        )
        if key not in seen:
            seen.add(key)
            kept.append(context)
    return kept


def fingerprint(value: Value | None) -> str:
    """What tells two arguments apart, in a word."""
    if isinstance(value, Tensor):
        pad = value.pad.how if value.pad else ""
        return f"T {value.role} {value.axes} {pad} {value.device} {value.sort} {value.order is not None} {value.fill}"
    if isinstance(value, Const):
        return repr(value.value)
    if isinstance(value, Instance):
        return f"{value.cls.name} {value.key}"
    if isinstance(value, Object):
        return f"{value.kind} {value.key}"
    return type(value).__name__
