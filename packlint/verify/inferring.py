"""A model is built and called as the code suggests: its constructor, its arguments, its layout."""

from __future__ import annotations

import copy
import time
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from packlint.verify.batches import Batch
from packlint.verify.evidence import Site, Subject
from packlint.verify.giving import Given, givens
from packlint.verify.guessing import constructions
from packlint.verify.observing import Observation, rightly_given, torch_refused
from packlint.verify.sides import Side, said
from packlint.verify.standing import Standing

SECONDS = 6.0
"""For the search; what runs at all does so in milliseconds."""


@dataclass(frozen=True, slots=True)
class Tried:
    """How a model was built and called, or the nearest that it got to that.

    name: of the class. method and given: None where it could not be built. problem: what stood in the way, if something
    did.
    """

    name: str
    keywords: Mapping[str, Any]
    method: str | None = None
    given: Given | None = None
    problem: str = ""


Problem = tuple[tuple[int, int, int], str, Given | None]
"""How far a try got (layers called, batches packed, the line), what stood in the way, and what was given."""


class NotRunError(Exception):
    """What was tried does not run; `str()` says what stood in the way, `tried` what got nearest."""

    def __init__(self, why: str, tried: Tried | None = None) -> None:
        super().__init__(why)
        self.tried = tried


class BrokenError(NotRunError):
    """The original runs, or is built at least, and the rewrite is not; `str()` says why."""


@dataclass(frozen=True, slots=True)
class Sides:
    """The original and the rewrite, ready to be run, and what they rest on."""

    original: Side
    rewrite: Side | None
    note: str
    tried: Tried | None = None


def inferred(
    subject: Subject, before: types.ModuleType, after: types.ModuleType | None, base: Batch, dtype: torch.dtype
) -> Sides:
    """Both sides of a class of the subject's file; raises `NotRunError`."""
    problems: list[Problem] = []
    nearest: Tried | None = None
    end = time.monotonic() + SECONDS
    for cls_name, cls in _classes(before, subject):
        for positional, keywords in constructions(cls, subject.words, subject.calls, vars(before)):
            if time.monotonic() > end:
                break
            try:
                model = _built(cls, positional, keywords, dtype, base.seed)
            except (Exception, SystemExit) as error:
                problems.append(((-1, 0, 0), f"{cls_name}({', '.join(keywords)}): {said(error)}", None))
                nearest = nearest or Tried(cls_name, keywords, problem=problems[-1][1])
                continue
            begin = len(problems)
            twin = None
            if after is not None:
                try:
                    twin = _built(named(after, cls_name), positional, keywords, dtype, base.seed)
                    same_weights(model, twin)
                except Exception as error:
                    why = f"the rewrite cannot be built: {said(error)}"
                    raise BrokenError(why, Tried(cls_name, keywords, problem=why)) from error
            for method in _methods(cls, subject):
                found = _called(subject, model, twin, method, base, end, problems)
                if found is not None:
                    rewrite = None if twin is None else _side(subject.path, twin, method, found)
                    tried = Tried(cls_name, keywords, method, found)
                    return Sides(_side(subject.path, model, method, found), rewrite, found.describe(), tried)
                if nearest is None or nearest.method is None:
                    _, why, given = _furthest(problems[begin:])
                    nearest = Tried(cls_name, keywords, method, given, why)
            if len(problems) > 200:
                break
    raise NotRunError(_furthest(problems)[1] or f"no class `{subject.owner}` to build", nearest)


def _furthest(problems: Sequence[Problem]) -> Problem:
    return max(problems, key=lambda one: one[0], default=((-1, 0, 0), "", None))


def _classes(module: types.ModuleType, subject: Subject) -> Iterator[tuple[str, Any]]:
    """The class in question, and those that are made of it where it cannot be called itself."""
    if subject.owner is None:
        return
    cls = named(module, subject.owner)
    if not isinstance(cls, type) or not issubclass(cls, nn.Module):
        return
    if cls.forward is not nn.Module.forward:
        yield subject.owner, cls
    for name, other in list(vars(module).items()):
        if isinstance(other, type) and issubclass(other, cls) and other is not cls:
            yield name, other
    if cls.forward is nn.Module.forward:
        yield subject.owner, cls


def named(module: types.ModuleType, name: str) -> Any:
    """What a module has under a dotted name; None where there is nothing."""
    found: Any = module
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


def _methods(cls: Any, subject: Subject) -> list[str]:
    names = [site.function.rpartition(".")[2] for site in subject.sites]
    first = ["forward"] if cls.forward is not nn.Module.forward else []
    return [
        name for name in dict.fromkeys([*first, *names]) if callable(getattr(cls, name, None)) and name != "__init__"
    ]


def _built(cls: Any, positional: Sequence[Any], keywords: dict[str, Any], dtype: torch.dtype, seed: int) -> nn.Module:
    torch.manual_seed(seed)
    with Standing():
        model = cls(*copy.deepcopy(list(positional)), **copy.deepcopy(keywords))
    if not isinstance(model, nn.Module):
        raise TypeError("no module comes of it")
    return readied(model, dtype)


def readied(model: nn.Module, dtype: torch.dtype) -> nn.Module:
    """A model as it is run: in eval mode, with no weights that are all zero."""
    model = model.to(dtype).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if (
                parameter.numel() and not parameter.any()
            ):  # a weight that starts at zero hides what it is multiplied with
                parameter.uniform_(-0.1, 0.1)
    return model


def same_weights(model: nn.Module, twin: nn.Module) -> None:
    """Give the rewrite the weights of the original."""
    own = twin.state_dict()
    fitting = {k: v for k, v in model.state_dict().items() if k in own and own[k].shape == v.shape}
    twin.load_state_dict(fitting, strict=False)


def _side(path: str, model: nn.Module, method: str, given: Given) -> Side:
    def call(batch: Batch, device: bool) -> Any:
        arguments = given.arguments(batch, device)
        with Standing(still=True):
            return getattr(model, method)(**arguments)

    return restored(path, model, call)


def restored(path: str, model: nn.Module, call: Callable[[Batch, bool], Any]) -> Side:
    """A side whose model begins each call as it is now."""
    initial = _plain(model)

    def called(batch: Batch, device: bool) -> Any:
        _restore(model, initial)
        return call(batch, device)

    return Side(path, called, model)


def _plain(model: nn.Module) -> dict[int, dict[str, Any]]:
    """What modules hold beside their parts: a state that is carried from one call to the next, for one."""
    return {id(one): dict(vars(one)) for one in model.modules()}


def _restore(model: nn.Module, initial: dict[int, dict[str, Any]]) -> None:
    for one in model.modules():
        kept = initial.get(id(one))
        if kept is not None:
            for name in [name for name in vars(one) if name not in kept]:
                delattr(one, name)
            for name, value in kept.items():
                if name not in {"training", "dropout"} and vars(one).get(name) is not value:
                    vars(one)[name] = value


def _called(
    subject: Subject,
    model: nn.Module,
    twin: nn.Module | None,
    method: str,
    base: Batch,
    end: float,
    problems: list[Problem],
) -> Given | None:
    """Arguments with which the layers in question get a batch of this many rows and steps, before or after."""
    layout = next((site.layout for site in subject.sites if site.layout is not None), None)
    codes = {site.code for site in subject.sites}
    raising: Given | None = None
    for given in givens(getattr(model, method), model, layout, subject.words):
        if time.monotonic() > end:
            break
        seen = _side(subject.path, model, method, given).observe(base.sorted())
        if reached(seen, base, subject.sites) and _laid_out(seen, base, layout):
            if seen.error is None:
                return given
            if seen.layers or (torch_refused(seen) and rightly_given(seen, base, codes, layout)):
                raising = raising or given
        why = seen.error or f"no recurrent layer was given {base.size} rows"
        far = (len(seen.layers), len(seen.entered), seen.error_row)
        problems.append((far, f"{method}({given.describe()}): {why}", given))
        if twin is None or seen.error is None:
            continue
        other = _side(subject.path, twin, method, given).observe(base.sorted())
        if other.error is None and _laid_out(other, base, layout):
            if reached(other, base, ()) or (codes == {"PCK103"} and other.results and not other.layers):
                return given
    return raising


def _laid_out(seen: Observation, base: Batch, layout: bool | None) -> bool:
    """Whether the batch lies as a plan says that it does."""
    entered = [entry for entry in seen.entered if entry.tensor.dim() == 3]
    return layout is None or not entered or any(one.tensor.shape[0 if layout else 1] == base.size for one in entered)


def reached(seen: Observation, base: Batch, sites: Sequence[Site]) -> bool:
    """Whether a layer got the rows of the batch, and where the code says so."""
    rows = {row for site in sites for call in site.calls for row in range(call.row, call.end_row + 1)}
    fitting = [call for call in seen.layers if _fits(call.rows, base)]
    if fitting:
        return not rows or any(call.row in rows for call in fitting)
    return seen.error is not None and any(_fits(entry.rows, base) for entry in seen.entered)


def _fits(rows: torch.Tensor, base: Batch) -> bool:
    if rows.dim() != 3 or rows.shape[0] != base.size or not max(base.lengths) <= rows.shape[1] <= base.width:
        return False
    return bool((rows[0, 0] - rows[1, 0]).abs().max() > 0)
