"""HKR in its raw layout, built small and with every fault that real downloads have; the real split file where it is."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from stackmix import images, samples
from stackmix.datasets import hkr
from stackmix.datasets.preparing import Report, prepare
from stackmix.types import DataError

TEXTS = {
    "0_0_0": "Алматы", "0_0_10": "Алматы", "0_0_9": "Алматы", "1_2_3": "Қазақстан Республикасы", "1_3_1": "ғылым",
    "2_1_1": "и\u0306од", "2_1_2": " два  слова ", "2_1_3": "", "2_2_1": "lost", "2_2_2": "broken", "2_2_3": "nowhere",
}  # fmt: skip
STAGES = {
    "0_0_0": "train", "0_0_10": "train", "0_0_9": "val", "1_2_3": "test1", "1_3_1": "test2", "2_1_1": "train",
    "2_1_2": "train", "2_1_3": "train", "2_2_1": "train", "2_2_2": "train", "9_9_9": "train", "3_0_0": "train",
    "3_0_1": "train", "3_0_2": "train",
}  # fmt: skip


def write_stages(path: Path, stages: dict[str, str]) -> None:
    path.write_text("id,stage\n" + "".join(f"{name},{stage}\n" for name, stage in stages.items()), encoding="utf-8")


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """One image is missing, one broken, one in upper case, one without annotation; three annotations are broken."""
    root = tmp_path / "raw"
    for name in ("img", "ann"):
        (root / name).mkdir(parents=True)
    for number, (name, text) in enumerate(TEXTS.items()):
        content = {
            "description": text,
            "moderation": {"isModerated": 1},
            "name": name,
            "size": {"height": 9, "width": 20},
        }
        suffix = "JSON" if name == "0_0_10" else "json"
        (root / "ann" / f"{name}.{suffix}").write_text(json.dumps(content), encoding="utf-8")
        if name != "2_2_1":
            image = np.full((9, 20, 3), 255, np.uint8)
            image[2:5, 3:9] = number
            images.write(root / "img" / f"{name}.{'JPG' if name == '0_0_9' else 'jpg'}", image)
    for name, text in (("3_0_0", "{"), ("3_0_1", "[]"), ("3_0_2", '{"description": null}')):
        (root / "ann" / f"{name}.json").write_text(text, encoding="utf-8")
    (root / "img" / "2_2_2.jpg").write_bytes(b"")
    images.write(root / "img" / "8_8_8.jpg", np.eye(9, dtype=np.uint8))
    write_stages(root / hkr.SPLITS, STAGES)
    return root


KEPT = [
    ("0_0_0", "Алматы", "train"),
    ("0_0_9", "Алматы", "val"),
    ("0_0_10", "Алматы", "train"),
    ("1_2_3", "Қазақстан Республикасы", "test1"),
    ("1_3_1", "ғылым", "test2"),
    ("2_1_1", "йод", "train"),
    ("2_1_2", "два слова", "train"),
]


def test_good_items_are_read_and_the_others_named(raw: Path) -> None:
    report = Report()
    found = list(hkr.read(raw, report=report))
    assert [(s.id, s.text, s.split) for s in found] == KEPT
    assert {(s.writer, s.source, s.image.shape) for s in found} == {("", "hkr", (9, 20, 3))}
    assert report.skipped == {
        "empty text": ["2_1_3"],
        "label without image": ["2_2_1"],
        "broken image": ["2_2_2"],
        "in no split": ["2_2_3"],
        "broken annotation": ["3_0_0", "3_0_1", "3_0_2"],
        "image without label": ["8_8_8.jpg"],
        "in the split file alone": ["9_9_9"],
    }
    assert report.notes[0] == "14 annotations were found; the whole of HKR has 64,943."
    assert "test1 holds texts" in report.notes[-1]


def test_one_split_and_strings_for_paths(raw: Path) -> None:
    assert [s.id for s in hkr.read(str(raw), split="test2")] == ["1_3_1"]
    with pytest.raises(DataError, match="no split 'test', only test1, test2, train, val"):
        list(hkr.read(raw, split="test"))


def test_one_word(raw: Path) -> None:
    report = Report()
    assert [s.id for s in hkr.read(raw, one_word=True, report=report)] == [k[0] for k in KEPT if " " not in k[1]]
    assert report.skipped["more than one word"] == ["1_2_3", "2_1_2"]


def test_without_the_split_file_phrases_stay_together_and_it_is_said(raw: Path) -> None:
    (raw / hkr.SPLITS).unlink()
    report = Report()
    found = {s.id: s.split for s in hkr.read(raw, report=report)}
    assert found["0_0_0"] == found["0_0_9"] == found["0_0_10"] and found.keys() >= {"2_2_3"}
    assert any("phrases were split 80/10/10" in note and "--splits" in note for note in report.notes)


def test_the_split_by_phrase_is_about_80_10_10() -> None:
    share = Counter(hkr.split_by_phrase(f"{k}_{k % 7}_0") for k in range(2000))
    assert 1500 < share["train"] < 1700 and 150 < share["val"] < 260 and 150 < share["test"] < 260


def test_the_split_file_may_lie_elsewhere(raw: Path, tmp_path: Path) -> None:
    write_stages(tmp_path / "mine.csv", dict.fromkeys(TEXTS, "val"))
    assert {s.split for s in hkr.read(raw, splits=tmp_path / "mine.csv")} == {"val"}


@pytest.mark.parametrize(
    ("text", "why"), [("id,stage\na,train\na,val\n", "a is in train and in val"), ("id,text\na,b\n", "id and stage")]
)
def test_a_broken_split_file_is_named(raw: Path, text: str, why: str) -> None:
    (raw / hkr.SPLITS).write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=rf"HKR_splitting\.csv, line \d: .*{why}"):
        list(hkr.read(raw))


@pytest.mark.parametrize("name", ["img", "ann"])
def test_a_missing_part_is_named_with_its_cure(raw: Path, name: str) -> None:
    (raw / name).rename(raw / "gone")
    with pytest.raises(DataError, match=rf"{name} is missing: download HKR"):
        list(hkr.read(raw))


def test_the_folder_of_the_archive_may_lie_between(raw: Path, tmp_path: Path) -> None:
    (tmp_path / "download").mkdir()
    raw.rename(tmp_path / "download" / "HKR_Dataset")
    assert len(list(hkr.read(tmp_path / "download"))) == len(KEPT)


def test_the_sample_folder_keeps_test1_and_test2_apart_and_the_bytes(raw: Path, tmp_path: Path) -> None:
    report = Report()
    prepare(hkr.entries(raw, report=report), tmp_path / "out", title="HKR", body=hkr.BODY, report=report)
    assert samples.splits_of(tmp_path / "out") == ["test1", "test2", "train", "val"]
    (row,) = samples.rows(tmp_path / "out", "test1")
    assert (tmp_path / "out" / "test1" / row["file_name"]).read_bytes() == (raw / "img" / "1_2_3.jpg").read_bytes()
    assert "Қ" in report.splits["test1"].alphabet


def test_the_real_split_file(handwriting_of: Callable[[str], Path]) -> None:
    report = Report()
    sides = hkr.read_splits(handwriting_of("hkr") / hkr.SPLITS, report)
    assert len(sides) == hkr.ITEMS == sum(hkr.STAGES.values()) and Counter(sides.values()) == hkr.STAGES
    assert not report.notes


def test_counts_of_the_real_split_file_are_not_complained_about(
    raw: Path, handwriting_of: Callable[[str], Path]
) -> None:
    report = Report()
    list(hkr.read(raw, splits=handwriting_of("hkr") / hkr.SPLITS, report=report))
    assert not any("other counts" in note for note in report.notes)
    assert len(report.skipped["in the split file alone"]) > 64_000
