"""A teacher's marks in red: a word underlined, a tick at its end, a bracket in the margin."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stackmix.blots.functional import Path
from stackmix.blots.laying import Mark, checked, mark
from stackmix.blots.pens import between as along
from stackmix.blots.pens import line
from stackmix.blots.ranges import Color, Range, between, chosen, color_of, draw
from stackmix.blots.striking import Target, chosen_words, inked
from stackmix.blots.writing import Line, Writing, measure

KINDS = ("underline", "tick", "bracket")
RED = (200, 30, 45)
OPACITY = (0.75, 0.95)


@dataclass(frozen=True)
class Correction:
    """Draws a teacher's mark. kinds: of KINDS, one is drawn. width: of the pen, times that of the writing's own
    strokes. color: red, any other, or "ink" for the writing's.
    """

    kinds: tuple[str, ...] = KINDS
    width: Range = (0.8, 1.5)
    color: Color = RED

    def __post_init__(self) -> None:
        object.__setattr__(self, "kinds", chosen("kinds", self.kinds, KINDS))
        object.__setattr__(self, "width", between("width", self.width, 0.1, 20))
        object.__setattr__(self, "color", color_of(self.color))

    def draw(self, image: NDArray, rng: np.random.Generator) -> list[Mark]:
        """Marks for an image: (H, W), (H, W, 1) or (H, W, 3), uint8 or float32."""
        shape = checked(image).shape
        writing = measure(image)
        target = chosen_words(writing, int(rng.integers(1, 3)), rng) if writing.lines else whole(shape)
        kind = self.kinds[int(rng.integers(len(self.kinds)))]
        width = max(1.0, draw(self.width, rng) * writing.stroke)
        paths = DRAWN[kind](target, writing, shape, width, rng)
        return [mark(paths, shape, inked(self.color, writing), draw(OPACITY, rng))]


def whole(shape: tuple[int, ...]) -> Target:
    """An image without writing as if one word filled it."""
    height, width = shape[:2]
    line = Line(0.2 * height, 0.4 * height, 0.75 * height, 0.9 * height, 0.0, ((0, width),))
    return Target(line, 0.1 * width, 0.9 * width)


def underline(
    target: Target, writing: Writing, shape: tuple[int, ...], width: float, rng: np.random.Generator
) -> list[Path]:
    """A line under the baseline, a little bent, now and then two; inside the image where there is room."""
    unit = target.line.x_height
    depth, tilt = -rng.uniform(0.15, 0.4), rng.normal(0, 0.05)
    paths = []
    for _ in range(2 if rng.random() < 0.2 else 1):
        left, right = target.left - unit * rng.uniform(-0.1, 0.3), target.right + unit * rng.uniform(-0.1, 0.4)
        points = along(target.at(left, depth - tilt), target.at(right, depth + tilt), 1.5 * unit)
        points[:, 1] += unit * rng.normal(0, 0.08) * np.sin(np.linspace(0, math.pi, len(points)))
        points[:, 1] -= max(0.0, points[:, 1].max() + width - shape[0])
        paths.append(line(points, width, rng, 0.03 * unit))
        depth -= rng.uniform(0.15, 0.25)
    return paths


def tick(
    target: Target, writing: Writing, shape: tuple[int, ...], width: float, rng: np.random.Generator
) -> list[Path]:
    """A tick over the end of a word: a short stroke down, a long one up and to the right."""
    size = target.line.x_height * rng.uniform(0.9, 1.6)
    x, y = target.at(target.right + size * rng.uniform(-0.4, 0.3), rng.uniform(0.0, 0.5))
    shift = np.array([[-0.32, -0.42], [-0.16, -0.2], [0, 0], [0.1, -0.16], [0.45, -0.75], [0.95, -1.3]])
    points = np.array([min(x, shape[1] - 0.5 * size), min(y, shape[0] - width)]) + size * shift
    return [line(points, width, rng, 0.03 * size)]


def bracket(
    target: Target, writing: Writing, shape: tuple[int, ...], width: float, rng: np.random.Generator
) -> list[Path]:
    """A bracket in the margin left or right of the line, as high as its letters."""
    line_, unit = target.line, target.line.x_height
    left, right = (line_.words[0][0], line_.words[-1][1])
    side = 1 if rng.random() < 0.5 else -1  # 1: before the line, open to the right
    x = left - unit * rng.uniform(0.25, 0.6) if side == 1 else right + unit * rng.uniform(0.25, 0.6)
    x = min(max(x, width), shape[1] - width)
    top, bottom = line_.top - 0.2 * unit, line_.bottom + 0.2 * unit
    top, bottom = max(top + line_.skew * x, width), min(bottom + line_.skew * x, shape[0] - width)
    arm = side * unit * rng.uniform(0.25, 0.45)
    rows = np.array([0, 0.01, 0.06, 0.35, 0.65, 0.94, 0.99, 1])
    columns = np.array([1, 0.4, 0.05, 0, 0, 0.05, 0.4, 1]) * arm
    points = np.stack([x + columns, top + rows * (bottom - top)], axis=1)
    return [line(points, width, rng, 0.02 * unit)]


DRAWN = {"underline": underline, "tick": tick, "bracket": bracket}
