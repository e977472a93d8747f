"""The sheet of worst texts: what is on it, in which order."""

import numpy as np
import pytest

from stackmix import inspection
from stackmix.evaluating import Pair
from stackmix.library import LetterLibrary
from stackmix.types import DataError, Image
from stackmix.worst import sheet


@pytest.fixture(autouse=True)
def own_captions(library_folder: object, monkeypatch: pytest.MonkeyPatch, tiny_library: LetterLibrary) -> None:
    """Captions by the tiny library, which is there at once."""
    monkeypatch.setattr(inspection, "SHIPPED", library_folder)
    monkeypatch.setattr(inspection, "CAPTION_HAND", "anna")


def test_worst_first_with_what_was_read_in_red() -> None:
    pairs = [Pair("a", "bad", "bad"), Pair("b", "do", "de"), Pair("c", "gone", ""), Pair("d", "bad", "do")]
    asked: list[int] = []

    def picture(i: int) -> Image:
        asked.append(i)
        return np.full((40, 90, 3) if i == 3 else (40, 90), 200, np.uint8)

    found = sheet(pairs, picture)
    assert asked == [2, 3, 1] and found.shape[1:] == (1600, 3)
    red = (found[..., 0] > 150) & (found[..., 1] < 90)
    assert red.any() and not red[: inspection.CELL - 20].any()
    assert len(sheet(pairs, picture, count=1)) == len(found)  # one row either way


def test_nothing_wrong_is_no_sheet() -> None:
    with pytest.raises(DataError, match="read right"):
        sheet([Pair("a", "bad", "bad")], lambda i: np.zeros((9, 9), np.uint8))
