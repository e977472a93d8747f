"""Words a CPU second of a peer, in its own environment: words on stdin, one a line; the rate on stdout.

../peers/trdg/bin/python benchmarks/stacking_peers.py trdg < words.txt
"""

import sys
import time
from collections.abc import Callable

HEIGHT = 128
ROUNDS = 3


def trdg(words: list[str]) -> Callable[[], int]:
    """Its handwriting needs TensorFlow 1; so its default, words set in its own fonts on noise."""
    from trdg.generators import GeneratorFromStrings

    def work() -> int:
        found = GeneratorFromStrings(words, count=len(words), size=HEIGHT, background_type=0)
        return sum(image is not None for image, _ in found)

    return work


def synthtiger(words: list[str]) -> Callable[[], int]:
    """One of trdg's fonts in one colour on white: the least that a template of it does."""
    from pathlib import Path

    from synthtiger import layers

    fonts = sorted((Path(sys.prefix).parent / "trdg").rglob("fonts/latin/*.ttf"))

    def work() -> int:
        made = 0
        for k, word in enumerate(words):
            text = layers.TextLayer(word, str(fonts[k % len(fonts)]), int(0.7 * HEIGHT), color=(0, 0, 0, 255))
            paper = layers.RectLayer((int(text.width) + 20, HEIGHT), (255, 255, 255, 255))
            paper.center = text.center
            made += (text + paper).output().shape[0] > 0
        return made

    return work


def main() -> None:
    words = sys.stdin.read().split()
    work = {"trdg": trdg, "synthtiger": synthtiger}[sys.argv[1]](words)
    work()
    seconds = []
    for _ in range(ROUNDS):
        start = time.process_time()
        count = work()
        seconds.append(time.process_time() - start)
    print(count / min(seconds))


if __name__ == "__main__":
    main()
