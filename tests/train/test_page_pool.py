"""Pages to learn from: what is kept of them, and crops that are what their polygons say."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from stackmix.pages import box
from stackmix.train.page_pool import Move, crop, gather_pages, held_out, inked, is_sign
from stackmix.types import DataError, Page, Region

Drawn = Callable[..., Page]
Write = Callable[[Path, list[Page]], Path]


def test_signs_are_words_without_a_letter_or_digit() -> None:
    found = {
        text: is_sign(Region(box(0, 0, 1, 1), text)) for text in (",", "...", "#", "a", "7", "don't", "", "№5", "й")
    }
    assert [text for text, sign in found.items() if sign] == [",", "...", "#"]


def test_pages_are_gathered_by_split_and_those_without_a_word_left_out(
    tmp_path: Path, drawn_page: Drawn, write_pages: Write
) -> None:
    bare = Page(
        np.full((40, 50), 255, np.uint8), (Region(box(1, 1, 30, 9), "a b", "text_line"),), "bare", "", "", "val"
    )
    folder = write_pages(tmp_path / "pages", [drawn_page(0), drawn_page(1, "val"), drawn_page(2, "test"), bare])
    train, val, left_out = gather_pages([folder], 180, lambda n: None)
    assert [page.id for page in train] == ["page-0"] and [page.id for page in val] == ["page-1"]
    assert left_out == ["bare: no word"]
    assert train[0].ink.shape == (180, 150) and train[0].scale == 0.5
    assert train[0].polygons[0] == pytest.approx(drawn_page(0).regions[0].polygon / 2)
    assert train[0].ignored == [region.text == "," for region in drawn_page(0).regions]


def test_a_folder_with_no_train_word_is_refused(tmp_path: Path, drawn_page: Drawn, write_pages: Write) -> None:
    with pytest.raises(DataError, match="no train page has a word"):
        gather_pages([write_pages(tmp_path / "pages", [drawn_page(1, "val")])], 180, lambda n: None)


def test_without_val_writers_are_held_out_whole(drawn_page: Drawn) -> None:
    own = [inked(drawn_page(seed), 360)._replace(writer=str(seed % 12)) for seed in range(15)]
    train, val, how = held_out(own, [])
    assert how == "every tenth writer" and len(train) + len(val) == 15
    assert not {page.writer for page in train} & {page.writer for page in val}
    assert [len(part) for part in held_out(own[:3], [])[:2]] == [2, 1]
    assert held_out(own, own[:1])[1] == own[:1]


def test_a_crop_holds_its_words_ink_where_its_polygons_say(drawn_page: Drawn) -> None:
    page = inked(drawn_page(3), 360)
    for seed in range(8):
        found = crop(page, 128, np.random.default_rng(seed), Move(strength=0))
        assert found.ink.shape == (128, 128) and len(found.polygons) == len(found.ignored)
        for polygon, sign in zip(found.polygons, found.ignored, strict=True):
            (x0, y0), (x1, y1) = np.clip(polygon.min(axis=0), 0, 128), np.clip(polygon.max(axis=0), 0, 128)
            if not sign and min(x1 - x0, y1 - y0) > 8:
                assert found.ink[int(y0) : int(y1) + 1, int(x0) : int(x1) + 1].max() > 100


def test_a_crop_is_a_function_of_its_generator(drawn_page: Drawn) -> None:
    page = inked(drawn_page(3), 360)
    one, same, other = (crop(page, 96, np.random.default_rng(seed)) for seed in (5, 5, 6))
    assert (one.ink == same.ink).all() and not (one.ink == other.ink).all()
