"""Stack pieces into words and lines: choose a hand that has the letters, choose the pieces, join their ink.

text -> hands.draw -> selection.select, word by word -> joining.lay -> Word
"""

from typing import Literal

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from stackmix import hands as handing
from stackmix.hands import Hands
from stackmix.joining import lay
from stackmix.library import LetterLibrary
from stackmix.pasting import paste
from stackmix.pieces import SPACE
from stackmix.rack import Rack
from stackmix.selection import Choice, Stock, places_in, places_of, select, uniform
from stackmix.types import DataError, Word

# chance of a longest piece of 2, 3, .. 8 letters: shorter than in StackMix, for fewer verbatim copies of short words
LONGEST = (0.15, 0.4, 0.6, 0.75, 0.85, 0.95, 1.0)  # summed up


class Stacker:
    """`Stacker(library, 64).stack("quick brown fox", rng)` -> Word of height 64."""

    def __init__(self, library: LetterLibrary, height: int) -> None:
        self.library = library
        self.rack = Rack.of(library, height)
        self.hands = Hands.of(library)
        index = library.index
        self.texts = {text: number for number, text in enumerate(dict.fromkeys(library.texts))}
        self.wordly = np.array([False, *(letter.isalnum() for letter in index.alphabet)])
        codes = index.encode("".join(library.texts))
        self.stock = Stock(
            index.keys,
            index.starts,
            index.slots,
            index.entry_sample,
            index.entry_position,
            index.entry_writer,
            library.starts,
            np.concatenate([places_in(text) for text in library.texts]),
            codes,
            library.scores,
            self.rack.joins,
            self.rack.gaps,
            self.rack.x_height,
            self.hands.styles,
            np.array([self.texts[text] for text in library.texts], np.int32),
            library.writers,
        )

    def stack(
        self,
        text: str,
        rng: np.random.Generator,
        *,
        choice: Literal["units", "random"] = "units",
        hand: int | Literal["one", "mixed"] = "one",
        temperature: float = 1.0,
        longest: int | None = None,
        shun: bool = False,
    ) -> Word:
        """Write one word or line; image (height, W) uint8, black ink on white.

        choice: the units that join best, or random ones plainly pasted (`stackmix.pasting`), which heed nothing below.
        hand: one drawn hand, which borrows only the letters that it lacks; pieces of mixed hands; or whose letters, an
        index into the library's writer_names. temperature: 0 takes the pieces that join best, more varies them.
        longest: letters in a piece at most, drawn for each word where None. shun: take no piece from a sample with
        this very text. Raises DataError naming the letters that the library lacks, or has in shunned samples only.
        """
        text = " ".join(text.split())
        codes = self.library.index.encode(text)
        if not len(codes) or np.count_nonzero(codes) + text.count(" ") < len(codes):
            missing = sorted({c for c, code in zip(text, codes, strict=True) if code == SPACE and not c.isspace()})
            raise DataError(f"{text!r} cannot be written: the library has no {' '.join(missing) or 'letters for it'}")
        if choice == "random":
            return paste(self.library, text, rng, self.rack.height)
        state = np.array([rng.bit_generator.random_raw()], np.uint64)
        wanted = Choice(longest or 0, hand == "mixed", temperature, self.texts.get(text, -1) if shun else -1)
        whose = -1 if isinstance(hand, str) else hand
        pieces = _choose(codes, self.wordly, wanted, whose, self.hands, state, self.stock)
        if not len(pieces):
            raise DataError(f"{text!r} cannot be written out of samples with other texts")
        return self._lay(text, pieces, state)

    def _lay(self, text: str, pieces: NDArray[np.int32], state: NDArray[np.uint64]) -> Word:
        library = self.library
        light, borders, boxes = lay(
            pieces, self.rack, library.starts, state, len(text), self.hands.styles, library.writers
        )
        ids, names, writers = library.ids, library.writer_names, library.writers
        sources = tuple((ids[s], p, n, names[writers[s]]) for s, p, n, _ in pieces.tolist())
        return Word(cv2.transpose(light), text, borders, sources, boxes)


@njit(cache=True)
def _choose(
    codes: NDArray[np.uint8],
    wordly: NDArray[np.bool_],
    choice: Choice,
    hand: int,
    hands: Hands,
    state: NDArray[np.uint64],
    stock: Stock,
) -> NDArray[np.int32]:
    """(P, 4) sample, first letter, length, 1 where a space stands before, for the words of a text; none at all where
    one of them cannot be written.

    codes: (L,) SPACE between words. choice.longest: 0 where it is drawn for each word.
    """
    order = handing.draw(codes, hands, state) if hand < 0 else hands.nearest[hand]
    found = np.empty((len(codes), 4), np.int32)
    made, start = 0, 0
    places = places_of(wordly[codes])
    for stop in range(len(codes) + 1):
        if stop < len(codes) and codes[stop] != SPACE:
            continue
        longest = choice.longest
        if longest == 0:
            longest, chance = 2, uniform(state)
            while LONGEST[longest - 2] < chance:  # np.searchsorted would take seconds to compile
                longest += 1
        own = Choice(longest, choice.mixed, choice.temperature, choice.shunned)
        pieces = select(codes[start:stop], places[start:stop], own, order, state, stock)
        if len(pieces) == 0:
            return found[:0]
        found[made : made + len(pieces), :3] = pieces
        found[made : made + len(pieces), 3] = 0
        found[made, 3] = start > 0
        made += len(pieces)
        start = stop + 1
    return found[:made]
