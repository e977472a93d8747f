"""One order in both formats: every reader finds the same samples in shards as in files."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stackmix import leaks, plots, samples, statistics, tables
from stackmix.corpus import Corpus
from stackmix.datasets.sources import page_of
from stackmix.formats import Parquet
from stackmix.generating import Order, generate
from stackmix.inspection import inspect_letter
from stackmix.sides import sides_of
from stackmix.train.gathering import gather
from stackmix.types import DataError

ITEMS = ["bad", "gone", "on-page.", "do,", "Bean", "dog bag"]
COUNT = 40


@pytest.fixture(scope="module")
def both(library_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The same order as files and as three shards of several row groups."""
    home = tmp_path_factory.mktemp("both")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Parquet, "chunk", 15)
        for name in ("imagefolder", "parquet"):
            order = Order(library_folder, Corpus(ITEMS), "line", COUNT, 5, 24, format=name)
            generate(order, home / name, tick=lambda n: None)
    assert len(list((home / "parquet" / "train").glob("*.parquet"))) == 3
    return home / "imagefolder", home / "parquet"


def test_the_same_samples(both: tuple[Path, Path]) -> None:
    files, shards = both
    assert samples.splits_of(files) == samples.splits_of(shards) == ["train"]
    rows = [samples.rows(folder, "train") for folder in both]
    assert len(rows[0]) == COUNT and samples.letters(rows[0]) == samples.letters(rows[1])
    for one, other in zip(*rows, strict=True):
        assert {**one, "file_name": ""} == {**other, "file_name": ""}
        assert Path(one["file_name"]).name == Path(other["file_name"]).name
        assert samples.encoded(files, "train", one) == samples.encoded(shards, "train", other)
    for one, other in zip(*(samples.read(folder, "train") for folder in both), strict=True):
        assert np.array_equal(one.image, other.image) and np.array_equal(one.borders, other.borders)
        assert (one.text, one.id, one.writer, one.source) == (other.text, other.id, other.writer, other.source)


def test_rows_in_any_order_come_from_their_own_row_group(both: tuple[Path, Path], tmp_path: Path) -> None:
    """As on the Hub: all splits' shards in data/, row groups of two rows, of which few are held."""
    table = pa.concat_tables(pq.read_table(path) for path in sorted((both[1] / "train").iterdir()))
    (tmp_path / "data").mkdir()
    pq.write_table(table, tmp_path / "data" / "test1-00000-of-00001.parquet", row_group_size=2)
    rows, wanted = samples.rows(tmp_path, "test1"), samples.rows(both[0], "train")
    assert samples.splits_of(tmp_path) == ["test1"]
    for k in np.random.default_rng(0).permutation(COUNT):
        assert samples.encoded(tmp_path, "test1", rows[k]) == samples.encoded(both[0], "train", wanted[k])
    assert tables._pictures.cache_info().currsize <= tables.HELD


def test_check_finds_every_copy_between_them(both: tuple[Path, Path]) -> None:
    found = leaks.find([side for folder in both for side in sides_of(folder)], page_of)
    assert not found.broken
    (side, other) = (sides_of(folder)[0] for folder in both)
    assert side.kind == other.kind == "stacked" and side.sources == other.sources
    assert [np.array_equal(side.picture(k), other.picture(k)) for k in range(COUNT)] == [True] * COUNT


def test_check_finds_every_copy_of_a_test_split(both: tuple[Path, Path], tmp_path: Path) -> None:
    tables_of = [pq.read_table(path) for path in sorted((both[1] / "train").iterdir())]
    plain = pa.concat_tables(tables_of).drop_columns(["pieces"])
    for name, split in (("a", "train"), ("b", "test")):
        (tmp_path / name / split).mkdir(parents=True)
        pq.write_table(plain, tmp_path / name / split / f"{split}-00000-of-00001.parquet", row_group_size=7)
    found = leaks.find([side for name in "ab" for side in sides_of(tmp_path / name)], page_of)
    pictures = {pair.second for one in found.leaks if one.kind == "picture" for pair in one.pairs}
    assert len(pictures) + found.twins == COUNT and pictures


def test_statistics_pictures_and_training(both: tuple[Path, Path]) -> None:
    counts = [statistics.count(folder) for folder in both]
    assert counts[0] == counts[1] and len(counts[1]["train"].sizes) == COUNT
    sheets = [plots.overview(folder, 0) for folder in both]
    assert np.array_equal(sheets[0].image, sheets[1].image) and sheets[0].about == sheets[1].about
    packed, broken = zip(*(gather([folder], 32, lambda n: None) for folder in both), strict=True)
    assert packed[0].texts.tolist() == packed[1].texts.tolist() and not any(broken)
    assert np.array_equal(packed[0].pixels, packed[1].pixels)
    with pytest.raises(DataError, match="is a sample folder"):
        inspect_letter(both[1], "a")


def test_a_header_is_read_from_either(both: tuple[Path, Path]) -> None:
    row = samples.rows(both[1], "train")[0]
    stream = samples.stream(both[1], "train", row)
    assert isinstance(stream, io.BytesIO) and stream.getvalue() == samples.encoded(both[1], "train", row)
    whole = sum(len(samples.encoded(both[1], "train", row)) for row in samples.rows(both[1], "train"))
    about = sum(samples.size(both[1], "train", row) for row in samples.rows(both[1], "train"))
    assert 0.8 * whole < about < 1.2 * whole  # equal pictures are kept once


def shard(path: Path, **columns: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)
    return path


PICTURE = [{"bytes": b"no picture", "path": "a.png"}]


def test_broken_shards_are_named(tmp_path: Path, both: tuple[Path, Path]) -> None:
    def fails(name: str, match: str) -> None:
        with pytest.raises(DataError, match=match):
            list(samples.read(tmp_path / name, "train"))

    shard(tmp_path / "part/train/train-00001-of-00002.parquet", image=PICTURE, text=["a"])
    fails("part", "train-00000-of-00002.parquet is missing")
    shard(tmp_path / "two/train/train-00000-of-00001.parquet", image=PICTURE, text=["a"])
    shard(tmp_path / "two/train/train-00000-of-00002.parquet", image=PICTURE, text=["a"])
    fails("two", "of another run")
    shard(tmp_path / "bare/train/train-00000-of-00001.parquet", image=PICTURE)
    fails("bare", "no column text")
    shard(tmp_path / "null/train/train-00000-of-00001.parquet", image=PICTURE, text=pa.array([None], pa.string()))
    fails("null", "row 0: text None")
    none = [{"bytes": None, "path": "a"}, *PICTURE]
    shard(tmp_path / "none/train/train-00000-of-00001.parquet", image=none, text=["a", "b"])
    fails("none", "row 0: the picture is missing")
    path = shard(tmp_path / "torn/train/train-00000-of-00001.parquet", image=PICTURE, text=["a"])
    fails("torn", r"train-00000-of-00001.parquet/0/a.png: .*no picture")
    skipped: list[str] = []
    assert not list(samples.read(tmp_path / "torn", "train", skipped)) and len(skipped) == 1
    path.write_bytes(path.read_bytes()[:-9])
    fails("torn", "no whole parquet file")
    with pytest.raises(DataError, match="has no row 99, only 15"):
        samples.encoded(both[1], "train", {"file_name": "train-00000-of-00003.parquet/99/a.jpg"})


def test_a_split_in_both_formats_is_refused(folder_of: Callable, sample_of: Callable, tmp_path: Path) -> None:
    folder_of(tmp_path, [sample_of("bad")])
    shard(tmp_path / "train/train-00000-of-00001.parquet", image=PICTURE, text=["a"])
    with pytest.raises(DataError, match=r"train split as metadata\.jsonl and as parquet shards"):
        samples.splits_of(tmp_path)


@pytest.mark.parametrize("name", ["../other.parquet/0/a.png", "train-00000-of-00001.parquet/0/../../../x.png"])
def test_a_name_does_not_lead_out(name: str, tmp_path: Path) -> None:
    shard(tmp_path / "other.parquet", image=PICTURE, text=["a"])
    shard(tmp_path / "data/train/train-00000-of-00001.parquet", image=PICTURE, text=["a"])
    with pytest.raises(DataError, match="leads out"):
        samples.encoded(tmp_path / "data", "train", {"file_name": name})
