"""One hand writes on a sheet of a notebook: paragraphs, words a little off the line, words crossed out, red marks.

A crossed-out word is a region of pupil_text without a text: nothing is to be read there, and the word that counts
follows it, or stands over it. A line's words share the number of their line, and a text_line region goes around them.
What a teacher wrote has its text, what a teacher drew has none; both are teacher_comment.
"""

from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple, Protocol

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from stackmix.envelopes import edges, joined, polygon
from stackmix.notebooks import Notebook
from stackmix.paragraphs import Flow, Line, Placed
from stackmix.synthesis import Stacker
from stackmix.types import Image, Region, Word

OVER = 0.35  # how often the right word stands over a crossed-out one,
SMALLER, RAISED = 0.72, 1.5  # of its size, so many x-heights higher
STRIP = 0.5  # x-heights: of a word's polygon
LINE_STRIP = 1.5  # of a line's
ROOM = 2.0  # pixels between ink and polygon
GRADES = ("5", "4", "3", "4/5", "5-", "4+", "ok", "см.")
Mark = tuple[Image, int, int]


class Marks(Protocol):
    """Draws what is crossed out and what a teacher marks, as masks from a word's left end on its baseline.

    strikes: the chance that a word is crossed out, teacher: that a page is marked in red.
    """

    @property
    def strikes(self) -> float: ...

    @property
    def teacher(self) -> float: ...

    def strike(self, width: float, x_height: float, slant: float, stroke: float, rng: np.random.Generator) -> Mark: ...

    def correct(self, width: float, x_height: float, stroke: float, rng: np.random.Generator) -> Mark: ...


class Habits(NamedTuple):
    """How a pupil writes on a page. hand: of the library. care: how far words stray, 1 usual. gap, indent: x-heights.

    climb: rows that a line rises per column where it follows no ruling."""

    hand: int
    care: float
    gap: float
    indent: float
    climb: float


class Ink(NamedTuple):
    """What is written at (x, y): cover (h, w) uint8."""

    cover: Image
    x: int
    y: int


class Spot(NamedTuple):
    """Where a word stands: the row of its baseline in its middle."""

    base: float
    word: Placed


class Written(NamedTuple):
    """ink: all that the pupil wrote. red: the teacher's. regions: in reading order, in pixels of the sheet. next_line:
    the first number of a line that is free. rest: of the last paragraph, for which there was no room."""

    ink: list[Ink]
    red: list[Ink]
    regions: list[Region]
    next_line: int
    rest: str


class Pupil:
    """Writes pages with a stacker: `Pupil(stacker, marks).write(book, texts, habits, 0, rng)`."""

    def __init__(self, stacker: Stacker, marks: Marks | None, temperature: float = 1.0) -> None:
        self.stacker, self.marks, self.temperature = stacker, marks, temperature
        self.unit = float(stacker.rack.x_height)
        self.alphabet = set(stacker.library.index.alphabet)

    def write(
        self,
        book: Notebook,
        texts: Iterator[str],
        habits: Habits,
        rng: np.random.Generator,
        *,
        line: int = 0,
        begun: str = "",
        last: bool = True,
    ) -> Written:
        """Fill a sheet with paragraphs; line: the first line's number, begun: what is left of the sheet before's last
        paragraph. The last sheet is not always filled."""
        count = len(book.lines)
        if last and rng.random() < 0.35:
            count = max(1, round(count * rng.uniform(0.35, 1)))
        skip = int(rng.random() < 0.3)
        lines, rest = self._flow(book, chain([begun], texts), habits, count - skip, rng)
        found = Written([], [], [], line, rest)
        spots: list[Spot] = []
        for number, own in enumerate(lines):
            spots += self._line(own, float(book.lines[number + skip]), habits, line + number, found, rng)
        if self.marks and spots and rng.random() < self.marks.teacher:
            self._teach(book, spots, len(lines) + skip, found, rng)
        return found._replace(next_line=line + len(lines))

    def _stack(self, text: str, hand: int, rng: np.random.Generator) -> Word:
        return self.stacker.stack(text, rng, hand=hand, temperature=self.temperature)

    def _flow(
        self, book: Notebook, texts: Iterator[str], habits: Habits, count: int, rng: np.random.Generator
    ) -> tuple[list[Line], str]:
        """The lines of a sheet with their words, and the rest of the last paragraph; the first text goes on without an
        indent, if it is any."""
        flow = Flow(
            lambda text: self._stack(text, habits.hand, rng),
            book.bounds,
            self.unit,
            max(count, 1),
            rng,
            gap=habits.gap,
            hyphen="-" in self.alphabet,
        )
        words, indent = next(texts).split(), 0.0
        while not words or flow.paragraph(indent):
            for k, text in enumerate(words):
                done = False
                if self.marks and len(text) > 2 and rng.random() < self.marks.strikes:
                    done = flow.strike(_mistaken(text, rng), text, bool(rng.random() < OVER))
                if not done and not flow.put(text):
                    return [one for one in flow.lines if one], " ".join(words[k:])
            words, indent = next(texts).split(), habits.indent * self.unit * rng.uniform(0.85, 1.15)
        return flow.lines, " ".join(words)

    def _line(
        self, own: Line, row: float, habits: Habits, number: int, found: Written, rng: np.random.Generator
    ) -> list[Spot]:
        """Lay one line's words near its row, and say where they stand."""
        stray = habits.care * self.unit
        offset, lean = 0.03 * stray * rng.normal(), habits.climb + 0.003 * habits.care * rng.normal()
        down, first = 0.0, own[0].x
        parts, regions, spots = [], [], []
        for word in own:
            down = 0.8 * down + 0.035 * stray * rng.normal()
            rise = lean + 0.008 * habits.care * rng.normal()
            base = row + offset + down - lean * (word.x + word.width / 2 - first)
            ink = self._ink(word, base, rise)
            spots.append(Spot(base, word))
            if word.struck:
                ink = self._struck(ink, word, base, habits.hand, rng)
            for one, text in [(ink, "" if word.struck else word.word.text), *self._over(word, ink, base)]:
                found.ink.append(one)
                parts.append(outline(one, STRIP * self.unit))
                regions.append(Region(polygon(parts[-1], ROOM), text, line=number))
        around = polygon(joined(parts, LINE_STRIP * self.unit), ROOM)
        text = " ".join(region.text for region in regions if region.text)
        found.regions.append(Region(around, text, "text_line", number))
        found.regions.extend(regions)
        return spots

    def _ink(self, placed: Placed, base: float, rise: float) -> Ink:
        """A word's ink with its baseline at a row in its middle, rising by so many rows a column."""
        left, top, right, end = placed.word.boxes[0].tolist()
        light = np.ascontiguousarray(placed.word.image[top:end, left:right])
        cover, above = climbing(light, rise, base - np.floor(base))
        return Ink(cover, round(placed.x), int(np.floor(base)) + top - self.stacker.rack.baseline - above)

    def _over(self, placed: Placed, struck: Ink, base: float) -> list[tuple[Ink, str]]:
        """The right word over a crossed-out one, smaller, ending at the line's right end at the latest."""
        if placed.above is None:
            return []
        ink = self._ink(Placed(placed.above, placed.x), 0.0, 0.02)
        cover = cv2.resize(ink.cover, None, fx=SMALLER, fy=SMALLER, interpolation=cv2.INTER_AREA)
        y = round(base - RAISED * self.unit + SMALLER * ink.y)
        return [(Ink(cover, struck.x + round(0.2 * self.unit), y), placed.above.text)]

    def _struck(self, ink: Ink, placed: Placed, base: float, hand: int, rng: np.random.Generator) -> Ink:
        assert self.marks is not None
        slant, stroke = self.stacker.hands.styles[hand].tolist()
        width = max(1.5, stroke * self.unit)
        cover, x, y = self.marks.strike(placed.width, self.unit, slant, width, rng)
        return together(ink, Ink(cover, ink.x + x, round(base) + y))

    def _teach(self, book: Notebook, spots: list[Spot], used: int, found: Written, rng: np.random.Generator) -> None:
        """Lines under words, ticks and brackets in red, and now and then a mark on the line below the last one used."""
        assert self.marks is not None
        stroke = max(1.5, 0.1 * self.unit)
        for k in rng.permutation(len(spots))[: rng.integers(1, 9)]:
            base, word = spots[k]
            cover, x, y = self.marks.correct(word.width, self.unit, stroke, rng)
            self._red(Ink(cover, round(word.x) + x, round(base) + y), "", found)
        known = [grade for grade in GRADES if set(grade) <= self.alphabet]
        if known and used < len(book.lines) and rng.random() < 0.7:
            after = float(book.lines[used])
            hands = len(self.stacker.library.writer_names)
            word = self._stack(known[rng.integers(len(known))], int(rng.integers(hands)), rng)
            left = book.bounds[0] + rng.uniform(0.55, 0.85) * (book.bounds[1] - book.bounds[0])
            self._red(self._ink(Placed(word, left), after + 0.3 * self.unit, 0.03), word.text, found)

    def _red(self, ink: Ink, text: str, found: Written) -> None:
        part = outline(ink, STRIP * self.unit)
        if len(part):
            found.red.append(ink)
            found.regions.append(Region(polygon(part, ROOM), text, "teacher_comment"))


def _mistaken(text: str, rng: np.random.Generator) -> str:
    """What a pupil writes first: the word broken off, with two letters exchanged, or as it is."""
    if rng.random() < 0.4:
        return text[: int(rng.integers(2, len(text)))]
    k = int(rng.integers(0, len(text) - 1))
    return text[:k] + text[k + 1] + text[k] + text[k + 2 :] if rng.random() < 0.6 else text


def outline(ink: Ink, strip: float) -> NDArray[np.float32]:
    """The edges of ink, in pixels of the sheet."""
    return edges(ink.cover, max(2, round(strip))) + np.array([ink.x, ink.y, ink.y], np.float32)


def together(one: Ink, other: Ink) -> Ink:
    """Two inks as one: at each pixel the darker."""
    x, y = min(one.x, other.x), min(one.y, other.y)
    width = max(i.x + i.cover.shape[1] for i in (one, other)) - x
    height = max(i.y + i.cover.shape[0] for i in (one, other)) - y
    cover = np.zeros((height, width), np.uint8)
    for ink in (one, other):
        lay(cover, ink, x, y)
    return Ink(cover, x, y)


def lay(page: Image, ink: Ink, x: int = 0, y: int = 0) -> None:
    """Put ink on a layer (H, W) whose corner is at (x, y), the darker stays; what lies outside is cut off."""
    top, left = ink.y - y, ink.x - x
    part = page[max(top, 0) : top + ink.cover.shape[0], max(left, 0) : left + ink.cover.shape[1]]
    own = ink.cover[max(-top, 0) :, max(-left, 0) :][: part.shape[0], : part.shape[1]]
    np.maximum(part, own, out=part)


@njit(cache=True, nogil=True)
def climbing(light: Image, rise: float, down: float) -> tuple[Image, int]:
    """Cover of a word's light (h, w), each column moved up by `rise` rows per column from the middle, all of it down by
    `down`; and the rows that were added above."""
    height, width = light.shape
    reach = abs(rise) * width / 2
    above = int(np.ceil(reach))
    found = np.zeros((height + 2 * above + 2, width), np.uint8)
    for x in range(width):
        move = above + down - rise * (x + 0.5 - width / 2)
        whole = int(np.floor(move))
        part = np.float32(move - whole)
        for y in range(height):
            if light[y, x] != 255:
                dark = np.float32(255 - light[y, x])
                found[y + whole, x] += np.uint8((1 - part) * dark)
                found[y + whole + 1, x] += np.uint8(part * dark)
    return found, above
