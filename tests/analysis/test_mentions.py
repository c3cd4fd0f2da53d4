"""Which files mention a name, by search and by index."""

from __future__ import annotations

from packlint.analysis import mentions
from packlint.analysis.mentions import Mentions

TEXTS = {
    "a.py": b"model = Tagger(10)\n",
    "b.py": b"class BiTagger:\n    pass\n# Tagger_2 Tagger2\n",
    "c.py": b"import x.Tagger as t; y=[Tagger]\n",
    "d.py": "größeTagger, éTagger = 1".encode(),
    "e.py": b"",
}


def test_a_name_is_found_as_a_word_only() -> None:
    assert Mentions(list(TEXTS), TEXTS.__getitem__).of(frozenset({"Tagger"})) == ["a.py", "c.py"]


def test_one_of_several_names_is_enough() -> None:
    assert Mentions(list(TEXTS), TEXTS.__getitem__).of(frozenset({"BiTagger", "model"})) == ["a.py", "b.py"]


def test_many_questions_get_the_answers_that_few_get() -> None:
    few = {name: Mentions(list(TEXTS), TEXTS.__getitem__).of(frozenset({name})) for name in ("Tagger", "x", "t", "z")}
    read: list[str] = []

    def text_of(path: str) -> bytes:
        read.append(path)
        return TEXTS[path]

    many = Mentions(list(TEXTS), text_of)
    for number in range(mentions.SEARCHES):
        assert many.of(frozenset({f"name{number}"})) == []
    read.clear()
    assert {name: many.of(frozenset({name})) for name in few} == few
    assert read == list(TEXTS), "the index reads each file once"


def test_the_index_comes_first_where_many_names_are_expected() -> None:
    read: list[str] = []

    def text_of(path: str) -> bytes:
        read.append(path)
        return TEXTS[path]

    many = Mentions(list(TEXTS), text_of)
    many.expect(mentions.SEARCHES)
    assert many.of(frozenset({"Tagger"})) == ["a.py", "c.py"]
    assert many.of(frozenset({"x"})) == ["c.py"]
    assert read == list(TEXTS)
