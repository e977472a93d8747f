"""Copies: planted ones are found whatever was done to them, other words and full stops are not taken for copies."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackmix import images
from stackmix.fingerprints import COLUMNS, ROWS, fingerprint, ink_box, pixel_hash
from stackmix.likeness import LEAST_INK, LOOK, Prints, candidates, copies, likeness
from stackmix.types import Image

ENGLISH = ["bad", "gone", "Bean", "on-page.", "do,", "pa", "be", "nod", "age,", "bog", "dab", "peg-"]
WORDS = [*ENGLISH, "дом", "рука", "уха"]


@pytest.fixture(scope="module")
def words(draw: Callable) -> list[Image]:
    return [draw(word, unit=16, gap=3, margin=2).image for word in WORDS]


def moved(image: Image, x: int, y: int) -> Image:
    """Moved inside its frame; what leaves it is lost."""
    step = np.array([[1, 0, x], [0, 1, y]], np.float32)
    return cv2.warpAffine(image, step, (image.shape[1], image.shape[0]), borderValue=(255.0,))


def sized(image: Image, by: float) -> Image:
    return cv2.resize(image, (round(image.shape[1] * by), round(image.shape[0] * by)), interpolation=cv2.INTER_AREA)


PLANTS: dict[str, Callable[[Image], Image]] = {
    "jpeg": lambda image: images.decode(images.encode(image, ".jpg", 70)),
    "larger": lambda image: sized(image, 1.05),
    "smaller": lambda image: sized(image, 0.95),
    "moved": lambda image: moved(image, 2, -2),
    "framed": lambda image: cv2.copyMakeBorder(image, 9, 2, 0, 14, cv2.BORDER_CONSTANT, value=(255.0,)),
    "coloured": lambda image: np.repeat(image[..., None], 3, axis=2),
}


@pytest.mark.parametrize("name", PLANTS)
def test_each_copy_is_found_and_no_other_word(words: list[Image], name: str) -> None:
    planted = [PLANTS[name](image) for image in words]
    prints = [Prints.of([fingerprint(image) for image in some]) for some in (planted, words)]
    found = {copy.first: copy.second for copy in copies(*prints, planted.__getitem__, words.__getitem__)}
    assert all(first == second for first, second in found.items())
    assert len(found) == len(words)


def test_with_ink_enough_a_copy_of_half_the_size_is_found(draw: Callable) -> None:
    large = [draw(word, unit=48, gap=8, margin=4).image for word in WORDS]
    for image in large:
        half = PLANTS["jpeg"](moved(PLANTS["framed"](sized(image, 0.5)), 2, 2))
        assert [likeness(half, other) > 0 for other in large] == [other is image for other in large]


def test_different_words_are_no_copies(words: list[Image]) -> None:
    for a, one in enumerate(words):
        for b, other in enumerate(words):
            assert (likeness(one, other) > 0) == (a == b), (WORDS[a], WORDS[b])


def test_full_stops_are_not_compared() -> None:
    stop = np.full((7, 8), 255, np.uint8)
    stop[1:6, 2:7] = 0
    assert 0 < fingerprint(stop).area < LEAST_INK
    prints = Prints.of([fingerprint(stop)])
    assert not list(copies(prints, prints, lambda i: stop, lambda i: stop))


@pytest.mark.parametrize("image", [np.full((5, 9), v, np.uint8) for v in (0, 128, 255)] + [np.zeros((1, 1), np.uint8)])
def test_a_blank_picture_is_no_copy_of_anything(image: Image) -> None:
    assert fingerprint(image).area == 0
    prints = Prints.of([fingerprint(image)])
    assert not list(candidates(prints, prints))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 20), st.integers(0, 20), st.integers(0, 2**32 - 1))
def test_a_fingerprint_does_not_mind_margins(left: int, top: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    ink = cv2.resize(rng.integers(0, 2, (6, 9), np.uint8) * 255, (54, 36), interpolation=cv2.INTER_NEAREST)
    ink[:6, :6] = 0  # something is written, and something isn't
    ink[-6:, -6:] = 255
    wide = cv2.copyMakeBorder(ink, top, 3, left, 1, cv2.BORDER_CONSTANT, value=(255.0,))
    one, other = fingerprint(ink), fingerprint(wide)
    assert one.look.shape == (ROWS * COLUMNS,) and np.linalg.norm(one.look) == pytest.approx(1, abs=1e-4)
    assert float(one.look @ other.look) > 0.95 > LOOK
    assert one.area == other.area and one.box == other.box


def test_candidates_are_those_of_a_plain_search(words: list[Image]) -> None:
    """Blocks and cuts change nothing: every pair that a loop over all pairs would keep is there, likest first."""
    prints = Prints.of([fingerprint(image) for image in words])
    found = dict(candidates(prints, prints))
    for one, others in found.items():
        alike = prints.looks[others] @ prints.looks[one]
        assert others[0] == one and (np.diff(alike) <= 1e-6).all() and (alike > LOOK).all()
    assert sorted(found) == list(range(len(words)))


def test_pixel_hashes() -> None:
    image = np.arange(12, dtype=np.uint8).reshape(3, 4)
    assert pixel_hash(image) == pixel_hash(np.repeat(image[..., None], 3, axis=2))
    assert pixel_hash(image) != pixel_hash(image.reshape(4, 3))
    assert pixel_hash(image) != pixel_hash(image.T.copy())


def test_ink_boxes() -> None:
    ink = np.zeros((5, 6), np.uint8)
    assert ink[ink_box(ink)].size == 0
    ink[2, 1] = ink[3, 4] = 255
    assert ink_box(ink) == (slice(2, 4), slice(1, 5))
