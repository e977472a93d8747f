"""The kernels under blots and pen marks: curves, a pen's stamp, ink dragged and laid on an image.

A path is (m, 4) float32: x, y, the pen's width in pixels, its pressure 0..1. A mask is (h, w) uint8, 255 where ink
covers a whole pixel; its rows are padded to a multiple of PAD columns, which a processor computes at once. Pixel
centres lie at whole numbers. Nothing here draws a random number, and nothing imports albumentations.
"""

import math
from functools import lru_cache

import numpy as np
from numba import njit
from numpy.typing import NDArray

Path = NDArray[np.float32]
Mask = NDArray[np.uint8]

PAD = 16  # pixels that one vector instruction computes
WORD = 8  # pixels of a mask in 64 bits, which are passed over at once where there is no ink
NEGLIGIBLE = 1e-3  # of the largest Bernstein weight
THINNEST, PALEST = 0.6, 0.3  # a pen's width in pixels and pressure, at least
FLAT = 0.2  # pixels between a curve and the straight lines it is drawn with
SHORT = 3.0  # pixels that such a line is long, where a curve turns on the spot


@lru_cache(maxsize=128)
def bernstein(degree: int, count: int, first: float, last: float) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Weights of the control points of a Bezier curve at `count` even times from `first` to `last`, inside 0..1.

    Of a row of the Bernstein matrix only the part that matters is kept, for it is bell shaped: returns the weights
    (count, K), each row's sum 1, and the control point (count,) to which the first of each row belongs.
    """
    points = np.arange(degree + 1)
    factorial = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, degree + 1)))])
    times = np.linspace(first, last, count)[:, None]
    logs = factorial[-1] - factorial - factorial[::-1] + points * np.log(times) + (degree - points) * np.log1p(-times)
    weights = np.exp(logs)
    matter = weights > NEGLIGIBLE * weights.max(axis=1, keepdims=True)
    starts = matter.argmax(axis=1)
    widest = int((degree + 1 - matter[:, ::-1].argmax(axis=1) - starts).max())
    starts = np.minimum(starts, degree + 1 - widest)
    banded = np.take_along_axis(weights, starts[:, None] + np.arange(widest), axis=1)
    return (banded / banded.sum(axis=1, keepdims=True)).astype(np.float32), starts


@njit(cache=True, fastmath=True)
def bezier(points: NDArray[np.float32], weights: NDArray[np.float32], starts: NDArray[np.int64], path: Path) -> None:
    """Fill x and y of a path with a Bezier curve of control points (2, n + 1); weights and starts: `bernstein`."""
    for k in range(len(weights)):
        row, first = weights[k], starts[k]
        here, there = points[0, first : first + len(row)], points[1, first : first + len(row)]
        across, down = np.float32(0), np.float32(0)
        for i in range(len(row)):
            across += row[i] * here[i]
            down += row[i] * there[i]
        path[k, 0], path[k, 1] = across, down


@njit(cache=True)
def clusters(
    ends: NDArray[np.int64], noise: NDArray[np.float32], width: float, height: float, step: float, incline: float
) -> None:
    """Turn noise (2, n) in 0..1 into control points x, y of a scribble in a box, in clusters that alternate in side.

    ends: (P,) rising, the last is n: cluster i > 0 has the points ends[i - 1]..ends[i], in rows step * i to step *
    (i + 1) and in the outer 1..20 % of the columns; the even ones left and `incline` rows lower, the odd ones right and
    `incline` higher. The points before ends[0] lie anywhere in the box, width x height.
    """
    for k in range(ends[0]):
        noise[0, k] *= width
        noise[1, k] *= height
    for i in range(1, len(ends)):
        left = 0.01 * width if i % 2 == 0 else 0.80 * width
        top = step * i + (incline if i % 2 == 0 else -incline)
        for k in range(ends[i - 1], ends[i]):
            noise[0, k] = left + 0.19 * width * noise[0, k]
            noise[1, k] = top + step * noise[1, k]


@njit(cache=True, error_model="numpy")
def bend(before: float, start: float, end: float, after: float) -> tuple[float, float, float]:
    """Of one coordinate of a Catmull-Rom spline between two knots: the chord and both ends' second derivatives."""
    return end - start, 2 * before - 5 * start + 4 * end - after, 4 * start - before - 5 * end + 2 * after


@njit(cache=True, error_model="numpy")
def pieces(knots: Path, k: int) -> int:
    """How many straight lines draw a spline from knot k to the next within about FLAT pixels; SHORT ones at least.

    A chord over 1 / n of a curve with second derivative s leaves it by s / 8 n^2 at most. What of s lies along the
    chord is speed and no bend, unless the curve overshoots: not where no tangent is over 3 chords (Fritsch and Carlson
    1980).
    """
    before, after = max(k - 1, 0), min(k + 2, len(knots) - 1)
    x, x0, x1 = bend(knots[before, 0], knots[k, 0], knots[k + 1, 0], knots[after, 0])
    y, y0, y1 = bend(knots[before, 1], knots[k, 1], knots[k + 1, 1], knots[after, 1])
    first = (knots[k + 1, 0] - knots[before, 0]) ** 2 + (knots[k + 1, 1] - knots[before, 1]) ** 2
    last = (knots[after, 0] - knots[k, 0]) ** 2 + (knots[after, 1] - knots[k, 1]) ** 2
    square = x * x + y * y
    if max(first, last) < 36 * square:
        bent = max(abs(x * y0 - y * x0), abs(x * y1 - y * x1)) / math.sqrt(square)
    else:
        bent = math.sqrt(max(x0 * x0 + y0 * y0, x1 * x1 + y1 * y1))
    return max(1, min(math.ceil(math.sqrt(bent / (8 * FLAT))), math.ceil(math.sqrt(square) / SHORT)))


@njit(cache=True)
def smooth(knots: Path) -> Path:
    """A Catmull-Rom spline through knots (k, 4), k >= 2, as a path that leaves it by hardly more than FLAT pixels.

    Widths stay at least THINNEST and pressures within PALEST..1.
    """
    count = len(knots)
    steps = np.empty(count - 1, np.int64)
    rows = 1
    for k in range(count - 1):
        steps[k] = pieces(knots, k)
        rows += steps[k]
    path = np.empty((rows, 4), np.float32)
    row = 0
    for k in range(count - 1):
        before, after = max(k - 1, 0), min(k + 2, count - 1)
        for step in range(steps[k] + (k == count - 2)):
            t = step / steps[k]
            for c in range(4):
                a, b, d, e = knots[before, c], knots[k, c], knots[k + 1, c], knots[after, c]
                path[row, c] = b + 0.5 * t * (d - a + t * (2 * a - 5 * b + 4 * d - e + t * (3 * (b - d) + e - a)))
            path[row, 2] = max(path[row, 2], THINNEST)
            path[row, 3] = min(max(path[row, 3], PALEST), 1.0)
            row += 1
    return path


@njit(cache=True)
def extent(path: Path) -> tuple[int, int, int, int]:
    """The box that all ink of a path lies in: left, top, right and bottom, half open, in whole pixels."""
    left, top, right, bottom = path[0, 0], path[0, 1], path[0, 0], path[0, 1]
    for k in range(len(path)):
        reach = path[k, 2] / 2 + 0.5
        left, right = min(left, path[k, 0] - reach), max(right, path[k, 0] + reach)
        top, bottom = min(top, path[k, 1] - reach), max(bottom, path[k, 1] + reach)
    return math.ceil(left), math.ceil(top), math.floor(right) + 1, math.floor(bottom) + 1


@njit(cache=True, fastmath=True, error_model="numpy")
def stamp(mask: Mask, path: Path, column: int, row: int) -> None:
    """Draw a path into a mask whose first pixel is (column, row), anti-aliased; where strokes cross, the darker stays.

    A pixel is covered by how far its centre lies inside the pen's edge, half a pixel either way.
    """
    one, none, half, full = np.float32(1), np.float32(0), np.float32(0.5), np.float32(255)
    height, width = mask.shape
    last = width - PAD
    for k in range(len(path) - 1):
        x0, y0 = path[k, 0] - np.float32(column), path[k, 1] - np.float32(row)
        r0, s0 = half * path[k, 2] + half, full * path[k, 3]
        dx, dy = path[k + 1, 0] - path[k, 0], path[k + 1, 1] - path[k, 1]
        dr, ds = half * path[k + 1, 2] + half - r0, full * path[k + 1, 3] - s0
        reach, square = max(r0, r0 + dr), dx * dx + dy * dy
        inverse = one / square if square > none else none
        steep = one / dy if abs(dy) > np.float32(1e-3) else none
        top = max(0, math.ceil(min(y0, y0 + dy) - reach))
        for y in range(top, min(height, math.floor(max(y0, y0 + dy) + reach) + 1)):
            py = np.float32(y) - y0
            a, b = none, one  # the part of the segment that reaches this row
            if steep != none:
                a, b = (py - reach) * steep, (py + reach) * steep
                a, b = min(max(min(a, b), none), one), min(max(max(a, b), none), one)
            left = max(0, int(x0 + min(a * dx, b * dx) - reach))
            right = min(width, math.floor(x0 + max(a * dx, b * dx) + reach) + 1)
            for x in range(left, right, PAD):
                first = min(x, last)
                _cover(mask[y, first : first + PAD], np.float32(first) - x0, py, dx, dy, inverse, r0, dr, s0, ds)


@njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def _cover(row, px, py, dx, dy, inverse, r0, dr, s0, ds) -> None:  # type: ignore[no-untyped-def]
    """PAD pixels of one segment, 0 beyond its edge; with conditional expressions, which vector instructions have."""
    one, none, half = np.float32(1), np.float32(0), np.float32(0.5)
    for i in range(PAD):
        x = px + np.float32(np.int32(i))
        t = (x * dx + py * dy) * inverse
        t = t if t > none else none
        t = t if t < one else one
        ex, ey = x - t * dx, py - t * dy
        cover = r0 + t * dr - np.sqrt(ex * ex + ey * ey)
        cover = cover if cover > none else none
        cover = cover if cover < one else one
        value, was = np.int32(cover * (s0 + t * ds) + half), np.int32(row[i])
        row[i] = np.uint8(value if value > was else was)


def blend(image: NDArray, mask: Mask, x: int, y: int, color: NDArray[np.float32], opacity: float) -> None:
    """Lay ink of `color` (C,) on an image (H, W, C) through a mask whose first pixel lies at (x, y), in place.

    image: C-contiguous uint8 or float32, C 1 or 3; color in its units. opacity: 0..1, of the ink where the mask is 255.
    What the mask holds beyond the image is left out.
    """
    if image.dtype == np.uint8:
        return _blend_bytes(image, mask, x, y, color, opacity / 255)
    there = image[y : y + mask.shape[0], x : x + mask.shape[1]]
    cover = mask[: there.shape[0], : there.shape[1], None] * np.float32(opacity / 255)
    there += (color - there) * cover
    return None


@njit(cache=True, error_model="numpy")
def _blend_bytes(image: NDArray, mask: Mask, x: int, y: int, color: NDArray[np.float32], share: float) -> None:
    words = mask.view(np.uint64)
    rows, columns = min(mask.shape[0], image.shape[0] - y), min(mask.shape[1], image.shape[1] - x)
    flat, channels = image.reshape(image.shape[0], -1), image.shape[2]
    for row in range(rows):
        word = 0
        while word * WORD < columns:
            first = word * WORD
            while word * WORD < columns and words[row, word] != 0:
                word += 1
            stop = min(word * WORD, columns)
            if stop > first:
                there = flat[y + row, (x + first) * channels : (x + stop) * channels]
                _ink(there, mask[row, first:stop], color, np.float32(share))
            word += 1


@njit(cache=True, error_model="numpy", inline="always")
def _ink(there, mask, color, share) -> None:  # type: ignore[no-untyped-def]
    """One stretch of one row, written so that it compiles to vector instructions."""
    half = np.float32(0.5)
    if len(there) == len(mask):
        for i in range(len(mask)):
            was = np.float32(np.int32(there[i]))
            there[i] = np.int32(was + (color[0] - was) * (np.float32(np.int32(mask[i])) * share) + half)
    else:
        for i in range(len(mask)):
            cover = np.float32(np.int32(mask[i])) * share
            for c in range(3):
                was = np.float32(np.int32(there[i * 3 + c]))
                there[i * 3 + c] = np.int32(was + (color[c] - was) * cover + half)


@njit(cache=True)
def drag(ink: Mask, slope: float, keep: float) -> NDArray[np.float32]:
    """(h, w) ink dragged to the right: in each column the share `keep` of what the column before it held, or the ink's.

    slope: rows that it falls per column.
    """
    height, width = ink.shape
    found = np.zeros((height, width), np.float32)
    for x in range(width):
        shift = round(slope * x) - round(slope * (x - 1))
        for y in range(height):
            found[y, x] = ink[y, x]
            if x > 0 and 0 <= y - shift < height:
                found[y, x] = max(found[y, x], found[y - shift, x - 1] * keep)
    return found
