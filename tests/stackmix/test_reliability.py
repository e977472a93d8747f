"""The reliability table and the error that is its mean, by hand and on sure and random scores."""

import numpy as np
import pytest

from stackmix.reliability import Bin, expected_error, reliability


def test_bins_hold_what_falls_between_their_edges() -> None:
    found = reliability(np.array([0.05, 0.1, 0.19, 1.0]), np.array([0, 1, 0, 1], bool))
    assert [(one.samples, one.right) for one in found] == [(1, 0.0), (2, 0.5), (1, 1.0)]
    assert found[1].confidence == pytest.approx(0.145) and (found[2].low, found[2].high) == (0.9, 1.0)


def test_every_score_is_in_one_bin() -> None:
    scores = np.random.default_rng(0).random(500)
    found = reliability(scores, scores > 0.3, bins=7)
    assert sum(one.samples for one in found) == 500
    assert sum(one.samples * one.right for one in found) == pytest.approx((scores > 0.3).sum())


def test_honest_scores_have_little_error_and_boasts_have_much() -> None:
    rng = np.random.default_rng(1)
    scores = rng.random(20_000)
    right = rng.random(20_000) < scores
    assert expected_error(scores, right) < 0.02
    assert expected_error(np.ones(20_000), right) == pytest.approx(0.5, abs=0.02)
    assert expected_error(np.zeros(0), np.zeros(0, bool)) == 0 and reliability(np.zeros(0), np.zeros(0, bool)) == []
    assert isinstance(reliability(scores, right)[0], Bin)
