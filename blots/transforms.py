"""The transforms for albumentations 2: they draw a mark's parameters from its generators, and lay the mark.

Importing albumentations asks its index for a newer version over the network unless it is told not to beforehand.
"""

import os
from collections.abc import Sequence
from dataclasses import fields
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"
import albumentations as A

from stackmix.blots.correcting import KINDS as MARKS
from stackmix.blots.correcting import RED, Correction
from stackmix.blots.laying import Layable, lay
from stackmix.blots.ranges import Color, chance
from stackmix.blots.scribbling import Scribble
from stackmix.blots.smearing import Smudge
from stackmix.blots.striking import KINDS, Strike
from stackmix.blots.trailing import Trail


class Drawing(Protocol):
    """Draws the marks for an image, at random."""

    def draw(self, image: NDArray, rng: np.random.Generator) -> Sequence[Layable]: ...


class MarkTransform(A.ImageOnlyTransform):
    """Lays marks on an image and leaves masks, boxes and key points alone.

    Images are (H, W), (H, W, 1) or (H, W, 3), uint8 or float32 in 0..1, of at least 8 rows and columns, dark ink on
    light paper; ValueError names any other.
    """

    def __init__(self, drawing: Drawing, p: float) -> None:
        super().__init__(p=chance("p", p))
        self._drawing = drawing
        for field in fields(drawing):  # type: ignore[arg-type]  # albumentations writes attributes of these names out
            setattr(self, field.name, getattr(drawing, field.name))

    def get_params_dependent_on_data(self, params: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
        image = next(data[key] for key in ("image", "images", "volume", "volumes") if key in data)
        while image.ndim > len(params["shape"]):
            image = image[0]
        return {"marks": self._drawing.draw(image, self.random_generator)}

    def apply(self, img: NDArray, marks: Sequence[Layable] = (), **params: Any) -> NDArray:
        return lay(img, marks)


Pair = float | Sequence[float]


class HandWrittenBlot(MarkTransform):
    """Scribbled blots, as in StackMix (Shonenkov et al. 2021, arXiv 2108.11667).

    x, y: left upper corner in pixels, (low, high) or None for anywhere. h, w: size in pixels, (low, high), or None for
    any size up to the image's. incline: rows that strokes lie lower on the left and higher on the right, -1000..1000.
    intensivity: 0.1..1, how many strokes. transparency: 0..1 of what lies beneath shines through. count: blots, a
    number or a range. A single number stands for a range of itself; both ends of a range are drawn. color: a grey value
    or an RGB triple in 0..255, or "ink" for the colour of the writing in the image. Ink stays in the rectangle and
    `incline` rows above and below it. Raises ValueError with the value for anything else.
    """

    def __init__(
        self,
        x: Pair | None = None,
        y: Pair | None = None,
        h: Pair | None = None,
        w: Pair | None = None,
        incline: Pair = (-10, 10),
        intensivity: Pair = (0.5, 0.9),
        transparency: Pair = (0.05, 0.4),
        count: int | Sequence[int] = 1,
        color: Color | Sequence[int] = 0,
        p: float = 0.5,
    ) -> None:
        super().__init__(Scribble(x, y, h, w, incline, intensivity, transparency, count, color), p)  # type: ignore[arg-type]


class StrikeThrough(MarkTransform):
    """A word of the writing struck out: over its own width, along its skew, leaning with its slant.

    kinds: one or more of single, double, zigzag, wave, crossed; one is drawn. words: neighbouring words, a number or
    a range. width: of the pen, times that of the writing's strokes, 0.1..20. color: "ink" for the writing's own, a grey
    value or an RGB triple in 0..255. An image without writing stays as it is. Raises ValueError with a wrong value.
    """

    def __init__(
        self,
        kinds: str | Sequence[str] = KINDS,
        words: int | Sequence[int] = (1, 2),
        width: Pair = (0.8, 1.3),
        color: Color | Sequence[int] = "ink",
        p: float = 0.5,
    ) -> None:
        super().__init__(Strike(kinds, words, width, color), p)  # type: ignore[arg-type]


class InkSmear(MarkTransform):
    """Wet ink dragged sideways over a part of a line.

    length: in x-heights of the writing, over which the ink fades to a tenth, 0.05..100. opacity: 0..1 where the smear
    begins. color: "ink" for the writing's own, a grey value or an RGB triple in 0..255. An image without writing stays
    as it is. Raises ValueError with a wrong value.
    """

    def __init__(
        self,
        length: Pair = (0.5, 2.5),
        opacity: Pair = (0.25, 0.6),
        color: Color | Sequence[int] = "ink",
        p: float = 0.5,
    ) -> None:
        super().__init__(Smudge(length, opacity, color), p)  # type: ignore[arg-type]


class PenTrail(MarkTransform):
    """A trail that a pen left by accident behind a word, or anywhere in an image without writing.

    count: trails, a number or a range. length: in x-heights of the writing, 0.1..100. width: of the pen, times that of
    the writing's strokes, 0.1..20. color: "ink" for the writing's own, a grey value or an RGB triple in 0..255. Raises
    ValueError with a wrong value.
    """

    def __init__(
        self,
        count: int | Sequence[int] = (1, 2),
        length: Pair = (2.0, 8.0),
        width: Pair = (0.4, 0.8),
        color: Color | Sequence[int] = "ink",
        p: float = 0.5,
    ) -> None:
        super().__init__(Trail(count, length, width, color), p)  # type: ignore[arg-type]


class TeacherMark(MarkTransform):
    """A teacher's correction: a word underlined, a tick at its end, a bracket in the margin.

    kinds: one or more of underline, tick, bracket; one is drawn. width: of the pen, times that of the writing's
    strokes, 0.1..20. color: red, another grey value or RGB triple in 0..255, or "ink" for the writing's own. Without
    writing the image counts as one word. Raises ValueError with a wrong value.
    """

    def __init__(
        self,
        kinds: str | Sequence[str] = MARKS,
        width: Pair = (0.8, 1.5),
        color: Color | Sequence[int] = RED,
        p: float = 0.5,
    ) -> None:
        super().__init__(Correction(kinds, width, color), p)  # type: ignore[arg-type]
