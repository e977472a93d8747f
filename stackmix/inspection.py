"""Sheets to look at before one trusts a library or a sample folder.

Words with their borders and captions, stacked texts, what the library covers, and the letters of one character.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from stackmix import samples
from stackmix.coverage import Places, coverage, scarcest
from stackmix.library import FILE, SHIPPED, LetterLibrary
from stackmix.ranking import Ranked, ranked, spread
from stackmix.rejects import letter_id
from stackmix.synthesis import Stacker
from stackmix.types import SEAM_ROWS, DataError, Image, Letter

WIDTH = 1600
CELL = 72  # rows of a word on a sheet
WORDS = 100
BORDER, BASELINE, X_LINE = (220, 40, 40), (0, 140, 60), (60, 90, 220)
CAPTION = 34  # rows of a caption
CAPTION_HAND = "pangolin"
PLAIN, SAD, PALE, FRAME = (70, 80, 110), (200, 30, 30), (150, 150, 150), (215, 220, 230)
BOX = (30, 20)  # columns and rows of a number of the coverage
# up to so many instances: the colour of their number
SCARCITY = [(0, (240, 110, 100)), (4, (250, 180, 90)), (19, (250, 232, 120)), (np.inf, (165, 215, 140))]
NEVER_ALONE = (225, 225, 225)
LEGEND = "usable instances: initial, medial, final in a word, alone; red 0, orange under 5, yellow under 20"
LETTER = 22  # rows of an x-height where letters are ranked
ABOVE, BELOW, BESIDE = 2.2, 1.5, 0.7  # x-heights shown over and under the baseline, and of a letter's neighbours
FADED = 0.3  # of the neighbours' ink


class Sheet(NamedTuple):
    """A picture (H, W, 3), a line about it, "" where there is none, and rows of data in the picture's order."""

    image: Image
    about: str = ""
    rows: tuple[str, ...] = ()


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


def coverage_sheet(library: LetterLibrary, found: dict[str, Places]) -> Image:
    """Each character with the number of its usable instances by place, coloured by how scarce they are."""
    writer = CaptionWriter()
    cells = (_covered(library, *one, writer) for one in found.items())
    return np.concatenate([flow([_line(LEGEND)]), flow(cells, gap=8)])


def _covered(library: LetterLibrary, character: str, places: Places, writer: "CaptionWriter") -> Image:
    width, height = BOX
    out = np.full((CAPTION, CAPTION + len(places) * width, 3), 255, np.uint8)
    sign = writer.write(character) if writer.knows(character) else _best(library, character)
    out[: sign.shape[0], : min(sign.shape[1], CAPTION)] = sign[:, :CAPTION]
    top = (CAPTION - height) // 2
    for k, count in enumerate(places):
        colour = next(colour for most, colour in SCARCITY if count <= most)
        if count == 0 and k == Places._fields.index("alone"):
            colour = NEVER_ALONE  # hardly a letter stands alone
        left = CAPTION + k * width
        out[top : top + height, left : left + width - 1] = colour
        _number(out, str(count) if count < 10_000 else f"{count // 1000}k", left + 2, top + height - 6)
    return out


def _best(library: LetterLibrary, character: str) -> Image:
    """The surest instance of a character, in at most CAPTION rows and columns."""
    best = ranked(library, character)[0]
    image = _rgb(library.view(Letter(best.sample, best.position, 1)))
    return _scaled(image, min(CAPTION / image.shape[0], CAPTION / image.shape[1], 1.0))


def letter_sheet(library: LetterLibrary, letters: Iterable[Ranked]) -> Image:
    """Letters with a little of their neighbours paler on both sides, their scores and their numbers from 1 beneath.

    A red score is of a letter that is not stacked.
    """
    return flow((_ranked(library, letter, number) for number, letter in enumerate(letters, 1)), gap=8)


def _ranked(library: LetterLibrary, letter: Ranked, number: int) -> Image:
    image, borders = _rgb(library.image(letter.sample)), library.borders(letter.sample)
    baseline, skew, x_height = (float(v) for v in library.geometry[letter.sample, :3])
    left, right = (int(border) for border in borders[letter.position : letter.position + 2])
    others = _others(library, letter)
    image[others] = 255 - (255 - image[others]) * FADED
    begin, end = max(0, round(left - BESIDE * x_height)), min(image.shape[1], round(right + BESIDE * x_height))
    line = baseline + skew * ((left + right - image.shape[1]) / 2)
    top, bottom = round(line - ABOVE * x_height), round(line + BELOW * x_height)
    window = np.full((bottom - top, end - begin, 3), 255, np.uint8)
    first, stop = (min(max(row, 0), image.shape[0]) for row in (top, bottom))
    window[first - top : stop - top] = image[first:stop, begin:end]
    picture = _scaled(window, min(LETTER / x_height, WIDTH / 4 / window.shape[1]))
    out = np.full((picture.shape[0] + 28, max(picture.shape[1], 36), 3), 255, np.uint8)
    out[: picture.shape[0], : picture.shape[1]] = picture
    _number(out, f"{letter.score:.2f}", 3, len(out) - 17, PLAIN if letter.usable else SAD)
    _number(out, str(number), 3, len(out) - 5, PALE)
    return cv2.rectangle(out, (0, 0), (out.shape[1] - 1, len(out) - 1), FRAME)


def _others(library: LetterLibrary, letter: Ranked) -> NDArray[np.bool_]:
    """(H, W) what lies beyond a letter's seams; the first and the last letter of a sample reach outwards to its end."""
    height, width = library.image(letter.sample).shape[:2]
    seams = library.seams(letter.sample)[:, np.arange(height) * SEAM_ROWS // height]
    columns = np.arange(width)[None]
    beyond = np.zeros((height, width), np.bool_)
    if letter.position > 0:
        beyond |= columns < seams[letter.position][:, None]
    if letter.position + 2 < len(seams):
        beyond |= columns >= seams[letter.position + 1][:, None]
    return beyond


def _number(image: Image, text: str, x: int, y: int, colour: tuple[int, int, int] = (0, 0, 0)) -> None:
    """Write ASCII with its left bottom corner at (x, y); about 7 columns a character."""
    cv2.putText(image, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.36, colour, 1, cv2.LINE_AA)


def _line(text: str) -> Image:
    out = np.full((18, WIDTH - 28, 3), 255, np.uint8)
    cv2.putText(out, text, (0, 13), cv2.FONT_HERSHEY_SIMPLEX, 0.45, PLAIN, 1, cv2.LINE_AA)
    return out


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

    def knows(self, character: str) -> bool:
        """Whether a character can be written as it is."""
        return character in self.stacker.library.index.alphabet

    def write(self, text: str) -> Image:
        """(CAPTION, W, 3) picture of a text in grey blue."""
        words = "".join(c if c == " " or self.knows(c) else "?" for c in text).strip() or "?"
        image = self.stacker.stack(words, np.random.default_rng(0), hand=self.hand).image
        ink = 255 - image.astype(np.int32)
        return np.stack([255 - ink * (255 - c) // 255 for c in PLAIN], axis=-1).astype(np.uint8)


def inspect(path: Path, text: str | None, seed: int = 0) -> Sheet:
    """The sheet of a letter library or of a sample folder.

    A library's has the text stacked where one is given, then words with borders, then the coverage.
    """
    rng = np.random.default_rng(seed)
    if not (path / FILE).is_file():
        return Sheet(samples_sheet(path, rng))
    library = LetterLibrary.load(path)
    stacked = [] if text is None else [text_sheet(Stacker(library, 64), text, rng)]
    words, found = library_sheet(library, rng), coverage(library)
    return Sheet(np.concatenate([*stacked, words, coverage_sheet(library, found)]), scarcest(found))


def inspect_letter(path: Path, character: str) -> Sheet:
    """The instances of one character in a library, the surest first; its rows are LETTER ID, tab, score.

    Raises DataError where the folder is no library or its texts lack the character.
    """
    if not (path / FILE).is_file() and samples.is_folder(path):
        raise DataError(f"{path} is a sample folder: --letter needs a letter library, which `stackmix cut` makes")
    library = LetterLibrary.load(path)
    found = ranked(library, character)
    shown = [found[i] for i in spread(len(found))]
    rows = tuple(f"{letter_id(library.ids[one.sample], one.position)}\t{one.score:.4f}" for one in shown)
    share = "all" if len(shown) == len(found) else f"{len(shown):,} evenly spread"
    return Sheet(letter_sheet(library, shown), f"{share} of {len(found):,} letters {character!r}, surest first", rows)


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
