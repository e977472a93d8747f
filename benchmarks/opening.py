"""How long a letter library takes to open, and what memory.

    python benchmarks/opening.py letters/iam

Seconds of wall-clock time to open it at its own size, and with scaling it once to height 128 and stacking the first
word, each in a fresh process with compiled kernels, and that process' peak memory.
"""

import argparse
import json
import multiprocessing
import time
from pathlib import Path

import numpy as np
from memory import peak_memory

from stackmix.library import LetterLibrary
from stackmix.synthesis import Stacker

HEIGHT = 128
ROUNDS = 3


def opened(folder: Path, height: int | None) -> tuple[float, float, int]:
    """Seconds to open a library, and scale it where a height is given; peak memory of this process in GB; samples."""
    start = time.perf_counter()
    library = LetterLibrary.load(folder)
    if height is not None:
        Stacker(library, height).stack(library.texts[0], np.random.default_rng(0))
    seconds = time.perf_counter() - start
    return seconds, peak_memory() / 1e9, len(library)


def fresh(folder: Path, height: int | None) -> tuple[float, float, int]:
    """`opened` in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        return pool.apply(opened, (folder, height))


def main() -> None:
    """Measure; one JSON line a figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path, help="a letter library")
    options = parser.parse_args()
    for name, height in (("own size", None), (f"scaled to height {HEIGHT}", HEIGHT)):
        fresh(options.library, height)  # compiles kernels into the cache
        found = [fresh(options.library, height) for _ in range(ROUNDS)]
        seconds, peak = (sorted(column)[ROUNDS // 2] for column in list(zip(*found, strict=True))[:2])
        line = {"figure": f"opening, {name}", "value": round(seconds, 2), "unit": "seconds", "rounds": ROUNDS}
        print(json.dumps(line | {"words": found[0][2], "peak_gb": round(peak, 2)}), flush=True)


if __name__ == "__main__":
    main()
