"""All instances of one character, the surest first: where the cutting goes wrong shows at the end of the row."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stackmix.library import LetterLibrary
from stackmix.types import DataError

SHOWN = 400  # letters on a sheet at most


class Ranked(NamedTuple):
    """One instance: letter `position` of sample `sample`, its score in 0..1, and whether it may be stacked."""

    sample: int
    position: int
    score: float
    usable: bool


def ranked(library: LetterLibrary, character: str) -> list[Ranked]:
    """Every instance of a character, usable or not, by falling score; equal ones as they stand in the library.

    Raises DataError where no text of the library holds the character.
    """
    where = [(i, k) for i, text in enumerate(library.texts) for k, c in enumerate(text) if c == character]
    if not where:
        own = "".join(sorted({c for text in library.texts for c in text if not c.isspace()}))
        raise DataError(f"the library has no {character!r}, only {own}")
    usable = {(letter.sample, letter.position) for letter in library.letters(character)}
    scores = [float(library.scores[library.starts[i] + k]) for i, k in where]
    rows = zip(where, scores, strict=True)
    return sorted((Ranked(i, k, score, (i, k) in usable) for (i, k), score in rows), key=lambda letter: -letter.score)


def spread(count: int, most: int = SHOWN) -> NDArray[np.int64]:
    """Places of at most `most` of `count` things, evenly over all of them, the first and the last among them."""
    return np.round(np.linspace(0, count - 1, min(count, most))).astype(np.int64)
