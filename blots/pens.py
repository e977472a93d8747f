"""A pen in a hand: lines that wobble, press harder and lighter, and end thinner than they begin.

A line is given by a few knots; the hand's error is drawn for each, and a spline joins them. The kernels draw it from a
state, one word of a generator, with splitmix64 (Steele, Lea and Flood 2014): hundreds of errors for the price of one.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from stackmix.blots.functional import Path, smooth

PRESS = 0.1  # relative change of width and pressure between knots
FIRM = 0.97  # pressure of most of a line

State = NDArray[np.uint64]  # (1,), moved on in place


def state_of(rng: np.random.Generator) -> State:
    """The state that a kernel draws from, itself the next word of `rng`."""
    return np.asarray(rng.bit_generator.random_raw(1))


@njit(cache=True)
def normal(state: State) -> float:
    """The next error: mean 0, deviation 1, the sum of four even ones, and so never beyond 3.5."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    total = 0.0
    for part in range(4):
        total += float((z >> np.uint64(16 * part)) & np.uint64(0xFFFF))
    return (total / 65535 - 2) * math.sqrt(3)


@njit(cache=True)
def penned(points: NDArray[np.float64], width: float, wobble: float, taper: float, state: State) -> Path:
    """The path of a pen through points (k, 2); the arguments are those of `line`."""
    count = len(points)
    knots = np.empty((count, 4), np.float32)
    for k in range(count):
        knots[k, 0] = points[k, 0] + wobble * normal(state)
        knots[k, 1] = points[k, 1] + wobble * normal(state)
        left = taper if k == count - 1 else (1 + taper) / 2 if k == 0 else 1.0
        knots[k, 2] = left * width * (1 + PRESS * normal(state))
        knots[k, 3] = left * (FIRM + PRESS * normal(state))
    return smooth(knots)


def line(
    points: NDArray[np.float64], width: float, rng: np.random.Generator, wobble: float, taper: float = 0.55
) -> Path:
    """A path through points (k, 2), in pixels, k >= 2; wobble: pixels, the hand's error at each of them.

    taper: share of the width that is left at the end; the beginning keeps most of it.
    """
    return penned(points, width, wobble, taper, state_of(rng))


def between(start: tuple[float, float], end: tuple[float, float], stride: float) -> NDArray[np.float64]:
    """(k, 2) points from start to end, about `stride` apart, at least 3."""
    steps = max(2, round(math.hypot(end[0] - start[0], end[1] - start[1]) / stride))
    origin = np.array(start)
    return origin + np.arange(steps + 1)[:, None] * ((np.array(end) - origin) / steps)
