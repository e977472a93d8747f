"""Normalised images of a whole data set in one arena of memory, batched by width; saved as one `.npz`.

Each image is padded to a width that depends on itself alone (`padded_width`), and a batch holds one padded width only:
no network ever sees another image's padding, so an emission is the same in any batch. numpy only, so that a machine
with nothing but torch can train from the `.npz`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import NamedTuple
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from stackmix.staging import write_whole
from stackmix.types import DataError, Image

HEIGHT = 32  # rows of a normalised image
PAD = 4  # columns of paper left of every image, and at least as many right of it


class Normalised(NamedTuple):
    """Ink (height, w) uint8, 0 on paper.

    Its column = source column * scale, its row = source row * scale + shift - skew * its column.
    """

    ink: Image
    scale: float
    shift: float
    skew: float = 0.0


def padded_width(width: int) -> int:
    """The batch width of an image of `width` columns: with margins, a multiple of 16 (32 from 256, 64 from 512)."""
    step = 16 if width < 256 else 32 if width < 512 else 64
    return -(-(width + 2 * PAD) // step) * step


@dataclass(frozen=True, slots=True)
class Packed:
    """pixels: one uint8 arena, image i at offsets[i] as (height, widths[i]). texts, writers, splits: N strings."""

    height: int
    pixels: NDArray[np.uint8]
    offsets: NDArray[np.int64]
    widths: NDArray[np.int32]
    texts: NDArray[np.str_]
    writers: NDArray[np.str_]
    splits: NDArray[np.str_]

    @classmethod
    def of(cls, rows: Iterable[tuple[Normalised, str, str, str]], height: int) -> "Packed":
        """Pack rows of (normalised image, text, writer, split)."""
        inks, texts, writers, splits = [], [], [], []
        for normalised, text, writer, split in rows:
            inks.append(normalised.ink)
            texts.append(text)
            writers.append(writer)
            splits.append(split)
        widths = np.array([ink.shape[1] for ink in inks], np.int32)
        offsets = np.concatenate([[0], np.cumsum(widths.astype(np.int64) * height)])[:-1]
        pixels = np.concatenate([ink.ravel() for ink in inks]) if inks else np.zeros(0, np.uint8)
        return cls(height, pixels, offsets, widths, np.array(texts, str), np.array(writers, str), np.array(splits, str))

    def __len__(self) -> int:
        return len(self.widths)

    def take(self, keep: NDArray[np.bool_]) -> "Packed":
        """The images where `keep` is true, over the same arena."""
        return Packed(
            self.height,
            self.pixels,
            self.offsets[keep],
            self.widths[keep],
            self.texts[keep],
            self.writers[keep],
            self.splits[keep],
        )

    def batch(self, indices: NDArray[np.int64]) -> NDArray[np.uint8]:
        """(B, height, W) ink of images of one padded width."""
        width = padded_width(int(self.widths[indices[0]]))
        out = np.zeros((len(indices), self.height, width), np.uint8)
        for row, i in enumerate(indices):
            w, start = int(self.widths[i]), int(self.offsets[i])
            out[row, :, PAD : PAD + w] = self.pixels[start : start + self.height * w].reshape(self.height, w)
        return out

    def batches(self, columns: int, rng: np.random.Generator | None = None) -> list[NDArray[np.int64]]:
        """Indices of every image, grouped by padded width into batches of about `columns` columns in all.

        With a generator the images of a width and the batches are shuffled; without one the order is fixed.
        """
        padded = np.array([padded_width(int(w)) for w in self.widths])
        order = np.arange(len(self)) if rng is None else rng.permutation(len(self))
        order = order[np.argsort(padded[order], kind="stable")]
        cuts = np.flatnonzero(np.diff(padded[order])) + 1
        groups: list[NDArray[np.int64]] = []
        for group in np.split(order, cuts) if len(order) else []:
            size = max(1, columns // int(padded[group[0]]))
            groups += [group[i : i + size] for i in range(0, len(group), size)]
        return groups if rng is None else [groups[i] for i in rng.permutation(len(groups))]

    def save(self, path: Path) -> None:
        """Write one `.npz`."""
        data = BytesIO()
        np.savez_compressed(data, **{name: getattr(self, name) for name in self.__slots__})
        write_whole(path, data.getvalue())

    @classmethod
    def load(cls, path: Path) -> "Packed":
        """Open a `.npz` of `save`; DataError names the file where it is none."""
        try:
            with np.load(path) as data:
                return cls(int(data["height"]), **{name: data[name] for name in cls.__slots__[1:]})
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            raise DataError(f"{path} is no packed data set: {error}") from None


def merged(found: list[Packed]) -> Packed:
    """One data set of several of the same height."""
    shifts = np.cumsum([0, *(len(p.pixels) for p in found)])[:-1]
    heights = {p.height for p in found}
    if len(heights) != 1:
        raise DataError(f"packed data of heights {sorted(heights)} do not train together: pack them at one height")
    return Packed(
        heights.pop(),
        np.concatenate([p.pixels for p in found]),
        np.concatenate([p.offsets + shift for p, shift in zip(found, shifts, strict=True)]),
        *(np.concatenate([getattr(p, n) for p in found]) for n in ("widths", "texts", "writers", "splits")),
    )
