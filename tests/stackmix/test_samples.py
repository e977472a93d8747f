"""Sample folders: what is written is read again, and what is broken is named."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackmix import images, samples
from stackmix.types import DataError, Sample


def write(folder: Path, found: list[Sample]) -> None:
    for k, sample in enumerate(found):
        name = samples.place(k, sample.id, ".png")
        path = folder / sample.split / name
        path.parent.mkdir(parents=True, exist_ok=True)
        images.write(path, sample.image)
        with (folder / sample.split / samples.METADATA).open("a", encoding="utf-8", newline="\n") as lines:
            lines.write(samples.dump(samples.record(sample, name)))


def test_samples_come_back(sample_of: Callable, tmp_path: Path) -> None:
    first = replace(sample_of("bad", "Анна"), scores=np.array([0.25, 1, 0.5], np.float32))
    second = Sample(np.full((5, 4, 3), (9, 8, 7), np.uint8), 'ё"\u2028\\😀', "a/б:1")
    folder = tmp_path / "образцы"
    write(folder, [first, second, sample_of("gone", split="test1")])
    assert samples.splits_of(folder) == ["test1", "train"]
    found = list(samples.read(folder, "train"))
    assert len(found) == 2
    for own, back in zip([first, second], found, strict=True):
        for name in ("text", "id", "writer", "source", "split"):
            assert getattr(own, name) == getattr(back, name)
        assert np.array_equal(own.image, back.image)
        for name in ("borders", "scores"):
            a, b = getattr(own, name), getattr(back, name)
            assert (a is None and b is None) or (a.dtype == b.dtype and np.array_equal(a, b))


@given(st.integers(0, 10**6), st.text(min_size=1, max_size=20))
def test_places_are_safe_and_no_folder_grows_over_the_limit(index: int, name: str) -> None:
    folder, file = samples.place(index, name, ".png").split("/")
    assert int(folder) == index // samples.PER_FOLDER
    assert file.endswith(".png") and len(file) > 4 and not file.startswith(".")
    assert re.fullmatch(r"[\w.-]+", file)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "line 2"),
        ("[]", "line 2"),
        ("7", "line 2"),
        ('{"text": "a"}', "line 2.*file_name"),
        ('{"file_name": "a.png"}', "line 2.*text"),
        ('{"file_name": "a.png", "text": null}', "line 2.*text"),
        ('{"file_name": "a.png", "text": 12}', "line 2.*text"),
        ('{"file_name": 3, "text": "a"}', "line 2.*file_name"),
        ("", "line 2"),
    ],
)
def test_broken_metadata_names_its_line(tmp_path: Path, line: str, why: str) -> None:
    (tmp_path / "train").mkdir()
    good = '{"file_name": "a.png", "text": "a"}\n'
    (tmp_path / "train" / samples.METADATA).write_text(f"{good}{line}\n{good}", encoding="utf-8")
    with pytest.raises(DataError, match=why):
        samples.rows(tmp_path, "train")


def test_metadata_of_another_encoding_is_named(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    row = '{"file_name": "a.png", "text": "ёж"}\n'
    (tmp_path / "train" / samples.METADATA).write_bytes(row.encode("cp1251"))
    with pytest.raises(DataError, match=r"metadata\.jsonl.*UTF-8"):
        samples.rows(tmp_path, "train")
    (tmp_path / "train" / samples.METADATA).write_bytes(b"\xef\xbb\xbf" + row.encode())
    assert [r["text"] for r in samples.rows(tmp_path, "train")] == ["ёж"]


def test_missing_split_folder_and_image_are_named(sample_of: Callable, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        samples.splits_of(tmp_path / "absent")
    with pytest.raises(DataError, match="has no"):
        samples.splits_of(tmp_path)
    write(tmp_path, [sample_of("bad", id="one"), sample_of("bed", id="two"), sample_of("bog", id="three")])
    with pytest.raises(DataError, match="no split 'val', only train"):
        samples.rows(tmp_path, "val")
    (tmp_path / "train" / "0000" / "one.png").unlink()
    (tmp_path / "train" / "0000" / "two.png").write_bytes(b"?")
    with pytest.raises(DataError, match=r"one.png.*missing"):
        list(samples.read(tmp_path, "train"))
    skipped: list[str] = []
    assert [s.text for s in samples.read(tmp_path, "train", skipped)] == ["bog"]
    assert ["one.png" in skipped[0], "two.png" in skipped[1], len(skipped)] == [True, True, 2]


@pytest.mark.parametrize("name", ["../secret.png", "/etc/passwd", "a/../../secret.png"])
def test_images_outside_the_folder_are_not_read(tmp_path: Path, name: str) -> None:
    images.write(tmp_path / "secret.png", np.zeros((4, 4), np.uint8))
    (tmp_path / "data" / "train").mkdir(parents=True)
    with pytest.raises(DataError, match="leads out"):
        samples.load(tmp_path / "data", "train", {"file_name": name, "text": "a"})


def test_text_is_nfc_however_it_was_written(sample_of: Callable, tmp_path: Path) -> None:
    write(tmp_path, [replace(sample_of("b"), text="e\u0308и\u0306", borders=None)])
    assert [s.text for s in samples.read(tmp_path, "train")] == ["ëй"]
