"""IAM handwriting (Marti and Bunke 2002): English words and lines of 657 writers, with their places on whole forms.

Either official layout is read, so that one download is enough:

    RAW/ascii/words.txt, lines.txt, forms.txt          texts, boxes and writers, as in every download
    RAW/forms/a01-000u.png                             whole forms: words and lines are cut out by their boxes, or
    RAW/words/a01/a01-000u/a01-000u-00-00.png          ready pictures of words, and
    RAW/lines/a01/a01-000u/a01-000u-00.png             of lines
"""

import json
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stackmix import pages
from stackmix.datasets import decoding, iam_lists, storage
from stackmix.datasets.decoding import Entry, Left, Sheet
from stackmix.datasets.iam_lists import CURE, Item
from stackmix.datasets.reporting import Report
from stackmix.datasets.storage import Folder
from stackmix.types import DataError, Page, Region, Sample

TITLE = "IAM {unit}s"
BODY = """
Source: the IAM Handwriting Database of the Research Group on Computer Vision and Artificial Intelligence, University
of Bern (U.-V. Marti and H. Bunke, *The IAM-database: an English sentence database for offline handwriting recognition*,
IJDAR 5, 2002), https://fki.tic.heia-fr.ch/databases/iam-handwriting-database

IAM is for non-commercial research only and must not be redistributed: do not push this folder anywhere public.
"""
COUNTS = {"word": 115_320, "line": 13_353}  # of the whole database, as words.txt and lines.txt list them


def read(root: Path | str, *, report: Report | None = None, **options: Any) -> Iterator[Sample]:
    """Yield the words or lines of IAM at `root` in the order of the official list; options and errors as `entries`."""
    report = Report() if report is None else report
    return decoding.read(entries(root, report=report, **options), report)


def read_pages(root: Path | str, *, report: Report | None = None, **options: Any) -> Iterator[Page]:
    """Yield the forms of IAM at `root` with the polygons of their words; options and errors as `entries`."""
    report = Report() if report is None else report
    return decoding.read_pages(entries(root, unit="page", report=report, **options), report)


def entries(
    root: Path | str,
    *,
    unit: str = "word",
    split: str | None = None,
    only_ok: bool = True,
    splits: Path | None = None,
    report: Report | None = None,
) -> Iterator[Entry]:
    """Name the words, lines or pages (`unit`) of IAM at `root` in the order of the official list.

    split: only this one. only_ok: leave out items whose word segmentation is marked as faulty, and those with a
    crossed out word, which IAM writes as #; pages keep all their words. splits: a JSON file {"train": [form, ...]};
    where it is None, `root`/splits.json or, without that, 80/10/10 by writer. report: names lines that don't parse.
    Raises DataError for a missing part, or a writer on two sides.
    """
    root, report = Path(root), Report() if report is None else report
    kind = "word" if unit == "page" else unit
    items = iam_lists.parse(iam_lists.find(root, f"{kind}s.txt"), kind, report)
    writers = iam_lists.read_writers(iam_lists.find(root, "forms.txt"), report)
    sides = _sides(root, splits, writers, report)
    if split is not None and split not in sides.values():
        raise DataError(f"{root} has no split {split!r}, only {', '.join(sorted(set(sides.values())))}")
    if len(items) != COUNTS[kind]:
        report.note(f"{kind}s.txt lists {len(items):,} {kind}s; the whole of IAM has {COUNTS[kind]:,}.")
    wanted = [item for item in items if split is None or sides.get(item.form) == split]
    if unit == "page":
        yield from _pages(root, wanted, writers, sides, split, report)
        return
    report.expected = len(wanted)
    place, stores = _pictures(root, unit)
    used = set()
    for item in wanted:
        where, reason = place(item), _unwanted(item, sides.get(item.form), writers, only_ok)
        used.add(where.name if isinstance(where, Place) else "")
        yield Left(reason, item.id) if reason else _entry(item, where, writers[item.form], sides[item.form])
    names = [name for store in stores for name in store.names()] if split is None else []
    yield from (Left("image without label", name) for name in names if name not in used)


class Place(NamedTuple):
    """Where the picture of an item lies. polygon: its part of a form, None for a picture of its own."""

    store: Folder
    name: str
    polygon: NDArray[np.float32] | None


def _entry(item: Item, place: Place | str, writer: str, split: str) -> Entry:
    """One word or line, or why its picture cannot be had."""
    if isinstance(place, str):
        return Left(place, item.id)
    return decoding.Item(
        *place[:2],
        item.text,
        item.id,
        place.polygon,
        grey=True,
        writer=writer,
        source="iam",
        split=split,
        page=item.form,
    )


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


def _pictures(root: Path, unit: str) -> tuple[Callable[[Item], Place | str], list[Folder]]:
    """A function from item to the place of its picture, or why it has none; the folders of pictures.

    They are ready pictures, or parts of whole forms.
    """
    if (root / f"{unit}s").is_dir():
        ready = Folder(root / f"{unit}s")
        return (lambda item: _ready(ready, f"{item.form.split('-')[0]}/{item.form}/{item.id}.png")), [ready]
    missing = f"{root / f'{unit}s'} and {root / 'forms'} are both missing"
    form, stores = _forms(root, f"{missing}: {CURE} ({unit}s.tgz, or the whole forms)")
    return (lambda item: _part(form(item.form), item.box)), stores


def _ready(store: Folder, path: str) -> Place | str:
    name = store.find(path)
    return Place(store, name, None) if name else "missing image"


def _part(form: Place | str, box: tuple[int, int, int, int]) -> Place | str:
    """A box on a form; one of no area, or the box -1 -1 -1 -1, is none."""
    if isinstance(form, str) or box[2] <= 0 or box[3] <= 0:
        return form if isinstance(form, str) else "no box"
    return Place(form.store, form.name, pages.box(*box))


def _forms(root: Path, missing: str) -> tuple[Callable[[str], Place | str], list[Folder]]:
    """A function from the name of a form to its place, in forms/ or in formsA-D/ and so on; these folders."""
    stores = [Folder(path) for path in sorted(root.glob("forms*")) if path.is_dir()]
    if not stores:
        raise DataError(missing)
    names = {storage.stem(name): Place(store, name, None) for store in stores for name in store.names()}
    return (lambda form: names.get(form, "missing image")), stores


def _pages(
    root: Path, items: list[Item], writers: dict[str, str], sides: dict[str, str], split: str | None, report: Report
) -> Iterator[Entry]:
    """Whole forms with their words, and their lines where lines.txt is there; real forms lose their printed head."""
    place, stores = _forms(root, f"{root / 'forms'} is missing: {CURE} (the whole forms)")
    lined = any((folder / "lines.txt").is_file() for folder in (root / "ascii", root))
    lines = _by_form(iam_lists.parse(iam_lists.find(root, "lines.txt"), "line", report) if lined else [])
    words = _by_form(items)
    forms = dict.fromkeys([*words, *(form for form in lines if split is None or sides.get(form) == split)])
    report.expected = len(forms)
    for form in forms:
        where = place(form)
        reason = "form not in forms.txt" if form not in writers else None if form in sides else "form in no split"
        if reason or isinstance(where, str):
            yield Left(reason or str(where), form)
            continue
        regions = [*_regions(words.get(form, []), "pupil_text"), *_regions(lines.get(form, []), "text_line")]
        yield Sheet(where.store, where.name, tuple(regions), form, writers[form], "iam", sides[form], headed=True)
    names = [name for store in stores for name in store.names()] if split is None else []
    yield from (Left("image without label", name) for name in names if storage.stem(name) not in forms)


def _by_form(items: list[Item]) -> dict[str, list[Item]]:
    found: dict[str, list[Item]] = {}
    for item in items:
        found.setdefault(item.form, []).append(item)
    return found


def _regions(items: list[Item], category: str) -> Iterator[Region]:
    """The boxes of words or lines as polygons; the crossed out # has no text."""
    for item in items:
        if item.box[2] > 0 and item.box[3] > 0:
            number = int(digits) if (digits := item.id.removeprefix(item.form + "-").split("-")[0]).isdigit() else None
            yield Region(pages.box(*item.box), "" if item.text == "#" else item.text, category, number)
