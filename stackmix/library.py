"""The letter library: samples with known letter borders, in one arena of pixels, and every piece of them indexed.

A letter is never a file or a copy of its own, but columns borders[k]..borders[k+1] of its sample. On disk a library is
`library.parquet`: the images as they are, encoded without loss, with text, borders, scores, geometry, writer and split.
"""

import json
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from stackmix import images
from stackmix.geometry import Geometry, measure, observe
from stackmix.ink import ink_of
from stackmix.pieces import PieceIndex
from stackmix.staging import write_whole
from stackmix.types import SEAM_ROWS, DataError, Image, Letter, Sample

FILE = "library.parquet"
SHIPPED = Path(__file__).parent / "letters" / "ru_en"
MIN_SCORE = 0.5  # a letter less sure than this is not stacked, unless it is among the surer half of its kind
SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("image", pa.binary()),
        ("text", pa.string()),
        ("borders", pa.list_(pa.int32())),
        ("seams", pa.list_(pa.int16())),
        ("scores", pa.list_(pa.float32())),
        ("baseline", pa.float32()),
        ("skew", pa.float32()),
        ("x_height", pa.float32()),
        ("slant", pa.float32()),
        ("stroke_width", pa.float32()),
        ("writer", pa.string()),
        ("source", pa.string()),
        ("split", pa.string()),
    ]
)
GEOMETRY = list(Geometry._fields)
LISTS = ("borders", "seams", "scores")


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
        return cls.of(kept, split, measure_all(kept))

    @classmethod
    def of(cls, kept: list[Sample], split: str, geometry: NDArray[np.float32]) -> "LetterLibrary":
        """A library of samples with borders whose geometry (N, 5) is known already; DataError where there is none."""
        if not kept:
            raise DataError("the library is empty: not one sample has letters")
        names = sorted({s.writer for s in kept})
        place = {name: i for i, name in enumerate(names)}
        writers = np.array([place[s.writer] for s in kept], np.int32)
        shapes = np.array([s.image.shape if s.image.ndim == 3 else (*s.image.shape, 1) for s in kept], np.int32)
        sizes = shapes.prod(axis=1, dtype=np.int64)
        scores = [np.ones(len(s.text), np.float32) if s.scores is None else s.scores for s in kept]
        borders = [_borders(s) for s in kept]
        seams = [_seams(s, own, *g) for s, own, g in zip(kept, borders, geometry.tolist(), strict=True)]
        border_columns, seam_columns = np.concatenate(borders), np.concatenate(seams)
        _refuse_falling(kept, border_columns[:, None], 1, "borders do not rise")
        _refuse_falling(kept, seam_columns, 0, "seams cross")
        texts = [s.text for s in kept]
        return cls(
            pixels=np.concatenate([s.image.ravel() for s in kept]),
            offsets=np.concatenate([[0], np.cumsum(sizes)])[:-1],
            shapes=shapes,
            ids=[s.id for s in kept],
            texts=texts,
            sources=[s.source for s in kept],
            writers=writers,
            writer_names=names,
            starts=np.concatenate([[0], np.cumsum([len(t) for t in texts])]).astype(np.int64),
            scores=np.concatenate(scores),
            border_columns=border_columns,
            seam_columns=seam_columns,
            geometry=geometry,
            split=split,
            index=PieceIndex.of(texts, writers, usable(texts, np.concatenate(scores))),
        )

    def save(self, folder: Path, suffix: str = ".png") -> None:
        """Write `folder/library.parquet`, images encoded without loss as .png or .webp."""
        columns: dict[str, Any] = {
            "id": self.ids,
            "image": [images.encode(self.image(i), suffix, 101) for i in range(len(self))],
            "text": self.texts,
            "borders": [self.borders(i) for i in range(len(self))],
            "seams": [self.seams(i).ravel() for i in range(len(self))],
            "scores": np.split(self.scores, self.starts[1:-1]),
            "writer": [self.writer_names[w] for w in self.writers],
            "source": self.sources,
            "split": [self.split] * len(self),
        }
        columns |= {name: self.geometry[:, k] for k, name in enumerate(GEOMETRY)}
        about = {b"stackmix": json.dumps({"split": self.split, "samples": len(self)}).encode()}
        table = pa.Table.from_pydict({name: columns[name] for name in SCHEMA.names}, schema=SCHEMA.with_metadata(about))
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink, compression="zstd", row_group_size=4096)
        write_whole(folder / FILE, sink.getvalue().to_pybytes())

    @classmethod
    def load(cls, folder: Path) -> "LetterLibrary":
        """Open a library folder; DataError says what is wrong with it."""
        path = folder / FILE
        try:
            table = pq.read_table(path)
            names = [n for n in SCHEMA.names if n != "seams" or n in table.column_names]  # seams are optional
            table = table.select(names).cast(pa.schema([SCHEMA.field(n) for n in names]))
            rows = table.select([n for n in names if n not in (*GEOMETRY, *LISTS)]).to_pylist()
            for name in set(LISTS).intersection(names):
                for row, values in zip(rows, _lists(table[name]), strict=True):
                    row[name] = values
            geometry = np.stack([table[n].to_numpy() for n in GEOMETRY], axis=1).astype(np.float32)
        except (FileNotFoundError, NotADirectoryError):
            raise DataError(f"{folder} holds no {FILE}: make a letter library with `stackmix cut`") from None
        except (pa.ArrowException, KeyError, OSError) as error:  # Arrow says OSError for a damaged page
            raise DataError(f"{path} is no letter library: {error}") from None
        if not rows:
            raise DataError(f"{path} is an empty library: cut samples with `stackmix cut` first")
        if gaps := [name for name in names if table[name].null_count]:
            raise DataError(f"{path} has empty fields in {', '.join(gaps)}: make the library again with `stackmix cut`")
        splits = sorted({row["split"] for row in rows})
        if len(splits) > 1:
            raise DataError(f"{path} mixes the splits {', '.join(splits)}: cut each into a library of its own")
        try:
            with ThreadPoolExecutor() as pool:
                pictures = list(pool.map(images.decode, (row.pop("image") for row in rows)))
            return cls.of([_sample(r, p) for r, p in zip(rows, pictures, strict=True)], splits[0], geometry)
        except DataError as error:
            raise DataError(f"{path}: {error}") from None


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


def _sample(row: dict[str, Any], image: Image) -> Sample:
    seams = row.pop("seams", None)
    if seams is None:
        return Sample(image=image, **row)
    if len(seams) != len(row["borders"]) * SEAM_ROWS:
        found = f"{len(seams)} seam columns do not fit {len(row['borders'])} borders of {SEAM_ROWS} rows"
        raise DataError(f"{row['id']}: {found}: make the library again with `stackmix cut`")
    return Sample(image=image, seams=seams.reshape(-1, SEAM_ROWS), **row)


def _lists(column: pa.ChunkedArray) -> list[NDArray[Any]]:
    """The rows of a list column as views into one array; an empty row where there is none."""
    whole = column.combine_chunks()
    ends = np.cumsum(np.nan_to_num(whole.value_lengths().to_numpy(zero_copy_only=False))).astype(np.int64)
    return np.split(whole.flatten().to_numpy(zero_copy_only=False), ends[:-1])[: len(ends)]


def _seams(
    sample: Sample,
    borders: NDArray[np.int32],
    baseline: float,
    skew: float,
    x_height: float,
    slant: float,
    stroke_width: float,
) -> NDArray[np.int16]:
    """A sample's seams (L+1, SEAM_ROWS), or, where it has none, its borders leaning with the hand."""
    if sample.seams is not None:
        if sample.seams.shape != (len(borders), SEAM_ROWS):
            raise DataError(f"{sample.id}: its seams are not {SEAM_ROWS} columns for each border: {sample.seams.shape}")
        return sample.seams
    middle = baseline - x_height / 2 + skew * (borders - sample.image.shape[1] / 2)
    rows = (np.arange(SEAM_ROWS) + 0.5) * sample.image.shape[0] / SEAM_ROWS
    return np.round(borders[:, None] + slant * (middle[:, None] - rows)).astype(np.int16)


def _borders(sample: Sample) -> NDArray[np.int32]:
    """A sample's borders, checked as its scores are: they come from files and index pixels later."""
    borders = sample.borders
    assert borders is not None
    if len(borders) != len(sample.text) + 1 or borders[0] < 0 or borders[-1] > sample.image.shape[1]:
        width = sample.image.shape[1]
        raise DataError(f"{sample.id}: borders {borders.tolist()} do not fit {sample.text!r}, {width} columns wide")
    if sample.scores is not None and len(sample.scores) != len(sample.text):
        raise DataError(f"{sample.id}: {len(sample.scores)} scores do not fit {sample.text!r}")
    return borders.astype(np.int32, copy=False)


def _refuse_falling(samples: list[Sample], columns: NDArray[np.integer], least: int, why: str) -> None:
    """DataError naming the first sample in whose rows of (borders, K) columns one is not `least` above the last."""
    ends = np.cumsum([len(s.text) + 1 for s in samples])
    falls = np.any(np.diff(columns.astype(np.int32, copy=False), axis=0) < least, axis=1)
    falls[ends[:-1] - 1] = False  # from one sample to the next
    if falls.any():
        sample = samples[int(np.searchsorted(ends, falls.argmax(), side="right"))]
        raise DataError(f"{sample.id} ({sample.text!r}): its {why}; cut it again with `stackmix cut`")


def measure_all(samples: list[Sample]) -> NDArray[np.float32]:
    """(N, 5) geometry of samples with borders; a hand's usual geometry, from a first pass, steadies the second."""
    borders = [_borders(s) for s in samples]
    with ThreadPoolExecutor() as pool:
        inks = list(pool.map(ink_of, (s.image for s in samples)))
        seen = list(pool.map(observe, inks, (s.text for s in samples), borders))
        first = list(pool.map(lambda i: measure(inks[i], samples[i].text, borders[i], seen=seen[i]), range(len(inks))))
    hands: dict[str, list[Geometry]] = defaultdict(list)
    for sample, geometry in sorted(zip(samples, first, strict=True), key=lambda pair: -len(pair[0].text)):
        if len(sample.text) >= 3 or sample.writer not in hands:
            hands[sample.writer].append(geometry)
    usual = {w: Geometry(*np.median(np.array(own), axis=0).tolist()) for w, own in hands.items()}
    rows = zip(inks, samples, borders, first, seen, strict=True)
    found = [measure(ink, s.text, b, usual[s.writer], own, saw) for ink, s, b, own, saw in rows]
    return np.array(found, np.float32).reshape(len(samples), len(GEOMETRY))
