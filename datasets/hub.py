"""Any data set of the Hugging Face Hub, or of its `datasets` library on disk, with an image and a text column.

    user/name          streamed from the Hub, row by row
    FOLDER             made by `save_to_disk`, or one that `load_dataset` reads: parquet, arrow, imagefolder

Pictures are taken as the bytes that they are stored as, never decoded and encoded again by the library.
"""

import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import datasets
import numpy as np
from datasets.utils.file_utils import xopen

from stackmix.datasets import decoding
from stackmix.datasets.decoding import Entry, Item, Left
from stackmix.datasets.folder import split_name
from stackmix.datasets.reporting import Report
from stackmix.datasets.storage import OUTSIDE, Memory
from stackmix.datasets.texts import TEXTS
from stackmix.types import DataError, Sample

TITLE = "{source}"
BODY = "Taken from the data set {source}; its licence stands on its own card."
WRITERS = ("writer", "writer_id", "author")


def read(name: Path | str, *, report: Report | None = None, **options: Any) -> Iterator[Sample]:
    """Yield the samples of a Hub or local data set; options and errors as `entries`."""
    report = Report() if report is None else report
    return decoding.read(entries(name, report=report, **options), report)


def entries(
    name: Path | str,
    *,
    config: str | None = None,
    image_column: str | None = None,
    text_column: str | None = None,
    split: str | None = None,
    report: Report | None = None,
) -> Iterator[Entry]:
    """Name the rows of a data set, split by split, in its order.

    name: `user/name` on the Hub, or a folder. image_column, text_column: found by their type and name where None.
    split: only this one, as it is called here (`val` for validation). Raises DataError for a data set that cannot be
    opened or columns that cannot be told.
    """
    parts = {split_name(part): rows for part, rows in _open(name, config).items()}
    if split is not None and split not in parts:
        raise DataError(f"{name} has no split {split!r}, only {', '.join(parts)}")
    root = Path(name).resolve() if Path(name).is_dir() else None
    for side, rows in parts.items():
        if split is None or side == split:
            columns = _columns(rows, name, image_column, text_column)
            yield from _rows(rows, columns, str(name) if root is None else root.name, side, root)


def _open(name: Path | str, config: str | None) -> dict[str, Any]:
    """The splits of a data set, streamed unless it lies on disk ready."""
    folder = Path(name)
    try:
        if folder.is_dir() and any((folder / mark).is_file() for mark in ("dataset_dict.json", "state.json")):
            found = datasets.load_from_disk(str(folder))
        else:
            found = datasets.load_dataset(str(name), config, streaming=True)
    except Exception as error:  # of many kinds: no such set, no network, no rights, several configurations
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise DataError(f"data set {name} cannot be opened: {first}; check its name and the connection") from None
    return dict(found) if isinstance(found, dict) else {str(found.split or "train"): found}


def _columns(rows: Any, name: Path | str, image: str | None, text: str | None) -> tuple[str, str]:
    """The image and the text column; DataError lists those that there are."""
    features = rows.features or {}
    there = ", ".join(f"{column} ({_kind(feature)})" for column, feature in features.items())
    for column, option in ((image, "--image-column"), (text, "--text-column")):
        if column is not None and column not in features:
            raise DataError(f"{name} has no column {column!r} for {option}, only {there}")
    pictures = [column for column, feature in features.items() if isinstance(feature, datasets.Image)]
    strings = [column for column, feature in features.items() if _kind(feature) in ("string", "large_string")]
    image = image or (pictures[0] if len(pictures) == 1 else "image" if "image" in pictures else None)
    named = [column for column in TEXTS if column in strings]
    text = text or (named[0] if named else strings[0] if len(strings) == 1 else None)
    if image is None or text is None:
        what, option = ("image", "--image-column") if image is None else ("text", "--text-column")
        raise DataError(f"{name}: which column is the {what}? Name it with {option}: {there or 'no columns are known'}")
    return image, text


def _kind(feature: Any) -> str:
    return getattr(feature, "dtype", None) or type(feature).__name__


def _rows(rows: Any, columns: tuple[str, str], source: str, side: str, root: Path | None) -> Iterator[Entry]:
    """The entries of one split; a row without an id is called by the split and its number."""
    image, text = columns
    if isinstance(rows.features[image], datasets.Image):
        rows = rows.cast_column(image, datasets.Image(decode=False))
    for number, row in enumerate(rows):
        id = str(row.get("id") or f"{side}-{number:06d}")
        data = _bytes(row[image], root)
        words = unicodedata.normalize("NFC", str(row[text] or ""))
        if isinstance(data, str):
            yield Left(data, id)
        elif not words.strip():
            yield Left("empty text", id)
        else:
            yield _item(data, words, id, row, source, side)


def _item(data: bytes, words: str, id: str, row: dict[str, Any], source: str, side: str) -> Item:
    writer = next((str(row[name]) for name in WRITERS if row.get(name) is not None), "")
    borders, scores = row.get("borders"), row.get("scores")
    return Item(
        Memory(data), id, words, id, None, writer, str(row.get("source") or source), side,
        borders=np.array(borders, np.int32) if borders and len(borders) == len(words) + 1 else None,
        scores=np.array(scores, np.float32) if scores and len(scores) == len(words) else None,
    )  # fmt: skip


def _bytes(value: Any, root: Path | None) -> bytes | str:
    """The encoded picture of a row, or why there is none; a path is followed only inside the data set."""
    if isinstance(value, bytes):
        return value
    if not isinstance(value, dict):
        return "missing image"
    if value.get("bytes"):
        return value["bytes"]
    path = value.get("path")
    if not path:
        return "missing image"
    if "://" not in path and (root is None or not Path(path).resolve().is_relative_to(root)):
        return OUTSIDE
    try:
        with xopen(path, "rb") as file:
            return file.read()
    except (OSError, ValueError):
        return "missing image"
