"""Ink and paper apart: known ink on made-up paper comes off again, ruling runs on under it, odd sizes do no harm."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackmix import images
from stackmix.layers import separate

TONE = np.array([226.0, 222.0, 208.0])


def squared(shape: tuple[int, int], step: int, tilt: float = 0.0, strength: float = 0.3) -> np.ndarray:
    """(H, W, 3) paper with blue lines two pixels wide, level and upright, a little tilted."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    printed = np.zeros(shape)
    for along in (y + tilt * x, x - tilt * y):
        printed = np.maximum(printed, np.clip(1.5 - np.abs((along - 7) % step - step / 2), 0, 1))
    return TONE * (1 - strength * printed[..., None] * np.array([1.0, 0.7, 0.2]))


def written(cover: np.ndarray, paper: np.ndarray, colour: tuple[int, int, int], noise: float, seed: int) -> np.ndarray:
    """(H, W, 3) ink on paper as the formula has it, with noise."""
    seen = paper * (1 - cover[..., None] / 255 * (1 - np.array(colour) / 255))
    return np.clip(seen + np.random.default_rng(seed).normal(0, noise, seen.shape), 0, 255).round().astype(np.uint8)


def overlap(found: np.ndarray, cover: np.ndarray) -> float:
    a, b = found >= 128, cover >= 128
    return (a & b).sum() / (a | b).sum()


@pytest.mark.parametrize("grey", [False, True])
@pytest.mark.parametrize("colour", [(30, 30, 35), (40, 60, 160), (180, 40, 50)])
@pytest.mark.parametrize("tilt", [0.0, 0.012])
def test_ruling_is_paper_and_runs_on_under_the_ink(
    draw: Callable, colour: tuple[int, int, int], tilt: float, grey: bool
) -> None:
    cover = 255 - draw("handwriting", unit=24, margin=14).image
    paper = squared(cover.shape, 40, tilt)  # no line lies wholly under the bars of the drawn letters
    image = written(cover, paper, colour, 2.0, 1)
    if grey:
        image, paper = images.grey(image), paper @ [0.299, 0.587, 0.114]
    layers = separate(image)
    assert overlap(layers.ink, cover) > 0.93
    error = np.abs(layers.paper - paper)
    assert error.mean() < 3 and error[cover == 255].mean() < 6
    assert np.abs(layers.colour - (np.array(colour) @ [0.299, 0.587, 0.114] if grey else colour)).max() < 30


def test_what_was_taken_apart_goes_together_again(draw: Callable) -> None:
    cover = 255 - draw("recompose", unit=20, margin=12).image
    image = written(cover, squared(cover.shape, 26), (50, 40, 120), 0.0, 1)
    layers = separate(image)
    again = layers.paper * (1 - layers.ink[..., None] / 255 * (1 - layers.colour / 255))
    assert np.abs(again - image).mean() < 3


def test_a_shadow_and_a_stain_are_paper(draw: Callable) -> None:
    cover = 255 - draw("shadow", unit=24, margin=14).image
    y, x = np.mgrid[: cover.shape[0], : cover.shape[1]]
    light = np.where(x > cover.shape[1] // 2, 0.62, 1.0) * np.where(np.hypot(y - 50, x - 60) < 30, 0.85, 1.0)
    paper = TONE * light[..., None]
    layers = separate(written(cover, paper, (35, 35, 40), 2.0, 3))
    assert overlap(layers.ink, cover) > 0.9
    assert np.abs(layers.paper - paper).mean() < 4


def test_a_dash_is_ink_and_a_line_from_edge_to_edge_is_not() -> None:
    paper = np.full((60, 160), 220.0)
    paper[20:22] *= 0.6
    paper[40:43, 30:130] = 60
    layers = separate(paper.astype(np.uint8))
    assert (layers.ink[40:43, 40:120] > 128).all()
    assert layers.ink[20:22].max() < 128


def test_white_paper_stays_white_and_keeps_its_ink(draw: Callable) -> None:
    image = draw("white").image
    layers = separate(image)
    assert (layers.paper == 255).all()
    assert np.abs(layers.ink.astype(int) - (255 - image)).max() <= 1


def test_blank_paper_has_no_ink() -> None:
    noise = np.random.default_rng(2).normal(0, 2, (64, 200, 3))
    assert separate((TONE + noise).astype(np.uint8)).ink.max() == 0


@settings(max_examples=60, deadline=None)
@given(
    height=st.integers(1, 40),
    width=st.integers(1, 70),
    channels=st.sampled_from([0, 3]),
    seed=st.integers(0, 2**32 - 1),
)
def test_any_picture_comes_apart_into_its_own_size(height: int, width: int, channels: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    shape = (height, width, 3) if channels else (height, width)
    image = rng.integers(0, 256, shape, dtype=np.uint8) // int(rng.integers(1, 200))
    before = image.copy()
    layers = separate(image)
    assert layers.ink.shape == image.shape[:2] and layers.paper.shape == image.shape
    assert layers.ink.dtype == layers.paper.dtype == layers.colour.dtype == np.uint8
    assert np.array_equal(image, before)


def test_a_page_goes_block_by_block(draw: Callable) -> None:
    """Lines that bend over a wide page are still found: each block has its own slope."""
    cover = np.tile(255 - draw("page of text", unit=18, margin=16).image, (3, 5))
    y, x = np.mgrid[: cover.shape[0], : cover.shape[1]]
    bent = y + 8 * np.sin(x / 400)
    printed = np.clip(1.5 - np.abs(bent % 40 - 20), 0, 1)
    paper = TONE * (1 - 0.3 * printed[..., None])
    layers = separate(written(cover, paper, (30, 40, 120), 2.0, 5))
    assert overlap(layers.ink, cover) > 0.93
    assert np.abs(layers.paper - paper)[cover == 255].mean() < 8


def test_real_lines_come_off_real_paper(handwriting: Path) -> None:
    """A photographed letter: what is called ink is much darker than the paper around, and little of the page."""
    page = next((handwriting / "hooker").glob("*_38_001.jpg"))
    image = images.read(page)[300:700, 200:1100]
    layers = separate(image)
    inked, shade = layers.ink >= 128, images.grey(image).astype(float)
    assert 0.02 < inked.mean() < 0.3
    assert shade[inked].mean() < 0.75 * shade[layers.ink == 0].mean()
    assert np.abs(images.grey(layers.paper)[inked] - np.median(shade)).mean() < 25
