"""Page folders and contest files against each other: the weighted mean, missing and unknown pages, wrong files."""

import json
from pathlib import Path

import numpy as np
import pytest

from stackmix import contest, page_evaluating, pages
from stackmix.page_evaluating import compare, evaluate, lines, truth
from stackmix.types import DataError, Region


def square(x: int, text: str) -> dict[str, object]:
    return {"polygon": [[x, 0], [x + 10, 0], [x + 10, 10], [x, 10]], "text": text}


def write(path: Path, found: dict[str, list[dict[str, object]]]) -> Path:
    content = {name: {"predictions": words} for name, words in found.items()}
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_score_is_the_mean_weighted_by_pairs(tmp_path: Path) -> None:
    true = write(tmp_path / "t.json", {"a.jpg": [square(0, "cat"), square(20, "do")], "b.jpg": [square(0, "bird")]})
    read = write(tmp_path / "p.json", {"a.jpg": [square(0, "cot"), square(20, "do"), square(40, "!!")], "b.jpg": []})
    compared = compare(truth(true, None), contest.read(read))
    found = evaluate(compared)
    assert found["contest_score"]["value"] == pytest.approx((3 * (3 / 5) + 1 * (4 / 4)) / 4)
    assert found["word_f1"]["value"] == pytest.approx(2 * 2 / (3 + 3))
    assert found["word_precision"] == found["word_recall"] == pytest.approx(2 / 3)
    assert found["page_cer"]["value"] == pytest.approx((4 + 4) / (len("cat do") + len("bird")))
    assert [row["file_name"] for row in found["by_page"]] == ["b.jpg", "a.jpg"]
    told = "\n".join(lines(found))
    assert "2 pages, 3 words, 3 predictions" in told and ".700" in told and "b.jpg" in told


def test_a_page_folder_as_truth(tmp_path: Path) -> None:
    def region(x: int, text: str, category: str) -> Region:
        return Region(np.array(square(x, "")["polygon"], np.float32), text, category)

    own = [region(0, "cat", "pupil_text"), region(20, "", "pupil_text"), region(40, "5!", "teacher_comment")]
    rows = [pages.image_row(k, f"{k}.jpg", (90, 20), str(k), "anna" if k else "boris", "s") for k in range(2)]
    regions = [pages.region_row(k, k // 3, region) for k, region in enumerate(own * 2)]
    for split in ("val", "test"):
        text = "".join(pages.document(rows, regions))
        (tmp_path / f"annotations_{split}.json").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match="test, val: choose one with --split"):
        truth(tmp_path, None)
    with pytest.raises(DataError, match="no split 'train'"):
        truth(tmp_path, "train")
    found = truth(tmp_path, "val")
    assert list(found) == ["0.jpg", "1.jpg"] and found["1.jpg"].writer == "anna"
    assert [r.text for r in found["0.jpg"].words] == ["cat"] and len(found["0.jpg"].ignored) == 1
    read = write(tmp_path / "p.json", {"0.jpg": [square(0, "cat"), square(20, "x")], "9.jpg": []})
    compared = compare(found, contest.read(read))
    assert compared.missing == ["1.jpg"] and compared.unknown == ["9.jpg"]
    report = evaluate(compared)
    assert report["intervals"]["drawn"] == "writers" and report["word_f1"]["value"] == pytest.approx(2 / 3)
    assert report["contest_score"]["value"] == pytest.approx((2 * (1 / 3) + 1 * 1) / 3)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("{", "no JSON"),
        ("[]", "no contest file"),
        ('{"a.jpg": []}', "a.jpg is not"),
        ('{"a.jpg": {"predictions": [{"text": "x"}]}}', "word 0: KeyError"),
        ('{"a.jpg": {"predictions": [{"text": 5, "polygon": []}]}}', "text 5"),
        ('{"a.jpg": {"predictions": [{"text": "x", "polygon": [[0, 0], [1]]}]}}', "word 0"),
        ('{"a.jpg": {"predictions": [{"text": "x", "polygon": [0, 1, 2, 3]}]}}', "word 0"),
        ('{"a.jpg": {"predictions": [{"text": "x", "polygon": [[0, NaN]]}]}}', "word 0"),
        ('{"a.jpg": {"predictions": [{"text": "x", "polygon": 7}]}}', "word 0"),
        ('{"a.jpg": {"predictions": [7]}}', "word 0"),
    ],
)
def test_wrong_contest_files_are_one_line(tmp_path: Path, text: str, part: str) -> None:
    path = tmp_path / "страницы.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as error:
        contest.read(path)
    assert path.name in str(error.value) and part in str(error.value) and "\n" not in str(error.value)


def test_a_polygon_without_points_is_read_and_overlaps_nothing(tmp_path: Path) -> None:
    found = contest.read(write(tmp_path / "a.json", {"a": [{"polygon": [], "text": "e\u0308"}]}))
    assert found["a"][0].polygon.shape == (0, 2) and found["a"][0].text == "\u00eb"


def test_pages_that_are_not_each_other_s(tmp_path: Path) -> None:
    true = truth(write(tmp_path / "t.json", {"a.jpg": []}), None)
    with pytest.raises(DataError, match=r"no prediction is for a page.*'b.jpg' beside 'a.jpg'"):
        compare(true, {"b.jpg": ()})
    with pytest.raises(DataError, match="leave --split val out"):
        truth(tmp_path / "t.json", "val")
    assert page_evaluating.evaluate(compare(true, {"a.jpg": ()}))["word_f1"]["value"] == 0
