"""How fast the readers read: one JSON line a figure.

    python benchmarks/reading.py trocr
    python benchmarks/reading.py ctc --data samples/iam [--model models/reader] [--threads 2]

trocr: a tiny model learns 256 words of running Russian and English text, stacked from the library that ships, by heart,
so that it ends each where it ends, then reads them in a random order, as `stackmix.train.generating` does and, for
comparison, as `generate` of transformers does: the same batch size, greedy, with its cache, in the order of the files.
Both times begin with the images and are CPU seconds where there is no GPU; the texts must be the same.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from reading_ctc import ctc

from stackmix.corpus import Corpus, read
from stackmix.generating import Order
from stackmix.library import SHIPPED
from stackmix.train.characters import Characters
from stackmix.train.generating import say
from stackmix.train.shaping import pixels, shaped
from stackmix.train.streaming import StackedWords
from stackmix.train.trocr import TrOCR, small
from stackmix.train.trocr_fitting import NOTHING, labels
from stackmix.types import Image

ROOT = Path(__file__).parents[1]
LEARNT = 256  # words that the tiny model learns
READ = 1024  # words that are read, each of them four times
BATCH = 32
RIGHT = 0.95  # of the words are read without an error when the learning ends
CHECKED = 100  # updates after which that is looked at
ROUNDS = 5  # of each way, in turn; the medians count
LAYERS = 6  # that speak, as in microsoft/trocr-small-handwritten
LONGEST = 24  # characters


def trocr(options: argparse.Namespace) -> Iterable[dict[str, Any]]:
    """Words a second of TrOCR reading beside plain batches in file order."""
    running = [word for name in ("ru.txt", "en.txt") for word in read(ROOT / "examples" / name) if len(word) < LONGEST]
    words = np.random.default_rng(1).permutation(running).tolist()
    stacked = StackedWords(Order(SHIPPED, Corpus(words), height=64, seed=1), LEARNT)
    found = [stacked[i] for i in range(LEARNT)]
    model, updates = learnt([word.image for word in found], [word.text for word in found], options.updates)
    order = np.random.default_rng(0).permutation(READ) % LEARNT
    images, true = [found[i].image for i in order], [found[i].text for i in order]
    ours, theirs = timed(lambda: in_our_way(model, images), lambda: in_file_order(model, images))
    texts, plain = in_our_way(model, images), in_file_order(model, images)
    share = [sum(a == b for a, b in zip(texts, other, strict=True)) / READ for other in (plain, true)]
    line = {
        "figure": "reading with TrOCR, a tiny model that ends its words",
        "value": round(READ / ours, 1),
        "unit": "words/s",
        "peer": f"transformers {transformers.__version__} generate, file order",
        "peer_value": round(READ / theirs, 1),
        "ratio": round(theirs / ours, 2),
        "equal_texts": share[0],
        "right_texts": round(share[1], 4),
        "ended": sum(len(text) < LONGEST for text in texts) / READ,
        "letters": round(statistics.mean(map(len, texts)), 2),
        "longest": max(map(len, texts)),
        "words": READ,
        "batch": BATCH,
        "updates": updates,
        "device": model.network.device.type,
        "threads": torch.get_num_threads(),
    }
    return [line]


def learnt(images: list[Image], texts: list[str], most: int) -> tuple[TrOCR, int]:
    """A tiny model that knows these words by heart, so that it ends them where they end, and the updates it took."""
    torch.manual_seed(0)
    eyes = {"image_size": 96, "patch_size": 16, "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 1}
    model = small(Characters("").widened(texts), LAYERS, num_attention_heads=4, **eyes).with_habits(longest=LONGEST)
    network = model.network.to("cuda" if torch.cuda.is_available() else "cpu")
    squares = [shaped(image, "kept", model.size) for image in images]
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    generator = torch.Generator().manual_seed(0)
    for update in range(1, most + 1):
        network.train()
        own = torch.randint(len(images), (BATCH,), generator=generator).tolist()
        heard, said = (x.to(network.device) for x in labels(model.vocabulary, [texts[i] for i in own]))
        seen = pixels([squares[i] for i in own], model.size).to(network.device)
        logits = network(pixel_values=seen, decoder_input_ids=heard).logits
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), said.flatten(), ignore_index=NOTHING)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if update % CHECKED == 0:
            read_now = in_our_way(model, images)
            if sum(a == b for a, b in zip(read_now, texts, strict=True)) >= RIGHT * len(texts):
                return model, update
    raise SystemExit(f"after {most} updates the model has not learnt its words: give more with --updates")


def in_our_way(model: TrOCR, images: list[Image]) -> list[str]:
    return [model.vocabulary.decode(said.numbers) for said in say(model, images, BATCH)]


@torch.inference_mode()
def in_file_order(model: TrOCR, images: list[Image]) -> list[str]:
    """What a user of transformers writes: batch after batch through `generate`, with its cache."""
    found = []
    for start in range(0, len(images), BATCH):
        squares = [shaped(image, "kept", model.size) for image in images[start : start + BATCH]]
        seen = pixels(squares, model.size).to(model.network.device)
        rows = model.network.generate(seen, max_length=LONGEST + 1, do_sample=False, use_cache=True)
        found += [model.vocabulary.decode(row) for row in rows.tolist()]
    return found


def timed(*ways: Callable[[], object]) -> list[float]:
    """Median seconds of each way, of CPU time where there is no GPU; they take turns on a busy machine."""
    clock = time.perf_counter if torch.cuda.is_available() else time.process_time
    seconds: list[list[float]] = [[] for _ in ways]
    for _ in range(ROUNDS):
        for own, way in zip(seconds, ways, strict=True):
            start = clock()
            way()
            own.append(clock() - start)
    return [statistics.median(own) for own in seconds]


HALVES = {"trocr": trocr, "ctc": ctc}


def main() -> None:
    """Measure; one JSON line a figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("half", choices=HALVES, help="the reader to measure")
    parser.add_argument("--updates", type=int, default=4000, help="that the tiny TrOCR model learns at most")
    parser.add_argument("--data", type=Path, help="for ctc: a sample folder with train and val splits")
    parser.add_argument("--model", type=Path, help="for ctc: a model folder of `stackmix train ctc`")
    parser.add_argument("--count", type=int, default=1000, help="words that ctc reads")
    parser.add_argument("--repeats", type=int, default=3, help="runs of ctc, of which the median counts")
    parser.add_argument("--threads", type=int, default=1, help="of torch, for ctc")
    options = parser.parse_args()
    if options.half == "ctc" and options.data is None:
        parser.error("ctc needs --data")
    for line in HALVES[options.half](options):
        print(json.dumps(line, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
