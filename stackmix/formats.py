"""How a generated data set lies on disk: an image folder, or parquet shards with the pictures inside.

    imagefolder   train/metadata.jsonl, train/0000/00000000.jpg
    parquet       train/train-00000-of-00004.parquet

Both open with `datasets.load_dataset(FOLDER)`. A run is written chunk by chunk; a chunk counts as done when its last
file stands under its final name.
"""

import json
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from stackmix import samples
from stackmix.staging import write_whole

CHUNKS = "chunks"


class Written(NamedTuple):
    """One sample: its number in the run, its encoded picture and its metadata but for the file's name."""

    number: int
    picture: bytes
    row: dict[str, Any]


class ImageFolder:
    """Pictures as files, their metadata beside them."""

    chunk = 250  # samples

    def __init__(self, folder: Path, split: str, suffix: str) -> None:
        self.folder, self.split, self.suffix = folder, split, suffix

    def is_done(self, number: int) -> bool:
        return self._part(number).exists()

    def turn(self, number: int) -> tuple[int, int]:
        """When a chunk's turn is: neighbours go to different folders, for in one, workers wait for each other."""
        folder, place = divmod(number, samples.PER_FOLDER // self.chunk)
        return place, folder

    def write(self, number: int, found: list[Written]) -> None:
        """Write the pictures of a chunk, then its metadata."""
        lines, parent = [], self.folder
        for sample in found:
            name = samples.place(sample.number, f"{sample.number:08d}", self.suffix)
            path = self.folder / self.split / name
            if path.parent != parent:
                parent = path.parent
                parent.mkdir(parents=True, exist_ok=True)
            _write(path, sample.picture)
            lines.append(samples.dump({"file_name": name, **sample.row}))
        _whole(self._part(number), "".join(lines).encode())

    def finish(self, chunks: int) -> None:
        """Gather the chunks' metadata into one file."""
        rows = b"".join(self._part(number).read_bytes() for number in range(chunks))
        write_whole(self.folder / self.split / samples.METADATA, rows)

    def tidy(self) -> None:
        """Remove what only served to resume: the very last step."""
        shutil.rmtree(self.folder / CHUNKS)

    def _part(self, number: int) -> Path:
        return self.folder / CHUNKS / f"{number:06d}.jsonl"


PIECE = pa.struct([("id", pa.string()), ("first", pa.int32()), ("letters", pa.int32()), ("writer", pa.string())])
COLUMNS = {
    "image": pa.struct([("bytes", pa.binary()), ("path", pa.string())]),
    "text": pa.string(),
    "id": pa.string(),
    "writer": pa.string(),
    "source": pa.string(),
    "borders": pa.list_(pa.int32()),
    "polygons": pa.list_(pa.list_(pa.list_(pa.int32()))),
    "pieces": pa.list_(PIECE),
}


def _feature(kind: pa.DataType) -> dict[str, Any]:
    """A column's type as `datasets` writes it into a schema."""
    if pa.types.is_list(kind):
        return {"feature": _feature(kind.value_type), "_type": "List"}
    if pa.types.is_struct(kind):
        return {field.name: _feature(field.type) for field in kind}
    return {"dtype": str(kind), "_type": "Value"}


def schema() -> pa.Schema:
    """The columns, and for `datasets` that one of them is a picture."""
    features = {name: _feature(kind) for name, kind in COLUMNS.items()} | {"image": {"_type": "Image"}}
    about = json.dumps({"info": {"features": features}})
    return pa.schema(COLUMNS, metadata={"huggingface": about})


class Parquet:
    """Pictures inside of parquet files, one a chunk."""

    chunk = 2500

    def __init__(self, folder: Path, split: str, suffix: str, total: int) -> None:
        self.folder, self.split, self.suffix, self.chunks = folder, split, suffix, -(-total // self.chunk)

    def is_done(self, number: int) -> bool:
        return self._shard(number).exists()

    def turn(self, number: int) -> tuple[int, int]:
        """When a chunk's turn is: the shards come in their order."""
        return number, 0

    def write(self, number: int, found: list[Written]) -> None:
        """Write one shard."""
        rows = [{"image": {"bytes": s.picture, "path": f"{s.number:08d}{self.suffix}"}, **s.row} for s in found]
        sink = pa.BufferOutputStream()
        pq.write_table(pa.Table.from_pylist(rows, schema=schema()), sink, row_group_size=500)
        _whole(self._shard(number), sink.getvalue().to_pybytes())

    def finish(self, chunks: int) -> None:
        """Nothing is left to do: every shard is whole."""

    def tidy(self) -> None:
        """Nothing served to resume but the shards themselves."""

    def _shard(self, number: int) -> Path:
        return self.folder / self.split / f"{self.split}-{number:05d}-of-{self.chunks:05d}.parquet"


Format = ImageFolder | Parquet


def format_of(name: str, folder: Path, split: str, suffix: str, total: int) -> Format:
    """The format of a name for a run of so many samples; suffix: of the pictures."""
    return ImageFolder(folder, split, suffix) if name == "imagefolder" else Parquet(folder, split, suffix, total)


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:  # a failed write, unlike a failed open, does not know its file
        raise OSError(error.errno, error.strerror, str(path)) from None


def _whole(path: Path, data: bytes) -> None:
    try:
        write_whole(path, data)
    except OSError as error:  # of a file that is passing
        raise OSError(error.errno, error.strerror, str(path.parent.parent)) from None
