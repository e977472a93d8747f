"""Sheets to look at before one trusts a library or a sample folder: words with borders, captions, stacked texts."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from stackmix import samples
from stackmix.library import FILE, SHIPPED, LetterLibrary
from stackmix.synthesis import Stacker
from stackmix.types import DataError, Image

WIDTH = 1600
CELL = 72  # rows of a word on a sheet
WORDS = 100
BORDER, BASELINE, X_LINE = (220, 40, 40), (0, 140, 60), (60, 90, 220)
CAPTION = 34  # rows of a caption
CAPTION_HAND = "pangolin"


def library_sheet(library: LetterLibrary, rng: np.random.Generator, count: int = WORDS) -> Image:
    """`count` random words (H, W, 3) with their letter borders in red, baseline green, x-height line blue."""
    chosen = np.sort(rng.permutation(len(library))[:count])
    return flow(_ruled(library, int(i)) for i in chosen)


def _ruled(library: LetterLibrary, sample: int) -> Image:
    image, geometry = library.image(sample), library.geometry[sample]
    scale = min(CELL / image.shape[0], (WIDTH - 20) / image.shape[1], 1.5)
    picture = _scaled(_rgb(image), scale)
    baseline, skew, x_height = (float(v) for v in geometry[:3])
    middle = image.shape[1] / 2
    for rise, colour in ((0.0, BASELINE), (x_height, X_LINE)):
        left, right = (round((baseline - rise + skew * x) * scale) for x in (-middle, middle))
        cv2.line(picture, (0, left), (picture.shape[1], right), colour)
    for column in library.borders(sample):
        cv2.line(picture, (round(column * scale), 0), (round(column * scale), picture.shape[0]), BORDER)
    return picture


def text_sheet(stacker: Stacker, text: str, rng: np.random.Generator, count: int = 24) -> Image:
    """One text stacked `count` times."""
    return flow(_rgb(stacker.stack(text, rng).image) for _ in range(count))


def samples_sheet(folder: Path, rng: np.random.Generator, count: int = WORDS) -> Image:
    """About `count` random samples of a folder, as many of each split, with their borders and their texts beneath.

    Raises DataError where there is no sample at all.
    """
    splits = {split: rows for split in samples.splits_of(folder) if (rows := samples.rows(folder, split))}
    if not splits:
        raise DataError(f"{folder} holds no samples: its metadata files are empty")
    writer = CaptionWriter()
    sheets = []
    for split, rows in splits.items():
        chosen = np.sort(rng.permutation(len(rows))[: -(-count // len(splits))])
        sheets.append(flow(_captioned(folder, split, rows[i], writer) for i in chosen))
    return np.concatenate(sheets)


def _captioned(folder: Path, split: str, row: dict[str, object], writer: "CaptionWriter") -> Image:
    sample = samples.load(folder, split, row)
    scale = min(CELL / sample.image.shape[0], (WIDTH - 20) / sample.image.shape[1], 1.5)
    picture = _scaled(_rgb(sample.image), scale)
    for column in sample.borders if sample.borders is not None else ():
        cv2.line(picture, (round(column * scale), 0), (round(column * scale), picture.shape[0]), BORDER)
    caption = writer.write(sample.text)
    out = np.full((picture.shape[0] + CAPTION, max(picture.shape[1], caption.shape[1]), 3), 255, np.uint8)
    out[: picture.shape[0], : picture.shape[1]] = picture
    out[picture.shape[0] :, : caption.shape[1]] = caption
    return out[:, : WIDTH - 20]


class CaptionWriter:
    """Writes captions in the plainest hand of the library that ships; characters it lacks show as "?"."""

    def __init__(self) -> None:
        library = LetterLibrary.load(SHIPPED)
        self.stacker = Stacker(library, CAPTION)
        self.hand = library.writer_names.index(CAPTION_HAND)

    def write(self, text: str) -> Image:
        """(CAPTION, W, 3) picture of a text in grey blue."""
        known = set(self.stacker.library.index.alphabet) | {" "}
        words = "".join(c if c in known else "?" for c in text).strip() or "?"
        image = self.stacker.stack(words, np.random.default_rng(0), hand=self.hand).image
        ink = 255 - image.astype(np.int32)
        return np.stack([255 - ink * (255 - c) // 255 for c in (70, 80, 110)], axis=-1).astype(np.uint8)


def inspect(path: Path, text: str | None, seed: int = 0) -> Image:
    """The sheet of a letter library (with a text: the text stacked, then words with borders) or of a sample folder."""
    rng = np.random.default_rng(seed)
    if not (path / FILE).is_file():
        return samples_sheet(path, rng)
    library = LetterLibrary.load(path)
    sheet = library_sheet(library, rng)
    return sheet if text is None else np.concatenate([text_sheet(Stacker(library, 64), text, rng), sheet])


def flow(cells: Iterable[Image], width: int = WIDTH, gap: int = 14) -> Image:
    """Lay RGB pictures in rows like words on a page."""
    return np.concatenate(list(_rows(cells, width, gap)))


def _rows(cells: Iterable[Image], width: int, gap: int) -> Iterator[NDArray[np.uint8]]:
    row: list[Image] = []
    used = gap
    for cell in cells:
        if row and used + cell.shape[1] + gap > width:
            yield _row(row, width, gap)
            row, used = [], gap
        row.append(cell)
        used += cell.shape[1] + gap
    if row:
        yield _row(row, width, gap)


def _row(cells: list[Image], width: int, gap: int) -> Image:
    out = np.full((max(c.shape[0] for c in cells) + gap, width, 3), 255, np.uint8)
    x = gap
    for cell in cells:
        room = min(cell.shape[1], width - x)
        out[gap // 2 : gap // 2 + cell.shape[0], x : x + room] = cell[:, :room]
        x += cell.shape[1] + gap
    return out


def _rgb(image: Image) -> Image:
    return image.copy() if image.ndim == 3 else np.repeat(image[..., None], 3, axis=2)


def _scaled(image: Image, scale: float) -> Image:
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
