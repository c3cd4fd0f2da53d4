"""Pieces of code that several fixers write."""

from __future__ import annotations

from dataclasses import dataclass

import libcst as cst
from libcst.helpers import get_full_name_for_node

from packlint.fixers.draft import Draft, FixError, expression, small
from packlint.plans import Lengths, MaskedPool

PACK, UNPACK = "torch.nn.utils.rnn.pack_padded_sequence", "torch.nn.utils.rnn.pad_packed_sequence"


def tail(function: cst.BaseExpression) -> str:
    """The last name of what is called."""
    return (get_full_name_for_node(function) or "").rpartition(".")[2]


def dotted(name: str) -> cst.BaseExpression:
    """`a.b.c` as an expression."""
    return cst.parse_expression(name)


def on_cpu(draft: Draft, lengths: cst.BaseExpression, tensor: bool) -> cst.BaseExpression:
    """Lengths as pack takes them: `lengths.cpu()`, or a new tensor on the CPU of what may be a list."""
    if not tensor:
        make = draft.imports.name_of("torch.as_tensor")
        return expression(f'{make}({{lengths}}, device="cpu")', lengths=lengths)
    if (
        isinstance(lengths, cst.Call)
        and tail(lengths.func) in {"cuda", "to"}
        and isinstance(lengths.func, cst.Attribute)
    ):
        if tail(lengths.func) == "cuda" or len(lengths.args) == 1:
            lengths = lengths.func.value  # it was moved for this call alone
    if not isinstance(lengths, cst.Name | cst.Attribute | cst.Call | cst.Subscript) and not lengths.lpar:
        lengths = lengths.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
    return cst.Call(cst.Attribute(lengths, cst.Name("cpu")))


def plain(node: cst.BaseExpression) -> bool:
    """A variable, or an attribute of one: evaluating it once more changes nothing."""
    while isinstance(node, cst.Attribute):
        node = node.value
    return isinstance(node, cst.Name)


def root(node: cst.BaseExpression) -> str:
    """The variable that a chain of attributes begins with."""
    while isinstance(node, cst.Attribute):
        node = node.value
    return node.value if isinstance(node, cst.Name) else ""


def packing(name: str, x: cst.BaseExpression, lengths: cst.BaseExpression, batch_first: bool) -> cst.BaseExpression:
    """The call that packs a batch, by the name that the file has for it."""
    layout = "batch_first=True, " if batch_first else ""
    return expression(f"{name}({{x}}, {{lengths}}, {layout}enforce_sorted=False)", x=x, lengths=lengths)


def unpacking(name: str, x: cst.BaseExpression, total: cst.BaseExpression, batch_first: bool) -> cst.BaseExpression:
    """The call that unpacks a batch to a size, by the name that the file has for it."""
    layout = "batch_first=True, " if batch_first else ""
    return expression(f"{name}({{x}}, {layout}total_length={{total}})", x=x, total=total)


def size(x: cst.BaseExpression, batch_first: bool) -> cst.BaseExpression:
    """How many steps a padded batch has."""
    return expression(f"{{x}}.size({int(batch_first)})", x=x)


@dataclass(frozen=True, slots=True)
class Result:
    """Where the result of an RNN call goes.

    output, hidden: the two targets of `out, h_n = self.rnn(x)`; name: the one of `result = self.rnn(x)`; part: which of
    the two is taken at once, `self.rnn(x)[0]`. node: the call, or the subscript of it. unused: nobody reads the output.
    """

    draft: Draft
    node: cst.BaseExpression
    output: cst.BaseExpression | None = None
    hidden: cst.BaseExpression | None = None
    name: cst.Name | None = None
    part: int | None = None
    unused: bool = False

    @property
    def state(self) -> bool:
        """Whether what is read of the output becomes a read of the final state."""
        return self.node in self.draft.reads_state


def result_of(draft: Draft, call: cst.Call) -> Result:
    """Where the result of a call goes."""
    parent = draft.parents[call]
    if isinstance(parent, cst.Assign) and len(parent.targets) == 1:
        target = parent.targets[0].target
        if isinstance(target, cst.Name):
            return Result(draft, call, name=target)
        if isinstance(target, cst.Tuple | cst.List) and len(target.elements) == 2:
            output, hidden = target.elements
            if isinstance(output, cst.Element) and isinstance(hidden, cst.Element):
                unused = isinstance(output.value, cst.Name) and not draft.loaded(call, output.value)
                return Result(draft, call, output.value, hidden.value, unused=unused)
    if isinstance(parent, cst.Subscript) and len(parent.slice) == 1 and parent.value is call:
        index = parent.slice[0].slice
        if isinstance(index, cst.Index) and isinstance(index.value, cst.Integer) and index.value.value in {"0", "1"}:
            return Result(draft, parent, part=int(index.value.value))
    return Result(draft, call)


def lengths_on_cpu(draft: Draft, lengths: Lengths, near: cst.CSTNode) -> cst.BaseExpression:
    """The lengths as pack takes them, out of what the function has."""
    if lengths.kind == "lengths":
        return on_cpu(draft, dotted(lengths.name), lengths.tensor)
    if lengths.kind == "mask":
        test = "!=" if lengths.valid else "=="
        return expression(f"({{mask}} {test} 0).sum(dim={lengths.time}).cpu()", mask=dotted(lengths.name))
    return expression("{lengths}.cpu()", lengths=cst.Name(counted(draft, lengths, near)))


def counted(draft: Draft, lengths: Lengths, near: cst.CSTNode) -> str:
    """The variable that holds the lengths which are counted from ids, above the call of their embedding."""
    known = draft.counted.get(lengths)
    if known is not None:
        return known
    ids, padding, statement = ids_of(draft, lengths)
    name = draft.name("lengths", near)
    draft.counted[lengths] = name
    draft.put_above(
        statement, small(f"{name} = ({{ids}} != {{padding}}).sum(dim={lengths.time})", ids=ids, padding=padding)
    )
    return name


def ids_of(draft: Draft, lengths: Lengths) -> tuple[cst.BaseExpression, cst.BaseExpression, cst.CSTNode]:
    """The ids, the id of the padding, and the statement that embeds them."""
    assert lengths.embedding is not None
    embedding = draft.node(lengths.embedding, cst.Call)
    statement = draft.statement(embedding)
    if statement is None or len(embedding.args) != 1:
        raise FixError("the ids are embedded where no line can be put before")
    padding = expression("{embedding}.padding_idx", embedding=embedding.func)
    return embedding.args[0].value, padding, statement


def as_operand(node: cst.BaseExpression) -> cst.BaseExpression:
    """An expression in such a form that a method of it can be called."""
    if isinstance(node, cst.Name | cst.Attribute | cst.Call | cst.Subscript) or node.lpar:
        return node
    return node.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])


@dataclass(frozen=True, slots=True)
class Padding:
    """Which steps are padding: the lines that find out, and the mask as it fits what is pooled, true where they are.

    sized: the lines ask for the size of what is pooled.
    """

    lines: tuple[cst.BaseSmallStatement, ...]
    aligned: cst.BaseExpression
    sized: bool


def padding_of(
    draft: Draft, step: MaskedPool, x: cst.BaseExpression, near: cst.CSTNode, statement: cst.CSTNode
) -> Padding:
    """The mask of the padding of what is pooled, `x`."""
    lengths, code = step.lengths, draft.module.code_for_node(x)
    of = (code, step.time) if lengths.kind == "lengths" else ()
    key = (None if lengths.kind == "ids" else statement, lengths, of)
    if key not in draft.paddings:
        draft.paddings[key] = _found_out(draft, step, x, near, statement)
    name, lines = draft.paddings[key]
    time = 1 if lengths.kind == "lengths" else lengths.time
    aligned: cst.BaseExpression = name
    if (time == 1) != (step.batch < step.time):
        aligned = expression("{aligned}.t()", aligned=aligned)
    for axis in range(step.rank):
        if axis not in {step.batch, step.time}:
            at = -1 if axis == step.rank - 1 else axis
            aligned = expression(f"{{aligned}}.unsqueeze({at})", aligned=aligned)
    return Padding(lines, aligned, lengths.kind == "lengths")


def _found_out(
    draft: Draft, step: MaskedPool, x: cst.BaseExpression, near: cst.CSTNode, statement: cst.CSTNode
) -> tuple[cst.Name, tuple[cst.BaseSmallStatement, ...]]:
    """The variable of the mask, and the lines above the pooling that fill it."""
    lengths = step.lengths
    name = cst.Name(draft.name("padding", near, None if lengths.kind == "ids" else statement))
    if lengths.kind == "ids":
        ids, padding, above = ids_of(draft, lengths)
        draft.put_above(above, small("{name} = {ids} == {padding}", name=name, ids=ids, padding=padding))
        return name, ()
    held = dotted(lengths.name)
    if lengths.kind == "mask":
        test = "==" if lengths.valid else "!="
        return name, (small(f"{{name}} = {{mask}} {test} 0", name=name, mask=held),)
    arange = draft.imports.name_of("torch.arange")
    if lengths.tensor:
        held = expression("{held}.to({x}.device)", held=held, x=x)
    else:
        make = draft.imports.name_of("torch.as_tensor")
        held = expression(f"{make}({{held}}, device={{x}}.device)", held=held, x=x)
    steps = f"{arange}({{x}}.size({step.time}), device={{x}}.device)"
    return name, (small(f"{{name}} = {steps} >= {{held}}.unsqueeze(1)", name=name, x=x, held=held),)
