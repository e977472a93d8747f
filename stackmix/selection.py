"""Which instances of which pieces write a word: one dynamic programme over all candidates of a hand.

As unit selection in speech synthesis (Hunt and Black 1996): a target cost for each piece (long pieces are cheap, sure
letters, letters from the same place in a word that had the same neighbours there), a join cost for each seam (strokes
that meet at one height, with one slope and thickness, or white on both sides; one hand), and the cheapest chain
of pieces from the first letter to the last. A temperature adds random costs, so that equal texts differ.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from stackmix.pieces import find_key, key_of
from stackmix.types import MAX_PIECE

CANDIDATES = 10  # instances of a piece that are weighed, evenly spread over all there are
PIECE_COST = 1.0
PLACE_COST = 0.35  # a medial letter at a word's end, or the other way round
CONTEXT_COST = 0.5  # a letter that had another neighbour where it comes from, on each side
DOUBT_COST = 2.5  # for a piece whose least sure letter has score 0
JITTER = 0.5  # the largest random cost, at temperature 1
PARTED_COST = 1.0  # white at a seam: it hides best, and without a cost hardly a stroke would run on
TOUCHING = 0.09  # x-heights of white below which a letter was cut from one that it touched
TOUCHING_COST = 1.0  # for each such side at a seam
BROKEN_COST = 5.0  # a stroke that ends in the air at a seam
HEIGHT_COST = 3.0  # an x-height between the strokes that meet
SLOPE_COST = 0.4  # a stroke that goes on 45 degrees steeper
THICKNESS_COST = 0.4  # a stroke that goes on twice as thick, or half
WRITER_COST = 1.0  # another hand
STYLE_COST = 3.0  # a hand that leans by one more, or whose strokes are an x-height wider


@njit(cache=True, inline="always")
def next_random(state: NDArray[np.uint64]) -> np.uint64:
    """The next number of splitmix64 (Steele, Lea and Flood 2014); state: (1,) uint64, moved on in place."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@njit(cache=True, inline="always")
def uniform(state: NDArray[np.uint64]) -> float:
    """The next random number in 0..1."""
    return (next_random(state) >> np.uint64(11)) / 9007199254740992.0


class Stock(NamedTuple):
    """What candidates are drawn from: arrays of `PieceIndex`, `LetterLibrary` and `Rack`.

    starts: (N+1,) first letter of each sample. For each letter of the library: places, `places_in` its text; codes;
    scores. For each border: joins, gaps. styles: (hands, 2) of `rack.styles_of`. For each sample: same_text, a number
    that is equal where texts are; writers.
    """

    keys: NDArray[np.uint64]
    key_starts: NDArray[np.int32]
    slots: NDArray[np.int32]
    entry_sample: NDArray[np.int32]
    entry_position: NDArray[np.int16]
    entry_writer: NDArray[np.int32]
    starts: NDArray[np.int64]
    places: NDArray[np.uint8]
    codes: NDArray[np.uint8]
    scores: NDArray[np.float32]
    joins: NDArray[np.float32]
    gaps: NDArray[np.int16]
    x_height: float
    styles: NDArray[np.float32]
    same_text: NDArray[np.int32]
    writers: NDArray[np.int32]


class Choice(NamedTuple):
    """How pieces are chosen. longest: letters in a piece at most. mixed: from any hand, not from one. temperature: 0
    for the cheapest chain of all. shunned: the `Stock.same_text` that no piece is taken from, -1 for none.
    """

    longest: int
    mixed: bool
    temperature: float
    shunned: int


@njit(cache=True)
def places_of(wordly: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """(L,) where each letter stands in its word: 1 first, 2 last, 3 both, 0 between.

    wordly: (L,) whether a letter is one of a word; signs bound words as spaces do.
    """
    places = np.zeros(len(wordly), np.uint8)
    for k in range(len(wordly)):
        if k == 0 or not wordly[k - 1]:
            places[k] |= 1
        if k == len(wordly) - 1 or not wordly[k + 1]:
            places[k] |= 2
    return places


def places_in(text: str) -> NDArray[np.uint8]:
    """`places_of` the letters of a text: places_in("ab.") -> [1, 2, 2]."""
    return places_of(np.fromiter(map(str.isalnum, text), np.bool_, len(text)))


@njit(cache=True)
def _first_of(entry_writer: NDArray[np.int32], low: int, high: int, writer: int) -> int:
    """The first of the entries low..high, sorted by writer, that is not of an earlier writer."""
    while low < high:
        middle = (low + high) // 2
        if entry_writer[middle] < writer:
            low = middle + 1
        else:
            high = middle
    return low


@njit(cache=True)
def _range(stock: Stock, place: int, hands: NDArray[np.int32], length: int, mixed: bool) -> tuple[int, int]:
    """Entries of a piece: of all hands where mixed; by the first hand; of a single letter by the first that has it."""
    low, end = int(stock.key_starts[place]), int(stock.key_starts[place + 1])
    if mixed:
        return low, end
    for h in range(len(hands) if length == 1 else 1):
        begin = _first_of(stock.entry_writer, low, end, hands[h])
        stop = _first_of(stock.entry_writer, begin, end, hands[h] + 1)
        if stop > begin:
            return begin, stop
    return 0, 0


@njit(cache=True)
def _target(
    stock: Stock, codes: NDArray[np.uint8], places: NDArray[np.uint8], i: int, length: int, sample: int, position: int
) -> float:
    """What it costs to write codes[i : i + length] with a piece, whatever stands beside it."""
    first = stock.starts[sample] + position
    last = first + length - 1
    misplaced = ((stock.places[first] ^ places[i]) & 1) + ((stock.places[last] ^ places[i + length - 1]) & 2) // 2
    before = stock.codes[first - 1] if position > 0 else np.uint8(0)
    after = stock.codes[last + 1] if last + 1 < stock.starts[sample + 1] else np.uint8(0)
    strange = int(before != (codes[i - 1] if i > 0 else 0)) + int(
        after != (codes[i + length] if i + length < len(codes) else 0)
    )
    surety = np.float32(1)
    for k in range(first, last + 1):
        surety = min(surety, stock.scores[k])
    border, least = first + sample, TOUCHING * stock.x_height
    touching = int(i > 0 and stock.gaps[border] < least)
    touching += int(i + length < len(codes) and stock.gaps[border + length] < least)
    of_place = PLACE_COST * misplaced + CONTEXT_COST * strange
    return PIECE_COST + of_place + DOUBT_COST * (1 - surety) + TOUCHING_COST * touching


@njit(cache=True, inline="always")
def _meeting(right: NDArray[np.float32], left: NDArray[np.float32], x_height: float) -> float:
    """What it costs that a stroke (row, slope, thickness) leaves one piece and arrives so at the next."""
    if (right[2] > 0) != (left[2] > 0):
        return BROKEN_COST
    if right[2] == 0:
        return PARTED_COST
    bolder = abs(right[2] - left[2]) / min(right[2], left[2])
    return (
        HEIGHT_COST * abs(right[0] - left[0]) / x_height
        + SLOPE_COST * abs(right[1] - left[1])
        + THICKNESS_COST * min(bolder, 1.0)
    )


@njit(cache=True)
def select(
    codes: NDArray[np.uint8],
    places: NDArray[np.uint8],
    choice: Choice,
    hands: NDArray[np.int32],
    state: NDArray[np.uint64],
    stock: Stock,
) -> NDArray[np.int32]:
    """(P, 3) sample, first letter and length of the pieces that write one word, in order.

    codes, places: (L,) of the word. hands: writers to take letters from, the one wanted first, then the ones most like
    it. state: of `next_random`. A letter that no hand has leaves an empty result.
    """
    count = len(codes)
    room = count * MAX_PIECE * CANDIDATES
    nodes = np.empty((room, 4), np.int32)  # sample, position, length, node before
    sides = np.empty((room, 4), np.float32)  # the stroke over the right border
    cost = np.empty(room)
    ending = np.empty((count + 1, MAX_PIECE * CANDIDATES), np.int32)
    ends = np.zeros(count + 1, np.int32)
    made = 0
    for i in range(count):
        if i > 0 and ends[i] == 0:
            continue
        for length in range(1, min(choice.longest, count - i, MAX_PIECE) + 1):
            place = find_key(key_of(codes, i, length), stock.keys, stock.slots)
            if place < 0:
                break
            low, high = _range(stock, place, hands, length, choice.mixed)
            drawn = min(CANDIDATES, high - low)
            offset = uniform(state) * (high - low)
            for draw in range(drawn):
                entry = low + (int(offset) + draw * (high - low) // drawn) % (high - low)
                for _ in range(high - low):  # a shunned sample gives way to the next one that is not
                    if stock.same_text[stock.entry_sample[entry]] != choice.shunned:
                        break
                    entry = low + (entry + 1 - low) % (high - low)
                sample, position = int(stock.entry_sample[entry]), int(stock.entry_position[entry])
                if stock.same_text[sample] == choice.shunned:
                    break
                target = _target(stock, codes, places, i, length, sample, position)
                target += choice.temperature * JITTER * uniform(state)
                border = stock.starts[sample] + sample + position
                best, before = 0.0, -1
                if i > 0:
                    best, before = _before(stock, nodes, sides, cost, ending[i, : ends[i]], stock.joins[border], sample)
                nodes[made, 0], nodes[made, 1], nodes[made, 2], nodes[made, 3] = sample, position, length, before
                sides[made] = stock.joins[border + length]
                cost[made] = best + target
                ending[i + length, ends[i + length]] = made
                ends[i + length] += 1
                made += 1
    return _chain(nodes, cost, ending[count, : ends[count]])


@njit(cache=True)
def _before(
    stock: Stock,
    nodes: NDArray[np.int32],
    sides: NDArray[np.float32],
    cost: NDArray[np.float64],
    ending: NDArray[np.int32],
    left: NDArray[np.float32],
    sample: int,
) -> tuple[float, int]:
    """The cheapest way on from one of the nodes `ending` to a piece of a sample with a stroke over its left border."""
    best, before = np.inf, -1
    writer = stock.writers[sample]
    least = 0.0 if left[2] > 0 else PARTED_COST
    for last in ending:
        if cost[last] + least >= best:
            continue
        join = cost[last] + _meeting(sides[last], left, stock.x_height)
        other = stock.writers[nodes[last, 0]]
        if other != writer:
            apart = abs(stock.styles[other, 0] - stock.styles[writer, 0])
            apart += abs(stock.styles[other, 1] - stock.styles[writer, 1])
            join += WRITER_COST + STYLE_COST * apart
        if join < best:
            best, before = join, last
    return best, before


@njit(cache=True)
def _chain(nodes: NDArray[np.int32], cost: NDArray[np.float64], last: NDArray[np.int32]) -> NDArray[np.int32]:
    """(P, 3) pieces of the cheapest chain that ends in one of the last nodes."""
    if len(last) == 0:
        return np.empty((0, 3), np.int32)
    node = last[0]
    for other in last:
        if cost[other] < cost[node]:
            node = other
    length, walk = 0, node
    while walk >= 0:
        length, walk = length + 1, nodes[walk, 3]
    pieces = np.empty((length, 3), np.int32)
    for k in range(length - 1, -1, -1):
        pieces[k] = nodes[node, :3]
        node = nodes[node, 3]
    return pieces
