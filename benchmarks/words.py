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
from pathlib import Path

import cv2
import numpy as np

from stackmix import images, pages
from stackmix.datasets import iam, iam_lists
from stackmix.datasets.iam_lists import Item
from stackmix.datasets.reporting import Report
from stackmix.train.finding import Found, open_finder
from stackmix.train.page_pool import is_sign
from stackmix.train.word_scoring import Polygon, score, total
from stackmix.types import Image, Region


def truth_of(items: list[Item]) -> tuple[list[Polygon], list[bool]]:
    """Boxes of a form, and which of them count on neither side."""
    placed = [item for item in items if item.box[2] > 0 and item.box[3] > 0]
    boxes = [pages.box(*item.box) for item in placed]
    regions = [Region(polygon, item.text) for polygon, item in zip(boxes, placed, strict=True)]
    passed = [not i.ok or not i.text or is_sign(r) for i, r in zip(placed, regions, strict=True)]
    return boxes, passed


def overlay(page: Image, found: list[Found], true: list[Polygon], ignored: list[bool]) -> Image:
    """The page at half its size, true words green, those that don't count yellow, found ones red."""
    picture = np.ascontiguousarray(np.stack([cv2.resize(images.grey(page), None, fx=0.5, fy=0.5)] * 3, axis=-1))
    for polygon, passed in zip(true, ignored, strict=True):
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
    items = defaultdict(list)
    for item in iam_lists.parse(iam_lists.find(options.data, "words.txt"), "word", Report()):
        items[item.form].append(item)
    forms = [page for page in iam.read_pages(options.data, split=options.split) if items[page.id]]
    counts, seconds, processor = [], [], []
    for page in forms:
        wall, cpu = time.perf_counter(), time.process_time()
        found = finder.find(page.image)
        seconds.append(time.perf_counter() - wall)
        processor.append(time.process_time() - cpu)
        boxes, ignored = truth_of(items[page.id])
        counts.append(score([word.polygon for word in found], boxes, ignored))
        if options.overlays:
            options.overlays.mkdir(parents=True, exist_ok=True)
            picture = overlay(page.image, found, boxes, ignored)
            images.write(options.overlays / f"{counts[-1].f1:.3f}-{page.id}.png", picture)
    summed = total(counts)
    writers = len({page.writer for page in forms})
    about = {"forms": len(forms), "writers": writers, "true": summed.true, "found": summed.found, "right": summed.right}
    line = {
        "figure": f"word F1 at IoU .5, IAM bilevel part, {options.split}",
        "value": round(summed.f1, 4),
        "unit": "F1",
    }
    print(json.dumps(line | about | {"worst_form": round(min(c.f1 for c in counts), 3)}), flush=True)
    middle = {"value": round(float(np.median(seconds)), 3), "cpu_s": round(float(np.median(processor)), 3)}
    print(json.dumps({"figure": "finding the words of a form of 2479x3542 pixels", "unit": "s"} | middle), flush=True)


if __name__ == "__main__":
    main()
