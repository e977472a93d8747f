"""The school notebooks in all three layouts, built small and with their faults; the real labels where they are."""

import json
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stackmix import images, pages, samples
from stackmix.datasets import school_notebooks
from stackmix.datasets.preparing import Report, prepare
from stackmix.types import DataError

NAMES = [*pages.CATEGORIES, "drawing"]
OCTAGON = np.array([(3, 0), (37, 0), (40, 3), (40, 17), (37, 20), (3, 20), (0, 17), (0, 3)])


def photo() -> np.ndarray:
    """Beige paper 200 x 150 with black around it, and ink: a word in each cell of 40 x 20 from (20, 20)."""
    page = np.zeros((150, 200, 3), np.uint8)
    page[10:140, 10:190] = (230, 222, 200)
    for y in (20, 50, 80):
        for x in (20, 70, 120):
            page[y + 6 : y + 14, x + 8 : x + 32 : 4] = (20, 20, 60)
            page[y : y + 2, x : x + 2] = (200, 0, 0)  # in the corner outside the octagon
    return page


def word(x: int, y: int, text: str | None, category: int = 0, **more: Any) -> dict[str, Any]:
    points = (np.array([x, y]) + OCTAGON).ravel().tolist()
    attributes = {} if text is None else {"translation": text}
    return {"category_id": category, "segmentation": [points], "attributes": attributes, **more}


WORDS = [
    word(70, 20, "мир", group_id=1),
    word(20, 20, "Здравствуй,", group_id=1),
    word(20, 50, "ещё", 1, group_id=2),
    word(70, 50, "5+", 2),
    word(0, 0, None, 3),
    word(20, 80, "Здравствуй, мир", 4),
    word(120, 20, "", group_id=1),
    word(120, 80, "кот", 5),
    word(500, 500, "снаружи"),
    word(120, 50, "один"),
    {"category_id": 0, "segmentation": [], "attributes": {"translation": "ничего"}},
]


def coco(path: Path, names: list[str], annotations: list[list[dict[str, Any]]], categories: list[str]) -> None:
    rows = [{"id": k, "file_name": name, "width": 200, "height": 150} for k, name in enumerate(names)]
    flat = [{**row, "image_id": k} for k, own in enumerate(annotations) for row in own]
    kinds = [{"id": k, "name": name} for k, name in enumerate(categories)]
    content = {"annotations": flat, "images": rows, "categories": kinds}
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


@pytest.fixture
def public(tmp_path: Path) -> Path:
    """The public layout with its pictures in an archive; one is missing, one broken, one unnamed, one leads out."""
    root = tmp_path / "raw"
    root.mkdir()
    data = images.encode(photo(), ".jpg", 100)
    with zipfile.ZipFile(root / "images.zip", "w") as file:
        for name in ("images/1.JPG", "images/2.jpg", "images/3.jpg", "images/unnamed.jpg", "../../evil.jpg"):
            file.writestr(name, b"" if name.endswith("3.jpg") else data)
    coco(root / "annotations_train.json", ["1.jpg", "3.jpg", "absent.jpg"], [WORDS, WORDS[:1], WORDS], NAMES)
    coco(root / "annotations_val.json", ["2.jpg", "../../evil.jpg", "1.jpg"], [[word(20, 20, "cat")], [], []], NAMES)
    coco(root / "annotations_test.json", [], [], NAMES)
    return root


def test_words_are_cut_along_their_polygons_with_paper_around(public: Path) -> None:
    report = Report()
    found = {s.id: s for s in school_notebooks.read(public, report=report)}
    assert [(id, s.text, s.split, s.source) for id, s in found.items()] == [
        ("1-000", "мир", "train", "school_notebooks_ru"),
        ("1-001", "Здравствуй,", "train", "school_notebooks_ru"),
        ("1-002", "ещё", "train", "school_notebooks_ru"),
        ("1-009", "один", "train", "school_notebooks_ru"),
        ("2-000", "cat", "val", "school_notebooks_en"),
    ]
    for sample in found.values():
        assert sample.image.shape == (20, 40, 3)
        for corner in (sample.image[0, 0], sample.image[0, -1], sample.image[-1, 0], sample.image[-1, -1]):
            assert np.abs(corner.astype(int) - (230, 222, 200)).max() <= 8
    page = images.decode(images.encode(photo(), ".jpg", 100))
    np.testing.assert_array_equal(found["1-001"].image[2:18, 4:36], page[22:38, 24:56])
    assert report.skipped == {
        "empty text": ["1-006"],
        "no box": ["1-008"],
        "broken image": ["3-000"],
        "label without image": ["annotations_train.json: absent.jpg"],
        "broken annotation": ["annotations_train.json: annotation None", "annotations_train.json: annotation None"],
        "path outside the folder": ["annotations_val.json: ../../evil.jpg", "../../evil.jpg"],
        "second description of an image": ["annotations_val.json: 1.jpg"],
        "image without label": ["images/unnamed.jpg"],
    }
    assert "no words are 1 drawing, 1 paper, 1 teacher_comment, 1 text_line" in report.notes[0]
    assert any("the whole public set has 1,857" in note for note in report.notes)


def test_nothing_is_unpacked(public: Path) -> None:
    before = sorted(path.name for path in public.parent.rglob("*"))
    list(school_notebooks.read(public))
    assert sorted(path.name for path in public.parent.rglob("*")) == before


def test_the_words_of_a_line_are_joined(public: Path) -> None:
    report = Report()
    found = [
        (s.id, s.text, s.image.shape) for s in school_notebooks.read(public, unit="line", report=report, split="train")
    ]
    assert found == [("1-001", "Здравствуй, мир", (20, 90, 3)), ("1-002", "ещё", (20, 40, 3))]
    assert "2 words without a line" in report.notes[0]


def test_pages_keep_polygons_categories_and_lines(public: Path) -> None:
    report = Report()
    (page,) = school_notebooks.read_pages(public, split="train", report=report)
    kinds = Counter(region.category for region in page.regions)
    assert kinds == {"pupil_text": 5, "pupil_comment": 1, "teacher_comment": 1, "paper": 1, "text_line": 1}
    assert [r.line for r in page.regions][:3] == [1, 1, 2] and page.regions[1].text == "Здравствуй,"
    np.testing.assert_array_equal(page.regions[1].polygon, np.array([20, 20]) + OCTAGON)
    assert report.skipped["region of an unknown category"] == ["1.jpg: 1"]


def test_a_page_folder_is_a_layout_of_school_notebooks(public: Path, tmp_path: Path) -> None:
    report = Report()
    found = school_notebooks.entries(public, unit="page", report=report)
    prepare(found, tmp_path / "pages", title="", body="", report=report)
    assert sorted(path.name for path in (tmp_path / "pages" / "images").iterdir()) == ["1.jpg", "2.jpg"]
    with zipfile.ZipFile(public / "images.zip") as file:
        assert (tmp_path / "pages" / "images" / "1.jpg").read_bytes() == file.read("images/1.JPG")
    first = [(s.text, s.split, s.source, s.image.tobytes()) for s in school_notebooks.read(public)]
    again = [(s.text, s.split, s.source, s.image.tobytes()) for s in school_notebooks.read(tmp_path / "pages")]
    assert sorted(first) == sorted(again)


@pytest.fixture
def contest(tmp_path: Path) -> Path:
    """Both folders of the contest in one; pages have the one category `text`."""
    root = tmp_path / "contest"
    for name in ("train_segmentation", "train_recognition"):
        (root / name / "images").mkdir(parents=True)
    names = [f"{k}.jpg" for k in range(40)] + ["7_eng.jpg"]
    for name in names:
        images.write(root / "train_segmentation" / "images" / name, photo())
    rows = [[word(20, 20, f"слово{k}", 0)] for k in range(40)] + [[word(20, 20, "12", 0)]]
    coco(root / "train_segmentation" / "annotations.json", names, rows, ["text"])
    labels = {f"{k}.png": f"слово{k}" for k in range(50)} | {"3_eng.png": "word", "absent.png": "нет", "e.png": " "}
    for name in labels.keys() - {"absent.png"} | {"unnamed.png"}:
        images.write(root / "train_recognition" / "images" / name, np.eye(9, dtype=np.uint8) * 200)
    lines = "".join(f"{name},{text}\n" for name, text in labels.items())
    (root / "train_recognition" / "labels.csv").write_text(f"file_name,text\n{lines}", encoding="utf-8")
    return root


def test_contest_pages_are_split_by_page_and_it_is_said(contest: Path) -> None:
    report = Report()
    found = list(school_notebooks.read(contest / "train_segmentation", report=report))
    assert len(found) == 41 and {s.split for s in found} == {"train", "val", "test"}
    assert all(s.split == school_notebooks.split_by_name(s.id.removesuffix("-000") + ".jpg") for s in found)
    assert found[-1].source == "school_notebooks_en" and {s.source for s in found[:-1]} == {"school_notebooks_ru"}
    assert "pages were split 80/10/10" in report.notes[0]
    one = list(school_notebooks.read(contest / "train_segmentation", split="val"))
    assert [s.id for s in one] == [s.id for s in found if s.split == "val"]


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_ready_words(contest: Path, kind: str) -> None:
    root = contest / "train_recognition"
    if kind == "json":
        rows = (line.split(",") for line in (root / "labels.csv").read_text(encoding="utf-8").splitlines()[1:])
        (root / "train.json").write_text(json.dumps(dict(rows)), encoding="utf-8")
        (root / "labels.csv").unlink()
    for place in (contest, root):
        report = Report()
        found = {s.id: s for s in school_notebooks.read(place, report=report)}
        assert len(found) == 51 and found["3_eng"].source == "school_notebooks_en" and found["7"].text == "слово7"
        assert report.skipped == {
            "label without image": ["absent.png"], "empty text": ["e.png"], "image without label": ["unnamed.png"]
        }  # fmt: skip
        assert "split 80/10/10 by a checksum" in report.notes[0]
        assert (kind == "json") == any("has 53 labels; the contest's has 145,493" in note for note in report.notes)


def test_pages_of_the_contest_are_those_of_its_segmentation(contest: Path) -> None:
    assert len(list(school_notebooks.read_pages(contest))) == 41


def test_missing_parts_are_named_with_their_cure(tmp_path: Path, public: Path, contest: Path) -> None:
    with pytest.raises(DataError, match=r"no annotations_<split>\.json, no annotations\.json and no images/.*download"):
        school_notebooks.entries(tmp_path)
    (public / "images.zip").unlink()
    with pytest.raises(DataError, match=r"images\.zip and .*images are both missing: download"):
        list(school_notebooks.entries(public))
    with pytest.raises(DataError, match="no split 'dev', only test, train, val"):
        list(school_notebooks.entries(public, split="dev"))
    with pytest.raises(DataError, match=r"no annotations\.json: download"):
        school_notebooks.entries(contest / "train_recognition", unit="page")
    (contest / "train_recognition" / "images").rename(tmp_path / "away")
    with pytest.raises(DataError, match=r"images is missing: put the pictures that labels\.csv names there"):
        school_notebooks.entries(contest / "train_recognition")


def test_the_language_of_a_page() -> None:
    assert school_notebooks.source_of("1.jpg", ["слово", "a"]) == "school_notebooks_ru"
    assert school_notebooks.source_of("1.jpg", ["a word", "он"]) == "school_notebooks_en"
    assert school_notebooks.source_of("1_eng.jpg", []) == "school_notebooks_en"


def test_the_real_labels(handwriting_of: Callable[[str], Path], tmp_path: Path) -> None:
    """All 145,493 rows are read; the only two pictures that are there become samples."""
    (tmp_path / "images").mkdir()
    for name in ("48771.png", "1104_eng.png"):
        images.write(tmp_path / "images" / name, np.eye(9, dtype=np.uint8))
    data = (handwriting_of("school_notebooks") / "train.json").read_bytes()
    (tmp_path / "train.json").write_bytes(data)
    report = Report()
    found = {s.id: (s.text, s.source) for s in school_notebooks.read(tmp_path, report=report)}
    assert found["48771"] == ("задние", "school_notebooks_ru") and found["1104_eng"][1] == "school_notebooks_en"
    assert len(report.skipped["label without image"]) == school_notebooks.LABELS - 2
    assert len(report.notes) == 1


def test_from_python_to_a_sample_folder_and_back(public: Path, tmp_path: Path) -> None:
    report = Report()
    prepare(school_notebooks.entries(public, report=report), tmp_path / "out", title="", body="", report=report)
    assert [s.text for s in samples.read(tmp_path / "out", "val")] == ["cat"]
