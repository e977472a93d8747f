"""Any folder of pictures with their texts, however it was labelled.

RAW/labels.csv | labels.tsv     file_name,text            also `;` `|`, other names of the columns, or no header
RAW/labels.json                 {"1.png": "слово"} or [{"file_name": "1.png", "text": "слово"}]
RAW/metadata.jsonl              {"file_name": "1.png", "text": "слово", "writer": "Анна"}, as `prepare` writes them
RAW/1.png, RAW/1.gt.txt         a text file for each picture
RAW/train/..., RAW/val/..., RAW/test/...       any of these again in folders, which are the splits then
"""

import json
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stackmix.datasets import decoding, storage, texts
from stackmix.datasets.decoding import Entry, Item, Left
from stackmix.datasets.reporting import Report
from stackmix.datasets.storage import Folder
from stackmix.types import DataError, Sample

TITLE = "{source}"
BODY = "Made of a folder of labelled pictures. Their licence is that of the folder."
LABELS = ("metadata.jsonl", "labels.json", "labels.csv", "labels.tsv", "metadata.csv")
SINGLE = ".gt.txt"
_SPLIT = re.compile(r"train|val|valid|validation|dev|test\w*", re.IGNORECASE)


class Label(NamedTuple):
    """A row of a label file. where: file and line, for the report. row: its other columns."""

    where: str
    file: str
    text: str
    row: dict[str, Any]


def read(root: Path | str, *, report: Report | None = None, **options: Any) -> Iterator[Sample]:
    """Yield the samples of a labelled folder; options and errors as `entries`."""
    report = Report() if report is None else report
    return decoding.read(entries(root, report=report, **options), report)


def entries(root: Path | str, *, split: str | None = None, report: Report | None = None) -> Iterator[Entry]:
    """Name the pictures of a folder that have a label, in the order of their label files.

    split: only this one. report: names rows that are broken. Raises DataError where there are no labels.
    """
    root, report = Path(root), Report() if report is None else report
    if not root.is_dir():
        raise DataError(f"{root} is no folder: give the one with the pictures and their labels")
    store = Folder(root, bare=True)
    files = _label_files(root, report)
    single = Folder(root, (SINGLE,))
    if not files and not single.names():
        raise DataError(f"{root} has none of {', '.join(LABELS)} and no <name>{SINGLE}: write one (docs/folder.md)")
    run = _Run(store, root.resolve().name, split, report)
    report.expected = len(store.names())
    for name in files:
        for label in labels(root / name, report):
            yield from run.row(name, label)
    for name in single.names():
        yield from run.row(name, _single(root, name, report))
    yield from run.rest()
    if not run.splits - {"train"} and run.splits:
        report.note("Everything is train: put pictures into folders train, val and test to split them.")
    if split is not None and split not in run.splits:
        raise DataError(f"{root} has no split {split!r}, only {', '.join(sorted(run.splits))}")


def _label_files(root: Path, report: Report) -> list[str]:
    """The label files in the folder and its sub-folders, one for each; a second one in a folder is named in a note."""
    chosen: dict[str, str] = {}
    found = Folder(root, LABELS).names()
    for kind in LABELS:
        for name in (name for name in found if name.lower().rpartition("/")[2] == kind):
            first = chosen.setdefault(name.rpartition("/")[0], name)
            if first != name:
                report.note(f"{name} was not read: {first} has the labels of that folder.")
    return sorted(chosen.values())


def labels(path: Path, report: Report) -> Iterator[Label]:
    """Yield the rows of a label file; a row without file name or text is named in the report."""
    reader = {".csv": _rows_of_table, ".tsv": _rows_of_table, ".json": _rows_of_json, ".jsonl": _rows_of_lines}
    for where, row in reader[path.suffix.lower()](path, report):
        file, text = (row.get(texts.column(row, wanted) or "") for wanted in (texts.FILES, texts.TEXTS))
        text = str(text) if type(text) is int else text  # "5" is often saved as 5
        if isinstance(file, str) and isinstance(text, str) and file.strip():
            yield Label(where, file.strip(), unicodedata.normalize("NFC", text), row)
        else:
            report.skip("broken label", f"{where}: {json.dumps(row, ensure_ascii=False, default=str)[:80]}")


def _rows_of_table(path: Path, report: Report) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, row in texts.table(path, report.notes):
        yield f"{path.name}, line {number}", row


def _rows_of_json(path: Path, report: Report) -> Iterator[tuple[str, dict[str, Any]]]:
    """Rows of {"1.png": "a"}, {"1.png": {"text": "a"}} or [{"file_name": "1.png", "text": "a"}]."""
    content = texts.document(path, report.notes)
    if not isinstance(content, dict | list):
        raise DataError(f'{path} has no labels: it should read like {{"1.png": "text", ...}}')
    for number, member in enumerate(content):
        if isinstance(content, dict):
            value = content[member]
            row = value if isinstance(value, dict) else {"text": value}
            yield f"{path.name}, {member}", {**row, "file_name": member}
        else:
            yield f"{path.name}, member {number}", member if isinstance(member, dict) else {"member": member}


def _rows_of_lines(path: Path, report: Report) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, line in enumerate(texts.read(path.read_bytes(), path.name, report.notes).split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        yield f"{path.name}, line {number}", row if isinstance(row, dict) else {"line": line[:60]}


def _single(root: Path, name: str, report: Report) -> Label:
    text = texts.read((root / name).read_bytes(), name, report.notes)
    return Label(name, name.rpartition("/")[2][: -len(SINGLE)], unicodedata.normalize("NFC", text), {})


def side_of(name: str) -> str:
    """The split of a file by the first of its folders: "Test1/a.png" -> "test1", "images/a.png" -> "train"."""
    first = name.partition("/")[0] if "/" in name else ""
    return split_name(first) if _SPLIT.fullmatch(first) else "train"


def split_name(name: str) -> str:
    """A split as it is called here: "Validation" -> "val"."""
    small = name.strip().lower()
    return "val" if small in ("valid", "validation", "dev") else small


class _Run:
    """What the rows of all label files share: which pictures and ids have been seen."""

    def __init__(self, store: Folder, source: str, split: str | None, report: Report) -> None:
        self.store, self.source, self.split, self.report = store, source, split, report
        self.used: set[str] = set()
        self.ids: set[str] = set()
        self.splits: set[str] = set()

    def row(self, file: str, label: Label) -> Iterator[Entry]:
        """The entry of one row of a label file."""
        picture = self._picture(file.rpartition("/")[0], label)
        if picture is None:
            yield Left(self.store.why_not(label.file), f"{label.where}: {label.file}")
            return
        if picture in self.used:
            yield Left("second label of an image", f"{label.where}: {label.file}")
            return
        self.used.add(picture)
        side = _side(file, label, picture)
        self.splits.add(side)
        if self.split is None or side == self.split:
            yield self._item(picture, label, side)

    def _picture(self, folder: str, label: Label) -> str | None:
        """The picture of a row: beside the label file, in images/ there, or below RAW's own one under a unique name."""
        if storage.leads_out(label.file):
            return None
        here, file = f"{folder}/" if folder else "", label.file.replace("\\", "/")
        if label.where.lower().endswith(SINGLE):
            places = [f"{here}{file}{end}" for end in storage.PICTURES]
        else:
            places = [here + file, f"{here}images/{file}", *([file] if file.startswith(here) else [])]
        found = filter(None, map(self.store.find, places))
        return next((name for name in found if name.startswith(here)), None)

    def _item(self, picture: str, label: Label, side: str) -> Entry:
        row, own = label.row, picture.rsplit(".", 1)[0]
        if label.where.startswith(LABELS[0]):  # our own rows keep their texts to the letter, and their ids
            text, own = label.text, str(row.get("id") or own)
        else:
            text = " ".join(label.text.split())
        if not text.strip():
            return Left("empty text", picture)
        id = picture if own in self.ids else own
        self.ids.add(id)
        writer, source = str(row.get("writer") or ""), str(row.get("source") or self.source)
        borders, scores = _numbers(row.get("borders"), len(text) + 1), _numbers(row.get("scores"), len(text))
        return Item(
            self.store, picture, text, id, None, writer, source, side,
            borders=None if borders is None else borders.astype(np.int32),
            scores=None if scores is None else scores.astype(np.float32),
        )  # fmt: skip

    def rest(self) -> Iterator[Entry]:
        """Pictures that no row named, and links that lead out of the folder."""
        if self.split is None:
            left = [name for name in self.store.names() if name not in self.used]
            yield from (Left("image without label", name) for name in left)
            yield from (Left(storage.OUTSIDE, name) for name in self.store.outside)


def _side(file: str, label: Label, picture: str) -> str:
    """The split of a row: the folder of its label file, a column `split`, or the folder of its picture."""
    if (side := side_of(file)) != "train":
        return side
    said = label.row.get("split")
    return split_name(said) if isinstance(said, str) and said.strip() else side_of(picture)


def _numbers(value: Any, count: int) -> NDArray[np.float64] | None:
    """The numbers of a column that has one for each letter or border; None where they are not."""
    if not isinstance(value, list) or len(value) != count:
        return None
    try:
        return np.array(value, np.float64)
    except (TypeError, ValueError):
        return None
