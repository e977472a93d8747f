"""Racked letters: one line, one size, one slant and stroke for a hand; outlines that together are all the ink."""

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import pytest

from stackmix.library import LetterLibrary
from stackmix.rack import BASELINE, MAX_LEAN, X_HEIGHT, Rack, _seams_at, styles_of
from stackmix.types import SEAM_ROWS, Sample

UNIT = 26  # an x-height that a rack of height 100 holds as it is
BASE = 58.0  # of words drawn with that unit


def racked(samples: list[Sample], height: int, **changed: float) -> tuple[LetterLibrary, Rack]:
    lines = {"baseline": BASE, "skew": 0.0, "x_height": UNIT, "slant": 0.0, "stroke_width": 4.0} | changed
    geometry = np.tile(np.array(list(lines.values()), np.float32), (len(samples), 1))
    library = LetterLibrary.of(samples, "train", geometry)
    return library, Rack.of(library, height)


def ink_of_sample(library: LetterLibrary, rack: Rack, sample: int) -> np.ndarray:
    """(height, W) ink of a sample, its letters' outlines laid where they were taken from."""
    first, last = library.starts[sample : sample + 2].tolist()
    ink = np.zeros((rack.height, 3 * int(rack.borders[last + sample]) + 200), np.uint8)
    for letter in range(first, last):
        left, width, top, rows = rack.letters[letter].tolist()
        column = int(rack.borders[letter + sample]) + left
        box = ink[top : top + rows, column : column + width]
        np.maximum(box, 255 - rack.outline(letter).T, out=box)
    return ink


@pytest.mark.parametrize("height", [33, 64, 128, 256])  # at 16 the gaps of the drawn letters close
def test_racked_letters_stand_on_one_line_at_one_size(tiny_library: LetterLibrary, height: int) -> None:
    rack = Rack.of(tiny_library, height)
    assert rack.x_height == X_HEIGHT * height and rack.baseline == round(BASELINE * height)
    for letter in "aeno":
        for sample, position, _ in tiny_library.letters(letter):
            k = int(tiny_library.starts[sample]) + position
            inked = np.flatnonzero((rack.outline(k) < 160).any(axis=0)) + rack.letters[k, 2]
            assert abs(inked[-1] + 1 - rack.baseline) <= 1 + 0.02 * height
            assert abs(inked[-1] + 1 - inked[0] - rack.x_height) <= 2 + 0.02 * height


def test_at_its_own_size_a_racked_sample_is_its_ink(sample_of: Callable) -> None:
    """Parted letters lose nothing and gain nothing, whatever way their seams wind between them."""
    samples = []
    for k, word in enumerate(("bad", "gone", "a", "page-bog")):
        sample = sample_of(word, unit=UNIT, gap=8)
        sway = np.clip(np.cumsum(np.random.default_rng(k).integers(-1, 2, SEAM_ROWS)), -3, 3)
        samples.append(replace(sample, seams=(sample.borders[:, None] + sway).astype(np.int16)))
    library, rack = racked(samples, 100)
    for k, sample in enumerate(samples):
        ink = ink_of_sample(library, rack, k)
        wanted = 255 - sample.image
        shift = rack.baseline - round(BASE)
        columns = np.flatnonzero(wanted.any(axis=0))
        found = np.flatnonzero(ink.any(axis=0))
        assert np.array_equal(
            ink[shift:, found[0] : found[-1] + 1][: len(wanted)], wanted[:, columns[0] : columns[-1] + 1]
        )
        assert ink.sum(dtype=np.int64) == wanted.sum(dtype=np.int64)


def test_outlines_touch_the_edges_of_their_boxes(tiny_library: LetterLibrary) -> None:
    rack = Rack.of(tiny_library, 64)
    for letter in range(int(tiny_library.starts[-1])):
        light = rack.outline(letter)
        assert light[[0, -1]].min(axis=1).max() < 255 and light[:, [0, -1]].min(axis=0).max() < 255


@pytest.mark.parametrize("slant", [-0.2, 0.25])
def test_a_sample_leans_as_its_hand_does(sample_of: Callable, slant: float) -> None:
    """One of three words was measured as leaning by `slant`; racked, it is sheared back about mid x-height."""
    samples = [sample_of(w, unit=UNIT, gap=14) for w in ("dab", "bad", "bdb")]
    geometry = np.tile(np.array([BASE, 0, UNIT, 0, 4], np.float32), (3, 1))
    upright = LetterLibrary.of(samples, "train", geometry.copy())
    geometry[2, 3] = slant
    leaning = LetterLibrary.of(samples, "train", geometry)
    before, after = (ink_of_sample(library, Rack.of(library, 100), 2) for library in (upright, leaning))
    height, middle = before.shape[0], round(BASELINE * 100) - X_HEIGHT * 50
    matrix = np.array([[1, slant, -slant * middle], [0, 1, 0]], np.float64)
    sheared = cv2.warpAffine(np.pad(before, ((0, 0), (60, 60))), matrix, (before.shape[1] + 120, height))
    pad = np.flatnonzero(after.any(axis=0))[0] - np.flatnonzero(sheared.any(axis=0))[0]
    wanted = np.roll(sheared, pad, axis=1)[:, : after.shape[1]]
    assert np.abs(after.astype(int) - wanted).sum() < 0.1 * wanted.sum(dtype=np.int64)


def test_a_slant_is_not_changed_beyond_its_bound(sample_of: Callable) -> None:
    samples = [sample_of(w, unit=UNIT, gap=30) for w in ("dab", "bad", "bdb")]
    found = []
    for slant in (-MAX_LEAN, -2.0):
        geometry = np.tile(np.array([BASE, 0, UNIT, 0, 4], np.float32), (3, 1))
        geometry[2, 3] = slant
        library = LetterLibrary.of(samples, "train", geometry)
        found.append(ink_of_sample(library, Rack.of(library, 100), 2))
    assert np.array_equal(*found)


@pytest.mark.parametrize("bolder", [-1.0, 1.0])
def test_strokes_are_as_wide_as_the_hand_writes(sample_of: Callable, bolder: float) -> None:
    samples = [sample_of(w, unit=UNIT, gap=14) for w in ("dab", "bad", "bdb")]
    geometry = np.tile(np.array([BASE, 0, UNIT, 0, 4], np.float32), (3, 1))
    plain = LetterLibrary.of(samples, "train", geometry.copy())
    geometry[2, 4] -= bolder
    odd = LetterLibrary.of(samples, "train", geometry)
    assert styles_of(odd)[0, 1] == pytest.approx(4 / UNIT)
    before, after = (ink_of_sample(library, Rack.of(library, 100), 2) for library in (plain, odd))
    stem = [np.sort(ink[57].astype(int))[::-1].sum() / 255 for ink in (before, after)]  # a row through upright stems
    count = (np.diff(np.concatenate([[0], (before[57] > 96).astype(int)])) == 1).sum()
    assert (stem[1] - stem[0]) / count == pytest.approx(bolder, abs=0.35)


def test_joined_letters_have_joins_and_parted_ones_none(sample_of: Callable) -> None:
    samples = [sample_of("abba", "anna", gap=6, joined=True), sample_of("abba", "boris", gap=6)]
    library = LetterLibrary.build(samples, "train")
    rack = Rack.of(library, 64)
    for sample, joined in ((0, True), (1, False)):
        row, slope, thickness, aside = rack.joins[5 * sample + 1 : 5 * sample + 4].T
        assert ((thickness > 0) == joined).all()
        if joined:  # the bar runs level through the middle of the x-height
            assert np.abs(row - (rack.baseline - rack.x_height / 2)).max() < 0.15 * rack.x_height
            assert np.abs(slope).max() < 0.1
            assert np.abs(aside).max() <= 0.25 * rack.x_height
    assert (rack.joins[[0, 4, 5, 9], 2] == 0).all()


def test_a_rising_stroke_has_a_slope(sample_of: Callable) -> None:
    sample = sample_of("bb", "anna", gap=20)
    image, (left, right) = sample.image.copy(), sample.borders[1] + np.array([-12, 12])
    cv2.line(image, (int(left), 48), (int(right), 36), 0, 3)
    library = LetterLibrary.build([replace(sample, image=image)], "train")
    assert Rack.of(library, 100).joins[1, 1] == pytest.approx(-0.5, abs=0.1)


@pytest.mark.parametrize("stretch", [0.5, 1.0, 3.0])
def test_seams_are_read_between_their_rows(stretch: float) -> None:
    rng = np.random.default_rng(0)
    seams = np.sort(rng.integers(0, 200, (4, SEAM_ROWS)), axis=0).astype(np.int16)
    at = np.sort(rng.uniform(-10, 90, (4, 50)), axis=1)
    aside = rng.uniform(-5, 5, 50)
    centres = (np.arange(SEAM_ROWS) + 0.5) * 80 / SEAM_ROWS
    wanted = np.array([np.interp(at[i], centres, seams[i]) for i in range(4)]) * stretch + aside
    found = _seams_at(seams, np.tile(at[0], (4, 1)), 80, stretch, aside)
    same = np.array([np.interp(at[0], centres, own) for own in seams]) * stretch + aside
    assert np.abs(found - same).max() <= 0.51 and (np.diff(found, axis=0) >= 0).all()
    assert np.abs(_seams_at(seams[:1], at[:1], 80, stretch, aside) - wanted[:1]).max() <= 0.51


def test_a_sample_whose_baseline_lies_far_outside_is_blank(sample_of: Callable) -> None:
    for baseline in (-500.0, 900.0):
        library, rack = racked([sample_of("bad", unit=UNIT)], 64, baseline=baseline)
        assert (rack.letters[:, 1] == 0).all() and len(rack.pixels) == 0
        assert (np.diff(rack.borders) >= 1).all()
        assert len(library) == 1
