"""What the writing in an image looks like, measured in a fraction of a millisecond: its ink, its lines and its words.

A sample of the pixels gives paper and ink; the slope whose row profile is the most uneven is the skew (the projection
profile of Postl 1986); the rows of a line with much ink are its x-height; gaps in the columns part its words.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stackmix.blots.functional import inked, levels, runs, sample, skew_of, strokes_of
from stackmix.blots.laying import RGB, Box, checked

ENOUGH = 8192  # pixels of the sample
FAINT = 40  # grey levels between paper and ink below which nothing is written
LINE, MIDDLE = 0.12, 0.45  # shares of the fullest row: more is a line of writing, its x-height
GAP = 0.6  # x-heights between two words
SLIGHT = 0.15  # of the largest line's area: what is less is a stray mark
SLOPES = np.linspace(-0.12, 0.12, 13, dtype=np.float32)
BLACK: RGB = (0, 0, 0)


class Line(NamedTuple):
    """A line of writing at column 0; every row falls by `skew` per column. words: left and right of each, half open."""

    top: float
    x_line: float
    baseline: float
    bottom: float
    skew: float
    words: tuple[tuple[int, int], ...]

    @property
    def x_height(self) -> float:
        return self.baseline - self.x_line


class Writing(NamedTuple):
    """ink: its colour. paper, level: grey values of the paper and half-way to the ink. slant: columns right per row up.

    stroke: the pen's width in pixels. lines: from the top down, empty where nothing is written.
    """

    ink: RGB
    paper: int
    level: int
    slant: float
    stroke: float
    lines: tuple[Line, ...]


def measure(image: NDArray) -> Writing:
    """Measure the writing in an image (H, W), (H, W, 1) or (H, W, 3), uint8 or float32, dark on light."""
    picture = np.ascontiguousarray(checked(image))
    height, width = picture.shape[:2]
    down = max(1, int(math.sqrt(height * width / ENOUGH) / 2))
    across = max(1, math.ceil(height * width / (ENOUGH * down)))
    grey = sample(picture, down, across)
    paper, dark = levels(grey)
    level = (paper + dark) // 2
    if paper - dark < FAINT:
        return Writing(BLACK, paper, level, 0.0, max(1.0, height / 40), ())
    points = inked(grey, level) * np.array([down, across], np.int32)
    skew = skew_of(points[:: len(points) // 1000 + 1], SLOPES, height) if width > height else 0.0
    unit = 1.0 if picture.dtype == np.uint8 else 1 / 255
    slant, stroke = strokes_of(picture, max(1, height * width // ENOUGH // 2), level * unit)
    lines = _lines(points, skew, picture.shape, down, across)
    return Writing(_ink(picture, points), paper, level, min(max(slant, -0.5), 1.0), max(stroke, 1.0), lines)


def _lines(points: NDArray[np.int32], skew: float, shape: tuple[int, ...], down: int, across: int) -> tuple[Line, ...]:
    """The lines of writing, from inked pixels (n, 2) sampled every `down` rows and `across` columns."""
    least = int(min(0.0, -skew * shape[1]) / down) - 1
    rows = ((points[:, 0] - skew * points[:, 1]) / down).astype(np.int64) - least
    profile = np.bincount(rows)
    found = []
    for top, bottom in runs(profile, LINE * profile.max(), 1):
        full = np.flatnonzero(profile[top:bottom] >= MIDDLE * profile[top:bottom].max()) + top
        x_line, baseline = full[0], full[-1] + 1
        reach = (baseline - x_line) / 3
        columns = points[(rows >= x_line - reach) & (rows < baseline + reach), 1] // across
        gap = max(2.0, GAP * (baseline - x_line) * down / across)
        words = runs(np.bincount(columns), 0, gap) * across
        edges = ((row + least) * float(down) for row in (top, x_line, baseline, bottom))
        found.append(Line(*edges, skew, tuple((int(a), min(int(b), shape[1])) for a, b in words)))
    most = max(line.x_height * sum(b - a for a, b in line.words) for line in found)
    return tuple(line for line in found if line.x_height * sum(b - a for a, b in line.words) > SLIGHT * most)


def ink_color(image: NDArray) -> RGB:
    """The colour of the writing in an image, black where nothing is written."""
    picture = np.ascontiguousarray(checked(image))
    step = max(1, math.isqrt(picture.shape[0] * picture.shape[1] // ENOUGH))
    grey = sample(picture, step, step)
    paper, dark = levels(grey)
    if paper - dark < FAINT:
        return BLACK
    return _ink(picture, inked(grey, (paper + dark) // 2) * step)


def _ink(picture: NDArray, points: NDArray[np.int32]) -> RGB:
    """The median colour of the darker half of the inked pixels: the paler ones lie on a stroke's edge."""
    found = picture[points[:, 0], points[:, 1]]
    green = found[:, found.shape[1] // 2]
    inner = found[green <= np.median(green)]
    color = np.median(inner, axis=0) * (1 if picture.dtype == np.uint8 else 255)
    red, green, blue = (int(round(float(v))) for v in np.broadcast_to(color, 3))
    return red, green, blue


