"""Prefix beam search and the chance of a text against the sum over every row of frames, on tiny lattices."""

from itertools import groupby, product

import numpy as np
import pytest

from stackmix.train.decoding import search, text_log_prob
from stackmix.train.ngram import NGram

LETTERS = "ab"
NONE = np.zeros((1, 3), np.float32), np.zeros((1, 3), np.int32)


def lattice(rng: np.random.Generator) -> np.ndarray:
    """(T, 3) log-probabilities of 1 to 6 frames, some of them nearly sure."""
    spread = rng.choice([0.1, 0.7, 3.0])
    return np.log(rng.dirichlet(np.full(3, spread), rng.integers(1, 7)) + 1e-12).astype(np.float32)


def every_text(log_probs: np.ndarray) -> dict[str, float]:
    """The chance of each text that any row of frames spells."""
    found: dict[str, float] = {}
    for path in product(range(3), repeat=len(log_probs)):
        text = "".join(LETTERS[c - 1] for c, _ in groupby(path) if c)
        found[text] = found.get(text, 0.0) + float(np.exp(sum(log_probs[t, c] for t, c in enumerate(path))))
    return found


def labels(text: str) -> np.ndarray:
    return np.array([LETTERS.index(c) + 1 for c in text], np.int32)


def searched(log_probs: np.ndarray, beam: int, tables: tuple = NONE, weight: float = 0.0, bonus: float = 0.0) -> str:
    return "".join(LETTERS[c - 1] for c in search(log_probs, beam, *tables, weight, bonus)[0])


def test_chance_of_a_text_is_the_sum_over_its_rows() -> None:
    rng = np.random.default_rng(0)
    for _ in range(40):
        log_probs = lattice(rng)
        for text, chance in every_text(log_probs).items():
            assert text_log_prob(log_probs, labels(text)) == pytest.approx(np.log(chance), abs=1e-3)
    assert text_log_prob(log_probs[:1], labels("ab")) == -np.inf


def test_wide_beam_finds_the_likeliest_text() -> None:
    rng = np.random.default_rng(1)
    missed = 0
    for _ in range(120):
        log_probs = lattice(rng)
        chances = every_text(log_probs)
        assert chances[searched(log_probs, 200)] == pytest.approx(max(chances.values()), rel=1e-4)
        greedy = "".join(LETTERS[c - 1] for c, _ in groupby(log_probs.argmax(axis=1)) if c)
        missed += chances[greedy] < 0.999 * max(chances.values())
    assert missed > 5  # so that the best path alone would not have passed


def test_ngram_and_bonus_are_weighed_as_stated() -> None:
    rng, ngram = np.random.default_rng(2), NGram.learn(["ab", "ba", "aab"], 3)
    changed = 0
    for _ in range(120):
        log_probs = lattice(rng)
        chances = every_text(log_probs).items()
        scores = {t: np.log(p + 1e-300) + 0.7 * ngram.log_prob(t) + 0.4 * len(t) for t, p in chances}
        found = searched(log_probs, 200, ngram.tables(LETTERS), 0.7, 0.4)
        assert scores[found] == pytest.approx(max(scores.values()), abs=1e-3)
        share = search(log_probs, 200, *ngram.tables(LETTERS), 0.7, 0.4)[1]
        assert share == pytest.approx(np.exp(max(scores.values())) / np.exp(list(scores.values())).sum(), rel=1e-3)
        changed += found != searched(log_probs, 200)
    assert changed > 5


def test_narrow_beam_is_a_text_and_no_better_than_a_wide_one() -> None:
    rng = np.random.default_rng(3)
    for _ in range(60):
        log_probs = lattice(rng)
        narrow, wide = (text_log_prob(log_probs, labels(searched(log_probs, beam))) for beam in (1, 200))
        assert -np.inf < narrow <= wide + 1e-4


def test_a_letter_twice_needs_a_blank_between() -> None:
    sure = np.log(np.eye(3, dtype=np.float32) * 0.98 + 0.005)
    assert searched(sure[[1, 1, 0, 1, 2, 2]], 4) == "aab"
    assert searched(sure[[1, 1, 1]], 4) == "a"
    assert searched(sure[[0, 0]], 4) == ""
    assert searched(sure[:0], 4) == ""
