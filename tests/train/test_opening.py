"""A reader by its folder's kind, and the command that reads with it and tells how well."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from stackmix import images, inspection, samples
from stackmix.cli import main
from stackmix.train.ctc import CTCConfig, CTCModel
from stackmix.train.opening import open_reader, read_split
from stackmix.types import DataError

WORDS = ["bad", "gone", "dab", "nod"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(1)
    folder = tmp_path_factory.mktemp("models") / "чтец"
    CTCModel(CTCConfig("abdegno")).eval().save_pretrained(folder)
    return folder


@pytest.fixture
def data(folder_of: Callable, sample_of: Callable, tmp_path: Path) -> Path:
    found = [sample_of(word, writer, split="val") for word in WORDS for writer in ("anna", "boris")]
    return folder_of(tmp_path / "слова", [*found, sample_of("do", split="test")])


def test_a_split_is_read_and_broken_images_are_named(model: Path, data: Path) -> None:
    (data / "val" / "2.png").write_bytes(b"no picture")
    seen: list[int] = []
    found, broken = read_split(open_reader(model), data, "val", seen.append)
    assert list(broken) == ["2.png"] and "2.png" in broken["2.png"] and len(seen) == 7
    assert list(found) == [row["file_name"] for row in samples.rows(data, "val") if row["file_name"] != "2.png"]
    assert all(one.confidence is not None and 0 <= one.confidence <= 1 for one in found.values())


def test_folders_that_do_not_read(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no model folder"):
        open_reader(tmp_path)
    for content in ('{"kind": "borders"}', "[]", "{"):
        (tmp_path / "config.json").write_text(content, encoding="utf-8")
        with pytest.raises(DataError, match=r"'borders', which does not read|no model folder"):
            open_reader(tmp_path)


def run(patch: pytest.MonkeyPatch, *args: object) -> int:
    patch.setattr(sys, "argv", ["stackmix", "evaluate", *map(str, args)])
    try:
        main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def test_evaluate_reads_with_a_model_and_tells(
    model: Path,
    data: Path,
    library_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(inspection, "SHIPPED", library_folder)
    monkeypatch.setattr(inspection, "CAPTION_HAND", "anna")
    (data / "val" / "2.png").write_bytes(b"no picture")
    out, sheet = tmp_path / "отчёт.json", tmp_path / "worst.png"
    labels = tmp_path / "right.json"
    labels.write_text(json.dumps({row["file_name"]: row["text"] for row in samples.rows(data, "val")}), "utf-8")
    assert run(monkeypatch, labels, data, "--split", "val", "--sheet", sheet) == 0
    assert "every text was read right" in capsys.readouterr().err and not sheet.exists()
    assert run(monkeypatch, model, data, "--split", "val", "--out", out, "--sheet", sheet) == 0
    said = capsys.readouterr()
    assert said.out.startswith("7 samples of 2 writers") and "left out: " in said.err and "2.png" in said.err
    report = json.loads(out.read_text(encoding="utf-8"))
    assert report["samples"] == 7 and report["split"] == "val" and "calibration" in report
    assert images.read(sheet).shape[1] == 1600
    assert run(monkeypatch, model, data) == 1 and "choose one with --split" in capsys.readouterr().err


def test_evaluate_reads_files_and_refuses_what_does_not_fit(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    read = tmp_path / "read.json"
    read.write_text(json.dumps({"0.png": "bad", "zzz": "a"}), encoding="utf-8")
    assert run(monkeypatch, read, data, "--split", "val") == 0
    said = capsys.readouterr()
    assert "which count as read empty: 7" in said.err and "predictions for no samples: 1 (zzz)" in said.err
    for wrong, part in (
        ([read, read, "--sheet", "x.png"], "sample folder"),
        ([read, tmp_path / "none"], "does not exist"),
        ([read, data, "--pages", "--sheet", "x.png"], "--pages"),
        ([data, read], "is none"),
    ):
        assert run(monkeypatch, *wrong) == 2
        assert part in "".join(capsys.readouterr().err.split("│")).replace("\n", " ")
    assert run(monkeypatch, data, data, "--split", "val") == 1
    assert "no model folder" in capsys.readouterr().err
    assert not (tmp_path / "x.png").exists()


def test_evaluate_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = tmp_path / "pages.json", tmp_path / "report.json"
    word = {"polygon": [[0, 0], [9, 0], [9, 9], [0, 9]], "text": "cat"}
    path.write_text(json.dumps({"a.jpg": {"predictions": [word]}}), encoding="utf-8")
    assert run(monkeypatch, path, path, "--pages", "--out", out) == 0
    assert "1 pages, 1 words, 1 predictions" in capsys.readouterr().out
    report = json.loads(out.read_text(encoding="utf-8"))
    assert report["contest_score"]["value"] == 0 and report["word_f1"]["value"] == 1
