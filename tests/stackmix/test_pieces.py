"""The index of pieces against a dictionary of all substrings, and its edges: last, unknown and astral letters."""

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackmix.pieces import PieceIndex, _hash_table, find_key
from stackmix.types import MAX_PIECE, DataError

LETTERS = "aabя😀\U0010ffff \u00a0"
TEXTS = st.lists(st.text(LETTERS, max_size=12), max_size=6)


def all_pieces(texts: list[str], usable: list[bool]) -> dict[str, list[tuple[int, int]]]:
    """Every substring of up to 8 usable letters without white space, by slicing."""
    found, start = defaultdict(list), 0
    for sample, text in enumerate(texts):
        for first in range(len(text)):
            for end in range(first + 1, min(first + MAX_PIECE, len(text)) + 1):
                piece = text[first:end]
                if all(usable[start + first : start + end]) and not any(c.isspace() for c in piece):
                    found[piece].append((sample, first))
        start += len(text)
    return found


def entries(index: PieceIndex, piece: str) -> list[tuple[int, int]]:
    found = index.find(piece)
    return list(zip(index.entry_sample[found].tolist(), index.entry_position[found].tolist(), strict=True))


@settings(max_examples=80, deadline=None)
@given(TEXTS, st.data())
def test_every_piece_is_found_and_nothing_else(texts: list[str], data: st.DataObject) -> None:
    letters = sum(map(len, texts))
    usable = data.draw(st.lists(st.booleans(), min_size=letters, max_size=letters))
    writers = np.array(data.draw(st.lists(st.integers(0, 2), min_size=len(texts), max_size=len(texts))), np.int32)
    index = PieceIndex.of(texts, writers, np.array(usable, bool))
    expected = all_pieces(texts, usable)
    for piece, places in expected.items():
        assert entries(index, piece) == sorted(places, key=lambda p: (writers[p[0]], p))
        assert index.entry_writer[index.find(piece)].tolist() == sorted(int(writers[s]) for s, _ in places)
    assert len(index.keys) == len(expected)
    assert len(index.entry_sample) == sum(map(len, expected.values()))
    assert index.counts() == {c: len(expected[c]) for c in {c for c in expected if len(c) == 1}}
    for other in data.draw(st.lists(st.text(LETTERS + "z", max_size=10), max_size=5)):
        assert entries(index, other) == sorted(expected.get(other, []), key=lambda p: (writers[p[0]], p))


@pytest.mark.parametrize("text", ["x", "Labour", "ёж", "a😀", "12345678", "123456789"])
def test_last_letter_of_every_text_is_found(text: str) -> None:
    index = PieceIndex.of(["aba", text], np.zeros(2, np.int32))
    for length in range(1, min(len(text), MAX_PIECE) + 1):
        assert (1, len(text) - length) in entries(index, text[-length:])


def test_pieces_never_reach_into_the_next_text() -> None:
    index = PieceIndex.of(["ab", "cd"], np.zeros(2, np.int32))
    assert entries(index, "bc") == [] and entries(index, "abcd") == []
    assert entries(index, "cd") == [(1, 0)]


@pytest.mark.parametrize("piece", ["", "q", "aq", "я", "😀", "a b", " ", "aaaaaaaaa"])
def test_what_is_not_there_is_empty(piece: str) -> None:
    index = PieceIndex.of(["aaaaaaaaa", "a b"], np.zeros(2, np.int32))
    assert entries(index, piece) == []


def test_no_texts_and_no_usable_letter() -> None:
    for texts in ([], [""], ["ab"]):
        index = PieceIndex.of(texts, np.zeros(len(texts), np.int32), np.zeros(sum(map(len, texts)), bool))
        assert index.alphabet == "" and index.counts() == {} and entries(index, "a") == []


def test_255_letters_fit_and_256_do_not() -> None:
    letters = "".join(chr(0x4E00 + k) for k in range(256))
    index = PieceIndex.of([letters[:255]], np.zeros(1, np.int32))
    assert all(entries(index, c) == [(0, k)] for k, c in enumerate(letters[:255]))
    assert entries(index, letters[247:255]) == [(0, 247)]
    assert entries(index, letters[255]) == []
    with pytest.raises(DataError, match="255 letters, not 256"):
        PieceIndex.of([letters], np.zeros(1, np.int32))


@settings(max_examples=50, deadline=None)
@given(st.sets(st.integers(1, 2**64 - 1), max_size=60), st.lists(st.integers(1, 2**64 - 1), max_size=20))
def test_hash_table_is_a_dictionary(keys: set[int], others: list[int]) -> None:
    ordered = np.array(sorted(keys), np.uint64)
    places = {int(key): place for place, key in enumerate(ordered)}
    slots = _hash_table(ordered)
    for key in [*keys, *others]:
        assert find_key(np.uint64(key), ordered, slots) == places.get(key, -1)
