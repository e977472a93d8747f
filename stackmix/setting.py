"""Set words with a handwriting face, so that each letter's ink, and with it every border, is known.

Each glyph is drawn alone at its own pen position and the word is the union of their inks. Then the whole word is
slanted, resized, thickened or thinned and bent by one smooth field, and each glyph by the same. What a letter covers is
read off its own bent ink, never guessed from the word's.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from stackmix.faces import OVERSAMPLE, Drawn, Face, nfc
from stackmix.truth import borders_of, seams_of
from stackmix.types import DataError, Image

MARGIN = 2  # pixels of paper around the ink
PAD = 4 * OVERSAMPLE  # paper around the drawn glyphs, room for thicker strokes and for coming down in size


@dataclass(frozen=True, slots=True)
class Variation:
    """How far words of one hand differ. Ranges are drawn evenly for each word, spreads are normal; lengths: x-heights.

    shear: columns to the right per row upwards. size, aspect: factors, aspect of the width alone. stroke: added to the
    stroke's width. tracking: added between letters. slope: rows per column. bend, wander: spread of the smooth shift of
    ink from letter to letter, and of the baseline along the word.
    """

    shear: tuple[float, float] = (-0.14, 0.14)
    size: tuple[float, float] = (0.9, 1.1)
    aspect: tuple[float, float] = (0.9, 1.1)
    stroke: tuple[float, float] = (-0.025, 0.05)
    tracking: tuple[float, float] = (-0.03, 0.05)
    slope: float = 0.012
    bend: float = 0.035
    wander: float = 0.03


PLAIN = Variation((0, 0), (1, 1), (1, 1), (0, 0), (0, 0), 0, 0)


@dataclass(frozen=True, slots=True)
class SetWord:
    """A set word and its truth: dark ink on white `image` (H, W), `borders` (L+1,), and each letter's own ink.

    baseline: the row the letters stand on. x_height: pixels. slant: columns to the right per row upwards.
    free: (L-1, 2), the first and last column at which inner border k is without error. seams: (L+1, SEAM_ROWS).
    glyphs: the coverage of each letter and its top left corner in the image; (0, 0) pixels for a space.
    """

    image: Image
    text: str
    borders: NDArray[np.int32]
    baseline: float
    x_height: float
    slant: float
    free: NDArray[np.int32]
    seams: NDArray[np.int16]
    glyphs: tuple[Drawn, ...]


@dataclass(frozen=True, slots=True)
class Bend:
    """One drawn distortion: where each pixel (H, W) of the set word comes from in the drawn one.

    forward: (2, 3), the affine part, from drawn to set. reach: the most that bending moves ink, in pixels.
    stretch: factors of width and height, shear: columns to the right per row upwards, both within `forward`.
    line: (W,) the row of the baseline at each column of the set word.
    """

    map_x: NDArray[np.float32]
    map_y: NDArray[np.float32]
    forward: NDArray[np.float64]
    reach: float
    stretch: NDArray[np.float64]
    shear: float
    line: NDArray[np.float64]


def set_word(text: str, face: Face, rng: np.random.Generator, variation: Variation | None = None) -> SetWord:
    """Set one text, which may hold spaces inside; every draw of `rng` gives it another form.

    Raises DataError for an empty text, one with space around it, and characters that the face lacks.
    """
    text = nfc(text)
    if not text or text != text.strip():
        raise DataError(f"the text {text!r} is empty or has space around it")
    if missing := face.missing(text):
        raise DataError(f"{face.name} lacks {' '.join(missing)}, needed for {text!r}")
    vary = variation or Variation()
    pens = face.pens(text, rng.uniform(*vary.tracking))
    glyphs = [Drawn(g.mask, g.x + round(pen), g.y) for g, pen in zip(map(face.glyph, text), pens, strict=True)]
    left, top = min(g.x for g in glyphs if g.mask.size) - PAD, min(g.y for g in glyphs if g.mask.size) - PAD
    glyphs = [padded(g, left, top) for g in glyphs]
    thicker = rng.uniform(*vary.stroke) * face.x_height * OVERSAMPLE / 2
    word = grow(union(glyphs), thicker)
    bend = draw_bend(word.shape, -top, face.x_height, vary, rng)
    coverage = come_down(word, bend)
    # thinning each glyph alone would open the joins, so a thinned glyph is its part of the thinned word
    inks = [bent(g if thicker <= 0 else Drawn(grow(g.mask, thicker), g.x, g.y), bend, coverage) for g in glyphs]
    slant = face.slant * bend.stretch[0] / bend.stretch[1] + bend.shear
    return measured(text, coverage, inks, bend.line, face.x_height * bend.stretch[1], slant)


def padded(glyph: Drawn, left: int, top: int) -> Drawn:
    """A glyph with paper around it, at its place in the drawn word."""
    if not glyph.mask.size:
        return glyph
    return Drawn(cv2.copyMakeBorder(glyph.mask, PAD, PAD, PAD, PAD, 0), glyph.x - left - PAD, glyph.y - top - PAD)


def union(glyphs: list[Drawn]) -> Image:
    """The drawn word: at each pixel the most ink of any glyph."""
    height, width = (max(g[axis] + g.mask.shape[1 - (axis - 1)] for g in glyphs if g.mask.size) for axis in (2, 1))
    word = np.zeros((height, width), np.uint8)
    for mask, x, y in glyphs:
        part = word[y : y + mask.shape[0], x : x + mask.shape[1]]
        np.maximum(part, mask, out=part)
    return word


def grow(mask: Image, radius: float) -> Image:
    """Move every edge of the ink outwards by a radius in pixels, inwards where negative, in grey steps.

    Hairlines, which thinning would break, keep their width.
    """
    if not mask.size or not radius:
        return mask
    turn = cv2.dilate if radius > 0 else cv2.erode
    whole, part = divmod(abs(radius), 1.0)
    inner = turn(mask, disc(int(whole))) if whole else mask
    outer = turn(mask, disc(int(whole) + 1))
    moved = cv2.addWeighted(inner, 1 - part, outer, part, 0)
    if radius > 0:
        return moved
    return np.maximum(moved, cv2.morphologyEx(mask, cv2.MORPH_TOPHAT, disc(int(whole) + 2)))


def disc(radius: int) -> NDArray[np.uint8]:
    """A filled circle of 2 * radius + 1 pixels across, the cross for radius 1."""
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))


def smooth_field(
    shape: tuple[int, int], spacing: float, spread: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Normal noise on a grid of about `spacing` pixels, cubic between its points: an (H, W) shift in pixels."""
    nodes = [int(size / spacing) + 1 for size in shape]
    noise = rng.normal(0, spread, nodes).astype(np.float32)
    return cv2.resize(noise, shape[::-1], interpolation=cv2.INTER_CUBIC)


def draw_bend(shape: tuple[int, ...], base: int, x_height: float, vary: Variation, rng: np.random.Generator) -> Bend:
    """Draw the distortion of a word drawn in (h, w) pixels with its baseline at row `base`."""
    stretch = rng.uniform(*vary.size) * np.array([rng.uniform(*vary.aspect), 1.0])
    shear, slope = rng.uniform(*vary.shear), rng.normal(0, vary.slope)
    # set = linear @ (drawn, its rows counted from the baseline) + offset: stretch, lean, then climb
    linear = np.array([[1, 0], [slope, 1]]) @ np.array([[1, -shear], [0, 1]]) @ np.diag(stretch / OVERSAMPLE)
    corners = linear @ np.array([[0, shape[1], 0, shape[1]], [-base, -base, shape[0] - base, shape[0] - base]])
    room = 4 * (vary.bend + vary.wander) * x_height
    offset = room - corners.min(axis=1)
    width, height = (int(end) for end in np.ceil(corners.max(axis=1) + offset + room))
    shift_x, shift_y = (smooth_field((height, width), 1.2 * x_height, vary.bend * x_height, rng) for _ in range(2))
    shift_y = shift_y + smooth_field((1, width), 3 * x_height, vary.wander * x_height, rng)
    back = np.linalg.inv(linear)
    # the centre of column 0 is at .5
    x = np.arange(width, dtype=np.float32)[None] + np.float32(0.5 - offset[0]) + shift_x
    y = np.arange(height, dtype=np.float32)[:, None] + np.float32(0.5 - offset[1]) + shift_y
    map_x = (back[0, 0] * x + back[0, 1] * y - 0.5).astype(np.float32)
    map_y = (back[1, 0] * x + back[1, 1] * y + base - 0.5).astype(np.float32)
    columns = np.arange(width)
    straight = offset[1] + slope * (columns - offset[0])
    line = straight - shift_y[np.clip(straight.astype(int), 0, height - 1), columns]
    reach = float(max(abs(shift_x).max(), abs(shift_y).max()))
    forward = np.column_stack([linear, offset - linear @ [0, base]])
    return Bend(map_x, map_y, forward, reach, stretch, shear, line)


def come_down(drawn: Image, bend: Bend, x: int = 0, y: int = 0, window: tuple[slice, slice] | None = None) -> Image:
    """Bend drawn ink at (x, y) and bring it to its size, within a window of the set word."""
    window = window or (slice(None), slice(None))
    # the box filter is what a set pixel covers; sampling after it keeps the grey edges
    soft = cv2.blur(drawn, (OVERSAMPLE, OVERSAMPLE))
    shift = (OVERSAMPLE - 1) / 2 - OVERSAMPLE // 2
    map_x, map_y = bend.map_x[window] - np.float32(x + shift), bend.map_y[window] - np.float32(y + shift)
    return cv2.remap(soft, map_x, map_y, cv2.INTER_LINEAR)


def bent(glyph: Drawn, bend: Bend, word: Image) -> Drawn:
    """A glyph under the word's distortion, cropped to its ink; nothing of it lies outside the word's ink."""
    if not glyph.mask.size:
        return glyph
    height, width = glyph.mask.shape
    corners = np.array([[0, width, 0, width], [0, 0, height, height]]) + np.array([[glyph.x], [glyph.y]])
    ends = bend.forward[:, :2] @ corners + bend.forward[:, 2:]
    left, top = np.maximum(np.floor(ends.min(axis=1) - bend.reach), 0).astype(int)
    right, bottom = np.ceil(ends.max(axis=1) + bend.reach).astype(int) + 1
    window = slice(top, bottom), slice(left, right)
    ink = np.minimum(come_down(glyph.mask, bend, glyph.x, glyph.y, window), word[window])
    x, y, right, bottom = box(ink)
    return Drawn(ink[y:bottom, x:right].copy(), int(left) + x, int(top) + y)


def box(ink: Image) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of the ink, half open; zeros where there is none."""
    x, y, width, height = cv2.boundingRect(ink)
    return x, y, x + width, y + height


def measured(
    text: str, coverage: Image, inks: list[Drawn], line: NDArray[np.float64], x_height: float, slant: float
) -> SetWord:
    """Crop the word to its ink and read the borders off its glyphs; line: (W,) rows of the baseline."""
    x, y, right, bottom = box(coverage)
    left, top = x - MARGIN, y - MARGIN
    glyphs = tuple(g._replace(x=g.x - left, y=g.y - top) if g.mask.size else g for g in inks)
    image = 255 - coverage[top : bottom + MARGIN, left : right + MARGIN]
    line = line[left : right + MARGIN] - top
    borders, free = borders_of(glyphs, line, x_height)
    middle = line[np.clip(borders, 0, len(line) - 1)] - x_height / 2
    seams = seams_of(glyphs, borders, len(image), middle, slant)
    return SetWord(image, text, borders, float(line.mean()), x_height, slant, free, seams, glyphs)
