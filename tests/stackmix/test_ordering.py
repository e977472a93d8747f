"""Reading order on made layouts whose order is known: skewed and wandering lines, indents, columns, spreads."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from stackmix.datasets import iam
from stackmix.ordering import read_order

SIZE = 40.0  # rows of a word


def word(left: float, middle: float, width: float, height: float) -> NDArray[np.float32]:
    low, high = middle - height / 2, middle + height / 2
    return np.array([(left, low), (left + width, low), (left + width, high), (left, high)], np.float32)


def column(
    rng: np.random.Generator, left: float, top: float, width: float, lines: int, pitch: float
) -> list[list[NDArray[np.float32]]]:
    """Lines of words of several heights, some indented, some short, none without words."""
    found = []
    for k in range(lines):
        x, row = left + (rng.random() < 0.2) * 80, []
        end = left + width * (0.45 if rng.random() < 0.2 else 1.0)
        while x < end or not row:
            wide = rng.uniform(25, 200)
            if x + wide > left + width and row:
                break
            middle = top + k * pitch + rng.uniform(-6, 6)
            row.append(word(x, middle, wide, SIZE * rng.uniform(0.6, 1.3)))
            x += wide + rng.uniform(8, 40)
        found.append(row)
    return found


def turned(polygon: NDArray[np.float32], angle: float) -> NDArray[np.float32]:
    c, s = np.cos(angle), np.sin(angle)
    return (polygon @ np.array([(c, s), (-s, c)])).astype(np.float32)


def check(lines: list[list[NDArray[np.float32]]], rng: np.random.Generator) -> None:
    """Words given in any order come back in theirs, with their lines."""
    flat = [(polygon, number) for number, line in enumerate(lines) for polygon in line]
    shuffled = rng.permutation(len(flat))
    found = read_order([flat[i][0] for i in shuffled])
    assert shuffled[found.order].tolist() == list(range(len(flat)))
    assert [found.lines[k] for k in found.order] == [number for _, number in flat]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(-60, 60), st.integers(1, 9), st.integers(1, 3))
def test_columns_of_skewed_lines_are_read_in_order(seed: int, thousandths: int, lines: int, columns: int) -> None:
    rng, angle = np.random.default_rng(seed), thousandths / 1000  # torch may have switched off floats near 0
    found = []
    for k in range(columns):  # of three lines and more, which is what makes a column
        found += column(rng, 60 + k * 900, 50 + 30 * k, 760, max(lines, 3), pitch=62)
    check([[turned(polygon, angle) for polygon in line] for line in found], rng)


def test_the_words_of_one_line_are_not_columns() -> None:
    rng = np.random.default_rng(3)
    check([[word(50 + 400 * k, 100, 120, SIZE) for k in range(5)]], rng)
    check([[word(50 + 400 * k, 100 + 60 * n, 120, SIZE) for k in range(2)] for n in range(2)], rng)


@pytest.mark.parametrize("seed", range(5))
def test_the_pages_of_a_spread_may_come_near(seed: int) -> None:
    rng = np.random.default_rng(seed)
    left, right = (column(rng, 60 + k * (760 + 0.9 * SIZE), 50 + 30 * k, 760, 12, pitch=62) for k in range(2))
    for line in left:
        line[-1][1:3, 0] = 820  # all lines reach the spine
    check([*left, *right], rng)


def test_lines_that_rise_and_fall_stay_whole() -> None:
    x = np.arange(12)
    lines = [[word(60 + 100 * k, 100 + 70 * n + 30 * np.sin(k / 4), 80, SIZE) for k in x] for n in range(6)]
    check(lines, np.random.default_rng(4))


def test_signs_under_a_word_stay_in_its_line() -> None:
    comma = word(148, 118, 8, 16)
    first = [word(50, 100, 100, SIZE), comma, word(170, 102, 60, SIZE)]
    check([first, [word(50, 160, 90, SIZE)]], np.random.default_rng(0))


def test_no_words_and_one_word() -> None:
    assert len(read_order([]).order) == 0
    found = read_order([word(5, 5, 4, 4)])
    assert found.order.tolist() == [0] and found.lines.tolist() == [0]


def test_forms_of_iam_are_read_line_by_line(handwriting_of: Callable[[str], Path]) -> None:
    follow, total = 0, 0
    for number, page in enumerate(iam.read_pages(handwriting_of("iam"), split="val")):
        polygons = [region.polygon for region in page.regions if region.category == "pupil_text"]
        shuffled = np.random.default_rng(number).permutation(len(polygons))
        place = {int(k): n for n, k in enumerate(shuffled[read_order([polygons[k] for k in shuffled]).order])}
        follow += sum(place[k + 1] == place[k] + 1 for k in range(len(polygons) - 1))
        total += len(polygons) - 1
    if total == 0:
        pytest.skip("no validation forms")
    assert follow / total > 0.985
