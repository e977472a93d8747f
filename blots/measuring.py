"""The kernels that look at writing: paper and ink, skew, slant, stroke width, lines and words.

They read a sample of an image's pixels, of RGB the green channel, so that they cost the same on an image of any size.
`writing.measure` puts them together. Nothing here imports albumentations.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

PAPER, DARKEST = 0.7, 0.005  # shares of the pixels: paper is lighter than the first, full ink darker than the second
LINE, MIDDLE = 0.12, 0.45  # shares of the fullest row: more is a line of writing, is its x-height
GAP = 0.6  # x-heights between two words, at least
SLIGHT = 0.3  # of the largest line's area: what is less is a stray mark


@njit(cache=True)
def sample(image: NDArray, down: int, across: int) -> NDArray[np.uint8]:
    """Every `down`-th row and `across`-th column of (H, W, C) uint8 or float32 in 0..1, as uint8."""
    channel = image.shape[2] // 2
    scale = np.float32(1) if image.itemsize == 1 else np.float32(255)
    found = np.empty(((image.shape[0] + down - 1) // down, (image.shape[1] + across - 1) // across), np.uint8)
    for y in range(found.shape[0]):
        for x in range(found.shape[1]):
            value = np.float32(image[y * down, x * across, channel]) * scale
            found[y, x] = np.uint8(np.int32(min(max(value, np.float32(0)), np.float32(255))))
    return found


@njit(cache=True)
def levels(grey: NDArray[np.uint8]) -> tuple[int, int]:
    """The values of the paper and of the darkest ink in (h, w)."""
    counts = np.zeros((2, 256), np.int64)  # two tables: equal neighbours would wait for each other
    flat = grey.ravel()
    for k in range(len(flat)):
        counts[k & 1, flat[k]] += 1
    dark, paper, seen = -1, -1, 0
    for value in range(256):
        seen += counts[0, value] + counts[1, value]
        if dark < 0 and seen > DARKEST * len(flat):
            dark = value
        if paper < 0 and seen > PAPER * len(flat):
            paper = value
    return paper, dark


@njit(cache=True)
def inked(grey: NDArray[np.uint8], level: int, down: int, across: int) -> NDArray[np.int32]:
    """(n, 2) row and column in the image of each pixel of a sample that is darker than `level`, row by row."""
    count = 0
    flat = grey.ravel()
    for k in range(len(flat)):
        count += flat[k] < level
    found = np.empty((count, 2), np.int32)
    k = 0
    for y in range(grey.shape[0]):
        for x in range(grey.shape[1]):
            if grey[y, x] < level:
                found[k, 0], found[k, 1] = y * down, x * across
                k += 1
    return found


@njit(cache=True)
def color_at(image: NDArray, points: NDArray[np.int32], below: float) -> tuple[float, float, float]:
    """The mean RGB, in the image's units, at points (n, 2) where it is at most `below`: paler ones lie on an edge."""
    channels = image.shape[2]
    red, green, blue, count = 0.0, 0.0, 0.0, 1e-9
    for k in range(len(points)):
        y, x = points[k]
        if image[y, x, channels // 2] <= below:
            red += image[y, x, 0]
            green += image[y, x, channels // 2]
            blue += image[y, x, channels - 1]
            count += 1
    return red / count, green / count, blue / count


@njit(cache=True)
def skew_of(points: NDArray[np.int32], slopes: NDArray[np.float32], down: int) -> float:
    """The slope of those given whose row profile is the most uneven: rows that the writing falls per column.

    points: (n, 2) row and column of ink. down: rows that count as one.
    """
    best, most = 0.0, -1.0
    right = 0
    for k in range(len(points)):
        right = max(right, points[k, 1])
    rise = right * max(abs(slopes[0]), abs(slopes[-1]))
    for slope in slopes:
        counts = np.zeros(int((points[-1, 0] + 2 * rise) / down) + 2, np.int64)
        power = 0
        for k in range(len(points)):
            row = int((points[k, 0] - slope * points[k, 1] + rise) / down)
            power += 2 * counts[row] + 1  # counts[row] ** 2 grows by that
            counts[row] += 1
        if power > most:
            best, most = slope, power
    return best


@njit(cache=True, fastmath=True, error_model="numpy")
def strokes_of(image: NDArray, top: int, bottom: int, down: int, level: float) -> tuple[float, float]:
    """How far upright strokes lean, columns to the right per row upwards, and how wide strokes are, in pixels.

    image: (H, W, C); every `down`-th row from top to bottom is looked at, ink is darker than `level`. Across an edge
    that leans by s the change per row is s times the change per column: s is their regression over all edges steeper
    than 45 degrees, with Sobel's weights, for a black and white edge alone would be all steps. A stroke of area A and
    edge length E is 2 A / E wide; an edge of length 1 in any direction has 4 / pi steps along rows and columns.
    """
    channel, edge_at = image.shape[2] // 2, np.float32(level)
    both, across, two = np.float32(0), np.float32(1e-9), np.float32(2)
    area, edge = 0, 0
    for y in range(max(top, 1), min(bottom, image.shape[0] - 1), down):
        for x in range(1, image.shape[1] - 1):
            here, right, below = image[y, x, channel], image[y, x + 1, channel], image[y + 1, x, channel]
            a, c = np.float32(image[y - 1, x - 1, channel]), np.float32(image[y - 1, x + 1, channel])
            g, i = np.float32(image[y + 1, x - 1, channel]), np.float32(image[y + 1, x + 1, channel])
            gx = c + i - a - g + two * (np.float32(right) - np.float32(image[y, x - 1, channel]))
            gy = g + i - a - c + two * (np.float32(below) - np.float32(image[y - 1, x, channel]))
            upright = np.float32(abs(gx) > abs(gy))
            both += upright * gx * gy
            across += upright * gx * gx
            dark = here < edge_at
            area += dark
            edge += (dark != (right < edge_at)) + (dark != (below < edge_at))
    return float(both / across), 2 * area / max(edge * math.pi / 4, 1.0)


@njit(cache=True)
def runs(profile: NDArray[np.int64], floor: float, gap: float) -> NDArray[np.int64]:
    """(n, 2) half-open stretches of a profile above `floor`; those less than `gap` apart are one."""
    found = np.empty((len(profile), 2), np.int64)
    count = 0
    for k in range(len(profile)):
        if profile[k] <= floor:
            continue
        if count > 0 and k - found[count - 1, 1] < gap:
            found[count - 1, 1] = k + 1
        else:
            found[count, 0], found[count, 1] = k, k + 1
            count += 1
    return found[:count].copy()


@njit(cache=True)
def layout(
    points: NDArray[np.int32], skew: float, down: int, across: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Lines and words of inked pixels (n, 2) that were sampled every `down` rows and `across` columns.

    Returns lines (k, 4): top, x-line, baseline and bottom at column 0, and words (m, 3): line, left, right.
    """
    least, right = 0.0, 0
    for k in range(len(points)):
        least = min(least, points[k, 0] - skew * points[k, 1])
        right = max(right, points[k, 1])
    rows = np.empty(len(points), np.int64)
    for k in range(len(points)):
        rows[k] = int((points[k, 0] - skew * points[k, 1] - least) / down)
    profile = np.zeros(rows.max() + 1, np.int64)
    for k in range(len(points)):
        profile[rows[k]] += 1
    bands = runs(profile, LINE * profile.max(), 1)
    lines, areas = np.empty((len(bands), 4)), np.zeros(len(bands))
    words = np.empty((len(bands) * (right // across + 1), 3), np.int64)
    count = 0
    for i in range(len(bands)):
        top, bottom = bands[i]
        x_line, baseline = top, bottom
        most = profile[top:bottom].max()
        while profile[x_line] < MIDDLE * most:
            x_line += 1
        while profile[baseline - 1] < MIDDLE * most:
            baseline -= 1
        lines[i] = least + down * np.array([top, x_line, baseline, bottom], np.float64)
        reach = (baseline - x_line) / 3
        columns = np.zeros(right // across + 1, np.int64)
        for k in range(len(points)):
            columns[points[k, 1] // across] += x_line - reach <= rows[k] < baseline + reach
        for left, stop in runs(columns, 0, max(2.0, GAP * (baseline - x_line) * down / across)):
            words[count] = i, left * across, stop * across
            areas[i] += (stop - left) * (baseline - x_line)
            count += 1
    for k in range(count):
        if areas[words[k, 0]] < SLIGHT * areas.max():
            words[k, 0] = -1
    return lines, words[:count].copy()
