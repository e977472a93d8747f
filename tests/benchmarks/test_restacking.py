"""Words are rebuilt out of a library with the stacking of today, and what it lacks is left out."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from stackmix.library import LetterLibrary

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def restacking(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import restacking

    return restacking


@pytest.mark.parametrize(("longest", "hand"), [(1, "one"), (2, "one"), (None, "one"), (None, 0)])
def test_words_are_rebuilt(
    restacking: ModuleType, tiny_library: LetterLibrary, sample_of: Callable, longest: int | None, hand: int | str
) -> None:
    words = [sample_of("bead", "new"), sample_of("gone", "new"), sample_of("badgonedo", "new")]
    made = restacking.rebuild(words, tiny_library, longest, hand)
    assert all(m is not None and m.text == w.text and m.borders is None for m, w in zip(made, words, strict=True))
    again = restacking.rebuild(words, tiny_library, longest, hand)
    assert all(np.array_equal(m.image, a.image) for m, a in zip(made, again, strict=True))


def test_a_word_of_letters_that_are_in_no_other_sample_is_left_out(
    restacking: ModuleType, tiny_library: LetterLibrary, sample_of: Callable
) -> None:
    assert restacking.rebuild([sample_of("Bean", "new"), sample_of("nod", "new")], tiny_library, 2)[0] is None
