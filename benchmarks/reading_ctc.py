"""The CTC half of benchmarks/reading.py: images in memory to texts with confidences, in words a second.

Greedy, with a beam, and with a beam and a character n-gram model of the train split's texts. Without a model the
recurrent network has random weights, which the lines say: it costs what a trained one does, and what it reads means
nothing. The error rate with the n-gram model flatters where train and val copy the same texts, as some forms of IAM do.
"""

import argparse
import time
from collections.abc import Iterator
from statistics import median
from typing import Any

import torch

from stackmix import samples
from stackmix.train.ctc import CTCConfig, CTCModel
from stackmix.train.ctc_reading import CTCReader, Search
from stackmix.train.ngram import NGram
from stackmix.train.scoring import cer
from stackmix.types import Sample

WARM = 64  # words that are read before the clock runs: numba compiles, torch allocates


def speeds(words: list[Sample], model: CTCModel, ngram: NGram, repeats: int) -> Iterator[dict[str, Any]]:
    """A line for each way to search."""
    ways = {"greedy": Search(), "beam 16": Search(beam=16), "beam 16, n-gram": Search(beam=16, ngram=ngram)}
    images = [word.image for word in words]
    for name, how in ways.items():
        reader = CTCReader(model, how)
        reader.read(images[:WARM])
        walls, cpus, texts = [], [], []
        for _ in range(repeats):
            wall, cpu = time.perf_counter(), time.process_time()
            texts = [reading.text for reading in reader.read(images)]
            walls.append(time.perf_counter() - wall)
            cpus.append(time.process_time() - cpu)
        yield {
            "figure": f"words read, {model.config.head} CTC, {name}",
            "value": round(len(images) / median(cpus)),
            "unit": "words per CPU second",
            "words_per_second": round(len(images) / median(walls)),
            "words": len(images),
            "threads": torch.get_num_threads(),
            "cer": round(cer(texts, [word.text for word in words]), 4),
        }


def ctc(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """A line for each way to search, of the model given or of random weights."""
    torch.set_num_threads(options.threads)
    texts = [row["text"] for row in samples.rows(options.data, "train")]
    if options.model:
        model, weights = CTCModel.from_pretrained(options.model), "trained"
    else:
        torch.manual_seed(0)
        model, weights = CTCModel(CTCConfig("".join(sorted(set("".join(texts)))), "recurrent")).eval(), "random"
    words = [word for word, _ in zip(samples.read(options.data, "val"), range(options.count), strict=False)]
    for line in speeds(words, model, NGram.learn(texts), options.repeats):
        yield line | {"weights": weights}
