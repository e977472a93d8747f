"""Lines of drawn words, whose baseline, x-height, slant and stroke width are known."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackmix.faces import open_face
from stackmix.geometry import INK, Geometry, ink_extents, measure, reach, slant_and_stroke
from stackmix.setting import Variation, set_word

WORDS = ["bad", "gone", "no", "a", "peg", "dodo", "anno.", "on-page", "Bean", "BAD", "nap,", "kelp", "hoe", "2024"]


@pytest.mark.parametrize("unit", [12, 20, 41])
@pytest.mark.parametrize("text", WORDS)
def test_lines_of_drawn_words(draw: Callable, text: str, unit: int) -> None:
    drawn = draw(text, unit=unit, gap=unit // 5)
    usual = Geometry(0, 0, unit, 0, 2)
    found = measure(255 - drawn.image, text, drawn.borders, usual)
    assert found.baseline == pytest.approx(drawn.baseline, abs=0.12 * unit)
    assert found.x_height == pytest.approx(unit, abs=0.12 * unit)
    assert abs(found.skew) < 0.02


@pytest.mark.parametrize("text", ["gone", "bad", "peg", "Bean", "anno."])
def test_unknown_hand_is_measured_by_the_word_alone(draw: Callable, text: str) -> None:
    drawn = draw(text, unit=24)
    found = measure(255 - drawn.image, text, drawn.borders)
    assert found.baseline == pytest.approx(drawn.baseline, abs=3)
    assert found.x_height == pytest.approx(24, abs=3)


@pytest.mark.parametrize(("text", "below"), [(",", 0.35), (".", 0.0), ("-", -0.45)])
def test_lone_sign_finds_its_line_by_the_usual_geometry(draw: Callable, text: str, below: float) -> None:
    drawn = draw(text, unit=20)
    found = measure(255 - drawn.image, text, drawn.borders, Geometry(50, 0, 20, 0.3, 3))
    assert found.baseline == pytest.approx(drawn.baseline, abs=3)
    assert found.x_height == pytest.approx(20, abs=3)
    assert 0.2 < found.slant < 0.4  # the hand's slant, not the sign's own


def test_skew_is_measured_in_the_middle_column(draw: Callable) -> None:
    drawn = draw("anno gone", unit=20)
    height, width = drawn.image.shape
    matrix = np.array([[1, 0, 0], [0.05, 1, -0.05 * width / 2]], np.float32)
    tilted = cv2.warpAffine(255 - drawn.image, matrix, (width, height))
    found = measure(tilted, "anno gone", drawn.borders, Geometry(0, 0, 20, 0, 2))
    assert found.skew == pytest.approx(0.05, abs=0.015)
    assert found.baseline == pytest.approx(drawn.baseline, abs=2)


@pytest.mark.parametrize("slant", [-0.4, 0.0, 0.3, 0.7, 1.2])
def test_slant_is_the_shear_of_upright_letters(draw: Callable, slant: float) -> None:
    drawn = draw("hilb", unit=20, margin=60)
    height, width = drawn.image.shape
    matrix = np.array([[1, -slant, slant * drawn.baseline], [0, 1, 0]], np.float32)
    sheared = cv2.warpAffine(255 - drawn.image, matrix, (width, height))
    assert slant_and_stroke(sheared)[0] == pytest.approx(slant, abs=0.11)


@pytest.mark.parametrize("slant", [-0.4, 0.0, 0.3, 0.5, 0.7])
@pytest.mark.parametrize("text", ["onaedo", "bead", "ano", "on"])
@pytest.mark.parametrize("times", [1, 3])
def test_round_letters_tell_their_slant_at_any_size(draw: Callable, text: str, slant: float, times: int) -> None:
    drawn = draw(text, unit=20, margin=60)
    height, width = drawn.image.shape
    matrix = times * np.array([[1, -slant, slant * drawn.baseline], [0, 1, 0]], np.float32)
    sheared = cv2.warpAffine(255 - drawn.image, matrix, (times * width, times * height))
    assert slant_and_stroke(sheared)[0] == pytest.approx(slant, abs=0.11)


def test_slant_of_digitised_hands(handwriting_of: Callable) -> None:
    """.114 off on average, over all hands; where columns are only held to be uneven, it is .141."""
    off = []
    for path in sorted(handwriting_of("hands_ru").glob("*.[to]tf")):
        face, rng = open_face(path), np.random.default_rng(0)
        texts = [text for text in ("первым", "заорал", "мячик", "обедов", "крепко", "шило") if not face.missing(text)]
        for text in texts:
            word = set_word(text, face, rng, Variation((-0.25, 0.25), (0.6, 1.4), (0.85, 1.15), (-0.03, 0.08)))
            off.append(slant_and_stroke(255 - word.image)[0] - word.slant)
    assert len(off) > 150 and np.abs(off).mean() < 0.125


@pytest.mark.parametrize("pen", [1, 2, 4, 7])
def test_stroke_width_of_bars(pen: int) -> None:
    ink = np.zeros((100, 90), np.uint8)
    for left in (5, 25, 45, 65):
        ink[10:90, left : left + pen] = 255
    assert pen <= slant_and_stroke(ink)[1] <= 1.35 * pen


@pytest.mark.parametrize("shape", [(1, 1), (1, 30), (3, 3), (40, 1), (40, 60)])
def test_blank_and_flat_pictures_stand_upright(shape: tuple[int, int]) -> None:
    blank = np.zeros(shape, np.uint8)
    found = measure(blank, "a", np.array([0, shape[1]], np.int32))
    assert np.isfinite(found).all() and found.x_height > 0
    assert found.slant == 0 and found.skew == 0 and found.stroke_width == 0
    assert 0 <= found.baseline <= shape[0]


def test_dash_of_one_row_leans_nowhere() -> None:
    ink = np.zeros((30, 40), np.uint8)
    ink[15, 5:35] = 255
    assert slant_and_stroke(ink)[0] == 0


def test_text_of_unknown_letters_stands_on_its_lowest_ink(draw: Callable) -> None:
    drawn = draw("漢字", unit=20)
    found = measure(255 - drawn.image, "漢字", drawn.borders)
    assert found.baseline == drawn.baseline


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 20), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_extents_by_slicing(height: int, letters: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    borders = np.cumsum(rng.integers(1, 25, letters + 1)).astype(np.int32)
    ink = (rng.random((height, borders[-1])) ** 4 * 255).astype(np.uint8)
    found = ink_extents(ink, borders)
    for k in range(letters):
        trim = (borders[k + 1] - borders[k]) // 10
        rows = np.flatnonzero((ink[:, borders[k] + trim : borders[k + 1] - trim] > INK).any(axis=1))
        assert found[k].tolist() == ([rows[0], rows[-1] + 1] if len(rows) else [-1, -1])


def test_reach_of_each_kind_of_letter() -> None:
    assert reach("a") == reach("ж") == (1.0, 0.0)
    assert reach("p") == reach("у") == (1.0, -0.85)
    assert reach("A") == reach("Ё") == reach("7") == (1.75, 0.0)
    assert np.isnan(reach("漢")).all()


def test_slant_of_a_short_word_lies_between_its_own_and_the_hands(draw: Callable) -> None:
    drawn = draw("hilb", unit=20, margin=60)
    height, width = drawn.image.shape
    matrix = np.array([[1, -0.8, 0.8 * drawn.baseline], [0, 1, 0]], np.float32)
    ink = cv2.warpAffine(255 - drawn.image, matrix, (width, height))
    alone, known = (measure(ink, "hilb", drawn.borders, usual) for usual in (None, Geometry(0, 0, 20, -0.2, 3)))
    assert alone.slant == slant_and_stroke(ink)[0]
    assert known.slant == pytest.approx((alone.slant - 0.2) / 2)  # four letters of eight
