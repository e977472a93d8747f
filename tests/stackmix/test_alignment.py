"""Alignment against all paths of tiny cases, against the textbook's Viterbi, and its properties and errors."""

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from stackmix.alignment import AlignmentError, align, align_batch, encode, frames_needed
from stackmix.types import BLANK, Alignment, DataError


def emission(rng: np.random.Generator, frames: int, classes: int, sharpness: float = 2.0) -> NDArray[np.float32]:
    logits = rng.standard_normal((frames, classes)) * sharpness
    return (logits - np.log(np.exp(logits).sum(1, keepdims=True))).astype(np.float32)


def labels_of(*classes: int) -> NDArray[np.int32]:
    return np.array(classes, np.int32)


def collapse(path: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(c for c, _ in itertools.groupby(path) if c != BLANK)


def path_of(found: Alignment, labels: NDArray[np.int32], frames: int) -> tuple[int, ...]:
    path = [BLANK] * frames
    for start, stop, label in zip(found.starts, found.stops, labels, strict=True):
        path[start:stop] = [int(label)] * (stop - start)
    return tuple(path)


def log_prob_of(path: tuple[int, ...], log_probs: NDArray[np.float32]) -> float:
    return float(log_probs.astype(np.float64)[np.arange(len(path)), list(path)].sum())


def textbook(log_probs: NDArray[np.float32], labels: NDArray[np.int32]) -> float:
    """Log-probability of the best path over the 2L+1 states blank, letter, blank, ..., one state at a time, float64."""
    states = [BLANK]
    for label in labels:
        states += [int(label), BLANK]
    best = np.full(len(states), -np.inf)
    best[:2] = log_probs[0, states[:2]]
    for row in log_probs[1:].astype(np.float64):
        before = best.copy()
        for s, label in enumerate(states):
            ways = [before[s]]
            if s >= 1:
                ways.append(before[s - 1])
            if s >= 2 and label != BLANK and label != states[s - 2]:
                ways.append(before[s - 2])
            best[s] = max(ways) + row[label]
    return float(max(best[-1], best[-2]))


@pytest.mark.parametrize("frames", range(1, 7))
@pytest.mark.parametrize("classes", [2, 3, 4])
def test_the_best_of_all_paths(frames: int, classes: int) -> None:
    rng = np.random.default_rng([frames, classes])
    log_probs = emission(rng, frames, classes)
    best: dict[tuple[int, ...], float] = {}
    for path in itertools.product(range(classes), repeat=frames):
        text = collapse(path)
        best[text] = max(best.get(text, -np.inf), log_prob_of(path, log_probs))
    texts = [text for text in best if text]
    assert classes == 2 or any(frames_needed(labels_of(*text)) == frames for text in texts)
    if frames >= 3:
        assert (1, 1) in texts
    for text in texts:
        labels = labels_of(*text)
        found = align(log_probs, labels)
        path = path_of(found, labels, frames)
        assert collapse(path) == text
        assert found.log_prob == pytest.approx(best[text], abs=1e-4)
        assert log_prob_of(path, log_probs) == pytest.approx(best[text], abs=1e-4)


@pytest.mark.parametrize("frames, length, classes", [(40, 1, 5), (60, 17, 3), (80, 40, 9), (150, 31, 100), (30, 15, 2)])
def test_the_textbook(frames: int, length: int, classes: int) -> None:
    for seed in range(4):
        rng = np.random.default_rng([seed, frames])
        log_probs = emission(rng, frames, classes, sharpness=seed)
        labels = rng.integers(1, classes, length).astype(np.int32)
        labels = labels[: max(1, length - max(0, frames_needed(labels) - frames))]
        found = align(log_probs, labels)
        path = path_of(found, labels, frames)
        assert collapse(path) == tuple(labels)
        assert found.log_prob == pytest.approx(textbook(log_probs, labels), abs=1e-3)
        assert found.log_prob == pytest.approx(log_prob_of(path, log_probs), abs=1e-6)
        for k, (start, stop) in enumerate(zip(found.starts, found.stops, strict=True)):
            expected = np.exp(log_probs[start:stop, labels[k]].mean())
            assert found.scores[k] == pytest.approx(expected, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("length", [7, 8, 9, 15, 16, 17])
def test_lengths_around_the_padding_in_the_fewest_frames(length: int) -> None:
    labels = np.tile(labels_of(1, 1, 2), 6)[:length]
    frames = frames_needed(labels)
    found = align(emission(np.random.default_rng(length), frames, 3), labels)
    assert collapse(path_of(found, labels, frames)) == tuple(labels)
    assert (found.stops - found.starts == 1).all()


def test_sharp_emissions_come_back_exactly() -> None:
    path = [0, 0, 1, 1, 0, 1, 2, 2, 2, 3, 0, 0]
    log_probs = np.log(np.where(np.eye(4)[path] == 1, 0.97, 0.01)).astype(np.float32)
    found = align(log_probs, labels_of(1, 1, 2, 3))
    assert found.starts.tolist() == [2, 5, 6, 9]
    assert found.stops.tolist() == [4, 6, 9, 10]
    assert found.scores == pytest.approx([0.97] * 4, abs=1e-6)
    assert found.log_prob == pytest.approx(12 * np.log(0.97), abs=1e-5)
    assert (found.starts.dtype, found.stops.dtype, found.scores.dtype) == (np.int32, np.int32, np.float32)


def test_ties_go_the_way_the_docstring_says() -> None:
    found = align(np.full((6, 4), -1, np.float32), labels_of(1, 2))
    assert (found.starts.tolist(), found.stops.tolist()) == ([0, 1], [1, 6])
    found = align(np.full((6, 4), -1, np.float32), labels_of(1, 1))
    assert (found.starts.tolist(), found.stops.tolist()) == ([0, 2], [1, 6])
    blank_or_skip = np.full((3, 4), -1, np.float32)
    blank_or_skip[1, 2] = -5
    found = align(blank_or_skip, labels_of(1, 2))
    assert (found.starts.tolist(), found.stops.tolist()) == ([0, 2], [1, 3])


def test_probabilities_of_zero_are_passed_by() -> None:
    log_probs = np.full((4, 3), -np.inf, np.float32)
    log_probs[[0, 1, 2, 3], [1, 0, 0, 2]] = 0
    found = align(log_probs, labels_of(1, 2))
    assert (found.starts.tolist(), found.stops.tolist(), found.log_prob) == ([0, 3], [1, 4], 0)


texts = st.integers(2, 6).flatmap(
    lambda classes: st.tuples(
        st.just(classes), st.lists(st.integers(1, classes - 1), min_size=1, max_size=20), st.integers(0, 30)
    )
)


@settings(max_examples=60, deadline=None)
@given(st.lists(texts, min_size=1, max_size=5), st.integers(0, 2**32 - 1))
def test_properties(items: list[tuple[int, list[int], int]], seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels = [labels_of(*text) for _, text, _ in items]
    needed = [frames_needed(text) for text in labels]
    frames = [least + spare for least, (_, _, spare) in zip(needed, items, strict=True)]
    log_probs = [emission(rng, count, classes) for count, (classes, _, _) in zip(frames, items, strict=True)]
    for found, values, text in zip(align_batch(log_probs, labels), log_probs, labels, strict=True):
        assert isinstance(found, Alignment)
        assert found.starts[0] >= 0 and found.stops[-1] <= len(values)
        assert (found.stops > found.starts).all()
        assert (found.starts[1:] >= found.stops[:-1]).all()
        assert ((found.scores >= 0) & (found.scores <= 1)).all()
        assert_same(found, align(values, text))


def assert_same(one: Alignment | AlignmentError, other: Alignment | AlignmentError) -> None:
    assert isinstance(one, Alignment) and isinstance(other, Alignment)
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_padded_batch_gives_what_its_parts_give() -> None:
    rng = np.random.default_rng(7)
    lengths = [30, 12, 50, 1]
    labels = [labels_of(1, 2, 2), labels_of(3), labels_of(*range(1, 20)), labels_of(5)]
    batch = np.full((4, 50, 20), np.nan, np.float32)  # what lies behind an item's length must not matter
    for item, length in zip(batch, lengths, strict=True):
        item[:length] = emission(rng, length, 20)
    strided = np.asfortranarray(batch)
    parts = [item[:length] for item, length in zip(batch, lengths, strict=True)]
    for given_as in (batch, strided, list(batch), tuple(batch)):
        for found, part, text in zip(align_batch(given_as, labels, lengths), parts, labels, strict=True):
            assert_same(found, align(part, text))
    for found, part, text in zip(align_batch(parts, labels), parts, labels, strict=True):
        assert_same(found, align(part, text))


def test_a_bad_item_leaves_the_others_alone() -> None:
    rng = np.random.default_rng(3)
    good, text = emission(rng, 9, 4), labels_of(1, 2, 3)
    nan = good.copy()
    nan[4, 2] = np.nan
    shut = np.full((9, 4), -np.inf, np.float32)
    items: list[Any] = [good, good, nan, good.astype(np.float64), good, shut, good, good[:2], good]
    labels: list[Any] = [text, labels_of(), text, text, labels_of(4), text, text.astype(np.int64), text, text]
    found = align_batch(items, labels)
    assert [isinstance(item, AlignmentError) for item in found] == [False, *[True] * 7, False]
    for item in (found[0], found[-1]):
        assert_same(item, align(good, text))
    short = align_batch(np.stack([good] * 4), [text] * 4, [9, 2, 10, -1])
    assert [str(item)[:30] for item in short[1:]] == [
        "2 frames are too few for 3 let",
        "a length of 10 frames does not",
        "a length of -1 frames does not",
    ]


def test_an_empty_batch() -> None:
    assert align_batch([], []) == []
    assert align_batch(np.zeros((0, 5, 4), np.float32), [], []) == []


CASES = {
    "empty": (np.zeros((5, 4), np.float32), labels_of(), "the text is empty"),
    "too few": (np.zeros((4, 4), np.float32), labels_of(1, 1, 1), "4 frames .* 3 letters with 2 repeats, which need 5"),
    "no frames": (np.zeros((0, 4), np.float32), labels_of(1), "0 frames are too few for 1 letters"),
    "blank": (np.zeros((5, 4), np.float32), labels_of(1, 0), r"label 0 does not lie in 1\.\.3"),
    "too high": (np.zeros((5, 4), np.float32), labels_of(1, 4), r"label 4 does not lie in 1\.\.3"),
    "negative": (np.zeros((5, 4), np.float32), labels_of(-1), r"label -1 does not lie in 1\.\.3"),
    "shape": (np.zeros(5, np.float32), labels_of(1), r"log_probs is float32 \(5,\): give \(T, C\) float32"),
    "dtype": (np.zeros((5, 4)), labels_of(1), r"log_probs is float64 \(5, 4\): give \(T, C\) float32"),
    "labels' shape": (np.zeros((5, 4), np.float32), labels_of(1)[None], r"labels is int32 \(1, 1\): give \(L,\) int32"),
    "labels' dtype": (np.zeros((5, 4), np.float32), np.ones(1), r"labels is float64 \(1,\): give \(L,\) int32"),
    "no path": (np.full((5, 4), -np.inf, np.float32), labels_of(1, 2), "2 letters in 5 frames has probability 0"),
}


@pytest.mark.parametrize("log_probs, labels, words", CASES.values(), ids=CASES.keys())
def test_errors_carry_the_numbers(log_probs: NDArray[np.float32], labels: NDArray[np.int32], words: str) -> None:
    with pytest.raises(AlignmentError, match=words) as caught:
        align(log_probs, labels)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", [np.nan, np.inf, 10.0])
@pytest.mark.parametrize("frame, label", [(0, 0), (0, 1), (6, 0), (3, 0), (4, 1), (4, 2), (6, 2)])
def test_values_that_are_no_log_probabilities(value: float, frame: int, label: int) -> None:
    log_probs = np.full((7, 3), -0.1, np.float32)
    log_probs[frame, label] = value
    with pytest.raises(AlignmentError, match=rf"log_probs\[{frame}, {label}\] is .*log_softmax"):
        align(log_probs, labels_of(1, 2))


def test_a_wrong_batch_is_refused_whole() -> None:
    values = np.zeros((2, 5, 4), np.float32)
    with pytest.raises(AlignmentError, match="2 emissions, 1 texts and no lengths"):
        align_batch(values, [labels_of(1)])
    with pytest.raises(AlignmentError, match=r"2 emissions, 2 texts and \(1,\) lengths"):
        align_batch(values, [labels_of(1)] * 2, [5])
    with pytest.raises(AlignmentError, match="lengths are float64"):
        align_batch(values, [labels_of(1)] * 2, np.array([5.0, 4.5]))
    with pytest.raises(AlignmentError, match=r"float64 \(2, 5, 4\): give \(B, T, C\) float32"):
        align_batch(values.astype(np.float64), [labels_of(1)] * 2)


def test_letters_become_classes_and_unknown_ones_are_named() -> None:
    assert encode("баба", "абв").tolist() == [2, 1, 2, 1]
    assert encode("", "ab").dtype == np.int32
    with pytest.raises(AlignmentError, match="'né?ä'.*: '\\?' 'ä' 'é'; fine-tune".replace("né?", "né\\?")) as caught:
        encode("né?ä", "abn")
    assert isinstance(caught.value, DataError)


@pytest.mark.parametrize("classes, frames", [([], 0), ([1], 1), ([1, 2, 1], 3), ([1, 1, 1], 5), ([2, 2, 1, 1], 6)])
def test_frames_needed(classes: list[int], frames: int) -> None:
    assert frames_needed(labels_of(*classes)) == frames
