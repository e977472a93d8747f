"""Parquet shards: the same bytes again, what load_dataset sees of a folder of them, and what can't be written."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackmix import images, samples
from stackmix.datasets import shards
from stackmix.types import DataError


def made(folder: Path, count: int = 9, split: str = "train", **more: object) -> Path:
    """A sample folder with `count` noisy pictures and columns of the user's own."""
    rng, place = np.random.default_rng(3), folder / split
    (place / "0000").mkdir(parents=True)
    rows = []
    for number in range(count):
        images.write(place / f"0000/{number}.png", rng.integers(0, 255, (8, 9), np.uint8))
        row = {"file_name": f"0000/{number}.png", "text": "щи", "borders": [0, 4, 9], "scores": [0.25, 1.0]}
        rows.append({**row, **{name: value(number) if callable(value) else value for name, value in more.items()}})
    (place / samples.METADATA).write_bytes("".join(map(samples.dump, rows)).encode())
    return folder


def written(folder: Path, out: Path, size: int = shards.SHARD) -> list[Path]:
    """All shards of a folder on disk."""
    (out / "data").mkdir(parents=True)
    planned = shards.plan(folder, size)
    columns = shards.features(planned)
    for shard in planned:
        shards.write(shard, columns, out / shard.name)
    return sorted((out / "data").iterdir())


def test_the_same_folder_gives_the_same_bytes(tmp_path: Path) -> None:
    folder = made(tmp_path / "in")
    once, again = written(folder, tmp_path / "a", 400), written(folder, tmp_path / "b", 400)
    assert [path.name for path in once] == [path.name for path in again] and len(once) > 2
    assert [path.read_bytes() for path in once] == [path.read_bytes() for path in again]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 50), min_size=1, max_size=30), st.integers(1, 120))
def test_parts_hold_every_row_once_and_no_more_than_their_size(sizes: list[int], limit: int) -> None:
    rows = [shards.Row({}, Path(str(k)), "train", size) for k, size in enumerate(sizes)]
    parts = list(shards._parts(rows, limit))
    assert [row for part in parts for row in part] == rows
    assert all(len(part) == 1 or sum(row.size for row in part) <= limit for part in parts)


def test_plain_load_dataset_opens_a_folder_of_shards(tmp_path: Path) -> None:
    """Without our code, offline, in a fresh process; pictures come out as the bytes that went in."""
    pieces = [{"id": "a", "first": 0, "letters": 2, "writer": "w"}]
    folder = made(tmp_path / "in", pieces=pieces, page=lambda k: f"p{k}", grade=lambda k: k)
    files = written(folder, tmp_path / "out", 400)
    code = (
        "import datasets, json, sys\n"
        "rows = datasets.load_dataset(sys.argv[1])['train']\n"
        "assert isinstance(rows.features['image'], datasets.Image)\n"
        "assert rows[0]['image'].size == (9, 8)\n"
        "rows = rows.cast_column('image', datasets.Image(decode=False))\n"
        "print(json.dumps([{**row, 'image': row['image']['bytes'].hex()} for row in rows]))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "out")],
        cwd=tmp_path,
        env={"HF_HOME": str(tmp_path / "hf"), "HF_HUB_OFFLINE": "1", "PATH": ""},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    back = json.loads(run.stdout)
    assert len(files) > 2 and len(back) == 9
    for number, (row, wanted) in enumerate(zip(back, samples.rows(folder, "train"), strict=True)):
        assert row.pop("image") == (folder / "train" / wanted.pop("file_name")).read_bytes().hex()
        assert row == {"id": str(number), "writer": "", "source": "", **wanted}


def test_pictures_are_not_compressed_again(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    [path] = written(made(tmp_path / "in"), tmp_path / "out")
    group = pq.ParquetFile(path).metadata.row_group(0)
    kinds = {group.column(k).path_in_schema: group.column(k).compression for k in range(group.num_columns)}
    assert kinds["image.bytes"] == "UNCOMPRESSED" and kinds["text"] == "ZSTD"


def test_what_cannot_be_written_is_named(tmp_path: Path) -> None:
    folder = made(tmp_path / "in")
    (folder / "train/0000/4.png").unlink()
    with pytest.raises(DataError, match=r"4\.png: the image of a metadata row is missing"):
        shards.plan(folder)
    with pytest.raises(DataError, match=r"column 'page' .* several types"):
        shards.features(shards.plan(made(tmp_path / "mixed", page=lambda k: k if k else "one")))
    outside = made(tmp_path / "out", file_name="../../in/train/0000/1.png")
    with pytest.raises(DataError, match="leads out of the folder"):
        shards.plan(outside)
    with pytest.raises(DataError, match="'test-b' is no split on the Hub"):
        shards.plan(made(tmp_path / "named", split="test-b"))
