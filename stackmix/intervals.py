"""How far a figure would move with other writers: percentile intervals of the bootstrap (Efron 1979).

Writers are drawn whole: their words go right or wrong together, so single words drawn anew would promise too much.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

DRAWS = 1000
LEVEL = 0.95


class Measure(NamedTuple):
    """A figure and its interval."""

    value: float
    low: float
    high: float


def ratios(
    tops: NDArray[np.floating], bottoms: NDArray[np.floating], groups: Sequence[str], seed: int = 0
) -> list[Measure]:
    """K figures sum(tops) / sum(bottoms), of (N, K) counts of N samples; groups: what is drawn together, N names.

    A sum of 0 below a figure counts as 1. The same seed gives the same intervals.
    """
    _, own = np.unique(np.asarray(groups, str), return_inverse=True)
    count = int(own.max()) + 1
    sums = np.zeros((count, 2 * tops.shape[1]))
    np.add.at(sums, own, np.concatenate([tops, bottoms], axis=1))
    rng = np.random.default_rng(seed)
    drawn = np.array([_ratio(_again(rng, count) @ sums) for _ in range(DRAWS)])
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return [Measure(*map(float, one)) for one in zip(_ratio(sums.sum(axis=0)), low, high, strict=True)]


def _again(rng: np.random.Generator, count: int) -> NDArray[np.float64]:
    """How often each of `count` groups is among as many that are drawn with replacement."""
    return np.bincount(rng.integers(0, count, count), minlength=count).astype(np.float64)


def _ratio(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    above, below = np.split(sums, 2)
    return above / np.where(below == 0, 1, below)
