"""How the samples of a library look: the paper each is written on, as a small picture, its grain, and its ink's colour.

A small picture of the paper is all that a new word needs of it: its tone and shading. Stretched over a word of any
length it stays smooth, and grain of the same strength is laid over it.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from stackmix.laying import NET
from stackmix.layers import separate
from stackmix.library import LetterLibrary
from stackmix.rendering import Source
from stackmix.types import Image

CLEAN = (255, np.array([28, 28, 32], np.uint8))  # paper and ink of a bilevel scan, which tells neither


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
    if image.ndim == 2 and _bilevel(image):
        return Source(np.full((*NET, 3), 255, np.uint8), CLEAN[1], 0.0)
    layers = separate(image)
    paper = layers.paper if image.ndim == 3 else np.dstack([layers.paper] * 3)
    small = cv2.resize(cv2.blur(paper, _cell(image)), NET[::-1], interpolation=cv2.INTER_AREA)
    colour = np.broadcast_to(layers.colour, 3)
    return Source(small, np.ascontiguousarray(colour), _grain(image, layers.ink))
