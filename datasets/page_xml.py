"""PAGE XML (Pletschacher and Antonacopoulos 2010), as Transkribus, eScriptorium and Aletheia write it, 2009 to 2019.

<Page imageFilename="JDH_2_16_160_002.jpg" imageWidth="1366" imageHeight="1064">
  <TextRegion> <TextLine id="r1l1"> <Coords points="164,378 702,353 ..."/>
      <Word> <Coords points="..."/> <TextEquiv> <Unicode>one</Unicode> </TextEquiv> </Word>
      <TextEquiv> <Unicode>distinction, &amp; one wholly to my</Unicode> </TextEquiv>
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np
from numpy.typing import NDArray

from stackmix.datasets import decoding, markup, page_files
from stackmix.datasets.decoding import Entry
from stackmix.datasets.page_files import Described, NotThis, clean
from stackmix.datasets.reporting import Report
from stackmix.types import DataError, Page, Region, Sample

TITLE = "{unit}s out of PAGE XML"
BODY = "Cut out of page images by PAGE XML files. Their licence is that of the pages."


def read(root: Path | str, *, report: Report | None = None, **options: Any) -> Iterator[Sample]:
    """Yield the lines or words of a folder with PAGE XML files; options and errors as `entries`."""
    report = Report() if report is None else report
    return decoding.read(entries(root, report=report, **options), report)


def read_pages(root: Path | str, *, report: Report | None = None, **options: Any) -> Iterator[Page]:
    """Yield the pages of a folder with PAGE XML files; options and errors as `entries`."""
    report = Report() if report is None else report
    return decoding.read_pages(entries(root, unit="page", report=report, **options), report)


def entries(
    root: Path | str, *, unit: str = "line", split: str | None = None, report: Report | None = None
) -> Iterator[Entry]:
    """Name the words, lines or pages (`unit`) of a folder with PAGE XML files; DataError where it has none."""
    return page_files.entries(Path(root), parse, "PAGE XML", unit, split, report or Report())


def parse(data: bytes, name: str) -> Described:
    """What a PAGE XML file says of its page; NotThis for other XML, DataError for broken files."""
    root = markup.parse(data, name)
    page = root.find("Page")
    if root.tag != "PcGts" or page is None:
        raise NotThis
    regions: list[Region] = []
    for number, line in enumerate(_lines(page)):
        words = [Region(_coords(word, name), _text(word), "pupil_text", number) for word in line.iter("Word")]
        text = _text(line) or " ".join(word.text for word in words if word.text)
        regions += [*words, Region(_coords(line, name), text, "text_line", number)]
    size = (_whole(page.get("imageWidth")), _whole(page.get("imageHeight")))
    return Described(page.get("imageFilename", ""), size, tuple(regions))


def _lines(page: Element) -> list[Element]:
    """The lines, their regions in the reading order where one is given, otherwise as they stand in the file."""
    references = sorted(page.iter("RegionRefIndexed"), key=lambda found: _whole(found.get("index")))
    place = {found.get("regionRef"): number for number, found in enumerate(references)}
    blocks = sorted(page.iter("TextRegion"), key=lambda block: place.get(block.get("id"), len(place)))
    return [line for block in blocks for line in block.findall("TextLine")]


def _text(element: Element) -> str:
    """The text of an element itself: of several readings the first by index."""
    readings = [found for found in element if found.tag == "TextEquiv"]
    readings.sort(key=lambda reading: _whole(reading.get("index")))
    return clean(readings[0].findtext("Unicode")) if readings else ""


def _coords(element: Element, name: str) -> NDArray[np.float32]:
    """(N, 2); an empty one where there are no coordinates. Until 2010 points were elements of their own."""
    found = element.find("Coords")
    if found is None:
        return np.zeros((0, 2), np.float32)
    pairs = [point.split(",") for point in found.get("points", "").split()]
    pairs = pairs or [[point.get("x", ""), point.get("y", "")] for point in found.iter("Point")]
    try:
        polygon = np.array(pairs, np.float32).reshape(-1, 2)
    except ValueError:
        raise DataError(f"{name}: the points {found.get('points', '')[:60]!r} are no pairs of numbers") from None
    if not np.isfinite(polygon).all():
        raise DataError(f"{name}: the points {found.get('points', '')[:60]!r} are not finite")
    return polygon


def _whole(digits: str | None) -> int:
    return int(digits) if digits and digits.isdigit() else 0
