"""The text files of IAM: one line for each word, line of writing and form, comments behind #.

    words.txt   a01-000u-00-00 ok 154 408 768 27 51 AT A              id, segmentation, grey level, x y w h, tag, text
    lines.txt   a01-000u-00 ok 154 19 408 746 1661 89 A|MOVE|to|stop  id, segmentation, grey level, parts, x y w h, text
    forms.txt   a01-000u 000 2 prt 7 5 52 36                          id, writer, ...
"""

import codecs
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from stackmix.datasets.reporting import Report
from stackmix.types import DataError

CURE = "download it from https://fki.tic.heia-fr.ch/databases/iam-handwriting-database"


class Item(NamedTuple):
    """A line of words.txt or lines.txt: `Item("a01-000u-00-00", "a01-000u", True, (408, 768, 27, 51), "A")`."""

    id: str
    form: str
    ok: bool
    box: tuple[int, int, int, int]
    text: str


def parse(path: Path, unit: str, report: Report) -> list[Item]:
    """Parse words.txt or lines.txt; a malformed line is skipped and listed with its number."""
    found = []
    for number, line in _lines(path):
        try:
            found.append(_item(line.decode(), unit))
        except ValueError:  # also text that is no UTF-8
            report.skip("malformed line", _named(path, number, line))
    return found


def _item(line: str, unit: str) -> Item:
    """Parse one line; both lists have eight fields before the text, the text may hold spaces or be missing."""
    fields = line.split(maxsplit=8)
    start = 3 if unit == "word" else 4
    x, y, width, height = map(int, fields[start : start + 4])
    if not re.fullmatch(r"\w+-\w+-[\w-]+", fields[0]) or fields[1] not in ("ok", "err") or len(fields) < 8:
        raise ValueError(line)
    text = fields[8] if len(fields) > 8 else ""
    text = unicodedata.normalize("NFC", text if unit == "word" else text.replace("|", " "))
    form = "-".join(fields[0].split("-")[:2])
    return Item(fields[0], form, fields[1] == "ok", (x, y, width, height), " ".join(text.split()))


def read_writers(path: Path, report: Report) -> dict[str, str]:
    """The writer of each form, from forms.txt: {"a01-000u": "000"}."""
    writers = {}
    for number, line in _lines(path):
        try:
            form, writer = line.decode().split(maxsplit=2)[:2]
        except ValueError:
            report.skip("malformed line", _named(path, number, line))
        else:
            writers[form] = writer
    return writers


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Number and content of each line that is no comment, without a byte order mark or line end."""
    for number, line in enumerate(path.read_bytes().removeprefix(codecs.BOM_UTF8).splitlines(), 1):
        if line.strip() and not line.startswith(b"#"):
            yield number, line.strip()


def _named(path: Path, number: int, line: bytes) -> str:
    return f"{path.name}, line {number}: {line[:80].decode(errors='replace')}"


def find(root: Path, name: str) -> Path:
    """The list `name`, in RAW/ascii or in RAW itself."""
    for path in (root / "ascii" / name, root / name):
        if path.is_file():
            return path
    raise DataError(f"{root / 'ascii' / name} is missing: {CURE} (ascii.tgz)")
