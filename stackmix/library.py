"""The letter library: samples with known letter borders, in one arena of pixels, and every piece of them indexed.

A letter is never a file or a copy of its own, but columns borders[k]..borders[k+1] of its sample. On disk a library is
`library.parquet`: the images as they are, encoded without loss, with text, borders, scores, geometry, writer and split.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stackmix.measuring import measure_all
from stackmix.pieces import PieceIndex
from stackmix.types import SEAM_ROWS, DataError, Image, Letter, Sample

FILE = "library.parquet"
SHIPPED = Path(__file__).parent / "letters" / "ru_en"
MIN_SCORE = 0.5  # a letter less sure than this is not stacked, unless it is among the surer half of its kind


class Columns(NamedTuple):
    """N samples as the columns of a table, before they are a library.

    pixels, shapes: as in `LetterLibrary`. borders, scores: those of all samples one behind the other, border_counts and
    score_counts (N,) of each. seams: (borders, SEAM_ROWS), or None where there are none. geometry: (N, 5).
    """

    ids: list[str]
    texts: list[str]
    writers: list[str]
    sources: list[str]
    pixels: NDArray[np.uint8]
    shapes: NDArray[np.int32]
    borders: NDArray[np.int32]
    border_counts: NDArray[np.int64]
    seams: NDArray[np.int16] | None
    scores: NDArray[np.float32]
    score_counts: NDArray[np.int64]
    geometry: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class LetterLibrary:
    """N samples. pixels: one uint8 arena, sample i at offsets[i] with shapes[i] = (H, W, 1 or 3).

    ids, texts, sources: N strings. writers: (N,) index into writer_names. starts: (N+1,) first letter of each sample;
    scores: (letters,) in 0..1, 0 for a rejected letter; borders of sample i:
    border_columns[starts[i] + i : starts[i+1] + i + 1], and in the same places its seams: seam_columns (borders,
    SEAM_ROWS).
    geometry: (N, 5) float32 of `Geometry`. split: the one split that all samples come from. index: every piece.
    """

    pixels: NDArray[np.uint8]
    offsets: NDArray[np.int64]
    shapes: NDArray[np.int32]
    ids: list[str]
    texts: list[str]
    sources: list[str]
    writers: NDArray[np.int32]
    writer_names: list[str]
    starts: NDArray[np.int64]
    scores: NDArray[np.float32]
    border_columns: NDArray[np.int32]
    seam_columns: NDArray[np.int16]
    geometry: NDArray[np.float32]
    split: str
    index: PieceIndex

    def __len__(self) -> int:
        return len(self.texts)

    def image(self, sample: int) -> Image:
        """(H, W) or (H, W, 3) view of a sample's image."""
        height, width, depth = self.shapes[sample].tolist()
        start = int(self.offsets[sample])
        flat = self.pixels[start : start + height * width * depth]
        return flat.reshape((height, width) if depth == 1 else (height, width, depth))

    def borders(self, sample: int) -> NDArray[np.int32]:
        """(L+1,) view of a sample's borders."""
        return self.border_columns[self.starts[sample] + sample : self.starts[sample + 1] + sample + 1]

    def seams(self, sample: int) -> NDArray[np.int16]:
        """(L+1, SEAM_ROWS) view of a sample's seams."""
        return self.seam_columns[self.starts[sample] + sample : self.starts[sample + 1] + sample + 1]

    def letters(self, piece: str) -> list[Letter]:
        """Every instance of a piece of 1..8 letters: `library.letters("tion")`."""
        found = self.index.find(piece)
        where = zip(self.index.entry_sample[found], self.index.entry_position[found], strict=True)
        return [Letter(int(sample), int(position), len(piece)) for sample, position in where]

    def view(self, letter: Letter) -> Image:
        """The columns of a piece, as a view into its sample's image."""
        borders = self.borders(letter.sample)
        return self.image(letter.sample)[:, borders[letter.position] : borders[letter.position + letter.length]]

    @classmethod
    def build(cls, samples: Iterable[Sample], split: str) -> "LetterLibrary":
        """A library of samples with borders, all of one split; measures where each word stands.

        Raises DataError for a sample of another split or without borders, and where there is no sample at all.
        """
        kept: list[Sample] = []
        for sample in samples:
            if sample.split != split:
                raise DataError(f"{sample.id} is of split {sample.split!r}: a library holds one split, here {split!r}")
            if sample.borders is None:
                raise DataError(f"{sample.id} has no letter borders: cut it with `stackmix cut`")
            kept.append(sample)
        columns = _gathered(kept)
        return cls._seamed(kept, columns._replace(geometry=measure_all(kept)), split)

    @classmethod
    def of(cls, kept: list[Sample], split: str, geometry: NDArray[np.float32]) -> "LetterLibrary":
        """A library of samples with borders whose geometry (N, 5) is known already; DataError where there is none."""
        return cls._seamed(kept, _gathered(kept)._replace(geometry=geometry), split)

    @classmethod
    def _seamed(cls, kept: list[Sample], columns: Columns, split: str) -> "LetterLibrary":
        """A library of checked columns and the seams of their samples; where one has none, its borders lean."""
        own = np.split(columns.borders, np.cumsum(columns.border_counts)[:-1])
        rows = zip(kept, own, columns.geometry.tolist(), strict=True)
        seams = [leaning(b, s.image.shape, *g) if s.seams is None else _seams(s) for s, b, g in rows]
        return cls.of_columns(columns._replace(seams=np.concatenate(seams)), split)

    @classmethod
    def of_columns(cls, columns: Columns, split: str) -> "LetterLibrary":
        """A library of columns that `check` has passed, with seams; DataError where borders or seams do not rise."""
        assert columns.seams is not None
        _refuse_falling(columns, columns.borders[:, None], 1, "borders do not rise")
        _refuse_falling(columns, columns.seams, 0, "seams cross")
        names = sorted(set(columns.writers))
        place = {name: i for i, name in enumerate(names)}
        writers = np.array([place[name] for name in columns.writers], np.int32)
        sizes = columns.shapes.prod(axis=1, dtype=np.int64)
        return cls(
            pixels=columns.pixels,
            offsets=np.concatenate([[0], np.cumsum(sizes)])[:-1],
            shapes=columns.shapes,
            ids=columns.ids,
            texts=columns.texts,
            sources=columns.sources,
            writers=writers,
            writer_names=names,
            starts=np.concatenate([[0], np.cumsum(columns.border_counts - 1)]).astype(np.int64),
            scores=columns.scores,
            border_columns=columns.borders,
            seam_columns=columns.seams,
            geometry=columns.geometry,
            split=split,
            index=PieceIndex.of(columns.texts, writers, usable(columns.texts, columns.scores)),
        )

    def save(self, folder: Path, suffix: str = ".png") -> None:
        """Write `folder/library.parquet`, images encoded without loss as .png or .webp."""
        from stackmix import storing

        storing.save(self, folder, suffix)

    @classmethod
    def load(cls, folder: Path) -> "LetterLibrary":
        """Open a library folder; DataError says what is wrong with it."""
        from stackmix import storing

        return storing.load(folder)


def _gathered(kept: list[Sample]) -> Columns:
    """The checked columns of samples, without seams and geometry; DataError where there is no sample."""
    if not kept:
        raise DataError("the library is empty: not one sample has letters")
    borders = [np.asarray(s.borders, np.int32) for s in kept]
    scores = [np.ones(len(s.text), np.float32) if s.scores is None else s.scores for s in kept]
    columns = Columns(
        ids=[s.id for s in kept],
        texts=[s.text for s in kept],
        writers=[s.writer for s in kept],
        sources=[s.source for s in kept],
        pixels=np.concatenate([s.image.ravel() for s in kept]),
        shapes=np.array([s.image.shape if s.image.ndim == 3 else (*s.image.shape, 1) for s in kept], np.int32),
        borders=np.concatenate(borders),
        border_counts=np.array([len(b) for b in borders]),
        seams=None,
        scores=np.concatenate(scores).astype(np.float32, copy=False),
        score_counts=np.array([len(s) for s in scores]),
        geometry=np.zeros((len(kept), 5), np.float32),
    )
    check(columns)
    return columns


def usable(texts: list[str], scores: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which of all letters may be stacked: those with a score of MIN_SCORE, and the surer half of each character.

    A letter of score 0 is rejected: it never is, and doesn't count towards the half.
    """
    points = np.frombuffer("".join(texts).encode("utf-32-le"), np.uint32)
    keep = scores >= MIN_SCORE
    for point in np.unique(points[~keep & (scores > 0)]):
        own = (points == point) & (scores > 0)
        keep |= own & (scores >= np.median(scores[own]))
    return keep


def leaning(
    borders: NDArray[np.int32],
    shape: tuple[int, ...],
    baseline: float,
    skew: float,
    x_height: float,
    slant: float,
    stroke_width: float,
) -> NDArray[np.int16]:
    """Seams (L+1, SEAM_ROWS) for a sample of a shape and geometry that has none: its borders leaning with the hand."""
    middle = baseline - x_height / 2 + skew * (borders - shape[1] / 2)
    rows = (np.arange(SEAM_ROWS) + 0.5) * shape[0] / SEAM_ROWS
    return np.round(borders[:, None] + slant * (middle[:, None] - rows)).astype(np.int16)


def _seams(sample: Sample) -> NDArray[np.int16]:
    assert sample.seams is not None
    if sample.seams.shape != (len(sample.text) + 1, SEAM_ROWS):
        raise DataError(f"{sample.id}: its seams are not {SEAM_ROWS} columns for each border: {sample.seams.shape}")
    return sample.seams


def check(columns: Columns) -> None:
    """DataError naming the first sample whose borders or scores do not fit its text and image."""
    lengths, widths = np.array([len(t) for t in columns.texts]), columns.shapes[:, 1]
    wrong = columns.border_counts != lengths + 1
    ends = np.cumsum(columns.border_counts)
    if not wrong.any():  # else the ends are not where they should be
        wrong = (columns.borders[ends - lengths - 1] < 0) | (columns.borders[ends - 1] > widths)
    if wrong.any():
        i = int(wrong.argmax())
        found = columns.borders[ends[i] - columns.border_counts[i] : ends[i]].tolist()
        text = columns.texts[i]
        raise DataError(f"{columns.ids[i]}: borders {found} do not fit {text!r}, {widths[i]} columns wide")
    if (wrong := columns.score_counts != lengths).any():
        i = int(wrong.argmax())
        raise DataError(f"{columns.ids[i]}: {columns.score_counts[i]} scores do not fit {columns.texts[i]!r}")


def _refuse_falling(columns: Columns, found: NDArray[np.integer], least: int, why: str) -> None:
    """DataError naming the first sample in whose rows of (borders, K) columns one is not `least` above the last."""
    ends = np.cumsum(columns.border_counts)
    falls = np.any(found[1:] < found[:-1] + found.dtype.type(least), axis=1)
    falls[ends[:-1] - 1] = False  # from one sample to the next
    if falls.any():
        i = int(np.searchsorted(ends, falls.argmax(), side="right"))
        raise DataError(f"{columns.ids[i]} ({columns.texts[i]!r}): its {why}; cut it again with `stackmix cut`")
