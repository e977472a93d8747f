"""Sample folders: word and line images with their texts, as a plain Hugging Face `imagefolder` or as parquet shards.

    samples/iam/README.md                    names the splits in its YAML `configs`
    samples/iam/train/metadata.jsonl         {"file_name": "0000/a01-000u-00-00.png", "text": "A", "writer": "000", ...}
    samples/iam/train/0000/a01-000u-00-00.png

`datasets.load_dataset("samples/iam")` opens such a folder without our code. A split may be parquet shards instead, see
`tables.py`; all that reads samples reads both.
"""

import io
import json
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from stackmix import images, tables
from stackmix.types import DataError, Sample

METADATA = "metadata.jsonl"
PER_FOLDER = 5000  # images in one sub-folder; the Hub refuses more than 10,000 files in one


def place(index: int, name: str, suffix: str) -> str:
    """Where image `index` of a split lies: `place(7, "a01-000u", ".png")` -> "0000/a01-000u.png"."""
    return f"{index // PER_FOLDER:04d}/{safe(name)}{suffix}"


def safe(name: str) -> str:
    """A name that any system takes for a file: `safe("a/b:1")` -> "a_b_1"; at most 100 characters of it."""
    return re.sub(r"[^\w.-]", "_", name).strip(".")[:100] or "_"


def record(sample: Sample, file_name: str) -> dict[str, Any]:
    """The metadata row of a sample."""
    row: dict[str, Any] = {
        "file_name": file_name,
        "text": sample.text,
        "id": sample.id,
        "writer": sample.writer,
        "source": sample.source,
    }
    if sample.page:
        row["page"] = sample.page
    if sample.borders is not None:
        row["borders"] = [int(b) for b in sample.borders]
    if sample.scores is not None:
        row["scores"] = [round(float(s), 4) for s in sample.scores]
    return row


def dump(row: dict[str, Any]) -> str:
    """One line of metadata.jsonl."""
    return json.dumps(row, ensure_ascii=False) + "\n"


def card(title: str, splits: list[str], body: str, licence: str | None = None) -> str:
    """README.md of a sample folder; its YAML names each split, so that test1 and test2 stay apart."""
    licences = [f"license: {licence}"] if licence else []
    lines = ["---", *licences, *(["configs:", "- config_name: default", "  data_files:"] if splits else [])]
    for split in splits:
        lines += [f"  - split: {split}", f'    path: "{split}/**"']
    return "\n".join([*lines, "---", "", f"# {title}", "", body.strip(), ""])


def is_folder(path: Path) -> bool:
    """Whether a folder holds samples, be they files or shards."""
    return any(path.glob(f"*/{METADATA}")) or bool(tables.shards(path))


def splits_of(folder: Path) -> list[str]:
    """The splits in a sample folder; DataError when it is none, or has one twice."""
    files, shards = {p.parent.name for p in folder.glob(f"*/{METADATA}")}, tables.shards(folder)
    if twice := files & shards.keys():
        raise DataError(f"{folder} has the {min(twice)} split as {METADATA} and as parquet shards: remove one of them")
    if not files and not shards:
        why = f"has no <split>/{METADATA} and no parquet shards" if folder.is_dir() else "does not exist"
        raise DataError(f"{folder} {why}: make a sample folder with `stackmix prepare`")
    return sorted({*files, *shards})


def rows(folder: Path, split: str) -> list[dict[str, Any]]:
    """Metadata rows of one split; DataError names a split that is missing or a line that is broken."""
    if split not in splits_of(folder):
        raise DataError(f"{folder} has no split {split!r}, only {', '.join(splits_of(folder))}")
    if shards := tables.shards(folder).get(split):
        return [row for path in shards for row in tables.rows(path)]
    return _lines(folder / split / METADATA)


def _lines(path: Path) -> list[dict[str, Any]]:
    found = []
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}, offset {error.start}: {error.reason}; save it as UTF-8") from None
    for number, line in enumerate(lines[:-1] if lines[-1] == "" else lines, 1):
        try:
            row = json.loads(line)
            if not (isinstance(row["file_name"], str) and isinstance(row["text"], str)):
                raise TypeError(f"file_name {row['file_name']!r}, text {row['text']!r}")
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{path}, line {number}: {error!r}; file_name and text are needed") from None
        found.append(row)
    return found


def letters(rows: list[dict[str, Any]]) -> dict[str, int]:
    """How many letters the text of each sample has, by the sample's id, without opening an image."""
    return {_id(row): len(_text(row)) for row in rows}


def _id(row: dict[str, Any]) -> str:
    return row.get("id") or Path(row["file_name"]).stem


def _text(row: dict[str, Any]) -> str:
    return unicodedata.normalize("NFC", row["text"])


def picture(folder: Path, split: str, row: dict[str, Any]) -> Path:
    """The file of a metadata row's image; DataError where it would lie outside its folder."""
    path = folder / split / row["file_name"]
    if not path.resolve().is_relative_to((folder / split).resolve()):
        raise DataError(f"{folder}: file_name {row['file_name']!r} leads out of the folder")
    return path


def _present(folder: Path, split: str, row: dict[str, Any]) -> Path:
    """`picture`; DataError where it is missing."""
    path = picture(folder, split, row)
    if not path.is_file():
        raise DataError(f"{path}: the image of a metadata row is missing")
    return path


def encoded(folder: Path, split: str, row: dict[str, Any]) -> bytes:
    """The encoded picture of a metadata row; DataError where it is missing."""
    inside = tables.picture(folder, split, row["file_name"])
    return _present(folder, split, row).read_bytes() if inside is None else inside


def stream(folder: Path, split: str, row: dict[str, Any]) -> Path | io.BytesIO:
    """What a program that reads no more than a header can open: the file, or a shard's picture."""
    inside = tables.picture(folder, split, row["file_name"])
    return picture(folder, split, row) if inside is None else io.BytesIO(inside)


def size(folder: Path, split: str, row: dict[str, Any]) -> int:
    """Bytes of an encoded picture, of one in a shard about; DataError where it is missing."""
    inside = tables.size(folder, split, row["file_name"])
    return _present(folder, split, row).stat().st_size if inside is None else inside


def load(folder: Path, split: str, row: dict[str, Any]) -> Sample:
    """Decode the image of one metadata row; DataError names a broken or missing image."""
    try:
        image = images.decode(encoded(folder, split, row))
    except images.TooLarge as error:
        raise images.TooLarge(f"{folder / split / row['file_name']}: {error}") from None
    except DataError as error:
        named = str(error).startswith(str(folder))
        raise DataError(str(error) if named else f"{folder / split / row['file_name']}: {error}") from None
    borders, scores = row.get("borders"), row.get("scores")
    return Sample(
        image=image,
        text=_text(row),
        id=_id(row),
        writer=row.get("writer") or "",
        source=row.get("source") or "",
        split=split,
        borders=None if borders is None else np.asarray(borders, np.int32),
        scores=None if scores is None else np.asarray(scores, np.float32),
        page=str(row.get("page") or ""),
    )


def read(folder: Path, split: str, skipped: list[str] | None = None) -> Iterator[Sample]:
    """Read the samples of one split in order.

    A broken image raises DataError, or is named in `skipped` and left out where that list is given.
    """
    for row in rows(folder, split):
        try:
            sample = load(folder, split, row)
        except DataError as error:
            if skipped is None:
                raise
            skipped.append(str(error))
            continue
        yield sample
