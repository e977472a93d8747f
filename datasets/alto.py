"""ALTO (Library of Congress, versions 2 to 4), the page format of library digitisation.

    <MeasurementUnit>pixel</MeasurementUnit> ... <fileName>a.jpg</fileName>
    <Page WIDTH="1366" HEIGHT="1064">
      <TextLine HPOS="164" VPOS="353" WIDTH="1006" HEIGHT="61"> <Shape><Polygon POINTS="164,378 702,353 ..."/></Shape>
          <String CONTENT="one" HPOS="..." VPOS="..." WIDTH="..." HEIGHT="..."/> <SP/> <HYP CONTENT="-"/>

Places in tenths of a millimetre (mm10) or 1200ths of an inch (inch1200) are scaled by the size of the page, which is
said in the same unit, or else by the resolution that the picture's own header gives.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np
from numpy.typing import NDArray

from stackmix import pages
from stackmix.datasets import decoding, markup, page_files
from stackmix.datasets.decoding import Entry
from stackmix.datasets.page_files import Described, NotThis, clean
from stackmix.datasets.reporting import Report
from stackmix.types import DataError, Page, Region, Sample

TITLE = "{unit}s out of ALTO"
BODY = "Cut out of page images by ALTO files. Their licence is that of the pages."
PER_INCH = {"mm10": 254.0, "inch1200": 1200.0}


def read(root: Path | str, *, report: Report | None = None, **options: Any) -> Iterator[Sample]:
    """Yield the lines or words of a folder with ALTO files; options and errors as `entries`."""
    report = Report() if report is None else report
    return decoding.read(entries(root, report=report, **options), report)


def read_pages(root: Path | str, *, report: Report | None = None, **options: Any) -> Iterator[Page]:
    """Yield the pages of a folder with ALTO files; options and errors as `entries`."""
    report = Report() if report is None else report
    return decoding.read_pages(entries(root, unit="page", report=report, **options), report)


def entries(
    root: Path | str, *, unit: str = "line", split: str | None = None, report: Report | None = None
) -> Iterator[Entry]:
    """Name the words, lines or pages (`unit`) of a folder with ALTO files; DataError where it has none."""
    return page_files.entries(Path(root), parse, "ALTO", unit, split, report or Report())


def parse(data: bytes, name: str) -> Described:
    """What an ALTO file says of its page; NotThis for other XML, DataError for a broken file or one without sizes."""
    root = markup.parse(data, name)
    page = root.find("Layout/Page")
    if root.tag != "alto" or page is None:
        raise NotThis
    regions: list[Region] = []
    for number, line in enumerate(page.iter("TextLine")):
        words = [Region(_place(word, name), clean(word.get("CONTENT")), line=number) for word in line.iter("String")]
        ends = "".join(found.get("CONTENT", "-") for found in line.iter("HYP"))
        text = " ".join(word.text for word in words if word.text) + ends
        regions += [*words, Region(_place(line, name), clean(text), "text_line", number)]
    picture = root.findtext("Description/sourceImageInformation/fileName", "").strip()
    unit = root.findtext("Description/MeasurementUnit", "pixel").strip()
    return Described(picture, _size(page, unit, name), tuple(regions), PER_INCH.get(unit, 0.0))


def _size(page: Element, unit: str, name: str) -> tuple[int, int]:
    if unit != "pixel" and unit not in PER_INCH:
        raise DataError(f"{name}: MeasurementUnit {unit!r} is none of pixel, mm10, inch1200")
    width, height = (round(_number(page.get(side), name)) if page.get(side) else 0 for side in ("WIDTH", "HEIGHT"))
    return (width, height) if width > 0 and height > 0 else (0, 0)


def _place(element: Element, name: str) -> NDArray[np.float32]:
    """(N, 2): the polygon of an element, or its box; an empty one where it has neither."""
    polygon = element.find("Shape/Polygon")
    if polygon is not None:
        numbers = [_number(part, name) for part in polygon.get("POINTS", "").replace(",", " ").split()]
        if len(numbers) % 2:
            raise DataError(f"{name}: the points {polygon.get('POINTS', '')[:60]!r} are no pairs of numbers")
        return np.array(numbers, np.float32).reshape(-1, 2)
    if any(element.get(side) is None for side in ("HPOS", "VPOS", "WIDTH", "HEIGHT")):
        return np.zeros((0, 2), np.float32)
    return pages.box(*(_number(element.get(side), name) for side in ("HPOS", "VPOS", "WIDTH", "HEIGHT")))


def _number(digits: str | None, name: str) -> float:
    try:
        number = float(digits or "")
    except ValueError:
        number = float("nan")
    if not np.isfinite(number):
        raise DataError(f"{name}: {digits!r} is no number")
    return number
