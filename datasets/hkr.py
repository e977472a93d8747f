"""HKR (Nurseitov et al. 2021, arXiv 2007.03579): Russian and Kazakh words and phrases, 64,943 images of 1,500 forms.

    RAW/img/11_40_52.jpg
    RAW/ann/11_40_52.json      {"description": "Алматы", "moderation": ..., "name": "11_40_52", "size": {...}}
    RAW/HKR_splitting.csv      id,stage      stage: train, val, test1 (unseen texts), test2 (unseen writers)

A name's first two numbers stand for the phrase; nothing stands for the writer.
"""

import json
import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from stackmix.datasets import decoding, storage, texts
from stackmix.datasets.decoding import Entry, Item, Left
from stackmix.datasets.reporting import Report
from stackmix.datasets.storage import Folder
from stackmix.types import DataError, Sample

TITLE = "HKR"
BODY = """
Source: HKR, handwritten Kazakh and Russian (D. Nurseitov, K. Bostanbekov, D. Kurmankhojayev, A. Alimova, A. Abdallah,
R. Tolegenov, *Handwritten Kazakh and Russian (HKR) database for text recognition*, 2021, arXiv 2007.03579),
https://github.com/abdoelsayed2016/HKR_Dataset

HKR is for non-commercial research only and must not be redistributed: do not push this folder anywhere public.
"""
ITEMS = 64_943
STAGES = {"train": 45_559, "val": 9_375, "test1": 4_966, "test2": 5_043}  # of the published split file
SPLITS = "HKR_splitting.csv"
CURE = "download HKR as https://github.com/abdoelsayed2016/HKR_Dataset says, and unpack it"


def read(root: Path | str, *, report: Report | None = None, **options: Any) -> Iterator[Sample]:
    """Yield the words and phrases of HKR at `root` in the order of their numbers; options and errors as `entries`."""
    report = Report() if report is None else report
    return decoding.read(entries(root, report=report, **options), report)


def entries(
    root: Path | str,
    *,
    split: str | None = None,
    one_word: bool = False,
    splits: Path | None = None,
    report: Report | None = None,
) -> Iterator[Entry]:
    """Name the items of HKR at `root`, in the order of their numbers.

    split: only this one. one_word: leave out texts with a space. splits: the published split file where it does not
    lie in `root`; without any, items are split 80/10/10 by phrase. Raises DataError for a missing part.
    """
    report = Report() if report is None else report
    pictures, notes = Folder(_part(Path(root), "img")), Folder(_part(Path(root), "ann"), (".json",))
    by_stem = {storage.stem(name): name for name in pictures.names()}
    note_of = {storage.stem(name): name for name in notes.names()}
    stems = sorted(note_of, key=_numbers)
    if len(stems) != ITEMS:
        report.note(f"{len(stems):,} annotations were found; the whole of HKR has {ITEMS:,}.")
    sides = _sides(Path(root), splits, stems, report)
    if split is not None and split not in {*sides.values()}:
        raise DataError(f"{root} has no split {split!r}, only {', '.join(sorted(set(sides.values())))}")
    wanted = [stem for stem in stems if split is None or sides.get(stem) == split]
    report.expected = len(wanted)
    for stem in wanted:
        text = _text(notes, note_of[stem])
        yield _entry(stem, text, pictures, by_stem.pop(stem, None), sides.get(stem), one_word)
    if split is None:
        yield from (Left("image without label", name) for name in by_stem.values())
        yield from (Left("in the split file alone", stem) for stem in sorted(sides.keys() - {*stems}, key=_numbers))


def _part(root: Path, name: str) -> Path:
    """RAW/img or RAW/ann; the archive's own folder may lie between."""
    found = [path for path in (root / name, *sorted(root.glob(f"*/{name}"))) if path.is_dir()]
    if not found:
        raise DataError(f"{root / name} is missing: {CURE}")
    return found[0]


def _numbers(name: str) -> tuple[list[int], str]:
    """Sort 2_10_1 behind 2_9_5."""
    return [int(digits) for digits in re.findall(r"\d+", name)], name


def _text(notes: Folder, name: str) -> str | None:
    """What an annotation says is written; None where it is broken."""
    try:
        text = json.loads(notes.read(name).decode("utf-8-sig"))["description"]
        return " ".join(unicodedata.normalize("NFC", text).split())
    except (ValueError, KeyError, TypeError, OSError):
        return None


def _entry(
    stem: str, text: str | None, pictures: Folder, picture: str | None, side: str | None, one_word: bool
) -> Entry:
    """One item, or why it is left out."""
    if text is None:
        return Left("broken annotation", stem)
    if picture is None:
        return Left("label without image", stem)
    if side is None:
        return Left("in no split", stem)
    if not text:
        return Left("empty text", stem)
    if one_word and " " in text:
        return Left("more than one word", stem)
    return Item(pictures, picture, text, stem, source="hkr", split=side)


def _sides(root: Path, splits: Path | None, stems: list[str], report: Report) -> dict[str, str]:
    """The split of each item, from the published file or by phrase."""
    places = [splits] if splits else [root / SPLITS, *sorted(root.glob(f"*/{SPLITS}"))]
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        cure = f"put {SPLITS} into RAW or name it with --splits for the published one"
        report.note(f"Without {SPLITS} phrases were split 80/10/10 by a checksum, writers are on all sides; {cure}.")
        return {stem: split_by_phrase(stem) for stem in stems}
    sides = read_splits(path, report)
    counts = Counter(sides.values())
    if counts != STAGES:
        listed = ", ".join(f"{count:,} {stage}" for stage, count in counts.items())
        report.note(f"{path.name} lists {listed}; the published one has other counts.")
    report.note("test1 holds texts that train does not have, test2 writers that it does not: report them apart.")
    return sides


def read_splits(path: Path, report: Report) -> dict[str, str]:
    """The stage of each id in a split file; DataError for one without these columns, or an id in two stages."""
    sides: dict[str, str] = {}
    for number, row in texts.table(path, report.notes):
        stem, stage = (row.get("id") or "").strip(), (row.get("stage") or "").strip()
        if not stem or not stage:
            raise DataError(f"{path}, line {number}: {row}; the columns id and stage are needed")
        if sides.setdefault(stem, stage) != stage:
            raise DataError(f"{path}, line {number}: {stem} is in {sides[stem]} and in {stage}")
    return sides


def split_by_phrase(stem: str) -> str:
    """train, val or test by a checksum of the phrase, the first two numbers of a name; the same on every machine."""
    phrase = "_".join(stem.split("_")[:2])
    return {8: "val", 9: "test"}.get(zlib.crc32(phrase.encode()) % 10, "train")
