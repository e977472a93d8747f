"""Label maps of windows become one map of a page.

Windows overlap by the same number of pixels; a piece of a word is what one window shows of it. Two pieces of different
windows are one word where, of the smaller one's pixels in their common part, enough are the other's too; windows that
only abut join pieces that touch along the border. Joins are kept in a forest of pieces (Galler and Fischer 1964,
union-find), so a word may span any number of windows. Memory grows with pixels and pieces, never with pairs of them.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from stackmix.types import DataError

SHARE = 0.5  # of the smaller piece's pixels in the common part that make two pieces one
TOUCH = 1  # pixels along the border that do, of windows without a common part

Labels = NDArray[np.int32]


class Stitched(NamedTuple):
    """labels: (H, W) words 1..n, 0 for none. word_of: (pieces + 1,) the word of every piece, shown there or hidden."""

    labels: Labels
    word_of: Labels


def corners(shape: tuple[int, int], size: int, overlap: int, offset: tuple[int, int] = (0, 0)) -> NDArray[np.int64]:
    """(N, 2) y and x of the windows that cover a page of `shape`, row by row; they may reach over its edges.

    offset: how far the first window lies above and left of the page, under size - overlap.
    """
    step = size - overlap
    if not 0 <= overlap < size or not all(0 <= o < step for o in offset):
        raise DataError(f"windows of {size} pixels can't overlap by {overlap} with offset {offset}")
    ys, xs = (range(-o, max(length - overlap, 1), step) for length, o in zip(shape, offset, strict=True))
    return np.array([(y, x) for y in ys for x in xs], np.int64)


def stitch(windows: Labels, places: NDArray[np.int64], shape: tuple[int, int], overlap: int, pieces: int) -> Stitched:
    """Join the windows of a page. windows: (N, size, size) pieces 1..pieces, numbered over all windows, 0 for none.

    places: where they lie, from `corners` with the same overlap.
    """
    labels, parent = np.zeros(shape, np.int32), np.arange(pieces + 1, dtype=np.int32)
    _stitch(np.ascontiguousarray(windows, np.int32), places, labels, parent, overlap, SHARE, TOUCH)
    return Stitched(labels, parent)


@njit(cache=True, nogil=True)
def _root(parent: Labels, piece: int) -> int:
    while parent[piece] != piece:
        parent[piece] = parent[parent[piece]]  # halves the path for the next one
        piece = parent[piece]
    return piece


@njit(cache=True, nogil=True)
def _add(keys: NDArray[np.int64], values: NDArray[np.int64], key: int, amount: int) -> int:
    """Add to a key's value in a table with open addressing; 1 where the key is new, else 0."""
    mask = len(keys) - 1
    at = ((key * 0x9E3779B1) >> 12) & mask
    while keys[at] != key:
        if keys[at] < 0:
            keys[at], values[at] = key, amount
            return 1
        at = (at + 1) & mask
    values[at] += amount
    return 0


@njit(cache=True, nogil=True)
def _grown(keys: NDArray[np.int64], values: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    new_keys, new_values = np.full(2 * len(keys), -1, np.int64), np.zeros(2 * len(keys), np.int64)
    for i in range(len(keys)):
        if keys[i] >= 0:
            _add(new_keys, new_values, keys[i], values[i])
    return new_keys, new_values


@njit(cache=True, nogil=True)
def _lay(
    window: Labels, labels: Labels, y0: int, x0: int, overlap: int, first: tuple[bool, bool], many: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Write a window's pieces where no older window has one; what they share with older ones.

    Returns a table from older * many + own to pixels where they meet, 0 being no piece: pixels of both, or, without an
    overlap, pairs of pixels across the border. first: whether there is no window above, none on the left.
    """
    keys, values, used = np.full(256, -1, np.int64), np.zeros(256, np.int64), 0
    height, width = labels.shape
    low, end = max(0, -x0), min(len(window), width - x0)
    for y in range(max(0, -y0), min(len(window), height - y0)):
        row, own = labels[y0 + y, x0 + low : x0 + end], window[y, low:end]
        above = not first[0] and y < max(overlap, 1)
        covered = len(own) if above else 0 if first[1] else min(max(overlap, 1), len(own))
        older, last, mine, run = row, 0, 0, 0
        for side in range(2):  # without an overlap a pixel may meet one above and one on the left
            if overlap == 0:
                covered = 0 if first[1] else 1
                older = labels[y0 + y, x0 - covered : x0]
                if side == 0:
                    covered = len(own) if above else 0
                    older = labels[y0 + y - above, x0 + low : x0 + end]
            for x in range(covered if overlap == 0 or side == 0 else 0):
                if older[x] == last and own[x] == mine:
                    run += 1
                    continue
                used += _add(keys, values, int(last) * many + mine, run)
                last, mine, run = older[x], own[x], 1
                if 2 * used > len(keys):
                    keys, values = _grown(keys, values)
        used += _add(keys, values, int(last) * many + mine, run)
        whole = covered if overlap else 0
        for x in range(whole):
            if row[x] == 0:
                row[x] = own[x]
        row[whole:] = own[whole:]
    return keys, values


@njit(cache=True, nogil=True)
def _join(
    keys: NDArray[np.int64],
    values: NDArray[np.int64],
    parent: Labels,
    sizes: NDArray[np.int64],
    overlap: int,
    share: float,
    touch: int,
) -> None:
    """Make one of the pieces that meet enough. sizes: (pieces + 1,) zeros, and zeros again afterwards."""
    many = len(parent)
    for i in range(len(keys)):
        if keys[i] > 0:
            sizes[keys[i] // many] += values[i]
            sizes[keys[i] % many] += values[i]
    for i in range(len(keys)):
        old, own = keys[i] // many, keys[i] % many
        if keys[i] < 0 or old == 0 or own == 0:
            continue
        least = touch if overlap == 0 else share * min(sizes[old], sizes[own])
        if values[i] >= least:
            one, other = _root(parent, old), _root(parent, own)
            parent[max(one, other)] = min(one, other)
    for i in range(len(keys)):
        if keys[i] >= 0:
            sizes[keys[i] // many] = sizes[keys[i] % many] = 0


@njit(cache=True, nogil=True)
def _stitch(
    windows: Labels,
    places: NDArray[np.int64],
    labels: Labels,
    parent: Labels,
    overlap: int,
    share: float,
    touch: int,
) -> None:
    """Lay all windows down, and make `parent` the word of each piece and `labels` that of each pixel."""
    sizes = np.zeros(len(parent), np.int64)
    for k in range(len(windows)):
        y0, x0 = places[k]
        first = (y0 == places[0, 0], x0 == places[0, 1])
        keys, values = _lay(windows[k], labels, y0, x0, overlap, first, len(parent))
        _join(keys, values, parent, sizes, overlap, share, touch)
    words, number = np.zeros(len(parent), np.int32), 0
    for piece in range(1, len(parent)):
        root = _root(parent, piece)  # never above the piece
        if root == piece:
            number += 1
            words[piece] = number
        else:
            words[piece] = words[root]
    parent[:] = words
    flat = labels.ravel()
    for i in range(len(flat)):
        if flat[i]:
            flat[i] = words[flat[i]]
