"""A sample folder as parquet shards: the encoded pictures as they are, with text, borders and all else of their rows.

    data/train-00000-of-00003.parquet     `image` {bytes, path}, `text`, `id`, `writer`, `source`, `borders`, ...

`datasets.load_dataset` opens such files without our code. The same folder gives the same bytes again, so that an upload
that broke off goes on where it was.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import datasets
import pyarrow as pa
import pyarrow.parquet as pq

from stackmix import samples
from stackmix.types import DataError

SHARD = 500_000_000  # bytes of pictures in one file
GROUP = 32_000_000  # bytes of pictures that are held in memory and written at once
PICTURE = "image.bytes"
KNOWN: dict[str, Any] = {  # in this order; those that no sample has are left out
    "image": datasets.Image(),
    "text": datasets.Value("string"),
    "id": datasets.Value("string"),
    "writer": datasets.Value("string"),
    "source": datasets.Value("string"),
    "borders": datasets.List(datasets.Value("int32")),
    "scores": datasets.List(datasets.Value("float32")),
    "pieces": datasets.List(
        {
            "id": datasets.Value("string"),
            "first": datasets.Value("int32"),
            "letters": datasets.Value("int32"),
            "writer": datasets.Value("string"),
        }
    ),
    "polygons": datasets.List(datasets.List(datasets.List(datasets.Value("int32")))),
}


class Row(NamedTuple):
    """A sample to be written: its metadata, the folder and split of its picture, and that picture's bytes, about."""

    values: dict[str, Any]
    folder: Path
    split: str
    size: int

    def read(self) -> bytes:
        """The encoded picture."""
        return samples.encoded(self.folder, self.split, self.values)


class Shard(NamedTuple):
    """One file to be: `Shard("train", 0, 3, rows)` is data/train-00000-of-00003.parquet."""

    split: str
    number: int
    of: int
    rows: list[Row]

    @property
    def name(self) -> str:
        """Where it lies in the repository."""
        return f"data/{self.split}-{self.number:05d}-of-{self.of:05d}.parquet"


def plan(folder: Path, size: int = SHARD) -> list[Shard]:
    """The shards of a sample folder, about `size` bytes of pictures in each; DataError for a missing picture."""
    found = []
    for split in samples.splits_of(folder):
        if not re.fullmatch(r"\w+(\.\w+)*", split):
            raise DataError(f"{folder}: {split!r} is no split on the Hub: rename it to letters, digits and _")
        rows = [_row(folder, split, values) for values in samples.rows(folder, split)]
        parts = list(_parts(rows, size))
        found += [Shard(split, number, len(parts), part) for number, part in enumerate(parts)]
    if not found:
        raise DataError(f"{folder} holds no samples: its metadata files are empty")
    return found


def _row(folder: Path, split: str, values: dict[str, Any]) -> Row:
    name = Path(values["file_name"]).stem
    size = samples.size(folder, split, values)
    return Row({"id": name, "writer": "", "source": "", **values}, folder, split, size)


def _parts(rows: list[Row], size: int) -> Iterator[list[Row]]:
    """Rows cut into parts of about `size` bytes."""
    part: list[Row] = []
    used = 0
    for row in rows:
        if part and used + row.size > size:
            yield part
            part, used = [], 0
        part.append(row)
        used += row.size
    if part:
        yield part


def features(shards: list[Shard]) -> datasets.Features:
    """The columns of all shards; what we don't know by name has the type that its values have.

    Raises DataError for a column of mixed types.
    """
    names = dict.fromkeys(name for shard in shards for row in shard.rows for name in row.values)
    columns = {name: kind for name, kind in KNOWN.items() if name in names or name == "image"}
    for name in names.keys() - KNOWN.keys() - {"file_name"}:
        try:
            kind = pa.array([row.values.get(name) for shard in shards for row in shard.rows]).type
        except pa.ArrowException as error:
            raise DataError(f"column {name!r} of the metadata has values of several types: {error}") from None
        columns[name] = datasets.features.features.generate_from_arrow_type(kind)
    known = [name for name in columns if name in KNOWN]
    return datasets.Features({name: columns[name] for name in [*known, *sorted(columns.keys() - set(known))]})


def write(shard: Shard, columns: datasets.Features, path: Path) -> int:
    """Write one shard to `path`; its bytes in memory. Pictures, packed as they are, are not compressed again."""
    schema = columns.arrow_schema
    leaves = _leaves(schema)
    size = 0
    with pq.ParquetWriter(
        path,
        schema,
        compression={leaf: "none" if leaf == PICTURE else "zstd" for leaf in leaves},
        use_dictionary=[leaf for leaf in leaves if leaf in ("writer", "source")],
        write_statistics=[leaf for leaf in leaves if leaf != PICTURE],
        write_page_index=True,
    ) as writer:
        for rows in _parts(shard.rows, GROUP):
            table = _table(rows, schema)
            size += table.nbytes
            writer.write_table(table)
    return size


def _table(rows: list[Row], schema: pa.Schema) -> pa.Table:
    values = {name: [row.values.get(name) for row in rows] for name in schema.names if name != "image"}
    values["image"] = [{"bytes": row.read(), "path": Path(row.values["file_name"]).name} for row in rows]
    return pa.Table.from_pydict({name: values[name] for name in schema.names}, schema=schema)


def _leaves(schema: pa.Schema) -> list[str]:
    """The names by which parquet calls the columns of a schema: "borders.list.element"."""
    sink = pa.BufferOutputStream()
    pq.write_table(schema.empty_table(), sink)
    found = pq.ParquetFile(pa.BufferReader(sink.getvalue())).schema
    return [found.column(k).path for k in range(len(found.names))]
