"""A sheet of stacked lines on every paper in every ink: the picture on top of the README.

python examples/sheet.py --out sheet.jpg [--library letters/iam] [--corpus examples/ru.txt examples/en.txt] [--seed 3]
"""

import argparse
from pathlib import Path

import numpy as np

from stackmix import images
from stackmix.corpus import Corpus, fit, read
from stackmix.generating import Order, Writer
from stackmix.library import SHIPPED
from stackmix.rendering import Look
from stackmix.types import Image

HERE = Path(__file__).parent
LOOK = Look(("plain", "lined", "squared", "slanted"), ("blue", "violet", "black", "pencil", "red"))
WIDTH, HEIGHT, GAP = 1600, 88, 10


def rows(lines: list[Image]) -> Image:
    """Lines laid side by side into rows of WIDTH, as many as fit."""
    sheet, row, used = [], np.full((HEIGHT, WIDTH, 3), 255, np.uint8), 0
    for line in lines:
        if used and used + line.shape[1] > WIDTH:
            sheet += [row, np.full((GAP, WIDTH, 3), 255, np.uint8)]
            row, used = np.full_like(row, 255), 0
        fits = line[:, : WIDTH - used]
        row[:, used : used + fits.shape[1]] = fits
        used += fits.shape[1] + GAP
    return np.concatenate([*sheet, row])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--library", type=Path, default=SHIPPED)
    parser.add_argument("--corpus", type=Path, nargs="+", default=[HERE / "ru.txt", HERE / "en.txt"])
    parser.add_argument("--lines", type=int, default=24)
    parser.add_argument("--seed", type=int, default=3)
    options = parser.parse_args()
    writer = Writer(Order(options.library, Corpus(["."]), height=HEIGHT, seed=options.seed, look=LOOK))
    texts = [text for path in options.corpus for text in read(path, "line")]
    texts = fit(texts, writer.library.index.alphabet, skip_missing=True).items
    drawn = np.random.default_rng(options.seed).choice(texts, options.lines, replace=False).tolist()
    order = Order(options.library, Corpus(drawn), "line", height=HEIGHT, seed=options.seed, look=LOOK)
    writer = Writer(order, writer.library)
    images.write(options.out, rows([writer.word(i).image for i in range(len(drawn))]), 88)


if __name__ == "__main__":
    main()
