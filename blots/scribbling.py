"""Blots as StackMix has them: a rectangle is scribbled over with a pen that swings from side to side.

Per blot about `intensivity * 20` clusters of points alternate between the left and the right side of a rectangle, and
the Bezier curve of all of them is drawn `intensivity * 5` times with a pen of changing width (Shonenkov et al. 2021,
arXiv 2108.11667; the parameters are named as in the package augmixations).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stackmix.blots.functional import Path, bernstein, bezier, clusters
from stackmix.blots.laying import Box, Mark, checked, mark
from stackmix.blots.ranges import Color, Range, between, color_of, draw
from stackmix.blots.writing import ink_color

CLUSTERS, STROKES = 20, 5  # at intensivity 1
FEWEST, MOST = 10, 80  # points of a cluster on the left; one on the right has what is left of MOST
FIRST, LAST = 0.01, 0.97  # of the curve is drawn
WIDTHS = np.array([1.0, 3.1, 5.2, 5.2], np.float32)  # pixels; OpenCV draws 1, 3, 5, 5 for a thickness of 1, 2, 3, 4
KNOTS = 48  # the pen's width changes so often in a stroke
FARTHEST = 10**9  # pixels: what lies beyond an image is cut to it
SPACING = 8.0  # pixels between two points of a drawn curve, about


@dataclass(frozen=True)
class Scribble:
    """Draws blots. x, y: range of the left upper corner in pixels. h, w: range of the size in pixels. None: anything
    that lies in the image. incline: rows that the left end of a stroke lies lower, and the right end higher.
    intensivity: 0.1..1. transparency: 0..1 of what is under a blot shines through. count: blots in an image. pen: how
    many times as wide as in StackMix it is.

    A blot's ink stays within its rectangle and `incline` rows above and below it.
    """

    x: Range | None = None
    y: Range | None = None
    h: Range | None = None
    w: Range | None = None
    incline: Range = (-10, 10)
    intensivity: Range = (0.5, 0.9)
    transparency: Range = (0.05, 0.4)
    count: Range = (1, 1)
    color: Color = 0
    pen: float = 1.0

    def __post_init__(self) -> None:
        for name, least in (("x", 0), ("y", 0), ("h", 1), ("w", 1)):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, between(name, getattr(self, name), least, FARTHEST, whole=True))
        for name, lowest, most in (("incline", -1000.0, 1000.0), ("intensivity", 0.1, 1.0), ("transparency", 0.0, 1.0)):
            object.__setattr__(self, name, between(name, getattr(self, name), lowest, most))
        object.__setattr__(self, "count", between("count", self.count, 1, 1000, whole=True))
        object.__setattr__(self, "color", color_of(self.color))

    def draw(self, image: NDArray, rng: np.random.Generator) -> list[Mark]:
        """Marks for an image: (H, W), (H, W, 1) or (H, W, 3), uint8 or float32."""
        shape = checked(image).shape
        if isinstance(self.color, str):
            color = ink_color(image)
        else:
            color = self.color if isinstance(self.color, tuple) else (self.color,) * 3
        return [self._blot(shape, color, rng) for _ in range(int(draw(self.count, rng)))]

    def rectangle(self, shape: tuple[int, ...], rng: np.random.Generator) -> Box:
        """A random rectangle inside an image of `shape`."""
        sides = []
        for length, size, place in ((shape[1], self.w, self.x), (shape[0], self.h, self.y)):
            extent = min(int(draw(size or (1, length), rng)), length)
            first = min(int(draw(place or (0, length - extent), rng)), length - 1)
            sides.append((first, min(first + extent, length)))
        (left, right), (top, bottom) = sides
        return Box(left, top, right, bottom)

    def _blot(self, shape: tuple[int, ...], color: tuple[int, int, int], rng: np.random.Generator) -> Mark:
        box = self.rectangle(shape, rng)
        incline = draw(self.incline, rng)
        intensivity = draw(self.intensivity, rng)
        paths = scribbled(box, incline, intensivity, rng, self.pen)
        rise = math.ceil(abs(incline))
        within = Box(box.left, max(box.top - rise, 0), box.right, min(box.bottom + rise, shape[0]))
        return mark(paths, shape, color, 1 - draw(self.transparency, rng), within)


def scribbled(box: Box, incline: float, intensivity: float, rng: np.random.Generator, pen: float = 1.0) -> list[Path]:
    """The paths of one blot in a rectangle."""
    width, height = box.right - box.left, box.bottom - box.top
    number, repeats = int(intensivity * CLUSTERS), max(1, int(intensivity * STROKES))
    step = float(height // number or height / number)
    points = MOST // 2 * (number - 1) + 1
    chances = rng.random(repeats * (number + KNOTS + 2 * points), np.float32)
    ends = cluster_ends(chances[: repeats * number].reshape(repeats, number), points)
    chances = chances[repeats * number :]
    pens = pen * WIDTHS[(chances[: repeats * KNOTS] * len(WIDTHS)).astype(np.intp)].reshape(repeats, KNOTS)
    noise = chances[repeats * KNOTS :].reshape(repeats, 2, points)
    dense = int(min(max(math.ceil(width / 2 / SPACING), 3), 6))
    weights, starts = bernstein(points - 1, dense * number, FIRST, LAST)
    paths = np.ones((repeats, dense * number, 4), np.float32)
    for path, end, noisy in zip(paths, ends, noise, strict=True):
        clusters(end, noisy, width, height, step, incline)
        bezier(noisy, weights, starts, path)
    paths[:, :, :2] += np.array([box.left, box.top], np.float32)
    paths[:, :, 2] = pens[:, np.arange(dense * number) * KNOTS // (dense * number)]
    return list(paths)


def cluster_ends(chances: NDArray[np.float32], points: int) -> NDArray[np.int64]:
    """Where each cluster of each stroke ends among its `points` control points, from chances (R, P) in 0..1.

    A cluster on the left gets FEWEST to MOST parts of them, one on the right what a like one leaves of MOST; the
    number of points is the same for all strokes of a blot, so that they share one Bernstein matrix.
    """
    sizes = FEWEST + (MOST - FEWEST) * chances
    sizes[:, 1::2] = MOST - sizes[:, 1::2]
    sizes[:, 0] = 0
    ends = sizes.cumsum(axis=1)
    ends = 1 + (ends * ((points - 1) / ends[:, -1:])).astype(np.int64)
    ends[:, -1] = points
    return ends
