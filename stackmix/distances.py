"""Edit distances (Levenshtein 1966) of read texts to true ones, by rapidfuzz: in characters, in words, step by step."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein


class Edit(NamedTuple):
    """One step from a true text to what was read: `Edit("a", "o")`; "" where a character was lost or added."""

    true: str
    read: str


def edits(read: Sequence[str], true: Sequence[str]) -> NDArray[np.int64]:
    """(N,) fewest insertions, deletions and substitutions of characters: edits(["cat"], ["art"]) -> [2]."""
    return np.array([Levenshtein.distance(a, b) for a, b in zip(read, true, strict=True)], np.int64)


def word_edits(read: Sequence[str], true: Sequence[str]) -> NDArray[np.int64]:
    """(N,) the same in words, which white space parts."""
    return np.array([Levenshtein.distance(a.split(), b.split()) for a, b in zip(read, true, strict=True)], np.int64)


def steps(read: str, true: str) -> Iterator[Edit]:
    """The steps of one shortest way from the true text to what was read, in writing order."""
    for step in Levenshtein.editops(true, read):
        yield Edit(
            "" if step.tag == "insert" else true[step.src_pos], "" if step.tag == "delete" else read[step.dest_pos]
        )
