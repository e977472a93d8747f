"""Random pieces, plainly pasted: how StackMix's authors stack (Shonenkov et al. 2021, arXiv 2108.11667).

A text is covered from the left by the longest piece there is, of at most k letters, k drawn anew for each word; any
instance of a piece is as good as any other, and straight cut boxes are pasted with one column of overlap. It is here to
be compared with. Kinder than the original, it scales each piece to one x-height on one baseline.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from stackmix.ink import ink_of
from stackmix.library import LetterLibrary
from stackmix.rack import BASELINE, X_HEIGHT
from stackmix.types import DataError, Image, Letter, Word

LONGEST = {3: 0.05, 4: 0.15, 5: 0.2, 6: 0.2, 7: 0.2, 8: 0.2}  # the chance of each k
OVERLAP = 1  # columns
GAP = 1.0  # between words, in x-heights
MARGIN = 0.3


def paste(library: LetterLibrary, text: str, rng: np.random.Generator, height: int) -> Word:
    """Write a text of single spaces whose letters the library has; image (height, W) uint8, black on white."""
    x_height = X_HEIGHT * height
    gap, margin = (np.zeros((height, round(share * x_height)), np.uint8) for share in (GAP, MARGIN))
    boxes: list[Image] = [margin]
    pieces: list[Letter] = []
    borders, words = [margin.shape[1]], []
    for number, word in enumerate(text.split(" ")):
        if number:
            boxes.append(gap)
            borders.append(borders[-1] + gap.shape[1])
        first = borders[-1]
        for piece in cover(library, word, rng):
            box, edges = _box(library, piece, height)
            overlap = OVERLAP if borders[-1] > first else 0
            boxes.append(box[:, overlap:])
            borders += (edges[1:] - overlap + borders[-1]).tolist()
            pieces.append(piece)
        words.append((first, 0, borders[-1], height))
    ink = np.concatenate([*boxes, margin], axis=1)
    sources = tuple((library.ids[s], p, n, library.writer_names[library.writers[s]]) for s, p, n in pieces)
    rising = np.maximum.accumulate(np.array(borders) - np.arange(len(borders))) + np.arange(len(borders))
    return Word(255 - ink, text, rising.astype(np.int32), sources, np.array(words, np.int32))


def cover(library: LetterLibrary, word: str, rng: np.random.Generator) -> list[Letter]:
    """Pieces that write a word: from the left, the longest of at most k letters, one of its instances at random."""
    longest = int(rng.choice(list(LONGEST), p=list(LONGEST.values())))
    pieces, start = [], 0
    while start < len(word):
        for length in range(min(longest, len(word) - start), 0, -1):
            found = library.index.find(word[start : start + length])
            if count := found.stop - found.start:
                entry = found.start + int(rng.integers(count))
                where = int(library.index.entry_sample[entry]), int(library.index.entry_position[entry])
                pieces.append(Letter(*where, length))
                start += length
                break
        else:
            raise DataError(f"{word!r} cannot be written: the library has no {word[start]!r}")
    return pieces


def _box(library: LetterLibrary, piece: Letter, height: int) -> tuple[Image, NDArray[np.int64]]:
    """A piece's columns at the working height, (height, w) ink, and the borders of its letters in them."""
    own = library.borders(piece.sample)[piece.position : piece.position + piece.length + 1]
    baseline, _, x_height, _, _ = library.geometry[piece.sample].tolist()
    ink = ink_of(library.image(piece.sample))[:, own[0] : own[-1]]
    scale = X_HEIGHT * height / x_height
    size = max(piece.length + OVERLAP, round(ink.shape[1] * scale)), max(1, round(ink.shape[0] * scale))
    small = cv2.resize(ink, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    shift = round(BASELINE * height) - round(baseline * scale)
    box = np.zeros((height, size[0]), np.uint8)
    top, end = max(0, shift), min(height, shift + size[1])
    if end > top:
        box[top:end] = small[top - shift : end - shift]
    return box, np.round((own - own[0]) * (size[0] / ink.shape[1])).astype(np.int64)
