"""Words as maps and back: the core of each word, and how far the word reaches from every pixel of its core.

A core is the middle of its word, two fifths of the height and a little less than the length, so the cores of words that
touch or cross lines lie apart, as in shrunk text kernels (Wang et al. 2019, PSENet); each core pixel also says how far
the word reaches up, down, left and right from it, as in dense box regression (Zhou et al. 2017, EAST). Up and down are
told for each column, so a polygon follows a word that leans, bends or has one tall letter. A core and its reach have to
agree: noise makes specks that promise whole words, and is told by that.
"""

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from stackmix.train.finding import Found

BAND = 0.2  # a core reaches so far above and below its middle line, in heights
INSET = 0.2  # and ends so far before its word's ends, in heights
NEAR = 24  # map pixels from an end of the word within which a core pixel must know that end
GAP = 3.0  # weight of a pixel between the ends of two cores, where words are told apart
LEAST = 3  # map pixels of the smallest core
FULL = 0.25  # of the core that a word of its extent is painted with; hardly a true word has less, noise mostly

Maps = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]


@njit(cache=True, nogil=True)
def chords(polygon: NDArray[np.float32], first: int, count: int) -> NDArray[np.float32]:
    """(count, 2) highest and lowest y of a polygon on the middles of columns `first`...; rising, 0 0 where none."""
    found = np.zeros((count, 2), np.float32)
    seen = np.zeros(count, np.bool_)
    for k in range(len(polygon)):
        x0, y0 = polygon[k]
        x1, y1 = polygon[(k + 1) % len(polygon)]
        if x0 > x1:
            x0, y0, x1, y1 = x1, y1, x0, y0
        for i in range(max(0, int(np.ceil(x0 - 0.5)) - first), min(count, int(np.floor(x1 - 0.5)) - first + 1)):
            if x1 - x0 < 1e-6:
                continue
            y = y0 + (first + i + 0.5 - x0) / (x1 - x0) * (y1 - y0)
            if not seen[i]:
                found[i, 0], found[i, 1], seen[i] = y, y, True
            found[i, 0], found[i, 1] = min(found[i, 0], y), max(found[i, 1], y)
    return found


@njit(cache=True, nogil=True)
def _smooth(values: NDArray[np.float32], half: int) -> NDArray[np.float32]:
    """(n, 2) mean of each column of values over 2 * half + 1 rows, fewer at the ends."""
    found = np.empty_like(values)
    for i in range(len(values)):
        low, high = max(0, i - half), min(len(values), i + half + 1)
        found[i, 0], found[i, 1] = values[low:high, 0].mean(), values[low:high, 1].mean()
    return found


@njit(cache=True, nogil=True)
def _paint(
    polygon: NDArray[np.float32],
    word: int,
    owner: NDArray[np.int32],
    reach: NDArray[np.float32],
    weight: NDArray[np.float32],
) -> None:
    """Paint one word, in map pixels: its number, how far it reaches, and the weight of the gaps at its ends."""
    height, width = owner.shape
    left, right = polygon[:, 0].min(), polygon[:, 0].max()
    first = int(np.ceil(left - 0.5))
    count = int(np.floor(right - 0.5)) - first + 1
    if count < 1:
        return
    exact = chords(polygon, first, count)
    tall = np.median(exact[:, 1] - exact[:, 0])
    even = _smooth(exact, int(tall / 2))
    inset = min(INSET * tall, 0.3 * (right - left))
    for i in range(-int(inset) - 2, count + int(inset) + 2):
        x = first + i
        if x < 0 or x >= width:
            continue
        near = min(max(i, 0), count - 1)
        top, bottom = even[near]
        half = max(BAND * (bottom - top), 0.75)
        core = min(x + 0.5 - left, right - x - 0.5) >= inset or (count < 3 and i == count // 2)
        low, high = int(np.ceil((top + bottom) / 2 - half - 0.5)), int(np.floor((top + bottom) / 2 + half - 0.5))
        for y in range(max(low, 0), min(high, height - 1) + 1):
            if not core:
                weight[y, x] = GAP
                continue
            owner[y, x] = word
            reach[0, y, x] = max(y + 0.5 - exact[near, 0], 0.0)
            reach[1, y, x] = max(exact[near, 1] - y - 0.5, 0.0)
            reach[2, y, x], reach[3, y, x] = x + 0.5 - left, right - x - 0.5


@njit(cache=True, nogil=True)
def _apart(owner: NDArray[np.int32], weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """(h, w) 1 on cores, but for pixels that touch another word's core."""
    height, width = owner.shape
    core = np.zeros(owner.shape, np.float32)
    for y in range(height):
        for x in range(width):
            own = owner[y, x]
            if own == 0:
                continue
            core[y, x] = 1.0
            for v, u in ((y - 1, x), (y, x - 1), (y + 1, x), (y, x + 1)):
                if 0 <= v < height and 0 <= u < width and owner[v, u] != 0 and owner[v, u] != own:
                    core[y, x], weight[y, x] = 0.0, GAP
    return core


def paint(polygons: list[NDArray[np.float32]], ignored: list[bool], shape: tuple[int, int], step: int) -> Maps:
    """Maps of the words of a picture of `shape`, one pixel for step x step of it.

    Returns core (h, w) 0 or 1; reach (4, h, w) map pixels up, down, left and right, where there is a core; weight
    (h, w) of each pixel in training, 0 on the words to be ignored.
    """
    height, width = shape[0] // step, shape[1] // step
    owner, weight = np.zeros((height, width), np.int32), np.ones((height, width), np.float32)
    reach = np.zeros((4, height, width), np.float32)
    scaled = [np.ascontiguousarray(polygon, np.float32) / np.float32(step) for polygon in polygons]
    for polygon in (p for p, passed in zip(scaled, ignored, strict=True) if passed):
        cv2.fillPoly(weight, [np.round(polygon).astype(np.int32)], 0.0)
    for number, (polygon, passed) in enumerate(zip(scaled, ignored, strict=True), 1):
        if not passed:
            _paint(polygon, number, owner, reach, weight)
    core = _apart(owner, weight)
    weight[core > 0] = np.maximum(weight[core > 0], 1)
    return core, reach, weight


@njit(cache=True, nogil=True)
def _gather(
    labels: NDArray[np.int32], boxes: NDArray[np.int32], core: NDArray[np.float32], reach: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Mean top and bottom of every column of every core, its ends, and where its columns start.

    boxes: (n, 5) x, y, width, height, area of each label, 0 being no core. Returns columns (sum of widths, 2), ends
    (n, 3) left, right and mean core value, starts (n + 1,).
    """
    count = len(boxes)
    starts = np.zeros(count + 1, np.int64)
    for k in range(1, count):
        starts[k + 1] = starts[k] + boxes[k, 2]
    columns, ends = np.zeros((starts[count], 2)), np.zeros((count, 3))
    for k in range(1, count):
        x0, y0, wide, high, area = boxes[k]
        near = min(wide, 8)
        sums = np.zeros(4)
        for x in range(x0, x0 + wide):
            total = 0.0
            at = starts[k] + x - x0
            for y in range(y0, y0 + high):
                if labels[y, x] != k:
                    continue
                value = core[y, x]
                total += value
                columns[at, 0] += value * (y + 0.5 - reach[0, y, x])
                columns[at, 1] += value * (y + 0.5 + reach[1, y, x])
                ends[k, 2] += value
                if x - x0 < near:
                    sums[0] += value * (x + 0.5 - reach[2, y, x])
                    sums[1] += value
                if x0 + wide - x <= near:
                    sums[2] += value * (x + 0.5 + reach[3, y, x])
                    sums[3] += value
            columns[at] /= total
            columns[at, 1] = max(columns[at, 1], columns[at, 0] + 1)
        ends[k, 0], ends[k, 1], ends[k, 2] = sums[0] / sums[1], sums[2] / sums[3], ends[k, 2] / area
    return columns, ends, starts


def words_of(core: NDArray[np.float32], reach: NDArray[np.float32], step: int, threshold: float = 0.5) -> list[Found]:
    """The words of maps, in pixels of the picture they were made from. core (h, w) 0..1, reach (4, h, w)."""
    mask = (core > threshold).astype(np.uint8)
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    columns, ends, starts = _gather(labels, boxes, core, reach)
    found = []
    for k in range(1, count):
        own = columns[starts[k] : starts[k + 1]]
        if boxes[k, cv2.CC_STAT_AREA] >= max(LEAST, FULL * _painted(own, float(ends[k, 1] - ends[k, 0]))):
            polygon = _outline(own, int(boxes[k, 0]), float(ends[k, 0]), float(ends[k, 1]))
            found.append(Found((polygon * step).astype(np.float32), float(ends[k, 2])))
    return found


def _painted(columns: NDArray[np.float64], width: float) -> float:
    """Map pixels of the core that `paint` gives a word with these tops and bottoms, and of this width."""
    tall = float(np.median(columns[:, 1] - columns[:, 0]))
    return (width - 2 * min(INSET * tall, 0.3 * width)) * 2 * max(BAND * tall, 0.75)


def _outline(columns: NDArray[np.float64], first: int, left: float, right: float) -> NDArray[np.float64]:
    """(N, 2) polygon through the tops and bottoms of a word's columns, out to its ends.

    It has the same x above and below, and at each the top is above the bottom, so it can't cross itself.
    """
    tall = float(np.median(columns[:, 1] - columns[:, 0]))
    knots = _knots(_smooth(columns.astype(np.float32), round(tall / 4)), 0.08 * tall)
    left, right = min(left, first + 0.5), max(right, first + len(columns) - 0.5)
    x = np.array([left, *(knots[1:-1] + first + 0.5), right])
    top, bottom = columns[knots].T if len(knots) > 1 else np.repeat(columns, 2, axis=0).T
    return np.concatenate([np.stack([x, top], axis=1), np.stack([x, bottom], axis=1)[::-1]])


def _knots(columns: NDArray[np.float32], tolerance: float) -> NDArray[np.int64]:
    """Columns between which tops and bottoms run straight within a tolerance (Ramer 1972, Douglas and Peucker 1973)."""
    kept, open_parts = [0, len(columns) - 1], [(0, len(columns) - 1)]
    while open_parts:
        low, high = open_parts.pop()
        line = np.linspace(columns[low], columns[high], high - low + 1)
        off = np.abs(columns[low : high + 1] - line).max(axis=1)
        worst = int(off.argmax())
        if off[worst] > tolerance:
            kept.append(low + worst)
            open_parts += [(low, low + worst), (low + worst, high)]
    return np.unique(kept)
