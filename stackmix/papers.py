"""Papers to write on: large sheets, made once for a run, from which every word cuts its own piece.

A sheet says what share of the light comes back at each pixel: its grain, fibres and print. The tone and the shading are
drawn for each word. A ruled sheet knows the rows that writing stands on, so that a piece is cut with one of them at the
word's baseline. Slanted ruling is that of Russian school books: two lines a row with the small letters between them,
and oblique lines that lead the hand.
"""

from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from stackmix import images
from stackmix.laying import Sheet
from stackmix.types import DataError, Image

OWN = "own"  # the paper that the source is written on
PAPERS = ("white", "plain", "lined", "squared", "slanted", OWN)
VARIANTS = 4  # sheets of each drawn paper
GRAINS = (0.5, 1.0, 2.0, 4.0, 7.0, 11.0)  # grey levels: one sheet for each, for the source's own paper
SPREAD = 3  # of a grain's spread that a sheet's light stays under full
PHOTO_SIDE = 2048  # pixels: larger photos are made smaller
LINE_COLOURS = [(140, 172, 222), (168, 152, 208), (150, 186, 204), (172, 172, 182)]
MARGINS = 0.3  # of the ruled sheets have a red line at the margin
MARGIN_COLOUR = (226, 96, 108)
SLOPE = np.deg2rad(65)  # of the oblique lines, from the horizontal


class Ruling(NamedTuple):
    """rows: (L,) rows of lines at column 0, of which those at `base` are written on. columns: (M,) of upright lines at
    row 0, `lean` columns further right per row upwards. colour, strength, width in pixels of all of them."""

    rows: NDArray[np.float64]
    base: NDArray[np.float64]
    columns: NDArray[np.float64]
    lean: float
    colour: tuple[int, int, int]
    strength: float
    width: float


NO_TONE = np.full((2, 3), 255, np.float32)
PAGE_TONES = np.array([(255, 254, 250), (206, 201, 188)], np.float32)


def sheets(
    name: str, size: tuple[int, int], x_height: float, rng: np.random.Generator, skipped: list[str] | None = None
) -> list[Sheet]:
    """The sheets of a paper, (rows, columns) large, or the photos of a folder; DataError where it is neither.

    skipped: takes the names of the folder's files that are no pictures.
    """
    nowhere = np.zeros(0, np.float32)
    if name == "white":
        return [Sheet(np.full((*size, 3), 255, np.uint8), nowhere, 0.0, NO_TONE, 0.0)]
    if name == OWN:
        own = [(_textured(size, g, None, 0.0, x_height, rng), np.full((2, 3), 255 - SPREAD * g)) for g in GRAINS]
        return [Sheet(pixels, nowhere, 0.0, mean.astype(np.float32), 0.0) for pixels, mean in own]
    if name in PAPERS:
        return [_drawn(name, size, x_height, rng) for _ in range(VARIANTS)]
    if not Path(name).is_dir():
        raise DataError(f"there is no paper {name!r}: take one of {', '.join(PAPERS)} or a folder of photos")
    photos = from_folder(Path(name), [] if skipped is None else skipped)
    return [Sheet(at_least(photo, *size), nowhere, 0.0, NO_TONE, 0.06) for photo in photos]


def from_folder(folder: Path, skipped: list[str]) -> list[Image]:
    """(H, W, 3) photos of a folder by name, large ones made smaller; what is no picture is named in `skipped`.

    Raises DataError where none is left.
    """
    found = []
    for path in sorted(p for p in folder.iterdir() if p.is_file() and not p.name.startswith(".")):
        try:
            photo = images.read(path)
        except DataError as error:
            skipped.append(str(error))
            continue
        shrink = PHOTO_SIDE / max(photo.shape[:2])
        if shrink < 1:
            photo = cv2.resize(photo, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        found.append(photo if photo.ndim == 3 else np.dstack([photo] * 3))
    if not found:
        raise DataError(f"{folder} holds no photo of paper, {len(skipped)} files that are none")
    return found


def at_least(pixels: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """The same paper, mirrored at its edges until it has that size."""
    down, right = (max(0, need - have) for need, have in zip((height, width), pixels.shape, strict=False))
    if not down and not right:
        return pixels
    return np.pad(pixels, ((0, down), (0, right), (0, 0)), mode="symmetric")


def _drawn(name: str, size: tuple[int, int], x_height: float, rng: np.random.Generator) -> Sheet:
    slope = float(rng.normal(0, 0.003)) if name != "plain" else 0.0
    ruling = None if name == "plain" else _ruling(name, size, x_height, rng)
    pixels = _textured(size, rng.uniform(0.8, 3.0), ruling, slope, x_height, rng)
    lines = np.zeros(0) if ruling is None else ruling.base
    return Sheet(pixels, lines.astype(np.float32), slope, PAGE_TONES, 0.12)


def _ruling(name: str, size: tuple[int, int], x_height: float, rng: np.random.Generator) -> Ruling:
    """Lines of one drawn distance, colour, strength and width."""
    colour, strength = LINE_COLOURS[rng.integers(len(LINE_COLOURS))], float(rng.uniform(0.55, 1.0))
    width = float(max(0.9, rng.uniform(0.045, 0.085) * x_height))
    upright, lean = np.zeros(0), 0.0
    if name == "lined":
        base = np.arange(0, size[0], rng.uniform(2.3, 3.4) * x_height)
        rows = base
    elif name == "squared":
        step = rng.uniform(1.0, 1.7) * x_height
        base = rows = np.arange(0, size[0], step)
        upright = np.arange(rng.uniform(0, step), size[1], step)
    else:
        base = np.arange(0, size[0], rng.uniform(2.6, 3.2) * x_height)
        rows = np.concatenate([base, base - rng.uniform(0.98, 1.08) * x_height])
        lean = 1 / float(np.tan(SLOPE))
        upright = np.arange(0, size[1] + lean * size[0], rng.uniform(2.5, 5.0) * x_height)
    return Ruling(rows, base, upright, lean, colour, strength, width)


def _textured(
    size: tuple[int, int],
    grain: float,
    ruling: Ruling | None,
    slope: float,
    x_height: float,
    rng: np.random.Generator,
) -> NDArray[np.uint8]:
    """(h, w, 3) share of light that grained paper with its print sends back; grain: its spread in grey levels."""
    blotch = _noise(size, 0.25 * x_height, rng)
    light = 255 - SPREAD * grain + grain * (0.8 * _noise(size, 0.6, rng) + 0.45 * blotch + 0.4 * _fibres(size, rng))
    light = np.minimum(light, 255).astype(np.float32)
    if ruling is None:
        return np.repeat(np.round(light).astype(np.uint8)[..., None], 3, axis=2)
    printed = _print(size, ruling, slope) * np.clip(0.9 + 0.1 * blotch + 0.06 * _noise(size, 0.7, rng), 0, 1.1)
    margin = _margin(size, x_height, slope, rng)
    pixels = np.empty((*size, 3), np.uint8)
    for c in range(3):
        share = 1 - np.float32(1 - ruling.colour[c] / 255) * printed
        share *= 1 - np.float32(1 - MARGIN_COLOUR[c] / 255) * margin
        pixels[..., c] = np.clip(light * share, 0, 255).round()
    return pixels


def _print(size: tuple[int, int], ruling: Ruling, slope: float) -> NDArray[np.float32]:
    """(h, w) how much of a ruling's colour lies on each pixel, 0..1."""
    y, x = np.arange(size[0], dtype=np.float32)[:, None], np.arange(size[1], dtype=np.float32)[None]
    found = _cover(y - np.float32(slope) * x, ruling.rows, ruling.width)
    if len(ruling.columns):
        along = x + np.float32(slope + ruling.lean) * y
        found = np.maximum(found, _cover(along, ruling.columns, ruling.width * float(np.cos(np.arctan(ruling.lean)))))
    return np.float32(ruling.strength) * found


def _cover(along: NDArray[np.float32], places: NDArray[np.float64], width: float) -> NDArray[np.float32]:
    """Cover of lines of a width at rising or unsorted places, by how far each pixel lies from the next of them."""
    places = np.sort(places).astype(np.float32)
    middles = (places[1:] + places[:-1]) / 2
    away = np.abs(along - places[np.searchsorted(middles, along)])
    return np.clip(np.float32(width / 2 + 0.5) - away, 0, min(1.0, width))


def _margin(size: tuple[int, int], x_height: float, slope: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """(h, w) cover of an upright red line at a drawn place, on some sheets."""
    place = rng.uniform(0, size[1]) if rng.random() < MARGINS else -1e6
    y, x = np.arange(size[0], dtype=np.float32)[:, None], np.arange(size[1], dtype=np.float32)[None]
    return _cover(x + np.float32(slope) * y, np.array([place]), 0.08 * x_height) * np.float32(0.9)


def _noise(size: tuple[int, int], smooth: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """(h, w) normal noise smoothed over `smooth` pixels, of unit spread; made small where it is smooth."""
    step = max(1, int(smooth))
    small = rng.standard_normal((size[0] // step + 3, size[1] // step + 3), np.float32)
    small = cv2.GaussianBlur(small, (0, 0), max(0.5, smooth / step))
    if step > 1:
        small = cv2.resize(small, None, fx=step, fy=step, interpolation=cv2.INTER_CUBIC)
    found = small[: size[0], : size[1]]
    return found / np.float32(max(found.std(), 1e-6))


def _fibres(size: tuple[int, int], rng: np.random.Generator) -> NDArray[np.float32]:
    """(h, w) short bent fibres, paler or darker than the rest, of unit spread."""
    field = np.zeros(size, np.float32)
    count = size[0] * size[1] // 500
    start = rng.uniform((0, 0), (size[1], size[0]), (count, 2))
    turn = rng.uniform(0, 2 * np.pi, count)[:, None] + np.cumsum(rng.normal(0, 0.35, (count, 4)), axis=1)
    steps = rng.uniform(1.5, 4.5, (count, 1, 1)) * np.stack([np.cos(turn), np.sin(turn)], axis=2)
    points = np.round(16 * (start[:, None] + np.cumsum(steps, axis=1))).astype(np.int32)
    for side in (1, -1):
        cv2.polylines(field, list(points[::2] if side > 0 else points[1::2]), False, float(side), 1, cv2.LINE_8, 4)
    return field / np.float32(max(field.std(), 1e-6))
