"""What every reader gives and takes: images in, texts with confidences out, in the images' order."""

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from stackmix.types import Image


class Reading(NamedTuple):
    """A text, the chance that all of it is right, and that of each letter (L,), all 0..1."""

    text: str
    confidence: float
    letters: tuple[float, ...]


class Reader(Protocol):
    """Reads word or line images."""

    def read(self, images: Iterable[Image]) -> list[Reading]: ...
