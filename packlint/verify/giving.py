"""What a function is given for a batch: each of its parameters is a kind of argument, made of the batch."""

from __future__ import annotations

import ast
import inspect
import itertools
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

from packlint.verify.batches import VOCABULARY, Batch, formed
from packlint.verify.guessing import CLASSES, SIZE, Words, guesses
from packlint.verify.observing import OnDevice

ROOT = "packlint_"
"""Begins the names of roots of a slice: what a name of the code holds from a place on."""
LIMIT = 300  # combinations that are tried


@dataclass(frozen=True, slots=True)
class Look:
    """How a batch is laid out for a model. size: of features. vocabulary: ids are below it. pad: the id of padding."""

    time_first: bool = False
    size: int = SIZE
    vocabulary: int = VOCABULARY
    device: bool = False
    pad: int | None = None


Maker = Callable[[Batch, Look], Any]


def _laid(tensor: Tensor, look: Look) -> Tensor:
    return _placed(tensor.transpose(0, 1).contiguous() if look.time_first else tensor, look)


def _placed(tensor: Tensor, look: Look) -> Tensor:
    """Where it is to stand for one on the device; what is counted from it is there as well."""
    return tensor.as_subclass(OnDevice) if look.device and not tensor.is_floating_point() else tensor


def ids(batch: Batch, look: Look) -> Tensor:
    return _laid(batch.ids(look.vocabulary, look.pad), look)


def features(batch: Batch, look: Look) -> Tensor:
    return _laid(batch.features(look.size), look)


def lengths(batch: Batch, look: Look) -> Any:
    return _placed(torch.tensor(batch.lengths), look)


def lengths_list(batch: Batch, look: Look) -> Any:
    return formed(batch.lengths, "list")


def lengths_column(batch: Batch, look: Look) -> Any:
    return formed(batch.lengths, "column")


def mask(batch: Batch, look: Look) -> Tensor:
    return _laid(batch.real(), look)


def number_mask(batch: Batch, look: Look) -> Tensor:
    return _laid(batch.real().long(), look)


def float_mask(batch: Batch, look: Look) -> Tensor:
    return _laid(batch.real().to(torch.get_default_dtype()), look)


def padding_mask(batch: Batch, look: Look) -> Tensor:
    return _laid(~batch.real(), look)


def pair(batch: Batch, look: Look) -> Any:
    return ids(batch, look), lengths(batch, look)


def feature_pair(batch: Batch, look: Look) -> Any:
    return features(batch, look), lengths(batch, look)


def labels(batch: Batch, look: Look) -> Tensor:
    return batch.scalars(CLASSES)


def tags(batch: Batch, look: Look) -> Tensor:
    return _laid(batch.ids(CLASSES + 1).clamp(max=CLASSES - 1), look)


def vectors(batch: Batch, look: Look) -> Tensor:
    return batch.vectors(look.size)


def nothing(batch: Batch, look: Look) -> None:
    return None


def packed(batch: Batch, look: Look) -> Any:
    """Only of a sorted batch: code that takes a pack apart knows nothing of another order."""
    return pack_padded_sequence(batch.features(look.size), torch.tensor(batch.lengths), batch_first=True)


def one_more(batch: Batch, look: Look) -> Tensor:
    """[B, W, 6] of ids: the characters of each word."""
    return torch.stack([batch.ids(look.vocabulary, look.pad) for _ in range(6)], dim=-1)


def one_word(batch: Batch, look: Look) -> Tensor:
    """[B, 1, W] of ids: the characters of one word in each sentence."""
    return batch.ids(look.vocabulary, look.pad)[:, None]


def batch_size(batch: Batch, look: Look) -> int:
    return batch.size


class Fields:
    """Stands for a batch object: each field is what its name suggests."""

    def __init__(self, batch: Batch, look: Look) -> None:
        self._batch, self._look = batch, look

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        made = kinds_of(name)[0](self._batch, self._look)
        setattr(self, name, made)
        return made

    def __getitem__(self, name: Any) -> Any:
        if isinstance(name, str):
            return getattr(self, name)
        return pair(self._batch, self._look)[name]

    def get(self, name: str, default: Any = None) -> Any:
        return getattr(self, name)

    def to(self, *_: Any, **__: Any) -> Fields:
        return self


def fields(batch: Batch, look: Look) -> Fields:
    return Fields(batch, look)


_KINDS: tuple[tuple[str, tuple[Maker, ...]], ...] = (
    (
        r"len|sizes?$|nwords|n_tokens|_l$|^l$|ls$|^num_|^n_|_num$|count",
        (lengths, lengths_list, lengths_column, batch_size, nothing),
    ),
    (r"pad.*mask|mask.*pad", (padding_mask, mask, number_mask)),
    (r"mask", (mask, number_mask, float_mask, padding_mask, nothing)),
    (r"hidden|state|^h_?0?$|^hx$|^hid$|h0|c0|^hc$|memory|init", (nothing,)),
    (r"batch_?size|bsz", (batch_size,)),
    (r"^(batch|data|sample|inputs?_dict|example|feed_?dict)$", (fields, ids, pair, features, feature_pair)),
    (r"char", (ids, one_word, one_more)),
    (r"tag|label|target|trg|tgt|gold|^y$|answer", (tags, labels, ids, nothing)),
    (r"feat|audio|mel|spec|video|frame|wave|signal|emb", (features, ids, feature_pair)),
    (r"teacher|ratio|force", (nothing,)),
    (
        r"id|tok|word|sent|text|seq|src|source|question|doc|query|premise|hypo|utter",
        (ids, features, pair, feature_pair),
    ),
)
_ANY: tuple[Maker, ...] = (ids, features, pair, feature_pair, lengths, packed, fields, mask, vectors, nothing)
USEFUL = {lengths, lengths_list, lengths_column, mask, number_mask, padding_mask, float_mask}
"""What is given in place of a default that is None."""


def kinds_of(name: str) -> tuple[Maker, ...]:
    """What an argument of this name can be, the likeliest first."""
    word = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.removeprefix(ROOT)).lower()
    for pattern, kinds in _KINDS:
        if re.search(pattern, word):
            return kinds
    return _ANY


def is_told(name: str) -> bool:
    """Whether a name says what an argument is."""
    return kinds_of(name) is not _ANY


@dataclass(frozen=True, slots=True)
class Given:
    """Arguments for a function: a maker for each parameter that is given, and constants."""

    makers: Mapping[str, Maker]
    constants: Mapping[str, Any]
    look: Look

    def arguments(self, batch: Batch, device: bool) -> dict[str, Any]:
        look = replace(self.look, device=device)
        made = {name: maker(batch, look) for name, maker in self.makers.items()}
        return {**made, **self.constants}

    def describe(self) -> str:
        return ", ".join(f"{name}={maker.__name__}" for name, maker in self.makers.items())


def givens(function: Callable[..., Any], module: nn.Module, layout: bool | None, words: Words) -> Iterator[Given]:
    """Arguments to try for a function, the likeliest first."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return
    needed = _needed(function)
    choices: list[tuple[str, list[Any]]] = []
    for one in parameters:
        if one.kind in {one.VAR_POSITIONAL, one.VAR_KEYWORD}:
            continue
        kinds: list[Any] = list(kinds_of(one.name))
        if one.default is not inspect.Parameter.empty:
            kinds = _or_default(one.name, kinds, one.default, needed)
        elif isinstance(one.annotation, type) and one.annotation in {int, float, bool, str}:
            kinds = [("constant", value) for value in guesses(one.name, one.annotation, words)[:2]]
        choices.append((one.name, kinds))
    looks = [*_looks(module, layout)]
    ranked = itertools.islice(_by_rank([looks, *(kinds for _, kinds in choices)]), LIMIT)
    for look, *chosen in ranked:
        makers, constants = {}, {}
        for (name, _), kind in zip(choices, chosen, strict=True):
            if isinstance(kind, tuple):
                constants[name] = kind[1]
            elif kind != "default":
                makers[name] = kind
        yield Given(makers, constants, look)


def _or_default(name: str, kinds: list[Any], default: Any, needed: set[str] | None) -> list[Any]:
    """What stands for a parameter that can be left out, where its default is None and the function reads it."""
    if default is not None or (needed is not None and name not in needed):
        return ["default"]
    given = [kind for kind in kinds if kind is not nothing]
    if needed is not None:
        return [*given[:3], "default", *given[3:]]
    useful = [kind for kind in given if kind in USEFUL and kinds_of(name) is not _ANY]
    return [*useful[:1], "default", *given]


def _needed(function: Callable[..., Any]) -> set[str] | None:
    """The names that a function reads where no test for None stands around it; None where its text is not known."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return None
    found: set[str] = set()
    tested = {
        id(node)
        for test in ast.walk(tree)
        if isinstance(test, ast.Compare) and any(isinstance(one, ast.Is | ast.IsNot) for one in test.ops)
        for node in ast.walk(test)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and id(node) not in tested:
            found.add(node.id)
    return found


def _looks(module: nn.Module, layout: bool | None) -> Iterator[Look]:
    sizes: list[int] = []
    for one in module.modules():
        found = (
            getattr(one, "input_size", None) or getattr(one, "in_features", None) or getattr(one, "in_channels", None)
        )
        if isinstance(found, int) and found not in sizes and not isinstance(one, nn.RNNCellBase):
            sizes.append(found)
    vocabularies = [one.num_embeddings for one in module.modules() if isinstance(one, nn.Embedding)]
    vocabulary = min([VOCABULARY, *(n for n in vocabularies if n > 2)])
    firsts = [not layout] if layout is not None else []
    layers = [one for one in module.modules() if isinstance(one, nn.RNNBase)]
    usual = [True, False] if layers and not any(one.batch_first for one in layers) else [False, True]
    pads = [
        one.padding_idx for one in module.modules() if isinstance(one, nn.Embedding) and one.padding_idx is not None
    ]
    pad = pads[0] if pads else None
    for time_first in dict.fromkeys([*firsts, *usual]):
        for size in sizes[:4] or [SIZE]:
            yield Look(time_first, size, vocabulary, pad=pad)


def _by_rank(lists: Sequence[Sequence[Any]]) -> Iterator[tuple[Any, ...]]:
    """Choices of one from each list, those with the smallest sum of places first."""
    if any(not one for one in lists):
        return
    for total in range(sum(len(one) - 1 for one in lists) + 1):
        yield from _with_sum(lists, total)


def _with_sum(lists: Sequence[Sequence[Any]], total: int) -> Iterator[tuple[Any, ...]]:
    if not lists:
        if total == 0:
            yield ()
        return
    for rank in range(min(total, len(lists[0]) - 1) + 1):
        for rest in _with_sum(lists[1:], total - rank):
            yield (lists[0][rank], *rest)
