"""The models that ship read pages like those that they learnt from, and are small."""

from collections.abc import Callable
from pathlib import Path

import pytest

from stackmix import images, page_scoring
from stackmix.blots.school import SchoolMarks
from stackmix.corpus import Corpus, fit
from stackmix.library import SHIPPED, LetterLibrary
from stackmix.page_making import PageMaker, PageOrder
from stackmix.train.model_folders import scan
from stackmix.train.pages import STARTERS, PageReader
from stackmix.types import Page

TEXTS = {
    "ru": ["Сегодня утром дети собирали в саду яблоки.", "Потом пошёл дождь, и все вернулись домой пить чай."] * 9,
    "en": ["This morning the children gathered apples.", "Then rain came, and they all went home for tea."] * 9,
}


@pytest.fixture(scope="module")
def written() -> dict[str, Page]:
    """A made page of each language, with strike-outs and red marks."""
    library = LetterLibrary.load(SHIPPED)

    def make(items: list[str]) -> Page:
        corpus: Corpus = fit(items, library.index.alphabet)
        return PageMaker(PageOrder(SHIPPED, corpus, seed=77, marks=SchoolMarks()), library).make(0).page

    return {language: make(items) for language, items in TEXTS.items()}


def test_there_is_one_of_each_kind_and_they_are_small() -> None:
    found = scan(STARTERS)
    assert {kind: len(entries) for kind, entries in found.items()} == {"words": 1, "language": 1, "ctc": 2}
    assert sorted(entry.languages for entry in found["ctc"]) == [("en",), ("ru",)]
    assert sum(path.stat().st_size for path in STARTERS.rglob("*") if path.is_file()) <= 20_000_000


@pytest.mark.parametrize("language", TEXTS)
def test_a_made_page_is_found_told_and_read(written: dict[str, Page], language: str) -> None:
    page = written[language]
    read = PageReader.from_pretrained(STARTERS)(page.image)
    assert {region.language for region in read.regions} == {language}
    true = [region for region in page.regions if region.category == "pupil_text"]
    score = page_scoring.score(true, read.regions)
    assert score.f1 > 0.9 and score.cer < 0.35, (score.f1, score.cer)


def test_the_command_reads_without_a_model_folder_and_says_what_it_reads_with(
    written: dict[str, Page], command: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images.write(tmp_path / "лист.jpg", written["ru"].image)
    assert command("recognize", tmp_path / "лист.jpg") == 0
    printed = capsys.readouterr()
    assert "demonstration models" in printed.err and "--models" in printed.err
    assert len(printed.out.splitlines()) > 5 and "лист.jpg" not in printed.out
    assert sum("а" <= c <= "я" for c in printed.out) > 200
