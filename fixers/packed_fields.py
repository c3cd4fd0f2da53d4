"""`x, _ = pack_padded_sequence(...)` becomes `x = pack_padded_sequence(...).data`."""

from __future__ import annotations

import libcst as cst

from packlint.fixers.base import Fixer
from packlint.fixers.draft import Draft, FixError, expression, named, small
from packlint.fixers.parts import as_operand, plain, tail
from packlint.plans import PackedFields, Step


class PackedFieldsFixer(Fixer):
    """Read the fields of a PackedSequence by name where it was taken apart like a pair."""

    step = PackedFields

    def note(self, draft: Draft, step: Step) -> None:
        names = draft.node(step.at, cst.Tuple)
        parts = [one.value for one in names.elements if isinstance(one, cst.Element)]
        statement = draft.statement(names)
        if len(parts) != 2 or not isinstance(statement, cst.Assign) or len(statement.targets) != 1:
            raise FixError("the names are not two in one assignment")
        first, second = parts
        unused = isinstance(second, cst.Name) and not draft.loaded(names, second)
        if isinstance(first, cst.Name) and _unpacked(draft, names, first):
            raise FixError(f"`{first.value}` is unpacked afterwards, so that it has to stay as it is")
        if statement.targets[0].target is not names:
            _inside(draft, statement, names, unused)
        elif unused:
            draft.change(names, lambda _: first)
            draft.change(statement.value, lambda value: expression("{value}.data", value=as_operand(value)))
        elif plain(statement.value):  # a pair of the same form may come the same way
            value = statement.value
            draft.change(value, lambda _: expression("{value}[0], {value}[1]", value=value))
        else:
            _inside(draft, statement, names, unused)


def _unpacked(draft: Draft, names: cst.Tuple, first: cst.Name) -> bool:
    """Whether the function hands the name, with what it holds, to what takes a PackedSequence."""
    begin = draft.spans[names]
    again = [at for one in draft.stores(draft.function(names), first.value) if (at := draft.spans[one]) > begin]
    until = min((at.row for at in again if at.row > begin.end_row), default=None)
    return any(
        (until is None or draft.spans[one].row < until)
        and isinstance(argument := draft.parents[one], cst.Arg)
        and isinstance(call := draft.parents[argument], cst.Call)
        and tail(call.func) in {"pad_packed_sequence", "unpack_sequence"}
        for one in named(draft.function(names), first.value)
    )


def _inside(draft: Draft, statement: cst.CSTNode, names: cst.Tuple, unused: bool) -> None:
    """Names within the names of a longer assignment are given theirs a line below."""
    packed = cst.Name(draft.name("packed", names))
    bare = names.with_changes(lpar=(), rpar=())
    draft.change(names, lambda _: packed)
    if unused:
        first = names.elements[0].value
        draft.put_below(statement, small("{first} = {packed}.data", first=first, packed=packed))
    else:
        line = "{names} = {packed}.data, {packed}.batch_sizes"
        draft.put_below(statement, small(line, names=bare, packed=packed))
