"""A pen in a hand: lines that wobble, press harder and lighter, and end thinner than they begin.

A line is given by a few knots; the hand's error is drawn for each, and a spline joins them.
"""

import math

import numpy as np
from numpy.typing import NDArray

from stackmix.blots.functional import Path, smooth

SPACING = 2.0  # pixels between two points of a drawn line, or as many as the pen is wide
PRESS = 0.1  # relative change of width and pressure between knots
FIRM = 0.97  # pressure of most of a line


def line(
    points: NDArray[np.floating], width: float, rng: np.random.Generator, wobble: float = 1.0, taper: float = 0.55
) -> Path:
    """A path through points (k, 2), in pixels, k >= 2; wobble: pixels, the hand's error at each of them.

    taper: share of the width that is left at the end; the beginning keeps most of it.
    """
    count = len(points)
    knots = np.empty((count, 4), np.float32)
    error = rng.standard_normal(4 * count, np.float32).reshape(count, 4)
    knots[:, :2] = points
    knots[:, :2] += wobble * error[:, :2]
    knots[:, 2] = width * (1 + PRESS * error[:, 2])
    knots[:, 3] = FIRM + PRESS * error[:, 3]
    knots[-1, 2:] *= taper
    knots[0, 2:] *= (1 + taper) / 2
    return smooth(knots, max(width, SPACING))


def between(start: tuple[float, float], end: tuple[float, float], stride: float) -> NDArray[np.float64]:
    """(k, 2) points from start to end, about `stride` apart, at least 3."""
    steps = max(2, round(math.hypot(end[0] - start[0], end[1] - start[1]) / stride))
    origin = np.array(start)
    return origin + np.arange(steps + 1)[:, None] * ((np.array(end) - origin) / steps)
