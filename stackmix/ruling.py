"""Find the lines that a paper is ruled with: what is dark along the whole image.

The image is cut into upright strips; a ruling shows in nearly all of them, at rows that fall evenly from strip to strip.
So each row's darkness is the median over the strips, taken along the slope that makes the profile of rows sharpest, and
held down by the lower quartile: writing, however dense, leaves gaps, a ruling hardly any. Pixels as dark as ink say
nothing about what lies under them, unless they run from edge to edge. Wide images go block by block, for photographed
lines bend.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

CAP = 0.62  # of the ink's usual cover: what is darker may be writing
BLOCK = 400  # pixels in which a line is straight
STRIPS = 16  # at least, where the image has the pixels
STRIP = (2, 8)  # their width in pixels
SLOPES = 8  # tried in each direction
SLOPE = 0.004  # rows per column between two that are tried
STRONG, GAPS = 0.35, 0.15  # darkness of a line as dark as ink, and the share of strips that may lack it
LEAST = 0.03  # darkness of a line


@njit(cache=True, nogil=True)
def lines_across(cover: NDArray[np.float32]) -> NDArray[np.float32]:
    """(H, W) darkness of the lines that run across cover (H, W), 0 where none does; (0, 0) where there is none."""
    height, width = cover.shape
    blocks = max(1, (width + BLOCK // 2) // BLOCK)
    profiles, slopes = np.zeros((blocks, height + 2), np.float32), np.zeros(blocks)
    for b in range(blocks):
        part = cover[:, b * width // blocks : (b + 1) * width // blocks]
        strip = min(max(part.shape[1] // STRIPS, STRIP[0]), STRIP[1])
        means, whole = _strips(part, strip)
        slopes[b] = _slope(means, strip) if height > 2 else 0.0
        _profile(means, whole, slopes[b] * strip, profiles[b, 1:-1])
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
    rows, parts, shares = (
        np.empty(stop - first, np.int64),
        np.empty(stop - first, np.float32),
        np.ones(stop - first, np.float32),
    )
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
def _strips(cover: NDArray[np.float32], strip: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(H, S) mean of the pixels in each strip that are not as dark as ink, -1 where too few are; and of all pixels."""
    height, width = cover.shape
    count = max(1, width // strip)
    found, whole = np.empty((height, count), np.float32), np.empty((height, count), np.float32)
    for y in range(height):
        for k in range(count):
            total, everything, seen = np.float32(0), np.float32(0), 0
            stop = min((k + 1) * strip, width)
            for x in range(k * strip, stop):
                value = cover[y, x]
                everything += min(max(value, np.float32(0)), np.float32(1))
                if value < CAP:
                    total += value
                    seen += 1
            found[y, k] = max(total / seen, np.float32(0)) if 2 * seen > strip else np.float32(-1)
            whole[y, k] = everything / (stop - k * strip)
    return found, whole


@njit(cache=True, nogil=True)
def _slope(means: NDArray[np.float32], strip: int) -> float:
    """The slope, in rows per column, along which the profile of rows is sharpest."""
    height, count = means.shape
    best, found = np.float32(-1), 0.0
    shifts = np.empty(count, np.int64)
    for k in range(-SLOPES, SLOPES + 1):
        for s in range(count):
            shifts[s] = int(np.floor(k * SLOPE * strip * (s - (count - 1) / 2) + 0.5))
        before, sharp = np.float32(-1), np.float32(0)
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
        if sharp > best or (sharp == best and abs(k * SLOPE) < abs(found)):
            best, found = sharp, k * SLOPE
    return found


@njit(cache=True, nogil=True)
def _profile(means: NDArray[np.float32], whole: NDArray[np.float32], fall: float, found: NDArray[np.float32]) -> None:
    """Darkness (H,) of rows that fall so many rows from strip to strip, over that of the paper, into `found`."""
    height, count = means.shape
    lower, strong = np.zeros(height, np.float32), np.zeros(height, np.float32)
    own, every = np.empty(count, np.float32), np.empty(count, np.float32)
    for y in range(height):
        seen, inside = 0, 0
        for s in range(count):
            place = y + fall * (s - (count - 1) / 2)
            row = int(np.floor(place))
            if not 0 <= row < height:
                continue
            part, below = np.float32(place - row), min(row + 1, height - 1)
            every[inside] = whole[row, s] * (1 - part) + whole[below, s] * part
            inside += 1
            if means[row, s] >= 0 and means[below, s] >= 0:
                own[seen] = means[row, s] * (1 - part) + means[below, s] * part
                seen += 1
        if inside > 3 and min(every[0], every[inside - 1]) > STRONG:
            _sort(every, inside)
            if every[int(GAPS * inside)] > STRONG:
                strong[y] = every[inside // 2]
        if 3 * seen > count:
            _sort(own, seen)
            found[y], lower[y] = own[seen // 2], own[seen // 4]
    base, base_lower = np.median(found), np.median(lower)
    for y in range(height):
        weak = max(min(found[y] - base, 2 * (lower[y] - base_lower)), np.float32(0))
        found[y] = max(weak, strong[y])


@njit(cache=True, nogil=True)
def _sort(values: NDArray[np.float32], count: int) -> None:
    """The first values in rising order, in place: by insertion, for there are few."""
    for i in range(1, count):
        value, k = values[i], i
        while k > 0 and values[k - 1] > value:
            values[k] = values[k - 1]
            k -= 1
        values[k] = value
