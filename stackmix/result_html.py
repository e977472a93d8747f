"""A page to look at in a browser: one file with the photo, its words' outlines, and its text beside it.

Pointing at a word, on the photo or in the text, marks it in both and says how sure the reader is; words that it is less
sure of than `LOW` are marked from the start. Nothing is fetched from anywhere, and every text is escaped.
"""

import base64
from html import escape

import cv2
import numpy as np

from stackmix import images
from stackmix.types import Image, Page, Region

LOW = 0.7  # confidence below which a word is marked
WIDEST = 1800  # columns of the photo

STYLE = """
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; color: #222; background: #f4f3ef; }
main { display: flex; gap: 1.5rem; padding: 1rem; align-items: flex-start; flex-wrap: wrap; }
figure { margin: 0; flex: 3 1 30rem; } svg { width: 100%; height: auto; display: block; background: #fff; }
section { flex: 2 1 20rem; background: #fff; padding: 1rem 1.25rem; } p { margin: 0 0 .3rem; }
polygon { fill: transparent; stroke: #2a6fbb; stroke-width: 2; vector-effect: non-scaling-stroke; }
polygon.low { stroke: #d0312d; } polygon.on { fill: rgba(255, 200, 0, .35); }
span.low { border-bottom: 2px solid #d0312d; } span.on { background: #ffe9a0; }
#about { min-height: 1.5em; color: #555; }
"""
SCRIPT = """
const about = document.getElementById("about");
function mark(event) {
  const number = event.target.getAttribute && event.target.getAttribute("data-word");
  for (const found of document.querySelectorAll(".on")) found.classList.remove("on");
  if (number === null || number === undefined) { about.textContent = ""; return; }
  for (const found of document.querySelectorAll(`[data-word="${number}"]`)) found.classList.add("on");
  about.textContent = event.target.getAttribute("data-about");
}
document.addEventListener("mouseover", mark);
"""


def html(page: Page, lines: list[list[Region]]) -> str:
    """The HTML file of a page and of the words of its lines."""
    height, width = page.image.shape[:2]
    words = [word for line in lines for word in line]
    title = escape(page.id)
    return f"""<!doctype html>
<html lang="{escape(_language(words))}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{STYLE}</style>
<main>
<figure>
<svg viewBox="0 0 {width} {height}" role="img" aria-label="{title}">
<image width="{width}" height="{height}" href="data:image/jpeg;base64,{_photo(page.image)}"/>
{"".join(_polygon(number, word) for number, word in enumerate(words))}</svg>
</figure>
<section>
<h1>{title}</h1>
<p id="about"></p>
{_text(lines)}</section>
</main>
<script>{SCRIPT}</script>
</html>
"""


def _language(words: list[Region]) -> str:
    found = [word.language for word in words if word.language]
    return max(set(found), key=found.count) if found else "und"


def _photo(image: Image) -> str:
    if image.shape[1] > WIDEST:
        size = (WIDEST, max(1, round(image.shape[0] * WIDEST / image.shape[1])))
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return base64.b64encode(images.encode(image, ".jpg", 85)).decode("ascii")


def _attributes(number: int, word: Region) -> str:
    """What both places of a word have: its number, what is known of it, and whether it is unsure."""
    known = [word.text or "(nothing read)"]
    known += [] if word.confidence is None else [f"{word.confidence:.0%} sure"]
    known += [word.language] if word.language else []
    low = word.confidence is not None and word.confidence < LOW
    return f'data-word="{number}" data-about="{escape(" · ".join(known))}"' + (' class="low"' if low else "")


def _polygon(number: int, word: Region) -> str:
    points = " ".join(f"{x:.0f},{y:.0f}" for x, y in np.rint(word.polygon).tolist())
    return f'<polygon points="{points}" {_attributes(number, word)}/>\n'


def _text(lines: list[list[Region]]) -> str:
    found, number = [], 0
    for words in lines:
        spans = []
        for word in words:
            spans.append(f"<span {_attributes(number, word)}>{escape(word.text)}</span>")
            number += 1
        found.append(f"<p>{' '.join(spans)}</p>\n")
    return "".join(found)
