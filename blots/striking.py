"""Strike-outs: a word crossed out with one line or two, a zigzag, a wave, or hatched over until it cannot be read.

Lines run at mid x-height along the skew of the writing and hatches lean with its slant, over the word's own width.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stackmix.blots.functional import Path
from stackmix.blots.laying import RGB, Mark, checked, mark
from stackmix.blots.pens import between as along
from stackmix.blots.pens import line
from stackmix.blots.ranges import Color, Range, between, chosen, color_of, draw
from stackmix.blots.writing import Line, Writing, measure

KINDS = ("single", "double", "zigzag", "wave", "crossed")
OPACITY = (0.8, 1.0)


@dataclass(frozen=True)
class Strike:
    """Draws strike-outs. kinds: of KINDS, one is drawn. words: neighbouring words that are struck out. width: of the
    pen, times that of the writing's own strokes. color: "ink" is the writing's.
    """

    kinds: tuple[str, ...] = KINDS
    words: Range = (1, 2)
    width: Range = (0.8, 1.3)
    color: Color = "ink"

    def __post_init__(self) -> None:
        object.__setattr__(self, "kinds", chosen("kinds", self.kinds, KINDS))
        object.__setattr__(self, "words", between("words", self.words, 1, 1000, whole=True))
        object.__setattr__(self, "width", between("width", self.width, 0.1, 20))
        object.__setattr__(self, "color", color_of(self.color))

    def draw(self, image: NDArray, rng: np.random.Generator) -> list[Mark]:
        """Marks for an image: (H, W), (H, W, 1) or (H, W, 3), uint8 or float32. Without writing none."""
        shape = checked(image).shape
        writing = measure(image)
        if not writing.lines:
            return []
        target = chosen_words(writing, int(draw(self.words, rng)), rng)
        width = draw(self.width, rng) * writing.stroke
        kind = self.kinds[int(rng.integers(len(self.kinds)))]
        paths = DRAWN[kind](target, writing.slant, width, rng)
        return [mark(paths, shape, inked(self.color, writing), draw(OPACITY, rng))]


def inked(color: Color, writing: Writing) -> RGB:
    """The colour as RGB; "ink" is the writing's."""
    if isinstance(color, str):
        return writing.ink
    return color if isinstance(color, tuple) else (color, color, color)


@dataclass(frozen=True, slots=True)
class Target:
    """What is struck out: columns left..right of a line of writing."""

    line: Line
    left: float
    right: float

    def at(self, x: float, height: float) -> tuple[float, float]:
        """The point at column x, `height` x-heights above the baseline."""
        return x, self.line.baseline + self.line.skew * x - height * self.line.x_height


def chosen_words(writing: Writing, count: int, rng: np.random.Generator) -> Target:
    """Up to `count` neighbouring words of one line; a wider line is drawn more often."""
    spans = [sum(right - left for left, right in one.words) for one in writing.lines]
    place = rng.random() * sum(spans)
    for one, span in zip(writing.lines, spans, strict=True):  # noqa: B007
        place -= span
        if place < 0:
            break
    first = int(rng.integers(max(1, len(one.words) - count + 1)))
    words = one.words[first : first + count]
    return Target(one, words[0][0], words[-1][1])


def single(target: Target, slant: float, width: float, rng: np.random.Generator, height: float = 0.5) -> list[Path]:
    """One line, a little beyond the word on both sides, often rising."""
    unit = target.line.x_height
    left, right = target.left - unit * rng.uniform(-0.1, 0.4), target.right + unit * rng.uniform(-0.1, 0.5)
    tilt = rng.normal(0.05, 0.1)
    points = along(target.at(left, height - tilt), target.at(right, height + tilt), 1.3 * unit)
    points[:, 1] += unit * rng.normal(0, 0.12) * np.sin(np.linspace(0, math.pi, len(points)))
    return [line(points, width, rng, 0.035 * unit)]


def double(target: Target, slant: float, width: float, rng: np.random.Generator) -> list[Path]:
    """Two lines, one over the other."""
    apart = rng.uniform(0.12, 0.25)
    return [single(target, slant, width, rng, 0.5 + side * apart)[0] for side in (1, -1)]


def zigzag(target: Target, slant: float, width: float, rng: np.random.Generator) -> list[Path]:
    """To and fro between the top and the foot of the letters without lifting the pen, leaning with the hand."""
    return [line(_swings(target, slant, rng, rng.uniform(0.45, 0.9)), width, rng, 0.03 * target.line.x_height)]


def _swings(target: Target, slant: float, rng: np.random.Generator, stride: float) -> NDArray[np.float64]:
    unit = target.line.x_height
    count = max(4, round((target.right - target.left) / (stride * unit)) + 1)
    x = np.linspace(target.left, target.right, count) + unit * rng.normal(0, 0.08, count)
    heights = np.where(np.arange(count) % 2 == rng.integers(2), 1.05, -0.05) + rng.normal(0, 0.12, count)
    corners = np.array([target.at(a, b) for a, b in zip(x + slant * unit * (heights - 0.5), heights, strict=True)])
    # a pen turns on a narrow bow: without a knot close to each corner the spline would swing as a wave
    near = corners[:-1] + 0.12 * np.diff(corners, axis=0)
    far = corners[:-1] + 0.88 * np.diff(corners, axis=0)
    return np.concatenate([np.stack([corners[:-1], near, far], axis=1).reshape(-1, 2), corners[-1:]])


def wave(target: Target, slant: float, width: float, rng: np.random.Generator) -> list[Path]:
    """A wavy line about mid x-height."""
    unit = target.line.x_height
    stride, size = rng.uniform(0.35, 0.6), rng.uniform(0.2, 0.4)
    count = max(5, round((target.right - target.left) / (stride * unit)) + 1)
    heights = 0.5 + np.where(np.arange(count) % 2, size, -size) * (1 + rng.normal(0, 0.2, count))
    points = [target.at(x, h) for x, h in zip(np.linspace(target.left, target.right, count), heights, strict=True)]
    return [line(np.array(points), width, rng, 0.04 * unit)]


def crossed(target: Target, slant: float, width: float, rng: np.random.Generator) -> list[Path]:
    """Hatched over closely, two or three times, until the word cannot be read."""
    unit = target.line.x_height
    layers = []
    for _ in range(int(rng.integers(2, 4))):
        points = _swings(target, slant + rng.normal(0, 0.25), rng, rng.uniform(0.18, 0.35))
        layers.append(line(points, width, rng, 0.05 * unit))
    return [*layers, *single(target, slant, width, rng)]


DRAWN = {"single": single, "double": double, "zigzag": zigzag, "wave": wave, "crossed": crossed}
