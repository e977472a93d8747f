"""How well texts were read: error rates with intervals, and where the errors lie.

Character and word error rate are sums of edit distances over sums of true lengths, accuracy is the share of texts read
exactly. Each stands beside its bootstrap interval, and again for each length, writer and character.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from stackmix.distances import edits, steps, word_edits
from stackmix.intervals import DRAWS, LEVEL, ratios
from stackmix.reliability import expected_error, reliability
from stackmix.types import DataError

LENGTHS = (1, 2, 3, 5, 8, 12, 20, 40)  # the longest text of each row; beyond is one more
LISTED = 100  # confusions and worst texts in a report
FIGURES = ("cer", "wer", "accuracy")


@dataclass(frozen=True, slots=True)
class Pair:
    """A true text beside what was read. confidence: 0..1 or None. writer: "" where unknown."""

    name: str
    true: str
    read: str
    confidence: float | None = None
    writer: str = ""


def evaluate(pairs: Sequence[Pair]) -> dict[str, Any]:
    """All figures of the pairs as they go into a report; DataError where there is none."""
    if not pairs:
        raise DataError("there is not one text to compare")
    writers = {pair.writer for pair in pairs}
    by_writer = "" not in writers and len(writers) > 1
    wrong = edits([pair.read for pair in pairs], [pair.true for pair in pairs])
    report: dict[str, Any] = {
        "samples": len(pairs),
        "characters": sum(len(pair.true) for pair in pairs),
        "writers": len(writers - {""}),
        "intervals": {"level": LEVEL, "draws": DRAWS, "drawn": "writers" if by_writer else "samples"},
        **figures(pairs, by_writer),
        "by_length": _grouped(pairs, "length", _length),
        "by_writer": _grouped(pairs, "writer", lambda pair: pair.writer) if any(p.writer for p in pairs) else [],
        "by_character": characters(pairs),
        "confusions": confusions(pairs),
        "worst": [_shown(pairs[i], int(wrong[i])) for i in worst(pairs)[:LISTED] if wrong[i]],
    }
    if all(pair.confidence is not None for pair in pairs):
        report["calibration"] = calibration(pairs)
    return report


def figures(pairs: Sequence[Pair], by_writer: bool) -> dict[str, dict[str, float]]:
    """CER, WER and accuracy, each with value, low and high, drawing writers or samples anew."""
    read, true = [pair.read for pair in pairs], [pair.true for pair in pairs]
    tops = np.stack([edits(read, true), word_edits(read, true), _exact(pairs)], axis=1).astype(float)
    lengths = [(len(text), len(text.split()), 1) for text in true]
    groups = [pair.writer if by_writer else str(k) for k, pair in enumerate(pairs)]
    found = ratios(tops, np.array(lengths, float), groups)
    return {name: one._asdict() for name, one in zip(FIGURES, found, strict=True)}


def _exact(pairs: Iterable[Pair]) -> np.ndarray:
    return np.array([pair.read == pair.true for pair in pairs])


def _length(pair: Pair) -> str:
    """The row of a text's length: "1", "4-5", "41+"."""
    for low, high in zip((0, *LENGTHS), LENGTHS, strict=False):
        if len(pair.true) <= high:
            return f"{low + 1}-{high}" if high > low + 1 else str(high)
    return f"{LENGTHS[-1] + 1}+"


def _grouped(pairs: Sequence[Pair], name: str, key: Callable[[Pair], str]) -> list[dict[str, Any]]:
    """Samples, CER and accuracy of each group: of lengths the shortest first, of writers the worst."""
    groups: dict[str, list[Pair]] = defaultdict(list)
    for pair in sorted(pairs, key=lambda pair: len(pair.true)):
        groups[key(pair)].append(pair)
    rows = []
    for group, own in groups.items():
        wrong = int(edits([p.read for p in own], [p.true for p in own]).sum())
        rate = wrong / max(1, sum(len(p.true) for p in own))
        rows.append({name: group, "samples": len(own), "cer": rate, "accuracy": float(_exact(own).mean())})
    return rows if name == "length" else sorted(rows, key=lambda row: (-row["cer"], row[name]))


def characters(pairs: Iterable[Pair]) -> list[dict[str, Any]]:
    """Each true character: how often it occurs, the share that was lost or read as another, and as which most often."""
    count: Counter[str] = Counter()
    other: dict[str, Counter[str]] = defaultdict(Counter)
    for pair in pairs:
        count.update(pair.true)
        for step in steps(pair.read, pair.true):
            if step.true:
                other[step.true][step.read] += 1
    rows = []
    for character, times in count.items():
        usual = min(other[character].items(), key=lambda item: (-item[1], item[0]), default=("", 0))
        wrong = other[character].total() / times
        rows.append({"character": character, "count": times, "wrong": wrong, "as": usual[0], "as_count": usual[1]})
    return sorted(rows, key=lambda row: (-row["wrong"], row["character"]))


def confusions(pairs: Iterable[Pair]) -> list[dict[str, Any]]:
    """The commonest steps from true texts to read ones; "" stands for nothing."""
    count = Counter(step for pair in pairs for step in steps(pair.read, pair.true))
    found = sorted(count.items(), key=lambda item: (-item[1], item[0]))
    return [{"true": step.true, "read": step.read, "count": times} for step, times in found[:LISTED]]


def worst(pairs: Sequence[Pair]) -> list[int]:
    """Numbers of the pairs, most edits first; among equals the larger error rate, then the surer."""
    wrong = edits([pair.read for pair in pairs], [pair.true for pair in pairs])

    def badness(i: int) -> tuple[float, float, float, int]:
        return -wrong[i], -wrong[i] / max(1, len(pairs[i].true)), -(pairs[i].confidence or 0), i

    return sorted(range(len(pairs)), key=badness)


def _shown(pair: Pair, wrong: int) -> dict[str, Any]:
    row = {"file_name": pair.name, "true": pair.true, "read": pair.read, "edits": wrong}
    return row if pair.confidence is None else row | {"confidence": pair.confidence}


def calibration(pairs: Sequence[Pair]) -> dict[str, Any]:
    """Expected calibration error of the confidences, and the table that it is the mean of."""
    scores, right = np.array([pair.confidence for pair in pairs], float), _exact(pairs)
    return {"error": expected_error(scores, right), "bins": [one._asdict() for one in reliability(scores, right)]}
