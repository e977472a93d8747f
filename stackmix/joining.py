"""Pieces laid side by side so that they meet as one hand's strokes do.

A piece goes border on border with the one before. Where strokes meet over a border, both pieces bend up or down near
it, each half of the way; where ink meets ink the darker wins, so no edge of a box can show. A piece of another hand is
leaned and made bolder or thinner as the word's hand writes.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from stackmix.outlines import NOWHERE, restyled, white_between
from stackmix.rack import Rack
from stackmix.selection import uniform

MAX_SPACING = 0.5  # pieces are moved together or apart by at most, in x-heights
GAP = (0.65, 1.25)  # between words, in x-heights
MARGIN = 0.3  # around the whole
BEND = 0.5  # how far from a border a piece bends
MAX_BEND = 0.15  # up or down
DRIFT = 0.04  # the most that a word of a line stands higher or lower than the one before
WANDER = 0.12  # the most that it stands off the line


@njit(cache=True)
def plan(
    pieces: NDArray[np.int32],
    rack: Rack,
    starts: NDArray[np.int64],
    state: NDArray[np.uint64],
    letters: int,
    wanders: bool,
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Where every piece goes: (P, 4) columns to the right from its sample to the image, rows down, and rows that it
    bends down by at its left and its right border; and borders (letters + 1,) of the result.

    pieces: (P, 4) sample, first letter, length, 1 where a space stands before. wanders: whether the words leave the
    baseline.
    """
    found = np.zeros((len(pieces), 4), np.float32)
    borders = np.zeros(letters + 1, np.int32)
    x, letter, down = float(round(MARGIN * rack.x_height)), 0, 0.0
    for k in range(len(pieces)):
        sample, position, length, spaced = pieces[k]
        base = starts[sample] + sample
        left, right = rack.borders[base + position], rack.borders[base + position + length]
        before, aside = x, 0.0
        if spaced:
            x += (GAP[0] + (GAP[1] - GAP[0]) * uniform(state)) * rack.x_height
        elif k > 0:
            spacing, aside = _spacing(pieces[k - 1], pieces[k], rack, starts, state)
            x += spacing
        if wanders and (spaced or k == 0):
            step = down + (2 * uniform(state) - 1) * DRIFT * rack.x_height
            down = min(max(step, -WANDER * rack.x_height), WANDER * rack.x_height)
        found[k, 1] = round(down)  # whole rows, which keep strokes sharp
        if k > 0 and not spaced:
            leaves, arrives = rack.joins[_right_border(pieces[k - 1], starts)], rack.joins[base + position]
            if leaves[2] > 0 and arrives[2] > 0:
                most = MAX_BEND * rack.x_height
                bend = min(max((arrives[0] - leaves[0]) / 2, -most), most)
                found[k - 1, 3], found[k, 2] = bend, -bend
        if spaced:
            borders[letter] = round(before)
            letter += 1
        column = round(x)
        borders[letter] = column if spaced or k == 0 else int(np.ceil((before + x) / 2 + aside))
        for j in range(1, length):
            borders[letter + j] = column + rack.borders[base + position + j] - left
        letter += length
        found[k, 0] = column - left
        x = float(column + right - left)
        borders[letter] = int(x)
    for i in range(1, len(borders)):  # a piece that was moved closer may be narrower than that
        borders[i] = max(borders[i], borders[i - 1] + 1)
    return found, borders


@njit(cache=True)
def _spacing(
    before: NDArray[np.int32],
    after: NDArray[np.int32],
    rack: Rack,
    starts: NDArray[np.int64],
    state: NDArray[np.uint64],
) -> tuple[int, float]:
    """Columns to add between two pieces whose borders meet, so that the stroke of one goes on where it arrives at the
    other, or that the white between them is what one of the two had beside it; and how far right of the middle of both
    borders the middle of that white is.
    """
    last, first = starts[before[0]] + before[1] + before[2] - 1, starts[after[0]] + after[1]
    left, right = _right_border(before, starts), first + after[0]
    if rack.joins[left, 2] > 0 and rack.joins[right, 2] > 0:
        return round(rack.joins[left, 3] - rack.joins[right, 3]), 0.0
    leaves, arrives = white_between(rack.profiles[last, 1], rack.profiles[first, 0])
    one, other = int(rack.gaps[left]), int(rack.gaps[right])
    if one == NOWHERE or other == NOWHERE:
        one = other = min(one, other)
    if leaves == NOWHERE or one == NOWHERE:
        return 0, 0.0
    most = round(MAX_SPACING * rack.x_height)
    gap = one if uniform(state) < 0.5 else other
    return min(max(gap - leaves - arrives, -most), most), (arrives - leaves) / 2


@njit(cache=True, inline="always")
def _right_border(piece: NDArray[np.int32], starts: NDArray[np.int64]) -> int:
    return starts[piece[0]] + piece[0] + piece[1] + piece[2]


@njit(cache=True)
def lay(
    pieces: NDArray[np.int32],
    rack: Rack,
    starts: NDArray[np.int64],
    state: NDArray[np.uint64],
    letters: int,
    styles: NDArray[np.float32],
    writers: NDArray[np.int32],
) -> tuple[NDArray[np.uint8], NDArray[np.int32], NDArray[np.int32]]:
    """The light (W, H) of planned pieces, black on white, column by column, its borders (letters + 1,), and the box of
    each word's ink (words, 4): first column, first row, end column, end row.

    styles: (hands, 2) of `rack.styles_of`; the first piece's hand is the word's. writers: (N,) of the samples.
    """
    words = 1
    for k in range(len(pieces)):
        words += pieces[k, 3]
    places, borders = plan(pieces, rack, starts, state, letters, words > 1)
    margin = round(MARGIN * rack.x_height)
    low, high = _columns_of(pieces, places, rack, starts)
    slack = int(np.ceil(_widest_shear(pieces, styles, writers) * rack.height))  # what leans anew reaches further
    room = max(0, margin // 2 - low + slack)  # a leaning tail or ascender reaches beyond its letter's border
    places[:, 0] += room
    borders += room
    width = max(int(borders[-1]) + margin, high + room + slack + margin // 2)
    light = np.full((width, rack.height), 255, np.uint8)
    hand, word = writers[pieces[0, 0]], -1
    boxes = np.empty((words, 4), np.int32)
    for k in range(len(pieces)):
        if k == 0 or pieces[k, 3]:
            word += 1
            boxes[word, 0], boxes[word, 1], boxes[word, 2], boxes[word, 3] = width, rack.height, 0, 0
        own = writers[pieces[k, 0]]
        lean = styles[hand, 0] - styles[own, 0]
        bolder = (styles[hand, 1] - styles[own, 1]) * rack.x_height
        _lay_piece(light, pieces[k], places[k], rack, starts, lean, bolder, boxes[word])
    return light, borders, boxes


@njit(cache=True)
def _widest_shear(pieces: NDArray[np.int32], styles: NDArray[np.float32], writers: NDArray[np.int32]) -> float:
    widest = 0.0
    for k in range(1, len(pieces)):
        widest = max(widest, abs(styles[writers[pieces[0, 0]], 0] - styles[writers[pieces[k, 0]], 0]))
    return widest


@njit(cache=True)
def _columns_of(
    pieces: NDArray[np.int32], places: NDArray[np.float32], rack: Rack, starts: NDArray[np.int64]
) -> tuple[int, int]:
    """First and end column of the ink that a plan lays down."""
    low, high = 2**31, 0
    for k in range(len(pieces)):
        first = starts[pieces[k, 0]] + pieces[k, 1]
        for letter in range(first, first + pieces[k, 2]):
            column = int(places[k, 0]) + rack.borders[letter + pieces[k, 0]] + rack.letters[letter, 0]
            low, high = min(low, column), max(high, column + rack.letters[letter, 1])
    return low, high


@njit(cache=True)
def _lay_piece(
    light: NDArray[np.uint8],
    piece: NDArray[np.int32],
    place: NDArray[np.float32],
    rack: Rack,
    starts: NDArray[np.int64],
    lean: float,
    bolder: float,
    box: NDArray[np.int32],
) -> None:
    """Lay the outlines of a piece's letters into light (W, H), column by column."""
    sample, position, length = piece[0], piece[1], piece[2]
    base = starts[sample] + sample + position
    begin, end = int(rack.borders[base]), int(rack.borders[base + length])
    bends, bent = max(BEND * rack.x_height, 1.0), place[2] != 0 or place[3] != 0
    for j in range(length):
        letter = starts[sample] + position + j
        width, top = int(rack.letters[letter, 1]), int(rack.letters[letter, 2])
        rows = int(rack.letters[letter, 3])
        if width == 0:
            continue
        outline = rack.pixels[rack.at[letter] : rack.at[letter] + width * rows].reshape(width, rows)
        first = int(rack.borders[base + j] + rack.letters[letter, 0])
        if abs(lean) > 0.02 or abs(bolder) > 0.25:
            middle = rack.baseline - rack.x_height / 2 - top
            outline, pad = restyled(outline, lean, bolder, middle)
            first, top = first - pad, top - 1
        for c in range(len(outline)):
            column = first + c
            down = np.float64(place[1])
            if bent:
                near_left = min(max(1 - (column - begin) / bends, 0.0), 1.0)
                near_right = min(max(1 - (end - column) / bends, 0.0), 1.0)
                down += place[2] * _eased(near_left) + place[3] * _eased(near_right)
            x = column + int(place[0])
            if 0 <= x < len(light):
                _lay_column(light[x], outline[c], top, down)
        x, y = first + int(place[0]), top + int(np.floor(place[1]))
        box[0], box[1] = min(box[0], max(x, 0)), min(box[1], max(y, 0))
        box[2], box[3] = max(box[2], x + len(outline)), max(box[3], min(y + outline.shape[1] + 1, light.shape[1]))


@njit(cache=True, inline="always")
def _eased(share: float) -> float:
    """0..1 to 0..1, level at both ends, so that a bent stroke has no kink."""
    return share * share * (3 - 2 * share)


@njit(cache=True, inline="always")
def _lay_column(light: NDArray[np.uint8], column: NDArray[np.uint8], top: int, down: float) -> None:
    """The darker of both, the column's first row at `top + down`; between rows by the spline of Catmull and Rom (1974),
    which keeps strokes sharp where a straight line would blur them.
    """
    steps = int(np.floor(down * 16 + 0.5))  # sixteenths of a row
    first, part, rows = top + (steps >> 4), steps & 15, len(column)
    if part == 0:
        begin = max(0, -first)
        end = max(begin, min(rows, len(light) - first))
        over, under = column[begin:end], light[first + begin : first + end]
        for y in range(len(over)):
            under[y] = min(under[y], over[y])
        return
    weights = _catmull_rom(part)
    begin = max(0, -first)
    end = max(begin, min(rows + 1, len(light) - first))
    inner = min(max(begin, 2), end)
    outer = max(inner, min(rows - 1, end))
    for y in range(begin, inner):
        light[first + y] = min(light[first + y], _between(column, y, weights))
    if outer > inner:  # without a look at the ends: it becomes vector code
        _spline(light[first + inner : first + outer], column[inner - 2 : outer + 2], weights)
    for y in range(outer, end):
        light[first + y] = min(light[first + y], _between(column, y, weights))


@njit(cache=True, inline="always")
def _catmull_rom(part: int) -> tuple[np.float32, np.float32, np.float32, np.float32]:
    """Weights, in 8192ths, of rows y - 2 to y + 1 for a column that is moved down by part / 16 of a row.

    They are whole numbers, and so are their sums of products with grey levels, which a float32 holds exactly.
    """
    t, square, cube = 256 * part, 16 * part * part, part * part * part  # in 4096ths
    return (
        np.float32(cube - square),
        np.float32(t + 4 * square - 3 * cube),
        np.float32(8192 - 5 * square + 3 * cube),
        np.float32(2 * square - t - cube),
    )


@njit(cache=True, inline="always")
def _spline(
    light: NDArray[np.uint8], column: NDArray[np.uint8], weights: tuple[np.float32, np.float32, np.float32, np.float32]
) -> None:
    """The darker of light (N,) and of the spline through column (N + 3,), whose row 2 is moved towards row 0."""
    above, over, here, under = weights
    for y in range(len(light)):
        value = above * np.float32(column[y]) + over * np.float32(column[y + 1])
        value += here * np.float32(column[y + 2]) + under * np.float32(column[y + 3])
        light[y] = min(light[y], _grey(value))


@njit(cache=True, inline="always")
def _grey(value: np.float32) -> np.uint8:
    """A grey level, rounded and held to 0..255, of one in 8192ths."""
    rounded = (value + np.float32(4096)) * np.float32(1 / 8192)
    return np.uint8(min(max(rounded, np.float32(0)), np.float32(255)))


@njit(cache=True)
def _between(
    column: NDArray[np.uint8], y: int, weights: tuple[np.float32, np.float32, np.float32, np.float32]
) -> np.uint8:
    """The light of a column of white beyond its ends, weighed over rows y - 2 to y + 1."""
    value = np.float32(0)
    for k in range(4):
        row = y - 2 + k
        value += weights[k] * np.float32(column[row] if 0 <= row < len(column) else 255)
    return _grey(value)
