"""Whose ink it is: parted letters own themselves, overhangs go to their letter, joined strokes stay parted."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackmix.ownership import WRAP, owners_of


def straight(borders: np.ndarray | list[int], height: int, lean: np.ndarray | int = 0) -> np.ndarray:
    """(L+1, height) seams through borders, `lean` columns aside by row."""
    return (np.asarray(borders)[:, None] + np.zeros(height) + lean).astype(np.int16)


@pytest.mark.parametrize("text", ["a", "bad", "gone-page.", "ab" * 70])
def test_parted_letters_own_what_lies_between_their_borders(draw: Callable, text: str) -> None:
    drawn = draw(text, gap=6)
    ink = 255 - drawn.image
    owners, extents = owners_of(np.ascontiguousarray(ink.T), straight(drawn.borders, len(ink)))
    for k in range(len(text)):
        cell = slice(drawn.borders[k], drawn.borders[k + 1])
        assert (owners.T[:, cell][ink[:, cell] > 0] == k % WRAP).all()
        columns = np.flatnonzero(ink[:, cell].any(axis=0)) + cell.start
        assert extents[k].tolist() == [columns[0], columns[-1] + 1]


def test_overhang_is_given_back_to_its_letter() -> None:
    ink = np.zeros((40, 60), np.uint8)
    ink[5:35, 10:14] = 255  # the stem of a t
    ink[12:15, 5:32] = 255  # its bar, over the letter beside it
    ink[20:35, 24:28] = 255  # a stem of that letter
    ink[20:35, 40:44] = 255
    ink[32:35, 24:44] = 255
    owners, extents = owners_of(np.ascontiguousarray(ink.T), straight([5, 20, 44], 40))
    assert set(owners.T[12:15, 5:32].ravel().tolist()) == {0}
    assert extents.tolist() == [[5, 32], [24, 44]]


def test_joined_letters_are_parted_at_their_border(draw: Callable) -> None:
    drawn = draw("bad", gap=6, joined=True)
    ink = 255 - drawn.image
    owners, _ = owners_of(np.ascontiguousarray(ink.T), straight(drawn.borders, len(ink)))
    for k in range(3):
        cell = slice(drawn.borders[k], drawn.borders[k + 1])
        assert (owners.T[:, cell][ink[:, cell] > 0] == k).all()


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 12), st.integers(1, 6), st.integers(0, 2**32 - 1), st.integers(-4, 4))
def test_every_inked_pixel_has_an_owner_within_its_extent(height: int, letters: int, seed: int, slope: int) -> None:
    rng = np.random.default_rng(seed)
    borders = np.cumsum(rng.integers(1, 9, letters + 1)).astype(np.int32)
    ink = (rng.random((borders[-1] + 3, height)) ** 3 * 255).astype(np.uint8)
    lean = (slope * (height / 2 - np.arange(height))).astype(np.int16)
    seams = straight(borders, height, lean)
    owners, extents = owners_of(ink, seams)
    assert owners.shape == ink.shape and extents.shape == (letters, 2)
    assert (owners < letters).all()
    for k in range(letters):
        columns = np.flatnonzero(((owners == k) & (ink >= 24)).any(axis=1))
        if len(columns):
            assert extents[k, 0] <= columns[0] and columns[-1] < extents[k, 1]
        else:
            assert extents[k].tolist() == [seams[k + 1].max(), seams[k].min()]


def test_blank_letters_own_nothing() -> None:
    owners, extents = owners_of(np.zeros((20, 9), np.uint8), straight([2, 9, 18], 9))
    assert (owners == 0).all() and (extents[:, 0] > extents[:, 1]).all()


def test_zigzag_seams_of_single_pixels_have_room() -> None:
    """The most pairs of touching runs there can be: in each column every pixel is another letter than the last."""
    width, height = 40, 16
    seams = np.zeros((3, height), np.int16)
    seams[1, ::2], seams[2] = width, width
    owners, extents = owners_of(np.full((width, height), 255, np.uint8), seams)
    assert owners.shape == (width, height) and extents.shape == (2, 2)
