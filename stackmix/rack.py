"""Letters racked for stacking: every sample's ink scaled once to the working height, on one baseline at one x-height.

The rack is stored column by column, `columns[c]` being one column of `height` pixels, so that a piece is one
contiguous block of memory and stacking is copying blocks.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from stackmix.geometry import INK, Geometry
from stackmix.ink import ink_of
from stackmix.library import LetterLibrary
from stackmix.ownership import owners_of
from stackmix.types import Image

X_HEIGHT = 0.28  # of the height: room for 2.3 x-heights above the baseline and 1.2 below
BASELINE = 0.66  # of the height, from the top


class Rack(NamedTuple):
    """columns: (columns of all samples, height) uint8 ink, 255 the darkest. firsts: (N+1,) first column of each sample.

    borders: the library's borders in columns of the rack's own samples, laid out as `LetterLibrary.border_columns`; a
    border runs through its column at mid x-height and leans with the hand. leans: (N, height) columns to add by row.
    crossings: for each border the mean row of the ink on it, -1 where no stroke crosses it.
    owners: (columns of all samples, height) whose ink each pixel is. extents: (letters, 2) columns of a letter's ink.
    """

    height: int
    x_height: float
    baseline: int
    columns: NDArray[np.uint8]
    firsts: NDArray[np.int64]
    borders: NDArray[np.int32]
    leans: NDArray[np.int16]
    crossings: NDArray[np.float32]
    owners: NDArray[np.uint8]
    extents: NDArray[np.int32]

    @classmethod
    def of(cls, library: LetterLibrary, height: int) -> "Rack":
        """Scale a library to a working height in pixels."""
        x_height, baseline = X_HEIGHT * height, round(BASELINE * height)

        above = baseline - x_height / 2 - np.arange(height) - 0.5
        leans = np.round(library.geometry[:, 3:4] * above).astype(np.int16)

        def scale(sample: int) -> tuple[NDArray[np.uint8], NDArray[np.int32], NDArray[np.uint8], NDArray[np.int32]]:
            geometry = Geometry(*library.geometry[sample].tolist())
            ink = ink_of(library.image(sample))
            columns, borders = _racked(ink, library.borders(sample), geometry, height, x_height, baseline)
            return columns, borders, *owners_of(columns, borders, leans[sample])

        with ThreadPoolExecutor() as pool:
            scaled = list(zip(*pool.map(scale, range(len(library))), strict=True))
        columns, borders, owners, extents = (np.concatenate(part) for part in scaled)
        firsts = np.concatenate([[0], np.cumsum([len(c) for c in scaled[0]])]).astype(np.int64)
        crossings = _crossings(columns, firsts, leans, library.starts, borders)
        return cls(height, x_height, baseline, columns, firsts, borders, leans, crossings, owners, extents)


def _racked(
    ink: Image, borders: NDArray[np.int32], geometry: Geometry, height: int, x_height: float, baseline: int
) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """(columns, height) ink of one sample at the working size with its line levelled, and its borders there."""
    scale = x_height / geometry.x_height
    if abs(geometry.skew) > 1e-3:
        middle = ink.shape[1] / 2
        level = np.array([[1, 0, 0], [-geometry.skew, 1, geometry.skew * middle]], np.float32)
        ink = cv2.warpAffine(ink, level, (ink.shape[1], ink.shape[0]), flags=cv2.INTER_LINEAR)
    size = (max(len(borders) - 1, round(ink.shape[1] * scale)), max(1, round(ink.shape[0] * scale)))
    small = cv2.resize(ink, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    shift = baseline - round(geometry.baseline * scale)
    placed = np.zeros((size[0], height), np.uint8)
    top, bottom = max(0, shift), min(height, shift + size[1])
    if bottom > top:
        placed[:, top:bottom] = small[top - shift : bottom - shift].T
    steps = np.arange(len(borders), dtype=np.int32)
    scaled = np.round(borders * (size[0] / ink.shape[1])).astype(np.int32)
    scaled = np.minimum(np.maximum.accumulate(scaled - steps) + steps, size[0] - steps[::-1])
    return placed, scaled.astype(np.int32)


@njit(cache=True)
def _crossings(
    columns: NDArray[np.uint8],
    firsts: NDArray[np.int64],
    leans: NDArray[np.int16],
    starts: NDArray[np.int64],
    borders: NDArray[np.int32],
) -> NDArray[np.float32]:
    """Mean row of the ink that lies on both sides of each leaning border, -1 where none does."""
    found = np.full(len(borders), -1.0, np.float32)
    for sample in range(len(starts) - 1):
        for i in range(starts[sample] + sample + 1, starts[sample + 1] + sample):
            mass, moment = 0, 0
            for y in range(columns.shape[1]):
                right = firsts[sample] + borders[i] + leans[sample, y]
                inside = firsts[sample] < right < firsts[sample + 1]
                if inside and columns[right, y] > INK and columns[right - 1, y] > INK:
                    mass += 1
                    moment += y
            if mass > 0:
                found[i] = moment / mass
    return found
