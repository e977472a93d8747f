"""How well words are found: F1 at an intersection over union of a half, each true word to one found word.

Regions to be ignored count on neither side: a found word that matches one, or lies in them by half, is passed over.
"""

from collections.abc import Iterable
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

IOU = 0.5
FINE = 8  # parts of a pixel to which cv2 draws, as a shift: 2**3
CELLS = 96  # of the longer side of the raster that two polygons are compared on

Polygon = NDArray[np.float32]


class Counts(NamedTuple):
    """Words found rightly, found in all, and true in all; adds up over pages."""

    right: int = 0
    found: int = 0
    true: int = 0

    def plus(self, other: "Counts") -> "Counts":
        return Counts(*(a + b for a, b in zip(self, other, strict=True)))

    @property
    def f1(self) -> float:
        """2 right / (found + true), 1 where there was nothing and nothing was found."""
        return 2 * self.right / (self.found + self.true) if self.found + self.true else 1.0


def total(counts: Iterable[Counts]) -> Counts:
    summed = Counts()
    for count in counts:
        summed = summed.plus(count)
    return summed


def overlap(one: Polygon, other: Polygon) -> tuple[float, float, float]:
    """Areas of one, of the other, and of both together, in cells of a raster over the two."""
    low = np.minimum(one.min(axis=0), other.min(axis=0))
    scale = CELLS / max(float((np.maximum(one.max(axis=0), other.max(axis=0)) - low).max()), 1e-6)
    masks = []
    for polygon in (one, other):
        mask = np.zeros((CELLS + 1, CELLS + 1), np.uint8)
        cv2.fillPoly(mask, [np.round((polygon - low) * scale * FINE).astype(np.int32)], 1, shift=3)
        masks.append(mask)
    return float(masks[0].sum()), float(masks[1].sum()), float((masks[0] & masks[1]).sum())


def score(found: list[Polygon], true: list[Polygon], ignored: list[bool]) -> Counts:
    """Compare the words found on a page with its true ones; pairs are made in order of their IoU, largest first."""
    pairs, inside = _compare(found, true, ignored)
    taken: dict[int, int] = {}
    for _, j, i in sorted(pairs, reverse=True):
        if i not in taken and j not in taken.values():
            taken[i] = j
    right = sum(not ignored[j] for j in taken.values())
    passed = [ignored[taken[i]] if i in taken else inside[i] for i in range(len(found))]
    return Counts(right, len(found) - sum(passed), len(true) - sum(ignored))


def _compare(
    found: list[Polygon], true: list[Polygon], ignored: list[bool]
) -> tuple[list[tuple[float, int, int]], list[bool]]:
    """(IoU, true, found) of pairs of IOU and more, and whether half of each found word lies in ignored ones."""
    pairs, inside = list[tuple[float, int, int]](), [False] * len(found)
    if not found or not true:
        return pairs, inside
    boxes = [np.array([[p.min(axis=0), p.max(axis=0)] for p in polygons]) for polygons in (found, true)]
    low, high = boxes[0][:, None, 0], boxes[0][:, None, 1]
    meet = np.asarray(np.all((high > boxes[1][:, 0]) & (boxes[1][:, 1] > low), axis=-1))
    for i, polygon in enumerate(found):
        covered = 0.0
        for j in np.flatnonzero(meet[i]).tolist():
            own, other, both = overlap(polygon, true[j])
            if both / (own + other - both) >= IOU:
                pairs.append((both / (own + other - both), j, i))
            covered += both / own if ignored[j] else 0.0
        inside[i] = covered >= 0.5
    return pairs, inside
