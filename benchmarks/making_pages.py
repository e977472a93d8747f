"""How fast notebook pages are made, on one core, in CPU seconds: single pages of 1,400 x 2,000 pixels, JPEG included.

    python benchmarks/making_pages.py [--count 30] [--seed 0]

Pages of the shipped library and the Russian example corpus, with strike-outs and a teacher's marks; spreads are passed
over, and pages with fewer than 150 words. The bound is what cannot be left out: encoding the same photos as JPEG at the
same quality. A stage's share is that of the CPU time of a whole page. Compiled code is warm; the seconds of the first
page, with the compiled code on disk, are told beside it. One JSON line goes to stdout.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from stackmix import camera, exposure, images, page_making
from stackmix.blots.school import SchoolMarks
from stackmix.corpus import fit, read
from stackmix.library import SHIPPED, LetterLibrary
from stackmix.page_making import PageMaker, PageOrder
from stackmix.page_writing import Pupil

CORPUS = Path(__file__).parents[1] / "examples" / "ru.txt"
LEAST = 150  # words of a page that counts


class Clock:
    """Seconds spent in functions that are wrapped, CPU time by default: `Clock().watch(module, "name", "stage")`."""

    def __init__(self, now: Callable[[], float] = time.process_time) -> None:
        self.now = now
        self.spent: dict[str, float] = {}

    def watch(self, owner: Any, name: str, stage: str) -> None:
        inner: Callable[..., Any] = getattr(owner, name)

        def timed(*args: Any, **options: Any) -> Any:
            start = self.now()
            found = inner(*args, **options)
            self.spent[stage] = self.spent.get(stage, 0.0) + self.now() - start
            return found

        setattr(owner, name, timed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    page_making.SPREADS = 0.0
    library = LetterLibrary.load(SHIPPED)
    corpus = fit(read(CORPUS, "line"), library.index.alphabet)
    maker = PageMaker(PageOrder(SHIPPED, corpus, None, options.seed, marks=SchoolMarks()), library)
    start = time.process_time()
    maker.make(0)
    first = time.process_time() - start
    for i in range(1, 5):  # each way to print and to correct has been compiled or loaded then
        maker.make(i)
    clock = Clock()
    clock.watch(Pupil, "write", "stacking and flowing")
    clock.watch(PageMaker, "_painted", "painting")
    clock.watch(camera, "net", "camera")
    clock.watch(camera, "photographed", "camera")
    for name in ("desk", "light_on", "exposed"):
        clock.watch(exposure, name, "exposure")
    whole, encoding, words = [], [], []
    i = 5
    while len(whole) < options.count:
        start = time.process_time()
        page, quality = maker.make(i)
        made = time.process_time()
        images.encode(page.image, ".jpg", quality)
        end = time.process_time()
        count = sum(region.category == "pupil_text" for region in page.regions)
        if count >= LEAST:
            whole.append(end - start)
            encoding.append(end - made)
            words.append(count)
        i += 1
    total = i - 5
    row = {
        "figure": "pages of 1400x2000 made",
        "value": round(1 / np.mean(whole), 2),
        "unit": "pages per CPU second, one core, JPEG included",
        "slowest_s": round(max(whole), 3),
        "words": round(float(np.mean(words))),
        "bound": "cv2.imencode of the same photos",
        "bound_value": round(1 / np.mean(encoding), 1),
        "ms_by_stage": {stage: round(1000 * spent / total, 1) for stage, spent in clock.spent.items()},
        "first_page_s": round(first, 2),
        "pages": len(whole),
    }
    print(json.dumps(row))


if __name__ == "__main__":
    main()
