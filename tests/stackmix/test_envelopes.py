"""Polygons around ink: they leave nothing outside, are close to it, and are simple."""

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from stackmix.envelopes import INKED, edges, joined, polygon


def drawn(seed: int, height: int, width: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    cover = np.zeros((height, width), np.uint8)
    for _ in range(rng.integers(1, 5)):
        ends = rng.integers(0, (width, height), (2, 2))
        cv2.line(cover, ends[0].tolist(), ends[1].tolist(), int(rng.integers(40, 255)), int(rng.integers(1, 4)))
    return cover


def inside(shape: tuple[int, int], found: np.ndarray) -> np.ndarray:
    """Which pixels' centres lie in a polygon, by crossings of a ray."""
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]] + 0.5
    odd = np.zeros(shape, bool)
    for (x0, y0), (x1, y1) in zip(found, np.roll(found, -1, axis=0), strict=True):
        if y0 != y1:
            odd ^= ((y0 > y) != (y1 > y)) & (x < (x1 - x0) * (y - y0) / (y1 - y0) + x0)
    return odd


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(5, 50), st.integers(5, 90), st.integers(2, 20))
def test_all_ink_is_inside(seed: int, height: int, width: int, strip: int) -> None:
    cover = drawn(seed, height, width)
    found = edges(cover, strip)
    inked = cover >= INKED
    assert (len(found) == 0) == (not inked.any())
    if len(found):
        around = polygon(found, 0.01)
        assert inside(cover.shape, around)[inked].all()
        assert (np.diff(found[:, 0]) > 0).all() and (found[:, 1] < found[:, 2]).all()  # so it is simple
        rows, columns = np.flatnonzero(inked.any(axis=1)), np.flatnonzero(inked.any(axis=0))
        assert found[0, 0] == columns[0] and found[-1, 0] == columns[-1] + 1
        assert found[:, 1].min() == rows[0] and found[:, 2].max() == rows[-1] + 1


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 5), st.floats(5, 60))
def test_a_line_holds_its_words(seed: int, count: int, strip: float) -> None:
    rng = np.random.default_rng(seed)
    parts, page = [], np.zeros((120, 400), np.uint8)
    for k in range(count):
        cover, x, y = drawn(seed + k, 30, 50), 10 + 70 * k, int(rng.integers(20, 50))
        if (cover >= INKED).any():
            parts.append(edges(cover, 8) + np.array([x, y, y], np.float32))
            page[y : y + 30, x : x + 50] = np.maximum(page[y : y + 30, x : x + 50], cover)
    if parts:
        found = joined(parts, strip)
        assert inside(page.shape, polygon(found, 0.5))[page >= INKED].all()
        assert found[:, 1].min() == min(p[:, 1].min() for p in parts)
        assert found[:, 2].max() == max(p[:, 2].max() for p in parts)


def test_strips_without_ink_go_on_as_their_neighbours() -> None:
    cover = np.zeros((20, 40), np.uint8)
    cover[5:9, 10:12] = 255
    cover[12:14, 28:30] = 255
    found = edges(cover, 5)
    assert found.tolist() == [[10, 5, 9], [15, 5, 9], [20, 5, 14], [25, 12, 14], [30, 12, 14]]
