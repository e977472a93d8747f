"""Speed of cutting and indexing a letter library, and its size.

    python benchmarks/library.py samples/iam --lines samples/iam-lines --aligner models/aligner

Words a second through both networks; lines a second of forced alignment, cutting, measuring and indexing given their
emissions and border maps; bytes of the library beside those of its source images. Wall-clock seconds on all cores;
where CPU seconds are meant, the unit says so. How long it takes to open is measured by benchmarks/opening.py.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from tqdm import tqdm

from stackmix import samples
from stackmix.cutting import cut
from stackmix.library import FILE, LetterLibrary
from stackmix.train.aligning import emitted
from stackmix.train.borders import SHIPPED, BorderModel
from stackmix.train.ctc import CTCModel
from stackmix.types import Sample

WORDS = 20_000


def report(figure: str, value: float, unit: str, **more: Any) -> None:
    """One JSON line."""
    print(json.dumps({"figure": figure, "value": round(value, 3), "unit": unit, **more}), flush=True)


def cut_library(found: list[Sample], aligner: CTCModel, borders: BorderModel, unit: str) -> LetterLibrary:
    """Emit, then cut and index; two figures."""
    start = time.perf_counter()
    made = list(emitted(aligner, borders, iter(tqdm(found, desc=f"emitting {unit}")), lambda n: None))
    seconds = time.perf_counter() - start
    letters = sum(len(s.text) for s in found) / len(found)
    rate = len(found) / seconds
    report(f"{unit} through aligner and border model", rate, f"{unit}/s", mean_letters=round(letters, 1))
    alphabet, widths = aligner.config.alphabet, borders.config.widths
    LetterLibrary.build(list(cut(made[:50], alphabet, widths, [], aligner.config.calibration)), found[0].split)
    start, process = time.perf_counter(), time.process_time()
    library = LetterLibrary.build(list(cut(made, alphabet, widths, [], aligner.config.calibration)), found[0].split)
    seconds, process = time.perf_counter() - start, time.process_time() - process
    about = {"cpu_seconds": round(process, 2), "count": len(library), "letters": int(library.starts[-1])}
    report(f"{unit} aligned, cut, measured and indexed", len(library) / seconds, f"{unit}/s", **about)
    return library


def main() -> None:
    """Measure; one JSON line a figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="a sample folder of words")
    parser.add_argument("--lines", type=Path, required=True, help="a sample folder of lines")
    parser.add_argument("--aligner", type=Path, required=True)
    parser.add_argument("--words", type=int, default=WORDS)
    options = parser.parse_args()
    aligner, borders = CTCModel.from_pretrained(options.aligner), BorderModel.from_pretrained(SHIPPED)
    lines = list(samples.read(options.lines, "train", []))[:1000]
    cut_library(lines, aligner, borders, "lines")
    words = list(samples.read(options.data, "train", []))[: options.words]
    library = cut_library(words, aligner, borders, "words")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "library"
        library.save(folder)
        rows = {row["id"]: row["file_name"] for row in samples.rows(options.data, "train")}
        sources = sum((options.data / "train" / rows[i]).stat().st_size for i in library.ids)
        report("library on disk", (folder / FILE).stat().st_size / sources, "times its source images")


if __name__ == "__main__":
    main()
