"""Votes: the widest words, the commonest verdict, letters by script."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackmix.train.reading import Reading
from stackmix.train.voting import Vote, language_of, majority, vote_by_reader, widest
from stackmix.types import Image


def image(width: int) -> Image:
    return np.full((10, width), 255, np.uint8)


class Scripted:
    """A reader that says what it was told to, by the images' widths."""

    def __init__(self, texts: dict[int, str]) -> None:
        self.texts, self.seen = texts, []

    def read(self, images: list[Image]) -> list[Reading]:
        self.seen = [picture.shape[1] for picture in images]
        return [Reading(self.texts[width], 1.0, ()) for width in self.seen]


def test_the_widest_words_are_asked() -> None:
    reader = Scripted({9: "слово", 8: "два", 7: "three", 6: "x", 5: "y", 4: "неважно"})
    assert vote_by_reader(reader, map(image, (4, 9, 5, 8, 6, 7))) == Vote("ru", pytest.approx(8 / 15))
    assert reader.seen == [9, 8, 7, 6, 5]
    assert vote_by_reader(reader, [image(4), image(7)], count=1) == Vote("en", 1.0)
    assert vote_by_reader(Scripted({4: "12."}), [image(4)]) is None and vote_by_reader(reader, []) is None


@given(st.lists(st.integers(1, 30), max_size=12), st.integers(1, 12))
def test_widest_are_sorted(widths: list[int], count: int) -> None:
    found = [picture.shape[1] for picture in widest(map(image, widths), count)]
    assert found == sorted(widths, reverse=True)[:count]


def test_majority_and_its_share() -> None:
    assert majority(["en", "ru", "ru", "kk"]) == Vote("ru", 0.5)
    assert majority(["en", "ru"]) == Vote("en", 0.5)
    assert majority([]) is None


@pytest.mark.parametrize(
    ("text", "language"), [("Ёлка", "ru"), ("dog", "en"), ("12.", ""), ("", ""), ("мир & peace", ""), ("ru-й", "")]
)
def test_language_by_script(text: str, language: str) -> None:
    assert language_of(text) == language
