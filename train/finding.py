"""Where the words of a page stand: one interface for every way to find them.

    finder = open_finder(Path("models/words"))
    finder.find(page)    ->  [Found(polygon=[[408, 768], [435, 768], ...], score=0.97), ...]
    finder.find_all([page, page])    ->  that of each page; windows of several go through the network together

A way is a class with these and `from_pretrained`, named by `way` in config.json: `light` (`stackmix.train.cores`) or
`mask-rcnn` (`stackmix.train.mask_rcnn`).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from stackmix.train import model_files
from stackmix.types import DataError, Image

WAYS = ("light", "mask-rcnn")


class Found(NamedTuple):
    """A word on a page. polygon: (N, 2) float32 (x, y), never crossing itself. score: 0..1."""

    polygon: NDArray[np.float32]
    score: float


class Finder(Protocol):
    """What finds words: (H, W) or (H, W, 3) uint8 of any size -> words in no particular order."""

    def find(self, page: Image) -> list[Found]: ...

    def find_all(self, pages: Sequence[Image]) -> list[list[Found]]: ...


def in_page(words: list[Found], page: Image, scale: float) -> list[Found]:
    """Words found on a copy of a page at this scale, in the page's own pixels and clipped to it."""
    edge = np.array([page.shape[1], page.shape[0]], np.float32)
    return [Found(np.clip(word.polygon / np.float32(scale), 0, edge), word.score) for word in words]


def open_finder(folder: Path) -> Finder:
    """The finder in a model folder; DataError where it is none."""
    way = config_of(folder)["way"]
    if way == "light":
        from stackmix.train.cores import CoreModel

        return CoreModel.from_pretrained(folder)
    from stackmix.train.mask_rcnn import MaskFinder

    return MaskFinder.from_pretrained(folder)


def config_of(folder: Path, way: str | None = None) -> dict[str, Any]:
    """config.json of a word finder, of this way where one is given; DataError where the folder holds none."""
    with model_files.reading(folder, "word finder", "stackmix train words"):
        config = model_files.config(folder, "words")
    if config.get("way") not in WAYS if way is None else config.get("way") != way:
        wanted = f"one of {', '.join(WAYS)}" if way is None else way
        raise DataError(f"{folder} finds words by way {config.get('way')!r}, not {wanted}")
    return config
