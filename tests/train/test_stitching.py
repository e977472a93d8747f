"""Stitching: a map cut into windows comes back whole, whatever the windows; words stay apart, and become one."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from stackmix.train.stitching import Stitched, corners, stitch
from stackmix.types import DataError

Cut = tuple[NDArray[np.int32], NDArray[np.int64], int]


def cut(labels: NDArray[np.int32], size: int, overlap: int, offset: tuple[int, int]) -> Cut:
    """Windows of a map with pieces numbered anew in each, in a shuffled order, as a network would give them."""
    places, pieces = corners(labels.shape, size, overlap, offset), 0
    windows = np.zeros((len(places), size, size), np.int32)
    rng = np.random.default_rng(0)
    for window, (y, x) in zip(windows, places.tolist(), strict=True):
        part = labels[max(y, 0) : y + size, max(x, 0) : x + size]
        window[max(-y, 0) :, max(-x, 0) :][: part.shape[0], : part.shape[1]] = part
        own = rng.permutation(np.unique(part[part > 0]))
        numbers = np.zeros(labels.max(initial=0) + 1, np.int32)
        numbers[own] = np.arange(pieces + 1, pieces + 1 + len(own))
        window[:] = numbers[window]
        pieces += len(own)
    return windows, places, pieces


def same_parting(one: NDArray[np.int32], other: NDArray[np.int32]) -> bool:
    """Whether two maps part the page in the same way, whatever the numbers."""
    pairs = {*zip(one.ravel().tolist(), other.ravel().tolist(), strict=True)}
    return len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs}) and (0 in one) == ((0, 0) in pairs)


def through(labels: NDArray[np.int32], size: int, overlap: int, offset: tuple[int, int] = (0, 0)) -> Stitched:
    windows, places, pieces = cut(labels, size, overlap, offset)
    return stitch(windows, places, labels.shape, overlap, pieces)


@st.composite
def maps(draw: st.DrawFn) -> NDArray[np.int32]:
    """Words of any shape, each hanging together by the sides of its pixels and none touching another by a side."""
    height, width = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    noise = (rng.random((height, width)) < draw(st.integers(0, 10)) / 10).astype(np.uint8)
    return cv2.connectedComponents(noise, connectivity=4)[1].astype(np.int32)


@given(maps(), st.integers(1, 24), st.data())
@settings(max_examples=150, deadline=None)
def test_a_map_cut_into_windows_comes_back(labels: NDArray[np.int32], size: int, data: st.DataObject) -> None:
    overlap = data.draw(st.integers(0, size - 1))
    offset = data.draw(st.tuples(*[st.integers(0, size - overlap - 1)] * 2))
    stitched = through(labels, size, overlap, offset)
    if (labels > 0).all():
        assert stitched.labels.min() == stitched.labels.max() == 1
    else:
        assert same_parting(labels, stitched.labels)
    assert stitched.word_of.max(initial=0) == labels.max(initial=0)


@given(st.integers(4, 12), st.integers(1, 3), st.integers(0, 2**32 - 1))
@settings(max_examples=50, deadline=None)
def test_with_an_overlap_neighbours_that_touch_stay_two(size: int, overlap: int, seed: int) -> None:
    """A page tiled with words that touch all around: bars of random length in rows of random height."""
    rng = np.random.default_rng(seed)
    rows = np.cumsum(rng.random(37) < 0.2)
    columns = np.cumsum(rng.random((rows.max() + 1, 53)) < 0.2, axis=1)
    labels = (rows[:, None] * 60 + columns[rows] + 1).astype(np.int32)
    numbers = np.unique(labels, return_inverse=True)[1].reshape(labels.shape).astype(np.int32) + 1
    assert same_parting(numbers, through(numbers, size, overlap).labels)


def test_a_word_spans_many_windows_and_its_neighbour_stays_another() -> None:
    labels = np.zeros((60, 500), np.int32)
    labels[10:22, 5:480], labels[24:40, 5:480] = 1, 2
    stitched = through(labels, 32, 6)
    assert (stitched.labels == labels).all()
    assert len(stitched.word_of) > 40


def test_what_little_of_two_words_overlaps_does_not_join_them() -> None:
    """Of the 6 x 4 common pixels of two masks that differ, a quarter is shared: two words; all but one column: one."""
    windows, places = np.zeros((2, 10, 10), np.int32), corners((10, 16), 10, 4)
    windows[0, 2:8, 3:7], windows[1, 2:8, 0:6] = 1, 2
    assert stitch(windows, places, (10, 16), 4, 2).labels.max() == 1  # every common pixel of 1 is one of 2 too
    windows[0, 2:8, 3:10], windows[1], windows[1, 6:10, 0:6] = 1, 0, 2
    windows[0, 6:8, 8:10] = 0
    assert stitch(windows, places, (10, 16), 4, 2).word_of.tolist() == [0, 1, 2]


def test_the_page_is_covered_to_its_edges() -> None:
    for shape in ((1, 1), (7, 300), (256, 256), (257, 511)):
        for overlap in (0, 40):
            labels = np.ones(shape, np.int32)
            assert (through(labels, 256, overlap).labels == 1).all()


def test_windows_that_cannot_be_are_refused() -> None:
    with pytest.raises(DataError, match="windows of 32 pixels can't overlap by 32"):
        corners((10, 10), 32, 32)
