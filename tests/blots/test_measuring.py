"""What is measured of drawn writing whose lines, words, slant, ink and stroke width are known."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from stackmix.blots.functional import stamp
from stackmix.blots.measuring import band, inked, layout, levels, runs, sample, skew_of, strokes_of
from stackmix.blots.writing import ink_color, measure


def page(
    words: list[tuple[int, int, int]], height: int = 128, width: int = 600, slant: float = 0.0, skew: float = 0.0
) -> NDArray[np.uint8]:
    """Words (left, right, baseline) of x-height 40: stems 4 px wide every 16, bars along the x-line and baseline."""
    image = np.full((height, width), 230, np.uint8)
    for left, right, baseline in words:
        for x in range(left, right, 16):
            cv2.line(image, (x, baseline), (round(x + 40 * slant), baseline - 40), 30, 4, cv2.LINE_AA)
        cv2.line(image, (left, baseline), (right, baseline), 30, 4, cv2.LINE_AA)
        lean = round(40 * slant)
        cv2.line(image, (left + lean, baseline - 40), (right + lean, baseline - 40), 30, 4, cv2.LINE_AA)
    turn = np.array([[1, 0, 0], [skew, 1, 0]], np.float64)
    return cv2.warpAffine(image, turn, (width, height), borderValue=230)  # type: ignore[call-overload]


@pytest.mark.parametrize("skew", [0.0, 0.06, -0.04])
def test_lines_and_words(skew: float) -> None:
    words = [(20, 180, 100), (260, 330, 100), (400, 560, 100)]
    writing = measure(page(words, skew=skew))
    (line,) = writing.lines
    assert line.skew == pytest.approx(skew, abs=0.011)
    assert line.baseline == pytest.approx(102, abs=5) and line.x_height == pytest.approx(44, abs=7)
    assert len(line.words) == 3
    for (left, right), (begin, end, _) in zip(line.words, words, strict=True):
        assert left == pytest.approx(begin, abs=12) and right == pytest.approx(end, abs=14)


def test_lines_of_a_page() -> None:
    image = page([(40, 400, y) for y in (80, 200, 320)], height=400)
    lines = measure(image).lines
    assert [round(line.baseline / 10) for line in lines] == [8, 20, 32]


@pytest.mark.parametrize("slant", [-0.3, 0.0, 0.3, 0.6])
def test_slant(slant: float) -> None:
    image = page([(40, 500, 100)], slant=slant)
    image[52:66] = image[96:108] = 230  # bars would not change it, their ends would
    assert measure(image).slant == pytest.approx(slant, abs=0.12)


@pytest.mark.parametrize("width", [3, 6, 11])
def test_stroke_width(width: int) -> None:
    image = np.full((128, 400), 230, np.uint8)
    mask = np.zeros((128, 400), np.uint8)
    for k in range(6):
        stamp(mask, np.array([[30 + 60 * k, 100, width, 1], [50 + 60 * k, 30, width, 1]], np.float32), 0, 0)
    image -= np.uint8(200) * (mask > 127)
    assert measure(image).stroke == pytest.approx(width, rel=0.25)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_ink_is_the_color_of_the_dark_pixels(dtype: type) -> None:
    shape = page([(20, 300, 100)])
    image = np.where(shape[..., None] < 128, [40, 50, 160], [240, 235, 220]).astype(dtype)
    if dtype == np.float32:
        image /= 255
    assert measure(image).ink == pytest.approx((40, 50, 160), abs=1)
    assert ink_color(image) == pytest.approx((40, 50, 160), abs=1)
    assert ink_color(shape.astype(np.uint8)) == (30, 30, 30)


@pytest.mark.parametrize("value", [0, 128, 255])
def test_nothing_is_written_on_a_blank_image(value: int) -> None:
    blank = np.full((30, 50, 3), value, np.uint8)
    writing = measure(blank)
    assert writing.lines == () and writing.ink == (0, 0, 0) == ink_color(blank) and writing.stroke == 1


def test_kernels_against_numpy() -> None:
    rng = np.random.default_rng(1)
    image = rng.integers(0, 256, (61, 83, 3)).astype(np.uint8)
    grey, counts = sample(image, 2, 3)
    assert (grey == image[::2, ::3, 1]).all() and (counts == np.bincount(grey.ravel(), minlength=256)).all()
    assert (sample(image.astype(np.float32) / 255, 2, 3)[0].astype(int) - grey).min() >= -1
    ordered = np.sort(grey.ravel())
    assert levels(counts) == (ordered[int(0.7 * grey.size)], ordered[int(0.005 * grey.size)])
    rows, columns = np.nonzero(grey < 90)
    assert (inked(grey, counts, 90, 2, 3) == np.stack([2 * rows, 3 * columns], 1)).all()


@pytest.mark.parametrize("gap", [1, 3])
def test_runs_against_a_loop(gap: int) -> None:
    rng = np.random.default_rng(gap)
    for _ in range(50):
        profile = rng.integers(0, 3, 20)
        expected: list[list[int]] = []
        for k in np.flatnonzero(profile > 1).tolist():
            if expected and k - expected[-1][1] < gap:
                expected[-1][1] = k + 1
            else:
                expected.append([k, k + 1])
        assert runs(profile, 1, gap).tolist() == expected


def test_skew_is_the_slope_of_the_sharpest_row_profile() -> None:
    rng = np.random.default_rng(2)
    x = np.sort(rng.integers(0, 500, 300))
    points = np.stack([60 + 0.08 * x + rng.normal(0, 1, 300), x], 1).astype(np.int32)
    points = points[np.argsort(points[:, 0])]
    slopes = np.linspace(-0.12, 0.12, 13)
    power = [(np.bincount(np.round(points[:, 0] - s * points[:, 1] + 100).astype(int)) ** 2).sum() for s in slopes]
    assert skew_of(points, 1, 1) == pytest.approx(slopes[int(np.argmax(power))], abs=0.021)


def test_a_stray_mark_is_no_line() -> None:
    image = page([(40, 560, 100)], height=200)
    image[180:186, 300:380] = 30
    lines, words = layout(np.argwhere(image < 130).astype(np.int32), 0.0, 1, 1)
    assert len(lines) == 2 and words[:, 0].tolist() == [0]
    assert len(measure(image).lines) == 1


def test_a_bar_over_letters_is_not_their_x_height() -> None:
    profile = np.array([0, 300, 300, *[56] * 36, 0])
    assert band(profile, 1, 39) == (1, 39)
    assert band(np.array([0, 20, 20, 90, 100, 95, 30, 20, 0]), 1, 8) == (3, 6)


@pytest.mark.parametrize("channels", [1, 3])
def test_strokes_against_numpy(channels: int) -> None:
    image = page([(40, 500, 100)], slant=0.3).astype(np.float64)
    gx, gy = cv2.Sobel(image, cv2.CV_64F, 1, 0), cv2.Sobel(image, cv2.CV_64F, 0, 1)
    inside = (slice(60, 100, 3), slice(1, -1))
    upright = np.abs(gx[inside]) > np.abs(gy[inside])
    slant = (gx * gy)[inside][upright].sum() / (gx**2)[inside][upright].sum()
    dark = image < 130
    edges = (dark[:, 1:-1] ^ dark[:, 2:]).astype(int)[60:100:3] + (dark[:-1] ^ dark[1:])[60:100:3, 1:-1]
    width = 2 * dark[inside].sum() / (edges.sum() * np.pi / 4)
    picture = np.repeat(image.astype(np.uint8)[..., None], channels, axis=2)
    assert strokes_of(picture, 60, 100, 3, 130.0) == pytest.approx((slant, width), rel=1e-3)
