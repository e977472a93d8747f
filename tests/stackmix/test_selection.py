"""Choice of pieces against every chain there is, the random numbers against their published ones."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackmix.library import LetterLibrary
from stackmix.selection import (
    BROKEN_COST,
    CANDIDATES,
    CONTEXT_COST,
    DOUBT_COST,
    HEIGHT_COST,
    JITTER,
    PARTED_COST,
    PIECE_COST,
    PLACE_COST,
    SLOPE_COST,
    STYLE_COST,
    THICKNESS_COST,
    TOUCHING,
    TOUCHING_COST,
    WRITER_COST,
    Choice,
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
    """Three hands: one with joined letters, one with parted ones, one that alone has `k`; some letters are unsure."""
    samples = [sample_of(w, "anna", gap=6, joined=True) for w in ("abba", "bad", "dab", "a", "add")]
    samples += [sample_of(w, "boris") for w in ("abad", "bab", "d")]
    samples += [sample_of(w, "clara", unit=30) for w in ("kab", "a")]
    rng = np.random.default_rng(0)
    samples = [replace(s, scores=rng.uniform(0.5, 1, len(s.text)).astype(np.float32)) for s in samples]
    return Stacker(LetterLibrary.build(samples, "train"), 48)


class Node:
    """A drawn candidate: letters first .. first + length of the text from a place in the library."""

    def __init__(self, stacker: Stacker, first: int, length: int, sample: int, position: int, target: float) -> None:
        self.first, self.end, self.target, self.piece = first, first + length, target, (sample, position, length)
        base = stacker.library.starts[sample] + sample + position
        self.left, self.right = (stacker.rack.joins[b].astype(float) for b in (base, base + length))
        self.writer = int(stacker.library.writers[sample])


def target_of(stacker: Stacker, text: str, first: int, length: int, sample: int, position: int) -> float:
    """The cost of a piece by itself, from the texts."""
    library, whole = stacker.library, stacker.library.texts[sample]
    there, places = places_in(whole), places_in(text)
    wrong = int((there[position] & 1) != (places[first] & 1))
    wrong += int((there[position + length - 1] & 2) != (places[first + length - 1] & 2))
    ours, theirs = f" {text} ", f" {whole} "
    strange = (ours[first] != theirs[position]) + (ours[first + length + 1] != theirs[position + length + 1])
    start = library.starts[sample] + position
    cut = [position] * (first > 0) + [position + length] * (first + length < len(text))
    least, base = TOUCHING * stacker.rack.x_height, library.starts[sample] + sample
    touching = sum(int(stacker.rack.gaps[base + border]) < least for border in cut)
    doubt = 1 - float(library.scores[start : start + length].min())
    own = PLACE_COST * wrong + CONTEXT_COST * strange + DOUBT_COST * doubt + TOUCHING_COST * touching
    return PIECE_COST + own


def draw_nodes(stacker: Stacker, text: str, choice: Choice, hands: list[int], seed: int) -> list[Node]:
    """The candidates that are drawn, by walking over the library's texts."""
    library, random, nodes = stacker.library, Plain(seed), []
    ends = {0}
    for first in range(len(text)):
        if first not in ends:
            continue
        for length in range(1, min(choice.longest, MAX_PIECE, len(text) - first) + 1):
            piece = text[first : first + length]
            if not any(piece in whole for whole in library.texts):
                break
            entries = []
            for some in [hands] if choice.mixed else [[hand] for hand in (hands if length == 1 else hands[:1])]:
                own = sorted(
                    (s for s in range(len(library)) if library.writers[s] in some), key=library.writers.__getitem__
                )
                entries = [(s, p) for s in own for p in range(99) if library.texts[s].startswith(piece, p)]
                if entries:
                    break
            drawn = min(CANDIDATES, len(entries))
            offset = int(random.uniform() * len(entries))
            for k in range(drawn):
                sample, position = entries[(offset + k * len(entries) // drawn) % len(entries)]
                target = target_of(stacker, text, first, length, sample, position)
                target += choice.temperature * JITTER * random.uniform()
                nodes.append(Node(stacker, first, length, sample, position, target))
                ends.add(first + length)
    return nodes


def chains(nodes: list[Node], start: int, end: int) -> Iterator[list[Node]]:
    if start == end:
        yield []
    for node in nodes:
        if node.first == start:
            yield from ([node, *rest] for rest in chains(nodes, node.end, end))


def join_cost(stacker: Stacker, before: Node, after: Node) -> float:
    cost = 0.0
    if before.writer != after.writer:
        styles = stacker.hands.styles.astype(float)
        cost += WRITER_COST + STYLE_COST * np.abs(styles[before.writer] - styles[after.writer]).sum()
    (row, slope, thickness, _), (row2, slope2, thickness2, _) = before.right, after.left
    if (thickness > 0) != (thickness2 > 0):
        return cost + BROKEN_COST
    if thickness == 0:
        return cost + PARTED_COST
    bolder = min(1.0, max(thickness, thickness2) / min(thickness, thickness2) - 1)
    steeper, higher = abs(slope - slope2), abs(row - row2) / stacker.rack.x_height
    return cost + HEIGHT_COST * higher + SLOPE_COST * steeper + THICKNESS_COST * bolder


def cost_of(chain: list[Node], stacker: Stacker) -> float:
    joins = sum(join_cost(stacker, before, after) for before, after in pairwise(chain))
    return sum(node.target for node in chain) + joins


@settings(max_examples=60, deadline=None)
@given(
    text=st.text("abdk", min_size=1, max_size=4),
    longest=st.integers(1, 8),
    hands=st.permutations([0, 1, 2]),
    mixed=st.booleans(),
    temperature=st.sampled_from([0.0, 1.0, 3.0]),
    seed=st.integers(0, MASK),
)
def test_the_cheapest_of_all_chains_is_chosen(
    stacker: Stacker, text: str, longest: int, hands: list[int], mixed: bool, temperature: float, seed: int
) -> None:
    codes = stacker.library.index.encode(text)
    state, choice = np.array([seed], np.uint64), Choice(longest, mixed, temperature, -1)
    places = places_in(text)
    found = select(codes, places, choice, np.array(hands, np.int32), state, stacker.stock)
    nodes = draw_nodes(stacker, text, choice, hands, seed)
    best = min(cost_of(chain, stacker) for chain in chains(nodes, 0, len(text)))
    by_piece = {(node.first, *node.piece): node for node in nodes}
    ends = np.concatenate([[0], np.cumsum(found[:, 2])])
    chain = [by_piece[int(first), *piece] for first, piece in zip(ends, found.tolist(), strict=False)]
    assert ends[-1] == len(text)
    assert cost_of(chain, stacker) == pytest.approx(best, abs=1e-5)


def test_candidates_are_spread_over_all_instances(sample_of: Callable) -> None:
    """Far more instances than are weighed at once: over many seeds each of them is taken."""
    samples = [sample_of("a", "anna", id=f"a{k}") for k in range(5 * CANDIDATES)]
    stacker = Stacker(LetterLibrary.build(samples, "train"), 32)
    seen = {stacker.stack("a", np.random.default_rng(seed)).pieces[0][0] for seed in range(1500)}
    assert len(seen) == len(samples)


def test_temperature_zero_is_the_best_and_always_the_same_of_few(stacker: Stacker) -> None:
    words = [stacker.stack("bad", np.random.default_rng(s), hand=0, temperature=0, longest=1) for s in range(20)]
    assert len({word.pieces for word in words}) == 1
    varied = {
        stacker.stack("bad", np.random.default_rng(s), hand=0, temperature=4, longest=1).pieces for s in range(20)
    }
    assert len(varied) > 3


def test_mixed_hands_mix_where_one_cannot_write_it_all(stacker: Stacker) -> None:
    writers = set()
    for seed in range(40):
        word = stacker.stack("kabdabba", np.random.default_rng(seed), hand="mixed", longest=2, temperature=4)
        writers |= {writer for *_, writer in word.pieces}
    assert writers == {"anna", "boris", "clara"}


def test_letter_that_no_hand_has_leaves_nothing(stacker: Stacker) -> None:
    encode, hands = stacker.library.index.encode, np.arange(3, dtype=np.int32)
    state, choice = np.zeros(1, np.uint64), Choice(3, False, 1.0, -1)
    places = places_in("abxa")
    assert select(encode("abxa"), places, choice, hands, state, stacker.stock).shape == (0, 3)
    only = np.array([1], np.int32)  # boris has no k
    assert len(select(encode("kab"), places[:3], choice, only, state, stacker.stock)) == 0
