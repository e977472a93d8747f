"""School notebooks: photos of Russian and English pupils' pages, in the three layouts they were published in.

    RAW/images.zip or images/, RAW/annotations_train.json, ..._val.json, ..._test.json    public sets, RU and EN: COCO
    RAW/train_segmentation/images/, annotations.json                                      contest: COCO without splits
    RAW/train_recognition/images/, labels.csv or a JSON {"48771.png": "задние"}           contest: words cut out ready

Words are cut along their polygons; what lies outside becomes paper. `group_id` ties the words of a line. The folders of
the contest may themselves be RAW.
"""

import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from stackmix import pages
from stackmix.datasets import decoding, folder, storage
from stackmix.datasets.decoding import Entry, Item, Left, Sheet
from stackmix.datasets.reporting import Report
from stackmix.datasets.storage import Archive, Folder
from stackmix.types import DataError, Page, Region, Sample

TITLE = "School notebooks, {unit}s"
BODY = """
Source: school_notebooks_RU and school_notebooks_EN (MIT licence), https://huggingface.co/datasets/ai-forever, and the
contest data they were published from (National Technological Olympiad 2021-22).
"""
PAGES = {"school_notebooks_ru": 1_857, "school_notebooks_en": 90}  # of the public sets
LABELS = 145_493  # of the contest's JSON of ready words
WORDS = ("pupil_text", "pupil_comment")  # what pupils wrote; teacher_comment, paper and text_line are no words
CURE = "download it from https://huggingface.co/datasets/ai-forever/school_notebooks_RU (or _EN)"


def read(root: Path | str, *, report: Report | None = None, **options: Any) -> Iterator[Sample]:
    """Yield the words or lines of the school notebooks at `root`; options and errors as `entries`."""
    report = Report() if report is None else report
    return decoding.read(entries(root, report=report, **options), report)


def read_pages(root: Path | str, *, report: Report | None = None, **options: Any) -> Iterator[Page]:
    """Yield the pages of the school notebooks at `root`; options and errors as `entries`."""
    report = Report() if report is None else report
    return decoding.read_pages(entries(root, unit="page", report=report, **options), report)


def entries(
    root: Path | str, *, unit: str = "word", split: str | None = None, report: Report | None = None
) -> Iterator[Entry]:
    """Name the words, lines or pages (`unit`) of the school notebooks at `root`, page by page.

    split: only this one. Ready words have no lines or pages. Raises DataError for a missing part.
    """
    root, report = Path(root), Report() if report is None else report
    if files := sorted(root.glob(f"{pages.PREFIX}*.json")):
        sides = {path.stem.removeprefix(pages.PREFIX): path for path in files}
        return _public(root, sides, unit, split, report)
    ready = _ready_words(root)
    for place in (root / "train_segmentation", root):
        if (place / "annotations.json").is_file() and (unit != "word" or ready is None):
            return _contest(place, unit, split, report)
    if ready is not None and unit == "word":
        return _words(*ready, split, report)
    missing = f"{root} has no {pages.PREFIX}<split>.json, no annotations.json"
    ready_too = "" if unit != "word" else " and no images/ with labels.csv or a JSON of labels"
    raise DataError(f"{missing}{ready_too}: {CURE}")


def _public(root: Path, sides: dict[str, Path], unit: str, split: str | None, report: Report) -> Iterator[Entry]:
    """The public layout, which brings its splits."""
    if split is not None and split not in sides:
        raise DataError(f"{root} has no split {split!r}, only {', '.join(sides)}")
    run = _Run(_pictures(root), unit, report)
    for side, path in sides.items():
        if split is None or side == split:
            yield from run.file(path, side)
    if split is None:
        yield from run.rest()
        for source, count in run.pages.items():
            if count != PAGES.get(source, count):
                report.note(f"{count:,} pages of {source} were found; the whole public set has {PAGES[source]:,}.")


def _contest(root: Path, unit: str, split: str | None, report: Report) -> Iterator[Entry]:
    """The contest's pages, which come without splits."""
    report.note("The contest gives no splits: pages were split 80/10/10 by a checksum of their names.")
    run = _Run(_pictures(root), unit, report)
    yield from _of(split, run.file(root / "annotations.json", None))
    if split is None:
        yield from run.rest()


def _of(split: str | None, found: Iterator[Entry]) -> Iterator[Entry]:
    """Only the entries of one split; what is left out belongs to none."""
    return (e for e in found if split is None or getattr(e, "split", None) == split)


def _pictures(root: Path) -> Folder | Archive:
    """images/, or images.zip read in place."""
    if (root / pages.IMAGES).is_dir():
        return Folder(root / pages.IMAGES, bare=True)
    if (root / "images.zip").is_file():
        return Archive(root / "images.zip")
    raise DataError(f"{root / 'images.zip'} and {root / pages.IMAGES} are both missing: {CURE}")


def split_by_name(name: str) -> str:
    """train, val or test by a checksum of a page's name, 80/10/10; the same on every machine."""
    return {8: "val", 9: "test"}.get(zlib.crc32(storage.stem(name).encode()) % 10, "train")


def source_of(name: str, texts: list[str]) -> str:
    """The set a page is of: English ones have `eng` in their name, or more Latin letters than Cyrillic ones."""
    letters = "".join(texts).lower()
    latin, cyrillic = sum("a" <= c <= "z" for c in letters), sum("а" <= c <= "я" or c == "ё" for c in letters)
    return "school_notebooks_en" if "eng" in name.lower() or latin > cyrillic else "school_notebooks_ru"


class _Run:
    """What the annotation files of a set share: its pictures, and which of them have been named."""

    def __init__(self, store: Folder | Archive, unit: str, report: Report) -> None:
        self.store, self.unit, self.report = store, unit, report
        self.used: set[str] = set()
        self.pages: Counter[str] = Counter()
        self.others: Counter[str] = Counter()

    def file(self, path: Path, side: str | None) -> Iterator[Entry]:
        """The entries of one annotation file, page by page."""
        faults: list[tuple[str, str]] = []
        for row in pages.annotations(path, faults):
            picture = self.store.find(row.name)
            if picture is None:
                yield Left(self.store.why_not(row.name), f"{path.name}: {row.name}")
            elif picture in self.used:
                yield Left("second description of an image", f"{path.name}: {row.name}")
            else:
                self.used.add(picture)
                source = row.source or source_of(row.name, [region.text for region in row.regions])
                self.pages[source] += 1
                yield from self._page(row, picture, source, side or split_by_name(row.name))
        yield from (Left(*fault) for fault in faults)
        if self.others and self.unit != "page":
            counts = ", ".join(f"{count:,} {category}" for category, count in sorted(self.others.items()))
            self.report.note(f"{path.name}: no words are {counts}.")
            self.others.clear()

    def _page(self, row: pages.Row, picture: str, source: str, side: str) -> Iterator[Entry]:
        if self.unit == "page":
            regions = tuple(region for region in row.regions if region.category in pages.CATEGORIES)
            if strange := len(row.regions) - len(regions):
                yield Left("region of an unknown category", f"{row.name}: {strange}")
            yield Sheet(self.store, picture, regions, row.id, row.writer, source, side, row.size)
            return
        self.others.update(region.category for region in row.regions if region.category not in WORDS)
        for number, region in self._parts(row):
            id = f"{row.id}-{number:03d}"
            if not region.text:
                yield Left("empty text", id)
            else:
                place = (self.store, picture, region.text, id, region.polygon)
                yield Item(*place, row.writer, source, side, row.size, page=row.id)

    def _parts(self, row: pages.Row) -> Iterator[tuple[int, Region]]:
        """The words of a page by their place among its annotations, or its lines by their group."""
        words = [(number, region) for number, region in enumerate(row.regions) if region.category in WORDS]
        if self.unit == "word":
            yield from words
            return
        lines: dict[int, list[Region]] = {}
        for _, region in words:
            if region.line is None:
                self.others["words without a line"] += 1
            elif region.text:
                lines.setdefault(region.line, []).append(region)
        yield from ((line, joined(parts)) for line, parts in lines.items())

    def rest(self) -> Iterator[Entry]:
        """Pictures that no annotation named, and names that lead out."""
        yield from (Left("image without label", name) for name in self.store.names() if name not in self.used)
        yield from (Left(storage.OUTSIDE, name) for name in self.store.outside)


def joined(words: list[Region]) -> Region:
    """The line of some words: their texts from left to right, inside the hull of their polygons."""
    words = sorted(words, key=lambda word: word.polygon[:, 0].min())
    hull = cv2.convexHull(np.concatenate([word.polygon for word in words]))
    return Region(hull.reshape(-1, 2), " ".join(word.text for word in words), words[0].category, words[0].line)


def _ready_words(root: Path) -> tuple[Path, Path] | None:
    """The folder of ready words and its label file; DataError where it has one but no images/."""
    for place in (root / "train_recognition", root):
        found = [path for path in sorted(place.glob("*")) if path.suffix.lower() in (".csv", ".json")]
        found = [path for path in found if not path.stem.startswith("annotations")]
        if not found:
            continue
        if not (place / pages.IMAGES).is_dir():
            raise DataError(f"{place / pages.IMAGES} is missing: put the pictures that {found[0].name} names there")
        return place, found[0]
    return None


def _words(place: Path, path: Path, split: str | None, report: Report) -> Iterator[Entry]:
    """Words that were cut out ready; nothing says which page they are of."""
    report.note(
        "Ready words come without pages and splits: they were split 80/10/10 by a checksum of their name, so pages and "
        "writers are on all sides."
    )
    store, used, count = Folder(place / pages.IMAGES, bare=True), set(), 0
    report.expected = len(store.names())
    for label in folder.labels(path, report):
        count += 1
        picture = store.find(label.file)
        if picture is None:
            yield Left(store.why_not(label.file), label.file)
        elif picture in used:
            yield Left("second label of an image", label.where)
        else:
            used.add(picture)
            side, text = split_by_name(picture), " ".join(label.text.split())
            if split is None or side == split:
                source = "school_notebooks_en" if "_eng" in picture else "school_notebooks_ru"
                item = Item(store, picture, text, picture.rsplit(".", 1)[0], source=source, split=side)
                yield item if text else Left("empty text", picture)
    if path.suffix.lower() == ".json" and count != LABELS:
        report.note(f"{path.name} has {count:,} labels; the contest's has {LABELS:,}.")
    if split is None:
        yield from (Left("image without label", name) for name in store.names() if name not in used)
        yield from (Left(storage.OUTSIDE, name) for name in store.outside)
