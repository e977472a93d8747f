"""Borders of drawn words out of made-up emissions: they fall into the gaps, and whoever cannot be cut is named."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackmix import cutting
from stackmix.alignment import AlignmentError, align, encode
from stackmix.cutting import borders_of, cut
from stackmix.types import Alignment, Sample

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


def aligned(emission: Frames, text: str) -> Alignment:
    return align(emission.log_probs, encode(text, ALPHABET))


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
    borders = borders_of(aligned(emission, text), emission, ink)
    assert borders.dtype == np.int32 and len(borders) == len(text) + 1
    assert borders[0] == drawn.borders[0] and borders[-1] == drawn.borders[-1]  # the last letter is cut at its ink
    for border, (ends, begins) in zip(borders[1:-1], drawn.gaps, strict=True):
        assert ends <= border <= begins


def test_connected_letters_are_cut_between_their_middles(draw: Callable) -> None:
    drawn = draw("bgnodae", gap=6, joined=True)
    emission = emission_of(drawn.borders, "bgnodae", drawn.image.shape[1], -3.0, 1.7)
    borders = borders_of(aligned(emission, "bgnodae"), emission, 255 - drawn.image)
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
    if last - first < letters:
        with pytest.raises(AlignmentError, match=f"{letters} letters do not fit into {last - first} columns"):
            borders_of(alignment, emission, ink)
        return
    borders = borders_of(alignment, emission, ink)
    assert (borders[0], borders[-1]) == (first, last)
    assert (np.diff(borders) >= 1).all()


def samples_with(draw: Callable, texts: list[str], frames: int | None = None) -> list[tuple[Sample, Frames]]:
    found = []
    for k, text in enumerate(texts):
        drawn = draw(text)
        known = "".join(c if c in ALPHABET else "a" for c in text)
        emission = emission_of(drawn.borders, known, drawn.image.shape[1], 0.0, 2.0)
        if frames is not None:
            emission = emission._replace(log_probs=emission.log_probs[:frames])
        found.append((Sample(drawn.image, text, f"s{k}", "w"), emission))
    return found


@pytest.mark.parametrize("batch", [1, 2, 3, 512])
def test_cut_keeps_order_over_batches_and_names_what_it_skips(
    draw: Callable, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(cutting, "BATCH", batch)
    texts = ["bad", "zoo", "gone", "a b", "page.", "ёж", "n"]
    skipped: list[tuple[str, str]] = []
    kept = list(cut(iter(samples_with(draw, texts)), ALPHABET, skipped))
    assert [s.text for s in kept] == ["bad", "gone", "a b", "page.", "n"]
    assert [i for i, _ in skipped] == ["s1", "s5"]
    assert "'z'" in skipped[0][1] and "'ё'" in skipped[1][1] and "'ж'" in skipped[1][1]
    for sample in kept:
        assert sample.borders is not None and len(sample.borders) == len(sample.text) + 1
        assert sample.scores is not None and sample.scores.shape == (len(sample.text),)
        assert ((sample.scores > 0.5) & (sample.scores <= 1)).all()


def test_cut_skips_texts_with_too_few_frames(draw: Callable) -> None:
    skipped: list[tuple[str, str]] = []
    kept = list(cut(samples_with(draw, ["bad", "oo", "on"], frames=2), ALPHABET, skipped))
    assert [s.text for s in kept] == ["on"]
    assert [i for i, _ in skipped] == ["s0", "s1"]
    assert "2 frames are too few for 3 letters" in skipped[0][1]
    assert "need 3" in skipped[1][1]


def test_cut_of_nothing_and_of_unknown_letters_only(draw: Callable) -> None:
    skipped: list[tuple[str, str]] = []
    assert list(cut([], ALPHABET, skipped)) == [] and skipped == []
    assert list(cut(samples_with(draw, ["xyz"]), ALPHABET, skipped)) == []
    assert [i for i, _ in skipped] == ["s0"]
