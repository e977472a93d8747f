"""Which prediction belongs to which sample, and what is told of the rest."""

from collections.abc import Callable
from pathlib import Path

import pytest

from stackmix import pairing
from stackmix.pairing import Truth, pair, told, truth
from stackmix.predictions import Prediction
from stackmix.types import DataError


def test_names_with_and_without_split_and_ids(folder_of: Callable, sample_of: Callable, tmp_path: Path) -> None:
    found = [sample_of("bad", "anna", id="x", split="val"), sample_of("do", "boris", split="val")]
    folder = folder_of(tmp_path / "слова", found)
    true = truth(folder, None)
    assert [(one.text, one.writer) for one in true] == [("bad", "anna"), ("do", "boris")]
    for name in ("0.png", "val/0.png", "x"):
        paired = pair(true, {name: Prediction("bed", 0.5), "1.png": Prediction("do", 0.9)})
        assert [(p.true, p.read, p.confidence) for p in paired.pairs] == [("bad", "bed", 0.5), ("do", "do", 0.9)]
        assert not paired.missing and not paired.unknown


def test_what_one_side_lacks_is_counted_and_told(tmp_path: Path) -> None:
    true = [Truth((name,), "a", "", {}) for name in "abcde"]
    paired = pair(true, {"a": Prediction("a", 0.7), "z": Prediction("a", 0.7)})
    assert paired.missing == list("bcde") and paired.unknown == ["z"]
    assert [(p.read, p.confidence) for p in paired.pairs[1:]] == [("", 0.0)] * 4
    first, second = told(paired.missing, paired.unknown, "samples")
    assert (
        first == "samples without a prediction, which count as read empty: 4 (b, c, d, ...)"
        and second == "predictions for no samples: 1 (z)"
    )
    assert pair(true, {"a": Prediction("a")}).pairs[1].confidence is None
    with pytest.raises(DataError, match=r"no prediction is for a sample of the truth.*'z' beside 'a'"):
        pair(true, {"z": Prediction("a")})
    with pytest.raises(DataError, match="truth is empty"):
        pair([], {"z": Prediction("a")})


def test_a_file_as_truth_and_splits_to_choose_from(folder_of: Callable, sample_of: Callable, tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("file_name,text,writer\na.png,cat,anna\n", encoding="utf-8")
    assert truth(path, None) == [Truth(("a.png",), "cat", "anna", {})]
    with pytest.raises(DataError, match="leave --split val out"):
        truth(path, "val")
    folder = folder_of(tmp_path / "both", [sample_of("bad", split="val"), sample_of("do", split="test")])
    with pytest.raises(DataError, match="test, val: choose one with --split"):
        pairing.split_of(folder, None)
    with pytest.raises(DataError, match="no split 'train'"):
        truth(folder, "train")
