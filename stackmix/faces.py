"""Handwriting faces: a TTF or OTF file as glyphs with known ink, each drawn alone at its own pen position.

One character is one glyph: ligatures and contextual alternates are off, kerning stays on. Glyphs are drawn `OVERSAMPLE`
times larger than asked for, so that a word can be bent and thickened before it comes down to its size.
"""

import io
import unicodedata
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pictures
from PIL import ImageDraw, ImageFont

from stackmix.types import DataError, Image

OVERSAMPLE = 4
JOINED_TAGS = ("liga", "clig", "dlig", "hlig", "rlig", "calt", "rclt")  # features that tie characters together
FLAT = "xvnruzхнпилш"  # letters that fill the x-height
UPRIGHTS = "nlhidmнпишлт"  # letters whose stems show the slant
NO_CHARACTERS = "\uffff\u0378"  # no face has these: they draw its sign for what is missing


class Drawn(NamedTuple):
    """Ink of one glyph, (h, w) uint8 coverage, and its top left corner: x from the pen, y from the baseline."""

    mask: Image
    x: int
    y: int


@dataclass(slots=True)
class Face:
    """An open face: `open_face(Path("Caveat_400Regular.ttf"))`. Its lengths are in pixels of its own, oversampled size.

    x_height: what was asked for, in pixels of a set word. slant: columns to the right per row upwards, 0 for upright.
    join: up to this many x-heights are closed between the inks of small letters, so that their strokes meet.
    """

    name: str
    font: ImageFont.FreeTypeFont
    x_height: float
    join: float = 0.0
    slant: float = 0.0
    drawn: dict[str, Drawn] = field(default_factory=dict)
    known: dict[str, bool] = field(default_factory=dict)
    steps: dict[str, float] = field(default_factory=dict)
    gaps: dict[str, float] = field(default_factory=dict)
    blanks: tuple[Drawn, ...] = ()

    def glyph(self, character: str) -> Drawn:
        """The ink of one character; (0, 0) pixels where it has none."""
        if character not in self.drawn:
            self.drawn[character] = draw(self.font, character)
        return self.drawn[character]

    def has(self, character: str) -> bool:
        """Whether the face draws this character: its ink is neither empty nor the sign for a missing one."""
        if character not in self.known:
            mask = self.glyph(character).mask
            blank = not mask.any() or any(np.array_equal(mask, other.mask) for other in self.blanks)
            self.known[character] = character == " " or not blank
        return self.known[character]

    def missing(self, text: str) -> list[str]:
        """The characters of a text that the face lacks, each once: `missing("№ 7")` -> ["№"]."""
        return [character for character in dict.fromkeys(text) if not self.has(character)]

    def step(self, pair: str) -> float:
        """How far the pen moves from the first character of a pair to the second, kerning included."""
        if pair not in self.steps:
            self.steps[pair] = length(self.font, pair) - length(self.font, pair[1])
        return self.steps[pair]

    def gap(self, pair: str) -> float:
        """The least distance along any row between a pair's inks, below 0 where they overlap; inf without a row."""
        if pair not in self.gaps:
            self.gaps[pair] = least_gap(self.glyph(pair[0]), self.glyph(pair[1]), self.step(pair))
        return self.gaps[pair]

    def pens(self, text: str, tracking: float = 0.0) -> NDArray[np.float64]:
        """(L,) pen position of each character; tracking: x-heights added to the face's own steps.

        Characters that touch in the face touch at any tracking.
        """
        unit = self.x_height * OVERSAMPLE
        moves = [0.0]
        for pair in map("".join, pairwise(text)):
            move = self.step(pair) + tracking * unit
            # the gap that tracking leaves, and a pixel more, so that rounded pens still touch
            excess = self.gap(pair) + tracking * unit + 1
            if self.gap(pair) <= 0:
                move -= min(max(excess, 0.0), max(tracking, 0.0) * unit + 1)
            elif self.join and pair[0].islower() and pair[1].islower():
                move -= min(max(excess, 0.0), self.join * unit)
            moves.append(move)
        return np.cumsum(moves)


def settings(font: ImageFont.FreeTypeFont) -> list[str] | None:
    """The features that keep characters apart; None for the basic layout, which knows none."""
    return [f"-{tag}" for tag in JOINED_TAGS] if font.layout_engine == ImageFont.Layout.RAQM else None


def length(font: ImageFont.FreeTypeFont, text: str) -> float:
    """Advance width of a text in pixels."""
    return font.getlength(text, features=settings(font))


def draw(font: ImageFont.FreeTypeFont, character: str) -> Drawn:
    """Draw one character on its own, cropped to its ink."""
    left, top, right, bottom = font.getbbox(character, anchor="ls", features=settings(font))
    # a pixel of room on each side: some faces' ink passes their box by a hair
    left, top, right, bottom = int(left) - 1, int(top) - 1, int(np.ceil(right)) + 1, int(np.ceil(bottom)) + 1
    canvas = Pictures.new("L", (right - left, bottom - top))
    pen = ImageDraw.Draw(canvas)
    pen.text((-left, -top), character, fill=255, font=font, anchor="ls", features=settings(font))
    ink = np.asarray(canvas)
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if not len(rows):
        return Drawn(np.zeros((0, 0), np.uint8), 0, 0)
    crop = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return Drawn(np.ascontiguousarray(crop), left + int(columns[0]), top + int(rows[0]))


def least_gap(first: Drawn, second: Drawn, step: float) -> float:
    """The least distance along a row between two glyphs whose pens are `step` apart; negative where they overlap."""
    top = max(first.y, second.y)
    bottom = min(first.y + len(first.mask), second.y + len(second.mask))
    if bottom <= top:
        return np.inf
    left = first.mask[top - first.y : bottom - first.y] > 127
    right = second.mask[top - second.y : bottom - second.y] > 127
    both = left.any(axis=1) & right.any(axis=1)
    if not both.any():
        return np.inf
    ends = first.x + left.shape[1] - left[both, ::-1].argmax(axis=1)
    starts = second.x + step + right[both].argmax(axis=1)
    return float((starts - ends).min())


def ink_x_height(font: ImageFont.FreeTypeFont) -> float:
    """Median height above the baseline of the flat small letters that the face has; 0 where it has none."""
    blanks = [draw(font, character).mask for character in NO_CHARACTERS]
    glyphs = [draw(font, letter) for letter in FLAT]
    tops = [-g.y for g in glyphs if g.mask.any() and not any(np.array_equal(g.mask, blank) for blank in blanks)]
    return float(np.median(tops)) if tops else 0.0


def ink_slant(face: Face) -> float:
    """The shear that piles the ink of upright letters into the fewest columns, to .02."""
    shears = np.arange(-0.2, 0.9, 0.02)
    power = np.zeros(len(shears))
    for letter in filter(face.has, UPRIGHTS):
        rows, columns = np.nonzero(face.glyph(letter).mask > 127)
        for index, shear in enumerate(shears):
            straight = np.round(columns + shear * rows).astype(np.int64)
            power[index] += (np.bincount(straight - straight.min()).astype(np.float64) ** 2).sum() / len(rows)
    return round(float(shears[power.argmax()]), 2)


def open_face(
    source: Path | BinaryIO, name: str = "", x_height: float = 24.0, join: float = 0.0, wrong: str = ""
) -> Face:
    """Open a face from a path or an open file so that its small letters come out `x_height` pixels high.

    name: the writer's name, the file's stem by default. wrong: characters to count as missing. Raises DataError for a
    file that is no face, or one that has no small letter of ours.
    """
    data = source.read_bytes() if isinstance(source, Path) else source.read()
    name = name or (source.stem if isinstance(source, Path) else "face")
    try:
        trial = ImageFont.truetype(io.BytesIO(data), 200)
    except OSError as error:
        raise DataError(f"{name} is no font: {error}") from None
    if not (height := ink_x_height(trial)):
        raise DataError(f"{name} draws none of {FLAT}: its x-height is unknown")
    font = ImageFont.truetype(io.BytesIO(data), 200 * x_height * OVERSAMPLE / height)
    face = Face(name, font, x_height, join, blanks=tuple(draw(font, c) for c in NO_CHARACTERS))
    face.known.update(dict.fromkeys(wrong, False))
    face.slant = ink_slant(face)
    return face


def nfc(text: str) -> str:
    """The text with each letter as one character: "й" of two becomes "й" of one."""
    return unicodedata.normalize("NFC", text)
