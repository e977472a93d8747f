"""Calibration: letters that were read right against every shortest edit path, the curve against the data it is for."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stackmix.cutting import calibrated, logit
from stackmix.reliability import expected_error
from stackmix.train.calibrating import calibrate, fit_logistic, read_right
from stackmix.train.ctc import CTCConfig, CTCModel
from stackmix.train.normalising import pack


def edits(true: str, read: str) -> list[tuple[int, tuple[bool, ...]]]:
    """Every way to turn one text into the other: how many edits, and which letters of the true text it keeps."""
    if not true:
        return [(len(read), ())]
    found = [(cost + 1, (False, *kept)) for cost, kept in edits(true[1:], read)]
    if read:
        same = true[0] == read[0]
        found += [(cost + (not same), (same, *kept)) for cost, kept in edits(true[1:], read[1:])]
        found += [(cost + 1, kept) for cost, kept in edits(true, read[1:])]
    return found


@settings(max_examples=150, deadline=None)
@given(st.text("ab", max_size=5) | st.text("abc", max_size=4), st.text("abc", max_size=5))
def test_right_letters_are_those_of_a_shortest_edit_path(true: str, read: str) -> None:
    right = read_right(true, read)
    every = edits(true, read)
    least = min(cost for cost, _ in every)
    assert right.dtype == bool and right.shape == (len(true),)
    assert tuple(right.tolist()) in {kept for cost, kept in every if cost == least}


@pytest.mark.parametrize(
    ("true", "read", "right"),
    [
        ("cat", "at", "011"),
        ("cat", "cat", "111"),
        ("cat", "cut", "101"),
        ("cat", "coat", "111"),
        ("cat", "", "000"),
        ("cat", "dog", "000"),
        ("aab", "ab", "011"),  # of two paths the one that keeps the letter further right
        ("ёж", "ёжик", "11"),
        ("", "cat", ""),
    ],
)
def test_right_letters_of_examples(true: str, read: str, right: str) -> None:
    assert "".join("01"[int(r)] for r in read_right(true, read)) == right


@pytest.mark.parametrize(("slope", "offset"), [(1.0, 0.0), (0.6, -0.8), (1.7, 1.0), (0.3, 2.0)])
def test_curve_is_found_again_in_data_made_with_it(slope: float, offset: float) -> None:
    rng = np.random.default_rng(0)
    scores = 1 / (1 + np.exp(-rng.uniform(-5, 5, 40_000)))
    right = rng.random(len(scores)) < 1 / (1 + np.exp(-(slope * logit(scores) + offset)))
    found = fit_logistic(scores.astype(np.float32), right)
    assert found == pytest.approx((slope, offset), abs=0.06)
    assert expected_error(calibrated(scores, found), right) < 0.01


def likelihood(scores: np.ndarray, right: np.ndarray, curve: tuple[float, float]) -> float:
    """Mean log-likelihood of which letters were right."""
    raw = curve[0] * logit(scores) + curve[1]
    return float(-np.logaddexp(0, np.where(right, -raw, raw)).mean())


@settings(max_examples=100, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(1, 200),
    spread=st.floats(0.01, 8.0, allow_subnormal=False),
    share=st.floats(0.0, 1.0, allow_subnormal=False),
)
def test_curve_is_finite_and_no_worse_than_the_raw_scores(seed: int, count: int, spread: float, share: float) -> None:
    rng = np.random.default_rng(seed)
    scores = 1 / (1 + np.exp(-rng.normal(2, spread, count)))
    right = rng.random(count) < share
    found = fit_logistic(scores, right)
    assert np.isfinite(found).all()
    assert likelihood(scores, right, found) >= likelihood(scores, right, (1.0, 0.0)) - 1e-3


@pytest.mark.parametrize("right", [True, False])
def test_letters_that_are_all_right_or_all_wrong_give_a_finite_curve(right: bool) -> None:
    scores = np.array([0.5, 0.9, 0.99, 1.0, 1e-9], np.float32)
    found = fit_logistic(scores, np.full(5, right))
    sure = calibrated(scores, found)
    assert np.isfinite(found).all() and (sure[:4] > 0.9 if right else sure[:4] < 0.1).all()


@pytest.mark.parametrize(
    ("scores", "right", "error"),
    [
        ([0.95] * 10, [1] * 9 + [0], 0.05),
        ([0.95] * 10 + [0.05] * 10, [1] * 9 + [0] * 11, 0.05),
        ([1.0, 1.0], [1, 1], 0.0),
        ([0.0, 1.0], [1, 0], 1.0),
        ([0.25] * 4 + [0.75] * 12, [1] * 1 + [0] * 3 + [1] * 6 + [0] * 6, 0.75 * 0.25),
        ([0.92, 0.98], [1, 1], 0.05),  # one bin
    ],
)
def test_expected_error_of_cases_by_hand(scores: list[float], right: list[int], error: float) -> None:
    assert expected_error(np.array(scores), np.array(right, bool)) == pytest.approx(error)


def test_calibration_of_a_model_is_two_finite_numbers(sample_of: Callable) -> None:
    torch.manual_seed(0)
    model = CTCModel(CTCConfig("abdegnop"))
    words = pack([sample_of(word, unit=unit) for word in ("bad", "gone", "page", "zoo") for unit in (10, 20)], 32)
    slope, offset = calibrate(model, words)  # `zoo` does not align and is passed over
    assert isinstance(slope, float) and isinstance(offset, float) and np.isfinite((slope, offset)).all()
    assert (slope, offset) != (1.0, 0.0)
    assert calibrate(model, pack([sample_of("zoo")], 32)) == (1.0, 0.0)
    assert calibrate(model, pack([], 32)) == (1.0, 0.0)
