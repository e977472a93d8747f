"""Letters racked for stacking: every sample's ink scaled once to the working height, on one baseline at one x-height.

The rack is stored column by column, so that a piece is one contiguous block of memory, and only the rows that a sample
reaches are kept.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from stackmix.geometry import INK
from stackmix.ink import ink_of
from stackmix.library import LetterLibrary
from stackmix.ownership import owners_of
from stackmix.types import Image

X_HEIGHT = 0.28  # of the height: room for 2.3 x-heights above the baseline and 1.2 below
BASELINE = 0.66  # of the height, from the top


class Rack(NamedTuple):
    """pixels: one uint8 arena of ink, 255 the darkest: sample i as (widths[i], rows[i]) from at[i] on, its first row
    being row tops[i] of the working height. owners: whose ink each of them is (`stackmix.ownership`).

    borders: the library's borders in columns of the rack's own samples, laid out as `LetterLibrary.border_columns`.
    seams: (borders, height) the column at which each border parts its letters, by row.
    crossings: for each border the mean row of the ink on it, -1 where no stroke crosses it.
    extents: (letters, 2) columns of a letter's ink.
    """

    height: int
    x_height: float
    baseline: int
    pixels: NDArray[np.uint8]
    owners: NDArray[np.uint8]
    at: NDArray[np.int64]
    widths: NDArray[np.int32]
    rows: NDArray[np.int32]
    tops: NDArray[np.int32]
    borders: NDArray[np.int32]
    seams: NDArray[np.int16]
    crossings: NDArray[np.float32]
    extents: NDArray[np.int32]

    @classmethod
    def of(cls, library: LetterLibrary, height: int) -> "Rack":
        """Scale a library to a working height in pixels, every sample into its place in one arena."""
        x_height, baseline = X_HEIGHT * height, round(BASELINE * height)
        scales = x_height / library.geometry[:, 2].astype(np.float64)
        lengths, shapes = np.diff(library.starts), library.shapes
        widths = np.maximum(lengths, np.round(shapes[:, 1] * scales)).astype(np.int32)
        shifts = baseline - np.round(library.geometry[:, 0] * scales).astype(np.int32)
        ends = np.clip(shifts + np.maximum(1, np.round(shapes[:, 0] * scales)), 1, height).astype(np.int32)
        tops = np.clip(shifts, 0, ends - 1).astype(np.int32)
        rows = ends - tops
        at = np.concatenate([[0], np.cumsum(widths.astype(np.int64) * rows)])[:-1]
        size, count = int((widths.astype(np.int64) * rows).sum()), len(library.border_columns)
        rack = cls(
            height,
            x_height,
            baseline,
            np.zeros(size, np.uint8),
            np.zeros(size, np.uint8),
            at,
            widths,
            rows,
            tops,
            np.empty(count, np.int32),
            np.empty((count, height), np.int16),
            np.empty(count, np.float32),
            np.empty((int(library.starts[-1]), 2), np.int32),
        )
        with ThreadPoolExecutor() as pool:
            for _ in pool.map(lambda i: rack._fill(library, i, float(scales[i]), int(shifts[i])), range(len(library))):
                pass
        return rack

    def ink(self, sample: int) -> NDArray[np.uint8]:
        """(width, rows) view of a sample's ink, column by column."""
        return self._view(self.pixels, sample)

    def _view(self, arena: NDArray[np.uint8], sample: int) -> NDArray[np.uint8]:
        start, shape = int(self.at[sample]), (int(self.widths[sample]), int(self.rows[sample]))
        return arena[start : start + shape[0] * shape[1]].reshape(shape)

    def _fill(self, library: LetterLibrary, sample: int, scale: float, shift: int) -> None:
        """Scale one sample into the arena: ink, borders, seams, owners, crossings."""
        ink, skew = ink_of(library.image(sample)), float(library.geometry[sample, 1])
        own = slice(int(library.starts[sample]) + sample, int(library.starts[sample + 1]) + sample + 1)
        top, columns = int(self.tops[sample]), self.ink(sample)
        _place(ink, skew, scale, shift - top, columns)
        stretch = len(columns) / ink.shape[1]
        self.borders[own] = _rising(library.borders(sample) * stretch, len(columns))
        # where each working row lies in the source, at each border of the line that was levelled
        drop = skew * (library.borders(sample) - ink.shape[1] / 2)
        seams = _seams_at(library.seams(sample), drop, ink.shape[0], scale, shift, stretch, self.seams[own])
        inside = np.ascontiguousarray(seams[:, top : top + columns.shape[1]])
        _, extents = owners_of(columns, inside, self._view(self.owners, sample))
        self.extents[own.start - sample : own.stop - sample - 1] = extents
        self.crossings[own] = _crossings(columns, inside, top)


def _place(ink: Image, skew: float, scale: float, shift: int, columns: NDArray[np.uint8]) -> None:
    """Level and scale (H, W) ink, and lay it, `shift` rows down, into (width, rows) columns."""
    if abs(skew) > 1e-3:
        level = np.array([[1, 0, 0], [-skew, 1, skew * ink.shape[1] / 2]], np.float32)
        ink = cv2.warpAffine(ink, level, (ink.shape[1], ink.shape[0]), flags=cv2.INTER_LINEAR)
    size = len(columns), max(1, round(ink.shape[0] * scale))
    small = cv2.resize(ink, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    top, bottom = max(0, shift), min(columns.shape[1], shift + size[1])
    if bottom > top:
        columns[:, top:bottom] = small[top - shift : bottom - shift].T


def _rising(borders: NDArray[np.float64], width: int) -> NDArray[np.int32]:
    """Borders at whole columns, at least one apart, within the width."""
    steps = np.arange(len(borders))
    scaled = np.maximum.accumulate(np.round(borders).astype(np.int64) - steps) + steps
    return np.minimum(scaled, width - steps[::-1]).astype(np.int32)


@njit(cache=True, nogil=True)
def _seams_at(
    seams: NDArray[np.int16],
    drop: NDArray[np.float64],
    rows: int,
    scale: float,
    shift: int,
    stretch: float,
    found: NDArray[np.int16],
) -> NDArray[np.int16]:
    """Seams (B, K) of an image of `rows` rows at each working row, into found (B, height): straight lines between."""
    last = seams.shape[1] - 1
    for i in range(len(found)):
        for y in range(found.shape[1]):
            source = ((y + 0.5 - shift) / scale + drop[i]) * ((last + 1) / rows) - 0.5
            row = min(max(source, 0.0), float(last))
            k = min(int(row), last - 1)
            column = round((seams[i, k] + (row - k) * (seams[i, k + 1] - seams[i, k])) * stretch)
            found[i, y] = column if i == 0 else max(column, found[i - 1, y])
    return found


@njit(cache=True, nogil=True)
def _crossings(columns: NDArray[np.uint8], seams: NDArray[np.int16], top: int) -> NDArray[np.float32]:
    """Mean row of the ink that lies on both sides of each seam (B, rows), -1 where none does; `top`: of row 0."""
    found = np.full(len(seams), -1.0, np.float32)
    for i in range(1, len(seams) - 1):
        mass, moment = 0, 0
        for y in range(columns.shape[1]):
            right = seams[i, y]
            if 0 < right < len(columns) and columns[right, y] > INK and columns[right - 1, y] > INK:
                mass += 1
                moment += y + top
        if mass > 0:
            found[i] = moment / mass
    return found
