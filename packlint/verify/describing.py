"""What could be found out of a class, written down as a recipe, for a person to go on with.

Where a model could be built and called, the recipe says how, and was followed once before it is handed out. Where not,
it says what was tried, and raises `NotImplementedError` in each place that asks for something to be said.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import inspect
import json
import keyword
import os
import re
import textwrap
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import torch
from torch import Tensor, nn

from packlint.verify import giving
from packlint.verify.batches import Batch, ragged
from packlint.verify.evidence import Subject
from packlint.verify.following import File, followed
from packlint.verify.giving import Given, Look, givens, kinds_of
from packlint.verify.guessing import CLASSES, Settings, WordsIds, constructions, is_known
from packlint.verify.inferring import NotRunError, Sides, Tried, named
from packlint.verify.loading import load, module_name
from packlint.verify.proving import DTYPES, Options, Probes, about_dtype, inferred_sides, probes_of
from packlint.verify.recipes import file_of
from packlint.verify.standing import Standing

WIDTH = 100
STOOD_IN = "What stands for settings, tables and vocabularies was guessed from their names."

Form = Literal["attributes", "items", "stand-in"]
"""How a stand-in for an object of settings is written: with attributes, with items, or as itself, which is all."""


@dataclass(frozen=True, slots=True)
class Described:
    """A recipe: the imports at the top of its file, its lines, and what is missing of it."""

    imports: tuple[str, ...]
    lines: tuple[str, ...]
    missing: tuple[str, ...]

    def as_object(self) -> dict[str, Any]:
        return {"imports": list(self.imports), "lines": list(self.lines), "missing": list(self.missing)}


class UnwritableError(Exception):
    """A value for which there is no text."""


@dataclass(slots=True)
class Writer:
    """Values to texts. imports: what the texts need. plain: whether a vocabulary is written as a dictionary.

    fields: what a model asks of the stand-in for a batch. stood_in: whether something was written that stands for an
    object of the user's.
    """

    form: Form = "attributes"
    plain: bool = True
    fields: tuple[str, ...] = ()
    imports: set[str] = field(default_factory=set)
    stood_in: bool = False

    def value(self, value: Any) -> str:
        """Raises `UnwritableError`."""
        if value is None or type(value) in {bool, int, float, str}:
            return _literal(value)
        if type(value) in {list, tuple}:
            inner = ", ".join(map(self.value, value)) + ("," if type(value) is tuple and len(value) == 1 else "")
            return f"[{inner}]" if type(value) is list else f"({inner})"
        if type(value) is dict:
            return "{" + ", ".join(f"{self.value(k)}: {self.value(v)}" for k, v in value.items()) + "}"
        if isinstance(value, WordsIds):
            return self._vocabulary(value)
        if isinstance(value, Settings):
            return self._settings(dict(value), "packlint.verify.guessing", "Settings")
        if isinstance(value, torch.device):
            self.imports.add("import torch")
            return f'torch.device("{value}")'
        if isinstance(value, Tensor):
            return self._tensor(value)
        if isinstance(value, nn.Module):
            return self._module(value)
        return self._named(value)

    def _vocabulary(self, value: WordsIds) -> str:
        self.stood_in = True
        if self.plain:
            return f'{{"<pad>": 0, **{{f"word{{at}}": at for at in range(1, {len(value)})}}}}'
        self.imports.add("from packlint.verify.guessing import WordsIds")
        return f"WordsIds({len(value)})"

    def _settings(self, items: Mapping[str, Any], module: str, name: str) -> str:
        self.stood_in = True
        if self.form == "items" or not all(_is_name(key) for key in items):
            return "{" + ", ".join(f"{self.value(k)}: {self.value(v)}" for k, v in items.items()) + "}"
        given = ", ".join(f"{key}={self.value(value)}" for key, value in items.items())
        if self.form == "attributes":
            self.imports.add("from types import SimpleNamespace")
            return f"SimpleNamespace({given})"
        self.imports.add(f"from {module} import {name}")
        return f"{name}({{}}, {given})" if given else f"{name}({{}})"

    def _tensor(self, value: Tensor) -> str:
        self.imports.add("import torch")
        shape = ", ".join(map(str, value.shape))
        if value.is_floating_point():
            line = torch.linspace(-1, 1, value.numel(), dtype=value.dtype)
            if torch.equal(line, value.reshape(-1)):
                return f"torch.linspace(-1, 1, {value.numel()}).reshape({shape})"
            return f"torch.randn({shape})"
        return f"torch.tensor({value.tolist()})"

    def _module(self, value: nn.Module) -> str:
        _, keywords = next(iter(constructions(type(value), {}, (), {})))
        return f"{self._class(type(value))}({self.named(type(value), keywords)})"

    def _class(self, cls: type) -> str:
        if cls.__module__.startswith("torch.nn."):
            self.imports.add("from torch import nn")
            return f"nn.{cls.__name__}"
        self.imports.add(_import(cls.__module__, cls.__qualname__.partition(".")[0]))
        return cls.__qualname__

    def _named(self, value: Any) -> str:
        if isinstance(value, type) and issubclass(value, nn.Module):
            return self._class(value)
        name = getattr(value, "__name__", "")
        if name and getattr(torch, name, None) is value:
            self.imports.add("import torch")
            return f"torch.{name}"
        raise UnwritableError(f"there is no text for a {type(value).__name__}")

    def named(self, function: Callable[..., Any], keywords: Mapping[str, Any]) -> str:
        return ", ".join(f"{name}={text}" for name, text in self.arguments(function, keywords).items())

    def arguments(self, function: Callable[..., Any], keywords: Mapping[str, Any]) -> dict[str, str]:
        """The texts of arguments, without those that are the defaults."""
        parameters = _parameters(function)
        kept = {}
        for name, value in keywords.items():
            if name in parameters and parameters[name].default is value:
                continue
            kept[name] = self.value(value)
        return kept

    def made(self, maker: giving.Maker, look: Look) -> str:
        """What a maker of `giving` makes of a batch."""
        text = self._of_batch(maker, look)
        if "torch." in text:
            self.imports.add("import torch")
        if "pack_padded_sequence" in text:
            self.imports.add("from torch.nn.utils.rnn import pack_padded_sequence")
        return text

    def _of_batch(self, maker: giving.Maker, look: Look) -> str:
        turned = ".transpose(0, 1).contiguous()" if look.time_first else ""
        ids, features = f"batch.ids({look.vocabulary}){turned}", f"batch.features({look.size}){turned}"
        lengths = "torch.tensor(batch.lengths)"
        texts: dict[giving.Maker, str] = {
            giving.ids: ids,
            giving.features: features,
            giving.lengths: lengths,
            giving.lengths_list: "list(batch.lengths)",
            giving.lengths_column: f"{lengths}[:, None]",
            giving.mask: f"batch.real(){turned}",
            giving.number_mask: f"batch.real().long(){turned}",
            giving.float_mask: f"batch.real().to(torch.get_default_dtype()){turned}",
            giving.padding_mask: f"(~batch.real()){turned}",
            giving.pair: f"({ids}, {lengths})",
            giving.feature_pair: f"({features}, {lengths})",
            giving.labels: f"batch.scalars({CLASSES})",
            giving.tags: f"batch.ids({CLASSES + 1}).clamp(max={CLASSES - 1}){turned}",
            giving.vectors: f"batch.vectors({look.size})",
            giving.nothing: "None",
            giving.batch_size: "batch.size",
            giving.one_word: f"batch.ids({look.vocabulary})[:, None]",
            giving.one_more: f"torch.stack([batch.ids({look.vocabulary})] * 6, dim=-1)",
            giving.packed: f"pack_padded_sequence(batch.features({look.size}), {lengths}, batch_first=True)",
        }
        if maker in texts:
            return texts[maker]
        if maker is giving.fields and self.form != "stand-in":
            return self._fields(look)
        name = getattr(maker, "__name__", "")
        if getattr(giving, name, None) is not maker:
            raise UnwritableError(f"there is no text for what {name or maker} makes")
        self.imports.add("from packlint.verify import giving")
        return f"giving.{name}(batch, giving.Look({look.time_first}, {look.size}, {look.vocabulary}))"

    def _fields(self, look: Look) -> str:
        self.stood_in = True
        texts = {name: self.made(kinds_of(name)[0], look) for name in self.fields}
        if self.form == "items":
            return "{" + ", ".join(f"{_literal(name)}: {text}" for name, text in texts.items()) + "}"
        self.imports.add("from types import SimpleNamespace")
        return f"SimpleNamespace({', '.join(f'{name}={text}' for name, text in texts.items())})"


def _literal(value: Any) -> str:
    if isinstance(value, float) and (value != value or value in {float("inf"), -float("inf")}):
        return f'float("{value}")'
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _is_name(text: Any) -> bool:
    return isinstance(text, str) and text.isidentifier() and not keyword.iskeyword(text)


def _parameters(function: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):
        return {}


def _import(module: str, name: str) -> str:
    if all(_is_name(part) for part in module.split(".")):
        return f"from {module} import {name}"
    return f"{name} = importlib.import_module({_literal(module)}).{name}"


def described(subject: Subject, options: Options, folder: str) -> Described:
    """The recipe for the class of a subject; a file is named as it is from the folder."""
    try:
        probes = probes_of(subject)
    except SyntaxError as error:
        return _unknown(subject, folder, f"the code does not parse: {error.msg}")
    for dtype in dict.fromkeys((options.dtype, "float32")):
        try:
            sides = inferred_sides(subject, probes, options, dtype)
        except NotRunError as error:
            if dtype != "float32" and about_dtype(error):
                continue
            return _guessed(subject, folder, probes, error)
        if sides.tried is None or sides.tried.given is None:
            break
        return _found(subject, folder, probes, options, dtype, sides, sides.tried, sides.tried.given)
    return _unknown(subject, folder, "it cannot be built")


FORMS: tuple[tuple[Form, bool], ...] = (
    ("attributes", True),
    ("items", True),
    ("attributes", False),
    ("items", False),
    ("stand-in", False),
)


def _found(
    subject: Subject,
    folder: str,
    probes: Probes,
    options: Options,
    dtype: str,
    sides: Sides,
    tried: Tried,
    given: Given,
) -> Described:
    """The recipe of a model that runs: in the plainest form that runs, too."""
    module = load(subject.path, subject.root, probes.before, subject.before)
    cls = named(module, tried.name)
    keywords, fields = _used(cls, tried, given, options)
    base = ragged(options.seed)
    seen = [_errors(sides, batch) for batch in (base, base.sorted())]
    if all(error is not None for errors in seen for error in errors):
        why = f"{tried.method} raises {seen[0][0]}"
        return _guessed(subject, folder, probes, NotRunError(why, replace(tried, problem=why)))
    wanted = _runs(sides, base)
    problem = ""
    for form, plain in FORMS:
        writer = Writer(form, plain, fields)
        try:
            made = _written(subject, folder, cls, tried, keywords, given, writer, ())
        except UnwritableError as error:
            return _guessed(subject, folder, probes, NotRunError(str(error), tried))
        try:
            again = followed(
                File(os.path.join(subject.root, "recipe.py"), file_of([made.as_object()])),
                subject,
                probes.before,
                probes.after,
                base,
                DTYPES[dtype],
            )
        except NotRunError as error:
            problem = problem or str(error)
        else:
            if again is not None and _runs(again, base) == wanted:
                return made
        if not writer.stood_in:
            break
    return _guessed(subject, folder, probes, NotRunError(problem or "the recipe does not run as the class did", tried))


def _errors(sides: Sides, batch: Batch) -> list[str | None]:
    return [one.observe(batch).error for one in (sides.original, sides.rewrite) if one is not None]


def _runs(sides: Sides, base: Batch) -> list[bool]:
    """Which side can be called with which order of the rows."""
    return [error is None for batch in (base, base.sorted()) for error in _errors(sides, batch)]


def _used(cls: Any, tried: Tried, given: Given, options: Options) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The arguments of a constructor after the model was run, so that settings hold what was asked of them; and the
    fields that were asked of a batch."""
    keywords: dict[str, Any] = copy.deepcopy(dict(tried.keywords))
    batches: list[giving.Fields] = []

    def fields(batch: Batch, look: Look) -> giving.Fields:
        batches.append(giving.fields(batch, look))
        return batches[-1]

    makers = {name: fields if maker is giving.fields else maker for name, maker in given.makers.items()}
    watched = Given(makers, given.constants, given.look)
    with torch.no_grad(), Standing(still=True), contextlib.suppress(Exception):  # the original may well raise
        model = cls(**keywords).to(torch.get_default_dtype()).eval()
        getattr(model, tried.method or "forward")(**watched.arguments(ragged(options.seed).sorted(), False))
    asked = dict.fromkeys(name for one in batches for name in vars(one) if not name.startswith("_"))
    return keywords, tuple(asked)


def _guessed(subject: Subject, folder: str, probes: Probes, error: NotRunError) -> Described:
    """A recipe with what is missing said in each place."""
    tried = error.tried
    module = load(subject.path, subject.root, probes.before, subject.before)
    cls = named(module, tried.name if tried is not None else subject.owner or "")
    if tried is None or not isinstance(cls, type):
        return _unknown(subject, folder, str(error))
    problem = tried.problem or str(error)
    given = tried.given
    if given is None:
        method = tried.method or ("forward" if callable(getattr(cls, "forward", None)) else "")
        layout = next((site.layout for site in subject.sites if site.layout is not None), None)
        function = getattr(cls, method, None)
        if callable(function):
            bound = types.MethodType(function, object())
            given = next(givens(bound, nn.Module(), layout, subject.words), None)
    return _written(subject, folder, cls, tried, tried.keywords, given, Writer(), (problem,))


def _written(
    subject: Subject,
    folder: str,
    cls: Any,
    tried: Tried,
    keywords: Mapping[str, Any],
    given: Given | None,
    writer: Writer,
    problems: Sequence[str],
) -> Described:
    """The lines of a recipe. problems: what stood in the way, where something did."""
    missing: list[str] = []
    before_call = bool(problems) and tried.method is None
    build = list(_building(cls, keywords, writer, before_call, problems, missing))
    call = list(_calling(tried, given, writer, bool(problems) and not before_call, problems, missing))
    method = tried.method or "forward"
    named_method = "" if method == "forward" else f", method={_literal(method)}"
    top = tried.name.partition(".")[0]
    own = _import(module_name(subject.path, subject.root)[0], top)
    inner = sorted({own, *(one for one in writer.imports if not _at_top(one))})
    imports = {one for one in writer.imports if _at_top(one)}
    if any("importlib" in one for one in inner):
        imports.add("import importlib")
    lines = [
        f"@recipe({_literal(target_of(subject, folder))}{named_method})",
        f"def {_function_name(subject.owner or '')}():",
        *(f"    {one}" for one in inner),
        "",
        *(f"    {one}" for one in build),
        "",
        "    def make(batch):",
        *(f"        {one}" for one in call),
        "",
        "    return model, make",
    ]
    return Described(tuple(sorted(imports)), tuple(lines), tuple(missing))


def _at_top(line: str) -> bool:
    """Imports of what is installed stand at the top; those of the project within the recipe."""
    return bool(re.match(r"(import|from) (torch|types|packlint)\b", line))


def _building(
    cls: Any, keywords: Mapping[str, Any], writer: Writer, fails: bool, problems: Sequence[str], missing: list[str]
) -> Iterator[str]:
    parameters, objects = _parameters(cls), _objects(cls)
    texts: dict[str, str] = {}
    unknown = []
    for name, value in keywords.items():
        one = parameters.get(name)
        if one is not None and one.default is value:
            continue
        try:
            texts[name] = writer.value(value)
        except UnwritableError:
            if not problems:
                raise
            unknown.append(name)
            texts[name] = name
            continue
        annotation = inspect.Parameter.empty if one is None else one.annotation
        if fails and (not is_known(name, annotation) or (name in objects and isinstance(value, int | float | None))):
            unknown.append(name)
            texts[name] = name
    yield from _comments(problems if fails else ())
    if writer.stood_in and not fails:
        yield from _comments([STOOD_IN])
    yield from _asked(unknown, f"how `{cls.__qualname__}` is built" if fails else "", missing)
    yield from _call(f"model = {cls.__qualname__}", texts)


def _objects(cls: Any) -> set[str]:
    """The names that a constructor takes for more than a number: it asks them for a part, or calls them."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(cls.__init__)))
    except (OSError, TypeError, SyntaxError):
        return set()
    asked = [
        node.func if isinstance(node, ast.Call) else node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute | ast.Subscript | ast.Call)
    ]
    return {one.id for one in asked if isinstance(one, ast.Name)}


def _calling(
    tried: Tried,
    given: Given | None,
    writer: Writer,
    fails: bool,
    problems: Sequence[str],
    missing: list[str],
) -> Iterator[str]:
    method = tried.method or "forward"
    if given is None:
        yield from _asked([], f"what `{method}` is given", missing)
        return
    texts: dict[str, str] = {}
    unknown = []
    for name, maker in given.makers.items():
        try:
            texts[name] = writer.made(maker, given.look)
        except UnwritableError:
            if not problems:
                raise
            texts[name] = ""
        if not texts[name] or (problems and not giving.is_told(name)):
            unknown.append(name)
            texts[name] = name
    for name, value in given.constants.items():
        texts[name] = writer.value(value)
    yield from _comments(problems if fails else ())
    yield from _asked(unknown, f"what `{method}` is given" if fails else "", missing)
    pairs = [f"{_literal(name)}: {text}" for name, text in texts.items()]
    one_line = "return {" + ", ".join(pairs) + "}"
    if len(one_line) <= WIDTH - 8:
        yield one_line
        return
    yield "return {"
    yield from (f"    {pair}," for pair in pairs)
    yield "}"


def _asked(unknown: Sequence[str], whole: str, missing: list[str]) -> Iterator[str]:
    """Lines that raise, one for each thing that has to be said: these names, or else the whole."""
    asked = [f"what `{name}` is" for name in unknown] or ([whole] if whole else [])
    for one in asked:
        missing.append(one)
        yield f"raise NotImplementedError({_literal(f'say {one}')})"


def _comments(texts: Sequence[str]) -> Iterator[str]:
    for text in texts:
        yield from (f"# {line}" for line in textwrap.wrap(text, WIDTH - 4, break_long_words=False))


def _call(begin: str, texts: Mapping[str, str]) -> Iterator[str]:
    pairs = [f"{name}={text}" for name, text in texts.items()]
    one_line = f"{begin}({', '.join(pairs)})"
    if len(one_line) <= WIDTH - 4:
        yield one_line
        return
    yield f"{begin}("
    yield from (f"    {pair}," for pair in pairs)
    yield ")"


def _unknown(subject: Subject, folder: str, problem: str) -> Described:
    """A recipe of which only the class is known."""
    missing: list[str] = []
    name = subject.owner or ""
    lines = [
        f"@recipe({_literal(target_of(subject, folder))})",
        f"def {_function_name(name)}():",
        *(f"    {one}" for one in _comments([problem])),
        *(f"    {one}" for one in _asked([], f"how `{name}` is built and called", missing)),
    ]
    return Described((), tuple(lines), tuple(missing))


def target_of(subject: Subject, folder: str) -> str:
    """How a recipe names a class: by its module where that lies in a package, else by its path from a folder."""
    name, _ = module_name(subject.path, subject.root)
    if "." in name and all(_is_name(part) for part in name.split(".")):
        return f"{name}:{subject.owner}"
    inside = subject.path.startswith(os.path.join(folder, ""))
    return f"{os.path.relpath(subject.path, folder) if inside else subject.path}:{subject.owner}"


def _function_name(owner: str) -> str:
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", owner.replace(".", "_")).lower()
    return name if _is_name(name) and name not in {"recipe", "torch", "nn", "giving"} else f"{name}_"
