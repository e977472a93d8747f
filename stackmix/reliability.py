"""Whether confidences mean what they say: of texts with confidence .9, nine in ten should be right."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

BINS = 10


class Bin(NamedTuple):
    """What fell between two confidences: how many samples, their mean confidence, and the share that is right."""

    low: float
    high: float
    samples: int
    confidence: float
    right: float


def reliability(scores: NDArray[np.floating], right: NDArray[np.bool_], bins: int = BINS) -> list[Bin]:
    """The bins of equal width that hold anything, lowest first; 1 belongs to the last."""
    found = []
    for low, high in pairwise(np.linspace(0, 1, bins + 1).tolist()):
        inside = (scores >= low) & ((scores < high) | (high == 1))
        if inside.any():
            found.append(Bin(low, high, int(inside.sum()), float(scores[inside].mean()), float(right[inside].mean())))
    return found


def expected_error(scores: NDArray[np.floating], right: NDArray[np.bool_], bins: int = BINS) -> float:
    """Expected calibration error (Naeini et al. 2015): |mean score - share right|, averaged over equal bins by size."""
    return sum(abs(b.confidence - b.right) * b.samples for b in reliability(scores, right, bins)) / max(len(scores), 1)
