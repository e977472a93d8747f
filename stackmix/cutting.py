"""From frames to letters: the borders and seams between the letters of a word, out of its emission and its text.

Forced alignment says about where each letter fires; a segment model weighs that against a border map and the letters'
usual widths and says which frames each one covers (`stackmix.spans`). Between the centres of two neighbours runs the
seam that the border map finds cheapest (`stackmix.seams`), and the border is where it passes the ink's centre of
gravity, about mid x-height. The first and the last border lie on the ink's edge, their seams on the image's.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice, repeat
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from stackmix.alignment import AlignmentError, align_batch, encode
from stackmix.geometry import INK
from stackmix.ink import ink_of
from stackmix.seams import UNIT, BorderMap, lean_of, part
from stackmix.spans import spans_of
from stackmix.types import SEAM_ROWS, Alignment, Image, Sample

BATCH = 512
WIDEST = np.iinfo(np.int16).max  # seams are int16


class Emission(Protocol):
    """log_probs (T, C) float32 of one image; frame t covers columns left + t * step .. left + (t + 1) * step."""

    @property
    def log_probs(self) -> NDArray[np.float32]: ...
    @property
    def left(self) -> float: ...
    @property
    def step(self) -> float: ...


class Aligned(NamedTuple):
    """What is known of a word of L letters before it is cut; widths: (L,) their usual ones, in any one unit."""

    alignment: Alignment
    labels: NDArray[np.int32]
    emission: Emission
    border_map: BorderMap
    widths: NDArray[np.float64]


def part_letters(word: Aligned, ink: Image) -> tuple[NDArray[np.int32], NDArray[np.int16]]:
    """Borders (L+1,), strictly rising columns of the (H, W) ink, and seams (L+1, SEAM_ROWS), which never cross.

    Raises AlignmentError where the ink is narrower than one column a letter, or wider than WIDEST.
    """
    emission, border_map = word.emission, word.border_map
    height, width = ink.shape
    inked = np.flatnonzero(ink.max(axis=0) > INK)
    first, last = (int(inked[0]), int(inked[-1]) + 1) if len(inked) else (0, width)
    count = len(word.labels)
    if width > WIDEST:
        raise AlignmentError(f"{width} columns are more than the {WIDEST} that seams are kept for: split the line")
    if last - first < count:
        raise AlignmentError(f"{count} letters do not fit into {last - first} columns of ink")
    scale = border_map.scale
    edges = _spans(word, first, last)
    places = np.asarray((emission.left + emission.step * edges) * scale, np.float64)
    centres = (places[:-1] + places[1:]) / 2
    partings, columns = border_map.partings, border_map.columns
    lean = lean_of(partings, columns, border_map.lean, centres, places[1:-1])
    inner, parted = part(partings, columns, border_map.ink, lean, centres, places[1:-1])
    borders = np.concatenate([[first], np.round(inner / scale), [last]]).astype(np.int32)
    foot = len(partings) - 1
    every = (np.arange(SEAM_ROWS) + 0.5) * (height * scale / SEAM_ROWS) + border_map.shift - 0.5
    every = every - border_map.skew * inner[:, None]  # (L-1, SEAM_ROWS) in map rows
    rows = np.clip(every, 0, foot)  # above and below the map a seam leans on
    above = np.minimum(rows.astype(np.int64), foot - 1)
    seams = np.empty((count + 1, SEAM_ROWS))
    seams[0], seams[-1] = 0, width
    high, low = (np.take_along_axis(parted, at, axis=1) for at in (above, above + 1))
    parted = high + (rows - above) * (low - high)
    seams[1:-1] = (parted + lean * (rows - every)) / scale
    # on a levelled map neighbours are looked up at rows of their own, and where one ends steeply they may cross again
    seams = np.maximum.accumulate(np.clip(np.round(seams), 0, width), axis=0)
    return _rising(borders, first, last), seams.astype(np.int16)


def _spans(word: Aligned, first: int, last: int) -> NDArray[np.int64]:
    """(L+1,) frames at which letters part, `spans_of` looking at most a letter beyond what forced alignment found."""
    alignment, labels, emission, border_map, widths = word
    log_probs, left, step = emission.log_probs, emission.left, emission.step
    begin = min(max(int((first - left) / step), 0), int(alignment.starts[0]))
    end = max(min(int(np.ceil((last - left) / step)), len(log_probs)), int(alignment.stops[-1]))
    starts, stops, count, frames = alignment.starts - begin, alignment.stops - begin, len(labels), end - begin
    steps = np.arange(count + 1)
    # border k lies behind the start of letter k - 2 and before the end of letter k + 1, with a frame for each letter
    lows = np.concatenate([[0, 1], starts[: count - 1] + 1])[: count + 1]
    highs = np.concatenate([stops[1:] - 1, [frames, frames]])[-count - 1 :]
    lows = np.maximum.accumulate(lows - steps) + steps
    highs = np.minimum.accumulate((highs - steps)[::-1])[::-1] + steps
    lows[-1], highs[0] = frames, 0
    at = np.round((left + step * (begin + np.arange(frames + 1))) * border_map.scale).astype(np.int64)
    at = np.clip(at, 1, len(border_map.columns) - 1)
    costs = np.minimum(border_map.columns[at], border_map.columns[at - 1]) / UNIT
    usual = widths * (frames / widths.sum())
    return begin + spans_of(log_probs[begin:end], labels, costs, usual, lows, highs)


def _rising(borders: NDArray[np.int32], first: int, last: int) -> NDArray[np.int32]:
    """Borders at least a column apart, none outside first..last."""
    steps = np.arange(len(borders), dtype=np.int32)
    borders = np.maximum.accumulate(np.maximum(borders, first) - steps) + steps
    return np.minimum(borders, last - steps[::-1]).astype(np.int32)


def cut(
    found: Iterable[tuple[Sample, Emission, BorderMap]],
    alphabet: str,
    widths: Mapping[str, float],
    skipped: list[tuple[str, str]],
    calibration: tuple[float, float] = (1.0, 0.0),
) -> Iterator[Sample]:
    """Yield each sample with borders, seams and scores of its letters; one that cannot be aligned goes to `skipped`.

    widths: the usual width of a letter, 1 where not named. skipped: filled with (sample id, reason).
    calibration: slope and offset that turn the logit of an aligner's score into that of a confidence.
    """
    stream = iter(found)
    while batch := list(islice(stream, BATCH)):
        labels, kept = [], []
        for sample, emission, border_map in batch:
            try:
                labels.append(encode(sample.text, alphabet))
                kept.append((sample, emission, border_map))
            except AlignmentError as error:
                skipped.append((sample.id, str(error)))
        alignments = align_batch([emission.log_probs for _, emission, _ in kept], labels)
        with ThreadPoolExecutor() as pool:
            about = repeat(widths), repeat(calibration)
            for made in pool.map(_tried, kept, labels, alignments, *about):
                if isinstance(made, Sample):
                    yield made
                else:
                    skipped.append(made)


def _tried(
    own: tuple[Sample, Emission, BorderMap],
    labels: NDArray[np.int32],
    alignment: Alignment | AlignmentError,
    widths: Mapping[str, float],
    calibration: tuple[float, float],
) -> Sample | tuple[str, str]:
    """The cut sample, or its id and the reason why it cannot be cut."""
    sample, emission, border_map = own
    if isinstance(alignment, AlignmentError):
        return sample.id, str(alignment)
    try:
        return cut_one(sample, alignment, labels, emission, border_map, widths, calibration)
    except AlignmentError as error:
        return sample.id, str(error)


def cut_one(
    sample: Sample,
    alignment: Alignment,
    labels: NDArray[np.int32],
    emission: Emission,
    border_map: BorderMap,
    widths: Mapping[str, float],
    calibration: tuple[float, float] = (1.0, 0.0),
) -> Sample:
    """An aligned sample with borders, seams and scores; AlignmentError where it is too narrow or too wide."""
    usual = np.array([widths.get(letter, 1.0) for letter in sample.text])
    borders, seams = part_letters(Aligned(alignment, labels, emission, border_map, usual), ink_of(sample.image))
    return replace(sample, borders=borders, scores=calibrated(alignment.scores, calibration), seams=seams)


def logit(scores: NDArray[np.floating]) -> NDArray[np.float64]:
    """log(p / (1 - p)), of probabilities kept a millionth away from 0 and 1."""
    kept = np.clip(scores, 1e-6, 1 - 1e-6).astype(np.float64)
    return np.log(kept) - np.log1p(-kept)


def word_score(scores: NDArray[np.float32]) -> float:
    """The confidence of a word or line, the chance that all its letters (L,) are right: their product."""
    return float(np.prod(scores, dtype=np.float64))


def surest(cuts: list[Sample], share: float) -> tuple[list[Sample], list[Sample]]:
    """The surest share 0..1 of cut samples, at least so many, and the others; both in their order."""
    scores = np.array([word_score(s.scores) for s in cuts if s.scores is not None])
    first = np.argsort(-scores, kind="stable")[: math.ceil(round(share * len(cuts), 9))]
    kept = np.isin(np.arange(len(cuts)), first)
    return [s for s, k in zip(cuts, kept, strict=True) if k], [s for s, k in zip(cuts, kept, strict=True) if not k]


def calibrated(scores: NDArray[np.float32], calibration: tuple[float, float]) -> NDArray[np.float32]:
    """(L,) float32 confidences in 0..1 of an aligner's scores."""
    slope, offset = calibration
    return (1 / (1 + np.exp(-(slope * logit(scores) + offset)))).astype(np.float32)
