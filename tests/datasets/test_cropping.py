"""Cutting along polygons: inside nothing changes, outside there is paper of the place."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackmix import pages
from stackmix.datasets import cropping

DIAMOND = np.array([(60, 10), (110, 40), (60, 70), (10, 40)], np.float32)


def page(colour: bool = True) -> np.ndarray:
    """Paper that grows darker to the right, with a dark word inside the diamond, and other ink around it."""
    shade = np.linspace(235, 180, 120)[None, :] * np.ones((80, 1))
    image = np.stack([shade, shade - 10, shade - 30], axis=-1) if colour else shade
    image[35:45, 40:80:6] = image[35:45, 41:80:6] = 30
    image[5:20, 5:30] = image[60:75, 90:115] = 20
    return image.round().astype(np.uint8)


@pytest.mark.parametrize("colour", [True, False])
def test_outside_is_the_paper_of_the_place(colour: bool) -> None:
    image = page(colour)
    cut = cropping.cut(image, DIAMOND)
    assert cut.shape[:2] == (60, 100)
    for x, y in ((2, 2), (97, 2), (2, 57), (97, 57), (8, 5), (92, 55)):  # among them the other ink
        clean = page(colour)[39, 10 + x] if colour else page(False)[39, 10 + x]
        assert np.abs(cut[y, x].astype(int) - clean.astype(int)).max() <= 12
    assert cut.min(axis=(0, 1)).max() == 30  # the word is there, the darker ink around it is not


def test_inside_every_pixel_is_that_of_the_page() -> None:
    image, cut = page(), cropping.cut(page(), DIAMOND)
    for y in range(60):
        reach = 50 * (1 - abs(y - 30) / 30)
        for x in range(int(50 - reach) + 2, int(50 + reach) - 2):
            assert (cut[y, x] == image[y + 10, x + 10]).all()


@settings(max_examples=60, deadline=None)
@given(st.integers(-20, 130), st.integers(-20, 90), st.integers(1, 60), st.integers(1, 60))
def test_a_box_is_the_plain_slice(x: int, y: int, width: int, height: int) -> None:
    image = page()
    plain = image[max(y, 0) : max(y + height, 0), max(x, 0) : max(x + width, 0)]
    assert np.array_equal(cropping.cut(image, pages.box(x, y, width, height)), plain)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(-30, 150, allow_subnormal=False), st.floats(-30, 110, allow_subnormal=False)),
        min_size=3,
        max_size=8,
    ),
    st.booleans(),
)
def test_any_polygon_cuts_without_black(points: list[tuple[float, float]], colour: bool) -> None:
    image = np.full((80, 120, 3) if colour else (80, 120), 200, np.uint8)
    cut = cropping.cut(image, np.array(points, np.float32))
    assert cut.dtype == np.uint8 and cut.ndim == image.ndim and (cut == 200).all()


def test_a_polygon_outside_the_page_has_no_pixels() -> None:
    assert not cropping.cut(page(), DIAMOND + 500).size
    corner = np.array([(-30, 60), (-30, 120), (40, 120)], np.float32)  # its box overlaps the page, it does not
    assert not cropping.cut(page(), corner).size


def test_corners_at_any_distance() -> None:
    far = np.array([(-1e30, -1e30), (1e30, -1e30), (1e30, 1e30), (-1e30, 1e30)], np.float32)
    assert np.array_equal(cropping.cut(page(), far), page())
