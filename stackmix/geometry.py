"""Where a word stands: baseline, skew, x-height, slant and stroke width, measured from its ink and letter borders.

A letter's class says how far its ink reaches: `a` from 0 to 1 x-height above the baseline, `p` from -0.85 to 1. The ink
tops and bottoms between the borders are regressed on these reaches: row = baseline - x_height * reach + skew * x. So a
word without a single x-height letter, or a lone comma, finds its line as well; outliers are weighted down (Huber 1964).
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from stackmix.types import Image

SHEARS = np.arange(-8, 17) / 10.0  # slants that are tried
SLANT_ROWS = 24  # rows of a word that its slant is read off
STRIP = 0.03  # width of a strip of columns, in heights of the word
UPRIGHT = 0.2  # share of the greatest steepness that a shear of 1 has to make up for
INK = 96  # ink above this value counts as a stroke
NAN = float("nan")

# (top, bottom) above the baseline in x-heights; NaN where hands differ too much to tell
_REACHES: dict[str, tuple[float, float]] = {
    "acemnorsuvwxzаеиклмнопстхчшыъьэюягж": (1.0, 0.0),
    "i": (NAN, 0.0),
    "t": (1.6, 0.0),
    "bdhklб": (1.9, 0.0),
    "вйё": (NAN, 0.0),
    "f": (1.9, NAN),
    "gpqyру": (1.0, -0.85),
    "дз": (1.0, NAN),
    "цщ": (1.0, -0.25),
    "j": (NAN, -0.85),
    "ф": (NAN, -0.85),
    ".…": (0.2, 0.0),
    ",": (0.2, -0.35),
    "-–—‑−": (0.6, 0.45),
    "\"'“”„’‘": (1.85, 1.3),
    "«»": (0.85, 0.15),
    ":": (0.95, 0.0),
    ";": (0.95, -0.3),
    "!?№#%&$€+*": (1.75, 0.0),
    "=": (0.75, 0.3),
    "()[]{}/|": (1.9, -0.3),
}
REACH = {letter: reach for letters, reach in _REACHES.items() for letter in letters}
CAPITAL = (1.75, 0.0)  # capitals and digits
UNKNOWN = (NAN, NAN)


class Geometry(NamedTuple):
    """baseline: its row in the image's middle column. skew: rows per column. x_height, stroke_width: pixels.

    slant: columns to the right per row upwards, 0 for upright writing.
    """

    baseline: float
    skew: float
    x_height: float
    slant: float
    stroke_width: float


Observed = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]


def reach(letter: str) -> tuple[float, float]:
    """How far a letter's ink reaches above the baseline, (top, bottom) in x-heights: reach("p") == (1.0, -0.85)."""
    if letter in REACH:
        return REACH[letter]
    return CAPITAL if letter.isupper() or letter.isdigit() else UNKNOWN


@njit(cache=True, nogil=True)
def ink_extents(ink: NDArray[np.uint8], borders: NDArray[np.int32]) -> NDArray[np.float64]:
    """(L, 2) first and last + 1 inked row of each letter in the middle 80 % of its columns, -1 where there is none."""
    count = len(borders) - 1
    found = np.full((count, 2), -1.0)
    for k in range(count):
        trim = (borders[k + 1] - borders[k]) // 10
        for y in range(ink.shape[0]):
            for x in range(borders[k] + trim, max(borders[k + 1] - trim, borders[k] + trim + 1)):
                if ink[y, x] > INK:
                    if found[k, 0] < 0:
                        found[k, 0] = y
                    found[k, 1] = y + 1
                    break
    return found


@njit(cache=True, nogil=True)
def slant_and_stroke(ink: NDArray[np.uint8]) -> tuple[float, float]:
    """Slant as the shear that makes the steepest sides; stroke width as twice the area over the outline.

    Sides: the squared differences of ink in neighbouring strips of columns, summed along the word. Between shears that
    make sides about as steep the more upright one is taken.
    """
    height, width = ink.shape
    step_by = max(1, height // SLANT_ROWS)  # every so many rows tell the slant as well
    rows, columns = np.nonzero(ink[::step_by] > INK)
    rows = rows * step_by
    strip = max(1, round(height * STRIP))
    steepness = np.empty(len(SHEARS))
    for step in range(len(SHEARS)):
        shifts = [round(SHEARS[step] * (y - height)) + int(1.6 * height) + 1 + 2 * strip for y in range(height)]
        heights = np.zeros(width + int(2.4 * height) + 4 + 4 * strip, np.int64)
        for i in range(len(rows)):
            heights[columns[i] + shifts[rows[i]]] += 1
        rise, steep = 0, 0
        for x in range(strip, len(heights) - strip):  # both strips go on by a column
            rise += heights[x + strip] - 2 * heights[x] + heights[x - strip]
            steep += rise * rise
        steepness[step] = steep
    slant = SHEARS[(steepness / max(steepness.max(), 1.0) - UPRIGHT * SHEARS**2).argmax()]
    area, edges = 0, 0
    blank = np.zeros(width, np.uint8)
    for y in range(height):  # without branches, so that they compile to vector code
        row, above = ink[y], ink[y - 1] if y > 0 else blank
        edges += int(width > 0 and row[0] > INK)
        for x in range(width):
            area += row[x] > INK
            edges += (row[x] > INK) & (above[x] <= INK)
        for x in range(1, width):
            edges += (row[x] > INK) & (row[x - 1] <= INK)
    # each stroke crossing has two sides; pi / 4 turns the counted stairs into an outline's length
    return slant, area / max(edges * np.pi / 4, 1.0)


def measure(
    ink: Image,
    text: str,
    borders: NDArray[np.int32],
    usual: Geometry | None = None,
    first: Geometry | None = None,
    seen: Observed | None = None,
) -> Geometry:
    """Measure one word or line of (H, W) ink with known borders.

    usual: the hand's geometry, which steadies words of few or unclear letters. first: what this very word measured
    before its hand was known, seen: what was observed then; they save looking again.
    """
    slant, stroke = slant_and_stroke(ink) if first is None else (first.slant, first.stroke_width)
    if usual is not None:
        sure = min(1.0, len(text) / 8)
        slant = sure * slant + (1 - sure) * usual.slant
    baseline, x_height, skew = _regress(*(seen or observe(ink, text, borders)), ink, usual and usual.x_height)
    return Geometry(baseline, skew, x_height, slant, stroke)


def observe(ink: Image, text: str, borders: NDArray[np.int32]) -> Observed:
    """Rows (n,) where letters begin and end, the design (n, 3) they are regressed on, and the trust (n,) in each."""
    extents = ink_extents(ink, borders)
    reaches = np.array([reach(letter) for letter in text])
    small = np.array([letter.islower() for letter in text])
    inked = (extents[:, 0] >= 0) & np.array([not letter.isspace() for letter in text])
    letters, sides = np.nonzero(~np.isnan(reaches) & inked[:, None])
    above = reaches[letters, sides]
    middles = (borders[:-1] + borders[1:] - ink.shape[1]) / 2
    design = np.column_stack([np.ones(len(above)), -above, middles[letters]])
    trust = np.where(((above == 0) | (above == 1)) & small[letters], 1.0, 0.4)
    return extents[letters, sides], design, trust


def _regress(
    rows: NDArray[np.float64],
    design: NDArray[np.float64],
    trust: NDArray[np.float64],
    ink: Image,
    usual: float | None,
) -> tuple[float, float, float]:
    """(baseline, x-height, skew) by reweighted least squares with priors: the usual x-height, and hardly any skew."""
    height, width = ink.shape
    guess = usual if usual is not None else 0.45 * height
    if not len(rows):
        inked = np.flatnonzero(ink.max(axis=1) > INK)
        return float(inked[-1] + 1 if len(inked) else height), guess, 0.0
    # prior rows: x-height as sure as one letter (three where the hand is known), skew 0 +- 0.04 rows a column
    prior_trust = np.array([3.0 if usual is not None else 0.3, (guess * 0.1 / 0.04) ** 2])
    full = np.concatenate([design, [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]])
    found = _reweighted(full, np.concatenate([rows, [guess, 0.0]]), np.concatenate([trust, prior_trust]))
    lowest, highest = 0.5 * guess if usual else 0.12 * height, 2.0 * guess if usual else 1.2 * height
    limit = 0.15 * min(1.0, width / (8.0 * guess))
    return float(found[0]), float(np.clip(found[1], lowest, highest)), float(np.clip(found[2], -limit, limit))


@njit(cache=True, nogil=True)
def _reweighted(
    design: NDArray[np.float64], target: NDArray[np.float64], trust: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(3,) least squares of (n, 3) @ x = target; rows far off, but for the two priors at the end, lose their weight."""
    weight = trust.copy()
    x = np.zeros(3)
    for _ in range(6):
        normal = np.zeros((3, 4))  # with the right side as its last column
        for i in range(3):
            normal[i, i] = 1e-6
        for n in range(len(design)):
            for i in range(3):
                for j in range(3):
                    normal[i, j] += weight[n] * design[n, i] * design[n, j]
                normal[i, 3] += weight[n] * design[n, i] * target[n]
        for i in range(3):  # Gauss and Jordan; positive definite, so no pivot is needed
            normal[i] /= normal[i, i]
            for j in range(3):
                if j != i:
                    normal[j] -= normal[j, i] * normal[i]
        x[:] = normal[:, 3]
        for n in range(len(design) - 2):
            fitted = design[n, 0] * x[0] + design[n, 1] * x[1] + design[n, 2] * x[2]
            error = abs(target[n] - fitted) / (0.12 * max(x[1], 2.0))
            weight[n] = trust[n] / max(error, 1.0) ** 1.5
    return x
