"""The kernels that look at writing: paper and ink, skew, slant, stroke width, lines and words.

They read a sample of an image's pixels, of RGB the green channel, so that they cost the same on an image of any size.
`writing.measure` puts them together. Nothing here imports albumentations.
"""

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

ENOUGH_EDGES = 2048  # pixels that tell slant and stroke width
ENOUGH_INK = 300  # inked pixels that tell the skew
FAINT = 40  # grey levels between paper and ink below which nothing is written
STEEPEST, SLOPES = 0.12, 6  # the skews that are tried: level, and so many up to STEEPEST either way
PAPER, DARKEST = 0.7, 0.005  # shares of the pixels: paper is lighter than the first, full ink darker than the second
LINE, MIDDLE = 0.12, 0.45  # shares of the fullest row: more is a line of writing, is its x-height
FLATTEST = 0.2  # of a line: no x-height is less
GAP = 0.6  # x-heights between two words, at least
SLIGHT = 0.3  # of the largest line's area: what is less is a stray mark


@njit(cache=True)
def sample(image: NDArray, down: int, across: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Every `down`-th row and `across`-th column of (H, W, C) uint8 or float32 in 0..1 as uint8, and how many pixels
    have each value (256,).
    """
    channel = image.shape[2] // 2
    found = np.empty(((image.shape[0] + down - 1) // down, (image.shape[1] + across - 1) // across), np.uint8)
    counts = np.zeros(512, np.int64)  # two tables in turn: equal neighbours would wait for each other
    for y in range(found.shape[0]):
        row = image[y * down, ::across, channel]
        for x in range(len(row)):
            value = row[x]
            grey = np.int64(value if image.itemsize == 1 else min(max(value, np.float32(0)), np.float32(1)) * 255)
            found[y, x] = grey
            counts[((x & 1) << 8) + grey] += 1
    for k in range(256):
        counts[k] += counts[256 + k]
    return found, counts[:256]


@njit(cache=True)
def levels(counts: NDArray[np.int64]) -> tuple[int, int]:
    """The values of the paper and of the darkest ink, from how many pixels have each value (256,)."""
    total, seen = 0, 0
    for value in range(256):
        total += counts[value]
    dark, paper = -1, -1
    for value in range(256):
        seen += counts[value]
        if dark < 0 and seen > DARKEST * total:
            dark = value
        if paper < 0 and seen > PAPER * total:
            paper = value
    return paper, dark


@njit(cache=True)
def inked(grey: NDArray[np.uint8], counts: NDArray[np.int64], level: int, down: int, across: int) -> NDArray[np.int32]:
    """(n, 2) row and column in the image of each pixel of a sample that is darker than `level`, row by row."""
    count = 0
    for value in range(level):
        count += counts[value]
    found = np.empty((count + 1, 2), np.int32)  # one more: every pixel is written, those of the ink stay
    k = 0
    for y in range(grey.shape[0]):
        darkest = np.uint8(255)
        for x in range(grey.shape[1]):
            darkest = min(darkest, grey[y, x])
        for x in range(grey.shape[1] if darkest < level else 0):
            found[k, 0], found[k, 1] = y * down, x * across
            k += grey[y, x] < level
    return found[:count]


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


@njit(cache=True, error_model="numpy")
def skew_of(points: NDArray[np.int32], stride: int, down: int) -> float:
    """The slope whose row profile is the most uneven, of SLOPES even ones either way: rows writing falls per column.

    points: (n, 2) row and column of ink, by rows; every `stride`-th is looked at. down: rows that count as one.
    """
    best, most = 0.0, -1
    right = 0
    for k in range(0, len(points), stride):
        right = max(right, points[k, 1])
    rise, share = right * STEEPEST, 1 / down
    for number in range(SLOPES + 1):
        slope = STEEPEST * number / SLOPES
        counts = np.zeros((2, int((points[-1, 0] + 2 * rise) * share) + 2), np.int64)
        falling, rising = 0, 0  # side by side: neighbours fall into one row, and each would wait for the last
        for k in range(0, len(points), stride):
            lean = slope * points[k, 1]
            one, other = int((points[k, 0] + rise - lean) * share), int((points[k, 0] + rise + lean) * share)
            falling += 2 * counts[0, one] + 1  # counts ** 2 grows by that
            rising += 2 * counts[1, other] + 1
            counts[0, one] += 1
            counts[1, other] += 1
        if falling > most:
            best, most = slope, falling
        if rising > most:
            best, most = -slope, rising
    return best


@njit(cache=True, fastmath=True, error_model="numpy")
def strokes_of(image: NDArray, top: int, bottom: int, down: int, level: float) -> tuple[float, float]:
    """How far upright strokes lean, columns to the right per row upwards, and how wide strokes are, in pixels.

    image: (H, W, C); every `down`-th row from top to bottom is looked at, ink is darker than `level`. Across an edge
    that leans by s the change per row is s times the change per column: s is their regression over all edges steeper
    than 45 degrees, with Sobel's weights, for a black and white edge alone would be all steps. A stroke of area A and
    edge length E is 2 A / E wide; an edge of length 1 in any direction has 4 / pi steps along rows and columns.
    """
    channel, width, edge_at = image.shape[2] // 2, image.shape[1], np.float32(level)
    both, across, two = np.float32(0), np.float32(1e-9), np.float32(2)
    area, edge = 0, 0
    rows = np.empty((3, width), np.float32)  # of RGB one channel: vector instructions want neighbours
    for y in range(max(top, 1), min(bottom, image.shape[0] - 1), down):
        for k in range(3):
            for x in range(width):
                rows[k, x] = image[y + k - 1, x, channel]
        for x in range(1, width - 1):
            here, right, below = rows[1, x], rows[1, x + 1], rows[2, x]
            a, c, g, i = rows[0, x - 1], rows[0, x + 1], rows[2, x - 1], rows[2, x + 1]
            gx = c + i - a - g + two * (right - rows[1, x - 1])
            gy = g + i - a - c + two * (below - rows[0, x])
            upright = np.float32(abs(gx) > abs(gy))
            both += upright * gx * gy
            across += upright * gx * gx
            dark = here < edge_at
            area += dark
            edge += (dark != (right < edge_at)) + (dark != (below < edge_at))
    return np.float64(both / across), 2 * area / max(edge * math.pi / 4, 1.0)


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
def band(profile: NDArray[np.int64], top: int, bottom: int) -> tuple[int, int]:
    """The rows of a line top..bottom that are its x-height: from the first that has much ink to the last.

    Where these are hardly more than one stroke (a bar over the letters, an underline), it is the whole line.
    """
    most = 0
    for k in range(top, bottom):
        most = max(most, profile[k])
    x_line, baseline = top, bottom
    while profile[x_line] < MIDDLE * most:
        x_line += 1
    while profile[baseline - 1] < MIDDLE * most:
        baseline -= 1
    return (x_line, baseline) if baseline - x_line >= FLATTEST * (bottom - top) else (top, bottom)


@njit(cache=True)
def layout(
    points: NDArray[np.int32], skew: float, down: int, across: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Lines and words of inked pixels (n, 2) that were sampled every `down` rows and `across` columns.

    Returns lines (k, 4): top, x-line, baseline and bottom at column 0, and words (m, 3): line, left, right.
    A line that is far smaller than the largest is a stray mark and has no words.
    """
    least, most, right, share = 1e9, -1e9, 0, 1 / down
    for k in range(len(points)):
        row = points[k, 0] - skew * points[k, 1]
        least, most, right = min(least, row), max(most, row), max(right, points[k, 1])
    rows = np.empty(len(points), np.int64)
    profile = np.zeros(int((most - least) * share) + 1, np.int64)
    fullest = 0
    for k in range(len(points)):
        rows[k] = int((points[k, 0] - skew * points[k, 1] - least) * share)
        profile[rows[k]] += 1
        fullest = max(fullest, profile[rows[k]])
    bands = runs(profile, LINE * fullest, 1)
    lines, areas = np.empty((len(bands), 4)), np.zeros(len(bands))
    words = np.empty((len(bands) * (right // across + 1), 3), np.int64)
    count, largest = 0, 0.0
    for i in range(len(bands)):
        top, bottom = bands[i, 0], bands[i, 1]
        x_line, baseline = band(profile, top, bottom)
        lines[i, 0], lines[i, 1] = least + down * top, least + down * x_line
        lines[i, 2], lines[i, 3] = least + down * baseline, least + down * bottom
        reach = (baseline - x_line) / 3
        columns = np.zeros(right // across + 1, np.int64)
        for k in range(len(points)):
            if x_line - reach <= rows[k] < baseline + reach:
                columns[points[k, 1] // across] += 1
        parts = runs(columns, 0, max(2.0, GAP * (baseline - x_line) * down / across))
        for k in range(len(parts)):
            words[count, 0], words[count, 1], words[count, 2] = i, parts[k, 0] * across, parts[k, 1] * across
            areas[i] += (parts[k, 1] - parts[k, 0]) * (baseline - x_line)
            count += 1
        largest = max(largest, areas[i])
    kept = 0
    for k in range(count):
        if areas[words[k, 0]] >= SLIGHT * largest:
            words[kept, 0], words[kept, 1], words[kept, 2] = words[k, 0], words[k, 1], words[k, 2]
            kept += 1
    return lines, words[:kept]


class Survey(NamedTuple):
    """What `writing.Writing` is made of. ink: in the image's units. lines, words: see `layout`."""

    paper: int
    level: int
    ink: tuple[float, float, float]
    skew: float
    slant: float
    stroke: float
    lines: NDArray[np.float64]
    words: NDArray[np.int64]


@njit(cache=True)
def ink_of(image: NDArray, down: int, across: int) -> tuple[int, int, tuple[float, float, float], NDArray[np.int32]]:
    """Paper, level half-way to the ink, ink in the image's units and inked points of an image; see `inked`.

    No points, and the ink black, where nothing is written.
    """
    grey, counts = sample(image, down, across)
    paper, dark = levels(counts)
    level = (paper + dark) // 2
    if paper - dark < FAINT:
        return paper, level, (0.0, 0.0, 0.0), np.empty((0, 2), np.int32)
    points = inked(grey, counts, level, down, across)
    unit = 1.0 if image.itemsize == 1 else 1 / 255
    return paper, level, color_at(image, points, (dark + (level - dark) / 2 + 1) * unit), points


@njit(cache=True)
def survey(image: NDArray, down: int, across: int) -> Survey:
    """All that is measured of an image, from every `down`-th row and `across`-th column; one call costs least."""
    paper, level, ink, points = ink_of(image, down, across)
    if len(points) == 0:
        return Survey(paper, level, ink, 0.0, 0.0, 0.0, np.empty((0, 4)), np.empty((0, 3), np.int64))
    height, width = image.shape[:2]
    skew = skew_of(points, len(points) // ENOUGH_INK + 1, down) if width > height else 0.0
    lines, words = layout(points, skew, down, across)
    tallest = 0
    for k in range(len(words)):
        i = words[k, 0]
        if k == 0 or lines[i, 2] - lines[i, 1] > lines[tallest, 2] - lines[tallest, 1]:
            tallest = i
    top = round(lines[tallest, 1] + min(skew * width, 0.0))
    bottom = round(lines[tallest, 2] + max(skew * width, 0.0))
    unit = 1.0 if image.itemsize == 1 else 1 / 255
    slant, stroke = strokes_of(image, top, bottom, max(1, (bottom - top) * width // ENOUGH_EDGES), level * unit)
    return Survey(paper, level, ink, skew, slant, stroke, lines, words)
