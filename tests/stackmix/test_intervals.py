"""Bootstrap intervals: the figure itself, its spread against theory, writers drawn whole, the same seed the same."""

import numpy as np
import pytest

from stackmix.intervals import ratios


def column(values: object) -> np.ndarray:
    return np.asarray(values, float)[:, None]


def test_value_is_the_ratio_of_sums() -> None:
    (found,) = ratios(column([1, 2, 3]), column([10, 10, 20]), ["a", "b", "c"])
    assert found.value == pytest.approx(6 / 40) and found.low <= found.value <= found.high


def test_spread_is_that_of_a_share() -> None:
    """400 independent answers of which a quarter are right: the interval is 2 * 1.96 standard errors wide."""
    right = np.arange(400) % 4 == 0
    (found,) = ratios(column(right), column(np.ones(400)), [str(k) for k in range(400)])
    assert found.high - found.low == pytest.approx(2 * 1.96 * np.sqrt(0.25 * 0.75 / 400), rel=0.1)


def test_writers_are_drawn_whole() -> None:
    """Twenty answers that are the same within a writer are no more than one answer of each writer."""
    right = np.repeat(np.arange(40) % 2, 20)
    by_sample, by_writer = (
        ratios(column(right), column(np.ones(800)), [str(k) for k in groups])[0]
        for groups in (np.arange(800), np.arange(800) // 20)
    )
    ratio = (by_writer.high - by_writer.low) / (by_sample.high - by_sample.low)
    assert ratio == pytest.approx(np.sqrt(20), rel=0.15)


def test_several_figures_the_same_again_and_nothing_below() -> None:
    tops, bottoms = np.array([[1.0, 0.0], [0.0, 3.0]]), np.array([[1.0, 0.0], [1.0, 0.0]])
    first, again, other = (ratios(tops, bottoms, ["a", "b"], seed) for seed in (0, 0, 1))
    assert first == again and [m.value for m in first] == [0.5, 3.0] == [m.value for m in other]
    (alone,) = ratios(column([2]), column([4]), ["w"])
    assert alone == (0.5, 0.5, 0.5)
