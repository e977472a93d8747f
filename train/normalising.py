"""One size for every word image before a network sees it: centre of gravity and height spread of the ink are fixed.

The second moment of the ink's rows grows with the x-height and little with single ascenders, so words of one hand come
out at one x-height, whether or not a `g` or an `l` is among their letters (moment-based normalisation, Kozielski,
Forster and Ney, ICFHR 2012). Long lines are levelled, or their ends would climb out of the rows that a network sees.
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
LONG = 8  # heights of width from which on an image is levelled; words are shorter
SLOPE = 0.02  # rows per column that lines climb or fall, the usual spread
WANDERING = 3.0  # rows that the centres of single letters, of 12 columns each, lie off their line in 32 rows


def normalise(image: Image, height: int) -> Normalised:
    """Scale the ink of a word or line to `height` rows with its centre of gravity in the middle row.

    Returns the ink (height, w) uint8, the scale, the shift and the skew: normalised column = source column * scale,
    normalised row = source row * scale + shift - skew * normalised column.
    """
    ink = ink_of(image)
    scale, middle = scaling(ink, height)
    small = scaled(ink, scale)
    skew, growth = skew_of(small, height) if small.shape[1] >= LONG * height else (0.0, 1.0)
    if skew:
        return levelled(ink, min(scale * growth, largest(ink, height)), skew, height)
    shift = round(height / 2 - middle * scale)
    fixed = np.zeros((height, small.shape[1]), np.uint8)
    top, bottom = max(0, shift), min(height, shift + small.shape[0])
    fixed[top:bottom] = small[top - shift : bottom - shift]
    return Normalised(fixed, small.shape[1] / ink.shape[1], shift)


def skew_of(small: Image, height: int) -> tuple[float, float]:
    """The skew of scaled ink, in rows per column, and by how much larger it comes out levelled.

    The regression of the ink's rows on its columns, shrunk as far as chance may have made it; 0 where there is no ink,
    or all of it lies on one line.
    """
    mass = small.astype(np.float64)
    total = mass.sum()
    if not total:
        return 0.0, 1.0
    rows, columns = (
        np.arange(size) - (mass.sum(axis=1 - axis) @ np.arange(size)) / total for axis, size in enumerate(small.shape)
    )
    up_down, along = (mass.sum(axis=1) @ rows**2) / total, (mass.sum(axis=0) @ columns**2) / total
    both = (rows @ mass @ columns) / total
    if both**2 >= up_down * along:
        return 0.0, 1.0
    letters = small.shape[1] * 32 / (12 * height)
    chance = (WANDERING * height / 32) ** 2 / (letters * along)
    skew = float(both / along / (1 + chance / SLOPE**2))
    return skew, float(np.sqrt(up_down / (up_down - 2 * skew * both + skew**2 * along)))


def levelled(ink: Image, scale: float, skew: float, height: int) -> Normalised:
    """Ink at a scale, sheared upright by a skew, with its centre of gravity in the middle row."""
    small = scaled(ink, scale)
    mass = small.sum(axis=1, dtype=np.float64), small.sum(axis=0, dtype=np.float64)
    row, column = (float(own @ (np.arange(len(own)) + 0.5) / own.sum()) for own in mass)
    shift = height / 2 - row + skew * column
    shear = np.array([[1, 0, 0], [-skew, 1, shift - skew / 2]])  # the centre of pixel 0 is at .5
    fixed = cv2.warpAffine(small, shear, (small.shape[1], height), flags=cv2.INTER_LINEAR)
    return Normalised(fixed, small.shape[1] / ink.shape[1], shift, skew)


def scaling(ink: Image, height: int) -> tuple[float, float]:
    """The scale that brings ink (H, W) to `height` rows, and the row of its centre of gravity, before it is scaled."""
    mass = ink.sum(axis=1, dtype=np.float64)
    rows = np.arange(len(mass)) + 0.5
    total = max(float(mass.sum()), 1.0)
    middle = float((mass * rows).sum()) / total if mass.any() else len(mass) / 2
    spread = np.sqrt(float((mass * (rows - middle) ** 2).sum()) / total)
    return min(height * SPREAD / max(spread, 1e-3), largest(ink, height)), middle


def largest(ink: Image, height: int) -> float:
    """The largest scale that ink (H, W) may have at `height` rows."""
    return min(MAX_SCALE * height / ink.shape[0], MAX_WIDTH * height / ink.shape[1])


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
