"""Spans of letters against every segmentation there is, and what must hold for any."""

from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackmix.spans import BORDER, SUREST, WIDTH, spans_of

SEED = st.integers(0, 2**32 - 1)


def cost_of(
    edges: tuple[int, ...], log_probs: np.ndarray, labels: np.ndarray, borders: np.ndarray, widths: np.ndarray
) -> float:
    """Nats of one row of segments, as the module's formula has it."""
    cost = 0.0
    for k, (start, end) in enumerate(pairwise(edges)):
        fires = max(float(log_probs[t, labels[k]] - log_probs[t, 0]) for t in range(start, end))
        cost += -max(fires, -SUREST) + WIDTH * np.log((end - start) / widths[k]) ** 2 + BORDER * borders[end]
    return cost


def some(rng: np.random.Generator, frames: int, letters: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """log_probs, labels, borders and widths of a made-up word."""
    scores = rng.normal(0, 4, (frames, 4))
    log_probs = (scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))).astype(np.float32)
    widths = rng.uniform(0.5, 4, letters)
    return log_probs, rng.integers(1, 4, letters).astype(np.int32), rng.uniform(0, 8, frames + 1), widths


def limits(rng: np.random.Generator, frames: int, letters: int) -> tuple[np.ndarray, np.ndarray]:
    """Rising lows and highs about some row of segments, so that there is one."""
    inside = np.sort(rng.choice(np.arange(1, frames), letters - 1, replace=False))
    edges, steps = np.concatenate([[0], inside, [frames]]), np.arange(letters + 1)
    lows = np.maximum(edges - rng.integers(0, 4, letters + 1), steps)
    highs = np.minimum(edges + rng.integers(0, 4, letters + 1), frames - steps[::-1])
    lows = np.maximum.accumulate(lows - steps) + steps
    highs = np.minimum.accumulate((highs - steps)[::-1])[::-1] + steps
    lows[-1], highs[0] = frames, 0
    return lows.astype(np.int64), highs.astype(np.int64)


@settings(max_examples=80, deadline=None)
@given(seed=SEED, frames=st.integers(1, 9), letters=st.integers(1, 4))
def test_the_cheapest_of_all_segmentations_is_found(seed: int, frames: int, letters: int) -> None:
    rng = np.random.default_rng(seed)
    frames = max(frames, letters)
    word = some(rng, frames, letters)
    lows, highs = limits(rng, frames, letters)
    every = [(0, *inner, frames) for inner in combinations(range(1, frames), letters - 1)]
    every = [e for e in every if (lows <= e).all() and (e <= highs).all()]
    found = tuple(spans_of(*word, lows, highs).tolist())
    assert found in every
    assert cost_of(found, *word) == pytest.approx(min(cost_of(e, *word) for e in every), abs=1e-6)


@settings(max_examples=80, deadline=None)
@given(seed=SEED, letters=st.integers(1, 30), more=st.integers(0, 90))
def test_spans_rise_from_the_first_frame_to_the_last_within_their_limits(seed: int, letters: int, more: int) -> None:
    rng = np.random.default_rng(seed)
    frames = letters + more
    lows, highs = limits(rng, frames, letters)
    found = spans_of(*some(rng, frames, letters), lows, highs)
    assert found[0] == 0 and found[-1] == frames and (np.diff(found) > 0).all()
    assert ((lows <= found) & (found <= highs)).all()


def test_a_sure_letter_holds_its_frame_and_an_unsure_one_gives_way() -> None:
    """Both letters fire in the first half; only an unsure one leaves its spike for an even width and a cheap border."""
    log_probs = np.log(np.array([[0.98, 0.01, 0.01]] * 20, np.float32))
    log_probs[4], log_probs[7] = np.log([0.1, 0.8, 0.1]), np.log([0.5, 0.1, 0.4])
    labels, widths = np.array([1, 2], np.int32), np.array([10.0, 10.0])
    borders = np.full(21, 5.0)
    lows, highs = np.array([0, 1, 20]), np.array([0, 19, 20])
    assert spans_of(log_probs, labels, borders, widths, lows, highs).tolist() == [0, 7, 20]
    borders[10] = 0.0
    log_probs[7] = np.log([0.8, 0.1, 0.1])
    assert spans_of(log_probs, labels, borders, widths, lows, highs).tolist() == [0, 10, 20]
