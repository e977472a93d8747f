"""Ink apart from paper: bilevel, shaded, coloured and degenerate pictures."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackmix.geometry import INK
from stackmix.ink import _quantile, ink_of


def test_bilevel_ink_is_exact(draw: Callable) -> None:
    image = draw("bad").image
    assert np.array_equal(ink_of(image), 255 - image)


@pytest.mark.parametrize("axis", [0, 1])
def test_shadow_on_grey_paper_is_divided_out(draw: Callable, axis: int) -> None:
    drawn = draw("bad gone")
    written = drawn.image == 0
    shadow = np.linspace(110, 235, drawn.image.shape[axis])
    paper = np.broadcast_to(shadow[:, None] if axis == 0 else shadow, drawn.image.shape)
    ink = ink_of((paper * np.where(written, 0.35, 1.0)).astype(np.uint8))
    assert ink[written].min() > 180
    assert ink[~written].max() < INK  # no paper counts as a stroke


def test_pale_ink_comes_out_as_dark_as_black_ink(draw: Callable) -> None:
    image = draw("bad").image
    pale = np.where(image == 0, 150, 240).astype(np.uint8)
    assert np.abs(ink_of(pale).astype(int) - ink_of(image)).max() <= 3


def test_tight_full_stop_is_ink_and_not_paper() -> None:
    image = np.full((8, 8), 230, np.uint8)
    image[1:7, 1:7] = 30
    ink = ink_of(image)
    assert ink[1:7, 1:7].min() > 240
    assert ink[[0, 7]].max() == 0 and ink[:, [0, 7]].max() == 0


@pytest.mark.parametrize("value", [1, 60, 128, 254, 255])
@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (7, 31), (90, 300), (5, 9, 3)])
def test_blank_paper_of_any_brightness_has_no_ink(shape: tuple[int, ...], value: int) -> None:
    assert ink_of(np.full(shape, value, np.uint8)).max() == 0


def test_colour_counts_by_its_brightness(draw: Callable) -> None:
    grey = draw("peg").image
    blue = np.where(grey[..., None] == 0, [20, 30, 160], [250, 245, 230]).astype(np.uint8)
    ink = ink_of(blue)
    assert ink.shape == grey.shape
    assert ink[grey == 0].min() > 240 and ink[grey == 255].max() == 0


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.integers(1, 60), st.integers(0, 2**32 - 1))
def test_any_picture_gives_ink_of_its_size(height: int, width: int, seed: int) -> None:
    image = np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)
    ink = ink_of(image)
    assert ink.shape == image.shape and ink.dtype == np.uint8
    assert ink[image == image.max()].min() <= ink.max()
    assert (ink[image == 255] == 0).all()  # white is paper wherever it is


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 900),
    st.floats(0.0, 0.2, allow_subnormal=False),
    st.sampled_from([0.1, 1.0, 1.5]),
    st.sampled_from([5, 255, 2**20]),
)
def test_the_darkest_ink_is_numpys_quantile(seed: int, count: int, share: float, most: float, steps: int) -> None:
    values = (np.random.default_rng(seed).integers(0, steps + 1, count) * (most / steps)).astype(np.float32)
    assert _quantile(values, share) == pytest.approx(float(np.quantile(values, share)), abs=1e-6)
