"""The pen's hand: the errors' distribution, the same path from the same state, and where strike-outs run."""

import numpy as np
import pytest

from stackmix.blots.pens import line, normal, penned, state_of
from stackmix.blots.striking import DRAWN, Span

MASK = 2**64 - 1


def splitmix(state: int) -> tuple[int, int]:
    """State and number after one step, in plain Python integers."""
    state = (state + 0x9E3779B97F4A7C15) & MASK
    z = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return state, z ^ (z >> 31)


def test_an_error_is_the_sum_of_four_parts_of_a_splitmix_number() -> None:
    mine, state = 12345, np.array([12345], np.uint64)
    for _ in range(20):
        mine, number = splitmix(mine)
        parts = [(number >> shift & 0xFFFF) / 65535 for shift in (0, 16, 32, 48)]
        assert normal(state) == pytest.approx((sum(parts) - 2) * 3**0.5)
        assert state[0] == mine


def test_errors_have_mean_0_and_deviation_1() -> None:
    state = state_of(np.random.default_rng(0))
    errors = np.array([normal(state) for _ in range(20_000)])
    assert abs(errors.mean()) < 0.03 and errors.std() == pytest.approx(1, abs=0.02) and np.abs(errors).max() < 3.5
    assert abs(np.corrcoef(errors[1:], errors[:-1])[0, 1]) < 0.03


def test_a_line_ends_thinner_than_it_begins() -> None:
    points = np.array([[0.0, 50], [40, 50], [80, 50], [120, 50]])
    paths = [line(points, 10.0, np.random.default_rng(k), 0.0) for k in range(200)]
    first, last = (np.mean([path[end, 2] for path in paths]) for end in (0, -1))
    assert first == pytest.approx(7.75, abs=0.2) and last == pytest.approx(5.5, abs=0.15)
    assert all(np.abs(path[:, 1] - 50).max() < 1e-4 for path in paths)
    state = np.array([7], np.uint64)
    assert (penned(points, 3.0, 2.0, 0.5, state.copy()) == penned(points, 3.0, 2.0, 0.5, state)).all()


@pytest.mark.parametrize("kind", DRAWN)
@pytest.mark.parametrize("skew", [0.0, 0.1])
def test_strikes_run_over_the_width_and_height_of_the_word(kind: str, skew: float) -> None:
    span = Span(100.0, 400.0, 80.0, 40.0, skew, 0.2)
    for seed in range(20):
        paths = DRAWN[kind](span, 3.0, np.random.default_rng(seed))
        again = DRAWN[kind](span, 3.0, np.random.default_rng(seed))
        assert all((a == b).all() for a, b in zip(paths, again, strict=True))
        x, y = np.concatenate(paths)[:, :2].T
        up = (80 + skew * x - y) / 40
        assert 60 < x.min() < 120 and 380 < x.max() < 440
        assert up.min() > -0.7 and up.max() < 1.7 and abs(np.median(up) - 0.5) < 0.3
        assert len(paths) == {"double": 2, "crossed": len(paths)}.get(kind, 1) and len(paths) <= 4


def test_a_zigzag_leans_with_the_hand() -> None:
    x, y = DRAWN["zigzag"](Span(0.0, 4000.0, 80.0, 40.0, 0.0, 0.5), 3.0, np.random.default_rng(3))[0][:, :2].T
    drift = x - np.linspace(0, 4000, len(x))
    assert np.corrcoef(-y, drift)[0, 1] > 0.3
