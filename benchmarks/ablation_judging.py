"""Figures of the ablation's runs: error rates of each on the test words, and what an arm gains over another.

Intervals are those of a bootstrap over writers, the words of one hand being anything but independent: 95 % of 2,000
draws of as many test writers. Gains are paired: both arms are judged on the same draw. A word's error rate on single
words is the share that is not read exactly, so WER = 1 - accuracy.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stackmix.train.scoring import edit_distance
from stackmix.types import Sample

DRAWS = 2000


def by_writer(read: Sequence[str], words: Sequence[Sample]) -> list[list[int]]:
    """[letters wrong, letters, words wrong, words] of each writer, in the order of their names."""
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for text, word in zip(read, words, strict=True):
        own = [edit_distance(text, word.text), len(word.text), int(text != word.text), 1]
        sums[word.writer] = [a + b for a, b in zip(sums[word.writer], own, strict=True)]
    return [sums[name] for name in sorted(sums)]


def figures(sums: list[list[int]]) -> dict[str, Any]:
    """CER, WER and accuracy with their intervals."""
    counts = np.array(sums)
    cer, wer = _rates(counts[None]), _rates(counts[None], 2)
    low, high = _interval(_rates(_resampled(counts), 2))
    return {
        "cer": round(float(cer[0]), 4),
        "cer_interval": _interval(_rates(_resampled(counts))),
        "wer": round(float(wer[0]), 4),
        "wer_interval": [low, high],
        "accuracy": round(1 - float(wer[0]), 4),
        "accuracy_interval": [round(1 - high, 4), round(1 - low, 4)],
    }


def pooled(runs: list[dict[str, Any]], key: str = "by_writer") -> list[list[int]]:
    """The sums of several runs of one arm, so that their rates are the means over its seeds."""
    return np.array([run[key] for run in runs]).sum(axis=0).tolist()


def gain(sums: list[list[int]], over: list[list[int]]) -> dict[str, Any]:
    """Relative reduction of CER and WER against another arm's sums, with intervals; below 0 it is worse."""
    own, other = np.array(sums), np.array(over)
    found: dict[str, Any] = {}
    for name, column in (("cer", 0), ("wer", 2)):
        whole = 1 - _rates(own[None], column) / _rates(other[None], column)
        drawn = 1 - _rates(_resampled(own), column) / _rates(_resampled(other), column)
        found[f"{name}_reduction"] = round(float(whole[0]), 4)
        found[f"{name}_reduction_interval"] = _interval(drawn)
    return found


def _resampled(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """(DRAWS, W, 4): W writers drawn with replacement, the same draws for every arm."""
    return counts[np.random.default_rng(0).integers(len(counts), size=(DRAWS, len(counts)))]


def _rates(counts: NDArray[np.int64], column: int = 0) -> NDArray[np.float64]:
    """(N,) sums of a column over sums of the next, of (N, W, 4)."""
    sums = counts.sum(axis=1)
    return sums[:, column] / np.maximum(sums[:, column + 1], 1)


def _interval(values: NDArray[np.float64]) -> list[float]:
    return [round(float(end), 4) for end in np.percentile(values, [2.5, 97.5])]
