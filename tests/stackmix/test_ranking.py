"""The letters of a character: all of them, the surest first, and a fair share where they are too many."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackmix.library import LetterLibrary
from stackmix.ranking import Ranked, ranked, spread
from stackmix.types import DataError


@given(st.integers(1, 5000), st.integers(2, 500))
def test_spread_is_even_and_has_both_ends(count: int, most: int) -> None:
    places = spread(count, most).tolist()
    assert len(places) == min(count, most)
    assert places[0] == 0 and places[-1] == count - 1
    steps = np.diff(places)
    assert (steps >= 1).all() and (not len(steps) or steps.max() - steps.min() <= 1)


def test_every_instance_by_falling_score(sample_of: Callable) -> None:
    scored = {"abba": [0.5, 1, 1, 0.125], "ba": [1, 0.5], "a": [0.0]}
    words = [replace(sample_of(word), scores=np.float32(scores)) for word, scores in scored.items()]
    library = LetterLibrary.build(words, "train")
    assert ranked(library, "a") == [
        Ranked(0, 0, 0.5, True),
        Ranked(1, 1, 0.5, True),
        Ranked(0, 3, 0.125, False),
        Ranked(2, 0, 0.0, False),
    ]


def test_usable_is_what_the_index_holds(tiny_library: LetterLibrary) -> None:
    for character in tiny_library.index.alphabet:
        found = ranked(tiny_library, character)
        assert {(r.sample, r.position) for r in found if r.usable} == {
            (found.sample, found.position) for found in tiny_library.letters(character)
        }
        assert all(tiny_library.texts[r.sample][r.position] == character for r in found)


def test_character_that_is_not_there_is_named(tiny_library: LetterLibrary) -> None:
    with pytest.raises(DataError, match=r"no 'ж', only ,-\.B"):
        ranked(tiny_library, "ж")
