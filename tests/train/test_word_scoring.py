"""Word F1 on hand-made pages, and overlaps against exact areas."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from stackmix.train.word_scoring import Counts, overlap, score, total


def box(x: float, y: float, width: float, height: float) -> NDArray[np.float32]:
    return np.array([(x, y), (x + width, y), (x + width, y + height), (x, y + height)], np.float32)


@given(st.lists(st.integers(1, 60), min_size=8, max_size=8))
@settings(max_examples=60, deadline=None)
def test_overlaps_are_those_of_boxes(n: list[int]) -> None:
    own, other, both = overlap(box(*n[:4]), box(*n[4:]))
    wide = max(0.0, min(n[0] + n[2], n[4] + n[6]) - max(n[0], n[4]))
    high = max(0.0, min(n[1] + n[3], n[5] + n[7]) - max(n[1], n[5]))
    exact = wide * high / (n[2] * n[3] + n[6] * n[7] - wide * high)
    if min(n[2:4] + n[6:8]) > 10:
        assert both / (own + other - both) == pytest.approx(exact, abs=0.09)


def test_each_true_word_counts_for_one_found_word() -> None:
    true = [box(0, 0, 50, 20), box(60, 0, 50, 20)]
    found = [box(1, 0, 50, 20), box(0, 1, 50, 20), box(62, 2, 48, 18), box(200, 0, 9, 9)]
    assert score(found, true, [False, False]) == Counts(right=2, found=4, true=2)
    assert score(found, true, [False, False]).f1 == pytest.approx(2 * 2 / 6)


def test_under_half_there_is_no_pair() -> None:
    assert score([box(0, 0, 40, 20)], [box(0, 0, 100, 20)], [False]) == Counts(0, 1, 1)
    assert score([box(0, 0, 60, 20)], [box(0, 0, 100, 20)], [False]) == Counts(1, 1, 1)


def test_what_is_to_be_ignored_counts_on_neither_side() -> None:
    true, ignored = [box(0, 0, 50, 20), box(60, 0, 50, 20), box(120, 10, 6, 8)], [False, True, True]
    assert score([box(0, 0, 50, 20)], true, ignored) == Counts(1, 1, 1)
    assert score([box(0, 0, 50, 20), box(60, 0, 50, 20)], true, ignored) == Counts(1, 1, 1)  # matched
    assert score([box(0, 0, 50, 20), box(60, 0, 20, 20)], true, ignored) == Counts(1, 1, 1)  # lies in it
    assert score([box(0, 0, 50, 20), box(115, 0, 40, 30)], true, ignored) == Counts(1, 2, 1)  # only touches it


def test_pages_add_up_and_nothing_on_nothing_is_right() -> None:
    assert total([Counts(1, 2, 3), Counts(4, 5, 6)]) == Counts(5, 7, 9)
    assert score([], [], []).f1 == 1
    assert score([], [box(0, 0, 9, 9)], [False]).f1 == 0
