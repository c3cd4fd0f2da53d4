"""What several rules ask of a call or of an output: is it padded, does that matter, and why is it thought so."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from packlint.analysis.events import AtHand, Fact, Pool, RnnCall, Site
from packlint.analysis.values import Const, Tensor, Unknown

if TYPE_CHECKING:
    from packlint.analysis.names import FunctionInfo


def padded(call: RnnCall) -> bool:
    """Whether the call runs, unpacked, over a batch that is padded."""
    if call.packed or call.one_step or call.input.trimmed:
        return False
    if call.input.pad is not None and call.input.pad.how == "padding_idx" and call.else_packed:
        return False  # an embedding says the same of the path that packs
    return call.input.pad is not None or at_hand_for(call) is not None or held_around(call) is not None


def at_hand_for(call: RnnCall) -> AtHand | None:
    """The lengths, or else the mask, that the function holds for the input of the call."""
    fitting = [hand for hand in call.at_hand if fits(hand, call)]
    lengths = [hand for hand in fitting if hand.kind == "lengths"]
    return next(iter(lengths or fitting), None)


def held_around(call: RnnCall) -> AtHand | None:
    """The mask that a method of the same object holds, which does not hand it on to the function of the call."""
    owner = call.site.function.owner
    if owner is None or any(mentions_packing(method) for method in owner.methods.values()):
        return None  # which batches go unpacked is decided by another method
    return next((hand for hand in call.around if fits(hand, call)), None)


def fits(hand: AtHand, call: RnnCall) -> bool:
    """Whether lengths or a mask can belong to the input: not None, not counted from another tensor."""
    value = hand.value
    if isinstance(value, Const) or hand.name in call.absent:
        return False
    if hand.kind == "mask" and call.resets:
        return False
    if call.input.pad is None and packs(call):
        return False  # where packing is a matter of a condition, the other path needs evidence of its own
    if isinstance(value, Tensor):
        if value.pad is not None and value.role == "lengths":
            return call.input.pad is not None and value.pad.facts[0] in call.input.pad.facts
        if value.counted == "unpack" or value.role not in {"lengths", "mask"}:
            return False
        if value.counted == "len" and value.length_of is not None and value.length_of.pad is not None:
            return False  # counted from rows that are padded already
        if value.roots and call.input.roots and not value.roots & call.input.roots:
            return False
        return value.role == "lengths" or value.valid is not None or call.input.pad is not None
    if isinstance(value, Unknown) and isinstance(value.default, Const) and value.default.value is None:
        return call.input.pad is not None or hand.kind == "lengths"
    return True


def packs(call: RnnCall) -> bool:
    return mentions_packing(call.site.function)


def mentions_packing(function: FunctionInfo) -> bool:
    """Whether a function may pack, or asks whether a batch is packed; a name such as `packed_input` says neither."""
    words = (word.lower() for word in function.mentions())
    return any("pack" in word and ("packed" not in word or word == "packedsequence") for word in words)


def wrong(call: RnnCall) -> str | None:
    """What of the results is wrong, in words; None where only computation is lost or nothing is known."""
    if not call.uses:
        return None
    if call.bidirectional is True:
        return "the backward direction starts in the padding, so that its outputs are wrong at real steps too"
    if call.input.pad is not None and call.input.pad.side == "left":
        return None
    if "step" in call.uses or "state" in call.uses or gives_state(call):
        return "the final state is the one after the padding"
    return None


def gives_state(call: RnnCall) -> bool:
    """Whether a final state is returned to callers that are not seen, and is more than a state that is carried on."""
    begins = call.state is None or isinstance(call.state, Const)
    return "returned state" in call.uses and begins and not call.else_carried


def call_facts(call: RnnCall) -> tuple[Fact, ...]:
    """The evidence for an unpacked padded call: padding, lengths, direction, what is read."""
    facts: list[Fact] = []
    if call.input.pad is not None:
        facts.extend(call.input.pad.facts)
    if call.whole is not None:
        facts.append(call.whole)
    hand = at_hand_for(call) or held_around(call)
    if hand is not None:
        facts.append(hand.fact)
    facts.extend(layer_facts(call))
    read = next((call.uses[use] for use in ("step", "state", "returned state") if use in call.uses), None)
    return (*facts, read) if read is not None else tuple(facts)


def layer_facts(call: RnnCall) -> list[Fact]:
    fact = call.layer.fact
    if fact is None:
        return []
    direction = {True: "bidirectional", False: "one direction", None: "directions not known"}[call.bidirectional]
    return [Fact(fact.filename, fact.row, f"{direction}: {fact.text}")]


def padded_output(tensor: Tensor) -> bool:
    """Whether an output holds padded steps: it was unpacked, or came from an unpacked call on a padded batch."""
    if tensor.trimmed:
        return False
    if tensor.unpacked is not None:
        return True
    return tensor.call is not None and padded(tensor.call)


def left_padded(tensor: Tensor) -> bool:
    """Whether the last step is the last real one: padding in front, one direction, not packed."""
    call = tensor.call
    if tensor.unpacked is not None or call is None or call.input.pad is None:
        return False
    return call.input.pad.side == "left" and call.bidirectional is not True


def step_facts(tensor: Tensor) -> tuple[Fact, ...]:
    """The evidence for a read of an output or a state."""
    facts: list[Fact] = []
    if tensor.unpacked is not None:
        facts.append(tensor.unpacked.site.fact(f"padded again: `{tensor.unpacked.site.text}`"))
    if tensor.call is not None:
        if tensor.unpacked is None:
            facts.extend(call_facts(tensor.call))
        facts.extend(layer_facts(tensor.call))
    return tuple(dict.fromkeys(facts))


def pool_site(pool: Pool) -> Site | None:
    """Where a pooling is to be mended: a softmax in another class is told of the padding by the call of it.

    None where that call is not on the way here: it speaks when its own function is run.
    """
    call, unpacked = pool.tensor.call, pool.tensor.unpacked
    inner = pool.site.function.owner
    homes = [event.site.function.owner for event in (call, unpacked) if event is not None]
    if pool.how != "softmax" or inner is None or inner in homes or pool.given:
        return pool.site
    if call is not None and any(site.function is pool.site.function for site in call.site.stack):
        return pool.site  # the layer is run by this function
    outside = (site for site in reversed(pool.site.stack) if site.function.owner is not inner)
    return next((site for site in outside if not of_base(site.node)), None)


def of_base(node: ast.AST) -> bool:
    """Whether a call is one of `super()`, so that both sides of it are the same object."""
    holder = node.func.value if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else None
    return isinstance(holder, ast.Call) and isinstance(holder.func, ast.Name) and holder.func.id == "super"
