"""Coverage against a plain count over the texts, rejected and unsure letters apart."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from stackmix.coverage import NAMED, SCARCE, Places, coverage, scarcest
from stackmix.library import LetterLibrary, usable
from stackmix.types import Sample


def counted(library: LetterLibrary) -> dict[str, Places]:
    """The same by brute force: look left and right of every letter."""
    keep = usable(library.texts, library.scores).tolist()
    found: dict[str, list[int]] = {}
    for text in library.texts:
        for k, character in enumerate(text):
            kept = keep.pop(0)
            if character.isspace():
                continue
            before, after = k > 0 and text[k - 1].isalnum(), k + 1 < len(text) and text[k + 1].isalnum()
            place = ("medial" if after else "final") if before else ("initial" if after else "alone")
            found.setdefault(character, [0] * 4)[Places._fields.index(place)] += kept
    return {character: Places(*found[character]) for character in sorted(found)}


def bare(text: str, scores: list[float]) -> Sample:
    borders = np.arange(0, 4 * len(text) + 1, 4, dtype=np.int32)
    return Sample(np.full((8, 4 * len(text)), 255, np.uint8), text, text, borders=borders, scores=np.float32(scores))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.lists(st.tuples(st.sampled_from("abж-, "), st.sampled_from([0.0, 0.1, 0.15, 0.9])), min_size=1, max_size=9),
        min_size=1,
        max_size=6,
    )
)
def test_coverage_is_a_plain_count(words: list[list[tuple[str, float]]]) -> None:
    samples = [bare("".join(c for c, _ in word), [s for _, s in word]) for word in words]
    geometry = np.tile(np.float32([6, 0, 3, 0, 1]), (len(samples), 1))
    library = LetterLibrary.of(samples, "train", geometry)
    assert coverage(library) == counted(library)
    assert list(coverage(library)) == sorted({c for text in library.texts for c in text} - {" "})


def test_places_of_a_known_library(sample_of: Callable) -> None:
    library = LetterLibrary.build([sample_of("abba"), sample_of("a"), sample_of("da-b")], "train")
    assert coverage(library) == {
        "-": Places(0, 1, 0, 0),
        "a": Places(1, 0, 2, 1),
        "b": Places(0, 2, 0, 1),
        "d": Places(1, 0, 0, 0),
    }


def test_rejected_letters_are_not_covered(sample_of: Callable) -> None:
    word = replace(sample_of("bad"), scores=np.float32([0.9, 0, 0.9]))
    found = coverage(LetterLibrary.build([word], "train"))
    assert found["a"] == Places(0, 0, 0, 0) and sum(found["b"]) == sum(found["d"]) == 1


def test_scarcest_names_the_rarest_first() -> None:
    found = {"a": Places(3, 2, 0, 0), "Z": Places(2, 0, 0, 0), "Q": Places(1, 0, 0, 1), "ъ": Places(0, 0, 0, 0)}
    assert scarcest(found) == "4 characters; fewer than 5 instances: 'ъ' (0), 'Q' (2), 'Z' (2)"
    assert scarcest({"a": Places(SCARCE, 0, 0, 0)}) == "1 character; fewer than 5 instances: none"
    many = {chr(0x400 + k): Places(1, 0, 0, 0) for k in range(NAMED + 3)}
    assert scarcest(many).endswith(" and 3 more") and scarcest(many).count("(1)") == NAMED
