"""Normalised words: one size and one middle whatever the size of the source, and nothing lost."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackmix.train.normalising import MAX_SCALE, MAX_WIDTH, SPREAD, normalise, pack


def moments(ink: np.ndarray) -> tuple[float, float]:
    mass = ink.sum(axis=1, dtype=np.float64)
    rows = np.arange(len(ink)) + 0.5
    middle = (mass * rows).sum() / mass.sum()
    return middle, np.sqrt((mass * (rows - middle) ** 2).sum() / mass.sum())


@pytest.mark.parametrize("height", [32, 48])
@pytest.mark.parametrize("unit", [8, 20, 60])
@pytest.mark.parametrize("text", ["none", "bad", "anno"])
def test_middle_and_spread_are_fixed(draw: Callable, text: str, unit: int, height: int) -> None:
    image = draw(text, unit=unit, gap=unit // 4).image
    ink, *_ = normalise(image[np.flatnonzero((image < 128).any(axis=1))], height)  # cropped as words come
    middle, spread = moments(ink)
    assert ink.shape[0] == height
    assert middle == pytest.approx(height / 2, abs=0.8)
    assert spread == pytest.approx(SPREAD * height, rel=0.06)


@pytest.mark.parametrize("skew", [-0.06, -0.02, 0.02, 0.06])
def test_long_lines_are_levelled(draw: Callable, skew: float) -> None:
    """Both thirds of a line that climbs come out as high as each other and as large as those of a level one."""
    level = draw("bad gone page nod bog dab peg age bead gone", unit=20, gap=5, margin=60).image
    height, width = level.shape
    shear = np.array([[1, 0, 0], [skew, 1, -skew * width / 2]], np.float32)
    climbing = cv2.warpAffine(level, shear, (width, height), borderValue=255)
    ink, scale, shift, found = normalise(climbing, 32)
    straight = normalise(level, 32)
    assert straight.skew == pytest.approx(0, abs=0.003) and scale == pytest.approx(straight.scale, rel=0.05)
    assert found == pytest.approx(skew, abs=0.15 * abs(skew) + 0.003)
    third = ink.shape[1] // 3
    assert moments(ink)[0] == pytest.approx(16, abs=0.3)
    assert moments(ink[:, :third])[0] == pytest.approx(moments(ink[:, -third:])[0], abs=2.5)
    rows, columns = np.nonzero(climbing < 64)
    own = rows * scale + shift - found * columns * scale
    inside = (own >= 1) & (own < 30)
    assert inside.mean() > 0.9
    at = np.round(own[inside]).astype(int), np.minimum(np.round(columns[inside] * scale).astype(int), ink.shape[1] - 1)
    assert (ink[at] > 64).mean() > 0.85


def test_words_are_not_levelled(draw: Callable) -> None:
    level = draw("bead", unit=20, margin=30).image
    climbing = cv2.warpAffine(level, np.array([[1, 0, 0], [0.1, 1, 0]], np.float32), level.shape[::-1], borderValue=255)
    assert normalise(climbing, 32).skew == 0


@pytest.mark.parametrize("rows", [slice(20, 22), slice(0, 0)])
def test_a_long_rule_or_nothing_is_no_line_to_level(rows: slice) -> None:
    image = np.full((40, 900), 255, np.uint8)
    image[rows, 10:890] = 0
    assert normalise(image, 32).skew == pytest.approx(0)


def test_same_word_at_three_sizes_looks_the_same(draw: Callable) -> None:
    large = draw("gone bad", unit=60, gap=15, margin=30).image
    sizes = [(large.shape[1] // k, large.shape[0] // k) for k in (1, 2, 3)]
    inks = [normalise(cv2.resize(large, size, interpolation=cv2.INTER_AREA), 32).ink for size in sizes]
    width = min(ink.shape[1] for ink in inks)
    assert max(ink.shape[1] for ink in inks) - width <= 3
    for ink in inks[1:]:
        assert np.abs(ink[:, :width].astype(float) - inks[0][:, :width]).mean() < 12


def test_scale_leads_back_to_source_columns(draw: Callable) -> None:
    drawn = draw("bad gone", unit=30, gap=8)
    ink, scale, *_ = normalise(drawn.image, 32)
    columns = np.flatnonzero(ink.max(axis=0) > 96)
    assert columns[0] / scale == pytest.approx(drawn.borders[0], abs=2 / scale)
    assert (columns[-1] + 1) / scale == pytest.approx(drawn.borders[-1], abs=2 / scale)
    assert ink.shape[1] == pytest.approx(drawn.image.shape[1] * scale)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 300), st.integers(1, 300), st.sampled_from([0, 128, 255, -1]), st.integers(0, 99))
def test_any_picture_has_a_normal_form(height: int, width: int, value: int, seed: int) -> None:
    noise = np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)
    ink, scale, *_ = normalise(noise if value < 0 else np.full((height, width), value, np.uint8), 32)
    assert ink.shape[0] == 32 and 1 <= ink.shape[1] <= MAX_WIDTH * 32
    assert scale > 0 and (scale <= MAX_SCALE * 32 / height + 1 or ink.shape[1] == 1)


def test_full_stop_is_not_blown_up() -> None:
    image = np.full((40, 30), 255, np.uint8)
    image[30:34, 12:16] = 0
    ink, scale, *_ = normalise(image, 32)
    assert scale == pytest.approx(MAX_SCALE * 32 / 40, rel=0.02)
    assert 0 < (ink > 128).sum() < 60


def test_pack_keeps_texts_writers_and_splits(sample_of: Callable) -> None:
    packed = pack([sample_of("bad", "Анна"), sample_of("gone", "", split="val")], 32)
    assert packed.texts.tolist() == ["bad", "gone"]
    assert packed.writers.tolist() == ["Анна", ""] and packed.splits.tolist() == ["train", "val"]
    assert packed.height == 32 and len(packed.pixels) == 32 * packed.widths.sum()
    assert len(pack([], 32)) == 0


@pytest.mark.parametrize("unit", [8, 20, 60])
def test_shift_leads_back_to_source_rows(draw: Callable, unit: int) -> None:
    for word in ("bad", "gone", "page", "."):
        drawn = draw(word, unit=unit)
        ink, scale, shift, _ = normalise(drawn.image, 32)
        source, found = (np.flatnonzero(rows) for rows in ((drawn.image < 128).any(axis=1), (ink > 96).any(axis=1)))
        ends = np.clip(np.array([source[0], source[-1] + 1]) * scale + shift, 0, 32)
        assert np.abs(ends - [found[0], found[-1] + 1]).max() <= 1.5
