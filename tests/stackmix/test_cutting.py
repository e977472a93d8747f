"""Borders of drawn words out of made-up emissions: they fall into the gaps, and whoever cannot be cut is named."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackmix import cutting
from stackmix.alignment import AlignmentError, align, encode
from stackmix.cutting import Aligned, calibrated, cut, part_letters
from stackmix.seams import BorderMap
from stackmix.types import SEAM_ROWS, Alignment, Sample

ALPHABET = "abdegnop-. "


class Frames(NamedTuple):
    log_probs: np.ndarray
    left: float
    step: float


def emission_of(borders: np.ndarray, text: str, width: int, left: float, step: float, shift: float = 0.0) -> Frames:
    """Each letter fires once, `shift` columns off its middle, in frames of `step` columns from `left` on."""
    frames = int(np.ceil((width - left) / step)) + 1
    probs = np.full((frames, len(ALPHABET) + 1), 0.01)
    probs[:, 0] = 0.9
    for k, letter in enumerate(text):
        frame = int(((borders[k] + borders[k + 1]) / 2 + shift - left) / step)
        probs[frame, 0], probs[frame, ALPHABET.index(letter) + 1] = 0.05, 0.85
    return Frames(np.log(probs / probs.sum(1, keepdims=True)).astype(np.float32), left, step)


def map_of(ink: np.ndarray, scale: int = 1, shift: int = 0) -> BorderMap:
    """What a border model would say that only knows that ink should not be cut, `scale` times as large as the ink."""
    large = np.repeat(np.repeat(np.pad(ink, ((0, 0), (0, 1))), scale, axis=0), scale, axis=1)
    beside = np.minimum(large, np.roll(large, 1, axis=1))
    partings, shown = (np.pad(part, ((shift, 0), (0, 0))) for part in (beside, large))
    columns = np.where(beside.any(axis=0), 128, 0).astype(np.uint8)
    return BorderMap(partings, columns, shown, float(scale), float(shift), 0.0)


def parted(text: str, emission: Frames, border_map: BorderMap, ink: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Borders and seams of a text whose letters are all usually as wide."""
    labels = encode(text, ALPHABET)
    alignment = align(emission.log_probs, labels)
    return part_letters(Aligned(alignment, labels, emission, border_map, np.ones(len(text))), ink)


@settings(max_examples=60, deadline=None)
@given(
    text=st.text("abdegnop", min_size=1, max_size=9),
    gap=st.integers(2, 9),
    step=st.floats(1.0, 4.0, allow_subnormal=False),
    left=st.floats(-12.0, 0.0, allow_subnormal=False),
    shift=st.floats(-1.5, 1.5, allow_subnormal=False),
)
def test_borders_fall_into_the_gaps(
    draw: Callable, text: str, gap: int, step: float, left: float, shift: float
) -> None:
    drawn = draw(text, unit=20, gap=gap, margin=7)
    ink = 255 - drawn.image
    emission = emission_of(drawn.borders, text, ink.shape[1], left, step, shift)
    borders, seams = parted(text, emission, map_of(ink), ink)
    assert seams.shape == (len(borders), SEAM_ROWS) and (np.diff(seams, axis=0) >= 0).all()
    assert borders.dtype == np.int32 and len(borders) == len(text) + 1
    assert borders[0] == drawn.borders[0] and borders[-1] == drawn.borders[-1]  # the last letter is cut at its ink
    for border, seam, (ends, begins) in zip(borders[1:-1], seams[1:-1], drawn.gaps, strict=True):
        assert ends <= border <= begins and ((ends <= seam) & (seam <= begins)).all()


@settings(max_examples=40, deadline=None)
@given(
    text=st.text("abdegnop", min_size=2, max_size=7),
    gap=st.integers(2, 9),
    joined=st.booleans(),
    scale=st.integers(2, 3),
    shift=st.integers(0, 9),
)
def test_borders_do_not_depend_on_the_size_of_the_map(
    draw: Callable, text: str, gap: int, joined: bool, scale: int, shift: int
) -> None:
    drawn = draw(text, unit=12, gap=gap, joined=joined)
    ink = 255 - drawn.image
    emission = emission_of(drawn.borders, text, ink.shape[1], -3.0, 1.0)  # a frame is a pixel
    borders, seams = parted(text, emission, map_of(ink), ink)
    others, others_seams = parted(text, emission, map_of(ink, scale, shift), ink)
    assert np.abs(borders - others).max() <= 1
    assert np.abs(seams - others_seams).max() <= 1


@pytest.mark.parametrize(("widths", "border"), [((1.0, 1.0), 40), ((1.0, 2.0), 26), ((5.0, 1.0), 58)])
def test_usual_widths_part_what_nothing_else_does(widths: tuple[float, float], border: int) -> None:
    """Two letters on ink without a gap, under a map that knows nothing: only where they fire holds them."""
    ink, log_probs = np.full((16, 80), 255, np.uint8), np.log(np.full((40, 12), 0.01, np.float32))
    log_probs[:, 0] = np.log(0.9)
    labels = encode("ab", ALPHABET)
    for frame, label in zip((10, 30), labels, strict=True):
        log_probs[frame, 0], log_probs[frame, label] = np.log([0.05, 0.85])
    flat = BorderMap(np.zeros((16, 81), np.uint8), np.zeros(81, np.uint8), np.zeros((16, 81), np.uint8), 1.0, 0.0, 0.0)
    emission = Frames(log_probs, 0.0, 2.0)
    borders, _ = part_letters(Aligned(align(log_probs, labels), labels, emission, flat, np.array(widths)), ink)
    assert borders[0] == 0 and borders[2] == 80 and abs(int(borders[1]) - border) <= 3


def two_letters(border_map: BorderMap, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Borders and seams of `ab` on ink without a gap, firing at a quarter and three quarters of its width."""
    frames = shape[1] // 2
    log_probs = np.log(np.full((frames, 12), 0.01, np.float32))
    log_probs[:, 0] = np.log(0.9)
    labels = encode("ab", ALPHABET)
    for frame, label in zip((frames // 4, 3 * frames // 4), labels, strict=True):
        log_probs[frame, 0], log_probs[frame, label] = np.log([0.05, 0.85])
    word = Aligned(align(log_probs, labels), labels, Frames(log_probs, 0.0, 2.0), border_map, np.ones(2))
    return part_letters(word, np.full(shape, 255, np.uint8))


@pytest.mark.parametrize("lean", [0.1, 0.5, 0.8])
def test_seams_lean_as_the_map_says_and_on_above_and_below_it(lean: float) -> None:
    """A map of the middle rows alone, whose way leans by .5, on ink that leans otherwise."""
    partings = np.full((16, 81), 160, np.uint8)
    for y in range(16):
        partings[y, round(40 + 0.5 * (8 - y))] = 0
    middle = BorderMap(partings, np.zeros(81, np.uint8), np.zeros_like(partings), 1.0, -24.0, lean)
    _, seams = two_letters(middle, (64, 80))
    rows = (np.arange(SEAM_ROWS) + 0.5) * 64 / SEAM_ROWS
    assert np.abs(seams[1] - (40 + 0.5 * (32 - rows))).max() <= 2


def test_rows_of_a_levelled_map_are_where_its_skew_says() -> None:
    """A way that turns at one row of the map turns as many rows lower in the image as the line has fallen there."""
    partings, columns = np.full((32, 81), 160, np.uint8), np.where(np.arange(81) == 45, 0, 255).astype(np.uint8)
    partings[:10, 35], partings[10:, 45] = 0, 0
    for skew in (0.0, 0.2):
        level = BorderMap(partings, columns, np.zeros_like(partings), 1.0, 0.0, 0.0, skew)
        _, seams = two_letters(level, (64, 80))
        turn = np.flatnonzero(np.diff(seams[1]))
        assert abs(2 * turn.mean() + 1 - (9.5 + skew * 45)) <= 1.5


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(2, 6),
    st.floats(-0.2, 0.2, allow_subnormal=False),
    st.floats(-0.8, 1.6, allow_subnormal=False),
    st.floats(-30.0, 8.0, allow_subnormal=False),
)
def test_seams_of_levelled_maps_never_cross(seed: int, letters: int, skew: float, lean: float, shift: float) -> None:
    rng = np.random.default_rng(seed)
    partings, ink = rng.integers(0, 256, (2, 24, 31), dtype=np.uint8)
    log_probs = np.log(rng.dirichlet(np.full(12, 0.3), 20) + 1e-6).astype(np.float32)
    labels = encode("abdego"[:letters], ALPHABET)
    level = BorderMap(partings, partings[3], ink, 1.0, shift, lean, skew)
    word = Aligned(align(log_probs, labels), labels, Frames(log_probs, 0.0, 1.5), level, np.ones(letters))
    borders, seams = part_letters(word, np.full((60, 30), 255, np.uint8))
    assert (np.diff(borders) > 0).all() and (np.diff(seams, axis=0) >= 0).all()
    assert (seams[0] == 0).all() and (seams[-1] == 30).all() and seams.min() >= 0 and seams.max() <= 30


def test_seams_step_aside_where_the_ink_of_the_map_leaves_room() -> None:
    partings, ink = np.full((32, 81), 128, np.uint8), np.zeros((32, 81), np.uint8)
    partings[:14, 45], partings[4:, 35], ink[2:30, 35:46] = 0, 0, 255
    for row in (6, 10):
        own = ink.copy()
        own[row : row + 2] = 0  # the room between two strokes
        columns = np.where(np.arange(81) == 35, 0, 255).astype(np.uint8)
        _, seams = two_letters(BorderMap(partings, columns, own, 1.0, 0.0, 0.0), (32, 80))
        assert (seams[1, :row] == 45).all() and (seams[1, row + 2 :] == 35).all()


def test_connected_letters_are_cut_between_their_middles(draw: Callable) -> None:
    drawn = draw("bgnodae", gap=6, joined=True)
    emission = emission_of(drawn.borders, "bgnodae", drawn.image.shape[1], -3.0, 1.7)
    ink = 255 - drawn.image
    borders, _ = parted("bgnodae", emission, map_of(ink), ink)
    assert all(ends <= b <= begins for b, (ends, begins) in zip(borders[1:-1], drawn.gaps, strict=True))


@settings(max_examples=80, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 8),
    st.integers(1, 30),
    st.floats(0.2, 6.0, allow_subnormal=False),
    st.floats(-40.0, 40.0, allow_subnormal=False),
)
def test_borders_rise_inside_the_ink_wherever_the_letters_fire(
    seed: int, letters: int, width: int, step: float, left: float
) -> None:
    rng = np.random.default_rng(seed)
    ink = (rng.random((9, width)) < 0.2).astype(np.uint8) * 255
    edges = np.sort(rng.permutation(3 * letters)[: 2 * letters]).reshape(letters, 2).astype(np.int32)
    alignment = Alignment(edges[:, 0], edges[:, 1], np.ones(letters, np.float32), 0.0)
    inked = np.flatnonzero(ink.any(axis=0))
    first, last = (inked[0], inked[-1] + 1) if len(inked) else (0, width)
    emission = Frames(np.zeros((3 * letters, 2), np.float32), left, step)
    word = alignment, np.ones(letters, np.int32), emission, map_of(ink), rng.uniform(0.2, 3, letters), ink
    if last - first < letters:
        with pytest.raises(AlignmentError, match=f"{letters} letters do not fit into {last - first} columns"):
            part_letters(Aligned(*word[:-1]), word[-1])
        return
    borders, seams = part_letters(Aligned(*word[:-1]), word[-1])
    assert (np.diff(seams, axis=0) >= 0).all() and seams.min() >= 0 and seams.max() <= width
    assert (borders[0], borders[-1]) == (first, last)
    assert (np.diff(borders) >= 1).all()


def samples_with(draw: Callable, texts: list[str], frames: int | None = None) -> list[tuple[Sample, Frames, BorderMap]]:
    found = []
    for k, text in enumerate(texts):
        drawn = draw(text)
        known = "".join(c if c in ALPHABET else "a" for c in text)
        emission = emission_of(drawn.borders, known, drawn.image.shape[1], 0.0, 2.0)
        if frames is not None:
            emission = emission._replace(log_probs=emission.log_probs[:frames])
        found.append((Sample(drawn.image, text, f"s{k}", "w"), emission, map_of(255 - drawn.image)))
    return found


@pytest.mark.parametrize("batch", [1, 2, 3, 512])
def test_cut_keeps_order_over_batches_and_names_what_it_skips(
    draw: Callable, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(cutting, "BATCH", batch)
    texts = ["bad", "zoo", "gone", "a b", "page.", "ёж", "n"]
    skipped: list[tuple[str, str]] = []
    kept = list(cut(iter(samples_with(draw, texts)), ALPHABET, {}, skipped))
    assert [s.text for s in kept] == ["bad", "gone", "a b", "page.", "n"]
    assert [i for i, _ in skipped] == ["s1", "s5"]
    assert "'z'" in skipped[0][1] and "'ё'" in skipped[1][1] and "'ж'" in skipped[1][1]
    for sample in kept:
        assert sample.borders is not None and len(sample.borders) == len(sample.text) + 1
        assert sample.scores is not None and sample.scores.shape == (len(sample.text),)
        assert ((sample.scores > 0.5) & (sample.scores <= 1)).all()
        assert sample.seams is not None and sample.seams.shape == (len(sample.borders), SEAM_ROWS)
        assert sample.seams.dtype == np.int16


def test_cut_skips_texts_with_too_few_frames(draw: Callable) -> None:
    skipped: list[tuple[str, str]] = []
    kept = list(cut(samples_with(draw, ["bad", "oo", "on"], frames=2), ALPHABET, {}, skipped))
    assert [s.text for s in kept] == ["on"]
    assert [i for i, _ in skipped] == ["s0", "s1"]
    assert "2 frames are too few for 3 letters" in skipped[0][1]
    assert "need 3" in skipped[1][1]


def test_cut_of_nothing_and_of_unknown_letters_only(draw: Callable) -> None:
    skipped: list[tuple[str, str]] = []
    assert list(cut([], ALPHABET, {}, skipped)) == [] and skipped == []
    assert list(cut(samples_with(draw, ["xyz"]), ALPHABET, {}, skipped)) == []
    assert [i for i, _ in skipped] == ["s0"]


def test_calibration_changes_scores_and_nothing_else(draw: Callable) -> None:
    found = samples_with(draw, ["bad", "gone"])
    plain, doubted = (list(cut(found, ALPHABET, {}, [], c)) for c in ((1.0, 0.0), (0.5, -1.0)))
    for before, after in zip(plain, doubted, strict=True):
        assert np.array_equal(before.borders, after.borders) and np.array_equal(before.seams, after.seams)
        assert before.scores is not None and after.scores is not None
        assert np.allclose(after.scores, calibrated(before.scores, (0.5, -1.0)), atol=1e-4)
        assert (after.scores < before.scores).all()


@settings(deadline=None)
@given(
    st.lists(st.floats(0, 1, width=32, allow_subnormal=False), min_size=1, max_size=20),
    st.floats(0.0, 5.0, allow_subnormal=False),
    st.floats(-6.0, 6.0, allow_subnormal=False),
)
def test_confidence_rises_with_the_score_within_0_and_1(scores: list[float], slope: float, offset: float) -> None:
    raw = np.sort(np.array(scores, np.float32))
    found = calibrated(raw, (slope, offset))
    assert found.dtype == np.float32 and found.shape == raw.shape
    assert ((found >= 0) & (found <= 1)).all() and (np.diff(found) >= 0).all()
    assert np.abs(calibrated(raw, (1.0, 0.0)) - raw).max() < 1e-5


def test_the_surest_share_is_kept_in_order(draw: Callable) -> None:
    scores = [[0.9, 0.9], [0.5], [1.0, 0.6, 1.0], [0.99], [0.2, 1.0]]
    cuts = [Sample(draw("a").image, "x" * len(s), str(k), scores=np.array(s, np.float32)) for k, s in enumerate(scores)]
    for share, wanted in ((1.0, "01234"), (0.8, "0123"), (0.6, "023"), (0.41, "023"), (0.4, "03"), (0.01, "3")):
        kept, others = cutting.surest(cuts, share)
        assert "".join(s.id for s in kept) == wanted
        assert sorted(s.id for s in [*kept, *others]) == list("01234")


def test_images_wider_than_seams_can_say_are_skipped() -> None:
    image = np.full((4, cutting.WIDEST + 1), 255, np.uint8)
    image[:, 10:-10:7] = 0
    emission = Frames(np.log(np.full((9, len(ALPHABET) + 1), 1 / (len(ALPHABET) + 1), np.float32)), 0.0, 4000.0)
    skipped: list[tuple[str, str]] = []
    found = (Sample(image, "bad", "wide"), emission, map_of(np.zeros((4, 9), np.uint8))._replace(scale=0.00025))
    assert list(cut([found], ALPHABET, {}, skipped)) == []
    assert skipped[0][0] == "wide" and "split the line" in skipped[0][1]
