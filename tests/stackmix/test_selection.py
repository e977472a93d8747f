"""Choice of pieces against every chain there is, the random numbers against their published ones."""

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackmix.library import LetterLibrary
from stackmix.selection import (
    BROKEN_COST,
    CANDIDATES,
    JITTER,
    PIECE_COST,
    PLACE_COST,
    next_random,
    places_in,
    select,
    uniform,
)
from stackmix.synthesis import Stacker
from stackmix.types import MAX_PIECE

MASK = 2**64 - 1


class Plain:
    """splitmix64 with Python's own integers."""

    def __init__(self, seed: int) -> None:
        self.state = seed

    def next(self) -> int:
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    def uniform(self) -> float:
        return (self.next() >> 11) / 2**53


def test_random_numbers_are_the_published_ones() -> None:
    state = np.array([1234567], np.uint64)  # the usual test vector of splitmix64
    wanted = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821]
    assert [int(next_random(state)) for _ in wanted] == wanted


@settings(deadline=None)
@given(st.integers(0, MASK))
def test_uniform_is_splitmix_in_0_to_1(seed: int) -> None:
    state, plain = np.array([seed], np.uint64), Plain(seed)
    for _ in range(4):
        found = uniform(state)
        assert found == plain.uniform() and 0 <= found < 1


@pytest.mark.parametrize(
    ("text", "places"),
    [("", []), ("a", [3]), ("ab", [1, 2]), ("abc", [1, 0, 2]), ("ab.", [1, 2, 2]), ("ёж 7я", [1, 2, 0, 1, 2])],
)
def test_places_in_words(text: str, places: list[int]) -> None:
    assert places_in(text).tolist() == places


@pytest.fixture(scope="module")
def stacker(sample_of: Callable) -> Stacker:
    """Three hands: one with joined letters, one with parted ones, one that alone has `k`."""
    samples = [sample_of(w, "anna", gap=6, joined=True) for w in ("abba", "bad", "dab", "a", "add")]
    samples += [sample_of(w, "boris") for w in ("abad", "bab", "d")]
    samples += [sample_of(w, "clara", unit=30) for w in ("kab", "a")]
    return Stacker(LetterLibrary.build(samples, "train"), 48)


class Node:
    """A drawn candidate: letters first .. first + length of the text from a place in the library."""

    def __init__(self, stacker: Stacker, first: int, length: int, sample: int, position: int, target: float) -> None:
        self.first, self.end, self.target, self.piece = first, first + length, target, (sample, position, length)
        base = stacker.library.starts[sample] + sample + position
        self.left, self.right = (float(stacker.rack.crossings[b]) for b in (base, base + length))


def draw_nodes(stacker: Stacker, text: str, longest: int, hands: list[int], seed: int) -> list[Node]:
    """The candidates that are drawn, by walking over the library's texts."""
    library, random, nodes = stacker.library, Plain(seed), []
    places = places_in(text)
    for first in range(len(text)):
        for length in range(1, min(longest, MAX_PIECE, len(text) - first) + 1):
            piece = text[first : first + length]
            entries = []
            for hand in hands if length == 1 else hands[:1]:
                own = [s for s in range(len(library)) if library.writers[s] == hand]
                entries = [(s, p) for s in own for p in range(99) if library.texts[s].startswith(piece, p)]
                if entries:
                    break
            for _ in range(min(CANDIDATES, len(entries))):
                sample, position = entries[random.next() % len(entries)]
                there = places_in(library.texts[sample])
                wrong = int((there[position] & 1) != (places[first] & 1))
                wrong += int((there[position + length - 1] & 2) != (places[first + length - 1] & 2))
                target = PIECE_COST + JITTER * random.uniform() + PLACE_COST * wrong
                nodes.append(Node(stacker, first, length, sample, position, target))
    return nodes


def chains(nodes: list[Node], start: int, end: int) -> Iterator[list[Node]]:
    if start == end:
        yield []
    for node in nodes:
        if node.first == start:
            yield from ([node, *rest] for rest in chains(nodes, node.end, end))


def cost_of(chain: list[Node], x_height: float) -> float:
    cost = sum(node.target for node in chain)
    for before, after in pairwise(chain):
        crossed = before.right >= 0, after.left >= 0
        cost += abs(before.right - after.left) / x_height if crossed[0] == crossed[1] else BROKEN_COST
    return cost


@settings(max_examples=40, deadline=None)
@given(
    text=st.text("abdk", min_size=1, max_size=4),
    longest=st.integers(1, 8),
    hands=st.permutations([0, 1, 2]),
    seed=st.integers(0, MASK),
)
def test_the_cheapest_of_all_chains_is_chosen(
    stacker: Stacker, text: str, longest: int, hands: list[int], seed: int
) -> None:
    codes = stacker.library.index.encode(text)
    state = np.array([seed], np.uint64)
    found = select(codes, places_in(text), longest, np.array(hands, np.int32), state, stacker.stock)
    nodes = draw_nodes(stacker, text, longest, hands, seed)
    best = min(chains(nodes, 0, len(text)), key=lambda chain: cost_of(chain, stacker.rack.x_height))
    assert [tuple(piece) for piece in found.tolist()] == [node.piece for node in best]


def test_joined_hand_has_crossings_and_parted_hand_none(stacker: Stacker) -> None:
    library = stacker.library
    for sample, text in enumerate(library.texts):
        base = library.starts[sample] + sample
        inner = stacker.rack.crossings[base + 1 : base + len(text)]
        joined = library.writer_names[library.writers[sample]] == "anna"
        assert ((inner >= 0) == joined).all()
        assert stacker.rack.crossings[base] == stacker.rack.crossings[base + len(text)] == -1


def test_letter_that_no_hand_has_leaves_nothing(stacker: Stacker) -> None:
    codes = stacker.library.index.encode("abxa")
    hands = np.arange(3, dtype=np.int32)
    assert select(codes, places_in("abxa"), 3, hands, np.zeros(1, np.uint64), stacker.stock).shape == (0, 3)
    only = np.array([1], np.int32)  # boris has no k
    kab = stacker.library.index.encode("kab")
    assert len(select(kab, places_in("kab"), 3, only, np.zeros(1, np.uint64), stacker.stock)) == 0
