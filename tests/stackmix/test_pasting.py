"""Random pieces plainly pasted: the longest pieces first, each box as it stands in its source."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackmix.library import LetterLibrary
from stackmix.pasting import cover, paste
from stackmix.rack import BASELINE, X_HEIGHT
from stackmix.synthesis import Stacker
from stackmix.types import DataError

TEXTS = st.lists(st.text("abdegnop-.,B", min_size=1, max_size=9), min_size=1, max_size=3).map(" ".join)


def spelled(library: LetterLibrary, pieces: tuple) -> str:
    texts = dict(zip(library.ids, library.texts, strict=True))
    return "".join(texts[id][first : first + n] for id, first, n, _ in pieces)


@settings(max_examples=40, deadline=None)
@given(TEXTS, st.integers(0, 2**32))
def test_pieces_spell_the_text_and_borders_rise(tiny_library: LetterLibrary, text: str, seed: int) -> None:
    word = paste(tiny_library, text, np.random.default_rng(seed), 48)
    assert spelled(tiny_library, word.pieces) == text.replace(" ", "")
    assert word.image.shape[0] == 48 and len(word.borders) == len(text) + 1
    assert (np.diff(word.borders) >= 1).all() and word.borders[-1] <= word.image.shape[1]
    assert len(word.boxes) == 1 + text.count(" ")


@settings(max_examples=60, deadline=None)
@given(st.text("abdegnop", min_size=1, max_size=12), st.integers(0, 2**32))
def test_cover_is_the_longest_match_from_the_left(tiny_library: LetterLibrary, word: str, seed: int) -> None:
    """For some k every piece is the longest prefix of what is left, of at most k letters, that any text holds."""
    pieces = cover(tiny_library, word, np.random.default_rng(seed))

    def greedy(k: int) -> list[int]:
        lengths, rest = [], word
        while rest:
            n = max(
                n for n in range(1, k + 1) if n <= len(rest) and any(rest[:n] in text for text in tiny_library.texts)
            )
            lengths.append(n)
            rest = rest[n:]
        return lengths

    assert [piece.length for piece in pieces] in [greedy(k) for k in range(3, 9)]


def test_any_instance_is_as_good_as_any_other(tiny_library: LetterLibrary) -> None:
    rng = np.random.default_rng(0)
    drawn = Counter(cover(tiny_library, "a", rng)[0] for _ in range(2000))
    instances = tiny_library.letters("a")
    assert set(drawn) == set(instances)
    assert max(drawn.values()) < 2.5 * 2000 / len(instances)


def test_a_box_is_its_source_at_its_own_size(sample_of: Callable) -> None:
    """At the size it was drawn in, a word that is one piece comes out as it is."""
    sample = sample_of("gone", unit=26)
    geometry = np.array([[58, 0, 26, 0, 4]], np.float32)
    library = LetterLibrary.of([sample], "train", geometry)
    word = next(
        w for w in (paste(library, "gone", np.random.default_rng(s), 100) for s in range(99)) if len(w.pieces) == 1
    )
    top, left = round(BASELINE * 100) - 58, round(0.3 * X_HEIGHT * 100)
    own = sample.image[:, sample.borders[0] : sample.borders[-1]]
    assert np.array_equal(word.image[top : top + len(own), left : left + own.shape[1]][: 100 - top], own[: 100 - top])
    assert np.array_equal(word.borders - word.borders[0], sample.borders - sample.borders[0])


def test_stack_pastes_where_it_is_asked_to(tiny_library: LetterLibrary) -> None:
    stacker = Stacker(tiny_library, 48)
    word = stacker.stack("bad  gone", np.random.default_rng(3), choice="random")
    again = paste(tiny_library, "bad gone", np.random.default_rng(3), 48)
    assert word.image.tobytes() == again.image.tobytes() and word.pieces == again.pieces
    with pytest.raises(DataError, match="has no q"):
        stacker.stack("qad", np.random.default_rng(3), choice="random")


def test_a_missing_letter_is_named(sample_of: Callable) -> None:
    unsure = replace(sample_of("ab"), scores=np.zeros(2, np.float32))
    library = LetterLibrary.build([unsure, sample_of("ad")], "train")
    with pytest.raises(DataError, match="'ab' cannot be written: the library has no 'b'"):
        cover(library, "ab", np.random.default_rng(0))
