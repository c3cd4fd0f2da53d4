"""What a constructor and a function can be given, by names, types, defaults, and what the project writes for a name."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from packlint.verify.batches import LENGTHS, VOCABULARY, WIDTH

SIZE = 8
"""Every size that nothing says more of: the same everywhere, so that what must fit together does."""
CLASSES = 4
TRIES = 40
PARTS = frozenset({"encoder", "decoder", "attention", "embedding", "crf"})
"""Names of arguments that are models, in which the name of their class begins or ends."""

Words = Mapping[str, Sequence[Any]]
"""What the project writes for a name: literals, the commonest first."""


class WordsIds(dict[Any, int]):
    """Stands for a vocabulary: any word has an id, any id a word."""

    pad_token_id = pad_id = pad_idx = PAD = 0
    pad_token = "<pad>"

    def __init__(self, size: int = VOCABULARY) -> None:
        super().__init__({f"word{at}": at for at in range(1, size)})
        self["<pad>"] = 0
        self.itos = self.idx2word = [*self]
        self.vocab_size = self.n_words = size

    def __missing__(self, word: Any) -> int:
        return sum(map(ord, str(word))) % (len(self) - 1) + 1 if "pad" not in str(word).lower() else 0

    @property
    def stoi(self) -> WordsIds:
        return self

    word2idx = word2id = token_to_idx = stoi

    @property
    def vectors(self) -> Any:
        return torch.linspace(-1, 1, len(self) * SIZE).reshape(len(self), SIZE)


class Settings(dict[str, Any]):
    """Stands for a configuration object: every setting has the value that its name suggests."""

    def __init__(self, words: Words) -> None:
        super().__init__()
        self.__dict__["words"] = words

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self[name]

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __missing__(self, name: Any) -> Any:
        value = next(iter(guesses(str(name), inspect.Parameter.empty, self.__dict__["words"])), SIZE)
        self[name] = value
        return value

    def get(self, name: Any, default: Any = None) -> Any:
        return self[name] if name in self or default is None else default

    def __contains__(self, name: object) -> bool:
        return dict.__contains__(self, name) or name in self.__dict__["words"]


Written = Sequence[Any]
"""The literals that the project writes for a name."""


def _strings(written: Written) -> list[str]:
    return [value for value in written if isinstance(value, str)]


def _bools(written: Written) -> list[bool]:
    return [value for value in written if isinstance(value, bool)]


def _floats(written: Written) -> list[float]:
    return [value for value in written if isinstance(value, float)]


def _table() -> Tensor:
    return torch.linspace(-1, 1, VOCABULARY * SIZE).reshape(VOCABULARY, SIZE)


CONFIGURATION = (
    r"^(args?|configs?|cfg|opts?|options?|hparams?|hps?|params?|settings?|conf|flags"
    r"|\w+_(args|config|cfg|opts?|hparams|params))$"
)
_RANKS: tuple[tuple[str, Callable[[Written], list[Any]]], ...] = (
    (r"devices?$|^gpu|cuda", lambda _: [torch.device("cpu"), False, "cpu", None]),
    (r"drop|zoneout|^p$|_prob$|rate$", lambda _: [0.0]),
    (r"pad.*(id|ix|token|index|value)|padding_idx|^pad$", lambda _: [0]),
    (
        (
            r"(word|char|tok|tag|label|pos|src|trg|tgt|intent|slot)?_?"
            r"(vocab|dict|2id|2idx|2ix|to_ix|to_idx|to_id|2index)$"
        ),
        lambda _: [WordsIds(), VOCABULARY],
    ),
    (r"tag_?(map|dict|set)$|labels?_?map", lambda _: [WordsIds(CLASSES + 3), CLASSES, [*range(CLASSES)]]),
    (
        (
            r"vocab|n_?words|num_?(words|tokens|chars|embeddings)|ntokens?|dict_?size|n_?chars"
            r"|(in|input)_?voc|alphabet_?size|corpus_?size|tok_?size|word_?size"
        ),
        lambda _: [VOCABULARY, WordsIds()],
    ),
    (
        (
            r"class|n_?(tags?|labels?|out|class)|tags?_?(size|num)|labels?_?(size|num)"
            r"|(tagset|target|output|out)_?(size|num|dim)s?$|num_?(labels|tags|outputs)"
        ),
        lambda _: [CLASSES, WordsIds(CLASSES + 3)],
    ),
    (
        (
            r"(weights?|vectors?|matrix|emb(edding)?s?|embeddings?|pre_?trained\w*|glove|w2v"
            r"|emb(edding)?_?(weights?|matrix|init))$"
        ),
        lambda _: [_table(), None, SIZE, False],
    ),
    (r"bi_?dir|is_?bi|^bi$|bidir|birnn|bi_?lstm$", lambda w: [*_bools(w), True, False, 2]),
    (r"batch_?first", lambda w: [*_bools(w), True, False]),
    (r"n?_?layers?$|num_?layers|depth|n_?layer", lambda _: [1, 2]),
    (r"n_?dir|num_?dir", lambda _: [2, 1]),
    (r"batch_?size|^bs$|bsz", lambda _: [len(LENGTHS)]),
    (
        r"max_?(len|seq|length|sent)|seq_?(len|length)|sent(ence)?_?len|fix_?length|n?_?steps|(time|step)s$",
        lambda _: [WIDTH],
    ),
    (
        r"(rnn|cell|unit|encoder|model|lstm)_?(type|cell|name|kind)|^cell$|^rnn$|rnn_model|^mode$",
        lambda w: [*_strings(w), "LSTM", "GRU", "lstm", "gru", nn.LSTM],
    ),
    (r"act(ivation)?(_fn)?$|nonlinearity", lambda w: [*_strings(w), "tanh", torch.tanh]),
    (r"kernel|filter_?(size|len)|window|^ks$", lambda w: [*w, 3, [3, 3]]),
    (r"(heads?|n_?heads?)$", lambda _: [2]),
    (r"seed", lambda _: [0]),
    (
        r"^(use|is|with|has|if|do|enable|fine|freeze|train|static|update|need|requires)_?",
        lambda w: [*_bools(w), False, True],
    ),
    (r"lr$|alpha$|beta|gamma|eps|momentum|lambda|decay|scale|tau|temperature", lambda w: [*_floats(w), 0.5]),
    (
        r"dim|size|hid|emb|unit|feat|channel|width|num|^n_|^d_|^[dhnmkefx]$|_n$|_d$|nhid|ninp|in$|out$",
        lambda _: [SIZE, [SIZE]],
    ),
)
"""Patterns of names, and what something of such a name can be; the first that is found counts."""


def guesses(name: str, annotation: Any, words: Words) -> list[Any]:
    """What something of this name can be, the likeliest first."""
    word = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    written = list(words.get(name, ()))
    found: list[Any] = []
    if _is_config(word):
        return [Settings(words)]
    if written and all(isinstance(value, bool) for value in written):
        found += written
    for pattern, values in _RANKS:
        if re.search(pattern, word):
            found += values(written)
            break
    else:
        found += [value for value in written if not isinstance(value, int) or isinstance(value, bool)]
        found += [value for value in written if type(value) is int and 0 <= value <= 4]
    return [*_by_type(annotation, found), *found, SIZE, Settings(words), None]


def is_known(name: str, annotation: Any) -> bool:
    """Whether a name or a type says what something can be, so that a guess is more than a size like any other."""
    word = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    return _is_config(word) or bool(_by_type(annotation, ())) or any(re.search(one, word) for one, _ in _RANKS)


def _is_config(word: str) -> bool:
    return bool(re.search(CONFIGURATION, word))


def _by_type(annotation: Any, found: Sequence[Any]) -> list[Any]:
    """Of a type that is written, what fits it."""
    text = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))
    kinds: dict[str, tuple[type, Any]] = {
        "int": (int, SIZE),
        "float": (float, 0.0),
        "bool": (bool, True),
        "str": (str, "LSTM"),
    }
    for word, (kind, value) in kinds.items():
        if re.fullmatch(rf"(typing\.)?(Optional\[)?{word}\]?( \| None)?", str(text)):
            fitting = [one for one in found if type(one) is kind]
            return fitting or [value]
    return []


def constructions(
    cls: Callable[..., Any],
    words: Words,
    seen: Sequence[tuple[Sequence[Any], Mapping[str, Any]]],
    within: Mapping[str, Any],
) -> Iterator[tuple[list[Any], dict[str, Any]]]:
    """Arguments to try for a constructor, the likeliest first.

    seen: calls of it that the project makes, with `Ellipsis` for what is no literal. within: the names of its module.
    """
    try:
        parameters = list(inspect.signature(cls).parameters.values())
    except (TypeError, ValueError):
        yield [], {}
        return
    choices: dict[str, list[Any]] = {}
    for one in parameters:
        if one.kind in {one.VAR_POSITIONAL, one.VAR_KEYWORD}:
            continue
        known = [value for value in _seen(one, parameters, seen) if type(value) is not int or value <= 4]
        if one.default is not inspect.Parameter.empty:
            choices[one.name] = [*(known if one.default is None else ()), one.default]
            if one.default is None:
                choices[one.name] = [*known, *choices[one.name], *guesses(one.name, one.annotation, words)]
            continue
        choices[one.name] = [*(v for v in known if not isinstance(v, int) or isinstance(v, bool)),
                             *_modules(one, within), *guesses(one.name, one.annotation, words)]  # fmt: skip
    names = list(choices)
    first = {name: choices[name][0] for name in names}
    yield [], first
    count = 1
    for rank in range(1, 6):
        for name in names:
            if rank < len(choices[name]) and count < TRIES:
                count += 1
                yield [], {**first, name: choices[name][rank]}


def _seen(one: inspect.Parameter, parameters: Sequence[inspect.Parameter], seen: Any) -> list[Any]:
    place = [p.name for p in parameters].index(one.name)
    found = []
    for positional, keywords in seen:
        if one.name in keywords:
            found.append(keywords[one.name])
        elif place < len(positional):
            found.append(positional[place])
    return [value for value in found if value is not Ellipsis]


def _modules(one: inspect.Parameter, within: Mapping[str, Any]) -> list[Any]:
    """Models of the same file that an argument is named after, each built as well as it can be."""
    word = one.name.lower().replace("_", "")
    found = []
    for name, cls in within.items():
        if isinstance(cls, type) and issubclass(cls, nn.Module) and cls.__module__ != "torch.nn" and len(word) > 3:
            if name.lower() in {word, f"{word}rnn"} or (word in PARTS and word in name.lower()):
                found.append(cls)
    made = []
    for cls in found[:2]:
        try:
            _, keywords = next(iter(constructions(cls, {}, (), {})))
            made.append(cls(**keywords))
        except Exception:
            continue
    return made
