"""What parts two letters, pixel by pixel and row by row, read off drawn boxes whose places are known."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackmix.faces import Drawn
from stackmix.truth import APART, FREE, WITHIN, borders_of, partings_of, seams_of
from stackmix.types import SEAM_ROWS

SIGNS = {WITHIN: "w", APART: "|", FREE: "."}
SPACE = Drawn(np.zeros((0, 0), np.uint8), 0, 0)
HEIGHT, MIDDLE = 64, 32.0  # two rows of the picture for each row of a seam


def box(left: int, right: int, top: int = 0, bottom: int = HEIGHT) -> Drawn:
    return Drawn(np.full((bottom - top, right - left), 255, np.uint8), left, top)


def rows_of(*glyphs: Drawn, width: int = 16, height: int = 2) -> list[str]:
    """Each row of the partings at the letters' own size, a sign for each pixel."""
    found = partings_of(glyphs, 1.0, 0.0, (height, width))
    assert found.shape == (height, width) and found.dtype == np.uint8
    return ["".join(SIGNS[int(p)] for p in row) for row in found]


@pytest.mark.parametrize(
    ("glyphs", "row"),
    [
        ((box(2, 6), box(9, 13)), "...www||||www..."),  # left of any column of the gap, and of the next letter's first
        ((box(2, 6), box(6, 10)), "...www|www......"),  # touching
        ((box(2, 9), box(6, 12)), "...wwww|wwww...."),  # overlapping: the middle
        ((box(2, 14), box(5, 8)), "...wwwwww|wwww.."),  # one inside the other
        ((box(2, 6), SPACE, box(9, 13)), "...www||||www..."),
        ((box(2, 6), SPACE, SPACE, box(9, 13)), "...www||||www..."),
        ((box(1, 4), box(6, 8), box(11, 14)), "..ww|||w||||ww.."),
        ((box(3, 8),), "....wwww........"),
        ((), "................"),
    ],
)
def test_partings_of_boxes_in_a_row(glyphs: tuple[Drawn, ...], row: str) -> None:
    assert rows_of(*glyphs) == [row, row]


def test_a_letter_absent_in_a_row_leaves_the_gap_to_its_neighbours() -> None:
    found = rows_of(box(1, 4), box(6, 8, top=1), box(11, 14), height=2)
    assert found == ["..ww||||||||ww..", "..ww|||w||||ww.."]
    assert rows_of(box(1, 4, top=1), box(6, 9, top=1), height=2) == ["................", "..ww|||ww......."]


@settings(max_examples=40, deadline=None)
@given(
    ends=st.lists(st.tuples(st.integers(3, 12), st.integers(4, 12)), min_size=2, max_size=5),
    scale=st.sampled_from([0.5, 1.0, 1.5, 2.0, 3.0]),
    shift=st.integers(-5, 9),
)
def test_partings_of_scaled_words_lie_in_the_scaled_gaps(ends: list[tuple[int, int]], scale: float, shift: int) -> None:
    x, glyphs = 4, []
    for width, gap in ends:
        glyphs.append(box(x, x + width, 10, 30))
        x += width + gap
    shape = round(40 * scale) + 12, round(x * scale) + 8
    found = partings_of(tuple(glyphs), scale, float(shift), shape)
    row = found[round(20 * scale) + shift]
    for glyph, after in pairwise(glyphs):
        low, high = (glyph.x + glyph.mask.shape[1]) * scale, after.x * scale
        assert (row[int(np.ceil(low)) + 1 : int(high)] == APART).all()
    for glyph in glyphs:
        first, end = glyph.x * scale, (glyph.x + glyph.mask.shape[1]) * scale
        assert (row[int(np.ceil(first)) + 2 : int(end) - 1] == WITHIN).all()
    for outside in (round(10 * scale) + shift - 3, round(30 * scale) + shift + 2):
        if 0 <= outside < len(found):
            assert (found[outside] == FREE).all()


def seams_between(glyphs: tuple[Drawn, ...], slant: float = 0.0) -> np.ndarray:
    borders, _ = borders_of(glyphs, np.array([MIDDLE + 10.0]), 20)
    seams = seams_of(glyphs, borders, HEIGHT, np.full(len(borders), float(MIDDLE)), slant)
    assert seams.shape == (len(glyphs) + 1, SEAM_ROWS) and seams.dtype == np.int16
    assert (np.diff(seams, axis=0) >= 0).all()
    return seams


@settings(max_examples=60, deadline=None)
@given(
    boxes=st.lists(
        st.tuples(st.integers(1, 15), st.integers(0, 15), st.integers(0, 30), st.integers(31, 64)),
        min_size=1,
        max_size=6,
    ),
    slant=st.floats(-0.6, 0.9, allow_subnormal=False),
)
def test_all_ink_of_letters_apart_lies_between_their_seams(
    boxes: list[tuple[int, int, int, int]], slant: float
) -> None:
    x, glyphs = 30, []
    for width, gap, top, bottom in boxes:
        glyphs.append(box(x, x + width, top, bottom))
        x += width + gap
    seams = seams_between(tuple(glyphs), slant)
    for k, glyph in enumerate(glyphs):
        rows = 2 * np.arange(SEAM_ROWS) + 1  # where each row of a seam is looked up
        own = (glyph.y <= rows) & (rows < glyph.y + len(glyph.mask))
        assert (seams[k, own] <= glyph.x).all() and (seams[k + 1, own] >= glyph.x + glyph.mask.shape[1]).all()


def test_an_overlap_is_halved_row_by_row() -> None:
    seams = seams_between((box(10, 30, 0, 40), box(20, 50, 20, 64)))
    upper, both, lower = seams[1, :10], seams[1, 10:20], seams[1, 20:]
    assert set(both.tolist()) == {25}
    assert (upper >= 30).all() and (lower <= 20).all()  # where one letter is alone, all of it is its own


def test_a_space_has_seams_in_the_gap() -> None:
    seams = seams_between((box(10, 20), SPACE, box(40, 50)))
    assert (seams[1] == 20).all() and (seams[2] == 40).all()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 60), st.integers(1, 30), st.integers(0, 50), st.integers(1, 30)),
        min_size=2,
        max_size=6,
    ),
    st.floats(-0.6, 0.9, allow_subnormal=False),
)
def test_seams_of_any_boxes_never_cross(boxes: list[tuple[int, int, int, int]], slant: float) -> None:
    boxes = sorted(boxes)
    seams_between(tuple(box(x, x + w, y, min(HEIGHT, y + h)) for x, w, y, h in boxes), slant)


def test_partings_of_a_levelled_word_are_those_of_a_level_one() -> None:
    """Boxes on a line that falls by .1, levelled, against the same boxes on one row; either is rounded to pixels."""
    ends = [(20 * k, 20 * k + 14) for k in range(9)]
    level = partings_of(tuple(box(a, b, 30, 50) for a, b in ends), 1.0, 0.0, (80, 200))
    falling = tuple(box(a, b, 30 + round(0.1 * (a + 7)), 50 + round(0.1 * (a + 7))) for a, b in ends)
    levelled = partings_of(falling, 1.0, 0.0, (80, 200), 0.1)
    assert (level[34:46] == levelled[34:46]).mean() > 0.98 and (level != FREE).any(axis=1)[34:46].all()
