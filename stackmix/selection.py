"""Which instances of which pieces write a word: one dynamic programme over randomly drawn candidates.

As unit selection in speech synthesis (Hunt and Black 1996): a target cost for each piece (long pieces are cheap, and
letters from the same place in a word), a join cost for each seam (strokes that meet at one height, or empty columns on
both sides), and the cheapest chain of pieces from the first letter to the last.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from stackmix.pieces import find_key, key_of
from stackmix.types import MAX_PIECE

CANDIDATES = 4  # instances drawn of each piece
PIECE_COST = 1.0
PLACE_COST = 0.35  # a medial letter at a word's end, or the other way round
BROKEN_COST = 0.7  # a stroke that ends in the air at a seam
JITTER = 0.5  # random cost, so that equal texts differ


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
    """What candidates are drawn from: arrays of `PieceIndex`, the letters' `places`, `Rack.crossings` and its x_height.

    starts: (N+1,) first letter of each sample. places: for each letter of the library its `places_in` word.
    same_text: (N,) a number for each sample's text, equal where texts are.
    """

    keys: NDArray[np.uint64]
    key_starts: NDArray[np.int32]
    slots: NDArray[np.int32]
    entry_sample: NDArray[np.int32]
    entry_position: NDArray[np.int16]
    entry_writer: NDArray[np.int32]
    starts: NDArray[np.int64]
    places: NDArray[np.uint8]
    crossings: NDArray[np.float32]
    x_height: float
    same_text: NDArray[np.int32]


def places_in(text: str) -> NDArray[np.uint8]:
    """(L,) where each letter stands in its word: 1 first, 2 last, 3 both, 0 between; signs bound words as spaces do."""
    inner = np.array([False, *(c.isalnum() for c in text), False])
    return (~inner[:-2] * 1 + ~inner[2:] * 2).astype(np.uint8)


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
def _range(stock: Stock, place: int, hands: NDArray[np.int32], length: int) -> tuple[int, int]:
    """Entries of a piece by the first hand; of a single letter by the first hand that has it."""
    for h in range(len(hands) if length == 1 else 1):
        end = stock.key_starts[place + 1]
        low = _first_of(stock.entry_writer, stock.key_starts[place], end, hands[h])
        high = _first_of(stock.entry_writer, low, end, hands[h] + 1)
        if high > low:
            return low, high
    return 0, 0


@njit(cache=True)
def _join(
    stock: Stock, nodes: NDArray[np.int32], cost: NDArray[np.float64], ending: NDArray[np.int32], here: float
) -> tuple[float, int]:
    """The cheapest way on from one of the nodes `ending` to a piece whose left border is crossed at row `here`."""
    best, before = np.inf, -1
    for last in ending:
        s = nodes[last, 0]
        there = stock.crossings[stock.starts[s] + s + nodes[last, 1] + nodes[last, 2]]
        join = abs(here - there) / stock.x_height if (here < 0) == (there < 0) else BROKEN_COST
        if cost[last] + join < best:
            best, before = cost[last] + join, last
    return best, before


@njit(cache=True)
def select(
    codes: NDArray[np.uint8],
    places: NDArray[np.uint8],
    longest: int,
    hands: NDArray[np.int32],
    state: NDArray[np.uint64],
    stock: Stock,
    shunned: int = -1,
) -> NDArray[np.int32]:
    """(P, 3) sample, first letter and length of the pieces that write one word, in order.

    codes, places: (L,) of the word. longest: letters in a piece at most. hands: writers to take letters from, the one
    wanted first, then the ones most like it. state: of `next_random`. shunned: the `same_text` no piece is taken from,
    -1 for none. A letter that no hand has leaves an empty result.
    """
    count = len(codes)
    nodes = np.empty((count * MAX_PIECE * CANDIDATES, 4), np.int32)  # sample, position, length, node before
    cost = np.empty(len(nodes))
    ending = np.empty((count + 1, MAX_PIECE * CANDIDATES), np.int32)
    ends = np.zeros(count + 1, np.int32)
    made = 0
    for i in range(count):
        for length in range(1, min(longest, count - i, MAX_PIECE) + 1):
            place = find_key(key_of(codes, i, length), stock.keys, stock.slots)
            if place < 0:
                break
            low, high = _range(stock, place, hands, length)
            for _ in range(min(CANDIDATES, high - low)):
                entry = low + np.int64(next_random(state) % np.uint64(high - low))
                for _ in range(high - low):  # a shunned sample gives way to the next one that is not
                    if stock.same_text[stock.entry_sample[entry]] != shunned:
                        break
                    entry = low + (entry + 1 - low) % np.int64(high - low)
                sample, position = stock.entry_sample[entry], np.int64(stock.entry_position[entry])
                if stock.same_text[sample] == shunned:
                    continue
                letter = stock.starts[sample] + position
                misplaced = (stock.places[letter] ^ places[i]) & 1
                misplaced += ((stock.places[letter + length - 1] ^ places[i + length - 1]) & 2) // 2
                target = PIECE_COST + JITTER * uniform(state) + PLACE_COST * misplaced
                best, before = 0.0, -1
                if i > 0:
                    best, before = _join(stock, nodes, cost, ending[i, : ends[i]], stock.crossings[letter + sample])
                if best < np.inf:
                    nodes[made, 0], nodes[made, 1], nodes[made, 2], nodes[made, 3] = sample, position, length, before
                    cost[made] = best + target
                    ending[i + length, ends[i + length]] = made
                    ends[i + length] += 1
                    made += 1
    return _chain(nodes, cost, ending[count, : ends[count]])


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
