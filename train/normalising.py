"""One size for every word image before a network sees it: centre of gravity and height spread of the ink are fixed.

The second moment of the ink's rows grows with the x-height and little with single ascenders, so words of one hand come
out at one x-height, whether or not a `g` or an `l` is among their letters (moment-based normalisation, Kozielski,
Forster and Ney, ICFHR 2012).
"""

from collections.abc import Iterable, Iterator

import cv2
import numpy as np

from stackmix.ink import ink_of
from stackmix.train.packing import Normalised, Packed
from stackmix.types import Image, Sample

SPREAD = 0.2  # standard deviation of the ink's rows, as a share of the network's height: x-height is about 0.4 of it
MAX_SCALE = 2.0  # of the whole image's height to the network's: a lone full stop is not blown up any further
MAX_WIDTH = 128  # in heights: no line of text is longer, so an image beyond it is squeezed


def normalise(image: Image, height: int) -> Normalised:
    """Scale the ink of a word or line to `height` rows with its centre of gravity in the middle row.

    Returns the ink (height, w) uint8, the scale and the shift: normalised column = source column * scale, normalised
    row = source row * scale + shift.
    """
    ink = ink_of(image)
    scale, middle = scaling(ink, height)
    small = scaled(ink, scale)
    shift = round(height / 2 - middle * scale)
    fixed = np.zeros((height, small.shape[1]), np.uint8)
    top, bottom = max(0, shift), min(height, shift + small.shape[0])
    fixed[top:bottom] = small[top - shift : bottom - shift]
    return Normalised(fixed, small.shape[1] / ink.shape[1], shift)


def scaling(ink: Image, height: int) -> tuple[float, float]:
    """The scale that brings ink (H, W) to `height` rows, and the row of its centre of gravity, before it is scaled."""
    mass = ink.sum(axis=1, dtype=np.float64)
    rows = np.arange(len(mass)) + 0.5
    total = max(float(mass.sum()), 1.0)
    middle = float((mass * rows).sum()) / total if mass.any() else len(mass) / 2
    spread = np.sqrt(float((mass * (rows - middle) ** 2).sum()) / total)
    scale = min(height * SPREAD / max(spread, 1e-3), MAX_SCALE * height / ink.shape[0])
    return min(scale, MAX_WIDTH * height / ink.shape[1]), middle


def scaled(ink: Image, scale: float) -> Image:
    """Ink at another size, at least one pixel."""
    size = (max(1, round(ink.shape[1] * scale)), max(1, round(ink.shape[0] * scale)))
    return cv2.resize(ink, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)


def pack(samples: Iterable[Sample], height: int) -> Packed:
    """Decode, normalise and pack samples once, so that an epoch only reads memory."""
    return Packed.of(_rows(samples, height), height)


def _rows(samples: Iterable[Sample], height: int) -> Iterator[tuple[Normalised, str, str, str]]:
    for sample in samples:
        yield normalise(sample.image, height), sample.text, sample.writer, sample.split
