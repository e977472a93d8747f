"""The seam that parts two letters: the cheapest way from the top of the line to its foot, between their centres.

A border map says what it costs to part letters at each pixel, and to call a column the border at mid x-height. The
seam leans with the hand and pays for every step aside; it is found by dynamic programming, like a seam carved out of a
picture (Avidan and Shamir 2007), from both ends to the middle row, where the column's own cost and the distance from
where it is expected are added. The border is not the cheapest column but the median of them all, weighed by how likely
their costs make them: where two places are about as good, the cheaper one would be badly wrong half of the time.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

UNIT = 32.0  # a cost of 1 nat in the uint8 of a border map
BEND = 0.1  # nats for a column aside, by row
PULL = 12.0  # nats for a border half a letter from where it is expected, growing with the square of the distance
COLUMN = 2.0  # weight of a column's own cost
DOUBT = 6.0  # nats of cost that make a column e times less likely: the rows of a seam are no independent witnesses
REACH = 2  # columns aside in one row, at most


class BorderMap(NamedTuple):
    """What it costs to part letters, in nats times UNIT, of one image.

    partings: (R, W) uint8, left of each column at each row. columns: (W,) uint8, as the border at mid x-height.
    scale, shift: map column = image column * scale, map row = image row * scale + shift. lean: columns to the right
    per row upwards.
    """

    partings: NDArray[np.uint8]
    columns: NDArray[np.uint8]
    scale: float
    shift: float
    lean: float


@njit(cache=True, nogil=True)
def _sweep(
    partings: NDArray[np.uint8],
    low: int,
    shifts: NDArray[np.int64],
    rows: range,
    best: NDArray[np.float32],
    back: NDArray[np.int8],
) -> None:
    """Costs (R, n) of the best ways along `rows` to each column low.. of the window, and the step each came by."""
    width, count = partings.shape[1], best.shape[1]
    before = -1
    for y in rows:
        for i in range(count):
            column = min(max(low + i + shifts[y], 0), width - 1)
            cost = partings[y, column] / UNIT
            if before >= 0:
                way, step = best[before, i], 0
                for aside in range(1, REACH + 1):
                    if i >= aside and best[before, i - aside] + aside * BEND < way:
                        way, step = best[before, i - aside] + aside * BEND, -aside
                    if i + aside < count and best[before, i + aside] + aside * BEND < way:
                        way, step = best[before, i + aside] + aside * BEND, aside
                cost += way
                back[y, i] = step
            best[y, i] = cost
        before = y


@njit(cache=True, nogil=True)
def _median(costs: NDArray[np.float64]) -> int:
    """The column at which half of the chance exp(-cost / DOUBT) lies on either side: the least expected error."""
    chances = np.exp(-(costs - costs.min()) / DOUBT)
    half, so_far = chances.sum() / 2, 0.0
    for i in range(len(costs)):
        so_far += chances[i]
        if so_far >= half:
            return i
    return len(costs) - 1


@njit(cache=True, nogil=True)
def part(
    partings: NDArray[np.uint8],
    columns: NDArray[np.uint8],
    lean: float,
    centres: NDArray[np.float64],
    expected: NDArray[np.float64],
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Borders (L-1,) and seams (L-1, R) in map columns, of letters with centres (L,), borders being expected (L-1,).

    A seam never passes the one before it.
    """
    rows, width = partings.shape
    middle = rows // 2
    shifts = np.empty(rows, np.int64)
    for y in range(rows):
        shifts[y] = round(lean * (middle - y))
    borders = np.empty(len(expected), np.int32)
    seams = np.empty((len(expected), rows), np.int32)
    for k in range(len(expected)):
        low = min(max(int(np.floor(centres[k])), 0), width - 1)
        high = max(min(int(np.ceil(centres[k + 1])), width - 1), low)
        count = high - low + 1
        down, up = np.empty((rows, count), np.float32), np.empty((rows, count), np.float32)
        back = np.zeros((rows, count), np.int8)
        _sweep(partings, low, shifts, range(middle + 1), down, back)
        _sweep(partings, low, shifts, range(rows - 1, middle, -1), up, back)
        half = max((centres[k + 1] - centres[k]) / 2, 1.0)
        costs = np.empty(count)
        for i in range(count):
            own = COLUMN * columns[low + i] / UNIT + PULL * ((low + i - expected[k]) / half) ** 2
            costs[i] = down[middle, i] + up[middle + 1, i] + own
        chosen = _median(costs)
        borders[k] = low + chosen
        i = chosen
        for y in range(middle, -1, -1):
            seams[k, y] = low + i + shifts[y]
            i += back[y, i]
        i = chosen
        for y in range(middle + 1, rows):
            seams[k, y] = low + i + shifts[y]
            i += back[y, i]
        if k > 0:
            for y in range(rows):
                seams[k, y] = max(seams[k, y], seams[k - 1, y])
    return borders, seams
