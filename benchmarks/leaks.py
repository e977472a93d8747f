"""How surely planted copies are found, and how often two different pictures are taken for copies.

    python benchmarks/leaks.py samples/iam

Copies of random training pictures are compared with all training pictures; validation pictures, of which none is a
copy, with the same. The writers of both splits are halved by a checksum: limits were chosen on the one half (and the
least ink after two full stops of a test split), figures are of the other. Every picture counts, also a full stop that
nobody can tell from the next. Wall-clock and CPU seconds of one process, OpenCV on one thread, numpy too with
OMP_NUM_THREADS=1.
"""

import argparse
import json
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from tqdm import tqdm

from stackmix import images, samples
from stackmix.fingerprints import fingerprint, pixel_hash
from stackmix.likeness import LEAST_INK, Copy, Prints, copies
from stackmix.types import Image

RESULTS = Path(__file__).parent / "results" / "leaks.jsonl"
PLANTED = 2000
SHIFTS = [(x, y) for x in (-2, 0, 2) for y in (-2, 0, 2) if x or y]
Plant = Callable[[Image, np.random.Generator], Image]


def jpeg(image: Image, rng: np.random.Generator) -> Image:
    """The picture after JPEG of quality 70."""
    return images.decode(images.encode(image, ".jpg", 70))


def scaled(by: float, how: int) -> Plant:
    """The picture at another size."""

    def plant(image: Image, rng: np.random.Generator) -> Image:
        size = (max(1, round(image.shape[1] * by)), max(1, round(image.shape[0] * by)))
        return cv2.resize(image, size, interpolation=how)

    return plant


def moved(image: Image, rng: np.random.Generator) -> Image:
    """The picture moved by 2 px inside its frame: IAM's are cut to their ink, so ink is lost on one side or two."""
    x, y = SHIFTS[rng.integers(len(SHIFTS))]
    step = np.array([[1, 0, x], [0, 1, y]], np.float32)
    return cv2.warpAffine(image, step, (image.shape[1], image.shape[0]), borderValue=(255.0,))


def framed(image: Image, rng: np.random.Generator) -> Image:
    """The picture moved by 2 px in a frame that is 2 px wider on each side: no ink is lost."""
    x, y = SHIFTS[rng.integers(len(SHIFTS))]
    return cv2.copyMakeBorder(image, 2 + y, 2 - y, 2 + x, 2 - x, cv2.BORDER_CONSTANT, value=(255.0,))


PLANTS: dict[str, Plant] = {
    "same pixels": lambda image, rng: image,
    "JPEG 70": jpeg,
    "5 % larger, linear": scaled(1.05, cv2.INTER_LINEAR),
    "5 % larger, cubic": scaled(1.05, cv2.INTER_CUBIC),
    "5 % smaller, area": scaled(0.95, cv2.INTER_AREA),
    "5 % smaller, linear": scaled(0.95, cv2.INTER_LINEAR),
    "2 px shift in its frame": moved,
    "2 px shift in a wider frame": framed,
}


class Pictures:
    """The pictures of a split whose writers are of one half, or of both where half is None."""

    def __init__(self, folder: Path, split: str, half: int | None) -> None:
        rows = samples.rows(folder, split)
        mine = [row for row in rows if half is None or zlib.crc32(row["writer"].encode()) % 2 == half]
        start = time.process_time()
        found = [samples.load(folder, split, row) for row in tqdm(mine, desc=split)]
        self.pictures = [one.image for one in found]
        self.ids = [one.id for one in found]
        self.prints = Prints.of([fingerprint(image) for image in self.pictures])
        self.hashes = list(map(pixel_hash, self.pictures))
        self.seconds = time.process_time() - start


def found_by(asked: Pictures | tuple[list[Image], Prints], base: Pictures) -> list[Copy]:
    """The copies that are found."""
    pictures, prints = (asked.pictures, asked.prints) if isinstance(asked, Pictures) else asked
    return list(copies(prints, base.prints, pictures.__getitem__, base.pictures.__getitem__))


class Figures:
    """Prints each figure as a JSON line and keeps them for the results file."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def report(self, figure: str, value: float, unit: str, **more: Any) -> None:
        self.lines.append(json.dumps({"figure": figure, "value": value, "unit": unit, **more}, ensure_ascii=False))
        print(self.lines[-1], flush=True)


def false_pairs(base: Pictures, other: Pictures, figures: Figures) -> None:
    """What is found where nothing was planted, and how long the search takes."""
    clock, cpu = time.perf_counter(), time.process_time()
    found = found_by(other, base)
    clock, cpu = time.perf_counter() - clock, time.process_time() - cpu
    pairs = len(base.ids) * len(other.ids)
    named = [[other.ids[copy.first], base.ids[copy.second], round(copy.likeness, 4)] for copy in found]
    count = {"false": len(found), "val_images": len(other.ids), "train_images": len(base.ids), "pairs": named}
    figures.report("validation images taken for copies", 100 * len(found) / len(other.ids), "%", **count)
    figures.report("false pairs of all pairs", 100 * len(found) / pairs, "%", all_pairs=pairs)
    faint = other.prints.areas < LEAST_INK
    twins = sum(hash in set(base.hashes) for hash in other.hashes)
    figures.report("validation images of too little ink", 100 * float(faint.mean()), "%", same_pixels_in_train=twins)
    looked = base.seconds + other.seconds
    more = {"cpu_seconds": round(cpu, 2), "cpu_seconds_of_reading": round(looked, 2)}
    figures.report("comparing", round(clock, 2), "seconds", val=len(other.ids), train=len(base.ids), **more)


def recall(base: Pictures, half: int | None, folder: Path, figures: Figures) -> None:
    """Copies of PLANTED training pictures, of writers of the reported half, planted in each way."""
    rows = samples.rows(folder, "train")
    able = [k for k, row in enumerate(rows) if half is None or zlib.crc32(row["writer"].encode()) % 2 == half]
    chosen = np.random.default_rng(5).permutation(able)[:PLANTED]
    for name, plant in PLANTS.items():
        rng = np.random.default_rng(6)
        planted = [plant(base.pictures[k], rng) for k in chosen]
        prints = Prints.of([fingerprint(image) for image in planted])
        found = found_by((planted, prints), base)
        right = {copy.first for copy in found if base.hashes[copy.second] == base.hashes[chosen[copy.first]]}
        faint = int((prints.areas < LEAST_INK).sum())
        more = {"planted": len(chosen), "missed": len(chosen) - len(right), "of_them_too_little_ink": faint}
        figures.report(f"found: {name}", 100 * len(right) / len(chosen), "%", **more)


def main() -> None:
    """Measure; one JSON line a figure, also into benchmarks/results/leaks.jsonl."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="a sample folder with train and val")
    parser.add_argument("--half", choices=("tuning", "reported", "all"), default="reported")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    half = {"tuning": 0, "reported": 1, "all": None}[options.half]
    figures = Figures()
    base, other = Pictures(options.data, "train", None), Pictures(options.data, "val", half)
    false_pairs(base, other, figures)
    recall(base, half, options.data, figures)
    if options.half != "tuning":
        path = RESULTS.with_stem("leaks" if half is not None else "leaks-all")
        path.write_text("\n".join(figures.lines) + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
