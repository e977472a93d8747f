"""Words of a page as PAGE XML of 2019 (Pletschacher and Antonacopoulos 2010) and as ALTO 4 (Library of Congress).

One text region holds all lines in reading order; a line's outline is the hull of its words'.
"""

import re
from datetime import UTC, datetime
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

import cv2
import numpy as np
from numpy.typing import NDArray

from stackmix.types import Page, Region

PAGE = "http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15"
ALTO = "http://www.loc.gov/standards/alto/ns-v4#"
LANGUAGES = {"en": "English", "ru": "Russian", "kk": "Kazakh", "de": "German", "fr": "French"}  # as PAGE names them
UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0 has no place for these


def page_xml(page: Page, lines: list[list[Region]]) -> bytes:
    """A PAGE XML file; polygons in whole pixels on the page."""
    height, width = page.image.shape[:2]
    root = Element("PcGts", xmlns=PAGE)
    about = SubElement(root, "Metadata")
    SubElement(about, "Creator").text = "stackmix"
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    SubElement(about, "Created").text = SubElement(about, "LastChange").text = now
    sheet = SubElement(root, "Page", imageFilename=page.id, imageWidth=str(width), imageHeight=str(height))
    if not lines:
        return _bytes(root)
    order = SubElement(SubElement(sheet, "ReadingOrder"), "OrderedGroup", id="order")
    SubElement(order, "RegionRefIndexed", index="0", regionRef="r1")
    block = SubElement(sheet, "TextRegion", id="r1")
    SubElement(block, "Coords", points=_points(_hull(list(page.regions)), page))
    for number, words in enumerate(lines, 1):
        line = SubElement(block, "TextLine", id=f"r1l{number}")
        SubElement(line, "Coords", points=_points(_hull(words), page))
        for k, word in enumerate(words, 1):
            named = {"language": LANGUAGES[word.language]} if word.language in LANGUAGES else {}
            element = SubElement(line, "Word", {"id": f"r1l{number}w{k}"} | named)
            SubElement(element, "Coords", points=_points(word.polygon, page))
            sure = {} if word.confidence is None else {"conf": f"{word.confidence:.4f}"}
            SubElement(SubElement(element, "TextEquiv", sure), "Unicode").text = _writable(word.text)
        whole = " ".join(word.text for word in words if word.text)
        SubElement(SubElement(line, "TextEquiv"), "Unicode").text = _writable(whole)
    return _bytes(root)


def alto(page: Page, lines: list[list[Region]]) -> bytes:
    """An ALTO file in pixels."""
    height, width = page.image.shape[:2]
    root = Element("alto", xmlns=ALTO)
    about = SubElement(root, "Description")
    SubElement(about, "MeasurementUnit").text = "pixel"
    SubElement(SubElement(about, "sourceImageInformation"), "fileName").text = _writable(page.id)
    size = {"WIDTH": str(width), "HEIGHT": str(height)}
    sheet = SubElement(SubElement(root, "Layout"), "Page", {"ID": "p1", "PHYSICAL_IMG_NR": "1"} | size)
    space = SubElement(sheet, "PrintSpace", {"HPOS": "0", "VPOS": "0"} | size)
    if not lines:
        return _bytes(root)
    block = SubElement(space, "TextBlock", {"ID": "b1"} | _box(_hull(list(page.regions)), page))
    for number, words in enumerate(lines, 1):
        line = SubElement(block, "TextLine", {"ID": f"b1l{number}"} | _box(_hull(words), page))
        for k, word in enumerate(words, 1):
            if k > 1:
                SubElement(line, "SP")
            about_word = {"ID": f"b1l{number}w{k}", "CONTENT": _writable(word.text)} | _box(word.polygon, page)
            about_word |= {"LANG": word.language} if word.language else {}
            about_word |= {} if word.confidence is None else {"WC": f"{word.confidence:.4f}"}
            shape = SubElement(SubElement(line, "String", about_word), "Shape")
            SubElement(shape, "Polygon", POINTS=_points(word.polygon, page))
    return _bytes(root)


def _bytes(root: Element) -> bytes:
    ElementTree.indent(root, " ")
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"


def _writable(text: str) -> str:
    return UNWRITABLE.sub("\ufffd", text)


def _hull(words: list[Region]) -> NDArray[np.float32]:
    """The convex outline of words."""
    return cv2.convexHull(np.concatenate([word.polygon for word in words]).astype(np.float32))[:, 0]


def _on_page(polygon: NDArray[np.float32], page: Page) -> NDArray[np.int64]:
    """A polygon in whole pixels that lie on the page."""
    height, width = page.image.shape[:2]
    return np.clip(np.rint(polygon), 0, (width - 1, height - 1)).astype(np.int64)


def _points(polygon: NDArray[np.float32], page: Page) -> str:
    return " ".join(f"{x},{y}" for x, y in _on_page(polygon, page).tolist())


def _box(polygon: NDArray[np.float32], page: Page) -> dict[str, str]:
    low, high = (side.tolist() for side in (_on_page(polygon, page).min(axis=0), _on_page(polygon, page).max(axis=0)))
    places = {"HPOS": low[0], "VPOS": low[1], "WIDTH": high[0] - low[0], "HEIGHT": high[1] - low[1]}
    return {name: str(value) for name, value in places.items()}
