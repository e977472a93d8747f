"""Borders of a set word, read off the ink of each of its letters.

Where neighbours leave empty columns, the border is the middle one, and any of them is without error. Where they touch
or overlap, it is the middle of the overlap at mid x-height, where a reader would part them: flourishes and tails above
and below don't count.
"""

from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from stackmix.faces import Drawn
from stackmix.types import SEAM_ROWS, Image

INK = 64  # coverage from which a pixel counts as ink
WITHIN, APART, FREE = 0, 1, 2  # what a place parts: one letter, two neighbours, or nothing that matters
BAND = (0.25, 0.75)  # mid x-height, in x-heights above the baseline


class Extent(NamedTuple):
    """Columns of a letter's ink, half open."""

    first: int
    end: int


def extent(glyph: Drawn, rows: tuple[float, float] = (-np.inf, np.inf)) -> Extent | None:
    """The columns of a letter's ink between two rows of the image; None where it has none there."""
    if not glyph.mask.size:
        return None
    top, bottom = np.clip(np.round(np.array(rows) - glyph.y), 0, len(glyph.mask)).astype(int)
    # a hairline that is grey all over counts from half of its darkest pixel
    least = min(INK, (int(glyph.mask.max()) + 1) // 2)
    columns = np.flatnonzero((glyph.mask[top:bottom] >= least).any(axis=0))
    return Extent(glyph.x + int(columns[0]), glyph.x + int(columns[-1]) + 1) if len(columns) else None


def between(first: Drawn, second: Drawn, baseline: float, x_height: float) -> tuple[float, int, int]:
    """The border of two neighbours, and the first and last column at which it is without error."""
    left, right = extent(first), extent(second)
    assert left and right, "letters have ink"
    if left.end <= right.first:
        return (left.end + right.first) / 2, left.end, right.first
    band = baseline - BAND[1] * x_height, baseline - BAND[0] * x_height
    left_mid, right_mid = extent(first, band), extent(second, band)
    if left_mid and right_mid:
        left, right = left_mid, right_mid
    middle = (left.end + right.first) / 2
    return middle, int(middle), int(middle)


def borders_of(
    glyphs: tuple[Drawn, ...], line: NDArray[np.float64], x_height: float
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Borders (L+1,) of a word's letters, and the columns (L-1, 2) at which each inner one is without error.

    line: (W,) the row of the baseline at each column. A glyph of no pixels is a space: it covers the gap between its
    neighbours, and spaces in a row share it evenly.
    """
    inked = [k for k, glyph in enumerate(glyphs) if glyph.mask.size]
    ends = [found for k in inked if (found := extent(glyphs[k]))]
    borders = np.zeros(len(glyphs) + 1)
    free = np.zeros((len(glyphs) - 1, 2), np.int32)
    borders[0], borders[-1] = min(e.first for e in ends), max(e.end for e in ends)
    for i, j in pairwise(inked):
        baseline = float(line[min(max(glyphs[j].x, 0), len(line) - 1)])
        middle, low, high = between(glyphs[i], glyphs[j], baseline, x_height)
        borders[i + 1 : j + 1] = np.linspace(low, high, j - i) if j > i + 1 else middle
        free[i:j] = low, high
    rising = strictly_rising(borders.astype(np.int32))
    moved = (rising[1:-1] < free[:, 0]) | (rising[1:-1] > free[:, 1])
    free[moved] = rising[1:-1][moved, None]
    return rising, free


def seams_of(
    glyphs: tuple[Drawn, ...], borders: NDArray[np.int32], height: int, middle: NDArray[np.float64], slant: float
) -> NDArray[np.int16]:
    """(L+1, SEAM_ROWS) the column at which each border parts the letters' own ink, row by row.

    It leans with the hand through `borders` at rows `middle` (L+1,), moves aside for ink of either side, and halves an
    overlap.
    """
    rows = ((np.arange(SEAM_ROWS) + 0.5) * height / SEAM_ROWS).astype(int)
    ends = np.full((len(glyphs), SEAM_ROWS), -np.inf)
    starts = np.full((len(glyphs), SEAM_ROWS), np.inf)
    for k, glyph in enumerate(glyphs):
        for j, row in enumerate(rows - glyph.y):
            if glyph.mask.size and 0 <= row < len(glyph.mask):
                columns = np.flatnonzero(glyph.mask[row] >= INK)
                if len(columns):
                    starts[k, j], ends[k, j] = glyph.x + columns[0], glyph.x + columns[-1] + 1
    low = np.maximum.accumulate(ends, axis=0)[:-1]
    high = np.minimum.accumulate(starts[::-1], axis=0)[::-1][1:]
    seams = borders[:, None] + slant * (middle[:, None] - rows - 0.5)
    inner = np.clip(seams[1:-1], np.minimum(low, high), np.maximum(low, high))
    halved = low > high
    inner[halved] = (low[halved] + high[halved]) / 2
    seams[1:-1] = inner
    # outside, too, it gives way to ink, or it would push the next one over a letter that does not lean with the hand
    seams[0], seams[-1] = np.minimum(seams[0], starts.min(axis=0)), np.maximum(seams[-1], ends.max(axis=0))
    return np.maximum.accumulate(np.round(seams), axis=0).astype(np.int16)


def partings_of(
    glyphs: tuple[Drawn, ...], scale: float, shift: float, shape: tuple[int, ...], skew: float = 0.0
) -> Image:
    """(R, W) for each pixel of a scaled word what parting left of it parts: WITHIN, APART or FREE.

    shape: (R, W). A column of the word lies at column * scale there, a row at row * scale + shift - skew * that column.
    """
    size = shape[1], shape[0]
    coverage = np.zeros((len(glyphs), *size[::-1]), np.uint8)
    for k, (mask, x, y) in enumerate(glyphs):
        if not mask.size:
            continue
        reach = max(1, round(1 / scale))
        soft = cv2.blur(mask, (reach, reach)) if reach > 1 else mask
        half = (scale - 1) / 2  # the centre of pixel 0 is at .5
        across, down = x * scale + half, y * scale + shift + half
        place = np.array([[scale, 0, across], [-skew * scale, scale, down - skew * (across + 0.5)]])
        coverage[k] = cv2.warpAffine(soft, place, size, flags=cv2.INTER_LINEAR)
    return _partings(coverage)


@njit(cache=True)
def _partings(coverage: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The partings (R, W) of letters (L, R, W): in each row the gap between neighbours, or the middle of an overlap."""
    letters, rows, width = coverage.shape
    found = np.full((rows, width), FREE, np.uint8)
    for y in range(rows):
        before = -1  # end of the ink of the letters so far
        for k in range(letters):
            first, end = -1, -1
            for x in range(width):
                if coverage[k, y, x] >= INK:
                    first = x if first < 0 else first
                    end = x + 1
            if first < 0:
                continue
            if before < 0:
                found[y, first + 1 : end] = WITHIN
            elif before <= first:
                found[y, before : first + 1] = APART
                found[y, first + 1 : end] = WITHIN
            else:
                found[y, first : max(end, before)] = WITHIN
                found[y, (before + first) // 2] = APART
            before = max(before, end)
    return found


def strictly_rising(borders: NDArray[np.int32]) -> NDArray[np.int32]:
    """The nearest borders, each at least one column after the last, that keep the first and the last one."""
    steps = np.arange(len(borders), dtype=np.int32)
    # without their steps, rising borders are borders that don't fall
    level = np.clip(borders - steps, borders[0], borders[-1] - steps[-1])
    return np.maximum.accumulate(level) + steps
