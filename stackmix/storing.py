"""The letter library on disk: `library.parquet`, one row a sample, its image as it was, encoded without loss.

Opening one is mostly decoding: images are decoded by all cores into one arena, and lists are read as flat columns,
never row by row.
"""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from stackmix import images
from stackmix.geometry import Geometry
from stackmix.library import FILE, Columns, LetterLibrary, check, leaning
from stackmix.staging import write_whole
from stackmix.types import SEAM_ROWS, DataError, Image

SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("image", pa.binary()),
        ("text", pa.string()),
        ("borders", pa.list_(pa.int32())),
        ("seams", pa.list_(pa.int16())),
        ("scores", pa.list_(pa.float32())),
        ("baseline", pa.float32()),
        ("skew", pa.float32()),
        ("x_height", pa.float32()),
        ("slant", pa.float32()),
        ("stroke_width", pa.float32()),
        ("writer", pa.string()),
        ("source", pa.string()),
        ("split", pa.string()),
    ]
)
GEOMETRY = list(Geometry._fields)
BATCH = 128  # images decoded by a thread at a time


def save(library: LetterLibrary, folder: Path, suffix: str) -> None:
    """Write `folder/library.parquet`, images encoded as suffix says."""
    count = len(library)
    columns: dict[str, Any] = {
        "id": library.ids,
        "image": [images.encode(library.image(i), suffix, 101) for i in range(count)],
        "text": library.texts,
        "borders": [library.borders(i) for i in range(count)],
        "seams": [library.seams(i).ravel() for i in range(count)],
        "scores": np.split(library.scores, library.starts[1:-1]),
        "writer": [library.writer_names[w] for w in library.writers],
        "source": library.sources,
        "split": [library.split] * count,
    }
    columns |= {name: library.geometry[:, k] for k, name in enumerate(GEOMETRY)}
    about = {b"stackmix": json.dumps({"split": library.split, "samples": count}).encode()}
    table = pa.Table.from_pydict({name: columns[name] for name in SCHEMA.names}, schema=SCHEMA.with_metadata(about))
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", row_group_size=4096)
    write_whole(folder / FILE, sink.getvalue().to_pybytes())


def load(folder: Path) -> LetterLibrary:
    """Open a library folder; DataError says what is wrong with it."""
    path = folder / FILE
    try:
        table = pq.read_table(path)
        names = [n for n in SCHEMA.names if n != "seams" or n in table.column_names]  # seams are optional
        table = table.select(names).cast(pa.schema([SCHEMA.field(n) for n in names]))
    except (FileNotFoundError, NotADirectoryError):
        raise DataError(f"{folder} holds no {FILE}: make a letter library with `stackmix cut`") from None
    except (pa.ArrowException, KeyError, OSError) as error:  # Arrow says OSError for a damaged page
        raise DataError(f"{path} is no letter library: {error}") from None
    if not len(table):
        raise DataError(f"{path} is an empty library: cut samples with `stackmix cut` first")
    if gaps := [name for name in names if table[name].null_count]:
        raise DataError(f"{path} has empty fields in {', '.join(gaps)}: make the library again with `stackmix cut`")
    splits = sorted(set(table["split"].to_pylist()))
    if len(splits) > 1:
        raise DataError(f"{path} mixes the splits {', '.join(splits)}: cut each into a library of its own")
    try:
        return LetterLibrary.of_columns(_columns(table), splits[0])
    except DataError as error:
        raise DataError(f"{path}: {error}") from None


def _columns(table: pa.Table) -> Columns:
    """The checked columns of a table, its images decoded; a library without seams gets leaning ones."""
    borders, border_counts = _flat(table["borders"])
    scores, score_counts = _flat(table["scores"])
    pixels, shapes = _decoded(table["image"])
    columns = Columns(
        ids=table["id"].to_pylist(),
        texts=table["text"].to_pylist(),
        writers=table["writer"].to_pylist(),
        sources=table["source"].to_pylist(),
        pixels=pixels,
        shapes=shapes,
        borders=borders,
        border_counts=border_counts,
        seams=None,
        scores=scores,
        score_counts=score_counts,
        geometry=np.stack([table[n].to_numpy() for n in GEOMETRY], axis=1).astype(np.float32),
    )
    check(columns)
    return columns._replace(seams=_seams(table, columns))


def _seams(table: pa.Table, columns: Columns) -> NDArray[np.int16]:
    if "seams" not in table.column_names:
        own = np.split(columns.borders, np.cumsum(columns.border_counts)[:-1])
        rows = zip(own, columns.shapes.tolist(), columns.geometry.tolist(), strict=True)
        return np.concatenate([leaning(borders, tuple(shape), *geometry) for borders, shape, geometry in rows])
    seams, counts = _flat(table["seams"])
    if (wrong := counts != columns.border_counts * SEAM_ROWS).any():
        i = int(wrong.argmax())
        found = f"{counts[i]} seam columns do not fit {columns.border_counts[i]} borders of {SEAM_ROWS} rows"
        raise DataError(f"{columns.ids[i]}: {found}: make the library again with `stackmix cut`")
    return seams.reshape(-1, SEAM_ROWS)


def _flat(column: pa.ChunkedArray) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """All values of a list column, one row behind the other, and how many each row has."""
    whole = column.combine_chunks()
    return whole.flatten().to_numpy(zero_copy_only=False), whole.value_lengths().to_numpy().astype(np.int64)


def _decoded(column: pa.ChunkedArray) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """One arena with the pixels of all images, and their shapes (N, 3)."""
    with ThreadPoolExecutor() as pool:
        batches = list(pool.map(lambda batch: [images.decode(b.as_py()) for b in batch], _batches(column)))
        shapes = np.array([p.shape if p.ndim == 3 else (*p.shape, 1) for batch in batches for p in batch], np.int32)
        found: list[Image | None] = [picture for batch in batches for picture in batch]
        batches.clear()
        ends = np.cumsum(shapes.prod(axis=1, dtype=np.int64))
        pixels = np.empty(int(ends[-1]), np.uint8)
        places = range(0, len(found), BATCH)
        for _ in pool.map(lambda first: _lay(found, first, ends, pixels), places):
            pass
    return pixels, shapes


def _batches(column: pa.ChunkedArray) -> Iterator[pa.Array]:
    for chunk in column.chunks:
        for first in range(0, len(chunk), BATCH):
            yield chunk.slice(first, BATCH)


def _lay(found: list[Image | None], first: int, ends: NDArray[np.int64], pixels: NDArray[np.uint8]) -> None:
    """Copy a batch of pictures to their places in the arena, and let go of them."""
    for i in range(first, min(first + BATCH, len(found))):
        picture = found[i]
        assert picture is not None
        pixels[ends[i] - picture.size : ends[i]] = picture.ravel()
        found[i] = None
