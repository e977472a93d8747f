"""Notebook pages to write on: what is printed on a sheet, where writing stands, and ink on it.

All that is printed are straight lines, so a sheet is four profiles: rows, columns, the oblique lines that lead the hand
in Russian school books, and the red line at the margin; each pixel looks its own up. Lengths are in x-heights of the
writing, about 3 mm. Ink and light meet as in `stackmix.rendering`.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from stackmix.papers import LINE_COLOURS, MARGIN_COLOUR, SLOPE
from stackmix.types import Image

KINDS = ("plain", "lined", "squared", "slanted")
LEAN = 1 / float(np.tan(SLOPE))  # of oblique lines: columns to the right per row upwards
FINE = 4  # places of the oblique profile in a pixel
TONES = [(253, 252, 248), (248, 246, 238), (244, 240, 226), (246, 248, 248)]
MARGINS = 0.75  # of the ruled sheets have a red line
TILE = 1024  # rows and columns of the grain, a power of two


class Notebook(NamedTuple):
    """One sheet of (rows, columns). lines: (L,) the rows that writing stands on. bounds: the columns between which.

    rows (H,), columns (W,), oblique (N,), margin (W,): uint8 shares of print; oblique's place is FINE * (x + LEAN * y),
    and it is empty where there are none. tone: the paper's, print: what ruling and margin take of the light: (2, 3).
    """

    lines: NDArray[np.float64]
    bounds: tuple[float, float]
    rows: NDArray[np.uint8]
    columns: NDArray[np.uint8]
    oblique: NDArray[np.uint8]
    margin: NDArray[np.uint8]
    tone: NDArray[np.float32]
    print: NDArray[np.float32]


class Print(NamedTuple):
    """What the sheets of one notebook share. pitch: between lines of writing, step: between printed rows, oblique:
    between oblique lines, 0 where there are none; in pixels. width: of a line; small: the second line's height over the
    first. red: whether there is a margin, so wide."""

    kind: str
    pitch: float
    step: float
    oblique: float
    small: float
    width: float
    strength: float
    colour: tuple[int, int, int]
    tone: tuple[int, int, int]
    red: float


def printed(kind: str, unit: float, rng: np.random.Generator) -> Print:
    """Draw how a notebook of one of KINDS is ruled; unit: the x-height in pixels."""
    step = pitch = rng.uniform(2.4, 3.2) * unit
    oblique = 0.0
    if kind == "squared":
        step = rng.uniform(1.3, 1.8) * unit
        pitch = 2 * step
    elif kind == "slanted":
        step = pitch = rng.uniform(2.6, 3.1) * unit
        oblique = rng.choice([rng.uniform(1.6, 2.4), rng.uniform(5, 9)]) * unit
    colour = LINE_COLOURS[rng.integers(len(LINE_COLOURS))]
    tone = TONES[rng.integers(len(TONES))]
    width = max(1.0, rng.uniform(0.045, 0.08) * unit)
    red = rng.uniform(5.0, 7.5) * unit if kind != "plain" and rng.random() < MARGINS else 0.0
    small = rng.uniform(0.98, 1.08) * unit
    return Print(kind, pitch, step, oblique, small, width, rng.uniform(0.5, 0.95), colour, tone, red)


def sheet(size: tuple[int, int], own: Print, right: bool, unit: float, rng: np.random.Generator) -> Notebook:
    """A sheet of a notebook, (rows, columns) large; right: its margin is at its right."""
    height, width = size
    top, foot = rng.uniform(2.8, 4.5) * unit, height - rng.uniform(1.5, 2.8) * unit
    if own.kind == "squared":
        top = rng.uniform(0, 1) * own.step
        foot = height
    rows = np.arange(top, foot, own.step)
    base = np.arange(top + own.pitch, height - 2.4 * unit, own.pitch)
    base = base[base > 4.2 * unit]
    columns = oblique = np.zeros(0)
    if own.kind == "squared":
        columns = np.arange(rng.uniform(0, own.step), width, own.step)
    if own.kind == "slanted":
        rows = np.concatenate([base, base - own.small])
    if own.oblique:
        oblique = np.arange(rng.uniform(0, own.oblique), width + LEAN * height, own.oblique)
    if own.kind == "plain":
        rows = rows[:0]
    left_end, right_end = rng.uniform(1.5, 3.2) * unit, width - rng.uniform(1.3, 2.6) * unit
    red = width - own.red if right else own.red
    if own.red and right:
        right_end = red - rng.uniform(-0.3, 0.6) * unit
    elif own.red:
        left_end = red + rng.uniform(0.3, 1.2) * unit
    ink = 1 - np.array([own.colour, MARGIN_COLOUR]) / 255
    ink[0] *= own.strength
    return Notebook(
        base,
        (left_end, right_end),
        _profile(rows, height, own.width, 1),
        _profile(columns, width, own.width, 1),
        _profile(oblique, int(width + LEAN * height) + 2, own.width / np.sin(SLOPE), FINE) if own.oblique else NONE,
        _profile(np.array([red] if own.red else []), width, 1.3 * own.width, 1),
        np.array(own.tone, np.float32),
        ink.astype(np.float32),
    )


NONE = np.zeros(0, np.uint8)


def _profile(places: NDArray[np.float64], size: int, width: float, fine: int) -> NDArray[np.uint8]:
    """(fine * size,) how much of each place lines of a width in pixels cover, 255 all."""
    found = np.zeros(fine * size, np.float64)
    at = (np.arange(len(found)) + 0.5) / fine
    for place in places:
        first, last = (np.clip(int(fine * (place + side * (width + 2))), 0, len(found)) for side in (-1, 1))
        near = np.clip(width / 2 + 0.5 - np.abs(at[first:last] - place), 0, min(1.0, width))
        found[first:last] = np.maximum(found[first:last], near)
    return np.round(255 * found).astype(np.uint8)


@njit(cache=True, nogil=True)
def paint(
    found: Image,
    book: Notebook,
    grain: NDArray[np.uint8],
    ghost: NDArray[np.uint8],
    ink: NDArray[np.uint8],
    flow: NDArray[np.uint8],
    absorbed: NDArray[np.float32],
) -> None:
    """Fill a sheet (H, W, 3): paper, print, what shines through from the back, and ink.

    grain: (TILE, TILE) share of light, repeated. ghost, ink: (H, W) cover. flow: (R, C) share of ink that reaches the
    paper, repeated; R, C powers of two. absorbed: (2, 3) what the ghost and the ink take of the light, 0..1.
    """
    height, width = ink.shape
    full = np.float32(1 / 255)
    for y in range(height):
        lean = np.float32(LEAN) * y
        for x in range(width):
            at = grain[y & (TILE - 1), x & (TILE - 1)] * full
            print = max(book.rows[y], book.columns[x])
            if len(book.oblique):
                print = max(print, book.oblique[int(np.float32(FINE) * (x + lean))])
            share = print * full
            red = book.margin[x] * full
            back = ghost[y, x] * full
            laid = np.float32(0)
            if ink[y, x]:
                laid = ink[y, x] * full * flow[y & (flow.shape[0] - 1), x & (flow.shape[1] - 1)] * full
            for c in range(3):
                value = book.tone[c] * at
                if print:
                    value *= 1 - share * book.print[0, c]
                if red:
                    value *= 1 - red * book.print[1, c]
                value *= (1 - back * absorbed[0, c]) * (1 - laid * absorbed[1, c])
                found[y, x, c] = np.uint8(value + np.float32(0.5))


@njit(cache=True, nogil=True)
def tint(found: Image, cover: Image, x: int, y: int, absorbed: NDArray[np.float32]) -> None:
    """Lay another ink, cover (h, w) with its corner at (x, y), on a sheet (H, W, 3) in place; absorbed: (3,)."""
    for i in range(max(0, -y), min(cover.shape[0], found.shape[0] - y)):
        for j in range(max(0, -x), min(cover.shape[1], found.shape[1] - x)):
            laid = cover[i, j] * np.float32(1 / 255)
            for c in range(3):
                found[y + i, x + j, c] = np.uint8(found[y + i, x + j, c] * (1 - laid * absorbed[c]) + np.float32(0.5))
