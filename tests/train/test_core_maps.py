"""Core maps: chords by brute force; words painted come back as they were, whatever their shape and company."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from stackmix.train.core_maps import GAP, chords, paint, words_of
from stackmix.train.outlining import crosses
from stackmix.train.word_scoring import overlap, score

STEP = 2
SHAPE = (200, 320)


def box(x: float, y: float, width: float, height: float) -> NDArray[np.float32]:
    return np.array([(x, y), (x + width, y), (x + width, y + height), (x, y + height)], np.float32)


def iou(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    own, its, both = overlap(one, other)
    return both / (own + its - both)


@given(st.lists(st.tuples(*[st.integers(0, 120)] * 2), min_size=3, max_size=7), st.integers(-2, 3))
@settings(max_examples=60, deadline=None)
def test_chords_are_where_a_fine_line_meets_the_outline(points: list[tuple[int, int]], first: int) -> None:
    polygon = np.array(points, np.float32) / 10
    found = chords(polygon, first, 14)
    along = np.linspace(0, 1, 4001)[:, None]
    sides = zip(polygon.astype(float), np.roll(polygon, -1, axis=0).astype(float), strict=True)
    wide = [a + along * (b - a) for a, b in sides if abs(b[0] - a[0]) > 0.5]  # of upright sides there is too little
    outline = np.concatenate([*wide, np.zeros((0, 2))])
    upright = any(abs(a[0] - b[0]) <= 0.5 for a, b in zip(polygon, np.roll(polygon, -1, axis=0), strict=True))
    for i in range(0 if upright else 14):
        near = outline[np.abs(outline[:, 0] - (first + i + 0.5)) < 0.01, 1]
        if len(near):
            assert found[i] == pytest.approx([near.min(), near.max()], abs=0.5)


@st.composite
def layouts(draw: st.DrawFn) -> list[NDArray[np.float32]]:
    """Words on lines, their heights and gaps at random; those of neighbouring lines overlap by a fifth."""
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))  # floats of hypothesis need denormals, torch's are off
    words, top = [], rng.uniform(2, 20)
    while top < SHAPE[0] - 42:
        height, x = rng.uniform(14, 36), rng.uniform(0, 60)
        while x < SHAPE[1] - 100:
            tall, width = height * rng.uniform(0.6, 1), rng.uniform(10, 95)
            words.append(box(x, top + height - tall, width, tall))
            x += width + rng.uniform(0.5, 12)
        top += 0.8 * height
    return words


@given(layouts())
@settings(max_examples=60, deadline=None)
def test_painted_boxes_come_back(words: list[NDArray[np.float32]]) -> None:
    core, reach, _ = paint(words, [False] * len(words), SHAPE, STEP)
    found = [word.polygon for word in words_of(core, reach, STEP)]
    counts = score(found, words, [False] * len(words))
    assert counts.right >= 0.97 * len(words) and len(found) <= len(words) + 1
    for polygon in found:
        assert not crosses(polygon.astype(np.float64))


@pytest.mark.parametrize("turn", [-12, 0, 7])
@pytest.mark.parametrize("lean", [0.0, 0.4])
def test_a_word_that_leans_and_climbs_keeps_its_outline(turn: float, lean: float) -> None:
    radians = np.radians(turn)
    matrix = np.array([[np.cos(radians), -np.sin(radians) + lean], [np.sin(radians), np.cos(radians)]])
    word = ((box(0, 0, 120, 24) - 12) @ matrix.T + np.array([90, 90])).astype(np.float32)
    (found,) = words_of(*paint([word], [False], SHAPE, STEP)[:2], STEP)
    assert iou(found.polygon, word) > 0.85
    assert found.score == 1


def test_an_outline_follows_a_tall_letter() -> None:
    """A word of x-height 20 with an ascender in its middle: nothing of the white on both sides of that is taken."""
    word = np.array([(20, 60), (80, 60), (80, 30), (95, 30), (95, 60), (160, 60), (160, 80), (20, 80)], np.float32)
    (found,) = words_of(*paint([word], [False], SHAPE, STEP)[:2], STEP)
    assert iou(found.polygon, word) > 0.8
    assert iou(box(20, 30, 140, 50), word) < 0.6


def test_a_word_over_the_edge_of_a_crop_is_learnt_with_its_true_reach() -> None:
    core, reach, _ = paint([box(-30, 40, 100, 24)], [False], SHAPE, STEP)
    row, column = 52 // STEP, 4
    assert core[row, column] == 1
    assert reach[2, row, column] == pytest.approx(15 + 4.5)
    assert reach[3, row, column] == pytest.approx(35 - 4.5)
    assert reach[0, row, column] == pytest.approx(6.5) and reach[1, row, column] == pytest.approx(5.5)


def test_cores_of_words_that_touch_are_apart_and_the_gap_weighs_more() -> None:
    core, _, weight = paint([box(20, 40, 60, 24), box(80, 40, 60, 24)], [False, False], SHAPE, STEP)
    assert cv2.connectedComponents(core.astype(np.uint8), connectivity=4)[0] == 3
    assert (weight[26, 38:42] == GAP).all()


def test_a_sign_on_its_own_is_neither_learnt_nor_unlearnt() -> None:
    core, _, weight = paint([box(20, 40, 60, 24), box(84, 58, 6, 8)], [False, True], SHAPE, STEP)
    assert not core[29:33, 42:45].any() and not weight[29:33, 42:45].any()
    assert core.any() and (weight[core > 0] == 1).all()


def test_specks_that_promise_whole_words_are_none() -> None:
    core, reach, _ = paint([box(20, 40, 100, 24)], [False], SHAPE, STEP)
    few = core.copy()
    few[:, ::8] = few[::3] = 0  # what is left of the core are blocks of 7 x 2 and less
    assert few.any() and words_of(few, reach, STEP) == []
    half = core.copy()
    half[:, 35:] = 0
    assert len(words_of(half, reach, STEP)) == len(words_of(core, reach, STEP)) == 1


def test_no_cores_no_words() -> None:
    nothing = np.zeros((10, 12), np.float32)
    assert words_of(nothing, np.zeros((4, 10, 12), np.float32), STEP) == []
    everywhere = words_of(nothing + 1, np.zeros((4, 10, 12), np.float32), STEP)
    assert len(everywhere) == 1 and not crosses(everywhere[0].polygon.astype(np.float64))
