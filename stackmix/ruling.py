"""Find the lines that a paper is ruled with: what is dark along the whole image, and paler than ink.

The image is cut into upright strips; a ruling shows in nearly all of them at rows that fall evenly from strip to strip.
So each row's darkness is the median over the strips, taken along the slope that makes the profile of rows sharpest, and
held down by the lower quartile: writing, however dense, leaves gaps, a ruling hardly any. Pixels as dark as ink say
nothing about what lies under them.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

CAP = 0.62  # of the ink's usual cover: what is darker is writing
STRIPS = 16  # at least, where the image has the pixels
STRIP = (2, 8)  # their width in pixels
SLOPES = 8  # tried in each direction
SLOPE = 0.004  # rows per column between two that are tried


@njit(cache=True, nogil=True)
def along_lines(cover: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Darkness (H,) of the lines across cover (H, W), 0 where there is none, and (2,) their slope and middle column."""
    height, width = cover.shape
    strip = min(max(width // STRIPS, STRIP[0]), STRIP[1])
    means = _strips(cover, strip)
    slope = _slope(means, strip)
    lines = _profile(means, slope * strip)
    return lines, np.array([slope, (width - 1) / 2], np.float32)


@njit(cache=True, nogil=True, inline="always")
def across(lines: tuple[NDArray[np.float32], NDArray[np.float32]], y: int, x: int) -> np.float32:
    """Darkness of the lines at a pixel."""
    profile, (slope, middle) = lines[0], lines[1]
    place = min(max(y - slope * (x - middle), np.float32(0)), np.float32(len(profile) - 1))
    k = min(int(place), max(len(profile) - 2, 0))
    if len(profile) == 1:
        return profile[0]
    weight = place - np.float32(k)
    return profile[k] + weight * (profile[k + 1] - profile[k])


@njit(cache=True, nogil=True)
def _strips(cover: NDArray[np.float32], strip: int) -> NDArray[np.float32]:
    """(H, S) mean of the pixels in each strip that are not as dark as ink, -1 where too few are."""
    height, width = cover.shape
    count = max(1, width // strip)
    found = np.empty((height, count), np.float32)
    for y in range(height):
        for k in range(count):
            total, seen = np.float32(0), 0
            for x in range(k * strip, min((k + 1) * strip, width)):
                if cover[y, x] < CAP:
                    total += cover[y, x]
                    seen += 1
            found[y, k] = max(total / seen, np.float32(0)) if 2 * seen > strip else np.float32(-1)
    return found


@njit(cache=True, nogil=True)
def _slope(means: NDArray[np.float32], strip: int) -> float:
    """The slope, in rows per column, along which the profile of rows is sharpest."""
    height, count = means.shape
    best, found = np.float32(-1), 0.0
    for k in range(-SLOPES, SLOPES + 1):
        before, sharp = np.float32(-1), np.float32(0)
        for y in range(height):
            total, seen = np.float32(0), 0
            for s in range(count):
                row = y + int(np.floor(k * SLOPE * strip * (s - (count - 1) / 2) + 0.5))
                if 0 <= row < height and means[row, s] >= 0:
                    total += means[row, s]
                    seen += 1
            now = total / seen if 2 * seen > count else np.float32(-1)
            if before >= 0 and now >= 0:
                sharp += (now - before) ** 2
            before = now
        if sharp > best * (1 + 1e-6) or (sharp == best and abs(k) < abs(found)):
            best, found = sharp, k * SLOPE
    return found


@njit(cache=True, nogil=True)
def _profile(means: NDArray[np.float32], fall: float) -> NDArray[np.float32]:
    """(H,) darkness of rows that fall so many rows from strip to strip, over that of the paper."""
    height, count = means.shape
    found, own = np.zeros(height, np.float32), np.empty(count, np.float32)
    lower = np.zeros(height, np.float32)
    for y in range(height):
        seen = 0
        for s in range(count):
            place = y + fall * (s - (count - 1) / 2)
            row = int(np.floor(place))
            part = np.float32(place - row)
            if 0 <= row < height - 1 and means[row, s] >= 0 and means[row + 1, s] >= 0:
                own[seen] = means[row, s] * (1 - part) + means[row + 1, s] * part
                seen += 1
            elif row == height - 1 and part < 1e-3 and means[row, s] >= 0:
                own[seen] = means[row, s]
                seen += 1
        if 3 * seen > count:
            ranked = np.sort(own[:seen])
            found[y], lower[y] = ranked[seen // 2], ranked[seen // 4]
    base, base_lower = np.median(found), np.median(lower)
    for y in range(height):
        found[y] = max(min(found[y] - base, 2 * (lower[y] - base_lower)), np.float32(0))
    return found
