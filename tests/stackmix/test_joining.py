"""Pieces joined: strokes meet half way, letters of other hands take on the word's, words of a line wander."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackmix.joining import DRIFT, MAX_BEND, WANDER, _lay_column, lay, plan
from stackmix.library import LetterLibrary
from stackmix.outlines import BANDS, NOWHERE, restyled, white_between
from stackmix.synthesis import Stacker

COLUMNS = st.lists(st.integers(0, 255), min_size=1, max_size=12)


def shifted(column: list[int], down: float, rows: int, top: int) -> np.ndarray:
    """A column moved down, between rows by a cubic convolution (Keys 1981, a = -1/2) over white, in plain Python."""
    found = np.full(rows, 255.0)
    whole, part = divmod(int(np.floor(16 * down + 0.5)), 16)
    for y in range(rows):
        value = 0.5
        for k in range(y - top - whole - 2, y - top - whole + 2):
            x = abs(k - (y - top - whole - part / 16))
            weight = 1.5 * x**3 - 2.5 * x**2 + 1 if x <= 1 else max(0, 2 - x) ** 2 * (x - 1) / -2
            value += weight * (column[k] if 0 <= k < len(column) else 255)
        found[y] = int(np.clip(value, 0, 255))
    return found


@settings(max_examples=200, deadline=None)
@given(COLUMNS, st.floats(-20, 20, allow_subnormal=False), st.integers(-4, 10))
def test_a_column_lies_between_rows(column: list[int], down: float, top: int) -> None:
    light = np.full(16, 255, np.uint8)
    _lay_column(light, np.array(column, np.uint8), top, down)
    assert np.array_equal(light, shifted(column, down, 16, top))


def test_the_darker_ink_wins() -> None:
    light = np.array([255, 100, 0, 50], np.uint8)
    _lay_column(light, np.array([200, 200, 200, 10], np.uint8), 0, 0.0)
    assert light.tolist() == [200, 100, 0, 10]


def test_restyled_is_the_outline_where_nothing_changes() -> None:
    outline = np.random.default_rng(0).integers(0, 256, (7, 11), dtype=np.uint8)
    found, pad = restyled(outline, 0.0, 0.0, 5.0)
    assert np.array_equal(found[pad : pad + 7, 1:-1], outline)
    found[pad : pad + 7, 1:-1] = 255
    assert (found == 255).all()


@pytest.mark.parametrize("lean", [-0.5, 0.2, 1.0])
def test_restyled_leans_about_its_middle(lean: float) -> None:
    stem = np.zeros((3, 41), np.uint8)  # an upright stem, column by column
    found, pad = restyled(stem, lean, 0.0, 20.0)
    ink = 255.0 - found
    centres = (ink * np.arange(len(ink))[:, None]).sum(axis=0)[1:-1] / ink.sum(axis=0)[1:-1] - pad
    assert np.abs(centres - (1 + lean * (20 - np.arange(41)))).max() < 0.02
    assert np.abs(ink.sum() - 255 * stem.size) < 255  # the ink stays


@pytest.mark.parametrize(("bolder", "rows"), [(2.0, 7), (1.0, 6), (-1.0, 4), (-2.0, 3)])
def test_restyled_makes_a_stroke_wider_or_thinner(bolder: float, rows: int) -> None:
    bar = np.full((20, 15), 255, np.uint8)
    bar[:, 5:10] = 0
    found, pad = restyled(bar, 0.0, bolder, 7.0)
    assert (255.0 - found[pad + 10]).sum() / 255 == pytest.approx(rows, abs=0.01)


@pytest.fixture(scope="module")
def joined(sample_of: Callable) -> Stacker:
    words = ("abba", "bad", "dab", "nab", "ban", "and")
    samples = [sample_of(w, "anna", gap=6, joined=True) for w in words]
    return Stacker(LetterLibrary.build(samples, "train"), 64)


def test_strokes_bend_to_meet_half_way(joined: Stacker) -> None:
    library, rack = joined.library, joined.rack
    a, b = (next(i for i, text in enumerate(library.texts) if text == t) for t in ("bad", "ban"))
    pieces = np.array([[a, 0, 2, 0], [b, 1, 2, 0]], np.int32)
    joins = rack.joins.copy()
    for apart in (0.0, 1.0, 3.0, -2.0, 50.0):
        joins[library.starts[b] + b + 1, 0] = joins[library.starts[a] + a + 2, 0] + apart
        places, _ = plan(pieces, rack._replace(joins=joins), library.starts, np.zeros(1, np.uint64), 4, False)
        bend = np.clip(apart / 2, -MAX_BEND * rack.x_height, MAX_BEND * rack.x_height)
        assert places[0].tolist()[1:] == pytest.approx([0, 0, bend])
        assert places[1].tolist()[1:] == pytest.approx([0, -bend, 0])


def test_a_stroke_goes_on_in_the_column_where_it_was_cut(joined: Stacker) -> None:
    """Seams follow the slant: low strokes are cut left of the border, high ones right of it."""
    library, rack = joined.library, joined.rack
    a, b = (next(i for i, text in enumerate(library.texts) if text == t) for t in ("bad", "ban"))
    pieces = np.array([[a, 0, 2, 0], [b, 1, 2, 0]], np.int32)
    joins, found = rack.joins.copy(), []
    for left, right in ((0, 0), (3, 0), (0, 3), (-2, 2)):
        joins[library.starts[a] + a + 2, 3], joins[library.starts[b] + b + 1, 3] = left, right
        places, _ = plan(pieces, rack._replace(joins=joins), library.starts, np.zeros(1, np.uint64), 4, False)
        found.append(places[1, 0] - places[0, 0])
    assert [x - found[0] for x in found] == [0, 3, -3, -4]


def test_parted_letters_do_not_bend(tiny_library: LetterLibrary) -> None:
    stacker = Stacker(tiny_library, 64)
    sample = tiny_library.texts.index("bad")
    pieces = np.array([[sample, 0, 1, 0], [sample, 1, 1, 0], [sample, 2, 1, 0]], np.int32)
    places, _ = plan(pieces, stacker.rack, tiny_library.starts, np.zeros(1, np.uint64), 3, False)
    assert (places[:, 1:] == 0).all()


def test_words_of_a_line_wander_and_one_word_does_not(joined: Stacker) -> None:
    library, rack = joined.library, joined.rack
    pieces = np.array([[1, 0, 3, int(k > 0)] for k in range(400)], np.int32)
    places, _ = plan(pieces, rack, library.starts, np.ones(1, np.uint64), 4 * 400 - 1, True)
    down = places[:, 1]
    assert np.abs(down).max() <= WANDER * rack.x_height + 0.5
    assert np.abs(np.diff(down)).max() <= DRIFT * rack.x_height + 1
    assert len(set(down.tolist())) >= 3 and (down == np.round(down)).all()
    assert (plan(pieces, rack, library.starts, np.ones(1, np.uint64), 4 * 400 - 1, False)[0][:, 1] == 0).all()


def test_a_borrowed_letter_leans_and_presses_as_the_word(sample_of: Callable) -> None:
    """`k` comes from a hand that is measured as leaning and bolder; in the word it is sheared and thinned."""
    samples = [sample_of(w, "anna", unit=26, gap=10) for w in ("bad", "dab", "abba")]
    samples += [sample_of(w, "boris", unit=26, gap=10) for w in ("kab", "bak")]
    geometry = np.tile(np.array([58, 0, 26, 0, 4], np.float32), (5, 1))
    plain = Stacker(LetterLibrary.of(samples, "train", geometry.copy()), 100)
    geometry[3:, 3:] = 0.3, 5.5
    other = Stacker(LetterLibrary.of(samples, "train", geometry), 100)
    words = [s.stack("dk", np.random.default_rng(0), hand=0, longest=1, temperature=0) for s in (plain, other)]
    assert {writer for *_, writer in words[0].pieces} == {"anna", "boris"}
    inks = [255.0 - word.image[:, word.borders[1] :] for word in words]
    rows, tilts = np.arange(42, 60), []  # about the middle of the x-height, where it stays in place
    for ink in inks:  # of the columns' centres on the rows
        centre = (ink * np.arange(ink.shape[1])).sum(axis=1)[rows] / ink.sum(axis=1)[rows]
        tilts.append(np.polyfit(rows, centre, 1)[0])
    assert tilts[1] - tilts[0] == pytest.approx(0.3, abs=0.1)  # to the left, upwards
    assert inks[1].sum() < 0.9 * inks[0].sum()


def test_boxes_hold_all_ink_of_leaning_words(joined: Stacker) -> None:
    line = joined.stack("band and nab", np.random.default_rng(5))
    outside = line.image.copy()
    for left, top, right, bottom in line.boxes.tolist():
        assert outside[top:bottom, left:right].min() == 0
        outside[top:bottom, left:right] = 255
    assert (outside == 255).all() and len(line.boxes) == 3
    assert (np.diff(line.boxes[:, 0]) > 0).all()
    assert replace(line, text="x").text == "x"


def test_pieces_stand_as_far_apart_as_their_letters_did(sample_of: Callable) -> None:
    """Of samples with gaps of 4 and of 12 columns, pieces that meet leave one of both; a sample's end is as usual."""
    samples = [sample_of(w, "anna", unit=26, gap=gap, id=f"{w}{gap}") for w in ("bad", "nod") for gap in (4, 12)]
    geometry = np.tile(np.array([58, 0, 26, 0, 4], np.float32), (4, 1))
    stacker = Stacker(LetterLibrary.of(samples, "train", geometry), 100)
    library = stacker.library
    narrow, wide = (library.ids.index(f"bad{gap}") for gap in (4, 12))

    def white(first: list[int], second: list[int], seed: int = 0) -> int:
        state, texts = np.full(1, seed, np.uint64), first[2] + second[2]
        pieces = np.array([[*first, 0], [*second, 0]], np.int32)
        light, borders, _ = lay(
            pieces, stacker.rack, library.starts, state, texts, stacker.hands.styles, library.writers
        )
        inked = (light < 128).any(axis=1)
        border = int(borders[first[2]])
        left = np.flatnonzero(inked[:border])[-1]
        return int(np.flatnonzero(inked[border:])[0]) + border - int(left) - 1

    assert white([narrow, 0, 1], [narrow, 1, 1]) == 4 and white([wide, 0, 1], [wide, 1, 1]) == 12
    found = Counter(white([narrow, 0, 1], [wide, 1, 1], seed) for seed in range(200))
    assert set(found) == {4, 12} and min(found.values()) > 70
    usual = int(np.median(stacker.rack.gaps[stacker.rack.gaps < NOWHERE]))
    found = Counter(white([narrow, 0, 3], [wide, 1, 2], seed) for seed in range(200))  # the first one's sample ends
    assert set(found) == {usual, 12} and min(found.values()) > 70


def test_gap_is_the_least_white_of_bands_beside_each_other() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        right, left = (rng.integers(-3, 30, BANDS).astype(np.int16) for _ in range(2))
        for profile in (right, left):
            profile[rng.random(BANDS) < 0.4] = NOWHERE
        pairs = [(i, j) for i in range(BANDS) for j in range(BANDS) if abs(i - j) <= 1]
        sums = [int(right[i]) + int(left[j]) for i, j in pairs if max(right[i], left[j]) < NOWHERE]
        assert sum(white_between(right, left)) == min(sums, default=int(NOWHERE))
