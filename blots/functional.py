"""The kernels under blots and pen marks: curves, a pen's stamp, ink laid on an image, and what the writing looks like.

A path is (m, 4) float32: x, y, the pen's width in pixels, its pressure 0..1. A mask is (h, w) uint8, 255 where ink
covers a whole pixel; its rows are padded to PAD columns so that `blend` passes over eight empty pixels at once. Pixel
centres lie at whole numbers. Nothing here draws a random number, and nothing imports albumentations.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

Path = NDArray[np.float32]
Mask = NDArray[np.uint8]

PAD = 8  # columns of a mask in one 64-bit word
NEGLIGIBLE = 1e-4  # of the largest Bernstein weight: on a box of 400 pixels the rest shifts a curve by less than .1
PAPER, DARKEST = 0.7, 0.005  # shares of an image's pixels: paper is lighter than the first, full ink darker than both


@njit(cache=True, fastmath=True, error_model="numpy")
def bezier(points: NDArray[np.float32], count: int, first: float, last: float) -> NDArray[np.float32]:
    """(count, 2) points of a Bezier curve of any degree at even times from `first` to `last`, both inside 0..1.

    points: (n + 1, 2) control points. Bernstein weights are bell shaped: each is found from its neighbour, from the
    largest outwards until they are negligible, and divided by their sum, which is 1 when all are there.
    """
    degree = len(points) - 1
    up, down = np.empty(degree + 1, np.float32), np.empty(degree + 1, np.float32)
    for i in range(degree + 1):  # of weight i + 1 to weight i, and of weight i - 1 to weight i, both without t
        up[i] = np.float32(degree - i) / np.float32(i + 1)
        down[i] = np.float32(i) / np.float32(degree - i + 1)
    found = np.empty((count, 2), np.float32)
    for k in range(count):
        t = first + (last - first) * k / max(count - 1, 1)
        middle = min(int((degree + 1) * t), degree)
        total, x, y = np.float32(1), points[middle, 0], points[middle, 1]
        weight, odds = np.float32(1), np.float32(t / (1 - t))
        for i in range(middle, degree):
            weight *= up[i] * odds
            total, x, y = total + weight, x + weight * points[i + 1, 0], y + weight * points[i + 1, 1]
            if weight < NEGLIGIBLE:
                break
        weight, odds = np.float32(1), np.float32((1 - t) / t)
        for i in range(middle, 0, -1):
            weight *= down[i] * odds
            total, x, y = total + weight, x + weight * points[i - 1, 0], y + weight * points[i - 1, 1]
            if weight < NEGLIGIBLE:
                break
        found[k, 0], found[k, 1] = x / total, y / total
    return found


@njit(cache=True)
def clusters(
    sizes: NDArray[np.int64], noise: NDArray[np.float32], width: float, height: float, step: float, incline: float
) -> NDArray[np.float32]:
    """(n, 2) control points of one scribble in a box of width x height: clusters that alternate between its sides.

    sizes: (P,) points of each cluster, the first of which is one point anywhere in the box. noise: (n, 2) in 0..1.
    Cluster i > 0 lies in rows step * i to step * (i + 1) and in the outer 1..20 % of the columns; the even ones left
    and `incline` lower, the odd ones right and `incline` higher.
    """
    points = np.empty((len(noise), 2), np.float32)
    points[0, 0], points[0, 1] = noise[0, 0] * width, noise[0, 1] * height
    k = 1
    for i in range(1, len(sizes)):
        left = 0.01 * width if i % 2 == 0 else 0.80 * width
        top = step * i + (incline if i % 2 == 0 else -incline)
        for _ in range(sizes[i]):
            points[k, 0] = left + 0.19 * width * noise[k, 0]
            points[k, 1] = top + step * noise[k, 1]
            k += 1
    return points


@njit(cache=True)
def smooth(knots: Path, spacing: float) -> Path:
    """A Catmull-Rom spline through knots (k, 4), k >= 2, as a path with about `spacing` pixels between its points."""
    count = len(knots)
    steps = np.empty(count - 1, np.int64)
    for k in range(count - 1):
        length = math.hypot(knots[k + 1, 0] - knots[k, 0], knots[k + 1, 1] - knots[k, 1])
        steps[k] = max(1, int(math.ceil(length / spacing)))
    path = np.empty((steps.sum() + 1, 4), np.float32)
    row = 0
    for k in range(count - 1):
        before, after = max(k - 1, 0), min(k + 2, count - 1)
        for step in range(steps[k]):
            t = step / steps[k]
            for c in range(4):
                a, b, d, e = knots[before, c], knots[k, c], knots[k + 1, c], knots[after, c]
                path[row, c] = b + 0.5 * t * (d - a + t * (2 * a - 5 * b + 4 * d - e + t * (3 * (b - d) + e - a)))
            row += 1
    path[row] = knots[-1]
    return path


@njit(cache=True, fastmath=True, error_model="numpy")
def stamp(mask: Mask, path: Path) -> None:
    """Draw a path into a mask, anti-aliased; where strokes cross, the darker stays.

    A pixel is covered by how far its centre lies inside the pen's edge, half a pixel either way.
    """
    one, none, half, full = np.float32(1), np.float32(0), np.float32(0.5), np.float32(255)
    height, width = mask.shape
    for k in range(len(path) - 1):
        x0, y0, r0, s0 = path[k, 0], path[k, 1], half * path[k, 2] + half, full * path[k, 3]
        dx, dy = path[k + 1, 0] - x0, path[k + 1, 1] - y0
        dr, ds = half * path[k + 1, 2] + half - r0, full * path[k + 1, 3] - s0
        reach, square = max(r0, r0 + dr), dx * dx + dy * dy
        inverse = one / square if square > none else none
        steep = one / dy if abs(dy) > np.float32(1e-3) else none
        top = max(0, int(math.ceil(min(y0, y0 + dy) - reach)))
        for y in range(top, min(height, int(math.floor(max(y0, y0 + dy) + reach)) + 1)):
            py = np.float32(y) - y0
            a, b = none, one  # the part of the segment that reaches this row
            if steep != none:
                a, b = (py - reach) * steep, (py + reach) * steep
                a, b = min(max(min(a, b), none), one), min(max(max(a, b), none), one)
            left = max(0, int(math.ceil(x0 + min(a * dx, b * dx) - reach)))
            right = min(width, int(math.floor(x0 + max(a * dx, b * dx) + reach)) + 1)
            if right > left:
                _cover(mask[y, left:right], np.float32(left) - x0, py, dx, dy, inverse, r0, dr, s0, ds)


@njit(cache=True, fastmath=True, error_model="numpy", inline="always")
def _cover(row, px, py, dx, dy, inverse, r0, dr, s0, ds) -> None:  # type: ignore[no-untyped-def]
    """One row of one segment. Conditional expressions instead of min and max: so it compiles to vector instructions."""
    one, none, half = np.float32(1), np.float32(0), np.float32(0.5)
    for i in range(len(row)):
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
        return _blend_bytes(image, mask, x, y, color, np.float32(opacity / 255))
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
        while word * PAD < columns:
            first = word * PAD
            while word * PAD < columns and words[row, word] != 0:
                word += 1
            stop = min(word * PAD, columns)
            if stop > first:
                _ink(flat[y + row, (x + first) * channels : (x + stop) * channels], mask[row, first:stop], color, share)
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
        shift = int(round(slope * x)) - int(round(slope * (x - 1)))
        for y in range(height):
            found[y, x] = ink[y, x]
            if x > 0 and 0 <= y - shift < height:
                found[y, x] = max(found[y, x], found[y - shift, x - 1] * keep)
    return found


@njit(cache=True)
def sample(image: NDArray, down: int, across: int) -> Mask:
    """Every `down`-th row and `across`-th column of (H, W, C) uint8 or float32, as uint8: of RGB the green channel."""
    channel = image.shape[2] // 2
    scale = np.float32(1) if image.itemsize == 1 else np.float32(255)
    found = np.empty(((image.shape[0] + down - 1) // down, (image.shape[1] + across - 1) // across), np.uint8)
    for y in range(found.shape[0]):
        for x in range(found.shape[1]):
            value = np.float32(image[y * down, x * across, channel]) * scale
            found[y, x] = np.uint8(np.int32(min(max(value, np.float32(0)), np.float32(255))))
    return found


@njit(cache=True)
def levels(grey: Mask) -> tuple[int, int]:
    """The values of the paper and of the darkest ink in (h, w) uint8."""
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
def inked(grey: Mask, level: int) -> NDArray[np.int32]:
    """(n, 2) row and column of each pixel darker than `level`, row by row."""
    count = 0
    for y in range(grey.shape[0]):
        for x in range(grey.shape[1]):
            count += grey[y, x] < level
    found = np.empty((count, 2), np.int32)
    k = 0
    for y in range(grey.shape[0]):
        for x in range(grey.shape[1]):
            if grey[y, x] < level:
                found[k, 0], found[k, 1] = y, x
                k += 1
    return found


@njit(cache=True)
def skew_of(ink: NDArray[np.int32], slopes: NDArray[np.float32], height: int) -> float:
    """The slope whose row profile is the most uneven: rows that the writing falls per column, of those given."""
    best, most = 0.0, -1.0
    half = ink[:, 1].max() * max(abs(slopes[0]), abs(slopes[-1])) if len(ink) else 0.0
    for slope in slopes:
        counts = np.zeros(height + 2 * int(half) + 3, np.int64)
        for k in range(len(ink)):
            counts[int(ink[k, 0] - slope * ink[k, 1] + half + 1.5)] += 1
        power = 0.0
        for count in counts:
            power += float(count) ** 2
        if power > most * (1 + 1e-9):
            best, most = slope, power
    return best


@njit(cache=True, fastmath=True, error_model="numpy")
def strokes_of(image: NDArray, down: int, level: float) -> tuple[float, float]:
    """How far upright strokes lean, columns to the right per row upwards, and how wide strokes are, in pixels.

    image: (H, W, C) uint8 or float32; every `down`-th row is looked at, ink is darker than `level`. Across an edge that
    leans by s the change per row is s times the change per column: s is their regression over all edges steeper than 45
    degrees. A stroke of area A and edge length E is 2 A / E wide, E being counted in steps from ink to paper, which an
    edge of any direction has 4 / pi of per pixel (Crofton).
    """
    channel, level = image.shape[2] // 2, np.float32(level)
    both, across = np.float32(0), np.float32(1e-9)
    area, edge = 0, 0
    for y in range(1, image.shape[0] - 1, down):
        for x in range(1, image.shape[1] - 1):
            here, right, below = image[y, x, channel], image[y, x + 1, channel], image[y + 1, x, channel]
            gx = np.float32(right) - np.float32(image[y, x - 1, channel])
            gy = np.float32(below) - np.float32(image[y - 1, x, channel])
            upright = np.float32(abs(gx) > abs(gy))
            both += upright * gx * gy
            across += upright * gx * gx
            dark = here < level
            area += dark
            edge += (dark != (right < level)) + (dark != (below < level))
    return both / across, 2 * area / max(edge * math.pi / 4, 1.0)


@njit(cache=True)
def runs(profile: NDArray[np.int64], floor: float, gap: float) -> NDArray[np.int64]:
    """(n, 2) half-open stretches of a profile above `floor`; those less than `gap` apart are one."""
    found = np.empty((len(profile) + 1, 2), np.int64)
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
