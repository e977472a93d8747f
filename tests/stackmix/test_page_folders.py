"""Whole runs of pages: the same bytes with any number of workers, after a stop; and read as school notebooks are."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from stackmix import page_folders, page_making, pages
from stackmix.blots.school import SchoolMarks
from stackmix.corpus import Corpus
from stackmix.datasets import school_notebooks
from stackmix.datasets.reporting import Report
from stackmix.generating import open_library
from stackmix.library import LetterLibrary
from stackmix.page_folders import generate
from stackmix.page_making import PageOrder
from stackmix.staging import partial_of
from stackmix.types import DataError

ITEMS = ["bad gone on-page. do, Bean a", "dog bag, nod", "pea pod age on bed."] * 5


def tree(folder: Path) -> dict[str, str]:
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def ignore(_: int) -> None:
    pass


@pytest.fixture(scope="module", autouse=True)
def short_chunks() -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page_folders, "CHUNK", 2)
        yield


@pytest.fixture(scope="module")
def order(library_folder: Path) -> PageOrder:
    return PageOrder(library_folder, Corpus(ITEMS), 5, 1, marks=SchoolMarks(0.1, 1.0))


@pytest.fixture(scope="module")
def whole(order: PageOrder, tiny_library: LetterLibrary, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The order made without an interruption by one worker."""
    out = tmp_path_factory.mktemp("whole") / "тетради"
    generate(order, out, library=tiny_library, tick=ignore)
    return out


def test_the_folder_reads_as_pages(whole: Path, order: PageOrder, tiny_library: LetterLibrary) -> None:
    assert sorted(p.name for p in whole.iterdir()) == ["README.md", "annotations_train.json", "images", "run.json"]
    found = list(pages.read(whole, "train"))
    assert [p.id for p in found] == [f"{i:08d}" for i in range(5)]
    made = page_making.PageMaker(order, tiny_library).make(3).page
    assert found[3].image.shape == made.image.shape and found[3].writer == made.writer in tiny_library.writer_names
    for own, other in zip(made.regions, found[3].regions, strict=True):
        assert (own.text, own.category, own.line) == (other.text, other.category, other.line)
        np.testing.assert_allclose(own.polygon, other.polygon, atol=0.006)


def test_the_loader_of_school_notebooks_reads_them(whole: Path) -> None:
    report = Report()
    words = list(school_notebooks.read(whole, report=report))
    found = list(pages.read(whole, "train"))
    wanted = [r.text for p in found for r in p.regions if r.category == "pupil_text" and r.text]
    assert [word.text for word in words] == wanted and len(wanted) > 100
    assert {word.page for word in words} == {p.id for p in found}
    struck = sum(r.category == "pupil_text" and not r.text for p in found for r in p.regions)
    assert struck and len(report.skipped["empty text"]) == struck
    sheets = list(school_notebooks.read_pages(whole))
    assert [len(p.regions) for p in sheets] == [len(p.regions) for p in found]
    lines = list(school_notebooks.read(whole, unit="line"))
    assert len(lines) == sum(r.category == "text_line" for p in found for r in p.regions)


def test_any_number_of_workers_gives_the_same_bytes(order: PageOrder, whole: Path, tmp_path: Path) -> None:
    counts: list[int] = []
    library = open_library(order.library)
    generate(order, tmp_path / "two", library=library, workers=2, tick=counts.append)
    assert tree(tmp_path / "two") == tree(whole) and sum(counts) == order.total


def test_an_interrupted_run_goes_on(
    order: PageOrder, whole: Path, tiny_library: LetterLibrary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, inner = tmp_path / "cut", page_making.PageMaker.make
    with monkeypatch.context() as patch:

        def breaks(self: page_making.PageMaker, i: int) -> page_making.Made:
            if i == 3:
                raise KeyboardInterrupt
            return inner(self, i)

        patch.setattr(page_making.PageMaker, "make", breaks)
        with pytest.raises(KeyboardInterrupt):
            generate(order, out, library=tiny_library, tick=ignore)
    assert not out.exists() and partial_of(out).is_dir()
    with pytest.raises(DataError, match="--resume"):
        generate(order, out, library=tiny_library, tick=ignore)
    other = PageOrder(order.library, order.corpus, 5, 2, marks=order.marks)
    with pytest.raises(DataError, match="seed: 1 then, 2 now"):
        generate(other, out, library=tiny_library, resume=True, tick=ignore)
    counts: list[int] = []
    generate(order, out, library=tiny_library, resume=True, tick=counts.append)
    assert tree(out) == tree(whole) and counts[0] == 2


def test_the_run_says_what_it_is_made_of(whole: Path, order: PageOrder) -> None:
    about = json.loads((whole / "run.json").read_text(encoding="utf-8"))
    assert about["library"]["split"] == "train" and about["library"]["sources"] == ["drawn"]
    assert about["unit"] == "page" and about["count"] == 5 and about["marks"] == {"strikes": 0.1, "teacher": 1.0}


def test_test_letters_are_refused(sample_of, tmp_path: Path, order: PageOrder) -> None:  # type: ignore[no-untyped-def]
    library = LetterLibrary.build([sample_of("bad", split="test")], "test")
    with pytest.raises(DataError, match="test split"):
        generate(order, tmp_path / "out", library=library, tick=ignore)
    assert not list(tmp_path.iterdir())
