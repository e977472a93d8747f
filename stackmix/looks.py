"""How the samples of a library look: the paper each is written on, as a small picture, its grain, and its ink's colour.

A small picture of the paper is all that a new word needs of it: its tone and shading. Stretched over a word of any
length it stays smooth, and grain of the same strength is laid over it.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from stackmix import images
from stackmix.layers import separate
from stackmix.laying import NET
from stackmix.library import LetterLibrary
from stackmix.rendering import Source
from stackmix.types import Image


class Looks(NamedTuple):
    """papers: (N, 4, 8, 3) uint8. colours: (N, 3) uint8, the ink on white paper. grains: (N,) float32, grey levels."""

    papers: NDArray[np.uint8]
    colours: NDArray[np.uint8]
    grains: NDArray[np.float32]

    def source(self, sample: int) -> Source:
        """How one sample looks."""
        return Source(self.papers[sample], self.colours[sample], float(self.grains[sample]))


def looks_of(library: LetterLibrary) -> Looks:
    """How every sample of a library looks."""
    with ThreadPoolExecutor() as pool:
        found = list(pool.map(look_of, (library.image(sample) for sample in range(len(library)))))
    papers, colours, grains = zip(*found, strict=True)
    return Looks(np.stack(papers), np.stack(colours), np.array(grains, np.float32))


def look_of(image: Image) -> Source:
    """How one image (H, W) or (H, W, 3) looks."""
    layers = separate(image)
    small = cv2.resize(layers.paper, NET[::-1], interpolation=cv2.INTER_AREA)
    paper = small if image.ndim == 3 else np.repeat(small[..., None], 3, axis=2)
    return Source(paper, np.repeat(layers.colour, 3 // len(layers.colour)), grain_of(image, layers.ink))


def grain_of(image: Image, ink: NDArray[np.uint8]) -> float:
    """Spread of the paper's grain in grey levels, where no ink is near; 0 where there is no such place.

    Noise differs from the mean over nine pixels by 8/9 of its variance; its mean size is .798 of its spread.
    """
    shade = images.grey(image)
    rough = cv2.absdiff(shade, cv2.blur(shade, (3, 3)))
    free = cv2.dilate(ink, np.ones((5, 5), np.uint8)) == 0
    return float(rough[free].mean()) * 1.2533 / 0.9428 if free.any() else 0.0
