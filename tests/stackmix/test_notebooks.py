"""Sheets: the print lies where it is said to, and paint follows its formula."""

import numpy as np
import pytest

from stackmix.notebooks import FINE, KINDS, LEAN, NONE, TILE, Notebook, paint, printed, sheet, tint

UNIT, SIZE = 20.0, (700, 500)


def made(kind: str, seed: int = 1, right: bool = True) -> Notebook:
    rng = np.random.default_rng(seed)
    return sheet(SIZE, printed(kind, UNIT, rng), right, UNIT, rng)


def empty(book: Notebook, **inks: np.ndarray) -> np.ndarray:
    found, none = np.zeros((*SIZE, 3), np.uint8), np.zeros(SIZE, np.uint8)
    grain, flow = np.full((TILE, TILE), 255, np.uint8), np.full((4, 8), 255, np.uint8)
    absorbed = np.array([[0.1] * 3, [0.9, 0.8, 0.2]], np.float32)
    paint(found, book, grain, inks.get("ghost", none), inks.get("ink", none), flow, absorbed)
    return found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(4))
def test_writing_stands_on_the_print(kind: str, seed: int) -> None:
    book = made(kind, seed)
    assert len(book.lines) >= 5 and book.lines[0] > 4 * UNIT and book.lines[-1] <= SIZE[0] - 2 * UNIT
    left, right = book.bounds
    assert UNIT < left < right - 8 * UNIT and right < SIZE[1] - UNIT
    on = [book.rows[int(row)] > 0 or book.rows[min(int(row) + 1, SIZE[0] - 1)] > 0 for row in book.lines]
    assert all(on) if kind != "plain" else not any(on)
    assert bool(book.columns.any()) == (kind == "squared") and bool(len(book.oblique)) == (kind == "slanted")


@pytest.mark.parametrize("kind", KINDS)
def test_each_pixel_looks_its_print_up(kind: str) -> None:
    book = made(kind, 2)
    found = empty(book)
    for y, x in np.random.default_rng(1).integers(0, SIZE, (300, 2)).tolist():
        share = max(book.rows[y], book.columns[x])
        if len(book.oblique):
            share = max(share, book.oblique[int(FINE * (x + np.float32(LEAN) * y))])
        value = book.tone * (1 - share / 255 * book.print[0]) * (1 - book.margin[x] / 255 * book.print[1])
        assert np.abs(found[y, x] - value).max() <= 1


def test_ink_darkens_and_shows_through() -> None:
    book = made("plain")._replace(margin=np.zeros(SIZE[1], np.uint8), oblique=NONE)
    ink, ghost = np.zeros((2, *SIZE), np.uint8)
    ink[100:110, 100:110], ghost[200:210, 100:110] = 255, 255
    found = empty(book, ink=ink, ghost=ghost)
    np.testing.assert_allclose(found[105, 105], book.tone * [0.1, 0.2, 0.8], atol=1)
    np.testing.assert_allclose(found[205, 105], book.tone * 0.9, atol=1)
    np.testing.assert_allclose(found[300, 300], book.tone, atol=1)


@pytest.mark.parametrize(("x", "y"), [(5, 5), (-3, -4), (27, 18), (100, 100), (-50, 3)])
def test_another_ink_against_a_loop(x: int, y: int) -> None:
    rng = np.random.default_rng(1)
    page, cover = rng.integers(0, 256, (20, 30, 3), np.uint8), rng.integers(0, 256, (6, 8), np.uint8)
    takes, wanted = np.array([0.1, 0.9, 0.5], np.float32), page.astype(float)
    for i in range(6):
        for j in range(8):
            if 0 <= y + i < 20 and 0 <= x + j < 30:
                wanted[y + i, x + j] *= 1 - cover[i, j] / 255 * takes
    tint(page, cover, x, y, takes)
    assert np.abs(page - wanted).max() <= 1
