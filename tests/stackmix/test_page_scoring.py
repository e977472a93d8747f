"""Page scores on pages made by hand: who takes which prediction, what is left over, what invalid polygons are worth."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackmix.page_scoring import contest_pairs, most_pairs, overlaps, score
from stackmix.types import Region


def box(x: float, y: float, width: float, height: float, text: str = "") -> Region:
    return Region(np.array([(x, y), (x + width, y), (x + width, y + height), (x, y + height)], np.float32), text)


def bow_tie(x: float, y: float, size: float, text: str = "") -> Region:
    """A polygon that crosses itself."""
    return Region(np.array([(x, y), (x + size, y + size), (x + size, y), (x, y + size)], np.float32), text)


BOX = st.builds(box, *[st.integers(0, 12)] * 2, *[st.integers(1, 9)] * 2)


@settings(max_examples=80, deadline=None)
@given(st.lists(BOX, max_size=4), st.lists(BOX, max_size=4))
def test_overlaps_are_those_of_painted_boxes(true: list[Region], found: list[Region]) -> None:
    def painted(region: Region) -> np.ndarray:
        (x, y), (right, bottom) = region.polygon.min(0).astype(int), region.polygon.max(0).astype(int)
        out = np.zeros((24, 24), bool)
        out[y:bottom, x:right] = True
        return out

    table = overlaps(true, found)
    assert table.shape == (len(true), len(found))
    for i, a in enumerate(map(painted, true)):
        for j, b in enumerate(map(painted, found)):
            assert table[i, j] == pytest.approx((a & b).sum() / (a | b).sum())


def test_a_slanted_polygon_is_cut_exactly() -> None:
    triangle = Region(np.array([(0, 0), (10, 0), (0, 10)], np.float32))
    assert overlaps([box(0, 0, 10, 10)], [triangle]) == pytest.approx(np.array([[0.5]]))
    assert overlaps([triangle], [Region(triangle.polygon[::-1])]) == pytest.approx(np.array([[1.0]]))


INVALID = {
    "crossing": bow_tie(0, 0, 10, "a"),
    "two points": Region(np.array([(0, 0), (9, 9)], np.float32), "a"),
    "none": Region(np.zeros((0, 2), np.float32), "a"),
    "a line": Region(np.array([(0, 0), (5, 5), (9, 9)], np.float32), "a"),
}


@pytest.mark.parametrize("name", INVALID)
def test_invalid_polygons_overlap_nothing(name: str) -> None:
    wrong, good = INVALID[name], box(0, 0, 10, 10, "a")
    assert overlaps([good], [wrong]) == overlaps([wrong], [good]) == overlaps([wrong], [wrong]) == 0
    assert contest_pairs([good], [wrong]) == [("a", ""), ("", "a")]
    assert contest_pairs([wrong], [good]) == [("a", ""), ("", "a")]


def test_truth_takes_in_its_own_order() -> None:
    """The first true word takes what the second has more of; the second gets what is left, however little it is."""
    true = [box(0, 0, 10, 10, "one"), box(8, 0, 10, 10, "two")]
    found = [box(8, 0, 10, 10, "TWO")]
    assert contest_pairs(true, found) == [("one", "TWO"), ("two", "")]
    assert contest_pairs(true[::-1], found) == [("two", "TWO"), ("one", "")]
    found = [box(0, 0, 10, 10, "ONE"), box(8, 0, 10, 10, "TWO"), box(50, 50, 5, 5, "far")]
    assert contest_pairs(true, found) == [("one", "ONE"), ("two", "TWO"), ("", "far")]
    assert contest_pairs(true, [box(9, 9, 10, 10, "?")]) == [("one", "?"), ("two", "")]
    assert contest_pairs([box(0, 0, 10, 10, "one")], [box(10, 0, 10, 10, "next")]) == [("one", ""), ("", "next")]


def test_score_of_a_page_by_hand() -> None:
    true = [box(0, 0, 10, 10, "cat"), box(20, 0, 10, 10, "dog"), box(40, 0, 10, 10, "bird")]
    found = [box(0, 0, 10, 10, "cot"), box(20, 0, 4, 10, "dog"), box(60, 0, 10, 10, "fly")]
    page = score(true, found)
    assert (page.pairs, page.edits, page.characters) == (4, 1 + 0 + 4 + 3, 10)
    assert page.cer == pytest.approx(0.8)
    assert (page.right, page.words, page.predictions) == (1, 3, 3) and page.f1 == pytest.approx(1 / 3)
    assert (page.text_edits, page.text_length) == (5, len("cat dog bird"))  # "cot dog fly": o, and 4 of "bird"


def test_empty_pages() -> None:
    word = box(0, 0, 10, 10, "cat")
    nothing = score([], [])
    assert (nothing.pairs, nothing.cer, nothing.f1) == (0, 0, 1)
    unread, invented = score([word], []), score([], [word])
    assert (unread.pairs, unread.cer, unread.f1) == (1, 1, 0)
    assert (invented.pairs, invented.edits, invented.characters, invented.f1) == (1, 3, 0, 0)


def test_what_is_ignored_costs_nothing_and_earns_nothing() -> None:
    word, blot = box(0, 0, 10, 10, "cat"), box(20, 0, 10, 10)
    assert score([word], [word, blot]).f1 == pytest.approx(2 / 3)
    assert score([word], [word, blot], [blot]).f1 == 1
    assert score([word], [word], [blot]).f1 == 1
    assert score([word], [blot], [blot]).f1 == 0


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 4), st.integers(0, 4), st.integers(0, 2**16 - 1))
def test_matching_is_the_largest(rows: int, columns: int, bits: int) -> None:
    possible = np.array([bits >> k & 1 for k in range(rows * columns)], bool).reshape(rows, columns)
    found = most_pairs(possible)
    assert all(possible[row, column] for column, row in found.items()) and len(set(found.values())) == len(found)
    wide = possible if rows <= columns else possible.T
    every = permutations(range(max(rows, columns)), min(rows, columns))
    assert len(found) == max(sum(wide[row, column] for row, column in enumerate(way)) for way in every)
