"""Ink that a hand or a sleeve dragged over the paper before it was dry.

The ink in a box is dragged to one side, paler with every pixel, streaked as skin leaves it, and laid on the image.
"""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from stackmix.blots.functional import PAD, Mask, blend, drag
from stackmix.blots.laying import RGB, Box, checked
from stackmix.blots.ranges import Color, Range, between, color_of, draw, in_units
from stackmix.blots.striking import inked
from stackmix.blots.writing import measure

LEFT_OVER = 0.1  # of the ink at the end of a smear's length
SOFT = 0.06  # of the box' height: the hand's edge


class Smear(NamedTuple):
    """A smear as it will be laid. to: 1 to the right, -1 to the left. slope: rows it falls per column along its way.

    keep: share of the ink that is left a pixel further. streaks: (h,) 0..1, how much each row of the box takes.
    paper, level: grey values, of the paper and half-way to the ink.
    """

    box: Box
    to: int
    slope: float
    keep: float
    streaks: NDArray[np.float32]
    paper: int
    level: int
    color: RGB
    opacity: float

    def mask(self, image: NDArray) -> Mask:
        """(h, w) what is smeared of the ink in the box, its rows padded."""
        left, top, right, bottom = self.box
        there = image[top:bottom, left:right, image.shape[2] // 2].astype(np.float32)
        scale = 1 if image.dtype == np.uint8 else 255
        ink = np.clip((self.paper - there * scale) * (127.5 / max(self.paper - self.level, 1)), 0, 255)
        ink[ink < 96] = 0  # grain and ruled lines stay where they are
        ink = np.ascontiguousarray(ink[:, :: self.to].astype(np.uint8))
        dragged = drag(ink, self.slope, self.keep) * self.streaks[:, None]
        dragged = cv2.GaussianBlur(dragged, (0, 0), 0.8)[:, :: self.to]
        mask = np.zeros((bottom - top, -(-(right - left) // PAD) * PAD), np.uint8)
        mask[:, : right - left] = dragged
        return mask

    def lay(self, image: NDArray) -> None:
        """Smear an image in place."""
        if not self.box.empty:
            color = in_units(self.color, image.shape[2], image.dtype)
            blend(image, self.mask(image), self.box.left, self.box.top, color, self.opacity)


@dataclass(frozen=True)
class Smudge:
    """Draws smears. length: in x-heights, over which the ink fades. opacity: of the smear where it begins. color:
    "ink" is the writing's.
    """

    length: Range = (0.5, 2.5)
    opacity: Range = (0.25, 0.6)
    color: Color = "ink"

    def __post_init__(self) -> None:
        object.__setattr__(self, "length", between("length", self.length, 0.05, 100))
        object.__setattr__(self, "opacity", between("opacity", self.opacity, 0, 1))
        object.__setattr__(self, "color", color_of(self.color))

    def draw(self, image: NDArray, rng: np.random.Generator) -> list[Smear]:
        """A smear over one or two words' breadth of a line; without writing none."""
        shape = checked(image).shape
        writing = measure(image)
        if not writing.lines:
            return []
        line = writing.lines[int(rng.integers(len(writing.lines)))]
        unit = line.x_height
        length = draw(self.length, rng) * unit
        to = 1 if rng.random() < 0.75 else -1
        word = line.words[int(rng.integers(len(line.words)))]
        start = word[0] + (word[1] - word[0]) * rng.uniform(0, 0.8)
        reach = length + unit * rng.uniform(0.5, 3)
        sides = sorted((start, start + to * reach))
        middle = (line.x_line + line.baseline) / 2 + line.skew * start + unit * rng.normal(0, 0.2)
        half = unit * rng.uniform(0.5, 1.1)
        box = Box(
            max(int(sides[0]), 0),
            max(int(middle - half), 0),
            min(int(sides[1]) + 1, shape[1]),
            min(int(middle + half) + 1, shape[0]),
        )
        keep = LEFT_OVER ** (1 / max(length, 1))
        slope = rng.normal(0, 0.08)
        streaks = _streaks(max(box.bottom - box.top, 0), rng)
        color = inked(self.color, writing)
        return [Smear(box, to, slope, keep, streaks, writing.paper, writing.level, color, draw(self.opacity, rng))]


def _streaks(height: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """(height,) what each row takes: soft at both edges, uneven between them."""
    rows = np.arange(height, dtype=np.float32)
    edge = np.clip(np.minimum(rows + 1, height - rows) / max(4 * SOFT * height, 1), 0, 1)
    coarse = np.interp(rows, np.linspace(0, max(height - 1, 1), 6), rng.uniform(0.4, 1, 6))
    return (edge * coarse * rng.uniform(0.75, 1, height)).astype(np.float32)
