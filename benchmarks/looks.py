"""How blots look: covered area, stroke count and stroke width from the pixels, ours beside the published package's.

`benchmarks/blots.py` lets both draw as many blots at equal parameters, and prints and draws what is measured here.
"""

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from stackmix.blots.scribbling import Scribble

FIELD = 200  # pixels of the square that blots are compared in
PLACES = {"x": (40, 40), "y": (40, 40), "h": (50, 100), "w": (20, 100)}  # far enough from its edges
BINS = 24
COLORS = ((60, 120, 200), (230, 130, 60))  # ours, the peer's

Image = NDArray[np.uint8]


class Looks(NamedTuple):
    """Of each blot (n,): covered pixels, strokes that cross a column of it, the strokes' width in pixels."""

    area: NDArray[np.float64]
    strokes: NDArray[np.float64]
    width: NDArray[np.float64]


class Histogram(NamedTuple):
    """A measure's name, the edges of its bins, and the counts of ours and of the peer's."""

    name: str
    edges: NDArray[np.float64]
    counts: list[NDArray[np.int64]]


def our_masks(count: int) -> NDArray[np.bool_]:
    """(count, FIELD, FIELD) what of our blots covers at least half a pixel."""
    rng, paper = np.random.default_rng(1), np.full((FIELD, FIELD), 255, np.uint8)
    masks = np.zeros((count, FIELD, FIELD), np.bool_)
    for mask in masks:
        (mark,) = Scribble(**PLACES).draw(paper, rng)
        left, top, right, bottom = mark.box
        mask[top:bottom, left:right] = mark.mask()[:, : right - left] >= 128
    return masks


def looks_of(masks: NDArray[np.bool_]) -> Looks:
    """What each mask (n, h, w) looks like.

    Strokes: runs of ink down a column, the mean of three columns, at a quarter, half and three quarters of it. Width:
    twice the area over the length of the edge, by its steps along rows and columns (Crofton).
    """
    area, strokes, width = [], [], []
    for mask in masks:
        columns = np.flatnonzero(mask.any(axis=0))
        if len(columns) == 0:
            continue
        left, right = columns[0], columns[-1]
        middle = mask[:, [left + (right - left) * k // 4 for k in (1, 2, 3)]].astype(np.int8)
        steps = sum(int(np.abs(np.diff(mask.astype(np.int8), axis=axis)).sum()) for axis in (0, 1))
        area.append(mask.sum())
        strokes.append((np.diff(middle, axis=0, prepend=0) == 1).sum() / 3)
        width.append(2 * mask.sum() / (steps * np.pi / 4))
    return Looks(*(np.array(values, np.float64) for values in (area, strokes, width)))


def compare(our: Looks, their: Looks, peer: str, report: Callable[..., None]) -> list[Histogram]:
    """Report each measure of both; the histograms."""
    histograms = []
    units = {"area": "pixels", "strokes": "strokes across a column", "width": "pixels"}
    for name, mine, other in zip(Looks._fields, our, their, strict=True):
        both = np.sort(np.concatenate([mine, other]))
        ranks = [np.searchsorted(np.sort(values), both, "right") / len(values) for values in (mine, other)]
        edges = np.linspace(both[0], np.quantile(both, 0.995), BINS + 1)
        counts = [np.histogram(values, edges)[0] for values in (mine, other)]
        report(
            f"looks of blots: {name}", [mine.mean()], units[name], peer, [other.mean()], blots=len(mine),
            peer_blots=len(other), deviation=round(float(mine.std()), 2), peer_deviation=round(float(other.std()), 2),
            kolmogorov_smirnov=round(float(np.abs(ranks[0] - ranks[1]).max()), 3), edges=np.round(edges, 2).tolist(),
            histogram=counts[0].tolist(), peer_histogram=counts[1].tolist(),
        )  # fmt: skip
        histograms.append(Histogram(name, edges, counts))
    return histograms


def drawn(histograms: list[Histogram]) -> Image:
    """The histograms side by side, ours blue, the peer's orange."""
    panels = []
    for name, edges, counts in histograms:
        panel = np.full((300, 24 * BINS + 40, 3), 255, np.uint8)
        top = max(int(count.max()) for count in counts)
        for who, count in enumerate(counts):
            for k, value in enumerate(count.tolist()):
                left = 20 + 24 * k + 11 * who
                cv2.rectangle(panel, (left, 260 - 220 * value // top), (left + 9, 260), COLORS[who], -1)
        text = f"{name}: {edges[0]:.1f} to {edges[-1]:.1f}; blue ours, orange the published package's"
        cv2.putText(panel, text, (20, 285), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (60, 60, 60), 1, cv2.LINE_AA)
        panels.append(panel)
    return np.concatenate(panels)
