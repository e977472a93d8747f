"""Blots and strike-outs for a share of generated images: a small object that can be sent to worker processes.

The images keep their labels, so nothing is drawn that leaves no reader a chance: neither waves and zigzags from end
to end of a word nor marks on signs of a few pixels.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stackmix.blots.laying import lay
from stackmix.blots.ranges import chance
from stackmix.blots.scribbling import WIDTHS, Scribble
from stackmix.blots.striking import Strike
from stackmix.blots.writing import measure

SMALLEST = 24  # rows and columns of an image that is marked: a full stop would be covered
READABLE = ("single", "double")  # strike-outs under which a word is still read
BLOT_SHARE = 0.5  # of the marked images get a blot, the others a strike-out
HEIGHTS = (0.2, 0.7)  # of a blot, in image heights
BREADTHS = (0.2, 1.0)  # likewise, so that a blot is as large beside a word's letters as beside a line's
STEEPEST = 0.1  # its incline, in image heights


@dataclass(frozen=True)
class Sprinkle:
    """Marks an image with the chance `share`, 0..1: a blot or a strike-out in the ink of its writing.

    `Sprinkle(0.3)(image, rng)` is an image of the same shape; all that is drawn comes from rng.
    """

    share: float

    def __post_init__(self) -> None:
        chance("share", self.share)

    def __call__(self, image: NDArray, rng: np.random.Generator) -> NDArray:
        if rng.random() >= self.share or min(image.shape[:2]) < SMALLEST:
            return image
        if rng.random() >= BLOT_SHARE:
            return lay(image, Strike(READABLE).draw(image, rng))
        height, width = image.shape[:2]
        sizes = {
            "h": tuple(max(1, round(share * height)) for share in HEIGHTS),
            "w": tuple(max(1, min(round(share * height), width)) for share in BREADTHS),
        }
        incline = (-STEEPEST * height, STEEPEST * height)
        pen = measure(image).stroke / float(WIDTHS.mean())
        blot = Scribble(h=sizes["h"], w=sizes["w"], incline=incline, color="ink", pen=pen)
        return lay(image, blot.draw(image, rng))
