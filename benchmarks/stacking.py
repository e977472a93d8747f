"""How fast words are stacked, beside trdg and SynthTIGER, and how seldom two are alike.

    bash benchmarks/peers.sh ../peers trdg synthtiger
    python benchmarks/stacking.py [--library letters/iam] [--corpus examples/en.txt] [--peers ../peers]

Words of at least five letters at height 128: in memory, black on white; in memory on drawn paper in drawn ink; as JPEG
95 on disk; and lines of about 1,300 pixels as JPEG. One process, one core, CPU seconds; that two workers do more than
one is wall-clock time of `generate`, without their start. The peers set the same words at the same height in
environments of their own. Each figure is a JSON line: figure, value, unit, peer, peer's value, ratio. How well joins
are hidden is measured by benchmarks/detector.py, how well ink and paper are told apart by benchmarks/layers.py.
"""

import argparse
import json
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from stackmix import images
from stackmix.corpus import Corpus, fit, read
from stackmix.generating import Order, Writer, generate
from stackmix.library import SHIPPED, LetterLibrary
from stackmix.rendering import Look
from stackmix.samples import PER_FOLDER

HEIGHT = 128
SHORTEST = 5  # letters
LINE = (25, 38)  # letters of a line of about 1,300 pixels at height 128
ROUNDS = 3
TEXTURED = Look(("plain", "lined", "squared", "slanted"), ("black", "blue", "violet", "pencil"))
REPEATED = 10  # words, for variety


def best_rate(count: int, work: Callable[[int], object]) -> float:
    """Calls of work(i) a CPU second, of the best round; i runs on from round to round."""
    seconds = []
    for first in range(0, ROUNDS * count, count):
        start = time.process_time()
        for i in range(first, first + count):
            work(i)
        seconds.append(time.process_time() - start)
    return count / min(seconds)


def report(figure: str, value: float, unit: str, peer: str = "", peer_value: float = 0.0, **more: Any) -> None:
    """One JSON line."""
    line: dict[str, Any] = {"figure": figure, "value": round(value, 3 if value < 10 else None), "unit": unit}
    if peer:
        line |= {"peer": peer, "peer_value": round(peer_value, 1), "ratio": round(value / peer_value, 2)}
    print(json.dumps(line | more), flush=True)


def speeds(writers: dict[str, Writer], count: int, about: dict[str, Any]) -> float:
    """Report words and lines a second; the first of them."""
    plain, textured, lines = writers["plain"], writers["textured"], writers["lines"]
    for i in range(200):
        plain.word(i), textured.word(i), lines.word(i)
    in_memory = best_rate(count, plain.word)
    words = [plain.word(i).image for i in range(200)]
    bound = best_rate(count, lambda i: images.encode(words[i % 200], ".jpg", 95))
    report("words in memory", in_memory, "words/s", **about)
    report("words in memory, on paper, in ink", best_rate(count, textured.word), "words/s", **about)
    with tempfile.TemporaryDirectory() as folder:
        for i in range(0, ROUNDS * count, PER_FOLDER):
            Path(folder, f"{i // PER_FOLDER}").mkdir()

        def write(writer: Writer, i: int) -> None:
            data = images.encode(writer.word(i).image, ".jpg", 95)
            Path(folder, f"{i // PER_FOLDER}", f"{writer.order.unit}{i}.jpg").write_bytes(data)

        rate = best_rate(count, lambda i: write(plain, i))
        report("words to JPEG on disk", rate, "words/s", "encoding JPEG 95 alone", bound, **about)
        few = max(1, count // 10)
        rate = best_rate(few, lambda i: write(lines, i))
        made = [lines.word(i).image for i in range(100)]
        bound = best_rate(few, lambda i: images.encode(made[i % 100], ".jpg", 95))
        width = round(float(np.mean([image.shape[1] for image in made])))
        report("lines to JPEG on disk", rate, "lines/s", "encoding JPEG 95 alone", bound, mean_width=width)
    return in_memory


def variety(library: LetterLibrary, texts: list[str], count: int, folder: Path) -> None:
    """Of many repeats of a few words: how many are pixel for pixel alike, how often the commonest chain is used."""
    for choice in ("units", "random"):
        writer = Writer(Order(folder, Corpus(texts), seed=3, height=HEIGHT, count=count, choice=choice), library)
        made = [writer.word(i) for i in range(count)]
        pictures = Counter((word.text, word.image.tobytes()) for word in made)
        equal = sum(n for n in pictures.values() if n > 1)
        shares = []
        for text in texts:
            pieces = Counter(piece for word in made if word.text == text for piece in word.pieces)
            shares.append(pieces.most_common(1)[0][1] / sum(word.text == text for word in made))
        report(f"repeats that are alike, {choice}", equal / count, "share", count=count, words=len(texts))
        report(f"the commonest piece of a word, {choice}", float(np.mean(shares)), "share of its repeats")


def workers(order: Order, library: LetterLibrary, folder: Path) -> None:
    """What a second worker brings in each format: wall-clock time of the last two thirds of a run.

    Nothing is removed in between: some file systems make files more slowly after many have gone.
    """
    for kind in ("imagefolder", "parquet"):
        rates = []
        for number in (1, 2):
            times: list[tuple[float, int]] = []
            tick = lambda n, times=times: times.append((time.perf_counter(), n))  # noqa: E731
            out = folder / f"{kind}-{number}"
            generate(replace(order, format=kind), out, library=library, workers=number, tick=tick)
            part = times[len(times) // 3 :]
            rates.append(sum(n for _, n in part[1:]) / (part[-1][0] - part[0][0]))
        report(f"two workers, {kind}", rates[1] / rates[0], "times one", one=round(rates[0]), two=round(rates[1]))


def peer_rate(python: Path, name: str, texts: list[str]) -> float | None:
    """Words a CPU second of a peer in its own environment, None where it is not there."""
    if not python.exists():
        return None
    script = Path(__file__).with_name("stacking_peers.py")
    run = subprocess.run(
        [python, "-I", script, name], input="\n".join(texts), capture_output=True, text=True, check=True
    )
    return float(run.stdout.split()[-1])


def main() -> None:
    """Measure; one JSON line a figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", type=Path, default=SHIPPED)
    parser.add_argument("--corpus", type=Path, default=Path(__file__).parents[1] / "examples" / "en.txt")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--peers", type=Path, help="the folder given to benchmarks/peers.sh; ours alone without it")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    library = LetterLibrary.load(options.library)
    fitted = fit(read(options.corpus, "word"), library.index.alphabet, skip_missing=True)
    words = [item for item in fitted.items if len(item) >= SHORTEST]
    long = fit(read(options.corpus, "line"), library.index.alphabet, skip_missing=True).items
    lines = [item for item in long if LINE[0] <= len(item) <= LINE[1]]
    base = Order(options.library, Corpus(words), count=options.count, seed=1, height=HEIGHT)
    orders = {
        "plain": base,
        "textured": replace(base, look=TEXTURED),
        "lines": replace(base, corpus=Corpus(lines), unit="line"),
    }
    writers = {name: Writer(order, library) for name, order in orders.items()}
    width = np.mean([writers["plain"].word(i).image.shape[1] for i in range(500)])
    letters = np.mean([len(w) for w in words])
    about = {"library": options.library.name, "height": HEIGHT, "mean_letters": round(float(letters), 2)}
    rate = speeds(writers, options.count, about | {"mean_width": round(float(width))})
    for name in ("trdg", "synthtiger"):
        found = peer_rate(options.peers / name / "bin" / "python", name, words[:200]) if options.peers else None
        if found:
            report("words in memory", rate, "words/s", name, found)
    with tempfile.TemporaryDirectory() as out:
        workers(replace(base, count=4 * options.count), library, Path(out))
    rng = np.random.default_rng(0)
    variety(library, rng.choice(sorted(set(words)), REPEATED, replace=False).tolist(), options.count, options.library)


if __name__ == "__main__":
    main()
