"""Squares: the same in training and reading, of the right shape, the aspect ratio kept where it is to be."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackmix.train.recipes import Shaping, bent
from stackmix.train.shaping import Fit, on_white, pixels, shaped


@pytest.mark.parametrize("fit", ["kept", "squashed", "dark"])
@settings(max_examples=25, deadline=None)
@given(height=st.integers(1, 80), width=st.integers(1, 300), colour=st.booleans())
def test_any_image_becomes_a_batch(fit: Fit, height: int, width: int, colour: bool) -> None:
    rng = np.random.default_rng(height * 301 + width)
    image = rng.integers(0, 256, (height, width, 3) if colour else (height, width)).astype(np.uint8)
    batch = pixels([shaped(image, fit, 96)], 96)
    assert batch.shape == (1, 3, 96, 96) and batch.min() >= -1 and batch.max() <= 1


def test_the_shape_is_asserted() -> None:
    with pytest.raises(AssertionError, match=r"\(1, 3, 95, 96\) is not a batch of 96 x 96"):
        pixels([np.zeros((95, 96), np.uint8)], 96)


def box_of(square: np.ndarray) -> tuple[int, int]:
    rows, columns = np.nonzero((square if square.ndim == 2 else square[..., 0]) < 128)
    return int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1


@pytest.mark.parametrize("text", ["a", "bad", "gonegonegonegonegone"])
def test_the_aspect_ratio_is_kept(draw: Callable, text: str) -> None:
    image = draw(text, unit=20).image
    wanted, found = box_of(image), box_of(shaped(image, "kept", 384))
    assert found[1] / found[0] == pytest.approx(wanted[1] / wanted[0], rel=0.1)
    assert box_of(shaped(image, "squashed", 384))[0] == pytest.approx(384 * wanted[0] / image.shape[0], rel=0.1)


def test_long_stems_are_whole() -> None:
    """A low word with a stem six times as high, which the networks of a third of the rows cut off."""
    image = np.full((140, 170), 255, np.uint8)
    image[110:130, 10:160] = 0
    image[5:130, 80:83] = 0
    height, width = box_of(shaped(image, "kept", 384))
    assert width / height == pytest.approx(150 / 125, rel=0.05) and height > 384 // 3


def test_letters_are_as_large_in_short_words_as_in_long_ones(draw: Callable) -> None:
    short, long = (box_of(shaped(draw(text, unit=20).image, "kept", 384))[0] for text in ("on", "onon"))
    assert short == pytest.approx(long, abs=3)


def test_dark_is_black_above_and_below(draw: Callable) -> None:
    square = shaped(draw("bad").image, "dark", 384)
    assert not square[:128].any() and not square[256:].any() and (square[128:256] == 255).any()


def test_wide_ink_is_scaled_down_to_the_square() -> None:
    ink = np.zeros((32, 960), np.uint8)
    ink[:, 100:860] = 255
    rows, columns = np.nonzero(on_white(ink, 96) == 0)
    assert (columns.min(), columns.max() + 1) == (10, 86) and np.ptp(rows) + 1 == 3  # a tenth, in the middle
    assert rows.min() == 46


def test_augmentation_is_drawn_by_the_generator_and_keeps_the_ink(draw: Callable) -> None:
    image = draw("gone").image
    for fit in ("kept", "squashed", "dark"):
        shape = Shaping(fit, 96)  # type: ignore[arg-type]
        found, again = ([shape(image, np.random.default_rng(seed)).tobytes() for seed in range(6)] for _ in range(2))
        assert found == again and len(set(found)) > 2
    ink = np.zeros((128, 200), np.uint8)
    ink[40:90, 10:190:12] = 255
    mass = [bent(ink, np.random.default_rng(seed)).sum() / ink.sum() for seed in range(20)]
    assert min(mass) > 0.3 and max(mass) < 3.5 and np.std(mass) > 0.05
