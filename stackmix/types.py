"""The data types and conventions that every room shares, said once.

Images are `(H, W)` or `(H, W, 3)` uint8, RGB, dark ink on light paper. Pixels: x right, y down. Intervals are half
open. Borders of a text of L characters are L+1 rising pixel columns: letter k covers columns borders[k]..borders[k+1].
Polygons are `(N, 2)` float32 `(x, y)`. `emission` is `(T, C)` log-probabilities with `blank` at class 0.
Times are seconds, sizes pixels, text is NFC. Every random choice takes a `numpy.random.Generator`.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
BLANK = 0
SEAM_ROWS = 32  # rows at which a seam is kept, evenly over the height: row j stands for (j + .5) / SEAM_ROWS of it
MAX_PIECE = 8  # letters in the longest piece, as in StackMix (Shonenkov et al. 2021, arXiv 2108.11667)


class DataError(ValueError):
    """Bad data of the user's: one line that carries the value and the cure. The command line exits with 1."""


def is_test(split: str) -> bool:
    """Whether a split is kept for testing, by its name: test, Test2, test-b. Nothing of it is trained on or stacked."""
    return split.casefold().startswith("test")


@dataclass(frozen=True, slots=True)
class Sample:
    """A word or line image with its text: `Sample(image, "Labour", id="a01-000u-01-03", writer="000", source="iam")`.

    image: (H, W) or (H, W, 3) uint8. text: NFC, not empty. id: unique inside its data set. writer: "" where unknown.
    source: the data set's name. split: train, val, test or a name like test1. borders: (L+1,) rising columns or None.
    scores: (L,) in 0..1, the confidence of each letter, 0 where it is rejected, or None. seams: (L+1, SEAM_ROWS) int16
    or None, the column at which each border parts its letters at each of SEAM_ROWS rows; `borders` is its value at mid
    x-height. page: the one that it was cut from, by its id, "" where unknown.
    """

    image: Image
    text: str
    id: str
    writer: str = ""
    source: str = ""
    split: str = "train"
    borders: NDArray[np.int32] | None = None
    scores: NDArray[np.float32] | None = None
    seams: NDArray[np.int16] | None = None
    page: str = ""


@dataclass(frozen=True, slots=True)
class Region:
    """A word, a line or another part of a page: `Region(polygon, "Labour", line=3)`.

    polygon: (N, 2) float32 (x, y). text: NFC, "" where there is none. category: pupil_text and the others of
    `stackmix.pages.CATEGORIES`. line: the words of a line have the same number, None where it is unknown. Of a reader
    only: language, "ru", "en" or another; confidence, 0..1, that the text is right.
    """

    polygon: NDArray[np.float32]
    text: str = ""
    category: str = "pupil_text"
    line: int | None = None
    language: str = ""
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A whole page with its words and lines: image as in `Sample`, and in reading order where the source has one.

    id: unique inside its data set. writer: "" where unknown. source, split: as in `Sample`.
    """

    image: Image
    regions: tuple[Region, ...]
    id: str
    writer: str = ""
    source: str = ""
    split: str = "train"


class Alignment(NamedTuple):
    """Frames of each letter of one text: letter k fires in frames starts[k]..stops[k] (half open, rising, disjoint).

    starts, stops: (L,) int32. scores: (L,) float32 in 0..1, the geometric mean probability of the letter's own frames.
    log_prob: the log-probability of the best path.
    """

    starts: NDArray[np.int32]
    stops: NDArray[np.int32]
    scores: NDArray[np.float32]
    log_prob: float


class Letter(NamedTuple):
    """A piece of 1..8 letters as a view into its sample: letters `position .. position + length` of sample `sample`."""

    sample: int
    position: int
    length: int


@dataclass(frozen=True, slots=True)
class Word:
    """A stacked word or line: image (H, W) uint8, its text, borders (L+1,), and where each piece came from.

    pieces: one (source sample's id, first letter, number of letters, writer) for each piece, in writing order.
    boxes: (words, 4) first column, first row, end column and end row of the ink of each word.
    """

    image: Image
    text: str
    borders: NDArray[np.int32]
    pieces: tuple[tuple[str, int, int, str], ...]
    boxes: NDArray[np.int32]
