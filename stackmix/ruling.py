"""Find the lines that a paper is ruled with: what is dark along the whole image.

The image is cut into upright strips; a ruling shows in nearly all of them, at rows that fall evenly from one to the
next. So each row's darkness is the median over the strips, taken along the slope that makes the profile of rows
sharpest, and held down by the paler ones among them: writing, however dense, leaves gaps, a ruling hardly any. Pixels
as dark as ink say nothing about what lies under them, unless they run from edge to edge. Wide images go block by block,
for photographed lines bend.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

CAP = 0.62  # of the ink's usual cover: what is darker may be writing
BLOCK = 400  # pixels in which a line is straight
STRIPS = 16  # at least, where the image has the pixels
STRIP = (2, 8)  # their width in pixels
STEEP = 0.032  # rows per column that lines fall or rise at most
SLOPE, STEP = 0.004, 1.5  # rows per column, or rows over the block, between two slopes that are tried
STRONG = 0.35  # darkness of a line that may be as dark as ink: it has to run from edge to edge
LOWER, RISE = 0.18, 1.6  # share of strips that may lack a line, and how much darker it may be than in the palest other
LEAST = 0.03  # darkness of a line


@njit(cache=True, nogil=True)
def lines_across(cover: NDArray[np.float32], beside: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(H, W) darkness of the lines that run across cover (H, W), 0 where none does; (0, 0) where there is none.

    beside: not 0 on ink and beside it, where nothing is learnt.
    """
    height, width = cover.shape
    blocks = max(1, (width + BLOCK // 2) // BLOCK)
    profiles, slopes = np.zeros((blocks, height + 2), np.float32), np.zeros(blocks)
    for b in range(blocks):
        own = slice(b * width // blocks, (b + 1) * width // blocks)
        part = cover[:, own]
        strip = min(max(part.shape[1] // STRIPS, STRIP[0]), STRIP[1])
        strips = _strips(part, beside[:, own], strip)
        slopes[b] = _slope(strips[1], strip) if height > 2 else 0.0
        _profile(strips, slopes[b] * strip, profiles[b, 1:-1])
    if profiles.max() < LEAST:
        return np.zeros((0, 0), np.float32)
    found = np.zeros((height, width), np.float32)
    for b in range(blocks):
        if profiles[b].max() >= LEAST:
            _lay(profiles[b], slopes[b], b, blocks, found)
    return found


@njit(cache=True, nogil=True)
def _lay(profile: NDArray[np.float32], slope: float, block: int, blocks: int, found: NDArray[np.float32]) -> None:
    """Add a block's lines, which fade into those of the blocks beside it; profile: with an empty row at both ends."""
    height, width = found.shape
    size = width / blocks
    middle = (block + 0.5) * size - 0.5
    first = 0 if block == 0 else max(0, int(middle - size) + 1)
    stop = width if block == blocks - 1 else min(width, int(np.ceil(middle + size)))
    rows = np.empty(stop - first, np.int64)
    parts, shares = np.empty(len(rows), np.float32), np.ones(len(rows), np.float32)
    for x in range(first, stop):
        away = x - middle
        outer = (away < 0 and block == 0) or (away > 0 and block == blocks - 1)
        shares[x - first] = 1 if outer else max(0.0, 1 - abs(away) / size)
        up = 1 - slope * away
        rows[x - first] = int(np.floor(up))
        parts[x - first] = up - np.floor(up)
    last = len(profile) - 2
    for y in range(height):
        for x in range(stop - first):
            k = min(max(y + rows[x], 0), last)
            found[y, first + x] += shares[x] * (profile[k] + parts[x] * (profile[k + 1] - profile[k]))


@njit(cache=True, nogil=True)
def _strips(cover: NDArray[np.float32], beside: NDArray[np.uint8], strip: int) -> NDArray[np.float32]:
    """(3, H, S) mean of the pixels in each strip that lie apart from ink, of those that are not as dark as ink, and of
    all; -1 where too few are left."""
    height, width = cover.shape
    count = max(1, width // strip)
    found = np.empty((3, height, count), np.float32)
    for y in range(height):
        for k in range(count):
            apart, pale, every, n_apart, n_pale = np.float32(0), np.float32(0), np.float32(0), 0, 0
            stop = min((k + 1) * strip, width)
            for x in range(k * strip, stop):
                value = max(cover[y, x], np.float32(0))
                every += min(value, np.float32(1))
                pale += value if value < CAP else np.float32(0)
                n_pale += value < CAP
                apart += np.float32(0) if beside[y, x] else value
                n_apart += not beside[y, x]
            found[0, y, k] = apart / n_apart if 4 * n_apart >= strip else np.float32(-1)
            found[1, y, k] = pale / n_pale if 2 * n_pale > strip else np.float32(-1)
            found[2, y, k] = every / (stop - k * strip)
    return found


@njit(cache=True, nogil=True)
def _slope(means: NDArray[np.float32], strip: int) -> float:
    """The slope, in rows per column, along which the profile of rows is sharpest: first coarsely, then beside it."""
    step = max(SLOPE, STEP / (strip * means.shape[1]))
    best, found = _sharpness(means, 0.0), 0.0
    for k in range(1, int(STEEP / step) + 1):
        for slope in (-k * step, k * step):
            now = _sharpness(means, slope * strip)
            if now > best:
                best, found = now, slope
    for closer in (2, 4):
        middle = found
        for slope in (middle - step / closer, middle + step / closer):
            now = _sharpness(means, slope * strip)
            if now > best:
                best, found = now, slope
    return found


@njit(cache=True, nogil=True)
def _sharpness(means: NDArray[np.float32], fall: float) -> np.float32:
    """How much the means of rows that fall so many rows from strip to strip change from one to the next, squared."""
    height, count = means.shape
    before, sharp = np.float32(-1), np.float32(0)
    shifts = np.empty(count, np.int64)
    for s in range(count):
        shifts[s] = int(np.floor(fall * (s - (count - 1) / 2) + 0.5))
    for y in range(height):
        total, seen = np.float32(0), 0
        for s in range(count):
            row = y + shifts[s]
            if 0 <= row < height and means[row, s] >= 0:
                total += means[row, s]
                seen += 1
        now = total / seen if 2 * seen > count else np.float32(-1)
        if before >= 0 and now >= 0:
            sharp += (now - before) ** 2
        before = now
    return sharp


@njit(cache=True, nogil=True)
def _profile(strips: NDArray[np.float32], fall: float, found: NDArray[np.float32]) -> None:
    """Darkness (H,) of rows that fall so many rows from strip to strip, over that of the paper, into `found`."""
    height, count = strips.shape[1:]
    lower, strong = np.zeros(height, np.float32), np.zeros(height, np.float32)
    own, places = np.empty(count, np.float32), fall * (np.arange(count) - (count - 1) / 2)
    for y in range(height):
        inside = _row(strips[2], y, places, own)
        reaches = inside > 3 and min(own[0], own[inside - 1]) > STRONG
        if reaches and (own[:inside] <= STRONG).sum() <= int(LOWER * inside):
            _sort(own, inside)
            strong[y] = own[inside // 2]
        seen = _row(strips[0], y, places, own)
        if 5 * seen < count:  # nothing but ink, or a line that is nearly as dark
            seen = _row(strips[1], y, places, own)
        if 5 * seen >= count:
            _sort(own, seen)
            found[y], lower[y] = own[seen // 2], own[int(LOWER * seen)]
    base, base_lower = np.median(found), np.median(lower)
    for y in range(height):
        weak = max(min(found[y] - base, RISE * (lower[y] - base_lower)), np.float32(0))
        found[y] = max(weak, strong[y])


@njit(cache=True, nogil=True)
def _row(means: NDArray[np.float32], y: int, places: NDArray[np.float64], found: NDArray[np.float32]) -> int:
    """Put the strips' means at y + places, where there are any, into `found`; how many."""
    height, count = means.shape
    seen = 0
    for s in range(count):
        row = y + int(np.floor(places[s]))
        if 0 <= row < height:
            here, below, part = means[row, s], means[min(row + 1, height - 1), s], places[s] - np.floor(places[s])
            if here >= 0 and below >= 0:
                found[seen] = here + np.float32(part) * (below - here)
                seen += 1
    return seen


@njit(cache=True, nogil=True)
def _sort(values: NDArray[np.float32], count: int) -> None:
    """The first values in rising order, in place: by insertion, for there are few."""
    for i in range(1, count):
        value, k = values[i], i
        while k > 0 and values[k - 1] > value:
            values[k] = values[k - 1]
            k -= 1
        values[k] = value
