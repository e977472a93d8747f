"""Set words: borders against the ink they come from, the drawn word against Pillow's own, and what must never vary."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pictures
from PIL import ImageDraw, ImageFont

from stackmix import setting
from stackmix.faces import Drawn, Face, open_face, settings
from stackmix.setting import PLAIN, SetWord, Variation, set_word, union
from stackmix.truth import INK, between, borders_of, strictly_rising
from stackmix.types import DataError

TEXTS = ["a", "Labour", "jiffy", "(12:30)", "AVATAR", "Wo.", "i'll", "two words", "......"]
WILD = Variation(stroke=(-0.05, 0.15), tracking=(-0.3, 0.0), bend=0.08)


def own_face(**options: float) -> Face:
    """Pillow's own face, Latin only; it comes with every Pillow that has FreeType."""
    return open_face(io.BytesIO(ImageFont.load_default(size=20).font_bytes), "own", **options)


@pytest.fixture(scope="module")
def face() -> Face:
    return own_face()


def coverage_of(word: SetWord) -> np.ndarray:
    """The union of a set word's glyphs, pasted at their places."""
    canvas = np.zeros_like(word.image)
    for mask, x, y in word.glyphs:
        part = canvas[y : y + mask.shape[0], x : x + mask.shape[1]]
        np.maximum(part, mask, out=part)
    return canvas


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("variation", [PLAIN, Variation(), WILD], ids=["plain", "usual", "wild"])
def test_borders_rise_within_the_ink(face: Face, text: str, variation: Variation) -> None:
    for seed in range(8):
        word = set_word(text, face, np.random.default_rng(seed), variation)
        height, width = word.image.shape
        ink = np.flatnonzero((word.image <= 255 - INK).any(axis=0))
        assert word.image.dtype == np.uint8 and len(word.glyphs) == len(text)
        assert word.borders.dtype == np.int32 and word.borders.shape == (len(text) + 1,)
        assert (np.diff(word.borders) > 0).all()
        assert word.borders[0] >= 0 and word.borders[-1] <= width
        assert word.borders[0] == ink[0] and word.borders[-1] == ink[-1] + 1
        assert 0 < word.x_height < 2 * face.x_height and -height < word.baseline < 2 * height
        assert (
            word.image[:2].min() == word.image[-2:].min() == word.image[:, :2].min() == word.image[:, -2:].min() == 255
        )


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("variation", [PLAIN, Variation(), WILD], ids=["plain", "usual", "wild"])
def test_glyphs_together_are_the_word(face: Face, text: str, variation: Variation) -> None:
    for seed in range(8):
        word = set_word(text, face, np.random.default_rng(seed), variation)
        ink = 255 - word.image
        glyphs = coverage_of(word)
        assert (glyphs <= ink).all()
        # only where two edges meet within one pixel do the parts cover less than the whole
        assert (glyphs < ink - 32.0).sum() <= 5 + 0.02 * (ink >= INK).sum()


@pytest.mark.parametrize("text", TEXTS)
def test_free_columns_are_empty_and_hold_the_border(face: Face, text: str) -> None:
    for seed in range(8):
        word = set_word(text, face, np.random.default_rng(seed))
        assert word.free.shape == (len(text) - 1, 2)
        for border, (low, high) in zip(word.borders[1:-1], word.free, strict=True):
            assert low <= border <= high
            assert (word.image[:, low:high] > 255 - INK).all()


def test_drawn_word_is_what_pillow_draws(face: Face) -> None:
    text = "Labour AVATAR, office"
    pens = face.pens(text)
    glyphs = [
        Drawn(g.mask, g.x + round(pen) + 50, g.y + 250) for g, pen in zip(map(face.glyph, text), pens, strict=True)
    ]
    ours = union(glyphs)
    canvas = Pictures.new("L", ours.shape[::-1])
    pen = ImageDraw.Draw(canvas)
    pen.text((50, 250), text, fill=255, font=face.font, anchor="ls", features=settings(face.font))
    theirs = np.asarray(canvas)
    both, either = (np.minimum(ours, theirs) > 127).sum(), (np.maximum(ours, theirs) > 127).sum()
    assert both / either > 0.96  # pens are rounded to whole pixels


def test_same_seed_same_bytes_and_no_two_alike(face: Face) -> None:
    first, again, other = (set_word("noon", face, np.random.default_rng(seed)) for seed in (7, 7, 8))
    assert first.image.tobytes() == again.image.tobytes() and (first.borders == again.borders).all()
    assert first.image.shape != other.image.shape or (first.image != other.image).any()
    left, right = first.glyphs[1].mask, first.glyphs[2].mask
    assert left.shape != right.shape or (left != right).any()


def test_metrics_are_those_of_the_ink() -> None:
    tall = own_face(x_height=40.0)
    plain = set_word("xux", tall, np.random.default_rng(0), PLAIN)
    rows = np.flatnonzero((plain.image <= 127).any(axis=1))
    assert plain.baseline == pytest.approx(rows[-1] + 1, abs=1.5)
    assert plain.x_height == pytest.approx(len(rows), abs=2)
    half = set_word("xux", tall, np.random.default_rng(0), Variation(size=(0.5, 0.5), stroke=(0, 0), bend=0, wander=0))
    assert half.x_height == pytest.approx(20)
    leaning = Variation((0.3, 0.3), (1, 1), (1, 1), (0, 0), (0, 0), 0, 0, 0)
    assert set_word("ll", tall, np.random.default_rng(0), leaning).slant == pytest.approx(tall.slant + 0.3)


def test_stroke_grows_and_shrinks(face: Face) -> None:
    def darkness(stroke: float) -> int:
        vary = Variation((0, 0), (1, 1), (1, 1), (stroke, stroke), (0, 0), 0, 0, 0)
        return int((255 - set_word("minimum", face, np.random.default_rng(0), vary).image.astype(int)).sum())

    assert darkness(-0.03) < darkness(0) < darkness(0.03) < darkness(0.1)


def test_joined_letters_touch(face: Face) -> None:
    apart = set_word("minimum", face, np.random.default_rng(0), PLAIN)
    joined = set_word("minimum", own_face(join=2.0), np.random.default_rng(0), PLAIN)
    assert (apart.free[:, 0] < apart.free[:, 1]).all()
    assert (joined.free[:, 0] == joined.free[:, 1]).all()


def test_letters_that_touch_in_the_face_stay_so() -> None:
    tight = own_face()
    tight.gaps.update({"mi": -3.0, "in": -1.0, "ni": 0.0})
    reach = np.array([tight.step(pair) - tight.gaps[pair] for pair in ("mi", "in", "ni")])
    for tracking in (0.0, 0.02, 0.5):
        assert (np.diff(tight.pens("mini", tracking)) <= reach).all()


def test_missing_characters_are_found(face: Face) -> None:
    assert face.missing("aж№b ж") == ["ж", "№"]
    assert face.has(" ") and not face.has("\u200b")
    with pytest.raises(DataError, match="own lacks ж"):
        set_word("aж", face, np.random.default_rng(0))
    with pytest.raises(DataError, match="own lacks q"):
        set_word("quiet", own_face(wrong="q"), np.random.default_rng(0))


@pytest.mark.parametrize("text", ["", " ", " a", "a "])
def test_no_text_no_word(face: Face, text: str) -> None:
    with pytest.raises(DataError, match="empty or has space"):
        set_word(text, face, np.random.default_rng(0))


def test_a_file_that_is_no_font() -> None:
    with pytest.raises(DataError, match="note is no font"):
        open_face(io.BytesIO(b"hello"), "note")


def bar(left: int, right: int, top: int = 0, bottom: int = 40) -> Drawn:
    return Drawn(np.full((bottom - top, right - left), 255, np.uint8), left, top)


BASE, X_HEIGHT = 40.0, 20.0  # mid x-height is rows 25..35
LINE = np.full(50, BASE)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (bar(0, 10), bar(16, 20), (13, 10, 16)),  # a gap: its middle, and any column of it
        (bar(0, 10), bar(10, 20), (10, 10, 10)),  # touching
        (bar(0, 14), bar(10, 20), (12, 12, 12)),  # overlapping
        (bar(0, 14, 0, 10), bar(10, 20), (12, 12, 12)),  # no ink of the first at mid x-height: the whole overlap
    ],
)
def test_border_of_two_bars(first: Drawn, second: Drawn, expected: tuple[float, int, int]) -> None:
    assert between(first, second, BASE, X_HEIGHT) == expected


def test_border_looks_at_mid_x_height() -> None:
    # a T whose bar reaches over its neighbour
    stem, roof = bar(8, 12), np.full((6, 30), 255, np.uint8)
    mask = np.zeros((40, 30), np.uint8)
    mask[:6], mask[:, 8:12] = roof, stem.mask
    assert between(Drawn(mask, 0, 0), bar(16, 24), BASE, X_HEIGHT) == (14, 14, 14)


def test_mid_x_height_climbs_with_the_line() -> None:
    """Letters that lean by 1 and overlap: where the line is 20 rows higher, their border lies 20 columns further."""
    leaning = np.zeros((40, 60), np.uint8)
    for row in range(40):
        leaning[row, 40 - row : 60 - row] = 255
    glyphs = tuple(Drawn(leaning, x, 0) for x in (0, 18, 36))
    low, high = (borders_of(glyphs, np.full(100, base), X_HEIGHT)[0] for base in (BASE, BASE - 20))
    assert (high - low)[1:-1].tolist() == [20, 20]
    climbing, _ = borders_of(glyphs, np.where(np.arange(100) < 30, BASE, BASE - 20), X_HEIGHT)
    assert climbing.tolist() == [low[0], low[1], high[2], high[3]]


@pytest.mark.parametrize("seed", range(6))  # lines that climb and lines that fall
def test_the_line_is_where_the_letters_stand(face: Face, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Feet of set letters, on a line that climbs and wanders, lie on the baseline that is told to their borders."""
    lines: list[np.ndarray] = []
    real = setting.borders_of
    monkeypatch.setattr(setting, "borders_of", lambda glyphs, line, x: lines.append(line) or real(glyphs, line, x))
    variation = Variation((0, 0), (1, 1), (1, 1), (0, 0), (0, 0), 0.05, 0.0, 0.05)
    word = set_word("nmhnmrhnmnhm", face, np.random.default_rng(seed), variation)
    feet = [(g.x + g.mask.shape[1] // 2, g.y + len(g.mask)) for g in word.glyphs]
    off = [foot - lines[0][column] for column, foot in feet]
    assert np.abs(off).max() < 0.12 * word.x_height
    assert word.baseline == pytest.approx(lines[0].mean())


def test_a_space_is_the_gap() -> None:
    space = Drawn(np.zeros((0, 0), np.uint8), 0, 0)
    borders, free = borders_of((bar(2, 10), space, bar(30, 40)), LINE, X_HEIGHT)
    assert borders.tolist() == [2, 10, 30, 40] and free.tolist() == [[10, 30], [10, 30]]
    borders, _ = borders_of((bar(2, 10), space, space, bar(30, 40)), LINE, X_HEIGHT)
    assert borders.tolist() == [2, 10, 20, 30, 40]


def test_a_tail_before_the_first_letter_is_ink_too() -> None:
    borders, free = borders_of((bar(6, 10), bar(2, 5), bar(12, 20)), LINE, X_HEIGHT)
    assert borders[0] == 2 and borders[-1] == 20 and (np.diff(borders) > 0).all()
    assert ((free[:, 0] <= borders[1:-1]) & (borders[1:-1] <= free[:, 1])).all()


@given(st.lists(st.integers(0, 60), min_size=2, max_size=8))
def test_strictly_rising(inner: list[int]) -> None:
    borders = np.array([10, *inner, 10 + 2 * len(inner) + 5], np.int32)
    rising = strictly_rising(borders)
    assert rising[0] == borders[0] and rising[-1] == borders[-1]
    assert (np.diff(rising) > 0).all() and rising.dtype == np.int32
    if (np.diff(borders) > 0).all():
        assert (rising == borders).all()
