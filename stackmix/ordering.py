"""The order in which the words of a page are read: columns and the two pages of a spread, lines, words.

Everything is measured in the median height of a word and along the page's own direction: its skew is the median slope
from each word to the nearest one on its right. A band without words that runs through the whole height, and has lines
on both sides, parts columns; each half may be parted again (the recursive cut of Nagy and Seth 1984, upright cuts
alone). Within a column a word joins the line that ends nearest to it, where it stands no more than half a word's height
above or below the middle that the line has there.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

GUTTER = 1.6  # word heights: a narrower band may be gaps between words that happen to lie over each other,
NARROW = 0.7  # but not in so many lines as MANY, where the two pages of a spread may come as near as this
MANY = 8
ASIDE = 0.95  # word heights that a word's middle may lie off its line's
FEWEST = 3  # lines on either side of a gutter
UNDER = 0.8  # word heights between the middles of words that stand over each other
STEEPEST = 0.4  # slope from a word to the next of its line
REACH = 4.0  # word heights to the nearest word on the right, from which the skew is taken
MEMORY = 0.35  # weight of a word in the running middle of its line


class ReadingOrder(NamedTuple):
    """order: (N,) the words as they are read. lines: (N,) the line of each word, numbered in that order."""

    order: NDArray[np.int64]
    lines: NDArray[np.int64]


class _Boxes(NamedTuple):
    """Of each word, (N,): left, right, middle of its height and height, with the skew taken out."""

    left: NDArray[np.float64]
    right: NDArray[np.float64]
    middle: NDArray[np.float64]
    height: NDArray[np.float64]


def read_order(polygons: list[NDArray[np.float32]]) -> ReadingOrder:
    """The reading order of words (N, 2) each, left to right and down the page, column after column.

    read_order of two lines of two words -> order [0, 1, 2, 3], lines [0, 0, 1, 1].
    """
    if not polygons:
        return ReadingOrder(np.zeros(0, np.int64), np.zeros(0, np.int64))
    boxes = _boxes(polygons)
    size = float(np.median(boxes.height))
    order: list[int] = []
    lines = np.empty(len(polygons), np.int64)
    number = 0
    for column in _columns(boxes, np.arange(len(polygons)), size):
        for line in _lines(boxes, column, size):
            lines[line] = number
            order += line
            number += 1
    return ReadingOrder(np.array(order, np.int64), lines)


def _boxes(polygons: list[NDArray[np.float32]]) -> _Boxes:
    """The words' boxes, sheared upright by the page's skew."""
    low = np.array([polygon.min(axis=0) for polygon in polygons], np.float64)
    high = np.array([polygon.max(axis=0) for polygon in polygons], np.float64)
    height = np.maximum(high[:, 1] - low[:, 1], 1.0)
    plain = _Boxes(low[:, 0], high[:, 0], (low[:, 1] + high[:, 1]) / 2, height)
    skew = _skew(plain)
    middle = plain.middle - skew * (plain.left + plain.right) / 2
    aslant = skew * plain.middle  # what leans the lines leans the columns
    return _Boxes(plain.left + aslant, plain.right + aslant, middle, height)


def _skew(boxes: _Boxes) -> float:
    """Rows down for each column to the right along a line of the page; 0 where too few words have a neighbour."""
    size = float(np.median(boxes.height))
    centre = (boxes.left + boxes.right) / 2
    slopes = []
    for k in range(len(centre)):
        gap, step = boxes.left - boxes.right[k], boxes.middle - boxes.middle[k]
        near = (gap > -size) & (gap < REACH * size) & (centre > centre[k] + size / 2)
        near &= np.abs(step) < STEEPEST * (centre - centre[k])
        if near.any():
            other = np.flatnonzero(near)[np.argmin((np.abs(gap) + 2 * np.abs(step))[near])]
            slopes.append((boxes.middle[other] - boxes.middle[k]) / (centre[other] - centre[k]))
    return float(np.median(slopes)) if len(slopes) >= FEWEST else 0.0


def _columns(boxes: _Boxes, words: NDArray[np.int64], size: float) -> list[NDArray[np.int64]]:
    """The words of each column, from left to right."""
    cut = _gutter(boxes, words, size)
    if cut is None:
        return [words]
    left = (boxes.left[words] + boxes.right[words]) / 2 < cut
    return [*_columns(boxes, words[left], size), *_columns(boxes, words[~left], size)]


def _gutter(boxes: _Boxes, words: NDArray[np.int64], size: float) -> float | None:
    """The middle of the widest band without words that parts lines from lines; None where there is none."""
    by_left = words[np.argsort(boxes.left[words], kind="stable")]
    reach = np.maximum.accumulate(boxes.right[by_left])
    gaps = boxes.left[by_left[1:]] - reach[:-1]
    for k in np.argsort(-gaps, kind="stable").tolist():
        if gaps[k] < NARROW * size:
            return None
        sides = by_left[: k + 1], by_left[k + 1 :]
        fewest = FEWEST if gaps[k] >= GUTTER * size else MANY
        if all(_heights(boxes, side, size) >= fewest for side in sides) and _side_by_side(boxes, *sides):
            return float(reach[k] + gaps[k] / 2)
    return None


def _heights(boxes: _Boxes, words: NDArray[np.int64], size: float) -> int:
    """How many lines words make at least: middles that lie a word's height apart."""
    middles = np.sort(boxes.middle[words])
    count, last = 1, middles[0]
    for middle in middles:
        if middle - last > size:
            count, last = count + 1, middle
    return count


def _side_by_side(boxes: _Boxes, left: NDArray[np.int64], right: NDArray[np.int64]) -> bool:
    """Whether two groups stand beside each other for half of the lower one's height."""
    tops = boxes.middle[left].min(), boxes.middle[right].min()
    feet = boxes.middle[left].max(), boxes.middle[right].max()
    return bool(min(feet) - max(tops) >= 0.5 * min(feet[0] - tops[0], feet[1] - tops[1]))


def _lines(boxes: _Boxes, words: NDArray[np.int64], size: float) -> list[list[int]]:
    """The words of each line of a column, lines from the top, words from the left."""
    found: list[list[int]] = []
    middles: list[float] = []
    for word in words[np.argsort(boxes.left[words], kind="stable")].tolist():
        middle = float(boxes.middle[word])
        off = [abs(middle - own) for own in middles]
        k = int(np.argmin(off)) if off else -1
        if k >= 0 and off[k] < ASIDE * size and not _above(boxes, found[k][-1], word, size):
            found[k].append(word)
            weight = MEMORY * min(1.0, float(boxes.height[word]) / size)
            middles[k] += weight * (middle - middles[k])
        else:
            found.append([word])
            middles.append(middle)
    return sorted(found, key=lambda line: float(boxes.middle[line].mean()))


def _above(boxes: _Boxes, last: int, word: int, size: float) -> bool:
    """Whether a word stands over or under the last one of a line rather than behind it."""
    shared = min(boxes.right[last], boxes.right[word]) - boxes.left[word]
    narrow = min(boxes.right[last] - boxes.left[last], boxes.right[word] - boxes.left[word])
    return bool(shared > 0.6 * narrow and abs(boxes.middle[last] - boxes.middle[word]) > UNDER * size)
