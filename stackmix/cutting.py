"""From frames to columns: the borders between the letters of a word, out of its emission and its text.

Letter k fires in frames starts[k]..stops[k] of the best CTC path; ink between two letters' frames belongs to either.
The border is the column there with the least ink, held near the middle of the gap by a parabola, so that it slides
into an empty column close by and stays put in a connected stroke. The first and the last border lie on the ink's edge.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from stackmix.alignment import AlignmentError, align_batch, encode
from stackmix.geometry import INK
from stackmix.ink import ink_of
from stackmix.types import Alignment, Image, Sample

BATCH = 512


class Emission(Protocol):
    """log_probs (T, C) float32 of one image; frame t covers columns left + t * step .. left + (t + 1) * step."""

    @property
    def log_probs(self) -> NDArray[np.float32]: ...
    @property
    def left(self) -> float: ...
    @property
    def step(self) -> float: ...


def borders_of(alignment: Alignment, emission: Emission, ink: Image) -> NDArray[np.int32]:
    """(L+1,) strictly rising columns: letter k of the (H, W) ink covers borders[k]..borders[k+1].

    Raises AlignmentError where the ink is narrower than one column a letter.
    """
    width, count = ink.shape[1], len(alignment.starts)
    columns = ink.sum(axis=0, dtype=np.float64) / 255
    inked = np.flatnonzero(ink.max(axis=0) > INK)
    first, last = (int(inked[0]), int(inked[-1]) + 1) if len(inked) else (0, width)
    if last - first < count:
        raise AlignmentError(f"{count} letters do not fit into {last - first} columns of ink")
    begins = emission.left + emission.step * alignment.starts
    ends = emission.left + emission.step * alignment.stops
    centres = (begins + ends) / 2
    borders = np.empty(count + 1)
    borders[0], borders[-1] = first, last
    for k in range(1, count):
        low, high = max(first, int(centres[k - 1])), min(last, int(np.ceil(centres[k])))
        borders[k] = _valley(columns, low, high, (ends[k - 1] + begins[k]) / 2)
    return _rising(np.round(borders).astype(np.int32), first, last)


def _valley(columns: NDArray[np.float64], low: int, high: int, middle: float) -> float:
    """The cut position in low..high with least ink beside it plus the squared distance from the middle of the gap."""
    if high - low < 2:
        return middle
    places = np.arange(low + 1, high)
    beside = np.minimum(columns[places - 1], columns[places])
    ink = beside / max(float(columns[low:high].max()), 1.0)
    return float(places[np.argmin(ink + (2 * (places - middle) / (high - low)) ** 2)])


def _rising(borders: NDArray[np.int32], first: int, last: int) -> NDArray[np.int32]:
    """Borders at least a column apart, none outside first..last."""
    steps = np.arange(len(borders), dtype=np.int32)
    borders = np.maximum.accumulate(np.maximum(borders, first) - steps) + steps
    return np.minimum(borders, last - steps[::-1]).astype(np.int32)


def cut(
    pairs: Iterable[tuple[Sample, Emission]], alphabet: str, skipped: list[tuple[str, str]]
) -> Iterator[Sample]:
    """Yield each sample with the borders and scores of its letters; one that cannot be aligned goes to `skipped`.

    skipped: filled with (sample id, reason).
    """
    stream = iter(pairs)
    while batch := list(islice(stream, BATCH)):
        labels, kept = [], []
        for sample, emission in batch:
            try:
                labels.append(encode(sample.text, alphabet))
                kept.append((sample, emission))
            except AlignmentError as error:
                skipped.append((sample.id, str(error)))
        alignments = align_batch([e.log_probs for _, e in kept], labels)
        for (sample, emission), found in zip(kept, alignments, strict=True):
            try:
                if isinstance(found, AlignmentError):
                    raise found
                borders = borders_of(found, emission, ink_of(sample.image))
            except AlignmentError as error:
                skipped.append((sample.id, str(error)))
                continue
            yield Sample(
                sample.image, sample.text, sample.id, sample.writer, sample.source, sample.split, borders, found.scores
            )
