"""Names that people give to lengths, to padding masks, to scores and to models.

A name alone proves nothing; it decides what to look at.
"""

from __future__ import annotations

import functools
import re

LENGTHS = re.compile(
    r"""^(?:
        (?:\w+_)?(?:lengths?|lens|lns)(?:_\w+)?      # lengths, x_lens, input_lengths, lengths_sorted
        |(?:\w+_)(?:len)(?:_(?:list|tensor|cpu|t|s))?  # x_len, text_len
        |len_\w+                                     # len_s, len_x
        |(?:\w*)(?:seq|sent|sentence|word|char|text|src|tgt|token|item|input|enc|doc|query|his|utt)s?_?lens?(?:gths?)?
        |[a-z]lens?                                  # xlen, ilens
    )$""",
    re.X | re.I,
)
NOT_LENGTHS = re.compile(
    r"""max|min|pred|fixed?_|total|num_?|avg|mean|window|horizon|context_length|fix_length|_size|forecast|step|
    label_len|out_len|vocab|embed|path|(?:^|_)mask|ratio|loader|data(?:set)?_len|epoch|_fn$|penalty|reward|norm|scale""",
    re.X | re.I,
)

MASK = re.compile(r"^(?:\w+_)?(?:mask|masks|umask|pad_mask|padding_mask|attention_mask|attn_mask)(?:_\w+)?$", re.I)
NOT_MASK = re.compile(
    r"""causal|tril|triu|subsequent|future|look_?ahead|head|done|episode|rnn_hxs|action|span|entity|loss|drop|mlm|
    feature|missing|visible|square|self_attn|teacher|label|target|tgt|mask_?token|mask_?id|maskrcnn|tree|decoder""",
    re.X | re.I,
)

OF_LENGTHS = re.compile(r"l|n|len|lens|length|lengths|seqs?|sequences?|seqlens?|valid|real|true|actual")

SCORES = re.compile(r"^(?:\w+_)?(?:scores?|prob(?:s|abilit(?:y|ies))?|logits?|loss(?:es)?|confidences?)$", re.I)

MODEL = re.compile(
    r"(?:^|_)(?:model|net|network|module|classifier|tagger|predictor|learner|encoder|decoder)\d*$", re.IGNORECASE
)
# `get_model` makes one, `add_to_model` does something to one, and `import_module` has nothing to do with models.
NOT_MODEL = re.compile(
    r"""\w*_(?:to|on|from|around)_[^_]+$
    |_*(?:get|set|is|has|add|make|build|create|construct|define|init|initialize|setup|load|save|restore|register|
    import|export|exec|call|check|validate|find|select|choose|copy|clone|convert|prepare|replace|remove|wrap|
    update|reset|freeze|print|parse|script|compile|install|apply|graph)_""",
    re.X | re.I,
)


@functools.cache
def lengths_word(name: str) -> bool:
    """Whether a name is one that lengths are given: `lengths`, `x_len`, `src_lens`, but not `max_len`."""
    return bool(LENGTHS.match(name)) and not NOT_LENGTHS.search(name)


@functools.cache
def owners_of_lengths(name: str) -> frozenset[str]:
    """What lengths are of, by their name: `mel` of `mel_lengths`, nothing of `lengths` and `seq_len`."""
    return frozenset(word for word in name.lower().split("_") if not OF_LENGTHS.fullmatch(word))


@functools.cache
def mask_word(name: str) -> bool:
    """Whether a name is one that a padding mask is given, but not an episode's, a head's or a causal mask."""
    return bool(MASK.match(name)) and not NOT_MASK.search(name)


@functools.cache
def scores_word(name: str) -> bool:
    """Whether a name is one that scores are given, by which a batch may be sorted."""
    return bool(SCORES.match(name))


@functools.cache
def model_word(name: str) -> bool:
    """Whether a name is one that models and their parts are given: `model`, `net`, `text_encoder`."""
    return bool(MODEL.search(name)) and not NOT_MODEL.match(name)
