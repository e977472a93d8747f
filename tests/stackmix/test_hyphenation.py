"""Partings: what a school book says, and that nothing of a word gets lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackmix.hyphenation import partings


@pytest.mark.parametrize(
    ("word", "wanted"),
    [
        ("дорога", "до-рога доро-га"),
        ("сестра", "се-стра сес-тра сест-ра"),
        ("майка", "май-ка"),
        ("подъезд", "подъ-езд"),
        ("ванна", "ван-на"),
        ("деньги", "день-ги"),
        ("розыск", "ро-зыск"),
        ("моя", ""),
        ("осень", ""),  # a single letter stays with its word
        ("ружьё", "ру-жьё"),
        ("снег", ""),
        ("кто-то", "кто-то"),
        ("«окно».", "«ок-но»."),
        ("window", "win-dow"),
        ("father", "fa-ther"),
        ("because", "be-cause"),
        ("strength", ""),
        ("table", ""),
        ("15-19", ""),
        ("a", ""),
        ("", ""),
    ],
)
def test_known_words(word: str, wanted: str) -> None:
    found = [head + tail for head, tail in partings(word)]
    assert found == wanted.split()


@given(st.text("абвйьъыеоя-,.«» abcdehst1", max_size=15))
def test_parts_make_the_word(word: str) -> None:
    for head, tail in partings(word):
        assert head.endswith("-") and head[:-1] and tail
        assert word in (head + tail, head[:-1] + tail)
        letters = sum(c.isalpha() for c in head), sum(c.isalpha() for c in tail)
        assert min(letters) >= 1 and tail[0] not in "йьъы-"
