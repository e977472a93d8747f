"""Labelled folders of every kind, with the faults of each; and our own sample folders there and back."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stackmix import images, samples
from stackmix.datasets import folder
from stackmix.datasets.preparing import Report, prepare
from stackmix.types import DataError

ROWS = {"1.png": "слово", "sub/2.jpg": "two words", "3.PNG": "Ё"}


def pictures(root: Path, names: list[str]) -> None:
    for number, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        image = np.full((9, 12), 255, np.uint8)
        image[2:5, 3:6] = number
        images.write(root / name, image)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    pictures(tmp_path / "мои", list(ROWS))
    return tmp_path / "мои"


def write(path: Path, text: str, encoding: str = "utf-8") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode(encoding))


KINDS = {
    "labels.csv": "file_name,text\n" + "".join(f"{name},{text}\n" for name, text in ROWS.items()),
    "Labels.CSV": "".join(f"{name.upper()};{text}\r\n" for name, text in ROWS.items()),
    "labels.tsv": "text\timage\n" + "".join(f"{text}\t{name}\n" for name, text in ROWS.items()),
    "labels.json": json.dumps(ROWS),
    "metadata.csv": "file_name,label\n" + "".join(f'"{name}","{text}"\n' for name, text in ROWS.items()),
    "metadata.jsonl": "".join(json.dumps({"file_name": name, "text": text}) + "\n" for name, text in ROWS.items()),
}
MORE = {
    "list": json.dumps([{"image": name, "label": text} for name, text in ROWS.items()]),
    "nested": json.dumps({name: {"text": text} for name, text in ROWS.items()}),
    "windows": json.dumps({name.replace("/", "\\"): text for name, text in ROWS.items()}),
}


@pytest.mark.parametrize(("name", "text"), [*KINDS.items(), *(("labels.json", text) for text in MORE.values())])
def test_every_kind_of_label_file(root: Path, name: str, text: str) -> None:
    write(root / name, text)
    found = [(s.id, s.text, s.split, s.source, int(s.image.min())) for s in folder.read(root)]
    expected = [
        (id, text, "train", "мои", k)
        for k, (id, text) in enumerate(zip(("1", "sub/2", "3"), ROWS.values(), strict=True))
    ]
    assert [f[:4] for f in found] == [e[:4] for e in expected]
    assert np.allclose([f[4] for f in found], [e[4] for e in expected], atol=6)  # one is a JPEG


def test_a_text_file_for_each_picture(root: Path) -> None:
    for name, text in ROWS.items():
        write(root / f"{name.rpartition('.')[0]}.gt.txt", f"{text}\n")
    write(root / "absent.gt.txt", "x")
    report = Report()
    assert {s.id: s.text for s in folder.read(root, report=report)} == {"1": "слово", "sub/2": "two words", "3": "Ё"}
    assert report.skipped == {"label without image": ["absent.gt.txt: absent"]}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1251"])
def test_encodings_and_the_note_on_a_guess(root: Path, encoding: str) -> None:
    write(root / "labels.csv", KINDS["labels.csv"], encoding)
    report = Report()
    assert [s.text for s in folder.read(root, report=report)] == list(ROWS.values())
    assert any("Windows-1251" in note for note in report.notes) == (encoding == "cp1251")


def test_faults_are_named(root: Path) -> None:
    pictures(root, ["4.png", "5.png", "unnamed.png"])
    (root / "5.png").write_bytes(b"?")
    images.write(root.parent / "secret.png", np.eye(9, dtype=np.uint8))
    names = [*ROWS, "1.png", "absent.png", "../secret.png", "/etc/passwd", "C:\\a.png", "4.png", "5.png"]
    rows = [{"file_name": name, "text": " " if name == "4.png" else "x"} for name in names]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    lines += '{\n[]\n{"text": "x"}\n\n{"file_name": "1.png", "text": [3]}\n{"file_name": "3.PNG", "text": 3}\n'
    write(root / "metadata.jsonl", lines)
    report = Report()
    assert [s.id for s in folder.read(root, report=report)] == ["1", "sub/2", "3"]
    skipped = {reason: len(items) for reason, items in report.skipped.items()}
    assert skipped == {
        "second label of an image": 2, "label without image": 1, "path outside the folder": 3, "empty text": 1,
        "broken image": 1, "broken label": 4, "image without label": 1,
    }  # fmt: skip
    assert report.skipped["path outside the folder"][0] == "metadata.jsonl, line 6: ../secret.png"
    assert report.skipped["broken label"][0].startswith("metadata.jsonl, line 11")


def test_folders_of_splits(tmp_path: Path) -> None:
    pictures(tmp_path, ["train/1.png", "Validation/1.png", "test2/images/1.png"])
    for name in ("train", "Validation", "test2"):
        write(tmp_path / name / "labels.csv", "1.png,a\n")
    assert [(s.id, s.split) for s in folder.read(tmp_path)] == [
        ("Validation/1", "val"), ("test2/images/1", "test2"), ("train/1", "train")
    ]  # fmt: skip
    assert [s.id for s in folder.read(tmp_path, split="test2")] == ["test2/images/1"]
    with pytest.raises(DataError, match="no split 'test', only test2, train, val"):
        list(folder.read(tmp_path, split="test"))


def test_a_name_of_several_pictures_is_said_to_be_one(tmp_path: Path) -> None:
    """The folder of the label file has none, two folders below have one each."""
    pictures(tmp_path, ["a/1.png", "b/1.png", "b/2.png"])
    write(tmp_path / "labels.csv", "1.png,a\n2.png,b\n")
    report = Report()
    assert [s.id for s in folder.read(tmp_path, report=report)] == ["b/2"]
    assert report.skipped["name of several images"] == ["labels.csv, line 1: 1.png"]


def test_a_missing_picture_is_not_taken_from_another_split(tmp_path: Path) -> None:
    pictures(tmp_path, ["train/5.png", "test/6.png", "7.png"])
    write(tmp_path / "test" / "labels.csv", "5.png,a\n6.png,b\n7.png,c\n../train/5.png,d\n")
    write(tmp_path / "test" / "7.gt.txt", "c")
    report = Report()
    assert [(s.id, s.split) for s in folder.read(tmp_path, report=report)] == [("test/6", "test")]
    assert len(report.skipped["label without image"]) == 3 and len(report.skipped["path outside the folder"]) == 1
    assert report.skipped["image without label"] == ["7.png", "train/5.png"]


def test_splits_in_a_column_or_in_the_paths(tmp_path: Path) -> None:
    pictures(tmp_path, ["a.png", "val/b.png", "c.png"])
    write(tmp_path / "labels.csv", "file_name,text,split\na.png,x,test\nval/b.png,x,\nc.png,x,dev\n")
    report = Report()
    assert [(s.id, s.split) for s in folder.read(tmp_path, report=report)] == [
        ("a", "test"),
        ("val/b", "val"),
        ("c", "val"),
    ]
    assert not report.notes


def test_without_splits_it_is_said(root: Path) -> None:
    write(root / "labels.csv", KINDS["labels.csv"])
    report = Report()
    list(folder.read(root, report=report))
    assert report.notes == ["Everything is train: put pictures into folders train, val and test to split them."]


def test_numbers_are_texts(root: Path) -> None:
    write(root / "labels.json", json.dumps({"1.png": 5}))
    assert [s.text for s in folder.read(root)] == ["5"]


def test_two_label_files_in_one_folder(root: Path) -> None:
    write(root / "labels.csv", KINDS["labels.csv"])
    write(root / "labels.json", KINDS["labels.json"].replace("two words", "2"))
    report = Report()
    assert [s.text for s in folder.read(root, report=report)][1] == "2"
    assert "labels.csv was not read: labels.json has the labels" in report.notes[0]


def test_pictures_that_differ_by_suffix_alone_both_stay(tmp_path: Path) -> None:
    pictures(tmp_path, ["a.png", "a.jpg"])
    write(tmp_path / "labels.csv", "a.png,x\na.jpg,y\n")
    assert [(s.id, s.text) for s in folder.read(tmp_path)] == [("a", "x"), ("a.jpg", "y")]


def test_missing_parts_are_named_with_their_cure(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"has none of metadata\.jsonl, labels\.json, .* and no <name>\.gt\.txt"):
        list(folder.read(tmp_path))
    with pytest.raises(DataError, match="is no folder"):
        list(folder.read(tmp_path / "absent"))
    write(tmp_path / "labels.json", "3")
    with pytest.raises(DataError, match=r"labels\.json has no labels"):
        list(folder.read(tmp_path))


def test_a_sample_folder_of_ours_comes_back_to_the_byte(
    sample_of: Callable, folder_of: Callable, tmp_path: Path
) -> None:
    own = [sample_of("bad", writer="Анна"), sample_of("b  d", id="x:1"), sample_of("gone", split="test1")]
    own[1] = replace(own[1], scores=np.float32([0.5, 0, 0.25, 1]))
    folder_of(tmp_path / "a", own)
    for name in ("b", "c"):
        report = Report()
        raw = tmp_path / ("a" if name == "b" else "b")
        prepare(folder.entries(raw, report=report), tmp_path / name, title="t", body="b", report=report)
        assert not report.skipped
    for split in ("train", "test1"):
        for first, back in zip(samples.read(tmp_path / "a", split), samples.read(tmp_path / "c", split), strict=True):
            for field in ("text", "id", "writer", "source", "split"):
                assert getattr(first, field) == getattr(back, field)
            for field in ("image", "borders", "scores"):
                assert np.array_equal(getattr(first, field), getattr(back, field))
    assert (tmp_path / "b" / "train" / "metadata.jsonl").read_bytes() == (
        tmp_path / "c" / "train" / "metadata.jsonl"
    ).read_bytes()


def test_borders_that_do_not_fit_the_text_are_left_out(tmp_path: Path) -> None:
    pictures(tmp_path, ["1.png", "2.png"])
    rows = [
        {"file_name": "1.png", "text": "ab", "borders": [1, 2]},
        {"file_name": "2.png", "text": "ab", "borders": [1, "x", 2]},
    ]
    write(tmp_path / "metadata.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    assert [s.borders for s in folder.read(tmp_path)] == [None, None]
