"""Make photographed notebook pages of a corpus: write, print, photograph, and say where every word is.

Page i draws from `default_rng([seed, i])` alone: the notebook, the hand, where in the corpus it begins, and the photo.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from stackmix import camera, exposure, hands
from stackmix.camera import Camera
from stackmix.corpus import Corpus
from stackmix.inks import Pen, pen
from stackmix.library import LetterLibrary
from stackmix.notebooks import KINDS, Notebook, Print, paint, printed, sheet, tint
from stackmix.page_writing import Habits, Marks, Pupil, Written, lay
from stackmix.papers import sheets
from stackmix.paragraphs import paragraphs
from stackmix.rejects import Rejects
from stackmix.synthesis import Stacker
from stackmix.types import DataError, Image, Page, Region

HEIGHT = 100  # working height of the letters: an x-height of 26 pixels
PHOTO, SPREAD_PHOTO = (2000, 1400), (1600, 2400)  # rows, columns
SPREADS = 0.3  # of the photos show two pages
ZOOM = (0.72, 1.05)  # pixels of the photo for one of the sheet
WORDS = 200  # on a page, about
EDGE = 12  # points along each edge of a sheet, which the camera bends
GHOST = 0.1  # of the ink on a sheet's back shines through at most
INKS = ("blue", "violet", "black", "pencil")
USED = (0.5, 0.25, 0.17, 0.08)  # how often each is taken where none is asked for


@dataclass(frozen=True, slots=True)
class PageOrder:
    """What pages to make. count: None for as many as the corpus fills, at about 200 words a page.

    kinds: of notebooks. inks: of `inks.COLOURS`, none: as pupils take them. marks: None for no strike-outs and no
    teacher. rejects, temperature: as in `generating.Order`.
    """

    library: Path
    corpus: Corpus
    count: int | None = None
    seed: int = 0
    rejects: Rejects = frozenset()
    temperature: float = 1.0
    kinds: tuple[str, ...] = KINDS
    inks: tuple[str, ...] = ()
    marks: Marks | None = None

    def __post_init__(self) -> None:
        for name in self.kinds:
            if name not in KINDS:
                raise DataError(f"there are no notebooks of {name!r} paper: take one of {', '.join(KINDS)}")
        for name in self.inks:
            if name not in (*INKS, "red"):
                raise DataError(f"pages are not written in {name!r}: take one of {', '.join((*INKS, 'red'))}")

    @property
    def total(self) -> int:
        """Pages to make."""
        return self.filled if self.count is None else self.count

    @property
    def filled(self) -> int:
        """Pages that the corpus fills."""
        return max(1, round(sum(item.count(" ") + 1 for item in self.corpus.items) / WORDS))


class Made(NamedTuple):
    """A page and the quality that its JPEG file has."""

    page: Page
    quality: int


class PageMaker:
    """Makes page i of an order: `PageMaker(order, library).make(7).page`."""

    def __init__(self, order: PageOrder, library: LetterLibrary) -> None:
        self.order, self.library = order, library
        self.stacker = Stacker(library, HEIGHT)
        self.unit = float(self.stacker.rack.x_height)
        self.pupil = Pupil(self.stacker, order.marks, order.temperature)
        rng = np.random.default_rng([order.seed, *b"paper"])
        self.grain = sheets("plain", (1024, 1024), self.unit, rng)[0].pixels[..., 0].copy()
        self.noise = exposure.noise_tile(rng)
        self.pens = {name: pen(name, self.unit, rng) for name in (*INKS, "red")}

    def make(self, i: int) -> Made:
        """Page i: a photo of one page or two, its regions in reading order."""
        rng = np.random.default_rng([self.order.seed, i])
        wide = bool(rng.random() < SPREADS)
        photo, zoom = SPREAD_PHOTO if wide else PHOTO, rng.uniform(*ZOOM)
        size = _sheet_size(photo, zoom, wide, rng)
        own = printed(str(rng.choice(self.order.kinds)), self.unit, rng)
        texts = self._texts(i, rng)
        habits = self._habits(own, texts[1], rng)
        ink = self._absorbed(rng)
        regions: list[Region] = []
        painted: list[Image] = []
        line, rest = 0, ""
        outer = [False, True] if wide else [bool(rng.random() < 0.5)]
        for k, right in enumerate(outer):
            book = sheet(size, own, right, self.unit, rng)
            written = self.pupil.write(book, texts[0], habits, rng, line=line, begun=rest, last=k == wide)
            line, rest = written.next_line, written.rest
            painted.append(self._painted(size, book, written, ink, rng))
            shift = np.array([k * size[1], 0], np.float32)
            regions.append(Region(_border(size) + shift, "", "paper"))
            regions.extend(Region(r.polygon + shift, r.text, r.category, r.line) for r in written.regions)
        spines = [float(size[1])] if wide else [size[1] * float(rng.integers(0, 2))] if rng.random() < 0.6 else []
        canvas = np.concatenate(painted, axis=1)
        seen = camera.draw(canvas.shape[:2], photo, spines, zoom, rng)
        image, quality = self._photograph(canvas, seen, rng)
        name = self.library.writer_names[habits.hand]
        return Made(Page(image, _seen(regions, seen), f"{i:08d}", name, "stackmix", self.library.split), quality)

    def _texts(self, i: int, rng: np.random.Generator) -> tuple[Iterator[str], str]:
        """The paragraphs of page i, and letters that it is likely to need."""
        items, filled = self.order.corpus.items, self.order.filled
        first = i * len(items) // filled if i < filled else int(rng.integers(len(items)))
        ahead = " ".join(items[(first + k) % len(items)] for k in range(min(len(items), 40)))
        return paragraphs(items, first, rng), ahead[: 6 * WORDS]

    def _habits(self, own: Print, text: str, rng: np.random.Generator) -> Habits:
        codes = self.library.index.encode(text)
        hand = int(hands.draw(codes, self.stacker.hands, np.array([rng.bit_generator.random_raw()], np.uint64))[0])
        climb = float(rng.normal(0, 0.012)) if own.kind == "plain" else 0.0
        indent = rng.uniform(1.5, 4.5) if rng.random() < 0.8 else 0.0
        return Habits(hand, rng.uniform(0.5, 1.7), rng.uniform(0.7, 1.15), indent, climb)

    def _absorbed(self, rng: np.random.Generator) -> tuple[Pen, NDArray[np.float32]]:
        """The pen, and what its ink takes of the light: (3,)."""
        name = str(rng.choice(self.order.inks)) if self.order.inks else str(rng.choice(INKS, p=USED))
        return self.pens[name], self._mixed(self.pens[name], rng)

    def _mixed(self, own: Pen, rng: np.random.Generator) -> NDArray[np.float32]:
        first, second, share = *rng.integers(len(own.colours), size=2), rng.random()
        colour = own.colours[first] * share + own.colours[second] * (1 - share) + rng.normal(0, own.spread, 3)
        return ((1 - np.clip(colour, 0, 250) / 255) * rng.uniform(*own.force)).astype(np.float32)

    def _painted(
        self,
        size: tuple[int, int],
        book: Notebook,
        written: Written,
        pupil: tuple[Pen, NDArray[np.float32]],
        rng: np.random.Generator,
    ) -> Image:
        """A sheet with its print and all that is written on it: (rows, columns, 3)."""
        found, layer = np.empty((*size, 3), np.uint8), np.zeros(size, np.uint8)
        for one in written.ink:
            lay(layer, one)
        own, absorbed = pupil
        both = np.stack([absorbed * np.float32(rng.uniform(0, GHOST)), absorbed])
        paint(found, book, self.grain, _ghost(layer), layer, own.cover, both)
        teacher = self._mixed(self.pens["red"], rng)
        for one in written.red:
            tint(found, one.cover, one.x, one.y, teacher)
        return found

    def _photograph(self, canvas: Image, seen: Camera, rng: np.random.Generator) -> tuple[Image, int]:
        height, width = canvas.shape[:2]
        corners = seen.to_photo(np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32))
        found = camera.net(seen)
        scene = camera.photographed(canvas, found, exposure.desk(seen, corners, rng))
        own = exposure.drawn(rng)
        light = exposure.light_on(seen, found, rng)
        return exposure.exposed(scene, light, own, self.noise, int(rng.integers(exposure.TILE))), own.quality


def _sheet_size(photo: tuple[int, int], zoom: float, wide: bool, rng: np.random.Generator) -> tuple[int, int]:
    """(rows, columns) of one sheet that nearly fills the photo."""
    fill = rng.uniform(0.93, 1.01, 2) if rng.random() < 0.8 else rng.uniform(0.86, 0.95, 2)
    rows, columns = (side * share / zoom for side, share in zip(photo, fill, strict=True))
    return round(rows), round(columns / 2 if wide else columns)


def _border(size: tuple[int, int]) -> NDArray[np.float32]:
    """(4 * EDGE, 2) points along the border of a sheet of (rows, columns)."""
    along = np.arange(EDGE) / EDGE
    start, end = np.zeros(EDGE), np.ones(EDGE)
    x = np.concatenate([along, end, 1 - along, start])
    y = np.concatenate([start, along, end, 1 - along])
    return np.column_stack([x * size[1], y * size[0]]).astype(np.float32)


def _ghost(layer: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What the back of a sheet, written alike, lets shine through: mirrored and soft."""
    small = cv2.resize(layer[:, ::-1], None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(np.roll(small, 17, axis=0), (0, 0), 1.2)
    return cv2.resize(soft, layer.shape[::-1], interpolation=cv2.INTER_LINEAR)


def _seen(regions: list[Region], seen: Camera) -> tuple[Region, ...]:
    """Regions of the sheet in the photo, what is outside of it cut off."""
    points = seen.to_photo(np.concatenate([region.polygon for region in regions]))
    ends = np.cumsum([len(region.polygon) for region in regions])[:-1]
    inside = np.split(np.clip(points, 0, seen.size[::-1]).astype(np.float32), ends)
    return tuple(replace(region, polygon=own) for region, own in zip(regions, inside, strict=True))
