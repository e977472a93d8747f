"""The likeliest text of a CTC emission: prefix beam search, with a character n-gram model where one is given.

Many rows of frames spell one text, and greedy decoding sees but the best of them. Prefix beam search (Graves and Jaitly
2014, Towards End-to-End Speech Recognition) adds up the rows of each prefix, those that end in a blank apart from those
that end in a letter:

    score(text) = log p(text | emission) + weight * log p_ngram(text) + bonus * letters

Prefixes are nodes of a trie, so that a prefix that left the beam and comes back is the same one.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from stackmix.types import BLANK

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
NEVER = -np.inf


@njit(cache=True)
def _either(a: float, b: float) -> float:
    """log(exp(a) + exp(b))."""
    if a < b:
        a, b = b, a
    return a if b == NEVER else a + np.log1p(np.exp(b - a))


@njit(cache=True)
def text_log_prob(log_probs: Floats, labels: Ints) -> float:
    """log p(text | emission) over all rows of frames that spell it: log_probs (T, C), labels (L,) in 1..C-1."""
    count = 2 * len(labels) + 1  # states: blanks at even places, letters at odd ones
    row = np.full(count, NEVER)
    row[0] = 0.0
    for t in range(len(log_probs)):
        before = row.copy()
        for k in range(count):
            letter = labels[k // 2] if k % 2 else BLANK
            total = before[k]
            if k and (t or k == 1):  # at the first frame a row begins in the first blank or the first letter
                total = _either(total, before[k - 1])
            if k % 2 and k > 1 and letter != labels[k // 2 - 1]:
                total = _either(total, before[k - 2])
            row[k] = total + log_probs[t, letter]
    return _either(row[count - 1], row[count - 2]) if count > 1 else row[0]


@njit(cache=True)
def _child(node: int, letter: int, first: Ints, sibling: Ints, letters: Ints) -> int:
    """The node of a prefix with one letter more, -1 where there is none yet."""
    child = first[node]
    while child >= 0 and letters[child] != letter:
        child = sibling[child]
    return child


@njit(cache=True)
def _offer(best: NDArray, keys: NDArray, found: int, score: float, key: int) -> int:
    """Put a candidate into the falling list `best` of fixed size; returns how many are in it now."""
    if score == NEVER or (found == len(best) and score <= best[found - 1]):
        return found
    place = min(found, len(best) - 1)
    while place and best[place - 1] < score:
        best[place], keys[place] = best[place - 1], keys[place - 1]
        place -= 1
    best[place], keys[place] = score, key
    return min(found + 1, len(best))


@njit(cache=True)
def _grow(
    row: Floats, nodes: Ints, ends: NDArray, place: Ints, letters: Ints, first: Ints, sibling: Ints, grown: NDArray
) -> NDArray:
    """One frame on: the ends (N, 2) of prefixes that stay, in a blank or a letter, and `grown` (N, C) by a letter."""
    stay = np.full(ends.shape, NEVER)
    for k in range(len(nodes)):
        stay[k, 0] = _either(ends[k, 0], ends[k, 1]) + row[BLANK]
        if nodes[k]:
            stay[k, 1] = ends[k, 1] + row[letters[nodes[k]]]
    for k in range(len(nodes)):
        both = _either(ends[k, 0], ends[k, 1])
        for c in range(1, len(row)):
            grown[k, c] = (ends[k, 0] if nodes[k] and c == letters[nodes[k]] else both) + row[c]
        child = first[nodes[k]]
        while child >= 0:  # a longer prefix that is in the beam itself
            if place[child] >= 0:
                stay[place[child], 1] = _either(stay[place[child], 1], grown[k, letters[child]])
                grown[k, letters[child]] = NEVER
            child = sibling[child]
    return stay


@njit(cache=True)
def _best(
    stay: NDArray, grown: NDArray, priors: NDArray, chances: Floats, weight: float, bonus: float, beam: int
) -> NDArray:
    """Keys k * C + c, best first, of at most `beam` prefixes k that stay (c = 0) or grow by letter c."""
    best, keys, found = np.empty(beam), np.empty(beam, np.int64), 0
    classes = grown.shape[1]
    for k in range(len(stay)):
        found = _offer(best, keys, found, _either(stay[k, 0], stay[k, 1]) + priors[k], k * classes)
        for c in range(1, classes):
            score = grown[k, c] + priors[k] + bonus + weight * chances[k, c]
            found = _offer(best, keys, found, score, k * classes + c)
    return keys[:found]


@njit(cache=True)
def search(
    log_probs: Floats, beam: int, ngram: Floats, following: Ints, weight: float, bonus: float
) -> tuple[Ints, float]:
    """Labels (L,) of the best text, and its share 0..1 of the chances of all texts in the last beam.

    log_probs (T, C) float32; ngram and following (S, C) as `NGram.tables` gives them: column 0 is the end of the text,
    which begins in state 0.
    """
    frames, classes = log_probs.shape
    room = frames * beam + 1
    parent, letters, state = np.zeros(room, np.int32), np.zeros(room, np.int32), np.zeros(room, np.int32)
    prior = np.zeros(room)
    first, sibling = np.full(room, -1, np.int32), np.full(room, -1, np.int32)
    place = np.full(room, -1, np.int32)  # of a node in the beam
    nodes, made = np.zeros(1, np.int32), 1
    ends = np.array([[0.0, NEVER]])  # log-probability of each prefix in the beam, ending in a blank or in a letter
    place[0] = 0
    for t in range(frames):
        grown = np.empty((len(nodes), classes))
        stay = _grow(log_probs[t], nodes, ends, place, letters, first, sibling, grown)
        keys = _best(stay, grown, prior[nodes], ngram[state[nodes]], weight, bonus, beam)
        place[nodes] = -1
        kept, nodes, ends = nodes, np.zeros(len(keys), np.int32), np.full((len(keys), 2), NEVER)
        for n in range(len(keys)):
            k, c = keys[n] // classes, keys[n] % classes
            node = kept[k]
            if c == 0:
                ends[n] = stay[k]
            else:
                ends[n, 1] = grown[k, c]
                child = _child(node, c, first, sibling, letters)
                if child < 0:
                    child, made = made, made + 1
                    parent[child], letters[child], sibling[child], first[node] = node, c, first[node], child
                    state[child] = following[state[node], c]
                    prior[child] = prior[node] + bonus + weight * ngram[state[node], c]
                node = child
            nodes[n], place[node] = node, n
    totals = prior[nodes] + weight * ngram[state[nodes], 0]
    for n in range(len(nodes)):
        totals[n] += _either(ends[n, 0], ends[n, 1])
    best = np.argmax(totals)
    return _spelt(nodes[best], parent, letters), 1 / np.exp(totals - totals[best]).sum()


@njit(cache=True)
def _spelt(node: int, parent: Ints, letters: Ints) -> Ints:
    """The letters of a prefix, read off the trie from its end."""
    backwards = []
    while node:
        backwards.append(letters[node])
        node = parent[node]
    return np.array(backwards[::-1], np.int32)
