"""Which images train a model and which judge it: a writer is never on both sides."""

from typing import Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray


class Splittable(Protocol):
    """What `held_out` parts: splits and writers of N images, (N,) each."""

    @property
    def splits(self) -> NDArray[np.str_]: ...

    @property
    def writers(self) -> NDArray[np.str_]: ...

    def __len__(self) -> int: ...

    def take(self, keep: NDArray[np.bool_]) -> Self: ...


Parts = TypeVar("Parts", bound=Splittable)


def held_out(found: Parts) -> tuple[Parts, Parts, str]:
    """Training and validation parts and how they were split; a writer is never on both sides.

    Where there is no `val` split, every tenth writer is held out, or, of under ten writers, every tenth image.
    """
    train = found.take(found.splits == "train")
    val = found.take(found.splits == "val")
    if len(val):
        return train, val, "the val split"
    names = sorted(set(train.writers.tolist()))
    out = np.isin(train.writers, names[::10]) if len(names) >= 10 else np.arange(len(train)) % 10 == 0
    return train.take(~out), train.take(out), "every tenth " + ("writer" if len(names) >= 10 else "training image")
