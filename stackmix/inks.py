"""Inks to write with: the colours that each is drawn between, anew for every word, and how unevenly it covers.

A colour is what full cover shows on white paper. Ballpoint and gel pens flow a little unevenly along the stroke;
a pencil leaves its graphite on the grain of the paper, so that it is paler and speckled.
"""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from stackmix.types import DataError

AS_WRITTEN = "as-written"  # the colour that the source is written in
COLOURS = {
    "black": [(22, 22, 26), (52, 50, 54), (34, 36, 48)],
    "blue": [(28, 48, 142), (44, 84, 178), (24, 32, 104)],
    "violet": [(74, 40, 128), (104, 70, 160), (58, 34, 102)],
    "red": [(186, 30, 44), (204, 62, 62), (158, 22, 48)],
    "pencil": [(70, 70, 74), (104, 103, 106), (86, 88, 96)],
}
INKS = (*COLOURS, AS_WRITTEN)
ROWS, COLUMNS = 256, 1024  # of a pen's pattern, powers of two: it repeats without a seam


class Pen(NamedTuple):
    """colours: (K, C) float32 that a word's colour is mixed of; none: the source's own.

    cover: (ROWS, COLUMNS) uint8, the share of the ink that reaches the paper, 255 all of it.
    force: bounds of a word's own share. spread: how far its colour strays, in grey levels.
    """

    colours: NDArray[np.float32]
    cover: NDArray[np.uint8]
    force: tuple[float, float]
    spread: float


def pen(name: str, x_height: float, rng: np.random.Generator) -> Pen:
    """The pen of an ink, its unevenness scaled to an x-height in pixels; DataError for an ink that there is none of."""
    if name not in INKS:
        raise DataError(f"there is no ink {name!r}: take one of {', '.join(INKS)}")
    colours = np.array(COLOURS.get(name, []), np.float32).reshape(-1, 3)
    flow = _pattern(max(1.0, 0.5 * x_height), rng)
    if name == "pencil":
        tooth = 0.8 * _pattern(0.55, rng) + 0.6 * _pattern(1.2, rng)
        return Pen(colours, _bytes(0.84 + 0.11 * tooth + 0.06 * flow), (0.66, 0.95), 5.0)
    skips = _pattern(0.6, rng)
    cover = _bytes(0.93 + 0.045 * flow + 0.03 * skips)
    return Pen(colours, cover, (0.88, 1.0), 6.0) if len(colours) else Pen(colours, cover, (0.97, 1.0), 3.0)


def _pattern(size: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """(ROWS, COLUMNS) normal noise smoothed over `size` pixels, of unit spread, that repeats without a seam."""
    pad = int(4 * size) + 1
    noise = np.pad(rng.standard_normal((ROWS, COLUMNS), np.float32), pad, mode="wrap")
    smooth = cv2.GaussianBlur(noise, (0, 0), size)[pad:-pad, pad:-pad]
    return smooth / smooth.std()


def _bytes(share: NDArray[np.floating]) -> NDArray[np.uint8]:
    return np.clip(share * 255, 0, 255).round().astype(np.uint8)
