"""Edit distance against its recursive definition, and the error rate over a whole set."""

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackmix.train.scoring import cer, edit_distance

WORDS = st.text("abё😀", max_size=6)


@cache
def recursive(a: str, b: str) -> int:
    if not a or not b:
        return len(a) + len(b)
    return min(recursive(a[1:], b) + 1, recursive(a, b[1:]) + 1, recursive(a[1:], b[1:]) + (a[0] != b[0]))


@settings(max_examples=300, deadline=None)
@given(WORDS, WORDS)
def test_edit_distance_is_its_definition(a: str, b: str) -> None:
    assert edit_distance(a, b) == recursive(a, b) == edit_distance(b, a)


@given(WORDS, WORDS, WORDS)
def test_edit_distance_is_a_distance(a: str, b: str, c: str) -> None:
    assert edit_distance(a, c) <= edit_distance(a, b) + edit_distance(b, c)
    assert (edit_distance(a, b) == 0) == (a == b)


def test_error_rate_is_no_mean_of_means() -> None:
    assert edit_distance("cat", "art") == 2
    assert cer(["a", "bcdefghij"], ["x", "bcdefghij"]) == pytest.approx(0.1)
    assert cer(["aaaa"], ["a"]) == 3
    assert cer([], []) == 0 and cer([""], ["ab"]) == 1 and cer(["ab"], [""]) == 2
    with pytest.raises(ValueError, match="zip"):
        cer(["a"], [])
