"""Page folders: what is written is read again, and what strangers wrote is read or named."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackmix import images, pages
from stackmix.types import DataError, Page, Region

SQUARE = np.array([(1, 2), (11, 2), (11, 7.5), (1, 7.5)], np.float32)


def write(folder: Path, found: list[Page]) -> Path:
    (folder / pages.IMAGES).mkdir(parents=True, exist_ok=True)
    for split in {page.split for page in found}:
        own = [page for page in found if page.split == split]
        rows, regions = [], []
        for k, page in enumerate(own):
            images.write(folder / pages.IMAGES / f"{page.id}.png", page.image)
            size = page.image.shape[1::-1]
            rows.append(pages.image_row(k, f"{page.id}.png", size, page.id, page.writer, page.source))
            regions += [(k, region) for region in page.regions]
        texts = [pages.region_row(n, k, region) for n, (k, region) in enumerate(regions)]
        (folder / f"annotations_{split}.json").write_text("".join(pages.document(rows, texts)), encoding="utf-8")
    return folder


def test_pages_come_back(tmp_path: Path) -> None:
    image = np.arange(200, dtype=np.uint8).reshape(10, 20)
    regions = (Region(SQUARE, "слово", line=3), Region(SQUARE[:3] + 1, "", "teacher_comment"))
    page = Page(image, regions, "лист-1", "Анна", "here", "test1")
    write(tmp_path, [page, Page(image, (), "empty")])
    assert pages.splits_of(tmp_path) == ["test1", "train"]
    (back,) = pages.read(tmp_path, "test1")
    assert (back.id, back.writer, back.source, back.split) == ("лист-1", "Анна", "here", "test1")
    np.testing.assert_array_equal(back.image, image)
    for own, other in zip(regions, back.regions, strict=True):
        assert (own.text, own.category, own.line) == (other.text, other.category, other.line)
        np.testing.assert_array_equal(own.polygon, other.polygon)
        assert other.polygon.dtype == np.float32
    assert [p.regions for p in pages.read(tmp_path, "train")] == [()]


def test_the_file_is_coco_as_the_school_notebooks_have_it(tmp_path: Path) -> None:
    write(tmp_path, [Page(np.zeros((10, 20), np.uint8), (Region(SQUARE, "слово", line=3),), "a")])
    content = json.loads((tmp_path / "annotations_train.json").read_text(encoding="utf-8"))
    assert [category["name"] for category in content["categories"]] == list(pages.CATEGORIES)
    assert content["images"][0] | {"file_name": "a.png", "width": 20, "height": 10} == content["images"][0]
    assert content["annotations"][0] == {
        "id": 0, "image_id": 0, "category_id": 0, "segmentation": [[1, 2, 11, 2, 11, 7.5, 1, 7.5]],
        "bbox": [1, 2, 10, 5.5], "area": 55, "iscrowd": 0, "attributes": {"translation": "слово"}, "group_id": 3,
    }  # fmt: skip


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=3, max_size=9))
def test_the_area_against_the_sum_over_triangles(points: list[tuple[int, int]]) -> None:
    polygon = np.array(points, np.float32)
    first = polygon[0]
    parts = [np.linalg.det(np.array([b - first, c - first])) / 2 for b, c in pairwise(polygon[1:])]
    assert json.loads(pages.region_row(0, 0, Region(polygon)))["area"] == pytest.approx(abs(sum(parts)), abs=0.02)


def annotated(path: Path, annotations: list, images_: list | None = None, categories: list | None = None) -> Path:
    """A file as it may come, its keys in the order that needs most care."""
    own = [{"id": 7, "file_name": "a.jpg", "width": 40, "height": 30}] if images_ is None else images_
    names = [{"id": 1, "name": "text"}] if categories is None else categories
    content = {"annotations": annotations, "categories": names, "images": own}
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return path


def test_what_strangers_write_is_understood(tmp_path: Path) -> None:
    points = [1, 2, 11, 2, 11, 7]
    rows = [
        {"image_id": 7, "category_id": 1, "segmentation": [points], "attributes": {"translation": "e\u0301 a "}},
        {"image_id": "7", "category_id": 1, "segmentation": [points, points], "attributes": {"group_id": "4"}},
        {"image_id": 7, "category_id": 1, "segmentation": points, "attributes": None, "group_id": 5},
        {"image_id": 7, "category_id": 9, "segmentation": [], "bbox": [1, 2, 3, 4]},
        {"image_id": 7, "category_id": 1, "segmentation": {"counts": []}, "bbox": [1, 2, 3, 4]},
    ]
    (row,) = pages.annotations(annotated(tmp_path / "a.json", rows))
    assert (row.name, row.size, row.id) == ("a.jpg", (40, 30), "a")
    assert [(r.text, r.line, len(r.polygon), r.category) for r in row.regions] == [
        ("é a", None, 3, "pupil_text"), ("", 4, 3, "pupil_text"), ("", 5, 3, "pupil_text"),
        ("", None, 4, "pupil_text"), ("", None, 4, "pupil_text"),
    ]  # fmt: skip


def test_what_cannot_be_used_is_named(tmp_path: Path) -> None:
    rows = [
        3, {"id": 1}, {"id": 2, "image_id": 7}, {"id": 3, "image_id": 7, "segmentation": [["x"] * 6]},
        {"id": 4, "image_id": 7, "segmentation": [[1, 2, 3, 4]], "bbox": None},
        {"id": 5, "image_id": 7, "segmentation": [[1e99] * 6], "bbox": [float("inf"), 0, 1, 1]},
        {"id": 6, "image_id": 8, "bbox": [1, 2, 3, 4]}, {"id": 7, "image_id": 7, "bbox": [1, 2, 3, 4], "group_id": "x"},
    ]  # fmt: skip
    own = [{"id": 7, "file_name": "a.jpg"}, {"id": 9}, "b.jpg", {"file_name": "c.jpg"}]
    faults: list[tuple[str, str]] = []
    found = list(pages.annotations(annotated(tmp_path / "a.json", rows, own), faults))
    assert [(row.name, row.size, row.regions) for row in found] == [("a.jpg", (0, 0), ())]
    assert [reason for reason, _ in faults].count("broken annotation") == 3 + 7
    assert faults[-1] == ("annotation of no image", "a.json: 1 of image_id 8")


@pytest.mark.parametrize("name", ["../secret.png", "/etc/passwd"])
def test_images_outside_the_folder_are_not_read(tmp_path: Path, name: str) -> None:
    images.write(tmp_path / "secret.png", np.zeros((4, 4), np.uint8))
    (tmp_path / "a").mkdir()
    annotated(tmp_path / "a" / "annotations_train.json", [], [{"id": 1, "file_name": name}])
    with pytest.raises(DataError, match="leads out"):
        list(pages.read(tmp_path / "a", "train"))


def test_missing_parts_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"has no annotations_<split>\.json"):
        pages.splits_of(tmp_path)
    annotated(tmp_path / "annotations_train.json", [])
    with pytest.raises(DataError, match="no split 'val', only train"):
        list(pages.read(tmp_path, "val"))
    with pytest.raises(DataError, match=r"a\.jpg: the image of an annotation file is missing"):
        list(pages.read(tmp_path, "train"))
    skipped: list[str] = []
    assert list(pages.read(tmp_path, "train", skipped)) == [] and "a.jpg" in skipped[0]
