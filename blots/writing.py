"""What the writing in an image looks like: its ink, its lines and its words, from some thousand pixels.

A sample of the pixels gives paper and ink; the slope whose row profile is the most uneven is the skew (projection
profiles, Postl 1986); the rows of a line that have much ink are its x-height; gaps between columns part its words.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stackmix.blots.laying import RGB, checked
from stackmix.blots.measuring import ink_of, survey

ENOUGH = 8192  # pixels of the sample
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
    paper, level, ink, skew, slant, stroke, rows, words = survey(picture, down, across)
    if not len(words):
        return Writing(BLACK, paper, level, 0.0, max(1.0, height / 40), ())
    spans: list[list[tuple[int, int]]] = [[] for _ in rows]
    for line, left, right in words.tolist():
        spans[line].append((left, min(right, width)))
    lines = tuple(
        Line(top, x_line, baseline, bottom, skew, tuple(found))
        for (top, x_line, baseline, bottom), found in zip(rows.tolist(), spans, strict=True)
        if found
    )
    return Writing(_rgb(ink, picture), paper, level, min(max(slant, SLANTS[0]), SLANTS[1]), max(stroke, 1.0), lines)


def ink_color(image: NDArray) -> RGB:
    """The colour of the writing in an image as RGB in 0..255, black where nothing is written."""
    picture = np.ascontiguousarray(checked(image))
    step = max(1, math.isqrt(picture.shape[0] * picture.shape[1] // ENOUGH))
    return _rgb(ink_of(picture, step, step)[2], picture)


def _rgb(ink: tuple[float, float, float], picture: NDArray) -> RGB:
    scale = 1 if picture.dtype == np.uint8 else 255
    return round(ink[0] * scale), round(ink[1] * scale), round(ink[2] * scale)
