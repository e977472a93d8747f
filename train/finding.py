"""Where the words of a page stand: one interface for every way to find them.

    finder = open_finder(Path("models/words"))
    finder.find(page)    ->  [Found(polygon=[[408, 768], [435, 768], ...], score=0.97), ...]

A way is a class with `find` and `from_pretrained`, named by `way` in config.json: `light` (`stackmix.train.cores`) or
`mask-rcnn` (`stackmix.train.mask_rcnn`).
"""

import json
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from stackmix.types import DataError, Image

WAYS = ("light", "mask-rcnn")


class Found(NamedTuple):
    """A word on a page. polygon: (N, 2) float32 (x, y), never crossing itself. score: 0..1."""

    polygon: NDArray[np.float32]
    score: float


class Finder(Protocol):
    """What finds words: (H, W) or (H, W, 3) uint8 of any size -> words in no particular order."""

    def find(self, page: Image) -> list[Found]: ...


def open_finder(folder: Path) -> Finder:
    """The finder in a model folder; DataError where it is none."""
    way = config_of(folder).get("way")
    if way == "light":
        from stackmix.train.cores import CoreModel

        return CoreModel.from_pretrained(folder)
    if way == "mask-rcnn":
        from stackmix.train.mask_rcnn import MaskFinder

        return MaskFinder.from_pretrained(folder)
    raise DataError(f"{folder} finds words by way {way!r}, not one of {', '.join(WAYS)}: train it with this version")


def config_of(folder: Path) -> dict[str, object]:
    """config.json of a word finder; DataError where the folder holds none."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        kind = config.get("kind")
    except (OSError, ValueError, AttributeError) as error:
        why = f"{folder} is no word finder folder ({error})"
        raise DataError(f"{why}: make one with `stackmix train words`") from None
    if kind != "words":
        raise DataError(f"{folder} holds a model of kind {kind!r}, not words")
    return config
