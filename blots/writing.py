"""What the writing in an image looks like, measured in a tenth of a millisecond: its ink, its lines and its words.

A sample of the pixels gives paper and ink; the slope whose row profile is the most uneven is the skew (projection
profiles, Postl 1986); the rows of a line that have much ink are its x-height; gaps between columns part its words.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stackmix.blots.laying import RGB, checked
from stackmix.blots.measuring import color_at, inked, layout, levels, sample, skew_of, strokes_of

ENOUGH = 8192  # pixels of the sample
ENOUGH_EDGES = 4096  # pixels that tell slant and stroke width
ENOUGH_INK = 300  # inked pixels that tell the skew
FAINT = 40  # grey levels between paper and ink below which nothing is written
SLOPES = np.linspace(-0.12, 0.12, 13, dtype=np.float32)
SLANTS = (-0.5, 1.0)  # as hands lean
BLACK: RGB = (0, 0, 0)


class Line(NamedTuple):
    """A line of writing: its rows at column 0, from which it falls by `skew` per column.

    words: left and right column of each, half open.
    """

    top: float
    x_line: float
    baseline: float
    bottom: float
    skew: float
    words: tuple[tuple[int, int], ...]

    @property
    def x_height(self) -> float:
        """Pixels."""
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
    """Measure the writing in an image (H, W), (H, W, 1) or (H, W, 3), uint8 or float32 in 0..1, dark on light."""
    picture = np.ascontiguousarray(checked(image))
    height, width = picture.shape[:2]
    down = max(1, int(math.sqrt(height * width / ENOUGH) / 2))  # rows are looked at more closely than columns
    across = max(1, math.ceil(height * width / (ENOUGH * down)))
    grey = sample(picture, down, across)
    paper, dark = levels(grey)
    level = (paper + dark) // 2
    if paper - dark < FAINT:
        return Writing(BLACK, paper, level, 0.0, max(1.0, height / 40), ())
    points = inked(grey, level, down, across)
    skew = skew_of(points[:: len(points) // ENOUGH_INK + 1], SLOPES, down) if width > height else 0.0
    rows, words = layout(points, skew, down, across)
    spans: dict[int, list[tuple[int, int]]] = {}
    for line, left, right in words.tolist():
        spans.setdefault(line, []).append((left, min(right, width)))
    spans.pop(-1, None)
    lines = tuple(_line(rows[line].tolist(), skew, found) for line, found in spans.items())
    slant, stroke = _strokes(picture, max(lines, key=lambda line: line.x_height), level)
    return Writing(_ink(picture, points, dark, level), paper, level, slant, stroke, lines)


def _line(rows: list[float], skew: float, words: list[tuple[int, int]]) -> Line:
    top, x_line, baseline, bottom = rows
    return Line(top, x_line, baseline, bottom, skew, tuple(words))


def _strokes(picture: NDArray, line: Line, level: int) -> tuple[float, float]:
    """Slant and stroke width of a line, from the rows that it takes at x-height."""
    width = picture.shape[1]
    drop = line.skew * width
    top, bottom = round(line.x_line + min(drop, 0.0)), round(line.baseline + max(drop, 0.0))
    unit = 1.0 if picture.dtype == np.uint8 else 1 / 255
    down = max(1, (bottom - top) * width // ENOUGH_EDGES)
    slant, stroke = strokes_of(picture, top, bottom, down, level * unit)
    return min(max(slant, SLANTS[0]), SLANTS[1]), max(stroke, 1.0)


def ink_color(image: NDArray) -> RGB:
    """The colour of the writing in an image as RGB in 0..255, black where nothing is written."""
    picture = np.ascontiguousarray(checked(image))
    step = max(1, math.isqrt(picture.shape[0] * picture.shape[1] // ENOUGH))
    grey = sample(picture, step, step)
    paper, dark = levels(grey)
    if paper - dark < FAINT:
        return BLACK
    level = (paper + dark) // 2
    return _ink(picture, inked(grey, level, step, step), dark, level)


def _ink(picture: NDArray, points: NDArray[np.int32], dark: int, level: int) -> RGB:
    unit = 1.0 if picture.dtype == np.uint8 else 1 / 255
    red, green, blue = color_at(picture, points, (dark + (level - dark) / 2 + 1) * unit)
    return round(red / unit), round(green / unit), round(blue / unit)
