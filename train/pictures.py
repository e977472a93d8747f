"""Real word images that stay on disk: all are opened once, to leave broken ones out, then decoded when asked for.

The networks that see 32 rows keep a whole data set in memory (`packing.py`); squares of 384 x 384 would not fit.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stackmix import samples
from stackmix.train.gathering import splits_to_train
from stackmix.types import DataError, Image


class Place(NamedTuple):
    """Where an image lies: its sample folder, its split, its metadata row."""

    folder: Path
    split: str
    row: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pictures:
    """N images: places, and (N,) texts, writers and splits."""

    places: tuple[Place, ...]
    texts: NDArray[np.str_]
    writers: NDArray[np.str_]
    splits: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.places)

    def take(self, keep: NDArray[np.bool_]) -> "Pictures":
        """The images where `keep` is true."""
        places = tuple(place for place, kept in zip(self.places, keep, strict=True) if kept)
        return Pictures(places, self.texts[keep], self.writers[keep], self.splits[keep])

    def image(self, i: int) -> Image:
        """Decode image i."""
        return samples.load(*self.places[i]).image

    def images(self) -> Iterator[Image]:
        """Decode all of them, in order."""
        return (self.image(i) for i in range(len(self)))


def find_pictures(data: list[Path], tick: Callable[[int], object]) -> tuple[Pictures, list[str]]:
    """The train and val splits of sample folders, and what was left out: images that are broken or one pixel wide.

    Test splits are never opened. Raises DataError for a label that is empty, and for a folder without a train split.
    """
    places, about, left_out = [], [], []
    for folder in data:
        for split in splits_to_train(folder):
            for row in samples.rows(folder, split):
                tick(1)
                place = Place(folder, split, row)
                try:
                    sample = samples.load(*place)
                except DataError as error:
                    left_out.append(str(error))
                    continue
                if not sample.text.strip():
                    raise DataError(f"{folder / split / row['file_name']} has an empty label: give it a text")
                if min(sample.image.shape[:2]) < 2:
                    left_out.append(f"{folder / split / row['file_name']}: one pixel wide or high, which holds no word")
                    continue
                places.append(place)
                about.append((sample.text, sample.writer, split))
    columns = [np.array([row[k] for row in about], str) for k in range(3)]
    return Pictures(tuple(places), *columns), left_out
