"""Made pages: words lie in their polygons, texts give the corpus, all inside the photo, and the same again."""

from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np
import pytest

from stackmix import page_making, pages
from stackmix.blots.school import SchoolMarks
from stackmix.corpus import Corpus
from stackmix.envelopes import INKED
from stackmix.library import SHIPPED, LetterLibrary
from stackmix.notebooks import printed, sheet
from stackmix.page_making import PageMaker, PageOrder
from stackmix.page_writing import Habits, Ink, Pupil, climbing, lay, outline, together
from stackmix.types import DataError, Page, Region

ITEMS = ["К обеду распогодилось, и лужи быстро высохли.", "Ночью ударил мороз: на стёклах расцвели белые узоры."] * 9
ENGLISH = ["A thin mist hung over the orchard until nearly noon.", "Hail rattled on the greenhouse."] * 12


@pytest.fixture(scope="module")
def library() -> LetterLibrary:
    return LetterLibrary.load(SHIPPED)


@pytest.fixture(scope="module")
def order() -> PageOrder:
    return PageOrder(SHIPPED, Corpus(ITEMS), 8, 3, marks=SchoolMarks(strikes=0.1, teacher=1))


@pytest.fixture(scope="module")
def maker(order: PageOrder, library: LetterLibrary) -> PageMaker:
    return PageMaker(order, library)


@pytest.fixture(scope="module")
def made(maker: PageMaker) -> list[Page]:
    return [maker.make(i).page for i in range(3)]


def filled(polygon: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    mask = np.zeros(shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.round(polygon * 16 - 8).astype(np.int32)], 1, shift=4)
    return mask.astype(bool)


def words_of(page: Page) -> Iterator[Region]:
    return (region for region in page.regions if region.category == "pupil_text")


def test_a_page_has_all_that_school_notebooks_have(made: list[Page]) -> None:
    for page in made:
        assert {r.category for r in page.regions} == {"paper", "text_line", "pupil_text", "teacher_comment"}
        wide = page.image.shape[1] > page.image.shape[0]
        assert sum(r.category == "paper" for r in page.regions) == 1 + wide
        lines = [r.line for r in page.regions if r.category == "text_line"]
        assert lines == list(range(len(lines))) and {r.line for r in words_of(page)} == set(lines)
        assert any(r.text == "" for r in words_of(page))  # crossed out
        for region in page.regions:
            assert region.category in pages.CATEGORIES and region.polygon.dtype == np.float32


def test_polygons_are_inside_simple_and_of_some_size(made: list[Page]) -> None:
    for page in made:
        height, width = page.image.shape[:2]
        for region in page.regions:
            assert (region.polygon >= 0).all() and (region.polygon <= (width, height)).all()
            if region.category == "pupil_text":
                upper, lower = np.split(region.polygon, 2)
                assert cv2.contourArea(region.polygon) > 15
                assert (region.polygon > 0).all() and (region.polygon < (width, height)).all()  # nothing was cut off
                # a band around its line from left to right, bent by less than its own height
                assert (np.diff(upper[:, 0]) > 0).all() and (np.diff(lower[:, 0]) < 0).all()
                assert (upper[:, 1] < lower[::-1, 1]).all()


def test_texts_joined_give_the_corpus(made: list[Page]) -> None:
    cycle = " ".join(ITEMS).replace("-", "").replace(" ", "")
    for page in made:
        found = [r.text for r in words_of(page)]
        text = "".join(found).replace("-", "")
        assert len(text) > 100 and text in cycle * 9
        by_line: dict[int | None, list[str]] = {}
        for region in words_of(page):
            by_line.setdefault(region.line, []).append(region.text)
        for region in page.regions:
            if region.category == "text_line":
                assert region.text == " ".join(filter(None, by_line[region.line]))


@pytest.mark.parametrize("number", [0, 1])
def test_a_word_alone_lies_in_its_polygon(
    maker: PageMaker, made: list[Page], number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of some words rendered alone, against the same page without any writing, differs in its polygon only."""
    plain = replace(maker.order, marks=None)
    own = PageMaker(plain, maker.library)
    monkeypatch.setattr(page_making, "_ghost", np.zeros_like)
    wanted, count = -1, 0

    def only(layer: np.ndarray, ink: Ink) -> None:
        nonlocal count
        if count == wanted:
            lay(layer, ink)
        count += 1

    monkeypatch.setattr(page_making, "lay", only)
    blank = own.make(number).page
    words = list(words_of(blank))
    for wanted in np.random.default_rng(number).permutation(len(words))[:3].tolist():
        count = 0
        page = own.make(number).page
        away = np.abs(page.image.astype(int) - blank.image).max(axis=2)
        mask = filled(words[wanted].polygon, away.shape)
        wide = cv2.dilate(mask.astype(np.uint8), np.ones((15, 15), np.uint8)).astype(bool)  # the lens blurs
        assert away[~wide].max() < 0.06 * away.max()
        dark = away > 0.5 * away.max()
        assert dark.any() and mask[dark].all()
        rows, columns = np.nonzero(away > 0.12 * away.max())
        tight = words[wanted].polygon
        assert np.abs(tight.min(axis=0) - (columns.min(), rows.min())).max() < 8
        assert np.abs(tight.max(axis=0) - (columns.max(), rows.max())).max() < 8


def test_on_the_sheet_every_ink_lies_in_its_polygon(maker: PageMaker) -> None:
    rng = np.random.default_rng(4)
    book = sheet((1500, 1100), printed("lined", maker.unit, rng), True, maker.unit, rng)
    found = maker.pupil.write(book, iter([" ".join(ITEMS)]), Habits(0, 1.0, 0.9, 2.0, 0.0), rng)
    regions = [r for r in found.regions if r.category == "pupil_text"]
    lines = {r.line: r for r in found.regions if r.category == "text_line"}
    assert len(regions) == len(found.ink) > 50
    for ink, region in zip(found.ink, regions, strict=True):
        page = np.zeros((1500, 1100), np.uint8)
        lay(page, ink)
        inked = page >= INKED
        assert inked.sum() == (ink.cover >= INKED).sum()  # none beyond the sheet
        assert filled(region.polygon, page.shape)[inked].all()
        assert filled(lines[region.line].polygon, page.shape)[inked].all()


def test_baselines_follow_the_ruling(maker: PageMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    book = sheet((1500, 1100), printed("lined", maker.unit, rng), True, maker.unit, rng)
    rows: list[tuple[float, float]] = []
    inner = Pupil._ink

    def noted(self: Pupil, placed: object, base: float, rise: float) -> Ink:
        rows.append((base, rise))
        return inner(self, placed, base, rise)  # type: ignore[arg-type]

    monkeypatch.setattr(Pupil, "_ink", noted)
    Pupil(maker.stacker, None).write(book, iter([" ".join(ITEMS)]), Habits(0, 1.0, 0.9, 2.0, 0.0), rng)
    away = [min(abs(base - row) for row in book.lines) for base, _ in rows]
    assert max(away) < 0.5 * maker.unit and np.std([base - round(base) for base, _ in rows]) > 0.05


def test_the_same_number_gives_the_same_page(maker: PageMaker, made: list[Page], library: LetterLibrary) -> None:
    again = PageMaker(maker.order, library).make(2).page
    np.testing.assert_array_equal(again.image, made[2].image)
    assert [r.text for r in again.regions] == [r.text for r in made[2].regions]
    assert not np.array_equal(made[0].image[:100, :100], made[1].image[:100, :100])


def test_english_is_written_too(library: LetterLibrary) -> None:
    page = PageMaker(PageOrder(SHIPPED, Corpus(ENGLISH), 1, 5), library).make(0).page
    text = "".join(r.text for r in words_of(page)).replace("-", "")
    assert text in " ".join(ENGLISH).replace("-", "").replace(" ", "") * 9 and page.writer in library.writer_names
    assert not any(r.category == "teacher_comment" for r in page.regions)


def test_without_a_count_the_corpus_is_filled_from_its_beginning(library: LetterLibrary) -> None:
    order = PageOrder(SHIPPED, Corpus(["слово"] * 1000))
    assert order.total == order.filled == 5
    assert PageOrder(SHIPPED, Corpus(["слово"])).total == 1


@pytest.mark.parametrize(("what", "named"), [({"kinds": ("white",)}, "'white'"), ({"inks": ("green",)}, "'green'")])
def test_unknown_paper_and_ink_are_named(what: dict, named: str) -> None:
    with pytest.raises(DataError, match=named):
        PageOrder(SHIPPED, Corpus(ITEMS), **what)


@pytest.mark.parametrize(("rise", "down"), [(0.0, 0.0), (0.05, 0.3), (-0.08, 0.9)])
def test_climbing_moves_each_column(rise: float, down: float) -> None:
    light = np.full((20, 41), 255, np.uint8)
    light[10, :] = 0
    cover, above = climbing(light, rise, down)
    assert (cover.sum(axis=0, dtype=int) >= 253).all()
    rows = (cover * (np.arange(len(cover)) + 0.0)[:, None]).sum(axis=0) / cover.sum(axis=0)
    np.testing.assert_allclose(rows, 10 + above + down - rise * (np.arange(41) + 0.5 - 20.5), atol=0.02)


def test_inks_together_are_the_darker() -> None:
    rng = np.random.default_rng(1)
    one, other = (Ink(rng.integers(0, 255, size, np.uint8), *at) for size, at in (((5, 9), (3, 4)), ((7, 4), (-2, 6))))
    page, alone = np.zeros((30, 30), np.uint8), np.zeros((30, 30), np.uint8)
    lay(page, together(one, other), -10, -10)
    for ink in (one, other):
        lay(alone, ink, -10, -10)
    np.testing.assert_array_equal(page, alone)
    assert outline(one, 4)[0, 0] == 3


def test_the_paper_is_where_the_sheet_is(maker: PageMaker, made: list[Page]) -> None:
    for page in made:
        height, width = page.image.shape[:2]
        sheets = [region for region in page.regions if region.category == "paper"]
        area = sum(cv2.contourArea(region.polygon) for region in sheets)
        assert 0.6 * height * width < area <= height * width
        inside = np.any([filled(cv2.convexHull(r.polygon)[:, 0], page.image.shape) for r in sheets], axis=0)
        for region in words_of(page):
            x, y = region.polygon.mean(axis=0).astype(int).tolist()
            assert inside[y, x]
