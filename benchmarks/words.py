"""How well a word finder finds the words of IAM's forms, and how long it takes.

    stackmix prepare iam RAW --unit page --out pages/iam
    stackmix train words pages/iam --out models/words
    python benchmarks/words.py RAW models/words [--split val] [--overlays DIR]

F1 at an intersection over union of a half, of the boxes of words.txt, one to one. Boxes without a letter or digit, and
those marked as faulty (err), count on neither side; forms without words in words.txt are left out. Each line is JSON.
"""

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

from stackmix import images
from stackmix.datasets import iam, iam_lists
from stackmix.datasets.reporting import Report
from stackmix.train.finding import Found, open_finder
from stackmix.train.page_pool import is_sign
from stackmix.train.word_scoring import Counts, Polygon, score, total
from stackmix.types import Image, Page


class Form(NamedTuple):
    """A form, the polygons of its words, and which of them count on neither side."""

    page: Page
    words: list[Polygon]
    ignored: list[bool]


def forms_of(data: Path, split: str) -> Iterator[Form]:
    """The forms of a split that have words in words.txt."""
    items = defaultdict(list)
    for item in iam_lists.parse(iam_lists.find(data, "words.txt"), "word", Report()):
        if item.box[2] > 0 and item.box[3] > 0:
            items[item.form].append(item)
    for page in iam.read_pages(data, split=split):
        regions = [region for region in page.regions if region.category == "pupil_text"]
        pairs = zip(items[page.id], regions, strict=True)
        ignored = [not item.ok or not region.text or is_sign(region) for item, region in pairs]
        if regions:
            yield Form(page, [region.polygon for region in regions], ignored)


def found_line(split: str, writers: list[str], counts: list[Counts]) -> dict[str, Any]:
    """The JSON line of what was found on forms, given the writer of each."""
    summed = total(counts)
    return {
        "figure": f"word F1 at IoU .5, IAM bilevel part, {split}",
        "value": round(summed.f1, 4),
        "unit": "F1",
        "forms": len(counts),
        "writers": len(set(writers)),
        "true": summed.true,
        "found": summed.found,
        "right": summed.right,
        "worst_form": round(min(count.f1 for count in counts), 3),
    }


def overlay(form: Form, found: list[Found]) -> Image:
    """The page at half its size, true words green, those that don't count yellow, found ones red."""
    half = cv2.resize(images.grey(form.page.image), None, fx=0.5, fy=0.5)
    picture = np.ascontiguousarray(np.stack([half] * 3, axis=-1))
    for polygon, passed in zip(form.words, form.ignored, strict=True):
        colour = (220, 180, 0) if passed else (0, 150, 0)
        cv2.polylines(picture, [np.round(polygon / 2).astype(np.int32)], True, colour, 2)
    for word in found:
        cv2.polylines(picture, [np.round(word.polygon / 2).astype(np.int32)], True, (220, 0, 0), 2)
    return picture


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="IAM in its official layout, with whole forms")
    parser.add_argument("model", type=Path, help="a model folder of `stackmix train words`")
    parser.add_argument("--split", default="val")
    parser.add_argument("--overlays", type=Path, help="a folder for pictures of every form with what was found")
    options = parser.parse_args()
    finder = open_finder(options.model)
    forms = list(forms_of(options.data, options.split))
    counts, seconds, processor = [], [], []
    for form in forms:
        wall, cpu = time.perf_counter(), time.process_time()
        found = finder.find(form.page.image)
        seconds.append(time.perf_counter() - wall)
        processor.append(time.process_time() - cpu)
        counts.append(score([word.polygon for word in found], form.words, form.ignored))
        if options.overlays:
            options.overlays.mkdir(parents=True, exist_ok=True)
            picture = overlay(form, found)
            images.write(options.overlays / f"{counts[-1].f1:.3f}-{form.page.id}.png", picture)
    print(json.dumps(found_line(options.split, [form.page.writer for form in forms], counts)), flush=True)
    middle = {"value": round(float(np.median(seconds)), 3), "cpu_s": round(float(np.median(processor)), 3)}
    print(json.dumps({"figure": "finding the words of a form of 2479x3542 pixels", "unit": "s"} | middle), flush=True)


if __name__ == "__main__":
    main()
