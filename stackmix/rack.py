"""Letters racked for stacking: scaled once to the working height, on one baseline, at one x-height, slant and stroke.

What belongs to one letter is cut out along its seams as an outline of its own and stored column by column, so that
laying it down is a walk over contiguous memory. Within a hand all letters lean alike and are equally bold: a sample's
slant and stroke width are brought to what is usual for its writer.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from stackmix.ink import ink_of
from stackmix.library import LetterLibrary
from stackmix.outlines import BANDS, NOWHERE, gaps_of, joins_of, lift, profiles_of
from stackmix.ownership import owners_of
from stackmix.types import Image

X_HEIGHT = 0.26  # of the height: room for 2.46 x-heights above the baseline and 1.38 below
BASELINE = 0.64  # of the height, from the top
MAX_LEAN = 0.3  # a sample's slant is not changed by more
MAX_BOLDER = 2.0  # pixels by which a stroke is made wider or thinner at most
CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
LEAST_GAPS = 20  # of a writer, for a median of their own
BATCH = 64  # samples that a thread racks at a time


class Rack(NamedTuple):
    """The outline of letter k of a library is pixels[at[k]:] as (width, rows) light, 255 where it has no ink.

    letters: (letters, 4) columns from the letter's left border to its outline, its width, its first row at the working
    height, its rows. borders: columns of the library's borders in the racked samples, laid out as
    `LetterLibrary.border_columns`. joins: (borders, 4) the stroke that crosses a border: its row, its slope in rows a
    column to the right, its thickness in rows, which is 0 where none does, and how many columns right of the border it
    crosses the seam. profiles: (letters, 2, BANDS) of
    `outlines.profiles_of`. gaps: (borders,) columns of white between the letters there; at a sample's ends what is
    usual for its hand; outlines.NOWHERE where a stroke crosses.
    """

    height: int
    x_height: float
    baseline: int
    pixels: NDArray[np.uint8]
    at: NDArray[np.int64]
    letters: NDArray[np.int32]
    borders: NDArray[np.int32]
    joins: NDArray[np.float32]
    profiles: NDArray[np.int16]
    gaps: NDArray[np.int16]

    @classmethod
    def of(cls, library: LetterLibrary, height: int) -> "Rack":
        """Scale a library to a working height in pixels."""
        frame = _Frame(height, X_HEIGHT * height, round(BASELINE * height))
        styles = styles_of(library)[library.writers]
        batches = [range(i, min(i + BATCH, len(library))) for i in range(0, len(library), BATCH)]
        count, edges = int(library.starts[-1]), len(library.border_columns)
        borders, joins = np.empty(edges, np.int32), np.empty((edges, 4), np.float32)
        letters, profiles = np.empty((count, 4), np.int32), np.empty((count, 2, BANDS), np.int16)
        gaps = np.empty(edges, np.int16)
        known = _Known(borders, joins, letters, profiles, gaps)

        def fill(batch: range) -> NDArray[np.uint8]:
            return np.concatenate([_rack(library, i, frame, styles[i], known) for i in batch])

        with ThreadPoolExecutor() as pool:
            pixels = _joined(pool.map(fill, batches))
        sizes = letters[:, 1].astype(np.int64) * letters[:, 3]
        at = np.concatenate([[0], np.cumsum(sizes)])[:-1]
        _fill_ends(gaps, library)
        return cls(height, frame.x_height, frame.baseline, pixels, at, letters, borders, joins, profiles, gaps)

    def outline(self, letter: int) -> NDArray[np.uint8]:
        """(width, rows) light of a letter, column by column: a view."""
        _, width, _, rows = self.letters[letter].tolist()
        start = int(self.at[letter])
        return self.pixels[start : start + width * rows].reshape(width, rows)


class _Frame(NamedTuple):
    height: int
    x_height: float
    baseline: int


class _Known(NamedTuple):
    """What of the rack is filled sample by sample."""

    borders: NDArray[np.int32]
    joins: NDArray[np.float32]
    letters: NDArray[np.int32]
    profiles: NDArray[np.int16]
    gaps: NDArray[np.int16]


class _Placed(NamedTuple):
    """How a scaled sample lies at the working height: its scale, and along the line its stretch; columns added on each
    side; skew taken out; lean about the row `middle`; the row of its first row; the first row kept; its source's size.
    """

    scale: float
    stretch: float
    pad: int
    skew: float
    lean: float
    middle: float
    shift: int
    top: int
    height: int
    width: int


def _fill_ends(gaps: NDArray[np.int16], library: LetterLibrary) -> None:
    """Set the gaps at the ends of samples to the median of those that their writer leaves, or all writers."""
    places = library.starts + np.arange(len(library.starts))
    ends = np.stack([places[:-1], places[1:] - 1], axis=1)  # first and last border of each sample
    owner = np.repeat(library.writers, np.diff(places))
    inner = gaps < NOWHERE
    usual = int(np.median(gaps[inner])) if inner.any() else 0
    for writer in range(len(library.writer_names)):
        own = gaps[inner & (owner == writer)]
        gaps[ends[library.writers == writer]] = int(np.median(own)) if len(own) >= LEAST_GAPS else usual


def styles_of(library: LetterLibrary) -> NDArray[np.float32]:
    """(writers, 2) each hand's usual slant, and stroke width in x-heights: the medians of its samples."""
    slant, stroke = library.geometry[:, 3], library.geometry[:, 4] / library.geometry[:, 2]
    own = [library.writers == writer for writer in range(len(library.writer_names))]
    return np.array([(np.median(slant[o]), np.median(stroke[o])) for o in own], np.float32)


def _joined(parts: Iterator[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Parts one behind the other, in an array that grows, so that they are not all held twice."""
    whole, size = np.empty(1 << 20, np.uint8), 0
    for part in parts:
        if size + len(part) > len(whole):
            whole.resize(max(size + len(part), len(whole) * 5 // 4), refcheck=False)
        whole[size : size + len(part)] = part
        size += len(part)
    whole.resize(size, refcheck=False)
    return whole


def _rack(
    library: LetterLibrary,
    sample: int,
    frame: _Frame,
    style: NDArray[np.float32],
    known: _Known,
) -> NDArray[np.uint8]:
    """The pixels of a sample's outlines; what else is known of them is filled in."""
    first, last = int(library.starts[sample]), int(library.starts[sample + 1])
    baseline, skew, x_height, slant, stroke = library.geometry[sample].tolist()
    scale = frame.x_height / x_height
    shift = frame.baseline - round(baseline * scale)
    lean = float(np.clip(style[0] - slant, -MAX_LEAN, MAX_LEAN))
    ink = ink_of(library.image(sample))
    source = ink.shape
    small = _scaled(ink, scale, last - first, style[1] * frame.x_height - stroke * scale)
    stretch = small.shape[1] / source[1]
    middle = frame.baseline - frame.x_height / 2 - shift  # the row of `small` that stays in place when it leans
    small, pad = _straightened(small, skew, lean, middle)
    top, end = max(0, shift), min(frame.height, shift + small.shape[0])
    if end <= top:  # a baseline far outside its image
        small, top, end, shift = np.zeros((1, small.shape[1]), np.uint8), 0, 1, 0
    columns = np.ascontiguousarray(small[top - shift : end - shift].T)
    placed = _Placed(scale, stretch, pad, skew, lean, middle + shift, shift, top, source[0], source[1])
    own = slice(first + sample, last + sample + 1)
    letters, profiles = known.letters[first:last], known.profiles[first:last]
    joins, gaps = known.joins[own], known.gaps[own]
    part = _Known(known.borders[own], joins, letters, profiles, gaps)
    return _outlined(columns, library.borders(sample), library.seams(sample), placed, frame.x_height, part)


def _scaled(ink: Image, scale: float, least: int, bolder: float) -> Image:
    """(H, W) ink scaled, at least `least` columns wide, its strokes `bolder` pixels wider or, below 0, thinner."""
    size = max(least, round(ink.shape[1] * scale)), max(1, round(ink.shape[0] * scale))
    small = cv2.resize(ink, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    if abs(bolder) < 0.25:
        return small
    # one step of a 3 x 3 cross moves both sides of a stroke by a pixel
    share = min(abs(bolder), MAX_BOLDER) / 2
    moved = cv2.dilate(small, CROSS) if bolder > 0 else cv2.erode(small, CROSS)
    return cv2.addWeighted(small, 1 - share, moved, share, 0)


def _straightened(ink: Image, skew: float, lean: float, middle: float) -> tuple[Image, int]:
    """Level ink whose baseline falls by `skew` and lean it by `lean` about row `middle`; columns added on each side."""
    height, width = ink.shape
    pad = int(np.ceil(abs(lean) * max(middle, height - middle, 0)))
    if abs(skew) * width < 1 and pad <= 1:  # half a pixel at either end
        return ink, 0
    centre = width / 2
    matrix = np.array(
        [
            [1 + lean * skew, -lean, lean * (middle - skew * centre) + pad],
            [-skew, 1, skew * centre],
        ],
        np.float64,
    )
    return cv2.warpAffine(ink, matrix, (width + 2 * pad, height), flags=cv2.INTER_LINEAR), pad


@njit(cache=True, nogil=True)
def _outlined(
    columns: NDArray[np.uint8],
    borders: NDArray[np.int32],
    seams: NDArray[np.int16],
    placed: _Placed,
    x_height: float,
    known: _Known,
) -> NDArray[np.uint8]:
    """The pixels of a sample's outlines out of its scaled ink (W, R), column by column; fills its part of `known`.

    borders: (L+1,), seams: (L+1, K), of the source. One kernel, so that threads seldom wait for the interpreter.
    """
    drop = placed.skew * (borders - placed.width / 2)
    rows = np.arange(placed.top, placed.top + columns.shape[1])
    at = (rows.reshape(1, -1) + 0.5 - placed.shift) / placed.scale + drop.reshape(
        -1, 1
    )  # in the source, at each border
    aside = placed.pad + placed.lean * (placed.middle - rows)
    parted = _seams_at(seams, at, placed.height, placed.stretch, aside)
    known.borders[:] = _rising(borders * placed.stretch + placed.pad, placed.pad, len(columns) - placed.pad)
    owners, extents = owners_of(columns, parted)
    pixels = lift(columns, owners, extents, parted, known.borders, placed.top, known.letters)
    known.joins[:] = joins_of(columns, parted, known.borders, placed.top, x_height)
    known.profiles[:] = profiles_of(pixels, known.letters, known.borders, x_height / 3)
    known.gaps[:] = gaps_of(known.profiles, known.joins)
    return pixels


@njit(cache=True, nogil=True)
def _rising(borders: NDArray[np.floating], low: int, high: int) -> NDArray[np.int32]:
    """Borders at whole columns, at least one apart, within low..high."""
    found, last = np.empty(len(borders), np.int32), len(borders) - 1
    for i in range(len(borders)):
        least = low if i == 0 else found[i - 1] + 1
        found[i] = min(max(round(borders[i]), least), high - (last - i))
    return found


@njit(cache=True, nogil=True)
def _seams_at(
    seams: NDArray[np.int16],
    at: NDArray[np.float64],
    height: int,
    stretch: float,
    aside: NDArray[np.float64],
) -> NDArray[np.int16]:
    """Seams (B, K) of an image of some height at the rows `at` (B, R) of it, straight lines between, each row moved
    `aside` (R,): (B, R).
    """
    last = seams.shape[1] - 1
    found = np.empty(at.shape, np.int16)
    for i in range(at.shape[0]):
        for y in range(at.shape[1]):
            row = min(max(at[i, y] * ((last + 1) / height) - 0.5, 0.0), float(last))
            k = min(int(row), last - 1)
            column = round((seams[i, k] + (row - k) * (seams[i, k + 1] - seams[i, k])) * stretch + aside[y])
            found[i, y] = column if i == 0 else max(column, found[i - 1, y])
    return found
