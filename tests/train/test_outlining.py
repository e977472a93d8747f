"""Outlines of labels: the right area, one outer line, never crossing itself, near what they outline."""

import itertools

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from stackmix.train.outlining import crosses, outlines


def area(polygon: NDArray[np.float32]) -> float:
    x, y = polygon.astype(np.float64).T
    return abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2


def turns(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> float:
    return float((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]))


def meet(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray) -> bool:
    """Whether two pieces of line meet, by the signs of four triangles and by the boxes where all are flat."""
    signs = [np.sign(turns(a, b, c)), np.sign(turns(a, b, d)), np.sign(turns(c, d, a)), np.sign(turns(c, d, b))]
    boxes = all(max(min(a[k], b[k]), min(c[k], d[k])) <= min(max(a[k], b[k]), max(c[k], d[k])) for k in (0, 1))
    return bool(boxes and signs[0] * signs[1] <= 0 and signs[2] * signs[3] <= 0)


def brute(polygon: NDArray[np.float64]) -> bool:
    """Whether sides that are no neighbours meet, looked at pair by pair, or neighbours fold back."""
    sides = [(polygon[k], polygon[(k + 1) % len(polygon)]) for k in range(len(polygon))]
    for (i, one), (j, other) in itertools.combinations(enumerate(sides), 2):
        if (j - i) % len(sides) in (1, len(sides) - 1):
            corner = other[0] if j - i == 1 else one[0]
            ends = [p for p in (*one, *other) if not (p == corner).all()]
            if len(ends) == 2 and turns(corner, *ends) == 0 and (ends[0] - corner) @ (ends[1] - corner) > 0:
                return True
        elif meet(*one, *other):
            return True
    return False


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=4, max_size=9, unique=True))
@settings(max_examples=300, deadline=None)
def test_crossings_are_found_as_by_brute_force(points: list[tuple[int, int]]) -> None:
    polygon = np.array(points, np.float64)
    assert crosses(polygon) == brute(polygon)


@given(*[st.integers(1, 24)] * 2, st.integers(1, 10), st.integers(0, 9999), st.sampled_from([0.0, 1.0, 3.0]))
@settings(max_examples=150, deadline=None)
def test_outlines_are_single_lines_around_the_largest_part(
    height: int, width: int, share: int, seed: int, tolerance: float
) -> None:
    mask = (np.random.default_rng(seed).random((height, width)) < share / 10).astype(np.uint8)
    found = outlines(mask.astype(np.int32), tolerance)
    if not mask.any():
        assert not found
        return
    polygon = found[1]
    assert polygon.dtype == np.float32 and len(polygon) >= 3 and not crosses(polygon.astype(np.float64))
    if tolerance == 0:
        _, parts, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
        sizes = stats[1:, cv2.CC_STAT_AREA]
        largest = np.pad(parts == 1 + sizes.argmax(), 1).astype(np.uint8)
        around = cv2.floodFill(1 - largest, None, (0, 0), 0, flags=8)[1]  # what is left are holes, without an outline
        # a convex corner loses 1/8 pixel, another gains as much, and there are four more of the first kind
        assert abs(area(polygon) - (largest | around).sum() + 0.5) < 1e-3


def test_a_hole_is_no_word_and_specks_are_none_either() -> None:
    labels = np.zeros((30, 40), np.int32)
    labels[5:20, 5:30], labels[9:15, 9:20], labels[25, 35] = 7, 0, 7
    found = outlines(labels, 0.8)
    assert [*found] == [7]
    assert found[7].min(axis=0).tolist() == [5, 5] and found[7].max(axis=0).tolist() == [30, 20]


def test_of_a_box_four_or_few_points_are_left() -> None:
    labels = np.zeros((30, 40), np.int32)
    labels[5:20, 5:30] = 1
    assert len(outlines(labels)[1]) <= 8
