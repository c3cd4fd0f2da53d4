"""Where batches come from: collate functions, loaders, torchtext, tokenizers, and every way to pad by hand."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, TypeGuard

from packlint.analysis import layers
from packlint.analysis.events import Fact
from packlint.analysis.names import RECURRENT, FunctionInfo, code_of
from packlint.analysis.tensors.base import (
    COUNT,
    FUNCTIONS,
    LOW,
    SHORTFALL,
    STEP,
    as_list,
    as_tensor,
    is_lengths,
    moved,
    nameless,
    piece,
    row,
    short,
)
from packlint.analysis.tensors.masks import fill_of
from packlint.analysis.tensors.sorting import sort_of
from packlint.analysis.values import (
    NONE,
    UNKNOWN,
    Batch,
    Choice,
    Const,
    Function,
    Instance,
    Mapping,
    Object,
    Packed,
    Padding,
    Partial,
    Permutation,
    Sequence,
    Shape,
    Size,
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
    from packlint.analysis.flow import Frame

SAMPLERS = {"DistributedSampler", "RandomSampler", "SubsetRandomSampler", "WeightedRandomSampler"}
LABEL_FIELDS = {
    "label",
    "labels",
    "target",
    "targets",
    "y",
    "id",
    "idx",
    "index",
    "stars",
    "sentiment",
    "label_id",
    "batch_size",
}
ARGUMENT = re.compile(r"[\w.]+:\w+")  # the key of an argument that no caller in sight passes
FIELDS = {"Field", "ReversibleField", "NestedField", "RawField", "LabelField", "SubwordField"}
ITERATORS = {"BucketIterator", "Iterator", "BPTTIterator"}
KERAS = (
    "keras.preprocessing.sequence.pad_sequences",
    "keras_preprocessing.sequence.pad_sequences",
    "keras.utils.pad_sequences",
)


# --------------------------------------------------------------------------- iterating


def items_of(frame: Frame, node: ast.AST, value: Value) -> Value:
    """What a loop variable is when it runs over a value."""
    return join([one_item(frame, node, item) for item in alternatives(value)])


def padded_one(value: Value) -> Value:
    """Of a list that is padded on some paths only, the padded one."""
    return next((item for item in alternatives(value) if isinstance(item, Tensor) and item.pad is not None), value)


def is_padded_row(value: Value | None) -> TypeGuard[Tensor]:
    """Whether a value is a list of one sample's ids that was filled up."""
    return isinstance(value, Tensor) and value.form == "list" and value.axes == ("T",) and value.pad is not None


def list_of(row_: Tensor, before: Value) -> Sequence:
    """A list whose rows were changed in place, in the order that they had."""
    if isinstance(before, Sequence):
        return Sequence(None, row_, "list", before.sort, before.source, before.order)
    return Sequence(None, row_)


def entries(value: Value) -> list[Value]:
    """The keys or items that a loop over a known mapping takes one after the other."""
    if isinstance(value, Mapping) and value.elem is None:
        return [Const(key) for key in value.items]
    return (value.items or []) if isinstance(value, Sequence) and value.kind == "items" else []


def one_item(frame: Frame, node: ast.AST, value: Value) -> Value:
    if isinstance(value, Sequence):
        if value.kind == "range":
            return value.elem if value.elem is not None else COUNT
        return value.item()
    if isinstance(value, Tensor):
        if value.role == "lengths":
            return Tensor(role="length", counted=value.counted, length_of=value.length_of)
        if nameless(value):
            return Unknown(f"{next(iter(value.roots))}.sample")
        return row(value) if value.axes is not None else value.but(axes=None)
    if isinstance(value, Object):
        return object_items(frame, node, value)
    if isinstance(value, Instance):
        return instance_items(frame, node, value)
    if isinstance(value, Mapping):
        return Const(next(iter(value.items))) if len(value.items) == 1 else UNKNOWN
    if isinstance(value, Unknown) and value.key:
        return Unknown(f"{value.key}.sample")
    if isinstance(value, Shape):
        return Size(None, value.of)
    return UNKNOWN


def instance_items(frame: Frame, node: ast.AST, value: Instance) -> Value:
    """An object of the project that is looped over: `__iter__`, else `__getitem__`."""
    for name in ("__iter__", "__next__", "__getitem__"):
        method = frame.project.method(value.cls, name)
        if method is not None:
            args: list[Value] = [Unknown("index")] if name == "__getitem__" else []
            made = frame.call_function(Function(method[0], value, None, method[1]), args, {}, node)
            if name == "__iter__":
                if isinstance(made, Instance) and made is value:
                    continue
                return items_of(frame, node, made)
            return made
    base = frame.project.external_base(value.cls)
    if base.rpartition(".")[2] in {"DataLoader", *ITERATORS}:
        if not value.ready:
            frame.construct(value, node)
        made_of = value.attrs.get("<loader>")
        return items_of(frame, node, made_of) if made_of is not None else UNKNOWN
    return UNKNOWN


def object_items(frame: Frame, node: ast.AST, value: Object) -> Value:
    if value.kind == "DataLoader":
        return loaded(frame, node, value)
    if value.kind == "Iterator":
        return Batch("torchtext", value.options, (value.fact,) if value.fact else ())
    if value.kind in {"ModuleList", "Sequential"}:
        return join(value.items) if value.items else UNKNOWN
    return UNKNOWN


def loaded(frame: Frame, node: ast.AST, loader: Object) -> Value:
    """A batch of a DataLoader: what the collate function makes of samples, or the samples stacked."""
    if "<batch>" in loader.options:
        return loader.options["<batch>"]
    loader.options["<batch>"] = UNKNOWN  # a dataset that loops over its own loader
    sample = sample_of(frame, node, loader.options.get("dataset", UNKNOWN))
    collate = loader.options.get("collate_fn")
    batch: Value = UNKNOWN
    if collate is None or same(collate, NONE):
        batch = stacked(sample)
    else:
        samples = Sequence(None, sample, "list", None if sorting_sampler(loader) else "no", "batch")
        parts = [frame.apply(node, item, [samples], {}) for item in alternatives(collate) if not same(item, NONE)]
        batch = join(parts)
    loader.options["<batch>"] = batch
    return batch


def sorting_sampler(loader: Object) -> bool:
    """Whether a sampler may put samples of like length together: any but those of torch and none."""
    given = [loader.options[name] for name in ("sampler", "batch_sampler") if name in loader.options]
    samplers = [item for value in given for item in alternatives(value)]
    return any(not same(item, NONE) and not (isinstance(item, Object) and item.kind == "Sampler") for item in samplers)


def sample_of(frame: Frame, node: ast.AST, dataset: Value) -> Value:
    found: list[Value] = []
    for item in alternatives(dataset):
        if isinstance(item, Instance):
            method = frame.project.method(item.cls, "__getitem__")
            if method is not None:
                found.append(
                    frame.call_function(Function(method[0], item, None, method[1]), [Unknown("index")], {}, node)
                )
        elif isinstance(item, Object) and item.kind == "TensorDataset":
            rows: list[Value] = [row(as_tensor(v)) for v in item.items]
            found.append(Sequence(rows, kind="tuple"))
        elif isinstance(item, Sequence):
            found.append(item.item())
    return join(found) if found else Unknown("dataset.sample")


def stacked(sample: Value) -> Value:
    """The default collate: a batch axis in front of each tensor, numbers into a tensor."""
    if isinstance(sample, Sequence) and sample.items is not None:
        return Sequence([stacked(item) for item in sample.items], kind="tuple")
    if isinstance(sample, Mapping):
        return Mapping({k: stacked(v) for k, v in sample.items.items()}, stacked(sample.elem) if sample.elem else None)
    if isinstance(sample, Tensor):
        if sample.role == "length":
            return Tensor(role="lengths", counted=sample.counted or "len", sort="no", device="cpu")
        inner = ["?" if axis == "B" else axis for axis in sample.axes or ()]  # parts of a sample, each a row
        return sample.but(axes=None if sample.axes is None else ("B", *inner), sort="no", form="tensor")
    if isinstance(sample, Size):
        return Tensor(role="lengths", counted="len", sort="no", device="cpu")
    if isinstance(sample, Unknown):
        return sample
    if isinstance(sample, Choice):
        return join([stacked(item) for item in sample.items])
    return UNKNOWN


# --------------------------------------------------------------------------- comprehensions


def collected(
    frame: Frame, node: ast.AST, value: Value, order: Sequence | None, over: Value, sort: str | None = None
) -> Value:
    """A list made by a comprehension, in the order of what it runs over."""
    known = (
        sort
        if sort is not None
        else order.sort
        if order is not None
        else over.sort
        if isinstance(over, Tensor)
        else None
    )
    source = order.source if order is not None else None
    perm = over.perm if isinstance(over, Tensor) else over.order if isinstance(over, Sequence) else None
    if isinstance(over, Sequence) and isinstance(over.elem, Tensor) and over.elem.perm is not None:
        perm = over.elem.perm
    if perm is not None:
        known = sort_of(perm)
    elif known is None:
        known = written_order(over) or order_of_rounds(frame, over)
    return Sequence(None, value, "list", known, source, perm)


def written_order(over: Value) -> str | None:
    """How strings that stand in the code are sorted by their lengths."""
    texts = [constant(item) for item in over.items or []] if isinstance(over, Sequence) else []
    sizes = [len(text) for text in texts if isinstance(text, str)]
    if len(sizes) < max(len(texts), 2):
        return None
    return "desc" if sizes == sorted(sizes, reverse=True) else "no"


def repeats(node: ast.ListComp | ast.GeneratorExp | ast.SetComp) -> bool:
    """`[PAD for _ in range(n)]`: the same value, over and over."""
    targets = {name.id for name in ast.walk(node.generators[0].target) if isinstance(name, ast.Name)}
    plain = isinstance(node.elt, (ast.Constant, ast.Attribute, ast.Name, ast.UnaryOp, ast.List, ast.ListComp))
    return plain and not targets & {name.id for name in ast.walk(node.elt) if isinstance(name, ast.Name)}


def as_it_came(frame: Frame, over: Value) -> bool:
    """Whether a list is the data that a function is given, or a piece of it, and nothing in the project sorts."""
    roots = as_tensor(over).roots if isinstance(over, Unknown) or (isinstance(over, Tensor) and nameless(over)) else ()
    return any(ARGUMENT.fullmatch(root) for root in roots) and not frame.project.texts.sorts


def order_of_rounds(frame: Frame, over: Value) -> str | None:
    """How a list is sorted to which each round of a loop gave an item."""
    known = over.sort if isinstance(over, (Sequence, Tensor)) else None
    return known or ("no" if as_it_came(frame, over) else None)


def mapped(frame: Frame, node: ast.DictComp, sequence: Value, value: Value) -> Value:
    """`{k: v.to(device) for k, v in batch.items()}`: the mapping with each value changed alike."""
    generator = node.generators[0]
    places = places_of(frame, node, generator)
    if places is not None:
        return Mapping({}, places)
    if isinstance(generator.iter, ast.Call) and isinstance(generator.iter.func, ast.Attribute):
        holder = frame.eval(generator.iter.func.value)
        if isinstance(holder, Mapping) and isinstance(generator.target, ast.Tuple) and len(generator.target.elts) == 2:
            name = generator.target.elts[1]
            made: dict[object, Value] = {}
            for key, item in holder.items.items():
                frame.bind(name, item)
                made[key] = frame.eval(node.value)
            return Mapping(made, value if holder.elem is not None else None)
    return Mapping({}, value)


def places_of(frame: Frame, node: ast.DictComp, generator: ast.comprehension) -> Tensor | None:
    """`{row: place for place, row in enumerate(perm)}`: where each row went, the inverse of the permutation."""
    call, target = generator.iter, generator.target
    if not isinstance(call, ast.Call) or not call.args or not isinstance(target, ast.Tuple):
        return None
    if not isinstance(call.func, ast.Name) or call.func.id != "enumerate":
        return None
    if [code_of(node.value), code_of(node.key)] != [code_of(name) for name in target.elts]:
        return None
    order = frame.eval(call.args[0])
    return Tensor(role="index", inverse=order.perm) if isinstance(order, Tensor) and order.perm is not None else None


COUNTS = {"length", "lengths"}
"""What a list is repeated by that has the role of a number, or the name of one: `[PAD] * (seq_len - len(ids))`."""
APART = 8  # items of a tuple that a comprehension or a map keeps apart
MAPS = {"map", "imap", "map_async", "imap_unordered", "progress_map"}
"""What pools of processes and executors call their `map`."""


def mapped_over(frame: Frame, node: ast.AST, args: list[Value]) -> Value:
    """`map(f, xs)`, by Python, a pool of processes, or an executor: what the function makes of each item."""
    if len(args) < 2:
        return UNKNOWN
    over = args[1]
    if isinstance(over, Sequence) and over.items and len(over.items) <= APART and len(args) == 2:
        made = [frame.apply(node, args[0], [item], {}) for item in over.items]
        return Sequence(made, kind="list", sort=over.sort)
    result = frame.apply(node, args[0], [items_of(frame, node, over)], {})
    order = over if isinstance(over, Sequence) else None
    return collected(frame, node, result, order, over, order.sort if order is not None else None)


def spread(frame: Frame, value: Value) -> list[Value]:
    """The positional arguments that `*value` gives where their number is not known."""
    if isinstance(value, Sequence):
        return [Sequence(None, value.item(), "spread", value.sort, value.source)]
    if isinstance(value, Tensor) and value.pad is not None and value.axes is not None:
        return [Sequence(None, row(value), "spread", value.sort, "rows")]
    if isinstance(value, Tensor) and nameless(value):
        return [Sequence(None, Unknown(f"{next(iter(value.roots))}.sample"), "spread")]
    if isinstance(value, Unknown):
        return [Sequence(None, Unknown(f"{value.key}.sample"), "spread")]
    return []


def spread_over(args: list[Value], count: int) -> list[Value]:
    """Arguments of which one is `*xs` of unknown length, for as many parameters as there are."""
    at = next((i for i, arg in enumerate(args) if isinstance(arg, Sequence) and arg.kind == "spread"), None)
    if at is None or len(args) > count:
        return args
    starred = args[at]
    item = starred.item() if isinstance(starred, Sequence) else UNKNOWN
    room = range(count - len(args) + 1)
    each = [piece(item, f"[{i}]") if isinstance(item, Tensor) and moved(item) else item for i in room]
    return [*args[:at], *each, *args[at + 1 :]]


def zip_call(frame: Frame, node: ast.AST, args: list[Value]) -> Value:
    """`zip(*batch)` turns samples into columns; `zip(a, b)` pairs."""
    if len(args) == 1 and isinstance(args[0], Sequence) and args[0].kind == "spread":
        over = args[0]
        sample = over.item()
        if over.source == "rows" and isinstance(sample, Tensor) and sample.axes:
            first = {"T": "B", "B": "T"}.get(sample.axes[0], "?")
            return sample.but(axes=(sample.axes[0], first, *sample.axes[1:]))  # columns become rows
        if isinstance(sample, Sequence) and sample.items is not None:
            of = "equal" if over.source == "equal" else "batch"
            columns: list[Value] = [Sequence(None, item, "list", over.sort, of) for item in sample.items]
            return Sequence(columns, kind="tuple")
        inner = sample if isinstance(sample, Unknown) else UNKNOWN
        return Sequence(None, Sequence(None, inner, "list", over.sort, "batch"))
    items = [items_of(frame, node, a) for a in args]
    sorts = [
        as_list(a).sort or a.sort if isinstance(a, Sequence) else a.sort if isinstance(a, Tensor) else None
        for a in args
    ]
    sort = next((s for s in sorts if s), None)
    source = next((a.source for a in args if isinstance(a, Sequence) and a.source), None)
    return Sequence(None, Sequence(items, kind="tuple"), "list", sort, source)


def zip_longest(frame: Frame, node: ast.AST, args: list[Value]) -> Value:
    """`zip_longest(*rows, fillvalue=PAD)`: the steps of a batch, each with an item of every row."""
    if len(args) != 1 or not (isinstance(args[0], Sequence) and args[0].kind == "spread") or is_pads(args[0]):
        return UNKNOWN  # of one iterator many times over, it makes groups
    fact = frame.fact(node, f"padded on the right: `{short(node)}`")
    return Tensor(role="ids", axes=("T", "B"), form="list", pad=Padding("right", "list", (fact,), "longest"))


# --------------------------------------------------------------------------- sorting lists


def sorted_call(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    """`sorted(batch, key=len, reverse=True)`, `sorted(range(n), key=lambda i: lengths[i], reverse=True)`."""
    if not args:
        return UNKNOWN
    over = args[0]
    sort, by_lengths = order_of(node, keywords)
    if isinstance(over, Sequence) and over.kind == "range":
        inverse = inverse_key(frame, node)
        if inverse is not None:
            return Tensor(role="index", form="list", inverse=inverse)
        falling = None if sort is None else sort == "desc"
        permutation = Permutation(falling, by_lengths or None, frame.fact(node, f"sorted: `{short(node)}`"))
        return Tensor(role="index", form="list", perm=permutation)
    if isinstance(over, Tensor) and over.role == "lengths":
        return over.but(sort=sort, form="list", order=None)
    if isinstance(over, Sequence):
        lengths = as_list(over).role == "lengths"
        known = sort if (by_lengths or lengths) else None
        return Sequence(None, over.item(), "list", known, over.source)
    return Sequence(None, items_of(frame, node, over), "list", sort if by_lengths else None, "batch")


def order_of(node: ast.AST, keywords: dict[str, Value]) -> tuple[str | None, bool]:
    """(desc, asc or None where that is not known, whether by length) of a call of `sorted` or `.sort`."""
    descending = truth(keywords["reverse"]) if "reverse" in keywords else False
    key = next((k.value for k in node.keywords if k.arg == "key"), None) if isinstance(node, ast.Call) else None
    text = code_of(key) if key is not None else ""
    negated = isinstance(key, ast.Lambda) and isinstance(key.body, ast.UnaryOp) and isinstance(key.body.op, ast.USub)
    if negated and descending is not None:
        descending = not descending
    by_lengths = (
        "len" in text or "shape" in text or "size" in text or "lambda" in text or text == "" or "itemgetter" in text
    )
    if not descending:  # a key that may be something else is a guess that must not speak
        by_lengths = "len" in text or "shape" in text
    return (None if descending is None else "desc" if descending else "asc"), by_lengths


def inverse_key(frame: Frame, node: ast.AST) -> Permutation | None:
    """`sorted(range(n), key=perm.__getitem__)` undoes `perm`; so does `key=lambda i: perm[i]`."""
    key = next((k.value for k in node.keywords if k.arg == "key"), None) if isinstance(node, ast.Call) else None
    target: ast.expr | None = None
    if isinstance(key, ast.Attribute) and key.attr == "__getitem__":
        target = key.value
    elif isinstance(key, ast.Lambda) and isinstance(key.body, ast.Subscript):
        target = key.body.value
    value = frame.eval(target) if target is not None else None
    return value.perm if isinstance(value, Tensor) else None


# --------------------------------------------------------------------------- padding by hand


def list_arithmetic(frame: Frame, node: ast.AST, operator: ast.operator, left: Value, right: Value) -> Value | None:
    """`[PAD] * n`, `ids + [PAD] * n`, `[PAD] * n + ids`, `[1] * n + [0] * k`."""
    if isinstance(operator, ast.Mult):
        for one, count in ((left, right), (right, left)):
            if isinstance(constant(one), str) and len(str(constant(one))) == 1 and is_difference(node, count):
                return Sequence(None, one, "list", source="pads")
            if (
                isinstance(one, Sequence)
                and one.items is not None
                and len(one.items) == 1
                and not isinstance(count, Const)
            ):
                if isinstance(count, Sequence) or (isinstance(count, Tensor) and count.role not in COUNTS):
                    return None
                return Sequence(None, one.items[0], "list", source="pads")
        return None
    if not isinstance(operator, ast.Add):
        return None
    first, second = is_pads(left), is_pads(right)
    if first and second:
        return list_mask(right.item() if isinstance(right, Sequence) else right, left)
    if second and not is_literal(left):
        return padded_item(frame, node, left, "right")
    if first and not is_literal(right):
        return padded_item(frame, node, right, "left")
    if isinstance(left, Sequence) and isinstance(right, Sequence):
        if left.items is not None and right.items is not None and not frame.loops:
            return Sequence([*left.items, *right.items], kind=left.kind)
        return Sequence(None, join([left.item(), right.item()]))
    return None


def is_difference(node: ast.AST, count: Value) -> bool:
    """Whether a text is repeated by what something is short of a length: `"_" * (longest - len(word))`."""
    if isinstance(count, Const) or not isinstance(node, ast.BinOp):
        return False
    number = node.right if isinstance(node.left, ast.Constant) else node.left
    return isinstance(number, ast.BinOp) and isinstance(number.op, ast.Sub) and called_len(number.right)


def called_len(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "len"


def is_pads(value: Value) -> bool:
    return isinstance(value, Sequence) and value.source == "pads"


def is_literal(value: Value) -> bool:
    return isinstance(value, Sequence) and value.items is not None and len(value.items) <= 1


def padded_item(frame: Frame, node: ast.AST, value: Value, side: str) -> Tensor:
    """One sample, padded to a length."""
    fact = frame.fact(node, f"padded on the {side}: `{short(node)}`")
    known = as_tensor(value) if isinstance(value, Tensor) else Tensor()
    return known.but(role="ids", axes=("T",), form="list", pad=Padding(side, "list", (fact,), "fixed"))


def filling_loop(frame: Frame, node: ast.While | ast.For | ast.AsyncFor) -> None:
    """`while len(x) < n: x.append(PAD)`, with other lists of the sample filled beside it.

    `for _ in range(n - len(x)): x.append(PAD)` likewise.
    """
    if isinstance(node, ast.While):
        counted = node.test.left if isinstance(node.test, ast.Compare) else None
    else:
        over = node.iter.args[-1] if isinstance(node.iter, ast.Call) and node.iter.args else None
        counted = over.right if isinstance(over, ast.BinOp) and isinstance(over.op, ast.Sub) else None
    if not isinstance(counted, ast.Call) or not called_len(counted) or not counted.args:
        return
    appends = [found for found in map(appending, node.body) if found is not None]
    if not isinstance(node, ast.While) and len(appends) < len(node.body):
        return  # what is appended is worked out step by step
    if not any(ast.dump(target) == ast.dump(counted.args[0]) for target, _ in appends):
        return
    for target, appended in appends:
        value = frame.eval(target)
        if is_pads(value):  # `[1] * n`, and a 0 for every padded step: a mask
            frame.rebind(target, list_mask(frame.eval(appended), value))
        else:
            frame.rebind(target, padded_item(frame, node, value, "right"))


def appending(statement: ast.stmt) -> tuple[ast.expr, ast.expr] | None:
    """The list and what is appended to it, of `x.append(value)`."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "append" and call.args:
        return call.func.value, call.args[0]
    return None


def list_mask(appended: Value, ones: Value) -> Tensor:
    """`[1] * n` once zeros were put behind it."""
    first = constant(ones.item()) if isinstance(ones, Sequence) else None
    if first == 1 and constant(appended) == 0:
        return Tensor(role="mask", valid=True, axes=("T",), form="list", counted="mask")
    return Tensor(form="list")


def item_written(frame: Frame, target: ast.Subscript, holder: Value, value: Value) -> Value | None:
    """`buf[i, :n] = x` fills a padded batch; `inverse[perm] = arange(n)` inverts; `scores[mask] = -inf` masks."""
    index = frame.eval(target.slice)
    if isinstance(index, Tensor):
        return written_by_index(frame, target, holder, index, value)
    if isinstance(holder, Sequence) or not isinstance(holder, (Tensor, Unknown)):
        return None
    parts = target.slice.elts if isinstance(target.slice, ast.Tuple) else [target.slice]
    nested = isinstance(target.value, ast.Subscript)
    for place, part in enumerate(parts):
        behind = all(isinstance(other, ast.Slice) for other in parts[place + 1 :]) or (place == 0 and len(parts) > 1)
        if behind and step_written(frame, holder, part, len(parts) > 1 or nested):
            return filled(frame, target, holder, value, place, len(parts), nested, "right")
        if not isinstance(part, ast.Slice) or part.step is not None:
            continue
        if part.lower is None and part.upper is not None and by_length(frame, part.upper):
            if not (frame.loops or len(parts) == 1):
                continue
            return filled(frame, target, holder, value, place, len(parts), nested, "right")
        every_row = place > 0 and all(isinstance(before, ast.Slice) for before in parts[:place])
        if part.upper is None and part.lower is not None and not every_row and by_length(frame, part.lower):
            if isinstance(holder, Tensor) and holder.pad is not None and holder.pad.how == "fill":
                return None  # what stands behind the sample is written, too
            if isinstance(value, Const) or not sample_like(value):
                return masked_rest(frame, target, holder, value, place, len(parts))
            return filled(frame, target, holder, value, place, len(parts), nested, "left")
    return None


def step_written(frame: Frame, holder: Value, index: ast.expr, of_row: bool) -> bool:
    """`buf[i, j] = x`, where j counts the steps of a sample and there is room for longer ones."""
    if isinstance(index, ast.Slice) or not isinstance(holder, Tensor) or holder.word != "room":
        return False
    return same(frame.eval(index), STEP) and (of_row or len(holder.axes or ()) == 1)


def by_length(frame: Frame, node: ast.expr) -> bool:
    """Whether a bound of a slice follows a sample's length: not a number, and not the same for every row."""
    if isinstance(node, ast.Constant):
        return False
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return by_length(frame, node.operand)
    if "batch" in code_of(node).lower():
        return False
    value = frame.eval(node)
    if isinstance(value, Size):
        return value.axis != "B"
    if isinstance(value, Tensor) and value.role is not None:
        return value.role in {"length", "lengths"}
    text = code_of(node).lower()
    if isinstance(value, Tensor):
        return "len" in text
    return isinstance(value, Unknown) and any(w in text for w in ("len", "end", "size", "shape", "num", "n_", "l", "n"))


def sample_like(value: Value) -> bool:
    return isinstance(value, (Tensor, Unknown, Sequence)) and not (isinstance(value, Tensor) and value.role == "buffer")


def filled(
    frame: Frame, target: ast.Subscript, holder: Value, value: Value, place: int, count: int, nested: bool, side: str
) -> Value | None:
    """The buffer once a row of it was filled: a padded batch, or a mask where the fill is 1."""
    known = as_tensor(holder)
    ones = isinstance(value, Tensor) and value.role == "buffer" and value.word == "ones"
    if isinstance(value, Const) or ones:
        if ones or constant(value) in (1, True, 1.0):
            return known.but(role="mask", valid=True, counted="mask", fill="zero")
        if constant(value) in (0, False):
            return known.but(role="mask", valid=False, counted="mask")
        return None
    if known.role not in {"buffer", "ids", None, "features"} or known.call is not None:
        return None
    fact = frame.fact(target, f"padded on the {side}: `{short(target)} = ...`")
    rank = len(known.axes) if known.axes is not None else 0
    axes = known.axes
    if nested or count > 1:
        time = place + (1 if nested else 0)
        if rank > time and axes is not None:
            named = list(axes)
            named[time] = "T"
            if time == 1:
                named[0] = "B"
            elif time == 0 and len(named) > 1:
                named[1] = "B"
            axes = tuple(named)
        else:
            axes = ("B", "T") if time == 1 else None
    else:
        axes = ("T", *((axes or ())[1:]))
    device = value.device if isinstance(value, Tensor) else known.device
    return known.but(
        role="ids", axes=axes, pad=Padding(side, "fill", (fact,), known.width_of), device=known.device or device
    )


def masked_rest(
    frame: Frame, target: ast.Subscript, holder: Value, value: Value, place: int, count: int
) -> Value | None:
    """`mask[i, n:] = 0`: what stands behind the real steps is marked."""
    found = constant(value)
    known = as_tensor(holder)
    if known.call is not None or known.role in {"scores", "output"}:
        return known.but(fill="low" if isinstance(found, (int, float)) and found <= LOW else "zero")
    if found in (0, False):
        return known.but(role="mask", valid=True, counted="mask")
    if found in (1, True):
        return known.but(role="mask", valid=False, counted="mask")
    return None


def written_by_index(frame: Frame, target: ast.Subscript, holder: Value, index: Tensor, value: Value) -> Value | None:
    known = as_tensor(holder)
    if index.perm is not None:
        if isinstance(value, Tensor) and value.order is index.perm:
            index.perm.undone.append(frame.fact(target, f"put back by `{short(target)}`"))
            return value.but(order=None)
        return Tensor(role="index", inverse=index.perm)
    if known.role == "lengths" and index.role == "test" and (number(value) or 0) > 0:
        return known.but(counted="clamped")
    if index.role == "mask":
        if known.pool is not None:
            known.pool.masked = True
        written = constant(value)
        marks = (written == 0 and known.word == "ones") or (written == 1 and known.fill == "zero")
        if known.role == "buffer" and marks and index.valid is not None:
            return known.but(role="mask", valid=index.valid == bool(written), counted="mask", word="")
        return known.but(fill=fill_of(value, target))
    return None


def concatenated(frame: Frame, node: ast.AST, items: list[Value], at: int | None) -> Value | None:
    """`torch.cat([x, zeros(n)])` in data code pads x."""
    if len(items) != 2 or in_module(frame):
        return None
    first, second = (as_tensor(i) for i in items)
    for value, pads, side in ((first, second, "right"), (second, first, "left")):
        if (
            pads.role == "buffer"
            and value.role != "buffer"
            and value.call is None
            and pads.axis(at or 0) == "?"  # a step of its own in front is a start token
        ):
            fact = frame.fact(node, f"padded on the {side}: `{short(node)}`")
            return value.but(role="ids", axes=value.axes or ("T",), pad=Padding(side, "list", (fact,), "fixed"))
    return None


def in_module(frame: Frame) -> bool:
    """Whether the code stands in a layer or a model, where a concatenation is something else than padding."""
    owner = frame.info.owner
    return owner is not None and frame.project.is_tensor_module(owner)


def pad_function(frame: Frame, node: ast.AST, args: list[Value]) -> Value | None:
    """`F.pad(x, (0, n))`, `np.pad(x, (0, n))`: a pad of a width that differs from sample to sample."""
    if len(args) < 2:
        return None
    widths = args[1].items if isinstance(args[1], Sequence) and args[1].items is not None else [args[1]]
    if widths and isinstance(widths[0], Sequence) and widths[0].items is not None:
        widths = widths[0].items
    tensor = as_tensor(args[0])
    if len(widths) < 2:
        return tensor
    if tensor.unpacked is not None and not all(isinstance(width, Const) for width in widths):
        return tensor.but(unpacked=None)  # filled up to another width by hand
    for place, width in enumerate(widths):
        if isinstance(width, Const):
            continue
        other = widths[place ^ 1] if place ^ 1 < len(widths) else UNKNOWN
        if number(other) != 0 or (in_module(frame) and not same(width, SHORTFALL)):
            continue
        side = "right" if place % 2 else "left"
        fact = frame.fact(node, f"padded on the {side}: `{short(node)}`")
        axes = tensor.axes if tensor.axes is not None else ("T", *["F"] * (place // 2))
        return tensor.but(role=tensor.role or "ids", axes=axes, pad=Padding(side, "list", (fact,), "fixed"))
    return tensor


# --------------------------------------------------------------------------- libraries


def call(frame: Frame, node: ast.AST, name: str, args: list[Value], keywords: dict[str, Value]) -> Value | None:
    """A call of a library that has to do with data; None where it has not."""
    tail = name.rpartition(".")[2]
    configured = configured_padding(frame, node, name)
    if configured is not None:
        return configured
    if name in {"torch.utils.data.DataLoader", "torch.utils.data.dataloader.DataLoader"} or tail == "DataLoader":
        return loader(frame, node, args, keywords)
    if tail == "Trainer" and "lightning" in name:
        return Object("Trainer", dict(keywords), [], frame.fact(node, f"`{short(node)}`"))
    if tail in SAMPLERS and name.startswith("torch."):
        return Object("Sampler", key=tail)
    if tail == "TensorDataset":
        return Object("TensorDataset", {}, list(args))
    if tail == "random_split" and args:
        return Sequence(None, args[0], "list")
    if tail in {"Subset", "ConcatDataset", "StratifiedKFold"} and args:
        return args[0].item() if isinstance(args[0], Sequence) else args[0]
    if "torchtext" in name:
        return torchtext(frame, node, name, tail, args, keywords)
    if name.endswith(KERAS):
        return keras(frame, node, args, keywords)
    if name in {"torch.nn.functional.pad", "numpy.pad", "torch.nn.functional.constant_pad_nd"}:
        return pad_function(frame, node, args)
    if name.startswith(("transformers.", "tokenizers.", "pytorch_transformers.", "pytorch_pretrained_bert.")):
        return transformers(frame, node, name, tail, args, keywords)
    if tail in {"parse_args", "Namespace", "parse_known_args"} and name.startswith("argparse"):
        return Object("Namespace", dict(keywords), key="args")
    if name == "argparse.ArgumentParser":
        return Object("ArgumentParser", key="parser")
    if name == "torch.nn.functional.one_hot" and args:
        tensor = as_tensor(args[0])
        return tensor.but(role="features", axes=(*tensor.axes, "F") if tensor.axes is not None else None)
    if tail in {"rearrange", "reduce"} and name.startswith("einops"):
        operation = FUNCTIONS[tail]
        return operation(frame, node, args[0], args[1:], keywords) if args else UNKNOWN
    if tail in {"DataLoader2", "prepare"} and args:
        return Sequence(list(args), kind="tuple") if len(args) > 1 else args[0]
    if tail in {"process_map", "thread_map"}:
        return mapped_over(frame, node, args)
    if name.startswith("tqdm"):
        return args[0] if args else UNKNOWN
    return None


def configured_padding(frame: Frame, node: ast.AST, name: str) -> Tensor | None:
    """What a function gives that the user's configuration names under `padding-functions`."""
    if not frame.project.is_wrapper(name, "padding_functions"):
        return None
    fact = frame.fact(node, f"configured: `{name}` pads")
    return Tensor(role="ids", pad=Padding("right", "configured", (fact,)))


def full_name(info: FunctionInfo) -> str:
    """A function of the project as the configuration names it: module, class and name."""
    owner = f"{info.owner.name}." if info.owner is not None else ""
    return f"{info.module.name}.{owner}{info.name}"


def configured_call(frame: Frame, node: ast.AST, info: FunctionInfo, args: list[Value]) -> Value | None:
    """A function that the user's configuration names: what it returns is padded, of fixed length, or sorted."""
    facts = frame.project.config
    if not (facts.padding_functions or facts.fixed_length or facts.sorted_by_length or facts.packing_wrappers):
        return None
    name = full_name(info)
    padded = configured_padding(frame, node, name)
    if padded is not None:
        return padded
    if frame.project.is_wrapper(name, "fixed_length"):
        return Tensor(role="ids")
    if frame.project.is_wrapper(name, "packing_wrappers"):
        return UNKNOWN
    return None


def configured_order(frame: Frame, info: FunctionInfo, value: Value) -> Value:
    """What a function returns that the user's configuration names under `sorted-by-length`."""
    if not frame.project.config.sorted_by_length:
        return value
    named = frame.project.is_wrapper(full_name(info), "sorted_by_length")
    return by_decreasing_length(value) if named else value


def by_decreasing_length(value: Value) -> Value:
    if isinstance(value, Unknown):
        value = as_tensor(value) if is_lengths(value) else value
    if isinstance(value, Tensor):
        return value.but(sort="desc")
    if isinstance(value, Choice):
        return join([by_decreasing_length(item) for item in value.items])
    if isinstance(value, Sequence):
        items = [by_decreasing_length(item) for item in value.items] if value.items is not None else None
        elem = by_decreasing_length(value.elem) if value.elem is not None else None
        return Sequence(items, elem, value.kind, "desc", value.source, value.order)
    if isinstance(value, Mapping):
        elem = by_decreasing_length(value.elem) if value.elem is not None else None
        return Mapping({k: by_decreasing_length(v) for k, v in value.items.items()}, elem)
    return value


def loader(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Object:
    names = ["dataset", "batch_size", "shuffle", "sampler", "batch_sampler", "num_workers", "collate_fn"]
    options = {**dict(zip(names, args, strict=False)), **keywords}
    return Object("DataLoader", options, [], frame.fact(node, "a DataLoader"))


def torchtext(
    frame: Frame, node: ast.AST, name: str, tail: str, args: list[Value], keywords: dict[str, Value]
) -> Value | None:
    """torchtext before 0.9 (or `legacy`): fields pad in silence, iterators give batches whose attributes are fields."""
    fact = frame.fact(node, f"torchtext: `{short(node)}`")
    if tail in FIELDS:
        made = Object("Field", dict(keywords), list(args) if tail == "NestedField" else [], fact, key=tail)
        frame.project.note_field(made)
        return made
    if tail in ITERATORS:
        return Object("Iterator", dict(keywords), [], fact, key=tail)
    if tail in {"splits", "iters"} and (".splits" in name or ".iters" in name):
        if any(i in name for i in ITERATORS) or tail == "iters":
            return Sequence(None, Object("Iterator", dict(keywords), [], fact, key=name), "tuple")
        return Sequence(None, UNKNOWN, "tuple")
    return UNKNOWN


def is_field(base: str) -> bool:
    """Whether a class of a library is a field of torchtext."""
    return base.startswith("torchtext.") and base.rpartition(".")[2] in FIELDS


def batch_field(frame: Frame, node: ast.AST, batch: Batch, name: str) -> Value:
    """`batch.text`: ids, padded to the longest of the batch, with the lengths where the field includes them."""
    if batch.kind != "torchtext":
        return UNKNOWN
    if name.lower() in LABEL_FIELDS:
        return UNKNOWN
    fields = [
        f
        for f in frame.project.world.fields
        if f.key not in {"LabelField", "RawField"} and truth(f.options.get("sequential")) is not False
    ]
    device = iterator_device(batch)
    facts = (*(f.fact for f in fields[:1] if f.fact is not None), *batch.facts)
    width = "fixed" if any("fix_length" in f.options for f in fields) else "longest"
    side = "left" if fields and all(truth(f.options.get("pad_first")) for f in fields) else "right"
    pad = Padding(side, "field", tuple(Fact(f.filename, f.row, f"padded: {f.text}") for f in facts), width)
    inner = [item for f in fields if f.key == "NestedField" for item in f.items]
    plain = [f for f in fields if f.key != "NestedField" and f not in inner] or fields
    layouts = {truth(f.options.get("batch_first", Const(False))) for f in plain}
    axes = None if len(layouts) != 1 else ("B", "T") if layouts == {True} else ("T", "B")
    sort = iterator_sort(batch)
    ids = Tensor(
        role="ids",
        axes=axes,
        pad=pad,
        device=device,
        sort=sort,
        device_facts=batch.facts if device == "accel" else (),
        roots=frozenset({name}),
    )
    lengths = Tensor(
        role="lengths",
        counted="len",
        device=device,
        sort=sort,
        word=name,
        device_facts=batch.facts if device == "accel" else (),
    )
    included = {truth(f.options.get("include_lengths", Const(False))) for f in fields}
    nested = any(f.key == "NestedField" for f in fields)
    of_words: list[Value] = [lengths.but(axes=("B", "T"), sort="no")] if nested else []
    parts: list[Value] = [ids, lengths, *of_words]
    if included == {True}:
        return Sequence(parts, kind="tuple")
    if included == {False}:
        return ids
    return Batch("field", {"parts": Sequence(parts, kind="tuple")}, batch.facts)


def field_part(batch: Batch, index: Value) -> Value:
    """A part of a field of which it is not known whether it includes lengths: it does where it is taken apart."""
    parts, at = batch.options.get("parts"), number(index)
    items = parts.items if isinstance(parts, Sequence) else None
    return items[at] if items and at is not None and -len(items) <= at < len(items) else UNKNOWN


def iterator_device(batch: Batch) -> str | None:
    value = batch.options.get("device")
    if value is None:
        return None
    return "cpu" if all(on_cpu(item) for item in alternatives(value)) else "accel"


def on_cpu(device: Value) -> bool:
    """Whether a device, as torchtext takes it, is the CPU."""
    return constant(device) in {-1, "cpu"} or (isinstance(device, Object) and device.key == "cpu")


def iterator_sort(batch: Batch) -> str | None:
    within = batch.options.get("sort_within_batch")
    if truth(within):
        return "desc"
    if truth(within) is False:
        return "no"
    # Left to itself an iterator sorts within its batches where it sorts at all, and it does so unless it is to train.
    # https://github.com/pytorch/text/blob/v0.8.0/torchtext/data/iterator.py
    sorts, trains = batch.options.get("sort"), batch.options.get("train")
    if within is None and (truth(sorts) is False or (sorts is None and (trains is None or truth(trains)))):
        return "no"
    return None


def keras(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    """Keras pads on the left unless it is told otherwise."""
    side = "right" if constant(keywords.get("padding")) == "post" else "left"
    fact = frame.fact(node, f"padded on the {side}: `{short(node)}`")
    return Tensor(role="ids", axes=("B", "T"), form="array", pad=Padding(side, "list", (fact,), "fixed"))


def transformers(
    frame: Frame, node: ast.AST, name: str, tail: str, args: list[Value], keywords: dict[str, Value]
) -> Value | None:
    fact = frame.fact(node, f"`{short(node)}`")
    if "okenizer" in name:
        return Object("Tokenizer", dict(keywords), [], fact)
    if tail.startswith("DataCollator"):
        return Object("DataCollator", dict(keywords), [], fact)
    if tail == "from_pretrained" or "Model" in tail or "Bert" in tail:
        return Object("Transformer", {}, [], fact)
    return None


def encoding(frame: Frame, node: ast.AST, tokenizer: Object, keywords: dict[str, Value]) -> Value:
    """What a tokenizer with padding gives: padded ids and the mask of the real ones."""
    padding = keywords.get("padding", keywords.get("pad_to_max_length"))
    pads = padding is not None and constant(padding) not in {False, None, "do_not_pad"}
    side = constant(tokenizer.options.get("padding_side", Const("right")))
    fact = frame.fact(node, f"padded: `{short(node)}`")
    width = "fixed" if constant(padding) == "max_length" else None
    pad = Padding(side if isinstance(side, str) else None, "tokenizer", (fact,), width) if pads else None
    ids = Tensor(role="ids", axes=("B", "T"), pad=pad, roots=frozenset({"input_ids"}))
    mask = (
        Tensor(role="mask", valid=True, axes=("B", "T"), counted="mask", pad=pad, roots=frozenset({"input_ids"}))
        if pads
        else Tensor()
    )
    return Mapping({"input_ids": ids, "attention_mask": mask, "token_type_ids": ids})


def object_call(frame: Frame, node: ast.AST, value: Object, args: list[Value], keywords: dict[str, Value]) -> Value:
    if value.kind == "Tokenizer":
        return encoding(frame, node, value, keywords)
    if value.kind == "Transformer":
        return hidden_states(frame, node, args, keywords)
    if value.kind == "DataCollator":
        fact = frame.fact(node, f"padded: `{short(node)}`")
        ids = Tensor(role="ids", axes=("B", "T"), pad=Padding("right", "tokenizer", (fact,), "longest"))
        return Mapping(
            {"input_ids": ids, "attention_mask": Tensor(role="mask", valid=True, axes=("B", "T"), counted="mask")}
        )
    return UNKNOWN


def hidden_states(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    """What a language model makes of ids: features of every step, first of its results."""
    ids = keywords.get("input_ids", args[0] if args else None)
    if not isinstance(ids, (Tensor, Unknown)):
        return UNKNOWN
    known = as_tensor(ids)
    pad = known.pad
    if pad is None and not layers.single(known):
        pad = attention_padding(frame, node, args, keywords)
    hidden = known.but(role="features", axes=("B", "T", "F"), fill=None, pad=pad)
    return Mapping({0: hidden, "last_hidden_state": hidden, 1: UNKNOWN}, UNKNOWN)


def attention_padding(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Padding | None:
    """A language model is given a mask for the padding, so there is some."""
    masks = [keywords["attention_mask"]] if "attention_mask" in keywords else args[1:]
    if layers.infers(frame) or not any(as_tensor(item).role == "mask" for mask in masks for item in alternatives(mask)):
        return None
    return Padding(None, "mask", (frame.fact(node, f"padded: a mask is passed along, `{short(node)}`"),))


def object_method(
    frame: Frame, node: ast.AST, this: Object, name: str, args: list[Value], keywords: dict[str, Value]
) -> Value:
    """Methods of loaders, fields, tokenizers, argument parsers."""
    if this.kind == "Tokenizer":
        if name in {"encode_plus", "batch_encode_plus", "__call__", "pad", "prepare_for_model"}:
            return encoding(frame, node, this, keywords)
        if name == "encode" and truth(keywords.get("padding", keywords.get("pad_to_max_length"))):
            made = encoding(frame, node, this, keywords)
            return made.items["input_ids"] if isinstance(made, Mapping) else UNKNOWN
        return UNKNOWN
    if this.kind == "ArgumentParser" and name in {"parse_args", "parse_known_args"}:
        return Object("Namespace", {}, key="args")
    if this.kind == "Transformer":
        return UNKNOWN
    if this.kind == "Trainer" and name == "fit":
        return fit(frame, node, args, keywords)
    if this.kind in {"DataLoader", "Iterator"} and name == "__iter__":
        return this
    return UNKNOWN


def fit(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    """Lightning's `Trainer.fit`: each batch of the loader goes to the model's `training_step`."""
    values = {**dict(zip(("model", "train_dataloaders"), args, strict=False)), **keywords}
    loaders = next((values[n] for n in ("datamodule", "train_dataloaders", "train_dataloader") if n in values), None)
    for model in alternatives(values.get("model", UNKNOWN)):
        step = frame.project.method(model.cls, "training_step") if isinstance(model, Instance) else None
        if step is not None:
            batch = fed_by(frame, node, model if loaders is None else loaders)
            frame.call_function(Function(step[0], model, None, step[1]), [batch, Unknown("batch_idx")], {}, node)
    return NONE


def fed_by(frame: Frame, node: ast.AST, source: Value) -> Value:
    """A batch of a loader, of a data module, or of a model that has its own loader, on the accelerator."""
    fact = frame.fact(node, f"Lightning moves the batch to the device: `{short(node)}`")
    found: list[Value] = []
    for item in alternatives(source):
        method_ = frame.project.method(item.cls, "train_dataloader") if isinstance(item, Instance) else None
        if method_ is not None:
            item = frame.call_function(Function(method_[0], item, None, method_[1]), [], {}, node)
        found.append(layers.on_device(items_of(frame, node, item), fact))
    return join(found)


def method(
    frame: Frame, node: ast.AST, this: Value, name: str, args: list[Value], keywords: dict[str, Value]
) -> Value | None:
    """Methods of lists and batches that matter to padding and order; None where the method is something else."""
    if name == "sort" and isinstance(this, (Sequence, Unknown)) and (keywords.keys() & {"key", "reverse"}):
        sort, by_lengths = order_of(node, keywords)
        item = items_of(frame, node, this)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            source = this.source if isinstance(this, Sequence) else "batch"
            frame.rebind(node.func.value, Sequence(None, item, "list", sort if by_lengths else None, source))
        return NONE
    if (
        name == "extend"
        and args
        and is_pads(args[0])
        and isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
    ):
        if not (isinstance(this, Sequence) and this.source == "pads"):
            frame.rebind(node.func.value, padded_item(frame, node, this, "right"))
        return NONE
    if name == "copy_" and isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and args:
        return copied(frame, node.func.value, args[0])
    if isinstance(this, Unknown) and name == "items":
        return UNKNOWN
    return None


def copied(frame: Frame, target: ast.expr, value: Value) -> Value:
    """`buf[i, :n].copy_(x)` and `buf.narrow(0, 0, n).copy_(x)` fill like an assignment."""
    if isinstance(target, ast.Subscript):
        holder = frame.eval(target.value)
        changed = item_written(frame, target, holder, value)
        if changed is not None:
            frame.rebind(target.value, changed)
    elif isinstance(target, ast.Name) and frame.caller is not None:
        given = argument_for(frame, target.id)
        if isinstance(given, ast.Subscript):
            frame.run.record.own = False
            copied(frame.caller, given, value)
    return value


def filled_for_caller(frame: Frame) -> None:
    """A buffer that a function fills is filled for the caller who made it."""
    for name, value in frame.changed.items():
        given = argument_for(frame, name)
        if frame.caller is None or not isinstance(given, ast.Name) or not isinstance(value, Tensor):
            continue
        known = frame.caller.lookup(given.id)
        own = any(isinstance(n, ast.Name) and n.id == name and assigned(n) for n in ast.walk(frame.info.node))
        if value.pad is not None and isinstance(known, Tensor) and known.role == "buffer" and not own:
            frame.run.record.own = False
            frame.caller.rebind(given, value)


def assigned(name: ast.Name) -> bool:
    return isinstance(name.ctx, ast.Store)


def argument_for(frame: Frame, name: str) -> ast.expr | None:
    """What a caller passes for a parameter, as it is written there."""
    call = frame.stack[-1].node if frame.stack else None
    names = [p.arg for p in frame.info.parameters]
    if not isinstance(call, ast.Call) or name not in names or frame.info.owner is not None:
        return None
    at = names.index(name)
    return call.args[at] if at < len(call.args) else None


PREPARERS = {"prepare", "setup", "setup_dataloaders", "setup_module"}
"""Methods of Accelerate and of Lightning Fabric that give back the models and loaders they are handed."""


def prepared(value: Value) -> bool:
    return isinstance(value, Instance) or (isinstance(value, Object) and value.kind == "DataLoader")


def unknown_call(frame: Frame, node: ast.AST, function: Value, args: list[Value], keywords: dict[str, Value]) -> Value:
    """A call of something that is not known: nothing is known of its result, unless its name says that it pads."""
    if isinstance(function, Unknown) and function.key and function.key.endswith((".to", ".cuda")):
        return function
    if isinstance(function, Unknown) and function.word in MAPS and args and isinstance(args[0], (Function, Partial)):
        return mapped_over(frame, node, args)
    if isinstance(function, Unknown) and function.word in PREPARERS and any(map(prepared, args)):
        return args[0] if len(args) == 1 else Sequence(list(args), kind="tuple")
    packed = next((a for a in args if isinstance(a, Packed)), None)
    if packed is not None and isinstance(function, Unknown) and RECURRENT.search(function.word):
        fact = frame.fact(node, "result of a packed call")
        out = Packed(Tensor(role="output"), packed.lengths, packed.enforce_sorted, fact)
        return Sequence([out, UNKNOWN], kind="tuple")
    key = f"{function.key}()" if isinstance(function, Unknown) and function.key else None
    return Unknown(key)
