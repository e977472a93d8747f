"""What a pen leaves by accident: a trail where it was not lifted between words, or slid off the paper's edge.

A trail starts behind a word and runs off in a long uneven bow, thin, and thinner towards its end.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stackmix.blots.functional import Path
from stackmix.blots.laying import Mark, checked, mark
from stackmix.blots.pens import line
from stackmix.blots.ranges import Color, Range, between, color_of, draw
from stackmix.blots.striking import inked
from stackmix.blots.writing import Writing, measure

KNOTS = 7
OPACITY = (0.55, 0.9)


@dataclass(frozen=True)
class Trail:
    """Draws pen trails. count: in an image. length: in x-heights. width: of the pen, times that of the writing's own
    strokes. color: "ink" is the writing's.
    """

    count: Range = (1, 2)
    length: Range = (2.0, 8.0)
    width: Range = (0.4, 0.8)
    color: Color = "ink"

    def __post_init__(self) -> None:
        object.__setattr__(self, "count", between("count", self.count, 1, 1000, whole=True))
        object.__setattr__(self, "length", between("length", self.length, 0.1, 100))
        object.__setattr__(self, "width", between("width", self.width, 0.1, 20))
        object.__setattr__(self, "color", color_of(self.color))

    def draw(self, image: NDArray, rng: np.random.Generator) -> list[Mark]:
        """Marks for an image: (H, W), (H, W, 1) or (H, W, 3), uint8 or float32."""
        shape = checked(image).shape
        writing = measure(image)
        paths = [self._trail(writing, shape, rng) for _ in range(int(draw(self.count, rng)))]
        return [mark([path], shape, inked(self.color, writing), draw(OPACITY, rng)) for path in paths]

    def _trail(self, writing: Writing, shape: tuple[int, ...], rng: np.random.Generator) -> Path:
        x, y, unit = start(writing, shape, rng)
        length = draw(self.length, rng) * unit
        heading = rng.normal(0, 0.35) + (math.pi if rng.random() < 0.25 else 0.0)
        turn = rng.normal(0, 1.0) / KNOTS
        headings = heading + turn * np.arange(KNOTS) + np.cumsum(rng.normal(0, 0.12, KNOTS))
        steps = length / KNOTS * np.stack([np.cos(headings), np.sin(headings)], axis=1)
        points = np.array([x, y]) + np.concatenate([np.zeros((1, 2)), np.cumsum(steps, axis=0)])
        width = max(0.7, draw(self.width, rng) * writing.stroke)
        return line(points, width, rng, 0.03 * unit, taper=0.3)


def start(writing: Writing, shape: tuple[int, ...], rng: np.random.Generator) -> tuple[float, float, float]:
    """Column and row where a trail leaves the writing, at the end of a word, and the x-height; else anywhere."""
    if not writing.lines:
        return rng.random() * shape[1], rng.random() * shape[0], max(4.0, shape[0] / 4)
    one = writing.lines[int(rng.integers(len(writing.lines)))]
    x = one.words[int(rng.integers(len(one.words)))][1]
    return x, one.baseline + one.skew * x - one.x_height * rng.uniform(0, 0.8), one.x_height
