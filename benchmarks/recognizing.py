"""How much memory `stackmix recognize` takes at most, and how long a page takes it.

    python benchmarks/recognizing.py models [--count 8] [--seed 0]

Made pages, blown up and written as JPEG: `count` photos of 12 megapixels, then four pages as large as are read at all,
and one of these as PNG with transparency, which takes the most. Every row is a fresh process that reads a folder into
one JSON, or into all forms; its peak is that of the whole process, with torch in it. One JSON line a row.
"""

import argparse
import json
import multiprocessing
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
from memory import peak_memory

from stackmix import images, page_making
from stackmix.corpus import fit, read
from stackmix.library import SHIPPED, LetterLibrary
from stackmix.page_making import PageMaker, PageOrder
from stackmix.results import FORMS, JSON

CORPUS = Path(__file__).parents[1] / "examples" / "ru.txt"
PHOTO, LARGEST = (3000, 4000), (6600, 9000)  # columns and rows
BOUND = 1500  # MB


def make(root: Path, count: int, seed: int) -> None:
    """The folders of pages."""
    page_making.SPREADS = 0.0
    library = LetterLibrary.load(SHIPPED)
    maker = PageMaker(PageOrder(SHIPPED, fit(read(CORPUS, "line"), library.index.alphabet), None, seed), library)
    for name in ("photos", "largest", "transparent"):
        (root / name).mkdir(parents=True)
    for k in range(count):
        page = maker.make(k)[0].image
        images.write(root / "photos" / f"{k}.jpg", cv2.resize(page, PHOTO, interpolation=cv2.INTER_CUBIC), 90)
        if k < 4:
            large = cv2.resize(page, LARGEST, interpolation=cv2.INTER_CUBIC)
            images.write(root / "largest" / f"{k}.jpg", large, 90)
    opaque = np.full((*large.shape[:2], 1), 255, np.uint8)
    _, data = cv2.imencode(".png", np.concatenate([large[..., ::-1], opaque], axis=2))
    (root / "transparent" / "0.png").write_bytes(data.tobytes())


def recognized(models: Path, folder: Path, forms: tuple[str, ...]) -> tuple[int, float, int]:
    """Pages read, seconds, and the peak memory of this process."""
    from stackmix.train import recognizing
    from stackmix.train.pages import PageReader

    reader, found = PageReader.from_pretrained(models), recognizing.sources([folder])
    start = time.perf_counter()
    out = folder.with_suffix(JSON if forms == (JSON,) else ".out")
    skipped = recognizing.recognize(reader, found, out, forms, resume=False, tick=lambda n: None)
    return len(found) - len(skipped), time.perf_counter() - start, peak_memory()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=Path, help="a folder of model folders, as `stackmix recognize` takes it")
    parser.add_argument("--count", type=int, default=8, help="photos of 12 megapixels")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    every = (JSON, *FORMS)
    with tempfile.TemporaryDirectory(prefix="recognizing") as place:
        make(Path(place), options.count, options.seed)
        for name, forms in (("photos", (JSON,)), ("photos", every), ("largest", (JSON,)), ("transparent", (JSON,))):
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                pages, seconds, peak = pool.apply(recognized, (options.models, Path(place) / name, forms))
            row = {"figure": f"{name} read into {'JSON' if forms == (JSON,) else 'all forms'}"}
            row |= {"value": round(peak / 1e6), "unit": "MB at most", "bound_value": BOUND}
            print(json.dumps(row | {"pages": pages, "seconds_a_page": round(seconds / pages, 2)}), flush=True)


if __name__ == "__main__":
    main()
