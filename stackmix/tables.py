"""The splits of a sample folder that are parquet shards, with the pictures inside, read as if they were files.

    synth/train/train-00000-of-00004.parquet    as `stackmix generate --format parquet` writes them, or
    synth/data/train-00000-of-00004.parquet     as data sets lie on the Hub

A picture's name says where it lies: "train-00000-of-00004.parquet/17/00000017.jpg" is in row 17 of that shard. Rows are
read without their pictures; of these no more than some row groups are held.
"""

import re
from bisect import bisect_right
from functools import lru_cache
from itertools import accumulate
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from stackmix.types import DataError

SHARD = re.compile(r"(\w[\w.]*)-(\d{5})-of-(\d{5})\.parquet")
INSIDE = re.compile(rf"({SHARD.pattern})/(\d+)/[^/]+")
TOGETHER = "data"  # the folder of all splits' shards on the Hub
HELD = 4  # row groups of pictures; the shards that we write have 5 to 32 MB in one


def shards(folder: Path) -> dict[str, list[Path]]:
    """The shards of each split; DataError where one is missing."""
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("*/*.parquet")):
        name = SHARD.fullmatch(path.name)
        if name and path.parent.name in (name[1], TOGETHER):
            found.setdefault(name[1], []).append(path)
    for split, paths in found.items():
        of = paths[0].name[-13:-8]
        wanted = [f"{split}-{number:05d}-of-{of}.parquet" for number in range(int(of))]
        names = [path.name for path in paths]
        if names != wanted:
            lost = next((name for name in wanted if name not in names), None)
            why = f"{lost} is missing" if lost else f"{names[-1]} is of another run"
            raise DataError(f"{folder}: {why}: the {split} split is not whole, copy or download it again")
    return found


def rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a shard as metadata.jsonl has them, without what they leave empty; DataError for another table."""
    table = _table(path)
    columns = [name for name in table.schema_arrow.names if name != "image"]
    try:
        found = table.read(columns=[*columns, "image.path"]).to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path} is broken: {error}; copy or download it again") from None
    return [_row(path, number, values) for number, values in enumerate(found)]


def _row(path: Path, number: int, values: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(values["text"], str):
        raise DataError(f"{path}, row {number}: text {values['text']!r}; a text is needed")
    name = PurePosixPath(((values.pop("image") or {}).get("path") or "").replace("\\", "/")).name
    given = {column: value for column, value in values.items() if value is not None}
    return {"file_name": f"{path.name}/{number}/{name or number}", **given}


def _table(path: Path) -> pq.ParquetFile:
    try:
        table = pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path} is no whole parquet file ({error}): copy or download it again") from None
    leaves = {table.schema.column(k).path for k in range(len(table.schema))}
    if lost := {"image.bytes", "image.path", "text"} - leaves:
        raise DataError(f"{path} has no column {sorted(lost)[0]}: a shard of samples has image (bytes, path) and text")
    return table


class Groups(NamedTuple):
    """Where the row groups of a shard begin, the end of the last included, and bytes of pictures in each."""

    starts: list[int]
    sizes: list[int]


@lru_cache(256)
def _groups(path: Path, changed: int) -> Groups:
    table = _table(path)
    leaf = next(k for k in range(len(table.schema)) if table.schema.column(k).path == "image.bytes")
    groups = [table.metadata.row_group(k) for k in range(table.num_row_groups)]
    sizes = [group.column(leaf).total_uncompressed_size for group in groups]
    return Groups([0, *accumulate(group.num_rows for group in groups)], sizes)


@lru_cache(HELD)
def _pictures(path: Path, group: int, changed: int) -> pa.ChunkedArray:
    try:
        table = pq.ParquetFile(path).read_row_group(group, columns=["image.bytes"])
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path} is broken: {error}; copy or download it again") from None
    return pa.chunked_array([chunk.field("bytes") for chunk in table["image"].chunks])


class _Place(NamedTuple):
    """Where a picture lies: its shard, when that file was changed, the shard's row groups, the row and its group."""

    path: Path
    changed: int
    groups: Groups
    number: int
    group: int


def _place(folder: Path, split: str, name: str) -> _Place | None:
    """The place of a picture by its name, None of one with a file of its own; DataError where there is no such row."""
    found = INSIDE.fullmatch(name)
    if not found:
        return None
    for path in (folder / split / found[1], folder / TOGETHER / found[1]):
        if path.is_file():
            changed, number = path.stat().st_mtime_ns, int(found[5])
            groups = _groups(path, changed)
            if number >= groups.starts[-1]:
                raise DataError(f"{path} has no row {number}, only {groups.starts[-1]:,} of them")
            return _Place(path, changed, groups, number, bisect_right(groups.starts, number) - 1)
    return None


def picture(folder: Path, split: str, name: str) -> bytes | None:
    """The encoded picture of a name, None where it names a file of its own; DataError where the row has none."""
    place = _place(folder, split, name)
    if place is None:
        return None
    within = place.number - place.groups.starts[place.group]
    data = _pictures(place.path, place.group, place.changed)[within].as_py()
    if data is None:
        raise DataError(f"{place.path}, row {place.number}: the picture is missing")
    return data


def size(folder: Path, split: str, name: str) -> int | None:
    """Bytes of a picture, about: the mean of its row group, which is known unread; None for a file of its own."""
    place = _place(folder, split, name)
    if place is None:
        return None
    starts, sizes = place.groups
    return sizes[place.group] // max(1, starts[place.group + 1] - starts[place.group])
