"""What a TrOCR model sees in each update: real words and stacked ones in a fixed ratio, these made on the fly.

Which words update u shows, and how each is augmented, is a function of the seed and u alone: a resumed run sees the
same, and two processes share the very words that one would have seen. Real words come round once in an epoch, in
another order in each; stacked ones never come back.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Dataset

from stackmix.train.pictures import Pictures
from stackmix.train.streaming import StackedWords
from stackmix.types import Image


class Item(NamedTuple):
    """Real image `number`, or stacked word `number`; `draw` numbers the showings of all, for what is random in them."""

    stacked: bool
    number: int
    draw: int


class Shape(Protocol):
    """Makes a square of an image, with the augmentation that rng draws; sent to loader workers."""

    def __call__(self, image: Image, rng: np.random.Generator) -> Image: ...


@dataclass(frozen=True, slots=True)
class Schedule:
    """Who is shown when: `images` real ones, `batch` in an update, a share `mix` of them stacked."""

    images: int
    batch: int
    mix: float
    seed: int

    @property
    def stacked(self) -> int:
        """Stacked words in an update."""
        return round(self.batch * self.mix)

    @property
    def per_epoch(self) -> int:
        """Updates in which each real image comes round, or would where all are stacked."""
        return -(-self.images // (self.batch - self.stacked or self.batch))

    def batch_of(self, update: int) -> list[Item]:
        """The items of one update, in all processes together."""
        real, first = self.batch - self.stacked, update * self.batch
        own = [Item(False, self._real(update * real + k), first + k) for k in range(real)]
        return own + [Item(True, update * self.stacked + k, first + real + k) for k in range(self.stacked)]

    def _real(self, position: int) -> int:
        epoch, place = divmod(position, self.images)
        return int(_order(self.seed, epoch, self.images)[place])


@lru_cache(maxsize=2)  # an update may end one epoch and begin the next
def _order(seed: int, epoch: int, images: int) -> NDArray[np.int64]:
    return np.random.default_rng([seed, 1, epoch]).permutation(images)


class Mixture(Dataset[Any]):
    """`Mixture(pictures, stacked, shape, seed)[item]` -> (square, text), the same in every process."""

    def __init__(self, pictures: Pictures, stacked: StackedWords | None, shape: Shape, seed: int) -> None:
        self.pictures, self.stacked, self.shape, self.seed = pictures, stacked, shape, seed

    def __getitem__(self, item: Item) -> tuple[Image, str]:
        rng = np.random.default_rng([self.seed, 2, item.draw])
        if item.stacked:
            assert self.stacked is not None
            word = self.stacked[item.number]
            return self.shape(word.image, rng), word.text
        return self.shape(self.pictures.image(item.number), rng), str(self.pictures.texts[item.number])


@dataclass(frozen=True, slots=True)
class Share:
    """The batches of process `rank` of `processes`, from one update on: what a loader asks a Mixture for."""

    schedule: Schedule
    start: int
    stop: int
    rank: int = 0
    processes: int = 1

    def __len__(self) -> int:
        return self.stop - self.start

    def __iter__(self) -> Iterator[list[Item]]:
        for update in range(self.start, self.stop):
            yield self.schedule.batch_of(update)[self.rank :: self.processes]


def load(mixture: Mixture, share: Share, workers: int) -> DataLoader[Any]:
    """A loader of lists of (square, text), one list an update; workers start by spawn, as everywhere."""
    context = "spawn" if workers else None
    return DataLoader(
        mixture,
        batch_sampler=share,
        num_workers=workers,
        collate_fn=list,
        multiprocessing_context=context,  # type: ignore[arg-type]
    )
