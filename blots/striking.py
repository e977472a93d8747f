"""Strike-outs: a word crossed out with one line or two, a zigzag, a wave, or hatched over until it cannot be read.

Lines run at mid x-height along the skew of the writing and hatches lean with its slant, over the word's own width.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from stackmix.blots.functional import Path
from stackmix.blots.laying import RGB, Mark, checked, mark
from stackmix.blots.pens import State, normal, penned, state_of
from stackmix.blots.ranges import Color, Range, between, chosen, color_of, draw
from stackmix.blots.writing import Line, Writing, measure

KINDS = ("single", "double", "zigzag", "wave", "crossed")
OPACITY = (0.85, 1.0)
NEAR = 0.12  # of the way from one corner of a zigzag to the next
TAPER = 0.55  # of the pen's width is left at the end of a line


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
        kind = self.kinds[int(rng.random() * len(self.kinds))]
        line = target.line
        span = Span(target.left, target.right, line.baseline, line.x_height, line.skew, writing.slant)
        paths = DRAWN[kind](span, width, rng)
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
    spans = [one.words[-1][1] - one.words[0][0] for one in writing.lines]
    place = rng.random() * sum(spans)
    for one, span in zip(writing.lines, spans, strict=True):  # noqa: B007
        place -= span
        if place < 0:
            break
    first = int(rng.random() * max(1, len(one.words) - count + 1))
    words = one.words[first : first + count]
    return Target(one, words[0][0], words[-1][1])


class Span(NamedTuple):
    """What the kernels know of a target: its columns, its line at column 0, and how much its letters lean."""

    left: float
    right: float
    baseline: float
    x_height: float
    skew: float
    slant: float


@njit(cache=True)
def over(span: Span, height: float, width: float, state: State) -> Path:
    """One line at `height` x-heights, a little beyond the word on both sides, often rising, a little bent."""
    unit = span.x_height
    left, right = span.left - unit * (0.15 + 0.12 * normal(state)), span.right + unit * (0.15 + 0.12 * normal(state))
    tilt, bow = 0.1 * normal(state), 0.1 * normal(state)
    steps = max(2, round((right - left) / (1.3 * unit)))
    points = np.empty((steps + 1, 2))
    for k in range(steps + 1):
        share = k / steps
        x = left + share * (right - left)
        up = height - tilt + share * (0.1 + 2 * tilt) - bow * math.sin(math.pi * share)
        points[k, 0], points[k, 1] = x, span.baseline + span.skew * x - up * unit
    return penned(points, width, 0.035 * unit, TAPER, state)


@njit(cache=True)
def swing(span: Span, stride: float, width: float, state: State) -> Path:
    """To and fro between the top and the foot of the letters, `stride` x-heights from one corner to the next.

    A pen turns on a narrow bow: there is a point close to each corner, without which the spline would swing as a wave.
    """
    unit = span.x_height
    count = max(4, round((span.right - span.left) / (stride * unit)) + 1)
    first = normal(state) > 0
    points = np.empty((3 * count - 2, 2))
    for k in range(count):
        up = 1.1 * ((k + first) % 2) - 0.05 + 0.12 * normal(state)
        x = span.left + k * (span.right - span.left) / (count - 1)
        x += unit * (0.08 * normal(state) + span.slant * (up - 0.5))
        points[3 * k, 0], points[3 * k, 1] = x, span.baseline + span.skew * x - up * unit
    for k in range(0, 3 * count - 3, 3):
        for c in range(2):
            step = points[k + 3, c] - points[k, c]
            points[k + 1, c] = points[k, c] + NEAR * step
            points[k + 2, c] = points[k + 3, c] - NEAR * step
    return penned(points, width, 0.035 * unit, TAPER, state)


@njit(cache=True)
def waves(span: Span, stride: float, size: float, width: float, state: State) -> Path:
    """A wavy line about mid x-height; stride, size: half a wave's length and its swing, in x-heights."""
    unit = span.x_height
    count = max(5, round((span.right - span.left) / (stride * unit)) + 1)
    points = np.empty((count, 2))
    for k in range(count):
        x = span.left + k * (span.right - span.left) / (count - 1)
        up = 0.5 + size * (2 * (k % 2) - 1) * (1 + 0.2 * normal(state))
        points[k, 0], points[k, 1] = x, span.baseline + span.skew * x - up * unit
    return penned(points, width, 0.04 * unit, TAPER, state)


def single(span: Span, width: float, rng: np.random.Generator) -> list[Path]:
    """One line."""
    return [over(span, 0.5, width, state_of(rng))]


def double(span: Span, width: float, rng: np.random.Generator) -> list[Path]:
    """Two lines, one over the other."""
    apart, state = 0.12 + 0.13 * rng.random(), state_of(rng)
    return [over(span, 0.45 + apart, width, state), over(span, 0.45 - apart, width, state)]


def zigzag(span: Span, width: float, rng: np.random.Generator) -> list[Path]:
    """To and fro without lifting the pen, leaning with the hand."""
    return [swing(span, 0.45 + 0.45 * rng.random(), width, state_of(rng))]


def wave(span: Span, width: float, rng: np.random.Generator) -> list[Path]:
    """A wavy line."""
    return [waves(span, 0.35 + 0.25 * rng.random(), 0.2 + 0.2 * rng.random(), width, state_of(rng))]


def crossed(span: Span, width: float, rng: np.random.Generator) -> list[Path]:
    """Hatched over closely, two or three times, until the word cannot be read."""
    state = state_of(rng)
    layers = []
    for _ in range(2 if rng.random() < 0.5 else 3):
        lean = span._replace(slant=span.slant + rng.normal(0, 0.25))
        layers.append(swing(lean, 0.18 + 0.17 * rng.random(), width, state))
    return [*layers, over(span, 0.5, width, state)]


DRAWN = {"single": single, "double": double, "zigzag": zigzag, "wave": wave, "crossed": crossed}
