"""IAM handwriting (Marti and Bunke 2002): English words and lines of 657 writers, with their places on whole forms.

Either official layout is read, so that one download is enough:

    RAW/ascii/words.txt, lines.txt, forms.txt          texts, boxes and writers, as in every download
    RAW/forms/a01-000u.png                             whole forms: words and lines are cut out by their boxes, or
    RAW/words/a01/a01-000u/a01-000u-00-00.png          ready pictures of words, and
    RAW/lines/a01/a01-000u/a01-000u-00.png             of lines

    words.txt   a01-000u-00-00 ok 154 408 768 27 51 AT A              id, segmentation, grey level, x y w h, tag, text
    lines.txt   a01-000u-00 ok 154 19 408 746 1661 89 A|MOVE|to|stop  id, segmentation, grey level, parts, x y w h, text
    forms.txt   a01-000u 000 2 prt 7 5 52 36                          id, writer, ...
"""

import codecs
import json
import re
import unicodedata
import zlib
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from stackmix import images
from stackmix.datasets.preparing import Report
from stackmix.types import DataError, Image, Sample

TITLE = "IAM {unit}s"
BODY = """
Source: the IAM Handwriting Database of the Research Group on Computer Vision and Artificial Intelligence, University
of Bern (U.-V. Marti and H. Bunke, *The IAM-database: an English sentence database for offline handwriting recognition*,
IJDAR 5, 2002), https://fki.tic.heia-fr.ch/databases/iam-handwriting-database

IAM is for non-commercial research only and must not be redistributed: do not push this folder anywhere public.
"""
CURE = "download it from https://fki.tic.heia-fr.ch/databases/iam-handwriting-database"


class Item(NamedTuple):
    """A line of words.txt or lines.txt: `Item("a01-000u-00-00", "a01-000u", True, (408, 768, 27, 51), "A")`."""

    id: str
    form: str
    ok: bool
    box: tuple[int, int, int, int]
    text: str


def read(
    root: Path,
    *,
    unit: str = "word",
    split: str | None = None,
    only_ok: bool = True,
    splits: Path | None = None,
    report: Report | None = None,
) -> Iterator[Sample]:
    """Yield the words or lines (`unit`) of IAM at `root` in the order of the official list.

    split: only this one. only_ok: leave out items whose word segmentation is marked as faulty, and those with a
    crossed out word, which IAM writes as #. splits: a JSON file {"train": [form, ...], ...}; where it is None,
    `root`/splits.json or, without that, 80/10/10 by writer. report: names everything left out. Raises DataError for a
    missing part, or a writer on two sides.
    """
    report = Report() if report is None else report
    items = parse(_ascii(root, f"{unit}s.txt"), unit, report)
    writers = read_writers(_ascii(root, "forms.txt"), report)
    sides = _sides(root, splits, writers, report)
    if split is not None and split not in sides.values():
        raise DataError(f"{root} has no split {split!r}, only {', '.join(sorted(set(sides.values())))}")
    picture = _pictures(root, unit)
    for item in items:
        side = sides.get(item.form)
        if split is not None and side != split:
            continue
        if (reason := _unwanted(item, side, writers, only_ok)) is not None:
            report.skip(reason, item.id)
        elif (image := _usable(item, picture, report)) is not None:
            yield Sample(image, item.text, item.id, writers[item.form], "iam", str(side))


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


def _ascii(root: Path, name: str) -> Path:
    """The list `name`, in RAW/ascii or in RAW itself."""
    for path in (root / "ascii" / name, root / name):
        if path.is_file():
            return path
    raise DataError(f"{root / 'ascii' / name} is missing: {CURE} (ascii.tgz)")


def split_by_form(path: Path, writers: dict[str, str]) -> dict[str, str]:
    """The split of each form in a split file; DataError where it is no such file or puts a writer on two sides."""
    try:
        sides = json.loads(path.read_bytes().decode("utf-8-sig"))
    except ValueError as error:
        raise DataError(f"{path} is no JSON: {error}") from None
    if not isinstance(sides, dict) or not all(isinstance(forms, list) for forms in sides.values()):
        raise DataError(f'{path} is no split file: it should read like {{"train": ["a01-000u", ...], "val": [...]}}')
    pairs = [(split, str(form)) for split, forms in sides.items() for form in forms]
    first: dict[str, str] = {}
    for split, form in pairs:
        writer = writers.get(form, f"of form {form}")
        if first.setdefault(writer, split) != split:
            sides_of = f"{first[writer]} and in {split} (form {form})"
            raise DataError(f"{path}: writer {writer} is in {sides_of}: keep all forms of a writer in one split")
    return {form: split for split, form in pairs}


def split_by_writer(writers: dict[str, str]) -> dict[str, str]:
    """A split of each form by a checksum of its writer, 80/10/10, the same on every machine."""
    tenth = {form: zlib.crc32(writer.encode()) % 10 for form, writer in writers.items()}
    return {form: {8: "val", 9: "test"}.get(n, "train") for form, n in tenth.items()}


def _sides(root: Path, splits: Path | None, writers: dict[str, str], report: Report) -> dict[str, str]:
    """The split of each form, from the file given, the one in RAW, or by writer."""
    if splits is None and (root / "splits.json").is_file():
        splits = root / "splits.json"
    if splits is None:
        report.note("No split file was given: writers were split 80/10/10 by a checksum of their id.")
        return split_by_writer(writers)
    report.note(f"The split is that of {splits.name}, by form; no writer is on two sides.")
    return split_by_form(splits, writers)


def _unwanted(item: Item, side: str | None, writers: dict[str, str], only_ok: bool) -> str | None:
    """Why an item is left out before its picture is opened, or None."""
    if item.form not in writers:
        return "form not in forms.txt"
    if side is None:
        return "form in no split"
    if only_ok and not item.ok:
        return "err segmentation"
    if only_ok and "#" in item.text.split():
        return "crossed out"
    return None if item.text else "empty text"


def _usable(item: Item, picture: Callable[[Item], Image], report: Report) -> Image | None:
    """The picture of an item; one that is missing, broken or without ink is skipped."""
    try:
        image = picture(item)
    except FileNotFoundError:
        report.skip("missing image", item.id)
    except DataError:
        report.skip("broken image", item.id)
    else:
        if image.size and image.min() < image.max():
            return image
        report.skip("no ink" if image.size else "no box", item.id)
    return None


def _pictures(root: Path, unit: str) -> Callable[[Item], Image]:
    """A function from item to picture: the ready pictures where they are there, cuts from whole forms otherwise."""
    ready = root / f"{unit}s"
    if ready.is_dir():
        return lambda item: _grey(ready / item.form.split("-")[0] / item.form / f"{item.id}.png")
    folders = sorted(path for path in root.glob("forms*") if path.is_dir())  # forms, or formsA-D, formsE-H, formsI-Z
    if not folders:
        raise DataError(f"{ready} and {root / 'forms'} are both missing: {CURE} ({unit}s.tgz, or the whole forms)")
    form = lru_cache(maxsize=1)(lambda name: _form(folders, name))  # a list names the items of one form in a row
    return lambda item: cut(form(item.form), item.box)


def _form(folders: list[Path], name: str) -> Image:
    """A whole form out of the first folder that has it."""
    paths = [folder / f"{name}.png" for folder in folders]
    return _grey(next((path for path in paths if path.is_file()), paths[0]))


def _grey(path: Path) -> Image:
    return images.grey(images.read(path))


def cut(form: Image, box: tuple[int, int, int, int]) -> Image:
    """The part of a form in a box x y w h, clipped to the form; empty for a box of no area or the box -1 -1 -1 -1."""
    x, y, width, height = box
    if width <= 0 or height <= 0:
        return form[:0, :0]
    return form[max(y, 0) : max(y + height, 0), max(x, 0) : max(x + width, 0)]
