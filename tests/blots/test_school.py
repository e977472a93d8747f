"""Marks of a school page: over and under the word they are for, and drawn from the generator alone."""

import numpy as np
import pytest

from stackmix.blots.school import SchoolMarks

WIDTH, UNIT = 120.0, 26.0


@pytest.mark.parametrize("seed", range(30))
def test_a_strike_out_covers_the_word(seed: int) -> None:
    cover, x, y = SchoolMarks().strike(WIDTH, UNIT, 0.3, 3.0, np.random.default_rng(seed))
    columns, rows = np.flatnonzero(cover.max(axis=0) > 128) + x, np.flatnonzero(cover.max(axis=1) > 128) + y
    assert columns[0] < 0.35 * UNIT and columns[-1] > WIDTH - 0.35 * UNIT
    assert rows[0] > -2.2 * UNIT and rows[-1] < UNIT
    assert rows[0] < -0.25 * UNIT  # over the baseline


@pytest.mark.parametrize("seed", range(30))
def test_a_teachers_mark_is_beside_the_word(seed: int) -> None:
    cover, x, y = SchoolMarks().correct(WIDTH, UNIT, 3.0, np.random.default_rng(seed))
    columns, rows = np.flatnonzero(cover.max(axis=0) > 128) + x, np.flatnonzero(cover.max(axis=1) > 128) + y
    assert columns[0] > -2 * UNIT and columns[-1] < WIDTH + 3 * UNIT
    assert rows[0] > -3 * UNIT and rows[-1] < 2 * UNIT


def test_the_same_generator_draws_the_same() -> None:
    for draw in (lambda r: SchoolMarks().strike(80, 20, 0.1, 2, r), lambda r: SchoolMarks().correct(80, 20, 2, r)):
        (one, *at), (other, *place) = draw(np.random.default_rng(3)), draw(np.random.default_rng(3))
        np.testing.assert_array_equal(one, other)
        assert at == place


def test_chances_are_chances() -> None:
    with pytest.raises(ValueError, match=r"strikes is 1\.5"):
        SchoolMarks(strikes=1.5)
