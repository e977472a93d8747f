"""Text and label files as strangers save them: their encoding, delimiter and columns, told by what is in them.

UTF-8 and UTF-16 with a mark are what they say. Other bytes that are no UTF-8 are Windows-1251 where that makes words of
Cyrillic letters alone, else Windows-1252, as `für` has one foreign letter among Latin ones; either way it is said.
"""

import codecs
import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from stackmix.types import DataError

FILES = ("file_name", "filename", "file", "image", "image_name", "image_path", "img", "path", "name", "id")
TEXTS = ("text", "label", "transcription", "transcript", "translation", "description", "words", "ground_truth", "gt")
_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


def read(data: bytes, name: str, notes: list[str]) -> str:
    """Decode a text file; a note is added where the encoding had to be guessed."""
    for mark, encoding in _MARKS.items():
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, errors="replace")
    try:
        return data.decode()
    except UnicodeDecodeError:
        encoding = "cp1251" if _is_cyrillic(data) else "cp1252"
    notes.append(f"{name} is no UTF-8 and was read as Windows-{encoding[2:]}: if that looks wrong, save it as UTF-8.")
    return data.decode(encoding, errors="replace")


def _is_cyrillic(data: bytes) -> bool:
    """Whether more words with high bytes are pure Cyrillic in Windows-1251 than mix it with Latin letters."""
    words = re.findall(r"\w+", data[: 1 << 20].decode("cp1251", errors="replace"))
    foreign = [word for word in words if re.search(r"[Ѐ-ӿ]", word)]
    mixed = sum(re.search(r"[A-Za-z]", word) is not None for word in foreign)
    return mixed * 2 <= len(foreign)


def table(path: Path, notes: list[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield (line number, row) of a .csv or .tsv file, the columns by their lower-case names.

    The delimiter is that of the first line. Without a header the columns are file_name and text. What goes beyond the
    last column belongs to it: `a.png,Hello, world`.
    """
    text = read(path.read_bytes(), path.name, notes)
    first = next((line for line in text.splitlines() if line.strip()), "")
    sign = "\t" if path.suffix.lower() == ".tsv" else max(",;\t|", key=first.count)
    file = io.StringIO(text, newline="")
    if sign == "\t":  # where a quote is a quote
        rows = csv.reader(file, delimiter=sign, quoting=csv.QUOTE_NONE)
    else:
        rows = csv.reader(file, delimiter=sign)
    names: list[str] | None = None
    try:
        for fields in rows:
            if not any(field.strip() for field in fields):
                continue
            if names is None:
                names, header = _header(fields)
                if header:
                    continue
            whole = [*fields[: len(names) - 1], sign.join(fields[len(names) - 1 :])]
            yield rows.line_num, dict(zip(names, whole, strict=False))
    except csv.Error as error:
        raise DataError(f"{path}, line {rows.line_num}: {error}; save it as CSV in UTF-8") from None


def _header(fields: list[str]) -> tuple[list[str], bool]:
    """The columns' names, and whether the first row holds them."""
    names = [field.strip().lower() for field in fields]
    if any(name in FILES for name in names) or any(name in TEXTS for name in names):
        return names, True
    return ["file_name", "text"], False


def column(names: Any, wanted: tuple[str, ...]) -> str | None:
    """The first of the wanted names that is there."""
    return next((name for name in wanted if name in names), None)


def document(path: Path, notes: list[str]) -> Any:
    """The content of a .json file, in any of these encodings; DataError where it is none."""
    try:
        return json.loads(read(path.read_bytes(), path.name, notes))
    except ValueError as error:
        raise DataError(f"{path} is no JSON: {error}") from None
