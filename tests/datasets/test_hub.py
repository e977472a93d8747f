"""Data sets of Hugging Face's library on disk in all its forms; bytes come through as they are."""

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pyarrow.parquet
import pytest
from PIL import Image as Pictures

from stackmix import images, samples
from stackmix.datasets import hub
from stackmix.datasets.preparing import Report, prepare
from stackmix.types import DataError


def jpeg(value: int) -> bytes:
    image = np.full((9, 12), 240, np.uint8)
    image[2:5, 3:6] = value
    return images.encode(image, ".jpg", 80)


DATA = [jpeg(k * 20) for k in range(6)]


def table(start: int, stop: int, **more: list) -> datasets.Dataset:
    rows = {
        "image": [{"bytes": DATA[k], "path": None} for k in range(start, stop)],
        "text": [f"т{k}" for k in range(start, stop)],
    }
    found = datasets.Dataset.from_dict(rows | more)
    return found.cast_column("image", datasets.Image())


@pytest.fixture
def parquet(tmp_path: Path) -> Path:
    root = tmp_path / "tables"
    root.mkdir()
    table(0, 3).to_parquet(root / "train-00000-of-00001.parquet")
    table(3, 5).to_parquet(root / "validation-00000-of-00001.parquet")
    return root


def kept(root: Path, out: Path, **options: Any) -> dict[str, list[bytes]]:
    """Prepare, and the bytes of each split's files in order."""
    report = Report()
    prepare(hub.entries(root, report=report, **options), out, title="", body="", report=report)
    return {
        split: [(out / split / row["file_name"]).read_bytes() for row in samples.rows(out, split)]
        for split in samples.splits_of(out)
    }


def test_parquet_keeps_splits_texts_and_bytes(parquet: Path, tmp_path: Path) -> None:
    found = list(hub.read(parquet))
    assert [(s.id, s.text, s.split, s.source) for s in found] == [
        ("train-000000", "т0", "train", "tables"), ("train-000001", "т1", "train", "tables"),
        ("train-000002", "т2", "train", "tables"), ("val-000000", "т3", "val", "tables"),
        ("val-000001", "т4", "val", "tables"),
    ]  # fmt: skip
    assert kept(parquet, tmp_path / "out") == {"train": DATA[:3], "val": DATA[3:5]}
    assert [s.text for s in hub.read(str(parquet), split="val")] == ["т3", "т4"]


def test_saved_to_disk(tmp_path: Path) -> None:
    datasets.DatasetDict({"train": table(0, 2), "test1": table(2, 4)}).save_to_disk(tmp_path / "dict")
    table(0, 2).save_to_disk(tmp_path / "single")
    assert kept(tmp_path / "dict", tmp_path / "a") == {"test1": DATA[2:4], "train": DATA[:2]}
    assert kept(tmp_path / "single", tmp_path / "b") == {"train": DATA[:2]}


def test_image_folder_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sample folder is an imagefolder, whose rows hold paths; also when RAW is a relative path."""
    rows = {"text": "бы", "id": "x:1", "writer": "Анна", "source": "iam", "borders": [1, 4, 9], "scores": [0.5, 1.0]}
    for split in ("train", "test1"):
        (tmp_path / "raw" / split).mkdir(parents=True)
        (tmp_path / "raw" / split / "1.jpg").write_bytes(DATA[1])
        line = samples.dump({"file_name": "1.jpg", **rows, "id": split})
        (tmp_path / "raw" / split / "metadata.jsonl").write_text(line, encoding="utf-8")
    (tmp_path / "raw" / "README.md").write_text(samples.card("t", ["train", "test1"], "b"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for root in (tmp_path / "raw", Path("raw")):
        first, second = hub.read(root)
        assert (first.id, first.split, second.split, first.writer, first.source) == (
            "train",
            "train",
            "test1",
            "Анна",
            "iam",
        )
        assert first.borders is not None and first.scores is not None
        assert first.borders.tolist() == [1, 4, 9] and first.scores.tolist() == [0.5, 1.0]
    assert kept(tmp_path / "raw", tmp_path / "out") == {"test1": [DATA[1]], "train": [DATA[1]]}


def test_columns_are_found_or_named(tmp_path: Path) -> None:
    rows = table(0, 2, note=["a", "b"]).rename_columns({"image": "scan", "text": "Transkript"})
    rows.to_parquet(tmp_path / "a.parquet")
    with pytest.raises(
        DataError, match=r"which column is the text\? Name it with --text-column: scan .*Transkript \(string\)"
    ):
        list(hub.read(tmp_path))
    assert [s.text for s in hub.read(tmp_path, text_column="Transkript")] == ["т0", "т1"]
    with pytest.raises(DataError, match=r"no column 'page' for --image-column, only"):
        list(hub.read(tmp_path, image_column="page"))
    datasets.Dataset.from_dict({"text": ["a"], "raw": [DATA[0]]}).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(DataError, match="which column is the image"):
        list(hub.read(tmp_path))
    assert len(list(hub.read(tmp_path, image_column="raw"))) == 1


def test_broken_rows_are_named(tmp_path: Path) -> None:
    rows = {
        "image": [{"bytes": DATA[0], "path": None}, {"bytes": b"?", "path": None}, None,
                  {"bytes": None, "path": "/etc/passwd"}, {"bytes": DATA[1], "path": None},
                  {"bytes": None, "path": str(tmp_path / "absent.png")}],
        "text": ["a", "b", "c", "d", None, "f"],
    }  # fmt: skip
    features = datasets.Features({"image": datasets.Image(), "text": datasets.Value("string")})
    pyarrow.parquet.write_table(datasets.Dataset.from_dict(rows, features=features).data.table, tmp_path / "a.parquet")
    report = Report()
    assert [s.text for s in hub.read(tmp_path, report=report)] == ["a"]
    assert report.skipped == {
        "missing image": ["train-000002", "train-000005"], "path outside the folder": ["train-000003"],
        "empty text": ["train-000004"], "broken image": ["train-000001"],
    }  # fmt: skip


def test_what_cannot_be_opened_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"data set .* cannot be opened: ") as error:
        list(hub.read(tmp_path))
    assert "\n" not in str(error.value)
    with pytest.raises(DataError, match="no split 'test', only train, val"):
        for name in ("train", "validation"):
            table(0, 1).to_parquet(tmp_path / f"{name}.parquet")
        list(hub.read(tmp_path, split="test"))


def test_a_data_set_of_the_hub_offline_is_one_line(tmp_path: Path) -> None:
    code = "import sys; from stackmix.cli import main; main()"
    run = subprocess.run(
        [sys.executable, "-c", code, "prepare", "hub", "nobody/nothing", "--out", str(tmp_path / "out")],
        env={"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "home"), "PYTHONUTF8": "1", "PATH": ""},
        capture_output=True,
        encoding="utf-8",
    )
    assert run.returncode == 1 and run.stdout == ""
    assert run.stderr.splitlines()[-1].startswith("stackmix: data set nobody/nothing cannot be opened: ")
    assert not (tmp_path / "out.partial").exists()


def test_png_of_sixteen_bits_is_scaled(tmp_path: Path) -> None:
    data = io.BytesIO()
    Pictures.fromarray(np.arange(0, 65536, 257, dtype=np.uint16).reshape(16, 16)).save(data, "png")
    rows = {"image": [{"bytes": data.getvalue(), "path": None}], "text": ["a"]}
    datasets.Dataset.from_dict(rows).cast_column("image", datasets.Image()).to_parquet(tmp_path / "a.parquet")
    (sample,) = hub.read(tmp_path)
    assert sample.image.max() == 255 and json.dumps(sample.image.shape) == "[16, 16]"
