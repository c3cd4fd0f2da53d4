"""Patterns mean what they mean to ruff."""

from __future__ import annotations

import re

import pytest

from packlint.patterns import Matcher, PerFileIgnore


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("tests", "/base/a/tests", True),
        ("tests", "/base/a/tests2", False),
        ("*_pb2.py", "/base/a/x_pb2.py", True),
        ("a/b.py", "/base/a/b.py", True),
        ("a/b.py", "/base/c/a/b.py", False),
        ("./a/", "/base/a", True),
        ("a/*.py", "/base/a/c/b.py", True),  # `*` crosses folders, as it does in ruff
        ("**/b.py", "/base/b.py", True),
        ("a/**/b.py", "/base/a/b.py", True),
        ("a/**/b.py", "/base/a/x/y/b.py", True),
        ("/other/*.py", "/other/b.py", True),
        ("{a,b}.py", "/base/b.py", True),
        ("{a,b}.py", "/base/c.py", False),
        ("[ab].py", "/base/b.py", True),
        ("[!ab].py", "/base/b.py", False),
        ("[", "/base/[", True),
        ("b?.py", "/base/b1.py", True),
        ("b.py", "/base/bxpy", False),
        ("a+b", "/base/a+b", True),
    ],
)
def test_matches(pattern: str, path: str, expected: bool) -> None:
    assert Matcher((pattern,), "/base").matches(path, path.rpartition("/")[2]) is expected


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("a/*.py", "/b[1]/{x}/a/b.py"),
        ("./a/", "/b[1]/{x}/a"),
        ("../a/b.py", "/b[1]/a/b.py"),
        ("../../a/b.py", "/a/b.py"),
        ("./", "/b[1]/{x}"),
        ("../", "/b[1]"),
        ("../{x}/b.py", "/b[1]/x/b.py"),  # in a pattern they are one
    ],
)
def test_a_folder_may_be_called_like_a_pattern(pattern: str, path: str) -> None:
    assert Matcher((pattern,), "/b[1]/{x}").matches(path, "")


def test_no_pattern_matches_nothing() -> None:
    assert not Matcher((), "/base").matches("/base/a", "a")


def test_a_pattern_that_is_none_is_said() -> None:
    with pytest.raises(re.error):
        Matcher(("[z-a]*",), "/base")


def test_a_negated_per_file_ignore_holds_in_all_other_files() -> None:
    ignore = PerFileIgnore(Matcher(("tests/*",), "/base"), True, ("ALL",))
    assert ignore.covers("/base/a.py")
    assert not ignore.covers("/base/tests/a.py")
