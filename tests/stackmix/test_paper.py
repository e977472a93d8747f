"""Drawn paper: the same again by its seed, ink darker than what it lies on, and lines where they are asked for."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackmix.paper import RULINGS, lines, on_paper

X_HEIGHT = 20.0


def bars(height: int = 120, width: int = 240) -> np.ndarray:
    """Black bars on white."""
    image = np.full((height, width), 255, np.uint8)
    image[height // 4 : -height // 4, width // 8 :: width // 4] = 0
    return image


@pytest.mark.parametrize("ruling", [*RULINGS, None])
def test_same_seed_same_bytes_and_another_seed_other_paper(ruling: str | None) -> None:
    first, again, other = (on_paper(bars(), X_HEIGHT, np.random.default_rng(s), ruling) for s in (5, 5, 6))
    assert first.tobytes() == again.tobytes() != other.tobytes()


@settings(max_examples=40, deadline=None)
@given(
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    x_height=st.floats(2.0, 60.0, allow_subnormal=False),
    ruling=st.sampled_from([*RULINGS, None]),
    seed=st.integers(0, 2**32 - 1),
)
def test_paper_of_any_size_keeps_it(height: int, width: int, x_height: float, ruling: str | None, seed: int) -> None:
    image = np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)
    before = image.copy()
    laid = on_paper(image, x_height, np.random.default_rng(seed), ruling)
    assert laid.shape == (height, width) and laid.dtype == np.uint8
    assert np.array_equal(image, before)


@pytest.mark.parametrize("ruling", RULINGS)
@pytest.mark.parametrize("shape", [(8, 8), (120, 240)])
def test_ink_stays_darker_than_its_paper(ruling: str, shape: tuple[int, int]) -> None:
    image = bars(*shape)
    for seed in range(40):
        laid = on_paper(image, X_HEIGHT, np.random.default_rng(seed), ruling).astype(float)
        assert laid[image == 0].mean() + 20 < laid[image == 255].mean()
        assert laid[image == 0].max() < np.median(laid[image == 255])


def ridges(laid: np.ndarray, axis: int) -> float:
    """How far single rows (axis 1) or columns (axis 0) are darker than those around them, at most."""
    means = laid.mean(axis=axis)
    around = np.array([np.median(means[max(0, k - 8) : k + 9]) for k in range(len(means))])
    return float((around - means).max())


@pytest.mark.parametrize(("ruling", "along", "upright"), [("plain", 0, 0), ("lined", 1, 0), ("squared", 1, 1)])
def test_lines_run_where_the_ruling_has_them(ruling: str, along: int, upright: int) -> None:
    """Means of rows and columns; a ruling's tilt, one in a hundred, moves a line little over forty pixels."""
    white = np.full((200, 200), 255, np.uint8)
    for seed in range(12):
        laid = on_paper(white, 24.0, np.random.default_rng(seed), ruling).astype(float)
        rows, columns = ridges(laid[:, :40], axis=1), ridges(laid[:40], axis=0)
        assert rows > 8 if along else rows < 5
        assert columns > 8 if upright else columns < 5


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.booleans(), st.floats(4.0, 60.0, allow_subnormal=False))
def test_lines_take_a_share_of_the_light(seed: int, crossed: bool, x_height: float) -> None:
    share = lines((90, 130), x_height, np.random.default_rng(seed), crossed)
    assert share.shape == (90, 130) and share.min() >= 0 and share.max() <= 0.3
    assert (share == 0).mean() > 0.3  # most of the paper is free
