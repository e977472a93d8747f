"""Polygons around ink: its upper and lower edge, strip by strip.

An upright strip's ink lies between its first and its last row; where two strips meet the further of both counts, so
straight lines between these points leave no ink outside, and the polygon never crosses itself.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from stackmix.types import Image

INKED = 48  # of 255: paler is no ink


@njit(cache=True, nogil=True)
def edges(cover: Image, strip: int) -> NDArray[np.float32]:
    """(n + 1, 3) column, first row and end row of the ink in cover (h, w) at the borders of its n strips; (0, 3) where
    there is none."""
    height, width = cover.shape
    left, right = width, 0
    for y in range(height):
        for x in range(width):
            if cover[y, x] >= INKED:
                left, right = min(left, x), max(right, x + 1)
    width = right - left
    if width <= 0:
        return np.zeros((0, 3), np.float32)
    count = max(1, (width + strip // 2) // strip)
    tops, ends = np.full(count, height, np.int64), np.zeros(count, np.int64)
    for y in range(height):
        for x in range(left, right):
            if cover[y, x] >= INKED:
                k = (x - left) * count // width
                tops[k] = min(tops[k], y)
                ends[k] = max(ends[k], y + 1)
    last = -1
    for k in range(count):
        if ends[k] == 0:
            continue
        for j in range(last + 1, k):  # white strips go on as the inked ones beside them
            near = k if k - j <= j - last else last
            tops[j], ends[j] = tops[near], ends[near]
        last = k
    found = np.empty((count + 1, 3), np.float32)
    for k in range(count + 1):
        before, after = max(k - 1, 0), min(k, count - 1)
        found[k, 0] = left - (-k * width // count)
        found[k, 1] = min(tops[before], tops[after])
        found[k, 2] = max(ends[before], ends[after])
    return found


def polygon(found: NDArray[np.float32], room: float) -> NDArray[np.float32]:
    """(2n + 2, 2) the polygon of edges, `room` pixels wider on every side: the upper edge, then the lower one back."""
    x, top, end = found.astype(np.float32).T
    x = x.copy()
    x[0] -= room
    x[-1] += room
    upper, lower = np.column_stack([x, top - room]), np.column_stack([x, end + room])
    return np.concatenate([upper, lower[::-1]]).astype(np.float32)


def joined(parts: list[NDArray[np.float32]], strip: float) -> NDArray[np.float32]:
    """The edges of ink in several places, each with its own edges, in strips of a width: those of a whole line."""
    left, right = min(p[0, 0] for p in parts), max(p[-1, 0] for p in parts)
    count = max(1, round((right - left) / strip))
    x = np.linspace(left, right, count + 1)
    tops, ends = np.full(count, np.inf), np.full(count, -np.inf)
    for part in parts:
        # a part's points and the crossings with the strips' borders: between them its edges are straight
        own = np.unique(np.concatenate([part[:, 0], x[(x > part[0, 0]) & (x < part[-1, 0])]]))
        upper, lower = (np.interp(own, part[:, 0], part[:, k]) for k in (1, 2))
        at = (own - left) / (right - left) * count
        for place in (np.floor(at), np.ceil(at) - 1):
            k = np.clip(place.astype(int), 0, count - 1)
            np.minimum.at(tops, k, upper)
            np.maximum.at(ends, k, lower)
    known = np.flatnonzero(np.isfinite(tops))
    middles = np.arange(count)
    tops, ends = (np.interp(middles, known, side[known]) for side in (tops, ends))
    upper = np.minimum(np.append(tops, tops[-1]), np.insert(tops, 0, tops[0]))
    lower = np.maximum(np.append(ends, ends[-1]), np.insert(ends, 0, ends[0]))
    return np.column_stack([x, upper, lower]).astype(np.float32)
