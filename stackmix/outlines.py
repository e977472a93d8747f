"""Each letter's own outline out of a sample's ink, and the strokes that run over its borders.

An outline holds what its letter owns (`stackmix.ownership`); a stroke that joins two letters ends where it was cut. A
borrowed outline is leaned, and made bolder or thinner, as the hand writes that borrows it.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from stackmix.geometry import INK
from stackmix.ownership import WRAP

BANDS = 12  # of a third of an x-height, from the top of the working height down
NOWHERE = np.int16(16000)
AHEAD = 0.14  # of an x-height to either side of a border, where the slope of its stroke is measured


@njit(cache=True, nogil=True)
def lift(
    columns: NDArray[np.uint8],
    owners: NDArray[np.uint8],
    extents: NDArray[np.int32],
    seams: NDArray[np.int16],
    borders: NDArray[np.int32],
    top: int,
    letters: NDArray[np.int32],
) -> NDArray[np.uint8]:
    """Pixels of the outlines of a sample's letters, one behind the other, as light; fills letters (L, 4) of `Rack`.

    columns: (W, R) ink, its first row being row `top` of the working height. owners, extents: as `owners_of` gives
    them. seams: (L+1, R). borders: (L+1,).
    """
    count, (width, rows) = len(extents), columns.shape
    room = 0
    for k in range(count):
        low = max(min(int(extents[k, 0]), seams[k].min()), 0)
        high = min(max(int(extents[k, 1]), seams[k + 1].max()), width)
        letters[k, 0], letters[k, 1], letters[k, 2], letters[k, 3] = low, max(high - low, 0), 0, rows
        room += letters[k, 1] * rows
    pixels, used = np.empty(room, np.uint8), 0
    for k in range(count):
        low, wide = int(letters[k, 0]), int(letters[k, 1])
        box = pixels[used : used + wide * rows].reshape(wide, rows)
        lightest, first, last = np.full(rows, 255, np.uint8), wide, -1
        for c in range(wide):
            own = _own(columns[low + c], owners[low + c], k, box[c])
            if own < 255:
                first, last = min(first, c), c
                for y in range(rows):
                    lightest[y] = min(lightest[y], box[c, y])
        inked = np.flatnonzero(lightest < 255)
        wide, upper, tall = max(last - first + 1, 0), 0, 0
        if len(inked):
            upper, tall = inked[0], inked[-1] + 1 - inked[0]
        for c in range(wide):  # keep the box of the ink, moved to the front
            for y in range(tall):
                pixels[used + c * tall + y] = box[first + c, upper + y]
        letters[k, 0], letters[k, 1] = (low + first - borders[k] if wide else 0), wide
        letters[k, 2], letters[k, 3] = upper + top, tall
        used += wide * tall
    return pixels[:used].copy()


@njit(cache=True, nogil=True)
def _own(ink: NDArray[np.uint8], owners: NDArray[np.uint8], letter: int, light: NDArray[np.uint8]) -> int:
    """Fill the light of a column with a letter's ink; the darkest of it. Without branches: it becomes vector code."""
    darkest = np.uint8(255)
    wanted = np.uint8(letter % WRAP)
    for y in range(len(ink)):
        light[y] = np.uint8(255) - (ink[y] if owners[y] == wanted else np.uint8(0))
        darkest = min(darkest, light[y])
    return int(darkest)


@njit(cache=True, nogil=True)
def _stroke_near(column: NDArray[np.uint8], row: float, within: float) -> float:
    """Middle row of the run of ink in a column that is nearest to a row, -1 where none is within reach."""
    best, nearest = -1.0, within
    start = -1
    for y in range(len(column) + 1):
        inked = y < len(column) and column[y] > INK
        if inked and start < 0:
            start = y
        elif not inked and start >= 0:
            middle = (start + y - 1) / 2
            if abs(middle - row) <= nearest:
                best, nearest = middle, abs(middle - row)
            start = -1
    return best


@njit(cache=True, nogil=True)
def joins_of(
    columns: NDArray[np.uint8], seams: NDArray[np.int16], borders: NDArray[np.int32], top: int, x_height: float
) -> NDArray[np.float32]:
    """(L+1, 4) row, slope and thickness of the thickest stroke that crosses each seam (L+1, R), and how many columns
    right of the border (L+1,) it does; zeros where none does.

    A stroke crosses where there is ink on both sides; the outer two seams are crossed by none.
    """
    found = np.zeros((len(seams), 4), np.float32)
    ahead = max(2, round(AHEAD * x_height))
    width, rows = columns.shape
    for i in range(1, len(seams) - 1):
        start, best, first = -1, 0, 0
        for y in range(rows + 1):
            right = seams[i, y] if y < rows else 0
            inked = y < rows and 0 < right < width and columns[right, y] > INK and columns[right - 1, y] > INK
            if inked and start < 0:
                start = y
            elif not inked and start >= 0:
                if y - start >= best:
                    best, first = y - start, start
                start = -1
        if best == 0:
            continue
        row = first + (best - 1) / 2
        column = seams[i, first + (best - 1) // 2]
        before = _stroke_near(columns[max(column - ahead, 0)], row, 1.5 * ahead)
        after = _stroke_near(columns[min(column + ahead, width - 1)], row, 1.5 * ahead)
        before, after = (row if before < 0 else before), (row if after < 0 else after)
        found[i, 0], found[i, 1], found[i, 2] = row + top, (after - before) / (2 * ahead), best
        found[i, 3] = column - borders[i]
    return found


@njit(cache=True, nogil=True)
def profiles_of(
    pixels: NDArray[np.uint8], letters: NDArray[np.int32], borders: NDArray[np.int32], band: float
) -> NDArray[np.int16]:
    """(L, 2, BANDS) how far each letter's ink stays from its left and its right border, in columns, in each band of
    rows; NOWHERE in a band without ink.

    pixels, letters: of one sample, as `lift` gives them. borders: (L+1,). band: rows of a band at the working height.
    """
    found = np.full((len(letters), 2, BANDS), NOWHERE, np.int16)
    start = 0
    for k in range(len(letters)):
        left, width, top, rows = letters[k]
        far = int(borders[k + 1] - borders[k] - left)
        for c in range(width):
            for y in range(rows):
                if pixels[start + c * rows + y] < 255 - INK:
                    j = min(int((top + y) / band), BANDS - 1)
                    found[k, 0, j] = min(found[k, 0, j], left + c)
                    found[k, 1, j] = min(found[k, 1, j], far - c - 1)
        start += width * rows
    return found


@njit(cache=True, nogil=True)
def white_between(right: NDArray[np.int16], left: NDArray[np.int16]) -> tuple[int, int]:
    """Columns of white on either side of the border where two letters meet, in those bands (BANDS,), the same or
    neighbours, where they come nearest to each other; (NOWHERE, 0) where none face each other.
    """
    before, after = int(NOWHERE), 0
    for j in range(BANDS):
        for i in range(max(j - 1, 0), min(j + 2, BANDS)):
            if right[j] < NOWHERE and left[i] < NOWHERE and int(right[j]) + int(left[i]) < before + after:
                before, after = int(right[j]), int(left[i])
    return before, after


@njit(cache=True, nogil=True)
def gaps_of(profiles: NDArray[np.int16], joins: NDArray[np.float32]) -> NDArray[np.int16]:
    """(L+1,) columns of white at each border of a sample; NOWHERE where a stroke crosses, and at the outer two."""
    found = np.full(len(profiles) + 1, NOWHERE, np.int16)
    for k in range(1, len(profiles)):
        if joins[k, 2] == 0:
            before, after = white_between(profiles[k - 1, 1], profiles[k, 0])
            found[k] = before + after
    return found


@njit(cache=True)
def restyled(outline: NDArray[np.uint8], lean: float, bolder: float, middle: float) -> tuple[NDArray[np.uint8], int]:
    """An outline (W, R) leaned about row `middle` and with wider or thinner strokes, and the columns added before it.

    A row is added above and below. A stroke gets a pixel wider on both sides where each pixel takes its darkest
    neighbour's light, so `bolder` is the share of that, at most one.
    """
    width, rows = outline.shape
    pad = 1 + int(np.ceil(abs(lean) * max(abs(middle), abs(rows - middle))))
    leant = np.full((width + 2 * pad, rows + 2), np.float32(255), np.float32)
    for y in range(rows):
        shift = lean * (middle - y)
        whole = int(np.floor(shift))
        part = shift - whole
        for c in range(width):
            ink = 255 - np.float32(outline[c, y])
            if ink > 0:
                leant[c + pad + whole, y + 1] -= ink * (1 - part)
                leant[c + pad + whole + 1, y + 1] -= ink * part
    share = min(abs(bolder) / 2, 1.0)
    found = np.empty(leant.shape, np.uint8)
    for c in range(len(leant)):
        for y in range(rows + 2):
            here = leant[c, y]
            other = here
            for a, b in ((-1, 0), (1, 0), (0, -1), (0, 1)):
                if 0 <= c + a < len(leant) and 0 <= y + b < rows + 2:
                    beside = leant[c + a, y + b]
                    other = min(other, beside) if bolder > 0 else max(other, beside)
            found[c, y] = np.uint8(max(here + (other - here) * share, 0.0))
    return found, pad
