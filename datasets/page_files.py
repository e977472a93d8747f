"""A folder of page pictures, each with a file that says where its lines and words are: what PAGE XML and ALTO share.

RAW/JDH_2_16_160_002.jpg, RAW/JDH_2_16_160_002.xml      beside each other, or
RAW/x.jpg, RAW/page/x.xml                               the file a folder below, as Transkribus writes it
RAW/train/..., RAW/val/..., RAW/test/...                folders of these names are splits
"""

import io
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image as Pictures

from stackmix.datasets import storage
from stackmix.datasets.decoding import Entry, Item, Left, Sheet
from stackmix.datasets.folder import side_of
from stackmix.datasets.reporting import Report
from stackmix.datasets.storage import Folder
from stackmix.types import DataError, Region


class Described(NamedTuple):
    """What a file says of a page: the name of its picture, the size it was drawn on, its lines and words in order.

    A line's region has the category text_line, a word's pupil_text; the words of line k have `line` k. per_inch: units
    of its places in an inch, 0 for pixels.
    """

    picture: str
    size: tuple[int, int]
    regions: tuple[Region, ...]
    per_inch: float = 0.0


class NotThis(Exception):
    """The file is XML of another kind: passed over and counted."""


Parse = Callable[[bytes, str], Described]


def entries(root: Path, parse: Parse, format: str, unit: str, split: str | None, report: Report) -> Iterator[Entry]:
    """Name the words, lines or pages (`unit`) that the files under `root` describe, file by file."""
    if not root.is_dir():
        raise DataError(f"{root} is no folder: give the one with the pictures and their {format} files")
    files, pictures = Folder(root, (".xml",)), Folder(root)
    if not files.names():
        raise DataError(f"{root} holds no .xml file: put the {format} files beside their pictures")
    sides = {name: side_of(name) for name in files.names()}
    if {*sides.values()} == {"train"}:
        report.note("Everything is train: put pages into folders train, val and test to split them.")
    if split is not None and split not in sides.values():
        raise DataError(f"{root} has no split {split!r}, only {', '.join(sorted(set(sides.values())))}")
    source, used = root.resolve().name, set()
    report.expected = len(sides) if unit == "page" else None
    for name, side in sides.items():
        if split is not None and side != split:
            continue
        try:
            described = parse(files.read(name), name)
        except NotThis:
            yield Left(f"no {format}", name)
            continue
        except (DataError, OSError) as error:
            yield Left(f"broken {format}", str(error))
            continue
        picture = _picture(pictures, name, described.picture)
        if picture is None:
            yield Left("label without image", f"{name}: {described.picture}")
            continue
        if picture in used:
            yield Left("second description of an image", f"{name}: {picture}")
            continue
        used.add(picture)
        pixels = _in_pixels(described, pictures, picture)
        if pixels is None:
            yield Left("no resolution", f"{name}: save its places in pixels, or the size of its page")
            continue
        yield from _of_page(pixels, pictures, picture, unit, source, side)
    left = [picture for picture in pictures.names() if picture not in used]
    yield from (Left("image without label", picture) for picture in left if split is None)


def _picture(pictures: Folder, file: str, said: str) -> str | None:
    """The picture of a file: by the name it says, without the folders of another machine, or by the file's own name.

    It lies beside the file or a folder above.
    """
    folder = file.rpartition("/")[0]
    tail = said.replace("\\", "/").rpartition("/")[2]
    own = storage.stem(file).removesuffix(".page").removesuffix(".alto")
    for place in dict.fromkeys((folder, folder.rpartition("/")[0])):
        for name in (tail, *(own + suffix for suffix in storage.PICTURES)):
            if name and (found := pictures.find(f"{place}/{name}" if place else name)):
                return found
    return None


def _of_page(described: Described, store: Folder, picture: str, unit: str, source: str, split: str) -> Iterator[Entry]:
    """The entries of one page; an item's id is the picture's name and its number among all of its kind."""
    page = picture.rsplit(".", 1)[0]
    if unit == "page":
        regions = tuple(region for region in described.regions if len(region.polygon) >= 3)
        if lost := len(described.regions) - len(regions):
            yield Left("region without a place", f"{picture}: {lost}")
        yield Sheet(store, picture, regions, page, "", source, split, described.size)
        return
    wanted = [r for r in described.regions if r.category == ("text_line" if unit == "line" else "pupil_text")]
    if not wanted:
        yield Left(f"page without {unit}s", picture)
    for number, region in enumerate(wanted):
        id = f"{page}-{number:03d}"
        if not region.text:
            yield Left("empty text", id)
        elif len(region.polygon) < 3:
            yield Left("no box", id)
        else:
            place = (store, picture, region.text, id, region.polygon)
            yield Item(*place, source=source, split=split, size=described.size, page=page)


def _in_pixels(described: Described, store: Folder, picture: str) -> Described | None:
    """The same with places in pixels, by the size of the page or the picture's resolution; None where it has none."""
    if not described.per_inch or 0 not in described.size:
        return described
    try:
        with Pictures.open(io.BytesIO(store.read(picture))) as opened:
            across, down = (float(dots) for dots in opened.info["dpi"])
    except (OSError, SyntaxError, ValueError, TypeError, KeyError, Pictures.DecompressionBombError):  # none, or broken
        return None
    scale = np.array([across, down], np.float32) / np.float32(described.per_inch)
    if not (scale > 0).all():
        return None
    regions = tuple(replace(region, polygon=region.polygon * scale) for region in described.regions)
    return Described(described.picture, (0, 0), regions)


def clean(text: str | None) -> str:
    """NFC, with single spaces."""
    return " ".join(unicodedata.normalize("NFC", text or "").split())
