"""Sheets: every chosen word is on them once, borders are red where they should be, captions are written.

The coverage has a coloured number for each character and place; the letters of a character stand in their order.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackmix import images, inspection, samples
from stackmix.coverage import Places, coverage
from stackmix.inspection import (
    BASELINE,
    BORDER,
    CAPTION,
    CELL,
    FADED,
    SCARCITY,
    X_LINE,
    coverage_sheet,
    flow,
    inspect,
    inspect_letter,
    letter_sheet,
    library_sheet,
    samples_sheet,
    text_sheet,
)
from stackmix.library import SHIPPED, LetterLibrary
from stackmix.ranking import ranked
from stackmix.synthesis import Stacker
from stackmix.types import DataError, Sample

needs_letters = pytest.mark.skipif(not SHIPPED.is_dir(), reason="the library that ships is not made yet")


def columns_of(sheet: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    return np.flatnonzero((sheet == colour).all(axis=2).any(axis=0))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 40), st.integers(1, 150)), min_size=1, max_size=12), st.integers(100, 200))
def test_flow_lays_every_picture_once(shapes: list[tuple[int, int]], width: int) -> None:
    cells = [np.full((h, w, 3), 10 + k, np.uint8) for k, (h, w) in enumerate(shapes)]
    sheet = flow(iter(cells), width, gap=6)
    assert sheet.shape[1:] == (width, 3)
    for k, (h, w) in enumerate(shapes):
        assert (sheet[..., 0] == 10 + k).sum() == h * min(w, width - 6)


def test_library_sheet_draws_borders_and_lines(sample_of: Callable) -> None:
    library = LetterLibrary.build([sample_of("bad", unit=33, gap=7)], "train")
    sheet = library_sheet(library, np.random.default_rng(0))
    scale = CELL / library.image(0).shape[0]
    assert sheet.shape[1] == 1600
    assert columns_of(sheet, BORDER).tolist() == [14 + round(b * scale) for b in library.borders(0)]
    rows = np.flatnonzero((sheet == BASELINE).all(axis=2).any(axis=1))
    lines = np.flatnonzero((sheet == X_LINE).all(axis=2).any(axis=1))
    assert rows.min() - lines.min() == pytest.approx(library.geometry[0, 2] * scale, abs=2)


@pytest.fixture
def own_captions(library_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Captions by the tiny library, which is there at once; it has no "?"."""
    monkeypatch.setattr(inspection, "SHIPPED", library_folder)
    monkeypatch.setattr(inspection, "CAPTION_HAND", "anna")


def test_sheet_is_the_same_for_the_same_seed(
    own_captions: None, tiny_library: LetterLibrary, library_folder: Path
) -> None:
    a, b, c = (library_sheet(tiny_library, np.random.default_rng(seed), 5) for seed in (1, 1, 2))
    assert np.array_equal(a, b) and not (a.shape == c.shape and np.array_equal(a, c))
    assert np.array_equal(inspect(library_folder, None, 3).image, inspect(library_folder, None, 3).image)


def test_text_is_stacked_above_the_words(own_captions: None, library_folder: Path) -> None:
    plain, with_text = inspect(library_folder, None).image, inspect(library_folder, "bad dog").image
    assert len(with_text) > len(plain) and np.array_equal(with_text[-len(plain) :], plain)


def test_text_wider_than_the_sheet_is_cut_off(tiny_library: LetterLibrary) -> None:
    sheet = text_sheet(Stacker(tiny_library, 64), "gone bad " * 30, np.random.default_rng(0), 2)
    assert sheet.shape[1] == 1600


def folder_of(path: Path, found: list[Sample]) -> Path:
    """A sample folder with all samples in their splits."""
    for sample in found:
        place = path / sample.split
        place.mkdir(parents=True, exist_ok=True)
        images.write(place / f"{sample.id}.png", sample.image)
        with (place / samples.METADATA).open("a", encoding="utf-8") as lines:
            lines.write(samples.dump(samples.record(sample, f"{sample.id}.png")))
    return path


@needs_letters
def test_samples_sheet_with_captions(sample_of: Callable, tmp_path: Path) -> None:
    found = [replace(sample_of("bad", id="one"), text="ёж")]
    found[0] = replace(found[0], borders=np.array([6, 40, 60], np.int32))
    found.append(replace(sample_of("gone", id="two", split="test1"), borders=None, text="Labour №5 ☃"))
    sheet = inspect(folder_of(tmp_path / "образцы", found), None).image
    assert sheet.shape[1] == 1600
    assert len(columns_of(sheet, BORDER)) == 3  # of the one sample that has borders
    caption = (sheet[..., 2] > sheet[..., 0] + 20) & (sheet[..., 0] < 150)  # grey blue
    rows = np.flatnonzero(caption.any(axis=1))
    assert (np.diff(rows) > 30).sum() == 1  # one caption for each of the two splits


def test_every_split_has_its_share(own_captions: None, sample_of: Callable, tmp_path: Path) -> None:
    found = [sample_of("bad", id=f"{split}{k}", split=split) for split in ("test1", "test2", "train") for k in range(6)]
    folder = folder_of(tmp_path, found)
    sheet = samples_sheet(folder, np.random.default_rng(0), 9)
    starts = (sheet == BORDER).all(axis=2).any(axis=0)
    assert 9 < starts.sum() <= 3 * 4  # three words a row, below each other: their borders fall together
    assert len(sheet) == 3 * (CELL + CAPTION + 14)
    assert len(samples_sheet(folder, np.random.default_rng(0), 1)) == len(sheet)  # one of each at least


def test_split_without_samples_is_no_trouble(own_captions: None, sample_of: Callable, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, [sample_of("bad")])
    (folder / "val").mkdir()
    (folder / "val" / samples.METADATA).write_text("")
    assert inspect(folder, None).image.shape == (CELL + CAPTION + 14, 1600, 3)


def test_sheet_of_no_samples_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / samples.METADATA).write_text("")
    with pytest.raises(DataError, match="no samples"):
        inspect(tmp_path, None)


def area(sheet: np.ndarray, colour: tuple[int, ...]) -> int:
    return int((sheet == colour).all(axis=2).sum())


def test_coverage_colours_every_number_by_scarcity(own_captions: None, tiny_library: LetterLibrary) -> None:
    """The tiny captions have no ☃ and no digit: their own instances are shown instead."""
    red, orange, yellow, green = (colour for _, colour in SCARCITY)
    counts = {"a": Places(0, 3, 7, 400), "☃": Places(0, 4, 5, 19), "1": Places(0, 20, 123_456, 0)}
    shown = {}
    for character, places in counts.items():
        own = LetterLibrary.build([replace(sample_with(character), id=character)], "train")
        shown[character] = coverage_sheet(own, {character: places})
    box = area(shown["☃"], orange)
    assert box > 300  # a box of 30 x 20 less its number
    for character, places in counts.items():
        usual = [next(colour for most, colour in SCARCITY if n <= most) for n in places]
        expected = usual if places.alone else usual[:3]  # hardly a letter stands alone: that is no lack
        for colour in (red, orange, yellow, green):
            assert round(area(shown[character], colour) / box) == expected.count(colour), (character, colour)


def sample_with(character: str) -> Sample:
    image = np.full((40, 30), 255, np.uint8)
    image[10:30, 10:20] = 0
    return Sample(image, character, character, borders=np.array([10, 20], np.int32))


def test_coverage_has_a_cell_for_each_character(own_captions: None, tiny_library: LetterLibrary) -> None:
    found = coverage(tiny_library)
    boxes = sum(area(coverage_sheet(tiny_library, found), colour) for _, colour in SCARCITY)
    ones = [sum(area(coverage_sheet(tiny_library, {c: p}), colour) for _, colour in SCARCITY) for c, p in found.items()]
    assert boxes == sum(ones) and min(ones) > 900


def test_library_sheet_ends_with_the_coverage(own_captions: None, library_folder: Path) -> None:
    sheet, library = inspect(library_folder, None), LetterLibrary.load(library_folder)
    panel = coverage_sheet(library, coverage(library))
    assert np.array_equal(sheet.image[-len(panel) :], panel) and sheet.rows == ()
    assert sheet.about == "12 characters; fewer than 5 instances: 'B' (1), ',' (4), '-' (4), '.' (4)"


def test_letter_stands_between_paler_neighbours(sample_of: Callable) -> None:
    word = replace(sample_of("aba", unit=22, gap=8), scores=np.float32([1, 0.5, 1]))
    library = LetterLibrary.build([word], "train")
    (cell,) = [letter_sheet(library, [one]) for one in ranked(library, "b")]
    level = cell[:70, :, 0].astype(int)
    dark, pale = (level < 60).any(axis=0), (abs(level - 255 * (1 - FADED)) < 10).sum(axis=0) > 3
    inside = np.flatnonzero(dark)
    x_height = library.geometry[0, 2]
    assert np.ptp(inside) == pytest.approx(22 / x_height * 22, abs=3)  # the letter's own ink is as wide as its glyph
    beside = np.flatnonzero(pale & ~dark)
    assert (beside < inside[0]).any() and (beside > inside[-1]).any()
    assert beside.min() > inside[0] - 22 and beside.max() < inside[-1] + 22  # a little of them, not all


def test_letters_are_shown_in_their_order(sample_of: Callable, tmp_path: Path) -> None:
    scores = np.random.default_rng(0).permutation(500).astype(np.float32) / 500
    words = [replace(sample_of("a", id=f"x:{k}", unit=8), scores=scores[k : k + 1]) for k in range(500)]
    LetterLibrary.build(words, "train").save(tmp_path)
    sheet = inspect_letter(tmp_path, "a")
    told = [row.split("\t") for row in sheet.rows]
    assert len(told) == 400 and sheet.about == "400 evenly spread of 500 letters 'a', surest first"
    assert [float(score) for _, score in told] == sorted((float(score) for _, score in told), reverse=True)
    assert told[0] == [f"x:{scores.argmax()}:0", "0.9980"] and told[-1] == [f"x:{scores.argmin()}:0", "0.0000"]
    assert inspect_letter(tmp_path, "a").image.shape == sheet.image.shape


def test_letters_of_what_is_no_library_or_has_none(sample_of: Callable, library_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no 'ж', only"):
        inspect_letter(library_folder, "ж")
    with pytest.raises(DataError, match=r"holds no library\.parquet"):
        inspect_letter(tmp_path / "absent", "a")
    with pytest.raises(DataError, match="is a sample folder"):
        inspect_letter(folder_of(tmp_path, [sample_of("bad")]), "a")
