"""Stack pieces into words and lines: choose a hand that has the letters, choose the pieces, join their ink.

A piece is the ink that its letters own, laid border on border, and cut strokes reach a little over, so that they run
into each other; where ink meets ink the darker wins, so no edge of a box can show. A piece whose stroke arrives higher
or lower than its neighbour's leaves is moved towards it by a tenth of an x-height at most.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from stackmix.library import LetterLibrary
from stackmix.ownership import JOINED
from stackmix.pieces import SPACE
from stackmix.rack import Rack
from stackmix.selection import Stock, places_in, select, uniform
from stackmix.types import DataError, Word

# chance of a longest piece of 2, 3, .. 8 letters: shorter than in StackMix, for fewer verbatim copies of short words
LONGEST = np.cumsum([0.15, 0.25, 0.2, 0.15, 0.1, 0.1, 0.05])
OVERLAP = 0.06  # of an x-height: how far a piece reaches over its border
BEARING = (0.05, 0.12)  # white beside a letter whose border was clipped to its ink, in x-heights
GAP = (0.65, 1.25)  # between words
MARGIN = 0.3  # around the whole
MAX_SHIFT = 0.1  # up or down, to meet the neighbour's stroke


@dataclass(frozen=True, slots=True)
class Hands:
    """Whose letters may be stacked. counts: (writers, 256) instances of each letter code. style: (writers, 2)."""

    counts: NDArray[np.int32]
    style: NDArray[np.float32]

    @classmethod
    def of(cls, library: LetterLibrary) -> "Hands":
        """Count letters for each writer and take the median slant and stroke width of the writer's samples."""
        index = library.index
        writers = len(library.writer_names)
        counts = np.zeros((writers, 256), np.int32)
        for code, letter in enumerate(index.alphabet, 1):
            counts[:, code] = np.bincount(index.entry_writer[index.find(letter)], minlength=writers)
        slant, stroke = library.geometry[:, 3], library.geometry[:, 4] / library.geometry[:, 2]
        own = [library.writers == w for w in range(writers)]
        style = np.array([(np.median(slant[o]), 5 * np.median(stroke[o])) for o in own], np.float32)
        return cls(counts, style)

    def like(self, hand: int) -> NDArray[np.int32]:
        """All writers, the one most like `hand`, itself, first."""
        return np.argsort(((self.style - self.style[hand]) ** 2).sum(axis=1), kind="stable").astype(np.int32)

    def draw(self, codes: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.int32]:
        """Writers to take letters from: one drawn among those with nearly all of them, then the others by likeness."""
        wanted = np.unique(codes[codes != SPACE])
        owned = (self.counts[:, wanted] > 0).sum(axis=1)
        best = np.flatnonzero(owned >= min(owned.max(), len(wanted) - len(wanted) // 8))
        hand = best[rng.integers(len(best))]
        if owned[hand] == len(wanted):
            return np.array([hand], np.int32)
        return self.like(int(hand))


class Stacker:
    """`Stacker(library, 64).stack("quick brown fox", rng)` -> Word of height 64."""

    def __init__(self, library: LetterLibrary, height: int) -> None:
        self.library = library
        self.rack = Rack.of(library, height)
        self.hands = Hands.of(library)
        index = library.index
        self.texts = {text: number for number, text in enumerate(dict.fromkeys(library.texts))}
        self.stock = Stock(
            index.keys,
            index.starts,
            index.slots,
            index.entry_sample,
            index.entry_position,
            index.entry_writer,
            library.starts,
            np.concatenate([places_in(text) for text in library.texts]),
            self.rack.crossings,
            self.rack.x_height,
            np.array([self.texts[text] for text in library.texts], np.int32),
        )

    def stack(
        self,
        text: str,
        rng: np.random.Generator,
        *,
        hand: int | None = None,
        longest: int | None = None,
        shun: bool = False,
    ) -> Word:
        """Write one word or line in one hand; image (height, W) uint8, black ink on white.

        hand: whose letters, an index into the library's writer_names; drawn where None. longest: letters in a piece at
        most, drawn for each word where None. shun: take no piece from a sample with this very text.
        Raises DataError naming the letters that the library lacks, or has in shunned samples only.
        """
        text = " ".join(text.split())
        codes = self.library.index.encode(text)
        words = _spans(text)
        if not words or (np.count_nonzero(codes) < sum(b - a for a, b in words)):
            missing = sorted({c for c, code in zip(text, codes, strict=True) if code == SPACE and not c.isspace()})
            raise DataError(f"{text!r} cannot be written: the library has no {' '.join(missing) or 'letters for it'}")
        hands = self.hands.draw(codes, rng) if hand is None else self.hands.like(hand)
        state = rng.integers(0, 2**64, size=1, dtype=np.uint64)
        places = places_in(text)
        shunned = self.texts.get(text, -1) if shun else -1
        chosen = []
        for start, stop in words:
            most = longest or 2 + int(np.searchsorted(LONGEST, rng.random()))
            pieces = select(codes[start:stop], places[start:stop], most, hands, state, self.stock, shunned)
            if not len(pieces):
                raise DataError(f"{text!r} cannot be written out of samples with other texts")
            chosen.append(np.column_stack([pieces, np.full(len(pieces), start > 0)]))
            chosen[-1][1:, 3] = 0
        return self._join(text, np.concatenate(chosen), state)

    def _join(self, text: str, pieces: NDArray[np.int32], state: NDArray[np.uint64]) -> Word:
        rack, library = self.rack, self.library
        plan, borders = _plan(pieces, rack, library.starts, state, len(text))
        margin = round(MARGIN * rack.x_height)
        low, high = _columns_of(pieces, plan, rack, library.starts)
        room = max(0, margin // 2 - low)  # a leaning tail or ascender reaches beyond its letter's border
        plan[:, 0] += room
        borders += room
        ink = np.zeros((rack.height, max(borders[-1] + margin, high + room + margin // 2)), np.uint8)
        _paint(ink, pieces, plan, rack, library.starts)
        sources = tuple(
            (library.ids[s], p, n, library.writer_names[library.writers[s]]) for s, p, n, _ in pieces.tolist()
        )
        return Word(255 - ink, text, borders, sources)


def _spans(text: str) -> list[tuple[int, int]]:
    """Half-open spans of the words of a text: "a bc" -> [(0, 1), (2, 4)]."""
    spans, start = [], 0
    for part in text.split(" "):
        if part:
            spans.append((start, start + len(part)))
        start += len(part) + 1
    return spans


@njit(cache=True)
def _plan(
    pieces: NDArray[np.int32], rack: Rack, starts: NDArray[np.int64], state: NDArray[np.uint64], letters: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Where every piece goes: plan (P, 4) columns to the right from its sample to the image, rows down, and how many
    columns its strokes reach over its left and its right border: some where stroke meets stroke, none elsewhere.

    pieces: (P, 4) sample, first letter, length, 1 where a space stands before. borders: (letters + 1,) of the result.
    """
    plan = np.zeros((len(pieces), 4), np.int64)
    reach = max(1, round(OVERLAP * rack.x_height))
    borders = np.zeros(letters + 1, np.int32)
    x, letter, shift = float(round(MARGIN * rack.x_height)), 0, 0.0
    for k in range(len(pieces)):
        sample, position, length, spaced = pieces[k]
        base = starts[sample] + sample
        last = starts[sample + 1] - starts[sample]
        left, right = rack.borders[base + position], rack.borders[base + position + length]
        before = x
        if spaced:
            x += (GAP[0] + (GAP[1] - GAP[0]) * uniform(state)) * rack.x_height
        elif k > 0 and position == 0:
            x += (BEARING[0] + (BEARING[1] - BEARING[0]) * uniform(state)) * rack.x_height
        arrives, leaves = rack.crossings[base + position], np.float32(-1)
        if k > 0 and not spaced:
            leaves = rack.crossings[_right_border(pieces[k - 1], starts)]
        if arrives >= 0 and leaves >= 0:
            shift = min(max(shift + leaves - arrives, -MAX_SHIFT * rack.x_height), MAX_SHIFT * rack.x_height)
            plan[k, 2] = plan[k - 1, 3] = reach
        else:
            shift = 0.0
        if spaced:
            borders[letter] = round(before)
            letter += 1
        column = round(x)
        borders[letter] = column if spaced or k == 0 else round((before + x) / 2)
        for j in range(1, length):
            borders[letter + j] = column + rack.borders[base + position + j] - left
        letter += length
        plan[k, 0], plan[k, 1] = column - left, round(shift)
        x = float(column + right - left)
        borders[letter] = int(x)
        if position + length == last:
            x += (BEARING[0] + (BEARING[1] - BEARING[0]) * uniform(state)) * rack.x_height
    return plan, borders


@njit(cache=True, inline="always")
def _right_border(piece: NDArray[np.int32], starts: NDArray[np.int64]) -> int:
    return starts[piece[0]] + piece[0] + piece[1] + piece[2]


@njit(cache=True)
def _columns_of(
    pieces: NDArray[np.int32], plan: NDArray[np.int64], rack: Rack, starts: NDArray[np.int64]
) -> tuple[int, int]:
    """First and end column of the ink that a plan lays down."""
    low, high = 2**31, 0
    for k in range(len(pieces)):
        first = starts[pieces[k, 0]] + pieces[k, 1]
        extents = rack.extents[first : first + pieces[k, 2]]
        low, high = min(low, extents[:, 0].min() + plan[k, 0]), max(high, extents[:, 1].max() + plan[k, 0])
    return low, high


@njit(cache=True)
def _paint(
    ink: NDArray[np.uint8], pieces: NDArray[np.int32], plan: NDArray[np.int64], rack: Rack, starts: NDArray[np.int64]
) -> None:
    """Lay the letters' own ink into (H, W) ink, strokes that were cut reaching a little over; the darker ink wins."""
    height, width = ink.shape
    for k in range(len(pieces)):
        sample, position, length = pieces[k, 0], np.int64(pieces[k, 1]), np.int64(pieces[k, 2])
        right, down, over_left, over_right = plan[k]
        base = starts[sample] + sample
        left, stop = rack.borders[base + position], rack.borders[base + position + length]
        extents = rack.extents[starts[sample] + position : starts[sample] + position + length]
        at, rows, top = rack.at[sample], np.int64(rack.rows[sample]), np.int64(rack.tops[sample]) + down
        low, high = min(extents[:, 0].min(), left), max(extents[:, 1].max(), stop)
        left_seam, right_seam = rack.seams[base + position], rack.seams[base + position + length]
        if over_left:
            low = min(low, left_seam.min() - over_left)
        if over_right:
            high = max(high, right_seam.max() + over_right)
        for c in range(max(low, 0, -right), min(high, np.int64(rack.widths[sample]), width - right)):
            column, owners = rack.pixels[at + c * rows :][:rows], rack.owners[at + c * rows :][:rows]
            for row in range(max(0, -top), min(rows, height - top)):
                if column[row] == 0:
                    continue
                take = (np.int64(owners[row]) - position) % JOINED < length
                if not take and owners[row] >= JOINED:
                    y = row + top - down
                    take = 0 < left_seam[y] - c <= over_left or 0 <= c - right_seam[y] < over_right
                if take:
                    ink[row + top, c + right] = max(ink[row + top, c + right], column[row])
