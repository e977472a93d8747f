"""Stacked words straight into a training loop: a torch data set that stacks item i when it is asked for.

Item i is sample i of the same order as `stackmix generate` would write it, so it is the same in any number of loader
workers, in any order, in every epoch. For new words in every epoch give the loader a sampler of later numbers: `length`
may be as large as one likes.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from torch.utils.data import Dataset

from stackmix.generating import Order, Writer
from stackmix.types import Word


class StackedWords(Dataset[Any]):
    """`StackedWords(Order(SHIPPED, Corpus(["тетрадь"])), 10_000)[7]` -> Word, the same in every process."""

    def __init__(self, order: Order, length: int, transform: Callable[[Word], Any] | None = None) -> None:
        """order: what to stack. length: items, drawn from the corpus behind its end. transform: what is made of a Word.

        Raises DataError for a library of a test split, when the first item is made.
        """
        self.order = replace(order, count=length)
        self.transform = transform
        self._writer: Writer | None = None

    def __len__(self) -> int:
        return self.order.total

    def __getitem__(self, i: int) -> Any:
        if not 0 <= i < len(self):
            raise IndexError(f"item {i} does not lie in 0..{len(self) - 1}")
        if self._writer is None:  # in each loader worker for itself
            self._writer = Writer(self.order)
        word = self._writer.word(i)
        return word if self.transform is None else self.transform(word)

    def __getstate__(self) -> dict[str, Any]:
        """Without the open library, which a spawned worker opens for itself."""
        return self.__dict__ | {"_writer": None}
