"""Seams against every seam there is, and what must hold on any map: they follow empty ways, lean, and never cross."""

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackmix.seams import BEND, COLUMN, DOUBT, LEANING, PULL, STROKE, TENTHS, UNIT, lean_of, part

SEED = st.integers(0, 2**32 - 1)


def leaning(rows: int, lean: float) -> list[int]:
    """Columns to the right at each row, 0 at the middle one."""
    return [round(lean * (rows // 2 - y)) for y in range(rows)]


def cost_of(
    seam: list[int],
    partings: np.ndarray,
    ink: np.ndarray,
    columns: np.ndarray,
    lean: float,
    centres: np.ndarray,
    expected: float,
) -> float:
    """Nats of an upright seam, the columns it runs through before it leans, straight from the description."""
    rows, width = partings.shape
    shifts = leaning(rows, lean)

    def at(y: int, x: int) -> tuple[int, int]:
        return y, min(max(x + shifts[y], 0), width - 1)

    cost = sum(int(partings[at(y, x)]) for y, x in enumerate(seam)) / UNIT
    for y, (a, b) in enumerate(pairwise(seam)):
        for x in range(min(a, b), max(a, b)):
            cost += BEND + STROKE * min(int(ink[at(y, x)]), int(ink[at(y + 1, x)])) / 255
    border, half = seam[rows // 2], max((centres[1] - centres[0]) / 2, 1.0)
    return cost + COLUMN * int(columns[border]) / UNIT + PULL * ((border - expected) / half) ** 2


def every_seam(rows: int, low: int, high: int) -> list[list[int]]:
    """The seams of a window, both columns included; the row below the middle one goes on straight."""
    middle = rows // 2
    found = [list(seam) for seam in product(range(low, high + 1), repeat=rows)]
    return [seam for seam in found if seam[middle] == seam[middle + 1]]


@settings(max_examples=60, deadline=None)
@given(
    seed=SEED,
    rows=st.integers(3, 5),
    first=st.floats(-1.0, 6.0, allow_subnormal=False),
    between=st.floats(1.0, 3.0, allow_subnormal=False),
    share=st.floats(0.0, 1.0, allow_subnormal=False),
    lean=st.sampled_from([0.0, 0.4, -0.7, 1.5]),
    contrast=st.integers(2, 256),
)
def test_the_border_has_half_the_chance_on_either_side_and_its_seam_is_the_cheapest_through_it(
    seed: int, rows: int, first: float, between: float, share: float, lean: float, contrast: int
) -> None:
    rng = np.random.default_rng(seed)
    partings = rng.integers(0, contrast, (rows, 9), dtype=np.uint8)
    ink = rng.integers(0, 256, (rows, 9), dtype=np.uint8) * rng.integers(0, 2, (rows, 9), dtype=np.uint8)
    columns = rng.integers(0, contrast, 9, dtype=np.uint8)
    centres = np.array([first, first + between])
    expected = first + share * between
    borders, seams = part(partings, columns, ink, lean, centres, np.array([expected]))
    low = min(max(int(np.floor(centres[0])), 0), 8)
    high = max(min(int(np.ceil(centres[1])), 8), low)
    least = dict.fromkeys(range(low, high + 1), np.inf)
    for seam in every_seam(rows, low, high):
        border = seam[rows // 2]
        least[border] = min(least[border], cost_of(seam, partings, ink, columns, lean, centres, expected))
    upright = (seams[0] - leaning(rows, lean)).tolist()
    assert upright in every_seam(rows, low, high) and borders[0] == upright[rows // 2]
    cost = cost_of(upright, partings, ink, columns, lean, centres, expected)
    assert cost == pytest.approx(least[borders[0]], abs=1e-4)
    chances = {border: np.exp(-(cost - min(least.values())) / DOUBT) for border, cost in least.items()}
    half = sum(chances.values()) / 2
    assert sum(chance for border, chance in chances.items() if border < borders[0]) <= half + 1e-4
    assert sum(chance for border, chance in chances.items() if border > borders[0]) <= half + 1e-4


@settings(max_examples=60, deadline=None)
@given(
    seed=SEED,
    letters=st.integers(1, 7),
    rows=st.integers(3, 33),
    width=st.integers(1, 60),
    lean=st.floats(-1.5, 1.5, allow_subnormal=False),
)
def test_seams_never_cross_nor_leave_the_map(seed: int, letters: int, rows: int, width: int, lean: float) -> None:
    rng = np.random.default_rng(seed)
    partings, ink = rng.integers(0, 256, (2, rows, width), dtype=np.uint8)
    columns = rng.integers(0, 256, width, dtype=np.uint8)
    centres = np.sort(rng.uniform(-5, width + 5, letters))
    expected = (centres[:-1] + centres[1:]) / 2
    borders, seams = part(partings, columns, ink, lean, centres, expected)
    assert borders.shape == (letters - 1,) and seams.shape == (letters - 1, rows)
    assert (np.diff(borders) >= -1).all() and (np.diff(seams, axis=0) >= 0).all()  # windows share a column
    upright = seams - np.array(leaning(rows, lean))
    assert ((upright >= 0) & (upright < width)).all() and ((borders >= 0) & (borders < width)).all()


@settings(max_examples=40, deadline=None)
@given(seed=SEED, letters=st.integers(2, 6), lean=st.floats(-1.0, 1.0, allow_subnormal=False))
def test_each_seam_is_its_own_but_where_it_gives_way(seed: int, letters: int, lean: float) -> None:
    """Neighbours of a pair of letters change its seam only where theirs would be crossed."""
    rng = np.random.default_rng(seed)
    partings, ink = rng.integers(0, 256, (2, 12, 50), dtype=np.uint8)
    columns = rng.integers(0, 256, 50, dtype=np.uint8)
    centres = np.sort(rng.uniform(0, 49, letters))
    expected = (centres[:-1] + centres[1:]) / 2
    borders, seams = part(partings, columns, ink, lean, centres, expected)
    alone = [part(partings, columns, ink, lean, centres[k : k + 2], expected[k : k + 1]) for k in range(letters - 1)]
    assert borders.tolist() == [int(b[0]) for b, _ in alone]
    assert np.array_equal(seams, np.maximum.accumulate(np.concatenate([s for _, s in alone])))


@pytest.mark.parametrize("swing", [0, 3, 6])
def test_seam_follows_the_empty_way_between_two_inks(swing: int) -> None:
    rows, width = 32, 48
    way = 24 + np.round(swing * np.sin((np.arange(rows) - 16) / 5)).astype(int)
    partings = np.full((rows, width), 255, np.uint8)
    for y in range(rows):
        partings[y, way[y] - 1 : way[y] + 2] = 0
    centres, expected = np.array([8.0, 40.0]), np.array([24.0])
    borders, seams = part(partings, np.zeros(width, np.uint8), np.zeros_like(partings), 0.0, centres, expected)
    assert (np.abs(seams[0] - way) <= 1).all() and abs(int(borders[0]) - 24) <= 1


@pytest.mark.parametrize("lean", [-1.0, -0.3, 0.0, 0.25, 0.9])
def test_seam_leans_with_the_hand_where_nothing_is_in_the_way(lean: float) -> None:
    partings, columns = np.zeros((20, 80), np.uint8), np.zeros(80, np.uint8)
    borders, seams = part(partings, columns, partings, lean, np.array([30.0, 50.0]), np.array([41.0]))
    assert borders.tolist() == [41]
    assert seams[0].tolist() == [41 + shift for shift in leaning(20, lean)]


def test_border_takes_the_column_that_the_map_names() -> None:
    partings, columns = np.zeros((8, 40), np.uint8), np.full(40, 255, np.uint8)
    columns[17] = 0
    borders, seams = part(partings, columns, partings, 0.0, np.array([10.0, 30.0]), np.array([20.0]))
    assert borders.tolist() == [17] and (seams == 17).all()


def test_a_step_aside_goes_round_a_stroke_and_not_through_it() -> None:
    """The way moves over by ten columns where two strokes leave a row between them, for all that other rows cost."""
    partings, ink = np.full((24, 60), 128, np.uint8), np.zeros((24, 60), np.uint8)
    partings[:12, 35], partings[4:, 25], ink[2:22, 25:36] = 0, 0, 255
    ink[7:9] = 0
    columns = np.where(np.arange(60) == 25, 0, 255).astype(np.uint8)
    _, seams = part(partings, columns, ink, 0.0, np.array([15.0, 45.0]), np.array([26.0]))
    assert (seams[0, :7] == 35).all() and (seams[0, 9:] == 25).all()


@settings(max_examples=60, deadline=None)
@given(SEED, st.integers(2, 5), st.floats(-0.6, 0.9, allow_subnormal=False), st.integers(2, 256))
def test_the_lean_is_that_of_the_cheapest_straight_seams(seed: int, letters: int, lean: float, contrast: int) -> None:
    rng = np.random.default_rng(seed)
    partings, columns = rng.integers(0, contrast, (8, 30), dtype=np.uint8), rng.integers(0, 256, 30, dtype=np.uint8)
    centres = np.sort(rng.uniform(0, 29, letters))
    expected = (centres[:-1] + centres[1:]) / 2

    costs = {}
    for tenths in range(-TENTHS, TENTHS + 1):
        costs[tenths] = LEANING * (tenths / 10) ** 2
        for k, border in enumerate(expected):
            own = range(int(centres[k]), min(int(np.ceil(centres[k + 1])), 29) + 1)
            pair = centres[k : k + 2]
            costs[tenths] += min(
                cost_of([x] * 8, partings, partings, columns, lean + tenths / 10, pair, border) for x in own
            )
    found = round((lean_of(partings, columns, lean, centres, expected) - lean) * 10)
    assert costs[found] == pytest.approx(min(costs.values()), abs=1e-4)


@pytest.mark.parametrize("lean", [-0.4, 0.0, 0.3, 0.5])
def test_seams_lean_as_the_map_does_where_the_ink_says_otherwise(lean: float) -> None:
    partings = np.full((32, 90), 160, np.uint8)
    for middle in (30, 60):
        partings[np.arange(32), middle + np.array(leaning(32, lean))] = 0
    centres = np.array([15.0, 45.0, 75.0])
    assert lean_of(partings, np.zeros(90, np.uint8), 0.1, centres, np.array([30.0, 60.0])) == pytest.approx(lean)
