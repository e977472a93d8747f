"""Strike-outs: a word crossed out with one line or two, a zigzag, a wave, or hatched over until it cannot be read.

Lines run at mid x-height along the skew of the writing and hatches lean with its slant, over the word's own width.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stackmix.blots.functional import Path
from stackmix.blots.laying import RGB, Mark, checked, mark
from stackmix.blots.pens import between as along
from stackmix.blots.pens import line
from stackmix.blots.ranges import Color, Range, between, chosen, color_of, draw
from stackmix.blots.writing import Line, Writing, measure

KINDS = ("single", "double", "zigzag", "wave", "crossed")
OPACITY = (0.85, 1.0)
NEAR = 0.12  # of the way from one corner of a zigzag to the next


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


class Target(NamedTuple):
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
    before, after = (unit * (0.5 * chance - 0.1) for chance in rng.random(2).tolist())
    tilt, bow = (0.1 * error for error in rng.standard_normal(2).tolist())
    start, end = target.at(target.left - before, height - tilt), target.at(target.right + after, height + 0.1 + tilt)
    points = along(start, end, 1.3 * unit)
    points[:, 1] += unit * bow * np.sin(np.arange(len(points)) * (math.pi / (len(points) - 1)))
    return [line(points, width, rng, 0.035 * unit)]


def double(target: Target, slant: float, width: float, rng: np.random.Generator) -> list[Path]:
    """Two lines, one over the other."""
    apart = 0.12 + 0.13 * rng.random()
    return [single(target, slant, width, rng, 0.45 + side * apart)[0] for side in (1, -1)]


def zigzag(target: Target, slant: float, width: float, rng: np.random.Generator) -> list[Path]:
    """To and fro between the top and the foot of the letters without lifting the pen, leaning with the hand."""
    return [line(_swings(target, slant, rng, 0.45 + 0.45 * rng.random()), width, rng, 0.03 * target.line.x_height)]


def _swings(target: Target, slant: float, rng: np.random.Generator, stride: float) -> NDArray[np.float64]:
    """(3 k + 1, 2) points to and fro over the word, `stride` x-heights from one corner to the next.

    A pen turns on a narrow bow: there is a point close to each corner, without which the spline would swing as a wave.
    """
    unit = target.line.x_height
    count = max(4, round((target.right - target.left) / (stride * unit)) + 1)
    error = rng.standard_normal(2 * count)
    numbers = np.arange(count)
    heights = 1.1 * ((numbers + int(rng.integers(2))) % 2) - 0.05 + 0.12 * error[:count]
    x = target.left + numbers * ((target.right - target.left) / (count - 1))
    x += unit * (0.08 * error[count:] + slant * (heights - 0.5))
    corners = np.empty((count, 2))
    corners[:, 0], corners[:, 1] = x, target.at(x, heights)[1]  # type: ignore[arg-type]
    points = np.repeat(corners, 3, axis=0)[:-2]
    steps = corners[1:] - corners[:-1]
    points[1::3] += NEAR * steps
    points[2::3] += (1 - NEAR) * steps
    return points


def wave(target: Target, slant: float, width: float, rng: np.random.Generator) -> list[Path]:
    """A wavy line about mid x-height."""
    unit = target.line.x_height
    stride, size = 0.35 + 0.25 * rng.random(), 0.2 + 0.2 * rng.random()
    count = max(5, round((target.right - target.left) / (stride * unit)) + 1)
    numbers = np.arange(count)
    heights = 0.5 + size * (2 * (numbers % 2) - 1) * (1 + 0.2 * rng.standard_normal(count))
    points = np.empty((count, 2))
    points[:, 0] = target.left + numbers * ((target.right - target.left) / (count - 1))
    points[:, 1] = target.at(points[:, 0], heights)[1]  # type: ignore[arg-type]
    return [line(points, width, rng, 0.04 * unit)]


def crossed(target: Target, slant: float, width: float, rng: np.random.Generator) -> list[Path]:
    """Hatched over closely, two or three times, until the word cannot be read."""
    unit = target.line.x_height
    layers = []
    for _ in range(int(rng.integers(2, 4))):
        points = _swings(target, slant + rng.normal(0, 0.25), rng, rng.uniform(0.18, 0.35))
        layers.append(line(points, width, rng, 0.05 * unit))
    return [*layers, *single(target, slant, width, rng)]


DRAWN = {"single": single, "double": double, "zigzag": zigzag, "wave": wave, "crossed": crossed}
