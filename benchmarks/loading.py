"""Samples a second that each recipe reads and prepares, beside a plain decoding loop; memory on 100,000 samples.

    python benchmarks/loading.py [--data DIR] [--count 20000] [--many 100000]

A folder in HKR's layout, one with labels.csv and one in the school notebooks' are made of words of the shipped library,
`--data` holds iam/ and hooker/. `read` decodes with two threads and hands over samples, `prepared` writes the sample
folder too. The plain loop lists the folder, reads each file's text and bytes and calls `cv2.imdecode`, in one thread;
for pages it decodes each once and slices boxes. Each figure is taken in a process of its own, wall-clock seconds; one
JSON line each, with the peak memory of that process.
"""

import argparse
import json
import multiprocessing
import re
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import cv2
import numpy as np
from memory import peak_memory

from stackmix import images, pages
from stackmix.datasets import decoding, folder, hkr, iam, page_xml, school_notebooks
from stackmix.datasets.decoding import Sheet
from stackmix.datasets.preparing import Report, prepare
from stackmix.library import SHIPPED, LetterLibrary
from stackmix.synthesis import Stacker
from stackmix.types import Region

DISTINCT = 400  # different words that the made folders repeat
PER_PAGE = 100  # words of a made page


def words(count: int) -> list[tuple[str, bytes, np.ndarray]]:
    """(text, JPEG, image) of some words in RGB on beige paper, 80 pixels high as HKR's are about."""
    stacker, rng = Stacker(LetterLibrary.load(SHIPPED), height=80), np.random.default_rng(0)
    texts = Path(__file__).parents[1].joinpath("examples", "ru.txt").read_text(encoding="utf-8").split()
    found = []
    for text in rng.choice(texts, count):
        ink = stacker.stack(re.sub(r"\W", "", text) or "а", rng).image[..., None] / 255.0
        image = (np.array([235, 228, 210]) * (0.15 + 0.85 * ink) + rng.normal(0, 4, (*ink.shape[:2], 3))).clip(0, 255)
        found.append((text, images.encode(image.astype(np.uint8), ".jpg", 90), image.astype(np.uint8)))
    return found


def make_hkr(root: Path, count: int) -> None:
    """RAW of HKR with `count` items, of which a tenth each is in val, test1 and test2."""
    made = words(DISTINCT)
    for name in ("img", "ann"):
        (root / name).mkdir(parents=True)
    stages = ("train",) * 7 + ("val", "test1", "test2")
    lines = ["id,stage"]
    for k in range(count):
        text, data, _ = made[k % DISTINCT]
        name = f"{k // 1000}_{k % 1000}_{k}"
        (root / "img" / f"{name}.jpg").write_bytes(data)
        (root / "ann" / f"{name}.json").write_text(json.dumps({"description": text, "name": name}), encoding="utf-8")
        lines.append(f"{name},{stages[k % 10]}")
    (root / hkr.SPLITS).write_text("\n".join(lines), encoding="utf-8")


def make_folder(root: Path, count: int) -> None:
    """RAW with labels.csv."""
    made = words(DISTINCT)
    (root / "images").mkdir(parents=True)
    rows = ["file_name,text"]
    for k in range(count):
        text, data, _ = made[k % DISTINCT]
        (root / "images" / f"{k}.jpg").write_bytes(data)
        rows.append(f"images/{k}.jpg,{text}")
    (root / "labels.csv").write_text("\n".join(rows), encoding="utf-8")


def make_notebooks(root: Path, count: int) -> None:
    """RAW of the public notebooks: pages of 100 words in octagons."""
    made = words(DISTINCT)
    (root / "images").mkdir(parents=True)
    image_rows, region_rows = [], []
    for page in range(count // PER_PAGE):
        sheet = np.full((2200, 3000, 3), (235, 228, 210), np.uint8)
        for k in range(PER_PAGE):
            text, _, image = made[(page * PER_PAGE + k) % DISTINCT]
            image = image[:, :580]
            (height, width), (y, x) = image.shape[:2], (20 + k // 5 * 105, 30 + k % 5 * 590)
            sheet[y : y + height, x : x + width] = image
            edge = [(0, 9), (9, 0), (width - 9, 0), (width, 9), (width, height - 9), (width - 9, height), (9, height)]
            region = Region(np.array([*edge, (0, height - 9)], np.float32) + np.float32((x, y)), text, line=k // 5)
            region_rows.append(pages.region_row(len(region_rows), page, region))
        (root / "images" / f"{page}.jpg").write_bytes(images.encode(sheet, ".jpg", 90))
        image_rows.append(pages.image_row(page, f"{page}.jpg", (3000, 2200), str(page), "", ""))
    text = "".join(pages.document(image_rows, region_rows))
    (root / "annotations_train.json").write_text(text, encoding="utf-8")


def plain_hkr(root: Path) -> int:
    """The plain loop over img/ and ann/."""
    count = 0
    for path in sorted((root / "img").iterdir()):
        json.loads((root / "ann" / f"{path.stem}.json").read_text(encoding="utf-8"))
        count += cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR) is not None
    return count


def plain_folder(root: Path) -> int:
    """The plain loop over the rows of labels.csv."""
    count = 0
    for line in (root / "labels.csv").read_text(encoding="utf-8").splitlines()[1:]:
        data = np.fromfile(root / line.split(",")[0], np.uint8)
        count += cv2.imdecode(data, cv2.IMREAD_COLOR) is not None
    return count


def plain_pages(entries: Iterable) -> int:
    """Decode each page once and slice the boxes of its words or lines."""
    count, name, page = 0, None, np.zeros((0, 0), np.uint8)
    for entry in entries:
        if not hasattr(entry, "store"):
            continue
        if entry.name != name:
            name = entry.name
            page = cv2.imdecode(np.frombuffer(entry.store.read(name), np.uint8), cv2.IMREAD_ANYCOLOR)
        if not isinstance(entry, Sheet):
            left, top = entry.polygon.min(axis=0).astype(int)
            right, bottom = entry.polygon.max(axis=0).astype(int)
            page[max(top, 0) : bottom, max(left, 0) : right].copy()
        count += 1
    return count


def entries_of(kind: str, root: Path) -> Iterable:
    """The entries of one of the recipes measured here."""
    recipes: dict[str, Callable[[], Iterable]] = {
        "hkr": lambda: hkr.entries(root),
        "folder": lambda: folder.entries(root),
        "school-notebooks": lambda: school_notebooks.entries(root),
        "iam words": lambda: iam.entries(root),
        "iam lines": lambda: iam.entries(root, unit="line"),
        "iam pages": lambda: iam.entries(root, unit="page"),
        "hooker lines": lambda: page_xml.entries(root),
    }
    return recipes[kind]()


def read(kind: str, root: Path) -> int:
    """Samples handed over."""
    return sum(1 for _ in decoding.read(entries_of(kind, root)))


def prepared(kind: str, root: Path) -> int:
    """Samples or pages written."""
    report, place = Report(), tempfile.mkdtemp()
    prepare(entries_of(kind, root), Path(place) / "out", title=kind, body="", report=report)
    return sum(tally.samples for tally in report.splits.values())


def plain(kind: str, root: Path) -> int:
    """Samples or pages decoded by the plain loop."""
    own = {"hkr": plain_hkr, "folder": plain_folder}
    return own[kind](root) if kind in own else plain_pages(entries_of(kind, root))


def timed(work: Callable[[str, Path], int], kind: str, root: Path, place: str) -> tuple[int, float, float, int]:
    """Count, wall and CPU seconds, and peak bytes of this process; what it writes lies in `place`."""
    tempfile.tempdir = place
    start, process = time.perf_counter(), time.process_time()
    count = work(kind, root)
    return count, time.perf_counter() - start, time.process_time() - process, peak_memory()


def measure(kind: str, root: Path, *works: Callable[[str, Path], int]) -> None:
    """One JSON line for each way to go through a folder, every one in a fresh process."""
    for work in works:
        # what was written is removed after the clock has stopped
        with (
            tempfile.TemporaryDirectory(prefix="loading") as place,
            multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool,
        ):
            count, seconds, process, peak = pool.apply(timed, (work, kind, root, place))
        figure = {"figure": f"{kind}, {work.__name__}", "value": round(count / seconds), "unit": "samples/s"}
        about = {"samples": count, "cpu_seconds": round(process, 1), "peak_mb": round(peak / 1e6)}
        print(json.dumps(figure | about), flush=True)


def main() -> None:
    """Measure; one JSON line a figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="a folder that holds iam/ and hooker/")
    parser.add_argument("--count", type=int, default=20_000, help="samples of the made folders")
    parser.add_argument("--many", type=int, default=100_000, help="samples of the folder that memory is measured on")
    options = parser.parse_args()
    for kind, make in (("hkr", make_hkr), ("folder", make_folder), ("school-notebooks", make_notebooks)):
        with tempfile.TemporaryDirectory(prefix="loading") as place:
            make(Path(place) / "raw", options.count)
            measure(kind, Path(place) / "raw", plain, read, prepared)
    if options.many:
        with tempfile.TemporaryDirectory(prefix="loading") as place:
            make_hkr(Path(place) / "raw", options.many)
            measure("hkr", Path(place) / "raw", read, prepared)
    if options.data:
        for kind in ("iam words", "iam lines", "iam pages"):
            measure(kind, options.data / "iam", plain, *([read] if kind != "iam pages" else []), prepared)
        measure("hooker lines", options.data / "hooker", plain, read, prepared)


if __name__ == "__main__":
    main()
