"""One change each that makes right packing code wrong: edits of a file's text at places found in its syntax tree."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

PACK, UNPACK = "pack_padded_sequence", "pad_packed_sequence"
RNN_MODULE = "torch.nn.utils.rnn"
TORCH_RNNS = {"LSTM", "GRU", "RNN"}
NEGATED_SORTS = {"torch.sort", "torch.argsort"}
LENGTH_NAME = re.compile(r"len|num_char|sizes?$|_size", re.IGNORECASE)

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Edit:
    """Bytes `start` to `end` of a file become `text`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Mutant:
    """A change of one kind, on `row` (1-based), and the codes of which one should be reported.

    `function` holds the first and last row of the function that the change stands in. `anywhere` says that the
    finding may stand in another function or file: where the rule speaks of the pack and the change is not there.
    """

    kind: str
    row: int
    edits: tuple[Edit, ...]
    codes: tuple[str, ...]
    function: tuple[int, int]
    name: str
    anywhere: bool = False


class Module:
    """A parsed file: its tree, the parents of its nodes, and where each node stands in its bytes."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self.tree = ast.parse(source)
        self.parents: dict[ast.AST, ast.AST] = {
            child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)
        }
        self._shift = 3 if source.startswith(b"\xef\xbb\xbf") else 0
        ends = (match.end() for match in re.finditer(rb"\r\n|\r|\n", source))
        self._starts = [0, *ends]
        self.imported = dict(_imports(self.tree))

    def offset(self, row: int, column: int) -> int:
        return self._starts[row - 1] + column + (self._shift if row == 1 else 0)

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self.offset(node.lineno, node.col_offset), self.offset(node.end_lineno, node.end_col_offset)

    def text(self, node: ast.expr | ast.stmt) -> str:
        start, end = self.span(node)
        return self.source[start:end].decode("utf-8")

    def replace(self, node: ast.expr | ast.stmt, text: str) -> Edit:
        return Edit(*self.span(node), text)

    def function_of(self, node: ast.AST) -> Function | None:
        while node in self.parents:
            node = self.parents[node]
            if isinstance(node, Function):
                return node
        return None

    def class_of(self, node: ast.AST) -> ast.ClassDef | None:
        while node in self.parents:
            node = self.parents[node]
            if isinstance(node, ast.ClassDef):
                return node
        return None

    def statement_of(self, node: ast.AST) -> ast.stmt:
        while not isinstance(node, ast.stmt):
            node = self.parents[node]
        return node

    def qualified(self, func: ast.expr) -> str:
        """The dotted name of a callee with its first part as it was imported; '' where it has none."""
        parts: list[str] = []
        while isinstance(func, ast.Attribute):
            parts.append(func.attr)
            func = func.value
        if not isinstance(func, ast.Name):
            return ""
        return ".".join([self.imported.get(func.id, func.id), *reversed(parts)])

    def calls(self, name: str, within: ast.AST | None = None) -> list[ast.Call]:
        """The calls of the function of that name in torch's packing module, in reading order."""
        found = [
            node
            for node in ast.walk(within or self.tree)
            if isinstance(node, ast.Call) and self.qualified(node.func) == f"{RNN_MODULE}.{name}"
        ]
        return sorted(found, key=lambda call: (call.lineno, call.col_offset))


def _imports(tree: ast.Module) -> Iterator[tuple[str, str]]:
    yield "nn", "torch.nn"
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield (name.asname, name.name) if name.asname else (name.name.split(".")[0], name.name.split(".")[0])
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            for name in node.names:
                yield name.asname or name.name, f"{node.module}.{name.name}"


def apply(source: bytes, edits: Iterable[Edit]) -> bytes:
    """The source with all edits made; they must not overlap."""
    for edit in sorted(edits, key=lambda one: one.start, reverse=True):
        source = source[: edit.start] + edit.text.encode("utf-8") + source[edit.end :]
    return source


def moved_row(source: bytes, edits: Iterable[Edit], row: int) -> int:
    """The row that a row of the unmutated source has after the edits."""
    starts = [0, *(match.end() for match in re.finditer(rb"\r\n|\r|\n", source))]
    moved = row
    for edit in edits:
        last = sum(start <= edit.end for start in starts)
        if row > last:
            moved += edit.text.count("\n") - source[edit.start : edit.end].count(b"\n")
    return moved


# --- small questions to the tree ---


def argument(call: ast.Call, position: int, keyword: str) -> ast.expr | None:
    """The argument at that position or of that name."""
    for given in call.keywords:
        if given.arg == keyword:
            return given.value
    if position < len(call.args) and not any(isinstance(arg, ast.Starred) for arg in call.args[: position + 1]):
        return call.args[position]
    return None


def is_constant(node: ast.AST | None, value: object) -> bool:
    return isinstance(node, ast.Constant) and node.value is value


def names_in(node: ast.AST) -> set[str]:
    """The names and attributes that stand in an expression."""
    found = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    return found | {part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute)}


def speaks_of_lengths(node: ast.AST | None) -> bool:
    """A name, an attribute or a key in the expression is called a length."""
    if node is None:
        return False
    keys = {part.value for part in ast.walk(node) if isinstance(part, ast.Constant) and isinstance(part.value, str)}
    return any(LENGTH_NAME.search(name) for name in names_in(node) | keys)


def target_names(target: ast.expr) -> list[str]:
    return [part.id for part in ast.walk(target) if isinstance(part, ast.Name)]


def loads_after(function: ast.AST, name: str, row: int) -> bool:
    return any(
        isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load) and node.lineno > row
        for node in ast.walk(function)
    )


def _assigned(module: Module, call: ast.expr) -> ast.Assign | None:
    parent = module.parents[call]
    return parent if isinstance(parent, ast.Assign) and len(parent.targets) == 1 and parent.value is call else None


def _mutant(
    module: Module,
    kind: str,
    node: ast.expr | ast.stmt,
    edits: Iterable[Edit],
    codes: str,
    *,
    anywhere: bool = False,
) -> Mutant:
    function = module.function_of(node)
    rows = (1, len(module.source.splitlines()) + 1)
    name = "<module>"
    if function is not None:
        assert function.end_lineno is not None
        rows, name = (function.lineno, function.end_lineno), function.name
        owner = module.class_of(function)
        name = f"{owner.name}.{name}" if owner is not None else name
    return Mutant(kind, node.lineno, tuple(edits), tuple(codes.split()), rows, name, anywhere)


# --- layers and their calls ---


@dataclass(frozen=True, slots=True)
class Layer:
    """What a file says of a layer; None where it does not say."""

    batch_first: bool | None
    bidirectional: bool | None


def layers(module: Module) -> dict[str, Layer]:
    """The torch RNNs that the file keeps under an attribute or a name, by that name; doubtful ones are left out."""
    found: dict[str, list[Layer]] = {}
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
            continue
        call = node.value
        qualified = module.qualified(call.func)
        if not (qualified.startswith("torch.nn.") and qualified.rsplit(".", 1)[1] in TORCH_RNNS):
            continue
        if any(given.arg is None for given in call.keywords):
            continue
        layer = Layer(_option(call, "batch_first"), _option(call, "bidirectional"))
        for target in node.targets:
            if isinstance(target, ast.Attribute):
                found.setdefault(target.attr, []).append(layer)
            elif isinstance(target, ast.Name):
                found.setdefault(target.id, []).append(layer)
    return {name: kinds[0] for name, kinds in found.items() if len(set(kinds)) == 1}


def _option(call: ast.Call, name: str) -> bool | None:
    for given in call.keywords:
        if given.arg == name:
            return bool(given.value.value) if isinstance(given.value, ast.Constant) else None
    return False


@dataclass(frozen=True, slots=True)
class Packed:
    """A pack, the layer's call on it, and what that call's result is assigned to."""

    pack: ast.Call
    call: ast.Call
    layer: Layer
    output: str | None
    state: ast.expr | None
    unpacks: tuple[ast.Call, ...]


def packed_calls(module: Module) -> Iterator[Packed]:
    """The plain way through a torch RNN: pack, call, perhaps unpack, with nothing else done to what is packed."""
    known = layers(module)
    for pack in module.calls(PACK):
        function = module.function_of(pack)
        if function is None:
            continue
        call = _call_on(module, function, pack)
        if call is None:
            continue
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        if name not in known:
            continue
        output, state = _results(module, call)
        unpacks = tuple(
            unpack
            for unpack in module.calls(UNPACK, function)
            if output is not None and isinstance(unpack.args[:1], list) and output in names_in(_first(unpack))
        )
        if output is not None and not unpacks and loads_after(function, output, call.lineno):
            continue
        if output is None and state is None:
            continue
        yield Packed(pack, call, known[name], output, state, unpacks)


def _first(call: ast.Call) -> ast.expr:
    for given in call.keywords:
        if given.arg in ("input", "sequence"):
            return given.value
    return call.args[0] if call.args else ast.Constant(None)


def _call_on(module: Module, function: Function, pack: ast.Call) -> ast.Call | None:
    """The one call that takes the packed batch as its first argument."""
    parent = module.parents[pack]
    if isinstance(parent, ast.Call) and parent.args[:1] == [pack]:
        return parent
    assign = _assigned(module, pack)
    if assign is None or not isinstance(assign.targets[0], ast.Name):
        return None
    name, calls, others = assign.targets[0].id, [], 0
    uses = (n for n in ast.walk(function) if isinstance(n, ast.Name) and n.id == name and n.lineno > pack.lineno)
    for node in sorted(uses, key=lambda use: (module.statement_of(use).lineno, isinstance(use.ctx, ast.Store))):
        above = module.parents[node]
        if isinstance(node.ctx, ast.Store):
            break
        if isinstance(above, ast.Call) and above.args[:1] == [node]:
            qualified = module.qualified(above.func)
            if qualified.endswith((PACK, UNPACK, "isinstance")):
                continue
            calls.append(above)
        else:
            others += 1
    return calls[0] if len(calls) == 1 and not others else None


def _results(module: Module, call: ast.Call) -> tuple[str | None, ast.expr | None]:
    """The name of the outputs, and the target of the state; `self.rnn(x)[0]` gives outputs alone."""
    parent = module.parents[call]
    if isinstance(parent, ast.Subscript) and is_index(parent, 0):
        assign = _assigned(module, parent)
        if assign is not None and isinstance(assign.targets[0], ast.Name):
            return assign.targets[0].id, None
        return None, None
    assign = _assigned(module, call)
    if assign is None or not isinstance(assign.targets[0], ast.Tuple) or len(assign.targets[0].elts) != 2:
        return None, None
    output, state = assign.targets[0].elts
    function = module.function_of(call)
    assert function is not None
    used = any(loads_after(function, name, call.lineno) for name in target_names(state))
    name = output.id if isinstance(output, ast.Name) and output.id != "_" else None
    return name, state if used or isinstance(state, ast.Attribute) else None


def is_index(node: ast.Subscript, value: int) -> bool:
    try:
        return bool(ast.literal_eval(node.slice) == value)
    except ValueError:
        return False


# --- the mutators; each gives the mutants of one file ---


def packing_dropped(module: Module) -> Iterator[Mutant]:
    """The layer is called on the padded batch; the unpack goes with the pack."""
    for packed in packed_calls(module):
        told = _told_layout(packed.pack)
        needs = packed.layer.bidirectional is True or packed.state is not None
        if told is None or packed.layer.batch_first is not told or not needs:
            continue
        lengths = argument(packed.pack, 1, "lengths")
        if lengths is None or not (speaks_of_lengths(lengths) or _counted(module, packed.pack, lengths)):
            continue
        edits = [module.replace(packed.pack, module.text(_first(packed.pack)))]
        edits += [_without_unpack(module, unpack, module.text(lengths)) for unpack in packed.unpacks]
        codes = "PCK101 PCK102" if packed.layer.bidirectional is True else "PCK101 PCK102 PCK105"
        if packed.layer.bidirectional is not True and _state_read(module, packed):
            codes = "PCK101 PCK102"
        yield _mutant(module, "packing dropped", packed.pack, edits, codes)


def _told_layout(call: ast.Call) -> bool | None:
    value = argument(call, 2 if _is_pack(call) else 1, "batch_first")
    if value is None:
        return False
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, bool) else None


def _is_pack(call: ast.Call) -> bool:
    given = {keyword.arg for keyword in call.keywords}
    return len(call.args) > 1 or "lengths" in given


def _counted(module: Module, pack: ast.Call, lengths: ast.expr) -> bool:
    """The lengths are counted in the same function, from items or a mask."""
    function = module.function_of(pack)
    names = names_in(lengths)
    return function is not None and any(
        isinstance(node, ast.Assign)
        and names & set(target_names(node.targets[0]))
        and re.search(r"\blen\(|\bsum\(", module.text(node.value)) is not None
        for node in ast.walk(function)
    )


def _state_read(module: Module, packed: Packed) -> bool:
    """A final state is indexed, joined or squeezed in the same function."""
    function = module.function_of(packed.call)
    names = set(target_names(packed.state)) if packed.state is not None else set()
    return function is not None and any(
        isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id in names
        for node in ast.walk(function)
    )


def _without_unpack(module: Module, unpack: ast.Call, lengths: str) -> Edit:
    tensor = module.text(_first(unpack))
    parent = module.parents[unpack]
    if isinstance(parent, ast.Subscript) and is_index(parent, 0):
        return module.replace(parent, tensor)
    assign = _assigned(module, unpack)
    if assign is not None and isinstance(assign.targets[0], ast.Tuple) and len(assign.targets[0].elts) == 2:
        first, second = assign.targets[0].elts
        function = module.function_of(unpack)
        used = function is None or any(loads_after(function, name, unpack.lineno) for name in target_names(second))
        if not used:
            return module.replace(assign, f"{module.text(first)} = {tensor}")
        return module.replace(unpack, f"{tensor}, {lengths}")
    return module.replace(unpack, f"({tensor}, {lengths})")


def enforce_sorted_flipped(module: Module) -> Iterator[Mutant]:
    """`enforce_sorted=False` becomes True."""
    for pack in module.calls(PACK):
        value = argument(pack, 3, "enforce_sorted")
        if value is not None and is_constant(value, False):
            yield _mutant(module, "enforce_sorted flipped", pack, [module.replace(value, "True")], "PCK201")


def pack_layout_flipped(module: Module) -> Iterator[Mutant]:
    """`batch_first` of a pack says the other layout."""
    yield from _layout_flipped(module, PACK, "batch_first of pack flipped")


def unpack_layout_flipped(module: Module) -> Iterator[Mutant]:
    """`batch_first` of an unpack says the other layout."""
    yield from _layout_flipped(module, UNPACK, "batch_first of unpack flipped")


def _layout_flipped(module: Module, name: str, kind: str) -> Iterator[Mutant]:
    for call in module.calls(name):
        value = argument(call, 2 if name == PACK else 1, "batch_first")
        if value is None:
            if any(given.arg is None for given in call.keywords):
                continue
            _, end = module.span(call)
            edit = Edit(end - 1, end - 1, ", batch_first=True")
            if module.source[: end - 1].rstrip().endswith(b","):
                edit = Edit(end - 1, end - 1, " batch_first=True")
        elif isinstance(value, ast.Constant) and isinstance(value.value, bool):
            edit = module.replace(value, str(not value.value))
        else:
            continue
        yield _mutant(module, kind, call, [edit], "PCK205")


def cpu_dropped(module: Module) -> Iterator[Mutant]:
    """The lengths stay on the device: what brings them to the CPU, at the pack or earlier in the function, goes."""
    for pack in module.calls(PACK):
        lengths = argument(pack, 1, "lengths")
        if lengths is None:
            continue
        edit = _without_cpu(module, lengths)
        if edit is None and isinstance(lengths, ast.Name):
            edit = _without_cpu_before(module, pack, lengths.id)
        if edit is not None:
            yield _mutant(module, "cpu() dropped", pack, [edit], "PCK204")


def _without_cpu_before(module: Module, pack: ast.Call, name: str) -> Edit | None:
    function = module.function_of(pack)
    for node in ast.walk(function) if function is not None else ():
        if isinstance(node, ast.Assign) and name in target_names(node.targets[0]) and node.lineno < pack.lineno:
            edit = _without_cpu(module, node.value)
            if edit is not None:
                return edit
    return None


def _without_cpu(module: Module, lengths: ast.expr) -> Edit | None:
    """The outermost run of `.cpu()`, `.to("cpu")`, `.numpy()`, `.tolist()` cut off, where there is one."""
    for node in ast.walk(lengths):
        inner: ast.expr = node if isinstance(node, ast.expr) else lengths
        while isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute):
            name = inner.func.attr
            to_cpu = (
                name == "to" and len(inner.args) == 1 and ast.unparse(inner.args[0]) in ("'cpu'", "torch.device('cpu')")
            )
            if not (to_cpu or (name in ("cpu", "numpy", "tolist", "detach") and not inner.args)):
                break
            inner = inner.func.value
        if inner is not node and isinstance(node, ast.Call):
            return module.replace(node, module.text(inner))
    return None


def last_step_read(module: Module) -> Iterator[Mutant]:
    """`h_n[-1]` of a packed call becomes the last step of the outputs, unpacked with the same layout."""
    for packed in packed_calls(module):
        told, parent = _told_layout(packed.pack), module.parents[packed.call]
        if told is None or packed.state is None or not isinstance(parent, ast.Assign):
            continue
        target = parent.targets[0]
        assert isinstance(target, ast.Tuple)
        function = module.function_of(packed.call)
        assert function is not None
        hidden = packed.state.elts[0] if isinstance(packed.state, ast.Tuple) else packed.state
        if not isinstance(hidden, ast.Name):
            continue
        for read in _final_reads(function, hidden.id, packed.call.lineno):
            unpack = f"{module.text(packed.pack.func).replace(module.text(packed.pack.func).split('.')[-1], UNPACK)}"
            if "." not in unpack:
                unpack = f"torch.nn.utils.rnn.{UNPACK}"
            outputs = packed.output or "packed_outputs"
            step = "[:, -1]" if told else "[-1]"
            layout = ", batch_first=True" if told else ""
            edits = [module.replace(read, f"{unpack}({outputs}{layout})[0]{step}")]
            if packed.output is None:
                edits.append(module.replace(target.elts[0], outputs))
            elif any(unpack_call.lineno < read.lineno for unpack_call in packed.unpacks):
                edits = [module.replace(read, f"{_unpacked_name(module, packed) or outputs}{step}")]
            yield _mutant(module, "h_n replaced by the last step", read, edits, "PCK301 PCK302")


def _unpacked_name(module: Module, packed: Packed) -> str | None:
    assign = _assigned(module, packed.unpacks[0])
    if assign is not None and isinstance(assign.targets[0], ast.Tuple):
        first = assign.targets[0].elts[0]
        return first.id if isinstance(first, ast.Name) else None
    return None


def _final_reads(function: Function, name: str, row: int) -> Iterator[ast.expr]:
    """`h[-1]`, `h.squeeze(0)` and `cat((h[-2], h[-1]), ...)` after a row; the parts of a cat are not read alone."""
    inside: set[ast.AST] = set()
    for node in ast.walk(function):
        if not isinstance(node, ast.expr) or node.lineno <= row:
            continue
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr == "cat" and node.args and isinstance(node.args[0], ast.Tuple | ast.List):
                parts = node.args[0].elts
                ours = [part for part in parts if isinstance(part, ast.Subscript) and _is_of(part, name)]
                inside.update(ours)
                if len(parts) == 2 and len(ours) == 2:
                    yield node
            elif node.func.attr == "squeeze" and ast.unparse(node) == f"{name}.squeeze(0)":
                yield node
        elif isinstance(node, ast.Subscript) and node not in inside and _is_of(node, name) and is_index(node, -1):
            yield node


def _is_of(node: ast.Subscript, name: str) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id == name


def mask_dropped(module: Module) -> Iterator[Mutant]:
    """The padding is no longer filled before a softmax, a maximum or a mean."""
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr not in ("masked_fill", "masked_fill_") or not node.args:
            continue
        statement = module.statement_of(node)
        receiver = node.func.value
        if isinstance(statement, ast.Expr):
            edit = module.replace(statement, "pass")
        elif module.qualified(node.func) == "torch.masked_fill":
            edit = module.replace(node, module.text(node.args[0]))
        else:
            edit = module.replace(node, module.text(receiver))
        if _pools_after(module, node):
            yield _mutant(module, "mask dropped before pooling", node, [edit], "PCK304")


def _pools_after(module: Module, fill: ast.Call) -> bool:
    function = module.function_of(fill)
    return function is not None and any(
        isinstance(node, ast.Call) and node.lineno >= fill.lineno and _pools(node) for node in ast.walk(function)
    )


def _pools(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    return name in ("softmax", "log_softmax", "max", "mean", "logsumexp") or "softmax" in name.lower()


def inverse_dropped(module: Module) -> Iterator[Mutant]:
    """What was sorted for packing is no longer put back: `out[back]` becomes `out`."""
    for function in (node for node in ast.walk(module.tree) if isinstance(node, Function)):
        packs = module.calls(PACK, function)
        if not packs:
            continue
        for node in ast.walk(function):
            if not isinstance(node, ast.Subscript | ast.Call) or node.lineno < packs[0].lineno:
                continue
            back = _put_back(node)
            if back is None or module.function_of(node) is not function:
                continue
            if _is_inverse(module, function, back[1]):
                edit = module.replace(node, module.text(back[0]))
                yield _mutant(module, "inverse permutation dropped", node, [edit], "PCK202", anywhere=True)


def _put_back(node: ast.Subscript | ast.Call) -> tuple[ast.expr, ast.expr] | None:
    """What is indexed, and by what."""
    if isinstance(node, ast.Subscript):
        index = node.slice
        while isinstance(index, ast.Tuple):
            parts = [part for part in index.elts if not isinstance(part, ast.Slice)]
            if len(parts) != 1:
                return None
            index = parts[0]
        return (node.value, index) if isinstance(index, ast.Name | ast.Call) else None
    if isinstance(node.func, ast.Attribute) and node.func.attr == "index_select":
        index_argument = argument(node, 1, "index")
        return (node.func.value, index_argument) if index_argument is not None else None
    return None


def _is_inverse(module: Module, function: Function, index: ast.expr) -> bool:
    """The index is called an inverse, or is the sort of a permutation."""
    if isinstance(index, ast.Name):
        if re.search(r"un_?(sort|perm)|inv|back|restor|recover|ori_?idx|orig", index.id, re.IGNORECASE):
            return True
        return any(
            isinstance(node, ast.Assign)
            and index.id in target_names(node.targets[0])
            and re.search(
                r"(idx|ind|perm|order)\w*\.(arg)?sort\(|sort\(\w*(idx|ind|perm|order)", module.text(node.value)
            )
            is not None
            for node in ast.walk(function)
        )
    return isinstance(index, ast.Call) and "argsort" in ast.unparse(index.func)


def total_length_dropped(module: Module) -> Iterator[Mutant]:
    """An unpack no longer says its length."""
    for unpack in module.calls(UNPACK):
        for given in unpack.keywords:
            if given.arg != "total_length":
                continue
            edit = _without_keyword(module, unpack, given)
            yield _mutant(module, "total_length dropped", unpack, [edit], "PCK401")


def _without_keyword(module: Module, call: ast.Call, given: ast.keyword) -> Edit:
    start, end = module.offset(given.lineno, given.col_offset), module.span(given.value)[1]
    before = module.source[:start].rstrip()
    if before.endswith(b","):
        return Edit(len(before) - 1, end, "")
    after = re.match(rb"\s*,\s*", module.source[end:])
    return Edit(start, end + (after.end() if after else 0), "")


def sort_dropped(module: Module) -> Iterator[Mutant]:
    """Nothing sorts by decreasing length any more."""
    for call in _length_sorts(module):
        statement, parent = module.statement_of(call), module.parents[call]
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        edit: Edit | None = None
        if name == "sorted":
            edit = module.replace(call, f"list({module.text(call.args[0])})")
        elif isinstance(statement, ast.Expr) and statement.value is call:
            edit = module.replace(statement, "pass")
        elif name == "argsort":
            edit = module.replace(call, f"torch.arange(len({module.text(_sorted_tensor(module, call))}))")
        elif isinstance(parent, ast.Assign) and isinstance(parent.targets[0], ast.Tuple):
            tensor = module.text(_sorted_tensor(module, call))
            edit = module.replace(call, f"{tensor}, torch.arange(len({tensor}))")
        if edit is not None:
            yield _mutant(module, "sort dropped", call, [edit], "PCK201", anywhere=True)
    yield from _iterator_sorts(module)


def sort_turned(module: Module) -> Iterator[Mutant]:
    """Sorted by increasing length."""
    for call in _length_sorts(module):
        for value in _descending(call):
            edit = module.replace(value, "False")
            yield _mutant(module, "sort turned", call, [edit], "PCK201", anywhere=True)
        for given in call.keywords:
            if given.arg == "key" and isinstance(given.value, ast.Lambda) and _negated(given.value.body):
                body = given.value.body
                assert isinstance(body, ast.UnaryOp)
                edit = module.replace(body, module.text(body.operand))
                yield _mutant(module, "sort turned", call, [edit], "PCK201", anywhere=True)
    for call in (node for node in ast.walk(module.tree) if isinstance(node, ast.Call)):
        first = call.args[0] if call.args else None
        negated = isinstance(first, ast.UnaryOp) and _negated(first) and speaks_of_lengths(first)
        if negated and module.qualified(call.func) in NEGATED_SORTS:
            assert isinstance(first, ast.UnaryOp)
            edit = module.replace(first, module.text(first.operand))
            yield _mutant(module, "sort turned", call, [edit], "PCK201", anywhere=True)


def _iterator_sorts(module: Module) -> Iterator[Mutant]:
    """torchtext: `sort_within_batch=True`."""
    for call in (node for node in ast.walk(module.tree) if isinstance(node, ast.Call)):
        for given in call.keywords:
            if given.arg == "sort_within_batch" and is_constant(given.value, True):
                edit = module.replace(given.value, "False")
                yield _mutant(module, "sort dropped", call, [edit], "PCK201", anywhere=True)


def _length_sorts(module: Module) -> Iterator[ast.Call]:
    """Calls that sort by decreasing length."""
    for call in (node for node in ast.walk(module.tree) if isinstance(node, ast.Call)):
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        if name not in ("sort", "sorted", "argsort"):
            continue
        key = next((given.value for given in call.keywords if given.arg == "key"), None)
        by_length = speaks_of_lengths(key) if key is not None else speaks_of_lengths(_sorted_tensor(module, call))
        if by_length and (_descending(call) or (isinstance(key, ast.Lambda) and _negated(key.body))):
            yield call


def _sorted_tensor(module: Module, call: ast.Call) -> ast.expr:
    if isinstance(call.func, ast.Attribute) and module.qualified(call.func) not in ("torch.sort", "torch.argsort"):
        return call.func.value
    return call.args[0] if call.args else call.func


def _descending(call: ast.Call) -> list[ast.expr]:
    """The arguments that say: largest first."""
    found = [given.value for given in call.keywords if given.arg in ("descending", "reverse")]
    if not found and isinstance(call.func, ast.Attribute) and call.func.attr == "sort" and len(call.args) >= 2:
        found = [call.args[-1]]
    return [value for value in found if is_constant(value, True)]


def _negated(node: ast.expr) -> bool:
    return isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)


def padded_left(module: Module) -> Iterator[Mutant]:
    """The padding moves from the right to the left, where a batch or an item is filled up."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
            edit = _fill_edit(module, node.targets[0])
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            edit = _list_edit(module, node)
        elif isinstance(node, ast.Call):
            edit = _call_edit(module, node)
        else:
            continue
        if edit is not None:
            yield _mutant(module, "padding moved to the left", node, [edit], "PCK104", anywhere=True)


def _fill_edit(module: Module, target: ast.Subscript) -> Edit | None:
    """`rows[i, :n] = ids` becomes `rows[i, -n:] = ids`."""
    parts = target.slice.elts if isinstance(target.slice, ast.Tuple) else [target.slice]
    slices = [part for part in parts if isinstance(part, ast.Slice)]
    bounded = [part for part in slices if part.upper is not None and part.step is None]
    if len(bounded) != 1 or not (len(parts) > 1 or isinstance(target.value, ast.Subscript)):
        return None
    part = bounded[0]
    if part.lower is not None and not is_constant(part.lower, 0):
        return None
    assert part.upper is not None
    upper = module.text(part.upper)
    simple = isinstance(part.upper, ast.Name | ast.Subscript | ast.Call | ast.Attribute)
    start = module.span(part.lower)[0] if part.lower is not None else module.span(part)[0]
    return Edit(start, module.span(part.upper)[1], f"-{upper}:" if simple else f"-({upper}):")


def _list_edit(module: Module, node: ast.BinOp) -> Edit | None:
    """`ids + [PAD] * n` becomes `[PAD] * n + ids`."""
    right = node.right
    if not (isinstance(right, ast.BinOp) and isinstance(right.op, ast.Mult) and isinstance(right.left, ast.List)):
        return None
    if len(right.left.elts) != 1 or isinstance(node.left, ast.List):
        return None
    if isinstance(node.left, ast.BinOp) and isinstance(node.left.op, ast.Mult):
        return None
    start, end = module.span(node)
    return Edit(start, end, f"{module.text(right)} + {module.text(node.left)}")


def _call_edit(module: Module, call: ast.Call) -> Edit | None:
    """`F.pad(x, (0, n))` becomes `F.pad(x, (n, 0))`, and `pad_sequence(xs)` pads on the left."""
    qualified = module.qualified(call.func)
    if qualified == f"{RNN_MODULE}.pad_sequence" and not any(k.arg in (None, "padding_side") for k in call.keywords):
        _, end = module.span(call)
        comma = "" if module.source[: end - 1].rstrip().endswith(b",") else ", "
        return Edit(end - 1, end - 1, f'{comma}padding_side="left"')
    if (
        qualified in ("torch.nn.functional.pad", "F.pad")
        and len(call.args) > 1
        and isinstance(call.args[1], ast.Tuple | ast.List)
    ):
        pair = call.args[1].elts
        if len(pair) == 2 and is_constant(pair[0], 0):
            return module.replace(call.args[1], f"({module.text(pair[1])}, 0)")
    return None


MUTATORS: dict[str, Callable[[Module], Iterator[Mutant]]] = {
    "packing dropped": packing_dropped,
    "sort dropped": sort_dropped,
    "sort turned": sort_turned,
    "enforce_sorted flipped": enforce_sorted_flipped,
    "batch_first of pack flipped": pack_layout_flipped,
    "batch_first of unpack flipped": unpack_layout_flipped,
    "cpu() dropped": cpu_dropped,
    "h_n replaced by the last step": last_step_read,
    "mask dropped before pooling": mask_dropped,
    "inverse permutation dropped": inverse_dropped,
    "total_length dropped": total_length_dropped,
    "padding moved to the left": padded_left,
}
