"""Marks follow the writing: each lies where its kind belongs, on a line of two words whose place and skew are known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from stackmix.blots.correcting import Correction
from stackmix.blots.laying import Mark, lay
from stackmix.blots.smearing import Smudge
from stackmix.blots.striking import KINDS, Strike
from stackmix.blots.trailing import Trail

HEIGHT, WIDTH = 160, 500
X_LINE, BASELINE = 60, 100
WORDS = ((60, 220), (290, 440))
SEEDS = range(25)


def writing(skew: float, dtype: type = np.uint8) -> NDArray:
    """Two words of stems and bars in blue ink that fall by `skew` rows a column."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    row = y - skew * x
    inside = (row >= X_LINE) & (row < BASELINE) & (((x >= 60) & (x < 220)) | ((x >= 290) & (x < 440)))
    ink = inside & ((x % 12 < 4) | (row < X_LINE + 4) | (row >= BASELINE - 4))
    image = np.where(ink[..., None], (30, 50, 150), (240, 238, 225)).astype(np.uint8)
    return image if dtype == np.uint8 else (image / 255).astype(dtype)


def drawn(drawing: Strike | Correction | Trail, skew: float, seed: int) -> tuple[Mark, NDArray, NDArray]:
    """The first mark, and of its points the columns and how many x-heights they are above the baseline there."""
    mark = drawing.draw(writing(skew), np.random.default_rng(seed))[0]
    x, y = np.concatenate(mark.paths)[:, :2].T
    return mark, x, (BASELINE + skew * x - y) / (BASELINE - X_LINE)


def word_of(x: NDArray) -> tuple[int, int]:
    return min(WORDS, key=lambda word: abs(sum(word) / 2 - (x.min() + x.max()) / 2))


@pytest.mark.parametrize("skew", [0.0, 0.06, -0.04])
@pytest.mark.parametrize("kind", KINDS)
def test_a_strike_out_crosses_one_word(kind: str, skew: float) -> None:
    for seed in SEEDS:
        mark, x, up = drawn(Strike(kind, words=1), skew, seed)
        left, right = word_of(x)
        assert abs(x.min() - left) < 40 and abs(x.max() - right) < 40
        assert up.min() > -0.8 and up.max() < 1.8 and abs(np.median(up) - 0.5) < 0.35
        assert mark.color == pytest.approx((30, 50, 150), abs=2)


@pytest.mark.parametrize("skew", [0.0, 0.06, -0.04])
def test_an_underline_runs_along_under_the_baseline(skew: float) -> None:
    for seed in SEEDS:
        mark, x, up = drawn(Correction("underline"), skew, seed)
        assert up.max() < 0.2 and up.min() > -1.0
        assert x.max() - x.min() > 120
        assert mark.color == (200, 30, 45)


def test_a_tick_stands_at_the_end_of_a_word() -> None:
    for seed in SEEDS:
        _, x, up = drawn(Correction("tick"), 0.0, seed)
        foot = x[np.argmin(up)]
        assert min(abs(foot - right) for _, right in WORDS) < 40
        assert up.max() > 0.8 and up.max() - up.min() > 0.9


def test_a_bracket_stands_in_the_margin_as_high_as_the_line() -> None:
    sides = set()
    for seed in SEEDS:
        _, x, up = drawn(Correction("bracket"), 0.0, seed)
        assert x.max() < WORDS[0][0] + 8 or x.min() > WORDS[1][1] - 8
        assert up.min() < 0 and up.max() > 1
        sides.add(x.max() < WIDTH / 2)
    assert sides == {True, False}


@pytest.mark.parametrize("skew", [0.0, 0.06])
def test_a_trail_begins_at_the_end_of_a_word(skew: float) -> None:
    for seed in SEEDS:
        _, x, up = drawn(Trail(1), skew, seed)
        assert min(abs(x[0] - right) for _, right in WORDS) < 25
        assert -0.3 < up[0] < 1.2


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_a_smear_drags_the_line_s_ink_over_the_paper_beside_it(dtype: type) -> None:
    image = writing(0.0, dtype)
    unit = 1 if dtype == np.uint8 else 1 / 255
    for seed in SEEDS:
        (smear,) = Smudge().draw(image, np.random.default_rng(seed))
        assert smear.box.top < BASELINE and smear.box.bottom > X_LINE
        changed = (lay(image, [smear]).astype(float) - image) / unit
        assert changed.max() < 1.01  # nothing becomes lighter
        assert changed[..., 0].min() < -10 and changed[..., 0].min() < changed[..., 2].min()  # blue over cream
        rows = np.flatnonzero((changed[..., 0] < -10).any(axis=1))
        assert rows.min() > X_LINE - 45 and rows.max() < BASELINE + 45
