"""Edit distances against their recursive definition, and the steps of a shortest way."""

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackmix.distances import Edit, edits, steps, word_edits

WORDS = st.text("abё😀", max_size=6)


@cache
def recursive(a: str | tuple, b: str | tuple) -> int:
    if not a or not b:
        return len(a) + len(b)
    return min(recursive(a[1:], b) + 1, recursive(a, b[1:]) + 1, recursive(a[1:], b[1:]) + (a[0] != b[0]))


@settings(max_examples=300, deadline=None)
@given(WORDS, WORDS)
def test_edits_are_their_definition(a: str, b: str) -> None:
    assert edits([a, b], [b, a]).tolist() == [recursive(a, b)] * 2


@given(st.text("ab ", max_size=7), st.text("ab ", max_size=7))
def test_word_edits_are_edits_of_words(a: str, b: str) -> None:
    assert word_edits([a], [b]).tolist() == [recursive(tuple(a.split()), tuple(b.split()))]


@given(WORDS, WORDS)
def test_steps_are_a_shortest_way(read: str, true: str) -> None:
    found = list(steps(read, true))
    assert len(found) == recursive(read, true) and all(step.true != step.read for step in found)
    lost, added = "".join(s.true for s in found), "".join(s.read for s in found)
    left = list(true)
    for c in lost:
        left.remove(c)  # every step takes a letter that the truth has
    assert sorted([*left, *added]) == sorted(read)


def test_steps_of_examples() -> None:
    assert list(steps("cot", "cat")) == [Edit("a", "o")]
    assert list(steps("ca", "cat")) == [Edit("t", "")]
    assert list(steps("cart", "cat")) == [Edit("", "r")]
    with pytest.raises(ValueError, match="zip"):
        edits(["a"], [])
