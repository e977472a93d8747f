"""Words a second: stacking, beside laying down the same pieces ready chosen; writing JPEG, beside encoding alone.

    python benchmarks/generating.py [--library letters/iam] [--corpus examples/en.txt] [--count 20000]

One process, one core, CPU seconds. Each figure is a JSON line: figure, value, unit, peer, peer's value, ratio.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from stackmix import images
from stackmix.corpus import fit, read
from stackmix.generating import Order, Writer
from stackmix.library import SHIPPED, LetterLibrary
from stackmix.synthesis import _paint

WARM_UP = 200


def rate(count: int, work: Callable[[int], object]) -> float:
    """Calls of work(i) a CPU second."""
    start = time.process_time()
    for i in range(count):
        work(i)
    return count / (time.process_time() - start)


def report(figure: str, value: float, peer: str, bound: float, **more: object) -> None:
    """Print one JSON line."""
    line = {"figure": figure, "value": round(value), "unit": "words/s", "peer": peer, "peer_value": round(bound)}
    print(json.dumps({**line, "ratio": round(value / bound, 3), **more}), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", type=Path, default=SHIPPED)
    parser.add_argument("--corpus", type=Path, default=Path("examples/en.txt"))
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--height", type=int, default=64)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    library = LetterLibrary.load(options.library)
    corpus = fit(read(options.corpus), library.index.alphabet)
    writer = Writer(Order(options.library, corpus, count=options.count, seed=1, height=options.height), library)
    words = [writer.word(i) for i in range(WARM_UP)]
    about = {
        "library": options.library.name,
        "count": options.count,
        "height": options.height,
        "mean_letters": round(float(np.mean([len(item) for item in corpus.items])), 2),
        "mean_width": round(float(np.mean([word.image.shape[1] for word in words]))),
    }
    stacked = rate(options.count, writer.word)

    pieces = np.array([[0, 0, 1, 0]] * 3, np.int32)
    plan = np.array([[10, 0, 0, 0], [30, 0, 0, 0], [60, 0, 0, 0]], np.int64)
    ink = np.zeros((options.height, about["mean_width"]), np.uint8)
    ready = rate(options.count, lambda i: _paint(ink, pieces, plan, writer.stacker.rack, library.starts))
    report("words in memory", stacked, "three ready pieces laid down", ready, **about)

    with tempfile.TemporaryDirectory() as folder:

        def write(i: int) -> None:
            (Path(folder) / f"{i}.jpg").write_bytes(images.encode(writer.word(i).image, ".jpg", 95))

        written = rate(options.count, write)
    encoded = rate(options.count, lambda i: images.encode(words[i % WARM_UP].image, ".jpg", 95))
    report("words to JPEG", written, "encoding JPEG 95 alone", encoded, **about)


if __name__ == "__main__":
    main()
