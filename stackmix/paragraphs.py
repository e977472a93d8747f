"""Flow a corpus into the lines of a page: texts become paragraphs, their words lines, parted where they don't fit.

A corpus of one sentence a line gives paragraphs of a few sentences; a long text is a paragraph of its own. The last
line of a page parts no word, for nothing goes on behind it.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from stackmix.hyphenation import HYPHEN, partings
from stackmix.types import Word

LENGTHS = (60, 420)  # letters that a paragraph has at least, drawn
PARTED = 0.8  # of the words that could be parted are; the others go to the next line whole
LEFT_OVER = 3.5  # x-heights left at a line's end that are worth parting a word for


class Placed(NamedTuple):
    """A word on its line: the column that its ink begins at. struck: it is crossed out, `above` then what is written
    over it, if anything is."""

    word: Word
    x: float
    struck: bool = False
    above: Word | None = None

    @property
    def width(self) -> int:
        """Columns of its ink."""
        return ink_width(self.word)


Line = list[Placed]


def paragraphs(items: Sequence[str], first: int, rng: np.random.Generator) -> Iterator[str]:
    """Paragraphs from item `first` on, round and round: items are joined up to a length that is drawn for each."""
    while True:
        least, found = rng.uniform(*LENGTHS), items[first % len(items)]
        first += 1
        while len(found) < least and len(found) + len(items[first % len(items)]) < 2 * LENGTHS[1]:
            found += " " + items[first % len(items)]
            first += 1
        yield found


def ink_width(word: Word) -> int:
    """Columns of a stacked word's ink."""
    return int(word.boxes[0, 2] - word.boxes[0, 0])


class Flow:
    """Puts words on lines: `Flow(write, (left, right), unit, count, rng).put("дорога")` is False when the page is full.

    write: stacks a text. left, right: columns that the lines run between. unit: the x-height in pixels. count: lines.
    gap: white between words in x-heights. hyphen: whether the library has one.
    """

    def __init__(
        self,
        write: Callable[[str], Word],
        bounds: tuple[float, float],
        unit: float,
        count: int,
        rng: np.random.Generator,
        *,
        gap: float = 0.9,
        hyphen: bool = True,
    ) -> None:
        self.write, self.unit, self.count, self.rng = write, unit, count, rng
        self.left, self.right = bounds
        self.gap, self.hyphen = gap, hyphen
        self.lines: list[Line] = []
        self.x = self.left

    def paragraph(self, indent: float) -> bool:
        """Begin a paragraph so many pixels from the left; False where there is no line left."""
        if len(self.lines) == self.count:
            return False
        self.lines.append([])
        self.x = self.left + indent
        return True

    def put(self, text: str) -> bool:
        """Write a word behind the last one, parted or on the next line where it does not fit."""
        word = self.write(text)
        while not self._fits(word):
            rest = self._part(text, word)
            if rest is None and not self.lines[-1]:
                rest = self._break(text, word)
            if rest is not None:
                text = rest
                word = self.write(text)
            if not self._next():
                return False
        self._place(word)
        return True

    def strike(self, wrong: str, right: str, over: bool) -> bool:
        """Write a wrong word that is crossed out, where it fits on the line whole; over: the right one stands over it.

        Returns whether the right one is written.
        """
        word = self.write(wrong)
        if not self._fits(word) or not self.lines[-1]:
            return False
        self._place(word, True, self.write(right) if over else None)
        return over

    def _fits(self, word: Word) -> bool:
        alone = not self.lines[-1] and len(word.text) == 1  # nothing can be done about it
        return alone or self.x + ink_width(word) <= self.right

    def _place(self, word: Word, struck: bool = False, above: Word | None = None) -> None:
        self.lines[-1].append(Placed(word, self.x, struck, above))
        self.x += ink_width(word) + self.unit * self.gap * self.rng.uniform(0.7, 1.4)

    def _next(self) -> bool:
        if len(self.lines) == self.count:
            return False
        self.lines.append([])
        self.x = self.left + self.unit * float(self.rng.normal(0, 0.12))
        return True

    def _part(self, text: str, word: Word) -> str | None:
        """Put as much of a word as fits with a hyphen on the line; what is left of it, None where nothing was put."""
        left = self.right - self.x
        if len(self.lines) == self.count or not self.hyphen or left < LEFT_OVER * self.unit:
            return None
        if self.rng.random() >= PARTED:
            return None
        for head, tail in reversed(partings(text)):
            if word.borders[len(text) - len(tail)] - word.borders[0] < left:
                part = self.write(head)
                if self._fits(part):
                    self._place(part)
                    return tail
        return None

    def _break(self, text: str, word: Word) -> str | None:
        """Put what fits of a word that is longer than a line; at least one letter."""
        if len(text) < 2 or len(self.lines) == self.count:
            return None
        mark = HYPHEN if self.hyphen else ""
        room = self.right - self.x - 2 * self.unit
        k = int(np.searchsorted(word.borders[1:] - word.borders[0], room))
        k = min(max(k, 1), len(text) - 1)
        self._place(self.write(text[:k] + mark))
        return text[k:]
