"""Whose letters a text is written in: a hand is drawn among those that have nearly all of them."""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from stackmix.library import LetterLibrary
from stackmix.pieces import SPACE
from stackmix.rack import styles_of
from stackmix.selection import next_random

STROKE = 5.0  # a stroke wider by .2 x-heights sets two hands as far apart as a slant of 1


class Hands(NamedTuple):
    """has: (256, writers) 1 where a writer has a letter of a code. styles: (writers, 2) of `rack.styles_of`.

    nearest: (writers, writers) for each the others by likeness, itself first.
    """

    has: NDArray[np.uint8]
    styles: NDArray[np.float32]
    nearest: NDArray[np.int32]

    @classmethod
    def of(cls, library: LetterLibrary) -> "Hands":
        """Which hand has which letters, and which hands are like each other."""
        index, styles = library.index, styles_of(library)
        has = np.zeros((256, len(styles)), np.uint8)
        for code, letter in enumerate(index.alphabet, 1):
            has[code, index.entry_writer[index.find(letter)]] = 1
        scaled = styles * np.array([1, STROKE], np.float32)
        apart = np.abs(scaled[:, None] - scaled[None]).sum(axis=2)
        np.fill_diagonal(apart, -1)
        return cls(has, styles, np.argsort(apart, axis=1, kind="stable").astype(np.int32))


@njit(cache=True)
def draw(codes: NDArray[np.uint8], hands: Hands, state: NDArray[np.uint64]) -> NDArray[np.int32]:
    """Writers to take the letters of a text from: one that has nearly all, then the others by likeness."""
    writers = hands.has.shape[1]
    owned, count = np.zeros(writers, np.uint8), 0
    for k in range(len(codes)):
        if codes[k] == SPACE or (codes[:k] == codes[k]).any():
            continue
        count += 1
        has = hands.has[codes[k]]
        for writer in range(writers):
            owned[writer] += has[writer]
    most = int(owned.max())
    least = min(most, count - count // 8)
    best = 0
    for writer in range(writers):
        best += owned[writer] >= least
    chosen = np.int64(next_random(state) % np.uint64(best))
    for writer in range(writers):
        if owned[writer] >= least:
            if chosen == 0:
                return hands.nearest[writer]
            chosen -= 1
    return hands.nearest[0]
