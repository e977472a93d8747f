"""Files of read or true texts, by suffix: .json, .jsonl, .csv and .tsv with file_name, text and perhaps confidence.

{"a01-000u-00-00.png": "A", "a01-000u-00-01.png": {"text": "MOVE", "confidence": 0.93}}       .json
{"file_name": "a01-000u-00-00.png", "text": "A", "confidence": 0.97}                          .jsonl, a row each
file_name,text,confidence                                                                     .csv, .tsv
"""

import csv
import io
import json
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from stackmix.types import DataError

SUFFIXES = (".json", ".jsonl", ".csv", ".tsv")


class Prediction(NamedTuple):
    """A text for a picture, NFC; confidence: 0..1, None where the file has none; writer: "" where it has none."""

    text: str
    confidence: float | None = None
    writer: str = ""


def read(path: Path) -> dict[str, Prediction]:
    """The texts of a file by file_name; DataError names the file and the row that is wrong."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}, offset {error.start}: {error.reason}; save it as UTF-8") from None
    found: dict[str, Prediction] = {}
    for place, row in _rows(path, text):
        name = row.get("file_name") if isinstance(row, dict) else None
        if not isinstance(name, str) or not name:
            raise DataError(f"{path}, {place}: {str(row)[:80]!r}; a row needs file_name and text")
        if name in found:
            raise DataError(f"{path}, {place}: {name} stands there twice: keep one of them")
        found[name] = _prediction(path, place, row)
    if not found:
        raise DataError(f"{path} holds no texts")
    return found


def _rows(path: Path, text: str) -> Iterator[tuple[str, Any]]:
    """(where, row) of each entry."""
    suffix = path.suffix.lower()
    if suffix == ".json":
        yield from _entries(_parsed(path, "as a whole", text))
    elif suffix == ".jsonl":
        for number, line in enumerate(text.split("\n"), 1):
            if line.strip():
                yield f"line {number}", _parsed(path, f"line {number}", line)
    elif suffix in (".csv", ".tsv"):
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter="," if suffix == ".csv" else "\t")
        if not {"file_name", "text"} <= set(reader.fieldnames or ()):
            raise DataError(f"{path}: columns {reader.fieldnames}; the first line names file_name and text")
        for row in reader:
            yield f"line {reader.line_num}", row
    else:
        raise DataError(f"{path}: texts lie in one of {', '.join(SUFFIXES)}")


def _parsed(path: Path, place: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise DataError(f"{path}, {place}: no JSON ({error})") from None


def _entries(content: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(content, dict):
        for name, value in content.items():
            yield f"entry {name!r}", {"file_name": name, **(value if isinstance(value, dict) else {"text": value})}
    else:
        yield from ((f"entry {k}", row) for k, row in enumerate(content if isinstance(content, list) else [content], 1))


def _prediction(path: Path, place: str, row: dict[str, Any]) -> Prediction:
    text, given = row.get("text"), row.get("confidence")
    if not isinstance(text, str):
        raise DataError(f"{path}, {place}: text {text!r} is no text")
    try:
        confidence = None if given in (None, "") else float(given)
    except (TypeError, ValueError):
        confidence = -1.0
    if confidence is not None and not 0 <= confidence <= 1:
        raise DataError(f"{path}, {place}: confidence {given!r} is no number in 0..1")
    return Prediction(unicodedata.normalize("NFC", text), confidence, str(row.get("writer") or ""))
