"""What a reader found on pages, in the forms that people use; the suffix of the output chooses the form.

    .json         {"img.jpg": {"predictions": [{"polygon": [[x, y], ...], "text": "...", "confidence": .93, ...}]}}
    .txt          a line of text for each line of the page
    .page.xml     PAGE XML 2019        .alto.xml     ALTO 4
    .html         the page with its words, to look at in a browser
    .overlay.png  the page with its words' outlines

A page here is a `Page` whose regions are its words in reading order, with their lines, languages and confidences, and
whose id is the name of its file. JSON holds many pages, every other form is one file a page.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import Any

import numpy as np

from stackmix import images, result_html, result_overlay, result_xml
from stackmix.types import Page, Region

JSON = ".json"


def lines_of(page: Page) -> list[list[Region]]:
    """The words of each line of a page, in reading order."""
    return [list(words) for _, words in groupby(page.regions, key=lambda region: region.line)]


def text(page: Page) -> str:
    """The text of a page, word for word: spaces between words, a line feed after each line."""
    return "".join(" ".join(word.text for word in words if word.text) + "\n" for words in lines_of(page))


def row(page: Page) -> tuple[str, dict[str, Any]]:
    """The name of a page's file and what JSON holds of it, polygons in whole pixels."""
    found = []
    for region in page.regions:
        polygon = np.rint(region.polygon).astype(int).tolist()
        entry: dict[str, Any] = {"polygon": polygon, "text": region.text}
        if region.confidence is not None:
            entry["confidence"] = round(region.confidence, 4)
        found.append(entry | {"language": region.language, "line": region.line})
    return page.id, {"predictions": found}


def document(rows: Iterable[tuple[str, dict[str, Any]]]) -> Iterator[str]:
    """The JSON of many pages piece by piece, from the rows of each."""
    yield "{"
    for number, (name, found) in enumerate(rows):
        yield ("\n" if number == 0 else ",\n") + f"{json.dumps(name, ensure_ascii=False)}: "
        yield json.dumps(found, ensure_ascii=False)
    yield "\n}\n"


FORMS: dict[str, Callable[[Page], bytes]] = {
    ".txt": lambda page: text(page).encode(),
    ".page.xml": lambda page: result_xml.page_xml(page, lines_of(page)),
    ".alto.xml": lambda page: result_xml.alto(page, lines_of(page)),
    ".html": lambda page: result_html.html(page, lines_of(page)).encode(),
    ".overlay.png": lambda page: images.encode(result_overlay.overlay(page)),
}


def form_of(name: str) -> str | None:
    """The form that a name asks for by its suffix: form_of("a.page.xml") -> ".page.xml"; None for no known one."""
    return next((suffix for suffix in (JSON, *FORMS) if name.lower().endswith(suffix)), None)
