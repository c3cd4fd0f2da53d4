"""Layers of torch.nn: how they are made, what calling them does, and packing.

Facts are those of https://docs.pytorch.org/docs/stable/nn.html and of torch.nn.utils.rnn.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from packlint.analysis import data
from packlint.analysis.events import AtHand, Embedded, Fact, Meet, Pack, PackedUse, RnnCall, Unpack
from packlint.analysis.lengths import mask_word, owners_of_lengths
from packlint.analysis.names import ClassInfo, code_of
from packlint.analysis.tensors.base import LOW, ZEROS, as_tensor, short
from packlint.analysis.tensors.pooling import implied_axis, pool, softmax_over
from packlint.analysis.tensors.uses import consume, consumed_by_unknown
from packlint.analysis.values import (
    NONE,
    UNKNOWN,
    Choice,
    Const,
    External,
    Instance,
    Mapping,
    Object,
    Packed,
    Padding,
    Sequence,
    State,
    Tensor,
    Unknown,
    Value,
    alternatives,
    constant,
    join,
    number,
    truth,
)

if TYPE_CHECKING:
    from packlint.analysis.flow import Frame

RNN_NAMES = {"LSTM", "GRU", "RNN"}
RNN_OPTIONS = [
    "input_size",
    "hidden_size",
    "num_layers",
    "bias",
    "batch_first",
    "dropout",
    "bidirectional",
    "proj_size",
]
EMBEDDING_OPTIONS = ["num_embeddings", "embedding_dim", "padding_idx"]
KEEPS_ZERO = {
    "Dropout",
    "Dropout1d",
    "Dropout2d",
    "Dropout3d",
    "AlphaDropout",
    "Tanh",
    "ReLU",
    "LeakyReLU",
    "Identity",
    "GELU",
    "ELU",
    "SELU",
    "SiLU",
    "Mish",
    "Hardtanh",
    "Hardswish",
    "ReLU6",
    "Softsign",
    "Tanhshrink",
}
SHIFTS = {
    *("Sigmoid", "Softplus", "PReLU", "Hardsigmoid", "LogSigmoid"),
    *("LayerNorm", "GroupNorm", "RMSNorm", "BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "SyncBatchNorm"),
    *("InstanceNorm1d", "InstanceNorm2d", "LocalResponseNorm"),
}
CONVOLUTIONS = {"Conv1d", "Conv2d", "Conv3d"}
POOLS = {"MaxPool1d", "AvgPool1d", "AdaptiveMaxPool1d", "AdaptiveAvgPool1d", "MaxPool2d"}
CONTAINERS = {"Sequential", "ModuleList", "ModuleDict"}
CELLS = {"LSTMCell", "GRUCell", "RNNCell"}
NAMES = frozenset(
    {"Module", "Embedding", "Linear", "Bilinear", "Softmax", "LogSoftmax", "MultiheadAttention", "DataParallel"}
    | {"Parameter", "CrossEntropyLoss", "NLLLoss", *RNN_NAMES, *KEEPS_ZERO, *SHIFTS, *CONVOLUTIONS, *POOLS}
    | {*CONTAINERS, *CELLS}
)
"""What `torch.nn` has that matters here."""
PLACING = frozenset(["to", "cuda", "cpu", "eval", "train", "half", "float", "double", "requires_grad_", "share_memory"])
"""Methods that give the module back as it is."""
MODULE_METHODS = PLACING | {
    *("apply", "module", "parameters", "named_parameters", "state_dict", "load_state_dict"),
    *("add_module", "register_buffer", "modules"),
}
PACKING = "torch.nn.utils.rnn."


# --------------------------------------------------------------------------- making


def construct(frame: Frame, node: ast.AST, name: str, args: list[Value], keywords: dict[str, Value]) -> Value | None:
    """The object that a call of a library's class makes, or the result of packing; None where it is neither."""
    if name.startswith((PACKING, "torch.nn.utils.rnn")):
        function = PACKERS.get(name.removeprefix(PACKING))
        return function(frame, node, args, keywords) if function is not None else None
    if name == "torch.nn.Parameter":
        first = args[0] if args else keywords.get("data", UNKNOWN)
        return join([as_tensor(item_).but(role=None, fill=None, word="") for item_ in alternatives(first)])
    if name.startswith("torch.nn.parallel.") or name in {"torch.nn.DataParallel", "torch.nn.parallel.DataParallel"}:
        return parallel(frame, node, name, args)
    if name in {
        "torch.compile",
        "torch.jit.script",
        "torch.jit.trace",
        "copy.copy",
        "torch.nn.utils.weight_norm",
        "torch.nn.utils.parametrizations.weight_norm",
        "torch.nn.utils.spectral_norm",
        "torch.nn.SyncBatchNorm.convert_sync_batchnorm",
    }:
        return args[0] if args else None
    if not name.startswith("torch.nn.") or name.startswith(
        ("torch.nn.functional.", "torch.nn.init.", "torch.nn.utils.")
    ):
        return torch_device([*args, *keywords.values()]) if name == "torch.device" else None
    kind = name.rpartition(".")[2]
    if kind == "<any>":  # chosen by a name that is not known: recurrent by what is asked of it
        if not keywords.keys() & {"batch_first", "bidirectional"} or "nhead" in keywords:
            return UNKNOWN
        kind = "<RNN>"
    return layer(frame, node, kind, args, keywords)


def is_recurrent_class(value: Value | None) -> bool:
    """Whether a value is nn.LSTM, nn.GRU or nn.RNN, as the default of a parameter that takes one of them."""
    return isinstance(value, External) and value.name in {f"torch.nn.{n}" for n in RNN_NAMES}


def torch_device(args: list[Value]) -> Value:
    where = [constant(v) for item in args[:1] for v in alternatives(item)]
    if where and all(isinstance(w, str) and w.startswith("cpu") for w in where):
        return Object("device", key="cpu")
    return Object("device", key="accel")


def layer(frame: Frame, node: ast.AST, kind: str, args: list[Value], keywords: dict[str, Value]) -> Value:
    fact = frame.fact(node, f"`{short(node)}`")
    if kind in RNN_NAMES or kind == "<RNN>":
        options = options_of(RNN_OPTIONS, args, keywords)
        options.setdefault("batch_first", Const(False))
        options.setdefault("bidirectional", Const(False))
        options.setdefault("num_layers", Const(1))
        names = frozenset({kind}) if kind in RNN_NAMES else frozenset(RNN_NAMES)
        return Object(
            "RNN", options, [], fact, names, key=f"rnn@{frame.info.module.filename}:{getattr(node, 'lineno', 0)}"
        )
    if kind == "Embedding" or kind == "EmbeddingBag":
        return Object("Embedding", options_of(EMBEDDING_OPTIONS, args, keywords), [], fact)
    if kind in CONTAINERS:
        return container(kind, args, keywords, fact)
    if kind == "from_pretrained":
        return Object("Embedding", dict(keywords), [], fact)
    return Object(kind, options_of(["first", "second", "third"], args, keywords), [], fact)


def options_of(names: list[str], args: list[Value], keywords: dict[str, Value]) -> dict[str, Value]:
    return {**dict(zip(names, args, strict=False)), **keywords}


def container(kind: str, args: list[Value], keywords: dict[str, Value], fact: Fact) -> Object:
    items: list[Value] = []
    for argument in args:
        if isinstance(argument, Sequence):
            items.extend(argument.items if argument.items is not None else [argument.item()])
        elif isinstance(argument, Mapping):
            items.extend(argument.items.values())
            if argument.elem is not None:
                items.append(argument.elem)
        else:
            items.append(argument)
    return Object(kind, dict(keywords), items, fact)


def parallel(frame: Frame, node: ast.AST, name: str, args: list[Value]) -> Value | None:
    """DataParallel splits the batch; DistributedDataParallel does not."""
    if not args:
        return UNKNOWN
    if name.endswith(".DataParallel"):
        for item in alternatives(args[0]):
            if isinstance(item, Instance):
                item.wrapped = frame.fact(node, f"run under DataParallel: `{short(node)}`")
                frame.project.note_parallel(item.cls, item.wrapped)
    return args[0]


def subclass(
    frame: Frame, node: ast.AST, info: ClassInfo, base: str, args: list[Value], keywords: dict[str, Value]
) -> Value | None:
    """A class of the project that is a torch layer and leaves `forward` alone is that layer."""
    kind = base.rpartition(".")[2]
    if not base.startswith("torch.nn.") or frame.project.method(info, "forward") is not None:
        return None
    if frame.project.method(info, "__init__") is not None:
        return None
    if kind in RNN_NAMES or kind in {"Embedding", "Linear", "Dropout"}:
        return layer(frame, node, kind, args, keywords)
    return None


def from_base(frame: Frame, node: ast.AST, value: Instance, base: str) -> Object | None:
    """An instance whose `forward` is the one of a torch layer, with the options that `super().__init__` got."""
    kind = base.rpartition(".")[2]
    known = RNN_NAMES | KEEPS_ZERO | {"Embedding", "Linear", "Sequential"}
    if not base.startswith("torch.nn.") or kind not in known:
        return None
    if not value.ready:
        frame.construct(value, node)
    made = layer(frame, value.cls.node, kind, [], {k: v for k, v in value.attrs.items() if k in RNN_OPTIONS})
    return made if isinstance(made, Object) else None


# --------------------------------------------------------------------------- calling


def call(frame: Frame, node: ast.AST, value: Object, args: list[Value], keywords: dict[str, Value]) -> Value:
    """The result of calling a layer."""
    first = args[0] if args else keywords.get("input", next(iter(keywords.values()), None))
    if value.kind == "RNN" and (len(args) > 2 or keywords.keys() - {"input", "hx"}):
        return UNKNOWN  # what is called here is another layer under the same name
    if value.kind == "RNN":
        return join([rnn(frame, node, value, item, args, keywords) for item in alternatives(first or UNKNOWN)])
    if value.kind == "Sequential":
        return sequential(frame, node, value, first if first is not None else UNKNOWN)
    if value.kind in {"super", "device", "Namespace"}:
        return UNKNOWN
    if (
        value.kind in {"Field", "Tokenizer", "DataCollator", "DataLoader", "Iterator", "Trainer", "Transformer"}
        or first is None
    ):
        return data.object_call(frame, node, value, args, keywords)
    if value.kind in CELLS:
        for item_ in alternatives(first):
            if isinstance(item_, Packed):
                frame.run.emit(PackedUse(frame.site(node), f"passed to `nn.{value.kind}`", item_.fact))
        consumed_by_unknown(frame, node, args)
        return (
            State(Tensor(role="cell state"), Tensor(role="cell state"), frozenset({"cell"}))
            if value.kind == "LSTMCell"
            else Tensor(role="cell state")
        )
    if value.kind == "MultiheadAttention":
        attend(frame, node, args, keywords)
    if value.kind == "Embedding":
        first = padded_ones(first)
    return join([apply_layer(frame, node, value, item, args) for item in alternatives(first)])


def padded_ones(value: Value) -> Value:
    """Of several values those that are padded, or of one length: the others are of the same batch, cut or not known."""
    told = (item for item in alternatives(value) if isinstance(item, Tensor))
    padded = [item for item in told if item.pad is not None or item.width_of == "equal"]
    return join(list(padded)) if padded else value


def attend(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> None:
    """Attention over keys: a softmax over their steps, with no mask where none is passed."""
    keys = keywords.get("key", args[1] if len(args) > 1 else UNKNOWN)
    masked = len(args) > 3 or bool(keywords.keys() & {"key_padding_mask", "attn_mask"})
    for item_ in alternatives(keys):
        if isinstance(item_, Tensor) and item_.call is not None and "T" in (item_.axes or ()):
            consume(frame, node, item_)
            if not masked:
                pool(frame, node, item_, "softmax", None)


def apply_layer(frame: Frame, node: ast.AST, value: Object, first: Value, args: list[Value]) -> Value:
    if isinstance(first, Packed):
        frame.run.emit(PackedUse(frame.site(node), f"passed to `nn.{value.kind}`", first.fact, first))
        return UNKNOWN
    if isinstance(first, (Sequence, Mapping, Instance, Object, Const)) and value.kind != "Embedding":
        return UNKNOWN
    tensor = as_tensor(first)
    if value.kind == "Embedding":
        return embed(frame, node, value, tensor)
    if value.kind == "Softmax" or value.kind == "LogSoftmax":
        given = value.options.get("dim", value.options.get("first"))
        return softmax_over(frame, node, tensor, implied_axis(tensor) if given is None else number(given))
    if value.kind in KEEPS_ZERO:
        if value.kind == "ReLU" and tensor.fill in {"low", "zero"}:
            return tensor.but(fill="floor")
        fill = tensor.fill if tensor.fill in ZEROS else None
        return tensor.but(fill=fill) if isinstance(first, Tensor) else tensor
    if value.kind in SHIFTS:
        return tensor.but(fill="zero" if tensor.fill == "low" and value.kind == "Sigmoid" else None)
    if value.kind in POOLS:
        return pooled(frame, node, value, tensor)
    consume(frame, node, tensor)
    if value.kind in {"Linear", "LazyLinear", "Bilinear"}:
        note_directions(value, tensor)
        bias = truth(value.options.get("bias", value.options.get("third")))
        width = value.options.get("out_features", value.options.get("second"))
        axes = (*tensor.axes[:-1], "1" if number(width) == 1 else "F") if tensor.axes else None
        fill = "zero" if bias is False and tensor.fill in ZEROS else None
        return tensor.but(axes=axes, batch=tensor.batch, fill=fill, role=after_linear(tensor))
    if value.kind in CONVOLUTIONS:
        return convolved(value, tensor)
    if value.kind.startswith("Transformer") or value.kind == "MultiheadAttention":
        made = tensor.but(fill=None, call=None, role="features")
        return Sequence([made, UNKNOWN], kind="tuple") if value.kind == "MultiheadAttention" else made
    if value.kind.endswith("Loss"):
        return UNKNOWN
    return UNKNOWN


def note_directions(linear: Object, tensor: Tensor) -> None:
    """A linear layer that takes twice the hidden size of the outputs it is given says that there are two directions."""
    call = tensor.call
    if call is None or call.bidirectional is not None or tensor.role != "output" or tensor.axis(-1) != "H":
        return
    taken = linear.options.get("in_features", linear.options.get("first"))
    hidden = call.layer.options.get("hidden_size")
    if isinstance(taken, Unknown) and isinstance(hidden, Unknown) and hidden.key:
        call.bidirectional = True if taken.key == f"({hidden.key}) * 2" else None
    elif isinstance(taken, Const) and isinstance(hidden, Const) and "proj_size" not in call.layer.options:
        width, size = number(taken), number(hidden)
        if width is not None and size is not None:
            call.bidirectional = False if width == size else True if width == 2 * size else None


def after_linear(tensor: Tensor) -> str | None:
    """A linear layer leaves an output an output of every step; a state is one no more."""
    return tensor.role if tensor.role in {"output", "features", "ids"} else None


def embed(frame: Frame, node: ast.AST, value: Object, tensor: Tensor) -> Tensor:
    axes = (*tensor.axes, "F") if tensor.axes is not None else None
    pad = tensor.pad
    index = value.options.get("padding_idx")
    if index is not None and knows_padding(frame, node):
        frame.embedded.append(Embedded(frame.site(node), tensor))
    if (
        pad is None
        and index is not None
        and not (isinstance(index, Const) and index.value is None)
        and not single(tensor)
        and tensor.width_of != "equal"
        and not infers(frame)
    ):
        fact = value.fact or frame.fact(node, "padding_idx")
        pad = Padding(
            None,
            "padding_idx",
            (Fact(fact.filename, fact.row, f"padded: an embedding with `padding_idx`, {fact.text}"),),
        )
    zero = index is not None
    one = tensor.one
    fill = "zero" if zero else None
    return tensor.but(role="features", axes=axes, batch=tensor.batch, pad=pad, fill=fill, one=one)


def knows_padding(frame: Frame, node: ast.AST) -> bool:
    """Whether the embedding that a call calls has a `padding_idx`, however it was made."""
    called = node.func if isinstance(node, ast.Call) else None
    if not isinstance(called, (ast.Name, ast.Attribute)):
        return False
    indices = [
        one.options.get("padding_idx") if isinstance(one, Object) else None for one in alternatives(frame.eval(called))
    ]
    return not any(index is None or (isinstance(index, Const) and index.value is None) for index in indices)


INFERENCE = {"inference", "infer", "generate", "sample", "predict", "beam_search", "greedy_decode", "translate"}


def infers(frame: Frame) -> bool:
    """Whether the code serves one request at a time; a `padding_idx` speaks of training there."""
    return frame.info.name in INFERENCE or any(site.function.name in INFERENCE for site in frame.stack)


def single(tensor: Tensor) -> bool:
    """One step, or one sample: nothing to pad."""
    return tensor.one is not None or (tensor.axes is not None and "1" in tensor.axes[:2])


def pooled(frame: Frame, node: ast.AST, value: Object, tensor: Tensor) -> Tensor:
    if tensor.axis(-1) != "T":
        return tensor.but(axes=None)
    window = value.options.get("kernel_size", value.options.get("output_size", value.options.get("first")))
    whole = value.kind.startswith("Adaptive") and number(window) == 1
    how = "mean" if "Avg" in value.kind else "max"
    if whole or (isinstance(window, Unknown) and any(w in window.word.lower() for w in ("len", "max", "seq", "pad"))):
        return pool(frame, node, tensor, how, -1).but(axes=(*(tensor.axes or ())[:-1], "1"))
    return tensor.but(fill=None)


def convolved(value: Object, tensor: Tensor) -> Tensor:
    stride = value.options.get("stride")
    axes = tensor.axes
    if value.kind == "Conv1d" and axes is None:
        axes = ("B", "F", "T")  # https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv1d.html
    elif axes is not None and value.kind == "Conv1d" and len(axes) == 3:
        axes = (axes[0], "F", axes[2])
    elif axes is not None and value.kind == "Conv2d" and len(axes) == 4:
        axes = (axes[0], "F", axes[2], axes[3])
    pad = tensor.pad
    strided = stride is not None and number(stride) != 1
    if strided and pad is not None:
        pad = Padding(pad.side, pad.how, pad.facts, "strided")
    unpacked = None if strided else tensor.unpacked
    return tensor.but(axes=axes, fill=None, pad=pad, unpacked=unpacked, narrowed=strided or narrows(value))


def narrows(value: Object) -> bool:
    """Whether a convolution has fewer steps than its input: its kernel is wider than one, and nothing is filled up."""
    kernel = value.options.get("kernel_size", value.options.get("third"))
    padding = value.options.get("padding")
    return number(kernel) != 1 and (padding is None or number(padding) == 0)


def sequential(frame: Frame, node: ast.AST, value: Object, first: Value) -> Value:
    result = first
    for item_ in value.items:
        result = join([frame.apply(node, f, [result], {}) for f in alternatives(item_)])
    return result


def rnn(
    frame: Frame, node: ast.AST, value: Object, first: Value, args: list[Value], keywords: dict[str, Value]
) -> Value:
    """(outputs, final state) of an RNN, and the event."""
    hx = keywords.get("hx", args[1] if len(args) > 1 else None)
    batch_first = option(frame, value, "batch_first")
    bidirectional = option(frame, value, "bidirectional")
    packed = first if isinstance(first, Packed) else None
    tensor = packed.tensor if packed is not None else as_tensor(first)
    record = RnnCall(
        frame.site(node),
        value,
        tensor,
        (packed is not None and not packed.whole) or wrapped(frame),
        hx,
        frame.at_hand,
        frame.absent(),
        one_step(frame, node, tensor, batch_first, hx),
        bidirectional=bidirectional,
        batch_first=batch_first,
        resets=resets(hx),
        whole=packed.fact if packed is not None and packed.whole else None,
        around=around(frame, tensor),
        embedded=frame.embedded,
        alone=is_layer_alone(frame, node),
    )
    if isinstance(first, Sequence) and first.items is not None:
        return UNKNOWN
    consume(frame, node, tensor)
    initial_state(frame, node, record, hx, tensor)
    frame.run.emit(record)
    order = tensor.order
    state = Tensor(role="state", axes=("L", "B", "F"), call=record, part="h", order=order)
    cell = Tensor(role="state", axes=("L", "B", "F"), call=record, part="c", order=order)
    result_state: Value = State(state, cell, value.names) if "LSTM" in value.names else state
    if packed is not None:
        pad = tensor.pad if packed.whole else None
        out = Tensor(role="output", call=record, roots=tensor.roots, order=order, pad=pad)
        fact = record.site.fact("result of a packed call")
        made: Value = Packed(out, packed.lengths, packed.enforce_sorted, fact, packed.whole, packed.pack)
    else:
        axes = ("B", "T", "H") if batch_first else ("T", "B", "H")
        if batch_first is None:
            axes = tensor.axes and (*tensor.axes[:-1], "H")  # type: ignore[assignment]
        if tensor.axes is not None and len(tensor.axes) == 3 and "1" in tensor.axes[:2]:
            axes = (*tensor.axes[:2], "H") if tensor.axes[2] != "1" else axes
        made = Tensor(
            role="output", axes=axes, pad=tensor.pad, call=record, roots=tensor.roots, device=tensor.device, order=order
        )
    return Sequence([made, result_state], kind="tuple")


def is_layer_alone(frame: Frame, node: ast.AST) -> bool:
    """Whether what a call calls can be nothing but a layer of torch: a class of the project may take no pack."""
    called = node.func if isinstance(node, ast.Call) else None
    if isinstance(called, ast.Attribute) and called.attr in {"forward", "__call__"}:
        called = called.value
    if not isinstance(called, (ast.Name, ast.Attribute)):
        return True
    return not any(isinstance(one, Instance) for one in alternatives(frame.eval(called)))


def around(frame: Frame, tensor: Tensor) -> list[AtHand]:
    """What the functions that lead to a call of a layer hold, and do not hand on.

    These are padding masks of the same object, and lengths that belong to the tensor by their names.
    """
    found: list[AtHand] = []
    walker, same_object = frame.caller, True
    while walker is not None:
        same_object = same_object and walker.this is not None and walker.this is frame.this
        same_object = same_object and walker.info.module is frame.info.module  # a base class speaks of all its kinds
        for hand in walker.at_hand:
            of_object = hand.kind == "mask" and same_object and mask_word(hand.name)
            if of_object or (hand.kind == "lengths" and given_with(walker, hand, tensor)):
                found.append(hand)
        walker = walker.caller
    return found


def given_with(frame: Frame, hand: AtHand, tensor: Tensor) -> bool:
    """Whether a function is given lengths beside the tensor that they belong to: `(text, text_lengths)`."""
    names = [parameter.arg for parameter in frame.info.parameters]
    if hand.name not in names:
        return False
    owners = owners_of_lengths(hand.name)
    at = names.index(hand.name)
    beside = [name for name in names if owners & set(name.lower().split("_"))] if owners else names[max(at - 1, 0) : at]
    roots = (as_tensor(frame.path.env.get(name, UNKNOWN)).roots for name in beside if name != hand.name)
    return any(of & tensor.roots for of in roots)


def wrapped(frame: Frame) -> bool:
    """Whether the code stands in a class or function that the user's configuration says packs by itself."""
    if not frame.project.config.packing_wrappers:
        return False
    module, owner = frame.info.module.name, frame.info.owner
    names = [f"{module}.{frame.info.name}", *([f"{module}.{owner.name}"] if owner is not None else [])]
    return any(frame.project.is_wrapper(name, "packing_wrappers") for name in names)


def option(frame: Frame, value: Object, name: str) -> bool | None:
    """An option of an RNN on this path; None where it is not known."""
    found = value.options.get(name)
    if isinstance(found, Unknown) and found.key is not None:
        decided = frame.known(found.key)
        if decided is not None:
            return decided
        return truth(found.default)
    if isinstance(found, Const):
        return bool(found.value)
    if isinstance(found, Choice):
        values = {truth(item) for item in found.items}
        return values.pop() if len(values) == 1 else None
    return None


def one_step(frame: Frame, node: ast.AST, tensor: Tensor, batch_first: bool | None, hx: Value | None) -> bool:
    """Whether the input has one step (a decoder's), or one sample."""
    if tensor.one is not None or frame.path.conditions.get("one sample"):
        return True
    if tensor.axes is not None and len(tensor.axes) == 3 and "1" in tensor.axes[:2]:
        return True
    # A loop over layers calls each once, on the whole batch; `self.rnn(...)` in a loop goes on step by step.
    same_layer = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    told = tensor.pad is not None and not (tensor.pad.how == "padding_idx" and same_layer)
    return frame.loops > 0 and hx is not None and not (isinstance(hx, Const) and hx.value is None) and not told


def resets(hx: Value | None) -> bool:
    """Whether an initial state was multiplied by a mask, as where an episode ends."""
    parts = hx.items if isinstance(hx, Sequence) and hx.items is not None else [hx]
    return any(isinstance(p, Tensor) and p.fill == "zero" and p.role != "buffer" for p in parts)


def initial_state(frame: Frame, node: ast.AST, record: RnnCall, hx: Value | None, tensor: Tensor) -> None:
    """Where the initial state comes from: an earlier call's state is used; its order should be the input's."""
    if hx is None:
        return
    for item_ in alternatives(hx):
        parts = item_.items if isinstance(item_, Sequence) and item_.items is not None else [item_]
        for one in parts:
            for alternative in alternatives(one):
                state = alternative.h if isinstance(alternative, State) else alternative
                if isinstance(state, Tensor) and state.call is not None:
                    how = "carried" if state.call.layer is record.layer else "state"
                    state.call.uses.setdefault(how, frame.fact(node, "its final state starts another call"))
                if not kept_by_object(node):
                    check_order(frame, node, state, tensor)


def kept_by_object(node: ast.AST) -> bool:
    """Whether the initial state is an attribute, which may be set from outside in any order: `rnn(x, self.hidden)`."""
    if not isinstance(node, ast.Call):
        return False
    given = [*node.args[1:2], *(keyword.value for keyword in node.keywords if keyword.arg == "hx")]
    return any(isinstance(state, ast.Attribute) for state in given)


def check_order(frame: Frame, node: ast.AST, state: Value, tensor: Tensor) -> None:
    order = tensor.order
    if order is None or not order.by_lengths:
        return
    if isinstance(state, (Const, Object, Instance)):
        return
    known = as_tensor(state)
    if known.role in {"buffer", "range"} or known.order is order:
        return
    if isinstance(state, Unknown) and not is_parameter(frame, state):
        return
    if isinstance(state, Tensor) and state.call is None and state.role not in {"state", "state row"}:
        return
    frame.run.emit(Meet(frame.site(node), tensor, state, "initial state", order))


def is_parameter(frame: Frame, value: Unknown) -> bool:
    """Whether an unknown initial state is one that the caller gives (and not a method's zeros)."""
    key = value.key or ""
    name = key.rpartition(":")[2]
    return ":" in key and "." not in name and any(p.arg == name for p in frame.info.parameters) and name in frame.given


def item(frame: Frame, value: Object, index: Value) -> Value:
    """An item of a Sequential, a ModuleList, a ModuleDict, or of a batch object."""
    if value.kind in CONTAINERS:
        at = number(index)
        if at is not None and -len(value.items) <= at < len(value.items):
            return value.items[at]
        return join(value.items) if value.items else UNKNOWN
    return UNKNOWN


def object_method(
    frame: Frame, node: ast.AST, this: Object, name: str, args: list[Value], keywords: dict[str, Value]
) -> Value:
    """A method of a layer or of another object of a library."""
    if name == "forward" or name == "__call__":
        return call(frame, node, this, args, keywords)
    if name in PLACING or (name == "from_pretrained" and this.kind == "Embedding"):
        return this
    if this.kind in CONTAINERS:
        if name in {"append", "add_module", "insert"} and args:
            this.items.append(args[-1])
            return this
        if name == "extend" and args and isinstance(args[0], Sequence):
            this.items.extend(args[0].items if args[0].items is not None else [args[0].item()])
            return this
        if name == "items":
            return Sequence(None, Sequence([UNKNOWN, join(this.items)], kind="tuple"))
        if name in {"values", "children", "modules"}:
            return Sequence(list(this.items))
        return UNKNOWN
    if this.kind == "super":
        return super_method(frame, node, this, name, args, keywords)
    return data.object_method(frame, node, this, name, args, keywords)


def super_method(
    frame: Frame, node: ast.AST, this: Object, name: str, args: list[Value], keywords: dict[str, Value]
) -> Value:
    """`super().__init__(...)` of a torch layer: the options are the instance's; of a field of torchtext, it is one."""
    owner = this.options["this"]
    if name == "__init__" and isinstance(owner, Instance):
        base = frame.project.external_base(owner.cls)
        if base.rpartition(".")[2] in RNN_NAMES:
            owner.attrs.update(options_of(RNN_OPTIONS, args, keywords))
        if data.is_field(base):
            data.call(frame, node, base, args, keywords)
        if base == "torch.nn.Sequential":
            owner.attrs["0"] = container("Sequential", args, keywords, frame.fact(node, "Sequential"))
    return UNKNOWN


def module_method(
    frame: Frame, node: ast.AST, this: Instance, name: str, args: list[Value], keywords: dict[str, Value]
) -> Value:
    """A method that every nn.Module has."""
    if name in PLACING or name in {"apply", "module"}:
        return this
    if name == "add_module" and len(args) == 2:
        key = constant(args[0])
        if isinstance(key, str):
            this.attrs[key] = args[1]
        else:
            this.attrs["<any>"] = join([this.attrs["<any>"], args[1]]) if "<any>" in this.attrs else args[1]
        return NONE
    if name == "inherited forward":
        built = from_base(frame, node, this, frame.project.external_base(this.cls))
        return call(frame, node, built, args, keywords) if built is not None else UNKNOWN
    return UNKNOWN


def scattered(args: list[Value], keywords: dict[str, Value], fact: Fact) -> tuple[list[Value], dict[str, Value]]:
    """What DataParallel hands on: every tensor in parts, on the devices; a list as it is."""
    return [on_device(a, fact) for a in args], {k: on_device(v, fact) for k, v in keywords.items()}


def on_device(value: Value, fact: Fact) -> Value:
    """A value whose tensors were moved to the accelerator by something that is not written at the tensor."""
    if isinstance(value, Tensor) and value.form == "tensor" and value.device != "accel":
        return value.but(device="accel", device_facts=(fact,))
    if isinstance(value, Sequence) and value.items is not None and value.kind in {"tuple", "list"}:
        items = [on_device(item_, fact) for item_ in value.items]
        return Sequence(items, None, value.kind, value.sort, value.source, value.order)
    if isinstance(value, Mapping):
        return Mapping({k: on_device(v, fact) for k, v in value.items.items()}, value.elem)
    if isinstance(value, Unknown) and value.key:
        return as_tensor(value).but(device="accel", device_facts=(fact,))
    return value


# --------------------------------------------------------------------------- packing


def pack_padded(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    values = options_of(["input", "lengths", "batch_first", "enforce_sorted"], args, keywords)
    first = values.get("input", UNKNOWN)
    lengths = values.get("lengths", UNKNOWN)
    enforce = truth(values.get("enforce_sorted", Const(True)))
    return join([pack_one(frame, node, item_, lengths, values, enforce) for item_ in alternatives(first)])


def pack_one(
    frame: Frame, node: ast.AST, first: Value, lengths: Value, values: dict[str, Value], enforce: bool | None
) -> Value:
    if isinstance(first, Packed):
        frame.run.emit(PackedUse(frame.site(node), "packed again", first.fact))
        return first
    tensor = as_tensor(first)
    consume(frame, node, tensor)
    flag = values.get("batch_first", Const(False))
    batch_first = truth(flag)
    if isinstance(flag, Unknown):
        batch_first = None
    known = [item_ for item_ in alternatives(lengths) if not isinstance(item_, Const)]
    length = (written_out(known[0]) or as_tensor(known[0])) if known else None
    if length is not None and length.role != "lengths" and not isinstance(known[0], Unknown):
        length = length.but(role="lengths", counted=length.counted)
    whole = length is not None and of_padded_rows(length)
    if length is not None and whole:
        length = length.but(sort="desc")  # they are all the same
    order = tensor.order if enforce is not False else None
    event = Pack(frame.site(node), tensor, length, batch_first, enforce, caller_fact(frame, node), order)
    frame.run.emit(event)
    fact = frame.fact(node, f"packed: `{short(node)}`")
    if whole:
        fact = frame.fact(node, f"packed with the padded size as the length of every row: `{short(node)}`")
    return Packed(tensor, length, enforce, fact, whole, event)


def of_padded_rows(lengths: Tensor) -> bool:
    """Whether lengths were counted from rows that are padded already: each is the padded size."""
    counted = lengths.length_of
    return lengths.counted == "len" and counted is not None and counted.pad is not None


def written_out(value: Value) -> Tensor | None:
    """`[5, 3, 2]`: lengths that stand in the code."""
    if not isinstance(value, Sequence) or not value.items:
        return None
    numbers = [number(item_) for item_ in value.items]
    found = [n for n in numbers if n is not None]
    if len(found) < len(numbers):
        return None
    sort = "desc" if found == sorted(found, reverse=True) else "no"
    return Tensor(role="lengths", form="list", counted="written", sort=sort)


def caller_fact(frame: Frame, node: ast.AST) -> Fact | None:
    if frame.context_fact is not None:
        return frame.context_fact
    if frame.stack:
        return frame.stack[-1].fact(f"called by `{frame.stack[-1].function.name}`")
    return frame.fact(node, "run by the script itself") if frame.info.name == "<module>" else None


def pad_packed(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    values = options_of(["sequence", "batch_first", "padding_value", "total_length"], args, keywords)
    some = alternatives(values.get("sequence", UNKNOWN))
    told = [item_ for item_ in some if isinstance(item_, Packed)] or some  # what is not known can be nothing else
    return join([unpack_one(frame, node, item_, values) for item_ in told])


def unpack_one(frame: Frame, node: ast.AST, first: Value, values: dict[str, Value]) -> Value:
    if isinstance(first, Sequence):
        return UNKNOWN
    packed = first if isinstance(first, Packed) else None
    tensor = packed.tensor if packed is not None else Tensor(role="output")
    batch_first = truth(values.get("batch_first", Const(False)))
    total = values.get("total_length")
    if isinstance(total, Const) and total.value is None:
        total = None
    event = Unpack(frame.site(node), first, batch_first, total, parallel_fact(frame))
    frame.run.emit(event)
    fill = "zero"
    value = values.get("padding_value")
    if value is not None:
        found = constant(value)
        text = code_of(node)
        fill = (
            "low"
            if "inf" in text or (isinstance(found, (int, float)) and found <= LOW)
            else "zero"
            if found == 0
            else "filled"
        )
    pad = Padding("right", "unpack", (frame.fact(node, f"padded again: `{short(node)}`"),), "longest")
    axes = ("B", "T", "H") if batch_first else ("T", "B", "H")
    out = Tensor(
        role="output",
        axes=axes if batch_first is not None else None,
        pad=pad,
        fill=fill,
        call=tensor.call,
        unpacked=event,
        order=tensor.order,
        roots=tensor.roots,
    )
    lengths = packed.lengths if packed is not None else None
    made = Tensor(
        role="lengths",
        counted="unpack",
        device="cpu",
        sort=lengths.sort if lengths is not None else None,
        order=tensor.order,
    )
    return Sequence([out, made], kind="tuple")


def parallel_fact(frame: Frame) -> Fact | None:
    """Whether the module that unpacks runs under DataParallel."""
    walker: Frame | None = frame
    while walker is not None:
        if isinstance(walker.this, Instance):
            fact = walker.this.wrapped or frame.project.parallel_fact(walker.this.cls)
            if fact is not None:
                return fact
        walker = walker.caller
    return None


def pack_sequence(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    values = options_of(["sequences", "enforce_sorted"], args, keywords)
    rows = values.get("sequences", UNKNOWN)
    lengths = Tensor(role="lengths", form="list", counted="len", sort=rows.sort if isinstance(rows, Sequence) else None)
    enforce = truth(values.get("enforce_sorted", Const(True)))
    tensor = Tensor(role="features")
    frame.run.emit(Pack(frame.site(node), tensor, lengths, None, enforce, caller_fact(frame, node)))
    return Packed(tensor, None, enforce, frame.fact(node, f"packed: `{short(node)}`"))


def unpack_sequence(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    return Sequence(None, Tensor(role="sample", axes=("T", "H")), kind="list")


def pad_sequence(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    """pad_sequence pads on the right unless it is told otherwise; time-first unless batch_first."""
    values = options_of(["sequences", "batch_first", "padding_value", "padding_side"], args, keywords)
    batch_first = truth(values.get("batch_first", Const(False)))
    side = constant(values.get("padding_side", Const("right")))
    first = values.get("sequences", UNKNOWN)
    if isinstance(first, Packed):
        frame.run.emit(PackedUse(frame.site(node), "passed to `pad_sequence`", first.fact))
    inner = first.item() if isinstance(first, Sequence) else UNKNOWN
    turned = isinstance(inner, Tensor) and inner.part == "flipped"
    fact = frame.fact(node, f"padded: `{short(node)}`")
    pad = Padding(side if isinstance(side, str) and not turned else None, "pad_sequence", (fact,), "longest")
    rest = inner.axes[1:] if isinstance(inner, Tensor) and inner.axes else ()
    if isinstance(inner, Tensor) and inner.axes is None and inner.role == "features":
        rest = ("F",)
    axes = ("B", "T", *rest) if batch_first else ("T", "B", *rest)
    sort = first.sort if isinstance(first, Sequence) else None
    order = first.order if isinstance(first, Sequence) else None
    device = inner.device if isinstance(inner, Tensor) else None
    frame.note_at_hand(node, "len() of each sequence", Tensor(role="lengths", counted="len", sort=sort, pad=pad))
    return Tensor(role="ids", axes=axes, pad=pad, fill="zero", sort=sort, order=order, device=device, word="padded")


def unpad_sequence(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    return Sequence(None, Tensor(role="sample"), kind="list")


def by_hand(frame: Frame, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> Value:
    """`PackedSequence(data, batch_sizes)`."""
    first = args[0] if args else keywords.get("data", UNKNOWN)
    tensor = as_tensor(first)
    return Packed(
        tensor.but(role="output") if tensor.call else tensor,
        None,
        None,
        frame.fact(node, f"made by hand: `{short(node)}`"),
    )


PACKERS = {
    "pack_padded_sequence": pack_padded,
    "pad_packed_sequence": pad_packed,
    "pack_sequence": pack_sequence,
    "unpack_sequence": unpack_sequence,
    "pad_sequence": pad_sequence,
    "unpad_sequence": unpad_sequence,
    "PackedSequence": by_hand,
}
