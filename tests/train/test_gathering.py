"""What training is given: train and val splits only, broken images counted, and the same from a packed file."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from stackmix import samples
from stackmix.train.gathering import gather, main
from stackmix.train.normalising import pack
from stackmix.train.packing import Packed
from stackmix.types import DataError, is_test


def test_test_splits_are_never_opened(folder_of: Callable, sample_of: Callable, tmp_path: Path) -> None:
    splits = ["train", "val", "test", "test1"]
    folder = folder_of(tmp_path / "data", [sample_of("bad", split=split) for split in splits])
    for split in splits[2:]:
        (folder / split / samples.METADATA).write_text("broken")
    pack([sample_of("gone")], 32).save(tmp_path / "more.npz")
    seen: list[int] = []
    packed, broken = gather([folder, tmp_path / "more.npz"], 32, seen.append)
    assert packed.splits.tolist() == ["train", "val", "train"] and packed.texts.tolist() == ["bad", "bad", "gone"]
    assert broken == [] and sum(seen) == 2


def test_broken_images_are_counted_and_a_missing_train_split_is_named(
    folder_of: Callable, sample_of: Callable, tmp_path: Path
) -> None:
    folder = folder_of(tmp_path / "data", [sample_of("bad"), sample_of("gone")])
    (folder / "train" / "0.png").write_bytes(b"?")
    packed, broken = gather([folder], 32, lambda n: None)
    assert packed.texts.tolist() == ["gone"] and len(broken) == 1 and "0.png" in broken[0]
    with pytest.raises(DataError, match="no split 'train', only val"):
        gather([folder_of(tmp_path / "val", [sample_of("bad", split="val")])], 32, lambda n: None)


def test_packed_file_is_the_folder(
    folder_of: Callable,
    sample_of: Callable,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = [sample_of("bad"), sample_of("gone"), sample_of("on", split="val"), sample_of("a", split="test")]
    folder, out = folder_of(tmp_path / "data", found), tmp_path / "данные.npz"
    (folder / "train" / "1.png").write_bytes(b"?")
    monkeypatch.setattr(sys, "argv", ["gathering", str(folder), "--out", str(out)])
    main()
    assert capsys.readouterr().out == f"{out}: 2 images (1 broken ones left out)\n"
    (from_file, _), (from_folder, _) = (gather([path], 32, lambda n: None) for path in (out, folder))
    for name in Packed.__slots__[1:]:
        assert np.array_equal(getattr(from_file, name), getattr(from_folder, name))


def test_mistakes_end_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["gathering", str(tmp_path / "absent"), "--out", str(tmp_path / "a.npz")])
    with pytest.raises(SystemExit, match=r"^stackmix: .*absent does not exist"):
        main()
    monkeypatch.setattr(sys, "argv", ["gathering", str(tmp_path), "--out", str(tmp_path / "a")])
    with pytest.raises(SystemExit, match="2"):
        main()
    assert ".npz" in capsys.readouterr().err and list(tmp_path.iterdir()) == []


def test_test_data_is_refused_by_name(folder_of: Callable, sample_of: Callable, tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "data", [sample_of("bad", split=split) for split in ("test", "Test2")])
    with pytest.raises(DataError, match="data holds Test2, test data, which is kept for testing"):
        gather([folder], 32, lambda n: None)
    pack([sample_of("bad"), sample_of("gone", split="test1")], 32).save(tmp_path / "mixed.npz")
    with pytest.raises(DataError, match=r"mixed\.npz holds test1 data"):
        gather([tmp_path / "mixed.npz"], 32, lambda n: None)


@pytest.mark.parametrize(("split", "kept"), [("test", True), ("TEST-2", True), ("train", False), ("latest", False)])
def test_test_splits_are_known_by_their_names(split: str, kept: bool) -> None:
    assert is_test(split) == kept
