"""Page folders: whole pages with the polygon, text, category and line of every word, as COCO has them.

    pages/images/a01-000u.png
    pages/annotations_train.json
        {"images": [{"id": 0, "file_name": "a01-000u.png", "width": 2479, "height": 3542, "writer": "000", ...}, ...],
         "annotations": [{"id": 0, "image_id": 0, "category_id": 0, "segmentation": [[x1, y1, x2, y2, ...]],
                          "attributes": {"translation": "Labour"}, "group_id": 3, "bbox": [x, y, w, h], ...}, ...],
         "categories": [{"id": 0, "name": "pupil_text"}, ...]}

The layout is that of the school notebooks (https://huggingface.co/datasets/ai-forever/school_notebooks_RU); `page`,
`writer` and `source` of an image are ours, and other programs pass over them.
"""

import json
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stackmix import elements, images
from stackmix.types import DataError, Page, Region

CATEGORIES = ("pupil_text", "pupil_comment", "teacher_comment", "paper", "text_line")
IMAGES = "images"
PREFIX = "annotations_"


class Row(NamedTuple):
    """A page as an annotation file has it: everything but the pixels. size: (width, height), 0 where it is missing."""

    name: str
    size: tuple[int, int]
    regions: tuple[Region, ...]
    id: str
    writer: str = ""
    source: str = ""


def annotations(path: Path, faults: list[tuple[str, str]] | None = None) -> Iterator[Row]:
    """Yield the pages of a COCO file in its order; what cannot be used is named in `faults` as (reason, item).

    Holds the polygons as arrays, about 500 bytes a word, never the JSON. Raises DataError for a file that is none.
    """
    faults = [] if faults is None else faults
    rows: list[dict[str, Any]] = []
    names: dict[Any, str] = {}
    found: dict[Any, list[tuple[Any, Region]]] = {}
    for key, member in elements.members(path):
        if key == "images" and _is_image(member, path, faults):
            rows.append({name: member.get(name) for name in ("file_name", "width", "height", "writer", "source")})
            rows[-1]["key"], rows[-1]["id"] = str(member["id"]), member.get("page")
        elif key == "categories" and isinstance(member, dict):
            names[member.get("id")] = str(member.get("name"))
        elif key == "annotations":
            _keep(member, path, found, faults)
    for row in rows:
        regions = found.pop(row["key"], [])
        yield _row(row, tuple(_named(region, names.get(category)) for category, region in regions))
    for key, lost in found.items():
        faults.append(("annotation of no image", f"{path.name}: {len(lost)} of image_id {key}"))


def _is_image(member: Any, path: Path, faults: list[tuple[str, str]]) -> bool:
    good = isinstance(member, dict) and "id" in member and isinstance(member.get("file_name"), str)
    if not good:
        faults.append(("broken annotation", f"{path.name}: image {json.dumps(member, ensure_ascii=False)[:80]}"))
    return good


def _keep(member: Any, path: Path, found: dict[Any, list[tuple[Any, Region]]], faults: list[tuple[str, str]]) -> None:
    """Put one annotation to its image, or name it among the faults."""
    try:
        region = _region(member)
        found.setdefault(str(member["image_id"]), []).append((member.get("category_id"), region))
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError):
        name = member.get("id") if isinstance(member, dict) else member
        faults.append(("broken annotation", f"{path.name}: annotation {str(name)[:80]}"))


def _region(member: dict[str, Any]) -> Region:
    attributes = member.get("attributes") or {}
    text = attributes.get("translation")
    line = member.get("group_id", attributes.get("group_id"))
    text = unicodedata.normalize("NFC", "" if text is None else str(text))
    return Region(_polygon(member), " ".join(text.split()), line=None if line is None else int(line))


def _polygon(member: dict[str, Any]) -> NDArray[np.float32]:
    """The first polygon of an annotation, or its box where it has none; ValueError for neither."""
    parts = member.get("segmentation")
    if isinstance(parts, list) and parts:
        with np.errstate(over="ignore"):  # what is no float32 is not finite then
            points = np.asarray(parts[0] if isinstance(parts[0], list) else parts, np.float32)
        if len(points) >= 6 and len(points) % 2 == 0 and np.isfinite(points).all():
            return points.reshape(-1, 2)
    x, y, width, height = map(float, member["bbox"])
    return box(x, y, width, height)


def box(x: float, y: float, width: float, height: float) -> NDArray[np.float32]:
    """(4, 2) corners of a box; ValueError for one that is not finite."""
    corners = np.array([(x, y), (x + width, y), (x + width, y + height), (x, y + height)], np.float32)
    if not np.isfinite(corners).all():
        raise ValueError(f"box {x} {y} {width} {height}")
    return corners


def _named(region: Region, category: str | None) -> Region:
    """The contest's one category is `text`: its words are the pupils'."""
    name = "pupil_text" if category in (None, "text") else category
    return Region(region.polygon, region.text, name, region.line)


def _row(row: dict[str, Any], regions: tuple[Region, ...]) -> Row:
    size = (_pixels(row["width"]), _pixels(row["height"]))
    name = row["file_name"]
    own = str(row["id"] or name.replace("\\", "/").rsplit("/", 1)[-1].rsplit(".", 1)[0])
    return Row(name, size, regions, own, str(row["writer"] or ""), str(row["source"] or ""))


def _pixels(value: Any) -> int:
    return int(value) if isinstance(value, int | float) and 0 < value < 1e9 else 0


def splits_of(folder: Path) -> list[str]:
    """The splits of a page folder; DataError when it is none."""
    found = sorted(path.stem.removeprefix(PREFIX) for path in folder.glob(f"{PREFIX}*.json"))
    if not found:
        raise DataError(f"{folder} has no {PREFIX}<split>.json: make a page folder with `stackmix prepare --unit page`")
    return found


def read(folder: Path, split: str, skipped: list[str] | None = None) -> Iterator[Page]:
    """Read the pages of one split in order.

    A broken or missing image raises DataError, or is named in `skipped` and left out where that list is given.
    """
    if split not in splits_of(folder):
        raise DataError(f"{folder} has no split {split!r}, only {', '.join(splits_of(folder))}")
    for row in annotations(folder / f"{PREFIX}{split}.json"):
        try:
            image = picture(folder, row.name)
        except DataError as error:
            if skipped is None:
                raise
            skipped.append(str(error))
            continue
        yield Page(image, row.regions, row.id, row.writer, row.source, split)


def picture(folder: Path, name: str) -> images.Image:
    """The picture of a page folder by its name; DataError where it is missing, broken or outside."""
    path = folder / IMAGES / name
    if not path.resolve().is_relative_to((folder / IMAGES).resolve()):
        raise DataError(f"{folder}: file_name {name!r} leads out of the folder")
    try:
        return images.read(path)
    except FileNotFoundError:
        raise DataError(f"{path}: the image of an annotation file is missing") from None


def image_row(number: int, name: str, size: tuple[int, int], id: str, writer: str, source: str) -> str:
    """The JSON of page `number` of a file: its image's name under images/ and its (width, height)."""
    row = {"id": number, "file_name": name, "width": size[0], "height": size[1]}
    return json.dumps(row | {"page": id, "writer": writer, "source": source}, ensure_ascii=False)


def region_row(number: int, page: int, region: Region) -> str:
    """The JSON of annotation `number` of a file, on page `page` of it."""
    (left, top), (right, bottom) = region.polygon.min(axis=0).tolist(), region.polygon.max(axis=0).tolist()
    row: dict[str, Any] = {
        "id": number,
        "image_id": page,
        "category_id": CATEGORIES.index(region.category),
        "segmentation": [[_short(value) for value in region.polygon.ravel().tolist()]],
        "bbox": [_short(value) for value in (left, top, right - left, bottom - top)],
        "area": _short(_area(region.polygon)),
        "iscrowd": 0,
        "attributes": {"translation": region.text} if region.text else {},
    }
    if region.line is not None:
        row["group_id"] = region.line
    return json.dumps(row, ensure_ascii=False)


def _short(value: float) -> float:
    """To a hundredth of a pixel, whole numbers without a point."""
    rounded = round(value, 2)
    return int(rounded) if rounded.is_integer() else rounded


def _area(polygon: NDArray[np.float32]) -> float:
    """The area inside a polygon, by the shoelace formula."""
    x, y = polygon.astype(np.float64).T
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)


def document(image_rows: Iterable[str], region_rows: Iterable[str]) -> Iterator[str]:
    """The text of an annotation file piece by piece, from the JSON of its pages and regions."""
    yield '{"images": ['
    yield from _joined(image_rows)
    yield '\n], "annotations": ['
    yield from _joined(region_rows)
    names = [{"id": number, "name": name} for number, name in enumerate(CATEGORIES)]
    yield f'\n], "categories": {json.dumps(names)}}}\n'


def _joined(rows: Iterable[str]) -> Iterator[str]:
    for number, row in enumerate(rows):
        yield ("\n" if number == 0 else ",\n") + row
