"""`out[:, -1]` becomes the final state: `h_n[-1]`, or both directions of it."""

from __future__ import annotations

import libcst as cst

from packlint.fixers.base import Fixer
from packlint.fixers.draft import Draft, FixError, expression, small
from packlint.fixers.parts import Result, result_of
from packlint.plans import FinalState, Step


class FinalStateFixer(Fixer):
    """Read the final state in place of the last step of the output."""

    step = FinalState

    def note(self, draft: Draft, step: Step) -> None:
        assert isinstance(step, FinalState)
        read, call = draft.node(step.at, cst.Subscript), draft.node(step.call, cst.Call)
        if not _last_step(read):
            raise FixError("more than the last step is read")
        result = result_of(draft, call)
        if result.part == 0 and read.value is result.node:
            _within_expression(draft, step, read, result)
            return
        state = _state(draft, step, read, result)
        both = draft.imports.name_of("torch.cat") if step.both else ""
        draft.change(read, lambda _: _last_layer(state, both))
        draft.replaced.add(read)


def _last_step(read: cst.Subscript) -> bool:
    """`[:, -1]`, `[-1]`, `[:, x.size(1) - 1, :]`: one step, and all of every other axis."""
    picked = 0
    for element in read.slice:
        part = element.slice
        if isinstance(part, cst.Slice):
            if part.lower is not None or part.upper is not None or part.step is not None:
                return False
        elif not isinstance(part, cst.Index) or part.star is not None:
            return False
        else:
            picked += not isinstance(part.value, cst.Ellipsis)
    return picked == 1


def _state(draft: Draft, step: FinalState, read: cst.Subscript, result: Result) -> cst.BaseExpression:
    """The final state `h_n` as it can be read where the step is, after it has a name."""
    if result.name is not None:
        _must_stand(draft, result.name, result, read)
        return expression("{name}[1][0]" if step.lstm else "{name}[1]", name=result.name)
    if result.hidden is None:
        raise FixError("the result of the call is not kept where the read can reach it")
    hidden: cst.BaseExpression = result.hidden
    if isinstance(hidden, cst.Tuple) and step.lstm and len(hidden.elements) == 2:
        hidden = hidden.elements[0].value
    elif isinstance(hidden, cst.Name) and hidden.value != "_" and step.lstm:
        _must_stand(draft, hidden, result, read)
        return expression("{name}[0]", name=hidden)
    if not isinstance(hidden, cst.Name):
        raise FixError("the final state goes to something that is no variable")
    if hidden.value == "_":
        known = draft.states.get(result.node)
        name = known or draft.states.setdefault(result.node, draft.name("h_n", read))
        if known is None:
            pair = step.lstm and hidden is result.hidden
            draft.change(hidden, lambda _: expression(f"({name}, _)" if pair else name))
        return cst.Name(name)
    _must_stand(draft, hidden, result, read)
    return hidden


def _must_stand(draft: Draft, name: cst.Name, result: Result, read: cst.CSTNode) -> None:
    """Raises where a variable is given another value between the call and the read."""
    begin, end = draft.spans[result.node], draft.spans[read]
    own = draft.statement(read)  # what it is given there comes after the read
    stores = draft.stores(draft.function(read), name.value)
    stores = (one for one in stores if own is None or draft.statement(one) is not own)
    if any(begin.row < draft.spans[one].row <= end.row for one in stores):
        raise FixError(f"`{name.value}` is set anew before the read")


def _within_expression(draft: Draft, step: FinalState, read: cst.Subscript, result: Result) -> None:
    """`self.rnn(x)[0][:, -1]`."""
    statement = draft.statement(read)
    if step.both and statement is None:
        raise FixError("the call stands where no line can be put before it")
    both = draft.imports.name_of("torch.cat") if step.both else ""
    name = draft.name("h_n", read)
    draft.reads_state.add(result.node)

    def change(updated: cst.BaseExpression) -> cst.BaseExpression:
        assert isinstance(updated, cst.Subscript)
        inner = updated.value
        assert isinstance(inner, cst.Subscript)
        second = expression("{call}[1]", call=inner.value)
        state = expression("{second}[0]", second=second) if step.lstm else second
        if step.both and statement is not None:
            draft.above[statement].append(small(f"{name} = {{state}}", state=state))
            state = cst.Name(name)
        return _last_layer(state, both)

    draft.change(read, change)


def _last_layer(state: cst.BaseExpression, both: str) -> cst.BaseExpression:
    if both:
        return expression(f"{both}(({{state}}[-2], {{state}}[-1]), dim=-1)", state=state)
    return expression("{state}[-1]", state=state)
