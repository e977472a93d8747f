"""The seam that parts two letters: the cheapest way from the top of the line to its foot, between their centres.

A border map says what it costs to part letters at each pixel, and to call a column the border at mid x-height. All
seams of a word lean alike, about as its ink does and so that straight ones part it best. A seam pays for every step
aside, and far more where that step cuts through a stroke; it is found by dynamic programming, like a seam carved out of
a picture (Avidan and Shamir 2007), from both ends to the middle row, where the column's own cost and the distance from
where it is expected are added. The border is not the cheapest column but the median of them all, weighed by how likely
their costs make them: where two places are about as good, the cheaper one would be badly wrong half of the time.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

UNIT = 32.0  # a cost of 1 nat in the uint8 of a border map
BEND = 0.1  # nats for every column aside
STROKE = 6.0  # nats more for a column aside between two rows of full ink, one the other's as the seam leans
PULL = 24.0  # nats for a border half a letter from where it is expected, growing with the square of the distance
LEANING = 200.0  # nats for seams that lean 1 more or less than the ink; the more seams, the less it counts
TENTHS = 5  # that seams lean more or less than the ink, at most
COLUMN = 4.0  # weight of a column's own cost
DOUBT = 6.0  # nats of cost that make a column e times less likely: the rows of a seam are no independent witnesses


class BorderMap(NamedTuple):
    """What it costs to part letters, in nats times UNIT, of one image.

    partings: (R, W) uint8, left of each column at each row. columns: (W,) uint8, as the border at mid x-height.
    ink: (R, W) uint8, 0 on paper. scale, shift, skew: map column = image column * scale, map row = image row * scale +
    shift - skew * map column. lean: of the ink, columns to the right per row upwards.
    """

    partings: NDArray[np.uint8]
    columns: NDArray[np.uint8]
    ink: NDArray[np.uint8]
    scale: float
    shift: float
    lean: float
    skew: float = 0.0


@njit(cache=True, nogil=True)
def _sweep(
    partings: NDArray[np.uint8],
    ink: NDArray[np.uint8],
    low: int,
    shifts: NDArray[np.int64],
    rows: range,
    best: NDArray[np.float32],
    back: NDArray[np.int16],
) -> None:
    """Costs (R, n) of the best ways along `rows` to each column low.. of the window, and where each was a row before.

    Steps aside add up, so the best of all columns is found in one pass from the left and one from the right.
    """
    last, count = partings.shape[1] - 1, best.shape[1]
    before = -1
    asides = np.empty(count, np.float32)
    for y in rows:
        if before < 0:
            for i in range(count):
                best[y, i], back[y, i] = 0.0, i
        else:
            for i in range(count):
                here, there = min(max(low + i + shifts[y], 0), last), min(max(low + i + shifts[before], 0), last)
                asides[i] = BEND + STROKE * min(ink[y, here], ink[before, there]) / 255
                best[y, i], back[y, i] = best[before, i], i
            for i in range(1, count):
                if best[y, i - 1] + asides[i - 1] < best[y, i]:
                    best[y, i], back[y, i] = best[y, i - 1] + asides[i - 1], back[y, i - 1]
            for i in range(count - 2, -1, -1):
                if best[y, i + 1] + asides[i] < best[y, i]:
                    best[y, i], back[y, i] = best[y, i + 1] + asides[i], back[y, i + 1]
        for i in range(count):
            best[y, i] += partings[y, min(max(low + i + shifts[y], 0), last)] / UNIT
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
def _window(centres: NDArray[np.float64], k: int, width: int) -> tuple[int, int]:
    """The first and last column of a border between letters k and k + 1."""
    low = min(max(int(np.floor(centres[k])), 0), width - 1)
    return low, max(min(int(np.ceil(centres[k + 1])), width - 1), low)


@njit(cache=True, nogil=True)
def _own(
    columns: NDArray[np.uint8], centres: NDArray[np.float64], expected: NDArray[np.float64], k: int, column: int
) -> float:
    """What it costs to call a column border k, whatever its seam costs."""
    half = max((centres[k + 1] - centres[k]) / 2, 1.0)
    return COLUMN * columns[column] / UNIT + PULL * ((column - expected[k]) / half) ** 2


@njit(cache=True, nogil=True)
def _shifts(rows: int, lean: float) -> NDArray[np.int64]:
    """(R,) columns that a leaning line lies to the right at each row, 0 in the middle one."""
    found = np.empty(rows, np.int64)
    for y in range(rows):
        found[y] = round(lean * (rows // 2 - y))
    return found


@njit(cache=True, nogil=True)
def lean_of(
    partings: NDArray[np.uint8],
    columns: NDArray[np.uint8],
    lean: float,
    centres: NDArray[np.float64],
    expected: NDArray[np.float64],
) -> float:
    """The lean, TENTHS or less from that of the ink, at which the cheapest straight seams are cheapest in all."""
    rows, width = partings.shape
    least, found = np.inf, lean
    for step in range(2 * TENTHS + 1):
        tenths = (step + 1) // 2 if step % 2 else -(step // 2)
        shifts = _shifts(rows, lean + tenths / 10)
        total = LEANING * (tenths / 10) ** 2
        for k in range(len(expected)):
            if total >= least:
                break
            low, high = _window(centres, k, width)
            best = np.inf
            for column in range(low, high + 1):
                cost = _own(columns, centres, expected, k, column)
                for y in range(rows):
                    if cost >= best:
                        break
                    cost += partings[y, min(max(column + shifts[y], 0), width - 1)] / UNIT
                best = min(best, cost)
            total += best
        if total < least:
            least, found = total, lean + tenths / 10
    return found


@njit(cache=True, nogil=True)
def part(
    partings: NDArray[np.uint8],
    columns: NDArray[np.uint8],
    ink: NDArray[np.uint8],
    lean: float,
    centres: NDArray[np.float64],
    expected: NDArray[np.float64],
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Borders (L-1,) and seams (L-1, R) in map columns, of letters with centres (L,), borders being expected (L-1,).

    partings, columns, ink: a border map of two rows and more. lean: of the seams. A seam never passes the one before.
    """
    rows, width = partings.shape
    middle = rows // 2
    shifts = _shifts(rows, lean)
    borders = np.empty(len(expected), np.int32)
    seams = np.empty((len(expected), rows), np.int32)
    for k in range(len(expected)):
        low, high = _window(centres, k, width)
        count = high - low + 1
        down, up = np.empty((rows, count), np.float32), np.empty((rows, count), np.float32)
        back = np.empty((rows, count), np.int16)
        _sweep(partings, ink, low, shifts, range(middle + 1), down, back)
        _sweep(partings, ink, low, shifts, range(rows - 1, middle, -1), up, back)
        costs = np.empty(count)
        for i in range(count):
            costs[i] = down[middle, i] + up[middle + 1, i] + _own(columns, centres, expected, k, low + i)
        chosen = _median(costs)
        borders[k] = low + chosen
        i = chosen
        for y in range(middle, -1, -1):
            seams[k, y] = low + i + shifts[y]
            i = back[y, i]
        i = chosen
        for y in range(middle + 1, rows):
            seams[k, y] = low + i + shifts[y]
            i = back[y, i]
        if k > 0:
            for y in range(rows):
                seams[k, y] = max(seams[k, y], seams[k - 1, y])
    return borders, seams
