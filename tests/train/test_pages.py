"""Page reading with a finder and readers whose answers are known, and with tiny real models out of their folders."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from stackmix.pages import box
from stackmix.train.cores import CoreConfig, CoreModel
from stackmix.train.ctc import CTCConfig, CTCModel
from stackmix.train.finding import Found
from stackmix.train.language import LanguageConfig, LanguageModel
from stackmix.train.model_folders import scan
from stackmix.train.pages import MARGINS, PageReader, fit_margin
from stackmix.train.reading import Reading
from stackmix.types import DataError, Image, Page, Region


class Blobs:
    """Finds every dark blob, in an order of its own."""

    def find(self, page: Image) -> list[Found]:
        grey = page if page.ndim == 2 else page.min(axis=2)
        count, _, stats, _ = cv2.connectedComponentsWithStats((grey < 128).astype(np.uint8))
        return [Found(box(*stats[k, :4].tolist()), 0.9) for k in range(count - 1, 0, -1)]

    def find_all(self, pages: Sequence[Image]) -> list[list[Found]]:
        return [self.find(page) for page in pages]


class Widths:
    """Reads the number of dark columns, in letters of one language."""

    def __init__(self, letter: str) -> None:
        self.letter, self.calls = letter, 0

    def read(self, images: Iterable[Image]) -> list[Reading]:
        self.calls += 1
        dark = [int((image < 128).any(axis=0).sum()) for image in images]
        return [Reading(self.letter * (n // 10), 0.8, (0.8,) * (n // 10)) for n in dark]


def sheet(rows: list[list[int]], shade: int = 20) -> Image:
    """Words of given widths, in lines."""
    page = np.full((60 * len(rows) + 40, 400), 240, np.uint8)
    for number, row in enumerate(rows):
        x = 20
        for width in row:
            page[40 + 60 * number : 70 + 60 * number, x : x + width] = shade
            x += width + 15
    return page


def test_words_are_found_read_and_put_in_order() -> None:
    page = PageReader(Blobs(), {"ru": Widths("я")})(sheet([[50, 30], [70], [20, 40, 90]]), "a.jpg")
    assert page.id == "a.jpg"
    assert [len(region.text) for region in page.regions] == [5, 3, 7, 2, 4, 9]
    assert [region.line for region in page.regions] == [0, 0, 1, 2, 2, 2]
    assert {(region.language, region.confidence) for region in page.regions} == {("ru", 0.8)}


def test_a_vote_of_a_reader_chooses_the_reader_and_words_of_pages_are_read_together() -> None:
    readers = {"ru": Widths("я"), "en": Widths("z")}
    reader = PageReader(Blobs(), readers, voter=Widths("z"))
    pages = reader.read([("a", sheet([[50], [60]])), ("b", sheet([[70]])), ("c", sheet([[]]))])
    assert [[region.text for region in page.regions] for page in pages] == [["z" * 5, "z" * 6], ["z" * 7], []]
    assert readers["en"].calls == 1  # for both pages


def test_blank_noisy_and_tiny_pages_are_read() -> None:
    reader = PageReader(Blobs(), {"ru": Widths("я")})
    for page in (np.full((50, 40), 255, np.uint8), np.zeros((1, 1), np.uint8), np.zeros((1, 1, 3), np.uint8)):
        assert isinstance(reader(page), Page)
    noise = np.where(np.random.default_rng(0).random((60, 80)) < 0.05, 0, 255).astype(np.uint8)
    assert len(reader(noise).regions) > 3


def test_the_margin_is_a_share_of_the_words_height() -> None:
    seen: list[tuple[int, ...]] = []

    class Sizes(Widths):
        def read(self, images: Iterable[Image]) -> list[Reading]:
            kept = list(images)
            seen.extend(image.shape for image in kept)
            return super().read(kept)

    PageReader(Blobs(), {"ru": Sizes("я")}, margin=0.2)(sheet([[50]]))
    assert seen == [(30 + 2 * 6, 50 + 2 * 6)]


def test_a_word_that_fills_a_large_page_is_read_on_a_small_picture() -> None:
    page = np.full((2000, 4000), 240, np.uint8)
    page[300:1700, 200:3800] = 20
    (word,) = PageReader(Blobs(), {"ru": Widths("я")})(page).regions
    assert np.ptp(word.polygon, axis=0).tolist() == [3600, 1400]
    assert len(word.text) == 199  # its 3,600 columns at the scale that makes 2 million pixels of 6.5


def test_fit_margin_takes_what_is_read_best() -> None:
    class Choosy(Widths):
        """Reads rightly only what has six rows around it: .2 of 30."""

        def read(self, images: Iterable[Image]) -> list[Reading]:
            return [Reading("я" if image.shape[0] == 42 else "", 1.0, ()) for image in images]

    page = Page(sheet([[50]]), (Region(box(20, 40, 50, 30), "я"), Region(box(0, 0, 9, 9), "", "paper")), "p")
    assert fit_margin(Choosy("я"), [page]) == 0.2 and 0.2 in MARGINS
    with pytest.raises(DataError, match="no validation page"):
        fit_margin(Choosy("я"), [])


def folder_of_models(root: Path, both: bool = True) -> Path:
    CoreModel(CoreConfig()).save_pretrained(root / "words")
    CTCModel(CTCConfig("абв", languages=("ru",))).save_pretrained(root / "reader-ru")
    if both:
        CTCModel(CTCConfig("abc", languages=("en",))).save_pretrained(root / "reader-en")
        LanguageModel(LanguageConfig(("en", "ru"), narrow=8)).save_pretrained(root / "language")
    return root


def test_models_are_opened_by_kind(tmp_path: Path) -> None:
    reader = PageReader.from_pretrained(folder_of_models(tmp_path / "models"))
    assert sorted(reader.readers) == ["en", "ru"] and isinstance(reader.voter, LanguageModel)
    page = reader(sheet([[50, 30], [70]]))
    assert {region.language for region in page.regions} <= {"en", "ru"}
    alone = PageReader.from_pretrained(tmp_path / "models", language="ru")
    assert list(alone.readers) == ["ru"] and alone.voter is None
    (tmp_path / "models" / "pages.json").write_text('{"margin": 0.25}', encoding="utf-8")
    assert PageReader.from_pretrained(tmp_path / "models").margin == 0.25


def test_what_is_missing_or_twice_is_named(tmp_path: Path) -> None:
    root = folder_of_models(tmp_path / "models")
    with pytest.raises(DataError, match="no reader for kk, only for en, ru"):
        PageReader.from_pretrained(root, language="kk")
    with pytest.raises(DataError, match="no reader of several languages"):
        PageReader.from_pretrained(root, language_by="reader")
    CTCModel(CTCConfig("абв", languages=("ru",))).save_pretrained(root / "second")
    with pytest.raises(DataError, match="two ctc models for ru, reader-ru and second"):
        PageReader.from_pretrained(root)
    (root / "second" / "config.json").write_text("[]", encoding="utf-8")
    with pytest.raises(DataError, match="describes no model"):
        scan(root)
    with pytest.raises(DataError, match="is no folder"):
        scan(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no model folders"):
        scan(tmp_path / "empty")
    LanguageModel(LanguageConfig(("en",), narrow=8)).save_pretrained(tmp_path / "few" / "language")
    with pytest.raises(DataError, match="no word finder"):
        PageReader.from_pretrained(tmp_path / "few")


def test_no_reader_is_refused() -> None:
    with pytest.raises(DataError, match="there is no reader"):
        PageReader(Blobs(), {})


def polygons(page: Page) -> list[NDArray[np.float32]]:
    return [region.polygon for region in page.regions]


def test_a_page_upside_down_still_has_its_words() -> None:
    reader = PageReader(Blobs(), {"ru": Widths("я")})
    upright, turned = reader(sheet([[50, 30], [70]])), reader(sheet([[50, 30], [70]])[::-1, ::-1].copy())
    assert len(polygons(upright)) == len(polygons(turned)) == 3
